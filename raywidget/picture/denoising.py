"""Pictures without their noise: what a denoiser is given, which one there is, what it must keep.

Denoised pixels are a guess, nearer to the truth than what they were made from, and biased. So they
are a layer on top: sums, counts and estimates of error stay those of the samples.

There are two: Intel's Open Image Denoise, a neural network (the extra `denoise`), and where it is
not installed, non-local means over the two halves of the samples (`nonlocal_means`).
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.picture.nonlocal_means import filter_halves
from raywidget.scene.values.checks import show

F32 = NDArray[np.float32]

METHODS = ("oidn", "nlm")

# One at a time: a picture of 33 megapixels takes gigabytes.
_lock = threading.Lock()


class DenoiserInputs(NamedTuple):
    """What is known of a picture beside its pixels, all of it (H, W, 3)."""

    albedo: F32  # colours of what is seen, through mirrors and glass, 0 to 1
    normal: F32  # shading normals, likewise
    even: F32  # the picture made of the samples of even number
    odd: F32  # ... and of the others, which know nothing of the first


Source = Callable[[], DenoiserInputs]


def choose_method(wanted: str | None) -> str:
    """The denoiser of a name, or the best one that is installed.

    Raises
    ------
    PictureError
        If there is none of this name, or it is not installed.
    """
    has_oidn = importlib.util.find_spec("mitsuba_oidn") is not None
    if wanted is None:
        return "oidn" if has_oidn else "nlm"
    if not isinstance(wanted, str) or wanted not in METHODS:
        raise PictureError(
            f"denoise: method must be one of {', '.join(METHODS)}, got {show(wanted)}"
        )
    if wanted == "oidn" and not has_oidn:
        raise PictureError(
            "denoise: 'oidn' needs Intel's Open Image Denoise: "
            'pip install "raywidget[denoise]" (or method="nlm", which needs nothing)'
        )
    return wanted


def denoise_pixels(pixels: F32, inputs: DenoiserInputs | None, method: str) -> F32:
    """Take the noise out of linear radiance.

    Parameters
    ----------
    pixels : (H, W, 3) array of float32
        Mean radiance.
    inputs : DenoiserInputs, optional
        What else is known; `nlm` can do nothing without it.
    method : str
        One of `METHODS`.

    Raises
    ------
    PictureError
        If it needs to know more than there is, or is installed but broken.
    """
    # A network knows no infinity, and no light is less than nothing.
    noisy = np.nan_to_num(np.maximum(pixels, np.float32(0.0)), posinf=0.0)
    if method == "oidn":
        with _lock:
            smooth = _ask_oidn(noisy, inputs)
    elif inputs is None:
        raise PictureError(
            "denoise: nothing is known of this picture but its pixels, since it was not rendered "
            'here; "oidn" can do without: pip install "raywidget[denoise]"'
        )
    else:
        smooth = filter_halves(inputs.even, inputs.odd, inputs.albedo, inputs.normal)
    if inputs is not None:
        smooth = keep_mean(smooth, noisy, inputs)
    return smooth


def denoise_coverage(alpha: F32, inputs: DenoiserInputs | None, method: str) -> F32:
    """Take the noise out of shadows, and of whatever else covers in part.

    Edges are not noise: where nothing covers in part but lines of pixels, all stays as it is, and
    so do pixels amid such that are covered or not. Only the network can do it, since nothing is
    kept of the halves of alpha.

    Parameters
    ----------
    alpha : (H, W) array of float32
        0 to 1.
    inputs, method
        As of `denoise_pixels`.
    """
    part = _all_round((alpha > 0.0) & (alpha < 1.0))
    if method != "oidn" or not part.any():
        return alpha
    oidn = _load_oidn()
    guides = {} if inputs is None else {"albedo": inputs.albedo, "normal": inputs.normal}
    grey = np.repeat(np.clip(alpha, 0.0, 1.0)[..., None], 3, axis=2)
    with _lock:
        smooth = _run(oidn, grey, guides, oidn.Quality.High, hdr=False).mean(axis=2)
    plain = _all_round(alpha == 0.0) | _all_round(alpha == 1.0)
    return np.where(plain, alpha, np.clip(smooth, 0.0, 1.0)).astype(np.float32)


def _all_round(there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where it is so in all of 3 x 3 pixels."""
    wide = np.pad(there, 1, mode="edge")
    rows = wide[:-2] & wide[1:-1] & wide[2:]
    return np.asarray(rows[:, :-2] & rows[:, 1:-1] & rows[:, 2:])


def denoise_quickly(pixels: F32) -> F32:
    """A small picture without its noise, in the quickest way that Open Image Denoise has.

    Raises
    ------
    PictureError
        If it is not installed, or broken.
    """
    oidn = _load_oidn()
    noisy = np.nan_to_num(np.maximum(pixels, np.float32(0.0)), posinf=0.0)
    with _lock:
        smooth = _run(oidn, noisy, {}, oidn.Quality.Fast)
    return np.maximum(smooth, np.float32(0.0))


def _load_oidn() -> Any:
    try:
        import mitsuba_oidn
    except Exception as error:  # a library that does not load
        raise PictureError(
            f"denoise: Open Image Denoise is broken here ({error}); "
            'install "raywidget[denoise]" anew, or use method="nlm"'
        ) from None
    return mitsuba_oidn


def _run(oidn: Any, noisy: F32, guides: dict[str, F32], quality: Any, hdr: bool = True) -> F32:
    try:
        made = oidn.denoise(np.ascontiguousarray(noisy), **guides, hdr=hdr, quality=quality)
    except Exception as error:
        raise PictureError(f"denoise: Open Image Denoise failed: {error}") from error
    return np.asarray(made, np.float32)


def _ask_oidn(noisy: F32, inputs: DenoiserInputs | None) -> F32:
    oidn = _load_oidn()
    guides: dict[str, Any] = {}
    glare = np.float32(0.0)
    if inputs is not None:
        guides = {"albedo": inputs.albedo, "normal": inputs.normal}
        noisy, glare = _set_glare_apart(noisy, inputs)
    made = _run(oidn, noisy, guides, oidn.Quality.High)
    return np.maximum(made, np.float32(0.0)) + glare


def _set_glare_apart(noisy: F32, inputs: DenoiserInputs) -> tuple[F32, Any]:
    """What is very bright, and what of it is no noise.

    The network spreads a part of a lamp that is a thousand times as bright as all else over the
    pixels round it (the error of `veach-mis` grew to 35 times that of the samples). What both
    halves of the samples have seen above the limit is no spot of chance: it is laid on top again.
    """
    limit = np.float32(2.0 * np.percentile(noisy.max(axis=2), 99.0))
    if limit <= 0.0:
        return noisy, np.float32(0.0)
    glare = np.maximum(np.minimum(inputs.even, inputs.odd) - limit, np.float32(0.0))
    return np.minimum(noisy, limit), np.nan_to_num(glare, posinf=0.0)


def keep_mean(smooth: F32, noisy: F32, inputs: DenoiserInputs) -> F32:
    """Give back the light that a denoiser has lost, as far as that is more than noise.

    The mean of all samples is right but for noise, which is small in the mean of a picture. What is
    smoothed is multiplied, colour by colour, so that its mean comes nearer to that by the share
    1 - variance / difference^2 (the positive part of James and Stein 1961): not at all where the
    difference may be chance. To do so in parts of the picture gained nothing more.
    """
    # A quarter of the squared difference of the halves is the variance of their mean.
    apart = (inputs.even.astype(np.float64) - inputs.odd) / 2.0
    pixels = apart.shape[0] * apart.shape[1]
    variance = np.mean(apart**2, axis=(0, 1)) / pixels
    level = np.maximum(np.mean(smooth, axis=(0, 1), dtype=np.float64), 1e-30)
    bias = np.mean(noisy, axis=(0, 1), dtype=np.float64) - level
    share = np.maximum(0.0, 1.0 - variance / np.maximum(bias**2, 1e-60))
    gain = np.clip(1.0 + share * bias / level, 0.5, 2.0)
    return np.asarray(smooth * gain, np.float32)
