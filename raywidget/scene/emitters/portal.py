"""Openings through which rooms see the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like


@dataclass(frozen=True, eq=False, repr=False)
class Portal(Emitter):
    """An opening through which a room sees the sky, so that light is looked for there.

    It is no light itself, and changes nothing of the picture but its noise: directions to the
    environment are drawn through it, by how bright the sky behind it is. Put one into each window
    and door of a room that is lit from outside. What other openings let in arrives as ever, so one
    may be forgotten, or be larger than the hole. Which way it is turned doesn't matter. Panes of
    glass in the opening keep shadow rays out: leave them away, or make them thin by ``opacity``.

    Parameters
    ----------
    origin : (float, float, float)
        One corner, in scene units.
    edge_u, edge_v : (float, float, float)
        The edges that start there, not parallel. Where they are not perpendicular, the portal is
        the rectangle along `edge_u` that holds all four corners.

    Raises
    ------
    SceneError
        If the edges span no area, or a value is not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> sky = rw.GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=1)
    >>> window = rw.Portal((-1, 1, 2), (2, 0, 0), (0, 1, 0), name="window")
    >>> window
    Portal(origin=(-1, 1, 2), edge_u=(2, 0, 0), edge_v=(0, 1, 0), name='window')
    >>> camera = rw.PerspectiveCamera(look_from=(0, 1, -3), look_at=(0, 1, 0))
    >>> scene = rw.Scene(emitters=[sky, window], camera=camera)
    """

    origin: Vec3Like
    edge_u: Vec3Like
    edge_v: Vec3Like

    def __post_init__(self) -> None:
        super().__post_init__()
        u = checks.direction(self, "edge_u", self.edge_u)
        v = checks.direction(self, "edge_v", self.edge_v)
        self._set(origin=checks.vec3(self, "origin", self.origin), edge_u=u, edge_v=v)
        area = float(np.linalg.norm(np.cross(u, v)))
        if area <= 1e-6 * math.hypot(*u) * math.hypot(*v):
            raise SceneError(
                f"{checks.label(self)}: edge_u and edge_v must not be parallel, got {u} and {v}"
            )

    def corners(self) -> NDArray[np.float64]:
        """The four corners, in order: (4, 3)."""
        o, u, v = (np.array(value) for value in (self.origin, self.edge_u, self.edge_v))
        return np.array([o, o + u, o + u + v, o + v], dtype=np.float64)
