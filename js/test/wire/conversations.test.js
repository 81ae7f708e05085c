// The recorded conversations, replayed: what the page says, when, and what it shows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { control } from "../../src/wire/protocol.js";
import { conversations, developed, Page, readFixture, sha256 } from "../fixtures.js";

test("there are conversations to replay", () => {
  assert.ok(conversations().length >= 4);
});

for (const name of conversations()) {
  for (const offset of [0, 2, 3]) {
    test(`${name}, buffers at offset ${offset}`, () => replay(readFixture(name), offset));
  }
}

function replay({ client, steps, expect }, offset) {
  const page = new Page(client, offset);
  const expected = [];
  for (const step of steps) {
    page.until(step.at);
    if (step.from === "page") {
      page.connection.setVisible(step.visible);
      page.poll();
    } else if (step.from === "kernel" && !step.lost) {
      const bytes = step.buffer === null ? null : Buffer.from(step.buffer, "base64");
      const before = page.connection.counts.malformed;
      page.hear(step.content, bytes);
      const malformed = page.connection.counts.malformed > before;
      assert.equal(malformed, step.malformed ?? false, JSON.stringify(step.content));
    } else if (step.from === "browser" && step.content.k === "control") {
      const { do: action, samples } = step.content;
      assert.deepEqual(control(client, action, samples), step.content);
    } else if (step.from === "browser") {
      expected.push({ at: step.at, content: step.content });
    } else if (step.from === "check") {
      const { generation, width, height } = page.store.front;
      const seen = sha256(developed(page.store.front));
      assert.deepEqual({ generation, width, height, sha256: seen }, step.picture, `at ${step.at}`);
    }
  }
  assert.deepEqual(page.said, expected);
  const { malformed, late } = page.connection.counts;
  assert.deepEqual({ tiles: page.tiles, malformed, late, state: page.state }, expect);
}
