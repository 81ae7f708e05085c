"""A scene's tree as Python objects, to look at its shape."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from raywidget.kernels import layout
from raywidget.kernels.language.simd import WIDTH


class Leaf(NamedTuple):
    kind: int
    index: int  # block, or row of instances
    box: np.ndarray  # (6,) lower corner, upper corner, as its parent has it
    depth: int


class Tree(NamedTuple):
    leaves: list[Leaf]
    nodes: list[int]
    depth: int


def children(tables, node):
    """Boxes (WIDTH, 6) and references of the children that are there."""
    rows = tables.nodes.reshape(-1, layout.NODE_ROWS, WIDTH)[node]
    references = rows.view(np.int32)[layout.CHILD_ROW // WIDTH]
    there = rows[0] <= rows[1]
    boxes = np.stack([rows[0], rows[2], rows[4], rows[1], rows[3], rows[5]], axis=1)
    return boxes[there], references[there]


def walk(tables, root=0):
    """All leaves and nodes below a root; boxes of children lie in those of their parents."""
    leaves, nodes, deepest = [], [], 0
    stack = [(root, 1, None)]
    while stack:
        node, depth, box = stack.pop()
        nodes.append(node)
        deepest = max(deepest, depth)
        boxes, references = children(tables, node)
        if box is not None:
            assert np.all(boxes[:, :3] >= box[:3])
            assert np.all(boxes[:, 3:] <= box[3:])
        for child, reference in zip(boxes, references.tolist(), strict=True):
            if reference >= 0:
                stack.append((reference, depth + 1, child))
            else:
                code = -1 - reference
                leaves.append(Leaf(code & 3, code >> 2, child, depth + 1))
    assert len(set(nodes)) == len(nodes)
    return Tree(leaves, nodes, deepest)


def flats_of(tables, block):
    """Corners (n, 3, 3), shears and primitive numbers of the lanes of a block that are used."""
    rows = tables.flats.reshape(-1, layout.FLAT_ROWS, WIDTH)[block]
    used = np.any(rows[:9] != 0.0, axis=0)
    numbers = rows.view(np.int32)[layout.FLAT_PRIMITIVE_ROW]
    return rows[:9, used].T.reshape(-1, 3, 3), rows[layout.FLAT_SHEAR_ROW, used], numbers[used]


def balls_of(tables, block):
    """Centres and radii (n, 4) and primitive numbers of the lanes of a block that are used."""
    rows = tables.balls.reshape(-1, layout.BALL_ROWS, WIDTH)[block]
    used = rows[3] != 0.0
    return rows[:4, used].T, rows.view(np.int32)[layout.BALL_PRIMITIVE_ROW, used]


def rounds_of(tables, block):
    """Values and primitive numbers of the lanes of a block that are used."""
    rows = tables.rounds.reshape(-1, layout.ROUND_ROWS, WIDTH)[block]
    used = np.any(rows[9:12] != 0.0, axis=0)
    return rows[:, used].T, rows.view(np.int32)[layout.ROUND_PRIMITIVE_ROW, used]


# Weights of edges: points all over a parallelogram, its corners and sides among them.
_OVER = np.stack(np.meshgrid(np.linspace(0, 1, 12), np.linspace(0, 1, 12)), axis=-1).reshape(-1, 2)


def _check_cut(pieces):
    """Of a flat in several leaves, each point is in the box of one of them."""
    corner, u, v = pieces[0][0].astype(float)
    over = _OVER if pieces[0][1] == 0 else _OVER[_OVER.sum(axis=1) <= 1]
    points = corner + over @ np.stack([u, v])
    boxes = np.stack([box for _, _, box in pieces]).astype(float)
    inside = (points[:, None] >= boxes[:, :3]) & (points[:, None] <= boxes[:, 3:])
    assert np.all(np.any(np.all(inside, axis=2), axis=1))


def check_tree(tables, root=0):
    """Every invariant of a tree; returns it and the primitives and instances in it, each once."""
    tree = walk(tables, root)
    assert len({(leaf.kind, leaf.index) for leaf in tree.leaves}) == len(tree.leaves)
    primitives, instances = [], []
    of_flats = defaultdict(list)
    for kind, index, box, _ in tree.leaves:
        if kind == layout.LEAF_INSTANCE:
            instances.append(index)
            continue
        if kind == layout.LEAF_FLAT:
            corners, shears, numbers = flats_of(tables, index)
            assert 1 <= len(set(numbers)) == len(numbers) <= WIDTH
            for number, corner, shear in zip(numbers.tolist(), corners, shears, strict=True):
                of_flats[number].append((corner, shear, box))
            continue
        if kind == layout.LEAF_ROUND:
            values, numbers = rounds_of(tables, index)
            values = values.astype(float)
            turns = np.linspace(0, 2 * np.pi, 100)[:, None, None]
            around = np.cos(turns) * values[:, 3:6] + np.sin(turns) * values[:, 6:9]
            points = [*(values[:, :3] + around * values[:, 13:14])]
            points += [
                *(values[:, :3] + values[:, 9:12] * values[:, 12:13] + around * values[:, 14:15])
            ]
        else:
            assert kind == layout.LEAF_BALL
            balls, numbers = balls_of(tables, index)
            centre, radius = balls[:, :3].astype(float), np.abs(balls[:, 3:].astype(float))
            points = [centre - radius, centre + radius]
        assert 1 <= len(numbers) <= WIDTH
        for p in points:
            assert np.all(p >= box[:3])
            assert np.all(p <= box[3:])
        primitives += numbers.tolist()
    for pieces in of_flats.values():
        _check_cut(pieces)
    return tree, primitives + list(of_flats), instances
