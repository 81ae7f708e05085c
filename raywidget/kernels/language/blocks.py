"""How an entry is called with one block of memory, whether its code came with the wheel or not.

A block consists of slots of 8 bytes: the arguments of an entry, tuples opened up. A number takes a
slot, an array its address and its shape, None nothing. What stays the same from call to call, such
as the tables of a scene, is laid out once (`BlockEntry.bind`): numba's own way to call unpacks 33
arrays for each tile. `block_readers` writes the function that reads a block.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from raywidget.errors import RenderError

COMPILE = "RAYWIDGET_COMPILE"
"""Environment variable: if set (and not to 0), kernels are compiled here all the same."""

FAILED = -(1 << 62)
"""What is added to the status of an entry that failed: no result is so small."""

_FORMATS = {"p": "Q", "f": "f4x", "d": "d"}
_ARRAY = np.ndarray
_MASK = (1 << 64) - 1


# --- Addresses ------------------------------------------------------------------------------------


def _given_address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


# An array is an object whose first field is the address of its data: C extensions have that
# compiled into them (`PyArray_DATA`), so it stays. `__array_interface__` makes a dictionary of six
# things first, and a tile has six arrays.
_DATA = object.__basicsize__


def _quick_address(array: Any) -> int:
    return ctypes.c_size_t.from_address(id(array) + _DATA).value


def _is_quick_right() -> bool:
    first = np.zeros((3, 2), np.float32)
    arrays = (first, first[1:], np.zeros(1, np.uint8), np.zeros(0))
    return np.ndarray.__basicsize__ >= _DATA + 16 and all(
        _quick_address(array) == _given_address(array) for array in arrays
    )


address_of_data = _quick_address if _is_quick_right() else _given_address


# --- Layouts --------------------------------------------------------------------------------------


class Layout:
    """How slots are laid out, by what is said of one version of an entry.

    Parameters
    ----------
    name : str
        Of the entry, for errors.
    kinds : str
        A letter for each slot: p for addresses, i for integers, f and d for float32 and float64.
    arrays : list of str
        Type and dimensions of each array, such as ``"f4 2"``.
    """

    def __init__(self, name: str, kinds: str, arrays: list[str]) -> None:
        self.name = name
        self.kinds = kinds
        self.arrays = arrays
        self._expected = [(np.dtype(text.split()[0]), int(text.split()[1])) for text in arrays]

    def pack(self, arguments: Iterable[Any], first: int = 0, first_array: int = 0) -> Packed:
        """Lay out arguments; those from a slot and an array on."""
        slots: list[Any] = []
        arrays = self._flatten(arguments, slots, first_array)
        kinds = self.kinds[first : first + len(slots)]
        if len(kinds) != len(slots):
            raise RenderError(
                f"{self.name} takes {len(self.kinds)} slots, got {first + len(slots)}"
            )
        try:
            block = _packer(kinds, "q")(*slots)
        except struct.error:  # what is no int, or has 64 bits without a sign
            for k, kind in enumerate(kinds):
                if kind == "i":
                    slots[k] = int(slots[k]) & _MASK
            block = _packer(kinds, "Q")(*slots)
        return Packed(block, len(slots), arrays - first_array)

    def _flatten(self, arguments: Iterable[Any], slots: list[Any], arrays: int) -> int:
        # Called for each kernel call: what is asked here first is what is so nearly always.
        expected = self._expected
        for argument in arguments:
            if isinstance(argument, _ARRAY):
                shape = argument.shape
                if arrays >= len(expected):
                    raise self._wrong(argument, "no more arrays")
                dtype, dimensions = expected[arrays]
                its = argument.dtype
                if (its is not dtype and its != dtype) or len(shape) != dimensions:
                    raise self._wrong(argument, f"arrays ({', '.join(self.arrays)})")
                if not argument.flags.c_contiguous:
                    raise RenderError(
                        f"kernels take C-contiguous arrays; got strides {argument.strides}"
                    )
                arrays += 1
                slots.append(address_of_data(argument))
                slots += shape
            elif isinstance(argument, tuple):
                arrays = self._flatten(argument, slots, arrays)
            elif argument is not None:
                slots.append(argument)
        return arrays

    def _wrong(self, array: Any, expected: str) -> RenderError:
        return RenderError(
            f"{self.name} was compiled for {expected}, got one of {array.dtype.str[1:]} "
            f"{array.ndim}; set {COMPILE}=1 to have it compiled here"
        )


class Packed(NamedTuple):
    """Arguments as an entry reads them."""

    block: bytes
    slots: int
    arrays: int


@lru_cache(maxsize=256)
def _packer(kinds: str, integers: str) -> Callable[..., bytes]:
    """What packs slots of such kinds, and integers with a sign, "q", or without, "Q"."""
    formats = {**_FORMATS, "i": integers}
    return struct.Struct("<" + "".join(formats[kind] for kind in kinds)).pack


# --- Calls ----------------------------------------------------------------------------------------

reader_type: Any = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_char_p)
"""What reads a block and runs an entry. A call gives the interpreter's lock away."""


class BlockEntry:
    """One version of an entry, called with blocks.

    Parameters
    ----------
    reader : callable
        Takes a block; the entry's result, or its status and `FAILED` if it failed.
    layout : Layout
        Of the block.
    returns : str
        What the entry's annotations say that it returns.
    """

    def __init__(self, reader: Callable[[bytes], int], layout: Layout, returns: str) -> None:
        self._reader = reader
        self._layout = layout
        self._returns = returns

    def __call__(self, *arguments: Any) -> Any:
        """Run it."""
        return self._run(self._layout.pack(arguments), b"")

    def bind(self, *leading: Any) -> Callable[..., Any]:
        """The entry with its first arguments, which are laid out here and kept."""
        layout, run = self._layout, self._run
        head = layout.pack(leading)
        block, slots, arrays = head

        def call(*rest: Any, kept: tuple[Any, ...] = leading) -> Any:
            # `kept`, because the block points to its memory.
            return run(layout.pack(rest, slots, arrays), block)

        return call

    def _run(self, packed: Packed, before: bytes) -> Any:
        block = before + packed.block
        if len(block) != 8 * len(self._layout.kinds):
            raise RenderError(
                f"{self._layout.name} takes {len(self._layout.kinds)} slots, got {len(block) // 8}"
            )
        result = self._reader(block)
        if result < FAILED // 2:
            raise RenderError(f"{self._layout.name} failed with status {result - FAILED}")
        if self._returns == "None":
            return None
        return bool(result) if self._returns == "bool" else result
