"""What reading takes up at the peak, as a multiple of the file, for each reader."""

import contextlib
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import raywidget as rw
from raywidget.io.scene_files import read_scene

SIDE = 60
FLOOR = 1 << 22  # modules, caches, messages

# Bytes at the peak for each byte of a sound file, beside the floor; about twice what is measured.
MULTIPLES = {
    "obj": 24,
    "ply": 16,
    "stl": 12,
    "off": 16,
    "3mf": 48,
    "glb": 16,
    "gltf": 16,
    "xml": 64,
    "pbrt": 12,
}

MESH = "<mesh><vertices>{}</vertices><triangles>{}</triangles></mesh>"


def grid():
    """Vertices and faces of a bumpy sheet."""
    u, v = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    vertices = np.stack([u.ravel(), v.ravel(), np.sin(u + v).ravel()], axis=1).astype(np.float32)
    first = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).reshape(-1, 1)
    steps = np.array((0, 1, SIDE + 1, 0, SIDE + 1, SIDE))
    return vertices, (first + steps).reshape(-1, 3).astype(np.int32)


def lines(pattern, rows):
    return "".join(pattern.format(*row) for row in rows.tolist())


def sound_files(folder):
    """One file for each reader, a few hundred kB; how much each reads is its size."""
    vertices, faces = grid()
    (folder / "a.obj").write_text(
        lines("v {:.6f} {:.6f} {:.6f}\n", vertices) + lines("f {} {} {}\n", faces + 1)
    )
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = np.zeros(len(faces), [("n", "u1"), ("f", "<i4", 3)])
    rows["n"], rows["f"] = 3, faces
    (folder / "a.ply").write_bytes(head.encode() + vertices.tobytes() + rows.tobytes())
    triangles = np.zeros(len(faces), [("n", "<f4", 3), ("p", "<f4", (3, 3)), ("a", "<u2")])
    triangles["p"] = vertices[faces]
    (folder / "a.stl").write_bytes(b"\0" * 80 + struct.pack("<I", len(faces)) + triangles.tobytes())
    (folder / "a.off").write_text(
        f"OFF\n{len(vertices)} {len(faces)} 0\n"
        + lines("{:.6f} {:.6f} {:.6f}\n", vertices)
        + lines("3 {} {} {}\n", faces)
    )
    model = (
        '<model xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" unit="meter">'
        '<resources><object id="1" type="model">'
        + MESH.format(
            lines('<vertex x="{:.5f}" y="{:.5f}" z="{:.5f}"/>', vertices),
            lines('<triangle v1="{}" v2="{}" v3="{}"/>', faces),
        )
        + '</object></resources><build><item objectid="1"/></build></model>'
    )
    with zipfile.ZipFile(folder / "a.3mf", "w") as archive:
        archive.writestr("3D/3dmodel.model", model)
    scene = rw.Scene(
        [rw.Mesh(vertices, faces)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0)),
    )
    for name in ("a.glb", "a.gltf"):
        scene.save(folder / name)
    balls = lines(
        '<shape type="sphere"><point name="center" x="{:.5f}" y="{:.5f}" z="{:.5f}"/></shape>\n',
        vertices[:1500],
    )
    (folder / "a.xml").write_text(f'<scene version="3.0.0">{balls}</scene>')
    (folder / "a.pbrt").write_text(
        'WorldBegin\nShape "trianglemesh"\n  "point3 P" [\n'
        + lines("{:.6f} {:.6f} {:.6f}\n", vertices)
        + '  ]\n  "integer indices" [\n'
        + lines("{} {} {}\n", faces)
        + "  ]\n"
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return sound_files(tmp_path_factory.mktemp("sound"))


def peak_of(path):
    """Bytes taken at most while a file is read, or refused."""
    tracemalloc.start()
    try:
        with contextlib.suppress(rw.SceneError):
            read_scene(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def size_of(path):
    beside = [path.with_suffix(".bin")] if path.suffix == ".gltf" else []
    return sum(file.stat().st_size for file in (path, *beside))


@pytest.mark.parametrize("kind", MULTIPLES)
def test_sound_files(folder, kind):
    path = folder / f"a.{kind}"
    assert read_scene(path).shapes  # also loads what reads it
    peak, size = peak_of(path), size_of(path)
    assert size > 50_000
    assert peak > 0.5 * size
    assert peak < MULTIPLES[kind] * size + FLOOR, peak / size


@pytest.mark.parametrize("kind", MULTIPLES)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files(folder, tmp_path, kind, data):
    sound = bytearray((folder / f"a.{kind}").read_bytes())
    # Heads are short and say how much is to come: half of the damage is done there.
    for _ in range(data.draw(st.integers(1, 6))):
        most = data.draw(st.sampled_from([300, len(sound)]))
        sound[data.draw(st.integers(0, most - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"a.{kind}"
    path.write_bytes(sound)
    size = len(sound)
    if kind == "gltf":
        binary = (folder / "a.bin").read_bytes()
        (tmp_path / "a.bin").write_bytes(binary)
        size += len(binary)
    assert peak_of(path) < MULTIPLES[kind] * size + FLOOR


PROMISES = {
    "a.ply": b"ply\nformat binary_little_endian 1.0\nelement vertex 100000000\n"
    b"property float x\nproperty float y\nproperty float z\nend_header\n" + b"\0" * 90,
    "b.ply": b"ply\nformat ascii 1.0\nelement vertex 100000000\nproperty float x\n"
    b"property float y\nproperty float z\nend_header\n0 0 0\n",
    "a.stl": b"\0" * 80 + struct.pack("<I", 0xFFFFFFFF) + b"\0" * 100,
    "a.off": b"OFF\n100000000 100000000 0\n0 0 0\n",
    "a.obj": b"v 0 0 0\nf 1 99999999999 1\n",
    "a.gltf": b'{"asset":{"version":"2.0"},"accessors":[{"componentType":5126,"type":"VEC3",'
    b'"count":100000000}],"meshes":[{"primitives":[{"attributes":{"POSITION":0}}]}],'
    b'"nodes":[{"mesh":0}]}',
    "b.gltf": b'{"asset":{"version":"2.0"},"buffers":[{"byteLength":4000000000}],'
    b'"bufferViews":[{"buffer":0,"byteLength":4000000000}],"accessors":[{"bufferView":0,'
    b'"componentType":5126,"type":"VEC3","count":100000000}],"meshes":[{"primitives":'
    b'[{"attributes":{"POSITION":0}}]}],"nodes":[{"mesh":0}]}',
}


@pytest.mark.parametrize("name", PROMISES)
def test_promises_take_nothing(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(PROMISES[name])
    assert peak_of(path) < FLOOR
