"""Walls, floors and ceilings: flats that have all else on one side.

No light between a surface and a lamp goes through them, so that shadow rays need not ask. Where
light comes from all around, or is scattered between surfaces, it may.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.layout import SceneTables
from raywidget.scene.shapes.simple import Bounds

_SLACK = 2.0**-21  # of the largest coordinate: rounding of the boxes


def set_outer_last(tables: SceneTables, boxes: Sequence[Bounds]) -> SceneTables:
    """With `few_flats` in the order, and with the marks, that `layout.FEW_SIDE` tells of.

    `boxes` are those of the scene's shapes, in the tables.
    """
    flats = tables.few_flats
    kinds = tables.lights[:, layout.LIGHT_KIND]
    has_sky = np.any(kinds == layout.LIGHT_ENVIRONMENT)
    if not len(flats) or len(tables.media) or len(tables.volumes) or has_sky:
        return tables
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    slack = _SLACK * max(np.abs(low).max(), np.abs(high).max())
    corners = flats[:, layout.FEW_CORNER : layout.FEW_CORNER + 3].astype(np.float64)
    normals = flats[:, layout.FEW_NORMAL : layout.FEW_NORMAL + 3].astype(np.float64)
    heights = np.sum(((low + high) / 2 - corners) * normals, axis=1)
    reaches = np.abs(normals) @ ((high - low) / 2)
    sides = np.where(np.abs(heights) >= reaches - slack, np.sign(heights), 0.0)
    is_point = (kinds == layout.LIGHT_POINT) | (kinds == layout.LIGHT_SPOT)
    at = tables.lights[is_point, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 3].astype(np.float64)
    if len(at):
        away = np.sum((at - corners[:, None]) * normals[:, None], axis=2) * sides[:, None]
        sides[np.any(away < -slack, axis=1)] = 0.0
    suns = tables.lights[kinds == layout.LIGHT_DIRECTIONAL, layout.LIGHT_EDGE_U :][:, :3]
    if len(suns):  # which go this way
        sides[np.any((normals @ suns.T.astype(np.float64)) * sides[:, None] > 0.0, axis=1)] = 0.0
    order = np.argsort(sides != 0.0, kind="stable")
    marked = flats[order]
    marked[:, layout.FEW_SIDE] = sides[order]
    return tables._replace(few_flats=marked)
