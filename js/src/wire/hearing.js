/**
 * Does the kernel hear what the user does? Without subshells it does so only between cells, while
 * its tiles and its word go on coming.
 *
 * @import { KernelMessage } from "./protocol.js"
 */

/** An answer to a click takes longer than this only while the kernel runs a cell, in ms. */
export const ANSWER = 700;

export class Hearing {
  /** Is the kernel known to hear what the user does while a cell runs? */
  #prompt = true;
  /** @type {string | null} what it said last of itself, all that an answer could change */
  #word = null;
  /** @type {number | null} since when the user waits for an answer */
  #askedAt = null;

  /** The user wants something. @param {number} now in ms */
  ask(now) {
    this.#askedAt ??= now;
  }

  /** @param {KernelMessage} message */
  heard(message) {
    if (message.k === "welcome" || message.k === "begin") {
      this.#askedAt = null;
    } else if (message.k === "state") {
      this.#prompt = message.prompt;
      const word = JSON.stringify([message.generation, message.state, message.message]);
      // What it only repeats, it says without having heard anything.
      if (word !== this.#word) this.#askedAt = null;
      this.#word = word;
    }
  }

  /** Has the user waited too long? @param {number} now in ms */
  isDeaf(now) {
    return !this.#prompt && this.#askedAt !== null && now >= this.#askedAt + ANSWER;
  }
}
