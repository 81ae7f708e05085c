"""What rendering elsewhere costs: against threads, at home, and with many simulated workers."""

from __future__ import annotations

import heapq
import multiprocessing
import os
import pickle
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any

import numpy as np

import raywidget as rw
from benchmarks import scenes
from benchmarks.harness import Table
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

PACE = 0.3e-6  # seconds for a sample of a pixel, about that of a Cornell box on one core
SIMULATED = (1, 10, 100, 300, 1000)
SECONDS = 6.0  # that each crowd is watched for
PICTURE = {"width": 640, "height": 480, "spp": 64}


def measure(repeats: int) -> list[Table]:
    """Throughput, the share of home, and how many workers a home can feed."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as executor:
        against = [
            _against_threads("Cornell, 640x480, 64 spp", scenes.cornell, executor, repeats),
            _against_threads("a new mesh of 328,000 triangles each time", _mesh, executor, repeats),
        ]
    return [*against, _crowds()]


_made = 0


def _mesh() -> rw.Scene:
    """One that no worker has seen: its tables are to be sent."""
    global _made
    _made += 1
    return scenes.room(scenes.bumpy_sphere(328_000, radius=1.0 - 1e-3 * _made))


def _against_threads(name: str, make: Any, executor: Any, repeats: int) -> Table:
    table = Table(f"{name}: two worker processes, two threads of one")
    rw.render(make(), executor=executor, **PICTURE)  # warm
    for _ in range(repeats):
        scene = make()
        wall, alone, _ = _timed(scene, None)
        there, home, others = _timed(scene, executor)
        table.add("seconds, two threads", wall)
        table.add("seconds, two processes", there)
        table.add("throughput, processes by threads", wall / there)
        table.add("CPU seconds, threads by processes and home", alone / (home + others))
        table.add("CPU of home / CPU of all (without compiling the scene)", home / (home + others))
    return table


def _timed(scene: rw.Scene, executor: Any) -> tuple[float, float, float]:
    """Seconds from tables to picture, and of CPU: in this process, and in its children."""
    settings = RenderSettings.for_scene(scene.defaults, {**PICTURE, "threads": 2})
    ready = threading.Event()

    def on_state() -> None:
        if session.current().state != "compiling":
            ready.set()

    session = Session(scene, settings, executor=executor, on_state=on_state)
    try:
        session.start()
        while session.current().state == "compiling":
            ready.wait(0.001)
        begin, cpu = time.perf_counter(), time.process_time()
        others = _children(executor)
        session.wait()
        wall, home = time.perf_counter() - begin, time.process_time() - cpu
        others = _children(executor) - others
    finally:
        session.close()
    return wall, home, others


def _children(executor: Any) -> float:
    """CPU seconds of a pool's processes so far."""
    ticks = 0
    for process in executor._processes if executor is not None else ():
        with open(f"/proc/{process}/stat") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Crowd(Executor):
    """So many workers whose kernel does nothing; messages are pickled, and sent to a process."""

    def __init__(self, count: int) -> None:
        self._max_workers = count
        self._waiting: dict[int, Future[Any]] = {}
        self._count = 0
        context = multiprocessing.get_context("spawn")
        self._channel, there = context.Pipe()
        self._process = context.Process(target=_be_a_crowd, args=(there, count), daemon=True)
        self._process.start()
        self._channel.recv_bytes()
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()
        self.bytes = [0, 0]

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._count += 1
        self._waiting[self._count] = future
        message = pickle.dumps((self._count, args[0]), protocol=5)
        self.bytes[0] += len(message)
        self._channel.send_bytes(message)
        return future

    def _hear(self) -> None:
        while True:
            try:
                message = self._channel.recv_bytes()
            except (EOFError, OSError):
                return
            self.bytes[1] += len(message)
            number, answer = pickle.loads(message)
            future = self._waiting.pop(number)
            if future.set_running_or_notify_cancel():
                future.set_result(answer)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._process.kill()
        self._process.join()
        self._channel.close()


def _be_a_crowd(channel: Any, count: int) -> None:
    """Answer each order when one of so many workers would have done it."""
    channel.send_bytes(b"here")
    free = [(0.0, f"worker {k}") for k in range(count)]
    due: list[tuple[float, int, bytes]] = []
    while True:
        now = time.monotonic()
        while due and due[0][0] <= now:
            channel.send_bytes(heapq.heappop(due)[2])
        if not channel.poll(max(0.0, min(0.05, due[0][0] - now)) if due else 0.05):
            continue
        number, order = pickle.loads(channel.recv_bytes())
        done, samples = [], 0
        for _, _, width, height, _, spp, sums, swings, _ in order["pieces"]:
            if sums is None:
                sums, swings = np.ones((height, width, 3)), np.ones((height, width, 3), "f4")
            samples += width * height * spp
            done.append((spp, sums, swings, None, []))
        at, name = heapq.heappop(free)
        at = max(at, time.monotonic()) + PACE * samples
        heapq.heappush(free, (at, name))
        answer = {"worker": name, "done": done, "rays": 0, "dropped": 0, "seconds": PACE * samples}
        heapq.heappush(due, (at, number, pickle.dumps((number, answer), protocol=5)))


def _crowds() -> Table:
    table = Table("Simulated workers, 1920x1080: what one home adds up")
    for count in SIMULATED:
        crowd = Crowd(count)
        settings = RenderSettings(width=1920, height=1080, spp=1 << 20, threads=1, passes=1)
        session = Session(scenes.cornell(), settings, executor=crowd)
        try:
            session.start()
            while session.progress().samples == 0:
                session.wait(0.01)
            session.wait(1.5)
            samples, sent, spent = session.progress().samples, crowd._count, time.process_time()
            moved = sum(crowd.bytes)
            begin = time.perf_counter()
            session.wait(SECONDS)
            seconds = time.perf_counter() - begin
            taken = session.progress().samples - samples
            row = f"{count:,} workers: "
            table.add(row + "orders a second", (crowd._count - sent) / seconds)
            table.add(row + "of them at work", taken * PACE / seconds)
            table.add(row + "cores of home", (time.process_time() - spent) / seconds)
            table.add(row + "megabytes a second", (sum(crowd.bytes) - moved) / seconds / 1e6)
        finally:
            session.close()
            crowd.shutdown()
    return table


if __name__ == "__main__":
    for table in measure(3):
        table.print()
