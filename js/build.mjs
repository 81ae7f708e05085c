// Bundle the front end into the Python package: node build.mjs [--dev] [--outdir DIR]

import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));

const { values } = parseArgs({
  options: {
    dev: { type: "boolean", default: false },
    outdir: { type: "string", default: path.join(here, "..", "raywidget", "static") },
  },
});

await mkdir(values.outdir, { recursive: true });

/** @type {import("esbuild").BuildOptions} */
const common = {
  absWorkingDir: here,
  outdir: path.resolve(values.outdir),
  bundle: true,
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  minify: !values.dev,
  sourcemap: values.dev ? "inline" : false,
  metafile: true,
  logLevel: "warning",
};

const widget = ["src/widget.js", "src/widget.css"];
// Plain scripts, which can stand anywhere in a page.
const orbit = ["src/orbit.js", "src/orbit.css", "src/orbit_over.js"];
const built = await Promise.all([
  build({ ...common, entryPoints: widget, format: "esm" }),
  build({ ...common, entryPoints: orbit, format: "iife" }),
]);

let total = 0;
for (const [file, output] of built.flatMap(({ metafile }) => Object.entries(metafile.outputs))) {
  const inputs = Object.entries(output.inputs).sort(
    ([, a], [, b]) => b.bytesInOutput - a.bytesInOutput,
  );
  for (const [input, { bytesInOutput }] of inputs) {
    console.log(`${String(bytesInOutput).padStart(8)}  ${input}`);
  }
  const { size } = await stat(path.resolve(here, file));
  total += size;
  console.log(`${String(size).padStart(8)}  = ${path.basename(file)}`);
}
console.log(`${String(total).padStart(8)}  in all`);
