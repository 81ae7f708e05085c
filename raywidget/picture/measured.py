"""What a render has measured: light, counts, errors, other quantities; checked, and read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from raywidget.errors import PictureError
from raywidget.picture.noise import relative_noise, standard_error
from raywidget.picture.rows import MadeRows
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import NotNumbers, as_numpy, as_whole
from raywidget.scene.values.signatures import CheckedCalls


class Measured(metaclass=CheckedCalls):
    """The numbers of a picture, an array to numpy; how it is shown, `Image` knows."""

    wrong_call_error = PictureError  # of `CheckedCalls`

    def __init__(
        self,
        pixels: ArrayLike | MadeRows,
        *,
        spp: int,
        settings: Any,
        statistics: Mapping[str, Any] | None,
        samples: ArrayLike | Callable[[], NDArray[np.int64]] | None,
        state: Any,
        variance: NDArray[np.float32] | MadeRows | None,
        aovs: Mapping[str, NDArray[Any]] | None,
        alpha: ArrayLike | None,
    ) -> None:
        # What makes the rows holds all they are made of: large pictures need not be there twice.
        self._rows: NDArray[np.float32] | MadeRows
        self._rows = pixels if isinstance(pixels, MadeRows) else checked_pixels(pixels)
        size = self._rows.shape[:2]
        taken = as_whole(spp)
        if taken is None or taken < 0:
            raise PictureError(f"spp must be an integer >= 0, got {show(spp)}")
        self._spp = taken
        self._settings = settings
        self._statistics = dict(checked_mapping("statistics", statistics))
        self._samples: NDArray[np.int64] | Callable[[], NDArray[np.int64]] | None = None
        if callable(samples):
            self._samples = samples
        elif samples is not None:
            self._samples = checked_counts(samples, size)
        self._state = state
        self._variance = variance
        self._aovs = dict(checked_mapping("aovs", aovs))
        for name, values in self._aovs.items():
            if not isinstance(values, np.ndarray):
                raise PictureError(f"aovs: {name!r} must be an array, got {show(values)}")
            if values.shape[:2] != size:
                raise PictureError(f"aovs: {name!r} has shape {values.shape}, not that of pixels")
            values.setflags(write=False)
        self._alpha = None if alpha is None else checked_alpha(alpha, size)

    @property
    def pixels(self) -> NDArray[np.float32]:
        """Linear Rec. 709 radiance, (H, W, 3) float32, read-only; premultiplied by `alpha`."""
        if isinstance(self._rows, MadeRows):
            whole = np.asarray(self._rows)
            whole.setflags(write=False)
            self._rows = whole
        return self._rows

    @property
    def alpha(self) -> NDArray[np.float32] | None:
        """How much of each pixel is covered, (H, W) float32, 0 to 1, read-only; or None.

        Of a picture that was rendered with ``alpha=True``: the mean over the very samples, and so
        by the very filter and lens, that its light comes from. Where nothing is, `pixels` are 0;
        where a shape covers half of a pixel, they hold half of its light. `over` puts a background
        behind it.
        """
        return self._alpha

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, 3)."""
        return (self.height, self.width, 3)

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self._rows.shape[1])

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self._rows.shape[0])

    @property
    def spp(self) -> int:
        """Samples per pixel."""
        return self._spp

    @property
    def settings(self) -> Any:
        """The settings of the render, or None."""
        return self._settings

    @property
    def statistics(self) -> Mapping[str, Any]:
        """What was measured while it rendered; read-only."""
        return MappingProxyType(self._statistics)

    @property
    def noise(self) -> float | None:
        """Relative error of the picture, an estimate; None if there is no telling.

        The root mean square over all pixels of standard error by brightness, where each is the
        length of (red, green, blue). A pixel's brightness is that of the 24 pixels around it; to
        its square, that of a tenth of the picture's mean luminance is added (for each colour), so
        that black pixels do not count for infinity. The error comes from the difference
        between samples of even and of odd number. With a goal (``noise=``), with ``adaptive`` and
        with ``sampler="halves"`` these know nothing of each other, and no matter how samples are
        spread in either, its expectation is right. Otherwise they are spread evenly together, which
        leaves less noise than this number tells: over 36 scenes it is 1.1 to 3 times the true one,
        1.5 in the median, and never less in the mean. It can't know of light that no sample has
        found, such as a caustic that is hit once in a million times.
        """
        return None if self._variance is None else relative_noise(self._rows, self._variance)

    @property
    def error(self) -> NDArray[np.float32] | None:
        """Standard error of each pixel, (H, W, 3), an estimate; None if there is no telling.

        Squares are averaged over 5 x 5 pixels; `aovs` has them unaveraged, as ``"variance"``.
        """
        return None if self._variance is None else standard_error(np.asarray(self._variance))

    @property
    def aovs(self) -> Mapping[str, NDArray[Any]]:
        """Other quantities of the same pixels, by name; read-only. See `RenderSettings.aovs`.

        ``"albedo"`` (H, W, 3): colour of surfaces without light, 0 to 1. ``"normal"`` (H, W, 3):
        shading normal in the world, unit, but for edges. ``"depth"`` (H, W): distance along the
        ray in scene units, infinite where there is nothing. ``"position"`` (H, W, 3): where it
        ends, in the world. ``"object_id"`` (H, W): index of the shape in ``Scene.shapes``, -1 where
        there is none; ``"material_id"`` (H, W): a number for each material. ``"value"`` (H, W):
        what the nearest surface shows as colours, NaN where it shows nothing. ``"samples"`` (H, W):
        samples taken. ``"variance"`` (H, W, 3): squared standard error, see `error`.
        ``"denoise_albedo"`` and ``"denoise_normal"`` (H, W, 3): what denoisers want, colours and
        normals of what is seen through mirrors and clear glass, and by four rays a pixel only.

        The first four are means over the camera rays of the first 256 samples of the picture
        itself, of an adaptive one over those that all pixels have got (those that hit something,
        for depth and position); numbers belong to the ray through the middle of the pixel.
        """
        return MappingProxyType(_Aovs(self._aovs))

    @property
    def samples(self) -> NDArray[np.int64]:
        """Samples per pixel, (H, W), read-only."""
        if self._samples is None:
            counts = np.full(self._rows.shape[:2], self._spp, np.int64)
            counts.setflags(write=False)
            return counts
        return self._samples() if callable(self._samples) else self._samples

    @property
    def state(self) -> Any:
        """What the engine needs to go on with more samples, or None."""
        return self._state

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """Let numpy see the pixels; see NumPy 2's array protocol."""
        wanted = np.dtype(np.float32 if dtype is None else dtype)
        if copy is False and wanted != np.float32:
            raise ValueError(f"pixels are float32: {wanted} needs a copy")
        if copy:
            return np.array(self.pixels, dtype=wanted)
        return self.pixels.astype(wanted, copy=False)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for array in (self._rows, self._alpha, *self._aovs.values()):
            if isinstance(array, np.ndarray):
                array.setflags(write=False)  # pickle forgets it


class MissingAov(PictureError, KeyError):
    """An AOV that was not rendered was asked for."""

    __str__ = PictureError.__str__


class _Aovs(dict[str, Any]):
    """AOVs, which say how to get those that are not there."""

    def __missing__(self, name: object) -> Any:
        there = ", ".join(self) or "none"
        raise MissingAov(
            f"aovs: there is no {show(name)} in this picture, which has {there}; "
            f"render it with aovs=({show(name)},)"
        )


def checked_pixels(pixels: ArrayLike) -> NDArray[np.float32]:
    """(H, W, 3) numbers as float32 that nobody else writes to."""
    try:
        values = as_numpy(pixels)
    except NotNumbers as error:
        raise PictureError(f"pixels must be an (H, W, 3) array; {error}") from None
    if values.ndim != 3 or values.shape[2] != 3 or values.size == 0:
        raise PictureError(f"pixels must be an (H, W, 3) array, got shape {values.shape}")
    if values.dtype.kind not in "iuf":
        raise PictureError(f"pixels must be numbers, got type {values.dtype}")
    if values.flags.writeable or values.dtype != np.float32 or not values.flags.c_contiguous:
        with np.errstate(over="ignore"):
            values = np.array(values, dtype=np.float32, order="C")
        values.setflags(write=False)
    return values


def checked_mapping(name: str, given: object) -> Mapping[str, Any]:
    """A mapping, or none of anything."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise PictureError(f"{name} must be a mapping of names to values, got {show(given)}")
    return given


def checked_alpha(alpha: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """How much of each pixel is covered, 0 to 1, as large as the picture."""
    try:
        values = as_numpy(alpha)
    except NotNumbers as error:
        raise PictureError(f"alpha must be an (H, W) array; {error}") from None
    if values.shape != shape or values.dtype.kind not in "iuf":
        raise PictureError(
            f"alpha must be an (H, W) array of numbers, as large as pixels {shape}, "
            f"got shape {values.shape} and type {values.dtype}"
        )
    if not (values.min() >= 0.0 and values.max() <= 1.0):  # NaN compares false
        raise PictureError("alpha must lie in 0 to 1")
    if values.flags.writeable or values.dtype != np.float32 or not values.flags.c_contiguous:
        values = np.array(values, dtype=np.float32, order="C")
        values.setflags(write=False)
    return values


def checked_counts(samples: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Samples of each pixel, as large as the picture."""
    try:
        counts = as_numpy(samples)
    except NotNumbers as error:
        raise PictureError(f"samples must be an (H, W) array of integers; {error}") from None
    if counts.shape != shape or counts.dtype.kind not in "iu":
        raise PictureError(
            f"samples must be an (H, W) array of integers, got shape {counts.shape} "
            f"and type {counts.dtype}"
        )
    counts = counts.astype(np.int64)
    counts.setflags(write=False)
    return counts
