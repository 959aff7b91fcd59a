// @ts-check
/** Searching an output: a field that finds lines in all of it, and the way from error to error. */

import { need, setHidden, setText, slot } from "./dom.js";
import { Count, Finder } from "./finder.js";
import { number } from "./format.js";
import { Highlight } from "./highlight.js";

/** @typedef {import("./finder.js").Hit} Hit */
/** @typedef {import("./finder.js").Wanted} Wanted */

const TYPING_MS = 300;
/** Up to this many bytes errors are counted without being asked for. */
const COUNTED_UNASKED_BYTES = 16 << 20;

export class FindBar {
  #words = "";
  #typingTimer = 0;
  #stop = new AbortController();
  /** @type {Count | null} */ #found = null;
  #isCountingErrors = false;
  /** @type {Promise<void>} */ #steps = Promise.resolve();
  #highlight = new Highlight();
  /** Called with the errors that are known. @type {(errors: Hit[]) => void} */ onErrors = () => {};

  /** @param {HTMLElement} root @param {import("./output.js").OutputView} view */
  constructor(root, view) {
    this.root = root;
    this.view = view;
    this.finder = new Finder(root.dataset.searchUrl ?? "");
    this.errors = new Count(this.finder, { errors: "1" });
    this.field = /** @type {HTMLInputElement} */ (need(root, "[data-find]"));
    this.field.addEventListener("input", () => this.#typed());
    this.field.addEventListener("keydown", (event) => this.#key(event));
    need(root, "[data-next]").addEventListener("click", () => void this.#step(1));
    need(root, "[data-previous]").addEventListener("click", () => void this.#step(-1));
    need(root, "[data-errors]").addEventListener("click", (event) => void this.error(event.shiftKey ? -1 : 1));
    for (const part of root.querySelectorAll("[data-needs-script]")) setHidden(part, false);
    view.onRows = (rows) => this.#highlight.add(rows);
  }

  focus() {
    this.field.focus();
    this.field.select();
  }

  /** The next error after the line that is marked; where none is marked, the latest. @param {1 | -1} direction */
  async error(direction) {
    const wanted = /** @type {Wanted} */ ({ errors: "1" });
    await this.#go(async () => {
      const hit = this.view.marked ? await this.#beside(wanted, direction) : await this.finder.last(wanted);
      return hit ? this.#sayError(hit) : this.#say("no errors in the output");
    });
    void this.countErrors(true);
  }

  /** Count errors in what has come since; unasked only while there is not too much of it. @param {boolean} [isAsked] */
  async countErrors(isAsked = false) {
    if (this.#isCountingErrors || (!isAsked && this.view.source.totalBytes > COUNTED_UNASKED_BYTES)) return;
    this.#isCountingErrors = true;
    try {
      await this.errors.goOn(new AbortController().signal, () => this.#showErrorCount());
    } catch {
      // the link says that the server is gone; what comes later counts on
    } finally {
      this.#isCountingErrors = false;
    }
  }

  /** @param {Wanted} wanted @param {1 | -1} direction */
  #beside(wanted, direction) {
    return direction > 0 ? this.finder.next(wanted, this.view.marked) : this.finder.previous(wanted, this.view.marked);
  }

  #typed() {
    clearTimeout(this.#typingTimer);
    this.#typingTimer = setTimeout(() => void this.#search(), TYPING_MS);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Escape") {
      this.field.value = "";
      this.field.blur();
      void this.#search();
    }
    if (event.key !== "Enter" || event.ctrlKey) return;
    event.preventDefault();
    clearTimeout(this.#typingTimer);
    void (this.field.value === this.#words ? this.#step(event.shiftKey ? -1 : 1) : this.#search());
  }

  async #search() {
    this.#words = this.field.value;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#found = null;
    this.#highlight.show(this.#words, this.view.list.children);
    for (const name of ["[data-next]", "[data-previous]"]) setHidden(need(this.root, name), !this.#words);
    if (!this.#words) return this.#say("");
    const found = new Count(this.finder, { q: this.#words });
    this.#found = found;
    await this.#step(1);
    await found.goOn(this.#stop.signal, () => this.#showFound()).catch(() => {});
  }

  /** @param {1 | -1} direction */
  async #step(direction) {
    if (!this.#words) return;
    const wanted = { q: this.#words };
    await this.#go(async () => {
      const hit = await this.#beside(wanted, direction);
      if (hit) this.#show(hit);
      this.#showFound(hit === null);
      if (this.#found?.isComplete) void this.#found.goOn(this.#stop.signal, () => this.#showFound()).catch(() => {});
    });
  }

  /** One step after the other: each goes on from where the one before has led. @param {() => Promise<void>} work */
  #go(work) {
    this.#steps = this.#steps.then(work).catch((error) => this.#say(`cannot search now: ${error instanceof Error ? error.message : error}`));
    return this.#steps;
  }

  /** @param {Hit} hit */
  #show(hit) {
    history.replaceState(null, "", `#L${hit.line}`);
    this.view.goTo(hit.line);
  }

  /** @param {Hit} hit */
  #sayError(hit) {
    this.#show(hit);
    this.#showErrorCount();
  }

  #showErrorCount() {
    const { errors } = this;
    const place = errors.hits.findIndex((hit) => hit.line === this.view.marked) + 1;
    const count = errors.total === 1 ? "1 error" : `${number(errors.total)} errors`;
    const words = place && errors.isPrecise ? `error ${number(place)} of ${number(errors.total)}` : count;
    setText(slot(this.root, "errors"), errors.isComplete ? words : `${words}, ${Math.floor(errors.share * 100)} % searched`);
    need(this.root, "[data-errors]").toggleAttribute("data-has-errors", errors.total > 0);
    this.onErrors(errors.hits);
  }

  #showFound(isNothing = false) {
    const found = this.#found;
    if (!found) return;
    const place = found.hits.findIndex((hit) => hit.line === this.view.marked) + 1;
    const total = place && found.isPrecise ? `${number(place)} of ${number(found.total)}` : `${number(found.total)} lines`;
    if (found.isComplete) this.#say(found.total ? total : "in no line");
    else this.#say(isNothing ? "in no line" : `${total}, ${Math.floor(found.share * 100)} % searched`);
  }

  /** @param {string} words */
  #say(words) {
    setText(slot(this.root, "found"), words);
  }
}
