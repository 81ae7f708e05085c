"""Glass: a boundary between two clear media, or a thin pane with one on either side.

Radiance is squeezed into a smaller or larger cone where it changes media: by 1 / eta^2 (Veach 1997,
section 5.2), so transmission is reciprocal up to that factor.
"""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, sample_cosine_hemisphere
from raywidget.kernels.language.vec3 import Vec3, dot, normalize, vec3
from raywidget.kernels.surfaces.fresnel import fresnel, fresnel_pane
from raywidget.kernels.surfaces.lobes import MIRROR_ALPHA, Bsdf, BsdfSample, BsdfValue
from raywidget.kernels.surfaces.microfacet import (
    ggx_reflected,
    look_up_energy,
    sample_visible_normal,
    smith_g1,
)


@device
def sample_smooth(bsdf: Bsdf, wo: Vec3, lobe: float) -> BsdfSample:
    """Reflect or refract, by the reflectance; a thin pane lets light straight through."""
    if bsdf.kind == layout.THIN_DIELECTRIC:
        return _sample_pane(bsdf, wo, lobe)
    cos_o = abs(wo.z)
    eta = bsdf.eta if wo.z > 0.0 else 1.0 / bsdf.eta
    reflected = fresnel(cos_o, eta)
    if lobe < reflected:
        mirrored = vec3(-wo.x, -wo.y, wo.z)
        return BsdfSample(mirrored, vec3(1.0, 1.0, 1.0), 0.0, True, 1.0)
    inverse = 1.0 / eta
    cos_t = math.sqrt(max(0.0, 1.0 - (1.0 - cos_o * cos_o) * inverse * inverse))
    wi = vec3(-wo.x * inverse, -wo.y * inverse, -cos_t if wo.z > 0.0 else cos_t)
    return BsdfSample(wi, bsdf.color * (inverse * inverse), 0.0, True, eta)


@on_demand
def _sample_pane(bsdf: Bsdf, wo: Vec3, lobe: float) -> BsdfSample:
    if lobe < fresnel_pane(abs(wo.z), bsdf.eta):
        mirrored = vec3(-wo.x, -wo.y, wo.z)
        return BsdfSample(mirrored, vec3(1.0, 1.0, 1.0), 0.0, True, 1.0)
    return BsdfSample(-wo, bsdf.color, 0.0, True, 1.0)


# --- Rough (Walter et al. 2007, "Microfacet models for refraction through rough surfaces") --------


@on_demand
def eval_rough(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """Rough glass or a rough pane; `wo` and `wi` on any side."""
    nothing = BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    side = 1.0 if wo.z > 0.0 else -1.0
    o = wo * side
    i = wi * side
    if o.z <= 0.0 or i.z == 0.0:
        return nothing
    if bsdf.kind == layout.ROUGH_THIN_DIELECTRIC:
        value = _eval_rough_pane(bsdf, o, i)
        eta = 1.0
    else:
        eta = bsdf.eta if wo.z > 0.0 else 1.0 / bsdf.eta
        value = _eval_facets(bsdf, o, i, eta)
    if bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY] > 0.0:
        return _add_multiple(bsdf, o, i, wo.z > 0.0, eta, value)
    return value


@device
def _eval_facets(bsdf: Bsdf, o: Vec3, i: Vec3, eta: float) -> BsdfValue:
    """Reflection at facets and refraction through them; `o` above, `eta` below by above."""
    h = o + i if i.z > 0.0 else o + i * eta  # eq. 13 and 16
    square = dot(h, h)
    if square < 1e-12:
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    h = h * (1.0 / math.sqrt(square))
    if h.z < 0.0:
        h = -h
    return _at_facets(bsdf, o, i, h, fresnel(min(1.0, abs(dot(o, h))), eta), eta)


@device
def _at_facets(bsdf: Bsdf, o: Vec3, i: Vec3, h: Vec3, reflected: float, eta: float) -> BsdfValue:
    """The same by the normal of the facets, and the share of light that they reflect."""
    alpha = max(bsdf.alpha, MIRROR_ALPHA)
    alpha2 = alpha * alpha
    seen = ggx_reflected(h, o.z, alpha2)
    unmasked = smith_g1(abs(i.z), alpha2)
    if i.z > 0.0:
        pdf = reflected * seen
        f = pdf * unmasked
        return BsdfValue(vec3(f, f, f), pdf)
    cos_o = dot(o, h)
    cos_i = dot(i, h)
    if cos_o <= 0.0 or cos_i >= 0.0:
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    # Visible normals, and how much refraction spreads them (eq. 17); reflection, 4 cos_o
    bent = cos_o + eta * cos_i
    pdf = (1.0 - reflected) * seen * (eta * eta * -4.0 * cos_o * cos_i) / (bent * bent)
    return BsdfValue(bsdf.color * (pdf * unmasked / (eta * eta)), pdf)


@device
def _eval_rough_pane(bsdf: Bsdf, o: Vec3, i: Vec3) -> BsdfValue:
    """What a facet transmits leaves as what it reflects, mirrored by the pane."""
    h = normalize(o + vec3(i.x, i.y, abs(i.z)))
    return _at_pane(bsdf, o, i, h, fresnel_pane(min(1.0, dot(o, h)), bsdf.eta))


@device
def _at_pane(bsdf: Bsdf, o: Vec3, i: Vec3, h: Vec3, reflected: float) -> BsdfValue:
    """The same by the normal of the facets, and the share of light that they reflect."""
    alpha = max(bsdf.alpha, MIRROR_ALPHA)
    alpha2 = alpha * alpha
    pdf = ggx_reflected(h, o.z, alpha2)
    unmasked = smith_g1(abs(i.z), alpha2)
    if i.z > 0.0:
        pdf *= reflected
        f = pdf * unmasked
        return BsdfValue(vec3(f, f, f), pdf)
    pdf *= 1.0 - reflected
    return BsdfValue(bsdf.color * (pdf * unmasked), pdf)


@on_demand
def sample_rough(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    """Draw a visible facet, then reflect or refract by its reflectance."""
    nothing = BsdfSample(wo, vec3(0.0, 0.0, 0.0), 0.0, False, 1.0)
    side = 1.0 if wo.z > 0.0 else -1.0
    o = wo * side
    if o.z <= 0.0:
        return nothing
    is_thin = bsdf.kind == layout.ROUGH_THIN_DIELECTRIC
    eta = 1.0 if is_thin else (bsdf.eta if wo.z > 0.0 else 1.0 / bsdf.eta)

    outside = wo.z > 0.0
    compensates = bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY] > 0.0
    lost = 0.0
    if compensates:
        lost = _lost(bsdf, outside, o.z)
    if lobe < lost:
        wi = sample_cosine_hemisphere(u, v)
        if lobe < lost * _share_transmitted(bsdf, outside):
            wi = vec3(wi.x, wi.y, -wi.z)
        value = _eval_rough_pane(bsdf, o, wi) if is_thin else _eval_facets(bsdf, o, wi, eta)
    else:
        lobe = (lobe - lost) / (1.0 - lost)
        h = sample_visible_normal(o, max(bsdf.alpha, MIRROR_ALPHA), u, v)
        cos_o = min(1.0, dot(o, h))
        if cos_o <= 0.0:
            return nothing
        reflected = fresnel_pane(cos_o, bsdf.eta) if is_thin else fresnel(cos_o, eta)
        wi = h * (2.0 * cos_o) - o
        if lobe < reflected:
            if wi.z <= 0.0:
                return nothing
        elif is_thin:
            if wi.z <= 0.0:
                return nothing
            wi = vec3(wi.x, wi.y, -wi.z)
        else:  # eq. 40
            inverse = 1.0 / eta
            cos_t = math.sqrt(max(0.0, 1.0 - (1.0 - cos_o * cos_o) * (inverse * inverse)))
            wi = normalize(h * (cos_o * inverse - cos_t) - o * inverse)
            if wi.z >= 0.0:
                return nothing
        value = (
            _at_pane(bsdf, o, wi, h, reflected)
            if is_thin
            else _at_facets(bsdf, o, wi, h, reflected, eta)
        )
    if compensates:
        value = _add_multiple(bsdf, o, wi, outside, eta, value)
    if value.pdf <= 0.0:
        return nothing
    crossed = eta if wi.z < 0.0 else 1.0
    return BsdfSample(wi * side, value.f_cos * (1.0 / value.pdf), value.pdf, False, crossed)


# --- Light that is scattered more than once ------------------------------------------------------
# The idea of Kulla and Conty 2017 for two sides. m(w) is what single scattering loses, M twice its
# integral over the cosine; a lobe from side A to side B is t m_A(wo) m_B(wi) / (pi M_B). All is
# given back where the shares t to the two sides add up to 1, and reciprocity asks for
# t_AB M_A / n_B^2 = t_BA M_B / n_A^2 (n: indices of refraction), which leaves one number free: the
# side that loses less transmits as a smooth boundary does in diffuse light.


@device
def _table(bsdf: Bsdf, outside: bool) -> int:
    """A rough pane has one table; glass one for light from outside, one for light from inside."""
    table = int(bsdf.parameters[bsdf.row + layout.MATERIAL_ENERGY])
    if outside or bsdf.kind == layout.ROUGH_THIN_DIELECTRIC:
        return table
    return table + layout.ENERGY_SIZE


@device
def _lost(bsdf: Bsdf, outside: bool, cos: float) -> float:
    """What single scattering loses of light from one side; cos < 0: on average."""
    alpha = max(bsdf.alpha, MIRROR_ALPHA)
    return look_up_energy(bsdf, _table(bsdf, outside), alpha, cos)


@device
def _share_transmitted(bsdf: Bsdf, outside: bool) -> float:
    """Of what comes from one side and is scattered more than once, how much changes sides."""
    from_inside = 1.0 - bsdf.coat_loss  # through a smooth boundary, diffuse light
    from_outside = from_inside * bsdf.eta * bsdf.eta
    if bsdf.kind == layout.ROUGH_THIN_DIELECTRIC:
        return from_outside / (2.0 - from_outside)  # as in `fresnel_pane`
    lost_outside = max(_lost(bsdf, True, -1.0), 1e-7)
    lost_inside = max(_lost(bsdf, False, -1.0), 1e-7)
    largest = max(lost_outside, lost_inside)
    if outside:
        return from_outside * lost_inside / largest
    return from_inside * lost_outside / largest


@on_demand
def _add_multiple(
    bsdf: Bsdf, o: Vec3, i: Vec3, outside: bool, eta: float, value: BsdfValue
) -> BsdfValue:
    lost_o = _lost(bsdf, outside, o.z)
    share = _share_transmitted(bsdf, outside)
    color = vec3(1.0, 1.0, 1.0)
    to_outside = outside
    if i.z < 0.0:
        color = bsdf.color * (1.0 / (eta * eta))
        to_outside = not outside
    else:
        share = 1.0 - share
    cosine = abs(i.z) * INV_PI
    drawn = lost_o * share
    profile = _lost(bsdf, to_outside, abs(i.z)) / max(_lost(bsdf, to_outside, -1.0), 1e-7)
    return BsdfValue(
        value.f_cos + color * (drawn * profile * cosine),
        value.pdf * (1.0 - lost_o) + drawn * cosine,
    )
