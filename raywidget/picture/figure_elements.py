"""What stands over and beside a picture: colour bars, labels, a scale bar, axes. Plain data.

`describe` says what there is, whatever the camera; its result is all lists, strings and numbers, as
JSON has them. `lay_out` says where that is in a picture. Both `Figure` and the page draw from them;
the page repeats `lay_out` while the camera moves, by these rules:

- A point at (x, y, z) from the eye along right, up and forward of the camera's frame is at
  ``(width / 2 + x h / z, height / 2 - y h / z)`` in pixels from the upper left corner, where h is
  ``height / 2`` by half the height that is seen at distance 1; where rays are parallel, z is left
  out, and it is half the height that is seen. What has z <= 0 is not in the picture.
- A label is hidden where something is nearer on its ray than 0.99 of its distance.
- A scale bar without a length has the largest 1, 2 or 5 times a power of ten that is no longer than
  a quarter of the picture's width, at the distance of the point that is looked at.
- Of the four edges of the box that are parallel to an axis, the one is drawn whose middle is
  farthest from the middle of the box in the picture, and of those as far (to a thousandth) the
  lowest, then the leftmost.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.quantities import UNNAMED, ValuedShape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap, Limits
from raywidget.scene.values.checks import LARGEST, show
from raywidget.scene.values.colors import encode_srgb
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy

Tree = dict[str, Any]

NEARER = 0.99  # of its distance: what is in front of a label hides it
_BAR_ROWS = 256  # colours of a bar, at most


def describe(
    scene: Scene,
    *,
    colorbars: bool | Iterable[str] = True,
    title: str | None = None,
    labels: Iterable[tuple[Any, str]] = (),
    scalebar: bool | float | str | tuple[float, str] | None = None,
    axes: bool | Sequence[str] = False,
) -> Tree:
    """All that stands over and beside pictures of a scene, as JSON has it.

    What is left at its default is as `Scene.annotations` has it.

    Parameters
    ----------
    scene : Scene
        Its shapes bring the bars, one for each colour map, its bounds the axes.
    colorbars : bool or sequence of str
        Are there any, where maps have `bar`; or of which shapes only, by their names.
    title : str, optional
        Above the picture.
    labels : sequence of ((x, y, z), text)
        Words at points of the scene.
    scalebar : bool, float, str or (float, str), optional
        True: of a length that suits the picture; a length in scene units; a unit; or both.
    axes : bool or three str
        The edges of the box round all shapes that show values (else round all shapes), with ticks;
        and what they are called.

    Returns
    -------
    dict
        ``title``; ``bars``: a list of ``label``, ``low``, ``high``, ``log``, ``colors`` (as
        "#rrggbb", from low to high), ``below``, ``above`` and ``nan`` (None where there is none to
        be told), ``ticks`` (``value``, ``at`` from 0 to 1, ``text``), ``shape`` (its name) and
        ``index`` (in ``scene.shapes``), ``quantity``; ``labels``: ``point`` and ``text``;
        ``scalebar``: ``length`` (or None) and ``unit``, or None; ``axes``: ``low``, ``high``,
        ``names`` and ``ticks`` (three lists of ``value`` and ``text``), or None.

    Raises
    ------
    PictureError
        If a label has no point, or an argument is of another kind.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.picture.figure_elements import describe
    >>> heat = rw.ColorMap("inferno", label="p")
    >>> dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.3, values=[0, 8], colormap=heat)
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    >>> bar = describe(rw.Scene([dots], camera=camera))["bars"][0]
    >>> bar["label"], bar["low"], bar["high"], [tick["text"] for tick in bar["ticks"]]
    ('p', 0.0, 8.0, ['0', '2', '4', '6', '8'])
    """
    own = scene.annotations
    if own:
        colorbars = own.get("colorbars", True) if colorbars is True else colorbars
        title = own.get("title") if title is None else title
        items = as_items(labels)
        labels = own.get("labels", ()) if items is not None and not len(items) else labels
        scalebar = own.get("scalebar") if scalebar is None else scalebar
        axes = own.get("axes", False) if axes is False else axes
    if title is not None and not isinstance(title, str):
        raise PictureError(f"figure: title must be a string or None, got {show(title)}")
    return {
        "title": title,
        "bars": _bars(scene, colorbars),
        "labels": _labels(labels),
        "scalebar": _scalebar(scalebar),
        "axes": _axes(scene, axes),
    }


# --- Bars -----------------------------------------------------------------------------------------


def _bars(scene: Scene, wanted: bool | Iterable[str]) -> list[Tree]:
    names = None
    if not isinstance(wanted, bool | np.bool_):
        names = as_items(wanted)
        if isinstance(wanted, str) or names is None:
            raise PictureError(
                f"figure: colorbars must be True, False or names of shapes, got {show(wanted)}"
            )
        known = {s.name for s in scene.shapes if isinstance(s, ValuedShape | Volume)}
        for name in names:
            if not isinstance(name, str) or name not in known:
                told = ", ".join(sorted(repr(k) for k in known if k)) or "none that shows values"
                raise PictureError(
                    f"figure: colorbars: no shape is called {show(name)}; named: {told}"
                )
    elif not wanted:
        return []
    bars: list[Tree] = []
    seen: set[Any] = set()
    for index, shape in enumerate(scene.shapes):
        found = _told_by(shape)
        if found is None or (names is not None and shape.name not in names):
            continue
        bar, quantity, is_wanted = found
        if names is None and not is_wanted:
            continue
        key = (bar["label"], bar["low"], bar["high"], bar["log"], tuple(bar["colors"]))
        if key not in seen:
            seen.add(key)
            bars.append({**bar, "shape": shape.name, "index": index, "quantity": quantity})
    return bars


def _told_by(shape: Any) -> tuple[Tree, str, bool] | None:
    """The bar of a shape, its quantity's name, and whether its map asks for a bar."""
    if isinstance(shape, Volume):
        colormap = shape.transfer.color
        if not isinstance(colormap, ColorMap) or shape.values.is_colored:
            return None
        limits = shape.transfer.color_limits_for(shape.values.low, shape.values.high)
        label = shape.name or "" if colormap.label is None else colormap.label
        return _bar(colormap, limits, False, label), UNNAMED, colormap.bar
    quantity = shape.shown if isinstance(shape, ValuedShape) else None
    if quantity is None:
        return None
    numbers = quantity.numbers.array
    has_nan = numbers.dtype.kind == "f" and bool(np.isnan(numbers).any())
    bar = _bar(quantity.colormap, quantity.limits, has_nan, quantity.label)
    return bar, quantity.name, quantity.colormap.bar


def _bar(colormap: ColorMap, limits: Limits, has_nan: bool, label: str) -> Tree:
    low, high = limits
    count = min(_BAR_ROWS, len(colormap.table))
    rows = (np.arange(count) + 0.5) / count * len(colormap.table)
    nan, below, above = colormap.extremes
    first, last = (tuple(float(c) for c in colormap.table[k]) for k in (0, -1))
    return {
        "label": label,
        "low": float(low),
        "high": float(high),
        "log": colormap.log,
        "colors": [_written(color) for color in colormap.table[rows.astype(int)]],
        "below": None if below == first else _written(below),
        "above": None if above == last else _written(above),
        "nan": _written(nan) if has_nan else None,
        "ticks": _ticks(colormap, float(low), float(high)),
    }


def _written(color: Any) -> str:
    r, g, b = np.round(255.0 * encode_srgb(np.clip(color, 0.0, 1.0))).astype(int).tolist()
    return f"#{r:02x}{g:02x}{b:02x}"


def _ticks(colormap: ColorMap, low: float, high: float) -> list[Tree]:
    values = log_ticks(low, high) if colormap.log else nice_ticks(low, high)
    shares = colormap.shares(np.array(values), type(colormap.limits_for(low, high))(low, high))
    texts = write_numbers(values)
    return [
        {"value": value, "at": float(share), "text": text}
        for value, share, text in zip(values, shares, texts, strict=True)
        if 0.0 <= share <= 1.0
    ]


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two others, at most so many steps apart.

    Examples
    --------
    >>> from raywidget.picture.figure_elements import nice_ticks
    >>> nice_ticks(0.0, 1.0)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low
    if not (span > 0.0 and math.isfinite(span)):
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(
        (power * k for k in (1.0, 2.0, 2.5, 5.0, 10.0) if span / (power * k) <= most),
        10.0 * power,
    )
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 2 - math.floor(math.log10(step)))
    ticks = [round(k * step, digits) + 0.0 for k in range(first, last + 1)]
    return ticks if ticks else [low, high]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two numbers > 0; with few of them, 2 and 5 times those, too."""
    lower, upper = math.floor(math.log10(low)), math.ceil(math.log10(high))
    step = max(1, math.ceil((upper - lower) / 7))
    ticks = [10.0**k for k in range(lower, upper + 1, step)]
    if upper - lower <= 2:
        ticks = [k * 10.0**p for p in range(lower, upper + 1) for k in (1.0, 2.0, 5.0)]
    inside = [t for t in ticks if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
    return inside if len(inside) >= 2 else [low, high]


def write_numbers(values: Sequence[float]) -> list[str]:
    """Numbers as short as tells them apart, with the sign for minus."""
    digits = next(
        (d for d in range(3, 16) if len({f"{v:.{d}g}" for v in values}) == len(set(values))), 16
    )
    digits = max(digits, 4)
    return [f"{v:.{digits}g}".replace("-", "\N{MINUS SIGN}") for v in values]


# --- Labels, scale bar, axes ----------------------------------------------------------------------


def _labels(labels: Any) -> list[Tree]:
    items = as_items(labels)
    if items is None or isinstance(labels, str):
        raise PictureError(f"figure: labels must be a list of (point, text), got {show(labels)}")
    made = []
    for number, item in enumerate(items):
        pair = as_items(item)
        point = None if pair is None or len(pair) != 2 else _point(pair[0])
        if point is None or pair is None or not isinstance(pair[1], str):
            raise PictureError(
                f"figure: labels[{number}] must be ((x, y, z), text), got {show(item)}"
            )
        made.append({"point": point, "text": pair[1]})
    return made


def _point(value: Any) -> list[float] | None:
    try:
        array = as_numpy(value)
    except NotNumbers:
        return None
    if array.dtype.kind not in "iuf" or array.shape != (3,) or not np.isfinite(array).all():
        return None
    return [float(x) for x in array]


def _scalebar(wanted: Any) -> Tree | None:
    if wanted is None or wanted is False:
        return None
    if wanted is True:
        return {"length": None, "unit": ""}
    if isinstance(wanted, str):
        return {"length": None, "unit": wanted}
    pair = as_items(wanted) if isinstance(wanted, tuple | list) else (wanted, "")
    if pair is not None and len(pair) == 2 and isinstance(pair[1], str):
        length = pair[0]
        real = isinstance(length, int | float | np.integer | np.floating) and not isinstance(
            length, bool
        )
        if real and 0.0 < length <= LARGEST:
            return {"length": float(length), "unit": pair[1]}
    raise PictureError(
        "figure: scalebar must be True, a length > 0, a unit, or (length, unit), "
        f"got {show(wanted)}"
    )


def _axes(scene: Scene, wanted: Any) -> Tree | None:
    if wanted is None or wanted is False:
        return None
    names = ["x", "y", "z"]
    if wanted is not True:
        given = as_items(wanted)
        is_known = given is not None and len(given) == 3
        if not is_known or not all(isinstance(name, str) for name in given or ()):
            raise PictureError(f"figure: axes must be True or three names, got {show(wanted)}")
        names = [str(name) for name in given or ()]
    shapes = [s for s in scene.shapes if isinstance(s, ValuedShape) and s.shown is not None]
    boxes = [shape.bounds() for shape in shapes or scene.shapes]
    if not boxes:
        return None
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    ticks = []
    for k in range(3):
        values = nice_ticks(float(low[k]), float(high[k]), 5) if high[k] > low[k] else []
        texts = write_numbers(values)
        ticks.append([{"value": v, "text": t} for v, t in zip(values, texts, strict=True)])
    return {"low": low.tolist(), "high": high.tolist(), "names": names, "ticks": ticks}


# --- Where that is in a picture -------------------------------------------------------------------


def project(camera: Camera, width: int, height: int, points: Any) -> NDArray[np.float64]:
    """Pixels from the upper left corner, and distances along rays: (N, 3) -> (N, 3).

    What is not in front of the camera has NaN.

    Examples
    --------
    >>> import raywidget as rw
    >>> from raywidget.picture.figure_elements import project
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
        vector away from the box) and ``ticks`` (``text``, ``x``, ``y``), or None.
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
                hidden = bool(depth[int(y), int(x)] < NEARER * away)
            labels.append({"text": label["text"], "x": float(x), "y": float(y), "hidden": hidden})
    return {
        "labels": labels,
        "scalebar": _placed_bar(description["scalebar"], camera, width, height),
        "axes": _placed_axes(description["axes"], camera, width, height),
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


def _placed_axes(axes: Tree | None, camera: Camera, width: int, height: int) -> list[Tree] | None:
    if axes is None:
        return None
    low, high = np.array(axes["low"]), np.array(axes["high"])
    centre = project(camera, width, height, 0.5 * (low + high))[0, :2]
    placed = []
    for k in range(3):
        if not high[k] > low[k]:
            continue
        edges = []
        for first, second in itertools.product((0, 1), repeat=2):
            others = [axis for axis in range(3) if axis != k]
            start = low.copy()
            start[others[0]] = (low, high)[first][others[0]]
            start[others[1]] = (low, high)[second][others[1]]
            end = start.copy()
            end[k] = high[k]
            edges.append((start, end))
        middles = project(camera, width, height, [0.5 * (a + b) for a, b in edges])[:, :2]
        away = np.linalg.norm(middles - centre, axis=1)
        if not np.isfinite(away).all():
            continue
        far = [n for n in range(4) if away[n] >= 0.999 * away.max()]
        best = min(far, key=lambda n: (-round(float(middles[n, 1]), 3), float(middles[n, 0])))
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
    return placed
