"""A USD file -> the parts of a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import notes_of
from raywidget.io.usd.cameras import camera
from raywidget.io.usd.lamps import Lamps, radiance
from raywidget.io.usd.pictures import Pictures
from raywidget.io.usd.process import describe
from raywidget.io.usd.shapes import Shapes
from raywidget.io.usd.surfaces import Surfaces
from raywidget.io.views import bounds_of
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter, Environment
from raywidget.scene.shapes.simple import Shape

MAX_LIGHTS = 1 << 16  # copies of lights

_UPRIGHT = np.array(
    # y is up here: a quarter turn about x for files whose z is
    [(1.0, 0.0, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, -1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)]
)


def read_stage(path: Path) -> SceneParts:
    """Read a USD file, see `raywidget.io.usd.read`."""
    return _Stage(path).parts()


class _Names:
    """Names, each given to one thing only: what comes later gets a number."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        count = self._next.get(name, 0) + 1
        self._next[name] = count
        return name if count == 1 else self.unique(f"{name} ({count})")


class _Stage:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._told = describe(path)
        self._notes = Notes()
        self._is_z_up = self._told["up"] == "Z"
        self._turn = _UPRIGHT if self._is_z_up else np.eye(4)
        names = _Names()
        self._names = names
        pictures = Pictures(self._told["pictures"], self._notes)
        surfaces = Surfaces(self._told["materials"], pictures, names, self._notes)
        self._shapes = Shapes(surfaces, names, self._notes)
        self._lamps = Lamps(pictures, names, self._notes, is_z_up=self._is_z_up)

    def parts(self) -> SceneParts:
        shapes: list[Shape] = []
        emitters: list[Emitter] = []
        cameras: list[dict[str, Any]] = []
        for item in self._told["items"]:
            try:
                if "shape" in item:
                    shapes += self._shapes_of(item)
                elif "camera" in item:
                    cameras.append(item)
                else:
                    self._add_lights(item, shapes, emitters)
            except SceneError as error:
                raise self._placed(error, item["path"]) from None
        made, defaults = self._cameras(cameras, shapes)
        return SceneParts(
            shapes=tuple(shapes),
            emitters=tuple(emitters),
            cameras=tuple(made),
            defaults=defaults,
            notes=(*self._of_units(), *self._all_notes()),
        )

    def _placed(self, error: SceneError, path: str) -> SceneError:
        text = str(error)
        if text.startswith(repr(self._path.name)):
            return error
        return SceneError(f"{self._path.name!r}, {path}: {text.removeprefix(f'{path}: ')}")

    def _shapes_of(self, item: dict[str, Any]) -> list[Shape]:
        emission = None
        if "light" in item:
            light = radiance(item["light"])
            emission = light if max(light) > 0.0 else None
        places = self._turn @ item["places"]
        shapes = self._shapes.of(item["shape"], item["path"], places, emission)
        if emission is not None and item["light"]["normalize"]:
            area = sum(shape.area() for shape in shapes)
            if area > 0.0:
                shining = tuple(channel / area for channel in emission)
                shapes = [shape.replace(emission=shining) for shape in shapes]
        return shapes

    def _add_lights(
        self, item: dict[str, Any], shapes: list[Shape], emitters: list[Emitter]
    ) -> None:
        path = item["path"]
        if len(item["places"]) > MAX_LIGHTS:
            raise SceneError(
                f"must have at most {MAX_LIGHTS:,} copies, got {len(item['places']):,}"
            )
        for place in item["places"]:
            found = self._lamps.of(item["light"], path, self._turn @ place)
            if isinstance(found, Environment) and any(isinstance(e, Environment) for e in emitters):
                self._notes.add("a second dome is left out", path)
            elif isinstance(found, Shape):
                shapes.append(found)
            elif found is not None:
                emitters.append(found)

    def _cameras(
        self, items: list[dict[str, Any]], shapes: list[Shape]
    ) -> tuple[list[Camera], dict[str, Any]]:
        bounds = bounds_of(shapes)
        cameras: list[Camera] = []
        defaults: dict[str, Any] = {}
        for item in items:
            place = self._turn @ item["places"][0]
            try:
                made, size = camera(
                    item["camera"],
                    item["path"],
                    place,
                    bounds,
                    self._names.unique(item["path"]),
                    self._notes,
                )
            except SceneError as error:
                raise self._placed(error, item["path"]) from None
            defaults = defaults if cameras else size
            cameras.append(made)
        return cameras, defaults

    def _of_units(self) -> tuple[str, ...]:
        notes = []
        if self._is_z_up:
            notes.append("z is up in the file: it is turned by -90 degrees about x, so that y is")
        if self._told["says_meters"]:
            meters = self._told["meters"]
            notes.append(f"lengths are in the file's unit, which is {meters:g} m")
        return tuple(notes)

    def _all_notes(self) -> tuple[str, ...]:
        return (*self._told["notes"], *self._notes.sentences(), *notes_of(self._shapes.count))
