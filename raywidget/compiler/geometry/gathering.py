"""Shapes -> flats, balls, rounds and instances: the primitives that trees are built over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.bodies import Body
from raywidget.compiler.geometry.contact import settle_ball, settle_round
from raywidget.compiler.geometry.edges import Marks, join_marks, mark_edges
from raywidget.compiler.geometry.fans import HUGE_TILTED, SmallThings
from raywidget.compiler.geometry.flat_parts import FlatsPart, join_flats, triangles_part
from raywidget.compiler.geometry.placement import AS_IT_IS, Placement
from raywidget.compiler.geometry.primitives import (
    F64,
    Balls,
    Flats,
    Rounds,
    flat_areas,
)
from raywidget.compiler.geometry.shape_rows import (
    ball_rows,
    balls_in_full,
    box_faces,
    instance_rows,
    moved_boxes,
    placed_flats,
    round_rows,
    rounds_in_full,
)
from raywidget.compiler.surfaces.fields import Place, ShapeFields
from raywidget.compiler.surfaces.materials import MaterialRows
from raywidget.kernels import layout
from raywidget.kernels.language.boxes import BOX
from raywidget.kernels.layout import F32, I32
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.shapes.lines import Arrows, Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Box, Quad, Shape, Sphere
from raywidget.scene.shapes.volumes import Volume


@dataclass(frozen=True)
class InstancedMesh:
    """A mesh with a tree of its own, and the rows of `instances` that place it."""

    flats: Flats
    rows: range


class CopiedFlats(NamedTuple):
    """The flats of copies that shine, in the world."""

    corners: F64  # (F, 3, 3) corner, edge_u, edge_v: their product points to the front
    shears: F32  # (F,)
    primitives: I32  # (F,)
    materials: I32  # (F,) of the copies, or -1: that of the primitive
    mirrored: NDArray[np.bool_]  # (F,) are the edges the other way round than the primitive's?

    def areas(self) -> F64:
        """Areas, (F,)."""
        return flat_areas(self.corners, self.shears)


@dataclass(frozen=True)
class Geometry:
    """All primitives of a scene, and what is known about each."""

    flats: Flats  # but those of bodies
    bodies: list[Body]
    balls: Balls
    rounds: Rounds
    meshes: list[InstancedMesh]
    instances: F32  # see layout
    instance_codes: I32  # see layout; roots are filled in when the trees are built
    instance_boxes: F32  # (I, 8) records of `kernels.language.boxes`
    primitives: I32  # see layout; lights are filled in when they are numbered
    edge_marks: layout.U8  # see layout
    edge_rows: I32  # see layout
    edge_ends: F32  # see layout
    corners: I32  # see layout
    vertices: F32  # see layout
    colors: F32  # see layout
    copied_flats: CopiedFlats  # INSTANCE_LIGHT + PRIMITIVE_LIGHT is the number among them


def gather_geometry(
    shapes: Sequence[Shape],
    materials: MaterialRows,
    placement: Placement = AS_IT_IS,
    threads: int = 1,
    bodies: frozenset[int] = frozenset(),
) -> Geometry:
    """Take all shapes apart; `bodies` are the numbers of those that get trees of their own."""
    things = SmallThings.among(shapes)
    faces = sum(len(shape.faces) for shape in shapes if isinstance(shape, Mesh))
    gathering = _Gathering(materials, placement, things, threads, bodies, faces + _ROOM)
    for index, shape in enumerate(shapes):
        gathering.add(index, shape)
    return gathering.finish()


_MOST_SETTLED = 64  # members of one shape
# Rows of primitives that are copied as a whole: column by column they took four times as long.
_AT_ONCE = 2048
_ROOM = 4096  # primitives beside those of meshes that need no table of their own


class _MeshParts(NamedTuple):
    """A mesh that is copied: one tree for all copies."""

    flats: Flats
    lit: NDArray[np.int64]  # flats that shine, where copies shine


class _Places(NamedTuple):
    """All copies of one `Instances`."""

    mesh: tuple[int, object]  # key of the mesh
    codes: I32
    matrices: F64
    lo: F64  # box of the mesh
    hi: F64
    fields: ShapeFields | None


class _Gathering:
    """Lists that grow shape by shape."""

    def __init__(
        self,
        materials: MaterialRows,
        placement: Placement,
        things: SmallThings,
        threads: int,
        bodies: frozenset[int],
        room: int,
    ) -> None:
        self._threads = threads
        self._with_trees = bodies
        self._bodies: list[Body] = []
        # What is not written takes no memory, and what is need not be copied in the end.
        self._room = np.empty((room, layout.PRIMITIVE_SIZE), np.int32)
        self._things = things
        self._materials = materials
        self._fields = materials.fields
        self._mesh_fields: dict[tuple[int, object], ShapeFields | None] = {}
        self._placement = placement
        self._flats: list[FlatsPart] = []
        self._balls: list[tuple[F32, I32]] = []
        self._rounds: list[tuple[F32, I32]] = []
        self._meshes: dict[tuple[int, object], _MeshParts] = {}  # the scene keeps the Mesh alive
        self._own_places: dict[tuple[int, object], Placement] = {}
        self._places: list[_Places] = []
        self._primitives: list[I32] = []
        self._primitive_count = 0
        self._marks: list[tuple[int, Marks]] = []  # from which primitive on
        self._corners: list[I32] = []
        self._corner_count = 0
        self._vertices: list[F32] = []
        self._vertex_count = 0
        self._colors: list[F32] = []
        self._color_count = 0
        self._copied: list[CopiedFlats] = []
        self._copied_count = 0

    def add(self, index: int, shape: Shape) -> None:
        if isinstance(shape, Volume):
            return  # no surface: see `compiler.volumes`
        if isinstance(shape, Mesh):
            self._add_mesh(shape, index)
        elif isinstance(shape, Instances):
            self._add_copies(shape, index)
        else:
            fields = self._fields.begin(shape, index)
            if fields is not None:
                first = self._primitive_count
                balls = len(shape.points) if isinstance(shape, Tubes) else 0
                fields.place = Place(primitives=first, rounds=first + balls)
            self._add_simple(shape, self._materials.row_of(shape, fields), index)

    def _add_simple(self, shape: Shape, material: int, index: int) -> None:
        if isinstance(shape, Sphere | Spheres):
            balls = ball_rows(shape, self._placement)
            self._settle_balls(shape, balls)
            self._balls.append((balls, self._number(len(balls), material, index)))
            if isinstance(shape, Spheres):
                self._color_items(shape.colors)
        elif isinstance(shape, Quad):
            sides = np.array([[shape.origin, shape.edge_u, shape.edge_v]], np.float64)
            self._add_parallelograms(sides, material, index, shape.edges)
        elif isinstance(shape, Box):
            self._add_parallelograms(box_faces(shape), material, index, shape.edges)
        else:
            points = None  # rows of the colours of points
            if isinstance(shape, Tubes):
                balls = ball_rows(shape, self._placement)
                self._settle_balls(shape, balls)
                self._balls.append((balls, self._number(len(balls), material, index)))
                if shape.colors is not None:
                    points = self._add_colors(shape.colors)
                    self._primitives[-1][:, layout.PRIMITIVE_COLOR] = points
            rounds = round_rows(shape, self._placement)
            self._settle_rounds(shape, rounds)
            self._rounds.append((rounds, self._number(len(rounds), material, index)))
            if isinstance(shape, Cylinders):
                self._color_items(shape.colors)
            if isinstance(shape, Arrows) and shape.colors is not None:
                self._color_items(np.tile(shape.colors[shape.has_arrow()], (2, 1)))
            if isinstance(shape, Tubes) and points is not None:
                ends = points[shape.segments]
                self._primitives[-1][:, layout.PRIMITIVE_COLOR] = ends[:, 0]
                self._primitives[-1][:, layout.PRIMITIVE_CORNERS] = -2 - ends[:, 1]

    def _settle_balls(self, shape: Sphere | Spheres | Tubes, rows: F32) -> None:
        """Have huge ones pass through the small things on them where they should."""
        centers, radii = balls_in_full(shape)
        for row, middle in self._huge_ones(radii):
            centre = self._placement.points(centers[row])
            settle_ball(rows[row], centre, float(radii[row]) * self._placement.scale, middle)

    def _settle_rounds(self, shape: Shape, rows: F32) -> None:
        """The same for disks, cylinders and cones."""
        scale = self._placement.scale
        base, axis, height, *radii, _ = rounds_in_full(shape)
        for row, middle in self._huge_ones(np.maximum(0.5 * height, np.maximum(*radii))):
            lengths = height[row] * scale, radii[0][row] * scale, radii[1][row] * scale
            settle_round(rows[row], self._placement.points(base[row]), axis[row], lengths, middle)

    def _huge_ones(self, sizes: NDArray[Any]) -> Iterator[tuple[int, F64]]:
        """Rows of those that are huge for others, and where these are in the tables."""
        huge = np.flatnonzero(sizes > self._things.least * HUGE_TILTED)
        for row in huge[np.argsort(-sizes[huge], kind="stable")][:_MOST_SETTLED]:
            middle = self._things.middle(float(sizes[row]) / HUGE_TILTED)
            if middle is not None:
                yield int(row), self._placement.points(middle)

    def _mark(self, marks: Marks, scale: float = 1.0) -> None:
        """Say which edges of the primitives numbered last are drawn."""
        self._marks.append((self._primitive_count - len(marks.own), marks.scaled(scale)))

    def _add_parallelograms(
        self, sides: F64, material: int, index: int, edges: Edges | None
    ) -> None:
        """Corners and edges, (F, 3, 3)."""
        fans = [self._things.fan(*side) for side in sides]
        whole = sides[[fan is None for fan in fans]]
        if len(whole):
            corners = placed_flats(whole, self._placement)
            self._flats.append(FlatsPart(self._number(len(whole), material, index), corners))
            if edges is not None:
                self._mark(Marks.alike(len(whole), layout.MARK_ALL))
        for fan in fans:
            if fan is not None:
                numbers = self._number(len(fan.faces), material, index)
                if edges is not None:
                    whole_fan = np.zeros(len(fan.faces), np.int32)
                    marks = mark_edges(edges, fan.vertices, fan.faces, whole_fan)
                    self._mark(marks, self._placement.scale)
                self._attributes(fan.faces, None, fan.uvs, False)
                placed = self._placement.points(fan.vertices)
                apart = np.stack([placed[fan.faces[:, k]] - placed[0] for k in (1, 2)], axis=1)
                better = np.arange(len(apart)), apart.astype(np.float32)
                vertices = placed.astype(np.float32)
                self._flats.append(FlatsPart(numbers, None, vertices, fan.faces, better))

    def _number(self, count: int, material: int | I32, shape: int) -> I32:
        """Rows of the table of primitives for `count` more."""
        first = self._primitive_count
        rows = self._room[first : first + count]
        if len(rows) < count:
            rows = np.empty((count, layout.PRIMITIVE_SIZE), np.int32)
        alike = rows[:_AT_ONCE]
        alike[:] = -1
        alike[:, layout.PRIMITIVE_SHAPE] = shape
        one_for_all = np.ndim(material) == 0
        if one_for_all:
            alike[:, layout.PRIMITIVE_MATERIAL] = material
        for at in range(_AT_ONCE, count, _AT_ONCE):
            rows[at : at + _AT_ONCE] = alike[: count - at]
        if not one_for_all:
            rows[:, layout.PRIMITIVE_MATERIAL] = material
        self._primitives.append(rows)
        self._primitive_count += count
        return np.arange(first, first + count, dtype=np.int32)

    def _color_items(self, colors: F32 | None) -> None:
        """Give the primitives numbered last a colour each."""
        if colors is not None:
            self._primitives[-1][:, layout.PRIMITIVE_COLOR] = self._add_colors(colors)

    def _add_colors(self, colors: F32) -> NDArray[np.int64]:
        """Take up colours; their rows."""
        self._colors.append(colors)
        first = self._color_count
        self._color_count += len(colors)
        return np.arange(first, self._color_count)

    # --- Meshes -----------------------------------------------------------------------------------

    def _add_mesh(self, mesh: Mesh, index: int) -> None:
        fields = self._fields.begin(mesh, index)
        mesh, parts = self._things.split(mesh)
        if fields is not None:
            fields.parts = parts
        radiances = [mesh.radiance_of(m) for m in mesh.all_materials]
        materials = self._face_rows(mesh, radiances, fields, mesh.visible)
        faces, numbers = self._triangles(mesh, materials, index, self._placement, fields)
        if index in self._with_trees:
            self._bodies.append(Body(mesh, faces, self._placement, int(numbers[0])))
        else:
            self._flats.append(triangles_part(mesh.vertices, faces, self._placement, numbers))

    def _face_rows(
        self, mesh: Mesh, radiances: Sequence[Any], fields: ShapeFields | None, visible: bool
    ) -> I32:
        """The row of the material tables of each face, (F,), or of all, ()."""
        rows = [
            self._materials.row(mesh, material, radiance, fields, visible)
            for material, radiance in zip(mesh.all_materials, radiances, strict=True)
        ]
        return np.array(rows, np.int32)[0 if mesh.face_materials is None else mesh.face_materials]

    def _add_copies(self, copies: Instances, index: int) -> None:
        """One tree for all copies of a mesh, unless some shine and others do not."""
        mesh = copies.mesh
        radiances = copies.radiances()
        key: tuple[int, object] = (id(mesh), None)
        single = radiances[0] if len(radiances) == 1 else None
        has_one = len(radiances) == 1
        if has_one:
            key = (id(mesh), True)
            radiances = radiances * len(mesh.all_materials)
        elif copies.emission is not None:
            key = (id(mesh), id(copies))
        is_lit = any(radiance is not None for radiance in radiances)
        if not is_lit:
            key = (id(mesh), None)
        has_own = key[1] is None
        visible = copies.visible and mesh.visible
        if not visible:
            key = (id(mesh), (key[1], "unseen"))
        if key not in self._meshes:
            own = radiances
            if has_own:
                own = [mesh.radiance_of(m) for m in mesh.all_materials]
            own_fields = self._fields.begin(mesh, index, of_mesh=True)
            own_place, split, parts = self._things.place_copies(copies, self._placement)
            if own_fields is not None:
                own_fields.parts = parts
            self._mesh_fields[key], self._own_places[key] = own_fields, own_place
            self._meshes[key] = self._mesh_parts(split, own, index, own_fields, own_place, visible)
        material = -1  # those of the faces
        fields = self._fields.begin(copies, index)
        beneath = self._mesh_fields[key]
        if has_one:
            above = beneath if fields is None else fields.above(beneath)
            material = self._materials.row(copies, copies.material, single, above, visible)
        codes = np.empty((len(copies.transforms), layout.INSTANCE_CODES_SIZE), np.int32)
        codes[:] = -1
        codes[:, layout.INSTANCE_MATERIAL] = material
        codes[:, layout.INSTANCE_SHAPE] = index
        if copies.colors is not None:
            codes[:, layout.INSTANCE_COLOR] = self._add_colors(copies.colors)
        own_place = self._own_places[key]
        matrices = self._placement.within(own_place, copies.transforms)
        if is_lit:
            self._add_lit_copies(self._meshes[key], matrices, codes)
        box = own_place.bounds(mesh.bounds())
        self._places.append(_Places(key, codes, matrices, *box, fields))

    def _mesh_parts(
        self,
        mesh: Mesh,
        radiances: Sequence[Any],
        index: int,
        fields: ShapeFields | None,
        own: Placement,
        visible: bool,
    ) -> _MeshParts:
        """In a space of its own: its copies may be anywhere."""
        materials = self._face_rows(mesh, radiances, fields, visible)
        faces, numbers = self._triangles(mesh, materials, index, own, fields)
        part = triangles_part(mesh.vertices, faces, own, numbers)
        flats = join_flats([part], self._threads)
        shines = np.array([radiance is not None for radiance in radiances])
        of_faces = shines[0 if mesh.face_materials is None else mesh.face_materials]
        lit = np.flatnonzero(of_faces & (flats.areas() > 0.0))
        self._primitives[-1][lit, layout.PRIMITIVE_LIGHT] = np.arange(len(lit))
        return _MeshParts(flats, lit)

    def _add_lit_copies(self, mesh: _MeshParts, matrices: F64, codes: I32) -> None:
        """Write down where the flats that shine are in the world."""
        count, each = len(matrices), len(mesh.lit)
        codes[:, layout.INSTANCE_LIGHT] = self._copied_count + each * np.arange(count)
        self._copied_count += count * each
        corners = mesh.flats.corners[mesh.lit].astype(np.float64)
        moved = np.einsum("nij,fkj->nfki", matrices[:, :3, :3], corners)
        moved[:, :, 0] += matrices[:, None, :3, 3]
        mirrored = np.linalg.det(matrices[:, :3, :3]) < 0.0
        moved[mirrored] = moved[mirrored][:, :, [0, 2, 1]]  # what was in front stays in front
        numbers = mesh.flats.primitives[mesh.lit]
        self._copied.append(
            CopiedFlats(
                moved.reshape(-1, 3, 3),
                np.tile(mesh.flats.shears[mesh.lit], count),
                np.tile(numbers, count),
                np.repeat(codes[:, layout.INSTANCE_MATERIAL], each),
                np.repeat(mirrored, each),
            )
        )

    def _triangles(
        self,
        mesh: Mesh,
        materials: I32,
        shape: int,
        placement: Placement,
        fields: ShapeFields | None,
    ) -> tuple[I32, I32]:
        """Number triangles, and take up what is known about them: faces, and their numbers."""
        if fields is not None:
            fields.place = Place(self._primitive_count, vertices=self._vertex_count)
        of_vertices = fields is not None and any(
            numbers.on == "vertices" for numbers in fields.numbers.values()
        )
        faces = mesh.faces
        if mesh.flip_normals:
            faces = np.ascontiguousarray(faces[:, [0, 2, 1]])  # else by columns
        numbers = self._number(len(faces), materials, shape)
        rows = self._primitives[-1]
        if mesh.edges is not None:
            marks = mark_edges(mesh.edges, mesh.vertices, faces, mesh.polygons)
            self._mark(marks, placement.scale)
        if mesh.face_colors is not None:
            rows[:, layout.PRIMITIVE_COLOR] = self._add_colors(mesh.face_colors)
        elif mesh.colors is not None:
            rows[:, layout.PRIMITIVE_COLOR] = self._color_count - self._vertex_count
            self._add_colors(mesh.colors)
        of_corners = (mesh.normals, mesh.uvs, mesh.uvs2, mesh.colors)
        if of_vertices or any(a is not None for a in of_corners):
            normals = mesh.normals
            if normals is not None and mesh.flip_normals:
                normals = -normals
            self._attributes(faces, normals, mesh.uvs, mesh.colors is not None, mesh.uvs2)
        return faces, numbers

    def _attributes(
        self,
        faces: I32,
        normals: NDArray[Any] | None,
        uvs: NDArray[Any] | None,
        has_colors: bool,
        second: NDArray[Any] | None = None,
    ) -> None:
        """What the triangles numbered last have at their corners; colours are there already."""
        self._primitives[-1][:, layout.PRIMITIVE_CORNERS] = (
            np.arange(len(faces)) + self._corner_count
        )
        flags = 0
        count = len(self._colors[-1]) if has_colors else 0
        count = max([count, *(len(rows) for rows in (normals, uvs, second) if rows is not None)])
        sets = 1 if second is None else 2
        vertices = np.zeros((sets * count, layout.VERTEX_SIZE), np.float32)
        if normals is not None:
            flags |= layout.CORNERS_NORMALS
            vertices[:count, :3] = normals
        if uvs is not None:
            flags |= layout.CORNERS_UVS
            vertices[:count, 3:] = uvs
        if second is not None:
            flags |= count << layout.CORNERS_BITS
            vertices[count:, 3:] = second
        if has_colors:
            flags |= layout.CORNERS_COLORS
        corners = np.empty((len(faces), layout.CORNERS_SIZE), np.int32)
        corners[:, :3] = faces + self._vertex_count
        corners[:, layout.CORNERS_FLAGS] = flags
        self._corners.append(corners)
        self._corner_count += len(corners)
        self._vertices.append(vertices)
        self._vertex_count += len(vertices)

    # --- All together -----------------------------------------------------------------------------

    def finish(self) -> Geometry:
        meshes, places = [], []
        edges = join_marks(self._marks, self._primitive_count)
        first = 0
        for key, parts in self._meshes.items():
            own = [place for place in self._places if place.mesh == key]
            count = sum(len(place.codes) for place in own)
            meshes.append(InstancedMesh(parts.flats, range(first, first + count)))
            row = first
            for copies in own:
                if copies.fields is not None:
                    copies.fields.place = Place(copies=row)
                row += len(copies.codes)
            places += own
            first += count
        return Geometry(
            flats=join_flats(self._flats, self._threads),
            bodies=self._bodies,
            balls=Balls(*_join(self._balls, 4)),
            rounds=Rounds(*_join(self._rounds, layout.ROUND_PRIMITIVE_ROW)),
            meshes=meshes,
            instances=_stack(
                [instance_rows(place.matrices) for place in places],
                np.empty((0, layout.INSTANCE_SIZE), np.float32),
            ),
            instance_codes=_stack(
                [place.codes for place in places],
                np.empty((0, layout.INSTANCE_CODES_SIZE), np.int32),
            ),
            instance_boxes=_stack(
                [moved_boxes(place.matrices, place.lo, place.hi) for place in places],
                np.empty((0, BOX), np.float32),
            ),
            primitives=self._all_primitives(),
            edge_marks=edges.own,
            edge_rows=edges.rows,
            edge_ends=edges.ends,
            corners=_stack(self._corners, np.empty((0, layout.CORNERS_SIZE), np.int32)),
            vertices=_stack(self._vertices, np.empty((0, layout.VERTEX_SIZE), np.float32)),
            colors=_stack(self._colors, np.empty((0, 3), np.float32)),
            copied_flats=CopiedFlats(
                _stack([c.corners for c in self._copied], np.empty((0, 3, 3))),
                _stack([c.shears for c in self._copied], np.empty(0, np.float32)),
                _stack([c.primitives for c in self._copied], np.empty(0, np.int32)),
                _stack([c.materials for c in self._copied], np.empty(0, np.int32)),
                _stack([c.mirrored for c in self._copied], np.empty(0, np.bool_)),
            ),
        )

    def _all_primitives(self) -> I32:
        if self._primitive_count <= len(self._room):
            return self._room[: self._primitive_count]
        return _stack(self._primitives, self._room[:0])


def _join(parts: list[tuple[F32, I32]], columns: int) -> tuple[F32, I32]:
    return (
        _stack([values for values, _ in parts], np.empty((0, columns), np.float32)),
        _stack([numbers for _, numbers in parts], np.empty(0, np.int32)),
    )


def _stack(parts: list[NDArray[Any]], empty: NDArray[Any]) -> NDArray[Any]:
    # What is alone need not be copied; but what is the user's is never handed on: it may be
    # read-only, which is another type to numba.
    if len(parts) == 1 and parts[0].dtype == empty.dtype and parts[0].flags.writeable:
        return parts[0]
    return np.concatenate(parts, dtype=empty.dtype) if parts else empty
