/**
 * Pictures around a thing, turned by hand; nothing else is needed, no kernel and no network.
 *
 * It runs as a plain script, behind what it brings to life: a page may hold several.
 *
 * @import { Place, Views } from "./orbit/views.js"
 */

import { closed, describe, drag, keep, nearest } from "./orbit/views.js";

/** From one view to the next when it turns by itself, in ms for all of them. */
const ROUND = 9000;

/** @type {Record<string, [number, number]>} columns and rows by `event.key` */
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

class Orbit {
  #stage;
  #canvas;
  #context;
  #play;
  /** @type {Views} */
  #views;
  /** @type {HTMLImageElement[]} */
  #images;
  /** @type {Place} */
  #place;
  /** @type {{id: number, x: number, y: number, from: Place} | null} */
  #held = null;
  #flight = 0;
  #shown = -1;

  /** @param {HTMLElement} element */
  constructor(element) {
    const part = (/** @type {string} */ name) =>
      /** @type {HTMLElement} */ (element.querySelector(`.raywidget-orbit-${name}`));
    const { images, size, ...views } = JSON.parse(part("data").textContent ?? "{}");
    this.#views = /** @type {Views} */ (views);
    this.#place = this.#start;
    this.#stage = part("stage");
    this.#play = part("play");
    const first = /** @type {HTMLImageElement} */ (part("first"));
    const own = this.#index(this.#start);
    this.#images = images.map((/** @type {string} */ source, /** @type {number} */ index) => {
      if (index === own) return first;
      const image = new Image();
      image.src = `data:image/webp;base64,${source}`;
      return image;
    });
    this.#canvas = document.createElement("canvas");
    [this.#canvas.width, this.#canvas.height] = size;
    this.#canvas.setAttribute("aria-hidden", "true");
    this.#context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    this.#stage.append(this.#canvas);
    this.#listen(part);
    element.dataset.ready = "";
    this.#show();
  }

  /** @returns {Place} */
  get #start() {
    return { column: this.#views.front, row: this.#views.own };
  }

  /** @param {Place} place */
  #index({ column, row }) {
    return row * this.#views.columns + column;
  }

  /** @param {(name: string) => HTMLElement} part */
  #listen(part) {
    const stage = this.#stage;
    stage.addEventListener("pointerdown", (event) => this.#down(event));
    stage.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
      stage.addEventListener(name, ({ pointerId }) => {
        if (this.#held?.id === pointerId) this.#held = null;
      });
    }
    stage.addEventListener("keydown", (event) => this.#key(event));
    for (const [name, by] of Object.entries({
      left: [-1, 0],
      right: [1, 0],
      up: [0, 1],
      down: [0, -1],
    })) {
      part(name)?.addEventListener("click", () => this.#step(by[0], by[1]));
    }
    part("home").addEventListener("click", () => this.#go(this.#start));
    this.#play.addEventListener("click", () => (this.#flight ? this.#rest() : this.#turn()));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || this.#held !== null) return;
    this.#rest();
    const { pointerId: id, clientX: x, clientY: y } = event;
    this.#stage.setPointerCapture(id);
    this.#held = { id, x, y, from: this.#place };
  }

  /** @param {PointerEvent} event */
  #move({ pointerId, clientX, clientY }) {
    const held = this.#held;
    if (held?.id !== pointerId) return;
    const { width, height } = this.#stage.getBoundingClientRect();
    const [right, down] = [(clientX - held.x) / width, (clientY - held.y) / height];
    this.#place = drag(this.#views, held.from, right, down);
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const by = STEPS[event.key];
    if (by !== undefined) this.#step(by[0], by[1]);
    else if (event.key === "Home") this.#go(this.#start);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} columns @param {number} rows */
  #step(columns, rows) {
    const { column, row } = nearest(this.#views, this.#place);
    this.#go({ column: column + columns, row: row + rows });
  }

  /** @param {Place} place */
  #go(place) {
    this.#rest();
    this.#place = keep(this.#views, place);
    this.#show();
  }

  #rest() {
    cancelAnimationFrame(this.#flight);
    this.#flight = 0;
    this.#play.setAttribute("aria-pressed", "false");
  }

  #turn() {
    this.#play.setAttribute("aria-pressed", "true");
    const views = this.#views;
    let before = performance.now();
    let sign = 1;
    const on = (/** @type {number} */ now) => {
      const share = Math.min(Math.max(now - before, 0), 200) / ROUND;
      before = now;
      const column = this.#place.column + sign * share * views.columns;
      // To and fro, where there is no way round.
      if (!closed(views) && (column < 0 || column > views.columns - 1)) sign = -sign;
      this.#place = keep(views, { ...this.#place, column });
      this.#show();
      this.#flight = requestAnimationFrame(on);
    };
    this.#flight = requestAnimationFrame(on);
  }

  #show() {
    const place = nearest(this.#views, this.#place);
    const index = this.#index(place);
    if (index === this.#shown) return;
    this.#shown = index;
    this.#stage.setAttribute("aria-valuenow", String(place.column));
    this.#stage.setAttribute("aria-valuetext", describe(this.#views, place));
    this.#stage.dataset.view = String(index);
    const image = this.#images[index];
    if (image.complete) this.#paint(image);
    else image.addEventListener("load", () => this.#shown === index && this.#paint(image));
  }

  /** @param {HTMLImageElement} image */
  #paint(image) {
    const { width, height } = this.#canvas;
    this.#context.clearRect(0, 0, width, height);
    this.#context.drawImage(image, 0, 0, width, height);
    this.#stage.dataset.painted = String(this.#shown);
  }
}

for (const element of document.querySelectorAll(".raywidget-orbit:not([data-ready])")) {
  new Orbit(/** @type {HTMLElement} */ (element));
}
