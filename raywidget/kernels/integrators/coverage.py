"""Coverage: the share of what is behind everything that a camera ray does not let through.

For the very rays of the picture, with the numbers that its own integrator draws, but in an entry of
its own: pictures that have no alpha pay nothing, and those that have one are of the same samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels.geometry.clipping import find_closest
from raywidget.kernels.geometry.hit import make_hit
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.catcher import catch_light, is_catcher
from raywidget.kernels.integrators.tile import (
    Picture,
    PictureView,
    Work,
    start_sample,
    visit_pixels,
)
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    Sequence,
    start_stream,
)
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import F32, MISS, SceneTables, SceneView
from raywidget.kernels.surfaces.surface import (
    MAX_PASSED,
    is_interface,
    is_special,
    pass_through,
    resolve_surface,
)
from raywidget.kernels.volumes.flight import share_through
from raywidget.kernels.volumes.medium import in_sight, transmittance

INFINITY = float("inf")


class CoverageTarget(NamedTuple):
    """What is written."""

    sums: NDArray[np.float64]  # (height, width) of all samples
    old_sums: NDArray[np.float64]  # the same of earlier ones, which sums begin with
    cancel: NDArray[np.uint8]  # (1,) set by another thread


@device
def cover(scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence, sees_media: bool) -> float:
    """1 where a surface stops the ray, 0 where nothing is, in between what media take away.

    Surfaces that are not opaque are decided on as on the first edge of a path. Of media it is the
    exact transmittance (Beer-Lambert), the mean of the three colours, of volumes an estimate of it:
    light that is scattered into the ray belongs to the picture, not to what is behind it. Glass is
    a surface: what it shows has been refracted, and lies somewhere else. A catcher covers by what
    shadows take of its light, and where something is seen in its coat. Without `sees_media`, an
    `Interface` is a surface, too, and so is a catcher.
    """
    inside = int(scene.surroundings[0])
    share = vec3(1.0, 1.0, 1.0)
    stream = start_stream(sequence)
    passed = 0
    while True:
        ray = find_closest(scene, o, d, INFINITY)
        if sees_media and scene.medium_count > 0:
            medium = inside
            if scene.has_unseen:
                medium = in_sight(scene, inside)
            share = share * transmittance(scene, medium, ray.t)
        if sees_media and scene.volume_count > 0:
            through = share_through(scene, o, d, ray.t, stream, True)
            stream = through.state
            share = share * through.share
        if sees_media:
            if max(share.x, max(share.y, share.z)) <= 0.0:
                return 1.0
        if ray.slot == MISS:
            return 1.0 - min(1.0, (share.x + share.y + share.z) * (1.0 / 3.0))
        hit = make_hit(scene, o, d, ray)
        if is_special(scene, hit):
            passed += 1
            surface = resolve_surface(scene, hit, sequence, GROUP_CHOICE, passed - 1)
            if not surface.passes and sees_media and is_catcher(scene, hit):
                caught = catch_light(scene, hit, d, inside, sequence)
                seen = 0.0 if caught.is_mirrored else caught.share
                return 1.0 - min(1.0, (share.x + share.y + share.z) * (1.0 / 3.0) * seen)
            if not surface.passes or passed == MAX_PASSED:
                return 1.0
        elif sees_media and is_interface(scene, hit):
            passed += 1  # as paths count, whose numbers depend on it
            if passed == MAX_PASSED:
                return 1.0
        else:
            return 1.0
        if sees_media:
            inside = pass_through(scene, inside, hit, d)
        o = spawn_origin(hit, d)


@device
def _cover_pixel(
    scene: SceneView,
    picture: PictureView,
    work: Work,
    x: int,
    y: int,
    place: int,
    sums: Any,
    given: Any,
) -> None:
    """Given are the sums of earlier samples, and `sees_media`."""
    old_sums, sees_media = given
    total = old_sums[place]
    for sample in range(work.first, work.first + work.samples):
        started = start_sample(scene, picture, x, y, sample)
        total = total + cover(scene, started.o, started.d, started.sequence, sees_media)
    sums[place] = total


@entry
def render_coverage(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    sees_media: bool,
    work: Work,
    target: CoverageTarget,
) -> bool:
    """Add samples to the running sums of a tile; False if it was cancelled."""
    given = (view(target.old_sums), sees_media)
    return visit_pixels(
        _cover_pixel, tables, camera, picture, work, target.sums, target.cancel, given
    )
