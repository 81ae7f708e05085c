"""Light that comes from no shape: points, spots, the sun, and the surroundings of a scene."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from raywidget.errors import SceneError
from raywidget.scene.emitters.pictures import checked_picture
from raywidget.scene.values import checks, transforms
from raywidget.scene.values.checks import ColorLike, Vec3, Vec3Like
from raywidget.scene.values.described import SceneObject

FALLOFFS = ("linear", "smooth", "quartic")


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Emitter(SceneObject):
    """Base class of emitters.

    Parameters
    ----------
    visible : bool
        Does the camera see it? Without, it lights as ever, and is seen in mirrors and through
        glass: where an environment would be seen is black. Points and parallel light are never
        seen.
    """

    visible: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(visible=checks.flag(self, "visible", self.visible))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Environment(Emitter):
    """Base class of emitters that surround a scene from infinitely far away."""


@dataclass(frozen=True, eq=False, repr=False)
class PointLight(Emitter):
    """A point that shines alike in all directions.

    At distance r a surface across the light receives intensity / r^2. No ray meets it: it is seen
    neither by the camera nor in mirrors, and no light of it comes through smooth glass.

    Parameters
    ----------
    position : (float, float, float)
        In scene units.
    intensity : colour
        In W/sr, each channel >= 0; one number for a grey. A lamp of power P has P / (4 pi).

    Raises
    ------
    SceneError
        If a value is not finite, or the intensity is negative.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.PointLight((0, 3, 0), 25)
    PointLight(position=(0, 3, 0), intensity=(25, 25, 25))
    """

    position: Vec3Like
    intensity: ColorLike

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            position=checks.vec3(self, "position", self.position),
            intensity=checks.radiance(self, "intensity", self.intensity),
        )


@dataclass(frozen=True, eq=False, repr=False)
class SpotLight(Emitter):
    """A point, or a disc, that shines into a cone.

    Within `beam_angle` of its axis it has its full intensity, outside of `cone_angle` none. Between
    them, with t falling from 1 to 0,

    - ``"linear"``: t, where t = (cone_angle - angle) / (cone_angle - beam_angle); Mitsuba's `spot`
      with ``cutoff_angle=cone_angle`` and ``beam_width=beam_angle`` is the same light;
    - ``"smooth"``: t^2 (3 - 2 t), where t is linear in the cosine of the angle (pbrt-v4);
    - ``"quartic"``: t^4, where t is linear in the cosine of the angle (pbrt-v3).

    With a `radius` it is a black disc whose front shines alike everywhere, by the same falloff,
    with `intensity` / (pi radius^2) along the axis: soft shadows, and mirrors show it. As the disc
    is seen foreshortened, from afar it is a spot times the cosine of the angle.

    Parameters
    ----------
    position : (float, float, float)
        In scene units.
    target : (float, float, float), optional
        A point on its axis. Give this or `direction`.
    intensity : colour
        Along the axis, in W/sr, each channel >= 0; one number for a grey.
    cone_angle : float
        Degrees between the axis and the edge of the cone, in (0, 180].
    direction : (float, float, float), optional
        Where it shines, instead of `target`; of any length but 0.
    beam_angle : float, optional
        Degrees between the axis and the edge of the full beam, in [0, cone_angle]; by default three
        quarters of `cone_angle`.
    falloff : str
        ``"linear"``, ``"smooth"`` or ``"quartic"``.
    radius : float
        Of the disc, in scene units, >= 0; 0 is a point. A disc's cone is at most 90 degrees wide.

    Raises
    ------
    SceneError
        If a value is out of its range, or `target` and `direction` are given both or neither.

    Examples
    --------
    >>> import raywidget as rw
    >>> spot = rw.SpotLight((0, 4, 0), (0, 0, 0), 50, cone_angle=30)
    >>> spot.beam_angle
    22.5
    """

    position: Vec3Like
    target: Vec3Like | None = None
    intensity: ColorLike = 1.0
    cone_angle: float = 20.0
    direction: Vec3Like | None = field(default=None, kw_only=True)
    beam_angle: float | None = field(default=None, kw_only=True)
    falloff: str = field(default="linear", kw_only=True)
    radius: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        position = checks.vec3(self, "position", self.position)
        if (self.target is None) == (self.direction is None):
            got = "neither" if self.target is None else "both"
            raise SceneError(
                f"{checks.label(self)}: target or direction must say where it shines, got {got}"
            )
        cone = checks.number(self, "cone_angle", self.cone_angle, "degrees in (0, 180]")
        if not 0.0 < cone <= 180.0:
            raise checks.fail(self, "cone_angle", "degrees in (0, 180]", self.cone_angle)
        beam = 0.75 * cone
        if self.beam_angle is not None:
            expected = f"degrees in [0, cone_angle = {cone:g}]"
            beam = checks.number(self, "beam_angle", self.beam_angle, expected)
            if not 0.0 <= beam <= cone:
                raise checks.fail(self, "beam_angle", expected, self.beam_angle)
        checks.choice(self, "falloff", self.falloff, tuple(FALLOFFS))
        radius = checks.non_negative(self, "radius", self.radius)
        if radius > 0.0:
            checks.length(self, "radius", radius)
            if cone > 90.0:
                raise checks.fail(self, "cone_angle", "at most 90 degrees for a disc", cone)
        self._set(
            position=position,
            intensity=checks.radiance(self, "intensity", self.intensity),
            cone_angle=cone,
            beam_angle=beam,
            radius=radius,
        )
        if self.direction is not None:
            self._set(direction=checks.direction(self, "direction", self.direction))
        else:
            target = checks.vec3(self, "target", self.target)
            self._set(target=target)
            if math.dist(target, position) < checks.SMALLEST_LENGTH:
                raise checks.fail(self, "target", "another point than position", self.target)

    @property
    def half_angles(self) -> tuple[float, float]:
        """Degrees from the axis to the edge of the cone, and of its full beam."""
        beam = 0.75 * self.cone_angle if self.beam_angle is None else self.beam_angle
        return self.cone_angle, beam

    @property
    def axis(self) -> Vec3:
        """Unit vector along which it shines."""
        if self.direction is not None:
            return _unit(np.array(self.direction))
        return _unit(np.array(self.target) - np.array(self.position))


@dataclass(frozen=True, eq=False, repr=False)
class DirectionalLight(Emitter):
    """Parallel light from infinitely far away, like the sun's.

    No ray meets it: it is seen neither by the camera nor in mirrors.

    Parameters
    ----------
    direction : (float, float, float)
        Where the light goes: (0, -1, 0) is a sun straight above. Of any length but 0.
    irradiance : colour
        On a surface across the light, in W/m^2, each channel >= 0; one number for a grey.

    Raises
    ------
    SceneError
        If the direction is zero, or the irradiance is negative or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.DirectionalLight((0, -1, 0), 3)
    DirectionalLight(direction=(0, -1, 0), irradiance=(3, 3, 3))
    """

    direction: Vec3Like
    irradiance: ColorLike

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            direction=checks.direction(self, "direction", self.direction),
            irradiance=checks.radiance(self, "irradiance", self.irradiance),
        )

    @property
    def axis(self) -> Vec3:
        """Unit vector along which it shines."""
        return _unit(np.array(self.direction))


def _unit(vector: NDArray[np.float64]) -> Vec3:
    x, y, z = vector / math.hypot(*vector)
    return (float(x), float(y), float(z))


@dataclass(frozen=True, eq=False, repr=False)
class ConstantEnvironment(Environment):
    """The same light from all directions.

    Parameters
    ----------
    radiance : colour
        In W/(sr m^2), each channel >= 0; one number for a grey.

    Raises
    ------
    SceneError
        If the radiance is negative or not finite.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.ConstantEnvironment(1)
    ConstantEnvironment(radiance=(1, 1, 1))
    """

    radiance: ColorLike

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(radiance=checks.radiance(self, "radiance", self.radiance))


@dataclass(frozen=True, eq=False, repr=False)
class GradientEnvironment(Environment):
    """Light that blends from one colour below to another above, like a clear sky.

    The radiance from the unit direction d is bottom + (top - bottom) * (d . up + 1) / 2.

    Parameters
    ----------
    top : colour
        Radiance from straight above, in W/(sr m^2), each channel >= 0.
    bottom : colour
        Radiance from straight below.
    up : (float, float, float)
        Where straight above is; of any length but 0.

    Raises
    ------
    SceneError
        If a radiance is negative or not finite, or `up` is zero.

    Examples
    --------
    >>> import raywidget as rw
    >>> sky = rw.GradientEnvironment(top=(0.5, 0.7, 1.0), bottom=(1, 1, 1), name="sky")
    """

    top: ColorLike = field(kw_only=True)
    bottom: ColorLike = field(kw_only=True)
    up: Vec3Like = field(default=(0.0, 1.0, 0.0), kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._set(
            top=checks.radiance(self, "top", self.top),
            bottom=checks.radiance(self, "bottom", self.bottom),
            up=checks.direction(self, "up", self.up),
        )

    @property
    def axis(self) -> Vec3:
        """Unit vector to straight above."""
        return _unit(np.array(self.up))


@dataclass(frozen=True, eq=False, repr=False)
class ImageEnvironment(Environment):
    """An image of all directions, in latitude and longitude (equirectangular).

    The upper edge is straight up (+y), the lower edge straight down: row i of H is centred
    (i + 1/2) / H of the way. Column i of W is centred at longitude (i + 1/2) / W turns: from -z at
    the left edge over +x and +z (the middle) and -x back to -z. Radiance is bilinear between
    texels, also across the poles. What a `PanoramicCamera` sees is such an image. Bright places are
    sampled by their brightness.

    Parameters
    ----------
    image : (H, W, 3) array or path
        Radiance, linear Rec. 709, in W/(sr m^2), each channel >= 0 (what rounding has left just
        below becomes 0): an array of floats, or an EXR, HDR, PFM, NPY or TIFF file that holds
        floats. Of integers without a sign, in arrays and in files (PNG, JPEG, ...), the greatest of
        their kind is 1, and the sRGB curve is undone. An EXR's primaries are converted. At least
        2 x 2, at most 2^25 texels.
    scale : float
        What the image is multiplied with, >= 0.
    rotation : float, (float, float, float) or (3, 3) array
        How the image is turned: degrees about the y axis, counter-clockwise seen from above; or
        degrees about x, then y, then z; or an orthonormal matrix.

    Raises
    ------
    SceneError
        If the image has the wrong shape, is negative or not finite, or can't be read; or a value is
        out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> image = np.full((16, 32, 3), 0.1)
    >>> image[2, 16] = 500  # a sun
    >>> sky = rw.ImageEnvironment(image, rotation=90)
    >>> sky.rotation.round(3).tolist()
    [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]
    """

    image: ArrayLike | str | os.PathLike[str]
    scale: float = 1.0
    rotation: ArrayLike = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        image = checked_picture(self, "image", self.image)
        if min(image.shape[:2]) < 2:
            raise checks.fail(self, "image", "of at least 2 x 2 texels", image)
        self._set(
            image=image,
            scale=checks.non_negative(self, "scale", self.scale),
            rotation=_checked_rotation(self, "rotation", self.rotation),
        )


def _checked_rotation(owner: object, field: str, value: ArrayLike) -> NDArray[np.float64]:
    """Degrees about y, or about x, y and z, or a matrix: as a (3, 3) matrix."""
    expected = "degrees about y, or 3 numbers, or an orthonormal (3, 3) matrix"
    array = checks.array(owner, field, value, expected)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise checks.fail(owner, field, expected, value)
    if array.shape == ():
        matrix = transforms.rotation(float(array), (0, 1, 0))[:3, :3]
    elif array.shape == (3,):
        matrix = transforms.rotation_xyz(*map(float, array))[:3, :3]
    elif (
        array.shape == (4, 4) and np.array_equal(array[3], (0, 0, 0, 1)) and not array[:3, 3].any()
    ):
        matrix = array[:3, :3].copy()
    elif array.shape == (3, 3):
        matrix = array.copy()
    else:
        raise checks.fail(owner, field, expected, value)
    if np.abs(matrix @ matrix.T - np.eye(3)).max() > 1e-5:
        raise checks.fail(owner, field, expected, value, "a matrix must not scale or shear")
    matrix = np.ascontiguousarray(matrix + 0.0)
    matrix.setflags(write=False)
    return matrix
