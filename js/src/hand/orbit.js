/**
 * Where the camera is, and how it moves: a turntable round the point that it looks at.
 *
 * Pure functions of poses in float64. Angles are in radians; shares are of the picture's height.
 *
 * @typedef {[number, number, number]} Vec
 * @typedef {{look_from: Vec, look_at: Vec, up: Vec, vfov: number, height?: number | undefined} & Lens} Pose
 *   as `PerspectiveCamera` has it; where `height` is given, as `OrthographicCamera` does, `vfov` 0
 * @typedef {{shift?: number[] | undefined, pixel_aspect?: number | undefined}} Lens which no hand
 *   changes: widths and heights by which the picture lies beside the axis, a pixel's width by its height
 * @typedef {number[]} Box low corner and high, six numbers
 * @typedef {{center: Vec, radius: number, box?: Box | undefined}} Subject what the scene is about
 * @typedef {{ground: number | null, lamps: Box[], upright: Vec, home: Pose}} Surroundings how far up
 *   the ground is, the boxes of lamps, what is up, and where the scene was seen from at first
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
  const values = [...next.look_from, ...next.look_at, next.height ?? 1];
  const seen = Math.min(distance(next), next.height ?? 1);
  return values.every((x) => Math.abs(x) < FARTHEST) && seen > 1e-12 ? next : pose;
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

/** The height of the picture where a point is so far ahead. @param {Pose} pose @param {number} ahead */
const heightAt = ({ vfov, height }, ahead) =>
  height ?? 2 * ahead * Math.tan((vfov * Math.PI) / 360);

/** The height of the picture in the plane of the point in the middle. @param {Pose} pose */
export const planeHeight = (pose) => heightAt(pose, distance(pose));

/** What the kernel is told of a pose. @param {Pose} pose */
export const told = ({ look_from, look_at, up, vfov, height }) => ({
  ...{ look_from, look_at, up },
  ...(height === undefined ? { vfov } : { height }),
});

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

/**
 * Nearer or farther, to a share of the distance; where rays are parallel, less or more is seen.
 *
 * @param {Pose} pose
 * @param {number} share > 0
 * @returns {Pose}
 */
export function dolly(pose, share) {
  if (pose.height !== undefined) return checked(pose, { ...pose, height: pose.height * share });
  const offset = scale(subtract(pose.look_from, pose.look_at), share);
  return checked(pose, { ...pose, look_from: add(pose.look_at, offset) });
}

/** Through the scene, in parts of the distance to what is looked at. @param {Pose} pose @param {number} right @param {number} up @param {number} forward @returns {Pose} */
export function fly(pose, right, up, forward) {
  const axes = frame(pose);
  const far = distance(pose);
  const across = add(scale(axes.right, right * far), scale(normalize(pose.up), up * far));
  // Where rays are parallel, nothing becomes larger because one is nearer.
  if (pose.height !== undefined) return dolly(shift(pose, across), Math.exp(-forward));
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

/** Room round what is fitted. */
const MARGIN = 1.06;

/**
 * From the middle of a subject to its corners, in the frame of a camera that looks along `back`.
 *
 * @param {Subject} subject
 * @param {{right: Vec, up: Vec, forward: Vec}} axes
 */
function corners({ center, box }, axes) {
  if (box === undefined) return null;
  return Array.from({ length: 8 }, (_, bits) => {
    const corner = /** @type {Vec} */ ([0, 1, 2].map((i) => box[i + ((bits >> i) & 1) * 3]));
    const way = subtract(corner, center);
    return {
      x: Math.abs(dot(way, axes.right)),
      y: Math.abs(dot(way, axes.up)),
      ahead: dot(way, axes.forward),
    };
  });
}

/** The least share of half the picture beside its axis that things are fitted into. */
const LEAST_SIDE = 0.2;

/** How much of half the picture there is on the narrower sides of its axis. @param {Pose} pose */
function free({ shift: [aside = 0, above = 0] = [] }) {
  /** @param {number} by */
  const left = (by) => Math.max(LEAST_SIDE, 1 - 2 * Math.abs(by));
  return { across: left(aside), up: left(above) };
}

/**
 * See all of the scene, from this side; if that is from below the ground, from just above it.
 *
 * @param {Pose} pose
 * @param {Subject & Partial<Surroundings>} subject
 * @param {number} aspect width / height
 * @returns {Pose}
 */
export function fit(pose, subject, aspect) {
  const { center, radius, ground = null } = subject;
  const room = free(pose);
  const tall = Math.tan((pose.vfov * Math.PI) / 360) * room.up;
  aspect *= ((pose.pixel_aspect ?? 1) * room.across) / room.up;
  let far = radius / Math.sin(Math.atan(tall * Math.min(1, aspect)));
  // Beyond all of it, so that nothing is cut off; how far is not to be seen.
  if (pose.height !== undefined) far = Math.max(distance(pose), 2 * radius);
  const up = normalize(subject.upright ?? pose.up);
  let back = normalize(subtract(pose.look_from, pose.look_at));
  if (ground !== null) {
    const least = (ground + ABOVE * radius - dot(center, up)) / far;
    const across = subtract(back, scale(up, dot(back, up)));
    if (dot(back, up) < least && least < 1 && length(across) > 0) {
      back = add(scale(normalize(across), Math.sqrt(1 - least * least)), scale(up, least));
    }
  }
  const seen = corners(subject, frame({ ...pose, look_from: add(center, back), look_at: center }));
  let { height } = pose;
  if (height !== undefined) {
    const most = seen?.map(({ x, y }) => 2 * MARGIN * Math.max(y, x / aspect));
    height = Math.max(...(most ?? [(2 * radius) / Math.min(1, aspect)]));
  } else if (seen !== null) {
    const near = seen.map(({ x, y, ahead }) => (MARGIN * Math.max(y, x / aspect)) / tall - ahead);
    far = Math.min(far, Math.max(...near));
  }
  const lens = height === undefined ? {} : { height: Math.max(height, 1e-9) };
  const look_from = add(center, scale(back, far));
  return checked(pose, { ...pose, ...lens, look_at: center, look_from });
}

/** A view from nearer shows as much as one from afar would, as far as this angle does, in degrees. */
const WIDEST = 80;

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

/** So much nearer to the scene's own camera another side is than the usual front, to be the front. */
const RATHER = 0.5;

/**
 * Where the front, the right and the top of a scene are: along axes, the front where it was seen from
 * at first. Where that does not decide, it is +z where y is up, and -y where z is.
 *
 * @param {Vec} up unit
 * @param {Pose | undefined} home
 */
function sides(up, home) {
  /** @type {Vec} */
  const guess = Math.abs(up[2]) < 0.9 ? [0, 0, 1] : [0, -1, 0];
  const usual = normalize(subtract(guess, scale(up, dot(guess, up))));
  const beside = cross(up, usual);
  const from = home === undefined ? usual : subtract(home.look_from, home.look_at);
  const level = subtract(from, scale(up, dot(from, up)));
  const share = (/** @type {Vec} */ axis) => dot(level, axis) / Math.max(length(level), 1e-300);
  const others = [scale(usual, -1), beside, scale(beside, -1)];
  const other = others.reduce((a, b) => (share(b) > share(a) ? b : a));
  const steep = length(level) < 0.1 * length(from);
  const front = !steep && share(other) > share(usual) + RATHER ? other : usual;
  return { front, right: cross(up, front) };
}

/**
 * Look along an axis of the scene, at the same point from the same distance, or from before a lamp
 * that would stand in the way.
 *
 * @param {Pose} pose
 * @param {"front" | "back" | "right" | "left" | "top" | "bottom"} side from which to look
 * @param {Partial<Surroundings & Subject>} [scene]
 * @returns {Pose}
 */
export function side(pose, side, { lamps = [], home, upright, center, radius } = {}) {
  const up = normalize(upright ?? pose.up);
  const { front, right } = sides(up, home);
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
  let far = distance(pose);
  let { vfov } = pose;
  if (pose.height === undefined) {
    const spread = Math.tan((vfov * Math.PI) / 360);
    const free = freeWay(pose.look_at, from[side], far, spread, lamps);
    const wider = (Math.atan((spread * far) / free) * 360) / Math.PI;
    vfov = Math.max(vfov, Math.min(wider, WIDEST));
    far = free;
  } else if (center !== undefined && radius !== undefined) {
    // Nothing of it shall be behind the plane from which rays start.
    far = Math.max(far, length(subtract(pose.look_at, center)) + 1.1 * radius);
  }
  return checked(pose, { ...pose, up, vfov, look_from: add(pose.look_at, scale(from[side], far)) });
}

/** What is nearer to the rim of a box than this part of it is not looked at, but past. */
const RIM = 0.05;

/**
 * Look along an axis of the scene at what is looked at; if that is none of the scene, at all of it.
 *
 * @param {Pose} pose
 * @param {Parameters<typeof side>[1]} from
 * @param {Subject & Partial<Surroundings>} scene
 * @param {number} aspect width / height
 * @returns {Pose}
 */
export function view(pose, from, scene, aspect) {
  const { box = [] } = scene;
  const past = pose.look_at.some((x, i) => {
    const rim = RIM * (box[i + 3] - box[i]);
    return x < box[i] + rim || x > box[i + 3] - rim;
  });
  const seen = side(pose, from, scene);
  return past ? side(fit(seen, scene, aspect), from, scene) : seen;
}

/** Are two poses the same, to what can be seen? @param {Pose} a @param {Pose} b */
export function same(a, b) {
  const limit = 1e-9 * (distance(a) + distance(b));
  return (
    length(subtract(a.look_from, b.look_from)) <= limit &&
    length(subtract(a.look_at, b.look_at)) <= limit &&
    a.vfov === b.vfov &&
    a.height === b.height
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
  const high = heightAt(pose, depth);
  const { shift: [aside = 0, above = 0] = [], pixel_aspect = 1 } = pose;
  const x = 0.5 - aside + dot(there, axes.right) / (high * aspect * pixel_aspect);
  return { x, y: 0.5 + above - dot(there, axes.up) / high };
}

/**
 * What a field of view spans, in heights of the picture, as `PerspectiveCamera.fov_axis` has it.
 *
 * @param {string} axis
 * @param {number} aspect width / height
 */
function reach(axis, aspect) {
  if (axis === "horizontal") return aspect;
  if (axis === "smaller") return Math.min(aspect, 1);
  if (axis === "larger") return Math.max(aspect, 1);
  return axis === "diagonal" ? Math.hypot(aspect, 1) : 1;
}

/**
 * The line of Python that makes this camera; poses know the vertical field of view.
 *
 * @param {Pose & {aperture_radius?: number, focus_distance?: number | null, fov_axis?: string}} pose
 * @param {number} [aspect] width / height
 */
export function python(pose, aspect = 1) {
  /** @param {number} x */
  const number = (x) => String(Number(x.toPrecision(6)));
  /** @param {Vec} v */
  const tuple = (v) => `(${v.map(number).join(", ")})`;
  const parts = [`look_from=${tuple(pose.look_from)}`, `look_at=${tuple(pose.look_at)}`];
  if (pose.up[0] !== 0 || pose.up[1] !== 1 || pose.up[2] !== 0) parts.push(`up=${tuple(pose.up)}`);
  if (pose.height !== undefined) {
    return `rw.OrthographicCamera(${parts.join(", ")}, height=${number(pose.height)})`;
  }
  const { fov_axis = "vertical" } = pose;
  const { shift = [0, 0], pixel_aspect = 1 } = pose;
  const half = Math.tan((pose.vfov * Math.PI) / 360) * reach(fov_axis, aspect * pixel_aspect);
  const vertical = fov_axis === "vertical";
  parts.push(`vfov=${number(vertical ? pose.vfov : (Math.atan(half) * 360) / Math.PI)}`);
  if (!vertical) parts.push(`fov_axis="${fov_axis}"`);
  if (pose.aperture_radius) parts.push(`aperture_radius=${number(pose.aperture_radius)}`);
  if (pose.focus_distance) parts.push(`focus_distance=${number(pose.focus_distance)}`);
  if (shift.some((by) => by !== 0)) parts.push(`shift=(${shift.map(number).join(", ")})`);
  if (pixel_aspect !== 1) parts.push(`pixel_aspect=${number(pixel_aspect)}`);
  return `rw.PerspectiveCamera(${parts.join(", ")})`;
}
