import json
import struct
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.io import files
from raywidget.io.meshes import load_mesh
from raywidget.scene.shapes.normals import smooth_normals, smooth_normals_at

CORNERS = np.array([(0, 0, 0), (2, 0, 0), (0, 3, 0), (0, 0, 4)], float)
FACES = np.array([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)])  # a tetrahedron, fronts outside

PLY_HEADER = """ply
format {format} 1.0
element vertex 4
property {real} x
property {real} y
property {real} z
element face 4
property list uchar int vertex_indices
end_header
"""


COLOURS = ("red", "green", "blue")


def ply(kind):
    if kind == "text":
        lines = [" ".join(map(str, row)) for row in CORNERS]
        lines += ["3 " + " ".join(map(str, row)) for row in FACES]
        return (PLY_HEADER.format(format="ascii", real="double") + "\n".join(lines)).encode()
    order = {"little": "<", "big": ">"}[kind]
    data = PLY_HEADER.format(format=f"binary_{kind}_endian", real="float").encode()
    data += CORNERS.astype(order + "f4").tobytes()
    return data + b"".join(struct.pack(order + "B3i", 3, *map(int, row)) for row in FACES)


OBJ = b"""# a square of two colours, a quad, with normals and texture coordinates
mtllib elsewhere.mtl
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 0 0
vt 0.5 0
vt 0.5 1
vt 0 1
vn 0 0 2
usemtl paint
f 1/1/1 2/2/1 3/3/1 4/4/1
"""


def stl(kind):
    triangles = CORNERS[FACES]
    if kind == "binary":
        parts = [struct.pack("<12fH", 0, 0, 0, *t.ravel(), 0) for t in triangles]
        return bytes(80) + struct.pack("<I", len(parts)) + b"".join(parts)
    lines = ["solid thing"]
    for t in triangles:
        lines += ["facet normal 0 0 0", "outer loop"]
        lines += ["vertex " + " ".join(map(str, row)) for row in t]
        lines += ["endloop", "endfacet"]
    return "\n".join([*lines, "endsolid thing"]).encode()


OFF = b"OFF\n4 4 0\n" + b"\n".join(
    b" ".join(str(x).encode() for x in row)
    for row in [*CORNERS.tolist(), *([3, *f] for f in FACES.tolist())]
)


def glb(matrix=None, **attributes):
    """Two copies of the tetrahedron, the second one moved."""
    trimesh = pytest.importorskip("trimesh")
    scene = trimesh.Scene()
    mesh = trimesh.Trimesh(CORNERS, FACES, process=False, **attributes)
    scene.add_geometry(mesh, geom_name="a")
    if matrix is not None:
        scene.add_geometry(mesh.copy(), geom_name="b", transform=matrix)
    return scene.export(file_type="glb")


SOUND = {
    "text.ply": ply("text"),
    "little.ply": ply("little"),
    "big.ply": ply("big"),
    "text.stl": stl("text"),
    "binary.stl": stl("binary"),
    "quad.obj": OBJ,
    "plain.off": OFF,
}


def load(tmp_path, file, data, **options):
    path = tmp_path / file
    path.write_bytes(data)
    return load_mesh(path, **options)


@pytest.mark.parametrize("name", [n for n in SOUND if n != "quad.obj"])
def test_every_format_gives_the_same_triangles(tmp_path, name):
    mesh = load(tmp_path, name, SOUND[name])
    np.testing.assert_array_equal(mesh.vertices[mesh.faces], CORNERS[FACES])
    assert mesh.normals is None
    assert mesh.uvs is None


def test_obj_with_normals_and_texture_coordinates(tmp_path):
    mesh = load(tmp_path, "quad.obj", OBJ, material=rw.Metal(0.5), name="square")
    assert mesh.faces.shape == (2, 3)
    np.testing.assert_array_equal(mesh.normals, np.tile((0.0, 0.0, 1.0), (4, 1)))
    np.testing.assert_array_equal(mesh.uvs, mesh.vertices[:, :2] * (0.5, 1.0))
    assert mesh.material.color == (0.5, 0.5, 0.5)
    assert mesh.name == "square"


def test_glb_puts_parts_in_their_places(tmp_path):
    matrix = rw.transforms.translate(10, 0, 0) @ rw.transforms.scale(1, 1, -1)
    mesh = load(tmp_path, "two.glb", glb(matrix))
    moved = CORNERS * (1, 1, -1) + (10, 0, 0)
    triangles = np.concatenate([CORNERS[FACES], moved[FACES[:, ::-1]]])
    order = np.argsort(mesh.vertices[mesh.faces][:, :, 0].max(axis=1) > 5, kind="stable")
    np.testing.assert_allclose(mesh.vertices[mesh.faces][order], triangles, atol=1e-6)


def test_colours_become_linear(tmp_path):
    rgba = np.array([(255, 0, 0, 255), (128, 128, 128, 255), (0, 0, 64, 255), (0, 0, 0, 255)])
    header = PLY_HEADER.format(format="ascii", real="float").replace(
        "element face",
        "property uchar red\nproperty uchar green\nproperty uchar blue\nelement face",
    )
    lines = [" ".join(map(str, [*row, *c[:3]])) for row, c in zip(CORNERS, rgba, strict=True)] + [
        "3 " + " ".join(map(str, row)) for row in FACES
    ]
    seen = load(tmp_path, "colours.ply", (header + "\n".join(lines)).encode())
    assert seen.colors[0].tolist() == [1, 0, 0]
    assert seen.colors[1, 0] == pytest.approx(0.2158605, abs=1e-6)  # sRGB's curve undone
    linear = load(tmp_path, "colours.glb", glb(vertex_colors=rgba))
    assert linear.colors[1, 0] == pytest.approx(128 / 255, abs=1e-6)


def test_glb_with_texture_coordinates(tmp_path):
    from trimesh.visual import TextureVisuals

    uvs = np.array([(0, 0), (1, 0), (0, 0.75), (0.5, 0.5)])
    mesh = load(tmp_path, "uv.glb", glb(visual=TextureVisuals(uv=uvs)))
    order = [int(np.argmin(np.abs(mesh.vertices - c).sum(axis=1))) for c in CORNERS]
    np.testing.assert_allclose(mesh.uvs[order], uvs, atol=1e-6)


def test_up_and_transform(tmp_path):
    stood = load(tmp_path, "up.ply", ply("text"), up="z")
    np.testing.assert_array_equal(stood.vertices[3], (0, 4, 0))  # what was up is up
    matrix = rw.transforms.translate(0, 1, 0) @ rw.transforms.scale(2)
    moved = load(tmp_path, "up.ply", ply("text"), up="z", transform=matrix)
    np.testing.assert_array_equal(moved.vertices, stood.vertices * 2 + (0, 1, 0))
    mirrored = load(tmp_path, "up.ply", ply("text"), transform=rw.transforms.scale(-1, 1, 1))
    a, b, c = mirrored.vertices[mirrored.faces[3]].astype(float)
    assert np.cross(b - a, c - a) @ (a + b + c) > 0  # still outside


def test_smooth(tmp_path):
    flat = load(tmp_path, "quad.obj", OBJ, smooth=False)
    assert flat.normals is None
    smooth = load(tmp_path, "binary.stl", stl("binary"), smooth=True)
    assert smooth.normals.shape == smooth.vertices.shape
    places = {}
    for vertex, normal in zip(smooth.vertices.tolist(), smooth.normals.tolist(), strict=True):
        assert places.setdefault(tuple(vertex), normal) == normal  # no seams


def test_edges_sharper_than_an_angle_stay_sharp(tmp_path):
    steps = np.radians(np.arange(0, 360, 20))
    ring = np.column_stack([np.cos(steps), np.sin(steps), np.zeros(len(steps))])
    count, faces = len(steps), []
    for k in range(count):
        low, other = k, (k + 1) % count
        faces += [(low, other, count + low), (other, count + other, count + low)]
        faces += [(2 * count, count + low, count + other)]
    points = np.concatenate([ring, ring + np.array((0, 0, 1)), [(0, 0, 1)]])
    data = f"OFF\n{len(points)} {len(faces)} 0\n"
    data += "".join(f"{x} {y} {z}\n" for x, y, z in points)
    data += "".join(f"3 {a} {b} {c}\n" for a, b, c in faces)
    drum = load(tmp_path, "drum.off", data.encode(), smooth=30)
    normals, corners = drum.normals[drum.faces], drum.vertices[drum.faces]
    lid = np.abs(corners[:, :, 2] - 1).max(axis=1) == 0
    assert lid.sum() == count
    np.testing.assert_allclose(normals[lid], np.broadcast_to((0, 0, 1), (count, 3, 3)), atol=1e-6)
    around = corners[~lid] * (1, 1, 0)
    # Radial within half a step: the halves of a side weigh more on one side.
    assert (normals[~lid] * around).sum(axis=2).min() > np.cos(np.radians(5))
    assert len(drum.vertices) == 3 * count + 1
    all_smooth = load(tmp_path, "drum.off", data.encode(), smooth=180)
    assert len(all_smooth.vertices) == 2 * count + 1
    flat = load(tmp_path, "drum.off", data.encode(), smooth=10)
    assert len(flat.vertices) == 5 * count + 1  # each side has its own four


def test_normals_of_a_stretched_mesh_stay_at_right_angles(tmp_path):
    stretched = load(tmp_path, "quad.obj", OBJ, transform=rw.transforms.rotate(30, (1, 0, 0)))
    a, b, c = stretched.vertices[stretched.faces[0]].astype(float)
    normal = np.cross(b - a, c - a)
    np.testing.assert_allclose(stretched.normals[0], normal / np.linalg.norm(normal), atol=1e-6)


def test_smooth_normals_of_a_ball_point_outwards():
    trimesh = pytest.importorskip("trimesh")
    ball = trimesh.creation.icosphere(subdivisions=3)
    normals = smooth_normals(np.array(ball.vertices), np.array(ball.faces))
    assert np.einsum("ij,ij->i", normals, ball.vertices).min() > 0.999


# --- What may be wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("thing.fbx", b"{}", "export it as .glb"),
        ("thing.doc", b"", "path must be a file of type .3mf, "),
        ("empty.ply", b"", "is not a sound PLY file"),
        ("empty.obj", b"", "load_mesh('empty.obj'): there are no vertices in it"),
        ("noise.glb", bytes(range(256)), "is not a sound GLB file"),
        ("points.obj", b"v 0 0 0\nv 1 0 0\n", "load_mesh('points.obj'): there are no triangles"),
        (
            "bomb.ply",
            ply("little").replace(b"face 4", b"face 99999999"),
            "promises 99,999,999 of 'face'",
        ),
        ("bomb.off", b"OFF\n400000000 1 0\n", "promises 400,000,000 vertices"),
        ("words.off", OFF.replace(b"2.0", b"two"), "line 4: 'two' is not a number"),
        ("outside.off", OFF.replace(b"3 1 2 3", b"3 1 2 7"), "a face names vertex 7 of 4"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, data, message):
    with pytest.raises(rw.SceneError) as caught:
        load(tmp_path, name, data)
    assert str(caught.value).startswith("load_mesh(")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_glb_that_promises_too_much(tmp_path):
    data = glb()
    length = int.from_bytes(data[12:16], "little")
    tree = json.loads(data[20 : 20 + length])
    tree["accessors"][0] = {"componentType": 5126, "type": "VEC3", "count": 2_000_000_000}
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    data = data[:12] + struct.pack("<I", len(text)) + data[16:20] + text + data[20 + length :]
    with pytest.raises(rw.SceneError, match=r"accessor 0: count must be .* got 2000000000"):
        load(tmp_path, "bomb.glb", data)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(rw.SceneError, match="can't be read: No such file"):
        load_mesh(tmp_path / "nothing.ply")
    (tmp_path / "folder.ply").mkdir()
    with pytest.raises(rw.SceneError, match="can't be read"):
        load_mesh(tmp_path / "folder.ply")


def test_large_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    with pytest.raises(rw.SceneError, match="must be at most 100 bytes"):
        load(tmp_path, "big.ply", ply("big"))


@pytest.mark.parametrize(
    "options",
    [
        {"up": "x"},
        {"smooth": 0},
        {"smooth": 181.0},
        {"smooth": "no"},
        {"transform": np.eye(3)},
        {"transform": np.zeros((4, 4))},
    ],
)
def test_wrong_options(tmp_path, options):
    with pytest.raises(rw.SceneError, match=next(iter(options))):
        load(tmp_path, "text.ply", ply("text"), **options)


def test_without_trimesh(tmp_path, monkeypatch):
    files = {"a.glb": glb(), **SOUND}
    monkeypatch.setitem(sys.modules, "trimesh", None)
    for name, data in files.items():
        assert len(load(tmp_path, name, data).faces)


@given(name=st.sampled_from([*SOUND, "two.glb"]), data=st.data())
def test_damaged_files_give_a_mesh_or_a_scene_error(tmp_path_factory, name, data):
    sound = SOUND[name] if name in SOUND else glb(rw.transforms.translate(1, 2, 3))
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(0, len(damaged)))]
    try:
        mesh = load(tmp_path_factory.getbasetemp(), name, bytes(damaged))
    except rw.SceneError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert isinstance(mesh, rw.Mesh)


@pytest.mark.parametrize("share", [0.01, 0.5, 1.0])
def test_normals_at_some_vertices_are_those_of_all(share):
    """Also where several vertices lie in one place."""
    rng = np.random.default_rng(3)
    vertices = rng.integers(0, 6, (300, 3)).astype(float)
    faces = rng.integers(0, 300, (500, 3))
    wanted = rng.random(300) < share
    wanted[5] = True
    expected = smooth_normals(vertices, faces)[wanted]
    np.testing.assert_array_equal(smooth_normals_at(vertices, faces, wanted), expected)
