// @ts-check
/**
 * The live link: a websocket that reads the event log on from a cursor. It comes back by itself, from the cursor it has reached, so
 * that nothing is missed and nothing is told twice.
 */

import { linkState, STALE_AFTER_S, waitBefore } from "./link_state.js";

/** @typedef {import("./records.js").LoggedEvent} LoggedEvent */
/** @typedef {{ name: string, heartbeat_age_s: number, problems: string[], condition?: { draining?: boolean, usage?: Record<string, import("./usage.js").Usage> } }} NodeHealth */

const NOT_LOGGED_IN = 4401;
const LOGGED_OUT = "You are logged out, so this page is no longer live: load it again to log in.";

export class LiveLink {
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {number} */ #retryTimer = 0;
  #handlers = { events: /** @type {((events: LoggedEvent[]) => void)[]} */ ([]), word: /** @type {(() => void)[]} */ ([]) };

  /** @param {number} cursor id of the last event that is known @param {number} serverTime Unix seconds, when the page was made */
  constructor(cursor, serverTime) {
    this.cursor = cursor;
    this.attempt = 0;
    /** @type {NodeHealth[] | null} */
    this.nodes = null;
    this.isCaughtUp = false;
    /** The last event that there was when the server said hello: until it is here, the page shows the past. */
    this.latest = cursor;
    this.lastWordAt = monotonic();
    this.nextAttemptAt = 0;
    this.nodesAt = 0;
    /** The server's time at which it told of the nodes, Unix seconds. */
    this.nodesAsOf = serverTime;
    /** What the server says is wrong with itself, or with us. */
    this.problem = "";
    this.offset = serverTime - Date.now() / 1000;
    this.asOf = serverTime;
  }

  /** Call back with each batch of new events, in order. @param {(events: LoggedEvent[]) => void} handler */
  onEvents(handler) {
    this.#handlers.events.push(handler);
  }

  /** Call back whenever the server has said anything. @param {() => void} handler */
  onWord(handler) {
    this.#handlers.word.push(handler);
  }

  /** The server's time, Unix seconds. */
  now() {
    return Date.now() / 1000 + this.offset;
  }

  /** The nodes as they are by now, as far as that is known: heartbeats that have not been told grow old. */
  get nodesNow() {
    const since = this.sinceNodes;
    return (this.nodes ?? []).map((node) => ({ ...node, heartbeat_age_s: node.heartbeat_age_s + since }));
  }

  /** Seconds since the server last spoke of the nodes. */
  get sinceNodes() {
    return monotonic() - this.nodesAt;
  }

  get sinceLastWord() {
    return monotonic() - this.lastWordAt;
  }

  get state() {
    const isConnected = this.#socket?.readyState === WebSocket.OPEN;
    return linkState({ sinceLastWord: this.sinceLastWord, isConnected, isCaughtUp: this.isCaughtUp });
  }

  /** Open the link; a second call while it is open or waiting tries at once. */
  connect() {
    clearTimeout(this.#retryTimer);
    this.#drop();
    this.attempt += 1;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws/events/?after=${this.cursor}`);
    this.#socket = socket;
    this.#opened = monotonic();
    socket.addEventListener("message", (message) => this.#take(JSON.parse(message.data)));
    socket.addEventListener("close", () => this.#retry(socket));
  }

  #opened = 0;

  /** Give up a connection on which nothing has come for too long: a network that swallows packets never says that it is gone. */
  checkSilence() {
    const isSilent = this.sinceLastWord > STALE_AFTER_S && monotonic() - this.#opened > STALE_AFTER_S;
    if (isSilent && this.#socket) this.#retry(this.#socket);
  }

  /** @param {any} message */
  #take(message) {
    this.lastWordAt = monotonic();
    if (message.type !== "closed") this.attempt = 0;
    if (message.time) {
      this.offset = message.time - Date.now() / 1000;
      this.asOf = message.time;
    }
    if (message.nodes) {
      this.nodes = message.nodes;
      this.nodesAt = monotonic();
      this.nodesAsOf = message.time ?? this.asOf;
    }
    if (message.type === "tick" || message.type === "hello") this.problem = message.problem ?? "";
    if (message.type === "closed") this.problem = message.code === NOT_LOGGED_IN ? LOGGED_OUT : message.reason;
    this.latest = message.latest ?? this.latest;
    if (message.reset) location.reload(); // the log no longer reaches back to what this page knows
    if (message.type === "events") this.#takeEvents(message);
    // Everything up to a tick's cursor has been sent; what is no longer kept never will be.
    if (message.type === "tick") this.cursor = Math.max(this.cursor, message.cursor);
    this.isCaughtUp = this.cursor >= this.latest;
    for (const handler of this.#handlers.word) handler();
  }

  /** @param {{ events: LoggedEvent[], cursor: number }} message */
  #takeEvents(message) {
    const fresh = message.events.filter((event) => event.id > this.cursor);
    this.cursor = Math.max(this.cursor, message.cursor);
    if (fresh.length) for (const handler of this.#handlers.events) handler(fresh);
  }

  /** @param {WebSocket} socket */
  #retry(socket) {
    if (socket !== this.#socket) return;
    this.#drop();
    this.isCaughtUp = false;
    const wait = waitBefore(Math.max(1, this.attempt), Math.random());
    this.nextAttemptAt = monotonic() + wait;
    this.#retryTimer = setTimeout(() => this.connect(), wait * 1000);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }
}

/** Seconds on a clock that nobody sets. */
export function monotonic() {
  return performance.now() / 1000;
}
