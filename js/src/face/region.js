/**
 * A rectangle of the picture that is chosen by dragging, to be refined before the rest.
 *
 * @import { Closeup, Size } from "../hand/zoom.js"
 *
 * @typedef {{closeup: Closeup, stage: Size, picture: Size}} Frame
 */

import { pixelAt } from "../hand/zoom.js";
import { make } from "./dom.js";

/** A drag over fewer pixels than this chooses nothing. */
const LEAST = 2;

export class Region {
  element = make("div", "raywidget-region", { "aria-hidden": "true" });
  choosing = false;
  chosen = false;
  /** @type {{x: number, y: number} | null} */
  #from = null;
  /** @type {{x: number, y: number} | null} */
  #to = null;

  constructor() {
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

  /** @param {{x: number, y: number}} at @param {Frame} frame */
  begin(at, frame) {
    this.#from = pixelAt(frame.closeup, at, frame.stage, frame.picture);
    this.drag(at, frame);
  }

  /** @param {{x: number, y: number}} at @param {Frame} frame */
  drag(at, frame) {
    this.#to = pixelAt(frame.closeup, at, frame.stage, frame.picture);
    const rect = this.#rect();
    if (rect === null) return;
    const [x, y, width, height] = rect;
    const { style } = this.element;
    style.left = `${(100 * x) / frame.picture.width}%`;
    style.top = `${(100 * y) / frame.picture.height}%`;
    style.width = `${(100 * width) / frame.picture.width}%`;
    style.height = `${(100 * height) / frame.picture.height}%`;
    this.element.hidden = false;
  }

  /** @returns {[number, number, number, number] | null} x, y, width and height in pixels */
  end() {
    const rect = this.#rect();
    this.#from = null;
    this.choosing = false;
    this.chosen = rect !== null && Math.max(rect[2], rect[3]) > LEAST;
    this.element.hidden = !this.chosen;
    return this.chosen ? rect : null;
  }

  /** @returns {[number, number, number, number] | null} */
  #rect() {
    const [a, b] = [this.#from, this.#to];
    if (a === null || b === null) return null;
    const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
    return [x, y, Math.abs(a.x - b.x) + 1, Math.abs(a.y - b.y) + 1];
  }
}
