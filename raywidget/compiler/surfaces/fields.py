"""Values on shapes -> the tables of fields, values and maps; all may change without new trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32
from raywidget.scene.shapes.meshes import Instances
from raywidget.scene.shapes.quantities import Numbers, Quantity, ValuedShape
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values.checks import label

_MOST_VALUES = 2**31 - 1  # elements are told by int32


class FieldTables(NamedTuple):
    """See layout."""

    codes: I32
    values: F32
    maps: F32


class SplitRows(Protocol):
    """What a mesh has become that was taken apart (`geometry.fans.Parts`)."""

    @property
    def origins(self) -> NDArray[np.int32]:
        """Of which face each face is part."""

    def blended(self, rows: NDArray[Any]) -> NDArray[Any]:
        """What vertices have, those of the new ones at the end."""


class Place(NamedTuple):
    """Where what has the values stands in the other tables."""

    primitives: int = 0  # number of the first
    rounds: int = 0  # number of the first round of a shape that has balls, too
    vertices: int = 0  # row of the first of `vertices`
    copies: int = 0  # row of the first of `instances`


class ShapeFields:
    """The rows of `fields` of one shape: what it shows, then all its quantities."""

    def __init__(self, shape: ValuedShape, index: int, of_mesh: bool, first: int) -> None:
        self.owner = label(shape)
        self.index = index
        self.of_mesh = of_mesh
        self.unlit = shape.unlit
        self.place = Place()
        self.parts: SplitRows | None = None  # of a mesh whose huge triangles were taken apart
        self.first = first
        self.numbers: dict[str, Numbers] = dict(shape.own_numbers())
        self._rows = {name: first + 1 + k for k, name in enumerate(self.numbers)}
        self._beneath: ShapeFields | None = None

    @property
    def count(self) -> int:
        """How many rows."""
        return 1 + len(self._rows)

    def above(self, beneath: ShapeFields | None) -> ShapeFields:
        """Itself, and what it does not have is asked of the mesh that is copied."""
        self._beneath = beneath
        return self

    def row_of(self, attribute: Attribute) -> int:
        """The row of `fields` that an attribute means."""
        name = attribute.attribute
        if name == "color":
            return self.first
        if name not in self._rows and self._beneath is not None:
            return self._beneath.row_of(attribute)
        return self._rows[name]

    def as_number(self, attribute: Attribute) -> tuple[float, float]:
        """What kernels' values are multiplied by and shifted by where a number is asked for."""
        name = attribute.attribute
        if name not in self.numbers and self._beneath is not None:
            return self._beneath.as_number(attribute)
        numbers = self.numbers[name]
        low, high = attribute.limits or (0.0, 1.0)
        if attribute.limits is None and not (numbers.low >= 0.0 and numbers.high <= 1.0):
            raise SceneError(
                f"{self.owner}: {name} ranges from {numbers.low:g} to {numbers.high:g}, and its "
                "material asks for a number in [0, 1]; write "
                f"Attribute({name!r}, limits=({numbers.low:g}, {numbers.high:g}))"
            )
        span = high - low
        return 1.0 / (span * numbers.scale), (numbers.origin - low) / span


class CutFields:
    """The row of `fields` of what cuts through a volume show."""

    def __init__(self, volume: Volume, number: int, first: int) -> None:
        self.volume = volume
        self.number = number
        self.unlit = volume.unlit
        self.first = first

    def row_of(self, attribute: Attribute) -> int:
        """The row of `fields` that an attribute means: there is one."""
        return self.first

    def as_number(self, attribute: Attribute) -> tuple[float, float]:
        """It is not asked for numbers."""
        raise AssertionError(attribute)

    def table(self) -> F32:
        """Its colour map."""
        colormap, limits = self.volume.colors_of_cuts()
        return _packed_map(colormap, *limits)


class CutColors:
    """Of what cuts through a volume of colours show: these, and how much of them is given off."""

    first = -1  # no row

    def __init__(self, volume: Volume) -> None:
        self.unlit = volume.unlit

    def row_of(self, attribute: Attribute) -> int:
        """What an attribute means: the colours of the shape."""
        return self.first

    def as_number(self, attribute: Attribute) -> tuple[float, float]:
        """It is not asked for numbers."""
        raise AssertionError(attribute)


Fields: TypeAlias = ShapeFields | CutFields | CutColors


class FieldRows:
    """Gives quantities their rows, and remembers where their shapes stand."""

    def __init__(self) -> None:
        self._sets: list[ShapeFields | CutFields] = []
        self._count = 0
        self._last: _Values | None = None

    def begin(self, shape: Shape, index: int, of_mesh: bool = False) -> ShapeFields | None:
        """Rows for a shape; None if it has no values. `of_mesh`: of the mesh that it copies."""
        if not isinstance(shape, ValuedShape) or not shape.own_quantities:
            return None
        made = ShapeFields(shape, index, of_mesh, self._count)
        self._count += made.count
        self._sets.append(made)
        return made

    def begin_cut(self, volume: Volume, number: int) -> CutFields:
        """A row for the cuts of a volume, the n-th of its table."""
        made = CutFields(volume, number, self._count)
        self._count += 1
        self._sets.append(made)
        return made

    def tables(self, shapes: Sequence[Shape]) -> FieldTables:
        """All rows, of these shapes: those that have begun, or others of the same kind."""
        codes = np.zeros((self._count, layout.FIELD_SIZE), np.int32)
        values = _Values()
        maps: list[F32] = []
        length = 0
        for fields in self._sets:
            if isinstance(fields, CutFields):
                codes[fields.first] = layout.FIELD_VOLUME, fields.number, 0, length
                maps.append(fields.table())
                length += len(maps[-1])
                continue
            shape: Any = shapes[fields.index]
            if fields.of_mesh:
                assert isinstance(shape, Instances)
                shape = shape.mesh
            own: Mapping[str, Quantity] = shape.own_quantities
            for quantity in own.values():  # in their order, whichever of them is shown
                values.place_of(shape, quantity.numbers, fields.parts)
            for k, quantity in enumerate((shape.shown, *own.values())):
                first = values.place_of(shape, quantity.numbers, fields.parts)
                codes[fields.first + k] = _codes(quantity.numbers, first, fields.place, length)
                maps.append(_map(quantity))
                length += len(maps[-1])
        joined = np.concatenate(maps) if maps else np.zeros(0, np.float32)
        if self._last is not None and values.are_those_of(self._last):
            values = self._last  # another quantity or map, or other limits: nothing is copied
        self._last = values
        return FieldTables(codes, values.joined(), joined)


class _Values:
    """All arrays one after the other, each once."""

    def __init__(self) -> None:
        self._places: dict[tuple[int, int], int] = {}
        self._parts: list[tuple[Any, Numbers, SplitRows | None]] = []
        self._count = 0
        self._joined: F32 | None = None

    def are_those_of(self, other: _Values) -> bool:
        """Are they the same arrays in the same order?"""
        return len(self._parts) == len(other._parts) and all(
            mine[1].array is its[1].array and mine[2] is its[2]
            for mine, its in zip(self._parts, other._parts, strict=True)
        )

    def place_of(self, shape: ValuedShape, numbers: Numbers, parts: SplitRows | None) -> int:
        """The element where an array begins."""
        key = id(numbers.array), id(parts)
        if key not in self._places:
            self._places[key] = self._count
            self._parts.append((shape, numbers, parts))
            count = shape.packed_count(numbers)
            if parts is not None:
                count = len(_split(numbers, shape.packed(numbers), parts))
            self._count += count
            if self._count > _MOST_VALUES:
                raise SceneError("Scene: all its values together must be less than 2^31")
        return self._places[key]

    def joined(self) -> F32:
        """The table, made once."""
        if self._joined is None:
            self._joined = self._copied()
        return self._joined

    def _copied(self) -> F32:
        result = np.empty(self._count, np.float32)
        at = 0
        for shape, numbers, parts in self._parts:
            packed = _split(numbers, shape.packed(numbers), parts)
            if numbers.array.dtype == np.float64:
                packed = (packed - numbers.origin) * numbers.scale
            result[at : at + packed.size] = packed.ravel()
            at += packed.size
        return result


def _split(numbers: Numbers, packed: NDArray[Any], parts: SplitRows | None) -> NDArray[Any]:
    """Values of a mesh that was taken apart."""
    if parts is None:
        return packed
    return packed[parts.origins] if numbers.on == "faces" else parts.blended(packed)


def _codes(numbers: Numbers, first: int, place: Place, at: int) -> tuple[int, int, int, int]:
    if numbers.on == "vertices":
        return layout.FIELD_VERTICES, first - place.vertices, 0, at
    if numbers.on == "copies":
        return layout.FIELD_COPIES, first - place.copies, 0, at
    if numbers.on == "ends":
        return layout.FIELD_ROUNDS, 0, first - 2 * place.primitives, at
    if numbers.on == "points":  # of balls, then of the ends of the rounds between them
        balls = place.rounds - place.primitives
        ends = first + balls - 2 * place.rounds
        return layout.FIELD_ROUNDS, first - place.primitives, ends, at
    return layout.FIELD_PRIMITIVES, first - place.primitives, 0, at


def _map(quantity: Quantity) -> F32:
    """The map of a quantity for values as kernels have them."""
    numbers = quantity.numbers
    low, high = quantity.limits
    if numbers.array.dtype == np.float64:
        low, high = ((limit - numbers.origin) * numbers.scale for limit in (low, high))
    return _packed_map(quantity.colormap, low, high)


def _packed_map(colormap: ColorMap, low: float, high: float) -> F32:
    """See layout."""
    result = np.zeros(layout.MAP_COLORS + colormap.table.size, np.float32)
    result[layout.MAP_LOG] = colormap.log
    result[layout.MAP_LOW], result[layout.MAP_HIGH] = low, high
    ends = np.array([low, high])
    if colormap.log:
        ends = np.log(ends)
    result[layout.MAP_START] = ends[0]
    result[layout.MAP_SPAN] = np.float32(ends[1]) - np.float32(ends[0])
    if not result[layout.MAP_SPAN] > 0.0:  # limits that float32 can't tell apart
        result[layout.MAP_SPAN] = np.finfo(np.float32).tiny
    result[layout.MAP_COUNT] = len(colormap.table)
    for k, color in enumerate(colormap.extremes):
        result[layout.MAP_NAN + 3 * k : layout.MAP_NAN + 3 * k + 3] = color
    result[layout.MAP_COLORS :] = colormap.table.ravel()
    return result
