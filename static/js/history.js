// @ts-check
/** History: the keyboard, what the pointer is on in the night, and that something has ended since. */

import { all, need, setHidden, setText } from "./dom.js";
import { onKey } from "./keys.js";
import { moveByKeys } from "./moving.js";
import { isFinal } from "./records.js";
import { onChange, records } from "./site.js";

const search = /** @type {HTMLInputElement} */ (need(document, "[data-search]"));
onKey("/", () => search.focus());
search.addEventListener("keydown", (event) => event.key === "Escape" && search.blur());
for (const link of all(document, "[data-key]")) onKey(link.dataset.key ?? "", () => link.click());
moveByKeys(need(document, "[data-found]"));

const told = document.querySelector("[data-told]");
const quiet = told?.textContent ?? "";
for (const name of ["pointerover", "focusin"]) document.querySelector("[data-night]")?.addEventListener(name, tell);

/** @param {Event} event */
function tell(event) {
  const link = /** @type {Element} */ (event.target).closest(".bar-link");
  setText(told, link?.getAttribute("aria-label") ?? quiet);
}

onChange((changed) => {
  const hasEnded = [...changed].some((id) => isFinal(records.get(id)?.state ?? ""));
  if (hasEnded) setHidden(need(document, "[data-fresh]"), false);
});
