"""Warps of the unit square, against the densities that they are named after."""

import numpy as np
import pytest
from kernel_drivers import camera_rays
from scipy import stats
from significance import LEVEL, CapBins, check_sampler, chi_square, corrected

import raywidget as rw
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.sampling import (
    cos_sin_turn,
    make_frame,
    power_heuristic,
    sample_cosine_hemisphere,
    sample_disk,
    sample_sphere,
    sample_triangle,
    to_local,
    to_world,
    turn_towards,
)
from raywidget.kernels.language.vec3 import vec3

pytestmark = pytest.mark.statistical

COUNT = 400_000


@entry
def _warp(numbers, cosine, sphere, disk, triangle):
    for i in range(len(numbers)):
        u = numbers[i, 0]
        v = numbers[i, 1]
        a = sample_cosine_hemisphere(u, v)
        b = sample_sphere(u, v)
        cosine[i, 0] = a.x
        cosine[i, 1] = a.y
        cosine[i, 2] = a.z
        sphere[i, 0] = b.x
        sphere[i, 1] = b.y
        sphere[i, 2] = b.z
        disk[i, 0], disk[i, 1] = sample_disk(u, v)
        triangle[i, 0], triangle[i, 1] = sample_triangle(u, v)


@pytest.fixture(scope="module")
def warped():
    numbers = np.random.default_rng(0).random((COUNT, 2), np.float32)
    corners = np.array([(0, 0), (0, 1), (1, 0), (1, 1)], np.float32) * (1 - 2.0**-24)
    numbers[:4] = corners
    arrays = [np.zeros((COUNT, n), np.float32) for n in (3, 3, 2, 2)]
    _warp(numbers, *arrays)
    return dict(zip(("cosine", "sphere", "disk", "triangle"), arrays, strict=True))


@pytest.mark.parametrize("axis", [(0, 0, 1), (0.3, -0.5, 0.2)])
def test_cosine_hemisphere(warped, axis):
    bins = CapBins(axis)
    p, total = check_sampler(
        warped["cosine"], COUNT, lambda w: np.maximum(0, w[:, 2]) / np.pi, bins, fineness=32
    )
    assert p > corrected(LEVEL, 4)
    assert total == pytest.approx(1, abs=1e-3)
    assert warped["cosine"][:, 2].min() >= 0


@pytest.mark.parametrize("axis", [(0, 0, 1), (0.3, -0.5, 0.2)])
def test_sphere(warped, axis):
    bins = CapBins(axis)
    p, total = check_sampler(warped["sphere"], COUNT, lambda w: np.full(len(w), 0.25 / np.pi), bins)
    assert p > corrected(LEVEL, 4)
    assert total == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(np.linalg.norm(warped["sphere"], axis=1), 1, atol=1e-6)


def test_disk(warped):
    x, y = warped["disk"].T.astype(float)
    ring = np.minimum((x * x + y * y) * 16, 15).astype(int)  # of equal area
    sector = ((np.arctan2(y, x) / (2 * np.pi) % 1.0) * 32).astype(int) % 32
    counts = np.bincount(ring * 32 + sector, minlength=512)
    assert chi_square(counts, np.full(512, COUNT / 512)) > LEVEL
    assert (x * x + y * y).max() <= 1 + 1e-6


def test_lens():
    camera = rw.PerspectiveCamera(
        look_from=(1, 2, 3), look_at=(0, 0, 0), aperture_radius=0.5, focus_distance=2
    )
    numbers = np.random.default_rng(0).random((COUNT, 4))
    numbers[:, :2] = 0.3  # one point of the picture
    origins, _ = camera_rays(camera, 64, 48, numbers)
    on_lens = (origins - camera.look_from) @ np.array(camera.frame()).T
    x, y = on_lens[:, 0] / 0.5, on_lens[:, 1] / 0.5
    ring = np.minimum((x * x + y * y) * 16, 15).astype(int)
    sector = ((np.arctan2(y, x) / (2 * np.pi) % 1.0) * 32).astype(int) % 32
    counts = np.bincount(ring * 32 + sector, minlength=512)
    assert chi_square(counts, np.full(512, COUNT / 512)) > LEVEL
    assert np.abs(on_lens[:, 2]).max() < 1e-6


def test_triangle(warped):
    b1, b2 = warped["triangle"].T.astype(float)
    assert min(b1.min(), b2.min()) >= 0
    assert (b1 + b2).max() <= 1
    # Small triangles of equal area: a grid of squares, each cut along its diagonal
    i, j = (b1 * 16).astype(int), (b2 * 16).astype(int)
    upper = (b1 * 16 - i + b2 * 16 - j > 1).astype(int)
    counts = np.bincount((i * 17 + j) * 2 + upper, minlength=17 * 17 * 2)
    inside = [(i * 17 + j) * 2 + k for i in range(16) for j in range(16 - i) for k in (0, 1)]
    inside = [n for n in inside if not (n % 2 and n // 2 // 17 + n // 2 % 17 == 15)]
    assert len(inside) == 256
    assert counts[inside].sum() >= COUNT - 2  # corners may be counted beside
    assert chi_square(counts[inside], np.full(256, COUNT / 256)) > LEVEL


@entry
def _frames(normals, w, out):
    for i in range(len(normals)):
        frame = make_frame(vec3(normals[i, 0], normals[i, 1], normals[i, 2]))
        world = vec3(w[i, 0], w[i, 1], w[i, 2])
        for k, axis in enumerate(
            (frame.x, frame.y, frame.z, to_world(frame, to_local(frame, world)))
        ):
            out[k, i, 0] = axis.x
            out[k, i, 1] = axis.y
            out[k, i, 2] = axis.z


def test_frames_are_orthonormal_and_right_handed():
    generator = np.random.default_rng(0)
    normals = generator.standard_normal((10_000, 3))
    poles = [
        (0, 0, 1),
        (0, 0, -1),
        (1, 0, 0),
        (0, 1, 0),
        (1e-4, 0, -1),
        (0, 1e-7, -1),
        (0, 0, -0.0),
    ]
    normals[: len(poles)] = poles
    normals[6] = (1, 0, -0.0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals.astype(np.float32)
    w = generator.standard_normal((10_000, 3)).astype(np.float32)
    out = np.zeros((4, 10_000, 3), np.float32)
    _frames(normals, w, out)
    x, y, z, back = out.astype(float)
    np.testing.assert_array_equal(z, normals)
    for a, b, expected in ((x, x, 1), (y, y, 1), (x, y, 0), (x, z, 0), (y, z, 0)):
        np.testing.assert_allclose((a * b).sum(axis=1), expected, atol=1e-6)
    np.testing.assert_allclose(np.cross(x, y), z, atol=1e-6)
    np.testing.assert_allclose(back, w, atol=5e-6)


@entry
def _weights(a, b, out):
    for i in range(len(a)):
        out[i] = power_heuristic(a[i], b[i])


def test_weights_of_two_techniques_add_up_to_one():
    generator = np.random.default_rng(0)
    a, b = np.exp(generator.uniform(-40, 40, (2, 10_000))).astype(np.float32)
    forth, back = np.zeros((2, 10_000), np.float32)
    _weights(a, b, forth)
    _weights(b, a, back)
    np.testing.assert_allclose(forth + back, 1, atol=1e-6)
    exact = a.astype(float) ** 2 / (a.astype(float) ** 2 + b.astype(float) ** 2)
    np.testing.assert_allclose(forth, exact, atol=1e-6)
    special = np.zeros(4, np.float32)
    inf = np.float32(np.inf)
    _weights(
        np.array([0, 1, 1, 1e-38], np.float32), np.array([1, 0, inf, 1e38], np.float32), special
    )
    assert special.tolist() == [0, 1, 0, 0]


def test_the_tests_notice_a_wrong_density():
    generator = np.random.default_rng(0)
    w = generator.standard_normal((COUNT, 3))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    bins = CapBins((0, 0, 1))
    tilted = lambda w: (1 + 0.05 * w[:, 2]) * 0.25 / np.pi  # noqa: E731
    assert check_sampler(w, COUNT, lambda w: np.full(len(w), 0.25 / np.pi), bins)[0] > LEVEL
    assert check_sampler(w, COUNT, tilted, bins)[0] < 1e-3
    # ... and are right as often as they should be
    p = [chi_square(generator.poisson(20, 100), np.full(100, 20.0)) for _ in range(2000)]
    assert stats.binomtest(int((np.array(p) < 0.05).sum()), 2000, 0.056).pvalue > 0.001


# --- Angles ---------------------------------------------------------------------------------------


@entry
def _angles(turns, x, y, cosines, sines, towards):
    for i in range(len(turns)):
        cosines[i], sines[i] = cos_sin_turn(turns[i])
        towards[i] = turn_towards(y[i], x[i])


def test_angles_are_those_of_the_c_library():
    generator = np.random.default_rng(8)
    turns = np.concatenate([np.linspace(0, 1, 8001), np.arange(8) / 8]).astype(np.float32)
    count = len(turns)
    x, y = (generator.normal(size=count) * 10.0 ** generator.uniform(-9, 9, count) for _ in "xy")
    x[:9], y[:9] = np.array([(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]).T
    x, y = x.astype(np.float32), y.astype(np.float32)
    cosines, sines, towards = (np.zeros(count, np.float32) for _ in range(3))
    _angles(turns, x, y, cosines, sines, towards)
    angle = 2 * np.pi * turns.astype(np.float64)
    assert np.abs(cosines - np.cos(angle)).max() < 2**-22
    assert np.abs(sines - np.sin(angle)).max() < 2**-22
    # On the negative x axis, the C library tells 0 from -0.
    expected = np.arctan2(y + 0.0, x.astype(np.float64)) / (2 * np.pi)
    assert np.abs(towards - expected).max() < 2**-23
