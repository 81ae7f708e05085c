/**
 * The pixels of a picture, as they came: linear half floats, and how many samples they hold.
 *
 * The store belongs to the model, not to a view, so that views may come and go. It keeps two
 * pictures: the one on show, and, after a restart, the one that is still arriving. Two renders are
 * never mixed in what is seen.
 *
 * @typedef {{x: number, y: number, width: number, height: number}} Rect
 * @typedef {Rect & {level: number, exponent: number, spp: number, exact: boolean}} TileRecord
 * @typedef {TileRecord & {half: Uint16Array}} Tile
 *   `half` holds three half floats for each sent pixel, row by row, which stand for 2^exponent
 *   times what they are; `exact` is false where the encoding lost something
 */

import { enlarge } from "./coarse.js";
import { halfToNumber, scaleTable } from "./halves.js";
import { UNPAINTED } from "./mixing.js";

/** @param {number} a @param {number} b @returns {number} */
function gcd(a, b) {
  return b === 0 ? a : gcd(b, a % b);
}

/**
 * More samples are better; of as many, exact pixels are better than those that lost something.
 *
 * @param {TileRecord} tile
 */
const rank = ({ spp, level, exact }) => 2 * spp + (exact && level === 0 ? 1 : 0);

/** One render of one generation: its pixels, and how good they are in each cell of a grid. */
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
    /** How good each cell is, see `rank`; 0 where nothing has arrived. */
    this.ranks = new Float64Array(this.columns * this.rows);
    /** The pre-exposure of the pixels, and the newest message that came with it. */
    this.exponent = 0;
    this.exponentSeq = 0;
    /** Is there a coarse picture where nothing has arrived? */
    this.laid = false;
  }

  /** Samples in a pixel. @param {number} x @param {number} y */
  samples(x, y) {
    const cell = Math.floor(y / this.cell) * this.columns + Math.floor(x / this.cell);
    return Math.floor(this.ranks[cell] / 2);
  }

  get untouched() {
    return !this.laid && this.left === this.width * this.height;
  }

  /** Show a coarse picture wherever no tile has arrived. @param {import("../wire/protocol.js").Coarse} coarse */
  lay(coarse) {
    const { width, half, cell, ranks, columns } = this;
    const all = this.left === width * this.height;
    if (all) this.exponent = coarse.exponent;
    const stops = coarse.exponent - this.exponent;
    const table = stops === 0 ? null : scaleTable(stops);
    const source = table === null ? coarse : { ...coarse, half: coarse.half.map((h) => table[h]) };
    enlarge(source, width, this.height, (row, y) => {
      const start = 3 * width * y;
      if (all) return half.set(row, start);
      const line = Math.floor(y / cell) * columns;
      for (let x = 0; x < width; x += cell) {
        if (ranks[line + x / cell] > 0) continue;
        half.set(row.subarray(3 * x, 3 * Math.min(x + cell, width)), start + 3 * x);
      }
    });
    this.laid = true;
  }

  /** @param {Tile} tile @param {number} seq @returns {boolean} whether it was applied */
  apply(tile, seq) {
    if (tile.x + tile.width > this.width || tile.y + tile.height > this.height) return false;
    if (!this.#expose(tile.exponent, seq)) return false;
    this.#align(tile);
    if (!this.#count(tile)) return false;
    this.#copy(tile);
    return true;
  }

  /**
   * Take over another pre-exposure. What is there is scaled, and comes again: an older message
   * with the old one has nothing to add, and may have lost what the new one keeps.
   *
   * @param {number} exponent
   * @param {number} seq
   * @returns {boolean} false if the message is late
   */
  #expose(exponent, seq) {
    if (exponent !== this.exponent) {
      if (seq < this.exponentSeq) return false;
      if (!this.untouched) {
        const table = scaleTable(this.exponent - exponent);
        for (let at = 0; at < this.half.length; at++) this.half[at] = table[this.half[at]];
      }
      this.exponent = exponent;
    }
    this.exponentSeq = Math.max(this.exponentSeq, seq);
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
    const ranks = new Float64Array(columns * rows);
    const times = this.cell / cell;
    for (let row = 0; row < rows; row++) {
      const from = Math.floor(row / times) * this.columns;
      for (let column = 0; column < columns; column++) {
        ranks[row * columns + column] = this.ranks[from + Math.floor(column / times)];
      }
    }
    Object.assign(this, { cell, columns, rows, ranks });
  }

  /**
   * Enter how good a tile is into the grid.
   *
   * @param {TileRecord} tile
   * @returns {boolean} false, and nothing changed, if any pixel of it is better already
   */
  #count(tile) {
    const { x, y, width, height } = tile;
    const { cell, columns } = this;
    const mine = rank(tile);
    const left = x / cell;
    const top = y / cell;
    const right = Math.ceil((x + width) / cell);
    const bottom = Math.ceil((y + height) / cell);
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        if (this.ranks[row * columns + column] > mine) return false;
      }
    }
    for (let row = top; row < bottom; row++) {
      const high = Math.min(cell, this.height - row * cell);
      for (let column = left; column < right; column++) {
        const index = row * columns + column;
        if (this.ranks[index] === 0) this.left -= high * Math.min(cell, this.width - column * cell);
        this.ranks[index] = mine;
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
   * Show a picture that was kept, where there is none yet; any render replaces it.
   *
   * @param {Tile} tile the whole of it
   * @returns {boolean} whether it is on show
   */
  restore(tile) {
    if (this.front !== null) return false;
    const picture = new Picture(0, tile.width, tile.height, Math.max(tile.width, tile.height));
    if (!picture.apply(tile, 0)) return false;
    this.front = picture;
    return true;
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
      this.front.half.fill(UNPAINTED);
      this.back = null;
      return true;
    }
    const half = reusable?.length === 3 * width * height ? reusable : undefined;
    this.back = new Picture(generation, width, height, tile, half);
    return false;
  }

  /**
   * A coarse picture of a whole has come: it is on show at once, and tiles of the same generation
   * refine it.
   *
   * @param {import("../wire/protocol.js").Coarse} coarse
   * @returns {boolean} whether anything of it is on show
   */
  lay(coarse) {
    const { generation, width, height, tile } = coarse;
    if (generation < this.generation) return false;
    let picture = this.back ?? this.front;
    if (picture === null || picture.generation !== generation) {
      const reusable = this.back?.half ?? this.#spare ?? undefined;
      this.#spare = null;
      const half = reusable?.length === 3 * width * height ? reusable : undefined;
      picture = new Picture(generation, width, height, tile, half);
    }
    if (picture.width !== width || picture.height !== height || picture.left === 0) return false;
    picture.lay(coarse);
    if (picture !== this.front) this.#spare = this.front?.half ?? null;
    this.front = picture;
    this.back = null;
    return true;
  }

  /**
   * @param {number} generation
   * @param {Tile} tile
   * @param {number} seq of the message that brought it
   * @returns {Applied}
   */
  apply(generation, tile, seq) {
    const picture = this.back ?? this.front;
    if (picture === null || picture.generation !== generation || !picture.apply(tile, seq))
      return "late";
    if (picture === this.front) return "shown";
    if (picture.left > 0) return "hidden";
    this.#spare = this.front?.half ?? null;
    this.front = picture;
    this.back = null;
    return "swapped";
  }

  /**
   * The radiance of a pixel on show, and its samples.
   *
   * @param {number} x
   * @param {number} y
   * @returns {{rgb: number[], spp: number} | null}
   */
  read(x, y) {
    const { front } = this;
    if (front === null || x >= front.width || y >= front.height) return null;
    const at = 3 * (y * front.width + x);
    const rgb = [0, 1, 2].map((c) => halfToNumber(front.half[at + c]) * 2 ** front.exponent);
    return rgb.some(Number.isNaN) ? null : { rgb, spp: front.samples(x, y) };
  }

  /**
   * Another kernel counts generations anew: keep what is on show, until its picture is whole.
   */
  forget() {
    this.back = null;
    if (this.front !== null) this.front.generation = 0;
  }
}
