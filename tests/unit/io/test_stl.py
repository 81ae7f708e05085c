import struct

import numpy as np
import pytest

import raywidget as rw
from raywidget.io.scene_files import read_scene

TRIANGLES = np.array([[(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 0, 1), (2, 0, 1), (0, 1, 1)]], "f4")


def binary(attributes=(0, 0), head=b"a thing", count=None):
    data = head.ljust(80) + struct.pack("<I", len(attributes) if count is None else count)
    for triangle, attribute in zip(TRIANGLES, attributes, strict=True):
        data += bytes(12) + triangle.tobytes() + struct.pack("<H", attribute)
    return data


def text(name="thing", triangles=TRIANGLES, end="\n"):
    lines = [f"solid {name}"]
    for triangle in triangles:
        lines += ["  facet normal 0 0 1", "    outer loop"]
        lines += [f"      vertex {x:g} {y:g} {z:g}" for x, y, z in triangle]
        lines += ["    endloop", "  endfacet"]
    return end.join([*lines, f"endsolid {name}", ""]).encode()


def parts(tmp_path, data):
    path = tmp_path / "a.stl"
    path.write_bytes(data)
    return read_scene(path)


def corners(parts):
    return np.concatenate([mesh.vertices[mesh.faces] for mesh in parts.shapes])


@pytest.mark.parametrize(
    "data",
    [
        binary(),
        binary(head=b"solid facet vertex"),  # binary, whatever it begins with
        text(),
        text(end="\r\n"),
        text().upper(),
        b"\xef\xbb\xbf" + text(),
        text().replace(b"\n", b" "),  # words in one line
        text(name=""),
    ],
)
def test_the_same_triangles(tmp_path, data):
    found = parts(tmp_path, data)
    np.testing.assert_array_equal(corners(found), TRIANGLES)
    assert found.notes == ()


def test_several_solids_have_names(tmp_path):
    found = parts(tmp_path, text("nut", TRIANGLES[:1]) + text("long bolt", TRIANGLES[1:]))
    assert [shape.name for shape in found.shapes] == ["nut", "long bolt"]
    np.testing.assert_array_equal(corners(found), TRIANGLES)


def test_colours_of_both_dialects(tmp_path):
    viscam = binary((0x8000 | 31 << 10 | 16 << 5, 0))  # red at the top, blue below
    (mesh,) = parts(tmp_path, viscam).shapes
    np.testing.assert_allclose(mesh.face_colors, [(1, 0.2290, 0), (0.5, 0.5, 0.5)], atol=1e-3)
    magics = binary((31 | 16 << 5, 0x8000), b"COLOR=" + bytes((0, 0, 255, 255)) + b",MATERIAL=")
    (mesh,) = parts(tmp_path, magics).shapes
    np.testing.assert_allclose(mesh.face_colors, [(1, 0.2290, 0), (0, 0, 1)], atol=1e-3)
    (mesh,) = parts(tmp_path, binary((7, 7))).shapes
    assert mesh.face_colors is None


def test_bytes_behind_and_missing_ones_are_told(tmp_path):
    found = parts(tmp_path, binary() + bytes(64))
    assert found.notes == ("64 bytes behind the last triangle left out",)
    np.testing.assert_array_equal(corners(found), TRIANGLES)
    found = parts(tmp_path, binary()[:-20])
    assert found.notes == ("it is cut: 1 of 2 triangles are there",)
    np.testing.assert_array_equal(corners(found), TRIANGLES[:1])
    found = parts(tmp_path, text()[: text().rindex(b"endloop")])
    assert found.notes == ("it is cut: the last triangle, of 3 corners, left out",)
    np.testing.assert_array_equal(corners(found), TRIANGLES[:1])
    np.testing.assert_array_equal(
        corners(parts(tmp_path, text().replace(b"endsolid thing", b""))), TRIANGLES
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it has 0 bytes; its header alone has 84"),
        (bytes(50), "it has 50 bytes"),
        (binary()[:90], "promises 2 triangles, but there are bytes for 0"),
        (bytes(range(256)) * 20, "its header promises"),
        (text()[:40], "it is cut before its first triangle"),
        (text()[: text().index(b"endloop")], "it is cut within its first triangle"),
        (text().replace(b"vertex 1 0 0", b"vertex 1 0"), "line 5: a vertex has three numbers"),
        (text().replace(b"vertex 1 0 0", b"vertex 1 O 0"), "line 5: 'O' is not a number"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, data, message):
    with pytest.raises(rw.SceneError) as caught:
        parts(tmp_path, data)
    assert str(caught.value).startswith("'a.stl': is not a sound STL file: ")
    assert message in str(caught.value)


def test_polygons_and_empty_solids(tmp_path):
    square = text(triangles=[[(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]])
    (mesh,) = parts(tmp_path, square).shapes
    assert mesh.area() == 1
    assert parts(tmp_path, b"solid nothing\nendsolid nothing\n").shapes == ()
    assert parts(tmp_path, bytes(84)).shapes == ()
