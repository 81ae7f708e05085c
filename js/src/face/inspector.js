/**
 * What the kernel says of a pixel, in lines for people. Pure functions.
 *
 * @import { Pixel } from "../wire/protocol.js"
 */

/** With four significant digits. @param {number} x */
export function number(x) {
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e5 || size < 1e-3) return x.toExponential(2);
  return String(Number(x.toPrecision(4)));
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** @param {readonly number[]} values */
const list = (values) => values.map(number).join(", ");

/** Shapes that are many, of which one was meant; of a mesh it is only a triangle. */
const MANY = new Set(["Spheres", "Cylinders", "Instances"]);

/** What the object is called, as `atoms[17] (Spheres)`. @param {NonNullable<Pixel["hit"]>} hit */
function title({ object: { type, name, row } }) {
  const which = row !== null && MANY.has(type) ? `[${row}]` : "";
  return name === null ? `${type}${which}` : `${name}${which} (${type})`;
}

/** A line or two for a pointer that passes by; null where there is nothing to tell. @param {Pixel} pixel */
export function describeBriefly({ hit, message }) {
  if (message !== null || hit === null) return null;
  return [title(hit), list(hit.point), `${number(hit.distance)} away`];
}

/**
 * @param {Pixel} pixel
 * @returns {{title: string, lines: [string, string][]}}
 */
export function describePixel({ x, y, rgb, error, spp, hit, message }) {
  /** @type {[string, string][]} */
  const lines = [];
  if (hit !== null) {
    const { material, object } = hit;
    if (object.row !== null && !MANY.has(object.type)) lines.push(["triangle", `${object.row}`]);
    if (hit.value) lines.push([hit.value.label, hit.value.text]);
    lines.push([
      "material",
      material.name === null ? material.type : `${material.name} (${material.type})`,
    ]);
    for (const [name, value] of material.parameters) lines.push([name, value]);
    lines.push(["distance", number(hit.distance)], ["point", list(hit.point)]);
    lines.push(["normal", list(hit.normal)]);
    const bent = hit.shading_normal.some((value, i) => Math.abs(value - hit.normal[i]) > 1e-4);
    if (bent) lines.push(["shading normal", list(hit.shading_normal)]);
    lines.push(["u, v", list(hit.uv)]);
  }
  if (message !== null) return { title: capital(message), lines: [["pixel", `${x}, ${y}`]] };
  lines.push(["radiance", spp > 0 ? list(rgb) : "not rendered yet"]);
  if (error !== null)
    lines.push(["± error", error.map((x) => number(Number(x.toPrecision(2)))).join(", ")]);
  lines.push(["samples", String(spp)], ["pixel", `${x}, ${y}`]);
  return { title: hit === null ? "Nothing: the environment" : title(hit), lines };
}
