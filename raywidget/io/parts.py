"""What a file says of a scene: the parts that every reader of scene files returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.shapes.simple import Shape


@dataclass(frozen=True, kw_only=True)
class SceneParts:
    """Shapes, emitters and cameras of a file, with what was mended or not understood.

    Parameters
    ----------
    shapes : tuple of Shape
        With their materials, in the order of the file.
    emitters : tuple of Emitter
        Lights that are no surfaces; at most one environment.
    cameras : tuple of Camera
        The first is the one to look through; empty if the file has none.
    notes : tuple of str
        A sentence each: what was mended and how often, what was left out and where it stands.
    """

    shapes: tuple[Shape, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    cameras: tuple[Camera, ...] = ()
    notes: tuple[str, ...] = field(default=())
