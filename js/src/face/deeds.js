/**
 * What a view does: each deed of keys, buttons and hands, with what it shows in answer.
 *
 * @import { Deed } from "../hand/keys.js"
 * @import { Pose } from "../hand/orbit.js"
 * @import { Pixel, Stage } from "../wire/protocol.js"
 * @import { Closer, Place } from "./closer.js"
 * @import { makeCompare } from "./compare.js"
 * @import { makeDrawer } from "./drawer.js"
 * @import { Inspection } from "./inspection.js"
 * @import { Overlay } from "./overlay.js"
 * @import { makeHelp } from "./panels.js"
 * @import { Region } from "./region.js"
 * @import { makeTimeline } from "./timeline.js"
 * @import { Toolbar } from "./toolbar.js"
 * @import { ViewEvents } from "./view.js"
 *
 * @typedef {object} Face what a view consists of
 * @property {HTMLElement} element
 * @property {HTMLElement} stage
 * @property {HTMLCanvasElement} canvas
 * @property {Toolbar} toolbar
 * @property {ReturnType<typeof makeDrawer>} drawer
 * @property {ReturnType<typeof makeHelp>} help
 * @property {Inspection} inspection
 * @property {ReturnType<typeof makeCompare>} compare
 * @property {Region} region
 * @property {Closer} closer
 * @property {Overlay} overlay
 * @property {ReturnType<typeof makeTimeline>} timeline
 * @property {HTMLElement} hint
 * @property {() => void} flush paint all that has come
 *
 * @typedef {Omit<ViewEvents, "flush" | "visibility" | "paper" | "read">} Wishes
 */

import { ALONE } from "../hand/keys.js";
import * as orbit from "../hand/orbit.js";
import { CHANNEL_NAMES, CURVE_NAMES } from "../pixels/tonemap.js";

const FILE_NAME = "raywidget.png";

/** How long a browser may take to read a file that it downloads, in ms. */
const DOWNLOAD_TIME = 60_000;

/** How long a hint is to be read, in ms. */
const HINT = 2500;

/** How long to wait for the kernel's word on where to look from, in ms. */
const PATIENCE = 2000;

const TURN = Math.PI / 36;
const PAN = 0.06;
const STEP = 1.15;

/** @param {Blob} blob @param {string} name */
function download(blob, name) {
  const link = document.createElement("a");
  link.download = name;
  link.href = URL.createObjectURL(blob);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), DOWNLOAD_TIME);
}

/** @template T @param {readonly T[]} list @param {T} item */
const after = (list, item) => list[(list.indexOf(item) + 1) % list.length];

export class Deeds {
  tone = { curve: "srgb", exposure: 0, channel: "color", denoise: false };
  /** Is there a shape that shows values? */
  hasValues = false;
  /** Is there no kernel that could do anything? */
  alone = false;
  /** Is what the canvas shows over a checkerboard cut out? */
  cutOut = false;

  #face;
  #wishes;
  #signal;
  #taken = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hinting;
  /** Gives up the question from where to look, if one is open. */
  #giveUp = () => {};
  /** @type {{pose: Pose, wanted: Pose} | null} the view of everything that was looked at last */
  #nearer = null;

  /** @param {Face} face @param {Wishes} wishes @param {AbortSignal} signal of the view's end */
  constructor(face, wishes, signal) {
    this.#face = face;
    this.#wishes = wishes;
    this.#signal = signal;
  }

  /** @param {Deed} deed */
  act(deed) {
    if (this.alone && !ALONE.has(deed)) return;
    const { tone, control } = this.#wishes;
    const { toolbar } = this.#face;
    const { curve, exposure, channel } = this.tone;
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
      fit: () => this.#see((stage) => orbit.fit(stage, stage, this.#aspect)),
      front: () => this.#view("front"),
      back: () => this.#view("back"),
      sideRight: () => this.#view("right"),
      sideLeft: () => this.#view("left"),
      top: () => this.#view("top"),
      bottom: () => this.#view("bottom"),
      copy: () => this.#copyCamera(),
      toggle: () => toolbar.toggle(),
      restart: () => control("restart"),
      more: () => toolbar.more(),
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
            CHANNEL_NAMES.map(([name]) => name).filter(
              (name) => name !== "value" || this.hasValues,
            ),
            channel,
          ),
        }),
      denoise: () => tone({ denoise: !this.tone.denoise }),
      play: () => this.#face.timeline.toggle(),
      before: () => this.#face.timeline.step(-1),
      after: () => this.#face.timeline.step(1),
      pixels: () => this.#togglePixels(),
      region: () => this.#toggleRegion(),
      compare: () => this.#toggleCompare(),
      save: () => this.#save(),
      settings: () => {
        const { element } = this.#face.drawer;
        element.hidden = !element.hidden;
        this.showOpen();
      },
      help: () => this.showHelp(Boolean(this.#face.help.hidden)),
      leave: () => this.leave(),
    };
    deeds[deed]();
  }

  /** Close what is open, the newest first; false if there was nothing. */
  leave() {
    const { help, region, inspection, closer, compare } = this.#face;
    if (!help.hidden) this.showHelp(false);
    else if (region.choosing) this.#toggleRegion();
    else if (inspection.open) inspection.close();
    else if (closer.on) this.#togglePixels();
    else if (compare.on) this.#toggleCompare();
    else return false;
    return true;
  }

  showOpen() {
    const { element, drawer, toolbar, help, closer, compare, region } = this.#face;
    const settings = !drawer.element.hidden;
    element.dataset.settings = settings ? "open" : "closed";
    toolbar.showOpen({ settings, help: !help.hidden });
    drawer.showPressed({
      pixels: closer.on,
      compare: compare.on,
      region: region.choosing || region.chosen,
    });
  }

  /** @param {boolean} open */
  showHelp(open) {
    const { help, stage } = this.#face;
    help.hidden = !open;
    this.showOpen();
    (open ? help : stage).focus({ preventScroll: true });
  }

  /** @param {"exr" | "npz" | "png" | "film"} kind */
  makeFile(kind) {
    const { toolbar } = this.#face;
    toolbar.say(kind === "film" ? "fetching the film…" : `making ${kind.toUpperCase()}…`);
    this.#wishes.file(kind, (message, file) => {
      if (file !== undefined) this.#finish(kind, file.blob).then((b) => download(b, file.name));
      toolbar.say(message);
    });
  }

  #save() {
    // The canvas has no alpha: the kernel does.
    if (this.cutOut && !this.alone) return this.makeFile("png");
    this.#face.flush();
    const { canvas, overlay } = this.#face;
    const keep = (/** @type {Blob | null} */ blob) => {
      if (blob !== null) download(blob, FILE_NAME);
    };
    if (overlay.empty) canvas.toBlob(keep, "image/png");
    else overlay.over(canvas, canvas).then(keep);
  }

  /** What has been made, with what stands over the picture where that is seen. @param {string} kind @param {Blob} blob */
  async #finish(kind, blob) {
    const { overlay } = this.#face;
    if (kind !== "png" || overlay.empty) return blob;
    const picture = await createImageBitmap(blob);
    return (await overlay.over(picture, picture)) ?? blob;
  }

  // --- The camera --------------------------------------------------------------------------------

  /**
   * Look from there, or from nearer: where walls would be in the way, the kernel knows from where
   * there is something to be seen. A kernel that is busy is not waited for.
   *
   * @param {(pose: Stage) => Pose} change
   */
  #see(change) {
    const { camera, findVantage } = this.#wishes;
    const stage = camera.get();
    if (stage === null) return;
    this.#giveUp();
    // Who came nearer because of a wall or a lamp is as far away as before in the next view.
    const near = this.#nearer !== null && orbit.same(this.#nearer.pose, stage);
    const { look_from, vfov } = near && this.#nearer ? this.#nearer.wanted : stage;
    const from = { ...stage, look_from, vfov };
    const [wanted, free] = [change(from), change({ ...from, lamps: [] })];
    const answered = (
      /** @type {Pose["look_from"]} */ look_from,
      /** @type {number | null} */ vfov = null,
    ) => {
      this.#giveUp();
      if (this.#signal.aborted) return;
      const pose = { ...wanted, look_from, vfov: vfov ?? wanted.vfov };
      this.#nearer = { pose, wanted: free };
      this.#turn(() => pose);
    };
    const forget = findVantage(wanted, answered);
    const timer = setTimeout(() => answered(wanted.look_from), PATIENCE);
    this.#giveUp = () => {
      forget();
      clearTimeout(timer);
      this.#giveUp = () => {};
    };
  }

  /** @param {Parameters<typeof orbit.side>[1]} from */
  #view(from) {
    this.#see((stage) => orbit.view(stage, from, stage, this.#aspect));
  }

  get #aspect() {
    const { width, height } = this.#face.closer.picture;
    return width / height;
  }

  /** @param {(pose: Stage) => Pose} change */
  #turn(change) {
    this.#giveUp();
    const { camera } = this.#wishes;
    const stage = camera.get();
    if (stage === null) return;
    camera.move(change(stage));
    camera.hold(false);
  }

  /** @param {(pose: Pose) => Pose} change for a key that repeats while it is held */
  #step(change) {
    this.#giveUp();
    const { camera } = this.#wishes;
    const stage = camera.get();
    if (stage !== null) camera.move(change(stage));
  }

  #copyCamera() {
    const stage = this.#wishes.camera.get();
    if (stage === null) return;
    const { toolbar } = this.#face;
    const { width, height } = this.#face.closer.picture;
    const text = orbit.python(stage, width / height);
    const say = () => toolbar.say("camera copied");
    const show = () => toolbar.say(text);
    // Pages that are not served safely have no clipboard: the line is shown, to be copied by hand.
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(say, show);
    else show();
  }

  // --- What is there -----------------------------------------------------------------------------

  /** @param {Place} at */
  inspect(at) {
    if (!this.alone) this.#face.inspection.ask(at);
  }

  /** @param {Place} at */
  lookAt(at) {
    if (this.alone) return;
    const { closer, inspection } = this.#face;
    const { x, y } = closer.pixelAt(at);
    inspection.close();
    const turn = (/** @type {Pixel} */ { hit }) => {
      if (hit !== null && !this.#signal.aborted)
        this.#turn((pose) => orbit.center(pose, hit.point));
    };
    this.#wishes.probe(x, y, turn, true);
  }

  /** The wheel scrolls the page until the picture is in hand: say so, until it once was. */
  hint() {
    if (this.#taken || this.alone) return;
    const { hint } = this.#face;
    hint.hidden = false;
    clearTimeout(this.#hinting);
    this.#hinting = setTimeout(() => {
      hint.hidden = true;
    }, HINT);
  }

  /** It is in hand. */
  take() {
    this.#taken = true;
    this.#face.hint.hidden = true;
  }

  #togglePixels() {
    const { closer, element } = this.#face;
    closer.toggle();
    element.dataset.tool = closer.on ? "pixels" : "";
    this.showOpen();
  }

  #toggleCompare() {
    const { compare, canvas, flush } = this.#face;
    if (compare.on) compare.drop();
    else {
      flush();
      compare.keep(canvas);
    }
    this.showOpen();
  }

  // --- A region ----------------------------------------------------------------------------------

  #toggleRegion() {
    const { region, toolbar, element } = this.#face;
    if (region.chosen) {
      region.clear();
      this.#wishes.render({ region: null });
    } else if (region.choosing) {
      region.cancel();
    } else {
      region.choose();
      toolbar.say("drag a rectangle: it is refined first");
    }
    element.dataset.tool = region.choosing ? "region" : "";
    this.showOpen();
  }

  /** @param {[number, number, number, number] | null} region */
  chooseRegion(region) {
    if (region !== null) this.#wishes.render({ region });
    this.#face.element.dataset.tool = "";
    this.showOpen();
  }
}
