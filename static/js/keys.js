// @ts-check
/** Keys, off in fields and while a dialog is open. */

/** @type {Map<string, () => void>} */
const own = new Map([
  ["p", () => click('a[href="/prepare/"]')],
  ["S", () => click("[data-stop-all]")],
  ["?", showKeys],
]);

/** @param {string} key @param {() => void} action */
export function onKey(key, action) {
  own.set(key, action);
}

export function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Enter" && event.ctrlKey) /** @type {HTMLFormElement | null} */ (target.closest("form"))?.requestSubmit();
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.closest("input, textarea, select, dialog")) return;
    const action = own.get(event.key);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

function showKeys() {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.querySelector("#keys-dialog"));
  dialog?.showModal();
  /** @type {HTMLElement | null} */ (dialog?.querySelector("h2") ?? null)?.focus();
}

/** @param {string} selector */
function click(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();
}
