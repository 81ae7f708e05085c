"""What can be written on the command line, and what helps to write it."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import raywidget
from raywidget import presets
from raywidget.cli import commands
from raywidget.cli.given import CHANGEABLE, QUALITIES
from raywidget.engine.film.filters import FILTERS
from raywidget.engine.settings import AOVS, INTEGRATORS, SAMPLERS, RenderSettings
from raywidget.picture.curves import CURVE_NAMES
from raywidget.picture.denoising import METHODS
from raywidget.staging.lights import LIGHTS
from raywidget.terminal import Voice

_SETTINGS = tuple(field.name for field in dataclasses.fields(RenderSettings))
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
    "caustics": "find the light that metal and glass gather from the lights, too",
    "clamp_indirect": "bound what single paths of indirect light bring, such as 10: biased",
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


def make_parser(voice: Voice) -> argparse.ArgumentParser:
    """All commands and options; each command's `run` is in `commands`."""

    class Parser(argparse.ArgumentParser):
        """One whose help is lost as everything else is, where nobody can hear it."""

        def _print_message(self, message: str, file: Any = None) -> None:
            if file is None or file is sys.stdout:
                voice.say(message.rstrip("\n"))
            else:
                super()._print_message(message, file)

    parser = Parser(prog="raywidget", description="A physically based path tracer.")
    parser.add_argument("--version", action="version", version=raywidget.__version__)
    kinds = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = kinds.add_parser("scenes", help="list the presets")
    listing.set_defaults(run=commands.list_scenes)

    about = kinds.add_parser(
        "info",
        help="tell what is installed, and which machine code renders",
        description="Tell versions, the processor, and where the machine code of kernels is.",
    )
    about.set_defaults(run=commands.tell_about)

    warming = kinds.add_parser(
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
    warming.set_defaults(run=commands.warm_up)

    command = kinds.add_parser(
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
        "--until",
        metavar="FILE",
        help="a scene like the first one, which it becomes while the shutter is open: what differs "
        "is blurred by its motion",
    )
    command.add_argument(
        "--shutter",
        nargs=2,
        type=float,
        metavar=("OPEN", "CLOSE"),
        help="with --until: when the shutter opens and closes, on a way of 0 to 1 (default 0 1)",
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
    _add_paper(command)
    command.add_argument(
        "--like",
        metavar="PICTURE",
        type=Path,
        help="the settings that this picture was rendered with; what else is given counts more",
    )
    told = "take the noise out in the end; the true pixels are a layer of .exr and .npz"
    _add_denoise(command, None, told)
    _add_quiet(command, "no progress, no notes, no statistics")
    _add_surroundings(command)
    group = command.add_argument_group(
        "settings", "A preset or a file may bring others than the defaults told here."
    )
    _add_quality(group)
    _add_settings(group, _SETTINGS)
    command.set_defaults(run=commands.render_one)

    command = kinds.add_parser(
        "resume",
        help="go on with a render from its checkpoint",
        description="Go on with a render that was broken off; as raywidget.resume().",
    )
    command.add_argument("checkpoint", metavar="FILE", type=Path, help="as given to --checkpoint")
    command.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="file; by default FILE's name with .png"
    )
    command.add_argument("--keep", action="store_true", help="as for render")
    _add_paper(command)
    _add_executor(command)
    _add_checkpoint_seconds(command)
    _add_denoise(command, None, "as for render")
    _add_quiet(command, "no progress, no notes, no statistics")
    command.add_argument("--exposure", type=float, metavar="X", help="in stops")
    command.add_argument("--curve", choices=sorted(CURVE_NAMES), help="tone curve")
    group = command.add_argument_group("settings (by default those that it was begun with)")
    _add_settings(group, CHANGEABLE)
    command.set_defaults(run=commands.resume_one)

    command = kinds.add_parser(
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
    _add_denoise(command, False)
    _add_quiet(command, "no progress, no statistics")
    _add_surroundings(command)
    group = command.add_argument_group("settings (for all; by default those of each)")
    _add_quality(group)
    _add_settings(group, _SETTINGS)
    command.set_defaults(run=commands.batch)

    command = kinds.add_parser(
        "turntable",
        help="render a film of a preset or a file, seen from all round",
        description="Render a film; as raywidget.turntable().",
    )
    _add_thing(command)
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
    command.add_argument(
        "--shutter",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="of a frame's time, in which it is exposed: 0 to 1 (default 0: no motion blur)",
    )
    command.add_argument("--quality", type=int, default=80, help="0 to 100 (default 80)")
    command.add_argument(
        "--keep-frames",
        action="store_true",
        help="leave the finished frames in OUTPUT.frames; there, they are not rendered again",
    )
    _add_denoise(command, False)
    _add_quiet(command, "say nothing")
    _add_surroundings(command)
    group = command.add_argument_group("settings (defaults: those of the preset)")
    _add_settings(group, _SETTINGS)
    command.set_defaults(run=commands.turn)

    command = kinds.add_parser(
        "orbit",
        help="render a page of a preset or a file that is turned by hand",
        description="Render views from all round into one HTML file; as raywidget.to_html().",
    )
    _add_thing(command)
    command.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="page; by default its name with .html"
    )
    command.add_argument(
        "--views",
        type=int,
        nargs=2,
        default=(24, 3),
        metavar=("ROUND", "HEIGHTS"),
        help="how many round it, and at how many heights (default 24 3)",
    )
    command.add_argument(
        "--arc",
        type=float,
        default=360.0,
        metavar="X",
        help="degrees that they span (default 360); less, for what has a front only",
    )
    command.add_argument(
        "--elevations",
        type=float,
        nargs="+",
        metavar="X",
        help="heights in degrees above the horizon, in place of the number of them",
    )
    command.add_argument(
        "--fit",
        action=argparse.BooleanOptionalAction,
        help="look from so far away that all of it is in all views (default: of files)",
    )
    command.add_argument("--quality", type=int, default=80, help="0 to 100 (default 80)")
    command.add_argument(
        "--megabytes",
        type=float,
        metavar="X",
        help="how large the file may be; quality is lowered until it fits",
    )
    command.add_argument(
        "--fragment", action="store_true", help="write only what goes into another page"
    )
    command.add_argument("--title", metavar="TEXT", help="what is seen (default: the page's name)")
    _add_denoise(command, True, "how to take the noise out, which is done")
    command.add_argument(
        "--no-denoise", dest="denoise", action="store_false", help="leave the noise as it is"
    )
    _add_quiet(command, "say nothing")
    _add_surroundings(command)
    group = command.add_argument_group(
        "settings (defaults: at most 480 pixels a side, 32 samples per pixel)"
    )
    _add_settings(group, [name for name in _SETTINGS if name != "region"])
    command.set_defaults(run=commands.orbit)

    command = kinds.add_parser(
        "convert",
        help="write a preset or a file as glTF",
        description="Read a file of a mesh or a scene, or make a preset, and write it as glTF 2.0.",
    )
    _add_preset(command)
    command.add_argument("output", metavar="OUTPUT", type=Path, help="file (.glb .gltf)")
    _add_quiet(command, "no notes")
    command.set_defaults(run=commands.convert)

    command = kinds.add_parser(
        "show",
        help="show a preset or a file live, in JupyterLab",
        description="Open JupyterLab on a notebook that shows a preset or a file.",
    )
    _add_preset(command)
    command.add_argument("--no-browser", action="store_true", help="only print the address to open")
    _add_staging(command)
    _add_quality(command)
    command.set_defaults(run=commands.show)
    return parser


def _add_preset(command: argparse.ArgumentParser) -> None:
    command.add_argument("preset", metavar="PRESET|FILE", help="as for render")


def _add_thing(command: argparse.ArgumentParser) -> None:
    _add_preset(command)
    command.add_argument("--option", metavar="NAME=VALUE", action="append", default=[])


def _add_paper(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dpi",
        type=float,
        metavar="N",
        help="pixels per inch: how large the picture is on paper (all but .npy, .npz and .hdr)",
    )
    command.add_argument(
        "--bits",
        type=int,
        choices=(8, 16),
        default=8,
        help="of each channel of a .png or .tif (default 8)",
    )


def _add_quiet(command: argparse.ArgumentParser, told: str) -> None:
    command.add_argument("--quiet", action="store_true", help=told)


def _add_denoise(
    command: argparse.ArgumentParser, default: bool | None, told: str | None = None
) -> None:
    command.add_argument(
        "--denoise", nargs="?", const=True, default=default, choices=METHODS, help=told
    )


def _add_surroundings(command: argparse.ArgumentParser) -> None:
    """Who renders, where the thing stands, and how the picture is shown."""
    _add_executor(command)
    _add_staging(command)
    _add_display(command)


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


def _add_display(command: argparse.ArgumentParser) -> None:
    display = command.add_argument_group("display")
    display.add_argument("--exposure", type=float, metavar="X", help="in stops (default 0)")
    display.add_argument("--curve", choices=sorted(CURVE_NAMES), help="tone curve (default srgb)")


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
        metavar="COLOUR|FILE",
        help='a name or sRGB, such as white or "#202830" (default: white), or a picture',
    )
    group.add_argument(
        "--ground",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a ground below it that catches its shadow (default: yes, for what has no light)",
    )
    group.add_argument(
        "--shadow",
        dest="ground",
        action="store_const",
        const="shadow",
        help="of the ground, the shadow alone; with --alpha, for slides",
    )


def _add_quality(group: Any) -> None:
    told = "; ".join(
        f"{name}: {values['spp']} samples per pixel"
        + (f" or a noise of {values['noise']}" if "noise" in values else "")
        for name, values in QUALITIES.items()
    )
    group.add_argument(
        "--quality", choices=tuple(QUALITIES), help=f"{told}; what else is given counts more"
    )


def _help_of(field: dataclasses.Field[Any]) -> str:
    """What a setting is, and what it is if nothing is said."""
    told, default = _HELP[field.name], field.default
    if default is None or default is dataclasses.MISSING or "by default" in told:
        return told
    word = {True: "yes", False: "no"}.get(default, default) if field.type == "bool" else default
    return f"{told} (default {word})"


def _add_settings(group: Any, names: Collection[str]) -> None:
    for field in dataclasses.fields(RenderSettings):
        if field.name in names:
            _add_setting(group, field)


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
