// Reads and replays the recorded conversations: a page made of the pure modules, without a browser.

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { PixelStore } from "../src/pixels/pixels.js";
import { develop, makeTable } from "../src/pixels/tonemap.js";
import { Connection } from "../src/wire/connection.js";

const FOLDER = new URL("../../tests/fixtures/protocol/", import.meta.url);

export function readFixture(name) {
  return JSON.parse(readFileSync(new URL(name, FOLDER), "utf8"));
}

export function conversations() {
  return readdirSync(FOLDER).filter((name) => name.endsWith(".json") && name !== "tonemap.json");
}

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** The 8-bit RGB picture on show, as sRGB at exposure 0. */
export function developed(picture) {
  const { width, height, half, exponent } = picture;
  const rgba = new Uint32Array(width * height);
  develop(makeTable("srgb", 0, exponent), half, rgba, width, { x: 0, y: 0, width, height });
  const bytes = new Uint8Array(rgba.buffer);
  return bytes.filter((_, index) => index % 4 !== 3);
}

/** A DataView on the bytes, at an offset in a larger buffer. */
export function viewOf(bytes, offset = 0) {
  const larger = new Uint8Array(offset + bytes.length + 5).fill(0xa5);
  larger.set(bytes, offset);
  return new DataView(larger.buffer, offset, bytes.length);
}

/** The page's side of a conversation, on a clock of its own. */
export class Page {
  store = new PixelStore();
  said = [];
  now = 0;
  tiles = 0;
  state = null;

  constructor(client, bufferOffset = 0) {
    this.connection = new Connection(client);
    this.bufferOffset = bufferOffset;
    this.connection.start(0);
  }

  /** Let time pass: everything that falls due is said when it falls due. */
  until(time) {
    for (let rounds = 0; this.connection.wakeAt <= time; rounds++) {
      if (rounds > 1000) throw new Error("the connection never comes to rest");
      this.now = Math.max(this.connection.wakeAt, this.now);
      this.poll();
    }
    this.now = time;
  }

  poll() {
    for (const content of this.connection.poll(this.now)) this.said.push({ at: this.now, content });
  }

  hear(content, bytes) {
    const buffers = bytes === null ? [] : [viewOf(bytes, this.bufferOffset)];
    const message = this.connection.receive(content, buffers, this.now);
    if (message?.k === "begin") this.store.begin(message);
    if (message?.k === "state") this.state = message.state;
    for (const tile of message?.k === "tiles" ? message.tiles : []) {
      if (this.store.apply(message.generation, tile, message.seq) !== "late") this.tiles++;
    }
    this.poll();
    return message;
  }
}
