"""How long the first minute takes, and what a core renders: starts in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import ROOT, Table

IMPORT = "import raywidget"
SCENE = "import raywidget; raywidget.presets.cornell()"
FIRST_PICTURE = """
import raywidget as rw
rw.render(rw.presets.cornell(), width=64, height=64, spp=1)
"""
# What a widget shows until kernels are there.
FIRST_SKETCH = """
import threading
import raywidget as rw
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
pictures, news = [], threading.Event()
session = Session(
    rw.presets.cornell(),
    RenderSettings(width=640, height=480),
    on_coarse=lambda picture: (pictures.append(picture), news.set()),
)
session.start()
news.wait()
assert pictures[0].sketched
"""
# Seconds of CPU that compilation takes, by entry, each alone; needs an empty cache.
ENTRIES = """
import json, time
import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings

scene = rw.presets.cornell()
if {full}:
    ball = rw.Sphere((0, 0, 0), 1, material=rw.Principled(roughness=0.3))
    scene = rw.Scene([ball], camera=scene.camera)
begin = time.process_time()
compile_scene(scene)
build = time.process_time()
Renderer(scene, RenderSettings(integrator="{integrator}"))
print(json.dumps([build - begin, time.process_time() - build]))
"""
ALONE = {
    "render_path, plain scenes": ("path", False),
    "render_path, full": ("path", True),
    "render_bdpt, plain scenes": ("bdpt", False),
    "render_bdpt, full": ("bdpt", True),
    "render_volpath, plain scenes": ("volpath", False),
    "render_volpath, full": ("volpath", True),
    "render_preview (ao, normals, albedo, depth), plain scenes": ("normals", False),
    "render_preview (ao, normals, albedo, depth), full": ("normals", True),
}
# Million samples per second of CPU, one thread; depth 8 as in the preset.
RATE = """
import time
import raywidget as rw
rw.warmup()
begin = time.process_time()
image = rw.render(rw.presets.cornell(), width=512, height=512, spp={spp}, max_depth=8, threads=1)
print(512 * 512 * {spp} / (time.process_time() - begin) / 1e6)
"""
# Samples per second of CPU on all cores, without and with a listener on the stream, who
# acknowledges as pages do; the cost of all that happens in the kernel but for the socket.
STREAMED = """
import json, time
import raywidget as rw
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.stream.pump import Pump
from raywidget.widget.interaction import Interaction

rw.warmup()
scene = rw.presets.cornell()
settings = RenderSettings(width=640, height=480, spp=32, passes=10, max_depth=8)

def rate(stream):
    sent = [0, 0]
    acked = [0.0]
    def send(content, buffers):
        if content["k"] == "tiles":
            sent[0] += content["n"]
            sent[1] += len(buffers[0])
            if not content["soon"] and time.perf_counter() < acked[0] + 0.25:
                return
            acked[0] = time.perf_counter()
            ack = {"k": "ack", "client": 1, "epoch": content["epoch"], "seq": content["seq"]}
            pump.hear({**ack, "missing": [], "visible": True})
    pump = Pump(send)
    session = Session(scene, settings, on_tile=pump.tile_ready, on_state=pump.wake)
    if stream:
        pump.start(Interaction(session, None))  # nobody clicks here: no listener is called
        pump.hear({"k": "hello", "v": 1, "client": 1, "have": None})
        ready = {"k": "ack", "client": 1, "epoch": pump.epoch, "seq": 0}
        pump.hear({**ready, "missing": [], "visible": True})
    session.start()
    begin = time.process_time()
    session.wait()
    cpu = time.process_time() - begin
    samples = session.progress().samples
    session.close()
    pump.close()
    assert stream == (sent[0] > 0), "the stream was not measured"
    return samples / cpu, sent[0]

rate(False)
runs = [(rate(False)[0], *rate(True)) for _ in range(5)]
print(json.dumps(runs))
"""


def run(code: str, cache: str, root: Path = ROOT) -> tuple[str, float, float]:
    """Run code in a fresh process: its output, seconds of wall time, seconds of CPU."""
    environment = {**os.environ, "XDG_CACHE_HOME": cache, "PYTHONPATH": str(root)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    probe = (
        "import time as _time, os as _os, sys as _sys\n_begin = _time.perf_counter()\n"
        + code
        + "\n_wall = _time.perf_counter() - _begin\n"
        "print(_wall, sum(_os.times()[:2]), file=_sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu = (float(x) for x in done.stderr.split()[-2:])
    return done.stdout, wall, cpu


def measure(repeats: int) -> list[Table]:
    """All figures, each a row of runs."""
    table = Table("The first minute")
    note = table.add

    for _ in range(3):
        with tempfile.TemporaryDirectory() as cold:
            _, wall, cpu = run(FIRST_SKETCH, cold)
            note("first sketch of cornell, cold: wall s", wall)
            note("first sketch of cornell, cold: CPU s", cpu)
            _, wall, cpu = run(FIRST_PICTURE, cold)
            note("first picture of cornell, cold: wall s", wall)
            note("first picture of cornell, cold: CPU s", cpu)
    for entry, (integrator, full) in ALONE.items():
        code = ENTRIES.format(integrator=integrator, full=full)
        with tempfile.TemporaryDirectory() as cold:
            tree, seconds = json.loads(run(code, cold)[0])
        note("compilation of tree and packing: CPU s", tree)
        note(f"compilation of {entry}: CPU s", seconds)
    with tempfile.TemporaryDirectory() as warm:
        run(FIRST_PICTURE, warm)
        for _ in range(repeats):
            note("import raywidget: wall s", run(IMPORT, warm)[1])
            note("import and first Scene: wall s", run(SCENE, warm)[1])
            note("first picture of cornell, warm: wall s", run(FIRST_PICTURE, warm)[1])
            rate = float(run(RATE.format(spp=64), warm)[0])
            note("cornell 512x512, 64 spp, depth 8: Msamples per CPU second", rate)
        for headless, streamed, tiles in json.loads(run(STREAMED, warm)[0]):
            note("streamed / headless samples per CPU second", streamed / headless)
            note("tiles streamed of a 640x480 picture, 10 passes", tiles)
    front_end = ROOT / "raywidget" / "static" / "widget.js"
    if front_end.is_file():
        note("front end: bytes", front_end.stat().st_size)
    return [table]
