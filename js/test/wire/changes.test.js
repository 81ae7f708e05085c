import assert from "node:assert/strict";
import { test } from "node:test";
import { Changes } from "../../src/wire/changes.js";

const GRAY = { shape: null, map: "gray" };
const NARROW = { shape: 1, limits: /** @type {[number, number]} */ ([0, 2]) };

test("a change waits for the answer to it, and to no other", () => {
  const changes = new Changes(7);
  assert.deepEqual(changes.ask(GRAY), { k: "values", client: 7, number: 1, ...GRAY });
  assert.deepEqual(changes.ask(NARROW), { k: "values", client: 7, number: 2, ...NARROW });
  changes.hear({ values: [] });
  changes.hear({ answered: [[8, 2]] });
  assert.deepEqual(changes.waiting, [GRAY, NARROW]);
  changes.hear({
    answered: [
      [8, 2],
      [7, 1],
    ],
  });
  assert.deepEqual(changes.waiting, [NARROW]);
  changes.hear({ answered: [[7, 2]] });
  assert.deepEqual(changes.waiting, []);
});

test("an answer that got lost is in the next", () => {
  const changes = new Changes(7);
  changes.ask(GRAY);
  changes.ask(NARROW);
  changes.hear({ answered: [[7, 2]] });
  assert.deepEqual(changes.waiting, []);
});

test("a kernel that never answers, or talks nonsense, is no harm", () => {
  const changes = new Changes(7);
  for (let i = 0; i < 1000; i++) changes.ask(GRAY);
  assert.equal(changes.waiting.length, 64);
  for (const answered of [null, 3, "all", [3], [null], [[7]], [[7, "x"]], [[7, null, 4]]]) {
    changes.hear({ answered });
  }
  changes.hear(null);
  changes.hear(undefined);
  assert.equal(changes.waiting.length, 64);
  changes.forget();
  assert.deepEqual(changes.waiting, []);
});
