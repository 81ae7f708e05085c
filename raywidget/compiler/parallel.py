"""Work that threads share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

_WORTH_THREADS = 10_000

Result = TypeVar("Result")


def begin(threads: int, work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin something in another thread, if there may be one; what is returned waits for it."""
    if threads == 1:
        result = work()
        return lambda: result
    pool = ThreadPoolExecutor(1, thread_name_prefix="raywidget-build")
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future.result


def in_parts(count: int, threads: int, work: Callable[[int, int], object]) -> None:
    """Call ``work(first, last)`` for the parts of ``range(count)``, each in a thread of its own.

    What comes of it must not depend on where the parts end. The last one is done here; if there is
    little to do, all of it.
    """
    if threads == 1 or count < _WORTH_THREADS:
        work(0, count)
        return
    *parts, last = pairwise([count * k // threads for k in range(threads + 1)])
    with ThreadPoolExecutor(threads - 1, thread_name_prefix="raywidget-build") as pool:
        others = [pool.submit(work, *part) for part in parts]
        work(*last)
        for done in others:
            done.result()


def one_by_one(
    sizes: Sequence[int], threads: int, work: Callable[[int, int], Result]
) -> list[Result]:
    """Call ``work(k, threads)`` for things of such sizes; its results, in their order.

    Those that are large beside all others together are given all threads, one after the other; the
    others one each.
    """
    results: dict[int, Result] = {}
    most = sum(sizes) / (2 * threads)
    small = [k for k, size in enumerate(sizes) if threads > 1 and size <= most]
    for k in sorted({*range(len(sizes))}.difference(small)):
        results[k] = work(k, threads)
    if small:
        with ThreadPoolExecutor(threads, thread_name_prefix="raywidget-build") as pool:
            results |= zip(small, pool.map(lambda k: work(k, 1), small), strict=True)
    return [results[k] for k in range(len(sizes))]
