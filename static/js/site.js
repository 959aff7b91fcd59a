// @ts-check
/** What every page does: it keeps the link, the records of what is live, the strip, and the way to stop. */

import { announce, say } from "./announce.js";
import { watchCommands } from "./commands.js";
import { noteCondition, showConditions, watchConditions } from "./conditions.js";
import { data } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { LiveLink } from "./live.js";
import { notice, watchNotices } from "./notices.js";
import { noteOverride, watchOverrides } from "./overrides.js";
import { noteQuestion, showQuestions } from "./questions.js";
import { showRefusal } from "./refusals.js";
import { fold, isFinal, isStopping, shown } from "./records.js";
import { showStale } from "./stale.js";
import { offerStop, refreshStop } from "./stop.js";
import { showStrip } from "./strip.js";
import { foldLine } from "./trials/lines.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */

const TURN_MS = 250;

export const link = new LiveLink(Number(document.body.dataset.cursor), Number(document.body.dataset.time));

/** Every procedure that the page knows of. @type {Map<number, ProcedureRecord>} */
export const records = new Map();
for (const record of [...(data("live-records") ?? []), ...(data("recent-records") ?? [])]) records.set(record.id, record);

/** Every trial that the page knows of. @type {Map<number, import("./trials/lines.js").Line>} */
export const trials = new Map();
for (const line of data("live-trials") ?? []) trials.set(line.id, line);

/** @type {((changed: Set<number>, events: import("./records.js").LoggedEvent[]) => void)[]} */
const changeHandlers = [];
/** @type {((isFrozen: boolean) => void)[]} */
const turnHandlers = [];

/** Call back with the ids of the procedures that changed. @param {(changed: Set<number>, events: import("./records.js").LoggedEvent[]) => void} handler */
export function onChange(handler) {
  changeHandlers.push(handler);
}

/** Call back four times a second, for what grows by itself; not to be moved while the page is frozen. @param {(isFrozen: boolean) => void} handler */
export function onTurn(handler) {
  turnHandlers.push(handler);
}

/** The time that live numbers are counted to: the server's, or the last it told while the page is stale. */
export function shownTime() {
  return link.state === "stale" ? link.asOf : link.now();
}

/** What may still have a process, oldest first. */
export function live() {
  return [...records.values()].filter((record) => !isFinal(record.state)).sort((a, b) => a.id - b.id);
}

link.onEvents((events) => {
  /** @type {Set<number>} */
  const changed = new Set();
  for (const event of events) {
    noteCondition(event);
    if (event.topic.startsWith("trial.")) noteTrial(event);
    noteOverride(event);
    if (event.topic === "procedure.start.refused") noteRefusal(event);
    if (event.procedure === null) continue;
    const before = records.get(event.procedure) ?? null;
    const after = fold(before, event);
    if (!after || after === before) continue;
    records.set(after.id, after);
    changed.add(after.id);
    noteQuestion(event, after, link.now());
    if (after.state !== before?.state) tell(after, event);
    else if (isStopping(after) && after.stop_at !== before?.stop_at) say(`${after.name} is ${shown(after, shownTime()).stopping}.`, false);
    if (!before && after.abort_of) linkAbort(after.abort_of, after.id, changed);
  }
  for (const handler of changeHandlers) handler(changed, events);
  turn();
});

/** A change of state: to a screen reader, and to whoever looks elsewhere. @param {ProcedureRecord} record @param {import("./records.js").LoggedEvent} event */
function tell(record, event) {
  announce(record);
  if (record.state !== "FAILED" && record.state !== "UNKNOWN") return;
  notice(`${record.name} ${record.state}`, record.cause, Number(event.payload.at), link.now(), `/procedures/${record.id}/`);
}

/** Nobody waits for the answer to a start that was to follow its preparation. @param {import("./records.js").LoggedEvent} event */
function noteRefusal(event) {
  const record = records.get(event.procedure ?? 0);
  if (event.payload.who === document.body.dataset.user) showRefusal(`${record?.name ?? "The script"} was prepared, but not started`, event.payload.reason);
  notice(`${record?.name ?? "A script"} was not started`, event.payload.reason, link.now(), link.now(), `/procedures/${event.procedure}/`);
}

/** @param {import("./records.js").LoggedEvent} event */
function noteTrial(event) {
  const after = foldLine(trials.get(event.payload.trial) ?? null, event);
  if (after) trials.set(after.id, after);
}

/** The one that is aborted names its abort, too. @param {number} aborted @param {number} by @param {Set<number>} changed */
function linkAbort(aborted, by, changed) {
  const record = records.get(aborted);
  if (!record) return;
  records.set(aborted, { ...record, aborted_by: by });
  changed.add(aborted);
}

function turn() {
  link.checkSilence();
  const state = link.state;
  showStrip(link, live(), shownTime());
  showStale(link);
  showConditions(link, live());
  showQuestions(live(), shownTime(), state === "stale");
  refreshStop(live(), shownTime());
  for (const handler of turnHandlers) handler(state === "stale");
}

link.onWord(turn);
setInterval(turn, TURN_MS);
watchConditions();
watchNotices();
offerStop(live, () => [...trials.values()], shownTime);
watchOverrides();
watchCommands();
listenToKeys();
link.connect();
// Where the menu is wider than the window, the page that one is on is in sight.
document.querySelector(".strip__nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
