"""Pictures of some scenes by Blender's Cycles (`bpy` from PyPI): seconds of CPU, and pixels.

What can be said in its words: quads, boxes, meshes and balls; diffuse surfaces, glass and lamps; an
even sky. Balls are fine meshes with normals of balls, and small lamps are point lights of their
radius. Scenes are the same numbers: y is up here, too, since nothing in Cycles asks for z.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix

import raywidget as rw
from benchmarks.harness import serve
from benchmarks.workers.flat_shapes import triangles_of
from benchmarks.workers.rendering import reply

BALL = (256, 128)  # segments and rings
_SMALL = 0.05  # lamps of a smaller radius are point lights

_loaded: list[tuple[Any, ...]] = []
_idle: dict[tuple[Any, ...], float] = {}  # seconds of what is not samples


def answer(
    scene: str,
    size: int,
    spp: int,
    depth: int,
    seed: int,
    sampling: str = "TABULATED_SOBOL",
    save: str | None = None,
) -> dict[str, Any]:
    """Render; the seconds are those of samples: what one sample takes is told by two renders."""
    key = (scene, size, depth, sampling)
    if _loaded != [key]:
        from benchmarks.suite_scenes import SUITE

        _load(SUITE[scene].make(), size, depth, sampling)
        _loaded[:] = [key]
        _render(1, size, 1)
        _idle[key] = min(_render(1, size, k)[1] for k in (2, 3, 4))
    pixels, seconds = _render(spp, size, seed)
    return reply(pixels, (seconds - _idle[key]) * spp / (spp - 1), save)


def _render(spp: int, size: int, seed: int) -> tuple[Any, float]:
    view = bpy.context.scene
    view.cycles.samples, view.cycles.seed = spp, seed
    with tempfile.TemporaryDirectory() as folder:
        view.render.filepath = str(Path(folder, "picture.exr"))
        begin = time.process_time()
        bpy.ops.render.render(write_still=True)
        seconds = time.process_time() - begin
        image = bpy.data.images.load(view.render.filepath)
        pixels = np.empty(size * size * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
    return pixels.reshape(size, size, 4)[::-1, :, :3], seconds


def _load(scene: rw.Scene, size: int, depth: int, sampling: str) -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    view = bpy.context.scene
    render, cycles = view.render, view.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.threads_mode, render.threads = "FIXED", 1
    render.use_persistent_data = True
    render.image_settings.file_format = "OPEN_EXR"
    render.image_settings.color_depth = "32"
    view.view_settings.view_transform = "Standard"
    cycles.device = "CPU"
    # Nothing that blurs or bounds: the same integral, by its own numbers, choice and roulette.
    cycles.use_adaptive_sampling = cycles.use_denoising = False
    cycles.pixel_filter_type, cycles.filter_width = "BOX", 1.0
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0.0
    cycles.blur_glossy = cycles.light_sampling_threshold = 0.0
    cycles.sampling_pattern = sampling
    for kind in ("max", "diffuse", "glossy", "transmission"):
        setattr(cycles, f"{kind}_bounces", depth - 2)  # without emission and direct light
    _set_camera(view, scene.camera)
    view.world = bpy.data.worlds.new("sky")
    view.world.use_nodes = True
    background = view.world.node_tree.nodes["Background"].inputs
    sky = scene.environment
    background["Color"].default_value = (*(sky.radiance if sky is not None else (0, 0, 0)), 1)
    for number, shape in enumerate(scene.shapes):
        _add(view, shape, f"shape {number}")


def _set_camera(view: Any, camera: Any) -> None:
    data = bpy.data.cameras.new("camera")
    data.sensor_fit = "VERTICAL"
    data.angle = np.radians(camera.vfov)
    data.clip_start, data.clip_end = 1e-3, 1e4
    frame = camera.frame()
    made = bpy.data.objects.new("camera", data)
    columns = [frame.right, frame.up, -frame.forward, np.array(camera.look_from)]
    view.collection.objects.link(made)
    made.matrix_basis = Matrix(np.vstack([np.stack(columns, axis=1), (0, 0, 0, 1)]).tolist())
    view.camera = made


def _add(view: Any, shape: Any, name: str) -> None:
    is_ball = isinstance(shape, rw.Sphere)
    if is_ball and shape.emission is not None and shape.radius < _SMALL:
        light = bpy.data.lights.new(name, "POINT")
        light.shadow_soft_size, light.use_soft_falloff = shape.radius, False
        radiance = np.array(shape.emission)
        light.color = radiance / radiance.max()
        # Power of a ball by its radiance: pi L on 4 pi r^2.
        light.energy = float(radiance.max()) * 4 * np.pi**2 * shape.radius**2
        made = bpy.data.objects.new(name, light)
        made.location = shape.center
    else:
        points, faces = _ball(shape) if is_ball else triangles_of(shape)
        data = bpy.data.meshes.new(name)
        data.from_pydata(np.asarray(points, float).tolist(), [], np.asarray(faces).tolist())
        if is_ball:
            data.shade_smooth()
        data.materials.append(_material(shape, name))
        made = bpy.data.objects.new(name, data)
    view.collection.objects.link(made)


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


def _material(shape: Any, name: str) -> Any:
    made = bpy.data.materials.new(name)
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    nodes.clear()
    output = nodes.new("ShaderNodeOutputMaterial")
    material = shape.material
    if isinstance(material, rw.Dielectric):
        surface = nodes.new("ShaderNodeBsdfGlass")
        surface.inputs["IOR"].default_value = material.ior
        surface.inputs["Roughness"].default_value = 0.0
        surface.inputs["Color"].default_value = (1, 1, 1, 1)
    elif isinstance(material, rw.Diffuse):
        surface = nodes.new("ShaderNodeBsdfDiffuse")
        surface.inputs["Color"].default_value = (*np.broadcast_to(material.color, 3), 1)
    else:
        raise ValueError(f"not said in Cycles' words: {type(material).__name__}")
    result = surface.outputs[0]
    if shape.emission is not None:
        # Quads shine to their front only.
        made.cycles.emission_sampling = "FRONT_BACK"
        geometry = nodes.new("ShaderNodeNewGeometry")
        radiance = np.array(shape.emission)
        strength = nodes.new("ShaderNodeMath")
        strength.operation = "MULTIPLY_ADD"
        links.new(geometry.outputs["Backfacing"], strength.inputs[0])
        strength.inputs[1].default_value = -float(radiance.max())
        strength.inputs[2].default_value = float(radiance.max())
        glow = nodes.new("ShaderNodeEmission")
        glow.inputs["Color"].default_value = (*(radiance / radiance.max()), 1)
        links.new(strength.outputs[0], glow.inputs["Strength"])
        both = nodes.new("ShaderNodeAddShader")
        links.new(result, both.inputs[0])
        links.new(glow.outputs[0], both.inputs[1])
        result = both.outputs[0]
    links.new(result, output.inputs["Surface"])
    return made


if __name__ == "__main__":
    serve(answer)
