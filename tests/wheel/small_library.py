"""Run in an environment that says what numba compiles for: one small kernel, for all systems.

Given a folder, it writes a library for each level of each system, and prints what `blocks.Layout`
has to know of it.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

from wheels import libraries, objects
from wheels.targets import PROCESSORS, SYSTEMS

objects._keep_modules()

from raywidget.kernels.language.block_readers import PREFIX, kinds_of  # noqa: E402
from raywidget.kernels.language.buffers import view  # noqa: E402
from raywidget.kernels.language.jit import entry  # noqa: E402
from raywidget.kernels.language.machine_code import file_name  # noqa: E402
from raywidget.kernels.language.simd import (  # noqa: E402
    WIDTH,
    load_lanes,
    multiply_add,
    store_lanes,
)

SYMBOL = "raywidget_small"


@entry
def small(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> int:
    left, right, into = view(a), view(b), view(out)
    for first in range(0, len(a), WIDTH):
        x = load_lanes(left, first)
        store_lanes(into, first, multiply_add(x, load_lanes(right, first), x))
    whole = 0
    for k in range(len(a)):
        whole += int(1e3 * (math.sin(a[k]) + math.cos(a[k])))
    return whole


rows = np.zeros(4 * WIDTH, np.float32)
small(rows, rows, rows.copy())
((signature, result),) = small.overloads.items()
written, optimised = result.library.raywidget_kept
reader = PREFIX + result.fndesc.llvm_func_name
folder = Path(sys.argv[1])
for system in SYSTEMS.values():
    for level in system.levels:
        if PROCESSORS[level].base != "v3":
            continue
        machine = objects.target_machine(system, level)
        bitcode = optimised
        if level != "v3":
            no_fma = level == "v2"
            bitcode = objects.optimise_for(written, machine, system, without_fma=no_fma)
        made = folder / f"{system.name}-{level}.o"
        made.write_bytes(objects.write_object(SYMBOL, bitcode, reader, machine, system))
        library = folder / file_name(*system.name.split("-"), level)
        libraries.link(system, [made], library)
print(json.dumps(kinds_of(signature)))
