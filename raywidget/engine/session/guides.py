"""What a denoiser is told of a picture: made when it is asked for, kept while the run lasts."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import FilmState
from raywidget.engine.film.tiles import Tile, make_tiles
from raywidget.engine.settings import RenderSettings
from raywidget.picture.denoising import DenoiserInputs
from raywidget.scene.scene import Scene

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

SAMPLES = 4  # rays a pixel: there is nothing in it but edges that has noise
EXPOSED_SAMPLES = 32  # where things move: each ray sees one time
F32 = NDArray[np.float32]


class Guides:
    """Colours and normals of one run, as `kernels.integrators.guides` finds them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._arrays: tuple[F32, F32] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"_arrays": self._arrays}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._arrays, self._lock = state["_arrays"], threading.Lock()

    def images(
        self, scene: Scene, settings: RenderSettings, renderer: Renderer | None
    ) -> tuple[F32, F32]:
        """Albedo and normals, (H, W, 3) each; without a renderer the scene is compiled anew."""
        with self._lock:
            if self._arrays is None:
                if renderer is None:
                    from raywidget.engine.renderer import Renderer

                    renderer = Renderer(scene, settings)
                self._arrays = _trace(settings, renderer)
            return self._arrays


def _trace(settings: RenderSettings, renderer: Renderer) -> tuple[F32, F32]:
    from raywidget.kernels.integrators.guides import GUIDES_SIZE

    width, height = settings.window[2:]
    made = np.empty((2, height, width, 3), np.float32)

    steps = [(0, SAMPLES)]
    if renderer.is_exposed:
        steps = [(sample, 1) for sample in range(EXPOSED_SAMPLES)]
    sums = np.zeros((height, width, GUIDES_SIZE))
    tiles = make_tiles(width, height, settings.tile_size)

    def trace(of_these: Renderer, first: int, count: int, tile: Tile) -> None:
        rows = slice(tile.y, tile.y + tile.height)
        columns = slice(tile.x, tile.x + tile.width)
        part = np.ascontiguousarray(sums[rows, columns])
        of_these.trace_guides(tile, first, count, part)
        sums[rows, columns] = part

    with ThreadPoolExecutor(settings.thread_count(), thread_name_prefix="raywidget-guides") as pool:
        for first, count in steps:
            for _ in pool.map(partial(trace, renderer.at(first), first, count), tiles):
                pass
    taken = sum(count for _, count in steps)
    made[0], made[1] = sums[..., :3] / taken, sums[..., 3:] / taken
    made.flags.writeable = False
    return made[0], made[1]


class PictureInputs:
    """What is known of one picture; it is made only if somebody wants it denoised.

    The tables of its scene are used as long as they are there, and are not held.
    """

    def __init__(
        self,
        guides: Guides,
        scene: Scene,
        settings: RenderSettings,
        state: FilmState,
        renderer: Renderer | None,
    ) -> None:
        self._guides = guides
        self._scene = scene
        self._settings = settings
        self._state = state
        self._renderer = None if renderer is None else weakref.ref(renderer)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_renderer": None}

    def __call__(self) -> DenoiserInputs:
        """Make it."""
        renderer = None if self._renderer is None else self._renderer()
        albedo, normal = self._guides.images(self._scene, self._settings, renderer)
        seen = self._settings.region_in_window
        even, odd = self._state.part(*seen).halves()
        return DenoiserInputs(albedo[seen], normal[seen], even, odd)
