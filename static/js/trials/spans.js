// @ts-check
/** When each script of a trial waited and ran, as shares of the whole. No page, no clock. */

/** @typedef {import("./model.js").Node} Node */
/** @typedef {{ key: string, state: string, from: number, width: number, waited: { from: number, width: number } | null }} Lane in percent */

const NARROWEST = 0.3;

/** The lanes, and the time they stand for. @param {Node[]} nodes @param {{ created_at: number, started_at: number | null, finished_at: number | null }} trial @param {number} now Unix seconds */
export function lanesOf(nodes, trial, now) {
  const times = nodes.flatMap((node) => [node.eligible_at, node.started_at, node.finished_at]).filter((at) => typeof at === "number");
  const begin = Math.min(trial.started_at ?? trial.created_at, ...times);
  const end = Math.max(begin + 0.001, trial.finished_at ?? now, ...times);
  const share = (/** @type {number} */ at) => (100 * (at - begin)) / (end - begin);
  const bar = (/** @type {number} */ from, /** @type {number} */ to) => {
    const at = Math.min(share(from), 100 - NARROWEST);
    return { from: at, width: Math.min(100 - at, Math.max(NARROWEST, share(to) - share(from))) };
  };
  const lanes = nodes.map((node) => {
    const until = node.finished_at ?? (node.state === "executing" ? end : (node.started_at ?? begin));
    const ran = node.started_at ? bar(node.started_at, until) : { from: 0, width: 0 };
    const waitedUntil = node.started_at ?? (node.state === "waiting" ? end : null);
    const hasWaited = node.eligible_at && waitedUntil && waitedUntil - node.eligible_at > (end - begin) / 500;
    return { key: node.key, state: node.state, ...ran, waited: hasWaited ? bar(/** @type {number} */ (node.eligible_at), waitedUntil) : null };
  });
  return { lanes, begin, end };
}
