// @ts-check
/** The link is lost: the page turns grey and says since when, until it is back. */

import { say } from "./announce.js";
import { need, setHidden, setText, slot } from "./dom.js";
import { clock, duration } from "./format.js";
import { monotonic } from "./live.js";
import { notice } from "./notices.js";

let wasStale = false;
let isWired = false;

/** @param {import("./live.js").LiveLink} link */
export function showStale(link) {
  const lost = need(document, "[data-lost]");
  const isStale = link.state === "stale";
  document.body.classList.toggle("is-stale", isStale);
  setHidden(lost, !isStale);
  if (!isWired) need(lost, "[data-try-now]").addEventListener("click", () => link.connect());
  isWired = true;
  if (isStale) {
    const wait = Math.ceil(link.nextAttemptAt - monotonic());
    setText(slot(lost, "age"), duration(link.sinceLastWord));
    setText(slot(lost, "since"), clock(link.asOf));
    setText(slot(lost, "next"), wait > 0 ? `Trying again in ${wait} s, attempt ${link.attempt + 1}.` : `Trying now, attempt ${link.attempt}.`);
  }
  if (isStale !== wasStale) say(isStale ? "STALE: no word from the server." : "The link is live again.", isStale);
  if (isStale && !wasStale) notice("OET: the link is lost", `No word from the server since ${clock(link.asOf)} UTC.`, link.now(), link.now(), location.pathname);
  wasStale = isStale;
}
