"""Colours of what shapes show, without light: made when they are asked for, once for each run."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film
from raywidget.engine.preview.unlit import color_values
from raywidget.engine.session.aovs import Aovs
from raywidget.engine.settings import RenderSettings
from raywidget.scene.scene import Scene

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

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
                self._made = color_values(values, objects, renderer.scene.shapes)
                self._made.flags.writeable = False
            return self._made


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
