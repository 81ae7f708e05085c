"""What entries have in common: what is rendered, where it goes, and one path after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.language.buffers import as_int32, doubles_at, floats_at, load_flag, view
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.random import (
    GROUP_EDGE,
    GROUP_LENS,
    Four,
    Sequence,
    draw_four,
    start_sequence,
)
from raywidget.kernels.language.scalars import single
from raywidget.kernels.language.simd import as_floats
from raywidget.kernels.language.vec3 import Vec3, dot, load_vec3
from raywidget.kernels.layout import (
    CAMERA_LENS,
    CAMERA_ORIGIN,
    F32,
    FEATURE_MASKS,
    FEATURE_UNSEEN,
    FEW_CORNER,
    FEW_NORMAL,
    FEW_SIDE,
    FEW_SIZE,
    NODE_REST,
    NODE_ROUNDS,
    SceneTables,
    SceneView,
)
from raywidget.kernels.lights.environment import backdrop_of
from raywidget.kernels.sensors.camera import generate_ray
from raywidget.kernels.sensors.filter import FilterView, sample_filter

INFINITY = float("inf")

_LARGE = 1 << 17  # floats in nodes and blocks: 512 kB, a second-level cache

# Elements of `counters`
COUNTER_RAYS = 0
COUNTER_DROPPED = 1  # samples that were not finite, counted as black
COUNTER_SPLATS = 2  # rows of a `SplatLog` that are filled
COUNTERS_SIZE = 3

# Columns of `Batch.tiles`
TILE_X = 0  # in pixels of the picture
TILE_Y = 1
TILE_WIDTH = 2
TILE_HEIGHT = 3
# Addresses of arrays (height, width, 3): sums of all samples, float64; those of samples with even
# numbers, less the others, float32; and the same of earlier samples, which they begin with.
TILE_SUMS = 4
TILE_SWINGS = 5
TILE_OLD_SUMS = 6
TILE_OLD_SWINGS = 7  # 0: they are the sums, of one sample
TILE_SIZE = 8


class PathResult(NamedTuple):
    """What one path brought."""

    radiance: Vec3
    rays: int  # traced, shadow rays included


Trace = Callable[[SceneView, Vec3, Vec3, Sequence, Vec3, Any], PathResult]
"""Origin and direction of a camera ray, its numbers, what a backdrop shows in its pixel, and
settings -> what it brought.
"""


class Picture(NamedTuple):
    """What names the samples of a render."""

    width: int
    height: int
    seed: np.uint64
    lattices: int  # that share the samples of a pixel; 0: independent numbers
    filter: int  # code of `filter`
    radius: float  # of the filter in pixels; np.float32
    quantiles: F32  # of the filter, see there


class PictureView(NamedTuple):
    """`Picture` inside compiled code."""

    width: int
    height: int
    seed: np.uint64
    lattices: int
    lattice: bool  # are there any?
    filter: FilterView
    per_x: float  # of the width of the picture plane, 2, for a pixel
    per_y: float


@device
def view_picture(picture: Picture) -> PictureView:
    """With a bare pointer to its table; the caller keeps the array alive."""
    filter = FilterView(picture.filter, picture.radius, view(picture.quantiles))
    return PictureView(
        picture.width,
        picture.height,
        picture.seed,
        picture.lattices,
        picture.lattices != 0,
        filter,
        2.0 / single(picture.width),
        2.0 / single(picture.height),
    )


class Work(NamedTuple):
    """Samples `first` to `first + samples - 1` of the pixels of one tile."""

    x: int
    y: int
    first: int
    samples: int


@device
def view_scene(tables: SceneTables, camera: F32) -> SceneView:
    """Bare pointers to the tables; the caller keeps the arrays alive."""
    nodes = view(tables.nodes)
    flats = view(tables.flats)
    balls = view(tables.balls)
    light_branches = view(tables.light_branches)
    rounds = view(tables.rounds)
    few_flats = view(tables.few_flats)
    few_occluders = view(tables.few_occluders)
    few_balls = view(tables.few_balls)
    # Only the tree is cut by planes.
    few_round_count = (0 + as_int32(nodes)[NODE_ROUNDS]) * (len(tables.clips) == 0)
    has_few = len(tables.few_flats) + len(tables.few_balls) + few_round_count > 0
    rest = 0 + as_int32(nodes)[NODE_REST]
    # Cuts of volumes are surfaces, too.
    is_void = (len(tables.primitives) == 0) & (view(tables.cut_caps)[0] == 0)
    return SceneView(
        nodes,
        as_int32(nodes),
        flats,
        as_int32(flats),
        balls,
        as_int32(balls),
        rounds,
        as_int32(rounds),
        len(tables.rounds),
        len(tables.nodes) + len(tables.flats) + len(tables.balls) > _LARGE,
        view(tables.bare_materials),
        has_few,
        has_few & (rest == 0),
        rest,
        few_flats,
        as_int32(few_flats),
        len(tables.few_flats),
        few_occluders,
        _count_occluders(few_occluders, len(tables.few_occluders), view(camera)),
        view(tables.few_boxes),
        len(tables.few_boxes),
        few_balls,
        as_int32(few_balls),
        len(tables.few_balls),
        few_round_count,
        view(tables.large_radius)[0],
        view(tables.instances),
        view(tables.instance_codes),
        view(tables.primitives),
        view(tables.edge_marks),
        view(tables.edge_rows),
        len(tables.edge_ends),
        view(tables.edge_ends),
        view(tables.corners),
        view(tables.vertices),
        view(tables.colors),
        view(tables.material_codes),
        view(tables.materials),
        view(tables.texture_codes),
        view(tables.textures),
        view(tables.texels),
        view(tables.texel_bytes),
        view(tables.fields),
        view(tables.values),
        view(tables.maps),
        view(tables.energy),
        view(tables.features)[FEATURE_MASKS] != 0,
        view(tables.features)[FEATURE_UNSEEN] != 0,
        view(tables.media),
        len(tables.media),
        view(tables.volume_codes),
        view(tables.volumes),
        view(tables.volume_bounds),
        view(tables.volume_looks),
        view(tables.volume_extinctions),
        view(tables.volume_glow),
        len(tables.volume_glow),
        len(tables.volumes),
        is_void,
        view(tables.clips),
        len(tables.clips),
        view(tables.clip_groups),
        len(tables.clip_groups),
        view(tables.shape_clips),
        view(tables.cut_caps)[0] != 0,
        view(tables.surroundings),
        view(tables.lights),
        view(tables.light_cdf),
        len(tables.light_cdf),
        view(tables.light_slots),
        view(tables.light_nodes),
        light_branches,
        as_int32(light_branches),
        view(tables.light_leaves),
        len(tables.light_leaves),
        len(tables.light_nodes),
        view(tables.environment),
        view(tables.environment_edges),
        view(tables.environment_rows),
        view(tables.environment_guides),
        view(tables.portals),
        len(tables.portals),
        view(tables.portal_sums),
        view(tables.backdrop),
        len(tables.backdrop) > 0,
        tables.full,
        view(camera),
    )


@device
def _count_occluders(flats: Any, count: int, camera: Any) -> int:
    """How many of the flats in a list may come between a surface and a light, or the lens.

    Not those that have both of them on one side always: walls, floors, ceilings.
    """
    inner = count
    while inner > 0 and flats[(inner - 1) * FEW_SIZE + FEW_SIDE] != 0.0:
        inner -= 1
    origin = load_vec3(camera, CAMERA_ORIGIN)
    for flat in range(inner, count):
        row = flat * FEW_SIZE
        way = origin - load_vec3(flats, row + FEW_CORNER)
        height = dot(way, load_vec3(flats, row + FEW_NORMAL)) * flats[row + FEW_SIDE]
        if height <= camera[CAMERA_LENS]:
            return count
    return inner


class Batch(NamedTuple):
    """Samples `first` to `first + samples - 1` of some tiles.

    Tiles are told by addresses: to take four arrays of each apart took longer than all else that
    is done for it outside of kernels. Whoever calls keeps them alive.
    """

    tiles: NDArray[np.int64]  # (count, TILE_SIZE)
    first: int
    samples: int
    cancel: NDArray[np.uint8]  # (1,) set by another thread
    counters: NDArray[np.int64]  # (COUNTERS_SIZE,)


class BatchView(NamedTuple):
    """`Batch` with bare pointers, inside compiled code."""

    tiles: Any
    length: int
    first: int
    samples: int
    cancel: Any
    counters: Any


@device
def view_batch(batch: Batch) -> BatchView:
    """Bare pointers; the caller keeps the arrays alive."""
    return BatchView(
        view(batch.tiles),
        len(batch.tiles),
        batch.first,
        batch.samples,
        view(batch.cancel),
        view(batch.counters),
    )


class TileView(NamedTuple):
    """A tile of a batch, inside compiled code."""

    x: int
    y: int
    width: int
    height: int
    sums: Any  # buffers, see TILE_SUMS
    swings: Any
    old_sums: Any
    old_swings: Any
    has_swings: bool  # is there more than the old sums?


@device
def open_tile(batch: BatchView, tile: int) -> TileView:
    """A tile of a batch, by number."""
    row = tile * TILE_SIZE
    return TileView(
        batch.tiles[row + TILE_X],
        batch.tiles[row + TILE_Y],
        batch.tiles[row + TILE_WIDTH],
        batch.tiles[row + TILE_HEIGHT],
        doubles_at(batch.tiles[row + TILE_SUMS]),
        floats_at(batch.tiles[row + TILE_SWINGS]),
        doubles_at(batch.tiles[row + TILE_OLD_SUMS]),
        floats_at(batch.tiles[row + TILE_OLD_SWINGS]),
        batch.tiles[row + TILE_OLD_SWINGS] != 0,
    )


@device
def swing_before(tile: TileView, place: int) -> float:
    """What a number of a pixel has swung by before."""
    if tile.has_swings:
        return 0.0 + tile.old_swings[place]
    return single(tile.old_sums[place])


@device
def start_ray(
    scene: SceneView, picture: PictureView, x: Any, y: Any, sequence: Sequence, where: Four
) -> tuple[Vec3, Vec3]:
    """Origin and direction of the camera ray of one sample of pixel (x, y); of lanes of all that,
    lanes.

    `where` is the first group of GROUP_EDGE: two of its numbers are the place in the pixel.
    """
    lens = where
    if scene.camera[CAMERA_LENS] > 0.0:
        lens = draw_four(sequence, GROUP_LENS)
    return generate_ray(
        scene.camera,
        (as_floats(x) + sample_filter(picture.filter, where.x)) * picture.per_x - 1.0,
        1.0 - (as_floats(y) + sample_filter(picture.filter, where.y)) * picture.per_y,
        lens.x,
        lens.y,
    )


class Started(NamedTuple):
    """A sample that has begun."""

    o: Vec3  # of its camera ray
    d: Vec3
    sequence: Sequence


@device
def start_sample(scene: SceneView, picture: PictureView, x: int, y: int, sample: int) -> Started:
    """The numbers and the camera ray of one sample of pixel (x, y)."""
    pixel = y * picture.width + x
    sequence = start_sequence(picture.seed, pixel, sample, picture.lattices)
    o, d = start_ray(scene, picture, x, y, sequence, draw_four(sequence, GROUP_EDGE))
    return Started(o, d, sequence)


@device
def visit_pixels(
    visit: Callable[..., None],
    tables: SceneTables,
    camera: F32,
    seen: Picture,
    work: Work,
    sums: NDArray[np.float64],
    cancel: NDArray[np.uint8],
    given: Any,
) -> bool:
    """Call a device function for each pixel of a tile; False if it was cancelled.

    It gets the scene, the picture, the work, the pixel's x and y in the picture, its number in the
    tile, row by row, the sums as a bare pointer, and what is `given`. The flag is read before every
    row.
    """
    scene = pinned(view_scene(tables, camera))
    picture = view_picture(seen)
    pointer = view(sums)
    flag = view(cancel)
    height = sums.shape[0]
    width = sums.shape[1]
    for row in range(height):
        if load_flag(flag, 0) != 0:
            return False
        for column in range(width):
            x = work.x + column
            y = work.y + row
            visit(scene, picture, work, x, y, row * width + column, pointer, given)
    return True


@device
def take_up(tile: TileView, pixel: int) -> None:
    """Let the sums of a pixel begin with those of earlier samples.

    To copy the whole tile before a call took 40 us, half of what it cost outside of kernels.
    """
    for i in range(3 * pixel, 3 * pixel + 3):
        tile.sums[i] = tile.old_sums[i]
        tile.swings[i] = swing_before(tile, i)


@device
def add_vec3(sums: Any, place: int, value: Vec3) -> None:
    """Add three numbers to sums from a place on."""
    sums[place] = sums[place] + value.x
    sums[place + 1] = sums[place + 1] + value.y
    sums[place + 2] = sums[place + 2] + value.z


@device
def deposit(tile: TileView, pixel: int, sample: int, radiance: Vec3) -> bool:
    """Add a sample to the sums of a pixel, numbered row by row; False if it is not finite.

    One that is not counts as black: it would spoil the pixel for ever.
    """
    if not abs(radiance.x) + abs(radiance.y) + abs(radiance.z) < INFINITY:
        return False
    at = 3 * pixel
    add_vec3(tile.sums, at, radiance)
    if sample & 1 == 0:
        add_vec3(tile.swings, at, radiance)
    else:
        tile.swings[at] = tile.swings[at] - radiance.x
        tile.swings[at + 1] = tile.swings[at + 1] - radiance.y
        tile.swings[at + 2] = tile.swings[at + 2] - radiance.z
    return True


@device
def sample_batch(
    trace: Trace,
    tables: SceneTables,
    camera: F32,
    seen: Picture,
    settings: Any,
    batch: Batch,
) -> bool:
    """Take samples of tiles, and add them to their sums; False if it was cancelled.

    `trace` is a device function, called with `settings`: each entry that names one has its own
    code. Sample after sample is added to the sum that the earlier ones left, so the result does not
    depend on how a range is split into calls. The flag is read before every row.
    """
    scene = pinned(view_scene(tables, camera))
    picture = view_picture(seen)
    viewed = view_batch(batch)
    rays = 0
    dropped = 0
    for number in range(viewed.length):
        tile = open_tile(viewed, number)
        for row in range(tile.height):
            if load_flag(viewed.cancel, 0) != 0:
                return False
            y = tile.y + row
            for column in range(tile.width):
                x = tile.x + column
                place = row * tile.width + column
                take_up(tile, place)
                behind = backdrop_of(scene, y * picture.width + x)
                for sample in range(viewed.first, viewed.first + viewed.samples):
                    started = start_sample(scene, picture, x, y, sample)
                    path = trace(scene, started.o, started.d, started.sequence, behind, settings)
                    rays += path.rays
                    if not deposit(tile, place, sample, path.radiance):
                        dropped += 1
    count_up(viewed, rays, dropped)
    return True


@device
def count_up(batch: BatchView, rays: int, dropped: int) -> None:
    """Add to what is counted of a batch."""
    batch.counters[COUNTER_RAYS] = batch.counters[COUNTER_RAYS] + rays
    batch.counters[COUNTER_DROPPED] = batch.counters[COUNTER_DROPPED] + dropped
