// @ts-check
/** The keyboard on Now: from procedure to procedure, start the one it is on, look at its output. */

import { all } from "./dom.js";
import { onKey } from "./keys.js";

/** @param {HTMLElement} board */
export function moveByKeys(board) {
  onKey("j", () => move(board, 1));
  onKey("k", () => move(board, -1));
  onKey("o", () => {
    const chosen = document.activeElement?.closest("[data-procedure]") ?? board.querySelector('[data-list="running"] [data-procedure]');
    const link = /** @type {HTMLAnchorElement | null} */ (chosen?.querySelector("a.plain") ?? null);
    if (link) location.assign(`${link.href}#output`);
  });
  onKey("s", () => {
    const row = document.activeElement?.closest("[data-procedure]");
    /** @type {HTMLButtonElement | null} */ (row?.querySelector('[data-command="Start"]:not([hidden]) button') ?? null)?.click();
  });
}

/** To the next procedure that is to be seen, and from nowhere to the first or the last. @param {HTMLElement} board @param {1 | -1} step */
function move(board, step) {
  const links = all(board, "[data-procedure] a.plain").filter((link) => link.offsetParent);
  const row = document.activeElement?.closest("[data-procedure]");
  const at = row ? links.findIndex((link) => row.contains(link)) : -1;
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step));
  links[next]?.focus();
  links[next]?.scrollIntoView({ block: "nearest" });
}
