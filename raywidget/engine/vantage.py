"""From where a scene is seen, if walls stand before the place from which one would look.

A room is seen from outside where a picture leaves a wall away, as the Cornell box does; from its
other sides the same room is a black box. So a view along an axis comes nearer until it shows what
the scene's own camera sees, too.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.renderer import Renderer
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.emitters.emitters import Environment

if TYPE_CHECKING:
    from raywidget.scene.scene import Scene

GRID = 7  # so many rays across the picture, and down
LEAST = 0.04  # of them have to show what the scene's own camera sees
MOST_WALLS = 12  # are gone through
BEFORE = 0.02  # of the way to a wall is left to it
EYES = (-0.75, -0.3, 0.3, 0.75)  # across the picture and down
BESIDE = 0.1  # of the way to what the camera sees, before it, are the other places that count
GRAZING = 0.05  # cosine: what is seen flatter than this hardly is
SAME = 1e-3  # two distances along a ray that belong to one point differ by less than this part

Vector = NDArray[np.float64]


def find_vantage(
    scene: Scene, renderer: Renderer, wanted: PerspectiveCamera, aspect: float
) -> tuple[float, float, float]:
    """From where to look, so that there is something to be seen.

    Parameters
    ----------
    scene : Scene
        With the camera that it came with: what that one sees is what there is to be seen.
    renderer : Renderer
        The scene, compiled.
    wanted : PerspectiveCamera
        A view of it.
    aspect : float
        Width by height of the picture.

    Returns
    -------
    (float, float, float)
        ``wanted.look_from``; or a place on the way from there to ``wanted.look_at``, in a room in
        which light and camera are, too.
    """
    x, y, z = wanted.look_from
    asked = float(x), float(y), float(z)
    own = scene.camera
    if not isinstance(own, PerspectiveCamera):
        return asked
    sight = _Sight(renderer, aspect)
    inside = sight.surrounded(own)
    if not inside and any(isinstance(emitter, Environment) for emitter in scene.emitters):
        return asked  # in the open everything is lit, from all sides
    shown = _Seen(sight, own)
    if shown.share(wanted) >= LEAST:
        return asked
    middle = np.asarray(wanted.look_at, np.float64)
    outwards = np.asarray(asked, np.float64) - middle
    shares = []
    for part in sight.walls(wanted):
        place = middle + (1.0 - BEFORE) * part * outwards
        shares.append((shown.share(wanted.replace(look_from=tuple(place.tolist()))), part, place))
    best = max((share for share, _, _ in shares), default=0.0)
    if best < LEAST:
        return asked
    _, _, place = max((one for one in shares if one[0] >= 0.5 * best), key=lambda one: one[1])
    x, y, z = place.tolist()
    return x, y, z


class Met(NamedTuple):
    """Where a ray ends."""

    point: Vector
    normal: Vector


class _Sight:
    """What rays meet."""

    def __init__(self, renderer: Renderer, aspect: float) -> None:
        from raywidget.kernels.integrators import pick

        self._tables = renderer.tables
        self._size = max(1, round(1000 * aspect)), 1000
        self._pick = pick
        self._values = np.zeros(pick.PICK_SIZE, np.float32)
        self._codes = np.zeros(pick.PICK_CODES, np.int32)

    def look(self, camera: PerspectiveCamera) -> NDArray[np.float32]:
        """A camera's table."""
        from raywidget.compiler import compile_camera

        return compile_camera(camera.replace(aperture_radius=0.0), *self._size)

    def meet(self, camera: NDArray[np.float32], across: float, up: float) -> Met | None:
        """What a camera sees there, -1 to 1 in the picture; None: nothing."""
        pick = self._pick
        if not pick.pick_point(self._tables, camera, across, up, self._values, self._codes):
            return None
        point, normal = (
            self._values[first : first + 3].astype(np.float64)
            for first in (pick.PICK_POINT, pick.PICK_NORMAL)
        )
        return Met(point, normal)

    def surrounded(self, camera: PerspectiveCamera) -> bool:
        """Does a camera stand in a room? Nearly all ways from it end at a wall then."""
        ends = 0
        directions = [
            np.array((x, y, z), np.float64)
            for x in (-1, 0, 1)
            for y in (-1, 0, 1)
            for z in (-1, 0, 1)
            if (x, y, z) != (0, 0, 0)
        ]
        origin = np.asarray(camera.look_from, np.float64)
        for direction in directions:
            seen = self.look(_towards(camera, origin + direction))
            ends += self.meet(seen, 0.0, 0.0) is not None
        return ends >= 0.9 * len(directions)

    def walls(self, wanted: PerspectiveCamera) -> list[float]:
        """Where surfaces are on the way from what is looked at to the camera, in parts of it."""
        middle = np.asarray(wanted.look_at, np.float64)
        outwards = np.asarray(wanted.look_from, np.float64) - middle
        length = float(np.linalg.norm(outwards))
        found, at = [], 0.0
        for _ in range(MOST_WALLS):
            origin = middle + at * outwards
            camera = self.look(_towards(wanted, origin + outwards, origin))
            met = self.meet(camera, 0.0, 0.0)
            if met is None:
                break
            part = float(np.linalg.norm(met.point - middle)) / length
            if part >= 1.0:
                break
            found.append(part)
            at = max(part, at) + SAME
        return found


class _Seen:
    """What is seen from the scene's own camera, or from beside what that sees: all of a room."""

    def __init__(self, sight: _Sight, own: PerspectiveCamera) -> None:
        self._sight = sight
        self._own = own
        origin = np.asarray(own.look_from, np.float64)
        self._eyes = [origin]
        table = sight.look(own)
        for across in EYES:
            for up in EYES:
                met = sight.meet(table, across, up)
                if met is not None:
                    self._eyes.append(origin + (1.0 - BESIDE) * (met.point - origin))

    def share(self, camera: PerspectiveCamera) -> float:
        """The share of a view's rays that end where it is seen from there."""
        table = self._sight.look(camera)
        steps = (np.arange(GRID) + 0.5) * (2.0 / GRID) - 1.0
        all_met = [self._sight.meet(table, x, y) for y in steps.tolist() for x in steps.tolist()]
        origin = np.asarray(camera.look_from, np.float64)
        known = (met is not None and self._know(met, origin) for met in all_met)
        return sum(known) / GRID**2

    def _know(self, seen: Met, origin: Vector) -> bool:
        side = np.sign((origin - seen.point) @ seen.normal)
        for eye in self._eyes:
            way = eye - seen.point
            if side * (way @ seen.normal) <= GRAZING * np.linalg.norm(way):
                continue
            if self._reaches(eye, seen.point):
                return True
        return False

    def _reaches(self, eye: Vector, point: Vector) -> bool:
        way = float(np.linalg.norm(point - eye))
        met = self._sight.meet(self._sight.look(_towards(self._own, point, eye)), 0.0, 0.0)
        return met is not None and math.isclose(
            float(np.linalg.norm(met.point - eye)), way, rel_tol=SAME
        )


def _towards(
    camera: PerspectiveCamera, target: Vector, origin: Vector | None = None
) -> PerspectiveCamera:
    """The same camera, turned so that it looks at a point."""
    start = np.asarray(camera.look_from, np.float64) if origin is None else origin
    way = target - start
    # Any up will do for the ray in the middle, but the way itself.
    up = np.eye(3)[int(np.argmin(np.abs(way)))]
    return camera.replace(
        look_from=tuple(start.tolist()), look_at=tuple(target.tolist()), up=tuple(up.tolist())
    )
