/**
 * A rectangle of the picture that is chosen by dragging, to be refined before the rest.
 *
 * @import { Closer, Place } from "./closer.js"
 *
 * @typedef {[number, number, number, number]} Rect x, y, width and height in pixels of the picture
 */

import { make } from "./dom.js";

/** A drag over fewer pixels than this chooses nothing. */
const LEAST = 2;

export class Region {
  element = make("div", "raywidget-region", { "aria-hidden": "true" });
  choosing = false;
  chosen = false;

  #closer;
  /** @type {Place | null} where a drag began, in pixels of the picture */
  #from = null;
  /** @type {Rect | null} */
  #rect = null;

  /** @param {Closer} closer what part of the picture is seen, and where */
  constructor(closer) {
    this.#closer = closer;
    this.element.hidden = true;
  }

  get dragging() {
    return this.#from !== null;
  }

  choose() {
    this.choosing = true;
  }

  cancel() {
    this.choosing = false;
    this.#from = null;
    if (!this.chosen) this.element.hidden = true;
  }

  clear() {
    this.cancel();
    this.chosen = false;
    this.element.hidden = true;
  }

  /** @param {Place} at */
  begin(at) {
    this.#from = this.#closer.pixelAt(at);
    this.drag(at);
  }

  /** @param {Place} at */
  drag(at) {
    if (this.#from === null) return;
    const [a, b] = [this.#from, this.#closer.pixelAt(at)];
    const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
    this.#rect = [x, y, Math.abs(a.x - b.x) + 1, Math.abs(a.y - b.y) + 1];
    this.element.hidden = false;
    this.place();
  }

  /** @returns {Rect | null} */
  end() {
    const rect = this.#rect;
    this.#from = null;
    this.choosing = false;
    this.chosen = rect !== null && Math.max(rect[2], rect[3]) > LEAST;
    this.element.hidden = !this.chosen;
    return this.chosen ? rect : null;
  }

  /** The picture is seen elsewhere in its stage. */
  place() {
    if (this.#rect === null) return;
    const closer = this.#closer;
    const [x, y, wide, high] = this.#rect;
    const { width, height } = closer.picture;
    const { style } = this.element;
    style.left = closer.left(x / width);
    style.top = closer.top(y / height);
    style.width = closer.span(wide / width);
    style.height = closer.span(high / height);
  }
}
