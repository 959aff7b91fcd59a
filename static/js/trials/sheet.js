// @ts-check
/**
 * The text of the editor: a plain textarea, so that every keyboard and screen reader knows it, above a coloured copy of its text and
 * beside the numbers of its lines. What is typed for the user goes through `insertText`, so that undo takes it back.
 */

import { need } from "../dom.js";
import { indent, newLine, outdent } from "./typing.js";
import { coloured } from "./yaml.js";

const MOST_COLOURED = 60_000;

export class Sheet {
  /** Escape has been pressed: the next Tab leaves the field. */
  #mayLeave = false;
  /** @type {Set<number>} */ #wrong = new Set();

  /** @param {HTMLElement} place @param {() => void} onChange */
  constructor(place, onChange) {
    this.place = place;
    this.area = /** @type {HTMLTextAreaElement} */ (need(place, "textarea"));
    this.colours = need(place, "[data-colours]");
    this.lines = need(place, "[data-lines]");
    place.classList.add("editor--live");
    this.area.addEventListener("input", () => {
      this.#wrong = new Set(); // what was wrong may stand elsewhere now
      this.paint();
      onChange();
    });
    this.area.addEventListener("keydown", (event) => this.#take(event));
    this.area.addEventListener("blur", () => (this.#mayLeave = false));
    this.paint();
  }

  get text() {
    return this.area.value;
  }

  set text(text) {
    this.area.value = text;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Mark the lines that have errors. @param {Iterable<number>} lines counted from 1 */
  mark(lines) {
    this.#wrong = new Set(lines);
    this.paint();
  }

  /** Choose a stretch of the text, and bring it into view. @param {number} start @param {number} end */
  choose(start, end) {
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    const line = this.text.slice(0, start).split("\n").length;
    this.lines.children[line - 1]?.scrollIntoView({ block: "center" });
  }

  /** Replace a stretch as if it had been typed. @param {number} from @param {number} to @param {string} words */
  replace(from, to, words) {
    this.choose(from, to);
    this.#type(words);
  }

  /** Colour the copy, and number the lines. */
  paint() {
    const text = this.text;
    const isLong = text.length > MOST_COLOURED;
    const lines = isLong ? text.split("\n").map((line) => [{ text: line, kind: "" }]) : coloured(text);
    this.colours.replaceChildren(...lines.map((pieces, i) => this.#line(pieces, i + 1)));
    if (this.lines.childElementCount !== lines.length || this.lines.querySelector(".is-wrong") || this.#wrong.size) {
      this.lines.replaceChildren(...lines.map((_, i) => element("editor__n", String(i + 1), this.#wrong.has(i + 1))));
    }
  }

  /** @param {{ text: string, kind: string }[]} pieces @param {number} number */
  #line(pieces, number) {
    const line = element("editor__line", "", this.#wrong.has(number));
    for (const piece of pieces) line.append(piece.kind ? element(`y-${piece.kind}`, piece.text, false) : piece.text);
    line.append("\n");
    return line;
  }

  /** @param {KeyboardEvent} event */
  #take(event) {
    if (event.key === "Escape") {
      this.#mayLeave = true;
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const chosen = { text: this.text, start: this.area.selectionStart, end: this.area.selectionEnd };
    let change = null;
    if (event.key === "Tab" && !this.#mayLeave) change = event.shiftKey ? outdent(chosen) : indent(chosen);
    else if (event.key === "Enter" && !event.shiftKey) change = newLine(chosen);
    if (event.key !== "Tab" && event.key !== "Shift") this.#mayLeave = false;
    if (!change) return;
    event.preventDefault();
    this.area.setSelectionRange(change.from, change.to);
    this.#type(change.insert);
    this.area.setSelectionRange(change.start, change.end);
  }

  /** @param {string} words */
  #type(words) {
    // The only way to change the text that undo knows of; where a browser has no more of it, undo is lost and nothing else.
    const isTyped = words ? document.execCommand("insertText", false, words) : document.execCommand("delete");
    if (isTyped) return;
    this.area.setRangeText(words, this.area.selectionStart, this.area.selectionEnd, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** @param {string} className @param {string} text @param {boolean} isWrong */
function element(className, text, isWrong) {
  const made = document.createElement("span");
  made.className = isWrong ? `${className} is-wrong` : className;
  if (text) made.textContent = text;
  return made;
}
