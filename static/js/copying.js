// @ts-check
/** Buttons that copy a text of the page. They say what became of it themselves, and to a screen reader. */

import { say } from "./announce.js";
import { setText } from "./dom.js";

const SHOWN_MS = 4000;

/** Listen for whoever wants to copy. What is copied may be made anew at any time, so the listener is the document's. */
export function watchCopying() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? /** @type {HTMLElement | null} */ (event.target.closest("[data-copy]")) : null;
    const text = button && document.getElementById(button.dataset.copy ?? "");
    if (button && text) void copy(button, text);
  });
}

/** @param {HTMLElement} button @param {HTMLElement} text */
async function copy(button, text) {
  const words = (await isCopied(text)) ? "Copied" : "Marked: press Ctrl+C";
  say(words, false);
  setText(button, words);
  setTimeout(() => setText(button, "Copy"), SHOWN_MS);
}

/**
 * Whether the clipboard has it now. Browsers lend it to pages of https and of the same machine; elsewhere the text is marked for the person.
 * @param {HTMLElement} text
 */
async function isCopied(text) {
  try {
    await navigator.clipboard.writeText(text.textContent ?? "");
    return true;
  } catch {
    text.closest("details")?.setAttribute("open", "");
    getSelection()?.selectAllChildren(text);
    text.focus();
    return false;
  }
}
