"""Frames around axes: those that kernels make, and those that are made of many axes at once."""

import numpy as np

from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.sampling import make_frame
from raywidget.kernels.language.vec3 import vec3
from raywidget.scene.values.turning import frames_around


@entry
def _frames(axes, x, y):
    for i in range(len(axes)):
        frame = make_frame(vec3(axes[i, 0], axes[i, 1], axes[i, 2]))
        x[i, 0], x[i, 1], x[i, 2] = frame.x.x, frame.x.y, frame.x.z
        y[i, 0], y[i, 1], y[i, 2] = frame.y.x, frame.y.y, frame.y.z


def test_round_shapes_stand_in_the_frames_of_kernels():
    axes = np.random.default_rng(0).normal(size=(50, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    axes[:2] = (0, 0, 1), (0, 0, -1)
    x, y = frames_around(axes)
    np.testing.assert_allclose(np.cross(x, y), axes, atol=1e-12)
    in_kernels = np.empty((50, 3), np.float32), np.empty((50, 3), np.float32)
    _frames(axes.astype(np.float32), *in_kernels)
    np.testing.assert_allclose(in_kernels[0], x, atol=1e-5)
    np.testing.assert_allclose(in_kernels[1], y, atol=1e-5)
