"""`studio`, `load_scene`, and the scene that `show` makes of a thing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters import take
from raywidget.adapters.taken import Taken, Wishes
from raywidget.errors import SceneError
from raywidget.io.building import PAINT, bounds_of, build
from raywidget.io.scene_files import read_scene, up_of_file
from raywidget.scene.backdrop import Backdrop, checked_background
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.emitters.studio_sky import StudioEnvironment
from raywidget.scene.materials.catcher import ShadowCatcher
from raywidget.scene.materials.materials import Diffuse, Material
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.round import Disk
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.textures import Gradient, Texture
from raywidget.scene.values import checks
from raywidget.scene.values.checks import ColorLike, Vec3Like
from raywidget.scene.values.signatures import checked_call
from raywidget.staging.framing import Axes, axes_of, frame, points_of
from raywidget.staging.lights import GROUND, NO_GROUND, make_light
from raywidget.staging.moving import can_move, moved

STUDIO_WORDS = (
    *("light", "ground", "background", "up", "view", "aspect", "style"),
    *("values", "colormap"),
)

_FAR = 100.0  # times its size: what lies further from the origin is brought to it
_OF_LAMPS = 0.02  # of white light all round: emission that lights what it belongs to
_GROUND_RADIUS = 9.0  # of the radius of what stands on it
_SINK = 1e-4  # of the size: the ground lies so much below, so that bottoms and it don't mingle
_BRIGHT = 0.5  # radiance of a background beside which light is not seen to be light
_DARKEST = 0.004  # reflectance of the blackest ground


@checked_call(SceneError)
def studio(
    thing: object,
    light: str | Emitter | Sequence[Emitter] | None = "soft",
    ground: bool | str = True,
    background: ColorLike | Backdrop | os.PathLike[str] | None = "white",
    up: str | None = None,
    view: Vec3Like = (1.0, 0.6, 1.0),
    *,
    aspect: float | None = None,
    style: str | None = None,
    values: Any = None,
    colormap: Any = None,
) -> Scene:
    """Put a thing into a studio: framed, lit, on a ground that catches its shadow.

    The result is an ordinary `Scene`: change it, add to it, render it. Its `repr` is the Python
    that makes it, the lights too.

    Parameters
    ----------
    thing : object
        A path of a file, a thing of trimesh, PyVista, VTK, xarray, ASE, MDAnalysis, meshio or
        Open3D, (vertices, faces), an (N, 3) array of points, a 2-D height field, a shape, a `Scene`
        (its shapes), or a list of all these.
    light : {"soft", "overcast", "sun"}, Emitter or list of Emitter, optional
        A large key light with a fill; a cloudy sky; a low sun. None: only what the thing itself
        gives off.
    ground : bool or "shadow"
        A level disk that touches it from below, and fades into the background; before a picture a
        `ShadowCatcher`. ``"shadow"`` is that before everything: ground that is not seen but for
        the shadow on it, with ``alpha=True`` for slides.
    background : colour, Backdrop, path, array, Image or PIL image, optional
        What is seen behind it, which lights nothing; None shows the light itself.
    up : {"x", "y", "z", "-x", "-y", "-z"}, optional
        Which axis of the thing points up. By default "z", but "y" for glTF and OBJ files, scenes of
        other renderers, and raywidget's own shapes.
    view : (float, float, float)
        Where the camera stands, seen from the thing: to the right, up, to the front. With
        ``up="z"`` the front is -y.
    aspect : float, optional
        Width of the picture by its height, for which it is framed. By default all of it is seen in
        pictures of any shape.
    style : {"ball-and-stick", "space-filling", "licorice"}, optional
        How atoms look.
    values : array, optional
        A number for each vertex, face, point or copy of the thing, shown as colours.
    colormap : ColorMap or str, optional
        How `values` become colours.

    Returns
    -------
    Scene
        What was mended, left out or moved stands in its `notes`.

    Raises
    ------
    SceneError
        If nothing is known of such things, this one can't be read or has nothing to show, or a
        parameter is out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> ball = rw.Sphere((0, 0, 0), 1, material=rw.Metal(0.9))
    >>> scene = rw.studio(ball, light="sun", background="#dde4ee")
    >>> [type(shape).__name__ for shape in scene.shapes], scene.environment.name
    (['Sphere', 'Disk'], 'sun')
    """
    taken = take(thing, Wishes(style=style, up=_height_axis(up)))
    notes = list(taken.notes)
    if taken.emitters:
        notes.append("lights that the thing has are left out: the studio has its own")
    scene = _stage(thing, taken, notes, light, ground, background, up, view, aspect)
    return _with_values(scene, values, colormap)


def _with_values(scene: Scene, values: Any, colormap: Any) -> Scene:
    """The same, with values on the one shape that can have them."""
    if values is None:
        if colormap is not None:
            raise SceneError("studio: colormap= needs values=")
        return scene
    able = [shape for shape in scene.shapes if isinstance(shape, ValuedShape)]
    if len(able) != 1:
        raise SceneError(
            f"studio: values= need one mesh, cloud or bundle of lines to belong to, and there are "
            f"{len(able)}; give them to the shapes of shapes_of(thing)"
        )
    changes: dict[str, Any] = {"values": values, "colormap": colormap, "material": PAINT}
    changes |= {"quantities": None, "show": None}  # that it brought itself
    for name in ("colors", "face_colors", "materials", "face_materials"):
        if getattr(able[0], name, None) is not None:
            changes[name] = None
    shown = able[0].replace(**changes)
    return scene.replace(shapes=[shown if s is able[0] else s for s in scene.shapes])


def scene_of(
    thing: object,
    aspect: float | None = None,
    up: str | None = None,
    style: str | None = None,
    **staging: Any,
) -> Scene:
    """The scene that `show`, `render` and `RayWidget` make of a thing.

    A `Scene` stays as it is. What has lights keeps them; what has a camera keeps it; a studio gives
    what is missing.

    Parameters
    ----------
    thing : object
        As in `studio`.
    aspect : float, optional
        Width of the picture by its height, as in `studio`.
    up, style
        As in `studio`.
    **staging
        The other parameters of `studio`: with one of them the thing is put into a studio in any
        case.
    """
    if staging:
        return studio(thing, up=up, style=style, **{"aspect": aspect, **staging})
    if isinstance(thing, Scene) and up is None and style is None:
        return thing
    taken = take(thing, Wishes(style=style, up=_height_axis(up)))
    notes = list(taken.notes)
    shining = [piece for piece in taken.pieces if isinstance(piece, Shape) and _shines(piece)]
    is_lit = bool(taken.emitters) or _light_up(shining, taken)
    if shining and not is_lit:
        notes.append("what shines in it is too weak to light it: a soft sky was added")
    if not is_lit and not taken.cameras:
        return _stage(
            thing, taken, notes, "soft", True, _or_white(taken), up, (1.0, 0.6, 1.0), aspect
        )
    shapes = _built(thing, taken, notes)
    axes = axes_of(up or taken.up or "z")
    camera = taken.cameras[0] if taken.cameras else None
    camera = camera or frame(points_of(shapes), axes, (1.0, 0.6, 1.0), aspect)
    emitters = list(taken.emitters)
    background = taken.background
    if not is_lit:
        emitters = [make_light("soft", axes, _back(camera), NO_GROUND)]
        background = _or_white(taken)
    return Scene(
        shapes,
        emitters=emitters,
        camera=camera,
        medium=taken.medium,
        defaults=taken.defaults,
        annotations=taken.annotations,
        background=background,
        notes=notes,
    )


@checked_call(SceneError)
def load_scene(path: str | os.PathLike[str], *, up: str | None = None) -> Scene:
    r"""Read a scene from a file, as the file says: nothing is added but a camera, if there is none.

    Parameters
    ----------
    path : path-like
        A file of a scene or of a mesh: glTF, OBJ, PLY, STL, OFF, 3MF, Mitsuba (``.xml``), pbrt-v4
        (``.pbrt``, ``.pbrt.gz``), USD (``pip install "raywidget[usd]"``; turned so that y is up),
        and files of simulations; ``~`` is the home folder.
    up : {"x", "y", "z", "-x", "-y", "-z"}, optional
        Which of its axes points up for the camera that is added; shapes stay where they are. By
        default as in `studio`: "y" for glTF and OBJ files and scenes of other renderers, "z" for
        the rest, as scanners, CAD and simulations have it.

    Returns
    -------
    Scene
        What was mended, left out or not understood stands in its `notes`.

    Raises
    ------
    SceneError
        If nothing here reads such files, or this one can't be read, is malformed or too large.

    Examples
    --------
    >>> import os, tempfile
    >>> import raywidget as rw
    >>> path = os.path.join(tempfile.mkdtemp(), "corner.obj")
    >>> with open(path, "w") as file:
    ...     _ = file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    >>> scene = rw.load_scene(path)
    >>> len(scene.shapes), len(scene.emitters), len(scene.notes)
    (1, 0, 1)
    """
    parts = read_scene(path)
    name = os.path.basename(os.fspath(path))
    notes = list(parts.notes_of(path))
    camera = parts.cameras[0] if parts.cameras else None
    if camera is None:
        if not parts.shapes:
            raise SceneError(f"{os.fspath(path)!r} holds neither shapes nor a camera")
        axis = up or up_of_file(path) or "z"
        axes = axes_of(axis)
        camera = frame(points_of(list(parts.shapes)), axes, (1.0, 0.6, 1.0), None)
        notes.append(
            f"{name}: the file has no camera: one that sees all of it was added, {axis} up"
        )
    return Scene(
        parts.shapes,
        emitters=parts.emitters,
        camera=camera,
        medium=parts.medium,
        background=parts.background,
        clip=parts.clip,
        caps=parts.caps,
        defaults=parts.defaults,
        annotations=parts.annotations,
        name=parts.name,
        notes=notes,
    )


# --- Staging --------------------------------------------------------------------------------------


def _height_axis(up: str | None) -> str:
    if up is not None:
        axes_of(up)
    return up or "z"


def _or_white(taken: Taken) -> Any:
    return "white" if taken.background is None else taken.background


def _shines(shape: Shape) -> bool:
    materials = getattr(shape, "all_materials", (shape.material,))
    return any(shape.radiance_of(material) is not None for material in materials)


def _light_up(shining: list[Shape], taken: Taken) -> bool:
    """Are there lamps among what shines, or only lights that are to be seen, as on a device?

    A lamp is brighter than white all over, or gives off a good part of what reaches white walls
    round all things where they look white.
    """
    if not shining:
        return False
    power = 0.0  # over pi
    for shape in shining:
        materials = getattr(shape, "all_materials", (shape.material,))
        rows = getattr(shape, "face_materials", None)
        for index, material in enumerate(materials):
            radiance = shape.radiance_of(material)
            if radiance is None:
                continue
            is_plain = not isinstance(radiance, Texture)
            mean = max(radiance.mean() if isinstance(radiance, Texture) else radiance)
            if is_plain and mean > 1.0:
                return True
            share = 1.0 if rows is None else float(np.mean(np.asarray(rows) == index))
            power += mean * share * shape.area()
    low, high = bounds_of(taken.pieces)
    x, y, z = (float(size) for size in high - low)
    return power > _OF_LAMPS * 2.0 * (x * y + y * z + z * x)


def _back(camera: Camera) -> NDArray[np.float64]:
    return -camera.frame().forward


def _built(thing: object, taken: Taken, notes: list[str], origin: Any = None) -> list[Shape]:
    shapes = build(taken.pieces, notes, origin)
    if not shapes:
        why = "; ".join(notes) or "it is empty"
        raise SceneError(f"there is nothing to show in {_name(thing)}: {why}")
    return shapes


def _name(thing: object) -> str:
    if isinstance(thing, str | os.PathLike):
        return repr(os.fspath(thing))
    return type(thing).__name__


def _stage(
    thing: object,
    taken: Taken,
    notes: list[str],
    light: Any,
    ground: bool | str,
    background: Any,
    up: str | None,
    view: Vec3Like,
    aspect: float | None,
) -> Scene:
    axes = axes_of(up or taken.up or "z")
    if not isinstance(ground, bool | np.bool_ | str) or ground not in (True, False, "shadow"):
        raise checks.fail("studio", "ground", 'True, False or "shadow"', ground)
    if aspect is not None:
        aspect = checks.length("studio", "aspect", aspect)
    shapes, origin = _near_the_origin(thing, taken, notes)
    points = points_of(shapes)
    camera = frame(points, axes, view, aspect)
    emitters = _emitters(light, axes, _back(camera))
    color = None if background is None else checked_background("studio", background)
    if (
        isinstance(color, tuple)
        and min(color) > _BRIGHT
        and any(_shines(shape) for shape in shapes)
    ):
        notes.append(
            "it gives off light, which a bright background outshines: a darker one shows it, "
            'such as background="#22262c"'
        )
    if ground:
        catches = ground == "shadow" or isinstance(color, Backdrop)
        shapes.append(_ground(points, axes, emitters, color, catches))
    return Scene(
        shapes,
        emitters=emitters,
        camera=camera,
        medium=taken.medium,
        annotations=_moved_labels(taken.annotations, origin),
        background=color,
        notes=notes,
    )


def _moved_labels(annotations: Mapping[str, Any], origin: NDArray[np.float64]) -> dict[str, Any]:
    found = dict(annotations)
    if found.get("labels") and origin.any():
        found["labels"] = tuple(
            (tuple((np.array(point) - origin).tolist()), *text) for point, *text in found["labels"]
        )
    return found


def _near_the_origin(
    thing: object, taken: Taken, notes: list[str]
) -> tuple[list[Shape], NDArray[np.float64]]:
    """Shapes in coordinates that single precision can hold well, and what these are seen from."""
    low, high = bounds_of(taken.pieces)
    centre, size = 0.5 * (low + high), float(np.linalg.norm(high - low))
    is_far = float(np.abs(centre).max()) > _FAR * size > 0.0
    given = [piece for piece in taken.pieces if isinstance(piece, Shape)]
    if not is_far or not all(map(can_move, given)):
        return _built(thing, taken, notes), np.zeros(3)
    digits = -int(np.floor(np.log10(size)))
    origin = np.round(centre, digits)
    pieces = tuple(
        moved(piece, -origin) if isinstance(piece, Shape) else piece for piece in taken.pieces
    )
    if given and len(given) < len(taken.pieces):  # both kinds: each is moved in its own way
        own = [piece for piece in pieces if isinstance(piece, Shape)]
        others = tuple(piece for piece in taken.pieces if not isinstance(piece, Shape))
        shapes = [*own, *build(others, notes, origin)]
    else:
        shapes = build(pieces, notes, origin)
    notes.append(
        f"moved by ({', '.join(f'{-part:.10g}' for part in origin)}): it lies far from the origin, "
        "where numbers of single precision are coarse"
    )
    return shapes, origin


def _emitters(light: Any, axes: Axes, back: NDArray[np.float64]) -> list[Emitter]:
    if light is None:
        return []
    if isinstance(light, Emitter):
        return [light]
    if isinstance(light, Sequence) and not isinstance(light, str):
        return [checks.instance("studio", "light", e, Emitter, "an emitter") for e in light]
    return [make_light(light, axes, back)]


def _ground(
    points: NDArray[np.float64],
    axes: Axes,
    emitters: Sequence[Emitter],
    background: Any,
    catches: bool,
) -> Disk:
    """A disk that touches the lowest point, as bright in the light as the background is.

    It fades towards its rim, so that no horizon is seen; or nothing is seen of it but shadows.
    """
    height = points @ axes.up
    across = np.stack([points @ axes.right, points @ axes.front], axis=1)
    low, high = across.min(axis=0), across.max(axis=0)
    size = float(np.linalg.norm(np.ptp(points, axis=0))) or 1.0
    middle = 0.5 * (low + high)
    center = axes.place(middle[0], float(height.min()) - _SINK * size, middle[1])
    color: Any = GROUND
    material: Material = ShadowCatcher(GROUND)
    sky = emitters[0] if len(emitters) == 1 else None
    if isinstance(background, tuple) and isinstance(sky, StudioEnvironment):
        arriving = np.array(sky.irradiance(tuple(axes.up)))
        matched = np.pi * np.array(background) / arriving
        color = tuple(float(f"{c:.4g}") for c in np.clip(matched, _DARKEST, 0.95))
    if not catches:
        material = Diffuse(color, opacity=Gradient(0.0, 1.0))
    return Disk(
        tuple(float(f"{part:.7g}") for part in center),
        tuple(axes.up.tolist()),
        float(f"{_GROUND_RADIUS * 0.5 * size:.4g}"),
        material=material,
        name="ground",
    )
