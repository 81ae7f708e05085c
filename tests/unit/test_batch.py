"""Many pictures: each equals a single render, none is made twice, none ends the others."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget import cli
from raywidget.errors import PictureError, PictureWarning, SettingsError
from raywidget.frames import Frames

pytestmark = pytest.mark.usefixtures("no_workers_left")

SMALL = {"width": 17, "height": 11, "spp": 2}
SCENE = rw.presets.cornell()


def scene_at(frame):
    return SCENE.replace(camera=SCENE.camera.replace(vfov=40.0 - frame))


def pixels(path):
    with Pillow.open(path) as picture:
        return np.asarray(picture)


def lines(folder):
    return [json.loads(line) for line in (folder / "batch.jsonl").read_text().splitlines()]


@pytest.fixture
def rendered(monkeypatch):
    """How many pictures have been rendered."""
    count = []
    image = Frames.image
    monkeypatch.setattr(Frames, "image", lambda *given: (count.append(1), image(*given))[1])
    return count


def test_each_equals_a_single_render(tmp_path):
    made = rw.render_many((scene_at(k) for k in range(3)), tmp_path / "new" / "folder", **SMALL)
    assert [item.status for item in made] == ["done"] * 3
    for k, item in enumerate(made):
        assert item.path == tmp_path / "new" / "folder" / f"{k:06d}.png"
        np.testing.assert_array_equal(pixels(item.path), rw.render(scene_at(k), **SMALL).to_uint8())


def test_settings_of_single_items_count_more(tmp_path):
    items = {"plain": scene_at(0), "light": (scene_at(0), {"exposure": 2.0, "spp": 3, "seed": 4})}
    rw.render_many(items, tmp_path, curve="agx", **SMALL)
    plain = rw.render(scene_at(0), curve="agx", **SMALL)
    light = rw.render(scene_at(0), curve="agx", exposure=2.0, **{**SMALL, "spp": 3, "seed": 4})
    np.testing.assert_array_equal(pixels(tmp_path / "plain.png"), plain.to_uint8())
    np.testing.assert_array_equal(pixels(tmp_path / "light.png"), light.to_uint8())


@pytest.mark.parametrize(
    "suffix", [".png", ".exr", ".webp", ".tif", ".jpg", ".hdr", ".npz", ".npy"]
)
def test_what_is_there_is_not_made_again(tmp_path, rendered, suffix):
    if suffix == ".exr":
        pytest.importorskip("OpenEXR")

    def again(scenes, **more):
        made = rw.render_many(scenes, tmp_path, suffix=suffix, **{**SMALL, **more})
        return [item.status for item in made]

    assert again([scene_at(0), scene_at(1)]) == ["done", "done"]
    assert again([scene_at(0), scene_at(1)], threads=1, passes=1) == ["skipped", "skipped"]
    assert len(rendered) == 2
    assert again([scene_at(0), scene_at(5)]) == ["skipped", "done"]
    assert again([scene_at(0)], spp=3) == ["done"]
    (tmp_path / f"000000{suffix}").unlink()
    assert again([scene_at(0)], spp=3) == ["done"]
    (tmp_path / f"000000{suffix}").write_bytes(b"damaged")
    assert again([scene_at(0)], spp=3) == ["done"]
    assert len(rendered) == 6


def test_files_are_called_after_their_files(tmp_path):
    part, again = tmp_path / "part.stl", tmp_path / "other" / "part.glb"
    again.parent.mkdir()
    SCENE.save(again)
    part.write_text(
        "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\n"
        "endloop\nendfacet\nendsolid a\n"
    )
    made = rw.render_many([part, str(again)], tmp_path / "out", **SMALL)
    assert [item.path.name for item in made] == ["part.png", "part-2.png"]
    assert [item.status for item in made] == ["done", "done"]
    names = rw.render_many({"../../away": SCENE, "..": SCENE}, tmp_path / "out", **SMALL)
    assert {item.path.parent for item in names} == {tmp_path / "out"}


def test_patterns_and_paths(tmp_path):
    pattern = tmp_path / "frames" / "%03d.npy"
    made = rw.render_many([scene_at(0), scene_at(1)], pattern, log=False, **SMALL)
    assert os.listdir(tmp_path / "frames") == ["000.npy", "001.npy"] or len(made) == 2
    assert sorted(os.listdir(tmp_path / "frames")) == ["000.npy", "001.npy"]
    paths = [tmp_path / "a.png", tmp_path / "b.webp"]
    rw.render_many([scene_at(0), scene_at(1)], paths, log=tmp_path / "log", **SMALL)
    assert all(path.exists() for path in (*paths, tmp_path / "log"))
    with pytest.raises(SettingsError, match="more items than paths"):
        rw.render_many([scene_at(0), scene_at(1)], paths[:1], log=False, **SMALL)
    with pytest.raises(SettingsError, match="two items"):
        rw.render_many([scene_at(0), scene_at(1)], paths[:1] * 2, log=False, **SMALL)


def test_what_is_wrong_with_one_ends_no_other(tmp_path):
    items = [scene_at(0), tmp_path / "missing.ply", (scene_at(1), {"spp": -1}), 7, scene_at(2)]
    with pytest.warns(PictureWarning, match=r"3 of 5 pictures were not made.*missing"):
        made = rw.render_many(items, tmp_path, **SMALL)
    assert [item.status for item in made] == ["done", "failed", "failed", "failed", "done"]
    told = lines(tmp_path)
    assert [line["status"] for line in told] == [item.status for item in made]
    assert "SettingsError: spp" in told[2]["error"]
    assert told[1]["name"].endswith("missing.ply")
    assert told[0]["spp"] == 2
    assert told[0]["seconds"] > 0
    assert told[0]["file"] == str(tmp_path / "000000.png")


def test_a_black_picture_is_noted(tmp_path):
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    dark = rw.Scene([rw.Sphere((0, 0, 0), 1)], camera=camera)
    rw.render_many([dark], tmp_path, width=32, height=32, spp=2)
    assert "no light" in lines(tmp_path)[0]["note"]


def test_shares_are_all_of_it(tmp_path):
    for k in range(3):
        made = rw.render_many(map(scene_at, range(5)), tmp_path, share=(k, 3), **SMALL)
        assert [item.number for item in made] == list(range(k, 5, 3))
        assert all(item.status == "done" for item in made)
    whole = rw.render_many(map(scene_at, range(5)), tmp_path, **SMALL)
    assert all(item.status == "skipped" for item in whole)
    assert len(lines(tmp_path)) == 10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"items": SCENE}, "many things"),
        ({"items": "part.stl"}, "many things"),
        ({"into": 7}, "into"),
        ({"into": "a.png"}, "folder or a pattern"),
        ({"into": "%d.what"}, "pattern must end"),
        ({"suffix": ".what"}, "suffix"),
        ({"share": (3, 3)}, "share"),
        ({"share": "1/2"}, "share"),
        ({"curve": "wavy"}, "wavy"),
        ({"denoise": "magic"}, "magic"),
    ],
)
def test_what_all_share_is_checked_at_once(tmp_path, monkeypatch, wrong, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=message):
        rw.render_many(**{"items": [SCENE], **wrong})


def test_where_no_folder_can_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PictureError, match="can't write into"):
        rw.render_many([SCENE], tmp_path / "file" / "folder", **SMALL)


PROGRAM = """
import sys, raywidget as rw
scene = rw.presets.cornell()
cameras = (scene.camera.replace(vfov=20 + k / 10) for k in range(500))
rw.render_many((scene.replace(camera=c) for c in cameras), sys.argv[1], width=64, height=48, spp=8)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_batch_that_is_killed_goes_on(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)])
    deadline = time.monotonic() + 120.0
    while len(list(tmp_path.glob("0*.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    there = len(list(tmp_path.glob("0*.png")))
    with (tmp_path / "batch.jsonl").open("a") as log:
        log.write('{"file": "cut in the mid')
    cameras = [SCENE.camera.replace(vfov=20 + k / 10) for k in range(there + 1)]
    scenes = [SCENE.replace(camera=camera) for camera in cameras]
    made = rw.render_many(scenes, tmp_path, width=64, height=48, spp=8)
    assert [item.status for item in made] == ["skipped"] * there + ["done"]
    whole = rw.render(scenes[there - 1], width=64, height=48, spp=8)
    np.testing.assert_array_equal(pixels(made[there - 1].path), whole.to_uint8())


def test_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    SCENE.save("a.glb")
    rw.presets.preset("cornell-empty").save("b.glb")
    how = ["--width", "16", "--height", "16", "--spp", "2"]
    assert cli.main(["batch", "a.glb", "b.glb", "-o", "out", *how, "--quiet"]) == 0
    assert sorted(os.listdir("out")) == ["a.png", "b.png", "batch.jsonl"]
    image = rw.render("a.glb", width=16, height=16, spp=2)
    np.testing.assert_array_equal(pixels("out/a.png"), image.to_uint8())
    capsys.readouterr()
    words = ["batch", "a.glb", "none.glb", "cornell", "-o", "out", "--suffix", ".webp", *how]
    assert cli.main(words) == 1
    told = capsys.readouterr()
    assert "none.glb" in told.err
    assert "2 done, 1 failed" in told.out
    assert sorted(os.listdir("out"))[-1] == "cornell.webp" or "cornell.webp" in os.listdir("out")
    assert cli.main(["batch", "cornell", "a.glb", "--share", "1/2", "-o", "two", *how]) == 0
    assert "a.png" in os.listdir("two")
    assert "cornell.png" not in os.listdir("two")
    assert cli.main(["batch", "cornell", "--share", "2/2", "-o", "two", *how]) == 2


def test_pools_make_the_same_pictures(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        made = rw.render_many([scene_at(0), scene_at(1)], tmp_path, executor=pool, **SMALL)
        film = rw.animate([scene_at(0)], None, tmp_path / "f%d.png", executor=pool, **SMALL)
        part = rw.render(SCENE, executor=pool, region=(4, 3, 9, 7), tile_size=4, **SMALL)
    assert [item.status for item in made] == ["done", "done"]
    np.testing.assert_array_equal(pixels(made[1].path), rw.render(scene_at(1), **SMALL).to_uint8())
    np.testing.assert_array_equal(pixels(film.with_name("f0.png")), pixels(made[0].path))
    np.testing.assert_array_equal(part.pixels, rw.render(SCENE, **SMALL).pixels[3:10, 4:13])
    for call in (rw.render_many, rw.animate):
        with pytest.raises(SettingsError, match="executor"):
            call([SCENE], executor=7, **SMALL)
