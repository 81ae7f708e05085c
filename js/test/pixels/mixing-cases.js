// Digests of everything that `mixing.js` makes, for the fixture and for its test.

import { createHash } from "node:crypto";
import * as mixing from "../../src/pixels/mixing.js";
import { CURVES } from "../../src/pixels/tonemap.js";

const PIXELS = 20_000;

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** 32-bit little-endian, whatever the array is. */
const digest = (numbers) => sha256(new Uint8Array(Uint32Array.from(numbers).buffer));

/** Half floats all over their range, most of them where pictures are; Lehmer's generator. */
export function someHalves() {
  let state = 12_345;
  const next = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  return Uint16Array.from({ length: 3 * PIXELS }, () => {
    const low = next() % 4 === 0 ? 0 : 0x2400;
    const high = low === 0 ? 0x7c00 : 0x4800;
    return low + (next() % (high - low));
  });
}

export function mixingCases() {
  const half = someHalves();
  const source = { half, width: PIXELS, samples: (x) => x % 300 };
  const pixels = [];
  for (const curve of ["srgb", "filmic", "linear", "agx", "neutral"]) {
    for (const channel of ["color", "red", "green", "blue", "luminance", "heat", "samples"]) {
      const plain = CURVES.has(curve);
      if (plain && !["luminance", "heat", "samples"].includes(channel)) continue;
      for (const [exposure, exponent] of [
        [0, 0],
        [-2.3, 0],
        [1.7, -5],
      ]) {
        const mix = mixing.makeMixer({ curve, exposure, channel }, exponent, 256, source);
        const words = Uint32Array.from({ length: PIXELS }, (_, x) => mix(3 * x, x, 0));
        pixels.push({ curve, channel, exposure, exponent, sha256: digest(words) });
      }
    }
  }
  return {
    about:
      "Digests of tables, and of pixels as RGBA words, all 32-bit little-endian; the pixels are " +
      "those of someHalves() in js/test/pixels/mixing-cases.js, with x % 300 samples, the goal is 256.",
    halves: digest(half),
    tables: {
      agx: digest(mixing.agxTable()),
      agx_bytes: digest(mixing.agxBytes()),
      srgb_bytes: digest(mixing.srgbBytes()),
      heat: digest(mixing.heatTable()),
      srgb: digest(mixing.curveTable("srgb")),
      filmic: digest(mixing.curveTable("filmic")),
      linear: digest(mixing.curveTable("linear")),
    },
    pixels,
  };
}
