// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { layOut, layOutLast, lengthOf, placeOf } from "../../static/js/scale.js";
import { columnsOf } from "../../static/js/volume.js";

/** @type {import("../../static/js/scale.js").Step[]} */
const STEPS = [
  ["LOADING", 100, ""],
  ["READY", 110, ""],
  ["RUNNING", 5000, "main"],
  ["COMPLETE", 5100, ""],
];

test("a time lies within the bar of its state, however much a wait was shortened", () => {
  const { bars, isBroken } = layOut(STEPS, 9000);
  assert.ok(isBroken);
  for (const bar of bars) {
    const middle = placeOf(bars, bar.at + bar.lasted / 2);
    assert.ok(middle >= bar.from - 1e-9 && middle <= bar.from + bar.width + 1e-9, bar.state);
  }
});

test("places never go back in time, and stay within the scale", () => {
  const { bars } = layOut(STEPS, 9000);
  let before = -1;
  for (let at = 0; at < 6000; at += 7) {
    const place = placeOf(bars, at);
    assert.ok(place >= before && place >= 0 && place <= 100);
    before = place;
  }
});

test("what was before the first state lies at its beginning, what came after the last at its end", () => {
  const { bars } = layOut(STEPS, 9000);
  const last = bars[bars.length - 1];
  assert.equal(placeOf(bars, 0), 0);
  assert.equal(placeOf(bars, 1e9), (last?.from ?? 0) + (last?.width ?? 0));
});

test("what runs leaves room until it usually ends, to the same scale; what has ended or takes longer than usual does not", () => {
  const running = STEPS.slice(0, 3);
  const { bars, expected } = layOut(running, 5100, 5200);
  assert.ok(expected);
  const now = bars.at(-1);
  assert.equal(now?.state, "RUNNING");
  assert.ok(Math.abs((now?.width ?? 0) - expected.width) < 1e-6, "a hundred seconds were, a hundred are to come");
  assert.ok(Math.abs(expected.from + expected.width - 100) < 1e-6);
  assert.equal(placeOf(bars, 5150), (now?.from ?? 0) + (now?.width ?? 0));
  assert.equal(layOut(running, 5300, 5200).expected, null);
  assert.equal(layOut(running, 5100).expected, null);
  assert.equal(layOut(STEPS, 5150, 5200).expected, null);
});

test("the last seconds alone are to scale, and what ended before them is left out", () => {
  const { bars, begin } = layOutLast(STEPS, 9000, 60);
  assert.equal(begin, 5040);
  assert.deepEqual(bars.map((bar) => [bar.state, bar.from, bar.width, bar.whole]), [
    ["RUNNING", 0, 100, 100],
    ["COMPLETE", 100, 0, 0],
  ]);
  assert.equal(placeOf(bars, 5070), 50);
  assert.equal(lengthOf(STEPS, 9000), 5000);
});

test("output lies where it was printed, however much a wait was shortened, and all of it is counted", () => {
  const { bars } = layOut(STEPS, 9000);
  const columns = columnsOf(bars, [[105, 105, 10], [5000, 5100, 500], [5100, 5100, 7]], -Infinity);
  const sum = (/** @type {number[]} */ some) => some.reduce((all, one) => all + one, 0);
  assert.ok(Math.abs(sum(columns) - 517) < 1e-6);
  const [, ready, running] = bars;
  const of = (/** @type {import("../../static/js/scale.js").Bar | undefined} */ bar) => columns.slice(Math.ceil(((bar?.from ?? 0) / 100) * columns.length), Math.floor((((bar?.from ?? 0) + (bar?.width ?? 0)) / 100) * columns.length));
  assert.equal(sum(of(ready)), 0);
  assert.ok(sum(of(running)) > 480);
  assert.ok(Math.abs(sum(columnsOf(bars, [[105, 105, 10], [5000, 5100, 500]], 4000)) - 500) < 1e-6);
});
