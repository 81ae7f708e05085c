/**
 * Where the words and lines over a picture are: labels at points, a scale bar, axes. Pure functions,
 * by the rules of `raywidget/picture/figure_elements.py`, which lays out the same in Python.
 *
 * @import { Pose, Vec } from "../hand/orbit.js"
 * @import { Size } from "../hand/zoom.js"
 *
 * @typedef {{value: number, text: string}} Tick
 * @typedef {{label: string, colors: string[], below: string | null, above: string | null,
 *   nan: string | null, ticks: {at: number, text: string}[]}} Bar
 * @typedef {{low: Vec, high: Vec, names: string[], ticks: Tick[][]}} Axes
 * @typedef {object} Description what stands over a picture, whatever the camera
 * @property {string | null} title
 * @property {Bar[]} bars
 * @property {{point: Vec, text: string}[]} labels
 * @property {{length: number | null, unit: string} | null} scalebar
 * @property {Axes | null} axes
 *
 * @typedef {{x: number, y: number}} Spot
 * @typedef {{name: string, from: Spot, to: Spot, outwards: Spot, ticks: (Spot & {text: string})[]}} Edge
 */

import * as orbit from "../hand/orbit.js";

/** Things of a kind that are drawn. */
const MOST = 64;

const COLOR = /^#[0-9a-f]{6}$/;

/** @param {unknown} value @returns {Record<string, unknown>} */
const asObject = (value) =>
  typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};

/** @template T @param {unknown} value @param {(item: Record<string, unknown>) => T | null} read */
const readList = (value, read) =>
  /** @type {T[]} */ (
    (Array.isArray(value) ? value.slice(0, MOST) : [])
      .map((item) => read(asObject(item)))
      .filter((item) => item !== null)
  );

/** @param {unknown} value @returns {value is Vec} */
const isPoint = (value) =>
  Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);

/** @param {unknown} value */
const readColor = (value) => (typeof value === "string" && COLOR.test(value) ? value : null);

/** @param {Record<string, unknown>} tick */
const readTick = ({ value, at, text }) =>
  typeof text === "string" ? { value: Number(value), at: Number(at), text } : null;

/** @param {Record<string, unknown>} bar @returns {Bar | null} */
function readBar({ label, colors, below, above, nan, ticks }) {
  const known = Array.isArray(colors) ? colors.slice(0, 256).map(readColor) : [];
  if (known.length === 0 || known.includes(null)) return null;
  return {
    label: typeof label === "string" ? label : "",
    colors: /** @type {string[]} */ (known),
    ...{ below: readColor(below), above: readColor(above), nan: readColor(nan) },
    ticks: readList(ticks, readTick).filter(({ at }) => at >= 0 && at <= 1),
  };
}

/** @param {Record<string, unknown>} axes @returns {Axes | null} */
function readAxes({ low, high, names, ticks }) {
  if (!isPoint(low) || !isPoint(high)) return null;
  const [called, marked] = [Array.isArray(names) ? names : [], Array.isArray(ticks) ? ticks : []];
  return {
    ...{ low, high },
    names: [0, 1, 2].map((k) => String(called[k] ?? "")),
    ticks: [0, 1, 2].map((k) =>
      readList(marked[k], readTick).filter((tick) => Number.isFinite(tick.value)),
    ),
  };
}

/** What a kernel or a saved notebook says, as far as it can be drawn. @param {unknown} value @returns {Description} */
export function readDescription(value) {
  const { title, bars, labels, scalebar, axes } = asObject(value);
  const { length, unit } = asObject(scalebar);
  const long = typeof length === "number" && length > 0 ? length : null;
  return {
    title: typeof title === "string" ? title : null,
    bars: readList(bars, readBar),
    labels: readList(labels, ({ point, text }) =>
      isPoint(point) && typeof text === "string" ? { point, text } : null,
    ),
    scalebar: scalebar ? { length: long, unit: typeof unit === "string" ? unit : "" } : null,
    axes: axes ? readAxes(asObject(axes)) : null,
  };
}

/** @param {Pose} pose @param {Vec} point along its ray */
export function away(pose, point) {
  const way = orbit.subtract(point, pose.look_from);
  return pose.height === undefined ? orbit.length(way) : orbit.dot(way, orbit.frame(pose).forward);
}

/**
 * @param {Description} description
 * @param {Pose} pose
 * @param {Size} size of the picture, in any unit
 */
export function layOut({ labels, scalebar, axes }, pose, { width, height }) {
  const at = (/** @type {Vec} */ point) => {
    const seen = orbit.project(pose, point, width / height);
    return seen === null ? null : { x: seen.x * width, y: seen.y * height };
  };
  return {
    labels: labels.map(({ point, text }) => {
      const spot = at(point);
      const inside =
        spot !== null && spot.x >= 0 && spot.x < width && spot.y >= 0 && spot.y < height;
      return inside ? { ...spot, text, away: away(pose, point) } : null;
    }),
    scalebar: scalebar && placeScale(scalebar, pose, { width, height }),
    axes: axes === null ? [] : [0, 1, 2].flatMap((k) => placeAxis(axes, k, at)),
  };
}

/** @param {{length: number | null, unit: string}} bar @param {Pose} pose @param {Size} size */
function placeScale({ length, unit }, pose, { width, height }) {
  const perUnit = height / orbit.planeHeight(pose);
  const most = (0.25 * width) / perUnit;
  const power = 10 ** Math.floor(Math.log10(most));
  const long = length ?? power * ([5, 2, 1].find((k) => power * k <= most) ?? 1);
  const text = String(Number(long.toPrecision(6)));
  return { pixels: long * perUnit, text: unit === "" ? text : `${text} ${unit}` };
}

/**
 * @param {Axes} axes
 * @param {number} k which of them
 * @param {(point: Vec) => Spot | null} at
 * @returns {Edge[]} one, or none
 */
function placeAxis({ low, high, names, ticks }, k, at) {
  if (!(high[k] > low[k])) return [];
  const [i, j] = [0, 1, 2].filter((axis) => axis !== k);
  /** @param {Vec} corner @param {number} value @returns {Vec} */
  const along = (corner, value) =>
    /** @type {Vec} */ (corner.map((x, axis) => (axis === k ? value : x)));
  const corners = [0, 1, 2, 3].map((bits) => {
    const corner = /** @type {Vec} */ ([...low]);
    corner[i] = (bits >> 1 ? high : low)[i];
    corner[j] = (bits & 1 ? high : low)[j];
    return corner;
  });
  const middle = (low[k] + high[k]) / 2;
  const centre = at(/** @type {Vec} */ (low.map((x, axis) => (x + high[axis]) / 2)));
  const middles = corners.map((corner) => at(along(corner, middle)));
  if (centre === null || middles.includes(null)) return [];
  const edges = corners.map((corner, n) => {
    const { x, y } = /** @type {Spot} */ (middles[n]);
    return { corner, x, y, far: Math.hypot(x - centre.x, y - centre.y) };
  });
  const most = Math.max(...edges.map(({ far }) => far));
  const low3 = (/** @type {number} */ y) => Math.round(y * 1000);
  const [best] = edges
    .filter(({ far }) => far >= 0.999 * most)
    .sort((a, b) => low3(b.y) - low3(a.y) || a.x - b.x);
  const [from, to] = [at(along(best.corner, low[k])), at(along(best.corner, high[k]))];
  if (from === null || to === null) return [];
  const long = Math.max(Math.hypot(to.x - from.x, to.y - from.y), 1e-9);
  let outwards = { x: -(to.y - from.y) / long, y: (to.x - from.x) / long };
  if (outwards.x * (best.x - centre.x) + outwards.y * (best.y - centre.y) < 0) {
    outwards = { x: -outwards.x, y: -outwards.y };
  }
  const marks = ticks[k].flatMap(({ value, text }) => {
    const spot = at(along(best.corner, value));
    return spot === null ? [] : [{ ...spot, text }];
  });
  return [{ name: names[k], from, to, outwards, ticks: marks }];
}
