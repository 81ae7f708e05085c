import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "../fixtures.js";

const CLIENT = 11;
const EPOCH = 22;

const welcome = (extra = {}) => ({
  k: "welcome",
  v: 1,
  epoch: EPOCH,
  client: CLIENT,
  next: 1,
  ...extra,
});
const begin = (generation = 1, extra = {}) => ({
  k: "begin",
  epoch: EPOCH,
  generation,
  width: 1,
  height: 1,
  tile: 1,
  spp: 4,
  encoding: "half3",
  ...extra,
});
const tiles = (seq, generation = 1, extra = {}) => ({
  k: "tiles",
  epoch: EPOCH,
  generation,
  seq,
  n: 0,
  encoding: "half3",
  progress: null,
  ...extra,
});
const state = (name, generation = 1) => ({
  k: "state",
  epoch: EPOCH,
  generation,
  state: name,
  message: null,
  progress: null,
});
const NO_BYTES = new Uint8Array(0);

function opened() {
  const page = new Page(CLIENT);
  page.connection.setVisible(true);
  page.until(0);
  page.hear(welcome(), null);
  page.hear(begin(), null);
  page.said.length = 0;
  page.until(1000);
  return page;
}

const kinds = (page) => page.said.map(({ at, content }) => [at, content.k]);
const acks = (page) => page.said.map(({ at, content }) => [at, content.seq, content.missing]);

test("hello is said until welcomed", () => {
  const page = new Page(CLIENT);
  page.until(13_000);
  assert.deepEqual(
    page.said.map(({ at }) => at),
    [0, 150, 500, 1000, 2000, 7000, 12_000],
  );
  assert.ok(page.said.every(({ content }) => content.k === "hello" && content.have === null));
  page.hear(welcome(), null);
  page.said.length = 0;
  page.until(60_000);
  assert.deepEqual(page.said, []);
});

test("a timer that comes late says one hello, not all that were missed", () => {
  const page = new Page(CLIENT);
  page.now = 60_000;
  page.poll();
  assert.equal(page.said.length, 1);
});

test("another client's welcome is not ours", () => {
  const page = new Page(CLIENT);
  page.until(0);
  page.hear(welcome({ client: CLIENT + 1 }), null);
  page.until(200);
  assert.deepEqual(kinds(page), [
    [0, "hello"],
    [150, "hello"],
  ]);
});

test("the welcome is acknowledged, so that the kernel knows who is looking", () => {
  for (const visible of [true, false]) {
    const page = new Page(CLIENT);
    page.connection.setVisible(visible);
    page.until(10);
    page.hear(welcome({ next: 7 }), null);
    const { content } = page.said.at(-1);
    assert.deepEqual([content.k, content.seq, content.visible], ["ack", 6, visible]);
  }
});

test("the first ack goes at once, the others 50 ms apart", () => {
  const page = opened();
  for (let seq = 1; seq <= 30; seq++) {
    page.hear(tiles(seq), NO_BYTES);
    page.until(page.now + 10);
  }
  page.until(2000);
  assert.deepEqual(acks(page), [
    [1000, 1, []],
    [1050, 5, []],
    [1100, 10, []],
    [1150, 15, []],
    [1200, 20, []],
    [1250, 25, []],
    [1300, 30, []],
  ]);
});

test("a change of visibility is told, and only a change", () => {
  const page = opened();
  page.connection.setVisible(true);
  page.until(2000);
  assert.deepEqual(page.said, []);
  page.connection.setVisible(false);
  page.until(3000);
  assert.deepEqual(
    page.said.map(({ content }) => content.visible),
    [false],
  );
});

test("a gap is reported once it is seen, and in every later ack", () => {
  const page = opened();
  page.hear(tiles(1), NO_BYTES);
  page.until(1100);
  page.hear(tiles(4), NO_BYTES);
  page.until(1200);
  page.hear(tiles(5), NO_BYTES);
  page.until(1300);
  assert.deepEqual(acks(page), [
    [1000, 1, []],
    [1100, 4, [2, 3]],
    [1200, 5, [2, 3]],
  ]);
});

test("a torn message is as one that never came", () => {
  const page = opened();
  page.hear(tiles(1, 1, { n: 1 }), new Uint8Array(20));
  page.hear(tiles(2), NO_BYTES);
  // The count begins with the welcome, so that even the first can be missed.
  assert.deepEqual(acks(page), [[1000, 2, [1]]]);
  assert.equal(page.connection.counts.malformed, 1);
});

test("a sequence number from nowhere costs no time and no memory", () => {
  const page = opened();
  page.hear(tiles(Number.MAX_SAFE_INTEGER), NO_BYTES);
  const [first, second] = page.said;
  assert.equal(first.content.missing.length, 64);
  assert.equal(first.content.missing.at(-1), Number.MAX_SAFE_INTEGER - 1);
  assert.equal(second.content.k, "need");
  page.said.length = 0;
  page.until(4000);
  assert.deepEqual(page.said, [], "the whole picture is asked for once");
});

test("late generations are acknowledged and not shown", () => {
  const page = opened();
  page.hear(begin(3), null);
  assert.equal(page.hear(tiles(1, 2), NO_BYTES), null);
  assert.equal(page.hear(begin(2), null), null);
  assert.equal(page.hear(state("done", 2), null), null);
  assert.equal(page.connection.counts.late, 3);
  assert.deepEqual(acks(page), [[1000, 1, []]]);
});

test("without its begin a newer generation is asked for, until it comes", () => {
  const page = opened();
  assert.equal(page.hear(tiles(1, 2), NO_BYTES), null);
  page.until(2500);
  assert.deepEqual(kinds(page), [
    [1000, "ack"],
    [1000, "need"],
    [2000, "need"],
  ]);
  assert.equal(page.said.at(-1).content.generation, 2);
  page.hear(begin(2), null);
  page.said.length = 0;
  page.until(7400);
  assert.deepEqual(page.said, []);
});

test("a state before its begin is patient", () => {
  const page = opened();
  assert.equal(page.hear(state("compiling", 2), null)?.k, "state");
  page.until(1900);
  page.hear(begin(2), null);
  page.until(4000);
  assert.deepEqual(page.said, []);
});

test("another epoch is late, until a welcome brings it", () => {
  const page = opened();
  page.hear(tiles(5), NO_BYTES);
  page.until(2000);
  const other = { epoch: EPOCH + 1 };
  assert.equal(page.hear(begin(9, other), null), null);
  assert.equal(page.hear(tiles(1, 9, other), NO_BYTES), null);
  page.said.length = 0;
  page.hear(welcome({ ...other, next: 3 }), null);
  assert.deepEqual(page.said[0].content.missing, []);
  assert.equal(page.said[0].content.seq, 2);
  assert.equal(page.hear(begin(1, other), null)?.generation, 1);
  page.until(3000);
  page.hear(tiles(3, 1, other), NO_BYTES);
  assert.deepEqual(acks(page).at(-1), [3000, 3, []]);
});

test("a busy kernel that has heard no hello is understood", () => {
  const page = new Page(CLIENT);
  page.until(0);
  page.hear(begin(4), null);
  assert.equal(page.hear(tiles(12, 4), NO_BYTES)?.seq, 12);
  assert.deepEqual(acks(page).at(-1), [0, 12, []]);
  page.until(200);
  const { content } = page.said.at(-1);
  assert.equal(content.have, null); // what came before 12 may have been for it, and lost
  page.hear(welcome({ next: 14 }), null);
  page.hear(tiles(14, 4), NO_BYTES);
  page.until(300);
  assert.deepEqual(acks(page).at(-1), [250, 14, []]);
});

test("what came before the first message heard is missing, if the welcome was overtaken", () => {
  const page = new Page(CLIENT);
  page.until(0);
  page.hear(begin(1), null);
  page.hear(tiles(4), NO_BYTES);
  page.hear(welcome({ next: 2 }), null);
  page.until(100);
  assert.deepEqual(acks(page).at(-1), [50, 4, [2, 3]]);
  page.hear(tiles(3), NO_BYTES); // it was late alone
  page.until(200);
  assert.deepEqual(acks(page).at(-1), [100, 4, [2]]);
});

test("tiles that come before the beginning of their render have to come again", () => {
  const page = opened();
  page.hear(tiles(1, 2), NO_BYTES);
  page.hear(begin(2), null);
  page.hear(tiles(2, 2), NO_BYTES);
  page.until(2000);
  assert.deepEqual(acks(page).at(-1).slice(1), [2, [1]]);
});

test("a second welcome of the same epoch never counts back", () => {
  const page = opened();
  page.hear(tiles(1), NO_BYTES);
  page.hear(tiles(2), NO_BYTES);
  page.hear(welcome({ next: 2 }), null);
  page.until(1100);
  assert.equal(page.said.at(-1).content.seq, 2);
});

test("silence in the middle of a render is broken every five seconds", () => {
  const page = opened();
  page.hear(state("running"), null);
  page.until(17_000);
  assert.deepEqual(
    page.said.map(({ at }) => at),
    [6000, 11_000, 16_000],
  );
  for (const quiet of ["paused", "done", "stopped", "failed"]) {
    page.hear(state(quiet), null);
    const heard = page.now;
    page.said.length = 0;
    page.until(heard + 60_000);
    const times = [5000, 10_000, 15_000];
    assert.deepEqual(
      kinds(page),
      times.map((wait) => [heard + wait, "ack"]),
      quiet,
    );
  }
  page.hear(state("closed"), null);
  page.said.length = 0;
  page.until(page.now + 60_000);
  assert.deepEqual(page.said, []);
});

test("a page that heard of a render before its beginning has nothing to show", () => {
  const page = new Page(CLIENT);
  page.hear(state("running"), null);
  page.hear(tiles(4), NO_BYTES);
  page.said.length = 0;
  page.until(200);
  assert.equal(page.said.find(({ content }) => content.k === "hello").content.have, null);
});

test("nobody is looking: no words", () => {
  const page = opened();
  page.hear(state("running"), null);
  page.connection.setVisible(false);
  page.until(1100);
  page.said.length = 0;
  page.until(60_000);
  assert.deepEqual(page.said, []);
});

test("a connection that came back says what it has", () => {
  const page = opened();
  page.hear(tiles(3), NO_BYTES);
  page.until(5000);
  page.said.length = 0;
  page.connection.start(page.now);
  page.until(5010);
  assert.deepEqual(page.said[0].content.have, { epoch: EPOCH, generation: 1, seq: 3 });
});

test("messages from anybody never throw", () => {
  const page = opened();
  const values = [undefined, null, 0, -1, 1.5, Number.NaN, "", "x", true, [], {}, 2 ** 60];
  for (const k of ["welcome", "begin", "tiles", "state", "other", ...values]) {
    for (const value of values) {
      const content = { k, v: 1, epoch: value, client: value, next: value, generation: value };
      for (const buffers of values) page.connection.receive(content, buffers, 1000);
      page.connection.receive(value, value, 1000);
    }
  }
  assert.equal(page.connection.generation, 1);
});
