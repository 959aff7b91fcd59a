// @ts-check
/** Marks a text where it is shown, without touching the page: the Custom Highlight API. Browsers without it mark the line only. */

const NAME = "found";
const MOST_ROWS = 2000;

export class Highlight {
  #words = "";

  /** @param {string} words @param {Iterable<Element>} rows */
  show(words, rows) {
    this.#words = words.toLowerCase();
    if (typeof CSS === "undefined" || !("highlights" in CSS)) return;
    CSS.highlights.delete(NAME);
    if (this.#words) this.add([...rows]);
  }

  /** Mark in rows that are new. @param {Element[]} rows */
  add(rows) {
    if (!this.#words || !("highlights" in CSS)) return;
    const ranges = rows.slice(-MOST_ROWS).flatMap((row) => this.#ranges(row));
    const highlight = CSS.highlights.get(NAME);
    if (!highlight || highlight.size > 4 * MOST_ROWS) CSS.highlights.set(NAME, new window.Highlight(...ranges));
    else for (const range of ranges) highlight.add(range);
  }

  /** @param {Element} row */
  #ranges(row) {
    const place = row.querySelector(".output__text");
    const text = place?.textContent?.toLowerCase() ?? "";
    const found = [];
    for (let at = text.indexOf(this.#words); place && at >= 0; at = text.indexOf(this.#words, at + this.#words.length)) {
      const range = rangeOf(place, at, at + this.#words.length);
      if (range) found.push(range);
    }
    return found;
  }
}

/** @param {Element} place @param {number} from @param {number} to characters of its text */
function rangeOf(place, from, to) {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  const range = new StaticRangeLike();
  let passed = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const length = node.textContent?.length ?? 0;
    range.offer(node, from - passed, to - passed, length);
    passed += length;
  }
  return range.made();
}

/** The ends of a range, as they are come across. */
class StaticRangeLike {
  /** @type {[Node, number] | null} */ #start = null;
  /** @type {[Node, number] | null} */ #end = null;

  /** @param {Node} node @param {number} from @param {number} to @param {number} length */
  offer(node, from, to, length) {
    if (from >= 0 && from < length) this.#start = [node, from];
    if (to > 0 && to <= length) this.#end = [node, to];
  }

  made() {
    if (!this.#start || !this.#end) return null;
    const range = document.createRange();
    range.setStart(...this.#start);
    range.setEnd(...this.#end);
    return range;
  }
}
