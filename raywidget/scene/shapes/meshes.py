"""Shapes made of triangles: a mesh, and copies of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.edges import Edges, checked_edges, polygon_numbers
from raywidget.scene.shapes.quantities import Numbers, Quantity, ValuedShape
from raywidget.scene.shapes.simple import Bounds, Box, Quad, Shape, TurnableShape
from raywidget.scene.textures.textures import Texture
from raywidget.scene.values import arrays, checks, transforms
from raywidget.scene.values.checks import Color
from raywidget.scene.values.given import as_items
from raywidget.scene.values.signatures import takes_parameters_of_its_class
from raywidget.scene.values.transforms import chunks

MAX_COPIED_LIGHTS = 2**20  # triangles of copies that shine: each is a light of 64 bytes and more


@dataclass(frozen=True, eq=False, repr=False)
class Mesh(ValuedShape, TurnableShape):
    """A mesh of triangles.

    The front side of a triangle is where its corners appear counter-clockwise. Lists are taken
    too; arrays are copied, and stored read-only as float32 and int32 (vertices as float64 where
    they are far from the origin, such as in coordinates of a map).

    Parameters
    ----------
    vertices : (V, 3) array of float
        In scene units, finite; V at most 2^27.
    faces : (F, 3) array of int
        Three indices into `vertices` for each triangle, counted from 0; F at most 2^27.
    normals : (V, 3) array of float, optional
        Normals at the vertices for a smooth look, of any length but 0 (that is allowed where no
        triangle uses the vertex); stored at length 1.
        Without them triangles look flat.
    uvs : (V, 2) array of float, optional
        Surface coordinates at the vertices. Without them u and v are the barycentric coordinates
        of the second and third corner.
    uvs2 : (V, 2) array of float, optional
        A second set of them, for textures that ask for it (``ImageTexture(..., uvs=2)``): baked
        light lies by other coordinates than paint.
    colors : (V, 3) array of float, optional
        Colours at the vertices, linear RGB in [0, 1], for materials that ask for them.
    face_colors : (F, 3) array of float, optional
        Colours of the triangles instead.
    materials : sequence of Material, optional
        Several materials instead of one.
    face_materials : (F,) array of int, optional
        Which of them each triangle is made of, counted from 0.
    per : {"vertices", "faces"}, optional
        What has the values: only needed where there are as many vertices as faces, which then are
        taken for values of vertices. They are interpolated between vertices, then coloured.
    edges : Edges, optional
        How its edges are drawn; ``True`` for black ones, a pixel wide. Copies draw them, too.
    polygons : (F,) array of int, optional
        Which polygon each triangle is a part of, any number >= 0: edges between triangles of the
        same one are not drawn.

    Raises
    ------
    SceneError
        If an array has a wrong shape or type, a number is not finite, or an index points
        outside; the first such row is named.

    Examples
    --------
    >>> import raywidget as rw
    >>> vertices = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]
    >>> rw.Mesh(vertices, [(0, 1, 2)], name="triangle")
    Mesh(vertices=<3x3 float32>, faces=<1x3 int32>, name='triangle')
    """

    vertices: NDArray[np.float32] | NDArray[np.float64]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32] | None = field(default=None, kw_only=True)
    uvs: NDArray[np.float32] | None = field(default=None, kw_only=True)
    uvs2: NDArray[np.float32] | None = field(default=None, kw_only=True)
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)
    face_colors: NDArray[np.float32] | None = field(default=None, kw_only=True)
    materials: Sequence[Material] | None = field(default=None, kw_only=True)
    face_materials: NDArray[np.int32] | None = field(default=None, kw_only=True)
    per: Literal["vertices", "faces"] | None = field(default=None, kw_only=True)
    edges: Edges | None = field(default=None, kw_only=True)
    polygons: NDArray[np.int32] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        vertices = arrays.given_points(self, "vertices", self.vertices, "V")
        count = len(vertices)
        faces = arrays.triangle_indices(self, "faces", self.faces, count)
        self._set(
            vertices=arrays.frozen_points(vertices, faces),
            faces=faces,
        )
        if self.normals is not None:
            unused = ~self.used  # programs give zero as the normal of such vertices
            self._set(normals=arrays.unit_rows(self, "normals", self.normals, "V", count, unused))
        if self.uvs is not None:
            self._set(uvs=arrays.rows(self, "uvs", self.uvs, 2, "V", count))
        if self.uvs2 is not None:
            self._set(uvs2=arrays.rows(self, "uvs2", self.uvs2, 2, "V", count))
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "V", count))
        if self.face_colors is not None:
            if self.colors is not None:
                raise SceneError(f"{checks.label(self)}: give colors or face_colors, not both")
            self._set(
                face_colors=arrays.colors(self, "face_colors", self.face_colors, "F", len(faces))
            )
        if self.materials is not None or self.face_materials is not None:
            self._check_materials()
        self._set(edges=checked_edges(self, self.edges))
        if self.polygons is not None:
            self._set(polygons=polygon_numbers(self, "polygons", self.polygons, len(faces)))
        if self.per is not None:
            checks.choice(self, "per", self.per, ("vertices", "faces"))
        self._check_quantities()

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"vertices": (len(self.vertices),), "faces": (len(self.faces),)}

    def _own_materials(self) -> tuple[Material, ...]:
        return self.all_materials

    def _check_materials(self) -> None:
        if self.materials is None or self.face_materials is None:
            raise SceneError(
                f"{checks.label(self)}: materials and face_materials go together, got only one"
            )
        if self.material is not DEFAULT_MATERIAL:
            raise SceneError(f"{checks.label(self)}: give material or materials, not both")
        expected = "a list of materials"
        materials = as_items(self.materials)
        if materials is None:
            raise checks.fail(self, "materials", expected, self.materials)
        if not materials:
            raise checks.fail(self, "materials", expected, self.materials, "it is empty")
        for index, item in enumerate(materials):
            checks.instance(self, f"materials[{index}]", item, Material, "a material")
        rows = arrays.indices(
            self, "face_materials", self.face_materials, "F", len(self.faces), len(materials)
        )
        self._set(materials=materials, face_materials=rows)

    @property
    def all_materials(self) -> tuple[Material, ...]:
        """What it is made of: `materials`, or the only one."""
        return (self.material,) if self.materials is None else tuple(self.materials)

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round all triangles, (3,) float64 each."""
        lo, hi = self._bounds
        return lo.copy(), hi.copy()

    @cached_property
    def used(self) -> NDArray[np.bool_]:
        """Which vertices triangles have as corners, (V,)."""
        used = np.zeros(len(self.vertices), bool)
        used[self.faces.ravel()] = True
        return used

    @cached_property
    def _bounds(self) -> Bounds:
        corners = self.vertices if self.used.all() else self.vertices[self.used]
        # Column by column: numpy is ten times as fast along long axes as along one of three.
        lo = [corners[:, axis].min() for axis in range(3)]
        hi = [corners[:, axis].max() for axis in range(3)]
        return np.array(lo, np.float64), np.array(hi, np.float64)

    def area(self) -> float:
        """Area of one side of all triangles, in square scene units."""
        return float(_areas(self.vertices.astype(np.float64)[self.faces]).sum())


_SIDES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))


def _as_mesh(shape: Box | Quad) -> Mesh:
    """Its sides as triangles, each with the unit square as texture coordinates."""
    sides = shape.corners()[None] if isinstance(shape, Quad) else shape.corners()[[*_SIDES]]
    firsts = 4 * np.arange(len(sides))[:, None, None]
    corners: Any = (firsts + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3)
    square: Any = np.tile([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)], (len(sides), 1))
    sheets: Any = np.repeat(np.arange(len(sides)), 2)
    return Mesh(
        sides.reshape(-1, 3),
        corners,
        uvs=square,
        polygons=sheets,
        edges=shape.edges,
        material=shape.material,
        emission=shape.emission,
        name=shape.name,
    )


@dataclass(frozen=True, eq=False, repr=False)
class Instances(ValuedShape):
    """Many copies of one mesh, each at its own place; the mesh is stored once.

    Parameters
    ----------
    mesh : Mesh, Box or Quad
        What is copied; boxes become meshes.
    transforms : (N, 4, 4) array of float
        An affine, invertible matrix for each copy, with (0, 0, 0, 1) as last row; see
        `raywidget.transforms`. One that mirrors keeps front sides in front. Stored read-only as
        float64.
    colors : (N, 3) array of float, optional
        A colour for each copy, linear RGB in [0, 1], instead of the mesh's.
    material : Material, optional
        Instead of the mesh's.
    emission : colour, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0, instead of the material's. Each
        triangle of each copy that shines is a light; there may be 2^20 of them.

    Raises
    ------
    SceneError
        If a matrix has a wrong shape, is not finite or not invertible, or there would be too many
        lights.

    Examples
    --------
    >>> import raywidget as rw
    >>> mesh = rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])
    >>> row = [rw.transforms.translate(2 * i, 0, 0) for i in range(10)]
    >>> copies = rw.Instances(mesh, row)
    >>> copies.transforms.shape
    (10, 4, 4)
    """

    mesh: Mesh
    transforms: NDArray[np.float64]
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if isinstance(self.mesh, Box | Quad):
            self._set(mesh=_as_mesh(self.mesh))
        checks.instance(self, "mesh", self.mesh, Mesh, "a Mesh, a Box or a Quad")
        if self.material is DEFAULT_MATERIAL:
            self._set(material=self.mesh.material)
        super().__post_init__()
        self._set(transforms=arrays.affine_transforms(self, "transforms", self.transforms))
        count = len(self.transforms)
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "N", count))
        lights = count * self._lit_faces()
        if lights > MAX_COPIED_LIGHTS:
            raise SceneError(
                f"{checks.label(self)}: copies may make at most {MAX_COPIED_LIGHTS} triangles "
                f"shine, got {count} copies of {lights // count}; let fewer triangles of the mesh "
                "shine (materials, face_materials), or make it coarser"
            )
        self._check_quantities()
        if self.own_quantities and len(self.radiances()) > 1:
            raise SceneError(
                f"{checks.label(self)}: copies of a mesh with several materials that have values "
                "need a material of their own: give material="
            )

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"copies": (len(self.transforms),)}

    def all_numbers(self) -> Mapping[str, Numbers]:
        """All that a material may ask for, by name: the mesh's quantities, too."""
        return {**self.mesh.all_numbers(), **self.own_numbers()}

    @property
    def shown(self) -> Quantity | None:
        """The quantity that is shown as colours: its own, else the mesh's, or None."""
        return super().shown or self.mesh.shown

    def is_coloured_by(self, name: str) -> bool:
        """Do its materials, or the mesh's, show the colours of a quantity?"""
        of_mesh = name not in self.own_quantities and self.mesh.is_coloured_by(name)
        return super().is_coloured_by(name) or of_mesh

    def _own_materials(self) -> tuple[Material, ...]:
        return (self.material,) if self.has_own_material else self.mesh.all_materials

    @property
    def has_own_material(self) -> bool:
        """Are the copies made of something else than the mesh?"""
        return self.material is not self.mesh.material

    def radiances(self) -> list[Color | Texture | None]:
        """What is given off by what each of the mesh's `all_materials` covers, or by all of it."""
        if self.has_own_material:
            return [self.radiance]
        owner: Shape = self.mesh if self.emission is None else self
        return [owner.radiance_of(material) for material in self.mesh.all_materials]

    def _lit_faces(self) -> int:
        shines = np.array([radiance is not None for radiance in self.radiances()])
        if self.mesh.face_materials is None or len(shines) == 1:
            return len(self.mesh.faces) * int(shines[0])
        return int(shines[self.mesh.face_materials].sum())

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed; all checks run again."""
        mesh = changes.get("mesh")
        if (
            len(changes) == 1 and isinstance(mesh, Mesh) and mesh.differs_in_colors_only(self.mesh)
        ):  # all else was checked
            clone = object.__new__(type(self))
            clone.__dict__.update(self.__dict__)
            clone._set(mesh=mesh)
            return clone
        if "mesh" in changes and self.material is self.mesh.material:
            changes.setdefault("material", DEFAULT_MATERIAL)  # goes on following the mesh's
        return super().replace(**changes)

    def bounds(self) -> Bounds:
        """Corners of a box round all copies, (3,) float64 each; not always the smallest one."""
        centers, halves = transforms.move_box(self.transforms, *self.mesh.bounds())
        lo = np.min([(centers[p] - halves[p]).min(axis=0) for p in chunks(len(centers))], axis=0)
        hi = np.max([(centers[p] + halves[p]).max(axis=0) for p in chunks(len(centers))], axis=0)
        return lo, hi

    def area(self) -> float:
        """Area of one side of all copies, in square scene units."""
        corners = self.mesh.vertices.astype(np.float64)[self.mesh.faces]
        linear = np.swapaxes(self.transforms[:, :3, :3], 1, 2)
        return float(sum(_areas(corners @ matrix).sum() for matrix in linear))


def _areas(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas of triangles, (F, 3, 3) corners."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    return np.asarray(0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1))
