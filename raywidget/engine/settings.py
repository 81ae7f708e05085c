"""What to render and how: one frozen value, passed down, never changed."""

from __future__ import annotations

import dataclasses
import difflib
import math
import numbers
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from raywidget.engine.film.adaptive import CELL, pilot_samples
from raywidget.engine.film.filters import FILTERS
from raywidget.errors import SettingsError
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.materials.materials import Interface
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.values.checks import show
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import as_items, as_whole
from raywidget.scene.values.signatures import (
    CheckedCalls,
    did_you_mean,
    takes_parameters_of_its_class,
)

_BY_GOAL = "auto"
SAMPLERS = (_BY_GOAL, "lattice", "halves", "independent")
INTEGRATORS = ("path", "bdpt", "volpath", "direct", "ao", "normals", "albedo", "depth")
WITHOUT_SCATTERING = ("path", "bdpt", "direct")

AOVS = (
    "albedo",
    "normal",
    "depth",
    "position",
    "object_id",
    "material_id",
    "value",
    "samples",
    "variance",
    "denoise_albedo",
    "denoise_normal",
)

MAX_SIDE = 16_384  # pixels; the wire format could carry 65,535
MAX_PIXELS = 33_177_600  # 7680 x 4320; the film holds up to 36 bytes a pixel, the browser 6
MAX_SPP = 1 << 30  # sample numbers are 32-bit in the kernels
MAX_DEPTH = 10_000


@dataclass(frozen=True, kw_only=True)
class RenderSettings(metaclass=CheckedCalls):
    """Everything about a render that is not the scene.

    The first block names the picture: two renders of one scene that agree in it agree in every
    bit. The second block only says how the work is done.

    Parameters
    ----------
    width, height : int
        Size of the picture in pixels, at most 16,384 a side and 33 megapixels in all. Where a scene
        has a size of its own (``Scene.defaults``), one side that is given alone keeps its aspect.
    region : (x, y, width, height), optional
        Render this part of the picture only, in pixels from its upper left corner: what comes back
        is, bit for bit, that part of the whole (with `noise`, of the whole with as many samples and
        ``sampler="halves"``; denoised, it differs near its edges). Only ``integrator="bdpt"``,
        `caustics` and `adaptive` have to render what is around it, too. It is for `render` and
        films; a widget shows whole pictures.
    spp : int
        Samples per pixel, the goal.
    noise : float, optional
        Stop before that when the picture's relative error, as `Image.noise` estimates it, is no
        larger; it is looked at with 16, 20, 24, 28, 32, 40, ... samples per pixel. 0.05 is a
        picture with fine grain, 0.01 a clean one.
    adaptive : bool
        Take more samples where there is more noise, and fewer elsewhere; `spp` is their mean. All
        pixels take up to an eighth of them, but 16; the rest of each tile goes to cells of 4 x 4
        pixels by the relative error of the cells beside them. A pixel's own samples have no say in
        their number, so nothing is biased. `tile_size`, a multiple of 8, names the picture then.
        It can't be gone on with, and goes neither with `noise` nor with ``integrator="bdpt"``.
    max_depth : int
        Longest path in edges: 1 shows emission seen directly, 2 adds direct light, and so on
        (as Mitsuba counts).
    roulette : bool
        End unpromising paths early by Russian roulette, without bias.
    next_event : bool
        Sample emitters at every bounce. Off, light is found by scattering alone: the same picture
        with more noise; it exists to prove the first one right.
    integrator : str
        ``"path"``: all light, sought from the camera. ``"bdpt"``: the same picture, sought from the
        camera and from the lights (bidirectional path tracing); several times slower per sample,
        and far less noise where light comes by way of glass, mirrors or other rooms.
        ``"volpath"``: as ``"path"``, through media that scatter light, too. ``"direct"``: emission
        and direct light only, a path of two edges.
        ``"ao"``: ambient occlusion, the share of a white sky that arrives. ``"normals"``: shading
        normals in the world, from -1 to 1 as 0 to 1. ``"albedo"``: colours of the surfaces.
        ``"depth"``: distance along the ray in scene units. The last four know no light; they
        compile quickly, and serve as previews.
    caustics : bool
        Find the light that metal and glass gather on other surfaces from the lights, too: a photon
        for each eighth sample, towards what mirrors or bends light, weighed against what the path
        finds by itself. The same picture in the mean; without it, that light is found seldom, and
        sparkles. Only caustics that the camera sees itself (not those behind glass or in mirrors)
        are found so, and only the light of shapes, points, spots, the sun and images of
        environments. Where nothing mirrors or bends light, the picture stays what it is to the bit.
        It takes ``integrator="path"`` and a `PerspectiveCamera`, and does not go with `adaptive`.
    clamp_indirect : float, optional
        Bound what a single path of more than two edges brings to a pixel, by its brightest channel,
        in units of radiance: 10 cuts off most fireflies. **Biased**: the light that is cut off is
        missing, in caustics and in bright reflections of indirect light. Emission that is seen, and
        light that comes from a lamp straight to what is seen, are not bounded. ``None``, the
        default: no bound, and no bias. For ``"path"``, ``"volpath"`` and ``"bdpt"``; what has a
        bound is not there in ``"direct"``.
    ao_distance : float, optional
        Occluders farther away than this do not count for ``"ao"``, in scene units; ``None``: a
        fifth of the distance from the camera to what it looks at, or of the scene's diagonal where
        that is less.
    sampler : str
        Where random numbers come from. ``"lattice"``: those of a pixel are spread evenly together,
        with the least noise; the noise that is told (`Image.noise`) is more than there is then,
        half as much again in the median, and up to three times where a picture is smooth, five
        where light is direct. ``"halves"``: even and odd samples are spread evenly each, and know
        nothing of each other, so that the noise that is told is right in the mean; at 64 spp there
        is 8 % more of it, in smooth pictures a fifth. ``"independent"``: independent numbers, for
        proofs. ``"auto"``: ``"halves"`` with `noise` or `adaptive`, which are steered by it, else
        ``"lattice"``; settings keep what it became.
    filter : str
        Which part of the picture a pixel shows. ``"box"``: its own square; ``"tent"``,
        ``"gaussian"`` and ``"blackman-harris"``: a soft spot that is larger than that, for edges
        without stairs. It is drawn from, so no sample counts for another pixel.
    filter_radius : float, optional
        Its half width in pixels, 0.1 to 8; ``None``: 0.5 (box), 1 (tent), 2 (Gaussian, with a
        standard deviation of a quarter of it), 1.5 (Blackman-Harris), as usual elsewhere.
    alpha : bool
        Cut out what is rendered: the camera sees nothing where no shape is, and `Image.alpha` tells
        how much of each pixel is covered. The environment still lights, and is seen in mirrors and
        through glass; a `Scene.background` is not seen. Glass covers as what is opaque does; what
        is not opaque (`opacity`), fog and smoke cover by what they let through.
    seed : int
        Another seed gives another, statistically independent picture. 64 bits.
    passes : int, optional
        How the samples are split into passes, each of which visits every tile once. ``None``:
        1, 2, 4, ... samples in all until `spp` is reached. A number: 1 sample first, then equal
        steps.
    tile_size : int
        Side of a tile in pixels.
    aovs : sequence of str
        What else to bring along, in `Image.aovs`: ``"albedo"``, ``"normal"``, ``"depth"``,
        ``"position"``, ``"object_id"``, ``"material_id"``, ``"value"``, ``"samples"``,
        ``"variance"``, ``"denoise_albedo"``, ``"denoise_normal"``.
    threads : int, optional
        Worker threads; ``None``: as many as this process may use cores.

    Raises
    ------
    SettingsError
        If a value is out of its range, or of the wrong type.

    Examples
    --------
    >>> from raywidget import RenderSettings
    >>> RenderSettings(width=320, height=240, spp=10).pass_targets()
    (1, 2, 4, 8, 10)
    """

    wrong_call_error = SettingsError  # of `CheckedCalls`

    width: int = 640
    height: int = 480
    region: tuple[int, int, int, int] | None = None
    spp: int = 64
    noise: float | None = None
    adaptive: bool = False
    max_depth: int = 16
    roulette: bool = True
    next_event: bool = True
    integrator: str = "path"
    caustics: bool = False
    clamp_indirect: float | None = None
    ao_distance: float | None = None
    sampler: str = _BY_GOAL
    filter: str = "box"
    filter_radius: float | None = None
    alpha: bool = False
    seed: int = 0

    aovs: tuple[str, ...] = ()
    passes: int | None = None
    tile_size: int = 64
    threads: int | None = None

    def __post_init__(self) -> None:
        self._set_integer("width", 1, MAX_SIDE)
        self._set_integer("height", 1, MAX_SIDE)
        if self.width * self.height > MAX_PIXELS:
            raise SettingsError(
                f"width x height: at most {MAX_PIXELS:,} pixels in all, "
                f"got {self.width} x {self.height} = {self.width * self.height:,}"
            )
        if self.region is not None:
            self._set_region()
        self._set_integer("spp", 1, MAX_SPP)
        if self.noise is not None:
            self._set_number("noise", 1e-6, 10.0)
        self._set_integer("max_depth", 1, MAX_DEPTH)
        _check_choice("integrator", self.integrator, INTEGRATORS)
        if self.clamp_indirect is not None:
            self._set_number("clamp_indirect", 1e-6, 1e30)
        if self.ao_distance is not None:
            self._set_number("ao_distance", 1e-30, 1e30)
        _check_choice("sampler", self.sampler, SAMPLERS)
        _check_choice("filter", self.filter, FILTERS)
        if self.filter_radius is not None:
            self._set_number("filter_radius", 0.1, 8.0)
        self._set_integer("seed", 0, 2**64 - 1)
        for name in ("adaptive", "roulette", "next_event", "caustics", "alpha"):
            value = getattr(self, name)
            if not isinstance(value, bool | np.bool_):
                raise SettingsError(f"{name}: expected True or False, got {show(value)}")
            object.__setattr__(self, name, bool(value))
        if self.sampler == _BY_GOAL:
            is_steered = self.noise is not None or self.adaptive
            object.__setattr__(self, "sampler", "halves" if is_steered else "lattice")
        self._set_aovs()
        if self.passes is not None:
            self._set_integer("passes", 1, MAX_SPP)
        self._set_integer("tile_size", 4, 1024)
        if self.adaptive:
            self._check_adaptive()
        if self.caustics:
            self._check_caustics()
        if self.threads is not None:
            self._set_integer("threads", 1, 1024)

    def _check_caustics(self) -> None:
        if self.integrator == "bdpt":
            raise SettingsError("caustics: 'bdpt' finds them anyway; leave it out, or use 'path'")
        if self.integrator != "path":
            raise SettingsError(
                f"caustics: only integrator='path' sends photons, got {show(self.integrator)}"
            )
        if self.adaptive:
            raise SettingsError(
                "caustics: photons go to all pixels, which 'adaptive' does not know"
            )

    def _check_adaptive(self) -> None:
        if self.integrator == "bdpt":
            raise SettingsError("adaptive: 'bdpt' brings light to all pixels; use 'path'")
        if self.noise is not None:
            raise SettingsError("adaptive: can't be ended by noise, choose one of the two")
        if self.tile_size % (2 * CELL):
            raise SettingsError(
                f"adaptive: tile_size must be a multiple of {2 * CELL}, got {self.tile_size}"
            )

    def _set_region(self) -> None:
        """Check a part of the picture, and store it as a tuple."""
        items: Any = as_items(self.region)
        x, y, width, height = numbers = (
            (None,) * 4 if items is None or len(items) != 4 else tuple(map(as_whole, items))
        )
        if x is None or y is None or width is None or height is None:
            raise SettingsError(
                f"region: expected (x, y, width, height) in pixels, got {show(self.region)}"
            )
        fits = 0 <= x < x + width <= self.width and 0 <= y < y + height <= self.height
        if not fits:
            raise SettingsError(
                f"region: expected a part of the {self.width} x {self.height} pixels as "
                f"(x, y, width, height), got {show(numbers)}"
            )
        object.__setattr__(self, "region", numbers)

    @property
    def whole_or_region(self) -> tuple[int, int, int, int]:
        """What is to be seen of the picture: (x, y, width, height)."""
        return self.region or (0, 0, self.width, self.height)

    @property
    def window(self) -> tuple[int, int, int, int]:
        """What has to be rendered for it.

        Light paths of `bdpt`, and of `caustics`, come to the region from all over the picture, and
        samples that are adaptive are dealt out within tiles of the whole.
        """
        if self.region is None or self.integrator == "bdpt" or self.caustics:
            return 0, 0, self.width, self.height
        if not self.adaptive:
            return self.region
        x, y, width, height = self.region
        size = self.tile_size
        left, top = x - x % size, y - y % size
        right = min(self.width, -(-(x + width) // size) * size)
        bottom = min(self.height, -(-(y + height) // size) * size)
        return left, top, right - left, bottom - top

    @property
    def region_in_window(self) -> tuple[slice, slice]:
        """Rows and columns of what is rendered that are to be seen."""
        x, y, width, height = self.whole_or_region
        left, top = x - self.window[0], y - self.window[1]
        return slice(top, top + height), slice(left, left + width)

    def _set_integer(self, name: str, low: int, high: int) -> None:
        """Check an integer, and store numpy's as Python's, which do not overflow."""
        value = getattr(self, name)
        integer = as_whole(value)
        if integer is None:
            raise SettingsError(f"{name}: expected an integer, got {show(value)}")
        if not low <= integer <= high:
            raise SettingsError(f"{name}: expected {low} to {high:,}, got {show(value)}")
        object.__setattr__(self, name, integer)

    def _set_number(self, name: str, low: float, high: float) -> None:
        """Check a real number, and store it as Python's."""
        value = getattr(self, name)
        is_number = isinstance(value, numbers.Real) and not isinstance(value, (bool, np.bool_))
        try:
            number = float(value) if is_number else math.nan
        except (OverflowError, ValueError):
            number = math.nan
        if not low <= number <= high:
            expected = f"a number from {low:g} to {high:g}"
            raise SettingsError(f"{name}: expected {expected}, got {show(value)}")
        object.__setattr__(self, name, number)

    def _set_aovs(self) -> None:
        """Check the names of arrays, and store them as a tuple."""
        names: Any = self.aovs
        names = (names,) if isinstance(names, str) else names
        names = as_items(names)
        if names is None:
            raise SettingsError(f"aovs: expected names of {', '.join(AOVS)}, got {show(self.aovs)}")
        for name in names:
            _check_choice("aovs", name, AOVS)
        object.__setattr__(self, "aovs", tuple(dict.fromkeys(names)))

    @classmethod
    def for_scene(cls, defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> RenderSettings:
        """The settings a scene likes (``Scene.defaults``), overridden by what the caller chose."""
        known = {field.name for field in dataclasses.fields(cls)}
        for source, values in (("Scene.defaults", defaults), ("settings", chosen)):
            for name in values:
                if name not in known:
                    raise SettingsError(
                        f"{source}: unknown setting {name!r}; {did_you_mean(str(name), known)}"
                    )
        return cls(**{**defaults, **chosen})

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> RenderSettings:
        """A copy with some settings changed."""
        RenderSettings.for_scene({}, changes)
        return dataclasses.replace(self, **changes)

    @property
    def lattices(self) -> int:
        """How many of them share the samples of a pixel; 0: their numbers are independent."""
        return {"independent": 0, "lattice": 1, "halves": 2}[self.sampler]

    def thread_count(self) -> int:
        """The number of worker threads to start."""
        if self.threads is not None:
            return self.threads
        if hasattr(os, "sched_getaffinity"):  # respects taskset and most container limits
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1

    def pass_targets(self) -> tuple[int, ...]:
        """Samples per pixel reached after each pass, increasing, the last one equal to `spp`.

        With a goal for `noise`, there is a pass for each number of samples where it is looked at;
        with `adaptive`, one that ends where samples begin to be dealt out.
        """
        targets = self._even_passes()
        if self.adaptive:
            return tuple(sorted({*targets, pilot_samples(self.spp)}))
        if self.noise is None:
            return targets
        looks = {n for n in _looks(self.spp) if n < self.spp}
        return tuple(sorted(looks.union(targets)))

    def looks_at_noise(self, spp: int) -> bool:
        """May the render end with so many samples per pixel, because there is little noise?"""
        return self.noise is not None and spp in _looks(spp)

    def _even_passes(self) -> tuple[int, ...]:
        if self.passes is None:
            targets = [1 << k for k in range(self.spp.bit_length()) if 1 << k < self.spp]
            return (*targets, self.spp)
        passes = min(self.passes, self.spp)
        if passes == 1:
            return (self.spp,)
        step = (self.spp - 1) // (passes - 1)
        return (*range(1, 1 + step * (passes - 1), step), self.spp)

    def other_samples(self, other: RenderSettings) -> tuple[str, ...]:
        """The names of what differs from the other one, and has other samples drawn.

        Without any, a render with one can go on where that with the other ended.
        """
        how = ("spp", "noise", "aovs", "passes", "tile_size", "threads")
        return tuple(
            field.name
            for field in dataclasses.fields(self)
            if field.name not in how and getattr(self, field.name) != getattr(other, field.name)
        )


def _looks(most: int) -> set[int]:
    """Numbers of samples, four to an octave, up to `most`."""
    octaves = range(2, most.bit_length())
    return {k << n for n in octaves for k in (4, 5, 6, 7) if k << n <= most}


def settings_of(scene: Scene, chosen: Mapping[str, Any]) -> RenderSettings:
    """How a scene is rendered: as the caller chose, else as it likes, else as it needs.

    A scene with a `Volume` needs ``integrator="volpath"``. Of a scene that likes a width and a
    height, one that is given alone brings the other along: the picture keeps its aspect.
    """
    liked = scene.defaults
    sides = {"width", "height"}
    given = sides.intersection(chosen)
    if len(given) == 1 and sides <= liked.keys():
        liked = {**liked, **_other_side(given.pop(), chosen, liked)}
    if any(isinstance(shape, Volume) for shape in scene.shapes):
        liked = {"integrator": "volpath", **liked}
    return RenderSettings.for_scene(liked, chosen)


def _other_side(name: str, chosen: Mapping[str, Any], liked: Mapping[str, Any]) -> dict[str, int]:
    """The side that was not given, so that the picture is as wide to its height as it was."""
    other = "height" if name == "width" else "width"
    numbers = as_whole(chosen[name]), as_whole(liked[name]), as_whole(liked[other])
    given, own, its = numbers
    if given is None or own is None or its is None or min(given, own, its) < 1:
        return {}  # which is refused elsewhere
    return {other: max(1, min(MAX_SIDE, (2 * given * its + own) // (2 * own)))}


def check_scene_fits(scene: Scene, settings: RenderSettings) -> None:
    """Refuse what can't be rendered so, before anything is compiled.

    Raises
    ------
    SettingsError
        If scene and settings do not go together.
    """
    if settings.adaptive and isinstance(scene, Moving):
        raise SettingsError(
            "adaptive: deals samples out pixel by pixel, and knows no scene that moves while the "
            "shutter is open; leave it off, or give a goal by noise="
        )
    if settings.integrator == "bdpt" and not isinstance(scene.camera, PerspectiveCamera):
        raise SettingsError(
            "integrator: 'bdpt' knows no camera but PerspectiveCamera yet, "
            f"got {type(scene.camera).__name__}; use 'path'"
        )
    if settings.caustics and not isinstance(scene.camera, PerspectiveCamera):
        raise SettingsError(
            "caustics: photons know no camera but PerspectiveCamera yet, "
            f"got {type(scene.camera).__name__}"
        )
    if settings.integrator in WITHOUT_SCATTERING and any(map(_needs_volpath, scene.objects())):
        raise SettingsError(
            f"integrator: {settings.integrator!r} knows no volumes, no media that scatter, and no "
            "Interface; the scene has some: render it with integrator='volpath'"
        )


def _needs_volpath(item: SceneObject) -> bool:
    if isinstance(item, HomogeneousMedium):
        return item.has_scattering
    return isinstance(item, Interface | Volume)


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        word = value.lower() if isinstance(value, str) else ""
        near = difflib.get_close_matches(word, choices, 1, 0.6)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(choices)
        raise SettingsError(f"{name}: expected one of {known}, got {show(value)}{hint}")
