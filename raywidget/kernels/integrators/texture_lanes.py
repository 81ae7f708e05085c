"""What textures say of the surfaces at the ends of paths, of all lanes at once.

Lanes that see the same texture are taken together, so that all there is to know about it is known
to all of them alike.
"""

from __future__ import annotations

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_row,
    load_word,
    load_word_row,
    replace_point_row,
    replace_word_row,
    room_of,
    store_number,
    store_point,
    store_word,
)
from raywidget.kernels.integrators.surface_lanes import tilt_normals
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import choose, lane_mask, lanes_in, spread_word
from raywidget.kernels.language.vec3 import load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.bsdf import copy_parameters, set_parameter
from raywidget.kernels.surfaces.texture import (
    Pixels,
    blend_pixels,
    eval_texture,
    find_pixels,
    is_odd_square,
    is_own_color,
    own_color,
    square_of,
)


@on_demand
def draw_surfaces(scene: SceneView, bundle: Bundle, textured: int, mapped: int) -> None:
    """Fill the rooms of some lanes with what textures say, and tilt the normals of some."""
    lanes = mapped
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        material = load_word(bundle, rows.MATERIAL, lane)
        codes = material * layout.MATERIAL_CODES_SIZE
        scale = scene.materials[material * layout.MATERIAL_SIZE + layout.MATERIAL_NORMAL_SCALE]
        store_number(bundle, rows.NORMAL_SCALE, lane, scale)
        texture = scene.material_codes[codes + layout.MATERIAL_NORMAL_TEXTURE]
        store_word(bundle, rows.TEXTURE, lane, texture)
    if mapped != 0:
        _look_up(scene, bundle, mapped)
        tilt_normals(bundle, mapped)

    lanes = textured
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        material = load_word(bundle, rows.MATERIAL, lane)
        copy_parameters(scene, material, room_of(bundle, lane))
        at = material * layout.MATERIAL_CODES_SIZE + layout.MATERIAL_TEXTURES
        store_word(bundle, rows.TEXTURE_AT, lane, at)
        store_word(bundle, rows.TEXTURE, lane, scene.material_codes[at])
    while textured != 0:
        _look_up(scene, bundle, textured)
        lanes = textured
        while lanes != 0:
            lane = lowest_bit(lanes)
            lanes &= lanes - 1
            color = load_point(bundle, rows.LOOKED_UP, lane)
            at = load_word(bundle, rows.TEXTURE_AT, lane)
            set_parameter(room_of(bundle, lane), scene.material_codes[at + 1], color)
            texture = scene.material_codes[at + 2]
            store_word(bundle, rows.TEXTURE_AT, lane, at + 2)
            store_word(bundle, rows.TEXTURE, lane, texture)
            if texture < 0:
                textured ^= 1 << lane


@device
def _look_up(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Set LOOKED_UP of some lanes to the colours of the rows of `textures` in TEXTURE."""
    while lanes != 0:
        texture = load_word(bundle, rows.TEXTURE, lowest_bit(lanes))
        same = lanes & lane_mask(load_word_row(bundle, rows.TEXTURE) == texture)
        lanes ^= same
        kind = -1  # of a colour
        if texture >= 0:
            kind = 0 + scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE]
        if kind == layout.CHECKERBOARD:
            u = load_row(bundle, rows.HIT_U)
            is_odd = is_odd_square(scene, texture, u, load_row(bundle, rows.HIT_V))
            even = spread_word(square_of(scene, texture, 0))
            inner = choose(is_odd, spread_word(square_of(scene, texture, 1)), even)
            replace_word_row(bundle, rows.TEXTURE, same, inner)
            lanes |= same
        elif kind == layout.IMAGE and _lies_by_first(scene, texture):
            _look_up_image(scene, bundle, same, texture)
        elif kind == layout.ATTRIBUTE and is_own_color(scene, texture):
            while same != 0:  # here, since a call takes longer than to look a colour up
                lane = lowest_bit(same)
                same &= same - 1
                color = own_color(scene, texture, _hit_of(scene, bundle, lane))
                store_point(bundle, rows.LOOKED_UP, lane, color)
        else:
            while same != 0:
                lane = lowest_bit(same)
                same &= same - 1
                if texture < 0:
                    color = load_vec3(scene.textures, -1 - texture)
                else:
                    color = eval_texture(scene, texture, _hit_of(scene, bundle, lane))
                store_point(bundle, rows.LOOKED_UP, lane, color)


@device
def _lies_by_first(scene: SceneView, texture: int) -> bool:
    """Does an image lie by the first texture coordinates?"""
    return scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_SECOND] != 1


@device
def _look_up_image(scene: SceneView, bundle: Bundle, lanes: int, texture: int) -> None:
    found = find_pixels(scene, texture, load_row(bundle, rows.HIT_U), load_row(bundle, rows.HIT_V))
    looking = lanes_in(lanes)
    first = spread_word(0)  # which all others are given, so that they don't wait for anything
    pixels = Pixels(
        choose(looking, found.upper_left, first),
        choose(looking, found.upper_right, first),
        choose(looking, found.lower_left, first),
        choose(looking, found.lower_right, first),
        found.across,
        found.down,
    )
    factor = load_vec3(scene.textures, texture * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS)
    seen = blend_pixels(scene, texture, pixels)
    color = vec3(factor.x * seen.x, factor.y * seen.y, factor.z * seen.z)
    replace_point_row(bundle, rows.LOOKED_UP, lanes, color)


@device
def _hit_of(scene: SceneView, bundle: Bundle, lane: int) -> Hit:
    """What one lane has met."""
    primitive = load_word(bundle, rows.PRIMITIVE, lane)
    none = index32(-1)
    return Hit(
        load_point(bundle, rows.POINT, lane),
        load_point(bundle, rows.NORMAL, lane),
        load_point(bundle, rows.SHADING_NORMAL, lane),
        load_number(bundle, rows.HIT_U, lane),
        load_number(bundle, rows.HIT_V, lane),
        load_number(bundle, rows.DISTANCE, lane),
        load_number(bundle, rows.OFFSET, lane),
        index32(load_word(bundle, rows.MATERIAL, lane)),
        none,
        scene.primitives[primitive * layout.PRIMITIVE_SIZE + layout.PRIMITIVE_SHAPE],
        index32(primitive),
        index32(load_word(bundle, rows.SLOT, lane)),
        none,
        load_number(bundle, rows.U, lane),
        load_number(bundle, rows.V, lane),
        none,
    )
