"""From what was written to settings, things and words for a studio."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from raywidget import presets
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, RaywidgetError, SceneError
from raywidget.io.metadata import read_settings
from raywidget.picture.curves import check_display
from raywidget.picture.denoising import METHODS
from raywidget.scene.moving import checked_shutter

STAGING = ("up", "light", "view", "background", "ground")  # words for a studio

# What may change from checkpoint to checkpoint.
CHANGEABLE = ("spp", "noise", "aovs", "passes", "threads")

# What `--quality` stands for; noise is a relative error.
QUALITIES: dict[str, dict[str, Any]] = {
    "draft": {"spp": 16},
    "good": {"spp": 1024, "noise": 0.03},
    "best": {"spp": 16384, "noise": 0.01},
}


def chosen(options: argparse.Namespace) -> dict[str, Any]:
    """Settings that were given."""
    names = [field.name for field in dataclasses.fields(RenderSettings)]
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def shown(options: argparse.Namespace, like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How the picture is shown: as given, else as a picture's like, else as ever."""
    shown = {"exposure": 0.0, "curve": "srgb", "denoise": False, **(like or {})}
    given = {name: value for name in shown if (value := getattr(options, name)) is not None}
    return {**shown, **given}


class Like(NamedTuple):
    """What a picture says of how it was made."""

    settings: Mapping[str, Any] = {}
    shown: Mapping[str, Any] = {}
    staging: Mapping[str, Any] = {}  # how a studio was set up, for things that are files
    shutter: tuple[float, float] | None = None
    options: tuple[str, ...] = ()  # of a preset


def like(place: Path) -> Like:
    """What a picture says of how it was made; what it says wrongly is refused.

    Raises
    ------
    PictureError
        If it does not say it, or what can't be.
    """
    said = read_settings(place)
    fields = {field.name for field in dataclasses.fields(RenderSettings)}
    settings = {name: value for name, value in said.items() if name in fields}
    shown: dict[str, Any] = {n: said[n] for n in ("exposure", "curve") if n in said}
    if said.get("denoised") is True:
        method = said.get("denoise")
        shown["denoise"] = method if method in METHODS else True
    staged, listed, shutter = (said.get(name) for name in ("staging", "options", "shutter"))
    words = {n: v for n in STAGING if isinstance(staged, dict) and (v := staged.get(n)) is not None}
    if not _is_harmless(words.get("background")):
        del words["background"]
    names = listed if isinstance(listed, list) else []
    try:
        RenderSettings.for_scene({}, settings)
        check_display(shown.get("curve", "srgb"), shown.get("exposure", 0.0))
        shutter = None if shutter is None else checked_shutter("it", shutter)
    except RaywidgetError as error:
        raise PictureError(
            f"{str(place)!r}: what it says of its settings is wrong: {error}"
        ) from None
    # How many threads there were says nothing of this machine.
    settings = {name: value for name, value in settings.items() if name != "threads"}
    return Like(settings, shown, words, shutter, tuple(n for n in names if isinstance(n, str)))


def _is_harmless(background: object) -> bool:
    """May a picture's own words choose it: a colour, or a file beside the work that is done?"""
    if not isinstance(background, str):
        return True
    place = Path(background)
    return not (place.is_absolute() or ".." in place.parts or "\\" in background)


def quality(options: argparse.Namespace) -> dict[str, Any]:
    """What a word for the quality stands for."""
    return {} if options.quality is None else dict(QUALITIES[options.quality])


def staging(options: argparse.Namespace) -> dict[str, Any]:
    """What is for a studio, of what was given."""
    return {name: value for name in STAGING if (value := getattr(options, name)) is not None}


def is_file(options: argparse.Namespace) -> bool:
    """A preset's name never has a suffix, and wins over a file of the same name."""
    name: str = options.preset
    return name not in presets.NAMES and (bool(Path(name).suffix) or os.sep in name)


def thing(options: argparse.Namespace) -> object:
    """The scene of a preset, or the path of a file."""
    if is_file(options):
        return options.preset
    if words := staging(options):
        raise SceneError(f"--{min(words)} is for files; {options.preset!r} is a preset")
    return presets.preset(options.preset, **_preset_options(options))


def _preset_options(options: argparse.Namespace) -> dict[str, Any]:
    """What was given by --option; values become what their defaults are."""
    known = presets.options(options.preset)
    chosen: dict[str, Any] = {}
    for text in options.option:
        name, equals, value = text.partition("=")
        if not equals:
            raise SceneError(f"--option: expected NAME=VALUE, got {text!r}")
        default = known.get(name)
        if isinstance(default, bool):
            if value.lower() not in ("true", "false"):
                raise SceneError(f"--option {name}: expected true or false, got {value!r}")
            chosen[name] = value.lower() == "true"
        elif isinstance(default, int) and value.isdecimal():
            chosen[name] = int(value)
        else:
            chosen[name] = value
    return chosen
