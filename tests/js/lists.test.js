// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { arrange } from "../../static/js/board.js";
import { layOut } from "../../static/js/scale.js";

const record = (id, state, more = {}) => /** @type {any} */ ({ id, state, name: `s${id}.py`, started_at: null, finished_at: null, ...more });

test("lists stand in the order in which people read them", () => {
  const records = [
    record(5, "READY"),
    record(4, "CREATING"),
    record(3, "RUNNING", { started_at: 20 }),
    record(2, "RUNNING", { started_at: 30 }),
    record(6, "COMPLETE", { finished_at: 50 }),
    record(1, "FAILED", { finished_at: 60 }),
    record(7, "STOPPED", { finished_at: 40 }),
    record(8, "UNKNOWN"),
  ];
  assert.deepEqual(arrange(records, 2), { running: [3, 2], prepared: [4, 5], recent: [8, 1, 6] });
});

test("bars follow each other to scale and fill the width", () => {
  const { bars, isBroken, length } = layOut([["INITIALISING", 0, ""], ["RUNNING", 10, "main"], ["FAILED", 40, ""]], 99);
  assert.deepEqual(bars.map((bar) => [bar.label, bar.from, bar.width]), [["INITIALISING", 0, 25], ["RUNNING 1 main", 25, 75], ["FAILED", 100, 0]]);
  assert.deepEqual([isBroken, length], [false, 40]);
});

test("the last state of what lives grows until now", () => {
  const { bars } = layOut([["READY", 0, ""], ["RUNNING", 1, "main"]], 11);
  assert.deepEqual([bars[1]?.lasted, bars[1]?.isOpen], [10, true]);
});

test("a long wait does not press the rest together", () => {
  const { bars, isBroken } = layOut([["INITIALISING", 0, ""], ["READY", 10, ""], ["RUNNING", 36_000, "main"], ["COMPLETE", 36_030, ""]], 99_999);
  assert.equal(isBroken, true);
  assert.ok((bars[1]?.width ?? 100) < 20);
  assert.equal(bars[1]?.lasted, 35_990);
});

test("no bar is too narrow to be seen, and none leaves the drawing", () => {
  const steps = Array.from({ length: 40 }, (_, i) => /** @type {[string, number, string]} */ ([i % 2 ? "READY" : "RUNNING", i * 1e-6, "f"]));
  const { bars } = layOut([...steps, ["COMPLETE", 1000, ""]], 1000);
  assert.ok(bars.slice(0, -1).every((bar) => bar.width > 0.2));
  const last = bars[bars.length - 1];
  assert.ok((last?.from ?? 0) + (last?.width ?? 0) <= 100.001);
});

test("scripts of trials are in the lines of their trials, unless one is lost or something is looked for", () => {
  const records = [record(1, "RUNNING", { trial: 7 }), record(2, "IDLE", { trial: 7 }), record(3, "FAILED", { trial: 7 }), record(4, "UNKNOWN", { trial: 7 })];
  assert.deepEqual(arrange(records, 9), { running: [], prepared: [], recent: [4] });
  assert.deepEqual(arrange(records, 9, () => true, true), { running: [], prepared: [], recent: [4, 3] });
});
