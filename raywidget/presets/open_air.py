"""Things on a plain under the sky."""

from __future__ import annotations

import numpy as np

from raywidget.errors import SceneError
from raywidget.presets.procedural import uv_sphere
from raywidget.presets.stage import choice, ground, lamp, roughness_from_fuzz, sky, whole
from raywidget.scene import (
    Coated,
    Dielectric,
    Diffuse,
    Material,
    Mesh,
    Metal,
    PerspectiveCamera,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.values.checks import Color
from raywidget.scene.values.colors import from_oklch
from raywidget.scene.values.signatures import checked_call


@checked_call(SceneError)
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
    gold = Metal((0.8, 0.6, 0.2), roughness=roughness_from_fuzz(0.3))
    shapes = [
        ground(Diffuse((0.48, 0.48, 0.0))),
        Sphere((0.0, 0.5, -1.0), 0.5, material=lacquer, name="lacquer ball"),
        Sphere((1.0, 0.5, -1.0), 0.5, material=Metal((0.8, 0.8, 0.8)), name="silver ball"),
        Sphere((-1.0, 0.5, -1.0), 0.5, material=gold, name="gold ball"),
        Sphere((-0.5, 0.25, -0.5), 0.25, material=glass, name="glass ball"),
        # A shell of glass: the inner surface has its normals towards the air inside.
        Sphere((0.5, 0.25, -0.5), 0.25, material=glass, name="shell, outside"),
        Sphere((0.5, 0.25, -0.5), 0.24, material=glass, flip_normals=True, name="shell, inside"),
        Sphere((0.5, 0.25, -0.5), 0.20, material=Diffuse((0.1, 0.2, 0.5)), name="blue core"),
        lamp((-30.0, 30.5, 15.0), 10.0, (15.0, 14.0, 13.0), "lamp"),
    ]
    camera = PerspectiveCamera(
        look_from=(0.0, 0.75, 2.0), look_at=(0.0, 0.5, -1.0), vfov=40.0, aperture_radius=0.025
    )
    return Scene(
        shapes,
        emitters=[sky()],
        camera=camera,
        defaults={"width": 400, "height": 225, "spp": 64, "max_depth": 50},
        name="default",
    )


FINISHES = ("metallic", "matte", "glossy", "mirror", "glass", "mixed")
"""What the balls of `spheregrid` may be made of."""


@checked_call(SceneError)
def spheregrid(*, size: int = 20, finish: str = "metallic") -> Scene:
    """Make a grid of small balls in all hues on a grey plain.

    Parameters
    ----------
    size : int
        Balls in a row, 2 to 1000.
    finish : {"metallic", "matte", "glossy", "mirror", "glass", "mixed"}
        What they are made of; "mixed" is half matte, half metallic.

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
    count, width = whole("spheregrid", "size", size, 2, 1000), 9.0
    choice("spheregrid", "finish", finish, FINISHES)
    radius = 0.38 * width / (count - 1)
    shapes: list[Shape] = [ground(Diffuse((0.5, 0.5, 0.5)))]
    for row in range(count):
        for column in range(count):
            across, back = column / (count - 1), row / (count - 1)
            # Once round the circle of hues from left to right, and a third of it to the back.
            color = from_oklch(0.62 + 0.12 * back, 0.19, 60.0 - 360.0 * across - 120.0 * back)
            center = (width * (across - 0.5), radius, width * (0.5 - back))
            shapes.append(Sphere(center, radius, material=_finished(finish, color)))
    shapes.append(lamp((-20.0, 25.0, 20.0), 8.0, (12.0, 11.5, 11.0), "lamp"))
    camera = PerspectiveCamera(
        look_from=(0.0, 6.0, 13.0), look_at=(0.0, 0.0, -0.6), vfov=34.0, aperture_radius=0.01
    )
    return Scene(
        shapes,
        emitters=[sky()],
        camera=camera,
        defaults={"width": 800, "height": 450, "spp": 64, "max_depth": 40},
        name="spheregrid",
    )


def _finished(finish: str, color: Color) -> Material:
    if finish == "matte":
        return Diffuse(color)
    if finish == "glossy":
        return Coated(Diffuse(color))
    if finish == "mirror":
        return Metal((0.9, 0.9, 0.9))
    if finish == "glass":
        return Dielectric(1.5)
    return Metal(color, roughness=roughness_from_fuzz(0.05))


@checked_call(SceneError)
def trianglemesh(*, complexity: int = 32) -> Scene:
    """Make a golden ball beside another that is a mesh of triangles.

    Parameters
    ----------
    complexity : int
        Triangles round its equator, 4 to 512.

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
    gold = Metal((0.8, 0.6, 0.2), roughness=roughness_from_fuzz(0.05), name="gold")
    segments = whole("trianglemesh", "complexity", complexity, 4, 512)
    vertices, faces = uv_sphere(segments, rings=max(3, segments * 3 // 4))
    center = np.array([1.5, 1.0, 0.0])
    shapes = [
        ground(Diffuse((0.7, 0.7, 0.7))),
        Sphere((-1.5, 1.0, 0.0), 1.0, material=gold, name="ball"),
        Mesh(vertices + center, faces, material=gold, name="mesh ball"),
        lamp((-5.0, 8.5, 5.0), 2.0, (14.0, 13.0, 11.5), "key light"),
        lamp((6.0, 7.0, 4.0), 1.5, (8.5, 9.0, 10.0), "fill light"),
        lamp((1.0, 6.5, -6.0), 1.2, (9.0, 9.0, 9.0), "rim light"),
    ]
    camera = PerspectiveCamera(look_from=(0.0, 2.0, 6.5), look_at=(0.0, 1.0, 0.0), vfov=40.0)
    return Scene(
        shapes,
        emitters=[sky()],
        camera=camera,
        defaults={"width": 600, "height": 337, "spp": 64, "max_depth": 40},
        name="trianglemesh",
    )
