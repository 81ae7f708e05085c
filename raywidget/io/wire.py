"""What the process inside tells: JSON, in which arrays stand by their numbers, then the arrays.

No pickle: what has read a damaged file is not trusted to say what is to be run here.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAX_TEXT = 1 << 30  # bytes of JSON
MAX_ARRAYS = 1 << 32  # bytes of all arrays

_KINDS = {"f": ("<f4", "<f8"), "i": ("<i4", "<i8"), "u": ("|u1",)}
_DTYPES = {name for names in _KINDS.values() for name in names}
_KEY = "array"


class TooLarge(ValueError):
    """There is more to tell than may be told."""


def write(stream: BinaryIO, document: Any) -> None:
    """Write a document: what JSON knows, and arrays of float32, float64, int32, int64 and uint8.

    Raises
    ------
    TooLarge
        If it is more than `MAX_TEXT` or `MAX_ARRAYS`; nothing is written then.
    """
    arrays: list[NDArray[Any]] = []
    numbers: dict[int, int] = {}  # by identity: what is used twice is sent once

    def number(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            if id(value) not in numbers:
                numbers[id(value)] = len(arrays)
                arrays.append(value)
            return {_KEY: numbers[id(value)]}
        if isinstance(value, np.generic):
            return value.item()
        raise TypeError(f"can't tell of a {type(value).__name__}")

    text = json.dumps(document, default=number).encode()
    arrays = [np.ascontiguousarray(array) for array in arrays]
    table = json.dumps([[array.dtype.str, array.shape] for array in arrays]).encode()
    if len(text) > MAX_TEXT or sum(array.nbytes for array in arrays) > MAX_ARRAYS:
        raise TooLarge(f"more than {MAX_ARRAYS:,} bytes of arrays")
    stream.write(struct.pack("<QQ", len(text), len(table)))
    stream.write(text)
    stream.write(table)
    for array in arrays:
        stream.write(array.reshape(-1).view(np.uint8).data if array.size else b"")
    stream.flush()


def read(stream: BinaryIO) -> Any:
    """Read what `write` has written.

    Raises
    ------
    ValueError
        If it is cut, or anything else than that.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from raywidget.io import wire
    >>> stream = io.BytesIO()
    >>> wire.write(stream, {"points": np.arange(3, dtype=np.int32)})
    >>> _ = stream.seek(0)
    >>> wire.read(stream)
    {'points': array([0, 1, 2], dtype=int32)}
    """
    size, columns = struct.unpack("<QQ", _exactly(stream, 16))
    if max(size, columns) > MAX_TEXT:
        raise ValueError("the text is too long")
    text = _exactly(stream, size)
    table = json.loads(_exactly(stream, columns))
    arrays = []
    left = MAX_ARRAYS
    for dtype, shape in table:
        if dtype not in _DTYPES:
            raise ValueError(f"there are no arrays of {dtype!r}")
        count = 1
        for length in shape:
            count *= int(length)
        left -= count * np.dtype(dtype).itemsize
        if left < 0 or min(shape, default=0) < 0:
            raise ValueError("the arrays are too large")
        array = np.empty(shape, dtype)
        if array.size:
            _fill(stream, array.reshape(-1).view(np.uint8).data)
        arrays.append(array)

    def restored(tree: dict[str, Any]) -> Any:
        return arrays[tree[_KEY]] if set(tree) == {_KEY} else tree

    return json.loads(text, object_hook=restored)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    buffer = bytearray(size)
    _fill(stream, memoryview(buffer))
    return bytes(buffer)


def _fill(stream: BinaryIO, view: memoryview) -> None:
    while len(view):
        got = stream.readinto(view)  # type: ignore[attr-defined]
        if not got:
            raise ValueError("the text ends too soon")
        view = view[got:]
