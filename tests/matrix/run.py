"""`everything.py` in many environments: each Python that is found, oldest to newest dependencies.

``python tests/matrix/run.py`` makes the environments beside that of this Python (they are used
again), installs the wheel into each, compares pictures with those of this environment, and prints a
table; ``--few`` takes what `make test` has time for, ``--write FILE`` puts the table into a file.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PLACE = Path(sys.prefix).with_name(Path(sys.prefix).name + "-matrix")
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")

NUMBAS = ("0.62", "0.63", "0.64", "0.65", "0.66", "0.67")
"""Between the oldest, which the lowest dependencies have, and the newest."""

NEWEST, LOWEST = "newest", "lowest"
MARKS = ("<!-- made by make matrix -->", "<!-- end of what make matrix made -->")


class Row(NamedTuple):
    """An environment."""

    python: str  # 3.12
    program: str  # its interpreter
    dependencies: str  # newest, lowest, or a release of numba

    def __str__(self) -> str:
        return f"{self.python}-{self.dependencies}"


class Outcome(NamedTuple):
    """What came of it."""

    row: Row
    right: int  # ways that worked
    ways: int
    problems: list[str]
    about: dict  # what `everything.describe` said
    equal: int  # pictures equal bit by bit to those of this environment
    pictures: int


# --- What there is --------------------------------------------------------------------------------


def find_pythons() -> dict[str, str]:
    """Interpreters that are here, by version such as 3.12: on the PATH, and pyenv's."""
    names = ["python3", *(f"python3.{minor}" for minor in range(11, 20))]
    programs = [shutil.which(name) for name in names]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    programs += [str(path) for path in sorted(pyenv.glob("*/bin/python"))]
    ask = "import sys; sys.stdout.write('%d.%d %s' % (sys.version_info[:2] + (sys.executable,)))"
    found = {}
    for program in filter(None, [sys.executable, *programs]):
        done = subprocess.run([program, "-c", ask], capture_output=True, text=True, check=False)
        version, _, executable = done.stdout.strip().partition(" ")
        if done.returncode == 0 and tuple(map(int, version.split("."))) >= (3, 11):
            found.setdefault(version, executable)
    return dict(sorted(found.items(), key=lambda item: int(item[0].split(".")[1])))


def all_rows() -> list[Row]:
    """Each Python with the newest and with the lowest dependencies; the oldest with each numba."""
    pythons = find_pythons()
    rows = [Row(*python, kind) for kind in (NEWEST, LOWEST) for python in pythons.items()]
    oldest = next(iter(pythons.items()))
    return rows + [Row(*oldest, numba) for numba in NUMBAS]


def pyproject() -> dict:
    """What ``pyproject.toml`` says."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def direct_requirements() -> list[str]:
    """What the pure wheel asks for itself, with the extra `io`."""
    said = pyproject()
    extras = said["project"]["optional-dependencies"]
    always = said["tool"]["hatch"]["metadata"]["hooks"]["custom"]["dependencies"]
    return [*always, *extras["compile"], *extras["io"]]


def few_rows() -> list[Row]:
    """The newest other Python that numba is known to have wheels for, and the lowest versions."""
    classifiers = pyproject()["project"]["classifiers"]
    pythons = find_pythons()
    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    known = [
        python for python in pythons if f"Programming Language :: Python :: {python}" in classifiers
    ]
    others = [Row(python, pythons[python], NEWEST) for python in known if python != here]
    oldest = next(iter(pythons.items()))
    return [*others[-1:], Row(*oldest, LOWEST)]


# --- Environments ---------------------------------------------------------------------------------


def uv(*arguments: object) -> None:
    """Run uv."""
    assert UV is not None, "uv is missing: pip install uv"
    done = subprocess.run([UV, "--quiet", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())


def build_wheel() -> Path:
    """The wheel of this checkout."""
    folder = PLACE / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    uv("build", "--wheel", "--out-dir", folder, ROOT)
    (wheel,) = folder.glob("*.whl")
    return wheel


def prepare(row: Row, wheel: Path) -> Path:
    """Make an environment, or bring one up to date; its interpreter."""
    folder = PLACE / str(row)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    target = ("--python", python)
    if subprocess.run([python, "-c", ""], check=False).returncode if python.exists() else True:
        uv("venv", "--clear", "--python", row.program, folder)
    package = f"raywidget[io] @ {wheel.resolve().as_uri()}"
    binary = ("--only-binary", ":all:")
    if row.dependencies == LOWEST:
        listed = folder / "lowest.txt"
        given = folder / "given.txt"
        given.write_text("\n".join(direct_requirements()) + "\n")
        how = ("--resolution", "lowest-direct", "--output-file", listed)
        uv("pip", "compile", *target, *binary, *how, given)
        uv("pip", "install", *target, "--requirement", listed)
        uv("pip", "install", *target, "--reinstall", "--no-deps", package)
    else:
        release = row.dependencies
        pinned = [] if release == NEWEST else [f"numba=={release}.*"]
        options = (*binary, "--upgrade", "--reinstall-package", "raywidget")
        uv("pip", "install", *target, *options, package, *pinned)
    return python


def run(
    python: Path | str, pictures: Path, small: bool, variables: dict[str, str]
) -> Iterator[dict]:
    """The lines that `everything.py` prints there."""
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir(parents=True)
    command = [
        str(python),
        str(HERE / "everything.py"),
        str(pictures),
        *(["small"] if small else []),
    ]
    done = subprocess.run(
        command, cwd=pictures, env=variables, capture_output=True, text=True, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines or "width" not in lines[-1]:
        lines.append({"way": "to the end", "problem": done.stderr or "no word", "seconds": 0.0})
    yield from lines


# --- Outcomes -------------------------------------------------------------------------------------


def reference(small: bool) -> tuple[Path, dict]:
    """Pictures of this environment, and what is installed here."""
    pictures = PLACE / "pictures" / "here"
    lines = list(run(sys.executable, pictures, small, dict(os.environ)))
    wrong = [line["problem"] for line in lines if line.get("problem")]
    if wrong:
        raise RuntimeError("this environment itself:\n" + "\n".join(wrong))
    return pictures, lines[-1]


def try_row(row: Row, wheel: Path, small: bool, expected: Future[tuple[Path, dict]]) -> Outcome:
    """Run everything in one environment, and compare its pictures with those of this one."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    variables["XDG_CACHE_HOME"] = str(PLACE / "kernels")
    pictures = PLACE / "pictures" / str(row)
    try:
        python = prepare(row, wheel)
    except RuntimeError as error:
        return Outcome(row, 0, 0, [f"not to be installed: {error}"], {}, 0, 0)
    lines = list(run(python, pictures, small, variables))
    about = lines.pop() if "width" in lines[-1] else {}
    problems = [f"{line['way']}: {line['problem']}" for line in lines if line["problem"]]
    if about and not Path(about["package"]).is_relative_to(PLACE):
        problems.append(f"{about['package']} is not what was installed")
    equal, compared, differing = compare(pictures, expected.result(), about)
    right = sum(not line["problem"] for line in lines)
    return Outcome(row, right, len(lines), problems + differing, about, equal, compared)


def compare(pictures: Path, expected: tuple[Path, dict], about: dict) -> tuple[int, int, list[str]]:
    """How many pictures are equal, of how many, and which differ more than they may.

    The same vectors and the same LLVM give the same bits. Others round otherwise: a few paths go
    elsewhere, all other pixels are equal to some digits.
    """
    folder, here = expected
    same = all(about.get(key) == here[key] for key in ("width", "llvm", "plain"))
    equal, wrong = 0, []
    names = sorted(path.name for path in folder.glob("*.npy"))
    for name in names:
        if not (pictures / name).exists():
            continue
        ours, theirs = np.load(folder / name), np.load(pictures / name)
        if np.array_equal(ours, theirs):
            equal += 1
        elif same:
            wrong.append(f"{name} is not equal, though LLVM and vectors are the same")
        elif (
            np.isclose(ours, theirs, rtol=1e-3, atol=1e-4).mean() < 0.9
            or abs(theirs.mean() - ours.mean()) > 0.02 * abs(ours).mean()
        ):
            wrong.append(f"{name} differs by more than rounding")
    return equal, len(names), wrong


def make_table(outcomes: list[Outcome]) -> str:
    """What was run, in Markdown."""
    rows = [
        "| Python | dependencies | numba | numpy | ways in that are right | equal pictures |",
        "|---|---|---|---|---|---|",
    ]
    for outcome in outcomes:
        row, about = outcome.row, outcome.about
        packages = about.get("packages", {})
        kind = row.dependencies
        cells = [
            about.get("python", row.python),
            kind if kind in (NEWEST, LOWEST) else "newest, but for numba",
            packages.get("numba", "-"),
            packages.get("numpy", "-"),
            f"{outcome.right} of {outcome.ways}" if outcome.ways else "not to be installed",
            f"{outcome.equal} of {outcome.pictures}",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def write_table(path: Path, table: str) -> None:
    """Put the table where the last one is."""
    first, last = MARKS
    text, count = re.subn(
        f"(?s)({re.escape(first)}\n).*?({re.escape(last)})",
        lambda match: f"{match[1]}\n{table}\n{match[2]}",
        path.read_text(),
    )
    if count != 1:
        raise RuntimeError(f"{path} has no place for the table: {first} ... {last}")
    path.write_text(text)


def main() -> int:
    """Run what was asked for; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--few", action="store_true", help="what `make test` has time for")
    parser.add_argument(
        "--at-once", type=int, default=min(os.cpu_count() or 1, 4), help="environments at once"
    )
    parser.add_argument("--wheel", type=Path, help="this wheel, instead of one built now")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table in there")
    parser.add_argument("rows", nargs="*", help="only these, such as 3.12-newest or 3.11-lowest")
    options = parser.parse_args()
    rows = few_rows() if options.few else all_rows()
    if options.rows:
        rows = [row for row in all_rows() if str(row) in options.rows]
    if all(row.dependencies != NEWEST for row in rows):
        print("No other Python was found here: only the lowest dependencies are tried.")
    PLACE.mkdir(exist_ok=True)
    wheel = options.wheel or build_wheel()
    outcomes = []
    # Most of it is the compilation of kernels, in one thread each.
    with ThreadPoolExecutor(options.at_once) as pool:
        expected = pool.submit(reference, options.few)
        running = [pool.submit(try_row, row, wheel, options.few, expected) for row in rows]
        for row, done in zip(rows, running, strict=True):
            print(f"{row} ...", flush=True)
            outcomes.append(done.result())
            for problem in outcomes[-1].problems:
                print(f"  {problem}", flush=True)
            if options.write:  # row by row: it takes a while
                write_table(options.write, make_table(outcomes))
    print(make_table(outcomes))
    return int(any(outcome.problems for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
