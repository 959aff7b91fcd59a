// @ts-check
/**
 * The view of an output of any size: it opens at its end and follows until the reader scrolls away. The page holds only the lines
 * around what is being read; the scroll bar stands for all of them.
 */

import { all, need, setHidden, setText, slot } from "./dom.js";
import { FilteredSource } from "./filtered_source.js";
import { age, lineCount, number, size } from "./format.js";
import { monotonic } from "./live.js";
import { outputRow } from "./output_row.js";
import { OutputSource } from "./output_source.js";
import { lineAt, spaces } from "./scroll_map.js";

/** @typedef {import("./lines.js").Line} Line */

const MAX_ROWS = 2000;
/** Rows that come at once when the reader scrolls; what is being read is never among those that go. */
const STEP_ROWS = 800;
/** Lines that are fetched before one that is gone to. */
const CONTEXT = 200;
const PAUSE_AFTER_FAULT_S = 3;
const NEAR_THE_END_PX = 30;
const REST_MS = 80;

export class OutputView {
  /** @type {WeakMap<Line, HTMLElement>} */ #rows = new WeakMap();
  /** @type {(() => Promise<void>) | null} */ #job = null;
  #isBusy = false;
  #isFollowing = true;
  #marked = 0;
  /** @type {number | null} */ #lastAt = null;
  #fault = "";
  #pausedUntil = 0;
  #restTimer = 0;
  #linePx = 0;
  #around = { above: 0, below: 0 };
  /** Called with rows that are new. @type {(rows: HTMLElement[]) => void} */ onRows = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.view = slot(root, "view");
    this.list = need(root, "ol");
    /** @type {OutputSource | FilteredSource} */
    this.source = new OutputSource(root.dataset.url ?? "");
    // Following outlives other widths, themes and times: what grows or shrinks then is no hand that scrolls.
    const sizes = new ResizeObserver(() => this.#isFollowing && this.#toEnd());
    for (const element of [this.view, this.list]) sizes.observe(element);
    for (const button of all(root, "[data-stream-choice]")) button.addEventListener("click", () => this.choose(button));
    this.view.addEventListener("scroll", () => this.#noticeScroll(), { passive: true });
    this.list.addEventListener("click", (event) => this.#noticeClick(event));
    need(root, "[data-resume]").addEventListener("click", () => this.follow());
    const times = need(root, "[data-times]");
    setHidden(times, false);
    times.addEventListener("click", () => this.toggleTimes());
  }

  /** Go (back) to the end, and stay there. */
  follow() {
    this.mark(0);
    this.#followOn();
  }

  #followOn() {
    this.#isFollowing = true;
    this.#toEnd();
    this.#do(() => this.#readOn(), true);
  }

  /** Go to a line, wherever it is, and mark it. @param {number} line */
  goTo(line) {
    this.#isFollowing = false;
    this.mark(line);
    this.root.scrollIntoView({ block: "nearest" });
    this.#do(() => this.#jump(line), true);
  }

  /** @param {number} line */
  mark(line) {
    this.list.querySelector(".is-marked")?.classList.remove("is-marked");
    this.#marked = line;
    document.getElementById(`L${line}`)?.classList.add("is-marked");
  }

  /** The line that is marked; 0 if none is. */
  get marked() {
    return this.#marked;
  }

  /** Show one stream, or both. @param {HTMLElement} button */
  choose(button) {
    for (const other of all(this.root, "[data-stream-choice]")) other.setAttribute("aria-pressed", String(other === button));
    const stream = button.dataset.streamChoice;
    const { totalBytes, totalLines } = this.source;
    const isOne = stream === "stdout" || stream === "stderr";
    this.source = isOne ? new FilteredSource(this.root.dataset.searchUrl ?? "", stream) : new OutputSource(this.root.dataset.url ?? "");
    this.source.grewTo(totalBytes, totalLines);
    if (this.#marked) this.goTo(this.#marked);
    else this.#followOn();
  }

  toggleTimes() {
    const isHidden = this.view.classList.toggle("output--timeless");
    need(this.root, "[data-times]").setAttribute("aria-pressed", String(!isHidden));
  }

  /** There is output up to `total` bytes. @param {number} total @param {number} lines @param {number | null} at */
  grewTo(total, lines, at) {
    this.source.grewTo(total, lines);
    this.#lastAt = at;
    if (this.#isFollowing) this.#do(() => this.#readOn());
  }

  /** What stands below the lines. @param {number} now @param {boolean} isEnded */
  turn(now, isEnded) {
    const { totalBytes, totalLines } = this.source;
    const behind = totalLines - this.#last;
    const away = behind > 0 ? `${number(behind)} newer lines` : "Not following";
    setText(slot(this.root, "following"), this.#fault || (this.#isFollowing ? (isEnded ? "Ended" : "Following") : away));
    setHidden(need(this.root, "[data-resume]"), this.#isFollowing);
    setText(slot(this.root, "lines"), lineCount(totalLines));
    const last = this.#lastAt && !isEnded ? `last line ${age(now - this.#lastAt)} ago, ` : "";
    setText(slot(this.root, "size"), totalBytes ? `${last}${size(totalBytes)} in all` : isEnded ? "it printed nothing" : "nothing was printed yet");
    if (this.#isFollowing && !this.source.isAtEnd) this.#do(() => this.#readOn());
  }

  /** One thing at a time; of what is wanted meanwhile the latest is done. @param {() => Promise<void>} job @param {boolean} [isUrgent] */
  #do(job, isUrgent = false) {
    if (!isUrgent && (this.#isBusy || monotonic() < this.#pausedUntil)) return;
    this.#job = job;
    if (!this.#isBusy) void this.#work();
  }

  async #work() {
    this.#isBusy = true;
    try {
      while (this.#job) {
        const job = this.#job;
        this.#job = null;
        await job();
      }
      this.#fault = "";
    } catch (error) {
      this.#fault = `The output cannot be read now: ${error instanceof Error ? error.message : error}`;
      this.#pausedUntil = monotonic() + PAUSE_AFTER_FAULT_S;
    } finally {
      this.#isBusy = false;
    }
    if (!this.#isFollowing) requestAnimationFrame(() => this.#noticeScroll());
  }

  /** Read on until the end is reached; whoever scrolls away meanwhile is not pulled back. */
  async #readOn() {
    if (!this.source.isBegun || this.source.isFarBehind) await this.#beginAtEnd();
    while (this.#isFollowing && !this.#job && !this.source.isAtEnd) {
      const before = this.source.next;
      if (this.source.isFarBehind) await this.#beginAtEnd();
      else {
        const growth = await this.source.later();
        if (!this.#isAtEnd) this.#isFollowing = false;
        this.#append(growth);
        if (this.#isFollowing) this.#toEnd();
      }
      if (this.source.next === before) break; // what was announced is not stored yet; the next event or turn comes back for it
    }
  }

  async #beginAtEnd() {
    this.#begin((await this.source.tail()).added);
    if (this.#isFollowing) this.#toEnd();
  }

  /** @param {number} line */
  async #jump(line) {
    if (!this.source.isBegun || !document.getElementById(`L${line}`)) this.#begin((await this.source.around(line, CONTEXT)).added, false);
    const row = document.getElementById(`L${line}`) ?? this.#rowFrom(line);
    row?.classList.toggle("is-marked", this.#marked === line);
    if (row) this.view.scrollTop = row.offsetTop - this.list.offsetTop + this.#around.above - this.view.clientHeight / 2;
  }

  /** What the scroll bar was drawn to. @param {number} line */
  async #show(line) {
    this.#begin((await this.source.around(line, CONTEXT)).added, false);
    const row = this.#rowFrom(line);
    if (row) this.view.scrollTop = row.offsetTop - this.list.offsetTop + this.#around.above;
  }

  async #earlier() {
    const found = await this.source.earlier();
    const isCut = found.length > STEP_ROWS;
    const lines = found.slice(-STEP_ROWS);
    if (isCut && lines[0]) this.source.dropBefore(lines[0].offset, lines[0].number);
    const rows = lines.map((line) => this.#row(line));
    this.#keepingPlace(() => {
      this.list.prepend(...rows);
      this.#trimEnd();
    });
    this.onRows(rows);
  }

  async #later() {
    const growth = await this.source.later(OutputSource.readBackBytes);
    const beyond = growth.added.splice(STEP_ROWS)[0];
    if (beyond) this.source.dropFrom(beyond.offset, beyond.number);
    this.#keepingPlace(() => this.#append(growth));
  }

  /** @param {Line[]} lines @param {boolean} [isFromEnd] the last ones are those that matter */
  #begin(lines, isFromEnd = true) {
    const kept = isFromEnd ? lines.slice(-MAX_ROWS) : lines.slice(0, MAX_ROWS);
    const beyond = lines[MAX_ROWS];
    if (beyond && isFromEnd) this.source.dropBefore(kept[0]?.offset ?? 0, kept[0]?.number ?? 1);
    else if (beyond) this.source.dropFrom(beyond.offset, beyond.number);
    const rows = kept.map((line) => this.#row(line));
    this.list.replaceChildren(...rows);
    this.#layOut();
    this.onRows(rows);
  }

  /** @param {import("./output_source.js").Growth} growth */
  #append({ grown, added }) {
    if (grown) this.#rows.get(grown)?.replaceWith(this.#row(grown));
    const rows = added.map((line) => this.#row(line));
    this.list.append(...rows);
    this.#trimStart();
    this.#layOut();
    this.onRows(rows);
  }

  #trimStart() {
    let surplus = this.list.childElementCount - MAX_ROWS;
    if (surplus <= 0) return;
    for (; surplus > 0; surplus -= 1) this.list.firstElementChild?.remove();
    this.source.dropBefore(Number(this.list.firstElementChild?.getAttribute("data-offset")), this.#first);
  }

  #trimEnd() {
    let surplus = this.list.childElementCount - MAX_ROWS;
    if (surplus <= 0) return;
    for (; surplus > 1; surplus -= 1) this.list.lastElementChild?.remove();
    this.source.dropFrom(Number(this.list.lastElementChild?.getAttribute("data-offset")), this.#last);
    this.list.lastElementChild?.remove();
  }

  /** Change what is around the reader without moving what is being read. @param {() => void} change */
  #keepingPlace(change) {
    const top = this.view.getBoundingClientRect().top;
    const anchor = [...this.list.children].find((row) => row.getBoundingClientRect().bottom > top);
    const before = anchor?.getBoundingClientRect().top ?? 0;
    change();
    this.#layOut();
    if (anchor?.isConnected) this.view.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  #layOut() {
    const row = this.list.querySelector("li:not(.gap)");
    if (row) this.#linePx = row.getBoundingClientRect().height || this.#linePx;
    const above = this.source.isAtStart ? 1 : this.#first;
    const below = this.source.isAtEnd ? this.#last : Math.max(this.#last + 1, this.source.totalLines);
    this.#around = spaces(above, this.#last, below, this.#linePx);
    slot(this.root, "above").style.height = `${this.#around.above}px`;
    slot(this.root, "below").style.height = `${this.#around.below}px`;
  }

  get #first() {
    return Number(this.list.firstElementChild?.getAttribute("data-number") ?? 1);
  }

  get #last() {
    return Number(this.list.lastElementChild?.getAttribute("data-number") ?? 0);
  }

  /** The first row from this line on. @param {number} line @returns {HTMLElement | null} */
  #rowFrom(line) {
    const rows = /** @type {HTMLElement[]} */ ([...this.list.children]);
    return rows.find((row) => Number(row.dataset.number) >= line) ?? rows.at(-1) ?? null;
  }

  /** @param {Line} line */
  #row(line) {
    const row = outputRow(line);
    if (line.number === this.#marked && line.stream !== "gap") row.classList.add("is-marked");
    this.#rows.set(line, row);
    return row;
  }

  get #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.view;
    return scrollHeight - scrollTop - clientHeight < NEAR_THE_END_PX;
  }

  #toEnd() {
    this.view.scrollTop = this.view.scrollHeight;
  }

  #noticeScroll() {
    if (this.#isBusy) return; // it may be our own doing; looked at again when that is done
    const { scrollTop: top, clientHeight: height } = this.view;
    if (!this.#isAtEnd) this.#isFollowing = false;
    else if (!this.#isFollowing && this.source.isAtEnd) this.#followOn();
    if (this.#isFollowing) return;
    const loaded = this.list.offsetHeight;
    const { above } = this.#around;
    clearTimeout(this.#restTimer);
    if (top + height < above || top > above + loaded) this.#restTimer = setTimeout(() => this.#showPlace(), REST_MS);
    else if (top < above + height && !this.source.isAtStart) this.#do(() => this.#earlier());
    else if (top + 2 * height > above + loaded && !this.source.isAtEnd) this.#do(() => this.#later());
  }

  /** The scroll bar rests where nothing is loaded. */
  #showPlace() {
    const total = Math.max(this.#last, this.source.totalLines);
    const line = lineAt(this.view.scrollTop, this.#around, this.list.offsetHeight, this.#first, this.#last, total);
    if (line !== null) this.#do(() => this.#show(line), true);
  }

  /** A line's number leads to the line, without moving what is being read. @param {MouseEvent} event */
  #noticeClick(event) {
    const link = event.target instanceof Element ? event.target.closest("a.output__n") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.pushState(null, "", link.getAttribute("href"));
    this.#isFollowing = false;
    this.mark(Number(link.closest("li")?.dataset.number));
  }
}
