"""Edges on surfaces cover the areas that they should, for all cameras and integrators."""

import numpy as np
import pytest

import raywidget as rw

pytestmark = pytest.mark.statistical

CELLS, PIXELS = 4, 64
CELL = PIXELS / CELLS  # pixels
SKY = rw.ConstantEnvironment(1)
HALF = np.degrees(np.arctan(1 / 5))
CAMERAS = {
    "perspective": rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=2 * HALF),
    "orthographic": rw.OrthographicCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), height=2),
}


def squares(scale=1.0, whole=True, **parameters):
    """A board of squares from -1 to 1, of two triangles each."""
    line = np.linspace(-scale, scale, CELLS + 1)
    vertices = [(x, y, 0) for y in line for x in line]
    corners = [j * (CELLS + 1) + i for j in range(CELLS) for i in range(CELLS)]
    up = CELLS + 1
    faces = [face for a in corners for face in ((a, a + 1, a + up + 1), (a, a + up + 1, a + up))]
    if whole:
        parameters["polygons"] = np.repeat(np.arange(CELLS**2), 2)
    return rw.Mesh(vertices, faces, **parameters)


def covered(shape, camera, integrator="albedo", size=(PIXELS, PIXELS)):
    """The share of a picture that white edges on a black thing cover."""
    scene = rw.Scene([shape], emitters=[SKY], camera=camera)
    image = rw.render(
        scene, width=size[0], height=size[1], spp=16, integrator=integrator, filter="box"
    )
    return float(image.pixels[..., 0].astype(np.float64).mean())


def drawn(width=2.0, **more):
    return {"edges": rw.Edges(width, (1, 1, 1), **more), "material": rw.Diffuse(0)}


EXPECTED = 1 - ((CELL - 2) / CELL) ** 2


@pytest.mark.parametrize("integrator", ["albedo", "path", "direct", "bdpt", "volpath"])
@pytest.mark.parametrize("camera", ["perspective", "orthographic"])
def test_edges_of_squares(camera, integrator):
    if (camera, integrator) == ("orthographic", "bdpt"):
        camera = "perspective"
    share = covered(squares(**drawn()), CAMERAS[camera], integrator)
    assert share == pytest.approx(EXPECTED, abs=1e-6)  # lines end where pixels do


@pytest.mark.parametrize("camera", ["perspective", "orthographic"])
def test_edges_of_copies_are_as_wide(camera):
    stretched = np.diag([2.0, 4.0, 1.0, 1.0])
    small = squares(0.5, **drawn())
    tall = rw.Instances(small, [stretched @ rw.transforms.scale(1, 0.5, 1)])
    assert covered(tall, CAMERAS[camera]) == pytest.approx(EXPECTED, abs=1e-6)


def test_widths_in_units_of_the_scene():
    board = squares(**drawn(2 / 32, units="scene"))
    assert covered(board, CAMERAS["orthographic"]) == pytest.approx(EXPECTED, abs=1e-6)
    far = np.array([1e6, -2e6, 5e5])  # where float32 counts in eighths
    moved = rw.Mesh(board.vertices.astype(float) + far, board.faces, polygons=board.polygons,
                    **drawn(2 / 32, units="scene"))  # fmt: skip
    camera = CAMERAS["orthographic"].replace(look_from=far + np.array([0, 0, 5]), look_at=far)
    assert covered(moved, camera) == pytest.approx(EXPECTED, rel=1e-3)


def test_triangles_show_their_diagonals():
    share = covered(squares(whole=False, **drawn()), CAMERAS["orthographic"])
    leg = CELL - 2 - np.sqrt(2)  # what is left of each triangle
    assert share == pytest.approx(1 - (leg / CELL) ** 2, abs=2e-3)


def test_what_is_narrower_than_a_pixel_covers_a_share_of_it():
    share = covered(squares(**drawn(0.5)), CAMERAS["orthographic"])
    assert share == pytest.approx(0.5 * (1 - ((CELL - 1) / CELL) ** 2), rel=0.05)


def test_a_tilted_board_has_lines_as_wide():
    # Turned about x by 60 degrees: half as high, the lines across it as wide as before.
    tilt = rw.Instances(squares(**drawn()), [rw.transforms.rotate(60, (1, 0, 0))])
    share = covered(tilt, CAMERAS["orthographic"])
    expected = 0.5 * (1 - (CELL - 2) / CELL * (CELL / 2 - 2) / (CELL / 2))
    assert share == pytest.approx(expected, abs=1e-5)  # half-way between samples


@pytest.mark.parametrize("shape", [
    rw.Quad((-1, -1, 0), (2, 0, 0), (0, 2, 0), **drawn(4)),
    rw.Box((0, 0, -1), (2, 2, 2), **drawn(4)),
    squares(**drawn(4, feature_angle=20)),
])  # fmt: skip
def test_outlines(shape):
    share = covered(shape, CAMERAS["orthographic"])
    expected = 1 - (60 / 64) ** 2
    assert share == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("camera", ["perspective", "orthographic"])
@pytest.mark.parametrize("copied", [False, True])
def test_lines_beside_diagonals_of_long_polygons_are_whole(camera, copied):
    # Eight strips, sixteen times as long as high: their diagonals are close to their sides.
    ends = [(x, y, 0) for y in np.linspace(-1, 1, 9) for x in (-1, 1)]
    faces = [f for k in range(0, 16, 2) for f in ((k, k + 1, k + 3), (k, k + 3, k + 2))]
    strips = rw.Mesh(ends, faces, polygons=np.repeat(np.arange(8), 2), **drawn(4))
    if copied:
        half = strips.replace(vertices=0.5 * strips.vertices)
        strips = rw.Instances(half, [rw.transforms.scale(2, 2, 2)])
    share = covered(strips, CAMERAS[camera])
    assert share == pytest.approx(1 - 60 / 64 * 4 / 8, abs=1e-6)


def test_an_outline_of_a_fan_is_as_wide_everywhere():
    turns = np.arange(12) * np.pi / 6
    vertices = np.column_stack([np.cos(turns), np.sin(turns), 0 * turns])
    faces = [(0, k, k + 1) for k in range(1, 11)]
    fan = rw.Mesh(vertices, faces, polygons=np.zeros(10, int), **drawn(6))
    share = covered(fan, CAMERAS["orthographic"], size=(256, 256))
    inner = np.cos(np.pi / 12) - 3 / 128  # of the circle within, less half a line
    area = 12 * np.tan(np.pi / 12)
    assert share == pytest.approx(area * (np.cos(np.pi / 12) ** 2 - inner**2) / 4, rel=2e-3)


def test_unlit_values_have_unlit_edges():
    values = np.full(32, 0.5)
    board = squares(values=values, colormap=rw.ColorMap("gray", limits=(0, 1)), unlit=1.0,
                    edges=rw.Edges(2, (0.25, 0.5, 0.75)))  # fmt: skip
    scene = rw.Scene([board], camera=CAMERAS["orthographic"])  # no light at all
    image = rw.render(scene, width=PIXELS, height=PIXELS, spp=4, integrator="path", filter="box")
    np.testing.assert_allclose(image.pixels[0, 5], (0.25, 0.5, 0.75), rtol=1e-6)
    gray = image.pixels[8, 8]
    assert gray[0] == gray[1] == gray[2] == pytest.approx(0.2140, abs=2e-3)


def test_a_cap_has_no_edges():
    cube = rw.Box((0, 0, 0), (2, 2, 2), **drawn(4))
    scene = rw.Scene([cube], emitters=[SKY], camera=CAMERAS["orthographic"],
                     clip=[rw.Plane((0, 0, 0), (0, 0, 1))], caps=True)  # fmt: skip
    image = rw.render(scene, width=32, height=32, spp=4, integrator="albedo")
    assert image.pixels.max() == 0


def test_edges_are_those_of_the_whole_picture_in_a_coarse_one():
    from raywidget.engine.film.tiles import Tile
    from raywidget.engine.renderer import Renderer

    scene = rw.Scene([squares(**drawn())], emitters=[SKY], camera=CAMERAS["orthographic"])
    small = rw.RenderSettings(width=16, height=16, spp=64, integrator="albedo", filter="box")
    renderer = Renderer(scene, small, None, (PIXELS, PIXELS))
    sums = np.zeros((16, 16, 3))
    renderer.render(Tile(0, 0, 0, 16, 16), 0, 64, sums, np.zeros(1, np.uint8))
    # Lines of half a pixel there, drawn one wide: as dark, and in no pixel missed.
    shares = sums[..., 0] / 64
    assert shares.mean() == pytest.approx(0.5 * (1 - (12 / 16) ** 2), rel=0.1)
    assert shares[:, 0].min() > 0.1
