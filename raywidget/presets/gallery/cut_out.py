"""Laid over a picture: balls on a shore that is a picture behind them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene import (
    Backdrop,
    Coated,
    Dielectric,
    Diffuse,
    DirectionalLight,
    Disk,
    GradientEnvironment,
    Metal,
    PerspectiveCamera,
    Scene,
    ShadowCatcher,
    Sphere,
)
from raywidget.scene.values.signatures import checked_call

_WET_SAND = (0.33, 0.25, 0.18)
_ZENITH, _HAZE = (0.1, 0.21, 0.42), (0.85, 0.62, 0.48)


def _shore(height: int = 450, width: int = 800) -> NDArray[np.float32]:
    """A sky, the sea under it, and wet sand: what a photograph might show, (height, width, 3)."""
    rng = np.random.default_rng(7)
    y = (np.arange(height) + 0.5)[:, None, None] / height
    horizon, waterline = 0.36, 0.44
    up = np.clip(1.0 - y / horizon, 0.0, 1.0)
    sky = np.array(_HAZE) * (1.0 - up) ** 1.5 + np.array(_ZENITH) * (1.0 - (1.0 - up) ** 1.5)
    # Waves, and ripples in the sand, are noise that is stretched by how near it is.
    near = np.clip((y[:, 0, 0] - horizon) / (1.0 - horizon), 1e-3, 1.0)
    rows = np.arange(height)[:, None]
    across = (np.arange(width) - 0.5 * width)[None, :] / (6.0 + 160.0 * near[:, None])
    depth = 9.0 / near[:, None]
    waves = sum(
        np.sin(across * f * c + depth * f * s + p)
        for f, c, s, p in zip(
            rng.uniform(0.5, 4.0, 24),
            rng.uniform(-0.4, 0.4, 24),
            rng.uniform(0.6, 1.4, 24),
            rng.uniform(0.0, 6.28, 24),
            strict=True,
        )
    )
    waves = waves[:, :, None] / 24.0
    sea = 0.55 * sky[int(horizon * height) - 1] * (1.0 + 0.5 * waves)
    grain = rng.normal(1.0, 0.05, (height, width, 1)) + 0.1 * waves
    sand = np.array(_WET_SAND) * (0.8 + 0.5 * near[:, None, None]) * grain
    picture = np.where(y < horizon, np.broadcast_to(sky, (height, width, 3)), sea)
    shore = waterline + 0.01 * np.sin(np.arange(width) / 60.0)[None, :, None]
    blend = np.clip((rows[:, :, None] / height - shore) / 0.02, 0.0, 1.0)
    picture = picture * (1.0 - blend) + sand * blend
    result: NDArray[np.float32] = np.clip(picture, 0.0, None).astype(np.float32)
    return result


@checked_call(SceneError)
def shore() -> Scene:
    """Balls on a shore that is a picture: a catcher has their shadows, and mirrors them.

    Examples
    --------
    >>> import raywidget as rw
    >>> scene = rw.presets.shore()
    >>> scene.background.fit, scene.shapes[0].material.reflection
    ('cover', 0.03)
    """
    sand = ShadowCatcher(_WET_SAND, reflection=0.03, roughness=0.15)
    return Scene(
        [
            Disk((0, 0, 0), (0, 1, 0), 60, material=sand, name="sand"),
            Sphere((-1.55, 0.7, 0.3), 0.7, material=Coated(Diffuse((0.7, 0.06, 0.04))), name="red"),
            Sphere((0.05, 1, -0.4), 1, material=Metal((0.95, 0.75, 0.45), 0.05), name="brass"),
            Sphere((1.5, 0.55, 0.7), 0.55, material=Dielectric(1.5), name="glass"),
        ],
        emitters=[
            DirectionalLight((-1.2, -1.0, -0.55), (2.6, 2.1, 1.6), name="sun"),
            GradientEnvironment(top=(0.2, 0.35, 0.6), bottom=(0.5, 0.4, 0.3), name="sky"),
        ],
        camera=PerspectiveCamera(look_from=(0, 1.7, 8), look_at=(0, 0.75, 0), vfov=26),
        background=Backdrop(_shore(), name="picture"),
        defaults={"width": 800, "height": 450, "spp": 256, "max_depth": 12},
        name="shore",
    )
