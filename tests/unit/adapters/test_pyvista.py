"""Data sets and plotters of PyVista, made by PyVista; VTK draws what pictures are held against."""

import numpy as np
import pytest
import pyvista
from matplotlib import colormaps
from matplotlib.colors import LogNorm, Normalize
from PIL import Image as PictureFile
from pyvista import examples
from vtkmodules.vtkCommonDataModel import vtkPlane
from vtkmodules.vtkRenderingCore import vtkViewport

import raywidget as rw
from raywidget.adapters import take
from raywidget.compiler.geometry.edges import mark_edges
from raywidget.io import building
from raywidget.picture.figure_elements import describe
from raywidget.scene.values.colors import encode_srgb
from raywidget.staging.studio import scene_of

WINDOW = (96, 64)
STEP = 1.01 * 2.4 / 255  # of 8 bits, in linear light


@pytest.fixture
def plotter():
    plotter = pyvista.Plotter(off_screen=True, window_size=WINDOW)
    yield plotter
    plotter.close()


def viridis(values):
    """Linear colours of numbers from the least to the greatest."""
    share = (values - values.min()) / np.ptp(values)
    row = np.minimum(share * 256, 255).astype(int)
    bytes_ = (colormaps["viridis"](np.arange(256) / 255)[row, :3] * 255).astype(np.uint8)
    return rw.decode_srgb(bytes_ / 255)


def volume_of(mesh):
    """Positive if all faces look outwards."""
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces].astype(float), 1, 0)
    return np.einsum("ij,ij->", a, np.cross(b, c)) / 6


# --- Data sets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "volume"),
    [
        (pyvista.Cube(), 1),
        (pyvista.ImageData(dimensions=(3, 4, 5)), 24),
        (pyvista.RectilinearGrid([0.0, 1, 3], [0.0, 2], [0.0, 1, 2]), 12),
        (pyvista.ImageData(dimensions=(2, 2, 2)).cast_to_structured_grid(), 1),
        (pyvista.ImageData(dimensions=(3, 2, 2)).cast_to_unstructured_grid(), 2),
        (examples.load_hexbeam(), 5),
    ],
    ids=lambda value: type(value).__name__,
)
def test_solids_are_seen_from_outside(data, volume):
    (mesh,) = rw.shapes_of(data)
    assert volume_of(mesh) == pytest.approx(volume, rel=1e-5)


def test_a_grid_with_hidden_cells():
    grid = examples.load_explicit_structured()
    (mesh,) = rw.shapes_of(grid)
    assert volume_of(mesh) == pytest.approx(grid.volume, rel=1e-5)


def test_active_scalars_are_coloured_as_pyvista_plots_them():
    ball = pyvista.Sphere(theta_resolution=12, phi_resolution=9)
    (plain,) = rw.shapes_of(ball)
    assert plain.colors is None
    assert plain.shown is None
    ball["height"] = ball.points[:, 2]
    (mesh,) = rw.shapes_of(ball)
    np.testing.assert_array_equal(mesh.shown.numbers.array, ball["height"])
    np.testing.assert_allclose(mesh.shown.colors(), viridis(ball["height"]), atol=STEP)
    assert take(ball).notes == ("coloured by 'height': viridis from -0.5 to 0.5",)
    ball.cell_data["number"] = np.arange(ball.n_cells, dtype=float)
    ball.set_active_scalars("number", preference="cell")
    (mesh,) = rw.shapes_of(ball)
    assert mesh.show == "number"
    assert list(mesh.quantities) == ["height", "number"]
    assert mesh.shown.numbers.on == "faces"
    np.testing.assert_array_equal(mesh.shown.numbers.array, ball["number"])
    # Of vectors the length, as PyVista has it; what is not a number is dark grey.
    ball["vectors"] = ball.points * np.linspace(1, 2, ball.n_points)[:, None]
    ball["vectors"][3] = np.nan
    ball.set_active_scalars("vectors")
    (mesh,) = rw.shapes_of(ball)
    length = np.linalg.norm(ball["vectors"], axis=1)
    good = np.isfinite(length)
    # Rounding may lead to the next of 256 colours.
    np.testing.assert_allclose(mesh.shown.colors(good), viridis(length[good]), atol=3 * STEP)
    np.testing.assert_allclose(mesh.shown.colors([3])[0], rw.Diffuse("darkgray").color, atol=1e-6)
    assert list(mesh.quantities)[-3:] == ["vectors.x", "vectors.y", "vectors.z"]
    np.testing.assert_allclose(mesh.quantities["vectors.y"], ball["vectors"][:, 1], rtol=1e-6)


def test_cells_with_many_corners_colour_all_their_triangles():
    beam = examples.load_hexbeam()
    beam.set_active_scalars("sample_cell_scalars", preference="cell")
    (mesh,) = rw.shapes_of(beam)
    at = mesh.vertices[mesh.faces].mean(axis=1)
    expected = viridis(beam["sample_cell_scalars"])[
        [beam.find_closest_cell(p) for p in at.astype(float)]
    ]
    inner = np.abs(mesh.shown.colors() - expected).max(axis=1)
    assert np.mean(inner < STEP) > 0.95  # some centres lie on an edge of two cells


def test_the_map_of_the_users_theme(monkeypatch):
    ball = pyvista.Sphere()
    ball["height"] = ball.points[:, 2]
    monkeypatch.setattr(pyvista.global_theme, "cmap", "gray")
    (mesh,) = rw.shapes_of(ball)
    colors = mesh.shown.colors()
    assert (np.ptp(colors, axis=1) == 0).all()
    assert colors.max() == pytest.approx(1)
    assert take(ball).notes == ("coloured by 'height': gray from -0.5 to 0.5",)


def test_arrays_that_nobody_can_show_are_left_out():
    ball = pyvista.Sphere()
    ball["nothing"] = np.full(ball.n_points, np.nan)
    ball["height"] = ball.points[:, 2]
    ball["words"] = np.array(["a"] * ball.n_points)
    ball.compute_normals(inplace=True)
    ball.cell_data["height"] = np.arange(ball.n_cells)
    ball.set_active_scalars("height", preference="point")
    (mesh,) = rw.shapes_of(ball)
    assert list(mesh.quantities) == ["height", "height (cells)"]
    ball.set_active_scalars("nothing")
    (mesh,) = rw.shapes_of(ball)
    assert mesh.shown is None
    assert take(ball).notes == ("'nothing' gives no colours: it has no finite number",)


def test_more_arrays_than_there_is_room_for(monkeypatch):
    ball = pyvista.Sphere(theta_resolution=12, phi_resolution=9)
    for name in "abcd":
        ball[name] = ball.points[:, 2]
    ball.set_active_scalars("c")
    monkeypatch.setattr(building, "MOST_NUMBERS", 2 * ball.n_points)
    (mesh,) = rw.shapes_of(ball)
    assert list(mesh.quantities) == ["c", "a", "b"]
    assert any("1 of its 4 arrays are not kept" in note for note in rw.studio(ball).notes)


def test_as_many_vertices_as_triangles():
    corners = pyvista.PolyData(np.eye(4)[:, :3], [3, 0, 1, 2, 3, 0, 1, 3, 3, 1, 2, 3, 3, 0, 2, 3])
    corners["height"] = np.arange(4.0)
    corners.cell_data["side"] = np.arange(4.0) + 7
    corners.set_active_scalars("side", preference="cell")
    (mesh,) = rw.shapes_of(corners)
    assert (mesh.per, list(mesh.quantities)) == ("faces", ["side"])
    assert mesh.shown.numbers.on == "faces"


def test_values_of_the_caller_take_the_place_of_its_own():
    ball = pyvista.Sphere()
    ball["height"] = ball.points[:, 2]
    scene = rw.studio(ball, values=ball.points[:, 0], colormap="gray", ground=False)
    (mesh,) = scene.shapes
    assert (mesh.shown.name, mesh.shown.colormap.colors) == ("values", "gray")
    np.testing.assert_array_equal(mesh.values, ball.points[:, 0])


def test_bytes_are_colours():
    ball = pyvista.Sphere()
    ball["paint"] = np.tile(np.array([255, 99, 71], np.uint8), (ball.n_points, 1))
    (mesh,) = rw.shapes_of(ball)
    np.testing.assert_allclose(mesh.colors[0], rw.Diffuse("tomato").color, atol=1e-6)
    assert take(ball).notes == ()


def test_lines_points_and_what_filters_make_of_them():
    line = pyvista.Spline(np.array([(0, 0, 0), (1, 0, 0), (1, 1, 1)], float), 20)
    tubes, joints = rw.shapes_of(line)
    assert len(tubes.starts) == 19
    assert len(joints.centers) == 20
    line.set_active_scalars("arc_length")
    (tubes,) = rw.shapes_of(line)
    assert len(tubes.segments) == 19
    assert len(tubes.points) == 20
    np.testing.assert_allclose(tubes.shown.numbers.array, line["arc_length"])
    assert volume_of(rw.shapes_of(line.tube(radius=0.1).triangulate())[0]) != 0
    cloud = pyvista.PolyData(np.eye(3))
    cloud.cell_data["number"] = [1.0, 2.0, 3.0]
    (balls,) = rw.shapes_of(cloud)
    assert balls.shown.numbers.array.tolist() == [1, 2, 3]
    ball = pyvista.Sphere(theta_resolution=6, phi_resolution=5)
    ball["arrows"] = ball.points
    (arrows,) = rw.shapes_of(ball.glyph(orient="arrows", scale=False, factor=0.1))
    assert len(arrows.faces) > 10 * ball.n_points
    segments = pyvista.line_segments_from_points(np.arange(12.0).reshape(4, 3))
    segments.cell_data["number"] = [0.0, 1.0]
    (tubes,) = rw.shapes_of(segments)
    assert tubes.shown.numbers.array.tolist() == [0, 0, 1, 1]


def test_streamlines_and_slices():
    grid = pyvista.ImageData(dimensions=(8, 8, 8), origin=(-1, -1, -1), spacing=(2 / 7,) * 3)
    points = grid.points
    grid["flow"] = np.column_stack([-points[:, 1], points[:, 0], np.full(len(points), 0.3)])
    grid.set_active_vectors("flow")
    ways = grid.streamlines(n_points=10, source_radius=0.6)
    (tubes,) = rw.shapes_of(ways)
    assert len(tubes.segments) > 50
    assert len(tubes.polylines) <= 20  # what belongs together is one line
    (cut,) = rw.shapes_of(grid.slice("x"))
    assert cut.area() == pytest.approx(4, rel=1e-5)
    assert len(rw.shapes_of(grid.slice_orthogonal())) == 3


def test_groups_and_empty_blocks():
    group = pyvista.MultiBlock(
        {
            "ball": pyvista.Sphere(),
            "nothing": None,
            "inner": pyvista.MultiBlock({"box": pyvista.Cube(), "empty": pyvista.PolyData()}),
        }
    )
    ball, box = rw.shapes_of(group)
    assert (len(ball.faces), len(box.faces)) == (1680, 12)
    for empty in (pyvista.PolyData(), pyvista.MultiBlock(), pyvista.UnstructuredGrid()):
        with pytest.raises(rw.SceneError, match="there is nothing to show"):
            rw.shapes_of(empty)
    with pytest.raises(rw.SceneError, match="a Table can't be shown"):
        rw.shapes_of(pyvista.Table(np.eye(3)))


# --- Plotters: pictures ---------------------------------------------------------------------------


def masks(plotter):
    """Where something is seen: here, and in VTK's own picture."""
    plotter.disable_anti_aliasing()
    scene = scene_of(plotter, WINDOW[0] / WINDOW[1])
    size = {"width": WINDOW[0], "height": WINDOW[1]}
    ours = rw.render(scene, **size, spp=1, aovs=["object_id"]).aovs["object_id"] >= 0
    plotter.set_background("white")
    theirs = (plotter.screenshot(return_img=True) != 255).any(axis=2)
    return ours, theirs


def near(mask):
    """Pixels that touch one of another kind."""
    found = np.zeros(mask.shape, bool)
    for shift in np.ndindex(3, 3):
        found |= np.roll(mask, np.subtract(shift, 1), (0, 1)) != mask
    return found


@pytest.mark.parametrize("way", ["unset", "iso", "moved", "parallel", "wide"])
def test_things_are_where_vtk_draws_them(plotter, way):
    """But for pixels at outlines, which one sample or VTK's rule give to one side or the other."""
    airplane = examples.load_airplane()
    plotter.add_mesh(airplane, color="blue")
    cube = plotter.add_mesh(pyvista.Cube(center=(500, 900, 0), x_length=200, y_length=300))
    cube.scale = (1, 1, 300)
    cube.rotate_z(20)
    if way == "iso":
        plotter.camera_position = "yz"
    elif way == "moved":
        plotter.camera_position = "xz"
        plotter.camera.azimuth = 30
        plotter.camera.roll += 25
        plotter.camera.zoom(1.3)
    elif way == "parallel":
        plotter.enable_parallel_projection()
        plotter.camera_position = "iso"
    elif way == "wide":
        plotter.camera_position = "xy"
        plotter.camera.view_angle = 75
        plotter.reset_camera()
    ours, theirs = masks(plotter)
    assert 150 < theirs.sum() < 0.8 * theirs.size
    assert abs(ours.sum() - theirs.sum()) < 0.1 * theirs.sum()
    assert not (ours ^ theirs)[~near(theirs)].any()
    assert (ours & theirs).sum() / (ours | theirs).sum() > 0.8


# --- Plotters: looks ------------------------------------------------------------------------------


def test_lookup_tables_ranges_and_what_lies_beyond(plotter):
    ball = pyvista.Sphere(theta_resolution=12, phi_resolution=9)
    values = ball.points[:, 2].copy()
    values[::7] = np.nan
    ball["v"] = values
    plotter.add_mesh(
        ball,
        cmap="coolwarm",
        clim=[-0.2, 0.2],
        nan_color="green",
        above_color="black",
        below_color="yellow",
        show_scalar_bar=False,
    )
    (mesh,) = rw.shapes_of(plotter)
    for rows, color in (
        (np.isnan(values), "green"),
        (values > 0.2001, "black"),
        (values < -0.2001, "yellow"),
    ):
        assert rows.any()
        expected = np.broadcast_to(rw.Diffuse(color).color, (rows.sum(), 3))
        np.testing.assert_allclose(mesh.shown.colors(rows), expected, atol=1e-6)
    inside = np.abs(values) < 0.1999
    share = (values[inside] + 0.2) / 0.4
    table = rw.decode_srgb(colormaps["coolwarm"](share)[:, :3])
    np.testing.assert_allclose(mesh.shown.colors(inside), table, atol=STEP)
    assert mesh.colormap["v"].colors == "coolwarm"


def test_cells_few_colours_and_logarithms(plotter):
    plane = pyvista.Plane(i_resolution=8, j_resolution=1)
    plane.cell_data["v"] = 10.0 ** np.arange(8)
    plotter.add_mesh(plane, cmap="viridis", log_scale=True, show_scalar_bar=False)
    (mesh,) = rw.shapes_of(plotter)
    expected = viridis(np.arange(8.0))
    assert mesh.shown.colormap.log
    np.testing.assert_allclose(mesh.shown.colors()[::2], expected, atol=STEP)
    plotter.clear()
    plotter.add_mesh(plane, n_colors=3, show_scalar_bar=False)
    (mesh,) = rw.shapes_of(plotter)
    assert len(np.unique(mesh.shown.colors(), axis=0)) <= 3
    assert mesh.colormap["v"].colors == "viridis"


def test_colours_as_numbers_and_as_bytes(plotter):
    ball = pyvista.Sphere()
    ball["paint"] = np.clip(ball.points + 0.5, 0, 1)
    plotter.add_mesh(ball, scalars="paint", rgb=True)
    (mesh,) = rw.shapes_of(plotter)
    np.testing.assert_allclose(mesh.colors, rw.decode_srgb(ball["paint"]), atol=0.01)


def test_materials(plotter):
    plotter.add_mesh(pyvista.Sphere(), color="tomato", opacity=0.25)
    plotter.add_mesh(
        pyvista.Cube(), color="gold", pbr=True, metallic=0.75, roughness=0.125, name="box"
    )
    plotter.add_mesh(pyvista.Cone(), color="white", specular=0.5, specular_power=30)
    plotter.add_mesh(pyvista.Cylinder(), color="blue", lighting=False)
    ball, box, cone, lamp = (shape.material for shape in rw.shapes_of(plotter))
    assert ball.color == pytest.approx(rw.Diffuse("tomato").color, rel=0.01)
    assert ball.opacity == 0.25
    assert (box.metallic, box.roughness) == (0.75, 0.125)
    assert rw.shapes_of(plotter)[1].name == "box"
    assert (cone.specular, cone.roughness) == (0.5, pytest.approx(0.5))
    assert isinstance(lamp, rw.Emissive)


def test_opacity_that_varies_goes_with_the_values(plotter):
    plane = pyvista.Plane()
    plane["v"] = plane.points[:, 0]
    plotter.add_mesh(plane, opacity="linear", show_scalar_bar=False, name="plane")
    (mesh,) = rw.shapes_of(plotter)
    assert mesh.material.opacity.attribute == "opacity by v"
    np.testing.assert_allclose(
        mesh.quantities["opacity by v"], plane.points[:, 0] + 0.5, atol=1.5 / 255
    )


def test_opacity_of_colours_is_their_mean(plotter):
    plane = pyvista.Plane()
    rgba = np.full((plane.n_points, 4), 255, np.uint8)
    rgba[: plane.n_points // 2, 3] = 0
    plane["paint"] = rgba
    plotter.add_mesh(plane, scalars="paint", rgba=True, name="plane")
    taken = take(plotter)
    assert taken.pieces[0].material.opacity == pytest.approx(0.5, abs=0.02)
    assert "plane: its opacity varies; all of it has the mean" in taken.notes[0]


def test_bars_have_the_titles_of_the_plotter(plotter):
    ball = pyvista.Sphere()
    ball["v"] = ball.points[:, 2]
    plotter.add_mesh(ball, scalar_bar_args={"title": "v / (m/s)"})
    (mesh,) = rw.shapes_of(plotter)
    bars = describe(scene_of(plotter, 1.5))["bars"]
    assert [(bar["label"], bar["low"], bar["high"]) for bar in bars] == [("v / (m/s)", -0.5, 0.5)]
    assert mesh.shown.colormap.bar
    plotter.clear()
    plotter.add_mesh(ball, show_scalar_bar=False)
    assert describe(scene_of(plotter, 1.5))["bars"] == []
    assert take(plotter).notes == ("coloured by 'v': viridis from -0.5 to 0.5",)


@pytest.mark.parametrize("log", [False, True])
def test_unlit_colours_are_matplotlibs(plotter, log):
    plane = pyvista.Plane(i_resolution=12, j_resolution=4, i_size=6, j_size=4)
    centers = plane.cell_centers().points
    values = 10.0 ** (centers[:, 0] + 0.007) if log else 0.2 * centers[:, 0] + 0.0007
    values[5] = np.nan
    plane.cell_data["v"] = values
    clim = [1e-2, 1e2] if log else [-0.4, 0.4]
    plotter.add_mesh(
        plane, lighting=False, cmap="plasma", log_scale=log, clim=clim, nan_color="red"
    )
    plotter.view_xy()
    image = rw.render(plotter, width=96, height=64, spp=1, aovs=["value"])
    seen = image.to_uint8()
    values = image.aovs["value"]
    there = ~near(np.nan_to_num(values, nan=-1.0))  # within a cell
    there &= np.isfinite(values)
    assert there.sum() > 100
    scale = (LogNorm if log else Normalize)(*clim, clip=True)
    expected = colormaps["plasma"](scale(values[there]), bytes=True)[:, :3]
    assert np.abs(seen[there].astype(int) - expected).max() <= 1


def test_textures(plotter):
    plane = pyvista.Plane(i_resolution=1, j_resolution=1)
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0] = 255  # above, on the left
    plotter.add_mesh(plane, texture=pyvista.Texture(pixels))
    (mesh,) = rw.shapes_of(plotter)
    above_left = mesh.uvs[np.argmax(mesh.vertices @ (-1, 1, 0))]
    picture = mesh.material.color
    assert picture.evaluate(np.abs(above_left - 0.25)).tolist() == [1, 1, 1]
    assert picture.evaluate(np.abs(above_left - (0.75, 0.25))).tolist() == [0, 0, 0]


def test_edges_wires_and_points(plotter):
    beam = examples.load_hexbeam()
    outside = 4 * 2 * 10 + 2 * 4  # quads: 2 x 10 on each side, 2 x 2 at the ends
    edges = 2 * outside  # each quad has four, each edge two quads
    plotter.add_mesh(beam, color="white", show_edges=True, edge_color="red", line_width=4)
    (mesh,) = rw.shapes_of(plotter)[:1]
    assert (mesh.edges.width, mesh.edges.color, mesh.edges.units) == (4, (1, 0, 0), "pixels")
    assert len(np.unique(mesh.polygons)) == outside
    marks = mark_edges(mesh.edges, mesh.vertices, mesh.faces, mesh.polygons).own
    assert np.unpackbits(marks[:, None] & 7, axis=1).sum() == 2 * edges
    scene = scene_of(plotter, 1.5)
    away = np.linalg.norm(np.subtract(scene.camera.look_at, scene.camera.look_from))
    pixel = 2 * away * np.tan(np.radians(scene.camera.vfov / 2)) / WINDOW[1]
    plotter.clear()
    plotter.add_mesh(beam, style="wireframe", scalars="sample_point_scalars")
    (tubes,) = rw.shapes_of(plotter)
    assert len(tubes.segments) == edges
    assert np.ptp(tubes.shown.colors()) > 0.5
    plotter.clear()
    plotter.add_mesh(beam, style="points", render_points_as_spheres=True, point_size=10)
    (balls,) = rw.shapes_of(plotter)
    assert len(balls.centers) == outside + 2  # by Euler's formula
    np.testing.assert_allclose(balls.radii, 5 * pixel, rtol=1e-5)
    assert mesh.name is None


def test_groups_with_colours_of_their_blocks(plotter):
    group = pyvista.MultiBlock({"ball": pyvista.Sphere(), "box": pyvista.Cube()})
    actor, mapper = plotter.add_composite(group)
    mapper.block_attr[1].color = "red"
    mapper.block_attr[2].visible = False
    (ball,) = rw.shapes_of(plotter)
    assert ball.material.color == (1, 0, 0)
    assert len(ball.faces) == 1680
    actor.visibility = False
    with pytest.raises(rw.SceneError, match="there is nothing to show"):
        rw.shapes_of(plotter)


def test_lights(plotter):
    plotter.add_mesh(pyvista.Sphere())
    scene = scene_of(plotter, 1.5)
    assert scene.environment.name == "soft"  # in place of the light kit
    plotter.add_light(pyvista.Light(position=(0, 0, 4), color="red", intensity=0.5))
    sun, around = scene_of(plotter, 1.5).emitters
    assert isinstance(around, rw.ConstantEnvironment)
    assert sun.direction == pytest.approx((0, 0, -4))
    assert sun.irradiance == pytest.approx((np.pi / 2, 0, 0))
    plotter.remove_all_lights()
    plotter.add_light(
        pyvista.Light(position=(0, 0, 4), cone_angle=20, positional=True, show_actor=False)
    )
    (spot,) = scene_of(plotter, 1.5).emitters
    assert spot.cone_angle == 20
    assert spot.intensity == pytest.approx((16 * np.pi,) * 3)  # as bright as 1 where it points


def test_backgrounds_and_what_is_left_out(plotter):
    plotter.add_mesh(pyvista.Sphere())
    plotter.set_background("#808080")
    assert scene_of(plotter, 1.5).background == pytest.approx(rw.Diffuse("#808080").color)
    plotter.set_background("black", top="white")
    plotter.add_volume(examples.load_uniform())
    scene = scene_of(plotter, 1.5)
    assert scene.notes == ()
    behind = encode_srgb(scene.background.frame(2, 101))
    np.testing.assert_allclose(behind[::50, 0, 0], (0.995, 0.5, 0.005), atol=3e-3)
    np.testing.assert_array_equal(behind[:, 0], behind[:, 1])
    modes = vtkViewport.GradientModes
    plotter.renderer.SetGradientMode(modes.VTK_GRADIENT_RADIAL_VIEWPORT_FARTHEST_CORNER)
    behind = scene_of(plotter, 1.5).background.frame(64, 64)
    assert behind[32, 32].max() < 0.01
    assert behind[0, 0].min() > 0.95
    assert behind[0, 0, 0] > behind[0, 32, 0] > behind[16, 32, 0]
    plotter.add_background_image(examples.mapfile, as_global=False)
    shown = scene_of(plotter, 1.5).background
    assert shown.image.shape[2] == 3
    with PictureFile.open(examples.mapfile) as file:
        np.testing.assert_array_equal(shown.image, np.asarray(file.convert("RGB")))


def test_backs_of_surfaces_look_as_the_plotter_says(plotter):
    sheet = pyvista.Plane(i_size=2, j_size=2)
    plotter.add_mesh(sheet, color="red", backface_params={"color": "blue"})
    scene = scene_of(plotter, 1.5)
    front, back = scene.shapes
    sky = [rw.ConstantEnvironment(1)]
    for height, color in ((5, (1, 0, 0)), (-5, (0, 0, 1))):
        camera = rw.OrthographicCamera(look_from=(0, 0.01, height), look_at=(0, 0, 0), height=1)
        seen = scene.replace(camera=camera, emitters=sky)
        image = rw.render(seen, width=8, height=8, spp=4, integrator="albedo")
        np.testing.assert_allclose(image.pixels[4, 4], color, atol=1e-3)
    assert np.abs(front.vertices - back.vertices).max() < 1e-3
    plotter.clear()
    plotter.add_mesh(sheet, color="red", opacity=0.5, backface_params={"color": "blue"})
    scene = scene_of(plotter, 1.5)
    assert len(scene.shapes) == 1
    assert "the same look on both sides" in scene.notes[0]


def test_legends_rulers_categories_and_small_arrows(plotter):
    grid = pyvista.ImageData(dimensions=(4, 2, 2))
    grid["kind"] = np.array(["iron", "wood", "glass"])
    plotter.add_mesh(grid, scalars="kind", cmap="Set1", label="a\nbox")
    plotter.add_mesh(pyvista.Sphere(), color="lime", label="ball")
    plotter.add_legend()
    plotter.add_ruler((0, -1, 0), (3, -1, 0), title="Length")
    scene = scene_of(plotter, 1.5)
    assert not any("not translated" in note for note in scene.notes)
    told = describe(scene)
    assert {entry["text"]: entry["color"] for entry in told["legend"]}["ball"] == "#00ff00"
    assert told["orientation"] is None
    (bar,) = told["bars"]
    assert [tick["text"] for tick in bar["ticks"]] == ["glass", "iron", "wood"]
    assert [tick["at"] for tick in bar["ticks"]] == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    (label,) = told["labels"]
    assert label == {"point": pytest.approx([3, -1, 0]), "text": "Length: 3", "always": True}
    (line,) = (shape for shape in scene.shapes if isinstance(shape, rw.Tubes | rw.Cylinders))
    assert line.bounds()[1][0] == pytest.approx(3, abs=0.05)
    plotter.show_axes()
    assert describe(scene_of(plotter, 1.5))["orientation"] == ["X", "Y", "Z"]


# --- Words, subplots, planes ----------------------------------------------------------------------


def test_titles_labels_and_axes_stand_over_the_picture(plotter):
    plotter.add_mesh(pyvista.Cube(), color="white")
    plotter.add_text("aside", position="lower_right")
    plotter.add_text("first", position="upper_left")
    plotter.add_title("Two\nlines")
    plotter.show_grid(xtitle="Easting")
    for visible in (True, False):
        plotter.add_point_labels(
            [[0.5, 0.5, 0.5], [0.0, 0.0, -0.5]],
            ["top", visible],
            always_visible=visible,
            show_points=False,
            name=f"labels {visible}",
        )
    named = pyvista.PolyData([[1.0, 2.0, 3.0]])
    named["n"] = [7]
    plotter.add_point_labels(named, "n", show_points=False)
    scene = scene_of(plotter, 1.5)
    assert scene.notes == ()
    told = describe(scene)
    assert told["title"] == "Two lines"
    assert {text["corner"]: text["text"] for text in told["texts"]} == {
        "upper left": "first",
        "lower right": "aside",
    }
    assert [bool(label.get("always")) for label in told["labels"]] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert told["axes"]["names"] == ["Easting", "Y Axis", "Z Axis"]
    found = {(tuple(label["point"]), label["text"]) for label in told["labels"]}
    assert found == {
        *(((0.5, 0.5, 0.5), "top"), ((0, 0, -0.5), "True"), ((0, 0, -0.5), "False")),
        ((1, 2, 3), "7"),
    }
    # What the caller says stands instead.
    assert describe(scene, title="own", labels=[((0, 0, 0), "a")])["title"] == "own"
    assert len(describe(scene, labels=[((0, 0, 0), "a")])["labels"]) == 1
    # A label at a ball stands before it, as the camera sees it: its own point does not hide it.
    plotter.clear()
    plotter.add_point_labels([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]], ["a", "b"], point_size=20)
    for parallel in (False, True):
        plotter.camera.parallel_projection = parallel
        near = scene_of(plotter, 1.5)
        (balls,) = near.shapes
        frame = near.camera.frame()
        for (point, *_), center in zip(near.annotations["labels"], balls.centers, strict=True):
            step = np.subtract(point, center)
            assert np.linalg.norm(step) == pytest.approx(1.05 * balls.radii.max(), rel=1e-3)
            away = -frame.forward if parallel else np.subtract(near.camera.look_from, center)
            assert step @ away == pytest.approx(
                np.linalg.norm(step) * np.linalg.norm(away), rel=1e-4
            )
    # A studio moves what lies far away, and its labels with it.
    plotter.clear()
    plotter.add_mesh(pyvista.Cube(center=(1e6, 0, 0)))
    plotter.add_point_labels([[1e6, 0, 0.5]], ["top"], show_points=False)
    moved = rw.studio(plotter)
    np.testing.assert_allclose(moved.annotations["labels"][0][0], (0, 0, 0.5), atol=1e-6)


def test_axes_tell_the_ranges_of_the_plotter(plotter):
    plotter.add_mesh(pyvista.Cube(bounds=(0, 2, 0, 1, 0, 1)), color="white")
    plotter.show_bounds(axes_ranges=[0, 200, 0, 1, -5, 5], xtitle="mm")
    axes = describe(scene_of(plotter, 1.5))["axes"]
    assert axes["names"][0] == "mm"
    ticks = [(tick["text"], tick["value"]) for tick in axes["ticks"][0]]
    assert ticks == [(str(n), pytest.approx(n / 100)) for n in (0, 50, 100, 150, 200)]
    assert [tick["value"] for tick in axes["ticks"][1]] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_a_solid_does_not_have_the_normals_of_what_it_was_made_of():
    ball = pyvista.Sphere()
    assert ball.point_data.active_normals is not None
    solid = ball.delaunay_3d().clip("x")
    (mesh,) = rw.shapes_of(solid)
    assert mesh.normals is None
    (mesh,) = rw.shapes_of(ball)
    assert mesh.normals is not None


@pytest.mark.parametrize("kind", ["rectilinear", "unstructured", "structured"])
def test_volumes_of_grids_that_are_not_even(plotter, kind):
    at = np.array([0.0, 0.5, 1.5, 3.0, 6.0])
    grid = pyvista.RectilinearGrid(at, [0.0, 1.0, 2.0], [0.0, 1.0, 2.0])
    if kind == "structured":
        grid = grid.cast_to_structured_grid()
    elif kind == "unstructured":
        grid = grid.cast_to_unstructured_grid()
    grid["T"] = grid.points[:, 0] * 10.0
    plotter.add_volume(grid, scalars="T", clim=(0, 60))
    scene = scene_of(plotter, 1.0)
    (volume,) = scene.shapes
    assert isinstance(volume, rw.Volume)
    numbers = volume.values.array.astype(float)
    along = volume.origin[0] + volume.spacing[0] * np.arange(len(numbers))
    inside = (along > 0.1) & (along < 5.9)
    middle = numbers[:, numbers.shape[1] // 2, numbers.shape[2] // 2]
    np.testing.assert_allclose(middle[inside], 10 * along[inside], atol=0.01)
    assert any("taken over" in note or "sampled" in note for note in scene.notes)


def test_a_scene_of_each_subplot():
    plotter = pyvista.Plotter(off_screen=True, shape=(2, 2), window_size=(80, 60))
    try:
        for row, column in ((0, 0), (1, 1)):
            plotter.subplot(row, column)
            plotter.add_mesh(pyvista.Cube(center=(row, 0, 0)), color="red")
            plotter.add_text(f"{row}{column}")
        plotter.subplot(0, 1)
        plotter.add_mesh(pyvista.Sphere())
        plotter.subplot(0, 0)
        scenes = rw.subplots(plotter)
        assert [scene.annotations.get("title") for scene in scenes] == ["00", None, "11"]
        assert [dict(scene.defaults) for scene in scenes] == [{"width": 40, "height": 30}] * 3
        assert all(scene.notes == () for scene in scenes)
        assert scenes[2].bounds()[0][0] == pytest.approx(0.5)
        assert plotter.renderers.active_index == 0
        assert "subplots(plotter)" in scene_of(plotter, 1.5).notes[0]
    finally:
        plotter.close()
    with pytest.raises(rw.SceneError, match="subplots: expected a plotter"):
        rw.subplots(pyvista.Sphere())


def test_planes_of_a_mapper_cut_its_shape_alone(plotter):
    actor = plotter.add_mesh(pyvista.Sphere(radius=1), color="white")
    cut = vtkPlane()
    cut.SetOrigin(0.25, 0, 0)
    cut.SetNormal(1, 0, 0)
    actor.mapper.AddClippingPlane(cut)
    plotter.add_mesh(pyvista.Cube(center=(3, 0, 0)))
    volume = plotter.add_volume(examples.load_uniform(), clim=(0, 800))
    volume.mapper.AddClippingPlane(cut)
    ball, cube, grid = scene_of(plotter, 1.5).shapes
    for shape in (ball, grid):
        (own,) = shape.clip  # VTK keeps x > 0.25
        assert own.point == (0.25, 0.0, 0.0)
        assert own.normal == (-1.0, 0.0, 0.0)
    assert cube.clip is None
    moved = rw.studio(plotter).shapes[0]
    assert moved.clip[0].normal == (-1.0, 0.0, 0.0)
