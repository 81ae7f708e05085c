"""The processor that kernels are compiled for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from llvmlite import binding as llvm
from numba.core import config as _config

config: Any = _config  # its attributes are made when it is loaded


@lru_cache(maxsize=1)
def host_features() -> frozenset[str]:
    """Features of the processor that code is compiled for, as LLVM names them.

    ``NUMBA_CPU_FEATURES`` lowers them, as it does for numba.
    """
    if config.CPU_FEATURES is not None:
        listed = str(config.CPU_FEATURES).split(",")
        return frozenset(name[1:] for name in listed if name.startswith("+"))
    if config.CPU_NAME:  # another processor was asked for: assume nothing beyond the baseline
        return frozenset()
    return frozenset(name for name, present in llvm.get_host_cpu_features().items() if present)
