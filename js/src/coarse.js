/**
 * A coarse picture, enlarged into the memory of a whole one: smoothly, between the middles of its
 * pixels, as squares of one colour would draw the eye to their edges.
 *
 * @typedef {{columns: number, rows: number, half: Uint16Array}} Coarse
 */

import { halfToNumber } from "./halves.js";

/** Beyond so many pixels there is no time for smoothness: the nearest pixel is taken. */
const MOST_SMOOTH = 2_200_000;

/** @type {Float32Array | null} the value of each half float */
let values = null;

function halfValues() {
  if (values === null) {
    values = new Float32Array(65536);
    for (let bits = 0; bits < 65536; bits++) values[bits] = halfToNumber(bits);
  }
  return values;
}

/**
 * For each of `size` places: the first of the two coarse pixels it lies between, and its share of
 * the second.
 *
 * @param {number} size
 * @param {number} count
 */
function weights(size, count) {
  const first = new Uint32Array(size);
  const share = new Float32Array(size);
  for (let at = 0; at < size; at++) {
    const place = Math.min(Math.max(((at + 0.5) * count) / size - 0.5, 0), count - 1);
    first[at] = Math.min(Math.floor(place), Math.max(count - 2, 0));
    share[at] = count > 1 ? place - first[at] : 0;
  }
  return { first, share };
}

/**
 * Rows of the enlarged picture, each given to `use` in the same memory.
 *
 * @param {Coarse} coarse
 * @param {number} width
 * @param {number} height
 * @param {(row: Uint16Array, y: number) => void} use
 */
export function enlarge(coarse, width, height, use) {
  if (coarse.columns === width && coarse.rows === height) {
    const stride = 3 * width;
    for (let y = 0; y < height; y++) use(coarse.half.subarray(y * stride, (y + 1) * stride), y);
  } else if (width * height > MOST_SMOOTH) {
    enlargeNearest(coarse, width, height, use);
  } else {
    enlargeSmoothly(coarse, width, height, use);
  }
}

/** @type {typeof enlarge} */
function enlargeNearest({ columns, rows, half }, width, height, use) {
  const row = new Uint16Array(3 * width);
  let last = -1;
  for (let y = 0; y < height; y++) {
    const from = Math.floor((y * rows) / height);
    if (from !== last) {
      for (let x = 0, to = 0; x < width; x++) {
        const at = 3 * (from * columns + Math.floor((x * columns) / width));
        row[to++] = half[at];
        row[to++] = half[at + 1];
        row[to++] = half[at + 2];
      }
      last = from;
    }
    use(row, y);
  }
}

/** @type {typeof enlarge} */
function enlargeSmoothly({ columns, rows, half }, width, height, use) {
  const value = halfValues();
  const across = weights(width, columns);
  const down = weights(height, rows);
  const row = new Uint16Array(3 * width);
  const mixed = new Float32Array(3 * width);
  const bits = new Uint32Array(mixed.buffer);
  const step = columns > 1 ? 3 : 0;
  /** @type {Map<number, Float32Array>} the two coarse rows at hand, enlarged to the full width */
  const wide = new Map();
  /** @param {number} index */
  const widen = (index) => {
    let line = wide.get(index);
    if (line !== undefined) return line;
    line = new Float32Array(3 * width);
    for (const old of wide.keys()) {
      if (old >= index - 1) continue;
      line = wide.get(old) ?? line;
      wide.delete(old);
    }
    const start = 3 * index * columns;
    for (let x = 0, to = 0; x < width; x++) {
      const at = start + 3 * across.first[x];
      const share = across.share[x];
      for (let c = 0; c < 3; c++, to++) {
        const a = value[half[at + c]];
        line[to] = a + share * (value[half[at + c + step]] - a);
      }
    }
    wide.set(index, line);
    return line;
  };
  for (let y = 0; y < height; y++) {
    const top = widen(down.first[y]);
    const bottom = widen(Math.min(down.first[y] + 1, rows - 1));
    const share = down.share[y];
    for (let i = 0; i < mixed.length; i++) mixed[i] = top[i] + share * (bottom[i] - top[i]);
    for (let i = 0; i < row.length; i++) {
      // As `numberToHalf`, which would cost twice the time here.
      const b = bits[i];
      row[i] =
        b < 0x38800000
          ? Math.round(mixed[i] * 16777216)
          : Math.min((b + 0x1000 - 0x38000000) >>> 13, 0x7bff);
    }
    use(row, y);
  }
}
