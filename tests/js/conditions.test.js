// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { conditions } from "../../static/js/conditions.js";

/** The Python side is held to the same cases by tests/unit/procedures/pages/test_conditions.py. */
const table = JSON.parse(readFileSync(new URL("conditions.json", import.meta.url), "utf8"));

for (const { name, nodes, unknown, aborts, live, words } of table.cases) {
  test(name, () => {
    const found = conditions(nodes, table.timeout, table.now, unknown, aborts, live);
    assert.deepEqual(found.map((condition) => condition.words), words);
    assert.deepEqual(found.map((condition) => condition.is_failed_abort), words.map((_, i) => i < aborts.length));
  });
}
