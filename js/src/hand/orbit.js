/**
 * Where the camera is, and how it moves: a turntable round the point that it looks at.
 *
 * Pure functions of poses in float64. Angles are in radians; shares are of the picture's height.
 *
 * @typedef {[number, number, number]} Vec
 * @typedef {{look_from: Vec, look_at: Vec, up: Vec, vfov: number}} Pose as `PerspectiveCamera` has it
 * @typedef {{center: Vec, radius: number}} Subject what the scene is about
 * @typedef {number[]} Box low corner and high, six numbers
 * @typedef {{ground: number | null, lamps: Box[]}} Surroundings how far up the ground is, and the
 *   boxes of lamps that shine to one side
 */

/** How near to straight up or down the camera may look: beyond, up would have no meaning. */
const POLE = (0.5 / 180) * Math.PI;

/** Coordinates beyond this are refused by the kernel. */
const FARTHEST = 1e14;

/** @param {Vec} a @param {Vec} b @returns {Vec} */
export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
/** @param {Vec} a @param {Vec} b @returns {Vec} */
export const subtract = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
/** @param {Vec} a @param {number} s @returns {Vec} */
export const scale = (a, s) => [a[0] * s, a[1] * s, a[2] * s];
/** @param {Vec} a @param {Vec} b */
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
/** @param {Vec} a */
export const length = (a) => Math.hypot(a[0], a[1], a[2]);
/** @param {Vec} a @returns {Vec} */
export const normalize = (a) => scale(a, 1 / length(a));
/** @param {Vec} a @param {Vec} b @returns {Vec} */
export const cross = (a, b) => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
];

/** Rotate round a unit axis (Rodrigues). @param {Vec} v @param {Vec} axis @param {number} angle @returns {Vec} */
function rotate(v, axis, angle) {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return add(add(scale(v, c), scale(cross(axis, v), s)), scale(axis, dot(axis, v) * (1 - c)));
}

/** Right, up and forward in the picture. @param {Pose} pose */
export function frame(pose) {
  const forward = normalize(subtract(pose.look_at, pose.look_from));
  const right = normalize(cross(forward, pose.up));
  return { right, up: cross(right, forward), forward };
}

/** @param {Pose} pose to the point that it looks at */
export const distance = (pose) => length(subtract(pose.look_at, pose.look_from));

/**
 * The direction turned by two angles, kept off the poles.
 *
 * @param {Pose} pose
 * @param {Vec} direction unit
 * @param {number} yaw round the scene's up, to the left
 * @param {number} pitch upwards
 */
function turn(pose, direction, yaw, pitch) {
  const up = normalize(pose.up);
  const level = Math.acos(Math.min(Math.max(dot(direction, up), -1), 1));
  const wanted = Math.min(Math.max(level - pitch, POLE), Math.PI - POLE);
  const tilted = rotate(direction, normalize(cross(direction, up)), level - wanted);
  return rotate(tilted, up, yaw);
}

/** Everything the camera does is refused where numbers end. @param {Pose} pose @param {Pose} next */
function checked(pose, next) {
  const values = [...next.look_from, ...next.look_at];
  return values.every((x) => Math.abs(x) < FARTHEST) && distance(next) > 1e-12 ? next : pose;
}

/** Round the point in the middle. @param {Pose} pose @param {number} yaw @param {number} pitch @returns {Pose} */
export function orbit(pose, yaw, pitch) {
  const far = distance(pose);
  const forward = turn(pose, normalize(subtract(pose.look_at, pose.look_from)), yaw, pitch);
  return checked(pose, { ...pose, look_from: subtract(pose.look_at, scale(forward, far)) });
}

/** Turn the head. @param {Pose} pose @param {number} yaw @param {number} pitch @returns {Pose} */
export function look(pose, yaw, pitch) {
  const far = distance(pose);
  const forward = turn(pose, normalize(subtract(pose.look_at, pose.look_from)), yaw, pitch);
  return checked(pose, { ...pose, look_at: add(pose.look_from, scale(forward, far)) });
}

/** The height of the picture in the plane of the point in the middle. @param {Pose} pose */
const planeHeight = (pose) => 2 * distance(pose) * Math.tan((pose.vfov * Math.PI) / 360);

/** @param {Pose} pose @param {Vec} by @returns {Pose} */
const shift = (pose, by) =>
  checked(pose, {
    ...pose,
    look_from: add(pose.look_from, by),
    look_at: add(pose.look_at, by),
  });

/** Sideways, so that the point in the middle follows the hand. @param {Pose} pose @param {number} right @param {number} up in shares @returns {Pose} */
export function pan(pose, right, up) {
  const axes = frame(pose);
  const high = planeHeight(pose);
  return shift(pose, add(scale(axes.right, right * high), scale(axes.up, up * high)));
}

/** Nearer or farther, to a share of the distance. @param {Pose} pose @param {number} share > 0 @returns {Pose} */
export function dolly(pose, share) {
  const offset = scale(subtract(pose.look_from, pose.look_at), share);
  return checked(pose, { ...pose, look_from: add(pose.look_at, offset) });
}

/** Through the scene, in parts of the distance to what is looked at. @param {Pose} pose @param {number} right @param {number} up @param {number} forward @returns {Pose} */
export function fly(pose, right, up, forward) {
  const axes = frame(pose);
  const far = distance(pose);
  const across = add(scale(axes.right, right * far), scale(normalize(pose.up), up * far));
  return shift(pose, add(across, scale(axes.forward, forward * far)));
}

/** Look at a point, from where one is. @param {Pose} pose @param {Vec} point @returns {Pose} */
export function center(pose, point) {
  const there = subtract(point, pose.look_from);
  const across = length(cross(there, pose.up));
  if (across < 1e-3 * length(there) * length(pose.up)) return pose; // straight above or below
  return checked(pose, { ...pose, look_at: point });
}

/** How far above the ground a camera stays that wants to see everything, in radii of it. */
const ABOVE = 0.05;

/**
 * See all of the scene, from this side; if that is from below the ground, from just above it.
 *
 * @param {Pose} pose
 * @param {Subject & Partial<Surroundings>} subject
 * @param {number} aspect width / height
 * @returns {Pose}
 */
export function fit(pose, subject, aspect) {
  const half = Math.tan((pose.vfov * Math.PI) / 360) * Math.min(1, aspect);
  const far = subject.radius / Math.sin(Math.atan(half));
  const up = normalize(pose.up);
  let back = normalize(subtract(pose.look_from, pose.look_at));
  const { ground = null } = subject;
  if (ground !== null) {
    const least = (ground + ABOVE * subject.radius - dot(subject.center, up)) / far;
    const across = subtract(back, scale(up, dot(back, up)));
    if (dot(back, up) < least && least < 1 && length(across) > 0) {
      back = add(scale(normalize(across), Math.sqrt(1 - least * least)), scale(up, least));
    }
  }
  return checked(pose, {
    ...pose,
    look_at: subject.center,
    look_from: add(subject.center, scale(back, far)),
  });
}

/** A lamp that leaves less than this of the way free is not looked past. */
const LEAST_FREE = 0.2;

/**
 * How far one may go from a point before a lamp stands in the view back to it: from behind it is a
 * black sheet.
 *
 * @param {Vec} from
 * @param {Vec} direction unit
 * @param {number} far
 * @param {number} spread half of what a camera sees, at distance 1
 * @param {Box[]} lamps
 */
function freeWay(from, direction, far, spread, lamps) {
  let free = far;
  for (const lamp of lamps) {
    const middle = /** @type {Vec} */ ([0, 1, 2].map((i) => (lamp[i] + lamp[i + 3]) / 2));
    const half = /** @type {Vec} */ ([0, 1, 2].map((i) => (lamp[i + 3] - lamp[i]) / 2));
    const along = dot(subtract(middle, from), direction);
    const thick = half.reduce((sum, size, i) => sum + size * Math.abs(direction[i]), 0);
    const at = along - thick;
    if (at <= 0 || at >= free) continue;
    // In the middle of what would be seen there?
    const off = subtract(subtract(middle, from), scale(direction, along));
    const seen = 0.5 * (far - at) * spread;
    const slack = 0.01 * far; // views from above are not quite upright
    const hides = off.every(
      (x, i) => Math.abs(x) <= half[i] + seen * (1 - direction[i] ** 2) + slack,
    );
    if (hides && at > LEAST_FREE * far) free = 0.98 * at;
  }
  return free;
}

/**
 * Look along an axis of the scene, at the same point from the same distance, or from before a lamp
 * that would stand in the way.
 *
 * @param {Pose} pose
 * @param {"front" | "back" | "right" | "left" | "top" | "bottom"} side from which to look
 * @param {Box[]} [lamps]
 * @returns {Pose}
 */
export function side(pose, side, lamps = []) {
  const up = normalize(pose.up);
  // The axis that is least along up is the scene's front: +z where y is up, -y where z is up.
  /** @type {Vec} */
  const guess = Math.abs(up[2]) < 0.9 ? [0, 0, 1] : [0, -1, 0];
  const front = normalize(subtract(guess, scale(up, dot(guess, up))));
  const right = cross(up, front);
  const steep = Math.tan(POLE);
  /** @type {Record<typeof side, Vec>} */
  const from = {
    front,
    back: scale(front, -1),
    right,
    left: scale(right, -1),
    top: normalize(add(up, scale(front, steep))),
    bottom: normalize(add(scale(up, -1), scale(front, steep))),
  };
  const spread = Math.tan((pose.vfov * Math.PI) / 360);
  const far = freeWay(pose.look_at, from[side], distance(pose), spread, lamps);
  return checked(pose, { ...pose, look_from: add(pose.look_at, scale(from[side], far)) });
}

/** Are two poses the same, to what can be seen? @param {Pose} a @param {Pose} b */
export function same(a, b) {
  const limit = 1e-9 * (distance(a) + distance(b));
  return (
    length(subtract(a.look_from, b.look_from)) <= limit &&
    length(subtract(a.look_at, b.look_at)) <= limit &&
    a.vfov === b.vfov
  );
}

/**
 * Where a point is seen, in shares of the picture from its top left corner; null behind the camera.
 *
 * @param {Pose} pose
 * @param {Vec} point
 * @param {number} aspect width / height
 */
export function project(pose, point, aspect) {
  const axes = frame(pose);
  const there = subtract(point, pose.look_from);
  const depth = dot(there, axes.forward);
  if (!(depth > 1e-9 * length(there))) return null;
  const high = 2 * depth * Math.tan((pose.vfov * Math.PI) / 360);
  const x = 0.5 + dot(there, axes.right) / (high * aspect);
  return { x, y: 0.5 - dot(there, axes.up) / high };
}

/** The line of Python that makes this camera. @param {Pose & {aperture_radius?: number, focus_distance?: number | null}} pose */
export function python(pose) {
  /** @param {number} x */
  const number = (x) => String(Number(x.toPrecision(6)));
  /** @param {Vec} v */
  const tuple = (v) => `(${v.map(number).join(", ")})`;
  const parts = [`look_from=${tuple(pose.look_from)}`, `look_at=${tuple(pose.look_at)}`];
  if (pose.up[0] !== 0 || pose.up[1] !== 1 || pose.up[2] !== 0) parts.push(`up=${tuple(pose.up)}`);
  parts.push(`vfov=${number(pose.vfov)}`);
  if (pose.aperture_radius) parts.push(`aperture_radius=${number(pose.aperture_radius)}`);
  if (pose.focus_distance) parts.push(`focus_distance=${number(pose.focus_distance)}`);
  return `rw.PerspectiveCamera(${parts.join(", ")})`;
}
