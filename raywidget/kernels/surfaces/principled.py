"""The material of glTF 2.0: metal, paint and glass in one, under a sheen, under a clear coat.

After appendix B of the specification and the extensions KHR_materials_ior, _specular,
_transmission, _sheen and _clearcoat. Where those leave room, what is chosen here is reciprocal and
makes no energy: layers hide what is below them by the albedo of the layer towards both directions,
not by its Fresnel term towards the viewer (Kulla and Conty 2017; the sheen as its extension says).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, PI, sample_cosine_hemisphere
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, normalize, vec3
from raywidget.kernels.surfaces.dielectric import eval_rough, sample_rough
from raywidget.kernels.surfaces.lobes import MIRROR_ALPHA, Bsdf, BsdfSample, BsdfValue
from raywidget.kernels.surfaces.microfacet import (
    ggx_reflected,
    look_up_energy,
    sample_visible_normal,
    smith_g1,
)

_COAT_F0 = 0.04  # KHR_materials_clearcoat: index 1.5
_SMOOTHEST_SHEEN = 0.005  # alpha: the distribution's exponent is 1 / alpha


class _Layers(NamedTuple):
    """The parameters, as the lobes need them."""

    metallic: float  # share of metal
    painted: float  # share of the opaque dielectric
    glass: float  # share of the transparent one
    f0: Vec3  # reflectance of the dielectric at right angles
    f90: float  # and along the surface
    alpha: float
    coat: float
    coat_alpha: float
    sheen: Vec3
    sheen_alpha: float
    coated: bool  # the side of `wo` is that of coat and sheen
    tables: int  # element of `energy`: losses, Schlick's weights, sheen


@device
def _load_layers(bsdf: Bsdf, wo: Vec3) -> _Layers:
    p = bsdf.parameters
    row = bsdf.row
    metallic = p[row + layout.MATERIAL_METALLIC]
    transmission = p[row + layout.MATERIAL_TRANSMISSION]
    specular = p[row + layout.MATERIAL_SPECULAR]
    r = (bsdf.eta - 1.0) / (bsdf.eta + 1.0)
    tint = load_vec3(p, row + layout.MATERIAL_SPECULAR_COLOR) * (r * r)
    f0 = vec3(min(1.0, tint.x), min(1.0, tint.y), min(1.0, tint.z)) * specular
    return _Layers(
        metallic,
        (1.0 - metallic) * (1.0 - transmission),
        (1.0 - metallic) * transmission,
        f0,
        specular,
        max(bsdf.alpha, MIRROR_ALPHA),
        p[row + layout.MATERIAL_COAT],
        max(p[row + layout.MATERIAL_COAT_ALPHA], MIRROR_ALPHA),
        load_vec3(p, row + layout.MATERIAL_SHEEN_COLOR),
        max(p[row + layout.MATERIAL_SHEEN_ALPHA], _SMOOTHEST_SHEEN),
        wo.z > 0.0 or transmission <= 0.0,
        int(p[row + layout.MATERIAL_LAYERS]),
    )


@device
def _largest(color: Vec3) -> float:
    return max(color.x, max(color.y, color.z))


@device
def _albedo(bsdf: Bsdf, layers: _Layers, alpha: float, cos: float, f0: float, f90: float) -> float:
    """Of a GGX lobe with Schlick's term, single scattering only; cos < 0: on average."""
    lost = look_up_energy(bsdf, layers.tables, alpha, cos)
    grazing = look_up_energy(bsdf, layers.tables + layout.ENERGY_SIZE, alpha, cos)
    return f0 * (1.0 - lost - grazing) + f90 * grazing


@device
def _sheen_albedo(bsdf: Bsdf, layers: _Layers, cos: float) -> float:
    return look_up_energy(bsdf, layers.tables + 2 * layout.ENERGY_SIZE, layers.sheen_alpha, cos)


@device
def _glass(bsdf: Bsdf) -> Bsdf:
    """The part that is transparent."""
    is_thin = bsdf.parameters[bsdf.row + layout.MATERIAL_THIN] > 0.0
    return Bsdf(
        layout.ROUGH_THIN_DIELECTRIC if is_thin else layout.ROUGH_DIELECTRIC,
        bsdf.color,
        bsdf.alpha,
        bsdf.eta,
        bsdf.coat_loss,
        bsdf.parameters,
        bsdf.row,
        bsdf.energy,
        bsdf.full,
        bsdf.tables,
    )


# --- Densities -----------------------------------------------------------------------------------


class _Shares(NamedTuple):
    """How often each lobe is drawn; what is left to 1 is the cosine's."""

    coat: float
    specular: float
    glass: float


@device
def _share_lobes(bsdf: Bsdf, layers: _Layers, cos: float) -> _Shares:
    """By what each of them reflects towards the viewer, about."""
    coat = 0.0
    sheen = 0.0
    if layers.coated and layers.coat > 0.0:
        coat = layers.coat * _albedo(bsdf, layers, layers.coat_alpha, cos, _COAT_F0, 1.0)
    if layers.coated and _largest(layers.sheen) > 0.0:
        sheen = _largest(layers.sheen) * _sheen_albedo(bsdf, layers, cos)
    lost = look_up_energy(bsdf, layers.tables, layers.alpha, cos)
    of_paint = _albedo(bsdf, layers, layers.alpha, cos, _largest(layers.f0), layers.f90)
    of_metal = _albedo(bsdf, layers, layers.alpha, cos, _largest(bsdf.color), 1.0)
    specular = layers.metallic * of_metal + layers.painted * of_paint
    diffuse = layers.painted * _largest(bsdf.color) * (1.0 - of_paint)
    diffuse += sheen + layers.metallic * lost
    total = coat + specular + diffuse + layers.glass
    if total <= 0.0:
        return _Shares(0.0, 0.0, 0.0)
    return _Shares(coat / total, specular / total, layers.glass / total)


# --- The lobes -----------------------------------------------------------------------------------


@device
def _schlick_weight(cos_h: float) -> float:
    m = min(1.0, max(0.0, 1.0 - cos_h))
    return m * m * m * m * m


@device
def _sheen_lambda(cos: float, alpha: float) -> float:
    """Smith's function for Charlie, fitted (Estevez and Kulla 2017, "Production friendly microfacet
    sheen BRDF", table 1).
    """
    if cos < 0.5:
        return math.exp(_sheen_fit(cos, alpha))
    return math.exp(2.0 * _sheen_fit(0.5, alpha) - _sheen_fit(1.0 - cos, alpha))


@device
def _sheen_fit(x: float, alpha: float) -> float:
    t = (1.0 - alpha) * (1.0 - alpha)
    a = 21.5473 + (25.3245 - 21.5473) * t
    b = 3.82987 + (3.32435 - 3.82987) * t
    c = 0.19823 + (0.16801 - 0.19823) * t
    d = -1.97760 + (-1.27393 + 1.97760) * t
    e = -4.32054 + (-4.85967 + 4.32054) * t
    return a / (1.0 + b * math.exp(c * math.log(max(x, 1e-6)))) + d * x + e


@device
def _eval_sheen(layers: _Layers, o: Vec3, i: Vec3, h: Vec3) -> float:
    """Charlie's distribution and its visibility (KHR_materials_sheen), times the cosine."""
    inverse = 1.0 / layers.sheen_alpha
    sin2 = max(1e-7, h.x * h.x + h.y * h.y)
    density = (2.0 + inverse) * math.exp(0.5 * inverse * math.log(sin2)) / (2.0 * PI)
    hidden = _sheen_lambda(o.z, layers.sheen_alpha) + _sheen_lambda(i.z, layers.sheen_alpha)
    visible = min(1.0, 1.0 / ((1.0 + hidden) * 4.0 * o.z * i.z))
    return density * visible * i.z


@device
def _eval_base(bsdf: Bsdf, layers: _Layers, o: Vec3, i: Vec3, h: Vec3, drawn: float) -> Vec3:
    """Metal and paint; `drawn` is the density of visible normals after reflection."""
    white = vec3(1.0, 1.0, 1.0)
    weight = _schlick_weight(dot(o, h))
    of_metal = bsdf.color + (white - bsdf.color) * weight
    of_paint = layers.f0 * (1.0 - weight) + white * (layers.f90 * weight)
    f = of_metal * layers.metallic + of_paint * layers.painted
    f = f * (drawn * smith_g1(i.z, layers.alpha * layers.alpha))

    if layers.painted > 0.0:  # what the surface does not reflect comes back from below
        f0 = _largest(layers.f0)
        passed_o = 1.0 - _albedo(bsdf, layers, layers.alpha, o.z, f0, layers.f90)
        passed_i = 1.0 - _albedo(bsdf, layers, layers.alpha, i.z, f0, layers.f90)
        passed = max(1.0 - _albedo(bsdf, layers, layers.alpha, -1.0, f0, layers.f90), 1e-7)
        diffuse = layers.painted * passed_o * passed_i / passed * i.z * INV_PI
        f = f + bsdf.color * diffuse

    if layers.metallic > 0.0 and bsdf.parameters[bsdf.row + layout.MATERIAL_COMPENSATED] > 0.0:
        lost = max(look_up_energy(bsdf, layers.tables, layers.alpha, -1.0), 1e-7)
        lobe = look_up_energy(bsdf, layers.tables, layers.alpha, o.z) * i.z * INV_PI
        lobe *= look_up_energy(bsdf, layers.tables, layers.alpha, i.z) / lost
        color = (bsdf.color * 20.0 + white) * (1.0 / 21.0)  # as in `microfacet`
        color = color * color * (1.0 - lost) / (white - color * lost)
        f = f + color * (lobe * layers.metallic)
    return f


@device
def _passed_by(bsdf: Bsdf, layers: _Layers, cos: float) -> float:
    """What the coat lets through in one direction."""
    return 1.0 - layers.coat * _albedo(bsdf, layers, layers.coat_alpha, cos, _COAT_F0, 1.0)


@on_demand
def eval_principled(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """All lobes together; `wo` and `wi` on any side."""
    nothing = BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    if wo.z == 0.0 or wi.z == 0.0:
        return nothing
    layers = _load_layers(bsdf, wo)
    reflects = wo.z * wi.z > 0.0
    if not reflects and layers.glass <= 0.0:
        return nothing
    o = vec3(wo.x, wo.y, abs(wo.z))
    i = vec3(wi.x, wi.y, abs(wi.z))
    shares = _share_lobes(bsdf, layers, o.z)
    f = vec3(0.0, 0.0, 0.0)
    pdf = 0.0
    if layers.glass > 0.0:
        through = eval_rough(_glass(bsdf), wo, wi)
        f = through.f_cos * layers.glass
        pdf = through.pdf * shares.glass

    h = normalize(o + i)
    if reflects:
        alpha2 = layers.alpha * layers.alpha
        drawn = ggx_reflected(h, o.z, alpha2)
        f = f + _eval_base(bsdf, layers, o, i, h, drawn)
        pdf += shares.specular * drawn
        pdf += max(0.0, 1.0 - shares.coat - shares.specular - shares.glass) * i.z * INV_PI

    # Coat and sheen lie on one side only where light comes through, else on both.
    leaves = layers.coated == reflects  # `wi` is on the coated side
    sheen = _largest(layers.sheen)
    if sheen > 0.0:
        hidden = 0.0
        if layers.coated:
            hidden = _sheen_albedo(bsdf, layers, o.z)
        if leaves:
            hidden = max(hidden, _sheen_albedo(bsdf, layers, i.z))
        f = f * (1.0 - sheen * hidden)
        if reflects and layers.coated:
            f = f + layers.sheen * _eval_sheen(layers, o, i, h)
    if layers.coat > 0.0:
        if layers.coated:
            f = f * _passed_by(bsdf, layers, o.z)
        if leaves:
            f = f * _passed_by(bsdf, layers, i.z)
        if reflects and layers.coated:
            alpha2 = layers.coat_alpha * layers.coat_alpha
            drawn = ggx_reflected(h, o.z, alpha2)
            weight = _COAT_F0 + (1.0 - _COAT_F0) * _schlick_weight(dot(o, h))
            gloss = layers.coat * weight * drawn * smith_g1(i.z, alpha2)
            f = f + vec3(gloss, gloss, gloss)
            pdf += shares.coat * drawn
    return BsdfValue(f, pdf)


@on_demand
def sample_principled(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    """Choose a lobe by its share, and draw a direction from it."""
    nothing = BsdfSample(wo, vec3(0.0, 0.0, 0.0), 0.0, False, 1.0)
    if wo.z == 0.0:
        return nothing
    layers = _load_layers(bsdf, wo)
    side = 1.0 if wo.z > 0.0 else -1.0
    o = vec3(wo.x, wo.y, abs(wo.z))
    shares = _share_lobes(bsdf, layers, o.z)
    eta = 1.0
    if lobe < shares.glass:
        through = sample_rough(_glass(bsdf), wo, u, v, lobe / shares.glass)
        if through.pdf <= 0.0:
            return nothing
        wi = through.wi
        eta = through.eta
    else:
        lobe -= shares.glass
        if lobe < shares.coat + shares.specular:
            alpha = layers.coat_alpha if lobe < shares.coat else layers.alpha
            h = sample_visible_normal(o, alpha, u, v)
            wi = h * (2.0 * dot(o, h)) - o
            if wi.z <= 0.0:
                return nothing
        else:
            wi = sample_cosine_hemisphere(u, v)
        wi = vec3(wi.x, wi.y, side * wi.z)
    value = eval_principled(bsdf, wo, wi)
    if value.pdf <= 0.0:
        return nothing
    return BsdfSample(wi, value.f_cos * (1.0 / value.pdf), value.pdf, False, eta)
