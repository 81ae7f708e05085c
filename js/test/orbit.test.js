import assert from "node:assert/strict";
import { test } from "node:test";
import { describe, drag, keep, nearest, step } from "../src/orbit/views.js";

const ROUND = { columns: 24, arc: 360, front: 0, elevations: [0, 20, 40], own: 1 };
const FACADE = { columns: 7, arc: 60, front: 3, elevations: [10], own: 0 };

test("all round there is no end", () => {
  assert.equal(step(ROUND), 15);
  assert.deepEqual(keep(ROUND, { column: -1, row: 1 }), { column: 23, row: 1 });
  assert.deepEqual(nearest(ROUND, { column: 23.6, row: 1.4 }), { column: 0, row: 1 });
});

test("an arc ends at both ends, and rows do", () => {
  assert.equal(step(FACADE), 10);
  assert.deepEqual(keep(FACADE, { column: 9, row: -2 }), { column: 6, row: 0 });
  assert.deepEqual(keep(ROUND, { column: 3, row: 7 }), { column: 3, row: 2 });
});

test("what is seen follows the hand", () => {
  const start = { column: 12, row: 1 };
  // To the right: the camera goes to the left, which is clockwise as seen from above.
  assert.ok(drag(ROUND, start, 0.1, 0).column < 12);
  assert.ok(drag(ROUND, start, 0, 0.2).row > 1);
  assert.equal(drag(FACADE, { column: 3, row: 0 }, 0, 0.5).row, 0);
});

test("places are told in words", () => {
  assert.equal(describe(ROUND, { column: 23, row: 2 }), "turned 345 degrees, 40 degrees above");
  assert.equal(describe(FACADE, { column: 0, row: 0 }), "turned -30 degrees, 10 degrees above");
});
