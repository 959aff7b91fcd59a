// @ts-check
/** Environments: while something may change the page reads itself again, every second. */

import { onTurn } from "./site.js";

const EVERY_MS = 1000;

let lookedAt = performance.now();
let isLooking = false;

onTurn((isFrozen) => {
  const shown = /** @type {HTMLElement | null} */ (document.querySelector("[data-environments]"));
  const isDue = performance.now() - lookedAt >= EVERY_MS;
  if (shown?.dataset.isLive && isDue && !isFrozen && !isLooking && !document.hidden) void look(shown);
});

/** @param {HTMLElement} shown */
async function look(shown) {
  isLooking = true;
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-environments]");
    if (fresh && fresh.innerHTML !== shown.innerHTML) shown.replaceWith(fresh);
  } catch {
    // the link says that the server is gone
  } finally {
    isLooking = false;
    lookedAt = performance.now();
  }
}
