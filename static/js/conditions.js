// @ts-check
/** The line below the strip: what is wrong, in words. `procedures/pages/page.py` says the same when the page is made. */

import { need, setHidden, slot } from "./dom.js";
import { clock } from "./format.js";

/** @typedef {import("./live.js").NodeHealth} NodeHealth */

/**
 * @param {NodeHealth[]} nodes as the server last told
 * @param {number} timeout seconds after which a heartbeat is missed
 * @param {number} now the server's time at which it told, Unix seconds
 * @param {import("./records.js").ProcedureRecord[]} unknown procedures that may run unmanaged
 * @returns {string[]}
 */
export function conditions(nodes, timeout, now, unknown) {
  const words = unknown.map((record) => `${record.name} #${record.id} is UNKNOWN, perhaps it still runs: look at it.`);
  const isMissed = (/** @type {NodeHealth} */ node) => node.heartbeat_age_s > timeout;
  if (nodes.every(isMissed)) {
    const youngest = Math.min(...nodes.map((node) => node.heartbeat_age_s));
    const last = nodes.length ? `, last heard of at ${clock(now - youngest)} UTC` : "";
    return [`No process manager is running${last}: nothing can be prepared, started or stopped. Start it: make up.`, ...words];
  }
  const silent = nodes.filter(isMissed).map((node) => `${node.name}: its process manager is silent.`);
  return [...silent, ...nodes.flatMap((node) => node.problems.map((problem) => `${node.name}: ${problem}`)), ...words];
}

/** @param {import("./live.js").LiveLink} link @param {import("./records.js").ProcedureRecord[]} live */
export function showConditions(link, live) {
  if ((!link.nodes || link.state === "stale") && !link.problem) return;
  const bar = need(document, "[data-conditions]");
  const unknown = live.filter((record) => record.state === "UNKNOWN");
  const words = link.problem ? [link.problem] : [];
  if (link.nodes) words.push(...conditions(link.nodes, Number(document.body.dataset.heartbeatTimeout), link.asOf, unknown));
  const list = slot(bar, "list");
  if (words.join("\n") !== [...list.children].map((item) => item.textContent).join("\n")) {
    list.replaceChildren(...words.map(item));
  }
  setHidden(bar, words.length === 0);
}

/** @param {string} words */
function item(words) {
  const element = document.createElement("li");
  element.textContent = words;
  return element;
}
