"""Shapes of pbrt, with their materials, lamps and media -> shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes
from raywidget.io.pbrt import curves, quadrics
from raywidget.io.pbrt.budget import Budget
from raywidget.io.pbrt.directives import Declared, DeclaredShape
from raywidget.io.pbrt.lamps import Lamp, Lamps, shining
from raywidget.io.pbrt.meshes import mesh_of, per_corner, read_ply
from raywidget.io.pbrt.parameters import Parameters, placed
from raywidget.io.pbrt.subdivision import loop_subdivided
from raywidget.io.pbrt.surfaces import Surfaces
from raywidget.io.pieces import Piece
from raywidget.scene.materials.materials import Dielectric, Diffuse, Interface, Material
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.normals import smooth_normals
from raywidget.scene.shapes.round import Cylinder, Disk
from raywidget.scene.shapes.simple import Shape, Sphere
from raywidget.scene.textures.textures import Texture
from raywidget.scene.values import transforms

F64 = NDArray[np.float64]

MAX_LEVELS = 8
_BYTES_OF_TRIANGLE = 128  # while it is made, and in the scene
_BYTES_OF_SHAPE = 2048
_ROUND = 1e-6

# Our spheres have their pole at +y, and u = 0 at -x; pbrt's at +z, and at +x.
_SPHERE_LIKE_OURS = np.array([(-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, 1.0, 0.0)]).T


class _Surface:
    """What a shape is made of."""

    def __init__(self, material: Material, lamp: Lamp | None, flip: bool) -> None:
        self.material = material
        self.lamp = lamp
        self.flip = flip
        self.has_texture = _has_texture(material) or (lamp is not None and lamp.has_picture)

    @property
    def keywords(self) -> dict[str, Any]:
        return {"material": self.material}


class Shapes:
    """Translates shapes; copies of meshes stay copies."""

    def __init__(
        self,
        declared: Declared,
        surfaces: Surfaces,
        lamps: Lamps,
        world: F64,
        notes: Notes,
        budget: Budget,
    ) -> None:
        self._declared = declared
        self._surfaces = surfaces
        self._lamps = lamps
        self._world = world
        self._notes = notes
        self._budget = budget

    def all(self) -> list[Shape]:
        """Everything that is to be seen."""
        result = self._translated(self._declared.shapes, self._world)
        for name, places in self._declared.copies.items():
            result += self._copies(self._declared.objects[name], places)
        return result

    def _copies(self, parts: list[DeclaredShape], places: list[F64]) -> list[Shape]:
        matrices = [self._world @ place for place in places]
        lit = next((part for part in parts if part.area_light is not None), None)
        if lit is not None:
            self._notes.add("lamps in objects are dark, as in pbrt", lit.parameters.place)
            parts = [part._replace(area_light=None) for part in parts]
        if len(places) == 1:
            return self._translated(parts, matrices[0])
        self._budget.spend(128 * len(matrices), "copies of objects")
        stack = np.array(matrices)
        result: list[Shape] = []
        for shape in self._translated(parts, np.eye(4), as_mesh=True):
            assert isinstance(shape, Mesh)
            self._budget.spend(stack.nbytes, "copies of objects")
            result.append(Instances(shape, stack))
        return result

    def _translated(
        self, parts: list[DeclaredShape], world: F64, as_mesh: bool = False
    ) -> list[Shape]:
        result: list[Shape] = []
        strands: dict[tuple[Any, ...], list[DeclaredShape]] = {}
        for part in parts:
            self._budget.spend(_BYTES_OF_SHAPE, part.parameters.place)
            if part.parameters.type == "curve":
                key = (id(part.material), id(part.area_light), part.inside, part.reversed)
                strands.setdefault(key, []).append(part)
                continue
            with placed(part.parameters):
                result += self._one(part, world @ part.matrix, as_mesh)
        for group in strands.values():
            with placed(group[0].parameters):
                result += self._curves(group, world, as_mesh)
        return result

    def _one(self, part: DeclaredShape, matrix: F64, as_mesh: bool) -> list[Shape]:
        owner = part.parameters
        translate = _SHAPES.get(owner.type)
        if translate is None:
            self._notes.add(f"shape {owner.type!r} is not known here, and left out", owner.place)
            owner.ignore(*owner.items)
            return []
        if not abs(np.linalg.det(matrix[:3, :3])) > 1e-300:
            raise SceneError(f"{owner.place}: {owner}: the transform must not flatten it")
        surface = self._surface(part)
        if surface is None:
            owner.ignore(*owner.items)
            return []
        count, found = translate(self, owner, surface, matrix, as_mesh)
        if surface.lamp is None:
            return found
        return [lit for shape in found for lit in shining(shape, surface.lamp, count)]

    def _surface(self, part: DeclaredShape) -> _Surface | None:
        owner = part.parameters
        material = self._surfaces.material(part.material, owner.place)
        lamp = self._lamps.lamp(part.area_light)
        inside = self._surfaces.medium(part.inside, owner.place)
        if material is None:
            if lamp is not None:
                self._notes.add("a lamp of 'interface' is seen as a black one here", owner.place)
                material = Diffuse(0.0)
            elif inside is None:
                if part.inside:
                    self._notes.add("a shape round a medium that is left out, is too", owner.place)
                return None
            else:
                return _Surface(Interface(inside), None, part.reversed)
        flip = part.reversed
        if self._surfaces.is_turned(material):
            flip = not flip
        if inside is not None:
            if isinstance(material, Dielectric | Principled) and not material.thin:
                material = material.replace(interior=inside)
            else:
                self._notes.add("a medium in an opaque shape is never seen, and left out",
                                owner.place)  # fmt: skip
        opacity = self._surfaces.opacity(owner)
        if opacity != 1.0:
            if lamp is not None:
                self._notes.add("a lamp is opaque here: its alpha is left out", owner.place)
            else:
                material = material.replace(opacity=opacity)
        return _Surface(material, lamp, flip)

    # --- Meshes -----------------------------------------------------------------------------------

    def _mesh(self, owner: Parameters, surface: _Surface, matrix: F64, piece: Piece) -> list[Shape]:
        if piece.uvs is None and surface.has_texture:
            piece = per_corner(piece)
        mesh = mesh_of(piece, matrix, surface.flip, surface.keywords, owner.place, self._notes)
        return [] if mesh is None else [mesh]

    def _triangles(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        piece = self._given(owner, 3)
        return len(piece.faces), self._mesh(owner, surface, matrix, piece)

    def _given(self, owner: Parameters, corners: int) -> Piece:
        """Vertices and faces (F, corners) as they stand in the file."""
        points = owner.array("P", 3, "point3")
        if points is None:
            raise owner.fail("P", "points", None)
        given = owner.array("indices", 1, "integer")
        if given is None:
            if len(points) != corners:
                raise owner.fail("indices", f"given, unless there are {corners} points", None)
            given = np.arange(corners, dtype=np.float64)
        if len(given) % corners:
            raise owner.fail("indices", f"a multiple of {corners}", len(given))
        with np.errstate(invalid="ignore"):
            wrong = ~((given >= 0) & (given < len(points)) & (given == np.floor(given)))
        if wrong.any():
            first = given[np.argmax(wrong)]
            raise owner.fail("indices", f"whole numbers from 0 to {len(points) - 1}", float(first))
        normals = owner.array("N", 3, "normal", "vector3", "point3")
        uvs = owner.array("uv", 2, "point2", "float", "vector2")
        if uvs is None:
            uvs = owner.array("st", 2, "point2", "float", "vector2")
        owner.ignore("faceIndices", "S")  # tangents show on brushed metal only, and it is not here
        for name, rows in (("N", normals), ("uv", uvs)):
            if rows is not None and len(rows) != len(points):
                raise owner.fail(name, f"as many as points, {len(points)}", len(rows))
        return Piece(
            vertices=points,
            faces=given.astype(np.int64).reshape(-1, corners),
            normals=normals,
            uvs=uvs,
        )

    def _ply(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        if owner.has("displacement"):
            owner.ignore("displacement", "edgelength", "displacement.edgelength")
            self._notes.add("a mesh is left as it is, without its displacement", owner.place)
        pieces = read_ply(owner.file("filename"), owner.place, self._notes)
        count = sum(len(piece.faces) for piece in pieces)
        return count, [m for p in pieces for m in self._mesh(owner, surface, matrix, p)]

    def _patches(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        piece = self._given(owner, 4)
        if owner.has("emissionfilename"):
            owner.ignore("emissionfilename")
            self._notes.add("the picture that says where a patch shines is left out", owner.place)
        faces = piece.faces
        points = np.asarray(piece.vertices, np.float64)[faces]  # (N, 4, 3)
        with np.errstate(over="ignore", invalid="ignore"):
            bent = points[:, 0] + points[:, 3] - points[:, 1] - points[:, 2]
            size = np.abs(points - points[:, :1]).max(axis=(1, 2))
            is_flat = (np.abs(bent).max(axis=1) <= 1e-6 * size).all()
        if is_flat:
            halves = faces[:, [0, 1, 3, 0, 3, 2]].reshape(-1, 3)
            uvs = piece.uvs
            if uvs is None:  # each patch has a square of its own
                order = faces.ravel()
                corners = np.arange(len(order)).reshape(-1, 4)
                halves = corners[:, [0, 1, 3, 0, 3, 2]].reshape(-1, 3)
                uvs = np.tile(_SQUARE, (len(faces), 1))
                normals = None if piece.normals is None else piece.normals[order]
                piece = Piece(vertices=piece.vertices[order], faces=halves, normals=normals)
            flat = Piece(vertices=piece.vertices, faces=halves, normals=piece.normals, uvs=uvs)
            return len(faces), self._mesh(owner, surface, matrix, flat)
        self._notes.add("bilinear patches are grids of triangles", owner.place)
        steps = 16
        self._spend(owner, 2 * steps * steps * len(faces))
        uvs = np.tile(_SQUARE, (len(faces), 1)) if piece.uvs is None else piece.uvs[faces]
        grid = quadrics.patches(points, np.reshape(uvs, (-1, 4, 2)), steps)
        return len(faces), self._grid(owner, surface, matrix, grid)

    def _loop(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        owner.ignore("scheme")
        levels = owner.integer("levels", 3)
        if not 0 <= levels <= MAX_LEVELS:
            raise owner.fail("levels", f"from 0 to {MAX_LEVELS}", levels)
        piece = self._given(owner, 3)
        if not np.isfinite(piece.vertices).all():
            raise owner.fail("P", "finite numbers", "others")
        self._spend(owner, 2 * len(piece.faces) * 4**levels)
        vertices, faces = loop_subdivided(piece.vertices, piece.faces, levels)
        normals = smooth_normals(vertices, faces)
        smooth = Piece(vertices=vertices, faces=faces, normals=normals)
        return len(faces), self._mesh(owner, surface, matrix, smooth)

    def _spend(self, owner: Parameters, triangles: int) -> None:
        self._budget.spend(_BYTES_OF_TRIANGLE * triangles, owner.place)

    def _grid(
        self, owner: Parameters, surface: _Surface, matrix: F64, grid: quadrics.Grid
    ) -> list[Shape]:
        self._spend(owner, 2 * len(grid.faces))
        piece = Piece(vertices=grid.vertices, faces=grid.faces, normals=grid.normals, uvs=grid.uvs)
        # Triangles in a pole have no area: no fault of the file.
        corners = grid.vertices[grid.faces]
        wound = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(wound, axis=1)
        keep = area > 1e-9 * area.max()
        kept = Piece(
            vertices=piece.vertices, faces=grid.faces[keep], normals=grid.normals, uvs=grid.uvs
        )
        return self._mesh(owner, surface, matrix, kept)

    # --- Round shapes -----------------------------------------------------------------------------

    def _sphere(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        radius = owner.positive("radius", 1.0)
        z_min = np.clip(owner.number("zmin", -radius), -radius, radius)
        z_max = np.clip(owner.number("zmax", radius), -radius, radius)
        z_min, z_max = sorted((float(z_min), float(z_max)))
        phi_max = self._angle(owner)
        linear = matrix[:3, :3]
        lengths = np.linalg.svd(linear, compute_uv=False)
        is_whole = z_min == -radius and z_max == radius and phi_max == 2.0 * math.pi
        is_round = lengths[0] <= (1.0 + _ROUND) * lengths[-1]
        lies_alike = np.allclose(linear / lengths[0], _SPHERE_LIKE_OURS, atol=_ROUND)
        if is_whole and is_round and not as_mesh and (lies_alike or not surface.has_texture):
            scale = float(np.cbrt(np.prod(lengths)))
            ball = Sphere(
                matrix[:3, 3], radius * scale, flip_normals=surface.flip, **surface.keywords
            )
            return 1, [ball]
        if z_min == z_max:
            raise owner.fail("zmin", "below zmax", z_min)
        self._tell_grid(owner)
        grid = quadrics.sphere(radius, z_min, z_max, phi_max)
        return 1, self._grid(owner, surface, matrix, grid)

    def _cylinder(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        radius = owner.positive("radius", 1.0)
        z_min, z_max = sorted((owner.number("zmin", -1.0), owner.number("zmax", 1.0)))
        if z_min == z_max:
            raise owner.fail("zmin", "below zmax", z_min)
        phi_max = self._angle(owner)
        x, _, z = matrix[:3, :3].T
        is_round = (
            _is_round(matrix)
            and abs(x @ z) <= _ROUND * np.linalg.norm(x) * (np.linalg.norm(z))
            and abs(matrix[:3, 1] @ z) <= _ROUND * np.linalg.norm(x) * np.linalg.norm(z)
        )
        if is_round and phi_max == 2.0 * math.pi and not as_mesh and not surface.has_texture:
            base, top = transforms.apply(matrix, np.array([(0.0, 0.0, z_min), (0.0, 0.0, z_max)]))
            tube = Cylinder(
                base,
                top,
                radius * float(np.linalg.norm(x)),
                caps=False,
                flip_normals=surface.flip,
                **surface.keywords,
            )
            return 1, [tube]
        self._tell_grid(owner)
        grid = quadrics.cylinder(radius, z_min, z_max, phi_max)
        return 1, self._grid(owner, surface, matrix, grid)

    def _disk(
        self, owner: Parameters, surface: _Surface, matrix: F64, as_mesh: bool
    ) -> tuple[int, list[Shape]]:
        height = owner.number("height", 0.0)
        radius = owner.positive("radius", 1.0)
        inner = owner.number("innerradius", 0.0)
        if not 0.0 <= inner < radius:
            raise owner.fail("innerradius", "from 0 to below the radius", inner)
        phi_max = self._angle(owner)
        is_whole = inner == 0.0 and phi_max == 2.0 * math.pi and _is_round(matrix)
        if is_whole and not as_mesh and not surface.has_texture:
            disk = Disk(
                transforms.apply(matrix, np.array((0.0, 0.0, height))),
                np.linalg.inv(matrix[:3, :3]).T[:, 2],
                radius * float(np.linalg.norm(matrix[:3, 0])),
                flip_normals=surface.flip,
                **surface.keywords,
            )
            return 1, [disk]
        self._tell_grid(owner)
        grid = quadrics.disk(height, radius, inner, phi_max)
        return 1, self._grid(owner, surface, matrix, grid)

    def _tell_grid(self, owner: Parameters) -> None:
        self._notes.add(
            f"shape {owner.type!r} that is cut, stretched, textured or copied is made of triangles",
            owner.place,
        )

    def _angle(self, owner: Parameters) -> float:
        degrees = owner.number("phimax", 360.0)
        if not degrees > 0.0:
            raise owner.fail("phimax", "an angle > 0", degrees)
        return math.radians(min(degrees, 360.0))

    # --- Curves -----------------------------------------------------------------------------------

    def _curves(self, group: list[DeclaredShape], world: F64, as_mesh: bool) -> list[Shape]:
        owner = group[0].parameters
        surface = self._surface(group[0])
        if surface is None:
            return []
        self._notes.add("curves are chains of tubes", owner.place)
        strands = []
        for part in group:
            with placed(part.parameters):
                strand = curves.strand(part.parameters, world @ part.matrix)
            self._budget.spend(256 * len(strand.radii), part.parameters.place)
            strands.append(strand)
        found = curves.tubes(strands, as_mesh, surface.keywords)
        if surface.lamp is None:
            return found
        return [lit for shape in found for lit in shining(shape, surface.lamp, len(group))]


_Translation = Callable[
    [Shapes, Parameters, _Surface, F64, bool], tuple[int, list[Shape]]
]  # how many shapes pbrt sees in it, each a lamp of its own; and what it is here

_SHAPES: dict[str, _Translation] = {
    "bilinearmesh": Shapes._patches,
    "cylinder": Shapes._cylinder,
    "disk": Shapes._disk,
    "loopsubdiv": Shapes._loop,
    "plymesh": Shapes._ply,
    "sphere": Shapes._sphere,
    "trianglemesh": Shapes._triangles,
}

_SQUARE = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])


def _is_round(matrix: F64) -> bool:
    """Does it keep circles across the z axis round?"""
    x, y = matrix[:3, 0], matrix[:3, 1]
    size = float(np.linalg.norm(x))
    return abs(float(x @ y)) <= _ROUND * size**2 and (
        abs(float(np.linalg.norm(y)) - size) <= _ROUND * size
    )


def _has_texture(value: object) -> bool:
    if isinstance(value, Texture):
        return True
    if not isinstance(value, Material) or not is_dataclass(value):
        return False
    return any(_has_texture(getattr(value, item.name)) for item in fields(value))
