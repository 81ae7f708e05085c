"""VTK and PyVista: data sets of every kind, and groups of them; plotters are taken elsewhere."""

from __future__ import annotations

from typing import Any

from raywidget.adapters.plotters import is_plotter, take_plotter
from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes, join
from raywidget.adapters.vtk_volumes import volume_in
from raywidget.io.vtk_data import Look, leaves, pieces_of, plotted


def recognises(thing: object) -> bool:
    """Is it a data set, a group of them, or a plotter?"""
    return is_a(thing, "vtkmodules", "vtkDataObject") or is_plotter(thing)


def take(thing: Any, wishes: Wishes) -> Taken:
    """Take it apart."""
    if is_plotter(thing):
        return take_plotter(thing)
    if is_a(thing, "vtkmodules", "vtkCompositeDataSet", "vtkDataObjectTree"):
        blocks = [take(block, wishes) for block in leaves(thing)]
        return join(blocks) if blocks else Taken(notes=("a group without blocks",))
    if is_a(thing, "vtkmodules", "vtkDataSet"):
        volume = volume_in(thing)
        if volume is not None:
            return Taken(pieces=(volume,), up="z")
        notes: list[str] = []
        data, shown = plotted(thing)
        pieces = pieces_of(data, notes, Look(shown=shown))
        return Taken(pieces=tuple(pieces), up="z", notes=tuple(notes))
    return Taken(notes=(f"a {type(thing).__name__} can't be shown",))
