/**
 * Making elements. Built node by node: some hosts forbid setting HTML from strings.
 *
 * @import { IconName } from "./icons.js"
 */

import { icon } from "./icons.js";

/**
 * Keys that a control understands belong to it, not to the notebook's cells. JupyterLab asks the
 * focused element itself: an attribute on what is around it doesn't count.
 */
export const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** The class of what can do nothing without a kernel, and is not there then. */
export const LIVE = "raywidget-live";

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, attributes = {}, ...children) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A button that shows an icon. @param {IconName} name @param {string} label @param {string} [title] */
export function makeIconButton(name, label, title = label) {
  return make(
    "button",
    "raywidget-button",
    { ...OWN_KEYS, type: "button", "aria-label": label, title },
    icon(name),
  );
}

/** A button that shows a word. @param {string} label @param {string} [title] */
export function makeWordButton(label, title = label) {
  return make("button", "raywidget-word", { ...OWN_KEYS, type: "button", title }, label);
}

/**
 * @param {string} label
 * @param {Iterable<[string, string]>} choices values and how they are written
 * @param {string} [title]
 */
export function makeSelect(label, choices, title = label) {
  const select = make("select", "raywidget-select", { ...OWN_KEYS, "aria-label": label, title });
  for (const [value, text] of choices) select.add(new Option(text, value));
  return select;
}

/** Is there something else in a field than was shown there? @param {HTMLInputElement} input */
export const isChanged = (input) => input.value !== input.defaultValue;

/**
 * Show a number in a field, unless the user is about to write another.
 *
 * @param {HTMLInputElement} input
 * @param {string} text
 */
export function showNumber(input, text) {
  // Of a page that keeps its parts apart, the document knows only in which part the focus is.
  const root = /** @type {Document | ShadowRoot} */ (input.getRootNode());
  const focused = root.activeElement === input;
  const kept = focused && isChanged(input);
  input.defaultValue = text;
  if (kept || !isChanged(input)) return;
  input.value = text;
  if (focused) input.select(); // what is written now takes its place
}

/**
 * Where an element is on the screen, and how long it is by its own measure. Slides and zoomed parts
 * of a page enlarge what is in them: `scale` is by how much.
 *
 * @param {HTMLElement} element
 */
export function measure(element) {
  const box = element.getBoundingClientRect();
  const { left, top, width, height } = box;
  const own = element.offsetWidth; // a whole number, so that half a pixel is no enlargement
  const scale = own > 0 && Math.abs(width - own) > 1 ? width / own : 1;
  return { left, top, width: width / scale, height: height / scale, scale };
}
