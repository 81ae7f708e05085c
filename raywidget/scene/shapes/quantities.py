"""Values on shapes: a structure carries quantities, under names, and one of them is shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from functools import cached_property, lru_cache
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.colormaps import ColorMap, Limits, as_color_map
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values import checks
from raywidget.scene.values.checks import label
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.given import as_numpy
from raywidget.scene.values.named import Named
from raywidget.scene.values.signatures import did_you_mean, takes_parameters_of_its_class

UNNAMED = "values"  # what `values` are called among quantities

# float32 has 24 bits: values whose spread is less than this share of them keep their doubles.
_FINE = 2.0**-12
_LARGEST, _SMALLEST = 1e30, 1e-30  # magnitudes that kernels can do arithmetic with

_COLORS = ("values", "colormap", "quantities", "show")  # what changes colours only


class Numbers(NamedTuple):
    """Checked values of a quantity."""

    array: NDArray[Any]  # float32 or float64, read-only
    on: str  # what has them: "vertices", "faces", "items", "ends" or "points"
    low: float  # the least finite one
    high: float

    @property
    def origin(self) -> float:
        """What kernels' values count from, so that float32 tells them apart.

        Ratios of positive numbers, which logarithms are about, stay as they are.
        """
        far = self.array.dtype == np.float64 and _is_fine(self.low, self.high)
        return 0.5 * self.low + 0.5 * self.high if far else 0.0

    @property
    def scale(self) -> float:
        """What kernels' values are multiplied by: a power of two."""
        if self.array.dtype == np.float32:
            return 1.0
        most = max(abs(self.low - self.origin), abs(self.high - self.origin))
        if most == 0.0 or (_SMALLEST < most < _LARGEST):
            return 1.0
        return math.ldexp(1.0, -math.frexp(most)[1])

    def as_given(self, values: Any) -> Any:
        """Kernels' values as they were handed over."""
        if self.array.dtype == np.float32:
            return values
        return values / self.scale + self.origin


class Quantity(NamedTuple):
    """Values of a shape and how they become colours."""

    name: str
    numbers: Numbers
    colormap: ColorMap
    limits: Limits

    @property
    def label(self) -> str:
        """What it is called beside the picture."""
        if self.colormap.label is not None:
            return self.colormap.label
        return "" if self.name == UNNAMED else self.name

    def colors(self, rows: Any = slice(None)) -> NDArray[np.float32]:
        """Colours of its values in linear light, (N, 3); of ends the mean of both."""
        chosen = self.numbers.array[rows]
        if chosen.ndim == 2:
            chosen = chosen.mean(axis=1)
        return self.colormap.evaluate(chosen, self.limits).astype(np.float32)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ValuedShape(Shape):
    """Base class of shapes that carry values.

    Parameters
    ----------
    values : array, optional
        Numbers that become colours by `colormap`; NaN and what is masked has a colour of its own.
        A shape that shows values and for which no material is given is
        ``Diffuse(Attribute("color"))``.
    colormap : ColorMap, str or mapping of str to either, optional
        How values become colours; by name, for each quantity its own. By default "viridis" from the
        least to the greatest.
    quantities : mapping of str to array, optional
        Several arrays of values under names: materials may ask for each, as ``Attribute("T")``.
    show : str, optional
        Which of them is shown as colours; by default `values`, else the first.
    unlit : float
        The share of the values' colours that is given off as light instead of being reflected, in
        [0, 1], so that they can be read in shadow. With 1 the picture shows exactly the map's
        colours.
    """

    values: NDArray[Any] | None = None
    colormap: ColorMap | str | Mapping[str, ColorMap | str] | None = None
    quantities: Mapping[str, NDArray[Any]] | None = None
    show: str | None = None
    unlit: float = 0.0

    # (N,) arrays that some shapes take: what has the values, and the letter in messages
    _letters: ClassVar[Mapping[str, str]] = {
        "vertices": "V",
        "faces": "F",
        "items": "N",
        "copies": "N",
        "ends": "N, 2",
        "points": "P",
    }

    def _value_shapes(self) -> dict[str, tuple[int, ...]]:
        """Which arrays of values it takes: what has them -> the array's shape."""
        raise NotImplementedError

    def _refuse_attributes(self) -> None:
        """Not yet: `_check_quantities` does."""

    def _own_materials(self) -> tuple[Material, ...]:
        return (self.material,)

    def _check_quantities(self) -> None:
        """To be called at the end of `__post_init__`, when all else is known."""
        self._set(unlit=checks.unit_interval(self, "unlit", self.unlit))
        given: dict[str, object] = {}
        if self.quantities is not None:
            expected = 'a mapping of names to arrays, such as {"T": temperature}'
            if not isinstance(self.quantities, Mapping):
                raise checks.fail(self, "quantities", expected, self.quantities)
            for name in self.quantities:
                if not isinstance(name, str) or not name.strip() or name == "color":
                    advice = (
                        "'color' are the colours of the shape itself" if name == "color" else ""
                    )
                    raise checks.fail(self, "quantities", expected, name, advice)
            given.update(self.quantities)
        if self.values is not None:
            if UNNAMED in given:
                raise SceneError(f"{label(self)}: quantities can't have one named 'values' beside")
            given = {UNNAMED: self.values, **given}
        before: Mapping[str, Numbers] = self.__dict__.get("_numbers", {})
        numbers = {
            name: old
            if (old := before.get(name)) is not None and old.array is value
            else self._checked_values(name, value)
            for name, value in given.items()
        }
        self._set(_numbers=numbers)
        if self.values is not None:
            self._set(values=numbers[UNNAMED].array)
        if self.quantities is not None:
            arrays = {name: numbers[name].array for name in self.quantities}
            self._set(quantities=Named(arrays))
        self._check_colormap(numbers)
        if self.show is not None and not (isinstance(self.show, str) and self.show in numbers):
            hint = _hint(self.show, numbers) if numbers else "it has none"
            raise checks.fail(self, "show", "the name of a quantity", self.show, hint)
        if numbers and any(
            getattr(self, name, None) is not None for name in ("colors", "face_colors")
        ):
            raise SceneError(f"{label(self)}: give colors or values, not both")
        if self.unlit and not self.all_numbers():
            raise checks.fail(self, "unlit", "0 where there are no values", self.unlit)
        for material in self._own_materials():
            refuse_unknown_attributes(self, material, self.all_numbers())
        _ = self.own_quantities  # limits are checked

    def _check_colormap(self, numbers: Mapping[str, Numbers]) -> None:
        given = self.colormap
        if given is None or isinstance(given, ColorMap):
            return
        if not isinstance(given, Mapping):
            self._set(colormap=as_color_map(self, "colormap", given))
            return
        maps = {}
        for name, item in given.items():
            if name not in numbers:
                hint = _hint(name, numbers) if numbers else "it has no values"
                raise checks.fail(self, "colormap", "of its own quantities", name, hint)
            maps[name] = as_color_map(self, f"colormap[{name!r}]", item)
        self._set(colormap=Named(maps))

    def _checked_values(self, name: str, value: object) -> Numbers:
        field = UNNAMED if name == UNNAMED else f"quantities[{name!r}]"
        shapes = self._value_shapes()
        ways = [
            f"({self._letters[on]},) = {shape[0]}"
            if len(shape) == 1
            else f"({self._letters[on]}) = {shape}"
            for on, shape in shapes.items()
        ]
        words = " or ".join(f"{way} of its {on}" for way, on in zip(ways, shapes, strict=True))
        expected = f"an array of numbers, {words}"
        if np.ma.isMaskedArray(value):
            masked: Any = value
            if masked.dtype.kind in "biuf":
                value = masked.astype(np.float64).filled(np.nan)
        try:
            array = as_numpy(value)
        except ValueError as error:
            raise checks.fail(self, field, expected, value, str(error)) from None
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.dtype.kind not in "biuf":
            advice = "take .real, or numpy.abs of it" if array.dtype.kind == "c" else ""
            raise checks.fail(self, field, expected, array if array.size else value, advice)
        fitting = [on for on, shape in shapes.items() if array.shape == shape]
        per = getattr(self, "per", None)
        if per is not None:
            fitting = [on for on in fitting if on == per]
        if not fitting:
            advice = ""
            if array.ndim == 2 and (array.shape[0],) in shapes.values():
                advice = "of vectors take the lengths: numpy.linalg.norm(values, axis=1)"
            raise checks.fail(self, field, expected, array, advice)
        found = ColorMap("gray").range_of(array)
        if found is None:
            raise SceneError(
                f"{label(self)}: {field} must have a finite number, all {array.size} are NaN or "
                "infinite"
            )
        low, high = found
        plain = array.dtype == np.float32 or array.dtype.itemsize <= 2
        most = max(abs(low), abs(high))
        in_range = most == 0.0 or _SMALLEST < most < _LARGEST
        keeps = not plain and (not in_range or _is_fine(low, high))
        kept = np.array(array, np.float64 if keeps else np.float32, order="C")
        kept.setflags(write=False)
        if not keeps:
            low, high = float(np.float32(low)), float(np.float32(high))
        return Numbers(kept, fitting[0], low, high)

    def own_numbers(self) -> Mapping[str, Numbers]:
        """Its own checked values, by name."""
        found: Mapping[str, Numbers] = self.__dict__.get("_numbers", {})
        return found

    def packed_count(self, numbers: Numbers) -> int:
        """How many numbers `packed` makes of values."""
        return numbers.array.size

    def packed(self, numbers: Numbers) -> NDArray[Any]:
        """Values as kernels have them: one for each primitive, vertex or copy, two for each end."""
        return numbers.array

    def all_numbers(self) -> Mapping[str, Numbers]:
        """All that a material may ask for, by name."""
        return self.own_numbers()

    @cached_property
    def own_quantities(self) -> Mapping[str, Quantity]:
        """Its values under their names; those without one are called "values"."""
        found = {}
        for name, numbers in self.own_numbers().items():
            chosen: Any = self.colormap
            if isinstance(chosen, Mapping):
                chosen = chosen.get(name)
            chosen = _default_map() if chosen is None else chosen
            span: tuple[float, float] | None = (numbers.low, numbers.high)
            if chosen.log:
                span = chosen.range_of(numbers.array)
                if span is None:
                    raise SceneError(
                        f"{label(self)}: {name} has no number > 0, as its colour map with log=True "
                        "needs"
                    )
            assert span is not None
            limits = chosen.limits_for(*span)
            if not limits.low < limits.high:
                raise SceneError(
                    f"{label(self)}: the limits of its colour map must be two numbers, low < high, "
                    f"got {limits.low:g} and {limits.high:g}; {name} ranges from {span[0]:g} to "
                    f"{span[1]:g}"
                )
            found[name] = Quantity(name, numbers, chosen, limits)
        return found

    @property
    def shown(self) -> Quantity | None:
        """The quantity that is shown as colours, or None."""
        own = self.own_quantities
        if self.show is not None:
            return own[self.show]
        return next(iter(own.values()), None)

    def is_coloured_by(self, name: str) -> bool:
        """Do its materials show the colours of a quantity, not only its numbers?"""
        if self.unlit:
            return True
        shown = self.shown
        wanted = {name, "color"} if shown is not None and shown.name == name else {name}
        return any(
            material is DEFAULT_MATERIAL or not wanted.isdisjoint(_coloured(material))
            for material in self._own_materials()
        )

    @takes_parameters_of_its_class
    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed; all checks run again.

        Where only values or their colours change, all other arrays are shared.
        """
        if not changes or not set(changes) <= set(_COLORS):
            return super().replace(**changes)
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        clone.__dict__.pop("own_quantities", None)
        clone._set(**changes)
        clone._check_quantities()
        return clone

    def baked(self) -> Self:
        """The same with the colours of what it shows instead of values, item by item.

        For those who know colours only: other programs, and quick sketches.
        """
        quantity = self.own_quantities and self.shown
        if not quantity:
            return self
        field = "face_colors" if quantity.numbers.on == "faces" else "colors"
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__)
        clone.__dict__.pop("own_quantities", None)
        clone._set(_numbers={}, **dict.fromkeys(_COLORS), unlit=0.0, **{field: quantity.colors()})
        return clone

    def differs_in_colors_only(self, other: Shape) -> bool:
        """Is all the same but values, as many as before, and how they become colours?"""
        if type(self) is not type(other):
            return False
        assert isinstance(other, ValuedShape)
        rest = [f.name for f in dataclass_fields(self) if f.name not in _COLORS]
        if any(not _is_same(getattr(self, name), getattr(other, name)) for name in rest):
            return False
        ours, theirs = self.all_numbers(), other.all_numbers()
        return list(ours) == list(theirs) and all(
            (a.on, a.origin, a.scale) == (b.on, b.origin, b.scale)
            for a, b in zip(ours.values(), theirs.values(), strict=True)
        )


_NUMBERS = ("amount", "anisotropy", "ior", "metallic", "opacity", "roughness", "transmission")


def _coloured(part: SceneObject) -> Iterator[str]:
    """What a material or texture asks for where it takes colours."""
    for one in dataclass_fields(part):
        value = getattr(part, one.name)
        if one.name in _NUMBERS or one.name.endswith(("_weight", "_roughness", "_scale")):
            continue
        if isinstance(value, Attribute):
            yield value.attribute
        if isinstance(value, SceneObject):
            yield from _coloured(value)


def _is_same(a: object, b: object) -> bool:
    if a is b:
        return True
    if isinstance(a, ValuedShape) and isinstance(b, Shape):
        return a.differs_in_colors_only(b)
    return isinstance(a, bool | int | float | str) and a == b


def _is_fine(low: float, high: float) -> bool:
    """Do values lie so close to each other that float32 would merge them?"""
    return 0.0 < high / 2 - low / 2 < _FINE * max(abs(low), abs(high))


@lru_cache(maxsize=1)
def _default_map() -> ColorMap:
    """What values are coloured by if nothing is said; made when first wanted: it loads maps."""
    return ColorMap()


def refuse_unknown_attributes(
    shape: Shape, material: Material, numbers: Mapping[str, Numbers]
) -> None:
    """Check that a shape has the quantities that its material asks for."""
    for name in material.attributes:
        if name != "color" and name not in numbers:
            hint = did_you_mean(name, numbers) if numbers else "it has no quantities"
            raise SceneError(
                f"{label(shape)}: its material {label(material)} asks for "
                f"Attribute({name!r}), which the shape does not have; {hint}"
            )


def _hint(name: object, numbers: Mapping[str, Numbers]) -> str:
    """What was meant by something that names no quantity."""
    return did_you_mean(name if isinstance(name, str) else "", numbers)
