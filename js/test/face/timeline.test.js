import assert from "node:assert/strict";
import { test } from "node:test";
import { duration, readRecording, tell } from "../../src/face/film.js";
import { readPlayhead, readTimes, told } from "../../src/face/timeline.js";

test("times are told with as many digits as tell them apart", () => {
  assert.equal(told([0, 1, 2], 1), "1");
  assert.equal(told([0, 0.04, 0.08], 1), "0.04");
  assert.equal(told([0, 12.5, 25], 1), "12.5");
  assert.equal(told([1e-6, 2e-6], 0), "0.000001");
  assert.equal(told([0, 1 / 3, 2 / 3], 1), "0.333");
  assert.equal(told([3.25], 0), "3.25");
});

test("what makes no sense is not there", () => {
  assert.deepEqual(readTimes("no"), []);
  assert.deepEqual(readTimes([0, "1"]), []);
  assert.deepEqual(readTimes([0, 1]), [0, 1]);
  const head = { index: 1, playing: true, loop: 1, message: "" };
  assert.deepEqual(readPlayhead(head, 2), { index: 1, playing: true, loop: false, message: null });
  for (const wrong of [null, {}, { index: 2 }, { index: -1 }, { index: 0.5 }]) {
    assert.equal(readPlayhead(wrong, 2), null);
  }
  assert.equal(readRecording(undefined), null);
  assert.equal(readRecording({ state: "idle" }), null);
});

test("a film says how far it is", () => {
  const film = {
    state: "recording",
    done: 3,
    count: 12,
    left: 40.2,
    message: "",
    formats: ["gif"],
  };
  const read = (/** @type {object} */ more) => readRecording({ ...film, ...more });
  assert.equal(tell(read({})), "frame 3 of 12, 40 s left");
  assert.equal(tell(read({ left: null, done: 0 })), "frame 0 of 12");
  assert.equal(tell(read({ done: 12 })), "putting it together…");
  assert.equal(tell(read({ state: "failed", message: "no room" })), "no room");
  assert.equal(tell(read({ state: "idle", message: "old" })), "");
  assert.equal(duration(400), "7 min");
});
