"""Builds the tree of lights: binned, by the surface area orientation heuristic.

Conty Estevez and Kulla 2018, "Importance sampling of many lights with adaptive tree splitting",
section 4.4: a split is judged by the power of both sides times the area of their boxes times the
measure of their cones of light.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32

F64 = NDArray[np.float64]

# What is known of a light or a group of them
LOWER = 0  # 3: lowest corner of the box
UPPER = 3  # 3
AXIS = 6  # 3: unit
NORMALS = 9  # all normals lie within this angle of the axis
SPREAD = 10  # light leaves up to this angle from a normal
STRENGTH = 11  # greatest intensity
SUMMARY_SIZE = 12

_BINS = 12
_ROOM = 1e-3  # radians that cones are widened by, for the rounding of kernels


class LightTree(NamedTuple):
    """See layout."""

    root: F32  # (1, LIGHT_NODE_SIZE)
    branches: F32
    leaves: I32


def build_light_tree(summaries: F64) -> LightTree:
    """The tree over lights (F, SUMMARY_SIZE): a binary one, whose nodes are then opened."""
    count = len(summaries)
    groups = np.zeros((2 * count - 1, SUMMARY_SIZE))
    children = np.zeros(2 * count - 1, np.int32)
    order = np.arange(count, dtype=np.int32)
    bins = np.zeros((3 * _BINS, SUMMARY_SIZE))
    scratch = _Scratch(
        np.empty((count + 1, 3), np.int64),
        np.empty(count, np.int32),
        np.empty(SUMMARY_SIZE),
        np.empty(_BINS),
        np.empty(3),
        np.empty(3),
    )
    _build(summaries, groups, order, bins, children, scratch)
    rows = np.zeros((len(groups), layout.LIGHT_NODE_SIZE), np.float32)
    write_groups(groups, rows)

    opened = np.full((max(1, count - 1), WIDTH), -1, np.int32)
    above = np.full(len(opened), -1, np.int32)
    places = np.zeros(len(groups), np.int32)
    used = _open(groups, children, opened, above, places)
    opened, above = opened[:used], above[:used]
    branches = np.zeros((used, layout.LIGHT_BRANCH_ROWS, WIDTH), np.float32)
    there = opened >= 0
    numbers = np.where(there, opened, 0)
    branches[:, : layout.LIGHT_NODE_SIZE] = rows[numbers].transpose(0, 2, 1)
    branches[:, layout.LIGHT_NODE_STRENGTH][~there] = 0.0
    references = branches.view(np.int32)
    below = children[numbers]
    references[:, layout.LIGHT_BRANCH_CHILD] = np.where(below < 0, below, places[numbers])
    references[:, layout.LIGHT_BRANCH_PARENT] = above[:, None]
    leaves = np.zeros(count, np.int32)
    ends = np.flatnonzero((there & (below < 0)).ravel())
    leaves[-1 - below.ravel()[ends]] = ends
    return LightTree(rows[:1], branches.reshape(used, -1), leaves)


def write_groups(groups: F64, nodes: F32) -> None:
    """What kernels have to know of lights or groups of them, (N, SUMMARY_SIZE), into N nodes."""
    lower, upper = groups[:, LOWER : LOWER + 3], groups[:, UPPER : UPPER + 3]
    nodes[:, layout.LIGHT_NODE_CENTRE : layout.LIGHT_NODE_CENTRE + 3] = 0.5 * (lower + upper)
    nodes[:, layout.LIGHT_NODE_RADIUS] = 0.5 * np.linalg.norm(upper - lower, axis=1)
    nodes[:, layout.LIGHT_NODE_AXIS : layout.LIGHT_NODE_AXIS + 3] = groups[:, AXIS : AXIS + 3]
    normals = np.minimum(groups[:, NORMALS] + _ROOM, np.pi)
    nodes[:, layout.LIGHT_NODE_COS_NORMALS] = np.cos(normals)
    nodes[:, layout.LIGHT_NODE_SIN_NORMALS] = np.sin(normals)
    nodes[:, layout.LIGHT_NODE_COS_LIGHT] = np.cos(np.minimum(groups[:, SPREAD] + _ROOM, np.pi / 2))
    nodes[:, layout.LIGHT_NODE_STRENGTH] = groups[:, STRENGTH]


@device
def _clear(group: Any) -> None:
    group[:] = 0.0
    for k in range(3):
        group[LOWER + k] = np.inf
        group[UPPER + k] = -np.inf
    group[NORMALS] = -1.0  # no light yet


@device
def _join(group: Any, other: Any) -> None:
    """Widen a group so that it holds another one too."""
    if other[NORMALS] < 0.0:
        return
    for k in range(3):
        group[LOWER + k] = min(group[LOWER + k], other[LOWER + k])
        group[UPPER + k] = max(group[UPPER + k], other[UPPER + k])
    group[STRENGTH] += other[STRENGTH]
    group[SPREAD] = max(group[SPREAD], other[SPREAD])
    if group[NORMALS] < 0.0:
        for k in range(3):
            group[AXIS + k] = other[AXIS + k]
        group[NORMALS] = other[NORMALS]
        return
    # The smallest cone round two (Conty Estevez and Kulla 2018, algorithm 1)
    ax, ay, az = group[AXIS], group[AXIS + 1], group[AXIS + 2]
    bx, by, bz = other[AXIS], other[AXIS + 1], other[AXIS + 2]
    a, b = group[NORMALS], other[NORMALS]
    if b > a:
        ax, ay, az, bx, by, bz = bx, by, bz, ax, ay, az
        a, b = b, a
    apart = math.acos(min(1.0, max(-1.0, ax * bx + ay * by + az * bz)))
    group[AXIS] = ax
    group[AXIS + 1] = ay
    group[AXIS + 2] = az
    group[NORMALS] = a
    if apart + b <= a:
        return
    wide = 0.5 * (a + apart + b)
    # Turn the axis of the wider cone towards the other one.
    cx, cy, cz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    norm = math.sqrt(cx * cx + cy * cy + cz * cz)
    if wide >= math.pi or norm < 1e-9:
        if apart > 1.0 or wide >= math.pi:  # opposite
            group[NORMALS] = math.pi
        else:
            group[NORMALS] = wide
        return
    turn = wide - a
    sine, cosine = math.sin(turn) / norm, math.cos(turn)
    group[AXIS] = cosine * ax + sine * (cy * az - cz * ay)
    group[AXIS + 1] = cosine * ay + sine * (cz * ax - cx * az)
    group[AXIS + 2] = cosine * az + sine * (cx * ay - cy * ax)
    group[NORMALS] = wide


@device
def _cost(group: Any) -> Any:
    """Power times area times measure of the cone."""
    if group[NORMALS] < 0.0:
        return np.float64(0.0)
    x = group[UPPER] - group[LOWER]
    y = group[UPPER + 1] - group[LOWER + 1]
    z = group[UPPER + 2] - group[LOWER + 2]
    normals = group[NORMALS]
    light = min(normals + group[SPREAD], math.pi)
    cone = 2.0 * math.pi * (1.0 - math.cos(normals)) + math.pi / 2.0 * (
        2.0 * light * math.sin(normals)
        - math.cos(normals - 2.0 * light)
        - 2.0 * normals * math.sin(normals)
        + math.cos(normals)
    )
    # Lights in a row span no area, but are near or far all the same.
    area = x * y + y * z + z * x + 1e-3 * (x * x + y * y + z * z)
    return group[STRENGTH] * area * cone


class _Scratch(NamedTuple):
    """Room for a build: compiled code allocates nothing."""

    stack: NDArray[np.int64]  # (lights + 1, 3): node, first and end of its lights in `order`
    moved: I32  # (lights,)
    side: F64  # (SUMMARY_SIZE,)
    costs: F64  # (_BINS,)
    lower: F64  # (3,): of the lights' middles
    upper: F64


@entry
def _build(
    summaries: F64,
    groups: F64,
    order: I32,
    bins: F64,
    children: I32,
    scratch: _Scratch,
) -> None:
    count = len(summaries)
    stack, side, costs, moved = scratch.stack, scratch.side, scratch.costs, scratch.moved
    lo, hi = scratch.lower, scratch.upper
    stack[0, 0] = 0
    stack[0, 1] = 0
    stack[0, 2] = count
    waiting = 1
    made = 1
    while waiting > 0:
        waiting -= 1
        node = stack[waiting, 0]
        first = stack[waiting, 1]
        end = stack[waiting, 2]
        group = groups[node]
        _clear(group)
        for k in range(first, end):
            _join(group, summaries[order[k]])
        if end - first == 1:
            children[node] = -1 - order[first]
            continue

        # --- The best of all splits between bins -------------------------------------------------
        for axis in range(3):
            lo[axis] = np.inf
            hi[axis] = -np.inf
            for k in range(first, end):
                middle = summaries[order[k], LOWER + axis] + summaries[order[k], UPPER + axis]
                lo[axis] = min(lo[axis], middle)
                hi[axis] = max(hi[axis], middle)
        best = np.inf
        best_axis = -1
        best_bin = -1
        longest = max(hi[0] - lo[0], max(hi[1] - lo[1], hi[2] - lo[2]))
        for axis in range(3):
            extent = hi[axis] - lo[axis]
            if not extent > 0.0:
                continue
            for b in range(_BINS):
                _clear(bins[b])
            for k in range(first, end):
                middle = summaries[order[k], LOWER + axis] + summaries[order[k], UPPER + axis]
                b = min(_BINS - 1, int(_BINS * ((middle - lo[axis]) / extent)))
                _join(bins[b], summaries[order[k]])
            _clear(side)
            for b in range(_BINS - 1):
                _join(side, bins[b])
                costs[b] = _cost(side) if side[NORMALS] >= 0.0 else np.inf
            _clear(side)
            for b in range(_BINS - 1, 0, -1):
                _join(side, bins[b])
                cost = (costs[b - 1] + _cost(side)) * longest / extent  # against thin boxes
                if side[NORMALS] >= 0.0 and cost < best:
                    best = cost
                    best_axis = axis
                    best_bin = b

        # --- Split, or halve where nothing tells the lights apart --------------------------------
        split = (first + end) >> 1
        if best_axis >= 0:
            extent = hi[best_axis] - lo[best_axis]
            left = first
            right = 0
            for k in range(first, end):
                light = order[k]
                middle = summaries[light, LOWER + best_axis] + summaries[light, UPPER + best_axis]
                b = min(_BINS - 1, int(_BINS * ((middle - lo[best_axis]) / extent)))
                if b < best_bin:
                    order[left] = light
                    left += 1
                else:
                    moved[right] = light
                    right += 1
            for k in range(right):
                order[left + k] = moved[k]
            if first < left < end:
                split = left
        children[node] = made
        stack[waiting, 0] = made
        stack[waiting, 1] = first
        stack[waiting, 2] = split
        stack[waiting + 1, 0] = made + 1
        stack[waiting + 1, 1] = split
        stack[waiting + 1, 2] = end
        waiting += 2
        made += 2


@entry
def _open(groups: F64, children: I32, opened: I32, above: I32, places: I32) -> int:
    """Give a node up to WIDTH branches: of those that it has, the costliest is opened next.

    `opened` are the branches of each node, `above` where a node hangs, `places` the node that is
    made of a binary one.
    """
    opened[0, 0] = 0
    made = 1
    node = 0
    while node < made:
        count = 1
        while count < WIDTH:
            best = -1.0
            lane = -1
            for k in range(count):
                cost = _cost(groups[opened[node, k]])
                if children[opened[node, k]] >= 0 and cost > best:
                    best = cost
                    lane = k
            if lane < 0:
                break
            child = children[opened[node, lane]]
            opened[node, lane] = child
            opened[node, count] = child + 1
            count += 1
        for k in range(count):
            if children[opened[node, k]] >= 0:
                places[opened[node, k]] = made
                opened[made, 0] = opened[node, k]
                above[made] = node * WIDTH + k
                made += 1
        node += 1
    return made
