"""Link object files into libraries, and write the manifest beside them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from wheels.inspection import ALLOWED, check
from wheels.objects import ENTRIES, environment_for
from wheels.targets import BASES, PROCESSORS, SYSTEMS, System

ROOT = Path(__file__).parents[1]
ZIG = (sys.executable, "-m", "ziglang")


def build_libraries(
    folder: Path, systems: Iterable[str] = tuple(SYSTEMS), kernels: Path | None = None
) -> dict[str, list[Path]]:
    """Compile and link everything; the files of each system, in a folder of its own.

    `kernels` is a folder for what numba keeps on disk, by level; a temporary one if None. The two
    widths of vectors are compiled side by side: half a gigabyte of memory and some minutes each.

    Raises
    ------
    RuntimeError
        If a level can't be compiled, levels differ in what their entries take, or a library is not
        as it should be.
    """
    chosen = [SYSTEMS[name] for name in systems]
    with tempfile.TemporaryDirectory() as place:
        objects, said = _write_objects(Path(place), chosen, kernels)
        made = {}
        for system in chosen:
            target = folder / system.name
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir(parents=True)
            made[system.name] = _link_all(system, objects, target, said)
    return made


def _write_objects(
    place: Path, systems: list[System], kernels: Path | None
) -> tuple[dict[str, Path], dict[str, Any]]:
    """Folders of objects by target, and what their entries take."""
    targets = [(f"{system.name}-{level}", level) for system in systems for level in system.levels]
    objects: dict[str, Path] = {}
    running = {}
    for base in BASES:
        mine = [target for target, level in targets if PROCESSORS[level].base == base]
        if not mine:
            continue
        (place / base).mkdir()
        cache = place / f"{base}-kernels" if kernels is None else kernels / base
        environment = environment_for(base, cache) | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "wheels.objects", base, str(place / base), *mine]
        running[base] = subprocess.Popen(command, env=environment, cwd=ROOT)
        objects |= {target: place / base / target for target in mine}
    failed = [base for base, process in running.items() if process.wait() != 0]
    if failed:
        raise RuntimeError(f"machine code could not be made for {', '.join(failed)}")
    said = [json.loads((place / base / ENTRIES).read_text()) for base in running]
    if any(other != said[0] for other in said):
        raise RuntimeError("entries take other arguments at one level than at another")
    return objects, said[0]


def _link_all(
    system: System, objects: dict[str, Path], folder: Path, said: dict[str, Any]
) -> list[Path]:
    from raywidget.kernels.language.machine_code import (
        MANIFEST,
        file_name,
        source_digest,
        symbol_of,
    )

    symbols = {symbol_of(entry, variant) for entry, found in said.items() for variant in found}
    made = []
    for level in system.levels:
        name, _, machine = system.name.partition("-")
        library = folder / file_name(name, machine, level)
        link(system, sorted(objects[f"{system.name}-{level}"].glob("*.o")), library)
        check(library, system, symbols)
        made.append(library)
    manifest = folder / MANIFEST
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in made}
    told = {"sources": source_digest(), "libraries": digests, "entries": said}
    manifest.write_text(json.dumps(told))
    return [*made, manifest]


def link(system: System, objects: list[Path], library: Path) -> None:
    """Make one library of objects.

    On Linux without the C library: sines and the like are asked for by their bare names, so the
    result runs with any version of it, musl's too. On Windows they come from its own C library, by
    import libraries that are made here of their names. zig brings what macOS offers.
    """
    files = [str(path) for path in objects]
    with tempfile.TemporaryDirectory() as place:
        if system.name.startswith("win32"):
            files += [str(path) for path in _import_libraries(Path(place))]
            command = [*ZIG, "lld-link", "/dll", "/noentry", "/nodefaultlib", "/opt:ref"]
            # Objects with floats ask for this symbol, which means nothing.
            command += ["/alternatename:_fltused=__ImageBase"]
            command += [f"/out:{library}", f"/implib:{place}/unused.lib"]
        elif system.name.startswith("darwin"):
            command = [*ZIG, "cc", "-target", system.zig, "-shared", "-nostdlib", "-lSystem", "-s"]
            command += ["-Wl,-dead_strip", f"-Wl,-install_name,@rpath/{library.name}"]
            command += ["-o", str(library)]
        else:
            linker = shutil.which("ld.lld")
            command = [linker] if linker else [*ZIG, "ld.lld"]
            command += ["-shared", "--strip-all", "--gc-sections", "-z", "noexecstack"]
            command += ["-z", "relro", "-o", str(library)]
        _run([*command, *files])


def _import_libraries(folder: Path) -> list[Path]:
    """Of what Windows offers: mathematics and memory, and what grows a stack."""
    made = []
    for name, symbols in (("ucrtbase", sorted(ALLOWED)), ("ntdll", ["__chkstk"])):
        definition = folder / f"{name}.def"
        definition.write_text("\n".join([f"LIBRARY {name}.dll", "EXPORTS", *symbols, ""]))
        made.append(folder / f"{name}.lib")
        _run([*ZIG, "lib", f"/def:{definition}", "/machine:x64", f"/out:{made[-1]}"])
    return made


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:5])} failed:\n{done.stderr or done.stdout}")
