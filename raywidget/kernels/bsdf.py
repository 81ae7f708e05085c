"""How surfaces scatter light.

Directions are unit vectors in the frame of the shading normal (z up, outside); `wo` leads to the
viewer, `wi` to the light, both away from the surface. `eval_bsdf_cos` and `sample_bsdf` describe
the same function: what one evaluates, the other draws. Perfectly specular parts are drawn only; no
given `wi` meets them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from numba import types

from raywidget.kernels.buffers import make_stack_array
from raywidget.kernels.hit import Hit
from raywidget.kernels.jit import device, rare
from raywidget.kernels.layout import (
    BLACK,
    COATED_DIFFUSE,
    COATED_METAL,
    DIELECTRIC,
    DIFFUSE,
    MATERIAL_ALPHA,
    MATERIAL_COAT_LOSS,
    MATERIAL_CODES_SIZE,
    MATERIAL_COLOR,
    MATERIAL_ETA,
    MATERIAL_FLAGS,
    MATERIAL_KIND,
    MATERIAL_SIZE,
    MATERIAL_TEXTURED,
    MATERIAL_TEXTURES,
    METAL,
    TARGET_COLOR,
    TARGET_SQUARE,
    SceneView,
)
from raywidget.kernels.sampling import INV_PI, PI, sample_cosine_hemisphere
from raywidget.kernels.texture import eval_texture
from raywidget.kernels.vec3 import Vec3, dot, load_vec3, normalize, vec3

# Below this GGX roughness a surface is a mirror: its lobe is narrower than float32 can sample.
MIRROR_ALPHA = 1e-3


class Bsdf(NamedTuple):
    """A material at one point, textures looked up."""

    kind: int  # code of layout
    color: Vec3
    alpha: float
    eta: float
    coat_loss: float


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


# Room for the parameters of one textured material: whoever keeps a `Bsdf` owns one.
make_parameters = make_stack_array(types.float32, MATERIAL_SIZE)


@device
def load_bsdf(scene: SceneView, hit: Hit, material: int, room: Any) -> Bsdf:
    """The material of a row of the tables where a ray has hit.

    `room` is from `make_parameters`: what textures say goes there, and must last as long as the
    result.
    """
    codes = material * MATERIAL_CODES_SIZE
    parameters = scene.materials
    row = material * MATERIAL_SIZE
    if scene.material_codes[codes + MATERIAL_FLAGS] & MATERIAL_TEXTURED:
        _look_up(scene, hit, material, room)
        parameters = room
        row = 0
    return Bsdf(
        scene.material_codes[codes + MATERIAL_KIND],
        load_vec3(parameters, row + MATERIAL_COLOR),
        parameters[row + MATERIAL_ALPHA],
        parameters[row + MATERIAL_ETA],
        parameters[row + MATERIAL_COAT_LOSS],
    )


@rare
@device
def _look_up(scene: SceneView, hit: Hit, material: int, room: Any) -> None:
    """Fill `room` with the parameters of a material, and what its textures say."""
    for column in range(MATERIAL_SIZE):
        room[column] = scene.materials[material * MATERIAL_SIZE + column]
    at = material * MATERIAL_CODES_SIZE + MATERIAL_TEXTURES
    texture = scene.material_codes[at]
    while texture >= 0:
        column = scene.material_codes[at + 1] >> 2
        target = scene.material_codes[at + 1] & 3
        color = eval_texture(scene, texture, hit)
        if target == TARGET_COLOR:
            room[column] = color.x
            room[column + 1] = color.y
            room[column + 2] = color.z
        else:
            mean = (color.x + color.y + color.z) * (1.0 / 3.0)
            room[column] = mean * mean if target == TARGET_SQUARE else mean
        at += 2
        texture = scene.material_codes[at]


@device
def is_specular(bsdf: Bsdf) -> bool:
    """Does the surface scatter into single directions only, so that no light need be sampled?"""
    if bsdf.kind == METAL or bsdf.kind == COATED_METAL:
        return bsdf.alpha < MIRROR_ALPHA
    return bsdf.kind == DIELECTRIC or bsdf.kind == BLACK


@device
def eval_bsdf_cos(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """BSDF times |cos| of `wi`, and the density with which `sample_bsdf` draws it."""
    if wo.z * wi.z <= 0.0 or is_specular(bsdf):
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    # What remains reflects alike on both sides.
    wo = vec3(wo.x, wo.y, abs(wo.z))
    wi = vec3(wi.x, wi.y, abs(wi.z))
    if bsdf.kind == DIFFUSE:
        return BsdfValue(bsdf.color * (wi.z * INV_PI), wi.z * INV_PI)
    if bsdf.kind == METAL:
        return _eval_metal(bsdf, wo, wi)
    passed_o = 1.0 - fresnel(wo.z, bsdf.eta)
    passed_i = 1.0 - fresnel(wi.z, bsdf.eta)
    if bsdf.kind == COATED_DIFFUSE:
        f_cos = _coated_albedo(bsdf) * (passed_o * passed_i * wi.z * INV_PI)
        return BsdfValue(f_cos, passed_o * wi.z * INV_PI)
    base = _eval_metal(bsdf, wo, wi)
    return BsdfValue(base.f_cos * (passed_o * passed_i), base.pdf * passed_o)


@device
def sample_bsdf(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    """Draw a direction; `u`, `v` choose within a lobe, `lobe` between lobes."""
    if bsdf.kind == DIELECTRIC:
        return _sample_dielectric(bsdf, wo, lobe)
    nothing = BsdfSample(wo, vec3(0.0, 0.0, 0.0), 0.0, False, 1.0)
    if bsdf.kind == BLACK or wo.z == 0.0:
        return nothing
    side = 1.0 if wo.z > 0.0 else -1.0
    above = vec3(wo.x, wo.y, abs(wo.z))
    mirrored = vec3(-wo.x, -wo.y, wo.z)

    coat = 1.0  # share that the coat lets through, by the probability of going there
    if bsdf.kind == COATED_DIFFUSE or bsdf.kind == COATED_METAL:
        reflected = fresnel(above.z, bsdf.eta)
        if lobe < reflected:  # drawn with the probability that it is weighted by
            return BsdfSample(mirrored, vec3(1.0, 1.0, 1.0), 0.0, True, 1.0)
        coat = 1.0 - reflected

    if bsdf.kind == DIFFUSE or bsdf.kind == COATED_DIFFUSE:
        wi = sample_cosine_hemisphere(u, v)
        pdf = wi.z * INV_PI
        weight = bsdf.color
        if bsdf.kind == COATED_DIFFUSE:
            weight = _coated_albedo(bsdf) * (1.0 - fresnel(wi.z, bsdf.eta))
        return BsdfSample(vec3(wi.x, wi.y, side * wi.z), weight, pdf * coat, False, 1.0)

    # Metal, bare or under a coat
    if bsdf.alpha < MIRROR_ALPHA:
        weight = schlick(bsdf.color, above.z)
        if bsdf.kind == COATED_METAL:
            weight = weight * coat
        return BsdfSample(mirrored, weight, 0.0, True, 1.0)
    wi = _sample_visible_ggx(above, bsdf.alpha, u, v)
    if wi.z <= 0.0:
        return nothing
    # Density and Fresnel term of a base are the same as without the coat.
    value = _eval_metal(bsdf, above, wi)
    if value.pdf <= 0.0:
        return nothing
    weight = value.f_cos * (1.0 / value.pdf)
    if bsdf.kind == COATED_METAL:
        weight = weight * (1.0 - fresnel(wi.z, bsdf.eta))
    return BsdfSample(vec3(wi.x, wi.y, side * wi.z), weight, value.pdf * coat, False, 1.0)


# --- Fresnel terms -------------------------------------------------------------------------------


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
def schlick(f0: Vec3, cos_h: float) -> Vec3:
    """Reflectance of a metal from that at normal incidence (Schlick 1994)."""
    m = min(1.0, max(0.0, 1.0 - cos_h))
    m5 = m * m * m * m * m
    return f0 + (vec3(1.0, 1.0, 1.0) - f0) * m5


# --- Dielectric ----------------------------------------------------------------------------------


@device
def _sample_dielectric(bsdf: Bsdf, wo: Vec3, lobe: float) -> BsdfSample:
    """Reflect or refract at a smooth boundary, by its reflectance."""
    cos_o = abs(wo.z)
    eta = bsdf.eta if wo.z > 0.0 else 1.0 / bsdf.eta
    reflected = fresnel(cos_o, eta)
    if lobe < reflected:
        mirrored = vec3(-wo.x, -wo.y, wo.z)
        return BsdfSample(mirrored, vec3(1.0, 1.0, 1.0), 0.0, True, 1.0)
    inverse = 1.0 / eta
    cos_t = math.sqrt(max(0.0, 1.0 - (1.0 - cos_o * cos_o) * inverse * inverse))
    wi = vec3(-wo.x * inverse, -wo.y * inverse, -cos_t if wo.z > 0.0 else cos_t)
    # Radiance is squeezed into a smaller or larger cone (Veach 1997, section 5.2).
    return BsdfSample(wi, bsdf.color * (inverse * inverse), 0.0, True, eta)


# --- Metal: GGX with Smith's masking, separable as in Walter et al. 2007 --------------------------


@device
def _ggx_density(h: Vec3, alpha2: float) -> float:
    """Distribution of microfacet normals (Walter et al. 2007, eq. 33)."""
    # sin^2 + alpha^2 cos^2; 1 - cos^2 would keep no digit of it on a nearly smooth metal
    q = h.x * h.x + h.y * h.y + alpha2 * h.z * h.z
    return alpha2 / (PI * q * q)


@device
def _smith_g1(cos: float, alpha2: float) -> float:
    """Share of microfacets that is seen from one direction (Walter et al. 2007, eq. 34)."""
    return 2.0 * cos / (cos + math.sqrt(alpha2 + (1.0 - alpha2) * cos * cos))


@device
def _eval_metal(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """Both directions above the surface."""
    h = normalize(wo + wi)
    alpha2 = bsdf.alpha * bsdf.alpha
    # D G1(wo) / (4 cos wo): the density of visible normals after reflection (Heitz 2018, eq. 17)
    pdf = _ggx_density(h, alpha2) * _smith_g1(wo.z, alpha2) / (4.0 * wo.z)
    return BsdfValue(schlick(bsdf.color, dot(wo, h)) * (pdf * _smith_g1(wi.z, alpha2)), pdf)


@device
def _sample_visible_ggx(wo: Vec3, alpha: float, u: float, v: float) -> Vec3:
    """Reflect `wo` at a visible microfacet normal (Dupuy and Benyoub 2023, "Sampling visible GGX
    normals with spherical caps").
    """
    stretched = normalize(vec3(alpha * wo.x, alpha * wo.y, wo.z))
    phi = 2.0 * PI * u
    z = (1.0 - v) * (1.0 + stretched.z) - stretched.z
    r = math.sqrt(max(0.0, 1.0 - z * z))
    n = vec3(r * math.cos(phi), r * math.sin(phi), z) + stretched
    h = normalize(vec3(alpha * n.x, alpha * n.y, n.z))
    return h * (2.0 * dot(wo, h)) - wo


# --- Coat ----------------------------------------------------------------------------------------


@device
def _coated_albedo(bsdf: Bsdf) -> Vec3:
    """Albedo of a diffuse base under a smooth coat, light that bounces between them included.

    rho / (eta^2 (1 - rho R)), where R is the coat's internal diffuse reflectance: a white base
    under a coat stays white (Ashikhmin and Shirley 2000; Jakob 2010, "plastic").
    """
    rho = bsdf.color
    scale = 1.0 / (bsdf.eta * bsdf.eta)
    loss = bsdf.coat_loss
    return vec3(
        rho.x * scale / (1.0 - rho.x * loss),
        rho.y * scale / (1.0 - rho.y * loss),
        rho.z * scale / (1.0 - rho.z * loss),
    )
