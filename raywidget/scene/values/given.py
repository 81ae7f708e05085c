"""What users hand over instead of plain numbers: arrays of any library, made numpy's."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


class NotNumbers(ValueError):
    """It can't be an array; the message, if there is one, says what to do."""


def as_numpy(value: object) -> NDArray[Any]:
    """Whatever numpy can see as an array: lists, data frames, tensors, ...; not copied.

    Raises
    ------
    NotNumbers
        If numpy can't, or if something is masked: numpy would take what lies below the mask.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.scene.values.given import as_numpy
    >>> as_numpy(np.ma.masked_array([1.0, -9999.0], mask=[False, True]))
    Traceback (most recent call last):
    raywidget.scene.values.given.NotNumbers: 1 of 2 values are masked; leave them out, or fill \
them: .filled(...)
    """
    _refuse_masked(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = np.asarray(value)
    except Exception as error:  # ragged lists; what a stranger's `__array__` raises
        foreign = not isinstance(value, list | tuple) and hasattr(value, "__array__")
        raise NotNumbers(" ".join(str(error).split())[:200] if foreign else "") from None
    if np.ma.isMaskedArray(array):
        _refuse_masked(array)
        array = np.ma.getdata(array)
    return array


def as_whole(value: object) -> int | None:
    """A whole number of any library as Python's, which does not overflow; None if it is none.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.scene.values.given import as_whole
    >>> as_whole(np.int8(3)), as_whole(3.0), as_whole(True), as_whole(np.array([1, 2]))
    (3, None, None, None)
    """
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except Exception:  # also what a stranger's `__index__` raises
        return None


def as_items(value: object) -> tuple[Any, ...] | None:
    """What a list, or anything else that can be gone through, holds; None for words and others.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.scene.values.given import as_items
    >>> as_items([1, 2]), as_items("ab"), as_items(np.array(1.0)), as_items(None)
    ((1, 2), None, None, None)
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        return None
    try:
        return tuple(value)
    except TypeError:  # arrays of no dimensions call themselves iterable
        return None


def _refuse_masked(value: object, depth: int = 2) -> None:
    if np.ma.isMaskedArray(value):
        hidden = int(np.ma.getmaskarray(value).sum())
        if hidden:
            size = np.ma.getdata(value).size
            raise NotNumbers(
                f"{hidden:,} of {size:,} values are masked; leave them out, or fill them: "
                ".filled(...)"
            )
    elif depth and isinstance(value, list | tuple):
        for item in value:
            if isinstance(item, list | tuple | np.ndarray):
                _refuse_masked(item, depth - 1)
