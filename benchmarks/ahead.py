"""Machine code of a wheel beside kernels that are compiled here: the first picture, and speed.

The wheel of this system is built, and unpacked into a folder of its own; both sides then run in
the same environment, by turns, and the pictures have to be equal.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import raywidget as rw
from benchmarks.first_light import run
from benchmarks.harness import ROOT, Contender, Missing, Table
from benchmarks.peers import ensure
from wheels.targets import HERE

# What a new process is asked for first, of every family of kernels.
FIRST = {
    "Cornell box": "rw.render(rw.presets.cornell(), width=64, height=64, spp=1)",
    "textures": "rw.render(rw.presets.texture_test(), width=64, height=64, spp=1)",
    "glass": "rw.render(rw.presets.caustic_glass(), width=64, height=64, spp=1)",
    "instances": "rw.render(rw.presets.forest(), width=64, height=64, spp=1)",
    "bdpt": "rw.render(rw.presets.cornell(), integrator='bdpt', width=64, height=64, spp=1)",
    "volpath": "rw.render(rw.presets.cornell(), integrator='volpath', width=64, height=64, spp=1)",
    "AOVs": "rw.render(rw.presets.cornell(), aovs=['albedo', 'normal', 'depth'], "
    "width=64, height=64, spp=1)",
    "a pick in a widget": "w = rw.RayWidget(rw.presets.cornell(), width=64, height=64, spp=1); "
    "w.wait(60); assert w.pick(32, 32).hit; w.close()",
}
OTHERS = (
    ("cornell", "bdpt"),
    ("materials", "bdpt"),
    ("cornell", "volpath"),
    ("materials", "volpath"),
    ("materials", "direct"),
    ("materials", "normals"),
)


def measure(repeats: int) -> list[Table]:
    """Seconds from the first import on, and ratios of CPU time."""
    python = ensure()
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        _unpack(root)
        (root / "benchmarks").symlink_to(ROOT / "benchmarks")
        return [_first(root, repeats), _speed(python, root, repeats)]


def _unpack(root: Path) -> None:
    built = root / "built"
    command = [sys.executable, "-m", "wheels", str(built), "--only", HERE]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise Missing(f"no wheel for {HERE} could be built")
    (wheel,) = (path for path in built.glob("*.whl") if "none-any" not in path.name)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root)


def _first(root: Path, repeats: int) -> Table:
    table = Table("The first picture of a process with machine code, 64x64, 1 spp, empty caches")
    for name, code in FIRST.items():
        for turn in range(repeats + 1):
            with tempfile.TemporaryDirectory() as cold:
                _, wall, cpu = run(f"import raywidget as rw\n{code}", cold, root)
                assert not list(Path(cold).rglob("*.nb?")), "kernels were compiled"
            if turn:  # the very first run writes Python's own bytecode
                table.add(f"{name}: wall s", wall)
                table.add(f"{name}: CPU s", cpu)
    return table


def _speed(python: Path, root: Path, repeats: int) -> Table:
    table = Table("CPU seconds with machine code by those of kernels compiled here, one thread")
    sides = [
        Contender("wheel", python, "presets", root=root),
        Contender("checkout", python, "presets"),
    ]
    equal = rows = 0
    try:
        for preset, integrator in (*((name, "path") for name in rw.presets.NAMES), *OTHERS):
            for seed in range(repeats):
                ours, theirs = (
                    side.ask(preset=preset, integrator=integrator, seed=seed) for side in sides
                )
                assert "machine_code" in ours["kernels"], ours["kernels"]
                assert "machine_code" not in theirs["kernels"], theirs["kernels"]
                table.add(f"{preset}, {integrator}", ours["seconds"] / theirs["seconds"])
                equal += ours["mean"] == theirs["mean"]
                rows += 1
    finally:
        for side in sides:
            side.close()
    table.note(f"{equal} of {rows} pictures have the same mean to the last bit")
    return table
