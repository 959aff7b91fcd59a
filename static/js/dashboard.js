// @ts-check
/** Now: the lists follow the events. */

import { Board } from "./board.js";
import { need } from "./dom.js";
import "./health.js";
import { onChange, onTurn, records, shownTime } from "./site.js";

const board = new Board(need(document, "[data-board]"), records);
onChange((changed) => board.fill(changed, shownTime()));
onTurn((isFrozen) => {
  if (isFrozen) board.freeze(shownTime());
  else board.turn(shownTime());
});
