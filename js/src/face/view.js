/**
 * One view of a widget: a stage with the canvas and what lies over it, the toolbar, the drawer.
 * All that it knows comes from the session; it keeps no pixels of its own but what its canvas shows.
 * What keys, buttons and hands do to it is in `deeds`.
 *
 * @import { Image, Surface } from "../pixels/compositor.js"
 * @import { Pose } from "../hand/orbit.js"
 * @import { Action, Pixel, RenderState, Stage } from "../wire/protocol.js"
 * @import { RecordChange } from "./film.js"
 * @import { Status } from "./status.js"
 * @import { TimeChange } from "./timeline.js"
 * @import { ValueChange } from "./values.js"
 *
 * @typedef {{exposure?: number, curve?: string, channel?: string, denoise?: boolean}} ToneChange
 *
 * @typedef {object} ViewEvents
 * @property {(action: Action, samples?: number) => void} control
 * @property {(tone: ToneChange) => void} tone
 * @property {() => void} visibility
 * @property {(surface: Surface) => void} flush
 * @property {ViewCamera} camera
 * @property {(x: number, y: number, answer: (pixel: Pixel) => void, again: boolean) => () => void} probe
 *   ask about a pixel; what comes back gives the question up
 * @property {(pose: Pose, answer: (from: Pose["look_from"], vfov: number | null) => void) => () => void} findVantage
 *   ask from where there is something to be seen; what comes back gives the question up
 * @property {(x: number, y: number) => {rgb: number[], spp: number} | null} read
 * @property {(changes: RenderChange) => void} render
 * @property {(change: ValueChange) => void} values
 * @property {(grey: number) => void} paper what is shown where nothing has been painted yet
 * @property {(change: TimeChange) => void} time
 * @property {(change: RecordChange) => void} record
 * @property {(kind: "exr" | "npz" | "png" | "film", answer: (message: string,
 *   file?: {blob: Blob, name: string}) => void) => void} file
 *
 * @typedef {object} ViewCamera
 * @property {() => Stage | null} get null while there is none to be moved
 * @property {(pose: Pose) => void} move
 * @property {(held: boolean) => void} hold
 * @property {() => boolean} moving
 * @property {() => Pose | null} seen of the picture on show
 *
 * @typedef {{integrator?: string, max_depth?: number, caustics?: boolean,
 *   width?: number, height?: number, region?: [number, number, number, number] | null}} RenderChange
 */

import { Closer } from "./closer.js";
import { makeCompare } from "./compare.js";
import { Deeds } from "./deeds.js";
import { make, measure, OWN_KEYS } from "./dom.js";
import { makeDrawer } from "./drawer.js";
import { Fitting } from "./fitting.js";
import { Hands } from "./hands.js";
import { Hover } from "./hover.js";
import { Inspection } from "./inspection.js";
import { makeLegend } from "./legend.js";
import { Overlay } from "./overlay.js";
import { makeHelp, makeInspector } from "./panels.js";
import { Region } from "./region.js";
import { samplesPerPixel } from "./status.js";
import { makeTimeline } from "./timeline.js";
import { makeToolbar } from "./toolbar.js";

const PICTURE = "Picture";
const KEYS_HINT = "arrow keys turn the camera, question mark lists all keys";
const HINT = "Click the picture: then the wheel moves the camera";

/** How bright the background of an element is, 0 to 255. @param {HTMLElement} element */
function greyOf(element) {
  const numbers =
    getComputedStyle(element)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number) ?? [];
  const [red = 238, green = 238, blue = 238, alpha = 1] = numbers;
  return alpha < 1 ? 128 : Math.round(0.3 * red + 0.59 * green + 0.11 * blue);
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
  #drawer;
  #timeline;
  #stage;
  #closer;
  #inspection;
  #hover;
  #overlay;
  #legend = makeLegend();
  /** @type {Status | null} */
  #status = null;
  #deeds;
  #hands;
  #fitting;
  #onScreen = false;
  #listeners = new AbortController();
  /** @type {IntersectionObserver | null} */
  #observer = null;

  /** @param {ViewEvents} events @param {number} width @param {number} height */
  constructor(events, width, height) {
    this.#events = events;
    const { signal } = this.#listeners;
    this.#toolbar = makeToolbar({
      control: events.control,
      tone: events.tone,
      save: () => this.#deeds.act("save"),
      settings: () => this.#deeds.act("settings"),
      help: () => this.#deeds.act("help"),
    });
    this.#drawer = makeDrawer(
      {
        act: (deed) => this.#deeds.act(deed),
        tone: events.tone,
        render: events.render,
        values: events.values,
        record: events.record,
        fitWidth: (fit) => this.#fitting.set(fit),
        file: (kind) => this.#deeds.makeFile(kind),
      },
      signal,
    );
    this.#timeline = makeTimeline(events.time, signal);
    this.#canvas = make("canvas", "raywidget-canvas", { role: "img", "aria-label": "Rendering" });
    // Without `willReadFrequently` each putImageData goes through the GPU: 50 times slower for
    // tiles. An opaque canvas gives back exactly the bytes that were put.
    this.#context = this.#canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    this.#error = make("pre", "raywidget-error", { role: "alert" });
    this.#error.hidden = true;
    const help = makeHelp(() => this.#deeds.showHelp(false), signal);
    const inspector = makeInspector(() => this.#inspection.close(), signal);
    const compare = makeCompare(signal);
    const hint = make("div", "raywidget-hint", { "aria-hidden": "true" }, HINT);
    hint.hidden = true;

    const layers = make("div", "raywidget-layers", {}, this.#canvas, compare.canvas);
    this.#stage = make("div", "raywidget-stage", {
      ...OWN_KEYS,
      role: "application",
      tabindex: "0",
      "aria-label": `${PICTURE}: ${KEYS_HINT}`,
    });
    this.#closer = new Closer(this.#stage, layers, events.read, () => {
      region.place();
      this.#overlay.show();
      this.#inspection.place();
    });
    const region = new Region(this.#closer);
    this.#overlay = new Overlay(this.#closer, events, signal);
    this.#stage.append(layers, this.#overlay.element, region.element, inspector.mark, compare.line);
    this.#hover = new Hover(this.#closer, events);
    this.#stage.append(this.#closer.readout, hint, this.#hover.element);
    const over = make("div", "raywidget-over", {}, this.#stage, help, this.#error);
    this.element = make("div", "raywidget");
    this.element.append(over, this.#legend.element, this.#toolbar.element);
    this.element.append(this.#timeline.element, inspector.element, this.#drawer.element);
    this.#inspection = new Inspection(this.element, this.#closer, inspector, events);
    this.#fitting = new Fitting(this.element, () => this.#closer.picture, events.render);
    this.#deeds = new Deeds(
      {
        element: this.element,
        stage: this.#stage,
        canvas: this.#canvas,
        toolbar: this.#toolbar,
        drawer: this.#drawer,
        closer: this.#closer,
        overlay: this.#overlay,
        timeline: this.#timeline,
        inspection: this.#inspection,
        ...{ help, compare, region, hint },
        flush: () => events.flush(this),
      },
      events,
      signal,
    );
    this.#hands = new Hands(
      this.#stage,
      {
        camera: events.camera,
        region,
        size: () => this.#closer.stage,
        closer: () => this.#closer.on,
        chooseRegion: (rect) => this.#deeds.chooseRegion(rect),
        shift: (x, y) => this.#closer.shift(x, y),
        zoom: (factor, at) => this.#closer.zoom(factor, at),
        point: (at) => this.#closer.point(at),
        hover: (at) => this.#hover.point(at),
        click: (at) => this.#deeds.inspect(at),
        doubleClick: (at) => this.#deeds.lookAt(at),
        act: (deed) => this.#deeds.act(deed),
        leave: () => this.#deeds.leave(),
        passed: () => this.#deeds.hint(),
      },
      signal,
    );
    this.element.addEventListener("keydown", (event) => this.#hands.escape(event), { signal });
    this.#stage.addEventListener("focus", () => this.#deeds.take(), { signal });
    inspector.element.addEventListener("click", (event) => this.#through(event), { signal });
    this.#deeds.showOpen();
    this.resize(width, height);
  }

  /** A click on the card means what lies below it, unless it was to mark text. @param {MouseEvent} event */
  #through({ target, clientX, clientY }) {
    const onButton = target instanceof Element && target.closest("button") !== null;
    const { left, top, width, height, scale } = measure(this.#stage);
    const [x, y] = [(clientX - left) / scale, (clientY - top) / scale];
    const inside = x >= 0 && x < width && y >= 0 && y < height;
    if (onButton || !inside || getSelection()?.isCollapsed === false) return;
    this.#deeds.inspect({ x, y });
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
    this.#events.paper(greyOf(this.#stage));
    this.#look();
  }

  #look() {
    const visible = this.#onScreen && document.visibilityState === "visible";
    if (visible === this.visible) return;
    this.visible = visible;
    this.#events.visibility();
  }

  // --- What the session tells it -----------------------------------------------------------------

  /** @param {number} width @param {number} height in pixels of the picture */
  resize(width, height) {
    this.#closer.picture = { width, height };
    this.#fitting.show();
    this.element.style.setProperty("--raywidget-tall", String(height / width));
    // Setting a canvas's size clears it, even to the size that it has.
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#closer.showWhole();
  }

  /** @param {Image} image @param {import("../pixels/pixels.js").Rect} rect */
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
    dataset.coarse = String(status.coarse);
    if (!behind) {
      dataset.painted = String(status.tiles);
      dataset.paintedCoarse = String(status.coarse);
    }
    const failed = status.phase === "failed";
    this.#error.hidden = !failed;
    const message = failed ? (status.message ?? "The render failed.") : "";
    if (this.#error.textContent !== message) this.#error.textContent = message;
    this.#toolbar.update(status);
    this.#status = status;
    this.#showLegend();
    const alone = status.phase === "saved" || status.phase === "gone";
    this.#deeds.alone = alone;
    this.element.toggleAttribute("data-alone", alone);
    this.#stage.setAttribute("aria-label", alone ? PICTURE : `${PICTURE}: ${KEYS_HINT}`);
    dataset.camera = this.#events.camera.moving() ? "moves" : "rests";
    this.#inspection.follow(status);
    this.#hover.follow(status);
    this.#overlay.follow(status);
  }

  #showLegend() {
    const { exposure, channel } = this.#deeds.tone;
    this.#legend.show({ channel, exposure, spp: this.#status?.spp ?? 0 });
  }

  /**
   * @param {string} curve
   * @param {number} exposure in stops
   * @param {string} channel
   * @param {boolean} denoise
   */
  showTone(curve, exposure, channel, denoise) {
    this.#deeds.tone = { curve, exposure, channel, denoise };
    this.#toolbar.showTone(curve, exposure);
    this.#toolbar.showDenoise(denoise);
    this.#drawer.showChannel(channel);
    this.#showLegend();
  }

  /**
   * What stands over the picture, and what may be chosen of it.
   *
   * @param {unknown} description
   * @param {Pose | null} kept
   * @param {ValueChange[]} waiting what was chosen and is not in it yet
   */
  describe(description, kept, waiting) {
    this.#overlay.describe(description, kept);
    this.#deeds.hasValues = this.#drawer.showValues(description, waiting);
  }

  /** Which of its times is shown. @param {unknown} times @param {unknown} head */
  showTime(times, head) {
    this.#timeline.show(times, head);
  }

  /** How far a film is. @param {unknown} recording @param {boolean} times are there several? */
  showFilm(recording, times) {
    this.#drawer.showFilm(recording, times);
  }

  /** @param {RenderState} state */
  showRender(state) {
    this.#drawer.showRender(state);
    this.#deeds.cutOut = state.alpha;
  }

  destroy() {
    this.#observer?.disconnect();
    this.#fitting.close();
    this.#inspection.close();
    this.#hover.close();
    this.#hands.release();
    this.#listeners.abort();
    this.#toolbar.destroy();
    this.element.remove();
    this.visible = false;
  }
}
