"""A network that is away for a minute; and what grows over 50,000 messages and 1,000 restarts?

Run from the root of the repository: ``python benchmarks/soak.py [MESSAGES] [RESTARTS]``. Memory is
the resident set of the kernel, of the server, and of all of the browser's processes, and what is
alive of the page's JavaScript after its garbage was collected.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
sys.path.insert(0, str(Path(__file__).parent))

from lab_driver import HERE, PRELUDE, Notebook
from lab_server import CHROMIUM_FLAGS, LabServer, find_chromium
from network_path import NetworkPath
from playwright.sync_api import sync_playwright
from stream import PUBLISH, load

LOOKS = 20

# No more than the server lets through: 1,000 messages a second.
HURRY = "import raywidget.stream.flow\nraywidget.stream.flow.INTERVAL = 0.003"


def resident(pid):
    """Megabytes of a process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def descendants(pid):
    """A process and all below it."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += descendants(int(child))
    return found


class Memory:
    def __init__(self, notebook, server, browser_pid):
        self.page = notebook.page
        self.kernel = notebook.evaluate("os.getpid()")
        self.server = server.pid
        self.browser = browser_pid
        self.rows = []

    def look(self, count):
        alive = self.page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize; }")
        browser = sum(map(resident, descendants(self.browser)))
        self.rows.append(
            (count, resident(self.kernel), resident(self.server), browser, alive / 1e6)
        )

    def report(self, what):
        rows = np.array(self.rows)
        half = rows[len(rows) // 3 :]  # what grows at the beginning is caches
        for column, name in enumerate(("kernel", "server", "browser", "page"), 1):
            slope = np.polyfit(half[:, 0], half[:, column], 1)[0] * 1000
            first, last = half[0, column], half[-1, column]
            print(
                f"{what:24s} {name:8s} {first:6.0f} MB -> {last:6.0f} MB, "
                f"{slope:+.3f} MB per 1,000   ({load()})",
                flush=True,
            )
        self.rows.clear()


def browser_pid(folder):
    """The browser that was started with this profile folder."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        words = entry.read_bytes().split(b"\0")
        if any(
            word.endswith(str(folder).encode()) for word in words
        ) and b"--type=" not in b"".join(words):
            return int(entry.parent.name)
    raise RuntimeError("the browser's process is not to be found")


def long_cut(server, context, seconds):
    """A network that is away for so long: what is on show afterwards, and after how long."""
    path = NetworkPath(server.port)
    notebook = Notebook(server, context, server.write_notebook("cut.ipynb"), port=path.port)
    notebook.run(PRELUDE)
    endless = "rw.presets.cornell(), width=96, height=96, tile_size=32, spp=10**6, passes=10**5"
    view = notebook.run(f"widget = rw.RayWidget({endless})\nwidget").view()
    view.wait_running()
    path.cut()
    time.sleep(seconds)
    path.mend()
    begin = time.monotonic()
    view.wait_running(tiles=100)
    back = time.monotonic() - begin
    notebook.run("widget.stop()")
    view.wait_for("data.state === 'stopped'", "stopped")
    view.assert_shows(notebook.array("widget.image.to_uint8()"))
    print(f"cut for {seconds:.0f} s: tiles again after {back:.1f} s, in the end byte for byte")
    notebook.close()
    path.close()


def main(messages=50_000, restarts=1_000):
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder))
        profile = Path(folder) / "profile"
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=find_chromium(),
            headless=True,
            args=[*CHROMIUM_FLAGS, "--js-flags=--expose-gc", "--enable-precise-memory-info"],
            viewport={"width": 1400, "height": 1000},
        )
        context.set_default_timeout(180_000)
        context.add_init_script(path=HERE / "driver.js")
        try:
            for seconds in (5.0, 60.0):
                long_cut(server, context, seconds)
            notebook = Notebook(server, context, server.write_notebook("soak.ipynb"))
            notebook.run(PRELUDE + PUBLISH + HURRY)
            memory = Memory(notebook, server, browser_pid(profile))

            notebook.run(
                "widget = rw.RayWidget("
                "rw.presets.cornell(), width=64, height=64, tile_size=16, spp=1)\n"
                "widget.wait()"
            )
            view = notebook.run("widget").view()
            view.wait_painted("done")
            notebook.run(
                "threading.Thread(target=publish, args=(widget, 1e9), daemon=True).start()"
            )
            begin, sent = time.monotonic(), 0
            for _ in range(100_000):
                if sent >= messages:
                    break
                time.sleep(2.0)
                sent = notebook.evaluate("widget._pump._conversation.flow.next_seq")
                notebook.page.evaluate("() => window.driver.removeCellsFrom(6)")
                if sent >= len(memory.rows) * messages / LOOKS:
                    memory.look(sent)
            print(f"{sent} messages in {time.monotonic() - begin:.0f} s", flush=True)
            memory.report("messages")
            leak = notebook.evaluate("len(getattr(widget.comm, '_reply_subshell_ids', []))")
            print(f"ids that the comm remembers: {leak}", flush=True)
            notebook.run("widget.close()")
            notebook.page.evaluate("() => window.driver.removeCells()")

            again = "rw.RayWidget(rw.presets.cornell(), width=256, height=256, spp=10**6)"
            view = notebook.run(f"again = {again}\nagain").view()
            view.wait_running()
            done = 0
            while done < restarts:
                part = max(1, restarts // LOOKS)
                notebook.run(f"for _ in range({part}):\n    again.restart()\n    time.sleep(0.08)")
                done += part
                notebook.page.evaluate("() => window.driver.removeCellsFrom(2)")
                memory.look(done)
            memory.report("restarts")
            view.wait_running(tiles=10)
        finally:
            context.close()
            server.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
