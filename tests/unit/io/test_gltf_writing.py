"""Scenes as glTF files: what comes back, what others get, and what is told of the rest."""

import io
import json
import math
import os
import struct

import numpy as np
import pytest
from generated_scenes import generated_scene, is_same
from PIL import Image

import raywidget as rw
from raywidget.adapters import take
from raywidget.cli import main
from raywidget.io.gltf import document
from raywidget.io.gltf.writing.facets import of_ball, of_round
from raywidget.io.gltf.writing.placing import posed, quaternions
from raywidget.io.gltf.writing.sheaf import encode_png

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 4), look_at=(0, 0, 0))
TRIANGLE = ([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)])


def tree_of(path):
    data = path.read_bytes()
    if path.suffix == ".gltf":
        return json.loads(data)
    (length,) = struct.unpack_from("<I", data, 12)
    return json.loads(data[20 : 20 + length])


def with_tree(path, tree):
    """The same .glb with another JSON."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    text = json.dumps(tree).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + length :]
    head = struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    path.write_bytes(head + text + rest)


def saved(folder, scene, name="a.glb", **how):
    path = folder / name
    notes = scene.save(path, **how)
    return rw.load_scene(path), notes


def scene_of(*shapes, **more):
    return rw.Scene(shapes, camera=CAMERA, **more)


# --- All of it comes back -------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(set(rw.presets.NAMES) - {"spheregrid", "hundred-thousand"}))
def test_presets_come_back_to_the_last_bit(tmp_path, name):
    scene = rw.presets.preset(name)
    back, _ = saved(tmp_path, scene)
    assert is_same(scene, back)


def test_meshes_on_a_map_are_written_from_an_origin_of_their_own(tmp_path):
    place = np.array([500_000.01, 5_000_000.01, 3.0])
    mesh = rw.Mesh(np.array(TRIANGLE[0]) + place, TRIANGLE[1])
    copies = rw.Instances(mesh, [rw.transforms.translate(x, 5, 0) for x in (3, 7)])
    scene = scene_of(mesh, copies)
    back, _ = saved(tmp_path, scene)
    np.testing.assert_array_equal(back.shapes[0].vertices, mesh.vertices)
    file = tmp_path / "a.glb"
    with_tree(file, {key: part for key, part in tree_of(file).items() if key != "extras"})
    np.testing.assert_allclose(rw.load_scene(file).bounds(), scene.bounds(), rtol=0, atol=1e-6)


UTM = np.array([500_000.013, 5_000_000.017, 3.0])


def corners_of(shape):
    """Where triangles of a mesh or its copies are, sorted, in double precision."""
    mesh, places = (
        (shape.mesh, shape.transforms) if hasattr(shape, "mesh") else (shape, [np.eye(4)])
    )
    vertices = mesh.vertices.astype(np.float64)
    return np.concatenate([vertices @ place[:3, :3].T + place[:3, 3] for place in places])


@pytest.mark.parametrize(
    "shape",
    [
        rw.Quad(UTM, (0.5, 0, 0), (0, 0.25, 0)),
        rw.Box(UTM, (0.5, 0.25, 0.125)),
        rw.Instances(
            rw.Mesh(*TRIANGLE),
            [rw.transforms.translate(*np.add(UTM, (k, 0.1, 0))) for k in range(300)],
        ),
        rw.Instances(
            rw.Mesh(*TRIANGLE),
            [rw.transforms.translate(*np.add(UTM, (k, 0.1, 0))) for k in range(3)],
        ),
        rw.Spheres(
            np.add(UTM, [(0, 0, 0), (3, 1, 2)]),
            0.25,
            colors=[(1, 0, 0), (0, 1, 0)],
            material=rw.Diffuse(rw.Attribute("color")),
        ),
        rw.Cylinder(UTM, np.add(UTM, (0, 0, 1)), 0.25),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_no_precision_is_lost_on_a_map(tmp_path, shape):
    """Boxes, to a millionth of the size of a thing five thousand kilometres from the origin."""
    back, _ = saved(tmp_path, scene_of(shape), in_full=False)
    points = np.concatenate([corners_of(item) for item in back.shapes])
    low, high = points.min(axis=0), points.max(axis=0)
    for found, said in zip((low, high), shape.bounds(), strict=True):
        assert np.abs(found - said).max() < 2e-5  # singles there are half a unit apart


def test_notes_of_a_saved_scene_are_not_those_of_its_file(tmp_path):
    scene = scene_of(rw.Sphere((0, 1, 0), 1)).replace(notes=("a note",))
    path = tmp_path / "b.glb"
    scene.save(path)
    assert rw.load_scene(path).notes == ("a note",)
    assert take(path).notes == ("a note",)


@pytest.mark.parametrize("suffix", [".glb", ".gltf"])
@pytest.mark.parametrize("seed", range(12))
def test_any_scene_comes_back_to_the_last_bit(tmp_path, seed, suffix):
    scene = generated_scene(seed)
    back, _ = saved(tmp_path, scene, f"a b{suffix}")
    assert is_same(scene, back)
    assert repr(back.camera) == repr(scene.camera)


def test_its_picture_is_the_same(tmp_path):
    scene = generated_scene(3)
    back, _ = saved(tmp_path, scene)
    size = {"width": 16, "height": 12, "spp": 2}
    assert np.array_equal(rw.render(scene, **size).pixels, rw.render(back, **size).pixels)


def test_equal_scenes_make_equal_files(tmp_path):
    for name in ("a.glb", "b.glb", "c.gltf"):
        generated_scene(5).save(tmp_path / name)
    assert (tmp_path / "a.glb").read_bytes() == (tmp_path / "b.glb").read_bytes()
    first = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    generated_scene(5).save(tmp_path / "c.gltf")
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == first


def test_what_another_program_changed_counts(tmp_path):
    scene = scene_of(rw.Sphere((0, 0, 0), 1), rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0)))
    scene.save(tmp_path / "a.glb")
    tree = tree_of(tmp_path / "a.glb")
    tree["nodes"][1]["translation"] = [0, 7, 0]
    with_tree(tmp_path / "a.glb", tree)
    back = rw.load_scene(tmp_path / "a.glb")
    assert isinstance(back.shapes[0], rw.Mesh)
    assert np.allclose(back.shapes[0].bounds()[0], (-1, 6, -1), atol=1e-6)
    assert any("changed" in note for note in back.notes)


def test_a_layout_of_its_json_changes_nothing(tmp_path):
    scene = scene_of(rw.Sphere((0, 0, 0), 1))
    scene.save(tmp_path / "a.glb")
    tree = tree_of(tmp_path / "a.glb")
    with_tree(tmp_path / "a.glb", dict(reversed(tree.items())))
    assert is_same(rw.load_scene(tmp_path / "a.glb"), scene)


@pytest.mark.parametrize(
    "hostile",
    [
        {"kind": "ImageTexture", "values": {"image": "/etc/hostname"}},
        {"kind": "ImageEnvironment", "values": {"image": "/etc/hostname"}},
        {"kind": "Popen", "values": {}},
        {"kind": "Sphere", "values": {"center": [0, 0, 0], "radius": -1}},
        {"kind": "Sphere", "values": {"center": {"object": 99}, "radius": 1}},
        {"kind": "Sphere", "values": {"centre": [0, 0, 0], "radius": 1}},
        {"kind": "Mesh", "values": {"vertices": {"array": 0, "type": "|O", "shape": [1]}}},
        {"kind": "Mesh", "values": {"vertices": {"array": 0, "type": "<f4", "shape": [9**9, 3]}}},
        {"kind": "Sphere", "values": {"center": [[[[[[[[[[[0]]]]]]]]]]], "radius": 1}},
    ],
)
def test_what_is_written_beside_is_not_trusted(tmp_path, hostile):
    from raywidget.io.gltf import exact

    scene = scene_of(rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0)))
    scene.save(tmp_path / "a.glb")
    tree = tree_of(tmp_path / "a.glb")
    tree["extras"]["raywidget"]["objects"].insert(0, hostile)
    with_tree(tmp_path / "a.glb", tree)
    assert exact.KEY in tree["extras"]
    back = rw.load_scene(tmp_path / "a.glb")
    assert isinstance(back.shapes[0], rw.Mesh)  # as others read it
    assert any("can't be read" in note for note in back.notes)


# --- What others get ------------------------------------------------------------------------------


def plain_mesh(folder, mesh, **how):
    back, _ = saved(folder, scene_of(mesh, **how), in_full=False)
    assert len(back.shapes) == 1
    return back.shapes[0]


def test_meshes_are_what_they_were(tmp_path):
    rng = np.random.default_rng(1)
    vertices, faces = rng.normal(size=(50, 3)), rng.integers(0, 50, (80, 3))
    normals, uvs, colors = rng.normal(size=(50, 3)), rng.normal(size=(50, 2)), rng.random((50, 3))
    mesh = rw.Mesh(vertices, faces, normals=normals, uvs=uvs, colors=colors, name="it")
    mesh = mesh.replace(material=rw.Diffuse(rw.Attribute("color")))
    back = plain_mesh(tmp_path, mesh)
    for name in ("vertices", "faces", "normals", "colors"):
        assert np.array_equal(getattr(back, name), getattr(mesh, name)), name
    assert np.array_equal(back.uvs[:, 0], mesh.uvs[:, 0])
    # v points down in glTF, and 1 - v is rounded.
    assert np.allclose(back.uvs[:, 1], mesh.uvs[:, 1], rtol=0, atol=2.0**-23)
    assert back.name == "it"


def test_two_sets_of_coordinates(tmp_path):
    rng = np.random.default_rng(2)
    picture = rw.ImageTexture(rng.integers(0, 255, (4, 5, 3)).astype(np.uint8))
    glow = picture.replace(uvs=2, scale=(2, 3), factor=3.0)
    material = rw.Principled(picture, roughness=1.0, emission=glow)
    mesh = rw.Mesh(*TRIANGLE, uvs=rng.random((3, 2)), uvs2=rng.random((3, 2)), material=material)
    back = plain_mesh(tmp_path, mesh)
    assert np.allclose(back.uvs, mesh.uvs, atol=1e-6)
    assert np.allclose(back.uvs2, mesh.uvs2, atol=1e-6)
    assert (back.material.base_color.uvs, back.material.emission.uvs) == (1, 2)
    found = back.material.emission.evaluate(back.uvs2)
    assert np.allclose(found, glow.evaluate(mesh.uvs2), atol=1e-5)


def test_a_box_lies_by_its_only_coordinates(tmp_path):
    picture = rw.ImageTexture(np.arange(60, dtype=np.uint8).reshape(4, 5, 3), uvs=2)
    back = plain_mesh(tmp_path, rw.Box((0, 0, 0), (1, 1, 1), material=rw.Principled(picture)))
    assert back.material.base_color.uvs == 1
    at = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    assert np.allclose(back.uvs[:4], at)


def test_materials_of_faces_are_primitives(tmp_path):
    red, green = rw.Diffuse((1, 0, 0), name="red"), rw.Diffuse((0, 1, 0), name="green")
    quad = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    mesh = rw.Mesh(
        quad, [(0, 1, 2), (0, 2, 3)], materials=[red, green], face_materials=[1, 0], name="both"
    )
    back, notes = saved(tmp_path, scene_of(mesh), in_full=False)
    found = {s.material.name: s.faces.tolist() for s in back.shapes}
    assert found == {"green": [[0, 1, 2]], "red": [[0, 2, 3]]}
    assert notes == ()


def test_flipped_normals_are_turned(tmp_path):
    mesh = rw.Mesh(*TRIANGLE, normals=[(0, 0, 1)] * 3, flip_normals=True)
    back = plain_mesh(tmp_path, mesh)
    assert back.faces.tolist() == [[0, 2, 1]]
    assert back.normals.tolist() == [[0, 0, -1]] * 3


def test_triangles_without_coordinates_get_their_own(tmp_path):
    texture = rw.ImageTexture(np.zeros((2, 2, 3), np.uint8))
    back = plain_mesh(tmp_path, rw.Mesh(*TRIANGLE, material=rw.Diffuse(texture)))
    assert np.allclose(back.uvs, [(0, 0), (1, 0), (0, 1)])


@pytest.mark.parametrize("flipped", [False, True])
def test_textures_without_coordinates_look_the_same(tmp_path, flipped):
    """Each triangle shows its picture from the corner on that the renderer takes as the first."""
    texture = rw.ImageTexture(
        np.random.default_rng(5).integers(0, 255, (3, 4, 3)).astype(np.uint8), filter="nearest"
    )
    mesh = rw.Mesh(
        [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)],
        [(0, 1, 2), (0, 2, 3)],
        material=rw.Principled(texture),
        flip_normals=flipped,
    )
    back = plain_mesh(tmp_path, mesh)
    size = {"width": 24, "height": 24, "spp": 16, "aovs": ("albedo",)}
    seen = [
        rw.render(scene_of(shape, emitters=[rw.ConstantEnvironment(1)]), **size).aovs["albedo"]
        for shape in (mesh, back)
    ]
    # Only where edges of texels go through a pixel may a sample fall on their other side.
    assert np.mean(np.abs(seen[0] - seen[1]).max(axis=-1) > 0.01) < 0.02
    assert seen[0].std() > 0.05


@pytest.mark.parametrize("count", [3, 400])
def test_copies(tmp_path, count):
    rng = np.random.default_rng(count)
    places = np.array(
        [
            rw.transforms.translate(*rng.uniform(-5, 5, 3))
            @ rw.transforms.rotate_xyz(*rng.uniform(-180, 180, 3))
            @ rw.transforms.scale(*(rng.uniform(0.2, 2, 3) * rng.choice((-1, 1), 3)))
            for _ in range(count)
        ]
    )
    copies = rw.Instances(rw.Mesh(*TRIANGLE), places)
    back, _ = saved(tmp_path, scene_of(copies), in_full=False)
    (found,) = back.shapes
    assert np.allclose(found.transforms, places, atol=1e-6)
    instancing = "EXT_mesh_gpu_instancing" in tree_of(tmp_path / "a.glb").get("extensionsUsed", [])
    assert instancing == (count > 256)


def test_copies_in_colours(tmp_path):
    mesh = rw.Mesh(*TRIANGLE, material=rw.Diffuse(rw.Attribute("color")))
    colors = np.random.default_rng(0).random((300, 3))
    places = [rw.transforms.translate(k, 0, 0) for k in range(300)]
    back, notes = saved(
        tmp_path, scene_of(rw.Instances(mesh, places, colors=colors)), in_full=False
    )
    (found,) = back.shapes
    assert np.array_equal(found.colors, colors.astype(np.float32))
    assert found.material.base_color.attribute == "color"
    assert any("_COLOR_0" in note for note in notes)
    back, _ = saved(
        tmp_path, scene_of(rw.Instances(mesh, places[:2], colors=colors[:2])), in_full=False
    )
    assert [s.material.base_color for s in back.shapes] == [
        tuple(color) for color in colors[:2].astype(np.float32).tolist()
    ]


def test_a_sheared_copy_is_two_nodes(tmp_path):
    shear = np.eye(4)
    shear[0, 1], shear[2, 3] = 0.7, 3.0
    copies = rw.Instances(rw.Mesh(*TRIANGLE), [shear])
    back, _ = saved(tmp_path, scene_of(copies), in_full=False)
    corners = rw.transforms.apply(shear, np.array(TRIANGLE[0], float))
    assert np.allclose(back.shapes[0].vertices, corners, atol=1e-6)


def test_round_shapes_are_closed_and_face_outwards(tmp_path):
    shapes = [
        rw.Sphere((1, 2, 3), 2),
        rw.Cylinder((0, 0, 0), (1, 2, 3), 0.5),
        rw.Cone((0, 0, 0), (0, 1, 2), 1.0, 0.25),
        rw.Cone((0, 0, 0), (0, 1, 2), 1.0),
        rw.Box((0, 0, 0), (1, 2, 3), rotation=(10, 20, 30)),
    ]
    for shape in shapes:
        back = plain_mesh(tmp_path, shape)
        corners = back.vertices.astype(float)[back.faces]
        volume = np.linalg.det(corners - np.mean(corners, axis=(0, 1))).sum() / 6.0
        area = 0.5 * np.linalg.norm(
            np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
        )
        assert math.isclose(area.sum(), shape.area(), rel_tol=2e-3)
        assert volume > 0.0
        assert np.allclose(back.bounds(), shape.bounds(), atol=5e-3)
        if back.normals is not None:
            flat = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            smooth = back.normals[back.faces].mean(axis=1)
            assert (np.einsum("ij,ij->i", flat, smooth) > 0.0).all()


def test_coordinates_of_round_shapes_are_those_of_the_renderer(tmp_path):
    """A texture lies on the triangles as on the shape itself."""
    stripes = rw.ImageTexture(
        np.random.default_rng(0).integers(0, 255, (4, 5, 3)).astype(np.uint8), filter="nearest"
    )
    shapes = [
        rw.Sphere((-1.2, 0, 0), 0.5, emission=stripes),
        rw.Cylinder((0, -0.5, 0), (0.2, 0.5, 0.3), 0.4, emission=stripes),
        rw.Cone((1, -0.5, 0), (1.2, 0.5, 0.3), 0.5, 0.2, emission=stripes),
        rw.Disk((0, 1.1, 0), (0.1, -0.3, 1), 0.4, emission=stripes),
        rw.Quad((-1.5, -1.4, 0), (1, 0, 0), (0, 0.5, 0), emission=stripes),
        rw.Box((1, -1.1, 0), (0.5, 0.5, 0.5), rotation=(20, 30, 0), emission=stripes),
    ]
    scene = scene_of(*shapes)
    back, _ = saved(tmp_path, scene, in_full=False)
    how = {"width": 64, "height": 48, "spp": 1, "max_depth": 1}
    a, b = (rw.render(s, **how).pixels for s in (scene, back.replace(camera=CAMERA)))
    differ = np.abs(a - b).max(axis=2) > 1e-3
    assert a.max() > 0.5
    assert differ.mean() < 0.02  # at edges


# --- Materials, lights, cameras -------------------------------------------------------------------


PHOTO = rw.ImageTexture(
    np.random.default_rng(0).integers(0, 255, (3, 4, 3)).astype(np.uint8),
    wrap="mirror",
    scale=(2.0, -3.0),
    offset=(0.25, 0.5),
)
GREY = rw.ImageTexture(
    np.random.default_rng(1).integers(0, 255, (3, 4)).astype(np.uint8), encoding="linear"
)
BUMPS = rw.ImageTexture(
    np.random.default_rng(2).integers(90, 160, (3, 4, 3)).astype(np.uint8), encoding="linear"
)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"base_color": (0.1, 0.2, 0.3), "metallic": 1.0, "roughness": 0.25},
        {"base_color": PHOTO},
        {"base_color": PHOTO.replace(factor=(0.5, 0.25, 1.0), filter="nearest", wrap="clamp")},
        {"metallic": GREY, "roughness": 0.3},
        {"metallic": 0.2, "roughness": GREY},
        {"metallic": GREY, "roughness": GREY.replace(filter="nearest")},
        {"ior": 1.33, "specular": 0.5, "specular_color": (0.5, 2.0, 1.0)},
        {"specular": GREY, "specular_color": PHOTO},
        {"transmission": 0.5, "thin": True},
        {"transmission": GREY, "roughness": 0.1},
        {"transmission": 1.0, "interior": rw.HomogeneousMedium((0.5, 0.25, 0.125))},
        {"clearcoat": 0.5, "clearcoat_roughness": 0.25},
        {"clearcoat": GREY, "clearcoat_roughness": GREY},
        {"sheen_color": (0.1, 0.2, 0.3), "sheen_roughness": 0.75},
        {"sheen_color": PHOTO, "sheen_roughness": GREY},
        {"opacity": 0.5},
        {"opacity": GREY, "base_color": (0.5, 0.25, 1.0)},
        {"emission": (0.5, 0.25, 1.0)},
        {"emission": (50.0, 25.0, 100.0)},
        {"emission": PHOTO.replace(factor=(8.0, 4.0, 2.0))},
        {"normal_map": BUMPS, "normal_scale": 0.5},
    ],
    ids=lambda values: "-".join(values) or "nothing",
)
def test_principled_materials_come_back_without_help(tmp_path, values):
    material = rw.Principled(**values)
    quad = rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), material=material)
    back, notes = saved(tmp_path, scene_of(quad), in_full=False)
    found = back.shapes[0].material
    uv = np.random.default_rng(0).random((50, 2))
    for name in (f.name for f in material.__dataclass_fields__.values()):
        a, b = getattr(material, name), getattr(found, name)
        if name == "interior" and a is not None:
            assert np.allclose(a.absorption, b.absorption, rtol=1e-12)
        elif isinstance(a, rw.scene.Texture):
            a, b = (np.broadcast_to(t.evaluate(uv), (50, 3)) for t in (a, b))
            if values.get("metallic") is GREY and isinstance(values["roughness"], rw.ImageTexture):
                continue  # they share a picture but not its filter
            assert np.allclose(a, b, rtol=0, atol=1e-9 * a.max()), name
        elif name != "name":
            assert np.allclose(a, b, rtol=1e-15) if isinstance(a, tuple | float) else a is b, name
    painted = isinstance(values.get("metallic"), rw.ImageTexture) and len(notes) == 1
    assert notes == () or painted


@pytest.mark.parametrize(
    ("texture", "accuracy"),
    [
        (rw.Checkerboard((0.2, 0.5, 0.9), 0.3, scale=(3, 5)), 1e-4),
        (rw.Gradient((0.2, 0.5, 0.9), 0.3), 1e-4),
        (rw.Gradient((0.2, 0.5, 0.9), 0.3, axis="u"), 1e-4),
        (rw.ImageTexture(np.random.default_rng(0).random((3, 4, 3)), wrap="clamp"), 1e-4),
        (rw.Checkerboard(rw.Gradient(0.1, 0.9), 0.3, scale=4), 2e-3),
    ],
)
def test_other_textures_become_pictures(tmp_path, texture, accuracy):
    quad = rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), material=rw.Diffuse(texture))
    back, notes = saved(tmp_path, scene_of(quad), in_full=False)
    uv = np.random.default_rng(0).uniform(0.01, 0.99, (200, 2))
    a, b = texture.evaluate(uv), back.shapes[0].material.base_color.evaluate(uv)
    off = np.abs(a - b).max(axis=1) > accuracy
    assert off.mean() < 0.02  # between pixels that were painted anew
    assert notes


def test_lights_and_cameras_come_back_without_help(tmp_path):
    emitters = [
        rw.PointLight((1, 2, 3), (3, 2, 1), name="bulb"),
        rw.DirectionalLight((1, -2, 0.5), (0.1, 0.2, 0.3)),
        rw.DirectionalLight((0, 1, 0), 1),
        rw.SpotLight((0, 4, 0), (1, 0, 0), 50, cone_angle=30, beam_angle=10, falloff="smooth"),
    ]
    for camera in (
        rw.PerspectiveCamera(look_from=(1, 2, 3), look_at=(-3, 1, 0), up=(0.2, 1, 0), vfov=50),
        rw.OrthographicCamera(look_from=(0, 9, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=3),
    ):
        scene = rw.Scene(
            [rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0))],
            emitters=emitters,
            camera=camera,
            defaults={"width": 300, "height": 100},
        )
        back, notes = saved(tmp_path, scene, in_full=False)
        assert notes == ()
        assert np.allclose(back.camera.frame(), camera.frame(), atol=1e-15)
        assert back.camera.look_from == camera.look_from
        name = "vfov" if isinstance(camera, rw.PerspectiveCamera) else "height"
        assert math.isclose(getattr(back.camera, name), getattr(camera, name), rel_tol=1e-15)
        assert math.isclose(back.defaults["width"] / back.defaults["height"], 3.0, rel_tol=1e-2)
        for a, b in zip(emitters, back.emitters, strict=True):
            assert type(a) is type(b)
            for name in ("position", "intensity", "irradiance", "axis", "half_angles"):
                if hasattr(a, name):
                    assert np.allclose(getattr(a, name), getattr(b, name), rtol=1e-8, atol=1e-15)


@pytest.mark.parametrize("axis", ["horizontal", "smaller", "larger", "diagonal"])
def test_the_axis_of_a_field_of_view_comes_back_and_others_read_what_it_is_here(tmp_path, axis):
    camera = rw.PerspectiveCamera(look_from=(1, 2, 3), look_at=(0, 0, 0), vfov=50, fov_axis=axis)
    scene = rw.Scene(
        [rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0))],
        camera=camera,
        defaults={"width": 300, "height": 100},
    )
    back, _ = saved(tmp_path, scene)
    assert (back.camera.vfov, back.camera.fov_axis) == (50.0, axis)
    plain, notes = saved(tmp_path, scene, in_full=False)
    assert plain.camera.vertical_fov(3.0) == pytest.approx(camera.vertical_fov(3.0))
    assert any("field of view" in note for note in notes)


def test_what_gltf_cannot_say_is_told_once(tmp_path):
    balls = [rw.Sphere((k, 0, 0), 0.4, material=rw.Conductor("gold")) for k in range(3)]
    scene = rw.Scene(
        balls,
        emitters=[rw.ConstantEnvironment(1)],
        camera=rw.PanoramicCamera(look_from=(0, 0, 4), look_at=(0, 0, 0)),
        medium=rw.HomogeneousMedium(0.1),
        background=1,
    )
    _, notes = saved(tmp_path, scene)
    text = "\n".join(notes)
    for word in ("Conductor", "environment", "PanoramicCamera", "space round", "background"):
        assert text.count(word) == 1, word
    assert "A Sphere became 9,024 flat triangles with smooth normals. (3 times)" in notes


def test_skins_of_media_are_left_out(tmp_path):
    smoke = rw.Sphere((0, 0, 0), 1, material=rw.Interface(rw.HomogeneousMedium(0.1)))
    back, notes = saved(tmp_path, scene_of(smoke, rw.Mesh(*TRIANGLE)), in_full=False)
    assert len(back.shapes) == 1
    assert any("Interface" in note for note in notes)


# --- The pieces -----------------------------------------------------------------------------------


def test_quaternions_turn_as_matrices_do():
    rng = np.random.default_rng(0)
    q, _ = np.linalg.qr(rng.normal(size=(200, 3, 3)))
    q *= np.linalg.det(q)[:, None, None]
    extremes = [np.diag(signs) for signs in ((1, -1, -1), (-1, 1, -1), (-1, -1, 1), (1, 1, 1))]
    for matrix in [*q, *extremes]:
        node = np.zeros((4, 4))
        node[:3, :3], node[3, 3] = matrix, 1.0
        (said,) = posed(node)
        x, y, z, w = said.get("rotation", (0, 0, 0, 1))
        assert math.isclose(x * x + y * y + z * z + w * w, 1.0, rel_tol=1e-12)
        v = rng.normal(size=3)
        cross = np.cross((x, y, z), v)
        turned = v + 2.0 * (w * cross + np.cross((x, y, z), cross))
        assert np.allclose(turned, matrix @ v, atol=1e-12)
    assert quaternions(np.eye(3)[None]).tolist() == [[0, 0, 0, 1]]


def test_facets_meet_without_a_gap():
    for facets in (of_ball(16), of_round(1.0, 0.5, 2.0, (True, True), 16)):
        places = np.round(facets.positions, 5)
        _, same = np.unique(places + 0.0, axis=0, return_inverse=True)
        faces = same.reshape(-1)[facets.corners]
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        there = {tuple(edge) for edge in edges.tolist()}
        assert all((b, a) in there for a, b in there)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pngs_hold_what_they_were_given(tmp_path, dtype, channels):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (5, 7, channels))
    data = encode_png(pixels.astype(dtype))
    with Image.open(io.BytesIO(data)) as picture:
        picture.verify()
    (tmp_path / "a.png").write_bytes(data)
    texture = rw.ImageTexture(tmp_path / "a.png", encoding="linear")
    expected = pixels[:, :, :3] / np.iinfo(dtype).max
    assert np.allclose(texture.decoded(), expected, atol=1e-7)


# --- Files ----------------------------------------------------------------------------------------


def test_a_gltf_has_its_bytes_and_pictures_beside(tmp_path):
    photo = rw.Diffuse(PHOTO)
    scene = scene_of(rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0), material=photo))
    scene.save(tmp_path / "my scene.gltf")
    assert sorted(os.listdir(tmp_path)) == ["my scene.bin", "my scene.gltf", "my scene_0.png"]
    tree = tree_of(tmp_path / "my scene.gltf")
    assert tree["images"][0]["uri"] == "my%20scene_0.png"
    assert tree["asset"]["generator"].startswith("raywidget")
    with Image.open(tmp_path / "my scene_0.png") as picture:
        assert np.array_equal(np.asarray(picture), PHOTO.pixels)


def test_paths_that_cannot_be_written(tmp_path):
    scene = scene_of(rw.Sphere((0, 0, 0), 1))
    for path, word in [
        (tmp_path / "a.obj", "must end in one of .glb, .gltf"),
        (tmp_path / "a", "must end in one of"),
        (tmp_path / "no" / "a.glb", "no folder"),
        (7, "path"),
    ]:
        with pytest.raises(rw.SceneError, match=word):
            scene.save(path)
    (tmp_path / "b.glb").mkdir()
    with pytest.raises(rw.SceneError, match="folder"):
        scene.save(tmp_path / "b.glb")
    assert sorted(os.listdir(tmp_path)) == ["b.glb"]


def test_what_was_there_stays_until_all_is_written(tmp_path, monkeypatch):
    scene = scene_of(rw.Sphere((0, 0, 0), 1))
    scene.save(tmp_path / "a.glb")
    before = (tmp_path / "a.glb").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(rw.SceneError, match="No space left"):
        scene_of(rw.Sphere((0, 0, 0), 2)).save(tmp_path / "a.glb")
    assert (tmp_path / "a.glb").read_bytes() == before
    assert os.listdir(tmp_path) == ["a.glb"]


def test_the_command_line_converts(tmp_path, capsys):
    (tmp_path / "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    assert main(["convert", str(tmp_path / "a.obj"), str(tmp_path / "a.glb")]) == 0
    assert len(rw.load_scene(tmp_path / "a.glb").shapes) == 1
    assert "note" in capsys.readouterr().out  # a camera was added
    assert main(["convert", "simple-sphere", str(tmp_path / "b.gltf"), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert is_same(rw.load_scene(tmp_path / "b.gltf"), rw.presets.preset("simple-sphere"))
    assert main(["convert", "simple-sphere", str(tmp_path / "b.obj")]) == 2


def test_what_json_cannot_say(tmp_path):
    for scene in (
        scene_of(rw.Mesh(*TRIANGLE, name="half \ud800")),
        scene_of(rw.Mesh(*TRIANGLE), defaults={"noise": math.inf}),
        scene_of(rw.Mesh(*TRIANGLE), defaults={"noise": object()}),
    ):
        with pytest.raises(rw.SceneError, match=r"JSON|saved"):
            scene.save(tmp_path / "a.glb")
    assert os.listdir(tmp_path) == []


def test_every_kind_of_object_comes_back():
    """None may be forgotten that a scene can be made of."""
    from raywidget.io.gltf import exact
    from raywidget.scene.values.described import SceneObject

    def kinds(base):
        for kind in base.__subclasses__():
            yield from kinds(kind)
            yield kind

    bases = {"Camera", "Emitter", "Environment", "Material", "Shape", "Texture"}
    bases |= {"TurnableShape", "ValuedShape", "Moving"}  # the last is a function of time
    ours = {k.__name__ for k in kinds(SceneObject) if k.__module__.startswith("raywidget.scene")}
    assert "StudioEnvironment" in ours
    assert ours - bases <= set(exact._KINDS)


NUMBERS = np.random.default_rng(8).random
CARRIERS = {
    "tubes": lambda: rw.Tubes(
        [NUMBERS((4, 3)), NUMBERS((2, 3))],
        0.1,
        values=NUMBERS(6),
        colormap=rw.ColorMap("magma", limits=(0, 2)),
    ),
    "arrows": lambda: rw.Arrows(NUMBERS((4, 3)), NUMBERS((4, 3)), values=NUMBERS(4)),
    "quantities": lambda: rw.Mesh(
        *TRIANGLE,
        quantities={"heat": NUMBERS(3), "load": NUMBERS(3)},
        colormap={"heat": "magma", "load": rw.ColorMap("viridis", limits=(0, 1))},
        show="load",
        unlit=0.25,
    ),
    "volume": lambda: rw.Volume(
        NUMBERS((3, 4, 5)),
        spacing=(0.1, 0.2, 0.3),
        precision="single",
        transfer=rw.TransferFunction(
            "viridis", extinction=[(0, 0), (1, 2)], density=4, emission="inferno", limits=(0, 1)
        ),
    ),
    "scan in colours": lambda: rw.Volume((255 * NUMBERS((3, 4, 5, 4))).astype(np.uint8)),
}


@pytest.mark.parametrize("name", sorted(CARRIERS))
def test_what_carries_numbers_comes_back(tmp_path, name):
    plane = rw.Plane((0, 0, 0.1), (0, 0, 1))
    scene = scene_of(CARRIERS[name](), clip=[plane])
    back, _ = saved(tmp_path, scene)
    assert is_same(scene, back)
    assert not is_same(scene, scene_of(CARRIERS[name](), clip=[plane]))


@pytest.mark.parametrize("place", [{"sun_elevation": 35.0, "sun_azimuth": 120.0}, {
    "latitude": 48.2, "longitude": 16.4, "time": "2026-06-21T18:00+02:00"}])  # fmt: skip
def test_a_sky_comes_back_as_what_it_was_made_of(tmp_path, place):
    sky = rw.SkyEnvironment(**place, turbidity=4.0, ground_albedo=0.5, sun=False, scale=2.0)
    (back,) = saved(tmp_path, scene_of(rw.Mesh(*TRIANGLE), emitters=[sky]))[0].emitters
    assert is_same(sky, back)
    assert back.sun_angles == sky.sun_angles


def test_skies_are_counted_with_the_memory_that_they_take(tmp_path, monkeypatch):
    sky = rw.SkyEnvironment(sun_elevation=35.0)
    path = tmp_path / "a.glb"
    scene_of(rw.Mesh(*TRIANGLE), emitters=[sky]).save(path)
    tree = tree_of(path)
    objects = tree["extras"]["raywidget"]["objects"]
    at = next(k for k, item in enumerate(objects) if item["kind"] == "SkyEnvironment")
    objects[:0] = 3 * [objects[at]]
    with_tree(path, tree)
    monkeypatch.setattr(document, "_FLOOR", 2 * sky.image.nbytes)
    monkeypatch.setattr(document, "_MULTIPLE", 0)
    back = rw.load_scene(path)
    assert any("bytes of pictures" in note for note in back.notes)


def test_another_program_reads_the_same(tmp_path):
    trimesh = pytest.importorskip("trimesh")
    copies = [rw.transforms.translate(5, k, 0) @ rw.transforms.scale(1, 2, 1) for k in range(3)]
    scene = scene_of(
        rw.Mesh(*TRIANGLE, material=rw.Principled((0.5, 0.25, 1.0), roughness=0.25), name="one"),
        rw.Instances(rw.Mesh(*TRIANGLE), copies),
        rw.Sphere((0, -4, 0), 0.5),
    )
    scene.save(tmp_path / "a.glb")
    read = trimesh.load(tmp_path / "a.glb", force="scene", process=False)
    assert np.allclose(read.bounds, scene.bounds(), atol=2e-3)
    whole = trimesh.util.concatenate(read.dump())
    expected = sum(shape.area() for shape in scene.shapes)
    assert math.isclose(whole.area, expected, rel_tol=2e-3)
    materials = [geometry.visual.material for geometry in read.geometry.values()]
    factors = [list(m.baseColorFactor[:3]) for m in materials if m.roughnessFactor == 0.25]
    assert factors == [[128, 64, 255]] or np.allclose(factors, [[0.5, 0.25, 1.0]], atol=0.01)
