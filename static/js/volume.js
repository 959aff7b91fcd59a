// @ts-check
/** How much was printed when: fetched from the server now and then, drawn below the timeline. */

import { monotonic } from "./live.js";
import { placeOf } from "./scale.js";
import { make } from "./svg.js";

/** @typedef {[begin: number, end: number, bytes: number][]} Volume times in Unix seconds */

const REST_S = 5;
const LOWEST_PX = 1;
const COLUMNS = 180;

/**
 * Bytes in columns of equal width, on the scale of these bars. What was printed over a while is spread over it.
 * @param {import("./scale.js").Bar[]} bars @param {Volume} volume @param {number} since what ended before is left out @returns {number[]}
 */
export function columnsOf(bars, volume, since) {
  const columns = Array.from({ length: COLUMNS }, () => 0);
  const columnAt = (/** @type {number} */ at) => Math.min(COLUMNS - 1, Math.floor((placeOf(bars, at) / 100) * COLUMNS));
  for (const [begin, end, bytes] of volume) {
    if (end < since) continue;
    const [from, to] = [columnAt(begin), columnAt(end)];
    for (let column = from; column <= to; column += 1) columns[column] += bytes / (to - from + 1);
  }
  return columns;
}

/**
 * @param {import("./timeline.js").Canvas} canvas @param {{ y: number, height: number }} lane @param {Volume} volume
 */
export function drawVolume({ svg, bars, begin }, lane, volume) {
  const columns = columnsOf(bars, volume, begin);
  const most = Math.max(...columns);
  const group = make("g", { class: "volume" });
  columns.forEach((bytes, i) => {
    if (!bytes) return;
    const height = Math.max(LOWEST_PX, (lane.height * bytes) / most);
    group.append(make("rect", { x: `${(100 * i) / COLUMNS}%`, y: lane.y + lane.height - height, width: `${80 / COLUMNS}%`, height }));
  });
  svg.append(group);
}

export class VolumeSource {
  /** @type {Volume | null} */ volume = null;
  #bytes = -1;
  #span = -1;
  #askedAt = -REST_S;
  #isBusy = false;

  /** @param {string} url @param {() => void} onChanged */
  constructor(url, onChanged) {
    this.url = url;
    this.onChanged = onChanged;
  }

  /** There is so much output by now, and so many of its last seconds are looked at; 0 for all. @param {number} bytes @param {number} span */
  turn(bytes, span) {
    const isOther = span !== this.#span;
    if (this.#isBusy || bytes === 0 || (bytes === this.#bytes && !isOther) || (!isOther && monotonic() - this.#askedAt < REST_S)) return;
    void this.#fetch(bytes, span);
  }

  /** @param {number} bytes @param {number} span */
  async #fetch(bytes, span) {
    this.#isBusy = true;
    this.#askedAt = monotonic();
    try {
      const response = await fetch(`${this.url}${span ? `?last=${span}` : ""}`, { headers: { Accept: "application/json" } });
      if (!response.ok) return;
      this.volume = (await response.json()).parts;
      this.#bytes = bytes;
      this.#span = span;
      this.onChanged();
    } catch {
      // the link says that the server is gone
    } finally {
      this.#isBusy = false;
    }
  }
}
