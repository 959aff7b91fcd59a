// @ts-check
/** The report of a day can be printed from a button. */

import { need, setHidden } from "./dom.js";
import "./site.js";

const button = need(document, "[data-print]");
button.addEventListener("click", () => print());
setHidden(button, false);
