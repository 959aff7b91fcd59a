// @ts-check
/** The lines of an output, fetched piece by piece: a window that grows at both ends and knows where it begins and ends. */

import { Lines } from "./lines.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {{ offset: number, next_offset: number, total_bytes: number, lines_total: number, frames: import("./lines.js").Frame[] }} Piece */
/** @typedef {{ grown: Line | null, added: Line[] }} Growth */

const TAIL_LINES = 1000;
/** What is new is read in large pieces, what is read back in small ones: each line of it becomes a row. */
const PIECE_BYTES = 256 * 1024;
const READ_BACK_BYTES = 32 * 1024;
const MOST_PIECES = 16;

export class OutputSource {
  #lines = new Lines();
  /** Bytes before the first line that is held, and after the last. */
  first = 0;
  next = 0;
  totalBytes = 0;
  totalLines = 0;
  isBegun = false;
  static readBackBytes = READ_BACK_BYTES;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  /** There is output up to here. @param {number} bytes @param {number} lines */
  grewTo(bytes, lines) {
    this.totalBytes = Math.max(this.totalBytes, bytes);
    this.totalLines = Math.max(this.totalLines, lines);
  }

  get isAtStart() {
    return this.first === 0;
  }

  get isAtEnd() {
    return this.isBegun && this.next >= this.totalBytes;
  }

  /** So far behind that it is better to begin anew at the end. */
  get isFarBehind() {
    return this.totalBytes - this.next > 4 * PIECE_BYTES;
  }

  /** Begin anew with the last lines. @returns {Promise<Growth>} */
  async tail() {
    return this.#begin(await this.#fetch(`tail=${TAIL_LINES}`));
  }

  /** Begin anew so that `line` is among what is held, with some before it. @param {number} line @param {number} before @returns {Promise<Growth>} */
  async around(line, before) {
    const growth = this.#begin(await this.#fetch(`line=${Math.max(1, line - before)}&limit=${READ_BACK_BYTES}`));
    for (let pieces = 1; pieces < MOST_PIECES && (growth.added.at(-1)?.number ?? 0) < line + before && !this.isAtEnd; pieces += 1) {
      const more = await this.later(READ_BACK_BYTES);
      growth.added.push(...more.added);
      if (!more.added.length && !more.grown) break;
    }
    return growth;
  }

  /** What follows. @param {number} [bytes] @returns {Promise<Growth>} */
  async later(bytes = PIECE_BYTES) {
    return this.#take(await this.#fetch(`offset=${this.next}&limit=${bytes}`));
  }

  /** The lines before. One answer holds only so many frames, so it may take several. @returns {Promise<Line[]>} */
  async earlier() {
    const from = Math.max(0, this.first - READ_BACK_BYTES);
    const lines = new Lines();
    /** @type {Line[]} */
    const found = [];
    for (let at = from; at < this.first; ) {
      const piece = await this.#fetch(`offset=${at}&limit=${this.first - at}`);
      for (const frame of piece.frames) found.push(...lines.take(frame).added);
      if (piece.next_offset <= at) break;
      at = piece.next_offset;
    }
    if (from > 0 && found.length > 1) found.shift(); // it began earlier still
    this.first = from === 0 ? 0 : found[0]?.offset ?? from;
    return found;
  }

  /** The lines before this byte are no longer held. @param {number} offset @param {number} _line */
  dropBefore(offset, _line) {
    this.first = offset;
  }

  /** The lines from this byte on are no longer held. @param {number} offset @param {number} _line */
  dropFrom(offset, _line) {
    this.next = offset;
    this.#lines.reset();
  }

  /** @param {Piece} piece @returns {Growth} */
  #begin(piece) {
    this.#lines.reset();
    this.isBegun = true;
    this.first = piece.offset;
    return this.#take(piece);
  }

  /** @param {Piece} piece @returns {Growth} */
  #take(piece) {
    let grown = null;
    /** @type {Line[]} */
    const added = [];
    for (const frame of piece.frames) {
      const taken = this.#lines.take(frame);
      if (taken.grown && !added.includes(taken.grown)) grown = taken.grown;
      added.push(...taken.added);
    }
    this.next = piece.next_offset;
    this.grewTo(piece.total_bytes, piece.lines_total);
    return { grown, added };
  }

  /** @param {string} query @returns {Promise<Piece>} */
  async #fetch(query) {
    const response = await fetch(`${this.url}?format=frames&${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return response.json();
  }
}
