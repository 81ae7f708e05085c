"""Values on shapes: what is taken, what is refused, and what edits of colours leave alone."""

import copy
import pickle

import numpy as np
import pytest

import raywidget as rw
from raywidget.scene.edits import edit_scene

VERTICES = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
FACES = [(0, 1, 2), (0, 1, 3)]
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))


def mesh(**more):
    return rw.Mesh(VERTICES, FACES, name="part", **more)


def test_values_belong_to_vertices_or_faces_by_their_number():
    assert mesh(values=[1, 2, 3, 4]).shown.numbers.on == "vertices"
    assert mesh(values=[1, 2]).shown.numbers.on == "faces"
    four = rw.Mesh(VERTICES, [*FACES, (1, 2, 3), (0, 2, 3)], values=[1, 2, 3, 4])
    assert four.shown.numbers.on == "vertices"
    assert four.replace(per="faces").shown.numbers.on == "faces"


@pytest.mark.parametrize(
    "values",
    [
        [True, False, True, False],
        np.arange(4, dtype=np.int8),
        np.arange(4.0)[:, None],
        np.ma.masked_array([0.0, 9e9, 2.0, 3.0], mask=[0, 1, 0, 0]),
        [0, np.nan, np.inf, 3],
        np.array([1e45, 2e45, 3e45, 4e45]),
        np.array([1e9, 1e9 + 1e-3, 1e9 + 2e-3, 1e9 + 3e-3]),
    ],
)
def test_whatever_is_numbers_is_taken(values):
    shown = mesh(values=values).shown
    assert len(shown.numbers.array) == 4
    assert not shown.numbers.array.flags.writeable
    assert np.isfinite(shown.limits).all()


def test_what_float32_would_merge_keeps_its_doubles():
    far = np.array([1e9, 1e9 + 1e-3, 1e9 + 2e-3, 1e9 + 3e-3])
    numbers = mesh(values=far).shown.numbers
    assert numbers.array.dtype == np.float64
    assert numbers.array.tolist() == far.tolist()
    assert mesh(values=[0.0, 1.0, 2.0, 3.0]).shown.numbers.array.dtype == np.float32


def test_quantities_are_listed_and_one_is_shown():
    part = mesh(quantities={"T": [1, 2, 3, 4], "p": [5, 6]}, colormap={"p": "hot"})
    assert list(part.quantities) == ["T", "p"]
    assert part.shown.name == "T"
    assert part.shown.label == "T"
    assert part.own_quantities["p"].colormap.colors == "hot"
    other = part.replace(show="p")
    assert other.shown.numbers.on == "faces"
    assert other.vertices is part.vertices
    both = mesh(values=[1, 2], quantities={"T": [1, 2, 3, 4]})
    assert both.shown.name == "values"
    assert both.replace(show="T").shown.limits == (1, 4)


def test_copies_are_equal():
    part = mesh(quantities={"T": [1, 2, 3, np.nan]}, colormap={"T": rw.ColorMap("hot")}, unlit=0.5)
    for other in (copy.deepcopy(part), pickle.loads(pickle.dumps(part)), part.replace(name="b")):
        assert np.array_equal(other.quantities["T"], part.quantities["T"], equal_nan=True)
        assert other.shown.limits == part.shown.limits
        assert other.unlit == 0.5


def test_edits_of_colours_share_all_other_arrays():
    scene = rw.Scene(
        [
            mesh(
                quantities={"T": [1, 2, 3, 4], "p": [5, 6]}, colormap=rw.ColorMap("hot", name="map")
            )
        ],
        camera=CAMERA,
    )
    for changes in (
        {"part.colormap.limits": (0, 50)},
        {"part.colormap": "viridis"},
        {"part.show": "p"},
        {"part.quantities.T": [4, 3, 2, 1]},
        {"map.limits": (0, 9)},
    ):
        edited = edit_scene(scene, changes).shapes[0]
        assert edited.vertices is scene.shapes[0].vertices
        assert edited.differs_in_colors_only(scene.shapes[0])
    named = mesh(quantities={"T": [1, 2, 3, 4], "p": [5, 6]}, colormap={"T": rw.ColorMap("hot")})
    scene = rw.Scene([named], camera=CAMERA)
    for path in ("part.colormap.T.limits", "part.colormap.limits"):
        assert edit_scene(scene, {path: (0, 9)}).shapes[0].shown.limits == (0, 9)
    copies = rw.Instances(named, [np.eye(4)] * 2, name="copies")
    scene = rw.Scene([copies], camera=CAMERA)
    edited = edit_scene(scene, {"copies.mesh.colormap.limits": (0, 9)}).shapes[0]
    assert edited.shown.limits == (0, 9)
    assert edited.transforms is copies.transforms
    assert not mesh(values=[1, 2]).differs_in_colors_only(mesh(values=[1, 2, 3, 4]))
    assert not mesh(values=[1, 2]).differs_in_colors_only(mesh(values=[1, 2]))  # other arrays


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"values": [1, 2, 3]},
            r"must be .*\(V,\) = 4 of its vertices or \(F,\) = 2 of its",
        ),
        ({"values": [np.nan] * 4}, "values must have a finite number, all 4 are NaN"),
        ({"values": np.ones((4, 3))}, r"of vectors take the lengths: numpy.linalg.norm"),
        ({"values": [1j, 2]}, "take .real, or numpy.abs"),
        ({"values": ["a", "b"]}, "values must be an array of numbers"),
        ({"values": [1, 2], "per": "vertices"}, "values must be"),
        ({"values": [1, 2, 3, 4], "colormap": "virids"}, "did you mean 'viridis'"),
        ({"values": [1, 2], "colormap": {"T": "hot"}}, "colormap must be of its own quantities"),
        ({"quantities": {"T": [1, 2]}, "show": "P"}, "show must be the name of a quantity"),
        ({"quantities": {"color": [1, 2]}}, "'color' are the colours of the shape"),
        ({"quantities": [1, 2]}, "quantities must be a mapping of names to arrays"),
        ({"quantities": {"T": [1, 2, 3]}}, r"quantities\['T'\] must be"),
        ({"values": [1, 2], "colors": np.ones((4, 3))}, "give colors or values, not both"),
        ({"values": [-1, -2], "colormap": rw.ColorMap(log=True)}, "values has no number > 0"),
        ({"unlit": 0.5}, "unlit must be 0 where there are no values"),
        (
            {"material": rw.Diffuse(rw.Attribute("T"))},
            r"asks for Attribute\('T'\), which the shape",
        ),
    ],
)
def test_what_can_not_be_names_the_object(more, message):
    with pytest.raises(rw.SceneError, match=f"Mesh 'part': .*{message}|{message}") as raised:
        mesh(**more)
    assert "Mesh 'part'" in str(raised.value)


def test_other_shapes_name_themselves_too():
    with pytest.raises(rw.SceneError, match=r"Spheres 'dots': values must be .*\(N,\) = 2"):
        rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.1, values=[1, 2, 3], name="dots")
    with pytest.raises(rw.SceneError, match=r"Cylinders: values must be .*\(N, 2\) = \(1, 2\)"):
        rw.Cylinders([(0, 0, 0)], [(1, 0, 0)], 0.1, values=[1, 2, 3])
    with pytest.raises(rw.SceneError, match=r"Instances: values must be .*\(N,\) = 1"):
        rw.Instances(mesh(), [np.eye(4)], values=[1, 2, 3])
    with pytest.raises(rw.SceneError, match="and a Sphere carries no values"):
        rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(rw.Attribute("T")))
    several = rw.Mesh(
        VERTICES, FACES, materials=[rw.Diffuse(0.5), rw.Metal(0.5)], face_materials=[0, 1]
    )
    with pytest.raises(rw.SceneError, match="need a material of their own"):
        rw.Instances(several, [np.eye(4)], values=[1])


def test_a_value_for_each_line_is_that_of_its_points():
    lines = [[(0, 0, 0), (1, 0, 0), (1, 1, 0)], [(0, 0, 1), (1, 0, 1)]]
    edges = rw.Tubes(lines, 0.1, values=[3.0, 7.0], colormap="magma")
    np.testing.assert_array_equal(edges.values, [3, 3, 3, 7, 7])
    again = edges.replace(values=np.ma.masked_greater([1.0, 9.0], 5))
    np.testing.assert_array_equal(again.values, [1, 1, 1, np.nan, np.nan])
    both = rw.Tubes(lines, 0.1, quantities={"edge": np.array([1, 2]), "node": np.arange(5.0)})
    np.testing.assert_array_equal(both.quantities["edge"], [1, 1, 1, 2, 2])
    np.testing.assert_array_equal(both.quantities["node"], np.arange(5))
    with pytest.raises(rw.SceneError, match="5 of its points"):
        rw.Tubes(lines, 0.1, values=[1.0, 2.0, 3.0])


def test_boxes_and_quads_are_copied_as_meshes():
    """Voxels: a cube for each cell that is taken, coloured by its value."""
    at = np.tile(np.eye(4), (3, 1, 1))
    at[:, 0, 3] = (0, 2, 5)
    box = rw.Box((0.5, 0.5, 0.5), (1, 1, 1), material=rw.Diffuse("tan"), edges=True)
    cubes = rw.Instances(box, at, values=[1, 2, 3])
    assert cubes.mesh.area() == pytest.approx(6)
    assert cubes.material.color == rw.Diffuse("tan").color
    assert cubes.mesh.edges is not None
    corners = cubes.mesh.vertices[cubes.mesh.faces].astype(float)
    out = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.sum(out * (corners.mean(axis=1) - 0.5), axis=1) > 0).all()
    np.testing.assert_allclose(cubes.bounds(), [(0, 0, 0), (6, 1, 1)])
    tiles = rw.Instances(rw.Quad((0, 0, 0), (1, 0, 0), (0, 0, 1)), at)
    assert len(tiles.mesh.faces) == 2
    with pytest.raises(rw.SceneError, match="a Mesh, a Box or a Quad"):
        rw.Instances(rw.Sphere((0, 0, 0), 1), at)
