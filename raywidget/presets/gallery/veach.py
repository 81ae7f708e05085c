"""Veach's scene for multiple importance sampling."""

from __future__ import annotations

import math

from raywidget.errors import SceneError
from raywidget.scene import (
    ConstantEnvironment,
    Diffuse,
    Emissive,
    Metal,
    PerspectiveCamera,
    Quad,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.values.signatures import checked_call

# Upper and lower edge (y, z) of each plate, and its GGX width: from glossy to dull, back to front
# (after Veach 1997, figure 9.2, as it is known from the scenes of Mitsuba and PBRT).
_PLATES = (
    ((-2.70651, 0.25609), (-2.08375, -0.526323), 0.005),
    ((-3.28825, 1.36972), (-2.83856, 0.476536), 0.02),
    ((-3.73096, 2.70046), (-3.43378, 1.74564), 0.05),
    ((-3.99615, 4.0667), (-3.82069, 3.08221), 0.1),
)
# x, radius, radiance: all of the same power
_LAMPS = (
    (-3.75, 0.03333, 901.803),
    (-1.25, 0.1, 100.0),
    (1.25, 0.3, 11.1111),
    (3.75, 0.9, 1.23457),
)


@checked_call(SceneError)
def veach_mis() -> Scene:
    """Make Veach's four plates of different gloss under four lamps of different size.

    Sampling lamps fails on large lamps in glossy plates, sampling the plates fails on small lamps
    in dull ones; together they show all sixteen reflections.

    Returns
    -------
    Scene
        768x512, 64 spp, direct light only.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.veach_mis().shapes)
    11
    """
    shapes: list[Shape] = []
    for front, back, alpha in _PLATES:
        plate = Metal((0.21, 0.25, 0.3), roughness=math.sqrt(alpha))
        corner = (-4.0, front[0], front[1])
        along = (0.0, back[0] - front[0], back[1] - front[1])
        shapes.append(Quad(corner, (8.0, 0.0, 0.0), along, material=plate))
    tints = ((1.0, 0.55, 0.3), (1.0, 0.85, 0.4), (0.45, 0.9, 0.6), (0.4, 0.55, 1.0))
    for (x, radius, radiance), (r, g, b) in zip(_LAMPS, tints, strict=True):
        light = Emissive((r * radiance, g * radiance, b * radiance))
        shapes.append(Sphere((x, 0.0, 0.0), radius, material=light))
    wall = Diffuse((0.4, 0.4, 0.4))
    shapes += [
        Quad((-30, -4.14615, 10), (60, 0, 0), (0, 0, -20), material=wall, name="floor"),
        Quad((-30, -10, -2), (60, 0, 0), (0, 40, 0), material=wall, name="wall"),
        Sphere((10, 10, 4), 0.5, material=Emissive(70.0), name="lamp above"),
    ]
    return Scene(
        shapes,
        emitters=[ConstantEnvironment(0.03, name="surroundings")],
        camera=PerspectiveCamera(look_from=(0, 2, 15), look_at=(0, -2, 2.5), vfov=28.0),
        defaults={"width": 768, "height": 512, "spp": 64, "max_depth": 2},
        name="veach-mis",
    )
