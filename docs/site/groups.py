"""Which public name stands on which page of the reference, and what is shown of it."""

from __future__ import annotations

from typing import NamedTuple


class Group(NamedTuple):
    """A chapter of the reference."""

    slug: str
    title: str
    about: str
    names: tuple[str, ...]
    one_page: bool = False  # all names on one page, for those of which there is little to say


GROUPS = (
    Group(
        "showing",
        "Showing and rendering",
        "From a thing or a scene to a picture: live in a notebook, in a file, as a film.",
        (
            "show",
            "render",
            "resume",
            "render_many",
            "RayWidget",
            "RenderSettings",
            "Image",
            "Figure",
            "animate",
            "turntable",
            "to_html",
            "keyframes",
            "Moving",
            "between",
            "warmup",
        ),
    ),
    Group(
        "scenes",
        "Scenes and things",
        "What is to be seen, written by hand, read from files, or taken from other libraries.",
        (
            "Scene",
            "Backdrop",
            "studio",
            "shapes_of",
            "subplots",
            "load_scene",
            "load_mesh",
            "isosurface",
            "plane_cut",
        ),
    ),
    Group(
        "cameras",
        "Cameras",
        "Where the picture is taken from.",
        ("PerspectiveCamera", "OrthographicCamera", "PanoramicCamera"),
    ),
    Group(
        "shapes",
        "Shapes",
        "Lengths are in scene units, whatever these are; angles in degrees.",
        (
            "Sphere",
            "Spheres",
            "Box",
            "Quad",
            "Disk",
            "Cylinder",
            "Cylinders",
            "Cone",
            "Mesh",
            "Instances",
            "Tubes",
            "Arrows",
            "Volume",
            "Edges",
            "Plane",
        ),
    ),
    Group(
        "materials-and-media",
        "Materials",
        "What surfaces and bodies are made of. Colours are linear as numbers, and sRGB as words.",
        (
            "Principled",
            "Diffuse",
            "Metal",
            "Conductor",
            "Dielectric",
            "Coated",
            "Mix",
            "Emissive",
            "Interface",
            "ShadowCatcher",
            "HomogeneousMedium",
            "TransferFunction",
            "materials",
        ),
    ),
    Group(
        "lights-and-skies",
        "Lights",
        "Light that comes from no shape; a shape shines by its ``emission``.",
        (
            "PointLight",
            "SpotLight",
            "DirectionalLight",
            "ConstantEnvironment",
            "GradientEnvironment",
            "ImageEnvironment",
            "SkyEnvironment",
            "StudioEnvironment",
            "Portal",
            "lights",
        ),
    ),
    Group(
        "textures",
        "Textures and colours",
        "What changes from place to place, and how numbers become colours.",
        (
            "ImageTexture",
            "Checkerboard",
            "Gradient",
            "Attribute",
            "ColorMap",
            "decode_srgb",
        ),
    ),
    Group(
        "transforms",
        "Transforms",
        "Matrices that move things: (4, 4), float64, for points as columns.",
        ("transforms",),
        one_page=True,
    ),
    Group(
        "presets",
        "Presets",
        "Scenes with a name, each with the settings that suit it.",
        ("presets",),
        one_page=True,
    ),
    Group(
        "errors",
        "Errors and warnings",
        "Everything that raywidget raises by itself is a ``RaywidgetError``.",
        (
            "RaywidgetError",
            "SceneError",
            "SettingsError",
            "PictureError",
            "RenderError",
            "RenderCancelled",
            "ProtocolError",
            "RaywidgetWarning",
            "SceneWarning",
            "SettingsWarning",
            "PictureWarning",
            "ExecutorWarning",
            "__version__",
        ),
        one_page=True,
    ),
)

# Of these classes all that is public is shown; of others how to copy them with changes.
WHOLE = (
    "RayWidget",
    "Image",
    "Figure",
    "RenderSettings",
    "Scene",
    "ColorMap",
    "PerspectiveCamera",
    "OrthographicCamera",
    "PanoramicCamera",
)
COMMON = ("replace", "bounds", "irradiance", "evaluate")

# What is public for other parts of the package, and not meant to be called.
INNER = {"wrong_call_error", "get_state", "set_state", "frame", "half_height"}
