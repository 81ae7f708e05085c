"""Files of simulations and scanners (VTK's formats, Gmsh and more), read through PyVista.

Grids give their surface. PyVista reads VTK's own formats, and others by meshio where that is
installed; both are written in languages that trust their input more than this package does.
"""

from __future__ import annotations

import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import Piece, linear_colors, meshes_of, notes_of
from raywidget.io.points import spheres

VTK_SUFFIXES = (".vti", ".vtk", ".vtm", ".vtp", ".vtr", ".vts", ".vtu")
MESHIO_SUFFIXES = (".bdf", ".inp", ".mesh", ".msh", ".nas", ".su2", ".ugrid", ".vol", ".xdmf")
SUFFIXES = (*VTK_SUFFIXES, *MESHIO_SUFFIXES)


def read(path: Path) -> SceneParts:
    """The surface of what is in the file, with its colours; points where it has no cells."""
    read_bytes(path)  # says what can't be read, and bounds it
    packages = ["pyvista", *(["meshio"] if path.suffix.lower() in MESHIO_SUFFIXES else [])]
    try:
        import pyvista

        if path.suffix.lower() in MESHIO_SUFFIXES:
            import meshio  # noqa: F401
    except ImportError:
        raise SceneError(
            f"{path.name!r}: reading {path.suffix.lower()} files takes {' and '.join(packages)}: "
            f"pip install {' '.join(packages)}"
        ) from None
    notes: list[str] = []
    count: Counter[str] = Counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            by_meshio = path.suffix.lower() in MESHIO_SUFFIXES
            data: Any = (pyvista.read_meshio if by_meshio else pyvista.read)(str(path))
            shapes = _shapes(data, notes, count)
    except (Exception, SystemExit) as error:  # meshio ends the process where it fails
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SceneError(f"{path.name!r}: can't be read by PyVista: {reason}") from None
    return SceneParts(shapes=tuple(shapes), notes=(*notes, *notes_of(count)))


def _shapes(data: Any, notes: list[str], count: Counter[str]) -> list[Any]:
    if hasattr(data, "combine"):  # blocks
        data = data.combine()
    surface = data if type(data).__name__ == "PolyData" else data.extract_surface()
    if surface.n_points == 0:
        raise ValueError("nothing is in it")
    if surface.n_lines:
        notes.append(f"{surface.n_lines:,} line{'s' * (surface.n_lines > 1)} left out")
    points = np.asarray(surface.points, np.float64)
    if not surface.n_faces_strict:
        return [*spheres(points, _colors(surface.point_data), notes=notes)]
    if surface.n_lines or surface.n_verts:
        surface = surface.copy()
        surface.lines, surface.verts = None, None
    triangles = surface.triangulate()
    points = np.asarray(triangles.points, np.float64)
    colors = _colors(triangles.point_data)
    face_colors = None if colors is not None else _colors(triangles.cell_data)
    uvs = triangles.active_texture_coordinates
    piece = Piece(
        vertices=points,
        faces=np.asarray(triangles.faces).reshape(-1, 4)[:, 1:],
        normals=_rows(triangles.point_data.active_normals, len(points)),
        uvs=None if uvs is None else np.asarray(uvs, np.float64)[:, :2],
        colors=colors,
        face_colors=face_colors,
    )
    return [*meshes_of([piece], count)]


def _rows(values: Any, count: int) -> NDArray[np.float64] | None:
    if values is None or np.shape(values) != (count, 3):
        return None
    return np.asarray(values, np.float64)


def _colors(attributes: Any) -> NDArray[Any] | None:
    """Linear colours: an array of bytes, three or four in each row."""
    for name in attributes:
        values = np.asarray(attributes[name])
        if values.dtype == np.uint8 and values.ndim == 2 and values.shape[1] in (3, 4):
            return linear_colors(values[:, :3])
    return None
