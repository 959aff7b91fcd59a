// @ts-check
/** Prepare: the list narrows as you type. */

import { all, need, setHidden } from "./dom.js";
import { onKey } from "./keys.js";
import "./site.js";

const scripts = need(document, "[data-scripts]");
const find = /** @type {HTMLInputElement} */ (need(scripts, "[data-find]"));
setHidden(need(scripts, "[data-needs-script]"), false);
onKey("/", () => find.focus());

find.addEventListener("input", () => {
  const words = find.value.toLowerCase().split(/\s+/);
  const items = all(scripts, "[data-name]");
  for (const item of items) setHidden(item, !words.every((word) => item.dataset.name?.toLowerCase().includes(word)));
  setHidden(need(scripts, "[data-none]"), items.some((item) => !item.hidden));
});
