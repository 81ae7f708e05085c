import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER, Hearing } from "../../src/wire/hearing.js";

const state = (more = {}) => ({
  k: "state",
  epoch: 1,
  generation: 1,
  state: "running",
  message: null,
  prompt: false,
  progress: null,
  ...more,
});

/** A kernel that hears between cells, asked for something at 100 ms. */
function asked(more) {
  const hearing = new Hearing();
  hearing.heard(state(more));
  hearing.ask(100);
  return hearing;
}

test("nobody who asks nothing waits", () => {
  const hearing = new Hearing();
  hearing.heard(state());
  assert.equal(hearing.isDeaf(1e6), false);
});

test("it is deaf when a while has gone without an answer", () => {
  const hearing = asked();
  assert.equal(hearing.isDeaf(100 + ANSWER - 1), false);
  assert.equal(hearing.isDeaf(100 + ANSWER), true);
});

test("asking again and again does not begin anew", () => {
  const hearing = asked();
  hearing.ask(600);
  assert.equal(hearing.isDeaf(100 + ANSWER), true);
});

test("what the kernel only repeats is no answer", () => {
  const hearing = asked();
  hearing.heard(state({ progress: { samples: 7 } }));
  assert.equal(hearing.isDeaf(100 + ANSWER), true);
});

test("a change is an answer", () => {
  for (const message of [
    state({ state: "paused" }),
    state({ generation: 2 }),
    state({ message: "more: too many" }),
    { k: "begin" },
    { k: "welcome" },
  ]) {
    const hearing = asked();
    hearing.heard(message);
    assert.equal(hearing.isDeaf(1e6), false);
  }
});

test("a kernel that hears at once is never deaf", () => {
  assert.equal(asked({ prompt: true }).isDeaf(1e6), false);
});
