// @ts-check
/** Refusals stay until they are dismissed. */

import { cast, need, setText, slot } from "./dom.js";

/** @param {string} what that was asked for @param {string} why it was refused */
export function showRefusal(what, why) {
  const notice = cast("mould-refusal");
  setText(slot(notice, "what"), what);
  setText(slot(notice, "why"), why);
  need(document, "[data-refusals]").append(notice);
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-dismiss]");
  button?.closest(".refusal")?.remove();
});
