"""What a file says of a scene: the parts that every reader of scene files returns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from raywidget.io.notes import with_file
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values.checks import ColorLike


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
    medium : HomogeneousMedium, optional
        What fills the space outside of all shapes.
    background : colour or Backdrop, optional
        What the camera sees where no shape is, instead of the environment.
    clip : tuple of Plane
        What cuts the scene open.
    caps : bool or "values"
        Are cuts through closed shapes closed?
    defaults, annotations : mapping of str to value
        Settings of the render that the file gives, such as ``{"width": 400, "spp": 64}``, by their
        names in `RenderSettings`.
    name : str, optional
        Of the scene.
    notes : tuple of str
        A sentence each: what was mended and how often, what was left out and where it stands.
    is_saved : bool
        Are these the parts of a scene that was saved here, notes included?
    """

    shapes: tuple[Shape, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    cameras: tuple[Camera, ...] = ()
    medium: HomogeneousMedium | None = None
    background: ColorLike | Backdrop | None = None
    clip: tuple[Plane, ...] = ()
    caps: bool | str = False
    defaults: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    notes: tuple[str, ...] = ()
    is_saved: bool = False

    def notes_of(self, path: str | os.PathLike[str]) -> tuple[str, ...]:
        """The notes, with the name of their file; those of a scene that was saved word by word."""
        if self.is_saved:
            return self.notes
        return tuple(with_file(self.notes, os.path.basename(os.fspath(path))))
