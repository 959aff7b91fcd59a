// @ts-check
/** What the editor does with keys, as pure functions of the text and what is chosen in it. */

/** @typedef {{ text: string, start: number, end: number }} Chosen */
/** @typedef {{ from: number, to: number, insert: string, start: number, end: number }} Change what replaces what, and what is chosen then */

const STEP = "  ";

/** Enter: the new line is indented like this one, and further after a colon. @param {Chosen} chosen @returns {Change} */
export function newLine({ text, start, end }) {
  const line = text.slice(lineStart(text, start), start);
  const indent = /^\s*(?:- )?/.exec(line)?.[0].replace("-", " ") ?? "";
  const more = /:\s*(?:[|>][+-]?)?\s*$/.test(line) ? STEP : "";
  const insert = `\n${indent}${more}`;
  return { from: start, to: end, insert, start: start + insert.length, end: start + insert.length };
}

/** Tab: to the next step, or all chosen lines one step further. @param {Chosen} chosen @returns {Change} */
export function indent(chosen) {
  const { text, start, end } = chosen;
  if (!text.slice(start, end).includes("\n")) {
    const column = start - lineStart(text, start);
    const insert = " ".repeat(STEP.length - (column % STEP.length));
    return { from: start, to: end, insert, start: start + insert.length, end: start + insert.length };
  }
  return lines(chosen, (line) => (line ? STEP + line : line));
}

/** Shift Tab: all chosen lines one step back. @param {Chosen} chosen @returns {Change} */
export function outdent(chosen) {
  return lines(chosen, (line) => line.replace(/^ {1,2}/, ""));
}

/**
 * The place of a word in a line, so that it can be chosen or replaced; the whole line where the word is not in it.
 * @param {string} text @param {number} line counted from 1 @param {string} word @returns {{ start: number, end: number }}
 */
export function placeOf(text, line, word) {
  const all = text.split("\n");
  const before = all.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const written = all[line - 1] ?? "";
  const at = word ? written.search(new RegExp(`(?<![\\w-])${word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w-])`)) : -1;
  return at < 0 ? { start: before, end: before + written.length } : { start: before + at, end: before + at + word.length };
}

/** What an error is about, and what was perhaps meant: for a button that puts it right. @param {{ path: string, message: string, hint: string }} error */
export function remedyOf(error) {
  const meant = /^did you mean '([^']+)'\?$/.exec(error.hint)?.[1] ?? "";
  const wrong = /'([^']+)'/.exec(error.message)?.[1] ?? error.path.split(".").pop() ?? "";
  return { wrong, meant };
}

/** @param {Chosen} chosen @param {(line: string) => string} change @returns {Change} */
function lines({ text, start, end }, change) {
  const from = lineStart(text, start);
  const next = text.indexOf("\n", end > start ? end - 1 : end);
  const to = next < 0 ? text.length : next;
  const insert = text.slice(from, to).split("\n").map(change).join("\n");
  const isOne = !text.slice(start, end).includes("\n");
  const moved = insert.length - (to - from);
  return isOne ? { from, to, insert, start: Math.max(from, start + moved), end: Math.max(from, end + moved) } : { from, to, insert, start: from, end: from + insert.length };
}

/** @param {string} text @param {number} at */
function lineStart(text, at) {
  return text.lastIndexOf("\n", at - 1) + 1;
}
