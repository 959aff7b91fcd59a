// @ts-check
/** The strip: is what I see true, what time is it, what can be stopped. */

import { attention } from "./conditions.js";
import { all, setGlyph, setText, slot } from "./dom.js";
import { age, clock, duration, localTime, sidereal } from "./format.js";
import { unseenFailures } from "./notices.js";

/** @typedef {import("./live.js").LiveLink} LiveLink */

const WORTH_SAYING_S = 2;
const WORDS = { live: "LIVE", "catching-up": "catching up", stale: "STALE" };

/** @param {LiveLink} link @param {import("./records.js").ProcedureRecord[]} live @param {number} now */
export function showStrip(link, live, now) {
  const state = link.state;
  for (const vital of all(document, "[data-vital]")) {
    if (vital.dataset.vital === "link") showLink(vital, link, state);
    else if (link.nodes || state === "stale") showHeartbeats(vital, link, state);
  }
  showClocks(link, state);
  const running = live.filter((record) => record.state === "RUNNING").length;
  for (const stop of all(document, "[data-stop-all]")) {
    stop.classList.toggle("stop--quiet", running === 0);
    setText(slot(stop, "running"), String(running));
  }
  showTitle(state, live, now);
}

/** @param {HTMLElement} vital @param {LiveLink} link @param {"live" | "catching-up" | "stale"} state */
function showLink(vital, link, state) {
  vital.dataset.link = state;
  vital.classList.toggle("vital--down", state === "stale");
  setGlyph(vital, `g-${state}`);
  setText(slot(vital, "word"), WORDS[state]);
  setText(slot(vital, "age"), state === "stale" ? duration(link.sinceLastWord) : age(link.sinceLastWord));
  tip(vital, `${WORDS[state]}: last word from the server ${age(link.sinceLastWord)} ago`);
}

/** @param {HTMLElement} vital @param {LiveLink} link @param {string} state */
function showHeartbeats(vital, link, state) {
  const nodes = link.nodes ?? [];
  const timeout = Number(document.body.dataset.heartbeatTimeout);
  const ages = nodes.map((node) => node.heartbeat_age_s + link.sinceNodes);
  const isUnknown = state === "stale";
  const isDown = !isUnknown && (vital.dataset.vital === "manager" ? Math.min(...ages) > timeout : ages.some((a) => a > timeout));
  vital.classList.toggle("vital--down", isDown);
  vital.classList.toggle("vital--unknown", isUnknown);
  setGlyph(vital, isDown || isUnknown ? "g-stale" : "g-live");
  if (vital.dataset.vital === "manager") {
    const youngest = ages.length ? age(Math.min(...ages)) : "none";
    setText(slot(vital, "age"), isUnknown ? "not known" : isDown ? (ages.length ? `silent ${youngest}` : "none") : youngest);
    tip(vital, isUnknown ? "Not known while the link is lost" : ages.length ? `Heartbeat ${youngest} ago` : "No manager was ever heard of");
  } else {
    const names = nodes.map((node) => node.name).join(", ");
    setText(slot(vital, "name"), nodes.length > 2 ? `${nodes.length} nodes` : names || "no node");
    tip(vital, isUnknown ? "Not known while the link is lost" : nodes.map((node, i) => `${node.name}: ${age(ages[i] ?? 0)} ago`).join(", "));
  }
}

/** @param {LiveLink} link @param {string} state */
function showClocks(link, state) {
  for (const element of all(document, "[data-clock]")) {
    const now = link.now();
    const isUtc = element.dataset.clock === "utc";
    setText(slot(element, "time"), isUtc ? clock(now) : sidereal(now, Number(document.body.dataset.longitude)));
    if (isUtc) {
      setText(slot(element, "name"), state === "stale" ? "UTC, own" : "UTC");
      tip(element, state === "stale" ? "By this computer's clock: the link is lost" : `Server time, ${new Date(now * 1000).toISOString().slice(0, 10)}; ${localTime(now)}${skew(link.offset)}`);
    }
  }
}

/** How far this computer's own clock is off, where that matters. @param {number} offset seconds that the server is ahead */
function skew(offset) {
  if (Math.abs(offset) < WORTH_SAYING_S) return "";
  return `; the clock of this computer is ${age(Math.abs(offset))} ${offset > 0 ? "behind" : "ahead"}`;
}

/** `(2) `: how many things wait for a person, for the title of the window; empty for none. */
export function waitingCount() {
  const waiting = attention() + unseenFailures();
  return waiting ? `(${waiting}) ` : "";
}

/** The title of the window says what matters most, for whoever looks at another one. @param {string} state @param {import("./records.js").ProcedureRecord[]} live @param {number} now */
function showTitle(state, live, now) {
  const page = document.querySelector("[data-page-procedure]");
  const shownName = page ? document.title : "";
  const running = live.filter((record) => record.state === "RUNNING");
  const first = running[0];
  const words = first?.started_at ? `▶ ${first.name} ${duration(now - first.started_at)}` : "";
  const count = waitingCount();
  const title = state === "stale" ? "STALE · OET" : words ? `${count}${words}${running.length > 1 ? ` and ${running.length - 1} more` : ""} · OET` : `${count}OET`;
  if (!shownName && document.title !== title) document.title = title;
}

/** @param {HTMLElement} element @param {string} words */
function tip(element, words) {
  if (element.dataset.tip !== words) element.dataset.tip = words;
}
