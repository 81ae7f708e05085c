"""Cameras. Pictures have x to the right and y down; the camera looks along `forward`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.described import SceneObject

FOV_AXES = ("vertical", "horizontal", "smaller", "larger", "diagonal")


class CameraFrame(NamedTuple):
    """Three unit vectors at right angles to each other, (3,) float64."""

    right: NDArray[np.float64]
    up: NDArray[np.float64]
    forward: NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Camera(SceneObject):
    """Base class of cameras: where they stand, and where they look."""

    look_from: Vec3Like
    look_at: Vec3Like
    up: Vec3Like = (0.0, 1.0, 0.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        look_from = checks.vec3(self, "look_from", self.look_from)
        look_at = checks.vec3(self, "look_at", self.look_at)
        up = checks.direction(self, "up", self.up)
        self._set(look_from=look_from, look_at=look_at, up=up)
        self._check()
        if look_from == look_at or math.dist(look_from, look_at) < checks.SMALLEST_LENGTH:
            raise SceneError(
                f"{checks.label(self)}: look_from and look_at must differ, both are {look_from}"
            )
        view = np.subtract(look_at, look_from)
        across = np.linalg.norm(np.cross(view, up))
        if across < 1e-6 * np.linalg.norm(view) * np.linalg.norm(up):
            raise SceneError(
                f"{checks.label(self)}: up must not be parallel to the direction of view "
                f"{tuple(view.tolist())}, got {up}; try another up, such as (0, 0, 1)"
            )

    def _check(self) -> None:
        """Check what a kind of camera has beside."""

    def frame(self) -> CameraFrame:
        """Right, up and forward in the picture: orthonormal, with right x up = -forward."""
        forward = np.subtract(self.look_at, self.look_from, dtype=np.float64)
        forward /= np.linalg.norm(forward)
        right = np.cross(forward, np.array(self.up, dtype=np.float64))
        right /= np.linalg.norm(right)
        # + 0.0 turns -0.0 into 0.0
        return CameraFrame(right + 0.0, np.cross(right, forward) + 0.0, forward + 0.0)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PerspectiveCamera(Camera):
    """A camera with a thin lens, or a pinhole when the aperture is 0.

    Parameters
    ----------
    look_from : (float, float, float)
        Where the camera is, in scene units.
    look_at : (float, float, float)
        The point in the middle of the picture.
    up : (float, float, float)
        What is up in the picture; not parallel to the direction of view.
    vfov : float
        Field of view in degrees, between 0 and 180; the vertical one, unless `fov_axis` says
        otherwise.
    fov_axis : {"vertical", "horizontal", "smaller", "larger", "diagonal"}
        What of the picture `vfov` spans: its height, its width, the smaller or larger of the two,
        or the diagonal. With "smaller", a square in the middle is seen whatever the picture's
        shape.
    aperture_radius : float
        Radius of the lens in scene units, >= 0; the larger, the blurrier what is out of focus. A
        point at distance ``z`` along the axis is spread over a disk that has the radius
        ``aperture_radius * abs(z - focus) / z`` where it is in focus.
    focus_distance : float, optional
        Distance along the direction of view to the plane in focus, > 0; by default the one to
        `look_at`. The property `focus` has the number either way.

    Raises
    ------
    SceneError
        If `look_from` equals `look_at`, `up` is parallel to the view, or a value is out of range.

    Examples
    --------
    >>> import raywidget as rw
    >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=40)
    >>> camera.focus
    5.0
    >>> camera.frame().right.tolist()
    [1.0, 0.0, 0.0]
    >>> wide = camera.replace(fov_axis="horizontal")
    >>> [round(wide.vertical_fov(aspect), 1) for aspect in (1, 2)]
    [40.0, 20.6]
    """

    vfov: float = 40.0
    fov_axis: str = "vertical"
    aperture_radius: float = 0.0
    focus_distance: float | None = None

    def _check(self) -> None:
        vfov = checks.number(self, "vfov", self.vfov, "degrees between 0 and 180")
        if not 0.0 < vfov < 180.0:
            raise checks.fail(self, "vfov", "degrees between 0 and 180", self.vfov)
        checks.choice(self, "fov_axis", self.fov_axis, FOV_AXES)
        aperture = checks.non_negative(self, "aperture_radius", self.aperture_radius)
        self._set(vfov=vfov, aperture_radius=aperture)
        if self.focus_distance is not None:
            self._set(focus_distance=checks.length(self, "focus_distance", self.focus_distance))

    def half_height(self, aspect: float) -> float:
        """Half of the height that is seen at distance 1, in a picture so many times wide as high.

        Parameters
        ----------
        aspect : float
            Width of the picture by its height.
        """
        return math.tan(math.radians(self.vfov) / 2.0) / self._reach(aspect)

    def vertical_fov(self, aspect: float) -> float:
        """The vertical field of view in degrees, in a picture so many times as wide as high."""
        if self.fov_axis == "vertical":
            return self.vfov
        return math.degrees(2.0 * math.atan(self.half_height(aspect)))

    def with_vertical_fov(self, degrees: float, aspect: float) -> Self:
        """A camera that sees so much of the height of such a picture, along the same axis."""
        half = math.tan(math.radians(degrees) / 2.0) * self._reach(aspect)
        return self.replace(vfov=math.degrees(2.0 * math.atan(half)))

    def _reach(self, aspect: float) -> float:
        """What `vfov` spans, in heights of the picture."""
        if self.fov_axis == "horizontal":
            return aspect
        if self.fov_axis == "diagonal":
            return math.hypot(aspect, 1.0)
        return {"smaller": min(aspect, 1.0), "larger": max(aspect, 1.0)}.get(self.fov_axis, 1.0)

    @property
    def focus(self) -> float:
        """Distance to the plane in focus: `focus_distance`, or the distance to `look_at`."""
        if self.focus_distance is not None:
            return self.focus_distance
        return math.dist(self.look_from, self.look_at)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class OrthographicCamera(Camera):
    """A camera whose rays are all parallel: lengths look the same at any distance.

    Parameters
    ----------
    look_from : (float, float, float)
        A point of the plane that rays start from, in scene units; what lies behind it isn't seen.
    look_at : (float, float, float)
        The point in the middle of the picture.
    up : (float, float, float)
        What is up in the picture; not parallel to the direction of view.
    height : float
        Height of the part of the scene that the picture shows, in scene units, > 0. Its width
        follows from the shape of the picture.

    Raises
    ------
    SceneError
        If `look_from` equals `look_at`, `up` is parallel to the view, or a value is out of range.

    Examples
    --------
    >>> import raywidget as rw
    >>> # A plan from above, 10 units high, with -z up in the picture
    >>> camera = rw.OrthographicCamera(
    ...     look_from=(0, 9, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=10
    ... )
    >>> camera.frame().up.tolist()
    [0.0, 0.0, -1.0]
    """

    height: float

    def _check(self) -> None:
        self._set(height=checks.length(self, "height", self.height))


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class PanoramicCamera(Camera):
    """A camera that sees all round, 360 by 180 degrees, as an equirectangular picture.

    Columns are angles round `up`, which grow to the right, rows angles above the horizon: the same
    solid angle gets more pixels the nearer it is to a pole. Pictures twice as wide as high have
    square pixels at the horizon. The picture is what an environment map of this place would hold.

    Parameters
    ----------
    look_from : (float, float, float)
        Where the camera is, in scene units.
    look_at : (float, float, float)
        The point in the middle of the picture. The horizon is level if it is as high as the camera.
    up : (float, float, float)
        What is up in the picture; not parallel to the direction of view.

    Raises
    ------
    SceneError
        If `look_from` equals `look_at`, `up` is parallel to the view, or a value is out of range.

    Examples
    --------
    >>> import raywidget as rw
    >>> scene = rw.presets.cornell().replace(
    ...     camera=rw.PanoramicCamera(look_from=(278, 278, 278), look_at=(278, 278, 555))
    ... )
    >>> rw.render(scene, width=32, height=16, spp=1).shape
    (16, 32, 3)
    """
