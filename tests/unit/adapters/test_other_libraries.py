"""Things of other libraries, made by these libraries."""

import ase
import meshio
import numpy as np
import pandas
import pytest
import trimesh
import xarray
from PIL import Image as Pillow

import raywidget as rw
from raywidget.adapters import take
from raywidget.picture.figure_elements import describe


def test_a_trimesh_with_colours():
    box = trimesh.creation.box()
    box.visual.vertex_colors = np.tile([255, 99, 71, 255], (8, 1)).astype(np.uint8)
    (mesh,) = rw.shapes_of(box)
    np.testing.assert_allclose(mesh.colors, np.tile(rw.Diffuse("tomato").color, (8, 1)), atol=1e-6)
    box.visual.face_colors = np.tile([0, 0, 255, 128], (12, 1)).astype(np.uint8)
    (mesh,) = rw.shapes_of(box)
    assert mesh.face_colors[0].tolist() == [0, 0, 1]
    assert mesh.material.opacity == pytest.approx(128 / 255)


def test_a_trimesh_scene_with_places_and_a_texture():
    quad = trimesh.Trimesh([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [(0, 1, 2), (0, 2, 3)])
    pixels = Pillow.fromarray(np.full((2, 2, 3), 200, np.uint8))
    uvs = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)
    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=pixels, metallicFactor=0.25, roughnessFactor=0.75
    )
    quad.visual = trimesh.visual.TextureVisuals(uv=uvs, material=material)
    scene = trimesh.Scene()
    mirrored = np.diag([-2.0, 2, 2, 1])
    scene.add_geometry(quad, node_name="left", transform=mirrored)
    scene.add_geometry(quad, node_name="right")
    left, right = rw.shapes_of(scene)
    assert (left.name, right.name) == ("left", "right")
    np.testing.assert_allclose(left.vertices[2], (-2, 2, 0))
    corners = left.vertices[left.faces[0]]
    assert np.cross(corners[1] - corners[0], corners[2] - corners[0])[2] > 0  # still faces +z
    np.testing.assert_array_equal(right.uvs, uvs)
    assert isinstance(right.material.base_color, rw.ImageTexture)
    assert (right.material.metallic, right.material.roughness) == (0.25, 0.75)


def test_masks_of_trimesh_are_cut_where_alpha_reaches_the_cutoff():
    quad = trimesh.Trimesh([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [(0, 1, 2), (0, 2, 3)])
    pixels = np.full((4, 4, 4), 255, np.uint8)
    pixels[:, :2, 3] = 100  # the left half is thinner
    uvs = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], float)

    def opacity(cutoff, factor=255):
        material = trimesh.visual.material.PBRMaterial(
            baseColorTexture=Pillow.fromarray(pixels),
            baseColorFactor=[255, 255, 255, factor],
            alphaMode="MASK",
            alphaCutoff=cutoff,
        )
        quad.visual = trimesh.visual.TextureVisuals(uv=uvs, material=material)
        assert take(quad).notes == ()
        return rw.shapes_of(quad)[0].material.opacity

    half = opacity(0.5)
    assert half.evaluate((0.25, 0.5)).tolist() == [0, 0, 0]
    assert half.evaluate((0.75, 0.5)).tolist() == [1, 1, 1]
    assert opacity(0.3) == 1
    assert opacity(0.5, factor=100) == 0


def test_clouds_and_paths_of_trimesh():
    cloud = trimesh.PointCloud(np.eye(3), colors=np.full((3, 4), 255, np.uint8))
    (balls,) = rw.shapes_of(cloud)
    assert balls.colors.tolist() == [[1, 1, 1]] * 3
    path = trimesh.load_path(np.array([(0, 0, 0), (1, 0, 0), (1, 1, 1)], float))
    tubes, joints = rw.shapes_of(path)
    assert len(tubes.starts) == 2
    assert len(joints.centers) == 3
    assert (joints.radii == tubes.radii[0]).all()


def test_a_field_of_xarray_lies_where_its_coordinates_are():
    field = xarray.DataArray(
        np.arange(30.0).reshape(5, 6),
        coords={"y": [40, 30, 20, 10, 0], "x": np.arange(6.0) * 10},
        dims=("y", "x"),
        name="height",
    )
    (mesh,) = rw.shapes_of(field)
    np.testing.assert_array_equal(mesh.vertices[0], (0, 40, 0))
    np.testing.assert_array_equal(mesh.vertices[-1], (50, 0, 29))
    corners = mesh.vertices[mesh.faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (across[:, 2] > 0).all()  # though rows go down
    assert mesh.name == "height"
    dark, bright = (rw.decode_srgb(np.array(c) / 255) for c in ([68, 1, 84], [253, 231, 36]))
    painted = mesh.shown.colors([0, -1])
    np.testing.assert_allclose(painted, [dark, bright], atol=0.004)  # viridis
    assert mesh.shown.name == mesh.shown.label == "height"
    field.attrs |= {"long_name": "level", "units": "m"}
    assert rw.shapes_of(field)[0].shown.label == "level / m"
    field.attrs["units"] = "m s-1"
    assert rw.shapes_of(field)[0].shown.label == "level / (m s-1)"
    assert len(rw.shapes_of(field.expand_dims("time"))) == 1
    with pytest.raises(rw.SceneError, match=r"choose one slice by \.isel"):
        rw.shapes_of(field.expand_dims(time=2, run=2))
    with pytest.raises(rw.SceneError, match="got a Dataset; choose one of 'height'"):
        rw.shapes_of(field.to_dataset())


def test_atoms_of_ase():
    water = ase.Atoms("OH2", [(0, 0, 0.119), (0, 0.763, -0.477), (0, -0.763, -0.477)])
    balls, sticks = rw.shapes_of(water)
    np.testing.assert_allclose(balls.colors[0], rw.Diffuse("#ff0d0d").color, atol=1e-6)
    assert len(sticks.starts) == 4  # two bonds, each in two colours; none between hydrogens
    (full,) = rw.shapes_of(water, style="space-filling")
    np.testing.assert_allclose(full.radii, (1.52, 1.2, 1.2), rtol=1e-6)
    balls, sticks = rw.shapes_of(water, style="licorice")
    assert np.ptp(balls.radii) == 0
    assert balls.radii[0] == sticks.radii[0]
    with pytest.raises(rw.SceneError, match="style must be one of 'ball-and-stick'"):
        rw.shapes_of(water, style="cartoon")
    with pytest.raises(rw.SceneError, match="there are no atoms"):
        rw.shapes_of(ase.Atoms())


def test_what_is_known_of_each_atom_can_be_shown():
    water = ase.Atoms("OH2", [(0, 0, 0.119), (0, 0.763, -0.477), (0, -0.763, -0.477)])
    plain = {shape.name: shape for shape in rw.shapes_of(water)}
    water.set_initial_charges([-0.8, 0.4, 0.4])
    water.set_array("forces", np.array([(0, 0, 1.0), (0, 2.0, 0), (0, 0, 0)]))
    balls, sticks = rw.shapes_of(water)
    assert balls.show == sticks.show == "element"
    np.testing.assert_allclose(balls.shown.colors(), plain["atoms"].colors, atol=1e-6)
    np.testing.assert_allclose(sticks.shown.colors(), plain["bonds"].colors, atol=1e-6)
    assert describe_bars(balls) == []
    charged = balls.replace(show="initial_charges")
    assert charged.shown.limits == pytest.approx((-0.8, 0.8))
    assert [bar["label"] for bar in describe_bars(charged)] == ["charge / e"]
    assert balls.quantities["forces"].tolist() == [1, 2, 0]
    np.testing.assert_allclose(sticks.quantities["initial_charges"], (-0.8, -0.8, 0.4, 0.4))


def describe_bars(shape):
    """What stands beside a picture of one shape."""
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    return describe(rw.Scene([shape], camera=camera))["bars"]


def test_attributes_of_trimesh():
    box = trimesh.creation.box()
    box.vertex_attributes["height"] = box.vertices[:, 2]
    box.face_attributes["side"] = np.arange(12) // 2
    (mesh,) = rw.shapes_of(box)
    assert mesh.show == "height"
    np.testing.assert_array_equal(mesh.quantities["height"], box.vertices[:, 2])
    np.testing.assert_array_equal(mesh.quantities["side"], np.arange(12) // 2)
    box.visual.face_colors = np.full((12, 4), 200, np.uint8)
    taken = take(box)
    assert taken.pieces[0].fields is None
    assert taken.notes == (
        "a mesh: its attributes are not shown, it has colours: 'height', 'side'",
    )


def test_bonds_are_those_that_brute_force_finds():
    from raywidget.adapters.atoms import find_bonds
    from raywidget.adapters.elements import ELEMENTS

    rng = np.random.default_rng(1)
    symbols = rng.choice(["C", "O", "Na", "S"], 300)
    elements = [ELEMENTS[s] for s in symbols]
    places = rng.uniform(-8, 8, (300, 3))
    radii = np.array([e.covalent for e in elements])
    apart = np.linalg.norm(places[:, None] - places, axis=-1)
    near = (apart < 1.2 * (radii[:, None] + radii)) & (apart > 0.3) & (apart < 3.6)
    expected = set(zip(*np.nonzero(np.triu(near, 1)), strict=True))
    found = find_bonds(places, elements)
    assert len(found) == len(expected) > 50
    assert {tuple(pair) for pair in found.tolist()} == {(int(a), int(b)) for a, b in expected}


def test_solids_of_meshio_are_seen_from_outside():
    x, y, z = (v.ravel() for v in np.meshgrid(*[np.arange(3.0)] * 3, indexing="ij"))
    at = np.arange(27).reshape(3, 3, 3)
    round_face = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    cells = [
        [int(at[i + a, j + b, k + c]) for c in (0, 1) for a, b in round_face]
        for i in range(2)
        for j in range(2)
        for k in range(2)
    ]
    (cube,) = rw.shapes_of(meshio.Mesh(np.column_stack([x, y, z]), [("hexahedron", cells)]))
    assert len(cube.faces) == 6 * 4 * 2
    assert cube.area() == pytest.approx(24)
    corners = cube.vertices[cube.faces].astype(float)
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume == pytest.approx(8)  # positive: all faces look outwards
    values = np.arange(8.0)
    colored = meshio.Mesh(
        np.column_stack([x, y, z]), [("hexahedron", cells)], cell_data={"v": [values]}
    )
    (cube,) = rw.shapes_of(colored)
    middles = cube.vertices[cube.faces].mean(axis=1) > 1
    of_cell = {}
    for cell, color in zip(middles @ (4, 2, 1), cube.shown.colors(), strict=True):
        of_cell.setdefault(int(cell), set()).add(tuple(color))
    assert sorted(of_cell) == list(range(8))
    assert all(len(colors) == 1 for colors in of_cell.values())
    greens = [next(iter(of_cell[cell]))[1] for cell in range(8)]
    assert (np.diff(greens) > 0).all()  # viridis becomes greener all along
    tetra = meshio.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [("tetra10", [[0] * 10])])
    assert take(tetra).notes == ()
    odd = meshio.Mesh(
        np.eye(3), [("vertex", [[0]]), ("VTK_LAGRANGE_WEDGE", np.zeros((1, 18), int))]
    )
    assert "'VTK_LAGRANGE_WEDGE'" in take(odd).notes[0]


def test_data_of_meshio_colour_it():
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (1, 1, 0)], float)
    cells = [("triangle", [(0, 1, 2)]), ("line", [(1, 3)])]
    heat = meshio.Mesh(corners, cells, point_data={"flow": np.ones((4, 3)), "heat": np.arange(4.0)})
    mesh, tubes = rw.shapes_of(heat)
    assert take(heat).notes == ("coloured by 'heat': viridis from 0 to 3; it has 'flow', too",)
    np.testing.assert_array_equal(mesh.shown.numbers.array, np.arange(4))
    np.testing.assert_array_equal(tubes.shown.numbers.array, (1, 3))  # at both ends
    np.testing.assert_allclose(mesh.quantities["flow"], np.sqrt(3), rtol=1e-6)
    assert list(mesh.quantities) == ["flow", "heat", "flow.x", "flow.y", "flow.z"]
    parts = meshio.Mesh(corners, cells, cell_data={"part": [[1], [2]]})
    mesh, tubes = rw.shapes_of(parts)
    assert mesh.shown.numbers.array.tolist() == [1]
    assert mesh.shown.numbers.on == "faces"
    assert tubes.shown.numbers.array.tolist() == [2, 2]
    (balls,) = rw.shapes_of(meshio.Mesh(corners, [], point_data={"heat": np.arange(4)}))
    assert balls.shown.numbers.array.tolist() == [0, 1, 2, 3]


def test_a_table_of_pandas_is_points():
    table = pandas.DataFrame({"x": [0.0, 1], "y": [0, 1], "z": [0, 1]})
    (balls,) = rw.shapes_of(table)
    assert balls.centers.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_drawings_of_trimesh_lie_on_the_ground():
    path = trimesh.load_path(np.array([(0, 0), (3, 0), (3, 2), (0, 0)], float))
    cylinders, *_ = rw.shapes_of(path)
    np.testing.assert_array_equal(cylinders.starts[:, 2], 0)
    np.testing.assert_allclose(np.ptp(cylinders.starts, axis=0), (3, 2, 0))


def test_lamps_that_trimesh_makes_up_do_not_put_out_the_studio():
    scene = trimesh.Scene([trimesh.creation.box()])
    assert len(scene.lights) > 0
    staged = rw.studio(scene)
    assert staged.environment.name == "soft"
    assert any("lights" in note for note in staged.notes)
