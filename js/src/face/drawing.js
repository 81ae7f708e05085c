/**
 * What stands over a picture (colour bars, labels, a scale bar, axes) as SVG: words and lines that can
 * be read on anything.
 *
 * @import { Pose } from "../hand/orbit.js"
 * @import { Size } from "../hand/zoom.js"
 * @import { Bar, Description, Edge, Word } from "./layout.js"
 */

import { axisWords, layOut } from "./layout.js";

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
      height: step + (k > 0 ? 1.5 : 0), // over the one below: no seam at any zoom
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

/** @param {Edge} edge @param {{name: Word, numbers: Word[]}} words @param {number} font */
function drawAxis({ from, to, outwards: { x, y }, ticks }, { name, numbers }, font) {
  const parts = line(from.x, from.y, to.x, to.y, 0.75);
  const long = 0.35 * font;
  for (const tick of ticks) {
    parts.push(...line(tick.x, tick.y, tick.x + long * x, tick.y + long * y, 0.75));
  }
  for (const word of numbers) parts.push(write(word.x, word.y, word.text));
  parts.push(write(name.x, name.y, name.text, "middle", { "font-weight": 600 }));
  return draw("g", { class: "raywidget-axis" }, ...parts);
}

/** @param {{name: string, color: string, x: number, y: number}[]} arrows @param {number} y of their middle @param {number} font */
function drawOrientation(arrows, y, font) {
  const [x, long] = [3.4 * font, 2 * font];
  const parts = arrows.flatMap((arrow) => {
    const [x2, y2] = [x + long * arrow.x, y + long * arrow.y];
    const ends = { x1: x, y1: y, x2, y2, "stroke-linecap": "round" };
    const halo = { class: "raywidget-halo", stroke: "#fff", "stroke-opacity": 0.7 };
    return [
      draw("line", { ...ends, ...halo, "stroke-width": 3.5 }),
      draw("line", { ...ends, stroke: arrow.color, "stroke-width": 2 }),
      write(x + 1.35 * (x2 - x), y + 1.35 * (y2 - y), arrow.name),
    ];
  });
  return draw("g", { class: "raywidget-orientation" }, ...parts);
}

/** @param {{text: string, color: string}[]} entries @param {number} right where it ends @param {number} font */
function drawLegend(entries, right, font) {
  const longest = Math.max(0, ...entries.map(({ text }) => [...text].length));
  const left = right - (0.6 * longest + 1.4) * font;
  const parts = entries.flatMap(({ text, color }, row) => {
    const [y, size] = [(1 + 1.5 * row) * font, 0.9 * font];
    const box = { x: left, y: y - size / 2, width: size, height: size, fill: color };
    const frame = { class: "raywidget-ink", stroke: "#000", "stroke-width": 0.5 };
    return [draw("rect", { ...box, ...frame }), write(left + 1.4 * font, y, text, "start")];
  });
  return draw("g", { class: "raywidget-key" }, ...parts);
}

/** Is there nothing to draw? @param {Description} description */
export const isEmpty = ({ bars, labels, legend, texts, title, scalebar, axes, orientation }) =>
  [bars, labels, legend, texts].every(({ length }) => length === 0) &&
  !title &&
  !scalebar &&
  !axes &&
  !orientation;

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
    const laid = layOut(description, pose, { width, height });
    const { labels, scalebar, axes, orientation } = laid;
    const words = axisWords(axes, { width, height }, font, scalebar);
    parts.push(...axes.map((edge, n) => drawAxis(edge, words[n], font)));
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
    if (orientation.length > 0) {
      const above = scalebar ? 2.5 : 0;
      parts.push(drawOrientation(orientation, height - (3.4 + above) * font, font));
    }
  }
  let right = width - 6;
  for (const bar of description.bars) {
    const { group, left } = drawBar(bar, right, height, font);
    parts.push(group);
    right = left - 1.5 * font;
  }
  const { title, legend, texts, scalebar, orientation } = description;
  // Bars are in the middle of the height: words in the corners have the room beside them.
  right = description.bars.length > 0 ? right : width - 0.8 * font;
  if (legend.length > 0) parts.push(drawLegend(legend, right, font));
  const rows = { "upper right": 1.5 * legend.length, "lower left": 0 };
  if (pose !== null) rows["lower left"] = (scalebar ? 2.5 : 0) + (orientation ? 6 : 0);
  for (const { corner, text } of texts) {
    const isLeft = corner.endsWith("left");
    const end = corner === "upper right" ? right : width - 0.8 * font;
    const [x, anchor] = isLeft ? [0.8 * font, "start"] : [end, "end"];
    const down = (1 + (rows[/** @type {keyof typeof rows} */ (corner)] ?? 0)) * font;
    const y = corner.startsWith("upper") ? down : height - down;
    parts.push(draw("g", { class: "raywidget-corner" }, write(x, y, text, anchor)));
  }
  if (title) parts.push(write(width / 2, 1.4 * font, title, "middle", { "font-weight": 600 }));
  // Words on what is known to be dark or bright are so whatever the theme of the page.
  const [ink, paper] = description.ink === "white" ? ["#fff", "#000"] : ["#000", "#fff"];
  const text = { "font-family": "system-ui, sans-serif", "font-size": font, fill: ink };
  const halo = { stroke: paper, "stroke-width": 2.5, "stroke-opacity": 0.75 };
  const style = { ...text, "dominant-baseline": "central", "paint-order": "stroke" };
  const all = draw("g", { transform: `scale(${scale})`, ...style }, ...parts);
  for (const words of all.querySelectorAll("text")) {
    for (const [name, value] of Object.entries(halo)) words.setAttribute(name, String(value));
  }
  if (description.ink !== null) all.setAttribute("data-ink", description.ink);
  for (const [part, color] of Object.entries({ ink, halo: paper })) {
    for (const one of all.querySelectorAll(`.raywidget-${part}`)) one.setAttribute("stroke", color);
  }
  return all;
}
