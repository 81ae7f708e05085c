/**
 * Where the words and lines over a picture are: labels at points, a scale bar, axes. Pure functions,
 * by the rules of `raywidget/picture/figure_layout.py`, which lays out the same in Python.
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
 * @property {{point: Vec, text: string, always: boolean}[]} labels
 * @property {{length: number | null, unit: string} | null} scalebar
 * @property {Axes | null} axes
 * @property {{text: string, color: string}[]} legend
 * @property {{corner: string, text: string}[]} texts
 * @property {string[] | null} orientation
 * @property {"black" | "white" | null} ink of words and lines; by default that of the theme
 *
 * @typedef {{x: number, y: number}} Spot
 * @typedef {Spot & {text: string}} Word whose middle is there
 * @typedef {{name: string, from: Spot, to: Spot, outwards: Spot, ticks: (Spot & {text: string})[]}} Edge
 */

import * as orbit from "../hand/orbit.js";

/** Things of a kind that are drawn. */
const MOST = 64;

const CORNERS = ["upper left", "upper right", "lower left", "lower right"];

/** Of the axes x, y and z. */
const AXIS_COLORS = ["#d62728", "#2ca02c", "#1f77b4"];

/** Edges that are seen along themselves, shorter than so much of the longest, are left out. */
const END_ON = 0.1;

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
  const { title, bars, labels, scalebar, axes, legend, texts, orientation, ink } = asObject(value);
  const { length, unit } = asObject(scalebar);
  const long = typeof length === "number" && length > 0 ? length : null;
  return {
    title: typeof title === "string" ? title : null,
    bars: readList(bars, readBar),
    labels: readList(labels, ({ point, text, always }) =>
      isPoint(point) && typeof text === "string" ? { point, text, always: always === true } : null,
    ),
    scalebar: scalebar ? { length: long, unit: typeof unit === "string" ? unit : "" } : null,
    axes: axes ? readAxes(asObject(axes)) : null,
    legend: readList(legend, ({ text, color }) => {
      const known = readColor(color);
      return typeof text === "string" && known !== null ? { text, color: known } : null;
    }),
    texts: readList(texts, ({ corner, text }) =>
      typeof corner === "string" && CORNERS.includes(corner) && typeof text === "string"
        ? { corner, text }
        : null,
    ),
    orientation:
      Array.isArray(orientation) && orientation.length === 3 ? orientation.map(String) : null,
    ink: ink === "black" || ink === "white" ? ink : null,
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
export function layOut({ labels, scalebar, axes, orientation }, pose, { width, height }) {
  const at = (/** @type {Vec} */ point) => {
    const seen = orbit.project(pose, point, width / height);
    return seen === null ? null : { x: seen.x * width, y: seen.y * height };
  };
  return {
    labels: labels.map(({ point, text, always }) => {
      const spot = at(point);
      const inside =
        spot !== null && spot.x >= 0 && spot.x < width && spot.y >= 0 && spot.y < height;
      return inside ? { ...spot, text, always, away: away(pose, point) } : null;
    }),
    scalebar: scalebar && placeScale(scalebar, pose, { width, height }),
    axes: axes === null ? [] : placeAxes(axes, pose, at),
    orientation: orientation === null ? [] : turn(orientation, pose),
  };
}

/** Where the axes lead, across and down the picture; the farthest first. @param {string[]} names @param {Pose} pose */
function turn(names, pose) {
  const { right, up, forward } = orbit.frame(pose);
  return names
    .map((name, k) => ({ name, color: AXIS_COLORS[k], x: right[k], y: -up[k], far: forward[k] }))
    .sort((a, b) => b.far - a.far);
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

/** Does the camera see the side of a box that is at `bit` of an axis, from outside? @param {Pose} pose @param {Axes} box @param {number} axis @param {number} bit */
function sees(pose, { low, high }, axis, bit) {
  if (pose.height !== undefined) {
    const along = orbit.frame(pose).forward[axis];
    return bit ? along < -1e-9 : along > 1e-9;
  }
  return bit ? pose.look_from[axis] > high[axis] : pose.look_from[axis] < low[axis];
}

/** @param {Axes} axes @param {Pose} pose @param {(point: Vec) => Spot | null} at */
function placeAxes(axes, pose, at) {
  const edges = [0, 1, 2].flatMap((k) => placeAxis(axes, k, pose, at));
  const long = edges.map(({ from, to }) => Math.hypot(to.x - from.x, to.y - from.y));
  const most = Math.max(...long);
  return edges.filter((_, n) => long[n] >= END_ON * most);
}

/**
 * @param {Axes} axes
 * @param {number} k which of them
 * @param {Pose} pose
 * @param {(point: Vec) => Spot | null} at
 * @returns {Edge[]} one, or none
 */
function placeAxis(axes, k, pose, at) {
  const { low, high, names, ticks } = axes;
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
    const parts = sees(pose, axes, i, n >> 1) !== sees(pose, axes, j, n & 1);
    return { corner, x, y, parts, far: Math.hypot(x - centre.x, y - centre.y) };
  });
  const most = Math.max(...edges.map(({ far }) => far));
  const parting = edges.filter(({ parts }) => parts);
  const outer = parting.length > 0 ? parting : edges.filter(({ far }) => far >= 0.999 * most);
  const low3 = (/** @type {number} */ y) => Math.round(y * 1000);
  const [best] = outer.sort((a, b) => low3(b.y) - low3(a.y) || a.x - b.x);
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

/**
 * Where the words of axes stand, so that none meet: their names, and the numbers there is room for.
 *
 * @param {Edge[]} edges @param {Size} size of the picture @param {number} font in the same unit
 * @param {{pixels: number, text: string} | null} [scalebar] which numbers leave room for
 * @returns {{name: Word, numbers: Word[]}[]}
 */
export function axisWords(edges, { width, height }, font, scalebar = null) {
  /** @type {{x: number, y: number, wide: number, high: number}[]} */
  const boxes = [];
  const high = 1.2 * font;
  const wideOf = (/** @type {string} */ text) => 0.6 * font * [...text].length;
  if (scalebar) {
    const wide = Math.max(scalebar.pixels, wideOf(scalebar.text));
    const [x, y] = [1.2 * font + scalebar.pixels / 2, height - 1.7 * font];
    boxes.push({ x, y, wide, high: 2.4 * font });
  }
  const extent = (/** @type {string} */ text, /** @type {Spot} */ out) =>
    Math.abs(out.x) * wideOf(text) + Math.abs(out.y) * high;
  const within = (
    /** @type {number} */ at,
    /** @type {number} */ size,
    /** @type {number} */ whole,
  ) => Math.min(Math.max(at, size / 2), Math.max(whole - size / 2, size / 2));
  const names = edges.map(({ name, from, to, outwards, ticks }) => {
    const far = Math.max(0, ...ticks.map(({ text }) => extent(text, outwards)));
    const reach = far + 0.75 * font + extent(name, outwards) / 2;
    const wide = wideOf(name);
    const x = within((from.x + to.x) / 2 + reach * outwards.x, wide, width);
    const y = within((from.y + to.y) / 2 + reach * outwards.y, high, height);
    boxes.push({ x, y, wide, high });
    return { text: name, x, y };
  });
  return edges.map(({ outwards, ticks }, n) => {
    const numbers = ticks.flatMap(({ text, ...tick }) => {
      const reach = 0.45 * font + extent(text, outwards) / 2;
      const [x, y] = [tick.x + reach * outwards.x, tick.y + reach * outwards.y];
      const wide = wideOf(text);
      const inside =
        x >= wide / 2 && x <= width - wide / 2 && y >= high / 2 && y <= height - high / 2;
      const meets = boxes.some(
        (box) =>
          Math.abs(x - box.x) < (wide + box.wide) / 2 &&
          Math.abs(y - box.y) < (high + box.high) / 2,
      );
      if (!inside || meets) return [];
      boxes.push({ x, y, wide, high });
      return [{ text, x, y }];
    });
    return { name: names[n], numbers };
  });
}
