"""Executors, as `remote` sees them: hand over an order, be told when there is an answer."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import suppress
from typing import Any, Protocol

from raywidget.engine.backends.orders import Order
from raywidget.engine.backends.parcel import Parcel
from raywidget.engine.backends.worker import carry_out
from raywidget.errors import SettingsError
from raywidget.scene.values.checks import show

UNKNOWN_SIZE = 4  # workers of an executor that does not say how many it has, to begin with
RENEWALS = 3  # of processes of our own that have died


class Future(Protocol):
    """What all executors have in common."""

    def result(self) -> Any:
        """The answer, or whatever was raised instead."""

    def cancel(self) -> Any:
        """Don't begin it, if it has not begun."""

    def add_done_callback(self, fn: Callable[[Any], Any], /) -> Any:
        """Call this when there is an answer, in whatever thread."""


class Pool:
    """A `concurrent.futures.Executor` of any kind."""

    def __init__(self, executor: Any) -> None:
        self._executor = executor
        self.names: set[str] = set()  # of workers that have answered

    def size(self) -> int:
        """How many orders can be worked on at the same time."""
        for name in ("_max_workers", "num_workers"):  # the standard library's and loky's; mpi4py's
            count = getattr(self._executor, name, None)
            if isinstance(count, int) and count > 0:
                return count
        return max(UNKNOWN_SIZE, 2 * len(self.names))

    def lay_out(self, parcel: Parcel) -> None:
        """Make large arrays known, where an engine brings them by itself."""

    def submit(self, order: Order) -> Future:
        """Hand over an order."""
        future: Future = self._executor.submit(carry_out, order)
        return future

    def withdraw(self, futures: list[Future]) -> None:
        """These are not wanted any more."""
        for future in futures:
            future.cancel()

    def renew(self) -> bool:
        """Everything has died: is there a fresh start?"""
        return False

    def close(self) -> None:
        """Nothing more will be handed over."""


class DaskPool(Pool):
    """A `dask.distributed.Client`: arrays are scattered, and go from worker to worker."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self._parcel: Parcel | None = None
        self._scattered: dict[str, Any] = {}
        self._threads = UNKNOWN_SIZE

    def size(self) -> int:
        """Threads of all workers; those of last time if their scheduler has gone away."""
        with suppress(Exception):  # of many kinds, an AttributeError among them
            self._threads = max(1, int(sum(self._executor.nthreads().values())))
        return self._threads

    def lay_out(self, parcel: Parcel) -> None:
        """Let go of what is not needed any more, and scatter what has not been yet."""
        self._parcel = parcel
        for digest in set(self._scattered) - set(parcel.arrays):
            del self._scattered[digest]
        self._scatter()

    def _scatter(self) -> None:
        assert self._parcel is not None
        for digest, array in self._parcel.arrays.items():
            future = self._scattered.get(digest)
            if future is None or future.status != "finished":  # lost with the worker that had it
                # Under a name of its own: a shared one would go with the first client that ends.
                self._scattered[digest] = self._executor.scatter([array], hash=False)[0]

    def submit(self, order: Order) -> Future:
        """Hand over an order, and the arrays that it needs."""
        self._scatter()
        names, arrays = list(self._scattered), list(self._scattered.values())
        future: Future = self._executor.submit(carry_out, order, names, *arrays, pure=False)
        return future

    def withdraw(self, futures: list[Future]) -> None:
        """All at once."""
        with suppress(Exception):  # it may have gone away
            self._executor.cancel(futures, force=True)

    def close(self) -> None:
        """Let go of the arrays."""
        self._scattered.clear()


class Processes(Executor):
    """Processes of this machine that begin anew when one of them has died.

    Parameters
    ----------
    count : int
        How many.
    """

    def __init__(self, count: int) -> None:
        self._max_workers = count
        self._left = RENEWALS
        self._pool = self._make()

    def _make(self) -> ProcessPoolExecutor:
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else None
        context = multiprocessing.get_context(method or "spawn")
        return ProcessPoolExecutor(self._max_workers, mp_context=context)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """As all executors."""
        return self._pool.submit(fn, *args, **kwargs)

    def renew(self) -> bool:
        """Start others, unless that has been tried often enough."""
        self._left -= 1
        if self._left < 0:
            return False
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._make()
        return True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As all executors."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


class OwnPool(Pool):
    """`Processes`."""

    def renew(self) -> bool:
        """Everything has died: is there a fresh start?"""
        return bool(self._executor.renew())


def pool_of(executor: object) -> Pool:
    """The kind of pool that an executor is.

    Raises
    ------
    SettingsError
        If it is none, or one that can't be used from threads.
    """
    kind = type(executor)
    if kind.__module__.partition(".")[0] == "distributed" and hasattr(executor, "scatter"):
        if getattr(executor, "asynchronous", False):
            raise SettingsError(
                "executor: this Dask Client is asynchronous; make one without asynchronous=True"
            )
        return DaskPool(executor)
    if isinstance(executor, Processes):
        return OwnPool(executor)
    if isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise SettingsError(
            "executor: expected a concurrent.futures.Executor, such as ProcessPoolExecutor(4), or "
            f"a dask.distributed.Client, got {show(executor)}"
        )
    return Pool(executor)
