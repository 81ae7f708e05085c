"""The command line: parse and print; what is done is `render()`'s business.

Exit codes: 0 done, 1 the render failed or nothing could be written, 2 wrong arguments or input,
130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import shlex
import sys
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import raywidget
from raywidget import presets
from raywidget.animation import turntable
from raywidget.batch import render_many
from raywidget.engine import about
from raywidget.engine.backends.starting import executor_for
from raywidget.engine.film.filters import FILTERS
from raywidget.engine.settings import AOVS, INTEGRATORS, SAMPLERS, RenderSettings
from raywidget.engine.warming import warmup
from raywidget.errors import (
    PictureError,
    PictureWarning,
    RaywidgetError,
    RaywidgetWarning,
    SceneError,
    SettingsError,
)
from raywidget.headless import FinishedPass, render, resume, scene_and_settings
from raywidget.io.images import check_output
from raywidget.io.metadata import read_settings
from raywidget.io.rescue import rescue
from raywidget.lab import open_lab
from raywidget.picture.curves import CURVE_NAMES, check_display
from raywidget.picture.denoising import METHODS
from raywidget.picture.image import Image
from raywidget.staging.lights import LIGHTS
from raywidget.staging.studio import load_scene
from raywidget.terminal import Signals, Terminated, Voice

DONE, FAILED, WRONG_INPUT, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143

_CHOICES = {"integrator": INTEGRATORS, "sampler": SAMPLERS, "filter": FILTERS}
_HELP = {
    "width": "width in pixels",
    "height": "height in pixels",
    "region": "render this part only, from the upper left corner; equal to that part of the whole",
    "spp": "samples per pixel",
    "noise": "stop before that when the relative error is no larger, such as 0.02",
    "adaptive": "more samples where there is more noise",
    "max_depth": "longest path in edges; 1 shows emission, 2 adds direct light",
    "roulette": "end unpromising paths by Russian roulette",
    "next_event": "sample lights at every bounce",
    "integrator": "how light is found, or what is shown instead of light",
    "ao_distance": "how far occluders count for --integrator ao, in scene units",
    "sampler": "where random numbers come from",
    "filter": "which part of the picture a pixel shows",
    "filter_radius": "half width of the filter in pixels",
    "alpha": "a transparent background: only what is there is seen (.png, .exr, .npz, .npy)",
    "seed": "another seed, another noise",
    "aovs": "also save this (.exr, .npz); may be repeated",
    "passes": "number of passes; by default 1, 2, 4, ... samples in all",
    "tile_size": "side of a tile in pixels",
    "threads": "worker threads; by default one per core",
}


# What may change from checkpoint to checkpoint.
_CHANGEABLE = ("spp", "noise", "aovs", "passes", "threads")

# What `--quality` stands for; noise is a relative error.
_QUALITIES: dict[str, dict[str, Any]] = {
    "draft": {"spp": 16},
    "good": {"spp": 1024, "noise": 0.03},
    "best": {"spp": 16384, "noise": 0.01},
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    voice, signals = Voice(), Signals()
    code = FAILED
    options = argparse.Namespace()
    try:
        with signals.listening():
            given = sys.argv[1:] if arguments is None else list(arguments)
            _parser(voice).parse_args(_joined(given), options)
            options.voice, options.signals = voice, signals
            code = options.run(options)
    except SystemExit as exit_:  # help, the version, and wrong arguments
        if not voice.end():
            return FAILED
        raise exit_
    except Terminated:
        voice.complain(f"terminated{_how_to_go_on(options)}")
        code = TERMINATED
    except KeyboardInterrupt:
        voice.complain(f"interrupted{_how_to_go_on(options)}")
        code = INTERRUPTED
    except (SceneError, SettingsError, PictureError) as error:
        voice.complain(_one_line(error))
        code = WRONG_INPUT
    except RaywidgetError as error:
        voice.complain(_one_line(error))
    except OSError as error:
        voice.complain(f"{type(error).__name__}: {_one_line(error)}")
    return code if voice.end() or code != DONE else FAILED


def _how_to_go_on(options: argparse.Namespace) -> str:
    checkpoint: Path | None = getattr(options, "checkpoint", None)
    if checkpoint is None or not checkpoint.exists():
        return ""
    return f"; raywidget resume {shlex.quote(str(checkpoint))} goes on from here"


def _joined(arguments: list[str]) -> list[str]:
    """With `--up -z` as `--up=-z`: argparse takes what begins with a minus for an option."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--up" and word in ("-x", "-y", "-z"):
            joined[-1] = f"--up={word}"
        else:
            joined.append(word)
    return joined


def _parser(voice: Voice) -> argparse.ArgumentParser:
    class Parser(argparse.ArgumentParser):
        """One whose help is lost as everything else is, where nobody can hear it."""

        def _print_message(self, message: str, file: Any = None) -> None:
            if file is None or file is sys.stdout:
                voice.say(message.rstrip("\n"))
            else:
                super()._print_message(message, file)

    parser = Parser(prog="raywidget", description="A physically based path tracer.")
    parser.add_argument("--version", action="version", version=raywidget.__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("scenes", help="list the presets")
    listing.set_defaults(run=_list_scenes)

    about = commands.add_parser(
        "info",
        help="tell what is installed, and which machine code renders",
        description="Tell versions, the processor, and where the machine code of kernels is.",
    )
    about.set_defaults(run=_tell_about)

    warming = commands.add_parser(
        "warmup",
        help="compile all kernels now, so that nobody waits for them later",
        description="Compile kernels, and keep them on disk; when an image of a machine is built.",
    )
    warming.add_argument(
        "--integrator",
        action="append",
        choices=("all", *INTEGRATORS),
        help="for these, or all; may be repeated (default: path)",
    )
    warming.set_defaults(run=_warm_up)

    command = commands.add_parser(
        "render",
        help="render a preset or a file to a picture",
        description="Render a preset or a file; the same pixels as raywidget.render().",
    )
    command.add_argument(
        "preset",
        metavar="PRESET|FILE",
        help=f"a file of a mesh or a scene, or one of {', '.join(presets.NAMES)}",
    )
    command.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the preset, see `raywidget scenes`; may be repeated",
    )
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="file (.png .jpg .webp .exr ...); by default PRESET.png, or FILE's name with .png",
    )
    command.add_argument(
        "--save-passes",
        action="store_true",
        help="also save the picture after each pass but the last, as FILE_pass_01.png, ...",
    )
    command.add_argument(
        "--keep",
        action="store_true",
        help="on Ctrl-C or SIGTERM, save what is there (and exit with 130 or 143)",
    )
    command.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="keep what there is in this file all the time; if it is there, go on from it",
    )
    _add_checkpoint_seconds(command)
    command.add_argument(
        "--like",
        metavar="PICTURE",
        type=Path,
        help="the settings that this picture was rendered with; what else is given counts more",
    )
    command.add_argument(
        "--denoise",
        nargs="?",
        const=True,
        default=None,
        choices=METHODS,
        help="take the noise out in the end; the true pixels are a layer of .exr and .npz",
    )
    command.add_argument(
        "--quiet", action="store_true", help="no progress, no notes, no statistics"
    )
    _add_executor(command)
    _add_staging(command)
    _add_display(command)
    group = command.add_argument_group(
        "settings", "A preset or a file may bring others than the defaults told here."
    )
    _add_quality(group)
    for field in dataclasses.fields(RenderSettings):
        _add_setting(group, field)
    command.set_defaults(run=_render)

    command = commands.add_parser(
        "resume",
        help="go on with a render from its checkpoint",
        description="Go on with a render that was broken off; as raywidget.resume().",
    )
    command.add_argument("checkpoint", metavar="FILE", type=Path, help="as given to --checkpoint")
    command.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="file; by default FILE's name with .png"
    )
    command.add_argument("--keep", action="store_true", help="as for render")
    _add_executor(command)
    _add_checkpoint_seconds(command)
    command.add_argument("--denoise", nargs="?", const=True, choices=METHODS, help="as for render")
    command.add_argument(
        "--quiet", action="store_true", help="no progress, no notes, no statistics"
    )
    command.add_argument("--exposure", type=float, metavar="X", help="in stops")
    command.add_argument("--curve", choices=sorted(CURVE_NAMES), help="tone curve")
    group = command.add_argument_group("settings (by default those that it was begun with)")
    for field in dataclasses.fields(RenderSettings):
        if field.name in _CHANGEABLE:
            _add_setting(group, field)
    command.set_defaults(run=_resume)

    command = commands.add_parser(
        "batch",
        help="render many presets and files, each to a picture",
        description="Render many, and none that is there already; as raywidget.render_many().",
    )
    command.add_argument("things", metavar="PRESET|FILE", nargs="+", help="as for render")
    command.add_argument(
        "-o",
        "--output",
        metavar="FOLDER",
        type=Path,
        default=Path("pictures"),
        help="where the pictures and the log batch.jsonl are put (default pictures)",
    )
    command.add_argument("--suffix", default=".png", help="format of the pictures (default .png)")
    command.add_argument(
        "--share",
        metavar="K/N",
        help="only each N-th, from the K-th on (from 0): for N processes on any machines",
    )
    command.add_argument("--denoise", nargs="?", const=True, default=False, choices=METHODS)
    command.add_argument("--quiet", action="store_true", help="no progress, no statistics")
    _add_executor(command)
    _add_staging(command)
    _add_display(command)
    group = command.add_argument_group("settings (for all; by default those of each)")
    _add_quality(group)
    for field in dataclasses.fields(RenderSettings):
        _add_setting(group, field)
    command.set_defaults(run=_render_many)

    command = commands.add_parser(
        "turntable",
        help="render a film of a preset or a file, seen from all round",
        description="Render a film; as raywidget.turntable().",
    )
    command.add_argument("preset", metavar="PRESET|FILE", help="as for render")
    command.add_argument("--option", metavar="NAME=VALUE", action="append", default=[])
    command.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="film (.mp4 .mov .webm .gif .webp .apng, or %%04d.png); by default its name with .mp4",
    )
    command.add_argument("--seconds", type=float, default=6.0, help="how long (default 6)")
    command.add_argument("--fps", type=float, default=24.0, help="frames a second (default 24)")
    command.add_argument("--turns", type=float, default=1.0, help="how often round (default 1)")
    command.add_argument("--quality", type=int, default=80, help="0 to 100 (default 80)")
    command.add_argument(
        "--keep-frames",
        action="store_true",
        help="leave the finished frames in OUTPUT.frames; there, they are not rendered again",
    )
    command.add_argument("--denoise", nargs="?", const=True, default=False, choices=METHODS)
    command.add_argument("--quiet", action="store_true", help="say nothing")
    _add_executor(command)
    _add_staging(command)
    _add_display(command)
    group = command.add_argument_group("settings (defaults: those of the preset)")
    for field in dataclasses.fields(RenderSettings):
        _add_setting(group, field)
    command.set_defaults(run=_turn)

    command = commands.add_parser(
        "convert",
        help="write a preset or a file as glTF",
        description="Read a file of a mesh or a scene, or make a preset, and write it as glTF 2.0.",
    )
    command.add_argument("preset", metavar="PRESET|FILE", help="as for render")
    command.add_argument("output", metavar="OUTPUT", type=Path, help="file (.glb .gltf)")
    command.add_argument("--quiet", action="store_true", help="no notes")
    command.set_defaults(run=_convert)

    command = commands.add_parser(
        "show",
        help="show a preset or a file live, in JupyterLab",
        description="Open JupyterLab on a notebook that shows a preset or a file.",
    )
    command.add_argument("preset", metavar="PRESET|FILE", help="as for render")
    command.add_argument("--no-browser", action="store_true", help="only print the address to open")
    _add_staging(command)
    _add_quality(command)
    command.set_defaults(run=_show)
    return parser


def _add_executor(command: argparse.ArgumentParser) -> None:
    elsewhere = command.add_mutually_exclusive_group()
    elsewhere.add_argument(
        "--workers", type=int, metavar="N", help="render in N processes of this machine"
    )
    elsewhere.add_argument(
        "--dask", metavar="ADDRESS", help="render on a Dask cluster, such as tcp://127.0.0.1:8786"
    )


def _add_checkpoint_seconds(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--checkpoint-seconds",
        type=float,
        default=60.0,
        metavar="X",
        help="how often the checkpoint is written (default 60)",
    )


def _turn(options: argparse.Namespace) -> int:
    with executor_for(options.workers, options.dask) as executor:
        film = turntable(
            _thing(options),
            options.output or Path(f"{Path(options.preset).stem}.mp4"),
            seconds=options.seconds,
            fps=options.fps,
            turns=options.turns,
            quality=options.quality,
            keep_frames=options.keep_frames,
            executor=executor,
            **_shown(options),
            progress=not options.quiet,
            **_chosen(options),
            **_staging(options),
        )
    if not options.quiet:
        options.voice.say(f"saved           {film}")
    return DONE


def _render_many(options: argparse.Namespace) -> int:
    voice: Voice = options.voice
    chosen = _quality(options) | _chosen(options)
    share = None
    if options.share is not None:
        k, slash, n = options.share.partition("/")
        if not (slash and k.isdecimal() and n.isdecimal()):
            raise SettingsError(f"--share: expected K/N, such as 0/4, got {options.share!r}")
        share = int(k), int(n)
    things: list[Any] = []
    staging, names = _staging(options), []
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
            **_shown(options),
            **chosen,
        )
    for warning in warned:
        if not isinstance(warning.message, PictureWarning):
            voice.complain(f"warning: {_one_line(warning.message)}")
    for item in made:
        if item.error is not None:
            voice.complain(f"{options.things[item.number]}: {_one_line(item.error)}")
    if not options.quiet:
        words = ("done", "skipped", "failed")
        counts = {word: sum(item.status == word for item in made) for word in words}
        told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
        voice.say(f"pictures        {told or 'none'}")
        voice.say(f"saved           {options.output}")
    return FAILED if any(item.error is not None for item in made) else DONE


def _chosen(options: argparse.Namespace) -> dict[str, Any]:
    """Settings that were given."""
    names = [field.name for field in dataclasses.fields(RenderSettings)]
    return {name: value for name in names if (value := getattr(options, name)) is not None}


def _convert(options: argparse.Namespace) -> int:
    name = options.preset
    scene = load_scene(name) if _is_file(options) else presets.preset(name)
    notes = [*scene.notes, *scene.save(options.output)]
    for note in () if options.quiet else notes:
        options.voice.say(f"note            {note}")
    return DONE


def _add_display(command: argparse.ArgumentParser) -> None:
    display = command.add_argument_group("display")
    display.add_argument("--exposure", type=float, metavar="X", help="in stops (default 0)")
    display.add_argument("--curve", choices=sorted(CURVE_NAMES), help="tone curve (default srgb)")


def _shown(options: argparse.Namespace, like: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """How the picture is shown: as given, else as a picture's like, else as ever."""
    shown = {"exposure": 0.0, "curve": "srgb", "denoise": False, **(like or {})}
    given = {name: value for name in shown if (value := getattr(options, name)) is not None}
    return {**shown, **given}


def _like(place: Path) -> tuple[dict[str, Any], dict[str, Any]]:
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


def _add_staging(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("studio (for files; see raywidget.studio)")
    group.add_argument(
        "--up",
        choices=("x", "y", "z", "-x", "-y", "-z"),
        help="which axis of the file points up (default: y for glTF, OBJ and scenes, else z)",
    )
    group.add_argument(
        "--light", choices=tuple(LIGHTS), help="the studio's light (default: soft, or the file's)"
    )
    group.add_argument(
        "--view",
        nargs=3,
        type=float,
        metavar=("RIGHT", "UP", "FRONT"),
        help="where the camera stands, seen from the thing; only the direction counts "
        "(default: 1 0.6 1, or the file's camera)",
    )
    group.add_argument(
        "--background",
        metavar="COLOUR",
        help='a name or sRGB, such as white or "#202830" (default: white)',
    )
    group.add_argument(
        "--ground",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a ground below it that catches its shadow (default: yes, for what has no light)",
    )


def _add_quality(group: Any) -> None:
    told = "; ".join(
        f"{name}: {values['spp']} samples per pixel"
        + (f" or a noise of {values['noise']}" if "noise" in values else "")
        for name, values in _QUALITIES.items()
    )
    group.add_argument(
        "--quality", choices=tuple(_QUALITIES), help=f"{told}; what else is given counts more"
    )


def _quality(options: argparse.Namespace) -> dict[str, Any]:
    return {} if options.quality is None else dict(_QUALITIES[options.quality])


def _staging(options: argparse.Namespace) -> dict[str, Any]:
    words = ("up", "light", "view", "background", "ground")
    return {name: value for name in words if (value := getattr(options, name)) is not None}


def _is_file(options: argparse.Namespace) -> bool:
    """A preset's name never has a suffix, and wins over a file of the same name."""
    name: str = options.preset
    return name not in presets.NAMES and (bool(Path(name).suffix) or os.sep in name)


def _thing(options: argparse.Namespace) -> object:
    """The scene of a preset, or the path of a file."""
    if _is_file(options):
        return options.preset
    if staging := _staging(options):
        raise SceneError(f"--{min(staging)} is for files; {options.preset!r} is a preset")
    return presets.preset(options.preset, **_preset_options(options))


def _show(options: argparse.Namespace) -> int:
    path = options.preset
    if _is_file(options):
        path = os.path.abspath(os.path.expanduser(path))
        if not os.path.isfile(path):
            raise SceneError(f"there is no file {path!r}")
    elif path not in presets.NAMES:
        raise SceneError(f"{path!r} is neither a preset ({', '.join(presets.NAMES)}) nor a file")
    words = {**_staging(options), **_quality(options)}
    return open_lab(path, words, browser=not options.no_browser)


def _help_of(field: dataclasses.Field[Any]) -> str:
    """What a setting is, and what it is if nothing is said."""
    told, default = _HELP[field.name], field.default
    if default is None or default is dataclasses.MISSING or "by default" in told:
        return told
    word = {True: "yes", False: "no"}.get(default, default) if field.type == "bool" else default
    return f"{told} (default {word})"


def _add_setting(group: Any, field: dataclasses.Field[Any]) -> None:
    flag = "--" + field.name.replace("_", "-")
    if field.name == "aovs":
        group.add_argument(
            "--aov", action="append", choices=AOVS, dest="aovs", help=_HELP[field.name]
        )
    elif field.name == "region":
        group.add_argument(
            flag, type=int, nargs=4, metavar=("X", "Y", "WIDTH", "HEIGHT"), help=_HELP[field.name]
        )
    elif field.type == "bool":
        group.add_argument(
            flag, action=argparse.BooleanOptionalAction, default=None, help=_help_of(field)
        )
    elif field.name in _CHOICES:
        group.add_argument(flag, choices=_CHOICES[field.name], help=_help_of(field))
    elif "float" in str(field.type):
        group.add_argument(flag, type=float, metavar="X", help=_help_of(field))
    else:
        group.add_argument(flag, type=int, metavar="N", help=_help_of(field))


def _tell_about(options: argparse.Namespace) -> int:
    for name, what in about.describe().items():
        options.voice.say(f"{name:<15} {what}")
    return DONE


def _list_scenes(options: argparse.Namespace) -> int:
    width = max(map(len, presets.NAMES))
    for name, description in presets.describe().items():
        options.voice.say(f"{name:{width}}  {description}")
        for option, value in presets.options(name).items():
            shown = "" if value is None else value
            options.voice.say(f"{'':{width}}    --option {option}={shown}")
    return DONE


def _warm_up(options: argparse.Namespace) -> int:
    names = options.integrator or ["path"]
    warmup(integrators="all" if "all" in names else names, progress=True)
    return DONE


def _render(options: argparse.Namespace) -> int:
    if _is_file(options) and options.option:
        raise SceneError("--option is for presets, see --up and --light for files")
    voice: Voice = options.voice
    thing = _thing(options)
    output = options.output or Path(f"{Path(options.preset).stem}.png")
    check_output(output)  # before an hour of rendering, not after
    like, like_shown = ({}, {}) if options.like is None else _like(options.like)
    chosen = like | _quality(options) | _chosen(options)
    shown = _shown(options, like_shown)
    lost = False

    def save_pass(finished: FinishedPass) -> None:
        nonlocal lost
        if finished.pass_index + 1 < finished.pass_count:
            name = f"{output.stem}_pass_{finished.pass_index + 1:02d}{output.suffix}"
            try:
                finished.image.save(output.with_name(name), shown["exposure"], shown["curve"])
            except PictureError as error:  # the render is worth more than this one
                lost = True
                voice.complain(_one_line(error))

    scene, settings = scene_and_settings(thing, {**chosen, **_staging(options)})
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
        voice.complain(f"warning: {_one_line(warning.message)}")
    with options.signals.finishing():
        return _keep(options, image, output, lost)


def _resume(options: argparse.Namespace) -> int:
    voice: Voice = options.voice
    output = options.output or Path(f"{options.checkpoint.stem}.png")
    check_output(output)
    chosen = {n: v for n in _CHANGEABLE if (v := getattr(options, n)) is not None}
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
        voice.complain(f"warning: {_one_line(warning.message)}")
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
    try:
        image.save(output)
    except PictureError as error:
        place = rescue(output.stem, image.save)
        where = "" if place is None else f"; the picture is in {place}"
        voice.complain(f"{_one_line(error)}{where}")
        return FAILED
    if not options.quiet:
        _print_statistics(voice, image, output)
    if broken_off:
        voice.complain(f"{word}; {output} has what was there")
        return code
    return FAILED if lost else DONE


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


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
