// @ts-check
/** Now: the lists follow the events, and what somebody looks for. */

import { Board } from "./board.js";
import { data, need, setHidden } from "./dom.js";
import { ListFilter, matches } from "./filter.js";
import "./health.js";
import { onKey } from "./keys.js";
import { showLastLines } from "./last_lines.js";
import { moveByKeys } from "./moving.js";
import "./rail.js";
import { isFinal } from "./records.js";
import { link, live, onChange, onTurn, records, shownTime, trials } from "./site.js";
import { TrialLines } from "./trials/now.js";
import { isOver } from "./trials/model.js";
import { completeRecords } from "./usual.js";
import { showUsage } from "./usage.js";

const root = need(document, "[data-board]");
const shortest = Number(root.dataset.shortest);
const board = new Board(root, records);
for (const line of data("ended-trials") ?? []) trials.set(line.id, line);
const lines = new TrialLines(root, trials);
const more = /** @type {HTMLAnchorElement} */ (need(root, "[data-more]"));
const filter = new ListFilter(/** @type {HTMLFormElement} */ (need(root, "[data-filter]")), narrow, take);

board.isWanted = (record, section) => matches(record, wanted, { isState: section === "recent" });
board.isNarrowed = filter.isSet;
board.hasMore = !more.hidden;
let wanted = filter.wanted;

moveByKeys(root);
onKey("Escape", () => {
  if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) document.activeElement.blur();
  else if (filter.isSet) filter.clear();
});
more.addEventListener("click", (event) => {
  event.preventDefault();
  filter.showMore(new URL(more.href).searchParams.get("rows") ?? "");
});

/** @param {import("./filter.js").Wanted} now what is looked for */
function narrow(now) {
  wanted = now;
  board.isNarrowed = filter.isSet;
  board.maxRecent = Number(filter.rows || shortest);
  board.settle(shownTime());
}

/** What the server has found; what has happened since is known here. @param {{ records: import("./records.js").ProcedureRecord[], time: number, more: string }} answer */
function take(answer) {
  const found = new Set(answer.records.map((record) => record.id));
  for (const record of records.values()) {
    if (isFinal(record.state) && !found.has(record.id) && (record.finished_at ?? 0) < answer.time) records.delete(record.id);
  }
  for (const record of answer.records) if ((records.get(record.id)?.sequence ?? 0) <= record.sequence) records.set(record.id, record);
  more.href = answer.more ? `?${answer.more}` : "";
  setHidden(more, !answer.more);
  board.hasMore = Boolean(answer.more);
  board.settle(shownTime());
}

board.fill(records.keys(), shownTime()); // gauges, and times by this computer's clock
onChange((changed) => board.fill(changed, shownTime()));
onTurn((isFrozen) => {
  lines.show(live(), shownTime(), !isFrozen);
  board.trials = [...trials.values()].filter((line) => !isOver(line.state)).length;
  if (isFrozen) board.freeze(shownTime());
  else board.turn(shownTime());
  showUsage(root, link.nodes ?? []);
  if (!isFrozen) showLastLines(root, records);
  if (!isFrozen) completeRecords(records, (changed) => board.fill(changed, shownTime()));
});
