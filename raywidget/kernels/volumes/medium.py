"""Media: what is left of light on its way through them, and where it is scattered to.

A path knows the closed shapes that it is in as a stack of rows of `media`, packed into an integer,
8 bits each, the one entered last lowest. So the medium that light goes through is that of the
innermost shape, whatever the order in which nested shapes begin and end. An empty stack is 0, and
row 0 is the world.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.exponential import exp_of
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import look_up_four
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import PI, cos_sin_turn
from raywidget.kernels.language.simd import (
    Real,
    choose,
    lanes_abs,
    lanes_max,
    lanes_min,
    lanes_sqrt,
)
from raywidget.kernels.language.vec3 import Vec3, dot, vec3
from raywidget.kernels.layout import SceneView

_FAR = 1e30  # instead of infinity, which times 0 is not a number
STACK_BITS = 8
_MASK = 255
STACK_LEVELS = 7  # the sign bit stays free; who is in more shapes than this forgets the outermost


class Medium(NamedTuple):
    """Coefficients per scene unit; of lanes, lanes."""

    absorption: Vec3
    scattering: Vec3
    anisotropy: Real


@device
def innermost(inside: int) -> int:
    """The row of `media` of the innermost shape of a stack."""
    return inside & _MASK


@device
def load_medium(scene: SceneView, row: Any) -> Medium:
    """A row of `media`, or one for each lane."""
    a, b, c, d = look_up_four(scene.media, row * 2)
    e, f, g, _ = look_up_four(scene.media, row * 2 + 1)
    return Medium(vec3(a, b, c), vec3(d, e, f), g)


@device
def decay(extinction: Vec3, distance: Real) -> Vec3:
    """Share of light that is left after a distance (Beer-Lambert); of lanes, lanes."""
    away = 0.0 - lanes_min(distance, _FAR)
    return vec3(
        exp_of(extinction.x * away), exp_of(extinction.y * away), exp_of(extinction.z * away)
    )


@on_demand
def transmittance(scene: SceneView, inside: int, distance: float) -> Vec3:
    """Share of light that gets through so much of the innermost medium."""
    medium = load_medium(scene, innermost(inside))
    return decay(medium.absorption + medium.scattering, distance)


# --- The stack of shapes that a path is in -------------------------------------------------------


@on_demand
def in_sight(scene: SceneView, inside: int) -> int:
    """A stack without the shapes that the camera does not see."""
    seen = 0
    level = 0
    for place in range(STACK_LEVELS):
        medium = (inside >> (STACK_BITS * place)) & _MASK
        if scene.media[medium * layout.MEDIUM_SIZE + layout.MEDIUM_UNSEEN] == 0.0:
            seen |= medium << (STACK_BITS * level)
            level += 1
    return seen


@device
def cross_surface(scene: SceneView, inside: int, material: int, enters: bool) -> int:
    """The stack behind a surface that is entered from outside, or left."""
    medium = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_INTERIOR]
    if medium < 0:
        return inside
    if enters:
        return push(inside, medium)
    return remove(inside, medium)


@on_demand
def inside_towards(
    scene: SceneView, inside: int, ng: Vec3, material: int, wo: Vec3, wi: Vec3
) -> int:
    """The stack in direction `wi` from a surface that was reached from `wo` with a given stack.

    `ng` is its geometric normal, `material` a row of the material tables.
    """
    if dot(wo, ng) * dot(wi, ng) > 0.0:
        return inside
    return cross_surface(scene, inside, material, dot(wi, ng) < 0.0)


@device
def push(inside: int, medium: int) -> int:
    """The stack within one more shape."""
    below = inside & ((1 << (STACK_BITS * (STACK_LEVELS - 1))) - 1)
    return (below << STACK_BITS) | medium


@device
def remove(inside: int, medium: int) -> int:
    """Take away the innermost entry of a medium, if there is one."""
    for level in range(STACK_LEVELS):
        shift = STACK_BITS * level
        if (inside >> shift) & _MASK == medium:
            below = inside & ((1 << shift) - 1)
            return ((inside >> (shift + STACK_BITS)) << shift) | below
    return inside


# --- Scattering ----------------------------------------------------------------------------------


@device
def eval_phase(anisotropy: Real, cos: Real) -> Real:
    """Share of scattered light per solid angle, `cos` between its old and its new direction.

    It is also the density of `sample_phase` (Henyey and Greenstein 1941). Of lanes, lanes.
    """
    g = anisotropy
    square = 1.0 + g * g - 2.0 * g * cos
    return (1.0 - g * g) / (4.0 * PI * square * lanes_sqrt(square))


@device
def sample_phase(anisotropy: Real, u: Real, v: Real) -> Vec3:
    """A direction for light, in a frame whose z is the one that it came along; of lanes, lanes."""
    g = anisotropy
    ratio = (1.0 - g * g) / (1.0 + g - 2.0 * g * u)
    uneven = (1.0 + g * g - ratio * ratio) / (2.0 * g)
    cos = choose(lanes_abs(g) > 1e-3, uneven, 1.0 - 2.0 * u)
    cos = lanes_min(1.0, lanes_max(cos, -1.0))
    sin = lanes_sqrt(lanes_max(1.0 - cos * cos, 0.0))
    x, y = cos_sin_turn(v)
    return vec3(sin * x, sin * y, cos)
