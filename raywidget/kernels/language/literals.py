"""Numbers that are written out in kernels: floats are float32, constants of modules are numbers."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numba import types
from numba.core import ir
from numba.core.compiler_machinery import FunctionPass, register_pass

_NUMBERS = (bool, int, float, tuple, np.generic)


@register_pass(mutates_CFG=False, analysis_only=False)
class FloatLiteralsAreSingle(FunctionPass):
    """Give every float that a kernel has from its source the type float32.

    numba types ``0.5`` as float64, and one such literal turns a whole expression into float64. With
    this pass, kernels write ``0.5 * x`` where they would need ``HALF * x``.

    Floats come into numba's IR as constants, global and free variables, default values of
    parameters, and attributes of modules; each of them may be a tuple, of tuples too. (Python 3.11
    builds a tuple of its parts; later ones return a constant.) ``module.NAME`` is as good as
    ``NAME`` here, integers included: numba alone would not know which number it is. What numpy
    typed, such as ``np.float64(0.1)``, stays what it is.
    """

    _name = "raywidget_float_literals_are_single"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Change a function's IR in place."""
        assignments = [
            assignment
            for block in state.func_ir.blocks.values()
            for assignment in block.find_insts(ir.Assign)
        ]
        modules = _Modules(assignments)
        for assignment in assignments:
            before = assignment.value
            after = _spelt_out(before, state.args, modules)
            if isinstance(after, ir.Const | ir.Global | ir.FreeVar):
                after.value = single(after.value)
            if after is not before:
                assignment.value = after
                known = state.func_ir._definitions[assignment.target.name]
                known[:] = [after if value is before else value for value in known]
        return True


def single(value: Any) -> Any:
    """A Python float as float32, tuples of them too; anything else as it is."""
    if type(value) is float:
        return np.float32(value)
    if type(value) is tuple:
        return tuple(map(single, value))
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(single, value))
    return value


def _spelt_out(value: Any, arguments: Any, modules: _Modules) -> Any:
    """Instead of a default value, or a constant of a module, that constant."""
    if isinstance(value, ir.Arg) and isinstance(arguments[value.index], types.Omitted):
        return ir.Const(arguments[value.index].value, value.loc)
    if isinstance(value, ir.Expr) and value.op == "getattr":
        module = modules.find(value.value)
        constant = getattr(module, value.attr, None)
        if module is not None and isinstance(constant, _NUMBERS):
            return ir.Global(f"{module.__name__}.{value.attr}", constant, value.loc)
    return value


class _Modules:
    """Which variables of a function are modules."""

    def __init__(self, assignments: list[Any]) -> None:
        self._values: dict[str, list[Any]] = {}
        for assignment in assignments:
            self._values.setdefault(assignment.target.name, []).append(assignment.value)

    def find(self, variable: Any) -> ModuleType | None:
        values = self._values.get(variable.name, ())
        if len(values) != 1:
            return None
        (value,) = values
        found: Any = None
        if isinstance(value, ir.Global | ir.FreeVar):
            found = value.value
        elif isinstance(value, ir.Var):
            found = self.find(value)
        elif isinstance(value, ir.Expr) and value.op == "getattr":
            found = getattr(self.find(value.value), value.attr, None)
        return found if isinstance(found, ModuleType) else None
