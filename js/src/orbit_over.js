/**
 * What stands over pictures around a thing: colour bars, words, axes, where the camera of the view
 * that is seen has them. A plain script behind that of `orbit.js`, in pages that have something.
 *
 * @import { Pose } from "./hand/orbit.js"
 */

import { draw, drawAll } from "./face/drawing.js";
import { readDescription } from "./face/layout.js";

/** @param {HTMLElement} element */
function bring(element) {
  const part = (/** @type {string} */ name) =>
    /** @type {HTMLElement} */ (element.querySelector(`.raywidget-orbit-${name}`));
  const stage = part("stage");
  const { overlay, poses, hidden } = JSON.parse(part("data").textContent ?? "{}");
  const description = readDescription(overlay);
  const svg = draw("svg", { "aria-hidden": "true" });
  stage.append(svg);
  const show = () => {
    const view = Number(stage.dataset.painted ?? Number.NaN);
    /** @type {Pose | undefined} */
    const pose = poses[view];
    const { clientWidth: width, clientHeight: height } = stage;
    if (pose === undefined || width === 0) return;
    const hides = (/** @type {number} */ index) => hidden[view].includes(index);
    svg.replaceChildren(drawAll(description, pose, { width, height }, hides));
  };
  new MutationObserver(show).observe(stage, { attributeFilter: ["data-painted"] });
  new ResizeObserver(show).observe(stage);
  element.dataset.over = "";
}

for (const element of document.querySelectorAll(".raywidget-orbit:not([data-over])")) {
  bring(/** @type {HTMLElement} */ (element));
}
