/**
 * What is under the pointer, in a line or two beside it. A click keeps more of it, see `inspection`.
 *
 * The kernel is asked about one pixel at a time, the one where the pointer rests or is last, and not
 * while anything is dragged.
 *
 * @import { Pixel } from "../wire/protocol.js"
 * @import { Closer, Place } from "./closer.js"
 * @import { Status } from "./status.js"
 * @import { ViewEvents } from "./view.js"
 */

import { make } from "./dom.js";
import { describeBriefly } from "./inspector.js";

/** A pointer that moves on is not asked for, in ms. */
const REST = 40;

/** Questions are no closer together, in ms. */
const EVERY = 120;

/** From the pointer, in CSS pixels. */
const BESIDE = 14;

export class Hover {
  element = make("div", "raywidget-hover", { "aria-hidden": "true" });

  #closer;
  #wishes;
  /** @type {Place | null} where the pointer is, in the stage */
  #at = null;
  /** The pixel and the picture that were asked about last. */
  #asked = "";
  #askedAt = -Infinity;
  #generation = 0;
  #can = false;
  /** @type {(() => void) | null} gives up the question that is open */
  #forget = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Closer} closer @param {Pick<ViewEvents, "probe" | "camera">} wishes */
  constructor(closer, wishes) {
    this.#closer = closer;
    this.#wishes = wishes;
    this.element.hidden = true;
  }

  /** The pointer is there, and holds nothing; null: it is away, or does something else. @param {Place | null} at */
  point(at) {
    this.#at = at;
    if (at === null) this.close();
    else this.#plan();
  }

  /** Something else may be on show. @param {Status} status */
  follow({ phase, generation, unheard }) {
    this.#can = !["connecting", "waiting", "compiling", "saved", "gone", "closed"].includes(phase);
    this.#can &&= !unheard && generation > 0;
    if (this.#can && generation === this.#generation) return;
    this.#generation = generation;
    this.#hide();
    if (this.#at !== null) this.#plan();
  }

  close() {
    clearTimeout(this.#timer);
    this.#at = null;
    this.#hide();
  }

  #hide() {
    this.#forget?.();
    this.#forget = null;
    this.#asked = "";
    this.element.hidden = true;
  }

  #plan() {
    clearTimeout(this.#timer);
    const wait = Math.max(REST, this.#askedAt + EVERY - performance.now());
    this.#timer = setTimeout(() => this.#ask(), wait);
  }

  #ask() {
    const at = this.#at;
    if (at === null || this.#forget !== null || !this.#can || this.#wishes.camera.moving()) return;
    const { x, y } = this.#closer.pixelAt(at);
    const asked = `${x} ${y} ${this.#generation}`;
    if (asked === this.#asked) return this.#place(at);
    this.#asked = asked;
    this.#askedAt = performance.now();
    const answer = (/** @type {Pixel} */ pixel) => {
      this.#forget = null;
      const told = describeBriefly(pixel);
      this.element.hidden = told === null;
      if (told !== null) {
        const [title, ...lines] = told;
        const rest = lines.map((line) => make("div", "", {}, line));
        this.element.replaceChildren(make("b", "", {}, title), ...rest);
        this.#place(at);
      }
      if (this.#at !== at) this.#plan();
    };
    this.#forget = this.#wishes.probe(x, y, answer, true);
  }

  /** Beside the pointer, on the side where there is room. @param {Place} at */
  #place({ x, y }) {
    const { width, height } = this.#closer.stage;
    const { style } = this.element;
    const [right, low] = [x > width / 2, y > height / 2];
    style.left = right ? "auto" : `${x + BESIDE}px`;
    style.right = right ? `${width - x + BESIDE}px` : "auto";
    style.top = low ? "auto" : `${y + BESIDE}px`;
    style.bottom = low ? `${height - y + BESIDE}px` : "auto";
  }
}
