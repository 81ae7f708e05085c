"""What the stream needs of a render: a `Session`, and somebody who moves its camera."""

from __future__ import annotations

from typing import Protocol

from raywidget.engine.film.film import TileState
from raywidget.engine.film.tiles import Tile
from raywidget.engine.settings import RenderSettings
from raywidget.stream.protocol import CameraMove, Content, Question


class Tiles(Protocol):
    """Pixels, tile by tile: a film, or what is shown in its place."""

    width: int
    height: int
    tiles: tuple[Tile, ...]

    def versions(self) -> list[int]:
        """How often each tile has changed."""

    def read(self, tile: Tile) -> TileState:
        """What is in a tile, or in a rectangle within it."""


class View(Protocol):
    """One consistent look at a render."""

    @property
    def generation(self) -> int:
        """Counts restarts, from 1."""

    @property
    def settings(self) -> RenderSettings:
        """What is rendered; `spp` grows when more samples are asked for."""

    @property
    def film(self) -> Tiles | None:
        """Where the tiles are; None until the scene is compiled."""

    @property
    def state(self) -> str:
        """One of those that ``docs/protocol.md`` lists."""

    @property
    def message(self) -> str | None:
        """A line for the user."""


class Progress(Protocol):
    """How far a render is."""

    @property
    def samples(self) -> int:
        """Pixel samples taken."""

    @property
    def goal(self) -> int:
        """Pixel samples wanted in all."""

    @property
    def elapsed(self) -> float:
        """Seconds spent on them."""

    @property
    def rate(self) -> float:
        """Samples per second."""

    @property
    def noise(self) -> float | None:
        """Relative error of the picture, None while it is not known."""

    @property
    def denoised(self) -> bool:
        """Is what pages see without noise, and no measurement?"""


class Source(Protocol):
    """A render: what it shows, and the buttons that a browser may press."""

    def current(self) -> View:
        """What it is and does now."""

    def progress(self) -> Progress:
        """How far it is now."""

    def pause(self) -> object:
        """Rest; the film stays."""

    def resume(self) -> object:
        """Go on."""

    def stop(self) -> object:
        """End before the goal; the film stays."""

    def restart(self) -> object:
        """Begin anew, as a new generation."""

    def extend(self, spp: int) -> object:
        """Take so many more samples per pixel."""

    def describe(self) -> Content | None:
        """What else a page has to know: see `begin` in ``docs/protocol.md``."""

    def move_camera(self, move: CameraMove) -> object:
        """Show coarsely what the camera sees from there."""

    def settle_camera(self) -> object:
        """It has come to rest: render what it sees."""

    def answer(self, question: Question) -> object:
        """Do what a page asks for; what there is to say goes through `Pump.say`, soon."""
