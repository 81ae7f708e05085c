"""Angles that were probably meant in radians, where degrees are taken."""

from __future__ import annotations

import math
from collections.abc import Sequence

_COARSE, _WRITTEN = math.pi / 4.0, 6e-4  # what people write out, as 1.57 and 3.14,
_USUAL = (1, 2, 3, 4, 6, 8)  # but for 5.5, which is next to seven times that
_FINE, _COMPUTED = math.pi / 36.0, 1e-6  # what programs make of whole multiples of 5 degrees


def looks_like_radians(angle: float) -> bool:
    """Is an angle a multiple of pi / 4, as people write it, or of pi / 36 to six digits?

    Of angles in degrees next to none is, whole numbers never are.

    Examples
    --------
    >>> import math
    >>> from raywidget.scene.values.radians import looks_like_radians
    >>> [looks_like_radians(a) for a in (1.57, math.radians(35), 1.5, 3.0, 0.0, 45.0)]
    [True, True, False, False, False, False]
    """
    size = abs(angle)
    if not 0.01 < size < 2.001 * math.pi:
        return False
    coarse, fine = round(size / _COARSE), round(size / _FINE)
    if coarse in _USUAL and abs(size / (coarse * _COARSE) - 1.0) < _WRITTEN:
        return True
    return fine > 0 and abs(size / (fine * _FINE) - 1.0) < _COMPUTED


def say_in_degrees(owner: str, name: str, angles: float | Sequence[float]) -> str:
    """What to tell of an angle that looks like radians."""
    if isinstance(angles, Sequence):
        given, meant = (_vector(v) for v in (angles, tuple(map(math.degrees, angles))))
    else:
        given, meant = f"{angles:.4g}", f"{math.degrees(angles):.3g}"
    return f"{owner}: {name}={given} is in degrees; were radians meant? They are {name}={meant}"


def _vector(values: Sequence[float]) -> str:
    inner = ", ".join(f"{value:.4g}" for value in values)
    return f"({inner})" if len(values) > 1 else inner
