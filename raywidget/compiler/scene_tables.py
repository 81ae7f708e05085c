"""A scene's tables, ready for the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from raywidget.compiler.geometry.bodies import choose_bodies
from raywidget.compiler.geometry.clips import ClipTables, groups_of, pack_clips, pack_planes
from raywidget.compiler.geometry.gathering import Geometry, gather_geometry
from raywidget.compiler.geometry.occluders import list_occluders
from raywidget.compiler.geometry.outer import set_outer_last
from raywidget.compiler.geometry.placement import AS_IT_IS, Placement, place, placement_in
from raywidget.compiler.geometry.trees import (
    Trees,
    build_trees,
    keys_of_trees,
    refit_trees,
    write_roots,
)
from raywidget.compiler.lights.light_rows import LightTables, find_slots, pack_lights, spot_discs
from raywidget.compiler.lights.portals import no_portals, with_portals
from raywidget.compiler.lights.sight import weigh_by_sight
from raywidget.compiler.parallel import begin, in_parts
from raywidget.compiler.surfaces.fields import FieldRows
from raywidget.compiler.surfaces.materials import MaterialRows, MaterialTables
from raywidget.compiler.surfaces.media import MediumRows
from raywidget.compiler.volumes.rows import pack_volumes
from raywidget.kernels import layout
from raywidget.kernels.language.on_demand import FULL
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32, I64, LOOK_EXTINCTION, SceneTables
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.camera import (
    Camera,
    OrthographicCamera,
    PanoramicCamera,
    PerspectiveCamera,
)
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.simple import Bounds, Box, Quad, Shape
from raywidget.scene.shapes.volumes import Volume

# Balls so many times as large as the smallest other thing are tested in double precision: with
# float32, shadows where the two touch would be off by a thousandth of its size.
_LARGE = 128.0


def compile_scene(scene: Scene, threads: int = 1) -> SceneTables:
    """Turn a description into tables: pack, build the trees, number the lights.

    The tables do not depend on the number of threads.
    """
    return _compile(scene, threads, None, False).tables


def compile_with_trees(
    scene: Scene, threads: int = 1, previous: Trees | None = None
) -> tuple[SceneTables, Trees]:
    """The same, and the trees, which the next scene may use again if no shape has moved."""
    made = _compile(scene, threads, previous, True)
    return made.tables, made.trees


class Compiled(NamedTuple):
    """A scene's tables, and what the next scene may use again."""

    tables: SceneTables
    trees: Trees
    fields: FieldRows


def compile_after(
    scene: Scene,
    threads: int,
    before: tuple[Scene, Compiled] | None = None,
    *,
    will_move: bool = False,
    has_moved: bool = False,
) -> Compiled:
    """The tables of a scene, with all that can be kept of those of the one before it.

    Where only values and their colours have changed, everything else is; so it is where planes
    have moved. Trees that `will_move` can be refitted to what the scene has become when it
    `has_moved`.
    """
    if before is not None and _differ_in_planes_only(*before[:1], scene):
        last = before[1]
        shapes = (*scene.shapes, *(disc for _, disc in spot_discs(scene.emitters)))
        planes, groups = pack_planes(scene, shapes, placement_in(last.tables.placement))
        return last._replace(tables=last.tables._replace(clips=planes, clip_groups=groups))
    if before is not None and _differ_in_colors_only(*before[:1], scene):
        last = before[1]
        fields = last.fields.tables(scene.shapes)
        tables = last.tables._replace(fields=fields.codes, values=fields.values, maps=fields.maps)
        return last._replace(tables=tables)
    trees = None if before is None else before[1].trees
    return _compile(scene, threads, trees, True, will_move, has_moved)


def _differ_in_planes_only(before: Scene, scene: Scene) -> bool:
    same_light = before.emitters is scene.emitters and before.background == scene.background
    if not same_light or before.medium is not scene.medium or before.caps != scene.caps:
        return False
    # With the first plane of a shape other tables change, too.
    if bool(before.clip) != bool(scene.clip) or len(before.shapes) != len(scene.shapes):
        return False
    if before.shapes is not scene.shapes:
        for old, new in zip(before.shapes, scene.shapes, strict=True):
            if old is not new and not new.differs_in_planes_only(old):
                return False
        if groups_of(before, before.shapes) != groups_of(scene, scene.shapes):
            return False
    return bool(scene.clip) or any(shape.clip for shape in scene.shapes)


def _differ_in_colors_only(before: Scene, scene: Scene) -> bool:
    if before.clip is not scene.clip or before.caps != scene.caps:
        return False
    same_light = before.emitters is scene.emitters and before.background == scene.background
    if not same_light or before.medium is not scene.medium:
        return False
    if len(before.shapes) != len(scene.shapes):
        return False
    meshes: dict[int, int] = {}  # copies of one mesh share its fields
    for old, new in zip(before.shapes, scene.shapes, strict=True):
        if isinstance(old, Instances) and isinstance(new, Instances):
            expected = meshes.setdefault(id(old.mesh), id(new.mesh))
            if expected != id(new.mesh):
                return False
        if old is new:
            continue
        if not isinstance(new, ValuedShape) or not new.differs_in_colors_only(old):
            return False
    return True


def _compile(
    scene: Scene,
    threads: int,
    previous: Trees | None,
    with_key: bool,
    will_move: bool = False,
    has_moved: bool = False,
) -> Compiled:
    media = MediumRows(scene.medium)
    discs = spot_discs(scene.emitters)
    shapes = (*scene.shapes, *(disc for _, disc in discs))
    boxes = [shape.bounds() for shape in shapes]
    placement = place(boxes)
    materials = MaterialRows(media, placement.scale)
    is_still = not (will_move or has_moved)
    bodies = choose_bodies(shapes, boxes) if is_still else frozenset[int]()
    geometry = gather_geometry(shapes, materials, placement, threads, bodies)
    cuts = pack_clips(scene, shapes, placement)
    groups = np.array(groups_of(scene, shapes), np.int32)
    of_cuts = _cut_materials(cuts, shapes, materials)
    fields = materials.fields.tables(shapes)
    surfaces = materials.tables()
    textures = materials.textures.tables()
    # Neither knows of trees; and the upper end of a tree has work for one thread only.
    find_keys = begin(
        threads if with_key else 1, lambda: keys_of_trees(geometry) if with_key else None
    )
    find_lights = begin(
        threads,
        lambda: pack_lights(geometry, surfaces.values, scene, discs, placement, groups),
    )
    trees = None
    known = None if previous is None else find_keys()
    if previous is not None and known is not None and previous.keys == known:
        # What is to be refitted is built in another way: no flat of it is cut.
        trees = previous if is_still == (previous.plan is None) else None
    elif previous is not None and has_moved:
        trees = refit_trees(previous, geometry, threads)
    if trees is None:
        trees = build_trees(geometry, threads, will_move, is_still, previous, known)
        trees = trees._replace(keys=None if has_moved else find_keys())
    lights = find_lights()
    background = layout.ENVIRONMENT_BACKGROUND
    lights.environment.values[background : background + 3] = _behind(scene)
    write_roots(geometry, trees.roots)
    media_table = media.table(placement.scale)
    volumes = pack_volumes(shapes, placement, groups.tolist(), of_cuts)
    clips = cuts.planes
    has_caps = bool(cuts.caps[0])
    is_clear = not len(media_table) and not len(volumes.values) and not len(clips)
    plain = is_clear and _is_plain(surfaces, lights, len(trees.rounds))
    portals, portal_sums = no_portals()
    tables = SceneTables(
        nodes=trees.nodes,
        flats=trees.flats,
        balls=trees.balls,
        rounds=trees.rounds,
        bare_materials=_bare_materials(
            trees.flats, geometry.primitives, surfaces.codes, not has_caps, threads
        ),
        # Only the tree is cut by planes.
        few_flats=trees.few_flats[: 0 if len(clips) else None],
        few_occluders=np.zeros((0, layout.FEW_SIZE), np.float32),
        few_boxes=np.zeros((0, layout.FEW_BOX_SIZE), np.float32),
        few_balls=trees.few_balls[: 0 if len(clips) else None],
        large_radius=_large_radius(geometry, shapes, boxes, placement.scale),
        instances=geometry.instances,
        instance_codes=geometry.instance_codes,
        primitives=geometry.primitives,
        edge_marks=geometry.edge_marks,
        edge_rows=geometry.edge_rows,
        edge_ends=geometry.edge_ends,
        corners=geometry.corners,
        vertices=geometry.vertices,
        colors=geometry.colors,
        material_codes=surfaces.codes,
        materials=surfaces.values,
        texture_codes=textures.codes,
        textures=textures.values,
        texels=textures.texels,
        texel_bytes=textures.texel_bytes,
        fields=fields.codes,
        values=fields.values,
        maps=fields.maps,
        energy=materials.energy.table(),
        features=_features(surfaces.codes, volumes.codes),
        media=media_table,
        volume_codes=volumes.codes,
        volumes=volumes.values,
        volume_bounds=volumes.bounds,
        volume_looks=volumes.looks,
        volume_extinctions=np.ascontiguousarray(volumes.looks[:, LOOK_EXTINCTION]),
        volume_glow=volumes.glow,
        clips=clips,
        clip_groups=cuts.groups,
        shape_clips=cuts.shapes,
        cut_caps=cuts.caps,
        surroundings=np.zeros(1 + len(lights.lights), np.int64),
        lights=lights.lights,
        light_cdf=lights.cdf,
        light_slots=find_slots(geometry, surfaces.codes, len(lights.lights), *trees.blocks()),
        light_nodes=lights.weighed.nodes,
        light_branches=lights.weighed.branches,
        light_leaves=lights.weighed.leaves,
        environment=lights.environment.values,
        environment_edges=lights.environment.edges,
        environment_rows=lights.environment.rows,
        environment_guides=lights.environment.guides,
        portals=portals,
        portal_sums=portal_sums,
        backdrop=np.empty(0, np.float32),  # it depends on the size of the picture
        placement=placement.as_array(),
        full=None if plain else FULL,
    )
    if len(lights.weighed.nodes):
        weigh_by_sight(tables, [placement.bounds(box) for box in boxes], scene.emitters)
    tables = with_portals(tables, scene.emitters, placement)
    tables = set_outer_last(tables, [placement.bounds(box) for box in boxes])
    tables = list_occluders(tables)
    return Compiled(tables, trees, materials.fields)


def _cut_materials(cuts: ClipTables, shapes: Sequence[Shape], materials: MaterialRows) -> list[int]:
    """Rows of the materials of the volumes' cuts, -1 where they are open."""
    rows: list[int] = []
    for index, shape in enumerate(shapes):
        if isinstance(shape, Volume):
            closes = len(cuts.shapes) > 0 and cuts.shapes[index, layout.SHAPE_CAPS] != 0
            rows.append(materials.cut_row(shape, len(rows)) if closes else -1)
    return rows


def _large_radius(
    geometry: Geometry, shapes: Sequence[Shape], boxes: Sequence[Bounds], scale: float
) -> F32:
    """Radius of balls, (1,), that are so large for what may lie on them that an ulp matters."""
    sizes = [
        0.5 * scale * float((hi - lo).max())
        for shape, (lo, hi) in zip(shapes, boxes, strict=True)
        if isinstance(shape, Quad | Box | Mesh)
    ]
    instances = geometry.instance_boxes
    for things in (
        np.abs(geometry.balls.centres_radii[:, 3]),
        geometry.rounds.values[:, layout.ROUND_HEIGHT_ROW : layout.ROUND_HEIGHT_ROW + 3].max(
            axis=1
        ),
        -0.5 * (instances[:, :3] + instances[:, 4:7]).min(axis=1),
    ):
        sizes += [float(things.min())] if len(things) else []
    return np.array([min(sizes, default=np.inf) * _LARGE], np.float32)


def _is_plain(surfaces: MaterialTables, lights: LightTables, rounds: int) -> bool:
    """Can the scene be rendered without any of the functions marked `on_demand`?"""
    simple_surfaces = not (
        np.any(surfaces.codes[:, layout.MATERIAL_FLAGS])
        or np.any(surfaces.codes[:, layout.MATERIAL_EMISSION_TEXTURE] >= 0)
        or np.any(surfaces.codes[:, layout.MATERIAL_KIND] > layout.BLACK)
        or np.any(surfaces.values[:, layout.MATERIAL_ENERGY])
    )
    simple_lights = not (
        np.any(lights.lights[:, layout.LIGHT_KIND] > layout.LIGHT_BALL)
        or len(lights.weighed.nodes)
        or lights.environment.values[layout.ENVIRONMENT_KIND] == layout.PANORAMA
    )
    return simple_surfaces and simple_lights and not rounds


def _bare_materials(
    flats: F32, primitives: I32, material_codes: I32, is_uncapped: bool, threads: int
) -> I32:
    """By slots of flats, see `hit.bare_material`; trees outlive materials, and can not hold it."""
    rows = flats.view(np.int32).reshape(-1, layout.FLAT_ROWS, WIDTH)
    in_slots = rows[:, layout.FLAT_PRIMITIVE_ROW]
    made = np.full(in_slots.shape, -1, np.int32)
    if not len(in_slots) or not is_uncapped:  # where a cap is, edges don't tell
        return made.ravel()
    materials = primitives[:, layout.PRIMITIVE_MATERIAL]
    # Negative numbers have their first bit set, and two of them a common one.
    is_bare = (primitives[:, layout.PRIMITIVE_CORNERS] & primitives[:, layout.PRIMITIVE_LIGHT]) < 0
    if material_codes[:, layout.MATERIAL_FLAGS].any():
        is_bare &= material_codes[materials, layout.MATERIAL_FLAGS] == 0
    bare = np.where(is_bare, materials, np.int32(-1))
    if bare.min() == bare.max():
        made.fill(bare[0])
        return made.ravel()

    def look_up(begin: int, end: int) -> None:
        np.take(bare, in_slots[begin:end], out=made[begin:end], mode="clip")

    in_parts(len(in_slots), threads, look_up)
    return made.ravel()


def _behind(scene: Scene) -> Any:
    """The colour that the camera sees behind everything; -1: the environment, or a picture."""
    environment = scene.environment
    if scene.background is None and environment is not None and not environment.visible:
        return 0.0
    if scene.background is None or isinstance(scene.background, Backdrop):
        return -1.0
    return scene.background


def _features(material_codes: I32, volume_codes: I64) -> I32:
    features = np.zeros(layout.FEATURES_SIZE, np.int32)
    features[layout.FEATURE_UNSEEN] = np.any(
        material_codes[:, layout.MATERIAL_FLAGS] & layout.MATERIAL_UNSEEN
    ) or np.any(volume_codes[:, layout.VOLUME_IS_UNSEEN])
    features[layout.FEATURE_MASKS] = np.any(
        material_codes[:, layout.MATERIAL_FLAGS]
        & (layout.MATERIAL_MASKED | layout.MATERIAL_INTERFACE)
    )
    return features


def compile_camera(
    camera: Camera,
    width: int,
    height: int,
    placement: Placement = AS_IT_IS,
    stands_for: tuple[int, int] | None = None,
) -> F32:
    """The camera's table for a picture of `width` x `height` pixels.

    `placement` is that of the tables that it looks at (`placement.placement_in`). A coarse picture
    stands for one of another size, whose pixels widths are meant in.
    """
    frame = camera.frame()
    table = np.zeros(layout.CAMERA_SIZE, np.float32)
    whole = (width, height) if stands_for is None else stands_for
    table[layout.CAMERA_PIXELS : layout.CAMERA_PIXELS + 2] = 0.5 * whole[0], 0.5 * whole[1]
    table[layout.CAMERA_COARSENESS] = max(1.0, whole[1] / height)
    if isinstance(camera, PerspectiveCamera):
        table[layout.CAMERA_KIND] = layout.PERSPECTIVE
        half_height = camera.half_height(width / height)
        half_width = half_height * camera.pixel_aspect * width / height
        table[layout.CAMERA_SHIFT] = 2.0 * camera.shift[0]
        table[layout.CAMERA_SHIFT + 1] = 2.0 * camera.shift[1]
        look_from, look_at = np.array(camera.look_from), np.array(camera.look_at)
        focus = camera.focus_distance
        distance = np.linalg.norm(look_at - look_from) if focus is None else focus
        table[layout.CAMERA_LENS] = camera.aperture_radius * placement.scale
        table[layout.CAMERA_FOCUS] = distance * placement.scale
    elif isinstance(camera, OrthographicCamera):
        table[layout.CAMERA_KIND] = layout.ORTHOGRAPHIC
        half_height = camera.height * placement.scale / 2.0
        half_width = half_height * width / height
    elif isinstance(camera, PanoramicCamera):
        table[layout.CAMERA_KIND] = layout.PANORAMIC
        half_height = half_width = 1.0
    else:
        raise AssertionError(f"no table for {type(camera).__name__}")
    table[layout.CAMERA_ORIGIN : layout.CAMERA_ORIGIN + 3] = placement.points(
        np.array(camera.look_from)
    )
    table[layout.CAMERA_RIGHT : layout.CAMERA_RIGHT + 3] = frame.right * half_width
    table[layout.CAMERA_UP : layout.CAMERA_UP + 3] = frame.up * half_height
    table[layout.CAMERA_FORWARD : layout.CAMERA_FORWARD + 3] = frame.forward
    table[layout.CAMERA_LENS_RIGHT] = 1.0 / half_width
    table[layout.CAMERA_LENS_UP] = 1.0 / half_height
    return table
