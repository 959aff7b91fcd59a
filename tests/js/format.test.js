// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as format from "../../static/js/format.js";

/** The Python side is held to the same table by tests/unit/procedures/test_words.py. */
const table = JSON.parse(readFileSync(new URL("formats.json", import.meta.url), "utf8"));
const names = { line_count: "lineCount" };

for (const [name, cases] of Object.entries(table)) {
  test(`${name} reads as in the table`, () => {
    for (const [given, wanted] of cases) assert.equal(format[names[name] ?? name](...[given].flat()), wanted, JSON.stringify(given));
  });
}

test("a precise time of day has milliseconds", () => {
  assert.equal(format.preciseClock(1773798452.02), "01:47:32.020");
});
