/**
 * From linear half floats to the bytes of the screen, through a table with one byte for each of
 * the 65,536 half floats.
 *
 * This is the twin of `raywidget/picture/development.py` and `curves.py`: both follow one rule in
 * float64, operation by operation, so that the canvas equals the saved PNG byte for byte. Change
 * neither alone.
 *
 * @typedef {(x: number) => number} Curve from radiance >= 0 to [0, 1]; what is beyond is clamped
 */

import { halfToNumber, INFINITY, MOST } from "./halves.js";

/** @type {Curve} */
const linear = (x) => x;

/** IEC 61966-2-1. @type {Curve} */
export const srgb = (light) => {
  const x = Math.min(light, 1);
  return x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
};

/** John Hable, Filmic Tonemapping Operators, 2010: the operator of Uncharted 2. @type {Curve} */
const hable = (v) => {
  const A = 0.15;
  const B = 0.5;
  const C = 0.1;
  const D = 0.2;
  const E = 0.02;
  const F = 0.3;
  return (v * (A * v + C * B) + D * E) / (v * (A * v + B) + D * F) - E / F;
};

/** Exposure bias 2, linear white at 11.2; the clamp keeps infinity / infinity away. @type {Curve} */
const filmic = (light) => {
  const x = Math.min(light, 1e6);
  return srgb(hable(2 * x) / hable(11.2));
};

/** @type {ReadonlyMap<string, Curve>} */
export const CURVES = new Map([
  ["srgb", srgb],
  ["filmic", filmic],
  ["linear", linear],
]);

/** All that a user can choose, in this order: names, and how people write them. See `mixing.js`. */
export const CURVE_NAMES = /** @type {[string, string][]} */ ([
  ["srgb", "sRGB"],
  ["filmic", "filmic"],
  ["agx", "AgX"],
  ["neutral", "neutral"],
  ["linear", "linear"],
]);

/** What of the light is shown. */
export const CHANNEL_NAMES = /** @type {[string, string][]} */ ([
  ["color", "colour"],
  ["red", "red"],
  ["green", "green"],
  ["blue", "blue"],
  ["luminance", "luminance"],
  ["heat", "false colour"],
  ["samples", "samples"],
  ["value", "values"],
]);

/** Channels that are one of the three, and where it stands in a pixel. */
export const SINGLE = new Map([
  ["red", 0],
  ["green", 1],
  ["blue", 2],
]);

/**
 * @param {string} curve a name in `CURVES`; an unknown one is taken as `srgb`
 * @param {number} exposure in stops
 * @param {number} [exponent] the pre-exposure of the half floats, which is taken out again
 * @returns {Uint8Array} 65,536 bytes
 */
export function makeTable(curve, exposure, exponent = 0) {
  const apply = CURVES.get(curve) ?? srgb;
  const gain = 2 ** exposure * 2 ** exponent;
  /** @param {number} bits */
  const develop = (bits) => {
    const x = Math.min(halfToNumber(bits), MOST) * gain;
    const y = Math.min(Math.max(apply(x), 0), 1);
    return Math.floor(y * 255 + 0.5);
  };
  // Negative ones and NaN stay black.
  const table = new Uint8Array(65536);
  // Halves grow with their bits, and no curve ever falls: where both ends of a range have the same
  // byte, so has all between them. That takes some 3,000 calls instead of 65,536, which are 20 to
  // 40 ms of a first picture, as the code is cold then.
  /** @param {number} first @param {number} last */
  const fill = (first, last) => {
    if (table[first] === table[last]) table.fill(table[first], first + 1, last);
    else if (last - first > 1) {
      const middle = (first + last) >> 1;
      table[middle] = develop(middle);
      fill(first, middle);
      fill(middle, last);
    }
  };
  table[0] = develop(0);
  table[INFINITY] = develop(INFINITY);
  fill(0, INFINITY);
  return table;
}

/** Do curve and channel need no more than a table? @param {string} curve @param {string} channel */
export const isPlain = (curve, channel) =>
  CURVES.has(curve) && (channel === "color" || SINGLE.has(channel));

/**
 * Develop a rectangle of half floats into opaque RGBA pixels of a picture of the same width.
 *
 * @param {Uint8Array} table
 * @param {Uint16Array} half three for each pixel
 * @param {Uint32Array} pixels one RGBA word for each pixel, in the byte order of `ImageData`
 * @param {number} stride width of the picture in pixels
 * @param {import("./pixels.js").Rect} rect
 * @param {number} [single] 0 to 2: only this channel, as grey
 */
export function develop(table, half, pixels, stride, { x, y, width, height }, single = -1) {
  const [red, green, blue] = single < 0 ? [0, 1, 2] : [single, single, single];
  for (let row = y; row < y + height; row++) {
    const start = row * stride + x;
    const end = start + width;
    for (let at = start, from = 3 * start; at < end; at++, from += 3) {
      pixels[at] =
        0xff000000 |
        (table[half[from + blue]] << 16) |
        (table[half[from + green]] << 8) |
        table[half[from + red]];
    }
  }
}
