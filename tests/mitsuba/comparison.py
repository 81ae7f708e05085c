"""Do two pictures with noise show the same?

The reference took many more samples. Where a pixel sees a lamp through a slit, few of our samples
find it, their variance says little, and their mean is far from normal. So the variance is not taken
to be less than the reference's would be with as few samples, and Bernstein's inequality, which
holds for any distribution that is bounded, takes the place of the normal distribution.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from cases import HEIGHT, WIDTH, Case
from significance import (
    LEVEL,
    PictureStatistics,
    keep_pictures,
    of_batches,
    render_batches,
)

BATCHES = 32
# Sides of the blocks that are compared as a whole: noise cancels out in them, a bias does not.
BLOCKS = (1, 4, 8)


class Samples(NamedTuple):
    """Our picture, with its noise."""

    picture: PictureStatistics
    outlier: np.ndarray  # (H, W, 3) how far one batch moves the mean, at most
    case: Case


class Comparison(NamedTuple):
    """How far two pictures are apart."""

    p_value: float  # how often chance alone does as much
    bias: float  # relative difference of the means of all pixels
    detectable: float  # relative difference of the means that is 3 standard errors

    def __str__(self) -> str:
        return f"p {self.p_value:.4f}  bias {self.bias:+.5f}  (3 sigma {self.detectable:.5f})"


def render_read(case: Case, scene: object) -> Samples:
    """A scene that was read from a file, by a quarter of the samples.

    What is read wrongly is wrong by far; light itself is held to account where nothing was read.
    Weights of wide filters want all: sums divided by sums of weights are biased where these are
    few, as in a batch.
    """
    spp = case.spp // 4 if case.filter == "box" else case.spp
    return render_here(case._replace(make=lambda: scene, spp=spp), seed=1)


def render_here(case: Case, seed: int = 0) -> Samples:
    batches = render_batches(
        case.make(),
        BATCHES,
        case.spp // BATCHES,
        width=WIDTH,
        height=HEIGHT,
        max_depth=case.max_depth,
        filter=case.filter,
        integrator=case.integrator,
        seed=seed,
    )
    picture = of_batches(batches)
    return Samples(picture, np.abs(batches - picture.mean).max(axis=0) / BATCHES, case)


def compare(ours: Samples, theirs: PictureStatistics) -> Comparison:
    """Compare pixel by pixel, block by block, and as a whole."""
    expected = theirs.variance * (ours.case.reference_spp / ours.case.spp)
    variance = np.maximum(ours.picture.variance, expected) + theirs.variance
    difference = ours.picture.mean - theirs.mean
    mean = float(np.abs(theirs.mean).mean())
    rounding = ours.case.rounding
    slack = rounding * (np.abs(ours.picture.mean) + np.abs(theirs.mean)) / 2.0 + 1e-6 * mean
    p_values = []
    for side in BLOCKS:
        error = np.maximum(np.abs(blocks(difference, side)) - blocks(slack, side), 0.0)
        # The variance of the mean of n pixels is the mean of theirs by n.
        spread = blocks(variance, side) / side**2
        largest = blocks(ours.outlier, side, np.max) / side**2
        bernstein = error**2 / (2.0 * (spread + largest * error / 3.0) + 1e-30)
        p_values.append(np.minimum(2.0 * np.exp(-bernstein), 1.0).ravel())
    whole = float(difference.mean()) / mean
    sigma = float(np.sqrt(variance.mean() / variance.size)) / mean
    excess = max(abs(whole) - rounding, 0.0) / max(sigma, 1e-30)
    p_values.append(np.array([min(1.0, 2.0 * np.exp(-(excess**2) / 2.0))]))
    everything = np.concatenate(p_values)
    smallest = min(float(everything.min()), 1.0 - 1e-12)
    p = float(-np.expm1(everything.size * np.log1p(-smallest)))  # Sidak
    if p < LEVEL:
        pixels = p_values[0].reshape(difference.shape)
        keep_pictures(ours.picture.mean, theirs.mean, np.sqrt(variance), pixels)
    return Comparison(p, whole, 3.0 * sigma)


def blocks(pixels: np.ndarray, side: int, reduce=np.mean) -> np.ndarray:
    """The mean, or another reduction, of square blocks of pixels."""
    height, width, channels = pixels.shape
    kept = pixels[: height - height % side, : width - width % side]
    parts = kept.reshape(height // side, side, width // side, side, channels)
    return reduce(parts, axis=(1, 3))
