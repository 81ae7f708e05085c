"""How bright a colour looks."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene.values.colors import REC709_WEIGHTS


def luminance(pixels: ArrayLike) -> NDArray[np.float64]:
    """Luminance of linear Rec. 709 colours: (..., 3) -> (...)."""
    channels = np.asarray(pixels, dtype=np.float64)
    r, g, b = REC709_WEIGHTS
    # Not a matrix product: BLAS may add in another order on another machine.
    return np.asarray(r * channels[..., 0] + g * channels[..., 1] + b * channels[..., 2])
