import assert from "node:assert/strict";
import { test } from "node:test";
import { DECODERS } from "../../src/pixels/decoders.js";
import { halfToNumber, numberToHalf, scaleTable } from "../../src/pixels/halves.js";

test("numbers and half floats are one to one", () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    assert.equal(numberToHalf(halfToNumber(bits)), bits);
  }
  for (const large of [65504, 65519, 65520, 1e9, Infinity]) {
    assert.equal(numberToHalf(large), 0x7bff);
  }
});

test("numbers go to the nearest half float", () => {
  for (let bits = 0; bits < 0x7bff; bits += 7) {
    const [low, high] = [halfToNumber(bits), halfToNumber(bits + 1)];
    assert.equal(numberToHalf(low + 0.3 * (high - low)), bits);
    assert.equal(numberToHalf(low + 0.7 * (high - low)), bits + 1);
  }
});

test("scaling by stops is exact where half floats reach", () => {
  const down = scaleTable(-3);
  const up = scaleTable(3);
  for (let bits = 0x1400; bits < 0x7c00; bits++) assert.equal(up[down[bits]], bits);
  assert.equal(halfToNumber(up[numberToHalf(60000)]), 65504);
  assert.equal(scaleTable(64)[0], 0);
});

test("luma8 has brightness for each pixel and colour for squares of four", () => {
  const { bytes, decode, exact } = DECODERS.get("luma8");
  assert.equal(exact, false);
  assert.equal(bytes(3, 3), 8 + 9 + 8);
  const buffer = new ArrayBuffer(3 + bytes(3, 1));
  const view = new DataView(buffer, 3);
  view.setFloat32(0, -1, true);
  view.setFloat32(4, 0.5, true);
  [0, 1, 5, 255, 0, 51, 51].forEach((byte, index) => {
    view.setUint8(8 + index, byte);
  });
  const rgb = [...decode(view, 0, 3, 1)].map(halfToNumber);
  const expected = [0, 0, 0, 0.5, 0, 0, 0.4, 1.2, 0.4];
  expected.forEach((value, index) => {
    assert.ok(Math.abs(rgb[index] - value) <= value / 1024, `${index}: ${rgb[index]}`);
  });
});
