// @ts-check
/** The page of a trial: graph, times and table follow the events; what only the server can say is fetched again. */

import { say } from "../announce.js";
import { all, data, need, setGlyph, setHidden, setText, slot } from "../dom.js";
import { duration, took } from "../format.js";
import { onKey } from "../keys.js";
import { Parts } from "../parts.js";
import { link, onChange, onTurn, shownTime } from "../site.js";
import "./going.js";
import { GraphView } from "./graph.js";
import { abortEffects, countsOf, fold, isOver, renew, timeOf } from "./model.js";
import { drawTimes } from "./times.js";

const TURN_OF_TIMES_S = 1;

/** @type {import("./model.js").Trial} */
const trial = data("trial-data");
const head = need(document, "[data-trial-head]");
const graph = new GraphView(need(document, "[data-graph]"));
const times = need(document, "[data-times]");
let drawnAt = 0;

const parts = new Parts(document, (name) => {
  if (name === "data") renew(trial, data("trial-data"));
  drawnAt = 0;
  fill(shownTime());
});

/** @param {number} now */
function fill(now) {
  graph.show(trial.nodes, trial.edges, now);
  fillTable(now);
  const chip = need(head, ".state");
  chip.setAttribute("data-state", trial.state);
  setGlyph(chip, `g-${trial.state}`);
  setText(chip.querySelector("[data-field]"), trial.state);
  setText(slot(head, "lasted"), lasted(now));
  setText(slot(document, "counts"), countsOf(trial.nodes));
  fillEffects();
  const mark = isOver(trial.state) ? trial.state : `▶ ${trial.state}`;
  const title = link.state === "stale" ? "STALE · OET" : `${mark} ${trial.task_name || `task ${trial.task}`} · OET`;
  if (document.title !== title) document.title = title;
}

/** @param {number} now */
function lasted(now) {
  if (!trial.started_at) return "";
  return trial.finished_at ? `, took ${took(trial.finished_at - trial.started_at)}` : `, for ${duration(now - trial.started_at)}`;
}

/** Only what grows by itself, or has just been told; the rest of a row comes from the server. @param {number} now */
function fillTable(now) {
  const rows = new Map(all(document, "[data-script]").map((row) => [row.dataset.script, row]));
  for (const node of trial.nodes) {
    const row = rows.get(node.key);
    if (!row) continue;
    const chip = need(row, ".state");
    if (chip.getAttribute("data-state") !== node.state) chip.setAttribute("data-state", node.state);
    setGlyph(chip, `g-${node.state}`);
    setText(chip.querySelector("[data-field]"), node.state);
    setText(slot(row, "time"), timeOf(node, now));
    setText(slot(row, "last"), node.last_line ?? "");
  }
}

/** The confirmation names what would end if it were confirmed now. */
function fillEffects() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#abort-dialog"));
  if (!dialog) return;
  const effects = abortEffects(trial.nodes);
  for (const [name, keys] of Object.entries(effects)) {
    setHidden(dialog.querySelector(`[data-effect="${name}"]`), keys.length === 0);
    setText(slot(dialog, name), keys.join(", ") + (name === "goes_on" && keys.length ? " (ignore_abort)" : ""));
  }
  if (isOver(trial.state) && dialog.open) dialog.close();
}

onChange((_changed, events) => {
  const before = new Map(trial.nodes.map((node) => [node.key, node.state]));
  const stateBefore = trial.state;
  const told = events.filter((event) => fold(trial, event));
  const isOfTask = events.some((event) => event.payload.task === trial.task || event.payload.trial === trial.id);
  if (isOfTask) parts.refreshSoon();
  if (!told.length) return;
  announce(before, stateBefore);
  if (told.some((event) => event.topic !== "procedure.output")) drawnAt = 0;
  fill(shownTime());
});

/** One sentence for all that changed. @param {Map<string, string>} before @param {string} stateBefore */
function announce(before, stateBefore) {
  const moved = trial.nodes.filter((node) => before.get(node.key) !== node.state).map((node) => `${node.key} ${node.state}`);
  if (trial.state !== stateBefore) moved.push(`trial ${trial.number} is ${trial.state}`);
  if (moved.length) say(`${moved.join(", ")}.`, trial.state !== stateBefore && (trial.state === "failed" || trial.state === "defective"));
}

onTurn((isFrozen) => {
  const now = shownTime();
  if (isFrozen) {
    fill(now);
    return;
  }
  parts.turn();
  if (!isOver(trial.state) || drawnAt === 0) fill(now);
  if (drawnAt && (isOver(trial.state) || Math.abs(now - drawnAt) < TURN_OF_TIMES_S)) return;
  drawnAt = now;
  drawTimes(times, trial, now);
});

document.addEventListener("click", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#abort-dialog"));
  if (!dialog) return;
  if (target.closest("[data-abort-trial]")) {
    event.preventDefault();
    fillEffects();
    dialog.showModal();
    need(dialog, "h2").focus();
  } else if (target.closest("#abort-dialog [data-close]") || target === dialog) dialog.close();
});
document.addEventListener("done", (event) => {
  /** @type {HTMLElement} */ (event.target).closest("dialog")?.close();
});

/** To the next script in the graph. @param {1 | -1} step */
function move(step) {
  const boxes = graph.boxes();
  const at = boxes.findIndex((box) => box === document.activeElement);
  const next = boxes[at < 0 ? (step > 0 ? 0 : boxes.length - 1) : Math.min(boxes.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

onKey("j", () => move(1));
onKey("k", () => move(-1));
addEventListener("resize", () => (drawnAt = 0));
fill(shownTime());
drawTimes(times, trial, shownTime());
