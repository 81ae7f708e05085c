"""A comm that records, and a page at its other end."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import comm
import pytest
from comm.base_comm import BaseComm

import raywidget as rw
from raywidget.widget import ray_widget as widget_module

# The simulated browser is the one that the stream's own tests use.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "stream"))


class RecordingComm(BaseComm):
    """What ipykernel's comm is to a widget, without a kernel."""

    def __init__(self, *args, **kwargs):
        self.published = []  # (kind, data, buffers, name of the thread)
        self.lock = threading.Lock()
        super().__init__(*args, **kwargs)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        json.dumps(data, allow_nan=False)
        with self.lock:
            thread = threading.current_thread().name
            self.published.append((msg_type, data, buffers or [], thread))

    def customs(self):
        """The custom messages: (content, buffers)."""
        with self.lock:
            return [
                (data["content"], buffers)
                for kind, data, buffers, _ in self.published
                if kind == "comm_msg" and data["method"] == "custom"
            ]

    def updates(self):
        """The traits that were sent after the opening, in order."""
        with self.lock:
            return [
                (data["state"], thread)
                for kind, data, _, thread in self.published
                if kind == "comm_msg" and data["method"] == "update"
            ]

    def from_browser(self, data):
        self.handle_msg({"content": {"data": data}, "buffers": []})

    def custom_from_browser(self, content):
        self.from_browser({"method": "custom", "content": content})

    def converse(self, page, seconds=120.0, until=lambda: False):
        """Let a simulated page and the widget talk until a condition holds."""
        heard = 0
        end = time.monotonic() + seconds
        while True:
            now = time.monotonic()
            customs = self.customs()
            for content, buffers in customs[heard:]:
                page.receive(content, buffers, now)
            heard = len(customs)
            for message in page.poll(now):
                self.custom_from_browser(json.loads(json.dumps(message)))
            if until():
                return
            assert now < end, f"it never happened; the page's state is {page.state}"
            time.sleep(0.002)


@pytest.fixture(autouse=True, scope="session")
def compiled_kernels():
    """No test's patience includes the compilation of kernels."""
    rw.warmup()


@pytest.fixture(autouse=True)
def recording_comms(monkeypatch):
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    if not widget_module.RayWidget._esm:  # the front end need not be built for these tests
        monkeypatch.setattr(widget_module.RayWidget, "_esm", "export default {};\n")


@pytest.fixture
def scene():
    return rw.presets.cornell()


@pytest.fixture
def make_widget(scene):
    made = []

    def make(scene=scene, **settings):
        chosen = {"width": 48, "height": 32, "spp": 4, "tile_size": 16, "threads": 2} | settings
        made.append(rw.RayWidget(scene, **chosen))
        return made[-1]

    yield make
    for widget in made:
        widget.close()


@pytest.fixture
def widget(make_widget):
    return make_widget()


def raywidget_threads():
    return [t.name for t in threading.enumerate() if t.name.startswith("raywidget-")]


@pytest.fixture
def threads_end():
    """Wait for all of our threads to end."""

    def wait(seconds=60.0):
        end = time.monotonic() + seconds
        while raywidget_threads():
            assert time.monotonic() < end, raywidget_threads()
            time.sleep(0.005)

    return wait
