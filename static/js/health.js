// @ts-check
/** Is everything there? The server looks again every few seconds, while the panel is to be seen. */

import { need, setGlyph, setText, slot } from "./dom.js";
import { age } from "./format.js";
import { monotonic } from "./live.js";
import { link, onTurn } from "./site.js";

const EVERY_S = 5;

const WORDS = { live: "LIVE", "catching-up": "catching up", stale: "STALE" };
const panel = /** @type {HTMLElement | null} */ (document.querySelector("[data-checks]"));
let lookedAt = monotonic();
let isLooking = false;

if (panel) {
  onTurn((isFrozen) => {
    showLink(panel);
    const isDue = monotonic() - lookedAt >= EVERY_S;
    if (!isFrozen && isDue && !isLooking && panel.offsetParent && !document.hidden) void look(panel);
  });
}

/** @param {HTMLElement} checks */
async function look(checks) {
  isLooking = true;
  try {
    const response = await fetch(checks.dataset.url ?? "", { headers: { Accept: "text/html" } });
    if (!response.ok || response.redirected) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    checks.replaceChildren(...need(fresh, "[data-checks]").children);
    showLink(checks);
  } catch {
    // the link says that the server is gone
  } finally {
    isLooking = false;
    lookedAt = monotonic();
  }
}

/** Whether the page is live only the browser knows. @param {HTMLElement} checks */
function showLink(checks) {
  const row = need(checks, '[data-check="link"]');
  row.dataset.state = link.state === "live" ? "success" : "error";
  setGlyph(row, link.state === "live" ? "g-COMPLETE" : "g-error");
  setText(slot(row, "value"), `${WORDS[link.state]}, ${age(link.sinceLastWord)}`);
}
