"""Colours that vary over a surface.

`scene/textures/textures` says what each of them is, in numpy; this is its twin.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.attributes import hit_color, second_coordinates
from raywidget.kernels.geometry.surface_point import Hit
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.look_up import gather, in_all_lanes, whole
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import (
    Real,
    alike,
    as_floats,
    choose,
    lanes_abs,
    lanes_floor,
    lanes_max,
    lanes_min,
    spread_number,
    spread_word,
)
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
        return own_color(scene, texture, hit)
    value = hit_value(scene, field, hit)
    if scene.texture_codes[codes + layout.TEXTURE_NUMBER] == 0:
        return field_color(scene, field, value) * scene.textures[row + layout.TEXTURE_COLORS]
    value = value * scene.textures[row + layout.TEXTURE_SCALE]
    value = value + scene.textures[row + layout.TEXTURE_OFFSET]
    if not value > 0.0:  # NaN, too
        value = 0.0
    value = min(1.0, value)
    return vec3(value, value, value)


@device
def is_own_color(scene: SceneView, texture: int) -> bool:
    """Is an attribute the colour that shapes have of their own, and nothing besides?"""
    codes = texture * layout.TEXTURE_CODES_SIZE
    has_field = scene.texture_codes[codes + layout.TEXTURE_FIELD] >= 0
    return not has_field and scene.texture_codes[codes + layout.TEXTURE_CHILDREN] < 0


@device
def own_color(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    """What such an attribute is where a ray has hit."""
    factor = scene.textures[texture * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS]
    return hit_color(scene, hit) * factor


@on_demand
def eval_painted(scene: SceneView, texture: int, hit: Hit) -> Vec3:
    """The colour of a row of `textures`, not an attribute, where a ray has hit."""
    return _eval_innermost(scene, _innermost(scene, texture, hit.u, hit.v), hit)


@device
def _innermost(scene: SceneView, texture: int, u: float, v: float) -> int:
    """Through checkerboards of textures; one that ends in a colour gives -1 - its element."""
    while (
        texture >= 0
        and scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_KIND]
        == layout.CHECKERBOARD
    ):
        texture = square_of(scene, texture, 1 if is_odd_square(scene, texture, u, v) else 0)
    return texture


@device
def is_odd_square(scene: SceneView, texture: int, u: Real, v: Real) -> Any:
    """Which kind of square of a checkerboard a place is on; of lanes, lanes."""
    row = texture * layout.TEXTURE_SIZE
    across = _parity(u * scene.textures[row + layout.TEXTURE_SCALE])
    up = _parity(v * scene.textures[row + layout.TEXTURE_SCALE + 1])
    return across + up == 1.0


@device
def square_of(scene: SceneView, texture: int, odd: int) -> int:
    """What one kind of squares of a checkerboard is: a texture, or -1 - the element of a colour."""
    child = scene.texture_codes[texture * layout.TEXTURE_CODES_SIZE + layout.TEXTURE_CHILDREN + odd]
    if child < 0:
        return -1 - (texture * layout.TEXTURE_SIZE + layout.TEXTURE_COLORS + 3 * odd)
    return 0 + child


@device
def _parity(x: Real) -> Real:
    """1 if the greatest integer up to `x` is odd, 0 if it is even, or no number."""
    whole_part = choose(lanes_abs(x) < _ALL_EVEN, lanes_floor(x), 0.0)
    return whole_part - 2.0 * lanes_floor(0.5 * whole_part)


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
        image = view_image(scene, texture)
        return color * blend_pixels(scene, image, find_pixels(image, u, v))
    along = v if scene.texture_codes[codes + layout.TEXTURE_AXIS] == 1 else u
    along = min(1.0, max(0.0, along))
    return (
        color * (1.0 - along) + load_vec3(scene.textures, row + layout.TEXTURE_COLORS + 3) * along
    )


class Pixels(NamedTuple):
    """The four pixels of a picture around a place; of lanes of places, lanes."""

    upper_left: Any  # numbers among all pixels, row by row
    upper_right: Any
    lower_left: Any
    lower_right: Any
    across: Real  # share of those on the right
    down: Real  # share of the lower ones


class ImageView(NamedTuple):
    """An image; of lanes, one for each lane, all of the same TEXTURE_MANNER."""

    scale_u: Real
    scale_v: Real
    offset_u: Real
    offset_v: Real
    width: Any  # a whole number
    columns: Real  # the same
    lines: Real
    first: Any  # element of its pixels
    values: Any  # TEXTURE_STORAGE
    wrap: int
    channels: int
    is_nearest: bool
    has_floats: bool


@device
def view_image(scene: SceneView, texture: int) -> ImageView:
    """That of a row of `textures`."""
    codes = texture * layout.TEXTURE_CODES_SIZE
    row = texture * layout.TEXTURE_SIZE
    width = 0 + scene.texture_codes[codes + layout.TEXTURE_WIDTH]
    values = 0 + scene.texture_codes[codes + layout.TEXTURE_STORAGE]
    return ImageView(
        scene.textures[row + layout.TEXTURE_SCALE],
        scene.textures[row + layout.TEXTURE_SCALE + 1],
        scene.textures[row + layout.TEXTURE_OFFSET],
        scene.textures[row + layout.TEXTURE_OFFSET + 1],
        width,
        single(width),
        single(scene.texture_codes[codes + layout.TEXTURE_HEIGHT]),
        0 + scene.texture_codes[codes + layout.TEXTURE_FIRST],
        values,
        0 + scene.texture_codes[codes + layout.TEXTURE_WRAP],
        0 + scene.texture_codes[codes + layout.TEXTURE_CHANNELS],
        scene.texture_codes[codes + layout.TEXTURE_NEAREST] == 1,
        values == layout.TEXEL_FLOATS,
    )


@device
def spread_image(image: ImageView) -> ImageView:
    """The same in all lanes."""
    return ImageView(
        spread_number(image.scale_u),
        spread_number(image.scale_v),
        spread_number(image.offset_u),
        spread_number(image.offset_v),
        spread_word(image.width),
        spread_number(image.columns),
        spread_number(image.lines),
        spread_word(image.first),
        spread_word(image.values),
        image.wrap,
        image.channels,
        image.is_nearest,
        image.has_floats,
    )


@device
def view_images(scene: SceneView, textures: Any, one: ImageView) -> ImageView:
    """Those of lanes of rows; `one` is that of a lane."""
    codes = textures * layout.TEXTURE_CODES_SIZE
    row = textures * layout.TEXTURE_SIZE
    width = gather(scene.texture_codes, codes + layout.TEXTURE_WIDTH)
    return ImageView(
        gather(scene.textures, row + layout.TEXTURE_SCALE),
        gather(scene.textures, row + (layout.TEXTURE_SCALE + 1)),
        gather(scene.textures, row + layout.TEXTURE_OFFSET),
        gather(scene.textures, row + (layout.TEXTURE_OFFSET + 1)),
        width,
        as_floats(width),
        as_floats(gather(scene.texture_codes, codes + layout.TEXTURE_HEIGHT)),
        gather(scene.texture_codes, codes + layout.TEXTURE_FIRST),
        gather(scene.texture_codes, codes + layout.TEXTURE_STORAGE),
        one.wrap,
        one.channels,
        one.is_nearest,
        one.has_floats,
    )


@device
def find_pixels(image: ImageView, u: Real, v: Real) -> Pixels:
    """Where to look in an image: v points up, rows count from the top.

    If the nearest pixel is wanted, all four are that one.
    """
    u = u * image.scale_u + image.offset_u
    v = v * image.scale_v + image.offset_v
    along = image.wrap & layout.WRAP_MASK
    up = image.wrap >> layout.WRAP_BITS
    near = lanes_abs(u) + lanes_abs(v) < _NEAR
    if not in_all_lanes(near):
        u = choose(near, u, _brought_near(u, along))
        v = choose(near, v, _brought_near(v, up))
    width = image.width
    columns = image.columns
    lines = image.lines
    x = u * columns
    y = (1.0 - v) * lines
    if image.is_nearest:
        column = whole(_wrap(lanes_floor(x), columns, along))
        only = whole(_wrap(lanes_floor(y), lines, up)) * width + column
        return Pixels(only, only, only, only, alike(0.0, u), alike(0.0, u))
    left = lanes_floor(x - 0.5)
    top = lanes_floor(y - 0.5)
    first = whole(_wrap(left, columns, along))
    second = whole(_wrap(left + 1.0, columns, along))
    upper = whole(_wrap(top, lines, up)) * width
    lower = whole(_wrap(top + 1.0, lines, up)) * width
    return Pixels(
        upper + first,
        upper + second,
        lower + first,
        lower + second,
        x - 0.5 - left,
        y - 0.5 - top,
    )


@device
def blend_pixels(scene: SceneView, image: ImageView, pixels: Pixels) -> Vec3:
    """Four pixels by their distance; of lanes, lanes."""
    if image.is_nearest:
        return _pixel(scene, image, _word(scene, image, pixels.upper_left), pixels.upper_left)
    # Those of both lines before any is decoded: so one does not wait for both, one after the other.
    upper_left = _word(scene, image, pixels.upper_left)
    lower_left = _word(scene, image, pixels.lower_left)
    upper_right = _word(scene, image, pixels.upper_right)
    lower_right = _word(scene, image, pixels.lower_right)
    upper = _pixel(scene, image, upper_left, pixels.upper_left) * (1.0 - pixels.across)
    upper = upper + _pixel(scene, image, upper_right, pixels.upper_right) * pixels.across
    lower = _pixel(scene, image, lower_left, pixels.lower_left) * (1.0 - pixels.across)
    lower = lower + _pixel(scene, image, lower_right, pixels.lower_right) * pixels.across
    return upper * (1.0 - pixels.down) + lower * pixels.down


@device
def _brought_near(x: Real, wrap: int) -> Real:
    """A coordinate of a picture at which the same is seen, near enough to tell pixels apart.

    0 where `x` is no number.
    """
    if wrap == layout.WRAP_REPEAT or wrap == layout.WRAP_MIRROR:
        return choose(lanes_abs(x) < _ALL_EVEN, x - 2.0 * lanes_floor(0.5 * x), 0.0)
    beyond = choose(x > 2.0, 2.0, choose(x < -2.0, -1.0, 0.0))
    return choose(lanes_abs(x) <= 2.0, x, beyond)


@device
def _wrap(index: Real, size: float, wrap: int) -> Real:
    """The column (or line) of a picture that is seen at another one, or beyond its rim.

    All are whole numbers, which float32 has exactly up to 2^24.
    """
    if wrap == layout.WRAP_CLAMP:
        return lanes_min(lanes_max(index, 0.0), size - 1.0)
    period = 2.0 * size if wrap == layout.WRAP_MIRROR else size
    rest = index - lanes_floor(index * (1.0 / period)) * period
    rest = rest + choose(rest < 0.0, period, 0.0)  # the quotient was rounded
    rest = rest - choose(rest >= period, period, 0.0)
    rest = lanes_min(lanes_max(rest, 0.0), period - 1.0)
    return choose(rest < size, rest, period - 1.0 - rest)


@device
def _word(scene: SceneView, image: ImageView, place: Any) -> Any:
    """The bytes of a pixel by its place among all of a picture; of lanes of places, lanes."""
    if image.has_floats:
        return place
    return gather(scene.texel_bytes, place * image.channels + image.first)


@device
def _pixel(scene: SceneView, image: ImageView, word: Any, place: Any) -> Vec3:
    """What a pixel says, of which `_word` is known; of lanes of places, lanes."""
    middle = image.channels >> 1  # 0 or 1 on
    last = image.channels - 1
    if image.has_floats:
        at = place * image.channels + image.first
        return vec3(
            gather(scene.texels, at),
            gather(scene.texels, at + middle),
            gather(scene.texels, at + last),
        )
    return vec3(
        gather(scene.texels, (word & 255) + image.values),
        gather(scene.texels, ((word >> (8 * middle)) & 255) + image.values),
        gather(scene.texels, ((word >> (8 * last)) & 255) + image.values),
    )
