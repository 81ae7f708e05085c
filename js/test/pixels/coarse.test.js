import assert from "node:assert/strict";
import { test } from "node:test";
import { enlarge } from "../../src/pixels/coarse.js";
import { halfToNumber, numberToHalf } from "../../src/pixels/halves.js";
import { UNPAINTED } from "../../src/pixels/mixing.js";
import { PixelStore } from "../../src/pixels/pixels.js";

const halves = (numbers) => Uint16Array.from(numbers.flatMap((x) => [x, x, x]).map(numberToHalf));
const reds = (half) => [...half].filter((_, i) => i % 3 === 0).map(halfToNumber);

function enlarged(coarse, width, height) {
  const rows = [];
  enlarge(coarse, width, height, (row) => rows.push(reds(row)));
  return rows;
}

test("between the middles of coarse pixels light is mixed, beyond them it stays", () => {
  const rows = enlarged({ columns: 2, rows: 1, half: halves([1, 2]) }, 4, 2);
  assert.deepEqual(rows[0], [1, 1.25, 1.75, 2]);
  assert.deepEqual(rows[1], rows[0]);
  // Over several stops it is their number that is mixed.
  assert.deepEqual(
    enlarged({ columns: 2, rows: 1, half: halves([1, 16]) }, 4, 1)[0],
    [1, 2, 8, 16],
  );
  const column = enlarged({ columns: 1, rows: 3, half: halves([1, 4, 0.25]) }, 1, 6);
  assert.deepEqual(column.flat(), [1, 1.5, 3, 2, 0.5, 0.25]);
});

test("as large as the picture, it goes bit for bit", () => {
  const half = Uint16Array.from({ length: 12 }, (_, i) => i * 37);
  const rows = [];
  enlarge({ columns: 2, rows: 2, half }, 2, 2, (row) => rows.push(...row));
  assert.deepEqual(rows, [...half]);
});

test("very large pictures are filled without mixing", () => {
  const rows = enlarged({ columns: 2, rows: 2, half: halves([1, 2, 3, 4]) }, 2000, 1200);
  assert.deepEqual([rows[0][999], rows[0][1000], rows[1199][0]], [1, 2, 3]);
});

const coarse = (generation, value, extra = {}) => ({
  ...{ k: "coarse", epoch: 1, generation, width: 4, height: 4, tile: 2, columns: 1, rows: 1 },
  ...{ exponent: 0, half: halves([value]), client: 0, number: 0, ...extra },
});
const tile = (x, y, value, spp = 1, exponent = 0) => ({
  ...{ x, y, width: 2, height: 2, level: 0, spp, exponent, exact: true },
  half: halves([value, value, value, value]),
});

test("a coarse picture is on show at once, and tiles of its generation refine it", () => {
  const store = new PixelStore();
  assert.equal(store.lay(coarse(1, 1)), true);
  assert.equal(store.begin({ generation: 1, width: 4, height: 4, tile: 2 }), false);
  assert.equal(store.apply(1, tile(0, 0, 5), 1), "shown");
  assert.deepEqual(reds(store.front.half).slice(0, 4), [5, 5, 1, 1]);
  assert.deepEqual(store.read(0, 0), { rgb: [5, 5, 5], spp: 1 });
  assert.deepEqual(store.read(3, 3), { rgb: [1, 1, 1], spp: 0 });
});

test("each replaces the whole of the one before: never two cameras in one picture", () => {
  const store = new PixelStore();
  store.begin({ generation: 1, width: 4, height: 4, tile: 2 });
  for (const [x, y] of [
    [0, 0],
    [2, 0],
    [0, 2],
    [2, 2],
  ]) {
    store.apply(1, tile(x, y, 9), 1);
  }
  for (const generation of [2, 3]) {
    assert.equal(store.lay(coarse(generation, generation)), true);
    assert.deepEqual(new Set(reds(store.front.half)), new Set([generation]));
    assert.equal(store.apply(1, tile(0, 0, 7), 2), "late");
  }
  assert.equal(store.lay(coarse(2, 8)), false, "an older one is late");
});

test("one that comes late fills only what is missing", () => {
  const store = new PixelStore();
  store.lay(coarse(1, 1));
  store.begin({ generation: 2, width: 4, height: 4, tile: 2 });
  assert.equal(store.apply(2, tile(2, 2, 7), 1), "hidden");
  assert.equal(store.lay(coarse(2, 3)), true);
  const shown = reds(store.front.half);
  assert.equal(store.front.generation, 2);
  assert.equal(shown[15], 7);
  assert.equal(shown[0], 3);
});

test("its pre-exposure gives way to that of the tiles", () => {
  const store = new PixelStore();
  store.lay(coarse(1, 1, { exponent: 2 }));
  assert.deepEqual(store.read(0, 0).rgb, [4, 4, 4]);
  store.begin({ generation: 1, width: 4, height: 4, tile: 2 });
  store.apply(1, tile(0, 0, 3, 1, 0), 1);
  assert.deepEqual(store.read(3, 3).rgb, [4, 4, 4]);
  assert.deepEqual(store.read(0, 0).rgb, [3, 3, 3]);
});

test("of another size it is another picture, and what was never painted says so", () => {
  const store = new PixelStore();
  store.begin({ generation: 1, width: 4, height: 4, tile: 2 });
  assert.equal(store.front.half[0], UNPAINTED);
  assert.equal(store.read(0, 0), null);
  assert.equal(store.lay(coarse(1, 1, { width: 8 })), false);
  assert.equal(store.lay(coarse(2, 1, { width: 8 })), true);
  assert.equal(store.front.width, 8);
});
