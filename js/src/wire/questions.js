/**
 * Questions to the kernel, and their answers: what a pixel shows, from where there is something to be
 * seen, and the picture as a file.
 *
 * @import { Pose, Vec } from "../hand/orbit.js"
 * @import { BrowserMessage, FilePiece, Pixel, Vantage } from "./protocol.js"
 */

import { told } from "../hand/orbit.js";

/** Questions about pixels that may be open; older ones are forgotten. */
const MOST_OPEN = 4;

/** Types of the files that the kernel makes, by their suffix. */
const TYPES = new Map([
  ["exr", "image/x-exr"],
  ["npz", "application/zip"],
  ["png", "image/png"],
  ["mp4", "video/mp4"],
  ["webp", "image/webp"],
  ["gif", "image/gif"],
]);

export class Questions {
  #client;
  #send;
  #number = 0;
  /** @type {Map<number, (pixel: Pixel) => void>} */
  #open = new Map();
  /** @type {{number: number, answer: (message: string, file?: {blob: Blob, name: string}) => void, pieces: Uint8Array[]} | null} */
  #file = null;
  /** @type {{number: number, answer: (from: Vec, vfov: number | null) => void} | null} the newest only */
  #vantage = null;

  /** @param {number} client @param {(message: BrowserMessage) => void} send */
  constructor(client, send) {
    this.#client = client;
    this.#send = send;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {(pixel: Pixel) => void} answer
   * @param {boolean} [again] nobody clicked: the page keeps up what it tells
   * @returns {() => void} forgets the question: what comes is no longer heard
   */
  probe(x, y, answer, again = false) {
    const number = ++this.#number;
    this.#open.set(number, answer);
    for (const old of this.#open.keys()) if (old <= number - MOST_OPEN) this.#open.delete(old);
    this.#send({ k: "probe", client: this.#client, number, x, y, again });
    return () => this.#open.delete(number);
  }

  /** @param {Pixel} pixel */
  pixel(pixel) {
    const answer = this.#open.get(pixel.number);
    this.#open.delete(pixel.number);
    answer?.(pixel);
  }

  /**
   * @param {Pose} pose that somebody wants to look from
   * @param {(from: Vec, vfov: number | null) => void} answer
   * @returns {() => void} forgets the question
   */
  findVantage(pose, answer) {
    const number = ++this.#number;
    this.#vantage = { number, answer };
    this.#send({ k: "vantage", client: this.#client, number, ...told(pose) });
    return () => {
      if (this.#vantage?.number === number) this.#vantage = null;
    };
  }

  /** @param {Vantage} vantage */
  vantage({ number, look_from, vfov }) {
    const wanted = this.#vantage;
    if (wanted?.number !== number) return;
    this.#vantage = null;
    wanted.answer(look_from, vfov);
  }

  /**
   * @param {string} format
   * @param {(message: string, file?: {blob: Blob, name: string}) => void} answer
   */
  ask(format, answer) {
    const number = ++this.#number;
    this.#file = { number, answer, pieces: [] };
    this.#send({ k: "file", client: this.#client, number, format });
  }

  /** @param {FilePiece} piece */
  file({ number, name, index, count, message, bytes }) {
    const wanted = this.#file;
    if (wanted === null || wanted.number !== number) return;
    if (message !== null || bytes === null) {
      this.#file = null;
      return wanted.answer(message ?? "the file could not be made");
    }
    // A copy: the host may use its memory again.
    wanted.pieces[index] = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
    if (Object.keys(wanted.pieces).length < count) return;
    this.#file = null;
    const type = TYPES.get(name.split(".").pop() ?? "") ?? "application/octet-stream";
    wanted.answer(`saved ${name}`, {
      blob: new Blob(/** @type {BlobPart[]} */ (wanted.pieces), { type }),
      name,
    });
  }
}
