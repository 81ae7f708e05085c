"""The same picture, bit for bit, whoever renders it: threads, processes, a cluster."""

import multiprocessing
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

pytestmark = pytest.mark.usefixtures("no_workers_left")

KINDS = ("threads", "spawn", "forkserver", "loky", "dask", "dask executor")
SIZE = {"width": 70, "height": 50, "tile_size": 32, "threads": 2, "seed": 3}


@pytest.fixture(scope="module")
def executors():
    """Make each kind once, when it is first asked for."""
    made, undo = {}, []

    def client():
        from distributed import Client, LocalCluster

        if "dask" not in made:
            cluster = LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=50,
            )
            made["dask"] = Client(cluster)
            undo.extend([made["dask"].close, cluster.close])
        return made["dask"]

    def make(kind):
        if kind == "threads":
            return ThreadPoolExecutor(2)
        if kind == "loky":
            from loky import ProcessPoolExecutor as Loky

            return Loky(2)
        if kind == "dask executor":
            return client().get_executor()
        return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(kind))

    def get(kind):
        if kind == "dask":
            return client()
        if kind not in made:
            made[kind] = make(kind)
            undo.insert(0, made[kind].shutdown)
        return made[kind]

    yield get
    for step in undo:
        step()


@pytest.fixture(params=KINDS)
def executor(request, executors):
    return executors(request.param)


def same(image, reference):
    film, expected = image.state.film, reference.state.film
    np.testing.assert_array_equal(film.spp, expected.spp)
    np.testing.assert_array_equal(film.sums, expected.sums)
    np.testing.assert_array_equal(film.swings, expected.swings)
    np.testing.assert_array_equal(image.pixels, reference.pixels)
    if expected.splats is not None:
        np.testing.assert_array_equal(film.splats, expected.splats)
    if expected.coverage() is not None:
        np.testing.assert_array_equal(film.coverage(), expected.coverage())
    for name, array in reference.aovs.items():
        np.testing.assert_array_equal(image.aovs[name], array)


def test_all_kinds_of_executors_make_the_same_picture(executor):
    scene = rw.presets.cornell()
    image = rw.render(scene, spp=20, executor=executor, **SIZE)
    same(image, rw.render(scene, spp=20, **SIZE))
    assert image.statistics["workers"] >= 1
    assert "workers" not in rw.render(scene, spp=1, **SIZE).statistics


CASES = {
    "a mesh": (lambda: rw.presets.dragon(), {}),
    "textures": (lambda: rw.presets.materials(), {}),
    "splats": (lambda: rw.presets.cornell(), {"integrator": "bdpt"}),
    "alpha": (lambda: rw.presets.spheregrid(), {"alpha": True}),
    "adaptive": (lambda: rw.presets.cornell(), {"adaptive": True, "spp": 64}),
    "noise": (lambda: rw.presets.cornell(), {"noise": 0.5, "spp": 64}),
    "arrays": (lambda: rw.presets.cornell(), {"aovs": ("albedo", "depth", "denoise_normal")}),
    "a preview": (lambda: rw.presets.cornell(), {"integrator": "ao"}),
    "many passes": (lambda: rw.presets.cornell(), {"passes": 7, "filter": "gaussian"}),
}


@pytest.mark.parametrize("kind", ["spawn", "dask"])
@pytest.mark.parametrize("case", CASES)
def test_whatever_is_rendered_is_the_same(executors, case, kind):
    make, settings = CASES[case]
    scene, settings = make(), {"spp": 6, **SIZE, **settings}
    same(rw.render(scene, executor=executors(kind), **settings), rw.render(scene, **settings))


@pytest.mark.parametrize("kind", ["threads", "dask"])
def test_what_lies_in_memory_goes_along(executors, kind):
    """Grids of volumes are known to kernels by their addresses, which are others elsewhere."""
    numbers = np.random.default_rng(1).random((24, 20, 16)).astype(np.float32)
    scene = rw.studio(rw.Volume(numbers, spacing=0.1))
    settings = {"spp": 4, **SIZE}
    same(rw.render(scene, executor=executors(kind), **settings), rw.render(scene, **settings))


def test_each_tile_of_each_pass_is_told_of_once(executors):
    scene = rw.presets.cornell()
    told, passes = [], []
    settings = {"spp": 12, "passes": 4, **SIZE}
    image = rw.render(
        scene,
        executor=executors("spawn"),
        on_tile=told.append,
        on_pass=passes.append,
        **settings,
    )
    same(image, rw.render(scene, **settings))
    expected = {(x, y, p) for x in (0, 32, 64) for y in (0, 32) for p in range(4)}
    assert sorted((t.x, t.y, t.pass_index) for t in told) == sorted(expected)
    assert [p.spp for p in passes] == [1, 4, 7, 12]
    halfway = rw.render(scene, **{**settings, "spp": 4})
    np.testing.assert_array_equal(passes[1].image.pixels, halfway.pixels)


def test_a_picture_is_gone_on_with_elsewhere(executors):
    scene = rw.presets.cornell()
    begun = rw.render(scene, spp=5, **SIZE)
    image = rw.render(scene, spp=13, resume=begun, executor=executors("spawn"), **SIZE)
    same(image, rw.render(scene, spp=13, **SIZE))


def test_pause_stop_and_restart_lose_and_double_nothing(executors):
    scene = rw.presets.cornell()
    settings = RenderSettings.for_scene(scene.defaults, {**SIZE, "spp": 400})
    session = Session(scene, settings, executor=executors("spawn"))
    try:
        session.start()
        for _ in range(4):
            session.wait(0.15)
            session.pause()
            session.resume()
            session.wait(0.1)
            session.stop()
            assert session.wait(60.0)
            session.resume()
        session.restart(settings=settings.replace(seed=5))
        session.wait(0.2)
        session.restart(settings=settings)
        assert session.wait(300.0)
        image = session.image()
    finally:
        session.close()
    same(image, rw.render(scene, **{**SIZE, "spp": 400}))
    assert image.statistics["samples"] == 70 * 50 * 400


class Gated(ThreadPoolExecutor):
    """Work begins when the gate is opened."""

    def __init__(self):
        super().__init__(2)
        self.gate = threading.Event()

    def submit(self, function, /, *arguments, **keywords):
        def wait_and_work():
            self.gate.wait()
            return function(*arguments, **keywords)

        return super().submit(wait_and_work)


def test_what_was_withdrawn_leaves_its_place_when_it_comes_back():
    scene = rw.presets.cornell()
    settings = RenderSettings.for_scene(scene.defaults, {**SIZE, "spp": 100, "passes": 1})
    with Gated() as executor:
        session = Session(scene, settings, executor=executor)
        try:
            session.start()
            assert not session.wait(1.0)  # as many orders as there is room for are out
            session.restart(settings=settings.replace(seed=5))
            assert not session.wait(1.0)
            executor.gate.set()
            assert session.wait(60.0)
            image = session.image()
        finally:
            executor.gate.set()
            session.close()
    same(image, rw.render(scene, **{**SIZE, "spp": 100, "seed": 5}))


def test_a_callback_that_raises_ends_the_render(executors):
    def refuse(tile):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        rw.render(rw.presets.cornell(), executor=executors("spawn"), on_tile=refuse, **SIZE)


@pytest.mark.parametrize("wrong", [3, "tcp://127.0.0.1:8786", ThreadPoolExecutor, object()])
def test_what_is_no_executor_is_refused_at_once(wrong):
    with pytest.raises(rw.SettingsError, match="executor: expected a concurrent"):
        rw.render(rw.presets.cornell(), executor=wrong, **SIZE)
