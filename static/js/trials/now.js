// @ts-check
/** The trials on Now: a line each, live, with the procedures that each of them has now. */

import { all, cast, need, setGlyph, setHidden, setText, slot } from "../dom.js";
import { countsInBrief, lasted, memberInWords, order } from "./lines.js";
import { isOver } from "./model.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("../records.js").ProcedureRecord} ProcedureRecord */

/** As in `trials/pages/lines.py`. */
const MAX_ENDED = 3;
const MEMBERS = 4;

export class TrialLines {
  /** @param {ParentNode} root @param {Map<number, Line>} lines */
  constructor(root, lines) {
    this.panel = need(root, "[data-trials]");
    this.list = need(this.panel, '[data-list="trials"]');
    this.lines = lines;
  }

  /** @param {ProcedureRecord[]} live @param {number} now @param {boolean} mayMove rows may come and go: nobody is on one */
  show(live, now, mayMove) {
    if (mayMove && !this.list.matches(":hover, :focus-within")) this.#settle();
    /** @type {Map<number, ProcedureRecord[]>} */
    const members = new Map();
    for (const record of live) if (record.trial) members.set(record.trial, [...(members.get(record.trial) ?? []), record]);
    for (const row of all(this.list, ":scope > [data-trial]")) {
      const line = this.lines.get(Number(row.dataset.trial));
      if (line) fill(row, line, members.get(line.id) ?? [], now);
    }
  }

  #settle() {
    const ids = order(this.lines.values(), MAX_ENDED);
    for (const id of this.lines.keys()) if (!ids.includes(id)) this.lines.delete(id);
    const present = new Map(all(this.list, ":scope > [data-trial]").map((row) => [Number(row.dataset.trial), row]));
    for (const [id, row] of present) if (!this.lines.has(id)) row.remove();
    /** @type {Element | null} */
    let place = this.list.firstElementChild;
    for (const id of ids) {
      const row = present.get(id) ?? castLine(id);
      if (row === place) place = place.nextElementSibling;
      else this.list.insertBefore(row, place);
    }
    setHidden(this.panel, ids.length === 0);
  }
}

/** @param {number} id */
function castLine(id) {
  const row = cast("mould-trial");
  row.dataset.trial = String(id);
  for (const link of all(row, "a[href]")) link.setAttribute("href", (link.getAttribute("href") ?? "").replace("/trials/0/", `/trials/${id}/`));
  return row;
}

/** @param {HTMLElement} row @param {Line} line @param {ProcedureRecord[]} members @param {number} now */
function fill(row, line, members, now) {
  const chip = need(row, ".state");
  chip.dataset.state = line.state;
  setGlyph(chip, `g-${line.state}`);
  setText(chip.querySelector("[data-field]"), line.state);
  setText(slot(row, "name"), line.name);
  for (const title of all(row, '[data-slot="title"]')) setText(title, line.name);
  setText(slot(row, "number"), `trial ${line.number}`);
  setText(slot(row, "counts"), countsInBrief(line));
  setText(slot(row, "lasted"), lasted(line, now));
  setHidden(row.querySelector('[data-slot="abort"]'), isOver(line.state) || line.state === "aborting");
  fillMembers(slot(row, "members"), members.slice(0, MEMBERS), now);
  setText(slot(row, "more"), members.length > MEMBERS ? `and ${members.length - MEMBERS} more` : "");
}

/** @param {HTMLElement} list @param {ProcedureRecord[]} members @param {number} now */
function fillMembers(list, members, now) {
  const wanted = new Set(members.map((record) => String(record.id)));
  for (const item of all(list, "[data-member]")) if (!wanted.has(item.dataset.member ?? "")) item.remove();
  for (const record of members) {
    const item = all(list, "[data-member]").find((it) => it.dataset.member === String(record.id)) ?? list.appendChild(castMember(record));
    setText(slot(item, "words"), memberInWords(record, now));
  }
}

/** @param {ProcedureRecord} record */
function castMember(record) {
  const item = cast("mould-member");
  item.dataset.member = String(record.id);
  setText(slot(item, "name"), record.script_key);
  slot(item, "name").setAttribute("href", `/procedures/${record.id}/`);
  return item;
}
