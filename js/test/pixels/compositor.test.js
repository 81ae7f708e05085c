import assert from "node:assert/strict";
import { test } from "node:test";
import { Compositor } from "../../src/pixels/compositor.js";
import { PixelStore } from "../../src/pixels/pixels.js";
import { makeTable } from "../../src/pixels/tonemap.js";

/** A browser whose frames come when the test says so, and whose clock ticks at every look. */
function makeHost(tick = 0) {
  const frames = new Map();
  let [handle, time] = [0, 0];
  return {
    frames,
    images: 0,
    requestFrame(callback) {
      frames.set(++handle, callback);
      return handle;
    },
    cancelFrame: (cancelled) => frames.delete(cancelled),
    now() {
      time += tick;
      return time;
    },
    createImage(width, height) {
      this.images++;
      return { width, height, data: new Uint8ClampedArray(4 * width * height) };
    },
    /** Run the frames that are due; returns how many there were. */
    frame() {
      const due = [...frames.values()];
      frames.clear();
      for (const callback of due) callback();
      return due.length;
    },
  };
}

/** A canvas that keeps red alone, and remembers what was put. */
class Canvas {
  visible = true;
  puts = [];
  sizes = [];
  red = new Uint8Array(0);

  resize(width, height) {
    this.sizes.push([width, height]);
    this.width = width;
    this.red = new Uint8Array(width * height);
  }

  put(image, { x, y, width, height }) {
    this.puts.push([x, y, width, height]);
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) {
        this.red[row * this.width + column] = image.data[4 * (row * image.width + column)];
      }
    }
  }
}

const ONE = 0x3c00;
const HALF = 0x3800;
const begin = (generation, width = 8, height = 8) => ({
  generation,
  width,
  height,
  tile: 4,
  spp: 1,
});
const tile = (x, y, bits, size = 4) => ({
  x,
  y,
  width: size,
  height: size,
  level: 0,
  exponent: 0,
  spp: 1,
  exact: true,
  half: new Uint16Array(3 * size * size).fill(bits),
});

function started({ tick = 0, width = 8, height = 8 } = {}) {
  const store = new PixelStore();
  const host = makeHost(tick);
  const compositor = new Compositor(store, host);
  const canvas = new Canvas();
  compositor.add(canvas);
  store.begin(begin(1, width, height));
  compositor.invalidateAll();
  const apply = (generation, one) => {
    const applied = store.apply(generation, one, 1);
    if (applied === "shown") compositor.invalidate(one);
    if (applied === "swapped") compositor.invalidateAll();
    return applied;
  };
  return { store, host, compositor, canvas, apply };
}

/** What the canvas should show. */
function expected(store, curve = "srgb", exposure = 0) {
  const table = makeTable(curve, exposure);
  return store.front.half
    .filter((_, index) => index % 3 === 0)
    .reduce(
      (bytes, bits, index) => {
        bytes[index] = table[bits];
        return bytes;
      },
      new Uint8Array(store.front.width * store.front.height),
    );
}

test("nothing is painted before there is a picture", () => {
  const host = makeHost();
  const compositor = new Compositor(new PixelStore(), host);
  compositor.add(new Canvas());
  compositor.setTone("linear", 1);
  assert.equal(host.frame(), 0);
});

test("tiles between two frames are painted in one, each rectangle once", () => {
  const { host, canvas, apply, store } = started();
  assert.equal(host.frame(), 1);
  canvas.puts.length = 0;
  for (let repeat = 0; repeat < 3; repeat++) {
    apply(1, tile(0, 0, HALF));
    apply(1, tile(4, 4, ONE));
  }
  assert.equal(host.frames.size, 1);
  host.frame();
  assert.deepEqual(canvas.puts, [
    [0, 0, 4, 4],
    [4, 4, 4, 4],
  ]);
  assert.deepEqual(canvas.red, expected(store));
  assert.equal(host.frame(), 0, "then it rests");
});

test("a hidden view is not painted, and catches up when it is seen", () => {
  const { host, canvas, apply, compositor, store } = started();
  host.frame();
  canvas.visible = false;
  canvas.puts.length = 0;
  apply(1, tile(0, 0, ONE));
  assert.equal(host.frame(), 0);
  assert.equal(compositor.isBehind(canvas), true);
  canvas.visible = true;
  compositor.schedule();
  host.frame();
  assert.deepEqual(canvas.red, expected(store));
  assert.equal(compositor.isBehind(canvas), false);
});

test("with two views the hidden one catches up by itself, and the other is left alone", () => {
  const { host, canvas, apply, compositor, store } = started();
  const other = new Canvas();
  compositor.add(other);
  host.frame();
  other.visible = false;
  other.puts.length = 0;
  apply(1, tile(4, 0, ONE));
  host.frame();
  assert.deepEqual(canvas.red, expected(store));
  assert.deepEqual(other.puts, []);
  canvas.puts.length = 0;
  other.visible = true;
  compositor.schedule();
  host.frame();
  assert.deepEqual(other.red, expected(store));
  assert.deepEqual(canvas.puts, []);
});

test("a view that comes late gets what is there", () => {
  const { host, apply, compositor, store } = started();
  apply(1, tile(0, 4, HALF));
  host.frame();
  const late = new Canvas();
  compositor.add(late);
  host.frame();
  assert.deepEqual(late.sizes, [[8, 8]]);
  assert.deepEqual(late.red, expected(store));
});

test("a removed view is not touched any more", () => {
  const { host, canvas, apply, compositor } = started();
  host.frame();
  canvas.puts.length = 0;
  compositor.remove(canvas);
  apply(1, tile(0, 0, ONE));
  host.frame();
  assert.deepEqual(canvas.puts, []);
});

test("exposure and curve repaint everything, without new tiles", () => {
  const { host, canvas, apply, compositor, store } = started();
  for (const [x, y] of [
    [0, 0],
    [4, 4],
  ]) {
    apply(1, tile(x, y, HALF));
  }
  host.frame();
  for (const [curve, exposure] of [
    ["srgb", -1],
    ["filmic", -1],
    ["linear", 0.25],
  ]) {
    compositor.setTone(curve, exposure);
    while (host.frame() > 0);
    assert.deepEqual(canvas.red, expected(store, curve, exposure));
  }
  compositor.setTone("linear", 0.25);
  assert.equal(host.frame(), 0, "the same again is nothing new");
});

test("a large picture is repainted over several frames, tiles in between are not lost", () => {
  const [width, height] = [512, 640];
  const { host, canvas, apply, compositor, store } = started({ tick: 5, width, height });
  host.frame();
  store.front.half.fill(HALF);
  compositor.setTone("linear", 0);
  canvas.puts.length = 0;
  host.frame();
  const first = canvas.puts.reduce((rows, rect) => rows + rect[3], 0);
  assert.ok(first > 0 && first < height, `${first} rows in the first frame`);
  apply(1, tile(4, 632, ONE));
  let frames = 1;
  while (host.frame() > 0) frames++;
  assert.ok(frames > 2);
  assert.deepEqual(canvas.red, expected(store, "linear", 0));
});

test("a slider that never rests still repaints every row", () => {
  const [width, height] = [512, 640];
  const { host, canvas, compositor } = started({ tick: 9, width, height });
  host.frame();
  canvas.puts.length = 0;
  for (let step = 1; step <= 12; step++) {
    compositor.setTone("linear", step / 4);
    host.frame();
  }
  const rows = new Set();
  for (const [, y, , high] of canvas.puts) for (let row = y; row < y + high; row++) rows.add(row);
  assert.equal(rows.size, height);
});

test("a new picture is never seen in parts, however large", () => {
  const [width, height] = [512, 640];
  const { host, canvas, apply, store } = started({ tick: 100, width, height });
  apply(1, tile(0, 0, HALF));
  host.frame();
  canvas.puts.length = 0;
  store.begin(begin(2, width, height));
  const whole = { ...tile(0, 0, ONE, 1), width, height, level: 16 };
  assert.equal(apply(2, whole), "swapped");
  host.frame();
  assert.deepEqual(canvas.puts, [[0, 0, width, height]]);
  assert.ok(canvas.red.every((byte) => byte === 255));
});

test("a picture of another size gives the canvas its size, in the frame that paints it", () => {
  const { host, canvas, apply, store } = started();
  apply(1, tile(0, 0, ONE));
  host.frame();
  store.begin(begin(2, 4, 12));
  assert.deepEqual(canvas.sizes, [[8, 8]]);
  apply(2, { ...tile(0, 0, HALF, 1), width: 4, height: 12, level: 16 });
  host.frame();
  assert.deepEqual(canvas.sizes, [
    [8, 8],
    [4, 12],
  ]);
  assert.deepEqual(canvas.red, expected(store));
});

test("what waits for a hidden view is bounded", () => {
  const { host, canvas, apply, compositor, store } = started({ width: 64, height: 64 });
  host.frame();
  canvas.visible = false;
  canvas.puts.length = 0;
  for (let y = 0; y < 64; y += 2) for (let x = 0; x < 64; x += 2) apply(1, tile(x, y, ONE, 2));
  canvas.visible = true;
  compositor.schedule();
  host.frame();
  assert.equal(canvas.puts.length, 1);
  assert.deepEqual(canvas.red, expected(store));
});

test("flush brings a hidden view up to date at once", () => {
  const { canvas, apply, compositor, store } = started({ tick: 100 });
  canvas.visible = false;
  apply(1, tile(4, 0, HALF));
  compositor.flush(canvas);
  assert.deepEqual(canvas.red, expected(store));
});

test("after close no frame comes", () => {
  const { host, canvas, apply, compositor } = started();
  apply(1, tile(0, 0, ONE));
  compositor.close();
  assert.equal(host.frame(), 0);
  assert.deepEqual(canvas.puts, []);
});
