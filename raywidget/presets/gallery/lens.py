"""Out of focus: chess pieces under strings of lights."""

from __future__ import annotations

import numpy as np

from raywidget.errors import SceneError
from raywidget.presets.procedural import Faces, Vertices, lathe, made_of, rounded
from raywidget.scene import (
    Checkerboard,
    Coated,
    ConstantEnvironment,
    Diffuse,
    Emissive,
    Instances,
    Material,
    PerspectiveCamera,
    Quad,
    Scene,
    Shape,
    Sphere,
    Spheres,
)
from raywidget.scene.values import transforms
from raywidget.scene.values.colors import from_oklch
from raywidget.scene.values.signatures import checked_call

_PAWN = rounded(
    [
        (0.0, 1.0),
        (0.11, 0.975),
        (0.165, 0.88),
        (0.135, 0.78),
        (0.085, 0.735),
        (0.155, 0.7),
        (0.16, 0.675),
        (0.09, 0.64),
        (0.1, 0.5),
        (0.14, 0.33),
        (0.22, 0.23),
        (0.27, 0.2),
        (0.3, 0.13),
        (0.33, 0.05),
        (0.33, 0.0),
        (0.0, 0.0),
    ],
    steps=6,
)


@checked_call(SceneError)
def chess() -> Scene:
    """Make a row of pawns of which one is in focus, and lights far behind them.

    Returns
    -------
    Scene
        720x405, 256 spp, paths of up to 10 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.chess().camera.aperture_radius
    0.11
    """
    ivory = Coated(Diffuse((0.83, 0.74, 0.6)), name="ivory")
    rosewood = Coated(Diffuse((0.3, 0.035, 0.02)), name="rosewood")
    vertices, faces = lathe(_PAWN, 96)
    shapes: list[Shape] = []
    for material, places in (
        (ivory, [(-0.5, 1.5), (0.5, 0.5), (-1.5, -0.5), (1.5, -2.5), (-0.5, -3.5), (3.5, -4.5)]),
        (
            rosewood,
            [(0.5, -1.5), (-1.5, 2.5), (2.5, -0.5), (-2.5, -2.5), (0.5, -5.5)],
        ),
    ):
        shapes.append(_row(material, vertices, faces, places))
    board = Checkerboard((0.62, 0.47, 0.32), (0.12, 0.07, 0.045), scale=16)
    shapes.append(
        Quad((-8, 0, 8), (16, 0, 0), (0, 0, -16), material=Coated(Diffuse(board)), name="board")
    )
    generator = np.random.default_rng(12)
    count = 66
    bulbs = np.stack(
        [
            generator.uniform(-13, 13, count),
            generator.uniform(1.2, 5.5, count),
            generator.uniform(-18, -11, count),
        ],
        axis=1,
    ).astype(np.float32)
    radii = np.full(count // 3, 0.1, np.float32)
    for first, hue in enumerate((55.0, 80.0, 25.0)):
        r, g, b = from_oklch(0.8, 0.13, hue)
        glow = Emissive((15 * r, 15 * g, 15 * b))
        shapes.append(Spheres(bulbs[first::3], radii, material=glow))
    shapes.append(Sphere((-5, 7, 5), 1.5, material=Emissive((34, 30, 24)), name="key light"))
    shapes.append(Sphere((6, 4, -3), 1.0, material=Emissive((14, 18, 26)), name="fill light"))
    return Scene(
        shapes,
        emitters=[ConstantEnvironment((0.014, 0.012, 0.018), name="dusk")],
        camera=PerspectiveCamera(
            look_from=(0.35, 1.15, 4.6),
            look_at=(0.15, 0.62, 0.0),
            vfov=27.0,
            aperture_radius=0.11,
            focus_distance=4.12,
        ),
        defaults={"width": 720, "height": 405, "spp": 256, "max_depth": 10},
        name="chess",
    )


def _row(
    material: Material, vertices: Vertices, faces: Faces, places: list[tuple[float, float]]
) -> Instances:
    """Put one piece on some squares."""
    piece = made_of(material, vertices, faces)
    return Instances(piece, np.array([transforms.translate(x, 0, z) for x, z in places]))
