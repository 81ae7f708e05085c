"""What kernels are written with: numba and llvmlite, or nothing where machine code is at hand.

To import both takes 0.3 seconds and 100 MB. Where nothing is compiled, each name here is a thing
that does nothing, of which classes and decorators can be made: modules of the language then define
what nobody asks for. This and what only compilation imports (`compilers`, `storage`, ...) are the
only modules that import them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from raywidget.errors import RenderError
from raywidget.kernels.language.machine_code import LIBRARY, WHY_NONE

COMPILES = LIBRARY is None
"""Are kernels compiled in this process?"""


class _NothingsBase:
    """What a class is derived from, in place of one of numba's."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass


class _Nothing:
    """Stands for whatever numba has: its attributes, results and items are nothing, too."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (_NothingsBase,)


def _tool(module: str, name: str | None = None) -> Any:
    if not COMPILES:
        return _NOTHING
    try:
        found = import_module(module)
    except ModuleNotFoundError as error:
        raise RenderError(
            f"kernels have to be compiled here: {WHY_NONE}. That needs numba ({error}): "
            'pip install "raywidget[compile]"'
        ) from error
    return found if name is None else getattr(found, name)


_NOTHING = _Nothing()

ir: Any = _tool("llvmlite.ir")
types: Any = _tool("numba.core.types")
cgutils: Any = _tool("numba.core.cgutils")
AbstractTemplate: Any = _tool("numba.core.typing.templates", "AbstractTemplate")
AttributeTemplate: Any = _tool("numba.core.typing.templates", "AttributeTemplate")
infer_getattr: Any = _tool("numba.core.typing.templates", "infer_getattr")
infer_global: Any = _tool("numba.core.typing.templates", "infer_global")
signature: Any = _tool("numba.core.typing.templates", "signature")
lower_builtin: Any = _tool("numba.extending", "lower_builtin")
lower_getattr_generic: Any = _tool("numba.extending", "lower_getattr_generic")
make_attribute_wrapper: Any = _tool("numba.extending", "make_attribute_wrapper")
models: Any = _tool("numba.extending", "models")
overload: Any = _tool("numba.extending", "overload")
register_model: Any = _tool("numba.extending", "register_model")


def choose_width() -> int:
    """How many float32 a vector of kernels holds."""
    if LIBRARY is not None:
        return LIBRARY.level.lanes
    from raywidget.kernels.language.processor import host_features

    # 16 lanes pay on AVX-512 only (1.14 times the paths per second of 8 lanes in a mesh of 328k
    # triangles); with AVX2, 8 are faster.
    return 16 if {"avx512f", "avx512vl"} <= host_features() else 8
