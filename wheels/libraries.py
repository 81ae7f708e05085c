"""Link object files into libraries, and write the manifest beside them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels.objects import PROCESSORS, environment_for

ROOT = Path(__file__).parents[1]


def build_libraries(folder: Path, levels: tuple[str, ...] = tuple(PROCESSORS)) -> list[Path]:
    """Compile and link everything for Linux on x86-64; returns the files.

    Raises
    ------
    RuntimeError
        If a level can't be compiled, or levels differ in what their entries take.
    """
    sys.path.insert(0, str(ROOT))
    from raywidget.kernels.language.machine_code import MANIFEST, source_digest

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made, entries = [], None
    for level in levels:
        with tempfile.TemporaryDirectory() as place:
            objects, cache = Path(place) / "objects", Path(place) / "cache"
            objects.mkdir()
            command = [sys.executable, "-m", "wheels.objects", level, str(objects)]
            environment = environment_for(level, cache) | {"PYTHONPATH": str(ROOT)}
            subprocess.run(command, env=environment, cwd=ROOT, check=True)
            said = json.loads((objects / "entries.json").read_text())
            if entries not in (None, said["entries"]):
                raise RuntimeError(f"{level}: entries take other arguments than at other levels")
            entries = said["entries"]
            library = folder / f"linux-x86_64-{level}.so"
            _link(sorted(objects.glob("*.o")), library)
            made.append(library)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"sources": source_digest(), "entries": entries}))
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
