// @ts-check
/** What a script does now: the page that looks at it is asked, and what it shows is brought in. */

import { all, setText } from "./dom.js";

/** Listen for whoever wants to look. The panel may be made anew at any time, so the listener is the document's. */
export function watchLooking() {
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (event.target.closest("a[data-look]")) : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    void look(link);
  });
}

/** @param {HTMLAnchorElement} link */
async function look(link) {
  const panel = link.closest("section");
  const place = panel?.querySelector("[data-stack]");
  const taken = panel?.querySelector("[data-taken]") ?? null;
  if (!place || link.dataset.asked) return;
  link.dataset.asked = "1";
  setText(link, "Looking…");
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    place.replaceChildren(...all(fresh, "[data-stack] > *"));
    setText(taken, fresh.querySelector("[data-taken]")?.textContent ?? "");
  } catch {
    setText(taken, "the server cannot be reached");
  } finally {
    place.removeAttribute("hidden");
    delete link.dataset.asked;
    setText(link, "Look again");
  }
}
