"""One picture of a figure, with what stands over and beside it, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import PictureError
from raywidget.picture.figure_elements import Tree
from raywidget.picture.figure_layout import AxisWords, axis_words, lay_out
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene

POINT = 1 / 72.0  # in inches
MILLIMETRE = 1 / 25.4
_LEAST = 0.3  # of the width that the picture itself has


class Room(NamedTuple):
    """How much of a cell is for what, in inches."""

    across: float  # the picture
    high: float
    above: float  # its title
    beside: tuple[float, ...]  # its bars

    @property
    def total(self) -> float:
        """The height of all of it."""
        return self.high + self.above


class Cell(NamedTuple):
    """A part of a sheet, all in inches, from the lower left corner."""

    sheet: Any
    left: float
    bottom: float

    def axes(self, left: float, bottom: float, wide: float, high: float) -> Any:
        """Axes of matplotlib in a rectangle of it."""
        across, up = self.sheet.get_figwidth(), self.sheet.get_figheight()
        at = ((self.left + left) / across, (self.bottom + bottom) / up)
        return self.sheet.add_axes((*at, wide / across, high / up))

    def title(self, x: float, y: float, text: str, fontsize: float) -> None:
        """Words whose middle is there."""
        across, up = self.sheet.get_figwidth(), self.sheet.get_figheight()
        at = ((self.left + x) / across, (self.bottom + y) / up)
        self.sheet.text(*at, text, ha="center", va="center", fontsize=fontsize)


def measure(description: Tree, image: Image, width: float, fontsize: float) -> Room:
    """The room in a cell of this width.

    Raises
    ------
    PictureError
        If the bars leave nothing for the picture.
    """
    size = fontsize * POINT
    bars = description["bars"]
    beside = tuple(_bar_width(bar, size) for bar in bars)
    across = width - sum(beside)
    if across < _LEAST * width:
        raise PictureError(
            f"Figure: {len(bars)} colour bar{'s' * (len(bars) != 1)} leave no room for the picture "
            f"in {width / MILLIMETRE:.0f} mm; make it wider, or the font smaller"
        )
    above = 2.2 * size if description["title"] else 0.0
    return Room(across, across * image.height / image.width, above, beside)


def draw_panel(
    cell: Cell, image: Image, scene: Scene, description: Tree, room: Room, fontsize: float
) -> None:
    """A picture with its bars and its title."""
    size = fontsize * POINT
    _draw_picture(cell, image, scene, description, room, fontsize)
    left = room.across
    for bar, wide in zip(description["bars"], room.beside, strict=True):
        _draw_bar(cell, bar, left + size, room.high, size)
        left += wide
    if description["title"]:
        y = room.high + 0.5 * room.above
        cell.title(0.5 * room.across, y, description["title"], 1.2 * fontsize)


def _draw_picture(
    cell: Cell, image: Image, scene: Scene, description: Tree, room: Room, fontsize: float
) -> None:
    """The picture, and what stands over it, in its pixels."""
    wide, high = image.width, image.height
    axes = cell.axes(0.0, 0.0, room.across, room.high)
    axes.imshow(
        image.to_uint8(), extent=(0, wide, high, 0), aspect="auto", interpolation="antialiased"
    )
    axes.set_xlim(0, wide)
    axes.set_ylim(high, 0)
    axes.axis("off")
    depth: NDArray[Any] | None = image.aovs.get("depth")
    laid = lay_out(description, scene.camera, wide, high, depth)
    is_part = getattr(image.settings, "region", None) is not None
    if is_part and (laid["labels"] or laid["axes"] or laid["scalebar"]):
        raise PictureError("Figure: labels, axes and scale bars need a picture without region=")
    per_point = wide / (room.across * 72.0)  # pixels
    font = fontsize * per_point
    pen = _Pen(axes, description["ink"] or "black", font)
    for label in laid["labels"]:
        if not label["hidden"]:
            axes.plot([label["x"]], [label["y"]], ".", color=pen.ink, markersize=2.5)
            pen.write(label["x"] + 3 * per_point, label["y"], label["text"], "left")
    edges = laid["axes"] or ()
    placed = axis_words(edges, wide, high, font, laid["scalebar"])
    for edge, words in zip(edges, placed, strict=True):
        _draw_axis(pen, edge, words)
    if laid["scalebar"] is not None:
        _draw_scale(pen, laid["scalebar"], high)
    if laid["orientation"] is not None:
        above = 2.5 if laid["scalebar"] is not None else 0.0
        _draw_orientation(pen, laid["orientation"], high - (3.4 + above) * font)
    _draw_legend(pen, description["legend"], wide)
    rows = len(description["legend"])
    for text in description["texts"]:
        side = "left" if text["corner"].endswith("left") else "right"
        x = 0.8 * font if side == "left" else wide - 0.8 * font
        y = font if text["corner"].startswith("upper") else high - font
        if text["corner"] == "upper right":
            y += 1.5 * font * rows
        if text["corner"] == "lower left":
            y -= font * (2.5 * (laid["scalebar"] is not None))
            y -= font * (6.0 * (laid["orientation"] is not None))
        pen.write(x, y, text["text"], side)


class _Pen(NamedTuple):
    """Draws words and lines that can be read on anything, in axes that are a picture."""

    axes: Any
    ink: str
    font: float  # in pixels

    @property
    def paper(self) -> str:
        """What is below them."""
        return "black" if self.ink == "white" else "white"

    def write(self, x: float, y: float, text: str, ha: str = "center") -> None:
        """Words; the outlines below them are paths in every file."""
        from matplotlib.patheffects import Stroke

        alike: Any = {"ha": ha, "va": "center", "clip_on": True}
        halo = [Stroke(linewidth=1.5, foreground=self.paper, alpha=0.75)]
        self.axes.text(x, y, text, color=self.paper, path_effects=halo, **alike)
        self.axes.text(x, y, text, color=self.ink, **alike)

    def line(
        self, x: list[float], y: list[float], width: float, color: str | None = None, cap: str = ""
    ) -> None:
        """A straight one; thick ones have an outline."""
        from matplotlib.patheffects import withStroke

        more: Any = {"solid_capstyle": cap} if cap else {}
        if width > 1.0:
            around = withStroke(linewidth=width + 1.2, foreground=self.paper, alpha=0.75)
            more["path_effects"] = [around]
        self.axes.plot(x, y, color=color or self.ink, linewidth=width, **more)


def _draw_axis(pen: _Pen, edge: Tree, words: AxisWords) -> None:
    (x0, y0), (x1, y1) = edge["from"], edge["to"]
    out_x, out_y = (0.35 * pen.font * c for c in edge["outwards"])
    pen.line([x0, x1], [y0, y1], 0.6)
    for tick in edge["ticks"]:
        x, y = tick["x"], tick["y"]
        pen.line([x, x + out_x], [y, y + out_y], 0.6)
    for word in (words.name, *words.numbers):
        pen.write(word.x, word.y, word.text)


def _draw_scale(pen: _Pen, bar: Tree, high: float) -> None:
    left, y = 1.2 * pen.font, high - 1.2 * pen.font
    right = left + bar["pixels"]
    pen.line([left, right], [y, y], 1.8, cap="butt")
    pen.write(0.5 * (left + right), y - 0.9 * pen.font, bar["text"])


def _draw_orientation(pen: _Pen, arrows: Sequence[Tree], y: float) -> None:
    x, long = 3.4 * pen.font, 2.0 * pen.font
    for arrow in arrows:
        to_x, to_y = x + long * arrow["x"], y + long * arrow["y"]
        pen.line([x, to_x], [y, to_y], 1.5, arrow["color"], "round")
        beyond = 2.7 / 2.0
        pen.write(x + beyond * (to_x - x), y + beyond * (to_y - y), arrow["name"])


def _draw_legend(pen: _Pen, entries: Sequence[Tree], wide: float) -> None:
    """In the upper right corner."""
    font = pen.font
    longest = max((len(entry["text"]) for entry in entries), default=0)
    left = wide - (0.8 + 0.6 * longest + 1.4) * font
    for row, entry in enumerate(entries):
        y = (1.0 + 1.5 * row) * font
        x0, x1, y0, y1 = left, left + 0.9 * font, y - 0.45 * font, y + 0.45 * font
        pen.axes.fill(
            [x0, x1, x1, x0],
            [y0, y0, y1, y1],
            facecolor=entry["color"],
            edgecolor=pen.ink,
            linewidth=0.5,
        )
        pen.write(left + 1.4 * font, y, entry["text"], "left")


def _bar_width(bar: Tree, size: float) -> float:
    """Inches that a bar and its words take."""
    longest = max([len(tick["text"]) for tick in bar["ticks"]], default=1)
    return size * (1.0 + 1.0 + 0.7 + 0.62 * longest + (1.8 if bar["label"] else 0.5))


def _draw_bar(cell: Cell, bar: Tree, left: float, high: float, size: float) -> None:
    """A bar from `left` inches on, within the height of the picture."""
    ends = 0.1 * high
    axes = cell.axes(left, ends, size, high - 2 * ends)
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
