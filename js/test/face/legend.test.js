import assert from "node:assert/strict";
import { test } from "node:test";
import { describeLegend } from "../../src/face/legend.js";

test("light is told as it is, however it is exposed, in few digits", () => {
  const marks = (exposure) => describeLegend({ channel: "heat", exposure, spp: 1 }).marks;
  assert.deepEqual(marks(0), ["0.0039", "0.063", "1", "16", "256"]);
  assert.deepEqual(marks(2), ["0.00098", "0.016", "0.25", "4", "64"]);
});

test("samples are whole numbers, and colours need no legend", () => {
  const legend = (channel, spp) => describeLegend({ channel, exposure: 0, spp });
  assert.deepEqual(legend("samples", 64).marks, ["0", "16", "32", "48", "64"]);
  assert.deepEqual(legend("samples", 6).marks, ["0", "6"]);
  assert.equal(legend("samples", 0), null);
  assert.equal(legend("color", 64), null);
});
