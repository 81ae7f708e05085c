import assert from "node:assert/strict";
import { test } from "node:test";
import * as orbit from "../../src/hand/orbit.js";

const POSE = { look_from: [0, 0, 5], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 40 };

const close = (actual, expected, what) =>
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) < 1e-9, `${what}: ${actual} is not ${expected}`);
  });

test("orbiting keeps distance, target and up", () => {
  const turned = orbit.orbit(POSE, Math.PI / 2, 0);
  close(turned.look_from, [5, 0, 0], "a quarter turn");
  close(turned.look_at, POSE.look_at, "the target");
  assert.equal(turned.up, POSE.up);
  const around = [1, 2, 3, 4].reduce((pose) => orbit.orbit(pose, Math.PI / 2, 0), POSE);
  close(around.look_from, POSE.look_from, "all the way round");
  assert.ok(Math.abs(orbit.distance(orbit.orbit(POSE, 0.3, 0.4)) - 5) < 1e-12);
});

test("no drag reaches the poles", () => {
  for (const pitch of [10, -10, 1.6, -1.6]) {
    const pose = orbit.orbit(POSE, 0, pitch);
    const { right } = orbit.frame(pose);
    assert.ok(right.every(Number.isFinite));
    close(right, [1, 0, 0], "right stays right");
  }
});

test("an up that is not y turns round itself", () => {
  const pose = { ...POSE, look_from: [5, 0, 0], up: [0, 0, 2] };
  close(orbit.orbit(pose, Math.PI / 2, 0).look_from, [0, 5, 0], "round z");
});

test("panning moves by shares of the picture's height", () => {
  const high = 2 * 5 * Math.tan((20 * Math.PI) / 180);
  close(orbit.pan(POSE, 0.5, 0).look_from, [high / 2, 0, 5], "right");
  close(orbit.pan(POSE, 0, 1).look_at, [0, high, 0], "up");
});

test("dollying changes the distance alone, and never to nothing", () => {
  close(orbit.dolly(POSE, 0.5).look_from, [0, 0, 2.5], "half way");
  const near = Array.from({ length: 200 }).reduce((pose) => orbit.dolly(pose, 0.5), POSE);
  assert.ok(orbit.distance(near) > 0);
  const far = Array.from({ length: 200 }).reduce((pose) => orbit.dolly(pose, 4), POSE);
  assert.ok(far.look_from.every((x) => Math.abs(x) < 1e15));
});

test("flying and turning the head leave the distance to what is looked at", () => {
  close(orbit.fly(POSE, 0, 0, 0.2).look_from, [0, 0, 4], "forward");
  close(orbit.fly(POSE, 0, 0.2, 0).look_at, [0, 1, 0], "up");
  close(orbit.look(POSE, Math.PI / 2, 0).look_at, [-5, 0, 5], "to the left");
});

test("a point is looked at from where one is, but not straight above", () => {
  close(orbit.center(POSE, [1, 1, 0]).look_at, [1, 1, 0], "the point");
  assert.equal(orbit.center(POSE, [0, 9, 5]), POSE);
});

test("fitting shows all of a ball, in tall pictures too", () => {
  const subject = { center: [1, 2, 3], radius: 2 };
  for (const aspect of [0.5, 1, 2]) {
    const pose = orbit.fit(POSE, subject, aspect);
    const half = Math.atan(Math.tan((20 * Math.PI) / 180) * Math.min(1, aspect));
    assert.ok(Math.abs(Math.asin(2 / orbit.distance(pose)) - half) < 1e-9);
    close(pose.look_at, subject.center, "its middle");
  }
});

test("fitting never goes below the ground", () => {
  const low = { ...POSE, look_from: [-3.27285, 0.145324, 2.07701], look_at: [0, 0.6, 0], vfov: 32 };
  const subject = { center: [0, 0.8, 0], radius: 2, ground: 0, lamps: [] };
  const seen = orbit.fit(low, subject, 16 / 9);
  close([seen.look_from[1]], [0.1], "just above");
  assert.ok(
    Math.abs(
      orbit.distance(seen) - orbit.distance(orbit.fit({ ...POSE, vfov: 32 }, subject, 16 / 9)),
    ) < 1e-9,
  );
  const [x, , z] = orbit.subtract(seen.look_from, seen.look_at);
  assert.ok(Math.abs(x / z - low.look_from[0] / low.look_from[2]) < 1e-9, "from the same side");
  // Without a ground, and from above it, it stays where it was.
  assert.ok(orbit.fit(low, { ...subject, ground: null }, 16 / 9).look_from[1] < 0);
  const high = { ...low, look_from: [0, 4, 4] };
  close(
    orbit.fit(high, subject, 1).look_from,
    orbit.fit(high, { ...subject, ground: null }, 1).look_from,
    "from above",
  );
  const z_up = { ...low, up: [0, 0, 2], look_from: [-3, 2, -1], look_at: [0, 0, 0] };
  const ground = { center: [0, 0, 1], radius: 2, ground: -1 };
  close([orbit.fit(z_up, ground, 1).look_from[2]], [-0.9], "where z is up");
});

test("a view from a side is taken from before a lamp that hides it", () => {
  const lamp = [-1, 3, -1, 1, 3, 1];
  const top = orbit.side(POSE, "top", { lamps: [lamp] });
  assert.ok(top.look_from[1] < 3 && top.look_from[1] > 2.8);
  const high = ({ vfov, look_from }) => look_from[1] * Math.tan((vfov * Math.PI) / 360);
  assert.ok(Math.abs(high(top) - high(orbit.side(POSE, "top"))) < 1e-9, "as much is seen");
  // Beside the view, beyond the camera, behind the point, or so near that nothing would be seen.
  for (const other of [
    [9, 3, -1, 11, 3, 1],
    [-1, 6, -1, 1, 6, 1],
    [-1, -3, -1, 1, -3, 1],
    [-1, 0.4, -1, 1, 0.4, 1],
  ]) {
    assert.equal(Math.round(orbit.side(POSE, "top", { lamps: [other] }).look_from[1]), 5);
  }
  assert.deepEqual(orbit.side(POSE, "front", { lamps: [lamp] }), orbit.side(POSE, "front"));
});

test("a point is where its ray goes", () => {
  close(Object.values(orbit.project(POSE, [0, 0, 0], 2)), [0.5, 0.5], "the middle");
  const high = 5 * Math.tan((20 * Math.PI) / 180);
  close(Object.values(orbit.project(POSE, [2 * high, high, 0], 2)), [1, 0], "the corner");
  assert.equal(orbit.project(POSE, [0, 0, 6], 1), null, "behind");
});

test("views along the axes follow the scene's up", () => {
  const from = (pose, side) => orbit.side(pose, side).look_from.map((x) => Math.round(x) + 0);
  assert.deepEqual(from(POSE, "front"), [0, 0, 5]);
  assert.deepEqual(from(POSE, "right"), [5, 0, 0]);
  assert.deepEqual(from(POSE, "back"), [0, 0, -5]);
  assert.deepEqual(from(POSE, "left"), [-5, 0, 0]);
  assert.deepEqual(from(POSE, "top"), [0, 5, 0]);
  assert.deepEqual(from(POSE, "bottom"), [0, -5, 0]);
  const z = { ...POSE, look_from: [0, -5, 0], up: [0, 0, 1] };
  assert.deepEqual(from(z, "front"), [0, -5, 0]);
  assert.deepEqual(from(z, "right"), [5, 0, 0]);
  assert.deepEqual(from(z, "top"), [0, 0, 5]);
});

test("the front is where the scene was seen from at first, if that is plain", () => {
  const from = (side, home) =>
    orbit.side(POSE, side, { home: { ...POSE, ...home } }).look_from.map((x) => Math.round(x) + 0);
  assert.deepEqual(from("front", { look_from: [0, 1, -9] }), [0, 0, -5]);
  assert.deepEqual(from("right", { look_from: [0, 1, -9] }), [-5, 0, 0]);
  assert.deepEqual(from("front", { look_from: [9, 4, 1] }), [5, 0, 0]);
  assert.deepEqual(from("front", { look_from: [5, 4, 5] }), [0, 0, 5], "between two");
  assert.deepEqual(from("front", { look_from: [-0.1, 9, -0.1] }), [0, 0, 5], "from above");
});

test("who looks past the scene sees all of it along an axis, who looks at it that", () => {
  const scene = { center: [0, 0, -5], radius: Math.sqrt(3), box: [-1, -1, -6, 1, 1, -4] };
  const past = orbit.view(POSE, "top", scene, 1);
  close(past.look_at, scene.center, "all of it");
  assert.ok(past.look_from[1] > 1 && past.look_from[1] < 6);
  const at = orbit.view({ ...POSE, look_at: [0.5, 0, -5] }, "top", scene, 1);
  close(at.look_at, [0.5, 0, -5], "that");
  assert.ok(Math.abs(orbit.distance(at) - Math.hypot(0.5, 10)) < 1e-9);
});

test("views along the axes know the scene's up where the camera's is another", () => {
  const plan = { ...POSE, look_from: [0, 9, 0], up: [0, 0, -1], vfov: 0, height: 4 };
  const scene = { upright: [0, 1, 0], home: plan, center: [0, 0, 0], radius: 20 };
  const front = orbit.side(plan, "front", scene);
  close(front.look_from, [0, 0, 22], "from before all of it");
  assert.deepEqual([front.up, front.height], [[0, 1, 0], 4]);
  const { up } = orbit.frame(orbit.side(front, "top", scene));
  assert.ok(up[2] < -0.999, "what is behind is at the top of the picture");
});

const FLAT = { ...POSE, vfov: 0, height: 2 };

test("where rays are parallel, nearer is smaller, and hands do what they do elsewhere", () => {
  const nearer = orbit.dolly(FLAT, 0.5);
  assert.deepEqual([nearer.height, nearer.look_from], [1, FLAT.look_from]);
  assert.ok(orbit.fly(FLAT, 0, 0, 0.2).height < 2);
  close(orbit.fly(FLAT, 0.2, 0, 0).look_from, [1, 0, 5], "flying sideways");
  close(orbit.pan(FLAT, 0.5, 0).look_at, [1, 0, 0], "half a picture");
  const turned = orbit.orbit(FLAT, Math.PI / 2, 0);
  close(turned.look_from, [5, 0, 0], "a quarter turn");
  assert.equal(turned.height, 2);
  const near = Array.from({ length: 200 }).reduce((pose) => orbit.dolly(pose, 0.5), FLAT);
  assert.ok(near.height > 0);
  assert.equal(orbit.same(FLAT, nearer), false);
  close(Object.values(orbit.project(FLAT, [1, 1, 3], 2)), [0.75, 0], "as far off, at any depth");
  assert.equal(
    orbit.python(FLAT),
    "rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2)",
  );
});

test("fitting a box fills the picture with it, and cuts nothing off", () => {
  const box = [-1, -2, -0.5, 1, 2, 0.5];
  const subject = { center: [0, 0, 0], radius: Math.hypot(1, 2, 0.5), box };
  for (const from of [POSE, FLAT, orbit.orbit(POSE, 0.7, -0.4), orbit.orbit(FLAT, 2, 0.9)]) {
    for (const aspect of [0.4, 1, 3]) {
      const pose = orbit.fit(from, subject, aspect);
      const places = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
        orbit.project(
          pose,
          [0, 1, 2].map((i) => box[i + ((bits >> i) & 1) * 3]),
          aspect,
        ),
      );
      const most = Math.max(...places.flatMap(({ x, y }) => [x, y].map((s) => Math.abs(s - 0.5))));
      assert.ok(most < 0.5 && most > 0.45, `${most}`);
    }
  }
});

test("the line of Python says what differs from what is usual", () => {
  assert.equal(
    orbit.python(POSE),
    "rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=40)",
  );
  // 40 degrees high and twice as wide: tan 20 is 0.36397, its double the tangent of 36.0524.
  assert.equal(
    orbit.python({ ...POSE, fov_axis: "horizontal" }, 2),
    'rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=72.1048, fov_axis="horizontal")',
  );
  for (const [axis, aspect] of [
    ["smaller", 3],
    ["larger", 0.5],
    ["diagonal", 1e-9],
  ]) {
    const line = orbit.python({ ...POSE, fov_axis: axis }, aspect);
    assert.ok(line.endsWith(`vfov=40, fov_axis="${axis}")`), line);
  }
  assert.equal(
    orbit.python({ ...POSE, look_from: [0.1 + 0.2, 0, 1e-7], up: [0, 0, 1], aperture_radius: 0.1 }),
    "rw.PerspectiveCamera(look_from=(0.3, 0, 1e-7), look_at=(0, 0, 0), up=(0, 0, 1), vfov=40, aperture_radius=0.1)",
  );
});

test("a shifted lens, and pixels that are not square", () => {
  const shifted = { ...POSE, shift: [0.25, -0.125], pixel_aspect: 2 };
  close(Object.values(orbit.project(shifted, [0, 0, 0], 2)), [0.25, 0.375], "beside the middle");
  const high = orbit.planeHeight(POSE) / 2;
  close(
    Object.values(orbit.project(shifted, [4 * high, high, 0], 2)),
    [0.75, -0.125],
    "the corner",
  );
  const code = orbit.python({ ...shifted, fov_axis: "vertical" });
  assert.match(code, /shift=\(0\.25, -0\.125\), pixel_aspect=2\)$/);
  assert.doesNotMatch(orbit.python(POSE), /shift|pixel_aspect/);
  for (const move of [
    orbit.orbit(shifted, 0.2, 0.1),
    orbit.pan(shifted, 0.1, 0),
    orbit.dolly(shifted, 2),
  ]) {
    assert.deepEqual([move.shift, move.pixel_aspect], [shifted.shift, 2]);
  }
});
