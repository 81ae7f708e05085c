"""Pictures that are made row by row, when somebody looks: they need not be there as a whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from raywidget.io.images import Rows

__all__ = ["MadeRows", "Rows"]

F32 = NDArray[np.float32]


class MadeRows:
    """An (H, W, 3) picture of which some function makes the rows that are asked for.

    Parameters
    ----------
    height, width : int
        Its size.
    make : callable
        From a slice of rows, without a step, to (rows, W, 3) float32. The same for ever.

    Examples
    --------
    >>> import numpy as np
    >>> from raywidget.picture.rows import MadeRows
    >>> grey = MadeRows(4, 2, lambda rows: np.full((rows.stop - rows.start, 2, 3), 0.5, np.float32))
    >>> grey[1:3].shape, np.asarray(grey).shape
    ((2, 2, 3), (4, 2, 3))
    """

    def __init__(self, height: int, width: int, make: Callable[[slice], F32]) -> None:
        self.shape = (height, width, 3)
        self._make = make

    def __getitem__(self, rows: slice) -> F32:
        return self._make(rows)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        whole = self._make(slice(0, self.shape[0]))
        return whole if dtype is None else whole.astype(dtype, copy=False)
