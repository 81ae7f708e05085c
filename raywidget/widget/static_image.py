"""The picture that stays: a PNG beside the widget in the notebook's file.

A widget is nothing without its kernel, and most places that show notebooks have none: GitHub,
nbconvert, a notebook that isn't trusted, or one that is opened on the next day. So the widget is
displayed with a second output, a plain picture that is brought up to date until the render is
done. Where a live view of the widget stands before it, the front end hides it
(`js/src/face/static_image.js`); it knows it by the name of the widget, which is written into the
PNG.

The picture is never part of the widget's own output: to change that is to throw away the live
view, in the middle of whatever the user does with it.
"""

from __future__ import annotations

import contextlib
import io
import math
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

from raywidget.engine.film.film import Film
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.engine.session.run import Current
from raywidget.engine.session.session import Session
from raywidget.picture.image import Image

AT_ONCE = 0.15  # seconds that a cell waits for the first picture
LOOK_AGAIN = 0.01
SETTLING = 0.5  # seconds of rest after which the picture is taken for the last one
FIRST_UPDATE = 4.0  # seconds after which a render that goes on is kept once more;
FACTOR = 4.0  # each later time is so many times later
MOST_PIXELS = 1 << 20  # larger pictures are kept smaller
PLACEHOLDER_GREY, TEXT_GREY = 43, 170
TEXT_SHARE = 0.045  # of the picture's width, for each line of a placeholder

RESTS = ("paused", "done", "stopped", "failed", "closed")


def encode_still(image: Image, key: str) -> bytes:
    """A picture as it is shown, as PNG with the widget's name in it; large ones made smaller."""
    from PIL import Image as Pillow

    picture = Pillow.fromarray(image.to_uint8())
    factor = math.ceil(math.sqrt(image.width * image.height / MOST_PIXELS))
    if factor > 1 and image.alpha is not None:  # means of colours that count by their alpha
        picture = picture.convert("RGBa").reduce(factor).convert("RGBA")
    elif factor > 1:
        picture = picture.reduce(factor)
    return _encode(picture, key)


def encode_placeholder(width: int, height: int, text: str, key: str) -> bytes:
    """A picture that says why there is none yet."""
    from PIL import Image as Pillow
    from PIL import ImageDraw, ImageFont

    scale = min(1.0, math.sqrt(MOST_PIXELS / (width * height)))
    width, height = max(1, int(width * scale)), max(1, int(height * scale))
    picture = Pillow.new("RGB", (width, height), (PLACEHOLDER_GREY,) * 3)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(8.0, TEXT_SHARE * width))
    draw.text((width / 2, height / 2), text, (TEXT_GREY,) * 3, font, anchor="mm", align="center")
    return _encode(picture, key)


def _encode(picture: Any, key: str) -> bytes:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("raywidget", key)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", pnginfo=info)
    return buffer.getvalue()


class Still:
    """Keeps the picture beside a widget up to date, in a thread of its own.

    Parameters
    ----------
    session : Session
        The render.
    key : str
        The widget's name.
    look : callable
        Returns the picture as the widget shows it now, or a coarse one as it would show that.
    settled : callable
        Called when the render rests and the picture is kept, once for each picture, whether it was
        kept now or had been before: what is done when it is displayed is kept by that alone.
    """

    def __init__(
        self,
        session: Session,
        key: str,
        look: Callable[[CoarsePicture | None], Image | None],
        settled: Callable[[], None],
    ) -> None:
        self._session = session
        self._key = key
        self._look = look
        self._settled = settled
        self._news = threading.Event()
        self._closing = False
        self._coarse: CoarsePicture | None = None  # the newest; other threads put it here
        self._lock = threading.Lock()  # for all below
        self._thread: threading.Thread | None = None
        self._seen = False  # does a page show the widget?
        self._shown: tuple[object, ...] | None = None  # what the picture was made of
        self._told: tuple[object, ...] | None = None  # the picture that `settled` was called for

    @property
    def displayed(self) -> bool:
        """Is there a picture to be kept up to date?"""
        return self._shown is not None

    def coarse_ready(self, picture: CoarsePicture) -> None:
        """A coarse picture is there. Called by the workers. Sketches aren't worth keeping."""
        if not picture.sketched:
            self._coarse = picture

    def display(self) -> None:
        """Show the first picture, coarse if need be, or a placeholder if there is none soon."""
        deadline = time.monotonic() + AT_ONCE
        while self._coarse is None and time.monotonic() < deadline:
            view = self._session.current()
            if _is_whole(view.film) or view.state in RESTS:
                break
            time.sleep(LOOK_AGAIN)
        with self._lock:
            self._publish(update=False)
            self._start()

    def seen(self) -> None:
        """A page shows the widget, maybe as a part of another (`ipywidgets.VBox`).

        Then no picture stands beside it, but the page keeps one, too.
        """
        if self._seen:
            return
        with self._lock:
            self._seen = True
            self._start()
        self._news.set()

    def wake(self) -> None:
        """The state of the render has changed."""
        self._news.set()

    def settle(self) -> None:
        """Keep what there is now; at once, for those who read only while a cell runs."""
        with self._lock:
            if self._closing or not (self.displayed or self._seen):
                return
            if self.displayed:
                self._publish(update=True)
                shown = self._shown
            else:
                shown = self._look_now(self._session.current(), None)[1]
            if shown == self._told:
                return
        if self._session.current().state in RESTS:
            self._settled()
            with self._lock:
                self._told = shown

    def close(self, timeout: float = 1.0) -> None:
        """End the thread."""
        self._closing = True
        self._news.set()
        with self._lock:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)

    def _run(self) -> None:
        began, wait, kept = time.monotonic(), FIRST_UPDATE, False
        while not self._closing:
            rests = self._session.current().state in RESTS
            timeout = max(0.0, began + wait - time.monotonic())
            if rests:
                timeout = math.inf if kept else SETTLING
            news = self._news.wait(None if math.isinf(timeout) else timeout)
            self._news.clear()
            if news:
                if kept:
                    began, wait, kept = time.monotonic(), FIRST_UPDATE, False
                continue
            kept = rests
            wait *= FACTOR
            with contextlib.suppress(Exception):  # nobody is there to be told; next time may do
                self.settle()

    # --- The lock is held ------------------------------------------------------------------------

    def _start(self) -> None:
        """Begin the thread, once."""
        if self._thread is None and not self._closing:
            self._thread = threading.Thread(target=self._run, name="raywidget-still", daemon=True)
            self._thread.start()

    def _look_now(
        self, view: Current, coarse: CoarsePicture | None
    ) -> tuple[Image | None, tuple[object, ...]]:
        """The picture, None if there is none, and what it is made of."""
        if coarse is None and not _has_samples(view.film):
            return None, (view.generation, view.state)
        # Counted before the look: a tile that comes between is shown once more, never missed.
        versions = () if coarse is not None or view.film is None else view.film.versions()
        image = self._look(coarse)
        if image is None:
            return None, ()
        display = (image.curve, image.exposure, image.channel)
        return image, (view.generation, tuple(versions), display)

    def _publish(self, update: bool) -> None:
        """Show what there is, unless that was shown already."""
        view = self._session.current()
        coarse = self._coarse
        if _is_whole(view.film) or coarse is None or coarse.generation != view.generation:
            coarse = None
        image, made_of = self._look_now(view, coarse)
        if not made_of or (update and made_of == self._shown):
            return
        width, height = view.settings.width, view.settings.height
        if image is None:
            text = "compiling the kernels\n(first run)" if view.state == "compiling" else view.state
            png = encode_placeholder(width, height, text, self._key)
        else:
            png = encode_still(image, self._key)
        # A coarse picture is a sixteenth of the bytes, and shown as large as what takes its place.
        size = None if coarse is None else (width, height)
        _publish(png, f"raywidget-{self._key}", update, size)
        self._shown = made_of


def _has_samples(film: Film | None) -> bool:
    return film is not None and any(film.versions())


def _is_whole(film: Film | None) -> bool:
    return film is not None and all(film.versions())


def _publish(
    png: bytes, display_id: str, update: bool, size: tuple[int, int] | None = None
) -> None:
    """Display a picture or bring it up to date, at a size that differs from its own if given."""
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return
    shell.display_pub.publish(
        data={"image/png": b64encode(png).decode("ascii")},
        metadata={}
        if size is None
        else {"image/png": dict(zip(("width", "height"), size, strict=True))},
        transient={"display_id": display_id},
        update=update,
    )
