"""How much a smooth boundary reflects."""

from __future__ import annotations

import math

from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import MATERIAL_K, MATERIAL_N
from raywidget.kernels.surfaces.lobes import Bsdf


@device
def fresnel(cos_i: float, eta: float) -> float:
    """Unpolarised reflectance of a dielectric; `cos_i` >= 0, `eta` inside by outside."""
    sin2_t = (1.0 - cos_i * cos_i) / (eta * eta)
    if sin2_t >= 1.0:
        return 1.0  # total reflection
    cos_t = math.sqrt(1.0 - sin2_t)
    parallel = (eta * cos_i - cos_t) / (eta * cos_i + cos_t)
    perpendicular = (cos_i - eta * cos_t) / (cos_i + eta * cos_t)
    return 0.5 * (parallel * parallel + perpendicular * perpendicular)


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
    cos_i = min(1.0, max(0.0, cos_i))
    return bsdf.color * vec3(
        _conductor(cos_i, n.x, k.x), _conductor(cos_i, n.y, k.y), _conductor(cos_i, n.z, k.z)
    )


@device
def _conductor(cos: float, n: float, k: float) -> float:
    """For one channel, with real arithmetic only (Born and Wolf 1999, section 14.4; a and b are the
    real and imaginary part of sqrt((n - ik)^2 - sin^2)).
    """
    cos2 = cos * cos
    sin2 = 1.0 - cos2
    real = n * n - k * k - sin2
    modulus = math.sqrt(real * real + 4.0 * n * n * k * k)  # a^2 + b^2
    a = math.sqrt(max(0.0, 0.5 * (modulus + real)))
    sum_s = modulus + cos2
    cross_s = 2.0 * a * cos
    senkrecht = (sum_s - cross_s) / (sum_s + cross_s)
    sum_p = cos2 * modulus + sin2 * sin2
    cross_p = cross_s * sin2
    parallel = senkrecht * (sum_p - cross_p) / (sum_p + cross_p)
    return 0.5 * (senkrecht + parallel)
