// @ts-check
/** The keyboard on Now: from procedure to procedure, start the one it is on, and find one in Recent. */

import { all, need, setHidden } from "./dom.js";
import { onKey } from "./keys.js";

/** @param {HTMLElement} board */
export function moveByKeys(board) {
  onKey("j", () => move(board, 1));
  onKey("k", () => move(board, -1));
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

/** The list narrows as one types. @param {HTMLElement} board @returns {() => void} to be called when rows have come or changed */
export function narrowRecent(board) {
  const find = /** @type {HTMLInputElement} */ (need(board, "[data-find]"));
  const list = need(board, '[data-list="recent"]');
  setHidden(need(board, "[data-needs-script]"), false);
  onKey("/", () => find.focus());
  find.addEventListener("keydown", (event) => event.key === "Escape" && find.blur());
  const narrow = () => {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    const rows = all(list, ":scope > [data-procedure]");
    for (const row of rows) setHidden(row, !words.every((word) => row.textContent?.toLowerCase().includes(word)));
    setHidden(need(board, "[data-none]"), words.length === 0 || rows.some((row) => !row.hidden));
  };
  find.addEventListener("input", narrow);
  return narrow;
}
