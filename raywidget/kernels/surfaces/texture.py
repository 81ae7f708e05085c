"""Colours that vary over a surface.

`scene/textures/textures` says what each of them is, in numpy; this is its twin.
"""

from __future__ import annotations

import math

from raywidget.kernels import layout
from raywidget.kernels.geometry.attributes import hit_color, second_coordinates
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.surfaces.field import field_color, hit_value

_NEAR = 16.0  # coordinates up to here tell the pixels of any picture apart
_ALL_EVEN = 16777216.0  # numbers of 32 bits from here on are even


@on_demand
def eval_texture(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    """The colour of a row of `textures` where a ray has hit."""
    texture = _innermost(scene, texture, hit.u, hit.v)
    if (
        texture >= 0
        and scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE] == layout.ATTRIBUTE
    ):
        color = _attribute(scene, texture, hit)
        times = scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_CHILDREN]
        if times < 0:
            return color
        return color * eval_painted(scene, times, hit)
    return _eval_innermost(scene, texture, hit)


@device
def _attribute(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    """What a shape itself brings: its colour, or that of its value, or the value as a grey."""
    codes = texture * layout.TEXTURE_CODES_SIZE
    field = 0 + scene.texture_codes[codes + layout.TEXTURE_FIELD]
    row = texture * layout.TEXTURE_SIZE
    if field < 0:
        return hit_color(scene, hit) * scene.textures[row + layout.TEXTURE_COLORS]
    value = hit_value(scene, field, hit)
    if scene.texture_codes[codes + layout.TEXTURE_NUMBER] == 0:
        return field_color(scene, field, value) * scene.textures[row + layout.TEXTURE_COLORS]
    value = value * scene.textures[row + layout.TEXTURE_SCALE]
    value = value + scene.textures[row + layout.TEXTURE_OFFSET]
    if not value > 0.0:  # NaN, too
        value = 0.0
    value = min(1.0, value)
    return vec3(value, value, value)


@on_demand
def eval_painted(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    """The colour of a row of `textures`, not an attribute, where a ray has hit."""
    return _eval_innermost(scene, _innermost(scene, texture, hit.u, hit.v), hit)


@device
def _innermost(scene: SceneView, texture: int, u: float, v: float) -> int:
    """Through checkerboards of textures; one that ends in a colour gives -1 - its element."""
    while (
        scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_KIND]
        == layout.CHECKERBOARD
    ):
        row = texture * layout.TEXTURE_SIZE
        across = _whole(u * scene.textures[row + layout.TEXTURE_SCALE])
        up = _whole(v * scene.textures[row + layout.TEXTURE_SCALE + 1])
        odd = (across + up) & 1
        child = scene.texture_codes[
            texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_CHILDREN + odd
        ]
        if child < 0:
            return -1 - (row + layout.TEXTURE_COLORS + 3 * odd)
        texture = child
    return texture


@device
def _eval_innermost(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    if texture < 0:
        return load_vec3(scene.textures, -1 - texture)
    u = hit.u
    v = hit.v
    codes = texture * layout.TEXTURE_CODES_SIZE
    row = texture * layout.TEXTURE_SIZE
    color = load_vec3(scene.textures, row + layout.TEXTURE_COLORS)
    if scene.texture_codes[codes + layout.TEXTURE_KIND] == layout.IMAGE:
        if scene.texture_codes[codes + layout.TEXTURE_SECOND] == 1:
            second = second_coordinates(scene, hit)
            u = second.u
            v = second.v
        return color * _eval_image(scene, codes, row, u, v)
    along = v if scene.texture_codes[codes + layout.TEXTURE_AXIS] == 1 else u
    along = min(1.0, max(0.0, along))
    return (
        color * (1.0 - along) + load_vec3(scene.textures, row + layout.TEXTURE_COLORS + 3) * along
    )


@device
def _eval_image(scene: SceneView, codes: int, row: int, u: float, v: float) -> Vec3:
    """Pixels by their distance, or the nearest one; v points up, rows count from the top."""
    table = scene.textures
    u = u * table[row + layout.TEXTURE_SCALE] + table[row + layout.TEXTURE_OFFSET]
    v = v * table[row + layout.TEXTURE_SCALE + 1] + table[row + layout.TEXTURE_OFFSET + 1]
    if not abs(u) + abs(v) < _NEAR:
        wrap = scene.texture_codes[codes + layout.TEXTURE_WRAP]
        u = _brought_near(u, wrap & layout.WRAP_MASK)
        v = _brought_near(v, wrap >> layout.WRAP_BITS)
    x = u * single(scene.texture_codes[codes + layout.TEXTURE_WIDTH])
    y = (1.0 - v) * single(scene.texture_codes[codes + layout.TEXTURE_HEIGHT])
    if scene.texture_codes[codes + layout.TEXTURE_NEAREST] == 1:
        return _texel(scene, codes, math.floor(x), math.floor(y))
    left = math.floor(x - 0.5)
    top = math.floor(y - 0.5)
    a = x - 0.5 - single(left)
    b = y - 0.5 - single(top)
    wrap = scene.texture_codes[codes + layout.TEXTURE_WRAP]
    columns = scene.texture_codes[codes + layout.TEXTURE_WIDTH]
    lines = scene.texture_codes[codes + layout.TEXTURE_HEIGHT]
    left, right = _wrap_two(left, columns, wrap & layout.WRAP_MASK)
    top, bottom = _wrap_two(top, lines, wrap >> layout.WRAP_BITS)
    color = vec3(0.0, 0.0, 0.0)
    for corner in range(4):  # a loop: the four look-ups are compiled once
        is_right = corner & 1 == 1
        is_below = corner >> 1 == 1
        weight = (a if is_right else 1.0 - a) * (b if is_below else 1.0 - b)
        column = right if is_right else left
        line = bottom if is_below else top
        color = color + _pixel(scene, codes, line * columns + column) * weight
    return color


@device
def _whole(x: float) -> int:
    """The greatest integer up to `x`, or an even one where all numbers are; 0 for no number."""
    return math.floor(x) if abs(x) < _ALL_EVEN else 0


@device
def _brought_near(x: float, wrap: int) -> float:
    """A coordinate of a picture at which the same is seen, near enough to tell pixels apart.

    0 where `x` is no number.
    """
    if wrap == layout.WRAP_REPEAT or wrap == layout.WRAP_MIRROR:
        if not abs(x) < _ALL_EVEN:
            return 0.0
        whole = math.floor(x)
        return x - single(whole - (whole & 1))
    if not abs(x) <= 2.0:
        return 2.0 if x > 2.0 else (-1.0 if x < -2.0 else 0.0)
    return x


@device
def _texel(scene: SceneView, codes: int, column: int, line: int) -> Vec3:
    """The pixel of a column and a line, wherever they are."""
    table = scene.texture_codes
    width = table[codes + layout.TEXTURE_WIDTH]
    wrap = table[codes + layout.TEXTURE_WRAP]
    column = _wrap(column, width, wrap & layout.WRAP_MASK)
    line = _wrap(line, table[codes + layout.TEXTURE_HEIGHT], wrap >> layout.WRAP_BITS)
    return _pixel(scene, codes, line * width + column)


@device
def _pixel(scene: SceneView, codes: int, place: int) -> Vec3:
    """A pixel by its place among all of a picture, decoded."""
    table = scene.texture_codes
    channels = table[codes + layout.TEXTURE_CHANNELS]
    at = table[codes + layout.TEXTURE_FIRST] + place * channels
    next_at = at + (channels >> 1)  # 0 or 1 on
    last_at = at + channels - 1
    values = table[codes + layout.TEXTURE_STORAGE]
    if values == layout.TEXEL_FLOATS:
        return vec3(scene.texels[at], scene.texels[next_at], scene.texels[last_at])
    return vec3(
        scene.texels[values + scene.texel_bytes[at]],
        scene.texels[values + scene.texel_bytes[next_at]],
        scene.texels[values + scene.texel_bytes[last_at]],
    )


@device
def _wrap_two(index: int, size: int, wrap: int) -> tuple[int, int]:
    """An index and the next, within a picture: divisions are dear."""
    if wrap == layout.WRAP_REPEAT:
        first = index % size
        return first, first + 1 if first + 1 < size else 0
    return _wrap(index, size, wrap), _wrap(index + 1, size, wrap)


@device
def _wrap(index: int, size: int, wrap: int) -> int:
    if wrap == layout.WRAP_REPEAT:
        return index % size
    if wrap == layout.WRAP_MIRROR:
        index = index % (2 * size)
        return index if index < size else 2 * size - 1 - index
    return min(size - 1, max(0, index))
