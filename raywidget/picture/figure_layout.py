"""Where labels, scale bar and axes are in a picture. Plain numbers, in pixels.

The page repeats this while the camera moves (`layout.js`), by these rules:

- A point at (x, y, z) from the eye along right, up and forward of the camera's frame is at
  ``(width / 2 + x h / z, height / 2 - y h / z)`` in pixels from the upper left corner, where h is
  ``height / 2`` by half the height that is seen at distance 1; where rays are parallel, z is left
  out, and it is half the height that is seen. What has z <= 0 is not in the picture.
- A label is hidden where something is nearer on its ray than 0.99 of its distance, unless it is
  always seen.
- A scale bar without a length has the largest 1, 2 or 5 times a power of ten that is no longer than
  a quarter of the picture's width, at the distance of the point that is looked at.
- Of the four edges of the box that are parallel to an axis, one is drawn that parts a side that the
  camera sees from one that it doesn't: the lowest of them in the picture (to a thousandth of a
  pixel), then the leftmost. Where none does, the one whose middle is farthest from the middle of
  the box. Edges that are seen along themselves, less than a tenth as long as the longest, are not
  drawn.
- Words are 1.2 of their font high, and 0.6 wide for each letter. Numbers stand so far out that
  there are 0.45 between them and the edge, names 0.3 beyond them, but within the picture. Where a
  number would leave the picture, or meet a word or the scale bar, it is left out; names come
  first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.picture.figure_elements import Tree
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera

NEARER = 0.99  # of its distance: what is in front of a label hides it
AXIS_COLORS = ("#d62728", "#2ca02c", "#1f77b4")
_END_ON = 0.1  # of the longest edge


def project(camera: Camera, width: int, height: int, points: Any) -> NDArray[np.float64]:
    """Pixels from the upper left corner, and distances along rays: (N, 3) -> (N, 3).

    What is not in front of the camera has NaN.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.picture.figure_layout import project
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=90)
    >>> project(camera, 40, 20, [(0, 0, 0), (5, 4, 0), (0, 0, 9)]).round(2).tolist()
    [[20.0, 10.0, 5.0], [30.0, 2.0, 8.12], [nan, nan, nan]]
    """
    frame = camera.frame()
    away = np.asarray(points, np.float64).reshape(-1, 3) - np.array(camera.look_from)
    x, y, z = away @ frame.right, away @ frame.up, away @ frame.forward
    across, up = 0.5 * width, 0.5 * height
    if isinstance(camera, PerspectiveCamera):
        x = x / camera.pixel_aspect
        across, up = across - camera.shift[0] * width, up + camera.shift[1] * height
        scale = 0.5 * height / camera.half_height(width / height) / np.where(z > 0.0, z, np.nan)
        distance = np.linalg.norm(away, axis=1)
    elif isinstance(camera, OrthographicCamera):
        scale = np.where(z > 0.0, height / camera.height, np.nan)
        distance = z
    else:
        raise PictureError(
            f"figure: nothing stands at a point in the picture of a {type(camera).__name__}; leave "
            "out labels, scalebar and axes"
        )
    result = np.stack([across + x * scale, up - y * scale, distance], axis=1)
    result += 0.0  # turns -0.0 into 0.0
    result[np.isnan(scale)] = np.nan
    return result


def describe_camera(camera: PerspectiveCamera | OrthographicCamera, aspect: float) -> Tree:
    """A camera in what JSON has; pages see the vertical field of view, whatever its axis."""
    pose: Tree = {
        "look_from": [float(x) for x in camera.look_from],
        "look_at": [float(x) for x in camera.look_at],
        "up": [float(x) for x in camera.up],
    }
    if isinstance(camera, OrthographicCamera):
        return pose | {"height": camera.height}
    lens: Tree = {
        "aperture_radius": camera.aperture_radius,
        "focus_distance": camera.focus_distance,
        "shift": list(camera.shift),
        "pixel_aspect": camera.pixel_aspect,
    }
    return pose | {"vfov": camera.vertical_fov(aspect), "fov_axis": camera.fov_axis} | lens


def lay_out(
    description: Tree,
    camera: Camera,
    width: int,
    height: int,
    depth: NDArray[Any] | None = None,
) -> Tree:
    """Where labels, scale bar and axes are in a picture, in pixels from its upper left corner.

    Parameters
    ----------
    description : dict
        From `describe`.
    camera : Camera
        Perspective or orthographic, unless there is nothing to lay out.
    width, height : int
        Of the picture.
    depth : (H, W) array, optional
        Distances along rays: labels behind what is seen there are hidden.

    Returns
    -------
    dict
        ``labels``: ``text``, ``x``, ``y``, ``hidden``; ``scalebar``: ``pixels``, ``text``, or None;
        ``axes``: for each drawn edge ``name``, ``from`` and ``to`` (x, y), ``outwards`` (a unit
        vector away from the box) and ``ticks`` (``text``, ``x``, ``y``), or None; ``orientation``:
        ``name``, ``color``, and where it leads, ``x`` and ``y`` (1 is across the view), the
        farthest first, or None.
    """
    labels = []
    if description["labels"]:
        points = [label["point"] for label in description["labels"]]
        for label, (x, y, away) in zip(
            description["labels"], project(camera, width, height, points), strict=True
        ):
            inside = 0.0 <= x < width and 0.0 <= y < height  # NaN is not
            hidden = not inside
            if inside and depth is not None:
                hidden = not label.get("always") and bool(depth[int(y), int(x)] < NEARER * away)
            labels.append({"text": label["text"], "x": float(x), "y": float(y), "hidden": hidden})
    return {
        "labels": labels,
        "scalebar": _placed_bar(description["scalebar"], camera, width, height),
        "axes": _placed_axes(description["axes"], camera, width, height),
        "orientation": _turned(description["orientation"], camera),
    }


def _placed_bar(bar: Tree | None, camera: Camera, width: int, height: int) -> Tree | None:
    if bar is None:
        return None
    middle = np.array(camera.look_at, np.float64)
    one = project(camera, width, height, [middle, middle + camera.frame().right])
    per_unit = float(one[1, 0] - one[0, 0])
    length = bar["length"]
    if length is None:
        most = 0.25 * width / per_unit
        power = 10.0 ** math.floor(math.log10(most))
        length = next(power * k for k in (5.0, 2.0, 1.0) if power * k <= most)
    text = f"{length:.6g}" + (f" {bar['unit']}" if bar["unit"] else "")
    return {"pixels": length * per_unit, "text": text, "length": length}


def _turned(names: Sequence[str] | None, camera: Camera) -> list[Tree] | None:
    if names is None:
        return None
    frame = camera.frame()
    arrows = [
        {"name": name, "color": color, "x": float(frame.right[k]), "y": -float(frame.up[k])}
        for k, (name, color) in enumerate(zip(names, AXIS_COLORS, strict=True))
    ]
    return [arrows[k] for k in np.argsort(-np.array(frame.forward), kind="stable")]


def _seen_sides(
    camera: Camera, low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which sides of the box the camera sees from outside: (3, 2), the lower and the upper ones."""
    if isinstance(camera, OrthographicCamera):
        forward = np.array(camera.frame().forward)
        return np.stack([forward > 1e-9, forward < -1e-9], axis=1)
    eye = np.array(camera.look_from)
    return np.stack([eye < low, eye > high], axis=1)


def _placed_axes(axes: Tree | None, camera: Camera, width: int, height: int) -> list[Tree] | None:
    if axes is None:
        return None
    low, high = np.array(axes["low"]), np.array(axes["high"])
    centre = project(camera, width, height, 0.5 * (low + high))[0, :2]
    seen = _seen_sides(camera, low, high)
    placed = []
    for k in range(3):
        if not high[k] > low[k]:
            continue
        i, j = (axis for axis in range(3) if axis != k)
        edges, parting = [], []
        for first, second in itertools.product((0, 1), repeat=2):
            start = low.copy()
            start[i], start[j] = (low, high)[first][i], (low, high)[second][j]
            end = start.copy()
            end[k] = high[k]
            edges.append((start, end))
            parting.append(bool(seen[i, first] != seen[j, second]))
        middles = project(camera, width, height, [0.5 * (a + b) for a, b in edges])[:, :2]
        away = np.linalg.norm(middles - centre, axis=1)
        if not np.isfinite(away).all():
            continue
        outer = [n for n in range(4) if parting[n]]
        outer = outer or [n for n in range(4) if away[n] >= 0.999 * away.max()]
        best = min(outer, key=lambda n: (-round(float(middles[n, 1]), 3), float(middles[n, 0])))
        start, end = edges[best]
        ends = project(camera, width, height, [start, end])
        if np.isnan(ends).any():
            continue
        along = ends[1, :2] - ends[0, :2]
        across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
        if across @ (middles[best] - centre) < 0.0:
            across = -across
        points = []
        for tick in axes["ticks"][k]:
            point = start.copy()
            point[k] = tick["value"]
            points.append(point)
        places: Any = project(camera, width, height, points) if points else []
        placed.append(
            {
                "name": axes["names"][k],
                "from": ends[0, :2].tolist(),
                "to": ends[1, :2].tolist(),
                "outwards": across.tolist(),
                "ticks": [
                    {"text": tick["text"], "x": float(x), "y": float(y)}
                    for tick, (x, y, _) in zip(axes["ticks"][k], places, strict=True)
                ],
            }
        )
    lengths = [math.dist(edge["from"], edge["to"]) for edge in placed]
    return [
        edge
        for edge, length in zip(placed, lengths, strict=True)
        if length >= _END_ON * max(lengths)
    ]


# --- Words of axes --------------------------------------------------------------------------------


class Word(NamedTuple):
    """Words whose middle is at a point."""

    text: str
    x: float
    y: float


class AxisWords(NamedTuple):
    """What stands at an axis: its name, and the numbers that there is room for."""

    name: Word
    numbers: list[Word]


class _Box(NamedTuple):
    """Of words, in pixels."""

    x: float
    y: float
    wide: float
    high: float

    def meets(self, other: _Box) -> bool:
        across, up = abs(self.x - other.x), abs(self.y - other.y)
        return across < 0.5 * (self.wide + other.wide) and up < 0.5 * (self.high + other.high)


def axis_words(
    edges: Sequence[Tree], width: float, height: float, font: float, scalebar: Tree | None = None
) -> list[AxisWords]:
    """Where the words of axes stand, so that none meet.

    Parameters
    ----------
    edges : list of dict
        ``axes`` of `lay_out`.
    width, height, font : float
        Of the picture, and of letters, in the same pixels.
    scalebar : dict, optional
        That of `lay_out`, which numbers leave room for.
    """
    boxes: list[_Box] = []
    if scalebar is not None:
        wide = max(scalebar["pixels"], 0.6 * font * len(scalebar["text"]))
        x, y = 1.2 * font + 0.5 * scalebar["pixels"], height - 1.7 * font
        boxes.append(_Box(x, y, wide, 2.4 * font))
    names = []
    for edge in edges:
        out_x, out_y = edge["outwards"]
        out = abs(out_x), abs(out_y)
        high = 1.2 * font
        reach = max((_extent(tick["text"], out, font) for tick in edge["ticks"]), default=0.0)
        reach += 0.75 * font + 0.5 * _extent(edge["name"], out, font)
        wide = 0.6 * font * len(edge["name"])
        (x0, y0), (x1, y1) = edge["from"], edge["to"]
        x = _within(0.5 * (x0 + x1) + reach * out_x, wide, width)
        y = _within(0.5 * (y0 + y1) + reach * out_y, high, height)
        names.append(Word(edge["name"], x, y))
        boxes.append(_Box(x, y, wide, high))
    found = []
    for edge, name in zip(edges, names, strict=True):
        out_x, out_y = edge["outwards"]
        out = abs(out_x), abs(out_y)
        numbers = []
        for tick in edge["ticks"]:
            reach = 0.45 * font + 0.5 * _extent(tick["text"], out, font)
            x, y = tick["x"] + reach * out_x, tick["y"] + reach * out_y
            box = _Box(x, y, 0.6 * font * len(tick["text"]), 1.2 * font)
            inside = 0.5 * box.wide <= x <= width - 0.5 * box.wide
            inside = inside and 0.5 * box.high <= y <= height - 0.5 * box.high
            if inside and not any(map(box.meets, boxes)):
                boxes.append(box)
                numbers.append(Word(tick["text"], x, y))
        found.append(AxisWords(name, numbers))
    return found


def _extent(text: str, out: tuple[float, float], font: float) -> float:
    """How far words reach in a direction."""
    return out[0] * 0.6 * font * len(text) + out[1] * 1.2 * font


def _within(at: float, size: float, whole: float) -> float:
    return min(max(at, 0.5 * size), max(whole - 0.5 * size, 0.5 * size))
