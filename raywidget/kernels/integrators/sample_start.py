"""Where samples begin: what all that follows paths in lanes writes down for them."""

from __future__ import annotations

from raywidget.kernels.integrators import rows
from raywidget.kernels.integrators.bundle import (
    Bundle,
    load_word,
    replace_point_row,
    replace_row,
    replace_word_row,
    store_point,
    store_sequence,
)
from raywidget.kernels.integrators.tile import PictureView
from raywidget.kernels.language.jit import device
from raywidget.kernels.language.lane_keys import lowest_bit
from raywidget.kernels.language.random import Four, start_sequence
from raywidget.kernels.language.simd import spread_number, spread_word
from raywidget.kernels.language.vec3 import Vec3, vec3
from raywidget.kernels.layout import SceneView
from raywidget.kernels.lights.environment import backdrop_of


@device
def note_samples(scene: SceneView, bundle: Bundle, lanes: int, picture: PictureView) -> None:
    """What differs from one sample to the next in a way that vectors have no words for."""
    while lanes != 0:
        lane = lowest_bit(lanes)
        lanes &= lanes - 1
        x = load_word(bundle, rows.X, lane)
        pixel = load_word(bundle, rows.Y, lane) * picture.width + x
        if not picture.lattice:
            sample = load_word(bundle, rows.SAMPLE, lane)
            store_sequence(bundle, lane, start_sequence(picture.seed, pixel, sample, 0))
        if scene.has_backdrop:
            store_point(bundle, rows.BEHIND, lane, backdrop_of(scene, pixel))


@device
def begin_rows(bundle: Bundle, lanes: int, origin: Vec3, direction: Vec3, four: Four) -> None:
    """The rows of paths that begin in some lanes; rays were drawn by two numbers of `four`."""
    none = spread_number(0.0)
    one = spread_number(1.0)
    replace_point_row(bundle, rows.ORIGIN, lanes, origin)
    replace_point_row(bundle, rows.DIRECTION, lanes, direction)
    replace_point_row(bundle, rows.THROUGHPUT, lanes, vec3(one, one, one))
    replace_row(bundle, rows.COMPRESSION, lanes, one)
    replace_point_row(bundle, rows.RADIANCE, lanes, vec3(none, none, none))
    replace_row(bundle, rows.SCATTER_PDF, lanes, none)
    replace_row(bundle, rows.LIGHT_U, lanes, four.z)
    replace_row(bundle, rows.LIGHT_V, lanes, four.w)
    replace_word_row(bundle, rows.DEPTH, lanes, spread_word(1))
