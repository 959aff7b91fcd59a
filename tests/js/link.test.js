// @ts-check
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { linkState, waitBefore } from "../../static/js/link_state.js";

test("a page is live only when it is connected and has caught up", () => {
  const link = { sinceLastWord: 1, isConnected: true, isCaughtUp: true };
  assert.equal(linkState(link), "live");
  assert.equal(linkState({ ...link, isCaughtUp: false }), "catching-up");
  assert.equal(linkState({ ...link, isConnected: false }), "catching-up");
});

test("a page is stale after five seconds without a word, connected or not", () => {
  assert.equal(linkState({ sinceLastWord: 5.1, isConnected: true, isCaughtUp: true }), "stale");
  assert.equal(linkState({ sinceLastWord: 4.9, isConnected: false, isCaughtUp: false }), "catching-up");
});

test("attempts come further and further apart, up to ten seconds, and not all at once", () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((attempt) => waitBefore(attempt, 1)), [0.5, 1, 2, 4, 8, 10, 10]);
  assert.equal(waitBefore(6, 0), 5);
});

/** A websocket whose other end is the test. */
class FakeSocket extends EventTarget {
  static OPEN = 1;
  /** @type {FakeSocket[]} */ static made = [];
  readyState = 1;
  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
    FakeSocket.made.push(this);
  }
  /** @param {object} message */
  say(message) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
  }
  close() {
    this.readyState = 3;
  }
  cut() {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
}

test("a link that is cut goes on from its cursor and tells nothing twice", async () => {
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { protocol: "http:", host: "oet.example" } });
  const { LiveLink } = await import("../../static/js/live.js");
  mock.timers.enable({ apis: ["setTimeout"] });
  const link = new LiveLink(40, 1000);
  const heard = [];
  link.onEvents((events) => heard.push(...events.map((event) => event.id)));
  link.connect();
  const first = FakeSocket.made[0];
  assert.equal(first?.url, "ws://oet.example/ws/events/?after=40");
  first?.say({ type: "hello", cursor: 40, time: 1000 });
  first?.say({ type: "events", cursor: 42, events: [{ id: 41 }, { id: 42 }] });
  first?.cut();
  assert.equal(link.state, "catching-up");
  mock.timers.tick(11_000);
  const second = FakeSocket.made[1];
  assert.equal(second?.url, "ws://oet.example/ws/events/?after=42");
  second?.say({ type: "hello", cursor: 42, latest: 43, time: 1003 });
  assert.equal(link.state, "catching-up", "one that happened meanwhile is not here yet");
  second?.say({ type: "events", cursor: 43, events: [{ id: 42 }, { id: 43 }] });
  assert.equal(link.state, "live");
  second?.say({ type: "tick", cursor: 43, time: 1003, nodes: [{ name: "n", heartbeat_age_s: 1, problems: [] }] });
  assert.deepEqual(heard, [41, 42, 43]);
  assert.equal(link.state, "live");
  assert.equal(link.nodes?.[0]?.name, "n");
  second?.say({ type: "tick", cursor: 50, time: 1005 });
  assert.equal(link.cursor, 50, "what it missed is no longer kept");
  mock.timers.reset();
});
