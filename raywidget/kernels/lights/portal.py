"""Portals: openings through which a room sees the sky, and directions that are drawn through them.

Bitterli, Novak and Jarosz 2015, "Portal-masked environment map sampling": in coordinates in which
every line along a portal's sides is a line of constant x or y, what is seen through it from any
point is a rectangle. So a table of sums over such a map gives how much light comes through, and
draws directions by it. The coordinates here are those of planes at distance 1 across the portal,
t / (1 + |t|) instead of the angle of t, which needs no trigonometry.

What other openings let in is found by scattering and, of an image, by drawing from all of it: both
are weighed by density. So portals change the noise, and never the mean. The peaks of an image, such
as the sun, are smaller than cells of a map. They are left out of it, and in a second one, which
tells whether they are seen through a portal: from there, most samples go to all of the image.
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.sampling import INV_PI, sample_sphere
from raywidget.kernels.language.scalars import index_below, single
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3, normalize, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.environment import (
    EnvironmentSample,
    eval_environment,
    is_image,
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

    left: float
    low: float
    right: float
    high: float
    light: float  # that comes through it; 0: it is not seen


@device
def is_sought_whole(scene: SceneView) -> bool:
    """Does sampling lights find the environment in all directions?"""
    return scene.environment[layout.ENVIRONMENT_LIGHT] >= 0.0 and is_image(scene)


@device
def _squeezed(t: float, depth: float) -> float:
    """The coordinate, from 0 to 1, of a direction that goes `t` aside and `depth` across."""
    return 0.5 + 0.5 * t / (depth + abs(t))


@device
def _cells(scene: SceneView, portal: int) -> int:
    return int(scene.portals[portal * layout.PORTAL_SIZE + layout.PORTAL_CELLS])


@device
def _first(scene: SceneView, portal: int) -> int:
    """Where the sums of a portal begin."""
    stride = _cells(scene, portal) + 1
    return int(scene.portals[portal * layout.PORTAL_SIZE + layout.PORTAL_MAP]) * stride * stride


@device
def _sum_at(scene: SceneView, first: int, stride: int, x: float, y: float) -> float:
    """What comes from all cells up to a point, in double precision: small parts are differences.

    Within cells it comes evenly. `first` is where the sums begin.
    """
    column = index_below(x, stride - 1)
    row = index_below(y, stride - 1)
    across = x - single(column)
    up = y - single(row)
    at = first + row * stride + column
    sums = scene.portal_sums
    below = sums[at] + (sums[at + 1] - sums[at]) * across
    above = sums[at + stride] + (sums[at + stride + 1] - sums[at + stride]) * across
    return below + (above - below) * up


@device
def _sum_within(scene: SceneView, first: int, stride: int, window: _Window) -> float:
    """What comes through a window."""
    above = _sum_at(scene, first, stride, window.right, window.high)
    above = above - _sum_at(scene, first, stride, window.left, window.high)
    below = _sum_at(scene, first, stride, window.right, window.low)
    below = below - _sum_at(scene, first, stride, window.left, window.low)
    return max(0.0, single(above - below))


@device
def _look(scene: SceneView, portal: int, p: Vec3) -> _Window:
    row = portal * layout.PORTAL_SIZE
    way = load_vec3(scene.portals, row + layout.PORTAL_CORNER) - p
    depth = dot(way, load_vec3(scene.portals, row + layout.PORTAL_OUT))
    if not depth > 0.0:
        return _Window(0.0, 0.0, 0.0, 0.0, 0.0)
    x = dot(way, load_vec3(scene.portals, row + layout.PORTAL_X))
    y = dot(way, load_vec3(scene.portals, row + layout.PORTAL_Y))
    stride = _cells(scene, portal) + 1
    count = single(stride - 1)
    left = _squeezed(x, depth) * count
    right = _squeezed(x + scene.portals[row + layout.PORTAL_WIDTH], depth) * count
    low = _squeezed(y, depth) * count
    high = _squeezed(y + scene.portals[row + layout.PORTAL_HEIGHT], depth) * count
    window = _Window(left, low, right, high, 0.0)
    light = _sum_within(scene, _first(scene, portal), stride, window)
    return _Window(left, low, right, high, light)


class _Views(NamedTuple):
    """What is seen through all portals from a point."""

    light: float  # that comes through them
    share: float  # of the samples that are to go through them; the others go to all of an image
    window: _Window  # one that light comes through


@device
def _look_out(scene: SceneView, p: Vec3) -> _Views:
    light = 0.0
    peaks = 0.0
    window = _Window(0.0, 0.0, 0.0, 0.0, 0.0)
    in_image = is_image(scene)
    for portal in range(scene.portal_count):
        seen = _look(scene, portal, p)
        if seen.light > 0.0:
            light += seen.light
            window = seen
            if in_image:
                stride = _cells(scene, portal) + 1
                behind = _first(scene, portal) + stride * stride
                peaks += _sum_within(scene, behind, stride, seen)
    if not light > 0.0:
        return _Views(0.0, 0.0, window)
    share = 1.0
    if in_image:
        # Where the sun comes in, the image draws it better than cells do.
        share = 1.0 - min(_MOST_SHARE, max(_LEAST_SHARE, peaks / (light + peaks)))
    return _Views(light, share, window)


@device
def _density(scene: SceneView, portal: int, window: _Window, d: Vec3) -> float:
    """What comes from a direction per solid angle, in units of `_Window.light`, if through it."""
    row = portal * layout.PORTAL_SIZE
    depth = dot(d, load_vec3(scene.portals, row + layout.PORTAL_OUT))
    if not depth > _LEAST:
        return 0.0
    x = dot(d, load_vec3(scene.portals, row + layout.PORTAL_X))
    y = dot(d, load_vec3(scene.portals, row + layout.PORTAL_Y))
    cells = _cells(scene, portal)
    count = single(cells)
    across = _squeezed(x, depth) * count
    up = _squeezed(y, depth) * count
    outside = across < window.left or across >= window.right
    if outside or up < window.low or up >= window.high:
        return 0.0
    stride = cells + 1
    at = _first(scene, portal) + index_below(up, cells) * stride + index_below(across, cells)
    sums = scene.portal_sums
    of_cell = (sums[at + stride + 1] - sums[at + stride]) - (sums[at + 1] - sums[at])
    # Solid angle of what is `across` and `up` by 1 / count each.
    wide = depth + abs(x)
    tall = depth + abs(y)
    return max(0.0, single(of_cell)) * count * count * depth / (4.0 * wide * wide * tall * tall)


@device
def _pdf_portals(scene: SceneView, p: Vec3, d: Vec3, views: _Views) -> float:
    """Density with which `_draw_through` draws `d`."""
    if scene.portal_count == 1:
        return _density(scene, 0, views.window, d) / views.light
    total = 0.0
    for portal in range(scene.portal_count):
        window = _look(scene, portal, p)
        if window.light > 0.0:
            total += _density(scene, portal, window, d)
    return total / views.light


class _Taken(NamedTuple):
    """A portal that was chosen."""

    portal: int
    window: _Window
    rest: float  # of the number that chose it, 0 to 1


@device
def _take_portal(scene: SceneView, p: Vec3, views: _Views, u: float) -> _Taken:
    """One of the portals, by the light that comes through them."""
    if scene.portal_count == 1:
        return _Taken(0, views.window, min(u, _BELOW_ONE))
    rest = u * views.light
    portal = 0
    taken = 0.0
    window = _Window(0.0, 0.0, 0.0, 0.0, 0.0)
    for number in range(scene.portal_count):
        seen = _look(scene, number, p)
        if seen.light > 0.0 and (rest >= 0.0 or window.light <= 0.0):
            portal = number
            window = seen
            taken = rest
        rest -= seen.light
    return _Taken(portal, window, min(_BELOW_ONE, max(0.0, taken / window.light)))


@device
def _draw_through(scene: SceneView, p: Vec3, views: _Views, u: float, v: float) -> Vec3:
    """A direction through one of the portals, by the light that comes from there."""
    choice = _take_portal(scene, p, views, u)
    portal = choice.portal
    window = choice.window
    first = _first(scene, portal)
    last = _cells(scene, portal) - 1
    stride = last + 2
    sums = scene.portal_sums

    # --- Column, and where in it: among sums between the lower and the upper edge
    near = index_below(window.left, last + 1)
    far = index_below(window.right, last + 1)
    low_row = index_below(window.low, last + 1)
    high_row = index_below(window.high, last + 1)
    low_part = window.low - single(low_row)
    high_part = window.high - single(high_row)
    lower = first + low_row * stride
    upper = first + high_row * stride
    start = _sum_at(scene, first, stride, window.left, window.high)
    start = start - _sum_at(scene, first, stride, window.left, window.low)
    wanted = start + choice.rest * window.light
    while near < far:
        middle = (near + far + 1) >> 1
        at = upper + middle
        above = sums[at] + (sums[at + stride] - sums[at]) * high_part
        at = lower + middle
        below = sums[at] + (sums[at + stride] - sums[at]) * low_part
        if above - below <= wanted:
            near = middle
        else:
            far = middle - 1
    left = max(window.left, single(near))
    right = min(window.right, single(near + 1))
    before = _sum_at(scene, first, stride, left, window.high)
    before = before - _sum_at(scene, first, stride, left, window.low)
    after = _sum_at(scene, first, stride, right, window.high)
    after = after - _sum_at(scene, first, stride, right, window.low)
    share = single((wanted - before) / max(after - before, _LEAST * window.light))
    across = left + min(1.0, max(0.0, share)) * (right - left)

    # --- Row, in the same way, in the whole width of the column
    column = first + near
    at = column + low_row * stride
    below = sums[at + 1] - sums[at]
    start = below + ((sums[at + stride + 1] - sums[at + stride]) - below) * low_part
    at = column + high_row * stride
    above = sums[at + 1] - sums[at]
    whole = above + ((sums[at + stride + 1] - sums[at + stride]) - above) * high_part
    goal = start + min(v, _BELOW_ONE) * (whole - start)
    near = low_row
    far = high_row
    while near < far:
        middle = (near + far + 1) >> 1
        at = column + middle * stride
        if sums[at + 1] - sums[at] <= goal:
            near = middle
        else:
            far = middle - 1
    low = max(window.low, single(near))
    high = min(window.high, single(near + 1))
    at = column + near * stride
    below = sums[at + 1] - sums[at]
    above = sums[at + stride + 1] - sums[at + stride]
    before = below + (above - below) * (low - single(near))
    after = below + (above - below) * (high - single(near))
    share = single((goal - before) / max(after - before, _LEAST * window.light))
    up = low + min(1.0, max(0.0, share)) * (high - low)

    # --- Back into the world
    row = portal * layout.PORTAL_SIZE
    scale = 2.0 / single(last + 1)
    aside = across * scale - 1.0
    rise = up * scale - 1.0
    beside = max(_LEAST, 1.0 - abs(aside))
    beyond = max(_LEAST, 1.0 - abs(rise))
    d = load_vec3(scene.portals, row + layout.PORTAL_X) * (aside * beyond)
    d = d + load_vec3(scene.portals, row + layout.PORTAL_Y) * (rise * beside)
    d = d + load_vec3(scene.portals, row + layout.PORTAL_OUT) * (beside * beyond)
    return normalize(d)


@on_demand
def _draw_beside(scene: SceneView, p: Vec3, u: float, v: float) -> EnvironmentSample:
    """A direction to the environment, through portals or from all of an image; density 0: none."""
    views = _look_out(scene, p)
    share = views.share
    if u >= share:
        if not is_image(scene):
            nothing = vec3(0.0, 0.0, 0.0)
            return EnvironmentSample(vec3(0.0, 0.0, 1.0), 0.0, nothing)
        drawn = sample_image(scene, (u - share) / (1.0 - share), v)
        pdf = (1.0 - share) * drawn.pdf
        if share > 0.0:
            pdf += share * _pdf_portals(scene, p, drawn.wi, views)
        return EnvironmentSample(drawn.wi, pdf, drawn.radiance)
    d = _draw_through(scene, p, views, u / share, v)
    pdf = share * _pdf_portals(scene, p, d, views)
    if is_image(scene):
        pdf += (1.0 - share) * pdf_image(scene, d)
    return EnvironmentSample(d, pdf, eval_environment(scene, d))


@device
def draw_environment(scene: SceneView, p: Vec3, u: float, v: float) -> EnvironmentSample:
    """A direction from a point to an environment that is a row of `lights`."""
    if scene.portal_count > 0:
        return _draw_beside(scene, p, u, v)
    return sample_image(scene, u, v)


@on_demand
def _pdf_beside(scene: SceneView, p: Vec3, d: Vec3) -> float:
    views = _look_out(scene, p)
    pdf = 0.0
    if views.share > 0.0:
        pdf = views.share * _pdf_portals(scene, p, d, views)
    if is_image(scene):
        pdf += (1.0 - views.share) * pdf_image(scene, d)
    return pdf


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
