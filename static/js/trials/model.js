// @ts-check
/** A trial as its page knows it: what the server rendered, with events folded into it. No page, no clock. */

import { duration, took } from "../format.js";

/**
 * @typedef {object} Node
 * @property {string} key
 * @property {string} name
 * @property {string} state
 * @property {string} [note]
 * @property {string} [reason]
 * @property {string | null} [kill]
 * @property {boolean} ignore_abort
 * @property {boolean} [ignore_state]
 * @property {number | null} [eligible_at]
 * @property {number | null} [started_at]
 * @property {number | null} [finished_at]
 * @property {number | null} [procedure]
 * @property {string} [url]
 * @property {string} [last_line]
 * @property {number} [output_lines]
 * @property {string} [time] said instead of what the times give
 *
 * @typedef {object} Edge
 * @property {string} from
 * @property {string} to
 * @property {"start_when" | "terminate_when"} use
 * @property {string} label
 * @property {string[]} states
 * @property {boolean} exists
 * @property {boolean} is_satisfied
 * @property {boolean} is_impossible
 *
 * @typedef {object} Trial
 * @property {number} id
 * @property {number} task
 * @property {string} task_name
 * @property {number} number
 * @property {string} state
 * @property {number} created_at
 * @property {number | null} started_at
 * @property {number | null} finished_at
 * @property {Node[]} nodes
 * @property {Edge[]} edges
 *
 * @typedef {import("../records.js").LoggedEvent} LoggedEvent
 */

/** The states of a script in the order of its life; nothing goes back. */
const SCRIPT_STATES = ["pending", "waiting", "executing", "passed", "failed", "aborted", "defective", "skipped"];
const TERMINAL = new Set(SCRIPT_STATES.slice(3));
const RANK = { pending: 0, waiting: 1, executing: 2 };
const TRIAL_RANK = { pending: 0, dispatching: 1, executing: 2, aborting: 3 };
const OVER = 9;

/** @param {string} state */
function isTerminal(state) {
  return TERMINAL.has(state);
}

/** @param {string} state of a trial */
export function isOver(state) {
  return !(state in TRIAL_RANK);
}

/** How far a state is in the life of a script. @param {string} state @returns {number} */
function rank(state) {
  return RANK[/** @type {keyof typeof RANK} */ (state)] ?? OVER;
}

/** @param {string} state @returns {number} */
function trialRank(state) {
  return TRIAL_RANK[/** @type {keyof typeof TRIAL_RANK} */ (state)] ?? OVER;
}

/** Take an event in. What is told of again, or out of date, changes nothing. @param {Trial} trial @param {LoggedEvent} event @returns {boolean} whether anything changed */
export function fold(trial, event) {
  const said = event.payload;
  if (event.topic === "procedure.output") return printed(trial, event);
  if (said.trial !== trial.id) return false;
  if (event.topic === "trial.statechange") return moveTrial(trial, said);
  const node = trial.nodes.find((one) => one.key === said.key);
  if (!node) return false;
  if (event.topic === "trial.script.statechange") return moveScript(trial, node, said);
  if (event.topic === "trial.script.kill" && !isTerminal(node.state)) {
    node.kill = said.kill;
    return true;
  }
  return false;
}

/** What the server has rendered anew: newer than what is known, but for what events have told meanwhile. @param {Trial} trial @param {Trial} fresh */
export function renew(trial, fresh) {
  if (trialRank(fresh.state) >= trialRank(trial.state)) Object.assign(trial, { state: fresh.state, started_at: fresh.started_at, finished_at: fresh.finished_at });
  for (const [i, node] of trial.nodes.entries()) {
    const newer = fresh.nodes[i];
    if (!newer || newer.key !== node.key || rank(newer.state) < rank(node.state)) continue;
    const isBehind = (newer.output_lines ?? 0) < (node.output_lines ?? 0);
    Object.assign(node, newer, isBehind ? { last_line: node.last_line, output_lines: node.output_lines } : {});
  }
  judge(trial.edges, trial.nodes);
}

/**
 * Say of each edge whether it matches the states of the nodes, may yet, or never will; start conditions of a script that came to its
 * turn were met, as in `trials/pages/words.py`.
 * @param {Edge[]} edges @param {Pick<Node, "key" | "state" | "eligible_at">[]} nodes
 */
export function judge(edges, nodes) {
  const states = new Map(nodes.map((node) => [node.key, node.state]));
  const eligible = new Set(nodes.filter((node) => node.eligible_at).map((node) => node.key));
  for (const edge of edges) {
    const state = states.get(edge.from);
    edge.exists = state !== undefined;
    if (edge.use === "start_when" && eligible.has(edge.to)) {
      Object.assign(edge, { is_satisfied: true, is_impossible: false });
      continue;
    }
    edge.is_satisfied = state !== undefined && edge.states.includes(state);
    edge.is_impossible = state === undefined || (isTerminal(state) && !edge.is_satisfied);
  }
}

/** How long it has run or ran, or how long it has been waiting. @param {Node} node @param {number} now Unix seconds */
export function timeOf(node, now) {
  if (node.time !== undefined) return node.time;
  if (node.started_at && node.finished_at) return took(node.finished_at - node.started_at);
  if (node.state === "executing" && node.started_at) return duration(now - node.started_at);
  return node.state === "waiting" && node.eligible_at ? duration(now - node.eligible_at) : "";
}

/** The line below a node's state: why it is so, and what it printed last. @param {Node} node */
export function lineOf(node) {
  return [node.note, node.last_line].filter(Boolean).join(" · ");
}

/** `8 scripts: 2 passed, 1 executing`. @param {Pick<Node, "state">[]} nodes */
export function countsOf(nodes) {
  const parts = SCRIPT_STATES.map((state) => [nodes.filter((node) => node.state === state).length, state]).filter(([count]) => count);
  const total = `${nodes.length} ${nodes.length === 1 ? "script" : "scripts"}`;
  return parts.length ? `${total}: ${parts.map(([count, state]) => `${count} ${state}`).join(", ")}` : total;
}

/** What an abort would do with each script that is not over. @param {Node[]} nodes */
export function abortEffects(nodes) {
  /** @type {Record<"ends" | "never_starts" | "goes_on", string[]>} */
  const effects = { ends: [], never_starts: [], goes_on: [] };
  for (const node of nodes) {
    if (isTerminal(node.state)) continue;
    if (node.ignore_abort) effects.goes_on.push(node.key);
    else effects[node.state === "executing" ? "ends" : "never_starts"].push(node.key);
  }
  return effects;
}

/** Short words of an edge: `passed ✓`, `any end`, `failed: never`, `ends it: any end`. @param {Edge} edge */
export function edgeWords(edge) {
  const isAnyEnd = edge.states.length === TERMINAL.size && edge.states.every((state) => TERMINAL.has(state));
  const states = isAnyEnd ? "any end" : edge.states.length > 2 ? `${edge.states.length} states` : edge.states.join(" or ") || "no state";
  const ends = edge.use === "terminate_when" ? "ends it: " : "";
  return `${ends}${states}${edge.is_satisfied ? " ✓" : edge.is_impossible ? ": never" : ""}`;
}

/** @param {Trial} trial @param {Record<string, any>} said */
function moveTrial(trial, said) {
  if (trialRank(said.to) <= trialRank(trial.state)) return false;
  Object.assign(trial, { state: said.to, started_at: said.started_at ?? trial.started_at, finished_at: said.finished_at ?? null });
  return true;
}

/** @param {Trial} trial @param {Node} node @param {Record<string, any>} said */
function moveScript(trial, node, said) {
  if (rank(said.to) <= rank(node.state)) return false;
  const times = { eligible_at: said.eligible_at, started_at: said.started_at, finished_at: said.finished_at };
  Object.assign(node, { state: said.to, reason: said.reason, note: "", ...times });
  judge(trial.edges, trial.nodes);
  return true;
}

/** @param {Trial} trial @param {LoggedEvent} event */
function printed(trial, event) {
  const node = event.procedure === null ? undefined : trial.nodes.find((one) => one.procedure === event.procedure);
  if (!node || event.payload.lines < (node.output_lines ?? 0) || !event.payload.last_line) return false;
  Object.assign(node, { last_line: event.payload.last_line, output_lines: event.payload.lines });
  return true;
}
