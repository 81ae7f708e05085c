/**
 * The camera as a page moves it: the pose that its views agree on, and what the kernel is told.
 *
 * A kernel answers each move by a coarse picture. No more than two moves wait for their answer, so
 * that a slow kernel is asked less often and nothing queues; the newest pose is the one that goes.
 * A machine without a clock or a socket, as `connection.js` is.
 *
 * @import { Pose } from "./orbit.js"
 * @import { CameraMove, Stage } from "../wire/protocol.js"
 */

import { same, told } from "./orbit.js";

/** Moves that may wait for their coarse picture. */
const MOST_WAITING = 2;

/** An answer that takes longer than this has got lost, in ms. */
const PATIENCE = 400;

/** After this rest without a word the camera is still, in ms. */
const STILL = 140;

/** For so long after a move, the kernel's idea of the camera may be an old one, in ms. */
const SETTLING = 2000;

export class Camera {
  /** @type {Stage | null} null until the kernel has described it */
  stage = null;
  /** @type {Pose | null} of the picture that came last; a moving hand is ahead of it */
  seen = null;

  #client;
  #number = 0;
  /** @type {{number: number, at: number, pose: Pose}[]} moves without an answer */
  #waiting = [];
  #dirty = false;
  #held = false;
  #moving = false;
  #movedAt = -Infinity;
  /** Is the kernel still to say that it has seen where the camera rests? */
  #awaited = false;

  /** @param {number} client */
  constructor(client) {
    this.#client = client;
  }

  /** Is it being moved from this page, or does the kernel not know yet where it rests? */
  get moving() {
    return this.#moving || this.#awaited;
  }

  /** @returns {Pose | null} */
  get pose() {
    return this.stage;
  }

  /**
   * The kernel says where the camera is.
   *
   * @param {Stage} stage
   * @param {number} now in ms
   */
  adopt(stage, now) {
    this.seen = stage;
    const mine = this.stage;
    // While the hand is on it, and until the kernel has caught up, the hand is right.
    const ahead = this.#moving || now < this.#movedAt + SETTLING;
    if (mine !== null && ahead && !same(mine, stage)) {
      const { look_from, look_at, up, vfov, height } = mine;
      this.stage = { ...stage, look_from, look_at, up, vfov, height };
      return;
    }
    this.#awaited = false;
    this.stage = stage;
  }

  /** @param {Pose} pose @param {number} now */
  move(pose, now) {
    if (this.stage === null) return;
    const { look_from, look_at, up, vfov, height } = pose;
    this.stage = { ...this.stage, look_from, look_at, up, vfov, height };
    this.#dirty = true;
    this.#moving = true;
    this.#movedAt = now;
  }

  /** A hand takes it, or lets it go. @param {boolean} held @param {number} now */
  hold(held, now) {
    this.#held = held;
    // Let go: it is still at once.
    if (!held && this.#moving) this.#movedAt = Math.min(this.#movedAt, now - STILL);
  }

  /** A coarse picture answers a move, and those before it. @param {number} client @param {number} number */
  answered(client, number) {
    if (client !== this.#client) return;
    this.seen = this.#waiting.find((move) => move.number === number)?.pose ?? this.seen;
    this.#waiting = this.#waiting.filter((move) => move.number > number);
  }

  /** The message that is due, if one is. @param {number} now @returns {CameraMove | null} */
  poll(now) {
    if (!this.#moving || this.stage === null) return null;
    this.#waiting = this.#waiting.filter(({ at }) => now < at + PATIENCE);
    const still = now >= this.#stillAt();
    if (!still && (!this.#dirty || this.#waiting.length >= MOST_WAITING)) return null;
    const { look_from, look_at, up, vfov, height, shift, pixel_aspect } = this.stage;
    const pose = { look_from, look_at, up, vfov, height, shift, pixel_aspect };
    this.#number++;
    this.#dirty = false;
    if (still) {
      this.#moving = false;
      this.#awaited = true;
      this.#waiting = [];
      this.#movedAt = now;
    } else {
      this.#waiting.push({ number: this.#number, at: now, pose });
    }
    return {
      k: "camera",
      client: this.#client,
      number: this.#number,
      moving: !still,
      ...told(pose),
    };
  }

  /** When to poll next, in ms. */
  get wakeAt() {
    if (!this.#moving) return Infinity;
    const lost =
      this.#waiting.length > 0 && this.#dirty ? this.#waiting[0].at + PATIENCE : Infinity;
    return Math.min(this.#stillAt(), lost);
  }

  // A hand that holds it but rests lets it come to rest as well, only later.
  #stillAt() {
    return this.#movedAt + (this.#held ? 2 * STILL : STILL);
  }
}
