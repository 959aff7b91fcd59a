// @ts-check
/** The confirmation of a stop: it names what ends and what goes on, and its button names it again. Enter alone stops nothing. */

import { underWay } from "./commands.js";
import { all, cast, need, setHidden, setText, slot } from "./dom.js";
import { isStopping, sectionOf, shown } from "./records.js";
import { showRefusal } from "./refusals.js";
import { read, send } from "./send.js";
import { countsInBrief, lasted } from "./trials/lines.js";
import { isOver } from "./trials/model.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */
/** @typedef {import("./trials/lines.js").Line} Line */

const MAX_ABORTS_ASKED = 20;
const FORGOTTEN_AFTER_S = 3600;
/** Before the id of a trial that is chosen among procedures. */
const TRIAL = "trial:";

/** @param {() => ProcedureRecord[]} live what can be stopped @param {() => Line[]} trials @param {() => number} now Unix seconds */
export function offerStop(live, trials, now) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#stop-dialog"));
  if (!dialog) return;
  const form = /** @type {HTMLFormElement} */ (need(dialog, "form"));
  /** @type {HTMLElement | null} */
  let opener = null;

  document.addEventListener("click", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const link = /** @type {HTMLElement | null} */ (target.closest("[data-stop], [data-stop-all], [data-clean-up]"));
    if (!link || dialog.contains(link)) return;
    const id = Number(link.closest("[data-procedure]")?.getAttribute("data-procedure"));
    const isCleanUp = link.matches("[data-clean-up]");
    const isAll = link.matches("[data-stop-all], [data-clean-up]");
    const wholes = isAll && !isCleanUp ? trials().filter((line) => !isOver(line.state)) : [];
    const inWholes = new Set(isAll ? (isCleanUp ? trials() : wholes).map((line) => line.id) : []);
    const singles = live().filter((record) => !inWholes.has(record.trial ?? 0));
    const candidates = isCleanUp ? singles.filter((record) => sectionOf(record.state) === "prepared") : singles.sort(byUrgency);
    const chosen = isAll ? null : (candidates.find((record) => record.id === id) ?? null);
    if (link.matches("[data-stop]") && !chosen) return; // it is not known here: the link leads to its own page
    event.preventDefault();
    const focused = document.activeElement; // a key may have come from a row: there one goes on
    opener = focused instanceof HTMLElement && focused !== document.body ? focused : link;
    form.toggleAttribute("data-is-clean-up", isCleanUp);
    fill(form, { wholes, live: candidates, chosen }, link.dataset.stop ?? "stop", now());
    dialog.showModal();
    if (!isCleanUp) void checkAborts(form);
    need(dialog, "#stop-title").focus();
  });
  need(dialog, "[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => opener?.isConnected && opener.focus());
  form.addEventListener("change", (event) => {
    name(form);
    if (/** @type {HTMLElement} */ (event.target).matches('[name="procedure"]')) sayWhetherAbortsArePossible(form);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.dataset.asked) void stop(dialog, form, live);
  });
}

/** Live numbers go on while the dialog is open. @param {ProcedureRecord[]} live @param {number} now */
export function refreshStop(live, now) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#stop-dialog"));
  if (!dialog?.open) return;
  const form = /** @type {HTMLFormElement} */ (need(dialog, "form"));
  const one = live.find((record) => String(record.id) === form.dataset.one);
  if (one) setText(slot(form, "one"), sentence(one, now));
  for (const choice of all(slot(form, "many"), ".rung")) {
    const record = live.find((r) => String(r.id) === need(choice, "input").getAttribute("value"));
    if (record) setText(slot(choice, "words"), sentence(record, now));
  }
}

/** @param {HTMLFormElement} form @param {{ wholes: Line[], live: ProcedureRecord[], chosen: ProcedureRecord | null }} offered @param {string} how @param {number} now */
function fill(form, { wholes, live, chosen }, how, now) {
  form.dataset.one = chosen ? String(chosen.id) : "";
  const many = slot(form, "many");
  setHidden(slot(form, "one"), !chosen);
  setHidden(many, Boolean(chosen));
  setHidden(slot(form, "error"), true);
  setText(slot(form, "one"), chosen ? sentence(chosen, now) : "");
  const others = chosen ? live.filter((record) => record.id !== chosen.id && record.state === "RUNNING") : [];
  setText(slot(form, "others"), others.length ? `Goes on running: ${others.map((record) => `${record.name} #${record.id}`).join(", ")}.` : "");
  const isAlone = wholes.length === 0 && live.filter((record) => record.state === "RUNNING").length === 0;
  const isCleanUp = form.hasAttribute("data-is-clean-up");
  const singles = chosen ? [] : live.map((record) => choice(record, isCleanUp ? isForgotten(record, now) : isChosen(record, isAlone), now));
  many.replaceChildren(...wholes.map((line) => choiceOfTrial(line, now)), ...singles);
  setHidden(slot(form, "clean-up"), !isCleanUp);
  setHidden(need(form, "[data-abort]"), isCleanUp);
  const rung = form.querySelector(`input[name="how"][value="${how}"]`) ?? need(form, 'input[name="how"]');
  /** @type {HTMLInputElement} */ (rung).checked = true;
  setText(need(form, "[data-close]"), isCleanUp ? "Leave them" : chosen && isStopping(chosen) ? "Wait for it" : "Let it run");
  if (isCleanUp) setText(slot(form, "title"), "End which prepared procedures?");
  else setText(slot(form, "title"), chosen ? `Stop ${chosen.name}?` : live.length + wholes.length ? "Stop which?" : "Nothing runs and nothing is prepared");
  const names = [...wholes.map((line) => [TRIAL + line.id, line.name]), ...live.map((record) => [record.id, record.name])];
  form.dataset.names = JSON.stringify(Object.fromEntries(names));
  name(form);
}

/** @typedef {{ subarray: string, fault: string }} Abort whether an abort is possible, and why not */

/** What the server said of the aborts of those that can be stopped, by id. @type {Map<string, Abort>} */
let aborts = new Map();

/** Ask whether what can be chosen can be aborted: only the server knows the abort script and all the arguments. @param {HTMLFormElement} form */
async function checkAborts(form) {
  aborts = new Map();
  sayWhetherAbortsArePossible(form);
  const ids = form.dataset.one ? [form.dataset.one] : Object.keys(JSON.parse(form.dataset.names ?? "{}"));
  const mine = aborts;
  await Promise.all(
    ids.filter((id) => !id.startsWith(TRIAL)).slice(0, MAX_ABORTS_ASKED).map(async (id) => {
      const answer = await read(`/procedures/${id}/stop/`);
      if (answer?.abort) mine.set(id, answer.abort);
    }),
  );
  if (mine === aborts) sayWhetherAbortsArePossible(form);
}

/** What is not known is left to the server, which checks before anything is stopped. @param {HTMLFormElement} form */
function sayWhetherAbortsArePossible(form) {
  const chosen = targets(form).filter((id) => !id.startsWith(TRIAL));
  const known = chosen.map((id) => aborts.get(id)).filter((abort) => abort !== undefined);
  const faults = [...new Set(known.map((abort) => abort.fault).filter(Boolean))];
  const subarrays = known.map((abort) => abort.subarray).filter(Boolean);
  const box = /** @type {HTMLInputElement} */ (need(form, 'input[value="abort"]'));
  box.disabled = faults.length > 0;
  if (box.disabled && box.checked) /** @type {HTMLInputElement} */ (need(form, 'input[value="stop"]')).checked = true;
  const isCertain = known.length > 0 && known.length === chosen.length && subarrays.length === known.length;
  setText(slot(form, "abort"), isCertain ? `Stop, then abort ${subarrays.length > 1 ? "subarrays" : "subarray"} ${subarrays.join(", ")}` : "Stop, then abort its subarray");
  setText(slot(form, "abort-fault"), faults.length ? `Not possible: ${faults.join("; ")}.` : "");
  setHidden(slot(form, "abort-fault"), faults.length === 0);
  setHidden(slot(form, "abort-words"), faults.length > 0);
  name(form);
}

/** What runs comes first, then what may run. @param {ProcedureRecord} a @param {ProcedureRecord} b */
function byUrgency(a, b) {
  return rank(a) - rank(b) || a.id - b.id;
}

/** @param {ProcedureRecord} record */
function rank(record) {
  const i = ["RUNNING", "UNKNOWN", "INITIALISING", "LOADING"].indexOf(record.state);
  return i < 0 ? 9 : i;
}

/** What runs; where nothing does, what is on its way. @param {ProcedureRecord} record @param {boolean} isAlone nothing runs */
function isChosen(record, isAlone) {
  return record.state === "RUNNING" || (isAlone && record.state !== "READY" && record.state !== "IDLE");
}

/** Prepared, and not started for so long that it is probably not needed any more. @param {ProcedureRecord} record @param {number} now */
function isForgotten(record, now) {
  return record.state === "READY" && now - record.created_at > FORGOTTEN_AFTER_S;
}

/** @param {ProcedureRecord} record @param {boolean} isChecked @param {number} now */
function choice(record, isChecked, now) {
  const made = cast("mould-stop-choice");
  const box = /** @type {HTMLInputElement} */ (need(made, "input"));
  box.value = String(record.id);
  box.checked = isChecked;
  setText(slot(made, "name"), record.name);
  setText(slot(made, "id"), `#${record.id}`);
  setText(slot(made, "words"), sentence(record, now));
  return made;
}

/** A trial is ended as a whole, so that nothing of it starts after what was stopped. @param {Line} line @param {number} now */
function choiceOfTrial(line, now) {
  const made = cast("mould-stop-choice");
  const box = /** @type {HTMLInputElement} */ (need(made, "input"));
  box.value = TRIAL + line.id;
  box.checked = true;
  setText(slot(made, "name"), line.name);
  setText(slot(made, "id"), `trial ${line.number}`);
  const since = line.started_at ? `${line.state} for ${lasted(line, now)}` : line.state;
  setText(slot(made, "words"), `Trial, ${since}: ${countsInBrief(line) || "no scripts"}. It is aborted: what runs ends, what waits never starts, but for what ignores an abort.`);
  return made;
}

/** What it is and since when. @param {ProcedureRecord} record @param {number} now */
function sentence(record, now) {
  const words = shown(record, now);
  const withWhat = words.arguments ? `, with ${words.arguments}` : "";
  const stopping = words.stopping ? ` It is ${words.stopping}.` : "";
  return sectionOf(record.state) === "running"
    ? `${words.state} for ${words.elapsed}, started by ${words.started_by || "nobody"} at ${words.started}${withWhat}.${stopping}`
    : `${words.state}, prepared by ${words.created_by || "nobody"} at ${words.created}${withWhat}.${stopping}`;
}

/** The ids that are chosen. @param {HTMLFormElement} form */
function targets(form) {
  if (form.dataset.one) return [form.dataset.one];
  return all(form, 'input[name="procedure"]:checked').map((box) => /** @type {HTMLInputElement} */ (box).value);
}

/** The button names what it ends. @param {HTMLFormElement} form */
function name(form) {
  const ids = targets(form);
  const names = JSON.parse(form.dataset.names ?? "{}");
  const how = new FormData(form).get("how");
  const verb = how === "kill" ? "Kill" : how === "abort" ? "Stop and abort" : "Stop";
  const what = ids.length === 1 ? names[ids[0] ?? ""] : ids.length === 2 ? "both" : `all ${ids.length}`;
  const isCleanUp = form.hasAttribute("data-is-clean-up");
  if (isCleanUp) setText(slot(form, "go"), ids.length < 2 ? `End ${what ?? "them"}` : `End ${ids.length} of them`);
  else setText(slot(form, "go"), ids.length ? `${verb} ${what}` : verb);
  /** @type {HTMLButtonElement} */ (need(form, 'button[type="submit"]')).disabled = ids.length === 0;
}

/**
 * All at once, each with its own request: none waits for the grace period of another. Of a trial the scripts follow, as each of them is
 * to be ended the way that was chosen, also one that ignores the abort.
 * @param {HTMLDialogElement} dialog @param {HTMLFormElement} form @param {() => ProcedureRecord[]} live
 */
async function stop(dialog, form, live) {
  const how = String(new FormData(form).get("how"));
  const ids = targets(form);
  const names = JSON.parse(form.dataset.names ?? "{}");
  const under = underWay(form);
  const ask = async (/** @type {string} */ id) => {
    const isTrial = id.startsWith(TRIAL);
    const number = id.replace(TRIAL, "");
    const answer = await send(isTrial ? `/trials/${number}/abort/` : `/procedures/${id}/stop/`, new URLSearchParams({ how }));
    const members = isTrial ? live().filter((record) => String(record.trial) === number) : [];
    await Promise.all(members.map((record) => send(`/procedures/${record.id}/stop/`, new URLSearchParams({ how: how === "kill" ? how : "stop" }))));
    return { id, answer };
  };
  const asking = ids.map(ask);
  dialog.close();
  const isNews = (/** @type {{ id: string, answer: import("./send.js").Answer }} */ { id, answer }) => !answer.isDone && !(id.startsWith(TRIAL) && answer.code === "wrong_state");
  const refused = (await Promise.all(asking)).filter(isNews); // a trial that is over needs no abort
  under.end();
  for (const { id, answer } of refused) showRefusal(`Stopping ${names[id]} ${id.startsWith(TRIAL) ? "" : `#${id} `}was refused`, answer.detail);
}
