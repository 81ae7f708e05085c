"""Scene -> triangles, balls and a colour for each: what can be drawn without any kernel.

For `sketch` only: nothing here is exact enough for a picture. Round shapes become polygons, and
of very many primitives only every k-th is taken, enlarged so that surfaces stay closed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import (
    DEFAULT_MATERIAL,
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Emissive,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.lines import Arrows, Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.round import Cone, Cylinder, Disk
from raywidget.scene.shapes.simple import Box, Quad, Shape, Sphere
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.checks import Color
from raywidget.scene.values.colors import decode_srgb

MOST = 400_000  # primitives of meshes, of copies, of balls: some tenths of a second for each
SEGMENTS = 32  # of a circle
FEW_SEGMENTS = 6  # of very many
OVERLAP = 2.0  # times their share of the area: evenly spread, they leave 14 % of it open
CLOUD = 32  # balls along an axis of a volume
_THICK = 0.5  # optical depth of what is drawn of it
GLASS = 0.8  # how bright clear glass is drawn
CUBE = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))

F32: TypeAlias = NDArray[np.float32]
F64: TypeAlias = NDArray[np.float64]
Floats: TypeAlias = F32 | F64  # doubles where things may be far from the origin


class Paint(NamedTuple):
    """How a surface is drawn."""

    color: Color | Texture
    glows: bool = False  # as bright wherever it is seen from


class Part(NamedTuple):
    """Triangles, or balls, that are painted alike but for colours of their own."""

    paint: Paint
    corners: Floats  # (T, 3, 3), or (B, 4) centres and radii of balls
    colors: F32 | None = None  # (T, 3) or (B, 3), instead of the paint's
    uvs: F32 | None = None  # (T, 3, 2) at the corners, where the paint is a texture
    clip: tuple[Plane, ...] = ()  # which planes cut it


def outline_shapes(shapes: Sequence[Shape], clip: Sequence[Plane] = ()) -> Iterator[Part]:
    """All that is to be drawn, shape by shape; `clip` are the planes of the scene."""
    counts: dict[type[Shape], list[int]] = {}
    for shape in shapes:
        counts.setdefault(type(shape), []).append(_count(shape))
    limits = {kind: _limit(of_kind) for kind, of_kind in counts.items()}
    for shape in shapes:
        step = max(1, math.ceil(_count(shape) / limits[type(shape)]))
        planes = tuple(clip if shape.clip is None else shape.clip)
        for part in _parts(shape, step):
            yield part._replace(clip=planes)


def count_primitives(shapes: Iterable[Shape]) -> int:
    """How many there are to be drawn, about, were all of them drawn."""
    return sum(map(_count, shapes))


def _parts(shape: Shape, step: int) -> Iterator[Part]:
    """Of each `step`-th of the primitives of a shape."""
    if isinstance(shape, Mesh):
        yield from _mesh(shape, step)
    elif isinstance(shape, Instances):
        yield from _copies(shape, step)
    elif isinstance(shape, Volume):
        yield from _cloud(shape)
    else:
        paint = _paint(shape.material, shape.radiance)
        if paint is not None:
            yield from _simple(shape, paint, step)


def _limit(counts: Sequence[int]) -> float:
    """How many primitives of one shape are drawn at most, so that all together are `MOST`.

    Shapes of few are drawn whole: these are the walls and the furniture.
    """
    left = float(MOST)
    for done, count in enumerate(sorted(counts)):
        share = left / (len(counts) - done)
        if count > share:
            return share
        left -= count
    return math.inf


def mean_color(color: Color | Texture) -> Color:
    """A colour, or the mean of a texture."""
    return color.mean() if isinstance(color, Texture) else color


def _count(shape: Shape) -> int:
    if isinstance(shape, Mesh):
        return len(shape.faces)
    if isinstance(shape, Instances):
        return len(shape.transforms) * len(shape.mesh.faces)
    if isinstance(shape, Spheres):
        return len(shape.radii)
    if isinstance(shape, Cylinders):
        return 2 * FEW_SEGMENTS * len(shape.radii)
    if isinstance(shape, Tubes | Arrows):
        return 2 * FEW_SEGMENTS * len(shape.points)
    return 1


def _growth(step: int) -> float:
    """How much larger primitives are drawn of which each `step`-th is taken."""
    return math.sqrt(OVERLAP * step) if step > 1 else 1.0


# --- Paint ----------------------------------------------------------------------------------------


def _paint(material: Material, radiance: Color | Texture | None) -> Paint | None:
    if radiance is not None:
        mean = np.array(mean_color(radiance))
        red, green, blue = (mean / max(float(mean.max()), 1e-30)).tolist()
        return Paint((red, green, blue), glows=True)
    color = surface_color(material)
    return None if color is None else Paint(color)


def surface_color(material: Material) -> Color | Texture | None:
    """What a surface looks like in white light, about; None if it can hardly be seen."""
    opacity: Any = material.opacity
    if isinstance(opacity, Texture):
        opacity = opacity.mean()[0]
    if isinstance(material, Interface | ShadowCatcher) or opacity < 0.5:
        return None
    if isinstance(material, Mix):
        return _mixed(material)
    if isinstance(material, Coated):
        return surface_color(material.base)
    if isinstance(material, Emissive):
        return (0.0, 0.0, 0.0)
    assert isinstance(material, Conductor | Dielectric | Diffuse | Metal | Principled)
    color: Any = material.base_color if isinstance(material, Principled) else material.color
    factor = np.ones(3)
    if isinstance(material, Conductor):
        # Fresnel's equations at normal incidence.
        eta, k = np.asarray(material.eta, np.float64), np.asarray(material.k, np.float64)
        factor = ((eta - 1.0) ** 2 + k**2) / ((eta + 1.0) ** 2 + k**2)
    elif isinstance(material, Dielectric):
        factor *= GLASS
    elif isinstance(color, Texture):
        return color
    red, green, blue = (np.array(mean_color(color)) * factor).tolist()
    return (red, green, blue)


def _mixed(material: Mix) -> Color | Texture | None:
    amount: Any = material.amount
    if isinstance(amount, Texture):
        amount = amount.mean()[0]
    a, b = surface_color(material.a), surface_color(material.b)
    if a is None or b is None:
        return a if b is None else b
    means = np.array(mean_color(a)), np.array(mean_color(b))
    red, green, blue = ((1.0 - amount) * means[0] + amount * means[1]).tolist()
    return (red, green, blue)


# --- Shapes ---------------------------------------------------------------------------------------


def _simple(shape: Shape, paint: Paint, step: int) -> Iterator[Part]:
    if isinstance(shape, Sphere):
        yield Part(paint, np.array([(*shape.center, shape.radius)]))
    elif isinstance(shape, Spheres):
        rows = slice(None, None, step)
        radii = shape.radii[rows, None] * np.float32(_growth(step))
        balls = np.concatenate([shape.centers[rows], radii], axis=1)
        yield Part(paint, balls, _own_colors(shape.material, paint, _item_colors(shape, rows)))
    elif isinstance(shape, Quad | Box):
        quads = np.array([shape.corners()]) if isinstance(shape, Quad) else shape.corners()[[*CUBE]]
        uvs = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
        halves = [[0, 1, 2], [0, 2, 3]]
        corners = quads[:, halves].reshape(-1, 3, 3)
        yield Part(paint, corners, None, np.tile(uvs[halves], (len(quads), 1, 1)))
    elif isinstance(shape, Disk):
        base = np.array([shape.center], np.float64)
        radius = np.array([shape.radius], np.float64)
        axis = np.array([shape.normal], np.float64)
        yield Part(paint, _lids(base, axis, radius, SEGMENTS))
    elif isinstance(shape, Cylinder | Cone):
        ends = np.array([shape.base], np.float64), np.array([shape.top], np.float64)
        low, high = (
            (shape.radius, shape.radius)
            if isinstance(shape, Cylinder)
            else (shape.base_radius, shape.top_radius)
        )
        yield Part(paint, _tubes(*ends, np.array([low]), np.array([high]), shape.caps, SEGMENTS))
    elif isinstance(shape, Tubes | Arrows):
        yield from _lines(shape, paint, step)
    else:
        assert isinstance(shape, Cylinders)
        rows = slice(None, None, step)
        ends = shape.starts[rows].astype(np.float64), shape.ends[rows].astype(np.float64)
        radii = shape.radii[rows].astype(np.float64) * _growth(step)
        segments = min(max(MOST // (2 * len(radii)), FEW_SEGMENTS), SEGMENTS)
        caps = shape.caps and segments > FEW_SEGMENTS
        tubes = _tubes(*ends, radii, radii, caps, segments)
        colors = _own_colors(shape.material, paint, _item_colors(shape, rows))
        if colors is not None:
            runs = [2 * segments, segments, segments] if caps else [2 * segments]
            colors = np.concatenate([np.repeat(colors, run, axis=0) for run in runs])
        yield Part(paint, tubes, colors)


def _lines(shape: Tubes | Arrows, paint: Paint, step: int) -> Iterator[Part]:
    """The cones of tubes and arrows; of tubes that are balls only, the balls."""
    ends = shape.rounds()
    rows = slice(None, None, step)
    values = shape.shown
    if not len(ends.base):
        assert isinstance(shape, Tubes)
        balls = np.concatenate([shape.points, shape.radii[:, None]], axis=1)[rows]
        own = None if shape.colors is None else shape.colors[rows]
        own = own if values is None else values.colors(rows)
        yield Part(paint, balls, _own_colors(shape.material, paint, own))
        return
    growth = _growth(step)
    segments = min(max(MOST // (2 * len(ends.base[rows])), FEW_SEGMENTS), SEGMENTS)
    low, high = growth * ends.base_radius[rows], growth * ends.top_radius[rows]
    tubes = _tubes(ends.base[rows], ends.top[rows], low, high, False, segments)
    colors: F32 | None = None
    if values is not None:
        if isinstance(shape, Tubes):
            colors = values.colors(shape.segments[rows])
        else:
            colors = np.tile(values.colors(shape.has_arrow()), (2, 1))[rows]
    elif shape.colors is not None:
        if isinstance(shape, Tubes):
            colors = shape.colors[shape.segments[rows]].mean(axis=1)
        else:
            colors = np.tile(shape.colors[shape.has_arrow()], (2, 1))[rows]
    if colors is not None:
        colors = np.repeat(colors, 2 * segments, axis=0)
    yield Part(paint, tubes, _own_colors(shape.material, paint, colors))


def _own_colors(material: Material, paint: Paint, colors: F32 | None) -> F32 | None:
    """Colours of items, where the material asks for them, or nothing else was asked for."""
    asked = material is DEFAULT_MATERIAL or isinstance(paint.color, Attribute)
    return colors if asked and not paint.glows else None


def _item_colors(shape: Spheres | Cylinders | Instances, rows: Any) -> F32 | None:
    """Colours of some items, or those of their values."""
    quantity = next(iter(shape.own_quantities), None) and shape.shown
    if quantity:
        return quantity.colors(rows)
    return None if shape.colors is None else shape.colors[rows]


def _tubes(base: F64, top: F64, low: F64, high: F64, caps: bool, segments: int) -> F64:
    """The sides of N truncated cones, (N, 2 * segments, 3, 3) as rows, and their caps."""
    axis = top - base
    lower, upper = _rings(base, axis, low, segments), _rings(top, axis, high, segments)
    next_lower, next_upper = np.roll(lower, -1, axis=1), np.roll(upper, -1, axis=1)
    sides = np.stack(
        [np.stack([lower, next_lower, upper], 2), np.stack([next_lower, next_upper, upper], 2)], 2
    )
    parts = [sides.reshape(-1, 3, 3)]
    if caps:
        parts += [_lids(base, axis, low, segments), _lids(top, axis, high, segments)]
    return np.concatenate(parts)


def _lids(centre: F64, axis: F64, radius: F64, segments: int) -> F64:
    rim = _rings(centre, axis, radius, segments)
    middle = np.broadcast_to(centre[:, None], rim.shape)
    fans = np.stack([middle, rim, np.roll(rim, -1, axis=1)], axis=2)
    return np.asarray(fans.reshape(-1, 3, 3))


def _rings(centre: F64, axis: F64, radius: F64, segments: int) -> F64:
    """Circles round N axes, (N, segments, 3)."""
    axis = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    other = np.eye(3)[np.argmin(np.abs(axis), axis=1)]
    u = np.cross(axis, other)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v = np.cross(axis, u)
    angle = 2.0 * np.pi * np.arange(segments) / segments
    spokes = np.cos(angle)[:, None] * u[:, None] + np.sin(angle)[:, None] * v[:, None]
    return np.asarray(centre[:, None] + radius[:, None, None] * spokes)


# --- Volumes --------------------------------------------------------------------------------------


def _cloud(volume: Volume) -> Iterator[Part]:
    """Balls where a volume is so thick that little gets through one, in its colours."""
    grid = volume.values
    steps = [max(1, -(-count // CLOUD)) for count in grid.shape]
    some = np.asarray(grid.array[:: steps[0], :: steps[1], :: steps[2]], np.float64)
    least, greatest = (0.0, 1.0) if grid.is_colored else (grid.low, grid.high)
    scale = 1.0 / 255.0 if grid.is_colored and grid.array.dtype == np.uint8 else 1.0
    numbers = some[..., 3] * scale if grid.is_colored else some
    limits = volume.transfer.limits_for(least, greatest)
    looks = volume.transfer.looks(limits, volume.g)
    with np.errstate(invalid="ignore", over="ignore"):
        share = (numbers / 2 - limits.low / 2) / (limits.high / 2 - limits.low / 2)
    row = (np.clip(np.nan_to_num(share), 0.0, 1.0) * (len(looks) - 1)).astype(np.int64)
    step = np.array(volume.spacing) * steps
    depth = looks[:, 0] * volume.density() * float(step.max())
    thick = np.isfinite(numbers) & (depth[row] > _THICK)
    if not thick.any():
        return
    places = np.stack(np.nonzero(thick), axis=1) * np.array(steps) + 0.5
    matrix = volume.to_world()
    centers = places @ matrix[:3, :3].T + matrix[:3, 3]
    radii = np.full((len(centers), 1), 0.62 * float(step.max()))
    colors = looks[row[thick], 1:4]
    if grid.is_colored:
        light = some[thick][:, :3] * scale
        colors = colors * (decode_srgb(light) if scale != 1.0 else light)
    colors = np.clip(colors + looks[row[thick], 4:7], 0.0, 1.0)
    white = Paint((1.0, 1.0, 1.0))
    yield Part(white, np.concatenate([centers, radii], axis=1), colors.astype(np.float32))


# --- Meshes ---------------------------------------------------------------------------------------


def _mesh(mesh: Mesh, step: int) -> Iterator[Part]:
    radiances = [mesh.radiance_of(material) for material in mesh.all_materials]
    groups = [(np.arange(len(mesh.faces)), 1)]
    if step > 1:
        groups = _largest_and_some(mesh, step)
    for faces, each in groups:
        yield from _faces(mesh, faces, mesh.all_materials, radiances, each)


def _largest_and_some(mesh: Mesh, step: int) -> list[tuple[NDArray[np.int64], int]]:
    """Of each `step`-th face, half are the largest ones, as they are; the others are enlarged."""
    a, b, c = (mesh.vertices[mesh.faces[:, corner]] for corner in range(3))
    extent = np.maximum(np.abs(b - a), np.abs(c - a)).sum(axis=1)
    order = np.argpartition(-extent, len(extent) // (2 * step))
    largest, others = np.split(order, [len(extent) // (2 * step)])
    return [(largest, 1), (np.sort(others)[:: 2 * step], 2 * step)]


def _copies(copies: Instances, step: int) -> Iterator[Part]:
    mesh, size = copies.mesh, len(copies.mesh.faces)
    chosen = np.arange(0, size * len(copies.transforms), step)
    faces, places = chosen % size, copies.transforms[chosen // size]
    own = copies.has_own_material
    materials = (copies.material,) if own else mesh.all_materials
    colors = _item_colors(copies, chosen // size)
    yield from _faces(mesh, faces, materials, copies.radiances(), step, places, colors)


def _faces(
    mesh: Mesh,
    faces: NDArray[np.int64],
    materials: Sequence[Material],
    radiances: Sequence[Color | Texture | None],
    step: int,
    places: F64 | None = None,
    colors: F32 | None = None,
) -> Iterator[Part]:
    """Some faces of a mesh, a part for each material; (F, 4, 4) `places` move them."""
    vertices = mesh.faces[faces]
    corners: Floats = mesh.vertices[vertices]
    if places is not None:
        corners = np.einsum("fij,fkj->fki", places[:, :3, :3], corners) + places[:, None, :3, 3]
    if step > 1:
        middle = corners.mean(axis=1, keepdims=True)
        corners = middle + np.float32(_growth(step)) * (corners - middle)
    if colors is None and mesh.shown is not None:
        of_faces = mesh.shown.numbers.on == "faces"
        colors = mesh.shown.colors(faces if of_faces else vertices)
    elif colors is None and mesh.face_colors is not None:
        colors = mesh.face_colors[faces]
    elif colors is None and mesh.colors is not None:
        colors = mesh.colors[vertices].mean(axis=1)
    for index, (material, radiance) in enumerate(zip(materials, radiances, strict=True)):
        paint = _paint(material, radiance)
        if paint is None:
            continue
        rows: Any = slice(None)
        if len(materials) > 1:
            assert mesh.face_materials is not None
            rows = mesh.face_materials[faces] == index
        uvs = None
        if isinstance(paint.color, Texture):
            by_second = isinstance(paint.color, ImageTexture) and paint.color.uvs == 2
            uvs = mesh.uvs2 if by_second and mesh.uvs2 is not None else mesh.uvs
            uvs = None if uvs is None else uvs[vertices[rows]]
        chosen = None if colors is None else colors[rows]
        yield Part(paint, corners[rows], _own_colors(material, paint, chosen), uvs)
