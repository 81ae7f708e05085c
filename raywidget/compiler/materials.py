"""Materials -> rows of the material tables.

A row belongs to a pair of material and radiance: the same material may shine on one shape only.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from raywidget.compiler.textures import TextureRows
from raywidget.kernels.layout import (
    BLACK,
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
    MATERIAL_EMISSION_TEXTURE,
    MATERIAL_ETA,
    MATERIAL_FLAGS,
    MATERIAL_GLOW_TEXTURED,
    MATERIAL_KIND,
    MATERIAL_MAX_TEXTURES,
    MATERIAL_SIZE,
    MATERIAL_TEXTURED,
    MATERIAL_TEXTURES,
    METAL,
    TARGET_COLOR,
    TARGET_NUMBER,
    TARGET_SQUARE,
)
from raywidget.scene.checks import Color
from raywidget.scene.materials import (
    DEFAULT_MATERIAL,
    Coated,
    Dielectric,
    Diffuse,
    Emissive,
    Material,
    Metal,
)
from raywidget.scene.meshes import Instances
from raywidget.scene.shapes import Shape
from raywidget.scene.textures import Attribute, Texture

_COLORED = Diffuse(Attribute("color"))  # what a shape with colours is made of by default


class MaterialTables(NamedTuple):
    """See layout."""

    codes: I32
    values: F32


class MaterialRows:
    """Gives each pair of material and radiance a row."""

    def __init__(self) -> None:
        self.textures = TextureRows()
        # Materials and textures go by their ids: the scene keeps them alive.
        self._rows: dict[tuple[int, object], int] = {}
        self._codes: list[I32] = []
        self._values: list[F32] = []

    def row_of(self, shape: Shape) -> int:
        """The row for a shape's surface."""
        return self.row(shape, shape.material, shape.radiance)

    def row(self, shape: Shape, material: Material, radiance: Color | Texture | None) -> int:
        """The row for a part of a shape."""
        if material is DEFAULT_MATERIAL and _has_colors(shape):
            material = _COLORED
        return self._row(material, radiance)

    def tables(self) -> MaterialTables:
        """All rows."""
        return MaterialTables(
            np.array(self._codes, np.int32).reshape(-1, MATERIAL_CODES_SIZE),
            np.array(self._values, np.float32).reshape(-1, MATERIAL_SIZE),
        )

    def _row(self, material: Material, radiance: Color | Texture | None) -> int:
        key = (id(material), id(radiance) if isinstance(radiance, Texture) else radiance)
        if key not in self._rows:
            row = _Row(self.textures)
            if radiance is not None:
                row.set_emission(radiance)
            _pack(material, row)
            self._rows[key] = len(self._codes)
            self._codes.append(row.codes)
            self._values.append(row.values)
        return self._rows[key]


class _Row:
    """One row, being filled in."""

    def __init__(self, textures: TextureRows) -> None:
        self.codes = np.zeros(MATERIAL_CODES_SIZE, np.int32)
        self.codes[MATERIAL_TEXTURES::2] = -1
        self.codes[MATERIAL_EMISSION_TEXTURE] = -1
        self.values = np.zeros(MATERIAL_SIZE, np.float32)
        self.values[MATERIAL_ETA] = 1.0
        self._textures = textures
        self._texture_count = 0

    def set_kind(self, kind: int) -> None:
        self.codes[MATERIAL_KIND] = kind

    def set_color(self, column: int, value: object) -> None:
        """A colour or a texture."""
        if isinstance(value, Texture):
            self._set_texture(value, column, TARGET_COLOR)
        else:
            self.values[column : column + 3] = value  # type: ignore[call-overload]

    def set_number(self, column: int, value: object) -> None:
        """A number or a texture."""
        if isinstance(value, Texture):
            self._set_texture(value, column, TARGET_NUMBER)
        else:
            self.values[column] = value  # type: ignore[call-overload]

    def set_roughness(self, column: int, value: float | Texture) -> None:
        """The width alpha = roughness^2 of the distribution of microfacets."""
        if isinstance(value, Texture):
            self._set_texture(value, column, TARGET_SQUARE)
        else:
            self.values[column] = value**2

    def set_emission(self, radiance: Color | Texture) -> None:
        columns = slice(MATERIAL_EMISSION, MATERIAL_EMISSION + 3)
        if isinstance(radiance, Texture):
            self.codes[MATERIAL_FLAGS] |= MATERIAL_GLOW_TEXTURED
            self.codes[MATERIAL_EMISSION_TEXTURE] = self._textures.row_of(radiance)
            self.values[columns] = radiance.mean()
        else:
            self.values[columns] = radiance

    def _set_texture(self, texture: Texture, column: int, target: int) -> None:
        assert self._texture_count < MATERIAL_MAX_TEXTURES
        self.codes[MATERIAL_FLAGS] |= MATERIAL_TEXTURED
        at = MATERIAL_TEXTURES + 2 * self._texture_count
        self.codes[at : at + 2] = (self._textures.row_of(texture), 4 * column + target)
        self._texture_count += 1


def _pack(material: Material, row: _Row) -> None:
    """What scatters."""
    base: Material = material
    if isinstance(material, Coated):
        base = material.base
        row.values[MATERIAL_ETA] = material.ior
        row.values[MATERIAL_COAT_LOSS] = internal_reflectance(material.ior)
    is_coated = base is not material
    if isinstance(base, Diffuse):
        row.set_kind(COATED_DIFFUSE if is_coated else DIFFUSE)
        row.set_color(MATERIAL_COLOR, base.color)
    elif isinstance(base, Metal):
        row.set_kind(COATED_METAL if is_coated else METAL)
        row.set_color(MATERIAL_COLOR, base.color)
        row.set_roughness(MATERIAL_ALPHA, base.roughness)
    elif isinstance(base, Dielectric):
        row.set_kind(DIELECTRIC)
        row.set_color(MATERIAL_COLOR, base.color)
        row.values[MATERIAL_ETA] = base.ior
    elif isinstance(base, Emissive):
        row.set_kind(BLACK)
    else:  # the scene admits no other
        raise AssertionError(f"no row for {type(base).__name__}")


def _has_colors(shape: Shape) -> bool:
    owner = shape.mesh if isinstance(shape, Instances) else shape
    names = ("colors", "face_colors")
    return any(getattr(item, name, None) is not None for item in (owner, shape) for name in names)


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
