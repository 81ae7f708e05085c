"""render(): callbacks, interrupts, going on; the pixels are the engine's, to the bit."""

import _thread
import functools
import inspect
import os
import re
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.renderer import Renderer
from raywidget.engine.session import accumulation

pytestmark = pytest.mark.usefixtures("no_workers_left")

HANG = 240.0
SIZE = {"width": 70, "height": 50, "max_depth": 6, "tile_size": 32, "seed": 3, "threads": 2}
SCENE = rw.presets.cornell()


@pytest.fixture(scope="module")
def by_spp():
    """Pictures with 1 to 10 samples per pixel."""
    return {n: rw.render(SCENE, spp=n, passes=1, **SIZE) for n in range(1, 11)}


@pytest.fixture
def slow_calls(monkeypatch):
    real = Renderer.render_together

    def slowly(self, tiles, *rest):
        time.sleep(0.005 if tiles else 0.0)
        return real(self, tiles, *rest)

    monkeypatch.setattr(Renderer, "render_together", slowly)
    monkeypatch.setattr(accumulation, "CALL_SECONDS", 0.0)


def test_a_picture_with_its_statistics(by_spp):
    image = by_spp[8]
    assert image.shape == (50, 70, 3)
    assert image.spp == 8
    assert image.settings.spp == 8
    assert image.statistics["samples"] == 8 * 70 * 50
    assert image.statistics["dropped_samples"] == 0
    assert image.statistics["seconds"] > 0
    luminance = np.asarray(image) @ (0.2126, 0.7152, 0.0722)
    assert image.statistics["mean_luminance"] == pytest.approx(luminance.mean(), rel=1e-5)
    assert np.all(np.isfinite(image.pixels))
    assert image.pixels.min() >= 0


def test_defaults_of_the_scene_and_display_settings():
    scene = SCENE.replace(defaults={"width": 20, "height": 10, "spp": 2, "threads": 1})
    image = rw.render(scene, spp=3, exposure=1.5, curve="filmic")
    assert (image.width, image.height, image.spp) == (20, 10, 3)
    assert (image.exposure, image.curve) == (1.5, "filmic")


# --- Callbacks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", [None, 1, 3, 10])
def test_every_tile_of_every_pass_once(by_spp, passes):
    tiles, finished, events = [], [], []

    def on_tile(tile):
        assert threading.current_thread() is threading.main_thread()
        tiles.append(tile)
        events.append(tile.pass_index)

    def on_pass(done):
        assert threading.current_thread() is threading.main_thread()
        finished.append(done)
        events.append(("pass", done.pass_index))

    image = rw.render(SCENE, spp=10, passes=passes, on_tile=on_tile, on_pass=on_pass, **SIZE)
    np.testing.assert_array_equal(image.pixels, by_spp[10].pixels)
    targets = image.settings.pass_targets()
    corners = [(x, y) for y in (0, 32) for x in (0, 32, 64)]
    assert sorted((t.pass_index, t.y, t.x) for t in tiles) == [
        (p, y, x) for p in range(len(targets)) for x, y in corners
    ]
    for tile in tiles:
        assert tile.spp == targets[tile.pass_index]
        part = by_spp[tile.spp].pixels[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        np.testing.assert_array_equal(tile.pixels, part)
        assert tile.pixels.flags.writeable  # the caller's own copy
    assert [d.pass_index for d in finished] == list(range(len(targets)))
    for done in finished:
        assert done.spp == done.image.spp == targets[done.pass_index]
        assert done.pass_count == len(targets)
        np.testing.assert_array_equal(done.image.pixels, by_spp[done.spp].pixels)
    # No pass begins before the callback of the one before has returned.
    for index in range(len(targets)):
        at = events.index(("pass", index))
        assert set(events[:at]) - {("pass", k) for k in range(index)} == set(range(index + 1))


def test_tiles_alone_are_delivered_without_a_barrier(by_spp):
    tiles = []
    image = rw.render(SCENE, spp=10, on_tile=tiles.append, **SIZE)
    np.testing.assert_array_equal(image.pixels, by_spp[10].pixels)
    assert len(tiles) == 6 * 5
    canvas = np.zeros((50, 70, 3), np.float32)
    for tile in tiles:  # in the order of delivery: the newest state of each tile comes last
        canvas[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width] = tile.pixels
    np.testing.assert_array_equal(canvas, image.pixels)


def test_many_small_tiles_are_all_delivered():
    # The reference loses tiles once more than 100 wait for a slow reader.
    seen = []
    settings = {**SIZE, "width": 100, "height": 90, "tile_size": 4}
    image = rw.render(
        SCENE, spp=4, on_tile=lambda t: seen.append((t.pass_index, t.x, t.y)), **settings
    )
    assert len(seen) == len(set(seen)) == 25 * 23 * 3
    assert image.statistics["samples"] == 4 * 100 * 90


def test_a_slow_callback_makes_workers_wait(monkeypatch):
    # Of 64 tiles, only those few may be ahead that fit the queue and the workers' hands.
    monkeypatch.setattr(accumulation, "TOGETHER_SECONDS", 0.0)
    taken, ahead = [], []
    real = Renderer.render_together

    def count(self, tiles, *rest):
        taken.extend(tiles)
        return real(self, tiles, *rest)

    def slow(tile):
        time.sleep(0.004)
        ahead.append(len(taken) - len(ahead))

    monkeypatch.setattr(Renderer, "render_together", count)
    rw.render(SCENE, spp=1, on_tile=slow, **{**SIZE, "width": 64, "height": 64, "tile_size": 8})
    assert len(ahead) == 64
    assert max(ahead) <= 8 + 2 + 2  # the queue, a tile per worker, and what was just taken out


@pytest.mark.parametrize("which", ["on_tile", "on_pass"])
@pytest.mark.parametrize("count", [1, 3])
def test_an_exception_of_a_callback_comes_out(which, count):
    calls = []

    def fail(finished):
        calls.append(finished)
        if len(calls) == count:
            raise LookupError("enough")

    begin = time.monotonic()
    with pytest.raises(LookupError, match="enough"):
        rw.render(SCENE, spp=1_000_000, **{which: fail}, **SIZE)
    assert len(calls) == count
    assert time.monotonic() - begin < HANG
    assert not any(t.name.startswith("raywidget-worker") for t in threading.enumerate())


def test_a_failure_in_a_worker_comes_out(monkeypatch):
    def fail(self, *rest):
        raise OSError("broken")

    monkeypatch.setattr(Renderer, "render_together", fail)
    for callback in (None, print):
        with pytest.raises(rw.RenderError, match="OSError: broken") as error:
            rw.render(SCENE, spp=4, on_tile=callback, **SIZE)
        assert isinstance(error.value.__cause__, OSError)


# --- Going on -------------------------------------------------------------------------------------


def test_going_on_with_an_image(by_spp):
    image = rw.render(SCENE, spp=10, resume=by_spp[4], **SIZE)
    np.testing.assert_array_equal(image.pixels, by_spp[10].pixels)
    assert image.spp == 10
    again = rw.render(SCENE, spp=10, resume=image, **SIZE)  # nothing left to do
    np.testing.assert_array_equal(again.pixels, image.pixels)
    assert by_spp[4].spp == 4  # the old image is as it was


def test_callbacks_are_told_only_what_is_new(by_spp):
    tiles, passes = [], []
    rw.render(SCENE, spp=10, resume=by_spp[3], on_tile=tiles.append, on_pass=passes.append, **SIZE)
    assert [(p.pass_index, p.spp) for p in passes] == [(2, 4), (3, 8), (4, 10)]
    assert sorted((t.pass_index, t.spp) for t in tiles) == [
        (p, n) for p, n in ((2, 4), (3, 8), (4, 10)) for _ in range(6)
    ]
    for done in passes:
        np.testing.assert_array_equal(done.image.pixels, by_spp[done.spp].pixels)


def test_images_that_do_not_fit_are_refused(by_spp):
    with pytest.raises(rw.PictureError, match="another Scene object"):
        rw.render(rw.presets.cornell(), spp=10, resume=by_spp[4], **SIZE)
    with pytest.raises(rw.PictureError, match="must stay the same"):
        rw.render(SCENE, spp=10, resume=by_spp[4], **{**SIZE, "seed": 4})
    with pytest.raises(rw.SettingsError, match="not made by render"):
        rw.render(SCENE, resume=rw.Image(np.zeros((50, 70, 3)), spp=1), **SIZE)
    with pytest.raises(rw.PictureError, match="has 4 samples per pixel already"):
        rw.render(SCENE, spp=3, resume=by_spp[4], **SIZE)


# --- Interrupts -----------------------------------------------------------------------------------


def interrupt_soon(seconds):
    timer = threading.Timer(seconds, _thread.interrupt_main)
    timer.start()
    return timer


@pytest.mark.parametrize("callback", [None, lambda tile: None])
def test_an_interrupt_comes_out_and_leaves_nothing(callback):
    timer = interrupt_soon(0.3)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        rw.render(SCENE, spp=1_000_000, passes=1, on_tile=callback, **SIZE)
    assert time.monotonic() - begin < HANG
    timer.join()
    assert not any(t.name.startswith("raywidget-worker") for t in threading.enumerate())


def test_an_interrupt_within_a_callback_counts_too(by_spp):
    def interrupt(tile):
        if tile.spp == 4:
            raise KeyboardInterrupt

    image = rw.render(SCENE, spp=10, on_tile=interrupt, on_interrupt="return", **SIZE)
    assert image.spp < 10
    finished = rw.render(SCENE, spp=10, resume=image, **SIZE)
    np.testing.assert_array_equal(finished.pixels, by_spp[10].pixels)


@pytest.mark.usefixtures("slow_calls")
@pytest.mark.parametrize("tiles", [1, 9, 24])  # of 20 in each of two passes; some ten run ahead
def test_an_interrupted_image_has_whole_samples_and_goes_on(by_spp, tiles):
    settings = {**SIZE, "tile_size": 16}
    told = []

    def interrupt(tile):
        told.append(tile)
        if len(told) == tiles:
            _thread.interrupt_main()

    image = rw.render(SCENE, spp=10, passes=2, on_tile=interrupt, on_interrupt="return", **settings)
    counts = image.state.film.spp
    assert image.spp == counts.min() < 10
    assert counts.max() > 0
    for n in np.unique(counts):
        if n > 0:
            there = counts == n
            np.testing.assert_array_equal(image.pixels[there], by_spp[int(n)].pixels[there])
        else:
            assert not image.pixels[counts == 0].any()
    if counts.min() != counts.max():
        with pytest.raises(rw.PictureError, match="its own tile_size=16"):
            rw.render(SCENE, spp=10, resume=image, **{**settings, "tile_size": 64})
    finished = rw.render(SCENE, spp=10, resume=image, **settings)
    np.testing.assert_array_equal(finished.pixels, by_spp[10].pixels)


INTERRUPTED = """
import threading, sys
import raywidget as rw
scene = rw.presets.cornell()
rw.render(scene, width=32, height=32, spp=1)
print("ready", flush=True)
try:
    rw.render(scene, width=64, height=64, spp=10**7, passes=1)
except KeyboardInterrupt:
    print([t.name for t in threading.enumerate()], flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs signals between processes")
def test_ctrl_c_from_outside():
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.3)
        begin = time.monotonic()
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=HANG)
        assert time.monotonic() - begin < HANG
    finally:
        child.kill()
    assert (out, err, child.returncode) == ("['MainThread']\n", "", 0)


# --- Arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widht": 3}, "unknown setting 'widht'"),
        ({"width": 0}, "width: expected 1 to"),
        ({"spp": 1.5}, "spp: expected an integer"),
        ({"on_interrupt": "maybe"}, "on_interrupt: expected 'raise' or 'return'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(rw.SettingsError, match=message):
        rw.render(SCENE, **arguments)


@pytest.mark.parametrize("display", [{"curve": "wavy"}, {"exposure": "bright"}])
def test_wrong_display_settings_are_refused_at_once(display):
    with pytest.raises(rw.PictureError):
        rw.render(SCENE, spp=10**9, **display)


@pytest.mark.parametrize(
    ("scene", "message"),
    [
        (None, "expected a path, a Scene, a shape"),
        (rw.presets.cornell, r"got a function; write cornell\(\)"),
        (rw.between(SCENE, SCENE), r"got a function; .* write Moving\(between\("),
        (functools.partial(lambda room, time: room, SCENE), "got a function; if it is"),
        ("cornell", "must be a file of type"),
        ([], "got an empty list"),
    ],
)
def test_what_is_no_scene(scene, message):
    with pytest.raises(rw.SceneError, match=message):
        rw.render(scene)


def test_the_signature_lists_every_setting():
    parameters = inspect.signature(rw.render).parameters
    for name in ("width", "height", "spp", "max_depth", "seed", "passes", "threads", "tile_size"):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert next(iter(parameters)) == "scene"
    assert parameters["spp"].default == rw.RenderSettings().spp


def test_scenes_without_light_or_shapes():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 3), look_at=(0, 0, 0))
    with pytest.warns(rw.PictureWarning, match="no light"):
        nothing = rw.render(rw.Scene([], camera=camera), width=8, height=8, spp=2)
    assert not nothing.pixels.any()
    sky = rw.ConstantEnvironment((0.25, 0.5, 1.0))
    image = rw.render(rw.Scene([], emitters=[sky], camera=camera), width=9, height=5, spp=3)
    np.testing.assert_array_equal(image.pixels, np.broadcast_to((0.25, 0.5, 1.0), (5, 9, 3)))


def test_warmup_tells_what_it_compiles(capsys):
    told = []
    seconds = rw.warmup(integrators=["path", "ao"], progress=told.append)
    assert seconds >= 0.0
    steps = [f"{name}, {scenes}" for name in ("path", "ao") for scenes in SCENES]
    assert [line.removesuffix(" ...") for line in told[0:8:2]] == steps
    assert [re.sub(r": \d+\.\d s$", "", line) for line in told[1:8:2]] == steps
    assert re.fullmatch(r"\d+\.\d s in all; kernels are in .*kernels-\w+", told[8])
    assert rw.warmup() >= 0.0
    assert capsys.readouterr().out == ""
    rw.warmup(progress=True)
    assert "path, all other scenes: " in capsys.readouterr().out


SCENES = ("plain scenes", "all other scenes")


def test_warmup_of_an_integrator_that_there_is_not():
    with pytest.raises(rw.SettingsError, match=r"expected 'all' or names of path, .*got 'paths'"):
        rw.warmup(integrators="paths")
