"""What a command says, and what ends it: standard output that breaks, and signals."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any


class Terminated(KeyboardInterrupt):
    """SIGTERM came: who waits for a render stops as with Ctrl-C."""


class Voice:
    """Standard output and standard error, which may be closed, full or gone.

    What can't be said stops nothing: a picture is not lost because nobody reads its statistics.
    """

    def __init__(self) -> None:
        self.trouble: OSError | None = None  # why standard output is not written to any more

    def say(self, text: str) -> None:
        """A line on standard output."""
        if self.trouble is not None:
            return
        try:
            print(text)
        except OSError as error:
            self._give_up(error)

    def complain(self, text: str) -> None:
        """A line on standard error."""
        with contextlib.suppress(OSError, ValueError):
            print(f"raywidget: {text}", file=sys.stderr, flush=True)

    def end(self) -> bool:
        """Write what is still in buffers; False if standard output could not be written to.

        Whoever reads may stop: `head` has seen enough. That is no failure.
        """
        if self.trouble is None and sys.stdout is not None:
            try:
                sys.stdout.flush()
            except OSError as error:
                self._give_up(error)
        if self.trouble is None or isinstance(self.trouble, BrokenPipeError):
            return True
        self.complain(f"can't write to standard output: {self.trouble.strerror or self.trouble}")
        return False

    def _give_up(self, error: OSError) -> None:
        self.trouble = error
        # What is still in the buffer goes nowhere, or Python would try again at its end.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)


class Signals:
    """Turns SIGTERM into `Terminated`, once, while a command runs.

    In `finishing`, neither it nor Ctrl-C breaks off what is done.
    """

    def __init__(self) -> None:
        self.terminated = False
        self._busy = False
        self._interrupted = False

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Hear SIGTERM; only in the main thread, where Python has signals handled."""
        try:
            before: Any = signal.signal(signal.SIGTERM, self._on_terminate)
        except ValueError:
            yield
            return
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    @contextlib.contextmanager
    def finishing(self) -> Iterator[None]:
        """Let what is done here come to its end; a Ctrl-C that came meanwhile follows."""
        self._busy = True
        try:
            before: Any = signal.signal(signal.SIGINT, self._on_interrupt)
        except ValueError:
            before = None
        try:
            yield
        finally:
            self._busy = False
            if before is not None:
                signal.signal(signal.SIGINT, before)
        if self._interrupted:
            self._interrupted = False
            raise KeyboardInterrupt

    def follow(self) -> None:
        """Raise what SIGTERM asked for while something was finished, if it came then."""
        if self.terminated:
            raise Terminated

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        first, self.terminated = not self.terminated, True
        if first and not self._busy:
            raise Terminated

    def _on_interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
