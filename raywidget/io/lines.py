"""Lines: round, so that light falls on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.pieces import mended_colors
from raywidget.scene.materials.materials import Material
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values.checks import LARGEST

_TUBE = 0.004  # radius of lines, of the diagonal of all that is shown


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Straight pieces, round, with balls where they meet; thin unless a radius is known."""

    starts: NDArray[Any]  # (N, 3)
    ends: NDArray[Any]
    radii: NDArray[Any] | float | None = None
    colors: NDArray[Any] | None = None  # (N, 3) linear
    material: Material | None = None
    joints: bool = True
    name: str | None = None


@np.errstate(invalid="ignore", over="ignore")  # of what is left out
def tubes(lines: Lines, material: Material, diagonal: float, notes: list[str]) -> list[Shape]:
    """A cylinder for each piece that has a length; an empty list if none has.

    Parameters
    ----------
    lines : Lines
    material : Material
    diagonal : float
        Of all that is shown: it says how thick they are if nothing else does.
    notes : list of str
        What was left out is added to it.
    """
    starts, ends = np.asarray(lines.starts), np.asarray(lines.ends)
    inside = ((np.abs(starts) <= LARGEST) & (np.abs(ends) <= LARGEST)).all(axis=1)
    sound = inside & (np.linalg.norm(ends - starts, axis=1) > 1e-9 * diagonal)
    radii: Any = _TUBE * diagonal if lines.radii is None else np.asarray(lines.radii, np.float64)
    if np.ndim(radii):
        sound &= radii > 0.0
    if lost := int(np.count_nonzero(~sound)):
        notes.append(f"{lost:,} pieces without a length left out")
    if not sound.any():
        return []
    starts, ends = starts[sound], ends[sound]
    radii = np.broadcast_to(radii[sound] if np.ndim(radii) else radii, len(starts))
    colors = None if lines.colors is None else mended_colors(np.asarray(lines.colors)[sound])
    shapes: list[Shape] = [
        Cylinders(
            starts,
            ends,
            radii,
            colors=colors,
            caps=not lines.joints,
            material=material,
            name=lines.name,
        )
    ]
    if lines.joints:
        places, first = np.unique(np.concatenate([starts, ends]), axis=0, return_index=True)
        both = None if colors is None else np.concatenate([colors, colors])[first]
        sizes = np.concatenate([radii, radii])[first]
        shapes.append(Spheres(places, sizes, colors=both, material=material))
    return shapes
