// Both sides must reach the same bytes: the fixture holds digests of them, see its `about`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  agx,
  MIXING,
  makeMixer,
  neutral,
  palette,
  wideIndex,
  wideValue,
} from "../../src/pixels/mixing.js";
import { mixingCases } from "./mixing-cases.js";

const FIXTURE = new URL("../../../tests/fixtures/mixing.json", import.meta.url);

test("tables and pixels are those of the fixture", () => {
  assert.deepEqual(mixingCases(), JSON.parse(readFileSync(FIXTURE, "utf-8")));
});

test("a number and its place belong together", () => {
  for (let index = 1; index < 0x7f800000 >>> 14; index += 97) {
    assert.equal(wideIndex(wideValue(index)), index);
  }
  assert.equal(wideIndex(0), 0);
  assert.equal(wideIndex(1e300), 0x7f800000 >>> 14);
});

const bytes = (word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255];

test("black stays black, much light becomes white, grey stays grey", () => {
  for (const [name, mix] of MIXING) {
    assert.ok(Math.max(...bytes(mix(0, 0, 0))) <= 1, name);
    assert.ok(Math.min(...bytes(mix(5000, 5000, 5000))) >= 250, name);
    for (const light of [0.01, 0.18, 0.5, 2]) {
      const [r, g, b] = bytes(mix(light, light, light));
      assert.ok(Math.max(r, g, b) - Math.min(r, g, b) <= 1, `${name} of ${light}: ${[r, g, b]}`);
    }
  }
});

test("neutral leaves colours below its shoulder as they are, but for the offset", () => {
  const [r] = bytes(neutral(0.5, 0.2, 0.1));
  const expected = 1.055 * 0.46 ** (1 / 2.4) - 0.055;
  assert.ok(Math.abs(r - 255 * expected) <= 1);
});

test("agx takes the colour out of bright light", () => {
  const spread = ([r, , b]) => r - b;
  assert.ok(spread(bytes(agx(200, 20, 20))) < spread(bytes(agx(2, 0.2, 0.2))));
});

test("counts of samples go through the palette, up to the goal", () => {
  const source = { half: new Uint16Array(3), width: 1, samples: () => 8 };
  const tone = { curve: "srgb", exposure: 0, channel: "samples" };
  assert.equal(makeMixer(tone, 0, 16, source)(0, 0, 0), palette()[127]);
  assert.equal(makeMixer(tone, 0, 4, source)(0, 0, 0), palette()[255]);
  assert.equal(makeMixer(tone, 0, 0, source)(0, 0, 0), palette()[0]);
});
