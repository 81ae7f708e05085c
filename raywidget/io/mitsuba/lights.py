"""Emitters and sensors of Mitsuba -> emitters, cameras and settings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.mitsuba.elements import referred
from raywidget.io.mitsuba.surfaces import Surfaces
from raywidget.io.mitsuba.values import Plugin
from raywidget.io.notes import Notes
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    ImageEnvironment,
    PointLight,
    SpotLight,
)
from raywidget.scene.emitters.sky import SkyEnvironment, sun_angles_of

F64 = NDArray[np.float64]

FINE_ROWS = 256  # of an environment: from there on half a row is a third of a degree

SUNSKY = 106.75 * 683.0 / 40_000.0  # our radiance by that of `sunsky`, see docs/conventions.md

_PLACE_AND_TIME = (
    *("latitude", "longitude", "timezone"),
    *("year", "month", "day", "hour", "minute", "second"),
)
_FILTERS = {"box": "box", "tent": "tent", "gaussian": "gaussian"}
_PATHS = {"path": "path", "ptracer": "path", "bdpt": "bdpt"}
_PATHS |= dict.fromkeys(("volpath", "volpathmis", "volpath_simple"), "volpath")


def emitter(plugin: Plugin, surfaces: Surfaces, notes: Notes) -> Emitter | None:
    """What an emitter is here; None, with a note, if there is no such thing."""
    matrix = plugin.matrix()
    match plugin.type:
        case "constant":
            return ConstantEnvironment(surfaces.radiance(plugin, "radiance"), name=plugin.id)
        case "envmap":
            path = referred(plugin.scene, plugin.text("filename"), plugin.place)
            linear = matrix[:3, :3] / np.cbrt(abs(np.linalg.det(matrix[:3, :3])) or 1.0)
            scale = plugin.number("scale", 1.0)
            sky = ImageEnvironment(path, scale=scale, rotation=linear, name=plugin.id)
            if len(np.asarray(sky.image)) < FINE_ROWS:
                notes.add("the rows of an envmap are half a row from where they are", plugin.place)
            return sky
        case "point":
            position = plugin.vector("position", tuple(matrix[:3, 3]))
            return PointLight(position, surfaces.radiance(plugin, "intensity"), name=plugin.id)
        case "spot":
            cutoff = plugin.number("cutoff_angle", 20.0)
            if plugin.take("texture") is not None:
                notes.add("the texture of a spot is left out", plugin.place)
            return SpotLight(
                matrix[:3, 3],
                direction=matrix[:3, 2],
                intensity=surfaces.radiance(plugin, "intensity"),
                cone_angle=cutoff,
                beam_angle=plugin.number("beam_width", 0.75 * cutoff),
                name=plugin.id,
            )
        case "directional":
            direction = plugin.vector("direction", tuple(matrix[:3, 2]))
            return DirectionalLight(
                direction, surfaces.radiance(plugin, "irradiance"), name=plugin.id
            )
        case "sky" | "sunsky":
            return _sky(plugin, surfaces, notes)
    notes.add(f"emitter {plugin.type!r} is not known here, and left out", plugin.place)
    return None


def _sky(plugin: Plugin, surfaces: Surfaces, notes: Notes) -> Emitter:
    """The same model of Hosek and Wilkie; its zenith is +z, and its sun is told in the world."""
    linear = plugin.matrix()[:3, :3]
    with_sun = plugin.type == "sunsky"
    scale = plugin.number("sky_scale" if with_sun else "scale", 1.0)
    sun_scale = plugin.number("sun_scale", 1.0) if with_sun else 0.0
    if sun_scale not in (0.0, scale):
        notes.add("the sun of a sunsky is as strong as its sky here", plugin.place)
    up = linear @ (0.0, 0.0, 1.0)
    if "sun_direction" in plugin.properties:
        elevation, azimuth = sun_angles_of(plugin.vector("sun_direction"), up)
    else:
        notes.add("a sky's place and time are not read: its sun is 45 degrees high", plugin.place)
        plugin.taken.update(_PLACE_AND_TIME)
        elevation, azimuth = 45.0, 180.0
    if elevation <= 0.0:
        notes.add("the sun of a sky is below its horizon: it stands on it here", plugin.place)
    return SkyEnvironment(
        sun_elevation=max(elevation, 0.1),
        sun_azimuth=azimuth,
        turbidity=min(max(plugin.number("turbidity", 3.0), 1.0), 10.0),
        ground_albedo=surfaces.color(plugin, "albedo", 0.3),
        sun=sun_scale > 0.0,
        scale=scale / SUNSKY,
        up=tuple(up.tolist()),
        name=plugin.id,
    )


def camera(plugin: Plugin, notes: Notes, defaults: dict[str, Any]) -> Camera | None:
    """What a sensor is here; its film and its sampler become settings in `defaults`.

    How far away is what it looks at, only a thin lens tells: see `io.views`.
    """
    width, height = _film(plugin, notes, defaults)
    for sampler in plugin.of_kind("sampler"):
        defaults["spp"] = sampler.integer("sample_count", 4)
    matrix = plugin.matrix()
    right, up, forward = matrix[:3, :3].T
    if np.linalg.det(matrix[:3, :3]) < 0.0:
        notes.add("a camera that mirrors its picture is taken without the mirror", plugin.place)
    for name in ("near_clip", "far_clip", "shutter_open", "shutter_close"):
        plugin.take(name)
    origin = matrix[:3, 3]
    aspect = width / height
    if plugin.type == "orthographic":
        # It shows x from -1 to 1.
        return OrthographicCamera(
            look_from=origin,
            look_at=origin + forward / np.linalg.norm(forward),
            up=up,
            height=2.0 * float(np.linalg.norm(right)) / aspect,
            name=plugin.id,
        )
    if plugin.type not in ("perspective", "thinlens"):
        notes.add(f"sensor {plugin.type!r} is not known here, and left out", plugin.place)
        return None
    focus = plugin.number("focus_distance", 0.0)
    distance = 1.0
    lens: dict[str, Any] = {}
    if plugin.type == "thinlens":
        if not focus > 0.0:
            raise plugin.fail("focus_distance", "a length > 0", focus)
        lens = {"aperture_radius": plugin.number("aperture_radius", 0.0), "focus_distance": focus}
        distance = focus
    # It counts y downwards, in heights of the film.
    aside = plugin.number("principal_point_offset_x", 0.0)
    below = plugin.number("principal_point_offset_y", 0.0)
    return PerspectiveCamera(
        look_from=origin,
        look_at=origin + forward / np.linalg.norm(forward) * distance,
        up=up,
        shift=(aside, 0.0 - below),
        **_field_of_view(plugin),
        name=plugin.id,
        **lens,
    )


def integrator(plugin: Plugin, notes: Notes, defaults: dict[str, Any]) -> bool:
    """The settings that an integrator stands for; does it hide lamps from the camera?"""
    hides = False
    if plugin.type == "direct":
        defaults["integrator"] = "direct"
    elif plugin.type in _PATHS:
        defaults["integrator"] = _PATHS[plugin.type]
        depth = plugin.integer("max_depth", -1)
        if depth > 0:
            defaults["max_depth"] = depth
    else:
        notes.add(f"integrator {plugin.type!r} is not known here: path instead", plugin.place)
        for nested in plugin.of_kind("integrator"):
            hides |= integrator(nested, notes, defaults)
    plugin.take("rr_depth")  # changes the noise only
    return hides or plugin.take("hide_emitters") is True


def _film(plugin: Plugin, notes: Notes, defaults: dict[str, Any]) -> tuple[int, int]:
    width, height = 768, 576
    kind = "gaussian"
    for film in plugin.of_kind("film"):
        width, height = film.integer("width", width), film.integer("height", height)
        for name in ("pixel_format", "component_format", "file_format", "banner", "sample_border"):
            film.take(name)
        kind = next((f.type for f in film.of_kind("rfilter")), kind)
        if kind not in _FILTERS:
            notes.add(f"rfilter {kind!r} is not known here: gaussian instead", film.place)
    if width < 1 or height < 1:
        raise SceneError(f"{plugin.place}: width and height of a film must be at least 1")
    defaults |= {"width": width, "height": height, "filter": _FILTERS.get(kind, "gaussian")}
    return width, height


_AXES = {"x": "horizontal", "y": "vertical", "diagonal": "diagonal"}
_AXES |= {name: name for name in ("smaller", "larger")}


def _field_of_view(plugin: Plugin) -> dict[str, Any]:
    """The field of view and its axis, as a `PerspectiveCamera` has them."""
    axis = plugin.text("fov_axis", "x")
    if "fov" not in plugin.properties and "focal_length" in plugin.properties:
        text = plugin.text("focal_length")
        try:
            length = float(text.removesuffix("mm"))
        except ValueError:
            length = 0.0
        if not length > 0.0:
            raise plugin.fail("focal_length", 'a length such as "50mm"', text)
        # Of a 36 x 24 mm negative, along its diagonal.
        half = math.hypot(36.0, 24.0) / (2.0 * length)
        degrees, axis = math.degrees(2.0 * math.atan(half)), "diagonal"
    else:
        degrees = plugin.number("fov", 50.0)
        if not 0.0 < degrees < 180.0:
            raise plugin.fail("fov", "an angle between 0 and 180 degrees", degrees)
    if axis not in _AXES:
        raise plugin.fail("fov_axis", "x, y, diagonal, smaller or larger", axis)
    return {"vfov": degrees, "fov_axis": _AXES[axis]}
