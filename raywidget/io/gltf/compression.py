"""Geometry that is compressed, by Draco or by meshoptimizer, unpacked by their own libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.document import Bytes, Document, Tree
from raywidget.scene.values.checks import MAX_ROWS

DRACO = "KHR_draco_mesh_compression"
MESHOPT = ("EXT_meshopt_compression", "KHR_meshopt_compression")

_FILTERS = {
    "OCTAHEDRAL": "decode_filter_oct",
    "QUATERNION": "decode_filter_quat",
    "EXPONENTIAL": "decode_filter_exp",
}


def unpack_view(document: Document, index: int, place: str) -> Bytes:
    """The bytes of a bufferView, as they were before EXT_meshopt_compression."""
    view = document.item("bufferViews", index, place)
    for name in MESHOPT:
        packed = document.extension(view, name, f"bufferView {index}")
        if packed is not None:
            if index not in document.unpacked:
                document.unpacked[index] = _unpack_meshopt(document, packed, f"bufferView {index}")
            return document.unpacked[index]
    return document.view(index, place)


def _unpack_meshopt(document: Document, packed: Tree, place: str) -> Bytes:
    try:
        import meshoptimizer
    except ImportError:
        raise document.error(
            place,
            "is compressed by meshoptimizer; pip install meshoptimizer to read it "
            "(it is a part of raywidget[gltf])",
        ) from None
    data = document.part(
        packed, document.buffer(document.integer(packed, "buffer", place), place), place
    )
    count = document.integer(packed, "count", place, most=MAX_ROWS)
    stride = document.integer(packed, "byteStride", place, most=256)
    mode = document.text(packed, "mode", place)
    filter_name = document.text(packed, "filter", place, "NONE")
    document.spend(count * stride, place)
    raw = np.ascontiguousarray(data).tobytes()
    try:
        if mode == "ATTRIBUTES":
            if stride < 4 or stride % 4:
                raise ValueError("byteStride must be a multiple of 4")
            rows = meshoptimizer.decode_vertex_buffer(count, stride, raw, np.dtype(f"V{stride}"))
            if filter_name in _FILTERS:
                rows = _filtered(meshoptimizer, filter_name, rows, count, stride)
            elif filter_name != "NONE":
                raise ValueError(f"no filter is called {filter_name[:20]!r}")
            return np.asarray(rows.view(np.uint8).reshape(-1))
        if stride not in (2, 4):
            raise ValueError("byteStride of indices must be 2 or 4")
        if mode == "TRIANGLES":
            numbers = meshoptimizer.decode_index_buffer(count, 4, raw)
        elif mode == "INDICES":
            numbers = meshoptimizer.decode_index_sequence(count, 4, raw)
        else:
            raise ValueError(f"no mode is called {mode[:20]!r}")
        return np.asarray(numbers).astype(f"<u{stride}").view(np.uint8)
    except (ValueError, RuntimeError, TypeError) as error:
        raise document.error(place, f"can't be unpacked (meshoptimizer): {error}") from None


def _filtered(library: Any, name: str, rows: NDArray[Any], count: int, stride: int) -> NDArray[Any]:
    """What the rows stand for, by the library's own functions."""
    sizes = {"OCTAHEDRAL": (4, 8), "QUATERNION": (8,), "EXPONENTIAL": tuple(range(4, 257, 4))}
    if stride not in sizes[name]:
        raise ValueError(f"the filter {name} does not take rows of {stride} bytes")
    return np.asarray(getattr(library, _FILTERS[name])(rows, count, stride))


def unpack_draco(document: Document, primitive: Tree, packed: Tree, place: str) -> Any:
    """Faces and attributes of a primitive: (F, 3) indices, and (V, n) arrays by their names."""
    try:
        import DracoPy
    except ImportError:
        raise document.error(
            place,
            "is compressed by Draco; pip install DracoPy to read it "
            "(it is a part of raywidget[gltf])",
        ) from None
    data = document.view(document.integer(packed, "bufferView", place), place)
    # What comes out is known before it is unpacked, from the accessors that it fills.
    for key in (
        primitive.get("indices"),
        *document.object(primitive, "attributes", place).values(),
    ):
        if key is not None:
            accessor = document.item("accessors", key, place)
            document.spend(16 * document.integer(accessor, "count", place, most=MAX_ROWS), place)
    try:
        mesh = DracoPy.decode(np.ascontiguousarray(data).tobytes())
    except Exception as error:  # of several kinds
        raise document.error(place, f"can't be unpacked (Draco): {error}") from None
    by_id = {int(attribute["unique_id"]): attribute["data"] for attribute in mesh.attributes}
    arrays: dict[str, NDArray[Any]] = {}
    names = document.object(packed, "attributes", place)
    for name in names:
        unique = document.integer(names, name, place)
        if unique not in by_id:
            raise document.error(place, f"its Draco data has no attribute {unique} for {name}")
        data_of = np.asarray(by_id[unique])
        arrays[name] = data_of.reshape(len(data_of), -1)
    faces = getattr(mesh, "faces", None)
    return None if faces is None else np.asarray(faces), arrays
