"""What a session tells about itself, and what it throws away at a restart."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.film import Film, FilmState
from raywidget.engine.film.tiles import Tile
from raywidget.engine.session.aovs import Aovs
from raywidget.engine.session.guides import Guides
from raywidget.engine.session.schedule import Schedule
from raywidget.engine.session.values import ValueColors
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

COMPILING = "compiling"
RUNNING = "running"
PAUSED = "paused"
DONE = "done"
STOPPED = "stopped"
FAILED = "failed"
CLOSED = "closed"
ENDED = (DONE, STOPPED, FAILED, CLOSED)


class TileUpdate(NamedTuple):
    """A tile has reached the end of a pass and can be read from the film."""

    generation: int
    pass_index: int
    tile: Tile
    spp: int
    settled: bool = True  # False: light from other tiles is still to come, and another update


class Progress(NamedTuple):
    """How far a render is."""

    samples: int  # pixel samples taken
    goal: int  # pixel samples wanted
    elapsed: float  # seconds of rendering, without compilation and pauses
    rate: float  # samples per second
    rays: int
    noise: float | None = None  # `Image.noise` as of the last whole pass; None before two samples
    denoised: bool = False  # is what is shown without noise? For those who show it


class Current(NamedTuple):
    """One consistent view of a session."""

    generation: int
    settings: RenderSettings
    film: Film | None  # None until the scene has been compiled
    state: str
    message: str | None


class Spent(NamedTuple):
    """What a render has taken so far."""

    seconds: float = 0.0
    rays: int = 0
    dropped: int = 0  # samples that were not finite


class ResumeState(NamedTuple):
    """What an `Image` or a checkpoint carries so that its render can be gone on with."""

    scene: Scene
    settings: RenderSettings
    film: FilmState
    shares: Mapping[int, NDArray[np.float64]] | None = None  # of adaptive ones, in checkpoints
    spent: Spent | None = None


class Run:
    """One generation: everything that a restart throws away."""

    def __init__(
        self,
        generation: int,
        scene: Scene,
        settings: RenderSettings,
        previous: Renderer | None = None,
    ) -> None:
        self.previous = previous  # whose tables may be used again
        self.generation = generation
        self.scene = scene
        self.settings = settings
        self.film = Film(*settings.window[2:], settings.tile_size, settings.alpha)
        self.cancel = np.zeros(1, np.uint8)
        self.renderer: Renderer | None = None  # None until compiled
        self.schedule: Schedule | None = None
        self.compiling = False
        self.aovs = Aovs()
        self.guides = Guides()
        self.values = ValueColors()
        self.shares: dict[int, NDArray[np.float64]] = {}  # of tiles, see `adaptive.plan_shares`
        self.noise: float | None = None
        self.passes_measured = 0  # after so many passes `noise` was estimated last
        self.spp_measured = 0
        self.measured_at = time.monotonic()  # when that was, or when the run was begun
        self.spp_to_measure = 0  # if > 0, `noise` is older than that, since nobody listens
        self.caller_allows: float = math.inf  # index of the last pass that may begin
        self.noise_allows: float = math.inf
        self.closing = 0  # workers that do what belongs to the end of a pass, or of the render
        self.settled = True  # False: tiles have changed since they were told of, by splats
        self.samples = 0
        self.taken = 0  # samples taken in this session, without those of a resumed image
        self.rays = 0
        self.dropped = 0
        self.elapsed = 0.0
        self.since: float | None = None  # when the clock was last started
        self.seconds_per_sample = 0.0  # of one pixel, a running estimate for the size of calls

    def take_up(self, resume: ResumeState) -> None:
        """Start from the samples of an earlier render.

        Raises
        ------
        PictureError
            If they are not of the picture that is asked for.
        """
        is_like = isinstance(self.scene, Moving) and self.scene.is_like(resume.scene)
        if resume.scene is not self.scene and not is_like:
            raise PictureError(
                "resume: this image was rendered from another Scene object; pass the same one"
            )
        if self.settings.adaptive or resume.settings.adaptive:
            self._check_adaptive(resume)
        if changed := self.settings.other_samples(resume.settings):
            has, asked = (
                ", ".join(f"{name}={getattr(settings, name)!r}" for name in changed)
                for settings in (resume.settings, self.settings)
            )
            raise PictureError(
                "resume: settings that name the picture must stay the same (size, depth, seed, "
                f"sampler, integrator, alpha, ...); the image has {has}, asked for {asked}"
            )
        most = max(part.spp for part in resume.film.parts)
        if most > self.settings.spp:
            raise PictureError(
                f"resume: the image has {most} samples per pixel already, "
                f"spp must be at least that, got spp={self.settings.spp}"
            )
        if resume.film.tiles != self.film.tiles:
            self._check_tiles(resume)
        self.film.load(resume.film)
        self.samples = resume.film.samples()
        if resume.shares is not None:
            self.shares.update(resume.shares)
        if resume.spent is not None:
            self.taken = self.samples
            self.elapsed, self.rays, self.dropped = resume.spent

    def _check_adaptive(self, resume: ResumeState) -> None:
        """How samples were dealt out is known where a render broke off, for its own goal."""
        if resume.shares is None:
            raise PictureError("resume: a picture that is adaptive can't be gone on with")
        ours, theirs = self.settings, resume.settings
        if (ours.adaptive, ours.spp, ours.tile_size) != (
            theirs.adaptive,
            theirs.spp,
            theirs.tile_size,
        ):
            raise PictureError(
                "resume: what is adaptive goes on with its own settings only, "
                f"adaptive={theirs.adaptive}, spp={theirs.spp}, tile_size={theirs.tile_size}"
            )

    def _check_tiles(self, resume: ResumeState) -> None:
        spp = resume.film.spp
        for tile in self.film.tiles:
            part = spp[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width]
            if part.min() != part.max():
                raise PictureError(
                    "resume: an image that was stopped within a pass can only be resumed with its "
                    f"own tile_size={resume.settings.tile_size}"
                )
