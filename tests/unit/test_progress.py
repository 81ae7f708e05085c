"""What a log file is told of a render."""

import io
import sys
from types import SimpleNamespace

import raywidget as rw
from raywidget.progress import Lines


class FakeSession:
    """A render that is as far as it is said to be."""

    def __init__(self):
        self.state, self.samples, self.elapsed = "compiling", 0, 0.0

    def current(self):
        settings = SimpleNamespace(width=10, height=10, spp=64)
        return SimpleNamespace(state=self.state, settings=settings)

    def progress(self):
        rate = self.samples / self.elapsed if self.elapsed else 0.0
        return SimpleNamespace(samples=self.samples, goal=6400, elapsed=self.elapsed, rate=rate)


def follow(seconds, per_second, every=0.05):
    """The lines of a render that takes a while."""
    session, now, lines = FakeSession(), [0.0], []
    told = Lines(session, lines.append, lambda: now[0])
    session.state = "running"
    for k in range(int(seconds / every) + 1):
        now[0] = session.elapsed = k * every
        session.samples = min(6400, int(k * every * per_second))
        told.update()
    told.close()
    return lines


def test_a_line_at_each_tenth():
    lines = follow(seconds=100.0, per_second=64.0)
    assert len(lines) == 10  # 10 % to 90 %, and the end
    assert lines[0] == "raywidget: 10 %, 6.4 of 64 samples per pixel, 10 s so far, about 2 min left"
    assert lines[-1] == "raywidget: done, 64 samples per pixel in 2 min"


def test_a_line_every_half_a_minute_of_a_slow_render():
    lines = follow(seconds=310.0, per_second=1.0)
    assert len(lines) == 10 + 1
    assert lines[-1].startswith("raywidget: ended at 5 %, 3.1 samples per pixel in 5 min")


def test_a_quick_render_is_a_single_line():
    assert follow(seconds=1.0, per_second=6400.0) == [
        "raywidget: done, 64 samples per pixel in 1.0 s"
    ]


def test_compiling_is_said_once_if_it_takes_long():
    session, now, lines = FakeSession(), [0.0], []
    told = Lines(session, lines.append, lambda: now[0])
    told.update()
    assert lines == []
    for now[0] in (3.0, 4.0, 50.0):
        told.update()
    assert lines == ["raywidget: preparing the scene and its kernels"]


def test_render_writes_lines_into_a_file_and_no_bar(monkeypatch):
    log = io.StringIO()
    monkeypatch.setattr(sys, "stderr", log)
    rw.render(rw.presets.cornell(), width=16, height=16, spp=4, progress=True)
    text = log.getvalue()
    assert "\r" not in text
    assert text.endswith("\n")
    assert "raywidget: done, 4 samples per pixel in " in text


def test_without_standard_error_nothing_breaks(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert rw.render(rw.presets.cornell(), width=8, height=8, spp=1, progress=True).spp == 1


def test_a_terminal_gets_a_bar(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    log = Terminal()
    monkeypatch.setattr(sys, "stderr", log)
    rw.render(rw.presets.cornell(), width=16, height=16, spp=4, progress=True)
    assert "\r" in log.getvalue()
