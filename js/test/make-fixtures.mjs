// Write the recorded conversations: node test/make-fixtures.mjs
//
// The same bytes come out at every run. Except for `tonemap.json`, nothing here uses the code that
// is tested against these files: pixels, buffers and the expected pictures are made in the plainest
// way, and what the browser says is written down by hand, from docs/protocol.md.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { CURVES, makeTable } from "../src/pixels/tonemap.js";
import { mixingCases } from "./pixels/mixing-cases.js";

// `node --test` runs every file in a folder called test; fixtures may not follow the code by themselves.
if (process.env.NODE_TEST_CONTEXT !== undefined) process.exit(0);

const FOLDER = new URL("../../tests/fixtures/protocol/", import.meta.url);
const CLIENT = 81_985_529;
const EPOCH = 4_242_424_242;

/** @param {Uint8Array} bytes */
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// ---- pixels -------------------------------------------------------------------------------------

/** Bits of the half float nearest to a positive number, found by search: slow, and plainly right. */
function halfBits(value) {
  let [low, high] = [0, 0x7bff];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (halfValue(middle) <= value) low = middle;
    else high = middle - 1;
  }
  const above = Math.min(low + 1, 0x7bff);
  return halfValue(above) - value < value - halfValue(low) ? above : low;
}

function halfValue(bits) {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  return exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A colour for each pixel of each pass of each generation. */
function colour(generation, spp, x, y) {
  const wave = (k) => 0.5 + 0.5 * Math.sin(0.37 * x * k + 0.23 * y + generation + k);
  return [1, 2, 3].map((k) => 1.5 * wave(k) ** 2 + 1 / (16 * spp));
}

const srgbByte = (bits) => {
  const x = Math.min(halfValue(bits), 1);
  const y = x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055;
  return Math.floor(Math.min(Math.max(y, 0), 1) * 255 + 0.5);
};

/** What a viewer would see who wrote every tile into one array. */
class Canvas {
  constructor(width, height) {
    Object.assign(this, { width, height, bytes: new Uint8Array(3 * width * height) });
  }

  draw(tile) {
    const side = 2 ** tile.level;
    for (let y = 0; y < tile.height; y++) {
      for (let x = 0; x < tile.width; x++) {
        const [sx, sy] = [Math.floor(x / side), Math.floor(y / side)];
        const pixel = sy * Math.ceil(tile.width / side) + sx;
        for (let c = 0; c < 3; c++) {
          this.bytes[3 * ((tile.y + y) * this.width + tile.x + x) + c] = srgbByte(
            tile.half[3 * pixel + c],
          );
        }
      }
    }
    return this;
  }

  sum() {
    return sha256(this.bytes);
  }
}

// ---- tiles and messages -------------------------------------------------------------------------

/** The tile of a picture at a place of its grid. */
function tile(generation, spp, [x, y, width, height], level = 0) {
  const side = 2 ** level;
  const half = [];
  for (let sy = 0; sy < Math.ceil(height / side); sy++) {
    for (let sx = 0; sx < Math.ceil(width / side); sx++) {
      half.push(...colour(generation, spp, x + sx * side, y + sy * side).map(halfBits));
    }
  }
  return { x, y, width, height, level, spp, half };
}

/** Rectangles of a grid, row by row. */
function grid(width, height, size) {
  const rects = [];
  for (let y = 0; y < height; y += size) {
    for (let x = 0; x < width; x += size) {
      rects.push([x, y, Math.min(size, width - x), Math.min(size, height - y)]);
    }
  }
  return rects;
}

function pack(tiles) {
  const parts = tiles.map(({ half }) => {
    const part = Buffer.alloc(Math.ceil((half.length * 2) / 4) * 4);
    half.forEach((bits, index) => {
      part.writeUInt16LE(bits, 2 * index);
    });
    return part;
  });
  const records = tiles.map(({ x, y, width, height, level, spp }) => {
    const record = Buffer.alloc(16);
    [x, y, width, height, level, 0].forEach((value, index) => {
      record.writeUInt16LE(value, 2 * index);
    });
    record.writeUInt32LE(spp, 12);
    return record;
  });
  return Buffer.concat([...records, ...parts]);
}

/** A conversation being written: every call adds a step, `wait` lets time pass. */
class Conversation {
  steps = [];
  now = 0;
  seq = 0;

  wait(ms) {
    this.now += ms;
    return this;
  }

  page(event) {
    this.steps.push({ at: this.now, from: "page", ...event });
    return this;
  }

  browser(content) {
    this.steps.push({ at: this.now, from: "browser", content });
    return this;
  }

  hello(have = null) {
    return this.browser({ k: "hello", v: 1, client: CLIENT, have });
  }

  ack(seq, missing = [], held = 0) {
    const state = { seq, missing, visible: true, held };
    return this.browser({ k: "ack", client: CLIENT, epoch: EPOCH, ...state });
  }

  need(generation) {
    return this.browser({ k: "need", client: CLIENT, epoch: EPOCH, generation });
  }

  kernel(content, buffer = null, extra = {}) {
    const step = { at: this.now, from: "kernel", content };
    step.buffer = buffer === null ? null : buffer.toString("base64");
    this.steps.push({ ...step, ...extra });
    return this;
  }

  welcome(next = this.seq + 1) {
    return this.kernel({ k: "welcome", v: 1, epoch: EPOCH, client: CLIENT, next });
  }

  begin(generation, [width, height], spp, extra = {}) {
    const content = { k: "begin", epoch: EPOCH, generation, width, height, tile: 16, spp };
    return this.kernel({ ...content, encoding: "half3" }, null, extra);
  }

  state(generation, state, progress, message = null) {
    return this.kernel({
      k: "state",
      epoch: EPOCH,
      generation,
      state,
      message,
      prompt: true,
      progress,
    });
  }

  tiles(generation, tiles, progress, { seq, soon = true, ...extra } = {}) {
    this.seq = seq ?? this.seq + 1;
    const content = { k: "tiles", epoch: EPOCH, generation, seq: this.seq, n: tiles.length };
    return this.kernel({ ...content, encoding: "half3", soon, progress }, pack(tiles), extra);
  }

  check(generation, canvas) {
    const { width, height } = canvas;
    const picture = { generation, width, height, sha256: canvas.sum() };
    this.steps.push({ at: this.now, from: "check", picture });
    return this;
  }
}

const progress = (samples, goal, elapsed) => ({ samples, goal, elapsed, rate: 2400.5 });

function write(name, about, conversation, expect) {
  const { steps } = conversation;
  // One step a line: a diff of two recordings can be read.
  const lines = steps.map((step) => `    ${JSON.stringify(step)}`).join(",\n");
  const head = [`  "about": ${JSON.stringify(about)}`, `  "client": ${CLIENT}`];
  const text = `{\n${head.join(",\n")},\n  "steps": [\n${lines}\n  ],\n  "expect": ${JSON.stringify(expect)}\n}\n`;
  writeFileSync(new URL(`${name}.json`, FOLDER), text);
  console.log(`${name}.json: ${steps.length} steps, ${text.length} bytes`);
}

/** A page that is welcomed at once, and looked at. */
function opened(generation, size, spp) {
  return new Conversation()
    .page({ visible: true })
    .hello()
    .wait(20)
    .welcome()
    .ack(0)
    .begin(generation, size, spp)
    .state(generation, "running", progress(0, size[0] * size[1] * spp, 0))
    .wait(100);
}

// ---- the conversations --------------------------------------------------------------------------

mkdirSync(FOLDER, { recursive: true });
const SIZE = [40, 24];
const PIXELS = 40 * 24;
const RECTS = grid(40, 24, 16);

{
  const canvas = new Canvas(...SIZE);
  const coarse = tile(1, 1, [0, 0, 40, 24], 3);
  const first = RECTS.map((rect) => tile(1, 1, rect));
  const last = RECTS.map((rect) => tile(1, 4, rect));
  const talk = new Conversation()
    .hello()
    .wait(100)
    .page({ visible: true })
    .wait(50)
    .hello()
    .wait(50)
    .welcome(1)
    .ack(0)
    .begin(1, SIZE, 4)
    .state(1, "compiling", progress(0, 4 * PIXELS, 0))
    .wait(1000)
    .state(1, "running", progress(0, 4 * PIXELS, 0))
    .tiles(1, [coarse], progress(15, 4 * PIXELS, 0.01))
    .ack(1)
    .check(1, canvas.draw(coarse))
    .wait(10)
    .tiles(1, first.slice(0, 4), progress(640, 4 * PIXELS, 0.2))
    .wait(10)
    .tiles(1, first.slice(4), progress(960, 4 * PIXELS, 0.4))
    .wait(30)
    .ack(3, [], 30);
  for (const one of first) canvas.draw(one);
  talk
    .check(1, canvas)
    .wait(200)
    .tiles(1, last, progress(4 * PIXELS, 4 * PIXELS, 1.6))
    .ack(4);
  for (const one of last) canvas.draw(one);
  talk
    .wait(10)
    .state(1, "done", progress(4 * PIXELS, 4 * PIXELS, 1.6))
    .check(1, canvas);
  write("first-picture", "Hello, hello again, a coarse picture, two passes, done.", talk, {
    tiles: 13,
    malformed: 0,
    late: 0,
    state: "done",
  });
}

{
  const canvas = new Canvas(...SIZE);
  const t = (index, spp) => tile(1, spp, RECTS[index]);
  const goal = 8 * PIXELS;
  const talk = opened(1, SIZE, 8)
    .tiles(1, [t(0, 1), t(1, 1)], progress(512, goal, 0.1))
    .ack(1)
    .wait(60)
    .tiles(1, [t(2, 1)], progress(640, goal, 0.2), { lost: true })
    .wait(60)
    .tiles(1, [t(3, 1)], progress(768, goal, 0.3))
    .ack(3, [2])
    .wait(60)
    // The kernel sends what tile 2 is now, not what was lost.
    .tiles(1, [t(2, 2)], progress(896, goal, 0.4))
    .ack(4, [2])
    .wait(60)
    // Nothing follows, so the browser can't know; the kernel's time runs out.
    .tiles(1, [t(4, 1)], progress(1024, goal, 0.5), { lost: true })
    .wait(1000)
    .tiles(1, [t(4, 1), t(5, 1)], progress(1152, goal, 0.6))
    .ack(6, [2, 5])
    .wait(60)
    // Overtaken on the way: applied, unless it has fewer samples than what is shown.
    .tiles(1, [t(0, 4)], progress(1280, goal, 0.7), { seq: 8 })
    .ack(8, [2, 5, 7])
    .wait(60)
    .tiles(1, [t(0, 2), t(1, 2)], progress(1408, goal, 0.8), { seq: 7 })
    .ack(8, [2, 5], 60)
    .wait(60)
    // A duplicate.
    .tiles(1, [t(1, 2)], progress(1408, goal, 0.8), { seq: 8 })
    .ack(8, [2, 5], 120)
    .wait(60)
    // Ninety messages lost: more than an ack may list.
    .tiles(1, [t(3, 2)], progress(1536, goal, 0.9), { seq: 99 })
    .ack(
      99,
      Array.from({ length: 64 }, (_, index) => 35 + index),
    )
    .need(1)
    .wait(60);
  const last = RECTS.map((_, index) => t(index, 8));
  talk
    .tiles(1, last, progress(goal, goal, 2.0))
    .ack(
      100,
      Array.from({ length: 64 }, (_, index) => 35 + index),
    )
    .state(1, "done", progress(goal, goal, 2.0));
  for (const one of last) canvas.draw(one);
  talk.check(1, canvas);
  write("loss-and-repair", "Lost, overtaken and doubled messages; a large gap.", talk, {
    tiles: 16,
    malformed: 0,
    late: 0,
    state: "done",
  });
}

{
  const canvas = new Canvas(...SIZE);
  const t = (index, spp) => tile(1, spp, RECTS[index]);
  const goal = 4 * PIXELS;
  const calm = { soon: false };
  const talk = opened(1, SIZE, 4)
    .tiles(1, [t(0, 1), t(1, 1)], progress(512, goal, 0.1))
    .ack(1)
    .wait(100)
    // Nothing waits for these three: one word for all, 250 ms after the first.
    .tiles(1, [t(2, 1)], progress(640, goal, 0.2), calm)
    .wait(100)
    .tiles(1, [t(3, 1)], progress(768, goal, 0.3), calm)
    .wait(100)
    .tiles(1, [t(4, 1)], progress(896, goal, 0.4), calm)
    .wait(50)
    .ack(4, [], 50)
    .wait(100)
    .tiles(1, [t(5, 1)], progress(960, goal, 0.5), calm)
    .wait(30)
    // This one is waited for, and speaks for the one before it too.
    .tiles(1, [t(0, 2)], progress(1216, goal, 0.6))
    .ack(6)
    .wait(10)
    // Waited for too, but no two words within 50 ms.
    .tiles(1, [t(1, 2)], progress(1472, goal, 0.7))
    .wait(40)
    .ack(7, [], 40)
    .wait(60)
    // A gap can't wait.
    .tiles(1, [t(2, 2)], progress(1600, goal, 0.8), { ...calm, lost: true })
    .wait(30)
    .tiles(1, [t(3, 2)], progress(1728, goal, 0.9), calm)
    .ack(9, [8])
    .wait(60);
  const last = RECTS.map((_, index) => t(index, 4));
  talk
    .tiles(1, last, progress(goal, goal, 2.0))
    .ack(10, [8])
    .state(1, "done", progress(goal, goal, 2.0));
  for (const one of last) canvas.draw(one);
  talk.check(1, canvas);
  write("calm", "Tiles that nothing waits for are acknowledged together.", talk, {
    tiles: 15,
    malformed: 0,
    late: 0,
    state: "done",
  });
}

{
  const old = new Canvas(...SIZE);
  const first = RECTS.map((rect) => tile(1, 1, rect));
  for (const one of first) old.draw(one);
  const talk = opened(1, SIZE, 2)
    .tiles(1, first, progress(PIXELS, 2 * PIXELS, 0.1))
    .ack(1)
    .check(1, old)
    .wait(60)
    .browser({ k: "control", client: CLIENT, do: "restart" })
    .wait(5)
    .begin(2, SIZE, 2)
    .state(2, "running", progress(0, 2 * PIXELS, 0));

  const second = RECTS.map((rect) => tile(2, 1, rect));
  const whole = new Canvas(...SIZE);
  for (const one of second) whole.draw(one);
  talk
    .tiles(2, second.slice(0, 5), progress(800, 2 * PIXELS, 0.1))
    .ack(2)
    .check(1, old)
    .wait(60)
    // A tile of the old generation that was on its way.
    .tiles(1, [tile(1, 2, RECTS[0])], progress(1216, 2 * PIXELS, 0.2))
    .ack(3)
    .check(1, old)
    .wait(60)
    .tiles(2, second.slice(5), progress(PIXELS, 2 * PIXELS, 0.2))
    .ack(4)
    .check(2, whole)
    .wait(60)
    .browser({ k: "control", client: CLIENT, do: "more", samples: 2 })
    .wait(5)
    .begin(2, SIZE, 4)
    .state(2, "running", progress(PIXELS, 4 * PIXELS, 0.2))
    .check(2, whole);

  // The third is of another size, and its `begin` is lost.
  const size = [24, 40];
  const rects = grid(...size, 16);
  const third = rects.map((rect) => tile(3, 1, rect));
  const last = new Canvas(...size);
  for (const one of third) last.draw(one);
  talk
    .begin(3, size, 1, { lost: true })
    .tiles(3, third.slice(0, 3), progress(600, PIXELS, 0.1))
    .ack(5, [5])
    .need(3)
    .check(2, whole)
    .wait(1000)
    .need(3)
    .wait(20)
    .begin(3, size, 1)
    .tiles(3, third, progress(PIXELS, PIXELS, 0.2))
    .ack(6, [5])
    .check(3, last)
    .state(3, "done", progress(PIXELS, PIXELS, 0.2))
    // One more stranger: another client's welcome, and another kernel's state.
    .kernel({ k: "welcome", v: 1, epoch: 5, client: CLIENT + 1, next: 1 })
    .kernel({
      k: "state",
      epoch: 5,
      generation: 9,
      state: "failed",
      message: "no",
      prompt: true,
      progress: null,
    })
    .check(3, last);
  write("restart", "Newer generations: the old picture stays until the new one is whole.", talk, {
    tiles: 18,
    malformed: 0,
    // an old tile, the tiles before their `begin`, and two strangers
    late: 4,
    state: "done",
  });
}

{
  const canvas = new Canvas(...SIZE);
  const all = RECTS.map((rect) => tile(1, 2, rect));
  for (const one of all) canvas.draw(one);
  const goal = 4 * PIXELS;
  const talk = opened(1, SIZE, 4)
    .tiles(1, all, progress(2 * PIXELS, goal, 0.1))
    .ack(1)
    .wait(60);

  const good = { k: "tiles", epoch: EPOCH, generation: 1, seq: 2, n: 1, encoding: "half3" };
  // Four by four pixels in the corner: off the grid of tiles, which is allowed.
  const corner = tile(1, 4, [0, 0, 4, 4]);
  const buffer = pack([corner]);
  const bad = (content, bytes = buffer) => talk.kernel(content, bytes, { malformed: true });
  const record = (...fields) => {
    const bytes = Buffer.from(buffer);
    fields.forEach((value, index) => {
      if (value !== null) bytes.writeUInt16LE(value, 2 * index);
    });
    return bytes;
  };
  for (const content of [null, 7, "tiles", [], {}, { k: "Tiles" }, { k: 3 }, { k: "__proto__" }]) {
    bad(content, null);
  }
  for (const wrong of [null, "1", -1, 1.5, true, [1], 2 ** 53, {}]) {
    for (const field of ["epoch", "generation", "seq", "n"]) bad({ ...good, [field]: wrong });
  }
  for (const n of [2, 1000, 2 ** 31, 2 ** 53 - 1]) bad({ ...good, n });
  for (const encoding of ["half4", "", null, 3, "toString"]) bad({ ...good, encoding });
  bad(good, null);
  for (const length of [0, 1, 15, 16, buffer.length - 1]) bad(good, buffer.subarray(0, length));
  bad(good, record(null, null, 0));
  bad(good, record(null, null, null, 0));
  bad(good, record(null, null, 65535, 65535));
  bad(good, record(null, null, null, null, 17));
  bad(good, record(null, null, null, null, null, null, 0));
  const begin = {
    k: "begin",
    epoch: EPOCH,
    generation: 2,
    width: 40,
    height: 24,
    tile: 16,
    spp: 4,
  };
  for (const field of ["width", "height", "tile", "spp", "generation", "epoch"]) {
    for (const wrong of [0, -4, 1.5, "40", null, 2 ** 53]) {
      bad({ ...begin, encoding: "half3", [field]: wrong }, null);
    }
  }
  bad({ ...begin, encoding: "half3", width: 65535, height: 65535 }, null);
  bad({ ...begin, encoding: "half3", width: 65536, height: 1 }, null);
  bad({ ...begin, encoding: "half3", width: 1, height: 65536 }, null);
  bad({ ...begin, encoding: "jpeg" }, null);
  const state = { k: "state", epoch: EPOCH, generation: 1, message: null, progress: null };
  for (const wrong of ["exploded", null, 1, "", {}]) bad({ ...state, state: wrong }, null);
  const welcome = { k: "welcome", epoch: EPOCH + 1, client: CLIENT, next: 1 };
  bad({ ...welcome, v: 2 }, null);
  bad({ ...welcome, v: 1, next: 0 }, null);
  bad({ ...welcome, v: 1, next: "1" }, null);
  const malformed = talk.steps.filter((step) => step.malformed).length;
  talk.check(1, canvas);

  // Well formed, but a tile does not lie in the picture: the others of the message count.
  const outside = { ...tile(1, 4, [0, 0, 16, 16]), x: 32 };
  const below = { ...tile(1, 4, [0, 0, 16, 16]), y: 65535 };
  const inside = tile(1, 4, RECTS[4]);
  talk
    .tiles(1, [outside, inside, below], progress(2816, goal, 0.2))
    .ack(2)
    .check(1, canvas.draw(inside))
    .wait(60)
    // Fields that nobody knows, a progress that is none, bytes after the last pixel.
    .kernel(
      { ...good, seq: 3, n: 1, progress: { samples: "all" }, colour: "red" },
      Buffer.concat([buffer, Buffer.alloc(6)]),
    )
    .ack(3)
    .check(1, canvas.draw(corner));
  write("hostile", "What is malformed is ignored, as if it had never arrived.", talk, {
    tiles: 8,
    malformed,
    late: 0,
    state: "running",
  });
}

// ---- the tone tables ----------------------------------------------------------------------------

{
  const tables = [];
  for (const curve of CURVES.keys()) {
    for (const exposure of [-8, -3.25, -1, -0.5, 0, 0.25, 1, 2.75, 8]) {
      const table = makeTable(curve, exposure);
      // 0, the smallest, 1/16, 0.18, 1/2, 1, 4, the largest, infinity, NaN, -1
      const bits = [0, 1, 0x2c00, 0x31c3, 0x3800, 0x3c00, 0x4400, 0x7bff, 0x7c00, 0x7e00, 0xbc00];
      const samples = bits.map((half) => [half, table[half]]);
      tables.push({ curve, exposure, sha256: sha256(table), samples });
    }
  }
  const lines = tables.map((table) => `    ${JSON.stringify(table)}`).join(",\n");
  const about = "The bytes of all 65,536 half floats, for pairs of curve and exposure.";
  writeFileSync(
    new URL("tonemap.json", FOLDER),
    `{\n  "about": ${JSON.stringify(about)},\n  "tables": [\n${lines}\n  ]\n}\n`,
  );
  console.log(`tonemap.json: ${tables.length} tables`);
}

writeFileSync(new URL("../mixing.json", FOLDER), `${JSON.stringify(mixingCases(), null, 1)}\n`);
console.log("mixing.json");
