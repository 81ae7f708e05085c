"""Work on large arrays in several threads: numpy and compiled code let go of Python's lock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

THREAD_NAME = "raywidget-build"

# Below this many primitives a build takes a few milliseconds, and threads would cost as much.
WORTH_THREADS = 20_000


def run_all(tasks: Sequence[Callable[[], T]], threads: int) -> list[T]:
    """Call all; what one raises is raised here, when all have ended."""
    if threads == 1 or len(tasks) < 2:
        return [task() for task in tasks]
    with ThreadPoolExecutor(threads, thread_name_prefix=THREAD_NAME) as pool:
        futures = [pool.submit(task) for task in tasks]
    return [future.result() for future in futures]


def in_ranges(work: Callable[[int, int], object], count: int, threads: int) -> None:
    """Call ``work(first, last)`` for ranges that together are ``range(count)``."""
    if count < WORTH_THREADS:
        threads = 1
    ends = [count * k // threads for k in range(threads + 1)]

    def task(k: int) -> Callable[[], object]:
        return lambda: work(ends[k], ends[k + 1])

    run_all([task(k) for k in range(threads)], threads)
