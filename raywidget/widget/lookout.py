"""A thread of a widget that looks now and then whether there is something to do."""

from __future__ import annotations

import threading
from collections.abc import Callable

from raywidget.engine.session.session import Session


class Lookout:
    """Looks after a session, in a thread of its own while it is switched on.

    Parameters
    ----------
    session : Session
        The render.
    wake : callable
        Called when there is something new for pages.
    """

    name = ""  # of the thread, behind "raywidget-"
    every = 0.1  # seconds between two looks

    def __init__(self, session: Session, wake: Callable[[], object]) -> None:
        self._session = session
        self._wake = wake
        self._on = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def on(self) -> bool:
        """Does it look?"""
        return self._on

    def switch(self, on: bool) -> None:
        """Begin, or end."""
        if on == self._on:
            return
        if on:
            self._on = True
            self._stop = threading.Event()
            name = f"raywidget-{self.name}"
            self._thread = threading.Thread(
                target=self._run, args=(self._stop,), name=name, daemon=True
            )
            self._thread.start()
        else:
            self.close()
        self._wake()

    def close(self) -> None:
        """End the thread, when it has finished what it does."""
        self._on = False
        self._stop.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1.0)
        self._forget()

    def _run(self, stop: threading.Event) -> None:
        self._begin()
        while not stop.wait(self.every):
            self._look(stop)

    def _begin(self) -> None:
        """The thread has begun."""

    def _look(self, stop: threading.Event) -> None:
        """Do what there is to do."""
        raise NotImplementedError

    def _forget(self) -> None:
        """The thread has ended: nothing of it is shown any more."""
        raise NotImplementedError
