"""Meshes of USD files, their primvars and their materials by face."""

import numpy as np
import pytest
from usd_stages import BIND, area_normals, corners, material, mesh, only, read

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.scene.materials.materials import DEFAULT_MATERIAL


def test_a_plain_mesh_keeps_its_numbers(tmp_path):
    shape = only(tmp_path, mesh())
    assert isinstance(shape, rw.Mesh)
    assert shape.name == "/M"
    assert shape.material is DEFAULT_MATERIAL
    np.testing.assert_array_equal(shape.vertices, [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)])
    np.testing.assert_array_equal(shape.faces, [(0, 1, 2), (0, 2, 3)])
    assert shape.normals is None
    assert shape.uvs is None


def test_a_concave_polygon_keeps_its_area(tmp_path):
    arrow = [(2, -1, 0), (1, 0, 0), (2, 1, 0), (0, 0, 0)]
    shape = only(tmp_path, mesh(points=arrow))
    np.testing.assert_allclose(area_normals(shape).sum(axis=0), (0, 0, 1.0))
    assert (area_normals(shape)[:, 2] > 0).all()


def test_a_left_handed_mesh_is_turned(tmp_path):
    shape = only(tmp_path, mesh('    uniform token orientation = "leftHanded"'))
    np.testing.assert_allclose(area_normals(shape).sum(axis=0), (0, 0, -1.0))


def test_holes_are_left_out(tmp_path):
    points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0), (2, 1, 0)]
    text = mesh("    int[] holeIndices = [0]", points, "4,4", "0,1,2,3, 1,4,5,2")
    shape = only(tmp_path, text)
    assert corners(shape)[..., 0].min() == 1.0
    assert len(shape.faces) == 2


NORMALS = "[(0,0,1), (0,0,1), (0,1,0), (0,1,0)]"


@pytest.mark.parametrize("attribute", ["normal3f[] normals", "normal3f[] primvars:normals"])
def test_normals_of_vertices(tmp_path, attribute):
    shape = only(tmp_path, mesh(f'    {attribute} = {NORMALS} (interpolation = "vertex")'))
    np.testing.assert_array_equal(shape.normals, [(0, 0, 1), (0, 0, 1), (0, 1, 0), (0, 1, 0)])


PAIR = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0), (2, 1, 0)]
PAIR_FACES = {"points": PAIR, "counts": "4,4", "indices": "0,1,2,3, 1,4,5,2"}


def values_at_corners(shape, name):
    """{(x, y, face): value} of a mesh of two squares side by side."""
    found = {}
    for face, triangle in enumerate(shape.faces):
        for vertex in triangle:
            x, y, _ = shape.vertices[vertex].tolist()
            found[x, y, face // 2] = tuple(np.round(getattr(shape, name)[vertex], 6).tolist())
    return found


@pytest.mark.parametrize("indexed", [False, True])
def test_coordinates_of_corners_split_vertices_at_seams_only(tmp_path, indexed):
    left = [(0, 0), (0.5, 0), (0.5, 1), (0, 1)]
    right = [(0.25, 0), (1, 0), (1, 1), (0.25, 1)]
    if indexed:
        body = f"""    texCoord2f[] primvars:st = {left + right} (interpolation = "faceVarying")
    int[] primvars:st:indices = [0,1,2,3,4,5,6,7]"""
    else:
        body = f'    texCoord2f[] primvars:st = {left + right} (interpolation = "faceVarying")'
    shape = only(tmp_path, mesh(body, **PAIR_FACES))
    assert len(shape.vertices) == 8
    expected = {
        (x, y, face): uv
        for face, (uvs, xs) in enumerate([(left, (0, 1, 1, 0)), (right, (1, 2, 2, 1))])
        for uv, x, y in zip(uvs, xs, (0, 0, 1, 1), strict=True)
    }
    assert values_at_corners(shape, "uvs") == expected


def test_equal_values_of_corners_do_not_split(tmp_path):
    uvs = [(0, 0), (1, 0), (1, 1), (0, 1), (1, 0), (2, 0), (2, 1), (1, 1)]
    body = f'    texCoord2f[] primvars:st = {uvs} (interpolation = "faceVarying")'
    shape = only(tmp_path, mesh(body, **PAIR_FACES))
    assert len(shape.vertices) == 6
    np.testing.assert_array_equal(shape.uvs, shape.vertices[:, :2])


def test_normals_of_faces(tmp_path):
    body = '    normal3f[] normals = [(0,0,1), (1,0,0)] (interpolation = "uniform")'
    shape = only(tmp_path, mesh(body, **PAIR_FACES))
    assert len(shape.vertices) == 8
    found = values_at_corners(shape, "normals")
    assert {v for (_, _, face), v in found.items() if face == 0} == {(0, 0, 1)}
    assert {v for (_, _, face), v in found.items() if face == 1} == {(1, 0, 0)}


RED, GREEN = (1, 0, 0), (0, 0.5, 0)


@pytest.mark.parametrize(
    ("interpolation", "values", "expected"),
    [
        ("uniform", [RED, GREEN], {0: {RED}, 1: {GREEN}}),
        ("vertex", [RED, GREEN, GREEN, RED, RED, RED], {0: {RED, GREEN}, 1: {RED, GREEN}}),
        ("varying", [RED, GREEN, GREEN, RED, RED, RED], {0: {RED, GREEN}, 1: {RED, GREEN}}),
        ("faceVarying", [RED] * 4 + [GREEN] * 4, {0: {RED}, 1: {GREEN}}),
    ],
)
def test_colours_of_every_interpolation(tmp_path, interpolation, values, expected):
    body = f'    color3f[] primvars:displayColor = {values} (interpolation = "{interpolation}")'
    shape = only(tmp_path, mesh(body, **PAIR_FACES))
    assert shape.material.color.attribute == "color"
    if interpolation == "uniform":
        np.testing.assert_array_equal(shape.face_colors, [RED, RED, GREEN, GREEN])
        return
    found = values_at_corners(shape, "colors")
    for face, colors in expected.items():
        assert {value for (_, _, f), value in found.items() if f == face} == colors


def test_one_colour_and_one_opacity(tmp_path):
    body = """    color3f[] primvars:displayColor = [(0.2, 0.4, 0.6)]
    float[] primvars:displayOpacity = [0.25]"""
    shape = only(tmp_path, mesh(body))
    assert shape.colors is None
    np.testing.assert_allclose(shape.material.color, (0.2, 0.4, 0.6), atol=1e-7)
    assert shape.material.opacity == 0.25


def test_constant_primvars_are_inherited(tmp_path):
    text = f"""def Xform "A"
{{
    color3f[] primvars:displayColor = [(1, 0, 0)] (interpolation = "constant")
    {mesh()}
}}
"""
    assert only(tmp_path, text).material.color == (1, 0, 0)


def test_a_primvar_that_does_not_fit_is_left_out_and_told(tmp_path):
    body = '    texCoord2f[] primvars:st = [(0,0), (1,0)] (interpolation = "vertex")'
    parts = read(tmp_path, mesh(body))
    assert parts.shapes[0].uvs is None
    (note,) = parts.notes
    assert note == "/M: primvar 'st' (vertex) must have 4 values, got 2; left out"


@pytest.mark.parametrize(
    ("counts", "indices", "message"),
    [
        ("4", "0,1,2", "/M: faceVertexCounts must be as many corners as faceVertexIndices has (3)"),
        ("4", "0,1,2,7", "/M: faceVertexIndices must be from 0 to 3, got 7 at 3"),
        ("3", "0,1,-1", "/M: faceVertexIndices must be from 0 to 3, got -1 at 2"),
        ("-4", "0,1,2,3", "/M: faceVertexCounts must be"),
    ],
)
def test_damaged_faces_are_refused_with_file_and_prim(tmp_path, counts, indices, message):
    with pytest.raises(SceneError) as caught:
        read(tmp_path, mesh(counts=counts, indices=indices))
    assert str(caught.value).startswith(f"'stage.usda', {message}")


def test_what_is_not_finite_and_flat_is_mended(tmp_path):
    points = "[(0,0,0), (1,0,0), (1,1,0), (0,1,0), (nan,0,0), (inf,0,0)]"
    text = mesh(points=points, counts="4,3,3", indices="0,1,2,3, 0,1,4, 0,0,1")
    parts = read(tmp_path, text)
    assert len(parts.shapes[0].faces) == 2
    assert len(parts.notes) == 2  # one of each kind


def test_a_subdivision_surface_is_shown_as_its_control_mesh_and_told(tmp_path):
    parts = read(tmp_path, mesh(scheme="catmullClark"))
    np.testing.assert_array_equal(parts.shapes[0].normals, [(0, 0, 1)] * 4)
    assert parts.notes == (
        "/M: the subdivision surface (catmullClark) is shown as its control mesh",
    )


SUBSETS = """
    def GeomSubset "Right" (prepend apiSchemas = ["MaterialBindingAPI"])
    {
        uniform token elementType = "face"
        uniform token familyName = "materialBind"
        int[] indices = [1]
        rel material:binding = </Other>
    }
"""


def test_subsets_have_materials_of_their_own(tmp_path):
    text = (
        mesh(BIND + SUBSETS, **PAIR_FACES)
        + material("color3f inputs:diffuseColor = (1, 0, 0)")
        + material("color3f inputs:diffuseColor = (0, 1, 0)", name="Other")
    )
    shape = only(tmp_path, text)
    assert [m.name for m in shape.materials] == ["/Mat", "/Other"]
    assert [m.base_color for m in shape.materials] == [(1, 0, 0), (0, 1, 0)]
    of_faces = shape.face_materials.tolist()
    for triangle, number in zip(corners(shape), of_faces, strict=True):
        assert (triangle[:, 0].max() > 1.0) == (number == 1)


def test_mending_keeps_the_materials_of_the_faces_that_are_left(tmp_path):
    faces = {"points": PAIR, "counts": "3,4,4", "indices": "0,0,1, 0,1,2,3, 1,4,5,2"}
    text = mesh(BIND + SUBSETS.replace("[1]", "[2]"), **faces) + material() + material(name="Other")
    parts = read(tmp_path, text)
    assert parts.shapes[0].face_materials.tolist() == [0, 0, 1, 1]
