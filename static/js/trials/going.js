// @ts-check
/** Forms that make something with a page of its own: done, they lead there. */

document.addEventListener("done", (event) => {
  const form = /** @type {HTMLElement} */ (event.target);
  if (form.matches("[data-go]")) location.assign(/** @type {CustomEvent<string>} */ (event).detail);
});
