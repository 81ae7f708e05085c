"""Very many things: balls from arrays, copies of meshes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.presets.procedural import Faces, Vertices, lathe
from raywidget.presets.stage import whole
from raywidget.scene import (
    Attribute,
    Diffuse,
    DirectionalLight,
    Emissive,
    GradientEnvironment,
    Instances,
    Mesh,
    PerspectiveCamera,
    Quad,
    Scene,
    Shape,
    Sphere,
    Spheres,
)
from raywidget.scene.shapes.normals import smooth_normals
from raywidget.scene.values.colors import from_oklch
from raywidget.scene.values.signatures import checked_call


@checked_call(SceneError)
def hundred_thousand(*, count: int = 100_000) -> Scene:
    """Make a wave of a hundred thousand balls, laid out like the seeds of a sunflower.

    Parameters
    ----------
    count : int
        Number of balls, 100 to 10 million.

    Returns
    -------
    Scene
        800x450, 128 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.hundred_thousand(count=1000).shapes[0]
    Spheres(centers=<1000x3 float32>, radii=<1000 float32>, ...
    """
    number = whole("hundred_thousand", "count", count, 100, 10_000_000)
    i = np.arange(number) + 0.5
    # Vogel 1979, "A better way to construct the sunflower head"
    distance = 10.0 * np.sqrt(i / number)
    angle = np.pi * (3.0 - np.sqrt(5.0)) * i
    wave = (
        0.95 * np.sin(1.55 * distance - 0.6) * np.exp(-0.09 * distance)
        + 0.25 * np.sin(2.0 * angle % (2 * np.pi)) * 0.0
    )
    centers = np.stack([distance * np.cos(angle), wave, distance * np.sin(angle)], axis=1)
    spacing = 10.0 * np.sqrt(np.pi / number)
    radii = np.full(number, 0.47 * spacing)
    shades = np.array([from_oklch(0.55 + 0.25 * s, 0.17, 20.0 + 250.0 * s) for s in _STEPS])
    place = np.clip((wave + 0.95) / 1.9, 0.0, 1.0) * (len(_STEPS) - 1)
    colors = shades[np.round(place).astype(int)]
    shapes: list[Shape] = [
        Spheres(
            centers.astype(np.float32),
            radii.astype(np.float32),
            colors=colors.astype(np.float32),
            material=Diffuse(Attribute("color")),
            name="balls",
        ),
        Quad((-60, -1.2, 60), (120, 0, 0), (0, 0, -120), material=Diffuse(0.08), name="ground"),
        Sphere((-9, 9, 3), 2.0, material=Emissive((52, 45, 36)), name="key light"),
        Sphere((10, 6, -8), 2.5, material=Emissive((12, 17, 28)), name="rim light"),
    ]
    return Scene(
        shapes,
        emitters=[GradientEnvironment(top=(0.2, 0.25, 0.38), bottom=(0.08, 0.08, 0.1))],
        camera=PerspectiveCamera(
            look_from=(0, 5.2, 11.5), look_at=(0, -0.9, 0.4), vfov=36.0, aperture_radius=0.03
        ),
        defaults={"width": 800, "height": 450, "spp": 128, "max_depth": 8},
        name="hundred-thousand",
    )


_STEPS = np.linspace(0.0, 1.0, 256)


# --- A forest -------------------------------------------------------------------------------------


@checked_call(SceneError)
def forest(*, trees: int = 24_000) -> Scene:
    """Make a hilly forest of firs: some meshes, copied thousands of times, each in its own green.

    Parameters
    ----------
    trees : int
        Number of trees, 10 to a million.

    Returns
    -------
    Scene
        800x450, 128 spp, paths of up to 6 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.forest(trees=60).shapes[0].transforms.shape
    (20, 4, 4)
    """
    number = whole("forest", "trees", trees, 10, 1_000_000)
    generator = np.random.default_rng(7)
    depth = 235.0 * np.sqrt(generator.uniform(0.004, 1.0, number))
    across = generator.uniform(-0.55, 0.55, number) * (depth + 14.0)
    x, z = across, 8.0 - depth
    # A clearing that winds to the back, where the eye can go.
    path = np.abs(x - _path(z)) < 2.2 + 0.012 * depth
    x = np.where(path, x + np.where(x > _path(z), 5.5, -5.5), x)
    size = generator.uniform(0.65, 1.35, number) * (1.0 + 0.25 * np.sin(0.07 * x + 0.11 * z))
    foot = _height(x, z)
    turns = generator.uniform(0.0, 360.0, number)
    leans = generator.normal(0.0, 1.6, (number, 2))
    autumn = generator.uniform(0.0, 1.0, number) < 0.06
    shapes: list[Shape] = []
    for kind in range(3):
        vertices, faces = _fir(np.random.default_rng(kind))
        tree = Mesh(
            vertices.astype(np.float32),
            faces,
            material=Diffuse(Attribute("color")),
            name=f"fir {kind}",
        )
        rows = np.arange(kind, number, 3)
        matrices = _places(
            np.stack([x[rows], foot[rows] - 0.1, z[rows]], axis=1),
            np.radians(np.stack([leans[rows, 0], turns[rows], leans[rows, 1]], axis=1)),
            size[rows],
        )
        colors = np.array([_leaves(generator, bool(autumn[i])) for i in rows], np.float32)
        shapes.append(Instances(tree, matrices, colors=colors, name=f"firs {kind}"))
    shapes.append(_hills())
    return Scene(
        shapes,
        emitters=[
            GradientEnvironment(top=(0.25, 0.5, 1.1), bottom=(1.0, 0.86, 0.7), name="sky"),
            DirectionalLight((0.75, -0.5, -0.45), (6.4, 5.0, 3.3), name="sun"),
        ],
        camera=PerspectiveCamera(look_from=(0, 8.5, 17), look_at=(0, 4.6, -22), vfov=34.0),
        defaults={"width": 800, "height": 450, "spp": 128, "max_depth": 6},
        name="forest",
    )


def _places(
    shifts: NDArray[np.float64], angles: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """As translate() @ rotate_xyz() @ scale(), for many at once: (N, 4, 4)."""
    (a, b, c), (d, e, f) = np.cos(angles.T), np.sin(angles.T)
    matrices = np.zeros((len(shifts), 4, 4))
    matrices[:, 0, :3] = np.stack([c * b, c * e * d - f * a, c * e * a + f * d], axis=1)
    matrices[:, 1, :3] = np.stack([f * b, f * e * d + c * a, f * e * a - c * d], axis=1)
    matrices[:, 2, :3] = np.stack([-e, b * d, b * a], axis=1)
    matrices[:, :3, :3] *= sizes[:, None, None]
    matrices[:, :3, 3] = shifts
    matrices[:, 3, 3] = 1.0
    return matrices


def _path(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(3.5 * np.sin(0.07 * z + 0.4) * (1.0 - z / 60.0))


def _height(x: float | NDArray[np.float64], z: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """The ground: gentle hills that rise to the back."""
    far = np.maximum(0.0, -np.asarray(z) - 25.0)
    hills = 1.1 * np.sin(0.11 * x + 0.5) * np.cos(0.09 * z) + 2.6 * np.sin(0.031 * x - 0.04 * z)
    return np.asarray(
        hills - 1.2 + 13.0 * np.tanh(far / 95.0) * (1.0 + 0.55 * np.sin(0.025 * x + 1.2))
    )


def _hills() -> Mesh:
    x, z = np.meshgrid(np.linspace(-220, 220, 260), np.linspace(40, -232, 260), indexing="ij")
    vertices = np.stack([x, _height(x, z), z], axis=-1).reshape(-1, 3)
    i = (np.arange(259)[:, None] * 260 + np.arange(259)).reshape(-1)
    faces = np.concatenate(
        [np.stack([i, i + 260, i + 261], axis=1), np.stack([i, i + 261, i + 1], axis=1)]
    ).astype(np.int32)
    return Mesh(
        vertices.astype(np.float32),
        faces,
        normals=smooth_normals(vertices, faces).astype(np.float32),
        material=Diffuse((0.17, 0.19, 0.06)),
        name="ground",
    )


def _leaves(generator: np.random.Generator, autumn: bool) -> tuple[float, float, float]:
    if autumn:
        return from_oklch(generator.uniform(0.55, 0.68), 0.14, generator.uniform(55, 85))
    return from_oklch(generator.uniform(0.34, 0.5), 0.085, generator.uniform(112, 146))


def _fir(generator: np.random.Generator) -> tuple[Vertices, Faces]:
    """Make a fir of ragged skirts round a stem, some 4 high."""
    parts: list[tuple[Vertices, Faces]] = [lathe([(0.0, 1.2), (0.09, 1.0), (0.12, -0.4)], 7)]
    levels = 8
    for level in range(levels):
        t = level / (levels - 1)
        radius, y = 1.15 * (1.0 - 0.86 * t) + 0.1, 0.55 + 3.0 * t
        vertices, faces = lathe(
            [(0.0, y + 0.75 - 0.25 * t), (0.55 * radius, y + 0.22), (radius, y - 0.12)], 18
        )
        ring = np.hypot(vertices[:, 0], vertices[:, 2])
        ragged = np.where(np.arange(len(vertices)) % 2 == 0, 1.0, 0.72)
        ragged = ragged * generator.uniform(0.86, 1.12, len(vertices))
        outer = ring > 0.7 * radius
        vertices[:, [0, 2]] *= np.where(outer, ragged, 1.0)[:, None]
        vertices[:, 1] += np.where(outer, 0.12 * (1.0 - ragged), 0.0)
        parts.append((vertices, faces))
    starts = np.cumsum([0] + [len(v) for v, _ in parts[:-1]])
    return (
        np.concatenate([v for v, _ in parts]),
        np.concatenate([f + s for (_, f), s in zip(parts, starts, strict=True)]).astype(np.int32),
    )
