"""What many scenes stand on and are lit by, and how options are checked."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable

from raywidget.errors import SceneError
from raywidget.scene import Emissive, GradientEnvironment, Material, Quad, Sphere
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_whole


def sky() -> GradientEnvironment:
    """Make the blue sky of the reference, white at the horizon and below."""
    return GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=(1.0, 1.0, 1.0), name="sky")


def ground(material: Material) -> Quad:
    """Make the plane y = 0, large enough to reach the horizon."""
    s = 10_000.0
    corner, right, back = (-s / 2.0, 0.0, s / 2.0), (s, 0.0, 0.0), (0.0, 0.0, -s)
    return Quad(corner, right, back, material=material, name="ground")


def lamp(
    center: tuple[float, float, float],
    radius: float,
    radiance: tuple[float, float, float],
    name: str,
) -> Sphere:
    """Make a ball that shines."""
    return Sphere(center, radius, material=Emissive(radiance), name=name)


def roughness_from_fuzz(fuzz: float) -> float:
    """Roughness of the GGX metal that blurs about as much as "fuzz" does.

    Fuzz (Shirley, "Ray Tracing in One Weekend") moves the mirrored direction by a random point
    of a ball of radius f: sideways by less than m f in half of all cases, where
    1 - (1 - m^2)^(3/2) = 1/2, so m = 0.608. GGX tilts the normal by less than atan(alpha) in
    half of all cases, and the mirrored direction by twice that: 2 alpha = 0.608 f, and
    alpha = roughness^2.
    """
    return math.sqrt(0.304 * fuzz)


def choice(scene: str, option: str, value: object, known: Iterable[str]) -> str:
    """Check an option that is one of some words."""
    words = tuple(known)
    if isinstance(value, str) and value in words:
        return value
    near = difflib.get_close_matches(value if isinstance(value, str) else "", words, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SceneError(
        f"{scene}(): {option} must be one of {', '.join(words)}, got {show(value)}{hint}"
    )


def whole(scene: str, option: str, value: object, low: int, high: int) -> int:
    """Check an option that is a whole number."""
    number = as_whole(value)
    if number is None:
        raise SceneError(f"{scene}(): {option} must be a whole number, got {show(value)}")
    if not low <= number <= high:
        raise SceneError(f"{scene}(): {option} must be from {low} to {high:,}, got {show(value)}")
    return number
