"""What must not matter: the size of a scene, and where it stands and looks."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from significance import LEVEL, check_means, picture_statistics

import raywidget as rw
from raywidget import transforms as tf
from raywidget.engine.film.tiles import Tile
from raywidget.engine.renderer import Renderer
from raywidget.engine.settings import RenderSettings

pytestmark = pytest.mark.statistical

SMALL = {"width": 20, "height": 15}


def moved(scene, matrix):
    """A scene of quads, spheres and meshes, all turned, scaled alike and shifted; no sky."""
    size = float(np.cbrt(np.linalg.det(matrix[:3, :3])))

    def point(p):
        return tf.apply(matrix, p)

    def vector(v):
        return tf.apply(matrix, v) - tf.apply(matrix, np.zeros(3))

    shapes = []
    for shape in scene.shapes:
        if isinstance(shape, rw.Sphere):
            changes = {"center": point(shape.center), "radius": shape.radius * size}
        elif isinstance(shape, rw.Quad):
            changes = {"origin": point(shape.origin)}
            changes |= {name: vector(getattr(shape, name)) for name in ("edge_u", "edge_v")}
        elif isinstance(shape, rw.Mesh):
            changes = {"vertices": point(shape.vertices.astype(float))}
            if shape.normals is not None:
                changes["normals"] = vector(shape.normals)
        else:
            changes = {"transforms": matrix @ shape.transforms}
        shapes.append(shape.replace(name=None, **changes))
    camera = scene.camera
    camera = camera.replace(
        look_from=point(camera.look_from),
        look_at=point(camera.look_at),
        up=vector(camera.up),
        aperture_radius=camera.aperture_radius * size,
    )
    return scene.replace(shapes=shapes, camera=camera)


def room():
    """Some of everything, in a closed room."""
    trianglemesh = rw.presets.trianglemesh()
    mesh = next(s for s in trianglemesh.shapes if isinstance(s, rw.Mesh))
    mesh = mesh.replace(
        material=rw.Metal((0.9, 0.6, 0.3), 0.6), normals=mesh.vertices - (1.5, 1, 0)
    )
    corners = rw.Mesh(
        [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (1, 2, 3)]
    )
    matrices = [tf.translate(x, 0.1, 1.5) @ tf.rotate_xyz(10, 50 * x, 0) for x in (-1.5, 0.2)]
    board = rw.Checkerboard(0.8, (0.2, 0.3, 0.6), scale=6)
    return rw.Scene(
        [
            rw.Quad((-4, 0, 4), (8, 0, 0), (0, 0, -8), material=rw.Diffuse(board)),
            rw.Sphere((0, 0, 0), 12, material=rw.Diffuse(0.5), flip_normals=True),
            rw.Sphere((-1.2, 1, 0), 1, material=rw.Diffuse((0.7, 0.2, 0.2))),
            mesh,
            rw.Instances(corners, matrices),
            rw.Quad((-2, 4, -2), (4, 0, 0), (0, 0, 3), emission=(6, 5, 4)),
        ],
        camera=rw.PerspectiveCamera(
            look_from=(0, 2.5, 7), look_at=(0, 0.8, 0), vfov=35, aperture_radius=0.05
        ),
    )


@pytest.fixture(scope="module")
def reference():
    return picture_statistics(room(), max_depth=6, seed=1, per_batch=96, **SMALL)


@pytest.mark.parametrize(
    "matrix",
    [
        tf.rotate_xyz(30, 70, -110),
        tf.rotate(180, (1, 0, 0)) @ tf.translate(3, 100, -20),
        tf.rotate_xyz(200, 10, 5) @ tf.scale(1000),
        tf.translate(0.01, 0.02, 0) @ tf.rotate_xyz(-20, -10, 5) @ tf.scale(1e-3),
    ],
    ids=["turned", "upside down", "large", "small"],
)
def test_where_a_scene_stands_and_how_large_it_is(reference, matrix):
    picture = picture_statistics(moved(room(), matrix), max_depth=6, seed=2, per_batch=96, **SMALL)
    assert check_means(reference, picture) > LEVEL


# --- Extremes -------------------------------------------------------------------------------------


def drawn(scene, **settings):
    """A small picture, and how many samples in it were not finite."""
    chosen = RenderSettings(width=10, height=8, spp=4, max_depth=8, **settings)
    sums = np.zeros((8, 10, 3))
    done = Renderer(scene, chosen).render(Tile(0, 0, 0, 10, 8), 0, 4, sums, np.zeros(1, np.uint8))
    return sums, done.dropped


SIZES = st.floats(-3, 6).map(lambda e: 10.0**e)
TURNS = st.tuples(*[st.floats(-180, 180)] * 3)
SHIFTS = st.tuples(*[st.floats(-100, 100)] * 3)


@given(size=SIZES, turn=TURNS, shift=SHIFTS)
@example(size=1e6, turn=(0.0, 0.0, 0.0), shift=(100.0, 100.0, 100.0))
@example(size=1e-3, turn=(45.0, 0.0, 90.0), shift=(0.0, 0.0, 0.0))
@settings(max_examples=40)
def test_no_numbers_get_lost_at_any_size(size, turn, shift):
    matrix = tf.scale(size) @ tf.translate(*shift) @ tf.rotate_xyz(*turn)
    sums, dropped = drawn(moved(room(), matrix))
    assert dropped == 0
    assert np.isfinite(sums).all()
    assert sums.mean() > 0.1  # the lamp is found


@given(size=SIZES, turn=TURNS, shift=SHIFTS, round_=st.booleans())
@settings(max_examples=40)
def test_no_light_leaks_out_of_a_closed_room(size, turn, shift, round_):
    # From within nothing is seen of a sky of a million, though the room's edges only touch.
    matrix = tf.scale(size) @ tf.translate(*shift) @ tf.rotate_xyz(*turn)
    if round_:
        walls = [rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(1), flip_normals=True)]
    else:
        corners = [(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
        faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1)]
        faces += [(2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3)]
        walls = [rw.Mesh(corners, faces, material=rw.Diffuse(1))]
    thing = rw.Sphere((0.3, -0.6, 0.2), 0.4, material=rw.Diffuse(1))
    camera = rw.PerspectiveCamera(look_from=(-0.5, 0.3, 0.6), look_at=(0, 0, 0), vfov=80)
    scene = moved(rw.Scene([*walls, thing], camera=camera), matrix)
    sums, dropped = drawn(scene.replace(emitters=[rw.ConstantEnvironment(1e6)]))
    assert dropped == 0
    assert sums.max() == 0.0


def without_area(radiance):
    """Triangles that are points or lines: lamps where a corner is repeated, so no turn opens them.

    Three corners on a line are matte only: rounding may give them an area, and light with it.
    """
    corners = [(-1.5, 0.2, 0), (1.5, 0.2, 0), (0, 0.2, 0), (0, 0.2, 1e-7), (0.5, -0.3, 0.8)]
    lamps = [(0, 0, 0), (0, 1, 1), (4, 4, 2), (2, 3, 2)]
    lines = [(0, 1, 2), (0, 2, 3)]
    return [
        rw.Mesh(corners, lamps, material=rw.Diffuse(1), emission=radiance),
        rw.Mesh(corners, lines, material=rw.Diffuse(1)),
    ]


@given(size=SIZES, turn=TURNS, shift=SHIFTS, roughness=st.sampled_from([0.0, 0.1, 0.7]))
@example(size=1e-3, turn=(0.0, 0.0, 0.0), shift=(0.0, 0.0, 0.0), roughness=0.0)
@example(size=1e6, turn=(10.0, 20.0, 30.0), shift=(100.0, 0.0, -100.0), roughness=0.1)
@settings(max_examples=40)
def test_no_sample_is_too_bright_for_a_camera_inside_glass(size, turn, shift, roughness):
    # Under a sky of 1 nothing in glass may look brighter than eta^2 (Veach 1997, 5.2), and no
    # sample does, as nothing is divided by a chance: a firefly would be a wrong offset, or a
    # density of rounding. Lamps without area stand in the way and give no light, be it a million.
    matrix = tf.scale(size) @ tf.translate(*shift) @ tf.rotate_xyz(*turn)
    ior = 1.5
    shapes = [
        rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(ior, roughness=roughness)),
        rw.Sphere((0.4, 0.1, -0.2), 0.3, material=rw.Diffuse(1)),
        rw.Sphere((-0.4, 0, 0), 0.2, material=rw.Dielectric(ior), flip_normals=True),
        *without_area(1e6),
    ]
    camera = rw.PerspectiveCamera(look_from=(0, 0.1, 0.9), look_at=(0, 0, 0), vfov=100)
    scene = moved(rw.Scene(shapes, camera=camera), matrix)
    sums, dropped = drawn(scene.replace(emitters=[rw.ConstantEnvironment(1)]), roulette=False)
    assert dropped == 0
    assert np.isfinite(sums).all()
    assert sums.max() <= 4 * ior**2 * 1.001
    assert sums.mean() > 1.0
