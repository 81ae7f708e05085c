"""Emissive primitives and emitters -> the table of lights, with the chance of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler.geometry.gathering import Geometry
from raywidget.compiler.geometry.placement import Placement
from raywidget.compiler.geometry.primitives import flat_areas
from raywidget.compiler.lights.environment import EnvironmentTables, pack_environment, running_sum
from raywidget.compiler.lights.light_nodes import Weighed, weighed
from raywidget.kernels import layout
from raywidget.kernels.language.simd import WIDTH
from raywidget.kernels.layout import F32, I32
from raywidget.scene.emitters.emitters import DirectionalLight, Emitter, PointLight, SpotLight
from raywidget.scene.materials.materials import Emissive
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.round import Disk
from raywidget.scene.shapes.simple import Bounds
from raywidget.scene.values.colors import REC709_WEIGHTS

F64 = NDArray[np.float64]

# What light subpaths do (`kernels.lights.emission`), they do by power. Where there are finite
# lights and ones that are infinitely far away, neither kind gets less than this share of them.
_SMALLEST_SHARE = 0.25

_STEP = 2.0**-24

FALLOFFS = {
    "linear": layout.SPOT_LINEAR,
    "smooth": layout.SPOT_SMOOTH,
    "quartic": layout.SPOT_QUARTIC,
}


class LightTables(NamedTuple):
    """See layout."""

    lights: F32
    cdf: F32
    weighed: Weighed
    environment: EnvironmentTables


def pack_lights(
    geometry: Geometry,
    materials: F32,
    scene: Scene,
    discs: Sequence[tuple[SpotLight, Disk]],
    placement: Placement,
    groups: I32,
) -> LightTables:
    """Number all lights, and write their numbers into the table of primitives.

    `discs` are those of spots (`spot_discs`); their shapes are the last. `groups` are the planes
    that cut each shape.
    """
    emitters, bounds = scene.emitters, placement.bounds(scene.bounds())
    flats, flat_primitives = _flat_rows(geometry, materials)
    balls, ball_primitives = _ball_rows(geometry, materials)
    rounds, round_primitives = _round_rows(geometry, materials)
    _set_beams(rounds, geometry.primitives[round_primitives, layout.PRIMITIVE_SHAPE], discs)
    primitives = np.concatenate([flat_primitives, ball_primitives, round_primitives])
    geometry.primitives[primitives, layout.PRIMITIVE_LIGHT] = np.arange(len(primitives))
    first_copied = geometry.instance_codes[:, layout.INSTANCE_LIGHT]
    first_copied[first_copied >= 0] += len(primitives)
    copied = _copied_rows(geometry, materials)
    finite = np.concatenate([flats, balls, rounds, copied, _delta_rows(emitters, placement)])
    environment = pack_environment(emitters)
    infinite = _infinite_rows(emitters, environment)
    rows = np.concatenate([finite, infinite])
    shapes = geometry.primitives[primitives, layout.PRIMITIVE_SHAPE]
    rows[: len(primitives), layout.LIGHT_CLIP] = groups[shapes]
    if len(copied):
        order = np.argsort(first_copied)
        numbers = len(primitives) + np.arange(len(copied))
        owner = order[np.searchsorted(first_copied[order], numbers, side="right") - 1]
        of_copies = groups[geometry.instance_codes[owner, layout.INSTANCE_SHAPE]]
        rows[len(primitives) : len(primitives) + len(copied), layout.LIGHT_CLIP] = of_copies
    powers = _powers(finite)
    far_powers = infinite[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] @ np.array(
        REC709_WEIGHTS
    )

    share = _finite_share(powers, far_powers, bounds)
    weights = np.concatenate([_shares(powers) * share, _shares(far_powers) * (1.0 - share)])
    cdf = running_sum(weights)
    rows[:, layout.LIGHT_PROBABILITY] = np.diff(cdf.astype(np.float64), prepend=0.0)
    if len(infinite) and infinite[-1, layout.LIGHT_KIND] == layout.LIGHT_ENVIRONMENT:
        environment.values[layout.ENVIRONMENT_LIGHT] = len(rows) - 1
        environment.values[layout.ENVIRONMENT_PROBABILITY] = rows[-1, layout.LIGHT_PROBABILITY]
    low, high = bounds
    environment.values[layout.ENVIRONMENT_CENTRE : layout.ENVIRONMENT_CENTRE + 3] = 0.5 * (
        low + high
    )
    environment.values[layout.ENVIRONMENT_REACH] = 0.5 * np.linalg.norm(high - low) * 1.001
    table = np.ascontiguousarray(rows, np.float32)
    return LightTables(table, cdf, weighed(finite, infinite), environment)


def find_slots(
    geometry: Geometry, material_codes: I32, count: int, flats: F32, balls: F32, rounds: F32
) -> I32:
    """Where in the blocks of the trees the primitives of textured lights are, see layout."""
    result = np.full((count, layout.LIGHT_SLOT_SIZE), layout.MISS, np.int32)
    textured = material_codes[:, layout.MATERIAL_FLAGS] & layout.MATERIAL_GLOW_TEXTURED != 0
    if not textured.any():
        return result
    materials, numbers = geometry.primitives[
        :, [layout.PRIMITIVE_MATERIAL, layout.PRIMITIVE_LIGHT]
    ].T
    slots = np.full(len(numbers), layout.MISS, np.int32)  # of primitives
    for blocks, rows, row, values, first in (
        (flats, layout.FLAT_ROWS, layout.FLAT_PRIMITIVE_ROW, slice(3, 9), 0),
        (balls, layout.BALL_ROWS, layout.BALL_PRIMITIVE_ROW, slice(3, 4), layout.BALL_SLOT),
        (rounds, layout.ROUND_ROWS, layout.ROUND_PRIMITIVE_ROW, slice(9, 12), layout.ROUND_SLOT),
    ):
        by_block = blocks.reshape(-1, rows, WIDTH)
        used = by_block[:, values].any(axis=1).ravel()
        primitives = by_block.view(np.int32)[:, row].ravel()
        slots[primitives[used]] = np.flatnonzero(used) + first

    world = (geometry.flats, geometry.balls, geometry.rounds)
    bodies = (np.arange(b.triangles().start, b.triangles().stop) for b in geometry.bodies)
    own = np.concatenate([*(part.primitives for part in world), *bodies])
    own = own[(numbers[own] >= 0) & textured[materials[own]]]
    result[numbers[own], layout.LIGHT_SLOT] = slots[own]

    mirrored = np.linalg.det(geometry.instances[:, :12].reshape(-1, 3, 4)[:, :, :3]) < 0.0
    for mesh in geometry.meshes:
        lit = mesh.flats.primitives[numbers[mesh.flats.primitives] >= 0]
        for row in mesh.rows:
            first = int(geometry.instance_codes[row, layout.INSTANCE_LIGHT])
            if first < 0 or not len(lit):
                continue
            material = int(geometry.instance_codes[row, layout.INSTANCE_MATERIAL])
            shines = lit[textured[materials[lit] if material < 0 else np.full(len(lit), material)]]
            result[first + numbers[shines], layout.LIGHT_SLOT] = slots[shines]
            result[first + numbers[shines], layout.LIGHT_INSTANCE] = row
            result[first + numbers[shines], layout.LIGHT_MIRRORED] = mirrored[row]
    return result


# --- Rows -----------------------------------------------------------------------------------------


def _flat_rows(geometry: Geometry, materials: F32) -> tuple[F64, I32]:
    flats = geometry.flats
    emission = materials[:, layout.MATERIAL_EMISSION : layout.MATERIAL_EMISSION + 3]
    shines = np.any(emission > 0.0, axis=1)
    if not shines.any():
        return np.zeros((0, layout.LIGHT_SIZE)), flats.primitives[:0]
    rows, numbers = [], []
    lit_bodies = [
        body.flats()
        for body in geometry.bodies
        if shines[geometry.primitives[body.triangles(), layout.PRIMITIVE_MATERIAL]].any()
    ]
    for some in (flats, *lit_bodies):
        own = geometry.primitives[some.primitives, layout.PRIMITIVE_MATERIAL]
        shining = np.flatnonzero(shines[own])  # few of many, mostly
        corners = some.corners[shining].astype(np.float64)
        has_area = flat_areas(corners, some.shears[shining]) > 0.0
        shining, corners = shining[has_area], corners[has_area]
        rows.append(_rows_of_flats(corners, some.shears[shining], emission[own[shining]]))
        numbers.append(some.primitives[shining])
    return np.concatenate(rows), np.concatenate(numbers)


def _copied_rows(geometry: Geometry, materials: F32) -> F64:
    copied = geometry.copied_flats
    own = geometry.primitives[copied.primitives, layout.PRIMITIVE_MATERIAL]
    rows = np.where(copied.materials >= 0, copied.materials, own)
    emission = materials[rows, layout.MATERIAL_EMISSION : layout.MATERIAL_EMISSION + 3]
    return _rows_of_flats(copied.corners, copied.shears, emission)


def _rows_of_flats(corners: F64, shears: F32, emission: F32) -> F64:
    rows = np.zeros((len(corners), layout.LIGHT_SIZE))
    rows[:, layout.LIGHT_KIND] = layout.LIGHT_FLAT
    rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = emission
    rows[:, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 9] = corners.reshape(-1, 9)
    u, v = corners[:, 1], corners[:, 2]
    cosine = np.abs((u * v).sum(axis=1))
    right = cosine <= 1e-6 * np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    rows[:, layout.LIGHT_SHEAR] = np.where(right & (shears == 0.0), layout.RECTANGLE, shears)
    rows[:, layout.LIGHT_AREA] = flat_areas(corners, shears)
    normals = np.cross(u, v)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    rows[:, layout.LIGHT_NORMAL : layout.LIGHT_NORMAL + 3] = normals / np.maximum(lengths, 1e-300)
    rows[:, layout.LIGHT_EXTENT] = np.abs(corners).max(axis=2).sum(axis=1)
    return rows


def _ball_rows(geometry: Geometry, materials: F32) -> tuple[F64, I32]:
    balls = geometry.balls
    emission = materials[:, layout.MATERIAL_EMISSION : layout.MATERIAL_EMISSION + 3]
    glows = np.any(emission > 0.0, axis=1)
    if not glows.any():
        return np.zeros((0, layout.LIGHT_SIZE)), balls.primitives[:0]
    own = geometry.primitives[balls.primitives, layout.PRIMITIVE_MATERIAL]
    glowing = np.flatnonzero(glows[own])
    rows = np.zeros((len(glowing), layout.LIGHT_SIZE))
    rows[:, layout.LIGHT_KIND] = layout.LIGHT_BALL
    rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = emission[own[glowing]]
    rows[:, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 3] = balls.centres_radii[glowing, :3]
    rows[:, layout.LIGHT_EDGE_U] = balls.centres_radii[glowing, 3]
    rows[:, layout.LIGHT_EXTENT] = (
        np.abs(rows[:, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 4]).max(axis=1) * 2.0
    )
    rows[:, layout.LIGHT_AREA] = 4.0 * np.pi * balls.centres_radii[glowing, 3].astype(float) ** 2
    return rows, balls.primitives[glowing]


def _round_rows(geometry: Geometry, materials: F32) -> tuple[F64, I32]:
    rounds = geometry.rounds
    emission = materials[:, layout.MATERIAL_EMISSION : layout.MATERIAL_EMISSION + 3]
    own = geometry.primitives[rounds.primitives, layout.PRIMITIVE_MATERIAL]
    shining = np.flatnonzero(np.any(emission > 0.0, axis=1)[own])
    values = rounds.values[shining].astype(np.float64)
    areas = rounds.areas()[shining]
    rows = np.zeros((len(shining), layout.LIGHT_SIZE))
    rows[:, layout.LIGHT_KIND] = layout.LIGHT_ROUND
    rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = emission[own[shining]]
    rows[:, layout.LIGHT_CORNER : layout.LIGHT_CORNER + 3] = values[:, :3]
    rows[:, layout.LIGHT_EDGE_U : layout.LIGHT_EDGE_U + 3] = values[:, 9:12]
    rows[:, layout.LIGHT_EDGE_V : layout.LIGHT_EDGE_V + 3] = values[
        :, layout.ROUND_HEIGHT_ROW : layout.ROUND_HEIGHT_ROW + 3
    ]
    rows[:, layout.LIGHT_SIDE] = values[:, layout.ROUND_SIDE_ROW]
    rows[:, layout.LIGHT_AREA] = areas.sum(axis=1)
    rows[:, layout.LIGHT_CAPS : layout.LIGHT_CAPS + 2] = areas[:, 1:]
    reach = np.abs(values[:, :3]).max(axis=1) + values[:, 12] + values[:, 13:15].max(axis=1)
    rows[:, layout.LIGHT_EXTENT] = reach
    return rows, rounds.primitives[shining]


def _delta_rows(emitters: Sequence[Emitter], placement: Placement) -> F64:
    rows = []
    for emitter in emitters:
        row = np.zeros(layout.LIGHT_SIZE)
        if isinstance(emitter, PointLight):
            row[layout.LIGHT_KIND] = layout.LIGHT_POINT
        elif isinstance(emitter, SpotLight) and emitter.radius == 0.0:
            row[layout.LIGHT_KIND] = layout.LIGHT_SPOT
            row[layout.LIGHT_EDGE_U : layout.LIGHT_EDGE_U + 3] = emitter.axis
            row[layout.LIGHT_EDGE_V : layout.LIGHT_EDGE_V + 3] = _beam(emitter)
        else:
            continue
        if np.max(emitter.intensity) > 0.0:
            # What arrives goes with the inverse square of the distance.
            strength = np.array(emitter.intensity) * placement.scale**2
            row[layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = strength
            row[layout.LIGHT_CORNER : layout.LIGHT_CORNER + 3] = placement.points(
                np.array(emitter.position)
            )
            rows.append(row)
    return np.array(rows).reshape(-1, layout.LIGHT_SIZE)


def _beam(spot: SpotLight) -> tuple[float, float, int]:
    cone, beam = np.radians(spot.half_angles)
    return float(cone), float(beam), FALLOFFS[spot.falloff]


def spot_discs(emitters: Sequence[Emitter]) -> list[tuple[SpotLight, Disk]]:
    """Spots that are discs, and the shapes that stand for them."""
    discs = []
    for emitter in emitters:
        if isinstance(emitter, SpotLight) and emitter.radius > 0.0 and np.max(emitter.intensity):
            radiance = np.array(emitter.intensity) / (math.pi * emitter.radius**2)
            lamp = Emissive(radiance)
            disc = Disk(
                emitter.position,
                emitter.axis,
                emitter.radius,
                material=lamp,
                visible=emitter.visible,
            )
            discs.append((emitter, disc))
    return discs


def _set_beams(rounds: F64, shapes: I32, discs: Sequence[tuple[SpotLight, Disk]]) -> None:
    """Write the cones of spots into the rows of their discs: the last of all rounds."""
    if discs:
        rows = rounds[np.argsort(shapes, kind="stable")[-len(discs) :]]
        rows[:, layout.LIGHT_BEAM : layout.LIGHT_BEAM + 3] = [_beam(spot) for spot, _ in discs]
        rounds[np.argsort(shapes, kind="stable")[-len(discs) :]] = rows


def _infinite_rows(emitters: Sequence[Emitter], environment: EnvironmentTables) -> F64:
    """What they give is the irradiance across their direction; the environment comes last."""
    rows = []
    for emitter in emitters:
        if isinstance(emitter, DirectionalLight) and np.max(emitter.irradiance) > 0.0:
            row = np.zeros(layout.LIGHT_SIZE)
            row[layout.LIGHT_KIND] = layout.LIGHT_DIRECTIONAL
            row[layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = emitter.irradiance
            row[layout.LIGHT_EDGE_U : layout.LIGHT_EDGE_U + 3] = emitter.axis
            rows.append(row)
    if environment.brightness > 0.0:
        row = np.zeros(layout.LIGHT_SIZE)
        row[layout.LIGHT_KIND] = layout.LIGHT_ENVIRONMENT
        # What a small thing receives on average: a quarter of its surface is its cross section.
        row[layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] = environment.brightness
        rows.append(row)
    return np.array(rows).reshape(-1, layout.LIGHT_SIZE)


# --- Power ----------------------------------------------------------------------------------------


def _powers(rows: F64) -> F64:
    """Luminous power of finite lights, in all directions."""
    brightness = rows[:, layout.LIGHT_RADIANCE : layout.LIGHT_RADIANCE + 3] @ np.array(
        REC709_WEIGHTS
    )
    kinds = rows[:, layout.LIGHT_KIND]
    factors = np.where(kinds == layout.LIGHT_POINT, 4.0 * np.pi, np.pi * rows[:, layout.LIGHT_AREA])
    for row in np.flatnonzero(kinds == layout.LIGHT_SPOT):
        factors[row] = spot_factor(*rows[row, layout.LIGHT_EDGE_V : layout.LIGHT_EDGE_V + 3])
    for row in np.flatnonzero(
        rows[:, layout.LIGHT_BEAM] > 0.0
    ):  # the cosine left out: a little more
        whole = spot_factor(*rows[row, layout.LIGHT_BEAM : layout.LIGHT_BEAM + 3])
        factors[row] = min(factors[row], rows[row, layout.LIGHT_AREA] * whole)
    return np.asarray(brightness * factors)


def spot_factor(cone: float, beam: float, kind: float) -> float:
    """Power of a spot of full intensity 1: the integral of its falloff over all directions."""
    full = 2.0 * math.pi * (1.0 - math.cos(beam))
    nodes, weights = np.polynomial.legendre.leggauss(32)
    angle = beam + (cone - beam) * 0.5 * (nodes + 1.0)
    if cone <= beam:
        return full
    if kind == layout.SPOT_LINEAR:
        share = (cone - angle) / (cone - beam)
    else:
        share = (np.cos(angle) - math.cos(cone)) / (math.cos(beam) - math.cos(cone))
        share = share**2 * (3.0 - 2.0 * share) if kind == layout.SPOT_SMOOTH else share**4
    rest = 2.0 * math.pi * np.sin(angle) * share @ weights * 0.5 * (cone - beam)
    return float(full + rest)


def _shares(powers: F64) -> F64:
    """Probabilities, none so small that no random number leads to it."""
    if not len(powers):
        return powers
    shares = powers / max(powers.sum(), 1e-300)
    return np.asarray(np.maximum(shares, 4.0 * _STEP))


def _finite_share(powers: F64, far_powers: F64, bounds: Bounds) -> float:
    """Share of the samples that goes to finite lights."""
    if not len(far_powers):
        return 1.0
    if not len(powers):
        return 0.0
    low, high = bounds
    across = np.pi * (0.5 * np.linalg.norm(high - low)) ** 2
    near, far = powers.sum(), far_powers.sum() * across
    return float(np.clip(near / (near + far), _SMALLEST_SHARE, 1.0 - _SMALLEST_SHARE))
