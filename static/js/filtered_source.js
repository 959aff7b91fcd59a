// @ts-check
/**
 * The lines of one stream of an output, as a source like `OutputSource`: found by the server's search, which needs no copy of them.
 * Lines are numbered as they are in all of the output.
 */

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./output_source.js").Growth} Growth */
/** @typedef {import("./finder.js").Answer} Answer */

const BEYOND_ALL = Number.MAX_SAFE_INTEGER;
const TAIL_LINES = 1000;
const STEP_LINES = 400;

export class FilteredSource {
  /** Bytes before the first line that is held; 0 where there is none before it. */
  first = 0;
  /** Where to look on for lines after the last one. */
  next = 0;
  totalBytes = 0;
  totalLines = 0;
  isBegun = false;
  isFarBehind = false;
  #firstLine = 0;
  #lastLine = 0;
  #isComplete = false;
  /** Where the last search forwards ended. @type {number | null} */ #resume = null;
  #hasNoneBefore = false;

  /** @param {string} url of the search @param {"stdout" | "stderr"} stream @param {(url: string) => Promise<Answer>} [ask] */
  constructor(url, stream, ask = fetchJson) {
    this.url = url;
    this.stream = stream;
    this.ask = ask;
  }

  /** There is output up to here. @param {number} bytes @param {number} lines */
  grewTo(bytes, lines) {
    this.#isComplete = this.#isComplete && bytes <= this.totalBytes;
    this.totalBytes = Math.max(this.totalBytes, bytes);
    this.totalLines = Math.max(this.totalLines, lines);
  }

  get isAtStart() {
    return this.#hasNoneBefore;
  }

  get isAtEnd() {
    return this.isBegun && this.#isComplete;
  }

  /** @returns {Promise<Growth>} */
  async tail() {
    return this.#begin(await this.#before(BEYOND_ALL, TAIL_LINES), true);
  }

  /** @param {number} line @returns {Promise<Growth>} */
  async around(line) {
    const growth = this.#begin(await this.#before(line, STEP_LINES), false);
    this.#lastLine = line - 1;
    const more = await this.later();
    growth.added.push(...more.added);
    return growth;
  }

  /** @returns {Promise<Growth>} */
  async later() {
    const place = { after: this.#lastLine, limit: STEP_LINES };
    const answer = await this.#search(this.#resume === null ? place : { ...place, offset: this.#resume });
    this.#resume = answer.next_offset;
    this.next = answer.next_offset;
    this.#isComplete = answer.is_complete;
    const added = answer.hits.map((hit) => this.#line(hit));
    this.#lastLine = added.at(-1)?.number ?? this.#lastLine;
    if (!this.#firstLine) this.#firstLine = added[0]?.number ?? 0;
    return { grown: null, added };
  }

  /** @returns {Promise<Line[]>} */
  async earlier() {
    const found = await this.#before(this.#firstLine, STEP_LINES);
    this.#firstLine = found[0]?.number ?? this.#firstLine;
    this.first = found[0]?.offset ?? this.first;
    return found;
  }

  /** @param {number} offset @param {number} line */
  dropBefore(offset, line) {
    this.first = offset;
    this.#firstLine = line;
    this.#hasNoneBefore = false;
  }

  /** @param {number} offset @param {number} line */
  dropFrom(offset, line) {
    this.next = offset;
    this.#resume = null;
    this.#lastLine = line - 1;
    this.#isComplete = false;
  }

  /** @param {Line[]} added @param {boolean} isEnd @returns {Growth} */
  #begin(added, isEnd) {
    this.isBegun = true;
    this.#resume = null;
    this.#firstLine = added[0]?.number ?? 0;
    this.#lastLine = added.at(-1)?.number ?? 0;
    this.first = added[0]?.offset ?? 0;
    this.#isComplete = isEnd;
    if (isEnd) this.next = this.totalBytes;
    return { grown: null, added };
  }

  /** The last lines before one, so many. @param {number} line @param {number} count @returns {Promise<Line[]>} */
  async #before(line, count) {
    /** @type {Line[]} */
    let found = [];
    this.#hasNoneBefore = false;
    while (found.length < count && !this.#hasNoneBefore) {
      const answer = await this.#search({ before: found[0]?.number ?? line, limit: count - found.length });
      found = [...answer.hits.map((hit) => this.#line(hit)), ...found];
      this.#hasNoneBefore = answer.hits.length === 0;
    }
    return found;
  }

  /** Ask on until something is found or the end is reached. @param {Record<string, number>} place */
  async #search(place) {
    /** @type {number | null} */
    let offset = null;
    for (;;) {
      const query = new URLSearchParams({ stream: this.stream, ...strings(place), ...(offset === null ? {} : { offset: String(offset) }) });
      const answer = await this.ask(`${this.url}?${query}`);
      this.grewTo(answer.total_bytes, this.totalLines);
      if (answer.hits.length || answer.is_complete) return answer;
      offset = answer.next_offset;
    }
  }

  /** @param {import("./finder.js").Hit} hit @returns {Line} */
  #line(hit) {
    return { number: hit.line, offset: hit.offset, time: hit.time, stream: this.stream, text: hit.text };
  }
}

/** @param {Record<string, number>} numbers */
function strings(numbers) {
  return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)]));
}

/** @param {string} url @returns {Promise<Answer>} */
async function fetchJson(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}
