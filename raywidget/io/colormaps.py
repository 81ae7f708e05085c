"""Numbers -> colours, as plots have them: matplotlib's maps, where it is installed."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_MAP = "viridis"  # matplotlib's, PyVista's and xarray's
_MISSING = (169, 169, 169)  # "darkgray", PyVista's colour of what is not a number


def bytes_of_scalars(values: NDArray[Any], name: str, notes: list[str]) -> NDArray[np.uint8] | None:
    """Colours for a screen of numbers, from the least to the greatest; a note tells the range.

    Parameters
    ----------
    values : (N,) or (N, C) array
        Of vectors the lengths.
    name : str
        What they are called.
    notes : list of str

    Returns
    -------
    (N, 3) array of uint8, or None
        None if nothing can be made of them: there is no matplotlib, or no number is finite.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.io.colormaps import bytes_of_scalars
    >>> notes = []
    >>> bytes_of_scalars(np.array([0.0, 0.5, 1.0]), "heat", notes).tolist()
    [[68, 1, 84], [32, 144, 140], [253, 231, 36]]
    >>> notes
    ["coloured by 'heat': viridis from 0 to 1"]
    """
    if values.dtype.kind not in "biuf":
        return None
    numbers = np.asarray(values, np.float64)
    if numbers.ndim == 2:
        numbers = numbers[:, 0] if numbers.shape[1] == 1 else np.linalg.norm(numbers, axis=1)
    finite = np.isfinite(numbers)
    if numbers.ndim != 1 or not finite.any():
        return None
    try:
        from matplotlib import colormaps
    except ImportError:
        notes.append(f"{name!r} gives no colours: pip install matplotlib")
        return None
    chosen = _default_map()
    table = (colormaps[chosen] if isinstance(chosen, str) else chosen)(np.arange(256) / 255.0)
    low, high = float(numbers[finite].min()), float(numbers[finite].max())
    span = high - low
    # Halves, since a difference of the largest floats is none.
    share = (numbers / 2 - low / 2) / (span / 2) if 0.0 < span < np.inf else np.zeros(len(numbers))
    row = np.clip(np.nan_to_num(share) * 256.0, 0, 255).astype(np.int64)
    colors = (table[row, :3] * 255.0).astype(np.uint8)
    colors[~finite] = _MISSING
    label = chosen if isinstance(chosen, str) else chosen.name
    notes.append(f"coloured by {name!r}: {label} from {low:.4g} to {high:.4g}")
    return colors


def _default_map() -> Any:
    """The one that the user has chosen for PyVista, if PyVista is in use."""
    pyvista = sys.modules.get("pyvista")
    theme = getattr(pyvista, "global_theme", None)
    return getattr(theme, "cmap", None) or DEFAULT_MAP
