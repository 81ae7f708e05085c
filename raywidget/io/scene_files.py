"""Files that hold a scene or a part of one, read and written by what their suffix names."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path

from raywidget.errors import SceneError
from raywidget.io import by_pyvista
from raywidget.io.parts import SceneParts
from raywidget.scene.scene import Scene
from raywidget.scene.values import checks
from raywidget.scene.values.paths import user_path

_READERS: dict[str, str] = {
    # suffix -> the module in this room whose `read(path)` returns SceneParts
    ".3mf": "threemf",
    ".glb": "gltf",
    ".gltf": "gltf",
    ".obj": "wavefront",
    ".off": "off",
    ".ply": "ply",
    ".serialized": "serialized",
    ".stl": "stl",
    ".pbrt": "pbrt",
    ".pbrt.gz": "pbrt",
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), "usd"),
    ".xml": "mitsuba",
    **dict.fromkeys(by_pyvista.SUFFIXES, "by_pyvista"),
}
_WRITERS: dict[str, str] = {
    # suffix -> the module whose `write(scene, path, in_full=...)` returns notes
    ".glb": "gltf.writing.writer",
    ".gltf": "gltf.writing.writer",
}


_Y_UP = (
    ".glb",
    ".gltf",
    ".obj",
    ".pbrt",
    ".pbrt.gz",
    ".serialized",
    ".usd",
    ".usda",
    ".usdc",
    ".usdz",
    ".xml",
)


def up_of_file(path: str | os.PathLike[str]) -> str | None:
    """Which axis points up in files of this kind, as most programs have it; None: nothing says so.

    glTF says "y"; so do scenes of renderers, and Blender and its like take OBJ files for it.

    Parameters
    ----------
    path : path-like
        Only its suffix counts.

    Examples
    --------
    >>> from raywidget.io.scene_files import up_of_file
    >>> up_of_file("engine.GLB"), up_of_file("part.stl")
    ('y', None)
    """
    return "y" if suffix_of(path) in _Y_UP else None


def suffixes() -> tuple[str, ...]:
    """Of all files that can be read here, in the order of the alphabet."""
    return tuple(sorted(_READERS))


def suffix_of(path: str | os.PathLike[str]) -> str:
    """What tells the format of a file: its last suffix in small letters, or two if it is packed.

    Examples
    --------
    >>> from raywidget.io.scene_files import suffix_of
    >>> suffix_of("a/Scene.PBRT.gz"), suffix_of("v1.2.obj")
    ('.pbrt.gz', '.obj')
    """
    name = Path(path).name.lower()
    return next((s for s in _READERS if s.count(".") > 1 and name.endswith(s)), Path(name).suffix)


def read_scene(path: str | os.PathLike[str]) -> SceneParts:
    r"""Read what a file says of a scene, by its suffix.

    Files are not trusted: what they promise is held against their size, nothing outside of their
    folder is opened, and nothing is fetched from a network.

    Parameters
    ----------
    path : path-like
        The file; ``~`` is the home folder.

    Returns
    -------
    SceneParts
        With a note for each thing that was mended, or not understood.

    Raises
    ------
    SceneError
        If nothing here reads such files, or this one can't be read, is malformed or too large.

    Examples
    --------
    >>> import os, tempfile
    >>> from raywidget.io.scene_files import read_scene
    >>> path = os.path.join(tempfile.mkdtemp(), "corner.obj")
    >>> with open(path, "w") as file:
    ...     _ = file.write("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    >>> len(read_scene(path).shapes)
    1
    """
    file = checks.path("load_scene()", "path", path)
    reader = _READERS.get(suffix_of(file))
    if reader is None:
        told = f"path must be a file of type {', '.join(suffixes())}, got {str(file)!r}"
        advice = advice_on(file)
        raise SceneError(f"{told}; {advice}" if advice else told)
    module = importlib.import_module(f"raywidget.io.{reader}")
    read: Callable[[Path], SceneParts] = module.read
    return read(file)


def advice_on(file: Path) -> str:
    """What to do with a file of another kind."""
    suffix = file.suffix.lower()
    if suffix in (".blend", ".fbx", ".dae", ".abc", ".max", ".ma", ".c4d"):
        return "export it as .glb, in Blender by File > Export > glTF 2.0"
    if suffix in (".step", ".stp", ".iges", ".igs", ".brep", ".sldprt", ".fcstd"):
        return "export it from the CAD program as .stl, .3mf or .glb"
    if suffix in (".png", ".jpg", ".jpeg", ".exr", ".hdr", ".tif", ".tiff", ".webp"):
        return "a picture is a texture, ImageTexture(path), or light, ImageEnvironment(path)"
    if suffix in (".npy", ".npz", ".nii", ".dcm", ".tif", ".mhd", ".nrrd", ".vdb"):
        return "read it as an array, which is shown as it is"
    if not suffix and not file.exists():
        return "there is no such file"
    return ""


def write_scene(
    scene: Scene, path: str | os.PathLike[str], *, in_full: bool = True
) -> tuple[str, ...]:
    r"""Write a scene into a file, by its suffix: what `Scene.save` does.

    Raises
    ------
    SceneError
        If nothing here writes such files, or this one can't be written.

    Examples
    --------
    >>> import os, tempfile
    >>> import raywidget as rw
    >>> from raywidget.io.scene_files import write_scene
    >>> path = os.path.join(tempfile.mkdtemp(), "box.glb")
    >>> write_scene(rw.presets.preset("cornell-empty"), path)
    ()
    """
    try:
        target = user_path(path)
    except ValueError as error:
        raise SceneError(f"can't save the scene: {error}") from None
    known = ", ".join(_WRITERS)
    if target.suffix.lower() not in _WRITERS:
        raise SceneError(f"{str(path)!r} must end in one of {known}, got {target.suffix!r}")
    target = Path(os.path.realpath(target))  # what a link points to is replaced, not the link
    if target.is_dir():
        raise SceneError(f"can't save {str(path)!r}: it is a folder")
    if not target.parent.is_dir():
        raise SceneError(f"can't save {str(path)!r}: there is no folder {str(target.parent)!r}")
    module = importlib.import_module(f"raywidget.io.{_WRITERS[target.suffix.lower()]}")
    write: Callable[..., tuple[str, ...]] = module.write
    return write(scene, target, in_full=checks.flag("Scene.save()", "in_full", in_full))
