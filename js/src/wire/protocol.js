/**
 * The messages of `docs/protocol.md`: reading the kernel's, writing the browser's.
 *
 * Pure functions. What a message means in the course of a conversation is `connection.js`.
 *
 * @import { Box, Lens, Pose, Subject, Surroundings, Vec } from "../hand/orbit.js"
 * @import { Tile } from "../pixels/pixels.js"
 *
 * @typedef {{samples: number, goal: number, elapsed: number, rate: number,
 *   noise: number | null, denoised?: boolean}} Progress
 * @typedef {"compiling" | "running" | "paused" | "done" | "stopped" | "failed" | "closed"} State
 *
 * @typedef {{k: "welcome", epoch: number, client: number, next: number}} Welcome
 * @typedef {{k: "begin", epoch: number, generation: number, width: number, height: number,
 *   tile: number, spp: number, encoding: string, stage: Stage | null, render: RenderState | null}} Begin
 * @typedef {Pose & Subject & Surroundings & {aperture_radius: number,
 *   focus_distance: number | null, fov_axis: string, home: Pose}} Stage
 * @typedef {{integrators: string[], integrator: string, max_depth: number, alpha: boolean,
 *   caustics: boolean | null}} RenderState
 *
 * @typedef {{type: string, name: string | null}} Named
 * @typedef {{object: Named & {row: number | null}, material: Named & {parameters: [string, string][]}, distance: number,
 *   point: Vec, normal: Vec, shading_normal: Vec, uv: [number, number],
 *   value: {label: string, text: string} | null}} Hit
 * @typedef {{k: "pixel", epoch: number, generation: number, client: number, number: number,
 *   x: number, y: number, rgb: Vec, error: Vec | null,
 *   spp: number, hit: Hit | null, message: string | null}} Pixel
 * @typedef {{k: "file", epoch: number, client: number, number: number, name: string, index: number,
 *   count: number, message: string | null, bytes: DataView | null}} FilePiece
 * @typedef {{k: "coarse", epoch: number, generation: number, width: number, height: number,
 *   tile: number, columns: number, rows: number, exponent: number, half: Uint16Array,
 *   client: number, number: number, denoised: boolean}} Coarse
 * @typedef {{k: "tiles", epoch: number, generation: number, seq: number, tiles: Tile[],
 *   soon: boolean, progress: Progress | null}} Tiles
 * @typedef {{k: "state", epoch: number, generation: number, state: State, message: string | null,
 *   prompt: boolean, progress: Progress | null}} StateMessage
 * @typedef {{k: "vantage", epoch: number, client: number, number: number,
 *   look_from: Vec, vfov: number | null}} Vantage
 * @typedef {Welcome | Begin | Coarse | Tiles | StateMessage | Pixel | Vantage | FilePiece} KernelMessage
 *
 * @typedef {{epoch: number, generation: number, seq: number}} Have
 * @typedef {{k: "hello", v: number, client: number, have: Have | null}} Hello
 * @typedef {{k: "ack", client: number, epoch: number, seq: number, missing: number[],
 *   visible: boolean, held: number}} Ack
 * @typedef {{k: "need", client: number, epoch: number, generation: number}} Need
 * @typedef {"pause" | "resume" | "stop" | "restart" | "more"} Action
 * @typedef {{k: "control", client: number, do: Action, samples?: number}} Control
 * @typedef {ReturnType<typeof import("../hand/orbit.js").told>} Told a pose on the wire
 * @typedef {Told & {k: "camera", client: number, number: number, moving: boolean}} CameraMove
 * @typedef {{k: "probe", client: number, number: number, x: number, y: number,
 *   again: boolean}} Probe
 * @typedef {Told & {k: "vantage", client: number, number: number}} VantageQuestion
 * @typedef {{k: "file", client: number, number: number, format: string}} FileRequest
 * @typedef {{k: "render", client: number, integrator?: string, max_depth?: number, caustics?: boolean,
 *   width?: number, height?: number, region?: number[] | null}} RenderMessage
 * @typedef {import("../face/values.js").ValueChange & {k: "values", client: number,
 *   number: number}} ValuesMessage
 * @typedef {import("../face/timeline.js").TimeChange & {k: "time", client: number}} TimeMessage
 * @typedef {import("../face/film.js").RecordChange & {k: "record", client: number}} RecordMessage
 * @typedef {Hello | Ack | Need | Control | CameraMove | Probe | VantageQuestion |
 *   FileRequest | RenderMessage | ValuesMessage | TimeMessage | RecordMessage} BrowserMessage
 */

import { DECODERS } from "../pixels/decoders.js";

export const VERSION = 1;

/** The most that one `control` may ask for. */
export const MOST_SAMPLES = 1_000_000;

/** A larger picture is refused by the kernel; here the limit keeps a bad message from our memory. */
const MOST_PIXELS = 2 ** 25;

const RECORD_BYTES = 16;

/** Pieces of a file. */
const MOST_PIECES = 4096;

/** Boxes of lamps that are kept in mind. */
const MOST_LAMPS = 64;
const FOV_AXES = ["vertical", "horizontal", "smaller", "larger", "diagonal"];

/** The most stops of pre-exposure. */
const MOST_EXPONENT = 64;

/** Beyond level 16 one sent pixel stands for any rectangle that the wire can describe. */
const MOST_LEVEL = 16;

/** @type {ReadonlySet<unknown>} */
export const STATES = new Set([
  "compiling",
  "running",
  "paused",
  "done",
  "stopped",
  "failed",
  "closed",
]);

/** @param {unknown} value @param {number} least @returns {value is number} */
function isInteger(value, least) {
  return Number.isSafeInteger(value) && /** @type {number} */ (value) >= least;
}

/** @param {unknown} value @returns {value is number} */
function isAmount(value) {
  return Number.isFinite(value) && /** @type {number} */ (value) >= 0;
}

/**
 * Progress is a courtesy: where it is not as it should be, the rest of the message still counts.
 *
 * @param {unknown} value
 * @returns {Progress | null}
 */
function readProgress(value) {
  if (typeof value !== "object" || value === null) return null;
  const { samples, goal, elapsed, rate, noise, denoised } = /** @type {Record<string, unknown>} */ (
    value
  );
  if (!isInteger(samples, 0) || !isInteger(goal, 0) || !isAmount(elapsed) || !isAmount(rate)) {
    return null;
  }
  const known = { samples, goal, elapsed, rate, noise: isAmount(noise) ? noise : null };
  return denoised === true ? { ...known, denoised } : known;
}

/**
 * A buffer as hosts hand it over: `DataView`, any other view, or a bare `ArrayBuffer`.
 *
 * @param {unknown} buffer
 * @returns {DataView | null}
 */
function asDataView(buffer) {
  if (buffer instanceof DataView) return buffer;
  if (ArrayBuffer.isView(buffer)) {
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }
  return buffer instanceof ArrayBuffer ? new DataView(buffer) : null;
}

/**
 * The tiles in a buffer, or null if it is not what the message says it is.
 *
 * @param {DataView} view
 * @param {number} n
 * @param {string} encoding
 * @returns {Tile[] | null}
 */
export function readTiles(view, n, encoding) {
  const decoder = DECODERS.get(encoding);
  if (decoder === undefined || n * RECORD_BYTES > view.byteLength) return null;
  const tiles = [];
  let offset = n * RECORD_BYTES;
  for (let index = 0; index < n; index++) {
    const at = index * RECORD_BYTES;
    const x = view.getUint16(at, true);
    const y = view.getUint16(at + 2, true);
    const width = view.getUint16(at + 4, true);
    const height = view.getUint16(at + 6, true);
    const level = view.getUint16(at + 8, true);
    const exponent = view.getInt16(at + 10, true);
    const spp = view.getUint32(at + 12, true);
    if (width === 0 || height === 0 || level > MOST_LEVEL || spp === 0) return null;
    if (Math.abs(exponent) > MOST_EXPONENT) return null;
    const columns = Math.ceil(width / 2 ** level);
    const rows = Math.ceil(height / 2 ** level);
    const bytes = decoder.bytes(columns, rows);
    if (offset + bytes > view.byteLength) return null;
    const half = decoder.decode(view, offset, columns, rows);
    tiles.push({ x, y, width, height, level, exponent, spp, exact: decoder.exact, half });
    offset += Math.ceil(bytes / 4) * 4;
  }
  return tiles;
}

/**
 * The picture in a widget's state: one record of the kind that a `tiles` message has, or nothing.
 *
 * @param {unknown} buffer
 * @returns {Tile | null}
 */
export function readSnapshot(buffer) {
  const view = asDataView(buffer);
  if (view === null || view.byteLength === 0) return null;
  const tile = readTiles(view, 1, "half3")?.[0] ?? null;
  if (tile === null || tile.x !== 0 || tile.y !== 0) return null;
  return tile.width * tile.height <= MOST_PIXELS ? tile : null;
}

/** @param {Record<string, unknown>} message @returns {Welcome | null} */
function readWelcome({ v, epoch, client, next }) {
  if (v !== VERSION) return null;
  if (!isInteger(epoch, 1) || !isInteger(client, 1) || !isInteger(next, 1)) return null;
  return { k: "welcome", epoch, client, next };
}

/** @param {Record<string, unknown>} message @returns {Begin | null} */
function readBegin({ epoch, generation, width, height, tile, spp, encoding, stage, render }) {
  if (!isInteger(epoch, 1) || !isInteger(generation, 1)) return null;
  if (!isInteger(width, 1) || !isInteger(height, 1) || width * height > MOST_PIXELS) return null;
  if (width > 65535 || height > 65535 || !isInteger(tile, 1) || !isInteger(spp, 1)) return null;
  if (typeof encoding !== "string" || !DECODERS.has(encoding)) return null;
  const begin = { epoch, generation, width, height, tile, spp, encoding };
  return { k: "begin", ...begin, stage: readStage(stage), render: readRender(render) };
}

/** @param {unknown} value @returns {value is [number, number, number]} */
function isVector(value) {
  return Array.isArray(value) && value.length === 3 && value.every(Number.isFinite);
}

/** @param {unknown} value @returns {Pose | null} */
export function readPose(value) {
  if (typeof value !== "object" || value === null) return null;
  const { look_from, look_at, up, vfov, height } = /** @type {Record<string, unknown>} */ (value);
  if (!isVector(look_from) || !isVector(look_at) || !isVector(up)) return null;
  if (height !== undefined) {
    return isAmount(height) && height > 0 ? { look_from, look_at, up, vfov: 0, height } : null;
  }
  if (!isAmount(vfov) || vfov <= 0 || vfov >= 180) return null;
  return { look_from, look_at, up, vfov, ...readLens(value) };
}

/** What no hand changes of a lens; as it usually is, nothing. @param {object} value @returns {Lens} */
function readLens(value) {
  const { shift, pixel_aspect } = /** @type {Record<string, unknown>} */ (value);
  /** @type {Lens} */
  const lens = {};
  if (Array.isArray(shift) && shift.length === 2 && shift.every(Number.isFinite)) {
    if (shift.some((by) => by !== 0)) lens.shift = shift;
  }
  if (isAmount(pixel_aspect) && pixel_aspect > 0 && pixel_aspect !== 1) {
    lens.pixel_aspect = pixel_aspect;
  }
  return lens;
}

/** @param {unknown} value @returns {Box[]} */
function readBoxes(value) {
  const rows = Array.isArray(value) ? value.slice(0, MOST_LAMPS) : [];
  return rows.filter((row) => Array.isArray(row) && row.length === 6 && row.every(Number.isFinite));
}

/**
 * Without it, or with one that can't be read, there is a picture, but the camera stays put.
 *
 * @param {unknown} value
 * @returns {Stage | null}
 */
function readStage(value) {
  const pose = readPose(value);
  if (pose === null) return null;
  const { center, radius, box, ground, lamps, upright } = /** @type {Record<string, unknown>} */ (
    value
  );
  const { aperture_radius, focus_distance, fov_axis, home } =
    /** @type {Record<string, unknown>} */ (value);
  if (!isVector(center) || !isAmount(radius) || radius === 0) return null;
  return {
    ...pose,
    center,
    radius,
    box: readBoxes([box])[0],
    upright: isVector(upright) ? upright : pose.up,
    ground: typeof ground === "number" && Number.isFinite(ground) ? ground : null,
    lamps: readBoxes(lamps),
    aperture_radius: isAmount(aperture_radius) ? aperture_radius : 0,
    focus_distance: isAmount(focus_distance) ? focus_distance : null,
    fov_axis: FOV_AXES.find((axis) => axis === fov_axis) ?? "vertical",
    home: readPose(home) ?? pose,
  };
}

/** @param {unknown} value @returns {RenderState | null} */
function readRender(value) {
  if (typeof value !== "object" || value === null) return null;
  const { integrators, integrator, max_depth, alpha, caustics } =
    /** @type {Record<string, unknown>} */ (value);
  if (!Array.isArray(integrators) || !integrators.every((name) => typeof name === "string")) {
    return null;
  }
  if (typeof integrator !== "string" || !isInteger(max_depth, 1)) return null;
  const photons = typeof caustics === "boolean" ? caustics : null;
  return { integrators, integrator, max_depth, alpha: alpha === true, caustics: photons };
}

/** @param {unknown} value @returns {Named | null} */
function readNamed(value) {
  if (typeof value !== "object" || value === null) return null;
  const { type, name } = /** @type {Record<string, unknown>} */ (value);
  return typeof type === "string" ? { type, name: typeof name === "string" ? name : null } : null;
}

/** @param {unknown} value @returns {Hit | null} */
function readHit(value) {
  if (typeof value !== "object" || value === null) return null;
  const hit = /** @type {Record<string, unknown>} */ (value);
  const { distance, point, normal, shading_normal, uv } = hit;
  const [object, material] = [readNamed(hit.object), readNamed(hit.material)];
  if (object === null || material === null || !isAmount(distance)) return null;
  if (!isVector(point) || !isVector(normal) || !isVector(shading_normal)) return null;
  if (!Array.isArray(uv) || uv.length !== 2 || !uv.every(Number.isFinite)) return null;
  const { parameters } = /** @type {{parameters?: unknown}} */ (hit.material);
  const { row } = /** @type {{row?: unknown}} */ (hit.object);
  const rows = Array.isArray(parameters) ? parameters : [];
  const pairs = rows.filter(
    (pair) => Array.isArray(pair) && pair.length === 2 && pair.every((x) => typeof x === "string"),
  );
  return {
    object: { ...object, row: isInteger(row, 0) ? row : null },
    material: { ...material, parameters: pairs },
    ...{ distance, point, normal, shading_normal },
    uv: [uv[0], uv[1]],
    value: readValue(hit.value),
  };
}

/** @param {unknown} value @returns {{label: string, text: string} | null} */
function readValue(value) {
  const { label, text } = /** @type {Record<string, unknown>} */ (value ?? {});
  return typeof label === "string" && typeof text === "string" ? { label, text } : null;
}

/** @param {Record<string, unknown>} message @returns {Pixel | null} */
function readPixel({ epoch, generation, client, number, x, y, rgb, error, spp, hit, message }) {
  if (!isInteger(epoch, 1) || !isInteger(generation, 1) || !isInteger(client, 1)) return null;
  if (!isInteger(number, 1) || !isInteger(x, 0) || !isInteger(y, 0) || !isVector(rgb)) return null;
  if (!isInteger(spp, 0)) return null;
  const text = typeof message === "string" ? message : null;
  const where = { epoch, generation, client, number, x, y };
  const read = { rgb, error: isVector(error) ? error : null, spp, hit: readHit(hit) };
  return { k: "pixel", ...where, ...read, message: text };
}

/** @param {Record<string, unknown>} message @returns {Vantage | null} */
function readVantage({ epoch, client, number, look_from, vfov }) {
  if (!isInteger(epoch, 1) || !isInteger(client, 1) || !isInteger(number, 1)) return null;
  if (!isVector(look_from)) return null;
  const lens = isAmount(vfov) && vfov > 0 && vfov < 180 ? vfov : null;
  return { k: "vantage", epoch, client, number, look_from, vfov: lens };
}

/** @param {Record<string, unknown>} content @param {unknown} buffers @returns {FilePiece | null} */
function readFile({ epoch, client, number, name, index, count, message }, buffers) {
  if (!isInteger(epoch, 1) || !isInteger(client, 1) || !isInteger(number, 1)) return null;
  if (typeof name !== "string" || !/^[\w.-]{1,80}$/.test(name)) return null;
  if (!isInteger(count, 0) || !isInteger(index, 0) || count > MOST_PIECES) return null;
  const bytes = Array.isArray(buffers) ? asDataView(buffers[0]) : null;
  const text = typeof message === "string" ? message : null;
  if (text === null && (bytes === null || index >= count)) return null;
  return { k: "file", epoch, client, number, name, index, count, message: text, bytes };
}

/** @param {Record<string, unknown>} message @param {unknown} buffers @returns {Coarse | null} */
function readCoarse(message, buffers) {
  const { epoch, generation, width, height, tile, columns, rows, encoding } = message;
  const { exponent, client, number } = message;
  const denoised = message.denoised === true;
  const begin = readBegin({ epoch, generation, width, height, tile, encoding, spp: 1 });
  if (begin === null || !isInteger(columns, 1) || !isInteger(rows, 1)) return null;
  if (columns > begin.width || rows > begin.height) return null;
  if (!isInteger(client, 0) || !isInteger(number, 0)) return null;
  if (!isInteger(exponent, -MOST_EXPONENT) || exponent > MOST_EXPONENT) return null;
  const view = Array.isArray(buffers) ? asDataView(buffers[0]) : null;
  const decoder = DECODERS.get(begin.encoding);
  if (view === null || decoder === undefined || decoder.bytes(columns, rows) > view.byteLength) {
    return null;
  }
  const half = decoder.decode(view, 0, columns, rows);
  const { k: _, spp: __, stage: ___, render: ____, encoding: _____, ...head } = begin;
  return { k: "coarse", ...head, columns, rows, exponent, half, client, number, denoised };
}

/** @param {Record<string, unknown>} message @param {unknown} buffers @returns {Tiles | null} */
function readTilesMessage({ epoch, generation, seq, n, encoding, soon, progress }, buffers) {
  if (!isInteger(epoch, 1) || !isInteger(generation, 1) || !isInteger(seq, 1)) return null;
  if (!isInteger(n, 0) || typeof encoding !== "string") return null;
  const view = Array.isArray(buffers) ? asDataView(buffers[0]) : null;
  const tiles = view === null ? null : readTiles(view, n, encoding);
  if (tiles === null) return null;
  const said = { tiles, soon: soon !== false, progress: readProgress(progress) };
  return { k: "tiles", epoch, generation, seq, ...said };
}

/** @param {Record<string, unknown>} content @returns {StateMessage | null} */
function readState({ epoch, generation, state, message, prompt, progress }) {
  if (!isInteger(epoch, 1) || !isInteger(generation, 0) || !STATES.has(state)) return null;
  return {
    k: "state",
    epoch,
    generation,
    state: /** @type {State} */ (state),
    message: typeof message === "string" && message !== "" ? message : null,
    prompt: prompt !== false,
    progress: readProgress(progress),
  };
}

/**
 * Read a custom message from the kernel. What is not understood gives null, and is as if it had
 * never arrived: a `tiles` message with a torn buffer leaves a gap in `seq`, and is repaired.
 *
 * @param {unknown} content
 * @param {unknown} [buffers]
 * @returns {KernelMessage | null}
 */
export function readMessage(content, buffers) {
  if (typeof content !== "object" || content === null) return null;
  const message = /** @type {Record<string, unknown>} */ (content);
  switch (message.k) {
    case "welcome":
      return readWelcome(message);
    case "begin":
      return readBegin(message);
    case "coarse":
      return readCoarse(message, buffers);
    case "pixel":
      return readPixel(message);
    case "vantage":
      return readVantage(message);
    case "file":
      return readFile(message, buffers);
    case "tiles":
      return readTilesMessage(message, buffers);
    case "state":
      return readState(message);
    default:
      return null;
  }
}

/** @param {number} client @param {Have | null} have @returns {Hello} */
export function hello(client, have) {
  return { k: "hello", v: VERSION, client, have };
}

/**
 * @param {number} client
 * @param {number} epoch
 * @param {number} seq
 * @param {readonly number[]} missing
 * @param {boolean} visible
 * @param {number} held in ms
 * @returns {Ack}
 */
export function ack(client, epoch, seq, missing, visible, held) {
  return { k: "ack", client, epoch, seq, missing: [...missing], visible, held };
}

/** @param {number} client @param {number} epoch @param {number} generation @returns {Need} */
export function need(client, epoch, generation) {
  return { k: "need", client, epoch, generation };
}

/**
 * @param {number} client
 * @param {Action} action
 * @param {number} [samples] with `more`: how many more for each pixel
 * @returns {Control}
 */
export function control(client, action, samples) {
  if (action !== "more") return { k: "control", client, do: action };
  const more = Math.min(Math.max(Math.round(samples ?? 1), 1), MOST_SAMPLES);
  return { k: "control", client, do: action, samples: more };
}
