"""What all kinds of lights answer when they are sampled."""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.vec3 import Vec3, vec3


class LightSample(NamedTuple):
    """A direction to a light, as seen from a point."""

    wi: Vec3  # unit
    reach: float  # anything nearer than this is in between
    radiance: Vec3  # that arrives if nothing is; for a delta light, its irradiance across `wi`
    pdf: float  # per solid angle, the choice of the light included; 0: no sample
    delta: bool  # scattering can't find it: `pdf` is the probability of the choice alone
    normal: Vec3  # unit, of the light's surface; 0 where it has none
    light: int  # row of the light tables


@device
def no_sample(light: int) -> LightSample:
    """The light is not seen from the point."""
    nothing = vec3(0.0, 0.0, 0.0)
    return LightSample(vec3(0.0, 0.0, 1.0), 0.0, nothing, 0.0, False, nothing, light)
