"""Materials and textures -> rows of their tables."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.layout import (
    BLACK,
    CHECKERBOARD,
    COATED_DIFFUSE,
    COATED_METAL,
    DIELECTRIC,
    DIFFUSE,
    F32,
    I32,
    MATERIAL_ALPHA,
    MATERIAL_COAT_LOSS,
    MATERIAL_CODES_SIZE,
    MATERIAL_COLOR,
    MATERIAL_EMISSION,
    MATERIAL_ETA,
    MATERIAL_KIND,
    MATERIAL_SIZE,
    MATERIAL_TEXTURE,
    METAL,
    TEXTURE_COLORS,
    TEXTURE_KIND,
    TEXTURE_SCALE,
    TEXTURE_SIZE,
)
from raywidget.scene.materials import Coated, Dielectric, Diffuse, Emissive, Material, Metal
from raywidget.scene.shapes import Shape
from raywidget.scene.textures import Checkerboard, Texture


class MaterialRows:
    """Gives each pair of material and radiance a row."""

    def __init__(self) -> None:
        self._rows: dict[tuple[int, tuple[float, ...] | None], int] = {}
        self._codes: list[I32] = []
        self._values: list[F32] = []
        self._textures: dict[int, int] = {}  # by id of the Texture, which the scene keeps alive
        self._texture_values: list[F32] = []

    def row_of(self, shape: Shape) -> int:
        """The row for a shape's surface."""
        key = (id(shape.material), shape.radiance)
        if key not in self._rows:
            self._rows[key] = len(self._codes)
            self._pack(shape.material, shape.radiance)
        return self._rows[key]

    def tables(self) -> tuple[I32, F32, F32]:
        """Codes, values and textures, see layout."""
        return (
            np.array(self._codes, np.int32).reshape(-1, MATERIAL_CODES_SIZE),
            np.array(self._values, np.float32).reshape(-1, MATERIAL_SIZE),
            np.array(self._texture_values, np.float32).reshape(-1, TEXTURE_SIZE),
        )

    def _pack(self, material: Material, radiance: tuple[float, ...] | None) -> None:
        codes = np.zeros(MATERIAL_CODES_SIZE, np.int32)
        codes[MATERIAL_TEXTURE] = -1
        values = np.zeros(MATERIAL_SIZE, np.float32)
        values[MATERIAL_ETA] = 1.0
        if radiance is not None:
            values[MATERIAL_EMISSION : MATERIAL_EMISSION + 3] = radiance

        base: Material = material
        if isinstance(material, Coated):
            base = material.base
            values[MATERIAL_ETA] = material.ior
            values[MATERIAL_COAT_LOSS] = internal_reflectance(material.ior)
        if isinstance(base, Diffuse | Metal | Dielectric):
            self._pack_color(base.color, codes, values)
        if isinstance(base, Diffuse):
            codes[MATERIAL_KIND] = COATED_DIFFUSE if base is not material else DIFFUSE
        elif isinstance(base, Metal):
            codes[MATERIAL_KIND] = COATED_METAL if base is not material else METAL
            values[MATERIAL_ALPHA] = base.roughness**2
        elif isinstance(base, Dielectric):
            codes[MATERIAL_KIND] = DIELECTRIC
            values[MATERIAL_ETA] = base.ior
        elif isinstance(base, Emissive):
            codes[MATERIAL_KIND] = BLACK
        else:  # the scene admits no other
            raise AssertionError(f"no row for {type(base).__name__}")
        self._codes.append(codes)
        self._values.append(values)

    def _pack_color(
        self, color: object, codes: NDArray[np.int32], values: NDArray[np.float32]
    ) -> None:
        if isinstance(color, Texture):
            codes[MATERIAL_TEXTURE] = self._texture_row(color)
        else:
            values[MATERIAL_COLOR : MATERIAL_COLOR + 3] = color  # type: ignore[call-overload]

    def _texture_row(self, texture: Texture) -> int:
        if id(texture) not in self._textures:
            self._textures[id(texture)] = len(self._texture_values)
            values = np.zeros(TEXTURE_SIZE, np.float32)
            if not isinstance(texture, Checkerboard):  # the scene admits no other
                raise AssertionError(f"no row for {type(texture).__name__}")
            values[TEXTURE_KIND] = CHECKERBOARD
            values[TEXTURE_SCALE : TEXTURE_SCALE + 2] = texture.scale
            values[TEXTURE_COLORS : TEXTURE_COLORS + 3] = texture.color_a
            values[TEXTURE_COLORS + 3 : TEXTURE_COLORS + 6] = texture.color_b
            self._texture_values.append(values)
        return self._textures[id(texture)]


def internal_reflectance(eta: float) -> float:
    """Share of diffuse light that a smooth boundary reflects back inside, 0 to 1.

    ``1 - (1 - R) / eta^2`` from the outer diffuse reflectance ``R = integral of 2 cos F(cos)`` over
    the cosine, which is smooth and thus integrated well (Egan and Hilgeman 1979 for the relation).
    """
    nodes, weights = np.polynomial.legendre.leggauss(128)
    outer = sum(
        w * mu * _fresnel(float(mu), eta)
        for mu, w in zip(0.5 * (nodes + 1.0), weights, strict=True)
    )
    return float(1.0 - (1.0 - outer) / eta**2)


def _fresnel(cos_i: float, eta: float) -> float:
    """As `kernels.bsdf.fresnel`, in float64."""
    sin2_t = (1.0 - cos_i**2) / eta**2
    if sin2_t >= 1.0:
        return 1.0
    cos_t = math.sqrt(1.0 - sin2_t)
    parallel = (eta * cos_i - cos_t) / (eta * cos_i + cos_t)
    perpendicular = (cos_i - eta * cos_t) / (cos_i + eta * cos_t)
    return 0.5 * (parallel**2 + perpendicular**2)
