/**
 * What the toolbar says, and which of its buttons can act: plain functions of the state.
 *
 * @import { Action, Progress, State } from "../wire/protocol.js"
 *
 * `connecting` and `waiting` come before the kernel's first word, `gone` after its last; `saved` is
 * a picture from the notebook's file, for which there is no kernel (yet).
 * @typedef {State | "connecting" | "waiting" | "saved" | "gone"} Phase
 *
 * @typedef {object} Status
 * @property {Phase} phase
 * @property {string | null} message
 * @property {Progress | null} progress
 * @property {boolean} denoised is what is seen without its noise, a guess?
 * @property {number} spp the goal, in samples per pixel; 0 if unknown
 * @property {number} pixels of the picture
 * @property {number} generation of the picture on show
 * @property {number} tiles how many tiles were applied
 * @property {number} coarse how many coarse pictures were shown
 * @property {boolean} unheard does the kernel hear nothing until its cell has ended?
 */

/** @param {number} value with two significant digits, as 1.6 or 16 or 160 */
function short(value) {
  return value < 9.95 ? value.toFixed(1) : value.toFixed(0);
}

/** @param {number} rate samples per second */
export function formatRate(rate) {
  const unit = [
    { size: 1e9, name: "G " },
    { size: 1e6, name: "M " },
    { size: 1e3, name: "k " },
  ].find(({ size }) => rate >= 0.9995 * size);
  return unit ? `${short(rate / unit.size)} ${unit.name}samples/s` : `${rate.toFixed(0)} samples/s`;
}

/** @param {number} seconds */
export function formatTime(seconds) {
  if (seconds < 9.95) return `${seconds < 0.95 ? seconds.toFixed(1) : seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A time that is only guessed: no seconds beside minutes. @param {number} seconds */
function formatGuess(seconds) {
  return seconds < 60 || seconds >= 3570 ? formatTime(seconds) : `${Math.round(seconds / 60)} min`;
}

/** Finished part of the render, in whole per cent: 100 only when all is there. @param {Status} s */
export function percent({ phase, progress }) {
  if (phase === "done") return 100;
  if (progress === null || progress.goal === 0) return 0;
  return Math.min(Math.floor((100 * progress.samples) / progress.goal), 100);
}

/** Samples per pixel so far, rounded down. @param {Status} status */
export function samplesPerPixel({ phase, progress, pixels, spp }) {
  if (progress === null || pixels === 0) return phase === "done" ? spp : 0;
  return Math.floor(progress.samples / pixels);
}

/** @param {Status} status @returns {string[]} */
function counted(status) {
  if (status.spp === 0 || status.progress === null) return [];
  return [`${percent(status)} %`, `${samplesPerPixel(status)} of ${status.spp} spp`];
}

/** How far the picture is from its end, as `Image.noise` says it. @param {Status} status */
function noise({ progress }) {
  if (progress === null || progress.noise === null) return [];
  const percents = 100 * progress.noise;
  return [`noise ${percents < 0.995 ? percents.toFixed(2) : short(percents)} %`];
}

/**
 * What the kernel says beside the state, such as why the picture is black: its first clause, the
 * rest is for who asks.
 *
 * @param {Status} status
 */
function remark({ message }) {
  return message === null ? [] : [message.split("; ", 1)[0] ?? message];
}

/** What the number of noise means, for who asks. */
const NOISE = [
  "noise: how far the picture still is from its end, on average over its pixels, in parts of their",
  "brightness (Image.noise; RayWidget(noise=0.02) renders until it is 2 %). Four times the samples",
  "halve it. A few bright specks count for much: what looks clean may well say 20 %.",
].join(" ");

/** @param {Status} status @returns {string[]} */
function running(status) {
  const { progress } = status;
  const [share, ...samples] = counted(status);
  if (progress === null || share === undefined) return ["rendering…"];
  const left = remaining(status);
  const time = left === null ? [] : [`${formatGuess(left)} left`];
  const rate = progress.rate > 0 ? [formatRate(progress.rate)] : [];
  return [share, ...time, ...samples, ...noise(status), ...rate];
}

/** Not before a rate can be trusted, in seconds: the first tiles come while caches are cold. */
const GUESS_AFTER = 0.7;

/** Seconds that are left, null while nobody can know. @param {Status} status */
function remaining({ progress }) {
  if (progress === null || progress.rate <= 0 || progress.elapsed < GUESS_AFTER) return null;
  const left = (progress.goal - progress.samples) / progress.rate;
  return left > 0 ? left : null;
}

/** @param {Status} status @returns {string[]} */
function done(status) {
  const parts = ["done", ...remark(status)];
  if (status.progress !== null) parts.push(formatTime(status.progress.elapsed));
  const spp = samplesPerPixel(status);
  if (spp > 0) parts.push(`${spp} spp`);
  parts.push(...noise(status));
  return parts;
}

/** A first run compiles kernels, which takes longest; a large scene takes its time, too. */
const PREPARING = ["preparing the scene…", "kernels are compiled in the first run"];

/**
 * The line under the picture, what matters most first: where there is little room, the last parts
 * are not seen.
 *
 * @param {Status} status
 * @returns {string[]}
 */
export function describe(status) {
  const { phase, message } = status;
  /** @type {Record<Phase, () => string[]>} */
  const lines = {
    connecting: () => ["connecting…"],
    waiting: () => ["waiting for the kernel…"],
    compiling: () => (message === null ? PREPARING : [message]),
    running: () => running(status),
    paused: () => ["paused", ...remark(status), ...counted(status), ...noise(status)],
    done: () => done(status),
    stopped: () => ["stopped", ...remark(status), ...counted(status), ...noise(status)],
    failed: () => ["failed"],
    closed: () => ["closed"],
    saved: () => ["saved picture"],
    gone: () => ["kernel gone"],
  };
  const mark = status.denoised ? ["denoised"] : [];
  const notice = status.unheard ? ["buttons act when the cell has ended"] : [];
  const line = lines[phase]();
  return [line[0], ...mark, ...notice, ...line.slice(1)];
}

/** The same as one line, and what in it needs an explanation. @param {Status} status */
export function explain(status) {
  const { message } = status;
  const parts = [describe(status).join(" · ")];
  if (message !== null && remark(status)[0] !== message) parts.push(message);
  if (noise(status).length > 0) parts.push(NOISE);
  return parts.join("\n\n");
}

/** The actions that the kernel would follow now. @param {Phase} phase @returns {Set<Action>} */
export function possible(phase) {
  /** @type {Partial<Record<Phase, Action[]>>} */
  const actions = {
    compiling: ["pause", "stop", "restart"],
    running: ["pause", "stop", "restart", "more"],
    paused: ["resume", "stop", "restart", "more"],
    done: ["restart", "more"],
    stopped: ["resume", "restart"],
    failed: ["restart"],
  };
  return new Set(actions[phase] ?? []);
}
