"""Rays through the tree: the closest hit, and whether anything is in between.

One tree holds the world: its leaves are blocks of flats, of balls, of rounds, and instances. An
instance takes the ray into the object space of a mesh, whose own tree holds flats only. Boxes and
primitives are tested `WIDTH` at a time; children are visited front to back (Wald et al. 2014,
"Embree: a kernel framework for efficient CPU ray tracing", single-ray traversal).
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels import layout
from raywidget.kernels.geometry.beginnings import (
    Beginning,
    ShadowBeginning,
    begin_at,
    begin_shadow_at,
)
from raywidget.kernels.geometry.intersect import (
    BALL_BLOCK,
    FLAT_BLOCK,
    intersect_balls,
    intersect_flats,
    intersect_rounds,
)
from raywidget.kernels.geometry.kept import KeptHit, find_kept_ball, find_kept_round, kept_flats
from raywidget.kernels.geometry.slopes import INFINITY, box_distances, is_sound, ray_slopes
from raywidget.kernels.language.buffers import CACHE_LINE, address_of, make_stack_array, prefetch
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import (
    NO_KEY,
    clear_lowest_bit,
    distance_bits,
    distance_keys,
    is_single,
    lowest_bit,
    smallest_key,
    without_key,
)
from raywidget.kernels.language.on_demand import on_demand
from raywidget.kernels.language.scalars import index32
from raywidget.kernels.language.simd import (
    WIDTH,
    choose,
    lane_mask,
    load_lanes,
    number_in_lane,
    smallest,
    store_lanes,
)
from raywidget.kernels.language.toolchain import types
from raywidget.kernels.language.vec3 import Vec3, load_vec3, vec3
from raywidget.kernels.layout import SceneView

# What waits on the stack are groups: the children of one node that are still to be visited. Each
# level of a tree puts off one, and the builder keeps every tree below MAX_TREE_DEPTH levels (a tree
# over 1.3 million triangles has 9), so the stacks can't overflow. An instance's groups lie on those
# of the world.
#
# The nearest child is found anew whenever one is taken, by one minimum over the whole vector:
# sorting all of them onto the stack, one by one, made branches that no processor foresees.
MAX_TREE_DEPTH = 80
_STACK_SIZE = 2 * MAX_TREE_DEPTH
_row_stack = make_stack_array(types.int64, _STACK_SIZE)
_mask_stack = make_stack_array(types.uint32, _STACK_SIZE)
_key_stack = make_stack_array(types.int64, _STACK_SIZE)
_keys_stack = make_stack_array(types.int32, _STACK_SIZE * WIDTH)
_LAST_LANE = 1 << (WIDTH - 1)  # of a mask; stands in where no bit is set
_lane_array = make_stack_array(types.float32, WIDTH)

# As many lines as the test of a block of flats reads; a node has fewer.
_LINES_AHEAD = layout.FLAT_PRIMITIVE_ROW * WIDTH * 4 // CACHE_LINE


class RayHit(NamedTuple):
    """Where a ray ends: distance, weights of a flat's edges (rounds: the face), and which one."""

    t: float
    u: float
    v: float
    slot: int  # see layout.BALL_SLOT; MISS if nothing was hit
    instance: int  # row of `instances`, or -1


@device
def into_object(scene: SceneView, instance: int, o: Vec3, d: Vec3) -> tuple[Vec3, Vec3]:
    """A ray in the object space of an instance; `d` keeps its parameter t, so distances agree."""
    row = instance * layout.INSTANCE_SIZE
    # In this order: copies may be far from the world's origin.
    o = o - vec3(scene.instances[row + 3], scene.instances[row + 7], scene.instances[row + 11])
    x = load_vec3(scene.instances, row + 12)
    y = load_vec3(scene.instances, row + 15)
    z = load_vec3(scene.instances, row + 18)
    origin = vec3(
        x.x * o.x + x.y * o.y + x.z * o.z,
        y.x * o.x + y.y * o.y + y.z * o.z,
        z.x * o.x + z.y * o.y + z.z * o.z,
    )
    direction = vec3(
        x.x * d.x + x.y * d.y + x.z * d.z,
        y.x * d.x + y.y * d.y + y.z * d.z,
        z.x * d.x + z.y * d.y + z.z * d.z,
    )
    return origin, direction


@device
def _instance_root(scene: SceneView, instance: int) -> int:
    return scene.instance_codes[instance * layout.INSTANCE_CODES_SIZE + layout.INSTANCE_ROOT]


@device
def _fetch_ahead(scene: SceneView, reference: int) -> None:
    """Have a node, or a block of flats or balls, brought near that will be visited in a while.

    Rays that scatter wait for memory more than for anything else: 1.05 to 1.15 times the rays per
    second in a mesh of 328,000 triangles. With 36, which never leave the cache, 0.9 times.
    """
    if not scene.is_large:
        return
    code = -1 - reference
    place = address_of(scene.flats, (code >> 2) * FLAT_BLOCK)
    if code & 3 == layout.LEAF_BALL:
        place = address_of(scene.balls, (code >> 2) * BALL_BLOCK)
    if reference >= 0:
        place = address_of(scene.nodes, reference * layout.NODE_SIZE)
    for line in range(_LINES_AHEAD):
        prefetch(place + line * CACHE_LINE)


@on_demand
def _find_round(scene: SceneView, block: int, o: Vec3, d: Vec3, t_max: float) -> KeptHit:
    hits, t, face = intersect_rounds(scene.rounds, block, o, d, t_max, scene.large_radius)
    if lane_mask(hits) == 0:
        return KeptHit(INFINITY, 0.0, 0)
    nearest = smallest(choose(hits, t, INFINITY))
    lane = lowest_bit(lane_mask(hits & (t <= nearest)))
    faces = _lane_array()
    store_lanes(faces, 0, face)
    return KeptHit(nearest, faces[lane], lane)


@device
def find_closest_whole(
    scene: SceneView, o: Vec3, d: Vec3, t_max: float, counts: int | None = None
) -> RayHit:
    """The closest hit with 0 < t < `t_max`, as if no plane cut anything away.

    Of a ray that is not finite, none. What is kept, `clipping.find_closest` finds: it says what
    `counts`, see `kept`, which is another function to the compiler than this one without.
    """
    if not is_sound(ray_slopes(o, d), d):
        return RayHit(t_max, 0.0, 0.0, index32(layout.MISS), index32(-1))
    return walk_to_closest(scene, 0, o, d, t_max, counts)


@device
def walk_to_closest(
    scene: SceneView, first: int, o: Vec3, d: Vec3, t_max: float, counts: int | None = None
) -> RayHit:
    """`find_closest_whole` from node `first` on, for those who know that the ray is finite."""
    if counts is not None:
        return _walk_to_closest(scene, begin_at(first, o, d), o, d, t_max, counts, 1)
    return go_on_to_closest(scene, first, begin_at(first, o, d), o, d, t_max)


@device
def go_on_to_closest(
    scene: SceneView, first: int, beginning: Beginning, o: Vec3, d: Vec3, t_max: float
) -> RayHit:
    """The same of a ray whose walk has begun at node `first`."""
    if _walks_among_rounds(scene, first):
        met = _walk_among_rounds(scene, beginning, o, d, t_max)
        return RayHit(met.t, met.u, met.v, index32(met.slot), index32(met.instance))
    return _walk_to_closest(scene, beginning, o, d, t_max, None, None)


@device
def _walks_among_rounds(scene: SceneView, first: int) -> bool:
    """Are there rounds in the tree that begins at a node?"""
    return scene.round_count > 0 and (first == 0 or scene.few_round_count == 0)


@on_demand
def _walk_among_rounds(
    scene: SceneView, beginning: Beginning, o: Vec3, d: Vec3, t_max: float
) -> RayHit:
    """A walk of its own: to be able to call for what rounds need makes any other slower."""
    met = _walk_to_closest(scene, beginning, o, d, t_max, None, 1)
    return RayHit(met.t, met.u, met.v, 0 + met.slot, 0 + met.instance)


@device
def _walk_to_closest(
    scene: SceneView,
    beginning: Beginning,
    o: Vec3,
    d: Vec3,
    t_max: float,
    counts: int | None,
    rounds: int | None,
) -> RayHit:
    """Without `rounds`, the code of a walk where there are none."""
    # Groups that wait: where the children of a node are, the distances at which their boxes are
    # entered, and the smallest of these.
    rows = _row_stack()
    all_keys = _keys_stack()
    nearest_keys = _key_stack()
    lanes_u = _lane_array()
    lanes_v = _lane_array()
    # The ray in the space of the tree that is being walked: the world's, or that of an instance,
    # whose groups lie on the stack from `floor` on.
    origin = o
    direction = d
    inside = index32(-1)
    floor = 0

    t = t_max
    u = 0.0
    v = 0.0
    slot = index32(layout.MISS)
    instance = index32(-1)
    slopes = beginning.slopes
    reference = beginning.reference
    rows[0] = beginning.row
    nearest_keys[0] = beginning.nearest
    store_lanes(all_keys, 0, beginning.keys)
    depth = 0
    depth += beginning.nearest != NO_KEY
    while True:
        if reference >= 0:
            # A node: go to its nearest child, put off the others.
            enter, leave = box_distances(scene.nodes, reference, slopes, t)
            met = enter <= leave
            mask = lane_mask(met)
            row = reference * layout.NODE_SIZE + layout.CHILD_ROW
            if is_single(mask):  # no minimum has to be found, and nothing is put off
                reference = scene.node_references[row + lowest_bit(mask)]
                continue
            if mask != 0:
                keys = distance_keys(enter, met)
                key = smallest_key(keys)
                reference = scene.node_references[row + (key & (WIDTH - 1))]
                keys = without_key(keys, key)
                key = smallest_key(keys)
                rows[depth] = row
                nearest_keys[depth] = key
                store_lanes(all_keys, depth * WIDTH, keys)
                depth += key != NO_KEY
                _fetch_ahead(scene, scene.node_references[row + (key & (WIDTH - 1))])
                continue
        else:
            code = -1 - reference
            block = code >> 2
            kind = code & 3
            if kind == layout.LEAF_FLAT:
                hits, flat_t, flat_u, flat_v, size = intersect_flats(
                    scene.flats, block, origin, direction, t
                )
                mask = lane_mask(hits)
                if counts is None and is_single(mask):
                    # Most blocks that are hit are hit once: no minimum has to be found, and one
                    # division takes half the time of all.
                    lane = lowest_bit(mask)
                    per_size = 1.0 / number_in_lane(size, lane)
                    nearest = number_in_lane(flat_t, lane) * per_size
                    if nearest < INFINITY:
                        t = nearest
                        u = number_in_lane(flat_u, lane) * per_size
                        v = number_in_lane(flat_v, lane) * per_size
                        slot = index32(block * WIDTH + lane)
                        instance = inside
                elif mask != 0:
                    per_sizes = 1.0 / size
                    flat_t = flat_t * per_sizes
                    if counts is not None:
                        flat_t = kept_flats(scene, counts, block, inside, hits, flat_t, o, d)
                    hits = hits & (flat_t < INFINITY)  # what was larger than all numbers is none
                    nearest = smallest(choose(hits, flat_t, INFINITY))
                    if nearest < INFINITY:
                        t = nearest
                        lane = lowest_bit(lane_mask(hits & (flat_t <= t)))
                        store_lanes(lanes_u, 0, flat_u * per_sizes)
                        store_lanes(lanes_v, 0, flat_v * per_sizes)
                        u = lanes_u[lane]
                        v = lanes_v[lane]
                        slot = index32(block * WIDTH + lane)
                        instance = inside
            elif kind == layout.LEAF_BALL:
                if counts is not None:
                    kept = find_kept_ball(scene, counts, block, o, d, t)
                    if kept.t < t:
                        t = kept.t
                        slot = index32(layout.BALL_SLOT + block * WIDTH + kept.lane)
                        instance = inside
                else:
                    hits, ball_t = intersect_balls(
                        scene.balls, block, origin, direction, t, scene.large_radius
                    )
                    if lane_mask(hits) != 0:
                        t = smallest(choose(hits, ball_t, INFINITY))
                        lane = lowest_bit(lane_mask(hits & (ball_t <= t)))
                        slot = index32(layout.BALL_SLOT + block * WIDTH + lane)
                        instance = inside
            elif kind == layout.LEAF_INSTANCE:
                inside = index32(block)
                floor = depth
                origin, direction = into_object(scene, block, o, d)
                slopes = ray_slopes(origin, direction)
                if is_sound(slopes, direction):
                    reference = _instance_root(scene, block)
                    continue
            elif rounds is not None:
                if counts is not None:
                    near_round = find_kept_round(scene, counts, block, o, d, t)
                else:
                    near_round = _find_round(scene, block, origin, direction, t)
                if near_round.t < t:
                    t = near_round.t
                    u = near_round.face
                    slot = index32(layout.ROUND_SLOT + block * WIDTH + near_round.lane)
                    instance = inside

        # Take the nearest child of the last group, unless the hit found since is nearer than all.
        found = False
        end = distance_bits(t)
        while True:
            if depth == floor:
                if inside < 0:
                    break
                origin = o
                direction = d
                slopes = beginning.slopes
                inside = index32(-1)
                floor = 0
                continue
            depth -= 1
            key = nearest_keys[depth]
            if key & -WIDTH < end:
                row = rows[depth]
                reference = scene.node_references[row + (key & (WIDTH - 1))]
                keys = without_key(load_lanes(all_keys, depth * WIDTH), key)
                key = smallest_key(keys)
                nearest_keys[depth] = key
                store_lanes(all_keys, depth * WIDTH, keys)
                depth += key != NO_KEY
                _fetch_ahead(scene, scene.node_references[row + (key & (WIDTH - 1))])
                found = True
                break
        if not found:
            break
    return RayHit(t, u, v, slot, instance)


@device
def is_occluded_whole(scene: SceneView, o: Vec3, d: Vec3, t_max: float) -> bool:
    """Is there any hit with 0 < t < `t_max`? The first one found ends the search."""
    return is_occluded_from(scene, 0, o, d, t_max)


@device
def is_occluded_from(scene: SceneView, first: int, o: Vec3, d: Vec3, t_max: float) -> bool:
    """The same from node `first` on."""
    beginning = begin_shadow_at(first, o, d)
    if not is_sound(beginning.slopes, d):
        return False
    return go_on_to_occluder(scene, first, beginning, o, d, t_max)


@device
def go_on_to_occluder(
    scene: SceneView, first: int, beginning: ShadowBeginning, o: Vec3, d: Vec3, t_max: float
) -> bool:
    """The same of a ray whose walk has begun at node `first`."""
    if _walks_among_rounds(scene, first):
        return _is_occluded_among_rounds(scene, beginning, o, d, t_max)
    return _is_occluded(scene, beginning, o, d, t_max, None)


@on_demand
def _is_occluded_among_rounds(
    scene: SceneView, beginning: ShadowBeginning, o: Vec3, d: Vec3, t_max: float
) -> bool:
    return _is_occluded(scene, beginning, o, d, t_max, 1)


@device
def _is_occluded(
    scene: SceneView,
    beginning: ShadowBeginning,
    o: Vec3,
    d: Vec3,
    t_max: float,
    rounds: int | None,
) -> bool:
    """Without `rounds`, the code of a walk where there are none."""
    # Groups that wait: where the children of a node are, and a bit for each that is to be visited.
    rows = _row_stack()
    masks = _mask_stack()
    origin = o
    direction = d
    inside = False
    floor = 0
    slopes = beginning.slopes
    reference = beginning.reference
    rows[0] = beginning.row
    masks[0] = beginning.others
    depth = 0
    depth += beginning.others != 0
    while True:
        if reference >= 0:
            enter, leave = box_distances(scene.nodes, reference, slopes, t_max)
            mask = lane_mask(enter <= leave)
            if mask != 0:
                row = reference * layout.NODE_SIZE + layout.CHILD_ROW
                reference = scene.node_references[row + lowest_bit(mask)]
                mask = clear_lowest_bit(mask)
                rows[depth] = row
                masks[depth] = mask
                depth += mask != 0
                _fetch_ahead(scene, scene.node_references[row + lowest_bit(mask | _LAST_LANE)])
                continue
        else:
            code = -1 - reference
            block = code >> 2
            kind = code & 3
            if kind == layout.LEAF_FLAT:
                hits, _, _, _, _ = intersect_flats(scene.flats, block, origin, direction, t_max)
                if lane_mask(hits) != 0:
                    return True
            elif kind == layout.LEAF_BALL:
                hits, _ = intersect_balls(
                    scene.balls, block, origin, direction, t_max, scene.large_radius
                )
                if lane_mask(hits) != 0:
                    return True
            elif kind == layout.LEAF_INSTANCE:
                inside = True
                floor = depth
                origin, direction = into_object(scene, block, o, d)
                slopes = ray_slopes(origin, direction)
                if is_sound(slopes, direction):
                    reference = _instance_root(scene, block)
                    continue
            elif rounds is not None:
                if _find_round(scene, block, origin, direction, t_max).t < t_max:
                    return True
        if depth == floor and inside:
            origin = o
            direction = d
            slopes = beginning.slopes
            inside = False
            floor = 0
        if depth == 0:
            return False
        depth -= 1
        row = rows[depth]
        mask = masks[depth]
        reference = scene.node_references[row + lowest_bit(mask)]
        mask = clear_lowest_bit(mask)
        masks[depth] = mask
        depth += mask != 0
        _fetch_ahead(scene, scene.node_references[row + lowest_bit(mask | _LAST_LANE)])
