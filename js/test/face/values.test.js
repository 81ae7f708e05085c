import assert from "node:assert/strict";
import { test } from "node:test";
import { foresee, together } from "../../src/face/values.js";

const SHEET = {
  ...{ index: 0, name: "sheet", quantities: ["T", "p"], show: "T", map: "viridis" },
  ...{ limits: /** @type {[number, number]} */ ([-1, 1]), auto: true },
};
const DOTS = { ...SHEET, index: 2, name: "dots", quantities: ["n"], show: "n", map: null };

test("what was asked for is shown before it is answered", () => {
  const entries = [SHEET, DOTS];
  assert.deepEqual(foresee(entries, []), entries);
  const [sheet, dots] = foresee(entries, [
    { shape: null, map: "gray" },
    { shape: 0, limits: [0, 2] },
  ]);
  assert.deepEqual(sheet, { ...SHEET, map: "gray", limits: [0, 2], auto: false });
  assert.deepEqual(dots, { ...DOTS, map: "gray" });
  assert.deepEqual(together([sheet, dots]).limits, [-1, 2]);
});

test("a quantity is asked of those that have it, and the newest change counts", () => {
  assert.deepEqual(foresee([SHEET, DOTS], [{ shape: null, show: "p" }]), [
    { ...SHEET, show: "p" },
    DOTS,
  ]);
  const [sheet] = foresee(
    [SHEET],
    [
      { shape: 0, limits: [3, 4] },
      { shape: 0, auto: true },
    ],
  );
  assert.equal(sheet.auto, true);
  assert.deepEqual(foresee([SHEET], [{ shape: 5, map: "gray" }]), [SHEET]);
});
