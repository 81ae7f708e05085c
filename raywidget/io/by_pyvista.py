"""Files of simulations and scanners (VTK's formats, Gmsh and more), read through PyVista.

Grids give their surface. PyVista reads VTK's own formats, and others by meshio where that is
installed; both are written in languages that trust their input more than this package does.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io.building import build
from raywidget.io.files import read_bytes
from raywidget.io.parts import SceneParts
from raywidget.io.vtk_data import colored_by_scalars, leaves, pieces_of
from raywidget.scene.shapes.simple import Shape

VTK_SUFFIXES = (".vti", ".vtk", ".vtm", ".vtp", ".vtr", ".vts", ".vtu")
MESHIO_SUFFIXES = (".bdf", ".inp", ".mesh", ".msh", ".nas", ".su2", ".ugrid", ".vol", ".xdmf")
SUFFIXES = (*VTK_SUFFIXES, *MESHIO_SUFFIXES)


def read(path: Path) -> SceneParts:
    """Surfaces and lines of what is in the file, in their colours; points if it has neither."""
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
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            by_meshio = path.suffix.lower() in MESHIO_SUFFIXES
            data: Any = (pyvista.read_meshio if by_meshio else pyvista.read)(str(path))
            shapes = _shapes(data, notes)
    except (Exception, SystemExit) as error:  # meshio ends the process where it fails
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SceneError(f"{path.name!r}: can't be read by PyVista: {reason}") from None
    return SceneParts(shapes=tuple(shapes), notes=tuple(notes))


def _shapes(data: Any, notes: list[str]) -> list[Shape]:
    blocks = leaves(data) if data.IsA("vtkCompositeDataSet") else [data]
    pieces = [
        piece
        for block in blocks
        if block.IsA("vtkDataSet")
        for piece in pieces_of(colored_by_scalars(block, notes), notes)
    ]
    shapes = build(pieces, notes)
    if not shapes:
        raise ValueError("nothing is in it")
    return shapes
