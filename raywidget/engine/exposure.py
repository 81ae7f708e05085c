"""Which time a sample sees of a scene that moves, and the renderer of that time.

Sample k of every pixel sees the scene at the same time, so that kernels need know nothing of time.
Times are a van der Corput sequence with Owen's scrambling (Owen 1997, "Monte Carlo variance of
scrambled net quadrature") by the seed: each is uniform over the exposure, and 2^k in a row lie in
2^k strata, one in each. Samples of even and of odd number have a sequence each, whatever the
sampler, so that their difference tells the error of times, too.

What is compiled for a time is made from the middle of the exposure alone, never from its neighbour:
it does not matter which is asked for first, or again after it was forgotten.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from raywidget.engine.settings import RenderSettings, check_scene_fits
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene

T = TypeVar("T")  # what renders one time

_BITS = 53  # of a time, as many as a float64 has
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
# Renderers that share all tables with that of the middle: where only the camera moves.
_MOST_LIGHT = 1024


def share_of_sample(seed: int, sample: int) -> float:
    """How much of the exposure has gone by when a sample is taken, in [0, 1).

    Examples
    --------
    >>> from raywidget.engine.exposure import share_of_sample
    >>> times = [share_of_sample(7, sample) for sample in range(0, 16, 2)]
    >>> sorted(int(8 * time) for time in times)
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    place, key = sample >> 1, _mix(_mix(seed + _GOLDEN) ^ _mix((sample & 1) + 3 * _GOLDEN))
    share, prefix = 0, 1
    for _ in range(_BITS):
        # Each digit is flipped or not by what stands before it: by a coin of its own.
        flip = _mix(key ^ _mix(prefix * _GOLDEN)) & 1
        prefix = (prefix << 1) | (place & 1)
        share = (share << 1) | ((place & 1) ^ flip)
        place >>= 1
    return share / (1 << _BITS)


def _mix(z: int) -> int:
    """As `kernels.language.random.mix`."""
    z &= _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


class Exposure(Generic[T]):
    """Renderers of a scene that moves, one for each sample. Safe to call from many threads.

    Parameters
    ----------
    scene : Moving
        What is rendered.
    settings : RenderSettings
        How, at all times.
    """

    def __init__(self, scene: Moving, settings: RenderSettings) -> None:
        self._scene = scene
        self._settings = settings
        self._lock = threading.Lock()
        self._made: OrderedDict[int, Future[T]] = OrderedDict()
        # Two samples are worked on at a time, and a slow tile may be at an earlier one.
        self._most = settings.thread_count() + 2

    def renderer(self, sample: int, make: Callable[[Scene, RenderSettings], tuple[T, bool]]) -> T:
        """That of a sample.

        `make` makes one for the scene at another time, and says whether it has no tables of its
        own, so that many of them can be kept.

        Raises
        ------
        SceneError, SettingsError
            If there is no scene at that time, or it can't be rendered so.
        """
        with self._lock:
            made = self._made.get(sample)
            is_missing = made is None
            if made is None:
                made = self._made[sample] = Future()
            self._made.move_to_end(sample)
            while len(self._made) > self._most:
                self._made.popitem(last=False)
        if is_missing:
            try:
                made.set_result(self._make(sample, make))
            except BaseException as error:
                made.set_exception(error)  # those who wait for it
                with self._lock:
                    self._made.pop(sample, None)
        return made.result()

    def _make(self, sample: int, make: Callable[[Scene, RenderSettings], tuple[T, bool]]) -> T:
        scene = self._scene.at_share(share_of_sample(self._settings.seed, sample))
        check_scene_fits(scene, self._settings)
        made, is_light = make(scene, self._settings)
        if is_light:
            self._most = max(self._most, _MOST_LIGHT)
        return made
