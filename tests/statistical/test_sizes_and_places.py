"""Huge, tiny and far things: floors and walls that are spheres, lamps of any size, maps."""

import numpy as np
import pytest
from significance import LEVEL, check_means, exactly, picture_statistics

import raywidget as rw
from raywidget import transforms as tf

pytestmark = pytest.mark.statistical

GREY = rw.Diffuse(0.5)
TILT = tf.rotate_xyz(25, 40, -20)[:3, :3]
SMALL = {"width": 8, "height": 4}


# --- Balls on floors ------------------------------------------------------------------------------


def seen_from(turn, floor):
    """A floor near the place where a ball of radius 1 touches it, at `turn` times the origin."""
    camera = rw.PerspectiveCamera(
        look_from=turn @ (0, 0.4, 4), look_at=turn @ (0, 0, 1), up=turn @ (0, 1, 0), vfov=3
    )
    ball = rw.Sphere(turn @ (0, 1, 0), 1, material=rw.Diffuse(0.0))
    sky = rw.ConstantEnvironment(1)
    return rw.Scene([floor, ball], emitters=[sky], camera=camera)


def floors(radius):
    big = radius
    yield "sphere", np.eye(3), rw.Sphere((0, -big, 0), big, material=GREY)
    yield "spheres", np.eye(3), rw.Spheres([(0, -big, 0)], big, material=GREY)
    yield "cylinder", np.eye(3), rw.Cylinder((-big, -big, 0), (big, -big, 0), big, material=GREY)
    yield "top", np.eye(3), rw.Cylinder((0, -big, 0), (0, 0, 0), big, material=GREY)
    yield "disk", TILT, rw.Disk((0, 0, 0), TILT @ (0, 1, 0), big, material=GREY)
    quad = (-big, 0, 0.7 * big), (2 * big, 0, 0), (0, 0, -2 * big)
    yield "quad", np.eye(3), rw.Quad(*quad, material=GREY)
    yield "box", np.eye(3), rw.Box((0, -big / 2, 0), (big, big, big), material=GREY)
    # Where no number is round.
    yield "tilted sphere", TILT, rw.Sphere(TILT @ (0, -big, 0), big, material=GREY)
    ends = TILT @ (-big, -big, 0), TILT @ (big, -big, 0)
    yield "tilted cylinder", TILT, rw.Cylinder(*ends, big, material=GREY)
    yield "tilted top", TILT, rw.Cylinder(TILT @ (0, -big, 0), (0, 0, 0), big, material=GREY)
    yield "tilted quad", TILT, rw.Quad(*(TILT @ side for side in quad), material=GREY)
    for name, turn in (("cone", np.eye(3)), ("tilted cone", TILT)):
        angle = np.radians(30)  # its side passes the origin
        tip, height = np.array([-big, 0, 0]), 2 * big * np.cos(angle)
        base = tip + height * np.array([np.cos(angle), -np.sin(angle), 0])
        yield name, turn, rw.Cone(turn @ base, turn @ tip, height * np.tan(angle), material=GREY)
    triangle = np.array([(-big, 0, big), (big, 0, 0.8 * big), (0.3 * big, 0, -1.4 * big)])
    yield "mesh", np.eye(3), rw.Mesh(triangle, [(0, 1, 2)], material=GREY)
    corners = np.array([(-big, 0, big), (big, 0, big), (big, 0, -big), (-big, 0, -big)])
    faces = [(0, 1, 2), (0, 2, 3)]
    yield "tilted mesh", TILT, rw.Mesh(corners @ TILT.T, faces, material=GREY)
    values = [1.0, 2.0, 3.0, 4.0]  # that nobody shows
    yield "mesh with values", TILT, rw.Mesh(corners @ TILT.T, faces, material=GREY, values=values)
    # Members of shapes that are many, with a small one below the floor.
    below = TILT @ (0, -3, 0)
    centers = [TILT @ (0, -big, 0), below]
    yield "one of spheres", TILT, rw.Spheres(centers, [big, 1.0], material=GREY)
    starts, tops = [ends[0], below - 0.5], [ends[1], below + 0.5]
    yield "one of cylinders", TILT, rw.Cylinders(starts, tops, [big, 0.5], material=GREY)
    yield "tube", TILT, rw.Tubes(np.array(ends), big, material=GREY)
    unit = rw.Mesh([(-1, 0, 1), (1, 0, 1), (1, 0, -1), (-1, 0, -1)], faces, material=GREY)
    turned = np.eye(4)
    turned[:3, :3] = TILT * big
    small = np.eye(4)
    small[:3, 3] = below
    yield "copy", TILT, rw.Instances(unit, [turned])
    yield "one of copies", TILT, rw.Instances(unit, [small, turned])
    shifted = turned.copy()
    shifted[:3, 3] = turned[:3, :3] @ (0.4, 0, -0.3)
    yield "shifted copy", TILT, rw.Instances(unit, [shifted])
    level = tf.translate(0.4 * big, 0, -0.3 * big) @ tf.scale(big)
    yield "level shifted copy", np.eye(3), rw.Instances(unit, [level])
    # Not at the origin of its mesh in any direction; and of triangles of which none is huge alone.
    high = rw.Mesh(np.add(unit.vertices, (0.2, 0.5, 0.1)), faces, material=GREY)
    lowered = turned.copy()
    lowered[:3, 3] = turned[:3, :3] @ (-0.4, -0.5, 0.3)
    yield "lowered copy", TILT, rw.Instances(high, [lowered])
    if big <= 1e4:
        yield "copy of a net", TILT, rw.Instances(net(160), [shifted])


def net(cells):
    """A level square from -1 to 1, of many triangles."""
    x, z = np.meshgrid(np.linspace(-1, 1, cells + 1), np.linspace(-1, 1, cells + 1))
    points = np.stack([x, np.zeros_like(x), z], axis=-1).reshape(-1, 3)
    i = np.arange(len(points)).reshape(x.shape)
    a, b, c, d = (k.ravel() for k in (i[:-1, :-1], i[:-1, 1:], i[1:, :-1], i[1:, 1:]))
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    return rw.Mesh(points, faces, material=GREY)


@pytest.mark.parametrize("kind", [name for name, *_ in floors(1.0)])
def test_the_shadow_below_a_ball_is_that_on_a_plane(kind):
    # A plane under an even sky, r away from where a black ball of radius 1 touches it, loses what
    # the ball hides: (1 / d)^2 cos = 1 / d^3 of it, with d^2 = 1 + r^2. The horizon cuts nothing
    # off, since the ball only touches the plane.
    def expected(turn, floor):
        scene = seen_from(turn, floor)
        frame = scene.camera.frame()
        half = np.tan(np.radians(scene.camera.vfov) / 2)
        inner = (np.arange(16) + 0.5) / 16
        x = (np.arange(8)[:, None] + inner).ravel() / 8 * 2 - 1
        y = 1 - (np.arange(4)[:, None] + inner).ravel() / 4 * 2
        d = frame.forward + half * y[:, None, None] * frame.up
        d = d + 2 * half * x[None, :, None] * frame.right
        o, normal = np.array(scene.camera.look_from), turn @ (0, 1, 0)
        p = o - d * (o @ normal) / (d @ normal)[..., None]
        light = 0.5 * (1 - (1 + (p**2).sum(axis=-1)) ** -1.5)
        return light.reshape(4, 16, 8, 16).mean(axis=(1, 3))[..., None]

    for radius in (1e4, 1e6, 1e7):
        found = next(((t, f) for name, t, f in floors(radius) if name == kind), None)
        if found is None:
            continue  # whose triangles would be huge themselves
        turn, floor = found
        known = exactly(np.repeat(expected(turn, floor), 3, axis=2), (4, 8, 3))
        scene = seen_from(turn, floor)
        picture = picture_statistics(scene, max_depth=2, per_batch=32, **SMALL)
        assert check_means(known, picture, rounding=2e-3) > LEVEL, radius


def room(radius):
    """Walls, floor and ceiling that are spheres, seen from outside of them, as in smallpt."""
    half = 4.0
    walls = [
        rw.Sphere(np.array(axis) * (radius + half) * side, radius, material=rw.Diffuse(color))
        for axis, color in (((1, 0, 0), (0.7, 0.3, 0.3)), ((0, 1, 0), 0.6), ((0, 0, 1), 0.5))
        for side in (-1, 1)
    ]
    return _furnished(walls, half)


def flat_room():
    """The same, of quads."""
    half = 4.0
    walls = []
    for axis, color in ((0, (0.7, 0.3, 0.3)), (1, 0.6), (2, 0.5)):
        w, u, v = np.roll(np.eye(3), -axis, axis=0) * half
        for side in (-1, 1):
            edges = (2 * u, 2 * v) if side < 0 else (2 * v, 2 * u)
            walls.append(rw.Quad(side * w - u - v, *edges, material=rw.Diffuse(color)))
    return _furnished(walls, half)


def _furnished(walls, half):
    lamp = rw.Sphere((1, 2.5, 0.5), 0.6, emission=8.0)
    balls = [rw.Sphere((x, 1 - half, z), 1, material=GREY) for x, z in ((-1.5, 0), (1.5, -1))]
    camera = rw.PerspectiveCamera(look_from=(0, 0, 3.9), look_at=(0, -1, 0), vfov=70)
    return rw.Scene([*walls, lamp, *balls], camera=camera)


def test_rooms_whose_walls_are_spheres():
    settings = {"width": 10, "height": 8, "max_depth": 5, "per_batch": 24}
    reference = picture_statistics(flat_room(), seed=1, **settings)
    for radius in (1e6, 1e7):
        picture = picture_statistics(room(radius), seed=2, **settings)
        assert check_means(reference, picture, rounding=1e-4) > LEVEL, radius


def glowing(radius):
    """Huge lamps below a small square, 1 away, and the share of its sky that they fill."""
    up = TILT @ (0, 1, 0)
    yield "sphere", rw.Sphere(-radius * up, radius, emission=1.0), (radius / (radius + 1)) ** 2
    of_disk = radius**2 / (radius**2 + 1)
    yield "disk", rw.Disk((0, 0, 0), up, radius, emission=1.0), of_disk
    yield "cylinder", rw.Cylinder(-radius * up, (0, 0, 0), radius, emission=1.0), of_disk
    u, v = TILT @ (2 * radius, 0, 0), TILT @ (0, 0, -2 * radius)
    a = radius / np.sqrt(1 + radius**2)
    yield "quad", rw.Quad(-(u + v) / 2, u, v, emission=1.0), 4 / np.pi * a * np.arctan(a)


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
@pytest.mark.parametrize("radius", [10.0, 1e4, 1e6, 1e7])
def test_huge_lamps_shine_on_what_is_near_them(radius, integrator):
    # Factors of form of a small square and of a sphere, a disk or a rectangle in front of it
    # (Howell, "A catalog of radiation heat transfer configuration factors", part B), without what
    # a black ball on the lamp hides.
    for name, lamp, share in glowing(radius):
        u, v = TILT @ (0.2, 0, 0), TILT @ (0, 0, 0.2)
        square = rw.Quad(TILT @ (-0.1, 1, -0.1), u, v, material=rw.Diffuse(1.0))
        ball = rw.Sphere(TILT @ (0, 0.25, 0), 0.25, material=rw.Diffuse(0.0))
        camera = rw.PerspectiveCamera(
            look_from=TILT @ (0, 0.6, 0), look_at=TILT @ (0, 1, 0), up=TILT @ (0, 0, 1), vfov=2
        )
        scene = rw.Scene([lamp, square, ball], camera=camera)
        known = exactly(share - (0.25 / 0.75) ** 2, (2, 2, 3))
        for next_event in (True, False):
            picture = picture_statistics(
                scene,
                width=2,
                height=2,
                max_depth=2,
                per_batch=64,
                batches=32,
                integrator=integrator,
                next_event=next_event,
            )
            assert check_means(known, picture, rounding=1e-3) > LEVEL, (name, next_event)


# --- Scenes of any size ---------------------------------------------------------------------------


def lamps(size):
    """Lamps 5 away from the origin, at a height of 4, and the irradiance that each gives there."""
    middle = np.array([3.0, 4.0, 0.0]) * size
    towards = -np.array([0.6, 0.8, 0.0])
    u, v = np.array([0.8, -0.6, 0.0]) * 0.1 * size, np.array([0, 0, 0.1]) * size
    small = 0.1**2 / 5**2 * 0.8
    yield rw.Sphere(middle, 0.5 * size, emission=1.0), np.pi * 0.1**2 * 0.8
    yield rw.Disk(middle, towards, 0.1 * size, emission=1.0), np.pi * small
    yield rw.Quad(middle - 0.5 * (u + v), u, v, emission=1.0), small
    corner = middle - (u + v) / 3
    yield rw.Mesh([corner, corner + u, corner + v], [(0, 1, 2)], emission=1.0), 0.5 * small


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
@pytest.mark.parametrize("size", [1e-9, 1e9, 1e12])
def test_lamps_shine_at_any_size(size, integrator):
    for lamp, irradiance in lamps(size):
        floor = rw.Quad(
            np.array([-5, 0, 5]) * size,
            np.array([10, 0, 0]) * size,
            np.array([0, 0, -10]) * size,
            material=rw.Diffuse(1.0),
        )
        camera = rw.PerspectiveCamera(
            look_from=np.array([0, 5, 0.01]) * size, look_at=(0, 0, 0), vfov=0.05
        )
        scene = rw.Scene([floor, lamp], camera=camera)
        picture = picture_statistics(
            scene, width=4, height=4, max_depth=2, per_batch=8, batches=32, integrator=integrator
        )
        known = exactly(irradiance / np.pi, (4, 4, 3))
        assert check_means(known, picture, rounding=6e-4) > LEVEL, lamp  # of 0.1 at 5


@pytest.mark.parametrize("distance", [1e2, 1e4, 1e6])
def test_triangles_that_are_tiny_for_their_distance(distance):
    middle = np.array([0.6, 0.8, 0.0]) * distance
    u, v = np.array([0.8, -0.6, 0.0]) * 0.01, np.array([0, 0, 0.01])
    lamp = rw.Mesh([middle, middle + u, middle + v], [(0, 1, 2)], emission=distance**2 * 1e2)
    floor = rw.Quad((-5, 0, 5), (10, 0, 0), (0, 0, -10), material=rw.Diffuse(1.0))
    camera = rw.PerspectiveCamera(look_from=(0, 5, 0.01), look_at=(0, 0, 0), vfov=0.5)
    scene = rw.Scene([floor, lamp], camera=camera)
    picture = picture_statistics(scene, width=4, height=4, max_depth=2, per_batch=4, batches=16)
    known = exactly(0.5e-2 * 0.8 / np.pi, (4, 4, 3))
    assert check_means(known, picture, rounding=4e-4) > LEVEL


@pytest.mark.parametrize("radius", [0.0, 1.0])
def test_spots_with_narrow_cones(radius):
    # Linear in the angle: at half of the cone, half of the intensity.
    distance, cone = 1e4, 0.02
    target = np.array([0.5 * np.radians(cone) * distance, 0, 0])
    spot = rw.SpotLight(
        (0, distance, 0), target, distance**2, cone_angle=cone, beam_angle=0.0, radius=radius
    )
    floor = rw.Quad((-5, 0, 5), (10, 0, 0), (0, 0, -10), material=rw.Diffuse(1.0))
    camera = rw.PerspectiveCamera(look_from=(0, 5, 0.01), look_at=(0, 0, 0), vfov=0.1)
    scene = rw.Scene([floor], emitters=[spot], camera=camera)
    picture = picture_statistics(scene, width=4, height=4, max_depth=2, per_batch=4, batches=16)
    assert check_means(exactly(0.5 / np.pi, (4, 4, 3)), picture, rounding=5e-3) > LEVEL


def tilted(points):
    return np.asarray(points) @ TILT.T


def huge(size):
    quad = tilted([(-size, 0, size), (2 * size, 0, 0), (0, 0, -2 * size)])
    corners = tilted([(-size, 0, size), (size, 0, size), (size, 0, -size), (-size, 0, -size)])
    mesh = rw.Mesh(corners, [(0, 1, 2), (0, 2, 3)], material=GREY)
    unit = rw.Mesh(corners / size, mesh.faces, material=GREY)
    yield rw.Quad(*quad, material=GREY)
    yield rw.Disk((0, 0, 0), TILT @ (0, 1, 0), size, material=GREY)
    yield mesh
    yield rw.Instances(unit, [tf.scale(size)])
    yield rw.Instances(mesh, [np.eye(4)])
    yield rw.Sphere(TILT @ (0, -size, 0), size, material=GREY)
    yield rw.Cylinder(TILT @ (0, -size, 0), (0, 0, 0), size, material=GREY)


@pytest.mark.parametrize("integrator", ["path", "ao", "volpath", "bdpt"])
@pytest.mark.parametrize("size", [5e9, 1e12, 3e14])
def test_huge_things_reflect_what_they_should(size, integrator):
    camera = rw.PerspectiveCamera(
        look_from=TILT @ (0, size, 0.5 * size), look_at=(0, 0, 0), up=TILT @ (0, 1, 0), vfov=20
    )
    for thing in huge(size):
        scene = rw.Scene([thing], emitters=[rw.ConstantEnvironment(1)], camera=camera)
        settings = {"spp": 4, "max_depth": 6, "integrator": integrator, "threads": 1}
        picture = np.asarray(rw.render(scene, width=6, height=4, **settings))
        expected = 1.0 if integrator == "ao" else 0.5
        np.testing.assert_allclose(picture, expected, rtol=1e-5)


# --- Coordinates of maps --------------------------------------------------------------------------


def yard(origin):
    origin = np.array(origin, float)

    def at(x, y, z):
        return origin + np.array([x, y, z])

    generator = np.random.default_rng(4)
    points = generator.uniform(-4, 4, (40, 3)) + np.array([0, 1, 0])
    x, z = np.meshgrid(np.linspace(-6, 6, 12), np.linspace(-6, 6, 12))
    hills = np.stack([x, 0.7 * np.sin(x) * np.cos(z) - 4, z], -1).reshape(-1, 3)
    i = np.arange(144).reshape(12, 12)
    a, b, c, d = (
        i[s, t].ravel() for s in (slice(11), slice(1, 12)) for t in (slice(11), slice(1, 12))
    )
    faces = np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])
    tetra = rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (1, 2, 3)])
    copies = [tf.translate(*(p + origin)) @ tf.scale(0.5) for p in points[:8]]
    shapes = [
        rw.Mesh(hills + origin, faces, material=rw.Diffuse(0.6)),
        rw.Spheres(points[:20] + origin, 0.4, material=rw.Diffuse((0.7, 0.3, 0.2))),
        rw.Cylinders(points[20:30] + origin, points[30:] + origin, 0.1, material=GREY),
        rw.Instances(tetra, copies),
        rw.Box(at(2, -2, 3), (1, 2, 1), rotation=(10, 20, 30)),
        rw.Cone(at(-3, -3, 3), at(-3, -1, 3), 0.7),
        rw.Disk(at(0, 6, 0), (0, -1, 0), 1.0, emission=5.0),
    ]
    emitters = [
        rw.PointLight(at(3, 5, 3), 20),
        rw.SpotLight(at(-3, 6, 3), origin, 60),
        rw.DirectionalLight((-1, -2, -1), 1.0),
        rw.ConstantEnvironment(0.2),
    ]
    camera = rw.PerspectiveCamera(look_from=at(0, 5, 14), look_at=origin, vfov=40)
    return rw.Scene(shapes, emitters=emitters, camera=camera)


@pytest.mark.parametrize("integrator", ["path", "bdpt"])
def test_a_yard_looks_the_same_anywhere_on_the_map(integrator):
    settings = {"width": 12, "height": 9, "batches": 24, "per_batch": 8, "integrator": integrator}
    here = picture_statistics(yard((0, 0, 0)), seed=1, **settings)
    for seed, origin in enumerate([(500_000.01, 5_000_000.01, 0), (448_262.3, 12.7, 5_411_932.9)]):
        there = picture_statistics(yard(origin), seed=2 + seed, **settings)
        assert check_means(here, there) > LEVEL
