"""Planes of single shapes, and cuts coloured by values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from significance import LEVEL, check_batches, render_batches

import raywidget as rw
from raywidget.scene.values.colors import encode_srgb

pytestmark = pytest.mark.statistical

SKY = rw.GradientEnvironment(top=(0.3, 0.5, 1.0), bottom=(0.9, 0.8, 0.7))
ABOVE = rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2.4)
FACES = "013 032 467 475 045 051 237 276 026 064 157 173"
CUBE = rw.Mesh(
    np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float),
    [tuple(map(int, face)) for face in FACES.split()],
)


def seen_area(scene):
    picture = rw.render(scene, width=120, height=120, spp=16, alpha=True, integrator="path")
    return float(picture.alpha.mean()) * 2.4**2


@pytest.mark.parametrize("caps", [False, True])
def test_a_ball_with_a_plane_of_its_own_shows_a_circular_segment(caps):
    plane = rw.Plane((0.3, 7, -2), (2, 0, 0))
    ball = rw.Sphere((0, 0, 0), 1, clip=[plane], caps=caps)
    whole = rw.Sphere((0, 0, -3), 1, clip=())
    segment = np.arccos(0.3) - 0.3 * np.sqrt(1 - 0.09)
    alone = rw.Scene([ball], emitters=[SKY], camera=ABOVE)
    assert seen_area(alone) == pytest.approx(np.pi - segment, abs=4e-3)
    # Another ball behind it, that is exempt from the planes of the scene.
    both = rw.Scene(
        [ball, whole], emitters=[SKY], camera=ABOVE, clip=[rw.Plane((0, 0, -9), (0, 0, 1))]
    )
    assert seen_area(both) == pytest.approx(np.pi, abs=4e-3)


def test_the_volume_of_a_spherical_cap_by_depths():
    # The mean thickness of what is left, seen from both sides: closed form pi h^2 (3 r - h) / 3.
    height = 0.7
    cap = rw.Sphere((0, 0, 0), 1, clip=[rw.Plane((0, 0, 1 - height), (0, 0, -1))], caps=True)
    back = ABOVE.replace(look_from=(0, 0, -5))
    thickness = 0.0
    for camera in (ABOVE, back):
        scene = rw.Scene([cap], camera=camera)
        depth = rw.render(scene, width=160, height=160, spp=16, integrator="depth", alpha=True)
        covered = depth.alpha.astype(float)
        thickness = thickness + (5.0 * covered - depth.pixels[..., 0])
    volume = thickness.mean() * 2.4**2
    assert volume == pytest.approx(np.pi * height**2 * (3 - height) / 3, rel=3e-3)


def room(cut):
    """A box on a floor under a lamp; a plane cuts the box and the lamp only, or it is made so."""
    beyond = 1.5 if cut else 0.0
    plane = [rw.Plane((0.2, 0, 0), (1, 0, 0))] if cut else None
    green, brown = rw.Diffuse((0.4, 0.7, 0.3)), rw.Diffuse((0.7, 0.6, 0.5))
    shapes = [
        rw.Quad((-2, -0.01, 2), (4, 0, 0), (0, 0, -4), material=brown, clip=()),
        rw.Box((-0.5 + beyond / 2, 0.5, 0), (1.4 + beyond, 1.0, 0.8), material=green, clip=plane),
        rw.Quad((-1, 2.5, -0.5), (1.2 + beyond, 0, 0), (0, 0, 1), emission=6, clip=plane),
    ]
    camera = rw.PerspectiveCamera(look_from=(1.5, 1.8, 4), look_at=(0, 0.5, 0), vfov=50)
    return rw.Scene(shapes, emitters=[SKY], camera=camera, caps=True)


@pytest.mark.parametrize("integrator", ["path", "bdpt", "volpath"])
def test_a_cut_box_and_lamp_are_as_if_they_were_made_so(integrator):
    options = {"width": 12, "height": 10, "integrator": integrator, "max_depth": 5}
    a, b = (render_batches(room(cut), 32, 64, seed=3 + cut, **options) for cut in (False, True))
    assert check_batches(a, b) > LEVEL


BODIES = {
    "box": rw.Box((0.5, 0.5, 0.5), (1, 1, 1)),
    "mesh": CUBE.replace(vertices=CUBE.vertices * 0.5 + 0.5),
    "copies": rw.Instances(CUBE.replace(vertices=CUBE.vertices * 0.5 + 0.5), [np.eye(4)]),
    "cylinder": rw.Cylinder((0.5, 0, 0.5), (0.5, 1, 0.5), 0.5, caps=True),
    "ball": rw.Sphere((0.5, 0.5, 0.5), 0.5),
}
FLOORS = {
    "quad": rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6)),
    "mesh": rw.Mesh([(-3, 0, 3), (3, 0, 3), (3, 0, -3), (-3, 0, -3)], [(0, 1, 2), (0, 2, 3)]),
    "box": rw.Box((0, -1, 0), (6, 2, 6)),
    "cylinder": rw.Cylinder((0, -1, 0), (0, 0, 0), 4, caps=True),
}


def depth_of(*shapes, **options):
    camera = rw.PerspectiveCamera(look_from=(3, 2.2, 4), look_at=(0.4, 0.3, 0.3), vfov=40)
    scene = rw.Scene(shapes, camera=camera, **options)
    depth = rw.render(scene, width=40, height=32, spp=1, integrator="depth").pixels[..., 0]
    return np.where(depth > 0.0, depth, np.inf)


@pytest.mark.parametrize(
    ("body", "floor"),
    [("box", "quad"), ("mesh", "box"), ("copies", "mesh"), ("cylinder", "box"), ("ball", "quad"),
     ("mesh", "cylinder")],
)  # fmt: skip
def test_a_floor_is_there_where_what_stood_on_it_is_cut_away(body, floor):
    plane = [rw.Plane((0.5, 0.3, 0.2), (1, 0.2, 0.4))]
    whole = FLOORS[floor].replace(clip=())
    for caps in (False, True):
        closing = {} if body == "cylinder" else {"caps": caps}
        cut = BODIES[body].replace(clip=plane, **closing)
        alone, other = depth_of(whole), depth_of(cut)
        np.testing.assert_allclose(depth_of(whole, cut), np.minimum(alone, other), rtol=1e-5)
        # The plane of the scene is the same to it.
        by_scene = depth_of(whole, BODIES[body].replace(**closing), clip=plane)
        np.testing.assert_allclose(by_scene, np.minimum(alone, other), rtol=1e-5)
    # Cut from above, by a plane in which a face of the one that is kept lies: nothing is lost.
    above = [rw.Plane((0, 0, 0), (0, 1, 0))]
    sunk = BODIES[body].replace(clip=above)
    np.testing.assert_allclose(depth_of(whole, sunk), alone, rtol=1e-5)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_caps_are_closed_on_a_floor_that_is_kept(seed):
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, 2 * np.pi)
    plane = rw.Plane(rng.uniform(-0.4, 0.4, 3), (np.cos(turn), rng.uniform(-1, 1), np.sin(turn)))
    floor = rw.Box((0, -2, 0), (8, 2, 8), clip=())
    body = CUBE.replace(clip=[plane], caps=True)
    beside = rw.Sphere((0, 0, 0), 1, clip=[rw.Plane((0, 0, 0), (0, 0.2, 1))], caps=True)
    direction = rng.normal(size=3)
    direction[1] = abs(direction[1])
    camera = ABOVE.replace(look_from=8 * direction / np.linalg.norm(direction), height=4)
    scene = rw.Scene([floor, body, beside], camera=camera)
    normals = rw.render(scene, width=24, height=24, spp=1, integrator="normals", alpha=True)
    covered = normals.alpha == 1
    facing = (2 * normals.pixels - 1) @ camera.frame().forward
    assert (facing[covered] < 1e-3).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_ray_sees_the_inside_of_a_capped_shape(seed):
    rng = np.random.default_rng(seed)
    planes = [rw.Plane(rng.uniform(-0.5, 0.5, 3), rng.normal(size=3)) for _ in range(2)]
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    matrix = np.eye(4)
    matrix[:3, :3] = turn * np.sign(np.linalg.det(turn))
    cube = CUBE.replace(clip=planes[:1], caps=True)
    shapes = [
        rw.Instances(CUBE, [matrix], clip=planes, caps=True),
        rw.Sphere(rng.uniform(-1, 1, 3), 0.8, clip=planes[1:], caps=True),
        cube.replace(vertices=CUBE.vertices * 0.4 + rng.uniform(-1, 1, 3)),
    ]
    direction = rng.normal(size=3)
    camera = ABOVE.replace(look_from=8 * direction / np.linalg.norm(direction), height=4)
    scene = rw.Scene(shapes, camera=camera)
    # Seen from outside, a front side faces the camera: normals are those of the outside.
    normals = rw.render(scene, width=24, height=24, spp=1, integrator="normals", alpha=True)
    covered = normals.alpha == 1
    facing = (2 * normals.pixels - 1) @ camera.frame().forward
    # Caps lie in planes, whose normals point away from what is kept.
    assert (facing[covered] < 1e-3).all()


GRAY = rw.ColorMap("viridis", limits=(-1, 1))


def expected_bytes(values):
    return np.round(255 * encode_srgb(GRAY.evaluate(values)))


def check_colors(scene, value_at, integrator):
    """Pictures from near by show the map's colours, to one step of 8 bits."""
    for x, y in ((0.31, -0.22), (-0.7, 0.45), (0.93, 0.93)):
        camera = ABOVE.replace(look_from=(x, y, 5), look_at=(x, y, 0), height=0.05)
        image = rw.render(
            scene.replace(camera=camera), width=16, height=16, spp=4, integrator=integrator
        )
        found = image.to_uint8(curve="srgb").astype(int)
        steps = ((np.arange(16) + 0.5) / 16 - 0.5) * 0.05
        values = value_at(*np.meshgrid(x + steps, y - steps))
        # Within a pixel two entries of the map may meet.
        near = [expected_bytes(values + by) for by in (-2e-3, 0.0, 2e-3)]
        assert (found >= np.min(near, axis=0) - 1).all()
        assert (found <= np.max(near, axis=0) + 1).all()


def places():
    across = (np.arange(24) + 0.5) * 2.4 / 24 - 1.2
    return np.meshgrid(across, -across)


def test_values_inside_of_a_mesh_are_linear_where_those_on_it_are():
    values = CUBE.vertices @ (0.6, 0.3, 0.1)
    mesh = CUBE.replace(values=values, colormap=GRAY, unlit=1.0)
    scene = rw.Scene([mesh], camera=ABOVE, clip=[rw.Plane((0, 0, 0.25), (0, 0, 1))], caps="values")

    def expected(x, y):
        return 0.6 * x + 0.3 * y + 0.025

    for integrator in ("path", "volpath"):
        check_colors(scene, expected, integrator)
    alone = rw.Scene([mesh.replace(clip=scene.clip, caps="values")], camera=ABOVE)
    check_colors(alone, expected, "path")


def test_the_cut_of_a_volume_shows_its_numbers():
    grid = np.mgrid[-1:1:17j, -1:1:17j, -1:1:17j]
    field = 0.7 * grid[0] - 0.2 * grid[1]
    for precision in ("half", "single"):
        volume = rw.Volume(
            field,
            spacing=1 / 8,
            origin=(-1, -1, -1),
            unlit=1.0,
            precision=precision,
            transfer=rw.TransferFunction(GRAY, density=0.0),
        )
        plane = rw.Plane((0, 0, 0.3), (0, 0, 1))
        scene = rw.Scene([volume], camera=ABOVE, clip=[plane], caps="values")
        check_colors(scene, lambda x, y: 0.7 * x - 0.2 * y, "volpath")
        x, y = places()
        inside = np.maximum(np.abs(x), np.abs(y)) < 0.95
        aov = rw.render(scene, width=24, height=24, spp=1, aovs=["value"]).aovs["value"]
        np.testing.assert_allclose(aov[inside], (0.7 * x - 0.2 * y)[inside], atol=2e-4)


def test_the_cut_of_a_volume_of_colours_gives_off_its_share():
    colors = np.full((4, 4, 4, 4), (0.1, 0.4, 0.7, 1.0))
    volumes = [
        rw.Volume(
            colors, spacing=0.25, origin=(x, -0.375, -0.375), unlit=share,
            transfer=rw.TransferFunction(density=0.0),
        )
        for x, share in ((-1.0, 0.25), (0.2, 1.0))
    ]  # fmt: skip
    cut = {"clip": [rw.Plane((0, 0, 0.1), (0, 0, 1))], "caps": "values"}
    dark = rw.Scene(volumes, camera=ABOVE, **cut)
    sky = dark.replace(emitters=[rw.ConstantEnvironment(1.0)])
    options = {"width": 24, "height": 24, "spp": 16, "integrator": "volpath"}
    for scene, shares in ((dark, (0.25, 1.0)), (sky, (1.0, 1.0))):
        row = rw.render(scene, **options).pixels[12]
        for at, share in zip((5, 17), shares, strict=True):
            np.testing.assert_allclose(row[at], share * colors[0, 0, 0, :3], rtol=2e-3)


def test_holes_of_a_volume_have_no_cut():
    field = np.zeros((4, 4, 4))
    field[:2] = np.nan
    volume = rw.Volume(field, spacing=0.5, origin=(-0.75,) * 3, unlit=1.0,
                       transfer=rw.TransferFunction(density=0.0))  # fmt: skip
    scene = rw.Scene([volume], camera=ABOVE, clip=[rw.Plane((0, 0, 0.1), (0, 0, 1))], caps="values")
    seen = rw.render(scene, width=24, height=24, spp=1, alpha=True).alpha
    assert seen[12, 4:10].max() == 0
    assert seen[12, 16:21].min() == 1


def test_colours_of_tubes_and_arrows():
    line = np.array([(-1, 0, 0), (1, 0, 0)], float)
    above = line + np.array([0, 0.8, 0])
    ends = np.array([(0.1, 0.8, 0.2), (0.9, 0.2, 0.4)])
    tubes = rw.Tubes([line, above], radius=0.2, colors=np.concatenate([ends, ends]))
    scene = rw.Scene([tubes], camera=ABOVE)
    options = {"width": 24, "height": 24, "spp": 256, "integrator": "albedo"}
    row = rw.render(scene, **options).pixels[12]
    x, _ = places()
    share = np.clip(x[12] / 2 + 0.5, 0, 1)[:, None]
    inside = np.abs(x[12]) < 0.95
    expected = ends[0] * (1 - share) + ends[1] * share
    np.testing.assert_allclose(row[inside], expected[inside], atol=4e-3)
    by_line = rw.Tubes([line, above], radius=0.2, colors=ends)
    picture = rw.render(scene.replace(shapes=[by_line]), **options).pixels
    np.testing.assert_allclose(picture[12, 12], ends[0], rtol=1e-5)
    np.testing.assert_allclose(picture[4, 12], ends[1], rtol=1e-5)
    arrows = rw.Arrows(line[:1], [(2, 0, 0)], scale=1, shaft_radius=0.1, colors=ends[1:])
    picture = rw.render(scene.replace(shapes=[arrows]), **options).pixels
    np.testing.assert_allclose(picture[12, [6, 17]], [ends[1], ends[1]], rtol=1e-5)
    with pytest.raises(rw.SceneError, match="colors or values, not both"):
        tubes.replace(values=np.zeros(4))
    with pytest.raises(rw.SceneError, match=r"colors\[1\] must be 2 colours"):
        tubes.replace(colors=[ends, ends[:1]])
