"""Curves of a stage, cut into straight pieces."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.notes import Notes

F64 = NDArray[np.float64]

STEPS = 8  # pieces of each segment of a cubic curve
MAX_PIECES = 1 << 24

_BASES: dict[str, F64] = {
    # rows: coefficients of 1, t, t^2, t^3 for the four points of a segment
    "bezier": np.array([(1, 0, 0, 0), (-3, 3, 0, 0), (3, -6, 3, 0), (-1, 3, -3, 1)], np.float64),
    "bspline": np.array([(1, 4, 1, 0), (-3, 0, 3, 0), (3, -6, 3, 0), (-1, 3, -3, 1)], np.float64)
    / 6.0,
    "catmullRom": np.array(
        [(0, 2, 0, 0), (-1, 0, 1, 0), (2, -5, 4, -1), (-1, 3, -3, 1)], np.float64
    )
    / 2.0,
}


def straightened(
    told: dict[str, Any], place: str, notes: Notes
) -> tuple[F64, F64, NDArray[Any], NDArray[Any]] | None:
    """Starts and ends (N, 3) of pieces, their radii (N,), and which curve each is part of (N,).

    Raises
    ------
    SceneError
        If the numbers of points do not fit together.
    """
    points, counts = told["points"], told["counts"]
    if points is None or counts is None or not len(points) or not len(counts):
        notes.add("curves without points are left out", place)
        return None
    total = int(counts.sum(dtype=np.int64))
    if counts.min() < 0 or total != len(points):
        raise SceneError(
            f"curveVertexCounts must add up to the number of points ({len(points):,}), "
            f"got {total:,}"
        )
    kind = told["type"] if told["type"] == "linear" else told["basis"]
    if kind not in ("linear", *_BASES):
        notes.add(f"curves of the basis {kind!r} are not known here; left out", place)
        return None
    if len(points) * (1 if kind == "linear" else STEPS) > MAX_PIECES:
        raise SceneError(f"curves must make at most {MAX_PIECES:,} pieces")
    widths = _widths(told, counts, len(points), place, notes)
    rows = np.concatenate([points.astype(np.float64), widths[:, None]], axis=1)
    starts, ends, owners = [], [], []
    last = np.cumsum(counts)
    for size in np.unique(counts):
        some = np.flatnonzero(counts == size)
        first = last[some] - size
        curves = rows[first[:, None] + np.arange(size)]  # (C, size, 4)
        lines = _lines(curves, kind, told["wrap"])
        if lines is None:
            notes.add("curves with too few points are left out", place)
            continue
        starts.append(lines[:, :-1].reshape(-1, 4))
        ends.append(lines[:, 1:].reshape(-1, 4))
        owners.append(np.repeat(some, lines.shape[1] - 1))
    if not starts:
        return None
    a, b = np.concatenate(starts), np.concatenate(ends)
    radii = 0.25 * (a[:, 3] + b[:, 3])  # half of the mean width
    return a[:, :3], b[:, :3], radii, np.concatenate(owners)


def _widths(
    told: dict[str, Any], counts: NDArray[Any], total: int, place: str, notes: Notes
) -> NDArray[Any]:
    """A width for each point."""
    widths = told["widths"]
    if widths is None or not len(widths):
        notes.add("curves without widths are taken as 1 wide", place)
        return np.ones(total)
    if len(widths) == 1:
        return np.full(total, float(widths[0]))
    if len(widths) == total:
        return np.asarray(widths, np.float64)
    if len(widths) == len(counts):
        return np.repeat(widths.astype(np.float64), counts)
    notes.add("widths that vary along curves are taken as their mean", place)
    return np.full(total, float(np.mean(widths, dtype=np.float64)))


def _lines(curves: F64, kind: str, wrap: str) -> F64 | None:
    """Points (C, N, 4) on curves (C, size, 4); None if these have too few."""
    if kind == "linear":
        if wrap == "periodic":
            curves = np.concatenate([curves, curves[:, :1]], axis=1)
        return curves if curves.shape[1] >= 2 else None
    step = 3 if kind == "bezier" else 1
    if wrap == "periodic":
        curves = np.concatenate([curves, curves[:, : (1 if kind == "bezier" else 3)]], axis=1)
    elif wrap == "pinned" and kind != "bezier" and curves.shape[1] >= 2:
        # Points are added so that the curve begins and ends at its ends.
        first = 2.0 * curves[:, :1] - curves[:, 1:2]
        last = 2.0 * curves[:, -1:] - curves[:, -2:-1]
        curves = np.concatenate([first, curves, last], axis=1)
    count = (curves.shape[1] - 4) // step + 1
    if count < 1:
        return None
    four = curves[:, step * np.arange(count)[:, None] + np.arange(4)]  # (C, S, 4, 4)
    t = np.arange(STEPS) / STEPS
    powers = np.stack([np.ones_like(t), t, t * t, t**3], axis=1)
    weights = powers @ _BASES[kind]  # (STEPS, 4)
    inner = np.einsum("tk,cskd->cstd", weights, four).reshape(len(curves), -1, 4)
    end = np.einsum("k,ckd->cd", _BASES[kind].sum(axis=0), four[:, -1])
    return np.asarray(np.concatenate([inner, end[:, None]], axis=1))
