/**
 * One view of a widget: a canvas with the toolbar below it. All that it knows comes from the
 * session; it keeps no pixels of its own but what its canvas shows.
 *
 * @import { Image, Surface } from "./compositor.js"
 * @import { Status } from "./status.js"
 * @import { ToolbarEvents } from "./toolbar.js"
 *
 * @typedef {Omit<ToolbarEvents, "save"> & {
 *   visibility: () => void,
 *   flush: (surface: Surface) => void,
 * }} ViewEvents
 */

import { samplesPerPixel } from "./status.js";
import { make, makeToolbar } from "./toolbar.js";

const FILE_NAME = "raywidget.png";

/** How long a browser may take to read a file that it downloads, in ms. */
const DOWNLOAD_TIME = 60_000;

/** @param {HTMLCanvasElement} canvas */
function download(canvas) {
  canvas.toBlob((blob) => {
    if (blob === null) return;
    const link = document.createElement("a");
    link.download = FILE_NAME;
    link.href = URL.createObjectURL(blob);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_TIME);
  }, "image/png");
}

/** @implements {Surface} */
export class View {
  /** Is any of it on screen, in a page that is being looked at? */
  visible = false;

  #events;
  #canvas;
  #context;
  #error;
  #toolbar;
  #onScreen = false;
  #listeners = new AbortController();
  /** @type {IntersectionObserver | null} */
  #observer = null;

  /** @param {ViewEvents} events @param {number} width @param {number} height */
  constructor(events, width, height) {
    this.#events = events;
    this.#toolbar = makeToolbar({
      control: events.control,
      tone: events.tone,
      save: () => {
        events.flush(this);
        download(this.#canvas);
      },
    });
    this.#canvas = make("canvas", "raywidget-canvas", { role: "img", "aria-label": "Rendering" });
    // Without `willReadFrequently` each putImageData goes through the GPU: 50 times slower for
    // tiles. An opaque canvas gives back exactly the bytes that were put.
    this.#context = this.#canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    this.#error = make("pre", "raywidget-error", { role: "alert" });
    this.#error.hidden = true;

    const stage = make("div", "raywidget-stage");
    stage.append(this.#canvas, this.#error);
    this.element = make("div", "raywidget");
    this.element.append(stage, this.#toolbar.element);
    this.resize(width, height);
  }

  /** Begin to watch whether the view can be seen. Its element is in the page, or will be. */
  watch() {
    const { signal } = this.#listeners;
    document.addEventListener("visibilitychange", () => this.#look(), { signal });
    // A page is printed with all that is on it, seen or not.
    window.addEventListener("beforeprint", () => this.#events.flush(this), { signal });
    if (typeof IntersectionObserver === "undefined") {
      this.#onScreen = true;
    } else {
      this.#observer = new IntersectionObserver((entries) => {
        this.#onScreen = entries[entries.length - 1].isIntersecting;
        this.#look();
      });
      this.#observer.observe(this.element);
    }
    this.#look();
  }

  #look() {
    const visible = this.#onScreen && document.visibilityState === "visible";
    if (visible === this.visible) return;
    this.visible = visible;
    this.#events.visibility();
  }

  /** @param {number} width @param {number} height in pixels of the picture */
  resize(width, height) {
    this.element.style.setProperty("--raywidget-width", `${width}px`);
    // Setting a canvas's size clears it, even to the size that it has.
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
  }

  /** @param {Image} image @param {import("./pixels.js").Rect} rect */
  put(image, { x, y, width, height }) {
    this.#context?.putImageData(/** @type {ImageData} */ (image), 0, 0, x, y, width, height);
  }

  /** @param {Status} status @param {boolean} behind does the canvas lag behind the store? */
  update(status, behind) {
    const { dataset } = this.element;
    dataset.state = status.phase;
    dataset.generation = String(status.generation);
    dataset.samples = String(status.progress?.samples ?? 0);
    dataset.spp = String(samplesPerPixel(status));
    dataset.tiles = String(status.tiles);
    if (!behind) dataset.painted = String(status.tiles);
    const failed = status.phase === "failed";
    this.#error.hidden = !failed;
    const message = failed ? (status.message ?? "The render failed.") : "";
    if (this.#error.textContent !== message) this.#error.textContent = message;
    this.#toolbar.update(status);
  }

  /** @param {string} curve @param {number} exposure in stops */
  showTone(curve, exposure) {
    this.#toolbar.showTone(curve, exposure);
  }

  destroy() {
    this.#observer?.disconnect();
    this.#listeners.abort();
    this.#toolbar.destroy();
    this.element.remove();
    this.visible = false;
  }
}
