"""What the parts of a BSDF have in common: a material at one point, a value, a sample.

Directions are unit vectors in the frame of the shading normal (z up, outside); `wo` leads to the
viewer, `wi` to the light, both away from the surface.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels.language.vec3 import Vec3

# Below this GGX roughness a surface is a mirror: its lobe is narrower than float32 can sample.
MIRROR_ALPHA = 1e-3


class Bsdf(NamedTuple):
    """A material at one point, textures looked up."""

    kind: int  # code of layout
    color: Vec3
    alpha: float
    eta: float
    coat_loss: float
    parameters: Any  # all columns of `materials`, from element `row` on
    row: int
    energy: Any  # the tables of `layout.ENERGY_*`
    full: Any  # as `SceneTables.full`
    tables: Any  # `materials`, in which the parts of a blend are


class BsdfValue(NamedTuple):
    """The BSDF times the cosine, and the density of drawing `wi`."""

    f_cos: Vec3
    pdf: float  # per solid angle


class BsdfSample(NamedTuple):
    """A direction drawn from the BSDF."""

    wi: Vec3
    weight: Vec3  # BSDF times cosine by density; 0: the path ends here
    pdf: float  # per solid angle; 0 for a specular direction
    is_specular: bool
    eta: float  # index of refraction on the side of `wi` by that on the side of `wo`
