"""Textures: colours that vary over a surface, by its coordinates (u, v)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.scene import checks
from raywidget.scene.checks import ColorLike
from raywidget.scene.described import SceneObject


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Texture(SceneObject):
    """Base class of textures."""

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3): what kernels are tested against."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)
class Checkerboard(Texture):
    """Squares of two colours in turn.

    Parameters
    ----------
    color_a, color_b : colour
        Linear RGB in [0, 1], or one number for a grey. The square from (0, 0) to (1, 1) in scaled
        coordinates, which are (u * scale_u, v * scale_v), has `color_a`.
    scale : (float, float) or float
        Squares per unit of u and of v, not 0; one number serves both.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a colour leaves [0, 1], or a scale is 0 or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> tiles = rw.Checkerboard((0.9, 0.9, 0.9), 0.1, scale=8)
    >>> floor = rw.Diffuse(tiles)
    """

    color_a: ColorLike
    color_b: ColorLike
    scale: tuple[float, float] | float = field(default=(1.0, 1.0), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        scale = checks.pair(self, "scale", self.scale)
        if 0.0 in scale:
            raise checks.fail(self, "scale", "squares per unit, not 0", self.scale)
        self._set(
            color_a=checks.reflectance(self, "color_a", self.color_a),
            color_b=checks.reflectance(self, "color_b", self.color_b),
            scale=scale,
        )

    def evaluate(self, uv: ArrayLike) -> NDArray[np.float64]:
        """Colours at surface coordinates, (..., 2) -> (..., 3)."""
        squares = np.floor(np.asarray(uv, dtype=np.float64) * self.scale).sum(axis=-1)
        is_a = np.mod(squares, 2.0) == 0.0
        return np.where(is_a[..., None], np.asarray(self.color_a), np.asarray(self.color_b))
