import assert from "node:assert/strict";
import { test } from "node:test";
import { halfToNumber } from "../../src/pixels/halves.js";
import { CURVES, develop, makeTable } from "../../src/pixels/tonemap.js";
import { readFixture, sha256 } from "../fixtures.js";

test("half floats have the values of IEEE 754", () => {
  const known = [
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ];
  for (const [bits, value] of known) assert.equal(halfToNumber(bits), value);
  assert.ok(Number.isNaN(halfToNumber(0x7e00)));
  assert.ok(Object.is(halfToNumber(0x8000), -0));
});

test("all positive half floats grow with their bits", () => {
  for (let bits = 1; bits <= 0x7c00; bits++) {
    assert.ok(halfToNumber(bits) > halfToNumber(bits - 1), String(bits));
  }
});

test("tables are those of the fixture", () => {
  const { tables } = readFixture("tonemap.json");
  assert.deepEqual(new Set(tables.map(({ curve }) => curve)), new Set(CURVES.keys()));
  for (const { curve, exposure, sha256: expected, samples } of tables) {
    const table = makeTable(curve, exposure);
    for (const [bits, byte] of samples) assert.equal(table[bits], byte, `${curve} ${exposure}`);
    assert.equal(sha256(table), expected, `${curve} at ${exposure}`);
  }
});

test("sRGB gives the bytes that everybody knows", () => {
  const table = makeTable("srgb", 0);
  assert.equal(table[0x3c00], 255); // 1
  assert.equal(table[0x3800], 188); // 0.5
  assert.equal(table[0x31c3], 118); // 0.18
  assert.equal(table[0x3400], 137); // 0.25
  assert.equal(table[0x0000], 0);
});

test("what is not a radiance becomes black or white, in every curve", () => {
  for (const curve of CURVES.keys()) {
    for (const exposure of [-20, 0, 8]) {
      const table = makeTable(curve, exposure);
      for (const bits of [0x8000, 0xbc00, 0xfc00, 0x7e00, 0x7c01, 0xffff]) {
        assert.equal(table[bits], 0, `${curve} ${exposure} ${bits.toString(16)}`);
      }
      assert.equal(table[0x7c00], table[0x7bff]);
    }
  }
});

test("a table never falls, and a stop doubles the light", () => {
  for (const curve of CURVES.keys()) {
    const table = makeTable(curve, 0);
    for (let bits = 1; bits <= 0x7c00; bits++) assert.ok(table[bits] >= table[bits - 1]);
    const brighter = makeTable(curve, 1);
    // One stop is one in the exponent's bits.
    for (let bits = 0x0400; bits < 0x7800; bits++)
      assert.equal(brighter[bits], table[bits + 0x400]);
  }
});

test("an unknown curve is shown as sRGB", () => {
  assert.deepEqual(makeTable("no such", 0), makeTable("srgb", 0));
  assert.deepEqual(makeTable("constructor", 0), makeTable("srgb", 0));
});

test("develop writes opaque RGBA into its rectangle alone", () => {
  const table = makeTable("linear", 0);
  const [width, height] = [5, 4];
  const half = new Uint16Array(3 * width * height).fill(0x3c00);
  half.set([0x3c00, 0x3800, 0x0000], 3 * (2 * width + 1));
  const pixels = new Uint32Array(width * height);
  develop(table, half, pixels, width, { x: 1, y: 2, width: 2, height: 1 });
  const bytes = new Uint8Array(pixels.buffer);
  assert.deepEqual([...bytes.subarray(4 * 11, 4 * 13)], [255, 128, 0, 255, 255, 255, 255, 255]);
  assert.equal(pixels.filter((pixel) => pixel !== 0).length, 2);
});
