/**
 * One view of a widget: a stage with the canvas and what lies over it, the toolbar, the drawer.
 * All that it knows comes from the session; it keeps no pixels of its own but what its canvas shows.
 *
 * @import { Image, Surface } from "../pixels/compositor.js"
 * @import { Deed } from "../hand/keys.js"
 * @import { Pose } from "../hand/orbit.js"
 * @import { Action, Pixel, RenderState, Stage } from "../wire/protocol.js"
 * @import { Status } from "./status.js"
 *
 * @typedef {{exposure?: number, curve?: string, channel?: string}} ToneChange
 *
 * @typedef {object} ViewEvents
 * @property {(action: Action, samples?: number) => void} control
 * @property {(tone: ToneChange) => void} tone
 * @property {() => void} visibility
 * @property {(surface: Surface) => void} flush
 * @property {{get: () => Stage | null, move: (pose: Pose) => void, hold: (held: boolean) => void}} camera
 * @property {(x: number, y: number, answer: (pixel: Pixel) => void) => void} probe
 * @property {(x: number, y: number) => {rgb: number[], spp: number} | null} read
 * @property {(changes: RenderChange) => void} render
 * @property {(grey: number) => void} paper what is shown where nothing has been painted yet
 * @property {(kind: "exr" | "npz", answer: (message: string,
 *   file?: {blob: Blob, name: string}) => void) => void} file
 *
 * @typedef {{integrator?: string, max_depth?: number, width?: number, height?: number,
 *   region?: [number, number, number, number] | null}} RenderChange
 */

import * as orbit from "../hand/orbit.js";
import { move, pixelAt, sideOfPixel, WHOLE, zoomAt } from "../hand/zoom.js";
import { CHANNEL_NAMES, CURVE_NAMES } from "../pixels/tonemap.js";
import { makeCompare } from "./compare.js";
import { make, OWN_KEYS } from "./dom.js";
import { makeDrawer } from "./drawer.js";
import { Hands } from "./hands.js";
import { number } from "./inspector.js";
import { makeHelp, makeInspector } from "./panels.js";
import { Region } from "./region.js";
import { samplesPerPixel } from "./status.js";
import { makeToolbar } from "./toolbar.js";

const FILE_NAME = "raywidget.png";

/** How long a browser may take to read a file that it downloads, in ms. */
const DOWNLOAD_TIME = 60_000;

/** A cell that is being resized is asked for its width when it has rested for this, in ms. */
const RESIZED = 400;

const TURN = Math.PI / 36;
const PAN = 0.06;
const STEP = 1.15;

/** @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_TIME);
}

/** How bright the background of an element is, 0 to 255. @param {HTMLElement} element */
function greyOf(element) {
  const numbers =
    getComputedStyle(element)
      .backgroundColor.match(/[\d.]+/g)
      ?.map(Number) ?? [];
  const [red = 238, green = 238, blue = 238, alpha = 1] = numbers;
  return alpha < 1 ? 128 : Math.round(0.3 * red + 0.59 * green + 0.11 * blue);
}

/** @template T @param {readonly T[]} list @param {T} item */
const after = (list, item) => list[(list.indexOf(item) + 1) % list.length];

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
  #stage;
  #layers;
  #help;
  #inspector;
  #compare;
  #region;
  #readout;
  #hands;
  #closeup = WHOLE;
  #closer = false;
  #tone = { curve: "srgb", exposure: 0, channel: "color" };
  #size = { width: 1, height: 1 };
  #fitting = false;
  #onScreen = false;
  #listeners = new AbortController();
  /** @type {IntersectionObserver | null} */
  #observer = null;
  /** @type {ResizeObserver | null} */
  #resizes = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #resized;

  /** @param {ViewEvents} events @param {number} width @param {number} height */
  constructor(events, width, height) {
    this.#events = events;
    const { signal } = this.#listeners;
    this.#toolbar = makeToolbar({
      control: events.control,
      tone: events.tone,
      save: () => this.#act("save"),
      settings: () => this.#act("settings"),
      help: () => this.#act("help"),
    });
    this.#drawer = makeDrawer(
      {
        act: (deed) => this.#act(deed),
        tone: events.tone,
        render: events.render,
        fitWidth: (fit) => this.#fitWidth(fit),
        file: (kind) => {
          this.#toolbar.say(`making ${kind.toUpperCase()}…`);
          events.file(kind, (message, file) => {
            if (file !== undefined) download(file.blob, file.name);
            this.#toolbar.say(message);
          });
        },
      },
      signal,
    );
    this.#canvas = make("canvas", "raywidget-canvas", { role: "img", "aria-label": "Rendering" });
    // Without `willReadFrequently` each putImageData goes through the GPU: 50 times slower for
    // tiles. An opaque canvas gives back exactly the bytes that were put.
    this.#context = this.#canvas.getContext("2d", { willReadFrequently: true, alpha: false });
    this.#error = make("pre", "raywidget-error", { role: "alert" });
    this.#error.hidden = true;
    this.#help = makeHelp(() => this.#showHelp(false), signal);
    this.#inspector = makeInspector(() => this.#inspector.close(), signal);
    this.#compare = makeCompare(signal);
    this.#region = new Region();
    this.#readout = make("div", "raywidget-readout", { "aria-hidden": "true" });
    this.#readout.hidden = true;

    this.#layers = make("div", "raywidget-layers", {}, this.#canvas, this.#compare.canvas);
    this.#layers.append(this.#inspector.mark, this.#region.element);
    this.#stage = make("div", "raywidget-stage", {
      ...OWN_KEYS,
      role: "application",
      tabindex: "0",
      "aria-label": "Picture: arrow keys turn the camera, question mark lists all keys",
    });
    this.#stage.append(this.#layers, this.#compare.line, this.#readout);
    const over = make("div", "raywidget-over", {}, this.#stage, this.#inspector.element);
    over.append(this.#help, this.#error);
    this.element = make("div", "raywidget");
    this.element.append(over, this.#toolbar.element, this.#drawer.element);
    this.#hands = new Hands(
      this.#stage,
      {
        camera: events.camera,
        region: this.#region,
        size: () => this.#stageSize(),
        closer: () => this.#closer,
        frame: () => this.#regionFrame(),
        chooseRegion: (region) => this.#chooseRegion(region),
        shift: (x, y) => this.#showCloseup(move(this.#closeup, x, y, this.#stageSize())),
        zoom: (factor, at) => this.#zoom(factor, at),
        point: (at) => (at === null ? this.#hideReadout() : this.#showReadout(at)),
        click: (at) => this.#inspect(at),
        doubleClick: (at) => this.#lookAt(at),
        act: (deed) => this.#act(deed),
        leave: () => this.#leave(),
      },
      signal,
    );
    this.element.addEventListener("keydown", (event) => this.#hands.escape(event), { signal });
    this.#showOpen();
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
    this.#size = { width, height };
    if (!this.#fitting) this.element.style.setProperty("--raywidget-width", `${width}px`);
    this.element.style.setProperty("--raywidget-aspect", `${width} / ${height}`);
    // Setting a canvas's size clears it, even to the size that it has.
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#showCloseup(WHOLE);
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
  }

  /** @param {string} curve @param {number} exposure in stops @param {string} channel */
  showTone(curve, exposure, channel) {
    this.#tone = { curve, exposure, channel };
    this.#toolbar.showTone(curve, exposure);
    this.#drawer.showChannel(channel);
  }

  /** @param {RenderState} state */
  showRender(state) {
    this.#drawer.showRender(state);
  }

  destroy() {
    this.#observer?.disconnect();
    this.#resizes?.disconnect();
    clearTimeout(this.#resized);
    this.#hands.release();
    this.#listeners.abort();
    this.#toolbar.destroy();
    this.element.remove();
    this.visible = false;
  }

  #stageSize() {
    const { width, height } = this.#stage.getBoundingClientRect();
    return { width: Math.max(width, 1), height: Math.max(height, 1) };
  }

  // --- Deeds -------------------------------------------------------------------------------------

  /** @param {(pose: Stage) => Pose} change */
  #turn(change) {
    const stage = this.#events.camera.get();
    if (stage === null) return;
    this.#events.camera.move(change(stage));
    this.#events.camera.hold(false);
  }

  /** @param {(pose: Pose) => Pose} change for a key that repeats while it is held */
  #step(change) {
    const stage = this.#events.camera.get();
    if (stage !== null) this.#events.camera.move(change(stage));
  }

  /** @param {Deed} deed */
  #act(deed) {
    const { tone, control } = this.#events;
    const { curve, exposure, channel } = this.#tone;
    /** @type {Record<Deed, () => void>} */
    const deeds = {
      left: () => this.#step((pose) => orbit.orbit(pose, -TURN, 0)),
      right: () => this.#step((pose) => orbit.orbit(pose, TURN, 0)),
      up: () => this.#step((pose) => orbit.orbit(pose, 0, -TURN)),
      down: () => this.#step((pose) => orbit.orbit(pose, 0, TURN)),
      panLeft: () => this.#step((pose) => orbit.pan(pose, -PAN, 0)),
      panRight: () => this.#step((pose) => orbit.pan(pose, PAN, 0)),
      panUp: () => this.#step((pose) => orbit.pan(pose, 0, PAN)),
      panDown: () => this.#step((pose) => orbit.pan(pose, 0, -PAN)),
      nearer: () => this.#step((pose) => orbit.dolly(pose, 1 / STEP)),
      farther: () => this.#step((pose) => orbit.dolly(pose, STEP)),
      home: () => this.#turn((stage) => stage.home),
      fit: () =>
        this.#turn((stage) => orbit.fit(stage, stage, this.#size.width / this.#size.height)),
      front: () => this.#turn((pose) => orbit.side(pose, "front")),
      back: () => this.#turn((pose) => orbit.side(pose, "back")),
      sideRight: () => this.#turn((pose) => orbit.side(pose, "right")),
      sideLeft: () => this.#turn((pose) => orbit.side(pose, "left")),
      top: () => this.#turn((pose) => orbit.side(pose, "top")),
      bottom: () => this.#turn((pose) => orbit.side(pose, "bottom")),
      copy: () => this.#copyCamera(),
      toggle: () => this.#toolbar.toggle(),
      restart: () => control("restart"),
      more: () => this.#toolbar.more(),
      brighter: () => tone({ exposure: Math.min(exposure + 0.25, 64) }),
      darker: () => tone({ exposure: Math.max(exposure - 0.25, -64) }),
      plain: () => tone({ exposure: 0 }),
      curve: () =>
        tone({
          curve: after(
            CURVE_NAMES.map(([name]) => name),
            curve,
          ),
        }),
      channel: () =>
        tone({
          channel: after(
            CHANNEL_NAMES.map(([name]) => name),
            channel,
          ),
        }),
      pixels: () => this.#togglePixels(),
      region: () => this.#toggleRegion(),
      compare: () => this.#toggleCompare(),
      save: () => this.#save(),
      settings: () => {
        this.#drawer.element.hidden = !this.#drawer.element.hidden;
        this.#showOpen();
      },
      help: () => this.#showHelp(Boolean(this.#help.hidden)),
      leave: () => this.#leave(),
    };
    deeds[deed]();
  }

  /** Close what is open, the newest first; false if there was nothing. */
  #leave() {
    if (!this.#help.hidden) this.#showHelp(false);
    else if (this.#region.choosing) this.#toggleRegion();
    else if (!this.#inspector.element.hidden) this.#inspector.close();
    else if (this.#closer) this.#togglePixels();
    else if (this.#compare.on) this.#toggleCompare();
    else return false;
    return true;
  }

  #showOpen() {
    const settings = !this.#drawer.element.hidden;
    this.element.dataset.settings = settings ? "open" : "closed";
    this.#toolbar.showOpen({ settings, help: !this.#help.hidden });
    this.#drawer.showPressed({
      pixels: this.#closer,
      compare: this.#compare.on,
      region: this.#region.choosing || this.#region.chosen,
    });
  }

  /** @param {boolean} open */
  #showHelp(open) {
    this.#help.hidden = !open;
    this.#showOpen();
    (open ? this.#help : this.#stage).focus({ preventScroll: true });
  }

  #save() {
    this.#events.flush(this);
    this.#canvas.toBlob((blob) => {
      if (blob !== null) download(blob, FILE_NAME);
    }, "image/png");
  }

  #copyCamera() {
    const stage = this.#events.camera.get();
    if (stage === null) return;
    const text = orbit.python(stage);
    const say = () => this.#toolbar.say("camera copied");
    const show = () => this.#toolbar.say(text);
    // Pages that are not served safely have no clipboard: the line is shown, to be copied by hand.
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(say, show);
    else show();
  }

  // --- What is there -----------------------------------------------------------------------------

  /** @param {{x: number, y: number}} at in the stage */
  #pixelAt(at) {
    return pixelAt(this.#closeup, at, this.#stageSize(), this.#size);
  }

  /** @param {{x: number, y: number}} at */
  #inspect(at) {
    const { x, y } = this.#pixelAt(at);
    const { mark } = this.#inspector;
    mark.style.left = `${(100 * (x + 0.5)) / this.#size.width}%`;
    mark.style.top = `${(100 * (y + 0.5)) / this.#size.height}%`;
    mark.hidden = false;
    this.element.dataset.inspector = at.x < this.#stageSize().width / 2 ? "right" : "left";
    this.#events.probe(x, y, (pixel) => {
      if (!this.#listeners.signal.aborted) this.#inspector.show(pixel);
    });
  }

  /** @param {{x: number, y: number}} at */
  #lookAt(at) {
    const { x, y } = this.#pixelAt(at);
    this.#events.probe(x, y, ({ hit }) => {
      if (hit === null) return;
      this.#inspector.close();
      this.#turn((pose) => orbit.center(pose, hit.point));
    });
  }

  /** @param {{x: number, y: number}} at */
  #showReadout(at) {
    if (!this.#closer) return this.#hideReadout();
    const { x, y } = this.#pixelAt(at);
    const value = this.#events.read(x, y);
    this.#readout.hidden = value === null;
    if (value === null) return;
    const text = `${x}, ${y} · ${value.rgb.map(number).join("  ")} · ${value.spp} spp`;
    this.#readout.textContent = text;
  }

  #hideReadout() {
    this.#readout.hidden = true;
  }

  // --- Looking closer ----------------------------------------------------------------------------

  #togglePixels() {
    this.#closer = !this.#closer;
    if (!this.#closer) {
      this.#showCloseup(WHOLE);
      this.#hideReadout();
    } else {
      const { width, height } = this.#stageSize();
      this.#zoom(4, { x: width / 2, y: height / 2 });
    }
    this.element.dataset.tool = this.#closer ? "pixels" : "";
    this.#showOpen();
  }

  /** @param {number} factor @param {{x: number, y: number}} at */
  #zoom(factor, at) {
    this.#showCloseup(zoomAt(this.#closeup, factor, at, this.#stageSize(), this.#size));
    this.#showReadout(at);
  }

  /** @param {import("../hand/zoom.js").Closeup} closeup */
  #showCloseup(closeup) {
    this.#closeup = closeup;
    const { zoom, x, y } = closeup;
    this.#layers.style.transform = zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
    const side = zoom === 1 ? 1 : sideOfPixel(closeup, this.#stageSize(), this.#size);
    // Smooth where the page scales: a picture shrunk by dropping pixels would look noisier.
    this.#layers.style.imageRendering = side > 1.5 ? "pixelated" : "auto";
  }

  #toggleCompare() {
    if (this.#compare.on) this.#compare.drop();
    else {
      this.#events.flush(this);
      this.#compare.keep(this.#canvas);
    }
    this.#showOpen();
  }

  // --- Region and size ---------------------------------------------------------------------------

  #regionFrame() {
    return { closeup: this.#closeup, stage: this.#stageSize(), picture: this.#size };
  }

  #toggleRegion() {
    if (this.#region.chosen) {
      this.#region.clear();
      this.#events.render({ region: null });
    } else if (this.#region.choosing) {
      this.#region.cancel();
    } else {
      this.#region.choose();
      this.#toolbar.say("drag a rectangle: it is refined first");
    }
    this.element.dataset.tool = this.#region.choosing ? "region" : "";
    this.#showOpen();
  }

  /** @param {[number, number, number, number] | null} region */
  #chooseRegion(region) {
    if (region !== null) this.#events.render({ region });
    this.element.dataset.tool = "";
    this.#showOpen();
  }

  /** @param {boolean} fit */
  #fitWidth(fit) {
    this.#fitting = fit;
    this.#resizes?.disconnect();
    clearTimeout(this.#resized);
    const { style } = this.element;
    if (!fit) {
      style.setProperty("--raywidget-width", `${this.#size.width}px`);
      return;
    }
    style.setProperty("--raywidget-width", "100%");
    this.#resizes = new ResizeObserver(() => {
      clearTimeout(this.#resized);
      this.#resized = setTimeout(() => this.#askForWidth(), RESIZED);
    });
    this.#resizes.observe(this.element);
  }

  #askForWidth() {
    const dense = Math.min(window.devicePixelRatio || 1, 4);
    const { width, height } = this.#size;
    const wide = Math.round(Math.min(this.element.clientWidth * dense, 4096));
    // Less than a few pixels of a change aren't worth a new picture.
    if (wide < 16 || Math.abs(wide - width) < 8) return;
    this.#events.render({ width: wide, height: Math.max(1, Math.round((wide * height) / width)) });
  }
}
