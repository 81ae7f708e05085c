"""Portals: openings through which a room sees the sky, and directions that are drawn through them.

Bitterli, Novak and Jarosz 2015, "Portal-masked environment map sampling": in coordinates in which
every line along a portal's sides is a line of constant x or y, what is seen through it from any
point is a rectangle. So a table of sums over such a map gives how much light comes through, and
draws directions by it. The coordinates here are those of planes at distance 1 across the portal,
t / (1 + |t|) instead of the angle of t, which needs no trigonometry. Sums are whole numbers:
differences of them are exact, however small a part they are of all.

What other openings let in is found by scattering and, of an image, by drawing from all of it: both
are weighed by density. So portals change the noise, and never the mean. The peaks of an image, such
as the sun, are smaller than cells of a map. They are left out of it, and in a second one, which
tells whether they are seen through a portal: from there, most samples go to all of the image.

All of it is written once for numbers and lanes.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.look_up import in_any_lane, look_up, look_up_four, whole
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, sample_sphere
from raywidget.kernels.language.simd import (
    Real,
    as_floats,
    choose,
    lanes_abs,
    lanes_floor,
    lanes_max,
    lanes_min,
)
from raywidget.kernels.language.vec3 import Vec3, load_vec3, normalize, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.environment import (
    EnvironmentSample,
    Seen,
    draw_from_image,
    eval_environment,
    is_image,
    look_at_image,
    pdf_image,
    sample_image,
)
from raywidget.kernels.lights.light_choice import light_probability

_LEAST_SHARE = 0.1  # of the samples of an image that all of it gets, where a portal is seen
_MOST_SHARE = 0.9
_BELOW_ONE = 1.0 - 2.0**-24
_LEAST = 1e-12


class _Window(NamedTuple):
    """What is seen through a portal from a point, in cells of its map."""

    left: Real
    low: Real
    right: Real
    high: Real
    light: Real  # that comes through it; 0: it is not seen


class _Place(NamedTuple):
    """A coordinate of a map."""

    cell: Real  # whole numbers
    part: Real  # of the cell that lies before it, 0 to 1


class _Corners(NamedTuple):
    """The sums up to the corners of a cell: whole numbers."""

    left_low: Any
    right_low: Any
    left_high: Any
    right_high: Any


class _Rows(NamedTuple):
    """The rows of a window, and sums from which others are told, in whole numbers.

    What is left of them is as small as what comes through the window, and exact.
    """

    low_row: Real
    high_row: Real
    low_part: Real  # of the first and the last row, that lies below the edge
    high_part: Real
    low: Any  # above the first row, above all but the last, above the last
    high: Any
    top: Any


class _Span(NamedTuple):
    """What comes from a window's cells before a column or a row, and with it."""

    before: Real
    after: Real


@device
def _along(scene: SceneView, portal: Any, column: int, v: Vec3) -> Real:
    """A coordinate of `v` along a direction of a portal's row."""
    x = look_up(scene.portals, portal, layout.PORTAL_SIZE, column)
    y = look_up(scene.portals, portal, layout.PORTAL_SIZE, column + 1)
    z = look_up(scene.portals, portal, layout.PORTAL_SIZE, column + 2)
    return v.x * x + v.y * y + v.z * z


@device
def _of_portal(scene: SceneView, portal: Any, column: int) -> Real:
    return look_up(scene.portals, portal, layout.PORTAL_SIZE, column)


@device
def _cells(scene: SceneView) -> float:
    """Of a map each way: the same of all."""
    return scene.portals[layout.PORTAL_CELLS]


@device
def _first(scene: SceneView, portal: Any) -> Any:
    """The first cell of a portal's map; peaks of an image are in the next one."""
    count = int(_cells(scene))
    return whole(_of_portal(scene, portal, layout.PORTAL_MAP)) * (count * count)


@device
def _squeezed(t: Real, depth: Real) -> Real:
    """The coordinate, from 0 to 1, of a direction that goes `t` aside and `depth` across."""
    return 0.5 + 0.5 * t / (depth + lanes_abs(t))


@device
def _clamp(x: Real, lowest: Real, highest: Real) -> Real:
    """`x` within bounds, whatever it is: indices made of it exist."""
    return lanes_max(lanes_min(x, highest), lowest)


@device
def _place(scene: SceneView, x: Real) -> _Place:
    cell = _clamp(lanes_floor(x), 0.0, _cells(scene) - 1.0)
    return _Place(cell, x - cell)


@device
def _corners(scene: SceneView, first: Any, row: Real, column: Real) -> _Corners:
    cell = first + (whole(row) * int(_cells(scene)) + whole(column))
    left_low, right_low, left_high, right_high = look_up_four(scene.portal_sums, cell)
    return _Corners(left_low, right_low, left_high, right_high)


@device
def _rows(scene: SceneView, first: Any, low: _Place, high: _Place, column: Real) -> _Rows:
    """The rows of a window that begins in a column."""
    below = _corners(scene, first, low.cell, column)
    above = _corners(scene, first, high.cell, column)
    base = below.left_low
    return _Rows(
        low.cell,
        high.cell,
        low.part,
        high.part,
        below.left_high - base,
        above.left_low - base,
        above.left_high - base,
    )


@device
def _in_rows(rows: _Rows, bottom: Any, low: Any, high: Any, top: Any) -> Real:
    """What comes from columns of a window, by sums at their end; within cells it comes evenly."""
    below = as_floats(low - bottom - rows.low)
    upper = as_floats(high - bottom - rows.high)
    above = as_floats(top - bottom - rows.top)
    return upper + rows.high_part * (above - upper) - rows.low_part * below


@device
def _column(scene: SceneView, first: Any, rows: _Rows, column: Real) -> _Span:
    """What comes from the columns of a window up to one of them."""
    low = _corners(scene, first, rows.low_row, column)
    high = _corners(scene, first, rows.high_row, column)
    return _Span(
        _in_rows(rows, low.left_low, low.left_high, high.left_low, high.left_high),
        _in_rows(rows, low.right_low, low.right_high, high.right_low, high.right_high),
    )


@device
def _row(scene: SceneView, first: Any, base: Any, row: Real, column: Real) -> _Span:
    """What comes from the rows of one column up to one of them; `base` is where they begin."""
    corners = _corners(scene, first, row, column)
    return _Span(
        as_floats(corners.right_low - corners.left_low - base),
        as_floats(corners.right_high - corners.left_high - base),
    )


@device
def _within(scene: SceneView, first: Any, window: _Window) -> Real:
    """What comes through a window, in units of its map."""
    left = _place(scene, window.left)
    right = _place(scene, window.right)
    low = _place(scene, window.low)
    high = _place(scene, window.high)
    rows = _rows(scene, first, low, high, left.cell)
    start = left.part * _column(scene, first, rows, left.cell).after
    last = _column(scene, first, rows, right.cell)
    return lanes_max(last.before + right.part * (last.after - last.before) - start, 0.0)


@device
def _look(scene: SceneView, portal: Any, p: Vec3) -> _Window:
    way = vec3(
        _of_portal(scene, portal, layout.PORTAL_CORNER) - p.x,
        _of_portal(scene, portal, layout.PORTAL_CORNER + 1) - p.y,
        _of_portal(scene, portal, layout.PORTAL_CORNER + 2) - p.z,
    )
    depth = _along(scene, portal, layout.PORTAL_OUT, way)
    is_before = depth > 0.0
    depth = choose(is_before, depth, 1.0)
    x = _along(scene, portal, layout.PORTAL_X, way)
    y = _along(scene, portal, layout.PORTAL_Y, way)
    count = _cells(scene)
    left = _squeezed(x, depth) * count
    right = _squeezed(x + _of_portal(scene, portal, layout.PORTAL_WIDTH), depth) * count
    low = _squeezed(y, depth) * count
    high = _squeezed(y + _of_portal(scene, portal, layout.PORTAL_HEIGHT), depth) * count
    window = _Window(left, low, right, high, depth * 0.0)
    if not in_any_lane(is_before):
        return window
    light = _within(scene, _first(scene, portal), window)
    light = light * _of_portal(scene, portal, layout.PORTAL_UNIT)
    return _Window(left, low, right, high, choose(is_before, light, 0.0))


class _Views(NamedTuple):
    """What is seen through all portals from a point."""

    light: Real  # that comes through them
    share: Real  # of the samples that are to go through them; the others go to all of an image
    window: _Window  # of the only portal, if there is but one


@device
def _look_out(scene: SceneView, p: Vec3) -> _Views:
    none = p.x * 0.0
    light = none
    peaks = none
    window = _Window(none, none, none, none, none)
    in_image = is_image(scene)
    count = int(_cells(scene))
    for portal in range(scene.portal_count):
        window = _look(scene, portal, p)
        light = light + window.light
        if in_image and scene.portals[portal * layout.PORTAL_SIZE + layout.PORTAL_PEAK_UNIT] > 0.0:
            if in_any_lane(window.light > 0.0):
                bright = _within(scene, _first(scene, portal) + count * count, window)
                bright = bright * _of_portal(scene, portal, layout.PORTAL_PEAK_UNIT)
                peaks = peaks + choose(window.light > 0.0, bright, 0.0)
    share = none + 1.0
    if in_image:
        # Where the sun comes in, the image draws it better than cells do.
        share = 1.0 - _clamp(peaks / (light + peaks), _LEAST_SHARE, _MOST_SHARE)
    return _Views(light, choose(light > 0.0, share, 0.0), window)


@device
def _density(scene: SceneView, portal: Any, window: _Window, d: Vec3) -> Real:
    """What comes from a direction per solid angle, in units of `_Window.light`, if through it."""
    depth = _along(scene, portal, layout.PORTAL_OUT, d)
    is_beyond = depth > _LEAST
    depth = choose(is_beyond, depth, 1.0)
    x = _along(scene, portal, layout.PORTAL_X, d)
    y = _along(scene, portal, layout.PORTAL_Y, d)
    count = _cells(scene)
    across = _squeezed(x, depth) * count
    up = _squeezed(y, depth) * count
    within = is_beyond & (window.light > 0.0)
    within = within & (across >= window.left) & (across < window.right)
    within = within & (up >= window.low) & (up < window.high)
    if not in_any_lane(within):
        return depth * 0.0
    row = _place(scene, up).cell
    column = _place(scene, across).cell
    corners = _corners(scene, _first(scene, portal), row, column)
    below = corners.right_low - corners.left_low
    of_cell = as_floats(corners.right_high - corners.left_high - below)
    of_cell = of_cell * _of_portal(scene, portal, layout.PORTAL_UNIT)
    # Solid angle of what is `across` and `up` by 1 / count each.
    wide = depth + lanes_abs(x)
    tall = depth + lanes_abs(y)
    area = 4.0 * wide * wide * tall * tall
    return choose(within, of_cell * (count * count) * depth / area, 0.0)


@device
def _pdf_portals(scene: SceneView, p: Vec3, d: Vec3, views: _Views) -> Real:
    """Density with which `_draw_through` draws `d`."""
    total = p.x * 0.0
    window = views.window
    for portal in range(scene.portal_count):
        if scene.portal_count > 1:
            window = _look(scene, portal, p)
        total = total + _density(scene, portal, window, d)
    return choose(views.light > 0.0, total / views.light, 0.0)


class _Taken(NamedTuple):
    """A portal that was chosen."""

    portal: Real  # its row
    window: _Window
    rest: Real  # of the number that chose it, 0 to 1


@device
def _take_portal(scene: SceneView, p: Vec3, views: _Views, u: Real) -> _Taken:
    """One of the portals, by the light that comes through them."""
    taken = p.x * 0.0
    window = views.window
    if scene.portal_count == 1:
        return _Taken(taken, window, _clamp(u, 0.0, _BELOW_ONE))
    rest = u * views.light
    start = taken
    left, low, right, high, light = taken, taken, taken, taken, taken
    for portal in range(scene.portal_count):
        seen = _look(scene, portal, p)
        takes = (seen.light > 0.0) & ((rest >= 0.0) | (light <= 0.0))
        taken = choose(takes, 1.0 * portal, taken)
        left = choose(takes, seen.left, left)
        low = choose(takes, seen.low, low)
        right = choose(takes, seen.right, right)
        high = choose(takes, seen.high, high)
        light = choose(takes, seen.light, light)
        start = choose(takes, rest, start)
        rest = rest - seen.light
    window = _Window(left, low, right, high, light)
    return _Taken(taken, window, _clamp(start / light, 0.0, _BELOW_ONE))


@device
def _draw_through(scene: SceneView, p: Vec3, views: _Views, u: Real, v: Real) -> Vec3:
    """A direction through one of the portals, by the light that comes from there."""
    choice = _take_portal(scene, p, views, u)
    portal = whole(choice.portal)
    window = choice.window
    first = _first(scene, portal)
    left = _place(scene, window.left)
    right = _place(scene, window.right)
    low = _place(scene, window.low)
    high = _place(scene, window.high)

    # --- Column, and where in it
    rows = _rows(scene, first, low, high, left.cell)
    start = left.part * _column(scene, first, rows, left.cell).after
    light = window.light / _of_portal(scene, portal, layout.PORTAL_UNIT)
    goal = start + choice.rest * light
    near = left.cell
    far = right.cell
    while in_any_lane(near < far):
        middle = lanes_floor((near + far + 1.0) * 0.5)
        passes = _column(scene, first, rows, middle).before <= goal
        near, far = choose(passes, middle, near), choose(passes, far, middle - 1.0)
        far = lanes_max(near, far)
    column = near
    span = _column(scene, first, rows, column)
    across = column + (goal - span.before) / lanes_max(span.after - span.before, _LEAST)
    across = _clamp(across, lanes_max(window.left, column), lanes_min(window.right, column + 1.0))

    # --- Row, in the same way, in the whole width of the column
    corners = _corners(scene, first, low.cell, column)
    base = corners.right_low - corners.left_low
    start = low.part * _row(scene, first, base, low.cell, column).after
    last = _row(scene, first, base, high.cell, column)
    end = last.before + high.part * (last.after - last.before)
    goal = start + lanes_min(v, _BELOW_ONE) * (end - start)
    near = low.cell
    far = high.cell
    while in_any_lane(near < far):
        middle = lanes_floor((near + far + 1.0) * 0.5)
        passes = _row(scene, first, base, middle, column).before <= goal
        near, far = choose(passes, middle, near), choose(passes, far, middle - 1.0)
        far = lanes_max(near, far)
    span = _row(scene, first, base, near, column)
    up = near + (goal - span.before) / lanes_max(span.after - span.before, _LEAST)
    up = _clamp(up, lanes_max(window.low, near), lanes_min(window.high, near + 1.0))

    # --- Back into the world
    scale = 2.0 / _cells(scene)
    aside = across * scale - 1.0
    rise = up * scale - 1.0
    beside = lanes_max(_LEAST, 1.0 - lanes_abs(aside))
    beyond = lanes_max(_LEAST, 1.0 - lanes_abs(rise))
    aside = aside * beyond
    rise = rise * beside
    out = beside * beyond
    return normalize(
        vec3(
            _mixed(scene, portal, 0, aside, rise, out),
            _mixed(scene, portal, 1, aside, rise, out),
            _mixed(scene, portal, 2, aside, rise, out),
        )
    )


@device
def _mixed(scene: SceneView, portal: Any, axis: int, x: Real, y: Real, out: Real) -> Real:
    """An axis of the world of what is said along a portal's sides and across it."""
    x = x * _of_portal(scene, portal, layout.PORTAL_X + axis)
    y = y * _of_portal(scene, portal, layout.PORTAL_Y + axis)
    return x + y + out * _of_portal(scene, portal, layout.PORTAL_OUT + axis)


@device
def _look_at_sky(scene: SceneView, d: Vec3) -> Seen:
    """What comes from direction `d`, and the density with which an image draws it."""
    if is_image(scene):
        return look_at_image(scene, d)
    top = load_vec3(scene.environment, layout.ENVIRONMENT_TOP)
    bottom = load_vec3(scene.environment, layout.ENVIRONMENT_BOTTOM)
    height = d.x * 0.0 + 1.0
    if int(scene.environment[layout.ENVIRONMENT_KIND]) == layout.GRADIENT:
        at = layout.ENVIRONMENT_FROM_WORLD + 3
        axis = load_vec3(scene.environment, at)
        height = 0.5 * (axis.x * d.x + axis.y * d.y + axis.z * d.z + 1.0)
    rest = 1.0 - height
    radiance = vec3(
        top.x * height + bottom.x * rest,
        top.y * height + bottom.y * rest,
        top.z * height + bottom.z * rest,
    )
    return Seen(radiance, height * 0.0)


@rare
@device
def draw_beside(scene: SceneView, p: Vec3, u: Real, v: Real) -> EnvironmentSample:
    """A direction to the environment, through portals or from all of an image; density 0: none.

    Of points and numbers in lanes, lanes.
    """
    views = _look_out(scene, p)
    share = views.share
    through = u < share
    none = p.x * 0.0
    d = vec3(none, none, none + 1.0)
    if in_any_lane(through):
        d = _draw_through(scene, p, views, u / choose(share > 0.0, share, 1.0), v)
    if is_image(scene) and in_any_lane(u >= share):
        drawn = draw_from_image(scene, (u - share) / (1.0 - share), v).wi
        d = vec3(
            choose(through, d.x, drawn.x),
            choose(through, d.y, drawn.y),
            choose(through, d.z, drawn.z),
        )
    seen = _look_at_sky(scene, d)
    pdf = share * _pdf_portals(scene, p, d, views) + (1.0 - share) * seen.pdf
    return EnvironmentSample(d, pdf, seen.radiance)


@rare
@device
def look_beside(scene: SceneView, p: Vec3, d: Vec3) -> Seen:
    """What comes from direction `d`, and the density with which `draw_beside` draws it."""
    views = _look_out(scene, p)
    seen = _look_at_sky(scene, d)
    pdf = views.share * _pdf_portals(scene, p, d, views) + (1.0 - views.share) * seen.pdf
    return Seen(seen.radiance, pdf)


@on_demand
def _draw_one_beside(scene: SceneView, p: Vec3, u: float, v: float) -> EnvironmentSample:
    return draw_beside(scene, p, u, v)


@device
def draw_environment(scene: SceneView, p: Vec3, u: float, v: float) -> EnvironmentSample:
    """A direction from a point to an environment that is a row of `lights`."""
    if scene.portal_count > 0:
        return _draw_one_beside(scene, p, u, v)
    return sample_image(scene, u, v)


@on_demand
def _pdf_beside(scene: SceneView, p: Vec3, d: Vec3) -> float:
    return look_beside(scene, p, d).pdf


@device
def pdf_environment(scene: SceneView, p: Vec3, n: Vec3, d: Vec3) -> float:
    """Density with which `emitter.sample_light` at `p` draws direction `d` to the environment."""
    light = int(scene.environment[layout.ENVIRONMENT_LIGHT])
    if light < 0:
        return 0.0
    probability = light_probability(scene, p, n, light)
    if scene.portal_count > 0:
        return probability * _pdf_beside(scene, p, d)
    return probability * pdf_image(scene, d)


# --- All directions, whatever stands in between: where light comes from that is sent out ----------


@on_demand
def sample_sky(scene: SceneView, u: float, v: float) -> EnvironmentSample:
    """A direction to an environment that is a row of `lights`."""
    if is_image(scene):
        return sample_image(scene, u, v)
    wi = sample_sphere(u, v)
    return EnvironmentSample(wi, 0.25 * INV_PI, eval_environment(scene, wi))


@on_demand
def pdf_sky(scene: SceneView, d: Vec3) -> float:
    """Density with which `sample_sky` draws it."""
    return pdf_image(scene, d) if is_image(scene) else 0.25 * INV_PI
