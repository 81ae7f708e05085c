/**
 * Looking closer at the picture itself: which part of it is seen, and how large. Plain numbers.
 *
 * At zoom 1 the picture fills its stage. `x` and `y` are where its corner lies, in CSS pixels.
 *
 * @typedef {{zoom: number, x: number, y: number}} Closeup
 * @typedef {{width: number, height: number}} Size
 */

/** The most CSS pixels that one pixel of the picture may take. */
const MOST_SIDE = 64;

/** @type {Closeup} */
export const WHOLE = { zoom: 1, x: 0, y: 0 };

/** No edge comes inside the stage. @param {Closeup} closeup @param {Size} stage @returns {Closeup} */
function held({ zoom, x, y }, { width, height }) {
  return {
    zoom,
    x: Math.min(Math.max(x, width * (1 - zoom)), 0),
    y: Math.min(Math.max(y, height * (1 - zoom)), 0),
  };
}

/**
 * @param {Closeup} closeup
 * @param {number} factor
 * @param {{x: number, y: number}} at what stays where it is, in the stage
 * @param {Size} stage in CSS pixels
 * @param {Size} picture in its own
 * @returns {Closeup}
 */
export function zoomAt(closeup, factor, at, stage, picture) {
  const most = Math.max(1, (MOST_SIDE * picture.width) / stage.width);
  const zoom = Math.min(Math.max(closeup.zoom * factor, 1), most);
  const grown = zoom / closeup.zoom;
  const x = at.x - (at.x - closeup.x) * grown;
  const y = at.y - (at.y - closeup.y) * grown;
  return held({ zoom, x, y }, stage);
}

/** @param {Closeup} closeup @param {number} right @param {number} down @param {Size} stage */
export function move(closeup, right, down, stage) {
  return held({ ...closeup, x: closeup.x + right, y: closeup.y + down }, stage);
}

/** The pixel of the picture under a place of the stage. @param {Closeup} closeup @param {{x: number, y: number}} at @param {Size} stage @param {Size} picture */
export function pixelAt({ zoom, x, y }, at, stage, picture) {
  const column = Math.floor((((at.x - x) / zoom) * picture.width) / stage.width);
  const row = Math.floor((((at.y - y) / zoom) * picture.height) / stage.height);
  return {
    x: Math.min(Math.max(column, 0), picture.width - 1),
    y: Math.min(Math.max(row, 0), picture.height - 1),
  };
}

/** CSS pixels that one pixel of the picture takes. @param {Closeup} closeup @param {Size} stage @param {Size} picture */
export const sideOfPixel = ({ zoom }, stage, picture) => (zoom * stage.width) / picture.width;
