"""What adapters make of things: arrays in double precision, before they become shapes.

Things may lie far from the origin, where single precision is too coarse; so their arrays stay as
they came until `build` knows where the origin will be. What real data has wrong (normals of length
0, corners that are not numbers, triangles without an area) is mended there, counted and noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.simple import Bounds, Shape
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values.colors import decode_srgb

F64: TypeAlias = NDArray[np.float64]

CLAY = Principled((0.32, 0.37, 0.44), roughness=0.45)  # where nothing says what a thing is made of
PAINT = Principled(Attribute("color"), roughness=0.45)  # the same, in the colours that it brings

_TUBE = 0.004  # radius of lines, of the diagonal of what they lie in
_LEAST_POINT, _LARGEST_POINT = 1e-4, 0.02  # radii of points, of the diagonal
_SPACING = 0.5  # of the distance between neighbours
_PROBES = 128  # points whose neighbours are looked for


@dataclass(frozen=True, kw_only=True)
class Surface:
    """Triangles.

    Parameters
    ----------
    vertices : (V, 3) array of float
    faces : (F, 3) array of int
    normals, uvs : (V, 3) and (V, 2) arrays, optional
    colors, face_colors : (V, 3) and (F, 3) arrays, optional
        Linear RGB.
    material : Material, optional
        By default clay, or paint where there are colours.
    name : str, optional
    """

    vertices: NDArray[Any]
    faces: NDArray[Any]
    normals: NDArray[Any] | None = None
    uvs: NDArray[Any] | None = None
    colors: NDArray[Any] | None = None
    face_colors: NDArray[Any] | None = None
    material: Material | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Points:
    """Balls; where no radii are known they follow from how densely the centres lie."""

    centers: NDArray[Any]
    radii: NDArray[Any] | float | None = None
    colors: NDArray[Any] | None = None
    material: Material | None = None
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Straight pieces, round, with balls where they meet; thin unless a radius is known."""

    starts: NDArray[Any]
    ends: NDArray[Any]
    radii: NDArray[Any] | float | None = None
    colors: NDArray[Any] | None = None
    material: Material | None = None
    joints: bool = True
    name: str | None = None


Piece: TypeAlias = Surface | Points | Lines | Shape


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What a thing consists of.

    Parameters
    ----------
    pieces : tuple of pieces
        In the order of the thing.
    emitters, cameras, medium, background, defaults
        What it has of these, as in `Scene`.
    up : str, optional
        Which of its axes points up, if it is known: ``"y"`` or ``"z"``.
    notes : tuple of str
        A sentence for each thing that was mended or left out.
    """

    pieces: tuple[Piece, ...] = ()
    emitters: tuple[Emitter, ...] = ()
    cameras: tuple[Camera, ...] = ()
    medium: HomogeneousMedium | None = None
    background: Any = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    up: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the caller said of how a thing is to be shown."""

    style: str | None = None  # of atoms, see `atoms`
    up: str = "z"  # where the heights of a field go


def join(parts: Sequence[Taken]) -> Taken:
    """All of them as one thing; of what can be there only once, the first."""
    ups = {part.up for part in parts}
    return Taken(
        pieces=tuple(piece for part in parts for piece in part.pieces),
        emitters=tuple(emitter for part in parts for emitter in part.emitters),
        cameras=tuple(camera for part in parts for camera in part.cameras),
        medium=next((part.medium for part in parts if part.medium is not None), None),
        background=next((p.background for p in parts if p.background is not None), None),
        defaults=next((part.defaults for part in parts if part.defaults), {}),
        up=ups.pop() if len(ups) == 1 else None,
        notes=tuple(note for part in parts for note in part.notes),
    )


# --- Where things are -----------------------------------------------------------------------------


def bounds_of(pieces: Sequence[Piece]) -> Bounds:
    """Corners of the box round all of them, (3,) float64 each; what is not a number is left out."""
    lows, highs = [], []
    for piece in pieces:
        if isinstance(piece, Shape):
            low, high = piece.bounds()
        else:
            points = np.concatenate([np.reshape(p, (-1, 3)) for p in _places(piece)])
            points = points.astype(np.float64)
            points = points[np.isfinite(points).all(axis=1)]
            if not len(points):
                continue
            reach = getattr(piece, "radii", None)
            margin = 0.0 if reach is None else float(np.max(reach))
            low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
        lows.append(low)
        highs.append(high)
    if not lows:
        return np.zeros(3), np.zeros(3)
    return np.min(lows, axis=0), np.max(highs, axis=0)


def _places(piece: Surface | Points | Lines) -> list[NDArray[Any]]:
    if isinstance(piece, Surface):
        used = np.unique(np.asarray(piece.faces))
        there = (used >= 0) & (used < len(piece.vertices))  # `build` refuses the others
        return [np.asarray(piece.vertices)[used[there]]]
    return [piece.centers] if isinstance(piece, Points) else [piece.starts, piece.ends]


# --- Pieces -> shapes -----------------------------------------------------------------------------


def build(
    pieces: Sequence[Piece], notes: list[str], origin: NDArray[Any] | None = None
) -> list[Shape]:
    """Make shapes of pieces, seen from `origin`; what is mended is added to `notes`."""
    low, high = bounds_of(pieces)
    diagonal = float(np.linalg.norm(high - low)) or 1.0
    at = np.zeros(3) if origin is None else np.asarray(origin, np.float64)
    shapes: list[Shape] = []
    names: set[str] = set()
    for piece in pieces:
        if isinstance(piece, Shape):
            shapes.append(piece)
        elif isinstance(piece, Surface):
            shapes += _mesh(_uniquely(piece, names), at, notes)
        elif isinstance(piece, Points):
            shapes += _balls(_uniquely(piece, names), at, diagonal, notes)
        else:
            shapes += _tubes(_uniquely(piece, names), at, diagonal, notes)
    return shapes


def _uniquely(piece: Any, names: set[str]) -> Any:
    """The piece, by a name that no other one of its scene has."""
    name = piece.name
    if not isinstance(name, str) or not name.strip():
        return replace(piece, name=None)
    count, unique = 2, name
    while unique in names:
        unique, count = f"{name} {count}", count + 1
    names.add(unique)
    return replace(piece, name=unique)


def _material(piece: Surface | Points | Lines, colored: bool) -> Material:
    if piece.material is not None:
        return piece.material
    return PAINT if colored else CLAY


def _label(piece: Surface | Points | Lines, what: str) -> str:
    return f"{what} {piece.name!r}" if piece.name else f"a {what}"


def _mesh(piece: Surface, origin: F64, notes: list[str]) -> list[Shape]:
    label = _label(piece, "mesh")
    vertices: Any = np.array(piece.vertices, np.float64)
    faces = np.asarray(piece.faces)
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise SceneError(
            f"{label} must be (V, 3) vertices and (F, 3) faces, "
            f"got arrays of shape {vertices.shape} and {faces.shape}"
        )
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise SceneError(
            f"{label} has faces that name vertices from {faces.min()} to {faces.max()}, "
            f"but there are {len(vertices)}, counted from 0"
        )
    vertices -= origin
    sound = np.isfinite(vertices).all(axis=1)
    kept: NDArray[np.bool_] = np.ones(len(faces), bool)
    if not sound.all():
        kept = np.asarray(sound[faces].all(axis=1))
        if lost := int(np.count_nonzero(~kept)):
            notes.append(f"{label}: {lost:,} triangles with corners that are not finite left out")
        vertices[~sound] = 0.0
    repeated = kept & (
        (faces[:, 0] == faces[:, 1]) | (faces[:, 1] == faces[:, 2]) | (faces[:, 2] == faces[:, 0])
    )
    if flat := int(np.count_nonzero(repeated)):
        notes.append(f"{label}: {flat:,} triangles with two corners in one left out")
        kept &= ~repeated
    if not kept.any():
        notes.append(f"{label}: left out, it has no triangles")
        return []
    face_colors = piece.face_colors
    if not kept.all():
        faces = faces[kept]
        face_colors = None if face_colors is None else np.asarray(face_colors)[kept]
    normals: Any = piece.normals
    if normals is not None:
        normals = _mended_normals(normals, vertices, faces, label, notes)
    uvs = piece.uvs
    if uvs is not None:
        uvs = np.nan_to_num(np.asarray(uvs, np.float64)[:, :2], posinf=0.0, neginf=0.0)
    colors = _clipped(piece.colors)
    face_colors = _clipped(face_colors) if colors is None else None
    material = _material(piece, colors is not None or face_colors is not None)
    mesh = Mesh(
        vertices,
        faces.astype(np.int64),
        normals=normals,
        uvs=uvs,
        colors=colors,
        face_colors=face_colors,
        material=material,
        name=piece.name,
    )
    return [mesh]


def _mended_normals(
    normals: NDArray[Any], vertices: F64, faces: NDArray[Any], label: str, notes: list[str]
) -> F64 | None:
    """Normals that all have a length: where they have none, that of a triangle beside them."""
    mended = np.array(normals, np.float64)
    if mended.shape != vertices.shape:
        notes.append(f"{label}: normals left out, {len(mended):,} for {len(vertices):,} vertices")
        return None
    lengths = np.linalg.norm(np.nan_to_num(mended, nan=0.0, posinf=0.0, neginf=0.0), axis=1)
    bad = ~(lengths > 1e-12) | ~np.isfinite(mended).all(axis=1)
    if not bad.any():
        return mended
    used = np.zeros(len(vertices), bool)
    used[faces.ravel()] = True
    count = int(np.count_nonzero(bad & used))
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    across = np.cross(b - a, c - a)
    sums = np.zeros_like(vertices)
    for corner in range(3):
        for axis in range(3):
            sums[:, axis] += np.bincount(
                faces[:, corner], weights=across[:, axis], minlength=len(vertices)
            )
    norms = np.linalg.norm(sums, axis=1)
    sums[norms < 1e-300] = (0.0, 0.0, 1.0)
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    mended[bad] = sums[bad]
    if count:
        notes.append(f"{label}: {count:,} normals of length 0 replaced by those of its triangles")
    return mended


def _clipped(colors: NDArray[Any] | None) -> Any:
    if colors is None:
        return None
    return np.clip(np.nan_to_num(np.asarray(colors, np.float64)[:, :3]), 0.0, 1.0)


def _balls(piece: Points, origin: F64, diagonal: float, notes: list[str]) -> list[Shape]:
    centers: Any = np.asarray(piece.centers, np.float64) - origin
    sound = np.isfinite(centers).all(axis=1)
    radii: Any = piece.radii
    if radii is not None and np.ndim(radii):
        sound &= np.asarray(radii) > 0.0
    label = _label(piece, "point cloud")
    if lost := int(np.count_nonzero(~sound)):
        notes.append(f"{label}: {lost:,} points that are not finite, or have no size, left out")
    if not sound.any():
        return []
    centers = centers[sound]
    if radii is None:
        radii = spacing(centers, diagonal)
    elif np.ndim(radii):
        radii = np.asarray(radii, np.float64)[sound]
    colors = None if piece.colors is None else _clipped(np.asarray(piece.colors)[sound])
    material = _material(piece, colors is not None)
    return [Spheres(centers, radii, colors=colors, material=material, name=piece.name)]


def spacing(centers: F64, diagonal: float) -> float:
    """A radius for points: half of the distance between neighbours, as probes find it."""
    least, largest = _LEAST_POINT * diagonal, _LARGEST_POINT * diagonal
    step = max(1, len(centers) // _PROBES)
    nearest = []
    for probe in centers[::step][:_PROBES]:
        squared = ((centers - probe) ** 2).sum(axis=1)
        squared = squared[squared > 0.0]
        if len(squared):
            nearest.append(np.sqrt(squared.min()))
    if not nearest:
        return largest
    return float(np.clip(_SPACING * np.median(nearest), least, largest))


def _tubes(piece: Lines, origin: F64, diagonal: float, notes: list[str]) -> list[Shape]:
    starts = np.asarray(piece.starts, np.float64) - origin
    ends = np.asarray(piece.ends, np.float64) - origin
    with np.errstate(invalid="ignore"):
        sound = np.linalg.norm(ends - starts, axis=1) > 1e-9 * diagonal
    label = _label(piece, "set of lines")
    if lost := int(np.count_nonzero(~sound)):
        notes.append(f"{label}: {lost:,} pieces without a length left out")
    if not sound.any():
        return []
    starts, ends = starts[sound], ends[sound]
    radii: Any = _TUBE * diagonal if piece.radii is None else piece.radii
    if np.ndim(radii):
        radii = np.asarray(radii, np.float64)[sound]
    colors = None if piece.colors is None else _clipped(np.asarray(piece.colors)[sound])
    material = _material(piece, colors is not None)
    shapes: list[Shape] = [
        Cylinders(
            starts,
            ends,
            radii,
            colors=colors,
            caps=not piece.joints,
            material=material,
            name=piece.name,
        )
    ]
    if piece.joints:
        radii = np.broadcast_to(radii, len(starts))
        both = None if colors is None else np.concatenate([colors, colors])
        places, first = np.unique(np.concatenate([starts, ends]), axis=0, return_index=True)
        sizes = np.concatenate([radii, radii])[first]
        both = None if both is None else both[first]
        shapes.append(Spheres(places, sizes, colors=both, material=material))
    return shapes


# --- Colours of other libraries -------------------------------------------------------------------


def screen_colors(values: Any) -> tuple[F64, F64 | None]:
    """Linear colours from those for a screen: bytes, or floats from 0 to 1, by the sRGB curve.

    Returns
    -------
    (N, 3) array, and (N,) array or None
        Colours, and how opaque they are if there is a fourth column.
    """
    array = np.asarray(values)
    array = array / (255.0 if array.dtype == np.uint8 else 1.0)
    if array.dtype.kind != "f" or array.ndim != 2 or array.shape[1] not in (3, 4):
        raise SceneError(f"colours must be an (N, 3) or (N, 4) array, got shape {array.shape}")
    if np.asarray(values).dtype.kind in "iu" and np.asarray(values).dtype != np.uint8:
        array = array / (65535.0 if array.max() > 255.0 else 255.0)
    rgb = decode_srgb(np.clip(np.nan_to_num(array[:, :3]), 0.0, 1.0))
    return rgb, (array[:, 3] if array.shape[1] == 4 else None)


def one_opacity(alphas: F64 | None, label: str, notes: list[str]) -> float:
    """The opacity of a thing whose colours are transparent: one for all of it."""
    if alphas is None or np.min(alphas, initial=1.0) >= 1.0:
        return 1.0
    mean = float(np.clip(np.mean(alphas), 0.0, 1.0))
    if np.ptp(alphas) > 1e-3:
        notes.append(f"{label}: its opacity varies; all of it has the mean, {mean:.3g}")
    return mean


def is_unpainted(shape: Shape) -> bool:
    """Does nothing say what a shape is made of?"""
    return shape.material is DEFAULT_MATERIAL
