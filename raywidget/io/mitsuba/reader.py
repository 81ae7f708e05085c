"""A scene file of Mitsuba -> the parts of a scene."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from raywidget.errors import SceneError
from raywidget.io.mitsuba import lights
from raywidget.io.mitsuba.elements import read_elements
from raywidget.io.mitsuba.shapes import Shapes
from raywidget.io.mitsuba.surfaces import Surfaces
from raywidget.io.mitsuba.values import Plugin, Plugins
from raywidget.io.mitsuba.versions import is_old, modernise
from raywidget.io.notes import Notes
from raywidget.io.parts import SceneParts
from raywidget.io.pieces import notes_of_many
from raywidget.io.views import aimed, bounds_of
from raywidget.scene.emitters.emitters import Emitter, Environment
from raywidget.scene.materials.materials import Interface
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.shapes.simple import Shape


def read(path: Path) -> SceneParts:
    r"""Read a scene of Mitsuba from XML, of version 3 or as 0.4 to 0.6 had it.

    Shapes, materials, lights and cameras that have no counterpart here are left out or taken as the
    nearest thing, each told once in the notes, with file and line. Opaque surfaces look alike from
    both sides, as in Mitsuba under `twosided`.

    Parameters
    ----------
    path : Path
        The file; meshes, pictures and scenes that it refers to must lie in or below its folder.

    Raises
    ------
    SceneError
        If defusedxml is missing, a file can't be read, is malformed, too large or has a document
        type, a reference leads nowhere, or a value is out of its range; with file and line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from raywidget.io.scene_files import read_scene
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ball.xml"
    >>> _ = path.write_text(
    ...     '<scene version="3.0.0"><shape type="sphere"><float name="radius" value="2"/>'
    ...     '</shape><shape type="hair"/></scene>'
    ... )
    >>> parts = read_scene(path)
    >>> parts.shapes[0].radius
    2.0
    >>> parts.notes
    ("ball.xml, line 1: shape 'hair' is not known here, and left out",)
    """
    root = read_elements(path)
    if root.tag != "scene":
        raise SceneError(f"{root.place}: must begin with <scene>, got <{root.tag}>")
    if is_old(root):
        modernise(root)
    notes = Notes()
    scene = Plugins(notes).plugin(root)
    surfaces = Surfaces(notes)
    translation = Shapes(surfaces, notes)
    shapes: list[Shape] = []
    emitters: list[Emitter] = []
    medium = None
    hides = False
    defaults: dict[str, Any] = {}
    sensors = []
    for part in scene.parts:
        try:
            if part.kind == "shape":
                shapes += translation.shapes(part)
            elif part.kind == "emitter":
                found = lights.emitter(part, surfaces, notes)
                if found is not None:
                    emitters.append(found)
            elif part.kind == "sensor":
                settings: dict[str, Any] = {}
                camera = lights.camera(part, notes, settings)
                for inside in part.of_kind("medium"):
                    medium = surfaces.medium(inside)
                if camera is not None:
                    defaults = {**settings, **defaults}  # of the first camera
                    sensors.append((camera, part.type == "thinlens"))
            elif part.kind == "integrator":
                hides |= lights.integrator(part, notes, defaults)
        except SceneError as error:
            raise _placed(error, part) from None
    shapes += translation.copied()
    bounds = bounds_of(shapes)
    cameras = [aimed(camera, bounds, is_told=has_focus) for camera, has_focus in sensors]
    _tell_leftovers(scene, notes)
    sees_media = defaults.get("integrator", "path") not in ("path", "direct", "bdpt")
    if not sees_media and _has_scattering(shapes, medium):
        defaults["integrator"] = "volpath"
        notes.add("there are media: volpath instead of what would not see them", path.name)
    if hides:
        shapes = [s.replace(visible=False) if _shines(s) else s for s in shapes]
        emitters = [emitter.replace(visible=False) for emitter in emitters]
    return SceneParts(
        shapes=tuple(shapes),
        emitters=tuple(_one_environment(emitters, notes, path.name)),
        cameras=tuple(cameras),
        medium=medium,
        defaults=defaults,
        notes=(*notes.sentences(), *notes_of_many(translation.mended)),
    )


def _has_scattering(shapes: list[Shape], around: HomogeneousMedium | None) -> bool:
    """Is there a medium that only `volpath` sees?"""
    inside = [getattr(shape.material, "interior", None) for shape in shapes]
    return any(isinstance(shape.material, Interface) for shape in shapes) or any(
        medium is not None and medium.has_scattering for medium in (around, *inside)
    )


def _shines(shape: Shape) -> bool:
    materials = getattr(shape, "all_materials", (shape.material,))
    return any(shape.radiance_of(material) is not None for material in materials)


def _placed(error: SceneError, part: Plugin) -> SceneError:
    """The error with file and line, which errors of scene objects don't know."""
    text = str(error)
    return error if ", line " in text else SceneError(f"{part.place}: {part}: {text}")


def _one_environment(emitters: list[Emitter], notes: Notes, place: str) -> list[Emitter]:
    result: list[Emitter] = []
    for item in emitters:
        if isinstance(item, Environment) and any(isinstance(e, Environment) for e in result):
            notes.add("a second environment is left out", place)
        else:
            result.append(item)
    return result


def _tell_leftovers(scene: Plugin, notes: Notes) -> None:
    """Tell of every property that nobody has asked for."""
    seen: set[int] = set()
    waiting = [*scene.parts]
    while waiting:
        plugin = waiting.pop(0)
        if id(plugin) in seen:
            continue
        seen.add(id(plugin))
        waiting += plugin.parts
        if plugin.taken or not plugin.properties:  # others have been left out as a whole
            for name in plugin.leftovers():
                notes.add(f"{name!r} of {plugin.kind} {plugin.type!r} is left out", plugin.place)
