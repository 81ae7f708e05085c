"""Fixtures of all tests; it also puts this folder on the path, for `kernel_drivers`."""

import signal
import threading
import time

import pytest
from hypothesis import settings

# Machines are shared and noisy: no time limits. The same examples in each run: a failure is a fact.
settings.register_profile("raywidget", deadline=None, derandomize=True)
settings.load_profile("raywidget")

# Where tests are started in the background, shells have Ctrl-C ignored; tests of it need it.
signal.signal(signal.SIGINT, signal.default_int_handler)


def workers():
    """Living threads that render."""
    return [t.name for t in threading.enumerate() if t.name.startswith("raywidget-worker")]


@pytest.fixture
def no_workers_left():
    """Fail if a test leaves a rendering thread behind."""
    yield
    deadline = time.monotonic() + 60.0
    while workers() and time.monotonic() < deadline:  # of a session that was just let go of
        time.sleep(0.01)
    assert workers() == []
