import assert from "node:assert/strict";
import { test } from "node:test";
import { DECODERS } from "../../src/pixels/decoders.js";
import { halfToNumber, numberToHalf } from "../../src/pixels/halves.js";
import { UNPAINTED } from "../../src/pixels/mixing.js";
import { PixelStore } from "../../src/pixels/pixels.js";

const apply = (store, generation, tile, seq = 1) => store.apply(generation, tile, seq);

/** A tile whose sent pixels count up from `first`, so that each can be told. */
function tile(x, y, width, height, options = {}) {
  const { level = 0, spp = 1, first = 1, exponent = 0, exact = true } = options;
  const sent = Math.ceil(width / 2 ** level) * Math.ceil(height / 2 ** level);
  const half = new Uint16Array(3 * sent);
  for (let index = 0; index < half.length; index++) half[index] = first + Math.floor(index / 3);
  return { x, y, width, height, level, exponent, spp, exact, half };
}

const begin = (generation, width = 8, height = 6, size = 4) => ({
  generation,
  width,
  height,
  tile: size,
  spp: 4,
});

/** The red of each pixel, row by row. */
/** The first channel, with 0 where nothing has been painted. */
function reds({ width, height, half }) {
  const shown = (bits) => (bits === UNPAINTED ? 0 : bits);
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => shown(half[3 * (y * width + x)])),
  );
}

function started(...size) {
  const store = new PixelStore();
  store.begin(begin(1, ...size));
  return store;
}

test("the first generation shows at once, tile by tile", () => {
  const store = started();
  assert.equal(apply(store, 1, tile(4, 4, 4, 2, { first: 10 })), "shown");
  const rows = reds(store.front);
  assert.deepEqual(rows[3], [0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(rows[4], [0, 0, 0, 0, 10, 11, 12, 13]);
  assert.deepEqual(rows[5], [0, 0, 0, 0, 14, 15, 16, 17]);
});

test("a sent pixel stands for a square, cut off at the far edges", () => {
  const store = started(7, 5);
  apply(store, 1, tile(1, 1, 5, 3, { level: 1 }));
  assert.deepEqual(reds(store.front), [
    [0, 0, 0, 0, 0, 0, 0],
    [0, 1, 1, 2, 2, 3, 0],
    [0, 1, 1, 2, 2, 3, 0],
    [0, 4, 4, 5, 5, 6, 0],
    [0, 0, 0, 0, 0, 0, 0],
  ]);
});

test("every level of detail fills every size", () => {
  for (const [width, height] of [
    [1, 1],
    [5, 3],
    [16, 16],
    [17, 31],
  ]) {
    for (const level of [0, 1, 2, 3, 4, 5, 16]) {
      const store = started(width, height);
      const sent = tile(0, 0, width, height, { level });
      assert.equal(apply(store, 1, sent), "shown");
      const side = 2 ** level;
      const across = Math.ceil(width / side);
      for (const [y, row] of reds(store.front).entries()) {
        for (const [x, red] of row.entries()) {
          assert.equal(red, 1 + Math.floor(y / side) * across + Math.floor(x / side));
        }
      }
      assert.equal(store.front.left, 0);
    }
  }
});

test("fewer samples than are shown are late; as many, or more, are not", () => {
  const store = started();
  assert.equal(apply(store, 1, tile(0, 0, 4, 4, { spp: 4, first: 100 })), "shown");
  assert.equal(apply(store, 1, tile(0, 0, 4, 4, { spp: 3, first: 200 })), "late");
  assert.equal(store.front.half[0], 100);
  assert.equal(apply(store, 1, tile(0, 0, 4, 4, { spp: 4, first: 300 })), "shown");
  assert.equal(apply(store, 1, tile(0, 0, 4, 4, { spp: 5, first: 400 })), "shown");
  assert.equal(store.front.half[0], 400);
  // The tile beside it has its own count.
  assert.equal(apply(store, 1, tile(4, 0, 4, 4, { spp: 1 })), "shown");
});

test("a rectangle off the grid is late where it overlaps more samples, and only there", () => {
  const store = started();
  apply(store, 1, tile(0, 0, 4, 4, { spp: 4, first: 100 }));
  assert.equal(apply(store, 1, tile(3, 0, 2, 2, { spp: 2 })), "late");
  assert.equal(apply(store, 1, tile(5, 1, 3, 3, { spp: 2, first: 50 })), "shown");
  assert.equal(apply(store, 1, tile(0, 0, 4, 4, { spp: 3 })), "late");
  assert.equal(apply(store, 1, tile(4, 0, 1, 1, { spp: 1 })), "shown");
  assert.equal(apply(store, 1, tile(4, 0, 4, 4, { spp: 1 })), "late");
  assert.equal(store.front.left, 48 - 16 - 9 - 1);
});

test("what is outside the picture is not applied, and harms nothing", () => {
  const store = started();
  for (const [x, y] of [
    [5, 0],
    [0, 3],
    [8, 0],
    [65535, 65535],
  ]) {
    assert.equal(apply(store, 1, tile(x, y, 4, 4)), "late");
  }
  assert.ok(store.front.half.every((bits) => bits === UNPAINTED));
  assert.equal(store.front.left, 48);
});

test("another generation's tiles are late, older or newer", () => {
  const store = started();
  assert.equal(apply(store, 2, tile(0, 0, 4, 4)), "late");
  assert.equal(apply(store, 0, tile(0, 0, 4, 4)), "late");
  assert.equal(new PixelStore().apply(1, tile(0, 0, 4, 4)), "late");
});

const GRID = [
  [0, 0, 4, 4],
  [4, 0, 4, 4],
  [0, 4, 4, 2],
  [4, 4, 4, 2],
];

test("a newer generation is swapped in when its last pixel arrives, and not before", () => {
  const store = started();
  for (const rect of GRID) apply(store, 1, tile(...rect, { first: 100 }));
  assert.equal(store.begin(begin(2)), false);
  for (const rect of GRID.slice(0, 3)) {
    assert.equal(apply(store, 2, tile(...rect, { first: 500 })), "hidden");
    assert.equal(apply(store, 2, tile(...rect, { first: 500, spp: 2 })), "hidden");
  }
  assert.equal(apply(store, 1, tile(...GRID[3], { spp: 9, first: 900 })), "late");
  assert.equal(store.front.generation, 1);
  assert.ok(
    reds(store.front)
      .flat()
      .every((red) => red >= 100 && red < 200),
  );
  assert.equal(apply(store, 2, tile(...GRID[3], { first: 500 })), "swapped");
  assert.equal(store.front.generation, 2);
  assert.equal(store.back, null);
  assert.ok(
    reds(store.front)
      .flat()
      .every((red) => red >= 500),
  );
  assert.equal(apply(store, 2, tile(...GRID[0], { spp: 2 })), "shown");
});

test("a single pixel that is wanting keeps the old picture on show", () => {
  const store = started(3, 3);
  apply(store, 1, tile(0, 0, 3, 3));
  store.begin(begin(2, 3, 3));
  assert.equal(apply(store, 2, tile(0, 0, 3, 2)), "hidden");
  assert.equal(apply(store, 2, tile(1, 2, 2, 1)), "hidden");
  assert.equal(apply(store, 2, tile(0, 2, 1, 1)), "swapped");
});

test("one coarse tile over all completes a picture", () => {
  const store = started();
  apply(store, 1, tile(...GRID[0]));
  store.begin(begin(2));
  assert.equal(apply(store, 2, tile(0, 0, 8, 6, { level: 3 })), "swapped");
});

test("a generation that is overtaken before it was whole is never seen", () => {
  const store = started();
  for (const rect of GRID) apply(store, 1, tile(...rect, { first: 100 }));
  store.begin(begin(2));
  for (const rect of GRID.slice(0, 3)) apply(store, 2, tile(...rect, { first: 200 }));
  store.begin(begin(3));
  assert.equal(apply(store, 2, tile(...GRID[3], { first: 200 })), "late");
  for (const rect of GRID.slice(0, 3)) apply(store, 3, tile(...rect, { first: 300 }));
  assert.equal(store.front.generation, 1);
  assert.equal(apply(store, 3, tile(...GRID[3], { first: 300 })), "swapped");
  assert.ok(
    reds(store.front)
      .flat()
      .every((red) => red >= 300),
  );
});

test("memory is used again, and what it held is not seen", () => {
  const store = started();
  const memories = new Set();
  for (let generation = 1; generation <= 6; generation++) {
    store.begin(begin(generation));
    for (const rect of GRID) apply(store, generation, tile(...rect, { first: 100 * generation }));
    memories.add(store.front.half);
    const seen = reds(store.front).flat();
    assert.ok(seen.every((red) => red >= 100 * generation && red < 100 * generation + 16));
  }
  assert.equal(memories.size, 2);
});

test("a picture of another size may follow", () => {
  const store = started();
  apply(store, 1, tile(...GRID[0]));
  store.begin(begin(2, 3, 9));
  assert.equal(store.front.width, 8);
  assert.equal(apply(store, 2, tile(0, 0, 3, 9)), "swapped");
  assert.deepEqual([store.front.width, store.front.height], [3, 9]);
});

test("before the first pixel there is nothing to keep on show", () => {
  const store = started();
  assert.equal(store.begin(begin(2, 4, 4)), true);
  assert.equal(store.front.generation, 2);
  assert.equal(apply(store, 2, tile(0, 0, 2, 2)), "shown");
});

test("the same or an older generation begins nothing", () => {
  const store = started();
  apply(store, 1, tile(...GRID[0], { first: 100 }));
  const { front } = store;
  assert.equal(store.begin(begin(1)), false);
  assert.equal(store.begin(begin(1, 99, 99)), false);
  assert.equal(store.front, front);
  assert.equal(store.back, null);
});

test("another kernel counts anew, and its picture is swapped in whole", () => {
  const store = new PixelStore();
  store.begin(begin(7));
  for (const rect of GRID) apply(store, 7, tile(...rect, { first: 100 }));
  store.forget();
  assert.equal(apply(store, 7, tile(...GRID[0], { spp: 9 })), "late");
  store.begin(begin(1));
  for (const rect of GRID.slice(0, 3)) assert.equal(apply(store, 1, tile(...rect)), "hidden");
  assert.equal(apply(store, 1, tile(...GRID[3])), "swapped");
});

test("half3 reads little-endian numbers from any offset", () => {
  const { bytes, decode } = DECODERS.get("half3");
  assert.equal(bytes(5, 2), 60);
  for (const offset of [0, 1, 2, 7]) {
    const buffer = new Uint8Array(40);
    buffer.set([0x01, 0x3c, 0x02, 0x38, 0xff, 0x7b], offset + 4);
    const half = decode(new DataView(buffer.buffer, offset), 4, 1, 1);
    assert.deepEqual([...half], [0x3c01, 0x3802, 0x7bff]);
  }
});

test("what lost something replaces nothing that is as good, and is replaced", () => {
  const store = started();
  const at = (first, options) => apply(store, 1, tile(0, 0, 4, 4, { first, ...options }));
  assert.equal(at(100, { spp: 1, level: 1 }), "shown");
  assert.equal(at(200, { spp: 3, exact: false }), "shown");
  assert.equal(at(300, { spp: 2 }), "late");
  assert.equal(at(400, { spp: 3 }), "shown");
  assert.equal(at(500, { spp: 3, exact: false }), "late");
  assert.equal(at(600, { spp: 3 }), "shown");
  assert.equal(at(700, { spp: 4, exact: false }), "shown");
  assert.equal(store.front.half[0], 700);
});

test("another pre-exposure scales what is there, and makes older messages late", () => {
  const store = started();
  const bits = numberToHalf(12);
  const put = (x, exponent, seq, spp = 1) => {
    const one = tile(x, 0, 4, 4, { exponent, spp });
    one.half.fill(bits);
    return apply(store, 1, one, seq);
  };
  assert.equal(put(0, 2, 1), "shown");
  assert.equal(put(4, 2, 4), "shown");
  assert.equal(put(0, 0, 3, 5), "late");
  assert.equal(put(0, 3, 5), "shown");
  assert.equal(store.front.exponent, 3);
  assert.equal(halfToNumber(store.front.half[0]), 12);
  assert.equal(halfToNumber(store.front.half[3 * 4]), 6);
  assert.equal(put(4, 2, 4, 9), "late");
});

test("the first tile of a picture brings its pre-exposure", () => {
  const store = started();
  const one = tile(0, 0, 8, 6, { exponent: -20, first: 77 });
  assert.equal(apply(store, 1, one), "shown");
  assert.deepEqual([store.front.exponent, store.front.half[0]], [-20, 77]);
});
