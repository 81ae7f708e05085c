"""Curves of pbrt -> chains of tubes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.io.pbrt.parameters import Parameters
from raywidget.scene.shapes.many import Cylinders
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values import transforms

F64 = NDArray[np.float64]

STEPS = 5  # tubes of each segment of a curve
_SIDES = 6  # of a tube that is a mesh, as copies must be

# Rows: the shares of the control points in powers of t, from t^0 on.
_BASES = {
    ("bezier", 2): np.array([(1, 0, 0), (-2, 2, 0), (1, -2, 1)], float),
    ("bezier", 3): np.array([(1, 0, 0, 0), (-3, 3, 0, 0), (3, -6, 3, 0), (-1, 3, -3, 1)], float),
    ("bspline", 2): np.array([(1, 1, 0), (-2, 2, 0), (1, -2, 1)], float) / 2.0,
    ("bspline", 3): np.array([(1, 4, 1, 0), (-3, 0, 3, 0), (3, -6, 3, 0), (-1, 3, -3, 1)], float)
    / 6.0,
}


class Strand(NamedTuple):
    """The tubes of one curve."""

    starts: F64  # (N, 3)
    ends: F64  # (N, 3)
    radii: F64  # (N,)


def strand(owner: Parameters, matrix: F64) -> Strand:
    """The tubes of a curve, as thick as it is wide."""
    basis, degree = owner.text("basis", "bezier"), owner.integer("degree", 3)
    if (basis, degree) not in _BASES:
        raise owner.fail("basis or degree", "bezier or bspline, 2 or 3", (basis, degree))
    owner.text("type", "flat")
    owner.ignore("N", "splitdepth")  # flat ones face the viewer, as tubes do
    points = owner.array("P", 3, "point3")
    step = degree if basis == "bezier" else 1
    if points is None or len(points) <= degree or (len(points) - 1 - degree) % step:
        count = 0 if points is None else len(points)
        raise owner.fail("P", f"the control points of a {basis} curve", count)
    if not np.isfinite(points).all():
        raise owner.fail("P", "finite numbers", "others")
    width = owner.number("width", 1.0)
    widths = owner.number("width0", width), owner.number("width1", width)
    if min(widths) < 0.0:
        raise owner.fail("width", "a number >= 0", min(widths))
    first = np.arange(0, len(points) - degree, step)
    control = points[first[:, None] + np.arange(degree + 1)]  # (S, D + 1, 3)
    t = np.linspace(0.0, 1.0, STEPS + 1)
    shares = t[:, None] ** np.arange(degree + 1) @ _BASES[basis, degree]  # (T, D + 1)
    places = np.einsum("td,sdx->stx", shares, control)
    line = np.concatenate([places[:, :-1].reshape(-1, 3), places[-1:, -1]])
    line = transforms.apply(matrix, line)
    middle = (np.arange(len(line) - 1) + 0.5) / (len(line) - 1)
    scale = float(np.cbrt(abs(np.linalg.det(matrix[:3, :3]))))
    radii = 0.5 * scale * (widths[0] + (widths[1] - widths[0]) * middle)
    keep = (radii > 0.0) & (np.linalg.norm(np.diff(line, axis=0), axis=1) > 1e-6 * radii)
    return Strand(line[:-1][keep], line[1:][keep], radii[keep])


def tubes(strands: list[Strand], as_mesh: bool, keywords: dict[str, Any]) -> list[Shape]:
    """All strands of one material as one shape; none if nothing is left of them."""
    starts, ends, radii = (np.concatenate(parts) for parts in zip(*strands, strict=True))
    if not len(radii):
        return []
    if not as_mesh:
        return [Cylinders(starts, ends, radii, caps=False, **keywords)]
    return [_prisms(starts, ends, radii, keywords)]


def _prisms(starts: F64, ends: F64, radii: F64, keywords: dict[str, Any]) -> Mesh:
    """Tubes of some sides, with smooth normals."""
    axis = ends - starts
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    helper = np.eye(3)[np.argmin(np.abs(axis), axis=1)]
    x = np.cross(axis, helper)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.cross(axis, x)
    angle = 2.0 * np.pi * np.arange(_SIDES) / _SIDES
    normals = np.cos(angle)[:, None] * x[:, None] + np.sin(angle)[:, None] * y[:, None]
    rings = [point[:, None] + radii[:, None, None] * normals for point in (starts, ends)]
    vertices = np.concatenate(rings, axis=1).reshape(-1, 3)
    k = np.arange(_SIDES)
    following = (k + 1) % _SIDES
    quads = np.concatenate(
        [
            np.stack([k, following, following + _SIDES], axis=1),
            np.stack([k, following + _SIDES, k + _SIDES], axis=1),
        ]
    )
    faces = (quads + 2 * _SIDES * np.arange(len(radii))[:, None, None]).reshape(-1, 3)
    both = np.concatenate([normals, normals], axis=1).reshape(-1, 3)
    return Mesh(vertices, faces.astype(np.int32), normals=both, **keywords)
