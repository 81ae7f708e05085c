"""Scenes with a name, each with the settings that suit it.

They follow the scenes of df07/go-progressive-raytracer, so that the two can be compared. Its
camera shows x mirrored; here the scenes themselves are mirrored, and pictures look alike.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene import (
    Box,
    Coated,
    Dielectric,
    Diffuse,
    Emissive,
    GradientEnvironment,
    Material,
    Mesh,
    Metal,
    PerspectiveCamera,
    Quad,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.colors import from_oklch

__all__ = [
    "NAMES",
    "cornell",
    "cornell_boxes",
    "default",
    "describe",
    "preset",
    "spheregrid",
    "trianglemesh",
]


# ---- the Cornell box -----------------------------------------------------------------------


def cornell() -> Scene:
    """Make a Cornell box with a mirror ball and a glass ball.

    Returns
    -------
    Scene
        400x400, 64 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.cornell()
    Scene('cornell': 8 shapes: 6 Quad, 2 Sphere; 0 emitters; PerspectiveCamera)
    """
    mirror = Metal((0.8, 0.8, 0.9))
    contents = [
        Sphere((370.0, 82.5, 351.0), 82.5, material=mirror, name="mirror ball"),
        Sphere((185.0, 90.0, 169.0), 90.0, material=Dielectric(1.5), name="glass ball"),
    ]
    return _cornell_room("cornell", contents)


def cornell_boxes() -> Scene:
    """Make a Cornell box with a white box and a tall mirror box.

    Returns
    -------
    Scene
        400x400, 64 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.cornell_boxes()
    Scene('cornell-boxes': 8 shapes: 2 Box, 6 Quad; 0 emitters; PerspectiveCamera)
    """
    contents = [
        Box(
            (185.0, 82.5, 169.0),
            (165.0, 165.0, 165.0),
            rotation=(0.0, -18.0, 0.0),
            material=Diffuse((0.73, 0.73, 0.73)),
            name="white box",
        ),
        Box(
            (368.0, 165.0, 351.0),
            (165.0, 330.0, 165.0),
            rotation=(0.0, 20.0, 0.0),
            material=Metal((0.8, 0.8, 0.9)),
            name="mirror box",
        ),
    ]
    return _cornell_room("cornell-boxes", contents)


def _cornell_room(name: str, contents: Sequence[Shape]) -> Scene:
    """Put things into a room of 556^3, lit by a lamp in its ceiling, open towards -z.

    Seen from the open side x grows to the left, as in the measured box of Cornell University.
    """
    white = Diffuse((0.73, 0.73, 0.73), name="white")
    red = Diffuse((0.65, 0.05, 0.05), name="red")
    green = Diffuse((0.12, 0.45, 0.15), name="green")
    s = 556.0
    x, y, z = (s, 0.0, 0.0), (0.0, s, 0.0), (0.0, 0.0, s)
    room = [
        Quad((0.0, 0.0, 0.0), z, x, material=white, name="floor"),
        Quad((0.0, s, 0.0), x, z, material=white, name="ceiling"),
        Quad((0.0, 0.0, s), y, x, material=white, name="back wall"),
        Quad((s, 0.0, 0.0), z, y, material=red, name="left wall"),
        Quad((0.0, 0.0, 0.0), y, z, material=green, name="right wall"),
        Quad(
            (213.0, s - 1.0, 227.0),
            (130.0, 0.0, 0.0),
            (0.0, 0.0, 105.0),
            material=Emissive((45.0, 37.5, 20.0)),
            name="lamp",
        ),
    ]
    return Scene(
        [*room, *contents],
        camera=PerspectiveCamera(look_from=(278, 278, -800), look_at=(278, 278, 0), vfov=40.0),
        defaults={"width": 400, "height": 400, "spp": 64, "max_depth": 8},
        name=name,
    )


# ---- in the open ---------------------------------------------------------------------------


def default() -> Scene:
    """Make five balls, of gold, lacquer, silver and glass, on a green plain under the sky.

    Returns
    -------
    Scene
        400x225, 64 spp, paths of up to 50 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.default().environment.top
    (0.5, 0.7, 1.0)
    """
    glass = Dielectric(1.5, name="glass")
    lacquer = Coated(Diffuse((0.65, 0.25, 0.2)))
    gold = Metal((0.8, 0.6, 0.2), roughness=_roughness_from_fuzz(0.3))
    shapes = [
        _ground(Diffuse((0.48, 0.48, 0.0))),
        Sphere((0.0, 0.5, -1.0), 0.5, material=lacquer, name="lacquer ball"),
        Sphere((1.0, 0.5, -1.0), 0.5, material=Metal((0.8, 0.8, 0.8)), name="silver ball"),
        Sphere((-1.0, 0.5, -1.0), 0.5, material=gold, name="gold ball"),
        Sphere((-0.5, 0.25, -0.5), 0.25, material=glass, name="glass ball"),
        # A shell of glass: the inner surface has its normals towards the air inside.
        Sphere((0.5, 0.25, -0.5), 0.25, material=glass, name="shell, outside"),
        Sphere((0.5, 0.25, -0.5), 0.24, material=glass, flip_normals=True, name="shell, inside"),
        Sphere((0.5, 0.25, -0.5), 0.20, material=Diffuse((0.1, 0.2, 0.5)), name="blue core"),
        _lamp((-30.0, 30.5, 15.0), 10.0, (15.0, 14.0, 13.0), "lamp"),
    ]
    camera = PerspectiveCamera(
        look_from=(0.0, 0.75, 2.0), look_at=(0.0, 0.5, -1.0), vfov=40.0, aperture_radius=0.025
    )
    return Scene(
        shapes,
        emitters=[_sky()],
        camera=camera,
        defaults={"width": 400, "height": 225, "spp": 64, "max_depth": 50},
        name="default",
    )


def spheregrid() -> Scene:
    """Make 20 by 20 small metal balls in all hues on a grey plain.

    Returns
    -------
    Scene
        800x450, 64 spp, paths of up to 40 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.spheregrid().shapes)  # the balls, the ground, the lamp
    402
    """
    count, width, radius = 20, 9.0, 0.18
    roughness = _roughness_from_fuzz(0.05)
    shapes: list[Shape] = [_ground(Diffuse((0.5, 0.5, 0.5)))]
    for row in range(count):
        for column in range(count):
            across, back = column / (count - 1), row / (count - 1)
            # Once round the circle of hues from left to right, and a third of it to the back.
            color = from_oklch(0.62 + 0.12 * back, 0.19, 60.0 - 360.0 * across - 120.0 * back)
            center = (width * (across - 0.5), radius, width * (0.5 - back))
            shapes.append(Sphere(center, radius, material=Metal(color, roughness=roughness)))
    shapes.append(_lamp((-20.0, 25.0, 20.0), 8.0, (12.0, 11.5, 11.0), "lamp"))
    camera = PerspectiveCamera(
        look_from=(0.0, 6.0, 13.0), look_at=(0.0, 0.0, -0.6), vfov=34.0, aperture_radius=0.01
    )
    return Scene(
        shapes,
        emitters=[_sky()],
        camera=camera,
        defaults={"width": 800, "height": 450, "spp": 64, "max_depth": 40},
        name="spheregrid",
    )


def trianglemesh() -> Scene:
    """Make a golden ball beside another that is a mesh of triangles.

    Returns
    -------
    Scene
        600x337, 64 spp, paths of up to 40 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> scene = rw.presets.trianglemesh()
    >>> [shape.faces.shape for shape in scene.shapes if isinstance(shape, rw.Mesh)]
    [(1472, 3)]
    """
    gold = Metal((0.8, 0.6, 0.2), roughness=_roughness_from_fuzz(0.05), name="gold")
    vertices, faces = _uv_sphere(segments=32, rings=24)
    center = np.array([1.5, 1.0, 0.0])
    shapes = [
        _ground(Diffuse((0.7, 0.7, 0.7))),
        Sphere((-1.5, 1.0, 0.0), 1.0, material=gold, name="ball"),
        Mesh(vertices + center, faces, material=gold, name="mesh ball"),
        _lamp((-5.0, 8.5, 5.0), 2.0, (14.0, 13.0, 11.5), "key light"),
        _lamp((6.0, 7.0, 4.0), 1.5, (8.5, 9.0, 10.0), "fill light"),
        _lamp((1.0, 6.5, -6.0), 1.2, (9.0, 9.0, 9.0), "rim light"),
    ]
    camera = PerspectiveCamera(look_from=(0.0, 2.0, 6.5), look_at=(0.0, 1.0, 0.0), vfov=40.0)
    return Scene(
        shapes,
        emitters=[_sky()],
        camera=camera,
        defaults={"width": 600, "height": 337, "spp": 64, "max_depth": 40},
        name="trianglemesh",
    )


def _sky() -> GradientEnvironment:
    return GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=(1.0, 1.0, 1.0), name="sky")


def _ground(material: Material) -> Quad:
    """Make the plane y = 0, large enough to reach the horizon."""
    s = 10_000.0
    corner, right, back = (-s / 2.0, 0.0, s / 2.0), (s, 0.0, 0.0), (0.0, 0.0, -s)
    return Quad(corner, right, back, material=material, name="ground")


def _lamp(
    center: tuple[float, float, float],
    radius: float,
    radiance: tuple[float, float, float],
    name: str,
) -> Sphere:
    return Sphere(center, radius, material=Emissive(radiance), name=name)


def _roughness_from_fuzz(fuzz: float) -> float:
    """Roughness of the GGX metal that blurs about as much as "fuzz" does.

    Fuzz (Shirley, "Ray Tracing in One Weekend") moves the mirrored direction by a random point
    of a ball of radius f: sideways by less than m f in half of all cases, where
    1 - (1 - m^2)^(3/2) = 1/2, so m = 0.608. GGX tilts the normal by less than atan(alpha) in
    half of all cases, and the mirrored direction by twice that: 2 alpha = 0.608 f, and
    alpha = roughness^2.
    """
    return math.sqrt(0.304 * fuzz)


def _uv_sphere(segments: int, rings: int) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Make a sphere of radius 1 from latitudes and longitudes.

    A grid of segments x rings cells has 2 * segments * rings triangles (1536 for 32 x 24), but
    those of the first and last ring have two corners in a pole: half of them have no area and
    are left out, which leaves 2 * segments * (rings - 1) (1472).
    """
    theta = np.pi * np.arange(1, rings) / rings
    phi = 2.0 * np.pi * np.arange(segments) / segments
    t, p = np.meshgrid(theta, phi, indexing="ij")
    circles = np.stack([np.sin(t) * np.cos(p), np.cos(t), -np.sin(t) * np.sin(p)], axis=-1)
    poles = [(0.0, 1.0, 0.0), (0.0, -1.0, 0.0)]
    vertices = np.concatenate([poles, circles.reshape(-1, 3)])

    this = np.arange(segments)
    following = (this + 1) % segments
    first, last = 2, 2 + (rings - 2) * segments
    faces = [np.stack([np.zeros_like(this), first + this, first + following], axis=1)]
    for start in range(first, last, segments):
        upper, upper_next = start + this, start + following
        lower, lower_next = upper + segments, upper_next + segments
        faces.append(np.stack([upper, lower, lower_next], axis=1))
        faces.append(np.stack([upper, lower_next, upper_next], axis=1))
    faces.append(np.stack([np.ones_like(this), last + following, last + this], axis=1))
    return vertices, np.concatenate(faces).astype(np.int32)


# ---- by name -------------------------------------------------------------------------------

_PRESETS: dict[str, tuple[Callable[[], Scene], str]] = {
    "cornell": (cornell, "Cornell box with a mirror ball and a glass ball, 400x400"),
    "cornell-boxes": (cornell_boxes, "Cornell box with a white and a mirror box, 400x400"),
    "default": (default, "gold, lacquer, silver and glass balls under the sky, 400x225"),
    "spheregrid": (spheregrid, "20 x 20 metal balls in all hues, 800x450"),
    "trianglemesh": (trianglemesh, "a golden ball beside its mesh of triangles, 600x337"),
}

NAMES: tuple[str, ...] = tuple(_PRESETS)
"""The names that `preset` knows."""


def describe() -> dict[str, str]:
    """Return one line about each preset, by its name.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.describe()["spheregrid"]
    '20 x 20 metal balls in all hues, 800x450'
    """
    return {name: line for name, (_, line) in _PRESETS.items()}


def preset(name: str) -> Scene:
    """Make the scene with a name.

    Parameters
    ----------
    name : str
        One of `NAMES`; case and underscores don't matter.

    Raises
    ------
    SceneError
        If there is no such scene; names the nearest one.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.preset("cornell").defaults["width"]
    400
    """
    key = str(name).strip().lower().replace("_", "-")
    if key in _PRESETS:
        make, _ = _PRESETS[key]
        return make()
    near = difflib.get_close_matches(key, NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SceneError(f"preset must be one of {', '.join(NAMES)}, got {name!r}{hint}")
