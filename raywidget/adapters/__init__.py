"""Things of other libraries -> shapes, and what else they have of a scene.

One module for each library, with a function `recognises(thing)`, which looks at names of types and
at attributes and imports nothing, and a function `take(thing, wishes)`. Arrays stay in double
precision until `io.building` makes shapes of them. May use the scene, and `io`.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any

from raywidget.adapters.taken import Taken, Wishes, join
from raywidget.errors import SceneError
from raywidget.io.building import CLAY, build, is_unpainted
from raywidget.io.scene_files import read_scene, up_of_file
from raywidget.scene.materials.materials import DEFAULT_MATERIAL
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import checked_call

# The first that recognises a thing takes it; what is only an array comes last.
ADAPTERS = ("trimeshes", "vtk", "xarrays", "atoms", "meshio", "open3d", "arrays")

TAKES = (
    "a path, a Scene, a shape, (vertices, faces), an (N, 3) array of points, a 2-D height field, a "
    "3-D volume, a thing of trimesh, PyVista, VTK, xarray, ASE, MDAnalysis, meshio or Open3D, or a "
    "list of these"
)


def take(thing: object, wishes: Wishes | None = None) -> Taken:
    """Find out what a thing is, and take it apart.

    Raises
    ------
    SceneError
        If nothing here knows such things, or it can't be read.
    """
    wishes = wishes or Wishes()
    if isinstance(thing, Scene):
        return Taken(
            pieces=tuple(thing.shapes),
            emitters=tuple(thing.emitters),
            cameras=(thing.camera,),
            medium=thing.medium,
            background=thing.background,
            defaults=thing.defaults,
            annotations=thing.annotations,
            up="y",
            notes=tuple(thing.notes),
        )
    if isinstance(thing, Shape):
        return Taken(pieces=(thing,), up="y")
    if isinstance(thing, str | os.PathLike):
        return _from_file(thing)
    for name in ADAPTERS:
        module = importlib.import_module(f"raywidget.adapters.{name}")
        if module.recognises(thing):
            taken: Taken = module.take(thing, wishes)
            return taken
    if isinstance(thing, list | tuple) and len(thing):
        return join([take(item, wishes) for item in thing])
    got = f"an empty {type(thing).__name__}" if isinstance(thing, list | tuple) else _kind(thing)
    raise SceneError(f"expected {TAKES}; got {got}")


def _kind(thing: object) -> str:
    if isinstance(thing, type):
        return f"the class {thing.__name__}: write {thing.__name__}(...)"
    module = type(thing).__module__
    name = type(thing).__qualname__
    if isinstance(thing, Iterator):
        return f"{name}, which can be looked at only once: write list(...)"
    if module == "builtins":
        return f"{name} {show(thing)}" if isinstance(thing, int | float) else name
    return f"{module}.{name}"


def _from_file(path: str | os.PathLike[str]) -> Taken:
    parts = read_scene(path)
    shapes = tuple(_as_clay(shape) for shape in parts.shapes)
    return Taken(
        pieces=shapes,
        emitters=parts.emitters,
        cameras=parts.cameras,
        medium=parts.medium,
        defaults=parts.defaults,
        annotations=parts.annotations,
        up=up_of_file(path),
        notes=parts.notes_of(path),
    )


def _as_clay(shape: Shape) -> Shape:
    """The shape, of clay wherever it is bare: such files say nothing of what it is made of."""
    if _colored(shape):
        return shape
    if isinstance(shape, Instances) and not shape.has_own_material:
        bare = shape.mesh
        if _colored(bare):
            return shape
        painted = _as_clay(bare)
        return shape if painted is bare else shape.replace(mesh=painted)
    if isinstance(shape, Mesh) and shape.materials is not None:
        if not any(material is DEFAULT_MATERIAL for material in shape.materials):
            return shape
        return shape.replace(
            materials=[CLAY if m is DEFAULT_MATERIAL else m for m in shape.materials]
        )
    return shape.replace(material=CLAY) if is_unpainted(shape) else shape


def _colored(shape: Any) -> bool:
    return any(getattr(shape, name, None) is not None for name in ("colors", "face_colors"))


@checked_call(SceneError)
def shapes_of(thing: object, *, style: str | None = None, up: str = "z") -> list[Shape]:
    """Make shapes of a thing: of another library, of arrays, or of a file.

    Its colours, normals and texture coordinates come along. Lights, cameras and what was mended are
    left to `studio` and `load_scene`.

    Parameters
    ----------
    thing : object
        What `show` takes.
    style : {"ball-and-stick", "space-filling", "licorice"}, optional
        How atoms look.
    up : {"x", "y", "z"}
        Along which axis the heights of a height field go.

    Returns
    -------
    list of Shape

    Raises
    ------
    SceneError
        If nothing is known of such things, or this one can't be read or has nothing to show.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> rw.shapes_of(([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)]))
    [Mesh(vertices=<3x3 float32>, faces=<1x3 int32>, material=Principled(base_color=(0.32, \
0.37, 0.44), roughness=0.45))]
    >>> rw.shapes_of(np.random.default_rng(0).random((1000, 3)))
    [Spheres(centers=<1000x3 float32>, radii=<1000 float32>, material=Principled(base_color=(0.32, \
0.37, 0.44), roughness=0.45))]
    """
    taken = take(thing, Wishes(style=style, up=up))
    notes: list[str] = []
    shapes = build(taken.pieces, notes)
    if not shapes:
        why = "; ".join([*taken.notes, *notes]) or "it is empty"
        raise SceneError(f"there is nothing to show in {_kind(thing)}: {why}")
    return shapes


__all__ = ["ADAPTERS", "TAKES", "shapes_of", "take"]
