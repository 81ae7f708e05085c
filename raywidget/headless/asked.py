"""What is asked for: the scene of a thing, settings of renders, a denoiser; before it begins."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from raywidget.engine.settings import RenderSettings, settings_of
from raywidget.errors import PictureError, SceneError, SettingsError
from raywidget.scene.between import Between
from raywidget.scene.moving import Moving, takes_a_time
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import with_more
from raywidget.staging.studio import STUDIO_WORDS, scene_of


def scene_and_settings(thing: object, chosen: Mapping[str, Any]) -> tuple[Scene, RenderSettings]:
    """Find the scene that a thing is or is put into, and how it is rendered.

    Parameters
    ----------
    thing : Scene, or what `studio` takes
    chosen : mapping of str to value
        Fields of `RenderSettings`, and parameters of `studio`.

    Raises
    ------
    SceneError
        If nothing is known of such things.
    SettingsError
        If a setting is unknown, or out of its range.
    """
    words = {name: value for name, value in chosen.items() if name in STUDIO_WORDS}
    settings = {name: value for name, value in chosen.items() if name not in words}
    if isinstance(thing, Scene) and not words:
        return thing, settings_of(thing, settings)
    if is_function(thing):
        raise SceneError(f"expected a scene, got a function; {_instead_of(thing)}")
    picture = RenderSettings.for_scene({}, settings)
    scene = scene_of(thing, picture.width / picture.height, **words)
    return scene, settings_of(scene, settings)


def is_function(thing: object) -> bool:
    """Is it a function, such as `between` makes them, and no thing that can be called, too?"""
    return inspect.isroutine(thing) or isinstance(thing, functools.partial | Between)


def _instead_of(function: Any) -> str:
    """What would be a scene."""
    name = getattr(function, "__name__", None) or show(function)
    if takes_a_time(function):
        return f"if it is one of time, write Moving({name}, shutter=(0, 0.5))"
    return f"write {name}()"


def exposed(thing: object, shutter: object) -> object:
    """A scene as a function of time, with an open shutter, as a scene; all else stays.

    Raises
    ------
    SceneError
        If there is a shutter, and the thing is no such function.
    """
    if shutter is None:
        return thing
    if isinstance(thing, Moving):
        return thing.replace(shutter=shutter)
    made: Any = thing, shutter
    return Moving(*made)


def choose_denoiser(wanted: object) -> str | None:
    """Which one is to be used, if any: before a long render, not after.

    Raises
    ------
    SettingsError
        If there is none of this name, or it is not installed.
    """
    from raywidget.picture.denoising import choose_method

    if wanted is False:
        return None
    if wanted is not True and not isinstance(wanted, str):
        raise SettingsError(f"denoise: expected True, False or a method, got {show(wanted)}")
    try:
        return choose_method(None if wanted is True else wanted)
    except PictureError as error:
        raise SettingsError(str(error)) from None


def signature_with_settings(
    function: Callable[..., object],
    without: Collection[str] = (),
    only: Iterable[str] | None = None,
) -> inspect.Signature:
    """A function's signature with every setting spelt out, for help() and completion."""
    return with_more(
        function,
        [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=field.type,
            )
            for field in dataclasses.fields(RenderSettings)
            if field.name not in without and (only is None or field.name in only)
        ],
    )
