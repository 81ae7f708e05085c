"""What all objects of a scene description have in common."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from raywidget.errors import SceneError
from raywidget.scene.values.checks import checked_name, label
from raywidget.scene.values.docstrings import parameter_entries, with_parameters
from raywidget.scene.values.signatures import (
    CheckedCalls,
    did_you_mean,
    takes_parameters_of_its_class,
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class SceneObject(metaclass=CheckedCalls):
    """Base of everything in a scene description: immutable, checked when built.

    Parameters
    ----------
    name : str, optional
        What error messages and edits call this object.
    """

    name: str | None = None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        _inherit_parameters(cls)

    def __post_init__(self) -> None:
        checked_name(self, self.name)

    def _set(self, **values: object) -> None:
        """Store checked values: only for `__post_init__`, as instances are frozen."""
        for field, value in values.items():
            object.__setattr__(self, field, value)

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed; all checks run again."""
        known = type(self).__signature__.parameters
        for name in changes:
            if name not in known:
                hint = did_you_mean(name, known)
                raise SceneError(f"{label(self)}: there is no parameter {name!r}; {hint}")
        return dataclasses.replace(self, **changes)

    def _parameters(self) -> dict[str, Any]:
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        # What was left out stays left out: a copy of a default is not the default.
        defaults = {f.name: f.default for f in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value is not defaults[name]}

    def __reduce__(self) -> tuple[Any, ...]:
        # Built anew from its parameters, so that copies from pickle and deepcopy are checked and
        # their arrays read-only again.
        return _rebuild, (type(self), self._parameters())

    def __repr__(self) -> str:
        parts = []
        # As one writes it: first what goes without a keyword, the name last.
        ordered = sorted(dataclasses.fields(self), key=lambda f: (f.kw_only, f.name == "name"))
        for field in ordered:
            value = getattr(self, field.name)
            if field.init and field.repr and not is_default(field, value):
                parts.append(f"{field.name}={brief(value)}")
        return f"{type(self).__name__}({', '.join(parts)})"


def _inherit_parameters(cls: type) -> None:
    """Let a class's docstring tell the parameters that its bases have described."""
    # Neither with python -OO, nor where a class takes parameters of its own.
    if cls.__doc__ is None or "__init__" in vars(cls):
        return
    fixed = {
        name
        for name, value in vars(cls).items()
        if isinstance(value, dataclasses.Field) and not value.init
    }
    shared: dict[str, str] = {}
    for base in cls.__mro__[1:]:
        for name, entry in parameter_entries(vars(base).get("__doc__")).items():
            shared.setdefault(name, entry)  # the nearest description counts
    for name in fixed:
        shared.pop(name, None)
    cls.__doc__ = with_parameters(cls.__doc__, shared)


def _rebuild(kind: type[SceneObject], parameters: Mapping[str, Any]) -> SceneObject:
    return kind(**parameters)


def is_default(field: dataclasses.Field[Any], value: object) -> bool:
    """Does a parameter have the value it has when nothing is said?"""
    if field.default is dataclasses.MISSING:
        return False
    return value is field.default or (not isinstance(value, np.ndarray) and value == field.default)


def brief(value: object) -> str:
    """Write a value as Python, with six digits; of an array its shape and type."""
    if isinstance(value, np.ndarray):
        return f"<{'x'.join(str(n) for n in value.shape)} {value.dtype}>"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, tuple):
        inner = ", ".join(brief(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    return repr(value)
