"""A module of constants, for kernels that name them as ``module.NAME``."""

import math as inner  # noqa: F401 a module within a module
from typing import NamedTuple

HALF = 0.5
COUNT = 3
BIG = 1 << 40
ON = True
PAIR = (0.25, 0.75)
NESTED = ((0.25, 1), (0.5, (2, 0.125)))


class Both(NamedTuple):
    share: float
    number: int


BOTH = Both(0.5, 7)
