"""Questions that take long, one after the other: however many a page asks, one is answered.

Each client has at most one question of a kind that waits; a newer one takes its place, as the user
who clicks again wants the newer answer. Whoever gets none is told so at once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

MAX_WAITING = 8  # clients whose questions wait
NEWER = "busy: a newer request has taken the place of this one"
BUSY = "busy: too many requests wait; try again in a moment"


class _Asked(NamedTuple):
    work: Callable[[], object]
    refuse: Callable[[str], object]


class Questions:
    """A thread that answers, which ends when nothing is left to answer.

    Parameters
    ----------
    name : str
        Of the thread.

    Examples
    --------
    >>> questions = Questions("docs")
    >>> questions.ask(1, lambda: None, print)
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._waiting: OrderedDict[int, _Asked] = OrderedDict()  # by client, oldest first
        self._busy = False

    def ask(self, client: int, work: Callable[[], object], refuse: Callable[[str], object]) -> None:
        """Have `work` called soon; or `refuse`, at once or later, with why not."""
        asked, refused, why = _Asked(work, refuse), None, NEWER
        with self._lock:
            if client in self._waiting:
                refused = self._waiting[client]
                self._waiting[client] = asked
            elif len(self._waiting) >= MAX_WAITING:
                refused, why = asked, BUSY
            else:
                self._waiting[client] = asked
            start = not self._busy
            self._busy = True
        if refused is not None:
            refused.refuse(why)
        if start:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    return
                _, asked = self._waiting.popitem(last=False)
            try:
                asked.work()
            except Exception as error:  # the next one is to be answered all the same
                asked.refuse(f"{type(error).__name__}: {error}")
