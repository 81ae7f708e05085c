"""Area lights of pbrt -> what shapes give off."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from raywidget.io.notes import Notes
from raywidget.io.pbrt import spectra
from raywidget.io.pbrt.parameters import COLORS, Parameters
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.round import Cylinder, Disk
from raywidget.scene.shapes.simple import Shape, Sphere
from raywidget.scene.textures.image_texture import ImageTexture

_APART = 1e-5  # of the size of a lamp: the distance of its two sides


class Lamp(NamedTuple):
    """Light that a surface gives off."""

    radiance: spectra.Rgb  # of a lamp with a power: what makes it 1 W/m^2 at each point
    picture: ImageTexture | None
    power: float | None
    both_sides: bool

    @property
    def has_picture(self) -> bool:
        """Does it shine otherwise from place to place?"""
        return self.picture is not None


class Lamps:
    """Translates area lights, each once; `exposure` is what the film multiplies with."""

    def __init__(self, exposure: float, notes: Notes) -> None:
        self._exposure = exposure
        self._notes = notes
        self._made: dict[int, Lamp | None] = {}

    def lamp(self, owner: Parameters | None) -> Lamp | None:
        """What an area light is here."""
        if owner is None:
            return None
        if id(owner) not in self._made:
            self._made[id(owner)] = self._translated(owner)
        return self._made[id(owner)]

    def _translated(self, owner: Parameters) -> Lamp | None:
        if owner.type != "diffuse":
            self._notes.add(f"area light {owner.type!r} is left out", owner.place)
            owner.ignore(*owner.items)
            return None
        rgb = light(owner, "L")
        scale = owner.number("scale", 1.0) * self._exposure
        if scale < 0.0:
            raise owner.fail("scale", "a number >= 0", scale)
        power = owner.number("power", -1.0)
        picture = None
        path = owner.picture("filename", self._notes) if owner.has("filename") else None
        if path is not None:
            picture = ImageTexture(path, factor=(scale,) * 3)
            if power > 0.0:
                power /= float(np.mean(picture.mean())) / max(scale, 1e-30) or 1.0
        red, green, blue = (float(scale * value) for value in rgb)
        return Lamp(
            (red, green, blue),
            picture,
            power if power > 0.0 else None,
            owner.flag("twosided", False),
        )


def light(owner: Parameters, name: str) -> spectra.Rgb:
    """Light of a lamp: RGB as it stands, other spectra with a luminance of 1."""
    item = owner.take(name, *COLORS)
    if item is None:
        return 1.0, 1.0, 1.0
    return spectra.colour(item, "light", owner.color_space, owner.scene)


def shining(shape: Shape, lamp: Lamp, count: int) -> list[Shape]:
    """A shape that gives off light; `count` tells of how many lamps it consists for pbrt.

    Each of these gives off the whole power; it is spread evenly here.
    """
    factor = 1.0
    if lamp.power is not None:
        sides = 2.0 if lamp.both_sides else 1.0
        factor = lamp.power * count / (np.pi * sides * max(_area(shape), 1e-30))
    if lamp.picture is not None:
        picture = lamp.picture.replace(factor=tuple(factor * np.array(lamp.picture.factor)))
        material = shape.material.replace(emission=picture)
        lit: Shape = shape.replace(material=material)
    else:
        lit = shape.replace(emission=tuple(factor * np.array(lamp.radiance)))
    return [lit, *_behind(lit)] if lamp.both_sides else [lit]


def _behind(shape: Shape) -> list[Shape]:
    """The other side of a lamp, a little behind it."""
    low, high = (np.asarray(end, np.float64) for end in shape.bounds())
    distance = _APART * float(np.linalg.norm(high - low))
    changes: dict[str, Any] = {}
    if isinstance(shape, Sphere | Cylinder):
        changes = {"radius": shape.radius - distance}
    elif isinstance(shape, Disk):
        normal = np.asarray(shape.normal) * (-1.0 if shape.flip_normals else 1.0)
        changes = {"center": np.asarray(shape.center) - distance * normal}
    elif isinstance(shape, Mesh):
        corners = shape.vertices.astype(np.float64)[shape.faces]
        wound = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = np.zeros(shape.vertices.shape)
        for corner in range(3):
            np.add.at(normals, shape.faces[:, corner], wound)
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals /= np.where(lengths > 0.0, lengths, 1.0)
        sign = -1.0 if shape.flip_normals else 1.0
        changes = {"vertices": shape.vertices - sign * distance * normals}
    else:
        return []
    return [shape.replace(flip_normals=not shape.flip_normals, **changes)]


def _area(shape: Shape) -> float:
    if isinstance(shape, Sphere):
        return float(4.0 * np.pi * shape.radius**2)
    if isinstance(shape, Disk):
        return float(np.pi * shape.radius**2)
    if isinstance(shape, Cylinder):
        length = float(np.linalg.norm(np.subtract(shape.top, shape.base)))
        return float(2.0 * np.pi * shape.radius * length)
    if isinstance(shape, Mesh):
        corners = shape.vertices.astype(np.float64)[shape.faces]
        wound = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return float(0.5 * np.linalg.norm(wound, axis=1).sum())
    return 0.0
