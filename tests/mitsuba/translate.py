"""Our scenes in Mitsuba 3's words.

This is where the two conventions meet; docs/conventions.md tells them in prose. Where Mitsuba has
no such thing, `Untranslatable` is raised: nothing is compared that is only similar.
"""

from __future__ import annotations

import math
from functools import singledispatch

import numpy as np

import raywidget as rw
from raywidget.scene.values.turning import frames_around


class Untranslatable(Exception):
    """Mitsuba has nothing that means exactly the same."""


# What the shapes of a scene have in common is one thing in Mitsuba, too: a staircase of 755 shapes
# took 12 GB for copies of its textures, and nearly twice the time. By id: the material, and what is
# said for it.
_said: dict[int, tuple[object, dict]] = {}

FILTERS = {"box": "box", "tent": "tent", "gaussian": "gaussian"}


def to_mitsuba(
    scene: rw.Scene, width: int, height: int, max_depth: int, filter: str = "box"
) -> dict:
    """A scene as a dictionary in Mitsuba's words: matrices and pictures are arrays, meshes ours.

    `for_mitsuba` makes of it what `mitsuba.load_dict` takes, `to_xml` a file.
    """
    _said.clear()
    # Mitsuba's path tracer counts what passes a veil as an edge, and lets veils throw shadows.
    passes = any(isinstance(item, rw.Volume) for item in scene.shapes) or any(
        getattr(item, "interior", None) is not None or getattr(item, "opacity", 1.0) != 1.0
        for item in scene.objects()
    )
    kind = "volpath" if passes or scene.medium is not None else "path"
    result = {
        "type": "scene",
        # Both count edges: 1 shows emission, 2 adds direct light.
        "integrator": {"type": kind, "max_depth": max_depth, "rr_depth": 1000},
        "sensor": camera(scene.camera, width / height)
        | {
            "film": {
                "type": "hdrfilm",
                "width": width,
                "height": height,
                "pixel_format": "rgb",
                "component_format": "float32",
                "rfilter": {"type": FILTERS[filter]},
                "sample_border": filter != "box",  # as ours, which draw from the filter
            },
            "sampler": {"type": "independent"},
        },
    }
    if scene.medium is not None:  # nothing but opaque surfaces in it: they need not say so
        result["sensor"]["medium"] = medium(scene.medium)
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
    return np.asarray(matrix, float)


def columns(x, y, z, origin):
    """The matrix that takes the axes to three vectors, and the origin to a point."""
    matrix = np.eye(4)
    matrix[:3] = np.stack([x, y, z, origin], axis=1)
    return matrix


# --- Cameras --------------------------------------------------------------------------------------


@singledispatch
def camera(item, aspect) -> dict:
    raise Untranslatable(type(item).__name__)


def view(item):
    """Mitsuba's camera looks along its z axis, with y up and x to the left."""
    right, up, forward = item.frame()
    return transform(columns(-right, up, forward, item.look_from))


@camera.register
def _(item: rw.OrthographicCamera, aspect) -> dict:
    # Mitsuba shows x from -1 to 1.
    half = item.height * aspect / 2.0
    right, up, forward = item.frame()
    return {
        "type": "orthographic",
        "near_clip": 1e-3 * item.height,
        "far_clip": 1e6 * item.height,
        "to_world": transform(columns(-right * half, up * half, forward, item.look_from)),
    }


@camera.register
def _(item: rw.PerspectiveCamera, aspect) -> dict:
    result = {
        "type": "perspective",
        "fov": item.vfov,
        "fov_axis": {"vertical": "y", "horizontal": "x"}.get(item.fov_axis, item.fov_axis),
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
    # Ours counts v from the lower edge of the picture, Mitsuba from the upper one.
    upright = columns((1, 0, 0), (0, -1, 0), (0, 0, 1), (0, 1, 0))
    scaled = np.diag([*item.scale, 1.0, 1.0])
    scaled[:2, 3] = item.offset
    pixels = item.decoded() * np.asarray(item.factor)
    return {
        "type": "bitmap",
        "bitmap": np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)), np.float32),
        "raw": True,  # the numbers are linear already
        "filter_type": item.filter,
        "wrap_mode": item.wrap,
        "to_uv": transform(upright @ scaled),
    }


@texture.register
def _(item: rw.Gradient) -> dict:
    # Two texels, with their centres moved to 0 and 1.
    pixels = np.array([[item.bottom, item.top]], np.float32)
    t_from_uv = np.zeros((4, 4))
    t_from_uv[0, 0 if item.axis == "u" else 1] = 0.5
    t_from_uv[:2, 3] = 0.25, 0.5
    t_from_uv[1, 1 if item.axis == "u" else 0] = 1e-3
    t_from_uv[2, 2] = t_from_uv[3, 3] = 1.0
    return {
        "type": "bitmap",
        "bitmap": pixels,
        "raw": True,
        "wrap_mode": "clamp",
        "to_uv": transform(t_from_uv),
    }


@texture.register
def _(item: rw.Attribute) -> dict:
    return {"type": "mesh_attribute", "name": "vertex_color"}


# --- Materials ------------------------------------------------------------------------------------


def medium(item: rw.HomogeneousMedium) -> dict:
    extinction = np.add(item.absorption, item.scattering)
    albedo = np.divide(item.scattering, extinction, where=extinction > 0, out=np.zeros(3))
    return {
        "type": "homogeneous",
        "sigma_t": rgb(extinction / extinction.max()),  # it must not be above 1
        "scale": float(extinction.max()),
        "albedo": rgb(albedo),
        "phase": {"type": "hg", "g": item.anisotropy},
    }


def material(item, outer=True) -> dict:
    """A material; `outer` is false for parts of a mixture."""
    result = scattering(item)
    if item.normal_map is not None:
        if item.normal_scale != 1.0 or result["type"] != "twosided":
            raise Untranslatable("a scaled normal map, or one on glass or a mixture")
        tilted = {
            "type": "normalmap",
            "normalmap": texture(item.normal_map),
            "use_shadowing_function": False,
            "bsdf": result["bsdf"],
        }
        result = twosided(tilted)
    if outer and item.opacity != 1.0:
        result = {"type": "mask", "opacity": number(item.opacity), "bsdf": result}
    return result


@singledispatch
def scattering(item) -> dict:
    raise Untranslatable(type(item).__name__)


def twosided(bsdf: dict) -> dict:
    """Mitsuba's opaque surfaces are black from behind; ours look alike from both sides."""
    return {"type": "twosided", "bsdf": bsdf}


@scattering.register
def _(item: rw.Diffuse) -> dict:
    return twosided({"type": "diffuse", "reflectance": color(item.color)})


@scattering.register
def _(item: rw.Principled) -> dict:
    layers = (item.clearcoat, item.transmission, *item.sheen_color)
    if item.metallic != 1.0 or item.compensate or any(layers):
        raise Untranslatable("glTF's surfaces are not Disney's, but for bare metal")
    return scattering(rw.Metal(item.base_color, item.roughness))


@scattering.register
def _(item: rw.Mix) -> dict:
    return {
        "type": "blendbsdf",
        "weight": number(item.amount),
        "first": material(item.a, outer=False),
        "second": material(item.b, outer=False),
    }


@scattering.register
def _(item: rw.Interface) -> dict:
    return {"type": "null"}


@scattering.register
def _(item: rw.Emissive) -> dict:
    return {"type": "diffuse", "reflectance": rgb(0.0)}


@scattering.register
def _(item: rw.Metal) -> dict:
    if item.compensate:
        raise Untranslatable("multiple scattering")
    if is_smooth(item):  # a mirror
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


def is_smooth(item) -> bool:
    return not isinstance(item.roughness, rw.scene.Texture) and item.roughness**2 < 1e-3


def alpha(value):
    if isinstance(value, rw.scene.Texture):
        raise Untranslatable("a texture of roughness: Mitsuba's gives alpha")
    return value**2


@scattering.register
def _(item: rw.Conductor) -> dict:
    if item.compensate:
        raise Untranslatable("multiple scattering")
    result = {
        "type": "conductor",
        "eta": rgb(item.eta),
        "k": rgb(item.k),
        "specular_reflectance": color(item.color),
    }
    if not is_smooth(item):
        result |= {"type": "roughconductor", "distribution": "ggx", "alpha": alpha(item.roughness)}
    return twosided(result)


@scattering.register
def _(item: rw.Dielectric) -> dict:
    if item.compensate:
        raise Untranslatable("multiple scattering")
    result = {
        "type": "thindielectric" if item.thin else "dielectric",
        "int_ior": item.ior,
        "ext_ior": 1.0,
        "specular_transmittance": color(item.color),
    }
    if not is_smooth(item):
        if item.thin:
            raise Untranslatable("a rough pane")
        result |= {"type": "roughdielectric", "distribution": "ggx", "alpha": alpha(item.roughness)}
    return result


@scattering.register
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
    made_of = item.material
    if id(made_of) not in _said:
        _said[id(made_of)] = made_of, material(made_of)
    result = {"bsdf": _said[id(made_of)][1]}
    if item.radiance is not None:
        result["emitter"] = {"type": "area", "radiance": emission(item)}
    interior = getattr(item.material, "interior", None)
    if interior is not None:
        result["interior"] = medium(interior)
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
def _(item: rw.Volume) -> list[dict]:
    # Mitsuba's grids go from 0 to 1, numbers in the middle of cells as ours, and know no transfer
    # function: a straight one from 0, of one colour, has a counterpart, colours with opacity, and
    # any where cells are bricks, since what it makes of their numbers can be a grid.
    look, grid = item.transfer, item.values
    is_plain = isinstance(look.color, tuple) and not isinstance(look.color[0], tuple)
    straight = look.extinction is None and is_plain and look.limits is not None
    size = np.array(item.size())
    corner = np.array(item.origin) - np.array(item.spacing) / 2.0
    to_world = transform(columns(*np.diag(size), corner))

    def volume(numbers):
        return {
            "type": "gridvolume",
            "grid": np.asarray(numbers, np.float32),
            "to_world": to_world,
            "filter_type": "nearest" if item.interpolation == "nearest" else "trilinear",
            "wrap_mode": "clamp",
            "raw": True,
        }

    if look.emission is not None or item.direction is not None:
        raise Untranslatable("volumes that glow or are turned")
    shade = np.multiply(look.albedo, look.color) if is_plain else None
    if grid.is_colored and straight and look.limits == (0.0, 1.0) and grid.array.dtype.kind == "f":
        extinction = volume(grid.array[..., 3])
        albedo = volume(grid.array[..., :3] * shade)
    elif straight and look.limits[0] == 0.0 and not grid.is_colored:
        extinction = volume(grid.array / look.limits[1])
        albedo = {"type": "constvolume", "value": rgb(shade)}
    elif item.interpolation == "nearest" and not grid.is_colored:
        limits = look.limits_for(grid.low, grid.high)
        table = look.looks(limits, item.g)
        rows = np.clip((grid.array - limits[0]) / (limits[1] - limits[0]), 0, 1) * (len(table) - 1)
        seen = [np.interp(rows, np.arange(len(table)), table[:, k]) for k in range(4)]
        extinction, albedo = volume(seen[0]), volume(np.stack(seen[1:], axis=-1))
    else:
        raise Untranslatable("transfer functions")
    inside = {
        "type": "heterogeneous",
        "albedo": albedo,
        "sigma_t": extinction,
        "scale": item.density(),
        "phase": {"type": "hg", "g": item.g if look.g is None else look.g},
    }
    box = transform(columns(*np.diag(size / 2.0), corner + size / 2.0))
    return [{"type": "cube", "to_world": box, "bsdf": {"type": "null"}, "interior": inside}]


@shapes.register
def _(item: rw.Box) -> list[dict]:
    half = item.transform() @ np.diag([0.5, 0.5, 0.5, 1.0])
    return [surface(item) | {"type": "cube", "to_world": transform(half)}]


def round_frame(start, end, radius):
    """Takes the unit disk to one round `start`, +z to `end`; u begins where ours does."""
    axis = np.subtract(end, start)
    x, y = frames_around(axis[None] / np.linalg.norm(axis))
    return columns(-radius * x[0], -radius * y[0], axis, start)


def plain(item):
    """Refuses textures on disks: in Mitsuba they lie otherwise."""
    if any(isinstance(part, rw.scene.Texture) for part in vars(item.material).values()):
        raise Untranslatable("a texture on a disk")


def disk(item, center, normal, radius) -> dict:
    plain(item)
    frame = round_frame(center, np.add(center, normal), radius)
    return surface(item) | {
        "type": "disk",
        "to_world": transform(frame),
        "flip_normals": item.flip_normals,
    }


def closed_round(item, side, start, end, radii) -> list[dict]:
    """A side, and the disks that close it."""
    if not item.caps:
        return [side]
    axis = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
    ends = [(start, -axis, radii[0]), (end, axis, radii[1])]
    return [side, *(disk(item, c, n, r) for c, n, r in ends if r > 0.0)]


@shapes.register
def _(item: rw.Disk) -> list[dict]:
    return [disk(item, item.center, item.normal, item.radius)]


def cylinder(item, base, top, radius) -> list[dict]:
    side = surface(item) | {
        "type": "cylinder",
        "to_world": transform(round_frame(base, top, radius)),
        "flip_normals": item.flip_normals,
    }
    return closed_round(item, side, base, top, (radius, radius))


@shapes.register
def _(item: rw.Cylinder) -> list[dict]:
    return cylinder(item, item.base, item.top, item.radius)


@shapes.register
def _(item: rw.Cone) -> list[dict]:
    # Mitsuba has no cone: a smooth mesh that is too fine to tell.
    segments = 1024
    phi = 2.0 * np.pi * np.arange(segments + 1) / segments
    length = math.dist(item.base, item.top)
    around = np.stack([np.cos(phi), np.sin(phi), np.zeros_like(phi)], axis=1)
    up = np.array((0.0, 0.0, 1.0))
    normals = around * length + up * (item.base_radius - item.top_radius)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    lower, upper = item.base_radius * around, item.top_radius * around + length * up
    axis = np.subtract(item.top, item.base) / length
    frame = round_frame(item.base, np.add(item.base, axis), 1.0)
    i = np.arange(segments)
    faces = [np.stack([i, i + 1, i + segments + 1], axis=1)]
    if item.top_radius > 0.0:
        faces.append(np.stack([i + 1, i + segments + 2, i + segments + 1], axis=1))
    mesh = rw.Mesh(
        rw.transforms.apply(frame, np.concatenate([lower, upper])),
        np.concatenate(faces),
        normals=np.tile(normals, (2, 1)) @ frame[:3, :3].T,
        material=item.material,
        emission=item.emission,
        flip_normals=item.flip_normals,
    )
    radii = (item.base_radius, item.top_radius)
    return closed_round(item, mesh_properties(mesh), item.base, item.top, radii)


def colored(item, index):
    """One of many, with the material that it has."""
    if item.colors is None:
        return item.material
    return item.material.replace(color=item.colors[index].tolist())


@shapes.register
def _(item: rw.Spheres) -> list[dict]:
    parts = [
        rw.Sphere(
            center,
            radius,
            material=colored(item, index),
            emission=item.emission,
            flip_normals=item.flip_normals,
        )
        for index, (center, radius) in enumerate(zip(item.centers, item.radii, strict=True))
    ]
    return [value for part in parts for value in shapes(part)]


@shapes.register
def _(item: rw.Cylinders) -> list[dict]:
    parts = [
        rw.Cylinder(
            start,
            end,
            radius,
            caps=item.caps,
            material=colored(item, index),
            emission=item.emission,
            flip_normals=item.flip_normals,
        )
        for index, (start, end, radius) in enumerate(
            zip(item.starts, item.ends, item.radii, strict=True)
        )
    ]
    return [value for part in parts for value in shapes(part)]


def mesh_properties(item: rw.Mesh) -> dict:
    """A mesh, which stays one of ours until it is known for whom it is."""
    if item.face_colors is not None:
        raise Untranslatable("colours of faces and of vertices by one name")
    return surface(item) | {"type": "mesh", "mesh": item}


def parts_of(item: rw.Mesh) -> list[rw.Mesh]:
    """A mesh of several materials as several meshes."""
    if item.materials is None:
        return [item]
    plain_mesh = item.replace(materials=None, face_materials=None, name=None)
    return [
        plain_mesh.replace(faces=item.faces[item.face_materials == index], material=material)
        for index, material in enumerate(item.materials)
    ]


@shapes.register
def _(item: rw.Mesh) -> list[dict]:
    return [mesh_properties(part) for part in parts_of(item)]


@shapes.register
def _(item: rw.Instances) -> list[dict]:
    if item.colors is not None:
        raise Untranslatable("colours of copies")
    mesh = item.mesh.replace(material=item.material, name=None)
    if item.emission is not None:
        mesh = mesh.replace(emission=item.emission)
    if mesh.radiance is not None:  # Mitsuba's copies don't shine
        return [mesh_properties(copied(mesh, matrix)) for matrix in item.transforms]
    group = {"type": "shapegroup", "mesh": mesh_properties(mesh)}
    return [group, *({"type": "instance", "to_world": transform(m)} for m in item.transforms)]


def copied(mesh: rw.Mesh, matrix) -> rw.Mesh:
    mirrored = np.linalg.det(matrix[:3, :3]) < 0.0
    return mesh.replace(
        vertices=rw.transforms.apply(matrix, mesh.vertices),
        faces=mesh.faces[:, ::-1] if mirrored else mesh.faces,
    )


# --- Lights ---------------------------------------------------------------------------------------


@singledispatch
def emitter(item) -> dict:
    raise Untranslatable(type(item).__name__)


@emitter.register
def _(item: rw.ConstantEnvironment) -> dict:
    return {"type": "constant", "radiance": rgb(item.radiance)}


def latlong(pixels):
    return np.array(pixels, np.float32)


def from_pole_to_pole(image):
    """The same radiance with rows from one pole to the other, which is where Mitsuba has them.

    Ours lie half a row from the poles: twice as many steps have knots at all of them.
    """
    half = image.shape[1] // 2
    across = (np.roll(image, half, axis=1) + np.roll(image, -half, axis=1)) / 2
    rows = np.concatenate([across[:1], image, across[-1:]])
    result = np.empty((2 * len(image) + 1, *image.shape[1:]))
    result[1::2] = image
    result[::2] = (rows[:-1] + rows[1:]) / 2
    return result


@emitter.register
def _(item: rw.GradientEnvironment) -> dict:
    rows = 1024
    height = (np.cos((np.arange(rows) + 0.5) / rows * math.pi) + 1.0) / 2.0
    pixels = height[:, None] * np.array(item.top) + (1.0 - height[:, None]) * np.array(item.bottom)
    return {"type": "envmap", "bitmap": latlong(np.repeat(pixels[:, None], 4, axis=1))}


@emitter.register
def _(item: rw.ImageEnvironment) -> dict:
    matrix = np.eye(4)
    matrix[:3, :3] = item.rotation
    return {
        "type": "envmap",
        "bitmap": latlong(from_pole_to_pole(item.image)),
        "scale": item.scale,
        "to_world": transform(matrix),
    }


@emitter.register
def _(item: rw.PointLight) -> dict:
    return {"type": "point", "position": list(item.position), "intensity": rgb(item.intensity)}


@emitter.register
def _(item: rw.SpotLight) -> dict:
    if item.radius > 0.0:
        raise Untranslatable("a spot with extent")
    if item.falloff != "linear":
        raise Untranslatable(f"the falloff {item.falloff}")
    cone, beam = item.half_angles
    axis = np.array(item.axis)
    x, y = frames_around(axis[None])
    return {
        "type": "spot",
        "to_world": transform(columns(x[0], y[0], axis, item.position)),
        "intensity": rgb(item.intensity),
        "cutoff_angle": cone,
        "beam_width": beam,
    }


@emitter.register
def _(item: rw.DirectionalLight) -> dict:
    return {
        "type": "directional",
        "direction": list(item.axis),
        "irradiance": rgb(item.irradiance),
    }


# --- For Mitsuba itself ---------------------------------------------------------------------------


def for_mitsuba(value, loaded=None):
    """What `mitsuba.load_dict` takes; a variant must have been chosen.

    `loaded` has materials that are there already, by the ids of their dictionaries.
    """
    import mitsuba as mi

    if not isinstance(value, dict):
        return value
    loaded = {} if loaded is None else loaded
    if value.get("type") == "mesh":
        return _mesh_for_mitsuba(value, loaded)
    result = {
        name: _once(part, loaded) if name == "bsdf" else for_mitsuba(part, loaded)
        for name, part in value.items()
    }
    for name in ("to_world", "to_uv"):
        if name in result:
            result[name] = mi.ScalarTransform4f(result[name].tolist())
    for name in {"opacity", "weight", "roughness", "metallic"} & set(value):
        board = value[name]
        if isinstance(board, dict) and board["type"] == "checkerboard":
            # Mitsuba 3.9 swaps the two where it takes a chequerboard for numbers (its `eval_1`).
            swapped = board | {"color0": board["color1"], "color1": board["color0"]}
            result[name] = for_mitsuba(swapped, loaded)
    if "grid" in result:
        # Its grids are z, y, x.
        numbers = result["grid"].reshape(*result["grid"].shape[:3], -1)
        result["grid"] = mi.VolumeGrid(np.ascontiguousarray(numbers.transpose(2, 1, 0, 3)))
    if "bitmap" in result:
        result["bitmap"] = mi.Bitmap(result["bitmap"])
    return result


def _once(value, loaded):
    """A material, the one that is there already if it has been asked for."""
    import mitsuba as mi

    if id(value) not in loaded:
        loaded[id(value)] = mi.load_dict(for_mitsuba(value, loaded))
    return loaded[id(value)]


def _mesh_for_mitsuba(value, loaded):
    import mitsuba as mi

    item = value["mesh"]
    properties = mi.Properties()
    properties["bsdf"] = _once(value["bsdf"], loaded)
    if "emitter" in value:
        properties["emitter"] = mi.load_dict(for_mitsuba(value["emitter"]))
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
    return mesh
