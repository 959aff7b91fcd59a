// @ts-check
/** The lists of tasks and trials: what the server makes of them is fetched again when something happened to one. */

import { Parts } from "../parts.js";
import { onChange, onTurn } from "../site.js";
import "./going.js";

const parts = new Parts(document, () => {});

onChange((_changed, events) => {
  if (events.some((event) => event.topic.startsWith("trial.") || event.topic.startsWith("task."))) parts.refreshSoon();
});
onTurn((isFrozen) => {
  if (!isFrozen) parts.turn();
});
