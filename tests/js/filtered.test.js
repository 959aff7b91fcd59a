// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { FilteredSource } from "../../static/js/filtered_source.js";

/** A server with errors in every tenth of so many lines, that searches only so many lines an answer. @param {number} total @param {number} reach */
function server(total, reach) {
  const all = Array.from({ length: Math.floor(total / 10) }, (_, i) => ({ line: (i + 1) * 10, offset: (i + 1) * 100, time: 1, stream: "stderr", text: `e${i}` }));
  /** @param {string} url */
  return async (url) => {
    const query = new URLSearchParams(url.split("?")[1]);
    const limit = Number(query.get("limit"));
    const offset = query.get("offset") === null ? null : Number(query.get("offset"));
    const answer = { count: 0, total_bytes: total * 10 };
    if (query.has("before")) {
      const end = Math.min(Number(query.get("before")) - 1, offset === null ? total : offset / 10 - 1);
      const begin = Math.max(0, Math.min(end, total) - reach);
      const hits = all.filter((hit) => hit.line <= end && hit.line > begin).slice(-limit);
      return { ...answer, hits, next_offset: (begin + 1) * 10, is_complete: begin === 0 && !hits.length };
    }
    const begin = Math.max(Number(query.get("after") ?? 0), offset === null ? 0 : offset / 10 - 1);
    const end = Math.min(total, begin + reach);
    const found = all.filter((hit) => hit.line > begin && hit.line <= end);
    const hits = found.slice(0, limit);
    const last = hits.length < found.length ? (hits.at(-1)?.line ?? 0) : end;
    return { ...answer, hits, next_offset: (last + 1) * 10, is_complete: last >= total };
  };
}

const numbers = (/** @type {{ number: number }[]} */ lines) => lines.map((line) => line.number);

test("the end comes first, gathered from as many answers as it takes", async () => {
  const source = new FilteredSource("search", "stderr", server(5_000, 300));
  const { added } = await source.tail();
  assert.deepEqual(numbers(added), Array.from({ length: 500 }, (_, i) => (i + 1) * 10));
  assert.ok(source.isAtEnd && source.isAtStart);
});

test("from a line in the middle both ends grow until nothing is left, each line once", async () => {
  const source = new FilteredSource("search", "stderr", server(30_000, 700));
  let held = (await source.around(15_003)).added;
  while (!source.isAtStart) held = [...(await source.earlier()), ...held];
  while (!source.isAtEnd) held = [...held, ...(await source.later()).added];
  assert.deepEqual(numbers(held), Array.from({ length: 3_000 }, (_, i) => (i + 1) * 10));
});

test("what was let go of comes again", async () => {
  const source = new FilteredSource("search", "stderr", server(30_000, 700));
  const { added } = await source.tail();
  const [dropped, kept] = [added[99], added[100]];
  source.dropBefore(kept?.offset ?? 0, kept?.number ?? 0);
  const earlier = await source.earlier();
  assert.equal(earlier.at(-1)?.number, dropped?.number);
});

test("where the output has grown there is more to look for", async () => {
  const source = new FilteredSource("search", "stderr", server(100, 1000));
  await source.tail();
  assert.ok(source.isAtEnd);
  source.grewTo(2_000, 200);
  assert.ok(!source.isAtEnd);
});
