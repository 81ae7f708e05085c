"""Path tracing through media that scatter: `path`, with points in between surfaces.

All of it is in `path.advance_paths`; what is between surfaces, in `space_lanes`.
"""

from __future__ import annotations

from raywidget.kernels.integrators.path import sample_path_tile
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.tile import (
    Picture,
    TileTarget,
    Work,
    view_picture,
    view_scene,
    view_tile,
)
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.layout import F32, SceneTables


@entry
def render_volpath(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: PathSettings,
    work: Work,
    target: TileTarget,
) -> bool:
    """Path tracing through media, see `path.sample_path_tile`."""
    scene = pinned(view_scene(tables, camera))
    chosen = PathSettings(
        settings.max_depth, settings.next_event, settings.roulette, settings.bound, None, 1
    )
    return sample_path_tile(scene, view_picture(picture), chosen, work, view_tile(target))
