// @ts-check
/**
 * Draws the timeline, a lane for each thing that takes time: states, functions, actions with their phases; below them how much was
 * printed when, with its errors. SVG without viewBox, positions in percent as attributes, so that text keeps its size.
 */

import { clock, took } from "./format.js";
import { layOut, layOutLast, placeOf } from "./scale.js";
import { make } from "./svg.js";
import { drawVolume } from "./volume.js";

/** @typedef {import("./scale.js").Step} Step */
/** @typedef {import("./scale.js").Bar} Bar */
/** @typedef {[name: string, state: string, began: number, ended: number | null]} Action */
/** @typedef {[name: string, began: number]} Phase */
/** @typedef {{ steps: Step[], actions: Action[], phases: Phase[], until?: number }} Drawn `until` it usually ends, Unix seconds; 0 where nobody knows */
/** @typedef {{ errors: number[], volume: import("./volume.js").Volume | null }} Printed times of errors, Unix seconds, and how much when */
/** @typedef {{ y: number, height: number, isFilled: (state: string) => boolean }} Lane */

/** Of letters of 12 px; on a wall display they are larger. */
const PX_PER_LETTER = 7.5;
const LETTER_PX = 12;
const LETTERS_AT_LEAST = 2;
const FILLED = new Set(["RUNNING", "INITIALISING", "running"]);
/** Those bars are striped or crossed: words on them need a ground of their own. */
const PATTERNED = new Set(["FAILED", "UNKNOWN", "error", "fatal", "crashed", "failed"]);
const STATES = { y: 6, height: 26 };
const FUNCTIONS = { y: 40, height: 22 };
const ACTIONS = { y: 70, height: 22 };
const PHASES = { y: 95, height: 5 };
const MOST_MARKS = 200;
const MARKS_PX = 11;
const VOLUME_PX = 22;
const AXIS_PX = 19;
/** Names of the lanes stand beside them where there is room. */
const NAMES_PX = 76;
const NARROW_PX = 600;
/** Percent; where "now" is nearer to the beginning its words stand after it. */
const ROOM_BEFORE_NOW = 25;

/**
 * @param {HTMLElement} place @param {Drawn} drawn @param {number} now Unix seconds @param {Printed} printed
 * @param {number} [span] show the last seconds alone; 0 shows all
 * @returns {string} whether it is to scale
 */
export function drawTimeline(place, drawn, now, printed, span = 0) {
  const { bars, isBroken, length, begin, expected } = span ? layOutLast(drawn.steps, now, span) : { ...layOut(drawn.steps, now, drawn.until), begin: -Infinity };
  const hasActions = drawn.actions.length > 0;
  const marks = hasActions ? 104 : 66;
  const output = { y: marks + MARKS_PX, height: VOLUME_PX };
  const bottom = printed.volume || printed.errors.length ? output.y + output.height : marks;
  const spoken = [...bars.map(words), ...(expected ? [expectation(drawn.until ?? 0)] : []), ...drawn.actions.map(([name, state]) => `action ${name} ${state}`)];
  const svg = make("svg", { class: "scale", height: bottom + AXIS_PX, role: "img", "aria-label": spoken.join(", ") });
  const isWide = place.clientWidth > NARROW_PX;
  const names = namesOf(hasActions, bottom > marks ? output : null, bottom);
  place.replaceChildren(names, svg);
  place.classList.toggle("lanes", isWide);
  const canvas = { svg, bars, width: (place.clientWidth || 1000) - (isWide ? NAMES_PX : 0), letter: letterOf(names), now, begin };
  if (!isWide) names.remove();
  for (const bar of bars) drawBar(canvas, STATES, bar.state, bar.from, bar.width, [`${bar.label} ${took(bar.whole)}`, bar.label]);
  if (expected) drawExpected(canvas, expected, drawn.until ?? 0);
  drawFunctions(canvas, drawn.steps);
  drawActions(canvas, drawn.actions);
  drawPhases(canvas, drawn.phases);
  if (printed.volume) drawVolume(canvas, output, printed.volume);
  for (const at of printed.errors.slice(-MOST_MARKS)) if (at >= begin) svg.append(mark(placeOf(bars, at), marks));
  const last = bars[bars.length - 1];
  const end = last ? last.from + last.width : 100;
  svg.append(make("line", { class: "tick tick--now", x1: `${end}%`, x2: `${end}%`, y1: 0, y2: bottom + 3 }));
  const isRoomBefore = end > ROOM_BEFORE_NOW;
  if (isRoomBefore) svg.append(make("text", { x: 0, y: bottom + AXIS_PX - 4 }, span ? clock(begin) : "0 s"));
  const closing = last?.isOpen ? `now, ${took(length)}` : last ? `${last.state} after ${took(length)}` : "";
  svg.append(make("text", { class: `${isRoomBefore ? "end " : ""}on bold`, x: `${end}%`, y: bottom + AXIS_PX - 4 }, closing));
  return isBroken ? "to scale, but for long waits, which are shortened" : "to scale";
}

/** @typedef {{ svg: Element, bars: Bar[], width: number, letter: number, now: number, begin: number }} Canvas what was before `begin` is not drawn; width of it and of a letter in pixels */

/** How wide a letter is in what is shown. @param {Element} names */
function letterOf(names) {
  const text = names.querySelector("text");
  return (PX_PER_LETTER * (text ? Number.parseFloat(getComputedStyle(text).fontSize) : LETTER_PX)) / LETTER_PX;
}

/** @param {boolean} hasActions @param {{ y: number, height: number } | null} output @param {number} height */
function namesOf(hasActions, output, height) {
  const svg = make("svg", { class: "scale scale--names", height: height + AXIS_PX, "aria-hidden": "true" });
  const lanes = [["State", STATES], ["Function", FUNCTIONS], ...(hasActions ? [["Action", ACTIONS]] : []), ...(output ? [["Output", output]] : [])];
  for (const [name, lane] of /** @type {[string, { y: number, height: number }][]} */ (lanes)) svg.append(make("text", { x: 0, y: lane.y + lane.height / 2 + 4.5 }, name));
  return svg;
}

/** What is still to come, if it takes as long as usual. @param {Canvas} canvas @param {{ from: number, width: number }} rest @param {number} until Unix seconds */
function drawExpected(canvas, rest, until) {
  drawBar(canvas, STATES, "READY", rest.from, rest.width, [expectation(until), "expected"]);
}

/** Nobody knows it to the second. @param {number} until Unix seconds */
function expectation(until) {
  return `expected until about ${clock(until).slice(0, "00:00".length)}`;
}

/** @param {Canvas} canvas @param {Step[]} steps */
function drawFunctions(canvas, steps) {
  steps.forEach(([state, at, name], i) => {
    if (state !== "RUNNING" && state !== "INITIALISING") return;
    const after = steps[i + 1];
    const outcome = !after ? "RUNNING" : after[0] === "READY" ? "COMPLETE" : after[0];
    drawSpan(canvas, FUNCTIONS, outcome, at, after?.[1] ?? null, state === "INITIALISING" ? "init" : name || "main");
  });
}

/** @param {Canvas} canvas @param {Action[]} actions */
function drawActions(canvas, actions) {
  const gone = canvas.bars.at(-1)?.isOpen === false ? canvas.bars.at(-1)?.at ?? null : null;
  for (const [name, state, began, ended] of actions) drawSpan(canvas, ACTIONS, state, began, ended ?? gone, name);
}

/** Where listeners ran: between the actions, and after a fatal error. @param {Canvas} canvas @param {Phase[]} phases */
function drawPhases(canvas, phases) {
  phases.forEach(([name, began], i) => {
    if (!name || name === "run_action" || (phases[i + 1]?.[1] ?? canvas.now) < canvas.begin) return;
    const from = placeOf(canvas.bars, began);
    const to = placeOf(canvas.bars, phases[i + 1]?.[1] ?? canvas.now);
    const rect = make("rect", { class: "phase", "data-phase": name, x: `${from}%`, y: PHASES.y, width: `${Math.max(0.15, to - from)}%`, height: PHASES.height });
    rect.append(make("title", {}, name));
    canvas.svg.append(rect);
  });
}

/**
 * @param {Canvas} canvas @param {{ y: number, height: number }} lane @param {string} state
 * @param {number} began @param {number | null} ended @param {string} name
 */
function drawSpan(canvas, lane, state, began, ended, name) {
  if (ended !== null && ended < canvas.begin) return;
  const from = placeOf(canvas.bars, began);
  const to = placeOf(canvas.bars, ended ?? canvas.now);
  const lasted = took((ended ?? canvas.now) - began);
  drawBar(canvas, lane, state, from, Math.max(0.2, to - from), [`${name} ${lasted}`, name]);
}

/**
 * @param {Canvas} canvas @param {{ y: number, height: number }} lane @param {string} state
 * @param {number} from percent @param {number} width percent @param {string[]} labels the longest that fits is written
 */
function drawBar({ svg, width: px, letter }, lane, state, from, width, labels) {
  svg.append(make("rect", { class: "bar", "data-state": state, x: `${from}%`, y: lane.y, width: `${width}%`, height: lane.height }));
  const room = Math.floor(((width / 100) * px - 16) / letter);
  const label = labels.find((text) => text.length <= room) ?? (room > LETTERS_AT_LEAST + 2 ? `${labels.at(-1)?.slice(0, room - 1)}…` : "");
  if (!label) return;
  const inside = make("svg", { x: `${from}%`, y: lane.y, width: `${width}%`, height: lane.height });
  inside.append(make("text", { class: FILLED.has(state) ? "on-mark bar__words" : `on${PATTERNED.has(state) ? " on-pattern" : ""}`, x: 8, y: lane.height / 2 + 4.5 }, label));
  svg.append(inside);
}

/** @param {number} place percent @param {number} y */
function mark(place, y) {
  const svg = make("svg", { class: "as-state", "data-state": "FAILED", x: `${place}%`, y, width: 1, height: 1, overflow: "visible" });
  svg.append(make("path", { d: "M-4 0h8l-4 7z" }));
  return svg;
}

/** @param {Bar} bar */
function words(bar) {
  return `${bar.label} ${took(bar.whole)}${bar.isOpen ? " so far" : ""}`;
}
