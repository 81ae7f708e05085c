"""A scene's tables, ready for the kernels."""

from __future__ import annotations

import hashlib
import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.bvh import (
    build_binary_tree,
    collapse,
    count_wide,
    pack_flats,
    pack_rows,
)
from raywidget.compiler.few import list_balls, list_flats
from raywidget.compiler.geometry import Geometry, gather_geometry
from raywidget.compiler.lights import LightTables, find_slots, pack_lights, spot_discs
from raywidget.compiler.materials import MaterialRows, MaterialTables
from raywidget.compiler.media import MediumRows
from raywidget.compiler.primitives import Flats
from raywidget.kernels.layout import (
    BALL_ROWS,
    BLACK,
    CAMERA_FOCUS,
    CAMERA_FORWARD,
    CAMERA_KIND,
    CAMERA_LENS,
    CAMERA_LENS_RIGHT,
    CAMERA_LENS_UP,
    CAMERA_ORIGIN,
    CAMERA_RIGHT,
    CAMERA_SIZE,
    CAMERA_UP,
    CHILD_ROW,
    ENVIRONMENT_KIND,
    F32,
    FEATURE_MASKS,
    FEATURES_SIZE,
    FEW,
    FEW_BALL_SIZE,
    FEW_SIZE,
    FLAT_ROWS,
    I32,
    INSTANCE_ROOT,
    LEAF_BALL,
    LEAF_FLAT,
    LEAF_INSTANCE,
    LEAF_ROUND,
    LIGHT_BALL,
    LIGHT_KIND,
    MATERIAL_EMISSION_TEXTURE,
    MATERIAL_ENERGY,
    MATERIAL_FLAGS,
    MATERIAL_KIND,
    MATERIAL_MASKED,
    NODE_SIZE,
    ORTHOGRAPHIC,
    PANORAMA,
    PANORAMIC,
    PERSPECTIVE,
    ROUND_ROWS,
    SceneTables,
)
from raywidget.kernels.on_demand import FULL
from raywidget.kernels.simd import WIDTH
from raywidget.scene.camera import (
    Camera,
    OrthographicCamera,
    PanoramicCamera,
    PerspectiveCamera,
)
from raywidget.scene.scene import Scene

_CACHE_LINE = 64  # bytes


def compile_scene(scene: Scene, threads: int = 1) -> SceneTables:
    """Turn a description into tables: pack, build the trees, number the lights.

    The tables do not depend on the number of threads.
    """
    return compile_with_trees(scene, threads)[0]


def compile_with_trees(
    scene: Scene, threads: int = 1, previous: Trees | None = None
) -> tuple[SceneTables, Trees]:
    """The same, and the trees, which the next scene may use again if no shape has moved."""
    media = MediumRows(scene.medium)
    materials = MaterialRows(media)
    discs = spot_discs(scene.emitters)
    shapes = (*scene.shapes, *(disc for _, disc in discs))
    geometry = gather_geometry(shapes, materials)
    surfaces = materials.tables()
    textures = materials.textures.tables()
    lights = pack_lights(geometry, surfaces.values, scene.emitters, scene.bounds(), discs)
    key = _key_of_trees(geometry)
    if previous is not None and previous.key == key:
        trees = previous
        _write_roots(geometry, trees.roots)
    else:
        trees = _build_trees(geometry, threads, key)
    media_table = media.table()
    plain = not len(media_table) and _is_plain(surfaces, lights, len(trees.rounds))
    tables = SceneTables(
        nodes=trees.nodes,
        flats=trees.flats,
        balls=trees.balls,
        rounds=trees.rounds,
        few_flats=trees.few_flats,
        few_balls=trees.few_balls,
        instances=geometry.instances,
        instance_codes=geometry.instance_codes,
        primitives=geometry.primitives,
        corners=geometry.corners,
        vertices=geometry.vertices,
        colors=geometry.colors,
        material_codes=surfaces.codes,
        materials=surfaces.values,
        texture_codes=textures.codes,
        textures=textures.values,
        texels=textures.texels,
        texel_bytes=textures.texel_bytes,
        energy=materials.energy.table(),
        features=_features(surfaces.codes),
        media=media_table,
        surroundings=np.zeros(1 + len(lights.lights), np.int64),
        lights=lights.lights,
        light_cdf=lights.cdf,
        light_slots=find_slots(geometry, surfaces.codes, len(lights.lights), *trees.blocks()),
        light_nodes=lights.nodes,
        light_leaves=lights.leaves,
        environment=lights.environment.values,
        environment_pixels=lights.environment.pixels,
        environment_rows=lights.environment.rows,
        environment_cdf=lights.environment.cdf,
        full=None if plain else FULL,
    )
    return tables, trees


def _is_plain(surfaces: MaterialTables, lights: LightTables, rounds: int) -> bool:
    """Can the scene be rendered without any of the functions marked `on_demand`?"""
    simple_surfaces = not (
        np.any(surfaces.codes[:, MATERIAL_FLAGS])
        or np.any(surfaces.codes[:, MATERIAL_EMISSION_TEXTURE] >= 0)
        or np.any(surfaces.codes[:, MATERIAL_KIND] > BLACK)
        or np.any(surfaces.values[:, MATERIAL_ENERGY])
    )
    simple_lights = not (
        np.any(lights.lights[:, LIGHT_KIND] > LIGHT_BALL)
        or len(lights.leaves)
        or lights.environment.values[ENVIRONMENT_KIND] == PANORAMA
    )
    return simple_surfaces and simple_lights and not rounds


def _features(material_codes: I32) -> I32:
    features = np.zeros(FEATURES_SIZE, np.int32)
    features[FEATURE_MASKS] = np.any(material_codes[:, MATERIAL_FLAGS] & MATERIAL_MASKED)
    return features


def compile_camera(camera: Camera, width: int, height: int) -> F32:
    """The camera's table for a picture of `width` x `height` pixels."""
    frame = camera.frame()
    table = np.zeros(CAMERA_SIZE, np.float32)
    if isinstance(camera, PerspectiveCamera):
        table[CAMERA_KIND] = PERSPECTIVE
        half_height = math.tan(math.radians(camera.vfov) / 2.0)
        half_width = half_height * width / height
        look_from, look_at = np.array(camera.look_from), np.array(camera.look_at)
        focus = camera.focus_distance
        table[CAMERA_LENS] = camera.aperture_radius
        table[CAMERA_FOCUS] = np.linalg.norm(look_at - look_from) if focus is None else focus
    elif isinstance(camera, OrthographicCamera):
        table[CAMERA_KIND] = ORTHOGRAPHIC
        half_height = camera.height / 2.0
        half_width = half_height * width / height
    elif isinstance(camera, PanoramicCamera):
        table[CAMERA_KIND] = PANORAMIC
        half_height = half_width = 1.0
    else:
        raise AssertionError(f"no table for {type(camera).__name__}")
    table[CAMERA_ORIGIN : CAMERA_ORIGIN + 3] = camera.look_from
    table[CAMERA_RIGHT : CAMERA_RIGHT + 3] = frame.right * half_width
    table[CAMERA_UP : CAMERA_UP + 3] = frame.up * half_height
    table[CAMERA_FORWARD : CAMERA_FORWARD + 3] = frame.forward
    table[CAMERA_LENS_RIGHT] = 1.0 / half_width
    table[CAMERA_LENS_UP] = 1.0 / half_height
    return table


class Trees(NamedTuple):
    """Nodes and blocks: see layout."""

    nodes: F32
    flats: F32
    balls: F32
    rounds: F32
    few_flats: F32
    few_balls: F32
    roots: tuple[int, ...]  # of instanced meshes
    key: bytes  # of the geometry that they are of

    def blocks(self) -> tuple[F32, F32, F32]:
        """Flats, balls and rounds."""
        return self.flats, self.balls, self.rounds


def _key_of_trees(geometry: Geometry) -> bytes:
    """A digest of all that trees are made of.

    A changed material makes a new shape with new arrays, so that it is by their content that
    unmoved shapes are known. Digests keep no memory alive: 16 bytes instead of 44 a triangle.
    """
    digest = hashlib.blake2b(digest_size=16)
    balls, rounds = geometry.balls, geometry.rounds
    parts: list[NDArray[Any]] = [geometry.instance_bounds]
    for flats in (geometry.flats, *(mesh.flats for mesh in geometry.meshes)):
        parts += [flats.corners, flats.shears, flats.primitives]
    parts += [balls.centres_radii, balls.primitives, rounds.values, rounds.primitives]
    for part in parts:
        digest.update(np.int64(part.size).tobytes())
        digest.update(np.ascontiguousarray(part).data)
    return digest.digest()


def _write_roots(geometry: Geometry, roots: tuple[int, ...]) -> None:
    """Tell copies where the trees of their meshes begin."""
    for mesh, root in zip(geometry.meshes, roots, strict=True):
        geometry.instance_codes[mesh.rows.start : mesh.rows.stop, INSTANCE_ROOT] = root


def _build_trees(geometry: Geometry, threads: int, key: bytes) -> Trees:
    """Nodes and blocks of the world's tree and of those of instanced meshes."""
    instance_count = len(geometry.instances)
    world = (geometry.flats, geometry.balls, geometry.rounds)
    world_bounds = np.concatenate([geometry.instance_bounds, *(part.bounds() for part in world)])
    counts_by_kind = [instance_count, *(len(part.primitives) for part in world)]
    kinds_in_order = np.array([LEAF_INSTANCE, LEAF_FLAT, LEAF_BALL, LEAF_ROUND], np.uint8)
    world_kinds = np.repeat(kinds_in_order, counts_by_kind)
    parts = [(world_bounds, world_kinds)]
    for mesh in geometry.meshes:
        bounds = mesh.flats.bounds()
        parts.append((bounds, np.full(len(bounds), LEAF_FLAT, np.uint8)))

    trees = [
        build_binary_tree(bounds, kinds, threads) if len(bounds) else None
        for bounds, kinds in parts
    ]
    totals = np.zeros(4, np.int64)
    for tree, (_, kinds) in zip(trees, parts, strict=True):
        totals += count_wide(tree, kinds) if tree is not None else (1, 0, 0, 0)
    sizes = (NODE_SIZE, FLAT_ROWS * WIDTH, BALL_ROWS * WIDTH, ROUND_ROWS * WIDTH)
    nodes, flats, balls, rounds = (
        _aligned(int(count) * size) for count, size in zip(totals, sizes, strict=True)
    )
    roots: list[int] = []
    few_flats = np.zeros((0, FEW_SIZE), np.float32)
    few_balls = np.zeros((0, FEW_BALL_SIZE), np.float32)

    counts = np.zeros(4, np.int64)
    for number, (tree, (_, kinds)) in enumerate(zip(trees, parts, strict=True)):
        root = int(counts[0])
        if tree is None:  # a world without shapes
            _write_empty_node(nodes)
            counts[0] += 1
            continue
        slots = collapse(tree, kinds, nodes, counts)
        if number == 0:
            _, of_flats, of_balls, of_rounds = np.split(slots, np.cumsum(counts_by_kind)[:3])
            _pack_flats(geometry.flats, of_flats, flats)
            _pack_rows(geometry.balls.centres_radii, geometry.balls.primitives, of_balls, balls)
            _pack_rows(geometry.rounds.values, geometry.rounds.primitives, of_rounds, rounds)
            if len(kinds) == len(of_flats) + len(of_balls) and len(kinds) <= FEW:
                few_flats = list_flats(geometry.flats, of_flats)
                few_balls = list_balls(geometry.balls, of_balls)
        else:
            _pack_flats(geometry.meshes[number - 1].flats, slots, flats)
            roots.append(root)
    _write_roots(geometry, tuple(roots))
    return Trees(nodes, flats, balls, rounds, few_flats, few_balls, tuple(roots), key)


def _pack_flats(flats: Flats, slots: I32, blocks: F32) -> None:
    references = blocks.view(np.int32)
    pack_flats(flats.corners, flats.shears, flats.primitives, slots, blocks, references)


def _pack_rows(values: F32, primitives: I32, slots: I32, blocks: F32) -> None:
    pack_rows(values, primitives, slots, blocks, blocks.view(np.int32))


def _aligned(size: int) -> NDArray[Any]:
    """Zeros (size,) of float32 that start at a cache line, so that no vector straddles two."""
    memory = np.zeros(size + _CACHE_LINE // 4, np.float32)
    start = -memory.ctypes.data % _CACHE_LINE // 4
    return memory[start : start + size]


def _write_empty_node(nodes: F32) -> None:
    rows = nodes[:NODE_SIZE].reshape(-1, WIDTH)
    rows[0:6:2] = np.inf
    rows[1:6:2] = -np.inf
    rows[CHILD_ROW // WIDTH] = 0.0
