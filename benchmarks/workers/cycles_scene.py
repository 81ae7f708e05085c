"""Our scenes in Blender's words (`bpy`), for Cycles: what is there is meant exactly, or refused.

Scenes are the same numbers: y is up here, too, since nothing in Cycles asks for z. Balls are fine
meshes with normals of balls, many of them points; small lamps are point lights of their radius.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

import raywidget as rw
from benchmarks.workers.flat_shapes import triangles_of

BALL = (256, 128)  # segments and rings
COLORS = "corner colors"  # the attribute of a mesh
_SMALL = 0.05  # lamps of a smaller radius are point lights
_SMOOTH = 1e-3  # alpha below which a surface is a mirror, as in Mitsuba's translation


class Unsaid(Exception):
    """Cycles has nothing that means exactly the same."""


def load(scene: rw.Scene) -> None:
    """Put it into Blender's scene, which is empty."""
    view = bpy.context.scene
    _set_camera(view, scene.camera)
    _set_surroundings(view, scene)
    for number, light in enumerate(scene.emitters):
        if not isinstance(light, rw.scene.Environment):
            _add_light(view, light, f"light {number}")
    for number, shape in enumerate(scene.shapes):
        _add(view, shape, f"shape {number}")


# --- Cameras --------------------------------------------------------------------------------------


def _set_camera(view: Any, camera: Any) -> None:
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "VERTICAL"
    data.clip_start, data.clip_end = 1e-3, 1e4
    if isinstance(camera, rw.OrthographicCamera):
        data.type, data.ortho_scale = "ORTHO", camera.height
    elif isinstance(camera, rw.PerspectiveCamera):
        data.angle = np.radians(camera.vfov)
        if camera.aperture_radius > 0.0:
            data.dof.use_dof, data.dof.focus_distance = True, camera.focus
            data.dof.aperture_fstop = 1e-3 * data.lens / (2.0 * camera.aperture_radius)
    else:
        raise Unsaid(type(camera).__name__)
    frame = camera.frame()
    columns = [frame.right, frame.up, -frame.forward, np.array(camera.look_from)]
    made = bpy.data.objects.new("camera", data)
    view.collection.objects.link(made)
    made.matrix_basis = _matrix(np.vstack([np.stack(columns, axis=1), (0, 0, 0, 1)]))
    view.camera = made


def _matrix(rows: Any) -> Matrix:
    return Matrix(np.asarray(rows, float).tolist())


# --- Light ----------------------------------------------------------------------------------------


def _set_surroundings(view: Any, scene: rw.Scene) -> None:
    view.world = bpy.data.worlds.new("sky")
    view.world.use_nodes = True
    tree = view.world.node_tree
    background = tree.nodes["Background"]
    sky = scene.environment
    if sky is None or isinstance(sky, rw.ConstantEnvironment):
        background.inputs["Color"].default_value = (*(sky.radiance if sky else (0, 0, 0)), 1)
    elif isinstance(sky, rw.GradientEnvironment):
        # The direction that is looked in, along `up`, from -1 to 1.
        along = tree.nodes.new("ShaderNodeVectorMath")
        along.operation = "DOT_PRODUCT"
        tree.links.new(_direction(tree), along.inputs[0])
        along.inputs[1].default_value = sky.axis
        ramp = tree.nodes.new("ShaderNodeMapRange")
        ramp.data_type = "FLOAT_VECTOR"
        tree.links.new(along.outputs["Value"], ramp.inputs["Vector"])
        for name, value in (("From Min", (-1,) * 3), ("From Max", (1,) * 3)):
            _socket(ramp, name, "VECTOR").default_value = value
        _socket(ramp, "To Min", "VECTOR").default_value = sky.bottom
        _socket(ramp, "To Max", "VECTOR").default_value = sky.top
        tree.links.new(_socket(ramp, "Vector", "VECTOR", False), background.inputs["Color"])
    elif isinstance(sky, rw.ImageEnvironment):
        picture = tree.nodes.new("ShaderNodeTexEnvironment")
        picture.image = _image(np.asarray(sky.image) * sky.scale, "sky")
        # Cycles' panoramas have z up, their middle at +x, and run on to -y; ours y, +z, and -x.
        turn = np.array([(0, 0, 1), (1, 0, 0), (0, 1, 0)]) @ np.asarray(sky.rotation).T
        tree.links.new(_turned(tree, _direction(tree), turn), picture.inputs["Vector"])
        tree.links.new(picture.outputs["Color"], background.inputs["Color"])
    else:
        raise Unsaid(type(sky).__name__)
    if scene.medium is not None:
        output = next(node for node in tree.nodes if node.type == "OUTPUT_WORLD")
        tree.links.new(_medium(tree, scene.medium), output.inputs["Volume"])


def _direction(tree: Any) -> Any:
    """Where a ray of the surroundings goes."""
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    turned = tree.nodes.new("ShaderNodeVectorMath")
    turned.operation = "SCALE"
    turned.inputs["Scale"].default_value = -1.0  # "incoming" points back
    tree.links.new(geometry.outputs["Incoming"], turned.inputs[0])
    return turned.outputs["Vector"]


def _turned(tree: Any, vector: Any, rows: Any) -> Any:
    """A vector times a matrix."""
    joined = tree.nodes.new("ShaderNodeCombineXYZ")
    for row, name in zip(rows, "XYZ", strict=True):
        along = tree.nodes.new("ShaderNodeVectorMath")
        along.operation = "DOT_PRODUCT"
        tree.links.new(vector, along.inputs[0])
        along.inputs[1].default_value = row
        tree.links.new(along.outputs["Value"], joined.inputs[name])
    return joined.outputs["Vector"]


def _socket(node: Any, name: str, kind: str, is_input: bool = True) -> Any:
    """Of those of the same name, the one of a kind."""
    sockets = node.inputs if is_input else node.outputs
    return next(s for s in sockets if s.name == name and s.type == kind)


def _add_light(view: Any, light: Any, name: str) -> None:
    if isinstance(light, rw.PointLight):
        data = bpy.data.lights.new(name, "POINT")
        data.shadow_soft_size = 0.0
        _set_color(data, light.intensity, 4 * np.pi**2)  # W; see docs/conventions.md
        place = np.eye(4)
        place[:3, 3] = light.position
    elif isinstance(light, rw.DirectionalLight):
        data = bpy.data.lights.new(name, "SUN")
        data.angle = 0.0
        _set_color(data, light.irradiance, 1.0)
        # It shines along -z.
        back = -np.array(light.axis)
        side = np.cross((0.0, 1.0, 0.0) if abs(back[1]) < 0.9 else (1.0, 0.0, 0.0), back)
        side /= np.linalg.norm(side)
        place = np.eye(4)
        place[:3, :3] = np.stack([side, np.cross(back, side), back], axis=1)
    else:
        raise Unsaid(type(light).__name__)
    made = bpy.data.objects.new(name, data)
    made.matrix_basis = _matrix(place)
    view.collection.objects.link(made)


def _set_color(data: Any, value: Any, factor: float) -> None:
    value = np.array(value, float)
    data.color = value / value.max()
    data.energy = float(value.max()) * factor


# --- Shapes ---------------------------------------------------------------------------------------


def _add(view: Any, shape: Any, name: str) -> None:
    is_ball = isinstance(shape, rw.Sphere)
    places = [np.eye(4)]
    if is_ball and shape.emission is not None and shape.radius < _SMALL:
        data = bpy.data.lights.new(name, "POINT")
        data.shadow_soft_size, data.use_soft_falloff = shape.radius, False
        # Power of a ball by its radiance: pi L on 4 pi r^2.
        _set_color(data, shape.emission, 4 * np.pi**2 * shape.radius**2)
        places[0][:3, 3] = shape.center
    elif isinstance(shape, rw.Instances):
        # What they have in common is there once.
        data = _mesh(shape.mesh, name)
        places = list(shape.transforms)
    elif isinstance(shape, rw.Spheres):
        data = _points(shape, name)
    elif isinstance(shape, rw.Sphere | rw.Mesh | rw.Quad | rw.Box):
        data = _mesh(shape, name)
    else:
        raise Unsaid(type(shape).__name__)
    for number, place in enumerate(places):
        made = bpy.data.objects.new(f"{name}, {number}", data)
        made.matrix_basis = _matrix(place)
        made.visible_camera = True  # lamps are not, unless that is said
        view.collection.objects.link(made)
        if isinstance(shape, rw.Spheres):
            balls = made.modifiers.new("balls", "NODES")
            balls.node_group = _points_of_mesh(_material(shape, name))


def _mesh(shape: Any, name: str) -> Any:
    is_ball = isinstance(shape, rw.Sphere)
    points, faces = _ball(shape) if is_ball else triangles_of(shape)
    faces = np.asarray(faces)
    data = bpy.data.meshes.new(name)
    data.from_pydata(np.asarray(points, float).tolist(), [], faces.tolist())
    corners = faces.reshape(-1)
    uvs = getattr(shape, "uvs", None)
    if isinstance(shape, rw.Quad):
        uvs = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    if uvs is not None:
        layer = data.uv_layers.new(name="uv")
        layer.data.foreach_set("uv", np.asarray(uvs, np.float32)[corners].reshape(-1))
    if getattr(shape, "colors", None) is not None:
        colors = np.ones((len(points), 4), np.float32)
        colors[:, :3] = shape.colors
        layer = data.attributes.new(COLORS, "FLOAT_COLOR", "POINT")
        layer.data.foreach_set("color", colors.reshape(-1))
    if is_ball:
        data.shade_smooth()
    elif getattr(shape, "normals", None) is not None:
        data.normals_split_custom_set_from_vertices(np.asarray(shape.normals, float).tolist())
    data.materials.append(_material(shape, name))
    return data


def _points(shape: Any, name: str) -> Any:
    """Balls as Cycles has them itself: the points of a mesh, each with a radius."""
    if not isinstance(shape.material, rw.Diffuse) or shape.emission is not None:
        raise Unsaid("many balls that shine, or let light through")
    data = bpy.data.meshes.new(name)
    data.from_pydata(np.asarray(shape.centers, float).tolist(), [], [])
    radii = data.attributes.new("radii", "FLOAT", "POINT")
    radii.data.foreach_set("value", np.asarray(shape.radii, np.float32))
    return data


def _points_of_mesh(material: Any) -> Any:
    """What makes balls of the points of a mesh."""
    group = bpy.data.node_groups.new("balls", "GeometryNodeTree")
    for direction in ("INPUT", "OUTPUT"):
        group.interface.new_socket("it", in_out=direction, socket_type="NodeSocketGeometry")
    radius = group.nodes.new("GeometryNodeInputNamedAttribute")
    radius.data_type = "FLOAT"
    radius.inputs["Name"].default_value = "radii"
    points = group.nodes.new("GeometryNodeMeshToPoints")
    painted = group.nodes.new("GeometryNodeSetMaterial")
    painted.inputs["Material"].default_value = material
    link = group.links.new
    link(group.nodes.new("NodeGroupInput").outputs[0], points.inputs["Mesh"])
    link(radius.outputs["Attribute"], points.inputs["Radius"])
    link(points.outputs[0], painted.inputs["Geometry"])
    link(painted.outputs[0], group.nodes.new("NodeGroupOutput").inputs[0])
    return group


def _ball(ball: Any) -> tuple[Any, Any]:
    segments, rings = BALL
    theta = np.pi * np.arange(1, rings)[:, None] / rings
    phi = 2 * np.pi * np.arange(segments)[None] / segments
    ring = np.stack(
        np.broadcast_arrays(
            np.sin(theta) * np.cos(phi), np.cos(theta), -np.sin(theta) * np.sin(phi)
        ),
        axis=-1,
    ).reshape(-1, 3)
    # As large as the ball on the average of its surface.
    radius = ball.radius * (1 + (np.pi / segments) ** 2 / 4 + (np.pi / rings) ** 2 / 16)
    points = np.concatenate([ring, [(0, 1, 0), (0, -1, 0)]]) * radius + ball.center
    top = len(ring)
    faces = []
    for k in range(segments):
        after = (k + 1) % segments
        faces.append((top, k, after))
        last = (rings - 2) * segments
        faces.append((top + 1, last + after, last + k))
        for row in range(rings - 2):
            a, b = row * segments + k, row * segments + after
            faces += [(a, a + segments, b + segments), (a, b + segments, b)]
    return points, faces


# --- Materials ------------------------------------------------------------------------------------


def _material(shape: Any, name: str) -> Any:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    material = shape.material
    if material.opacity != 1.0 or material.normal_map is not None:
        raise Unsaid("opacity, normal maps")
    result = _surface(tree, material)
    if shape.emission is not None:
        result = _shining(made, tree, result, np.array(shape.emission))
    tree.links.new(result, output.inputs["Surface"])
    if getattr(material, "interior", None) is not None:
        tree.links.new(_medium(tree, material.interior), output.inputs["Volume"])
    return made


def _surface(tree: Any, material: Any) -> Any:
    if isinstance(material, rw.Mix):
        mixed = tree.nodes.new("ShaderNodeMixShader")
        mixed.inputs[0].default_value = material.amount
        tree.links.new(_surface(tree, material.a), mixed.inputs[1])
        tree.links.new(_surface(tree, material.b), mixed.inputs[2])
        return mixed.outputs[0]
    if isinstance(material, rw.Dielectric):
        if material.thin or material.compensate:
            raise Unsaid("thin glass, compensation")
        surface = tree.nodes.new("ShaderNodeBsdfGlass")
        surface.inputs["IOR"].default_value = material.ior
        surface.inputs["Color"].default_value = (*np.broadcast_to(material.color, 3), 1)
        _set_roughness(surface, material.roughness)
    elif isinstance(material, rw.Conductor):
        if material.compensate or isinstance(material.color, rw.scene.Texture):
            raise Unsaid("compensated or coloured metal")
        surface = tree.nodes.new("ShaderNodeBsdfMetallic")
        surface.fresnel_type = "PHYSICAL_CONDUCTOR"
        surface.inputs["IOR"].default_value = np.broadcast_to(material.eta, 3)
        surface.inputs["Extinction"].default_value = np.broadcast_to(material.k, 3)
        _set_roughness(surface, material.roughness)
    elif isinstance(material, rw.Diffuse):
        surface = tree.nodes.new("ShaderNodeBsdfDiffuse")
        _set_texture(tree, surface.inputs["Color"], material.color)
    else:
        raise Unsaid(type(material).__name__)
    return surface.outputs[0]


def _set_roughness(surface: Any, roughness: Any) -> None:
    """Alpha is its square there, too."""
    surface.distribution = "GGX"
    surface.inputs["Roughness"].default_value = 0.0 if roughness**2 < _SMOOTH else roughness


def _set_texture(tree: Any, socket: Any, color: Any) -> None:
    if isinstance(color, rw.Attribute):
        node = tree.nodes.new("ShaderNodeAttribute")
        node.attribute_name = COLORS
    elif isinstance(color, rw.ImageTexture):
        node = tree.nodes.new("ShaderNodeTexImage")
        node.image = _image(color.decoded() * np.asarray(color.factor), "picture")
        node.interpolation = {"bilinear": "Linear", "nearest": "Closest"}[color.filter]
        node.extension = {"repeat": "REPEAT", "mirror": "MIRROR", "clamp": "EXTEND"}[color.wraps[0]]
        place = tree.nodes.new("ShaderNodeMapping")
        place.inputs["Scale"].default_value = (*color.scale, 1)
        place.inputs["Location"].default_value = (*color.offset, 0)
        uv = tree.nodes.new("ShaderNodeUVMap")
        tree.links.new(uv.outputs["UV"], place.inputs["Vector"])
        tree.links.new(place.outputs["Vector"], node.inputs["Vector"])
    elif isinstance(color, rw.scene.Texture):
        raise Unsaid(type(color).__name__)
    else:
        socket.default_value = (*np.broadcast_to(color, 3), 1)
        return
    tree.links.new(node.outputs["Color"], socket)


def _image(pixels: Any, name: str) -> Any:
    """Linear numbers; Blender's first row is the lowest."""
    height, width = pixels.shape[:2]
    made = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    full = np.ones((height, width, 4), np.float32)
    full[..., :3] = pixels[::-1]
    made.pixels.foreach_set(full.reshape(-1))
    made.update()
    return made


def _medium(tree: Any, medium: Any) -> Any:
    node = tree.nodes.new("ShaderNodeVolumeCoefficients")
    node.phase = "HENYEY_GREENSTEIN"
    node.inputs["Absorption Coefficients"].default_value = np.broadcast_to(medium.absorption, 3)
    node.inputs["Scatter Coefficients"].default_value = np.broadcast_to(medium.scattering, 3)
    node.inputs["Anisotropy"].default_value = medium.anisotropy
    return node.outputs[0]


def _shining(made: Any, tree: Any, surface: Any, radiance: Any) -> Any:
    """It shines to its front only, as quads do (and nobody sees the inside of a ball)."""
    made.cycles.emission_sampling = "FRONT"
    geometry = tree.nodes.new("ShaderNodeNewGeometry")
    strength = tree.nodes.new("ShaderNodeMath")
    strength.operation = "MULTIPLY_ADD"
    tree.links.new(geometry.outputs["Backfacing"], strength.inputs[0])
    strength.inputs[1].default_value = -float(radiance.max())
    strength.inputs[2].default_value = float(radiance.max())
    glow = tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (*(radiance / radiance.max()), 1)
    tree.links.new(strength.outputs[0], glow.inputs["Strength"])
    both = tree.nodes.new("ShaderNodeAddShader")
    tree.links.new(surface, both.inputs[0])
    tree.links.new(glow.outputs[0], both.inputs[1])
    return both.outputs[0]
