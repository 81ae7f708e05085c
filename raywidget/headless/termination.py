"""SIGTERM, while a render keeps what it has in a file."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def heeding_termination() -> Iterator[None]:
    """Have SIGTERM do what Ctrl-C does; when that is done, the process ends by it.

    Only where nobody else cares for it, and in the main thread, where Python has signals handled.
    """
    heard = False

    def on_terminate(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard = True
        raise KeyboardInterrupt

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, on_terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if heard:
            signal.raise_signal(signal.SIGTERM)
