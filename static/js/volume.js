// @ts-check
/** How much was printed when: fetched from the server now and then, drawn below the timeline. */

import { size } from "./format.js";
import { monotonic } from "./live.js";
import { placeOf } from "./scale.js";
import { make } from "./svg.js";

/** @typedef {{ begin: number, span_s: number, sizes: number[] }} Volume bytes in equal spans of time; Unix seconds */

const REST_S = 5;
const LOWEST_PX = 1;

/**
 * @param {import("./timeline.js").Canvas} canvas @param {{ y: number, height: number }} lane @param {Volume} volume
 */
export function drawVolume({ svg, bars }, lane, volume) {
  const most = Math.max(...volume.sizes);
  if (!most) return;
  const group = make("g", { class: "volume" });
  group.append(make("title", {}, `at most ${size(most / volume.span_s)} a second`));
  volume.sizes.forEach((bytes, i) => {
    if (!bytes) return;
    const from = placeOf(bars, volume.begin + i * volume.span_s);
    const to = placeOf(bars, volume.begin + (i + 1) * volume.span_s);
    const height = Math.max(LOWEST_PX, (lane.height * bytes) / most);
    group.append(make("rect", { x: `${from}%`, y: lane.y + lane.height - height, width: `${Math.max(0.08, (to - from) * 0.8)}%`, height }));
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
      this.volume = await response.json();
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
