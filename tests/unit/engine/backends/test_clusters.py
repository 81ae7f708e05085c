"""A real Dask cluster, MPI and the command line; workers and schedulers that go away."""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster

import raywidget as rw
from raywidget.cli import main
from raywidget.engine.backends.pools import DaskPool
from raywidget.engine.backends.starting import executor_for
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

pytestmark = pytest.mark.usefixtures("no_workers_left")

HANG = 400.0
SCENE = rw.presets.cornell()
CHOSEN = {"width": 96, "height": 64, "spp": 512, "tile_size": 32, "threads": 2, "seed": 3}
SETTINGS = RenderSettings.for_scene(SCENE.defaults, CHOSEN)


@pytest.fixture(scope="module")
def reference():
    return rw.render(SCENE, **CHOSEN)


@pytest.fixture
def cluster():
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        silence_logs=60,
    ) as made:
        yield made


def finish(client, meanwhile, reference):
    session = Session(SCENE, SETTINGS, executor=client)
    try:
        session.start()
        deadline = time.monotonic() + HANG
        while session.progress().samples == 0:
            assert time.monotonic() < deadline
            assert not session.wait(0.002), "it was done before anything could happen"
        meanwhile()
        assert session.wait(HANG)
        image = session.image()
        np.testing.assert_array_equal(image.state.film.sums, reference.state.film.sums)
        assert image.statistics["samples"] == reference.statistics["samples"]
        return session.notes()
    finally:
        session.close()


def test_a_worker_of_a_cluster_that_is_killed_is_done_without(cluster, reference):
    with Client(cluster) as client:
        processes = list(client.run(os.getpid).values())
        notes = finish(client, lambda: os.kill(processes[0], signal.SIGKILL), reference)
        assert not any("goes on in this process" in note for note in notes)


def test_a_scheduler_that_goes_away_leaves_the_rest_to_threads(cluster, reference):
    with Client(cluster) as client:
        notes = finish(client, cluster.close, reference)
    assert any("goes on in this process" in note for note in notes)


def test_a_cluster_has_the_size_of_last_time_when_its_scheduler_has_gone_away(cluster):
    with Client(cluster) as client:
        client.wait_for_workers(2)
        pool = DaskPool(client)
        assert pool.size() == 2
        cluster.close()
        client.close()
        assert pool.size() == 2


def test_an_asynchronous_client_is_refused(cluster):
    async def ask():
        async with Client(cluster.scheduler_address, asynchronous=True) as client:
            with pytest.raises(rw.SettingsError, match="asynchronous"):
                rw.render(SCENE, executor=client, **CHOSEN)
            return True

    assert asyncio.run(ask())


def test_the_command_line_renders_on_a_cluster_and_in_processes(cluster, tmp_path, capsys):
    size = ["--width", "48", "--height", "32", "--spp", "8"]
    names = []
    for name, where in (
        ("here", []),
        ("cluster", ["--dask", cluster.scheduler_address]),
        ("processes", ["--workers", "2"]),
    ):
        names.append(tmp_path / f"{name}.png")
        assert main(["render", "cornell", "-o", str(names[-1]), *size, *where]) == 0
    said = capsys.readouterr().out
    assert "threads" in said
    assert "workers" in said
    here, *others = (path.read_bytes() for path in names)
    assert others == [here, here]


def test_wrong_numbers_and_addresses_are_told(capsys):
    assert main(["render", "cornell", "--workers", "0"]) == 2
    assert "expected 1 to 1,024, got 0" in capsys.readouterr().err
    with pytest.raises(rw.SettingsError, match="no scheduler answers"), executor_for(None, "x:1"):
        pass


MPI = """
import numpy as np, raywidget as rw
from mpi4py.futures import MPIPoolExecutor
if __name__ == "__main__":
    chosen = dict(width=48, height=32, spp=8)
    here = rw.render(rw.presets.cornell(), **chosen)
    with MPIPoolExecutor(2) as executor:
        there = rw.render(rw.presets.cornell(), executor=executor, **chosen)
    assert np.array_equal(here.state.film.sums, there.state.film.sums)
    print("the same, by", there.statistics["workers"])
"""


def test_processes_of_mpi_make_the_same_picture(tmp_path):
    if shutil.which("mpiexec") is None or importlib.util.find_spec("mpi4py") is None:
        return  # there is nothing to be shown on a machine without MPI
    script = tmp_path / "with_mpi.py"
    script.write_text(MPI)
    command = ["mpiexec", "--allow-run-as-root", "--oversubscribe", "-n", "3"]
    done = subprocess.run(
        [*command, sys.executable, "-m", "mpi4py.futures", str(script)],
        env={**os.environ, "PYTHONPATH": str(Path(rw.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert "the same, by" in done.stdout, done.stderr
