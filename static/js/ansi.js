// @ts-check
/** Terminal colours in a line of output: what changes the look becomes classes, every other control sequence is left out. */

/** @typedef {{ text: string, classes: string[] }} Span */

const COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
// CSI sequences, OSC sequences (titles, links), and two-character escapes.
const SEQUENCE = /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])/g;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

/**
 * The parts of a line that look alike. A carriage return starts the line again, as progress bars do.
 * @param {string} line @returns {Span[]}
 */
export function spans(line) {
  const kept = line.replace(/\r+$/, "");
  const text = kept.slice(kept.lastIndexOf("\r") + 1);
  /** @type {Span[]} */
  const found = [];
  const look = { colour: "", isBold: false, isDim: false };
  let from = 0;
  for (const match of text.matchAll(SEQUENCE)) {
    push(found, text.slice(from, match.index), look);
    from = match.index + match[0].length;
    if (match[2] === "m") apply(look, match[1] ?? "");
  }
  push(found, text.slice(from), look);
  return found;
}

/** @param {Span[]} found @param {string} raw @param {{ colour: string, isBold: boolean, isDim: boolean }} look */
function push(found, raw, look) {
  const text = raw.replace(CONTROL, "");
  if (!text) return;
  const classes = [];
  if (look.colour) classes.push(`a-${look.colour}`);
  if (look.isBold) classes.push("a-bold");
  if (look.isDim) classes.push("a-dim");
  found.push({ text, classes });
}

/** @param {{ colour: string, isBold: boolean, isDim: boolean }} look @param {string} parameters */
function apply(look, parameters) {
  const codes = parameters.split(/[;:]/).map(Number);
  for (let i = 0; i < codes.length; i += 1) {
    const code = codes[i] ?? 0;
    if (code === 0) Object.assign(look, { colour: "", isBold: false, isDim: false });
    else if (code === 1) look.isBold = true;
    else if (code === 2) look.isDim = true;
    else if (code === 22) Object.assign(look, { isBold: false, isDim: false });
    else if (code >= 30 && code <= 37) look.colour = COLOURS[code - 30] ?? "";
    else if (code >= 90 && code <= 97) look.colour = COLOURS[code - 90] ?? "";
    else if (code === 39) look.colour = "";
    else if (code === 38 || code === 48) i += codes[i + 1] === 5 ? 2 : codes[i + 1] === 2 ? 4 : 0; // 256 and true colours: our own sixteen stay readable
  }
}
