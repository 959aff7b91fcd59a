// @ts-check
/** Says changes of state to a screen reader, one sentence each. */

import { need, setText } from "./dom.js";

const ASSERTIVE = new Set(["FAILED", "UNKNOWN"]);
const PASSING = new Set(["CREATING", "IDLE", "LOADING", "INITIALISING"]);

/** @param {import("./records.js").ProcedureRecord} record */
export function announce(record) {
  if (PASSING.has(record.state)) return;
  const what = record.state === "RUNNING" ? `is RUNNING ${record.function}` : `is ${record.state}`;
  const why = ASSERTIVE.has(record.state) && record.cause ? `: ${record.cause}` : "";
  say(`${record.name} ${what}${why}.`, ASSERTIVE.has(record.state));
}

/** @param {string} sentence @param {boolean} isUrgent */
export function say(sentence, isUrgent) {
  setText(need(document, `[data-announce="${isUrgent ? "assertive" : "polite"}"]`), sentence);
}
