// @ts-check
/** Forms that start something are sent without leaving the page; success is the changed state itself, a refusal stays. */

import { all, setHidden, setText } from "./dom.js";
import { age } from "./format.js";
import { monotonic } from "./live.js";
import { showRefusal } from "./refusals.js";
import { send } from "./send.js";

const TURN_MS = 100;

export function watchCommands() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.matches("[data-command]")) return;
    event.preventDefault();
    if (form.dataset.asked) return; // it is under way: asking twice would ask for two
    void ask(form, event.submitter);
  });
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} pressed the button, which may say something of its own */
async function ask(form, pressed) {
  clearErrors(form);
  const fields = new FormData(form, pressed);
  const under = underWay(form, pressed);
  const answer = await send(form.action, fields);
  under.end();
  if (answer.isDone) {
    form.dispatchEvent(new CustomEvent("done", { bubbles: true, detail: answer.url }));
    return;
  }
  if (answer.code === "arguments_needed") location.assign(answer.url);
  else if (!showErrors(form, answer.errors)) showRefusal(`${form.dataset.command} was refused`, answer.detail);
}

/** The button says since when it has been asked for. @param {HTMLFormElement} form @param {HTMLElement | null} [pressed] */
export function underWay(form, pressed = null) {
  const button = /** @type {HTMLButtonElement | null} */ (pressed ?? form.querySelector('button[type="submit"]'));
  const label = button?.querySelector("[data-slot]") ?? button;
  const words = label?.textContent ?? "";
  const since = monotonic();
  form.dataset.asked = "1";
  const timer = setInterval(() => setText(label, `asked ${age(monotonic() - since)} ago`), TURN_MS);
  return {
    end() {
      clearInterval(timer);
      setText(label, words);
      delete form.dataset.asked;
    },
  };
}

/** @param {HTMLFormElement} form @param {Record<string, string[]>} errors @returns {boolean} whether all found a field */
function showErrors(form, errors) {
  const names = Object.keys(errors);
  const places = names.map((name) => all(form, "[data-error]").find((place) => place.dataset.error === name));
  if (!names.length || places.some((place) => !place)) return false;
  names.forEach((name, i) => {
    const place = /** @type {HTMLElement} */ (places[i]);
    setText(place.querySelector('[data-slot="why"]'), (errors[name] ?? []).join(" "));
    setHidden(place, false);
    place.closest("details")?.setAttribute("open", "");
    all(form, "[name]").filter((field) => field.getAttribute("name") === name).forEach((field) => field.setAttribute("aria-invalid", "true"));
  });
  /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
  return true;
}

/** @param {HTMLFormElement} form */
function clearErrors(form) {
  for (const place of all(form, "[data-error]")) setHidden(place, true);
  for (const field of all(form, "[aria-invalid]")) field.removeAttribute("aria-invalid");
}
