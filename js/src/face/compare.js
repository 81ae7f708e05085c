/**
 * A picture that was kept, wiped over the one that is rendered: left of the line is what was, right
 * of it what is.
 */

import { make, OWN_KEYS } from "./dom.js";

const STEP = 5; // per cent for an arrow key

/** @param {AbortSignal} signal */
export function makeCompare(signal) {
  const canvas = make("canvas", "raywidget-kept", { "aria-hidden": "true" });
  const line = make("div", "raywidget-wipe", {
    ...OWN_KEYS,
    role: "slider",
    tabindex: "0",
    "aria-label": "Compare: left of the line is the picture that was kept",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
    "aria-orientation": "horizontal",
    title: "Drag: left is the picture that was kept, right the one of now",
  });
  canvas.hidden = true;
  line.hidden = true;
  let share = 50;

  const place = () => {
    canvas.style.clipPath = `inset(0 ${100 - share}% 0 0)`;
    line.style.left = `${share}%`;
    line.setAttribute("aria-valuenow", String(Math.round(share)));
  };
  /** @param {number} to in per cent */
  const wipe = (to) => {
    share = Math.min(Math.max(to, 0), 100);
    place();
  };
  line.addEventListener(
    "pointerdown",
    (event) => {
      event.stopPropagation();
      line.setPointerCapture(event.pointerId);
    },
    { signal },
  );
  line.addEventListener(
    "pointermove",
    (event) => {
      const parent = line.parentElement;
      if (parent === null || !line.hasPointerCapture(event.pointerId)) return;
      const { left, width } = parent.getBoundingClientRect();
      wipe((100 * (event.clientX - left)) / width);
    },
    { signal },
  );
  line.addEventListener(
    "keydown",
    (event) => {
      const steps = new Map([
        ["ArrowLeft", share - STEP],
        ["ArrowRight", share + STEP],
        ["Home", 0],
        ["End", 100],
      ]);
      const to = steps.get(event.key);
      if (to === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      wipe(to);
    },
    { signal },
  );

  return {
    canvas,
    line,
    get on() {
      return !line.hidden;
    },
    /** Keep what a canvas shows. @param {HTMLCanvasElement} picture */
    keep(picture) {
      canvas.width = picture.width;
      canvas.height = picture.height;
      canvas.getContext("2d", { alpha: false })?.drawImage(picture, 0, 0);
      canvas.hidden = false;
      line.hidden = false;
      wipe(50);
    },
    drop() {
      canvas.hidden = true;
      line.hidden = true;
      canvas.width = 1;
    },
  };
}
