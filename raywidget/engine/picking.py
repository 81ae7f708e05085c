"""What a pixel shows: the object, its material, and where the ray through its centre ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from raywidget.engine.film.film import FilmState
from raywidget.engine.preview.unlit import shown_by
from raywidget.engine.session.run import Run
from raywidget.errors import RenderError, SettingsError
from raywidget.picture.noise import ERROR_REACH, standard_error
from raywidget.scene.materials.materials import Material
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_whole

if TYPE_CHECKING:
    from raywidget.engine.renderer import Renderer
    from raywidget.kernels.layout import SceneTables
    from raywidget.scene.scene import Scene

Vector = tuple[float, float, float]

NOT_YET = "not rendered yet: nobody can tell what is there"


@dataclass(frozen=True)
class Hit:
    """What a ray through the centre of a pixel meets.

    In a `Volume`, that is the place behind which less than half is seen: where the transmittance
    from the camera falls below 1/2.

    Parameters
    ----------
    shape : Shape
        The object, as it stands in the scene.
    index : int
        Where in ``scene.shapes``.
    material : Material
        Its material.
    distance : float
        From the camera, in scene units.
    point : (float, float, float)
        Where on the surface.
    normal, shading_normal : (float, float, float)
        Unit vectors; the second one is interpolated where a mesh has normals. Of a volume, the
        gradient of its numbers, towards the viewer; 0 where they do not change.
    uv : (float, float)
        Texture coordinates.
    primitive : int
        Which triangle or quad of all in the scene; changes when the scene does.
    row : int or None
        Which one of the shape's own, counted from 0: the sphere of a `Spheres`, the cylinder of a
        `Cylinders`, the copy of an `Instances`, the triangle of a `Mesh`. None for shapes that are
        one thing.
    value : float or None
        What the shape shows there as colours, NaN where that is no number; None: it shows nothing.
        Of a volume, its number there, between those around.
    label : str
        What that is called, with its unit.
    """

    shape: Shape
    index: int
    material: Material
    distance: float
    point: Vector
    normal: Vector
    shading_normal: Vector
    uv: tuple[float, float]
    primitive: int
    row: int | None
    value: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Pick:
    """What a pixel shows.

    Parameters
    ----------
    x, y : int
        The pixel, from the top left corner.
    radiance : (float, float, float)
        Mean radiance so far, linear Rec. 709.
    error : (float, float, float) or None
        Its standard error, an estimate, as in `Image.error`; None if there is no telling, as with
        a single sample.
    spp : int
        Samples in it.
    hit : Hit or None
        What the ray through its centre meets; None: nothing, it shows the environment.
    generation : int
        Of the render that was asked.
    """

    x: int
    y: int
    radiance: Vector
    error: Vector | None
    spp: int
    hit: Hit | None
    generation: int


def pick_pixel(run: Run, x: int, y: int) -> Pick:
    """Ask a render what one of its pixels shows.

    Raises
    ------
    SettingsError
        If there is no such pixel.
    RenderError
        If the scene has not been compiled, so that nobody knows what is there.
    """
    width, height = run.settings.width, run.settings.height
    for name, value, size in (("x", x, width), ("y", y, height)):
        number = as_whole(value)
        if number is None:
            raise SettingsError(f"pick: {name}: expected a pixel's number, got {show(value)}")
        if not 0 <= number < size:
            raise SettingsError(f"pick: {name}: expected 0 to {size - 1}, got {show(value)}")
    x, y = x.__index__(), y.__index__()
    if run.renderer is None:
        raise RenderError(NOT_YET)
    tile = next(
        tile
        for tile in run.film.tiles
        if 0 <= x - tile.x < tile.width and 0 <= y - tile.y < tile.height
    )
    state = run.film.read(tile)
    red, green, blue = state.pixels[y - tile.y, x - tile.x].tolist()
    hit = _trace(run, run.renderer, x, y)
    error = _error_of(run.film.state(), x, y)
    return Pick(x, y, (red, green, blue), error, state.spp, hit, run.generation)


def _error_of(film: FilmState, x: int, y: int) -> Vector | None:
    """A pixel of `Image.error`, from the neighbours over which that is averaged."""
    top, left = max(0, y - ERROR_REACH), max(0, x - ERROR_REACH)
    around = film.part(slice(top, y + ERROR_REACH + 1), slice(left, x + ERROR_REACH + 1))
    red, green, blue = standard_error(around.variance())[y - top, x - left].tolist()
    return (red, green, blue) if math.isfinite(red + green + blue) else None


def _trace(run: Run, renderer: Renderer, x: int, y: int) -> Hit | None:
    from raywidget.kernels.integrators import pick

    scene: Scene = run.scene
    settings = run.settings
    camera = renderer.compile_camera(scene.camera, settings.width, settings.height)
    values = np.zeros(pick.PICK_SIZE, np.float32)
    codes = np.zeros(pick.PICK_CODES, np.int32)
    across = 2.0 * (x + 0.5) / settings.width - 1.0
    up = 1.0 - 2.0 * (y + 0.5) / settings.height
    if not pick.pick_point(renderer.tables, camera, across, up, values, codes):
        return None
    index = int(codes[pick.PICK_SHAPE])
    if index >= len(scene.shapes):
        return None  # the disc of a spot light is no shape of the user's
    shape = scene.shapes[index]
    primitive = int(codes[pick.PICK_PRIMITIVE])
    row = _row_of(scene, index, primitive, int(codes[pick.PICK_INSTANCE]), renderer.tables)
    placement = renderer.placement
    point = placement.points_back(values[pick.PICK_POINT : pick.PICK_POINT + 3]).tolist()

    def vector(first: int) -> Vector:
        a, b, c = values[first : first + 3].tolist()
        return a, b, c

    return Hit(
        shape,
        index,
        _material_of(shape, row),
        float(values[pick.PICK_DISTANCE]) / placement.scale,
        (point[0], point[1], point[2]),
        vector(pick.PICK_NORMAL),
        vector(pick.PICK_SHADING_NORMAL),
        (float(values[pick.PICK_UV]), float(values[pick.PICK_UV + 1])),
        primitive,
        row,
        *_value_of(scene.shapes, index, float(values[pick.PICK_VALUE])),
    )


def _value_of(shapes: Sequence[Shape], index: int, value: float) -> tuple[float | None, str]:
    quantity = shown_by(shapes, index)
    shape = shapes[index] if 0 <= index < len(shapes) else None
    if isinstance(shape, Volume):
        return value, shape.colors_of_cuts()[0].label or ""
    if quantity is None:
        return None, ""
    return float(quantity.numbers.as_given(value)), quantity.label


def _row_of(
    scene: Scene, index: int, primitive: int, instance: int, tables: SceneTables
) -> int | None:
    """Which of the spheres, cylinders, triangles or copies that a shape consists of."""
    from raywidget.compiler.geometry.fans import SmallThings
    from raywidget.kernels.layout import INSTANCE_SHAPE, PRIMITIVE_SHAPE

    shape = scene.shapes[index]
    if isinstance(shape, Instances):
        return instance - int(np.argmax(tables.instance_codes[:, INSTANCE_SHAPE] == index))
    if isinstance(shape, Spheres | Cylinders | Mesh):
        row = primitive - int(np.argmax(tables.primitives[:, PRIMITIVE_SHAPE] == index))
        if isinstance(shape, Mesh) and row >= len(shape.faces):  # a part of a huge one
            things = SmallThings.among(scene.shapes)
            parts = things.split(shape)[1]
            return row if parts is None else int(parts.origins[row])
        return row
    return None


def _material_of(shape: Shape, row: int | None) -> Material:
    """A mesh may be made of several materials, face by face."""
    if not isinstance(shape, Mesh) or shape.materials is None or shape.face_materials is None:
        return shape.material
    return shape.materials[int(shape.face_materials[row])]
