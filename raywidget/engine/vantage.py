"""From where a scene is seen, if walls stand before the place from which one would look.

A room is seen from outside where a picture leaves a wall away, as the Cornell box does; from its
other sides the same room is a black box. So a view along an axis comes nearer until it shows what
the scene's own camera sees, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from raywidget.engine.probing import F64, Met, Prober, all_round
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.emitters.emitters import Environment

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer
    from raywidget.scene.scene import Scene

GRID = 7  # so many rays across the picture, and down
LEAST = 0.04  # of them have to show what the scene's own camera sees
AROUND = 32  # ways out of a camera are tried
MOST_WALLS = 12  # are gone through
BEFORE = 0.02  # of the way to a wall is left to it
EYES = (-0.75, -0.3, 0.3, 0.75)  # across the picture and down
BESIDE = 0.1  # of the way to what the camera sees, before it, are the other places that count
GRAZING = 0.05  # cosine: what is seen flatter than this hardly is
SAME = 1e-3  # two distances along a ray that belong to one point differ by less than this part


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
    prober = Prober(renderer)
    inside = _is_surrounded(prober, own)
    if not inside and any(isinstance(emitter, Environment) for emitter in scene.emitters):
        return asked  # in the open everything is lit, from all sides
    shown = _Seen(prober, own, aspect)
    if shown.share(wanted) >= LEAST:
        return asked
    middle = np.asarray(wanted.look_at, np.float64)
    outwards = np.asarray(asked, np.float64) - middle
    shares = []
    for part in _walls(prober, wanted):
        place = middle + (1.0 - BEFORE) * part * outwards
        shares.append((shown.share(wanted.replace(look_from=tuple(place.tolist()))), part, place))
    best = max((share for share, _, _ in shares), default=0.0)
    if best < LEAST:
        return asked
    _, _, place = max((one for one in shares if one[0] >= 0.5 * best), key=lambda one: one[1])
    x, y, z = place.tolist()
    return x, y, z


def _is_surrounded(prober: Prober, camera: PerspectiveCamera) -> bool:
    """Does a camera stand in a room? Nearly all ways from it end at a wall then."""
    origin = np.asarray(camera.look_from, np.float64)
    ends = [prober.along(origin, way) is not None for way in all_round(AROUND)]
    return sum(ends) >= 0.9 * AROUND


def _walls(prober: Prober, wanted: PerspectiveCamera) -> list[float]:
    """Where surfaces are on the way from what is looked at to the camera, in parts of it."""
    middle = np.asarray(wanted.look_at, np.float64)
    outwards = np.asarray(wanted.look_from, np.float64) - middle
    length = float(np.linalg.norm(outwards))
    found: list[float] = []
    at = 0.0
    while len(found) < MOST_WALLS:
        met = prober.along(middle + at * outwards, outwards / length)
        if met is None or at + met.distance / length >= 1.0:
            break
        found.append(at + met.distance / length)
        at = found[-1] + SAME
    return found


class _Seen:
    """What is seen from the scene's own camera, or from beside what that sees: all of a room."""

    def __init__(self, prober: Prober, own: PerspectiveCamera, aspect: float) -> None:
        self._prober = prober
        self._size = max(1, round(1000 * aspect)), 1000
        origin = np.asarray(own.look_from, np.float64)
        self._eyes = [origin]
        for met in self._look(own, EYES):
            if met is not None:
                self._eyes.append(origin + (1.0 - BESIDE) * (met.point - origin))

    def share(self, camera: PerspectiveCamera) -> float:
        """The share of a view's rays that end where it is seen from there."""
        steps = ((np.arange(GRID) + 0.5) * (2.0 / GRID) - 1.0).tolist()
        origin = np.asarray(camera.look_from, np.float64)
        known = [met is not None and self._know(met, origin) for met in self._look(camera, steps)]
        return sum(known) / len(known)

    def _look(self, camera: PerspectiveCamera, steps: Sequence[float]) -> list[Met | None]:
        table = self._prober.compile_camera(camera.replace(aperture_radius=0.0), *self._size)
        return [self._prober.through(table, x, y) for y in steps for x in steps]

    def _know(self, seen: Met, origin: F64) -> bool:
        side = np.sign((origin - seen.point) @ seen.normal)
        for eye in self._eyes:
            way = eye - seen.point
            if side * (way @ seen.normal) <= GRAZING * np.linalg.norm(way):
                continue
            if self._reaches(eye, seen.point):
                return True
        return False

    def _reaches(self, eye: F64, point: F64) -> bool:
        way = point - eye
        length = float(np.linalg.norm(way))
        met = self._prober.along(eye, way / length)
        return met is not None and math.isclose(met.distance, length, rel_tol=SAME)
