/**
 * How values are shown: a row of the drawer that chooses quantity, colour map and limits, of one
 * shape or of all.
 *
 * @typedef {object} Entry a shape that shows values
 * @property {number} index
 * @property {string} name
 * @property {string[]} quantities
 * @property {string} show
 * @property {string | null} map null: it has no name
 * @property {[number, number]} limits
 * @property {boolean} auto
 *
 * @typedef {{shape: number | null, show?: string, map?: string, limits?: [number, number],
 *   auto?: boolean}} ValueChange
 */

import { isChanged, LIVE, make, makeSelect, makeWordButton, OWN_KEYS, showNumber } from "./dom.js";

const MOST = 64;

/** @param {unknown} value @returns {value is string} */
const isName = (value) => typeof value === "string" && value !== "" && value.length <= 400;

/** @param {unknown} value @returns {Entry | null} */
function readEntry(value) {
  if (typeof value !== "object" || value === null) return null;
  const { index, name, quantities, show, map, limits, auto } =
    /** @type {Record<string, unknown>} */ (value);
  if (!Number.isInteger(index) || !isName(name) || !isName(show)) return null;
  if (!Array.isArray(quantities) || !Array.isArray(limits) || limits.length !== 2) return null;
  if (!limits.every(Number.isFinite)) return null;
  return {
    index: /** @type {number} */ (index),
    ...{ name, show, auto: auto === true },
    quantities: quantities.filter(isName).slice(0, MOST),
    map: isName(map) ? map : null,
    limits: [limits[0], limits[1]],
  };
}

/** What a kernel says may be chosen, as far as it makes sense. @param {unknown} overlay */
export function readMenu(overlay) {
  const { values, maps } = /** @type {Record<string, unknown>} */ (overlay ?? {});
  const list = (/** @type {unknown} */ some) => (Array.isArray(some) ? some.slice(0, MOST) : []);
  return {
    entries: /** @type {Entry[]} */ (
      list(values)
        .map(readEntry)
        .filter((entry) => entry !== null)
    ),
    maps: list(maps).filter(isName),
  };
}

/**
 * Shapes as they will be when all that was asked for is done, as far as that is known: limits of
 * another quantity, or those that follow from values, only the kernel knows.
 *
 * @param {Entry[]} entries
 * @param {ValueChange[]} changes oldest first
 * @returns {Entry[]}
 */
export function foresee(entries, changes) {
  return entries.map((entry) => {
    const now = { ...entry };
    for (const { shape, show, map, limits, auto } of changes) {
      if (shape !== null && shape !== now.index) continue;
      if (show !== undefined && !now.quantities.includes(show)) continue;
      now.show = show ?? now.show;
      now.map = map ?? now.map;
      now.limits = limits ?? now.limits;
      now.auto = auto ?? (limits === undefined && now.auto);
    }
    return now;
  });
}

/** All shapes as if they were one: what is alike is told. @param {Entry[]} entries @returns {Entry} */
export function together(entries) {
  const [first] = entries;
  const alike = (/** @type {(entry: Entry) => unknown} */ get) =>
    entries.every((entry) => get(entry) === get(first));
  return {
    index: -1,
    name: "all",
    quantities: [...new Set(entries.flatMap(({ quantities }) => quantities))],
    show: alike(({ show }) => show) ? first.show : "",
    map: alike(({ map }) => map) ? first.map : null,
    limits: [
      Math.min(...entries.map(({ limits }) => limits[0])),
      Math.max(...entries.map(({ limits }) => limits[1])),
    ],
    auto: entries.every(({ auto }) => auto),
  };
}

/** With as many digits as are needed to see what it is. @param {number} x */
const short = (x) => String(Number(x.toPrecision(6)));

/** @param {HTMLSelectElement} select @param {[string, string][]} choices @param {string} value */
function offer(select, choices, value) {
  const known = [...select.options].map((option) => `${option.value}\n${option.text}`);
  if (known.join("\n") !== choices.map(([name, text]) => `${name}\n${text}`).join("\n")) {
    select.replaceChildren(...choices.map(([name, text]) => new Option(text, name)));
  }
  select.value = value;
}

/** @param {(change: ValueChange) => void} change @param {AbortSignal} signal */
export function makeValues(change, signal) {
  const shapes = makeSelect("Shape", [], "Whose values");
  const quantities = makeSelect("Quantity", [], "Which of its quantities is shown");
  const maps = makeSelect("Colour map", [], "Which colours stand for values");
  /** @param {string} label @param {string} title */
  const field = (label, title) =>
    make("input", "raywidget-number raywidget-limit", {
      ...OWN_KEYS,
      type: "number",
      step: "any",
      "aria-label": label,
      title,
    });
  const low = field("Lower limit", "The value of the first colour");
  const high = field("Upper limit", "The value of the last colour");
  const auto = makeWordButton("Auto", "Limits from the least to the greatest value");
  const parts = [shapes, quantities, maps, low, high, auto];
  const row = make("div", `raywidget-section ${LIVE}`, { role: "group", "aria-label": "Values" });
  row.append(
    make("span", "raywidget-section-title", { "aria-hidden": "true" }, "Values"),
    ...parts,
  );
  row.hidden = true;
  /** @type {ReturnType<typeof readMenu>} */
  let menu = { entries: [], maps: [] };
  let chosen = "";

  const entry = () => {
    const one = menu.entries.find(({ index }) => String(index) === chosen);
    return one ?? (menu.entries.length > 1 ? together(menu.entries) : menu.entries[0]);
  };
  const fill = () => {
    const { entries } = menu;
    row.hidden = entries.length === 0;
    if (row.hidden) return;
    const now = entry();
    const one = entries.length === 1;
    shapes.hidden = one;
    offer(
      shapes,
      [
        ...(one ? [] : [/** @type {[string, string]} */ (["", "all shapes"])]),
        ...entries.map(({ index, name }) => /** @type {[string, string]} */ ([`${index}`, name])),
      ],
      now.index < 0 ? "" : String(now.index),
    );
    quantities.hidden = now.quantities.length < 2;
    offer(
      quantities,
      now.quantities.map((name) => [name, name]),
      now.show,
    );
    const names =
      now.map === null || menu.maps.includes(now.map) ? menu.maps : [now.map, ...menu.maps];
    offer(
      maps,
      [
        ...(now.map === null ? [/** @type {[string, string]} */ (["", "(own)"])] : []),
        ...names.map((name) => /** @type {[string, string]} */ ([name, name])),
      ],
      now.map ?? "",
    );
    [low, high].forEach((input, end) => {
      showNumber(input, short(now.limits[end]));
    });
    auto.setAttribute("aria-pressed", String(now.auto));
  };

  /** @param {Omit<ValueChange, "shape">} what */
  const tell = (what) => {
    const { index } = entry();
    change({ shape: index < 0 ? null : index, ...what });
  };
  const limit = () => {
    const known = entry().limits;
    // What the user has not touched is sent as it is, and not in the digits that are shown of it.
    const limits = /** @type {[number, number]} */ (
      [low, high].map((input, end) => (isChanged(input) ? input.valueAsNumber : known[end]))
    );
    const same = limits[0] === known[0] && limits[1] === known[1];
    if (limits[0] < limits[1] && !same) return tell({ limits });
    // What is no range is not asked for.
    for (const input of [low, high]) input.value = input.defaultValue;
  };
  const on = (/** @type {HTMLElement} */ part, /** @type {() => void} */ act) =>
    part.addEventListener("change", act, { signal });
  on(shapes, () => {
    chosen = shapes.value;
    fill();
  });
  on(quantities, () => tell({ show: quantities.value }));
  on(maps, () => {
    if (maps.value !== "") tell({ map: maps.value });
  });
  for (const input of [low, high]) {
    on(input, limit);
    // Some hosts have a use of their own for Enter, and browsers then don't speak of a change.
    input.addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        event.stopPropagation();
        limit();
      },
      { signal },
    );
  }
  auto.addEventListener("click", () => tell({ auto: true }), { signal });

  return {
    element: row,
    /**
     * @param {unknown} overlay what the kernel says of it
     * @param {ValueChange[]} waiting what it was asked for and has not answered
     * @returns {boolean} is there any?
     */
    show(overlay, waiting) {
      const { entries, maps } = readMenu(overlay);
      menu = { entries: foresee(entries, waiting), maps };
      fill();
      return menu.entries.length > 0;
    },
  };
}
