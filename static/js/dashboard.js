// @ts-check
/** Now: the lists follow the events. */

import { Board } from "./board.js";
import { need } from "./dom.js";
import "./health.js";
import { moveByKeys, narrowRecent } from "./moving.js";
import { onChange, onTurn, records, shownTime } from "./site.js";

const root = need(document, "[data-board]");
const board = new Board(root, records);
const narrow = narrowRecent(root);
moveByKeys(root);
onChange((changed) => board.fill(changed, shownTime()));
onTurn((isFrozen) => {
  if (isFrozen) board.freeze(shownTime());
  else board.turn(shownTime());
  narrow();
});
