// @ts-check
/** Writing a task: checked while it is typed, its graph beside it, rehearsed before it runs. */

import { need, setHidden, setText, slot } from "../dom.js";
import { moment } from "../format.js";
import { showRefusal } from "../refusals.js";
import { consult, send } from "../send.js";
import { shownTime } from "../site.js";
import { underWay } from "../commands.js";
import { GraphView } from "./graph.js";
import { finding, problem } from "./problems.js";
import { played, Rehearse, state } from "./rehearse.js";
import { Sheet } from "./sheet.js";
import { placeOf, remedyOf } from "./typing.js";

const PAUSE_MS = 250;
const KEPT = "oet-draft";

/** @typedef {{ path: string, message: string, hint: string, line: number | null }} Problem */
/** @typedef {{ name: string, warnings: Problem[], graph: { nodes: any[], edges: any[], findings: any[] }, resolved: string }} Task */

const form = /** @type {HTMLFormElement} */ (need(document, "[data-editor]"));
const which = /** @type {HTMLSelectElement} */ (need(document, "[data-which]"));
const verdict = need(form, "[data-verdict]");
const rehearse = new Rehearse(need(document, "[data-rehearse]"), () => void look());
const graph = new GraphView(need(document, "[data-graph]"), (key) => rehearse.pick(key));
const sheet = new Sheet(need(form, "[data-place]"), changed);
const opened = sheet.text;

/** What was last found. @type {{ errors: Problem[], tasks: Task[], rehearsal: any }} */
let found = { errors: [], tasks: [], rehearsal: null };
let timer = 0;
let asked = 0;

function changed() {
  setText(verdict, "…");
  keep();
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE_MS);
}

/** Ask the server what it makes of the text, and show it, unless it has been changed meanwhile. */
async function look() {
  const mine = ++asked;
  const fields = new URLSearchParams({ text: sheet.text, which: which.value });
  rehearse.ask(fields);
  const answer = await consult("/tasks/draft/", fields);
  if (mine !== asked) return;
  if (!answer) {
    setText(verdict, "not checked: the server did not answer");
    return;
  }
  found = answer;
  show();
}

function show() {
  const { errors, tasks } = found;
  const words = errors.length ? `${errors.length} error${errors.length === 1 ? "" : "s"}` : "no errors";
  const chip = state(errors.length ? "failed" : "passed");
  chip.lastChild?.replaceWith(words);
  verdict.replaceChildren(chip);
  sheet.mark(errors.map((error) => error.line ?? 0));
  need(form, "[data-errors]").replaceChildren(...errors.map((error) => problem(error, "failed", { goTo, putRight })));
  const run = /** @type {HTMLButtonElement | null} */ (form.querySelector("[data-run]"));
  run?.classList.toggle("button--go", errors.length === 0);
  if (errors.length) setText(need(document, "[data-shown-words]"), graph.nodes.length ? "as it was before the errors" : "there is none while there are errors");
  else showTask(tasks);
}

/** @param {Task[]} tasks */
function showTask(tasks) {
  setHidden(need(document, "[data-which-place]"), tasks.length < 2);
  if (which.options.length !== tasks.length || tasks.some((task, i) => which.options[i]?.text !== task.name)) {
    const before = which.selectedIndex;
    which.replaceChildren(...tasks.map((task, i) => new Option(task.name || `task ${i + 1}`, String(i))));
    which.selectedIndex = Math.min(Math.max(0, before), tasks.length - 1);
  }
  const task = tasks[Number(which.value || 0)];
  if (!task) return;
  const isPlayed = rehearse.isWhatIf && found.rehearsal;
  rehearse.offer(task.graph.nodes);
  const nodes = isPlayed ? played(task.graph.nodes, found.rehearsal) : task.graph.nodes.map((node) => ({ ...node, note: node.fate === "runs on" ? "a service: runs on until it is ended" : "" }));
  graph.show(nodes, isPlayed ? judged(task.graph.edges, nodes) : task.graph.edges.map((edge) => ({ ...edge, is_satisfied: false, is_impossible: !edge.exists })), shownTime());
  setText(need(document, "[data-shown-words]"), isPlayed ? "as the rehearsal ends" : "as written; press a script to rehearse it");
  if (found.rehearsal) rehearse.show(found.rehearsal);
  setText(need(document, "[data-resolved]"), task.resolved);
  setHidden(need(document, "[data-resolved-place]"), false);
  const findings = [...task.warnings.map((warning) => problem(warning, "error", { goTo, putRight })), ...task.graph.findings.map(finding)];
  setHidden(need(document, "[data-findings-place]"), findings.length === 0);
  setText(need(document, "[data-finding-count]"), `${findings.length}; legal, but hardly meant`);
  need(document, "[data-findings]").replaceChildren(...findings);
}

/** At the end of a rehearsal a condition is met that was, at some time: what started or was ended shows it. @param {any[]} edges @param {any[]} nodes */
function judged(edges, nodes) {
  /** @type {Map<string, Set<string>>} */
  const reached = new Map(nodes.map((node) => [node.key, new Set([node.state])]));
  for (const move of found.rehearsal.moves) reached.get(move.key)?.add(move.from);
  return edges.map((edge) => {
    const isMet = edge.exists && edge.states.some((/** @type {string} */ one) => reached.get(edge.from)?.has(one));
    return { ...edge, is_satisfied: isMet, is_impossible: !isMet };
  });
}

/** @param {Problem} error */
function goTo(error) {
  const { wrong } = remedyOf(error);
  const { start, end } = placeOf(sheet.text, error.line ?? 1, wrong);
  sheet.choose(start, end);
}

/** @param {Problem} error */
function putRight(error) {
  const { wrong, meant } = remedyOf(error);
  const { start, end } = placeOf(sheet.text, error.line ?? 1, wrong);
  if (sheet.text.slice(start, end) === wrong) sheet.replace(start, end, meant);
  else sheet.choose(start, end);
}

function keep() {
  try {
    if (sheet.text === opened) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, JSON.stringify({ text: sheet.text, at: shownTime() }));
  } catch {
    // a browser that keeps nothing: then a reload loses what was typed, as in every form
  }
}

function offerKept() {
  const notice = need(document, "[data-draft-kept]");
  const kept = readKept();
  if (!kept || kept.text === sheet.text) return;
  setText(slot(notice, "kept-at"), `at ${moment(kept.at, shownTime())} UTC`);
  setHidden(notice, false);
  need(notice, "[data-restore]").addEventListener("click", () => {
    sheet.text = kept.text;
    setHidden(notice, true);
    sheet.area.focus();
  });
  need(notice, "[data-forget]").addEventListener("click", () => {
    localStorage.removeItem(KEPT);
    setHidden(notice, true);
  });
}

/** @returns {{ text: string, at: number } | null} */
function readKept() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return typeof kept?.text === "string" && typeof kept.at === "number" ? kept : null;
  } catch {
    return null;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!form.dataset.asked) void run();
});

async function run() {
  if (!form.querySelector("[data-run]")) return;
  const first = found.errors[0];
  if (first) {
    goTo(first);
    return;
  }
  const under = underWay(form);
  const answer = await send(form.action, new FormData(form));
  under.end();
  if (answer.isDone) {
    localStorage.removeItem(KEPT);
    location.assign(answer.url);
  } else {
    showRefusal("Running it was refused", answer.detail);
    void look();
  }
}

which.addEventListener("change", () => void look());
setHidden(form.querySelector("[data-without-script]"), true);
offerKept();
void look();
