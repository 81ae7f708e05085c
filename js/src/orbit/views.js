/**
 * Which of the views around a thing is seen: columns go round it, rows are heights. Pure.
 *
 * @typedef {object} Views
 * @property {number} columns how many there are in a row
 * @property {number} arc degrees that the columns span; of 360, the first follows the last
 * @property {number} front the column of the camera's own view
 * @property {number[]} elevations of the rows, in degrees above the horizon, rising
 * @property {number} own the row of the camera's own view
 *
 * @typedef {{column: number, row: number}} Place with fractions while it is dragged
 */

/** A drag across the whole width turns so far, in degrees. */
const ACROSS = 270;

/** @param {number} x @param {number} most */
const within = (x, most) => Math.max(0, Math.min(x, most));

/** @param {Views} views */
export const closed = ({ arc }) => arc >= 360;

/** Degrees from a column to the next. @param {Views} views */
export function step({ columns, arc }) {
  if (arc >= 360) return 360 / columns;
  return columns > 1 ? arc / (columns - 1) : arc;
}

/** The place itself, brought to where there are views. @param {Views} views @param {Place} place @returns {Place} */
export function keep(views, { column, row }) {
  const { columns, elevations } = views;
  const round = ((column % columns) + columns) % columns;
  return {
    column: closed(views) ? round : within(column, columns - 1),
    row: within(row, elevations.length - 1),
  };
}

/** The view nearest to a place. @param {Views} views @param {Place} place @returns {Place} */
export function nearest(views, place) {
  const { column, row } = keep(views, place);
  return { column: Math.round(column) % views.columns, row: Math.round(row) };
}

/**
 * Where a drag leads: what is seen follows the hand.
 *
 * @param {Views} views
 * @param {Place} from
 * @param {number} right by how much of the picture's width
 * @param {number} down by how much of its height
 */
export function drag(views, from, right, down) {
  const rows = views.elevations.length;
  return keep(views, {
    column: from.column - (right * ACROSS) / step(views),
    row: from.row + down * Math.max(rows - 1, 0) * 1.5,
  });
}

/** Where it is, in words. @param {Views} views @param {Place} place */
export function describe(views, place) {
  const { column, row } = nearest(views, place);
  const turned = Math.round((column - views.front) * step(views));
  const height = Math.round(views.elevations[row]);
  const round = closed(views) ? (turned + 360) % 360 : turned;
  return `turned ${round} degrees, ${Math.abs(height)} degrees ${height < 0 ? "below" : "above"}`;
}
