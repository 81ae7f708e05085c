import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from raywidget.errors import SceneError
from raywidget.scene import (
    DEFAULT_MATERIAL,
    Diffuse,
    Emissive,
    Instances,
    Mesh,
    Metal,
    PerspectiveCamera,
    Scene,
)
from raywidget.scene.values import arrays, transforms

TRIANGLE = [(0, 0, 0), (1, 0, 0), (0, 1, 0)]


def raises(message):
    return pytest.raises(SceneError, match=f"^{re.escape(message)}$")


def triangle(**parameters):
    return Mesh(TRIANGLE, [(0, 1, 2)], **parameters)


# ---- Mesh ----------------------------------------------------------------------------------


@given(npst.arrays(np.float64, (7, 3), elements=st.floats(-1e6, 1e6)))
def test_arrays_are_copied_read_only_and_contiguous(vertices):
    faces = np.asfortranarray([(0, 1, 2), (4, 5, 6)])
    mesh = Mesh(np.asfortranarray(vertices), faces)
    floats = arrays.kind_of_points(vertices, faces)
    np.testing.assert_array_equal(mesh.vertices, vertices.astype(floats))
    vertices += 1.0
    faces += 100
    assert mesh.faces.tolist() == [[0, 1, 2], [4, 5, 6]]
    assert mesh.vertices.dtype == floats
    assert mesh.faces.dtype == np.int32
    for array in (mesh.vertices, mesh.faces):
        assert array.flags.c_contiguous
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


def test_bounds_are_those_of_the_triangles():
    mesh = Mesh([*TRIANGLE, (50, 50, 50)], [(0, 1, 2)])
    lo, hi = mesh.bounds()
    assert lo.tolist() == [0.0, 0.0, 0.0]
    assert hi.tolist() == [1.0, 1.0, 0.0]
    assert lo.dtype == np.float64


def test_normals_are_stored_at_length_one():
    mesh = triangle(normals=[(0, 0, 5), (0, 3, 4), (1e-5, 0, 0)])
    np.testing.assert_allclose(mesh.normals, [(0, 0, 1), (0, 0.6, 0.8), (1, 0, 0)], rtol=1e-6)
    assert not mesh.normals.flags.writeable


def test_uvs_are_kept():
    mesh = triangle(uvs=np.array([(0, 0), (1, 0), (0, 1)]))
    assert mesh.uvs.dtype == np.float32
    assert mesh.uvs.tolist() == [[0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"vertices": np.zeros((4, 2))},
            "vertices must be a (V, 3) array of numbers, "
            "got an array of shape (4, 2) and type float64",
        ),
        (
            {"vertices": [[1, 2], [3]]},
            "vertices must be a (V, 3) array of numbers, got [[1, 2], [3]]",
        ),
        ({"vertices": []}, "vertices must be a (V, 3) array of numbers, got []"),
        ({"vertices": "ball.obj"}, "vertices must be a (V, 3) array of numbers, got 'ball.obj'"),
        ({"vertices": np.zeros((0, 3))}, "vertices must be of 1 to 134217728 rows, got []"),
        (
            {"vertices": [(0, 0, 0), (1, np.nan, 0), (0, np.inf, 0)]},
            "vertices must be finite and within +-1e+15, got vertices[1] = [1.0, nan, 0.0]",
        ),
        (
            {"vertices": [(0, 0, 0), (1, 0, 0), (0, 1e20, 0)]},
            "vertices must be finite and within +-1e+15, got vertices[2] = [0.0, 1e+20, 0.0]",
        ),
        (
            {"faces": [(0.0, 1.0, 2.0)]},
            "faces must be an (F, 3) array of integers, got [[0.0, 1.0, 2.0]]; "
            "convert them with .astype(np.int32)",
        ),
        (
            {"faces": [(0, 1, 2, 0)]},
            "faces must be an (F, 3) array of integers, got [[0, 1, 2, 0]]; "
            "split polygons into triangles",
        ),
        ({"faces": [0, 1, 2]}, "faces must be an (F, 3) array of integers, got [0, 1, 2]"),
        (
            {"faces": [(0, 1, 2), (0, 1, -1)]},
            "faces must be in [0, 2] for 3 vertices, got faces[1] = [0, 1, -1]",
        ),
        (
            {"faces": [(1, 2, 3)]},
            "faces must be in [0, 2] for 3 vertices, got faces[0] = [1, 2, 3]; "
            "files that count from 1 need a - 1",
        ),
        ({"normals": [(0, 0, 1)]}, "normals must be a (3, 3) array of numbers, got [[0, 0, 1]]"),
        (
            {"normals": [(0, 0, 1), (0, 0, 0), (0, 0, 1)]},
            "normals must not be zero, got normals[1] = [0.0, 0.0, 0.0]",
        ),
        (
            {"uvs": np.zeros((3, 3))},
            "uvs must be a (3, 2) array of numbers, got an array of shape (3, 3) and type float64",
        ),
        ({"flip_normals": None}, "flip_normals must be True or False, got None"),
        ({"colors": [(0, 0, 1)]}, "colors must be a (3, 3) array of numbers, got [[0, 0, 1]]"),
        (
            {"colors": [(0, 0, 1), (0, 128, 0), (0, 0, 0)]},
            "colors must be in [0, 1], linear RGB, got colors[1] = [0.0, 128.0, 0.0]; "
            "8-bit sRGB values become linear by raywidget.decode_srgb(values / 255)",
        ),
        (
            {"face_colors": [(0, 0, -1)]},
            "face_colors must be in [0, 1], linear RGB, got face_colors[0] = [0.0, 0.0, -1.0]",
        ),
        (
            {"colors": np.zeros((3, 3)), "face_colors": np.zeros((1, 3))},
            "give colors or face_colors, not both",
        ),
    ],
)
def test_mesh_messages(parameters, message):
    with raises(f"Mesh 'rock': {message}"):
        Mesh(**{"vertices": TRIANGLE, "faces": [(0, 1, 2)], "name": "rock"} | parameters)


def test_too_many_rows_are_refused_before_anything_is_copied():
    rows = np.broadcast_to(np.float32(0), (arrays.MAX_ROWS + 1, 3))  # takes no memory
    with pytest.raises(SceneError, match="vertices must be of 1 to 134217728 rows"):
        Mesh(rows, [(0, 1, 2)])
    faces = np.broadcast_to(np.int32(0), (arrays.MAX_ROWS + 1, 3))
    with pytest.raises(SceneError, match="faces must be of 1 to 134217728 rows"):
        Mesh(TRIANGLE, faces)


# ---- Instances -----------------------------------------------------------------------------


def test_copies_take_the_meshs_material_or_another():
    red, gold = Diffuse((1, 0, 0)), Metal((1, 0.8, 0.3))
    mesh = triangle(material=red)
    copies = Instances(mesh, [np.eye(4)])
    assert copies.material is red
    assert Instances(mesh, [np.eye(4)], material=gold).material is gold


def test_replacing_the_mesh_replaces_its_material_too():
    red, gold = Diffuse((1, 0, 0)), Metal((1, 0.8, 0.3))
    copies = Instances(triangle(material=red), [np.eye(4)])
    assert copies.replace(mesh=triangle(material=gold)).material is gold
    kept = copies.replace(material=red.replace(color=0.1))
    assert kept.replace(mesh=triangle(material=gold)).material is kept.material


@given(
    st.lists(
        st.tuples(st.floats(-180, 180), st.floats(-9, 9), st.floats(0.1, 5)),
        min_size=1,
        max_size=5,
    )
)
def test_bounds_hold_all_copies(placements):
    mesh = triangle()
    matrices = [
        transforms.translate(shift, 0, shift)
        @ transforms.rotate(angle, (1, 2, 3))
        @ transforms.scale(size)
        for angle, shift, size in placements
    ]
    lo, hi = Instances(mesh, matrices).bounds()
    for matrix in matrices:
        points = transforms.apply(matrix, mesh.vertices)
        assert (points >= lo - 1e-9).all()
        assert (points <= hi + 1e-9).all()


@pytest.mark.parametrize(
    ("matrices", "message"),
    [
        (
            np.eye(4),
            "must be an (N, 4, 4) array of numbers, got an array of shape (4, 4) and type float64; "
            "for one copy write [matrix]",
        ),
        (
            np.zeros((2, 3, 4)),
            "must be an (N, 4, 4) array of numbers, "
            "got an array of shape (2, 3, 4) and type float64",
        ),
        (np.zeros((0, 4, 4)), "must be of 1 to 134217728 matrices, got []"),
        (
            [np.eye(4), np.eye(4) * np.nan],
            "must be finite and within +-1e+15, transforms[1] is not",
        ),
        (
            [np.eye(4), transforms.translate(1, 2, 3).T],
            "must have (0, 0, 0, 1) as last row (points are columns: the shift stands in the last "
            "column), got [1.0, 2.0, 3.0, 1.0] in transforms[1]",
        ),
        (
            [np.eye(4), np.diag([1.0, 1.0, 0.0, 1.0])],
            "must be invertible, transforms[1] flattens the mesh (determinant 0)",
        ),
        (
            [np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])],
            "must be invertible, transforms[0] flattens the mesh (determinant 0)",
        ),
    ],
)
def test_transform_messages(matrices, message):
    with raises(f"Instances 'trees': transforms {message}"):
        Instances(triangle(), matrices, name="trees")


def test_tiny_and_huge_copies_are_invertible():
    Instances(triangle(), [transforms.scale(1e-9), transforms.scale(1e9)])


def test_what_copies_give_off():
    red, lamp = Diffuse((1, 0, 0)), Emissive(2)
    matrices = [np.eye(4)]
    bright, dark = (2.0, 2.0, 2.0), None
    assert Instances(triangle(), matrices).radiances() == [dark]
    assert Instances(triangle(material=lamp), matrices).radiances() == [bright]
    assert Instances(triangle(emission=2), matrices).radiances() == [bright]
    assert Instances(triangle(material=lamp), matrices, material=red).radiances() == [dark]
    assert Instances(triangle(material=lamp), matrices, emission=0).radiances() == [dark]
    assert Instances(triangle(), matrices, material=lamp).radiances() == [bright]
    assert Instances(triangle(), matrices, emission=2).radiances() == [bright]
    mixed = triangle(materials=[red, lamp], face_materials=[1])
    assert Instances(mixed, matrices).radiances() == [dark, bright]
    assert Instances(mixed, matrices, emission=(2, 2, 2)).radiances() == [bright, bright]
    assert Instances(mixed, matrices, material=red).radiances() == [dark]


def test_too_many_lights_are_refused():
    many = np.tile(np.eye(4), (2**20 // 3, 1, 1))
    faces = [(0, 1, 2)] * 4
    materials = {"materials": [Diffuse(0.5), Emissive(1)], "face_materials": [0, 1, 1, 1]}
    Instances(Mesh(TRIANGLE, faces, **materials), many)
    with raises(
        "Instances 'crowd': copies may make at most 1048576 triangles shine, "
        "got 349525 copies of 4; let fewer triangles of the mesh shine (materials, "
        "face_materials), or make it coarser"
    ):
        Instances(Mesh(TRIANGLE, faces), many, emission=1, name="crowd")


def test_copies_have_colors():
    copies = Instances(triangle(), [np.eye(4)] * 2, colors=[(1, 0, 0), (0, 1, 0)])
    assert copies.colors.dtype == np.float32
    with raises("Instances: colors must be a (2, 3) array of numbers, got [1, 0, 0]"):
        Instances(triangle(), [np.eye(4)] * 2, colors=(1, 0, 0))


def test_area_of_meshes_and_copies():
    assert triangle().area() == pytest.approx(0.5)
    matrices = [transforms.scale(2), transforms.scale(1, -3, 1), transforms.rotate(30, (1, 1, 0))]
    assert Instances(triangle(), matrices).area() == pytest.approx(2.0 + 1.5 + 0.5)


# ---- Several materials ---------------------------------------------------------------------


def test_each_face_has_its_material():
    red, blue = Diffuse((1, 0, 0)), Diffuse((0, 0, 1))
    mesh = Mesh(TRIANGLE, [(0, 1, 2)] * 3, materials=[red, blue], face_materials=[0, 1, 0])
    assert mesh.all_materials == (red, blue)
    assert mesh.face_materials.dtype == np.int32
    assert triangle(material=red).all_materials == (red,)
    again = pickle.loads(pickle.dumps(mesh))
    assert [m.color for m in again.all_materials] == [red.color, blue.color]
    assert again.material is DEFAULT_MATERIAL
    scene = Scene([mesh], camera=PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0)))
    assert {red, blue} <= set(scene.objects())


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"materials": [Metal(0.5)]}, "materials and face_materials go together, got only one"),
        ({"face_materials": [0]}, "materials and face_materials go together, got only one"),
        (
            {"materials": [Metal(0.5)], "face_materials": [0], "material": Metal(0.5)},
            "give material or materials, not both",
        ),
        (
            {"materials": Metal(0.5), "face_materials": [0]},
            "materials must be a list of materials, got Metal(color=(0.5, 0.5, 0.5))",
        ),
        (
            {"materials": [], "face_materials": [0]},
            "materials must be a list of materials, got []; it is empty",
        ),
        (
            {"materials": [Metal(0.5), "red"], "face_materials": [0]},
            "materials[1] must be a material, got 'red'",
        ),
        (
            {"materials": [Metal(0.5)], "face_materials": [1]},
            "face_materials must be in [0, 0], got face_materials[0] = 1",
        ),
        (
            {"materials": [Metal(0.5)], "face_materials": [0.0]},
            "face_materials must be a (F,) array of integers for F = 1, got [0.0]",
        ),
    ],
)
def test_messages_about_several_materials(parameters, message):
    with raises(f"Mesh 'rock': {message}"):
        triangle(**parameters, name="rock")


def test_only_meshes_are_copied():
    with raises("Instances: mesh must be a Mesh, a Box or a Quad, got None"):
        Instances(None, [np.eye(4)])


@pytest.mark.parametrize(
    "copied",
    [
        lambda mesh: pickle.loads(pickle.dumps(mesh)),
        copy.deepcopy,
        lambda mesh: mesh.replace(material=Diffuse(0.2)),
        lambda mesh: mesh.replace(normals=mesh.normals),
    ],
)
def test_copies_have_the_same_normals_to_the_bit(copied):
    generator = np.random.default_rng(5)
    vertices = generator.normal(size=(30_000, 3))
    faces = np.arange(30_000).reshape(-1, 3)
    mesh = Mesh(vertices, faces, normals=generator.normal(size=(30_000, 3)) * 7.0)
    again = copied(copied(mesh))
    np.testing.assert_array_equal(again.normals, mesh.normals)
    np.testing.assert_array_equal(again.vertices, mesh.vertices)
