// @ts-check
/**
 * What the lists are narrowed by. It stands in the address, so that it can be kept and sent; what the page has is narrowed at once, and
 * the server is asked for what it does not have. `procedures/pages/recent.py` narrows by the same rules.
 */

import { all, need, setHidden } from "./dom.js";
import { onKey } from "./keys.js";
import { read } from "./send.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */
/** @typedef {{ words: string[], script: string, by: string, state: string, since: number | null, until: number | null }} Wanted */

const DAY_S = 86400;
const PAUSE_MS = 150;
const FIELDS = ["q", "script", "by", "since", "until", "state"];

/** @param {URLSearchParams} query @returns {Wanted} */
function wantedBy(query) {
  const given = (/** @type {string} */ name) => (query.get(name) ?? "").trim();
  const until = day(given("until"));
  return {
    words: given("q").toLowerCase().split(/\s+/).filter(Boolean),
    script: given("script").toLowerCase(),
    by: given("by").toLowerCase(),
    state: given("state"),
    since: day(given("since")),
    until: until === null ? null : until + DAY_S,
  };
}

/**
 * Whether the procedure is looked for; its state counts only among those that have ended.
 * @param {ProcedureRecord} record @param {Wanted} wanted @param {{ isState?: boolean }} [options]
 */
export function matches(record, wanted, { isState = true } = {}) {
  if (isState && wanted.state && record.state !== wanted.state) return false;
  if (!record.name.toLowerCase().includes(wanted.script) || !record.created_by.toLowerCase().includes(wanted.by)) return false;
  if (wanted.since !== null && record.created_at < wanted.since) return false;
  if (wanted.until !== null && record.created_at >= wanted.until) return false;
  if (!wanted.words.length) return true;
  const text = [`#${record.id}`, record.folder, record.name, record.state, record.arguments, record.cause, record.created_by].join(" ").toLowerCase();
  return wanted.words.every((word) => text.includes(word));
}

export class ListFilter {
  #timer = 0;
  #asked = 0;

  /**
   * @param {HTMLFormElement} form
   * @param {(wanted: Wanted) => void} onNarrowed the page is to be narrowed at once
   * @param {(answer: { records: ProcedureRecord[], time: number, more: string }) => void} onFound the server's answer
   */
  constructor(form, onNarrowed, onFound) {
    this.form = form;
    this.onNarrowed = onNarrowed;
    this.onFound = onFound;
    this.rows = new URLSearchParams(location.search).get("rows") ?? "";
    this.find = /** @type {HTMLInputElement} */ (need(form, "[data-find]"));
    setHidden(form.querySelector("[data-without-script]"), true);
    form.addEventListener("input", () => this.#changed());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#changed();
    });
    need(form, "[data-clear]").addEventListener("click", (event) => {
      event.preventDefault();
      this.clear();
    });
    form.addEventListener("keydown", (event) => event.key === "Escape" && this.leave(event));
    onKey("/", () => this.find.focus());
  }

  /** What is in the fields, as the address says it. */
  get query() {
    const query = new URLSearchParams();
    const given = new FormData(this.form);
    for (const name of FIELDS) {
      const value = String(given.get(name) ?? "").trim();
      if (value) query.set(name, value);
    }
    return query;
  }

  get wanted() {
    return wantedBy(this.query);
  }

  get isSet() {
    return this.query.size > 0;
  }

  clear() {
    for (const input of all(this.form, "input")) {
      const field = /** @type {HTMLInputElement} */ (input);
      if (field.type === "radio") field.checked = field.value === "";
      else field.value = "";
    }
    this.rows = "";
    this.#changed();
  }

  /** Escape empties what is filled in; the next one leaves the field. @param {KeyboardEvent} event */
  leave(event) {
    event.preventDefault();
    if (this.isSet) this.clear();
    else /** @type {HTMLElement} */ (event.target).blur();
  }

  /** Ask for more rows. @param {string} rows */
  showMore(rows) {
    this.rows = rows;
    this.#changed(0);
  }

  /** @param {number} [pause] milliseconds until the server is asked: somebody is typing */
  #changed(pause = PAUSE_MS) {
    const query = this.query;
    if (this.rows) query.set("rows", this.rows);
    const address = query.size ? `?${query}` : location.pathname;
    history.replaceState(null, "", address);
    for (const name of ["since", "until"]) {
      const field = need(this.form, `[name="${name}"]`);
      const isWrong = Boolean(query.get(name)) && day(query.get(name) ?? "") === null;
      field.toggleAttribute("aria-invalid", isWrong);
      if (isWrong) field.setAttribute("aria-invalid", "true");
    }
    setHidden(need(this.form, "[data-clear]"), !this.isSet);
    this.onNarrowed(this.wanted);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(address), pause);
  }

  /** @param {string} address */
  async #ask(address) {
    this.#asked += 1;
    const mine = this.#asked;
    const answer = await read(address);
    if (answer && mine === this.#asked) this.onFound(answer);
  }
}

/** The beginning of a UTC day, Unix seconds; null if that is no day. @param {string} text such as `2026-03-18` */
function day(text) {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? null : at / 1000;
}
