/**
 * All that a page knows of one widget: the conversation with its kernel, the pixels, the views.
 *
 * @import { AnyModel } from "@anywidget/types"
 * @import { Surface } from "./pixels/compositor.js"
 * @import { Action, BrowserMessage, KernelMessage, Progress, RenderState } from "./wire/protocol.js"
 * @import { Phase, Status } from "./face/status.js"
 *
 * @typedef {{width: number, height: number, exposure: number, curve: string, channel: string, denoise: boolean, status: string,
 *   _key: string, _times?: unknown, _timeline?: unknown, _recording?: unknown, _snapshot?: DataView, _overlay?: {pose?: unknown}}} Traits
 * @typedef {AnyModel<Traits>} Model
 */

import { StillCover } from "./face/static_image.js";
import { View } from "./face/view.js";
import { Camera } from "./hand/camera.js";
import { Compositor } from "./pixels/compositor.js";
import { PixelStore } from "./pixels/pixels.js";
import { Changes } from "./wire/changes.js";
import { Connection } from "./wire/connection.js";
import { ANSWER, Hearing } from "./wire/hearing.js";
import { control, readPose, readSnapshot } from "./wire/protocol.js";
import { Questions } from "./wire/questions.js";

/** With no word from the kernel for so long, the page says that it is waiting, in ms. */
const PATIENCE = 3000;

/** @type {ReadonlySet<Phase>} the render is not at work */
const RESTING = new Set(/** @type {Phase[]} */ (["paused", "done", "stopped", "failed"]));

/** @type {ReadonlySet<Phase>} before the first word of a kernel */
const UNHEARD = new Set(/** @type {Phase[]} */ (["connecting", "waiting", "saved"]));

/** A slider moves faster than a kernel needs to know, in ms. */
const SAVE_EVERY = 100;

/** The most stops that exposure is taken for; far beyond, powers of two overflow. */
const MOST_STOPS = 64;

/**
 * A callback that hosts may call: what goes wrong in it stays in it.
 *
 * @template {unknown[]} A
 * @param {(...args: A) => void} callback
 * @returns {(...args: A) => void}
 */
export function guard(callback) {
  return (...args) => {
    try {
      callback(...args);
    } catch (error) {
      console.warn("[raywidget]", error);
    }
  };
}

/** A random positive integer that JSON keeps. */
function randomClient() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high % 2 ** 20) * 2 ** 32 + low + 1;
}

/** @type {import("./pixels/compositor.js").Host} */
const BROWSER = {
  requestFrame: (callback) => requestAnimationFrame(guard(callback)),
  cancelFrame: (handle) => cancelAnimationFrame(handle),
  now: () => performance.now(),
  createImage: (width, height) => new ImageData(width, height),
};

export class Session {
  closed = false;

  #model;
  #connection = new Connection(randomClient());
  #camera = new Camera(this.#connection.client);
  #changes = new Changes(this.#connection.client);
  #store = new PixelStore();
  #compositor;
  /** @type {Set<View>} */
  #views = new Set();
  /** @type {Phase} */
  #phase = "connecting";
  /** @type {string | null} */
  #message = null;
  /** @type {Progress | null} */
  #progress = null;
  /** Is what is seen a guess, and no measurement? */
  #denoised = false;
  #spp = 0;
  #tiles = 0;
  /** Is there no kernel any more? */
  #lost = false;
  /** Is the picture on show the one that was kept in the widget's state? */
  #kept = false;
  #hearing = new Hearing();
  #coarse = 0;
  /** @type {RenderState | null} */
  #render = null;
  #questions;
  #cover;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #wake;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #save;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patience;
  /** @type {[string, (...args: any[]) => void][]} */
  #listeners;

  /** @param {Model} model */
  constructor(model) {
    this.#model = model;
    this.#questions = new Questions(this.#connection.client, (message) => this.#send(message));
    this.#compositor = new Compositor(this.#store, {
      ...BROWSER,
      requestFrame: (callback) =>
        BROWSER.requestFrame(() => {
          callback();
          this.#show();
        }),
    });
    this.#listeners = [
      ["msg:custom", guard((content, buffers) => this.#receive(content, buffers))],
      ["change:exposure", guard(() => this.#applyTone())],
      ["change:curve", guard(() => this.#applyTone())],
      ["change:channel", guard(() => this.#applyTone())],
      ["change:_overlay", guard(() => this.#describe())],
      ["change:_times", guard(() => this.#showMotion())],
      ["change:_timeline", guard(() => this.#showMotion())],
      ["change:_recording", guard(() => this.#showMotion())],
      ["change:denoise", guard(() => this.#applyTone())],
      ["comm_live_update", guard(() => this.#connect())],
    ];
    for (const [name, listener] of this.#listeners) model.on(name, listener);
    const status = model.get("status");
    if (status === "done" || status === "stopped") this.#phase = status;
    this.#cover = new StillCover(String(model.get("_key") ?? ""), () =>
      [...this.#views].map(({ element }) => element),
    );
    this.#applyTone();
    this.#restore();
    this.#connect();
  }

  /** Show the picture in the widget's state, until a kernel sends another. */
  #restore() {
    const tile = readSnapshot(this.#model.get("_snapshot"));
    if (tile === null || !this.#store.restore(tile)) return;
    this.#kept = true;
    this.#tiles++;
    this.#compositor.invalidateAll();
  }

  /** Say hello, at the start and whenever the comm may have come back, or gone. */
  #connect() {
    // Most hosts hide this property; there, a dead comm shows when the hello throws.
    const { comm_live: live } = /** @type {{comm_live?: unknown}} */ (this.#model);
    if (live === false) return this.#lose();
    if (this.#lost) this.#phase = "connecting";
    this.#lost = false;
    this.#connection.start(performance.now());
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      if (this.#connection.welcomed || (this.#phase !== "connecting" && !this.#kept)) return;
      // Without a kernel, hosts take messages and say nothing; but a busy one is as silent.
      this.#phase = this.#kept ? "saved" : "waiting";
      this.#show();
    }, PATIENCE);
    this.#talk();
    this.#show();
  }

  /** Send what is due, and set the clock for what will be. */
  #talk() {
    clearTimeout(this.#wake);
    if (this.closed) return;
    for (const message of this.#connection.poll(performance.now())) this.#send(message);
    const move = this.#camera.poll(performance.now());
    if (move !== null) this.#send(move);
    const wakeAt = Math.min(this.#connection.wakeAt, this.#camera.wakeAt);
    if (this.#lost || wakeAt === Infinity) return;
    this.#wake = setTimeout(
      guard(() => this.#talk()),
      Math.max(wakeAt - performance.now(), 1),
    );
  }

  /** @param {BrowserMessage} message */
  #send(message) {
    if (this.#lost) return;
    try {
      this.#model.send(message);
    } catch {
      this.#lose();
    }
  }

  #lose() {
    this.#lost = true;
    this.#phase = this.#kept ? "saved" : "gone";
    this.#connection.stop();
    this.#changes.forget();
    this.#show();
  }

  /** @param {unknown} content @param {unknown} buffers */
  #receive(content, buffers) {
    if (this.closed) return;
    const epoch = this.#connection.epoch;
    const message = this.#connection.receive(content, buffers, performance.now());
    if (epoch !== null && epoch !== this.#connection.epoch) {
      this.#store.forget();
      this.#changes.forget();
    }
    if (message !== null) {
      if (this.#lost) this.#connect();
      this.#act(message);
    }
    this.#talk();
    this.#show();
  }

  /** @param {KernelMessage} message */
  #act(message) {
    this.#hearing.heard(message);
    switch (message.k) {
      case "welcome":
        break;
      case "begin":
        // The same generation again may change the goal alone.
        this.#spp = message.spp;
        if (message.generation > this.#store.generation) this.#progress = null;
        // What was told of the render before this one is not true of it; its own state follows.
        if (this.#connection.state === null && RESTING.has(this.#phase)) this.#phase = "running";
        if (this.#store.begin(message)) this.#compositor.invalidateAll();
        this.#kept = false;
        this.#compositor.setGoal(message.spp);
        if (message.stage !== null) this.#camera.adopt(message.stage, performance.now());
        if (message.render !== null) {
          this.#render = message.render;
          for (const view of this.#views) view.showRender(message.render);
        }
        break;
      case "coarse":
        this.#camera.answered(message.client, message.number);
        if (!this.#store.lay(message)) break;
        this.#coarse++;
        this.#denoised = message.denoised;
        this.#compositor.invalidateAll();
        break;
      case "pixel":
        this.#questions.pixel(message);
        break;
      case "vantage":
        this.#questions.vantage(message);
        break;
      case "file":
        this.#questions.file(message);
        break;
      case "tiles":
        this.#learn(message.progress);
        // A busy kernel may not have heard that its state is asked for.
        if (UNHEARD.has(this.#phase)) this.#phase = "running";
        for (const tile of message.tiles) {
          const applied = this.#store.apply(message.generation, tile, message.seq);
          if (applied === "late") continue;
          this.#tiles++;
          if (applied === "shown") this.#compositor.invalidate(tile);
          if (applied === "swapped") this.#compositor.invalidateAll();
        }
        break;
      case "state":
        this.#phase = message.state;
        this.#message = message.message;
        this.#learn(message.progress);
        break;
    }
  }

  /** @param {import("./wire/protocol.js").Progress | null} progress */
  #learn(progress) {
    if (progress === null) return;
    this.#progress = progress;
    this.#denoised = progress.denoised === true;
  }

  /**
   * Does the kernel run a cell, and hear nothing until that has ended? Then tiles come though the
   * page was never welcomed, or the user gets no answer.
   */
  get #isUnheard() {
    if (this.#lost) return false;
    if (!this.#connection.welcomed) return this.#tiles > 0 && this.#phase === "running";
    return this.#hearing.isDeaf(performance.now());
  }

  /** @param {Action} action @param {number} [samples] */
  #control(action, samples) {
    this.#hearing.ask(performance.now());
    clearTimeout(this.#asking);
    this.#asking = setTimeout(
      guard(() => this.#show()),
      ANSWER + 1,
    );
    this.#send(control(this.#connection.client, action, samples));
  }

  /** @returns {Status} */
  get status() {
    const { front } = this.#store;
    return {
      phase: this.#phase,
      message: this.#message,
      progress: this.#progress,
      denoised: this.#denoised,
      spp: this.#spp,
      pixels: front === null ? 0 : front.width * front.height,
      generation: front?.generation ?? 0,
      tiles: this.#tiles,
      coarse: this.#coarse,
      unheard: this.#isUnheard,
    };
  }

  #show() {
    const { status } = this;
    for (const view of this.#views) view.update(status, this.#compositor.isBehind(view));
  }

  #applyTone() {
    const exposure = Number(this.#model.get("exposure"));
    const stops = Math.max(-MOST_STOPS, Math.min(exposure, MOST_STOPS));
    const tone = /** @type {const} */ ([
      String(this.#model.get("curve") ?? "srgb"),
      Number.isNaN(stops) ? 0 : stops,
      String(this.#model.get("channel") ?? "color"),
    ]);
    this.#compositor.setTone(...tone);
    const denoise = this.#model.get("denoise") === true;
    for (const view of this.#views) view.showTone(...tone, denoise);
  }

  /** @param {{exposure?: number, curve?: string, channel?: string, denoise?: boolean}} tone as the user has set it in one of the views */
  #setTone(tone) {
    if (tone.exposure !== undefined) this.#model.set("exposure", tone.exposure);
    if (tone.curve !== undefined) this.#model.set("curve", tone.curve);
    if (tone.channel !== undefined) this.#model.set("channel", tone.channel);
    if (tone.denoise !== undefined) this.#model.set("denoise", tone.denoise);
    this.#applyTone();
    this.#save ??= setTimeout(
      guard(() => this.#saveTone()),
      SAVE_EVERY,
    );
  }

  /** The kernel learns what has been set here. */
  #saveTone() {
    if (this.#save === undefined) return;
    clearTimeout(this.#save);
    this.#save = undefined;
    this.#model.save_changes();
  }

  #describe() {
    const overlay = this.#model.get("_overlay");
    const kept = readPose(overlay?.pose);
    this.#changes.hear(overlay);
    for (const view of this.#views) view.describe(overlay, kept, this.#changes.waiting);
    this.#show();
  }

  /** Which time is shown, and how far a film is. */
  #showMotion() {
    const times = this.#model.get("_times");
    const several = Array.isArray(times) && times.length > 1;
    for (const view of this.#views) {
      view.showTime(times, this.#model.get("_timeline"));
      view.showFilm(this.#model.get("_recording"), several);
    }
  }

  #visibility() {
    this.#connection.setVisible([...this.#views].some((view) => view.visible));
    this.#compositor.schedule();
    this.#cover.look();
    this.#talk();
  }

  /**
   * Show another view of the widget.
   *
   * @param {HTMLElement} parent
   * @returns {() => void} removes it
   */
  addView(parent) {
    const width = this.#store.front?.width ?? (Number(this.#model.get("width")) || 1);
    const height = this.#store.front?.height ?? (Number(this.#model.get("height")) || 1);
    const view = new View(
      {
        control: guard((/** @type {Action} */ action, /** @type {number | undefined} */ samples) =>
          this.#control(action, samples),
        ),
        tone: guard((tone) => this.#setTone(tone)),
        visibility: guard(() => this.#visibility()),
        probe: (x, y, answer, again) => this.#questions.probe(x, y, guard(answer), again),
        read: (x, y) => this.#store.read(x, y),
        render: guard((changes) =>
          this.#send({ k: "render", client: this.#connection.client, ...changes }),
        ),
        values: guard((change) => {
          this.#send(this.#changes.ask(change));
          this.#describe();
        }),
        time: guard((change) =>
          this.#send({ k: "time", client: this.#connection.client, ...change }),
        ),
        record: guard((change) =>
          this.#send({ k: "record", client: this.#connection.client, ...change }),
        ),
        findVantage: (pose, answer) => this.#questions.findVantage(pose, guard(answer)),
        file: guard((kind, answer) => {
          this.#saveTone(); // what is made looks as the picture does
          this.#questions.ask(kind, guard(answer));
        }),
        paper: (grey) => this.#compositor.setPaper(grey),
        camera: {
          // Nothing is to be turned before there is anything to see, or by nobody.
          get: () => (this.#tiles + this.#coarse > 0 && !this.#lost ? this.#camera.stage : null),
          moving: () => this.#camera.moving,
          seen: () => this.#camera.seen,
          move: guard((/** @type {import("./hand/orbit.js").Pose} */ pose) => {
            const rested = !this.#camera.moving;
            this.#camera.move(pose, performance.now());
            this.#talk();
            if (rested) this.#show();
          }),
          hold: guard((/** @type {boolean} */ held) => {
            this.#camera.hold(held, performance.now());
            this.#talk();
          }),
        },
        flush: guard((/** @type {Surface} */ surface) => {
          this.#compositor.flush(surface);
          this.#show();
        }),
      },
      width,
      height,
    );
    this.#views.add(view);
    this.#compositor.add(view);
    parent.append(view.element);
    this.#applyTone();
    if (this.#render !== null) view.showRender(this.#render);
    this.#describe();
    this.#showMotion();
    this.#show();
    view.watch();
    return guard(() => {
      if (!this.#views.delete(view)) return;
      this.#compositor.remove(view);
      view.destroy();
      this.#visibility();
    });
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    for (const [name, listener] of this.#listeners) this.#model.off(name, listener);
    for (const timer of [this.#wake, this.#save, this.#patience, this.#asking]) clearTimeout(timer);
    this.#compositor.close();
    this.#cover.close();
    for (const view of this.#views) view.destroy();
    this.#views.clear();
    this.#connection.stop();
  }
}
