"""Coarse pictures without their noise: while the camera moves, on the time that is left.

A picture waits for it as long as that is not felt; where it would be, as on a crowded machine, it
goes on as it is. The workers go on with the next one meanwhile, and tiles wait for nothing.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from raywidget.engine.preview.coarse import MOST_DENOISED, MOST_PIXELS, CoarsePicture
from raywidget.engine.preview.coarse import denoise_coarse as denoise
from raywidget.engine.session.session import Session
from raywidget.engine.session.workers import NICENESS
from raywidget.errors import RaywidgetError
from raywidget.picture.denoising import choose_method

FELT = 0.12  # seconds: a hand that turns feels what takes longer
AGAIN = 2.0  # seconds after which it is tried again


class CoarseDenoising:
    """What stands between the workers and those who show their coarse pictures.

    Parameters
    ----------
    session : Session
        Whose pictures.
    deliver : callable
        Called with each picture that is to be seen, from any thread, in the order of generations.
    """

    def __init__(self, session: Session, deliver: Callable[[CoarsePicture], object]) -> None:
        self._session = session
        self._deliver = deliver
        self._changed = threading.Condition()  # guards everything below
        self._waiting: CoarsePicture | None = None  # the newest
        self._last: CoarsePicture | None = None  # that was delivered
        self._ready = False  # is the network loaded?
        self._seconds = 0.0  # a picture takes, a running estimate
        self._retry_at = 0.0
        self._turn = 0  # counts how often it was switched on
        self._thread: threading.Thread | None = None

    @property
    def shows(self) -> bool:
        """Was the last picture denoised?"""
        last = self._last
        return last is not None and last.denoised

    def take(self, picture: CoarsePicture) -> None:
        """A picture is there. Called by the workers."""
        with self._changed:
            is_slow = self._seconds > FELT and time.monotonic() < self._retry_at
            if self._ready and not is_slow and not picture.sketched and picture.raw is not None:
                self._waiting = picture
                self._changed.notify_all()
                return
        self._hand_on(picture)

    def switch(self, on: bool) -> None:
        """Begin, or end. Without the network, coarse pictures stay as they are smoothed."""
        with self._changed:
            if not on:
                self._turn += 1
                self._ready, self._thread = False, None
                self._changed.notify_all()
            elif self._thread is None and choose_method(None) == "oidn":
                self._turn += 1
                self._thread = threading.Thread(
                    target=self._run, args=(self._turn,), name="raywidget-coarse", daemon=True
                )
                self._thread.start()
        if not on:
            self._session.bound_coarse(MOST_PIXELS)

    def _hand_on(self, picture: CoarsePicture) -> None:
        with self._changed:
            if self._last is not None and self._last.generation > picture.generation:
                return
            self._last = picture
        self._deliver(picture)

    def _run(self, turn: int) -> None:
        if sys.platform == "linux":  # elsewhere priorities are those of whole processes
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        with suppress(Exception):  # what is broken is told where the finished picture is denoised
            importlib.import_module("mitsuba_oidn")
        with self._changed:
            if turn != self._turn:
                return
            self._ready = True
        self._session.bound_coarse(MOST_DENOISED)
        size: tuple[int, ...] = ()  # of the last picture
        while True:
            with self._changed:
                while self._waiting is None and turn == self._turn:
                    self._changed.wait()
                picture, self._waiting = self._waiting, None
                goes_on = turn == self._turn
            if picture is None:
                return
            began = time.monotonic()
            try:
                made = denoise(picture) if goes_on else picture
            except RaywidgetError:
                self.switch(on=False)
                made, goes_on = picture, False
            if size == picture.pixels.shape:  # else it was made ready for this size first
                self._note(time.monotonic() - began)
            size = picture.pixels.shape
            self._hand_on(made)
            if not goes_on:
                return

    def _note(self, seconds: float) -> None:
        with self._changed:
            old = self._seconds
            self._seconds = seconds if old == 0.0 else 0.5 * (old + seconds)
            if self._seconds > FELT:
                self._retry_at = time.monotonic() + AGAIN
                self._seconds = 1.1 * FELT  # so that one quick picture is enough
