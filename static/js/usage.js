// @ts-check
/** What the scripts take of the machine, as their managers tell with each tick. */

import { all, setText } from "./dom.js";
import { size } from "./format.js";

/** @typedef {{ processes: number, cpu: number | null, memory_bytes: number }} Usage */

/** @param {ParentNode} root @param {import("./live.js").NodeHealth[]} nodes */
export function showUsage(root, nodes) {
  for (const place of all(root, "[data-usage]")) {
    const id = place.closest("[data-procedure]")?.getAttribute("data-procedure") ?? "";
    const usage = nodes.map((node) => node.condition?.usage?.[id]).find(Boolean);
    setText(place, usage ? usageWords(usage) : "");
  }
}

/** `4 with 38 % CPU, 412 MB`. @param {Usage} usage */
function usageWords({ processes, cpu, memory_bytes }) {
  const share = cpu === null ? "" : `${Math.round(cpu * 100)}\u202f% CPU, `;
  return `${processes} with ${share}${size(memory_bytes)}`;
}
