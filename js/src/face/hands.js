/**
 * Listens on the stage of a view: what pointers, wheel and keys do there becomes moves of the
 * camera (`gestures`), of a region or of a close-up, and deeds (`keys`).
 *
 * @import { Deed } from "../hand/keys.js"
 * @import { Pose } from "../hand/orbit.js"
 * @import { Stage } from "../wire/protocol.js"
 * @import { Region } from "./region.js"
 *
 * @typedef {{x: number, y: number}} Place in CSS pixels from the corner of the stage
 *
 * @typedef {object} Reach what hands can do to a view
 * @property {{get: () => Stage | null, move: (pose: Pose) => void, hold: (held: boolean) => void}} camera
 * @property {Region} region
 * @property {() => {width: number, height: number}} size of the stage
 * @property {() => boolean} closer is a close-up on show, which is dragged then, and not the camera?
 * @property {(region: ReturnType<Region["end"]>) => void} chooseRegion
 * @property {(x: number, y: number) => void} shift the close-up
 * @property {(factor: number, at: Place) => void} zoom the close-up
 * @property {(at: Place | null) => void} point at a pixel, or at none any more
 * @property {(at: Place | null) => void} hover at a pixel, with empty hands, or at none any more
 * @property {(at: Place) => void} click
 * @property {(at: Place) => void} doubleClick
 * @property {(deed: Deed) => void} act
 * @property {() => boolean} leave what is open; false if nothing was
 * @property {() => void} passed the wheel was turned over a picture that is not in hand
 */

import { Gestures } from "../hand/gestures.js";
import { deedOf } from "../hand/keys.js";
import { measure } from "./dom.js";

/** The wheel is meant for the picture if the pointer was moved over it so shortly before, in ms. */
const MEANT = 1000;

export class Hands {
  #stage;
  #reach;
  #gestures;
  /** @type {Place | null} where a drag of the close-up is */
  #dragged = null;
  /** @type {number | null} */
  #flight = null;
  /** When the pointer was moved over the picture last, in ms. */
  #movedAt = -Infinity;

  /** @param {HTMLElement} stage @param {Reach} reach @param {AbortSignal} signal */
  constructor(stage, reach, signal) {
    this.#stage = stage;
    this.#reach = reach;
    this.#gestures = new Gestures({
      pose: reach.camera.get,
      move: reach.camera.move,
      hold: reach.camera.hold,
      size: reach.size,
      click: (x, y) => reach.click({ x, y }),
      doubleClick: (x, y) => reach.doubleClick({ x, y }),
    });
    const options = { signal };
    stage.addEventListener("pointerdown", (event) => this.#down(event), options);
    stage.addEventListener("pointermove", (event) => this.#move(event), options);
    stage.addEventListener("pointerup", (event) => this.#up(event), options);
    stage.addEventListener("pointercancel", (event) => this.#cancel(event), options);
    stage.addEventListener("pointerleave", () => this.#leave(), options);
    stage.addEventListener("contextmenu", (event) => this.#menu(event), options);
    stage.addEventListener("wheel", (event) => this.#wheel(event), { signal, passive: false });
    stage.addEventListener("keydown", (event) => this.#keyDown(event), options);
    stage.addEventListener("keyup", (event) => this.#gestures.keyUp(event), options);
    stage.addEventListener("blur", () => this.#gestures.release(), options);
  }

  /** Let go of everything. */
  release() {
    if (this.#flight !== null) cancelAnimationFrame(this.#flight);
    this.#flight = null;
    this.#gestures.release();
  }

  /** A key was pressed anywhere in the view. @param {KeyboardEvent} event */
  escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.#reach.leave()) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {MouseEvent} event @returns {Place} */
  #place({ clientX, clientY }) {
    const { left, top, scale } = measure(this.#stage);
    return { x: (clientX - left) / scale, y: (clientY - top) / scale };
  }

  /** @param {PointerEvent} event */
  #pointer(event) {
    const { x, y } = this.#place(event);
    const { pointerId, pointerType, button, shiftKey, ctrlKey, altKey, metaKey } = event;
    const { timeStamp } = event;
    return {
      ...{ pointerId, pointerType, button, shiftKey, ctrlKey, altKey, metaKey, timeStamp },
      ...{ offsetX: x, offsetY: y },
    };
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const { region, closer } = this.#reach;
    this.#stage.focus({ preventScroll: true });
    if (event.button === 1) event.preventDefault(); // no autoscroll
    this.#reach.hover(null);
    this.#stage.setPointerCapture(event.pointerId);
    const at = this.#place(event);
    if (region.choosing) region.begin(at);
    else if (closer() && event.button === 0 && !event.altKey) this.#dragged = at;
    else this.#gestures.down(this.#pointer(event));
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const { region, point, shift, hover, closer } = this.#reach;
    const at = this.#place(event);
    this.#movedAt = event.timeStamp;
    point(at);
    const busy = event.buttons !== 0 || event.pointerType === "touch";
    // What lies over the picture has something to say of its own.
    const onPicture =
      event.target instanceof Element && event.target.closest("[role=slider]") === null;
    hover(busy || region.choosing || closer() || !onPicture ? null : at);
    if (region.dragging) region.drag(at);
    else if (this.#dragged !== null) {
      shift(at.x - this.#dragged.x, at.y - this.#dragged.y);
      this.#dragged = at;
    } else this.#gestures.drag(this.#pointer(event));
  }

  #leave() {
    this.#reach.point(null);
    this.#reach.hover(null);
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const { region, chooseRegion } = this.#reach;
    if (region.dragging) chooseRegion(region.end());
    else if (this.#dragged !== null) this.#dragged = null;
    else this.#gestures.up(this.#pointer(event));
  }

  /** @param {PointerEvent} event */
  #cancel(event) {
    this.#dragged = null;
    this.#reach.region.cancel();
    this.#gestures.cancel(event);
  }

  /** @param {MouseEvent} event */
  #menu(event) {
    // The right button pans; with Shift the browser's own menu opens, as elsewhere in Jupyter.
    if (event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    // A page scrolls past a picture that nobody has taken in hand.
    if (!event.ctrlKey && document.activeElement !== this.#stage) {
      // Who points at it first may have meant the picture; who scrolls along did not.
      if (event.timeStamp - this.#movedAt < MEANT) this.#reach.passed();
      return;
    }
    event.preventDefault();
    if (this.#reach.closer()) this.#reach.zoom(1.002 ** -event.deltaY, this.#place(event));
    else this.#gestures.wheel(event);
  }

  /** @param {KeyboardEvent} event */
  #keyDown(event) {
    if (event.target !== this.#stage) return;
    const flies = this.#gestures.keyDown(event, performance.now());
    const deed = flies ? null : deedOf(event);
    if (!flies && deed === null) return;
    if (deed === "leave" && !this.#reach.leave()) return;
    // Handled: the notebook has keys of its own, among them "delete this cell".
    event.preventDefault();
    event.stopPropagation();
    if (flies) this.#fly();
    else if (deed !== null && deed !== "leave") this.#reach.act(deed);
  }

  #fly() {
    if (this.#flight !== null) return;
    const step = () => {
      this.#flight = null;
      if (!this.#gestures.flying) return;
      this.#gestures.flyOn(performance.now());
      this.#flight = requestAnimationFrame(step);
    };
    this.#flight = requestAnimationFrame(step);
  }
}
