"""Scenes with a name, each with the settings that suit it.

The first ones follow the scenes of df07/go-progressive-raytracer, so that the two can be compared.
Its camera shows x mirrored; here the scenes themselves are mirrored, and pictures look alike.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from typing import Any

from raywidget.errors import SceneError
from raywidget.presets.cornell import cornell, cornell_boxes, cornell_empty
from raywidget.presets.gallery import (
    chess,
    forest,
    hundred_thousand,
    materials,
    perfume,
    shore,
    veach_mis,
)
from raywidget.presets.listing import Listing
from raywidget.presets.open_air import default, spheregrid, trianglemesh
from raywidget.presets.shape_tests import (
    cone_test,
    cylinder_test,
    simple_sphere,
    single_quad,
    texture_test,
)
from raywidget.presets.statues import caustic_glass, dragon
from raywidget.scene import Scene
from raywidget.scene.values import checks
from raywidget.scene.values.signatures import checked_call

__all__ = [
    "NAMES",
    "caustic_glass",
    "chess",
    "cone_test",
    "cornell",
    "cornell_boxes",
    "cornell_empty",
    "cylinder_test",
    "default",
    "describe",
    "dragon",
    "forest",
    "hundred_thousand",
    "materials",
    "options",
    "perfume",
    "preset",
    "shore",
    "simple_sphere",
    "single_quad",
    "spheregrid",
    "texture_test",
    "trianglemesh",
    "veach_mis",
]

_PRESETS: dict[str, tuple[Callable[..., Scene], str]] = {
    "cornell": (cornell, "Cornell box with a mirror ball and a glass ball, 400x400"),
    "cornell-boxes": (cornell_boxes, "Cornell box with a white and a mirror box, 400x400"),
    "cornell-empty": (cornell_empty, "Cornell box with nothing in it, 400x400"),
    "default": (default, "gold, lacquer, silver and glass balls under the sky, 400x225"),
    "spheregrid": (spheregrid, "20 x 20 balls in all hues, 800x450"),
    "trianglemesh": (trianglemesh, "a golden ball beside its mesh of triangles, 600x337"),
    "dragon": (dragon, "the dragon from your file, or a golden serpent, 900x900"),
    "caustic-glass": (caustic_glass, "a goblet and the light it gathers, 525x750"),
    "cylinder-test": (cylinder_test, "cylinders, open and closed, one of glass, 400x225"),
    "cone-test": (cone_test, "cones and frustums, open and closed, some of glass, 400x225"),
    "texture-test": (texture_test, "seven shapes with textures in a row, 800x450"),
    "simple-sphere": (simple_sphere, "a green ball over a grey plate, 200x200"),
    "test": (single_quad, "one square in a white sky, 100x100"),
    "materials": (materials, "twelve materials in a studio, 900x600"),
    "veach-mis": (veach_mis, "plates of different gloss under lamps of all sizes, 768x512"),
    "chess": (chess, "pawns, one of them in focus, 720x405"),
    "hundred-thousand": (hundred_thousand, "a wave of 100,000 balls, 800x450"),
    "forest": (forest, "24,000 copies of three firs, 800x450"),
    "perfume": (perfume, "a flask lit by an image of softboxes, 600x750"),
    "shore": (shore, "balls whose shadows and reflections lie on a picture, 800x450"),
}

# Other names by which the reference knows them
_ALIASES = {
    "basic": "default",
    "cornell-box": "cornell",
    "cornell-pbrt": "cornell",
    "sphere-grid": "spheregrid",
    "triangle-mesh-sphere": "trianglemesh",
}

NAMES: tuple[str, ...] = tuple(_PRESETS)
"""The names that `preset` knows."""


@checked_call(SceneError)
def describe() -> Listing:
    """Return one line about each preset, by its name; in Jupyter with pictures.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.describe()["spheregrid"]
    '20 x 20 balls in all hues, 800x450'
    """
    calls = {name: f'rw.presets.preset("{name}")' for name in _PRESETS}
    return Listing({name: line for name, (_, line) in _PRESETS.items()}, calls)


@checked_call(SceneError)
def options(name: str) -> dict[str, Any]:
    """Return the options of a preset and their defaults.

    Raises
    ------
    SceneError
        If there is no such scene; names the nearest one.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.options("spheregrid")
    {'size': 20, 'finish': 'metallic'}
    """
    make, _ = _PRESETS[_known(name)]
    return {p.name: p.default for p in inspect.signature(make).parameters.values()}


@checked_call(SceneError)
def preset(name: str, **chosen: Any) -> Scene:
    """Make the scene with a name.

    Parameters
    ----------
    name : str
        One of `NAMES`; case and underscores don't matter.
    **chosen
        Options of that scene, see `options`.

    Raises
    ------
    SceneError
        If there is no such scene or option; names the nearest one.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.preset("cornell", light="sphere").defaults["width"]
    400
    """
    key = _known(name)
    known = options(key)
    for option in chosen:
        if option not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            raise SceneError(f"preset {key!r} {takes}, got {option!r}")
    make, _ = _PRESETS[key]
    return make(**chosen)


def __dir__() -> list[str]:
    """What completion shows."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]


def _known(name: str) -> str:
    if not isinstance(name, str):
        raise checks.fail("preset()", "name", "a name, such as 'cornell'", name)
    key = name.strip().lower().replace("_", "-")
    key = _ALIASES.get(key, key)
    if key in _PRESETS:
        return key
    near = difflib.get_close_matches(key, NAMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SceneError(f"preset must be one of {', '.join(NAMES)}, got {checks.show(name)}{hint}")
