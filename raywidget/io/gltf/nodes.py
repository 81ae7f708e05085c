"""Nodes of a glTF file: where things stand, at time 0 of the first animation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.accessors import Accessors
from raywidget.io.gltf.document import Document, Tree
from raywidget.scene.values.checks import MAX_ROWS

INSTANCING = "EXT_mesh_gpu_instancing"
COLOR = "_COLOR_0"  # of copies: not in the specification, but what three.js reads and writes
VISIBILITY = "KHR_node_visibility"

Matrix = NDArray[np.float64]  # (4, 4)


@dataclass
class Placed:
    """A node of the scene."""

    index: int
    tree: Tree
    matrix: Matrix  # into the world
    weights: tuple[float, ...] | None  # of morph targets, if an animation says


@dataclass
class Nodes:
    """All nodes of the scene that is shown, parents first, and where they are."""

    placed: list[Placed] = field(default_factory=list)
    worlds: dict[int, Matrix] = field(default_factory=dict)


def read_nodes(document: Document, accessors: Accessors) -> Nodes:
    """Walk through the scene; an error if nodes are their own children.

    Nodes should have one parent, but files are seen that share some: those stand in more places.
    """
    nodes = document.items("nodes")
    poses = _poses(document, accessors)
    result = Nodes()
    roots = _roots(document, len(nodes))
    waiting = [(root, np.eye(4), True, 0) for root in reversed(roots)]
    most = 16 * len(nodes) + 1024
    visits = 0
    while waiting:
        index, above, visible, depth = waiting.pop()
        visits += 1
        here = f"node {index}"
        tree = document.item("nodes", index, here)
        if depth > len(nodes) or visits > most:
            raise document.error(here, "it is its own child, or that of too many nodes")
        pose = poses.get(index, {})
        matrix = above @ _local(document, tree, pose, here)
        if not np.isfinite(matrix).all():
            raise document.error(here, "its place is too far away for numbers")
        result.worlds[index] = matrix
        shown = document.extension(tree, VISIBILITY, here)
        visible = visible and not (shown is not None and shown.get("visible") is False)
        if visible:
            result.placed.append(Placed(index, tree, matrix, pose.get("weights")))
        children = document.indices(tree, "children", here)
        if len(children) > len(nodes):
            raise document.error(here, "it has more children than there are nodes")
        waiting += [(child, matrix, visible, depth + 1) for child in reversed(children)]
    return result


class Copies(NamedTuple):
    """Where the mesh of a node stands, and in which colours."""

    matrices: NDArray[np.float64]  # (N, 4, 4)
    colors: NDArray[np.float32] | None = None  # (N, 3)


def copies(document: Document, accessors: Accessors, node: Placed) -> Copies:
    """The copies of a node's mesh, by EXT_mesh_gpu_instancing, or the only one."""
    here = f"node {node.index}"
    instancing = document.extension(node.tree, INSTANCING, here)
    if instancing is None:
        return Copies(node.matrix[None])
    attributes = document.object(instancing, "attributes", here)
    columns = {"TRANSLATION": 3, "ROTATION": 4, "SCALE": 3}
    found = {}
    for name, width in columns.items():
        index = document.index(attributes, name, here)
        if index is not None:
            found[name] = accessors.floats(index, f"{name} of {here}", (width,)).astype(float)
    colors = None
    painted = document.index(attributes, COLOR, here)
    if painted is not None:
        found[COLOR] = accessors.floats(painted, f"{COLOR} of {here}", (3, 4)).astype(float)
        clean = np.nan_to_num(found[COLOR][:, :3], nan=1.0)
        colors = np.clip(clean, 0.0, 1.0).astype(np.float32)
    others = sorted(set(attributes) - set(columns) - {COLOR})
    if others:
        document.note(f"{here}: {', '.join(others)[:100]} of its copies can't be shown.")
    counts = {len(array) for array in found.values()}
    if len(counts) != 1 or not 1 <= max(counts) <= MAX_ROWS:
        raise document.error(here, f"its copies must all be as many, got {sorted(counts)}")
    count = counts.pop()
    document.spend(256 * count, here)
    matrices = np.tile(np.eye(4), (count, 1, 1))
    if "ROTATION" in found:
        matrices[:, :3, :3] = _rotations(found["ROTATION"])
    if "SCALE" in found:
        matrices[:, :3, :3] *= found["SCALE"][:, None, :]
    if "TRANSLATION" in found:
        matrices[:, :3, 3] = found["TRANSLATION"]
    return Copies(np.asarray(node.matrix @ matrices), colors)


def joined(parts: list[Copies]) -> Copies:
    """All copies of several nodes; those without a colour are white if others have one."""
    matrices = np.concatenate([part.matrices for part in parts])
    if all(part.colors is None for part in parts):
        return Copies(matrices)
    colors = [
        np.ones((len(part.matrices), 3), np.float32) if part.colors is None else part.colors
        for part in parts
    ]
    return Copies(matrices, np.concatenate(colors))


def joint_matrices(
    document: Document, accessors: Accessors, nodes: Nodes, index: int
) -> NDArray[np.float64]:
    """(J, 4, 4): what the joints of a skin do to its mesh, into the world."""
    here = f"skin {index}"
    skin = document.item("skins", index, here)
    joints = document.indices(skin, "joints", here)
    if not joints:
        raise document.error(here, "it has no joints")
    inverse = np.tile(np.eye(4), (len(joints), 1, 1))
    bound = document.index(skin, "inverseBindMatrices", here)
    if bound is not None:
        columns = accessors.floats(bound, f"inverseBindMatrices of {here}", (16,))
        if len(columns) < len(joints):
            raise document.error(
                here, f"must have {len(joints)} inverse bind matrices, got {len(columns)}"
            )
        inverse = columns[: len(joints)].astype(np.float64).reshape(-1, 4, 4).transpose(0, 2, 1)
    worlds = []
    for joint in joints:
        document.item("nodes", joint, here)
        if joint not in nodes.worlds:
            raise document.error(here, f"its joint, node {joint}, is not in the scene")
        worlds.append(nodes.worlds[joint])
    return np.array(worlds) @ inverse


def _roots(document: Document, count: int) -> list[int]:
    scenes = document.items("scenes")
    if scenes:
        scene = document.index(document.tree, "scene", "")
        index = 0 if scene is None else scene
        tree = document.item("scenes", index, "scene")
        return document.indices(tree, "nodes", f"scene {index}")
    children = set()
    for index, tree in enumerate(document.items("nodes")):
        children.update(document.indices(tree, "children", f"node {index}"))
    return [index for index in range(count) if index not in children]


def _local(document: Document, tree: Tree, pose: dict[str, Any], place: str) -> Matrix:
    if "matrix" in tree and not pose:
        numbers = document.numbers(tree, "matrix", place, tuple(np.eye(4).ravel()))
        matrix = np.array(numbers).reshape(4, 4).T
        if np.abs(matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() > 1e-6:
            raise document.error(place, "matrix must have 0, 0, 0, 1 as its last row")
        matrix[3] = (0.0, 0.0, 0.0, 1.0)
        return matrix
    shift = pose.get("translation", document.numbers(tree, "translation", place, (0.0,) * 3))
    turn = pose.get("rotation", document.numbers(tree, "rotation", place, (0.0, 0.0, 0.0, 1.0)))
    size = pose.get("scale", document.numbers(tree, "scale", place, (1.0,) * 3))
    matrix = np.eye(4)
    matrix[:3, :3] = _rotations(np.array([turn], np.float64))[0] * np.asarray(size)
    matrix[:3, 3] = shift
    return matrix


def _rotations(quaternions: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, 4) quaternions, x, y, z, w, to (N, 3, 3) matrices; zero ones turn nothing."""
    norms = np.linalg.norm(quaternions, axis=1, keepdims=True)
    unit = np.where(norms > 1e-12, quaternions / np.maximum(norms, 1e-12), (0.0, 0.0, 0.0, 1.0))
    x, y, z, w = unit.T
    rows = [
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    ]
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)


def _poses(document: Document, accessors: Accessors) -> dict[int, dict[str, Any]]:
    """What the first animation says of nodes at time 0: its first keys."""
    animations = document.items("animations")
    poses: dict[int, dict[str, Any]] = {}
    if not animations:
        return poses
    others = "" if len(animations) == 1 else f", the first of {len(animations)}"
    document.note(f"The file is animated{others}; it is shown as at time 0.")
    here = "animation 0"
    samplers = document.objects(animations[0], "samplers", here)
    for channel in document.objects(animations[0], "channels", here):
        target = document.object(channel, "target", here)
        node = document.index(target, "node", here)
        path = document.text(target, "path", here)
        widths = {"translation": 3, "rotation": 4, "scale": 3, "weights": 1}
        if node is None or path not in widths:
            continue
        number = document.integer(channel, "sampler", here)
        if number >= len(samplers):
            raise document.error(here, f"refers to sampler {number} of {len(samplers)}")
        sampler = samplers[number]
        times = document.integer(sampler, "input", here)
        keys = accessors.count(times, here)
        output = accessors.floats(
            document.integer(sampler, "output", here), f"{path} of {here}", (widths[path],)
        )
        cubic = sampler.get("interpolation") == "CUBICSPLINE"
        of_key = len(output) // max(1, keys)  # rows; cubic ones lie between two tangents
        rows = output[of_key // 3 : 2 * of_key // 3] if cubic else output[:of_key]
        if not len(rows) or not np.isfinite(rows).all():
            continue
        values = rows.ravel() if path == "weights" else rows[0]
        poses.setdefault(node, {})[path] = tuple(float(v) for v in values)
    return poses
