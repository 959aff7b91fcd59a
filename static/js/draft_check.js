// @ts-check
/** What is filled in is checked while it is: by the rules of the server, which nothing here repeats. Nothing is done by it. */

import { all, need, setHidden, setText, slot } from "./dom.js";
import { post } from "./send.js";

/** @typedef {{ errors: Record<string, string>, fault: string, claims: string[], held: { name: string, procedure: number, script: string }[], request: unknown }} Verdict */

const PAUSE_MS = 350;

export class DraftCheck {
  #timer = 0;
  #asked = 0;
  /** Fields that somebody has been in: others are not complained of yet. @type {Set<string>} */ #touched = new Set();

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    form.addEventListener("input", (event) => this.#wait(event));
    form.addEventListener("change", (event) => this.#wait(event));
    const details = document.querySelector("[data-request]")?.closest("details") ?? null;
    setHidden(details, false);
    void this.#check();
  }

  /** @param {Event} event */
  #wait(event) {
    const name = /** @type {HTMLElement} */ (event.target).getAttribute("name") ?? "";
    if (name) this.#touched.add(name);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#check(), PAUSE_MS);
  }

  async #check() {
    this.#asked += 1;
    const mine = this.#asked;
    const fields = new FormData(this.form);
    fields.set("check", "1");
    const verdict = await post(this.form.action, fields);
    if (verdict && mine === this.#asked) this.#show(verdict);
  }

  /** @param {Verdict} verdict */
  #show(verdict) {
    for (const place of all(this.form, "[data-error]")) {
      const name = place.dataset.error ?? "";
      if (!this.#touched.has(name)) continue; // what the server said of it when it made the page still holds
      const words = verdict.errors[name] ?? "";
      setText(slot(place, "why"), words);
      setHidden(place, !words);
      for (const field of all(this.form, "[name]").filter((element) => element.getAttribute("name") === name)) {
        if (words) field.setAttribute("aria-invalid", "true");
        else field.removeAttribute("aria-invalid");
      }
    }
    const shown = all(this.form, "[data-error]:not([hidden])").map((place) => place.dataset.error);
    const count = new Set([...Object.keys(verdict.errors), ...shown]).size;
    const toMend = need(document, "[data-to-mend]");
    setText(slot(toMend, "count"), `${count} to mend`);
    setHidden(toMend, count === 0);
    setText(document.querySelector("[data-claims]"), verdict.claims.join(", ") || "nothing");
    this.#showHeld(verdict.held);
    const request = document.querySelector("[data-request]");
    setText(request, verdict.request ? JSON.stringify(verdict.request, null, 2) : "What is to be mended comes first.");
  }

  /** @param {Verdict["held"]} held */
  #showHeld(held) {
    const notice = need(document, "[data-held]");
    const words = held.flatMap((claim) => [
      `${claim.name} is held by `,
      Object.assign(document.createElement("a"), { href: `/procedures/${claim.procedure}/`, textContent: `${claim.script} #${claim.procedure}` }),
      ". ",
    ]);
    slot(notice, "words").replaceChildren(...words, "Prepare it now; starting is refused until then.");
    setHidden(notice, held.length === 0);
  }
}
