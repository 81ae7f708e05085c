"""Calls that can't be right: unknown keywords, too few or too many arguments, in the user's words.

Python's own TypeError names neither what is known nor what was meant.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import inspect
import os
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
    word = name.lower()
    near = [other for other in _ELSEWHERE.get(word, ()) if other in names][:1]
    near = near or [other for other in names if len(word) > 2 and other.startswith(word)][:1]
    near = near or difflib.get_close_matches(word, names, 1, 0.7)
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
            hint = _where_it_belongs(name, keywords[name], parameters)
            hint = hint or did_you_mean(name, [known for known in parameters if known != "self"])
            return f"{owner}: there is no parameter {name!r}; {hint}"
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        written = _as_written(parameters, len(arguments), bound=owner.endswith("()"))
        call = f"{owner.removesuffix('()')}({written})"
        rest = takes_any and "too many" in str(error)
        tail = ", and the rest by name, such as width=640" if rest else ""
        return f"{owner}: {error}; write {call}{tail}{_advice(owner, arguments)}"
    return None


def _as_written(
    parameters: Mapping[str, inspect.Parameter], given: int, bound: bool = False
) -> str:
    """What a call needs, and by which names goes what was too much."""
    named = [p for name, p in parameters.items() if name != "self"]
    placed = [p for p in named if p.kind is p.POSITIONAL_OR_KEYWORD]
    needed = [p for p in named if p.default is p.empty and p.kind is p.KEYWORD_ONLY]
    others = [p for p in named if p.kind is p.KEYWORD_ONLY and p not in needed]
    too_many = given - len(placed) - len(needed) - (not bound and "self" in parameters)
    if too_many <= 0:
        placed = [p for p in placed if p.default is p.empty]
    elif not any(p.kind is p.VAR_KEYWORD for p in named):
        needed += [p for p in others if p.name != "name"][:too_many]
    return ", ".join([*(p.name for p in placed), *(f"{p.name}=..." for p in needed)])


# Words that say what a shape is made of, which its material knows.
_OF_MATERIALS = {
    *("base_color", "color", "colour", "albedo", "reflectance", "diffuse", "texture"),
    *("ior", "metallic", "metalness", "opacity", "roughness", "transmission"),
}


def _where_it_belongs(name: str, value: object, parameters: Iterable[str]) -> str:
    """What to write instead of a parameter that another object has; empty if nothing is known."""
    known, word = set(parameters), name.lower()
    if word in _OF_MATERIALS and {"material", "emission"} <= known:
        if word == "texture":
            return "it belongs to the material: write material=Diffuse(ImageTexture(...))"
        if word in ("ior", "metallic", "metalness", "opacity", "roughness", "transmission"):
            word = "metallic" if word == "metalness" else word
            return f"it belongs to the material: write material=Principled({word}=...)"
        shown = repr(value) if isinstance(value, str) else "color"
        return f"it belongs to the material: write material=Diffuse({shown})"
    if word == "smooth" and "normals" in known:
        return "give normals=, or read a file by load_mesh(path, smooth=True)"
    if "fov" in word and "vfov" not in known and {"look_from", "height"} <= known:
        return "rays are parallel: height= says how much is seen, in scene units"
    return ""


def _advice(owner: str, arguments: tuple[Any, ...]) -> str:
    """What to write instead of a whole object of another library, or of a file."""
    if owner == "Mesh" and len(arguments) == 1 and isinstance(arguments[0], str | os.PathLike):
        return f"; a file is read by load_mesh({os.fspath(arguments[0])!r})"
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
        try:
            return super().__call__(*arguments, **keywords)
        except SceneError as error:
            names = cls._swapped(arguments, keywords)
            if not names:
                raise
            raise type(error)(f"{error}; are {names} swapped?") from None

    def _swapped(cls, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> str:
        """Two parameters, by name, with which the call can be made the other way round."""
        names = list(_signature(cls).parameters)
        for second in range(1, min(len(arguments), 4)):
            for first in range(second):
                turned = list(arguments)
                turned[first], turned[second] = turned[second], turned[first]
                try:
                    super().__call__(*turned, **keywords)
                except Exception:  # nor this way
                    continue
                return f"{names[first]} and {names[second]}"
        return ""

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
