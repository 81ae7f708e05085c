"""Machine code for systems that are not here: made, linked and looked into; run where it can be."""

import ctypes
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from raywidget.kernels.language.blocks import BlockEntry, Layout, reader_type
from raywidget.kernels.language.machine_code import (
    file_name,
    levels_of,
    machine,
    processor_features,
)

pytestmark = pytest.mark.wheel

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from wheels import inspection  # noqa: E402
from wheels.objects import environment_for, with_two_roundings  # noqa: E402
from wheels.targets import HERE, PROCESSORS, SYSTEMS  # noqa: E402

LEVELS = [level.name for level in levels_of(processor_features(), machine())]
TARGETS = [
    (system.name, level)
    for system in SYSTEMS.values()
    for level in system.levels
    if PROCESSORS[level].base == "v3"
]

if f"{sys.platform}-{machine()}" != HERE or "v3" not in LEVELS:
    pytest.skip("wheels are built on Linux, on x86-64 with AVX2", allow_module_level=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a library for each target, and the layout of what they hold."""
    folder = tmp_path_factory.mktemp("small")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("small_library.py"), folder],
        env=environment_for("v3", folder / "kernels") | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, Layout("small", *json.loads(done.stdout))


def library(folder, name, level):
    return folder / file_name(*name.split("-"), level)


@pytest.mark.parametrize(("name", "level"), TARGETS)
def test_each_offers_its_entry_and_needs_mathematics_alone(made, name, level):
    path, system = library(made[0], name, level), SYSTEMS[name]
    inspection.check(path, system, {"raywidget_small"})
    with pytest.raises(RuntimeError, match="lacks raywidget_other"):
        inspection.check(path, system, {"raywidget_small", "raywidget_other"})
    with pytest.raises(RuntimeError, match="also offers raywidget_small"):
        inspection.check(path, system, set())


@pytest.mark.parametrize(
    ("name", "level", "other"),
    [
        ("linux-x86_64", "v3", "linux-aarch64"),
        ("linux-aarch64", "v8", "linux-x86_64"),
        ("darwin-aarch64", "v8", "darwin-x86_64"),
    ],
)
def test_one_for_another_machine_is_found_out(made, name, level, other):
    with pytest.raises(RuntimeError, match="it is for"):
        inspection.check(library(made[0], name, level), SYSTEMS[other], {"raywidget_small"})


def test_what_needs_more_than_mathematics_is_found_out(made, monkeypatch):
    monkeypatch.setattr(inspection, "ALLOWED", {"cosf"})
    with pytest.raises(RuntimeError, match=r"needs .*sin"):
        inspection.check(library(made[0], HERE, "v3"), SYSTEMS[HERE], {"raywidget_small"})


@pytest.mark.parametrize("level", ["v2", "v3"])
def test_what_can_be_run_here_is_right(made, level):
    folder, layout = made
    ctypes.CDLL("libm.so.6", ctypes.RTLD_GLOBAL)
    code = ctypes.CDLL(str(library(folder, HERE, level)))
    entry = BlockEntry(reader_type(("raywidget_small", code)), layout, "int")
    a, b = np.random.default_rng(2).normal(size=(2, 4096)).astype(np.float32)
    out = np.zeros_like(a)
    whole = entry(a, b, out)
    # Products of two float32 are exact in float64; v2 has no other way, v3 does it at once.
    np.testing.assert_array_equal(out, (a.astype(float) * b + a).astype(np.float32))
    expected = sum(int(1e3 * (math.sin(x) + math.cos(x))) for x in a.tolist())
    assert whole == pytest.approx(expected, abs=0.01 * len(a))


def test_fused_multiply_adds_are_replaced_in_all_their_widths():
    text = """
declare <8 x float> @llvm.fma.v8f32(<8 x float>, <8 x float>, <8 x float>)
declare float @llvm.fma.f32(float, float, float)
define float @f(float %a) {
  %b = call float @llvm.fma.f32(float %a, float %a, float %a)
  ret float %b
}
"""
    replaced = with_two_roundings(text)
    assert "@llvm.fma" not in replaced
    assert "fpext <8 x float> %a to <8 x double>" in replaced
    assert "call float @raywidget_llvm_fma_f32(float %a" in replaced
    assert with_two_roundings("define void @f() { ret void }").count("fpext") == 0
