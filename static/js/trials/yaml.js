// @ts-check
/** Parts YAML into pieces that have a colour. It only colours: what is right and wrong the server says. */

/** @typedef {{ text: string, kind: "" | "key" | "str" | "num" | "com" | "mark" }} Piece */

const KEY = /^(\s*(?:- +)*)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s#'"{}[\],&*!|>%@`-][^#{}[\],]*?|-[^\s#{}[\],][^#{}[\],]*?))(\s*:)(?=\s|$)/;
const TOKEN = /("(?:[^"\\]|\\.)*"|'(?:[^']|'')*')|(^|\s)(#.*$)|([{,]\s*)([\w.-][\w .-]*?)(\s*:)(?=\s)|(-?\b\d+(?:\.\d+)?\b|\b(?:true|false|null|yes|no)\b)|([{}[\],])/g;
const BLOCK = /(?:^|[:\s-])[|>][+-]?\d*\s*(?:#.*)?$/;

/** The lines of a text, each in pieces; the text of blocks (`|`, `>`) is one string. @param {string} text @returns {Piece[][]} */
export function coloured(text) {
  /** The indentation of the line that began a block, or -1. */
  let block = -1;
  return text.split("\n").map((line) => {
    const indent = line.length - line.trimStart().length;
    if (block >= 0 && (line.trim() === "" || indent > block)) return line ? [{ text: line, kind: "str" }] : [];
    block = BLOCK.test(withoutComment(line)) ? indent : -1;
    return piecesOf(line);
  });
}

/** @param {string} line @returns {Piece[]} */
function piecesOf(line) {
  /** @type {Piece[]} */
  const pieces = [];
  const push = (/** @type {string | undefined} */ text, /** @type {Piece["kind"]} */ kind) => text && pieces.push({ text, kind });
  if (/^\s*#/.test(line)) return [{ text: line, kind: "com" }];
  let rest = line;
  const key = KEY.exec(line);
  if (key) {
    push(key[1], "");
    push(key[2], "key");
    push(key[3], "");
    rest = line.slice(key[0].length);
  }
  let at = 0;
  for (const found of rest.matchAll(TOKEN)) {
    push(rest.slice(at, found.index), "str");
    at = found.index + found[0].length;
    if (found[1]) push(found[1], "str");
    else if (found[3]) {
      push(found[2], "");
      push(found[3], "com");
    } else if (found[5]) {
      push(found[4], "");
      push(found[5], "key");
      push(found[6], "");
    } else if (found[7]) push(found[7], "num");
    else push(found[8], "");
  }
  push(rest.slice(at), "str");
  return pieces;
}

/** @param {string} line */
function withoutComment(line) {
  return line.replace(/\s#.*$/, "");
}
