"""Colours in other primaries than those of Rec. 709, as files may have them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


class Chromaticities(NamedTuple):
    """CIE x and y of primaries and of white, in the order of an EXR file's header."""

    red_x: float
    red_y: float
    green_x: float
    green_y: float
    blue_x: float
    blue_y: float
    white_x: float
    white_y: float


REC709 = Chromaticities(0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)  # ITU-R BT.709-6

# Lindbloom, "Chromatic adaptation", http://www.brucelindbloom.com/Eqn_ChromAdapt.html
_BRADFORD = np.array(
    [(0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)]
)
_SAME = 1e-3  # headers hold rounded numbers


def to_rec709(values: NDArray[np.float32], source: Chromaticities) -> NDArray[np.float32]:
    """Convert (..., 3) colours to Rec. 709; what it can't show (below 0) becomes 0.

    White stays white (by Bradford's adaptation), as the files of films want it. Where the primaries
    are X, Y and Z, the numbers are tristimulus values, which are taken as they are.

    Raises
    ------
    ValueError
        If the primaries lie on a line, or white is not between them.
    """
    if np.abs(np.subtract(source, REC709)).max() < _SAME:
        return values
    matrix = _to_xyz(source)
    is_xyz = np.abs(np.subtract(source[:6], (1, 0, 0, 1, 0, 0))).max() < _SAME
    if not is_xyz:
        matrix = _adaptation(source) @ matrix
    matrix = np.linalg.inv(_to_xyz(REC709)) @ matrix
    converted = values @ matrix.T.astype(np.float32)
    # A colour that was negative in the file is a fault of the file, and stays one.
    lost = (converted < 0.0) & (values.min(axis=-1, keepdims=True) >= 0.0)
    return np.where(lost, np.float32(0.0), converted).astype(np.float32)


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x, y, 1.0 - x - y])


def _white(source: Chromaticities) -> NDArray[np.float64]:
    if not source.white_y > 0.0:
        raise ValueError(f"its chromaticities have no white: {tuple(source)}")
    return _xyz(source.white_x, source.white_y) / source.white_y


def _to_xyz(source: Chromaticities) -> NDArray[np.float64]:
    """From RGB to XYZ, with white of luminance 1 (SMPTE RP 177-1993)."""
    primaries = np.stack([_xyz(*source[k : k + 2]) for k in (0, 2, 4)], axis=1)
    white = _white(source)
    if not (np.isfinite(primaries).all() and abs(np.linalg.det(primaries)) > 1e-6):
        raise ValueError(f"its chromaticities span no colours: {tuple(source)}")
    shares = np.linalg.solve(primaries, white)
    if not shares.min() > 0.0:
        raise ValueError(f"its chromaticities have a white that they can't mix: {tuple(source)}")
    return np.asarray(primaries * shares)


def _adaptation(source: Chromaticities) -> NDArray[np.float64]:
    here, there = _BRADFORD @ _white(REC709), _BRADFORD @ _white(source)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(here / there) @ _BRADFORD)
