// @ts-check
/**
 * The parts of the procedure's page that only the server can make (forms, calls, commands, the stack trace) are fetched again when
 * something happened to the procedure. A part changes only if the server made it anew, and never while somebody is in it.
 */

import { all } from "./dom.js";

/** Whoever publishes a lot must not have the page fetched for each event. */
const REST_MS = 1000;

export class Parts {
  /** @type {Map<string, string>} what the server made last */ #made = new Map();
  /** @type {Map<string, string>} what waits until nobody is in it */ #waiting = new Map();
  #isBusy = false;
  #isWanted = false;
  #restTimer = 0;
  #fetchedAt = -REST_MS;

  /** @param {ParentNode} root @param {(name: string) => void} onChanged */
  constructor(root, onChanged) {
    this.root = root;
    this.onChanged = onChanged;
    for (const part of all(root, "[data-part]")) this.#made.set(part.dataset.part ?? "", plain(part));
  }

  /** Fetch the page again soon, once for however many ask meanwhile. */
  refreshSoon() {
    const rest = this.#fetchedAt + REST_MS - performance.now();
    clearTimeout(this.#restTimer);
    if (rest <= 0) void this.refresh();
    else this.#restTimer = setTimeout(() => void this.refresh(), rest);
  }

  /** Fetch the page again, once for however many ask meanwhile. */
  async refresh() {
    this.#isWanted = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        this.#fetchedAt = performance.now();
        const response = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
        if (!response.ok || response.redirected) return;
        this.#take(new DOMParser().parseFromString(await response.text(), "text/html"));
      }
    } catch {
      this.#isWanted = false; // the link says that the server is gone, and the next event asks again
    } finally {
      this.#isBusy = false;
    }
  }

  /** Show what had to wait, where nobody is in it any more. */
  turn() {
    for (const [name, html] of this.#waiting) this.#show(name, html);
  }

  /** @param {Document} fresh */
  #take(fresh) {
    for (const part of all(fresh, "[data-part]")) {
      const name = part.dataset.part ?? "";
      const html = plain(part);
      if (this.#made.get(name) === html) continue;
      this.#made.set(name, html);
      this.#show(name, part.innerHTML);
    }
  }

  /** @param {string} name @param {string} html */
  #show(name, html) {
    const part = all(this.root, "[data-part]").find((element) => element.dataset.part === name);
    if (!part) return;
    const active = document.activeElement;
    if (active && active !== document.body && part.contains(active) && !mayLose(active)) {
      this.#waiting.set(name, html);
      return;
    }
    this.#waiting.delete(name);
    const hadFocus = part.contains(active);
    part.innerHTML = html;
    all(part, "[id]").find((element) => `#${element.id}` === location.hash)?.classList.add("is-marked"); // :target was what stood there before
    if (hadFocus) /** @type {HTMLElement | null} */ (sameIn(part, active) ?? document.querySelector("h1"))?.focus();
    this.onChanged(name);
  }
}

/** A button that was just pressed has done its work; what is being typed has not. @param {Element} element */
function mayLose(element) {
  return element instanceof HTMLButtonElement || element instanceof HTMLAnchorElement;
}

/** What stands now for the link that had the focus, so that the keyboard does not lose its place. @param {HTMLElement} part @param {Element | null} before */
function sameIn(part, before) {
  const href = before instanceof HTMLAnchorElement ? before.getAttribute("href") : null;
  return href ? all(part, "a").find((link) => link.getAttribute("href") === href) : undefined;
}

/** The part without what differs each time it is made. @param {Element} part */
function plain(part) {
  return part.innerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "").replace(/\s+/g, " ");
}
