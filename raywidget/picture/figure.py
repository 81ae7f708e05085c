"""Figures for papers and slides: a picture with bars, labels, scale bar and axes, by matplotlib."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from raywidget.errors import PictureError
from raywidget.io.atomic import replacing
from raywidget.picture.figure_drawing import MILLIMETRE, POINT, Cell, draw_panel, measure
from raywidget.picture.figure_elements import Tree, describe
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_items
from raywidget.scene.values.paths import user_path
from raywidget.scene.values.signatures import CheckedCalls, checked_call, did_you_mean

SUFFIXES = (".pdf", ".svg", ".png")
_INCHES = {"mm": MILLIMETRE, "cm": 10 * MILLIMETRE, "in": 1.0, "pt": POINT}
_GAP = 1.0  # of a letter, between pictures
_MOST_COLUMNS = 64

_SHOWN_DPI = 144
_SHOWN_WIDTH = 160 * _INCHES["mm"]


class Figure(metaclass=CheckedCalls):
    """A picture with all that makes it readable: bars, title, labels, a scale bar, axes.

    Shown in Jupyter, or saved: in PDF and SVG the picture is a raster and all words and lines are
    vectors. Needs matplotlib: ``pip install "raywidget[figure]"``.

    Parameters
    ----------
    scene_or_image : Scene, Image or RayWidget, or a list of these
        A scene is rendered when the figure is first needed. Of an image, what `render` has
        returned. Several stand in rows, as those of `subplots` do, each with its own bars and the
        title that it has among its `annotations`.
    columns : int, optional
        How many stand beside each other. By default about as many as there are rows.
    colorbars : bool or sequence of str
        A bar for each colour map that shapes show; or for those of the shapes with these names.
    title : str, optional
        Above the picture, or above all of them.
    labels : sequence of ((x, y, z), text) or ((x, y, z), text, "always")
        Words at points of the scene; those behind something are left out (of an image, if it has
        ``aovs=("depth",)``), unless they are to be seen always.
    scalebar : bool, float, str or (float, str), optional
        A bar of a length that suits (True), of this length in scene units, with this unit, or both:
        ``(0.5, "mm")``. In perspective it holds at the distance of what the camera looks at.
    axes : bool or three str
        The edges of the box round what shows values (else round all), with ticks; and their names.
        ``(name, first, last)`` in place of a name tells other numbers at its ends.
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
        columns: int | None = None,
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
        things = as_items(scene_or_image) if _are_several(scene_or_image) else (scene_or_image,)
        if not (isinstance(fontsize, int | float) and 1.0 <= fontsize <= 200.0):
            raise PictureError(f"Figure: fontsize must be points, 1 to 200, got {show(fontsize)}")
        if not things:
            raise PictureError("Figure: there is no picture in an empty list")
        several = _are_several(scene_or_image)
        wanted: Tree = {
            "colorbars": colorbars,
            "labels": as_items(labels) or labels,
            "scalebar": scalebar,
            "axes": axes,
            "legend": as_items(legend) or legend,
            "texts": texts,
            "orientation": orientation,
        }
        if several and title is not None and not isinstance(title, str):
            raise PictureError(f"Figure: title must be a string or None, got {show(title)}")
        self._title = title if several else None
        wanted["title"] = None if several else title
        self._panels = [_panel(thing, settings, wanted) for thing in things]
        self._several, self._fontsize = several, float(fontsize)
        self._columns = _checked_columns(columns, len(self._panels))

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
    def description(self) -> Tree | list[Tree]:
        """What stands over and beside the picture, as `figure_elements.describe` says it.

        Of several, a list.
        """
        found = [panel.description for panel in self._panels]
        return found if self._several else found[0]

    @property
    def images(self) -> list[Image]:
        """All pictures, which are rendered when they are first asked for."""
        return [panel.rendered() for panel in self._panels]

    @property
    def image(self) -> Image:
        """The picture, which is rendered when it is first asked for.

        Raises
        ------
        PictureError
            If there are several: `images` has them.
        """
        if len(self._panels) > 1:
            raise PictureError(f"Figure: there are {len(self._panels)} pictures; images has them")
        return self._panels[0].rendered()

    @checked_call(PictureError)
    def save(
        self,
        path: str | os.PathLike[str],
        *,
        dpi: float = 300.0,
        width: str | float = "160 mm",
        transparent: bool = False,
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
        transparent : bool
            No white paper: what is round the picture is seen through, and so is what a picture with
            `alpha` is cut out of.

        Raises
        ------
        PictureError
            If the suffix is another, a size or a flag makes no sense, matplotlib is missing, or the
            file can't be written.
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
        if not isinstance(transparent, bool):
            raise PictureError(
                f"Figure: transparent must be True or False, got {show(transparent)}"
            )
        paper = "none" if transparent else "white"
        data = self._written(suffix[1:], _checked_dpi(dpi), _inches(width), paper)
        try:
            with replacing(target) as part:
                part.write_bytes(data)
        except OSError as error:
            raise PictureError(f"Figure: {str(target)!r} can't be written: {error}") from None

    def _repr_png_(self) -> bytes:
        return self._written("png", _SHOWN_DPI, _SHOWN_WIDTH)

    def __repr__(self) -> str:
        bars = sum(len(panel.description["bars"]) for panel in self._panels)
        told = ", ".join(repr(panel.image or panel.scene) for panel in self._panels)
        told = f"[{told}]" if self._several else told
        return f"Figure({told}, {bars} colour bar{'s' * (bars != 1)})"

    def _written(self, form: str, dpi: float, width: float, paper: str = "white") -> bytes:
        try:
            import matplotlib
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure as Sheet
        except ImportError:
            raise PictureError('Figure needs matplotlib: pip install "raywidget[figure]"') from None
        columns, size = self._columns, self._fontsize * POINT
        gap = _GAP * size if len(self._panels) > 1 else 0.0
        wide = (width - gap * (columns - 1)) / columns
        if wide <= 0.0:
            raise PictureError(f"Figure: {columns} columns do not fit into this width")
        rooms = [
            measure(panel.description, panel.rendered(), wide, self._fontsize)
            for panel in self._panels
        ]
        starts = range(0, len(rooms), columns)
        heights = [max(room.total for room in rooms[k : k + columns]) for k in starts]
        above = 2.4 * size if self._title else 0.0
        total = sum(heights) + gap * (len(heights) - 1) + above
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
            sheet = Sheet(figsize=(width, total), dpi=dpi, facecolor=paper)
            FigureCanvasAgg(sheet)
            if self._title:
                whole = Cell(sheet, 0.0, 0.0)
                whole.title(0.5 * width, total - 0.5 * above, self._title, 1.4 * self._fontsize)
            top = total - above
            for number, (panel, room) in enumerate(zip(self._panels, rooms, strict=True)):
                row, column = divmod(number, columns)
                if column == 0 and row > 0:
                    top -= heights[row - 1] + gap
                cell = Cell(sheet, column * (wide + gap), top - room.total)
                image = panel.rendered()
                draw_panel(cell, image, panel.scene, panel.description, room, self._fontsize)
            buffer = io.BytesIO()
            metadata: dict[str, Any] = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}.get(
                form, {}
            )
            sheet.savefig(buffer, format=form, dpi=dpi, metadata=metadata)
        return buffer.getvalue()


class _Panel:
    """One picture of a figure, and what is to be seen of it."""

    def __init__(self, scene: Scene, image: Image | None, settings: Tree, told: Tree) -> None:
        self.scene, self.image, self._settings, self.description = scene, image, settings, told

    def rendered(self) -> Image:
        """The picture."""
        if self.image is None:
            render = importlib.import_module("raywidget.headless.rendering").render  # above
            settings = dict(self._settings)
            wanted = settings.pop("aovs", ())
            wanted = (wanted,) if isinstance(wanted, str) else tuple(wanted)
            aovs = tuple(dict.fromkeys((*wanted, "depth")))
            self.image = render(self.scene, aovs=aovs, **settings)
        return self.image


def _are_several(thing: Any) -> bool:
    return isinstance(thing, list | tuple)


def _panel(thing: Any, settings: Tree, wanted: Tree) -> _Panel:
    """Of a scene, an image or a widget."""
    image: Image | None = None
    if not isinstance(thing, Scene | Image) and isinstance(getattr(thing, "image", None), Image):
        thing = thing.image  # of a widget
    if isinstance(thing, Image):
        image = thing
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
    return _Panel(scene, image, settings, describe(scene, **wanted))


def _checked_columns(columns: object, count: int) -> int:
    if columns is None:
        return math.ceil(math.sqrt(count))
    if (
        isinstance(columns, bool)
        or not isinstance(columns, int)
        or not 1 <= columns <= _MOST_COLUMNS
    ):
        raise PictureError(
            f"Figure: columns must be a whole number from 1 to {_MOST_COLUMNS}, got {show(columns)}"
        )
    return min(columns, count)


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
        match = re.fullmatch(r"\s*(\d{1,6}(?:\.\d{1,20})?)\s*(mm|cm|in|pt)\s*", width)
        found = None if match is None else float(match[1]) * _INCHES[match[2]]
    if found is None or not 0.4 <= found <= 100.0:
        raise PictureError(
            f'Figure: width must be such as "86 mm", "3.4 in" or a number of mm, got {show(width)}'
        )
    return found
