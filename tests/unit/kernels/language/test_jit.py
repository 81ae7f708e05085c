"""What is in compiled code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core.caching import NullCache

import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.kernels.language import jit
from raywidget.kernels.language import memo as remembering
from raywidget.kernels.language.simd import WIDTH

ROOT = Path(__file__).parents[4]


# --- What the compiler made of it -----------------------------------------------------------------

COMPILE = """
import sys
from pathlib import Path
import raywidget as rw
from raywidget.compiler.geometry.bvh import _build
from raywidget.engine import warming
from raywidget.kernels.integrators.path_tiles import render_path
warming._render(warming._plain_scene(), "path", look_at_it=True)
for kernel, name in ((render_path, "tile.ll"), (_build, "build.ll")):
    (signature,) = kernel.signatures
    Path(sys.argv[1], name).write_text(kernel.inspect_llvm(signature))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Optimised LLVM code of render_path: without the wrapper that Python calls, and that wrapper.

    And the folder it was cached in.
    """
    place = tmp_path_factory.mktemp("llvm")
    # numba shows no code that it has loaded from a cache: compile it anew, in a folder that the
    # user has chosen.
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(place / "cache"), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", COMPILE, str(place)], check=True, env=environment)
    parts = re.split(r"^(?=define )", (place / "tile.ll").read_text(), flags=re.MULTILINE)
    kernels = [part for part in parts[1:] if "raywidget" in part.split("\n", 1)[0]]
    (wrapper,) = (part for part in kernels if "cpython" in part.split("\n", 1)[0])
    kernels.remove(wrapper)
    return "".join(kernels), wrapper, place / "cache"


def test_a_cache_folder_of_the_user_is_respected(compiled):
    *_, cache = compiled
    assert list(cache.rglob("path_tiles.render_path*.nbc"))


def test_all_that_warmup_compiles_is_kept(compiled):
    *_, cache = compiled
    for name in ("pick", "bvh._build", "wide._collapse", "wide._pack_flats"):
        assert list(cache.rglob(f"{name}*.nbc")), name


def test_only_sums_are_of_double_precision(compiled):
    whole, *_ = compiled
    functions = re.split(r"^(?=define )", whole, flags=re.MULTILINE)
    # But for what meets huge shapes, which stands apart (see `double`).
    apart = [part for part in functions if "_large_" in part.split("\n", 1)[0]]
    assert apart
    code = "".join(part for part in functions if part not in apart)
    doubles = [line for line in code.splitlines() if re.search(r"\bdouble\b", line)]
    operations = [re.search(r"= (?:tail )?(\w+)|(store)", line) for line in doubles]
    kinds = [match[1] or match[2] for match in operations]
    places = {"alloca", "getelementptr", "load", "store", "phi"}  # sums of lanes are on the stack
    # Of one sample, the sum is what is known of its swings: see `tile.TILE_OLD_SWINGS`.
    assert set(kinds) <= places | {"fpext", "fptrunc", "fadd", "select"}
    assert kinds.count("fadd") % 3 == 0  # red, green, blue
    assert kinds.count("fadd") >= kinds.count("fpext") > 0
    assert all(re.search(r"fpext (<\d+ x )?float", line) for line in doubles if "fpext" in line)
    # No function of the C library in double precision either: float ones end in f.
    doubled = r"@(sqrt|sin|cos|floor|atan2|acos|fmod|pow|exp|log)\("
    assert not re.findall(doubled, code)


def test_nothing_is_allocated_or_counted_on_the_way(compiled):
    code, *_ = compiled
    assert not re.findall(r"@(NRT_\w+)", code)


def test_boxes_are_tested_many_at_a_time(compiled):
    code, *_ = compiled
    # Six planes of a box, in the search for the closest hit and in that for any
    assert len(re.findall(rf"call .*@llvm\.fma\.v{WIDTH}f32\(", code)) >= 12
    assert re.search(rf"fcmp [a-z ]+<{WIDTH} x float>", code)


def test_the_render_holds_no_lock_of_python(compiled):
    _, wrapper, _ = compiled
    assert wrapper.index("@PyEval_SaveThread") < wrapper.index("@PyEval_RestoreThread")


EMIT = """
import sys
from pathlib import Path
from llvmlite import binding as llvm
llvm.initialize_all_targets()
llvm.initialize_all_asmprinters()
target = llvm.Target.from_triple(sys.argv[2])
machine = target.create_target_machine(cpu=sys.argv[3], opt=2, reloc="pic")
module = llvm.parse_assembly(Path(sys.argv[1]).read_text())
module.triple = sys.argv[2]
module.data_layout = str(machine.target_data)
print(machine.emit_assembly(module))
"""


@pytest.mark.parametrize(
    ("triple", "vectors"),
    [
        ("aarch64-unknown-linux-gnu", r"\bfml[as]\s+v\d+\.4s"),
        ("x86_64-unknown-linux-gnu", r"\bmulps\s+.*%xmm"),
    ],
)
def test_kernels_become_code_for_other_processors(compiled, tmp_path, triple, vectors):
    """ARM, and x86 with nothing beyond the baseline; LLVM ends the process if it can't."""
    *_, cache = compiled
    assembly = emit(cache.parent / "tile.ll", tmp_path, triple)
    assert len(re.findall(vectors, assembly)) > 100


def test_trees_are_built_without_masked_stores(compiled, tmp_path):
    """They are what LLVM makes of `box = box if it is smaller else other`, and slow on AMD's."""
    *_, cache = compiled
    assembly = emit(cache.parent / "build.ll", tmp_path, "x86_64-unknown-linux-gnu", "haswell")
    assert len(re.findall(r"\bvminps\s", assembly)) > 10
    assert "vmaskmov" not in assembly


def emit(source, folder, triple, processor=""):
    """Assembly for another processor."""
    text = re.sub(r"^target .*\n", "", source.read_text(), flags=re.MULTILINE)
    # Not the wrapper that Python calls, nor what counts references for it: both are of this
    # machine. If a kernel used them, the rest would be no module.
    (folder / "kernel.ll").write_text(
        re.sub(
            r"^define [^\n]*@(?:_ZN7cpython|NRT_)[^\n]*\{\n.*?^\}\n",
            "",
            text,
            flags=re.MULTILINE | re.DOTALL,
        )
    )
    return subprocess.run(
        [sys.executable, "-c", EMIT, str(folder / "kernel.ll"), triple, processor],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_compiled_here_or_loaded_from_disk_renders_the_same_bits(tmp_path):
    code = (
        "import hashlib, numpy, raywidget as rw; "
        "image = rw.render(rw.presets.default(), width=48, height=27, spp=4); "
        "print(hashlib.sha256(numpy.asarray(image).tobytes()).hexdigest())"
    )
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environment.pop("NUMBA_CACHE_DIR", None)
    compiled, loaded = (
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    )
    assert list(tmp_path.rglob("*.nbc"))
    assert compiled == loaded


LOADED = """
import sys
import numpy as np
import raywidget as rw
image = rw.render(rw.presets.cornell(), width=16, height=16, spp=1)
needless = {"numba.np.arraymath", "numba.np.linalg", "numba.typed.dictimpl", "scipy.linalg"}
print(*sorted(needless & set(sys.modules)))
import numba
@numba.njit
def of_the_user(a, b):
    names = {"sum": a.sum(), "dot": np.dot(a, b)}
    return names["sum"] + names["dot"]
assert of_the_user(np.arange(3.0), np.ones(3)) == 6.0
again = rw.render(rw.presets.cornell(), width=16, height=16, spp=1)
assert np.array_equal(image.pixels, again.pixels)
"""


def test_loading_kernels_does_not_load_what_only_a_compilation_needs():
    """Half a second of each new process; what the user compiles afterwards finds all it needs."""
    rw.render(rw.presets.cornell(), width=16, height=16, spp=1)  # from now on they are on disk
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


@jit.rare
@jit.device
def seldom_called(x: float) -> float:
    return 2.0 * x + 1.0


@jit.device
def often_called(x: float) -> float:
    return 3.0 * x + 1.0


@jit.entry
def calls_both(x):
    return seldom_called(x) + often_called(x)


calls_both._cache = NullCache()  # numba shows no code that it has loaded from one


def test_what_is_rare_is_not_inlined():
    assert calls_both(np.float32(2)) == 12
    code = calls_both.inspect_llvm(calls_both.signatures[0])
    calls = [line for line in code.splitlines() if " call " in line]
    assert any("seldom_called" in line for line in calls)
    assert not any("often_called" in line for line in calls)


def test_numba_is_as_it_was_after_a_compilation_even_one_that_fails():
    asked = [(owner, name) for owner, name, _, _ in remembering._ANSWERS]
    before = [getattr(owner, name) for owner, name in asked]
    seen = []

    @numba.extending.intrinsic
    def look(context, x):
        seen.append(remembering.BaseFunction.get_call_type)
        return x(x), lambda context, builder, signature, arguments: arguments[0]

    @jit.entry
    def looks(x):
        return look(x)

    @jit.entry
    def fails(x):
        return look(x) + x.nothing

    assert looks(1.5) == 1.5
    with pytest.raises(numba.TypingError):
        fails(1.5)
    assert remembering._get_call_type in seen
    assert [getattr(owner, name) for owner, name in asked] == before
    assert remembering._signatures == remembering._counted == {}


@pytest.mark.parametrize("turned", [(1, 0), (0, 1)])
def test_arrays_in_another_order_of_axes_are_refused(turned):
    @jit.entry
    def first(array, pair):
        return array[0, 1] + pair[0][0, 1]

    rows = np.arange(6.0).reshape(2, 3)
    alone, within = (np.asfortranarray(rows) if here else rows for here in turned)
    assert first(rows, (rows,)) == 2.0
    with pytest.raises(rw.RenderError, match="C-contiguous"):
        first(alone, (within,))


def test_a_mesh_with_its_normals_flipped_lies_in_memory_as_kernels_expect():
    corners, faces = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], [(0, 1, 2), (1, 3, 2)]
    floor = rw.Mesh(corners, faces, flip_normals=True)
    compile_scene(rw.Scene([floor], camera=rw.presets.cornell().camera))
