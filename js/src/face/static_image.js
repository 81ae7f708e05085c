/**
 * The picture that stands beside a widget in the notebook's file, for places without widgets: a
 * plain PNG in an output of its own. Beside a live view it would be seen twice, so it is hidden
 * there. It is known by the name of the widget, which is written into it.
 *
 * Where a host arranges outputs in some other way than one after the other, nothing is hidden.
 */

/** How far up from a view, and how many outputs on, its picture may be found. */
const MOST_LEVELS = 12;
const MOST_OUTPUTS = 3;

/** The name stands in the first chunk after the header, within so many characters of base64. */
const HEAD = 240;

const PREFIX = "data:image/png;base64,";

/** @param {unknown} image @param {string} key of the widget @returns {boolean} */
export function isStill(image, key) {
  const { src } = /** @type {{src?: unknown}} */ (image);
  if (typeof src !== "string" || !src.startsWith(PREFIX)) return false;
  const head = src.slice(PREFIX.length, PREFIX.length + HEAD).replace(/\s/g, "");
  try {
    return atob(head.slice(0, head.length & ~3)).includes(`tEXtraywidget\0${key}`);
  } catch {
    return false;
  }
}

/**
 * The output after a view's that has nothing but the picture of its widget.
 *
 * @param {Element} view
 * @param {string} key
 * @returns {HTMLElement | null}
 */
export function findStill(view, key) {
  /** @type {Element | null} */
  let node = view;
  for (let level = 0; node !== null && level < MOST_LEVELS; level++, node = node.parentElement) {
    let next = node.nextElementSibling;
    for (let count = 0; next !== null && count < MOST_OUTPUTS; count++) {
      const images = next.querySelectorAll("img");
      const alone = images.length === 1 && next.querySelector("canvas, input, textarea") === null;
      if (alone && isStill(images[0], key)) return /** @type {HTMLElement} */ (next);
      next = next.nextElementSibling;
    }
  }
  return null;
}

/** Hides the pictures of a widget beside its views, as they come. */
export class StillCover {
  #key;
  #views;
  /** @type {Set<HTMLElement>} */
  #hidden = new Set();
  #listeners = new AbortController();

  /** @param {string} key @param {() => Iterable<Element>} views */
  constructor(key, views) {
    this.#key = key;
    this.#views = views;
    if (typeof document === "undefined" || key === "") return;
    const { signal } = this.#listeners;
    const loaded = (/** @type {Event} */ { target }) => {
      if (target !== null && isStill(target, key)) this.look();
    };
    // Loading does not bubble, but it can be captured.
    document.addEventListener("load", loaded, { signal, capture: true });
  }

  /** See which are beside a view now, and hide them; the others are seen. */
  look() {
    if (this.#key === "") return;
    /** @type {Set<HTMLElement>} */
    const covered = new Set();
    for (const view of this.#views()) {
      const still = findStill(view, this.#key);
      if (still !== null) covered.add(still);
    }
    for (const still of this.#hidden) if (!covered.has(still)) still.style.display = "";
    for (const still of covered) still.style.display = "none";
    this.#hidden = covered;
  }

  close() {
    this.#listeners.abort();
    for (const still of this.#hidden) still.style.display = "";
    this.#hidden.clear();
  }
}
