"""Shapes with a formula: sphere, quad, box. The front side is where the normals point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.edges import Edges, checked_edges
from raywidget.scene.shapes.planes import Plane, checked_caps, checked_planes
from raywidget.scene.textures.textures import Texture, radiance_or_texture
from raywidget.scene.values import checks, transforms
from raywidget.scene.values.checks import Color, ColorLike, Vec3Like
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.signatures import takes_parameters_of_its_class

Bounds: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Shape(SceneObject):
    """Base class of shapes.

    Parameters
    ----------
    material : Material
        What it is made of; by default a grey matte surface.
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0, instead of the material's.
    clip : iterable of Plane, optional
        Planes that cut this shape instead of those of the scene; ``()`` for none. They may be moved
        as those: nothing is rebuilt.
    caps : bool or "values", optional
        How its cuts are closed, see `Scene`; by default as the scene says.
    visible : bool
        Does the camera see it? Without, its rays pass straight on as if it were not there, and it
        can't be picked; it still lights, casts shadows, and is seen in mirrors and through glass.
    """

    material: Material = DEFAULT_MATERIAL
    emission: ColorLike | Texture | None = None
    clip: Sequence[Plane] | None = None
    caps: bool | str | None = None
    visible: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip is not None:
            self._set(clip=checked_planes(self, self.clip))
        if self.caps is not None:
            self._check_caps()
        self._set(visible=checks.flag(self, "visible", self.visible))
        checks.instance(
            self, "material", self.material, Material, "a material, such as Diffuse(color)"
        )
        if self.emission is not None:
            self._set(emission=radiance_or_texture(self, "emission", self.emission))
        self.radiance_of(self.material)
        self._refuse_attributes()

    def _check_caps(self) -> None:
        self._set(caps=checked_caps(self, self.caps))

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed; all checks run again.

        Where only its planes change, all else is shared.
        """
        if set(changes) != {"clip"}:
            return super().replace(**changes)
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        planes = changes["clip"]
        clone._set(clip=None if planes is None else checked_planes(self, planes))
        return clone

    def differs_in_planes_only(self, other: Shape) -> bool:
        """Is all the same but the planes that cut it?"""
        if type(self) is not type(other):
            return False
        rest = (f.name for f in fields(self) if f.name != "clip")
        return all(getattr(self, name) is getattr(other, name) for name in rest)

    def _refuse_attributes(self) -> None:
        """Shapes that carry values see to it themselves, once it is known which they have."""
        for name in self.material.attributes - {"color"}:
            raise SceneError(
                f"{checks.label(self)}: its material {checks.label(self.material)} asks for "
                f"Attribute({name!r}), and a {type(self).__name__} carries no values"
            )

    @property
    def radiance(self) -> Color | Texture | None:
        """What the front side gives off: the shape's emission, else its material's, else None.

        None also when it is black: ``emission=0`` switches off a material's light.
        """
        return self.radiance_of(self.material)

    def radiance_of(self, material: Material) -> Color | Texture | None:
        """What the front side gives off where it is made of `material`; see `radiance`."""
        emission = material.emission if self.emission is None else self.emission
        if emission is not None and not isinstance(emission, Texture):
            color = checks.radiance(self, "emission", emission)
            emission = color if max(color) > 0.0 else None
        if emission is not None and isinstance(material, ShadowCatcher):
            raise checks.fail(
                self, "emission", "None for a ShadowCatcher, which does not shine", self.emission
            )
        if emission is not None and material.opacity != 1.0:
            raise checks.fail(
                self, "emission", "None where the material is not opaque", self.emission
            )
        return emission

    def bounds(self) -> Bounds:
        """Lowest and highest corner of a box round the shape, two (3,) float64 arrays."""
        raise NotImplementedError

    def area(self) -> float:
        """Area of the front side, in square scene units."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class TurnableShape(Shape):
    """Base class of shapes whose front can be the other side.

    Parameters
    ----------
    flip_normals : bool
        Swap front and back; normals of closed shapes point inwards then, as for a bubble in glass
        or a room with a lit wall.
    """

    flip_normals: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(flip_normals=checks.flag(self, "flip_normals", self.flip_normals))


@dataclass(frozen=True, eq=False, repr=False)
class Sphere(TurnableShape):
    """A sphere.

    Its surface coordinates: u runs once round the y axis, v from 0 at the bottom to 1 at the top.

    Parameters
    ----------
    center : (float, float, float)
        In scene units.
    radius : float
        In scene units, > 0.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> ball = rw.Sphere((0, 1, 0), 1, material=rw.Metal(0.9), name="ball")
    >>> ball.bounds()
    (array([-1.,  0., -1.]), array([1., 2., 1.]))
    """

    center: Vec3Like
    radius: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            center=checks.vec3(self, "center", self.center),
            radius=checks.length(self, "radius", self.radius),
        )

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round the sphere, two (3,) float64 arrays."""
        center = np.array(self.center, dtype=np.float64)
        return center - self.radius, center + self.radius

    def area(self) -> float:
        """Area of the sphere, in square scene units."""
        return 4.0 * math.pi * self.radius**2


@dataclass(frozen=True, eq=False, repr=False)
class Quad(Shape):
    """A parallelogram.

    Its corners are `origin`, and `origin` plus either edge or both. The front side is where
    `edge_u` x `edge_v` points: seen from there, v is counter-clockwise of u. Its surface
    coordinates run from 0 to 1 along the edges.

    Parameters
    ----------
    origin : (float, float, float)
        One corner, in scene units.
    edge_u, edge_v : (float, float, float)
        The edges that start there, not parallel.
    edges : Edges, optional
        How its outline is drawn; ``True`` for a black one, a pixel wide.

    Raises
    ------
    SceneError
        If the edges span no area, or a value is not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> lamp = rw.Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=10, name="lamp")
    >>> lamp.normal.tolist()  # it shines down
    [0.0, -1.0, 0.0]
    """

    origin: Vec3Like
    edge_u: Vec3Like
    edge_v: Vec3Like
    edges: Edges | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(edges=checked_edges(self, self.edges))
        u = checks.direction(self, "edge_u", self.edge_u)
        v = checks.direction(self, "edge_v", self.edge_v)
        self._set(origin=checks.vec3(self, "origin", self.origin), edge_u=u, edge_v=v)
        area = float(np.linalg.norm(np.cross(u, v)))
        # The sine of the angle between the edges; float32 resolves about 1e-7.
        if area <= 1e-6 * math.hypot(*u) * math.hypot(*v):
            raise SceneError(
                f"{checks.label(self)}: edge_u and edge_v must not be parallel, got {u} and {v}"
            )

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit normal of the front side, (3,)."""
        normal = np.cross(np.array(self.edge_u), np.array(self.edge_v))
        # + 0.0 turns -0.0 into 0.0
        return np.asarray(normal / np.linalg.norm(normal) + 0.0, dtype=np.float64)

    def corners(self) -> NDArray[np.float64]:
        """The four corners, counter-clockwise seen from the front: (4, 3)."""
        o, u, v = (np.array(value) for value in (self.origin, self.edge_u, self.edge_v))
        return np.array([o, o + u, o + u + v, o + v], dtype=np.float64)

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the box round the quad (it may be flat), (3,) each."""
        corners = self.corners()
        return corners.min(axis=0), corners.max(axis=0)

    def area(self) -> float:
        """Area of one side, in square scene units."""
        return float(np.linalg.norm(np.cross(np.array(self.edge_u), np.array(self.edge_v))))


@dataclass(frozen=True, eq=False, repr=False)
class Box(Shape):
    """A box, upright or turned; its normals point outwards.

    Parameters
    ----------
    center : (float, float, float)
        In scene units.
    size : (float, float, float)
        Full lengths of its edges along x, y and z before it is turned, > 0.
    rotation : (float, float, float)
        Degrees by which it is turned about its centre: about x, then y, then z (the axes of the
        scene, counter-clockwise seen from their tips).
    edges : Edges, optional
        How its edges are drawn; ``True`` for black ones, a pixel wide.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> crate = rw.Box((0, 0.5, 0), (1, 1, 1), rotation=(0, 45, 0), name="crate")
    >>> crate.corners().shape
    (8, 3)
    """

    center: Vec3Like
    size: Vec3Like
    rotation: Vec3Like = field(default=(0.0, 0.0, 0.0), kw_only=True)
    edges: Edges | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(edges=checked_edges(self, self.edges))
        self._set(
            center=checks.vec3(self, "center", self.center),
            size=checks.lengths(self, "size", self.size),
            rotation=checks.vec3(self, "rotation", self.rotation),
        )

    def transform(self) -> NDArray[np.float64]:
        """Matrix that takes the cube from (-1/2, -1/2, -1/2) to (1/2, 1/2, 1/2) here: (4, 4)."""
        return np.asarray(
            transforms.translate(*self.center)
            @ transforms.rotation_xyz(*self.rotation)
            @ transforms.scale(*self.size),
            np.float64,
        )

    def corners(self) -> NDArray[np.float64]:
        """The eight corners: (8, 3); corner 4 * x + 2 * y + z with x, y, z 0 or 1."""
        unit = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
        return transforms.apply(self.transform(), unit)

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the upright box round this one, (3,) float64 each."""
        corners = self.corners()
        return corners.min(axis=0), corners.max(axis=0)

    def area(self) -> float:
        """Area of its six faces, in square scene units."""
        x, y, z = self.size
        return 2.0 * (x * y + y * z + z * x)
