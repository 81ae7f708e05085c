import base64
import contextlib
import io
import json
import sys

import numpy as np
import pytest
from gltf_file import CORNERS, SQUARE, File
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import raywidget as rw
from raywidget.io.scene_files import read_scene


def test_a_mesh_is_what_the_file_says(tmp_path):
    file = File().mesh(NORMAL=np.tile(np.float32((0, 0, 1)), (4, 1)))
    (mesh,) = file.read(tmp_path).shapes
    assert np.array_equal(mesh.vertices, SQUARE)
    assert np.array_equal(mesh.faces, CORNERS.reshape(-1, 3))
    assert np.array_equal(mesh.normals, np.tile((0, 0, 1), (4, 1)))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([(0, 255), (51, 0), (0, 0), (0, 0)], np.uint8), [(0, 0), (0.2, 1)]),
        (np.array([(0, 65535), (13107, 0), (0, 0), (0, 0)], np.uint16), [(0, 0), (0.2, 1)]),
        (np.array([(0, 127), (-127, 0), (0, 0), (0, 0)], np.int8), [(0, 0), (-1, 1)]),
        (np.array([(0, 32767), (-32768, 0), (0, 0), (0, 0)], np.int16), [(0, 0), (-1, 1)]),
    ],
)
def test_normalised_integers(tmp_path, array, expected):
    file = File()
    uv = file.accessor(array, normalized=True)
    (mesh,) = file.mesh(TEXCOORD_0=uv).read(tmp_path).shapes
    assert np.allclose(mesh.uvs[:2], expected, atol=1e-7)


def test_rows_that_lie_apart_and_sparse_ones(tmp_path):
    file = File()
    wide = np.zeros((4, 5), np.float32)
    wide[:, :3] = SQUARE
    wide[:, 3:] = SQUARE[:, :2] / 2
    view = file.view(wide.tobytes(), byteStride=20)
    base = {"bufferView": view, "componentType": 5126, "count": 4}
    moved = file.view(np.float32([(5, 6, 7)]).tobytes())
    which = file.view(np.uint8([3]).tobytes())
    sparse = {
        "count": 1,
        "indices": {"bufferView": which, "componentType": 5121},
        "values": {"bufferView": moved},
    }
    file.tree["accessors"] += [
        {**base, "type": "VEC3", "sparse": sparse},
        {**base, "type": "VEC2", "byteOffset": 12},
    ]
    primitive = {"attributes": {"POSITION": 0, "TEXCOORD_0": 1}}
    file.tree |= {"meshes": [{"primitives": [primitive]}], "nodes": [{"mesh": 0}]}
    primitive["indices"] = file.accessor(CORNERS)
    (mesh,) = file.read(tmp_path).shapes
    assert np.array_equal(mesh.vertices, [*SQUARE[:3], (5, 6, 7)])
    assert np.array_equal(mesh.uvs[:, 1], 1 - SQUARE[:, 1] / 2)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [(4, [(0, 1, 2)]), (5, [(0, 1, 2), (1, 3, 2)]), (6, [(1, 2, 0), (2, 3, 0)])],
)
def test_lists_strips_and_fans(tmp_path, mode, expected):
    (mesh,) = File().mesh(mode=mode, indices=None).read(tmp_path).shapes
    assert mesh.faces.tolist() == [list(face) for face in expected]


def test_points_and_lines(tmp_path):
    (points,) = File().mesh(mode=0, indices=None).read(tmp_path).shapes
    assert isinstance(points, rw.Spheres)
    assert np.array_equal(points.centers, SQUARE)
    (lines,) = File().mesh(mode=2, indices=None).read(tmp_path).shapes
    assert isinstance(lines, rw.Cylinders)
    assert np.array_equal(lines.ends, SQUARE[[1, 2, 3, 0]])


def test_nodes_stand_where_their_parents_put_them(tmp_path):
    half = np.sqrt(0.5)
    nodes = [
        {"translation": [0, 0, 5], "children": [1]},
        {"rotation": [0, 0, half, half], "scale": [2, 2, 2], "mesh": 0},
    ]
    (mesh,) = File(nodes=nodes, scenes=[{"nodes": [0]}]).mesh().read(tmp_path).shapes
    assert np.allclose(mesh.vertices[1], (0, 2, 5), atol=1e-6)


def test_a_mirror_image_keeps_its_front(tmp_path):
    normals = np.tile(np.float32((0, 0, 1)), (4, 1))
    file = File(nodes=[{"mesh": 0, "scale": [-1, 1, 1]}]).mesh(NORMAL=normals)
    (mesh,) = file.read(tmp_path).shapes
    a, b, c = mesh.vertices[mesh.faces[0]]
    assert np.cross(b - a, c - a)[2] > 0
    assert np.array_equal(mesh.normals, normals)


def test_what_has_many_places_is_stored_once(tmp_path):
    nodes = [{"mesh": 0, "translation": [k, 0, 0]} for k in range(3)]
    (copies,) = File(nodes=nodes).mesh().read(tmp_path).shapes
    assert isinstance(copies, rw.Instances)
    assert copies.transforms[:, 0, 3].tolist() == [0, 1, 2]


def test_gpu_instancing(tmp_path):
    file = File()
    shifts = file.accessor(np.float32([(0, 0, 0), (7, 0, 0)]))
    instancing = {"attributes": {"TRANSLATION": shifts}}
    file.tree["nodes"] = [{"mesh": 0, "extensions": {"EXT_mesh_gpu_instancing": instancing}}]
    (copies,) = file.mesh().read(tmp_path).shapes
    assert copies.transforms[:, 0, 3].tolist() == [0, 7]


def test_morph_targets_and_animation_at_time_0(tmp_path):
    file = File().mesh()
    file.tree["meshes"][0]["primitives"][0]["targets"] = [
        {"POSITION": file.accessor(np.tile(np.float32((0, 0, 4)), (4, 1)))}
    ]
    file.tree["meshes"][0]["weights"] = [0.25]
    sampler = {
        "input": file.accessor(np.float32([0, 1])),
        "output": file.accessor(np.float32([(0, 3, 0), (0, 9, 0)])),
    }
    file.tree["animations"] = [
        {
            "samplers": [sampler],
            "channels": [{"sampler": 0, "target": {"node": 0, "path": "translation"}}],
        }
    ]
    parts = file.read(tmp_path)
    assert np.array_equal(parts.shapes[0].vertices, SQUARE + np.array((0, 3, 1)))
    assert "animated" in parts.notes[0]


def test_a_skin(tmp_path):
    file = File()
    inverse = np.eye(4, dtype=np.float32)
    inverse[3, 1] = -1  # columns after each other
    skin = {"joints": [1], "inverseBindMatrices": file.accessor(inverse.reshape(1, 16))}
    file.tree |= {
        "skins": [skin],
        "nodes": [
            {"mesh": 0, "skin": 0, "translation": [50, 0, 0]},
            {"translation": [0, 3, 0]},
        ],
    }
    weights = np.tile(np.float32((2, 0, 0, 0)), (4, 1))
    (mesh,) = (
        file.mesh(JOINTS_0=np.zeros((4, 4), np.uint8), WEIGHTS_0=weights).read(tmp_path).shapes
    )
    assert np.array_equal(mesh.vertices, SQUARE + np.array((0, 2, 0)))


def test_the_core_material(tmp_path):
    file = File()
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[:] = (10, 128, 255)
    texture = file.picture(pixels, wrapS=33071, wrapT=33071)
    core = {
        "baseColorFactor": [0.5, 0.25, 1, 1],
        "baseColorTexture": texture,
        "metallicFactor": 0.5,
        "roughnessFactor": 0.5,
        "metallicRoughnessTexture": texture,
    }
    material = {"pbrMetallicRoughness": core, "normalTexture": {**texture, "scale": 0.5}}
    (mesh,) = file.mesh(material, TEXCOORD_0=SQUARE[:, :2].copy()).read(tmp_path).shapes
    made = mesh.material
    assert np.array_equal(mesh.uvs[:, 1], 1 - SQUARE[:, 1])
    linear = rw.decode_srgb(np.array((10, 128, 255)) / 255)
    assert np.allclose(made.base_color.evaluate((0.5, 0.5)), linear * (0.5, 0.25, 1))
    assert made.metallic == 0.5  # its channel is white everywhere
    assert np.allclose(made.roughness.evaluate((0.5, 0.5)), 0.5 * 128 / 255)
    assert made.base_color.wrap == "clamp"
    assert made.normal_scale == 0.5


def test_extensions_of_materials(tmp_path):
    material = {
        "emissiveFactor": [1, 0.5, 0],
        "extensions": {
            "KHR_materials_emissive_strength": {"emissiveStrength": 4},
            "KHR_materials_transmission": {"transmissionFactor": 1},
            "KHR_materials_ior": {"ior": 1.33},
            "KHR_materials_volume": {
                "thicknessFactor": 1,
                "attenuationDistance": 2,
                "attenuationColor": [0.5, 1, 1],
            },
            "KHR_materials_clearcoat": {"clearcoatFactor": 0.75},
            "KHR_materials_sheen": {"sheenColorFactor": [0.1, 0.2, 0.3]},
            "KHR_materials_specular": {"specularFactor": 0.5, "specularColorFactor": [2, 1, 1]},
        },
    }
    made = File().mesh(material).read(tmp_path).shapes[0].material
    assert made.emission == (4, 2, 0)
    assert (made.transmission, made.thin, made.ior) == (1, False, 1.33)
    assert np.allclose(made.interior.absorption, (np.log(2) / 2, 0, 0))
    assert (made.clearcoat, made.sheen_color) == (0.75, (0.1, 0.2, 0.3))
    assert (made.specular, made.specular_color) == (0.5, (2, 1, 1))


def test_texture_transform(tmp_path):
    file = File()
    texture = file.picture(np.zeros((2, 2, 3)))
    moved = {"offset": [0.25, 0.5], "scale": [2, 3]}
    texture["extensions"] = {"KHR_texture_transform": moved}
    core = {"baseColorTexture": texture}
    uvs = np.random.default_rng(0).random((4, 2), np.float32)
    (mesh,) = file.mesh({"pbrMetallicRoughness": core}, TEXCOORD_0=uvs).read(tmp_path).shapes
    image = mesh.material.base_color
    found = mesh.uvs * image.scale + image.offset
    assert np.allclose(found[:, 0], uvs[:, 0] * 2 + 0.25)
    assert np.allclose(1 - found[:, 1], uvs[:, 1] * 3 + 0.5)
    moved["rotation"] = 0.5
    (mesh,) = file.read(tmp_path).shapes
    c, s = np.cos(0.5), np.sin(0.5)
    assert np.allclose(mesh.uvs[:, 0], c * 2 * uvs[:, 0] + s * 3 * uvs[:, 1] + 0.25, atol=1e-6)


@pytest.mark.parametrize(("mode", "expected"), [("OPAQUE", 1), ("BLEND", 0.6), ("MASK", 1)])
def test_opacity(tmp_path, mode, expected):
    core = {"baseColorFactor": [1, 1, 1, 0.6]}
    file = File().mesh({"pbrMetallicRoughness": core, "alphaMode": mode})
    assert file.read(tmp_path).shapes[0].material.opacity == expected


def test_vertex_colours_are_multiplied(tmp_path):
    colors = np.random.default_rng(1).random((4, 3), np.float32)
    core = {"baseColorFactor": [0.5, 1, 1, 1]}
    (mesh,) = File().mesh({"pbrMetallicRoughness": core}, COLOR_0=colors).read(tmp_path).shapes
    assert np.allclose(mesh.colors, colors * (0.5, 1, 1))
    assert isinstance(mesh.material.base_color, rw.Attribute)


def test_cameras_and_lights(tmp_path):
    lights = [
        {"type": "directional", "intensity": 683, "color": [1, 0.5, 0]},
        {"type": "point", "intensity": 1366},
        {"type": "spot", "spot": {"innerConeAngle": 0.1, "outerConeAngle": 0.2}},
    ]
    nodes = [
        {"camera": 0, "translation": [0, 0, 5]},
        {"camera": 1},
        *({"extensions": {"KHR_lights_punctual": {"light": k}}} for k in range(3)),
    ]
    cameras = [
        {"type": "perspective", "perspective": {"yfov": np.pi / 4, "aspectRatio": 2, "znear": 1}},
        {"type": "orthographic", "orthographic": {"xmag": 3, "ymag": 2, "znear": 0, "zfar": 9}},
    ]
    file = File(nodes=nodes, cameras=cameras)
    file.tree["extensions"] = {"KHR_lights_punctual": {"lights": lights}}
    parts = file.read(tmp_path)
    first, second = parts.cameras
    assert first.vfov == pytest.approx(45)
    assert first.frame().forward.tolist() == [0, 0, -1]
    assert second.height == 4
    assert parts.defaults["width"] == 2 * parts.defaults["height"]
    sun, point, spot = parts.emitters
    assert sun.irradiance == (1, 0.5, 0)
    assert point.intensity == (2, 2, 2)
    assert spot.half_angles == (pytest.approx(np.degrees(0.2)), pytest.approx(np.degrees(0.1)))


def test_gltf_with_a_data_uri_and_with_a_file(tmp_path):
    file = File().mesh()
    data = base64.b64encode(file.data).decode()
    for uri in (f"data:application/octet-stream;base64,{data}", "a%20b.bin"):
        (tmp_path / "a b.bin").write_bytes(file.data)
        file.tree["buffers"] = [{"byteLength": len(file.data), "uri": uri}]
        path = tmp_path / "a.gltf"
        path.write_text(json.dumps(file.tree))
        assert np.array_equal(read_scene(path).shapes[0].vertices, SQUARE)


def test_nothing_outside_of_the_folder_is_read(tmp_path):
    file = File().mesh()
    folder = tmp_path / "inner"
    folder.mkdir()
    (tmp_path / "out.bin").write_bytes(file.data)
    (folder / "link.bin").symlink_to(tmp_path / "out.bin")
    for uri in ("../out.bin", str(tmp_path / "out.bin"), "link.bin", "http://localhost/out.bin"):
        file.tree["buffers"] = [{"byteLength": len(file.data), "uri": uri}]
        path = folder / "a.gltf"
        path.write_text(json.dumps(file.tree))
        with pytest.raises(rw.SceneError, match=r"'a.gltf', buffer 0: there is no file"):
            read_scene(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"asset": {"version": "1.0"}}, "version 1.0"),
        ({"extensionsRequired": ["ACME_box"]}, "needs ACME_box"),
        ({"nodes": [{"mesh": 3}]}, r"node 0: refers to meshes\[3\]"),
        ({"nodes": [{"children": [0]}], "scenes": [{"nodes": [0]}]}, "node 0: it is its own child"),
        ({"bufferViews": []}, r"accessor 0: refers to bufferViews\[0\]"),
        ({"nodes": [{"mesh": 0, "scale": [1, 2]}]}, "node 0: scale must be 3 finite numbers"),
    ],
)
def test_damage_is_told_with_its_place(tmp_path, change, message):
    file = File().mesh()
    file.tree |= change
    with pytest.raises(rw.SceneError, match=rf"'a.glb'.*{message}"):
        file.read(tmp_path)


def test_indices_out_of_range(tmp_path):
    with pytest.raises(rw.SceneError, match=r"accessor 1: indices .* below 4, got 9 at 2"):
        File().mesh(indices=np.uint16([0, 1, 9])).read(tmp_path)


def test_flaws_are_mended_and_told(tmp_path):
    positions = np.vstack([SQUARE, [(np.nan, 0, 0)]]).astype(np.float32)
    normals = np.zeros((5, 3), np.float32)
    indices = np.uint16([0, 1, 2, 2, 1, 3, 0, 1, 4])
    parts = File().mesh(positions=positions, NORMAL=normals, indices=indices).read(tmp_path)
    (mesh,) = parts.shapes
    assert len(mesh.faces) == 2
    assert np.array_equal(mesh.normals[:4], np.tile((0, 0, 1), (4, 1)))
    assert len(parts.notes) == 2


def test_draco(tmp_path, monkeypatch):
    draco = pytest.importorskip("DracoPy")
    raw = draco.encode(SQUARE, CORNERS.reshape(-1, 3).astype(np.uint32))
    file = File().mesh()
    packed = {"bufferView": file.view(raw), "attributes": {"POSITION": 0}}
    primitive = file.tree["meshes"][0]["primitives"][0]
    primitive["extensions"] = {"KHR_draco_mesh_compression": packed}
    for accessor in file.tree["accessors"]:
        del accessor["bufferView"]
    (mesh,) = file.read(tmp_path).shapes
    assert mesh.area() == pytest.approx(1, abs=1e-3)
    monkeypatch.setitem(sys.modules, "DracoPy", None)
    with pytest.raises(rw.SceneError, match="Draco; pip install DracoPy"):
        file.read(tmp_path)


def test_meshopt(tmp_path, monkeypatch):
    meshoptimizer = pytest.importorskip("meshoptimizer")
    file = File().mesh()
    raw = meshoptimizer.encode_vertex_buffer(SQUARE, 4, 12)
    raw = raw.tobytes() if hasattr(raw, "tobytes") else bytes(raw)
    start = len(file.data)
    file.data += raw
    file.tree["bufferViews"][0]["extensions"] = {
        "EXT_meshopt_compression": {
            "buffer": 0,
            "byteOffset": start,
            "byteLength": len(raw),
            "byteStride": 12,
            "count": 4,
            "mode": "ATTRIBUTES",
        }
    }
    file.data = b"\xff" * 48 + file.data[48:]
    (mesh,) = file.read(tmp_path).shapes
    assert np.array_equal(mesh.vertices, SQUARE)
    monkeypatch.setitem(sys.modules, "meshoptimizer", None)
    with pytest.raises(rw.SceneError, match="pip install meshoptimizer"):
        file.read(tmp_path)


# Eight by eight pixels: red above, black and blue below; packed by Basis Universal's own encoder.
KTX2 = {
    "ETC1S": (
        "q0tUWCAyMLsNChoKAAAAAAEAAAAIAAAACAAAAAAAAAAAAAAAAQAAAAEAAAABAAAAaAAAACwAAACUAAAAJAAA"
        "ALgAAAAAAAAAjgAAAAAAAABGAQAAAAAAAAIAAAAAAAAAAAAAAAAAAAAsAAAAAAAAAAIAKACjAQIAAwMAAAgA"
        "AAAAAAAAAAA/AAAAAAAAAAAA/////x8AAABLVFh3cml0ZXIAQmFzaXMgVW5pdmVyc2FsIDIuMTAAAAMAAwAu"
        "AAAADQAAACsAAAAAAAAAAAAAAAAAAAACAAAAAAAAAAAAAAAdQNwAAAAAQEhNjqACmAEAAAAAAIJwHVIAZgAA"
        "AAAAAJAWAEwAAAAAAAAgyDRH/P///1dVVVUFAAAAAPTARAAAAAAAAPLfSwCYAAAAAAAAQCAAJgAIAAAAQKA4"
        "AJgAAAAAAABAAAHwAQ=="
    ),
    "UASTC": (
        "q0tUWCAyMLsNChoKAAAAAAEAAAAIAAAACAAAAAAAAAAAAAAAAQAAAAEAAAAAAAAAaAAAACwAAACUAAAALAAA"
        "AAAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAEAAAAAAAAAAQAAAAAAAAAAsAAAAAAAAAAIAKACmAQIAAwMAABAA"
        "AAAAAAAAAAB/AAAAAAAAAAAA/////x8AAABLVFh3cml0ZXIAQmFzaXMgVW5pdmVyc2FsIDIuMTAAAAQAAAB/"
        "fwAAFxlF4T/EJQAAAAAAAAAAABcZReE/xCUAAAAAAAAAAAAXAADgHwAAAAAAAAAAAAAAV4GH+/8aiQMAAAAA"
        "AAAAAA=="
    ),
}


def with_ktx2(packed):
    file = File()
    file.tree |= {
        "images": [{"bufferView": file.view(packed), "mimeType": "image/ktx2"}],
        "textures": [{"extensions": {"KHR_texture_basisu": {"source": 0}}}],
        "extensionsUsed": ["KHR_texture_basisu"],
        "extensionsRequired": ["KHR_texture_basisu"],
    }
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}
    return file.mesh(material, TEXCOORD_0=SQUARE[:, :2].copy())


@pytest.mark.parametrize("packing", KTX2)
def test_ktx2(tmp_path, monkeypatch, packing):
    pytest.importorskip("opengl_basisu")
    file = with_ktx2(base64.b64decode(KTX2[packing]))
    parts = file.read(tmp_path)
    assert not parts.notes
    texture = parts.shapes[0].material.base_color
    pixels = texture.pixels.astype(int)
    assert pixels.shape == (8, 8, 3)
    assert np.abs(pixels[:4] - (200, 40, 10)).max() <= 4
    assert np.abs(pixels[4:, :4]).max() <= 4
    assert np.abs(pixels[4:, 4:] - (10, 60, 220)).max() <= 4
    assert texture.is_srgb
    monkeypatch.setitem(sys.modules, "opengl_basisu", None)
    parts = file.read(tmp_path)
    assert parts.shapes[0].material.base_color == (1, 1, 1)
    assert "pip install opengl_basisu" in parts.notes[0]


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damaged_ktx2_is_told(tmp_path, data):
    pytest.importorskip("opengl_basisu")
    packed = bytearray(base64.b64decode(KTX2[data.draw(st.sampled_from(sorted(KTX2)))]))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(12, len(packed) - 1))] = data.draw(st.integers(0, 255))
    packed = packed[: data.draw(st.integers(12, len(packed)))]
    # A note, or an error of the package's own.
    with contextlib.suppress(rw.SceneError):
        with_ktx2(bytes(packed)).read(tmp_path)


@pytest.mark.parametrize("beside", [False, True])
def test_webp(tmp_path, beside):
    pixels = np.zeros((6, 5, 3), np.uint8)
    pixels[:3] = (200, 40, 10)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True)
    file = File()
    if beside:
        (tmp_path / "a picture.webp").write_bytes(stream.getvalue())
        image = {"uri": "a%20picture.webp"}
    else:
        image = {"bufferView": file.view(stream.getvalue()), "mimeType": "image/webp"}
    file.tree |= {
        "images": [{"uri": "missing.png"}, image],
        "textures": [{"source": 0, "extensions": {"EXT_texture_webp": {"source": 1}}}],
        "extensionsUsed": ["EXT_texture_webp"],
    }
    material = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}
    parts = file.mesh(material, TEXCOORD_0=SQUARE[:, :2].copy()).read(tmp_path)
    assert not parts.notes
    assert np.array_equal(parts.shapes[0].material.base_color.pixels, pixels)


def test_what_materials_ask_for_and_do_not_get_is_told_with_their_names(tmp_path):
    asked = {
        "KHR_materials_anisotropy": {"anisotropyStrength": 0.5},
        "KHR_materials_iridescence": {"iridescenceFactor": 0},  # asks for nothing
        "KHR_materials_dispersion": {"dispersion": 0.1},
    }
    file = File(extensionsUsed=sorted(asked), extensionsRequired=["KHR_materials_dispersion"])
    parts = file.mesh({"name": "brushed", "extensions": asked}).read(tmp_path)
    assert [note.split(" ")[0] for note in parts.notes] == [
        "KHR_materials_anisotropy",
        "KHR_materials_dispersion",
    ]
    assert all("'brushed'" in note for note in parts.notes)


def whole_file():
    file = File(nodes=[{"mesh": 0, "camera": 0}, {"mesh": 0, "translation": [1, 2, 3]}])
    file.tree["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1}}]
    texture = file.picture(np.zeros((2, 2, 4)))
    core = {"baseColorTexture": texture}
    uvs = SQUARE[:, :2].copy()
    return file.mesh({"pbrMetallicRoughness": core, "alphaMode": "BLEND"}, TEXCOORD_0=uvs).bytes()


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_are_read_or_refused(tmp_path, data):
    sound = bytearray(whole_file())
    for _ in range(data.draw(st.integers(1, 6))):
        sound[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.glb"
    path.write_bytes(sound[: data.draw(st.integers(0, len(sound)))])
    try:
        read_scene(path)
    except rw.SceneError as error:
        assert "a.glb" in str(error)  # noqa: PT017  it need not come


def test_wraps_differ_along_u_and_v(tmp_path):
    file = File()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8)
    texture = file.picture(pixels, wrapS=33071, wrapT=33648)
    material = {"pbrMetallicRoughness": {"baseColorTexture": texture}}
    uv = np.array([(-1, -1), (2, -1), (-1, 2), (2, 2)], np.float32)
    parts = file.mesh(material, TEXCOORD_0=uv).read(tmp_path)
    assert parts.notes == ()
    assert parts.shapes[0].material.base_color.wrap == ("clamp", "mirror")


def test_a_picture_is_tinted_by_vertices(tmp_path):
    file = File()
    pixels = np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8)
    core = {"baseColorTexture": file.picture(pixels), "baseColorFactor": [0.5, 0.25, 1, 1]}
    colors = np.random.default_rng(1).random((4, 3)).astype(np.float32)
    parts = file.mesh(
        {"pbrMetallicRoughness": core}, TEXCOORD_0=SQUARE[:, :2].copy(), COLOR_0=colors
    ).read(tmp_path)
    assert parts.notes == ()
    (mesh,) = parts.shapes
    base = mesh.material.base_color
    assert isinstance(base, rw.Attribute)
    assert base.times.factor == (0.5, 0.25, 1.0)
    assert np.array_equal(base.times.pixels, pixels)
    assert np.array_equal(mesh.colors, colors)


def test_a_second_set_of_coordinates_that_follows_the_first(tmp_path):
    """It is the first one, moved and scaled as a whole."""
    first = SQUARE[:, :2].copy()
    second = (first * (2.0, 0.5) + (0.25, -1.0)).astype(np.float32)
    bent = second.copy()
    bent[3] += 1.0
    for other, is_bent in ((second, False), (bent, True)):
        file = File()
        pixels = np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8)
        texture = file.picture(pixels)
        material = {
            "pbrMetallicRoughness": {"baseColorTexture": texture},
            "normalTexture": {**texture, "texCoord": 1},
        }
        parts = file.mesh(material, TEXCOORD_0=first, TEXCOORD_1=other).read(tmp_path)
        (mesh,) = parts.shapes
        assert not parts.notes
        assert (mesh.uvs2 is not None) == is_bent
        picture = rw.ImageTexture(pixels, encoding="linear")
        at = np.stack([other[:, 0], 1.0 - other[:, 1]], axis=1)
        found = mesh.material.normal_map.evaluate(mesh.uvs)
        assert np.allclose(found, picture.evaluate(at), atol=1e-5)


def lies_at(texture, mesh):
    """The coordinates in its picture of a texture, at the vertices: v up."""
    uvs = mesh.uvs if texture.uvs == 1 else mesh.uvs2
    return uvs * texture.scale + texture.offset


def test_two_sets_that_have_nothing_to_do_with_each_other(tmp_path):
    rng = np.random.default_rng(3)
    sets = rng.random((3, 4, 2), np.float32)
    file = File()
    texture = file.picture(rng.integers(0, 255, (3, 4, 3)))
    moved = {"offset": [0.5, 0.25], "scale": [2, -3]}
    material = {
        "pbrMetallicRoughness": {"baseColorTexture": texture},
        "extensions": {
            "KHR_materials_clearcoat": {
                "clearcoatFactor": 1,
                "clearcoatTexture": {**texture, "texCoord": 2},
            }
        },
        "normalTexture": {**texture, "texCoord": 0},
        "emissiveTexture": {
            **texture,
            "texCoord": 1,
            "extensions": {"KHR_texture_transform": moved},
        },
        "emissiveFactor": [1, 1, 1],
    }
    named = {f"TEXCOORD_{k}": array for k, array in enumerate(sets)}
    parts = file.mesh(material, **named).read(tmp_path)
    (mesh,) = parts.shapes
    made = mesh.material
    assert [made.base_color.uvs, made.normal_map.uvs, made.emission.uvs] == [1, 1, 2]
    up = np.stack([sets[..., 0], 1.0 - sets[..., 1]], axis=-1)
    assert np.allclose(lies_at(made.base_color, mesh), up[0], atol=1e-6)
    there = sets[1] * (2, -3) + (0.5, 0.25)
    there[:, 1] = 1.0 - there[:, 1]
    assert np.allclose(lies_at(made.emission, mesh), there, atol=1e-5)
    assert made.clearcoat == 1.0  # its picture lies by a third set
    (note,) = parts.notes
    assert "only two sets" in note


def test_pictures_that_are_turned_in_different_ways(tmp_path):
    uvs = np.random.default_rng(3).random((4, 2), np.float32)
    file = File()
    texture = file.picture(np.random.default_rng(0).integers(0, 255, (3, 4, 3)))

    def turned(angle):
        return {**texture, "extensions": {"KHR_texture_transform": {"rotation": angle}}}

    core = {"baseColorTexture": turned(0.5), "metallicRoughnessTexture": texture}
    material = {"pbrMetallicRoughness": core}
    parts = file.mesh(material, TEXCOORD_0=uvs).read(tmp_path)
    (mesh,) = parts.shapes
    assert not parts.notes
    up = np.stack([uvs[:, 0], 1.0 - uvs[:, 1]], axis=-1)
    assert np.allclose(lies_at(mesh.material.roughness, mesh), up, atol=1e-6)
    c, s = np.cos(0.5), np.sin(0.5)
    there = np.stack([c * uvs[:, 0] + s * uvs[:, 1], 1 + s * uvs[:, 0] - c * uvs[:, 1]], axis=1)
    assert np.allclose(lies_at(mesh.material.base_color, mesh), there, atol=1e-6)
    material["emissiveTexture"] = turned(1.0)
    material["emissiveFactor"] = [1, 1, 1]
    (note,) = file.read(tmp_path).notes
    assert "emissiveTexture is turned otherwise" in note


def test_variants_are_told(tmp_path):
    names = {"variants": [{"name": "red"}, {"name": "blue"}]}
    file = File(extensions={"KHR_materials_variants": names})
    parts = file.mesh().read(tmp_path)
    (note,) = parts.notes
    assert "red, blue" in note
