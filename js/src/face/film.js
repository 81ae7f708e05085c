/**
 * A row of the drawer that has a film recorded: of a turn, or of all times; with how far it is, and
 * the film when it is there.
 *
 * @typedef {{what: string | null, format?: string, seconds?: number}} RecordChange
 * @typedef {{state: string, done: number, count: number, left: number | null, name: string | null,
 *   message: string, formats: string[]}} Recording
 */

import { LIVE, make, makeSelect, makeWordButton, OWN_KEYS } from "./dom.js";

/** @param {unknown} value @returns {Recording | null} */
export function readRecording(value) {
  const { state, done, count, left, name, message, formats } =
    /** @type {Record<string, unknown>} */ (value ?? {});
  if (typeof state !== "string" || !Array.isArray(formats)) return null;
  const isCount = (/** @type {unknown} */ x) =>
    Number.isInteger(x) && /** @type {number} */ (x) >= 0;
  return {
    state,
    done: isCount(done) ? /** @type {number} */ (done) : 0,
    count: isCount(count) ? /** @type {number} */ (count) : 0,
    left: Number.isFinite(left) ? /** @type {number} */ (left) : null,
    name: typeof name === "string" && name !== "" ? name : null,
    message: typeof message === "string" ? message : "",
    formats: formats.filter((format) => typeof format === "string").slice(0, 8),
  };
}

/** @param {number} seconds */
export const duration = (seconds) =>
  seconds < 90 ? `${Math.max(Math.round(seconds), 1)} s` : `${Math.round(seconds / 60)} min`;

/** What is said while it goes on, and in the end. @param {Recording} recording */
export function tell({ state, done, count, left, message }) {
  if (state === "recording") {
    const rest = left === null ? "" : `, ${duration(left)} left`;
    return done < count ? `frame ${done} of ${count}${rest}` : "putting it together…";
  }
  return state === "done" || state === "failed" ? message : "";
}

/**
 * @param {(change: RecordChange) => void} record
 * @param {() => void} fetch download what was recorded
 * @param {AbortSignal} signal
 */
export function makeFilm(record, fetch, signal) {
  const turn = makeWordButton("Record a turn", "A film that goes round it, as it is seen now");
  const times = makeWordButton("Record the times", "A film of all times, as they are seen now");
  const format = makeSelect("Format of the film", []);
  const seconds = make("input", "raywidget-number", {
    ...OWN_KEYS,
    type: "number",
    min: "1",
    max: "60",
    step: "1",
    value: "4",
    "aria-label": "Seconds",
    title: "How long a turn lasts",
  });
  const label = make("label", "raywidget-label", {}, "seconds", seconds);
  const cancel = makeWordButton("Cancel", "Break it off; nothing is left of it");
  const get = makeWordButton("Download", "The film that was recorded");
  const bar = make("progress", "raywidget-film-progress", { "aria-label": "Frames of the film" });
  const said = make("span", "raywidget-film-status", { role: "status" });
  const row = make("div", `raywidget-section ${LIVE}`, { role: "group", "aria-label": "Film" });
  row.append(
    make("span", "raywidget-section-title", { "aria-hidden": "true" }, "Film"),
    ...[turn, times, format, label, bar, cancel, get, said],
  );
  let several = false;
  /** @type {Recording | null} */
  let now = null;

  const fill = () => {
    row.hidden = now === null;
    if (now === null) return;
    const busy = now.state === "recording";
    if ([...format.options].map(({ value }) => value).join() !== now.formats.join()) {
      format.replaceChildren(...now.formats.map((name) => new Option(name.toUpperCase(), name)));
    }
    for (const part of [turn, format, label]) part.hidden = busy;
    times.hidden = busy || !several;
    bar.hidden = cancel.hidden = !busy;
    bar.max = Math.max(now.count, 1);
    bar.value = now.done;
    get.hidden = now.state !== "done";
    get.title = now.name ?? "";
    const text = tell(now);
    if (said.textContent !== text) said.textContent = text;
  };
  const begin = (/** @type {string} */ what) => {
    const length = Math.min(Math.max(Number(seconds.value) || 4, 1), 60);
    record({ what, format: format.value, seconds: length });
  };
  turn.addEventListener("click", () => begin("turntable"), { signal });
  times.addEventListener("click", () => begin("times"), { signal });
  cancel.addEventListener("click", () => record({ what: null }), { signal });
  get.addEventListener("click", fetch, { signal });
  fill();

  return {
    element: row,
    /** @param {unknown} recording @param {boolean} times are there several? */
    show(recording, times) {
      now = readRecording(recording);
      several = times;
      fill();
    },
  };
}
