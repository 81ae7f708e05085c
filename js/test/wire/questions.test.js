import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection } from "../../src/wire/connection.js";
import { readMessage } from "../../src/wire/protocol.js";
import { Questions } from "../../src/wire/questions.js";

const POSE = { look_from: [0, 0, 5], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 40 };
const STAGE = {
  ...POSE,
  center: [0, 0, 0],
  radius: 2,
  aperture_radius: 0,
  focus_distance: null,
  fov_axis: "vertical",
};
const BEGIN = {
  ...{ k: "begin", epoch: 9, generation: 2, width: 8, height: 6, tile: 4, spp: 1 },
  ...{ encoding: "half3", stage: { ...STAGE, home: POSE } },
  render: {
    integrators: ["path"],
    integrator: "path",
    max_depth: 8,
    alpha: false,
    caustics: false,
  },
};
const COARSE = {
  ...{ k: "coarse", epoch: 9, generation: 2, width: 8, height: 6, tile: 4, columns: 2, rows: 1 },
  ...{ exponent: 0, encoding: "half3", client: 7, number: 1 },
};
const PIXELS = [new DataView(new ArrayBuffer(12))];
const VANTAGE = { k: "vantage", epoch: 9, client: 7, number: 1, look_from: [0, 2, 0], vfov: null };
const PIXEL = {
  ...{ k: "pixel", epoch: 9, generation: 2, client: 7, number: 1, x: 3, y: 4 },
  ...{ rgb: [1, 2, 3], error: [0.1, 0.2, 0.3], spp: 4, message: null },
  hit: {
    object: { type: "Sphere", name: "ball", index: 0 },
    material: { type: "Metal", name: null, parameters: [["roughness", "0.2"]] },
    ...{ distance: 5, point: [0, 0, 1], normal: [0, 0, 1], shading_normal: [0, 0, 1] },
    uv: [0, 0.5],
  },
};
const FILE = { k: "file", epoch: 9, client: 7, number: 2, name: "a.npz", index: 0, count: 2 };

test("a begin describes camera and settings, and is as good without", () => {
  const begin = readMessage(BEGIN);
  assert.deepEqual(begin.stage, {
    ...STAGE,
    ...{ ground: null, lamps: [], home: POSE, box: undefined, upright: POSE.up },
  });
  const lamps = [[0, 1, 2, 3, 4, 5], [1], "lamp", [0, 0, 0, 1, 1, Number.NaN]];
  const placed = readMessage({ ...BEGIN, stage: { ...STAGE, ground: -1.5, lamps } }).stage;
  assert.deepEqual([placed.ground, placed.lamps], [-1.5, [[0, 1, 2, 3, 4, 5]]]);
  assert.equal(readMessage({ ...BEGIN, stage: { ...STAGE, ground: "low" } }).stage.ground, null);
  assert.deepEqual(begin.render, BEGIN.render);
  const along = (axis) =>
    readMessage({ ...BEGIN, stage: { ...STAGE, fov_axis: axis } }).stage.fov_axis;
  assert.deepEqual(["smaller", "x", 7, undefined].map(along), [
    "smaller",
    "vertical",
    "vertical",
    "vertical",
  ]);
  for (const [alpha, expected] of [
    [true, true],
    [undefined, false],
    [1, false],
  ]) {
    const { render } = readMessage({ ...BEGIN, render: { ...BEGIN.render, alpha } });
    assert.equal(render.alpha, expected);
  }
  for (const [caustics, expected] of [
    [true, true],
    [false, false],
    [undefined, null],
    [1, null],
  ]) {
    const { render } = readMessage({ ...BEGIN, render: { ...BEGIN.render, caustics } });
    assert.equal(render.caustics, expected);
  }
  for (const stage of [null, 5, {}, { ...STAGE, vfov: 180 }, { ...STAGE, up: [0, "1", 0] }]) {
    assert.equal(readMessage({ ...BEGIN, stage }).stage, null);
  }
  assert.deepEqual(readMessage({ ...BEGIN, stage: STAGE }).stage.home, POSE);
  for (const render of [null, "path", { ...BEGIN.render, max_depth: 0 }]) {
    assert.equal(readMessage({ ...BEGIN, render }).render, null);
  }
});

test("a coarse picture is read whole, or not at all", () => {
  const coarse = readMessage(COARSE, PIXELS);
  assert.deepEqual([coarse.columns, coarse.rows, coarse.half.length], [2, 1, 6]);
  for (const wrong of [
    { columns: 9 },
    { rows: 0 },
    { columns: 2.5 },
    { width: 1e9 },
    { encoding: "jpeg" },
    { number: -1 },
    { exponent: 1000 },
    { generation: 0 },
  ]) {
    assert.equal(readMessage({ ...COARSE, ...wrong }, PIXELS), null, JSON.stringify(wrong));
  }
  assert.equal(readMessage({ ...COARSE, rows: 2 }, PIXELS), null, "a torn buffer");
  assert.equal(readMessage(COARSE, []), null);
});

test("what a pixel shows is read as far as it is right", () => {
  const pixel = readMessage(PIXEL);
  assert.deepEqual(pixel.hit.object, { type: "Sphere", name: "ball", row: null });
  const many = { type: "Spheres", name: null, index: 1 };
  for (const [row, expected] of [
    [3, 3],
    [-1, null],
    [0.5, null],
    ["3", null],
  ]) {
    const object = { ...many, row };
    const read = readMessage({ ...PIXEL, hit: { ...PIXEL.hit, object } });
    assert.equal(read.hit.object.row, expected);
  }
  assert.deepEqual(pixel.hit.material.parameters, [["roughness", "0.2"]]);
  assert.equal(readMessage({ ...PIXEL, hit: { ...PIXEL.hit, uv: [1] } }).hit, null);
  assert.equal(readMessage({ ...PIXEL, rgb: [1, Number.NaN, 3] }), null);
  assert.deepEqual(pixel.error, [0.1, 0.2, 0.3]);
  assert.equal(readMessage({ ...PIXEL, error: undefined }).error, null);
  const odd = { ...PIXEL.hit.material, parameters: [["a"], 5, ["b", "c"]] };
  const read = readMessage({ ...PIXEL, hit: { ...PIXEL.hit, material: odd } });
  assert.deepEqual(read.hit.material.parameters, [["b", "c"]]);
});

test("a coarse picture goes ahead of its begin and asks for nothing; answers are for one page", () => {
  const connection = new Connection(7);
  connection.start(0);
  connection.receive({ k: "welcome", v: 1, epoch: 9, client: 7, next: 1 }, [], 0);
  connection.receive({ ...BEGIN, generation: 1 }, [], 0);
  connection.poll(0);
  assert.notEqual(connection.receive(COARSE, PIXELS, 1), null);
  assert.equal(connection.generation, 1);
  assert.equal(
    connection.poll(5000).some(({ k }) => k === "need"),
    false,
  );
  assert.equal(connection.receive({ ...COARSE, epoch: 8 }, PIXELS, 2), null);
  assert.notEqual(connection.receive(PIXEL, [], 3), null);
  assert.equal(connection.receive({ ...PIXEL, client: 8 }, [], 4), null);
  connection.receive({ ...BEGIN, generation: 3 }, [], 5);
  assert.equal(connection.receive(COARSE, PIXELS, 6), null, "late");
});

test("each answer goes to who asked; old questions are forgotten", () => {
  const sent = [];
  const questions = new Questions(7, (message) => sent.push(message));
  const heard = [];
  for (let x = 0; x < 6; x++) questions.probe(x, 0, () => heard.push(x));
  assert.deepEqual(sent[5], { k: "probe", client: 7, number: 6, x: 5, y: 0, again: false });
  questions.pixel({ ...PIXEL, number: 1 });
  questions.pixel({ ...PIXEL, number: 6 });
  questions.pixel({ ...PIXEL, number: 6 });
  questions.pixel({ ...PIXEL, number: 4 });
  assert.deepEqual(heard, [5, 3]);
});

test("a question that was given up is not answered any more", () => {
  const sent = [];
  const questions = new Questions(7, (message) => sent.push(message));
  const heard = [];
  const forget = questions.probe(1, 1, () => heard.push("given up"), true);
  questions.probe(2, 2, () => heard.push("wanted"));
  assert.equal(sent[0].again, true);
  forget();
  questions.pixel({ ...PIXEL, number: 1 });
  questions.pixel({ ...PIXEL, number: 2 });
  assert.deepEqual(heard, ["wanted"]);
});

test("the newest view that is wanted is the one that is answered", () => {
  const sent = [];
  const questions = new Questions(7, (message) => sent.push(message));
  const heard = [];
  const pose = { look_from: [0, 9, 0], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 40 };
  questions.findVantage(pose, (from) => heard.push(["old", from]));
  const forget = questions.findVantage({ ...pose, vfov: 30 }, (from) => heard.push(["new", from]));
  assert.deepEqual(sent[1], { k: "vantage", client: 7, number: 2, ...pose, vfov: 30 });
  questions.vantage({ ...VANTAGE, number: 1 });
  questions.vantage({ ...VANTAGE, number: 2 });
  questions.vantage({ ...VANTAGE, number: 2 });
  assert.deepEqual(heard, [["new", [0, 2, 0]]]);
  const { vfov: _, ...level } = pose;
  questions.findVantage({ ...level, vfov: 0, height: 3 }, () => {});
  assert.deepEqual(sent[2], { k: "vantage", client: 7, number: 3, ...level, height: 3 });
  questions.findVantage(pose, () => heard.push("forgotten"))();
  questions.vantage({ ...VANTAGE, number: 4 });
  forget();
  assert.equal(heard.length, 1);
});

test("a camera of parallel rays has a height and no angle", () => {
  const { vfov: _, ...pose } = STAGE;
  const { stage } = readMessage({ ...BEGIN, stage: { ...pose, height: 4 } });
  assert.deepEqual([stage.height, stage.vfov, stage.home.height], [4, 0, 4]);
  const box = [0, 0, 0, 1, 2, 3];
  assert.deepEqual(readMessage({ ...BEGIN, stage: { ...STAGE, box } }).stage.box, box);
  for (const height of [0, -1, "4", null, Number.NaN]) {
    assert.equal(readMessage({ ...BEGIN, stage: { ...pose, height } }).stage, null);
  }
});

test("a vantage is three numbers, for one page", () => {
  const connection = new Connection(7);
  connection.receive({ k: "welcome", v: 1, epoch: 9, client: 7, next: 1 }, [], 0);
  assert.deepEqual(connection.receive(VANTAGE, [], 1), VANTAGE);
  assert.equal(connection.receive({ ...VANTAGE, client: 8 }, [], 1), null);
  for (const look_from of [null, [1, 2], [1, 2, "3"], [1, 2, Number.NaN], "up there"]) {
    assert.equal(readMessage({ ...VANTAGE, look_from }, []), null);
  }
  assert.equal(readMessage({ ...VANTAGE, vfov: 80 }, []).vfov, 80);
  for (const vfov of [0, 180, "80", undefined]) {
    assert.equal(readMessage({ ...VANTAGE, vfov }, []).vfov, null);
  }
});

test("a file is whole when all of its pieces are there, in any order", async () => {
  const questions = new Questions(7, () => {});
  const heard = [];
  questions.ask("npz", (message, file) => heard.push([message, file]));
  const piece = (index, text) =>
    readMessage({ ...FILE, number: 1, index, message: null }, [new TextEncoder().encode(text)]);
  questions.file(piece(1, "light"));
  questions.file(piece(1, "light"));
  assert.equal(heard.length, 0);
  questions.file(piece(0, "day"));
  assert.equal(heard[0][0], "saved a.npz");
  assert.equal(await heard[0][1].blob.text(), "daylight");

  questions.ask("exr", (message, file) => heard.push([message, file]));
  questions.file(readMessage({ ...FILE, number: 2, count: 0, message: "needs OpenEXR" }, []));
  assert.deepEqual(heard[1], ["needs OpenEXR", undefined]);
  assert.equal(readMessage({ ...FILE, name: "../a", message: null }, [new Uint8Array(1)]), null);
  assert.equal(readMessage({ ...FILE, index: 2, message: null }, [new Uint8Array(1)]), null);
});
