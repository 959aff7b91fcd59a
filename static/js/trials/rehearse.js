// @ts-check
/** What if: which script fares how, whether the trial is aborted, and what comes of it. */

import { all, need, setHidden, setText } from "../dom.js";
import { make } from "../svg.js";

/** @typedef {import("./model.js").Node} Node */
/** @typedef {{ state: string, reason: string, started_at: number | null, finished_at: number | null }} Result */
/** @typedef {{ state: string, scripts: Record<string, Result>, moves: { at: number, key: string, from: string, to: string, reason: string }[] }} Rehearsal */

const REASONS = {
  unsatisfiable: "a start condition could no longer come true",
  unreachable: "nothing was left that could start it",
  terminate_when: "its terminate_when came true",
  abort: "the trial was aborted",
  operator: "an operator stopped it",
  timeout: "out of time",
};
const MOST_MOVES = 400;

/** @param {string} reason */
function inWords(reason) {
  return REASONS[/** @type {keyof typeof REASONS} */ (reason)] ?? reason;
}

/** The scripts as a rehearsal leaves them. @param {Node[]} nodes @param {Rehearsal} rehearsal @returns {Node[]} */
export function played(nodes, rehearsal) {
  return nodes.map((node) => {
    const result = rehearsal.scripts[node.key];
    if (!result) return node;
    const time = result.started_at === null ? "" : `${short(result.started_at)} to ${result.finished_at === null ? "?" : short(result.finished_at)}`;
    return { ...node, state: result.state, note: inWords(result.reason), time };
  });
}

/** Seconds as short as they are true: `0 s`, `1.5 s`, `180 s`. @param {number} seconds */
export function short(seconds) {
  return `${Number(seconds.toFixed(1))} s`;
}

export class Rehearse {
  /** @type {Map<string, string>} what was chosen, where it is not the usual */
  fates = new Map();
  /** @type {Node[]} */ #nodes = [];
  /** @type {Map<string, string>} */ #usual = new Map();

  /** @param {HTMLElement} place @param {() => void} onChange */
  constructor(place, onChange) {
    this.place = place;
    this.onChange = onChange;
    this.script = /** @type {HTMLSelectElement} */ (need(place, "[data-script]"));
    this.aborts = /** @type {HTMLInputElement} */ (need(place, "[data-aborts]"));
    this.abortAt = /** @type {HTMLInputElement} */ (need(place, "[data-abort-at]"));
    this.buttons = all(place, "[data-fate]");
    this.script.addEventListener("change", () => this.#press());
    for (const button of this.buttons) button.addEventListener("click", () => this.choose(this.script.value, button.dataset.fate ?? ""));
    this.aborts.addEventListener("change", onChange);
    this.abortAt.addEventListener("input", () => {
      this.aborts.checked = true;
      onChange();
    });
  }

  /** Whether anything else than the usual is to happen. */
  get isWhatIf() {
    return this.fates.size > 0 || this.aborts.checked;
  }

  /** The fields that ask for it. @param {URLSearchParams} fields */
  ask(fields) {
    fields.set("rehearse", "1");
    for (const [key, fate] of this.fates) fields.set(`fate.${key}`, fate);
    const seconds = Number(this.abortAt.value.replace(",", "."));
    if (this.aborts.checked && seconds >= 0 && seconds <= 1e9) fields.set("abort_at", String(seconds));
  }

  /** Let a script fare so. @param {string} key @param {string} fate */
  choose(key, fate) {
    if (this.#usual.get(key) === fate) this.fates.delete(key);
    else this.fates.set(key, fate);
    this.#press();
    this.onChange();
  }

  /** Look at this script. @param {string} key */
  pick(key) {
    this.script.value = key;
    this.#press();
  }

  /** The task has these scripts. @param {(Node & { fate?: string })[]} nodes */
  offer(nodes) {
    const keys = nodes.map((node) => node.key);
    const before = this.script.value;
    if (JSON.stringify(keys) !== JSON.stringify(this.#nodes.map((node) => node.key))) {
      this.script.replaceChildren(...keys.map((key) => new Option(key, key)));
      if (keys.includes(before)) this.script.value = before;
      for (const key of this.fates.keys()) if (!keys.includes(key)) this.fates.delete(key);
    }
    this.#nodes = nodes;
    this.#usual = new Map(nodes.map((node) => [node.key, node.fate ?? "passes"]));
    setHidden(this.place, keys.length === 0);
    this.#press();
  }

  /** Show what came of it. @param {Rehearsal} rehearsal */
  show(rehearsal) {
    const conditions = [...this.fates].map(([key, fate]) => this.#chip(`${key} ${fate}`, () => this.choose(key, this.#usual.get(key) ?? "")));
    if (this.aborts.checked) conditions.push(this.#chip(`the trial is aborted after ${this.abortAt.value} s`, () => this.#noAbort()));
    const whatIf = need(this.place, "[data-whatif]");
    whatIf.replaceChildren(this.isWhatIf ? "What if " : "If everything goes as usual:", ...conditions);
    const outcome = document.createElement("p");
    outcome.append("The trial ends ", state(rehearsal.state), ".");
    need(this.place, "[data-outcome]").replaceChildren(outcome, this.isWhatIf ? this.#results(rehearsal) : "");
    const moves = rehearsal.moves.slice(0, MOST_MOVES).map((move) => {
      const item = document.createElement("li");
      const at = document.createElement("span");
      at.className = "num dim";
      at.textContent = short(move.at);
      item.append(at, ` ${move.key} `, state(move.to), move.reason ? ` ${inWords(move.reason)}` : "");
      return item;
    });
    need(this.place, "[data-moves]").replaceChildren(...moves);
    setHidden(need(this.place, "[data-moves-place]"), moves.length === 0);
  }

  #noAbort() {
    this.aborts.checked = false;
    this.onChange();
  }

  #press() {
    const key = this.script.value;
    const fate = this.fates.get(key) ?? this.#usual.get(key);
    for (const button of this.buttons) button.setAttribute("aria-pressed", String(button.dataset.fate === fate));
  }

  /** @param {string} words @param {() => void} onRemove */
  #chip(words, onRemove) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--small";
    setText(button, `${words} ×`);
    button.setAttribute("aria-label", `${words}: take it back`);
    button.addEventListener("click", onRemove);
    return button;
  }

  /** @param {Rehearsal} rehearsal */
  #results(rehearsal) {
    const list = document.createElement("dl");
    list.className = "pairs";
    for (const node of this.#nodes) {
      const result = rehearsal.scripts[node.key];
      if (!result) continue;
      const [name, value] = [document.createElement("dt"), document.createElement("dd")];
      name.textContent = node.key;
      const why = [inWords(result.reason), node.ignore_state ? "does not count" : ""].filter(Boolean).join("; ");
      value.append(state(result.state), why ? ` ${why}` : "");
      list.append(name, value);
    }
    return list;
  }
}

/** @param {string} word */
export function state(word) {
  const chip = document.createElement("span");
  chip.className = "state";
  chip.dataset.state = word;
  const glyph = make("svg", { class: "glyph", "aria-hidden": "true" });
  glyph.append(make("use", { href: `#g-${word}` }));
  chip.append(glyph, word);
  return chip;
}
