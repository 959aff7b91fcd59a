// @ts-check
/** One procedure on the page, from the same moulds that the server renders: its fields, its state, its addresses. */

import { all, cast, setGlyph, setHidden, setText } from "./dom.js";
import { localTime } from "./format.js";
import { drawGauge, drawMeter, drawProgress } from "./gauge.js";
import { fractionOf, isFinal, isStopping, shown } from "./records.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */

/** Addresses and ids in a mould are those of procedure 0. */
const OWN = ["href", "action", "id", "aria-labelledby"];

/** @param {"running" | "prepared" | "recent"} section @param {ProcedureRecord} record @param {number} now */
export function castRow(section, record, now) {
  const row = cast(`mould-${section}`);
  row.dataset.procedure = String(record.id);
  for (const element of [row, ...all(row, "*")]) {
    for (const name of OWN) {
      const value = element.getAttribute(name);
      if (value) element.setAttribute(name, value.replace(/\/procedures\/0\//, `/procedures/${record.id}/`).replace(/([-=])0$/, `$1${record.id}`));
    }
  }
  fillRow(row, record, now);
  return row;
}

/**
 * Show the record; nothing is touched that is right already.
 * @param {HTMLElement} row @param {ProcedureRecord} record @param {number} now @param {boolean} [isFrozen] the page is stale
 */
export function fillRow(row, record, now, isFrozen = false) {
  const words = shown(record, now, isFrozen);
  for (const element of all(row, "[data-field]")) {
    const text = words[element.dataset.field ?? ""];
    if (text !== undefined) setText(element, text);
  }
  for (const element of all(row, "[data-at]")) {
    const at = record[/** @type {"created_at" | "started_at" | "finished_at"} */ (element.dataset.at)];
    const words = at ? localTime(at) : "";
    if (words && element.dataset.tip !== words) element.dataset.tip = words;
  }
  for (const element of all(row, "[data-facts]")) fillFacts(element, record.facts);
  for (const element of all(row, "[data-gauge]")) drawGauge(element, record, now);
  for (const element of all(row, "[data-progress]")) drawProgress(element, fractionOf(record));
  for (const element of all(row, "[data-unless-paused]")) hideUnless(element, record.state === "RUNNING" && !words.paused);
  for (const element of all(row, "[data-while-paused]")) hideUnless(element, Boolean(words.paused));
  for (const element of all(row, "[data-meter]")) drawMeter(element, record, now);
  for (const element of all(row, "[data-field-state]")) {
    element.dataset.state = record.state;
    setGlyph(element, `g-${record.state}`);
  }
  for (const element of all(row, "[data-when]")) hideUnless(element, element.dataset.when === record.state);
  for (const element of all(row, "[data-while-live]")) hideUnless(element, !isFinal(record.state));
  showRungs(row, isStopping(record));
}

/** Label and value of what matters most. @param {HTMLElement} place @param {string[][]} facts */
function fillFacts(place, facts) {
  const key = JSON.stringify(facts);
  if (place.dataset.drawn === key) return;
  place.dataset.drawn = key;
  place.replaceChildren(
    ...facts.map(([label, value]) => {
      const fact = document.createElement("div");
      for (const [name, text] of [["dt", label], ["dd", value]]) fact.append(Object.assign(document.createElement(name ?? ""), { textContent: text }));
      return fact;
    }),
  );
}

/** Once it is asked to stop, the next thing to ask for is the kill; the other way of stopping steps back. @param {HTMLElement} row @param {boolean} isAsked */
function showRungs(row, isAsked) {
  const kill = row.querySelector("[data-kill-now]");
  const stop = row.querySelector("[data-until-asked]");
  const hadFocus = [kill, stop].includes(document.activeElement);
  setHidden(kill, !isAsked);
  setHidden(stop, isAsked);
  for (const element of all(row, "[data-plain-kill]")) setHidden(element, isAsked);
  if (hadFocus) /** @type {HTMLElement | null} */ (isAsked ? kill : stop)?.focus();
}

/** The keyboard is never left on something that has gone. @param {HTMLElement} element @param {boolean} isShown */
function hideUnless(element, isShown) {
  const hadFocus = !isShown && element.contains(document.activeElement);
  setHidden(element, !isShown);
  if (hadFocus) {
    const link = /** @type {HTMLElement | null} */ (element.closest("[data-procedure]")?.querySelector("a.plain") ?? null);
    link?.focus();
  }
}
