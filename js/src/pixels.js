/**
 * The pixels of a picture, as they came: linear half floats, and how many samples they hold.
 *
 * The store belongs to the model, not to a view, so that views may come and go. It keeps two
 * pictures: the one on show, and, after a restart, the one that is still arriving. Two renders are
 * never mixed in what is seen.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {Rect & {level: number, spp: number}} TileRecord
 * @typedef {TileRecord & {half: Uint16Array}} Tile
 *   `half` holds three half floats for each sent pixel, row by row
 *
 * @typedef {object} Decoder
 * @property {(pixels: number) => number} bytes how many bytes that many sent pixels take
 * @property {(view: DataView, offset: number, pixels: number) => Uint16Array} decode
 */

/** @type {Decoder} */
const half3 = {
  bytes: (pixels) => 6 * pixels,
  decode(view, offset, pixels) {
    const start = view.byteOffset + offset;
    // A typed array must begin at a multiple of its element; a host may hand over any offset.
    // Every browser is little-endian, as the wire is.
    return start % 2 === 0
      ? new Uint16Array(view.buffer, start, 3 * pixels)
      : new Uint16Array(view.buffer.slice(start, start + 6 * pixels));
  },
};

/**
 * Decoders by the name of the encoding; `raywidget/stream/encoders` has the other half of each.
 *
 * @type {ReadonlyMap<string, Decoder>}
 */
export const DECODERS = new Map([["half3", half3]]);

/**
 * How many pixels travel for a rectangle at a level of detail.
 *
 * @param {number} width
 * @param {number} height
 * @param {number} level
 */
export function sentPixels(width, height, level) {
  const side = 2 ** level;
  return Math.ceil(width / side) * Math.ceil(height / side);
}

/** @param {number} a @param {number} b @returns {number} */
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

/** One render of one generation: its pixels, and the samples in each cell of a grid. */
class Picture {
  /**
   * @param {number} generation
   * @param {number} width
   * @param {number} height
   * @param {number} cell side of a grid cell in pixels, to begin with
   * @param {Uint16Array} [half] memory to use again; what it holds is overwritten before it is seen
   */
  constructor(generation, width, height, cell, half) {
    this.generation = generation;
    this.width = width;
    this.height = height;
    this.half = half ?? new Uint16Array(3 * width * height);
    /** Pixels that have not arrived yet. */
    this.left = width * height;
    this.cell = cell;
    this.columns = Math.ceil(width / cell);
    this.rows = Math.ceil(height / cell);
    /** Samples per cell; 0 where nothing has arrived. */
    this.spp = new Uint32Array(this.columns * this.rows);
  }

  get untouched() {
    return this.left === this.width * this.height;
  }

  /** @param {Tile} tile @returns {boolean} whether it was applied */
  apply(tile) {
    if (tile.x + tile.width > this.width || tile.y + tile.height > this.height) return false;
    this.#align(tile);
    if (!this.#count(tile)) return false;
    this.#copy(tile);
    return true;
  }

  /**
   * Make the grid so fine that the rectangle consists of whole cells. Kernels send tiles that lie
   * on the grid, so this does nothing for them; for any other rectangle counts stay exact.
   *
   * @param {Rect} rect
   */
  #align({ x, y, width, height }) {
    // The far edges of the picture bound a cell wherever they lie.
    const right = x + width < this.width ? x + width : 0;
    const bottom = y + height < this.height ? y + height : 0;
    const cell = [x, y, right, bottom].reduce(gcd, this.cell);
    if (cell === this.cell) return;
    const columns = Math.ceil(this.width / cell);
    const rows = Math.ceil(this.height / cell);
    const spp = new Uint32Array(columns * rows);
    const times = this.cell / cell;
    for (let row = 0; row < rows; row++) {
      const from = Math.floor(row / times) * this.columns;
      for (let column = 0; column < columns; column++) {
        spp[row * columns + column] = this.spp[from + Math.floor(column / times)];
      }
    }
    Object.assign(this, { cell, columns, rows, spp });
  }

  /**
   * Enter a tile's samples into the grid.
   *
   * @param {TileRecord} tile
   * @returns {boolean} false, and nothing changed, if any pixel of it has more samples already
   */
  #count({ x, y, width, height, spp }) {
    const { cell, columns } = this;
    const left = x / cell;
    const top = y / cell;
    const right = Math.ceil((x + width) / cell);
    const bottom = Math.ceil((y + height) / cell);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        if (this.spp[row * columns + column] > spp) return false;
      }
    }
    for (let row = top; row < bottom; row++) {
      const high = Math.min(cell, this.height - row * cell);
      for (let column = left; column < right; column++) {
        const index = row * columns + column;
        if (this.spp[index] === 0) this.left -= high * Math.min(cell, this.width - column * cell);
        this.spp[index] = spp;
      }
    }
    return true;
  }

  /** @param {Tile} tile */
  #copy({ x, y, width, height, level, half }) {
    const stride = 3 * this.width;
    const start = y * stride + 3 * x;
    if (level === 0) {
      for (let row = 0; row < height; row++) {
        this.half.set(half.subarray(3 * width * row, 3 * width * (row + 1)), start + row * stride);
      }
      return;
    }
    const side = 2 ** level;
    const sent = 3 * Math.ceil(width / side);
    for (let row = 0; row < height; row++) {
      const to = start + row * stride;
      if (row % side !== 0) {
        this.half.copyWithin(to, to - stride, to - stride + 3 * width);
        continue;
      }
      const from = (row / side) * sent;
      for (let column = 0; column < width; column++) {
        const source = from + 3 * Math.floor(column / side);
        const target = to + 3 * column;
        this.half[target] = half[source];
        this.half[target + 1] = half[source + 1];
        this.half[target + 2] = half[source + 2];
      }
    }
  }
}

/**
 * What an applied tile did: `late` nothing, `hidden` went into a picture that is not on show yet,
 * `shown` changed its rectangle, `swapped` completed the new picture, which is now the one on show.
 *
 * @typedef {"late" | "hidden" | "shown" | "swapped"} Applied
 */

export class PixelStore {
  /** @type {Picture | null} the picture on show */
  front = null;
  /** @type {Picture | null} the picture of a newer generation, until it is whole */
  back = null;
  /** @type {Uint16Array | null} the memory of a picture that was replaced */
  #spare = null;

  /** The generation that tiles are taken for; 0 before the first. */
  get generation() {
    return (this.back ?? this.front)?.generation ?? 0;
  }

  /**
   * A render begins, or is described once more.
   *
   * @param {{generation: number, width: number, height: number, tile: number}} begin
   * @returns {boolean} whether the picture on show was replaced by an empty one
   */
  begin({ generation, width, height, tile }) {
    if (generation <= this.generation) return false;
    const reusable = this.back?.half ?? this.#spare;
    this.#spare = null;
    if (this.front === null || this.front.untouched) {
      // Nothing has been seen yet that would be worth keeping on show.
      this.front = new Picture(generation, width, height, tile);
      this.back = null;
      return true;
    }
    const half = reusable?.length === 3 * width * height ? reusable : undefined;
    this.back = new Picture(generation, width, height, tile, half);
    return false;
  }

  /**
   * @param {number} generation
   * @param {Tile} tile
   * @returns {Applied}
   */
  apply(generation, tile) {
    const picture = this.back ?? this.front;
    if (picture === null || picture.generation !== generation || !picture.apply(tile))
      return "late";
    if (picture === this.front) return "shown";
    if (picture.left > 0) return "hidden";
    this.#spare = this.front?.half ?? null;
    this.front = picture;
    this.back = null;
    return "swapped";
  }

  /**
   * Another kernel counts generations anew: keep what is on show, until its picture is whole.
   */
  forget() {
    this.back = null;
    if (this.front !== null) this.front.generation = 0;
  }
}
