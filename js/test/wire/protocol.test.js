import assert from "node:assert/strict";
import { test } from "node:test";
import { ack, control, hello, need, readMessage, readTiles } from "../../src/wire/protocol.js";
import { viewOf } from "../fixtures.js";

/** A buffer of records and as many bytes of pixels as are asked for. */
function bufferOf(records, payload) {
  const bytes = new Uint8Array(16 * records.length + payload);
  const view = new DataView(bytes.buffer);
  for (const [
    index,
    { x = 0, y = 0, width = 1, height = 1, level = 0, spp = 1 },
  ] of records.entries()) {
    for (const [field, value] of [x, y, width, height, level, 0].entries()) {
      view.setUint16(16 * index + 2 * field, value, true);
    }
    view.setUint32(16 * index + 12, spp, true);
  }
  for (let at = 16 * records.length; at < bytes.length; at++) bytes[at] = at % 251;
  return bytes;
}

const tiles = (extra = {}) => ({
  k: "tiles",
  epoch: 3,
  generation: 1,
  seq: 1,
  n: 1,
  encoding: "half3",
  progress: null,
  ...extra,
});

test("pixels follow the records, each tile's padded to four bytes", () => {
  // 1 pixel takes 6 bytes and 2 of padding, 3 pixels take 18 and 2.
  const bytes = bufferOf([{}, { x: 7, width: 3, spp: 9 }, {}], 8 + 20 + 8);
  const [first, second, third] = readTiles(viewOf(bytes, 2), 3, "half3");
  assert.deepEqual([second.x, second.width, second.spp], [7, 3, 9]);
  assert.equal(first.half.length, 3);
  assert.equal(second.half.length, 9);
  const at = (offset) => bytes[offset] + 256 * bytes[offset + 1];
  assert.equal(first.half[0], at(48));
  assert.equal(second.half[0], at(56));
  assert.equal(second.half[8], at(56 + 16));
  assert.equal(third.half[0], at(76));
});

test("the padding of the last tile may be wanting, its pixels may not", () => {
  assert.equal(readTiles(viewOf(bufferOf([{}], 6)), 1, "half3")?.length, 1);
  assert.equal(readTiles(viewOf(bufferOf([{}], 5)), 1, "half3"), null);
});

test("no bytes are read beyond the view, whatever lies behind it", () => {
  const bytes = bufferOf([{}, {}], 16);
  const torn = new DataView(bytes.buffer, 0, bytes.length - 3);
  assert.equal(readTiles(torn, 2, "half3"), null);
});

test("a huge n costs nothing", () => {
  const view = viewOf(bufferOf([{}], 8));
  for (const n of [2, 2 ** 20, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    assert.equal(readTiles(view, n, "half3"), null);
  }
});

test("buffers come as DataView, as other views, or bare", () => {
  const bytes = bufferOf([{ spp: 5 }], 8);
  const shifted = viewOf(bytes, 3);
  const inside = new Uint8Array(shifted.buffer, 3, bytes.length);
  for (const buffer of [shifted, inside, bytes.buffer]) {
    assert.equal(readMessage(tiles(), [buffer]).tiles[0].spp, 5);
  }
  for (const buffers of [undefined, null, [], [null], ["AAAA"], [{}], {}, [[1, 2]]]) {
    assert.equal(readMessage(tiles(), buffers), null);
  }
});

test("a message without tiles is a message", () => {
  assert.deepEqual(readMessage(tiles({ n: 0 }), [new DataView(new ArrayBuffer(0))]).tiles, []);
});

test("odd progress is left out, and the message counts", () => {
  const buffers = [viewOf(bufferOf([{}], 8))];
  const good = { samples: 1, goal: 2, elapsed: 0.5, rate: 3, noise: 0.1 };
  assert.deepEqual(readMessage(tiles({ progress: good }), buffers).progress, good);
  for (const progress of [
    undefined,
    7,
    [],
    { ...good, samples: -1 },
    { ...good, goal: 1.5 },
    { ...good, rate: "3" },
    { ...good, rate: Infinity },
    { ...good, elapsed: Number.NaN },
  ]) {
    assert.equal(readMessage(tiles({ progress }), buffers).progress, null);
  }
  for (const noise of [undefined, null, "0.1", -1, Number.NaN]) {
    const { progress } = readMessage(tiles({ progress: { ...good, noise } }), buffers);
    assert.deepEqual(progress, { ...good, noise: null });
  }
});

test("a state's message is a line or nothing", () => {
  const state = { k: "state", epoch: 1, generation: 1, state: "failed", progress: null };
  assert.equal(readMessage({ ...state, message: "no memory" }).message, "no memory");
  for (const message of [null, undefined, 3, {}, ""]) {
    assert.equal(readMessage({ ...state, message }).message, null);
  }
});

test("fields that nobody knows are not handed on", () => {
  const welcome = { k: "welcome", v: 1, epoch: 1, client: 2, next: 3 };
  const read = readMessage({ ...welcome, surprise: true });
  assert.deepEqual(read, { k: "welcome", epoch: 1, client: 2, next: 3 });
});

test("what the browser says holds integers and booleans, and no field called id", () => {
  assert.deepEqual(hello(5, null), { k: "hello", v: 1, client: 5, have: null });
  assert.deepEqual(need(5, 6, 7), { k: "need", client: 5, epoch: 6, generation: 7 });
  const missing = [2, 3];
  const said = ack(5, 6, 9, missing, false);
  missing.push(4);
  assert.deepEqual(said.missing, [2, 3]);
  assert.deepEqual(control(5, "stop", 3), { k: "control", client: 5, do: "stop" });
});

test("more asks for a possible number of samples", () => {
  const asked = (samples) => control(5, "more", samples).samples;
  assert.equal(asked(256), 256);
  assert.equal(asked(0), 1);
  assert.equal(asked(undefined), 1);
  assert.equal(asked(2.6), 3);
  assert.equal(asked(1e9), 1_000_000);
});
