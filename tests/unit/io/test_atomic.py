"""Files are written whole or not at all, and through names that nobody can prepare."""

import os

import pytest

from raywidget.io import atomic
from raywidget.io.atomic import check_writable, replacing
from raywidget.io.rescue import rescue


def test_a_file_takes_its_place_when_all_is_written(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with replacing(target) as part:
        part.write_text("new")
        assert part.parent == tmp_path
        assert part.suffix == ".txt"
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_what_was_there_stays_if_anything_is_raised(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")

    def break_off():
        with replacing(target) as part:
            part.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_nothing_is_left_by_an_interruption_right_after_the_file_was_made(tmp_path, monkeypatch):
    make = os.open

    def make_and_be_interrupted(*arguments):
        os.close(make(*arguments))
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "open", make_and_be_interrupted)
    for begin in (replacing(tmp_path / "a.txt").__enter__, lambda: check_writable(tmp_path / "a")):
        with pytest.raises(KeyboardInterrupt):
            begin()
    assert list(tmp_path.iterdir()) == []


def test_no_two_names_are_the_same_and_others_may_read_the_file(tmp_path):
    names = set()
    for _ in range(20):
        with replacing(tmp_path / "a.txt") as part:
            names.add(part.name)
    assert len(names) == 20
    plain = tmp_path / "plain"
    plain.touch()
    assert (tmp_path / "a.txt").stat().st_mode == plain.stat().st_mode


def test_a_name_as_long_as_names_may_be(tmp_path):
    target = tmp_path / ("é" * 120 + ".txt")
    with replacing(target) as part:
        part.write_text("x")
    assert target.read_text() == "x"


def test_a_folder_is_tried_out_and_left_as_it_was(tmp_path):
    check_writable(tmp_path / "a.txt")
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError, match="No such file"):
        check_writable(tmp_path / "missing" / "a.txt")


def test_a_rescue_goes_on_to_the_next_folder(tmp_path, monkeypatch):
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("pathlib.Path.cwd", lambda: here)  # which is not there
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(temporary))
    place = rescue("picture", lambda path: path.write_bytes(b"light"))
    assert place.parent == temporary
    assert place.name.endswith("-picture.npz")
    assert place.read_bytes() == b"light"

    def full(path):
        raise OSError(28, "No space left on device")

    assert rescue("picture", full) is None
