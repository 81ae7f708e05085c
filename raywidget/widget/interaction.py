"""What a page may do with a render beyond its buttons: move the camera, for now.

`Interaction` is the source that the pump gets: the session, and the deeds that need the scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from raywidget.engine.run import Current, Progress
from raywidget.engine.session import Session
from raywidget.scene.camera import Camera, PerspectiveCamera
from raywidget.scene.scene import Scene
from raywidget.scene.shapes import Shape
from raywidget.stream.protocol import CameraMove, Content

# What is this many times larger than the middle one of the shapes is ground or sky, not a subject.
HUGE = 12.0


class Interaction:
    """A session, as pages use it.

    Parameters
    ----------
    session : Session
        The render.
    camera_moved : callable
        Called after the camera has moved, in the pump's thread.
    """

    def __init__(self, session: Session, camera_moved: Callable[[], None]) -> None:
        self._session = session
        self._camera_moved = camera_moved
        self._framed: tuple[object, Content] | None = None  # the shapes, and where they are
        # Straight through.
        self.pause = session.pause
        self.resume = session.resume
        self.stop = session.stop
        self.restart = session.restart
        self.extend = session.extend

    def current(self) -> Current:
        """What the render is and does now."""
        return self._session.current()

    def progress(self) -> Progress:
        """How far it is now."""
        return self._session.progress()

    def stage(self) -> Content | None:
        """The camera, and where the scene is."""
        scene = self._session.scene
        camera = scene.camera
        if not isinstance(camera, PerspectiveCamera):
            return None
        if self._framed is None or self._framed[0] is not scene.shapes:
            self._framed = (scene.shapes, frame_shapes(scene))
        return {**describe_camera(camera), **self._framed[1]}

    def move_camera(self, move: CameraMove) -> None:
        """Show coarsely what the camera sees from there.

        Raises
        ------
        SceneError
            If no camera can look so.
        """
        scene = self._session.scene
        camera = look_along(scene.camera, move)
        self._session.look(scene.replace(camera=camera), client=move.client, number=move.number)
        self._camera_moved()

    def settle_camera(self) -> None:
        """Render what it sees now."""
        self._session.restart(scene=self._session.scene)


def look_along(camera: Camera, move: CameraMove) -> Camera:
    """A camera like this one that looks as a page has turned it."""
    changes: dict[str, Any] = {"look_from": move.look_from, "look_at": move.look_at}
    changes |= {"up": move.up, "vfov": move.vfov}
    if isinstance(camera, PerspectiveCamera) and camera.focus_distance is not None:
        # What is looked at stays as sharp as it was.
        before = math.dist(camera.look_from, camera.look_at)
        after = math.dist(move.look_from, move.look_at)
        changes["focus_distance"] = camera.focus_distance * after / before
    return camera.replace(**changes)


def describe_camera(camera: PerspectiveCamera) -> Content:
    """A camera in numbers that JSON has."""
    return {
        "look_from": [float(x) for x in camera.look_from],
        "look_at": [float(x) for x in camera.look_at],
        "up": [float(x) for x in camera.up],
        "vfov": camera.vfov,
        "aperture_radius": camera.aperture_radius,
        "focus_distance": camera.focus_distance,
    }


def frame_shapes(scene: Scene) -> Content:
    """Middle and radius of what the scene is about: all shapes but grounds and skies."""
    boxes = [_box(shape) for shape in scene.shapes]
    if not boxes:
        return {"center": [0.0, 0.0, 0.0], "radius": 1.0}
    sizes = [float(np.linalg.norm(high - low)) for low, high in boxes]
    limit = HUGE * float(np.median(sizes))
    kept = [box for box, size in zip(boxes, sizes, strict=True) if size <= limit]
    low = np.min([low for low, _ in kept], axis=0)
    high = np.max([high for _, high in kept], axis=0)
    return {
        "center": (0.5 * (low + high)).tolist(),
        "radius": max(0.5 * float(np.linalg.norm(high - low)), 1e-9),
    }


def _box(shape: Shape) -> tuple[Any, Any]:
    low, high = shape.bounds()
    return np.asarray(low, np.float64), np.asarray(high, np.float64)
