// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { crossings, layersOf, layOutGraph } from "../../static/js/trials/layout.js";
import { abortEffects, countsOf, edgeWords, fold, judge, lineOf, renew, timeOf } from "../../static/js/trials/model.js";
import { played } from "../../static/js/trials/rehearse.js";
import { lanesOf } from "../../static/js/trials/spans.js";
import { indent, newLine, outdent, placeOf, remedyOf } from "../../static/js/trials/typing.js";
import { coloured } from "../../static/js/trials/yaml.js";

const SIZE = { nodeWidth: 186, nodeHeight: 70 };
const ANY_END = ["passed", "failed", "aborted", "defective", "skipped"];

const node = (key, state = "pending", more = {}) => /** @type {any} */ ({ key, name: key, state, ignore_abort: false, ...more });
const edge = (from, to, states = ["passed"], use = "start_when") => /** @type {any} */ ({ from, to, use, states, label: "", exists: true, is_satisfied: false, is_impossible: false });
const link = (from, to, use = "start_when") => ({ from, to, use, width: 60 });
const trial = () => /** @type {any} */ ({ id: 7, task: 3, state: "executing", created_at: 0, started_at: 1, finished_at: null, nodes: [node("a", "executing", { started_at: 1, procedure: 11 }), node("b")], edges: [edge("a", "b"), edge("a", "b", ANY_END, "terminate_when")] });
const event = (topic, payload, procedure = null) => /** @type {any} */ ({ id: 1, at: 0, topic, procedure, payload });
const moved = (key, to, more = {}) => event("trial.script.statechange", { trial: 7, task: 3, key, to, reason: "", eligible_at: 1, started_at: 1, finished_at: null, ...more });

/** The same every time, so that a failure can be repeated. @param {number} seed */
function dice(seed) {
  let state = seed;
  return (/** @type {number} */ below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

/** @param {number} seed */
function anyGraph(seed) {
  const roll = dice(seed);
  const keys = Array.from({ length: 1 + roll(25) }, (_, i) => `s${i}`);
  const links = Array.from({ length: roll(45) }, () => link(`s${roll(keys.length + 1)}`, `s${roll(keys.length)}`, roll(4) ? "start_when" : "terminate_when"));
  return { items: keys.map((key) => ({ key })), links };
}

test("no two scripts overlap and everything lies in the picture, whatever the graph", () => {
  for (let seed = 1; seed <= 150; seed++) {
    const { items, links } = anyGraph(seed);
    for (const direction of /** @type {("right" | "down")[]} */ (["right", "down"])) {
      const layout = layOutGraph(items, links, { ...SIZE, direction });
      assert.ok(layout.nodes.length >= items.length);
      for (const [i, one] of layout.nodes.entries()) {
        assert.ok(one.x >= 0 && one.y >= 0 && one.x + SIZE.nodeWidth <= layout.width && one.y + SIZE.nodeHeight <= layout.height, `seed ${seed}: ${one.key} lies outside`);
        for (const other of layout.nodes.slice(i + 1)) {
          const isApart = Math.abs(one.x - other.x) >= SIZE.nodeWidth - 0.01 || Math.abs(one.y - other.y) >= SIZE.nodeHeight - 0.01;
          assert.ok(isApart, `seed ${seed}: ${one.key} and ${other.key} overlap`);
        }
      }
      assert.equal(layout.routes.length, links.length);
      for (const point of layout.routes.flatMap((route) => route.path)) assert.ok(Number.isFinite(point.x) && Number.isFinite(point.y));
    }
  }
});

test("the same graph always gives the same picture", () => {
  const { items, links } = anyGraph(42);
  assert.deepEqual(layOutGraph(items, links, { ...SIZE, direction: "right" }), layOutGraph(items, links, { ...SIZE, direction: "right" }));
});

test("a script stands behind all that it starts after; what ends it does not move it", () => {
  const layers = layersOf(["prepare", "service", "test", "cleanup"], [link("prepare", "test"), link("service", "test"), link("test", "cleanup"), link("test", "service", "terminate_when")]);
  assert.deepEqual([...layers], [["prepare", 0], ["service", 0], ["test", 1], ["cleanup", 2]]);
});

test("cycles and conditions on itself are drawn, and so is a script that does not exist", () => {
  const layout = layOutGraph([{ key: "a" }, { key: "b" }], [link("a", "b"), link("b", "a"), link("a", "a"), link("gone", "b")], { ...SIZE, direction: "right" });
  assert.deepEqual(layout.nodes.filter((one) => one.isGhost).map((one) => one.key), ["gone"]);
  assert.equal(layout.routes.filter((route) => route.isLoop).length, 1);
});

test("an order without crossings is found where there is one", () => {
  const spot = (order) => /** @type {any} */ ({ order, after: [] });
  const [a, b, c, d] = [spot(0), spot(1), spot(0), spot(1)];
  a.after = [d];
  b.after = [c];
  assert.equal(crossings([[a, b], [c, d]]), 1);
});

test("events move scripts on, never back, and edges are judged anew", () => {
  const one = trial();
  assert.equal(fold(one, moved("a", "passed", { finished_at: 5 })), true);
  assert.equal(one.edges[0].is_satisfied, true);
  assert.equal(fold(one, moved("a", "executing")), false);
  assert.equal(one.nodes[0].state, "passed");
  assert.equal(fold(one, event("trial.script.statechange", { ...moved("b", "executing").payload, trial: 8 })), false);
  assert.equal(fold(one, event("trial.statechange", { trial: 7, to: "aborting" })), true);
  assert.equal(fold(one, event("trial.statechange", { trial: 7, to: "executing" })), false);
  assert.equal(one.state, "aborting");
});

test("a script that has ended makes conditions impossible, but not those that were met in time", () => {
  const nodes = [node("service", "aborted"), node("test", "passed", { eligible_at: 2 }), node("late", "skipped")];
  const edges = [edge("service", "test", ["executing"]), edge("service", "late", ["executing"]), edge("gone", "late")];
  judge(edges, nodes);
  assert.deepEqual(edges.map((it) => [it.is_satisfied, it.is_impossible, it.exists]), [[true, false, true], [false, true, true], [false, true, false]]);
});

test("output is told of the script whose procedure it is", () => {
  const one = trial();
  assert.equal(fold(one, event("procedure.output", { lines: 3, last_line: "three" }, /** @type {any} */ (11))), true);
  assert.equal(fold(one, event("procedure.output", { lines: 2, last_line: "two" }, /** @type {any} */ (11))), false);
  assert.equal(fold(one, event("procedure.output", { lines: 9, last_line: "other" }, /** @type {any} */ (12))), false);
  assert.equal(lineOf(one.nodes[0]), "three");
});

test("what the server renders anew is newer, but not than what events have told meanwhile", () => {
  const one = trial();
  fold(one, moved("a", "failed"));
  renew(one, { ...trial(), nodes: [node("a", "executing", { note: "old" }), node("b", "pending", { note: "starts once a is passed" })] });
  assert.deepEqual([one.nodes[0].state, one.nodes[0].note, one.nodes[1].note], ["failed", "", "starts once a is passed"]);
});

test("edges are named in a few words", () => {
  assert.equal(edgeWords({ ...edge("a", "b"), is_satisfied: true }), "passed ✓");
  assert.equal(edgeWords({ ...edge("a", "b", ["failed"]), is_impossible: true }), "failed: never");
  assert.equal(edgeWords(edge("a", "b", ANY_END, "terminate_when")), "ends it: any end");
  assert.equal(edgeWords(edge("a", "b", [])), "no state");
});

test("times, counts and the effects of an abort", () => {
  assert.equal(timeOf(node("a", "executing", { started_at: 10 }), 75), "1:05");
  assert.equal(timeOf(node("a", "passed", { started_at: 10, finished_at: 10.4 }), 99), "0.4 s");
  assert.equal(timeOf(node("a", "waiting", { eligible_at: 90 }), 99), "0:09");
  assert.equal(countsOf([node("a", "passed"), node("b"), node("c", "passed")]), "3 scripts: 1 pending, 2 passed");
  assert.deepEqual(abortEffects([node("a", "executing"), node("b", "waiting"), node("c", "pending", { ignore_abort: true }), node("d", "failed")]), { ends: ["a"], never_starts: ["b"], goes_on: ["c"] });
});

test("bars lie to scale, and waiting before them", () => {
  const { lanes } = lanesOf([node("a", "passed", { started_at: 100, finished_at: 150 }), node("b", "executing", { eligible_at: 125, started_at: 150 }), node("c", "pending")], { created_at: 100, started_at: 100, finished_at: null }, 200);
  assert.deepEqual(lanes.map((lane) => [lane.from, lane.width, lane.waited]), [[0, 50, null], [50, 50, { from: 25, width: 25 }], [0, 0, null]]);
});

test("a rehearsal shows its end on the scripts", () => {
  const rehearsal = { state: "failed", moves: [], scripts: { a: { state: "failed", reason: "exit status 1", started_at: 0, finished_at: 1.5 }, b: { state: "skipped", reason: "unsatisfiable", started_at: null, finished_at: null } } };
  const shown = played([node("a"), node("b")], rehearsal);
  assert.deepEqual(shown.map((one) => [one.state, one.time]), [["failed", "0 s to 1.5 s"], ["skipped", ""]]);
});

test("Enter keeps the indentation and adds to it after a colon", () => {
  const after = (text) => newLine({ text, start: text.length, end: text.length }).insert;
  assert.equal(after("scripts:"), "\n  ");
  assert.equal(after("  body: |"), "\n    ");
  assert.equal(after("    name: x"), "\n    ");
  assert.equal(after("  - one"), "\n    ");
});

test("Tab indents and Shift Tab takes it back, for one line and for many", () => {
  assert.equal(indent({ text: "ab", start: 1, end: 1 }).insert, " ");
  const many = indent({ text: "a\nb\n\nc", start: 0, end: 6 });
  assert.equal(many.insert, "  a\n  b\n\n  c");
  assert.equal(outdent({ text: many.insert, start: 0, end: many.insert.length }).insert, "a\nb\n\nc");
  assert.equal(outdent({ text: "   a", start: 4, end: 4 }).insert, " a");
});

test("a remedy finds the word that it replaces", () => {
  const error = { path: "scripts.a.ignote_state", message: "unknown property 'ignote_state'", hint: "did you mean 'ignore_state'?" };
  assert.deepEqual(remedyOf(error), { wrong: "ignote_state", meant: "ignore_state" });
  const text = "x: 1\nignote_state_2: 1, ignote_state: 2\n";
  const { start, end } = placeOf(text, 2, "ignote_state");
  assert.deepEqual([start, text.slice(start, end)], [24, "ignote_state"]);
  assert.deepEqual(placeOf("a\nb", 2, "zzz"), { start: 2, end: 3 });
  assert.equal(remedyOf({ ...error, hint: "the legal words are a, b" }).meant, "");
});

test("colours lose no character, and tell keys, strings, numbers and comments apart", () => {
  const text = 'a: "x" # why\n# all\n  b-c: [1, passed]\nbody: |\n  for i: in\n\n  done\nnext: {script_key: x}\n- - odd: "unclosed\n';
  const lines = coloured(text);
  assert.equal(lines.map((line) => line.map((piece) => piece.text).join("")).join("\n"), text);
  const kinds = (/** @type {number} */ i) => lines[i]?.filter((piece) => piece.kind).map((piece) => [piece.kind, piece.text.trim()]);
  assert.deepEqual(kinds(0)?.filter(([, text]) => text), [["key", "a"], ["str", '"x"'], ["com", "# why"]]);
  assert.deepEqual(kinds(4), [["str", "for i: in"]]);
  assert.deepEqual(kinds(7)?.[0], ["key", "next"]);
  assert.ok(kinds(7)?.some(([kind, text]) => kind === "key" && text === "script_key"));
});
