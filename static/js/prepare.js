// @ts-check
/** Prepare: the list of scripts narrows as you type, and what is filled in is checked by the server before it is sent. */

import { all, need, setHidden } from "./dom.js";
import { DraftCheck } from "./draft_check.js";
import { onKey } from "./keys.js";
import "./site.js";

const scripts = need(document, "[data-scripts]");
const find = /** @type {HTMLInputElement | null} */ (scripts.querySelector("[data-find]"));
if (find) {
  setHidden(scripts.querySelector("[data-needs-script]"), false);
  onKey("/", () => find.focus());
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") find.blur();
    if (event.key === "Enter" && find.value.trim()) openFirst();
  });
  find.addEventListener("input", () => narrow(find.value.toLowerCase().split(/\s+/)));
}
onKey("Escape", () => {
  if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body) document.activeElement.blur();
  else location.assign("/");
});

const form = /** @type {HTMLFormElement | null} */ (document.querySelector("[data-draft]"));
if (form) {
  new DraftCheck(form);
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && event.ctrlKey && !target.closest("form, dialog")) form.requestSubmit(); // in a form: keys.js
  });
}

/** Chooses the first script that was found; the next stop of Tab is its form. */
function openFirst() {
  const link = /** @type {HTMLAnchorElement | null} */ (scripts.querySelector("[data-name]:not([hidden]) a"));
  if (link) location.assign(`${link.href}#draft`);
}

/** @param {string[]} words */
function narrow(words) {
  const items = all(scripts, "[data-name]");
  for (const item of items) setHidden(item, !words.every((word) => item.dataset.name?.toLowerCase().includes(word)));
  setHidden(need(scripts, "[data-none]"), items.some((item) => !item.hidden));
}
