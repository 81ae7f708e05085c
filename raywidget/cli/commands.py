"""What each command does: `render()` and its like with what was given, and words about it."""

from __future__ import annotations

import argparse
import dataclasses
import os
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from raywidget import presets
from raywidget.animation import turntable
from raywidget.batch import render_many
from raywidget.cli import given
from raywidget.engine import about
from raywidget.engine.backends.starting import executor_for
from raywidget.engine.warming import warmup
from raywidget.errors import (
    PictureError,
    PictureWarning,
    RaywidgetWarning,
    SceneError,
    SettingsError,
)
from raywidget.headless.asked import scene_and_settings
from raywidget.headless.deliveries import FinishedPass
from raywidget.headless.rendering import render, resume
from raywidget.io.images import check_output
from raywidget.io.orbit_page import checked_page
from raywidget.io.rescue import rescue
from raywidget.lab import open_lab
from raywidget.orbit import OrbitOptions, light_settings, look, render_orbit
from raywidget.picture.curves import check_display
from raywidget.picture.image import Image, check_form
from raywidget.progress import Reading
from raywidget.scene.between import between
from raywidget.scene.moving import Moving
from raywidget.staging.studio import load_scene
from raywidget.terminal import Voice

DONE, FAILED, WRONG_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


def render_one(options: argparse.Namespace) -> int:
    """`raywidget render`: one picture."""
    if given.is_file(options) and options.option:
        raise SceneError("--option is for presets, see --up and --light for files")
    voice: Voice = options.voice
    like = given.Like() if options.like is None else given.like(options.like)
    is_file = given.is_file(options)
    if not is_file:
        options.option = options.option or list(like.options)
    thing = given.thing(options)
    output = options.output or Path(f"{Path(options.preset).stem}.png")
    check_output(output)  # before an hour of rendering, not after
    chosen = {**like.settings, **given.quality(options), **given.chosen(options)}
    shown = given.shown(options, like.shown)
    check_form(output, shown["curve"], "color", options.bits, options.dpi)
    staging = {**(like.staging if is_file else {}), **given.staging(options)}
    paper = {"dpi": options.dpi, "bits": options.bits}
    asked: dict[str, Any] = {"staging": staging, "options": options.option}
    asked = {name: value for name, value in asked.items() if value}
    lost = False

    def save_pass(finished: FinishedPass) -> None:
        nonlocal lost
        if finished.pass_index + 1 < finished.pass_count:
            name = f"{output.stem}_pass_{finished.pass_index + 1:02d}{output.suffix}"
            finished.image.remember(asked)
            try:
                with options.signals.finishing():
                    finished.image.save(
                        output.with_name(name), shown["exposure"], shown["curve"], **paper
                    )
            except PictureError as error:  # the render is worth more than this one
                lost = True
                voice.complain(one_line(error))
            options.signals.follow()

    words = {**chosen, **staging}
    with _reading(options) as read:
        read.scene, settings = scene_and_settings(thing, words)
    scene = read.scene
    if options.until is not None:
        with Reading(None if options.quiet else options.until) as read:
            read.scene, _ = scene_and_settings(options.until, words)
        last = read.scene
        scene = Moving(between(scene, last), options.shutter or like.shutter or (0.0, 1.0))
    elif options.shutter is not None:
        raise SceneError("--shutter: needs --until FILE, a scene that the first one becomes")
    elif like.shutter is not None and not options.quiet:
        voice.say(f"note            {options.like} has motion in it: give --until FILE, too")
    for note in () if options.quiet else scene.notes:
        voice.say(f"note            {note}")
    with warnings.catch_warnings(record=True) as warned, ExitStack() as stack:
        warnings.simplefilter("always", RaywidgetWarning)
        executor = stack.enter_context(executor_for(options.workers, options.dask))
        image = render(
            scene,
            executor=executor,
            on_pass=save_pass if options.save_passes else None,
            progress=not options.quiet,
            on_interrupt="return" if options.keep else "raise",
            **shown,
            checkpoint=options.checkpoint,
            checkpoint_seconds=options.checkpoint_seconds,
            **{f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)},
        )
    for warning in warned:
        voice.complain(f"warning: {one_line(warning.message)}")
    image.remember(asked)
    with options.signals.finishing():
        return _keep(options, image, output, lost)


def resume_one(options: argparse.Namespace) -> int:
    """`raywidget resume`: go on from a checkpoint."""
    voice: Voice = options.voice
    output = options.output or Path(f"{options.checkpoint.stem}.png")
    check_output(output)
    check_form(output, options.curve or "srgb", "color", options.bits, options.dpi)
    chosen = {n: v for n in given.CHANGEABLE if (v := getattr(options, n)) is not None}
    with warnings.catch_warnings(record=True) as warned, ExitStack() as stack:
        warnings.simplefilter("always", RaywidgetWarning)
        image = resume(
            options.checkpoint,
            executor=stack.enter_context(executor_for(options.workers, options.dask)),
            progress=not options.quiet,
            on_interrupt="return" if options.keep else "raise",
            exposure=options.exposure,
            curve=options.curve,
            denoise=options.denoise,
            checkpoint_seconds=options.checkpoint_seconds,
            **chosen,
        )
    for warning in warned:
        voice.complain(f"warning: {one_line(warning.message)}")
    with options.signals.finishing():
        return _keep(options, image, output, False)


def _keep(options: argparse.Namespace, image: Image, output: Path, lost: bool) -> int:
    """Save what there is, wherever that is possible, and tell of it."""
    voice: Voice = options.voice
    broken_off = image.spp < image.settings.spp
    word, code = "interrupted", INTERRUPTED
    if options.signals.terminated:
        word, code = "terminated", TERMINATED
    if broken_off and not image.statistics.get("samples", image.spp):
        voice.complain(f"{word} before the first sample; nothing was saved")
        return code
    paper = {"dpi": options.dpi, "bits": options.bits}
    try:
        image.save(output, **paper)
    except PictureError as error:
        place = rescue(output.stem, image.save)
        where = "" if place is None else f"; the picture is in {place}"
        voice.complain(f"{one_line(error)}{where}")
        return FAILED
    if not options.quiet:
        _print_statistics(voice, image, output)
    if broken_off:
        voice.complain(f"{word}; {output} has what was there")
        return code
    return FAILED if lost else DONE


def _print_statistics(voice: Voice, image: Image, output: Path) -> None:
    statistics = image.statistics
    voice.say(f"picture         {image.width} x {image.height}, {image.spp} samples per pixel")
    on = f"{statistics['threads']} threads"
    if statistics.get("workers"):
        on = f"{statistics['workers']} workers"
    voice.say(f"time            {statistics['seconds']:.2f} s on {on}")
    voice.say(
        f"samples         {statistics['samples']:,} "
        f"({statistics['samples_per_second'] / 1e6:.2f} million per second)"
    )
    voice.say(
        f"rays            {statistics['rays']:,} "
        f"({statistics['rays_per_second'] / 1e6:.2f} million per second)"
    )
    if image.noise is not None:
        voice.say(f"noise           {image.noise:.3g}")
    voice.say(f"mean luminance  {statistics['mean_luminance']:.4f}")
    if statistics["dropped_samples"]:
        voice.say(f"dropped         {statistics['dropped_samples']:,} samples that were not finite")
    voice.say(f"saved           {output}")


def show(options: argparse.Namespace) -> int:
    """`raywidget show`: live, in JupyterLab."""
    path = options.preset
    if given.is_file(options):
        path = os.path.abspath(os.path.expanduser(path))
        if not os.path.isfile(path):
            raise SceneError(f"there is no file {path!r}")
    elif path not in presets.NAMES:
        raise SceneError(f"{path!r} is neither a preset ({', '.join(presets.NAMES)}) nor a file")
    words = {**given.staging(options), **given.quality(options)}
    return open_lab(path, words, browser=not options.no_browser)


def turn(options: argparse.Namespace) -> int:
    """`raywidget turntable`: a film."""
    words = {**given.chosen(options), **given.staging(options)}
    with _reading(options) as read:
        read.scene, settings = scene_and_settings(given.thing(options), words)
    with executor_for(options.workers, options.dask) as executor:
        film = turntable(
            read.scene,
            options.output or Path(f"{Path(options.preset).stem}.mp4"),
            seconds=options.seconds,
            fps=options.fps,
            turns=options.turns,
            shutter=options.shutter,
            quality=options.quality,
            keep_frames=options.keep_frames,
            executor=executor,
            **given.shown(options),
            progress=not options.quiet,
            **{f.name: getattr(settings, f.name) for f in dataclasses.fields(settings)},
        )
    if not options.quiet:
        options.voice.say(f"saved           {film}")
    return DONE


def orbit(options: argparse.Namespace) -> int:
    """`raywidget orbit`: a page that is turned."""
    target = checked_page(options.output or Path(f"{Path(options.preset).stem}.html"))
    chosen = OrbitOptions.of(
        options.views, options.arc, options.elevations, options.quality, options.megabytes
    )
    chosen = dataclasses.replace(chosen, fragment=options.fragment, title=options.title)
    options.region = None
    settings = given.chosen(options) | given.staging(options)
    with _reading(options) as read:
        read.scene, light = light_settings(given.thing(options), settings, options.fit)
    shown = given.shown(options)
    curve, exposure = check_display(shown["curve"], shown["exposure"])
    how = look(light, shown["denoise"], exposure, curve)
    with executor_for(options.workers, options.dask) as executor:
        page = render_orbit(
            read.scene, target, chosen, how, progress=not options.quiet, executor=executor
        )
    if not options.quiet:
        options.voice.say(f"saved           {page}")
    return DONE


def batch(options: argparse.Namespace) -> int:
    """`raywidget batch`: many pictures."""
    voice: Voice = options.voice
    chosen = given.quality(options) | given.chosen(options)
    share = None
    if options.share is not None:
        k, slash, n = options.share.partition("/")
        if not (slash and k.isdecimal() and n.isdecimal()):
            raise SettingsError(f"--share: expected K/N, such as 0/4, got {options.share!r}")
        share = int(k), int(n)
    things: list[Any] = []
    staging, names = given.staging(options), []
    for name in options.things:
        is_file = name not in presets.NAMES
        names.append(Path(name).stem)
        # A preset is no thing for a studio; a file that is missing is said where it is rendered.
        things.append((name, staging) if is_file else presets.preset(name))
    counted: dict[str, Any] = {}
    for name, thing in zip(names, things, strict=True):
        number = 2
        unique = name
        while unique in counted:
            unique, number = f"{name}-{number}", number + 1
        counted[unique] = thing
    with warnings.catch_warnings(record=True) as warned, ExitStack() as stack:
        warnings.simplefilter("always", RaywidgetWarning)
        made = render_many(
            counted,
            options.output,
            executor=stack.enter_context(executor_for(options.workers, options.dask)),
            suffix=options.suffix,
            share=share,
            progress=not options.quiet,
            **given.shown(options),
            **chosen,
        )
    for warning in warned:
        if not isinstance(warning.message, PictureWarning):
            voice.complain(f"warning: {one_line(warning.message)}")
    for item in made:
        if item.error is not None:
            voice.complain(f"{options.things[item.number]}: {one_line(item.error)}")
    if not options.quiet:
        words = ("done", "skipped", "failed")
        counts = {word: sum(item.status == word for item in made) for word in words}
        told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        voice.say(f"pictures        {told or 'none'}")
        voice.say(f"saved           {options.output}")
    return FAILED if any(item.error is not None for item in made) else DONE


def convert(options: argparse.Namespace) -> int:
    """`raywidget convert`: a scene as a file of another kind."""
    name = options.preset
    with _reading(options) as read:
        scene = load_scene(name) if given.is_file(options) else presets.preset(name)
        read.scene = scene
    notes = [*scene.notes, *scene.save(options.output)]
    for note in () if options.quiet else notes:
        options.voice.say(f"note            {note}")
    return DONE


def tell_about(options: argparse.Namespace) -> int:
    """`raywidget info`: versions, and what renders."""
    for name, what in about.describe().items():
        options.voice.say(f"{name:<15} {what}")
    return DONE


def list_scenes(options: argparse.Namespace) -> int:
    """`raywidget scenes`: the presets and their options."""
    width = max(map(len, presets.NAMES))
    for name, description in presets.describe().items():
        options.voice.say(f"{name:{width}}  {description}")
        for option, value in presets.options(name).items():
            shown = "" if value is None else value
            options.voice.say(f"{'':{width}}    --option {option}={shown}")
    return DONE


def warm_up(options: argparse.Namespace) -> int:
    """`raywidget warmup`: compile kernels now."""
    names = options.integrator or ["path"]
    warmup(integrators="all" if "all" in names else names, progress=True)
    return DONE


def _reading(options: argparse.Namespace) -> Reading:
    """Tells of the file that a command begins with, unless it is a preset or is to be quiet."""
    return Reading(options.preset if given.is_file(options) and not options.quiet else None)


def one_line(error: object) -> str:
    """A message without breaks."""
    return " ".join(str(error).split())
