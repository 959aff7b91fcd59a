// @ts-check
/**
 * The lists of the dashboard. What is in a row changes at once; rows come, go and move only while neither pointer nor keyboard is on
 * one, so that nobody presses what was not there a moment ago.
 */

import { all, need, setHidden, setText } from "./dom.js";
import { number } from "./format.js";
import { monotonic } from "./live.js";
import { isFinal, sectionOf } from "./records.js";
import { castRow, fillRow } from "./rows.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */
/** @typedef {"running" | "prepared" | "recent"} Section */

/** Nobody is about to press anything when neither pointer nor key has moved for this long. */
const HELD_AT_MOST_S = 20;

/**
 * The ids of each list in the order in which they stand.
 * @param {Iterable<ProcedureRecord>} records @param {number} maxRecent
 * @param {(record: ProcedureRecord, section: Section) => boolean} [isWanted] what runs is always shown
 * @param {boolean} [isNarrowed] something is looked for, so scripts of trials are shown, too; else their trials are, as a line each
 * @returns {Record<Section, number[]>}
 */
export function arrange(records, maxRecent, isWanted = () => true, isNarrowed = false) {
  /** @type {Record<Section, ProcedureRecord[]>} */
  const lists = { running: [], prepared: [], recent: [] };
  for (const record of records) {
    const section = sectionOf(record.state);
    if (record.trial && record.state !== "UNKNOWN" && !(isNarrowed && section === "recent")) continue;
    if (section === "running" || isWanted(record, section)) lists[section].push(record);
  }
  lists.running.sort((a, b) => (a.started_at ?? 0) - (b.started_at ?? 0) || a.id - b.id);
  lists.prepared.sort((a, b) => a.id - b.id);
  const unknown = lists.recent.filter((record) => record.state === "UNKNOWN").sort((a, b) => b.id - a.id);
  const ended = lists.recent.filter((record) => record.state !== "UNKNOWN");
  ended.sort((a, b) => (b.finished_at ?? 0) - (a.finished_at ?? 0) || b.id - a.id);
  const ids = (/** @type {ProcedureRecord[]} */ list) => list.map((record) => record.id);
  return { running: ids(lists.running), prepared: ids(lists.prepared), recent: [...ids(unknown), ...ids(ended.slice(0, maxRecent))] };
}

export class Board {
  /** @param {HTMLElement} root @param {Map<number, ProcedureRecord>} records */
  constructor(root, records) {
    this.root = root;
    this.records = records;
    this.maxRecent = Number(root.dataset.maxRecent);
    this.isDirty = true;
    /** What the lists are narrowed to. @type {(record: ProcedureRecord, section: Section) => boolean} */
    this.isWanted = () => true;
    this.isNarrowed = false;
    /** Whether the server has more of what is recent than these lists hold. */
    this.hasMore = false;
    /** Trials that are under way: with one of them, something runs. */
    this.trials = 0;
    this.lastTouch = -HELD_AT_MOST_S;
    for (const kind of ["pointermove", "pointerdown", "keydown"]) {
      document.addEventListener(kind, () => (this.lastTouch = monotonic()), { passive: true });
    }
  }

  /** Fill the rows of these procedures; whether rows must move is seen at the next turn. @param {Iterable<number>} ids @param {number} now */
  fill(ids, now) {
    for (const id of ids) {
      const record = this.records.get(id);
      if (record) for (const row of all(this.root, `[data-procedure="${id}"]`)) fillRow(row, record, now);
    }
    this.isDirty = true;
  }

  /** Let live numbers grow, and let rows move if they may. @param {number} now */
  turn(now) {
    this.#refill(now, false);
    if (this.isDirty && !this.isHeld()) {
      this.settle(now);
      this.isDirty = false;
    }
  }

  /** The page is stale: what counts down is said as a time of day. @param {number} now */
  freeze(now) {
    this.#refill(now, true);
  }

  /** Fill what grows or counts down by itself. @param {number} now @param {boolean} isFrozen */
  #refill(now, isFrozen) {
    for (const row of all(this.root, '[data-list="running"] > [data-procedure], [data-list="prepared"] > [data-procedure]')) {
      const record = this.records.get(Number(row.dataset.procedure));
      if (record && (record.state === "RUNNING" || record.stop_at || record.deadline_at)) fillRow(row, record, now, isFrozen);
    }
  }

  /** Whether pointer or keyboard is on a row. */
  isHeld() {
    if (monotonic() - this.lastTouch > HELD_AT_MOST_S) return false;
    if (document.querySelector("dialog[open]")) return true; // focus goes back to where it came from
    return Boolean(this.root.querySelector("[data-procedure]:hover, [data-procedure] :focus-visible, [data-procedure]:active"));
  }

  /** Put every row where it belongs. @param {number} now */
  settle(now) {
    const lists = arrange(this.records.values(), this.maxRecent + 1, this.isWanted, this.isNarrowed);
    const ended = lists.recent.filter((id) => this.records.get(id)?.state !== "UNKNOWN");
    if (ended.length > this.maxRecent) {
      this.hasMore = true;
      lists.recent.pop();
    }
    const focused = this.#focusedProcedure();
    for (const section of /** @type {Section[]} */ (["running", "prepared", "recent"])) this.#settleList(section, lists[section], now);
    this.#forget(lists);
    this.#count(lists);
    if (focused && !this.root.contains(document.activeElement)) {
      /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-procedure="${focused}"] a.plain`))?.focus();
    }
  }

  /** @param {Section} section @param {number[]} ids @param {number} now */
  #settleList(section, ids, now) {
    const list = need(this.root, `[data-list="${section}"]`);
    const present = new Map(all(list, ":scope > [data-procedure]").map((row) => [Number(row.dataset.procedure), row]));
    const wanted = new Set(ids);
    for (const [id, row] of present) if (!wanted.has(id)) row.remove();
    /** @type {Element | null} */
    let place = list.firstElementChild;
    for (const id of ids) {
      const record = /** @type {ProcedureRecord} */ (this.records.get(id));
      const row = present.get(id) ?? castRow(section, record, now);
      if (row === place) place = place.nextElementSibling;
      else list.insertBefore(row, place);
    }
    setHidden(this.root.querySelector(`[data-table="${section}"]`), ids.length === 0);
    const isNarrowed = this.isNarrowed && section !== "running";
    const others = section === "running" ? this.trials : 0;
    for (const empty of all(this.root, `[data-empty="${section}"]`)) setHidden(empty, ids.length + others > 0 || isNarrowed);
  }

  /** What has left every list is no longer kept: a page may be open for months. @param {Record<Section, number[]>} lists */
  #forget(lists) {
    const kept = new Set([...lists.running, ...lists.prepared, ...lists.recent]);
    for (const [id, record] of this.records) if (!kept.has(id) && isFinal(record.state)) this.records.delete(id);
  }

  /** @param {Record<Section, number[]>} lists */
  #count(lists) {
    const ready = lists.prepared.filter((id) => this.records.get(id)?.state === "READY").length;
    const hidden = [...this.records.values()].filter((record) => sectionOf(record.state) === "prepared" && !record.trial).length - lists.prepared.length;
    const words = lists.prepared.length ? `${ready} ready, ${lists.prepared.length - ready} on the way` : hidden ? "" : "none";
    setText(this.root.querySelector('[data-count="prepared"]'), [words, hidden ? `${hidden} not like that` : ""].filter(Boolean).join(", "));
    setText(this.root.querySelector('[data-count="recent"]'), this.hasMore ? `the last ${number(this.maxRecent)}` : number(lists.recent.length));
    setHidden(this.root.querySelector("[data-clean-up]"), lists.prepared.length === 0);
    setHidden(this.root.querySelector("[data-none]"), !this.isNarrowed || lists.recent.length > 0);
  }

  #focusedProcedure() {
    return document.activeElement?.closest("[data-procedure]")?.getAttribute("data-procedure") ?? null;
  }
}
