"""What textures say of the surfaces at the ends of paths, of all lanes at once.

Lanes that see the same texture, or images that are laid and stored alike, are taken together, so
that all there is to ask about it is known to all of them alike.
"""

from __future__ import annotations

from raywidget.kernels import layout
from raywidget.kernels.geometry.hit import blend_corners
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_number,
    load_point,
    load_point_row,
    load_row,
    load_word,
    load_word_row,
    replace_point_row,
    replace_row,
    replace_word_row,
    room_of,
    store_point,
    store_word,
)
from raywidget.kernels.integrators.surface_lanes import tilt_normals
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.look_up import gather, gather_point
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import (
    choose,
    lane_mask,
    lanes_in,
    spread_number,
    spread_word,
)
from raywidget.kernels.language.vec3 import load_vec3, vec3
from raywidget.kernels.language.vec3_lanes import choose_vec3
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
    spread_image,
    square_of,
    view_image,
    view_images,
)


@on_demand
def tilt_surfaces(scene: SceneView, bundle: Bundle, lanes: int) -> None:
    """Tilt the normals of some lanes by what their normal maps say."""
    material = choose(lanes_in(lanes), load_word_row(bundle, rows.MATERIAL), spread_word(0))
    codes = material * layout.MATERIAL_CODES_SIZE
    texture = gather(scene.material_codes, codes + layout.MATERIAL_NORMAL_TEXTURE)
    scale = material * layout.MATERIAL_SIZE + layout.MATERIAL_NORMAL_SCALE
    replace_row(bundle, rows.NORMAL_SCALE, lanes, gather(scene.materials, scale))
    replace_word_row(bundle, rows.TEXTURE, lanes, texture)
    _look_up(scene, bundle, lanes)
    tilt_normals(bundle, lanes)


@on_demand
def paint_diffuse(scene: SceneView, bundle: Bundle, lanes: int) -> int:
    """Set COLOR where surfaces are diffuse and it is all that textures say; which lanes that are.

    They need no room for other parameters: to fill it, and to read it again, took 8 to 10 ns a
    sample.
    """
    material = choose(lanes_in(lanes), load_word_row(bundle, rows.MATERIAL), spread_word(0))
    codes = material * layout.MATERIAL_CODES_SIZE
    kind = gather(scene.material_codes, codes + layout.MATERIAL_KIND)
    codes = codes + layout.MATERIAL_TEXTURES
    target = gather(scene.material_codes, codes + 1)
    further = gather(scene.material_codes, codes + 2)
    of_color = target == 4 * layout.MATERIAL_COLOR + layout.TARGET_COLOR
    lanes &= lane_mask((kind == layout.DIFFUSE) & of_color & (further < 0))
    if lanes == 0:
        return 0
    replace_word_row(bundle, rows.PART, lanes, material)
    replace_word_row(bundle, rows.TEXTURE, lanes, gather(scene.material_codes, codes))
    _look_up(scene, bundle, lanes)
    replace_point_row(bundle, rows.COLOR, lanes, load_point_row(bundle, rows.LOOKED_UP))
    return lanes


@on_demand
def draw_surfaces(scene: SceneView, bundle: Bundle, textured: int) -> None:
    """Fill the rooms of some lanes with what textures say."""
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
        kind = -1  # of a colour
        if texture >= 0:
            kind = 0 + scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE]
            if kind == layout.IMAGE and _lies_by_first(scene, texture):
                lanes ^= _look_up_images(scene, bundle, lanes, texture, same)
                continue
        lanes ^= same
        if kind == layout.CHECKERBOARD:
            u = load_row(bundle, rows.HIT_U)
            is_odd = is_odd_square(scene, texture, u, load_row(bundle, rows.HIT_V))
            even = spread_word(square_of(scene, texture, 0))
            inner = choose(is_odd, spread_word(square_of(scene, texture, 1)), even)
            replace_word_row(bundle, rows.TEXTURE, same, inner)
            lanes |= same
        elif kind == layout.ATTRIBUTE and is_own_color(scene, texture):
            flats = same & lane_mask(load_word_row(bundle, rows.SLOT) < layout.BALL_SLOT)
            if flats != 0:
                _look_up_colors(scene, bundle, flats, texture)
            same &= ~flats
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
def _look_up_images(scene: SceneView, bundle: Bundle, lanes: int, texture: int, same: int) -> int:
    """Look up an image for the lanes that see the `same`, and those of others that are laid and
    stored alike; for which of the `lanes` it was done.

    One image after the other was a third of the time of a picture with six of them.
    """
    image = view_image(scene, texture)
    images = spread_image(image)
    first = spread_word(0)
    looking = lanes_in(same)
    factor = load_vec3(scene.textures, texture * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS)
    factors = vec3(spread_number(factor.x), spread_number(factor.y), spread_number(factor.z))
    if lanes != same:
        textures = load_word_row(bundle, rows.TEXTURE)
        textures = choose(lanes_in(lanes) & (textures > -1), textures, spread_word(texture))
        codes = textures * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_MANNER
        manner = scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_MANNER]
        alike = lanes_in(lanes) & (gather(scene.texture_codes, codes) == manner)
        same = lane_mask(alike & (load_word_row(bundle, rows.TEXTURE) > -1))
        looking = lanes_in(same)
        textures = choose(looking, textures, spread_word(texture))
        images = view_images(scene, textures, image)
        row = textures * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS
        factors = gather_point(scene.textures, row)
    found = find_pixels(images, load_row(bundle, rows.HIT_U), load_row(bundle, rows.HIT_V))
    pixels = Pixels(  # all others are given one, so that they don't wait for anything
        choose(looking, found.upper_left, first),
        choose(looking, found.upper_right, first),
        choose(looking, found.lower_left, first),
        choose(looking, found.lower_right, first),
        found.across,
        found.down,
    )
    seen = blend_pixels(scene, images, pixels)
    color = vec3(factors.x * seen.x, factors.y * seen.y, factors.z * seen.z)
    replace_point_row(bundle, rows.LOOKED_UP, same, color)
    return same


@device
def _look_up_colors(scene: SceneView, bundle: Bundle, lanes: int, texture: int) -> None:
    """The colours that flats have of their own: see `attributes.hit_color`."""
    none = spread_word(0)
    primitive = choose(lanes_in(lanes), load_word_row(bundle, rows.PRIMITIVE), none)
    row = primitive * layout.PRIMITIVE_SIZE
    color = gather(scene.primitives, row + layout.PRIMITIVE_COLOR)
    corners = gather(scene.primitives, row + layout.PRIMITIVE_CORNERS)
    cornered = lanes & lane_mask(corners > -1)
    place = choose(lanes_in(cornered), corners, none) * layout.CORNERS_SIZE
    blended = 0
    if cornered != 0:
        flags = gather(scene.corners, place + layout.CORNERS_FLAGS)
        blended = cornered & lane_mask((flags & layout.CORNERS_COLORS) == layout.CORNERS_COLORS)
    one = spread_number(1.0)
    seen = vec3(one, one, one)
    single = lanes & ~blended & lane_mask(color > -1)
    if single != 0:
        at = choose(lanes_in(single), color, none) * 3
        seen = choose_vec3(lanes_in(single), gather_point(scene.colors, at), seen)
    if blended != 0:
        is_blended = lanes_in(blended)
        at = choose(is_blended, gather(scene.corners, place) + color, none) * 3
        first = gather_point(scene.colors, at)
        at = choose(is_blended, gather(scene.corners, place + 1) + color, none) * 3
        second = gather_point(scene.colors, at)
        at = choose(is_blended, gather(scene.corners, place + 2) + color, none) * 3
        third = gather_point(scene.colors, at)
        u = load_row(bundle, rows.U)
        v = load_row(bundle, rows.V)
        seen = choose_vec3(is_blended, blend_corners(first, second, third, u, v), seen)
    factor = scene.textures[texture * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS]
    replace_point_row(bundle, rows.LOOKED_UP, lanes, seen * factor)


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
