"""Cameras. Pictures have x to the right and y down; the camera looks along `forward`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.described import SceneObject
from raywidget.scene.values.signatures import checked_call

_MOST_SHIFT = 1000.0
_ROUGHLY = 1e-3  # rotations out of files are rounded

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
    shift : (float, float)
        By how many of its widths the picture is moved to the right, and by how many of its heights
        upwards, before a lens that stays where it is: verticals stay parallel, and `look_at` is as
        far left of the middle, and below it.
    pixel_aspect : float
        Width of a pixel by its height, > 0.

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
    shift: tuple[float, float] = (0.0, 0.0)
    pixel_aspect: float = 1.0

    @classmethod
    @checked_call(SceneError)
    def from_intrinsics(
        cls,
        K: Any,
        size: Any,
        pose: Any = None,
        *,
        distance: float = 1.0,
        pixel_center: float = 0.0,
        **parameters: Any,
    ) -> Self:
        """Make the camera that a calibration describes, as OpenCV has it.

        A point (X, Y, Z) of the camera's space, x to the right, y down and z ahead, is seen at
        column ``K[0, 0] * X / Z + K[0, 2]`` and row ``K[1, 1] * Y / Z + K[1, 2]``. The middle of
        the first pixel is at (0, 0), as in OpenCV and Open3D, so ``(width - 1) / 2`` is the middle
        of the picture; where it is at (0.5, 0.5), as in COLMAP, write ``pixel_center=0.5``.

        Parameters
        ----------
        K : (3, 3) array of float
            The matrix of the camera: focal lengths and principal point in pixels; without skew.
        size : (int, int)
            Width and height in pixels of the pictures that it is about. Rendered at another size
            of the same shape, the same is seen.
        pose : (4, 4) array of float, optional
            From the camera's space to the scene's: a rotation, whose columns are right, down and
            ahead, and where the camera is. The inverse of what OpenCV's ``solvePnP`` finds. By
            default the camera is at the origin and looks along z, with y down.
        distance : float
            How far ahead `look_at` is, > 0: what views by hand turn around, and what is in focus.
        pixel_center : float
            Coordinates of the middle of the first pixel: 0 or 0.5.
        **parameters
            Of the camera, such as ``aperture_radius=``.

        Raises
        ------
        SceneError
            If a matrix has another shape or is no such matrix, or a number is out of its range.

        Examples
        --------
        >>> import numpy as np
        >>> import raywidget as rw
        >>> K = [[800, 0, 350], [0, 800, 239.5], [0, 0, 1]]
        >>> pose = np.diag([1.0, -1.0, -1.0, 1.0])  # looks along -z, with y up
        >>> camera = rw.PerspectiveCamera.from_intrinsics(K, (640, 480), pose)
        >>> camera.look_at, round(camera.vfov, 2), [round(x, 3) for x in camera.shift]
        ((0.0, 0.0, -1.0), 33.4, [-0.048, 0.0])
        """
        owner = f"{cls.__name__}.from_intrinsics()"
        for name in ("look_from", "look_at", "up", "vfov", "fov_axis", "shift", "pixel_aspect"):
            if name in parameters:
                raise SceneError(f"{owner}: {name} follows from K and pose, and can't be given")
        width, height = _checked_size(owner, size)
        focal, middle = _checked_intrinsics(owner, K)
        center = checks.number(owner, "pixel_center", pixel_center, "0 or 0.5")
        if center not in (0.0, 0.5):
            raise checks.fail(owner, "pixel_center", "0 or 0.5", pixel_center)
        ahead = checks.length(owner, "distance", distance)
        matrix = _checked_pose(owner, pose)
        x, y = middle + 0.5 - center  # from the upper left corner
        return cls(
            look_from=tuple(matrix[:3, 3].tolist()),
            look_at=tuple((matrix[:3, 3] + ahead * matrix[:3, 2]).tolist()),
            up=tuple((0.0 - matrix[:3, 1]).tolist()),
            vfov=math.degrees(2.0 * math.atan(0.5 * height / focal[1])),
            shift=(0.5 - x / width, y / height - 0.5),
            pixel_aspect=focal[1] / focal[0],
            **parameters,
        )

    def _check(self) -> None:
        vfov = checks.number(self, "vfov", self.vfov, "degrees between 0 and 180")
        if not 0.0 < vfov < 180.0:
            raise checks.fail(self, "vfov", "degrees between 0 and 180", self.vfov)
        checks.choice(self, "fov_axis", self.fov_axis, FOV_AXES)
        aperture = checks.non_negative(self, "aperture_radius", self.aperture_radius)
        self._set(vfov=vfov, aperture_radius=aperture)
        expected = f"two numbers between -{_MOST_SHIFT:g} and {_MOST_SHIFT:g}"
        shift = checks.array(self, "shift", self.shift, expected)
        if shift.shape != (2,) or shift.dtype.kind not in "iuf":
            raise checks.fail(self, "shift", expected, self.shift)
        if not np.abs(shift).max() <= _MOST_SHIFT:
            raise checks.fail(self, "shift", expected, self.shift)
        aspect = checks.number(self, "pixel_aspect", self.pixel_aspect, "a number > 0")
        if not 1.0 / _MOST_SHIFT <= aspect <= _MOST_SHIFT:
            expected = f"between {1.0 / _MOST_SHIFT:g} and {_MOST_SHIFT:g}"
            raise checks.fail(self, "pixel_aspect", expected, self.pixel_aspect)
        self._set(shift=tuple(shift.astype(np.float64).tolist()), pixel_aspect=aspect)
        if self.focus_distance is not None:
            self._set(focus_distance=checks.length(self, "focus_distance", self.focus_distance))

    def half_height(self, aspect: float) -> float:
        """Half of the height that is seen at distance 1, in a picture so many times wide as high.

        Parameters
        ----------
        aspect : float
            Width of the picture by its height, in pixels.
        """
        return math.tan(math.radians(self.vfov) / 2.0) / self._reach(aspect)

    def half_width(self, aspect: float) -> float:
        """Half of the width that is seen at distance 1; see `half_height`."""
        return self.half_height(aspect) * aspect * self.pixel_aspect

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
        aspect *= self.pixel_aspect
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


def _checked_size(owner: str, size: object) -> tuple[int, int]:
    expected = "two whole numbers > 0, (width, height)"
    array = checks.array(owner, "size", size, expected)
    if array.shape != (2,) or array.dtype.kind not in "iuf":
        raise checks.fail(owner, "size", expected, size)
    if not (np.isfinite(array).all() and array.min() >= 1 and (array == np.round(array)).all()):
        raise checks.fail(owner, "size", expected, size)
    return int(array[0]), int(array[1])


def _checked_matrix(owner: str, name: str, value: object, rows: int) -> NDArray[np.float64]:
    expected = f"a ({rows}, {rows}) array of finite numbers"
    array = checks.array(owner, name, value, expected)
    if array.shape != (rows, rows) or array.dtype.kind not in "iuf":
        raise checks.fail(owner, name, expected, value)
    matrix = array.astype(np.float64)
    if not np.isfinite(matrix).all():
        raise checks.fail(owner, name, expected, value)
    return matrix


def _checked_intrinsics(
    owner: str, value: object
) -> tuple[tuple[float, float], NDArray[np.float64]]:
    """Focal lengths, and the principal point, in pixels."""
    matrix = _checked_matrix(owner, "K", value, 3)
    expected = "((fx, 0, cx), (0, fy, cy), (0, 0, 1)) with fx, fy > 0"
    if matrix[2, 2] > 0.0:
        matrix = matrix / matrix[2, 2]
    largest = float(np.abs(matrix).max())
    if np.abs(matrix[2] - (0.0, 0.0, 1.0)).max() > 1e-9 * largest or abs(matrix[1, 0]) > 1e-9:
        advice = "is it transposed?" if abs(matrix[2, 0]) + abs(matrix[2, 1]) > 0.0 else ""
        raise checks.fail(owner, "K", expected, matrix.tolist(), advice)
    focal = float(matrix[0, 0]), float(matrix[1, 1])
    if not min(focal) > 0.0:
        advice = "negative ones are OpenGL's: turn the axes of the pose instead"
        raise checks.fail(owner, "K", expected, matrix.tolist(), advice)
    if abs(matrix[0, 1]) > 1e-6 * focal[0]:
        advice = "skewed pixels are not known here"
        raise checks.fail(owner, "K", expected, matrix.tolist(), advice)
    return focal, matrix[:2, 2]


def _checked_pose(owner: str, value: object) -> NDArray[np.float64]:
    """A rotation and a place, (4, 4)."""
    if value is None:
        return np.eye(4)
    matrix = _checked_matrix(owner, "pose", value, 4)
    expected = "a rotation and a place, from the camera to the scene, with (0, 0, 0, 1) as last row"
    if np.abs(matrix[3] - (0.0, 0.0, 0.0, 1.0)).max() > 1e-9:
        advice = "is it transposed?" if np.abs(matrix[:3, 3]).max() == 0.0 else ""
        raise checks.fail(owner, "pose", expected, matrix.tolist(), advice)
    turn = matrix[:3, :3]
    if np.abs(turn.T @ turn - np.eye(3)).max() > _ROUGHLY:
        advice = "its first three columns must have length 1, at right angles to each other"
        raise checks.fail(owner, "pose", expected, matrix.tolist(), advice)
    if np.linalg.det(turn) < 0.0:
        advice = "it mirrors: turn two axes around, not one"
        raise checks.fail(owner, "pose", expected, matrix.tolist(), advice)
    return matrix


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
