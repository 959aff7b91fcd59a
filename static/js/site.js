// @ts-check
/** What every page does: it keeps the link, the records of what is live, the strip, and the way to stop. */

import { announce } from "./announce.js";
import { watchCommands } from "./commands.js";
import { showConditions } from "./conditions.js";
import { data } from "./dom.js";
import { listenToKeys } from "./keys.js";
import { LiveLink } from "./live.js";
import { fold, isFinal } from "./records.js";
import { showStale } from "./stale.js";
import { offerStop, refreshStop } from "./stop.js";
import { showStrip } from "./strip.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */

const TURN_MS = 250;

export const link = new LiveLink(Number(document.body.dataset.cursor), Number(document.body.dataset.time));

/** Every procedure that the page knows of. @type {Map<number, ProcedureRecord>} */
export const records = new Map();
for (const record of [...(data("live-records") ?? []), ...(data("recent-records") ?? [])]) records.set(record.id, record);

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
    if (event.procedure === null) continue;
    const before = records.get(event.procedure) ?? null;
    const after = fold(before, event);
    if (!after || after === before) continue;
    records.set(after.id, after);
    changed.add(after.id);
    if (after.state !== before?.state) announce(after);
  }
  for (const handler of changeHandlers) handler(changed, events);
  turn();
});

function turn() {
  link.checkSilence();
  const state = link.state;
  showStrip(link, live(), shownTime());
  showStale(link);
  showConditions(link, live());
  refreshStop(live(), shownTime());
  for (const handler of turnHandlers) handler(state === "stale");
}

link.onWord(turn);
setInterval(turn, TURN_MS);
offerStop(live, shownTime);
watchCommands();
listenToKeys();
link.connect();
