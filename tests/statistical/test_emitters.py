"""Lights without a shape, and many lights: against closed forms, and against each other."""

import numpy as np
import pytest
from kernel_drivers import LightsUnderTest, directions, trace
from significance import LEVEL, check_means, chi_square, corrected, exactly, picture_statistics
from test_pictures import CAMERA, DOWN, SHAPE, SMALL, floor, floor_points

import raywidget as rw
from raywidget import transforms as tf
from raywidget.kernels import layout

pytestmark = pytest.mark.statistical

ALBEDO = np.array([0.9, 0.5, 0.1])
COLOR = np.array([5.0, 3.0, 8.0])
COUNT = 200_000


# --- Closed forms ---------------------------------------------------------------------------------


def check_floor(emitters, irradiance, *, back=False, whole=False, **settings):
    """Direct light on a floor (or on its back), against irradiance at its points.

    `whole` compares the mean of the picture only: for lights that are hardly ever found.
    """
    plane = floor(rw.Diffuse(ALBEDO), 40)
    if back:
        plane = plane.replace(edge_u=plane.edge_v, edge_v=plane.edge_u)
    scene = rw.Scene([plane], emitters=emitters, camera=DOWN)
    picture = picture_statistics(scene, max_depth=2, **{**SMALL, **settings})
    p, weights = floor_points(20, 15)
    expected = (irradiance(p) * weights[..., None]).sum(axis=(2, 3)) * ALBEDO / np.pi
    if whole:
        expected = expected.mean(axis=(0, 1), keepdims=True)
        picture = picture._replace(
            mean=picture.mean.mean(axis=(0, 1), keepdims=True),
            variance=picture.variance.mean(axis=(0, 1), keepdims=True) / (15 * 20),
        )
    assert check_means(picture, exactly(expected, picture.mean.shape), rounding=1e-4) > LEVEL


def from_point(p, position, intensity):
    """Irradiance of a point light on the floor, and the unit directions to the floor."""
    to_floor = p - position
    square = (to_floor**2).sum(axis=-1, keepdims=True)
    to_floor = to_floor / np.sqrt(square)
    return intensity * np.maximum(0, -to_floor[..., 1:2]) / square, to_floor


def test_light_of_a_point_on_a_floor():
    position = np.array([0.5, 3.0, 0.5])
    check_floor([rw.PointLight(position, COLOR)], lambda p: from_point(p, position, COLOR)[0])


def falloff(angle, cone, beam, kind):
    t = (cone - angle) / (cone - beam)
    if kind != "linear":
        t = (np.cos(angle) - np.cos(cone)) / (np.cos(beam) - np.cos(cone))
    t = np.clip(t, 0, 1)
    return {"linear": t, "smooth": t**2 * (3 - 2 * t), "quartic": t**4}[kind]


@pytest.mark.parametrize("kind", ["linear", "smooth", "quartic"])
def test_light_of_a_spot_on_a_floor(kind):
    position, target = np.array([1.5, 3.0, 1.0]), np.array([0.5, 0.0, 0.0])
    axis = (target - position) / np.linalg.norm(target - position)

    def irradiance(p):
        full, to_floor = from_point(p, position, COLOR)
        angle = np.arccos((to_floor * axis).sum(axis=-1, keepdims=True))
        return full * falloff(angle, np.radians(28), np.radians(4), kind)

    spot = rw.SpotLight(position, target, COLOR, 28, beam_angle=4, falloff=kind)
    check_floor([spot], irradiance)


@pytest.mark.parametrize("next_event", [True, False])
@pytest.mark.parametrize("others", [0, 9])
def test_a_spot_with_a_disc(others, next_event):
    # A small disc from afar: a spot times the cosine. Others, with their light from behind, make a
    # tree of lights.
    position, target, radius = np.array([1.0, 3.0, 0.5]), np.array([0.5, 0.0, 0.0]), 0.3
    axis = (target - position) / np.linalg.norm(target - position)
    x = np.cross(axis, (1, 0, 0)) / np.linalg.norm(np.cross(axis, (1, 0, 0)))
    y = np.cross(axis, x)
    rings, turns = (np.arange(12) + 0.5) / 12, 2 * np.pi * (np.arange(24) + 0.5) / 24
    points = [
        position + radius * np.sqrt(r) * (np.cos(a) * x + np.sin(a) * y)
        for r in rings
        for a in turns
    ]

    def irradiance(p):
        total = 0.0
        for point in points:
            full, to_floor = from_point(p, point, COLOR / len(points))
            cosine = (to_floor * axis).sum(axis=-1, keepdims=True)
            share = falloff(np.arccos(cosine), np.radians(85), np.radians(10), "linear")
            total = total + full * cosine * share
        return total

    spot = rw.SpotLight(position, target, COLOR, 85, beam_angle=10, radius=radius)
    away = [rw.SpotLight((k, 5, 0), None, 1, direction=(0, 1, 0)) for k in range(others)]
    check_floor(
        [*away, spot], irradiance, next_event=next_event, whole=not next_event, per_batch=128
    )


def test_light_from_one_direction_on_a_floor():
    sun = rw.DirectionalLight((1, -2, 0.5), COLOR)
    cosine = 2 / np.sqrt(1 + 4 + 0.25)
    check_floor([sun], lambda p: np.broadcast_to(COLOR * cosine, p.shape), batches=4)


def test_light_of_an_image_on_a_floor():
    # Bright straight above: (1 + cos)^2 / 4 down to the horizon and below, in many rows.
    height = np.cos(np.pi * np.arange(513) / 512)
    image = np.repeat((((1 + height) / 2) ** 2)[:, None, None], 4, axis=1) * COLOR
    # the integral of cos (1 + cos)^2 / 4 over the upper hemisphere
    irradiance = COLOR * 2 * np.pi * (1 / 2 + 2 / 3 + 1 / 4) / 4
    sky = rw.ImageEnvironment(image)
    check_floor([sky], lambda p: np.broadcast_to(irradiance, p.shape))


def test_shadows_of_points():
    # A ball between the light and the floor: no light in its shadow, all of it beside.
    position = np.array([0.5, 3.0, 0.5])

    def irradiance(p):
        light, to_floor = from_point(p, position, COLOR)
        to_ball = np.array([0.5, 1.5, 0.2]) - position
        along = (to_floor * to_ball).sum(axis=-1, keepdims=True)
        return light * ((to_ball**2).sum() - along**2 > 0.3**2)

    ball = rw.Sphere((0.5, 1.5, 0.2), 0.3, material=rw.Diffuse(0))
    scene = rw.Scene(
        [floor(rw.Diffuse(1), 40), ball], emitters=[rw.PointLight(position, COLOR)], camera=DOWN
    )
    picture = picture_statistics(scene, max_depth=2, batches=8, **SMALL)
    p, weights = floor_points(20, 15, order=16)
    values = irradiance(p) / np.pi
    expected = (values * weights[..., None]).sum(axis=(2, 3))
    # Where the ball hides the floor, or the edge of the shadow passes, there is no closed form.
    whole = (values[..., 0] > 0).all(axis=(2, 3))
    dark = (values[..., 0] == 0).all(axis=(2, 3))
    seen_ball = np.asarray(picture.mean[..., 0] == 0)
    np.testing.assert_allclose(
        picture.mean[whole & ~seen_ball].mean(), expected[whole & ~seen_ball].mean(), rtol=0.02
    )
    assert dark.any()
    assert not picture.mean[dark].any()


# --- One is the sum of all ------------------------------------------------------------------------


def sky_with_sun(height=9, width=16, sun=40.0):
    image = np.random.default_rng(3).random((height, width, 3)) ** 2
    image[2, 5] = sun
    return image


def things():
    return [
        floor(rw.Diffuse((0.8, 0.6, 0.4))),
        rw.Sphere((-0.6, 0.5, 0), 0.5, material=rw.Metal((0.9, 0.7, 0.5), 0.3)),
        rw.Sphere((0.6, 0.5, 0), 0.5, material=rw.Coated(rw.Diffuse((0.2, 0.5, 0.8)))),
    ]


LAMPS = [
    rw.Sphere((0, 1.6, 0.5), 0.3, emission=(2, 4, 6)),
    rw.Quad((-1.5, 1, -1), (1, 0, 0), (0, 1, 0), material=rw.Emissive((5, 2, 1))),
]
EMITTERS = {
    "point": rw.PointLight((1, 2, 1), 2),
    "spot": rw.SpotLight((-1, 2, 1), (0, 0.5, 0), (3, 6, 9), 30),
    "sun": rw.DirectionalLight((1, -1, -1), (1, 0.8, 0.6)),
    "image": rw.ImageEnvironment(sky_with_sun(), 0.3),
}
ABOVE = rw.PerspectiveCamera(look_from=(0, 4, 5), look_at=(0, 0.4, 0), vfov=30)
DARK = [shape.replace(emission=0) for shape in LAMPS]


def test_all_kinds_of_light_together_are_their_sum():
    settings = {"max_depth": 4, "per_batch": 64, **SMALL}
    together = picture_statistics(
        rw.Scene([*things(), *LAMPS], emitters=EMITTERS.values(), camera=ABOVE), **settings
    )
    parts = [picture_statistics(rw.Scene([*things(), *LAMPS], camera=ABOVE), seed=9, **settings)]
    for seed, emitter in enumerate(EMITTERS.values()):
        scene = rw.Scene([*things(), *DARK], emitters=[emitter], camera=ABOVE)
        parts.append(picture_statistics(scene, seed=10 + seed, **settings))
    total = parts[0]._replace(
        mean=sum(part.mean for part in parts), variance=sum(part.variance for part in parts)
    )
    assert check_means(together, total) > LEVEL


@pytest.mark.parametrize("lamps", [True, False])
def test_next_event_estimation_with_an_image_changes_only_the_noise(lamps):
    # No sun here: scattering would take for ever.
    image = rw.ImageEnvironment(sky_with_sun(sun=8.0), 0.5, rotation=(10, 20, 30))
    shapes = [*things(), *(LAMPS if lamps else [])]
    scene = rw.Scene(shapes, emitters=[image], camera=ABOVE)
    settings = {"max_depth": 4, "per_batch": 64, **SMALL}
    pictures = [
        picture_statistics(scene, next_event=on, seed=int(on), **settings) for on in (True, False)
    ]
    assert check_means(*pictures) > LEVEL


def test_a_turned_environment_is_a_turned_scene():
    image = sky_with_sun(33, 64, sun=50)
    pictures = []
    for angle in (0, 110):
        turn = tf.rotate(angle, (0, 1, 0))
        camera = rw.PerspectiveCamera(look_from=tf.apply(turn, (0, 2, 4)), look_at=(0, 0.4, 0))
        ball = rw.Sphere(tf.apply(turn, (-0.6, 0.5, 0)), 0.5, material=rw.Metal(0.9, 0.3))
        scene = rw.Scene(
            [floor(rw.Diffuse(0.5)), ball],
            emitters=[rw.ImageEnvironment(image, rotation=angle)],
            camera=camera,
        )
        pictures.append(picture_statistics(scene, max_depth=3, seed=angle, per_batch=32, **SMALL))
    assert check_means(*pictures) > LEVEL


def test_furnace_in_an_image():
    plate = rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=rw.Diffuse(1))
    balls = [rw.Sphere((x, 0.5, 0), 0.5, material=rw.Diffuse(1)) for x in (-0.5, 0.5)]
    sky = rw.ImageEnvironment(np.ones((5, 7, 3)))
    scene = rw.Scene([plate, *balls], emitters=[sky], camera=CAMERA)
    picture = picture_statistics(scene, per_batch=32, max_depth=2000, **SMALL)
    assert check_means(picture, exactly(1.0, SHAPE), rounding=1e-5) > LEVEL


def glowing(kind):
    """A lamp whose light varies over it."""
    board = rw.Checkerboard((0.9, 0.1, 0), (0, 0.2, 0.9), scale=(2, 3))
    corners, uvs = [(-1, 2, -1), (1, 2, -1), (1, 1.6, 1)], [(0, 0), (0, 1), (2, 1)]
    triangle = rw.Mesh(corners, [(0, 1, 2)], uvs=uvs, emission=board)
    matrices = [tf.translate(x, 0.3, 0) @ tf.scale(0.5, 1, y) for x, y in ((-0.8, 1), (0.8, -1))]
    return {
        "quad": rw.Quad((-1, 1.8, -1), (2, 0.3, 0), (0.5, 0, 2), emission=board),
        "facing up": rw.Quad((-1, 1.8, -1), (0, 0, 2), (2, 0.3, 0), emission=board),
        "rectangle": rw.Quad((-1, 1.8, -1), (2, 0, 0), (0, 0, 2), emission=board),
        "mesh": triangle,
        "ball": rw.Sphere((0, 1.7, 0), 0.6, emission=board),
        "disk": rw.Disk((0, 1.7, 0), (0, -1, 0), 1, emission=board),
        "cylinder": rw.Cylinder((0, 1.4, 0), (0.5, 2, 0), 0.5, emission=board),
        "cone": rw.Cone((0, 2, 0), (0.1, 1.4, 0), 0.9, 0.2, emission=board),
        "copies": rw.Instances(triangle, matrices),
    }[kind]  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["quad", "facing up", "rectangle", "mesh", "ball", "disk", "cylinder", "cone", "copies"]
)
def test_lamps_with_textures(kind):
    lamp = glowing(kind)
    shapes = [rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4)), *things()[1:], lamp]
    scene = rw.Scene(shapes, emitters=[rw.ConstantEnvironment(0.2)], camera=ABOVE)
    # Copies are small and close: means of few samples are far from normal.
    settings = {"max_depth": 3, "per_batch": 512 if kind == "copies" else 64, **SMALL}
    a, b = (
        picture_statistics(scene, next_event=on, seed=int(on), **settings) for on in (True, False)
    )
    assert check_means(a, b) > LEVEL
    if kind == "facing up":  # it must not light itself
        return
    lights = LightsUnderTest([lamp])
    generator = np.random.default_rng(0)
    sample = lights.sample((0.2, -1, 0.1), generator.random((3000, 3), np.float32))
    drawn = sample.pdf > 0
    assert len(np.unique(sample.radiance[drawn, 0])) == 2
    found = lights.find((0.2, -1, 0.1), sample.wi[drawn])
    same = np.all(found.radiance == sample.radiance[drawn], axis=1)
    assert same.mean() > 0.998  # not where squares meet


# --- Images: directions ---------------------------------------------------------------------------


def images():
    generator = np.random.default_rng(5)
    one = np.zeros((12, 20, 3))
    one[4, 7] = 1
    rows = generator.random((11, 16, 3))
    rows[3:6] = 0
    rows[0] = 0
    poles = np.zeros((9, 6, 3))
    poles[[0, -1]] = 1
    seam = np.zeros((6, 9, 3))
    seam[2, [0, -1]] = 1
    return {
        "noise": generator.random((9, 16, 3)),
        "one texel": one,
        "black rows": rows,
        "poles": poles,
        "seam": seam,
        "tiny": generator.random((2, 2, 3)),
        "peaks": generator.random((31, 48, 3)) ** 12,
    }


IMAGES = images()
TURN = (20.0, -35.0, 50.0)


def across_poles(image):
    """The image with a row more at either end: the other side of the pole, half a turn on."""
    half = image.shape[1] // 2
    turned = (np.roll(image, half, axis=1) + np.roll(image, -half, axis=1)) / 2
    return np.concatenate([turned[:1], image, turned[-1:]])


def texel_of(image, d):
    """Rows and columns between texels, as fractions, of directions in the image's own frame."""
    height, width = image.shape[:2]
    turns = np.arctan2(d[:, 0], -d[:, 2]) / (2 * np.pi)
    down = np.arccos(np.clip(d[:, 1], -1, 1)) / np.pi * (height - 2) + 0.5
    return down, (turns * width - 0.5) % width


def corners_of(values, row, column):
    """What stands at the upper left, upper right, lower left and lower right of cells."""
    right = (column + 1) % values.shape[1]
    return [values[row + k, c] for k in (0, 1) for c in (column, right)]


def linear_share(x, first, last):
    """Of a density that goes from `first` to `last`, what lies before `x` in [0, 1]."""
    return x * (first * (2 - x) + last * x) / np.maximum(first + last, 1e-30)


def linear_place(share, first, last):
    """The inverse of `linear_share`."""
    first, last = first / (first + last), last / (first + last)
    return share / np.maximum(first + np.sqrt(first**2 * (1 - share) + last**2 * share), 1e-30)


@pytest.mark.parametrize("name", IMAGES)
def test_directions_follow_the_image(name):
    image = IMAGES[name]
    lights = LightsUnderTest([], [rw.ImageEnvironment(image, rotation=TURN)])
    numbers = np.random.default_rng(1).random((COUNT, 3), np.float32)
    sample = lights.sample((1, 2, 3), numbers)
    assert np.all(sample.pdf > 0)
    assert np.all(sample.reach == np.inf)
    np.testing.assert_allclose(np.linalg.norm(sample.wi, axis=1), 1, atol=2e-6)

    # Probabilities of the cells between texels, anew from the image; the outermost end at a pole
    image = across_poles(image)
    height, width = image.shape[:2]
    luminance = image @ np.array([0.2126, 0.7152, 0.0722])
    pairs = luminance + np.roll(luminance, -1, axis=1)
    cells = (pairs[:-1] + pairs[1:]) / 4
    edges = np.cos(np.pi * np.clip((np.arange(height) - 0.5) / (height - 2), 0, 1))
    expected = cells * (edges[:-1] - edges[1:])[:, None]
    expected /= expected.sum()
    own = sample.wi.astype(float) @ tf.rotate_xyz(*TURN)[:3, :3]
    down, across = texel_of(image, own)
    row = np.minimum(down.astype(int), height - 2)
    column = np.minimum(across.astype(int), width - 1)
    observed = np.bincount(row * width + column, minlength=expected.size)
    level = corrected(LEVEL, 2 * len(IMAGES))
    occupied = expected.ravel() > 0
    assert observed[~occupied].sum() < 1e-4 * COUNT  # rounding at the edges of cells
    if occupied.sum() > 1:
        assert chi_square(observed[occupied], expected.ravel()[occupied] * COUNT) > level

    # ... and within a cell bilinear between its corners: what share of it lies to one side of the
    # place along its row, and then of that column, is uniform.
    corners = corners_of(luminance, row, column)
    s = np.clip((own[:, 1] - edges[row]) / (edges[row + 1] - edges[row]), 0, 1)
    a = np.clip(across - column, 0, 1)
    of_rows = linear_share(s, corners[0] + corners[1], corners[2] + corners[3])
    left, right = (corners[k] * (1 - s) + corners[k + 2] * s for k in (0, 1))
    of_columns = linear_share(a, left, right)
    inside = np.minimum((8 * of_rows).astype(int), 7) * 8
    inside += np.minimum((8 * of_columns).astype(int), 7)
    counts = np.bincount(inside, minlength=64)
    assert chi_square(counts, np.full(64, COUNT / 64)) > level

    # Densities: those of the places in the cells, and what scattering is told.
    density = expected / (edges[:-1] - edges[1:])[:, None] * width / (2 * np.pi)
    within = (left * (1 - a) + right * a) / np.mean(corners, axis=0).clip(1e-9)
    wanted = density[row, column] * within
    clear = within > 0.05  # of nearly nothing, rounding is a large share
    same = np.abs(sample.pdf / wanted.clip(1e-9) - 1)[clear] < 2e-3
    assert same.mean() > 0.9995
    found = lights.find((1, 2, 3), sample.wi)
    assert (np.abs(found.pdf / sample.pdf - 1) < 1e-3)[clear].mean() > 0.9995
    # Radiance comes along with the place that was drawn: the same but for rounding of directions.
    tolerance = 2e-5 * float(image.max())
    np.testing.assert_allclose(found.radiance, sample.radiance, rtol=1e-3, atol=tolerance)
    everywhere = lights.find((0, 0, 0), directions(np.random.default_rng(2), 400_000))
    mean, error = everywhere.pdf.mean(), everywhere.pdf.std() / np.sqrt(400_000)
    assert abs(4 * np.pi * mean - 1) < 4 * np.pi * 3.5 * error + 1e-4


@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 64), (9, 65), (40, 127)])
def test_a_number_draws_the_cell_that_its_running_sums_say(height, width):
    # Strengths over eight orders of magnitude, and nothing at all in places
    generator = np.random.default_rng(7)
    image = 10 ** generator.uniform(-4, 4, (height, width, 1)) * np.ones(3)
    image *= generator.random((height, width, 1)) < 0.7
    image[0, 0] = 1
    lights = LightsUnderTest([], [rw.ImageEnvironment(image)])
    numbers = generator.random((20_000, 3), np.float32)
    sample = lights.sample((0, 0, 0), numbers)
    tables = lights.tables
    row = np.searchsorted(tables.environment_rows[:, 0], numbers[:, 1], side="right")
    sums = tables.environment_edges[:, 1:, layout.ENVIRONMENT_BEFORE_EDGE]
    column = np.array(
        [np.searchsorted(sums[r], u, side="right") for r, u in zip(row, numbers[:, 0], strict=True)]
    )
    before = np.where(column > 0, sums[row, column - 1], 0)
    beyond = across_poles(image)
    corners = corners_of(beyond[..., 0], row, column)
    where = (numbers[:, 1] - np.where(row > 0, tables.environment_rows[row - 1, 0], 0)) / (
        tables.environment_rows[row, 0] - np.where(row > 0, tables.environment_rows[row - 1, 0], 0)
    )
    s = linear_place(where, corners[0] + corners[1], corners[2] + corners[3])
    left, right = (corners[k] * (1 - s) + corners[k + 2] * s for k in (0, 1))
    a = linear_place((numbers[:, 0] - before) / (sums[row, column] - before), left, right)
    expected = (sums[row, column] - before) * tables.environment_rows[row, 3]
    expected = expected * (left * (1 - a) + right * a) / np.mean(corners, axis=0)
    # A number has 24 bits: in rare cells, few are left for the place in them.
    assert np.mean(np.abs(sample.pdf / expected - 1) < 1e-2) > 0.99
    down, across = texel_of(beyond, sample.wi.astype(float))
    assert np.mean(np.minimum(down.astype(int), height) == row) > 0.999
    assert np.mean(np.minimum(across.astype(int), width - 1) == column) > 0.995


@pytest.mark.parametrize("name", IMAGES)
def test_radiance_is_bilinear_between_texels(name):
    image = IMAGES[name].astype(np.float32)
    lights = LightsUnderTest([], [rw.ImageEnvironment(image, 2.0, rotation=TURN)])
    image = across_poles(image)
    height, width = image.shape[:2]
    d = directions(np.random.default_rng(3), 5000).astype(float)
    down, across = texel_of(image, d)
    row = np.minimum(down.astype(int), height - 2)
    left = np.minimum(across.astype(int), width - 1)
    a, b = (across - left)[:, None], (down - row)[:, None]
    right = (left + 1) % width
    upper = image[row, left] * (1 - a) + image[row, right] * a
    lower = image[row + 1, left] * (1 - a) + image[row + 1, right] * a
    turned = d @ tf.rotate_xyz(*TURN)[:3, :3].T
    found = lights.find((0, 0, 0), turned)
    np.testing.assert_allclose(found.radiance, 2 * (upper * (1 - b) + lower * b), atol=2e-4)


def test_where_an_image_points():
    # Row 0 is up; from the left edge: -z, +x, +z (in the middle), -x.
    image = np.zeros((3, 4, 3))
    image[0], image[2] = (1, 0, 0), (0, 1, 0)
    image[1, :, 2] = 1, 2, 3, 4
    lights = LightsUnderTest([], [rw.ImageEnvironment(image)])
    s = np.sqrt(0.5)
    d = [(0, 1, 0), (0, -1, 0), (s, 0, -s), (s, 0, s), (-s, 0, s), (-s, 0, -s)]
    expected = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 0, 4)]
    np.testing.assert_allclose(lights.find((0, 0, 0), d).radiance, expected, atol=1e-5)
    # Turned by 90 degrees about y, what was at +z is at +x.
    turned = LightsUnderTest([], [rw.ImageEnvironment(image, rotation=90)])
    matrix = tf.rotate(90, (0, 1, 0))
    again = turned.find((0, 0, 0), tf.apply(matrix, d))
    np.testing.assert_allclose(again.radiance, expected, atol=1e-5)
    np.testing.assert_allclose(tf.apply(matrix, (0, 0, 1)), (1, 0, 0), atol=1e-12)


def test_a_black_image_is_harmless():
    lights = LightsUnderTest([], [rw.ImageEnvironment(np.zeros((4, 4, 3)))])
    assert len(lights.tables.lights) == 0
    d = directions(np.random.default_rng(3), 100)
    assert not lights.find((0, 0, 0), d).radiance.any()
    assert not lights.find((0, 0, 0), d).pdf.any()


# --- Many lights ----------------------------------------------------------------------------------


def many_lights(generator, count):
    """All finite kinds, in clusters, of very different powers."""
    shapes, emitters = [], []
    for _ in range(count):
        centre = generator.uniform((-5, 1, -5), (5, 11, 5))
        u, v = generator.normal(0, 0.2, (2, 3))
        power = 10 ** generator.uniform(-2, 1)
        kind = generator.integers(5)
        if kind == 0:
            shapes.append(rw.Quad(centre, u, v, emission=power))
        elif kind == 1:
            shapes.append(rw.Mesh([centre, centre + u, centre + v], [(0, 1, 2)], emission=power))
        elif kind == 2:
            shapes.append(rw.Sphere(centre, 10 ** generator.uniform(-2, -0.5), emission=power))
        elif kind == 3:
            emitters.append(rw.PointLight(centre, power / 10))
        else:
            cone = generator.uniform(5, 170)
            emitters.append(rw.SpotLight(centre, None, power, cone, direction=u))
    return shapes, emitters


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("count", [9, 100])
def test_choices_in_the_tree_follow_their_probabilities(count, far):
    generator = np.random.default_rng(count)
    shapes, emitters = many_lights(generator, count)
    if far:
        emitters += [EMITTERS["sun"], EMITTERS["image"]]
    lights = LightsUnderTest(shapes, emitters)
    assert len(lights.tables.light_leaves) == count
    points = generator.uniform((-6, -2, -6), (6, 10, 6), (40, 3))
    normals = directions(generator, 40)
    normals[::4] = 0
    probabilities = lights.probabilities(points, normals).astype(float)
    total = probabilities.sum(axis=1)  # less than 1 where the way down may end at nothing
    assert np.all(total < 1 + 2e-5)
    assert total.max() > 0.95
    for place in (0, 1, 2, *np.argsort(total)[-3:]):
        numbers = generator.random((COUNT, 3), np.float32)
        chosen = lights.sample(points[place], numbers, normals[place]).light
        counts = np.bincount(chosen + 1, minlength=probabilities.shape[1] + 1)
        nothing = max(0.0, 1.0 - total[place])
        expected = np.append(nothing, probabilities[place]) * COUNT
        if np.sort(expected)[-2] > 20:  # else all that can be drawn is one
            assert chi_square(counts, expected) > corrected(LEVEL, 24)


def test_the_tree_leaves_out_only_what_can_not_shine_here():
    generator = np.random.default_rng(4)
    shapes, emitters = many_lights(generator, 300)
    lights = LightsUnderTest(shapes, emitters)
    for _ in range(20):
        point, normal = generator.uniform((-5, 0, -5), (5, 10, 5)), directions(generator, 1)[0]
        left_out = lights.probabilities(point, normal)[0] == 0
        assert left_out.any()
        everything = lights.sample(point, generator.random((20_000, 3), np.float32))
        lit = (everything.pdf > 0) & ((everything.wi * normal).sum(axis=1) > 1e-4)
        assert not left_out[everything.light[lit]].any()


@pytest.mark.parametrize("back", [False, True])
def test_many_points_on_a_floor(back):
    generator = np.random.default_rng(7)
    positions = generator.uniform((-3, 1, -3), (3, 3, 3), (60, 3))
    colors = 10 ** generator.uniform(-2, 0.5, (60, 3))
    emitters = [rw.PointLight(p, c) for p, c in zip(positions, colors, strict=True)]
    check_floor(
        emitters,
        lambda p: sum(from_point(p, q, c)[0] for q, c in zip(positions, colors, strict=True)),
        back=back,
        per_batch=32,
    )


def test_many_points_behind_frosted_glass():
    # Twelve are in a tree, six are not.
    generator = np.random.default_rng(3)
    positions = generator.uniform((-1, -2, -1), (1, 2, 1), (12, 3))
    pane = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=rw.Dielectric(1.5, roughness=0.5))
    settings = {"max_depth": 2, "batches": 32, **SMALL}
    whole, *halves = (
        picture_statistics(
            rw.Scene([pane], emitters=[rw.PointLight(p, 1) for p in some], camera=DOWN),
            seed=len(some) + int(some[0, 0] > 0),
            **settings,
        )
        for some in (positions, positions[:6], positions[6:])
    )
    total = halves[0]._replace(
        mean=halves[0].mean + halves[1].mean, variance=halves[0].variance + halves[1].variance
    )
    assert check_means(whole, total) > LEVEL


def test_next_event_estimation_with_many_lights_changes_only_the_noise():
    generator = np.random.default_rng(8)
    lamps = []
    for _ in range(40):
        centre = generator.uniform(-1.5, 1.5, 3) * (1, 0.4, 1) + (0, 1.2, 0)
        u, v = generator.normal(0, 0.3, (2, 3))
        lamps.append(rw.Quad(centre, u, v, emission=generator.uniform(0, 4, 3)))
    scene = rw.Scene([*things(), *lamps], camera=ABOVE)
    settings = {"max_depth": 4, "per_batch": 64, **SMALL}
    a, b = (
        picture_statistics(scene, next_event=on, seed=int(on), **settings) for on in (True, False)
    )
    assert check_means(a, b) > LEVEL
    assert (a.variance < 0.5 * b.variance).mean() > 0.5


# --- Any scale, any place -------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [0.0, 1e3])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_lights_do_not_hide_themselves_and_nothing_is_not_a_number(size, shift):
    generator = np.random.default_rng(int(np.log10(size) + 9))
    move = np.array([shift, -shift, shift]) * size
    kinds = {
        "quad": rw.Quad(move, (size, 0, 0), (0, 0, 2 * size), emission=1),
        "skewed": rw.Quad(move, (size, 0, 0), (size, 0, 2 * size), emission=1),
        "ball": rw.Sphere(move, size, emission=1),
        "room": rw.Sphere(move, size, emission=1, flip_normals=True),
        "triangle": rw.Mesh(
            np.array([(0, 0, 0), (1, 0, 0), (0, 0, 2)]) * size + move, [(0, 1, 2)], emission=1
        ),
    }
    for name, shape in kinds.items():
        lights = LightsUnderTest([shape])
        for distance in (1e-3, 0.1, 3.0, 300.0):
            for _ in range(4):
                d = directions(generator, 1)[0] * (1, -1, 1)
                point = move + size * d * distance
                numbers = generator.random((500, 3), np.float32)
                sample = lights.sample(point, numbers)
                for field in (sample.wi, sample.radiance, sample.pdf, sample.reach, sample.normal):
                    assert np.isfinite(field).all(), name
                drawn = sample.pdf > 0
                assert np.all(sample.reach[drawn] > 0)
                if not drawn.any():
                    continue
                wi, reach = sample.wi[drawn], sample.reach[drawn]
                origins = np.broadcast_to(point, wi.shape)
                assert not trace(lights.tables, origins, wi, reach).occluded.any(), name
                found = lights.find(point, wi)
                assert np.isfinite(found.pdf).all()


@pytest.mark.parametrize("emitter", [
    rw.PointLight((0, 0, 0), 1),
    rw.SpotLight((0, 0, 0), (1, 0, 0), 1, 180, beam_angle=180),
    rw.SpotLight((0, 0, 0), (1, 0, 0), 1, 1e-3, beam_angle=0),
    rw.DirectionalLight((1, 2, 3), 1),
])  # fmt: skip
def test_delta_lights_are_finite_everywhere(emitter):
    lights = LightsUnderTest([], [emitter])
    numbers = np.full((1, 3), 0.5, np.float32)
    points = directions(np.random.default_rng(0), 300) * 10.0 ** np.linspace(-14, 14, 300)[:, None]
    for point in [(0, 0, 0), *points]:
        sample = lights.sample(point, numbers)
        assert np.isfinite(sample.radiance).all()
        assert np.isfinite(sample.wi).all()
        assert sample.pdf[0] in (0, 1)


def test_lights_without_power_are_left_out():
    lights = LightsUnderTest(
        [rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), emission=0)],
        [
            rw.PointLight((0, 0, 0), 0),
            rw.SpotLight((0, 0, 0), (1, 0, 0), 0),
            rw.DirectionalLight((0, 1, 0), 0),
        ],
    )
    assert len(lights.tables.lights) == 0
