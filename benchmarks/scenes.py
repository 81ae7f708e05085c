"""The scenes that are measured, made by formulas: nothing is downloaded."""

from __future__ import annotations

import numpy as np

import raywidget as rw

GREY = rw.Diffuse((0.7, 0.7, 0.7))
RED, GREEN = rw.Diffuse((0.6, 0.1, 0.1)), rw.Diffuse((0.1, 0.5, 0.1))


def bumpy_sphere(triangles: int, radius: float = 1.0) -> rw.Mesh:
    """A sphere with waves on it, about as many triangles as asked for (2 a cell of a grid)."""
    across = round((triangles / 2) ** 0.5)
    theta = np.linspace(0.0, np.pi, across + 1)[:, None]
    phi = np.linspace(0.0, 2.0 * np.pi, across + 1)[None, :]
    waves = 0.08 * np.sin(9 * phi) * np.sin(7 * theta) + 0.03 * np.sin(31 * phi + 23 * theta)
    r = radius * (1.0 + waves * np.sin(theta) ** 2)
    points = np.stack(
        [
            r * np.sin(theta) * np.cos(phi),
            r * np.cos(theta) + 0 * phi,
            r * np.sin(theta) * np.sin(phi),
        ],
        axis=-1,
    ).reshape(-1, 3)
    row, column = np.mgrid[:across, :across]
    corner = (row * (across + 1) + column).ravel()
    below = corner + across + 1
    faces = np.concatenate(
        [np.stack([corner, corner + 1, below], 1), np.stack([corner + 1, below + 1, below], 1)]
    )
    # The rows at the poles hold triangles without area.
    a, b, c = (points[faces[:, k]] for k in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return rw.Mesh(points.astype(np.float32), faces[area > 1e-12], material=GREY, name="bumpy")


def room(mesh: rw.Mesh) -> rw.Scene:
    """A mesh on the floor of a room with a lamp in its ceiling: 12 triangles' worth of walls."""
    s = 2.0
    walls = [
        rw.Quad((-s, -1.2, s), (2 * s, 0, 0), (0, 0, -2 * s), material=GREY),
        rw.Quad((-s, s, -s), (2 * s, 0, 0), (0, 0, 2 * s), material=GREY),
        rw.Quad((-s, -1.2, -s), (2 * s, 0, 0), (0, s + 1.2, 0), material=GREY),
        rw.Quad((-s, -1.2, s), (0, 0, -2 * s), (0, s + 1.2, 0), material=RED),
        rw.Quad((s, -1.2, -s), (0, 0, 2 * s), (0, s + 1.2, 0), material=GREEN),
        rw.Quad((-0.5, s - 0.01, -0.5), (1, 0, 0), (0, 0, 1), emission=12, name="lamp"),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 0.4, 5.2), look_at=(0, 0.2, 0), vfov=38)
    return rw.Scene([mesh, *walls], camera=camera, name=f"room with {len(mesh.faces)} triangles")


def under_the_sky(mesh: rw.Mesh) -> rw.Scene:
    """A mesh on a ground, lit by the same light from everywhere."""
    ground = rw.Quad((-20, -1.05, 20), (40, 0, 0), (0, 0, -40), material=GREY)
    camera = rw.PerspectiveCamera(look_from=(0, 0.8, 4.0), look_at=(0, 0, 0), vfov=40)
    sky = rw.ConstantEnvironment(1)
    return rw.Scene([mesh, ground], emitters=[sky], camera=camera, name="mesh under a constant sky")


def many_spheres(count: int) -> rw.Scene:
    """Spheres of many sizes scattered in a ball, under a sky."""
    random = np.random.default_rng(1)
    centers = random.normal(size=(count, 3))
    centers *= (random.random((count, 1)) ** (1 / 3)) / np.linalg.norm(centers, axis=1)[:, None]
    radii = random.uniform(0.2, 1.0, count) * 0.55 / count ** (1 / 3)
    camera = rw.PerspectiveCamera(look_from=(0, 0, 3.2), look_at=(0, 0, 0), vfov=40)
    balls = rw.Spheres(centers, radii, material=GREY)
    return rw.Scene([balls], emitters=[rw.ConstantEnvironment(1)], camera=camera, name="spheres")


def cornell(boxes: str = "diffuse") -> rw.Scene:
    """The Cornell box in the proportions of Mitsuba's own, with diffuse boxes or with glossy and
    glass ones.

    The boxes float a thousandth above the floor: where two surfaces lie in one place, which of
    them is seen is anybody's choice, and renderers can't be compared.
    """
    white = rw.Diffuse((0.885809, 0.698859, 0.666422))
    red = rw.Diffuse((0.570068, 0.0430135, 0.0443706))
    green = rw.Diffuse((0.105421, 0.37798, 0.076425))
    small = rw.Dielectric(1.5) if boxes == "glossy" else white
    large = rw.Metal((0.9, 0.85, 0.7), roughness=0.35) if boxes == "glossy" else white
    shapes = [
        rw.Quad((-1, -1, 1), (2, 0, 0), (0, 0, -2), material=white, name="floor"),
        rw.Quad((-1, 1, -1), (2, 0, 0), (0, 0, 2), material=white, name="ceiling"),
        rw.Quad((-1, -1, -1), (2, 0, 0), (0, 2, 0), material=white, name="back"),
        rw.Quad((-1, -1, 1), (0, 0, -2), (0, 2, 0), material=red, name="left"),
        rw.Quad((1, -1, -1), (0, 0, 2), (0, 2, 0), material=green, name="right"),
        rw.Quad(
            (-0.23, 0.99, -0.19),
            (0.46, 0, 0),
            (0, 0, 0.38),
            emission=(18.387, 13.9873, 6.75357),
            material=white,
            name="lamp",
        ),
        rw.Box((0.335, -0.699, 0.38), (0.6, 0.6, 0.6), rotation=(0, -17, 0), material=small),
        rw.Box((-0.33, -0.389, -0.28), (0.6, 1.22, 0.6), rotation=(0, 18.25, 0), material=large),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 0, 3.9), look_at=(0, 0, 0), vfov=39.3077)
    return rw.Scene(shapes, camera=camera, name=f"cornell, {boxes} boxes")


def metal_spheres() -> rw.Scene:
    """Rough and shining metal and glass balls on a board, under a sky and a lamp."""
    board = rw.Checkerboard((0.8, 0.8, 0.8), (0.15, 0.15, 0.2), scale=12)
    floor = rw.Quad((-6, 0, 6), (12, 0, 0), (0, 0, -12), material=rw.Diffuse(board))
    shapes: list[rw.scene.Shape] = [floor]
    for row in range(4):
        for column in range(5):
            center = (1.1 * (column - 2), 0.5, 1.1 * (row - 1.5))
            material = (
                rw.Metal((0.95, 0.8, 0.5), roughness=0.15 * (column + 1)),
                rw.Metal((0.6, 0.7, 0.9), roughness=0.08),
                rw.Dielectric(1.5),
                rw.Coated(rw.Diffuse((0.7, 0.15, 0.1 + 0.15 * column))),
            )[row]
            shapes.append(rw.Sphere(center, 0.5, material=material))
    shapes.append(rw.Sphere((3, 5, 3), 0.7, emission=(30, 28, 24), name="lamp"))
    camera = rw.PerspectiveCamera(look_from=(0, 3.4, 6.5), look_at=(0, 0.3, 0), vfov=38)
    sky = rw.ConstantEnvironment((0.25, 0.3, 0.4))
    return rw.Scene(shapes, emitters=[sky], camera=camera, name="metal spheres")


def small_lamps(count: int = 200) -> rw.Scene:
    """A room with many small lamps of many strengths."""
    random = np.random.default_rng(5)
    whole = room(bumpy_sphere(2_000))
    lamps = []
    for k in range(count):
        x, z = random.uniform(-1.9, 1.9, 2)
        y = random.uniform(-1.1, 1.8)
        power = 4.0 * float(random.exponential())
        color = 0.4 + 0.6 * random.random(3)
        lamps.append(
            rw.Sphere(
                (x, y, z), 0.02, emission=tuple(60 * power * color * 200 / count), name=f"lamp {k}"
            )
        )
    walls = [shape for shape in whole.shapes if shape.name != "lamp"]
    return rw.Scene([*walls, *lamps], camera=whole.camera, name="small lamps")
