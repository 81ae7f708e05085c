"""Colours of what shapes show, without light: made when they are asked for, once for each run."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film
from raywidget.engine.session.aovs import Aovs, shown_by
from raywidget.engine.settings import RenderSettings
from raywidget.scene.scene import Scene

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

BARE, BACKGROUND = 0.2, 0.75  # of what shows no values, and where nothing is: linear greys
F32 = NDArray[np.float32]


class ValueColors:
    """What the rays through the middles of pixels meet, in the colours of its map."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: F32 | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_made": self._made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._made, self._lock = state["_made"], threading.Lock()

    def pixels(self, scene: Scene, settings: RenderSettings, renderer: Renderer | None) -> F32:
        """Linear colours, (H, W, 3); without a renderer the scene is compiled anew."""
        with self._lock:
            if self._made is None:
                if renderer is None:
                    from raywidget.engine.renderer import Renderer

                    renderer = Renderer(scene, settings)
                film = Film(settings.width, settings.height, settings.tile_size)
                values, objects = Aovs().middles(film, renderer, settings.thread_count())
                self._made = _colored(values, objects, renderer.scene)
                self._made.flags.writeable = False
            return self._made


def _colored(values: NDArray[Any], objects: NDArray[np.int32], scene: Scene) -> F32:
    made = np.full((*values.shape, 3), BARE, np.float32)
    made[objects < 0] = BACKGROUND
    for index in np.unique(objects):
        quantity = shown_by(scene.shapes, int(index))
        if quantity is not None:
            where = objects == index
            made[where] = quantity.colormap.evaluate(values[where], quantity.limits)
    return made


class PictureValues:
    """Those of one picture, made only if somebody wants to see them.

    The tables of its scene are used as long as they are there, and are not held.
    """

    def __init__(
        self, made: ValueColors, scene: Scene, settings: RenderSettings, renderer: Renderer | None
    ) -> None:
        self._made, self._scene, self._settings = made, scene, settings
        self._renderer = None if renderer is None else weakref.ref(renderer)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_renderer": None}

    def __call__(self) -> F32:
        """Linear colours, (H, W, 3)."""
        renderer = None if self._renderer is None else self._renderer()
        return self._made.pixels(self._scene, self._settings, renderer)
