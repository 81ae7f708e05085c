"""Files of simulations and scanners (VTK's formats, Gmsh and more), read through PyVista.

Grids give their surface. PyVista reads VTK's own formats, and others by meshio where that is
installed; both are written in languages that trust their input more than this package does, so they
read in a process of their own (`inside`).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io import apart
from raywidget.io.files import size_of_readable
from raywidget.io.parts import SceneParts

VTK_SUFFIXES = (".vti", ".vtk", ".vtm", ".vtp", ".vtr", ".vts", ".vtu")
MESHIO_SUFFIXES = (".bdf", ".inp", ".mesh", ".msh", ".nas", ".su2", ".ugrid", ".vol", ".xdmf")
SUFFIXES = (*VTK_SUFFIXES, *MESHIO_SUFFIXES)

MAX_SECONDS = 60.0  # and one more for each MiB of the file

_MODULE = "raywidget.io.by_pyvista.inside"


def read(path: Path) -> SceneParts:
    """Surfaces and lines of what is in the file, in their colours; points if it has neither.

    Raises
    ------
    SceneError
        If PyVista or meshio is missing, or the file can't be read, is damaged or too large.
    """
    name = path.name
    suffix = path.suffix.lower()
    packages = ["pyvista", *(["meshio"] if suffix in MESHIO_SUFFIXES else [])]
    if any(importlib.util.find_spec(package) is None for package in packages):
        raise SceneError(
            f"{name!r}: reading {suffix} files takes {' and '.join(packages)}: "
            f"pip install {' '.join(packages)}"
        )
    size = size_of_readable(path)
    document = _told(path, MAX_SECONDS + size / 2**20)

    from raywidget.io.building import build  # not needed by the process inside
    from raywidget.io.by_pyvista.parcel import unpacked

    notes: list[str] = list(document["notes"])
    try:
        shapes = build([unpacked(tree) for tree in document["pieces"]], notes)
        if not shapes:
            raise ValueError("nothing is in it")
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise SceneError(f"{name!r}: can't be read by PyVista: {error}") from None
    return SceneParts(shapes=tuple(shapes), notes=tuple(notes))


def _told(path: Path, seconds: float) -> dict[str, Any]:
    name = path.name
    found = apart.ask(_MODULE, path, seconds)
    if found.late:
        raise SceneError(
            f"{name!r}: took more than {seconds:.0f} seconds to read: it is damaged, or too large"
        )
    if found.document is None:
        raise SceneError(
            f"{name!r}: VTK crashed while it read the file ({found.ending}): it is damaged, or too "
            "large for the memory; write it anew, as with pyvista's save()"
        )
    if "error" in found.document:
        raise SceneError(f"{name!r}: can't be read by PyVista: {found.document['error']}")
    return found.document
