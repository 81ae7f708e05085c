import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import raywidget as rw
from raywidget.io import threemf
from raywidget.io.scene_files import read_scene

RELS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Target="/3D/a.model" Id="r" Type="http://schemas.microsoft.com/3dmanufacturing/\
2013/01/3dmodel"/></Relationships>"""
CORNERS = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
FACES = [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]


def mesh(face=lambda k: "", corners=CORNERS, faces=FACES):
    points = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in corners)
    rows = [
        f'<triangle v1="{a}" v2="{b}" v3="{c}" {face(k)}/>' for k, (a, b, c) in enumerate(faces)
    ]
    return f"<mesh><vertices>{points}</vertices><triangles>{''.join(rows)}</triangles></mesh>"


def model(resources, build='<item objectid="1"/>', unit="millimeter"):
    return (
        '<?xml version="1.0"?><model xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"'
        ' xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02"'
        ' xmlns:p="http://schemas.microsoft.com/3dmanufacturing/production/2015/06"'
        f' unit="{unit}"><resources>{resources}</resources><build>{build}</build></model>'
    )


def package(text, **others):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("_rels/.rels", RELS)
        file.writestr("3D/a.model", text)
        for name, content in others.items():
            file.writestr("3D/" + name.replace("_", "."), content)
    return data.getvalue()


def parts(tmp_path, data):
    path = tmp_path / "a.3mf"
    path.write_bytes(data)
    return read_scene(path)


def thing(inside, number=1, attributes=""):
    return f'<object id="{number}" type="model" {attributes}>{inside}</object>'


def test_places_units_and_copies(tmp_path):
    resources = thing(mesh(), 1, 'name="tooth"') + thing(
        '<components><component objectid="1" transform="1 0 0 0 1 0 0 0 1 5 0 0"/>'
        '<component objectid="1" transform="1 0 0 0 1 0 0 0 1 0 7 0"/></components>', 2
    )  # fmt: skip
    build = '<item objectid="2" transform="0 2 0 -2 0 0 0 0 2 0 0 1"/>'
    found = parts(tmp_path, package(model(resources, build, "inch")))
    (copies,) = found.shapes
    assert isinstance(copies, rw.Instances)
    assert copies.name == "tooth"
    # Half a turn of a quarter, twice as large, one up: (5, 0, 0) goes to (0, 10, 1).
    np.testing.assert_array_equal(copies.transforms[:, :3, 3], [(0, 10, 1), (-14, 0, 1)])
    assert found.notes == ("its unit is the inch; numbers stay as they are",)
    (single,) = parts(tmp_path, package(model(thing(mesh())))).shapes
    np.testing.assert_array_equal(single.vertices[single.faces], np.array(CORNERS)[FACES])
    mirrored = '<item objectid="1" transform="-1 0 0 0 1 0 0 0 1 0 0 0"/>'
    (single,) = parts(tmp_path, package(model(thing(mesh()), mirrored))).shapes
    a, b, c = single.vertices[single.faces[3]].astype(float)
    assert np.cross(b - a, c - a) @ (a + b + c) > 0  # its front is still outside


def test_parts_in_other_models_and_units(tmp_path):
    other = model(thing(mesh(), 7), "", "centimeter")
    root = model("", '<item objectid="7" p:path="/3D/b.model"/>')
    (single,) = parts(tmp_path, package(root, b_model=other)).shapes
    assert single.vertices.max() == 10


def test_colours(tmp_path):
    groups = (
        '<basematerials id="4"><base name="a" displaycolor="#FF0000"/>'
        '<base name="b" displaycolor="#0000FF80"/></basematerials>'
        '<m:colorgroup id="5"><m:color color="#00FF00FF"/><m:color color="#808080"/></m:colorgroup>'
    )

    def one(face, attributes=""):
        (shape,) = parts(tmp_path, package(model(groups + thing(mesh(face), 1, attributes)))).shapes
        return shape

    whole = one(lambda k: "", 'pid="4" pindex="0"')
    assert whole.material.color == (1, 0, 0)
    veil = one(lambda k: 'pid="4" p1="1"')
    assert veil.material.opacity == pytest.approx(128 / 255)
    faces = one(lambda k: 'pid="5" p1="0"' if k == 2 else "", 'pid="4" pindex="1"')
    assert faces.face_colors.tolist() == [[0, 0, 1], [0, 0, 1], [0, 1, 0], [0, 0, 1]]
    corners = one(lambda k: 'pid="5" p1="0" p2="1" p3="0"' if k == 3 else 'pid="5" p1="0"')
    np.testing.assert_allclose(corners.colors[corners.faces[3, 1]], [0.2158605] * 3, rtol=1e-5)
    assert corners.colors[corners.faces[3, 2]].tolist() == [0, 1, 0]
    assert one(lambda k: 'pid="99" p1="0"').face_colors is None


def test_pictures(tmp_path):
    picture = io.BytesIO()
    Image.fromarray(np.full((2, 2, 3), 77, np.uint8)).save(picture, "PNG")
    groups = (
        '<m:texture2d id="8" path="/3D/skin.png" contenttype="image/png" tilestyleu="mirror"'
        ' tilestylev="mirror"/><m:texture2dgroup id="9" texid="8"><m:tex2coord u="0" v="0"/>'
        '<m:tex2coord u="1" v="0.5"/><m:tex2coord u="0" v="1"/></m:texture2dgroup>'
    )
    data = model(groups + thing(mesh(lambda k: 'pid="9" p1="0" p2="1" p3="2"' if k else "")))
    painted, bare = parts(tmp_path, package(data, skin_png=picture.getvalue())).shapes
    assert painted.uvs[painted.faces[0]].tolist() == [[0, 0], [1, 0.5], [0, 1]]
    assert (painted.material.color.wrap, painted.material.color.pixels[0, 0, 0]) == ("mirror", 77)
    assert (len(painted.faces), len(bare.faces)) == (3, 1)
    found = parts(tmp_path, package(data, skin_png=b"no picture"))
    assert [len(shape.faces) for shape in found.shapes] == [4]
    assert "picture '8' left out" in found.notes[0]


NESTED = "".join(
    thing(f'<components>{f"""<component objectid="{k - 1}"/>""" * 4}</components>', k)
    for k in range(2, 40)
)
BOMB = '<!DOCTYPE m [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "File is not a zip file"),
        (b"PK\3\4" + bytes(200), "not a zip file"),
        (package("<model"), "is not a sound 3MF file"),
        (package(model(thing(mesh())).replace("<model", BOMB + "<model", 1)), "a document type"),
        (package(model("")), "there is no object '1'"),
        (package(model(thing(mesh(faces=[(0, 1, 4)])))), "a triangle names vertex 4 of 4"),
        (package(model(thing(mesh(faces=[(0, 1, 10**30)])))), "is not a sound 3MF file"),
        (package(model(thing(mesh(faces=[(0, 1, "x")])))), "invalid literal"),
        (package(model(thing(mesh()), '<item objectid="1" transform="1 0"/>')), "12 finite"),
        (package(model(thing(mesh()), unit="parsec")), "its unit is 'parsec'"),
        (package(model(thing(mesh()), '<item objectid="1" p:path="/x.model"/>')), "'x.model'"),
        (package(model(thing(mesh()) + NESTED, '<item objectid="39"/>')), "objects in objects"),
        (
            package(model(thing('<components><component objectid="1"/></components>'))),
            "objects in objects, or in themselves",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, data, message):
    with pytest.raises(rw.SceneError) as caught:
        parts(tmp_path, data)
    assert str(caught.value).startswith("'a.3mf': is not a sound 3MF file: ")
    assert message in str(caught.value)


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(threemf, "MAX_PART", 1 << 21)
    data = package(model(thing(mesh())) + " " * (1 << 23))
    assert len(data) < 1 << 15
    with pytest.raises(rw.SceneError, match="unpacks to more than 2,097,152 bytes"):
        parts(tmp_path, data)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_damaged_packages_give_a_scene_or_a_scene_error(tmp_path_factory, data):
    text = bytearray(model(thing(mesh(), 1, 'pid="4"')).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    whole = bytearray(package(bytes(text)))
    for _ in range(data.draw(st.integers(0, 1))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        parts(tmp_path_factory.getbasetemp(), bytes(whole))
    except rw.SceneError as error:
        assert "\n" not in str(error)  # noqa: PT017
