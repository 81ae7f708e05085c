"""Surfaces in volumes: where a number is reached, and where a plane goes through."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.materials import Diffuse
from raywidget.scene.shapes.many import Cylinders
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap, as_color_map
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.colors import decode_srgb
from raywidget.scene.values.signatures import checked_call, with_more

F64 = NDArray[np.float64]

_MOST_TRIANGLES = 400_000  # of a cut
_MOST_PIXELS = 2048  # along a side of the picture on a cut
_THIN = 0.002  # radius of the lines of a cut, of its extent


@checked_call(SceneError)
def isosurface(
    values: Any,
    level: float,
    *,
    spacing: float | Vec3Like = 1.0,
    origin: Vec3Like = (0.0, 0.0, 0.0),
    **parameters: Any,
) -> Mesh:
    """Make the surface on which a field has a number: marching cubes (Lewiner et al. 2003).

    The front side is where the numbers are smaller. Normals follow from the gradient, so it is
    smooth. It needs scikit-image: ``pip install "raywidget[volumes]"``.

    Parameters
    ----------
    values : (X, Y, Z) array or Volume
        The field; a volume brings its own spacing, origin and direction.
    level : float
        The number, between the least and the greatest one.
    spacing, origin : float or (float, float, float)
        As in `Volume`.
    **parameters
        Of `Mesh`, such as ``material=``.

    Raises
    ------
    SceneError
        If the field never has this number, or scikit-image is not there.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> x, y, z = np.mgrid[-1:1:20j, -1:1:20j, -1:1:20j]
    >>> ball = rw.isosurface(x * x + y * y + z * z, 0.5, spacing=2 / 19, origin=(-1, -1, -1))
    >>> bool(np.allclose(np.linalg.norm(ball.vertices, axis=1), 0.5**0.5, atol=0.01))
    True
    """
    for name in ("vertices", "faces", "normals"):
        if name in parameters:
            raise SceneError(f"isosurface(): {name} follow from the values and can't be given")
    volume = values
    if not isinstance(values, Volume):
        volume = Volume(values, spacing=spacing, origin=origin)
    elif not (np.array_equal(spacing, 1.0) and np.array_equal(origin, (0.0, 0.0, 0.0))):
        raise SceneError("isosurface(): a Volume has its own spacing= and origin=")
    grid = volume.values
    if grid.is_colored:
        raise checks.fail("isosurface()", "values", "numbers, not colours", grid.array)
    number = checks.number("isosurface()", "level", level)
    if not grid.low < number < grid.high:
        expected = f"between the least number, {grid.low:g}, and the greatest one, {grid.high:g}"
        raise checks.fail("isosurface()", "level", expected, level)
    if min(grid.shape) < 2:
        raise checks.fail(
            "isosurface()", "values", "at least 2 numbers along each axis", grid.array
        )
    corners, faces, normals = _march(grid.array, number)
    matrix = volume.to_world()
    # Numbers are in the middle of cells; normals go with the inverse transpose.
    vertices = (corners + 0.5) @ matrix[:3, :3].T + matrix[:3, 3]
    turned = normals @ np.linalg.inv(matrix[:3, :3])
    lengths = np.linalg.norm(turned, axis=1, keepdims=True)
    turned = np.divide(turned, lengths, out=np.zeros_like(turned), where=lengths > 0)
    if np.linalg.det(matrix[:3, :3]) > 0.0:  # they come the other way round than normals
        faces = faces[:, ::-1]
    across = np.cross(
        vertices[faces[:, 1]] - vertices[faces[:, 0]], vertices[faces[:, 2]] - vertices[faces[:, 0]]
    )
    size = float(np.abs(vertices).max()) or 1.0
    has_area = (across * across).sum(axis=1) > (1e-7 * size) ** 4
    turned = _filled(turned, faces, across)
    normals_given: Any = turned
    return Mesh(vertices, faces[has_area], normals=normals_given, **parameters)


isosurface.__signature__ = with_more(  # type: ignore[attr-defined]
    isosurface,
    [
        parameter
        for name, parameter in inspect.signature(Mesh).parameters.items()
        if name not in ("vertices", "faces", "normals", "values")
    ],
)


def _march(values: NDArray[Any], level: float) -> tuple[F64, NDArray[np.int64], F64]:
    try:
        measure = importlib.import_module("skimage.measure")
    except ImportError:
        raise SceneError(
            'isosurface() needs scikit-image: pip install "raywidget[volumes]"'
        ) from None
    numbers = np.asarray(values, np.float32 if values.dtype.itemsize < 8 else np.float64)
    known = np.isfinite(numbers)
    is_known = bool(known.all())
    if not is_known:
        numbers = np.where(known, numbers, numbers.dtype.type(level))
    vertices, faces, normals, _ = measure.marching_cubes(numbers, level, allow_degenerate=False)
    if not is_known:  # cells that touch what is not finite have no surface
        for axis in range(3):
            known = known & np.roll(known, -1, axis)
        cells = vertices[faces].mean(axis=1).astype(np.int64)
        faces = faces[known[cells[:, 0], cells[:, 1], cells[:, 2]]]
        used, places = np.unique(faces, return_inverse=True)
        vertices, normals, faces = vertices[used], normals[used], places.reshape(-1, 3)
    if not len(faces):
        raise SceneError(f"isosurface(): no surface has the number {level:g} all around")
    return vertices.astype(np.float64), faces.astype(np.int64), normals.astype(np.float64)


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


@checked_call(SceneError)
def plane_cut(
    thing: Volume | Mesh,
    point: Vec3Like,
    normal: Vec3Like,
    *,
    colormap: Any = None,
    radius: float | None = None,
) -> Shape:
    """Make what a plane shows of a volume, or the lines in which it meets a mesh.

    Parameters
    ----------
    thing : Volume or Mesh
        What is cut. It stays as it is.
    point : (float, float, float)
        In the plane.
    normal : (float, float, float)
        At right angles to it.
    colormap : ColorMap or str, optional
        Colours of a volume's numbers; by default those of its transfer function, if they are a
        map's, else "viridis".
    radius : float, optional
        Of the lines, in scene units; by default a five-hundredth of their extent.

    Returns
    -------
    Mesh or Cylinders
        Of a volume a flat piece that has its numbers as values, of a mesh its lines.

    Raises
    ------
    SceneError
        If the plane does not meet it, or a parameter is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> field = rw.Volume(np.mgrid[0:8, 0:8, 0:8][2], transfer=rw.TransferFunction("viridis"))
    >>> type(rw.plane_cut(field, (3, 3, 3), (0, 1, 1))).__name__
    'Mesh'
    """
    at = np.array(checks.vec3("plane_cut()", "point", point))
    towards = np.array(checks.direction("plane_cut()", "normal", normal))
    towards /= np.linalg.norm(towards)
    if isinstance(thing, Mesh):
        return _lines(thing, at, towards, radius)
    if not isinstance(thing, Volume):
        raise checks.fail("plane_cut()", "thing", "a Volume or a Mesh", thing)
    return _slice(thing, at, towards, colormap)


def _lines(mesh: Mesh, point: F64, normal: F64, radius: float | None) -> Cylinders:
    corners = np.asarray(mesh.vertices, np.float64)[mesh.faces]
    above = (corners - point) @ normal
    # A corner in the plane counts as above: so each face is cut twice or not at all.
    sides = above >= 0.0
    cut = sides.any(axis=1) & ~sides.all(axis=1)
    if not cut.any():
        raise SceneError(f"plane_cut(): the plane does not meet {checks.label(mesh)}")
    corners, above, sides = corners[cut], above[cut], sides[cut]
    # The corner that is alone on its side; both edges from it are cut.
    alone = np.where(sides.sum(axis=1) == 1, sides.argmax(axis=1), (~sides).argmax(axis=1))
    rows = np.arange(len(corners))
    ends = []
    for step in (1, 2):
        other = (alone + step) % 3
        a, b = above[rows, alone], above[rows, other]
        share = (a / (a - b))[:, None]
        ends.append(corners[rows, alone] + share * (corners[rows, other] - corners[rows, alone]))
    extent = float(np.linalg.norm(np.ptp(np.concatenate(ends), axis=0))) or 1.0
    thickness = _THIN * extent if radius is None else checks.length("plane_cut()", "radius", radius)
    long = np.linalg.norm(ends[1] - ends[0], axis=1) > 1e-6 * extent
    if not long.any():
        raise SceneError(f"plane_cut(): the plane only touches {checks.label(mesh)}")
    radii: Any = thickness
    return Cylinders(ends[0][long], ends[1][long], radii, caps=True)


def _slice(volume: Volume, point: F64, normal: F64, colormap: Any) -> Mesh:
    outline = _outline(volume, point, normal)
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
        return _valued(volume, outline, 0.5 * min(spacing), colormap)
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


def _valued(volume: Volume, outline: F64, step: float, colormap: Any) -> Mesh:
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
    color, limits = _colors(volume, colormap)
    return Mesh(
        points,
        np.concatenate(faces),
        values=_numbers(volume, points),
        per="vertices",
        colormap=color if color.log else color.replace(limits=tuple(limits), symmetric=False),
        material=Diffuse(Attribute("color")),
    )


def _outline(volume: Volume, point: F64, normal: F64) -> F64:
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
        raise SceneError(f"plane_cut(): the plane does not meet {checks.label(volume)}")
    return np.array(found)


def _colors(volume: Volume, colormap: Any) -> tuple[ColorMap, Any]:
    own = volume.transfer.color
    least, greatest = volume.values.low, volume.values.high
    if colormap is not None:
        chosen = as_color_map("plane_cut()", "colormap", colormap)
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
