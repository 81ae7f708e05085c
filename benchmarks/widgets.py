"""What widgets take: memory, threads, bytes and CPU, of some in one kernel and in kernels apart.

Run from the root of the repository: ``python benchmarks/widgets.py``. A page is at the other end
of each, which looks at nothing and acknowledges all: what is measured is the kernel's share. Bytes
are those of a link that carries whatever is sent.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time

SECONDS = 15.0
SIZE = {"width": 640, "height": 480}


def memory(process: int | str = "self") -> dict[str, float]:
    """MB that a process has, and what of it nobody else has (Linux)."""
    found = {}
    with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("Rss", "Pss", "Private_Dirty"):
                found[name] = int(value.split()[0]) / 1024
    return found


def measure(count: int, mode: str, threads: int) -> None:
    """In a process of its own: make so many widgets, and print what they take."""
    import comm
    from comm.base_comm import BaseComm

    import raywidget as rw
    from raywidget.widget.ray_widget import RayWidget

    class Line(BaseComm):  # type: ignore[misc]
        """A link with a page at its end."""

        def __init__(self, *given: object, **named: object) -> None:
            self.bytes = 0
            self.inbox: queue.SimpleQueue[dict] = queue.SimpleQueue()
            super().__init__(*given, **named)

        def publish_msg(self, kind, data=None, metadata=None, buffers=None, **keys):
            self.bytes += len(json.dumps(data)) + sum(len(b) for b in buffers or ())
            if kind == "comm_msg" and data["method"] == "custom":
                self.inbox.put(data["content"])

        def say(self, content):
            data = {"method": "custom", "content": content}
            self.handle_msg({"content": {"data": data}, "buffers": []})

    comm.create_comm = Line
    if not RayWidget._esm:
        RayWidget._esm = "export default {};\n"
    rw.warmup()
    scene = rw.presets.cornell()
    first = rw.RayWidget(scene, spp=1, threads=threads, **SIZE)
    first.wait(120)
    before, threads_before = memory(), threading.active_count()
    goal = 1 << 20 if mode == "live" else 16
    widgets = [rw.RayWidget(scene, spp=goal, threads=threads, **SIZE) for _ in range(count)]
    for client, widget in enumerate(widgets, 1):
        hello = {"k": "hello", "v": 1, "client": client, "have": None}
        widget.comm.say(hello)
    if mode != "live":
        for widget in widgets:
            widget.wait(600)
    heard, epochs = [-1] * count, [None] * count

    def serve(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for client, widget in enumerate(widgets, 1):
                news = False
                while not widget.comm.inbox.empty():
                    content = widget.comm.inbox.get()
                    if content["k"] == "welcome":
                        epochs[client - 1], heard[client - 1] = (
                            content["epoch"],
                            content["next"] - 1,
                        )
                        news = True
                    elif "seq" in content:
                        heard[client - 1] = max(heard[client - 1], content["seq"])
                        news = True
                if news and epochs[client - 1] is not None:
                    ack = {"k": "ack", "client": client, "epoch": epochs[client - 1]}
                    ack |= {"seq": heard[client - 1], "missing": [], "visible": True, "held": 0}
                    widget.comm.say(ack)
            time.sleep(0.05)

    serve(5.0)
    sent, used = sum(w.comm.bytes for w in widgets), time.process_time()
    began = time.monotonic()
    serve(SECONDS)
    seconds = time.monotonic() - began
    rate = (sum(w.comm.bytes for w in widgets) - sent) / seconds
    busy = (time.process_time() - used) / seconds
    after = memory()
    print(
        json.dumps(
            {
                "widgets": count,
                "mode": mode,
                "threads each": threads,
                "kernel before": round(before["Rss"], 1),
                "MB each": round((after["Rss"] - before["Rss"]) / max(count, 1), 2),
                "threads made each": (threading.active_count() - threads_before) / max(count, 1),
                "kB/s each": round(rate / 1e3 / max(count, 1), 1),
                "cores busy": round(busy, 2),
                "states": sorted({w.status for w in widgets}),
            }
        ),
        flush=True,
    )
    if os.environ.get("HOLD"):
        sys.stdin.read()
    os._exit(0)


def apart(count: int) -> None:
    """So many kernels with a widget each: what each has for itself, and all together."""
    command = [sys.executable, __file__, "--measure", "1", "done", "1"]
    environment = {**os.environ, "HOLD": "1"}
    kernels = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        for _ in range(count)
    ]
    for kernel in kernels:
        kernel.stdout.readline()  # type: ignore[union-attr]
    each = [memory(kernel.pid) for kernel in kernels]
    rss, pss = (sum(m[name] for m in each) / count for name in ("Rss", "Pss"))
    print(f"{count} kernels with a widget each: {rss:.0f} MB each, {pss:.0f} MB of its own share")
    for kernel in kernels:
        kernel.kill()


def main() -> None:
    """Measure all of it."""
    if sys.argv[1:2] == ["--measure"]:
        measure(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    print("load", *os.getloadavg())
    for count, mode, threads in ((1, "live", 1), (20, "live", 1), (20, "done", 1), (20, "done", 2)):
        words = ["--measure", str(count), mode, str(threads)]
        subprocess.run([sys.executable, __file__, *words], check=True)
    apart(8)
    print("load", *os.getloadavg())


if __name__ == "__main__":
    main()
