"""`isosurface` and `plane_cut`, of whatever holds numbers in space or on a surface."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters import take, xarrays
from raywidget.adapters.recognition import is_a
from raywidget.errors import SceneError
from raywidget.io.building import build
from raywidget.io.isosurfaces import lines_on, slice_of, surface_in
from raywidget.scene.materials.materials import DEFAULT_MATERIAL, Material
from raywidget.scene.materials.transfer import TransferFunction
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Mesh
from raywidget.scene.shapes.quantities import UNNAMED, ValuedShape
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.colormaps import ColorMap
from raywidget.scene.values import checks
from raywidget.scene.values.checks import Vec3Like
from raywidget.scene.values.given import NotNumbers, as_items, as_numpy
from raywidget.scene.values.signatures import checked_call, did_you_mean, with_more

_TAKES = (
    "an (X, Y, Z) array, a Volume, a Mesh, a data set of PyVista or VTK, a DataArray, or another "
    "thing that becomes one mesh or volume"
)
_MOST_LEVELS = 256
_NOWHERE: Vec3Like = (0.0, 0.0, 0.0)


@checked_call(SceneError)
def isosurface(
    values: Any,
    level: float | Sequence[float],
    *,
    spacing: float | Vec3Like = 1.0,
    origin: Vec3Like = _NOWHERE,
    field: str | None = None,
    radius: float | None = None,
    **parameters: Any,
) -> Shape:
    """Make the surface on which a field has a number; on a surface, the lines.

    The front side is where the numbers are smaller. Normals follow from the gradient, so it is
    smooth. Arrays and volumes need scikit-image (marching cubes, Lewiner et al. 2003):
    ``pip install "raywidget[volumes]"``; data sets of PyVista and VTK go through VTK's filters.

    Parameters
    ----------
    values : object
        An (X, Y, Z) array, memory-mapped or not; a `Volume`, which brings its own spacing, origin
        and direction; an xarray ``DataArray`` with its coordinates; a data set of PyVista or VTK,
        of any kind; a `Mesh` that has values. Where numbers are not finite, there is no surface.
    level : float or sequence of float
        The number, between the least and the greatest one. Of several, each part has its level as
        value, and so its colour.
    spacing, origin : float or (float, float, float)
        Of an array, as in `Volume`.
    field : str, optional
        Which array, of a thing that has several; by default the one that it shows.
    radius : float, optional
        Of lines, in scene units; by default a five-hundredth of their extent.
    **parameters
        Of `Mesh` (of lines, of `Cylinders`), such as ``material=`` or ``colormap=``. Of arrays and
        volumes, ``quantities={"T": temperature}`` are other (X, Y, Z) arrays at the same places,
        whose numbers the surface shows.

    Returns
    -------
    Mesh, Cylinders or Tubes
        A surface; of what is a surface itself, lines.

    Raises
    ------
    SceneError
        If the field never has this number, it is no field, or scikit-image is not there.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> x, y, z = np.mgrid[-1:1:20j, -1:1:20j, -1:1:20j]
    >>> ball = rw.isosurface(x * x + y * y + z * z, 0.5, spacing=2 / 19, origin=(-1, -1, -1))
    >>> bool(np.allclose(np.linalg.norm(ball.vertices, axis=1), 0.5**0.5, atol=0.01))
    True
    >>> shells = rw.isosurface(x * x + y * y + z * z, [0.2, 0.5, 0.8], colormap="plasma")
    >>> shells.shown.limits
    Limits(low=0.20000000298023224, high=0.800000011920929)
    """
    owner = "isosurface()"
    for name in ("vertices", "faces", "normals", "values", "polygons"):
        if name in parameters:
            raise SceneError(f"{owner}: {name} follow from the field and can't be given")
    levels = _checked_levels(owner, level)
    if radius is not None:
        radius = checks.length(owner, "radius", radius)
    thing = _field_of(owner, values, spacing, origin, field)
    if isinstance(thing, Volume):
        told = {key: parameters.pop(key, None) for key in ("quantities", "colormap")}
        quantities = told["quantities"]
        if quantities is not None:
            if not isinstance(quantities, Mapping) or not quantities:
                expected = 'a mapping of names to arrays, such as {"T": temperature}'
                raise checks.fail(owner, "quantities", expected, quantities)
            quantities = {name: _array_of(item) for name, item in quantities.items()}
        vertices, faces, found = surface_in(owner, thing, levels, quantities, told["colormap"])
        corners: Any = faces
        return Mesh(vertices, corners, **{**found, **parameters})
    if isinstance(thing, Mesh):
        return _lines_of_values(owner, thing, field, levels, radius, parameters)
    cuts = importlib.import_module("raywidget.io.vtk_cuts")
    shape: Shape = cuts.contour(owner, thing, field, levels, radius)
    return _finished(shape, parameters)


isosurface.__signature__ = with_more(  # type: ignore[attr-defined]
    isosurface,
    [
        parameter
        for name, parameter in inspect.signature(Mesh).parameters.items()
        if name not in ("vertices", "faces", "normals", "values", "polygons")
    ],
)


@checked_call(SceneError)
def plane_cut(
    thing: Any,
    point: Vec3Like | None = None,
    normal: Vec3Like | str = "x",
    *,
    colormap: Any = None,
    radius: float | None = None,
    spacing: float | Vec3Like = 1.0,
    origin: Vec3Like = _NOWHERE,
    field: str | None = None,
    material: Material | None = None,
    unlit: float | None = None,
    name: str | None = None,
) -> Shape:
    """Make what a plane shows of a volume, or the lines in which it meets a surface.

    Parameters
    ----------
    thing : object
        What is cut, as for `isosurface`: an array, a `Volume`, a ``DataArray``, a data set of
        PyVista or VTK, a `Mesh`. It stays as it is.
    point : (float, float, float), optional
        In the plane; by default the middle of the thing.
    normal : (float, float, float), or "x", "y", "z"
        At right angles to it.
    colormap : ColorMap or str, optional
        Colours of its numbers, from the least to the greatest of the whole thing; by default those
        that the thing has, else "viridis".
    radius : float, optional
        Of lines, in scene units; by default a five-hundredth of their extent.
    spacing, origin : float or (float, float, float)
        Of an array, as in `Volume`.
    field : str, optional
        Which array, of a thing that has several; by default the one that it shows.
    material, unlit, name : see `Mesh`
        Of what is made, as in `Mesh`.

    Returns
    -------
    Mesh, Cylinders or Tubes
        Of what is solid a flat piece that has its numbers as values, of a surface its lines.

    Raises
    ------
    SceneError
        If the plane does not meet it, or a parameter is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> import raywidget as rw
    >>> field = rw.Volume(np.mgrid[0:8, 0:8, 0:8][2], transfer=rw.TransferFunction("viridis"))
    >>> type(rw.plane_cut(field, (3, 3, 3), (0, 1, 1))).__name__
    'Mesh'
    >>> slices = [rw.plane_cut(field, normal=axis) for axis in "xyz"]
    """
    owner = "plane_cut()"
    told = {"material": material, "unlit": unlit, "name": name}
    parameters = {key: value for key, value in told.items() if value is not None}
    at = None if point is None else checks.vec3(owner, "point", point)
    towards = np.array(checks.direction(owner, "normal", normal))
    towards /= np.linalg.norm(towards)
    if radius is not None:
        radius = checks.length(owner, "radius", radius)
    thing = _field_of(owner, thing, spacing, origin, field)
    if isinstance(thing, Mesh | Volume):
        low, high = thing.bounds()
        middle: NDArray[np.float64] = 0.5 * (np.asarray(low, np.float64) + high)
        where = middle if at is None else np.array(at)
        if isinstance(thing, Volume):
            return _finished(slice_of(owner, thing, where, towards, colormap), parameters)
        thing = _showing(owner, thing, field)
        if colormap is not None:
            thing = thing.replace(colormap=colormap)
        above = (np.asarray(thing.vertices, np.float64) - where) @ towards
        lines = lines_on(owner, thing, above, radius, {}, "the plane does not meet")
        return _finished(lines, parameters)
    cuts = importlib.import_module("raywidget.io.vtk_cuts")
    shape: Shape = cuts.section(owner, thing, field, at, tuple(towards), colormap, radius)
    return _finished(shape, parameters)


def _checked_levels(owner: str, level: Any) -> list[float]:
    items = level.tolist() if isinstance(level, np.ndarray) else as_items(level)
    if not isinstance(items, list | tuple):
        return [checks.number(owner, "level", level)]
    if not 1 <= len(items) <= _MOST_LEVELS:
        raise checks.fail(owner, "level", f"a number, or 1 to {_MOST_LEVELS} of them", level)
    return [checks.number(owner, f"level[{k}]", item) for k, item in enumerate(items)]


def _field_of(owner: str, thing: Any, spacing: Any, origin: Any, field: str | None) -> Any:
    """A `Volume`, a `Mesh`, or a data set of VTK."""
    word = "values" if owner.startswith("iso") else "thing"
    if field is not None and not isinstance(field, str):
        raise checks.fail(owner, "field", "the name of an array", field)
    if is_a(thing, "xarray", "Dataset"):
        names = list(thing.data_vars)
        if field not in names:
            hint = did_you_mean(field or "", map(str, names))
            raise checks.fail(owner, "field", "the name of an array of the Dataset", field, hint)
        thing, field = thing[field], None
    placed = not (np.array_equal(spacing, 1.0) and np.array_equal(origin, _NOWHERE))
    if isinstance(thing, Volume | Mesh) or not _is_array(thing):
        if placed:
            raise SceneError(
                f"{owner}: a {type(thing).__name__} has its own places; spacing= and origin= are "
                "for arrays"
            )
    else:
        return Volume(thing, spacing=spacing, origin=origin)
    if isinstance(thing, Volume | Mesh):
        return thing
    if is_a(thing, "vtkmodules", "vtkDataObject"):
        return thing
    if is_a(thing, "xarray", "DataArray"):
        if thing.squeeze().ndim != 3:
            raise checks.fail(owner, word, f"of three dimensions, not {dict(thing.sizes)}", thing)
        colors = ColorMap(label=xarrays.label_of(thing))
        return xarrays.volume_of_field(thing)[0].replace(transfer=TransferFunction(colors))
    if isinstance(thing, Scene) or thing is None:
        raise checks.fail(owner, word, _TAKES, thing)
    try:
        taken = take(thing)
        shapes = build(taken.pieces, [])
    except SceneError as error:
        if isinstance(thing, Shape):
            raise
        raise SceneError(f"{owner}: {word} must be {_TAKES}: {error}") from None
    if len(shapes) != 1 or not isinstance(shapes[0], Mesh | Volume):
        raise checks.fail(owner, word, _TAKES, thing)
    return shapes[0]


def _is_array(thing: Any) -> bool:
    """Numbers of which nothing else is known."""
    if is_a(thing, "xarray", "DataArray") or isinstance(thing, str | bytes | dict | Shape | Scene):
        return False
    try:
        array = as_numpy(thing)
    except NotNumbers:
        return np.ma.isMaskedArray(thing)
    return array.ndim > 1 and array.dtype.kind in "biufc"


def _array_of(item: Any) -> Any:
    """Another field on the same grid; a `DataArray` in the order that its places have here."""
    if is_a(item, "xarray", "DataArray"):
        return xarrays.volume_of_field(item)[0].values.array
    return item


def _showing(owner: str, mesh: Mesh, field: str | None) -> Mesh:
    if field is None:
        return mesh
    if field not in mesh.own_quantities:
        names = mesh.own_quantities
        hint = did_you_mean(field, names) if names else "it has none"
        raise checks.fail(owner, "field", f"a quantity of {checks.label(mesh)}", field, hint)
    return mesh.replace(show=field)


def _lines_of_values(
    owner: str,
    mesh: Mesh,
    field: str | None,
    levels: Sequence[float],
    radius: float | None,
    parameters: dict[str, Any],
) -> Shape:
    mesh = _showing(owner, mesh, field)
    shown = mesh.shown
    if shown is None or shown.numbers.on != "vertices":
        raise SceneError(f"{owner}: {checks.label(mesh)} must have values at its vertices")
    values = np.asarray(shown.numbers.array, np.float64)
    for level in levels:
        if not shown.numbers.low < level < shown.numbers.high:
            expected = (
                f"between the least value, {shown.numbers.low:g}, and the greatest one, "
                f"{shown.numbers.high:g}"
            )
            raise checks.fail(owner, "level", expected, level)
    bare = mesh.replace(
        values=None, quantities=None, show=None, colormap=None, unlit=0.0, material=DEFAULT_MATERIAL
    )
    parts = [
        lines_on(owner, bare, values - level, radius, {}, f"there is no line of {level:g} on")
        for level in levels
    ]
    starts, ends = (np.concatenate([getattr(p, end) for p in parts]) for end in ("starts", "ends"))
    told: dict[str, Any] = {}
    if len(levels) > 1:
        counts = [len(part.starts) for part in parts]
        own = np.repeat(np.asarray(levels, np.float64), counts)
        colormap = shown.colormap.replace(limits=tuple(shown.limits), symmetric=False)
        told = {"quantities": {shown.name: own}, "colormap": colormap, "unlit": mesh.unlit}
        if shown.name == UNNAMED:
            told["values"] = told.pop("quantities")[UNNAMED]
    radii = max(float(part.radii[0]) for part in parts)
    lines = type(parts[0])(starts, ends, radii, caps=True, **told)  # type: ignore[arg-type]
    return _finished(lines, parameters)


def _refuse_unknown(owner: str, given: Mapping[str, Any], signature: inspect.Signature) -> None:
    for name in given:
        if name not in signature.parameters:
            hint = did_you_mean(name, signature.parameters)
            raise SceneError(f"{owner}: there is no parameter {name!r}; {hint}")


def _finished(shape: Shape, parameters: dict[str, Any]) -> Shape:
    """The shape with what the caller has said of it; bare as one that he makes himself is."""
    _refuse_unknown(type(shape).__name__, parameters, inspect.signature(type(shape)))
    if isinstance(shape, ValuedShape) and shape.shown is None and "colormap" in parameters:
        raise SceneError("isosurface(): colormap= needs several levels")
    return shape.replace(**parameters) if parameters else shape
