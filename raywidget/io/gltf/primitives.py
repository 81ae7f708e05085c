"""Primitives of a glTF file: triangles, points or lines, as arrays, in the pose of the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.accessors import COMPONENTS, Accessors
from raywidget.io.gltf.compression import DRACO, unpack_draco
from raywidget.io.gltf.document import Document, Tree
from raywidget.scene.shapes.normals import smooth_normals_at
from raywidget.scene.values.checks import LARGEST

POINTS, LINES, TRIANGLES = 1, 2, 3  # corners of each

_MODES = {0: POINTS, 1: LINES, 2: LINES, 3: LINES, 4: TRIANGLES, 5: TRIANGLES, 6: TRIANGLES}


@dataclass
class Geometry:
    """One primitive; arrays may be views of the file's bytes."""

    positions: NDArray[Any]  # (V, 3)
    cells: NDArray[Any]  # (N, 1 to 3) indices: points, lines or triangles
    normals: NDArray[Any] | None = None  # (V, 3)
    uvs: dict[int, NDArray[Any]] = field(default_factory=dict)  # (V, 2), v down
    colors: NDArray[Any] | None = None  # (V, 3 or 4) linear
    joints: list[NDArray[Any]] = field(default_factory=list)  # (V, 4)
    weights: list[NDArray[Any]] = field(default_factory=list)  # (V, 4)


class Primitives:
    """Reads primitives of a document."""

    def __init__(self, document: Document, accessors: Accessors) -> None:
        self._document = document
        self._accessors = accessors

    def read(self, primitive: Tree, place: str, morph: tuple[float, ...]) -> Geometry | None:
        """The arrays of a primitive, bent by its morph targets; None if it has no positions."""
        document, accessors = self._document, self._accessors
        mode = document.integer(primitive, "mode", place, 4)
        if mode not in _MODES:
            raise document.error(place, f"mode must be 0 to 6, got {mode}")
        attributes = document.object(primitive, "attributes", place)
        packed = document.extension(primitive, DRACO, place)
        if packed is not None:
            self._unpack(primitive, packed, place)
        if "POSITION" not in attributes:
            document.note(f"{place} has no POSITION and was left out.")
            return None
        found: dict[str, NDArray[Any]] = {}
        count: int | None = None
        for name in sorted(attributes, key=lambda name: (name != "POSITION", name)):
            columns = _columns(name)
            if columns is None:
                continue
            index = document.integer(attributes, name, place)
            where = f"{name} of {place}"
            if name.startswith("JOINTS_"):
                array: NDArray[Any] = accessors.integers(index, where, 4)
            else:
                array = accessors.floats(index, where, columns)
            count = len(array) if count is None else count
            if len(array) != count:
                raise document.error(
                    f"accessor {index}",
                    f"must have {count:,} rows as POSITION of {place} has, "
                    f"got {len(array):,} for {name}",
                )
            found[name] = array
        if not count:
            document.note(f"{place} has no vertices and was left out.")
            return None
        self._morph(primitive, place, morph, found)
        corners = self._corners(primitive, place, count)
        cells = _cells(mode, corners)
        if not len(cells):
            document.note(f"{place} has no triangles, lines or points and was left out.")
            return None
        sets = sorted(int(n[9:]) for n in found if n.startswith("TEXCOORD_"))
        groups = sorted(int(n[7:]) for n in found if n.startswith("JOINTS_"))
        groups = [k for k in groups if f"WEIGHTS_{k}" in found]
        return Geometry(
            found["POSITION"],
            cells,
            found.get("NORMAL"),
            {k: found[f"TEXCOORD_{k}"] for k in sets},
            found.get("COLOR_0"),
            [found[f"JOINTS_{k}"] for k in groups],
            [found[f"WEIGHTS_{k}"] for k in groups],
        )

    def _corners(self, primitive: Tree, place: str, count: int) -> NDArray[Any]:
        document = self._document
        index = document.index(primitive, "indices", place)
        if index is None:
            document.spend(4 * count, place)
            return np.arange(count, dtype=np.uint32)
        corners = self._accessors.integers(index, f"indices of {place}")
        if len(corners) and (int(corners.max()) >= count or int(corners.min()) < 0):
            at = int(np.argmax((corners >= count) | (corners < 0)))
            raise document.error(
                f"accessor {index}",
                f"indices of {place} must be below {count:,}, got {int(corners[at]):,} at {at:,}",
            )
        return corners

    def _unpack(self, primitive: Tree, packed: Tree, place: str) -> None:
        document = self._document
        faces, arrays = unpack_draco(document, primitive, packed, place)
        attributes = document.object(primitive, "attributes", place)
        for name, array in arrays.items():
            if name in attributes:
                index = document.integer(attributes, name, place)
                accessor = document.item("accessors", index, place)
                kind = document.integer(accessor, "componentType", f"accessor {index}")
                if array.dtype.kind in "iu" and kind in COMPONENTS:
                    array = array.astype(COMPONENTS[kind])
                elif array.dtype.kind == "f":
                    array = array.astype(np.float32)
                self._accessors.set_decoded(index, array)
        of_corners = document.index(primitive, "indices", place)
        if faces is not None and of_corners is not None:
            self._accessors.set_decoded(of_corners, faces.reshape(-1, 1).astype(np.uint32))

    def _morph(
        self, primitive: Tree, place: str, weights: tuple[float, ...], found: dict[str, Any]
    ) -> None:
        """Add what the targets add, each by its weight."""
        document = self._document
        targets = document.objects(primitive, "targets", place)
        for number, (target, weight) in enumerate(zip(targets, weights, strict=False)):
            if weight == 0.0:
                continue
            for name in target:
                columns = _columns(name)
                if name not in found or columns is None:
                    continue
                index = document.integer(target, name, place)
                where = f"{name} of target {number} of {place}"
                shift = self._accessors.floats(index, where, columns)
                if len(shift) != len(found[name]):
                    raise document.error(
                        f"accessor {index}",
                        f"must have {len(found[name]):,} rows for {where}, got {len(shift):,}",
                    )
                document.spend(found[name].nbytes, place)
                width = min(shift.shape[1], found[name].shape[1])
                moved = np.array(found[name], np.float32)
                moved[:, :width] += np.float32(weight) * shift[:, :width]
                found[name] = moved


def _columns(name: str) -> tuple[int, ...] | None:
    """How many numbers a row of an attribute may have; None for those that aren't read."""
    if name in ("POSITION", "NORMAL"):
        return (3,)
    if name == "COLOR_0":
        return (3, 4)
    head, _, number = name.partition("_")
    if number.isascii() and number.isdigit() and len(number) <= 2:
        if head == "TEXCOORD":
            return (2,)
        if head in ("JOINTS", "WEIGHTS"):
            return (4,)
    return None


def _cells(mode: int, corners: NDArray[Any]) -> NDArray[Any]:
    """Points, lines or triangles out of a list, a strip, a loop or a fan."""
    n = len(corners)
    if mode == 0:
        return corners.reshape(-1, 1)
    if mode == 1:
        return corners[: n - n % 2].reshape(-1, 2)
    if mode == 4:
        return corners[: n - n % 3].reshape(-1, 3)
    if n < _MODES[mode]:
        return np.zeros((0, _MODES[mode]), corners.dtype)
    if mode in (2, 3):
        lines = np.stack([corners[:-1], corners[1:]], axis=1)
        if mode == 2 and n > 2:
            lines = np.concatenate([lines, corners[[-1, 0]][None]])
        return lines
    if mode == 6:
        first = np.broadcast_to(corners[:1], n - 2)
        cells = np.stack([corners[1:-1], corners[2:], first], axis=1)
    else:
        cells = np.stack([corners[:-2], corners[1:-1], corners[2:]], axis=1)
        cells[1::2] = cells[1::2][:, [0, 2, 1]]
    a, b, c = cells.T  # strips are joined by triangles without area
    return np.asarray(cells[(a != b) & (b != c) & (a != c)])


def skinned(geometry: Geometry, matrices: NDArray[np.float64]) -> Geometry:
    """Vertices where their joints take them: (J, 4, 4) matrices, from the mesh into the world."""
    joints = np.concatenate(geometry.joints, axis=1)
    weights = np.concatenate(geometry.weights, axis=1).astype(np.float64)
    weights = np.where(np.isfinite(weights), np.maximum(weights, 0.0), 0.0)
    totals = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(totals > 0.0, totals, 1.0)
    weights[totals[:, 0] <= 0.0, 0] = 1.0
    blended = np.zeros((len(joints), 3, 4))
    for column in range(joints.shape[1]):
        blended += weights[:, column, None, None] * matrices[joints[:, column], :3]
    positions = np.einsum("vij,vj->vi", blended[:, :, :3], geometry.positions)
    positions += blended[:, :, 3]
    normals = geometry.normals
    if normals is not None:
        # By the inverse transpose: the cofactors are the same but for their length.
        x, y, z = (blended[:, :, k] for k in range(3))
        cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=2)
        normals = np.einsum("vij,vj->vi", cofactors, normals)
    return Geometry(positions, geometry.cells, normals, geometry.uvs, geometry.colors)


def placed(geometry: Geometry, matrix: NDArray[np.float64]) -> Geometry:
    """Where a matrix puts it; what is mirrored keeps its front in front."""
    if np.array_equal(matrix, np.eye(4)):
        return geometry
    linear = matrix[:3, :3]
    positions = geometry.positions @ linear.T + matrix[:3, 3]
    cells, normals = geometry.cells, geometry.normals
    determinant = float(np.linalg.det(linear))
    if determinant < 0.0 and cells.shape[1] == TRIANGLES:
        cells = cells[:, ::-1]
    if normals is not None:
        x, y, z = linear.T
        cofactors = np.stack([np.cross(y, z), np.cross(z, x), np.cross(x, y)], axis=1)
        normals = normals @ (cofactors.T * (-1.0 if determinant < 0.0 else 1.0))
    return Geometry(positions, cells, normals, geometry.uvs, geometry.colors)


def mended(geometry: Geometry, document: Document, place: str) -> Geometry | None:
    """Without what no scene may have: numbers that are not finite, normals without length."""
    positions, cells = geometry.positions, geometry.cells
    with np.errstate(invalid="ignore"):
        is_sound = positions.min(initial=0.0) >= -LARGEST and positions.max(initial=0.0) <= LARGEST
    if not is_sound:
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs(positions) <= LARGEST).all(axis=1)
        kept = ~bad[cells].any(axis=1)
        lost = int(len(cells) - kept.sum())
        document.note(
            f"{place}: {int(bad.sum()):,} vertices are not finite; {lost:,} triangles, lines or "
            "points at them were left out."
        )
        positions = np.where(bad[:, None], 0.0, positions)
        cells = cells[kept]
        if not len(cells):
            return None
    normals = geometry.normals
    if normals is not None and cells.shape[1] == TRIANGLES:
        with np.errstate(invalid="ignore", over="ignore"):
            squares = np.einsum("ij,ij->i", normals, normals, dtype=np.float64)
            bad = ~((squares > 1e-20) & (squares < LARGEST))
        if bad.any():
            normals = np.array(normals, np.float64)
            normals[bad] = smooth_normals_at(positions, cells, bad)
            rows = np.flatnonzero(bad)
            zero = np.abs(normals[rows]).max(axis=1) < 0.5
            normals[rows[zero]] = (0.0, 1.0, 0.0)  # of vertices at no triangle with an area
            document.note(
                f"{place}: {int(bad.sum()):,} normals have no direction; those of the triangles "
                "round them were taken."
            )
    colors = geometry.colors
    if colors is not None:
        with np.errstate(invalid="ignore"):
            fits = colors.min(initial=0.0) >= 0.0 and colors.max(initial=0.0) <= 1.0
        if not fits:
            colors = np.nan_to_num(colors, nan=1.0, posinf=1.0, neginf=0.0)
            colors = np.clip(colors, 0.0, 1.0)
    uvs = {}
    for key, uv in geometry.uvs.items():
        with np.errstate(invalid="ignore"):
            fine = np.abs(uv) <= 1e9
        uvs[key] = uv if fine.all() else np.where(fine, uv, 0.0)
    return Geometry(positions, cells, normals, uvs, colors)
