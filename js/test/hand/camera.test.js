import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../src/hand/camera.js";

const POSE = { look_from: [0, 0, 5], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 40 };
const STAGE = { ...POSE, center: [0, 0, 0], radius: 1, aperture_radius: 0, focus_distance: null };
const stage = (x = 0) => ({ ...STAGE, look_from: [x, 0, 5], home: POSE });
const pose = (x) => ({ ...POSE, look_from: [x, 0, 5] });

function opened() {
  const camera = new Camera(7);
  camera.adopt(stage(), 0);
  return camera;
}

test("before the kernel has described the camera nothing can move", () => {
  const camera = new Camera(7);
  camera.move(pose(1), 0);
  assert.equal(camera.poll(0), null);
  assert.equal(camera.wakeAt, Infinity);
});

test("a move is told at once, and no third one before an answer", () => {
  const camera = opened();
  camera.hold(true, 0);
  camera.move(pose(1), 0);
  const first = camera.poll(0);
  assert.deepEqual(first, { k: "camera", client: 7, number: 1, moving: true, ...pose(1) });
  assert.equal(camera.poll(1), null);
  camera.move(pose(2), 10);
  assert.equal(camera.poll(10).number, 2);
  camera.move(pose(3), 20);
  camera.move(pose(4), 30);
  assert.equal(camera.poll(30), null);
  camera.answered(7, 1);
  const next = camera.poll(40);
  assert.equal(next.number, 3);
  assert.deepEqual(next.look_from, [4, 0, 5], "the newest goes, not the next");
});

test("answers to another page are not ours, and lost ones are not waited for", () => {
  const camera = opened();
  camera.hold(true, 0);
  for (const x of [1, 2, 3]) {
    camera.move(pose(x), x);
    camera.poll(x);
  }
  camera.answered(8, 2);
  assert.equal(camera.poll(4), null);
  camera.move(pose(4), 350);
  assert.ok(camera.wakeAt <= 402);
  assert.equal(camera.poll(402).number, 3);
});

test("let go, it is still at once; at rest, after a while", () => {
  const camera = opened();
  camera.hold(true, 0);
  camera.move(pose(1), 0);
  camera.poll(0);
  camera.hold(false, 5);
  const last = camera.poll(5);
  assert.equal(last.moving, false);
  assert.equal(camera.moving, true, "the kernel does not know yet");
  camera.adopt(stage(last.look_from[0]), 6);
  assert.equal(camera.moving, false);
  assert.equal(camera.wakeAt, Infinity);

  camera.move(pose(2), 1000);
  assert.equal(camera.poll(1000).moving, true);
  assert.equal(camera.wakeAt, 1140);
  assert.equal(camera.poll(1139), null);
  assert.deepEqual(camera.poll(1140), {
    ...{ k: "camera", client: 7, number: 4, moving: false },
    ...pose(2),
  });
});

test("while the hand is on it the kernel's camera doesn't count, later it does", () => {
  const camera = opened();
  camera.move(pose(1), 0);
  camera.adopt(stage(9), 10);
  assert.deepEqual(camera.pose.look_from, [1, 0, 5]);
  camera.hold(false, 20);
  camera.poll(20);
  camera.adopt(stage(9), 30);
  assert.deepEqual(camera.pose.look_from, [1, 0, 5], "an answer to an older move");
  camera.adopt(stage(9), 5000);
  assert.deepEqual(camera.pose.look_from, [9, 0, 5]);
});

test("the pose of what is seen is that of the answer, not of the hand", () => {
  const camera = new Camera(7);
  assert.equal(camera.seen, null);
  camera.adopt(STAGE, 0);
  const poses = [1, 2].map((x) => ({ ...STAGE, look_from: [x, 0, 5] }));
  camera.move(poses[0], 10);
  const first = camera.poll(10);
  camera.move(poses[1], 20);
  camera.poll(20);
  assert.deepEqual(camera.seen.look_from, STAGE.look_from);
  camera.answered(8, first.number);
  assert.deepEqual(camera.seen.look_from, STAGE.look_from, "another page's");
  camera.answered(7, first.number);
  assert.deepEqual(camera.seen.look_from, [1, 0, 5]);
});
