// @ts-check
/** Draws the graph of a task or trial: scripts are HTML in an SVG, so that their text is cut by the browser; edges are its curves. */

import { setGlyph, setText } from "../dom.js";
import { make } from "../svg.js";
import { layOutGraph } from "./layout.js";
import { edgeWords, lineOf, timeOf } from "./model.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {import("./model.js").Edge} Edge */
/** @typedef {import("./layout.js").Point} Point */

const HTML = "http://www.w3.org/1999/xhtml";
const WIDE = { nodeWidth: 186, nodeHeight: 70 };
const NARROW = { nodeWidth: 146, nodeHeight: 70 };
const NARROW_BELOW = 560;
const PX_PER_LETTER = 6.6;
const NEVER = ": never";
/** Smaller would be too small to read. */
const SMALLEST = 0.93;
const LARGEST = 1.2;
/** A wall display is read from across the room. */
const WALL = { from: 2200, largest: 1.7 };
/** Of the window's height; a graph that has room is not enlarged beyond it. */
const TALLEST = 0.7;

export class GraphView {
  #signature = "";
  #width = 0;
  /** @type {Map<string, HTMLElement>} */ #boxes = new Map();
  /** @type {{ path: SVGElement, words: SVGElement, text: SVGElement }[]} */ #lines = [];

  /** @param {HTMLElement} place @param {(key: string) => void} [onChoose] what a press on a script does that leads nowhere */
  constructor(place, onChoose) {
    this.place = place;
    this.onChoose = onChoose;
    /** @type {Node[]} */ this.nodes = [];
    /** @type {Edge[]} */ this.edges = [];
    new ResizeObserver(() => this.#width !== place.clientWidth && this.#draw()).observe(place);
  }

  /** Show these; it is laid out anew only where scripts or conditions have changed. @param {Node[]} nodes @param {Edge[]} edges @param {number} now Unix seconds */
  show(nodes, edges, now) {
    this.nodes = nodes;
    this.edges = edges;
    const signature = JSON.stringify([nodes.map((node) => node.key), edges.map((edge) => [edge.from, edge.to, edge.use, edge.states])]);
    if (signature !== this.#signature || this.#width !== this.place.clientWidth) {
      this.#signature = signature;
      this.#draw();
    }
    this.fill(now);
  }

  /** Bring states, times and lines up to date. @param {number} now Unix seconds */
  fill(now) {
    for (const node of this.nodes) this.#fillNode(node, now);
    this.edges.forEach((edge, i) => this.#fillEdge(edge, i));
  }

  /** The keys of the scripts as they stand, for moving from one to the next. */
  boxes() {
    return [...this.#boxes.values()];
  }

  #draw() {
    this.#width = this.place.clientWidth;
    if (!this.nodes.length) {
      this.place.replaceChildren();
      this.#boxes.clear();
      this.#lines = [];
      return;
    }
    const focused = this.place.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    const room = Math.max(200, this.#width - paddingOf(this.place) - 1) / rem;
    const links = this.edges.map((edge) => ({ from: edge.from, to: edge.to, use: edge.use, width: widthOf(edge) }));
    const size = room < NARROW_BELOW ? NARROW : WIDE;
    const layout = bestFor(room, this.nodes, links, size);
    const fitting = Math.min(innerWidth >= WALL.from ? WALL.largest : LARGEST, room / layout.width, Math.max(1, (TALLEST * innerHeight) / rem / layout.height));
    const scale = rem * Math.max(SMALLEST, fitting);
    const svg = make("svg", { class: "graph", viewBox: `0 0 ${layout.width} ${layout.height}`, width: layout.width * scale, height: layout.height * scale, role: "group", "aria-label": "Graph" });
    svg.append(heads());
    this.#lines = layout.routes.map((route, i) => line(route, this.edges[i]?.use === "terminate_when", layout.direction));
    for (const { path } of this.#lines) svg.append(path);
    for (const { words } of this.#lines) svg.append(words);
    const known = new Map(this.nodes.map((node) => [node.key, node]));
    this.#boxes = new Map(layout.nodes.map((placed) => [placed.key, this.#box(known.get(placed.key), placed.key)]));
    for (const placed of layout.nodes) {
      const frame = make("foreignObject", { x: placed.x, y: placed.y, width: size.nodeWidth, height: size.nodeHeight });
      frame.append(/** @type {HTMLElement} */ (this.#boxes.get(placed.key)));
      svg.append(frame);
    }
    this.place.replaceChildren(svg);
    if (focused) this.#boxes.get(focused)?.focus();
    this.fill(Date.now() / 1000);
  }

  /** @param {Node | undefined} node undefined where a condition names a script that there is not @param {string} key */
  #box(node, key) {
    const box = document.createElementNS(HTML, node?.url ? "a" : this.onChoose && node ? "button" : "div");
    const element = /** @type {HTMLElement} */ (box);
    element.className = node ? "node" : "node node--ghost";
    element.dataset.key = key;
    if (node?.url) element.setAttribute("href", node.url);
    else if (this.onChoose && node) element.addEventListener("click", () => this.onChoose?.(key));
    if (element.tagName.toLowerCase() === "button") element.setAttribute("type", "button");
    const glyph = make("svg", { class: "glyph", "aria-hidden": "true" });
    glyph.append(make("use", { href: "#g-pending" }));
    const name = part("node__name");
    name.append(glyph, part("node__key", key));
    const state = part("node__row");
    state.append(part("node__state", node ? "" : "no such script"), part("node__time num"));
    element.append(name, state, part("node__line"));
    return element;
  }

  /** @param {Node} node @param {number} now */
  #fillNode(node, now) {
    const box = this.#boxes.get(node.key);
    if (!box) return;
    if (box.dataset.state !== node.state) box.dataset.state = node.state;
    setGlyph(box, `g-${node.state}`);
    setText(box.querySelector(".node__state"), node.kill && node.state === "executing" ? "being ended" : node.state);
    setText(box.querySelector(".node__time"), timeOf(node, now));
    setText(box.querySelector(".node__line"), lineOf(node));
    if (node.url && box.tagName.toLowerCase() === "a" && box.getAttribute("href") !== node.url) box.setAttribute("href", node.url);
  }

  /** @param {Edge} edge @param {number} i */
  #fillEdge(edge, i) {
    const drawn = this.#lines[i];
    if (!drawn) return;
    const kind = edge.is_satisfied ? "met" : edge.is_impossible ? "never" : "open";
    const words = edgeWords(edge);
    if (drawn.path.getAttribute("data-kind") === kind && drawn.text.textContent === words) return;
    drawn.path.setAttribute("data-kind", kind);
    drawn.path.setAttribute("marker-end", `url(#arrow-${kind})`);
    drawn.words.setAttribute("data-kind", kind);
    setText(drawn.text, words);
    const width = words.length * PX_PER_LETTER + 8;
    const box = /** @type {SVGElement} */ (drawn.words.firstElementChild);
    box.setAttribute("width", String(width));
    box.setAttribute("x", String(Number(drawn.text.getAttribute("x")) - width / 2));
  }
}

/** To the right where that fits, else downwards; where neither does, the one that is less too wide. @param {number} room @param {Node[]} nodes @param {import("./layout.js").Link[]} links @param {typeof WIDE} size */
function bestFor(room, nodes, links, size) {
  const right = { ...layOutGraph(nodes, links, { ...size, direction: "right" }), direction: "right" };
  if (right.width * SMALLEST <= room) return right;
  const down = { ...layOutGraph(nodes, links, { ...size, direction: "down" }), direction: "down" };
  return down.width <= right.width ? down : right;
}

/** The room its words take at most; that an ending will never come is seldom said. @param {Edge} edge */
function widthOf(edge) {
  const words = edgeWords({ ...edge, is_satisfied: false, is_impossible: false });
  return (words.length + (edge.use === "start_when" || edge.is_impossible ? NEVER.length : 0)) * PX_PER_LETTER;
}

/** @param {HTMLElement} place */
function paddingOf(place) {
  const style = getComputedStyle(place);
  return Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
}

/** @param {import("./layout.js").Route} route @param {boolean} isEnding @param {string} direction */
function line(route, isEnding, direction) {
  const path = make("path", { class: isEnding ? "edge edge--ends" : "edge", d: curve(route.path, direction === "down", route.isLoop) });
  const words = make("g", { class: "edge__words" });
  const text = make("text", { x: route.label.x, y: route.label.y + 4, "text-anchor": "middle" });
  words.append(make("rect", { y: route.label.y - 9, height: 17, rx: 3 }), text);
  return { path, words, text };
}

/** @param {Point[]} path @param {boolean} isDown @param {boolean} isLoop */
function curve(path, isDown, isLoop) {
  const [first, ...rest] = path;
  if (!first) return "";
  let from = first;
  let drawn = `M${round(first.x)} ${round(first.y)}`;
  for (const to of rest) {
    const isStraight = isLoop || from.x === to.x || from.y === to.y;
    const [mx, my] = [round((from.x + to.x) / 2), round((from.y + to.y) / 2)];
    if (isStraight) drawn += `L${round(to.x)} ${round(to.y)}`;
    else if (isDown) drawn += `C${round(from.x)} ${my} ${round(to.x)} ${my} ${round(to.x)} ${round(to.y)}`;
    else drawn += `C${mx} ${round(from.y)} ${mx} ${round(to.y)} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  return drawn;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** The heads of the arrows, one for each kind, as markers do not take the colour of their line. */
function heads() {
  const defs = make("defs", {});
  for (const kind of ["met", "open", "never"]) {
    const marker = make("marker", { id: `arrow-${kind}`, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 9, markerHeight: 9, markerUnits: "userSpaceOnUse", orient: "auto" });
    marker.append(make("path", { class: `edge__head edge__head--${kind}`, d: "M0 0 8 4 0 8z" }));
    defs.append(marker);
  }
  return defs;
}

/** @param {string} className @param {string} [text] */
function part(className, text = "") {
  const element = document.createElementNS(HTML, "span");
  element.setAttribute("class", className);
  element.textContent = text;
  return element;
}
