// @ts-check
/**
 * Procedures as lists show them: records that go on from what the server rendered, by folding events into them, and their words.
 * `procedures/pages/rows.py` and `row_words.py` make the same; `tests/js/shown.json` holds both to it.
 */

import { age, clock, countdown, duration, moment, rough, took } from "./format.js";

/**
 * @typedef {object} ProcedureRecord
 * @property {number} id
 * @property {string} name
 * @property {string} folder
 * @property {string} state
 * @property {number} sequence
 * @property {string} function
 * @property {string} arguments
 * @property {string[][]} facts label and value of the arguments that matter most
 * @property {string} commit of a script from git: `8f3c2a1 main`
 * @property {string} cause
 * @property {string} node
 * @property {number | null} abort_of
 * @property {number | null} aborted_by
 * @property {number | null} trial that it is a script of
 * @property {string} script_key its key in that trial
 * @property {number} created_at
 * @property {string} created_by
 * @property {number | null} started_at
 * @property {string} started_by
 * @property {number | null} finished_at
 * @property {number | null} stop_at
 * @property {string} stop_by
 * @property {number | null} stop_grace_s
 * @property {number | null} deadline_at
 * @property {Said} said progress, words, pause and open questions
 * @property {number | null} usual_runs past runs that say how long it usually takes; null where that was not looked at
 * @property {number} usual_s
 * @property {number} usual_low_s
 * @property {number} usual_high_s
 * @property {number} output_bytes
 * @property {number} output_lines
 * @property {string} last_line
 * @property {number | null} last_output_at
 *
 * @typedef {{ number: number, text: string, choices: string[], asked_at: number, deadline_at: number | null }} Question
 *
 * @typedef {object} Said `procedures/domain/said.py`
 * @property {{ fraction: number | null, message: string } | null} [progress]
 * @property {{ text: string } | null} [status]
 * @property {{ state: string, by: string, checkpoint: string | null } | null} [pause]
 * @property {Question[]} [questions]
 * @property {{ total: number, done: number, failed: number, current: string, fraction: number } | null} [actions]
 *
 * @typedef {object} LoggedEvent
 * @property {number} id
 * @property {number | string} at
 * @property {string} topic
 * @property {number | null} procedure
 * @property {Record<string, any>} payload
 */

const FINAL = new Set(["COMPLETE", "STOPPED", "FAILED"]);
const QUIET_CAUSE = "main returned";
/** As in `procedures/domain/usual.py`. */
const FEW = 5;

/** @param {string} state */
export function isFinal(state) {
  return FINAL.has(state);
}

/** Which list a procedure in this state belongs to. @param {string} state @returns {"running" | "prepared" | "recent"} */
export function sectionOf(state) {
  if (state === "RUNNING") return "running";
  return FINAL.has(state) || state === "UNKNOWN" ? "recent" : "prepared";
}

/** The folder that tells equal names apart: `imaging/`. @param {string} uri */
export function folderOf(uri) {
  const path = uri.split("://")[1];
  if (path === undefined) return "";
  const folders = path.split("/").slice(0, -1);
  const parent = folders[folders.length - 1];
  return parent ? `${decoded(parent)}/` : "";
}

/**
 * The record after an event; the same object if the event says nothing new about it, null if nothing is known of the procedure.
 * @param {ProcedureRecord | null} record
 * @param {LoggedEvent} event
 * @returns {ProcedureRecord | null}
 */
export function fold(record, event) {
  if (event.topic === "procedure.lifecycle.statechange") {
    return record ? moved(record, event.payload) : created(event);
  }
  if (!record) return null;
  if (event.payload.said && event.topic.startsWith("procedure.")) return { ...record, said: event.payload.said };
  if (event.topic === "procedure.output") return printed(record, event.payload);
  if (event.topic === "procedure.stopping") {
    return { ...record, stop_by: event.payload.by ?? "", stop_at: seconds(event.at), stop_grace_s: event.payload.grace_s ?? null };
  }
  if (event.topic === "procedure.progress") {
    const commit = event.payload.commit ? `${event.payload.commit.slice(0, 7)} ${event.payload.branch ?? ""}`.trim() : record.commit;
    return record.state === "PREP_ENV" ? { ...record, commit, cause: event.payload.words ?? record.cause } : record;
  }
  if (event.topic === "procedure.start.refused") return { ...record, cause: event.payload.cause ?? record.cause };
  if (event.topic === "procedure.deadline") return { ...record, deadline_at: event.payload.deadline_at ?? null };
  return record;
}

/** Whether a stop of it is under way. @param {ProcedureRecord} record */
export function isStopping(record) {
  return Boolean(record.stop_at) && !record.finished_at;
}

/**
 * The words of a record.
 * @param {ProcedureRecord} record @param {number} now Unix seconds
 * @param {boolean} [isFrozen] the page is stale: countdowns become times of day, which stay true
 * @returns {Record<string, string>}
 */
export function shown(record, now, isFrozen = false) {
  const started = record.started_at;
  const finished = record.finished_at;
  const ended = lasted(record);
  return {
    id: `#${record.id}`,
    name: record.name,
    folder: record.folder,
    state: record.state === "RUNNING" ? `RUNNING ${record.function}`.trim() : record.state,
    arguments: record.arguments,
    created: moment(record.created_at, now),
    created_by: record.created_by,
    started: started ? moment(started, now) : "",
    started_by: record.started_by,
    elapsed: started && record.state === "RUNNING" ? duration(now - started) : ended,
    since: since(record, now),
    to_go: toGo(record, now),
    usual: record.usual_runs ? `usually ${rough(record.usual_s)}` : firstRun(record),
    usual_short: record.usual_runs ? rough(record.usual_s) : firstRun(record),
    range: range(record),
    commit: record.commit,
    last_line: record.last_line,
    last_age: record.last_output_at ? `${age(now - record.last_output_at)} ago` : "",
    ended: finished ? moment(finished, now) : "",
    took: ended,
    note: note(record),
    doing: doing(record),
    progress: percent(record),
    paused: paused(record),
    stopping: stopping(record, now, isFrozen),
    timeout: timeout(record, now, isFrozen),
    abort: record.abort_of ? `abort of #${record.abort_of}` : "",
    aborted: record.aborted_by ? `aborted by #${record.aborted_by}` : "",
    trial: record.trial ? `trial ${record.trial}` : "",
  };
}

/** @param {LoggedEvent} event @returns {ProcedureRecord | null} */
function created(event) {
  const { payload, procedure } = event;
  if (payload.script === undefined || procedure === null || FINAL.has(payload.state)) return null;
  if (payload.part_of && payload.state === "CREATING") return null; // it waits in its trial for its turn
  return {
    id: procedure,
    name: payload.script ?? "",
    folder: folderOf(payload.uri ?? ""),
    state: payload.state,
    sequence: payload.sequence,
    function: "",
    arguments: payload.arguments ?? "",
    facts: payload.facts ?? [],
    commit: "",
    cause: payload.cause ?? "",
    node: payload.node ?? "",
    abort_of: payload.abort_of ?? null,
    aborted_by: null,
    trial: payload.part_of?.trial ?? null,
    script_key: payload.part_of?.key ?? "",
    created_at: payload.created_at ?? payload.at,
    created_by: payload.created_by ?? payload.who ?? "",
    started_at: null,
    started_by: "",
    finished_at: null,
    stop_at: null,
    stop_by: "",
    stop_grace_s: null,
    deadline_at: payload.deadline_at ?? null,
    said: {},
    usual_runs: null,
    usual_s: 0,
    usual_low_s: 0,
    usual_high_s: 0,
    output_bytes: 0,
    output_lines: 0,
    last_line: "",
    last_output_at: null,
  };
}

/** @param {ProcedureRecord} record @param {Record<string, any>} payload @returns {ProcedureRecord} */
function moved(record, payload) {
  if (payload.sequence <= record.sequence) return record; // it was known when the page was made
  const next = { ...record, state: payload.state, sequence: payload.sequence, cause: payload.cause ?? "", function: "" };
  if (payload.state === "RUNNING") {
    next.function = payload.function ?? "";
    next.started_at = payload.at;
    next.started_by = payload.who ?? "";
    next.arguments = payload.arguments ?? record.arguments;
    next.facts = payload.facts ?? record.facts;
    next.said = { ...record.said, progress: null, status: null, actions: null };
  }
  if (FINAL.has(payload.state)) Object.assign(next, { finished_at: payload.at, said: { ...record.said, questions: [], pause: null } });
  if (payload.deadline_at !== undefined) next.deadline_at = payload.deadline_at;
  if (payload.state === "UNKNOWN") next.stop_at = null; // the stop that led there is over
  return next;
}

/** @param {ProcedureRecord} record @param {Record<string, any>} payload @returns {ProcedureRecord} */
function printed(record, payload) {
  if (payload.bytes <= record.output_bytes) return record;
  return {
    ...record,
    output_bytes: payload.bytes,
    output_lines: payload.lines,
    last_line: payload.last_line || record.last_line,
    last_output_at: payload.at ?? record.last_output_at,
  };
}

/** What failed before it ran took its preparation; what only waited until somebody stopped it took nothing. @param {ProcedureRecord} record */
function lasted(record) {
  if (!record.finished_at) return "";
  if (record.state === "STOPPED" && !record.started_at) return "not started";
  return took(record.finished_at - (record.started_at || record.created_at));
}

/** What the large time says. @param {ProcedureRecord} record @param {number} now */
function since(record, now) {
  if (record.finished_at) return `${record.state} at ${moment(record.finished_at, now)}`;
  return record.state === "RUNNING" && record.started_at ? `running since ${moment(record.started_at, now)}` : "";
}

/** When it will have taken as long as it usually does, Unix seconds; 0 where nobody knows. @param {ProcedureRecord} record */
export function usualEnd(record) {
  const isKnown = record.state === "RUNNING" && record.function === "main" && record.usual_runs && record.started_at;
  return isKnown ? (record.started_at ?? 0) + record.usual_s : 0;
}

/** Beside what it usually takes. @param {ProcedureRecord} record @param {number} now */
function toGo(record, now) {
  if (!usualEnd(record) || !record.started_at) return "";
  const elapsed = now - record.started_at;
  if (elapsed < record.usual_s) return `about ${rough(record.usual_s - elapsed)} to go`;
  return elapsed <= record.usual_high_s ? "may end at any time" : `${rough(elapsed - record.usual_s)} longer than usual`;
}

/** @param {ProcedureRecord} record */
function firstRun(record) {
  return record.usual_runs === 0 ? "first run" : "";
}

/** In which most of its runs lie. @param {ProcedureRecord} record */
function range(record) {
  if (!record.usual_runs || record.usual_runs === 1) return record.usual_runs ? "one run so far" : "";
  const which = record.usual_runs >= FEW ? `most of ${record.usual_runs} runs` : `${record.usual_runs} runs`;
  return `${which} ${rough(record.usual_low_s)} to ${rough(record.usual_high_s)}`;
}

/** That it is being stopped, by whom, and when that will be forced. @param {ProcedureRecord} record @param {number} now @param {boolean} isFrozen */
function stopping(record, now, isFrozen) {
  if (!record.stop_at || record.finished_at) return "";
  const killAt = record.stop_at + (record.stop_grace_s ?? 0);
  const by = `by ${record.stop_by || "somebody"}`;
  if (killAt <= now) return `being killed, ${by}`;
  return `stopping, ${by}, kill ${isFrozen ? `at ${clock(killAt)}` : `in ${countdown(killAt - now)}`}`;
}

/** @param {ProcedureRecord} record @param {number} now @param {boolean} isFrozen */
function timeout(record, now, isFrozen) {
  if (!record.deadline_at || record.finished_at || record.state === "UNKNOWN") return "";
  if (record.deadline_at <= now) return "out of time";
  return `timeout ${isFrozen ? `at ${clock(record.deadline_at)}` : `in ${countdown(record.deadline_at - now)}`}`;
}

/** @param {ProcedureRecord} record */
function note(record) {
  if (record.state === "RUNNING") return "";
  if (record.state !== "COMPLETE" || record.cause !== QUIET_CAUSE) return record.cause;
  const actions = record.said.actions;
  return actions?.failed ? `${actions.failed} of ${actions.total} actions did not succeed` : "";
}

/** How far it says it is, from 0 to 1; null where it says nothing, or has ended. @param {ProcedureRecord} record @returns {number | null} */
export function fractionOf(record) {
  if (FINAL.has(record.state)) return null;
  return record.said.progress?.fraction ?? record.said.actions?.fraction ?? null;
}

/** What it says it is doing: its action, its words, its progress. @param {ProcedureRecord} record */
function doing(record) {
  if (FINAL.has(record.state)) return "";
  const { actions, status, progress } = record.said;
  const current = actions?.current ? `${actions.current}, ${actions.done + 1} of ${actions.total}` : "";
  return [current, status?.text, progress?.message].filter(Boolean).join(" · ");
}

/** @param {ProcedureRecord} record */
function percent(record) {
  const fraction = fractionOf(record);
  return fraction === null ? "" : `${Math.floor(fraction * 100 + 0.5)}\u202f%`;
}

/** That it waits at a checkpoint, or will. @param {ProcedureRecord} record */
function paused(record) {
  const pause = record.said.pause;
  if (!pause || FINAL.has(record.state)) return "";
  const by = `by ${pause.by || "somebody"}`;
  return pause.state === "paused" ? `paused at ${pause.checkpoint}, ${by}` : `will pause at its next checkpoint, asked ${by}`;
}

/** @param {number | string} at */
function seconds(at) {
  return typeof at === "number" ? at : Date.parse(at) / 1000;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
