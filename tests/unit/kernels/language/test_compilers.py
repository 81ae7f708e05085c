"""Which passes compile kernels, and what happens where numba has none of what ours need."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

import raywidget as rw
from raywidget.kernels.language import compilers, storage
from raywidget.kernels.language.jit import device, entry

ROOT = Path(__file__).parents[4]

# What is taken away from numba, each in a process of its own: a name that `pipeline` imports, a
# method that it stands in for, a module that `memo` needs, and something whose absence shows only
# when a kernel is compiled.
MISSING = {
    "a pass": "import numba.core.typed_passes as m; del m.InlineOverloads",
    "a method": "from numba.core.codegen import CPUCodeLibrary as m; del m._optimize_functions; "
    "m.add_llvm_module = lambda self, module: self._final_module.link_in(module)",
    "a module": "import sys; sys.modules['numba.core.runtime.context'] = None",
    "a detail": "import numba.core.compiler as m; m._LowerResult._replace = None",
}
RENDER = """
import sys, warnings
{missing}
import numpy as np, raywidget as rw
sphere = rw.Sphere((0, 0, 0), 1.0, material=rw.Diffuse((0.5, 0.25, 0.125)))
scene = rw.Scene([sphere], emitters=[rw.ConstantEnvironment(1.0)],
    camera=rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=0.5))
image = rw.render(scene, width=16, height=16, spp=64, threads=1)
print(*image.pixels.mean(axis=(0, 1)))
from raywidget.kernels.language import compilers
print(compilers.is_plain())
"""


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    """One cache for all: what is compiled by numba's own passes is compiled once."""
    folder = str(tmp_path_factory.mktemp("cache"))
    return {**os.environ, "NUMBA_CACHE_DIR": folder, "PYTHONPATH": str(ROOT)}


def render(missing, variables):
    return subprocess.run(
        [sys.executable, "-c", RENDER.format(missing=missing)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("what", MISSING)
def test_without_a_private_interface_numba_compiles_as_it_always_does(variables, what):
    """There is one warning, which names the versions; and the picture is right."""
    done = render(MISSING[what], variables)
    assert done.returncode == 0, done.stderr
    picture, plain = done.stdout.splitlines()
    # A convex body in an even sky of 1 shows its colour, each sample of it.
    assert np.fromstring(picture, sep=" ") == pytest.approx([0.5, 0.25, 0.125], rel=1e-6)
    assert plain == "True"
    assert done.stderr.count("RuntimeWarning") == 1
    assert f"numba {numba.__version__} and llvmlite" in done.stderr


def test_who_asks_for_numbas_own_passes_is_not_warned(variables):
    done = render("", {**variables, "RAYWIDGET_PLAIN_KERNELS": "1"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1] == "True"
    assert done.stderr == ""


def test_here_they_are_ours():
    compilers.try_out()
    assert not compilers.is_plain()


def test_both_ways_give_the_same_numbers(monkeypatch, tmp_path):
    def scale(x):
        return 0.1 * x + (0.5, (0.25, 1))[1][0]

    def make_kernel():
        scale_one = device(scale)

        @entry
        def kernel(numbers):
            total = 0.0
            for number in numbers:
                total += scale_one(number)
            return total

        return kernel

    monkeypatch.setattr(storage.config, "CACHE_DIR", str(tmp_path))
    numbers = np.arange(100, dtype=np.float32)
    ours = make_kernel()(numbers)
    monkeypatch.setattr(compilers, "_given_up", ["asked for"])
    plain = make_kernel()
    assert plain(numbers) == ours
    assert plain.nopython_signatures[0].return_type == numba.types.float32


# --- Logs -----------------------------------------------------------------------------------------


@pytest.fixture
def compiled_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.config, "CACHE_DIR", str(tmp_path))


def messages_while_compiling(caplog):
    @entry
    def add(x):
        return x + 1.0

    with caplog.at_level(logging.DEBUG):  # of the root: a program that logs all it can
        add(np.float32(1))
    return [record for record in caplog.records if record.name.startswith("numba")]


def test_a_program_that_logs_all_it_can_gets_nothing_from_a_compilation(compiled_anew, caplog):
    before = logging.getLogger("numba").level
    assert messages_while_compiling(caplog) == []
    assert logging.getLogger("numba").level == before == logging.NOTSET


def test_who_asks_numba_for_its_messages_gets_them(compiled_anew, caplog):
    logger = logging.getLogger("numba")
    logger.setLevel(logging.DEBUG)
    try:
        assert len(messages_while_compiling(caplog)) > 10
        assert logger.level == logging.DEBUG
    finally:
        logger.setLevel(logging.NOTSET)


def test_the_level_comes_back_after_a_compilation_that_fails(compiled_anew):
    @entry
    def fails(x):
        return x.nothing

    with pytest.raises(numba.TypingError):
        fails(1.5)
    assert logging.getLogger("numba").level == logging.NOTSET


# --- Without numba's compiler ---------------------------------------------------------------------


def test_disabling_numba_is_refused_by_name():
    code = "import raywidget as rw; rw.render(rw.presets.cornell(), width=4, height=4, spp=1)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("raywidget.errors.RenderError")
    assert "NUMBA_DISABLE_JIT is set" in last


@pytest.mark.parametrize("version", ["1.0.0", "0.99rc1", "0.99.0dev0+7.g1234"])
def test_an_unknown_numba_that_fails_in_the_middle_is_named(monkeypatch, compiled_anew, version):
    @numba.extending.intrinsic
    def broken(context):
        def generate(context, builder, signature, arguments):
            raise AttributeError("no such thing any more")

        return numba.types.void(), generate

    @entry
    def breaks():
        broken()

    monkeypatch.setattr(compilers.numba, "__version__", version)
    with pytest.raises(
        rw.RenderError, match=f"numba {re.escape(version)}.*RAYWIDGET_PLAIN_KERNELS=1"
    ):
        breaks()
