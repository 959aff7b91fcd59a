// @ts-check
/**
 * The output of a procedure: its latest lines, following until the reader scrolls away. The page never holds more than so many lines;
 * earlier ones are fetched when they are asked for.
 */

import { spans } from "./ansi.js";
import { need, setHidden, setText, slot } from "./dom.js";
import { age, lineCount, number, preciseClock, size } from "./format.js";
import { Lines } from "./lines.js";
import { monotonic } from "./live.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {{ offset: number, next_offset: number, total_bytes: number, lines_total: number, frames: import("./lines.js").Frame[] }} Piece */

const MAX_LINES = 2000;
const TAIL_LINES = 1000;
const MAX_LINES_READ_BACK = 10_000;
const EARLIER_BYTES = 64 * 1024;
const PAUSE_AFTER_FAULT_S = 3;
const PIECE_BYTES = 256 * 1024;
const NEAR_THE_END_PX = 30;

export class OutputView {
  #lines = new Lines();
  /** @type {WeakMap<Line, HTMLElement>} */ #rows = new WeakMap();
  #isBusy = false;
  #isFollowing = true;
  #isStarted = false;
  #hasLetGo = false;
  #next = 0;
  #first = 0;
  #total = 0;
  #linesTotal = 0;
  /** @type {number | null} */ #lastAt = null;
  #fault = "";
  #pausedUntil = 0;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.view = slot(root, "view");
    this.url = root.dataset.url ?? "";
    this.view.addEventListener("scroll", () => this.#noticeScroll(), { passive: true });
    need(root, "[data-resume]").addEventListener("click", () => this.follow());
    need(root, "[data-earlier] button").addEventListener("click", () => void this.#showEarlier());
    const times = need(root, "[data-times]");
    setHidden(times, false);
    times.addEventListener("click", () => this.toggleTimes());
  }

  /** Go (back) to the end, and stay there. */
  follow() {
    const isBehind = this.#hasLetGo || this.#next < this.#total;
    this.#isFollowing = true;
    if (isBehind || !this.#isStarted) this.#clear();
    this.#toEnd();
    void this.read();
  }

  toggleTimes() {
    const isHidden = this.view.classList.toggle("output--timeless");
    need(this.root, "[data-times]").setAttribute("aria-pressed", String(!isHidden));
  }

  /** There is output up to `total` bytes. @param {number} total @param {number} lines @param {number | null} at */
  grewTo(total, lines, at) {
    this.#total = Math.max(this.#total, total);
    this.#linesTotal = Math.max(this.#linesTotal, lines);
    this.#lastAt = at;
    if (this.#isFollowing) void this.read();
  }

  /** Read on until the end is reached; one reader at a time. */
  async read() {
    if (this.#isBusy || monotonic() < this.#pausedUntil) return;
    this.#isBusy = true;
    try {
      while (this.#isFollowing && (!this.#isStarted || this.#next < this.#total)) {
        const isFar = this.#total - this.#next > 4 * PIECE_BYTES;
        if (isFar) this.#clear();
        const before = this.#next;
        if (this.#isStarted) this.#append(await this.#fetch(`offset=${this.#next}&limit=${PIECE_BYTES}`));
        else this.#begin(await this.#fetch(`tail=${TAIL_LINES}`));
        if (this.#next === before) break; // what was announced is not stored yet; the next event or turn comes back for it
      }
      this.#fault = "";
    } catch (error) {
      this.#fault = `The output cannot be read now: ${error instanceof Error ? error.message : error}`;
      this.#pausedUntil = monotonic() + PAUSE_AFTER_FAULT_S;
    } finally {
      this.#isBusy = false;
    }
  }

  /** What stands below the lines. @param {number} now @param {boolean} isEnded */
  turn(now, isEnded) {
    const following = slot(this.root, "following");
    const behind = this.#linesTotal - this.#lastNumber();
    const words = this.#fault || (this.#isFollowing ? (isEnded ? "Ended" : "Following") : behind > 0 ? `${number(behind)} newer lines` : "Not following");
    setText(following, words);
    setHidden(need(this.root, "[data-resume]"), this.#isFollowing);
    setText(slot(this.root, "lines"), lineCount(this.#linesTotal));
    const last = this.#lastAt && !isEnded ? `last line ${age(now - this.#lastAt)} ago, ` : "";
    setText(slot(this.root, "size"), this.#total ? `${last}${size(this.#total)} in all` : isEnded ? "it printed nothing" : "nothing was printed yet");
    setHidden(need(this.root, "[data-earlier]"), this.#first === 0);
    if (this.#isFollowing && this.#next < this.#total) void this.read();
  }

  /** @param {string} query @returns {Promise<Piece>} */
  async #fetch(query) {
    const response = await fetch(`${this.url}?format=frames&${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }

  /** @param {Piece} piece */
  #begin(piece) {
    this.#isStarted = true;
    this.#first = piece.offset;
    this.#append(piece);
  }

  /** @param {Piece} piece */
  #append(piece) {
    const fresh = document.createDocumentFragment();
    for (const frame of piece.frames) {
      const { grown, added } = this.#lines.take(frame);
      if (grown) this.#rows.get(grown)?.replaceWith(this.#row(grown));
      for (const line of added) fresh.append(this.#row(line));
    }
    this.view.append(fresh);
    this.#next = piece.next_offset;
    this.#total = Math.max(this.#total, piece.total_bytes);
    this.#linesTotal = Math.max(this.#linesTotal, piece.lines_total);
    this.#trim();
    if (this.#isFollowing) this.#toEnd();
  }

  async #showEarlier() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#isFollowing = false;
      const from = Math.max(0, this.#first - EARLIER_BYTES);
      const rows = await this.#rowsBetween(from, this.#first);
      if (from > 0 && rows.length > 1) rows.shift(); // it began earlier still
      const height = this.view.scrollHeight;
      this.view.prepend(...rows);
      this.view.scrollTop += this.view.scrollHeight - height; // what is being read stays where it is
      this.#first = from === 0 ? 0 : Number(rows[0]?.dataset.offset ?? from);
      this.#letGo();
    } catch (error) {
      this.#fault = `The earlier lines cannot be read now: ${error instanceof Error ? error.message : error}`;
    } finally {
      this.#isBusy = false;
    }
  }

  /** One answer holds only so many frames, so it may take several. @param {number} from @param {number} to */
  async #rowsBetween(from, to) {
    const lines = new Lines();
    const found = [];
    for (let at = from; at < to; ) {
      const piece = await this.#fetch(`offset=${at}&limit=${to - at}`);
      for (const frame of piece.frames) found.push(...lines.take(frame).added);
      if (piece.next_offset <= at) break;
      at = piece.next_offset;
    }
    return found.map((line) => this.#row(line));
  }

  /** Whoever reads back for long lets go of the latest lines; following brings them again. */
  #letGo() {
    for (let surplus = this.view.childElementCount - MAX_LINES_READ_BACK; surplus > 0; surplus -= 1) {
      this.view.lastElementChild?.remove();
      this.#hasLetGo = true;
    }
  }

  /** Whoever follows needs no more than the latest lines. */
  #trim() {
    const surplus = this.view.childElementCount - MAX_LINES;
    if (surplus <= 0 || !this.#isFollowing) return;
    for (let i = 0; i < surplus; i += 1) this.view.firstElementChild?.remove();
    this.#first = Number(this.view.firstElementChild?.getAttribute("data-offset") ?? this.#first);
  }

  /** @param {Line} line */
  #row(line) {
    const row = document.createElement("li");
    row.id = `L${line.number}`;
    row.dataset.number = String(line.number);
    row.dataset.offset = String(line.offset);
    if (line.stream === "gap") return gap(row, line);
    if (line.stream === "stderr") row.dataset.stream = "err";
    const time = document.createElement("time");
    time.textContent = preciseClock(line.time ?? 0);
    row.append(part("output__n", number(line.number)), time, part("output__stream", line.stream === "stderr" ? "err" : ""), text(line.text));
    this.#rows.set(line, row);
    return row;
  }

  #clear() {
    this.view.replaceChildren();
    this.#lines.reset();
    this.#isStarted = false;
    this.#hasLetGo = false;
    this.#next = 0;
    this.#first = 0;
  }

  #toEnd() {
    this.view.scrollTop = this.view.scrollHeight;
  }

  #lastNumber() {
    return Number(this.view.lastElementChild?.getAttribute("data-number") ?? 0);
  }

  #noticeScroll() {
    const isAtEnd = this.view.scrollHeight - this.view.scrollTop - this.view.clientHeight < NEAR_THE_END_PX;
    if (!isAtEnd) this.#isFollowing = false;
    else if (!this.#isFollowing && !this.#hasLetGo && this.#next >= this.#total) this.follow();
  }
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

/** @param {string} line */
function text(line) {
  const element = part("output__text", "");
  for (const span of spans(line)) element.append(span.classes.length ? part(span.classes.join(" "), span.text) : span.text);
  return element;
}
