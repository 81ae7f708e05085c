"""Materials -> rows of the material tables.

A row belongs to a pair of material and radiance: the same material may shine on one shape only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from raywidget.compiler.surfaces.energy import EnergyRows, average_conductor, internal_reflectance
from raywidget.compiler.surfaces.fields import CutColors, FieldRows, Fields
from raywidget.compiler.surfaces.media import MediumRows
from raywidget.compiler.surfaces.textures import TextureRows
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, I32
from raywidget.kernels.surfaces.lobes import MIRROR_ALPHA
from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import (
    DEFAULT_MATERIAL,
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Emissive,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.shapes.meshes import Instances
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values.checks import Color

_BLENDED = (
    layout.DIFFUSE,
    layout.METAL,
    layout.CONDUCTOR,
    layout.COATED_DIFFUSE,
    layout.COATED_METAL,
    layout.COATED_CONDUCTOR,
    layout.DIELECTRIC,
    layout.THIN_DIELECTRIC,
    layout.BLACK,
)
# What may have a texture in what can be blended, and in which columns of the blend's row it is that
# of the first and of the second part.
_PART_COLUMNS = {
    4 * layout.MATERIAL_COLOR + layout.TARGET_COLOR: (
        layout.MATERIAL_COLOR,
        layout.MATERIAL_BLEND_COLOR,
    ),
    4 * layout.MATERIAL_ALPHA + layout.TARGET_SQUARE: (
        layout.MATERIAL_ALPHA,
        layout.MATERIAL_BLEND_ALPHA,
    ),
}
_COLORED = Diffuse(Attribute("color"))  # what a shape with colours is made of by default


class MaterialTables(NamedTuple):
    """See layout."""

    codes: I32
    values: F32


class MaterialRows:
    """Gives each pair of material and radiance a row."""

    def __init__(self, media: MediumRows, scale: float = 1.0) -> None:
        self._scale = scale  # units of the tables in one of the scene's
        self.textures = TextureRows()
        self.energy = EnergyRows()
        self.fields = FieldRows()
        self._cut_colors: dict[float, CutColors] = {}  # by how much of them is given off
        self._media = media
        # Materials and textures go by their ids: the scene keeps them alive.
        self._rows: dict[tuple[int, object, int, int, int, bool], int] = {}
        self._codes: list[I32] = []
        self._values: list[F32] = []

    def row_of(self, shape: Shape, fields: Fields | None = None) -> int:
        """The row for a shape's surface."""
        return self.row(shape, shape.material, shape.radiance, fields)

    def row(
        self,
        shape: Shape,
        material: Material,
        radiance: Color | Texture | None,
        fields: Fields | None = None,
        visible: bool | None = None,
    ) -> int:
        """The row for a part of a shape, with its values; `visible` as the shape says."""
        if material is DEFAULT_MATERIAL and (fields is not None or _has_colors(shape)):
            material = _COLORED
        faceted = shape.mesh if isinstance(shape, Instances) else shape
        edges: Edges | None = getattr(faceted, "edges", None)
        visible = shape.visible if visible is None else visible
        return self._row(material, radiance, None, fields, edges, visible)

    def cut_row(self, volume: Volume, number: int) -> int:
        """The row of the cuts of a volume, the n-th of its table."""
        if volume.values.is_colored:
            own = self._cut_colors.setdefault(volume.unlit, CutColors(volume))
            return self._row(_COLORED, None, None, own, visible=volume.visible)
        cut = self.fields.begin_cut(volume, number)
        return self._row(_COLORED, None, None, cut, visible=volume.visible)

    def tables(self) -> MaterialTables:
        """All rows."""
        return MaterialTables(
            np.array(self._codes, np.int32).reshape(-1, layout.MATERIAL_CODES_SIZE),
            np.array(self._values, np.float32).reshape(-1, layout.MATERIAL_SIZE),
        )

    def _row(
        self,
        material: Material,
        radiance: Color | Texture | None,
        around: Mix | None,
        fields: Fields | None,
        edges: Edges | None = None,
        visible: bool = True,
    ) -> int:
        """The row of a material; as a part of the mixture `around`, it takes its normal map."""
        light = id(radiance) if isinstance(radiance, Texture) else radiance
        mapped = material if around is None or material.normal_map is not None else around
        key = (id(material), light, id(mapped.normal_map), id(fields), id(edges), visible)
        if key not in self._rows:
            row = _Row(self.textures, fields)
            if fields is not None:
                row.set_field(fields)
            if edges is not None:
                row.set_edges(edges, self._edge_row(edges, fields), self._scale)
            if radiance is not None:
                row.set_emission(radiance)
            row.set_opacity(material.opacity)
            if not visible:
                row.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_UNSEEN
            if isinstance(material, ShadowCatcher):
                row.set_catcher(self._coat_row(material))
            if isinstance(material, Mix):
                outer = material if mapped is material else around
                members = [
                    self._row(part, None, outer, fields) for part in (material.a, material.b)
                ]
                if self._blends(material, members):
                    row.set_normal_map(mapped)
                    row.set_blend(material.amount, members)
                    for part, member in enumerate(members):
                        row.set_part(part, self._codes[member], self._values[member])
                else:
                    row.set_mix(material.amount, *members)
            else:
                row.set_normal_map(mapped)
                _pack(material, row, self.energy)
            row.codes[layout.MATERIAL_INTERIOR] = self._interior(material, visible)
            self._rows[key] = len(self._codes)
            self._codes.append(row.codes)
            self._values.append(row.values)
        return self._rows[key]

    def _blends(self, mixture: Mix, members: list[int]) -> bool:
        """Can both parts be weighed where one is drawn? Kernels know it of simple ones only."""
        parts = (mixture.a, mixture.b)
        codes = [self._codes[row] for row in members]
        return (
            all(part.normal_map is None for part in parts)
            and all(code[layout.MATERIAL_KIND] in _BLENDED for code in codes)
            # What has no lobe that light can be sampled for is seen by chance all the same.
            and not all(self._is_specular(row) for row in members)
        )

    def _is_specular(self, row: int) -> bool:
        """As `kernels.surfaces.bsdf.is_specular`, of what may be blended."""
        kind = self._codes[row][layout.MATERIAL_KIND]
        if kind in (layout.DIFFUSE, layout.COATED_DIFFUSE):
            return False
        smooth = self._values[row][layout.MATERIAL_ALPHA] < MIRROR_ALPHA
        smooth &= 4 * layout.MATERIAL_ALPHA + layout.TARGET_SQUARE not in _targets(self._codes[row])
        return kind in (layout.BLACK, layout.DIELECTRIC, layout.THIN_DIELECTRIC) or bool(smooth)

    def _edge_row(self, edges: Edges, fields: Fields | None) -> int:
        """The row of what edges are made of: matte, and as unlit as the surface that has them."""
        unlit = 0.0 if fields is None else fields.unlit
        key = (id(edges), unlit, 0, 0, 0, True)
        if key not in self._rows:
            row = _Row(self.textures, None)
            row.set_kind(layout.DIFFUSE)
            color = np.array(edges.color)
            row.set_color(layout.MATERIAL_COLOR, (1.0 - unlit) * color)
            if unlit > 0.0:
                row.set_unlit(self.textures.constant_row(edges, unlit * color))
            row.codes[layout.MATERIAL_INTERIOR] = -1
            self._rows[key] = len(self._codes)
            self._codes.append(row.codes)
            self._values.append(row.values)
        return self._rows[key]

    def _coat_row(self, material: ShadowCatcher) -> int:
        """The row of what mirrors on a catcher, or -1."""
        if material.reflection == 0.0:
            return -1
        coat = Metal(material.reflection, roughness=material.roughness)
        row = _Row(self.textures, None)
        _pack(coat, row, self.energy)
        row.codes[layout.MATERIAL_INTERIOR] = -1
        self._codes.append(row.codes)
        self._values.append(row.values)
        return len(self._codes) - 1

    def _interior(self, material: Material, visible: bool) -> int:
        """The medium behind a surface that light goes through, or -1."""
        if isinstance(material, Mix):
            return max(self._interior(part, visible) for part in (material.a, material.b))
        if isinstance(material, Interface):
            return self._media.row_of(material.interior, visible)
        if isinstance(material, Dielectric) and not material.thin:
            return self._media.row_of(material.interior, visible)
        if isinstance(material, Principled) and not material.thin and material.transmission != 0.0:
            return self._media.row_of(material.interior, visible)
        return -1


class _Row:
    """One row, being filled in."""

    def __init__(self, textures: TextureRows, fields: Fields | None) -> None:
        self.codes = np.zeros(layout.MATERIAL_CODES_SIZE, np.int32)
        self.codes[layout.MATERIAL_TEXTURES :: 2] = -1
        for column in (
            layout.MATERIAL_EMISSION_TEXTURE,
            layout.MATERIAL_OPACITY_TEXTURE,
            layout.MATERIAL_AMOUNT_TEXTURE,
            layout.MATERIAL_NORMAL_TEXTURE,
            layout.MATERIAL_FIELD,
            layout.MATERIAL_UNLIT_TEXTURE,
        ):
            self.codes[column] = -1
        self.values = np.zeros(layout.MATERIAL_SIZE, np.float32)
        self.values[layout.MATERIAL_ETA] = 1.0
        self._textures = textures
        self._fields = fields
        self._texture_count = 0

    def set_kind(self, kind: int) -> None:
        self.codes[layout.MATERIAL_KIND] = kind

    def set_color(self, column: int, value: object) -> None:
        """A colour or a texture."""
        if isinstance(value, Texture):
            self._set_texture(value, column, layout.TARGET_COLOR)
        else:
            self.values[column : column + 3] = value  # type: ignore[call-overload]

    def set_number(self, column: int, value: object) -> None:
        """A number or a texture."""
        if isinstance(value, Texture):
            self._set_texture(value, column, layout.TARGET_NUMBER)
        else:
            self.values[column] = value  # type: ignore[call-overload]

    def set_roughness(self, column: int, value: float | Texture) -> None:
        """The width alpha = roughness^2 of the distribution of microfacets."""
        if isinstance(value, Texture):
            self._set_texture(value, column, layout.TARGET_SQUARE)
        else:
            self.values[column] = value**2

    def set_emission(self, radiance: Color | Texture) -> None:
        columns = slice(layout.MATERIAL_EMISSION, layout.MATERIAL_EMISSION + 3)
        if isinstance(radiance, Texture):
            self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_GLOW_TEXTURED
            self.codes[layout.MATERIAL_EMISSION_TEXTURE] = self._textures.row_of(radiance)
            self.values[columns] = radiance.mean()
        else:
            self.values[columns] = radiance

    def set_opacity(self, opacity: float | Texture) -> None:
        if opacity != 1.0:
            self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_MASKED
            self._set_single(layout.MATERIAL_OPACITY, layout.MATERIAL_OPACITY_TEXTURE, opacity)

    def set_field(self, fields: Fields) -> None:
        """What is shown, and what is given off of its colours."""
        self.codes[layout.MATERIAL_FIELD] = fields.first
        if fields.unlit > 0.0:
            self.set_unlit(self._textures.unlit_row(fields))

    def set_unlit(self, texture: int) -> None:
        """What is given off whatever light there is: a row of `textures`."""
        self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_UNLIT
        self.codes[layout.MATERIAL_UNLIT_TEXTURE] = texture

    def set_edges(self, edges: Edges, made_of: int, scale: float) -> None:
        self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_EDGED
        self.codes[layout.MATERIAL_EDGES] = made_of
        width = edges.width if edges.units == "pixels" else -edges.width * scale
        self.values[layout.MATERIAL_EDGE_WIDTH] = width

    def set_catcher(self, coat: int) -> None:
        """Ground that shows the camera shadows alone; the coat is another row, or -1."""
        self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_CATCHER
        self.codes[layout.MATERIAL_MEMBERS] = coat

    def set_mix(self, amount: float | Texture, first: int, second: int) -> None:
        """A mixture of two other rows."""
        self.codes[layout.MATERIAL_KIND] = layout.MIX
        self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_MIXED
        self.codes[layout.MATERIAL_MEMBERS : layout.MATERIAL_MEMBERS + 2] = (first, second)
        self._set_single(layout.MATERIAL_AMOUNT, layout.MATERIAL_AMOUNT_TEXTURE, amount)

    def set_blend(self, amount: float | Texture, rows: list[int]) -> None:
        """Two other rows at once."""
        self.set_kind(layout.BLEND)
        self.set_number(layout.MATERIAL_AMOUNT, amount)
        self.values[layout.MATERIAL_BLEND_ROWS : layout.MATERIAL_BLEND_ROWS + 2] = rows

    def set_part(self, part: int, codes: I32, values: F32) -> None:
        """One of the two of a blend, as its own row has it."""
        self.values[layout.MATERIAL_BLEND_KINDS + part] = codes[layout.MATERIAL_KIND]
        columns = {code >> 2: _PART_COLUMNS[code][part] for code in _PART_COLUMNS}
        color, alpha = columns[layout.MATERIAL_COLOR], columns[layout.MATERIAL_ALPHA]
        self.values[color : color + 3] = values[layout.MATERIAL_COLOR : layout.MATERIAL_COLOR + 3]
        self.values[alpha] = values[layout.MATERIAL_ALPHA]
        for number, code in enumerate(_targets(codes)):
            texture = codes[layout.MATERIAL_TEXTURES + 2 * number]
            self._add_texture(int(texture), 4 * _PART_COLUMNS[code][part] + (code & 3))

    def set_normal_map(self, material: Material) -> None:
        if material.normal_map is not None:
            self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_NORMAL_MAPPED
            self.codes[layout.MATERIAL_NORMAL_TEXTURE] = self._textures.row_of(material.normal_map)
            self.values[layout.MATERIAL_NORMAL_SCALE] = material.normal_scale

    def _set_single(self, column: int, texture_column: int, value: float | Texture) -> None:
        """What is asked for before all others, and has a texture column of its own."""
        if isinstance(value, Texture):
            self.codes[texture_column] = self._textures.row_of(value, self._fields, True)
        else:
            self.values[column] = value

    def _set_texture(self, texture: Texture, column: int, target: int) -> None:
        row = self._textures.row_of(texture, self._fields, target != layout.TARGET_COLOR)
        self._add_texture(row, 4 * column + target)

    def _add_texture(self, row: int, target: int) -> None:
        assert self._texture_count < layout.MATERIAL_MAX_TEXTURES
        self.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_TEXTURED
        at = layout.MATERIAL_TEXTURES + 2 * self._texture_count
        self.codes[at : at + 2] = (row, target)
        self._texture_count += 1


def _targets(codes: I32) -> list[int]:
    """What the textures of a row are for."""
    pairs = codes[layout.MATERIAL_TEXTURES : -1].reshape(-1, 2)
    return [int(target) for row, target in pairs if row != -1]


def _pack(material: Material, row: _Row, energy: EnergyRows) -> None:
    """What scatters."""
    base: Material = material
    if isinstance(material, Coated):
        base = material.base
        row.values[layout.MATERIAL_ETA] = material.ior
        row.values[layout.MATERIAL_COAT_LOSS] = internal_reflectance(material.ior)
    is_coated = base is not material
    if isinstance(base, Diffuse | ShadowCatcher):
        row.set_kind(layout.COATED_DIFFUSE if is_coated else layout.DIFFUSE)
        row.set_color(layout.MATERIAL_COLOR, base.color)
    elif isinstance(base, Metal | Conductor):
        row.set_color(layout.MATERIAL_COLOR, base.color)
        row.set_roughness(layout.MATERIAL_ALPHA, base.roughness)
        if base.compensate:
            row.values[layout.MATERIAL_ENERGY] = energy.place_of_metal()
        if isinstance(base, Metal):
            row.set_kind(layout.COATED_METAL if is_coated else layout.METAL)
        else:
            row.set_kind(layout.COATED_CONDUCTOR if is_coated else layout.CONDUCTOR)
            _pack_index(base, row, material.ior if isinstance(material, Coated) else 1.0)
    elif isinstance(base, Dielectric):
        _pack_dielectric(base, row, energy)
    elif isinstance(base, Interface):
        row.set_kind(layout.INTERFACE)
        row.codes[layout.MATERIAL_FLAGS] |= layout.MATERIAL_INTERFACE
    elif isinstance(base, Principled):
        _pack_principled(base, row, energy)
    elif isinstance(base, Emissive):
        row.set_kind(layout.BLACK)
    else:  # the scene admits no other
        raise AssertionError(f"no row for {type(base).__name__}")


def _pack_index(material: Conductor, row: _Row, outside: float) -> None:
    """The complex index of refraction, relative to what is outside: air, or a coat."""
    n, k = np.array(material.eta) / outside, np.array(material.k) / outside
    row.values[layout.MATERIAL_N : layout.MATERIAL_N + 3] = n
    row.values[layout.MATERIAL_K : layout.MATERIAL_K + 3] = k
    averages = [average_conductor(*pair) for pair in zip(n, k, strict=True)]
    row.values[layout.MATERIAL_AVERAGE : layout.MATERIAL_AVERAGE + 3] = averages


def _pack_dielectric(material: Dielectric, row: _Row, energy: EnergyRows) -> None:
    row.set_color(layout.MATERIAL_COLOR, material.color)
    row.set_roughness(layout.MATERIAL_ALPHA, material.roughness)
    row.values[layout.MATERIAL_ETA] = material.ior
    row.values[layout.MATERIAL_COAT_LOSS] = internal_reflectance(material.ior)
    roughness = material.roughness
    # Where nothing bends, nothing shows the facets.
    if material.ior == 1.0 or not (isinstance(roughness, Texture) or roughness**2 >= MIRROR_ALPHA):
        row.set_kind(layout.THIN_DIELECTRIC if material.thin else layout.DIELECTRIC)
        return
    row.set_kind(layout.ROUGH_THIN_DIELECTRIC if material.thin else layout.ROUGH_DIELECTRIC)
    if material.compensate:
        row.values[layout.MATERIAL_ENERGY] = (
            energy.place_of_metal() if material.thin else energy.place_of_glass(material.ior)
        )


def _pack_principled(material: Principled, row: _Row, energy: EnergyRows) -> None:
    row.set_kind(layout.PRINCIPLED)
    row.set_color(layout.MATERIAL_COLOR, material.base_color)
    row.set_color(layout.MATERIAL_SPECULAR_COLOR, material.specular_color)
    row.set_color(layout.MATERIAL_SHEEN_COLOR, material.sheen_color)
    for column, number in (
        (layout.MATERIAL_METALLIC, material.metallic),
        (layout.MATERIAL_SPECULAR, material.specular),
        (layout.MATERIAL_TRANSMISSION, material.transmission),
        (layout.MATERIAL_COAT, material.clearcoat),
    ):
        row.set_number(column, number)
    row.set_roughness(layout.MATERIAL_ALPHA, material.roughness)
    row.set_roughness(layout.MATERIAL_COAT_ALPHA, material.clearcoat_roughness)
    row.set_roughness(layout.MATERIAL_SHEEN_ALPHA, material.sheen_roughness)
    row.values[layout.MATERIAL_ETA] = material.ior
    row.values[layout.MATERIAL_COAT_LOSS] = internal_reflectance(material.ior)
    row.values[layout.MATERIAL_LAYERS] = energy.place_of_layers()
    is_thin = material.thin or material.ior == 1.0  # where nothing bends
    row.values[layout.MATERIAL_THIN] = is_thin
    row.values[layout.MATERIAL_COMPENSATED] = material.compensate
    if material.compensate and material.transmission != 0.0:
        row.values[layout.MATERIAL_ENERGY] = (
            energy.place_of_layers() if is_thin else energy.place_of_glass(material.ior)
        )


def _has_colors(shape: Shape) -> bool:
    owner = shape.mesh if isinstance(shape, Instances) else shape
    names = ("colors", "face_colors")
    return any(getattr(item, name, None) is not None for item in (owner, shape) for name in names)
