/**
 * A picture as wide as its cell: the cell is watched, and as many pixels asked for.
 *
 * @import { Size } from "../hand/zoom.js"
 */

/** A cell that is being resized is asked for its width when it has rested for this, in ms. */
const RESIZED = 400;

export class Fitting {
  on = false;

  #element;
  #size;
  #ask;
  /** @type {ResizeObserver | null} */
  #resizes = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resized;

  /**
   * @param {HTMLElement} element of the view
   * @param {() => Size} size of the picture
   * @param {(size: Size) => void} ask for a picture of another size
   */
  constructor(element, size, ask) {
    this.#element = element;
    this.#size = size;
    this.#ask = ask;
  }

  /** @param {boolean} fit */
  set(fit) {
    this.on = fit;
    this.close();
    this.show();
    if (!fit) return;
    this.#resizes = new ResizeObserver(() => {
      clearTimeout(this.#resized);
      this.#resized = setTimeout(() => this.#askForWidth(), RESIZED);
    });
    this.#resizes.observe(this.#element);
  }

  /** The picture may have got another size. */
  show() {
    const width = this.on ? "100%" : `${this.#size().width}px`;
    this.#element.style.setProperty("--raywidget-width", width);
  }

  close() {
    this.#resizes?.disconnect();
    clearTimeout(this.#resized);
  }

  #askForWidth() {
    const dense = Math.min(window.devicePixelRatio || 1, 4);
    const { width, height } = this.#size();
    const wide = Math.round(Math.min(this.#element.clientWidth * dense, 4096));
    // Less than a few pixels of a change aren't worth a new picture.
    if (wide < 16 || Math.abs(wide - width) < 8) return;
    this.#ask({ width: wide, height: Math.max(1, Math.round((wide * height) / width)) });
  }
}
