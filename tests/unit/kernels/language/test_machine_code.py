"""Machine code that a wheel brings: which is taken, when none is, and how entries are called."""

import json
import os
import struct
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from raywidget.errors import RenderError
from raywidget.kernels.language import jit, machine_code
from raywidget.kernels.language.machine_code import (
    LEVELS,
    Layout,
    find_library,
    flatten,
    level_of,
    machine,
    source_digest,
    symbol_of,
    variant_of,
)

V3 = dict.fromkeys(("AVX2", "FMA3", "F16C"), True)
V4 = V3 | dict.fromkeys(("AVX512F", "AVX512BW", "AVX512CD", "AVX512DQ", "AVX512VL"), True)


class Tables(NamedTuple):
    rows: np.ndarray
    full: int | None


# -- which library --------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", sorted(V3))
def test_a_processor_without_avx2_has_none(missing):
    assert level_of(V4 | {missing: False}, "x86_64") is None


@pytest.mark.parametrize("missing", sorted(V4.keys() - V3.keys()))
def test_a_processor_that_lacks_a_part_of_avx512_has_the_one_below(missing):
    lacking = {name: value for name, value in V4.items() if name != missing}
    assert level_of(lacking, "x86_64").name == "v3"


def test_the_best_that_a_processor_can_do():
    assert level_of(V4, "x86_64") == LEVELS["x86_64"][0]
    assert level_of(V4, "x86_64").lanes == 16
    assert level_of(V3, "x86_64").lanes == 8
    assert level_of(V4, "riscv64") is None
    assert level_of({}, machine()) is None


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


@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"\xff\xfe", b'{"sources": 1}'])
def test_a_damaged_manifest_means_none(tmp_path, contents):
    (tmp_path / machine_code.MANIFEST).write_bytes(contents)
    assert find_library(tmp_path) is None


def test_code_of_other_sources_is_not_taken(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(machine_code, "Library", lambda *given: opened.append(given) or given)
    manifest = {"sources": source_digest(), "entries": {}}
    (tmp_path / machine_code.MANIFEST).write_text(json.dumps(manifest))
    found = find_library(tmp_path)
    assert (found is not None) == (
        level_of(machine_code.processor_features(), machine()) is not None
    )
    manifest["sources"] = "0" * 64
    (tmp_path / machine_code.MANIFEST).write_text(json.dumps(manifest))
    assert find_library(tmp_path) is None


@pytest.mark.parametrize("name", ["RAYWIDGET_COMPILE", "NUMBA_CPU_NAME", "NUMBA_DISABLE_JIT"])
def test_whoever_wants_a_compiler_has_it(tmp_path, monkeypatch, name):
    monkeypatch.setattr(machine_code, "Library", lambda *given: given)
    manifest = {"sources": source_digest(), "entries": {}}
    (tmp_path / machine_code.MANIFEST).write_text(json.dumps(manifest))
    monkeypatch.setenv(name, "1")
    assert find_library(tmp_path) is None


def test_a_file_that_is_no_library_means_none(tmp_path):
    manifest = {"sources": source_digest(), "entries": {}}
    (tmp_path / machine_code.MANIFEST).write_text(json.dumps(manifest))
    for level in ("v3", "v4", "v8"):
        (tmp_path / f"{sys.platform}-{machine()}-{level}.so").write_bytes(b"not machine code")
    assert find_library(tmp_path) is None


# -- calls ----------------------------------------------------------------------------------------


def test_arguments_are_flattened_as_numba_does():
    rows = np.arange(6, dtype=np.float32).reshape(2, 3)
    slots, arrays = [], []
    flatten((Tables(rows, None), 7, np.float32(0.5)), slots, arrays)
    address = rows.ctypes.data
    assert slots == [0, 0, 6, 4, address, 2, 3, 12, 4, 0, 7, 0.5]
    assert arrays == ["f4 2"]


def test_slots_hold_numbers_as_their_kinds_say():
    layout = Layout("entry", "iiifd", [])
    block = layout.pack((-1, np.uint64(2**63 + 5), True, 0.1, 0.1)).block
    assert struct.unpack("<qQqf4xd", block) == (-1, 2**63 + 5, 1, np.float32(0.1), 0.1)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3),
        np.zeros((3, 1), np.float32),
        np.zeros(3, np.int32),
        np.zeros((3, 3), np.float32)[:, 0],
    ],
)
def test_arrays_of_another_type_are_refused(array):
    layout = Layout("entry", "ppiipii", ["f4 1"])
    assert len(layout.pack((np.zeros(3, np.float32),)).block) == 7 * 8
    with pytest.raises(RenderError, match=r"f4 1|contiguous"):
        layout.pack((array,))


def test_too_many_arguments_are_refused():
    with pytest.raises(RenderError, match="entry"):
        Layout("entry", "i", []).pack((1, 2))


def test_the_version_is_told_by_the_tables():
    rows = np.zeros(1, np.float32)
    assert variant_of((Tables(rows, None), 1)) == "plain"
    assert variant_of((Tables(rows, 1), 1)) == "full"
    assert variant_of((rows, 1)) == "only"
    assert symbol_of("kernels.a.b", "full") == "raywidget_kernels_a_b_full"


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
