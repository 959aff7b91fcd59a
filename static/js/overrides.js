// @ts-check
/** How many overrides are not as the site has them: the strip says so on every page, and follows who changes one. */

import { all, data, setHidden, setText, slot } from "./dom.js";

const TOPIC = "operator.";

/** @typedef {{ name: string, value: unknown, default: unknown }} Override */

/** @type {Map<string, Override>} */
const overrides = new Map();

export function watchOverrides() {
  for (const one of data("override-records") ?? []) overrides.set(one.name, one);
}

/** @param {import("./records.js").LoggedEvent} event @returns {boolean} whether it was about an override */
export function noteOverride(event) {
  const known = event.topic.startsWith(TOPIC) ? overrides.get(event.payload.name) : undefined;
  if (!known || !("value" in event.payload)) return false;
  known.value = event.payload.value;
  const changed = countChanged(overrides.values());
  for (const place of all(document, "[data-overrides-changed]")) {
    setText(slot(place, "changed"), String(changed));
    setHidden(place, changed === 0);
  }
  return true;
}

/** @param {Iterable<Override>} all_ */
export function countChanged(all_) {
  return [...all_].filter((one) => one.value !== one.default).length;
}
