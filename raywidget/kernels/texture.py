"""Colours that vary over a surface."""

from __future__ import annotations

import math

from raywidget.kernels.jit import device
from raywidget.kernels.layout import (
    TEXTURE_COLORS,
    TEXTURE_SCALE,
    TEXTURE_SIZE,
    SceneView,
)
from raywidget.kernels.vec3 import Vec3, load_vec3


@device
def eval_texture(scene: SceneView, texture: int, u: float, v: float) -> Vec3:
    """The colour of a row of `textures` at texture coordinates (u, v)."""
    row = texture * TEXTURE_SIZE
    # CHECKERBOARD, so far the only kind
    across = math.floor(u * scene.textures[row + TEXTURE_SCALE])
    down = math.floor(v * scene.textures[row + TEXTURE_SCALE + 1])
    odd = (int(across) + int(down)) & 1
    return load_vec3(scene.textures, row + TEXTURE_COLORS + 3 * odd)
