"""Calls that can't be right: unknown keywords, too few or too many arguments, in the user's words.

Python's own TypeError names neither what is known nor what was meant.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from raywidget.errors import RaywidgetError, SceneError

# What other programs call things, and what they may be called here.
_ELSEWHERE = {
    "fov": ("vfov",),
    "fovy": ("vfov",),
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
    for name in keywords:
        if name not in parameters:
            return f"{owner}: there is no parameter {name!r}; {did_you_mean(name, parameters)}"
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        written = ", ".join(
            f"{name}=..." if p.kind is p.KEYWORD_ONLY else name
            for name, p in parameters.items()
            if p.default is p.empty
        )
        return f"{owner}: {error}; write {owner}({written}){_advice(arguments)}"
    return None


def _advice(arguments: tuple[Any, ...]) -> str:
    """What to write instead of a whole object of another library."""
    if len(arguments) == 1 and hasattr(arguments[0], "vertices") and hasattr(arguments[0], "faces"):
        return ", such as (mesh.vertices, mesh.faces)"
    return ""


class CheckedCalls(type):
    """The class of classes whose calls are checked before Python's own TypeError comes."""

    wrong_call_error: type[RaywidgetError] = SceneError

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        """Make an object, or say what is wrong with the call."""
        problem = wrong_call(cls.__name__, cls.__signature__, arguments, keywords)
        if problem is not None:
            raise cls.wrong_call_error(problem)
        return super().__call__(*arguments, **keywords)

    @property
    def __signature__(cls) -> inspect.Signature:
        """What help and completion show: the parameters."""
        return _signature(cls)


@functools.cache
def _signature(cls: type) -> inspect.Signature:
    signature = inspect.signature(cls.__init__)  # type: ignore[misc]
    return signature.replace(
        parameters=list(signature.parameters.values())[1:],
        return_annotation=inspect.Signature.empty,
    )
