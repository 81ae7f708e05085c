"""Lines: round, so that light falls on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.fields import Fields
from raywidget.io.pieces import mended_colors
from raywidget.scene.materials.materials import Material
from raywidget.scene.shapes.lines import Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.planes import Plane
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
    fields: Fields | None = None  # (N,) or (N, 2), at both ends, instead of colours
    clip: tuple[Plane, ...] | None = None  # of its own, before the origin is moved


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
    if lines.fields is not None:
        fields = lines.fields if sound.all() else lines.fields.taking(sound)
        return [_valued(starts, ends, radii, fields, lines, material)]
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


def _valued(
    starts: NDArray[Any],
    ends: NDArray[Any],
    radii: NDArray[Any],
    fields: Fields,
    lines: Lines,
    material: Material,
) -> Shape:
    """Pieces that have numbers: one shape, so that all of it shows the same of them."""
    told: dict[str, Any] = fields.parameters()
    told |= {"material": material, "name": lines.name}
    if not lines.joints:
        return Cylinders(starts, ends, radii, **told)
    arrays: dict[str, NDArray[Any]] = told.get("quantities", {})
    both = {n: a if a.ndim == 2 else np.stack([a, a], axis=1) for n, a in arrays.items()}
    # Where the next piece goes on with the same place and numbers, both are one line.
    goes_on = (ends[:-1] == starts[1:]).all(axis=1) & (radii[:-1] == radii[1:])
    for array in both.values():
        here, there = array[:-1, 1], array[1:, 0]
        goes_on &= (here == there) | (np.isnan(here) & np.isnan(there))
    last = np.append(~goes_on, True)  # of its line
    at = np.arange(len(starts)) + np.cumsum(last) - last  # where its start stands among all points
    count = len(starts) + int(last.sum())

    def in_line(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
        result = np.empty((count, *first.shape[1:]), first.dtype)
        result[at] = first
        result[at[last] + 1] = second[last]
        return result

    if arrays:
        told["quantities"] = {n: in_line(a[:, 0], a[:, 1]) for n, a in both.items()}
    cuts = at[last][:-1] + 2
    return Tubes(np.split(in_line(starts, ends), cuts), in_line(radii, radii), **told)
