import itertools

import numpy as np
import pytest
from PIL import Image

import raywidget as rw
from raywidget.io.scene_files import read_scene

TRIANGLE = "v 0 0 0\nv 1 0 0\nv 0 1 0\n"


def scene(tmp_path, text, **others):
    for name, content in others.items():
        (tmp_path / name.replace("_mtl", ".mtl")).write_text(content)
    path = tmp_path / "thing.obj"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scene(path)


def one(tmp_path, text, **others):
    (shape,) = scene(tmp_path, text, **others).shapes
    return shape


def material(tmp_path, mtl):
    text = "mtllib a.mtl\n" + TRIANGLE + "usemtl it\nf 1 2 3\n"
    parts = scene(tmp_path, text, a_mtl="newmtl it\n" + mtl)
    return parts.shapes[0].material, parts.notes


# --- Geometry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blanks_comments_and_joined_lines(tmp_path, end):
    lines = [
        "# a thing",
        "\t v\t0 0 0 # here",
        "v 1 0\\",
        " 0",
        "",
        "v 0 1 0",
        "f\t1 2 \\",
        "3 # done",
    ]
    mesh = one(tmp_path, end.join(lines))
    np.testing.assert_array_equal(mesh.vertices, [(0, 0, 0), (1, 0, 0), (0, 1, 0)])
    assert mesh.faces.tolist() == [[0, 1, 2]]


def test_negative_indices_count_back_from_their_line(tmp_path):
    text = "".join(
        f"v {x} 0 0\nv {x} 1 0\nv {x} 0 1\nvt {x} 0\nvt {x} 1\nvt 1 {x}\nvn 1 {x} 0\n"
        "f -3/-3/-1 -2/-2/-1 -1/-1/-1\n"
        for x in range(4)
    )
    mesh = one(tmp_path, text)
    for face, x in zip(mesh.faces, range(4), strict=True):
        assert mesh.vertices[face, 0].tolist() == [x] * 3
        assert mesh.uvs[face].tolist() == [[x, 0], [x, 1], [1, x]]
        np.testing.assert_allclose(
            mesh.normals[face], [np.array((1, x, 0)) / np.hypot(1, x)] * 3, rtol=1e-6
        )


@pytest.mark.parametrize(
    "corners",
    list(itertools.product(["{}", "{}/{}", "{}//{}", "{}/{}/{}", "{}/", "{}//"], repeat=2)),
)
def test_faces_name_what_they_like(tmp_path, corners):
    text = TRIANGLE + "v 1 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nvt 1 1\n" + "vn 0 0 1\n" * 4
    for pattern, face in zip(corners, [(1, 2, 3), (2, 4, 3)], strict=True):
        text += "f " + " ".join(pattern.format(i, i, i) for i in face) + "\n"
    mesh = one(tmp_path, text)
    got = mesh.vertices[mesh.faces].tolist()
    assert got == [[[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 1, 0], [0, 1, 0]]]
    some = [c in ("{}/{}", "{}/{}/{}") for c in corners]
    assert (mesh.uvs is not None) == any(some)
    for face, has in zip(mesh.faces, some, strict=True):
        if mesh.uvs is not None:
            expected = mesh.vertices[face, :2] if has else np.zeros((3, 2))
            np.testing.assert_array_equal(mesh.uvs[face], expected)
    if any(c in ("{}//{}", "{}/{}/{}") for c in corners):
        np.testing.assert_array_equal(mesh.normals, np.tile((0, 0, 1), (len(mesh.vertices), 1)))
    else:
        assert mesh.normals is None


def test_seams_split_vertices_and_nothing_else_does(tmp_path):
    text = TRIANGLE + "v 1 1 0\nvt 0 0\nvt .5 .5\nf 1/1 2/1 3/1\nf 2/2 4/2 3/1\n"
    mesh = one(tmp_path, text)
    assert len(mesh.vertices) == 5  # vertex 2 has two places in the picture


def test_colours_of_vertices_are_srgb(tmp_path):
    text = "v 0 0 0 1 0 0\nv 1 0 0 .5 .5 .5\nv 0 1 0 0 0 1\nf 1 2 3\n"
    mesh = one(tmp_path, text)
    np.testing.assert_allclose(mesh.colors[1], [0.2140411] * 3, rtol=1e-5)
    bytes_ = one(tmp_path, text.replace("1 0 0\nv", "255 0 0\nv").replace(".5", "127.5"))
    np.testing.assert_allclose(bytes_.colors[1], [0.2140411] * 3, rtol=1e-5)
    weights = one(tmp_path, "v 0 0 0 1\nv 1 0 0 1\nv 0 1 0 1\nf 1 2 3\n")
    assert weights.colors is None


def test_smoothing_groups_without_normals(tmp_path):
    roof = "v 0 0 0\nv 0 0 1\nv 1 1 0\nv 1 1 1\nv 2 0 0\nv 2 0 1\n"
    left, right = "f 1 2 4 3\n", "f 3 4 6 5\n"
    smooth = one(tmp_path, roof + "s 1\n" + left + right)
    top = smooth.normals[smooth.vertices[:, 1] == 1]
    assert len(top) == 2
    assert (top[:, 1] > 0.9).all()  # a quad's halves weigh more on one side
    for text in ("s 1\n" + left + "s 2\n" + right, "s off\n" + left + "s 2\n" + right):
        creased = one(tmp_path, roof + text)
        assert (np.abs(creased.normals[:, 0]) > 0.7).all()
    assert one(tmp_path, roof + "s off\n" + left + right).normals is None


def test_objects_groups_and_materials_are_shapes_of_their_own(tmp_path):
    text = TRIANGLE + "o chair\nusemtl wood\nf 1 2 3\nusemtl steel\nf 2 3 1\nusemtl wood\nf 3 1 2\n"
    text += "o table\nf 1 3 2\ng leg\nf 2 1 3\n"
    parts = scene(
        tmp_path, text + "mtllib a.mtl", a_mtl="newmtl wood\nKd 1 .5 0\nnewmtl steel\nKd 0 0 1"
    )
    got = [(s.name, s.material.name, len(s.faces), len(s.vertices)) for s in parts.shapes]
    # The third face of the chair is the same triangle as its first.
    assert got == [
        ("chair", "wood", 1, 3),
        ("chair", "steel", 1, 3),
        ("table", "wood", 1, 3),
        ("leg", "wood", 1, 3),
    ]
    assert parts.shapes[0].material.base_color == (1, 0.5, 0)
    assert parts.notes == ("1 triangle left out that stood there twice",)


def test_points_without_faces_are_balls(tmp_path):
    ball = one(tmp_path, "v 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nv nan 0 0 1 1 1\n")
    assert isinstance(ball, rw.Spheres)
    np.testing.assert_allclose(ball.radii, 0.02 * 2**0.5, rtol=1e-6)  # of the diagonal
    assert ball.colors.tolist() == np.eye(3).tolist()


def test_flaws_are_mended_and_told(tmp_path):
    text = TRIANGLE + "v 9 9 nan\nv 1e400 0 0\nv 0 0 0\nvn 0 0 0\nvn 0 0 -1.#IND\nvt nan 0\n"
    text += "f 1/1/1 2/1/1 3/1/2\nf 1 2 4\nf 1 2 5\nf 1 6 2\nf 1 2\nf 1 2 3\nl 1 2\ncurv 0 1 1 2\n"
    parts = scene(tmp_path, text)
    (mesh,) = parts.shapes
    assert len(mesh.faces) == 2  # the sixth face has other normals' rows, so it is no copy
    np.testing.assert_allclose(np.abs(mesh.normals[mesh.faces, 2]), 1)
    notes = " ".join(parts.notes)
    for text in (
        "2 triangles left out that had corners which are no (finite) numbers",
        "1 triangle without area left out",
        "1 face of less than three corners left out",
        "2 normals of length 0",
        "1 line left out",
        "'curv' left out",
    ):
        assert text in notes, (text, parts.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there are no vertices in it"),
        (TRIANGLE + "f 0 1 2\n", "line 4: there is no vertex 0"),
        (TRIANGLE + "\r\nf 1 2 4\n", "line 5: there is no vertex 4"),
        (TRIANGLE + "f 1 2 -4\n", "line 4: there is no vertex -4"),
        (TRIANGLE + "f 1 2 1" + "0" * 400 + "\n", "line 4: "),
        (TRIANGLE + "f 1 2 x\n", "line 4: 'x' is not a number"),
        (TRIANGLE + "f 1 2 3.5\n", "line 4: '3.5' is not a number"),
        (TRIANGLE + "f 1/1/1/1 2 3\n", "line 4: a corner has three numbers at most"),
        (TRIANGLE + "f 1 /1 3\n", "line 4: a corner begins with its vertex"),
        (TRIANGLE + "f 1/1 / 3/1\n", "line 4: a corner begins with its vertex"),
        ("v 0 0\n" + TRIANGLE, "line 1: a vertex has three numbers"),
        ("v 0,5 0 0\n" + TRIANGLE, "line 1: '0,5' is not a number (write decimal points"),
        ("v 1-2 0 0\n" + TRIANGLE, "line 1: '1-2' is not a number"),
        ("v 1_0 0 0\n" + TRIANGLE, "line 1: '1_0' is not a number"),
        (TRIANGLE + "vt 0 \x1d\nf 1 2 3\n", "line 4: '\\x1d' is not a number"),
        (TRIANGLE + "vn 0 1\nf 1 2 3\n", "line 4: a normal has three numbers"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path, text, message):
    with pytest.raises(rw.SceneError) as caught:
        scene(tmp_path, text)
    assert str(caught.value).startswith("'thing.obj': ")
    assert message in str(caught.value)


def test_indices_of_coordinates_that_are_not_there(tmp_path):
    parts = scene(tmp_path, TRIANGLE + "vt 1 1\nf 1/1 2/2 3/0\n")
    assert parts.shapes[0].uvs.tolist() == [[1, 1], [0, 0], [0, 0]]
    assert parts.notes == (
        "2 corners name a coordinate that is not there (the first in line 5); they have none",
    )


# --- Materials ------------------------------------------------------------------------------------


def test_old_words(tmp_path):
    got, notes = material(tmp_path, "Kd .5 .25 1.5\nKs .2 .1 .1\nNs 198\nNi 1.45\nd .5\nillum 2\n")
    assert got.base_color == (0.5, 0.25, 1)
    assert (got.specular, got.specular_color) == (0.2, (1, 0.5, 0.5))
    assert got.roughness == pytest.approx(0.1**0.5)
    assert (got.ior, got.opacity, got.metallic) == (1.45, 0.5, 0)
    assert notes == ()
    assert material(tmp_path, "Kd 1 1 1\nKs 1 1 1\nillum 1")[0].specular == 0


def test_physical_words(tmp_path):
    got, _ = material(tmp_path, "Kd .5 .5 .5\nPr .3\nPm .7\nPc .4\nPcr .1\nPs .2\nKe 1 2 3\n")
    assert (got.roughness, got.metallic, got.clearcoat, got.clearcoat_roughness) == (
        0.3,
        0.7,
        0.4,
        0.1,
    )
    assert got.sheen_color == (0.2, 0.2, 0.2)
    assert got.emission == (1, 2, 3)


def test_mirrors_and_glass(tmp_path):
    mirror, _ = material(tmp_path, "Kd 0 0 0\nKs .9 .8 .7\nillum 3\nNs 1000")
    assert isinstance(mirror, rw.Metal)
    assert mirror.color == (0.9, 0.8, 0.7)
    glass, _ = material(tmp_path, "Kd 0 0 0\nKs 1 1 1\nTf .9 1 1\nNi 1.33\nillum 7")
    assert isinstance(glass, rw.Dielectric)
    assert (glass.ior, glass.color) == (1.33, (0.9, 1, 1))


@pytest.mark.parametrize(
    ("mtl", "opacity"),
    [
        ("d .25", 0.25),
        ("Tr .25", 0.75),
        ("d .5\nTr .9", 0.5),
        ("d -halo .5", 0.5),
        ("Tr 1", 1),
        ("d 0", 1),
    ],
)
def test_opacity(tmp_path, mtl, opacity):
    assert material(tmp_path, "Kd 1 1 1\n" + mtl)[0].opacity == opacity


def test_pictures(tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 255, (4, 8, 4), np.uint8)).save(folder / "my wood.png")
    Image.fromarray(np.full((4, 4, 3), (128, 128, 255), np.uint8)).save(folder / "n.png")
    slope = np.tile(np.array([0, 64, 128, 64], np.uint8), (4, 1))
    Image.fromarray(slope).save(folder / "h.png")
    got, notes = material(
        tmp_path,
        "Kd 0 0 0\nmap_Kd -s 2 3 1 -o .5 0 0 -clamp on maps\\My Wood.png\n"
        "map_d maps/my wood.png\nmap_Bump -bm 0.5 maps/n.png\nmap_Pr -imfchan g maps/my wood.png\n"
        "map_Ke ../../etc/passwd\nrefl x.png\n",
    )
    color = got.base_color
    assert (color.scale, color.offset, color.wrap, color.factor) == (
        (2, 3),
        (0.5, 0),
        "clamp",
        (1, 1, 1),
    )
    assert got.opacity.channel == "a"
    assert got.roughness.channel == "g"
    assert not got.roughness.is_srgb
    assert got.normal_scale == 0.5
    assert got.normal_map.pixels[0, 0].tolist() == [128, 128, 255]
    assert got.emission is None
    assert len(notes) == 2  # of what lies elsewhere, and of reflections
    relief = material(tmp_path, "bump maps/h.png")[0].normal_map
    # Where it rises to the right, the normal leans to the left.
    assert relief.pixels[0, 1, 0] < 0.5 < relief.pixels[0, 3, 0]
    assert relief.pixels[0, 1, 1] == 0.5


def test_blender_has_its_own_scale(tmp_path):
    (tmp_path / "a.mtl").write_text(
        "# Blender MTL File\nnewmtl it\nNs 250\nKs .5 .5 .5\nKd 1 1 1\n"
    )
    text = "mtllib a.mtl\n" + TRIANGLE + "usemtl it\nf 1 2 3\n"
    got = one(tmp_path, text).material
    assert (got.roughness, got.specular) == (0.5, 1)


def test_libraries_that_are_missing_or_odd(tmp_path):
    parts = scene(tmp_path, "mtllib no.mtl\nusemtl x\n" + TRIANGLE + "f 1 2 3\n")
    assert parts.notes == ("materials are in 'no.mtl', which is not in the file's folder",)
    parts = scene(
        tmp_path,
        "mtllib a b.mtl\nusemtl x y\n" + TRIANGLE + "f 1 2 3\nusemtl z\nf 1 3 2\n",
        **{
            "a b_mtl": "newmtl x y\nKd 1e999 nan 0\nKs spectral a.rfl\nNs x\n"
            "illum huge\nmap_Kd\nfoo 1"
        },
    )
    assert parts.shapes[0].material.name == "x y"
    notes = " ".join(parts.notes)
    assert "there is no material 'z'" in notes
    assert "'foo' left out" in notes
    assert "'ks' is given by a spectrum" in notes


def test_colours_of_vertices_tint_a_material_without_picture(tmp_path):
    text = "mtllib a.mtl\nv 0 0 0 1 0 0\nv 1 0 0 0 1 0\nv 0 1 0 0 0 1\nusemtl it\nf 1 2 3\n"
    mesh = one(tmp_path, text, a_mtl="newmtl it\nKd .8 .8 .8\n")
    assert isinstance(mesh.material.base_color, rw.Attribute)
