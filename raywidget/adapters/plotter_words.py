"""The words of a PyVista plotter: titles, labels at points, axes with numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.io.building import AnyPiece
from raywidget.io.points import Points
from raywidget.io.vtk_data import array_of
from raywidget.scene.camera import Camera, OrthographicCamera
from raywidget.scene.values.colors import decode_srgb

# vtkCornerAnnotation::TextPosition: which corner is nearest; the upper edge has the title
_UPPER_EDGE = 7
_CORNERS = {
    2: "upper left",
    3: "upper right",
    0: "lower left",
    1: "lower right",
    4: "lower left",
    5: "upper right",
    6: "upper left",
}
_SEPARATOR = " \N{MIDDLE DOT} "
_MOST_LABELS = 10_000
_OUT = 1.05  # radii of a ball
MOST_BALLS = 100_000  # that are looked at


class Words:
    """What a plotter writes over its picture, as `Figure` has it."""

    def __init__(self) -> None:
        self._title: list[str] = []
        self._texts: dict[str, list[str]] = {}  # by corners
        self._labels: list[tuple[Any, ...]] = []  # as `Figure` has them
        self._axes: tuple[Any, ...] | None = None
        self._legend: list[tuple[str, tuple[float, ...]]] = []

    def take(self, actor: Any) -> bool:
        """Read what an actor says; False if it is none of these."""
        if is_a(actor, "vtkmodules", "vtkCornerAnnotation"):
            _add(self._title, actor.GetText(_UPPER_EDGE))
            for place, corner in _CORNERS.items():
                self._write(corner, actor.GetText(place))
            return True
        if is_a(actor, "vtkmodules", "vtkTextActor"):
            self._write(_nearest_corner(actor), actor.GetInput())
            return True
        if is_a(actor, "vtkmodules", "vtkLegendBoxActor"):
            for number in range(actor.GetNumberOfEntries()):
                color = decode_srgb(np.clip(actor.GetEntryColor(number), 0.0, 1.0))
                text = " ".join(str(actor.GetEntryString(number) or "").split())
                self._legend.append((text, tuple(color.tolist())))
            return True
        if is_a(actor, "vtkmodules", "vtkCubeAxesActor"):
            names = (actor.GetXTitle(), actor.GetYTitle(), actor.GetZTitle())
            box = np.array(actor.GetBounds()).reshape(3, 2)
            told = [actor.GetXAxisRange(), actor.GetYAxisRange(), actor.GetZAxisRange()]
            self._axes = tuple(map(_axis, names, box.tolist(), told))
            return True
        mapper = actor.GetMapper() if is_a(actor, "vtkmodules", "vtkActor2D") else None
        if mapper is not None and is_a(mapper, "vtkmodules", "vtkLabelPlacementMapper"):
            return self._take_labels(mapper)
        return False

    def _write(self, corner: str, text: Any) -> None:
        _add(self._texts.setdefault(corner, []), text)

    def _take_labels(self, mapper: Any) -> bool:
        hierarchy = mapper.GetInputAlgorithm()
        if hierarchy is None or not is_a(hierarchy, "vtkmodules", "vtkPointSetToLabelHierarchy"):
            return False
        name = hierarchy.GetLabelArrayName()
        # Which of them are seen, VTK asks its own picture; here it is asked of this one.
        above = hierarchy.GetInputAlgorithm()
        chosen = above is not None and is_a(above, "vtkmodules", "vtkSelectVisiblePoints")
        always: tuple[str, ...] = () if chosen else ("always",)
        if chosen:
            source = above.GetInputAlgorithm()
            data = above.GetInputDataObject(0, 0)
        else:
            source, data = above, hierarchy.GetInputDataObject(0, 0)
        if source is not None and not is_a(source, "vtkmodules", "vtkTrivialProducer"):
            source.Update()
        texts = None if data is None or not name else data.GetPointData().GetAbstractArray(name)
        if texts is None or data.GetPoints() is None:
            return False
        points = array_of(data.GetPoints().GetData())[:_MOST_LABELS].tolist()
        for index, point in enumerate(points[: texts.GetNumberOfValues()]):
            words = " ".join(str(texts.GetVariantValue(index).ToString()).split())
            if words:
                self._labels.append((tuple(point), words, *always))
        return True

    def measure(self, ruler: Any, renderer: Any) -> bool:
        """Read what a ruler between two points says: its title, and its ends; False if it is none.

        The line is left to whoever draws lines.
        """
        if not is_a(ruler, "vtkmodules", "vtkAxisActor2D"):
            return False
        ends = ends_of_ruler(ruler, renderer)
        if ends is None:
            return False
        low, high = ruler.GetRange()
        title = str(ruler.GetTitle() or "").strip()
        length = f"{abs(high - low):.4g}"
        self._labels.append(
            (tuple(ends[1].tolist()), f"{title}: {length}" if title else length, "always")
        )
        return True

    def step_out(self, pieces: Iterable[AnyPiece], camera: Camera) -> None:
        """Take labels out of the balls that are drawn at their points, towards the camera."""
        radii: dict[tuple[float, ...], float] = {}
        for piece in pieces:
            if isinstance(piece, Points) and piece.radii is not None:
                centers = np.asarray(piece.centers, np.float32)[:MOST_BALLS]
                sizes = np.broadcast_to(np.asarray(piece.radii, np.float64), len(centers))
                for center, size in zip(map(tuple, centers.tolist()), sizes.tolist(), strict=True):
                    radii[center] = max(size, radii.get(center, 0.0))
        frame = camera.frame()
        for index, (point, *words) in enumerate(self._labels):
            radius = radii.get(tuple(np.asarray(point, np.float32).tolist()))
            if radius is not None:
                towards = np.subtract(camera.look_from, point)
                if isinstance(camera, OrthographicCamera):
                    towards = -np.array(frame.forward)
                step = _OUT * radius / (float(np.linalg.norm(towards)) or 1.0)
                self._labels[index] = (tuple((point + step * towards).tolist()), *words)

    def annotations(self) -> dict[str, Any]:
        """What there is of title, texts, labels, axes and legend; see `Scene.annotations`.

        Without a title, what stands in the upper left corner is one.
        """
        found: dict[str, Any] = {}
        texts = {corner: dict.fromkeys(words) for corner, words in self._texts.items() if words}
        title = dict.fromkeys(self._title) or texts.pop("upper left", {})
        if title:
            found["title"] = _SEPARATOR.join(title)
        if texts:
            found["texts"] = {corner: _SEPARATOR.join(words) for corner, words in texts.items()}
        if self._labels:
            found["labels"] = tuple(self._labels)
        if self._axes is not None:
            found["axes"] = self._axes
        if self._legend:
            found["legend"] = tuple(self._legend)
        return found


def ends_of_ruler(ruler: Any, renderer: Any) -> tuple[NDArray[np.float64], ...] | None:
    """The points in the scene that a ruler lies between; None if it is fixed to the window."""
    ends = []
    for coordinate in (ruler.GetPositionCoordinate(), ruler.GetPosition2Coordinate()):
        if coordinate.GetCoordinateSystemAsString() != "World":
            return None
        ends.append(np.array(coordinate.GetComputedWorldValue(renderer)))
    return tuple(ends)


def _axis(name: Any, ends: list[float], told: tuple[float, ...]) -> Any:
    """What an axis is called; with the numbers at its ends, if they are not where they are."""
    called = str(name or "").strip()
    first, last = (float(end) for end in told)
    if first == last or np.allclose(told, ends, rtol=1e-6, atol=1e-9 * (abs(ends[1] - ends[0]))):
        return called
    return (called, first, last)


def _add(words: list[str], text: Any) -> None:
    told = " ".join(str(text or "").split())
    if told:
        words.append(told)


def _nearest_corner(actor: Any) -> str:
    """The corner next to where a text begins, in shares of the window."""
    x, y = actor.GetPositionCoordinate().GetValue()[:2]
    if "Normalized" not in actor.GetPositionCoordinate().GetCoordinateSystemAsString():
        return "lower left"
    return f"{'upper' if y >= 0.5 else 'lower'} {'right' if x >= 0.5 else 'left'}"
