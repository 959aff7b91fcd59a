// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fold, folderOf, sectionOf, shown } from "../../static/js/records.js";

/** The Python side is held to the same cases by tests/unit/procedures/pages/test_rows.py. */
const table = JSON.parse(readFileSync(new URL("shown.json", import.meta.url), "utf8"));

for (const { name, record, words } of table.cases) {
  test(name, () => assert.deepEqual(shown({ ...table.record, ...record }, table.now), { ...table.words, ...words }));
}

const created = {
  id: 40,
  at: 1000,
  topic: "procedure.lifecycle.statechange",
  procedure: 12,
  payload: { state: "CREATING", sequence: 1, at: 1000, who: "t.mokoena", script: "observe.py", uri: "file:///srv/im%20aging/observe.py", arguments: "a=1", node: "n", cause: "" },
};
const change = (state, sequence, more = {}) => ({ ...created, payload: { state, sequence, at: 1000 + sequence, cause: "", who: "", function: "", ...more } });

test("a procedure that is created becomes a record", () => {
  const record = fold(null, created);
  assert.equal(record?.name, "observe.py");
  assert.equal(record?.folder, "im aging/");
  assert.equal(record?.created_by, "t.mokoena");
  assert.equal(record?.arguments, "a=1");
});

test("a procedure that the page never heard of stays unknown", () => {
  assert.equal(fold(null, change("RUNNING", 7)), null);
  assert.equal(fold(null, { ...created, topic: "procedure.output", payload: { bytes: 1 } }), null);
});

test("a script of a trial is known from its first step on", () => {
  const part = { script: "observe", uri: "", part_of: { task: 3, trial: 7, key: "observe" } };
  assert.equal(fold(null, change("CREATING", 1, part)), null);
  assert.equal(fold(null, change("STOPPED", 2, part)), null); // skipped: it never had a process
  const record = fold(null, change("IDLE", 2, { ...part, created_at: 900, created_by: "ann", deadline_at: 2000 }));
  assert.deepEqual([record?.trial, record?.script_key, record?.created_at, record?.created_by, record?.deadline_at], [7, "observe", 900, "ann", 2000]);
});

test("an event that the page was made with changes nothing", () => {
  const record = { ...table.record, sequence: 6 };
  assert.equal(fold(record, change("READY", 6)), record);
  assert.equal(fold(record, created), record);
});

test("a run is counted from its start, by whoever started it", () => {
  const record = fold(table.record, change("RUNNING", 7, { function: "main", who: "l.okafor" }));
  assert.deepEqual([record?.state, record?.function, record?.started_by, record?.started_at], ["RUNNING", "main", "l.okafor", 1007]);
  assert.equal(fold(record, change("READY", 8))?.function, "");
});

test("an end has its time and its cause", () => {
  const record = fold(table.record, change("FAILED", 7, { cause: "ValueError: no" }));
  assert.deepEqual([record?.finished_at, record?.cause], [1007, "ValueError: no"]);
});

test("output only grows, and an empty line does not hide the last one", () => {
  const output = (payload) => ({ ...created, topic: "procedure.output", payload });
  const first = fold(table.record, output({ bytes: 90, lines: 3, last_line: "scan 1", at: 1010 }));
  assert.deepEqual([first?.output_bytes, first?.last_line, first?.last_output_at], [90, "scan 1", 1010]);
  assert.equal(fold(first, output({ bytes: 80, lines: 2, last_line: "old", at: 1009 })), first);
  assert.equal(fold(first, output({ bytes: 91, lines: 4, last_line: "", at: 1011 }))?.last_line, "scan 1");
});

test("a stop that is asked for is known by whom and with which grace, and a second one shortens it", () => {
  const asked = (at, payload) => ({ ...created, at, topic: "procedure.stopping", payload });
  const first = fold(table.record, asked(1020, { by: "l.okafor", grace_s: 5 }));
  assert.deepEqual([first?.stop_by, first?.stop_at, first?.stop_grace_s], ["l.okafor", 1020, 5]);
  const second = fold(first, asked(1021, { by: "t.mokoena", grace_s: 0 }));
  assert.equal(second && shown(second, 1021.5).stopping, "being killed, by t.mokoena");
});

test("a stop that ended in UNKNOWN is over, and a new one begins anew", () => {
  const stopping = fold(table.record, { ...created, at: 1020, topic: "procedure.stopping", payload: { by: "l.okafor", grace_s: 5 } });
  const unknown = fold(stopping, change("UNKNOWN", 7));
  assert.equal(unknown && shown(unknown, 1030).stopping, "");
});

test("a deadline comes and goes with the state, too", () => {
  const record = fold(table.record, change("RUNNING", 7, { deadline_at: 1100 }));
  assert.equal(record?.deadline_at, 1100);
  assert.equal(fold(record, change("READY", 8, { deadline_at: null }))?.deadline_at, null);
});

test("a deadline comes and goes with its event", () => {
  const deadline = (at) => ({ ...created, topic: "procedure.deadline", payload: { deadline_at: at, timeout_s: 60 } });
  const record = fold(table.record, deadline(1100));
  assert.equal(record && shown(record, 1090).timeout, "timeout in 10 s");
  const without = fold(record, deadline(null));
  assert.equal(without && shown(without, 1090).timeout, "");
});

test("on a page that has lost its link, countdowns are times of day, which stay true", () => {
  const record = { ...table.record, state: "RUNNING", stop_at: table.now, stop_by: "l.okafor", stop_grace_s: 5, deadline_at: table.now + 60 };
  const words = shown(record, table.now, true);
  assert.equal(words.stopping, "stopping, by l.okafor, kill at 01:47:37");
  assert.equal(words.timeout, "timeout at 01:48:32");
});

test("every state has its list", () => {
  const states = ["CREATING", "PREP_ENV", "IDLE", "LOADING", "INITIALISING", "READY"];
  assert.ok(states.every((state) => sectionOf(state) === "prepared"));
  assert.equal(sectionOf("RUNNING"), "running");
  assert.ok(["COMPLETE", "STOPPED", "FAILED", "UNKNOWN"].every((state) => sectionOf(state) === "recent"));
});

test("a folder that cannot be decoded is shown as it is", () => {
  assert.equal(folderOf("file:///srv/50%/a.py"), "50%/");
  assert.equal(folderOf("embedded:pasted.py"), "");
  assert.equal(folderOf("file:///a.py"), "");
});

test("how far an environment is, is said while it is prepared and not afterwards", () => {
  const progress = { ...created, topic: "procedure.progress", payload: { words: "environment b71e09d builds" } };
  assert.equal(fold({ ...table.record, state: "PREP_ENV", cause: "reading" }, progress)?.cause, "environment b71e09d builds");
  const running = { ...table.record, state: "RUNNING" };
  assert.equal(fold(running, progress), running);
});
