"""Coarse pictures: what is seen while the camera moves, and before the first tiles are there.

They are a product of their own: small, with few bounces, rendered anew as a whole for each camera,
and never part of a film. A session's workers render one strip by strip, before any tile.
"""

from __future__ import annotations

import math
import time
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.tiles import Tile
from raywidget.engine.preview.smoothing import smooth
from raywidget.engine.preview.stand_in import stand_in
from raywidget.engine.preview.unlit import unlit_pixels
from raywidget.engine.settings import RenderSettings
from raywidget.picture.denoising import denoise_quickly
from raywidget.picture.transparency import lay_over_checkerboard
from raywidget.scene.scene import Scene

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer

SECONDS = (
    0.014  # of rendering for one coarse picture, in all threads together; 15 a second and more
)
LEAST_PIXELS = 4_800  # 80 x 60: less shows nothing
MOST_PIXELS = 30_000  # 200 x 150: 180 kB on the wire; what is left of the time goes into samples
MOST_DENOISED = 12_500  # 128 x 96, if a denoiser has to see to it: it takes 2.5 us a pixel
MOST_SPP = 4
MOST_DEPTH = 5  # edges: through a glass ball, and light on what is behind it
MOST_STRIPS = 8


class Look(NamedTuple):
    """What a coarse picture is to show."""

    generation: int
    scene: Scene
    settings: RenderSettings
    client: int  # the page that moves the camera; 0: none does
    number: int  # of its last word
    unlit: bool = False  # the colours of what shapes show, instead of light

    @property
    def is_cut_out(self) -> bool:
        """Is it laid over a checkerboard?"""
        return self.settings.alpha and not self.unlit


class CoarsePicture(NamedTuple):
    """A finished coarse picture."""

    generation: int
    width: int  # of the picture that it stands for
    height: int
    tile: int
    pixels: NDArray[np.float32]  # (rows, columns, 3) radiance
    client: int
    number: int
    sketched: bool = False  # of what stands in for the scene: gives way to what is rendered
    denoised: bool = False
    raw: NDArray[np.float32] | None = None  # radiance before it was smoothed
    alpha: NDArray[np.float32] | None = None  # coverage, if it is laid over a checkerboard


class Strip(NamedTuple):
    """A piece of a coarse picture, for one worker; without rows, the making of all of them."""

    job: CoarseJob
    tile: Tile | None


class CoarseJob:
    """One coarse picture that is being rendered."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.renderer: Renderer | None = None
        self.spp = 1
        self.sums = np.zeros((0, 0, 3))
        self.coverage: NDArray[np.float64] | None = None  # of pictures with alpha
        self.waiting: list[Tile] = []
        self.left = 0  # strips that are not finished
        self.since = 0.0


class Coarse:
    """Which coarse picture comes next. Not thread-safe: its session holds a lock.

    The newest look counts; one that has been begun is finished, or a camera that moves fast would
    never be seen.
    """

    def __init__(self) -> None:
        self._wanted: Look | None = None
        self._job: CoarseJob | None = None
        self._rate = 0.0  # samples per second, of all threads, a running estimate
        self.most_pixels = MOST_PIXELS

    def want(self, look: Look) -> None:
        """Render this next."""
        self._wanted = look

    def forget(self) -> None:
        """Render none."""
        self._wanted = None

    def take(self) -> Strip | None:
        """Work for one thread, or None."""
        if self._job is not None:
            return Strip(self._job, self._job.waiting.pop()) if self._job.waiting else None
        if self._wanted is None:
            return None
        self._job, self._wanted = CoarseJob(self._wanted), None
        return Strip(self._job, None)

    def size(self, settings: RenderSettings, threads: int) -> tuple[int, int, int]:
        """Columns, rows and samples per pixel of a coarse picture."""
        samples = SECONDS * self._rate if self._rate > 0.0 else LEAST_PIXELS * 2 * threads
        return coarse_size(settings.width, settings.height, int(samples), self.most_pixels)

    def begin(self, job: CoarseJob, renderer: Renderer, size: tuple[int, int, int]) -> None:
        """The tables are there: hand out strips."""
        columns, rows, job.spp = size
        if job.look.unlit:  # there is no more to be known of a pixel
            job.spp = 1
        job.renderer = renderer
        job.sums = np.zeros((rows, columns, 3))
        job.coverage = np.zeros((rows, columns)) if job.look.is_cut_out else None
        edges = np.linspace(0, rows, min(MOST_STRIPS, rows) + 1).astype(int).tolist()
        job.waiting = [Tile(0, 0, top, columns, end - top) for top, end in pairwise(edges)]
        job.left = len(job.waiting)
        job.since = time.perf_counter()

    def finish(self, job: CoarseJob) -> bool:
        """A strip is done; was it the last? No other picture begins until it is dropped."""
        job.left -= 1
        if job.left > 0:
            return False
        rows, columns, _ = job.sums.shape
        seconds = max(time.perf_counter() - job.since, 1e-6)
        rate = rows * columns * job.spp / seconds
        self._rate = rate if self._rate == 0.0 else 0.5 * (self._rate + rate)
        return True

    def drop(self, job: CoarseJob) -> None:
        """It is over, or could not be rendered."""
        job.waiting.clear()
        if self._job is job:
            self._job = None


def make_renderer(job: CoarseJob, previous: Renderer, size: tuple[int, int, int]) -> Renderer:
    """A renderer for a coarse picture, from one whose tables are there."""
    from raywidget.engine.renderer import Renderer

    settings = job.look.settings
    whole = (settings.width, settings.height)
    return Renderer(job.look.scene, _small(settings, size[0], size[1]), previous, whole)


def _small(settings: RenderSettings, columns: int, rows: int) -> RenderSettings:
    return settings.replace(
        width=columns, height=rows, max_depth=min(settings.max_depth, MOST_DEPTH)
    )


def render_stand_in(look: Look) -> CoarsePicture | None:
    """A coarse picture of what stands in for a scene whose tables would take long."""
    from raywidget.engine.renderer import Renderer

    settings = look.settings
    columns, rows, _ = coarse_size(settings.width, settings.height, LEAST_PIXELS)
    scene = stand_in(look.scene, columns, rows)
    if scene is None:
        return None
    job = CoarseJob(look)
    job.sums = np.zeros((rows, columns, 3))
    job.coverage = np.zeros((rows, columns)) if look.is_cut_out else None
    whole = (settings.width, settings.height)
    job.renderer = Renderer(scene, _small(settings, columns, rows), None, whole)
    render_strip(job, Tile(0, 0, 0, columns, rows))
    return develop_coarse(job)._replace(sketched=True)


def develop_coarse(job: CoarseJob) -> CoarsePicture:
    """The picture of a job that is finished."""
    look = job.look
    raw = (job.sums / job.spp).astype(np.float32)
    alpha = None if job.coverage is None else (job.coverage / job.spp).astype(np.float32)
    return CoarsePicture(
        look.generation,
        look.settings.width,
        look.settings.height,
        look.settings.tile_size,
        raw if look.unlit else _laid(smooth(raw), alpha, look.settings.width),
        look.client,
        look.number,
        raw=None if look.unlit else raw,  # there is no noise in it
        alpha=alpha,
    )


def denoise_coarse(picture: CoarsePicture) -> CoarsePicture:
    """The same without noise, by Open Image Denoise in its quickest way; its specks are gone, too.

    It is told nothing but pixels: colours and normals of one ray a pixel have edges of their own,
    and gained nothing. It leaves half of the error that `smooth` leaves.

    Raises
    ------
    PictureError
        If the denoiser is broken.
    """
    assert picture.raw is not None
    pixels = denoise_quickly(picture.raw)
    return picture._replace(pixels=_laid(pixels, picture.alpha, picture.width), denoised=True)


def _laid(
    pixels: NDArray[np.float32], alpha: NDArray[np.float32] | None, width: int
) -> NDArray[np.float32]:
    if alpha is None:
        return pixels
    return lay_over_checkerboard(pixels, alpha, step=width / alpha.shape[1])


def render_strip(job: CoarseJob, tile: Tile) -> None:
    """Render one strip; takes some milliseconds."""
    assert job.renderer is not None
    sums, rows = np.zeros((tile.height, tile.width, 3)), slice(tile.y, tile.y + tile.height)
    if job.look.unlit:
        job.sums[rows] = unlit_pixels(job.renderer, tile)
        return
    cancel = np.zeros(1, np.uint8)
    job.renderer.render(tile, 0, job.spp, sums, cancel)
    job.sums[rows] = sums
    if job.coverage is not None:
        covered, nothing = np.empty(sums.shape[:2]), np.zeros(sums.shape[:2])
        job.renderer.cover(tile, 0, job.spp, covered, cancel, nothing)
        job.coverage[rows] = covered


def helps(settings: RenderSettings) -> bool:
    """Is a picture so large that a coarse one is there long before its first tiles?"""
    return settings.width * settings.height > 2 * MOST_PIXELS


def coarse_size(
    width: int, height: int, samples: int, most: int = MOST_PIXELS
) -> tuple[int, int, int]:
    """Columns, rows and samples per pixel for a picture that may take so many samples.

    Examples
    --------
    >>> from raywidget.engine.preview.coarse import coarse_size
    >>> coarse_size(640, 480, 20_000)
    (160, 120, 1)
    >>> coarse_size(420, 320, 4_800)
    (84, 64, 1)
    """
    pixels = min(max(samples, LEAST_PIXELS), most)
    least = max(1, math.ceil(math.sqrt(width * height / pixels)))
    # A square of whole pixels stands behind each: else the picture would jump when it sharpens.
    whole = [k for k in range(1, 2 * least) if width % k == 0 and height % k == 0]
    larger = min((k for k in whole if k >= least), default=2 * least)
    side = larger if larger < 1.5 * least else least
    if side != larger:  # 420 x 320 would become 42 x 32, where 84 x 64 takes little more
        side = max((k for k in whole if 0.8 * least <= k < least), default=least)
    columns, rows = math.ceil(width / side), math.ceil(height / side)
    return columns, rows, min(max(samples // (columns * rows), 1), MOST_SPP)
