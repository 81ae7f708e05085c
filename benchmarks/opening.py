"""A large file on the screen: until the first picture of a widget, against reading it alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import ROOT, Missing, Table

# In one process, by turns: reading by trimesh, reading here, and all until the first coarse picture
# that a widget would show. Kernels are there, as in a notebook that has shown something.
TURNS = """
import json, sys, threading, time
import numpy as np
import trimesh
import raywidget as rw
from raywidget.engine.preview import sketch_thread
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.io.scene_files import read_scene
from raywidget.staging.studio import scene_of

sketch_thread.PATIENCE = 600.0  # what is drawn without kernels does not count

def show(path):
    seen, at = threading.Event(), []
    def on_coarse(picture):  # the clock is read here: what comes after it is rendered meanwhile
        at.append((time.perf_counter(), time.process_time()))
        seen.set()
    scene = scene_of(path)
    session = Session(scene, RenderSettings(width=640, height=480), on_coarse=on_coarse)
    session.start()
    seen.wait()
    session.close()
    return at[0]

def timed(act, path):
    begin, cpu = time.perf_counter(), time.process_time()
    made = act(path)
    end = made if act is show else (time.perf_counter(), time.process_time())
    return end[0] - begin, end[1] - cpu

big, small, repeats = sys.argv[1], sys.argv[2], int(sys.argv[3])
rw.warmup()
for path in (small, small):
    timed(show, path)
    timed(trimesh.load, path)
rows = []
for _ in range(repeats):
    rows.append([timed(act, big) for act in (trimesh.load, read_scene, show)])
print(json.dumps(rows))
"""


def make_file(path: Path, side: int) -> None:
    """A GLB of 2 side^2 triangles, with normals and colours of vertices: a wavy ball."""
    import numpy as np
    import trimesh

    u, v = np.meshgrid(np.linspace(0, 2 * np.pi, side + 1), np.linspace(0, np.pi, side + 1))
    radius = 1 + 0.05 * np.sin(20 * u) * np.sin(15 * v)
    points = np.stack(
        [radius * np.cos(u) * np.sin(v), radius * np.cos(v), radius * np.sin(u) * np.sin(v)], -1
    ).reshape(-1, 3)
    corner = np.arange((side + 1) ** 2).reshape(side + 1, -1)[:-1, :-1].reshape(-1, 1)
    halves = [(0, 1, side + 2), (0, side + 2, side + 1)]
    faces = np.concatenate([corner + half for half in halves])
    mesh = trimesh.Trimesh(points, faces, process=False)
    mesh.visual.vertex_colors = (127 * (points / 1.1 + 1)).astype(np.uint8)
    mesh.export(path, include_normals=True)


def measure(repeats: int) -> list[Table]:
    """Seconds of each, and the share."""
    try:
        import trimesh  # noqa: F401
    except ImportError:
        raise Missing("trimesh is not installed") from None
    table = Table("A GLB of a million triangles, 640x480")
    with tempfile.TemporaryDirectory() as folder:
        big, small = Path(folder) / "big.glb", Path(folder) / "small.glb"
        make_file(big, 708)
        make_file(small, 64)
        done = subprocess.run(
            [sys.executable, "-c", TURNS, str(big), str(small), str(repeats)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
    for theirs, reading, shown in json.loads(done.stdout.splitlines()[-1]):
        for kind, at in (("wall", 0), ("CPU", 1)):
            table.add(f"trimesh.load: {kind} s", theirs[at])
            table.add(f"reading here: {kind} s", reading[at])
            table.add(f"until the first picture: {kind} s", shown[at])
        table.add("until the first picture / trimesh.load, wall", shown[0] / theirs[0])
        table.add("until the first picture / trimesh.load, CPU", shown[1] / theirs[1])
    return [table]
