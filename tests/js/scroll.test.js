// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Count, Finder } from "../../static/js/finder.js";
import { lineAt, spaces } from "../../static/js/scroll_map.js";

test("few lines have spaces as high as they are", () => {
  assert.deepEqual(spaces(11, 20, 100, 18), { above: 180, below: 1440 });
});

test("where everything is loaded there is no space", () => {
  assert.deepEqual(spaces(1, 7, 7, 18), { above: 0, below: 0 });
});

test("the spaces of very many lines stay within what browsers draw", () => {
  const { above, below } = spaces(500_000, 501_000, 100_000_000, 18);
  assert.ok(above <= 6_000_000 && below <= 6_000_000);
});

test("each place in the spaces is a line, the first is 1 and the last is the last", () => {
  for (const total of [3000, 1_000_000, 90_000_000]) {
    const [first, last] = [Math.floor(total / 2), Math.floor(total / 2) + 500];
    const around = spaces(first, last, total, 18);
    const loaded = 501 * 18;
    const at = (/** @type {number} */ y) => lineAt(y, around, loaded, first, last, total);
    assert.equal(at(0), 1);
    assert.equal(at(around.above + 1), null);
    assert.equal(at(around.above + loaded), null);
    assert.equal(at(around.above + loaded + around.below), total);
    let before = 0;
    for (let y = 0; y < around.above; y += around.above / 50) {
      const line = at(y) ?? 0;
      assert.ok(line >= before && line >= 1 && line < first);
      before = line;
    }
  }
});

/** A server that finds lines 10, 20 … 50, two at a time. */
function server() {
  const asked = /** @type {URLSearchParams[]} */ ([]);
  /** @param {string} url */
  async function ask(url) {
    const query = new URLSearchParams(url.split("?")[1]);
    asked.push(query);
    const all = [10, 20, 30, 40, 50].map((line) => ({ offset: line * 10, line, time: 0, stream: "stdout", text: "" }));
    const [after, before] = [query.get("after"), query.get("before")];
    if (before) {
      const hits = all.filter((hit) => hit.line < Number(before)).slice(-1);
      return { hits, count: hits.length, next_offset: 0, is_complete: !hits.length, total_bytes: 500 };
    }
    const from = Number(query.get("offset") ?? 0);
    const rest = all.filter((hit) => hit.line > Number(after ?? 0) && hit.offset >= from);
    const hits = rest.slice(0, Math.min(2, Number(query.get("limit"))));
    return { hits, count: hits.length, next_offset: (hits.at(-1)?.offset ?? 500) + 1, is_complete: rest.length === hits.length, total_bytes: 500 };
  }
  return { ask, asked };
}

test("next and previous wrap around at the ends", async () => {
  const finder = new Finder("search", server().ask);
  assert.equal((await finder.next({ q: "x" }, 20))?.line, 30);
  assert.equal((await finder.next({ q: "x" }, 50))?.line, 10);
  assert.equal((await finder.previous({ q: "x" }, 20))?.line, 10);
  assert.equal((await finder.previous({ q: "x" }, 10))?.line, 50);
});

test("counting goes on until everything was searched, and later with what has come since", async () => {
  const { ask, asked } = server();
  const count = new Count(new Finder("search", ask), { errors: "1" });
  const shares = /** @type {number[]} */ ([]);
  await count.goOn(new AbortController().signal, () => shares.push(count.share));
  assert.equal(count.total, 5);
  assert.ok(count.isPrecise && count.isComplete);
  assert.deepEqual(count.hits.map((hit) => hit.line), [10, 20, 30, 40, 50]);
  assert.equal(shares.at(-1), 1);
  const requests = asked.length;
  await count.goOn(new AbortController().signal, () => {});
  assert.equal(count.total, 5);
  assert.equal(asked.length, requests + 1);
});
