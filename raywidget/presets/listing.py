"""What there is to choose from, with pictures: for a notebook, and as text for a terminal."""

from __future__ import annotations

import importlib
import inspect
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources
from typing import Any

from raywidget.errors import SceneError
from raywidget.scene.values.signatures import checked_call

_MATERIALS = (
    "Principled",
    "Diffuse",
    "Metal",
    "Conductor",
    "Dielectric",
    "Coated",
    "Mix",
    "Emissive",
    "Interface",
    "ShadowCatcher",
)
_LIGHTS = (
    "PointLight",
    "SpotLight",
    "DirectionalLight",
    "ConstantEnvironment",
    "GradientEnvironment",
    "ImageEnvironment",
    "SkyEnvironment",
    "StudioEnvironment",
    "Portal",
)


class Listing(dict[str, str]):
    """Names, and what they stand for; in Jupyter a table with a picture of each.

    Parameters
    ----------
    items : mapping of str to str
        Lines by names.
    calls : mapping of str to str, optional
        What to write for a name; by default the name.

    Examples
    --------
    >>> from raywidget.presets.listing import Listing
    >>> print(Listing({"ball": "a round thing", "box": "with corners"}))
    ball  a round thing
    box   with corners
    """

    def __init__(self, items: Mapping[str, str], calls: Mapping[str, str] | None = None) -> None:
        super().__init__(items)
        self._calls = dict(calls or {})

    def __str__(self) -> str:
        longest = max(map(len, self), default=0)
        return "\n".join(f"{name:{longest}}  {line}" for name, line in self.items())

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text("{...}" if cycle else str(self))

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><td style="padding:2px 8px">{_picture(name)}</td>'
            f'<td style="text-align:left"><code>{escape(self._calls.get(name, name))}</code></td>'
            f'<td style="text-align:left">{escape(line)}</td></tr>'
            for name, line in self.items()
        )
        return f"<table><tbody>{rows}</tbody></table>"


@checked_call(SceneError)
def materials() -> Listing:
    """What surfaces can be made of: names and parameters, in Jupyter with pictures.

    Returns
    -------
    dict of str to str
        Of each material what it is, by the name of its class.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.materials()["Mix"]
    'Two materials in one surface, by chance: paint that peels off metal, dust on glass.'
    """
    return _classes(_MATERIALS)


@checked_call(SceneError)
def lights() -> Listing:
    """What can shine on a scene: names and parameters, in Jupyter with pictures.

    Shapes shine by their ``emission``, too.

    Returns
    -------
    dict of str to str
        Of each light what it is, by the name of its class.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.lights()["PointLight"]
    'A point that shines alike in all directions.'
    """
    return _classes(_LIGHTS)


def _classes(names: Iterable[str]) -> Listing:
    package = importlib.import_module("raywidget")  # whose names are lazy
    lines, calls = {}, {}
    for name in names:
        kind = getattr(package, name)
        text = inspect.getdoc(kind) or ""  # python -OO has none
        lines[name] = text.partition("\n\n")[0].replace("\n", " ")
        calls[name] = f"rw.{name}({', '.join(_worded(kind))})"
    return Listing(lines, calls)


def _worded(kind: Any) -> Iterable[str]:
    """Parameters of a class, with defaults where they are short."""
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.name != "name":
            default = parameter.default
            shown = "" if default is parameter.empty else repr(default)
            yield parameter.name + (f"={shown}" if shown and len(shown) < 16 else "")


def _picture(name: str) -> str:
    place = resources.files("raywidget.presets") / "pictures" / f"{name}.webp"
    if not place.is_file():  # of what someone else has added to the table
        return ""
    data = b64encode(place.read_bytes()).decode("ascii")
    return f'<img src="data:image/webp;base64,{data}" alt="" width="72" height="72">'
