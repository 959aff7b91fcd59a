// @ts-check
/** The state timeline, to scale, as numbers: what stands where, in percent of the width. */

/** @typedef {[state: string, at: number, function: string]} Step */
/** @typedef {{ state: string, label: string, at: number, from: number, width: number, lasted: number, whole: number, isOpen: boolean }} Bar `lasted` is what is drawn of the `whole`, both in seconds */

const FINAL = new Set(["COMPLETE", "STOPPED", "FAILED"]);
/** Nothing is drawn narrower than this, so that no state is lost; percent. */
const NARROWEST = 0.25;
/** A state longer than this share of the rest would press everything else together: it is drawn shortened, and says so. */
const WAITS = new Set(["READY", "IDLE"]);
const WAIT_SHARE = 0.15;

/**
 * Bars and the length of the whole, and the rest until it is expected to end. A long wait in READY is drawn shorter than it was: `isBroken` tells.
 * @param {Step[]} steps @param {number} now Unix seconds @param {number} [until] when it usually ends, Unix seconds; 0 where nobody knows
 */
export function layOut(steps, now, until = 0) {
  const spans = steps.map(([state, at, name], i) => {
    const isOpen = i === steps.length - 1 && !FINAL.has(state);
    const end = steps[i + 1]?.[1] ?? (isOpen ? Math.max(now, at) : at);
    return { state, name, at, lasted: Math.max(0, end - at), isOpen };
  });
  const busy = spans.filter((span) => !WAITS.has(span.state)).reduce((sum, span) => sum + span.lasted, 0);
  const waits = spans.filter((span) => WAITS.has(span.state));
  const longestWait = Math.max(busy * WAIT_SHARE, 1e-9);
  const isBroken = (/** @type {typeof spans[number]} */ span) => busy > 0 && WAITS.has(span.state) && span.lasted > longestWait;
  const drawn = (/** @type {typeof spans[number]} */ span) => (isBroken(span) ? longestWait : span.lasted);
  const rest = spans.at(-1)?.isOpen ? Math.max(0, until - now) : 0;
  const total = spans.reduce((sum, span) => sum + drawn(span), rest) || 1;
  let from = 0;
  let runs = 0;
  const bars = spans.map((span) => {
    if (span.state === "RUNNING") runs += 1;
    const width = Math.max(FINAL.has(span.state) ? 0 : NARROWEST, (100 * drawn(span)) / total);
    const label = span.state === "RUNNING" ? `RUNNING ${runs} ${span.name}`.trim() : span.state;
    const bar = { state: span.state, label, at: span.at, from, width, lasted: span.lasted, whole: span.lasted, isOpen: span.isOpen, isBroken: isBroken(span) };
    from += width;
    return bar;
  });
  const still = (100 * rest) / total;
  const scale = 100 / Math.max(100, from + still);
  for (const bar of bars) Object.assign(bar, { from: bar.from * scale, width: bar.width * scale });
  const expected = rest ? { from: from * scale, width: still * scale } : null;
  return { bars, isBroken: waits.some(isBroken), length: spans.reduce((sum, span) => sum + span.lasted, 0), expected };
}

/**
 * The same for the last seconds alone, to scale throughout; what ended before is left out.
 * @param {Step[]} steps @param {number} now Unix seconds @param {number} last seconds
 */
export function layOutLast(steps, now, last) {
  const { bars, length } = layOut(steps, now);
  const ending = bars.at(-1);
  const end = ending ? ending.at + ending.lasted : now;
  const begin = end - last;
  const within = bars.filter((bar) => bar.at + bar.lasted > begin || bar === ending);
  for (const bar of within) {
    const from = Math.max(bar.at, begin);
    const lasted = bar.at + bar.lasted - from;
    Object.assign(bar, { at: from, lasted, from: (100 * (from - begin)) / last, width: Math.max(FINAL.has(bar.state) ? 0 : NARROWEST, (100 * lasted) / last), isBroken: false });
  }
  return { bars: within, isBroken: false, length, begin, expected: null };
}

/** How long all of it took, or takes by now. @param {Step[]} steps @param {number} now Unix seconds */
export function lengthOf(steps, now) {
  const last = steps.at(-1);
  const first = steps[0];
  if (!first || !last) return 0;
  return (FINAL.has(last[0]) ? last[1] : Math.max(now, last[1])) - first[1];
}

/**
 * Where a time lies on the scale of these bars, in percent; before the first and after the last it is their edge.
 * @param {Bar[]} bars @param {number} at Unix seconds
 */
export function placeOf(bars, at) {
  let place = 0;
  for (const bar of bars) {
    if (at < bar.at) break;
    const share = bar.lasted > 0 ? Math.min(1, (at - bar.at) / bar.lasted) : 1;
    place = bar.from + bar.width * share;
  }
  return place;
}
