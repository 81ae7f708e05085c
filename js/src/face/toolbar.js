/**
 * The line under the picture: buttons, progress, status, exposure and tone curve, and what opens
 * the rest.
 *
 * @import { Action } from "../wire/protocol.js"
 * @import { Status } from "./status.js"
 *
 * @typedef {object} ToolbarEvents
 * @property {(action: Action, samples?: number) => void} control
 * @property {(tone: {exposure?: number, curve?: string, channel?: string, denoise?: boolean}) => void} tone
 * @property {() => void} save
 * @property {() => void} settings
 * @property {() => void} help
 *
 * @typedef {object} Toolbar
 * @property {HTMLElement} element
 * @property {(status: Status) => void} update
 * @property {(curve: string, exposure: number) => void} showTone
 * @property {(on: boolean) => void} showDenoise
 * @property {(open: {settings: boolean, help: boolean}) => void} showOpen
 * @property {(text: string) => void} say for a while, instead of the status
 * @property {() => void} toggle pause or resume
 * @property {() => void} more
 * @property {() => void} destroy
 */

import { CURVE_NAMES } from "../pixels/tonemap.js";
import { LIVE, make, makeIconButton, makeSelect, OWN_KEYS } from "./dom.js";
import { icon } from "./icons.js";
import { describe, explain, percent, possible } from "./status.js";

/** The status is read out by screen readers: no oftener than this, in ms. */
const TEXT_EVERY = 1000;

/** How long something is said in place of the status, in ms. */
const SAY = 2500;

/** @param {number} exposure */
function signed(exposure) {
  return exposure === 0 ? "0" : `${exposure > 0 ? "+" : "−"}${Math.abs(exposure)}`;
}

/** @param {ToolbarEvents} events @param {AbortSignal} signal */
function makeButtons(events, signal) {
  const group = make("div", "raywidget-buttons", { role: "group", "aria-label": "Render" });
  const toggle = makeIconButton("pause", "Pause", "Pause (space)");
  const stop = makeIconButton("stop", "Stop");
  const restart = makeIconButton("restart", "Restart", "Restart (R)");
  const more = makeIconButton("more", "More samples", "Twice as many samples (M)");
  group.append(toggle, stop, restart, more);

  /** @type {Status | null} */
  let status = null;
  const isPaused = () => status?.phase === "paused" || status?.phase === "stopped";
  /** @param {HTMLElement} button @param {() => void} act */
  const onClick = (button, act) => button.addEventListener("click", act, { signal });
  const turn = () => {
    const actions = possible(status?.phase ?? "connecting");
    if (actions.has(isPaused() ? "resume" : "pause"))
      events.control(isPaused() ? "resume" : "pause");
  };
  const ask = () => {
    if (!more.disabled) events.control("more", status?.spp);
  };
  onClick(toggle, turn);
  onClick(stop, () => events.control("stop"));
  onClick(restart, () => events.control("restart"));
  onClick(more, ask);

  /** @param {Status} next */
  const update = (next) => {
    const before = status === null ? null : isPaused();
    status = next;
    if (before !== isPaused()) {
      const label = isPaused() ? "Resume" : "Pause";
      toggle.replaceChildren(icon(isPaused() ? "play" : "pause"));
      toggle.setAttribute("aria-label", label);
      toggle.title = `${label} (space)`;
    }
    const actions = possible(next.phase);
    toggle.disabled = !actions.has("pause") && !actions.has("resume");
    stop.disabled = !actions.has("stop");
    restart.disabled = !actions.has("restart");
    more.disabled = !actions.has("more") || next.spp === 0;
  };
  return { group, update, toggle: turn, more: ask };
}

/** @param {ToolbarEvents} events @param {AbortSignal} signal */
function makeTools(events, signal) {
  const group = make("div", "raywidget-buttons", { role: "group", "aria-label": "Tools" });
  const denoise = makeIconButton(
    "denoise",
    "Denoise",
    "Without noise: nearer to the truth, but no measurement (N)",
  );
  denoise.classList.add(LIVE);
  const save = makeIconButton("save", "Save PNG", "Save the picture as PNG (P)");
  const settings = makeIconButton("settings", "Settings", "Camera, display, render, files (G)");
  const help = makeIconButton("help", "Keys and help", "Keys and help (?)");
  group.append(denoise, save, settings, help);
  denoise.setAttribute("aria-pressed", "false");
  const turn = () => events.tone({ denoise: denoise.getAttribute("aria-pressed") !== "true" });
  denoise.addEventListener("click", turn, { signal });
  save.addEventListener("click", events.save, { signal });
  settings.addEventListener("click", events.settings, { signal });
  help.addEventListener("click", events.help, { signal });
  return { group, denoise, save, settings, help };
}

/** @param {ToolbarEvents} events @param {AbortSignal} signal */
function makeTone(events, signal) {
  const group = make("div", "raywidget-tone", { role: "group", "aria-label": "Tone" });
  const label = make("label", "raywidget-exposure", {
    title: "Exposure in stops (double-click for 0)",
  });
  const slider = make("input", "raywidget-slider", {
    ...OWN_KEYS,
    type: "range",
    min: "-8",
    max: "8",
    step: "0.25",
    "aria-label": "Exposure in stops",
  });
  const value = make("span", "raywidget-value", { "aria-hidden": "true" });
  const curves = makeSelect("Tone curve", CURVE_NAMES, "Tone curve (T)");
  label.append(icon("exposure"), slider, value);
  group.append(label, curves);

  const write = () => {
    const text = signed(Number(slider.value));
    value.textContent = text;
    slider.setAttribute("aria-valuetext", `${text} stops`);
  };
  const slide = () => {
    write();
    events.tone({ exposure: Number(slider.value) });
  };
  const reset = () => {
    slider.value = "0";
    slide();
  };
  slider.addEventListener("input", slide, { signal });
  slider.addEventListener("dblclick", reset, { signal });
  curves.addEventListener("change", () => events.tone({ curve: curves.value }), { signal });

  /** @param {string} curve @param {number} exposure */
  const showTone = (curve, exposure) => {
    curves.value = curve;
    // Python may choose an exposure between the slider's steps, or beyond its ends.
    if (Number(slider.value) !== exposure) slider.value = String(exposure);
    write();
    if (Number(slider.value) !== exposure) value.textContent = signed(Number(exposure.toFixed(2)));
  };
  return { group, showTone };
}

/** A line that changes no oftener than it can be read; parts that don't fit are not seen. */
class StatusLine {
  element = make("div", "raywidget-status", { role: "status" });
  #writtenAt = -Infinity;
  /** @type {string[]} */
  #parts = [];
  #title = "";
  #saidUntil = -Infinity;
  /** @type {import("./status.js").Phase | null} */
  #phase = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {Status} status */
  update(status) {
    this.#parts = describe(status);
    this.#title = explain(status);
    // Numbers change all the time and may wait; that it has ended, or begun, may not.
    if (status.phase !== this.#phase) this.#writtenAt = -Infinity;
    this.#phase = status.phase;
    this.#plan(Math.max(this.#writtenAt + TEXT_EVERY, this.#saidUntil));
  }

  /** @param {string} text */
  say(text) {
    this.#saidUntil = performance.now() + SAY;
    this.#write([text], text);
    this.#plan(this.#saidUntil);
  }

  close() {
    clearTimeout(this.#timer);
  }

  /** @param {number} at in ms */
  #plan(at) {
    clearTimeout(this.#timer);
    const wait = at - performance.now();
    if (wait <= 0) this.#write(this.#parts, this.#title);
    else this.#timer = setTimeout(() => this.#write(this.#parts, this.#title), wait);
  }

  /** @param {string[]} parts @param {string} title */
  #write(parts, title) {
    const lines = parts.map((part, index) => (index === 0 ? part : ` · ${part}`));
    if (this.element.textContent === lines.join("")) return;
    this.#writtenAt = performance.now();
    this.element.replaceChildren(...lines.map((line) => make("span", "", {}, line)));
    this.element.title = title;
  }
}

/**
 * @param {ToolbarEvents} events
 * @returns {Toolbar}
 */
export function makeToolbar(events) {
  const listeners = new AbortController();
  const fill = make("div", "raywidget-progress-fill");
  const bar = make(
    "div",
    "raywidget-progress",
    {
      role: "progressbar",
      "aria-label": "Render progress",
      "aria-valuemin": "0",
      "aria-valuemax": "100",
      "aria-valuenow": "0",
    },
    fill,
  );
  const line = new StatusLine();
  const buttons = makeButtons(events, listeners.signal);
  const tone = makeTone(events, listeners.signal);
  const tools = makeTools(events, listeners.signal);
  const element = make("div", "raywidget-toolbar", { role: "toolbar", "aria-label": "Rendering" });
  buttons.group.classList.add("raywidget-render-buttons", LIVE);
  tools.group.classList.add("raywidget-tool-buttons");
  element.append(bar, buttons.group, line.element, tone.group, tools.group);

  return {
    element,
    update(status) {
      buttons.update(status);
      tools.save.disabled = status.tiles + status.coarse === 0;
      bar.setAttribute("aria-valuenow", String(percent(status)));
      const { progress } = status;
      const part = progress && progress.goal > 0 ? progress.samples / progress.goal : 0;
      fill.style.transform = `scaleX(${status.phase === "done" ? 1 : Math.min(part, 1)})`;
      line.update(status);
    },
    showTone: tone.showTone,
    showDenoise: (on) => tools.denoise.setAttribute("aria-pressed", String(on)),
    showOpen({ settings, help }) {
      tools.settings.setAttribute("aria-expanded", String(settings));
      tools.help.setAttribute("aria-expanded", String(help));
    },
    say: (text) => line.say(text),
    toggle: buttons.toggle,
    more: buttons.more,
    destroy() {
      line.close();
      listeners.abort();
    },
  };
}
