// The entry, as hosts call it; without views, so without a document.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Session } from "../src/session.js";
import widget from "../src/widget.js";

class Model {
  sent = [];
  #listeners = new Map();
  #traits = { width: 4, height: 4, exposure: 0, curve: "srgb", status: "", _key: "a" };

  constructor(traits = {}) {
    Object.assign(this.#traits, traits);
  }

  get(name) {
    return this.#traits[name];
  }

  on(name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener]);
  }

  off(name, listener) {
    const left = (this.#listeners.get(name) ?? []).filter((one) => one !== listener);
    if (left.length === 0) this.#listeners.delete(name);
    else this.#listeners.set(name, left);
  }

  emit(name, ...values) {
    for (const listener of this.#listeners.get(name) ?? []) listener(...values);
  }

  send(message) {
    this.sent.push(message);
  }

  get listening() {
    return this.#listeners.size;
  }
}

/** Keep what the code warns of, so that a test may look at it. */
function quietly(t) {
  return t.mock.method(console, "warn", () => {}).mock;
}

test("initialize is done when it returns: it listens, and has said hello", () => {
  const model = new Model();
  const cleanup = widget.initialize({ model });
  assert.equal(typeof cleanup, "function");
  assert.equal(model.sent.length, 1);
  assert.equal(model.sent[0].k, "hello");
  assert.ok(Number.isSafeInteger(model.sent[0].client) && model.sent[0].client > 0);
  assert.ok(model.listening > 0);
  cleanup();
});

test("the cleanup undoes every listener and every timer", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const model = new Model();
    const cleanup = widget.initialize({ model });
    cleanup();
    cleanup();
    assert.equal(model.listening, 0);
    mock.timers.tick(60_000);
    assert.equal(model.sent.length, 1);
  } finally {
    mock.timers.reset();
  }
});

test("two widgets are two clients", () => {
  const models = [new Model({ _key: "one" }), new Model({ _key: "two" })];
  const cleanups = models.map((model) => widget.initialize({ model }));
  assert.notEqual(models[0].sent[0].client, models[1].sent[0].client);
  for (const cleanup of cleanups) cleanup();
});

test("a welcome is acknowledged through the model", () => {
  const model = new Model();
  const cleanup = widget.initialize({ model });
  const { client } = model.sent[0];
  model.emit("msg:custom", { k: "welcome", v: 1, epoch: 9, client, next: 4 }, []);
  const expected = { k: "ack", client, epoch: 9, seq: 3, missing: [], visible: false, held: 0 };
  assert.deepEqual(model.sent[1], expected);
  cleanup();
});

test("a render that begins is at work until its state is told", () => {
  const model = new Model();
  const session = new Session(model);
  const { client } = model.sent[0];
  const head = { epoch: 9, generation: 1 };
  const hear = (content) => model.emit("msg:custom", content, []);
  const begin = { k: "begin", ...head, width: 4, height: 4, tile: 4, spp: 1, encoding: "half3" };
  const state = { k: "state", ...head, state: "done", message: null, progress: null };
  hear({ k: "welcome", v: 1, epoch: 9, client, next: 1 });
  hear(begin);
  hear(state);
  assert.equal(session.status.phase, "done");
  hear({ ...begin, spp: 2 });
  assert.equal(session.status.phase, "done", "more samples begin nothing");
  hear({ ...begin, generation: 3 });
  assert.equal(session.status.phase, "running");
  hear({ ...state, generation: 3, state: "paused" });
  hear(begin);
  assert.equal(session.status.phase, "paused", "a late word");
  session.close();
});

test("nothing is thrown into the host", (t) => {
  const warned = quietly(t);
  const model = new Model();
  model.send = () => {
    throw new Error("Cannot send");
  };
  const cleanup = widget.initialize({ model });
  for (const content of [null, 3, {}, { k: "tiles" }]) model.emit("msg:custom", content, null);
  model.emit("comm_live_update");
  cleanup();
  assert.equal(warned.callCount(), 0, "a dead comm is no surprise");
  assert.equal(widget.initialize({ model: null }), undefined);
  assert.equal(widget.render({ model: null, el: null }), undefined);
  assert.equal(warned.callCount(), 2);
});

test("a dead comm is not called again, until it lives", () => {
  const model = new Model();
  let calls = 0;
  model.send = () => {
    calls++;
    throw new Error("Cannot send");
  };
  const cleanup = widget.initialize({ model });
  assert.equal(calls, 1);
  model.comm_live = false;
  model.emit("comm_live_update");
  assert.equal(calls, 1);
  model.comm_live = true;
  model.send = (message) => model.sent.push(message);
  model.emit("comm_live_update");
  assert.equal(model.sent[0].k, "hello");
  cleanup();
});
