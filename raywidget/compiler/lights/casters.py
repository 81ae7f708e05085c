"""What gathers light, for photons that are sent there: `kernels.integrators.caustics`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.lights.environment import running_sum
from raywidget.kernels import layout
from raywidget.kernels.layout import F32, U8, SceneTables
from raywidget.scene.materials.materials import Coated, Conductor, Dielectric, Material, Metal, Mix
from raywidget.scene.materials.principled import Principled
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape, Sphere
from raywidget.scene.shapes.volumes import Volume

F64 = NDArray[np.float64]

# Of all samples that send a photon: with 1, they take more time than paths do, and bring less than
# a tenth of the noise down further (the quickstart's balls over their floor).
SHARE = 0.125
MOST_BALLS = 12  # photons ask all of them how they are seen

_ROUGHEST = 0.5  # alpha of what still gathers light: beyond, scattering finds it as well
_MIRRORS = (
    layout.METAL,
    layout.CONDUCTOR,
    layout.COATED_METAL,
    layout.COATED_CONDUCTOR,
    layout.DIELECTRIC,
    layout.THIN_DIELECTRIC,
    layout.ROUGH_DIELECTRIC,
    layout.ROUGH_THIN_DIELECTRIC,
)


class CasterTables(NamedTuple):
    """See `kernels.integrators.caustics.caustics.CausticSettings`."""

    share: float
    balls: F32
    materials: U8
    probabilities: F32
    cdf: F32


def find_casters(scene: Scene, tables: SceneTables, placement: Placement) -> CasterTables | None:
    """What mirrors or bends light, and which lights shine on it; None if there is either of none.

    Any tables give the same picture in the mean; these give little noise.
    """
    materials = _caster_rows(tables)
    if not materials.any() or not len(tables.lights):
        return None
    balls = _balls_round(scene, placement)
    if not len(balls):
        return None
    weights = _light_on(balls, tables)
    if not weights.sum() > 0.0:
        return None
    cdf = running_sum(weights)
    probabilities = (SHARE * np.diff(cdf.astype(np.float64), prepend=0.0)).astype(np.float32)
    placed = np.ascontiguousarray(balls, np.float32)
    return CasterTables(SHARE, placed, materials, probabilities, cdf)


def _caster_rows(tables: SceneTables) -> U8:
    kinds = tables.material_codes[:, layout.MATERIAL_KIND]
    alphas = tables.materials[:, layout.MATERIAL_ALPHA]
    polished = tables.materials[:, layout.MATERIAL_METALLIC] > 0.5
    polished |= tables.materials[:, layout.MATERIAL_TRANSMISSION] > 0.5
    result = np.isin(kinds, _MIRRORS) | ((kinds == layout.PRINCIPLED) & polished)
    result &= alphas <= _ROUGHEST
    blends = np.flatnonzero(kinds == layout.BLEND)
    for part in range(2):  # as soon as one of the two is
        rows = tables.materials[blends, layout.MATERIAL_BLEND_ROWS + part].astype(np.int64)
        result[blends] |= result[rows]
    return np.ascontiguousarray(result, np.uint8)


def _gathers(material: Material) -> bool:
    if isinstance(material, Coated):
        return isinstance(material.base, Metal | Conductor)
    if isinstance(material, Mix):
        return _gathers(material.a) or _gathers(material.b)
    if isinstance(material, Principled):
        return _largest(material.metallic) > 0.5 or _largest(material.transmission) > 0.5
    return isinstance(material, Metal | Conductor | Dielectric)


def _largest(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 1.0


def _materials_of(shape: Shape) -> tuple[Material, ...]:
    if isinstance(shape, Instances) and not shape.has_own_material:
        return shape.mesh.all_materials
    return shape.all_materials if isinstance(shape, Mesh) else (shape.material,)


def _balls_round(scene: Scene, placement: Placement) -> F64:
    """Centre and radius (B, 4), in the tables, of balls round all casters."""
    found = [
        balls
        for shape in scene.shapes
        if not isinstance(shape, Volume) and any(map(_gathers, _materials_of(shape)))
        for balls in _balls_of(shape)
    ]
    if not found:
        return np.zeros((0, 4))
    balls = np.concatenate(found)
    balls = balls[np.isfinite(balls).all(axis=1)]
    groups = _groups(balls)
    result = np.array([_round_all(group) for group in groups]).reshape(-1, 4)
    result[:, :3] = placement.points(result[:, :3])
    # A little more than they need: what touches their edge is met in float32.
    result[:, 3] *= placement.scale * 1.0005
    return result


def _balls_of(shape: Shape) -> Iterator[F64]:
    if isinstance(shape, Sphere):
        yield np.array([[*shape.center, abs(shape.radius)]], np.float64)
    elif isinstance(shape, Spheres):
        yield np.column_stack([shape.centers, np.abs(shape.radii)]).astype(np.float64)
    else:
        low, high = shape.bounds()
        yield np.array([[*(0.5 * (low + high)), 0.5 * math.dist(low, high)]])


def _groups(balls: F64) -> list[F64]:
    """At most MOST_BALLS groups of them: the widest is cut in two, again and again."""
    groups = [balls] if len(balls) else []
    if len(balls) <= MOST_BALLS:
        return [balls[k : k + 1] for k in range(len(balls))]
    while len(groups) < MOST_BALLS:
        widths = [float(np.ptp(group[:, :3], axis=0).max()) for group in groups]
        widest = int(np.argmax(widths))
        group = groups[widest]
        if len(group) < 2 or widths[widest] <= 0.0:
            break
        axis = int(np.argmax(np.ptp(group[:, :3], axis=0)))
        order = np.argsort(group[:, axis], kind="stable")
        half = len(group) // 2
        groups[widest] = group[order[:half]]
        groups.append(group[order[half:]])
    return groups


def _round_all(balls: F64) -> F64:
    low = (balls[:, :3] - balls[:, 3:]).min(axis=0)
    high = (balls[:, :3] + balls[:, 3:]).max(axis=0)
    centre = 0.5 * (low + high)
    reach = np.linalg.norm(balls[:, :3] - centre, axis=1) + balls[:, 3]
    return np.array([*centre, reach.max()])


def _light_on(balls: F64, tables: SceneTables) -> F64:
    """About how much of the power of each light goes to the balls, (L,)."""
    lights = tables.lights.astype(np.float64)
    kinds = lights[:, layout.LIGHT_KIND]
    middles = lights[:, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 3].copy()
    flat = kinds == layout.LIGHT_FLAT
    edges = lights[:, layout.LIGHT_EDGE_U : layout.LIGHT_EDGE_U + 3]
    edges = edges + lights[:, layout.LIGHT_EDGE_V : layout.LIGHT_EDGE_V + 3]
    middles[flat] += edges[flat] * 0.5
    far = (kinds == layout.LIGHT_DIRECTIONAL) | (kinds == layout.LIGHT_ENVIRONMENT)
    reach = max(float(tables.environment[layout.ENVIRONMENT_REACH]), 1e-30)
    share = np.zeros(len(lights))
    for ball in balls:
        square = np.maximum(((middles - ball[:3]) ** 2).sum(axis=1), 1e-30)
        sine = np.minimum(1.0, ball[3] ** 2 / square)
        seen = sine / (1.0 + np.sqrt(1.0 - sine)) * 0.5
        share += np.where(far, (ball[3] / reach) ** 2, seen)
    return np.asarray(lights[:, layout.LIGHT_PROBABILITY] * np.minimum(1.0, share))
