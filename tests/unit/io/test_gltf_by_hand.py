"""Files that use an extension, against the same scenes written down by hand: equal to the last bit.

What is in the files follows the words of the specifications, and so do the scenes.
"""

import numpy as np
import pytest
from generated_scenes import is_same
from gltf_file import CORNERS, SQUARE, File

import raywidget as rw

UVS = np.array([(0.0, 0.0), (0.75, 0.25), (0.25, 1.0), (1.0, 0.5)], np.float32)
PIXELS = np.random.default_rng(0).integers(10, 250, (4, 8, 4)).astype(np.uint8)
GREY = PIXELS[:, :, :1]


def lying(channel=None, **more):
    """The picture as a texture on the square; of one channel, its numbers."""
    if channel is None:
        return rw.ImageTexture(PIXELS, **more)
    pixels = np.ascontiguousarray(PIXELS[:, :, channel : channel + 1])
    return rw.ImageTexture(pixels, encoding="linear", **more)


def plain(**values):
    """What the core of glTF is without any numbers: white metal."""
    return rw.Principled(1.0, **{"metallic": 1.0, "roughness": 1.0, **values})


def extended(name, content):
    return {"extensions": {f"KHR_materials_{name}": content}}


def of_texture(texture, **transform):
    return {**texture, "extensions": {"KHR_texture_transform": transform}}


def cases(texture):
    """Name -> what the file says of a material, and what that is."""
    yield "core", {}, plain()
    core = {
        "baseColorFactor": [0.5, 0.25, 1.0, 1.0],
        "baseColorTexture": texture,
        "metallicFactor": 0.5,
        "roughnessFactor": 0.25,
        "metallicRoughnessTexture": texture,
    }
    yield (
        "maps of the core",
        {
            "pbrMetallicRoughness": core,
            "normalTexture": {**texture, "scale": 0.5},
            "emissiveFactor": [1.0, 0.5, 0.25],
            "emissiveTexture": texture,
        },
        rw.Principled(
            lying(factor=(0.5, 0.25, 1.0)),
            metallic=lying(2, factor=0.5),
            roughness=lying(1, factor=0.25),
            normal_map=lying(encoding="linear"),
            normal_scale=0.5,
            emission=lying(factor=(1.0, 0.5, 0.25)),
        ),
    )
    yield (
        "blend",
        {
            "alphaMode": "BLEND",
            "pbrMetallicRoughness": {
                "baseColorFactor": [1, 1, 1, 0.5],
                "baseColorTexture": texture,
            },
        },
        plain(opacity=lying(3, factor=0.5)).replace(base_color=lying()),
    )
    yield (
        "emissive_strength",
        {
            "emissiveFactor": [1.0, 0.5, 0.0],
            "emissiveTexture": texture,
            **extended("emissive_strength", {"emissiveStrength": 8.0}),
        },
        plain(emission=lying(factor=(8.0, 4.0, 0.0))),
    )
    yield "ior", extended("ior", {"ior": 1.25}), plain(ior=1.25)
    yield (
        "specular",
        extended(
            "specular",
            {
                "specularFactor": 0.5,
                "specularTexture": texture,
                "specularColorFactor": [2.0, 1.0, 0.5],
                "specularColorTexture": texture,
            },
        ),
        plain(specular=lying(3, factor=0.5), specular_color=lying(factor=(2.0, 1.0, 0.5))),
    )
    yield (
        "clearcoat",
        extended(
            "clearcoat",
            {
                "clearcoatFactor": 0.5,
                "clearcoatTexture": texture,
                "clearcoatRoughnessFactor": 0.25,
                "clearcoatRoughnessTexture": texture,
            },
        ),
        plain(clearcoat=lying(0, factor=0.5), clearcoat_roughness=lying(1, factor=0.25)),
    )
    yield (
        "sheen",
        extended(
            "sheen",
            {
                "sheenColorFactor": [0.5, 0.25, 1.0],
                "sheenColorTexture": texture,
                "sheenRoughnessFactor": 0.5,
                "sheenRoughnessTexture": texture,
            },
        ),
        plain(sheen_color=lying(factor=(0.5, 0.25, 1.0)), sheen_roughness=lying(3, factor=0.5)),
    )
    yield (
        "transmission",
        extended("transmission", {"transmissionFactor": 0.5, "transmissionTexture": texture}),
        plain(transmission=lying(0, factor=0.5), thin=True),
    )
    volume = {
        "thicknessFactor": 0.5,
        "attenuationDistance": 2.0,
        "attenuationColor": [0.5, 0.25, 1.0],
    }
    yield (
        "volume",
        {
            "extensions": {
                "KHR_materials_transmission": {"transmissionFactor": 1.0},
                "KHR_materials_volume": volume,
            }
        },
        plain(
            transmission=1.0,
            # Of light that goes the distance the colour is left: exp(-2 a) = c
            interior=rw.HomogeneousMedium((np.log(2.0) / 2.0, np.log(4.0) / 2.0, 0.0)),
        ),
    )
    yield (
        "unlit",
        {
            "pbrMetallicRoughness": {
                "baseColorFactor": [0.5, 0.25, 1.0, 1.0],
                "baseColorTexture": texture,
            },
            **extended("unlit", {}),
        },
        rw.Emissive(lying(factor=(0.5, 0.25, 1.0))),
    )
    yield (
        "pbrSpecularGlossiness",
        extended(
            "pbrSpecularGlossiness",
            {
                "diffuseFactor": [0.5, 0.25, 1.0, 1.0],
                "specularFactor": [0.04, 0.08, 0.02],
                "glossinessFactor": 0.75,
            },
        ),
        rw.Principled(
            (0.5, 0.25, 1.0), roughness=0.25, specular_color=(1.0, 0.08 / 0.04, 0.02 / 0.04)
        ),
    )
    yield (
        "texture_transform",
        {
            "pbrMetallicRoughness": {
                "baseColorTexture": of_texture(texture, offset=[0.25, 0.5], scale=[2.0, -3.0])
            }
        },
        # v' = -3 v + 0.5 downwards is V' = -3 V + 3.5 upwards: 1 - (-3 (1 - V) + 0.5)
        plain().replace(base_color=lying(scale=(2.0, -3.0), offset=(0.25, 3.5))),
    )


def all_cases():
    return {name: number for number, (name, *_) in enumerate(cases({"index": 0}))}


def by_hand(material):
    up = np.stack([UVS[:, 0], 1.0 - UVS[:, 1]], axis=1)
    return rw.Mesh(SQUARE, CORNERS.reshape(-1, 3), uvs=up, material=material)


def picture(*shapes, emitters=()):
    floor = rw.Quad((-3, -1, -3), (0, 0, 6), (6, 0, 0), material=rw.Diffuse(0.5))
    camera = rw.PerspectiveCamera(look_from=(0.5, 0.5, 2), look_at=(0.5, 0.5, 0), vfov=50)
    sky = rw.ConstantEnvironment(0.5)
    scene = rw.Scene([*shapes, floor], camera=camera, emitters=[*emitters, sky])
    return rw.render(scene, width=16, height=16, spp=4, max_depth=5, progress=False).pixels


@pytest.mark.parametrize("name", all_cases())
def test_materials(tmp_path, name):
    file = File()
    texture = file.picture(PIXELS)
    _, said, meant = list(cases(texture))[all_cases()[name]]
    parts = file.mesh(said, TEXCOORD_0=UVS).read(tmp_path)
    (mesh,) = parts.shapes
    hand = by_hand(meant)
    assert not parts.notes
    assert is_same(mesh, hand)
    assert np.array_equal(picture(mesh), picture(hand))


def test_turned_pictures(tmp_path):
    """By KHR_texture_transform: shift after turn after scale, counter-clockwise as glTF sees it."""
    angle, scale, offset = 0.3, np.array((2.0, 3.0)), np.array((0.25, -0.5))
    file = File()
    texture = file.picture(PIXELS)
    turned = of_texture(texture, offset=offset.tolist(), scale=scale.tolist(), rotation=angle)
    (mesh,) = (
        file.mesh({"pbrMetallicRoughness": {"baseColorTexture": turned}}, TEXCOORD_0=UVS)
        .read(tmp_path)
        .shapes
    )
    c, s = np.cos(angle), np.sin(angle)
    there = (UVS * scale) @ np.array([(c, s), (-s, c)]).T + offset
    up = np.stack([there[:, 0], 1.0 - there[:, 1]], axis=1)
    image = mesh.material.base_color
    assert np.allclose(mesh.uvs * image.scale + image.offset, up, atol=1e-6)


def test_quantised_meshes(tmp_path):
    """KHR_mesh_quantization: integers, and a node that brings them to their size."""
    file = File()
    positions = file.accessor(np.rint(SQUARE * 255).astype(np.uint8), normalized=True)
    uvs = file.accessor(np.rint(UVS * 65535).astype(np.uint16), normalized=True)
    file.tree["nodes"] = [{"mesh": 0, "scale": [2, 2, 2]}]
    file.tree["extensionsRequired"] = ["KHR_mesh_quantization"]
    primitive = {"attributes": {"POSITION": positions, "TEXCOORD_0": uvs}}
    primitive["indices"] = file.accessor(CORNERS)
    file.tree["meshes"] = [{"primitives": [primitive]}]
    (mesh,) = file.read(tmp_path).shapes
    assert np.array_equal(mesh.vertices, 2.0 * SQUARE)
    assert np.allclose(mesh.uvs[:, 0], UVS[:, 0], atol=1.0 / 65535)


def test_copies(tmp_path):
    """EXT_mesh_gpu_instancing: scaled, turned, shifted, below the node."""
    file = File()
    half = np.float32(np.sqrt(0.5))
    attributes = {
        "TRANSLATION": file.accessor(np.float32([(0, 0, 0), (1, 0, -1)])),
        "ROTATION": file.accessor(np.float32([(0, 0, 0, 1), (0, 0, half, half)])),
        "SCALE": file.accessor(np.float32([(1, 1, 1), (0.5, 0.25, 1)])),
    }
    copies = {"EXT_mesh_gpu_instancing": {"attributes": attributes}}
    file.tree["nodes"] = [{"mesh": 0, "translation": [0, 0.5, 0], "extensions": copies}]
    (found,) = file.mesh().read(tmp_path).shapes
    move = rw.transforms
    down = move.translate(0, 0.5, 0)
    turn = move.rotate_xyz(0, 0, 90)
    second = down @ move.translate(1, 0, -1) @ turn @ move.scale(0.5, 0.25, 1)
    assert np.allclose(found.transforms, [down, second], atol=1e-6)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            {"type": "point", "intensity": 683.0 * 4, "color": [1.0, 0.5, 0.25]},
            rw.PointLight((0.5, 0.5, 1.0), (4.0, 2.0, 1.0)),
        ),
        (
            {"type": "directional", "intensity": 683.0 * 2},
            rw.DirectionalLight((0.0, 0.0, -1.0), (2.0, 2.0, 2.0)),
        ),
        (
            {
                "type": "spot",
                "intensity": 683.0 * 4,
                "spot": {"innerConeAngle": np.pi / 16, "outerConeAngle": np.pi / 8},
            },
            rw.SpotLight(
                (0.5, 0.5, 1.0),
                direction=(0.0, 0.0, -1.0),
                intensity=(4.0, 4.0, 4.0),
                cone_angle=22.5,
                beam_angle=11.25,
                falloff="smooth",
            ),
        ),
    ],
    ids=lambda item: item.get("type") if isinstance(item, dict) else "",
)
def test_lights(tmp_path, said, meant):
    lamp = {"KHR_lights_punctual": {"light": 0}}
    nodes = [{"mesh": 0}, {"translation": [0.5, 0.5, 1.0], "extensions": lamp}]
    file = File(nodes=nodes, extensions={"KHR_lights_punctual": {"lights": [said]}})
    parts = file.mesh({}, TEXCOORD_0=UVS).read(tmp_path)
    (light,) = parts.emitters
    assert is_same(light, meant)
    there = picture(*parts.shapes, emitters=parts.emitters)
    assert np.array_equal(there, picture(by_hand(plain()), emitters=[meant]))


def test_hidden_nodes(tmp_path):
    """KHR_node_visibility hides a node and all below it."""
    hidden = {"extensions": {"KHR_node_visibility": {"visible": False}}}
    nodes = [{"mesh": 0}, {"children": [2], **hidden}, {"mesh": 0}]
    (mesh,) = File(nodes=nodes, scenes=[{"nodes": [0, 1]}]).mesh().read(tmp_path).shapes
    assert isinstance(mesh, rw.Mesh)
