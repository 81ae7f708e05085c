"""Surfaces in volumes, lines on meshes: where a number is reached, where a plane goes through."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.materials import Diffuse
from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.shapes.many import Cylinders
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.quantities import UNNAMED
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap, as_color_map
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values import checks
from raywidget.scene.values.colors import decode_srgb

F64 = NDArray[np.float64]

_MOST_TRIANGLES = 400_000  # of a cut
_MOST_PIXELS = 2048  # along a side of the picture on a cut
THIN = 0.002  # radius of the lines of a cut, of its extent
_SLAB = 1 << 22  # numbers that are looked at together


def surface_in(
    owner: str,
    volume: Volume,
    levels: Sequence[float],
    fields: Mapping[str, Any] | None = None,
    colormap: Any = None,
) -> tuple[F64, NDArray[np.int64], dict[str, Any]]:
    """Where a volume has a number: marching cubes (Lewiner et al. 2003).

    Parameters
    ----------
    owner : str
        What messages name.
    volume : Volume
    levels : sequence of float
        Each becomes the value of its part, if there are several and no fields.
    fields : mapping of str to (X, Y, Z) array, optional
        Numbers at the same places as those of the volume, which its surface has as quantities.
    colormap : ColorMap, str or mapping, optional
        By default that of the volume, if it has one.

    Returns
    -------
    vertices, faces : array
    parameters : dict
        The rest of what `Mesh` takes.
    """
    grid = volume.values
    if grid.is_colored:
        raise checks.fail(owner, "values", "numbers, not colours", grid.array)
    if min(grid.shape) < 2:
        raise checks.fail(owner, "values", "at least 2 numbers along each axis", grid.array)
    own = {name: _same_place(owner, volume, name, field) for name, field in (fields or {}).items()}
    matrix = volume.to_world()
    found = []
    for level in levels:
        if not grid.low < level < grid.high:
            expected = (
                f"between the least number, {grid.low:g}, and the greatest one, {grid.high:g}"
            )
            raise checks.fail(owner, "level", expected, level)
        corners, faces, normals = _march(owner, grid.array, level)
        # Numbers are in the middle of cells; normals go with the inverse transpose.
        vertices = (corners + 0.5) @ matrix[:3, :3].T + matrix[:3, 3]
        turned = normals @ np.linalg.inv(matrix[:3, :3])
        lengths = np.linalg.norm(turned, axis=1, keepdims=True)
        turned = np.divide(turned, lengths, out=np.zeros_like(turned), where=lengths > 0)
        if np.linalg.det(matrix[:3, :3]) > 0.0:  # they come the other way round than normals
            faces = faces[:, ::-1]
        across = np.cross(
            vertices[faces[:, 1]] - vertices[faces[:, 0]],
            vertices[faces[:, 2]] - vertices[faces[:, 0]],
        )
        size = float(np.abs(vertices).max()) or 1.0
        has_area = (across * across).sum(axis=1) > (1e-7 * size) ** 4
        found.append((vertices, faces[has_area], _filled(turned, faces, across)))
    counts = [len(vertices) for vertices, _, _ in found]
    starts = np.cumsum([0, *counts[:-1]])
    vertices = np.concatenate([part[0] for part in found])
    faces = np.concatenate([part[1] + start for part, start in zip(found, starts, strict=True)])
    told: dict[str, Any] = {"normals": np.concatenate([part[2] for part in found])}
    if own:
        told["quantities"] = {name: _numbers(field, vertices) for name, field in own.items()}
    elif len(levels) > 1:
        told["values"] = np.repeat(np.asarray(levels, np.float64), counts)
        if colormap is None and isinstance(volume.transfer.color, ColorMap):
            colormap = _colors(owner, volume, None)[0]
    if told.keys() & {"values", "quantities"}:
        told |= {"per": "vertices", "colormap": colormap}
    elif colormap is not None:
        raise SceneError(f"{owner}: colormap= needs several levels, or quantities=")
    return vertices, faces, told


def _same_place(owner: str, volume: Volume, name: str, field: Any) -> Volume:
    """A volume of other numbers at the same places."""
    if isinstance(field, Volume):
        field = field.values.array
    other = volume.replace(values=field, transfer=TransferFunction(), name=f"quantities[{name!r}]")
    if other.values.shape != volume.values.shape or other.values.is_colored:
        expected = f"numbers at the same places, an array of shape {volume.values.shape}"
        raise checks.fail(owner, f"quantities[{name!r}]", expected, other.values.array)
    return other


def _march(owner: str, values: NDArray[Any], level: float) -> tuple[F64, NDArray[np.int64], F64]:
    try:
        measure = importlib.import_module("skimage.measure")
    except ImportError:
        raise SceneError(f'{owner} needs scikit-image: pip install "raywidget[volumes]"') from None
    numbers, known = _around(values, level)
    vertices, faces, normals, _ = measure.marching_cubes(numbers, 0.0, allow_degenerate=False)
    if known is not None:  # cells that touch what is not finite have no surface
        for axis in range(3):
            known = known & np.roll(known, -1, axis)
        cells = vertices[faces].mean(axis=1).astype(np.int64)
        faces = faces[known[cells[:, 0], cells[:, 1], cells[:, 2]]]
        used, places = np.unique(faces, return_inverse=True)
        vertices, normals, faces = vertices[used], normals[used], places.reshape(-1, 3)
    if not len(faces):
        raise SceneError(f"{owner}: no surface has the number {level:g} all around")
    return vertices.astype(np.float64), faces.astype(np.int64), normals.astype(np.float64)


def _around(
    values: NDArray[Any], level: float
) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None]:
    """Numbers above a level in single precision, which the march knows; and which are finite.

    The difference is taken before, since single precision would merge numbers far from 0, and it
    is brought to about 1.
    """
    numbers = np.empty(values.shape, np.float32)
    step = max(1, _SLAB * len(values) // max(1, values.size))
    slabs = [slice(first, first + step) for first in range(0, len(values), step)]
    known = None
    if values.dtype.kind == "f":
        known = np.isfinite(values)
        known = None if known.all() else known
    low, high = np.inf, -np.inf
    for slab in slabs:
        some = values[slab] if known is None else values[slab][known[slab]]
        if some.size:
            low, high = min(low, float(some.min())), max(high, float(some.max()))
    scale = 1.0 / max(high - level, level - low)
    for slab in slabs:
        away = (values[slab].astype(np.float64) - level) * scale
        numbers[slab] = away if known is None else np.where(known[slab], away, 0.0)
    return numbers, known


def _filled(normals: F64, faces: NDArray[np.int64], across: F64) -> F64:
    """Normals, those of faces where the field has no gradient."""
    missing = (normals * normals).sum(axis=1) == 0.0
    if missing.any():
        sums = np.zeros_like(normals)
        for corner in range(3):
            np.add.at(sums, faces[:, corner], across)
        normals = np.where(missing[:, None], sums, normals)
        missing = (normals * normals).sum(axis=1) == 0.0
        normals[missing] = (0.0, 0.0, 1.0)
    return normals


def lines_on(
    owner: str, mesh: Mesh, above: F64, radius: float | None, told: Mapping[str, Any], nowhere: str
) -> Cylinders:
    """Lines on a mesh where numbers of its vertices change sign.

    Parameters
    ----------
    owner : str
        What messages name.
    mesh : Mesh
    above : (V,) array
    radius : float, optional
        By default a five-hundredth of their extent.
    told : mapping
        What `Cylinders` is told besides.
    nowhere : str
        What is said where there are none.
    """
    at = above[mesh.faces]
    # A corner on the line counts as above: so each face is cut twice or not at all.
    sides = at >= 0.0
    cut = sides.any(axis=1) & ~sides.all(axis=1) & np.isfinite(at).all(axis=1)
    if not cut.any():
        raise SceneError(f"{owner}: {nowhere} {checks.label(mesh)}")
    corners, at, sides = mesh.faces[cut], at[cut], sides[cut]
    # The corner that is alone on its side; both edges from it are cut.
    alone = np.where(sides.sum(axis=1) == 1, sides.argmax(axis=1), (~sides).argmax(axis=1))
    rows = np.arange(len(corners))
    pairs = []
    for step in (1, 2):
        other = (alone + step) % 3
        a, b = at[rows, alone], at[rows, other]
        pairs.append((corners[rows, alone], corners[rows, other], a / (a - b)))

    def along(numbers: Any) -> list[F64]:
        """Of both ends, from numbers of vertices."""
        own = np.asarray(numbers, np.float64)
        return [
            own[a] + (share if own.ndim == 1 else share[:, None]) * (own[b] - own[a])
            for a, b, share in pairs
        ]

    starts, ends = along(mesh.vertices)
    extent = float(np.linalg.norm(np.ptp(np.concatenate([starts, ends]), axis=0))) or 1.0
    thickness = THIN * extent if radius is None else checks.length(owner, "radius", radius)
    long = np.linalg.norm(ends - starts, axis=1) > 1e-6 * extent
    if not long.any():
        raise SceneError(f"{owner}: {nowhere} {checks.label(mesh)}, they only touch")
    own = {
        name: np.stack(along(quantity.numbers.array), axis=1)[long]
        for name, quantity in mesh.own_quantities.items()
        if quantity.numbers.on == "vertices"
    }
    own |= {
        name: quantity.numbers.array[cut][long]
        for name, quantity in mesh.own_quantities.items()
        if quantity.numbers.on == "faces"
    }
    more = dict(told)
    if own and "values" not in more:
        shown = mesh.shown
        maps = {
            name: quantity.colormap.replace(limits=tuple(quantity.limits), symmetric=False)
            for name, quantity in mesh.own_quantities.items()
        }
        more = {"quantities": own, "show": shown and shown.name, "colormap": maps} | more
        if UNNAMED in own:  # what `values` are called
            more["values"] = own.pop(UNNAMED)
        more["unlit"] = more.get("unlit", mesh.unlit)
    radii: Any = thickness
    return Cylinders(starts[long], ends[long], radii, caps=True, **more)


def slice_of(owner: str, volume: Volume, point: F64, normal: F64, colormap: Any) -> Mesh:
    """What a plane shows of a volume: a flat piece that has its numbers as values."""
    outline = _outline(owner, volume, point, normal)
    across = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    places = np.stack([(outline - point) @ across, (outline - point) @ along], axis=1)
    low, size = places.min(axis=0), np.ptp(places, axis=0)
    middle = places - places.mean(axis=0)
    order = np.argsort(np.arctan2(middle[:, 1], middle[:, 0]))
    outline, places = outline[order], places[order]
    spacing: Any = volume.spacing
    if not volume.values.is_colored:
        return _valued(owner, volume, outline, 0.5 * min(spacing), colormap)
    step = 0.5 * min(spacing)
    columns, rows = (int(np.clip(np.ceil(length / step), 2, _MOST_PIXELS)) for length in size)
    u, v = (np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows
    pixels = np.empty((rows, columns, 3), np.float32)
    for row in range(rows):  # row 0 is the upper edge
        up = low[1] + v[rows - 1 - row] * size[1]
        here = point + (low[0] + u[:, None] * size[0]) * across + up * along
        pixels[row] = _numbers(volume, here)
    faces: Any = [(0, k, k + 1) for k in range(1, len(outline) - 1)]
    picture = ImageTexture(np.clip(pixels, 0.0, 1.0), wrap="clamp")
    return Mesh(outline, faces, uvs=(places - low) / size, material=Diffuse(picture))


def _valued(owner: str, volume: Volume, outline: F64, step: float, colormap: Any) -> Mesh:
    """A piece within a convex outline, with the volume's numbers at its vertices.

    The triangles of a fan are divided alike, so that they share all vertices on their edges.
    """
    longest = float(np.linalg.norm(outline - outline[0], axis=1).max())
    most = int(np.sqrt(_MOST_TRIANGLES / (len(outline) - 2)))
    count = int(np.clip(np.ceil(longest / step), 1, most))
    i, j = (grid.ravel() for grid in np.meshgrid(*[np.arange(count + 1)] * 2, indexing="ij"))
    inside = i + j <= count
    i, j = i[inside], j[inside]
    number = np.full((count + 2, count + 2), -1)
    number[i, j] = np.arange(len(i))
    corners = np.stack([number[i, j], number[i + 1, j], number[i, j + 1]], axis=1)
    others = np.stack([number[i + 1, j], number[i + 1, j + 1], number[i, j + 1]], axis=1)
    pattern = np.concatenate([corners, others])
    pattern = pattern[(pattern >= 0).all(axis=1)]
    vertices, faces = [], []
    for k in range(1, len(outline) - 1):
        a, b, c = outline[0], outline[k], outline[k + 1]
        vertices.append(a + (i[:, None] * (b - a) + j[:, None] * (c - a)) / count)
        faces.append(pattern + (k - 1) * len(i))
    points = np.concatenate(vertices)
    color, limits = _colors(owner, volume, colormap)
    return Mesh(
        points,
        np.concatenate(faces),
        values=_numbers(volume, points),
        per="vertices",
        colormap=color if color.log else color.replace(limits=tuple(limits), symmetric=False),
        material=Diffuse(Attribute("color")),
    )


def _outline(owner: str, volume: Volume, point: F64, normal: F64) -> F64:
    """Corners of the plane's part in the box of a volume, in no order."""
    corners = volume.corners()
    above = (corners - point) @ normal
    found = []
    for a in range(8):
        for bit in (1, 2, 4):
            b = a | bit
            if b != a and (above[a] >= 0.0) != (above[b] >= 0.0):
                share = above[a] / (above[a] - above[b])
                found.append(corners[a] + share * (corners[b] - corners[a]))
    if len(found) < 3:
        raise SceneError(f"{owner}: the plane does not meet {checks.label(volume)}")
    return np.array(found)


def _colors(owner: str, volume: Volume, colormap: Any) -> tuple[ColorMap, Any]:
    own = volume.transfer.color
    least, greatest = volume.values.low, volume.values.high
    if colormap is not None:
        chosen = as_color_map(owner, "colormap", colormap)
        return chosen, chosen.limits_for(least, greatest)
    if isinstance(own, ColorMap):
        return own, volume.transfer.limits_for(least, greatest)
    return ColorMap("viridis"), volume.transfer.limits_for(least, greatest)


def _numbers(volume: Volume, points: F64) -> F64:
    """Linear between the numbers around points of the scene; (N,), of colours (N, 3) linear."""
    matrix = volume.to_world()
    cells = (points - matrix[:3, 3]) @ np.linalg.inv(matrix[:3, :3]).T - 0.5
    shape = np.array(volume.values.shape)
    cells = np.clip(cells, 0.0, shape - 1.0)
    if volume.interpolation == "nearest":
        cells = np.round(cells)
    first = np.minimum(cells.astype(np.int64), np.maximum(shape - 2, 0))
    part = cells - first
    array = volume.values.array
    result: Any = 0.0
    for corner in range(8):
        offset = np.array([corner >> 2 & 1, corner >> 1 & 1, corner & 1])
        weight = np.prod(np.where(offset == 1, part, 1.0 - part), axis=1)
        x, y, z = np.minimum(first + offset, shape - 1).T
        numbers = array[x, y, z].astype(np.float64)
        if volume.values.is_colored:
            numbers = numbers[:, :3]
            if array.dtype == np.uint8:
                numbers = decode_srgb(numbers / 255.0)
            weight = weight[:, None]
        with np.errstate(invalid="ignore"):
            result = result + np.where(weight > 0.0, weight * numbers, 0.0)
    return np.asarray(result)
