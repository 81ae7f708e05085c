"""Executors by a number or an address, for those who have none: the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from raywidget.engine.backends.pools import Processes
from raywidget.errors import SettingsError

MOST_PROCESSES = 1024
CONNECT_SECONDS = 10


@contextmanager
def executor_for(workers: int | None, dask: str | None) -> Iterator[object]:
    """Processes of this machine, or a Dask cluster; None for neither. It ends with the block.

    Parameters
    ----------
    workers : int, optional
        How many processes.
    dask : str, optional
        Address of a scheduler.

    Raises
    ------
    SettingsError
        If there can't be so many, nobody is at that address, or Dask is not installed.
    """
    if workers is not None:
        if not 1 <= workers <= MOST_PROCESSES:
            raise SettingsError(f"workers: expected 1 to {MOST_PROCESSES:,}, got {workers}")
        processes = Processes(workers)
        try:
            yield processes
        finally:
            # The interpreter would wait for them all the same, and may complain of closed pipes
            # where nobody has (seen with Python 3.11); what they are at takes tenths of a second.
            processes.shutdown(wait=True, cancel_futures=True)
    elif dask is not None:
        try:
            from distributed import Client as Connect
        except ImportError:
            raise SettingsError(
                "dask: it is not installed; `pip install raywidget[cluster]` brings it"
            ) from None
        client: Any
        try:
            client = Connect(dask, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError, TimeoutError) as error:
            raise SettingsError(f"dask: no scheduler answers at {dask!r} ({error})") from None
        with client:
            yield client
    else:
        yield None
