"""Run in the wheel's environment: a widget on a comm that records, and a page that says hello."""

import json
import threading
import time
from pathlib import Path

import comm
from comm.base_comm import BaseComm


class Recorder(BaseComm):
    """A kernel's end of a comm whose other end is this script."""

    def __init__(self, *args, **keys):
        self.opened = {}
        self.said = []
        self.heard = threading.Event()
        super().__init__(*args, **keys)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        if msg_type == "comm_open":
            self.opened = data["state"]
        elif msg_type == "comm_msg" and data["method"] == "custom":
            self.said.append(data["content"])
            self.heard.set()

    def page_says(self, content):
        data = {"method": "custom", "content": content}
        self.handle_msg({"content": {"data": data}, "buffers": []})


comm.create_comm = Recorder

import raywidget as rw  # noqa: E402

widget = rw.RayWidget(rw.presets.cornell(), width=32, height=32, tile_size=16, spp=1)
bundle = widget._repr_mimebundle_()[0]
page = widget.comm
page.page_says({"k": "hello", "v": 1, "client": 7, "have": None})
acknowledged = 0
deadline = time.monotonic() + 600
while not any(m["k"] == "state" and m["state"] == "done" for m in list(page.said)):
    assert time.monotonic() < deadline, f"never done, only {page.said}"
    page.heard.wait(1)
    page.heard.clear()
    for message in [m for m in list(page.said) if m["k"] == "tiles"][acknowledged:]:
        answer = {"client": 7, "epoch": message["epoch"], "seq": message["seq"]}
        page.page_says({"k": "ack", **answer, "missing": [], "visible": True})
        acknowledged += 1

print(
    json.dumps(
        {
            "package": str(Path(rw.__file__).resolve()),
            "front_end": len(page.opened["_esm"]),
            "view": "application/vnd.jupyter.widget-view+json" in bundle,
            "said": [message["k"] for message in page.said],
            "tiles": sum(message["n"] for message in page.said if message["k"] == "tiles"),
            "picture": list(widget.image.shape),
        }
    )
)
widget.close()
