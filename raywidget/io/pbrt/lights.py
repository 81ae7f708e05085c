"""Lights of pbrt that are no surfaces -> emitters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from raywidget.io.notes import Notes
from raywidget.io.pbrt.directives import Placed
from raywidget.io.pbrt.lamps import light
from raywidget.io.pbrt.octahedral import (
    latlong,
    sphere_from_square,
    square_from_sphere,
    wide_from_sphere,
)
from raywidget.io.pbrt.parameters import Parameters
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    ImageEnvironment,
    PointLight,
    SpotLight,
)
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.textures.pixels import read_pixels
from raywidget.scene.values import transforms
from raywidget.scene.values.colors import decode_srgb

F64 = NDArray[np.float64]

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


class Lights:
    """Translates lights; those at infinity become one environment."""

    def __init__(self, world: F64, exposure: float, notes: Notes) -> None:
        self._world = world
        self._exposure = exposure
        self._notes = notes
        self._emitters: list[Emitter] = []
        self._constant = np.zeros(3)
        self._picture: NDArray[np.float32] | None = None
        self._has_sky = False

    def add(self, placed: Placed) -> None:
        """Take one light."""
        owner, matrix = placed.parameters, self._world @ placed.matrix
        if not abs(np.linalg.det(matrix[:3, :3])) > 1e-300:
            raise owner.fail("the transform", "one that does not flatten space", "one that does")
        match owner.type:
            case "point" | "spot" | "goniometric":
                self._from_point(owner, matrix)
            case "distant":
                self._distant(owner, matrix)
            case "infinite":
                self._infinite(owner, matrix)
            case _:
                self._notes.add(
                    f"light {owner.type!r} is not known here, and left out", owner.place
                )
                owner.ignore(*owner.items)

    def emitters(self) -> list[Emitter]:
        """All of them."""
        if self._picture is not None:
            pixels = self._picture + self._constant.astype(np.float32)
            return [*self._emitters, ImageEnvironment(pixels)]
        if self._has_sky:
            return [*self._emitters, ConstantEnvironment(_tuple(self._constant))]
        return list(self._emitters)

    def _scale(self, owner: Parameters) -> float:
        scale = owner.number("scale", 1.0)
        if scale < 0.0:
            raise owner.fail("scale", "a number >= 0", scale)
        return scale * self._exposure

    def _from_point(self, owner: Parameters, matrix: F64) -> None:
        start = owner.point("from", (0.0, 0.0, 0.0))
        position = transforms.apply(matrix, start)
        intensity = np.array(light(owner, "I")) * self._scale(owner)
        power = owner.number("power", -1.0)
        if owner.type == "spot":
            cone = owner.number("coneangle", 30.0)
            delta = owner.number("conedeltaangle", 5.0)
            if not 0.0 < cone < 180.0:
                raise owner.fail("coneangle", "an angle between 0 and 180 degrees", cone)
            beam = min(max(cone - delta, 0.0), cone)
            if power > 0.0:
                inner, outer = np.cos(np.radians((beam, cone)))
                intensity *= power / (2.0 * np.pi * ((1.0 - inner) + (inner - outer) / 2.0))
            axis = matrix[:3, :3] @ (owner.point("to", (0.0, 0.0, 1.0)) - start)
            self._emitters.append(
                SpotLight(
                    position,
                    direction=axis,
                    intensity=_tuple(intensity),
                    cone_angle=cone,
                    beam_angle=beam,
                    falloff="smooth",
                )
            )
            return
        if owner.type == "goniometric":
            self._notes.add("light 'goniometric' shines alike in all directions", owner.place)
            owner.ignore("filename")
        if power > 0.0:
            intensity *= power / (4.0 * np.pi)
        self._emitters.append(PointLight(position, _tuple(intensity)))

    def _distant(self, owner: Parameters, matrix: F64) -> None:
        axis = owner.point("to", (0.0, 0.0, 1.0)) - owner.point("from", (0.0, 0.0, 0.0))
        irradiance = np.array(light(owner, "L")) * self._scale(owner)
        wanted = owner.number("illuminance", -1.0)
        if wanted > 0.0:
            irradiance *= wanted
        self._emitters.append(DirectionalLight(matrix[:3, :3] @ axis, _tuple(irradiance)))

    def _portal(self, owner: Parameters) -> None:
        """Four corners in the world: what lies beyond is seen elsewhere, too, here."""
        corners = owner.array("portal", 3, "point3")
        if corners is None:
            return
        if len(corners) != 4 or not np.isfinite(corners).all():
            raise owner.fail("portal", "four points", owner.items["portal"].values[:12])
        origin, u, _, v = transforms.apply(self._world, corners)
        if np.linalg.norm(np.cross(u - origin, v - origin)) <= 1e-12:
            self._notes.add("a portal without a size is left out", owner.place)
            return
        self._emitters.append(Portal(origin, u - origin, v - origin))
        self._notes.add(
            "a portal says where to look for light; through other openings it comes in, too",
            owner.place,
        )

    def _infinite(self, owner: Parameters, matrix: F64) -> None:
        radiance = np.array(light(owner, "L")) * self._scale(owner)
        wanted = owner.number("illuminance", -1.0)
        self._portal(owner)
        self._has_sky = True
        if not owner.has("filename"):
            if wanted > 0.0:
                radiance *= wanted / np.pi
            self._constant += radiance
            return
        path = owner.picture("filename", self._notes)
        if path is None:
            self._constant += radiance
            return
        picture = _radiance(path)
        place_of = square_from_sphere
        if picture.shape[0] != picture.shape[1]:
            self._notes.add(
                "the picture of a light is no square: taken by longitude and latitude", owner.place
            )
            place_of = wide_from_sphere
        elif wanted > 0.0:
            radiance *= wanted / max(_illuminance(picture), 1e-30)
        if self._picture is not None:
            self._notes.add("a second picture of all directions is left out", owner.place)
            return
        light_from_world = np.asarray(np.linalg.inv(matrix[:3, :3]), np.float64)
        self._picture = latlong(picture, light_from_world, place_of) * radiance.astype(np.float32)


def _radiance(path: Path) -> NDArray[np.float32]:
    """The picture of a light as linear radiance, (H, W, 3)."""
    pixels = read_pixels("light 'infinite'", "filename", path)
    values = pixels.values[:, :, : 3 if pixels.values.shape[2] >= 3 else 1]
    if values.dtype == np.uint8:
        values = values.astype(np.float32) / np.float32(255.0)
    if pixels.is_coded:
        values = decode_srgb(values).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(values, (*values.shape[:2], 3)))


def _illuminance(picture: NDArray[np.float32]) -> float:
    """Of the upper half, as pbrt counts it: with half of the solid angle of a texel."""
    size = len(picture)
    at = (np.arange(size) + 0.5) / size
    total = 0.0
    for row, v in enumerate(at):
        z = sphere_from_square(np.stack([at, np.full(size, v)], axis=-1))[:, 2]
        total += float((picture[row].astype(np.float64) @ _LUMINANCE) @ np.maximum(z, 0.0))
    return total * 2.0 * np.pi / size**2


def _tuple(values: F64) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
