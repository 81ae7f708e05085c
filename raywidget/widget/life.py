"""How a widget ends: replaced by its cell's next run, closed by the page, by the user, at exit."""

from __future__ import annotations

import threading
import weakref

from raywidget.engine.session.session import Session
from raywidget.stream.pump import Pump
from raywidget.widget.denoising import Denoising
from raywidget.widget.recording import Recorder
from raywidget.widget.shown import Shown
from raywidget.widget.static_image import Still
from raywidget.widget.timeline import Timeline
from raywidget.widget.value_channel import ValueChannel

# The widgets that may have to make room, see `replace_earlier`.
_open_widgets: weakref.WeakSet[Shown] = weakref.WeakSet()


def replace_earlier(widget: Shown) -> None:
    """Close what earlier runs of the same cell made: nobody sees it, and it would go on for ever.

    ipywidgets keeps every widget until it is closed, so that no collector ends it.
    """
    made_by = widget._made_by
    if made_by is None:
        return
    for other in list(_open_widgets):
        earlier = other._made_by
        if earlier is not None and earlier.cell == made_by.cell and earlier.run != made_by.run:
            other.close()
            _open_widgets.discard(other)
    _open_widgets.add(widget)


def close_elsewhere(this: weakref.ref[Shown]) -> None:
    """The front end has closed the comm: end, but not in Jupyter's thread."""

    def close() -> None:
        widget = this()
        if widget is not None:
            widget.close()

    threading.Thread(target=close, name="raywidget-closer", daemon=True).start()


def shut_down(
    session: Session,
    pump: Pump,
    still: Still,
    denoising: Denoising,
    values: ValueChannel,
    timeline: Timeline | None,
    recorder: Recorder,
) -> None:
    """End all threads; it must not know the widget.

    `close` calls it. ipywidgets keeps every open widget in a table, so nothing is collected before
    it is closed; the finalizer is for the interpreter's exit, and for hosts without such a table.
    """
    recorder.close()
    if timeline is not None:
        timeline.close()
    denoising.close()
    values.close()
    session.close()
    pump.close()
    still.close()
