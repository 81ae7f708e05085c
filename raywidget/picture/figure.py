"""Figures for papers and slides: a picture with bars, labels, scale bar and axes, by matplotlib."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.io.atomic import replacing
from raywidget.picture.figure_elements import Tree, describe
from raywidget.picture.figure_layout import AxisWords, axis_words, lay_out
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.paths import user_path
from raywidget.scene.values.signatures import CheckedCalls, did_you_mean

SUFFIXES = (".pdf", ".svg", ".png")
_INCHES = {"mm": 1 / 25.4, "cm": 1 / 2.54, "in": 1.0, "pt": 1 / 72.0}
_POINTS = 1 / 72.0  # in inches

_SHOWN_DPI = 144
_SHOWN_WIDTH = 160 * _INCHES["mm"]


class Figure(metaclass=CheckedCalls):
    """A picture with all that makes it readable: bars, title, labels, a scale bar, axes.

    Shown in Jupyter, or saved: in PDF and SVG the picture is a raster and all words and lines are
    vectors. Needs matplotlib: ``pip install "raywidget[figure]"``.

    Parameters
    ----------
    scene_or_image : Scene, Image or RayWidget
        A scene is rendered when the figure is first needed. Of an image, what `render` has
        returned.
    colorbars : bool or sequence of str
        A bar for each colour map that shapes show; or for those of the shapes with these names.
    title : str, optional
        Above the picture.
    labels : sequence of ((x, y, z), text) or ((x, y, z), text, "always")
        Words at points of the scene; those behind something are left out (of an image, if it has
        ``aovs=("depth",)``), unless they are to be seen always.
    scalebar : bool, float, str or (float, str), optional
        A bar of a length that suits (True), of this length in scene units, with this unit, or both:
        ``(0.5, "mm")``. In perspective it holds at the distance of what the camera looks at.
    axes : bool or three str
        The edges of the box round what shows values (else round all), with ticks; and their names.
    legend : sequence of (text, colour)
        What colours stand for.
    texts : mapping of str to str, optional
        Words in corners: "upper left", "upper right", "lower left", "lower right".
    orientation : bool or three str
        Small arrows in the lower left corner that tell how the axes lie; and their names.
    fontsize : float
        In points.
    **settings
        Any of `RenderSettings`, if it is a scene: ``width``, ``height``, ``spp``, ...

    Raises
    ------
    PictureError
        If it is nothing of the kind, or a label has no point.

    Examples
    --------
    >>> import os, tempfile
    >>> import raywidget as rw
    >>> dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.4, values=[0, 8], unlit=0.5)
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0.5, 0, 0))
    >>> fig = rw.Figure(
    ...     rw.Scene([dots], camera=camera), title="Dots", scalebar="mm", width=64, height=48, spp=4
    ... )
    >>> fig.save(os.path.join(tempfile.mkdtemp(), "dots.pdf"), width="86 mm")
    """

    wrong_call_error = PictureError  # of `CheckedCalls`

    def __init__(
        self,
        scene_or_image: Any,
        *,
        colorbars: bool | Iterable[str] = True,
        title: str | None = None,
        labels: Iterable[tuple[Any, ...]] = (),
        scalebar: bool | float | str | tuple[float, str] | None = None,
        axes: bool | Sequence[str] = False,
        legend: Iterable[tuple[str, Any]] = (),
        texts: Mapping[str, str] | None = None,
        orientation: bool | Sequence[str] = False,
        fontsize: float = 8.0,
        **settings: Any,
    ) -> None:
        thing = scene_or_image
        self._image: Image | None = None
        if not isinstance(thing, Scene | Image) and isinstance(
            getattr(thing, "image", None), Image
        ):
            thing = thing.image  # of a widget
        if isinstance(thing, Image):
            self._image = thing
            if settings:
                raise PictureError(
                    f"Figure: {next(iter(settings))}= is a setting of a render, and this picture "
                    "has been rendered"
                )
            scene = getattr(thing.raw.state, "scene", None)
            if not isinstance(scene, Scene):
                raise PictureError(
                    "Figure: the scene of this image is not known; give the scene, or an image "
                    "that render() has returned"
                )
        elif isinstance(thing, Scene):
            scene = thing
            _check_settings(scene, settings)
        else:
            raise PictureError(
                f"Figure: expected a Scene, an Image or a RayWidget, got {show(thing)}; "
                "of a thing, studio(thing) makes a scene"
            )
        if not (isinstance(fontsize, int | float) and 1.0 <= fontsize <= 200.0):
            raise PictureError(f"Figure: fontsize must be points, 1 to 200, got {show(fontsize)}")
        self._scene, self._settings, self._fontsize = scene, settings, float(fontsize)
        self._description = describe(
            scene,
            colorbars=colorbars,
            title=title,
            labels=labels,
            scalebar=scalebar,
            axes=axes,
            legend=legend,
            texts=texts,
            orientation=orientation,
        )

    @classmethod
    def _spelt_out(cls) -> inspect.Signature:
        """Its signature with all settings of the render, which are above this layer."""
        asked = importlib.import_module("raywidget.headless.asked")
        signature: inspect.Signature = asked.signature_with_settings(cls.__init__)
        return signature.replace(
            parameters=list(signature.parameters.values())[1:],
            return_annotation=inspect.Signature.empty,
        )

    @property
    def description(self) -> Tree:
        """What stands over and beside the picture, as `figure_elements.describe` says it."""
        return self._description

    @property
    def image(self) -> Image:
        """The picture, which is rendered when it is first asked for."""
        if self._image is None:
            render = importlib.import_module("raywidget.headless.rendering").render  # above
            wanted = self._settings.pop("aovs", ())
            wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
            self._image = render(
                self._scene, aovs=tuple(dict.fromkeys((*wanted, "depth"))), **self._settings
            )
        return self._image

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        dpi: float = 300.0,
        width: str | float = "160 mm",
    ) -> None:
        """Write it as PDF, SVG or PNG, by the suffix.

        Parameters
        ----------
        path : path-like
            What was there before is replaced only once all is written.
        dpi : float
            Pixels per inch of a PNG; what is a raster in the others keeps its own pixels.
        width : str or float
            Of the whole figure: "86 mm", "8.6 cm", "3.4 in", "240 pt", or a number of mm.

        Raises
        ------
        PictureError
            If the suffix is another, a size makes no sense, matplotlib is missing, or the file
            can't be written.
        """
        try:
            target = user_path(path)
        except ValueError as error:
            raise PictureError(f"Figure: path: {error}") from None
        suffix = target.suffix.lower()
        if suffix not in SUFFIXES:
            raise PictureError(
                f"Figure: the path must end in {', '.join(SUFFIXES)}, got {str(target)!r}"
            )
        data = self._written(suffix[1:], _checked_dpi(dpi), _inches(width))
        try:
            with replacing(target) as part:
                part.write_bytes(data)
        except OSError as error:
            raise PictureError(f"Figure: {str(target)!r} can't be written: {error}") from None

    def _repr_png_(self) -> bytes:
        return self._written("png", _SHOWN_DPI, _SHOWN_WIDTH)

    def __repr__(self) -> str:
        bars = len(self._description["bars"])
        return f"Figure({self._image or self._scene!r}, {bars} colour bar{'s' * (bars != 1)})"

    def _written(self, form: str, dpi: float, width: float) -> bytes:
        try:
            import matplotlib
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure as Sheet
        except ImportError:
            raise PictureError('Figure needs matplotlib: pip install "raywidget[figure]"') from None
        image = self.image
        aspect = image.height / image.width
        size = self._fontsize * _POINTS
        bars = self._description["bars"]
        beside = [_bar_width(bar, size) for bar in bars]
        across = width - sum(beside)
        if across < 0.3 * width:
            raise PictureError(
                f"Figure: {len(bars)} colour bars leave no room for the picture in "
                f"{width / _INCHES['mm']:.0f} mm; make it wider, or the font smaller"
            )
        above = 2.2 * size if self._description["title"] else 0.0
        high = across * aspect
        # Text as text, in files that are the same each time
        style: Any = {
            "svg.fonttype": "none",
            "svg.hashsalt": "raywidget",
            "pdf.fonttype": 42,
            "font.size": self._fontsize,
            "axes.linewidth": 0.6,
            "text.usetex": False,
            "text.parse_math": False,
        }
        with matplotlib.rc_context(style):
            total = high + above
            sheet = Sheet(figsize=(width, total), dpi=dpi, facecolor="white")
            FigureCanvasAgg(sheet)
            self._draw(sheet, image, (across / width, high / total))
            left = across
            for bar, wide in zip(bars, beside, strict=True):
                _draw_bar(sheet, bar, left + size, (width, total), high, size)
                left += wide
            if self._description["title"]:
                sheet.text(
                    0.5 * across / width,
                    1.0 - 0.5 * above / total,
                    self._description["title"],
                    ha="center",
                    va="center",
                    fontsize=1.2 * self._fontsize,
                )
            buffer = io.BytesIO()
            metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(
                form, {}
            )
            sheet.savefig(buffer, format=form, dpi=dpi, metadata=metadata)
        return buffer.getvalue()

    def _draw(self, sheet: Any, image: Image, part: tuple[float, float]) -> None:
        """The picture, and what stands over it, in its pixels."""
        wide, high = image.width, image.height
        axes = sheet.add_axes((0.0, 0.0, *part))
        axes.imshow(
            image.to_uint8(), extent=(0, wide, high, 0), aspect="auto", interpolation="antialiased"
        )
        axes.set_xlim(0, wide)
        axes.set_ylim(high, 0)
        axes.axis("off")
        depth: NDArray[Any] | None = image.aovs.get("depth")
        laid = lay_out(self._description, self._scene.camera, wide, high, depth)
        is_part = getattr(image.settings, "region", None) is not None
        if is_part and (laid["labels"] or laid["axes"] or laid["scalebar"]):
            raise PictureError("Figure: labels, axes and scale bars need a picture without region=")
        per_point = wide / (sheet.get_figwidth() * part[0] * 72.0)  # pixels
        for label in laid["labels"]:
            if not label["hidden"]:
                axes.plot([label["x"]], [label["y"]], ".", color="black", markersize=2.5)
                _write(axes, label["x"] + 3 * per_point, label["y"], label["text"], ha="left")
        font = self._fontsize * per_point
        edges = laid["axes"] or ()
        for edge, words in zip(edges, axis_words(edges, wide, high, font), strict=True):
            _draw_axis(axes, edge, words, font)
        if laid["scalebar"] is not None:
            _draw_scale(axes, laid["scalebar"], high, font)
        if laid["orientation"] is not None:
            above = 2.5 if laid["scalebar"] is not None else 0.0
            _draw_orientation(axes, laid["orientation"], high - (3.4 + above) * font, font)
        _draw_legend(axes, self._description["legend"], wide, font)
        rows = len(self._description["legend"])
        for text in self._description["texts"]:
            side = "left" if text["corner"].endswith("left") else "right"
            x = 0.8 * font if side == "left" else wide - 0.8 * font
            y = font if text["corner"].startswith("upper") else high - font
            if text["corner"] == "upper right":
                y += 1.5 * font * rows
            if text["corner"] == "lower left":
                y -= font * (2.5 * (laid["scalebar"] is not None))
                y -= font * (6.0 * (laid["orientation"] is not None))
            _write(axes, x, y, text["text"], side)


def _check_settings(scene: Scene, settings: Tree) -> None:
    """Refuse what the render would refuse, before the figure is first needed."""
    rendering = importlib.import_module("raywidget.headless.rendering")  # above this layer
    asked = importlib.import_module("raywidget.headless.asked")
    known = set(inspect.signature(rendering.render).parameters) - {"scene", "settings"}
    for name in settings:
        if name not in known:
            own = {*inspect.signature(Figure).parameters} - {"settings"}
            raise PictureError(
                f"Figure: there is no parameter {name!r}; {did_you_mean(name, known | own)}"
            )
    of_renders = {field.name for field in dataclasses.fields(asked.RenderSettings)}
    asked.scene_and_settings(scene, {k: v for k, v in settings.items() if k in of_renders})


def _write(axes: Any, x: float, y: float, text: str, ha: str = "center") -> None:
    """Black words that can be read on anything: outlines below, which are paths in every file."""
    from matplotlib.patheffects import Stroke

    alike: Any = {"ha": ha, "va": "center", "clip_on": True}
    halo = [Stroke(linewidth=1.5, foreground="white", alpha=0.75)]
    axes.text(x, y, text, path_effects=halo, **alike)
    axes.text(x, y, text, color="black", **alike)


def _draw_axis(axes: Any, edge: Tree, words: AxisWords, font: float) -> None:
    (x0, y0), (x1, y1) = edge["from"], edge["to"]
    out_x, out_y = (0.35 * font * c for c in edge["outwards"])
    axes.plot([x0, x1], [y0, y1], color="black", linewidth=0.6)
    for tick in edge["ticks"]:
        x, y = tick["x"], tick["y"]
        axes.plot([x, x + out_x], [y, y + out_y], color="black", linewidth=0.6)
    for word in (words.name, *words.numbers):
        _write(axes, word.x, word.y, word.text)


def _draw_scale(axes: Any, bar: Tree, high: float, font: float) -> None:
    left, y = 1.2 * font, high - 1.2 * font
    right = left + bar["pixels"]
    from matplotlib.patheffects import withStroke

    around = [withStroke(linewidth=3.0, foreground="white", alpha=0.75)]
    axes.plot(
        [left, right],
        [y, y],
        color="black",
        linewidth=1.8,
        path_effects=around,
        solid_capstyle="butt",
    )
    _write(axes, 0.5 * (left + right), y - 0.9 * font, bar["text"])


def _draw_orientation(axes: Any, arrows: Sequence[Tree], y: float, font: float) -> None:
    from matplotlib.patheffects import withStroke

    around = [withStroke(linewidth=3.0, foreground="white", alpha=0.75)]
    x, long = 3.4 * font, 2.0 * font
    for arrow in arrows:
        to_x, to_y = x + long * arrow["x"], y + long * arrow["y"]
        axes.plot(
            [x, to_x],
            [y, to_y],
            color=arrow["color"],
            linewidth=1.5,
            path_effects=around,
            solid_capstyle="round",
        )
        beyond = 2.7 / 2.0
        _write(axes, x + beyond * (to_x - x), y + beyond * (to_y - y), arrow["name"])


def _draw_legend(axes: Any, entries: Sequence[Tree], wide: float, font: float) -> None:
    """In the upper right corner."""
    longest = max((len(entry["text"]) for entry in entries), default=0)
    left = wide - (0.8 + 0.6 * longest + 1.4) * font
    for row, entry in enumerate(entries):
        y = (1.0 + 1.5 * row) * font
        x0, x1, y0, y1 = left, left + 0.9 * font, y - 0.45 * font, y + 0.45 * font
        axes.fill(
            [x0, x1, x1, x0],
            [y0, y0, y1, y1],
            facecolor=entry["color"],
            edgecolor="black",
            linewidth=0.5,
        )
        _write(axes, left + 1.4 * font, y, entry["text"], "left")


def _bar_width(bar: Tree, size: float) -> float:
    """Inches that a bar and its words take."""
    longest = max([len(tick["text"]) for tick in bar["ticks"]], default=1)
    return size * (1.0 + 1.0 + 0.7 + 0.62 * longest + (1.8 if bar["label"] else 0.5))


def _draw_bar(
    sheet: Any, bar: Tree, left: float, whole: tuple[float, float], high: float, size: float
) -> None:
    """A bar from `left` inches on, within the height of the picture."""
    width, total = whole
    ends = 0.1 * high
    box = (left / width, ends / total, size / width, (high - 2 * ends) / total)
    axes = sheet.add_axes(box)
    colors = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in bar["colors"]], np.uint8)
    axes.imshow(
        colors[:, None], extent=(0, 1, 0, 1), origin="lower", aspect="auto", interpolation="nearest"
    )
    axes.set_xticks([])
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_yticks([tick["at"] for tick in bar["ticks"]], [t["text"] for t in bar["ticks"]])
    axes.tick_params(width=0.6, length=2.5, pad=2.0)
    if bar["label"]:
        axes.set_ylabel(bar["label"])
    tip = 0.9 * size / (high - 2 * ends)
    for color, base, point in ((bar["below"], 0.0, -tip), (bar["above"], 1.0, 1.0 + tip)):
        if color is not None:
            axes.fill(
                [0, 1, 0.5],
                [base, base, point],
                facecolor=color,
                edgecolor="black",
                linewidth=0.6,
                clip_on=False,
            )
    if bar["nan"] is not None:
        low = -2.6 * tip
        axes.fill(
            [0, 1, 1, 0],
            [low, low, low + tip, low + tip],
            facecolor=bar["nan"],
            edgecolor="black",
            linewidth=0.6,
            clip_on=False,
        )
        axes.text(1.35, low + 0.5 * tip, "NaN", va="center", ha="left", clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)


def _checked_dpi(dpi: object) -> float:
    if isinstance(dpi, int | float) and not isinstance(dpi, bool) and 10 <= dpi <= 2400:
        return float(dpi)
    raise PictureError(f"Figure: dpi must be a number from 10 to 2400, got {show(dpi)}")


def _inches(width: object) -> float:
    """A width in words, or in mm, as inches."""
    found: float | None = None
    if isinstance(width, int | float) and not isinstance(width, bool):
        found = float(width) * _INCHES["mm"]
    elif isinstance(width, str):
        match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,6})?)\s*(mm|cm|in|pt)\s*", width)
        found = None if match is None else float(match[1]) * _INCHES[match[2]]
    if found is None or not 0.4 <= found <= 100.0:
        raise PictureError(
            f'Figure: width must be such as "86 mm", "3.4 in" or a number of mm, got {show(width)}'
        )
    return found
