/**
 * What stands over a picture (colour bars, labels, a scale bar, axes) as SVG: words and lines that can
 * be read on anything.
 *
 * @import { Pose } from "../hand/orbit.js"
 * @import { Size } from "../hand/zoom.js"
 * @import { Bar, Description, Edge } from "./layout.js"
 */

import { layOut } from "./layout.js";

const SVG = "http://www.w3.org/2000/svg";

/** Words are so high, in CSS pixels, and less in small pictures. */
const FONT = 11;
const SMALL = 240;

/** @param {string} tag @param {Record<string, string | number>} attributes @param {...(Node | string)} children */
export function draw(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/** Words that can be read on anything. @param {number} x @param {number} y @param {string} text @param {string} [anchor] @param {Record<string, string | number>} [more] */
const write = (x, y, text, anchor = "middle", more = {}) =>
  draw("text", { x, y, "text-anchor": anchor, ...more }, text);

/** @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 @param {number} width */
const line = (x1, y1, x2, y2, width) => [
  draw("line", {
    x1,
    y1,
    x2,
    y2,
    class: "raywidget-halo",
    stroke: "#fff",
    "stroke-width": width + 1.5,
    "stroke-opacity": 0.7,
  }),
  draw("line", { x1, y1, x2, y2, class: "raywidget-ink", stroke: "#000", "stroke-width": width }),
];

/** @param {Bar} bar @param {number} right @param {number} tall of the picture @param {number} font */
function drawBar({ label, colors, below, above, nan, ticks }, right, tall, font) {
  const words = Math.max(0, ...ticks.map(({ text }) => text.length)) * 0.62 * font;
  const [wide, high] = [font, Math.min(0.62 * tall, 240)];
  const [left, top] = [right - words - 6 - wide, (tall - high) / 2];
  const step = high / colors.length;
  const parts = colors.map((fill, k) =>
    draw("rect", {
      x: left,
      y: top + high - (k + 1) * step,
      width: wide,
      height: step + 0.5,
      fill,
    }),
  );
  const frame = { class: "raywidget-ink", fill: "none", stroke: "#000", "stroke-width": 0.75 };
  parts.push(draw("rect", { x: left, y: top, width: wide, height: high, ...frame }));
  const tip = (/** @type {number} */ y, /** @type {number} */ to, /** @type {string} */ fill) =>
    draw("path", { d: `M${left} ${y}h${wide}L${left + wide / 2} ${to}z`, ...frame, fill });
  if (above !== null) parts.push(tip(top, top - 0.8 * font, above));
  if (below !== null) parts.push(tip(top + high, top + high + 0.8 * font, below));
  for (const { at, text } of ticks) {
    const y = top + (1 - at) * high;
    parts.push(...line(left + wide, y, left + wide + 3, y, 0.75));
    parts.push(write(left + wide + 5, y, text, "start"));
  }
  if (nan !== null) {
    const y = top + high + 1.4 * font;
    parts.push(draw("rect", { x: left, y, width: wide, height: wide, ...frame, fill: nan }));
    parts.push(write(left + wide + 5, y + wide / 2, "NaN", "start"));
  }
  const name = write(right, top - 1.5 * font, label, "end", { "font-weight": 600 });
  return { group: draw("g", { class: "raywidget-bar" }, ...parts, name), left };
}

/** @param {Edge} edge @param {number} font */
function drawAxis({ name, from, to, outwards: { x, y }, ticks }, font) {
  const parts = line(from.x, from.y, to.x, to.y, 0.75);
  // Beside a line that stands upright, words end where they would meet it.
  const anchor = Math.abs(x) < 0.7 ? "middle" : x < 0 ? "end" : "start";
  const reach = anchor === "middle" ? 4 + 0.9 * font : 6;
  const longest = Math.max(0, ...ticks.map(({ text }) => text.length)) * 0.62 * font;
  for (const tick of ticks) {
    parts.push(...line(tick.x, tick.y, tick.x + 3 * x, tick.y + 3 * y, 0.75));
    parts.push(write(tick.x + reach * x, tick.y + reach * y, tick.text, anchor));
  }
  const far = reach + (anchor === "middle" ? 1.5 * font : longest + 0.5 * font);
  const middle = { x: (from.x + to.x) / 2 + far * x, y: (from.y + to.y) / 2 + far * y };
  parts.push(write(middle.x, middle.y, name, anchor, { "font-weight": 600 }));
  return draw("g", { class: "raywidget-axis" }, ...parts);
}

/** Is there nothing to draw? @param {Description} description */
export const isEmpty = ({ bars, labels, scalebar, axes, title }) =>
  bars.length + labels.length === 0 && !scalebar && !axes && !title;

/**
 * @param {Description} description
 * @param {Pose | null} pose where the camera is, if it is known
 * @param {Size} size in which it is drawn
 * @param {(index: number) => boolean} hides is something in front of this label?
 * @param {number} [scale] of words and lines
 */
export function drawAll(description, pose, size, hides, scale = 1) {
  const { width, height } = { width: size.width / scale, height: size.height / scale };
  const font = FONT * Math.min(1, Math.max(0.7, Math.min(width, height) / SMALL));
  const parts = [];
  if (pose !== null) {
    const { labels, scalebar, axes } = layOut(description, pose, { width, height });
    parts.push(...axes.map((edge) => drawAxis(edge, font)));
    labels.forEach((label, index) => {
      if (label === null || hides(index)) return;
      const { x, y, text } = label;
      const dot = draw("circle", { cx: x, cy: y, r: 1.8, stroke: "#fff", "stroke-width": 0.7 });
      const words = write(x + 5, y, text, "start");
      parts.push(draw("g", { class: "raywidget-label" }, dot, words));
    });
    if (scalebar) {
      const [left, y] = [1.2 * font, height - 1.2 * font];
      const rule = line(left, y, left + scalebar.pixels, y, 2);
      const words = write(left + scalebar.pixels / 2, y - 0.9 * font, scalebar.text);
      parts.push(draw("g", { class: "raywidget-scalebar" }, ...rule, words));
    }
  }
  let right = width - 6;
  for (const bar of description.bars) {
    const { group, left } = drawBar(bar, right, height, font);
    parts.push(group);
    right = left - 1.5 * font;
  }
  const { title } = description;
  if (title) parts.push(write(width / 2, 1.4 * font, title, "middle", { "font-weight": 600 }));
  const text = { "font-family": "system-ui, sans-serif", "font-size": font, fill: "#000" };
  const halo = { stroke: "#fff", "stroke-width": 2.5, "stroke-opacity": 0.75 };
  const style = { ...text, "dominant-baseline": "central", "paint-order": "stroke" };
  const all = draw("g", { transform: `scale(${scale})`, ...style }, ...parts);
  for (const words of all.querySelectorAll("text")) {
    for (const [name, value] of Object.entries(halo)) words.setAttribute(name, String(value));
  }
  return all;
}
