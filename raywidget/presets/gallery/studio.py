"""In a studio: materials side by side, and a product lit by an image of softboxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.presets.procedural import Faces, Vertices, lathe, made_of, rounded
from raywidget.scene import (
    Checkerboard,
    Coated,
    Conductor,
    Cylinder,
    Dielectric,
    Diffuse,
    Disk,
    ImageEnvironment,
    Material,
    Metal,
    PerspectiveCamera,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.values.colors import from_oklch
from raywidget.scene.values.signatures import checked_call


def softboxes(boxes: list[tuple[float, float, float, float, float]]) -> ImageEnvironment:
    """Make a dark studio with lamps: longitude, latitude, width, height in degrees, radiance."""
    height, width = 128, 256
    longitude = (np.arange(width) + 0.5) / width * 360.0 - 180.0
    latitude = 90.0 - (np.arange(height) + 0.5) / height * 180.0
    pixels = np.full((height, width, 3), 0.035, np.float32)
    pixels += 0.06 * np.maximum(0.0, np.sin(np.radians(latitude)))[:, None, None].astype(np.float32)
    for east, north, wide, high, radiance in boxes:
        dx = np.abs((longitude - east + 180.0) % 360.0 - 180.0)
        # As wide as it looks: meridians draw together towards the pole.
        dx = dx[None, :] * np.cos(np.radians(latitude))[:, None]
        dy = np.abs(latitude - north)[:, None]
        edge = _soft(dx, wide / 2.0) * _soft(dy, high / 2.0)
        tint = np.array((1.0, 0.97, 0.92) if radiance > 8 else (0.92, 0.96, 1.0))
        pixels = pixels + (radiance * edge[..., None] * tint).astype(np.float32)
    return ImageEnvironment(pixels, name="softboxes")


def _soft(distance: NDArray[np.float64], half: float) -> NDArray[np.float64]:
    return np.asarray(np.clip((half - distance) / 2.0 + 0.5, 0.0, 1.0))


def _stage(material: Material) -> Shape:
    """Make a floor that bends up into a wall, without an edge."""
    bend = [
        (z, y)
        for a in np.linspace(0.0, np.pi / 2.0, 24)
        for z, y in [(-3.0 - 4.0 * np.sin(a), 4.0 - 4.0 * np.cos(a))]
    ]
    profile = [(14.0, 0.0), *bend, (-7.0, 14.0)]
    rows: list[tuple[float, float, float]] = []
    for z, y in profile:
        rows += [(-30.0, y, z), (30.0, y, z)]
    i = np.arange(0, len(rows) - 2, 2)
    faces = np.concatenate([np.stack([i, i + 1, i + 3], 1), np.stack([i, i + 3, i + 2], 1)])
    return made_of(material, np.array(rows), faces.astype(np.int32), name="stage")


@checked_call(SceneError)
def materials() -> Scene:
    """Make twelve balls of different materials in a studio.

    Returns
    -------
    Scene
        900x600, 256 spp, paths of up to 16 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.materials().shapes)
    25
    """
    rows: list[list[Material]] = [
        [
            Diffuse((0.72, 0.68, 0.6), name="plaster"),
            Diffuse(Checkerboard((0.85, 0.8, 0.7), (0.55, 0.12, 0.08), scale=(16, 8))),
            Coated(Diffuse(from_oklch(0.5, 0.2, 25)), name="lacquer"),
            Coated(Diffuse(from_oklch(0.42, 0.13, 255)), name="glaze"),
        ],
        [
            Conductor("gold", roughness=0.18, name="gold"),
            Conductor("copper", roughness=0.45, name="brushed copper"),
            Conductor("aluminium", roughness=0.62, name="cast aluminium"),
            Conductor("silver", name="silver"),
        ],
        [
            Dielectric(1.5, name="glass"),
            Dielectric(1.5, roughness=0.4, name="frosted glass"),
            Dielectric(2.42, color=(0.99, 0.94, 0.8), name="amber"),
            Coated(Metal(from_oklch(0.55, 0.17, 150), 0.35), name="car paint"),
        ],
    ]
    foot = Diffuse((0.05, 0.05, 0.055), name="foot")
    shapes: list[Shape] = [_stage(Diffuse((0.3, 0.28, 0.27)))]
    for row, kinds in enumerate(rows):
        for column, kind in enumerate(kinds):
            x, z = 1.5 * (column - 1.5), 1.75 * (1 - row)
            shapes.append(Sphere((x, 0.66, -z), 0.56, material=kind))
            shapes.append(Cylinder((x, 0.0, -z), (x, 0.1, -z), 0.34, material=foot))
    lights = softboxes([(-155, 42, 60, 40, 11), (120, 35, 30, 60, 5.0), (20, 55, 70, 24, 4.0)])
    return Scene(
        shapes,
        emitters=[lights],
        camera=PerspectiveCamera(look_from=(0, 7.0, 8.4), look_at=(0, 0.32, 0.15), vfov=27.0),
        defaults={"width": 900, "height": 600, "spp": 256, "max_depth": 16},
        name="materials",
    )


@checked_call(SceneError)
def perfume() -> Scene:
    """Make a flask of thick glass with a golden stopper on black lacquer, lit by softboxes.

    Returns
    -------
    Scene
        600x750, 512 spp, paths of up to 24 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.perfume().environment.name
    'softboxes'
    """
    gold = Conductor("gold", roughness=0.22)
    glass = Dielectric(1.5)
    # Glass is the denser side of where it meets the scent, so the normals point into the scent.
    scent = Dielectric(1.5 / 1.36, color=(0.97, 0.8, 0.5))
    shapes: list[Shape] = [
        _stage(Diffuse((0.2, 0.17, 0.16))),
        Cylinder((0, 0, 0), (0, 0.12, 0), 1.9, material=Coated(Diffuse(0.012)), name="plinth"),
        made_of(glass, *lathe(_FLASK, 160), name="flask"),
        made_of(scent, *lathe(_INSIDE, 160), name="scent").replace(flip_normals=True),
        made_of(gold, *lathe(_STOPPER, 128), name="stopper"),
        made_of(gold, *_ring(0.44, 0.05, 2.34), name="collar"),
        Disk((0, 0.121, 0), (0, 1, 0), 1.35, material=Metal((0.5, 0.36, 0.2), 0.5), name="inlay"),
    ]
    lights = softboxes(
        [(-105, 22, 26, 95, 13), (95, 20, 18, 85, 9), (180, 68, 70, 30, 6), (-20, 30, 90, 16, 2.5)]
    )
    return Scene(
        shapes,
        emitters=[lights],
        camera=PerspectiveCamera(
            look_from=(0.9, 2.5, 8.2), look_at=(0, 1.62, 0), vfov=27.0, aperture_radius=0.03
        ),
        defaults={"width": 600, "height": 750, "spp": 512, "max_depth": 24},
        name="perfume",
    )


_FLASK = [
    (0.0, 2.3),
    (0.3, 2.3),
    *rounded(
        [(0.36, 2.26), (0.38, 2.12), (0.5, 1.95), (0.98, 1.62), (1.18, 1.1), (1.06, 0.5)], steps=10
    ),
    (0.98, 0.26),
    (0.88, 0.17),
    (0.8, 0.13),
    (0.0, 0.13),
]
# The hollow that the scent fills.
_INSIDE = [
    (0.0, 1.5),
    *rounded([(0.82, 1.5), (0.95, 1.1), (0.84, 0.62), (0.6, 0.45), (0.0, 0.42)], steps=10),
]
_STOPPER = [
    *rounded(
        [(0.0, 3.32), (0.2, 3.28), (0.4, 3.1), (0.45, 2.92), (0.38, 2.72), (0.26, 2.58)], steps=8
    ),
    *rounded([(0.25, 2.56), (0.27, 2.48), (0.3, 2.42), (0.3, 2.31)], steps=4),
    (0.0, 2.305),
]


def _ring(radius: float, thickness: float, y: float) -> tuple[Vertices, Faces]:
    """Make a ring that lies flat."""
    a = 2.0 * np.pi * np.arange(96) / 96
    b = 2.0 * np.pi * np.arange(24) / 24
    across = radius + thickness * np.cos(b)
    vertices = np.stack(
        [
            np.cos(a)[:, None] * across,
            np.broadcast_to(y + thickness * np.sin(b), (96, 24)),
            -np.sin(a)[:, None] * across,
        ],
        axis=-1,
    ).reshape(-1, 3)
    i = np.repeat(np.arange(96), 24)
    j = np.tile(np.arange(24), 96)
    k, m = (i + 1) % 96, (j + 1) % 24
    faces = np.concatenate(
        [
            np.stack([i * 24 + j, k * 24 + j, k * 24 + m], 1),
            np.stack([i * 24 + j, k * 24 + m, i * 24 + m], 1),
        ]
    )
    return vertices, faces.astype(np.int32)
