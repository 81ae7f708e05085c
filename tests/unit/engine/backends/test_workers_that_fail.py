"""Workers that die, hang, refuse, come back: the picture is the same, and nothing counts twice."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.backends import remote as remotes
from raywidget.engine.backends import worker
from raywidget.engine.backends.pools import Processes
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

pytestmark = pytest.mark.usefixtures("no_workers_left")

HANG = 400.0
SCENE = rw.presets.cornell()
CHOSEN = {"width": 96, "height": 64, "spp": 256, "tile_size": 32, "threads": 2, "seed": 3}
SETTINGS = RenderSettings.for_scene(SCENE.defaults, CHOSEN)


@pytest.fixture(scope="module")
def reference():
    return rw.render(SCENE, **CHOSEN)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(remotes, "LATE_SECONDS", 1.0)
    monkeypatch.setattr(remotes, "IDLE_SECONDS", 0.5)


def same(image, reference):
    np.testing.assert_array_equal(image.state.film.sums, reference.state.film.sums)
    np.testing.assert_array_equal(image.state.film.spp, reference.state.film.spp)
    assert image.statistics["samples"] == reference.statistics["samples"]


def spawned(count=2):
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def both_of(executor):
    """The two processes of a pool, once they are there: one may work before the other exists."""
    deadline = time.monotonic() + HANG
    while len(executor._processes) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return list(executor._processes)


def finish(executor, meanwhile, reference, when=0.05):
    """Render; call `meanwhile` when so large a share of it is done; the notes of the session."""
    session = Session(SCENE, SETTINGS, executor=executor)
    try:
        session.start()
        deadline = time.monotonic() + HANG
        while session.progress().samples < when * session.progress().goal:
            assert time.monotonic() < deadline
            assert not session.wait(0.002), "it was done before anything could happen"
        meanwhile()
        assert session.wait(HANG)
        same(session.image(), reference)
        return session.notes()
    finally:
        session.close()


def test_a_process_that_is_killed_ends_its_pool_and_threads_go_on(reference):
    executor = spawned()
    notes = finish(executor, lambda: os.kill(min(executor._processes), signal.SIGKILL), reference)
    assert len(notes) == 1
    assert "BrokenProcessPool" in notes[0]
    assert "goes on in this process" in notes[0]
    with pytest.warns(rw.ExecutorWarning, match="takes no more work"):  # it stays broken
        same(rw.render(SCENE, executor=executor, **CHOSEN), reference)
    executor.shutdown()


def test_processes_of_our_own_begin_anew(reference):
    executor = Processes(2)

    def kill():
        os.kill(min(executor._pool._processes), signal.SIGKILL)

    notes = finish(executor, kill, reference)
    executor.shutdown()
    assert notes == ["executor: a worker process has died; others were started"]


@pytest.mark.parametrize("count", [1, 2])
def test_processes_that_hang_are_done_without(reference, impatient, count):
    """With one of two stopped the other may go on, unless it waits for a lock; none waits long."""
    executor = spawned()
    stopped = []

    def stop():
        stopped.extend(both_of(executor)[:count])
        for process in stopped:
            os.kill(process, signal.SIGSTOP)

    try:
        notes = finish(executor, stop, reference)
    finally:
        for process in stopped:
            os.kill(process, signal.SIGCONT)
        executor.shutdown()
    if count == 2:
        assert len(notes) == 1
        assert "no worker has answered" in notes[0]


def test_who_comes_back_gets_the_rest(reference, impatient, monkeypatch):
    executor = spawned()
    session = Session(SCENE, SETTINGS.replace(spp=100_000, threads=1), executor=executor)
    try:
        session.start()
        while session.progress().samples == 0:
            assert not session.wait(0.01)
        stopped = both_of(executor)
        for process in stopped:
            os.kill(process, signal.SIGSTOP)
        try:
            await_note(session, "no worker has answered")
        finally:  # who is stopped can't be shut down
            for process in stopped:
                os.kill(process, signal.SIGCONT)
        await_note(session, "answer again")
    finally:
        session.close()
        executor.shutdown()


def await_note(session, text):
    deadline = time.monotonic() + HANG
    while not any(text in note for note in session.notes()):
        assert time.monotonic() < deadline, session.notes()
        assert not session.wait(0.02)


class Faulty(ThreadPoolExecutor):
    """Threads that do `carry_out` wrongly now and then."""

    def __init__(self, spoil):
        super().__init__(2)
        self.spoil = spoil
        self.count = 0

    def submit(self, fn, order, *args):
        self.count += 1
        count = self.count
        return super().submit(lambda: self.spoil(count, fn, order, *args))


def test_answers_that_come_twice_count_once(reference, monkeypatch):
    monkeypatch.setattr(remotes, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(remotes, "IDLE_TIMES", 0.0)
    monkeypatch.setattr(remotes, "LATE_SECONDS", 0.01)
    monkeypatch.setattr(remotes, "LATE_TIMES", 0.0)
    monkeypatch.setattr(remotes.Remote, "_rest", lambda self, why: None)
    sent = []

    def note(count, fn, order, *args):
        sent.append(order["pieces"][0][:6])
        return fn(order, *args)

    with Faulty(note) as executor:
        finish(executor, lambda: None, reference)
    assert len(sent) > len(set(sent)), "nothing was sent twice"


def test_orders_that_fail_are_sent_again(reference):
    def fail(count, fn, order, *args):
        if count % 3 == 0:
            raise OSError("no room")
        return fn(order, *args)

    with Faulty(fail) as executor:
        assert finish(executor, lambda: None, reference) == []


def test_where_all_fail_threads_of_this_process_go_on(reference):
    def fail(count, fn, order, *args):
        raise ModuleNotFoundError("No module named 'raywidget'")

    with Faulty(fail) as executor, pytest.warns(rw.ExecutorWarning, match="No module named"):
        image = rw.render(SCENE, executor=executor, **CHOSEN)
    same(image, reference)


def test_another_version_is_refused_with_a_word(reference, monkeypatch):
    monkeypatch.setattr(worker, "REFUSAL_SECONDS", 0.01)

    def old(count, fn, order, *args):
        return fn({**order, "stamp": "0.0.9 (abc)"}, *args)

    with Faulty(old) as executor, pytest.warns(rw.ExecutorWarning) as told:
        image = rw.render(SCENE, executor=executor, **CHOSEN)
    same(image, reference)
    words = " ".join(str(item.message) for item in told)
    assert "does not take part: it has raywidget" in words
    assert "not 0.0.9 (abc)" in words
    assert "goes on in this process" in words


def test_another_width_of_vectors_is_told(reference, monkeypatch):
    """Half of the workers do not fit: the others do it all."""
    monkeypatch.setattr(worker, "REFUSAL_SECONDS", 0.01)

    def mixed(count, fn, order, *args):
        if count % 2:
            answer = fn({**order, "lanes": 3}, *args)
            return answer | {"worker": "other:1"}
        return fn(order, *args)

    with Faulty(mixed) as executor:
        notes = finish(executor, lambda: None, reference)
    assert len(notes) == 1
    assert "worker other:1 does not take part: its vectors have" in notes[0]
    assert "NUMBA_CPU_NAME" in notes[0]


def test_what_is_queued_is_withdrawn(monkeypatch):
    """After a stop nothing begins any more."""
    begun, gate = [], threading.Event()

    def wait(count, fn, order, *args):
        begun.append(count)
        gate.wait(HANG)
        return fn(order, *args)

    with Faulty(wait) as executor:
        large = SETTINGS.replace(width=640, height=480)
        session = Session(SCENE, large, executor=executor)
        session.start()
        deadline = time.monotonic() + HANG
        while len(begun) < 2 or executor._work_queue.qsize() < 2:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        session.close()
        gate.set()
    assert begun == [1, 2]


def test_the_only_answer_counts_once_whoever_gives_it():
    """A future that is done twice over, as those of a scheduler that has lost its mind."""
    pool = type("P", (), {"names": set(), "size": lambda self: 1})()
    remote = remotes.Remote(pool)
    parcel = object()
    errand = remotes.Errand(parcel, [], 0.1)
    attempt = remotes._Attempt(errand, 1, 0.0)
    future = Future()
    future.set_result({"worker": "a", "done": []})
    assert remote._look_at(attempt, future) is not None
    assert remote._look_at(attempt, future) is None
