"""Numbers that a thing brings -> quantities of its shapes, with the colours of one of them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.shapes.quantities import UNNAMED
from raywidget.scene.textures.colormaps import ColorMap

MOST_NUMBERS = 1 << 26
"""Numbers that a thing keeps beside those that it shows: 256 MiB as single precision."""

MOST_QUANTITIES = 64
"""That a shape keeps."""

_TAKEN = {"color": "color (values)", UNNAMED: "values (array)"}  # names with a meaning of their own
_AXES = "xyz"


class Given(NamedTuple):
    """An array as a library has it."""

    name: str
    values: Any
    on: str  # what has them: "vertices", "faces", "items"; of VTK "points" or "cells"


class Field(NamedTuple):
    """Numbers of what a piece consists of, row by row."""

    values: NDArray[Any]
    on: str


@dataclass(frozen=True, kw_only=True)
class Fields:
    """What a piece has numbers of, and how it shows one of them.

    Parameters
    ----------
    arrays : mapping of str to Field
    show : str
        Which of them is seen.
    maps : mapping of str to ColorMap
        Of those whose colours are known; others have the usual map.
    unlit : float
        Share of the colours that is given off, see `ValuedShape`.
    """

    arrays: Mapping[str, Field]
    show: str
    maps: Mapping[str, ColorMap] = field(default_factory=dict)
    unlit: float = 0.0

    def taking(self, rows: Any, on: str | None = None, to: str | None = None) -> Fields:
        """The same for some rows of what has them: of all arrays, or of those `on` something."""
        arrays = {
            name: one if on is not None and one.on != on else Field(one.values[rows], to or one.on)
            for name, one in self.arrays.items()
        }
        return replace(self, arrays=arrays)

    def bounded(self, left: int, label: str, notes: list[str]) -> tuple[Fields, int]:
        """What there is room for, and how much room is left; what is shown is kept in any case."""
        kept: dict[str, Field] = {}
        lost = 0
        for name, one in self.arrays.items():
            if name != self.show:
                if one.values.size > left or len(kept) >= MOST_QUANTITIES:
                    lost += 1
                    continue
                left -= one.values.size
            kept[name] = one
        if lost:
            notes.append(
                f"{label}: {lost} of its {len(self.arrays)} arrays are not kept: there is room for "
                f"{MOST_QUANTITIES} and {MOST_NUMBERS:,} numbers beside what is shown"
            )
        return replace(self, arrays=kept), left

    def parameters(self, one_kind: str | None = None) -> dict[str, Any]:
        """How the shape is told of them; with `one_kind` of those only that this has.

        Nothing if what is shown has no finite number any more, as others that are left out then.
        """
        arrays = {
            name: one.values
            for name, one in self.arrays.items()
            if one_kind in (None, one.on) and _any_finite(one.values)
        }
        if self.show not in arrays:
            return {}
        maps = {
            name: _fitting(colormap, arrays[name])
            for name, colormap in self.maps.items()
            if name in arrays
        }
        told: dict[str, Any] = {"quantities": arrays, "show": self.show}
        if maps:
            told["colormap"] = maps
        if self.unlit:
            told["unlit"] = self.unlit
        return told


def fields_of(
    given: Iterable[Given],
    show: tuple[str, str] | None,
    notes: list[str],
    *,
    colormap: ColorMap | None = None,
    maps: Mapping[str, ColorMap] | None = None,
    unlit: float = 0.0,
) -> Fields | None:
    """The numbers among what is given, and how one of them is shown; None where nothing is.

    Of vectors there are the lengths, under the name itself, and behind all others the components.

    Parameters
    ----------
    given : iterable of Given
    show : (str, str), optional
        Name and kind of the array that is shown; by default the first.
    notes : list of str
        What is shown, and what can be, is added to it.
    colormap : ColorMap, optional
        Of what is shown.
    maps : mapping of str to ColorMap, optional
        Of others.
    unlit : float

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.fields import Given, fields_of
    >>> notes = []
    >>> flow = Given("flow", np.array([(3, 4, 0), (0, 0, 1)]), "vertices")
    >>> fields = fields_of([Given("heat", np.array([0.0, 1.0]), "vertices"), flow], None, notes)
    >>> fields.show, list(fields.arrays), fields.arrays["flow"].values.tolist()
    ('heat', ['heat', 'flow', 'flow.x', 'flow.y', 'flow.z'], [5.0, 1.0])
    >>> notes
    ["coloured by 'heat': viridis from 0 to 1; it has 'flow', too"]
    """
    arrays: dict[str, Field] = {}
    parts: dict[str, Field] = {}
    shown = None
    main: list[str] = []
    for item in given:
        numbers = _numbers(item.values)
        wanted = show == (item.name, item.on)
        if numbers is None or not _any_finite(numbers[0]):
            if numbers is not None and wanted:
                notes.append(f"{item.name!r} gives no colours: it has no finite number")
            continue
        name = _free(_TAKEN.get(item.name, item.name), item.on, arrays)
        arrays[name] = Field(numbers[0], item.on)
        main.append(name)
        for axis, part in zip(_AXES, numbers[1:], strict=False):
            if _any_finite(part):
                parts[f"{name}.{axis}"] = Field(part, item.on)
        if wanted or (show is None and shown is None):
            shown = name
    if shown is None:
        return None
    arrays |= {name: one for name, one in parts.items() if name not in arrays}
    usual = usual_map()
    own: dict[str, ColorMap] = {} if usual is None else dict.fromkeys(arrays, usual)
    own |= {name: chosen for name, chosen in (maps or {}).items() if name in arrays}
    if colormap is not None:
        own[shown] = colormap
    if shown in own:
        own[shown] = _fitting(own[shown], arrays[shown].values)
    chosen = own.get(shown) or ColorMap()
    others = [repr(name) for name in main if name != shown]
    notes.append(_told(shown, chosen, arrays[shown].values, others))
    return Fields(arrays=arrays, show=shown, maps=own, unlit=unlit)


def _told(name: str, colormap: ColorMap, values: NDArray[Any], others: list[str]) -> str:
    found = colormap.range_of(values) or (0.0, 1.0)
    low, high = found if colormap.limits is None else colormap.limits_for(*found)
    label = colormap.colors if isinstance(colormap.colors, str) else "its own map"
    told = f"coloured by {name!r}: {label} from {low:.4g} to {high:.4g}"
    if not others:
        return told
    named = ", ".join(others[:6]) + (f" and {len(others) - 6} more" if len(others) > 6 else "")
    return f"{told}; it has {named}, too"


def _fitting(colormap: ColorMap, values: NDArray[Any]) -> ColorMap:
    """The map, or one without logarithms where there is nothing to take them of."""
    if colormap.log and colormap.range_of(values) is None:
        return colormap.replace(log=False, limits=None)
    return colormap


def _free(name: str, on: str, taken: Mapping[str, Any]) -> str:
    """A name that no other array has: those of points and of cells are often alike."""
    name = name.strip() or "scalars"
    tried = name if name not in taken else f"{name} ({on})"
    count = 2
    while tried in taken:
        tried, count = f"{name} {count}", count + 1
    return tried


def _numbers(values: Any) -> list[NDArray[Any]] | None:
    """One array of numbers, or the lengths of vectors and their components; None: there are none.

    Three or four bytes are a colour.
    """
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or not array.size:
        return None
    array = array.reshape(len(array), -1)
    if are_bytes(array):
        return None
    if array.shape[1] == 1:
        return [array[:, 0]]
    floats = array if array.dtype.kind == "f" else array.astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(floats, axis=1)
    return [length, *(floats[:, k] for k in range(array.shape[1] if array.shape[1] <= 3 else 0))]


def are_bytes(values: NDArray[Any]) -> bool:
    """Are these colours in eight bits?"""
    return values.dtype == np.uint8 and values.ndim == 2 and values.shape[1] in (3, 4)


def _any_finite(values: NDArray[Any]) -> bool:
    return values.dtype.kind != "f" or bool(np.isfinite(values).any())


def usual_map() -> ColorMap | None:
    """The one that the user has chosen for PyVista, if PyVista is in use; None: "viridis"."""
    theme = getattr(sys.modules.get("pyvista"), "global_theme", None)
    chosen = getattr(theme, "cmap", None)
    if chosen is None or chosen == "viridis":
        return None
    try:
        return ColorMap(chosen)
    except SceneError:  # a name that only PyVista knows
        return None
