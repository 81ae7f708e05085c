"""Path tracing that finds caustics from the lights, too.

Scattering finds the light that a polished thing throws onto a floor by chance alone: seldom, and
then much at once. So an eighth of the samples also send a photon from a light towards what mirrors
or bends light, and join the surface where it ends up to the lens (Arvo 1986, "Backward ray
tracing"; Veach 1997, section 10.3, of whose strategies these are t = 1 beside s = 0 and 1).
"""

from __future__ import annotations

from typing import NamedTuple

from raywidget.kernels.integrators.bdpt.subpath import make_splats
from raywidget.kernels.integrators.caustics.chains import Casters
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.path_tiles import sample_paths
from raywidget.kernels.integrators.splat import SplatLog, view_splats
from raywidget.kernels.integrators.tile import (
    Batch,
    Picture,
    view_batch,
    view_picture,
    view_scene,
)
from raywidget.kernels.language.buffers import view
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.layout import F32, U8, SceneTables
from raywidget.kernels.lights.aimed import Targets


class CausticSettings(NamedTuple):
    """What paths and photons need of the render settings and of the scene."""

    max_depth: int
    next_event: bool
    roulette: bool
    bound: float  # see `bound`; np.float32
    share: float  # of the samples that send a photon; np.float32
    balls: F32  # (B, 4) centre and radius of what photons are sent to, B > 0
    materials: U8  # (M,) by rows of the material tables: 1 if they mirror or bend light
    probabilities: F32  # (L,) of each light, to send a sample's photon: they add up to `share`
    cdf: F32  # (L,) running sum of them, the last is 1


@entry
def render_caustics(
    tables: SceneTables,
    camera: F32,
    picture: Picture,
    settings: CausticSettings,
    batch: Batch,
    log: SplatLog,
) -> bool:
    """Path tracing with photons, see `path_tiles.sample_paths`.

    The log has room for MOST_EDGES - 2 lines a sample.
    """
    scene = pinned(view_scene(tables, camera))
    seen = view_picture(picture)
    targets = Targets(
        view(settings.balls),
        len(settings.balls),
        view(settings.probabilities),
        view(settings.cdf),
        settings.share,
    )
    splats = make_splats(view_splats(log, batch.counters), seen)
    casters = Casters(targets, view(settings.materials), splats)
    chosen = PathSettings(
        settings.max_depth, settings.next_event, settings.roulette, settings.bound, casters, None
    )
    return sample_paths(scene, seen, chosen, view_batch(batch))
