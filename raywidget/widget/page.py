"""A page of its own, with the picture and the front end in it: needs no kernel and no network."""

from __future__ import annotations

import json
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import Any

from raywidget.io.orbit_page import Page, write_text
from raywidget.picture.image import Image
from raywidget.widget.snapshot import encode_snapshot

# A model without a kernel, in the words of anywidget's interface.
SCRIPT = """
const page = JSON.parse(document.getElementById("raywidget-page").textContent);
const bytes = Uint8Array.from(atob(page.snapshot), (letter) => letter.charCodeAt(0));
const state = { ...page.state, _snapshot: new DataView(bytes.buffer) };
const listeners = new Map();
const model = {
  comm_live: false,
  get: (name) => state[name],
  set(name, value) {
    if (state[name] === value) return;
    state[name] = value;
    for (const listener of listeners.get(`change:${name}`) ?? []) listener();
  },
  save_changes() {},
  send() {},
  on: (name, listener) => listeners.set(name, [...(listeners.get(name) ?? []), listener]),
  off: (name, listener) =>
    listeners.set(name, (listeners.get(name) ?? []).filter((other) => other !== listener)),
};
const url = URL.createObjectURL(new Blob([page.esm], { type: "text/javascript" }));
const { default: widget } = await import(url);
URL.revokeObjectURL(url);
widget.initialize({ model });
widget.render({ model, el: document.getElementById("raywidget") });
"""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font-family: system-ui, sans-serif; }}
body {{ margin: 0 auto; padding: 1rem; width: fit-content; max-width: 100%; }}
body {{ box-sizing: border-box; }}
{css}
</style>
<div id="raywidget"></div>
<noscript>This page shows its picture with JavaScript.</noscript>
<script type="application/json" id="raywidget-page">{data}</script>
<script type="module">{script}</script>
</html>
"""


def write_page(
    target: Path,
    image: Image,
    state: dict[str, Any],
    esm: str,
    css: str,
    title: str | None = None,
) -> Page:
    """Write one HTML file with the picture in half floats and all that shows it.

    Raises
    ------
    PictureError
        If the file can't be written.
    """
    snapshot = encode_snapshot(image, most_pixels=None)
    data = json.dumps({"esm": esm, "state": state, "snapshot": b64encode(snapshot).decode("ascii")})
    title = title or f"{target.stem}: {image.width} x {image.height}, {image.spp} spp"
    # In a script, "<" could end it, whatever it is part of.
    page = PAGE.format(
        title=escape(title), css=css, data=data.replace("<", "\\u003c"), script=SCRIPT
    )
    write_text(target, page)
    return Page(target, target.stat().st_size, 1, image.width, image.height)
