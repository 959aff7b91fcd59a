// @ts-check
/** The page of a procedure: its head follows the events, its output grows, its parts are made anew when something happened. */

import { data, need, setText } from "./dom.js";
import { onKey } from "./keys.js";
import { OutputView } from "./output.js";
import { Parts } from "./parts.js";
import { isFinal, shown } from "./records.js";
import { fillRow } from "./rows.js";
import { link, onChange, onTurn, records, shownTime } from "./site.js";
import { drawTimeline } from "./timeline.js";

const TURN_OF_TIMELINE_S = 1;

/** @type {import("./records.js").ProcedureRecord} */
const initial = data("procedure-record");
const id = initial.id;
if (!records.has(id)) records.set(id, initial);

/** @type {import("./scale.js").Step[]} */
let steps = data("procedure-history");
let drawnAt = 0;

const head = need(document, "[data-page-procedure]");
const facts = need(document, `dl[data-procedure="${id}"]`);
const timeline = need(document, "[data-timeline]");
const output = new OutputView(need(document, "[data-output]"));
const parts = new Parts(document, (name) => {
  if (name === "history") steps = data("procedure-history");
  drawnAt = 0;
});

function record() {
  return records.get(id) ?? initial;
}

/** @param {number} now @param {boolean} [isFrozen] the page is stale */
function fill(now, isFrozen = false) {
  const current = record();
  const words = shown(current, now, isFrozen);
  fillRow(head, current, now, isFrozen);
  fillRow(facts, current, now, isFrozen);
  setText(facts.querySelector('[data-field="started_by_words"]'), words.started_by ? `by ${words.started_by}` : "");
  const running = current.state === "RUNNING" ? `▶ ${words.elapsed} ` : `${current.state} `;
  const title = link.state === "stale" ? "STALE · OET" : `${running}${current.name} · OET`;
  if (document.title !== title) document.title = title;
}

onChange((changed, events) => {
  const mine = events.filter((event) => event.procedure === id);
  for (const event of mine) {
    if (event.topic !== "procedure.lifecycle.statechange" || event.payload.sequence <= steps.length) continue;
    steps.push([event.payload.state, event.payload.at, event.payload.function ?? ""]);
    drawnAt = 0;
  }
  const current = record();
  if (changed.has(id)) output.grewTo(current.output_bytes, current.output_lines, current.last_output_at);
  const ofAbort = events.some((event) => isOfAbort(event) && event.topic.startsWith("procedure.lifecycle."));
  if (ofAbort || mine.some((event) => event.topic !== "procedure.output")) void parts.refresh();
  fill(shownTime());
});

/** Whether it is about the abort of this procedure, or about the procedure that this one aborts. @param {import("./records.js").LoggedEvent} event */
function isOfAbort(event) {
  const other = event.procedure === null ? undefined : records.get(event.procedure);
  return other?.abort_of === id || (other !== undefined && other.id === record().abort_of);
}

onTurn((isFrozen) => {
  const now = shownTime();
  fill(now, isFrozen);
  if (isFrozen) return;
  parts.turn();
  output.turn(now, isFinal(record().state));
  if (Math.abs(now - drawnAt) < TURN_OF_TIMELINE_S || (drawnAt && isFinal(record().state))) return;
  drawnAt = now;
  setText(document.querySelector("[data-timeline-words]"), drawTimeline(timeline, steps, now));
});

addEventListener("resize", () => (drawnAt = 0));
onKey(".", () => output.follow());
onKey("t", () => output.toggleTimes());
output.grewTo(initial.output_bytes, initial.output_lines, initial.last_output_at);
output.follow();
