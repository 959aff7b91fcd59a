// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { countsInBrief, foldLine, lasted, order } from "../../static/js/trials/lines.js";

/** The Python side is held to the same cases by tests/unit/trials/pages/test_lines.py. */
const table = JSON.parse(readFileSync(new URL("lines.json", import.meta.url), "utf8"));

for (const { name, line, counts, lasted: time } of table.cases) {
  test(name, () => {
    const whole = { ...table.line, ...line };
    assert.deepEqual([countsInBrief(whole), lasted(whole, table.now)], [counts, time]);
  });
}

const event = (topic, payload) => /** @type {any} */ ({ id: 1, at: 10, topic, procedure: null, payload: { trial: 7, task: 3, ...payload } });
const moved = (key, to) => event("trial.script.statechange", { key, to });

test("a trial that comes about has a line", () => {
  const line = foldLine(null, event("trial.statechange", { from: "", to: "pending", number: 1, name: "", scripts: 2, states: { b: "passed" }, at: 5 }));
  assert.deepEqual([line?.name, line?.scripts, line && countsInBrief(line)], ["task 3", 2, "1 passed · 1 waiting"]);
  assert.equal(foldLine(null, event("trial.statechange", { from: "pending", to: "executing" })), null);
});

test("scripts move on and never back, whatever was known when the page was made", () => {
  const executing = foldLine(table.line, moved("a", "executing"));
  assert.deepEqual(executing?.states, { a: "executing" });
  const over = foldLine(executing, moved("a", "failed"));
  assert.equal(foldLine(over, moved("a", "executing")), over);
  assert.equal(foldLine(over, moved("a", "passed")), over);
});

test("what is over stays so", () => {
  const over = foldLine(table.line, event("trial.statechange", { from: "executing", to: "failed", finished_at: 1773798460 }));
  assert.deepEqual([over?.state, over?.finished_at], ["failed", 1773798460]);
  assert.equal(foldLine(over, event("trial.statechange", { from: "dispatching", to: "executing" })), over);
});

test("what is under way stands before what has ended, of which only the last stay", () => {
  const lines = [
    { ...table.line, id: 1, state: "passed", finished_at: 10 },
    { ...table.line, id: 2, state: "failed", finished_at: 30 },
    { ...table.line, id: 3, state: "aborted", finished_at: 20 },
    { ...table.line, id: 9, state: "pending" },
    { ...table.line, id: 8 },
  ];
  assert.deepEqual(order(lines, 2), [8, 9, 2, 3]);
});
