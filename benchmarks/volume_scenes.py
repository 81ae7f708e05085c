"""Volumes that are measured, made by formulas and seeds: three kinds, each hard in its own way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

import raywidget as rw
from benchmarks.scenes import bumpy_sphere

SKY = rw.ConstantEnvironment(1.0)


def noise(shape: tuple[int, int, int], power: float, seed: int) -> NDArray[np.float32]:
    """Noise whose amplitude falls with the wave number, of variance 1."""
    random = np.random.default_rng(seed)
    waves = [np.fft.fftfreq(count) for count in shape[:2]] + [np.fft.rfftfreq(shape[2])]
    square = sum(np.square(k) for k in np.meshgrid(*waves, indexing="ij"))
    spectrum = np.fft.rfftn(random.standard_normal(shape, dtype=np.float32))
    result = np.fft.irfftn(spectrum * (square + 1e-4) ** -power, s=shape)
    return np.asarray(result / result.std(), np.float32)


def _places(shape: tuple[int, int, int]) -> list[NDArray[np.float64]]:
    """Coordinates from -1 to 1 along the longest axis."""
    steps = [(np.arange(count) + 0.5 - count / 2) * (2 / max(shape)) for count in shape]
    return np.meshgrid(*steps, indexing="ij", sparse=True)


def _box(values: NDArray[np.generic], **others: object) -> rw.Volume:
    """A volume whose longest edge goes from -1 to 1."""
    spacing = 2.0 / max(values.shape)
    origin = [spacing / 2 - spacing * count / 2 for count in values.shape]
    return rw.Volume(values, spacing=spacing, origin=origin, **others)  # type: ignore[arg-type]


def cloud(size: int = 256) -> rw.Scene:
    """A dense cloud, three quarters of its box empty, that light crosses by many scatterings."""
    x, y, z = _places((size,) * 3)
    lumps = noise((size,) * 3, 1.4, seed=3)
    values = np.clip(0.35 * lumps + 1.1 - 1.6 * np.sqrt(x * x + y * y + z * z), 0.0, 1.0)
    look = rw.TransferFunction((0.97, 0.93, 0.85), density=40.0, limits=(0, 1))
    sun = rw.DirectionalLight((-0.5, -0.8, -0.3), irradiance=3.0)
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=30)
    volume = _box(values.astype(np.float32), transfer=look, name="cloud")
    return rw.Scene([volume], emitters=[SKY, sun], camera=camera, name="cloud")


def smoke() -> rw.Scene:
    """Thin smoke round a mesh under a lamp: surfaces matter as much as what is between them."""
    shape = (128, 160, 128)
    x, y, z = _places(shape)
    swirl = noise(shape, 1.1, seed=5)
    plume = np.exp(-((x - 0.2 * np.sin(3 * y)) ** 2 + z * z) / (0.03 + 0.06 * (y + 1.0)))
    plume = plume * np.minimum(1.0, 4 - 4 * y)  # fades out below the lamp
    values = np.clip(plume * (0.7 + 0.5 * swirl) - 0.08, 0.0, None).astype(np.float32)
    look = rw.TransferFunction(0.85, density=3.0, limits=(0, 1), g=0.5)
    mesh = bumpy_sphere(20_000, 0.42)
    things = [
        _box(values, transfer=look, name="smoke"),
        mesh.replace(vertices=mesh.vertices + np.float32((0.35, -0.55, 0.3))),
        rw.Sphere((-0.55, -0.7, 0.35), 0.3, material=rw.Diffuse((0.2, 0.4, 0.7))),
        # Below the box: where both coincide, Mitsuba does not know which side of the box it is on.
        rw.Quad((-4, -1.02, 4), (8, 0, 0), (0, 0, -8), material=rw.Diffuse((0.6, 0.55, 0.5))),
        rw.Quad((-0.4, 1.6, -0.4), (0.8, 0, 0), (0, 0, 0.8), emission=(14, 12, 10)),
    ]
    camera = rw.PerspectiveCamera(look_from=(1.2, 0.6, 4.2), look_at=(0, -0.05, 0), vfov=36)
    return rw.Scene(things, emitters=[SKY.replace(radiance=0.1)], camera=camera, name="smoke")


def baked(scene: rw.Scene) -> rw.Scene:
    """Its volume as colours and opacities, for a renderer that knows no transfer functions.

    What is between two numbers is then a mixture of what they look like, not the look of their
    mixture: the pictures differ a little.
    """
    volume = scene.shapes[0]
    assert isinstance(volume, rw.Volume)
    look = volume.transfer
    limits = look.limits_for(0.0, 1.0)
    table = look.looks(limits, volume.g)
    rows = (np.asarray(volume.values.array, float) - limits.low) / (limits.high - limits.low)
    at = np.clip(rows, 0.0, 1.0) * (len(table) - 1)
    columns = [np.interp(at, np.arange(len(table)), table[:, k]) for k in (1, 2, 3, 0)]
    colors = np.stack(columns, axis=-1).astype(np.float32)
    plain = rw.TransferFunction(1.0, density=look.density, limits=(0, 1))
    return scene.replace(shapes=[volume.replace(values=colors, transfer=plain)])


def scan(size: int = 160, interpolation: str = "linear") -> rw.Scene:
    """A head as computed tomography has it, seen through a transfer function: mostly air."""
    x, y, z = _places((size,) * 3)

    def ball(cx: float, cy: float, cz: float, rx: float, ry: float, rz: float) -> NDArray[np.bool_]:
        inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 + ((z - cz) / rz) ** 2
        return np.asarray(inside < 1.0)

    values = np.full((size,) * 3, -1000.0)
    values[ball(0, 0, 0, 0.72, 0.88, 0.8)] = 60.0  # skin and muscle
    values[ball(0, 0.05, 0, 0.64, 0.76, 0.72)] = 1100.0  # bone
    values[ball(0, 0.05, 0, 0.57, 0.68, 0.65)] = 35.0  # brain
    for side in (-0.26, 0.26):
        values[ball(side, -0.05, 0.68, 0.16, 0.13, 0.2)] = -20.0  # eyes
    values[ball(0, -0.42, 0.66, 0.1, 0.2, 0.22)] = -1000.0  # nose
    values[ball(0.2, 0.3, 0.1, 0.16, 0.12, 0.14)] = 260.0  # what is looked for
    values[values > -900.0] += 15.0 * noise((size,) * 3, 0.5, seed=9)[values > -900.0]
    look = rw.TransferFunction(
        color=[(-100, (0.85, 0.5, 0.4)), (120, (0.8, 0.35, 0.3)), (260, (0.9, 0.15, 0.1)),
               (700, (0.9, 0.85, 0.75))],
        extinction=[(-300, 0), (-100, 0.02), (120, 0.02), (200, 0.5), (400, 0.5), (700, 1.0)],
        density=40.0,
        limits=(-1000, 1500),
        resolution=1024,
    )  # fmt: skip
    volume = _box(values.astype(np.int16), transfer=look, interpolation=interpolation, name="scan")
    sun = rw.DirectionalLight((-0.4, -0.7, -0.8), irradiance=2.5)
    camera = rw.PerspectiveCamera(look_from=(2.4, 0.9, 4.0), look_at=(0, 0, 0), vfov=28)
    return rw.Scene([volume], emitters=[SKY, sun], camera=camera, name="scan")


def filled(share: float, size: int = 256, *, cut: bool = False) -> rw.Scene:
    """A cube of which a share is filled by one ball of smoke, under a sky; a tight box if `cut`.

    The ball is seen equally large and is equally thick in all of them: what differs is how much
    empty space lies round it.
    """
    radius = 0.5 * min((6.0 * share / np.pi) ** (1 / 3), 2.0)  # of the cube's edge
    whole = share >= 1.0
    count = size if not cut else max(4, int(np.ceil(size * radius)) * 2)
    steps = (np.arange(count) + 0.5 - count / 2) / size
    square = sum(np.square(k) for k in np.meshgrid(steps, steps, steps, indexing="ij"))
    values = np.ones((count,) * 3, np.uint8) if whole else np.uint8(square < radius**2)
    if share <= 0.0:
        values = np.zeros((count,) * 3, np.uint8)
    reach = 0.5 if whole or share <= 0.0 else radius
    spacing = 1.0 / (reach * size)  # the filled part reaches from -1 to 1
    origin = (spacing / 2 - spacing * count / 2,) * 3
    look = rw.TransferFunction(0.9, extinction=[(0, 0), (1, 1)], density=2.0, limits=(0, 1))
    volume = rw.Volume(values, spacing=spacing, origin=origin, transfer=look)
    camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=16)
    return rw.Scene([volume], emitters=[SKY], camera=camera)
