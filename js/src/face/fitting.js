/**
 * A picture as wide as its cell, and no higher than the window: the cell is watched, and as many
 * pixels asked for.
 *
 * @import { Size } from "../hand/zoom.js"
 */

/** A cell that is being resized is asked for its width when it has rested for this, in ms. */
const RESIZED = 400;

/** Pixels on a side that are asked for at the most. */
const MOST_SIDE = 4096;

/** Room for what stands around the picture in a window, in CSS pixels: toolbars, ours and the host's. */
const AROUND = 150;

/** No picture is made smaller than this for want of height. */
const LEAST_HEIGHT = 160;

/**
 * @param {number} cell how wide it is, in CSS pixels
 * @param {number} window how high it is
 * @param {number} dense device pixels for each CSS pixel
 * @param {Size} picture whose shape is kept
 * @returns {{width: number, picture: Size}} how wide it is shown, and how many pixels it has
 */
export function fitInto(cell, window, dense, { width, height }) {
  const shape = width / height;
  const wide = Math.floor(Math.min(cell, Math.max(window - AROUND, LEAST_HEIGHT) * shape));
  const scale = Math.min(dense, MOST_SIDE / wide, (MOST_SIDE * shape) / wide);
  const pixels = Math.max(1, Math.round(wide * scale));
  return {
    width: wide,
    picture: { width: pixels, height: Math.max(1, Math.round(pixels / shape)) },
  };
}

/** How high the window is, as far as it can be known: some hosts make a frame as high as its cell. */
function windowHeight() {
  return window.parent === window ? window.innerHeight : window.screen.availHeight;
}

export class Fitting {
  on = false;

  #element;
  #size;
  #ask;
  /** @type {Size | null} of the picture before it was fitted */
  #before = null;
  #width = 0;
  /** @type {ResizeObserver | null} */
  #resizes = null;
  #looks = new AbortController();
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
    if (fit === this.on) return;
    this.on = fit;
    this.close();
    if (!fit) {
      if (this.#before !== null) this.#ask(this.#before);
      return this.show();
    }
    this.#before = this.#size();
    this.#look();
    const later = () => {
      clearTimeout(this.#resized);
      this.#resized = setTimeout(() => this.#look(), RESIZED);
    };
    this.#looks = new AbortController();
    window.addEventListener("resize", later, { signal: this.#looks.signal });
    const cell = this.#element.parentElement;
    if (cell === null) return;
    this.#resizes = new ResizeObserver(later);
    this.#resizes.observe(cell);
  }

  /** The picture may have got another size. */
  show() {
    const width = this.on ? this.#width : this.#size().width;
    this.#element.style.setProperty("--raywidget-width", `${width}px`);
  }

  close() {
    this.#resizes?.disconnect();
    this.#looks.abort();
    clearTimeout(this.#resized);
  }

  #look() {
    const cell = this.#element.parentElement?.clientWidth ?? 0;
    if (cell < 16) return;
    const size = this.#size();
    const dense = window.devicePixelRatio || 1;
    const { width, picture } = fitInto(cell, windowHeight(), dense, this.#before ?? size);
    this.#width = width;
    this.show();
    // Less than a few pixels of a change aren't worth a new picture.
    if (Math.abs(picture.width - size.width) >= 8) this.#ask(picture);
  }
}
