// @ts-check
/** Light, dark, night: shown at once and remembered in a cookie, from which the server writes the next page. */

const COOKIE = "oet_theme";
const SECONDS = 400 * 86400;

for (const form of document.querySelectorAll("[data-themes]")) {
  form.addEventListener("submit", (event) => {
    const button = /** @type {SubmitEvent} */ (event).submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    document.documentElement.dataset.theme = button.value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${COOKIE}=${button.value}; path=/; max-age=${SECONDS}; SameSite=Lax${secure}`;
    for (const other of form.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
  });
}
