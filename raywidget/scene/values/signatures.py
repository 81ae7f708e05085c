"""Calls that can't be right: unknown keywords, too few or too many arguments, in the user's words.

Python's own TypeError names neither what is known nor what was meant.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

from raywidget.errors import RaywidgetError, SceneError, SettingsError

P = ParamSpec("P")
T = TypeVar("T")

# What other programs call things, and what they may be called here.
_ELSEWHERE = {
    "fov": ("vfov",),
    "fovy": ("vfov",),
    "fovx": ("fov_axis",),
    "hfov": ("fov_axis",),
    "xfov": ("fov_axis",),
    "fovaxis": ("fov_axis",),
    "field_of_view": ("vfov",),
    "color": ("base_color", "radiance", "intensity", "emission"),
    "colour": ("color", "base_color"),
    "albedo": ("color", "base_color"),
    "reflectance": ("color", "base_color"),
    "diffuse": ("color", "base_color"),
    "metalness": ("metallic",),
    "roughness": ("roughness",),
    "ior": ("index", "eta"),
    "position": ("center", "look_from", "origin", "start"),
    "centre": ("center",),
    "origin": ("look_from", "center"),
    "eye": ("look_from",),
    "target": ("look_at", "direction"),
    "lookat": ("look_at",),
    "lookfrom": ("look_from",),
    "size": ("radius", "size"),
    "r": ("radius",),
    "lights": ("emitters",),
    "objects": ("shapes",),
    "points": ("vertices",),
    "triangles": ("faces",),
    "indices": ("faces",),
    "uv": ("uvs",),
    "texcoords": ("uvs",),
    "uv2": ("uvs2",),
    "vertex_colors": ("colors",),
    "vertex_normals": ("normals",),
    "mat": ("material",),
    "power": ("intensity", "radiance"),
    "energy": ("intensity", "irradiance"),
    "strength": ("scale", "radiance"),
    "g": ("anisotropy",),
    "samples": ("spp",),
    "bounces": ("max_depth",),
    "depth": ("max_depth",),
    "resolution": ("width", "height"),
    "interior_medium": ("interior",),
    "image_file": ("image",),
    "filename": ("image", "path"),
}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What was probably meant by a name, or all that are known: the end of a message.

    Examples
    --------
    >>> from raywidget.scene.values.signatures import did_you_mean
    >>> did_you_mean("fov", ["vfov", "up"])
    "did you mean 'vfov'?"
    >>> did_you_mean("widht", ["width", "height"])
    "did you mean 'width'?"
    >>> did_you_mean("q", ["up", "center"])
    'known are center, up'
    """
    names = sorted(known)
    near = [other for other in _ELSEWHERE.get(name.lower(), ()) if other in names][:1]
    near = near or difflib.get_close_matches(name.lower(), names, 1, 0.7)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"


def wrong_call(
    owner: str,
    signature: inspect.Signature,
    arguments: tuple[object, ...],
    keywords: Mapping[str, object],
) -> str | None:
    """What is wrong with a call, as a message; None if it can be made."""
    parameters = signature.parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())  # and checks by itself
    for name in () if takes_any else keywords:
        if name not in parameters:
            return f"{owner}: there is no parameter {name!r}; {did_you_mean(name, parameters)}"
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        written = ", ".join(
            f"{name}=..." if p.kind is p.KEYWORD_ONLY else name
            for name, p in parameters.items()
            if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
            if name != "self"
        )
        return f"{owner}: {error}; write {owner.removesuffix('()')}({written}){_advice(arguments)}"
    return None


def _advice(arguments: tuple[Any, ...]) -> str:
    """What to write instead of a whole object of another library."""
    if len(arguments) == 1 and hasattr(arguments[0], "vertices") and hasattr(arguments[0], "faces"):
        return ", such as (mesh.vertices, mesh.faces)"
    return ""


def checked_call(
    error: type[RaywidgetError],
) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Have the calls of a public function checked before Python's own TypeError comes.

    Parameters
    ----------
    error : type
        What is raised.

    Examples
    --------
    >>> from raywidget.errors import SceneError
    >>> from raywidget.scene.values.signatures import checked_call
    >>> @checked_call(SceneError)
    ... def double(number):
    ...     return 2 * number
    >>> double(numbr=2)
    Traceback (most recent call last):
    raywidget.errors.SceneError: double(): there is no parameter 'numbr'; did you mean 'number'?
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)
        owner = f"{function.__name__}()"
        if function.__name__ == "__init__":  # where a metaclass of another library makes objects
            owner = function.__qualname__.split(".")[-2]

        @functools.wraps(function)
        def check(*arguments: P.args, **keywords: P.kwargs) -> T:
            problem = wrong_call(owner, signature, arguments, keywords)
            if problem is not None:
                raise error(problem)
            return function(*arguments, **keywords)

        return check

    return decorate


def with_more(
    function: Callable[..., object], more: Iterable[inspect.Parameter]
) -> inspect.Signature:
    """A function's signature with all that its ``**settings`` may be, for help and completion."""
    signature = inspect.signature(function)
    own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    names = {p.name for p in own}
    spelt_out = [
        p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in more if p.name not in names
    ]
    return signature.replace(parameters=[*own, *spelt_out])


class _OfItsClass:
    """A method that takes the parameters of its class by name, and shows them."""

    def __init__(self, method: Callable[..., Any]) -> None:
        functools.update_wrapper(self, method)  # type: ignore[arg-type]
        self._method = method

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        if instance is None:
            return self._method
        bound = functools.partial(self._method, instance)
        functools.update_wrapper(bound, self._method)
        kind: Any = type(instance)
        parameters = [
            p.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for p in kind.__signature__.parameters.values()
        ]
        bound.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return bound


def takes_parameters_of_its_class(method: Callable[P, T]) -> Callable[P, T]:
    """Let help and completion of ``thing.replace(`` show what can be replaced."""
    return _OfItsClass(method)  # type: ignore[return-value]


class FrozenSceneError(SceneError, dataclasses.FrozenInstanceError):
    """An attribute of an object that never changes was to be set."""


class FrozenSettingsError(SettingsError, dataclasses.FrozenInstanceError):
    """A setting of settings that never change was to be set."""


def _refuse_to_set(instance: object, name: str, value: object) -> None:
    """What `instance.name = value` does where nothing may be set."""
    from raywidget.scene.values import checks  # which knows colours, whose calls are checked

    kind = type(instance)
    known = kind.__signature__.parameters  # type: ignore[attr-defined]
    owner = checks.label(instance)
    if name in known:
        problem = f"{owner}: {name} can't be set; replace({name}=...) makes a changed copy"
    else:
        problem = f"{owner}: there is no parameter {name!r}; {did_you_mean(name, known)}"
    settings = getattr(kind, "wrong_call_error", None) is SettingsError
    raise (FrozenSettingsError if settings else FrozenSceneError)(problem)


class CheckedCalls(type):
    """The class of classes whose calls are checked before Python's own TypeError comes."""

    wrong_call_error: type[RaywidgetError] = SceneError

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Make an object, or say what is wrong with the call."""
        problem = wrong_call(cls.__name__, _signature(cls), arguments, keywords)
        if problem is not None:
            raise cls.wrong_call_error(problem)
        return super().__call__(*arguments, **keywords)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Let the `__setattr__` that `dataclass` gives to a frozen class say what to do."""
        if name == "__setattr__":
            value = _refuse_to_set
        super().__setattr__(name, value)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What help and completion show: the parameters."""
        spelt_out = getattr(cls, "_spelt_out", None)
        return _signature(cls) if spelt_out is None else spelt_out()


@functools.cache
def _signature(cls: type) -> inspect.Signature:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    return signature.replace(
        parameters=list(signature.parameters.values())[1:],
        return_annotation=inspect.Signature.empty,
    )
