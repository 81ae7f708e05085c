"""Which edges of triangles are marked to be drawn."""

import itertools

import numpy as np
import pytest

import raywidget as rw
from raywidget.compiler.geometry.edges import mark_edges
from raywidget.engine.renderer import Renderer
from raywidget.io.meshes import load_mesh
from raywidget.kernels import layout

CUBE = rw.Box((0, 0, 0), (1, 1, 1))


def cube(flipped=()):
    """Vertices and triangles of a cube, two for each side."""
    vertices = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [face for a, b, c, d in quads for face in ((a, b, c), (a, c, d))]
    faces = [face[::-1] if k in flipped else face for k, face in enumerate(faces)]
    return vertices, np.array(faces)


def drawn(marks):
    """How many edges of triangles are drawn."""
    return int(sum(bin(mark & layout.MARK_ALL).count("1") for mark in marks.own))


def test_diagonals_of_polygons_are_not_drawn():
    vertices, faces = cube()
    assert drawn(mark_edges(rw.Edges(), vertices, faces)) == 36
    assert drawn(mark_edges(rw.Edges(), vertices, faces, np.repeat(np.arange(6), 2))) == 24


@pytest.mark.parametrize("flipped", [(), (0, 5)])
@pytest.mark.parametrize(("angle", "count"), [(10, 24), (89, 24), (91, 0)])
def test_edges_by_their_angle(angle, count, flipped):
    vertices, faces = cube(flipped)
    marks = mark_edges(rw.Edges(feature_angle=angle), vertices, faces)
    assert drawn(marks) == count
    # Vertices of their own for each triangle: what lies at one place is one.
    apart, own = vertices[faces].reshape(-1, 3), np.arange(faces.size).reshape(-1, 3)
    assert drawn(mark_edges(rw.Edges(feature_angle=angle), apart, own)) == count


def test_borders_are_features():
    vertices, faces = cube()
    open_cube = faces[2:]  # without a side: its four edges are borders
    assert drawn(mark_edges(rw.Edges(feature_angle=179), vertices, open_cube)) == 4


def test_ends_of_lines_are_marked_on_their_neighbours():
    # A hexagon as a fan: triangles in the middle have the first corner without an edge to it.
    turns = np.arange(6) * np.pi / 3
    vertices = np.column_stack([np.cos(turns), np.sin(turns), 0 * turns])
    faces = np.array([(0, k, k + 1) for k in range(1, 5)])
    marks = mark_edges(rw.Edges(), vertices, faces, np.zeros(4, np.int32))
    assert [int(m) & layout.MARK_ALL for m in marks.own] == [3, 2, 2, 6]
    assert all(m & layout.MARK_CORNER for m in marks.own)


def reaching_in(marks, vertices, faces):
    """For each triangle, which edges end at its corners that are not its own."""
    found = []
    for face, (first, end) in zip(faces, itertools.pairwise(marks.rows), strict=True):
        rows = marks.ends[first:end]
        starts = np.array(vertices)[np.array(face)][rows[:, layout.EDGE_END_CORNER].astype(int)]
        found.append({(tuple(a), tuple(a + row[:3])) for a, row in zip(starts, rows, strict=True)})
    return found


def test_lines_reach_across_diagonals():
    vertices = np.array([(0, 0, 0), (4, 0, 0), (4, 1, 0), (0, 1, 0)], float)
    faces = np.array([(0, 1, 2), (0, 2, 3)])
    marks = mark_edges(rw.Edges(), vertices, faces, np.zeros(2, np.int32))
    a, b, c, d = map(tuple, vertices)
    assert reaching_in(marks, vertices, faces) == [{(a, d), (c, d)}, {(a, b), (c, b)}]
    # Turned the other way round, or with corners of their own
    for other in (faces[:, ::-1], faces[:, [1, 2, 0]]):
        assert reaching_in(
            mark_edges(rw.Edges(), vertices, other, np.zeros(2, np.int32)), vertices, other
        ) == [{(a, d), (c, d)}, {(a, b), (c, b)}]
    apart = vertices[faces].reshape(-1, 3)
    marks = mark_edges(rw.Edges(), apart, np.arange(6).reshape(2, 3), np.zeros(2, np.int32))
    assert reaching_in(marks, apart, [(0, 1, 2), (3, 4, 5)]) == [{(a, d), (c, d)}, {(a, b), (c, b)}]
    assert marks.scaled(2).ends[:, :3] == pytest.approx(2 * marks.ends[:, :3])


def test_lines_reach_into_all_triangles_of_a_fan_and_no_others():
    turns = np.arange(6) * np.pi / 3
    vertices = np.column_stack([np.cos(turns), np.sin(turns), 0 * turns])
    faces = np.array([(0, k, k + 1) for k in range(1, 5)] + [(1, 0, 5)])
    polygons = np.array([0, 0, 0, 0, 1])  # the last is a polygon of its own
    found = reaching_in(mark_edges(rw.Edges(), vertices, faces, polygons), vertices, faces)
    first = np.array(vertices[0])
    for face, edges in zip(faces[:4], found, strict=False):
        of_first = {end for start, end in edges if np.allclose(start, first)}
        assert len(of_first) == 2 - np.isin([1, 5], face).sum()
        assert all(np.linalg.norm(np.subtract(*edge)) == pytest.approx(1) for edge in edges)
    assert [len(edges) for edges in found] == [2, 4, 4, 2, 0]


def test_features_reach_round_their_ends():
    # A roof of two sides, four triangles each: its ridge reaches into those beside its ends.
    vertices = np.array([(x, y, abs(y) - 1) for y in (-1, 0, 1) for x in (0, 1, 2)], float)
    quads = [(0, 1, 4, 3), (1, 2, 5, 4), (3, 4, 7, 6), (4, 5, 8, 7)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    marks = mark_edges(rw.Edges(feature_angle=60), vertices, faces)
    found = reaching_in(marks, vertices, faces)
    middle, right = tuple(vertices[4]), tuple(vertices[5])
    assert (middle, right) in found[0]  # has its third corner there, and no side of the ridge
    assert all(len(set(edges)) == len(edges) for edges in found)


def test_only_scenes_with_edges_have_marks():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    settings = rw.RenderSettings(width=8, height=8, spp=1, integrator="albedo")
    plain = Renderer(rw.Scene([CUBE], camera=camera), settings)
    assert plain.tables.edge_marks.shape == plain.tables.edge_rows.shape == (0,)
    edged = rw.Scene([CUBE.replace(edges=True), rw.Sphere((0, 0, 0), 1)], camera=camera)
    tables = Renderer(edged, settings).tables
    assert tables.edge_marks.tolist() == [15] * 6 + [0]
    assert tables.edge_rows.shape == (0,)
    vertices, faces = cube()
    board = rw.Mesh(vertices, faces, polygons=np.repeat(np.arange(6), 2), edges=True)
    tables = Renderer(edged.replace(shapes=[board, *edged.shapes]), settings).tables
    assert tables.edge_rows[[0, 12, -1]].tolist() == [0, 24, 24]
    assert tables.edge_ends.shape == (24, 4)


def test_other_edges_need_no_new_tree():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    settings = rw.RenderSettings(width=8, height=8, spp=1, integrator="albedo")
    vertices, faces = cube()
    scene = rw.Scene([rw.Mesh(vertices, faces, edges=True)], camera=camera)
    first = Renderer(scene, settings)
    mesh = scene.shapes[0].replace(edges=rw.Edges(3, "red"))
    second = Renderer(scene.replace(shapes=[mesh]), settings, first)
    assert second.tables.nodes is first.tables.nodes
    row = second.tables.materials[:, layout.MATERIAL_EDGE_WIDTH]
    assert sorted(row.tolist()) == [0, 3]


def test_files_tell_which_triangles_are_one_polygon(tmp_path):
    path = tmp_path / "board.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 2 0 0\nf 1 2 3 4\nf 2 5 3\n")
    mesh = load_mesh(path)
    assert mesh.polygons.tolist() == [0, 0, 1]
    off = tmp_path / "board.off"
    off.write_text("OFF\n4 1 0\n0 0 0\n1 0 0\n1 1 0\n0 1 0\n4 0 1 2 3\n")
    assert load_mesh(off).polygons.tolist() == [0, 0]
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nf 1 2 3\n")
    assert load_mesh(path).polygons is None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: rw.Edges(0), "width must be"),
        (lambda: rw.Edges(color="blak"), "color must be"),
        (lambda: rw.Edges(units="px"), "units must be one of 'pixels', 'scene', got 'px'"),
        (lambda: rw.Edges(feature_angle=180), "feature_angle must be degrees, from 0 to below"),
        (lambda: CUBE.replace(edges=3), "edges must be Edges, such as"),
        (lambda: rw.Mesh(*cube(), polygons=[0, 1]), r"whole numbers >= 0, \(F,\) = \(12,\)"),
        (lambda: rw.Mesh(*cube(), polygons=[-1] * 12), "polygons must be an array of whole"),
    ],
)
def test_bad_edges(make, message):
    with pytest.raises(rw.SceneError, match=message):
        make()
