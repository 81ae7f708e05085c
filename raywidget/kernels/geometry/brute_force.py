"""Scenes of a few primitives: `WIDTH` rays at once against one of them after the other.

Scenes of more have the large ones tested so (`compiler.geometry.apart`), before each ray walks
through the tree of the rest.

A tree over so few costs more than it saves: each ray walks it alone, and most of the time goes
into finding out where to go. Here nothing branches, and all lanes work for any rays.
"""

from __future__ import annotations

from typing import Any

from raywidget.kernels import layout
from raywidget.kernels.geometry.intersect import (
    intersect_large_round,
    intersect_round,
    load_round,
)
from raywidget.kernels.language.buffers import make_stack_array
from raywidget.kernels.language.double import ball_quadratic
from raywidget.kernels.language.jit import device, rare
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.simd import (
    WIDTH,
    Lanes,
    Real,
    choose,
    copy_sign,
    flip_sign,
    lane_mask,
    lanes_abs,
    lanes_in,
    lanes_max,
    lanes_min,
    lanes_sqrt,
    load_lanes,
    spread_number,
    spread_word,
    store_lanes,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, dot
from raywidget.kernels.layout import SceneView

_INFINITY = float("inf")
_make_numbers = make_stack_array(types.float32, 2 * WIDTH)
_make_words = make_stack_array(types.int32, WIDTH)
_FAR = 1e18  # times a component that is 0, it stays a number
_FAR_SLACK = 1.000001  # more than rounding can amount to, see `traverse`


@device
def _test_flat(few: Any, row: int, o: Vec3, d: Vec3) -> tuple[Lanes, Lanes, Lanes, Lanes, Lanes]:
    """One flat: (inside, t, u, v, size), the last four as in `intersect.intersect_flats`.

    The table has normals of unit length and edges divided by the area, so that `size` is a cosine:
    products of it with distances neither overflow nor vanish.
    """
    corner_x = few[row] - o.x
    corner_y = few[row + 1] - o.y
    corner_z = few[row + 2] - o.z
    at = row + layout.FEW_NORMAL
    facing = few[at] * d.x + few[at + 1] * d.y + few[at + 2] * d.z
    t = few[at] * corner_x + few[at + 1] * corner_y + few[at + 2] * corner_z
    side_x = corner_y * d.z - corner_z * d.y
    side_y = corner_z * d.x - corner_x * d.z
    side_z = corner_x * d.y - corner_y * d.x
    at = row + layout.FEW_ACROSS_U
    u = few[at] * side_x + few[at + 1] * side_y + few[at + 2] * side_z
    at = row + layout.FEW_ACROSS_V
    v = few[at] * side_x + few[at + 1] * side_y + few[at + 2] * side_z
    size = lanes_abs(facing)
    u = flip_sign(u, facing)
    v = flip_sign(v, facing)
    t = flip_sign(t, facing)
    bound = lanes_max(lanes_max(u, v), few[row + layout.FEW_SHEAR] * (u + v))
    return (lanes_min(u, v) >= 0.0) & (bound <= size) & (t > 0.0), t, u, v, size


@device
def _test_ball(
    scene: SceneView, row: int, o: Vec3, d: Vec3, size: Lanes
) -> tuple[Lanes, Lanes, Lanes]:
    """One ball: (hit, t, size), as in `intersect.intersect_balls`; the distance is t / size.

    `size` is d * d.
    """
    per_square = 1.0 / size  # the same for all balls
    few = scene.few_balls
    if few[row + layout.FEW_BALL_RADIUS] > scene.large_radius:
        large, t = _test_large_ball(scene, row, o, d, per_square)
        return large, t, spread_number(1.0)
    fx = o.x - few[row]
    fy = o.y - few[row + 1]
    fz = o.z - few[row + 2]
    square = few[row + layout.FEW_BALL_SQUARE]
    b = 0.0 - (fx * d.x + fy * d.y + fz * d.z)
    nearest = b * per_square
    lx = fx + nearest * d.x
    ly = fy + nearest * d.y
    lz = fz + nearest * d.z
    discriminant = square - (lx * lx + ly * ly + lz * lz)
    # The roots are c / q and q / d*d: the nearer one of those that are ahead. They are told as
    # fractions: a division by q would take a third of the test.
    q = b + copy_sign(lanes_sqrt(discriminant * size), b)
    c = fx * fx + fy * fy + fz * fz - square
    is_ahead = b > 0.0
    is_outside = c > 0.0
    by_first = (is_ahead & is_outside) | ((b <= 0.0) & (c < 0.0))
    hit = (discriminant > 0.0) & (is_ahead | (c < 0.0))
    t = choose(by_first, lanes_abs(c), q * per_square)
    return hit & (t > 0.0), t, choose(by_first, lanes_abs(q), 1.0)


@rare
@device
def _test_large_ball(
    scene: SceneView, row: int, o: Vec3, d: Vec3, per_square: Lanes
) -> tuple[Lanes, Lanes]:
    """The same, with an equation that is set up in double precision (see `double`)."""
    few = scene.few_balls
    b, c, discriminant = ball_quadratic(
        o.x,
        o.y,
        o.z,
        few[row],
        few[row + 1],
        few[row + 2],
        few[row + layout.FEW_BALL_RADIUS],
        d.x,
        d.y,
        d.z,
    )
    q = b + copy_sign(lanes_sqrt(discriminant), b)
    t0 = c / q
    t1 = q * per_square
    near = lanes_min(t0, t1)
    t = choose(near > 0.0, near, lanes_max(t0, t1))
    return (discriminant > 0.0) & (t > 0.0), t


@device
def find_closest_of_few(scene: SceneView, o: Vec3, d: Vec3) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """As `traverse.find_closest`: (t, u, v, slot) of each lane.

    Distances are compared as fractions, t / size, and divided once in the end.
    """
    t = spread_number(_INFINITY)
    size = spread_number(1.0)
    u = spread_number(0.0)
    v = spread_number(0.0)
    slot = spread_word(layout.MISS)
    for flat in range(scene.few_flat_count):
        row = flat * layout.FEW_SIZE
        inside, new_t, new_u, new_v, new_size = _test_flat(scene.few_flats, row, o, d)
        nearer = inside & (new_t * size < t * new_size)
        t = choose(nearer, new_t, t)
        u = choose(nearer, new_u, u)
        v = choose(nearer, new_v, v)
        size = choose(nearer, new_size, size)
        slot = choose(nearer, scene.few_flat_slots[row + layout.FEW_SLOT], slot)
    square = dot(d, d)
    for ball in range(scene.few_ball_count):
        row = ball * layout.FEW_BALL_SIZE
        inside, new_t, new_size = _test_ball(scene, row, o, d, square)
        nearer = inside & (new_t * size < t * new_size)
        t = choose(nearer, new_t, t)
        size = choose(nearer, new_size, size)
        slot = choose(nearer, scene.few_ball_slots[row + layout.FEW_BALL_SLOT], slot)
    per_size = 1.0 / size
    t = t * per_size
    u = u * per_size
    if scene.few_round_count > 0:
        numbers = _make_numbers()
        words = _make_words()
        store_lanes(numbers, 0, t)
        store_lanes(numbers, WIDTH, u)
        store_lanes(words, 0, slot)
        _meet_rounds(scene, o, d, numbers, words)
        t = load_lanes(numbers, 0)
        u = load_lanes(numbers, WIDTH)
        slot = load_lanes(words, 0)
    return t, u, v * per_size, slot


@on_demand
def _meet_rounds(scene: SceneView, o: Vec3, d: Vec3, numbers: Any, words: Any) -> None:
    """Rounds that are nearer than what is known: t and face in `numbers`, slots in `words`."""
    t = load_lanes(numbers, 0)
    face = load_lanes(numbers, WIDTH)
    slot = load_lanes(words, 0)
    for number in range(scene.few_round_count):
        hits, new_t, new_face = _test_round(scene, number, o, d, t)
        t = choose(hits, new_t, t)
        face = choose(hits, new_face, face)
        slot = choose(hits, layout.ROUND_SLOT + number, slot)
    store_lanes(numbers, 0, t)
    store_lanes(numbers, WIDTH, face)
    store_lanes(words, 0, slot)


@on_demand
def _find_behind_rounds(scene: SceneView, o: Vec3, d: Vec3, t_max: Lanes) -> int:
    """The lanes whose rays meet a round."""
    mask = 0
    for number in range(scene.few_round_count):
        hits, _, _ = _test_round(scene, number, o, d, t_max)
        mask |= lane_mask(hits)
    return mask


@device
def _test_round(
    scene: SceneView, number: int, o: Vec3, d: Vec3, t_max: Lanes
) -> tuple[Lanes, Lanes, Lanes]:
    part = load_round(scene.rounds, number)
    if part.height + max(part.base_radius, part.top_radius) > scene.large_radius:
        return intersect_large_round(part, o, d, t_max)
    return intersect_round(part, o, d, t_max)


@device
def find_near_rest(scene: SceneView, o: Vec3, d: Vec3, t_max: Lanes) -> int:
    """The lanes whose rays come near what is not in the lists, closer than `t_max`."""
    at = layout.NODE_REST + 1
    nodes = scene.nodes
    x_in, x_out = _between(nodes[at], nodes[at + 3], o.x, d.x)
    y_in, y_out = _between(nodes[at + 1], nodes[at + 4], o.y, d.y)
    z_in, z_out = _between(nodes[at + 2], nodes[at + 5], o.z, d.z)
    enter = lanes_max(lanes_max(x_in, y_in), lanes_max(z_in, 0.0))
    leave = lanes_min(lanes_min(x_out, y_out), lanes_min(z_out, t_max))
    return 0 + lane_mask(enter <= leave * _FAR_SLACK)


@device
def _between(low: float, high: float, o: Real, d: Real) -> tuple[Lanes, Lanes]:
    """Where rays are between two planes; their reciprocals stay finite."""
    per_d = choose(lanes_abs(d) > 1e-18, 1.0 / d, copy_sign(spread_number(1e18), d))
    first = (low - o) * per_d
    last = (high - o) * per_d
    return lanes_min(first, last), lanes_max(first, last)


@device
def _is_behind_box(boxes: Any, row: int, o: Vec3, d: Vec3, reach: Lanes) -> Lanes:
    """Do rays pass through a face of a box? A third of what its six faces cost as flats.

    By separating axes (Gottschalk, Lin and Manocha 1996, "OBBTree", section 5): no division, and
    nothing that fails where a ray lies in a plane.
    """
    from_x = o.x - boxes[row]
    from_y = o.y - boxes[row + 1]
    from_z = o.z - boxes[row + 2]
    at = row + layout.FEW_BOX_ROWS
    x = boxes[at] * from_x + boxes[at + 1] * from_y + boxes[at + 2] * from_z
    y = boxes[at + 3] * from_x + boxes[at + 4] * from_y + boxes[at + 5] * from_z
    z = boxes[at + 6] * from_x + boxes[at + 7] * from_y + boxes[at + 8] * from_z
    step_x = boxes[at] * d.x + boxes[at + 1] * d.y + boxes[at + 2] * d.z
    step_y = boxes[at + 3] * d.x + boxes[at + 4] * d.y + boxes[at + 5] * d.z
    step_z = boxes[at + 6] * d.x + boxes[at + 7] * d.y + boxes[at + 8] * d.z
    size_x = lanes_abs(step_x)
    size_y = lanes_abs(step_y)
    size_z = lanes_abs(step_z)
    meets = lanes_abs(y * step_z - z * step_y) <= size_y + size_z
    meets = meets & (lanes_abs(z * step_x - x * step_z) <= size_z + size_x)
    meets = meets & (lanes_abs(x * step_y - y * step_x) <= size_x + size_y)
    # Where the ray begins and ends, from the side that it comes from: the box is from -1 to 1.
    x = flip_sign(x, step_x)
    y = flip_sign(y, step_y)
    z = flip_sign(z, step_z)
    end_x = x + reach * size_x
    end_y = y + reach * size_y
    end_z = z + reach * size_z
    meets = meets & (lanes_max(lanes_max(x, y), z) < 1.0)
    meets = meets & (lanes_min(lanes_min(end_x, end_y), end_z) > -1.0)
    # Between the faces nothing is hidden. There rays may start on faces without any offset (a floor
    # y = 0), and end at lamps that lie in them.
    outside = boxes[row + layout.FEW_BOX_OUTSIDE]
    starts_outside = lanes_min(lanes_min(x, y), z) <= -outside
    ends_outside = lanes_max(lanes_max(end_x, end_y), end_z) >= outside
    return meets & (starts_outside | ends_outside)


@device
def is_occluded_by_few(scene: SceneView, o: Vec3, d: Vec3, t_max: Lanes, flats: int) -> Lanes:
    """As `traverse.is_occluded`, of each lane; of `few_occluders`, as many as `flats` are asked."""
    occluded = lanes_in(0)
    for flat in range(flats):
        inside, t, _, _, size = _test_flat(scene.few_occluders, flat * layout.FEW_SIZE, o, d)
        occluded = occluded | (inside & (t < t_max * size))
    reach = lanes_min(t_max, _FAR)
    for box in range(scene.few_box_count):
        row = box * layout.FEW_BOX_SIZE
        occluded = occluded | _is_behind_box(scene.few_boxes, row, o, d, reach)
    square = dot(d, d)
    for ball in range(scene.few_ball_count):
        inside, t, size = _test_ball(scene, ball * layout.FEW_BALL_SIZE, o, d, square)
        occluded = occluded | (inside & (t < t_max * size))
    if scene.few_round_count > 0:
        occluded = occluded | lanes_in(_find_behind_rounds(scene, o, d, t_max))
    return occluded
