"""Rough surfaces: GGX microfacets with Smith's masking, separable as in Walter et al. 2007.

Directions are above the surface. Density and sampling are those of the normals that `wo` sees.
Single scattering loses the light that leaves one facet for another; where a material asks for it,
a broad lobe gives that back (Kulla and Conty 2017, "Revisiting physically based shading at
Imageworks"), with tables that `compiler/surfaces/energy` makes.
"""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, cos_sin_turn, sample_cosine_hemisphere
from raywidget.kernels.language.scalars import index_below, single
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, normalize, vec3
from raywidget.kernels.surfaces.fresnel import fresnel_conductor, schlick
from raywidget.kernels.surfaces.lobes import Bsdf, BsdfValue

_LAST_ROW = float(layout.ENERGY_ROWS - 1)
_LAST_COLUMN = float(layout.ENERGY_COLUMNS - 1)


@device
def ggx_reflected(h: Vec3, cos: float, alpha2: float) -> float:
    """D G1 / (4 cos): the density of directions to which those microfacets reflect that are seen
    from one with `cos` (Heitz 2018, eq. 17).

    D is the distribution of normals (Walter et al. 2007, eq. 33), of G1 (eq. 34) the cosine
    cancels: one division is left of three.
    """
    # sin^2 + alpha^2 cos^2; 1 - cos^2 would keep no digit of it on a nearly smooth metal
    q = h.x * h.x + h.y * h.y + alpha2 * h.z * h.z
    seen = cos + math.sqrt(alpha2 + (1.0 - alpha2) * cos * cos)
    return alpha2 * (0.5 * INV_PI) / (q * q * seen)


@device
def smith_g1(cos: float, alpha2: float) -> float:
    """Share of microfacets that is seen from one direction (Walter et al. 2007, eq. 34)."""
    return 2.0 * cos / (cos + math.sqrt(alpha2 + (1.0 - alpha2) * cos * cos))


@device
def sample_visible_normal(wo: Vec3, alpha: float, u: float, v: float) -> Vec3:
    """A microfacet normal that `wo` sees (Dupuy and Benyoub 2023, "Sampling visible GGX normals
    with spherical caps").
    """
    stretched = normalize(vec3(alpha * wo.x, alpha * wo.y, wo.z))
    z = (1.0 - v) * (1.0 + stretched.z) - stretched.z
    r = math.sqrt(max(0.0, 1.0 - z * z))
    cos, sin = cos_sin_turn(u)
    n = vec3(r * cos, r * sin, z) + stretched
    return normalize(vec3(alpha * n.x, alpha * n.y, n.z))


# --- Metals --------------------------------------------------------------------------------------


@device
def reflectance(bsdf: Bsdf, cos_h: float) -> Vec3:
    """The Fresnel term of a metal or a conductor."""
    if bsdf.kind == layout.CONDUCTOR or bsdf.kind == layout.COATED_CONDUCTOR:
        return fresnel_conductor(bsdf, cos_h)
    return schlick(bsdf.color, cos_h)


@device
def eval_metal(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """A metal that is not a mirror."""
    return _eval_at(bsdf, wo, wi, normalize(wo + wi))


@device
def _eval_at(bsdf: Bsdf, wo: Vec3, wi: Vec3, h: Vec3) -> BsdfValue:
    """The same, by the normal of the facets that reflect the one to the other."""
    alpha2 = bsdf.alpha * bsdf.alpha
    pdf = ggx_reflected(h, wo.z, alpha2)
    f_cos = reflectance(bsdf, dot(wo, h)) * (pdf * smith_g1(wi.z, alpha2))
    if bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY] > 0.0:
        return _add_multiple(bsdf, wo, wi, f_cos, pdf)
    return BsdfValue(f_cos, pdf)


@device
def sample_metal(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> tuple[Vec3, BsdfValue]:
    """A direction, maybe below the surface, and what `eval_metal` says of it if it is above."""
    if bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY] > 0.0 and lobe < _lost(bsdf, wo):
        wi = sample_cosine_hemisphere(u, v)
        h = normalize(wo + wi)
    else:
        h = sample_visible_normal(wo, bsdf.alpha, u, v)
        wi = h * (2.0 * dot(wo, h)) - wo
    return wi, _eval_at(bsdf, wo, wi, h)


# --- Light that is scattered more than once ------------------------------------------------------


@on_demand
def look_up_energy(bsdf: Bsdf, table: int, alpha: float, cos: float) -> float:
    """A value of a table of `energy`; `cos` < 0 asks for the average."""
    row = math.sqrt(min(1.0, alpha)) * _LAST_ROW
    lower = index_below(row, layout.ENERGY_ROWS - 1)
    at = table + lower * layout.ENERGY_ROW
    offset = layout.ENERGY_COLUMNS
    right = 0.0
    step = 0
    if cos >= 0.0:
        column = math.sqrt(min(1.0, cos)) * _LAST_COLUMN
        offset = index_below(column, layout.ENERGY_COLUMNS - 1)
        right = column - single(offset)
        step = 1
    at += offset
    below = bsdf.energy[at] * (1.0 - right) + bsdf.energy[at + step] * right
    at += layout.ENERGY_ROW
    above = bsdf.energy[at] * (1.0 - right) + bsdf.energy[at + step] * right
    up = row - single(lower)
    return below * (1.0 - up) + above * up


@device
def _lost(bsdf: Bsdf, w: Vec3) -> float:
    """What single scattering loses of light from `w` on a white metal."""
    table = int(bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY])
    return look_up_energy(bsdf, table, bsdf.alpha, w.z)


@on_demand
def _add_multiple(bsdf: Bsdf, wo: Vec3, wi: Vec3, f_cos: Vec3, pdf: float) -> BsdfValue:
    """Add to a metal's single scattering what is scattered more than once.

    (1 - E(wo)) (1 - E(wi)) / (pi (1 - E_avg)) times F_avg^2 E_avg / (1 - F_avg (1 - E_avg)): the
    sum of all orders (Kulla and Conty 2017; Hill 2018, "A multi-faceted exploration", part 3).
    """
    table = int(bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY])
    lost_o = _lost(bsdf, wo)
    lost = look_up_energy(bsdf, table, bsdf.alpha, -1.0)
    lobe = _lost(bsdf, wi) * wi.z * INV_PI / max(lost, 1e-7)
    color = (bsdf.color * 20.0 + vec3(1.0, 1.0, 1.0)) * (1.0 / 21.0)  # Schlick's term, averaged
    if bsdf.kind == layout.CONDUCTOR or bsdf.kind == layout.COATED_CONDUCTOR:
        color = bsdf.color * load_vec3(bsdf.parameters, bsdf.row + layout.MATERIAL_AVERAGE)
    color = color * color * (1.0 - lost) / (vec3(1.0, 1.0, 1.0) - color * lost)
    # Directions are drawn by the cosine with probability `lost_o`.
    return BsdfValue(f_cos + color * (lost_o * lobe), pdf * (1.0 - lost_o) + lost_o * wi.z * INV_PI)
