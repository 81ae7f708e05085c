import assert from "node:assert/strict";
import { test } from "node:test";
import { describeBriefly, describePixel, number } from "../../src/face/inspector.js";
import { deedOf, KEYS } from "../../src/hand/keys.js";
import { move, pixelAt, sideOfPixel, WHOLE, zoomAt } from "../../src/hand/zoom.js";

const key = (name, code = "", extra = {}) => ({
  ...{ key: name, code, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false },
  ...extra,
});

test("each key does one thing", () => {
  const names = KEYS.flatMap(({ keys }) => keys.flatMap((entry) => Object.keys(entry.keys)));
  assert.equal(new Set(names).size, names.length);
});

test("keys are known by what is written on them, digits by their place", () => {
  assert.equal(deedOf(key("ArrowLeft")), "left");
  assert.equal(deedOf(key("ArrowLeft", "", { shiftKey: true })), "panLeft");
  assert.equal(deedOf(key("C", "KeyC", { shiftKey: true })), "copy");
  assert.equal(deedOf(key("!", "Digit1", { shiftKey: true })), "back");
  assert.equal(deedOf(key("1", "Digit1")), "front");
  assert.equal(deedOf(key("?", "Slash", { shiftKey: true })), "help");
  assert.equal(deedOf(key("y")), null);
});

test("with Ctrl, Alt or Meta a key is the browser's", () => {
  for (const name of ["ctrlKey", "altKey", "metaKey"]) {
    assert.equal(deedOf(key("c", "KeyC", { [name]: true })), null);
  }
});

const STAGE = { width: 400, height: 300 };
const PICTURE = { width: 800, height: 600 };

test("zooming keeps what is under the hand, and never shows beyond the edge", () => {
  const at = { x: 100, y: 150 };
  const before = pixelAt(WHOLE, at, STAGE, PICTURE);
  assert.deepEqual(before, { x: 200, y: 300 });
  const close = zoomAt(WHOLE, 8, at, STAGE, PICTURE);
  assert.deepEqual(pixelAt(close, at, STAGE, PICTURE), before);
  assert.equal(sideOfPixel(close, STAGE, PICTURE), 4);
  assert.deepEqual(zoomAt(close, 1 / 100, at, STAGE, PICTURE), { zoom: 1, x: 0, y: 0 });
  const moved = move(close, 1e6, -1e6, STAGE);
  assert.deepEqual([moved.x, moved.y], [0, -2100]);
  assert.ok(sideOfPixel(zoomAt(close, 1e9, at, STAGE, PICTURE), STAGE, PICTURE) <= 64);
});

test("numbers have four digits that count", () => {
  assert.deepEqual([0, 1, 0.123456, 1234.56, 1e7, 1e-5, -2.5].map(number), [
    "0",
    "1",
    "0.1235",
    "1235",
    "1.00e+7",
    "1.00e-5",
    "-2.5",
  ]);
});

test("a pixel is told in lines", () => {
  const hit = {
    object: { type: "Sphere", name: "ball", row: null },
    material: { type: "Metal", name: null, parameters: [["roughness", "0.3"]] },
    ...{
      distance: 4,
      point: [1, 2, 3],
      normal: [0, 1, 0],
      shading_normal: [0, 1, 0],
      uv: [0.5, 0],
    },
  };
  const value = { rgb: [1, 0.5, 0], error: [0.1, 0.05, 0] };
  const pixel = { x: 3, y: 4, ...value, spp: 16, hit, message: null };
  const { title, lines } = describePixel(pixel);
  assert.equal(title, "ball (Sphere)");
  assert.deepEqual(lines.slice(0, 3), [
    ["material", "Metal"],
    ["roughness", "0.3"],
    ["distance", "4"],
  ]);
  assert.ok(lines.some(([name, text]) => name === "± error" && text === "0.1, 0.05, 0"));
  const unknown = describePixel({ ...pixel, error: null }).lines;
  assert.ok(unknown.every(([name]) => name !== "± error"));
  assert.equal(
    lines.some(([name]) => name === "shading normal"),
    false,
  );
  const bent = describePixel({ ...pixel, hit: { ...hit, shading_normal: [1, 0, 0] } });
  assert.ok(bent.lines.some(([name]) => name === "shading normal"));
  assert.equal(describePixel({ ...pixel, hit: null }).title, "Nothing: the environment");
});

test("of many it is said which, and what nobody knows is not made up", () => {
  const material = { type: "Diffuse", name: null, parameters: [] };
  const place = { distance: 4, point: [1, 2, 3], normal: [0, 1, 0], shading_normal: [0, 1, 0] };
  const told = (object, extra = {}) =>
    describePixel({
      ...{ x: 3, y: 4, rgb: [0, 0, 0], error: null, spp: 16, message: null },
      ...{ hit: { object, material, ...place, uv: [0, 0] }, ...extra },
    });
  assert.equal(told({ type: "Spheres", name: "atoms", row: 17 }).title, "atoms[17] (Spheres)");
  assert.equal(told({ type: "Instances", name: null, row: 0 }).title, "Instances[0]");
  const hit = { object: { type: "Spheres", name: "atoms", row: 17 }, material, ...place };
  assert.deepEqual(describeBriefly({ hit, message: null }), [
    "atoms[17] (Spheres)",
    "1, 2, 3",
    "4 away",
  ]);
  assert.equal(describeBriefly({ hit: null, message: null }), null);
  assert.equal(describeBriefly({ hit, message: "busy" }), null);
  const mesh = told({ type: "Mesh", name: "bunny", row: 5 });
  assert.equal(mesh.title, "bunny (Mesh)");
  assert.deepEqual(mesh.lines[0], ["triangle", "5"]);
  const early = told({ type: "Box", name: "crate", row: null }, { spp: 0 });
  assert.ok(early.lines.some(([name, text]) => name === "radiance" && text === "not rendered yet"));
  const none = told(null, { hit: null, message: "not rendered yet: nobody can tell" });
  assert.equal(none.title, "Not rendered yet: nobody can tell");
  assert.deepEqual(none.lines, [["pixel", "3, 4"]]);
});
