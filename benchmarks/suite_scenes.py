"""Scenes of every kind that both renderers can say: what `suite` compares on.

Those of the first part have one thing each that costs time; `drawn` puts shapes, materials,
textures, lights and cameras together by a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import raywidget as rw
from benchmarks import scenes
from raywidget import transforms as tf

DRAWN = 10  # scenes made by chance


class Entry(NamedTuple):
    """A scene, and how it is rendered here; Mitsuba takes `path` or `volpath` by what is in it."""

    make: Callable[[], rw.Scene]
    integrator: str = "path"
    depth: int = 8


SUITE: dict[str, Entry] = {}

CAMERA = rw.PerspectiveCamera(look_from=(0.5, 2.4, 6.5), look_at=(0, 0.9, 0), vfov=38)
SKY = rw.GradientEnvironment(top=(0.35, 0.5, 0.9), bottom=(0.8, 0.75, 0.7))
GREY = rw.Diffuse(0.6)


def _entry(
    name: str, integrator: str = "path", depth: int = 8
) -> Callable[[Callable[[], rw.Scene]], Callable[[], rw.Scene]]:
    def register(make: Callable[[], rw.Scene]) -> Callable[[], rw.Scene]:
        SUITE[name] = Entry(make, integrator, depth)
        return make

    return register


def _floor(material: rw.Material = GREY) -> rw.Quad:
    return rw.Quad((-7, 0, 7), (14, 0, 0), (0, 0, -14), material=material)


def _lamp(radiance: tuple[float, float, float] = (16, 14, 11)) -> rw.Quad:
    return rw.Quad((-1.2, 4.6, 0.8), (0, 0, -1.6), (2.2, 0, 0), emission=radiance, name="lamp")


def _whole(*shapes: rw.Shape, emitters: tuple[rw.Emitter, ...] = (), **more: object) -> rw.Scene:
    camera = more.pop("camera", CAMERA)
    return rw.Scene(shapes, emitters=emitters, camera=camera, **more)  # type: ignore[arg-type]


def _in_a_row(materials: list[rw.Material]) -> list[rw.Shape]:
    """Balls on the floor, one for each material."""
    count = len(materials)
    radius = min(0.9, 2.4 / count)
    return [
        rw.Sphere((2.2 * radius * (k - (count - 1) / 2), radius, 0), radius, material=material)
        for k, material in enumerate(materials)
    ]


def _picture(seed: int, size: int = 256) -> NDArray[np.uint8]:
    """A picture of waves and grain, as a photograph has both."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size * 2 * np.pi
    waves = [np.sin((k + 2) * x + random.uniform(0, 6)) * np.cos((k + 1) * y) for k in range(3)]
    pixels = 128 + 70 * np.stack(waves, axis=-1) + random.normal(0, 18, (size, size, 3))
    return np.clip(pixels, 5, 250).astype(np.uint8)


def _normals(size: int = 256) -> NDArray[np.uint8]:
    y, x = np.mgrid[:size, :size] / size * 2 * np.pi
    tilt = np.stack([0.3 * np.cos(6 * x), 0.3 * np.sin(5 * y), np.ones_like(x)], axis=-1)
    tilt /= np.linalg.norm(tilt, axis=-1, keepdims=True)
    return np.round(127.5 * (tilt + 1)).astype(np.uint8)


def _ball(segments: int, rings: int, radius: float = 1.0, waves: float = 0.0) -> rw.Mesh:
    """A ball of triangles with texture coordinates and smooth normals, standing on y = 0."""
    theta = np.pi * np.linspace(0, 1, rings + 1)[:, None]
    phi = 2 * np.pi * np.linspace(0, 1, segments + 1)[None, :]
    around = np.stack(
        np.broadcast_arrays(
            np.sin(theta) * np.cos(phi), np.cos(theta), -np.sin(theta) * np.sin(phi)
        ),
        axis=-1,
    )
    points = radius * around * (1 + waves * np.sin(5 * phi) * np.sin(theta) ** 3)[..., None]
    uvs = np.stack(np.broadcast_arrays(phi / np.pi, 1 - theta / np.pi), axis=-1)
    a = np.arange(rings)[:, None] * (segments + 1) + np.arange(segments)
    b, c, d = a + segments + 1, a + segments + 2, a + 1
    upper = np.stack([a, b, d], axis=-1)[1:].reshape(-1, 3)
    lower = np.stack([b, c, d], axis=-1)[:-1].reshape(-1, 3)
    return rw.Mesh(
        np.add(points.reshape(-1, 3), (0, radius, 0)),
        np.concatenate([upper, lower]),
        normals=around.reshape(-1, 3),
        uvs=uvs.reshape(-1, 2),
    )


# --- One thing each -------------------------------------------------------------------------------

_entry("Cornell box")(lambda: scenes.cornell("diffuse"))
_entry("Cornell box, metal and glass")(lambda: scenes.cornell("glossy"))
_entry("mesh of 100,000 in a room")(lambda: scenes.room(scenes.bumpy_sphere(100_000)))
_entry("metal, glass and coats on a board")(scenes.metal_spheres)
_entry("200 small lamps")(scenes.small_lamps)
_entry("Cornell box by bdpt", "bdpt")(lambda: scenes.cornell("diffuse"))


@_entry("smooth coarse mesh")
def _smooth() -> rw.Scene:
    ball = _ball(20, 12, 1.2, waves=0.1).replace(material=rw.Diffuse((0.7, 0.5, 0.3)))
    return _whole(_floor(), ball, _lamp(), emitters=(SKY,))


@_entry("copies, odd transforms")
def _copies() -> rw.Scene:
    random = np.random.default_rng(11)
    mesh = scenes.bumpy_sphere(2_000, 0.3)
    places = [
        tf.translate(*random.uniform((-3, 0.2, -3), (3, 2.2, 1.5)))
        @ tf.rotate_xyz(*random.uniform(-180, 180, 3))
        @ tf.scale(*random.uniform(0.4, 1.4, 3))
        for _ in range(150)
    ]
    return _whole(_floor(), rw.Instances(mesh, places), emitters=(SKY,))


@_entry("textured quads")
def _textured_quads() -> rw.Scene:
    shapes: list[rw.Shape] = [_floor(rw.Diffuse(rw.ImageTexture(_picture(1), scale=(4, 4))))]
    for k in range(5):
        picture = rw.ImageTexture(_picture(k + 2), scale=(1.5, -1.0))
        corner = (1.3 * k - 3.2, 0.1, -0.5 * (k % 3))
        shapes.append(rw.Quad(corner, (1.0, 0, 0.3), (0, 2, 0.2), material=rw.Diffuse(picture)))
    return _whole(*shapes, _lamp(), emitters=(rw.ConstantEnvironment(0.2),))


@_entry("textured mesh, normal map")
def _textured_mesh() -> rw.Scene:
    relief = rw.ImageTexture(_normals(), encoding="linear", scale=(3, 3))
    look = rw.Diffuse(rw.ImageTexture(_picture(4), scale=(2, 2)), normal_map=relief)
    return _whole(_floor(), _ball(80, 50, 1.3).replace(material=look), _lamp(), emitters=(SKY,))


@_entry("coloured mesh")
def _colored_mesh() -> rw.Scene:
    mesh = scenes.bumpy_sphere(30_000, 1.2)
    colors = 0.5 + 0.4 * np.sin(5 * mesh.vertices)
    mesh = rw.Mesh(
        np.add(mesh.vertices, (0, 1.4, 0)),
        mesh.faces,
        colors=colors,
        material=rw.Diffuse(rw.Attribute("color")),
    )
    return _whole(_floor(), mesh, _lamp())


@_entry("conductors, smooth and rough, two lamps")
def _conductors() -> rw.Scene:
    metals = [
        rw.Conductor("gold", roughness=0.0),
        rw.Conductor("copper", roughness=0.3),
        rw.Conductor("silver", roughness=0.15),
        rw.Conductor("aluminium", roughness=0.6),
    ]
    other = rw.Sphere((2.8, 3.0, 2.0), 0.35, emission=(30, 24, 30))
    return _whole(_floor(), *_in_a_row(list(metals)), _lamp(), other)


@_entry("rough metal and glass under a sky")
def _rough() -> rw.Scene:
    looks = [
        rw.Conductor("gold", roughness=0.5),
        rw.Dielectric(1.5, roughness=0.3),
        rw.Conductor("copper", roughness=0.25),
        rw.Dielectric(1.33, roughness=0.6),
    ]
    return _whole(_floor(), *_in_a_row(list(looks)), emitters=(rw.ConstantEnvironment(0.8),))


@_entry("glass balls and their caustics")
def _glass() -> rw.Scene:
    balls = _in_a_row([rw.Dielectric(1.5), rw.Dielectric(1.33, color=(0.8, 0.95, 0.9)), GREY])
    return _whole(_floor(), *balls, _lamp((30, 28, 24)), emitters=(rw.ConstantEnvironment(0.1),))


@_entry("metal by Schlick, lamp and sky")
def _schlick() -> rw.Scene:
    looks = [rw.Metal((0.9, 0.6 + 0.1 * k, 0.4), roughness=0.2 + 0.2 * k) for k in range(4)]
    return _whole(_floor(), *_in_a_row(list(looks)), _lamp(), emitters=(SKY,))


@_entry("coats and mixtures")
def _coats() -> rw.Scene:
    looks = [
        rw.Coated(rw.Diffuse((0.7, 0.1, 0.1))),
        rw.Mix(rw.Diffuse((0.1, 0.3, 0.7)), rw.Conductor("gold", roughness=0.3), 0.4),
        rw.Coated(rw.Diffuse((0.1, 0.5, 0.2)), ior=1.7),
        rw.Mix(rw.Diffuse(0.8), rw.Dielectric(1.5), 0.5),
    ]
    return _whole(_floor(), *_in_a_row(list(looks)), _lamp(), emitters=(SKY,))


@_entry("image environment with a sun")
def _sunny() -> rw.Scene:
    rows, columns = np.mgrid[:64, :128]
    sky = np.stack([0.3 + 0.004 * rows, 0.5 + 0 * rows, 0.9 - 0.006 * rows], axis=-1)
    sky += 0.1 * np.sin(columns / 9.0)[..., None]
    sky[14:16, 40:42] = 900.0
    mesh = scenes.bumpy_sphere(5_000, 1.1)
    mesh = mesh.replace(vertices=np.add(mesh.vertices, (0, 1.2, 0)))
    return _whole(_floor(), mesh, emitters=(rw.ImageEnvironment(sky.astype(np.float32)),))


@_entry("point, spot, sun and a small ball")
def _four_lights() -> rw.Scene:
    lights = (
        rw.PointLight((-2.5, 3.0, 2.0), (12, 11, 10)),
        rw.SpotLight((2.0, 4.0, 2.5), (0.5, 0, 0), (60, 60, 70), cone_angle=25, falloff="linear"),
        rw.DirectionalLight((1, -2, -1), 1.5),
    )
    shining = rw.Sphere((2.4, 1.8, 1.0), 0.12, emission=40)
    return _whole(_floor(), *_in_a_row([GREY, GREY, GREY]), shining, emitters=lights)


@_entry("thin lens")
def _lens() -> rw.Scene:
    camera = CAMERA.replace(aperture_radius=0.15, focus_distance=6.0)
    random = np.random.default_rng(3)
    balls = [
        rw.Sphere(
            (x, 0.4, z), 0.4, material=rw.Diffuse(tuple(random.uniform(0.2, 0.8, 3).tolist()))
        )
        for x in (-2.4, -0.8, 0.8, 2.4)
        for z in (-4.0, -1.5, 1.0, 3.0)
    ]
    return _whole(_floor(), *balls, emitters=(rw.ConstantEnvironment(0.9),), camera=camera)


@_entry("boxes, orthographic")
def _boxes() -> rw.Scene:
    random = np.random.default_rng(8)
    boxes = [
        rw.Box(
            (x, 0.6, z),
            (0.6, 0.8, 0.6),
            rotation=(0, float(random.uniform(0, 90)), 0),
            material=rw.Diffuse(tuple(random.uniform(0.2, 0.8, 3).tolist())),
        )
        for x in np.linspace(-2.6, 2.6, 5)
        for z in np.linspace(-2.6, 2.0, 4)
    ]
    camera = rw.OrthographicCamera(look_from=(5, 6, 8), look_at=(0, 0.4, 0), height=5.5)
    return _whole(_floor(), *boxes, _lamp(), emitters=(SKY,), camera=camera)


@_entry("cylinders, cones and disks")
def _round() -> rw.Scene:
    shapes: list[rw.Shape] = []
    for k, x in enumerate(np.linspace(-2.6, 2.6, 6).tolist()):
        look = rw.Diffuse((0.3 + 0.1 * k, 0.5, 0.8 - 0.1 * k))
        shapes.append(rw.Cylinder((x, 0.01, 0), (x + 0.2, 1.6, -0.3), 0.25, material=look))
        shapes.append(rw.Disk((x, 2.3, -1), (0.2 * k - 0.5, 0.3, 1), 0.35, material=look))
        shapes.append(rw.Cylinder((x, 0.2, 1.4), (x + 0.5, 0.9, 1.9), 0.12, material=GREY))
    return _whole(_floor(), *shapes, _lamp(), emitters=(SKY,))


@_entry("cloud of 400 spheres")
def _cloud() -> rw.Scene:
    random = np.random.default_rng(5)
    centers = random.uniform((-2, 0.2, -2), (2, 2.4, 1.5), (400, 3))
    balls = rw.Spheres(centers, random.uniform(0.05, 0.16, 400), material=rw.Diffuse(0.7))
    return _whole(_floor(), balls, _lamp(), emitters=(SKY,))


@_entry("masks of opacity", "path")
def _masks() -> rw.Scene:
    holes = rw.Checkerboard((1, 1, 1), (0, 0, 0), scale=(8, 8))
    leaf = rw.Diffuse((0.3, 0.6, 0.2), opacity=holes)
    veils = [
        rw.Quad((-2.5 + 0.5 * k, 0.1, 1.0 - 0.6 * k), (2, 0, 0.4), (0, 2, 0.2), material=leaf)
        for k in range(5)
    ]
    return _whole(_floor(), *veils, _lamp(), emitters=(SKY,))


@_entry("smoke everywhere", "volpath", 16)
def _smoke() -> rw.Scene:
    air = rw.HomogeneousMedium(0.01, 0.08, anisotropy=0.6)
    return _whole(_floor(), *_in_a_row([GREY, GREY, GREY]), _lamp((40, 36, 30)), medium=air)


@_entry("milk and tea in glass", "volpath", 16)
def _milk() -> rw.Scene:
    milk = rw.HomogeneousMedium(0.01, (3.0, 3.2, 3.6), anisotropy=0.7)
    tea = rw.HomogeneousMedium((0.1, 0.5, 1.5), 0.2)
    looks = [rw.Dielectric(1.33, interior=milk), GREY, rw.Dielectric(1.33, interior=tea)]
    return _whole(_floor(), *_in_a_row(list(looks)), _lamp(), emitters=(SKY,))


@_entry("cloud on a grid", "volpath", 32)
def _grid() -> rw.Scene:
    z, y, x = np.mgrid[:48, :48, :48] / 47.0 * 2 - 1
    radius = np.sqrt(x**2 + y**2 + z**2) + 0.15 * np.sin(7 * x) * np.sin(6 * y) * np.sin(5 * z)
    density = np.clip(1.0 - radius, 0, 1).astype(np.float32)
    look = rw.TransferFunction((0.9, 0.9, 0.9), limits=(0.0, 1.0), density=8.0)
    volume = rw.Volume(density, spacing=2.4 / 48, origin=(-1.2, 0.1, -1.2), transfer=look)
    return _whole(_floor(), volume, _lamp(), emitters=(SKY,))


# --- By chance ------------------------------------------------------------------------------------


def drawn(seed: int) -> rw.Scene:
    """Six things on a floor and one to four lights, by chance."""
    random = np.random.default_rng([seed, 2026])

    def color(low: float = 0.15, high: float = 0.85) -> tuple[float, float, float]:
        r, g, b = random.uniform(low, high, 3).tolist()
        return r, g, b

    def material() -> rw.Material:
        kind = random.integers(9)
        rough = float(random.uniform(0.1, 0.8))
        if kind < 2:
            return rw.Diffuse(color())
        if kind < 4:
            scale = (float(random.uniform(1, 5)), float(random.uniform(1, 5)))
            return rw.Diffuse(rw.ImageTexture(_picture(int(random.integers(99)), 64), scale=scale))
        if kind == 4:
            return rw.Conductor(str(random.choice(["gold", "copper", "silver"])), roughness=rough)
        if kind == 5:
            return rw.Dielectric(1.5, roughness=float(random.choice([0.0, rough])))
        if kind == 6:
            return rw.Coated(rw.Diffuse(color()))
        if kind == 7:
            return rw.Metal(color(0.4, 0.95), roughness=rough)
        return rw.Mix(rw.Diffuse(color()), rw.Conductor("gold", roughness=rough), 0.5)

    def plain() -> rw.Material:  # what is round at its ends lies otherwise in Mitsuba
        return (
            rw.Conductor("copper", roughness=0.3) if random.random() < 0.3 else rw.Diffuse(color())
        )

    def shape(x: float, z: float) -> rw.Shape:
        kind, size = random.integers(7), float(random.uniform(0.35, 0.7))
        turn = random.uniform(-180, 180, 3)
        if kind == 0:
            return rw.Sphere((x, size, z), size, material=material())
        if kind == 1:
            spin = (0.0, float(turn[1]), 0.0)
            return rw.Box((x, size + 0.01, z), (2 * size,) * 3, rotation=spin, material=material())
        if kind == 2:
            mesh = _ball(24, 16, size)
            return mesh.replace(vertices=np.add(mesh.vertices, (x, 0.02, z)), material=material())
        if kind == 3:
            mesh = scenes.bumpy_sphere(20_000, size)
            return mesh.replace(
                vertices=np.add(mesh.vertices, (x, size + 0.1, z)),
                material=rw.Diffuse(color()),
                name=None,
            )
        if kind == 4:
            return rw.Cylinder((x, 0.01, z), (x, 2 * size, z), size / 2, material=plain())
        if kind == 5:
            tilt = tf.translate(x, size + 0.4, z) @ tf.rotate_xyz(*turn)
            corner, u, v = tf.apply(tilt, [(-size, -size, 0), (size, -size, 0), (-size, size, 0)])
            return rw.Quad(corner, u - corner, v - corner, material=material())
        mesh = _ball(16, 10, 0.18).replace(material=material())
        near = [
            tf.translate(*np.add(random.uniform(-size, size, 3), (x, size + 0.2, z)))
            @ tf.scale(*random.uniform(0.5, 1.2, 3))
            for _ in range(12)
        ]
        return rw.Instances(mesh, near)

    places = [(x, z) for z in (-1.6, 0.6) for x in (-2.0, 0.0, 2.0)]
    shapes: list[rw.Shape] = [_floor(rw.Diffuse(color(0.3, 0.8)))]
    shapes += [shape(x + float(random.uniform(-0.3, 0.3)), z) for x, z in places]
    emitters: list[rw.Emitter] = []
    under_a_sky = False
    for _ in range(int(random.integers(1, 5))):
        kind = random.integers(7)
        x, y, z = random.uniform((-3, 3, -1), (3, 4.5, 3)).tolist()
        if kind == 0:
            emitters.append(rw.PointLight((x, y, z), color(8, 20)))
        elif kind == 1:
            look = {"cone_angle": 35, "falloff": "linear"}
            emitters.append(rw.SpotLight((x, y, z), (0, 0, 0), color(40, 80), **look))
        elif kind == 2:
            emitters.append(rw.DirectionalLight((x, -y, -z), color(0.5, 2)))
        elif kind == 3:
            shapes.append(rw.Sphere((x, y, z), 0.2, emission=color(20, 40)))
        elif not under_a_sky:
            under_a_sky = True
            sky = random.uniform(0.1, 0.6, (16, 32, 3)).astype(np.float32)
            sky[2, int(random.integers(32))] = 60.0
            kinds = (rw.ConstantEnvironment(color(0.2, 0.6)), SKY, rw.ImageEnvironment(sky))
            emitters.append(kinds[int(random.integers(3))])
    if not emitters and len(shapes) == 7:
        shapes.append(_lamp())
    camera = CAMERA
    if random.random() < 0.3:
        camera = CAMERA.replace(aperture_radius=0.08, focus_distance=6.4)
    return rw.Scene(shapes, emitters=emitters, camera=camera, name=f"drawn {seed}")


for _seed in range(DRAWN):
    _entry(f"drawn {_seed}")(lambda seed=_seed: drawn(seed))  # type: ignore[misc]


def drawn_by(name: str) -> int | None:
    """The seed of "drawn N", of those that nobody has looked at, too."""
    kind, _, seed = name.partition(" ")
    return int(seed) if kind == "drawn" and seed.isdecimal() else None
