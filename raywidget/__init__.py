"""raywidget: a physically based path tracer that lives in a Jupyter cell.

Names are imported when first used, so that ``import raywidget`` loads neither numpy nor numba
nor anywidget.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raywidget import presets
    from raywidget.adapters import shapes_of
    from raywidget.adapters.cuts import isosurface, plane_cut
    from raywidget.animation import animate, turntable
    from raywidget.batch import render_many
    from raywidget.engine.settings import RenderSettings
    from raywidget.engine.warming import warmup
    from raywidget.errors import (
        ExecutorWarning,
        PictureError,
        PictureWarning,
        ProtocolError,
        RaywidgetError,
        RaywidgetWarning,
        RenderCancelled,
        RenderError,
        SceneError,
        SceneWarning,
        SettingsError,
        SettingsWarning,
    )
    from raywidget.headless.rendering import render, resume
    from raywidget.io.meshes import load_mesh
    from raywidget.picture.figure import Figure
    from raywidget.picture.image import Image
    from raywidget.presets.listing import lights, materials
    from raywidget.scene.backdrop import Backdrop
    from raywidget.scene.between import between
    from raywidget.scene.camera import OrthographicCamera, PanoramicCamera, PerspectiveCamera
    from raywidget.scene.emitters.emitters import (
        ConstantEnvironment,
        DirectionalLight,
        GradientEnvironment,
        ImageEnvironment,
        PointLight,
        SpotLight,
    )
    from raywidget.scene.emitters.portal import Portal
    from raywidget.scene.emitters.sky import SkyEnvironment
    from raywidget.scene.emitters.studio_sky import StudioEnvironment
    from raywidget.scene.keyframes import keyframes
    from raywidget.scene.materials.catcher import ShadowCatcher
    from raywidget.scene.materials.materials import (
        Coated,
        Conductor,
        Dielectric,
        Diffuse,
        Emissive,
        Interface,
        Metal,
        Mix,
    )
    from raywidget.scene.materials.media import HomogeneousMedium
    from raywidget.scene.materials.principled import Principled
    from raywidget.scene.materials.transfer import TransferFunction
    from raywidget.scene.moving import Moving
    from raywidget.scene.scene import Scene
    from raywidget.scene.shapes.edges import Edges
    from raywidget.scene.shapes.lines import Arrows, Tubes
    from raywidget.scene.shapes.many import Cylinders, Spheres
    from raywidget.scene.shapes.meshes import Instances, Mesh
    from raywidget.scene.shapes.planes import Plane
    from raywidget.scene.shapes.round import Cone, Cylinder, Disk
    from raywidget.scene.shapes.simple import Box, Quad, Sphere
    from raywidget.scene.shapes.volumes import Volume
    from raywidget.scene.textures.colormaps import ColorMap
    from raywidget.scene.textures.image_texture import ImageTexture
    from raywidget.scene.textures.textures import Attribute, Checkerboard, Gradient
    from raywidget.scene.values import transforms
    from raywidget.scene.values.colors import decode_srgb
    from raywidget.staging.studio import load_scene, studio
    from raywidget.staging.subplots import subplots
    from raywidget.widget.pages import to_html
    from raywidget.widget.ray_widget import RayWidget, show

__version__ = "0.1.0"

__all__ = [
    "Arrows",
    "Attribute",
    "Backdrop",
    "Box",
    "Checkerboard",
    "Coated",
    "ColorMap",
    "Conductor",
    "Cone",
    "ConstantEnvironment",
    "Cylinder",
    "Cylinders",
    "Dielectric",
    "Diffuse",
    "DirectionalLight",
    "Disk",
    "Edges",
    "Emissive",
    "ExecutorWarning",
    "Figure",
    "Gradient",
    "GradientEnvironment",
    "HomogeneousMedium",
    "Image",
    "ImageEnvironment",
    "ImageTexture",
    "Instances",
    "Interface",
    "Mesh",
    "Metal",
    "Mix",
    "Moving",
    "OrthographicCamera",
    "PanoramicCamera",
    "PerspectiveCamera",
    "PictureError",
    "PictureWarning",
    "Plane",
    "PointLight",
    "Portal",
    "Principled",
    "ProtocolError",
    "Quad",
    "RayWidget",
    "RaywidgetError",
    "RaywidgetWarning",
    "RenderCancelled",
    "RenderError",
    "RenderSettings",
    "Scene",
    "SceneError",
    "SceneWarning",
    "SettingsError",
    "SettingsWarning",
    "ShadowCatcher",
    "SkyEnvironment",
    "Sphere",
    "Spheres",
    "SpotLight",
    "StudioEnvironment",
    "TransferFunction",
    "Tubes",
    "Volume",
    "__version__",
    "animate",
    "between",
    "decode_srgb",
    "isosurface",
    "keyframes",
    "lights",
    "load_mesh",
    "load_scene",
    "materials",
    "plane_cut",
    "presets",
    "render",
    "render_many",
    "resume",
    "shapes_of",
    "show",
    "studio",
    "subplots",
    "to_html",
    "transforms",
    "turntable",
    "warmup",
]

_MODULES = {
    "raywidget.adapters": ("shapes_of",),
    "raywidget.adapters.cuts": ("isosurface", "plane_cut"),
    "raywidget.animation": ("animate", "turntable"),
    "raywidget.batch": ("render_many",),
    "raywidget.engine.settings": ("RenderSettings",),
    "raywidget.errors": (
        "ExecutorWarning",
        "PictureError",
        "PictureWarning",
        "ProtocolError",
        "RaywidgetError",
        "RaywidgetWarning",
        "RenderCancelled",
        "RenderError",
        "SceneError",
        "SceneWarning",
        "SettingsError",
        "SettingsWarning",
    ),
    "raywidget.engine.warming": ("warmup",),
    "raywidget.headless.rendering": ("render", "resume"),
    "raywidget.io.meshes": ("load_mesh",),
    "raywidget.picture.figure": ("Figure",),
    "raywidget.picture.image": ("Image",),
    "raywidget.presets.listing": ("lights", "materials"),
    "raywidget.scene.camera": ("OrthographicCamera", "PanoramicCamera", "PerspectiveCamera"),
    "raywidget.scene.emitters.emitters": (
        "ConstantEnvironment",
        "DirectionalLight",
        "GradientEnvironment",
        "ImageEnvironment",
        "PointLight",
        "SpotLight",
    ),
    "raywidget.scene.backdrop": ("Backdrop",),
    "raywidget.scene.emitters.portal": ("Portal",),
    "raywidget.scene.emitters.sky": ("SkyEnvironment",),
    "raywidget.scene.emitters.studio_sky": ("StudioEnvironment",),
    "raywidget.scene.shapes.edges": ("Edges",),
    "raywidget.scene.shapes.lines": ("Arrows", "Tubes"),
    "raywidget.scene.shapes.many": ("Cylinders", "Spheres"),
    "raywidget.scene.materials.catcher": ("ShadowCatcher",),
    "raywidget.scene.materials.materials": (
        "Coated",
        "Conductor",
        "Dielectric",
        "Diffuse",
        "Emissive",
        "Interface",
        "Metal",
        "Mix",
    ),
    "raywidget.scene.materials.media": ("HomogeneousMedium",),
    "raywidget.scene.shapes.meshes": ("Instances", "Mesh"),
    "raywidget.scene.materials.principled": ("Principled",),
    "raywidget.scene.shapes.planes": ("Plane",),
    "raywidget.scene.shapes.round": ("Cone", "Cylinder", "Disk"),
    "raywidget.scene.materials.transfer": ("TransferFunction",),
    "raywidget.scene.between": ("between",),
    "raywidget.scene.keyframes": ("keyframes",),
    "raywidget.scene.moving": ("Moving",),
    "raywidget.scene.scene": ("Scene",),
    "raywidget.scene.shapes.simple": ("Box", "Quad", "Sphere"),
    "raywidget.scene.shapes.volumes": ("Volume",),
    "raywidget.scene.textures.colormaps": ("ColorMap",),
    "raywidget.scene.textures.image_texture": ("ImageTexture",),
    "raywidget.scene.textures.textures": ("Attribute", "Checkerboard", "Gradient"),
    "raywidget.scene.values.colors": ("decode_srgb",),
    "raywidget.staging.studio": ("load_scene", "studio"),
    "raywidget.staging.subplots": ("subplots",),
    "raywidget.widget.pages": ("to_html",),
    "raywidget.widget.ray_widget": ("RayWidget", "show"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}
_SUBMODULES = {"presets": "raywidget.presets", "transforms": "raywidget.scene.values.transforms"}


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        value: Any = importlib.import_module(_SUBMODULES[name])
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'raywidget' has no attribute {name!r}")
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """What completion shows: what is public, and what Python adds to modules."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
