/**
 * Half floats as bits, and numbers.
 */

/** The largest finite half float. */
export const MOST = 65504;

/** The bits of infinity; those of numbers >= 0 are smaller, and grow with them. */
export const INFINITY = 0x7c00;

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** The value of the half float with these bits. @param {number} half */
export function halfToNumber(half) {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bits of the half float nearest to a number >= 0; what is too large is the largest. */
export function numberToHalf(/** @type {number} */ value) {
  if (!(value < MOST)) return 0x7bff;
  if (value < 2 ** -14) return Math.round(value * 2 ** 24);
  float[0] = value;
  return Math.min((bits[0] + 0x1000 - 0x38000000) >>> 13, 0x7bff);
}

/** For each half float, the one that is 2^stops times as large. @param {number} stops */
export function scaleTable(stops) {
  const table = new Uint16Array(65536);
  for (let half = 0; half < 0x7c00; half++) {
    table[half] = numberToHalf(halfToNumber(half) * 2 ** stops);
  }
  return table;
}
