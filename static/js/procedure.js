// @ts-check
/** The page of a procedure: its head follows the events, its output grows, its parts are made anew when something happened. */

import { watchCopying } from "./copying.js";
import { all, data, need, setHidden, setText } from "./dom.js";
import { FindBar } from "./find_bar.js";
import { onKey } from "./keys.js";
import { watchLooking } from "./looking.js";
import { OutputView } from "./output.js";
import { Parts } from "./parts.js";
import { isFinal, shown, usualEnd } from "./records.js";
import { fillRow } from "./rows.js";
import { link, onChange, onTurn, records, shownTime } from "./site.js";
import { waitingCount } from "./strip.js";
import { lengthOf } from "./scale.js";
import { drawTimeline } from "./timeline.js";
import { VolumeSource } from "./volume.js";

const TURN_OF_TIMELINE_S = 1;
const TURN_OF_ERRORS_S = 2;
/** The last five minutes are worth a look of their own where there is more. */
const SHORTEST_WITH_SPANS_S = 330;

/** @type {import("./records.js").ProcedureRecord} */
const initial = data("procedure-record");
const id = initial.id;
if (!records.has(id)) records.set(id, initial);

/** @type {import("./timeline.js").Drawn} */
let drawn = data("procedure-history");
/** Times of errors in the output. @type {number[]} */
let errorTimes = [];
let drawnAt = 0;
let countedAt = 0;
let countedBytes = 0;

const head = need(document, "[data-page-procedure]");
const facts = need(document, `dl[data-procedure="${id}"]`);
const timeline = need(document, "[data-timeline]");
const output = new OutputView(need(document, "[data-output]"));
const finding = new FindBar(need(document, "[data-output]"), output);
finding.onErrors = (errors) => {
  errorTimes = errors.map((error) => error.time);
  drawnAt = 0;
};
const parts = new Parts(document, (name) => {
  if (name === "history") drawn = data("procedure-history");
  drawnAt = 0;
});

function record() {
  return records.get(id) ?? initial;
}

/** Seconds that the timeline shows, counted from its end; 0 for all. */
let span = 0;
const volume = new VolumeSource(need(document, "[data-timeline]").dataset.volumeUrl ?? "", () => (drawnAt = 0));
const spans = need(document, "[data-spans]");
spans.addEventListener("click", (event) => {
  const chosen = event.target instanceof Element ? event.target.closest("button") : null;
  if (!chosen) return;
  span = Number(chosen.dataset.span);
  for (const button of all(spans, "button")) button.setAttribute("aria-pressed", String(button === chosen));
  drawnAt = 0;
});

/** @param {number} now @param {boolean} [isFrozen] the page is stale */
function fill(now, isFrozen = false) {
  const current = record();
  const words = shown(current, now, isFrozen);
  fillRow(head, current, now, isFrozen);
  fillRow(facts, current, now, isFrozen);
  setText(facts.querySelector('[data-field="started_by_words"]'), words.started_by ? `by ${words.started_by}` : "");
  const running = current.state === "RUNNING" ? `▶ ${words.elapsed} ` : `${current.state} `;
  const title = link.state === "stale" ? "STALE · OET" : `${waitingCount()}${running}${current.name} · OET`;
  if (document.title !== title) document.title = title;
}

onChange((changed, events) => {
  const mine = events.filter((event) => event.procedure === id);
  for (const event of mine) {
    if (event.topic !== "procedure.lifecycle.statechange" || event.payload.sequence <= drawn.steps.length) continue;
    drawn.steps.push([event.payload.state, event.payload.at, event.payload.function ?? ""]);
    drawnAt = 0;
  }
  const current = record();
  if (changed.has(id)) output.grewTo(current.output_bytes, current.output_lines, current.last_output_at);
  const ofAbort = events.some((event) => isOfAbort(event) && event.topic.startsWith("procedure.lifecycle."));
  if (ofAbort || mine.some((event) => event.topic.startsWith("procedure.lifecycle."))) void parts.refresh();
  else if (mine.some((event) => event.topic !== "procedure.output")) parts.refreshSoon();
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
  if (Math.abs(now - countedAt) >= TURN_OF_ERRORS_S) {
    countedAt = now;
    if (record().output_bytes > countedBytes) void finding.countErrors();
    countedBytes = record().output_bytes;
  }
  volume.turn(record().output_bytes, span);
  if (Math.abs(now - drawnAt) < TURN_OF_TIMELINE_S || (drawnAt && isFinal(record().state))) return;
  drawnAt = now;
  setHidden(spans, lengthOf(drawn.steps, now) <= SHORTEST_WITH_SPANS_S && !span);
  setText(document.querySelector("[data-timeline-words]"), drawTimeline(timeline, { ...drawn, until: usualEnd(record()) }, now, { errors: errorTimes, volume: volume.volume }, span));
});

watchCopying();
watchLooking();
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-filter]") : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  history.replaceState(null, "", link.getAttribute("href"));
  void parts.refresh();
});
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element && event.target.closest("[data-last-error]"))) return;
  event.preventDefault();
  void finding.error(1);
});
addEventListener("resize", () => (drawnAt = 0));
onKey(".", () => output.follow());
onKey("t", () => output.toggleTimes());
onKey("/", () => finding.focus());
onKey("e", () => void finding.error(1));
onKey("E", () => void finding.error(-1));
output.grewTo(initial.output_bytes, initial.output_lines, initial.last_output_at);
addEventListener("hashchange", () => goToLine());
if (!goToLine()) output.follow();

/** Where the address leads to a line, show it. */
function goToLine() {
  const line = Number(location.hash.match(/^#L(\d{1,15})$/)?.[1] ?? 0);
  if (!line) return false;
  output.goTo(line);
  return true;
}
