"""Shapes made of triangles: a mesh, and copies of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene import arrays, checks
from raywidget.scene.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes import Bounds, Shape


@dataclass(frozen=True, eq=False, repr=False)
class Mesh(Shape):
    """A mesh of triangles.

    The front side of a triangle is where its corners appear counter-clockwise. Lists are taken
    too; arrays are copied, and stored read-only as float32 and int32.

    Parameters
    ----------
    vertices : (V, 3) array of float
        In scene units, finite; V at most 2^27.
    faces : (F, 3) array of int
        Three indices into `vertices` for each triangle, counted from 0; F at most 2^27.
    material : Material
        What it is made of; by default a grey matte surface.
    emission : colour, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0, instead of the material's.
    normals : (V, 3) array of float, optional
        Normals at the vertices for a smooth look, of any length but 0; stored at length 1.
        Without them triangles look flat.
    uvs : (V, 2) array of float, optional
        Surface coordinates at the vertices. Without them u and v are the barycentric coordinates
        of the second and third corner.
    colors : (V, 3) array of float, optional
        Colours at the vertices, linear RGB in [0, 1], for materials that ask for them.
    face_colors : (F, 3) array of float, optional
        Colours of the triangles instead.
    flip_normals : bool
        Swap front and back.
    name : str, optional
        What messages call it.

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

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32] | None = field(default=None, kw_only=True)
    uvs: NDArray[np.float32] | None = field(default=None, kw_only=True)
    colors: NDArray[np.float32] | None = field(default=None, kw_only=True)
    face_colors: NDArray[np.float32] | None = field(default=None, kw_only=True)
    flip_normals: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        vertices = arrays.rows(self, "vertices", self.vertices, 3, "V")
        count = len(vertices)
        self._set(
            vertices=vertices,
            faces=arrays.triangle_indices(self, "faces", self.faces, count),
            flip_normals=checks.flag(self, "flip_normals", self.flip_normals),
        )
        if self.normals is not None:
            self._set(normals=arrays.unit_rows(self, "normals", self.normals, "V", count))
        if self.uvs is not None:
            self._set(uvs=arrays.rows(self, "uvs", self.uvs, 2, "V", count))
        if self.colors is not None:
            self._set(colors=arrays.colors(self, "colors", self.colors, "V", count))
        if self.face_colors is not None:
            if self.colors is not None:
                raise SceneError(f"{checks.label(self)}: give colors or face_colors, not both")
            faces = len(self.faces)
            self._set(face_colors=arrays.colors(self, "face_colors", self.face_colors, "F", faces))

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round all triangles, (3,) float64 each."""
        used = np.zeros(len(self.vertices), dtype=np.bool_)
        used[self.faces] = True
        corners = self.vertices[used].astype(np.float64)
        return corners.min(axis=0), corners.max(axis=0)


@dataclass(frozen=True, eq=False, repr=False)
class Instances(Shape):
    """Many copies of one mesh, each at its own place; the mesh is stored once.

    Parameters
    ----------
    mesh : Mesh
        What is copied. It must not emit light.
    transforms : (N, 4, 4) array of float
        An affine, invertible matrix for each copy, with (0, 0, 0, 1) as last row; see
        `raywidget.transforms`. One that mirrors keeps front sides in front. Stored read-only as
        float64.
    material : Material, optional
        Instead of the mesh's.
    emission : None
        Copies can't emit light yet.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a matrix has a wrong shape, is not finite or not invertible, or anything would emit.

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

    def __post_init__(self) -> None:
        checks.instance(self, "mesh", self.mesh, Mesh, "a Mesh")
        if self.material is DEFAULT_MATERIAL:
            self._set(material=self.mesh.material)
        super().__post_init__()
        if self.emission is not None:
            raise checks.fail(
                self, "emission", "None", self.emission, "copies can't emit light yet"
            )
        self._refuse_emission(self.mesh, self.mesh.radiance)
        self._refuse_emission(self.material, self.material.emission)
        self._set(transforms=arrays.affine_transforms(self, "transforms", self.transforms))

    def _refuse_emission(self, part: Mesh | Material, emission: object) -> None:
        if emission is not None:
            raise SceneError(
                f"{checks.label(self)}: copies can't emit light yet, but {checks.label(part)} has "
                f"emission {checks.show(emission)}; add meshes one by one instead"
            )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed; all checks run again."""
        if "mesh" in changes and self.material is self.mesh.material:
            changes.setdefault("material", DEFAULT_MATERIAL)  # goes on following the mesh's
        return super().replace(**changes)

    def bounds(self) -> Bounds:
        """Corners of a box round all copies, (3,) float64 each; not always the smallest one."""
        lo, hi = self.mesh.bounds()
        center, half = (lo + hi) / 2.0, (hi - lo) / 2.0
        # Arvo, "Transforming axis-aligned bounding boxes", Graphics Gems (1990)
        linear = self.transforms[:, :3, :3]
        centers = linear @ center + self.transforms[:, :3, 3]
        halves = np.abs(linear) @ half
        return (centers - halves).min(axis=0), (centers + halves).max(axis=0)
