// @ts-check
/** What no event tells of a procedure (how long its script usually takes) is asked for, once and for several together. */

import { isFinal } from "./records.js";
import { read } from "./send.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */

const MOST = 50;
const RETRY_MS = 5000;

let isAsking = false;
let notBefore = 0;

/** @param {Map<number, ProcedureRecord>} records @param {(changed: number[]) => void} onComplete */
export function completeRecords(records, onComplete) {
  if (isAsking || performance.now() < notBefore) return;
  const ids = [...records.values()].filter((record) => record.usual_runs === null && !isFinal(record.state)).map((record) => record.id);
  if (ids.length) void ask(ids.slice(0, MOST), records, onComplete);
}

/** @param {number[]} ids @param {Map<number, ProcedureRecord>} records @param {(changed: number[]) => void} onComplete */
async function ask(ids, records, onComplete) {
  isAsking = true;
  const answer = await read(`/usual/?${ids.map((id) => `id=${id}`).join("&")}`);
  isAsking = false;
  if (!answer) {
    notBefore = performance.now() + RETRY_MS;
    return;
  }
  for (const id of ids) {
    const record = records.get(id);
    if (record) records.set(id, { ...record, usual_runs: 0, ...answer[id], commit: answer[id]?.commit || record.commit });
  }
  onComplete(ids);
}
