"""Planes that cut a scene open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import as_items

VALUES = "values"  # what caps may be, beside True and False


@dataclass(frozen=True, eq=False, repr=False)
class Plane(SceneObject):
    """A plane without end: what lies where its normal points to is cut away.

    Parameters
    ----------
    point : (float, float, float)
        In the plane.
    normal : (float, float, float), or "x", "-x", "y", ...
        Towards what is cut away; of any length but 0.

    Raises
    ------
    SceneError
        If the normal is zero, or a value is not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> half = rw.Plane((0, 0, 0), (1, 0, 0))  # of all that there is, x <= 0
    >>> half.normal
    (1.0, 0.0, 0.0)
    """

    point: Vec3Like
    normal: Vec3Like

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            point=checks.vec3(self, "point", self.point),
            normal=checks.direction(self, "normal", self.normal),
        )

    def unit_normal(self) -> NDArray[np.float64]:
        """The normal with length 1, (3,)."""
        normal = np.array(self.normal, np.float64)
        return np.asarray(normal / np.linalg.norm(normal))


def checked_planes(owner: object, value: Any) -> tuple[Plane, ...]:
    """One plane, or a list of them, each once."""
    items = (value,) if isinstance(value, Plane) else as_items(value)
    if items is None:
        raise checks.fail(owner, "clip", "a list of planes", value)
    for index, item in enumerate(items):
        checks.instance(
            owner, f"clip[{index}]", item, Plane, "a Plane, such as Plane(point, normal)"
        )
        if any(item is other for other in items[:index]):
            raise checks.fail(owner, f"clip[{index}]", "another plane than those before", item)
    return tuple(items)


def checked_caps(owner: object, value: Any) -> bool | str:
    """Are cuts closed? By a surface of the material, or coloured by values."""
    if isinstance(value, str):
        if value != VALUES:
            raise checks.fail(owner, "caps", "True, False or 'values'", value)
        return value
    return checks.flag(owner, "caps", value)
