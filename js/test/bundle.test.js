// What a kernel sends for each widget, and a notebook may keep: no more than 120 kB.
// (It was 100 until bars, words and menus of values came to the picture.)

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the bundle is small", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "raywidget-"));
  try {
    const build = fileURLToPath(new URL("../build.mjs", import.meta.url));
    execFileSync(process.execPath, [build, "--outdir", folder], { stdio: "pipe" });
    const sizes = ["widget.js", "widget.css"].map((name) => statSync(path.join(folder, name)).size);
    assert.ok(sizes[0] + sizes[1] < 120_000, `${sizes}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
