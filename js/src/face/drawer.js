/**
 * What the toolbar has no room for: camera, display, render and files, in a drawer below it.
 *
 * @import { Deed } from "../hand/keys.js"
 * @import { RenderState } from "../wire/protocol.js"
 * @import { ValueChange } from "./values.js"
 *
 * @typedef {object} DrawerEvents
 * @property {(deed: Deed) => void} act
 * @property {(tone: {channel: string}) => void} tone
 * @property {(changes: {integrator?: string, max_depth?: number, caustics?: boolean}) => void} render
 * @property {(fit: boolean) => void} fitWidth
 * @property {(change: ValueChange) => void} values
 * @property {(kind: "exr" | "npz" | "film") => void} file
 * @property {(change: import("./film.js").RecordChange) => void} record
 */

import { CHANNEL_NAMES } from "../pixels/tonemap.js";
import { isChanged, LIVE, make, makeSelect, makeWordButton, OWN_KEYS, showNumber } from "./dom.js";
import { makeFilm } from "./film.js";
import { makeValues } from "./values.js";

/** @param {string} title @param {...Node} children */
function section(title, ...children) {
  const row = make("div", "raywidget-section", { role: "group", "aria-label": title });
  row.append(
    make("span", "raywidget-section-title", { "aria-hidden": "true" }, title),
    ...children,
  );
  return row;
}

/** @param {DrawerEvents} events @param {AbortSignal} signal */
export function makeDrawer(events, signal) {
  /** @param {string} label @param {Deed} deed @param {string} [title] */
  const button = (label, deed, title) => {
    const made = makeWordButton(label, title);
    made.addEventListener("click", () => events.act(deed), { signal });
    return made;
  };
  /** @param {string} label @param {"exr" | "npz"} kind @param {string} title */
  const file = (label, kind, title) => {
    const made = makeWordButton(label, title);
    made.classList.add(LIVE);
    made.addEventListener("click", () => events.file(kind), { signal });
    return made;
  };

  const camera = section(
    "Camera",
    button("Home", "home", "Back to where it started (Home)"),
    button("Fit", "fit", "See everything (F)"),
    button("Front", "front", "From the front (1)"),
    button("Back", "back", "From the back (Shift+1)"),
    button("Left", "sideLeft", "From the left (Shift+3)"),
    button("Right", "sideRight", "From the right (3)"),
    button("Top", "top", "From above (7)"),
    button("Copy camera", "copy", "Copy it as a line of Python (C)"),
  );

  camera.classList.add(LIVE);

  const channel = makeSelect("Channel", CHANNEL_NAMES, "What of the light is shown (V)");
  channel.addEventListener("change", () => events.tone({ channel: channel.value }), { signal });
  const pixels = button("Pixels", "pixels", "Look closer, with the values of the pixels (Z)");
  const compare = button(
    "Compare",
    "compare",
    "Keep this picture, and wipe between it and what follows (X)",
  );
  const display = section("Display", channel, pixels, compare);

  const values = makeValues(events.values, signal);

  const integrator = makeSelect("Integrator", []);
  const depth = make("input", "raywidget-number", {
    ...OWN_KEYS,
    type: "number",
    min: "1",
    max: "1000",
    step: "1",
    "aria-label": "Depth",
    title: "Longest path, in edges: 1 shows lamps, 2 adds direct light",
  });
  const depthLabel = make("label", "raywidget-label", {}, "depth", depth);
  const region = button("Region", "region", "Drag a rectangle that is refined first (B)");
  const fit = make("input", "raywidget-check", { ...OWN_KEYS, type: "checkbox" });
  const fitLabel = make("label", "raywidget-label", {
    title: "Render as many pixels as the cell is wide, and the window high; again for what it was",
  });
  fitLabel.append(fit, "fit to cell");
  const caustics = make("input", "raywidget-check", { ...OWN_KEYS, type: "checkbox" });
  const causticsLabel = make("label", "raywidget-label", {
    title: "Find the light that metal and glass gather from the lights, too: fewer sparks",
  });
  causticsLabel.append(caustics, "caustics");
  caustics.addEventListener("change", () => events.render({ caustics: caustics.checked }), {
    signal,
  });
  integrator.addEventListener("change", () => events.render({ integrator: integrator.value }), {
    signal,
  });
  const deepen = () => {
    const value = Math.round(Number(depth.value));
    if (!isChanged(depth)) return;
    if (value >= 1 && value <= 1000) events.render({ max_depth: value });
    else depth.value = depth.defaultValue;
  };
  depth.addEventListener("change", deepen, { signal });
  // Some hosts have a use of their own for Enter, and browsers then don't speak of a change.
  depth.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      deepen();
    },
    { signal },
  );
  fit.addEventListener("change", () => events.fitWidth(fit.checked), { signal });
  const render = section("Render", integrator, depthLabel, causticsLabel, region, fitLabel);

  render.classList.add(LIVE);

  const files = section(
    "Files",
    button("PNG", "save", "The picture as it is seen (P)"),
    file("EXR", "exr", "Linear light, 32 bits, for other programs"),
    file("NPZ", "npz", "Linear light and sample counts, for numpy"),
  );

  const film = makeFilm(events.record, () => events.file("film"), signal);

  const element = make("div", "raywidget-drawer", { role: "region", "aria-label": "Settings" });
  element.append(camera, display, values.element, render, files, film.element);
  element.hidden = true;

  return {
    element,
    /** @param {string} value */
    showChannel(value) {
      channel.value = value;
    },
    showFilm: film.show,
    /**
     * @param {unknown} overlay what the kernel says of it
     * @param {ValueChange[]} waiting what it was asked for and has not answered
     * @returns {boolean} is there any?
     */
    showValues(overlay, waiting) {
      const there = values.show(overlay, waiting);
      for (const option of channel.options) {
        if (option.value === "value") option.hidden = option.disabled = !there;
      }
      return there;
    },
    /** @param {{pixels: boolean, compare: boolean, region: boolean}} pressed */
    showPressed(pressed) {
      pixels.setAttribute("aria-pressed", String(pressed.pixels));
      compare.setAttribute("aria-pressed", String(pressed.compare));
      region.setAttribute("aria-pressed", String(pressed.region));
    },
    /** @param {RenderState} state */
    showRender(state) {
      const known = [...integrator.options].map((option) => option.value);
      if (known.join() !== state.integrators.join()) {
        integrator.replaceChildren(...state.integrators.map((name) => new Option(name, name)));
      }
      // A choice of one is none.
      integrator.hidden = state.integrators.length < 2;
      integrator.value = state.integrator;
      // Only paths send photons, and not for all cameras.
      causticsLabel.hidden = state.caustics === null;
      caustics.checked = state.caustics === true;
      showNumber(depth, String(state.max_depth));
    },
    get fits() {
      return fit.checked;
    },
  };
}
