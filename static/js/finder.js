// @ts-check
/** Finding lines of an output on the server, which searches so much at a time: asked on until it is found, or the end is reached. */

/** @typedef {{ offset: number, line: number, time: number, stream: string, text: string }} Hit */
/** @typedef {{ hits: Hit[], count: number, next_offset: number, is_complete: boolean, total_bytes: number }} Answer */
/** @typedef {{ q: string } | { errors: "1" }} Wanted */

const BEYOND_ALL = String(Number.MAX_SAFE_INTEGER);
const MOST_LINES = 20_000;

export class Finder {
  /** @param {string} url @param {(url: string, signal?: AbortSignal) => Promise<Answer>} [ask] */
  constructor(url, ask = fetchJson) {
    this.url = url;
    this.ask = ask;
  }

  /** The first hit after a line; from the beginning again where there is none. @param {Wanted} wanted @param {number} line @returns {Promise<Hit | null>} */
  async next(wanted, line) {
    return (await this.#walk(wanted, { after: String(line) })) ?? (line ? this.#walk(wanted, { after: "0" }) : null);
  }

  /** The last hit before a line; from the end again where there is none. @param {Wanted} wanted @param {number} line @returns {Promise<Hit | null>} */
  async previous(wanted, line) {
    return (await this.#walk(wanted, { before: String(line) })) ?? this.last(wanted);
  }

  /** @param {Wanted} wanted @returns {Promise<Hit | null>} */
  last(wanted) {
    return this.#walk(wanted, { before: BEYOND_ALL });
  }

  /** @param {Wanted} wanted @param {Record<string, string>} place */
  async #walk(wanted, place) {
    let offset = /** @type {number | null} */ (null);
    for (;;) {
      const query = new URLSearchParams({ ...wanted, ...place, limit: "1", ...(offset === null ? {} : { offset: String(offset) }) });
      const answer = await this.ask(`${this.url}?${query}`);
      const hit = answer.hits[0];
      if (hit || answer.is_complete) return hit ?? null;
      offset = answer.next_offset;
    }
  }
}

/** Counts all hits, going on where it ended as the output grows. */
export class Count {
  #offset = 0;
  #last = 0;
  total = 0;
  /** Those that are known by their lines: all of them, unless there are very many. @type {Hit[]} */ hits = [];
  isComplete = false;
  /** How much was searched, from 0 to 1. */ share = 0;

  /** @param {Finder} finder @param {Wanted} wanted */
  constructor(finder, wanted) {
    this.finder = finder;
    this.wanted = wanted;
  }

  /** Whether each hit is known, so that it has a place among them. */
  get isPrecise() {
    return this.hits.length === this.total;
  }

  /** Search what has not been searched yet. @param {AbortSignal} signal @param {() => void} onProgress */
  async goOn(signal, onProgress) {
    this.isComplete = false;
    while (!this.isComplete && !signal.aborted) {
      const query = new URLSearchParams({ ...this.wanted, offset: String(this.#offset), limit: "1000", count: "1" });
      this.#take(await this.finder.ask(`${this.finder.url}?${query}`, signal));
      onProgress();
    }
  }

  /** @param {Answer} answer */
  #take(answer) {
    const fresh = answer.hits.filter((hit) => hit.line > this.#last); // a line that had not ended is seen again
    this.total += answer.count - (answer.hits.length - fresh.length);
    if (this.hits.length < MOST_LINES) this.hits.push(...fresh);
    this.#last = fresh.at(-1)?.line ?? this.#last;
    this.#offset = answer.next_offset;
    this.isComplete = answer.is_complete;
    this.share = answer.is_complete ? 1 : Math.min(1, this.#offset / Math.max(1, answer.total_bytes));
  }
}

/** @param {string} url @param {AbortSignal} [signal] @returns {Promise<Answer>} */
async function fetchJson(url, signal) {
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal: signal ?? null });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}
