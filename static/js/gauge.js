// @ts-check
/** Elapsed beside what the script usually takes, up to its timeout: large where it runs, as a thin bar in a list. */

import { rough } from "./format.js";
import { make } from "./svg.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */

const ROOM = 1.15;
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
const MOST_TICKS = 7;
const TRACK = { y: 6, height: 20 };

/**
 * What stands where, in percent of the width; null where there is nothing to compare the elapsed time with.
 * @param {ProcedureRecord} record @param {number} now Unix seconds
 */
function layOutGauge(record, now) {
  if (!record.started_at) return null;
  const elapsed = Math.max(0, (record.finished_at ?? now) - record.started_at);
  const timeout = record.deadline_at ? record.deadline_at - record.started_at : 0;
  if (!record.usual_runs && !timeout) return null;
  const length = Math.max(timeout || 0, record.usual_runs ? record.usual_high_s * ROOM : 0, elapsed * (timeout ? 1 : ROOM), 1);
  const percent = (/** @type {number} */ seconds) => Math.round((1000 * Math.min(seconds, length)) / length) / 10;
  const step = STEPS_S.find((seconds) => length / seconds <= MOST_TICKS) ?? length / MOST_TICKS;
  const ticks = [];
  for (let at = step; at < length * 0.97; at += step) ticks.push({ at: percent(at), words: rough(at) });
  return {
    elapsed: percent(elapsed),
    usual: record.usual_runs ? { low: percent(record.usual_low_s), high: percent(record.usual_high_s), median: percent(record.usual_s) } : null,
    timeout: timeout ? percent(timeout) : null,
    ticks,
  };
}

/** @param {HTMLElement} place @param {ProcedureRecord} record @param {number} now */
export function drawGauge(place, record, now) {
  const laid = layOutGauge(record, now);
  const key = laid ? JSON.stringify(laid) : "";
  if (place.dataset.drawn === key) return; // it moves by tenths of a percent: most turns change nothing
  place.dataset.drawn = key;
  if (!laid) {
    place.replaceChildren();
    return;
  }
  const { y, height } = TRACK;
  const svg = make("svg", { class: "scale", height: 48, role: "img", "aria-label": spoken(record, now) });
  svg.append(make("rect", { class: "gauge__track", x: 0, y, width: "100%", height, rx: 3 }));
  if (laid.usual) svg.append(make("rect", { class: "gauge__usual", x: `${laid.usual.low}%`, y, width: `${Math.max(0.3, laid.usual.high - laid.usual.low)}%`, height }));
  svg.append(make("rect", { class: "gauge__done", x: 0, y, width: `${laid.elapsed}%`, height, rx: 3 }));
  if (laid.usual) svg.append(make("line", { class: "gauge__median", x1: `${laid.usual.median}%`, x2: `${laid.usual.median}%`, y1: y - 2, y2: y + height + 2 }));
  if (laid.timeout !== null) svg.append(make("line", { class: "gauge__timeout", x1: `${laid.timeout}%`, x2: `${laid.timeout}%`, y1: y - 4, y2: y + height + 4 }));
  svg.append(make("rect", { class: "gauge__needle", x: `${laid.elapsed}%`, y: y - 5, width: 3, height: height + 10 }));
  for (const tick of laid.ticks) {
    svg.append(make("line", { class: "tick", x1: `${tick.at}%`, x2: `${tick.at}%`, y1: y + height + 2, y2: y + height + 7 }));
    svg.append(make("text", { class: "mid", x: `${tick.at}%`, y: 46 }, tick.words));
  }
  place.replaceChildren(svg);
}

/** @param {HTMLElement} place @param {ProcedureRecord} record @param {number} now */
export function drawMeter(place, record, now) {
  const laid = record.usual_runs ? layOutGauge({ ...record, deadline_at: null }, now) : null;
  const key = laid ? JSON.stringify([laid.elapsed, laid.usual]) : "";
  if (place.dataset.drawn === key) return;
  place.dataset.drawn = key;
  if (!laid?.usual) {
    place.replaceChildren();
    return;
  }
  const svg = make("svg", { class: "meter", "aria-hidden": "true" });
  svg.append(
    make("rect", { width: "100%", y: 2, height: 4 }),
    make("rect", { class: "meter__done", width: `${laid.elapsed}%`, y: 2, height: 4 }),
    make("rect", { class: "meter__usual", x: `${laid.usual.low}%`, width: `${Math.max(2, laid.usual.high - laid.usual.low)}%`, y: 0, height: 8 }),
  );
  place.replaceChildren(svg);
}

/** How far a script says it is. @param {HTMLElement} place @param {number | null} fraction 0 to 1 */
export function drawProgress(place, fraction) {
  const key = fraction === null ? "" : String(Math.round(fraction * 1000) / 10);
  if (place.dataset.drawn === key) return;
  place.dataset.drawn = key;
  if (!key) {
    place.replaceChildren();
    return;
  }
  const svg = make("svg", { class: "meter", role: "img", "aria-label": `${key} % done` });
  svg.append(make("rect", { width: "100%", y: 0, height: 8 }), make("rect", { class: "meter__done", width: `${key}%`, y: 0, height: 8 }));
  place.replaceChildren(svg);
}

/** @param {ProcedureRecord} record @param {number} now */
function spoken(record, now) {
  const words = [`${rough(now - (record.started_at ?? now))} elapsed`];
  if (record.usual_runs) words.push(`usually ${rough(record.usual_s)}, between ${rough(record.usual_low_s)} and ${rough(record.usual_high_s)}`);
  if (record.deadline_at) words.push(`timeout at ${rough(record.deadline_at - (record.started_at ?? now))}`);
  return words.join("; ");
}
