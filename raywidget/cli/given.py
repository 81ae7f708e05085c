"""From what was written to settings, things and words for a studio."""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from raywidget import presets
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, RaywidgetError, SceneError
from raywidget.io.metadata import read_settings
from raywidget.picture.curves import check_display

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


def like(place: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of a picture, and how it is shown."""
    said = read_settings(place)
    fields = {field.name for field in dataclasses.fields(RenderSettings)}
    settings = {name: value for name, value in said.items() if name in fields}
    shown: dict[str, Any] = {n: said[n] for n in ("exposure", "curve") if n in said}
    if said.get("denoised") is True:
        shown["denoise"] = True
    try:
        RenderSettings.for_scene({}, settings)
        check_display(shown.get("curve", "srgb"), shown.get("exposure", 0.0))
    except RaywidgetError as error:
        raise PictureError(
            f"{str(place)!r}: what it says of its settings is wrong: {error}"
        ) from None
    # How many threads there were says nothing of this machine.
    return {name: value for name, value in settings.items() if name != "threads"}, shown


def quality(options: argparse.Namespace) -> dict[str, Any]:
    """What a word for the quality stands for."""
    return {} if options.quality is None else dict(QUALITIES[options.quality])


def staging(options: argparse.Namespace) -> dict[str, Any]:
    """What is for a studio, of what was given."""
    words = ("up", "light", "view", "background", "ground")
    return {name: value for name in words if (value := getattr(options, name)) is not None}


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
