"""The program that tries many environments: what it finds, compares and writes."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "matrix"))
import run

HERE = {"width": 8, "llvm": [20, 1, 8], "plain": False}


def picture(folder, pixels):
    folder.mkdir(exist_ok=True)
    np.save(folder / "a.npy", pixels)


@pytest.fixture
def pixels():
    return np.random.default_rng(1).random((16, 24, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("change", "about", "equal", "wrong"),
    [
        (lambda p: p, HERE, 1, None),
        (lambda p: p * np.float32(1.000001), HERE, 0, "not equal"),
        (lambda p: p * np.float32(1.000001), {**HERE, "llvm": [15, 0, 7]}, 0, None),
        (lambda p: p * np.float32(1.000001), {**HERE, "width": 16}, 0, None),
        (lambda p: p * np.float32(1.01), {**HERE, "width": 16}, 0, "more than rounding"),
        (lambda p: np.where(p > 0.99, 9 * p, p), {**HERE, "width": 16}, 0, "more than rounding"),
        (lambda p: p[::-1], {**HERE, "plain": True}, 0, "more than rounding"),
    ],
)
def test_pictures_are_equal_or_differ_by_rounding(tmp_path, pixels, change, about, equal, wrong):
    picture(tmp_path / "here", pixels)
    picture(tmp_path / "there", change(pixels))
    found = run.compare(tmp_path / "there", (tmp_path / "here", HERE), about)
    assert found[:2] == (equal, 1)
    assert len(found[2]) == (wrong is not None)
    assert all(wrong in problem for problem in found[2])


def test_pythons_are_found_on_the_path_and_among_those_of_pyenv(tmp_path, monkeypatch):
    root = tmp_path / "pyenv"
    for name, says in {"2.7.18": "2.7", "3.10.1": "3.10", "3.12.1": "3.12", "broken": None}.items():
        program = root / "versions" / name / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho {says} {program}\n" if says else "#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PYENV_ROOT", str(root))
    monkeypatch.setenv("PATH", os.defpath)
    found = run.find_pythons()
    assert found[f"{sys.version_info[0]}.{sys.version_info[1]}"] == sys.executable
    assert "2.7" not in found
    assert "3.10" not in found
    assert "3.12" in found
    few = run.few_rows()
    assert few[-1].dependencies == run.LOWEST
    assert len(run.all_rows()) == 2 * len(found) + len(run.NUMBAS)


def test_the_table_takes_the_place_of_the_last_one(tmp_path):
    row = run.Row("3.12", "python3.12", run.NEWEST)
    about = {"python": "3.12.1", "packages": {"numba": "0.68.1", "numpy": "2.5.5"}}
    table = run.make_table(
        [run.Outcome(row, 15, 15, [], about, 9, 9), run.Outcome(row, 0, 0, [], {}, 0, 0)]
    )
    assert "| 3.12.1 | newest | 0.68.1 | 2.5.5 | 15 of 15 | 9 of 9 |" in table
    assert "not to be installed" in table
    page = tmp_path / "page.md"
    page.write_text(f"before\n{run.MARKS[0]}\nold\n{run.MARKS[1]}\nafter\n")
    run.write_table(page, table)
    run.write_table(page, table)
    text = page.read_text()
    assert "old" not in text
    assert text.count(table) == 1
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    page.write_text("no marks")
    with pytest.raises(RuntimeError, match="no place for the table"):
        run.write_table(page, table)
