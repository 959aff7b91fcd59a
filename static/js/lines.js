// @ts-check
/** Lines made of frames. A frame may end in the middle of a line, and stdout and stderr may take turns within one. */

/** @typedef {{ offset: number, line: number, time: number | null, stream: "stdout" | "stderr" | "gap", text: string }} Frame */
/**
 * `gap` stands for what was not kept.
 * @typedef {{ number: number, offset: number, time: number | null, stream: "stdout" | "stderr" | "gap", text: string }} Line
 */

const MAX_LINE = 10_000;
const CUT = " … (the rest of this line is in the download)";

export class Lines {
  /** @type {Line | null} */ #open = null;

  /**
   * What a frame adds: new lines, and the line before them where it goes on.
   * @param {Frame} frame @returns {{ grown: Line | null, added: Line[] }}
   */
  take(frame) {
    const { stream, time } = frame;
    if (stream === "gap") return this.#gap(frame);
    const pieces = frame.text.split("\n");
    let offset = frame.offset;
    /** @type {Line[]} */
    const added = [];
    let grown = null;
    pieces.forEach((piece, i) => {
      const isLast = i === pieces.length - 1;
      if (i === 0 && this.#open?.stream === stream) {
        grown = this.#open;
        grow(this.#open, piece);
      } else if (piece || !isLast) {
        /** @type {Line} */
        const line = { number: frame.line + i + 1, offset, time, stream, text: "" };
        grow(line, piece);
        added.push(line);
        this.#open = line;
      }
      if (!isLast) this.#open = null;
      offset += bytes(piece) + 1;
    });
    return { grown, added };
  }

  /** @param {Frame} frame */
  #gap(frame) {
    this.#open = null;
    return { grown: null, added: [{ number: frame.line + 1, offset: frame.offset, time: null, stream: frame.stream, text: frame.text }] };
  }

  /** What comes next does not go on where the last line ended. */
  reset() {
    this.#open = null;
  }
}

const encoder = new TextEncoder();

/** Offsets count bytes of UTF-8. @param {string} text */
function bytes(text) {
  return encoder.encode(text).length;
}

/** @param {Line} line @param {string} piece */
function grow(line, piece) {
  if (line.text.length > MAX_LINE) return; // a script that never ends a line must not fill the page
  line.text += piece;
  if (line.text.length > MAX_LINE) line.text = line.text.slice(0, MAX_LINE) + CUT;
}
