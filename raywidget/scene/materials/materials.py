"""Materials: how a surface scatters light, and the light that it gives off by itself.

Colours are linear Rec. 709 RGB; one number stands for a grey. Formulas live in
`kernels/surfaces/bsdf`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from dataclasses import fields as dataclass_fields
from functools import cached_property
from typing import ClassVar

from raywidget.errors import SceneError
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import (
    Attribute,
    Texture,
    color_or_texture,
    number_or_texture,
    radiance_or_texture,
)
from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike
from raywidget.scene.values.described import SceneObject


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Material(SceneObject):
    """Base class of materials.

    Parameters
    ----------
    emission : colour or Texture, optional
        Radiance given off by the front side, in W/(sr m^2), >= 0.
    opacity : float or Texture
        The share of the surface that is there, in [0, 1]: what is left lets light pass straight on,
        as a leaf cut out of a rectangle, or a veil. What emits must be opaque.
    normal_map : Texture, optional
        Tilts the surface: a tangent-space map in the OpenGL convention, whose red, green and blue
        (0 to 1 for -1 to 1) lie along u, along v and along the normal. Pictures must be
        ``encoding="linear"``.
    normal_scale : float
        Is multiplied with the tilt along u and v.
    """

    emission: ColorLike | Texture | None = None
    opacity: float | Texture = 1.0
    normal_map: Texture | None = None
    normal_scale: float = 1.0
    is_whole: ClassVar[bool] = False  # can't be a part of another

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.emission is not None:
            self._set(emission=radiance_or_texture(self, "emission", self.emission))
        self._set(
            opacity=number_or_texture(self, "opacity", self.opacity),
            normal_scale=checks.number(self, "normal_scale", self.normal_scale),
        )
        if self.emission is not None and self.opacity != 1.0:
            raise checks.fail(self, "opacity", "1 for a material that emits", self.opacity)
        if self.normal_map is not None:
            _check_normal_map(self, self.normal_map)

    @cached_property
    def attributes(self) -> frozenset[str]:
        """What it asks of the shapes that are made of it."""
        return frozenset(_attributes_in(self))


def _check_normal_map(owner: Material, value: Texture) -> None:
    checks.instance(owner, "normal_map", value, Texture, "a texture, such as ImageTexture(path)")
    if isinstance(value, ImageTexture) and value.is_srgb:
        raise checks.fail(
            owner, "normal_map", "of linear numbers", value, 'say encoding="linear" to the texture'
        )
    if any(isinstance(part, ImageTexture) and part.uvs != 1 for part in value.parts()):
        advice = "its tangents are those of the first; swap the mesh's uvs and uvs2"
        raise checks.fail(owner, "normal_map", "of the first texture coordinates", value, advice)


def _refuse_outer(owner: Material, name: str, part: Material) -> None:
    """A part of a material leaves to the whole what belongs to the surface."""
    for field_name, default in (("emission", None), ("opacity", 1.0)):
        value = getattr(part, field_name)
        if value != default:
            raise SceneError(
                f"{checks.label(owner)}: {name} must not have its own {field_name}, got {part!r}; "
                f"give {field_name}= to the {type(owner).__name__}"
            )


def _attributes_in(owner: SceneObject) -> Iterator[str]:
    for f in dataclass_fields(owner):
        part = getattr(owner, f.name)
        if isinstance(part, Attribute):
            yield part.attribute
        if isinstance(part, SceneObject):
            yield from _attributes_in(part)


@dataclass(frozen=True, eq=False, repr=False)
class Diffuse(Material):
    """A matte surface that scatters light evenly to all sides (Lambert).

    Parameters
    ----------
    color : colour or Texture
        Reflectance: linear RGB in [0, 1], one number for a grey, or a texture.

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
    compensate : bool
        Give back the light that is scattered more than once between microfacets, which single
        scattering loses (Kulla and Conty 2017): rough metals become brighter and more saturated.

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
    compensate: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            color=color_or_texture(self, "color", self.color),
            roughness=number_or_texture(self, "roughness", self.roughness),
            compensate=checks.flag(self, "compensate", self.compensate),
        )


_CONDUCTORS = {
    "gold": ((0.1430, 0.3753, 1.4421), (3.9830, 2.3856, 1.6034)),
    "silver": ((0.1553, 0.1167, 0.1384), (4.8284, 3.1222, 2.1469)),
    "copper": ((0.2010, 0.9238, 1.1022), (3.9133, 2.4531, 2.1421)),
    "aluminium": ((1.6575, 0.8804, 0.5212), (9.2238, 6.2695, 4.8370)),
}
_SYMBOLS = {
    "au": "gold",
    "ag": "silver",
    "cu": "copper",
    "al": "aluminium",
    "aluminum": "aluminium",
}


@dataclass(frozen=True, eq=False, repr=False)
class Conductor(Material):
    """A real metal: microfacets with the GGX distribution and Fresnel's equations.

    Parameters
    ----------
    eta : colour or str
        Real part of the index of refraction in red, green and blue, in [0, 20]; or one of "gold",
        "silver", "copper", "aluminium", whose indices were measured (Palik 1985, "Handbook of
        optical constants of solids", averaged for linear Rec. 709 as in Mitsuba 3), and `k` is left
        out.
    k : colour, optional
        Imaginary part, the extinction coefficient, in [0, 20].
    roughness : float or Texture
        In [0, 1]; the width of the GGX distribution is alpha = roughness^2. Below an alpha of
        about 1e-3 (roughness 0.03) the surface is rendered as a perfect mirror.
    color : colour or Texture
        Is multiplied with what is reflected: linear RGB in [0, 1].
    compensate : bool
        Give back the light that is scattered more than once between microfacets, which single
        scattering loses (Kulla and Conty 2017): rough metals become brighter and more saturated.

    Raises
    ------
    SceneError
        If there is no such metal, or a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Conductor("gold", roughness=0.2)
    Conductor(eta=(0.143, 0.3753, 1.4421), k=(3.983, 2.3856, 1.6034), roughness=0.2)
    >>> mirror = rw.Conductor((0.14, 0.14, 0.13), (4.1, 3.2, 2.3))
    """

    eta: ColorLike | str
    k: ColorLike | None = None
    roughness: float | Texture = field(default=0.0, kw_only=True)
    color: ColorLike | Texture = field(default=(1.0, 1.0, 1.0), kw_only=True)
    compensate: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        eta, k = self.eta, self.k
        if isinstance(eta, str):
            meant = _SYMBOLS.get(eta.lower())
            if meant is not None:
                expected = f"one of {', '.join(map(repr, _CONDUCTORS))}"
                raise checks.fail(self, "eta", expected, eta, f"write {meant!r}")
            checks.choice(self, "eta", eta, tuple(_CONDUCTORS))
            if k is not None:
                raise checks.fail(self, "k", f"left out for {eta!r}", k)
            eta, k = _CONDUCTORS[eta]
        self._set(
            eta=checks.indices(self, "eta", eta),
            k=checks.indices(self, "k", k),
            roughness=number_or_texture(self, "roughness", self.roughness),
            color=color_or_texture(self, "color", self.color),
            compensate=checks.flag(self, "compensate", self.compensate),
        )


@dataclass(frozen=True, eq=False, repr=False)
class Dielectric(Material):
    """Clear glass, water or ice: reflects and refracts (Fresnel's equations), smooth or frosted.

    Rough surfaces have GGX microfacets (Walter et al. 2007, "Microfacet models for refraction
    through rough surfaces").

    Parameters
    ----------
    ior : float
        Index of refraction of the side that the normals point away from, relative to the other;
        in [1, 4] (water 1.33, glass 1.5, diamond 2.42). A bubble in glass is a surface whose
        normals are flipped, with the same index.
    roughness : float or Texture
        In [0, 1]; the width of the GGX distribution is alpha = roughness^2. Below an alpha of
        about 1e-3 (roughness 0.03) the surface is rendered as perfectly smooth.
    color : colour or Texture
        What is left of light that passes through the surface once: linear RGB in [0, 1].
    thin : bool
        The surface is a thin pane or a bubble's skin, with the same on both sides: light passes
        without bending. Reflections between its two faces are taken into account.
    compensate : bool
        Give back the light that is scattered more than once between microfacets, which single
        scattering loses: frosted glass becomes lossless (after Kulla and Conty 2017).
    interior : HomogeneousMedium, optional
        What fills the closed shape, on the side that the normals point away from: coloured glass,
        water, milk. By default nothing. Not for thin panes.

    Raises
    ------
    SceneError
        If a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.Sphere((0, 1, 0), 1, material=rw.Dielectric(1.5, color=(0.9, 1, 0.95)))
    Sphere(center=(0, 1, 0), radius=1, material=Dielectric(color=(0.9, 1, 0.95)))
    >>> frosted = rw.Dielectric(1.5, roughness=0.4)
    >>> pane = rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), material=rw.Dielectric(thin=True))
    """

    ior: float = 1.5
    roughness: float | Texture = field(default=0.0, kw_only=True)
    color: ColorLike | Texture = field(default=(1.0, 1.0, 1.0), kw_only=True)
    thin: bool = field(default=False, kw_only=True)
    compensate: bool = field(default=False, kw_only=True)
    interior: HomogeneousMedium | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            ior=checked_ior(self, self.ior),
            roughness=number_or_texture(self, "roughness", self.roughness),
            color=color_or_texture(self, "color", self.color),
            thin=checks.flag(self, "thin", self.thin),
            compensate=checks.flag(self, "compensate", self.compensate),
        )
        if self.interior is not None:
            checks.instance(
                self, "interior", self.interior, HomogeneousMedium, "a HomogeneousMedium"
            )
            if self.thin:
                raise checks.fail(self, "interior", "left out for a thin pane", self.interior)


@dataclass(frozen=True, eq=False, repr=False)
class Coated(Material):
    """A smooth clear coat, like lacquer, over a matte or metallic base.

    Parameters
    ----------
    base : Diffuse, Metal or Conductor
        What lies under the coat. Emission, opacity and normal map belong to the coated material.
    ior : float
        Index of refraction of the coat, in [1, 4].

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

    base: Diffuse | Metal | Conductor
    ior: float = field(default=1.5, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.base, Diffuse | Metal | Conductor):
            raise checks.fail(self, "base", "a Diffuse, a Metal or a Conductor", self.base)
        _refuse_outer(self, "base", self.base)
        if self.base.normal_map is not None:
            raise checks.fail(
                self, "base", "without a normal map", self.base, "give normal_map= to the Coated"
            )
        self._set(ior=checked_ior(self, self.ior))


@dataclass(frozen=True, eq=False, repr=False)
class Interface(Material):
    """A boundary between two media that light passes straight on: the skin of smoke or fog.

    It takes ``integrator="volpath"``. Passing through does not count as an edge of the path.

    Parameters
    ----------
    interior : HomogeneousMedium
        What fills the closed shape, on the side that the normals point away from.

    Raises
    ------
    SceneError
        If `interior` is no medium.

    Examples
    --------
    >>> import raywidget as rw
    >>> smoke = rw.HomogeneousMedium(0.1, 2.0)
    >>> rw.Sphere((0, 1, 0), 1, material=rw.Interface(smoke)).material.interior is smoke
    True
    """

    interior: HomogeneousMedium
    opacity: float | Texture = field(init=False, default=1.0)
    normal_map: Texture | None = field(init=False, default=None)
    normal_scale: float = field(init=False, default=1.0)
    is_whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.instance(self, "interior", self.interior, HomogeneousMedium, "a HomogeneousMedium")


@dataclass(frozen=True, eq=False, repr=False)
class Mix(Material):
    """Two materials in one surface, by chance: paint that peels off metal, dust on glass.

    Parameters
    ----------
    a, b : Material
        The parts; they may be mixtures themselves. Emission and opacity belong to the mixture; a
        part without a normal map takes that of the mixture.
    amount : float or Texture
        The share of `b`, in [0, 1].

    Raises
    ------
    SceneError
        If a part emits or is not opaque, or a value is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> rust = rw.Diffuse((0.3, 0.1, 0.05))
    >>> spots = rw.Checkerboard(0, 1, scale=20)
    >>> rusty = rw.Mix(rw.Conductor("aluminium", roughness=0.3), rust, spots)
    """

    a: Material
    b: Material
    amount: float | Texture = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, part in (("a", self.a), ("b", self.b)):
            checks.instance(self, name, part, Material, "a material, such as Diffuse(color)")
            _refuse_outer(self, name, part)
            if part.is_whole:
                raise checks.fail(self, name, "a material that scatters light", part)
        self._set(amount=number_or_texture(self, "amount", self.amount))


@dataclass(frozen=True, eq=False, repr=False)
class Emissive(Material):
    """A black surface that gives off light: shorthand for a material with only an emission.

    Parameters
    ----------
    radiance : colour or Texture
        Given off by the front side, the same to all directions, in W/(sr m^2), >= 0.

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
    opacity: float | Texture = field(init=False, default=1.0)
    normal_map: Texture | None = field(init=False, default=None)
    normal_scale: float = field(init=False, default=1.0)

    def __post_init__(self) -> None:
        checked = radiance_or_texture(self, "radiance", self.radiance)
        self._set(radiance=checked, emission=checked)
        super().__post_init__()


def checked_ior(owner: Material, value: object) -> float:
    """Check for an index of refraction, inside relative to outside."""
    expected = "a number in [1, 4]"
    result = checks.number(owner, "ior", value, expected)
    if not 1.0 <= result <= 4.0:
        advice = "swap inside and outside by flip_normals=True" if 0.0 < result < 1.0 else ""
        raise checks.fail(owner, "ior", expected, value, advice)
    return result


DEFAULT_MATERIAL = Diffuse((0.5, 0.5, 0.5))
"""What a shape is made of when nothing is said: a grey matte surface."""
