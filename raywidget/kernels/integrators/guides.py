"""What a denoiser is told of a picture: colours and normals without noise, seen through glass.

A mirror's own colour says nothing about what is in it. So camera rays go on where a surface is
smooth: off mirrors, and through glass, where both ways are followed the first time and weighted by
what is reflected there, and the stronger one after that. Nothing is decided by chance but what
masks and mixtures are. (Open Image Denoise's documentation asks for just this of its `albedo` and
`normal`.) What fog hides fades out; in volumes, the place behind which less than half is seen is
taken for a surface (`looking.find_seen`); where nothing is, there is the colour of the sky.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.kernels import layout
from raywidget.kernels.geometry.surface_point import spawn_origin
from raywidget.kernels.integrators.catcher import is_catcher
from raywidget.kernels.integrators.preview import albedo
from raywidget.kernels.integrators.tile import (
    Picture,
    PictureView,
    Work,
    add_vec3,
    start_sample,
    visit_pixels,
)
from raywidget.kernels.language.jit import device, entry
from raywidget.kernels.language.random import (
    GROUP_CHOICE,
    Sequence,
)
from raywidget.kernels.language.sampling import to_local, to_world
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import F32, SceneTables, SceneView
from raywidget.kernels.lights.emitter import eval_missed
from raywidget.kernels.lights.environment import backdrop_of
from raywidget.kernels.surfaces.bsdf import base_color, load_bsdf, make_parameters
from raywidget.kernels.surfaces.dielectric import sample_smooth
from raywidget.kernels.surfaces.fresnel import fresnel, fresnel_pane
from raywidget.kernels.surfaces.lobes import Bsdf
from raywidget.kernels.surfaces.scattering import follow_edge, viewed_frame
from raywidget.kernels.surfaces.surface import is_interface, pass_through
from raywidget.kernels.volumes.looking import find_seen

INFINITY = float("inf")

GUIDES_SIZE = 6  # columns of `GuideTarget.sums`: colour, normal

_MOST_EDGES = 12  # of a ray; then it shows the surface that it has come to
_SMOOTH = 4e-3  # GGX alpha: with more than this, what is in a mirror is a blur

# What a surface is to somebody who looks at it
_ROUGH = 0
_MIRROR = 1
_GLASS = 2


class GuideTarget(NamedTuple):
    """What is written."""

    sums: NDArray[np.float64]  # (height, width, GUIDES_SIZE), added to
    cancel: NDArray[np.uint8]  # (1,)


class Guides(NamedTuple):
    """What one ray shows."""

    color: Vec3  # 0 to 1
    normal: Vec3  # shading normal in the world; shorter than 1 where two are mixed, or fog is


@device
def _at_most_one(color: Vec3) -> Vec3:
    return vec3(min(1.0, color.x), min(1.0, color.y), min(1.0, color.z))


@device
def _clear_part(bsdf: Bsdf) -> Bsdf:
    """The glass of a material, as if it were smooth."""
    is_thin = bsdf.kind == layout.THIN_DIELECTRIC or bsdf.kind == layout.ROUGH_THIN_DIELECTRIC
    if bsdf.kind == layout.PRINCIPLED:
        is_thin = bsdf.parameters[bsdf.row + layout.MATERIAL_THIN] > 0.0
    return Bsdf(
        layout.THIN_DIELECTRIC if is_thin else layout.DIELECTRIC,
        bsdf.color,
        bsdf.alpha,
        bsdf.eta,
        bsdf.coat_loss,
        bsdf.parameters,
        bsdf.row,
        bsdf.energy,
        bsdf.full,
        bsdf.tables,
    )


@device
def _what_it_is(bsdf: Bsdf) -> int:
    if bsdf.kind == layout.DIELECTRIC or bsdf.kind == layout.THIN_DIELECTRIC:
        return _GLASS
    is_matte = bsdf.kind == layout.DIFFUSE or bsdf.kind == layout.BLACK
    if is_matte or bsdf.kind == layout.BLEND or bsdf.alpha > _SMOOTH:
        return _ROUGH
    if bsdf.kind == layout.ROUGH_DIELECTRIC or bsdf.kind == layout.ROUGH_THIN_DIELECTRIC:
        return _GLASS
    if bsdf.kind == layout.PRINCIPLED:
        metallic = bsdf.parameters[bsdf.row + layout.MATERIAL_METALLIC]
        if metallic > 0.5:
            return _MIRROR
        if bsdf.parameters[bsdf.row + layout.MATERIAL_TRANSMISSION] > 0.5:
            return _GLASS
        return _ROUGH
    if bsdf.kind == layout.COATED_DIFFUSE:
        return _ROUGH
    return _MIRROR


@device
def trace_guides(scene: SceneView, o: Vec3, d: Vec3, sequence: Sequence, behind: Vec3) -> Guides:
    """Follow one camera ray; at the first glass, the reflected ray is left for later."""
    color = vec3(0.0, 0.0, 0.0)
    normal = vec3(0.0, 0.0, 0.0)
    inside = int(scene.surroundings[0])
    tint = vec3(1.0, 1.0, 1.0)  # what the surfaces on the way, and media, leave of colours
    amount = 1.0  # of the picture, that this ray is
    later_o = o
    later_d = d
    later_inside = inside
    later_tint = tint
    later_amount = 0.0
    has_split = False
    edge = 0
    while True:
        arrival = follow_edge(scene, o, d, inside, tint, sequence, GROUP_CHOICE + 2 * edge)
        edge += 1
        in_volume = False
        if scene.volume_count > 0:
            end = INFINITY if arrival.missed else arrival.hit.t
            seen = find_seen(scene, o, d, end)
            if seen.volume >= 0:
                in_volume = True
                color = color + tint * seen.albedo
                normal = normal + seen.normal * amount
        clear = 1.0  # share that media let through on this edge
        if scene.medium_count > 0:
            before = tint.x + tint.y + tint.z
            if before > 0.0:
                left = arrival.carried.x + arrival.carried.y + arrival.carried.z
                clear = min(1.0, left / before)
        tint = arrival.carried
        amount = amount * clear
        hit = arrival.hit
        goes_on = False
        if in_volume:
            pass
        elif arrival.missed:
            sky = _at_most_one(eval_missed(scene, d, edge, behind))
            color = color + tint * sky
        elif edge == 1 and is_catcher(scene, hit):
            color = color + tint * _at_most_one(eval_missed(scene, d, edge, behind))
            normal = normal + hit.ns * amount
        elif not arrival.lost and is_interface(scene, hit) and edge < _MOST_EDGES:
            inside = pass_through(scene, arrival.inside, hit, d)
            o = spawn_origin(hit, d)
            goes_on = True
        elif not arrival.lost:
            bsdf = load_bsdf(scene, hit, arrival.material, make_parameters())
            kind = _what_it_is(bsdf)
            if kind == _ROUGH or edge >= _MOST_EDGES:
                color = color + tint * albedo(scene, hit, arrival.material)
                normal = normal + hit.ns * amount
            else:
                frame = viewed_frame(hit, -d)
                wo = to_local(frame, -d)
                mirrored = to_world(frame, vec3(-wo.x, -wo.y, wo.z))
                goes_on = True
                if kind == _MIRROR:
                    tint = tint * _at_most_one(base_color(bsdf))
                    inside = arrival.inside
                    d = mirrored
                else:
                    clear_part = _clear_part(bsdf)
                    if clear_part.kind == layout.THIN_DIELECTRIC:
                        reflected = fresnel_pane(abs(wo.z), bsdf.eta)
                    else:
                        reflected = fresnel(abs(wo.z), bsdf.eta if wo.z > 0.0 else 1.0 / bsdf.eta)
                    if reflected >= 1.0:
                        inside = arrival.inside
                        d = mirrored
                    else:
                        if not has_split:
                            has_split = True
                            later_o = spawn_origin(hit, mirrored)
                            later_d = mirrored
                            later_inside = arrival.inside
                            later_tint = tint * reflected
                            later_amount = amount * reflected
                            tint = tint * (1.0 - reflected)
                            amount = amount * (1.0 - reflected)
                        passed = sample_smooth(clear_part, wo, 1.0)
                        tint = tint * _at_most_one(bsdf.color)
                        inside = pass_through(scene, arrival.inside, hit, d)
                        d = to_world(frame, passed.wi)
                o = spawn_origin(hit, d)
        if goes_on:
            continue
        if later_amount <= 0.0:
            return Guides(color, normal)
        o = later_o
        d = later_d
        inside = later_inside
        tint = later_tint
        amount = later_amount
        later_amount = 0.0
        edge = 1


@device
def _guide_pixel(
    scene: SceneView,
    picture: PictureView,
    work: Work,
    x: int,
    y: int,
    pixel: int,
    sums: Any,
    given: Any,
) -> None:
    place = GUIDES_SIZE * pixel
    behind = backdrop_of(scene, y * picture.width + x)
    for sample in range(work.first, work.first + work.samples):
        started = start_sample(scene, picture, x, y, sample)
        shown = trace_guides(scene, started.o, started.d, started.sequence, behind)
        add_vec3(sums, place, shown.color)
        add_vec3(sums, place + 3, shown.normal)


@entry
def render_guides(
    tables: SceneTables, camera: F32, picture: Picture, work: Work, target: GuideTarget
) -> bool:
    """Add samples to the running sums of a tile; False if it was cancelled."""
    return visit_pixels(
        _guide_pixel, tables, camera, picture, work, target.sums, target.cancel, None
    )
