"""Our scenes in Mitsuba 3's words.

This is where the two conventions meet; docs/conventions.md tells them in prose. Where Mitsuba has
no such thing, `Untranslatable` is raised: nothing is compared that is only similar.
"""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

import raywidget as rw


class Untranslatable(Exception):
    """Mitsuba has nothing that means exactly the same."""


def to_mitsuba(scene: rw.Scene, width: int, height: int, max_depth: int) -> dict:
    """A dictionary for `mitsuba.load_dict`; a variant must have been chosen."""
    result = {
        "type": "scene",
        # Both count edges: 1 shows emission, 2 adds direct light.
        "integrator": {"type": "path", "max_depth": max_depth, "rr_depth": 1000},
        "sensor": camera(scene.camera)
        | {
            "film": {
                "type": "hdrfilm",
                "width": width,
                "height": height,
                "pixel_format": "rgb",
                "component_format": "float32",
                "rfilter": {"type": "box"},  # the same weight for all samples of a pixel
            },
            "sampler": {"type": "independent"},
        },
    }
    for index, item in enumerate(scene.shapes):
        for part, value in enumerate(shapes(item)):
            key = f"shape_{index}_{part}"
            if (
                isinstance(value, dict) and value["type"] == "instance"
            ):  # of the group that comes first
                value["shapegroup"] = {"type": "ref", "id": f"shape_{index}_0"}
            result[key] = value
    for index, item in enumerate(scene.emitters):
        result[f"emitter_{index}"] = emitter(item)
    return result


def rgb(value) -> dict:
    return {"type": "rgb", "value": [float(c) for c in np.broadcast_to(value, 3)]}


def transform(matrix):
    import mitsuba as mi

    return mi.ScalarTransform4f(np.asarray(matrix, float).tolist())


def columns(x, y, z, origin):
    """The matrix that takes the axes to three vectors, and the origin to a point."""
    matrix = np.eye(4)
    matrix[:3] = np.stack([x, y, z, origin], axis=1)
    return matrix


# --- Cameras --------------------------------------------------------------------------------------


@singledispatch
def camera(item) -> dict:
    raise Untranslatable(type(item).__name__)


def view(item):
    """Mitsuba's camera looks along its z axis, with y up and x to the left."""
    right, up, forward = item.frame()
    return transform(columns(-right, up, forward, item.look_from))


@camera.register
def _(item: rw.PerspectiveCamera) -> dict:
    result = {
        "type": "perspective",
        "fov": item.vfov,
        "fov_axis": "y",  # Mitsuba's own default is the horizontal one
        "near_clip": 1e-3 * item.focus,
        "far_clip": 1e6 * item.focus,
        "to_world": view(item),
    }
    if item.aperture_radius > 0.0:
        result["type"] = "thinlens"
        result["aperture_radius"] = item.aperture_radius
        result["focus_distance"] = item.focus
    return result


# --- Textures -------------------------------------------------------------------------------------


def color(value) -> dict:
    """A colour or a texture."""
    return texture(value) if isinstance(value, rw.scene.Texture) else rgb(value)


def number(value):
    """A number or a texture."""
    return texture(value) if isinstance(value, rw.scene.Texture) else float(value)


@singledispatch
def texture(item) -> dict:
    raise Untranslatable(type(item).__name__)


@texture.register
def _(item: rw.Checkerboard) -> dict:
    # A period of Mitsuba's board is two squares wide.
    u, v = item.scale
    return {
        "type": "checkerboard",
        "color0": rgb(item.color_a),
        "color1": rgb(item.color_b),
        "to_uv": transform(np.diag([u / 2.0, v / 2.0, 1.0, 1.0])),
    }


@texture.register
def _(item: rw.ImageTexture) -> dict:
    import mitsuba as mi

    # Ours counts v from the lower edge of the picture, Mitsuba from the upper one.
    upright = columns((1, 0, 0), (0, -1, 0), (0, 0, 1), (0, 1, 0))
    scaled = np.diag([*item.scale, 1.0, 1.0])
    scaled[:2, 3] = item.offset
    pixels = item.decoded() * np.asarray(item.factor)
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), np.float32)),
        "raw": True,  # the numbers are linear already
        "filter_type": item.filter,
        "wrap_mode": item.wrap,
        "to_uv": transform(upright @ scaled),
    }


@texture.register
def _(item: rw.Gradient) -> dict:
    # Two texels, with their centres moved to 0 and 1.
    import mitsuba as mi

    pixels = np.array([[item.bottom, item.top]], np.float32)
    t_from_uv = np.zeros((4, 4))
    t_from_uv[0, 0 if item.axis == "u" else 1] = 0.5
    t_from_uv[:2, 3] = 0.25, 0.5
    t_from_uv[1, 1 if item.axis == "u" else 0] = 1e-3
    t_from_uv[2, 2] = t_from_uv[3, 3] = 1.0
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(pixels),
        "raw": True,
        "wrap_mode": "clamp",
        "to_uv": transform(t_from_uv),
    }


@texture.register
def _(item: rw.Attribute) -> dict:
    return {"type": "mesh_attribute", "name": "vertex_color"}


# --- Materials ------------------------------------------------------------------------------------


@singledispatch
def material(item) -> dict:
    raise Untranslatable(type(item).__name__)


def twosided(bsdf: dict) -> dict:
    """Mitsuba's opaque surfaces are black from behind; ours look alike from both sides."""
    return {"type": "twosided", "bsdf": bsdf}


@material.register
def _(item: rw.Diffuse) -> dict:
    return twosided({"type": "diffuse", "reflectance": color(item.color)})


@material.register
def _(item: rw.Emissive) -> dict:
    return {"type": "diffuse", "reflectance": rgb(0.0)}


@material.register
def _(item: rw.Metal) -> dict:
    if not isinstance(item.roughness, rw.scene.Texture) and item.roughness**2 < 1e-3:  # a mirror
        if item.color == (1.0, 1.0, 1.0):
            return twosided({"type": "conductor", "material": "none"})
        raise Untranslatable("Schlick's Fresnel term on a mirror")
    return twosided(
        {
            "type": "principled",  # all metal: Schlick's Fresnel term on GGX, masking separable
            "metallic": 1.0,
            "base_color": color(item.color),
            "roughness": number(item.roughness),
        }
    )


@material.register
def _(item: rw.Dielectric) -> dict:
    return {
        "type": "dielectric",
        "int_ior": item.ior,
        "ext_ior": 1.0,
        "specular_transmittance": rgb(item.color),
    }


@material.register
def _(item: rw.Coated) -> dict:
    if not isinstance(item.base, rw.Diffuse):
        raise Untranslatable("a coat on metal")
    return twosided(
        {
            "type": "plastic",
            "diffuse_reflectance": color(item.base.color),
            "int_ior": item.ior,
            "ext_ior": 1.0,
            "nonlinear": True,  # light that bounces between base and coat is coloured each time
        }
    )


# --- Shapes ---------------------------------------------------------------------------------------


@singledispatch
def shapes(item) -> list[dict]:
    raise Untranslatable(type(item).__name__)


def surface(item) -> dict:
    result = {"bsdf": material(item.material)}
    if item.radiance is not None:
        result["emitter"] = {"type": "area", "radiance": emission(item)}
    return result


def emission(item) -> dict:
    own = item.material.emission if item.emission is None else item.emission
    return color(own)


@shapes.register
def _(item: rw.Sphere) -> list[dict]:
    # Mitsuba's v runs from +z down to -z, its u round the z axis from +x: ours from -y up, from -x.
    to_world = columns(
        *(item.radius * np.array([(-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)])),
        item.center,
    )
    return [
        surface(item)
        | {
            "type": "sphere",
            "to_world": transform(to_world),
            "flip_normals": item.flip_normals,
        }
    ]


@shapes.register
def _(item: rw.Quad) -> list[dict]:
    u, v = np.array(item.edge_u) / 2.0, np.array(item.edge_v) / 2.0
    to_world = columns(u, v, item.normal, item.origin + u + v)
    return [surface(item) | {"type": "rectangle", "to_world": transform(to_world)}]


@shapes.register
def _(item: rw.Box) -> list[dict]:
    half = item.transform() @ np.diag([0.5, 0.5, 0.5, 1.0])
    return [surface(item) | {"type": "cube", "to_world": transform(half)}]


def mesh_properties(item: rw.Mesh):
    """The arrays of a mesh, with its corners unshared where that matters to nothing."""
    import mitsuba as mi

    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(material(item.material))
    if item.radiance is not None:
        properties["emitter"] = mi.load_dict({"type": "area", "radiance": emission(item)})
    if item.normals is None:
        properties["face_normals"] = True
    faces = item.faces[:, ::-1] if item.flip_normals else item.faces
    mesh = mi.Mesh(
        item.name or "mesh",
        len(item.vertices),
        len(item.faces),
        props=properties,
        has_vertex_normals=item.normals is not None,
        has_vertex_texcoords=item.uvs is not None,
    )
    parameters = mi.traverse(mesh)
    parameters["vertex_positions"] = item.vertices.ravel()
    parameters["faces"] = np.ascontiguousarray(faces, np.uint32).ravel()
    if item.normals is not None:
        sign = -1.0 if item.flip_normals else 1.0
        parameters["vertex_normals"] = sign * item.normals.ravel()
    if item.uvs is not None:
        parameters["vertex_texcoords"] = item.uvs.ravel()
    parameters.update()
    if item.colors is not None:
        mesh.add_attribute("vertex_color", 3, item.colors.ravel())
    if item.face_colors is not None:
        raise Untranslatable("colours of faces and of vertices by one name")
    return mesh


@shapes.register
def _(item: rw.Mesh) -> list[dict]:
    return [mesh_properties(item)]


@shapes.register
def _(item: rw.Instances) -> list[dict]:
    mesh = item.mesh.replace(material=item.material, name=None)
    group = {"type": "shapegroup", "mesh": mesh_properties(mesh)}
    return [group, *({"type": "instance", "to_world": transform(m)} for m in item.transforms)]


# --- Lights ---------------------------------------------------------------------------------------


@singledispatch
def emitter(item) -> dict:
    raise Untranslatable(type(item).__name__)


@emitter.register
def _(item: rw.ConstantEnvironment) -> dict:
    return {"type": "constant", "radiance": rgb(item.radiance)}


def latlong(pixels):
    import mitsuba as mi

    return mi.Bitmap(np.ascontiguousarray(pixels, np.float32))


@emitter.register
def _(item: rw.GradientEnvironment) -> dict:
    rows = 1024
    height = (np.cos((np.arange(rows) + 0.5) / rows * math.pi) + 1.0) / 2.0
    pixels = height[:, None] * np.array(item.top) + (1.0 - height[:, None]) * np.array(item.bottom)
    return {"type": "envmap", "bitmap": latlong(np.repeat(pixels[:, None], 4, axis=1))}
