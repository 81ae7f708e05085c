/**
 * Brings the pixels of a store onto the canvases of its views, once per animation frame at most.
 *
 * The picture is developed once, into memory that all views share; each visible view then gets the
 * rectangles that changed. A hidden view costs nothing, and gets the whole when it is seen again.
 *
 * @import { PixelStore, Rect } from "./pixels.js"
 *
 * @typedef {object} Image as `ImageData`
 * @property {number} width
 * @property {number} height
 * @property {Uint8ClampedArray} data
 *
 * @typedef {object} Surface a view's canvas, as far as it is needed here
 * @property {boolean} visible
 * @property {(width: number, height: number) => void} resize
 * @property {(image: Image, rect: Rect) => void} put
 *
 * @typedef {object} Host what a browser has and a test makes up
 * @property {(callback: () => void) => number} requestFrame
 * @property {(handle: number) => void} cancelFrame
 * @property {() => number} now in ms
 * @property {(width: number, height: number) => Image} createImage
 */

import { makeMixer, UNPAINTED } from "./mixing.js";
import { develop, isPlain, makeTable, SINGLE } from "./tonemap.js";

/** What one frame may spend on repainting for another exposure, in ms: the slider must stay live. */
const BUDGET = 8;

/** Pixels that are developed between two looks at the clock. */
const BAND_PIXELS = 2 ** 16;

/** With more changed tiles than this waiting for a view to be seen, the whole is repainted. */
const MOST_RECTS = 512;

export class Compositor {
  #store;
  #host;
  /** @type {Set<Surface>} */
  #surfaces = new Set();
  /** @type {Set<Surface>} surfaces that need the whole picture */
  #stale = new Set();
  /** @type {Map<string, Rect>} rectangles of the picture that are to be developed */
  #dirty = new Map();
  /** The picture as a whole is to be developed, and seen in one piece. */
  #whole = true;
  /** Rows that are still to be developed with a new table, from `#row` on and round. */
  #rowsLeft = 0;
  #row = 0;
  /** @type {Image | null} */
  #image = null;
  /** @type {Uint32Array} */
  #pixels = new Uint32Array(0);
  /** @type {Uint8Array | null} null when curve or exposure changed */
  #table = null;
  /** The pre-exposure that the table takes out. */
  #exponent = 0;
  #curve = "srgb";
  #exposure = 0;
  #channel = "color";
  #goal = 0;
  /** What is shown where nothing has been painted yet, a grey. */
  #paper = 0;
  /** @type {number | null} */
  #frame = null;

  /** @param {PixelStore} store @param {Host} host */
  constructor(store, host) {
    this.#store = store;
    this.#host = host;
  }

  /** @param {string} curve @param {number} exposure in stops @param {string} [channel] */
  setTone(curve, exposure, channel = "color") {
    // What the kernel sends then are colours, which no light has changed.
    if (channel === "value") [curve, exposure, channel] = ["srgb", 0, "color"];
    if (curve === this.#curve && exposure === this.#exposure && channel === this.#channel) return;
    this.#curve = curve;
    this.#exposure = exposure;
    this.#channel = channel;
    this.#table = null;
    this.schedule();
  }

  /** Samples that each pixel is to have, which is where the palette of counts ends. @param {number} spp */
  setGoal(spp) {
    if (spp === this.#goal) return;
    this.#goal = spp;
    if (this.#channel === "samples") this.invalidateAll();
  }

  /** @param {number} grey 0 to 255 */
  setPaper(grey) {
    if (grey === this.#paper) return;
    this.#paper = grey;
    this.#table = null;
    this.schedule();
  }

  /** @param {Surface} surface */
  add(surface) {
    this.#surfaces.add(surface);
    this.#stale.add(surface);
    this.schedule();
  }

  /** @param {Surface} surface */
  remove(surface) {
    this.#surfaces.delete(surface);
    this.#stale.delete(surface);
  }

  /** A part of the picture changed. @param {Rect} rect */
  invalidate(rect) {
    if (this.#whole) return this.schedule();
    this.#dirty.set(`${rect.x},${rect.y},${rect.width},${rect.height}`, rect);
    if (this.#dirty.size > MOST_RECTS) this.#whole = true;
    this.schedule();
  }

  /** Another picture is on show. */
  invalidateAll() {
    this.#whole = true;
    this.schedule();
  }

  /** Does what is on show lag behind the store, for this surface? @param {Surface} surface */
  isBehind(surface) {
    const late = this.#whole || this.#dirty.size > 0 || this.#rowsLeft > 0 || this.#table === null;
    return this.#store.front !== null && (late || this.#stale.has(surface));
  }

  /** Paint in the next frame, if there is anything to paint and anybody to see it. */
  schedule() {
    if (this.#frame !== null || this.#store.front === null) return;
    const wanted = [...this.#surfaces].some((s) => s.visible && this.isBehind(s));
    if (!wanted) return;
    this.#frame = this.#host.requestFrame(() => {
      this.#frame = null;
      this.#paint(BUDGET);
      this.schedule();
    });
  }

  /** Paint everything now, on this surface too if it is hidden. @param {Surface} surface */
  flush(surface) {
    this.#paint(Infinity, surface);
  }

  close() {
    if (this.#frame !== null) this.#host.cancelFrame(this.#frame);
    this.#frame = null;
    this.#surfaces.clear();
    this.#stale.clear();
    this.#image = null;
    this.#pixels = new Uint32Array(0);
  }

  /** @param {number} budget in ms @param {Surface} [extra] */
  #paint(budget, extra) {
    const picture = this.#store.front;
    if (picture === null) return;
    const { width, height } = picture;
    const image = this.#fit(width, height);
    const changed = this.#develop(picture, budget);
    for (const surface of this.#surfaces) {
      if (!surface.visible && surface !== extra) {
        if (changed.length > 0) this.#stale.add(surface);
        continue;
      }
      if (this.#stale.delete(surface)) {
        surface.resize(width, height);
        surface.put(image, { x: 0, y: 0, width, height });
      } else {
        for (const rect of changed) surface.put(image, rect);
      }
    }
  }

  /** @param {number} width @param {number} height @returns {Image} */
  #fit(width, height) {
    if (this.#image?.width === width && this.#image.height === height) return this.#image;
    this.#image = this.#host.createImage(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#whole = true;
    for (const surface of this.#surfaces) this.#stale.add(surface);
    return this.#image;
  }

  /**
   * @param {import("./mixing.js").Source & {height: number, exponent: number}} picture
   * @param {number} budget in ms
   * @returns {Rect[]} what changed
   */
  #develop(picture, budget) {
    const { width, height, exponent } = picture;
    const until = this.#host.now() + budget;
    let table = this.#table;
    if (exponent !== this.#exponent) {
      // The same light in other numbers: what is on show was developed from the old ones.
      this.#exponent = exponent;
      this.#whole = true;
      table = null;
    }
    if (table === null) {
      table = makeTable(this.#curve, this.#exposure, exponent);
      table[UNPAINTED] = this.#paper;
      this.#table = table;
      // What was left of an earlier change is still ahead, so a moving slider starves no row.
      this.#rowsLeft = height;
    }
    const paint = this.#painter(picture, table);
    if (this.#whole) {
      // In one piece, however long it takes: two renders must never be seen in one picture.
      const rect = { x: 0, y: 0, width, height };
      paint(rect);
      this.#whole = false;
      this.#dirty.clear();
      this.#rowsLeft = 0;
      return [rect];
    }
    const changed = [...this.#dirty.values()];
    this.#dirty.clear();
    for (const rect of changed) paint(rect);

    const band = Math.max(1, Math.floor(BAND_PIXELS / width));
    while (this.#rowsLeft > 0) {
      const y = this.#row < height ? this.#row : 0;
      const rows = Math.min(band, height - y, this.#rowsLeft);
      const rect = { x: 0, y, width, height: rows };
      paint(rect);
      changed.push(rect);
      this.#row = y + rows;
      this.#rowsLeft -= rows;
      if (this.#host.now() >= until) break;
    }
    return changed;
  }

  /**
   * @param {import("./mixing.js").Source & {exponent: number}} picture
   * @param {Uint8Array} table
   * @returns {(rect: Rect) => void}
   */
  #painter(picture, table) {
    const { half, width, exponent } = picture;
    const pixels = this.#pixels;
    if (isPlain(this.#curve, this.#channel)) {
      const single = SINGLE.get(this.#channel);
      return (rect) => develop(table, half, pixels, width, rect, single);
    }
    const tone = { curve: this.#curve, exposure: this.#exposure, channel: this.#channel };
    const mix = makeMixer(tone, exponent, this.#goal, picture);
    const paper = (0xff000000 | (this.#paper * 0x010101)) >>> 0;
    return ({ x, y, width: wide, height }) => {
      for (let row = y; row < y + height; row++) {
        for (let column = x; column < x + wide; column++) {
          const at = row * width + column;
          pixels[at] = half[3 * at] === UNPAINTED ? paper : mix(3 * at, column, row);
        }
      }
    };
  }
}
