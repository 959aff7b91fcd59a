// @ts-check
/** The line below the strip: what is wrong, in words. `procedures/pages/conditions.py` says the same; `tests/js/conditions.json` holds both to it. */

import { say } from "./announce.js";
import { data, need, setHidden, slot } from "./dom.js";
import { clock } from "./format.js";
import { notice } from "./notices.js";

/** @typedef {import("./live.js").NodeHealth} NodeHealth */
/** @typedef {{ procedure: number, abort_of: number, cause: string }} FailedAbort */
/** @typedef {{ words: string, procedure: number | null, is_failed_abort: boolean }} Condition */

const ABORT_FAILED = "procedure.abort.failed";
const SEEN_COOKIE = "oet_seen_aborts";
const SEEN_FOR_S = 86400;
const MAX_SEEN = 50;

/** @type {FailedAbort[]} */
let failedAborts = [];

/** How many things are wrong, as the line below the strip says. */
export function attention() {
  const bar = /** @type {HTMLElement | null} */ (document.querySelector("[data-conditions]"));
  return bar && !bar.hidden ? bar.querySelectorAll("li").length : 0;
}

/**
 * @param {NodeHealth[]} nodes as the server last told
 * @param {number} timeout seconds after which a heartbeat is missed
 * @param {number} now the server's time at which it told, Unix seconds
 * @param {Pick<import("./records.js").ProcedureRecord, "id" | "name">[]} unknown procedures that may run unmanaged
 * @param {FailedAbort[]} [aborts] that did not do their work
 * @param {Pick<import("./records.js").ProcedureRecord, "id" | "name" | "said">[]} [live] that may ask something
 * @returns {Condition[]} the most urgent first
 */
export function conditions(nodes, timeout, now, unknown, aborts = [], live = []) {
  return [
    ...aborts.map((abort) => ({
      words: `The abort of #${abort.abort_of} failed, so its subarray may still be active: ${abort.cause || "no reason is known"}.`,
      procedure: abort.procedure,
      is_failed_abort: true,
    })),
    ...live.flatMap((record) =>
      (record.said.questions ?? []).map(() => ({ words: `${record.name} #${record.id} waits for an answer.`, procedure: record.id, is_failed_abort: false })),
    ),
    ...ofNodes(nodes, timeout, now).map((words) => ({ words, procedure: null, is_failed_abort: false })),
    ...unknown.map((record) => ({
      words: `${record.name} #${record.id} is UNKNOWN, perhaps it still runs: look at it.`,
      procedure: record.id,
      is_failed_abort: false,
    })),
  ];
}

/** @param {NodeHealth[]} nodes @param {number} timeout @param {number} now @returns {string[]} */
function ofNodes(nodes, timeout, now) {
  const isMissed = (/** @type {NodeHealth} */ node) => node.heartbeat_age_s > timeout;
  if (nodes.every(isMissed)) {
    const youngest = Math.min(...nodes.map((node) => node.heartbeat_age_s));
    const last = nodes.length ? `, last heard of at ${clock(now - youngest)} UTC` : "";
    return [`No process manager is running${last}: nothing can be prepared, started or stopped. Start it: make up.`];
  }
  return nodes.flatMap((node) => {
    if (isMissed(node)) return [`${node.name}: its process manager is silent.`];
    const draining = node.condition?.draining ? [`${node.name} takes no new starts: draining.`] : [];
    return [...draining, ...node.problems.map((problem) => `${node.name}: ${problem}`)];
  });
}

/** Nodes whose managers were missing when the server last told; null before it has told anything. @type {Set<string> | null} */
let missing = null;

/**
 * What to say because managers went missing, or came back; null where nothing changed. A page that finds one missing shows it and
 * says nothing: that is no news.
 * @param {Set<string> | null} before names @param {NodeHealth[]} nodes @param {number} timeout
 * @returns {{ words: string, isUrgent: boolean } | null}
 */
export function changeOfManagers(before, nodes, timeout) {
  if (!before) return null;
  const gone = nodes.filter((node) => node.heartbeat_age_s > timeout).map((node) => node.name);
  const lost = gone.filter((name) => !before.has(name));
  if (lost.length && gone.length === nodes.length) return { words: "No process manager is running: nothing can be prepared, started or stopped.", isUrgent: true };
  if (lost.length) return { words: `The process manager of ${lost.join(" and ")} is silent.`, isUrgent: true };
  const back = [...before].filter((name) => !gone.includes(name) && nodes.some((node) => node.name === name));
  return back.length ? { words: `The process manager of ${back.join(" and ")} is back.`, isUrgent: false } : null;
}

/** To a screen reader, and to whoever looks elsewhere. @param {import("./live.js").LiveLink} link @param {number} timeout */
function noteManagers(link, timeout) {
  const nodes = link.nodesNow;
  const change = changeOfManagers(missing, nodes, timeout);
  missing = new Set(nodes.filter((node) => node.heartbeat_age_s > timeout).map((node) => node.name));
  if (!change) return;
  say(change.words, change.isUrgent);
  if (change.isUrgent) notice("OET: process manager", change.words, link.now(), link.now(), "/health/");
}

/** Keep what the page was made with, and let people say that they have seen it. */
export function watchConditions() {
  failedAborts = data("failed-aborts") ?? [];
  need(document, "[data-conditions]").addEventListener("click", (event) => {
    const button = /** @type {HTMLElement} */ (event.target).closest("[data-seen]");
    if (button) forget(Number(button.getAttribute("data-seen")));
  });
}

/** An abort that failed is said at once, and stays. @param {import("./records.js").LoggedEvent} event */
export function noteCondition(event) {
  if (event.topic !== ABORT_FAILED || failedAborts.some((abort) => abort.procedure === event.payload.procedure)) return;
  const abort = /** @type {FailedAbort} */ (event.payload);
  failedAborts.push(abort);
  say(`The abort of procedure ${abort.abort_of} FAILED: ${abort.cause}.`, true);
}

/** @param {import("./live.js").LiveLink} link @param {import("./records.js").ProcedureRecord[]} live */
export function showConditions(link, live) {
  if (link.state === "stale") return; // the line stays as it was, like all else
  if (!link.nodes && !link.problem && !failedAborts.length) return;
  const bar = need(document, "[data-conditions]");
  const found = link.problem ? [{ words: link.problem, procedure: null, is_failed_abort: false }] : [];
  const unknown = live.filter((record) => record.state === "UNKNOWN");
  const timeout = Number(document.body.dataset.heartbeatTimeout);
  if (link.nodes && link.state === "live") noteManagers(link, timeout);
  if (link.nodes) found.push(...conditions(link.nodesNow, timeout, link.nodesAsOf + link.sinceNodes, unknown, failedAborts, live));
  else if (failedAborts.length) return; // the line is as the server made it until the nodes are known
  const list = slot(bar, "list");
  if (found.map((condition) => condition.words).join("\n") !== [...list.children].map((item) => item.firstChild?.textContent).join("\n")) {
    list.replaceChildren(...found.map(item));
  }
  bar.classList.toggle("conditions--loud", failedAborts.length > 0);
  setHidden(bar, found.length === 0);
}

/** @param {number} procedure */
function forget(procedure) {
  failedAborts = failedAborts.filter((abort) => abort.procedure !== procedure);
  const known = document.cookie.match(new RegExp(`(?:^|; )${SEEN_COOKIE}=([\\d.]+)`))?.[1]?.split(".") ?? [];
  const seen = [...known, procedure].slice(-MAX_SEEN).join(".");
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${SEEN_COOKIE}=${seen}; path=/; max-age=${SEEN_FOR_S}; SameSite=Lax${secure}`;
  for (const button of document.querySelectorAll(`[data-seen="${procedure}"]`)) button.closest("li")?.remove();
}

/** @param {Condition} condition */
function item(condition) {
  const element = document.createElement("li");
  const words = condition.procedure ? document.createElement("a") : document.createElement("span");
  if (words instanceof HTMLAnchorElement) words.href = `/procedures/${condition.procedure}/`;
  words.textContent = condition.words;
  element.append(words);
  if (condition.is_failed_abort) {
    element.className = "failed strong";
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button button--small", textContent: "Seen" });
    button.dataset.seen = String(condition.procedure);
    element.append(button);
  }
  return element;
}
