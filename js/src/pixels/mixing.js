/**
 * Displays that mix channels: AgX, Khronos PBR Neutral, luminance, false colour.
 *
 * The twin of `raywidget/picture/mixing.py`, operation by operation: float64, in a fixed order, and
 * whatever is not plus, minus, times or divided by comes from tables of whole numbers, which a
 * fixture compares entry by entry. So the canvas equals the saved PNG byte for byte. Change neither
 * alone.
 */

import { halfToNumber, MOST } from "./halves.js";
import { CURVES, srgb } from "./tonemap.js";

/** @typedef {{half: Uint16Array, width: number, samples: (x: number, y: number) => number}} Source */
/** @typedef {(at: number, x: number, y: number) => number} Develop an RGBA word for the pixel whose halves begin at `at` */

/** Half floats with these bits never come from a kernel: nothing has been painted here yet. */
export const UNPAINTED = 0x7e00;

/** Sobotka's AgX: into the space where its curve is applied, and back; range in stops. */
const INSET = [
  [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
  [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
  [0.0423756549057051, 0.0784336, 0.879142973793104],
];
const OUTSET = [
  [1.19687900512017, -0.0980208811401368, -0.0990297440797205],
  [-0.0528968517574562, 1.15190312990417, -0.0989611768448433],
  [-0.0529716355144438, -0.0980434501171241, 1.15107367264116],
];
const AGX_LOW = -12.47393;
const AGX_HIGH = 4.026069;

const WIDE = 1 << 17;
const WORDS = 65535;

const float = new Float32Array(1);
const floatBits = new Uint32Array(float.buffer);

/** The place of a number >= 0 in tables of 2^17 entries: the first bits of its float32. @param {number} x */
export function wideIndex(x) {
  float[0] = x;
  return floatBits[0] >>> 14;
}

/** A number that has this place. @param {number} index */
export function wideValue(index) {
  if (index === 0) return 0;
  if (index >= 0x7f800000 >>> 14) return 3e38;
  floatBits[0] = (index << 14) + (1 << 13);
  return float[0];
}

/** @param {number} y @param {number} most */
const whole = (y, most) => Math.floor(Math.min(Math.max(y, 0), 1) * most + 0.5);

/** @template T @param {() => T} make @returns {() => T} made when first asked for */
function once(make) {
  /** @type {T | undefined} */
  let made;
  return () => (made ??= make());
}

/** Benjamin Wrensch's polynomial for AgX's contrast curve, in whole numbers up to 65535. */
export const agxTable = once(() =>
  Uint16Array.from({ length: WIDE }, (_, index) => {
    const value = wideValue(index);
    const stops = value > 0 ? Math.log2(value) : AGX_LOW;
    const x = Math.min(Math.max((stops - AGX_LOW) / (AGX_HIGH - AGX_LOW), 0), 1);
    const y =
      -0.00232 + x * (0.1191 + x * (0.4298 + x * (-6.868 + x * (31.96 + x * (-40.14 + x * 15.5)))));
    return whole(y, WORDS);
  }),
);

/** From AgX's display value, of which 2.2 is the exponent, to sRGB bytes. */
export const agxBytes = once(() =>
  Uint8Array.from({ length: WORDS + 1 }, (_, index) => whole(srgb((index / WORDS) ** 2.2), 255)),
);

export const srgbBytes = once(() =>
  Uint8Array.from({ length: WORDS + 1 }, (_, index) => whole(srgb(index / WORDS), 255)),
);

/** Stops from -8 to 8 as places in the palette. */
export const heatTable = once(() =>
  Uint8Array.from({ length: WIDE }, (_, index) => {
    const value = wideValue(index);
    return value > 0 ? whole((Math.log2(value) + 8) / 16, 255) : 0;
  }),
);

/** A curve for each channel alone, over the places of `wideIndex`. @param {string} curve */
export function curveTable(curve) {
  const apply = CURVES.get(curve) ?? srgb;
  return Uint8Array.from({ length: WIDE }, (_, index) => whole(apply(wideValue(index)), 255));
}

/** Colours 32 places apart; two stops each, where they stand for light. */
const ANCHORS = [
  [8, 8, 16],
  [56, 30, 120],
  [38, 86, 190],
  [26, 150, 160],
  [60, 176, 80],
  [220, 208, 50],
  [240, 130, 30],
  [214, 40, 60],
  [255, 235, 245],
];

/** 256 RGBA words. */
export const palette = once(() =>
  Uint32Array.from({ length: 256 }, (_, place) => {
    const first = Math.min(place >> 5, 7);
    const share = place - 32 * first;
    const [r, g, b] = [0, 1, 2].map((c) => {
      const [from, to] = [ANCHORS[first][c], ANCHORS[first + 1][c]];
      return from + Math.floor(((to - from) * share + 15) / 31);
    });
    return (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;
  }),
);

/** @param {number} r @param {number} g @param {number} b */
const word = (r, g, b) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;

/** @param {number} r @param {number} g @param {number} b */
export const luminance = (r, g, b) => 0.2126 * r + 0.7152 * g + 0.0722 * b;

/** @param {number[][]} m @param {number} row @param {number} r @param {number} g @param {number} b */
const times = (m, row, r, g, b) => m[row][0] * r + m[row][1] * g + m[row][2] * b;

/** @param {number} x */
const clampWord = (x) => Math.min(Math.max(Math.floor(x + 0.5), 0), WORDS);

/** @param {number} r @param {number} g @param {number} b linear light, exposed */
export function agx(r, g, b) {
  const [table, bytes] = [agxTable(), agxBytes()];
  const x = table[wideIndex(times(INSET, 0, r, g, b))];
  const y = table[wideIndex(times(INSET, 1, r, g, b))];
  const z = table[wideIndex(times(INSET, 2, r, g, b))];
  return word(
    bytes[clampWord(times(OUTSET, 0, x, y, z))],
    bytes[clampWord(times(OUTSET, 1, x, y, z))],
    bytes[clampWord(times(OUTSET, 2, x, y, z))],
  );
}

/** Khronos PBR Neutral Tone Mapper, specification of 2024. @param {number} r @param {number} g @param {number} b */
export function neutral(r, g, b) {
  const start = 0.8 - 0.04;
  const least = Math.min(r, Math.min(g, b));
  const offset = least < 0.08 ? least - 6.25 * least * least : 0.04;
  let x = r - offset;
  let y = g - offset;
  let z = b - offset;
  const peak = Math.max(x, Math.max(y, z));
  if (peak >= start) {
    const d = 1 - start;
    const top = 1 - (d * d) / (peak + d - start);
    const scale = top / peak;
    const keep = 1 / (0.15 * (peak - top) + 1);
    x = x * scale * keep + top * (1 - keep);
    y = y * scale * keep + top * (1 - keep);
    z = z * scale * keep + top * (1 - keep);
  }
  const bytes = srgbBytes();
  return word(
    bytes[clampWord(x * WORDS)],
    bytes[clampWord(y * WORDS)],
    bytes[clampWord(z * WORDS)],
  );
}

/** @type {ReadonlyMap<string, (r: number, g: number, b: number) => number>} */
export const MIXING = new Map([
  ["agx", agx],
  ["neutral", neutral],
]);

const values = once(() => {
  const table = new Float64Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const x = halfToNumber(bits);
    table[bits] = x > 0 ? Math.min(x, MOST) : 0;
  }
  return table;
});

/**
 * How to develop a pixel, for the displays that a table of half floats isn't enough for.
 *
 * @param {{curve: string, exposure: number, channel: string}} tone
 * @param {number} exponent the pre-exposure of the half floats
 * @param {number} goal samples that each pixel is to have
 * @param {Source} source
 * @returns {Develop}
 */
export function makeMixer({ curve, exposure, channel }, exponent, goal, source) {
  const { half } = source;
  const colors = palette();
  if (channel === "samples") {
    return (_, x, y) => {
      const count = Math.min(source.samples(x, y), goal);
      return colors[goal > 0 ? Math.floor((255 * count) / goal) : 0];
    };
  }
  const value = values();
  const gain = 2 ** exposure * 2 ** exponent;
  /** @param {number} at */
  const light = (at) =>
    luminance(value[half[at]] * gain, value[half[at + 1]] * gain, value[half[at + 2]] * gain);
  if (channel === "heat") {
    const table = heatTable();
    return (at) => colors[table[wideIndex(light(at))]];
  }
  const mix = MIXING.get(curve);
  if (mix === undefined) {
    // A curve for each channel alone, of the luminance.
    const table = curveTable(curve);
    return (at) => {
      const byte = table[wideIndex(light(at))];
      return word(byte, byte, byte);
    };
  }
  if (channel === "color") {
    return (at) =>
      mix(value[half[at]] * gain, value[half[at + 1]] * gain, value[half[at + 2]] * gain);
  }
  const index = ["red", "green", "blue"].indexOf(channel);
  return (at) => {
    const one = index >= 0 ? value[half[at + index]] * gain : light(at);
    return mix(one, one, one);
  };
}
