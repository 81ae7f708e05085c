/**
 * Looking closer at the picture of a view: which part of it fills the stage, and what its pixels
 * are.
 *
 * @import { Closeup, Size } from "../hand/zoom.js"
 *
 * @typedef {{x: number, y: number}} Place in CSS pixels from the corner of the stage
 */

import { move, pixelAt, sideOfPixel, WHOLE, zoomAt } from "../hand/zoom.js";
import { make, measure } from "./dom.js";
import { number } from "./inspector.js";

export class Closer {
  /** Is a close-up on show? */
  on = false;
  readout = make("div", "raywidget-readout", { "aria-hidden": "true" });
  /** @type {Size} of the picture in its pixels */
  picture = { width: 1, height: 1 };

  #stage;
  #layers;
  #read;
  #moved;
  #closeup = WHOLE;

  /**
   * @param {HTMLElement} stage
   * @param {HTMLElement} layers what is enlarged, within the stage
   * @param {(x: number, y: number) => {rgb: number[], spp: number} | null} read a pixel
   * @param {() => void} moved another part of the picture is seen
   */
  constructor(stage, layers, read, moved) {
    this.#stage = stage;
    this.#layers = layers;
    this.#read = read;
    this.#moved = moved;
    this.readout.hidden = true;
  }

  /** @returns {Size} in CSS pixels */
  get stage() {
    const { width, height } = measure(this.#stage);
    return { width: Math.max(width, 1), height: Math.max(height, 1) };
  }

  /** @param {Place} at */
  pixelAt(at) {
    return pixelAt(this.#closeup, at, this.stage, this.picture);
  }

  // What lies over the picture is not enlarged with it: lines stay thin.

  /** Where in the stage a place of the picture is, for CSS. @param {number} share of the width */
  left(share) {
    return `calc(${100 * share * this.#closeup.zoom}% + ${this.#closeup.x}px)`;
  }

  /** @param {number} share of the height */
  top(share) {
    return `calc(${100 * share * this.#closeup.zoom}% + ${this.#closeup.y}px)`;
  }

  /** A length in the stage, for CSS. @param {number} share of the picture's side */
  span(share) {
    return `${100 * share * this.#closeup.zoom}%`;
  }

  toggle() {
    this.on = !this.on;
    if (!this.on) {
      this.showWhole();
      this.point(null);
    } else {
      const { width, height } = this.stage;
      this.zoom(4, { x: width / 2, y: height / 2 });
    }
  }

  showWhole() {
    this.#show(WHOLE);
  }

  /** @param {number} right @param {number} down in CSS pixels */
  shift(right, down) {
    this.#show(move(this.#closeup, right, down, this.stage));
  }

  /** @param {number} factor @param {Place} at what stays where it is */
  zoom(factor, at) {
    this.#show(zoomAt(this.#closeup, factor, at, this.stage, this.picture));
    this.point(at);
  }

  /** Tell what the pixel there is; in a close-up only. @param {Place | null} at */
  point(at) {
    const { x, y } = at === null ? { x: 0, y: 0 } : this.pixelAt(at);
    const value = this.on && at !== null ? this.#read(x, y) : null;
    this.readout.hidden = value === null;
    if (value === null) return;
    const text = `${x}, ${y} · ${value.rgb.map(number).join("  ")} · ${value.spp} spp`;
    this.readout.textContent = text;
  }

  /** @param {Closeup} closeup */
  #show(closeup) {
    this.#closeup = closeup;
    const { zoom, x, y } = closeup;
    this.#layers.style.transform = zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
    const side = zoom === 1 ? 1 : sideOfPixel(closeup, this.stage, this.picture);
    // Smooth where the page scales: a picture shrunk by dropping pixels would look noisier.
    this.#layers.style.imageRendering = side > 1.5 ? "pixelated" : "auto";
    this.#moved();
  }
}
