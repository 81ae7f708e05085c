/**
 * Decoders by the name of the encoding; `raywidget/stream/encoders` has the other half of each.
 *
 * @typedef {object} Decoder
 * @property {boolean} exact are the pixels what the kernel has, or is something lost?
 * @property {(columns: number, rows: number) => number} bytes that so many sent pixels take
 * @property {(view: DataView, offset: number, columns: number, rows: number) => Uint16Array} decode
 *   three half floats for each sent pixel, row by row
 */

import { numberToHalf } from "./halves.js";

/** @type {Decoder} */
const half3 = {
  exact: true,
  bytes: (columns, rows) => 6 * columns * rows,
  decode(view, offset, columns, rows) {
    const start = view.byteOffset + offset;
    const count = 3 * columns * rows;
    // A typed array must begin at a multiple of its element; a host may hand over any offset.
    // Every browser is little-endian, as the wire is.
    return start % 2 === 0
      ? new Uint16Array(view.buffer, start, count)
      : new Uint16Array(view.buffer.slice(start, start + 2 * count));
  },
};

/**
 * A byte of brightness for each pixel, on a logarithmic scale of the tile's own, and two bytes of
 * colour for each square of four. Brightness is the sum of the three channels.
 *
 * @type {Decoder}
 */
const luma8 = {
  exact: false,
  bytes: (columns, rows) => 8 + columns * rows + 2 * Math.ceil(columns / 2) * Math.ceil(rows / 2),
  decode(view, offset, columns, rows) {
    const low = view.getFloat32(offset, true);
    const step = view.getFloat32(offset + 4, true);
    const sums = Float64Array.from({ length: 256 }, (_, code) =>
      code === 0 ? 0 : 2 ** (low + (code - 1) * step),
    );
    const luma = offset + 8;
    const colour = luma + columns * rows;
    const squares = Math.ceil(columns / 2);
    const half = new Uint16Array(3 * columns * rows);
    for (let row = 0, at = 0; row < rows; row++) {
      const line = colour + 2 * squares * (row >> 1);
      for (let column = 0; column < columns; column++, at += 3) {
        const sum = sums[view.getUint8(luma + row * columns + column)];
        const pair = line + 2 * (column >> 1);
        const red = (sum * view.getUint8(pair)) / 255;
        const blue = (sum * view.getUint8(pair + 1)) / 255;
        half[at] = numberToHalf(red);
        half[at + 1] = numberToHalf(Math.max(sum - red - blue, 0));
        half[at + 2] = numberToHalf(blue);
      }
    }
    return half;
  },
};

/** @type {ReadonlyMap<string, Decoder>} */
export const DECODERS = new Map([
  ["half3", half3],
  ["luma8", luma8],
]);
