/**
 * Colour bars, labels, a scale bar and axes, as lines and words above the canvas: sharp at any size,
 * where the camera has them. What is saved has the same in the same places.
 *
 * @import { Pose } from "../hand/orbit.js"
 * @import { Size } from "../hand/zoom.js"
 * @import { Pixel } from "../wire/protocol.js"
 * @import { Closer } from "./closer.js"
 * @import { Status } from "./status.js"
 * @import { ViewEvents } from "./view.js"
 */

import { draw, drawAll, isEmpty } from "./drawing.js";
import { layOut, readDescription } from "./layout.js";

/** What is nearer than this part of a label's distance hides it. */
const NEARER = 0.99;

export class Overlay {
  element = draw("svg", { class: "raywidget-overlay", "aria-hidden": "true" });

  #closer;
  #wishes;
  #description = readDescription(null);
  /** @type {Pose | null} */
  #pose = null;
  #drawn = "";
  /** Labels that something is in front of. @type {Set<number>} */
  #hidden = new Set();
  #asked = "";
  /** @type {(() => void) | null} */
  #forget = null;

  /** @param {Closer} closer @param {Pick<ViewEvents, "probe" | "camera">} wishes @param {AbortSignal} signal */
  constructor(closer, wishes, signal) {
    this.#closer = closer;
    this.#wishes = wishes;
    if (typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(() => this.show());
    watch.observe(this.element);
    signal.addEventListener("abort", () => {
      watch.disconnect();
      this.#forget?.();
    });
  }

  get empty() {
    return isEmpty(this.#description);
  }

  /** @param {unknown} description @param {Pose | null} kept where the camera was, if nobody says more */
  describe(description, kept) {
    this.#description = readDescription(description);
    this.#pose ??= kept;
    this.#hidden.clear();
    this.#asked = "";
    this.#drawn = "";
    this.show();
  }

  /** Something else may be on show. @param {Status} status */
  follow({ phase, generation }) {
    this.#pose = this.#wishes.camera.seen() ?? this.#pose;
    this.show();
    const asked = `${generation}`;
    const rests = phase === "done" || phase === "running" || phase === "paused";
    if (this.#asked === asked || this.#wishes.camera.moving() || !rests) return;
    this.#asked = asked;
    this.#look(0, asked);
  }

  /** Is a label seen? One after the other is asked for. @param {number} index @param {string} asked @returns {void} */
  #look(index, asked) {
    this.#forget?.();
    this.#forget = null;
    const pose = this.#pose;
    const { picture } = this.#closer;
    if (pose === null || index >= this.#description.labels.length) return;
    const label = layOut(this.#description, pose, picture).labels[index];
    if (label === null || label.always) return this.#look(index + 1, asked);
    const answer = (/** @type {Pixel} */ { hit }) => {
      this.#forget = null;
      if (this.#asked !== asked) return;
      if (hit !== null && hit.distance < NEARER * label.away) this.#hidden.add(index);
      else this.#hidden.delete(index);
      this.#drawn = "";
      this.show();
      this.#look(index + 1, asked);
    };
    this.#forget = this.#wishes.probe(Math.floor(label.x), Math.floor(label.y), answer, true);
  }

  /** Draw it, if anything has changed. */
  show() {
    const size = this.#closer.stage;
    const now = JSON.stringify([size, this.#pose, this.#closer.on]);
    if (now === this.#drawn) return;
    this.#drawn = now;
    this.element.replaceChildren(...(this.#closer.on || this.empty ? [] : [this.#parts(size)]));
  }

  /** @param {Size} size in which it is drawn @param {number} [scale] of words and lines */
  #parts(size, scale) {
    return drawAll(this.#description, this.#pose, size, (index) => this.#hidden.has(index), scale);
  }

  /** A picture with all this over it, as PNG. @param {CanvasImageSource} picture @param {Size} size */
  async over(picture, { width, height }) {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    context?.drawImage(picture, 0, 0);
    const scale = width / this.#closer.stage.width;
    const svg = draw("svg", { width, height }, this.#parts({ width, height }, scale));
    const text = new XMLSerializer().serializeToString(svg);
    const drawn = new Image(width, height);
    drawn.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
    await drawn.decode();
    context?.drawImage(drawn, 0, 0, width, height);
    return new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
      canvas.toBlob(resolve, "image/png");
    });
  }
}
