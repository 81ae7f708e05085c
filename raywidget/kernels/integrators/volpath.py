"""Path tracing through media that scatter: `path`, with points in between surfaces.

All of it is in `path.advance_paths`; what is between surfaces, in `space_lanes`.
"""

from __future__ import annotations

from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.path_tiles import sample_paths
from raywidget.kernels.integrators.tile import (
    Batch,
    Picture,
    view_batch,
    view_picture,
    view_scene,
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
    batch: Batch,
) -> bool:
    """Path tracing through media, see `path_tiles.sample_paths`."""
    scene = pinned(view_scene(tables, camera))
    chosen = PathSettings(
        settings.max_depth, settings.next_event, settings.roulette, settings.bound, None, 1
    )
    return sample_paths(scene, view_picture(picture), chosen, view_batch(batch))
