import assert from "node:assert/strict";
import { test } from "node:test";
import { axisWords, layOut, readDescription } from "../../src/face/layout.js";

const POSE = { look_from: [0, 0, 5], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 90 };
const FLAT = { ...POSE, vfov: 0, height: 4 };
const SIZE = { width: 40, height: 20 };
const about = (value) => readDescription({ bars: [], labels: [], ...value });
const near = (actual, expected) =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

test("labels are where their points are seen, and not outside or behind", () => {
  const points = [
    [0, 0, 0],
    [5, 4, 0],
    [0, 0, 9],
    [30, 0, 0],
  ];
  const labels = points.map((point, k) => ({ point, text: `${k}` }));
  const found = layOut(about({ labels }), POSE, SIZE).labels;
  assert.deepEqual(found.slice(2), [null, null]);
  near(found[0].x, 20);
  near(found[0].y, 10);
  near(found[1].x, 30);
  near(found[1].y, 2);
  near(found[1].away, Math.hypot(5, 4, 5));
  near(layOut(about({ labels }), FLAT, SIZE).labels[0].away, 5);
  near(layOut(about({ labels: [{ point: [1, 1, 3], text: "" }] }), FLAT, SIZE).labels[0].away, 2);
});

test("a scale bar has a round length of no more than a quarter, or the one that is wanted", () => {
  const bar = layOut(about({ scalebar: { length: null, unit: "mm" } }), FLAT, SIZE).scalebar;
  assert.equal(bar.text, "2 mm");
  near(bar.pixels, 10);
  const own = layOut(about({ scalebar: { length: 0.5, unit: "" } }), POSE, SIZE).scalebar;
  assert.equal(own.text, "0.5");
  near(own.pixels, 1);
  assert.equal(layOut(about({}), POSE, SIZE).scalebar, null);
});

test("of the edges of the outline along an axis the lowest is drawn, then the leftmost", () => {
  const ticks = [-1, 1].map((value) => ({ value, text: String(value) }));
  const axes = { low: [-1, -1, -1], high: [1, 1, 1], names: ["x", "y", "z"] };
  const description = about({ axes: { ...axes, ticks: [ticks, ticks, []] } });
  const [x, y, z] = layOut(description, POSE, SIZE).axes;
  assert.deepEqual([x.name, y.name, z.name], ["x", "y", "z"]);
  near(x.from.y, 12.5); // of the near face, below
  assert.ok(x.from.x < x.to.x && x.outwards.y > 0.99);
  near(x.ticks[1].x, x.to.x);
  near(y.from.x, 17.5); // on the left
  assert.ok(y.outwards.x < -0.99);
  const level = about({ axes: { ...axes, high: [1, -1, 1], ticks: [] } });
  assert.deepEqual(
    layOut(level, { ...POSE, look_from: [0, 3, 5] }, SIZE).axes.map(({ name }) => name),
    ["x", "z"],
  );
  // From above, the far upper edge is farther from the middle; the one below is drawn.
  const above = { ...POSE, look_from: [3, 4, 5] };
  const [across] = layOut(description, above, SIZE).axes;
  const ends = [-1, 1].map((end) => ({ point: [end, -1, 1], text: "" }));
  const below = layOut(about({ labels: ends }), above, SIZE).labels;
  near(across.from.y, below[0].y);
  near(across.to.x, below[1].x);
  // What is seen along itself is left out.
  const along = { ...FLAT, look_from: [0.1, 0.1, 5], look_at: [0, 0, 0] };
  assert.deepEqual(
    layOut(description, along, SIZE).axes.map(({ name }) => name),
    ["x", "y"],
  );
});

test("numbers that meet words or leave the picture are left out; names stay in it", () => {
  const tick = (x, y, text) => ({ x, y, text });
  const level = {
    name: "x",
    from: { x: 10, y: 80 },
    to: { x: 90, y: 80 },
    outwards: { x: 0, y: 1 },
    ticks: [tick(10, 80, "0"), tick(50, 80, "5"), tick(52, 80, "6"), tick(99, 80, "100")],
  };
  const upright = {
    name: "a long name",
    from: { x: 20, y: 80 },
    to: { x: 20, y: 10 },
    outwards: { x: -1, y: 0 },
    ticks: [tick(20, 80, "0"), tick(20, 10, "1")],
  };
  const [first, second] = axisWords([level, upright], { width: 100, height: 120 }, 10);
  assert.deepEqual(
    first.numbers.map(({ text }) => text),
    ["0", "5"],
  );
  near(first.numbers[1].y, 80 + 4.5 + 6);
  near(first.name.y, 80 + 12 + 7.5 + 6);
  near(second.name.x, 33); // else it would be outside
  assert.deepEqual(
    second.numbers.map(({ text }) => text),
    ["1"],
  );
  near(second.numbers[0].x, 20 - 4.5 - 3);
});

test("numbers leave room for the scale bar", () => {
  const edge = {
    name: "x",
    from: { x: 10, y: 80 },
    to: { x: 90, y: 80 },
    outwards: { x: 0, y: 1 },
    ticks: [
      { x: 20, y: 80, text: "0" },
      { x: 80, y: 80, text: "5" },
    ],
  };
  const size = { width: 100, height: 105 };
  const numbers = (bar) => axisWords([edge], size, 10, bar)[0].numbers.map(({ text }) => text);
  assert.deepEqual(numbers(null), ["0", "5"]);
  assert.deepEqual(numbers({ pixels: 30, text: "1 m" }), ["5"]);
  assert.deepEqual(numbers({ pixels: 10, text: "1 m" }), ["5"]);
});

test("small arrows tell how the axes lie", () => {
  const found = layOut(about({ orientation: ["a", "b", "c"] }), POSE, SIZE).orientation;
  assert.deepEqual(
    found.map(({ name, x, y }) => [name, x + 0, y + 0]),
    [
      ["a", 1, 0],
      ["b", 0, -1],
      ["c", 0, 0], // towards the eye: above the others
    ],
  );
});

test("what can't be drawn is left out", () => {
  const bar = { label: "T", colors: ["#000000", "#ffffff"], ticks: [{ at: 0.5, text: "1" }] };
  const read = readDescription({
    bars: [bar, { ...bar, colors: ["url(x)"] }, { ...bar, colors: [] }, 5],
    labels: [{ point: [0, 0, "1"], text: "a" }, { point: [0, 0, 1], text: "b" }, null],
    scalebar: { length: -1, unit: 5 },
    axes: { low: [0, 0], high: [1, 1, 1] },
    title: 7,
    legend: [{ text: "iron", color: "#ff0000" }, { text: "wood", color: "red" }, 1],
    texts: [
      { corner: "upper left", text: "a" },
      { corner: "middle", text: "b" },
    ],
    orientation: ["x"],
  });
  assert.deepEqual(read.legend, [{ text: "iron", color: "#ff0000" }]);
  assert.deepEqual(read.texts, [{ corner: "upper left", text: "a" }]);
  assert.equal(read.orientation, null);
  assert.equal(read.bars.length, 1);
  assert.deepEqual([read.bars[0].below, read.bars[0].ticks.length], [null, 1]);
  assert.deepEqual(read.labels, [{ point: [0, 0, 1], text: "b", always: false }]);
  assert.deepEqual(read.scalebar, { length: null, unit: "" });
  assert.deepEqual([read.axes, read.title], [null, null]);
  const nothing = {
    ...{ title: null, bars: [], labels: [], scalebar: null, axes: null },
    ...{ legend: [], texts: [], orientation: null, ink: null },
  };
  for (const value of [null, undefined, "words", {}]) {
    assert.deepEqual(readDescription(value), nothing);
  }
});
