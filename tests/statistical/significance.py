"""Statistical tests: does a sampler follow its density, do two renders agree in the mean?

Every test yields a p-value: how often chance alone deviates at least as much. Seeds are fixed, so a
failure is a fact. Many tests at once are corrected after Sidak (1967), so that `LEVEL` is the
chance of any of them failing a correct program. The chi-square test of samplers follows Subr and
Arvo (2007), "Statistical hypothesis testing for assessing Monte Carlo estimators".
"""

from __future__ import annotations

import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from raywidget.engine.film.film import SPLAT_ONE
from raywidget.engine.film.tiles import Tile
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings
from raywidget.picture.image import Image

LEVEL = 0.01
RESULTS = Path(__file__).parents[2] / "test-results"


def corrected(level: float, tests: int) -> float:
    """The level of each of many tests for which all together have `level`."""
    return float(-np.expm1(np.log1p(-level) / tests))


# --- Samplers -------------------------------------------------------------------------------------


def chi_square(observed, expected, smallest: float = 5.0) -> float:
    """p-value of counts; bins that expect fewer than `smallest` are pooled, fewest first."""
    order = np.argsort(expected)
    observed, expected = np.asarray(observed)[order], np.asarray(expected)[order]
    pooled = np.searchsorted(np.cumsum(expected), smallest) + 1  # bins that make up one
    pooled = max(pooled, np.searchsorted(expected, smallest))
    o = np.append(observed[pooled:], observed[:pooled].sum())
    e = np.append(expected[pooled:], expected[:pooled].sum())
    if e[-1] < smallest:  # hardly anything was expected in all small bins together
        if o[-1] > 20.0 * smallest:
            return 0.0
        o, e = o[:-1], e[:-1]
    if len(e) < 2:
        raise ValueError("too few bins are left to test anything")
    statistic = ((o - e) ** 2 / e).sum()
    return float(stats.chi2.sf(statistic, len(e) - 1))


class CapBins:
    """Bins over the directions within some angle of an axis.

    Rings and sectors; rings grow narrower towards the axis by `power`, to resolve narrow lobes. A
    ring is an interval of s in ``1 - cos = height * s**power``.
    """

    def __init__(self, axis, *, height=2.0, power=1, rings=16, sectors=24) -> None:
        z = np.asarray(axis, float) / np.linalg.norm(axis)
        x = np.cross(z, (0, 1, 0) if abs(z[0]) > 0.5 else (1, 0, 0))
        x /= np.linalg.norm(x)
        self.frame = np.array([x, np.cross(z, x), z])
        self.height, self.power, self.rings, self.sectors = height, power, rings, sectors

    def count(self, directions):
        """How many unit directions fall into each bin, and how many into none."""
        local = np.asarray(directions, float) @ self.frame.T
        # |w - axis|^2 / 2 = 1 - cos, without its cancellation
        below = 0.5 * (local[:, 0] ** 2 + local[:, 1] ** 2 + (local[:, 2] - 1.0) ** 2)
        ring = ((below / self.height) ** (1.0 / self.power) * self.rings).astype(int)
        angle = np.arctan2(local[:, 1], local[:, 0]) / (2.0 * np.pi) % 1.0
        sector = np.minimum((angle * self.sectors).astype(int), self.sectors - 1)
        inside = ring < self.rings
        bins = (ring * self.sectors + sector)[inside]
        counts = np.bincount(bins, minlength=self.rings * self.sectors)
        return counts, int((~inside).sum())

    def integrate(self, density, fineness=16):
        """Integral of ``density(directions)`` over each bin, by midpoints of equal parts."""
        s = (np.arange(self.rings * fineness) + 0.5) / (self.rings * fineness)
        angle = (np.arange(self.sectors * fineness) + 0.5) / (self.sectors * fineness)
        s, angle = np.meshgrid(s, 2.0 * np.pi * angle, indexing="ij")
        below = self.height * s**self.power
        sine = np.sqrt(below * (2.0 - below))
        local = np.stack([sine * np.cos(angle), sine * np.sin(angle), 1.0 - below], axis=-1)
        values = np.asarray(density(local.reshape(-1, 3) @ self.frame), float)
        solid_angle = self.height * self.power * s ** (self.power - 1) * 2.0 * np.pi / s.size
        cells = values.reshape(s.shape) * solid_angle
        parts = cells.reshape(self.rings, fineness, self.sectors, fineness)
        return parts.sum(axis=(1, 3)).ravel()


def check_sampler(directions, drawn: int, density, bins: CapBins, *, fineness=16):
    """p-value of directions that a sampler gave in `drawn` attempts, against its density.

    Attempts without a direction count as well: the density must leave room for them. Returns also
    the integral of the density.
    """
    probability = bins.integrate(density, fineness)
    counts, outside = bins.count(directions)
    total = float(probability.sum())
    rest = drawn - len(directions) + outside
    observed = np.append(counts, rest)
    expected = np.append(probability, max(0.0, 1.0 - total)) * drawn
    return chi_square(observed, expected), total


# --- Pictures -------------------------------------------------------------------------------------


class PictureStatistics(NamedTuple):
    """Mean and variance of the mean of each pixel, (H, W, 3), from independent batches."""

    mean: np.ndarray
    variance: np.ndarray
    batches: int


def picture_statistics(
    scene, *, batches=64, per_batch=16, sampler="independent", **settings
) -> PictureStatistics:
    """Render batches of samples, for the mean and how far it can be trusted."""
    return of_batches(render_batches(scene, batches, per_batch, sampler, **settings))


def of_batches(results) -> PictureStatistics:
    """Statistics of independent pictures, (batches, H, W, 3)."""
    batches = len(results)
    return PictureStatistics(results.mean(axis=0), results.var(axis=0) / (batches - 1), batches)


def render_batches(scene, batches, per_batch, sampler="independent", **settings):
    """Independent pictures of a scene, (batches, H, W, 3).

    Independent numbers: the samples of each batch follow those of the one before. Those of a
    lattice depend on each other; there each batch has a seed of its own.
    """
    chosen = RenderSettings.for_scene(scene.defaults, {**settings, "sampler": sampler})
    picture = Tile(0, 0, 0, chosen.width, chosen.height)
    cancel = np.zeros(1, np.uint8)
    common = Renderer(scene, chosen)

    def render(batch):
        renderer, first = common, batch * per_batch
        if sampler != "independent":
            own = chosen.replace(seed=chosen.seed + batch)
            renderer, first = Renderer(scene, own, common), 0
        sums = np.zeros((chosen.height, chosen.width, 3))
        done = renderer.render(picture, first, per_batch, sums, cancel)
        assert done.finished
        assert done.dropped == 0
        if done.splats is not None:
            layer = np.zeros((2, *sums.shape), np.int64)
            done.splats.add_to(layer)
            sums += layer.sum(axis=0) / SPLAT_ONE
        return sums / per_batch

    with ThreadPoolExecutor() as pool:
        return np.array(list(pool.map(render, range(batches))))


def exactly(pixels, shape) -> PictureStatistics:
    """A picture that is known."""
    return PictureStatistics(np.broadcast_to(pixels, shape), np.zeros(shape), 0)


def check_means(a: PictureStatistics, b: PictureStatistics, *, rounding=2e-6) -> float:
    """p-value of two pictures that should have the same mean, in each pixel and as a whole.

    `rounding` is the relative error that each may have beside noise: pixels without noise differ by
    the rounding of float32.
    """
    slack = rounding * (np.abs(a.mean) + np.abs(b.mean))
    error = np.maximum(0.0, np.abs(a.mean - b.mean) - slack)
    variance = a.variance + b.variance + 1e-30
    freedom = max(1, a.batches - 1) + max(0, b.batches - 1)
    of_pixels = stats.t.sf(error / np.sqrt(variance), freedom)
    # Noise is independent from pixel to pixel, and cancels out in their mean; a bias does not.
    whole = np.abs((a.mean - b.mean).mean(axis=(0, 1))) - slack.mean(axis=(0, 1))
    of_channels = stats.norm.sf(whole / np.sqrt(variance.mean(axis=(0, 1)) / error[..., 0].size))
    p_value = min(_of_many(2.0 * of_pixels), _of_many(2.0 * of_channels))
    if p_value < LEVEL:
        keep_pictures(a.mean, b.mean, np.sqrt(variance), 2.0 * of_pixels)
    return p_value


def _of_many(p) -> float:
    """p-value of the smallest of many."""
    return float(-np.expm1(p.size * np.log1p(-min(p.min(), 1.0 - 1e-12))))


def check_batches(a, b) -> float:
    """As `check_means`, of batches (N, H, W, 3) whose pixels may depend on each other."""
    pixels, whole = (_two_sided(*(reduce(x) for x in (a, b))) for reduce in (np.asarray, _whole))
    p_value = min(_of_many(pixels), _of_many(whole))
    if p_value < LEVEL:
        sigma = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
        keep_pictures(a.mean(axis=0), b.mean(axis=0), sigma, pixels)
    return p_value


def keep_pictures(picture, reference, sigma, p_values) -> None:
    """Pictures of what differs, into test-results/: both, the error, and the p-value of each pixel.

    The error is grey where there is none, white and black at six standard deviations; p-values are
    black at 1, white at 1e-6.
    """
    test = os.environ.get("PYTEST_CURRENT_TEST", "no test").split("::")[-1].split(" (")[0]
    folder = RESULTS / re.sub(r"[^\w.-]+", "_", test)
    folder.mkdir(parents=True, exist_ok=True)
    z = (np.asarray(picture) - reference) / np.maximum(sigma, 1e-12)
    layers = {
        "picture": (picture, "srgb"),
        "reference": (reference, "srgb"),
        "error": (np.clip(0.5 + z / 12.0, 0.0, 1.0), "linear"),
        "p-values": (np.clip(-np.log10(np.maximum(p_values, 1e-6)) / 6.0, 0.0, 1.0), "linear"),
    }
    for name, (pixels, curve) in layers.items():
        shown = np.broadcast_to(np.nan_to_num(pixels), np.shape(picture)).astype(np.float32)
        Image(shown, spp=1, curve=curve).save(folder / f"{name}.png")


def _whole(batches):
    return batches.mean(axis=(1, 2))


def _two_sided(a, b):
    difference = np.abs(a.mean(axis=0) - b.mean(axis=0))
    slack = 2e-6 * (np.abs(a.mean(axis=0)) + np.abs(b.mean(axis=0)))
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b)) + 1e-15
    return 2.0 * stats.t.sf(np.maximum(0.0, difference - slack) / error, len(a) + len(b) - 2)
