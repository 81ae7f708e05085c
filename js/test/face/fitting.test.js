import assert from "node:assert/strict";
import { test } from "node:test";
import { fitInto } from "../../src/face/fitting.js";

const WIDE = { width: 720, height: 450 };

test("a picture is as wide as its cell, and no higher than the window", () => {
  assert.deepEqual(fitInto(800, 2000, 1, WIDE), {
    width: 800,
    picture: { width: 800, height: 500 },
  });
  const low = fitInto(1752, 900, 2, WIDE);
  assert.equal(low.width, 1200);
  assert.deepEqual(low.picture, { width: 2400, height: 1500 });
  const tall = fitInto(1000, 900, 1, { width: 300, height: 600 });
  assert.deepEqual(tall, { width: 375, picture: { width: 375, height: 750 } });
});

test("no side of it has more than 4096 pixels, and none is nothing", () => {
  for (const picture of [WIDE, { width: 100, height: 900 }, { width: 9000, height: 2 }]) {
    const { width, height } = fitInto(5000, 5000, 4, picture).picture;
    assert.ok(Math.max(width, height) <= 4096 && Math.min(width, height) >= 1);
  }
  assert.ok(fitInto(400, 10, 1, WIDE).picture.height >= 100, "a window without height");
});
