/**
 * The line under the picture: buttons, progress, status, exposure and tone curve.
 *
 * @import { IconName } from "./icons.js"
 * @import { Action } from "./protocol.js"
 * @import { Status } from "./status.js"
 *
 * @typedef {object} ToolbarEvents
 * @property {(action: Action, samples?: number) => void} control
 * @property {(tone: {exposure?: number, curve?: string}) => void} tone
 * @property {() => void} save
 *
 * @typedef {object} Toolbar
 * @property {HTMLElement} element
 * @property {(status: Status) => void} update
 * @property {(curve: string, exposure: number) => void} showTone
 * @property {() => void} destroy
 */

import { icon } from "./icons.js";
import { describe, percent, possible } from "./status.js";
import { CURVES } from "./tonemap.js";

/** The status is read out by screen readers: no oftener than this, in ms. */
const TEXT_EVERY = 1000;

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/**
 * Keys that a control understands belong to it, not to the notebook's cells. JupyterLab asks the
 * focused element itself: an attribute on what is around it doesn't count.
 */
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/** @param {IconName} name @param {string} label @param {string} [title] */
function makeButton(name, label, title = label) {
  const button = make("button", "raywidget-button", {
    ...OWN_KEYS,
    type: "button",
    "aria-label": label,
    title,
  });
  button.append(icon(name));
  return button;
}

/** How a curve is called, where its name in Python isn't how people write it. */
const CURVE_LABELS = new Map([["srgb", "sRGB"]]);

/** @param {number} exposure */
function signed(exposure) {
  return exposure === 0 ? "0" : `${exposure > 0 ? "+" : "−"}${Math.abs(exposure)}`;
}

/** @param {ToolbarEvents} events @param {AbortSignal} signal @returns {HTMLElement & {update: Toolbar["update"]}} */
function makeButtons(events, signal) {
  const group = make("div", "raywidget-buttons", { role: "group", "aria-label": "Render" });
  const toggle = makeButton("pause", "Pause");
  const stop = makeButton("stop", "Stop");
  const restart = makeButton("restart", "Restart");
  const more = makeButton("more", "More samples", "More samples (twice as many)");
  const save = makeButton("save", "Save PNG", "Save the picture as PNG");
  group.append(toggle, stop, restart, more, save);

  /** @type {Status | null} */
  let status = null;
  const isPaused = () => status?.phase === "paused";
  /** @param {HTMLElement} button @param {() => void} act */
  const onClick = (button, act) => button.addEventListener("click", act, { signal });
  onClick(toggle, () => events.control(isPaused() ? "resume" : "pause"));
  onClick(stop, () => events.control("stop"));
  onClick(restart, () => events.control("restart"));
  onClick(more, () => events.control("more", status?.spp));
  onClick(save, events.save);

  /** @param {Status} next */
  const update = (next) => {
    const turned = status === null || isPaused() !== (next.phase === "paused");
    status = next;
    if (turned) {
      const label = isPaused() ? "Resume" : "Pause";
      toggle.replaceChildren(icon(isPaused() ? "play" : "pause"));
      toggle.setAttribute("aria-label", label);
      toggle.title = label;
    }
    const actions = possible(next.phase);
    toggle.disabled = !actions.has("pause") && !actions.has("resume");
    stop.disabled = !actions.has("stop");
    restart.disabled = !actions.has("restart");
    more.disabled = !actions.has("more") || next.spp === 0;
    save.disabled = next.tiles === 0;
  };
  return Object.assign(group, { update });
}

/** @param {ToolbarEvents} events @param {AbortSignal} signal */
function makeTone(events, signal) {
  const group = make("div", "raywidget-tone", { role: "group", "aria-label": "Display" });
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
  const curves = make("select", "raywidget-curve", {
    ...OWN_KEYS,
    "aria-label": "Tone curve",
    title: "Tone curve",
  });
  for (const name of CURVES.keys()) {
    curves.add(new Option(CURVE_LABELS.get(name) ?? name, name));
  }
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
  slider.addEventListener("input", slide, { signal });
  slider.addEventListener(
    "dblclick",
    () => {
      slider.value = "0";
      slide();
    },
    { signal },
  );
  curves.addEventListener("change", () => events.tone({ curve: curves.value }), { signal });

  /** @param {string} curve @param {number} exposure */
  const showTone = (curve, exposure) => {
    curves.value = curve;
    // Python may choose an exposure between the slider's steps, or beyond its ends.
    if (Number(slider.value) !== exposure) slider.value = String(exposure);
    write();
    if (Number(slider.value) !== exposure) value.textContent = signed(Number(exposure.toFixed(2)));
  };
  return Object.assign(group, { showTone });
}

/**
 * @param {ToolbarEvents} events
 * @returns {Toolbar}
 */
export function makeToolbar(events) {
  const listeners = new AbortController();
  const element = make("div", "raywidget-toolbar");
  const bar = make("div", "raywidget-progress", {
    role: "progressbar",
    "aria-label": "Render progress",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    "aria-valuenow": "0",
  });
  const fill = make("div", "raywidget-progress-fill");
  bar.append(fill);
  const text = make("div", "raywidget-status", { "aria-live": "polite" });
  const buttons = makeButtons(events, listeners.signal);
  const tone = makeTone(events, listeners.signal);
  element.append(bar, buttons, text, tone);

  let writtenAt = -Infinity;
  let line = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const write = () => {
    timer = undefined;
    if (text.textContent === line) return;
    writtenAt = performance.now();
    text.textContent = line;
    text.title = line;
  };

  return {
    element,
    update(status) {
      buttons.update(status);
      bar.setAttribute("aria-valuenow", String(percent(status)));
      const { progress } = status;
      const part = progress && progress.goal > 0 ? progress.samples / progress.goal : 0;
      fill.style.transform = `scaleX(${status.phase === "done" ? 1 : Math.min(part, 1)})`;
      line = describe(status);
      if (timer !== undefined || line === text.textContent) return;
      const wait = writtenAt + TEXT_EVERY - performance.now();
      if (wait <= 0) write();
      else timer = setTimeout(write, wait);
    },
    showTone: tone.showTone,
    destroy() {
      clearTimeout(timer);
      listeners.abort();
    },
  };
}
