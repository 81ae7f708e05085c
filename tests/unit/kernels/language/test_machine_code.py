"""Machine code that a wheel brings: which is taken, when none is, and how entries are called."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from raywidget.kernels.language import jit, machine_code
from raywidget.kernels.language.machine_code import (
    LEVELS,
    find_library,
    levels_of,
    machine,
    source_digest,
    symbol_of,
    variant_of,
)

SSE4 = dict.fromkeys(("SSE3", "SSSE3", "SSE41", "SSE42", "POPCNT"), True)
V3 = SSE4 | dict.fromkeys(("AVX2", "FMA3", "F16C"), True)
V4 = V3 | dict.fromkeys(("AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL"), True)


class Tables(NamedTuple):
    rows: np.ndarray
    full: int | None


# -- which library --------------------------------------------------------------------------------


def best(features, kind="x86_64"):
    return next((level.name for level in levels_of(features, kind)), None)


@pytest.mark.parametrize("missing", sorted(SSE4))
def test_a_processor_older_than_all_levels_has_none(missing):
    assert best(V4 | {missing: False}) is None


@pytest.mark.parametrize("missing", sorted(V3.keys() - SSE4.keys()))
def test_a_processor_without_avx2_has_the_lowest(missing):
    assert best(V4 | {missing: False}) == "v2"


@pytest.mark.parametrize("missing", sorted(V4.keys() - V3.keys()))
def test_a_processor_that_lacks_a_part_of_avx512_has_the_one_below(missing):
    assert best({name: value for name, value in V4.items() if name != missing}) == "v3"


def test_a_level_that_numpy_was_told_to_do_without_is_not_used():
    assert best(V4 | {"X86_V4": False}) == "v3"
    assert best(V4 | {"X86_V4": False, "X86_V3": False}) == "v2"


def test_the_best_that_a_processor_can_do():
    assert [level.name for level in levels_of(V4, "x86_64")] == ["v4", "v3", "v2"]
    assert [level.lanes for level in LEVELS["x86_64"]] == [16, 8, 8]
    assert best({"NEON": True, "ASIMD": True}, "aarch64") == "v8"
    assert best(V4, "riscv64") is None
    assert best({}, machine()) is None


def test_numpy_still_tells_what_the_processor_has():
    features = machine_code.processor_features()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = next(line for line in file if line.startswith(("flags", "Features"))).split()
    assert features["AVX2"] == ("avx2" in flags)
    assert features["AVX512VL"] == ("avx512vl" in flags)
    assert features["FMA3"] == ("fma" in flags)


def test_a_checkout_compiles():
    assert machine_code.LIBRARY is None
    assert all(hasattr(entry, "overloads") for entry in jit.entries)


@pytest.fixture
def brought(tmp_path, monkeypatch):
    """Write a folder with a manifest and files that stand for libraries; loading is recorded."""
    monkeypatch.setattr(machine_code, "Library", lambda path, level, entries: (path, level.name))

    def write(levels=("v2", "v3", "v4", "v8"), **other):
        names = [machine_code.file_name(sys.platform, machine(), level) for level in levels]
        for name in names:
            (tmp_path / name).write_bytes(b"code of " + name.encode())
        digests = {n: hashlib.sha256((tmp_path / n).read_bytes()).hexdigest() for n in names}
        manifest = {"sources": source_digest(), "libraries": digests, "entries": {}} | other
        (tmp_path / machine_code.MANIFEST).write_text(json.dumps(manifest))
        return tmp_path

    return write


def test_where_nothing_was_brought_that_is_no_fault(tmp_path):
    found = find_library(tmp_path)
    assert found == (None, "the package brings no machine code", False)


@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"\xff\xfe", b'{"sources": 1}', b"3"])
def test_a_damaged_manifest_means_none_and_is_told(tmp_path, contents):
    (tmp_path / machine_code.MANIFEST).write_bytes(contents)
    found = find_library(tmp_path)
    assert found.library is None
    assert found.is_fault
    assert "damaged" in found.reason


def test_code_of_other_sources_is_not_taken(brought):
    assert find_library(brought()).library is not None
    found = find_library(brought(sources="0" * 64))
    assert found.library is None
    assert found.is_fault
    assert "other sources" in found.reason


@pytest.mark.parametrize(
    ("features", "level"),
    [
        (V4, "v4"),
        (V3, "v3"),
        (V4 | {"AVX512VL": False}, "v3"),
        (SSE4, "v2"),
        (V4 | {"FMA3": False}, "v2"),
        ({}, None),
    ],
)
def test_the_library_is_the_best_for_the_processor(brought, monkeypatch, features, level):
    monkeypatch.setattr(machine_code, "processor_features", lambda: features)
    monkeypatch.setattr(machine_code, "machine", lambda: "x86_64")
    found = find_library(brought())
    assert (found.library[1] if found.library else None) == level
    assert not found.is_fault


def test_of_libraries_that_were_not_brought_the_next_is_taken(brought, monkeypatch):
    monkeypatch.setattr(machine_code, "processor_features", lambda: V4)
    monkeypatch.setattr(machine_code, "machine", lambda: "x86_64")
    assert find_library(brought(("v2", "v3"))).library[1] == "v3"
    found = find_library(brought(()))
    assert found.library is None
    assert not found.is_fault
    assert "x86_64" in found.reason


@pytest.mark.parametrize("name", ["RAYWIDGET_COMPILE", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES"])
def test_whoever_wants_a_compiler_has_it(brought, monkeypatch, name):
    folder = brought()
    monkeypatch.setenv(name, "1")
    found = find_library(folder)
    assert found == (None, f"the environment variable {name} is set", False)


def test_without_numba_its_switches_do_not_matter(brought, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert find_library(brought()).library is not None


@pytest.mark.parametrize("damage", ["cut short", "changed", "gone"])
def test_a_damaged_library_is_not_even_opened(brought, monkeypatch, damage):
    opened = []
    monkeypatch.setattr(machine_code, "Library", lambda *given: opened.append(given))
    folder = brought()
    for path in folder.glob(f"{sys.platform}-*"):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] if damage == "cut short" else whole[:-1] + b"?")
        if damage == "gone":
            path.unlink()
    found = find_library(folder)
    assert found.library is None
    assert found.is_fault
    assert opened == []


def test_a_file_that_is_no_library_means_none_and_is_told(brought, monkeypatch):
    monkeypatch.undo()
    found = find_library(brought())
    assert found.library is None
    assert found.is_fault
    assert "can't be loaded" in found.reason


def test_stale_code_is_told_once_and_kernels_are_compiled(tmp_path):
    package = tmp_path / "raywidget"
    left_out = shutil.ignore_patterns("__pycache__", "machine_code", "static")
    shutil.copytree(machine_code.PACKAGE, package, ignore=left_out)
    (package / "machine_code").mkdir()
    manifest = {"sources": "0" * 64, "libraries": {}, "entries": {}}
    (package / "machine_code" / machine_code.MANIFEST).write_text(json.dumps(manifest))
    script = """
import raywidget.engine.renderer
from raywidget.engine.about import describe
from raywidget.kernels.language import jit
assert all(hasattr(entry, "overloads") for entry in jit.entries)
print(describe()["kernels"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("compiled here: the machine code in")
    assert done.stderr.count("RaywidgetWarning") == 1
    assert "other sources" in done.stderr


# -- entries --------------------------------------------------------------------------------------


def test_the_version_is_told_by_the_tables():
    rows = np.zeros(1, np.float32)
    assert variant_of((Tables(rows, None), 1)) == "plain"
    assert variant_of((Tables(rows, 1), 1)) == "full"
    assert variant_of((rows, 1)) == "only"
    assert symbol_of("kernels.a.b", "full") == "raywidget_kernels_a_b_full"


def test_without_compiler_and_machine_code_info_still_answers():
    """A module that loaded kernels when it was imported had it end with their error."""
    script = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None  # importing them is an error
from raywidget.cli import main
main(["info"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "kernels         none" in done.stdout, done.stderr
    assert 'pip install "raywidget[compile]"' in done.stdout


def test_where_nothing_is_compiled_the_language_is_made_of_nothing():
    """All kernels can be imported without numba; a library of another name stands in for ours."""
    script = """
import sys
sys.modules["numba"] = sys.modules["llvmlite"] = None  # importing them is an error
import ctypes
from raywidget.kernels.language import machine_code
level = machine_code.LEVELS["x86_64"][1]
machine_code.LIBRARY = object.__new__(machine_code.Library)
machine_code.LIBRARY.level = level
import raywidget.engine.renderer
from raywidget.kernels.language import jit, simd
assert simd.WIDTH == 8
assert len(jit.entries) > 10
assert all(isinstance(entry, machine_code.PrebuiltEntry) for entry in jit.entries)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 0, done.stderr
