"""Pictures of what each parameter of each material and light does, for the reference.

python -m docs.site.sweeps                    # all of them: some minutes on two cores
python -m docs.site.sweeps Principled         # only of these
python -m docs.site.sweeps SpotLight.radius
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as Pillow

import raywidget as rw

FOLDER = Path(__file__).parents[1] / "images" / "sweeps"
SIDE, GAP = 96, 4  # pixels
SPP = 96

# What all materials have is shown once, with this one.
SHARED = "Diffuse"
SHARED_PARAMETERS = ("emission", "opacity", "normal_map", "normal_scale")
# Means no more than itself in a picture; without `visible`, that of an environment is black behind.
NOT_SHOWN = ("name", "visible")


class Sweep(NamedTuple):
    """A row of pictures: a parameter and what it is set to, as words and as a scene."""

    subject: str
    parameter: str
    steps: tuple[tuple[str, Callable[[], rw.Scene]], ...]
    settings: dict[str, Any]

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return FOLDER / f"{self.subject}-{self.parameter}.webp"


def _waves(scale: float = 0.5) -> rw.ImageTexture:
    """A normal map of ripples."""
    rows, columns = np.mgrid[0:128, 0:256] / 128 * math.pi * 8
    slopes = np.stack([scale * np.cos(columns), scale * np.cos(rows), np.ones_like(rows)], axis=-1)
    normals = slopes / np.linalg.norm(slopes, axis=-1, keepdims=True)
    return rw.ImageTexture(0.5 + 0.5 * normals, encoding="linear")


def _floor(y: float = 0.0) -> rw.Quad:
    board = rw.Checkerboard((0.75, 0.75, 0.75), (0.12, 0.13, 0.15), scale=12)
    return rw.Quad((-6, y, 6), (12, 0, 0), (0, 0, -12), material=rw.Diffuse(board))


def ball(material: rw.Principled, dim: float = 1.0) -> rw.Scene:
    """A ball of a material on a chequered floor, in the light of two lamps and a sky."""
    lamps = [((-1.2, 1.4, 1.0), 22, 11.0 * dim), ((2, 0.8, -0.4), 14, 6.0 * dim)]
    sky = rw.StudioEnvironment(lamps=lamps, top=0.55 * dim, bottom=0.25 * dim)
    camera = rw.PerspectiveCamera(look_from=(0, 1.9, 5.4), look_at=(0, 0.93, 0), vfov=25)
    ball = rw.Sphere((0, 1, 0), 1, material=material)
    return rw.Scene([_floor(), ball], emitters=[sky], camera=camera, background=0.6 * dim)


def corner(light: Any, **more: Any) -> rw.Scene:
    """A white ball, a metal one and a post before a wall, lit by one light alone."""
    white = rw.Diffuse(0.75)
    shapes = [
        rw.Quad((-6, 0, 6), (12, 0, 0), (0, 0, -12), material=white),
        rw.Quad((-6, 0, -1.6), (12, 0, 0), (0, 8, 0), material=white),
        rw.Sphere((-0.75, 0.6, 0), 0.6, material=rw.Diffuse((0.8, 0.35, 0.2))),
        rw.Sphere((0.7, 0.45, 0.6), 0.45, material=rw.Metal(0.9, 0.25)),
        rw.Cylinder((0.75, 0, -0.5), (0.75, 1.6, -0.5), 0.22, material=rw.Diffuse((0.3, 0.5, 0.7))),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 2.1, 6.2), look_at=(0, 0.8, 0), vfov=27)
    return rw.Scene(shapes, emitters=[light], camera=camera, **more)


def open_air(environment: Any) -> rw.Scene:
    """A white ball and a mirror on grey ground under a sky, which is seen in both."""
    shapes = [
        rw.Disk((0, 0, 0), (0, 1, 0), 30, material=rw.Diffuse(0.4)),
        rw.Sphere((-1.05, 1, 0), 1, material=rw.Diffuse(0.8)),
        rw.Sphere((1.05, 1, 0), 1, material=rw.Metal(0.95)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 1.7, 7.5), look_at=(0, 1.15, 0), vfov=27)
    return rw.Scene(shapes, emitters=[environment], camera=camera)


def room(portal: Any) -> rw.Scene:
    """A room that is lit by a sky through a hole in its back wall, where a portal is."""
    (left, low, z), (right, high, _) = portal.corners()[[0, 2]].tolist()
    white = rw.Diffuse(0.75)
    shapes = [
        rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=white),
        rw.Quad((-2, 3, -2), (4, 0, 0), (0, 0, 4), material=white),
        rw.Quad((-2, 0, 2), (0, 0, -4), (0, 3, 0), material=rw.Diffuse((0.75, 0.3, 0.2))),
        rw.Quad((2, 0, -2), (0, 0, 4), (0, 3, 0), material=rw.Diffuse((0.2, 0.4, 0.7))),
        rw.Quad((2, 0, 2), (-4, 0, 0), (0, 3, 0), material=white),
        rw.Quad((-2, 0, z), (4, 0, 0), (0, low, 0), material=white),
        rw.Quad((-2, high, z), (4, 0, 0), (0, 3 - high, 0), material=white),
        rw.Quad((-2, low, z), (left + 2, 0, 0), (0, high - low, 0), material=white),
        rw.Quad((right, low, z), (2 - right, 0, 0), (0, high - low, 0), material=white),
        rw.Sphere((0.4, 0.5, -0.8), 0.5, material=white),
    ]
    sky = rw.GradientEnvironment(top=(9, 13, 20), bottom=(6, 5, 4))
    camera = rw.PerspectiveCamera(look_from=(0, 1.5, 1.9), look_at=(0, 1.35, -1), vfov=70)
    return rw.Scene(shapes, emitters=[sky, portal], camera=camera)


def laid_over(material: Any) -> rw.Scene:
    """A white ball and a metal one on a catcher, before a picture that is dark above."""
    wall = np.linspace((0.1, 0.2, 0.35), (0.75, 0.6, 0.45), 32)[:, None, :].repeat(32, axis=1)
    lamps = [((-1.2, 1.4, 1.0), 22, 11.0)]
    shapes = [
        rw.Disk((0, 0, 0), (0, 1, 0), 30, material=material),
        rw.Sphere((-0.8, 0.8, 0), 0.8, material=rw.Diffuse(0.8)),
        rw.Sphere((0.8, 0.6, 0.3), 0.6, material=rw.Metal(0.9)),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 1.9, 6.2), look_at=(0, 0.6, 0), vfov=26)
    sky = rw.StudioEnvironment(lamps=lamps, top=0.5, bottom=0.3)
    return rw.Scene(shapes, emitters=[sky], camera=camera, background=rw.Backdrop(wall))


def _cloud(transfer: rw.TransferFunction) -> rw.Scene:
    """A ball of numbers that grow towards its middle, with a hole."""
    z, y, x = np.mgrid[-1:1:40j, -1:1:40j, -1:1:40j].astype(np.float32)
    r = np.sqrt(x * x + y * y + z * z)
    values = np.clip(1 - r, 0, 1) * (0.75 + 0.25 * np.sin(9 * x) * np.cos(7 * y))
    origin = (-1, 0, -1)
    cloud = rw.Volume(values, spacing=2 / 39, origin=origin, transfer=transfer)
    sky = rw.StudioEnvironment(lamps=[((-1.2, 1.4, 1.0), 22, 11.0)], top=0.55, bottom=0.25)
    camera = rw.PerspectiveCamera(look_from=(0, 1.9, 5.4), look_at=(0, 0.93, 0), vfov=25)
    return rw.Scene([_floor(), cloud], emitters=[sky], camera=camera, background=0.6)


def panorama() -> np.ndarray:
    """A sky that is warm on one side and cold on the other, with a window."""
    rows, columns = np.mgrid[0:64, 0:128]
    warm = 0.5 + 0.5 * np.cos((columns + 0.5) / 128 * 2 * math.pi)
    picture = np.stack([0.2 + 0.7 * warm, 0.45 + 0 * warm, 0.9 - 0.7 * warm], axis=-1)
    picture *= (1 - rows / 96)[..., None]
    picture[16:26, 78:90] = 14.0
    return picture


def _sweeps() -> Iterable[Sweep]:
    gold, copper = (1.0, 0.71, 0.29), (0.95, 0.64, 0.54)
    red, blue = (0.8, 0.1, 0.08), (0.1, 0.25, 0.7)
    medium = rw.HomogeneousMedium
    steps5 = (0, 0.25, 0.5, 0.75, 1)

    def row(
        kind: Any,
        parameter: str,
        values: Iterable[Any],
        stage: Callable[[Any], rw.Scene] = ball,
        words: Iterable[str] = (),
        settings: dict[str, Any] | None = None,
        **fixed: Any,
    ) -> Sweep:
        values = list(values)
        names = list(words) or [_word(value) for value in values]
        made = tuple(
            (name, lambda value=value: stage(kind(**{**fixed, parameter: value})))
            for name, value in zip(names, values, strict=True)
        )
        return Sweep(kind.__name__, parameter, made, settings or {})

    # Of all materials
    dim = lambda material: ball(material, 0.25)  # noqa: E731
    yield row(rw.Diffuse, "color", ["ivory", "tomato", "olive", "steelblue", "#222222"])
    yield row(
        rw.Diffuse,
        "emission",
        [None, 0.2, 1.0, (3, 1, 0.2), (0.2, 1, 4)],
        dim,
        color=0.5,
    )
    yield row(rw.Diffuse, "opacity", [0.1, *steps5[1:]], color=(0.8, 0.3, 0.1))
    yield row(
        rw.Diffuse,
        "normal_map",
        [None, _waves(0.2), _waves(0.6)],
        words=["none", "soft ripples", "strong ripples"],
        color=0.6,
    )
    yield row(rw.Diffuse, "normal_scale", [0, 0.5, 1, 2, 4], color=0.6, normal_map=_waves(0.4))

    yield row(rw.Metal, "color", [gold, copper, (0.91, 0.92, 0.92), (0.6, 0.57, 0.54), blue])
    yield row(rw.Metal, "roughness", steps5, color=gold)
    yield row(rw.Metal, "compensate", [False, True], color=gold, roughness=0.9)
    yield row(rw.Conductor, "eta", ["gold", "silver", "copper", "aluminium"])
    yield row(rw.Conductor, "k", [0.5, 1, 2, 4, 8], eta=1.5)
    yield row(rw.Conductor, "roughness", steps5, eta="copper")
    yield row(
        rw.Conductor, "color", ["white", "gold", "tomato", "steelblue", "#666666"], eta="silver"
    )
    yield row(rw.Conductor, "compensate", [False, True], eta="gold", roughness=0.9)

    yield row(rw.Dielectric, "ior", [1.0, 1.2, 1.5, 2.0, 2.42])
    yield row(rw.Dielectric, "roughness", steps5)
    yield row(rw.Dielectric, "color", ["white", "gold", "palegreen", "lightskyblue", "plum"])
    yield row(rw.Dielectric, "thin", [False, True])
    yield row(rw.Dielectric, "compensate", [False, True], roughness=0.9)
    tints = [None, medium((0.1, 0.4, 1.2)), medium((1.2, 0.2, 0.3)), medium(2.0)]
    yield row(
        rw.Dielectric,
        "interior",
        tints,
        words=["none", "amber", "bottle green", "grey: absorption 2"],
    )
    yield row(
        rw.Coated,
        "base",
        [rw.Diffuse(red), rw.Diffuse("black"), rw.Metal(gold, 0.4), rw.Conductor("copper")],
        words=["red paint", "black", "rough gold", "copper"],
    )
    yield row(rw.Coated, "ior", [1.0, 1.2, 1.5, 2.0, 3.0], base=rw.Diffuse(red))
    parts = [rw.Diffuse(red), rw.Metal(0.95), rw.Dielectric(1.5)]
    kinds = ["Diffuse", "Metal", "Dielectric"]
    yield row(rw.Mix, "a", parts, words=kinds, b=rw.Diffuse(0.7))
    yield row(rw.Mix, "b", parts, words=kinds, a=rw.Diffuse(0.7))
    yield row(rw.Mix, "amount", steps5, a=rw.Diffuse(red), b=rw.Metal(0.95))
    yield row(rw.Emissive, "radiance", [0.2, 0.6, 1, (4, 1.5, 0.3), (0.3, 1.5, 6)], dim)

    yield row(rw.ShadowCatcher, "color", [0, 0.3, 0.9, red, blue], laid_over)
    yield row(rw.ShadowCatcher, "reflection", [0, 0.04, 0.2, 0.6, 1], laid_over)
    yield row(rw.ShadowCatcher, "roughness", [0, 0.2, 0.4, 0.6], laid_over, reflection=0.5)

    volume = {"integrator": "volpath", "max_depth": 64}
    inside = [medium(0.5), medium((0.1, 0.5, 1.5)), medium(0, 2), medium(0, (4, 1, 0.3))]
    words = ["smoke: absorption 0.5", "dye", "fog: scattering 2", "coloured fog"]
    yield row(rw.Interface, "interior", inside, words=words, settings=volume)

    def filled(content: rw.HomogeneousMedium) -> rw.Scene:
        return ball(rw.Interface(content))

    yield row(
        rw.HomogeneousMedium,
        "absorption",
        [0, 0.25, 0.5, 1, (0.1, 0.6, 2)],
        filled,
        settings=volume,
    )
    yield row(
        rw.HomogeneousMedium,
        "scattering",
        [0, 0.5, 1, 4, (4, 1, 0.2)],
        filled,
        settings=volume,
    )
    yield row(
        rw.HomogeneousMedium,
        "anisotropy",
        [-0.8, -0.4, 0, 0.4, 0.8],
        filled,
        settings=volume,
        scattering=2.0,
    )

    paint = {"base_color": red}
    yield row(rw.Principled, "base_color", ["ivory", "tomato", "olive", "steelblue", "#222222"])
    yield row(rw.Principled, "metallic", steps5, base_color=gold, roughness=0.3)
    yield row(rw.Principled, "roughness", steps5, **paint)
    yield row(rw.Principled, "ior", [1.0, 1.3, 1.5, 2.0, 3.0], **paint, roughness=0.15)
    yield row(rw.Principled, "specular", steps5, **paint, roughness=0.15)
    yield row(
        rw.Principled,
        "specular_color",
        ["black", "white", "gold", "lime", "deepskyblue"],
        base_color=0.05,
        roughness=0.15,
    )
    glass = {"base_color": (0.9, 0.95, 1.0), "roughness": 0.05}
    yield row(rw.Principled, "transmission", steps5, **glass)
    yield row(rw.Principled, "thin", [False, True], **glass, transmission=1)
    yield row(
        rw.Principled,
        "interior",
        tints,
        words=["none", "amber", "bottle green", "grey: absorption 2"],
        roughness=0.05,
        transmission=1,
    )
    yield row(rw.Principled, "clearcoat", steps5, **paint, roughness=0.8)
    yield row(rw.Principled, "clearcoat_roughness", steps5, **paint, roughness=0.9, clearcoat=1)
    cloth = {"base_color": (0.06, 0.02, 0.1), "roughness": 1.0}
    yield row(
        rw.Principled,
        "sheen_color",
        ["black", "#555555", "white", "plum", "gold"],
        **cloth,
        sheen_roughness=0.4,
    )
    yield row(
        rw.Principled, "sheen_roughness", [0.1, *steps5[1:]], **cloth, sheen_color=(0.8, 0.6, 1)
    )
    yield row(
        rw.Principled, "compensate", [False, True], base_color=gold, metallic=1, roughness=0.9
    )

    smoke = {"density": 25.0, "color": 0.85}
    yield row(
        rw.TransferFunction, "color", [0.85, "tomato", "viridis", "inferno"], _cloud, density=25.0
    )
    yield row(rw.TransferFunction, "density", [2, 6, 15, 40, 100], _cloud, color=0.85)
    ramps = [None, [(0.3, 0), (0.35, 1)], [(0.1, 1), (0.3, 0)]]
    names = ["left out: 0 to 1", "a core above 0.3", "a shell below 0.3"]
    yield row(rw.TransferFunction, "extinction", ramps, _cloud, names, **smoke)
    yield row(
        rw.TransferFunction, "emission", [None, "orange", "inferno", "viridis"], _cloud, **smoke
    )
    yield row(rw.TransferFunction, "glow", [0.5, 1, 2, 4, 8], _cloud, **smoke, emission="inferno")
    yield row(rw.TransferFunction, "albedo", steps5, _cloud, **smoke)
    yield row(rw.TransferFunction, "g", [-0.8, -0.4, 0, 0.4, 0.8], _cloud, **smoke)
    ranges = [None, (0, 0.5), (0.2, 0.8), (0.5, 1)]
    yield row(rw.TransferFunction, "limits", ranges, _cloud, color="viridis", density=25.0)
    yield row(rw.TransferFunction, "resolution", [256, 1024], _cloud, **smoke)

    # Lights
    yield row(
        rw.PointLight,
        "position",
        [(-2, 1, 2), (-2, 3, 2), (0, 3, 2), (2, 3, 2), (2, 1, 2)],
        corner,
        intensity=10,
    )
    yield row(
        rw.PointLight, "intensity", [2, 5, 10, 20, (20, 8, 2)], corner, position=(-1.5, 3, 2.5)
    )
    hole = {"origin": (-0.7, 1, -2), "edge_u": (1.4, 0, 0), "edge_v": (0, 1.2, 0)}
    places = [(-1.8, 1, -2), (-0.7, 1, -2), (0.4, 1, -2), (-0.7, 0.2, -2), (-0.7, 1.7, -2)]
    wide = [(0.3, 0, 0), (0.7, 0, 0), (1.4, 0, 0), (2, 0, 0), (2.6, 0, 0)]
    high = [(0, 0.2, 0), (0, 0.6, 0), (0, 1.2, 0), (0, 1.6, 0), (0, 1.9, 0)]
    for name, steps in (("origin", places), ("edge_u", wide), ("edge_v", high)):
        yield row(rw.Portal, name, steps, room, **{n: v for n, v in hole.items() if n != name})
    sun = {"irradiance": 3.0}
    yield row(
        rw.DirectionalLight,
        "direction",
        [(2, -1, -1), (1, -1, -1), (0, -1, -1), (-1, -1, -1), (-2, -1, -1)],
        corner,
        **sun,
    )
    yield row(
        rw.DirectionalLight,
        "irradiance",
        [0.5, 1, 2, 4, (4, 2, 0.8)],
        corner,
        direction=(1, -1.4, -1),
    )
    spot = {"position": (-1.5, 3.6, 3.2), "target": (0, 0.5, 0), "intensity": 30, "cone_angle": 20}
    without = lambda *names: {n: v for n, v in spot.items() if n not in names}  # noqa: E731
    yield row(
        rw.SpotLight,
        "position",
        [(-3, 2, 2), (-1.5, 3.6, 3.2), (0, 4, 3), (1.5, 3.6, 3.2), (3, 2, 2)],
        corner,
        **without("position"),
    )
    yield row(
        rw.SpotLight,
        "target",
        [(-1.5, 0, 0), (-0.7, 0.5, 0), (0, 0.5, 0), (0.7, 0.5, 0), (1.5, 0, 0)],
        corner,
        **without("target"),
    )
    yield row(
        rw.SpotLight,
        "direction",
        [(0, -3, -3), (0.8, -3, -3), (1.6, -3, -3), (2.4, -3, -3)],
        corner,
        **without("target"),
    )
    yield row(
        rw.SpotLight, "intensity", [8, 15, 30, 60, (60, 25, 6)], corner, **without("intensity")
    )
    yield row(rw.SpotLight, "cone_angle", [8, 14, 20, 30, 45], corner, **without("cone_angle"))
    yield row(rw.SpotLight, "beam_angle", [0, 5, 10, 15, 20], corner, **spot)
    yield row(
        rw.SpotLight, "falloff", ["linear", "smooth", "quartic"], corner, **spot, beam_angle=4
    )
    yield row(rw.SpotLight, "radius", [0, 0.05, 0.15, 0.3, 0.6], corner, **spot)

    yield row(
        rw.ConstantEnvironment, "radiance", [0.2, 0.5, 1, "lightskyblue", "moccasin"], open_air
    )
    sky = {"top": (0.3, 0.5, 0.9), "bottom": (0.9, 0.85, 0.8)}
    colours = ["black", "lightskyblue", "white", "plum", (2, 2, 2)]
    yield row(rw.GradientEnvironment, "top", colours, open_air, bottom=0.6)
    yield row(rw.GradientEnvironment, "bottom", colours, open_air, top=0.6)
    yield row(
        rw.GradientEnvironment,
        "up",
        [(0, 1, 0), (1, 1, 0), (1, 0, 0), (0, -1, 0)],
        open_air,
        **sky,
    )
    picture = panorama()
    yield row(
        rw.ImageEnvironment,
        "image",
        [picture, picture[:, :, ::-1], np.tile(picture.mean(axis=1, keepdims=True), (1, 2, 1))],
        open_air,
        ["a picture", "its colours swapped", "its mean, row by row"],
    )
    yield row(rw.ImageEnvironment, "scale", [0.25, 0.5, 1, 2, 4], open_air, image=picture)
    yield row(rw.ImageEnvironment, "rotation", [0, 72, 144, 216, 288], open_air, image=picture)

    low = {"sun_elevation": 25.0, "sun_azimuth": 230.0}
    yield row(rw.SkyEnvironment, "sun_elevation", [2, 8, 20, 45, 80], open_air, sun_azimuth=230.0)
    yield row(
        rw.SkyEnvironment, "sun_azimuth", [90, 135, 180, 225, 270], open_air, sun_elevation=25
    )
    noon = {"latitude": 48.2, "longitude": 16.4, "time": "2026-06-21T16:00+00:00"}
    others = lambda name: {n: v for n, v in noon.items() if n != name}  # noqa: E731
    yield row(rw.SkyEnvironment, "latitude", [0, 20, 40, 60, 80], open_air, **others("latitude"))
    yield row(rw.SkyEnvironment, "longitude", [-90, -45, 0, 20], open_air, **others("longitude"))
    hours = [f"2026-06-21T{hour:02}:00+00:00" for hour in (5, 8, 11, 15, 18)]
    yield row(rw.SkyEnvironment, "time", hours, open_air, **others("time"))
    yield row(rw.SkyEnvironment, "turbidity", [1, 3, 5, 7, 10], open_air, **low)
    yield row(rw.SkyEnvironment, "ground_albedo", [0, 0.2, 0.5, 1, "olive"], open_air, **low)
    yield row(rw.SkyEnvironment, "sun", [True, False], open_air, **low)
    yield row(rw.SkyEnvironment, "scale", [0.25, 0.5, 1, 2, 4], open_air, **low)
    yield row(rw.SkyEnvironment, "up", [(0, 1, 0), (0.5, 1, 0), (0, 1, 0.7)], open_air, **low)

    lamps = [((-1.2, 1.4, 1.0), 22, 11.0)]
    three = [lamps, [((-1.2, 1.4, 1.0), 6, 120.0)], [*lamps, ((2, 0.6, 0.6), 14, (6, 3, 1))], ()]
    words = ["one of 22 degrees", "one of 6 degrees", "two", "none"]
    yield row(rw.StudioEnvironment, "lamps", three, open_air, words)
    yield row(rw.StudioEnvironment, "top", [0, 0.5, 1, "skyblue"], open_air, lamps=lamps)
    yield row(rw.StudioEnvironment, "bottom", [0, 0.5, 1, "tan"], open_air, lamps=lamps)
    yield row(rw.StudioEnvironment, "horizon", [None, 0, 1.5, "coral"], open_air, lamps=lamps)
    ups = [(0, 1, 0), (1, 1, 0), (1, 0, 0), (0, -1, 0)]
    yield row(rw.StudioEnvironment, "up", ups, open_air, lamps=lamps, top="skyblue", bottom="tan")


def _word(value: object) -> str:
    """A value as one would write it."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "(" + ", ".join(_word(item) for item in value) + ")"
    return repr(value)


SWEEPS: dict[tuple[str, str], Sweep] = {(s.subject, s.parameter): s for s in _sweeps()}
"""All rows, by class and parameter."""


def draw(sweep: Sweep) -> Path:
    """Render a row of pictures."""
    count = len(sweep.steps)
    row = np.full((SIDE, count * SIDE + (count - 1) * GAP, 4), 0, np.uint8)
    for index, (_, scene) in enumerate(sweep.steps):
        settings = {"max_depth": 24, **sweep.settings}
        image = rw.render(
            scene(), width=SIDE, height=SIDE, spp=SPP, denoise=True, curve="neutral", **settings
        )
        left = index * (SIDE + GAP)
        row[:, left : left + SIDE, :3] = image.to_uint8()
        row[:, left : left + SIDE, 3] = 255
    FOLDER.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(row).save(sweep.path, quality=80, method=6)
    return sweep.path


def main() -> None:
    """Render what the command line names."""
    parser = argparse.ArgumentParser(description="Render the pictures of parameters.")
    parser.add_argument("names", nargs="*", metavar="CLASS[.PARAMETER]")
    parser.add_argument("--missing", action="store_true", help="only those that are not there")
    options = parser.parse_args()
    known = {s.subject for s in SWEEPS.values()} | {f"{a}.{b}" for a, b in SWEEPS}
    if unknown := set(options.names) - known:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    for (subject, parameter), sweep in SWEEPS.items():
        wanted = not options.names or {subject, f"{subject}.{parameter}"} & set(options.names)
        if wanted and not (options.missing and sweep.path.exists()):
            path = draw(sweep)
            print(f"{path.name}: {path.stat().st_size / 1000:.1f} kB", flush=True)


if __name__ == "__main__":
    main()
