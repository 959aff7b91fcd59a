// @ts-check
/** Questions that wait for an answer stand above all else, on every page. `procedures/pages/questions.py` makes the same. */

import { say } from "./announce.js";
import { all, cast, need, setHidden, setText, slot } from "./dom.js";
import { clock, countdown } from "./format.js";
import { notice } from "./notices.js";

/** @typedef {import("./records.js").ProcedureRecord} ProcedureRecord */
/** @typedef {import("./records.js").Question} Question */

/** @param {ProcedureRecord[]} live @param {number} now Unix seconds @param {boolean} isFrozen the page is stale */
export function showQuestions(live, now, isFrozen) {
  const place = need(document, "[data-questions]");
  const open = live.flatMap((record) => (record.said.questions ?? []).map((question) => ({ key: `${record.id}.${question.number}`, record, question })));
  const keys = new Set(open.map(({ key }) => key));
  for (const shown of all(place, "[data-question]")) if (!keys.has(shown.dataset.question ?? "")) shown.remove();
  for (const { key, record, question } of open) {
    const there = all(place, "[data-question]").find((element) => element.dataset.question === key);
    const shown = there ?? place.appendChild(made(key, record, question));
    setText(slot(shown, "left"), left(question, now, isFrozen));
  }
  setHidden(place, open.length === 0);
}

/** A question is said at once, to whoever listens or looks elsewhere. @param {import("./records.js").LoggedEvent} event @param {ProcedureRecord} record @param {number} now */
export function noteQuestion(event, record, now) {
  const asked = event.payload.question;
  if (event.topic !== "procedure.question" || asked?.state !== "asked") return;
  say(`${record.name} asks: ${asked.text}`, true);
  notice(`${record.name} asks`, asked.text, Number(asked.asked_at ?? now), now, `/procedures/${record.id}/`);
}

/** @param {string} key @param {ProcedureRecord} record @param {Question} question */
function made(key, record, question) {
  const shown = cast("mould-question");
  shown.dataset.question = key;
  setText(slot(shown, "text"), question.text);
  const who = /** @type {HTMLAnchorElement} */ (slot(shown, "who"));
  who.href = `/procedures/${record.id}/`;
  setText(who, `${record.name} #${record.id} waits for an answer.`);
  const form = /** @type {HTMLFormElement | null} */ (shown.querySelector("form"));
  if (!form) return shown;
  form.setAttribute("action", `/procedures/${record.id}/questions/${question.number}/`);
  if (question.choices.length) form.replaceChildren(...all(form, 'input[type="hidden"]'), ...question.choices.map(choiceButton));
  return shown;
}

/** @param {string} choice @param {number} index */
function choiceButton(choice, index) {
  const button = document.createElement("button");
  Object.assign(button, { type: "submit", name: "answer", value: choice, textContent: choice });
  button.className = index === 0 ? "button button--go" : "button";
  return button;
}

/** What happens without an answer. @param {Question} question @param {number} now @param {boolean} isFrozen */
function left(question, now, isFrozen) {
  if (!question.deadline_at) return "";
  return `Without one it goes on ${isFrozen ? `at ${clock(question.deadline_at)}` : `in ${countdown(question.deadline_at - now)}`}.`;
}
