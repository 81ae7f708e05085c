"""The words of a PyVista plotter: titles, labels at points, axes with numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from raywidget.adapters.recognition import is_a
from raywidget.io.building import AnyPiece
from raywidget.io.points import Points
from raywidget.io.vtk_data import array_of
from raywidget.scene.camera import Camera, OrthographicCamera

_UPPER_EDGE = 7  # vtkCornerAnnotation::TextPosition
_CORNERS = (_UPPER_EDGE, 2, 3, 4, 5, 6, 0, 1)  # the upper ones first
_MOST_LABELS = 10_000
_OUT = 1.05  # radii of a ball
MOST_BALLS = 100_000  # that are looked at


class Words:
    """What a plotter writes over its picture, as `Figure` has it."""

    def __init__(self) -> None:
        self._texts: list[tuple[int, str]] = []  # rank, what stands there
        self._labels: list[tuple[tuple[float, ...], str]] = []
        self._axes: tuple[str, ...] | None = None

    def take(self, actor: Any) -> bool:
        """Read what an actor says; False if it is none of these."""
        if is_a(actor, "vtkmodules", "vtkCornerAnnotation"):
            for rank, place in enumerate(_CORNERS):
                self._write(rank, actor.GetText(place))
            return True
        if is_a(actor, "vtkmodules", "vtkTextActor"):
            self._write(len(_CORNERS), actor.GetInput())
            return True
        if is_a(actor, "vtkmodules", "vtkCubeAxesActor"):
            names = (actor.GetXTitle(), actor.GetYTitle(), actor.GetZTitle())
            self._axes = tuple(str(name or "").strip() for name in names)
            return True
        mapper = actor.GetMapper() if is_a(actor, "vtkmodules", "vtkActor2D") else None
        if mapper is not None and is_a(mapper, "vtkmodules", "vtkLabelPlacementMapper"):
            return self._take_labels(mapper)
        return False

    def _write(self, rank: int, text: Any) -> None:
        words = " ".join(str(text or "").split())
        if words:
            self._texts.append((rank, words))

    def _take_labels(self, mapper: Any) -> bool:
        hierarchy = mapper.GetInputAlgorithm()
        if hierarchy is None or not is_a(hierarchy, "vtkmodules", "vtkPointSetToLabelHierarchy"):
            return False
        name = hierarchy.GetLabelArrayName()
        # Which of them are seen, VTK asks its own picture; here it is asked of this one.
        above = hierarchy.GetInputAlgorithm()
        if above is not None and is_a(above, "vtkmodules", "vtkSelectVisiblePoints"):
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
                self._labels.append((tuple(point), words))
        return True

    def step_out(self, pieces: Iterable[AnyPiece], camera: Camera) -> None:
        """Take labels out of the balls that are drawn at their points, towards the camera."""
        radii: dict[tuple[float, ...], float] = {}
        for piece in pieces:
            if isinstance(piece, Points) and piece.radii is not None:
                centers = np.asarray(piece.centers, np.float32)[:MOST_BALLS]
                sizes = np.broadcast_to(np.asarray(piece.radii, np.float64), len(centers))
                radii |= zip(map(tuple, centers.tolist()), sizes.tolist(), strict=True)
        frame = camera.frame()
        for index, (point, words) in enumerate(self._labels):
            radius = radii.get(tuple(np.asarray(point, np.float32).tolist()))
            if radius is not None:
                towards = np.subtract(camera.look_from, point)
                if isinstance(camera, OrthographicCamera):
                    towards = -np.array(frame.forward)
                step = _OUT * radius / (float(np.linalg.norm(towards)) or 1.0)
                self._labels[index] = (tuple((point + step * towards).tolist()), words)

    def annotations(self) -> dict[str, Any]:
        """The title, labels and axes, where there are any; see `Scene.annotations`.

        Of several texts the uppermost comes first; all of them are one title.
        """
        found: dict[str, Any] = {}
        if self._texts:
            texts = sorted(self._texts, key=lambda item: item[0])
            found["title"] = " \N{MIDDLE DOT} ".join(dict.fromkeys(text for _, text in texts))
        if self._labels:
            found["labels"] = tuple(self._labels)
        if self._axes is not None:
            found["axes"] = self._axes
        return found
