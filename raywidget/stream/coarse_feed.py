"""What pages see while a camera moves, or kernels are compiled: coarse pictures, sketches."""

from __future__ import annotations

import math

from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.picture.development import choose_exponent
from raywidget.stream.encoders import DRAFT, ENCODERS, EXACT
from raywidget.stream.flow import Flow
from raywidget.stream.news import Send
from raywidget.stream.outgoing import make_coarse
from raywidget.stream.source import View

COARSE_EVERY = 1 / 40  # seconds between two coarse pictures: pages see no more
COARSE_OTHERS = 1 / 12  # ... if pages look on that don't answer each
COARSE_NARROW = 1 / 8  # ... over a narrow link


class CoarseFeed:
    """The newest coarse picture, on its way to the pages.

    Parameters
    ----------
    flow : Flow
        Who listens.
    send : callable
        ``send(content, buffers)``.
    epoch : int
        The random number of this conversation.
    """

    def __init__(self, flow: Flow, send: Send, *, epoch: int) -> None:
        self.picture: CoarsePicture | None = (
            None  # the newest, to be sent; other threads put it here
        )
        self._flow = flow
        self._send = send
        self._epoch = epoch
        self._said_at = -math.inf
        self._sketch_said: CoarsePicture | None = None  # to all who are here

    def say_again(self) -> None:
        """Somebody has come who has seen no sketch."""
        self._sketch_said = None

    def offer(self, picture: CoarsePicture) -> None:
        """Have a coarse picture sent, the newest only. From any thread."""
        waiting = self.picture
        if picture.sketched and waiting is not None and not waiting.sketched:
            return  # what was rendered has overtaken it
        self.picture = picture

    def say(self, view: View, now: float) -> float:
        """Send the newest coarse picture: one message, which nobody repeats if it gets lost.

        Returns
        -------
        float
            Seconds until there may be something to send without news; may be infinite.
        """
        picture = self.picture
        if picture is None or picture is self._sketch_said:
            return math.inf
        flow = self._flow
        looking = flow.closed_loop() or (flow.open_loop() and not flow.exhausted())
        # There is nothing but a sketch until the scene is compiled: who comes later sees it, too.
        only = picture.sketched and view.film is None
        if only and not looking:
            return math.inf
        if picture.generation < view.generation or not looking or picture.sketched > only:
            self.picture = None
            return math.inf
        # A page that moves the camera says how fast it sees; others can only be guessed at.
        watching = sum(client.live and client.visible for client in flow.clients.values())
        others = COARSE_NARROW if flow.window.narrow else COARSE_OTHERS
        pause = COARSE_EVERY if picture.client and watching == 1 else others
        if now < self._said_at + pause:
            return self._said_at + pause - now
        if only:
            self._sketch_said = picture
        elif self.picture is picture:  # else another thread has put a newer one there
            self.picture = None
        rows, columns, _ = picture.pixels.shape
        exponent = choose_exponent(picture.pixels)
        encoding = DRAFT if flow.window.narrow else EXACT
        pixels = ENCODERS[encoding](picture.pixels, 0, exponent)
        content = make_coarse(
            epoch=self._epoch,
            generation=picture.generation,
            size=(picture.width, picture.height),
            tile=picture.tile,
            columns=columns,
            rows=rows,
            exponent=exponent,
            encoding=encoding,
            client=picture.client,
            number=picture.number,
            denoised=picture.denoised,
        )
        self._said_at = now
        self._send(content, [pixels])
        return math.inf if self.picture is None or self.picture is self._sketch_said else pause
