"""Edges that are drawn on surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike
from raywidget.scene.values.described import SceneObject

UNITS = ("pixels", "scene")
_MOST_POLYGONS = 2**31 - 1


@dataclass(frozen=True, eq=False, repr=False)
class Edges(SceneObject):
    """How edges of triangles and polygons are drawn: as lines on the surface, half on each side.

    They are of the surface: seen in mirrors and in shadow, cut with it, and behind what is before
    it. Where an edge has only one side that is seen, half of its width is. Lamps shine through
    them.

    Parameters
    ----------
    width : float
        In pixels of the picture, whatever the distance, or in scene units, > 0. What is narrower
        than a pixel covers a share of it.
    color : colour
        Of a matte surface; as unlit as the values of the shape are.
    units : {"pixels", "scene"}
        What the width is in.
    feature_angle : float, optional
        Only edges are drawn where faces meet at an angle of more than so many degrees, in [0, 180),
        and those that have one face or more than two; by default all.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> box = rw.Box((0, 0, 0), (1, 1, 1), edges=rw.Edges(2, "navy"))
    >>> box.edges.width
    2.0
    """

    width: float = 1.0
    color: ColorLike = "black"
    units: str = "pixels"
    feature_angle: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            width=checks.length(self, "width", self.width),
            color=checks.reflectance(self, "color", self.color),
            units=checks.choice(self, "units", self.units, UNITS),
        )
        if self.feature_angle is not None:
            expected = "degrees, from 0 to below 180"
            angle = checks.number(self, "feature_angle", self.feature_angle, expected)
            if not 0.0 <= angle < 180.0:
                raise checks.fail(self, "feature_angle", expected, self.feature_angle)
            self._set(feature_angle=angle)


def checked_edges(owner: object, value: Any) -> Edges | None:
    """What a shape's `edges` says."""
    if value is None or value is False:
        return None
    if value is True:
        return Edges()
    checks.instance(owner, "edges", value, Edges, "Edges, such as Edges(2, 'navy')")
    return value  # type: ignore[no-any-return]


def polygon_numbers(owner: object, name: str, value: object, count: int) -> NDArray[np.int32]:
    """Numbers >= 0, one for each triangle."""
    expected = f"an array of whole numbers >= 0, (F,) = ({count},)"
    array = checks.array(owner, name, value, expected)
    if array.shape != (count,) or array.dtype.kind not in "iu":
        raise checks.fail(owner, name, expected, value)
    if count and (int(array.min()) < 0 or int(array.max()) > _MOST_POLYGONS):
        raise checks.fail(owner, name, expected, value)
    numbers = np.array(array, np.int32)
    numbers.setflags(write=False)
    return numbers
