// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { spans } from "../../static/js/ansi.js";
import { Lines } from "../../static/js/lines.js";

const frame = (text, more = {}) => ({ offset: 0, line: 0, time: 1, stream: /** @type {"stdout"} */ ("stdout"), text, ...more });
const texts = (lines) => lines.map((line) => line.text);

test("a frame of whole lines becomes these lines, numbered from where it stands", () => {
  const { added, grown } = new Lines().take(frame("a\nb\n", { line: 9 }));
  assert.deepEqual(added.map((line) => [line.number, line.text]), [[10, "a"], [11, "b"]]);
  assert.equal(grown, null);
});

test("a line that a frame leaves open goes on in the next", () => {
  const lines = new Lines();
  const first = lines.take(frame("a\nhal"));
  const second = lines.take(frame("f\nc\n", { line: 1, offset: 5 }));
  assert.equal(second.grown, first.added[1]);
  assert.equal(second.grown?.text, "half");
  assert.deepEqual(texts(second.added), ["c"]);
});

test("streams that take turns within a line do not mix", () => {
  const lines = new Lines();
  lines.take(frame("out"));
  const { grown, added } = lines.take(frame("err\n", { stream: "stderr" }));
  assert.equal(grown, null);
  assert.deepEqual(added.map((line) => [line.stream, line.text]), [["stderr", "err"]]);
});

test("empty lines are kept, and a final newline begins no line", () => {
  assert.deepEqual(texts(new Lines().take(frame("\n\na\n")).added), ["", "", "a"]);
});

test("a line knows its offset in bytes, not in letters", () => {
  const { added } = new Lines().take(frame("é\nb\n", { offset: 100 }));
  assert.deepEqual(added.map((line) => line.offset), [100, 103]);
});

test("a line that never ends does not fill the page", () => {
  const lines = new Lines();
  const line = lines.take(frame("x".repeat(9_000))).added[0];
  for (let i = 0; i < 20; i += 1) lines.take(frame("x".repeat(9_000)));
  assert.ok((line?.text.length ?? 0) < 11_000);
  assert.match(line?.text ?? "", /download/);
});

test("what was not kept is one line of its own, and parts what is around it", () => {
  const lines = new Lines();
  lines.take(frame("cut off"));
  const gap = lines.take({ offset: 7, line: 0, time: null, stream: "gap", text: "[not kept]" });
  assert.deepEqual(gap.added.map((line) => [line.stream, line.text]), [["gap", "[not kept]"]]);
  assert.equal(lines.take(frame("on\n", { offset: 900, line: 40 })).grown, null);
});

test("terminal colours become classes, other sequences vanish", () => {
  assert.deepEqual(spans("\x1b[1;31mERROR\x1b[0m dish\x1b[2K 37\x1b]0;title\x07"), [
    { text: "ERROR", classes: ["a-red", "a-bold"] },
    { text: " dish", classes: [] },
    { text: " 37", classes: [] },
  ]);
});

test("256 and true colours leave our own readable colour, and eat their parameters", () => {
  assert.deepEqual(spans("\x1b[38;5;1mx\x1b[38;2;1;31;1my\x1b[92mz"), [
    { text: "x", classes: [] },
    { text: "y", classes: [] },
    { text: "z", classes: ["a-green"] },
  ]);
});

test("a carriage return starts the line again", () => {
  assert.deepEqual(spans("10 %\r20 %\r"), [{ text: "20 %", classes: [] }]);
});

test("control characters are not shown, tabs are", () => {
  assert.deepEqual(spans("a\x00\x07\tb"), [{ text: "a\tb", classes: [] }]);
});
