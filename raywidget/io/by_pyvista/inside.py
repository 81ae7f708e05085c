"""Tells of a file on its standard output: ``python -m raywidget.io.by_pyvista.inside FILE``.

This is what runs in the process of its own.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from raywidget.io import apart
from raywidget.io.by_pyvista import MESHIO_SUFFIXES
from raywidget.io.by_pyvista.parcel import packed
from raywidget.io.fields import MOST_NUMBERS
from raywidget.io.vtk_data import Look, leaves, pieces_of, plotted

MAX_MEMORY = 16 << 30
"""Bytes that the process may address at most, where the system has such a bound (Linux)."""

_FLOOR, _MULTIPLE = 4 << 30, 64  # of them, and of the size of the file

_TOO_LARGE = "it takes too much memory; it is made to fill it, or must be split"


def main(path: Path) -> None:
    """Read one file, and tell of it or of what is wrong with it."""
    apart.bound_memory(min(MAX_MEMORY, _FLOOR + _MULTIPLE * path.stat().st_size))
    apart.answer(lambda: answered(path), _TOO_LARGE)


def answered(path: Path) -> dict[str, Any]:
    """What is told of a file: ``{"error": ...}`` if it can't be read."""
    try:
        return _described(path)
    except MemoryError:
        return {"error": _TOO_LARGE}
    except (Exception, SystemExit) as error:  # meshio ends the process where it fails
        return {"error": " ".join(str(error).split())[:200] or type(error).__name__}


def _described(path: Path) -> dict[str, Any]:
    import pyvista

    by_meshio = path.suffix.lower() in MESHIO_SUFFIXES
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data: Any = (pyvista.read_meshio if by_meshio else pyvista.read)(str(path))
        blocks = leaves(data) if data.IsA("vtkCompositeDataSet") else [data]
        found = [
            piece
            for block in blocks
            if block.IsA("vtkDataSet")
            for data, shown in [plotted(block)]
            for piece in pieces_of(data, notes, Look(shown=shown))
        ]
    pieces = []
    room = MOST_NUMBERS
    for piece in found:
        if (fields := getattr(piece, "fields", None)) is not None:
            fields, room = fields.bounded(room, "the file", notes)
            piece = replace(piece, fields=fields)
        pieces.append(packed(piece))
    if not pieces:
        raise ValueError("nothing is in it")
    return {"pieces": pieces, "notes": notes}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
