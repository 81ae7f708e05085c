/**
 * A pixel that the user has asked about: the ring round it, and the card that tells of it.
 *
 * Both go on when the picture changes. The ring stays at the point of the surface that was meant,
 * as far as it is seen, and the card is marked as old until the kernel has told anew.
 *
 * @import { Pixel } from "../wire/protocol.js"
 * @import { Closer, Place } from "./closer.js"
 * @import { makeInspector } from "./panels.js"
 * @import { Phase, Status } from "./status.js"
 * @import { ViewEvents } from "./view.js"
 */

import { project } from "../hand/orbit.js";

/** An answer that takes longer than this is waited for in words, in ms. */
const SLOW = 250;

/** While samples are added, the numbers are told anew so often, in ms. */
const REFRESH = 2000;

/** @type {ReadonlySet<Phase>} the picture stays as it is: time to tell its last numbers */
const RESTS = new Set(/** @type {Phase[]} */ (["done", "paused", "stopped"]));

export class Inspection {
  #element;
  #closer;
  #panel;
  #wishes;
  /** Where it is, in shares of the picture; null when nothing was asked. @type {Place | null} */
  #at = null;
  /** @type {Pixel | null} what was told last */
  #told = null;
  /** @type {(() => void) | null} gives up the question that is open */
  #forget = null;
  /** @type {Phase} */
  #phase = "connecting";
  /** The generation and the phase for which it was asked last. */
  #asked = "";
  #askedAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #slow;

  /**
   * @param {HTMLElement} element of the view
   * @param {Closer} closer
   * @param {ReturnType<typeof makeInspector>} panel
   * @param {Pick<ViewEvents, "probe" | "camera">} wishes
   */
  constructor(element, closer, panel, wishes) {
    this.#element = element;
    this.#closer = closer;
    this.#panel = panel;
    this.#wishes = wishes;
  }

  get open() {
    return this.#at !== null;
  }

  /** What is there? @param {Place} at in the stage */
  ask(at) {
    const { width, height } = this.#closer.picture;
    const { x, y } = this.#closer.pixelAt(at);
    this.close();
    this.#at = { x: (x + 0.5) / width, y: (y + 0.5) / height };
    const stage = this.#closer.stage;
    const { dataset } = this.#element;
    dataset.inspector = at.x < stage.width / 2 ? "right" : "left";
    dataset.card = stage.height < 230 ? "below" : "beside";
    this.place();
    this.#question(false);
    if (this.#phase === "compiling")
      this.#panel.say("Not rendered yet: kernels are compiled first");
    else this.#slow = setTimeout(() => this.#panel.say("Asking the kernel…"), SLOW);
  }

  /** Something else may be on show. @param {Status} status */
  follow(status) {
    this.#phase = status.phase;
    const told = this.#told;
    if (this.#at === null || told === null) return;
    if (status.generation === 0 || status.phase === "closed") return this.close(); // another kernel
    const changed = status.generation > told.generation;
    if (changed) this.#move(told);
    this.#panel.setOld(changed);
    const { camera } = this.#wishes;
    const waits = this.#forget !== null || camera.moving() || status.phase === "compiling";
    if (waits) return;
    if (changed && this.#panel.mark.hidden) return this.close(); // out of sight
    const now = `${status.generation} ${status.phase}`;
    const rests = RESTS.has(status.phase);
    const older = rests ? now !== this.#asked : performance.now() - this.#askedAt > REFRESH;
    if (!changed && (!older || told.spp >= status.spp)) return;
    this.#question(true);
    this.#asked = now;
  }

  /** The picture is seen elsewhere in its stage. */
  place() {
    const { mark } = this.#panel;
    const at = this.#at;
    mark.hidden = at === null || at.x < 0 || at.x > 1 || at.y < 0 || at.y > 1;
    if (at === null) return;
    mark.style.left = this.#closer.left(at.x);
    mark.style.top = this.#closer.top(at.y);
  }

  close() {
    clearTimeout(this.#slow);
    this.#forget?.();
    this.#forget = null;
    this.#at = null;
    this.#told = null;
    this.#asked = "";
    this.#panel.close();
  }

  /** Go with the point that was hit. @param {Pixel} told */
  #move({ hit }) {
    const pose = this.#wishes.camera.seen();
    if (hit === null || pose === null) return;
    const { width, height } = this.#closer.picture;
    this.#at = project(pose, hit.point, width / height) ?? { x: -1, y: -1 };
    this.place();
  }

  /** @param {boolean} again */
  #question(again) {
    if (this.#at === null) return;
    const { width, height } = this.#closer.picture;
    const x = Math.min(Math.floor(this.#at.x * width), width - 1);
    const y = Math.min(Math.floor(this.#at.y * height), height - 1);
    this.#forget?.();
    const answer = (/** @type {Pixel} */ pixel) => {
      clearTimeout(this.#slow);
      this.#forget = null;
      this.#told = pixel;
      this.#panel.show(pixel);
    };
    this.#askedAt = performance.now();
    this.#forget = this.#wishes.probe(x, y, answer, again);
  }
}
