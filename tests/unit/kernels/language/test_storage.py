"""Where compiled kernels are kept, and that whatever is wrong there does no harm."""

import itertools
import os
import re
import shutil
import stat
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numba
import numpy as np
import pytest

from raywidget.kernels.language import storage
from raywidget.kernels.language.jit import entry

ROOT = Path(__file__).parents[4]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the package whose sources can be edited."""
    for part in ("kernels", "compiler", "scene"):
        shutil.copytree(ROOT / "raywidget" / part, tmp_path / "raywidget" / part)
    file = tmp_path / "raywidget/kernels/language/storage.py"
    monkeypatch.setattr(storage, "__file__", str(file))
    return tmp_path / "raywidget"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A cache folder of the user's and a temporary one, both new; nothing has been warned of."""
    monkeypatch.setattr(storage.config, "CACHE_DIR", "")
    monkeypatch.setattr(
        storage.platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "home" / "cache")
    )
    monkeypatch.setattr(storage.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setattr(storage, "_warned", set())
    storage._remove_unused.cache_clear()
    (tmp_path / "temporary").mkdir()
    return tmp_path


def name():
    return storage.cache_name.__wrapped__(False)


def folders():
    return list(storage._folders())


def triple(x):
    return 3.0 * x


def compile_triple():
    """A new kernel that has to be loaded or compiled; how many versions were loaded."""
    kernel = entry(triple)
    assert kernel(np.float32(2)) == 6.0
    return sum(kernel.stats.cache_hits.values())


# --- What names a folder --------------------------------------------------------------------------


def sources(*parts):
    return [
        path.relative_to(ROOT / "raywidget").as_posix()
        for part in parts
        for path in (ROOT / "raywidget" / part).rglob("*.py")
    ]


@pytest.mark.parametrize("source", sources("kernels", "compiler"))
def test_an_edit_in_any_source_leads_to_another_folder(package, source):
    before = name()
    assert before == name()
    path = package / source
    text = path.read_text()
    path.write_text(text + "# edited\n")
    assert name() != before
    path.write_text(text)
    assert name() == before


def test_an_edit_elsewhere_does_not(package):
    before = name()
    source = package / "scene" / "camera.py"
    source.write_text(source.read_text() + "# edited\n")
    assert name() == before


def test_kernels_that_numba_compiled_in_its_own_way_have_a_folder_of_their_own():
    assert storage.cache_name(True) != storage.cache_name(False)


@pytest.mark.parametrize(
    ("option", "value", "matters"),
    [
        ("OPT", 1, True),
        ("BOUNDSCHECK", 1, True),
        ("LOOP_VECTORIZE", 0, True),
        ("CPU_NAME", "generic", True),
        ("NUM_THREADS", 1, False),  # which joblib sets in its workers
        ("THREADING_LAYER", "omp", False),
        ("DEBUG_CACHE", 1, False),
    ],
)
def test_options_of_numba_that_change_code_lead_to_another_folder(
    monkeypatch, option, value, matters
):
    before = name()
    monkeypatch.setattr(storage.config, option, value, raising=False)
    assert (name() != before) is matters


def test_another_processor_leads_to_another_folder(monkeypatch):
    # Homes are shared by machines: code for AVX-512 must not come to one that has none.
    before = name()
    features = storage.host_features() - {"avx2", "neon"}
    monkeypatch.setattr(storage, "host_features", lambda: features | {"another"})
    weaker = name()
    monkeypatch.setattr(storage.llvm, "get_host_cpu_name", lambda: "another")
    assert len({before, weaker, name()}) == 3


# --- Where folders are ----------------------------------------------------------------------------


def test_the_users_choice_comes_before_the_users_folder_and_a_temporary_one(places, monkeypatch):
    home, temporary = folders()
    assert home.parent == places / "home" / "cache"
    assert temporary.parent.parent == places / "temporary"
    monkeypatch.setattr(storage.config, "CACHE_DIR", str(places / "chosen"))
    chosen, again = folders()
    assert (chosen.parent, again) == (places / "chosen", temporary)
    assert not numba.config.CACHE_DIR or str(places / "chosen") == numba.config.CACHE_DIR


def test_a_relative_folder_is_ignored_as_its_standard_says(places, monkeypatch):
    monkeypatch.setattr(storage.platformdirs, "user_cache_dir", lambda *_, **__: "here/raywidget")
    monkeypatch.setenv("HOME", str(places / "home"))
    assert all(folder.is_absolute() for folder in folders())
    assert folders()[0].parent == places / "home" / ".cache" / "raywidget"


def test_who_has_no_home_has_a_temporary_folder(places, monkeypatch):
    def unknown(*_, **__):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(storage.platformdirs, "user_cache_dir", unknown)
    (temporary,) = folders()
    assert compile_triple() == 0
    assert compile_triple() == 1
    assert len(list(temporary.glob("*.nbc"))) == 1
    if os.name == "posix":
        assert stat.S_IMODE(temporary.parent.stat().st_mode) == 0o700


HOMELESS = """
import os, pwd, sys
def unknown(uid):
    raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = unknown
sys.path.insert(0, sys.argv[1])
from raywidget.kernels.language import storage
print(*storage._folders())
"""


def test_a_process_without_home_and_without_an_entry_for_its_user(tmp_path):
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("HOME", "XDG", "NUMBA"))}
    variables["TMPDIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS, str(ROOT)],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).parent.parent == tmp_path


# --- Whose folders --------------------------------------------------------------------------------


def test_the_folder_is_ours_alone(places):
    compile_triple()
    if os.name == "posix":
        assert stat.S_IMODE(folders()[0].stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_can_write_is_not_used(places, mode):
    home, temporary = folders()
    compile_triple()
    home.chmod(mode)
    with pytest.warns(RuntimeWarning, match=re.escape(str(home))):
        assert compile_triple() == 0
    assert list(temporary.glob("*.nbc"))
    home.chmod(0o700)
    assert compile_triple() == 1


def test_a_file_that_others_can_write_is_not_used(places):
    compile_triple()
    (file,) = folders()[0].glob("*.nbc")
    file.chmod(0o666)
    assert compile_triple() == 0
    assert compile_triple() == 1  # another has taken its place


def test_a_folder_of_somebody_else_is_not_used(places, monkeypatch):
    compile_triple()
    home = folders()[0]
    owner = home.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    monkeypatch.setattr(storage, "_warned", {"something"})
    if owner != 0:  # what the administrator has put there may be loaded
        assert compile_triple() == 0
    assert storage._is_private(home) is False
    assert storage._is_private(home, from_root=True) is (owner == 0)


@pytest.mark.parametrize("place", ["home", "temporary"])
def test_where_one_folder_cannot_be_made_there_is_another(places, place):
    """And one warning, which tells the folder."""
    if place == "home":
        (places / "home").write_text("a file is in the way")
        refused, used = folders()
        with pytest.warns(RuntimeWarning, match=re.escape(f"{refused} (")) as told:
            assert compile_triple() == 0
        assert str(used) in str(told[0].message)
    else:
        (places / "temporary").rmdir()
        (places / "temporary").write_text("a file is in the way")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compile_triple() == (place == "home")
        assert compile_triple() == 1


def test_where_none_can_be_made_kernels_run_all_the_same(places):
    for place in ("home", "temporary"):
        shutil.rmtree(places / place, ignore_errors=True)
        (places / place).write_text("a file is in the way")
    with pytest.warns(RuntimeWarning, match="compiled again in each new process") as told:
        assert compile_triple() == 0
    assert all(str(folder) in str(told[0].message) for folder in folders())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert compile_triple() == 0


FULL_DISK = """
import resource, signal, sys
import numpy as np
from raywidget.kernels.language.jit import entry
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
@entry
def double(x):
    return 2.0 * x
print(double(np.float32(2)), double(np.int64(3)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_warned_of_once_and_leaves_no_scraps(tmp_path):
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    variables["TMPDIR"] = str(tmp_path / "temporary")
    (tmp_path / "temporary").mkdir()
    (tmp_path / "full.py").write_text(FULL_DISK)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "full.py")],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4.0", "6.0"]
    assert done.stderr.count("RuntimeWarning") == 1
    assert str(tmp_path / "cache") in done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".nbc", ".part")]


# --- Files ----------------------------------------------------------------------------------------


def flipped(contents):
    middle = 2 * len(contents) // 3
    return contents[:middle] + bytes([contents[middle] ^ 1]) + contents[middle + 1 :]


DAMAGES = {
    "empty": lambda contents: b"",
    "cut short": lambda contents: contents[: len(contents) // 2],
    "cut in its head": lambda contents: contents[:10],
    "garbage": lambda contents: np.random.default_rng(1).bytes(len(contents)),
    "zeros": lambda contents: bytes(len(contents)),
    "one bit": flipped,
    "longer": lambda contents: contents + b"x",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_kernel_to_be_compiled_and_is_replaced(places, damage):
    assert compile_triple() == 0
    (file,) = folders()[0].glob("*.nbc")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    assert compile_triple() == 0
    assert compile_triple() == 1
    assert list(folders()[0].iterdir()) == [file]


def test_so_is_one_that_is_whole_but_means_nothing(places):
    compile_triple()
    (file,) = folders()[0].glob("*.nbc")
    body = storage.dumps(("another signature", 7))
    file.write_bytes(storage._MAGIC + storage.hashlib.sha256(body).digest() + body)
    assert compile_triple() == 0
    assert compile_triple() == 1


def test_a_folder_that_cannot_be_written_is_loaded_from(places, monkeypatch):
    """As in an image of a machine. (Who is root can write all the same; it does not.)"""
    compile_triple()
    home, temporary = folders()
    home.chmod(0o500)
    assert compile_triple() == 1
    assert not temporary.exists()
    monkeypatch.setattr(storage, "_read", lambda path: None)
    monkeypatch.setattr(storage, "_write", lambda *_: (_ for _ in ()).throw(OSError(30, "ro")))
    with pytest.warns(RuntimeWarning, match=re.escape(str(home))):
        assert compile_triple() == 0
    home.chmod(0o700)


def test_readers_see_whole_files_while_others_write(places):
    folder = folders()[0]
    storage._make_private(folder)
    bodies = [bytes([k]) * (100_000 + 50_000 * k) for k in range(3)]
    path = folder / "shared.nbc"
    done = threading.Event()

    def write():
        for body in itertools.cycle(bodies):
            storage._write(path, storage._MAGIC + storage.hashlib.sha256(body).digest() + body)
            if done.is_set():
                return

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while not path.exists():
        time.sleep(0.001)
    try:
        assert {storage._read(path) for _ in range(200)} <= set(bodies)
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert [p.name for p in folder.iterdir()] == ["shared.nbc"]


TWO = """
import sys, time
from pathlib import Path
import numpy as np
from raywidget.kernels.language.jit import entry
@entry
def double(x):
    return 2.0 * x
Path(sys.argv[1]).touch()
while not Path(sys.argv[2]).exists():
    time.sleep(0.001)
print(double(np.float32(2)), sum(double.stats.cache_hits.values()))
"""


def test_two_processes_begin_with_an_empty_folder_at_once(tmp_path):
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    script = tmp_path / "two.py"
    script.write_text(TWO)

    def run(this, other):
        return subprocess.Popen(
            [sys.executable, script, tmp_path / this, tmp_path / other],
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
        )

    first, second = run("a", "b"), run("b", "a")
    for process in (first, second):
        assert process.communicate()[0].split()[0] == "4.0"
        assert process.returncode == 0
    assert run("a", "b").communicate()[0].split() == ["4.0", "1"]


# --- What is removed ------------------------------------------------------------------------------


def test_kernels_that_nobody_has_used_for_long_are_removed(places):
    home = folders()[0].parent
    long_ago = time.time() - (storage.KEPT_DAYS + 1) * 24 * 3600
    recent = time.time() - (storage.KEPT_DAYS - 1) * 24 * 3600

    def make(label, when, place=home):
        place.mkdir(parents=True, exist_ok=True)
        folder = place / label
        (folder / "below").mkdir(parents=True)
        (folder / "below" / "file").write_text("x")
        os.utime(folder, (when, when))
        return folder

    old, young = make("kernels-old", long_ago), make("kernels-young", recent)
    other = make("pictures", long_ago)
    elsewhere = make("kernels-elsewhere", long_ago, places / "elsewhere")
    link = home / "kernels-link"
    link.symlink_to(elsewhere)
    assert compile_triple() == 0
    assert not old.exists()
    assert all(path.exists() for path in (young, other, link, elsewhere / "below" / "file"))


def test_what_is_used_is_never_removed(places):
    compile_triple()
    mine = folders()[0]
    long_ago = time.time() - 100 * 24 * 3600
    os.utime(mine, (long_ago, long_ago))
    assert compile_triple() == 1
    assert time.time() - mine.stat().st_mtime < 24 * 3600


def test_scraps_of_processes_that_were_killed_are_removed(places):
    mine = folders()[0]
    storage._make_private(mine)
    for label, age in (("dead.part", 2), ("alive.part", 0)):
        (mine / label).write_text("x")
        when = time.time() - age * 24 * 3600
        os.utime(mine / label, (when, when))
    compile_triple()
    assert sorted(path.name for path in mine.glob("*.part")) == ["alive.part"]


def test_the_users_own_kernels_keep_their_place():
    before = numba.config.CACHE_DIR
    entry(triple)
    assert before == numba.config.CACHE_DIR
