/**
 * The line of times under the toolbar: play, a slider, which time it is, again from the start.
 *
 * @typedef {{index: number, playing: boolean, loop: boolean, message: string | null}} Playhead
 * @typedef {{index?: number, moving?: boolean, play?: boolean, loop?: boolean}} TimeChange
 */

import { LIVE, make, makeIconButton, OWN_KEYS } from "./dom.js";
import { icon } from "./icons.js";

const MOST = 10_000;

/** What a kernel says of the times, as far as it makes sense. @param {unknown} times @returns {number[]} */
export function readTimes(times) {
  const list = Array.isArray(times) ? times.slice(0, MOST) : [];
  return list.every(Number.isFinite) ? list : [];
}

/** @param {unknown} value @param {number} count @returns {Playhead | null} */
export function readPlayhead(value, count) {
  const { index, playing, loop, message } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (!Number.isInteger(index)) return null;
  const place = /** @type {number} */ (index);
  if (place < 0 || place >= count) return null;
  return {
    index: place,
    playing: playing === true,
    loop: loop === true,
    message: typeof message === "string" && message !== "" ? message : null,
  };
}

/** With as many digits as tell the times apart. @param {number[]} times @param {number} index */
export function told(times, index) {
  const span = Math.abs(times[times.length - 1] - times[0]);
  if (!(span > 0)) return String(Number(times[index].toPrecision(6)));
  const close = (1e-2 * span) / (times.length - 1);
  let digits = 0;
  const far = (/** @type {number} */ time) => Math.abs(Number(time.toFixed(digits)) - time) > close;
  while (digits < 12 && times.some(far)) digits++;
  return times[index].toFixed(digits);
}

/** @param {(change: TimeChange) => void} change @param {AbortSignal} signal */
export function makeTimeline(change, signal) {
  const play = makeIconButton("play", "Play", "Play (K)");
  const slider = make("input", "raywidget-slider raywidget-times", {
    ...OWN_KEYS,
    type: "range",
    min: "0",
    step: "1",
    "aria-label": "Time",
    title: "Time (comma and full stop: one back, one on)",
  });
  const value = make("span", "raywidget-value raywidget-time", { "aria-hidden": "true" });
  const loop = makeIconButton("loop", "Repeat", "Begin anew at the end");
  const message = make("span", "raywidget-time-message", { role: "status" });
  const element = make("div", `raywidget-timeline ${LIVE}`, {
    role: "group",
    "aria-label": "Time",
  });
  element.append(play, slider, value, loop, message);
  element.hidden = true;

  /** @type {number[]} */
  let times = [];
  /** @type {Playhead | null} */
  let head = null;
  let held = false;

  const write = () => {
    const text = told(times, Number(slider.value));
    value.textContent = text;
    slider.setAttribute("aria-valuetext", text);
  };
  /** @param {number} index @param {boolean} moving */
  const go = (index, moving) => {
    slider.value = String(index);
    write();
    change({ index: Number(slider.value), moving });
  };
  const toggle = () => {
    if (head !== null && times.length > 1) change({ play: !head.playing });
  };
  play.addEventListener("click", toggle, { signal });
  slider.addEventListener(
    "input",
    () => {
      held = true;
      go(Number(slider.value), true);
    },
    { signal },
  );
  const release = () => {
    if (held) go(Number(slider.value), false);
    held = false;
  };
  slider.addEventListener("change", release, { signal });
  loop.addEventListener("click", () => head !== null && change({ loop: !head.loop }), { signal });

  return {
    element,
    toggle,
    /** @param {number} by */
    step(by) {
      if (head === null) return;
      const index = Number(slider.value) + by;
      if (index >= 0 && index < times.length) go(index, false);
    },
    /** @param {unknown} all @param {unknown} state */
    show(all, state) {
      times = readTimes(all);
      head = readPlayhead(state, times.length);
      element.hidden = head === null;
      if (head === null) return;
      slider.max = String(times.length - 1);
      // A hand that drags is ahead of what the kernel has heard.
      if (!held) slider.value = String(head.index);
      write();
      value.style.width = `${Math.max(...[0, times.length - 1].map((i) => told(times, i).length)) + 1}ch`;
      const label = head.playing ? "Rest" : "Play";
      if (play.getAttribute("aria-label") !== label) {
        play.replaceChildren(icon(head.playing ? "pause" : "play"));
        play.setAttribute("aria-label", label);
        play.title = `${label} (K)`;
      }
      loop.setAttribute("aria-pressed", String(head.loop));
      if (message.textContent !== (head.message ?? "")) message.textContent = head.message ?? "";
    },
  };
}
