/**
 * What false colours stand for, in a row below the picture: a strip of the palette, with numbers.
 *
 * @typedef {{channel: string, exposure: number, spp: number}} Shown
 */

import { palette } from "../pixels/mixing.js";
import { make } from "./dom.js";
import { number } from "./inspector.js";

/** Stops below and above 1 where the palette of light ends. */
const STOPS = 8;

/** Places of the palette that the strip is made of. */
const STEPS = 16;

function strip() {
  const words = palette();
  const colors = Array.from({ length: STEPS + 1 }, (_, step) => {
    const word = words[Math.round((255 * step) / STEPS)];
    return `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
  });
  return `linear-gradient(90deg, ${colors.join(", ")})`;
}

/** There is little room below a strip. @param {number} x */
const short = (x) => (x < 1 ? String(Number(x.toPrecision(2))) : number(x));

/** The numbers below the strip, evenly apart, and what they count. @param {Shown} shown */
export function describeLegend({ channel, exposure, spp }) {
  if (channel === "heat") {
    // What is shown is exposed; what is told is the light.
    const marks = [-STOPS, -STOPS / 2, 0, STOPS / 2, STOPS];
    return { title: "luminance", marks: marks.map((stop) => short(2 ** (stop - exposure))) };
  }
  if (channel === "samples" && spp > 0) {
    const marks = spp % 4 === 0 ? [0, 1, 2, 3, 4].map((k) => (k * spp) / 4) : [0, spp];
    return { title: "samples per pixel", marks: marks.map(String) };
  }
  return null;
}

export function makeLegend() {
  const title = make("span", "raywidget-legend-title");
  const colors = make("div", "raywidget-legend-colors");
  const marks = make("div", "raywidget-legend-marks");
  const scale = make("div", "raywidget-legend-scale", {}, colors, marks);
  const element = make("div", "raywidget-legend", { role: "note", "aria-label": "Colours" });
  element.append(title, scale);
  element.hidden = true;
  let last = "";
  return {
    element,
    /** @param {Shown} shown */
    show(shown) {
      const legend = describeLegend(shown);
      const text = JSON.stringify(legend);
      if (text === last) return;
      last = text;
      element.hidden = legend === null;
      if (legend === null) return;
      colors.style.background = strip();
      title.textContent = legend.title;
      marks.replaceChildren(...legend.marks.map((mark) => make("span", "", {}, mark)));
    },
  };
}
