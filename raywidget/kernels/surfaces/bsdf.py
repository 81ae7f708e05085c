"""How surfaces scatter light: from a row of the tables to values, densities and directions.

`eval_bsdf_cos` and `sample_bsdf` describe the same function: what one evaluates, the other draws.
Perfectly specular parts are drawn only; no given `wi` meets them. For the density of drawing `wo`
from `wi`, swap them. The value is the same either way up to the cosines, except across the surface
of a dielectric, where it carries the 1 / eta^2 of radiance.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, sample_cosine_hemisphere
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.dielectric import eval_rough, sample_rough, sample_smooth
from raywidget.kernels.surfaces.fresnel import drawn_share, fresnel
from raywidget.kernels.surfaces.lobes import MIRROR_ALPHA, Bsdf, BsdfSample, BsdfValue
from raywidget.kernels.surfaces.microfacet import eval_metal, reflectance, sample_metal
from raywidget.kernels.surfaces.principled import eval_principled, sample_principled
from raywidget.kernels.surfaces.texture import eval_texture

# Room for the parameters of one textured material: whoever keeps a `Bsdf` owns one.
make_parameters = make_stack_array(types.float32, layout.MATERIAL_SIZE)


@device
def load_textures(scene: SceneView, hit: Hit, material: int, room: Any) -> None:
    """Fill `room`, which is from `make_parameters`, with what textures say where a ray has hit."""
    flags = scene.material_codes[material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_FLAGS]
    if flags & layout.MATERIAL_TEXTURED:
        _look_up(scene, hit, material, room)


@device
def load_bsdf(scene: SceneView, hit: Hit, material: int, room: Any) -> Bsdf:
    """The material of a row of the tables where a ray has hit.

    `room` is from `make_parameters`, and must last as long as the result.
    """
    load_textures(scene, hit, material, room)
    return view_bsdf(scene, material, room)


@device
def view_bsdf(scene: SceneView, material: int, room: Any) -> Bsdf:
    """The same, where `room` has been filled by `load_textures`."""
    codes = material * layout.MATERIAL_CODES_SIZE
    parameters = scene.materials
    row = material * layout.MATERIAL_SIZE
    if scene.material_codes[codes + layout.MATERIAL_FLAGS] & layout.MATERIAL_TEXTURED:
        parameters = room
        row = 0
    return Bsdf(
        scene.material_codes[codes + layout.MATERIAL_KIND],
        load_vec3(parameters, row + layout.MATERIAL_COLOR),
        parameters[row + layout.MATERIAL_ALPHA],
        parameters[row + layout.MATERIAL_ETA],
        parameters[row + layout.MATERIAL_COAT_LOSS],
        parameters,
        row,
        scene.energy,
        scene.full,
        scene.materials,
    )


@on_demand
def _look_up(scene: SceneView, hit: Hit, material: int, room: Any) -> None:
    """Fill `room` with the parameters of a material, and what its textures say."""
    copy_parameters(scene, material, room)
    at = material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_TEXTURES
    texture = scene.material_codes[at]
    while texture >= 0:
        set_parameter(room, scene.material_codes[at + 1], eval_texture(scene, texture, hit))
        at += 2
        texture = scene.material_codes[at]


@device
def copy_parameters(scene: SceneView, material: int, room: Any) -> None:
    """Begin with what a material has where textures say nothing."""
    codes = material * layout.MATERIAL_CODES_SIZE
    used = layout.MATERIAL_SIZE
    if scene.material_codes[codes + layout.MATERIAL_KIND] == layout.DIFFUSE:
        used = layout.MATERIAL_COLOR + 3
    for column in range(used):
        room[column] = scene.materials[material * layout.MATERIAL_SIZE + column]


@device
def set_parameter(room: Any, code: int, color: Vec3) -> None:
    """Set what a texture is for; `code` is the second of a pair in MATERIAL_TEXTURES."""
    column = code >> 2
    target = code & 3
    if target == layout.TARGET_COLOR:
        room[column] = color.x
        room[column + 1] = color.y
        room[column + 2] = color.z
    else:
        mean = (color.x + color.y + color.z) * (1.0 / 3.0)
        room[column] = mean * mean if target == layout.TARGET_SQUARE else mean


@device
def base_color(bsdf: Bsdf) -> Vec3:
    """What one would call the colour of a surface."""
    if bsdf.kind == layout.BLEND:
        return _blend_color(bsdf)
    return _color_of(bsdf)


@device
def _color_of(bsdf: Bsdf) -> Vec3:
    if bsdf.kind == layout.CONDUCTOR or bsdf.kind == layout.COATED_CONDUCTOR:
        return reflectance(bsdf, 1.0)
    return bsdf.color


@device
def is_specular(bsdf: Bsdf) -> bool:
    """Does the surface scatter into single directions only, so that no light need be sampled?"""
    if (
        bsdf.kind == layout.DIFFUSE
        or bsdf.kind == layout.COATED_DIFFUSE
        or bsdf.kind >= layout.ROUGH_DIELECTRIC  # blends, too
    ):
        return False
    if (
        bsdf.kind == layout.DIELECTRIC
        or bsdf.kind == layout.BLACK
        or bsdf.kind == layout.THIN_DIELECTRIC
    ):
        return True
    return bsdf.alpha < MIRROR_ALPHA


@device
def transmits(bsdf: Bsdf) -> bool:
    """Does light that is not specular come through, so that lights on either side matter?"""
    if bsdf.kind == layout.PRINCIPLED:
        return bsdf.parameters[bsdf.row + layout.MATERIAL_TRANSMISSION] > 0.0
    return bsdf.kind >= layout.ROUGH_DIELECTRIC and bsdf.kind != layout.BLEND


@device
def eval_bsdf_cos(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """BSDF times |cos| of `wi`, and the density with which `sample_bsdf` draws it."""
    if bsdf.kind == layout.BLEND:
        return _eval_blend(bsdf, wo, wi)
    if bsdf.kind == layout.PRINCIPLED:
        return eval_principled(bsdf, wo, wi)
    if bsdf.kind >= layout.ROUGH_DIELECTRIC:
        return eval_rough(bsdf, wo, wi)
    return _eval_reflecting(bsdf, wo, wi)


@device
def _eval_reflecting(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    """The same, of what reflects only, or into single directions."""
    if wo.z * wi.z <= 0.0 or is_specular(bsdf):
        return BsdfValue(vec3(0.0, 0.0, 0.0), 0.0)
    # What remains reflects alike on both sides.
    wo = vec3(wo.x, wo.y, abs(wo.z))
    wi = vec3(wi.x, wi.y, abs(wi.z))
    if bsdf.kind == layout.DIFFUSE:
        return BsdfValue(bsdf.color * (wi.z * INV_PI), wi.z * INV_PI)
    if bsdf.kind == layout.METAL or bsdf.kind == layout.CONDUCTOR:
        return eval_metal(bsdf, wo, wi)
    reflected = fresnel(wo.z, bsdf.eta)
    passed = (1.0 - reflected) * (1.0 - fresnel(wi.z, bsdf.eta))
    below = 1.0 - _share_of_coat(bsdf, reflected)
    if bsdf.kind == layout.COATED_DIFFUSE:
        return BsdfValue(_coated_albedo(bsdf) * (passed * wi.z * INV_PI), below * wi.z * INV_PI)
    base = eval_metal(bsdf, wo, wi)
    return BsdfValue(base.f_cos * passed, base.pdf * below)


@device
def sample_bsdf(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    """Draw a direction; `u`, `v` choose within a lobe, `lobe` between lobes."""
    if bsdf.kind == layout.BLEND:
        return _sample_blend(bsdf, wo, u, v, lobe)
    if bsdf.kind == layout.PRINCIPLED:
        return sample_principled(bsdf, wo, u, v, lobe)
    if bsdf.kind >= layout.ROUGH_DIELECTRIC:
        return sample_rough(bsdf, wo, u, v, lobe)
    return _sample_reflecting(bsdf, wo, u, v, lobe)


@device
def _sample_reflecting(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    """The same, of what `_eval_reflecting` knows, and of smooth glass."""
    if bsdf.kind == layout.DIELECTRIC or bsdf.kind == layout.THIN_DIELECTRIC:
        return sample_smooth(bsdf, wo, lobe)
    nothing = BsdfSample(wo, vec3(0.0, 0.0, 0.0), 0.0, False, 1.0)
    if bsdf.kind == layout.BLACK or wo.z == 0.0:
        return nothing
    side = 1.0 if wo.z > 0.0 else -1.0
    above = vec3(wo.x, wo.y, abs(wo.z))
    mirrored = vec3(-wo.x, -wo.y, wo.z)

    below = 1.0  # probability of going below the coat
    passed = 1.0  # share that the coat lets through, by that probability
    is_coated = False
    if (
        bsdf.kind == layout.COATED_DIFFUSE
        or bsdf.kind == layout.COATED_METAL
        or bsdf.kind == layout.COATED_CONDUCTOR
    ):
        reflected = fresnel(above.z, bsdf.eta)
        if bsdf.kind != layout.COATED_DIFFUSE and bsdf.alpha < MIRROR_ALPHA:
            # Both go the same way.
            base = reflectance(bsdf, above.z) * ((1.0 - reflected) * (1.0 - reflected))
            weight = base + vec3(reflected, reflected, reflected)
            return BsdfSample(mirrored, weight, 0.0, True, 1.0)
        drawn = _share_of_coat(bsdf, reflected)
        if lobe < drawn:
            gloss = reflected / drawn
            return BsdfSample(mirrored, vec3(gloss, gloss, gloss), 0.0, True, 1.0)
        is_coated = True
        below = 1.0 - drawn
        passed = (1.0 - reflected) / below
        lobe = (lobe - drawn) / below

    if bsdf.kind == layout.DIFFUSE or bsdf.kind == layout.COATED_DIFFUSE:
        wi = sample_cosine_hemisphere(u, v)
        pdf = wi.z * INV_PI
        weight = bsdf.color
        if is_coated:
            weight = _coated_albedo(bsdf) * (passed * (1.0 - fresnel(wi.z, bsdf.eta)))
        return BsdfSample(vec3(wi.x, wi.y, side * wi.z), weight, pdf * below, False, 1.0)

    # Metal, bare or under a coat
    if bsdf.alpha < MIRROR_ALPHA:
        return BsdfSample(mirrored, reflectance(bsdf, above.z), 0.0, True, 1.0)
    # Density and Fresnel term of a base are the same as without the coat.
    wi, value = sample_metal(bsdf, above, u, v, lobe)
    if wi.z <= 0.0 or value.pdf <= 0.0:
        return nothing
    weight = value.f_cos * (1.0 / value.pdf)
    if is_coated:
        weight = weight * (passed * (1.0 - fresnel(wi.z, bsdf.eta)))
    return BsdfSample(vec3(wi.x, wi.y, side * wi.z), weight, value.pdf * below, False, 1.0)


@device
def _share_of_coat(bsdf: Bsdf, reflected: float) -> float:
    """How often the reflection of a smooth coat is drawn."""
    below = 1.0
    if bsdf.kind == layout.COATED_DIFFUSE:
        below = max(bsdf.color.x, max(bsdf.color.y, bsdf.color.z))
    return drawn_share(reflected, below)


@device
def _coated_albedo(bsdf: Bsdf) -> Vec3:
    """Albedo of a diffuse base under a smooth coat, light that bounces between them included.

    rho / (eta^2 (1 - rho R)), where R is the coat's internal diffuse reflectance: a white base
    under a coat stays white (Ashikhmin and Shirley 2000; Jakob 2010, "plastic").
    """
    rho = bsdf.color
    left = vec3(1.0, 1.0, 1.0) - rho * bsdf.coat_loss
    return rho * (1.0 / (bsdf.eta * bsdf.eta)) / left


# --- Blends ---------------------------------------------------------------------------------------
# A mixture whose parts are simple is what both of them scatter: where one is drawn, both are
# weighed, as for any material of several lobes. With one of the two by chance, a ball of paint and
# gold had twice the variance.


@on_demand
def _blend_amount(bsdf: Bsdf) -> float:
    """The share of the second part."""
    return min(1.0, max(0.0, bsdf.parameters[bsdf.row + layout.MATERIAL_AMOUNT]))


@on_demand
def _eval_blend(bsdf: Bsdf, wo: Vec3, wi: Vec3) -> BsdfValue:
    amount = _blend_amount(bsdf)
    a = _eval_reflecting(_part_of(bsdf, 0), wo, wi)
    b = _eval_reflecting(_part_of(bsdf, 1), wo, wi)
    f_cos = a.f_cos * (1.0 - amount) + b.f_cos * amount
    return BsdfValue(f_cos, a.pdf * (1.0 - amount) + b.pdf * amount)


@on_demand
def _sample_blend(bsdf: Bsdf, wo: Vec3, u: float, v: float, lobe: float) -> BsdfSample:
    amount = _blend_amount(bsdf)
    which = 0
    if lobe < amount:
        which = 1
        lobe /= amount
    else:
        lobe = (lobe - amount) / (1.0 - amount)
    sample = _sample_reflecting(_part_of(bsdf, which), wo, u, v, lobe)
    if sample.is_specular or sample.pdf <= 0.0:
        return sample
    value = _eval_blend(bsdf, wo, sample.wi)
    return BsdfSample(sample.wi, value.f_cos * (1.0 / value.pdf), value.pdf, False, 1.0)


@on_demand
def _blend_color(bsdf: Bsdf) -> Vec3:
    amount = _blend_amount(bsdf)
    first = _color_of(_part_of(bsdf, 0))
    return first * (1.0 - amount) + _color_of(_part_of(bsdf, 1)) * amount


@device
def _part_of(bsdf: Bsdf, which: int) -> Bsdf:
    """One of the two; what textures may say of it stands in the row of the blend."""
    own = bsdf.row + which
    row = int(bsdf.parameters[own + layout.MATERIAL_BLEND_ROWS]) * layout.MATERIAL_SIZE
    color = bsdf.row + (layout.MATERIAL_BLEND_COLOR if which else layout.MATERIAL_COLOR)
    alpha = bsdf.row + (layout.MATERIAL_BLEND_ALPHA if which else layout.MATERIAL_ALPHA)
    return Bsdf(
        index32(int(bsdf.parameters[own + layout.MATERIAL_BLEND_KINDS])),
        load_vec3(bsdf.parameters, color),
        bsdf.parameters[alpha],
        bsdf.tables[row + layout.MATERIAL_ETA],
        bsdf.tables[row + layout.MATERIAL_COAT_LOSS],
        bsdf.tables,
        row,
        bsdf.energy,
        bsdf.full,
        bsdf.tables,
    )
