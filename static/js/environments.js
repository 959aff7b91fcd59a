// @ts-check
/** Environments: the pages read themselves again, often while something may change, and whatever differs is put in its place. */

import { all } from "./dom.js";
import { onTurn } from "./site.js";

let lookedAt = performance.now();
let isLooking = false;

onTurn((isFrozen) => {
  const shown = /** @type {HTMLElement | null} */ (document.querySelector("[data-reads-again]"));
  if (!shown) return;
  const isDue = performance.now() - lookedAt >= Number(shown.dataset.readsAgain) * 1000;
  if (isDue && !isFrozen && !isLooking && !document.hidden) void look(shown);
});

document.addEventListener("done", (event) => {
  const form = /** @type {HTMLElement} */ (event.target);
  if (form.matches("[data-goes-on]")) location.assign(/** @type {CustomEvent<string>} */ (event).detail);
  else lookedAt = -Infinity;
});

/** @param {HTMLElement} shown */
async function look(shown) {
  isLooking = true;
  lookedAt = performance.now();
  try {
    const response = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const again = /** @type {HTMLElement | null} */ (fresh.querySelector("[data-reads-again]"));
    if (again) shown.dataset.readsAgain = again.dataset.readsAgain;
    const parts = all(document, "[data-fresh]");
    if (parts.some((part) => !counterpart(fresh, part))) location.reload(); // the first one has come
    for (const part of parts) take(part, counterpart(fresh, part));
  } catch {
    // the link says that the server is gone
  } finally {
    isLooking = false;
  }
}

/** @param {Document} page @param {HTMLElement} part */
function counterpart(page, part) {
  return /** @type {HTMLElement | null} */ (page.querySelector(`[data-fresh="${part.dataset.fresh}"]`));
}

/** What has a version differs when that does: forms carry a token that is new every time. @param {HTMLElement} part @param {HTMLElement | null} fresh */
function take(part, fresh) {
  if (!fresh) return;
  const isSame = part.dataset.version ? part.dataset.version === fresh.dataset.version : part.innerHTML === fresh.innerHTML;
  if (isSame) return;
  const isAtEnd = part.scrollTop + part.clientHeight >= part.scrollHeight - 4;
  part.replaceChildren(...fresh.childNodes);
  if (fresh.dataset.version) part.dataset.version = fresh.dataset.version;
  if (isAtEnd) part.scrollTop = part.scrollHeight; // a log is followed to its end
}
