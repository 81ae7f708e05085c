"""Space that is filled with numbers: clouds, scans, simulations."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.materials.materials import Interface, Material
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.shapes.simple import Bounds, Shape
from raywidget.scene.textures.colormaps import ColorMap, Limits
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.grids import Grid

PRECISIONS = ("half", "byte", "single")
INTERPOLATIONS = ("linear", "nearest")

# From corner to corner, where nothing else is said: all but an eighth of a millionth is stopped
_DEFAULT_DEPTH = -math.log(0.125e-6)

_NOTHING = Interface(HomogeneousMedium())  # light meets no surface there
_LOOKED_AT = 64  # numbers along an axis
_FAINT = 0.02  # of the greatest extinction is hardly seen
_THIN = 1e-9  # edges shorter than so many times the longest are lost in single precision


@dataclass(frozen=True, eq=False, repr=False)
class Volume(Shape):
    """A box of numbers that light goes through, as a `TransferFunction` tells.

    ``values[i, j, k]`` is the number at ``origin + spacing * (i, j, k)``; the volume reaches half a
    spacing beyond the outermost ones. It is rendered by ``integrator="volpath"``, which `render`
    and the widget choose by themselves. Volumes may overlap each other and all else.

    Parameters
    ----------
    values : array
        (X, Y, Z) real numbers of any type, memory-mapped or not; what is not finite, or masked, is
        empty. Or
        (X, Y, Z, 4) colours and opacity: uint8 (sRGB, as in pictures), or linear floats in [0, 1].
        Then the opacity is the number that the transfer function is asked for, and colours are
        factors for its own. The array is not copied: don't change it while it is in use.
    spacing : float or (float, float, float)
        Distance between numbers along x, y and z, in scene units, > 0.
    origin : (float, float, float)
        Where ``values[0, 0, 0]`` is.
    transfer : TransferFunction
        What numbers look like.
    precision : {"half", "byte", "single"}
        How they are kept: 16 bits, 8 or 32 for each. Arrays of uint8, and of int16 and uint16 in
        "half", are used as they are, and so are 2^25 and more of float32 in "half", unless they
        are mapped from a file; others are converted once; edits of the transfer function don't do
        it again.
    interpolation : {"linear", "nearest"}
        What is between them.
    g : float
        Mean cosine of the scattered light, in (-1, 1), unless the transfer function has its own.
    shading : {None, "gradient"}
        With "gradient", what changes fast from number to number is shaded as a surface is: light
        that is stopped there is scattered by a diffuse surface, whose normal is the gradient,
        turned to the viewer, with the same colour and albedo. By chance: the probability is
        1 - exp(-sharpness * change), where `change` is the share of the transfer function's limits
        that numbers go through from one to the next. It is a model for the eye, for scans; how much
        light gets through stays what it is. None scatters in all directions, as smoke does.
    sharpness : float
        How soon a change becomes a surface with ``shading="gradient"``, > 0: with 16, half of
        what is stopped where numbers change by 4 % of the limits from one to the next.
    unlit : float
        The share of the colours on its cuts (``caps="values"``) that is given off as light, in
        [0, 1]; see `Mesh`.
    direction : (3, 3) array
        Unit vectors along the three axes of the array, as columns, at right angles to each other;
        by default x, y and z.

    Raises
    ------
    SceneError
        If the array is none of these or has no finite number, or a value is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> x, y, z = np.mgrid[-1:1:32j, -1:1:32j, -1:1:32j]
    >>> ball = rw.Volume(
    ...     np.maximum(0, 1 - x * x - y * y - z * z),
    ...     spacing=2 / 31,
    ...     origin=(-1, -1, -1),
    ...     transfer=rw.TransferFunction("viridis", density=10),
    ... )
    >>> ball.values.shape
    (32, 32, 32)
    """

    values: Any
    spacing: float | Vec3Like = field(default=1.0, kw_only=True)
    origin: Vec3Like = field(default=(0.0, 0.0, 0.0), kw_only=True)
    transfer: TransferFunction = field(default=TransferFunction(), kw_only=True)
    precision: str = field(default="half", kw_only=True)
    interpolation: str = field(default="linear", kw_only=True)
    g: float = field(default=0.0, kw_only=True)
    shading: str | None = field(default=None, kw_only=True)
    sharpness: float = field(default=16.0, kw_only=True)
    direction: Any = field(default=None, kw_only=True)
    unlit: float = field(default=0.0, kw_only=True)
    material: Material = field(default=_NOTHING, init=False)
    emission: None = field(default=None, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        values = self.values if isinstance(self.values, Grid) else Grid(self, self.values)
        spacing: Any = self.spacing
        if isinstance(spacing, int | float | np.generic) or getattr(spacing, "ndim", None) == 0:
            spacing = (spacing,) * 3
        advice = "such as TransferFunction('viridis', density=10)"
        checks.instance(
            self, "transfer", self.transfer, TransferFunction, "a TransferFunction", advice
        )
        g = checks.number(self, "g", self.g, "a number in (-1, 1)")
        if not -0.999 <= g <= 0.999:
            raise checks.fail(self, "g", "in [-0.999, 0.999]", self.g)
        self._set(
            values=values,
            spacing=checks.lengths(self, "spacing", spacing),
            origin=checks.vec3(self, "origin", self.origin),
            precision=checks.choice(self, "precision", self.precision, PRECISIONS),
            interpolation=checks.choice(self, "interpolation", self.interpolation, INTERPOLATIONS),
            g=g,
            unlit=checks.unit_interval(self, "unlit", self.unlit),
            shading=None if self.shading is None else self._checked_shading(),
            sharpness=checks.length(self, "sharpness", self.sharpness),
            direction=_checked_direction(self, self.direction),
        )
        size = self.size()
        if max(size) > checks.LARGEST or min(size) < _THIN * max(size):
            raise SceneError(
                f"{checks.label(self)}: its edges must not differ by more than {1 / _THIN:g} times "
                f"and be at most {checks.LARGEST:g}, got {tuple(f'{s:g}' for s in size)}"
            )

    def colors_of_cuts(self) -> tuple[ColorMap, Limits]:
        """The map and limits that show its numbers where it is cut: those of its transfer function.

        Where that has no map, "viridis".
        """
        grid, own = self.values, self.transfer.color
        limits = self.transfer.limits_for(grid.low, grid.high)
        return (own if isinstance(own, ColorMap) else ColorMap("viridis")), limits

    def _checked_shading(self) -> str:
        if not isinstance(self.shading, str) or self.shading != "gradient":
            raise checks.fail(self, "shading", "None or 'gradient'", self.shading)
        return self.shading

    def size(self) -> tuple[float, float, float]:
        """Lengths of its edges along the axes of the array, in scene units."""
        x, y, z = (
            count * step
            for count, step in zip(self.values.shape, self.spacing, strict=True)  # type: ignore[arg-type]
        )
        return (x, y, z)

    def density(self) -> float:
        """Extinction per scene unit where that of the transfer function is 1."""
        if self.transfer.density is not None:
            return self.transfer.density
        return _DEFAULT_DEPTH / math.hypot(*self.size())

    def to_world(self) -> NDArray[np.float64]:
        """Matrix from cells of the array, (0, 0, 0) to its shape, to the scene: (4, 4)."""
        matrix = np.eye(4)
        axes = np.eye(3) if self.direction is None else np.array(self.direction)
        matrix[:3, :3] = axes * np.array(self.spacing)
        matrix[:3, 3] = np.array(self.origin) - matrix[:3, :3] @ np.full(3, 0.5)
        return matrix

    def corners(self) -> NDArray[np.float64]:
        """The eight corners of its box: (8, 3)."""
        unit = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float64)
        matrix = self.to_world()
        return np.asarray((unit * self.values.shape) @ matrix[:3, :3].T + matrix[:3, 3])

    def filled(self) -> NDArray[np.float64]:
        """Corners of the part of its box in which something is to be seen, about: (8, 3)."""
        grid, looks = self.values, self.transfer
        steps = [max(1, -(-count // _LOOKED_AT)) for count in grid.shape]
        some = np.asarray(grid.array[:: steps[0], :: steps[1], :: steps[2]], np.float64)
        least, greatest = (0.0, 1.0) if grid.is_colored else (grid.low, grid.high)
        if grid.is_colored:
            some = some[..., 3] / (255.0 if grid.array.dtype == np.uint8 else 1.0)
        low, high = looks.limits_for(least, greatest)
        extinction = looks.looks(looks.limits_for(least, greatest), self.g)[:, 0]
        with np.errstate(invalid="ignore", over="ignore"):
            share = np.clip(np.nan_to_num((some / 2 - low / 2) / (high / 2 - low / 2)), 0.0, 1.0)
        row = (share * (len(extinction) - 1)).astype(np.int64)
        thick = np.isfinite(some) & (extinction[row] > _FAINT * extinction.max())
        places = (
            np.stack(np.nonzero(thick)) if thick.any() else np.array([[0, n] for n in some.shape])
        )
        first = places.min(axis=1) * steps - (np.array(steps) > 1) * steps
        last = (places.max(axis=1) + 1) * steps
        ends = np.clip([first, last], 0, grid.shape).astype(np.float64)
        unit = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])
        matrix = self.to_world()
        corners = ends[unit, [0, 1, 2]]
        return np.asarray(corners @ matrix[:3, :3].T + matrix[:3, 3])

    def bounds(self) -> Bounds:
        """Lowest and highest corner of the upright box round it, (3,) float64 each."""
        corners = self.corners()
        return corners.min(axis=0), corners.max(axis=0)

    def area(self) -> float:
        """Area of the six faces of its box, in square scene units."""
        x, y, z = self.size()
        return 2.0 * (x * y + y * z + z * x)

    def _parameters(self) -> dict[str, Any]:
        # Pickles and files keep the numbers, not what was made of them.
        return super()._parameters() | {"values": self.values.array}


def _checked_direction(owner: object, value: object) -> tuple[tuple[float, ...], ...] | None:
    if value is None:
        return None
    expected = "3 unit vectors at right angles to each other, as the columns of a (3, 3) array"
    array = checks.array(owner, "direction", value, expected)
    if array.shape != (3, 3) or array.dtype.kind not in "iuf":
        raise checks.fail(owner, "direction", expected, value)
    matrix = array.astype(np.float64)
    if not np.abs(matrix.T @ matrix - np.eye(3)).max() < 1e-4:
        raise checks.fail(owner, "direction", expected, value)
    if np.array_equal(matrix, np.eye(3)):
        return None
    return tuple(tuple(row) for row in matrix.tolist())
