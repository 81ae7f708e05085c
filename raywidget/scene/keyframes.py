"""Cameras between cameras."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.values import checks
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import checked_call

F64 = NDArray[np.float64]
_STEPS = 64  # between two keys, when lengths are measured


@checked_call(SceneError)
def keyframes(
    cameras: Sequence[Camera], *, closed: bool = False, constant_speed: bool = False
) -> Callable[[float], Camera]:
    """A smooth way through cameras, as a function of the share of it that has been gone.

    Positions, what is looked at, up, and the field of view go through the keys on Catmull-Rom
    splines (Catmull and Rom 1974); fields of view by their logarithm.

    Parameters
    ----------
    cameras : sequence of Camera
        At least two, all of one class.
    closed : bool
        Come back from the last to the first.
    constant_speed : bool
        The camera moves at the same speed all the way; without, each two keys take the same time.

    Returns
    -------
    callable
        From a number t to a `Camera`: 0 is the first key, 1 the last (or the first again). What is
        outside is taken as the nearest of both; where it is closed, it goes round.

    Raises
    ------
    SceneError
        If there are fewer than two cameras, or of different classes.

    Examples
    --------
    >>> import raywidget as rw
    >>> a = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    >>> b = a.replace(look_from=(5, 0, 0))
    >>> camera_at = rw.keyframes([a, b, a])
    >>> camera_at(0.5).look_from
    (5.0, 0.0, 0.0)
    """
    closed = checks.flag("keyframes()", "closed", closed)
    constant_speed = checks.flag("keyframes()", "constant_speed", constant_speed)
    keys = list(cameras) if isinstance(cameras, Sequence) else []
    if len(keys) < 2 or not all(isinstance(key, Camera) for key in keys):
        raise SceneError(f"keyframes: expected two cameras or more, got {show(cameras)}")
    if len({type(key) for key in keys}) > 1:
        kinds = " and ".join(sorted({type(key).__name__ for key in keys}))
        raise SceneError(f"keyframes: cameras must be of one class, got {kinds}")
    table = np.array([_numbers(key) for key in keys])
    count = len(keys) if closed else len(keys) - 1
    times = np.linspace(0.0, count, count * _STEPS + 1)
    if constant_speed:
        places = np.array([_spline(table, time, closed)[:3] for time in times])
        lengths = np.concatenate(
            [[0.0], np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=1))]
        )
        if lengths[-1] <= 0.0:
            raise SceneError("keyframes: the camera stays where it is, and has no speed")

    def camera_at(t: float) -> Camera:
        t = checks.number("keyframes()", "t", t)
        share = t % 1.0 if closed else min(1.0, max(0.0, t))
        time = share * count
        if constant_speed:
            time = float(np.interp(share * lengths[-1], lengths, times))
        return _camera(keys[0], keys[min(int(time), len(keys) - 1)], _spline(table, time, closed))

    return camera_at


def _numbers(camera: Camera) -> list[float]:
    item: Any = camera
    numbers = [*item.look_from, *item.look_at, *item.up]
    if isinstance(item, PerspectiveCamera):
        numbers += [math.log(item.vfov), item.aperture_radius, item.focus]
        numbers += [*item.shift, math.log(item.pixel_aspect)]
    elif isinstance(item, OrthographicCamera):
        numbers += [math.log(item.height)]
    return [float(number) for number in numbers]


def _camera(first: Camera, near: Camera, numbers: F64) -> Camera:
    values = numbers.tolist()
    changes: dict[str, Any] = {
        "look_from": tuple(values[0:3]),
        "look_at": tuple(values[3:6]),
        "up": tuple(values[6:9]),
    }
    if isinstance(first, PerspectiveCamera):
        changes["vfov"] = min(179.0, math.exp(values[9]))
        changes["aperture_radius"] = max(0.0, values[10])
        changes["shift"] = tuple(values[12:14])
        changes["pixel_aspect"] = math.exp(values[14])
        if isinstance(near, PerspectiveCamera) and near.focus_distance is not None:
            changes["focus_distance"] = max(1e-6, values[11])
    elif isinstance(first, OrthographicCamera):
        changes["height"] = math.exp(values[9])
    return first.replace(**changes)


def _spline(table: F64, time: float, closed: bool) -> F64:
    """At `time`, where key k stands at k."""
    last = len(table) - 1
    k = min(int(time), last if closed else last - 1)
    t = time - k

    def key(index: int) -> F64:
        if closed:
            return np.asarray(table[index % len(table)])
        if index < 0:  # so that it leaves the first key straight
            return np.asarray(2.0 * table[0] - table[1])
        if index > last:
            return np.asarray(2.0 * table[last] - table[last - 1])
        return np.asarray(table[index])

    a, b, c, d = (key(k + step) for step in (-1, 0, 1, 2))
    return np.asarray(
        b
        + 0.5 * t * (c - a)
        + t * t * (a - 2.5 * b + 2.0 * c - 0.5 * d)
        + t * t * t * (1.5 * (b - c) + 0.5 * (d - a))
    )
