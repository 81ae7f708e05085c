"""Mitsuba's own files of meshes, as this test writes them from the format's description."""

import contextlib
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.io.scene_files import read_scene


def one(rng, version, double, name=b"part", flags=0x3):
    real = "<f8" if double else "<f4"
    flags |= 0x2000 if double else 0x1000
    vertices = rng.random((5, 3))
    normals = rng.normal(size=(5, 3))
    uvs = rng.random((5, 2))
    faces = np.array([(0, 1, 2), (2, 3, 4)])
    head = struct.pack("<I", flags) + (name + b"\0" if version == 4 else b"")
    body = head + struct.pack("<QQ", 5, 2)
    for rows, flag in ((vertices, 0), (normals, 1), (uvs, 2)):
        if not flag or flags & flag:
            body += rows.astype(real).tobytes()
    body += faces.astype("<u4").tobytes()
    return struct.pack("<HH", 0x041C, version) + zlib.compress(body), (
        vertices,
        normals,
        uvs,
        faces,
    )


def whole(version=4, double=False, count=3):
    rng = np.random.default_rng(7)
    data, begins, meshes = b"", [], []
    for k in range(count):
        packed, mesh = one(rng, version, double, b"part %d" % k)
        begins.append(len(data))
        data += packed
        meshes.append(mesh)
    kind = "Q" if version == 4 else "I"
    return data + struct.pack(f"<{count}{kind}I", *begins, count), meshes


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("double", [False, True])
def test_all_meshes_with_their_names(tmp_path, version, double):
    data, meshes = whole(version, double)
    path = tmp_path / "parts.serialized"
    path.write_bytes(data)
    shapes = read_scene(path).shapes
    assert [shape.name for shape in shapes] == (
        ["part 0", "part 1", "part 2"] if version == 4 else [None] * 3
    )
    for found, (vertices, normals, uvs, faces) in zip(shapes, meshes, strict=True):
        np.testing.assert_allclose(found.vertices, vertices, rtol=1e-6)
        np.testing.assert_allclose(found.uvs, uvs, rtol=1e-6)
        np.testing.assert_array_equal(found.faces, faces)
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        np.testing.assert_allclose(found.normals, normals / length, atol=1e-5)
    assert len(rw.load_mesh(path).faces) == 6


def test_a_scene_takes_the_one_that_it_names(tmp_path):
    data, meshes = whole()
    (tmp_path / "parts.serialized").write_bytes(data)
    shape = """<shape type="serialized"><string name="filename" value="parts.serialized"/>
    <integer name="shape{}ndex" value="{}"/><transform name="{}"><translate x="2"/></transform>
    </shape>"""
    for version, hump, place in (("0.5.0", "I", "toWorld"), ("3.0.0", "_i", "to_world")):
        path = tmp_path / "scene.xml"
        path.write_text(f'<scene version="{version}">{shape.format(hump, 1, place)}</scene>')
        (found,) = read_scene(path).shapes
        np.testing.assert_allclose(found.vertices, meshes[1][0] + (2, 0, 0), rtol=1e-6)
    path.write_text(f'<scene version="3.0.0">{shape.format("_i", 3, "to_world")}</scene>')
    with pytest.raises(rw.SceneError, match=r"line 1.*there is no mesh 3, but 3 from 0 on"):
        read_scene(path)


def test_what_promises_terabytes_in_few_bytes_is_refused(tmp_path):
    body = struct.pack("<I", 0x1000) + b"\0" + struct.pack("<QQ", 1 << 40, 1)
    data = struct.pack("<HH", 0x041C, 4) + zlib.compress(body)
    path = tmp_path / "bomb.serialized"
    path.write_bytes(data + struct.pack("<QI", 0, 1))
    with pytest.raises(rw.SceneError, match="more than"):
        read_scene(path)
    path.write_bytes(data + struct.pack("<I", 1 << 31))
    with pytest.raises(rw.SceneError, match="promises"):
        read_scene(path)


SOUND, _ = whole()


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=0, max_size=3))
def test_damage_gives_meshes_or_a_scene_error(tmp_path_factory, at, bytes_there):
    path = tmp_path_factory.mktemp("damaged") / "parts.serialized"
    path.write_bytes(SOUND[:at] + bytes_there + SOUND[at + 1 :])
    with contextlib.suppress(rw.SceneError):
        read_scene(path)
