// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { countChanged } from "../../static/js/overrides.js";

test("overrides that are not as the site has them are counted", () => {
  const of = (/** @type {unknown} */ value, /** @type {unknown} */ standard) => ({ name: "x", value, default: standard });
  assert.equal(countChanged([of(true, false), of(12.5, 12.5), of("", "")]), 1);
});
