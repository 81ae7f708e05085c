"""The channel "value" of a widget: what shapes show, in the colours of their maps, without light.

Pages are sent a film that shows it in place of the samples, as they are one without noise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import TileState
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.session import Session
from raywidget.errors import RaywidgetError
from raywidget.stream.source import Tiles
from raywidget.widget.lookout import Lookout

_AFTER = 1 << 33  # versions of such pictures count in steps of this


class ValueFilm:
    """A film as the stream knows one, which shows colours of values.

    Until they are there, it has nothing: what was on show stays there.
    """

    def __init__(self, base: Tiles, number: int) -> None:
        self.base = base
        self.number = number  # counts such pictures, from 1
        self.width, self.height, self.tiles = base.width, base.height, base.tiles
        self.pixels: NDArray[np.float32] | None = None
        self.failed = False  # then it is the film that it was

    def versions(self) -> list[int]:
        """How often what is shown of each tile has changed."""
        if self.failed:
            return self.base.versions()
        return [0 if self.pixels is None else self.number * _AFTER] * len(self.tiles)

    def read(self, tile: Tile) -> TileState:
        """What is shown of a tile, or of a rectangle within it."""
        state, pixels = self.base.read(tile), self.pixels
        if pixels is None:
            return state
        where = tile.where
        return state._replace(
            pixels=pixels[where],
            version=self.number * _AFTER,
            alpha=None,
            spp=max(1, state.spp),
        )


class ValueChannel(Lookout):
    """Makes such pictures of a session."""

    name = "values"
    every = 0.05

    def __init__(self, session: Session, wake: Callable[[], object]) -> None:
        super().__init__(session, wake)
        self._shown: ValueFilm | None = None
        self._number = 0

    def switch(self, on: bool) -> None:
        """Begin, or end; so do coarse pictures."""
        self._session.show_unlit(on)
        super().switch(on)

    def _forget(self) -> None:
        self._shown = None

    def film(self, base: Tiles | None) -> Tiles | None:
        """What pages are to be shown of a film."""
        if not self._on or base is None:
            return base
        shown = self._shown
        if shown is None or shown.base is not base:
            self._number += 1
            shown = self._shown = ValueFilm(base, self._number)
        return shown

    def _look(self, stop: threading.Event) -> None:
        shown = self._shown
        if shown is None or shown.pixels is not None or shown.failed or self._session.looking:
            return
        run = self._session.run()
        if run.renderer is None or run.film is not shown.base:
            return
        try:
            shown.pixels = run.values.pixels(run.scene, run.settings, run.renderer)
        except (RaywidgetError, MemoryError):
            shown.failed = True
        self._wake()
