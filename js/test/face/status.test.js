import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describe,
  explain,
  formatRate,
  formatTime,
  percent,
  possible,
} from "../../src/face/status.js";

const status = (phase, extra = {}) => ({
  phase,
  message: null,
  progress: { samples: 3200, goal: 25_600, elapsed: 2, rate: 1600, noise: null },
  spp: 256,
  pixels: 100,
  generation: 1,
  tiles: 4,
  ...extra,
});

test("the line says where the render is", () => {
  const lines = [
    [status("compiling"), "preparing the scene… · kernels are compiled in the first run"],
    [status("compiling", { message: "compiling bdpt…" }), "compiling bdpt…"],
    [status("running"), "12 % · 14 s left · 32 of 256 spp · 1.6 k samples/s"],
    [status("running", { progress: null }), "rendering…"],
    [status("paused"), "paused · 12 % · 32 of 256 spp"],
    [status("stopped"), "stopped · 12 % · 32 of 256 spp"],
    [
      status("running", {
        progress: {
          samples: 3200,
          goal: 25_600,
          elapsed: 2,
          rate: 1600,
          noise: null,
        },
        denoised: true,
      }),
      "12 % · denoised · 14 s left · 32 of 256 spp · 1.6 k samples/s",
    ],
    [status("failed"), "failed"],
    [status("gone"), "kernel gone"],
    [
      status("done", {
        progress: { samples: 25_600, goal: 25_600, elapsed: 42.2, rate: 600, noise: 0.0123 },
      }),
      "done · 42 s · 256 spp · noise 1.2 %",
    ],
    [status("done", { progress: null }), "done · 256 spp"],
  ];
  for (const [given, line] of lines) assert.equal(describe(given).join(" · "), line);
});

test("what matters comes first: the last parts are not seen where there is little room", () => {
  const unheard = describe(status("running", { unheard: true }));
  assert.deepEqual(unheard.slice(0, 2), ["12 %", "buttons act when the cell has ended"]);
  assert.equal(describe(status("running")).at(-1), "1.6 k samples/s");
});

test("noise is explained to who asks, where there is any", () => {
  assert.equal(explain(status("running")), describe(status("running")).join(" · "));
  const progress = { samples: 3200, goal: 25_600, elapsed: 2, rate: 1600, noise: 0.39 };
  assert.match(explain(status("running", { progress })), /noise 39 % .*\n\nnoise: how far/);
});

test("a remark of the kernel's comes early, its first clause only; all of it is for who asks", () => {
  const message = "the picture is black: there is no light in the scene; add some";
  for (const phase of ["done", "paused", "stopped"]) {
    const line = describe(status(phase, { message }));
    assert.equal(line[1], "the picture is black: there is no light in the scene");
    assert.match(explain(status(phase, { message })), /\n\nthe picture is black: .*; add some/);
  }
  assert.equal(describe(status("running", { message })).join().includes("black"), false);
});

test("no division by nothing", () => {
  const progress = { samples: 0, goal: 0, elapsed: 0, rate: 0, noise: null };
  for (const phase of ["connecting", "compiling", "running", "paused", "done", "stopped"]) {
    const line = describe(status(phase, { progress, pixels: 0, spp: 0 })).join();
    assert.doesNotMatch(line, /NaN|Infinity|undefined/);
  }
});

test("a hundred per cent is said when all is there, and not before", () => {
  const progress = { samples: 25_599, goal: 25_600, elapsed: 1, rate: 1, noise: null };
  assert.equal(percent(status("running", { progress })), 99);
  assert.equal(percent(status("running", { progress: { ...progress, samples: 99_999 } })), 100);
  assert.equal(percent(status("running", { progress: null })), 0);
});

test("rates and times are short", () => {
  const rates = [
    [0, "0 samples/s"],
    [999, "999 samples/s"],
    [999.9, "1.0 k samples/s"],
    [15_400, "15 k samples/s"],
    [1.61e6, "1.6 M samples/s"],
    [999_900, "1.0 M samples/s"],
    [2.5e9, "2.5 G samples/s"],
  ];
  for (const [rate, text] of rates) assert.equal(formatRate(rate), text);
  const times = [
    [0.04, "0.0 s"],
    [0.6, "0.6 s"],
    [0.97, "1 s"],
    [8.2, "8 s"],
    [59.7, "1 min 0 s"],
    [125, "2 min 5 s"],
    [3600, "1 h 0 min"],
    [9000, "2 h 30 min"],
  ];
  for (const [seconds, text] of times) assert.equal(formatTime(seconds), text);
});

test("buttons act only where the kernel would follow", () => {
  assert.deepEqual([...possible("running")], ["pause", "stop", "restart", "more"]);
  assert.ok(possible("paused").has("resume") && !possible("paused").has("pause"));
  for (const phase of ["connecting", "waiting", "closed", "gone"]) {
    assert.equal(possible(phase).size, 0);
  }
});
