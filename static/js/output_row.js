// @ts-check
/** One line of output as a row of the page: its number, which is a link to it, its time, its stream, its text with colours. */

import { spans } from "./ansi.js";
import { number, preciseClock } from "./format.js";

/** @typedef {import("./lines.js").Line} Line */

/** @param {Line} line */
export function outputRow(line) {
  const row = document.createElement("li");
  row.dataset.number = String(line.number);
  row.dataset.offset = String(line.offset);
  if (line.stream === "gap") return gap(row, line);
  row.id = `L${line.number}`;
  if (line.stream === "stderr") row.dataset.stream = "err";
  const time = document.createElement("time");
  time.textContent = preciseClock(line.time ?? 0);
  row.append(link(line.number), time, part("output__stream", line.stream === "stderr" ? "err" : ""), lineText(line.text));
  return row;
}

/** The number of a line; no tab stop, for there may be thousands. @param {number} line */
function link(line) {
  const element = document.createElement("a");
  element.className = "output__n";
  element.href = `#L${line}`;
  element.tabIndex = -1;
  element.setAttribute("aria-label", `Line ${line}`);
  element.textContent = number(line);
  return element;
}

/** @param {HTMLElement} row @param {Line} line */
function gap(row, line) {
  row.className = "gap";
  row.textContent = line.text;
  return row;
}

/** @param {string} className @param {string} words */
function part(className, words) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = words;
  return element;
}

/** The text of a line, with its colours. @param {string} line */
export function lineText(line) {
  const element = part("output__text", "");
  for (const span of spans(line)) element.append(span.classes.length ? part(span.classes.join(" "), span.text) : span.text);
  return element;
}
