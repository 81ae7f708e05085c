"""Link object files into libraries, and write the manifest beside them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels.objects import ENTRIES, PROCESSORS, environment_for

ROOT = Path(__file__).parents[1]


def build_libraries(
    folder: Path, levels: tuple[str, ...] = tuple(PROCESSORS), kernels: Path | None = None
) -> list[Path]:
    """Compile and link everything for Linux on x86-64; returns the files.

    `kernels` is a folder for what numba keeps on disk, by level; a temporary one if None. Levels
    are compiled side by side: half a gigabyte of memory and some minutes each.

    Raises
    ------
    RuntimeError
        If a level can't be compiled, or levels differ in what their entries take.
    """
    from raywidget.kernels.language.machine_code import MANIFEST, source_digest

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        objects = {level: Path(place) / level / "objects" for level in levels}
        running = {}
        for level in levels:
            objects[level].mkdir(parents=True)
            cache = Path(place) / level if kernels is None else kernels / level
            environment = environment_for(level, cache) | {"PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-m", "wheels.objects", level, str(objects[level])]
            running[level] = subprocess.Popen(command, env=environment, cwd=ROOT)
        failed = [level for level, process in running.items() if process.wait() != 0]
        if failed:
            raise RuntimeError(f"machine code could not be made for {', '.join(failed)}")
        said = [json.loads((objects[level] / ENTRIES).read_text()) for level in levels]
        if any(other != said[0] for other in said):
            raise RuntimeError("entries take other arguments at one level than at another")
        made = [folder / f"linux-x86_64-{level}.so" for level in levels]
        for level, library in zip(levels, made, strict=True):
            _link(sorted(objects[level].glob("*.o")), library)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"sources": source_digest(), "entries": said[0]}))
    return [*made, manifest]


def _link(objects: list[Path], library: Path) -> None:
    """Make one library of objects.

    Without the C library: sines and the like are asked for by their bare names, so the result runs
    with any version of it, musl's too.
    """
    linker = [shutil.which("ld.lld") or shutil.which("ld")]
    if linker == [None]:
        linker = [sys.executable, "-m", "ziglang", "ld.lld"]
    options = ["-shared", "--strip-all", "--gc-sections", "-z", "noexecstack", "-z", "relro"]
    subprocess.run([*linker, *options, "-o", str(library), *map(str, objects)], check=True)
