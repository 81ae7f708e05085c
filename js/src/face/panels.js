/**
 * What lies over the picture: the inspector, the help, the read-out of a pixel, the rectangle of a
 * region, and the line of a comparison.
 *
 * @import { Pixel } from "../wire/protocol.js"
 */

import { HANDS, KEYS } from "../hand/keys.js";
import { LIVE, make, makeIconButton, OWN_KEYS } from "./dom.js";
import { describePixel } from "./inspector.js";

/**
 * @param {string} title
 * @param {readonly (readonly [string, string])[]} lines
 * @param {boolean} needsKernel
 */
function makeList(title, lines, needsKernel = false) {
  const list = make("dl", "raywidget-list");
  for (const [term, text] of lines) list.append(make("dt", "", {}, term), make("dd", "", {}, text));
  const name = needsKernel ? LIVE : "";
  return make("section", name, {}, make("h2", "raywidget-heading", {}, title), list);
}

/** @param {() => void} close @param {AbortSignal} signal */
export function makeHelp(close, signal) {
  const button = makeIconButton("close", "Close help", "Close (Esc)");
  button.addEventListener("click", close, { signal });
  const element = make("div", "raywidget-help", {
    ...OWN_KEYS,
    role: "dialog",
    "aria-label": "Keys and help",
    tabindex: "-1",
  });
  const columns = make(
    "div",
    "raywidget-columns",
    {},
    makeList("Mouse and touch", /** @type {any} */ (HANDS), true),
  );
  for (const { title, keys, live } of KEYS) {
    columns.append(
      makeList(
        title,
        keys.map(({ show, label }) => /** @type {const} */ ([show, label])),
        live,
      ),
    );
  }
  element.append(button, columns);
  element.hidden = true;
  return element;
}

/** @param {() => void} close @param {AbortSignal} signal */
export function makeInspector(close, signal) {
  const button = makeIconButton("close", "Close inspector", "Close (Esc)");
  button.addEventListener("click", close, { signal });
  const title = make("h2", "raywidget-heading", {});
  const list = make("dl", "raywidget-list");
  const element = make("div", "raywidget-inspector", { role: "region", "aria-label": "Inspector" });
  // Read out when it changes, without taking the focus.
  const text = make("div", "", { "aria-live": "polite" }, title, list);
  const old = make("div", "raywidget-old", {}, "as it was; the picture has changed");
  old.hidden = true;
  element.append(button, old, text);
  element.hidden = true;
  const mark = make("div", "raywidget-mark", { "aria-hidden": "true" });
  mark.hidden = true;
  return {
    element,
    mark,
    /** @param {Pixel} pixel */
    show(pixel) {
      const { title: heading, lines } = describePixel(pixel);
      title.textContent = heading;
      list.replaceChildren(
        ...lines.flatMap(([term, value]) => [make("dt", "", {}, term), make("dd", "", {}, value)]),
      );
      this.setOld(false);
      element.hidden = false;
    },
    /** Say something instead of an answer. @param {string} line */
    say(line) {
      title.textContent = line;
      list.replaceChildren();
      this.setOld(false);
      element.hidden = false;
    },
    /** @param {boolean} isOld is it about a picture that is no longer on show? */
    setOld(isOld) {
      old.hidden = !isOld;
      text.classList.toggle("raywidget-past", isOld);
    },
    close() {
      element.hidden = true;
      mark.hidden = true;
    },
  };
}
