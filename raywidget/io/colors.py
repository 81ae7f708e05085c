"""Colours as other programs have them: for screens, by the sRGB curve, with an opacity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.pieces import linear_colors, mended_colors, range_of_colors


def screen_colors(values: Any) -> tuple[NDArray[Any], NDArray[np.float64] | None]:
    """Linear colours from those for a screen, whatever their range, see `linear_colors`.

    Returns
    -------
    (N, 3) array, and (N,) array or None
        Colours, and how opaque they are if there is a fourth column.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim != 2 or array.shape[1] not in (3, 4):
        raise SceneError(f"colours must be an (N, 3) or (N, 4) array, got shape {array.shape}")
    rgb = mended_colors(linear_colors(array[:, :3]))
    if array.shape[1] == 3:
        return rgb, None
    return rgb, np.nan_to_num(array[:, 3] / range_of_colors(array), nan=1.0)


def one_opacity(alphas: NDArray[Any] | None, label: str, notes: list[str]) -> float:
    """The opacity of a thing whose colours are transparent: one for all of it."""
    if alphas is None or np.min(alphas, initial=1.0) >= 1.0:
        return 1.0
    mean = float(np.clip(np.mean(alphas), 0.0, 1.0))
    if np.ptp(alphas) > 1e-3:
        notes.append(f"{label}: its opacity varies; all of it has the mean, {mean:.3g}")
    return mean
