"""How fast pixels get from the kernel onto the canvas: JupyterLab, Chromium and all.

Run from the root of the repository: ``python benchmarks/stream.py [PART ...]``. It needs what the
browser tests need. Numbers depend on the load of the machine, which is printed beside each.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from lab_driver import HERE, PRELUDE, Notebook
from lab_server import CHROMIUM_FLAGS, LabServer, find_chromium
from network_path import NetworkPath
from playwright.sync_api import sync_playwright

REPEATS = 15
SWEEP = 4.0  # seconds of a drag
SCENE = "rw.presets.cornell()"
LONG = f"rw.RayWidget({SCENE}, width=640, height=480, spp=10**6)"
BUSY = f"rw.RayWidget({SCENE}, width=640, height=480, spp=10**6, passes=10**6)"

# When each count of painted tiles was first seen, by the page's clock.
WATCH = """
() => {
  window.seen = [];
  const look = (view) => {
    const { painted = 0, coarse = 0, state, paintedCoarse = 0 } = view.dataset;
    const counts = [painted, coarse].map(Number);
    window.seen.push([Date.now() / 1000, ...counts, state, Number(paintedCoarse)]);
  };
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.classList?.contains("raywidget")) look(target);
    }
  }).observe(document.body, {
    subtree: true,
    attributes: true,
    attributeFilter: ["data-painted", "data-coarse", "data-painted-coarse"],
  });
  window.moved = null;
  const move = () => { window.moved ??= Date.now() / 1000; };
  document.addEventListener("pointermove", move, { capture: true });
}
"""

# When each message was sent, and how many tiles had been sent with it.
RECORD = """
sent = []
def record(widget):
    tiles = widget._pump._conversation._tiles
    send = tiles._send
    def recording(content, buffers):
        if content["k"] == "tiles":
            total = (sent[-1][1] if sent else 0) + content["n"]
            sent.append((time.time(), total, sum(map(len, buffers))))
        send(content, buffers)
    tiles._send = recording
"""

# Tiles as fast, or as often, as is wanted, without a render.
PUBLISH = """
def publish(widget, seconds, rate=None):
    import numpy as np
    # As a render does that is at work: the stream has other rules for one that is done.
    source = widget._pump._conversation._source
    current = source.current
    source.current = lambda: current()._replace(state="running")
    film = current().film
    random = np.random.default_rng(1)
    noise = [random.random((64, 64, 3)) for _ in range(8)]
    spp, count, begin = 10**6, 0, time.perf_counter()
    while time.perf_counter() < begin + seconds:
        for tile in film.tiles:
            sums = noise[count % 8][: tile.height, : tile.width] * spp
            film.publish(tile, sums, spp)
            widget._pump.tile_ready()
            count += 1
            if rate:
                time.sleep(max(0.0, begin + count / rate - time.perf_counter()))
        spp += 1
        time.sleep(0.001)
    source.current = current
    widget._pump.wake()
    return count
"""


def load():
    return f"load {os.getloadavg()[0]:.1f}"


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def report(name, text):
    print(f"{name:46s} {text}   ({load()})", flush=True)


def spread(values):
    return f"median {1000 * median(values):.0f} ms, worst {1000 * max(values):.0f} ms"


def sweep(page, x, y):
    """Drag the camera from there for some seconds, as often as a mouse tells where it is."""
    page.mouse.move(x, y)
    page.mouse.down()
    begin = time.monotonic()
    while (step := time.monotonic() - begin) < SWEEP:
        page.mouse.move(x + 30 * step, y + 10 * step)
        time.sleep(0.016)
    page.mouse.up()


class Bench:
    def __init__(self, server, context, path):
        self.server, self.context, self.path = server, context, path
        self.notebook = Notebook(server, context, server.write_notebook("bench.ipynb"))
        self.notebook.run(PRELUDE + RECORD + PUBLISH + "\nrw.warmup()")
        self.notebook.page.evaluate(WATCH)

    def clear(self, notebook=None):
        notebook = notebook or self.notebook
        notebook.run("from ipywidgets import Widget\nWidget.close_all()\nsent.clear()")
        notebook.page.evaluate("() => { window.driver.removeCells(); window.seen = []; }")

    def seen(self, notebook=None):
        return (notebook or self.notebook).page.evaluate("() => window.seen")

    def first_tile(self):
        pictures, tiles = [], []
        for _ in range(REPEATS):
            begin = self.notebook.page.evaluate("() => Date.now() / 1000")
            cell = self.notebook.start(f"widget = {LONG}\nwidget")
            cell.view().wait_running()
            seen = self.seen()
            pictures.append(
                next(at for at, painted, coarse, *_ in seen if painted or coarse) - begin
            )
            tiles.append(next(at for at, painted, *_ in seen if painted) - begin)
            self.clear()
        for name, values in (("picture", pictures), ("tile", tiles)):
            report(f"cell run to first {name} painted, 640x480", spread(values))

    def latency(self, name, make, drive, seconds):
        self.notebook.run(f"widget = {make}\nrecord(widget)")
        view = self.notebook.run("widget").view()
        view.wait_for("data.tiles >= 0", "the view is there")
        before = self.notebook.evaluate("time.process_time()")
        begin = time.monotonic()
        if drive:
            self.notebook.run(drive)
        else:
            time.sleep(seconds)
        elapsed = time.monotonic() - begin
        cpu = self.notebook.evaluate("time.process_time()") - before
        window = self.notebook.evaluate("widget._pump._conversation.flow.window.limit")
        seen = self.seen()
        waits, position = [], 0
        for at, total, _ in self.notebook.evaluate("sent"):
            while position < len(seen) and seen[position][1] < total:
                position += 1
            if position < len(seen):
                waits.append(seen[position][0] - at)
        tiles = seen[-1][1]
        text = (
            f"median {1000 * median(waits):.0f} ms, p99 {1000 * percentile(waits, 0.99):.0f} ms, "
            f"{tiles / elapsed:.0f} tiles/s, {len(waits) / elapsed:.0f} messages/s, "
            f"kernel CPU {100 * cpu / elapsed:.0f} %, window {window // 1024} kB"
        )
        report(name, text)
        self.clear()

    def still(self):
        """From the cell to the first PNG that a saved notebook would show."""
        self.notebook.run(
            "import raywidget.widget.static_image as still\n"
            "stills, publish_still = [], still._publish\n"
            "def noting(png, display_id, update, size=None):\n"
            "    stills.append((time.time(), update, len(png)))\n"
            "    publish_still(png, display_id, update, size)\n"
            "still._publish = noting"
        )
        times = []
        for _ in range(REPEATS):
            cell = self.notebook.start(
                f"stills.clear()\nbegun = time.time()\nwidget = {LONG}\nwidget"
            )
            cell.view().wait_running()
            times.append(self.notebook.evaluate("stills[0][0] - begun"))
            self.clear()
        report("cell run to the PNG that stays, 640x480", spread(times))

    def again(self):
        """How long the threads of a widget live on when it is closed, as by its cell run again."""
        ends = []
        for _ in range(REPEATS):
            self.notebook.run(
                f"widget = {LONG}\n"
                "old = [t for t in threading.enumerate() if t.name.startswith('raywidget')]\n"
                "time.sleep(0.3)\nbegun = time.time()\nwidget.close()\n"
                "for thread in old:\n    thread.join()\nended = time.time()"
            )
            ends.append(self.notebook.evaluate("ended - begun"))
            self.clear()
        report("a widget is closed: its threads have ended", spread(ends))

    def drag(self, name, make):
        """From the hand to the first coarse picture, and how many there are while it moves."""
        self.notebook.run(f"widget = {make}")
        view = self.notebook.run("widget").view()
        view.wait_running(tiles=20)
        page = self.notebook.page
        box = view.element.locator("canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        waits = []
        for turn in range(REPEATS):
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move(x + 6, y)  # less than this may still be a click
            page.evaluate("() => { window.seen = []; window.moved = null; }")
            before = view.data["paintedCoarse"]
            page.mouse.move(x + 12 + turn, y + 3)
            view.wait_for(f"data.paintedCoarse > {before}", "a coarse picture")
            moved = page.evaluate("() => window.moved")
            waits.append(next(at for at, *_, done in self.seen() if done > before) - moved)
            page.mouse.up()
            view.wait_running(tiles=1)
        report(f"hand to coarse picture, {name}", spread(waits))

        page.evaluate("() => { window.seen = []; }")
        sweep(page, x, y)
        pictures = len({done for *_, done in self.seen()})
        report(f"coarse pictures in a drag, {name}", f"{pictures / SWEEP:.1f} a second")
        self.clear()

    def streaming_cpu(self, make):
        """What 30 updates a second cost the kernel, beyond the making of the tiles."""
        self.notebook.run(f"widget = {make}")
        spent = {}
        for shown in (False, True):
            if shown:
                self.notebook.run("widget").view().wait_painted("done")
                time.sleep(2.0)  # the PNG that stays is made, once
            before = self.notebook.evaluate("time.process_time()")
            self.notebook.run("publish(widget, 10, 30)")
            spent[shown] = self.notebook.evaluate("time.process_time()") - before
        text = f"{10 * (spent[True] - spent[False]):.1f} % of a core"
        report("kernel CPU of streaming 30 updates a second", text)
        self.clear()

    def slow_link(self):
        self.path.bandwidth, self.path.delay = float("inf"), 0.0
        name = self.server.write_notebook("slow.ipynb")
        notebook = Notebook(self.server, self.context, name, port=self.path.port)
        notebook.run(PRELUDE + RECORD)
        notebook.page.evaluate(WATCH)
        self.path.bandwidth, self.path.delay = 10e6 / 8, 0.02
        times = []
        for _ in range(5):
            begin = notebook.page.evaluate("() => Date.now() / 1000")
            cell = notebook.start(f"widget = {LONG}\nwidget")
            cell.view().wait_running()
            seen = self.seen(notebook)
            times.append(next(at for at, painted, coarse, *_ in seen if coarse or painted) - begin)
            self.clear(notebook)
        report("10 Mbit/s, 40 ms: cell run to first picture", spread(times))

        view = notebook.run(f"widget = {BUSY}\nwidget").view()
        view.wait_running(tiles=100)
        notebook.page.evaluate("() => { window.seen = []; }")
        box = view.element.locator("canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        sweep(notebook.page, x, y)
        seen = self.seen(notebook)
        pictures = len({coarse for _, _, coarse, *_ in seen})
        report("10 Mbit/s, 40 ms: pictures during a drag", f"{pictures / SWEEP:.1f} a second")
        notebook.close()


STILL = f"rw.RayWidget({SCENE}, width=640, height=480, spp=1)\nwidget.wait()"


def drag_mesh(bench):
    bench.notebook.run(
        f"import sys\nsys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
        "from benchmarks.scenes import bumpy_sphere, under_the_sky\n"
        "mesh = under_the_sky(bumpy_sphere(328_000))"
    )
    bench.drag("328,000 triangles", BUSY.replace(SCENE, "mesh"))


PARTS = {
    "first": lambda bench: bench.first_tile(),
    "still": lambda bench: bench.still(),
    "again": lambda bench: bench.again(),
    "drag": lambda bench: bench.drag("640x480", BUSY),
    "drag-mesh": drag_mesh,
    "rendering": lambda bench: bench.latency("rendering on all cores, 640x480", BUSY, None, 10.0),
    "updates": lambda bench: bench.latency(
        "30 tiles a second", STILL, "publish(widget, 10, 30)", 10.0
    ),
    "cpu": lambda bench: bench.streaming_cpu(STILL),
    "bulk": lambda bench: bench.latency(
        "tiles as fast as they go", STILL, "publish(widget, 10)", 10.0
    ),
    "slow-link": lambda bench: bench.slow_link(),
}


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder))
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.set_default_timeout(180_000)
        context.add_init_script(path=HERE / "driver.js")
        path = NetworkPath(server.port)
        try:
            bench = Bench(server, context, path)
            for name in sys.argv[1:] or PARTS:
                PARTS[name](bench)
        finally:
            path.close()
            browser.close()
            server.stop()


if __name__ == "__main__":
    main()
