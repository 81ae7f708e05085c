"""Where things are, and where to look at them from."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3, Vec3Like, show

FOV = 30.0  # degrees of the smaller side: no nearer than portraits are taken
_MARGIN = 1.12  # room round what is framed
_MOST = 20_000  # points of a shape that are looked at
_AXES = {"x": (1.0, 0.0, 0.0), "y": (0.0, 1.0, 0.0), "z": (0.0, 0.0, 1.0)}


class Axes(NamedTuple):
    """A frame that stands upright: where right, up and the front are, (3,) float64 each."""

    right: NDArray[np.float64]
    up: NDArray[np.float64]
    front: NDArray[np.float64]

    def place(self, right: float, up: float, front: float) -> Vec3:
        """A vector by its parts."""
        x, y, z = (right * self.right + up * self.up + front * self.front).tolist()
        return (x + 0.0, y + 0.0, z + 0.0)


def axes_of(up: str) -> Axes:
    """The frame whose second axis is `up`: "x", "y", "z", or "-x", "-y", "-z".

    With "y" they are x, y, z as raywidget has them; with "z" right is x and the front -y, as
    engineers and most files of meshes have it.
    """
    name = up.lstrip("+-") if isinstance(up, str) else ""
    if name not in _AXES or len(up) > 2:
        raise SceneError(f"up must be 'x', 'y' or 'z', or one of them with a minus, got {show(up)}")
    upward = np.array(_AXES[name]) * (-1.0 if up.startswith("-") else 1.0)
    right = np.array(_AXES["y" if name == "x" else "x"])
    return Axes(right, upward, np.cross(right, upward))


def points_of(shapes: list[Shape]) -> NDArray[np.float64]:
    """Points that lie round all shapes, (N, 3): some of a mesh's, corners of boxes of others."""
    clouds = []
    for shape in shapes:
        if isinstance(shape, Mesh):
            used = np.flatnonzero(shape.used)
            clouds.append(shape.vertices[used[:: max(1, len(used) // _MOST)]].astype(np.float64))
        elif isinstance(shape, Spheres | Cylinders):
            clouds += _around(shape)
        elif isinstance(shape, Volume):
            clouds.append(shape.filled())
            continue
        low, high = shape.bounds()
        if not isinstance(shape, Mesh | Spheres | Cylinders):
            corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1)
            clouds.append(corners.reshape(-1, 3))
    return np.concatenate(clouds)


def _around(shape: Spheres | Cylinders) -> list[NDArray[np.float64]]:
    ends = [shape.centers] if isinstance(shape, Spheres) else [shape.starts, shape.ends]
    step = max(1, len(ends[0]) // _MOST)
    radii = shape.radii[::step, None].astype(np.float64)
    found = []
    for places in ends:
        centers = places[::step].astype(np.float64)
        for axis in range(3):
            offset = radii * np.eye(3)[axis]
            found += [centers - offset, centers + offset]
    return found


def frame(
    points: NDArray[np.float64], axes: Axes, view: Vec3Like, aspect: float | None
) -> PerspectiveCamera:
    """A camera that sees all points, in a picture `aspect` times as wide as high.

    Without an aspect it does so in pictures of any shape. With one it is as near as can be; if that
    is nearer than a square picture allows, it keeps the larger side in pictures of other shapes.

    Parameters
    ----------
    points : (N, 3) array
    axes : Axes
    view : (right, up, front)
        Where it stands, seen from the points.
    aspect : float, optional
    """
    right, height, front = checks.direction("studio", "view", view)
    back = np.array(axes.place(right, height, front))
    back /= np.linalg.norm(back)
    steep = abs(float(back @ axes.up)) > 0.999
    upward = -axes.front * np.sign(back @ axes.up) if steep else axes.up
    across = np.cross(upward, back)
    across /= np.linalg.norm(across)
    above = np.cross(back, across)
    low, high = points.min(axis=0), points.max(axis=0)
    centre = 0.5 * (low + high)
    local = (points - centre) @ np.stack([across, above, back], axis=1)
    size = float(np.linalg.norm(high - low)) or 1.0
    half = math.tan(math.radians(FOV / 2.0))
    distance, shift = _stand(local, size, half, half)
    fov, fov_axis = FOV, "smaller"
    if aspect is not None:
        larger = half * max(aspect, 1.0 / aspect)
        wide, tall = (larger, half) if aspect > 1.0 else (half, larger)
        near, its_shift = _stand(local, size, wide, tall)
        if near < distance:
            distance, shift = near, its_shift
            fov = math.degrees(2.0 * math.atan(larger))
            fov_axis = "horizontal" if aspect > 1.0 else "vertical"
    look_at = centre + shift[0] * across + shift[1] * above
    look_from = look_at + distance * back
    return PerspectiveCamera(
        look_from=_rounded(look_from, size),
        look_at=_rounded(look_at, size),
        up=tuple(upward.tolist()),
        vfov=fov,
        fov_axis=fov_axis,
    )


def _stand(
    local: NDArray[np.float64], size: float, wide: float, tall: float
) -> tuple[float, NDArray[np.float64]]:
    """How far away a camera stands, and how far aside, that sees points (right, up, to it)."""
    # Each point lies within the picture if |x| <= wide (distance - z), and so on: the planes that
    # touch the points from outside, two by two, meet where the camera stands best.
    x, y, z = local.T
    distance = 0.0
    shift = np.zeros(2)
    for axis, (part, edge) in enumerate(((x, wide), (y, tall))):
        half = edge / _MARGIN
        upper, lower = float(np.max(part + half * z)), float(np.min(part - half * z))
        shift[axis] = 0.5 * (upper + lower)
        distance = max(distance, (upper - lower) / (2.0 * half))
    return max(distance, float(z.max()) + 0.02 * size, 0.1 * size), shift


def _rounded(point: NDArray[np.float64], size: float) -> Vec3:
    """To a few digits of the size of what is seen, so that it reads well."""
    digits = int(5 - np.floor(np.log10(size)))
    x, y, z = (round(float(value), digits) + 0.0 for value in point)
    return (x, y, z)
