// @ts-check
/**
 * Trials as one line each: records that go on from what the server rendered, by folding events into them, and their words.
 * `trials/pages/lines.py` makes the same; `tests/js/lines.json` holds both to it. No page, no clock.
 */

import { duration, took } from "../format.js";
import { isOver } from "./model.js";

/**
 * @typedef {object} Line
 * @property {number} id
 * @property {number} task
 * @property {string} name
 * @property {number} number
 * @property {string} state
 * @property {number} created_at
 * @property {number | null} started_at
 * @property {number | null} finished_at
 * @property {number} scripts how many it has
 * @property {Record<string, string>} states those that are not pending, by key
 *
 * @typedef {import("../records.js").LoggedEvent} LoggedEvent
 * @typedef {import("../records.js").ProcedureRecord} ProcedureRecord
 */

const WORDS = { passed: "passed", failed: "failed", defective: "defective", aborted: "aborted", skipped: "skipped", executing: "running" };
const WAITING = "waiting";

/**
 * The line after an event; the same object if the event says nothing new about it, null if nothing is known of the trial.
 * @param {Line | null} line @param {LoggedEvent} event @returns {Line | null}
 */
export function foldLine(line, event) {
  const said = event.payload;
  if (event.topic === "trial.statechange") {
    if (!line) return said.from ? null : begun(said);
    if (isOver(line.state)) return line;
    return { ...line, state: said.to, started_at: said.started_at ?? line.started_at, finished_at: said.finished_at ?? null };
  }
  if (!line || event.topic !== "trial.script.statechange" || isFurther(line.states[said.key], said.to)) return line;
  return { ...line, states: { ...line.states, [said.key]: said.to } };
}

/** @param {Record<string, any>} said @returns {Line} */
function begun(said) {
  return {
    id: said.trial,
    task: said.task,
    name: said.name || `task ${said.task}`,
    number: said.number,
    state: said.to,
    created_at: said.at,
    started_at: null,
    finished_at: null,
    scripts: said.scripts ?? 0,
    states: said.states ?? {},
  };
}

/** Whether a script is further already: the page was made while that was being told. @param {string | undefined} state @param {string} told */
function isFurther(state, told) {
  const rank = (/** @type {string | undefined} */ it) => (it === undefined ? 0 : it === WAITING ? 1 : it === "executing" ? 2 : 3);
  return rank(state) >= rank(told);
}

/** `4 passed · 2 running · 5 waiting`. @param {Line} line */
export function countsInBrief(line) {
  const states = Object.values(line.states);
  const parts = Object.entries(WORDS).map(([state, word]) => /** @type {[number, string]} */ ([states.filter((it) => it === state).length, word]));
  const known = parts.reduce((sum, [count]) => sum + count, 0);
  return [...parts, /** @type {[number, string]} */ ([line.scripts - known, WAITING])].filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`).join(" · ");
}

/** For how long it has been running, or ran; empty until it is set up. @param {Line} line @param {number} now Unix seconds */
export function lasted(line, now) {
  if (!line.started_at) return "";
  return line.finished_at ? took(line.finished_at - line.started_at) : duration(now - line.started_at);
}

/** How far a script of a trial is. @param {ProcedureRecord} record @param {number} now */
export function memberInWords(record, now) {
  return record.state === "RUNNING" && record.started_at ? duration(now - record.started_at) : record.state;
}

/**
 * The ids of the lines in their order: what is under way, the oldest first, then the last that have ended, the latest first.
 * @param {Iterable<Line>} lines @param {number} maxEnded
 */
export function order(lines, maxEnded) {
  const all = [...lines];
  const live = all.filter((line) => !isOver(line.state)).sort((a, b) => a.id - b.id);
  const ended = all.filter((line) => isOver(line.state)).sort((a, b) => (b.finished_at ?? 0) - (a.finished_at ?? 0) || b.id - a.id);
  return [...live, ...ended.slice(0, maxEnded)].map((line) => line.id);
}
