"""What pages and observers are told, by threads that know the widget by a weak reference only."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial

import traitlets

from raywidget.engine.darkness import explain_darkness
from raywidget.engine.picking import Pick
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.picture.image import Image
from raywidget.stream.conversation import Disconnected
from raywidget.stream.inbox import MAX_CLIENTS
from raywidget.stream.protocol import Content
from raywidget.stream.pump import Pump
from raywidget.widget.recording import Shot
from raywidget.widget.shown import Shown


def send(this: weakref.ref[Shown], content: Content, buffers: list[bytes]) -> None:
    """The pump's way out."""
    widget = this()
    if widget is None or widget.comm is None or getattr(widget.comm, "_closed", False):
        raise Disconnected
    widget.send(content, buffers)


def announce(this: weakref.ref[Shown], state: str) -> None:
    """A new status, or that of a new render, in the pump's thread.

    The page and whoever observes it in Python are told.
    """
    widget = this()
    if widget is None or widget.comm is None:
        return
    old, widget._last_status = widget._last_status, state
    if state != old:
        change = traitlets.Bunch(name="status", old=old, new=state, owner=widget, type="change")
        widget._observers.call(lambda: _notify(widget, change))
    if state == "done":
        widget._observers.call(partial(look_for_light, this))
    widget._still.wake()
    if state != old:
        widget.send_state("status")  # reads and sends, but sets nothing


def look_for_light(this: weakref.ref[Shown]) -> str | None:
    """Why the finished picture is black, if it is: for the page, and for whoever waits."""
    widget = this()
    if widget is None:
        return None
    session = widget._session
    view, exposure = session.current(), widget.exposure
    if view.state != "done":
        return None
    with widget._dark_lock:
        picture = (view.generation, view.settings.spp, exposure)
        if widget._dark[0] != picture:
            widget._dark = (picture, explain_darkness(session.run(), exposure))
        dark = widget._dark[1]
    session.remark(view.generation, dark)
    return dark


def look(this: weakref.ref[Shown], coarse: CoarsePicture | None) -> Image | None:
    """The picture, or a coarse one, with the display settings of the widget."""
    widget = this()
    if widget is None or coarse is None:
        return None if widget is None else widget.image
    exposure, curve, channel = widget.exposure, widget.curve, widget.channel
    return Image(coarse.pixels, spp=1, exposure=exposure, curve=curve, channel=channel)


def keep_snapshot(this: weakref.ref[Shown]) -> None:
    """Bring the picture in the state up to date that pages hold of the widget."""
    widget = this()
    if widget is not None and widget.comm is not None:
        widget.send_state("_snapshot")  # reads and sends, but sets nothing


def _notify(widget: Shown, change: traitlets.Bunch) -> None:
    try:
        # Not the widget's own notify_change, which would send the trait once more.
        traitlets.HasTraits.notify_change(widget, change)
    except Exception:
        widget.log.exception("raywidget: an observer of %s failed", change.name)


def tell_time(this: weakref.ref[Shown], rendered: bool) -> None:
    """Another time is shown, or is to be: for the page, and for whoever observes it."""
    widget = this()
    if widget is None:
        return
    names = ("time", "playing", "scene", "camera") if rendered else ("time", "playing")
    for name in names:
        notify_if_changed(this, name)
    if widget.comm is None or getattr(widget.comm, "_closed", False):
        return
    if rendered or widget._describe(widget.scene)["bars"]:
        widget.send_state("_overlay")  # reads and sends, but sets nothing
    widget.send_state("_timeline")


def shoot(this: weakref.ref[Shown]) -> Shot | None:
    """What is shown, for a film of it."""
    widget = this()
    if widget is None:
        return None
    line = widget._line
    return Shot(
        scene=widget._session.scene,
        settings=widget._session.current().settings,
        denoise=widget.denoise,
        exposure=widget.exposure,
        curve=widget.curve,
        scene_at=None if line is None else line.scene_at,
        times=0 if line is None else len(line.times),
        fps=1.0 if line is None else line.fps,
    )


def tell_recording(this: weakref.ref[Shown]) -> None:
    """How far a film is, for the page."""
    widget = this()
    if widget is not None and widget.comm is not None:
        widget.send_state("_recording")  # reads and sends, but sets nothing


class Listener:
    """Hears what a page does, and knows the widget by a weak reference."""

    def __init__(self, this: weakref.ref[Shown], pump: Pump) -> None:
        self._this = this
        self.say = pump.say
        self.send_file = pump.send_file

    def picture(self) -> Image | None:
        """The picture with its display settings; None when there is no widget any more."""
        widget = self._this()
        return None if widget is None else widget.image

    def changed(self, name: str) -> None:
        """A computed trait has another value."""
        notify_if_changed(self._this, name)

    def values_changed(self, client: int, number: int) -> None:
        """Tell the page what stands over the picture, and that this is the answer."""
        widget = self._this()
        if widget is None:
            return
        others = {c: n for c, n in widget._answered.items() if c != client}
        newest = list(others.items())[1 - MAX_CLIENTS :]
        widget._answered = dict([*newest, (client, number)])  # others read it: never changed
        if widget.comm is not None:
            widget.send_state("_overlay")  # reads and sends, but sets nothing

    def picked(self, pick: Pick) -> None:
        """The user clicked on a pixel."""
        widget = self._this()
        if widget is None:
            return
        for callback in list(widget._on_pick):
            widget._observers.call(partial(_call_back, widget, callback, pick))


def _call_back(widget: Shown, callback: Callable[[Pick], object], pick: Pick) -> None:
    try:
        callback(pick)
    except Exception:
        widget.log.exception("raywidget: a callback of on_pick failed")


def notify_if_changed(this: weakref.ref[Shown], name: str) -> None:
    """Tell those who observe a computed trait, in a thread of their own, and the page."""
    widget = this()
    if widget is None:
        return
    new = getattr(widget, name)
    old = widget._last_seen.get(name)
    if new is old or (isinstance(new, int | float) and new == old):
        return
    widget._last_seen[name] = new
    change = traitlets.Bunch(name=name, old=old, new=new, owner=widget, type="change")
    widget._observers.call(lambda: _notify(widget, change))
    if name in ("width", "height") and widget.comm is not None:
        widget.send_state(name)
