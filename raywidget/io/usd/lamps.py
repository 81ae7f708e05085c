"""Lights of a stage -> emitters, and shapes that shine.

After the specification of UsdLux: the radiance is intensity x 2^exposure x colour, which
`normalize` divides by the light's area (of a distant light by the solid angle, weighed by the
cosine). Lamps are things here: they are seen, and cast shadows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.notes import Notes
from raywidget.io.usd.pictures import Pictures, linear
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    Environment,
    ImageEnvironment,
    PointLight,
    SpotLight,
)
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.materials.materials import Diffuse
from raywidget.scene.shapes.round import Cylinder, Disk
from raywidget.scene.shapes.simple import Quad, Shape, Sphere
from raywidget.scene.values.checks import LARGEST, SMALLEST_LENGTH

F64 = NDArray[np.float64]

_BLACK = Diffuse(0.0)
_Z_UP = np.array([(1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)])  # y to z, z to -y


class Lamps:
    """Makes lights of what is told of prims."""

    def __init__(self, pictures: Pictures, names: Any, notes: Notes, *, is_z_up: bool) -> None:
        self._pictures = pictures
        self._names = names
        self._notes = notes
        self._is_z_up = is_z_up

    def of(self, told: dict[str, Any], path: str, place: F64) -> Emitter | Shape | None:
        """A light at a place; None if it is dark, or there is no such thing here."""
        if told["kind"] == "PortalLight":
            return self._portal(told, path, place)
        light = radiance(told)
        if not max(light) > 0.0:
            return None
        kind = told["kind"]
        if kind.startswith("DomeLight"):
            return self._dome(told, path, place, light)
        shines = -place[:3, 2]
        size = float(np.linalg.norm(shines))
        if not size > 0.0 or not np.isfinite(place).all():
            self._notes.add("a light that is scaled to nothing is left out", path)
            return None
        if kind == "DistantLight":
            return self._distant(told, path, shines / size, light)
        area = self._area(told, place, path)
        if told["normalize"] and area > 0.0:
            light = _scaled(light, 1.0 / area)
        if told["shaping:focus"] != 0.0 or told["shaping:ies:file"]:
            self._notes.add("focus and profiles (IES) of lights are left out", path)
        name = self._names.unique(path)
        if told["shaping:cone:angle"] < 90.0:
            if kind in ("SphereLight", "DiskLight"):
                return self._spot(told, place, shines, light, name)
            self._notes.add(f"the cone of a {kind} is left out", path)
        return self._shape(told, path, place, light, name)

    def _portal(self, told: dict[str, Any], path: str, place: F64) -> Portal | None:
        """A rectangle round the origin; its own light is nobody's."""
        x, y, _, origin = place[:3].T
        u, v = told["width"] * x, told["height"] * y
        if not np.isfinite(place).all() or not np.linalg.norm(np.cross(u, v)) > SMALLEST_LENGTH:
            self._notes.add("a PortalLight without size is left out", path)
            return None
        return Portal(origin - 0.5 * u - 0.5 * v, u, v, name=self._names.unique(path))

    def _shape(
        self, told: dict[str, Any], path: str, place: F64, light: Any, name: str
    ) -> Emitter | Shape | None:
        x, y, z, origin = place[:3].T
        common: dict[str, Any] = {"emission": light, "material": _BLACK, "name": name}
        match told["kind"]:
            case "SphereLight":
                radius = told["radius"] * self._mean((x, y, z), "SphereLight", path)
                if told["treatAsPoint"] or not radius > SMALLEST_LENGTH:
                    return PointLight(origin, _scaled(light, _point(told, radius)), name=name)
                return Sphere(origin, radius, **common)
            case "DiskLight":
                radius = told["radius"] * self._mean((x, y), "DiskLight", path)
                if radius > SMALLEST_LENGTH:
                    return Disk(origin, -_normal(x, y, z), radius, **common)
            case "RectLight":
                # Its front is where -z is: v goes round u the other way.
                u, v = -told["width"] * x, told["height"] * y
                if np.linalg.det(place[:3, :3]) < 0.0:
                    u = -u
                if told["texture:file"]:
                    self._notes.add("the picture of a RectLight is left out", path)
                if np.linalg.norm(np.cross(u, v)) > SMALLEST_LENGTH:
                    return Quad(origin - 0.5 * u - 0.5 * v, u, v, **common)
            case "CylinderLight":
                radius = told["radius"] * self._mean((y, z), "CylinderLight", path)
                half = 0.5 * told["length"] * x
                if radius > SMALLEST_LENGTH and np.linalg.norm(half) > SMALLEST_LENGTH:
                    return Cylinder(origin - half, origin + half, radius, caps=False, **common)
        self._notes.add(f"a {told['kind']} without size is left out", path)
        return None

    def _spot(
        self, told: dict[str, Any], place: F64, shines: F64, light: Any, name: str
    ) -> SpotLight:
        """A disc that shines into a cone; the same light on what is far away."""
        x, y, z, origin = place[:3].T
        radius = told["radius"] * float(np.mean([np.linalg.norm(v) for v in (x, y, z)]))
        cone = min(90.0, max(0.01, float(told["shaping:cone:angle"])))
        softness = min(1.0, max(0.0, float(told["shaping:cone:softness"])))
        is_point = told["treatAsPoint"] or not radius > SMALLEST_LENGTH
        return SpotLight(
            origin,
            direction=shines,
            intensity=_scaled(light, _point(told, radius)),
            cone_angle=cone,
            beam_angle=cone * (1.0 - softness),
            falloff="smooth",
            radius=0.0 if is_point else radius,
            name=name,
        )

    def _distant(
        self, told: dict[str, Any], path: str, shines: F64, light: Any
    ) -> DirectionalLight:
        """The sun: what it is wide only says how bright it is."""
        half = math.radians(min(360.0, max(0.0, float(told["angle"])))) / 2.0
        sine = math.sin(half) ** 2
        wide = math.pi * (sine if half <= math.pi / 2.0 else 2.0 - sine)
        if half > 0.0 and not told["normalize"]:
            light = _scaled(light, wide)
        if told["angle"] > 1.0:
            self._notes.add("a distant light that is wide has sharp shadows here", path)
        return DirectionalLight(shines, light, name=self._names.unique(path))

    def _dome(self, told: dict[str, Any], path: str, place: F64, light: Any) -> Environment:
        name = self._names.unique(path)
        picture = told.get("picture")
        if picture is None:
            return ConstantEnvironment(light, name=name)
        if told["texture:format"] not in ("automatic", "latlong"):
            self._notes.add(
                f"pictures of the format {told['texture:format']!r} are taken as latlong", path
            )
        found = self._pictures.pixels(picture, path)
        if found is None:
            return ConstantEnvironment(light, name=name)
        u, _, vt = np.linalg.svd(place[:3, :3])
        turn = u @ vt
        if np.linalg.det(turn) < 0.0:
            self._notes.add("a dome that is mirrored is taken without the mirror", path)
            turn = turn * np.array([-1.0, 1.0, 1.0])
        pole = told.get("poleAxis")
        if pole == "Z" or (pole == "scene" and self._is_z_up):
            turn = turn @ _Z_UP
        values = linear(found.values, found.is_coded)
        values = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
        image = np.maximum(values * np.array(light), 0.0).astype(np.float32)
        if min(image.shape[:2]) < 2:  # a single colour, or a row of them
            image = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
        return ImageEnvironment(image, rotation=turn, name=name)

    def _area(self, told: dict[str, Any], place: F64, path: str) -> float:
        """In the world, as `normalize` means it."""
        x, y, z = (float(np.linalg.norm(v)) for v in place[:3, :3].T)
        match told["kind"]:
            case "SphereLight":
                return float(4.0 * math.pi * (told["radius"] * (x + y + z) / 3.0) ** 2)
            case "DiskLight":
                return float(math.pi * (told["radius"] * (x + y) / 2.0) ** 2)
            case "RectLight":
                return float(told["width"] * told["height"] * x * y)
            case "CylinderLight":
                return float(2.0 * math.pi * told["radius"] * (y + z) / 2.0 * told["length"] * x)
        return 0.0

    def _mean(self, axes: Any, kind: str, path: str) -> float:
        lengths = [float(np.linalg.norm(axis)) for axis in axes]
        if max(lengths) > 1.00001 * min(lengths):
            self._notes.add(f"a {kind} that is stretched is taken as a round one", path)
        return float(np.mean(lengths))


def radiance(told: dict[str, Any]) -> tuple[float, float, float]:
    """What a light gives off, before it is divided by anything."""
    strength = float(told["intensity"]) * 2.0 ** min(60.0, max(-60.0, float(told["exposure"])))
    color = told["color"]
    tint = told.get("temperature") or (1.0, 1.0, 1.0)
    rgb = [min(LARGEST, max(0.0, strength * c * t)) for c, t in zip(color, tint, strict=True)]
    r, g, b = (value if math.isfinite(value) else 0.0 for value in rgb)
    return (r, g, b)


def _point(told: dict[str, Any], radius: float) -> float:
    """The intensity of a ball, a disc or a point, for a radiance of 1.

    A ball is seen as pi r^2 from all sides; divided by its area 4 pi r^2 that is 1/4, also for a
    point. A point that is not divided has no size to be multiplied with.
    """
    if radius > SMALLEST_LENGTH:
        return math.pi * radius**2
    return 0.25 if told["normalize"] else 1.0


def _scaled(light: Any, factor: float) -> Any:
    return tuple(min(LARGEST, channel * factor) for channel in light)


def _normal(x: F64, y: F64, z: F64) -> F64:
    """Of the plane of x and y, to the side of z."""
    normal = np.cross(x, y)
    return np.asarray(normal if normal @ z > 0.0 else -normal)
