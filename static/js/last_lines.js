// @ts-check
/** On a wall display a running procedure shows its last lines. They are fetched one procedure after the other, never faster than they are read. */

import { all, setHidden } from "./dom.js";
import { number } from "./format.js";
import { Lines } from "./lines.js";
import { monotonic } from "./live.js";
import { lineText } from "./output_row.js";

/** @typedef {import("./lines.js").Line} Line */

export const SHOWN = 6;
const REST_S = 1;
/** Of lines without end not more is fetched. */
const MOST_BYTES = 32 * 1024;

const WALL = "(min-width: 1900px)";
/** Bytes of output that are shown, by procedure. @type {WeakMap<Element, number>} */
const shownBytes = new WeakMap();
let isBusy = false;
let fetchedAt = -REST_S;

/** Fetch the lines of one card whose output has grown. @param {ParentNode} root @param {Map<number, import("./records.js").ProcedureRecord>} records */
export function showLastLines(root, records) {
  if (!matchMedia(WALL).matches || document.hidden || isBusy || monotonic() - fetchedAt < REST_S) return;
  const cards = all(root, "[data-last-lines]").map((list) => ({ list, record: records.get(Number(list.closest("[data-procedure]")?.getAttribute("data-procedure"))) }));
  const due = cards.filter(({ list, record }) => record && record.output_bytes > (shownBytes.get(list) ?? 0));
  due.sort((a, b) => (shownBytes.has(a.list) ? 1 : 0) - (shownBytes.has(b.list) ? 1 : 0));
  const next = due[0];
  if (next?.record) void fill(next.list, next.record);
}

/** The last lines that frames hold. @param {import("./lines.js").Frame[]} frames @returns {Line[]} */
export function lastLines(frames) {
  const lines = new Lines();
  return frames.flatMap((frame) => lines.take(frame).added).slice(-SHOWN);
}

/** @param {HTMLElement} list @param {import("./records.js").ProcedureRecord} record */
async function fill(list, record) {
  isBusy = true;
  shownBytes.set(list, record.output_bytes);
  try {
    const response = await fetch(`/api/v1/procedures/${record.id}/output/?format=frames&tail=${SHOWN}&limit=${MOST_BYTES}`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const { frames } = await response.json();
    list.replaceChildren(...lastLines(frames).map(row));
    setHidden(list, !list.children.length);
  } catch {
    shownBytes.delete(list); // the link says that the server is gone
  } finally {
    fetchedAt = monotonic();
    isBusy = false;
  }
}

/** @param {Line} line */
function row(line) {
  const item = document.createElement("li");
  if (line.stream === "stderr") item.dataset.stream = "err";
  const place = document.createElement("span");
  place.className = "output__n";
  place.textContent = line.stream === "gap" ? "" : number(line.number);
  item.append(place, lineText(line.text));
  return item;
}
