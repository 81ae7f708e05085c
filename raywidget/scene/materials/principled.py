"""The material of glTF 2.0, with its extensions."""

from __future__ import annotations

from dataclasses import dataclass, field

from raywidget.scene.materials.materials import Material, checked_ior
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.textures.textures import (
    Texture,
    bright_or_texture,
    color_or_texture,
    number_or_texture,
)
from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike


@dataclass(frozen=True, eq=False, repr=False)
class Principled(Material):
    """Metal, paint and glass in one, as glTF 2.0 describes surfaces.

    The metallic-roughness model of the specification (appendix B) with the extensions
    KHR_materials_ior, _specular, _transmission, _volume, _sheen and _clearcoat. Reciprocal, and
    never brighter than what lights it.

    Parameters
    ----------
    base_color : colour or Texture
        Of paint its albedo, of metal its reflectance at right angles, of glass the tint of what
        passes through the surface: linear RGB in [0, 1].
    metallic : float or Texture
        In [0, 1]: 0 paint or glass, 1 metal. (glTF's default is 1.)
    roughness : float or Texture
        In [0, 1]; the width of the GGX distribution is alpha = roughness^2, at least 1e-3.
    ior : float
        Index of refraction of paint and glass, in [1, 4].
    specular : float or Texture
        Strength of the reflection of paint, in [0, 1].
    specular_color : colour or Texture
        Is multiplied with the reflectance of paint at right angles, >= 0.
    transmission : float or Texture
        In [0, 1]: the share of what is not metal that is glass instead of paint. It bends light and
        is tinted by `base_color`; `specular` and `specular_color` do not act on it.
    thin : bool
        Glass is a thin pane that does not bend light (glTF without KHR_materials_volume).
    interior : HomogeneousMedium, optional
        What fills a closed shape of glass, on the side that the normals point away from (glTF's
        KHR_materials_volume); not for a thin pane.
    clearcoat : float or Texture
        Strength of a clear layer of index 1.5 on top, in [0, 1].
    clearcoat_roughness : float or Texture
        Of that layer, in [0, 1].
    sheen_color : colour or Texture
        Reflectance of velvety fibres, linear RGB in [0, 1]; black: none.
    sheen_roughness : float or Texture
        Of the fibres, in [0, 1].
    compensate : bool
        Give back the light that rough metal and glass scatter more than once, which single
        scattering loses (Kulla and Conty 2017).

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Principled((0.8, 0.1, 0.1), roughness=0.4, clearcoat=1)
    Principled(base_color=(0.8, 0.1, 0.1), roughness=0.4, clearcoat=1)
    >>> brass = rw.Principled((0.9, 0.7, 0.3), metallic=1, roughness=0.25)
    >>> velvet = rw.Principled((0.1, 0, 0.2), roughness=1, sheen_color=0.7, sheen_roughness=0.4)
    """

    base_color: ColorLike | Texture = (1.0, 1.0, 1.0)
    metallic: float | Texture = field(default=0.0, kw_only=True)
    roughness: float | Texture = field(default=0.5, kw_only=True)
    ior: float = field(default=1.5, kw_only=True)
    specular: float | Texture = field(default=1.0, kw_only=True)
    specular_color: ColorLike | Texture = field(default=(1.0, 1.0, 1.0), kw_only=True)
    transmission: float | Texture = field(default=0.0, kw_only=True)
    thin: bool = field(default=False, kw_only=True)
    interior: HomogeneousMedium | None = field(default=None, kw_only=True)
    clearcoat: float | Texture = field(default=0.0, kw_only=True)
    clearcoat_roughness: float | Texture = field(default=0.0, kw_only=True)
    sheen_color: ColorLike | Texture = field(default=(0.0, 0.0, 0.0), kw_only=True)
    sheen_roughness: float | Texture = field(default=0.0, kw_only=True)
    compensate: bool = field(default=True, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers = (
            "metallic",
            "roughness",
            "specular",
            "transmission",
            "clearcoat",
            "clearcoat_roughness",
            "sheen_roughness",
        )
        self._set(**{n: number_or_texture(self, n, getattr(self, n)) for n in numbers})
        self._set(
            base_color=color_or_texture(self, "base_color", self.base_color),
            ior=checked_ior(self, self.ior),
            specular_color=bright_or_texture(self, "specular_color", self.specular_color),
            sheen_color=color_or_texture(self, "sheen_color", self.sheen_color),
            thin=checks.flag(self, "thin", self.thin),
            compensate=checks.flag(self, "compensate", self.compensate),
        )
        if self.interior is not None:
            expected = "a HomogeneousMedium"
            checks.instance(self, "interior", self.interior, HomogeneousMedium, expected)
            if self.thin or self.transmission == 0.0:
                without = "a thin pane" if self.thin else "a surface without transmission"
                raise checks.fail(self, "interior", f"left out for {without}", self.interior)
