"""Scenes round a mesh from a file; without one a computed thing stands in its place."""

from __future__ import annotations

import os

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.meshes import load_mesh
from raywidget.presets.procedural import lathe, made_of, rounded, serpent
from raywidget.presets.stage import choice, roughness_from_fuzz
from raywidget.scene import (
    Coated,
    ConstantEnvironment,
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
    Sphere,
    SpotLight,
)
from raywidget.scene.values import transforms
from raywidget.scene.values.signatures import checked_call

DRAGON_FINISHES = ("gold", "plastic", "matte", "mirror", "glass", "copper")
"""What the dragon may be made of."""


@checked_call(SceneError)
def dragon(
    path: str | os.PathLike[str] | None = None, *, finish: str = "gold", smooth: bool = True
) -> Scene:
    """Make the dragon of pbrt's scenes, or a serpent where there is no file of it.

    Parameters
    ----------
    path : path-like, optional
        The dragon's mesh, such as ``dragon_remeshed.ply``: z up, some 200 units long.
    finish : {"gold", "plastic", "matte", "mirror", "glass", "copper"}
        What it is made of.
    smooth : bool
        Smooth normals for a mesh that has none.

    Returns
    -------
    Scene
        900x900, 64 spp, paths of up to 50 edges; z is up.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.dragon(finish="copper").defaults["width"]
    900
    """
    material = _dragon_material(choice("dragon", "finish", finish, DRAGON_FINISHES))
    if path is None:
        statue = made_of(material, *serpent(), name="serpent")
    else:
        # x is mirrored, as the original's coordinates are left-handed.
        place = transforms.scale(-1, 1, 1) @ transforms.rotate(-53, (0, 1, 0))
        statue = load_mesh(
            path, material=material, transform=place, smooth=smooth or None, name="dragon"
        )
    s = 10_000.0
    floor = Quad((-s / 2, -s / 2, -40), (s, 0, 0), (0, s, 0), material=Diffuse(0.6), name="ground")
    lamp = Sphere((0, 200, 800), 300, material=Emissive((3.75, 3.5, 3.0)), name="lamp")
    # The sky's gradient runs along y here too, as in the reference.
    sky = GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=0.0, name="sky")
    return Scene(
        [floor, statue, lamp],
        emitters=[sky],
        camera=PerspectiveCamera(
            look_from=(-277, -240, 250), look_at=(0, 60, -30), up=(0, 0, 1), vfov=33.0
        ),
        defaults={"width": 900, "height": 900, "spp": 64, "max_depth": 50},
        name="dragon",
    )


def _dragon_material(finish: str) -> Material:
    if finish == "plastic":
        return Coated(Diffuse((0.7, 0.5, 0.8)), ior=1.4)
    if finish == "matte":
        return Diffuse((0.75, 0.65, 0.55))
    if finish == "mirror":
        return Metal((0.9, 0.9, 0.9))
    if finish == "glass":
        return Dielectric(1.5)
    if finish == "copper":
        return Metal((0.8, 0.4, 0.2), roughness=roughness_from_fuzz(0.1))
    return Metal((0.7, 0.5, 0.2), roughness=roughness_from_fuzz(0.02))


CAUSTIC_LIGHTS = ("disk", "point")
"""What may light the caustic glass: a spot with or without extent."""


@checked_call(SceneError)
def caustic_glass(
    glass: str | os.PathLike[str] | None = None,
    table: str | os.PathLike[str] | None = None,
    *,
    light: str = "point",
) -> Scene:
    """Make a glass on a table, and the light that it gathers there.

    Parameters
    ----------
    glass, table : path-like, optional
        The meshes of pbrt's scene "caustic-glass" (``mesh_00001.ply``, ``mesh_00002.ply``);
        without them a goblet on a plane.
    light : {"disk", "point"}
        A spot of radius 0.7, or one that is a point: its caustics are sharp.

    Returns
    -------
    Scene
        525x750, 1024 spp, paths of up to 20 edges, bidirectional.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.caustic_glass().defaults["integrator"]
    'bdpt'
    """
    choice("caustic_glass", "light", light, CAUSTIC_LIGHTS)
    mirror = transforms.scale(-1, 1, 1)
    clear, matte = Dielectric(1.25, name="glass"), Diffuse(0.64, name="table")
    if glass is None:
        vertices, faces = lathe(_GOBLET, 160)
        vertices = 0.6 * vertices + np.array((3.4, 0.0, 3.6))
        first = made_of(clear, vertices, faces, name="goblet")
    else:
        first = load_mesh(glass, material=clear, transform=mirror, name="goblet")
    if table is None:
        second: Mesh | Quad = Quad(
            (-40, 0, 40), (80, 0, 0), (0, 0, -80), material=matte, name="top"
        )
    else:
        second = load_mesh(table, material=matte, transform=mirror, name="top")
    intensity = (139.8113403320, 118.6366500854, 105.3887557983)
    spot = SpotLight(
        (0.0, 5.0, 9.0),
        (5.0, 2.75, 0.0),
        intensity,
        30.0,
        beam_angle=25.0,
        falloff="quartic",
        radius=0.7 if light == "disk" else 0.0,
        name="spot",
    )
    return Scene(
        [first, second],
        emitters=[spot, ConstantEnvironment(0.1, name="surroundings")],
        camera=PerspectiveCamera(look_from=(5.5, 7, -5.5), look_at=(4.75, 2.25, 0), vfov=45.0),
        defaults={"width": 525, "height": 750, "spp": 1024, "max_depth": 20, "integrator": "bdpt"},
        name="caustic-glass",
    )


# From the middle of the bowl over its rim down to the foot and its underside: one closed skin. Its
# glass is thick, a lens that gathers light.
_GOBLET = [
    *rounded([(0.0, 3.9), (0.5, 3.93), (0.95, 4.1), (1.2, 4.5), (1.28, 4.8)], steps=10),
    (1.295, 4.83),
    (1.32, 4.83),
    *rounded(
        [
            (1.335, 4.8),
            (1.42, 4.2),
            (1.4, 3.6),
            (1.12, 2.8),
            (0.55, 2.25),
            (0.2, 2.0),
            (0.14, 1.6),
            (0.13, 1.1),
            (0.15, 0.6),
            (0.3, 0.3),
            (0.8, 0.14),
            (1.15, 0.07),
        ],
        steps=8,
    ),
    (1.17, 0.04),
    (1.15, 0.012),
    (0.0, 0.012),
]
