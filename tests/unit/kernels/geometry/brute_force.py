"""Rays against every primitive in float64: what the tree must agree with."""

from dataclasses import dataclass

import numpy as np

import raywidget as rw


@dataclass
class Primitive:
    """A flat (corner, edges, is it a triangle), a ball (centre, radius), or a face of a cone.

    The face: its base, the axis as far as its top, the radii at both, and whether it is met where
    the ray enters the endless cone, where it leaves it, or at the flat base.
    """

    shape: int
    a: np.ndarray
    u: np.ndarray | None = None
    v: np.ndarray | None = None
    triangle: bool = False
    radius: float = 0.0
    axis: np.ndarray | None = None
    radii: tuple[float, float] = (0.0, 0.0)
    face: str = ""


def primitives_of(shapes):
    """All primitives of some shapes, from the float32 values that kernels see."""
    found = []
    for index, shape in enumerate(shapes):
        if isinstance(shape, rw.Sphere):
            centre = np.array(shape.center, np.float32).astype(float)
            found.append(Primitive(index, centre, radius=float(np.float32(shape.radius))))
        elif isinstance(shape, rw.Quad):
            corner = np.array([shape.origin, shape.edge_u, shape.edge_v], np.float32).astype(float)
            found.append(Primitive(index, *corner))
        elif isinstance(shape, rw.Box):
            corners = shape.corners()
            for face in ([0, 4, 2], [1, 5, 3], [0, 1, 2], [4, 5, 6], [0, 1, 4], [2, 3, 6]):
                a, b, c = corners[face]
                found.append(Primitive(index, a, b - a, c - a))
        elif isinstance(shape, rw.Mesh):
            found += _triangles(index, shape, np.eye(4))
        elif isinstance(shape, rw.Disk):
            face = {"axis": np.array(shape.normal), "radii": (shape.radius, 0.0), "face": "base"}
            found.append(Primitive(index, np.array(shape.center), **face))
        elif isinstance(shape, rw.Cylinder):
            found += _faces(index, shape.base, shape.top, shape.radius, shape.radius, shape.caps)
        elif isinstance(shape, rw.Cone):
            radii = shape.base_radius, shape.top_radius
            found += _faces(index, shape.base, shape.top, *radii, shape.caps)
        elif isinstance(shape, rw.Spheres):
            balls = zip(shape.centers.astype(float), shape.radii.tolist(), strict=True)
            found += [Primitive(index, centre, radius=radius) for centre, radius in balls]
        elif isinstance(shape, rw.Cylinders):
            for base, top, radius in zip(shape.starts, shape.ends, shape.radii, strict=True):
                found += _faces(index, base, top, float(radius), float(radius), shape.caps)
        else:
            for matrix in shape.transforms:
                found += _triangles(index, shape.mesh, matrix)
    return found


def _triangles(index, mesh, matrix):
    vertices = mesh.vertices.astype(float) @ matrix[:3, :3].T + matrix[:3, 3]
    return [Primitive(index, a, b - a, c - a, triangle=True) for a, b, c in vertices[mesh.faces]]


def _faces(index, base, top, base_radius, top_radius, caps):
    base, top = np.array(base, float), np.array(top, float)
    side = {"axis": top - base, "radii": (base_radius, top_radius)}
    found = [Primitive(index, base, **side, face=face) for face in ("enter", "leave")]
    if caps:
        found.append(Primitive(index, base, axis=top - base, radii=(base_radius, 0), face="base"))
        found.append(Primitive(index, top, axis=base - top, radii=(top_radius, 0), face="base"))
    return found


def distances(primitive, o, d, margin):
    """Distance of each ray to a primitive that is made larger by a share `margin` of its size.

    Infinite where it is missed. A negative margin makes it smaller: such hits are certain.
    """
    if primitive.axis is not None:
        return _face(primitive, o, d, margin)
    if primitive.u is None:
        return _ball(primitive, o, d, margin)
    normal = np.cross(primitive.u, primitive.v)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        t = (primitive.a - o) @ normal / (d @ normal)
        p = o + t[:, None] * d - primitive.a
        square = normal @ normal
        u = np.cross(p, primitive.v) @ normal / square
        v = np.cross(primitive.u, p) @ normal / square
        inside = (u >= -margin) & (v >= -margin)
        far = u + v if primitive.triangle else np.maximum(u, v)
        return np.where(inside & (far <= 1.0 + margin) & (t > 0.0), t, np.inf)


def _ball(ball, o, d, margin):
    f = o - ball.a
    radius = ball.radius * (1.0 + margin)
    a = (d * d).sum(axis=1)
    b = -(f * d).sum(axis=1)
    nearest = f + (b / a)[:, None] * d
    half = radius**2 - (nearest * nearest).sum(axis=1)
    # Only whether it is hit depends on the margin; where it is hit does not.
    exact = np.maximum(0.0, half - radius**2 + ball.radius**2)
    root = np.sqrt(exact / a)
    t0, t1 = b / a - root, b / a + root
    t = np.where(t0 > 0.0, t0, t1)
    return np.where((half > 0.0) & (t > 0.0), t, np.inf)


def _face(cone, o, d, margin):
    height = np.linalg.norm(cone.axis)
    axis = cone.axis / height
    f = o - cone.a
    z, dz = f @ axis, d @ axis
    across, drift = f - z[:, None] * axis, d - dz[:, None] * axis
    with np.errstate(divide="ignore", invalid="ignore"):
        if cone.face == "base":
            t = -z / dz
            radius = np.linalg.norm(across + t[:, None] * drift, axis=1)
            inside = radius <= cone.radii[0] * (1.0 + margin)
            return np.where(inside & (t > 0.0), t, np.inf)
        slope = (cone.radii[1] - cone.radii[0]) / height
        radius = cone.radii[0] + slope * z
        a = (drift**2).sum(axis=1) - (slope * dz) ** 2
        b = (drift * across).sum(axis=1) - slope * dz * radius
        c = (across**2).sum(axis=1) - radius**2
        root = np.sqrt(np.maximum(b * b - a * c, 0.0))
        # How close the ray comes to the cone's surface, as a share of the largest radius
        room = margin * max(cone.radii) * np.sqrt((drift**2).sum(axis=1))
        hit = b * b - a * c > -np.sign(margin) * room**2
        t0, t1 = (-b - root) / a, (-b + root) / a
        t = np.minimum(t0, t1) if cone.face == "enter" else np.maximum(t0, t1)
        z = (z + t * dz) / height
        inside = hit & (z >= -margin) & (z <= 1.0 + margin)
        return np.where(inside & (t > 0.0), t, np.inf)


def check_against(primitives, o, d, t, shape, tolerance):
    """Compare hits (distance; -1 for no shape) with brute force; returns the number of hits.

    Every hit must lie on its shape, and nothing that is certainly hit may lie in front of it. Rays
    that pass an edge within the margin may go either way.
    """
    o, d = np.asarray(o, np.float64), np.asarray(d, np.float64)
    margin = 1e-3
    nearest = np.full(len(o), np.inf)
    closest_of_own = np.full(len(o), np.inf)
    for primitive in primitives:
        nearest = np.minimum(nearest, distances(primitive, o, d, -margin))
        own = shape == primitive.shape
        error = np.abs(distances(primitive, o[own], d[own], margin) - t[own])
        closest_of_own[own] = np.minimum(closest_of_own[own], error)
    found = shape >= 0
    assert np.all(np.isinf(nearest[~found])), "a hit was missed"
    assert np.all(nearest[found] >= t[found] - tolerance[found]), "a nearer hit was missed"
    assert np.all(closest_of_own[found] <= tolerance[found]), "a hit does not lie on its shape"
    return int(found.sum())
