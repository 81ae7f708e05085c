"""`Image`: the result of a render, and what can be done with it."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import PictureError
from raywidget.io.images import encode_png, save_picture
from raywidget.picture.backgrounds import read_background
from raywidget.picture.curves import check_channel, check_display
from raywidget.picture.denoising import Source, choose_method, denoise_coverage, denoise_pixels
from raywidget.picture.development import check_sixteen, develop, develop_strips
from raywidget.picture.measured import Measured, checked_mapping
from raywidget.picture.rows import MadeRows
from raywidget.picture.transparency import lay_over
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_whole
from raywidget.scene.values.signatures import checked_call

_LONGEST = 4096  # characters that files say of one word


class Image(Measured):
    """A picture: linear radiance, how it came about, and how to show it.

    It is an array to numpy (``np.asarray(image)``: (H, W, 3) float32, linear Rec. 709, read-only)
    and a picture to Jupyter. What was rendered with ``alpha=True`` is cut out: see `alpha`.

    Parameters
    ----------
    pixels : (H, W, 3) array of float, or MadeRows
        Linear Rec. 709 radiance. A writeable array is copied; rows are made when they are asked
        for.
    spp : int
        Samples per pixel in it.
    settings : object, optional
        The settings of the render.
    statistics : mapping of str to value, optional
        What was measured: ``seconds``, ``samples``, ``rays_per_second``, ``mean_luminance``, ...
    exposure : float
        How it is shown unless something else is asked for: light is multiplied by 2^exposure.
    curve : str
        The tone curve: ``"srgb"``, ``"filmic"``, ``"agx"``, ``"neutral"`` or ``"linear"``.
    channel : str
        What of the light is shown: ``"color"``, ``"red"``, ``"green"``, ``"blue"``,
        ``"luminance"``, ``"heat"`` (false colour), ``"samples"`` or ``"value"`` (what shapes show,
        in exactly the colours of their maps, whatever light, exposure and curve).
    samples : (H, W) array of int or callable, optional
        Samples per pixel, where they differ, or a function that makes the array when it is asked
        for; `spp` is the least of them.
    goal : int, optional
        Samples that each pixel was to have.
    state : object, optional
        What the engine needs to go on from here with more samples. Nobody else looks into it.
    variance : (H, W, 3) array of float32 or MadeRows, optional
        Squared standard error of each pixel, as far as it is known; else NaN.
    aovs : mapping of str to array, optional
        Other quantities of the same pixels, (H, W) or (H, W, 3), by name.
    alpha : (H, W) array of float, optional
        How much of each pixel is covered, 0 to 1; the pixels are premultiplied by it.
    denoiser : callable, optional
        Makes what `denoise` wants to know. Nobody else calls it.
    value_colors : callable, optional
        Makes what the channel ``"value"`` shows: linear colours, (H, W, 3).
    raw : Image, optional
        The picture that this one is a denoised version of.

    Raises
    ------
    PictureError
        If the pixels have another shape, or a display setting is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> image = rw.Image(np.full((2, 4, 3), 0.18), spp=1)
    >>> image
    Image(4x2, 1 spp)
    >>> image.to_uint8(exposure=1.0)[0, 0].tolist()
    [162, 162, 162]
    """

    def __init__(
        self,
        pixels: ArrayLike | MadeRows,
        *,
        spp: int,
        settings: Any = None,
        statistics: Mapping[str, Any] | None = None,
        exposure: float = 0.0,
        curve: str = "srgb",
        channel: str = "color",
        samples: ArrayLike | Callable[[], NDArray[np.int64]] | None = None,
        goal: int | None = None,
        state: Any = None,
        variance: NDArray[np.float32] | MadeRows | None = None,
        aovs: Mapping[str, NDArray[Any]] | None = None,
        alpha: ArrayLike | None = None,
        denoiser: Source | None = None,
        value_colors: Callable[[], NDArray[np.float32]] | None = None,
        raw: Image | None = None,
    ) -> None:
        super().__init__(
            pixels,
            spp=spp,
            settings=settings,
            statistics=statistics,
            samples=samples,
            state=state,
            variance=variance,
            aovs=aovs,
            alpha=alpha,
        )
        self._curve, self._exposure = check_display(curve, exposure)
        self._channel = check_channel(channel)
        self._goal = None if goal is None else as_whole(goal)
        if goal is not None and self._goal is None:
            raise PictureError(f"goal must be an integer, got {show(goal)}")
        self._denoiser = denoiser
        self._value_colors = value_colors
        if raw is not None and not (isinstance(raw, Image) and raw.shape[:2] == self.shape[:2]):
            raise PictureError(f"raw must be an Image of the same size, got {show(raw)}")
        self._raw = raw
        self._words: Mapping[str, Any] = {}

    def remember(self, words: Mapping[str, Any]) -> None:
        """Have files say this, too, of how the picture was made; what JSON can't say is left out.

        Parameters
        ----------
        words : mapping of str to value
            What was asked for beside the settings.
        """
        self._words = {**self._words, **_for_json(words)}

    @property
    def denoised(self) -> bool:
        """Has `denoise` made it? Then `raw` has the true pixels."""
        return self._raw is not None

    @property
    def raw(self) -> Image:
        """The picture that the samples made: of a denoised one the original, else itself."""
        return self if self._raw is None else self._raw

    @property
    def exposure(self) -> float:
        """Stops by which it is lightened when shown or saved."""
        return self._exposure

    @property
    def curve(self) -> str:
        """Tone curve with which it is shown or saved."""
        return self._curve

    @property
    def channel(self) -> str:
        """What of the light is shown or saved."""
        return self._channel

    def to_uint8(
        self,
        exposure: float | None = None,
        curve: str | None = None,
        channel: str | None = None,
    ) -> NDArray[np.uint8]:
        """Develop it into bytes: (H, W, 3) uint8, the same as on the canvas.

        With `alpha`, they are (H, W, 4): colours are divided by alpha before they are developed,
        as PNG has them, and alpha is linear.

        Parameters
        ----------
        exposure, curve, channel : optional
            Display settings instead of the image's own.

        Raises
        ------
        PictureError
            If a display setting is unknown or out of its range.
        """
        return develop(*self._how_to_develop(exposure, curve, channel))

    def _how_to_develop(
        self, exposure: float | None, curve: str | None, channel: str | None
    ) -> tuple[Any, ...]:
        """The arguments of `develop` and `develop_strips`."""
        what = check_channel(self._channel if channel is None else channel)
        if what == "value":
            return (self._values(), "srgb", 0.0, "color", None, 0, None)
        samples = self.samples if what == "samples" else None
        goal = self._goal
        if goal is None:
            goal = 0 if samples is None else int(samples.max(initial=0))
        return (
            self._rows,
            self._curve if curve is None else curve,
            self._exposure if exposure is None else exposure,
            what,
            samples,
            goal,
            self._alpha,
        )

    def _values(self) -> NDArray[np.float32]:
        if self._value_colors is None:
            raise PictureError(
                "channel 'value' shows what shapes of a scene show, and this picture is of no "
                "scene: render one"
            )
        return self._value_colors()

    def seen(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """What its channel develops: linear light and alpha, or colours of values."""
        if self._channel == "value" and self._value_colors is not None:
            return self._values(), None
        return self.pixels, self._alpha

    def denoise(self, method: str | None = None) -> Image:
        """Take the noise out: another picture, nearer to the truth, but no measurement.

        It is made from this picture, and from colours and normals of what is seen in it, in mirrors
        and through glass too. Denoised light is biased; this picture keeps the true pixels, which
        the new one has as `raw`, and with them `noise`, `error` and all that a render can be gone
        on with: `resume` goes on from the samples, never from what was made of them.

        Parameters
        ----------
        method : {"oidn", "nlm"}, optional
            ``"oidn"``: Intel's Open Image Denoise, a neural network, from the extra ``denoise``.
            ``"nlm"``: non-local means over the two halves of the samples; slower and not as good,
            but always there. By default the first one that is installed.

        Returns
        -------
        Image
            With the same display settings. Of a denoised picture, it is made anew from `raw`.

        Raises
        ------
        PictureError
            If the method is unknown or not installed; or if nothing is known of the picture but
            its pixels, and the method needs more.

        Examples
        --------
        >>> import raywidget as rw
        >>> image = rw.render(rw.presets.cornell(), width=32, height=32, spp=4)
        >>> clean = image.denoise("nlm")
        >>> clean
        Image(32x32, 4 spp, denoised)
        >>> clean.raw is image
        True
        """
        method = choose_method(method)
        raw = self.raw
        if raw._denoiser is not None and raw.spp < (2 if method == "nlm" else 1):
            raise PictureError(f"denoise: {method!r} needs more than {raw.spp} samples per pixel")
        inputs = None if raw._denoiser is None else raw._denoiser()
        alpha = None if raw.alpha is None else denoise_coverage(raw.alpha, inputs, method)
        made = self._with_raw(denoise_pixels(raw.pixels, inputs, method), raw, alpha)
        made.remember({"denoise": method})
        return made

    def shown_as(self, other: Image) -> Image:
        """The same denoised picture with the display settings of another one."""
        made = other._with_raw(self.pixels, self.raw, self.alpha)
        made.remember(self._words)
        return made

    def _with_raw(self, pixels: NDArray[np.float32], raw: Image, alpha: Any) -> Image:
        """A picture that stands for another one, shown as this one is."""
        made = Image(
            pixels,
            spp=raw.spp,
            settings=raw.settings,
            statistics=raw.statistics,
            exposure=self._exposure,
            curve=self._curve,
            channel=self._channel,
            samples=raw._samples,
            goal=raw._goal,
            state=raw.state,
            aovs=raw._aovs,
            alpha=alpha,
            value_colors=raw._value_colors,
            raw=raw,
        )
        made.remember({**raw._words, **self._words})
        return made

    def over(self, background: Any) -> Image:
        """Lay a picture that has `alpha` over a background, in linear light.

        Over a colour it is, but for noise, what a render with ``Scene(background=colour)`` is.

        Parameters
        ----------
        background : colour, Image, path, array or Backdrop
            A colour as scenes take it ("white", "#202830", (0.1, 0.2, 0.3), a number); or a
            picture of the same size: an `Image`, a file, an (H, W, 3) array, in which integers are
            by the sRGB curve and floats are linear. What has no alpha of its own is opaque. A
            `Backdrop` is fitted to the picture, whatever its size; of a picture with ``region=``,
            to the whole that it is a part of.

        Returns
        -------
        Image
            Without alpha, unless the background is an `Image` that has one. What was known of its
            error is not known any more.

        Raises
        ------
        PictureError
            If this picture has no alpha, or the background is neither a colour nor a picture of
            this size.

        Examples
        --------
        >>> import numpy as np
        >>> import raywidget as rw
        >>> veil = rw.Image(np.full((1, 1, 3), 0.1), alpha=np.full((1, 1), 0.5), spp=1)
        >>> veil.over("white").pixels.tolist()
        [[[0.6000000238418579, 0.6000000238418579, 0.6000000238418579]]]
        """
        if self._alpha is None:
            raise PictureError("over: this picture has no alpha; render it with alpha=True")
        behind = read_background(background, self._rows.shape[:2], self._settings)
        alpha = None
        if isinstance(background, Image) and background.alpha is not None:
            alpha = self._alpha + (1.0 - self._alpha) * background.alpha
        if self._raw is not None:
            pixels = lay_over(self.pixels, self._alpha, behind)
            return self._with_raw(pixels, self._raw.over(background), alpha)
        made = Image(
            lay_over(self.pixels, self._alpha, behind),
            spp=self._spp,
            settings=self._settings,
            statistics=self._statistics,
            exposure=self._exposure,
            curve=self._curve,
            channel=self._channel,
            samples=self._samples,
            goal=self._goal,
            aovs=self._aovs,
            alpha=alpha,
            value_colors=self._value_colors,
        )
        made.remember(self._words)
        return made

    @checked_call(PictureError)
    def save(
        self,
        path: str | os.PathLike[str],
        exposure: float | None = None,
        curve: str | None = None,
        channel: str | None = None,
        *,
        bits: int = 8,
        quality: int = 92,
        dpi: float | None = None,
        text: Mapping[str, str] | None = None,
    ) -> None:
        """Save it, in the format that the file's suffix names.

        Parameters
        ----------
        path : path-like
            ``.png``, ``.jpg``, ``.webp``, ``.avif``, ``.tif`` and ``.pdf``: 8 bits a channel, as
            shown. ``.npy``, ``.npz`` and ``.exr``: linear float32; ``.hdr``: linear light in 32
            bits a pixel; they know no exposure and no curve. ``.npz`` and ``.exr`` hold `aovs`,
            too: by name, beside ``pixels``; or as layers (``albedo.R``, ``normal.X``, ``depth.Z``,
            ...). `alpha` is in ``.png``, ``.webp``, ``.avif`` and ``.tif`` with straight colours
            (JPEG and PDF lay it over white); in the others with premultiplied ones, as channel A
            in ``.exr``, ``alpha`` in ``.npz``, the fourth number in ``.npy``, and not in ``.hdr``.
            Of a denoised picture, all have what is seen; ``.npz`` has the true pixels as ``raw``,
            too, and ``.exr`` as a layer ``raw.R``, ``raw.G``, ``raw.B``; likewise ``raw_alpha``.
        exposure, curve, channel : optional
            Display settings instead of the image's own.
        bits : {8, 16}
            Of each channel of a ``.png`` or ``.tif``; 16 with the curves ``"srgb"``, ``"filmic"``
            and ``"linear"`` in colour.
        quality : int
            0 to 100, of JPEG, WebP and AVIF.
        dpi : float, optional
            Pixels per inch: how large it is on paper. NPY, NPZ and HDR have no place for it.
        text : mapping of str to str, optional
            What the file says of itself beside the program, its version and the settings of the
            render.

        Raises
        ------
        PictureError
            If the suffix is unknown, the file can't be written, or a display setting is wrong.
        """
        check_display(
            self._curve if curve is None else curve,
            self._exposure if exposure is None else exposure,
        )
        check_channel(self._channel if channel is None else channel)
        words = checked_mapping("text", text)
        if not all(isinstance(word, str) for pair in words.items() for word in pair):
            raise PictureError(f"text must be words by keywords, got {show(text)}")
        if as_whole(quality) is None or not 0 <= quality <= 100:
            raise PictureError(f"quality must be 0 to 100, got {show(quality)}")
        how = (*self._how_to_develop(exposure, curve, channel), bits)
        check_form(path, how[1], how[3], bits, dpi)
        save_picture(
            path,
            linear=self._rows,
            shown=lambda: develop_strips(*how),
            text={**self._told(how[2], how[1]), **words},
            quality=quality,
            dpi=dpi,
            aovs={**self._aovs, **self._true()},
            alpha=self._alpha,
        )

    def _true(self) -> dict[str, NDArray[np.float32]]:
        """Of a denoised picture, what the samples made."""
        if self._raw is None:
            return {}
        true = {"raw": self._raw.pixels}
        if self._raw.alpha is not None:
            true["raw_alpha"] = self._raw.alpha
        return true

    def _told(self, exposure: float, curve: str) -> dict[str, str]:
        """What a file says of the picture: the program, and how it was rendered and is shown."""
        told = {"Software": f"raywidget {sys.modules['raywidget'].__version__}"}
        if dataclasses.is_dataclass(self._settings):
            about = {
                field.name: getattr(self._settings, field.name)
                for field in dataclasses.fields(self._settings)
            }
            about |= {"samples_per_pixel": self._spp, "denoised": self.denoised}
            about |= {"exposure": exposure, "curve": curve, **self._words}
            told["raywidget-settings"] = json.dumps(about)
        return told

    def _repr_png_(self) -> bytes:
        return encode_png(
            self.width, self.height, develop_strips(*self._how_to_develop(None, None, None))
        )

    def __repr__(self) -> str:
        alpha = "" if self._alpha is None else ", alpha"
        denoised = "" if self._raw is None else ", denoised"
        return f"Image({self.width}x{self.height}, {self.spp} spp{alpha}{denoised})"


def check_form(
    path: str | os.PathLike[str], curve: str, channel: str, bits: object, dpi: object
) -> None:
    """Check that a picture can be saved so, with as many bits and pixels per inch.

    Raises
    ------
    PictureError
        If it can't be.
    """
    if dpi is not None and not (isinstance(dpi, int | float) and 1 <= dpi <= 100_000):
        raise PictureError(f"dpi must be a number of pixels per inch, got {show(dpi)}")
    if bits == 16:
        check_sixteen(curve, channel)
        if os.path.splitext(os.fspath(path))[1].lower() not in (".png", ".tif", ".tiff"):
            raise PictureError(
                "bits=16 is for .png and .tif; .exr, .npz and .hdr hold all there is"
            )
    elif bits != 8:
        raise PictureError(f"bits must be 8 or 16, got {show(bits)}")


def _for_json(words: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON can say of it, briefly."""
    kept: dict[str, Any] = {}
    for name, value in words.items():
        try:
            text = json.dumps(_for_json(value) if isinstance(value, Mapping) else value)
        except (TypeError, ValueError):
            continue
        if len(text) <= _LONGEST:
            kept[name] = json.loads(text)
    return kept
