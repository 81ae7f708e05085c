"""From where a scene is seen, if walls stand before the place from which one would look.

A room is seen from outside where a picture leaves a wall away, as the Cornell box does; from its
other sides the same room is a black box, and a backdrop hides all that stands before it. So a view
along an axis comes nearer until it shows what the scene's own camera sees, or what the scene is
about; and wider, so that it shows about as much as it would have from where it was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from raywidget.engine.probing import F64, Met, Prober, all_round
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import Environment
from raywidget.scene.values.checks import Vec3

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer
    from raywidget.scene.scene import Scene

GRID = 7  # so many rays across the picture, and down
LATTICE = 5  # points along each side of a box that are looked for
LEAST = 0.04  # of them have to show what the scene's own camera sees, or what it is about
AROUND = 32  # ways out of a camera are tried
MOST_WALLS = 12  # are gone through
BEFORE = 0.02  # of the way to a wall is left to it
EYES = (-0.75, -0.3, 0.3, 0.75)  # across the picture and down
BESIDE = 0.1  # of the way to what the camera sees, before it, are the other places that count
GRAZING = 0.05  # cosine: what is seen flatter than this hardly is
SAME = 1e-3  # two distances along a ray that belong to one point differ by less than this part
WIDEST = 80.0  # degrees: as wide as pictures of rooms are taken

Straight = PerspectiveCamera | OrthographicCamera


class Things(NamedTuple):
    """What a scene is about."""

    shapes: Collection[int]  # places in `Scene.shapes`
    low: Vec3  # corners of the box round them
    high: Vec3


def find_vantage(
    scene: Scene, renderer: Renderer, wanted: Straight, aspect: float, things: Things
) -> Straight:
    """A camera that looks as is wanted, from where there is something to be seen.

    Parameters
    ----------
    scene : Scene
        With the camera that it came with: what that one sees is what there is to be seen.
    renderer : Renderer
        The scene, compiled.
    wanted : PerspectiveCamera or OrthographicCamera
        A view of it.
    aspect : float
        Width by height of the picture.
    things : Things
        What the scene is about.

    Returns
    -------
    PerspectiveCamera or OrthographicCamera
        `wanted`; or one that stands on the way from there to ``wanted.look_at``: in a room in
        which light and camera are, too, or before what hides the things.
    """
    own = scene.camera
    if not isinstance(own, Straight):
        return wanted
    prober = Prober(renderer)
    inside = _is_surrounded(prober, own)
    if not inside and any(isinstance(emitter, Environment) for emitter in scene.emitters):
        # In the open everything is lit, from all sides: what hides the things is the question.
        share: Callable[[Straight], float] = _Sought(prober, things).share
    else:
        share = _Seen(prober, own, aspect).share
    if share(wanted) >= LEAST:
        return wanted
    tried = [_from_nearer(wanted, part) for part in _walls(prober, wanted)]
    shares = [share(camera) for camera in tried]
    best = max(shares, default=0.0)
    if best < LEAST:
        return wanted
    # The farthest one that shows enough.
    return max(
        (camera for camera, seen in zip(tried, shares, strict=True) if seen >= 0.5 * best),
        key=lambda camera: math.dist(camera.look_from, camera.look_at),
    )


def _from_nearer(wanted: Straight, part: float) -> Straight:
    """The camera just before a wall that is at this part of the way from what it looks at."""
    middle = np.asarray(wanted.look_at, np.float64)
    nearer = (1.0 - BEFORE) * part
    x, y, z = (middle + nearer * (np.asarray(wanted.look_from, np.float64) - middle)).tolist()
    if isinstance(wanted, OrthographicCamera):
        return wanted.replace(look_from=(x, y, z))
    half = math.tan(math.radians(wanted.vfov) / 2.0) / nearer
    wider = min(math.degrees(2.0 * math.atan(half)), max(WIDEST, wanted.vfov))
    return wanted.replace(look_from=(x, y, z), vfov=wider)


def _is_surrounded(prober: Prober, camera: Camera) -> bool:
    """Does a camera stand in a room? Nearly all ways from it end at a wall then."""
    origin = np.asarray(camera.look_from, np.float64)
    ends = [prober.along(origin, way) is not None for way in all_round(AROUND)]
    return sum(ends) >= 0.9 * AROUND


def _walls(prober: Prober, wanted: Straight) -> list[float]:
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


def _way(camera: Straight, point: F64) -> F64:
    """From where a camera's ray to a point starts to that point."""
    way = point - np.asarray(camera.look_from, np.float64)
    if isinstance(camera, PerspectiveCamera):
        return way
    forward = camera.frame().forward
    return (way @ forward) * forward


class _Sought:
    """How much is seen of the things, which only other things may hide."""

    def __init__(self, prober: Prober, things: Things) -> None:
        self._prober = prober
        self._shapes = things.shapes
        steps = (np.arange(LATTICE) + 0.5) / LATTICE
        self._low, self._high = np.asarray(things.low, float), np.asarray(things.high, float)
        lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
        self._points = self._low + lattice.reshape(-1, 3) * (self._high - self._low)

    def share(self, camera: Straight) -> float:
        """The share of ways into the box round the things that meet one of them first."""
        origin = np.asarray(camera.look_from, np.float64)
        if ((origin > self._low) & (origin < self._high)).all():
            return 0.0  # among them, or in one: nothing is seen as it is from there
        ways = [(point, _way(camera, point)) for point in self._points]
        found = [
            self._prober.along(point - way, way / np.linalg.norm(way))
            for point, way in ways
            if way @ camera.frame().forward > 0.0
        ]
        met = [one.shape in self._shapes for one in found if one is not None]
        return sum(met) / len(met) if met else 0.0


class _Seen:
    """What is seen from the scene's own camera, or from beside what that sees: all of a room."""

    def __init__(self, prober: Prober, own: Straight, aspect: float) -> None:
        self._prober = prober
        self._size = max(1, round(1000 * aspect)), 1000
        origin = np.asarray(own.look_from, np.float64)
        self._eyes = [origin] if isinstance(own, PerspectiveCamera) else []
        for met in self._look(own, EYES):
            if met is not None:
                self._eyes.append(met.point - BESIDE * _way(own, met.point))

    def share(self, camera: Straight) -> float:
        """The share of a view's rays that end where it is seen from there."""
        steps = ((np.arange(GRID) + 0.5) * (2.0 / GRID) - 1.0).tolist()
        known = [
            met is not None and self._know(met, _way(camera, met.point))
            for met in self._look(camera, steps)
        ]
        return sum(known) / len(known)

    def _look(self, camera: Straight, steps: Sequence[float]) -> list[Met | None]:
        if isinstance(camera, PerspectiveCamera):
            camera = camera.replace(aperture_radius=0.0)
        table = self._prober.compile_camera(camera, *self._size)
        return [self._prober.through(table, x, y) for y in steps for x in steps]

    def _know(self, seen: Met, seen_along: F64) -> bool:
        side = -np.sign(seen_along @ seen.normal)
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
