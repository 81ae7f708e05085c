"""What stands over and beside a picture: colour bars, labels, a scale bar, axes. Plain data.

`describe` says what there is, whatever the camera; its result is all lists, strings and numbers, as
JSON has them. `figure_layout` says where that is. `Figure` and the page draw from both.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from raywidget.errors import PictureError, SceneError
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.quantities import UNNAMED, ValuedShape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap, Limits
from raywidget.scene.values import checks
from raywidget.scene.values.annotations import CORNERS
from raywidget.scene.values.checks import LARGEST, reflectance, show
from raywidget.scene.values.colors import REC709_WEIGHTS, encode_srgb
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy

Tree = dict[str, Any]

_BAR_ROWS = 256  # colours of a bar, at most
_MIDDLING = 16  # pixels on a side, of a backdrop that is looked at
_DARK = 0.15  # luminance of a background below which words are white


def describe(
    scene: Scene,
    *,
    colorbars: bool | Iterable[str] = True,
    title: str | None = None,
    labels: Iterable[tuple[Any, ...]] = (),
    scalebar: bool | float | str | tuple[float, str] | None = None,
    axes: bool | Sequence[str] = False,
    legend: Iterable[tuple[str, Any]] = (),
    texts: Mapping[str, str] | None = None,
    orientation: bool | Sequence[str] = False,
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
    labels : sequence of ((x, y, z), text) or ((x, y, z), text, "always")
        Words at points of the scene; those that are always seen are so behind something, too.
    scalebar : bool, float, str or (float, str), optional
        True: of a length that suits the picture; a length in scene units; a unit; or both.
    axes : bool or three str
        The edges of the box round all shapes that show values (else round all shapes), with ticks;
        and what they are called. ``(name, first, last)`` in place of a name has other numbers
        told at both ends of the box than where they are.
    legend : sequence of (text, colour)
        What colours stand for.
    texts : mapping of str to str, optional
        Words in corners: "upper left", "upper right", "lower left", "lower right".
    orientation : bool or three str
        Small arrows that tell how the axes lie; and what they are called.

    Returns
    -------
    dict
        ``title``; ``bars``: a list of ``label``, ``low``, ``high``, ``log``, ``colors`` (as
        "#rrggbb", from low to high), ``below``, ``above`` and ``nan`` (None where there is none to
        be told), ``ticks`` (``value``, ``at`` from 0 to 1, ``text``), ``shape`` (its name) and
        ``index`` (in ``scene.shapes``), ``quantity``; ``labels``: ``point``, ``text``, and
        ``always`` of those that nothing hides; ``scalebar``: ``length`` (or None) and ``unit``, or
        None; ``axes``: ``low``, ``high``, ``names`` and ``ticks`` (three lists of ``value`` and
        ``text``), or None; ``legend``: ``text`` and ``color``; ``texts``: ``corner`` and ``text``;
        ``orientation``: three names, or None; ``ink``: "black" or "white", by what is behind all
        things, or None if nothing is known of it.

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
        items = as_items(legend)
        legend = own.get("legend", ()) if items is not None and not len(items) else legend
        texts = own.get("texts") if texts is None else texts
        orientation = own.get("orientation", False) if orientation is False else orientation
    if title is not None and not isinstance(title, str):
        raise PictureError(f"figure: title must be a string or None, got {show(title)}")
    return {
        "title": title,
        "bars": _bars(scene, colorbars),
        "labels": _labels(labels),
        "scalebar": _scalebar(scalebar),
        "axes": _axes(scene, axes),
        "legend": _legend(legend),
        "texts": _texts(texts),
        "orientation": _three_names("orientation", orientation),
        "ink": _ink(scene),
    }


def _ink(scene: Scene) -> str | None:
    behind = scene.background
    if behind is None:
        return None
    color: Any = behind
    if isinstance(behind, Backdrop):
        color = behind.frame(_MIDDLING, _MIDDLING).mean(axis=(0, 1))
    return "white" if float(np.dot(color, REC709_WEIGHTS)) < _DARK else "black"


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
    return bar, quantity.name, quantity.colormap.bar and shape.is_coloured_by(quantity.name)


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
    if colormap.ticks is None:
        values = log_ticks(low, high) if colormap.log else nice_ticks(low, high)
        texts = write_numbers(values)
    else:
        values = [value for value, _ in colormap.ticks]
        written = write_numbers(values) if values else []
        texts = [text or own for (_, text), own in zip(colormap.ticks, written, strict=True)]
    shares = colormap.shares(np.array(values), Limits(low, high))
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
        parts = as_items(item) or ()
        point = _point(parts[0]) if len(parts) in (2, 3) else None
        always = parts[2:] == ("always",)
        if point is None or not isinstance(parts[1], str) or (len(parts) == 3 and not always):
            raise PictureError(
                f'figure: labels[{number}] must be ((x, y, z), text), or with "always" as a third, '
                f"got {show(item)}"
            )
        made.append({"point": point, "text": parts[1], **({"always": True} if always else {})})
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


def _three_names(field: str, wanted: Any) -> list[str] | None:
    """Those of the axes; None if they are not wanted."""
    if wanted is None or wanted is False:
        return None
    if wanted is True:
        return ["x", "y", "z"]
    given = as_items(wanted)
    is_known = given is not None and len(given) == 3
    if not is_known or not all(isinstance(name, str) for name in given or ()):
        raise PictureError(f"figure: {field} must be True or three names, got {show(wanted)}")
    return [str(name) for name in given or ()]


def _legend(wanted: Any) -> list[Tree]:
    items = as_items(wanted)
    if items is None or isinstance(wanted, str):
        raise PictureError(f"figure: legend must be a list of (text, colour), got {show(wanted)}")
    made = []
    for number, item in enumerate(items):
        pair = as_items(item) or ()
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise PictureError(f"figure: legend[{number}] must be (text, colour), got {show(item)}")
        try:
            color = reflectance("figure", f"legend[{number}]", pair[1])
        except SceneError as error:
            raise PictureError(str(error)) from None
        made.append({"text": pair[0], "color": _written(color)})
    return made


def _texts(wanted: Any) -> list[Tree]:
    if wanted is None:
        return []
    if not isinstance(wanted, Mapping):
        raise PictureError(f"figure: texts must be a mapping of corners, got {show(wanted)}")
    for corner, text in wanted.items():
        if corner not in CORNERS:
            named = ", ".join(map(repr, CORNERS))
            raise PictureError(f"figure: texts: the corners are {named}, got {show(corner)}")
        if not isinstance(text, str):
            raise PictureError(f"figure: texts[{corner!r}] must be a string, got {show(text)}")
    return [{"corner": corner, "text": wanted[corner]} for corner in CORNERS if corner in wanted]


def _names_and_ranges(wanted: Any) -> tuple[list[str] | None, list[tuple[float, float] | None]]:
    """What the axes are called, and what is told at their ends, if it is not where they are."""
    ranges: list[tuple[float, float] | None] = [None, None, None]
    items = as_items(wanted)
    if items is None or isinstance(wanted, str):
        return _three_names("axes", wanted), ranges
    names = []
    for k, item in enumerate(items):
        parts = item if isinstance(item, list | tuple) else (item,)
        names.append(parts[0] if len(parts) in (1, 3) else None)
        if len(parts) == 3 and k < 3:
            try:
                first, last = (checks.number("figure", f"axes[{k}]", end) for end in parts[1:])
            except SceneError as error:
                raise PictureError(str(error)) from None
            if first == last:
                raise PictureError(f"figure: axes[{k}]: its ends must differ, both are {first:g}")
            ranges[k] = (first, last)
    return _three_names("axes", names), ranges


def _axes(scene: Scene, wanted: Any) -> Tree | None:
    names, ranges = _names_and_ranges(wanted)
    if names is None:
        return None
    shapes = [s for s in scene.shapes if isinstance(s, ValuedShape) and s.shown is not None]
    boxes = [shape.bounds() for shape in shapes or scene.shapes]
    if not boxes:
        return None
    low = np.min([box[0] for box in boxes], axis=0)
    high = np.max([box[1] for box in boxes], axis=0)
    ticks = []
    for k in range(3):
        first, last = ranges[k] or (float(low[k]), float(high[k]))
        told = nice_ticks(min(first, last), max(first, last), 5) if high[k] > low[k] else []
        texts = write_numbers(told)
        values = told
        if ranges[k] is not None:
            across = float(high[k] - low[k]) / (last - first)
            values = [float(low[k]) + (value - first) * across for value in told]
        ticks.append([{"value": v, "text": t} for v, t in zip(values, texts, strict=True)])
    return {"low": low.tolist(), "high": high.tolist(), "names": names, "ticks": ticks}
