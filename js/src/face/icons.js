/**
 * The toolbar's icons: paths on a grid of 16 by 16, drawn with the colour of the text.
 *
 * Built node by node: some hosts forbid setting HTML from strings.
 */

const SVG = "http://www.w3.org/2000/svg";

/** `fill` paths are areas, `line` paths are strokes 1.5 units wide. */
const SHAPES = {
  pause: { fill: "M4 3h3v10H4zM9 3h3v10H9z", line: "" },
  play: { fill: "M4.5 2.6v10.8L13 8z", line: "" },
  loop: {
    fill: "M10.5 .8 13.6 3.5 10.5 6.2zM5.5 9.8 2.4 12.5 5.5 15.2z",
    line: "M3 7.5v-4h8M13 8.5v4H5",
  },
  stop: { fill: "M4 4h8v8H4z", line: "" },
  restart: { fill: "M13.4 1.8v4.7H8.7z", line: "M12.3 5.2A5 5 0 1 0 13 8.9" },
  more: { fill: "", line: "M8 3v10M3 8h10" },
  save: { fill: "", line: "M8 2v7.5M4.8 6.6 8 9.8l3.2-3.2M2.8 11.2v2.3h10.4v-2.3" },
  settings: {
    fill: "M5.5 3.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM10.5 9.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
    line: "M2 5h2M7.5 5H14M2 11h6.5M12.5 11H14",
  },
  help: {
    fill: "M8 11.3a.95.95 0 1 0 0 1.9.95.95 0 0 0 0-1.9z",
    line: "M5.4 5.6A2.6 2.6 0 0 1 8 3.2c1.5 0 2.6 1 2.6 2.3C10.6 7.4 8 7.6 8 9.4",
  },
  denoise: {
    fill: "M3 4h1.5v1.5H3zM6 2.5h1.5V4H6zM2.5 8H4v1.5H2.5zM6 6.5h1.5V8H6z",
    line: "M9 13.5c3-1 4.5-4 4.5-10",
  },
  close: { fill: "", line: "M4 4l8 8M12 4l-8 8" },
  exposure: {
    fill: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
    line: "M8 1v1.8M8 13.2V15M1 8h1.8M13.2 8H15M3 3l1.3 1.3M11.7 11.7 13 13M3 13l1.3-1.3M11.7 4.3 13 3",
  },
};

/** @typedef {keyof typeof SHAPES} IconName */

/** @param {IconName} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "raywidget-icon");
  for (const kind of /** @type {const} */ (["fill", "line"])) {
    if (SHAPES[name][kind] === "") continue;
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", SHAPES[name][kind]);
    path.setAttribute("class", `raywidget-icon-${kind}`);
    svg.append(path);
  }
  return svg;
}
