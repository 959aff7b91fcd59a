// @ts-check
/** What stands beside Now: read again when something began or ended, when an override changed, and once a minute. */

import { need } from "./dom.js";
import { monotonic } from "./live.js";
import { onChange, onTurn } from "./site.js";

/** The needle of the night moves on, and what is expected with it. */
const TURN_S = 60;
/** Many procedures that end together are one change. */
const REST_S = 2;
const DRAWN = new Set(["RUNNING", "COMPLETE", "STOPPED", "FAILED", "UNKNOWN"]);

const rail = need(document, "[data-rail]");
let isDue = true;
let isBusy = false;
let readAt = -TURN_S;

onChange((_changed, events) => {
  isDue ||= events.some(
    (event) => (event.topic === "procedure.lifecycle.statechange" && DRAWN.has(event.payload.state)) || event.topic.startsWith("operator."),
  );
});

onTurn((isFrozen) => {
  const since = monotonic() - readAt;
  if (isFrozen || isBusy || document.hidden || !(since >= TURN_S || (isDue && since >= REST_S))) return;
  if (rail.matches(":focus-within, :hover") && since < TURN_S && !isOfUs()) return;
  void read();
});

/** Whether the button that was pressed here has done its work. */
function isOfUs() {
  return isDue && document.activeElement instanceof HTMLButtonElement && rail.contains(document.activeElement);
}

async function read() {
  isBusy = true;
  isDue = false;
  readAt = monotonic();
  try {
    const response = await fetch(rail.dataset.rail ?? "", { headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) show(await response.text());
  } catch {
    isDue = true; // the link says that the server is gone
  } finally {
    isBusy = false;
  }
}

/** @param {string} html */
function show(html) {
  const focused = rail.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label")?.replace(/ (on|off)$/, "") : null;
  rail.innerHTML = html;
  if (focused) /** @type {HTMLElement | null} */ (rail.querySelector(`[aria-label^="${CSS.escape(focused)}"]`))?.focus();
}
