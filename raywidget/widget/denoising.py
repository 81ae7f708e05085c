"""The picture without noise, in a widget: made at ends of passes, on spare time, and of coarse
pictures (`coarse_denoising`).

What pages are sent is a film that shows it in place of the samples (`DenoisedFilm`); neither the
stream nor the wire know more than that the progress says so. The samples stay in the session.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from raywidget.engine.film.film import Film, TileState
from raywidget.engine.film.tiles import Tile
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.engine.session.run import RUNNING
from raywidget.engine.session.session import Session
from raywidget.errors import RaywidgetError
from raywidget.picture.denoising import choose_method
from raywidget.picture.image import Image
from raywidget.widget.coarse_denoising import CoarseDenoising
from raywidget.widget.lookout import Lookout

SPARE = 4.0  # times as long as it took, and while the render runs it may be done again
_AFTER = 1 << 32  # versions of denoised pictures count in steps of this
_NICENESS = 10


class _Kept(NamedTuple):
    """A denoised picture."""

    film: Film
    versions: list[int]  # of the tiles that it was made of
    image: Image
    number: int  # counts, from 1


class DenoisedFilm:
    """A film as the stream knows one, which shows what was made of it.

    Parameters
    ----------
    film : Film
        The samples, which are shown until there is a denoised picture.
    """

    def __init__(self, film: Film) -> None:
        self.base = film
        self.width, self.height, self.tiles = film.width, film.height, film.tiles
        self._kept: _Kept | None = None

    def show(self, kept: _Kept) -> None:
        """From now on, this picture."""
        self._kept = kept

    @property
    def shows(self) -> bool:
        """Is there a denoised picture?"""
        return self._kept is not None

    def versions(self) -> list[int]:
        """How often what is shown of each tile has changed."""
        kept = self._kept
        if kept is None:
            return self.base.versions()
        return [kept.number * _AFTER] * len(self.tiles)

    def read(self, tile: Tile) -> TileState:
        """What is shown of a tile, or of a rectangle within it."""
        kept, state = self._kept, self.base.read(tile)
        if kept is None:
            return state
        where = tile.where
        alpha = kept.image.alpha
        return state._replace(
            pixels=kept.image.pixels[where],
            version=kept.number * _AFTER,
            alpha=None if alpha is None else alpha[where],
        )


class Denoising(Lookout):
    """Makes denoised pictures of a session."""

    name = "denoise"

    def __init__(
        self,
        session: Session,
        wake: Callable[[], object],
        show_coarse: Callable[[CoarsePicture], object] = lambda picture: None,
    ) -> None:
        super().__init__(session, wake)
        self._coarse = CoarseDenoising(session, show_coarse)
        self.coarse_ready = self._coarse.take
        self._lock = threading.RLock()  # held while a picture is made
        self._shown: DenoisedFilm | None = None
        self._kept: _Kept | None = None
        self._number = 0
        self._passes: tuple[Film | None, int] = (None, 0)  # which were denoised last
        self._rest_until = 0.0

    def switch(self, on: bool) -> None:
        """Begin, or end."""
        super().switch(on)
        if on:
            self._coarse.switch(on=True)

    def _forget(self) -> None:
        self._coarse.switch(on=False)
        self._shown = self._kept = None

    def film(self, base: Film | None) -> Film | DenoisedFilm | None:
        """What pages are to be shown of a film."""
        if not self._on or base is None:
            return base
        shown = self._shown
        if shown is None or shown.base is not base:
            shown = self._shown = DenoisedFilm(base)
            kept = self._kept
            if kept is not None and kept.film is base:
                shown.show(kept)
        return shown

    @property
    def shows(self) -> bool:
        """Do pages see a denoised picture, or one in part?"""
        if not self._on:
            return False
        film = self._session.current().film
        if self._session.looking or film is None or not all(film.versions()):
            return self._coarse.shows
        shown = self._shown
        return shown is not None and shown.shows

    def image(self, **display: Any) -> Image:
        """What is seen: while the render runs, the last denoised picture; else that of now."""
        raw = self._session.image(**display)
        if not self._on or raw.spp < 1:
            return raw
        view = self._session.current()
        if view.state != RUNNING and view.film is not None:
            with suppress(RaywidgetError), self._lock:
                if self._is_new(view.film):
                    self._make(view.film)
        kept = self._kept
        if kept is None or kept.film is not view.film:
            return raw
        return kept.image.shown_as(raw)

    def _is_new(self, film: Film) -> bool:
        kept = self._kept
        return kept is None or kept.film is not film or kept.versions != film.versions()

    def _make(self, film: Film) -> None:
        """Denoise what is there; the lock is held."""
        versions = film.versions()
        began = time.thread_time()
        wall = time.monotonic()
        raw = self._session.image()
        method = choose_method(None)
        if raw.spp < (1 if method == "oidn" else 2):
            return
        clean = raw.denoise(method)
        if self._session.current().film is not film:
            return  # another render has begun
        self._number += 1
        kept = self._kept = _Kept(film, versions, clean, self._number)
        shown = self._shown
        if shown is not None and shown.base is film:
            shown.show(kept)
        cost = max(time.thread_time() - began, time.monotonic() - wall)
        self._rest_until = time.monotonic() + SPARE * cost
        self._wake()

    def _is_due(self) -> Film | None:
        view = self._session.current()
        film = view.film
        if film is None or not any(film.versions()) or self._session.looking:
            return None
        if view.state != RUNNING:
            return film if self._is_new(film) else None
        schedule = self._session.run().schedule
        passes = (film, 0 if schedule is None else schedule.passes_done)
        if passes[1] < 1 or passes == self._passes or time.monotonic() < self._rest_until:
            return None
        self._passes = passes
        return film

    def _begin(self) -> None:
        if sys.platform == "linux":  # elsewhere priorities are those of whole processes
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)

    def _look(self, stop: threading.Event) -> None:
        try:
            film = self._is_due()
            if film is not None:
                with self._lock:
                    self._make(film)
        except RaywidgetError:
            stop.wait(5.0)  # the samples stay on show; perhaps there will be memory
