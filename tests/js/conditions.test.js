// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { changeOfManagers, conditions } from "../../static/js/conditions.js";

/** The Python side is held to the same cases by tests/unit/procedures/pages/test_conditions.py. */
const table = JSON.parse(readFileSync(new URL("conditions.json", import.meta.url), "utf8"));

for (const { name, nodes, unknown, aborts, live, words } of table.cases) {
  test(name, () => {
    const found = conditions(nodes, table.timeout, table.now, unknown, aborts, live);
    assert.deepEqual(found.map((condition) => condition.words), words);
    assert.deepEqual(found.map((condition) => condition.is_failed_abort), words.map((_, i) => i < aborts.length));
  });
}

test("a manager that goes missing, or comes back, is said once", () => {
  const nodes = (/** @type {number[]} */ ...ages) => ages.map((age, i) => ({ name: `node-${i}`, heartbeat_age_s: age, problems: [] }));
  const missing = (/** @type {string[]} */ ...names) => new Set(names);
  assert.equal(changeOfManagers(null, nodes(99), 5), null);
  assert.equal(changeOfManagers(missing(), nodes(1, 1), 5), null);
  assert.equal(changeOfManagers(missing("node-0"), nodes(99), 5), null);
  assert.deepEqual(changeOfManagers(missing(), nodes(99, 1), 5), { words: "The process manager of node-0 is silent.", isUrgent: true });
  assert.match(changeOfManagers(missing(), nodes(99), 5)?.words ?? "", /^No process manager is running/);
  assert.match(changeOfManagers(missing("node-1"), nodes(99, 99), 5)?.words ?? "", /^No process manager is running/);
  assert.deepEqual(changeOfManagers(missing("node-0"), nodes(1, 1), 5), { words: "The process manager of node-0 is back.", isUrgent: false });
});
