import assert from "node:assert/strict";
import { test } from "node:test";
import { Gestures } from "../../src/hand/gestures.js";
import { distance } from "../../src/hand/orbit.js";

const POSE = { look_from: [0, 0, 5], look_at: [0, 0, 0], up: [0, 1, 0], vfov: 40 };
const PLAIN = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false };

/** A stage that remembers what was done. */
function opened() {
  const done = { pose: POSE, holds: [], clicks: [], doubles: [] };
  const hands = new Gestures({
    pose: () => done.pose,
    move: (pose) => {
      done.pose = pose;
    },
    hold: (held) => done.holds.push(held),
    size: () => ({ width: 400, height: 200 }),
    click: (x, y) => done.clicks.push([x, y]),
    doubleClick: (x, y) => done.doubles.push([x, y]),
  });
  return { hands, done };
}

const at = (x, y, extra = {}) => ({
  pointerId: 1,
  pointerType: "mouse",
  button: 0,
  offsetX: x,
  offsetY: y,
  timeStamp: 0,
  ...PLAIN,
  ...extra,
});

function drag(hands, from, to, extra = {}) {
  hands.down(at(...from, extra));
  hands.drag(at(from[0] + 5, from[1], extra)); // no click any more
  hands.drag(at(to[0] + 5, to[1], extra));
  hands.up(at(to[0] + 5, to[1], extra));
}

test("a drag across the height is half a turn", () => {
  const { hands, done } = opened();
  drag(hands, [100, 100], [200, 100]);
  assert.ok(Math.abs(done.pose.look_from[0] + 5) < 1e-9, `${done.pose.look_from}`);
  assert.deepEqual(done.holds, [true, false]);
  assert.deepEqual(done.clicks, []);
});

test("modifiers and buttons choose what a drag does", () => {
  for (const extra of [{ shiftKey: true }, { button: 1 }, { button: 2 }]) {
    const { hands, done } = opened();
    drag(hands, [100, 100], [100, 150], extra);
    assert.ok(done.pose.look_at[1] > 0, "the scene follows the hand down: the camera goes up");
    assert.equal(distance(done.pose), 5);
  }
  const { hands, done } = opened();
  drag(hands, [100, 100], [100, 50], { ctrlKey: true });
  assert.ok(distance(done.pose) < 5);
  drag(hands, [100, 100], [150, 100], { altKey: true });
  assert.notEqual(done.pose.look_at[0], 0);
});

test("a press that doesn't move is a click, two are a double click", () => {
  const { hands, done } = opened();
  for (const timeStamp of [0, 200, 1000]) {
    hands.down(at(10, 20, { timeStamp }));
    hands.drag(at(11, 21, { timeStamp }));
    hands.up(at(11, 21, { timeStamp }));
  }
  assert.equal(done.pose, POSE);
  assert.equal(done.clicks.length, 2);
  assert.deepEqual(done.doubles, [[10, 20]]);
  hands.down(at(10, 20, { button: 2 }));
  hands.up(at(10, 20, { button: 2 }));
  assert.equal(done.clicks.length, 2, "the right button is the menu's");
});

test("two fingers pan and pinch, and click nothing", () => {
  const { hands, done } = opened();
  const finger = (pointerId, x) => at(x, 100, { pointerId, pointerType: "touch" });
  hands.down(finger(1, 100));
  hands.down(finger(2, 200));
  hands.drag(finger(2, 300));
  assert.ok(Math.abs(distance(done.pose) - 2.5) < 1e-9, "twice as far apart: half as far away");
  assert.ok(done.pose.look_at[0] < 0);
  const before = done.pose;
  hands.up(finger(1, 100));
  hands.up(finger(2, 300));
  assert.equal(done.pose, before);
  assert.deepEqual(done.clicks, []);
  assert.equal(done.holds.at(-1), false);
});

test("a finger that the browser takes away lets go", () => {
  const { hands, done } = opened();
  hands.down(at(1, 1));
  hands.cancel({ pointerId: 1 });
  assert.deepEqual(done.holds, [true, false]);
  hands.drag(at(100, 100));
  assert.equal(done.pose, POSE);
});

test("the wheel dollies, whatever it counts in, and never far at once", () => {
  for (const [deltaY, deltaMode] of [
    [100, 0],
    [6, 1],
    [1e9, 2],
  ]) {
    const { hands, done } = opened();
    hands.wheel({ deltaY, deltaMode, ...PLAIN });
    assert.ok(distance(done.pose) > 5.5 && distance(done.pose) < 10);
  }
});

test("held keys fly at the same speed at any frame rate", () => {
  const flown = (frame) => {
    const { hands, done } = opened();
    assert.equal(hands.keyDown({ code: "KeyW", ...PLAIN }, 0), true);
    for (let now = frame; now <= 240; now += frame) hands.flyOn(now);
    hands.keyUp({ code: "KeyW", shiftKey: false });
    assert.deepEqual(done.holds, [true, false]);
    return done.pose.look_from[2];
  };
  assert.ok(flown(20) < 4.5);
  assert.ok(Math.abs(flown(20) - flown(60)) < 1e-9);
  const { hands } = opened();
  assert.equal(hands.keyDown({ code: "KeyW", ...PLAIN, ctrlKey: true }, 0), false);
  assert.equal(hands.keyDown({ code: "KeyX", ...PLAIN }, 0), false);
});
