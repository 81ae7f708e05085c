"""Where things are, for their size: what float32 can still tell apart there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FAR = 32.0
"""So many times its own size a thing has to be away from the origin to count as far from it.

Float32 then leaves it 19 bits out of 24. In coordinates of a map (UTM: 5e5, 5e6), walls would be
stairs of 5 cm or half a unit.
"""


def is_far(lo: NDArray[Any], hi: NDArray[Any], times: float = FAR) -> bool:
    """Is the box from `lo` to `hi`, (3,) each, so many times its size away from the origin?"""
    lo, hi = np.asarray(lo, np.float64), np.asarray(hi, np.float64)
    return bool(np.abs(0.5 * (lo + hi)).max() > times * 0.5 * (hi - lo).max())
