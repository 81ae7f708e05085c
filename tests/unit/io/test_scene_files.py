import pytest

import raywidget as rw
from raywidget.io.files import beside, read_bytes
from raywidget.io.scene_files import read_scene, suffixes


def test_suffixes_say_who_reads(tmp_path):
    (tmp_path / "a.OBJ").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    assert [len(shape.faces) for shape in read_scene(tmp_path / "a.OBJ").shapes] == [1]
    with pytest.raises(rw.SceneError, match=r"path must be a file of type .*\.ply.*, got .*a\.doc"):
        read_scene(tmp_path / "a.doc")
    assert {".obj", ".ply", ".stl", ".off"} <= set(suffixes())


def test_home_is_understood(tmp_path, monkeypatch):
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert len(read_scene("~/a.obj").shapes) == 1


def test_only_files_below_the_folder_are_found(tmp_path):
    folder = tmp_path / "model"
    (folder / "maps").mkdir(parents=True)
    (folder / "maps" / "Wood.png").write_bytes(b"1")
    (tmp_path / "secret.png").write_bytes(b"2")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    file = folder / "chair.obj"
    wood = folder / "maps" / "Wood.png"
    for name in ("maps/Wood.png", r"maps\wood.PNG", "./maps//Wood.png", "MAPS/wood.png"):
        assert beside(file, name) == wood, name
    for name in (
        "../secret.png",
        str(tmp_path / "secret.png"),
        "link.png",
        "",
        "..",
        "a\0b",
        "maps",
    ):
        assert beside(file, name) is None, name
    (folder / "secret.png").write_bytes(b"3")  # its own one of that name
    assert beside(file, "../secret.png") == folder / "secret.png"
    assert beside(file, r"D:\work\secret.png") == folder / "secret.png"


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(rw.SceneError, match=r"none\.ply': can't be read: No such file"):
        read_bytes(tmp_path / "none.ply")
    with pytest.raises(rw.SceneError, match="can't be read: Is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(rw.SceneError, match="can't be read"):
        read_bytes("a\0b.ply")
    monkeypatch.setattr("raywidget.io.files.MAX_BYTES", 3)
    (tmp_path / "a.ply").write_bytes(b"1234")
    with pytest.raises(rw.SceneError, match=r"'a\.ply': must be at most 3 bytes, got 4"):
        read_bytes(tmp_path / "a.ply")
