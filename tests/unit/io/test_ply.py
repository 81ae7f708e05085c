import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import raywidget as rw
from raywidget.io.scene_files import read_scene

CODES = {"char": "b", "uchar": "B", "short": "h", "ushort": "H", "int": "i", "uint": "I",
         "float": "f", "double": "d"}  # fmt: skip


def write(kind, elements, comments=()):
    """A PLY; elements are (name, [(property, type)], rows), a list's type is (count, type)."""
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[kind]
    head = ["ply", f"format {kind} 1.0", *(f"comment {c}" for c in comments)]
    body = b""
    for name, properties, rows in elements:
        head.append(f"element {name} {len(rows)}")
        for label, type_ in properties:
            is_list = isinstance(type_, tuple)
            head.append(f"property {'list ' + ' '.join(type_) if is_list else type_} {label}")
        for row in rows:
            words = []
            for (_, type_), value in zip(properties, row, strict=True):
                if isinstance(type_, tuple):
                    words += [(type_[0], len(value)), *((type_[1], v) for v in value)]
                else:
                    words.append((type_, value))
            if order:
                body += b"".join(struct.pack(order + CODES[t], v) for t, v in words)
            else:
                body += " ".join(str(v) for _, v in words).encode() + b"\n"
    return "\n".join([*head, "end_header\n"]).encode() + body


def parts(tmp_path, data):
    path = tmp_path / "a.ply"
    path.write_bytes(data)
    return read_scene(path)


def one(tmp_path, data):
    (shape,) = parts(tmp_path, data).shapes
    return shape


XYZ = [(axis, "float") for axis in "xyz"]
SQUARE = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
FACES = ("face", [("vertex_indices", ("uchar", "int"))], [((0, 1, 2, 3),)])
KINDS = ["ascii", "binary_little_endian", "binary_big_endian"]


@pytest.mark.parametrize("kind", KINDS)
def test_polygons_of_all_sizes_and_what_is_unknown(tmp_path, kind):
    vertex = [("quality", "double"), *XYZ, ("flags", "ushort"), ("odd", ("ushort", "short"))]
    rows = [(7.5, *p, 9, (1,) * k) for k, p in enumerate(SQUARE)]
    face = [
        ("a", "uchar"),
        ("vertex_index", ("uint", "ushort")),
        ("b", ("uchar", "double")),
        ("c", "int"),
    ]
    faces = [
        (1, (0, 1, 2), (), 5),
        (2, (0, 2, 3, 1), (0.5, 2), 6),
        (3, (), (1,), 7),
        (4, (3, 2, 1), (), 8),
    ]
    other = ("camera", [("list", ("uchar", "float")), ("n", "char")], [((1, 2, 3), 4), ((), 5)])
    mesh = one(tmp_path, write(kind, [other, ("vertex", vertex, rows), ("face", face, faces)]))
    np.testing.assert_array_equal(mesh.vertices, SQUARE)
    assert mesh.faces[0].tolist() == [0, 1, 2]
    assert mesh.faces[-1].tolist() == [3, 2, 1]
    assert len(mesh.faces) == 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("type_", "high"), [("uchar", 255), ("ushort", 65535), ("float", 1.0), ("int", 255)]
)
def test_colours_of_vertices_and_faces(tmp_path, kind, type_, high):
    names = [(c, type_) for c in ("red", "green", "blue")]
    half = high // 2 if isinstance(high, int) else 0.5
    colors = [(high, 0, 0), (0, half, 0), (0, 0, high), (high, high, high)]
    rows = [(*p, *c) for p, c in zip(SQUARE, colors, strict=True)]
    mesh = one(tmp_path, write(kind, [("vertex", [*XYZ, *names], rows), FACES]))
    assert mesh.colors[0].tolist() == [1, 0, 0]
    assert mesh.colors[1, 1] == pytest.approx(0.214, abs=3e-3)
    faces = [((0, 1, 2), *colors[1]), ((0, 2, 3), *colors[2])]
    face = ("face", [("vertex_indices", ("uchar", "int")), *names], faces)
    mesh = one(tmp_path, write(kind, [("vertex", XYZ, SQUARE), face]))
    assert mesh.colors is None
    assert mesh.face_colors[1].tolist() == [0, 0, 1]
    assert mesh.face_colors[0, 1] == pytest.approx(0.214, abs=3e-3)


@pytest.mark.parametrize(
    "names", [("u", "v"), ("s", "t"), ("texture_u", "texture_v"), ("u0", "v0")]
)
def test_coordinates_and_normals(tmp_path, names):
    extra = [(n, "float") for n in names] + [(n, "float") for n in ("nx", "ny", "nz")]
    rows = [(*p, *p[:2], 0, 0, 2) for p in SQUARE]
    mesh = one(tmp_path, write("ascii", [("vertex", XYZ + extra, rows), FACES]))
    np.testing.assert_array_equal(mesh.uvs, np.array(SQUARE)[:, :2])
    np.testing.assert_array_equal(mesh.normals, [(0, 0, 1)] * 4)


def test_coordinates_of_corners_and_their_picture(tmp_path):
    Image.fromarray(np.full((2, 2, 3), 90, np.uint8)).save(tmp_path / "my skin.png")
    face = ("face", [("vertex_indices", ("uchar", "int")), ("texcoord", ("uchar", "float"))],
            [((0, 1, 2), (0, 0, 1, 0, 1, 1)), ((0, 2, 3), (0.5, 0, 1, 1, 0, 1))])  # fmt: skip
    data = write(
        "binary_little_endian", [("vertex", XYZ, SQUARE), face], ["TextureFile my skin.png"]
    )
    mesh = one(tmp_path, data)
    assert mesh.uvs[mesh.faces].tolist() == [[[0, 0], [1, 0], [1, 1]], [[0.5, 0], [1, 1], [0, 1]]]
    assert len(mesh.vertices) == 5  # only the first corner is a seam
    np.testing.assert_array_equal(mesh.vertices[mesh.faces[1]], np.array(SQUARE)[[0, 2, 3]])
    assert mesh.material.color.pixels[0, 0].tolist() == [90, 90, 90]
    found = parts(tmp_path, data.replace(b"my skin", b"../skin"))
    assert "'../skin.png' is not in the file's folder" in found.notes[0]


@pytest.mark.parametrize("kind", KINDS)
def test_strips(tmp_path, kind):
    points = [(k // 2, k % 2, 0) for k in range(8)]
    strip = ("tristrips", [("vertex_indices", ("int", "int"))], [((0, 2, 1, 3, -1, 4, 6, 5, 7),)])
    mesh = one(tmp_path, write(kind, [("vertex", XYZ, points), strip]))
    assert mesh.area() == 2
    a, b, c = np.moveaxis(mesh.vertices.astype(float)[mesh.faces], 1, 0)
    assert (np.cross(b - a, c - a)[:, 2] > 0).all()  # all look to one side


def test_points_without_faces_are_balls(tmp_path):
    names = [("r", "uchar"), ("g", "uchar"), ("b", "uchar")]
    rows = [(*p, 255, 0, 0) for p in SQUARE]
    balls = one(tmp_path, write("ascii", [("vertex", XYZ + names, rows), (*FACES[:2], [])]))
    assert isinstance(balls, rw.Spheres)
    np.testing.assert_allclose(balls.radii, 0.02 * 2**0.5, rtol=1e-6)  # of the diagonal
    assert balls.colors[0].tolist() == [1, 0, 0]
    sized = write("ascii", [("vertex", [*XYZ, ("radius", "float")], [(*p, 0.25) for p in SQUARE])])
    assert one(tmp_path, sized).radii.tolist() == [0.25] * 4


def test_text_with_more_in_a_line_or_less(tmp_path):
    data = write("ascii", [("vertex", XYZ, SQUARE), FACES])
    longer = data.replace(b"4 0 1 2 3", b"4 0 1 2 3 255 0 0")
    assert one(tmp_path, longer).area() == 1
    wrapped = data.replace(b"4 0 1 2 3", b"4 0\n1 2\n3")
    assert one(tmp_path, wrapped).area() == 1
    with_returns = data.replace(b"\n", b"\r\n")
    assert one(tmp_path, with_returns).area() == 1
    strange = data.replace(b"element face", b"Made by hand\nobj_info x\nelement face")
    assert one(tmp_path, strange).area() == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"ply\n", b"plx\n"), "does not begin with 'ply'"),
        ((b"end_header", b"end"), "its header does not end"),
        ((b"format ascii", b"format odd"), "its format is 'odd'"),
        ((b"vertex 4", b"vertex 4000000000000"), "promises 4,000,000,000,000 of 'vertex'"),
        ((b"vertex 4", b"vertex -4"), "no count"),
        ((b"property float x", b"property quad x"), "unknown type 'quad'"),
        ((b"property float x", b"property float"), "its header has the line 'property float'"),
        ((b"list uchar", b"list float"), "is a list of 'float'"),
        ((b"float z", b"float w"), "no vertices with x, y and z"),
        ((b"4 0 1 2 3", b"4 0 1 2 4"), "a face names vertex 4 of 4"),
        ((b"4 0 1 2 3", b"4 0 1 2 2.5"), "a face names vertex 2.5 of 4"),
        ((b"4 0 1 2 3", b"9 0 1 2 3"), "goes beyond its end"),
        ((b"4 0 1 2 3", b"-1 0 1 2 3"), "goes beyond its end"),
        ((b"4 0 1 2 3", b"4 0 x 2 3"), "'x' is not a number"),
        ((b"vertex_indices", b"corners"), "no list named vertex_indices"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, change, message):
    data = write("ascii", [("vertex", XYZ, SQUARE), FACES]).replace(*change, 1)
    with pytest.raises(rw.SceneError) as caught:
        parts(tmp_path, data)
    assert str(caught.value).startswith("'a.ply': ")
    assert message in str(caught.value)


def test_binary_files_that_are_cut(tmp_path):
    data = write("binary_little_endian", [("vertex", XYZ, SQUARE), FACES])
    for end in range(len(data) - 1, data.index(b"end_header"), -1):
        with pytest.raises(rw.SceneError, match=r"cut|end|header"):
            parts(tmp_path, data[:end])
    huge = write("binary_little_endian", [("vertex", XYZ, SQUARE), (*FACES[:2], [])])
    huge = huge.replace(b"face 0", b"face 1").replace(b"list uchar", b"list uint")
    with pytest.raises(rw.SceneError, match=r"4,294,967,295 entries goes beyond"):
        parts(tmp_path, huge + b"\xff" * 8)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    counts=st.lists(st.integers(3, 6), min_size=1, max_size=8),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_written_is_read(tmp_path_factory, kind, counts, seed):
    rng = np.random.default_rng(seed)
    points, faces = [], []
    for count in counts:
        angles = np.sort(rng.uniform(0, 2 * np.pi, count))
        height = float(len(points))
        faces.append((tuple(range(len(points), len(points) + count)), height))
        points += [(float(np.cos(a)), float(np.sin(a)), height) for a in angles]
    face = ("face", [("vertex_indices", ("uchar", "uint")), ("weight", "float")], faces)
    data = write(kind, [("vertex", [(a, "double") for a in "xyz"], points), face])
    mesh = one(tmp_path_factory.getbasetemp(), data)
    assert len(mesh.faces) == sum(counts) - 2 * len(counts)
    expected = 0.0
    for corners, _ in faces:
        x, y = np.array(points)[list(corners), :2].T
        expected += 0.5 * abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum())
    assert mesh.area() == pytest.approx(expected, rel=1e-5, abs=1e-6)
