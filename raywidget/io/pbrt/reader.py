"""A scene file of pbrt-v4 -> the parts of a scene."""

from __future__ import annotations

from pathlib import Path

from raywidget.io.notes import Notes
from raywidget.io.parts import SceneParts
from raywidget.io.pbrt.budget import Budget
from raywidget.io.pbrt.camera import View
from raywidget.io.pbrt.directives import Declared, Directives
from raywidget.io.pbrt.lamps import Lamps
from raywidget.io.pbrt.lights import Lights
from raywidget.io.pbrt.parameters import placed
from raywidget.io.pbrt.shapes import Shapes
from raywidget.io.pbrt.surfaces import Surfaces
from raywidget.io.pbrt.textures import Textures
from raywidget.io.views import aimed, bounds_of
from raywidget.scene.camera import Camera, PanoramicCamera
from raywidget.scene.materials.materials import Interface
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.shapes.simple import Shape


def read(path: Path) -> SceneParts:
    r"""Read a scene of pbrt-v4, also one that is packed by gzip.

    What has no counterpart here is left out or taken as the nearest thing, each told once in the
    notes, with file and line. The world is mirrored in x, as pbrt's coordinates are left-handed,
    unless the camera undoes that by itself.

    Parameters
    ----------
    path : Path
        The file; what it refers to must lie in or below its folder. What is read and made takes at
        most 128 times the size of the files, and 256 MiB, pictures and meshes in files of their
        own aside.

    Raises
    ------
    SceneError
        If a file can't be read, is malformed or too large, a name leads nowhere, or a value is out
        of its range; with file and line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from raywidget.io.scene_files import read_scene
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "ball.pbrt"
    >>> _ = path.write_text('WorldBegin\nShape "sphere" "float radius" 2\nShape "teapot"\n')
    >>> parts = read_scene(path)
    >>> parts.shapes[0].radius
    2.0
    >>> parts.notes
    ("ball.pbrt, line 3: shape 'teapot' is not known here, and left out",)
    """
    notes = Notes()
    declared = Directives(path, notes).read()
    view = View(declared, notes)
    budget = Budget(declared.size)
    textures = Textures(declared.textures, notes, budget)
    surfaces = Surfaces(declared, textures, notes)
    lights = Lights(view.world, view.exposure, notes)
    for item in declared.lights:
        with placed(item.parameters):
            lights.add(item)
    lamps = Lamps(view.exposure, notes)
    shapes = Shapes(declared, surfaces, lamps, view.world, notes, budget).all()
    cameras = () if view.camera is None else (_aimed(view.camera, shapes),)
    medium = surfaces.medium(declared.camera_medium, path.name)
    if _scatters(shapes, medium):
        view.defaults["integrator"] = "volpath"
    _tell_leftovers(declared, notes)
    return SceneParts(
        shapes=tuple(shapes),
        emitters=tuple(lights.emitters()),
        cameras=cameras,
        medium=medium,
        defaults=view.defaults,
        notes=notes.sentences(),
    )


def _aimed(camera: Camera, shapes: list[Shape]) -> Camera:
    """A panorama's own axis is not that of a view: it stays."""
    if isinstance(camera, PanoramicCamera):
        return camera
    return aimed(camera, bounds_of(shapes))


def _scatters(shapes: list[Shape], medium: HomogeneousMedium | None) -> bool:
    """Is there something that only `volpath` can show?"""
    media = [medium, *(getattr(shape.material, "interior", None) for shape in shapes)]
    return any(isinstance(shape.material, Interface) for shape in shapes) or any(
        item is not None and item.has_scattering for item in media
    )


def _tell_leftovers(declared: Declared, notes: Notes) -> None:
    """Tell of every parameter that nobody has asked for, of what was used."""
    for owner in declared.owners:
        if owner.is_used:
            for item in owner.leftovers():
                notes.add(f"{item.name!r} of {owner.kind} {owner.type!r} is left out", item.place)
