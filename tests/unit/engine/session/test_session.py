"""The background render: whatever is done to it, the picture stays the same to the bit."""

import os
import random
import sys
import threading
import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.renderer import Rendered, Renderer
from raywidget.engine.session import accumulation
from raywidget.engine.session.session import Session
from raywidget.engine.settings import SAMPLERS, RenderSettings
from raywidget.errors import PictureError, RenderError, SettingsError

pytestmark = pytest.mark.usefixtures("no_workers_left")

HANG = 240.0  # seconds after which something hangs
SETTINGS = RenderSettings(width=70, height=50, spp=10, max_depth=6, tile_size=32, threads=2, seed=3)
SCENE = rw.presets.cornell()


@pytest.fixture(scope="module")
def reference():
    return finish(SETTINGS.replace(threads=1, passes=1))


@pytest.fixture
def opened():
    """Make sessions that are closed in the end."""
    sessions = []

    def open_session(settings=SETTINGS, scene=SCENE, **options):
        sessions.append(Session(scene, settings, **options))
        return sessions[-1]

    yield open_session
    for session in sessions:
        session.close()


@pytest.fixture
def slow_calls(monkeypatch):
    """Calls of one sample that take some milliseconds, so that much can happen between them."""
    real = Renderer.render_together

    def slowly(self, tiles, *rest):
        time.sleep(0.002 if tiles else 0.0)
        return real(self, tiles, *rest)

    monkeypatch.setattr(Renderer, "render_together", slowly)
    monkeypatch.setattr(accumulation, "CALL_SECONDS", 0.0)


def finish(settings, scene=SCENE, **options):
    session = Session(scene, settings, **options)
    session.start()
    assert session.wait(HANG)
    image = session.image()
    session.close()
    return image


def wait_until(condition):
    deadline = time.monotonic() + HANG
    while not condition():
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.001)


def same(image, reference):
    np.testing.assert_array_equal(image.state.film.sums, reference.state.film.sums)
    np.testing.assert_array_equal(image.pixels, reference.pixels)


# --- One picture, however it is made --------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("tile_size", [16, 33, 64])
def test_threads_and_tiles_change_no_bit(reference, threads, tile_size):
    same(finish(SETTINGS.replace(threads=threads, tile_size=tile_size)), reference)


@pytest.mark.parametrize("passes", [None, 1, 3, 10])
@pytest.mark.parametrize("seconds", [0.0, 1e-4, 10.0])
def test_passes_and_sizes_of_calls_change_no_bit(reference, passes, seconds, monkeypatch):
    monkeypatch.setattr(accumulation, "CALL_SECONDS", seconds)
    same(finish(SETTINGS.replace(passes=passes)), reference)


@pytest.mark.parametrize("options", [{}, {"alpha": True}, {"noise": 0.3}, {"tile_size": 8}])
@pytest.mark.parametrize("threads", [1, 3])
def test_tiles_that_are_rendered_together_change_no_bit(options, threads, monkeypatch):
    settings = SETTINGS.replace(tile_size=16).replace(**options)
    monkeypatch.setattr(accumulation, "TOGETHER_SECONDS", 0.0)
    alone = finish(settings.replace(threads=1))
    monkeypatch.setattr(accumulation, "TOGETHER_SECONDS", 60.0)
    together = []
    real = Renderer.render_together

    def count(self, tiles, *rest):
        together.append(len(tiles))
        return real(self, tiles, *rest)

    monkeypatch.setattr(Renderer, "render_together", count)
    image = finish(settings.replace(threads=threads))
    same(image, alone)
    if settings.alpha:
        np.testing.assert_array_equal(image.alpha, alone.alpha)
    assert image.statistics["rays"] == alone.statistics["rays"]
    assert max(together) > 1


def test_tiles_that_were_begun_together_are_left_together(opened, monkeypatch):
    # Whoever looks finds whole samples; what was broken off is done again.
    monkeypatch.setattr(accumulation, "TOGETHER_SECONDS", 60.0)
    settings = SETTINGS.replace(tile_size=8, spp=200, passes=200)
    session = opened(settings)
    session.start()
    for _ in range(20):
        time.sleep(0.005)
        session.stop()
        state = session.image().state.film
        assert session.progress().samples >= state.samples()
        session.start()
    session.stop()
    assert all(part.counts is None for part in session.image().state.film.parts)
    session.start()
    assert session.wait(HANG)
    same(session.image(), finish(settings.replace(passes=1)))


def test_what_names_the_picture_changes_it(reference):
    changes = {"seed": 4, "max_depth": 5, "next_event": False, "roulette": False}
    others = set(SAMPLERS) - {"auto", SETTINGS.sampler}
    for name, value in (*changes.items(), *(("sampler", other) for other in others)):
        other = finish(SETTINGS.replace(**{name: value}))
        assert np.any(other.pixels != reference.pixels), name


def test_listeners_change_no_bit(reference):
    updates, states = [], []
    image = finish(
        SETTINGS, on_tile=updates.append, on_state=lambda: states.append(time.perf_counter())
    )
    same(image, reference)
    assert len(updates) == 6 * 5
    assert len(states) >= 3


@pytest.mark.usefixtures("slow_calls")
def test_pauses_change_no_bit(reference, opened):
    chance = random.Random(1)
    session = opened()
    session.start()
    pauses = 0
    while not session.wait(chance.uniform(0.0, 0.005)):
        session.pause()
        pauses += session.current().state == "paused"
        time.sleep(chance.uniform(0.0, 0.005))
        session.resume()
    assert pauses > 5
    same(session.image(), reference)
    assert session.progress().samples == 70 * 50 * 10


@pytest.mark.usefixtures("slow_calls")
def test_stops_change_no_bit(reference, opened):
    chance = random.Random(2)
    session = opened()
    stops, patience = 0, 0.01
    while session.current().state != "done":
        session.start() if chance.random() < 0.5 else session.resume()
        session.wait(chance.uniform(0.0, patience))
        session.stop()
        stops += session.current().state == "stopped"
        patience *= 1.02  # on a busy machine nothing might get done in so short a time
    assert stops > 5
    same(session.image(), reference)
    assert session.progress().samples == 70 * 50 * 10


@pytest.mark.usefixtures("slow_calls")
def test_a_stopped_film_holds_whole_samples(opened):
    by_spp = {n: finish(SETTINGS.replace(spp=n, passes=1)).state.film.sums for n in range(1, 11)}
    session = opened(SETTINGS.replace(passes=1))
    chance = random.Random(4)
    seen, patience = set(), 0.012
    while session.current().state != "done":
        session.start()
        session.wait(chance.uniform(0.002, patience))
        session.stop()
        patience *= 1.05  # on a busy machine nothing might get done in so short a time
        time.sleep(0.01)  # let the workers publish what they have
        film = session.current().film
        if film is None:
            continue
        state = film.state()
        for tile in film.tiles:
            part = np.s_[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
            (spp,) = np.unique(state.spp[part])
            if spp > 0:
                np.testing.assert_array_equal(state.sums[part], by_spp[int(spp)][part])
            seen.add(int(spp))
    assert len(seen) > 3


@pytest.mark.parametrize("steps", [(4, 10), (1, 2, 3, 10), (9, 10), (8, 10)])
def test_going_on_with_an_image_is_like_never_having_stopped(reference, steps):
    state = None
    for spp in steps:
        image = finish(SETTINGS.replace(spp=spp), resume=state)
        assert image.spp == spp
        state = image.state
    same(image, reference)


@pytest.mark.parametrize("passes", [None, 1, 3])
def test_more_samples_are_like_having_wanted_them_at_once(reference, opened, passes):
    session = opened(SETTINGS.replace(spp=4, passes=passes))
    session.start()
    session.wait(HANG)
    session.extend(3)
    session.extend(3)
    assert session.current().settings.spp == 10
    assert session.wait(HANG)
    same(session.image(), reference)
    assert session.progress().goal == session.progress().samples == 70 * 50 * 10


def test_more_samples_before_the_end(reference, opened):
    session = opened(SETTINGS.replace(spp=4))
    session.extend(1)  # before it has begun
    session.start()
    session.extend(5)  # while it goes on
    assert session.wait(HANG)
    same(session.image(), reference)


@pytest.mark.parametrize("none", [0, -4])
def test_no_more_samples_are_no_reason_to_go_on(opened, none):
    session = opened(SETTINGS.replace(spp=4))
    session.start()
    assert session.wait(HANG)
    with pytest.raises(SettingsError, match=f"expected a number > 0, got {none}"):
        session.extend(none)
    assert session.wait(HANG)
    assert session.image().spp == 4


def test_8_spp_are_8_samples():
    # The reference stops every pixel after one sample here, taking no variance for no noise.
    for passes in (None, 1, 8):
        image = finish(SETTINGS.replace(spp=8, passes=passes))
        assert np.all(image.state.film.spp == 8)
        assert image.statistics["samples"] == 8 * 70 * 50
        assert image.statistics["rays"] > 8 * 70 * 50


def test_an_image_resumes_with_its_own_samples_only(reference):
    half = finish(SETTINGS.replace(spp=4))
    with pytest.raises(PictureError, match="another Scene object"):
        Session(rw.presets.cornell(), SETTINGS, resume=half.state)
    for change in ({"seed": 9}, {"width": 71}, {"max_depth": 3}):
        with pytest.raises(PictureError, match="must stay the same"):
            Session(SCENE, SETTINGS.replace(**change), resume=half.state)
    how = SETTINGS.replace(tile_size=16, threads=1, passes=2)
    same(finish(how, resume=half.state), reference)


# --- States ---------------------------------------------------------------------------------------


def test_states_of_a_render(opened):
    seen = []
    session = opened(on_state=lambda: seen.append(session.current().state))
    assert session.current().state == "stopped"
    session.start()
    session.wait(HANG)
    wait_until(lambda: seen[-1] == "done")
    assert seen[0] in ("compiling", "running")
    session.pause()
    session.stop()
    assert session.current().state == "done"
    session.close()
    assert seen[-1] == "closed"
    for late in (session.start, session.resume, session.restart, session.pause, session.stop):
        late()
        assert session.current().state == "closed"
    session.extend(3)
    assert session.current().settings.spp == 10


def test_a_pause_holds_the_workers(opened, monkeypatch):
    monkeypatch.setattr(accumulation, "CALL_SECONDS", 0.0)
    session = opened(SETTINGS.replace(spp=10_000))
    session.start()
    wait_until(lambda: session.progress().samples > 0)
    session.pause()
    time.sleep(0.2)  # longer than any call
    before = session.progress()
    time.sleep(0.2)
    assert session.progress() == before  # the clock stands still as well
    session.resume()
    wait_until(lambda: session.progress().samples > before.samples)


def test_a_pause_at_the_very_end_is_no_hang(opened):
    session = opened(SETTINGS.replace(spp=1, tile_size=128), on_tile=lambda update: session.pause())
    session.start()
    wait_until(lambda: session.current().state == "paused")
    wait_until(lambda: session.image().spp == 1)
    time.sleep(0.1)
    session.resume()
    assert session.wait(HANG)
    assert session.current().state == "done"


def test_a_pause_while_it_compiles(opened, monkeypatch):
    at_work, go = threading.Event(), threading.Event()
    compile_kernels = Renderer.compile_kernels

    def slowly(self):
        at_work.set()
        go.wait(HANG)
        compile_kernels(self)

    monkeypatch.setattr(Renderer, "compile_kernels", slowly)
    session = opened()
    session.start()
    at_work.wait(HANG)
    assert session.current().state == "compiling"
    assert session.current().film is None
    session.pause()
    go.set()
    wait_until(lambda: session.current().film is not None)
    assert session.current().state == "paused"
    session.resume()
    assert session.wait(HANG)


def test_waiting_has_an_end(opened):
    session = opened(SETTINGS.replace(spp=100_000))
    session.start()
    begin = time.monotonic()
    assert not session.wait(0.05)
    assert time.monotonic() - begin < HANG
    assert not session.wait(0.0)


def test_closing_ends_all_threads_at_once(opened):
    # Deep paths in a closed white box: a sample takes long, and still nobody waits for the pass.
    box = rw.Scene(
        [
            rw.Box((0, 0, 0), (2, 2, 2), material=rw.Diffuse(1)),
            rw.Sphere((0, 0, 0), 0.1, emission=1),
        ],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 0.9), look_at=(0, 0, 0)),
    )
    session = opened(SETTINGS.replace(spp=100_000, passes=1, max_depth=500), box)
    session.start()
    wait_until(lambda: session.progress().samples > 0)
    assert any(t.name.startswith("raywidget-worker") for t in threading.enumerate())
    session.close()
    assert not any(t.name.startswith("raywidget-worker") for t in threading.enumerate())
    session.close()


# --- Failures -------------------------------------------------------------------------------------


def test_a_failure_reaches_who_waits(opened, monkeypatch):
    real = Renderer.render_together
    calls = []

    def fail(self, tiles, *rest):
        if tiles and len(calls) == 5:
            raise MemoryError("no more")
        calls.append(tiles)
        return real(self, tiles, *rest)

    monkeypatch.setattr(Renderer, "render_together", fail)
    states = []
    session = opened(on_state=lambda: states.append(session.current().state))
    session.start()
    with pytest.raises(RenderError, match="the render failed: MemoryError: no more") as error:
        session.wait(HANG)
    assert isinstance(error.value.__cause__, MemoryError)
    assert session.current().state == "failed"
    assert session.current().message == "MemoryError: no more"
    wait_until(lambda: "failed" in states)
    with pytest.raises(RenderError):
        session.wait(0.0)
    monkeypatch.undo()
    session.restart()
    assert session.wait(HANG)
    assert session.current().message is None


@pytest.mark.parametrize("where", ["compile_kernels", "on_tile"])
def test_failures_elsewhere_reach_who_waits_too(opened, monkeypatch, where):
    def fail(*_):
        raise ZeroDivisionError("oh")

    if where == "compile_kernels":
        monkeypatch.setattr(Renderer, "compile_kernels", fail)
    session = opened(on_tile=fail if where == "on_tile" else None)
    session.start()
    with pytest.raises(RenderError, match="ZeroDivisionError: oh"):
        session.wait(HANG)


# --- Restart --------------------------------------------------------------------------------------


def test_a_restart_begins_anew(reference, opened):
    session = opened(SETTINGS.replace(spp=100_000))
    session.start()
    wait_until(lambda: session.progress().samples > 0)
    first = session.current()
    session.restart(settings=SETTINGS)
    second = session.current()
    assert (first.generation, second.generation) == (1, 2)
    assert session.wait(HANG)
    assert session.current().film is not first.film
    same(session.image(), reference)
    session.restart(scene=SCENE.replace(camera=SCENE.camera.replace(vfov=30.0)))
    assert session.wait(HANG)
    assert session.current().generation == 3
    assert np.any(session.image().pixels != reference.pixels)
    session.restart(scene=SCENE)
    session.wait(HANG)
    same(session.image(), reference)


def test_late_work_of_an_old_generation_goes_nowhere(opened, monkeypatch, reference):
    # A worker that hangs in a call of the old generation comes back after the new one is done.
    real = Renderer.render_together
    held, go = threading.Event(), threading.Event()
    old = []

    def hold(self, tiles, before, after, *rest):
        if tiles and not held.is_set():
            held.set()
            old.append(tiles[0])
            go.wait(HANG)
            after[0].sums[:] += 1e6
            return Rendered(True, 1, 0)
        return real(self, tiles, before, after, *rest)

    monkeypatch.setattr(Renderer, "render_together", hold)
    updates = []
    session = opened(on_tile=updates.append)
    session.start()
    held.wait(HANG)
    session.restart()
    assert session.wait(HANG)
    after = session.progress()
    go.set()
    time.sleep(0.2)
    same(session.image(), reference)
    assert session.progress().samples == after.samples
    session.close()
    assert {u.generation for u in updates if u.generation > 1} == {2}
    late = [u for u in updates if u.generation == 1 and u.tile == old[0]]
    assert late == []


def test_many_restarts_end_in_the_last(reference, opened):
    session = opened()
    chance = random.Random(3)
    session.start()
    for k in range(30):
        camera = SCENE.camera.replace(vfov=30.0 + k % 20)
        session.restart(scene=SCENE.replace(camera=camera))
        time.sleep(chance.uniform(0.0, 0.01))
    session.restart(scene=SCENE)
    assert session.wait(HANG)
    assert session.current().generation == 32
    same(session.image(), reference)


def test_updates_say_what_can_be_read(opened):
    seen = []

    def look(update):
        state = session.current().film.read(update.tile)
        seen.append((update, state))

    session = opened(SETTINGS.replace(passes=3), on_tile=look)
    session.start()
    session.wait(HANG)
    assert sorted((u.pass_index, u.tile.index) for u, _ in seen) == [
        (p, t) for p in range(3) for t in range(6)
    ]
    by_spp = {
        n: finish(SETTINGS.replace(spp=n)).pixels for n in SETTINGS.replace(passes=3).pass_targets()
    }
    for update, state in seen:
        tile = update.tile
        assert update.generation == 1
        assert state.spp == update.spp
        assert state.version == update.pass_index + 1
        part = by_spp[update.spp][tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
        np.testing.assert_array_equal(state.pixels, part)


@pytest.mark.skipif(sys.platform != "linux", reason="priorities of threads are Linux's")
@pytest.mark.parametrize("give_way", [False, True])
def test_workers_give_way_only_where_they_are_asked_to(give_way):
    priorities = set()

    def note(update):
        priorities.add(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    here = os.getpriority(os.PRIO_PROCESS, 0)
    finish(SETTINGS, on_tile=note, give_way=give_way)
    assert os.getpriority(os.PRIO_PROCESS, 0) == here
    assert priorities == {min(here + 5, 19) if give_way else here}
