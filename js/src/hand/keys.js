/**
 * What each key does while the picture has the focus: one table, for the keyboard and for its help.
 *
 * @typedef {"left" | "right" | "up" | "down" | "panLeft" | "panRight" | "panUp" | "panDown" |
 *   "nearer" | "farther" | "home" | "fit" | "front" | "back" | "sideRight" | "sideLeft" | "top" |
 *   "bottom" | "toggle" | "restart" | "more" | "brighter" | "darker" | "plain" | "curve" |
 *   "channel" | "denoise" | "play" | "before" | "after" | "pixels" | "region" | "compare" | "copy" | "save" | "settings" | "help" |
 *   "leave"} Deed
 *
 * @typedef {object} Key
 * @property {string} show how it is written in the help
 * @property {string} label what it does
 * @property {Record<string, Deed>} keys deeds by `event.key`, with "Shift+" before it where shift counts
 */

/** @type {{title: string, live: boolean, keys: Key[]}[]} `live`: they need a kernel */
export const KEYS = [
  {
    title: "Camera",
    live: true,
    keys: [
      {
        show: "← → ↑ ↓",
        label: "orbit",
        keys: { ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down" },
      },
      {
        show: "Shift + ← → ↑ ↓",
        label: "pan",
        keys: {
          "Shift+ArrowLeft": "panLeft",
          "Shift+ArrowRight": "panRight",
          "Shift+ArrowUp": "panUp",
          "Shift+ArrowDown": "panDown",
        },
      },
      {
        show: "+ −",
        label: "nearer, farther",
        keys: { "+": "nearer", "=": "nearer", "-": "farther" },
      },
      { show: "W A S D Q E", label: "fly, faster with Shift", keys: {} },
      {
        show: "1 / 3 / 7",
        label: "front, right, top",
        keys: { 1: "front", 3: "sideRight", 7: "top" },
      },
      {
        show: "Shift + 1 / 3 / 7",
        label: "back, left, bottom",
        keys: { "Shift+1": "back", "Shift+3": "sideLeft", "Shift+7": "bottom" },
      },
      { show: "Home", label: "back to the start", keys: { Home: "home", 0: "home" } },
      { show: "F", label: "see everything", keys: { f: "fit" } },
      { show: "C", label: "copy as Python", keys: { c: "copy" } },
    ],
  },
  {
    title: "Picture",
    live: false,
    keys: [
      {
        show: "[ ] \\",
        label: "darker, brighter, as it was",
        keys: { "[": "darker", "]": "brighter", "\\": "plain" },
      },
      { show: "T", label: "next tone curve", keys: { t: "curve" } },
      { show: "V", label: "next channel", keys: { v: "channel" } },
      { show: "Z", label: "see the pixels", keys: { z: "pixels" } },
      { show: "X", label: "compare with now", keys: { x: "compare" } },
      { show: "P", label: "save PNG", keys: { p: "save" } },
    ],
  },
  {
    title: "Render",
    live: true,
    keys: [
      { show: "Space", label: "pause, resume", keys: { " ": "toggle" } },
      { show: "R", label: "restart", keys: { r: "restart" } },
      { show: "N", label: "without noise, with it", keys: { n: "denoise" } },
      { show: "M", label: "more samples", keys: { m: "more" } },
      { show: "B", label: "refine a region first", keys: { b: "region" } },
    ],
  },
  {
    title: "Times, if there are any",
    live: true,
    keys: [
      { show: "K", label: "play, rest", keys: { k: "play" } },
      { show: ", .", label: "one back, one on", keys: { ",": "before", ".": "after" } },
    ],
  },
  {
    title: "Here",
    live: false,
    keys: [
      { show: "G", label: "settings", keys: { g: "settings" } },
      { show: "?", label: "this help", keys: { "?": "help", h: "help" } },
      { show: "Esc", label: "leave", keys: { Escape: "leave" } },
    ],
  },
];

/** What hands do, for the help. */
export const HANDS = [
  ["drag", "orbit"],
  ["Shift or right drag, two fingers", "pan"],
  ["wheel or pinch, once clicked", "nearer, farther"],
  ["Alt + drag", "turn the head"],
  ["click", "what is there?"],
  ["double click", "look at it"],
];

/** Deeds that can do something without a kernel. @type {ReadonlySet<Deed>} */
export const ALONE = new Set(
  KEYS.filter(({ live }) => !live).flatMap(({ keys }) =>
    keys.flatMap((key) => Object.values(key.keys)),
  ),
);

const DEEDS = new Map(KEYS.flatMap(({ keys }) => keys.flatMap((key) => Object.entries(key.keys))));

/** The digits of keys whose shifted characters differ between keyboards. */
const DIGIT = /^(?:Digit|Numpad)(\d)$/;

/**
 * @param {{key: string, code: string, shiftKey: boolean, ctrlKey: boolean, altKey: boolean,
 *   metaKey: boolean}} event
 * @returns {Deed | null}
 */
export function deedOf({ key, code, shiftKey, ctrlKey, altKey, metaKey }) {
  if (ctrlKey || altKey || metaKey) return null;
  const name = DIGIT.exec(code)?.[1] ?? (key.length === 1 ? key.toLowerCase() : key);
  if (shiftKey && DEEDS.has(`Shift+${name}`)) return DEEDS.get(`Shift+${name}`) ?? null;
  const arrow = shiftKey && key.startsWith("Arrow");
  return arrow ? null : (DEEDS.get(name) ?? null);
}
