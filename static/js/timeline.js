// @ts-check
/** Draws the state timeline: SVG without viewBox, positions in percent as attributes, so that text keeps its size. */

import { took } from "./format.js";
import { layOut } from "./scale.js";
import { make } from "./svg.js";

const TOP = 6;
const HEIGHT = 26;
const PX_PER_LETTER = 7.5;
const FILLED = new Set(["RUNNING", "INITIALISING"]);

/** @param {HTMLElement} place @param {import("./scale.js").Step[]} steps @param {number} now Unix seconds */
export function drawTimeline(place, steps, now) {
  const { bars, isBroken, length } = layOut(steps, now);
  const width = place.clientWidth || 1000;
  const svg = make("svg", { class: "scale", height: 62, role: "img", "aria-label": bars.map(spoken).join(", ") });
  for (const bar of bars) {
    const y = TOP;
    svg.append(make("rect", { class: "bar", "data-state": bar.state, x: `${bar.from}%`, y, width: `${bar.width}%`, height: HEIGHT }));
    const room = (bar.width / 100) * width - 16;
    const words = [`${bar.label} ${took(bar.lasted)}`, bar.label].find((text) => text.length * PX_PER_LETTER < room);
    if (words) svg.append(label(words, bar, y));
  }
  const last = bars[bars.length - 1];
  const end = last ? last.from + last.width : 100;
  svg.append(make("line", { class: "tick tick--now", x1: `${end}%`, x2: `${end}%`, y1: 0, y2: TOP + HEIGHT + 8 }));
  svg.append(make("text", { x: 0, y: 56 }, "0 s"));
  const closing = last?.isOpen ? `now, ${took(length)}` : last ? `${last.state} after ${took(length)}` : "";
  svg.append(make("text", { class: "end on bold", x: `${end}%`, y: 56 }, closing));
  place.replaceChildren(svg);
  return isBroken ? "to scale, but for long waits, which are shortened" : "to scale";
}

/** @param {string} words @param {import("./scale.js").Bar} bar @param {number} y */
function label(words, bar, y) {
  const svg = make("svg", { x: `${bar.from}%`, y, width: `${bar.width}%`, height: HEIGHT });
  svg.append(make("text", { class: FILLED.has(bar.state) ? "on-mark bar__words" : "on", x: 8, y: 17 }, words));
  return svg;
}

/** @param {import("./scale.js").Bar} bar */
function spoken(bar) {
  return `${bar.label} ${took(bar.lasted)}${bar.isOpen ? " so far" : ""}`;
}
