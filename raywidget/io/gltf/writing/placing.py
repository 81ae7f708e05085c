"""Matrices, taken apart into what glTF's nodes and copies say: shift, turn and scale."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.writing.sheaf import Tree

F64 = NDArray[np.float64]


class Placement(NamedTuple):
    """Where each of N copies stands: scaled, then turned, then shifted."""

    shifts: F64  # (N, 3)
    turns: F64  # (N, 4) quaternions: x, y, z, w
    scales: F64  # (N, 3)


def taken_apart(matrices: F64) -> Placement | None:
    """(N, 4, 4) matrices as shift, turn and scale; None if one of them shears."""
    linear = matrices[:, :3, :3]
    scales = np.linalg.norm(linear, axis=1)
    unit = linear / scales[:, None, :]
    across = np.abs(np.einsum("nij,nik->njk", unit, unit) - np.eye(3)).max(initial=0.0)
    if across > 1e-6:
        return None
    mirrored = np.linalg.det(unit) < 0.0
    scales[mirrored, 0] *= -1.0
    unit[mirrored, :, 0] *= -1.0
    return Placement(matrices[:, :3, 3], quaternions(unit), scales)


def quaternions(rotations: F64) -> F64:
    """(N, 3, 3) rotations as (N, 4) unit quaternions, x, y, z, w, the greatest positive.

    Of the four that follow from the sums of the diagonal, the one with the greatest divisor
    (Shepperd 1978, "Quaternion from rotation matrix").
    """
    m = rotations
    x, y, z = m[:, 0, 0], m[:, 1, 1], m[:, 2, 2]
    a, b, c = m[:, 2, 1] - m[:, 1, 2], m[:, 0, 2] - m[:, 2, 0], m[:, 1, 0] - m[:, 0, 1]
    d, e, f = m[:, 0, 1] + m[:, 1, 0], m[:, 0, 2] + m[:, 2, 0], m[:, 1, 2] + m[:, 2, 1]
    candidates = np.stack(
        [
            np.stack([1.0 + x - y - z, d, e, a], axis=1),
            np.stack([d, 1.0 - x + y - z, f, b], axis=1),
            np.stack([e, f, 1.0 - x - y + z, c], axis=1),
            np.stack([a, b, c, 1.0 + x + y + z], axis=1),
        ],
        axis=1,
    )
    best = np.argmax(np.diagonal(candidates, axis1=1, axis2=2), axis=1)
    chosen = candidates[np.arange(len(m)), best]
    return np.asarray(chosen / np.linalg.norm(chosen, axis=1, keepdims=True) + 0.0)


def posed(matrix: F64) -> list[Tree]:
    """What a node says that stands by a (4, 4) matrix; two, each in the other, if it shears."""
    apart = taken_apart(matrix[None])
    if apart is not None:
        return [_said(*(part[0] for part in apart))]
    # A turn, a scale along the axes, and another turn (the singular values) make any linear map.
    u, sizes, v = np.linalg.svd(matrix[:3, :3])
    for turn in (u, v):
        if np.linalg.det(turn) < 0.0:
            turn *= -1.0
            sizes = -sizes
    first, second = quaternions(np.stack([u, v]))
    none = np.zeros(3)
    return [_said(matrix[:3, 3], first, sizes), _said(none, second, np.ones(3))]


def _said(shift: F64, turn: F64, scale: F64) -> Tree:
    tree: Tree = {}
    if shift.any():
        tree["translation"] = shift.tolist()
    if not np.array_equal(turn, (0.0, 0.0, 0.0, 1.0)):
        tree["rotation"] = turn.tolist()
    if (scale != 1.0).any():
        tree["scale"] = scale.tolist()
    return tree
