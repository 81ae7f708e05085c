"""How much a smooth boundary reflects."""

from __future__ import annotations

import math

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.vec3 import Vec3, load_vec3, sqrt_each, vec3
from raywidget.kernels.layout import MATERIAL_K, MATERIAL_N
from raywidget.kernels.surfaces.lobes import Bsdf


@device
def fresnel(cos_i: float, eta: float) -> float:
    """Unpolarised reflectance of a dielectric; `cos_i` >= 0, `eta` inside by outside."""
    sin2_t = (1.0 - cos_i * cos_i) / (eta * eta)
    if sin2_t >= 1.0:
        return 1.0  # total reflection
    cos_t = math.sqrt(1.0 - sin2_t)
    # Both amplitudes over one denominator, since a division takes as long as ten products.
    sum_p = eta * cos_i + cos_t
    sum_s = cos_i + eta * cos_t
    parallel = (eta * cos_i - cos_t) * sum_s
    perpendicular = (cos_i - eta * cos_t) * sum_p
    both = sum_p * sum_s
    return 0.5 * (parallel * parallel + perpendicular * perpendicular) / (both * both)


@device
def fresnel_pane(cos_i: float, eta: float) -> float:
    """Reflectance of a thin pane, with all reflections between its faces: R + T^2 R / (1 - R^2)."""
    reflected = fresnel(cos_i, eta)
    return 2.0 * reflected / (1.0 + reflected)


@device
def drawn_share(reflected: float, below: float) -> float:
    """How often to follow what a smooth coat reflects, of which `reflected` is the share.

    `below` is the albedo of what lies below it. More often than it weighs: where a lamp is
    mirrored, it is by far the brightest that is seen, and nothing else can find it there. Drawn by
    its weight, it comes once in 25 samples. (The root: 0.2 instead of 0.04. Not for glass: what
    gathers light through it would come less often and weigh more, 1.2 times the error of caustics
    that are found by chance.)
    """
    return math.sqrt(reflected / max(reflected + (1.0 - reflected) * below, 1e-12))


@device
def schlick(f0: Vec3, cos_h: float) -> Vec3:
    """Reflectance of a metal from that at normal incidence (Schlick 1994)."""
    m = min(1.0, max(0.0, 1.0 - cos_h))
    m5 = m * m * m * m * m
    return f0 + (vec3(1.0, 1.0, 1.0) - f0) * m5


@on_demand
def fresnel_conductor(bsdf: Bsdf, cos_i: float) -> Vec3:
    """Unpolarised reflectance of a conductor with a complex index of refraction, tinted."""
    n = load_vec3(bsdf.parameters, bsdf.row + MATERIAL_N)
    k = load_vec3(bsdf.parameters, bsdf.row + MATERIAL_K)
    # The three channels in one vector, with real arithmetic only (Born and Wolf 1999, section 14.4;
    # a and b are the real and imaginary part of sqrt((n - ik)^2 - sin^2)).
    cos = min(1.0, max(0.0, cos_i))
    cos2 = cos * cos
    sin2 = 1.0 - cos2
    white = vec3(1.0, 1.0, 1.0)
    n2 = n * n
    k2 = k * k
    real = n2 - k2 - white * sin2
    modulus = sqrt_each(real * real + n2 * k2 * 4.0)  # a^2 + b^2, no less than |real|
    a = sqrt_each((modulus + real) * 0.5)
    sum_s = modulus + white * cos2
    cross_s = a * (2.0 * cos)
    sum_p = modulus * cos2 + white * (sin2 * sin2)
    cross_p = cross_s * sin2
    # s is (sum - cross) / (sum + cross), p is s times the same of the others; of s (1 + p / s) / 2
    # one division is left.
    return bsdf.color * ((sum_s - cross_s) * sum_p / ((sum_s + cross_s) * (sum_p + cross_p)))
