// @ts-check
/** A desktop notification and a sound, both off until somebody wants them, when something fails or waits for a person. */

import { all, setHidden } from "./dom.js";

/** @typedef {"notification" | "sound"} Kind */

const FRESH_S = 60;
const TONES = [
  { hertz: 660, at: 0 },
  { hertz: 880, at: 0.18 },
];

/** Failures that happened while nobody looked at this page. */
let unseen = 0;

export function watchNotices() {
  for (const group of all(document, "[data-notices]")) {
    setHidden(group, false);
    for (const button of all(group, "button")) {
      const kind = /** @type {Kind} */ (button.dataset.notice);
      show(button, isOn(kind));
      button.addEventListener("click", () => void toggle(kind, button));
    }
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) unseen = 0;
  });
}

/** How many failures nobody has looked at yet. */
export function unseenFailures() {
  return unseen;
}

/**
 * Something failed or waits. What happened long ago and is only read now is no news.
 * @param {string} title @param {string} words @param {number} at Unix seconds @param {number} now @param {string} address of the page that shows it
 */
export function notice(title, words, at, now, address) {
  if (now - at > FRESH_S) return;
  if (document.hidden) unseen += 1;
  if (isOn("sound")) play();
  if (!isOn("notification") || !("Notification" in window) || Notification.permission !== "granted") return;
  const shown = new Notification(title, { body: words, tag: address, icon: "/static/img/mark.svg" });
  shown.addEventListener("click", () => {
    window.focus();
    location.assign(address);
  });
}

/** @param {Kind} kind @param {HTMLElement} button */
async function toggle(kind, button) {
  const wanted = !isOn(kind);
  if (kind === "notification" && wanted && (await permission()) !== "granted") {
    button.dataset.tip = "This browser does not allow notifications of this site: allow them in its settings.";
    return;
  }
  localStorage.setItem(`oet_${kind}`, wanted ? "on" : "off");
  show(button, wanted);
  if (kind === "sound" && wanted) play(); // so that it is known what it sounds like
}

async function permission() {
  return "Notification" in window ? Notification.requestPermission() : "denied";
}

/** @param {HTMLElement} button @param {boolean} isPressed */
function show(button, isPressed) {
  button.setAttribute("aria-pressed", String(isPressed));
}

/** @param {Kind} kind */
function isOn(kind) {
  return localStorage.getItem(`oet_${kind}`) === "on";
}

/** Two tones, made here. */
function play() {
  const audio = new AudioContext();
  for (const { hertz, at } of TONES) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = hertz;
    volume.gain.value = 0.2;
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + at);
    tone.stop(audio.currentTime + at + 0.15);
  }
  setTimeout(() => void audio.close(), 1000);
}
