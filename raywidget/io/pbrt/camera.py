"""Camera, film, sampler, filter and integrator of pbrt -> a camera and settings."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.notes import Notes
from raywidget.io.pbrt.directives import Declared
from raywidget.io.pbrt.parameters import Parameters, placed
from raywidget.scene.camera import (
    Camera,
    OrthographicCamera,
    PanoramicCamera,
    PerspectiveCamera,
)

F64 = NDArray[np.float64]

_MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
_FILTERS = {  # their names here, and pbrt's own radius
    "box": ("box", 0.5),
    "gaussian": ("gaussian", 1.5),
    "triangle": ("tent", 2.0),
}
_INTEGRATORS = (
    "path", "volpath", "bdpt", "simplepath", "simplevolpath", "randomwalk", "lightpath", "mlt",
    "sppm",
)  # fmt: skip


class View:
    """What the directives before WorldBegin say."""

    def __init__(self, declared: Declared, notes: Notes) -> None:
        self._settings = declared.settings
        self._notes = notes
        self.width, self.height = 1280, 720
        self.exposure = 1.0
        self.defaults: dict[str, Any] = {"filter": "gaussian", "spp": 16, "max_depth": 6}
        self.camera: Camera | None = None
        self.world = _MIRROR
        """Takes pbrt's world, which is left-handed, to ours, so that pictures are not mirrored."""

        self._film()
        self._sampler()
        self._filter()
        self._integrator()
        if accelerator := self._settings.get("Accelerator"):
            accelerator.parameters.ignore(*accelerator.parameters.items)
        if camera := self._settings.get("Camera"):
            world_from_camera = np.linalg.inv(camera.matrix)
            is_left = np.linalg.det(world_from_camera[:3, :3]) > 0.0
            # A panorama runs from the right by way of the front to the left.
            if is_left == (camera.parameters.type == "spherical"):
                self.world = np.eye(4)
            with placed(camera.parameters):
                self.camera = self._camera(camera.parameters, self.world @ world_from_camera)

    def _film(self) -> None:
        if found := self._settings.get("Film"):
            film = found.parameters
            self.width = film.integer("xresolution", self.width)
            self.height = film.integer("yresolution", self.height)
            if min(self.width, self.height) < 1 or max(self.width, self.height) > 1 << 16:
                raise film.fail("xresolution or yresolution", "from 1 to 65,536", self.width)
            film.ignore("filename", "diagonal", "savefp16", "coordinatesystem", "nbuckets")
            film.ignore("lambdamin", "lambdamax")
            for name in ("cropwindow", "pixelbounds"):
                if film.has(name):
                    film.ignore(name)
                    self._notes.add(f"film: {name} is left out, all is rendered", film.place)
            sensor = film.text("sensor", "cie1931")
            if sensor != "cie1931":
                self._notes.add(f"film: colours of the sensor {sensor!r} are left out", film.place)
            if film.number("whitebalance", 0.0) != 0.0:
                self._notes.add("film: whitebalance is left out", film.place)
            self.exposure = film.positive("iso", 100.0) / 100.0
        self.defaults |= {"width": self.width, "height": self.height}

    def _sampler(self) -> None:
        found = self._settings.get("Sampler")
        if found is None:
            return
        sampler = found.parameters
        if sampler.type == "stratified":
            count = sampler.integer("xsamples", 4) * sampler.integer("ysamples", 4)
        else:
            count = sampler.integer("pixelsamples", 16)
        if not 1 <= count <= 1 << 24:
            raise sampler.fail("pixelsamples", "from 1 to 16,777,216", count)
        sampler.ignore("randomization", "jitter", "seed", "dimensions")
        self.defaults["spp"] = count

    def _filter(self) -> None:
        found = self._settings.get("PixelFilter")
        if found is None:
            return
        owner = found.parameters
        if owner.type not in _FILTERS:
            self._notes.add(f"filter {owner.type!r} is not known here: gaussian", owner.place)
            owner.ignore(*owner.items)
            return
        name, usual = _FILTERS[owner.type]
        radii = owner.positive("xradius", usual), owner.positive("yradius", usual)
        radius = sum(radii) / 2.0
        if radii[0] != radii[1]:
            self._notes.add("filter: xradius and yradius are taken as their mean", owner.place)
        if owner.type == "gaussian":
            # Ours ends at four times its standard deviation, where next to nothing is left.
            sigma = owner.positive("sigma", 0.5)
            if not 2.5 * sigma <= radius <= 5.0 * sigma:
                self._notes.add("filter: the Gaussian ends at 4 times its sigma", owner.place)
            radius, usual = 4.0 * sigma, 2.0
        self.defaults["filter"] = name
        if radius != (1.0 if name == "tent" else usual):
            self.defaults["filter_radius"] = min(max(radius, 0.1), 8.0)

    def _integrator(self) -> None:
        found = self._settings.get("Integrator")
        if found is None:
            return
        owner = found.parameters
        depth = owner.integer("maxdepth", 5)
        if not 0 <= depth < 1 << 20:
            raise owner.fail("maxdepth", "from 0 to 1,048,575", depth)
        self.defaults["max_depth"] = depth + 1  # edges, not bounces
        camera = self._settings.get("Camera")
        if owner.type == "bdpt" and (camera is None or camera.parameters.type == "perspective"):
            self.defaults["integrator"] = "bdpt"
        elif owner.type in ("mlt", "sppm", "lightpath") or owner.type not in _INTEGRATORS:
            self._notes.add(f"integrator {owner.type!r} is not known here: path", owner.place)
            owner.ignore(*owner.items)
        if owner.flag("regularize", False):
            self._notes.add("integrator: regularize is left out", owner.place)
        owner.ignore(
            "lightsampler", "visualizestrategies", "visualizeweights", "samplelights", "samplebsdf"
        )

    # --- Camera -----------------------------------------------------------------------------------

    def _camera(self, owner: Parameters, matrix: F64) -> Camera | None:
        self.exposure *= self._shutter(owner)
        right, up, forward = matrix[:3, :3].T
        sizes = [float(np.linalg.norm(axis)) for axis in (right, up, forward)]
        if max(sizes) > 1.0001 * min(sizes):
            self._notes.add("a camera that stretches its picture is taken without it", owner.place)
        origin, scale = matrix[:3, 3], float(np.mean(sizes))
        place: dict[str, Any] = {"look_from": origin, "up": up}
        ahead = forward / sizes[2]
        if owner.type == "spherical":
            if owner.text("mapping", "equalarea") != "equirectangular":
                self._notes.add("camera 'spherical' is by longitude and latitude here", owner.place)
            self._distances(owner)
            return PanoramicCamera(look_at=origin - right / sizes[0], **place)
        if owner.type == "orthographic":
            window = self._window(owner)
            self._distances(owner)
            if abs(window.pixel_aspect - 1.0) > 1e-3:
                self._notes.add(
                    "pixels are square here: the picture is as high as it is", owner.place
                )
            aside = 2.0 * window.half_height * self.width / self.height * window.shift[0]
            origin = origin + right * aside + up * (2.0 * window.half_height * window.shift[1])
            place["look_from"] = origin
            height = 2.0 * window.half_height * scale
            return OrthographicCamera(look_at=origin + ahead, height=height, **place)
        if owner.type == "realistic":
            self._notes.add("camera 'realistic' is taken as one of 50 mm, without a lens",
                            owner.place)  # fmt: skip
            owner.ignore(*owner.items)
            # Of a 36 x 24 mm negative.
            half = 12.0 / 50.0 * (1.0 if self.width >= self.height else self.height / self.width)
            return PerspectiveCamera(
                look_at=origin + ahead, vfov=math.degrees(2.0 * math.atan(half)), **place
            )
        if owner.type != "perspective":
            self._notes.add(f"camera {owner.type!r} is not known here: perspective", owner.place)
        fov = owner.number("fov", 90.0)
        if not 0.0 < fov < 180.0:
            raise owner.fail("fov", "an angle between 0 and 180 degrees", fov)
        shape = {name for name in ("frameaspectratio", "screenwindow") if name in owner.items}
        window = self._window(owner)
        half = math.tan(math.radians(fov) / 2.0) * window.half_height
        field: dict[str, Any] = {
            "vfov": math.degrees(2.0 * math.atan(half)),
            "shift": window.shift,
            "pixel_aspect": window.pixel_aspect,
        }
        if not shape:  # the shorter side, whatever picture is rendered
            field = {"vfov": fov, "fov_axis": "smaller"}
        lens, focus = self._distances(owner)
        keywords: dict[str, Any] = {}
        if lens > 0.0:
            keywords = {"aperture_radius": lens * scale, "focus_distance": focus * scale}
        return PerspectiveCamera(look_at=origin + ahead, **field, **place, **keywords)

    def _distances(self, owner: Parameters) -> tuple[float, float]:
        lens = owner.number("lensradius", 0.0)
        return lens, owner.positive("focaldistance", 1e6)

    def _shutter(self, owner: Parameters) -> float:
        """How long the film is exposed: its pictures grow brighter with it."""
        opens, closes = owner.number("shutteropen", 0.0), owner.number("shutterclose", 1.0)
        if not closes > opens:
            raise owner.fail("shutterclose", "after shutteropen", closes)
        return closes - opens

    def _window(self, owner: Parameters) -> _Window:
        """What the film shows, where its shorter side is from -1 to 1."""
        pixels = self.width / self.height
        aspect = owner.positive("frameaspectratio", pixels)
        half = np.array([max(aspect, 1.0), max(1.0 / aspect, 1.0)])
        shift = np.zeros(2)
        window = owner.array("screenwindow", 1, "float")
        if window is not None:
            if len(window) != 4 or not np.isfinite(window).all():
                raise owner.fail("screenwindow", "four numbers", window.tolist())
            sides = window.reshape(2, 2)
            half = (sides[:, 1] - sides[:, 0]) / 2.0
            if not half.min() > 0.0:
                raise owner.fail("screenwindow", "x and y, each from low to high", window.tolist())
            shift = sides.mean(axis=1) / (2.0 * half)
        stretch = float(half[0] / half[1]) / pixels
        # What is rounded in a file is no other shape.
        stretch = 1.0 if abs(stretch - 1.0) <= 1e-3 else stretch
        return _Window(float(half[1]), (float(shift[0]), float(shift[1])), stretch)


class _Window(NamedTuple):
    """The part of the plane of the picture that is seen."""

    half_height: float
    shift: tuple[float, float]  # of its middle, in widths and heights of it
    pixel_aspect: float
