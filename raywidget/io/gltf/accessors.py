"""Accessors: the arrays of a glTF file, as numpy sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.compression import unpack_view
from raywidget.io.gltf.document import Document, Tree
from raywidget.scene.values.checks import MAX_ROWS

COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}


class Accessors:
    """Reads accessors of a document, each once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[int, NDArray[Any]] = {}
        self._floats: dict[int, NDArray[np.float32]] = {}

    def integers(self, index: int, place: str, columns: int = 1) -> NDArray[Any]:
        """(count,) or (count, columns) integers, as they stand in the file."""
        array = self.raw(index, place, (columns,))
        if array.dtype.kind == "f":
            raise self._document.error(f"accessor {index}", f"must hold integers for {place}")
        return array[:, 0] if columns == 1 else array

    def floats(self, index: int, place: str, columns: tuple[int, ...]) -> NDArray[np.float32]:
        """(count, columns) float32; normalised integers become numbers in [0, 1] or [-1, 1].

        KHR_mesh_quantization has integers that are not normalised: they are numbers as they are.
        """
        raw = self.raw(index, place, columns)
        if index not in self._floats:
            accessor = self._document.item("accessors", index, place)
            here = f"accessor {index}"
            values: NDArray[np.float32]
            if raw.dtype.kind == "f":
                values = raw
            else:
                self._document.spend(4 * raw.size, here)
                values = raw.astype(np.float32)
                if self._document.flag(accessor, "normalized", here):
                    values /= np.float32(np.iinfo(raw.dtype).max)
                    np.maximum(values, np.float32(-1.0), out=values)
            self._floats[index] = values
        return self._floats[index]

    def set_decoded(self, index: int, array: NDArray[Any]) -> None:
        """Tell what an accessor holds that was compressed."""
        self._known[index] = array

    def count(self, index: int, place: str) -> int:
        """How many rows an accessor says it has."""
        accessor = self._document.item("accessors", index, place)
        return self._document.integer(accessor, "count", f"accessor {index}", most=MAX_ROWS)

    def raw(self, index: int, place: str, columns: tuple[int, ...]) -> NDArray[Any]:
        """(count, columns) numbers in the type that the file has; maybe a view of its bytes."""
        if index not in self._known:
            self._known[index] = self._read(index, place)
        array = self._known[index]
        if array.shape[1] not in columns:
            many = " or ".join(map(str, columns))
            raise self._document.error(
                f"accessor {index}",
                f"must have {many} numbers a row for {place}, got {array.shape[1]}",
            )
        return array

    def _read(self, index: int, place: str) -> NDArray[Any]:
        document = self._document
        accessor = document.item("accessors", index, place)
        here = f"accessor {index}"
        count = document.integer(accessor, "count", here, most=MAX_ROWS)
        kind = document.text(accessor, "type", here)
        if kind not in _WIDTHS:
            known = ", ".join(_WIDTHS)
            raise document.error(here, f"type must be one of {known}, got {kind[:20]!r}")
        dtype = self._component(accessor, here)
        columns = _WIDTHS[kind]
        view = document.index(accessor, "bufferView", here)
        if view is None:
            document.spend(count * columns * dtype.itemsize, here)
            array: NDArray[Any] = np.zeros((count, columns), dtype)
        else:
            offset = document.integer(accessor, "byteOffset", here, 0)
            array = self._rows(view, offset, count, kind, dtype, here)
        if "sparse" in accessor:
            array = self._with_sparse(accessor, array, kind, here)
        return array

    def _component(self, owner: Tree, place: str) -> np.dtype[Any]:
        component = self._document.integer(owner, "componentType", place)
        if component not in COMPONENTS:
            known = ", ".join(map(str, COMPONENTS))
            raise self._document.error(
                place, f"componentType must be one of {known}, got {component}"
            )
        return np.dtype(COMPONENTS[component])

    def _rows(
        self, view: int, offset: int, count: int, kind: str, dtype: np.dtype[Any], place: str
    ) -> NDArray[Any]:
        """Rows of numbers in a bufferView, which may lie apart from each other."""
        document = self._document
        data = unpack_view(document, view, place)
        columns = _WIDTHS[kind]
        size = columns * dtype.itemsize
        across = 0
        if kind in ("MAT2", "MAT3") and dtype.itemsize < 4:  # columns begin at multiples of 4
            side = 2 if kind == "MAT2" else 3
            across = -(-side * dtype.itemsize // 4) * 4
            size = across * side
        tree = document.item("bufferViews", view, place)
        stride = document.integer(tree, "byteStride", f"bufferView {view}", 0) or size
        if count == 0:
            return np.zeros((0, columns), dtype)
        end = offset + stride * (count - 1) + size
        if stride < size or end > len(data):
            raise document.error(
                place,
                f"{count:,} rows end at byte {end:,} of bufferView {view}, which has {len(data):,}"
                if stride >= size
                else f"rows of {size} bytes can't lie {stride} bytes apart (bufferView {view})",
            )
        if across:
            side = 2 if kind == "MAT2" else 3
            strides = (stride, across, dtype.itemsize)
            cube = np.ndarray((count, side, side), dtype, data, offset, strides)
            return cube.reshape(count, columns)
        return np.ndarray((count, columns), dtype, data, offset, (stride, dtype.itemsize))

    def _with_sparse(
        self, accessor: Tree, array: NDArray[Any], kind: str, place: str
    ) -> NDArray[Any]:
        document = self._document
        sparse = document.object(accessor, "sparse", place)
        count = document.integer(sparse, "count", place, most=MAX_ROWS)
        where = document.object(sparse, "indices", place)
        what = document.object(sparse, "values", place)
        rows = self._rows(
            document.integer(where, "bufferView", place),
            document.integer(where, "byteOffset", place, 0),
            count,
            "SCALAR",
            self._component(where, place),
            place,
        )[:, 0]
        values = self._rows(
            document.integer(what, "bufferView", place),
            document.integer(what, "byteOffset", place, 0),
            count,
            kind,
            array.dtype,
            place,
        )
        if rows.dtype.kind != "u" or (count and int(rows.max()) >= len(array)):
            raise document.error(place, f"its sparse indices must be below {len(array):,}")
        document.spend(array.nbytes, place)
        array = np.array(array)
        array[rows] = values
        return array
