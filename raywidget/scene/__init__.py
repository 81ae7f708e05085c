"""The description of a scene: immutable objects in plain numpy, checked when built."""

from raywidget.scene.backdrop import Backdrop
from raywidget.scene.camera import (
    Camera,
    CameraFrame,
    OrthographicCamera,
    PanoramicCamera,
    PerspectiveCamera,
)
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    Environment,
    GradientEnvironment,
    ImageEnvironment,
    PointLight,
    SpotLight,
)
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import (
    DEFAULT_MATERIAL,
    Coated,
    Conductor,
    Dielectric,
    Diffuse,
    Emissive,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.materials.principled import Principled
from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.shapes.lines import Arrows, Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.round import Cone, Cylinder, Disk
from raywidget.scene.shapes.simple import Bounds, Box, Quad, Shape, Sphere
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute, Checkerboard, Gradient, Texture

__all__ = [
    "DEFAULT_MATERIAL",
    "Arrows",
    "Attribute",
    "Backdrop",
    "Bounds",
    "Box",
    "Camera",
    "CameraFrame",
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
    "Emitter",
    "Environment",
    "Gradient",
    "GradientEnvironment",
    "HomogeneousMedium",
    "ImageEnvironment",
    "ImageTexture",
    "Instances",
    "Interface",
    "Material",
    "Mesh",
    "Metal",
    "Mix",
    "OrthographicCamera",
    "PanoramicCamera",
    "PerspectiveCamera",
    "Plane",
    "PointLight",
    "Portal",
    "Principled",
    "Quad",
    "Scene",
    "ShadowCatcher",
    "Shape",
    "Sphere",
    "Spheres",
    "SpotLight",
    "Texture",
    "TransferFunction",
    "Tubes",
    "Volume",
]
