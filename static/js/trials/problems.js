// @ts-check
/** Errors, warnings and findings as items of a list: where, what, and how to put it right. */

import { make } from "../svg.js";
import { remedyOf } from "./typing.js";

/** @typedef {{ path: string, message: string, hint: string, line: number | null }} Problem */

/** @param {Problem} error @param {"failed" | "error"} kind @param {{ goTo: (error: Problem) => void, putRight: (error: Problem) => void }} ways */
export function problem(error, kind, ways) {
  const words = document.createElement("span");
  if (error.line) {
    words.append(button(`line ${error.line}`, `Go to line ${error.line}`, () => ways.goTo(error)), " ");
  }
  words.append(mono(error.path || "document"), ": ", Object.assign(document.createElement("strong"), { textContent: error.message }));
  if (error.hint) words.append(hint(error, ways));
  return item(kind, words);
}

/** @param {{ message: string, remedy: string }} found */
export function finding(found) {
  const words = document.createElement("span");
  words.append(found.message, under(found.remedy));
  return item("error", words);
}

/** @param {Problem} error @param {{ putRight: (error: Problem) => void }} ways */
function hint(error, ways) {
  const { meant } = remedyOf(error);
  const line = under("");
  if (meant && error.line) line.append("did you mean ", button(meant, `Write ${meant} instead`, () => ways.putRight(error)), "?");
  else line.append(error.hint);
  return line;
}

/** @param {"failed" | "error"} kind @param {HTMLElement} words */
function item(kind, words) {
  const made = document.createElement("li");
  made.dataset.state = kind;
  const glyph = make("svg", { class: "glyph", "aria-hidden": "true" });
  glyph.append(make("use", { href: kind === "failed" ? "#g-FAILED" : "#g-error" }));
  made.append(glyph, words);
  return made;
}

/** @param {string} words @param {string} name @param {() => void} action */
function button(words, name, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "link num";
  made.textContent = words;
  made.setAttribute("aria-label", name);
  made.addEventListener("click", action);
  return made;
}

/** @param {string} text */
function mono(text) {
  return Object.assign(document.createElement("span"), { className: "mono", textContent: text });
}

/** @param {string} text */
function under(text) {
  return Object.assign(document.createElement("span"), { className: "under second", textContent: text });
}
