/**
 * What the user has changed of values, until the kernel has answered.
 *
 * Answers come in the kernel's own time, and what it says meanwhile knows nothing of the changes
 * that are on their way: they are laid over it, so that no control goes back to what it was, and
 * none sends what the user has left behind.
 *
 * @import { ValueChange } from "../face/values.js"
 * @import { ValuesMessage } from "./protocol.js"
 */

/** More than this many without an answer, and the oldest are given up. */
const MOST_WAITING = 64;

export class Changes {
  #client;
  #number = 0;
  /** @type {{number: number, change: ValueChange}[]} oldest first */
  #waiting = [];

  /** @param {number} client */
  constructor(client) {
    this.#client = client;
  }

  /** Those without an answer, oldest first. @returns {ValueChange[]} */
  get waiting() {
    return this.#waiting.map(({ change }) => change);
  }

  /** The message that asks for a change. @param {ValueChange} change @returns {ValuesMessage} */
  ask(change) {
    this.#number++;
    this.#waiting = [...this.#waiting, { number: this.#number, change }].slice(-MOST_WAITING);
    return { k: "values", client: this.#client, number: this.#number, ...change };
  }

  /** The kernel says what there is, and whose changes are in it. @param {unknown} overlay */
  hear(overlay) {
    const { answered } = /** @type {Record<string, unknown>} */ (overlay ?? {});
    for (const pair of Array.isArray(answered) ? answered : []) {
      if (!Array.isArray(pair) || pair[0] !== this.#client) continue;
      this.#waiting = this.#waiting.filter(({ number }) => !(number <= pair[1]));
    }
  }

  /** Nobody is there who would answer. */
  forget() {
    this.#waiting = [];
  }
}
