// @ts-check
/** What stands beside Now: read again when something began or ended, when an override changed, and once a minute. */

import { need } from "./dom.js";
import { monotonic } from "./live.js";
import { onChange, onTurn } from "./site.js";

/** The needle of the night moves on, and what is expected with it. */
const TURN_S = 60;
/** Many procedures that end together are one change; an override is shown at once. */
const REST_S = 10;
const REST_OF_OVERRIDES_S = 0.5;
const DRAWN = new Set(["RUNNING", "COMPLETE", "STOPPED", "FAILED", "UNKNOWN"]);

const rail = need(document, "[data-rail]");
/** Seconds that it must have rested to be read again. */
let rest = 0;
let isBusy = false;
let readAt = -TURN_S;

onChange((_changed, events) => {
  for (const { topic, payload } of events) {
    if (topic.startsWith("operator.")) rest = Math.min(rest, REST_OF_OVERRIDES_S);
    else if (topic === "procedure.lifecycle.statechange" && DRAWN.has(payload.state)) rest = Math.min(rest, REST_S);
  }
});

onTurn((isFrozen) => {
  const since = monotonic() - readAt;
  if (isFrozen || isBusy || document.hidden || since < rest) return;
  if (rail.matches(":focus-within, :hover") && since < TURN_S && !isOfUs()) return;
  void read();
});

/** Whether the button that was pressed here has done its work. */
function isOfUs() {
  return rest === REST_OF_OVERRIDES_S && document.activeElement instanceof HTMLButtonElement && rail.contains(document.activeElement);
}

async function read() {
  isBusy = true;
  rest = TURN_S;
  readAt = monotonic();
  try {
    const response = await fetch(rail.dataset.rail ?? "", { headers: { Accept: "text/html" } });
    if (response.ok && !response.redirected) show(await response.text());
  } catch {
    rest = REST_S; // the link says that the server is gone
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
