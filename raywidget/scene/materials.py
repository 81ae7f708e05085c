"""Materials: how a surface scatters light, and the light that it gives off by itself.

Colours are linear Rec. 709 RGB; one number stands for a grey. Formulas live in `kernels/bsdf`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from raywidget.errors import SceneError
from raywidget.scene import checks
from raywidget.scene.checks import ColorLike
from raywidget.scene.described import SceneObject
from raywidget.scene.textures import (
    Texture,
    color_or_texture,
    number_or_texture,
    radiance_or_texture,
)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Material(SceneObject):
    """Base class of materials.

    Parameters
    ----------
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.
    """

    emission: ColorLike | Texture | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.emission is not None:
            self._set(emission=radiance_or_texture(self, "emission", self.emission))


@dataclass(frozen=True, eq=False, repr=False)
class Diffuse(Material):
    """A matte surface that scatters light evenly to all sides (Lambert).

    Parameters
    ----------
    color : colour or Texture
        Reflectance: linear RGB in [0, 1], one number for a grey, or a texture.
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Diffuse((0.65, 0.05, 0.05), name="red")
    Diffuse(color=(0.65, 0.05, 0.05), name='red')
    """

    color: ColorLike | Texture

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(color=color_or_texture(self, "color", self.color))


@dataclass(frozen=True, eq=False, repr=False)
class Metal(Material):
    """A metal: microfacets with the GGX distribution and Schlick's Fresnel term.

    Parameters
    ----------
    color : colour or Texture
        Reflectance at normal incidence: linear RGB in [0, 1], one number, or a texture.
    roughness : float or Texture
        In [0, 1]; the width of the GGX distribution is alpha = roughness^2. Below an alpha of
        about 1e-3 (roughness 0.03) the surface is rendered as a perfect mirror.
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Metal((0.8, 0.6, 0.2), roughness=0.3)
    Metal(color=(0.8, 0.6, 0.2), roughness=0.3)
    """

    color: ColorLike | Texture
    roughness: float | Texture = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            color=color_or_texture(self, "color", self.color),
            roughness=number_or_texture(self, "roughness", self.roughness),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Dielectric(Material):
    """Clear smooth glass, water or ice: reflects and refracts (Fresnel's equations).

    Parameters
    ----------
    ior : float
        Index of refraction of the side that the normals point away from, relative to the other;
        in [1, 4] (water 1.33, glass 1.5, diamond 2.42). A bubble in glass is a surface whose
        normals are flipped, with the same index.
    color : colour or Texture
        What is left of light that passes through the surface once: linear RGB in [0, 1].
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Sphere((0, 1, 0), 1, material=rw.Dielectric(1.5, color=(0.9, 1, 0.95)))
    Sphere(center=(0, 1, 0), radius=1, material=Dielectric(color=(0.9, 1, 0.95)))
    """

    ior: float = 1.5
    color: ColorLike | Texture = field(default=(1.0, 1.0, 1.0), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            ior=_checked_ior(self, self.ior),
            color=color_or_texture(self, "color", self.color),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Coated(Material):
    """A smooth clear coat, like lacquer, over a matte or metallic base.

    Parameters
    ----------
    base : Diffuse or Metal
        What lies under the coat. It must not emit: give the emission to the coated material.
    ior : float
        Index of refraction of the coat, in [1, 4].
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If the base is another material, or a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Coated(rw.Diffuse((0.8, 0.1, 0.1)))
    Coated(base=Diffuse(color=(0.8, 0.1, 0.1)))
    """

    base: Diffuse | Metal
    ior: float = field(default=1.5, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.base, Diffuse | Metal):
            raise checks.fail(self, "base", "a Diffuse or a Metal", self.base)
        if self.base.emission is not None:
            raise SceneError(
                f"{checks.label(self)}: base must not emit, got {self.base!r}; "
                "give emission= to the Coated"
            )
        self._set(ior=_checked_ior(self, self.ior))


@dataclass(frozen=True, eq=False, repr=False)
class Emissive(Material):
    """A black surface that gives off light: shorthand for a material with only an emission.

    Parameters
    ----------
    radiance : colour or Texture
        Given off by the front side, the same to all directions, in W/(sr m^2), >= 0.
    name : str, optional
        What messages call it.

    Raises
    ------
    SceneError
        If the radiance is negative or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> lamp = rw.Sphere((0, 3, 0), 0.5, material=rw.Emissive((15, 14, 13)), name="lamp")
    >>> lamp.radiance
    (15.0, 14.0, 13.0)
    """

    radiance: ColorLike | Texture
    emission: ColorLike | Texture | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        checked = radiance_or_texture(self, "radiance", self.radiance)
        self._set(radiance=checked, emission=checked)
        super().__post_init__()


def _checked_ior(owner: Material, value: object) -> float:
    expected = "a number in [1, 4]"
    result = checks.number(owner, "ior", value, expected)
    if not 1.0 <= result <= 4.0:
        advice = "swap inside and outside by flip_normals=True" if 0.0 < result < 1.0 else ""
        raise checks.fail(owner, "ior", expected, value, advice)
    return result


DEFAULT_MATERIAL = Diffuse((0.5, 0.5, 0.5))
"""What a shape is made of when nothing is said: a grey matte surface."""
