"""The studio's lights, by name. All are made of numbers; nothing is downloaded.

Each is scaled so that a level ground of reflectance 0.8 looks white, radiance 1, where no shadow
falls on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from raywidget.errors import SceneError
from raywidget.scene.emitters.studio_sky import StudioEnvironment
from raywidget.scene.values.checks import show
from raywidget.staging.framing import Axes

GROUND = 0.8  # reflectance of a ground that is to be white
NO_GROUND = 1.2  # where there is none: white things stay apart from a white background

Numbers = dict[str, object]


def _soft(axes: Axes, view: Axes) -> Numbers:
    """A large key light on the left, a fill on the right, a rim behind, in a bright room."""
    return {
        "lamps": [
            (view.place(-0.75, 1.0, 0.6), 17.0, (13.5, 13.1, 12.6)),
            (view.place(1.0, 0.45, 0.5), 26.0, (1.0, 1.03, 1.1)),
            (view.place(0.5, 0.6, -1.0), 12.0, (2.6, 2.7, 2.9)),
        ],
        "top": 0.5,
        "horizon": 0.33,
        "bottom": 0.3,
    }


def _overcast(axes: Axes, view: Axes) -> Numbers:
    """A cloudy sky, three times as bright above as at the horizon (Moon and Spencer 1942)."""
    return {"lamps": [], "top": (1.0, 1.02, 1.06), "horizon": (0.34, 0.35, 0.37), "bottom": 0.25}


def _sun(axes: Axes, view: Axes) -> Numbers:
    """A low sun from the left, and a sky that is a little blue: shadows keep a thing's colours."""
    return {
        "lamps": [
            (view.place(-1.0, 0.55, 0.45), 2.0, (800.0, 730.0, 630.0)),
            (view.place(-1.0, 0.5, 0.5), 40.0, (0.5, 0.45, 0.38)),
        ],
        "top": (0.3, 0.35, 0.44),
        "horizon": (0.32, 0.35, 0.4),
        "bottom": (0.25, 0.24, 0.22),
    }


LIGHTS: dict[str, Callable[[Axes, Axes], Numbers]] = {
    "soft": _soft,
    "overcast": _overcast,
    "sun": _sun,
}


def make_light(
    name: object, axes: Axes, back: np.ndarray, white: float = GROUND
) -> StudioEnvironment:
    """A light by its name, as seen from a camera that stands in the direction `back`.

    A level ground of reflectance `white` is to be as bright as the screen's white.
    """
    if not isinstance(name, str) or name not in LIGHTS:
        known = ", ".join(map(repr, LIGHTS))
        raise SceneError(
            f"light must be one of {known}, an emitter, a list of emitters or None, "
            f"got {show(name)}"
        )
    level = back - (back @ axes.up) * axes.up
    if np.linalg.norm(level) < 1e-6:
        level = axes.front
    front = level / np.linalg.norm(level)
    view = Axes(np.cross(axes.up, front), axes.up, front)
    numbers = LIGHTS[name](axes, view)
    up = tuple(axes.up.tolist())
    plain = StudioEnvironment(**numbers, up=up)  # type: ignore[arg-type]
    r, g, b = plain.irradiance(up)
    scale = math.pi / white / (0.2126 * r + 0.7152 * g + 0.0722 * b)
    return StudioEnvironment(
        top=_scaled(plain.top, scale),
        bottom=_scaled(plain.bottom, scale),
        horizon=_scaled(plain.horizon, scale),
        lamps=[(_short(d), angle, _scaled(light, scale)) for d, angle, light in plain.lamps],
        up=up,
        name=name,
    )


def _scaled(color: object, scale: float) -> tuple[float, ...]:
    return tuple(float(f"{channel * scale:.4g}") for channel in np.array(color))


def _short(direction: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(float(f"{part:.4g}") for part in direction)
