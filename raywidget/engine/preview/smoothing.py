"""Coarse pictures without their worst noise: a few samples a pixel leave specks, and black spots
in shadows, that would be enlarged to blots.

In numpy, for some 20,000 pixels at most a few milliseconds. It looks at one picture only: the next
one may show something else.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]

WHITE = 6.0  # times the mean: brighter is not told apart
SPECK = 3.0  # times the mean of its neighbours: no pixel is brighter
REACH = 2  # pixels on each side
SPREAD = 1.2  # of the weights of neighbours, in pixels
EDGE = 0.16  # brightness, from 0 to 1 as the eye has it, across which nothing is mixed


def smooth(pixels: F32) -> F32:
    """A picture whose pixels are mixed with neighbours that are about as bright.

    A cross bilateral filter (Eisemann and Durand 2004, Petschnigg et al. 2004). How bright a place
    is comes from the means of 3 x 3 pixels, taken twice: of single pixels with one sample, black
    or white, none would be as bright as its neighbour. Half to two thirds of the error goes, for
    pictures of one to four samples.

    Parameters
    ----------
    pixels : ndarray, (rows, columns, 3) float32
        Radiance.

    Returns
    -------
    ndarray, (rows, columns, 3) float32
    """
    planes = np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
    brightest: F32 = planes.max(axis=0)
    mean = max(float(brightest.mean()), 1e-30)
    planes *= _share_below(brightest, np.float32(WHITE * mean))
    np.minimum(brightest, np.float32(WHITE * mean), out=brightest)
    # The mean of nine tells that of the eight around.
    around = (np.float32(9.0) * _mean_of_nine(brightest) - brightest) / np.float32(8.0)
    planes *= _share_below(brightest, np.float32(SPECK) * np.maximum(around, np.float32(0.0)))
    light = _mean_of_nine(_mean_of_nine(planes.mean(axis=0)))
    guide = np.sqrt(light / (light + np.float32(mean)))
    return np.ascontiguousarray(np.moveaxis(_mix(planes, guide), 0, 2))


def _share_below(brightness: F32, limit: F32 | np.float32) -> F32:
    """What is left of each pixel if none is brighter than its limit."""
    low = np.maximum(limit, np.float32(1e-30))
    return np.asarray(low / np.maximum(brightness, low), np.float32)


def _mean_of_nine(values: F32) -> F32:
    padded = np.pad(values, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    mean: F32 = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) * np.float32(1.0 / 9.0)
    return mean


def _mix(planes: F32, guide: F32) -> F32:
    _, height, width = planes.shape
    padded = np.pad(planes, ((0, 0), (REACH, REACH), (REACH, REACH)), mode="edge")
    bright = np.pad(guide, REACH, mode="edge")
    sums, weights = planes.copy(), np.ones_like(guide)
    steps = range(-REACH, REACH + 1)
    for down, right in ((y, x) for y in steps for x in steps if (y, x) != (0, 0)):
        rows = slice(REACH + down, REACH + down + height)
        columns = slice(REACH + right, REACH + right + width)
        near = np.float32(math.exp(-(down * down + right * right) / (2.0 * SPREAD**2)))
        apart = bright[rows, columns] - guide
        apart *= apart
        # A parabola, squared, has an end; a Gaussian, which has none, takes twice as long.
        alike = np.maximum(np.float32(1.0) - apart * np.float32(1.0 / EDGE**2), np.float32(0.0))
        alike *= alike * near
        sums += padded[:, rows, columns] * alike
        weights += alike
    sums /= weights
    return sums
