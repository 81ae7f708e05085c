"""Tubes and arrows: silhouettes by formula, values along them, what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import raywidget as rw

SIDE = 48


def seen(shape, **more):
    """Which pixels show it from the front, in a window of 4 x 4 units; the pixels' middles."""
    camera = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=4)
    image = rw.render(
        rw.Scene([shape], camera=camera),
        width=SIDE,
        height=SIDE,
        spp=1,
        aovs=("object_id", "value"),
        **more,
    )
    middles = (np.arange(SIDE) + 0.5) / SIDE * 4 - 2
    x, y = np.meshgrid(middles, -middles)
    return image, x, y


def capsule(x, y, a, b, r0, r1):
    """Signed distance to the hull of two disks (Inigo Quilez, "Uneven Capsule", 2D)."""
    p = np.stack([x, y], -1) - a
    axis = np.subtract(b, a)
    length = np.linalg.norm(axis)
    axis = axis / length
    along = p @ axis
    across = np.abs(p @ np.array([-axis[1], axis[0]]))
    sine = (r0 - r1) / length
    cosine = np.sqrt(1 - sine**2)
    k = along * cosine - across * sine  # along the side that touches both
    first = np.hypot(along, across) - r0
    second = np.hypot(along - length, across) - r1
    side = along * sine + across * cosine - r0
    return np.where(k < 0, first, np.where(k > cosine * length, second, side))


coordinates = st.floats(-1.25, 1.25, width=32)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=5),
    st.lists(st.floats(2.0**-4, 0.5, width=32), min_size=5, max_size=5),
)
def test_silhouettes_are_those_of_capsules(points, radii):
    points = np.array([(x, y, 0.0) for x, y in points])
    radii = np.array(radii[: len(points)])
    image, x, y = seen(rw.Tubes(points, radii))
    inside = np.full(x.shape, np.inf)
    for k in range(len(points)):
        inside = np.minimum(inside, np.hypot(x - points[k, 0], y - points[k, 1]) - radii[k])
    for k in range(len(points) - 1):
        a, b = points[k, :2], points[k + 1, :2]
        if np.linalg.norm(b - a) > abs(radii[k] - radii[k + 1]) + 1e-6:
            inside = np.minimum(inside, capsule(x, y, a, b, radii[k], radii[k + 1]))
    hit = image.aovs["object_id"] == 0
    clear = np.abs(inside) > 1e-4
    assert np.array_equal(hit[clear], (inside < 0)[clear])


def test_values_run_along_a_tube():
    line = [(-1.5, 0, 0), (0, 0, 0), (1.5, 0, 0)]
    image, x, _ = seen(rw.Tubes(line, 0.3, values=[0, 3, 9], unlit=1))
    row = SIDE // 2
    value, x = image.aovs["value"][row], x[row]
    on = np.abs(x) < 1.5
    assert np.allclose(value[on], np.interp(x[on], [-1.5, 0, 1.5], [0, 3, 9]), atol=1e-3)
    ends = (np.abs(x) > 1.51) & (np.abs(x) < 1.79)
    assert set(value[ends].tolist()) == {0.0, 9.0}
    assert np.isnan(value[np.abs(x) > 1.81]).all()


def test_several_lines_are_not_connected():
    lines = [
        np.array([(-1.5, 1, 0), (1.5, 1, 0)]),
        np.array([(-1.5, -1, 0), (0, -1, 0), (1.5, -1, 0)]),
    ]
    tubes = rw.Tubes(lines, [[0.2, 0.2], [0.3, 0.3, 0.3]], values=[[1, 1], [2, 2, 2]], name="two")
    assert tubes.segments.tolist() == [[0, 1], [2, 3], [3, 4]]
    image, _, y = seen(tubes)
    value = image.aovs["value"]
    assert set(value[y > 0.5][~np.isnan(value[y > 0.5])].tolist()) == {1.0}
    assert set(value[y < -0.5][~np.isnan(value[y < -0.5])].tolist()) == {2.0}
    assert np.isnan(value[np.abs(y) < 0.5]).all()
    before = rw.Spheres([(0, 0, -5)], 0.1)  # primitives are numbered from elsewhere
    camera = rw.OrthographicCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), height=4)
    again = rw.render(
        rw.Scene([before, tubes], camera=camera), width=SIDE, height=SIDE, spp=1, aovs=("value",)
    ).aovs["value"]
    covered = ~np.isnan(value)
    assert np.array_equal(again[covered], value[covered])


def test_arrows_point_along_their_vectors():
    arrows = rw.Arrows(
        [(-1, -1, 0), (1, -1, 0), (0, 0, 0)],
        [(0, 2, 0), (0, 1, 0), (0, 0, 0)],
        scale=1,
        values="length",
        shaft_radius=0.1,
        head_radius=0.3,
        head_length=0.4,
        unlit=1,
    )
    image, x, y = seen(arrows)
    value = image.aovs["value"]
    long = (np.abs(x + 1) < 0.15) & (y > -0.95) & (y < 0.15)  # its shaft
    assert (value[long] == 2).all()
    head = (y > 0.2) & (y < 1) & (np.abs(x + 1) < 0.6 * (1 - y) / 0.8 - 0.02)
    assert (value[head] == 2).all()
    beside = (y > 0.2) & (y < 1) & (x < 0) & (np.abs(x + 1) > 0.6 * (1 - y) / 0.8 + 0.02)
    assert np.isnan(value[beside]).all()
    assert (value[(np.abs(x - 1) < 0.08) & (y > -0.95) & (y < -0.5)] == 1).all()
    assert np.isnan(value[(np.abs(x) < 0.2) & (np.abs(y) < 0.2)]).all()
    assert np.allclose(arrows.lengths(), [2, 1, 0])


def test_the_longest_arrow_is_as_long_as_points_are_apart():
    grid = np.stack(np.meshgrid(*[np.arange(8.0)] * 3), -1).reshape(-1, 3)
    lengths = rw.Arrows(grid, np.full(grid.shape, 9.0)).lengths()
    assert 0.8 < lengths.max() < 1.2
    plane = grid[grid[:, 2] == 0]
    assert 0.8 < rw.Arrows(plane, np.full(plane.shape, 1e-6)).lengths().max() < 1.2


def test_areas_and_bounds():
    tube = rw.Tubes([(0, 0, 0), (0, 0, 2)], [0.5, 0.5])
    assert tube.area() == pytest.approx(2 * np.pi * 0.5 * 2 + 2 * 4 * np.pi * 0.25)
    assert np.array_equal(tube.bounds(), [[-0.5, -0.5, -0.5], [0.5, 0.5, 2.5]])


def test_many_are_one_shape():
    generator = np.random.default_rng(0)
    line = np.cumsum(generator.normal(size=(100_001, 3)), axis=0)
    tubes = rw.Tubes(line, 0.2, values=np.arange(len(line)))
    assert len(tubes.segments) == 100_000
    from raywidget.compiler import compile_scene

    camera = rw.PerspectiveCamera(look_from=(0, 0, 900), look_at=(0, 0, 0))
    tables = compile_scene(rw.Scene([tubes], camera=camera), 2)
    assert len(tables.values) == 3 * 100_000 + 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rw.Tubes([(0, 0), (1, 1)], 1, name="t"), r"Tubes 't': polylines must be"),
        (lambda: rw.Tubes([], 1, name="t"), r"Tubes 't': polylines must be \(N, 3\) points"),
        (
            lambda: rw.Tubes([np.zeros((2, 3)), np.full((1, 3), np.nan)], 1),
            r"Tubes: polylines\[1\] must be finite",
        ),
        (lambda: rw.Tubes(np.zeros((2, 3)), -1), "Tubes: radius must be"),
        (lambda: rw.Tubes(np.zeros((2, 3)), [1, 2, 3]), "Tubes: radius must be"),
        (
            lambda: rw.Tubes([np.zeros((2, 3)), np.ones((3, 3))], [[1, 1], [1, 1]]),
            r"Tubes: radius\[1\] must be 3 numbers",
        ),
        (lambda: rw.Tubes(np.zeros((2, 3)), 1, values=[1, 2, 3]), r"values must be .*\(P,\) = 2"),
        (lambda: rw.Arrows([(0, 0, 0)], [(0, 0, 0)], name="a"), "Arrows 'a': vectors must not all"),
        (lambda: rw.Arrows([(0, 0, 0)], [(0, 0)]), "Arrows: vectors must be"),
        (lambda: rw.Arrows([(0, 0, 0)], [(0, 0, 1)], scale=-1), "Arrows: scale must be"),
        (lambda: rw.Arrows([(0, 0, 0)], [(0, 0, 1)], values="speed"), "numbers, or 'length'"),
        (lambda: rw.Arrows([(0, 0, 0)], [(0, 0, 1)], head_length=2), "head_length must be below 1"),
    ],
)
def test_what_can_not_be_names_the_object(make, message):
    with pytest.raises(rw.SceneError, match=message):
        make()


def test_they_are_saved_as_gltf(tmp_path):
    camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0))
    tubes = rw.Tubes([(0, 0, 0), (1, 0, 0), (1, 1, 0)], [0.1, 0.2, 0.1], values=[1, 2, 3], name="t")
    arrows = rw.Arrows([(0, 0, 1)], [(0, 1, 0)], values=[1], name="a")
    scene = rw.Scene([tubes, arrows], camera=camera)
    scene.save(tmp_path / "lines.glb")
    again = rw.load_scene(tmp_path / "lines.glb")
    assert repr(again) == repr(scene)
    assert np.array_equal(again.shapes[0].points, tubes.points)
    scene.save(tmp_path / "plain.glb", in_full=False)
    low, high = rw.load_scene(tmp_path / "plain.glb").bounds()
    assert np.allclose([low, high], scene.bounds(), atol=0.05)
