"""Front ends by their documented rules, without them: a bare page that holds a model of a widget.

The kernel's side is a real `RayWidget` in this process, on a comm that records; the page's side is
the real bundle. What lies between is what hosts differ in:

- buffers come as views with an offset into a larger one (VS Code, Colab), or as whole buffers;
- `initialize` and `render` get different objects for one model (anywidget's proxies);
- messages from the page are handled at once (subshells), or only when no cell runs;
- some hosts know `initialize` and some don't; some run in an iframe with an origin of its own.
"""

from __future__ import annotations

import base64
import contextlib
import json
import time
from unittest import mock

import comm
from comm.base_comm import BaseComm

import raywidget as rw
from raywidget.io.front_end import front_end_text

PATIENCE = 60.0  # seconds

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A host</title>
<meta name="color-scheme" content="light dark">
<style>:root { color-scheme: light dark; } %CSS%</style></head>
<body><main><h1>A notebook</h1><div id="out"></div></main></body></html>"""

# What the host makes of a comm: the model that anywidget's specification describes.
HOST = """
async ({ esm, state, rules }) => {
  const listeners = new Map();
  const on = (name, f) => listeners.set(name, [...(listeners.get(name) ?? []), f]);
  const off = (name, f) => {
    const all = listeners.get(name) ?? [];
    listeners.set(name, f === undefined ? [] : all.filter((other) => other !== f));
  };
  const emit = (name, ...args) => {
    for (const f of listeners.get(name) ?? []) f(...args);
  };
  const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const wrapped = (text) => {
    const bytes = bytesOf(text);
    if (!rules.offset) return new DataView(bytes.buffer);
    // As a message that arrived in one piece, of which the buffer is a part.
    const whole = new Uint8Array(bytes.length + rules.offset + 13);
    whole.fill(0xab);
    whole.set(bytes, rules.offset);
    return new DataView(whole.buffer, rules.offset, bytes.length);
  };
  const changed = {};
  const make = () => ({
    get: (name) => state[name],
    set(name, value) {
      const values = typeof name === "string" ? { [name]: value } : name;
      for (const [key, one] of Object.entries(values)) {
        if (state[key] === one) continue;
        state[key] = one;
        changed[key] = one;
        emit(`change:${key}`);
      }
    },
    save_changes() {
      const news = JSON.stringify({ method: "update", state: { ...changed }, buffer_paths: [] });
      for (const key of Object.keys(changed)) delete changed[key];
      void window.toKernel(news);
    },
    send(content) {
      void window.toKernel(JSON.stringify({ method: "custom", content }));
    },
    on,
    off,
    widget_manager: {},
  });
  window.host = {
    custom: (content, buffers) => emit("msg:custom", content, buffers.map(wrapped)),
    update: (values) => make().set(values),
    errors: [],
  };
  window.addEventListener("error", (event) => window.host.errors.push(String(event.message)));
  const url = URL.createObjectURL(new Blob([esm], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const def = typeof widget === "function" ? await widget() : widget;
  if (rules.initialize) await def.initialize?.({ model: make() });
  await def.render({ model: make(), el: document.getElementById("out") });
}
"""


class HostComm(BaseComm):
    """A comm whose messages the host fetches."""

    def __init__(self, *args, **keys):
        self.published = []
        super().__init__(*args, **keys)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        self.published.append((msg_type, json.loads(json.dumps(data)), list(buffers or [])))


class EmulatedHost:
    """A page that shows one widget by the rules of a host.

    Parameters
    ----------
    page : playwright page
        A new one.
    offset : int
        Where buffers begin in the larger ones that they are handed out in; 0: nowhere.
    initialize : bool
        Does the host know anywidget's `initialize`?
    prompt : bool
        Are messages from the page handled while a cell runs?
    settings
        Of the widget.
    """

    def __init__(self, page, *, offset=0, initialize=True, prompt=True, scene=None, **settings):
        self.page = page
        self.busy = False  # does a cell run?
        self._prompt = prompt
        self._heard = 0
        self._waiting = []
        with mock.patch.object(comm, "create_comm", HostComm):
            self.widget = rw.RayWidget(scene or rw.presets.cornell(), **settings)
        self.comm = self.widget.comm
        _, opening, _ = self.comm.published[0]
        state = {k: v for k, v in opening["state"].items() if k not in ("_esm", "_css")}
        page.expose_function("toKernel", lambda message: self._waiting.append(message))
        page.set_content(PAGE.replace("%CSS%", front_end_text("widget.css")))
        rules = {"offset": offset, "initialize": initialize}
        page.evaluate(HOST, {"esm": front_end_text("widget.js"), "state": state, "rules": rules})

    def turn(self):
        """Carry what waits on both sides."""
        for kind, data, buffers in self.comm.published[self._heard :]:
            self._heard += 1
            if kind != "comm_msg":
                continue
            if data["method"] == "custom":
                packed = [base64.b64encode(bytes(b)).decode("ascii") for b in buffers]
                self.page.evaluate(
                    "([content, buffers]) => host.custom(content, buffers)",
                    [data["content"], packed],
                )
            elif data["method"] == "update" and not data.get("buffer_paths"):
                self.page.evaluate("(state) => host.update(state)", data["state"])
        if self.busy and not self._prompt:
            return
        while self._waiting:
            message = json.loads(self._waiting.pop(0))
            self.comm.handle_msg({"content": {"data": message}, "buffers": []})

    def until(self, condition, what):
        """Let both sides talk until something holds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"it never happened: {what}"
            self.turn()
            self.page.wait_for_timeout(5)

    def rest(self, milliseconds=300):
        """Let both sides talk for a while."""
        end = time.monotonic() + milliseconds / 1000
        while time.monotonic() < end:
            self.turn()
            self.page.wait_for_timeout(10)

    @property
    def view(self):
        """The widget's element."""
        return self.page.locator(".raywidget")

    def pixels(self):
        """What the canvas shows: (height, width, 4) as a flat list."""
        return self.page.evaluate(
            "() => { const c = document.querySelector('.raywidget-canvas');"
            " return Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data); }"
        )

    def shows_something(self):
        """Is there anything but black on the canvas?"""
        return self.page.evaluate(
            "() => { const c = document.querySelector('.raywidget-canvas');"
            " const { data } = c.getContext('2d').getImageData(0, 0, c.width, c.height);"
            " return data.some((value, index) => index % 4 < 3 && value > 0); }"
        )

    def press(self, name):
        """Click a button, once the page has heard enough to show it."""
        button = self.view.get_by_role("button", name=name)
        self.until(lambda: button.is_visible() and button.is_enabled(), f"there is a {name}")
        button.click()

    def status(self):
        """What the status line says."""
        return self.page.locator(".raywidget-status").inner_text()


@contextlib.contextmanager
def emulated_host(browser, *, context=None, **how):
    """A host in a context of its own, closed in the end."""
    with contextlib.closing(browser.new_context(**(context or {}))) as made:
        host = EmulatedHost(made.new_page(), **how)
        try:
            yield host
        finally:
            host.widget.close()
