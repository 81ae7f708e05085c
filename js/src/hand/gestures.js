/**
 * Hands on the picture: mouse, touch, wheel and held keys become moves of the camera.
 *
 * | hand | does |
 * |---|---|
 * | drag, one finger | orbit |
 * | shift, middle or right button and drag, two fingers | pan |
 * | ctrl and drag, wheel, pinch | dolly |
 * | alt and drag | turn the head |
 * | W A S D Q E held | fly, with shift five times as fast |
 * | click | tell what is there |
 * | double click | look at it |
 *
 * Events are anything with the fields of pointer, wheel and keyboard events that are read here, so
 * that a test can make them up. Where is in CSS pixels from the corner of the picture.
 *
 * @import { Pose } from "./orbit.js"
 *
 * @typedef {object} Stage what a hand can reach
 * @property {() => Pose | null} pose null while there is no camera to move
 * @property {(pose: Pose) => void} move
 * @property {(held: boolean) => void} hold
 * @property {() => {width: number, height: number}} size of the picture on screen
 * @property {(x: number, y: number) => void} click
 * @property {(x: number, y: number) => void} doubleClick
 *
 * @typedef {{pointerId: number, pointerType: string, button: number, offsetX: number,
 *   offsetY: number, timeStamp: number} & Modifiers} Pointer
 * @typedef {{shiftKey: boolean, ctrlKey: boolean, altKey: boolean, metaKey: boolean}} Modifiers
 * @typedef {{deltaY: number, deltaMode: number} & Modifiers} Wheel
 * @typedef {"orbit" | "pan" | "dolly" | "look"} Deed
 */

import { dolly, fly, look, orbit, pan } from "./orbit.js";

/** Half a turn for a drag across the height of the picture. */
const TURN = Math.PI;

/** A press that moves less than this is a click, in CSS pixels. */
const CLICK = 4;

/** Two clicks are a double click within this time, in ms, and this distance. */
const DOUBLE = 350;
const DOUBLE_APART = 8;

/** Distances per second when flying. */
const SPEED = 0.8;
const FAST = 5;

/** @type {Record<string, [number, number, number]>} right, up, forward by the key's place */
const FLIGHT = {
  KeyW: [0, 0, 1],
  KeyS: [0, 0, -1],
  KeyA: [-1, 0, 0],
  KeyD: [1, 0, 0],
  KeyQ: [0, -1, 0],
  KeyE: [0, 1, 0],
};

/** @param {Pointer} event @returns {Deed} */
export function deedOf({ button, shiftKey, ctrlKey, altKey, metaKey }) {
  if (button === 1 || button === 2 || shiftKey) return "pan";
  if (ctrlKey || metaKey) return "dolly";
  return altKey ? "look" : "orbit";
}

export class Gestures {
  #stage;
  /** @type {Map<number, {x: number, y: number}>} */
  #pointers = new Map();
  /** @type {Deed} */
  #deed = "orbit";
  /** @type {{x: number, y: number} | null} where a press began that may become a click */
  #press = null;
  #button = 0;
  /** @type {{x: number, y: number, at: number} | null} */
  #clicked = null;
  /** @type {Set<string>} */
  #keys = new Set();
  #fast = false;
  #flownAt = 0;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
  }

  /** @param {Pointer} event */
  down(event) {
    if (this.#pointers.size >= 2) return;
    const point = { x: event.offsetX, y: event.offsetY };
    this.#pointers.set(event.pointerId, point);
    this.#deed = deedOf(event);
    this.#button = event.button;
    this.#press = this.#pointers.size === 1 ? point : null;
    this.#stage.hold(true);
  }

  /** @param {Pointer} event */
  drag(event) {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const point = { x: event.offsetX, y: event.offsetY };
    if (this.#press !== null) {
      // Nothing turns while it may still be a click; then it turns from here, without a jump.
      if (Math.hypot(point.x - this.#press.x, point.y - this.#press.y) < CLICK) return;
      this.#press = null;
      this.#pointers.set(event.pointerId, point);
      return;
    }
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, point);
    const pose = this.#stage.pose();
    if (pose === null) return;
    const { height } = this.#stage.size();
    const right = (point.x - before.x) / height;
    const down = (point.y - before.y) / height;
    this.#stage.move(
      other === undefined
        ? act(pose, this.#deed, right, down)
        : pinch(pan(pose, -right / 2, down / 2), before, point, other),
    );
  }

  /** @param {Pointer} event */
  up(event) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const press = this.#press;
    if (this.#pointers.size > 0) {
      // The finger that stays does not click, nor jump.
      this.#press = null;
      return;
    }
    this.#stage.hold(this.#keys.size > 0);
    if (press === null || this.#button !== 0) return;
    const last = this.#clicked;
    const near = last !== null && Math.hypot(press.x - last.x, press.y - last.y) < DOUBLE_APART;
    if (near && event.timeStamp - last.at < DOUBLE) {
      this.#clicked = null;
      this.#stage.doubleClick(press.x, press.y);
    } else {
      this.#clicked = { ...press, at: event.timeStamp };
      this.#stage.click(press.x, press.y);
    }
  }

  /** The browser took a pointer away, to scroll for one. @param {{pointerId: number}} event */
  cancel({ pointerId }) {
    if (!this.#pointers.delete(pointerId)) return;
    this.#press = null;
    if (this.#pointers.size === 0) this.#stage.hold(this.#keys.size > 0);
  }

  /** @param {Wheel} event */
  wheel({ deltaY, deltaMode, ctrlKey }) {
    const pose = this.#stage.pose();
    if (pose === null) return;
    // Lines and pages are what some mice count in; a pinch on a trackpad comes with ctrl, and small.
    const pixels = deltaY * [1, 16, 400][deltaMode] * (ctrlKey ? 4 : 1);
    this.#stage.move(dolly(pose, 1.0015 ** Math.min(Math.max(pixels, -400), 400)));
  }

  /**
   * @param {{code: string} & Modifiers} event
   * @param {number} now in ms
   * @returns {boolean} whether it is a key to fly with
   */
  keyDown({ code, shiftKey, ctrlKey, altKey, metaKey }, now) {
    this.#fast = shiftKey;
    if (!(code in FLIGHT) || ctrlKey || altKey || metaKey || this.#stage.pose() === null) {
      return false;
    }
    if (this.#keys.size === 0) {
      this.#flownAt = now;
      this.#stage.hold(true);
    }
    this.#keys.add(code);
    return true;
  }

  /** @param {{code: string, shiftKey: boolean}} event */
  keyUp({ code, shiftKey }) {
    this.#fast = shiftKey;
    if (this.#keys.delete(code) && this.#keys.size === 0) {
      this.#stage.hold(this.#pointers.size > 0);
    }
  }

  /** The focus went elsewhere: no key is heard to rise. */
  release() {
    if (this.#keys.size === 0) return;
    this.#keys.clear();
    this.#stage.hold(this.#pointers.size > 0);
  }

  get flying() {
    return this.#keys.size > 0;
  }

  /** A frame has passed in which keys were held. @param {number} now in ms */
  flyOn(now) {
    const pose = this.#stage.pose();
    // A page that was away doesn't fly all the way at once.
    const seconds = Math.min(Math.max(now - this.#flownAt, 0), 100) / 1000;
    this.#flownAt = now;
    if (pose === null || seconds === 0) return;
    const step = seconds * SPEED * (this.#fast ? FAST : 1);
    const ways = [...this.#keys].map((key) => FLIGHT[key]);
    const [right, up, forward] = [0, 1, 2].map((axis) =>
      ways.reduce((sum, way) => sum + way[axis] * step, 0),
    );
    this.#stage.move(fly(pose, right, up, forward));
  }
}

/** @param {Pose} pose @param {Deed} deed @param {number} right @param {number} down in shares of the height */
function act(pose, deed, right, down) {
  switch (deed) {
    case "pan":
      return pan(pose, -right, down);
    case "dolly":
      return dolly(pose, 8 ** (down - right));
    case "look":
      return look(pose, -right * 1.2, -down * 1.2);
    default:
      return orbit(pose, -right * TURN, -down * TURN);
  }
}

/**
 * @param {Pose} pose
 * @param {{x: number, y: number}} before
 * @param {{x: number, y: number}} point
 * @param {{x: number, y: number}} other the finger that rests
 */
function pinch(pose, before, point, other) {
  const was = Math.hypot(before.x - other.x, before.y - other.y);
  const is = Math.hypot(point.x - other.x, point.y - other.y);
  return was > 0 && is > 0 ? dolly(pose, Math.min(Math.max(was / is, 0.2), 5)) : pose;
}
