// @ts-check
/** Draws the time chart of a trial: a lane for each script, to scale. */

import { clock, took } from "../format.js";
import { make } from "../svg.js";
import { isOver, timeOf } from "./model.js";
import { lanesOf } from "./spans.js";

const LANE = 24;
const BAR = 16;
const PX_PER_LETTER = 7.2;
const QUARTERS = [25, 50, 75];
/** Of the place, with and without room; the names of the scripts take the rest. */
const NARROW = 520;
const NAMES = { wide: 156, narrow: 108 };

/** @param {HTMLElement} place @param {import("./model.js").Trial} trial @param {number} now Unix seconds */
export function drawTimes(place, trial, now) {
  const { lanes, begin, end } = lanesOf(trial.nodes, trial, now);
  const height = lanes.length * LANE;
  const words = trial.nodes.map((node) => `${node.key} ${[node.state, timeOf(node, now)].filter(Boolean).join(" ")}`);
  const svg = make("svg", { class: "scale", height: height + 22, role: "img", "aria-label": `Time chart: ${words.join(", ")}` });
  for (const at of QUARTERS) svg.append(make("line", { class: "tick tick--grid", x1: `${at}%`, x2: `${at}%`, y1: 0, y2: height }));
  const isNarrow = place.clientWidth < NARROW;
  const width = Math.max(100, (place.clientWidth || 600) - NAMES[isNarrow ? "narrow" : "wide"]);
  lanes.forEach((lane, i) => {
    const y = i * LANE + (LANE - BAR) / 2;
    if (lane.waited) svg.append(make("rect", { class: "bar", "data-state": "waiting", x: `${lane.waited.from}%`, y, width: `${lane.waited.width}%`, height: BAR }));
    if (lane.width) svg.append(make("rect", { class: "bar", "data-state": lane.state, x: `${lane.from}%`, y, width: `${lane.width}%`, height: BAR }));
    const node = trial.nodes[i];
    const said = lane.width || lane.waited ? timeOf(/** @type {import("./model.js").Node} */ (node), now) : lane.state;
    svg.append(caption(lane, said, y, width));
  });
  const over = isOver(trial.state);
  svg.append(make("line", { class: "tick tick--now", x1: "100%", x2: "100%", y1: 0, y2: height + 4 }));
  if (!isNarrow) svg.append(make("text", { x: 0, y: height + 17 }, clock(begin)));
  if (!isNarrow) svg.append(make("text", { class: "mid", x: "50%", y: height + 17 }, took((end - begin) / 2)));
  svg.append(make("text", { class: "end on bold", x: "100%", y: height + 17 }, over ? `${trial.state} after ${took(end - begin)}` : `now, ${took(end - begin)}`));
  const names = document.createElement("div");
  names.className = "lanes__names";
  names.setAttribute("aria-hidden", "true");
  for (const node of trial.nodes) names.append(Object.assign(document.createElement("span"), { textContent: node.key }));
  const both = document.createElement("div");
  both.className = "lanes lanes--trial";
  both.append(names, svg);
  place.replaceChildren(both);
}

/** Beside the bar, where there is room: to its right, else to its left, else upon it. @param {import("./spans.js").Lane} lane @param {string} words @param {number} y @param {number} width */
function caption(lane, words, y, width) {
  const room = (words.length * PX_PER_LETTER * 100) / width;
  const first = lane.waited ? lane.waited.from : lane.from;
  const last = Math.max(lane.from + lane.width, lane.waited ? lane.waited.from + lane.waited.width : 0);
  const isRight = last + room < 100 || first <= room;
  const at = last + room < 100 ? last : isRight ? lane.from : first;
  const isUpon = last + room >= 100 && first <= room;
  const dx = isUpon || isRight ? 6 : -6;
  return make("text", { class: isUpon ? (lane.state === "executing" ? "on-mark" : "on") : isRight ? "" : "end", x: `${at}%`, dx, y: y + 12 }, words);
}
