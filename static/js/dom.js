// @ts-check
/** Small, sure steps in the page: find what must be there, fill what may have changed. */

/**
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root @param {string} selector @returns {T}
 */
export function need(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root @param {string} selector @returns {T[]}
 */
export function all(root, selector) {
  return /** @type {T[]} */ ([...root.querySelectorAll(selector)]);
}

/** @param {ParentNode} root @param {string} name */
export function slot(root, name) {
  return need(root, `[data-slot="${name}"]`);
}

/** Change the text only where it differs, so that a selection in it survives. @param {Element | null} element @param {string} text */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** @param {Element | null} element @param {boolean} isHidden */
export function setHidden(element, isHidden) {
  if (element && element.hasAttribute("hidden") !== isHidden) element.toggleAttribute("hidden", isHidden);
}

/** What the server put into the page with json_script. @param {string} id */
export function data(id) {
  const text = document.getElementById(id)?.textContent;
  return text ? JSON.parse(text) : null;
}

/** A new copy of what a `<template>` holds. @param {string} id @returns {HTMLElement} */
export function cast(id) {
  const mould = /** @type {HTMLTemplateElement} */ (need(document, `template#${id}`));
  const made = mould.content.firstElementChild?.cloneNode(true);
  if (!made) throw new Error(`the mould ${id} is empty`);
  return /** @type {HTMLElement} */ (made);
}

/** Point a glyph at a symbol. @param {Element} element that holds it @param {string} symbol such as `g-READY` */
export function setGlyph(element, symbol) {
  const use = element.querySelector("use");
  if (use && use.getAttribute("href") !== `#${symbol}`) use.setAttribute("href", `#${symbol}`);
}
