"""The command line: parse and print; what is done is `render()`'s business.

Exit codes: 0 done, 1 the render failed or nothing could be written, 2 wrong arguments or input,
130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from raywidget.cli.arguments import make_parser
from raywidget.cli.commands import (
    DONE,
    FAILED,
    INTERRUPTED,
    TERMINATED,
    WRONG_INPUT,
    one_line,
)
from raywidget.errors import PictureError, RaywidgetError, SceneError, SettingsError
from raywidget.terminal import Signals, Terminated, Voice

__all__ = ["DONE", "FAILED", "INTERRUPTED", "TERMINATED", "WRONG_INPUT", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    voice, signals = Voice(), Signals()
    code = FAILED
    options = argparse.Namespace()
    try:
        with signals.listening():
            given = sys.argv[1:] if arguments is None else list(arguments)
            make_parser(voice).parse_args(_joined(given), options)
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
        voice.complain(one_line(error))
        code = WRONG_INPUT
    except RaywidgetError as error:
        voice.complain(one_line(error))
    except OSError as error:
        voice.complain(f"{type(error).__name__}: {one_line(error)}")
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
