import numpy as np
import pytest

import raywidget as rw
from raywidget.io.scene_files import read_scene

POINTS = ["0 0 0", "1 0 0", "1 1 0", "0 1 0"]


def parts(tmp_path, text):
    path = tmp_path / "a.off"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scene(path)


def one(tmp_path, text):
    (mesh,) = parts(tmp_path, text).shapes
    return mesh


def off(keyword="OFF", rows=POINTS, faces=("4 0 1 2 3",), counts=None):
    return "\n".join([keyword, counts or f"{len(rows)} {len(faces)} 0", *rows, *faces, ""])


@pytest.mark.parametrize(
    "text",
    [
        off(),
        off().replace("\n", "\r\n"),
        off(counts="4 1"),
        off(keyword="OFF 4 1 0", counts="# none"),
        off(keyword="OFF4 1 0", counts="#"),
        off(keyword="", counts="4 1 0"),
        off(keyword="# by hand\n\nOFF # words\n# more"),
        off(faces=("4 0 1 # behind", "2", "3"), counts="4 1 0"),
        " ".join(off().split()),
        "\n".join(off().split()),
        off(rows=["0 0", "0 1 0 0 1", "1 0 0 1 0"]).replace("3 1 0", "4 1 0"),
        off("4OFF", [p + " 2" for p in ("0 0 0", "2 0 0", "2 2 0", "0 2 0")]),
    ],
)
def test_a_stream_of_words(tmp_path, text):
    mesh = one(tmp_path, text)
    np.testing.assert_array_equal(mesh.vertices, [[float(x) for x in p.split()] for p in POINTS])
    assert mesh.faces.tolist() == [[0, 1, 2], [0, 2, 3]]


def test_normals_colours_and_coordinates(tmp_path):
    rows = [p + " 0 0 2 255 0 0 255 0.5 " + p[0] for p in POINTS]
    mesh = one(tmp_path, off("STCNOFF", rows))
    np.testing.assert_array_equal(mesh.normals, [(0, 0, 1)] * 4)
    np.testing.assert_array_equal(mesh.colors, [(1, 0, 0)] * 4)
    np.testing.assert_array_equal(mesh.uvs, [(0.5, float(p[0])) for p in POINTS])
    stream = one(tmp_path, "\n".join(off("COFF", [p + " 0 1 0 1" for p in POINTS]).split()))
    np.testing.assert_array_equal(stream.colors, [(0, 1, 0)] * 4)
    three = one(tmp_path, off("COFF", [p + " 0 0.5 0" for p in POINTS]))
    np.testing.assert_allclose(three.colors, [(0, 0.2140411, 0)] * 4, rtol=1e-5)


def test_colours_of_faces(tmp_path):
    faces = ["3 0 1 2 255 0 0", "3 0 2 3 0 0 255 128", "3 0 1 3"]
    mesh = one(tmp_path, off(faces=faces))
    assert mesh.face_colors.tolist() == [[1, 0, 0], [0, 0, 1], [0.5, 0.5, 0.5]]
    found = parts(tmp_path, off(faces=["4 0 1 2 3 7"]))
    assert found.shapes[0].face_colors is None
    assert found.notes == ("1 colours that are numbers of a colour map left out",)


def test_points_and_edges(tmp_path):
    balls = one(tmp_path, off(faces=()))
    assert isinstance(balls, rw.Spheres)
    found = parts(tmp_path, off(faces=["2 0 1", "3 0 1 2"]))
    assert found.notes == ("1 face of less than three corners left out",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it begins neither with 'OFF' nor"),
        ("hello", "it begins neither with 'OFF' nor"),
        ("OFF BINARY\n\0\0", "it is in bytes (OFF BINARY)"),
        (off("nOFF"), "another space than three dimensions"),
        (off(counts="-4 1 0"), "the numbers of vertices, faces and edges"),
        (off(counts="99999999999999 1 0"), "promises 99,999,999,999,999 vertices"),
        (off(counts="4 2 0"), "it ends within its 2 faces"),
        (off(faces=["4 0 1 2 4"]), "a face names vertex 4 of 4"),
        (off(faces=["4 0 1 2 -1"]), "a face names vertex -1 of 4"),
        (off(faces=["9 0 1 2 3"]), "it ends within its 1 faces"),
        (off(rows=["0 0 x", *POINTS[1:]]), "line 3: 'x' is not a number"),
        (off(faces=["4 0 1 2 1" + "0" * 400]), "a face names vertex inf"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    with pytest.raises(rw.SceneError) as caught:
        parts(tmp_path, text)
    assert str(caught.value).startswith("'a.off': is not a sound OFF file: ")
    assert message in str(caught.value)
