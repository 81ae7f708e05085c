"""What a widget has to know about the Jupyter that it runs in."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from raywidget.io.front_end import STATIC, front_end_text


def front_end(name: str) -> str | Path:
    """A file of the built front end: its text, or "" if it hasn't been built."""
    path = STATIC / name
    if path.is_file() and os.environ.get("ANYWIDGET_HMR") == "1":
        return path  # anywidget watches it, and keeps the widgets that use it alive
    return front_end_text(name)


def keep_subshells(comm: object) -> None:
    """Have messages from the browser handled while a cell runs, by ipykernel 7.4 too.

    It handles them where the last message on the comm was sent from, which for a background
    thread is the main shell: pause and acknowledgements would wait until the cell has ended. The
    front end has asked for a subshell, and is to get it.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda data, default: default


def hears_promptly() -> bool:
    """Does the message that is handled now come while a cell may run?

    In the main thread it had to wait for the cell's end: the front end, or the kernel, has no
    subshells.
    """
    return threading.current_thread() is not threading.main_thread()


class CellRun(NamedTuple):
    """One run of one cell."""

    cell: str
    run: str


def running_cell() -> CellRun | None:
    """Which cell runs now; None where the host doesn't say."""
    from IPython import get_ipython

    try:
        parent = get_ipython().get_parent()
        return CellRun(str(parent["metadata"]["cellId"]), str(parent["header"]["msg_id"]))
    except (AttributeError, KeyError, TypeError):
        return None


class Observers:
    """Calls those who observe a trait one change after the other, in a thread of their own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Callable[[], object]] = deque(maxlen=64)
        self._busy = False

    def call(self, call: Callable[[], object]) -> None:
        """Queue a call; of more than 64 that wait, the oldest are dropped."""
        with self._lock:
            self._calls.append(call)
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._run, name="raywidget-observers", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._calls:
                    self._busy = False
                    return
                call = self._calls.popleft()
            call()
