import assert from "node:assert/strict";
import { test } from "node:test";
import { showNumber } from "../../src/face/dom.js";

/** As much of a field as is written to; `focused` in whatever part of a page it is. */
function fieldOf(value, defaultValue, focused) {
  const field = {
    value,
    defaultValue,
    selected: false,
    getRootNode: () => ({ activeElement: focused ? field : null }),
    select: () => {
      field.selected = true;
    },
  };
  return field;
}

test("a field shows what it is told, unless something is being written there", () => {
  const cases = [
    { field: fieldOf("3", "3", false), shown: "5", selected: false },
    { field: fieldOf("2", "3", false), shown: "5", selected: false },
    { field: fieldOf("2", "3", true), shown: "2", selected: false },
    { field: fieldOf("", "3", true), shown: "", selected: false }, // a minus, so far
    { field: fieldOf("3", "3", true), shown: "5", selected: true },
    { field: fieldOf("5", "5", true), shown: "5", selected: false },
  ];
  for (const { field, shown, selected } of cases) {
    showNumber(/** @type {any} */ (field), "5");
    assert.deepEqual([field.value, field.defaultValue], [shown, "5"]);
    assert.equal(field.selected, selected);
  }
});
