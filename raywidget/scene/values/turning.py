"""Rotations between rotations, affine matrices between affine matrices, frames around axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]

_HALF_TURN = 1e-6  # so near to it (in radians), nobody knows which way round


class HalfTurn(ValueError):
    """Something is turned by 180 degrees, which may go either way."""


def turn_between(a: F64, b: F64, share: float) -> F64:
    """Rotations (..., 3, 3) that are so far on the way from others to others, at constant speed.

    Shoemake 1985, "Animating rotation with quaternion curves", by axis and angle.

    Raises
    ------
    HalfTurn
        If the way is not known.
    """
    between = np.swapaxes(a, -1, -2) @ b
    skew = 0.5 * (between - np.swapaxes(between, -1, -2))
    axis = np.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], axis=-1)
    sine = np.linalg.norm(axis, axis=-1)
    angle = np.arctan2(sine, 0.5 * (np.trace(between, axis1=-2, axis2=-1) - 1.0))
    if np.any(angle > np.pi - _HALF_TURN):
        raise HalfTurn
    unit = skew / np.maximum(sine, 1e-300)[..., None, None]
    part = (share * angle)[..., None, None]
    turned = np.eye(3) + np.sin(part) * unit + (1.0 - np.cos(part)) * (unit @ unit)
    return np.asarray(a @ turned)


def direction_between(a: F64, b: F64, share: float) -> F64:
    """A direction (3,) that is so far on the way from one to another; so is its length.

    Raises
    ------
    HalfTurn
        If they are opposite.
    """
    long_a, long_b = np.linalg.norm(a), np.linalg.norm(b)
    if long_a == 0.0 or long_b == 0.0:
        return np.asarray(a + share * (b - a))
    from_, to = a / long_a, b / long_b
    sine = np.linalg.norm(np.cross(from_, to))
    angle = float(np.arctan2(sine, from_ @ to))
    if angle > np.pi - _HALF_TURN:
        raise HalfTurn
    length = long_a + share * (long_b - long_a)
    if angle < 1e-9:
        return np.asarray(length * from_)
    aside = (to - np.cos(angle) * from_) / np.sin(angle)
    return np.asarray(length * (np.cos(share * angle) * from_ + np.sin(share * angle) * aside))


def matrix_between(a: F64, b: F64, share: float) -> F64:
    """Matrices (..., 3, 3) between others: rotations turn, stretches grow in proportion.

    Each is a rotation after a symmetric stretch (Shoemake and Duff 1992, "Matrix animation and
    polar decomposition").

    Raises
    ------
    HalfTurn
        If a way is not known.
    ValueError
        If one of two is mirrored, and the other isn't.
    """
    if np.any((np.linalg.det(a) < 0.0) != (np.linalg.det(b) < 0.0)):
        raise ValueError("mirrored")
    (turn_a, stretch_a), (turn_b, stretch_b) = _polar(a), _polar(b)
    stretch = stretch_a + share * (stretch_b - stretch_a)
    return np.asarray(turn_between(turn_a, turn_b, share) @ stretch)


def _polar(matrices: F64) -> tuple[F64, F64]:
    """A rotation and a symmetric matrix, whose product each is."""
    left, sizes, right = np.linalg.svd(matrices)
    turn = left @ right
    # What is mirrored is a rotation of what is turned inside out.
    sign = np.where(np.linalg.det(turn) < 0.0, -1.0, 1.0)[..., None, None]
    stretch = np.swapaxes(right, -1, -2) @ (sizes[..., :, None] * right)
    return sign * turn, sign * stretch


def frames_around(axes: F64) -> tuple[F64, F64]:
    """Unit vectors x and y that make right-handed frames with unit axes, (R, 3) each.

    Those of `kernels.language.sampling.make_frame`, by which round shapes count u.
    """
    x, y, z = axes.T
    sign = np.where(z >= 0.0, 1.0, -1.0)
    a = -1.0 / (sign + z)
    b = x * y * a
    return (
        np.stack([1.0 + sign * x * x * a, sign * b, -sign * x], axis=1),
        np.stack([b, sign + y * y * a, -y], axis=1),
    )
