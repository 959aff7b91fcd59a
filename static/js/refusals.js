// @ts-check
/** Refusals stay until they are dismissed. */

import { cast, need, setText, slot } from "./dom.js";

/** @param {string} what that was asked for @param {string} why it was refused */
export function showRefusal(what, why) {
  const notice = cast("mould-refusal");
  setText(slot(notice, "what"), what);
  slot(notice, "why").replaceChildren(...linked(why));
  need(document, "[data-refusals]").append(notice);
}

document.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-dismiss]");
  button?.closest(".refusal")?.remove();
});

/** The words, with a way to each procedure they name. @param {string} words @returns {(string | HTMLElement)[]} */
function linked(words) {
  return words.split(/(procedure \d+)/).map((part) => {
    const id = part.match(/^procedure (\d+)$/)?.[1];
    return id ? Object.assign(document.createElement("a"), { href: `/procedures/${id}/`, textContent: part }) : part;
  });
}
