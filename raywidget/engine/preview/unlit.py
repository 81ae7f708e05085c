"""Colours of what shapes show, without light: what is behind a point does not change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile
from raywidget.scene.shapes.quantities import Quantity, ValuedShape
from raywidget.scene.shapes.simple import Shape

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

BARE, BACKGROUND = 0.2, 0.75  # of what shows no values, and where nothing is: linear greys
F32 = NDArray[np.float32]


def shown_by(shapes: Sequence[Shape], index: int) -> Quantity | None:
    """What one of the shapes shows as colours, if it does."""
    shape = shapes[index] if 0 <= index < len(shapes) else None
    return shape.shown if isinstance(shape, ValuedShape) else None


def color_values(values: NDArray[Any], objects: NDArray[np.int32], shapes: Sequence[Shape]) -> F32:
    """Values as they were given, and which of the shapes has them: linear colours, (..., 3)."""
    made = np.full((*values.shape, 3), BARE, np.float32)
    made[objects < 0] = BACKGROUND
    for index in np.unique(objects):
        quantity = shown_by(shapes, int(index))
        if quantity is not None:
            where = objects == index
            made[where] = quantity.colormap.evaluate(values[where], quantity.limits)
    return made


def unlit_pixels(renderer: Renderer, tile: Tile) -> F32:
    """What the rays through the middles of pixels meet, in the colours of its map."""
    from raywidget.kernels.integrators import aov

    sums = np.zeros((tile.height, tile.width, aov.AOV_SIZE))
    ids = np.full((tile.height, tile.width, aov.AOV_IDS_SIZE), -1, np.int32)
    renderer.trace_aovs(tile, 0, 1, sums, ids)
    values, objects = sums[..., aov.AOV_VALUE], ids[..., aov.AOV_OBJECT]
    shapes = renderer.scene.shapes
    for index in np.unique(objects):
        quantity = shown_by(shapes, int(index))
        if quantity is not None:  # kernels count some values from elsewhere
            own = objects == index
            values[own] = quantity.numbers.as_given(values[own])
    return color_values(values, objects, shapes)
