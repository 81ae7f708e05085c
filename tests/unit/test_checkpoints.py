"""What a render leaves on disk, and that it goes on from there to the very same picture."""

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
import zipfile

import numpy as np
import pytest
from generated_scenes import generated_scene

import raywidget as rw
from raywidget import cli
from raywidget.engine import checkpoint
from raywidget.errors import PictureError, PictureWarning, SettingsError
from raywidget.io.gltf.exact import fingerprint

pytestmark = pytest.mark.usefixtures("no_workers_left")

SCENE = rw.presets.preset("cornell-boxes")
SIZE = {"width": 40, "height": 24, "tile_size": 16, "seed": 5}
WAYS = {
    "path": {"spp": 13},
    "bdpt": {"spp": 9, "integrator": "bdpt"},
    "volpath": {"spp": 9, "integrator": "volpath"},
    "alpha": {"spp": 9, "alpha": True, "filter": "gaussian"},
    "adaptive": {"spp": 48, "adaptive": True},
    "aovs": {"spp": 9, "aovs": ("depth", "normal", "samples", "variance")},
    "noise": {"spp": 400, "noise": 0.2},
    "seven passes": {"spp": 9, "passes": 7, "threads": 1},
}


def same(a, b):
    np.testing.assert_array_equal(a.pixels, b.pixels)
    np.testing.assert_array_equal(a.samples, b.samples)
    assert (a.alpha is None) == (b.alpha is None)
    if a.alpha is not None:
        np.testing.assert_array_equal(a.alpha, b.alpha)
    assert list(a.aovs) == list(b.aovs)
    for name, values in a.aovs.items():
        np.testing.assert_array_equal(values, b.aovs[name])
    assert a.noise == b.noise
    assert a.spp == b.spp


def break_off(place, after, **how):
    """Render until so many tiles have been told of, and be interrupted then."""
    told = []

    def on_tile(tile):
        told.append(tile)
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rw.render(SCENE, checkpoint=place, on_tile=on_tile, **SIZE, **how)


@pytest.mark.parametrize("way", list(WAYS))
def test_a_render_goes_on_to_the_same_picture(tmp_path, way):
    place, how = tmp_path / "box.checkpoint", WAYS[way]
    whole = rw.render(SCENE, **SIZE, **how)
    break_off(place, 9, **how)
    assert 0 < checkpoint.read_checkpoint(place).film.samples() < whole.samples.sum()
    same(rw.resume(place), whole)
    same(rw.resume(place), whole)  # finished: at once
    assert os.listdir(tmp_path) == ["box.checkpoint"]


def test_the_same_call_goes_on_and_more_samples_can_be_asked_for(tmp_path):
    place = tmp_path / "box.checkpoint"
    break_off(place, 8, spp=6)
    tiles = []
    image = rw.render(SCENE, spp=6, checkpoint=place, on_tile=tiles.append, **SIZE)
    assert len(tiles) < 4 * 6  # what was done is not done again
    same(image, rw.render(SCENE, spp=6, **SIZE))
    more = rw.resume(place, spp=11, threads=1)
    same(more, rw.render(SCENE, spp=11, **SIZE))


def test_what_killed_processes_left_is_swept_up(tmp_path):
    old, new = (tmp_path / f".raywidget-{digit * 24}.checkpoint" for digit in "0a")
    others = [tmp_path / f".raywidget-{'0' * 24}.png", tmp_path / ".raywidget-notes.checkpoint"]
    for path in (old, new, *others):
        path.write_bytes(b"half")
    for path in (old, *others):
        os.utime(path, (time.time() - 7200,) * 2)
    rw.render(SCENE, spp=1, checkpoint=tmp_path / "box.checkpoint", **SIZE)
    assert not old.exists()
    assert new.exists()
    assert all(path.exists() for path in others)


def test_how_it_is_shown_comes_along(tmp_path):
    place = tmp_path / "box.checkpoint"
    rw.render(SCENE, spp=2, checkpoint=place, exposure=1.5, curve="agx", denoise="nlm", **SIZE)
    image = rw.resume(place)
    assert (image.exposure, image.curve, image.denoised) == (1.5, "agx", True)
    image = rw.resume(place, exposure=0.0, curve="srgb", denoise=False)
    assert (image.exposure, image.curve, image.denoised) == (0.0, "srgb", False)


def test_time_and_rays_are_those_of_both_parts(tmp_path):
    place = tmp_path / "box.checkpoint"
    first = rw.render(SCENE, spp=3, checkpoint=place, **SIZE)
    both = rw.resume(place, spp=6)
    whole = rw.render(SCENE, spp=6, **SIZE)
    assert both.statistics["rays"] == whole.statistics["rays"]
    assert both.statistics["seconds"] > first.statistics["seconds"]


PROGRAM = """
import sys, raywidget as rw
rw.render(rw.presets.preset("cornell-boxes"), width=160, height=120, spp=100000, seed=5,
          checkpoint=sys.argv[1], checkpoint_seconds=0.05)
"""


def _started(place):
    """A process that renders, and has come to some samples."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(place)])
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline and process.poll() is None:
        if place.exists() and checkpoint.read_checkpoint(place).film.samples() > 160 * 120 * 2:
            return process
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"it has ended with {process.wait()}, or never began")


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_process_that_dies_leaves_what_another_goes_on_from(tmp_path, number):
    place = tmp_path / "box.checkpoint"
    process = _started(place)
    process.send_signal(number)
    assert process.wait(60) in (-number, 130)
    state = checkpoint.read_checkpoint(place).film
    spp = max(part.spp for part in state.parts)
    assert spp >= 2
    scene, how = rw.presets.preset("cornell-boxes"), {"width": 160, "height": 120, "seed": 5}
    kept = checkpoint.read_checkpoint(place)
    goal = spp + 1
    # As if so few had been asked for: a hundred thousand would take too long here.
    rewrite(place, lambda head: head["settings"].update(spp=goal))
    assert kept.fingerprint == fingerprint(scene)
    image = rw.resume(place)
    whole = rw.render(scene, spp=goal, **how)
    np.testing.assert_array_equal(image.pixels, whole.pixels)


def rewrite(place, change=None, **members):
    """Change the head of a checkpoint, or other members of it; None leaves one out."""
    with zipfile.ZipFile(place) as old:
        content = {name: old.read(name) for name in old.namelist()}
    head = json.loads(content["head.json"])
    if change is not None:
        change(head)
    content["head.json"] = json.dumps(head).encode()
    content |= {name.replace("_", "."): data for name, data in members.items()}
    with zipfile.ZipFile(place, "w") as new:
        for name, data in content.items():
            if data is not None:
                new.writestr(name, data)


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "box.checkpoint"
    rw.render(SCENE, spp=2, checkpoint=path, **SIZE)
    return path


def npy(array, **how):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), **how)
    return file.getvalue()


def _claiming(shape):
    """An array that says it is larger than it is."""
    file = io.BytesIO()
    head = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, head)
    return file.getvalue() + bytes(24 * 40 * 24)


class Trap:
    def __reduce__(self):
        return os.abort, ()


DAMAGES = {
    "no head": {"head_json": None},
    "head is no JSON": {"head_json": b"{"},
    "head is deep": {"head_json": b"[" * 100_000},
    "head is a list": {"head_json": b"[]"},
    "no sums": {"sums_npy": None},
    "small sums": {"sums_npy": npy(np.zeros((24, 39, 3)))},
    "sums claim more": {"sums_npy": _claiming((24, 40, 3 << 40))},
    "sums of another type": {"sums_npy": npy(np.zeros((24, 40, 3), ">f8"))},
    "sums are not finite": {"sums_npy": npy(np.full((24, 40, 3), np.inf))},
    "sums are pickled": {
        "sums_npy": npy(np.array([Trap()], object), allow_pickle=True) + bytes(24 * 40 * 24)
    },
    "sums are a pickle": {"sums_npy": pickle.dumps(Trap()) + bytes(24 * 40 * 24)},
    "too many samples": {"spp_npy": npy(np.full(6, 3))},
    "fewer than none": {"spp_npy": npy(np.full(6, -1))},
    "no scene": {"scene_glb": None},
    "scene is nothing": {"scene_glb": b""},
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_damaged_files_are_refused(place, damage):
    rewrite(place, **DAMAGES[damage])
    with pytest.raises(PictureError, match=r"box\.checkpoint"):
        rw.resume(place)


HEADS = {
    "another format": lambda head: head.update(format="picture"),
    "a later version": lambda head: head.update(version=2),
    "no settings": lambda head: head.pop("settings"),
    "unknown settings": lambda head: head["settings"].update(colour=1),
    "wrong settings": lambda head: head["settings"].update(width=10**9),
    "another size": lambda head: head["settings"].update(width=16_000, height=2000),
    "alpha without coverage": lambda head: head["settings"].update(alpha=True),
    "no number": lambda head: head["spent"].update(rays="many"),
    "not finite": lambda head: head["spent"].update(seconds=float("nan")),
    "another scene": lambda head: head.update(scene="0" * 64),
    "shown is a list": lambda head: head.update(shown=[]),
}


@pytest.mark.parametrize("name", list(HEADS))
def test_heads_that_say_nonsense_are_refused(place, name):
    rewrite(place, HEADS[name])
    with pytest.raises(PictureError, match=r"box\.checkpoint"):
        rw.resume(place)


def test_files_that_are_none_are_refused(place, tmp_path):
    whole = place.read_bytes()
    for name, content in {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"not a checkpoint",
        "flipped": whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:],
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PictureError, match=name):
            rw.resume(tmp_path / name)
    with pytest.raises(PictureError, match="No such file"):
        rw.resume(tmp_path / "missing")
    with pytest.raises(PictureError, match="missing"):
        rw.resume(tmp_path / "missing" / "file")


def test_what_grows_when_it_is_unpacked_is_refused(place):
    with zipfile.ZipFile(place) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["sums.npy"] = bytes(1 << 26)
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in content.items():
            new.writestr(name, data)
    with pytest.raises(PictureError, match="not written by raywidget"):
        rw.resume(place)


def test_a_scene_that_was_exchanged_is_refused(place, tmp_path):
    rw.presets.preset("cornell-empty").save(tmp_path / "other.glb")
    rewrite(place, scene_glb=(tmp_path / "other.glb").read_bytes())
    with pytest.raises(PictureError, match="not the one that was rendered"):
        rw.resume(place)


def test_another_picture_is_not_overwritten(place):
    before = place.read_bytes()
    with pytest.raises(PictureError, match="has another scene"):
        rw.render(rw.presets.cornell(), spp=2, checkpoint=place, **SIZE)
    with pytest.raises(PictureError, match="must stay the same"):
        rw.render(SCENE, spp=2, checkpoint=place, **{**SIZE, "seed": 6})
    with pytest.raises(PictureError, match="must stay the same"):
        rw.resume(place, seed=6)
    with pytest.raises(PictureError, match="at least that"):
        rw.resume(place, spp=1)
    image = rw.render(SCENE, spp=1, **SIZE)
    with pytest.raises(PictureError, match="one of the two"):
        rw.render(SCENE, spp=2, checkpoint=place, resume=image, **SIZE)
    assert place.read_bytes() == before


def test_where_nothing_can_be_written_is_said_before_it_renders(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "folder", 7, ""):
        with pytest.raises(PictureError, match="can't write the checkpoint"):
            rw.render(SCENE, spp=1, checkpoint=path, **SIZE)
    for seconds in (-1, float("nan"), "often", True):
        with pytest.raises(SettingsError, match="checkpoint_seconds"):
            rw.render(SCENE, spp=1, checkpoint=tmp_path / "a", checkpoint_seconds=seconds, **SIZE)


def test_a_full_disk_costs_the_checkpoint_not_the_picture(tmp_path, monkeypatch):
    written = []

    def write(*arguments):
        written.append(arguments)
        if len(written) > 1:
            raise OSError(28, "No space left on device")
        return real(*arguments)

    real = checkpoint.write_bundle
    monkeypatch.setattr(checkpoint, "write_bundle", write)
    with pytest.warns(PictureWarning, match="No space left") as warned:
        image = rw.render(SCENE, spp=2, checkpoint=tmp_path / "a", checkpoint_seconds=0, **SIZE)
    assert len([w for w in warned if "No space" in str(w.message)]) == 1
    same(image, rw.render(SCENE, spp=2, **SIZE))


def test_another_version_or_processor_is_told(place):
    rewrite(place, lambda head: head.update(raywidget="0.0.1", lanes=4))
    with pytest.warns(PictureWarning) as warned:
        image = rw.resume(place, spp=4)
    told = " ".join(str(w.message) for w in warned)
    assert "version of raywidget" in told
    assert "width of the processor's vectors" in told
    assert image.spp == 4


def test_what_no_file_can_hold_is_refused_with_a_word(tmp_path):
    class Pebble(rw.Sphere):
        pass

    scene = SCENE.replace(shapes=[*SCENE.shapes, Pebble((0, 0, 0), 1)])
    with pytest.raises(PictureError, match="no file can hold a Pebble"):
        rw.render(scene, spp=1, checkpoint=tmp_path / "a", **SIZE)


@pytest.mark.parametrize("seed", range(12))
def test_generated_scenes_come_back_by_their_fingerprints(tmp_path, seed):
    scene = generated_scene(seed)
    name, files = checkpoint._packed(scene)
    assert name == fingerprint(generated_scene(seed))  # the same scene made twice
    assert name != fingerprint(generated_scene(seed + 100))
    (tmp_path / "a.glb").write_bytes(files["scene.glb"])
    assert fingerprint(checkpoint._read_back(tmp_path / "a.glb")) == name


def test_the_command_line_keeps_and_goes_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    how = ["--width", "32", "--height", "24", "--quiet"]
    assert cli.main(["render", "cornell-empty", "--spp", "4", "--checkpoint", "a.ck", *how]) == 0
    assert cli.main(["resume", "a.ck", "--spp", "8", "-o", "b.png", "--quiet"]) == 0
    assert cli.main(["render", "cornell-empty", "--spp", "8", "-o", "c.png", *how]) == 0
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()
    assert cli.main(["resume", "c.png", "--quiet"]) == 2
    assert "c.png" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
def test_an_interrupted_command_says_how_to_go_on(tmp_path):
    program = textwrap.dedent("""
        import sys
        from raywidget.cli import main
        sys.exit(main())
    """)
    words = ["render", "cornell-empty", "--spp", "1000000", "--checkpoint", "a b.ck", "--quiet"]
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words, "--checkpoint-seconds", "0.1"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    place = tmp_path / "a b.ck"
    deadline = time.monotonic() + 120.0
    while time.monotonic() < deadline:
        if place.exists() and checkpoint.read_checkpoint(place).film.samples() > 0:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert "raywidget resume 'a b.ck' goes on from here" in process.communicate(timeout=60)[1]
    assert process.returncode == cli.TERMINATED


def test_a_pool_goes_on_where_threads_were(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    place = tmp_path / "box.checkpoint"
    for way in ("path", "bdpt", "alpha"):
        break_off(place, 9, **WAYS[way])
        with ThreadPoolExecutor(2) as pool:
            same(rw.resume(place, executor=pool), rw.render(SCENE, **SIZE, **WAYS[way]))
        place.unlink()


def slide(time):
    return SCENE.replace(camera=SCENE.camera.replace(vfov=30 + 8 * time))


def sway(time):
    return SCENE.replace(camera=SCENE.camera.replace(vfov=30 + 9 * time))


def interrupted(scene, place, after=9, **how):
    told = []

    def on_tile(tile):
        told.append(tile)
        if len(told) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rw.render(scene, checkpoint=place, on_tile=on_tile, **SIZE, **how)


def test_scenes_between_two_go_on_from_their_file(tmp_path):
    place = tmp_path / "box.checkpoint"
    boxes = [shape for shape in SCENE.shapes if isinstance(shape, rw.Box)]
    moved = [
        shape.replace(rotation=(0, 30, 0)) if shape is boxes[0] else shape for shape in SCENE.shapes
    ]
    way = rw.between(SCENE, slide(1.0).replace(shapes=moved))
    whole = rw.render(way, shutter=(0.1, 0.8), spp=6, **SIZE)
    interrupted(rw.Moving(way, (0.1, 0.8)), place, spp=6)
    assert checkpoint.read_checkpoint(place).shutter == (0.1, 0.8)
    same(rw.resume(place), whole)
    more = rw.render(way, shutter=(0.1, 0.8), spp=9, **SIZE)
    same(rw.resume(place, spp=9), more)
    same(rw.resume(place, rw.between(SCENE, slide(1.0).replace(shapes=moved)), spp=9), more)


def test_a_function_goes_on_where_it_is_given_again(tmp_path):
    place = tmp_path / "box.checkpoint"
    whole = rw.render(slide, shutter=(0, 0.5), spp=6, **SIZE)
    interrupted(rw.Moving(slide, (0, 0.5)), place, spp=6)
    with pytest.raises(PictureError, match=r"function of time.*resume\(path, scene_at"):
        rw.resume(place)
    with pytest.raises(PictureError, match="another scene"):
        rw.resume(place, sway)
    with pytest.raises(PictureError, match=r"shutter is \(0, 0.5\), got \(0, 1\)"):
        rw.resume(place, slide, shutter=(0, 1))
    with pytest.raises(PictureError, match=r"shutter is \(0, 0.5\), got none"):
        rw.render(SCENE, checkpoint=place, spp=6, **SIZE)
    same(rw.resume(place, slide), whole)
    same(rw.render(slide, shutter=(0, 0.5), checkpoint=place, spp=6, **SIZE), whole)


def test_a_scene_that_rests_may_be_given_again(tmp_path):
    place = tmp_path / "box.checkpoint"
    break_off(place, 9, spp=6)
    with pytest.raises(PictureError, match="another scene"):
        rw.resume(place, slide(0.5))
    same(rw.resume(place, SCENE), rw.render(SCENE, spp=6, **SIZE))
