"""VTK and PyVista: data sets of every kind, and what a plotter shows.

PyVista's classes are derived from VTK's, and everything here is done by VTK's own methods; its
modules are imported only once a thing of VTK is there, so that they are loaded already.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken, Wishes, join
from raywidget.io.building import AnyPiece
from raywidget.io.colors import one_opacity, screen_colors
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.emitters.emitters import DirectionalLight, Emitter, PointLight, SpotLight
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.textures import Attribute, ImageTexture
from raywidget.scene.values.colors import decode_srgb

_COLORS = "raywidget: colours"  # the array that actors' colours travel in through filters
_PBR = 3  # VTK_PBR in vtkProperty.h
_FLAT = 0
_WIREFRAME, _POINTS = 1, 0
_SURROUND = 0.35  # share of a light kit that comes from everywhere


def recognises(thing: object) -> bool:
    """Is it a data set, a group of them, or a plotter?"""
    return is_a(thing, "vtkmodules", "vtkDataObject") or _is_plotter(thing)


def _is_plotter(thing: object) -> bool:
    libraries = ("pyvista", "pyvistaqt")
    return any(is_a(thing, name, "BasePlotter", "Plotter") for name in libraries)


def take(thing: Any, wishes: Wishes) -> Taken:
    """Take it apart."""
    if _is_plotter(thing):
        return take_plotter(thing)
    if is_a(thing, "vtkmodules", "vtkMultiBlockDataSet", "vtkPartitionedDataSet") or is_a(
        thing, "vtkmodules", "vtkCompositeDataSet", "vtkDataObjectTree"
    ):
        blocks = [take(block, wishes) for block in _leaves(thing)]
        return join(blocks) if blocks else Taken(notes=("a group without blocks",))
    if is_a(thing, "vtkmodules", "vtkDataSet"):
        notes: list[str] = []
        return Taken(pieces=tuple(_pieces(thing, {}, notes)), up="z", notes=tuple(notes))
    return Taken(notes=(f"a {type(thing).__name__} can't be shown",))


def _leaves(group: Any) -> list[Any]:
    walk = group.NewIterator()
    found = []
    walk.InitTraversal()
    while not walk.IsDoneWithTraversal():
        found.append(walk.GetCurrentDataObject())
        walk.GoToNextItem()
    return found


def _vtk(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"vtkmodules.{module}"), name)


def _array(data: Any) -> NDArray[Any]:
    to_numpy = _vtk("util.numpy_support", "vtk_to_numpy")
    return np.asarray(to_numpy(data))


# --- Data sets ------------------------------------------------------------------------------------


def _outside(data: Any) -> Any:
    """The surface of a data set as `vtkPolyData` of triangles, lines and points."""
    if not is_a(data, "vtkmodules", "vtkPolyData"):
        surface = _vtk("vtkFiltersGeometry", "vtkGeometryFilter")()
        surface.SetInputData(data)
        surface.Update()
        data = surface.GetOutput()
    triangles = _vtk("vtkFiltersCore", "vtkTriangleFilter")()
    triangles.SetInputData(data)
    triangles.PassLinesOn()
    triangles.PassVertsOn()
    triangles.Update()
    return triangles.GetOutput()


def _pieces(data: Any, parameters: dict[str, Any], notes: list[str]) -> list[AnyPiece]:
    """What a data set consists of; `parameters` are those of `Piece` that an actor gives."""
    name = parameters.get("name")
    mesh = _outside(data)
    if not mesh.GetNumberOfPoints():
        notes.append(f"{name or 'a data set'}: left out, it has no points")
        return []
    points = _array(mesh.GetPoints().GetData()).astype(np.float64)
    matrix = parameters.get("matrix")
    if matrix is not None:
        points = points @ matrix[:3, :3].T + matrix[:3, 3]
    representation = parameters.get("representation", 2)
    of_points, of_cells = _colors(mesh, notes)
    material = parameters.get("material")
    paint = None if material is None else material(of_points is not None or of_cells is not None)
    shared: dict[str, Any] = {"material": paint, "name": name}
    faces = _cells(mesh.GetPolys(), 3)
    lines = _segments(mesh.GetLines())
    if representation == _WIREFRAME and len(faces):
        lines = _edges(data, mesh, faces)
        of_cells = None
    pieces: list[AnyPiece] = []
    if len(faces) and representation == 2:
        normals, uvs = mesh.GetPointData().GetNormals(), mesh.GetPointData().GetTCoords()
        smooth = None if normals is None or parameters.get("flat") else _array(normals)
        if smooth is not None and matrix is not None:
            smooth = smooth @ np.linalg.pinv(matrix[:3, :3])
        if matrix is not None and np.linalg.det(matrix[:3, :3]) < 0.0:
            faces = faces[:, ::-1]
        # Cells are numbered: points first, then lines, then polygons.
        before = mesh.GetNumberOfVerts() + mesh.GetNumberOfLines()
        on_faces = of_cells is not None and len(of_cells) == before + len(faces)
        pieces.append(
            Piece(
                vertices=points,
                faces=faces,
                normals=smooth,
                uvs=None if uvs is None else _array(uvs)[:, :2],
                colors=of_points,
                face_colors=of_cells[before:] if on_faces and of_cells is not None else None,
                **shared,
            )
        )
    if len(lines) and representation != _POINTS:
        colors = None if of_points is None else of_points[lines[:, 0]]
        radius = parameters.get("line_radius")
        pieces.append(
            Lines(
                starts=points[lines[:, 0]],
                ends=points[lines[:, 1]],
                radii=radius,
                colors=colors,
                **shared,
            )
        )
    if not pieces or representation == _POINTS:
        colors = of_points if of_points is not None else of_cells
        if colors is not None and len(colors) != len(points):
            colors = None
        radius = parameters.get("point_radius")
        pieces.append(Points(centers=points, radii=radius, colors=colors, **shared))
    return pieces


def _cells(cells: Any, corners: int) -> NDArray[np.int64]:
    if not cells.GetNumberOfCells():
        return np.zeros((0, corners), np.int64)
    return _array(cells.GetConnectivityArray()).astype(np.int64).reshape(-1, corners)


def _segments(cells: Any) -> NDArray[np.int64]:
    """The straight pieces of all polylines, as pairs of points."""
    if not cells.GetNumberOfCells():
        return np.zeros((0, 2), np.int64)
    corners = _array(cells.GetConnectivityArray()).astype(np.int64)
    ends = np.zeros(len(corners), bool)
    ends[_array(cells.GetOffsetsArray()).astype(np.int64)[1:] - 1] = True
    starts = np.flatnonzero(~ends)
    return np.stack([corners[starts], corners[starts + 1]], axis=1)


def _edges(data: Any, mesh: Any, faces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Edges of a surface: of its own polygons where it has them, else of triangles."""
    polygons = data.GetPolys() if is_a(data, "vtkmodules", "vtkPolyData") else None
    if polygons is not None and data.GetNumberOfPoints() == mesh.GetNumberOfPoints():
        corners = _array(polygons.GetConnectivityArray()).astype(np.int64)
        offsets = _array(polygons.GetOffsetsArray()).astype(np.int64)
        following = np.arange(1, len(corners) + 1)
        following[offsets[1:] - 1] = offsets[:-1]
        pairs = np.stack([corners, corners[following]], axis=1)
    else:
        pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def _colors(mesh: Any, notes: list[str]) -> tuple[Any, Any]:
    """Colours of points and of cells: an actor's, or a data set's scalars that are bytes."""
    found = []
    for data in (mesh.GetPointData(), mesh.GetCellData()):
        array = data.GetArray(_COLORS) or data.GetScalars()
        values = None
        if array is not None and array.GetNumberOfComponents() in (3, 4):
            numbers = _array(array)
            if numbers.dtype == np.uint8:
                values = screen_colors(numbers)[0]
        found.append(values)
    return found[0], None if found[0] is not None else found[1]


# --- Plotters -------------------------------------------------------------------------------------


def take_plotter(plotter: Any) -> Taken:
    """What a plotter shows: its actors with their colours, lights, camera, background.

    What has no counterpart (text, bars, axes, volumes, edges on surfaces) is named in the notes.
    """
    notes: list[str] = []
    pieces: list[AnyPiece] = []
    lost: dict[str, int] = {}
    renderer = plotter.renderer
    for name, actor in _actors(plotter, renderer):
        if not actor.GetVisibility():
            continue
        if not is_a(actor, "vtkmodules", "vtkActor") or actor.GetMapper() is None:
            kind = _vtk_name(actor)
            lost[kind] = lost.get(kind, 0) + 1
            continue
        pieces += _actor(name, actor, notes, lost)
    if len(getattr(plotter, "renderers", [])) > 1:
        lost["further subplots"] = len(plotter.renderers) - 1
    if lost:
        named = ", ".join(f"{count} {kind}" for kind, count in lost.items())
        notes.append(f"not translated: {named}")
    background = np.array(renderer.GetBackground())
    if renderer.GetGradientBackground():
        background = 0.5 * (background + np.array(renderer.GetBackground2()))
        notes.append("a gradient of the background is one colour")
    return Taken(
        pieces=tuple(pieces),
        emitters=_lights(renderer, notes),
        cameras=_camera(plotter, renderer),
        background=tuple(decode_srgb(background).tolist()),
        up="z",
        notes=tuple(notes),
    )


def _vtk_name(thing: Any) -> str:
    cls = next(c for c in type(thing).__mro__ if c.__module__.startswith("vtkmodules"))
    name = cls.__name__.removeprefix("vtk")
    names = {
        "ScalarBarActor": "scalar bar",
        "TextActor": "text",
        "CornerAnnotation": "text",
        "Volume": "volume",
        "CubeAxesActor": "axes with numbers",
    }
    return names.get(name, name)


def _actors(plotter: Any, renderer: Any) -> list[tuple[str | None, Any]]:
    """All that is drawn, with the names that PyVista gives (its made-up ones say nothing)."""
    names = {id(actor): name for name, actor in plotter.actors.items()}
    props = renderer.GetViewProps()
    found = []
    for index in range(props.GetNumberOfItems()):
        actor = props.GetItemAsObject(index)
        name = names.get(id(actor))
        if name is not None and ("Addr=" in name or "(" in name):
            name = None
        found.append((name, actor))
    return found


def _actor(name: str | None, actor: Any, notes: list[str], lost: dict[str, int]) -> list[AnyPiece]:
    mapper, look = actor.GetMapper(), actor.GetProperty()
    mapper.Update()
    data = mapper.GetInputDataObject(0, 0)
    if data is None:
        return []
    label = name or "an actor"
    if is_a(data, "vtkmodules", "vtkCompositeDataSet"):
        blocks = [block for block in _leaves(data) if block is not None]
    else:
        blocks = [data]
    if look.GetEdgeVisibility() and look.GetRepresentation() == 2:
        lost["edges on surfaces"] = lost.get("edges on surfaces", 0) + 1
    matrix = np.array([[actor.GetMatrix().GetElement(i, j) for j in range(4)] for i in range(4)])
    texture = _texture(actor)
    opacity = float(np.clip(look.GetOpacity(), 0.0, 1.0))
    parts: list[AnyPiece] = []
    for block in blocks:
        if not block.GetNumberOfPoints():
            continue
        painted, alpha = _painted(block, mapper, label, notes)

        def material(colored: bool, alpha: float = alpha) -> Principled:
            base: Any = tuple(decode_srgb(np.array(look.GetDiffuseColor())).tolist())
            if colored:
                base = Attribute("color")
            elif texture is not None:
                base = texture
            pbr = look.GetInterpolation() == _PBR
            shiny = min(1.0, max(0.0, look.GetSpecular()))
            rough = (2.0 / (look.GetSpecularPower() + 2.0)) ** 0.25  # see `trimeshes`
            return Principled(
                base,
                metallic=float(np.clip(look.GetMetallic(), 0.0, 1.0)) if pbr else 0.0,
                roughness=float(np.clip(look.GetRoughness(), 0.0, 1.0))
                if pbr
                else (float(rough) if shiny > 0.0 else 0.5),
                opacity=opacity * alpha,
            )

        parts += _pieces(
            painted,
            {
                "name": name,
                "matrix": None if np.allclose(matrix, np.eye(4)) else matrix,
                "material": material,
                "representation": look.GetRepresentation(),
                "flat": look.GetInterpolation() == _FLAT,
            },
            notes,
        )
    return parts


def _painted(data: Any, mapper: Any, label: str, notes: list[str]) -> tuple[Any, float]:
    """The data set with the colours that its mapper gives it, and how opaque they are."""
    copy = data.NewInstance()
    copy.ShallowCopy(data)
    if not mapper.GetScalarVisibility():
        # Colours of its own, which the mapper does not look at.
        copy.GetPointData().SetActiveScalars(None)
        copy.GetCellData().SetActiveScalars(None)
        return copy, 1.0
    scalars = mapper.GetAbstractScalars(
        data,
        mapper.GetScalarMode(),
        mapper.GetArrayAccessMode(),
        mapper.GetArrayId(),
        mapper.GetArrayName() or "",
        _vtk("vtkCommonCore", "reference")(0),
    )
    if scalars is None:
        return copy, 1.0
    bytes_mode = scalars.GetNumberOfComponents() in (3, 4) and mapper.GetColorMode() != 1
    if bytes_mode and _array(scalars).dtype == np.uint8:
        values = np.array(_array(scalars))
    else:
        table = mapper.GetLookupTable()
        if mapper.GetUseLookupTableScalarRange() == 0:
            table.SetRange(*mapper.GetScalarRange())
        mode = 1 if bytes_mode else 0  # direct colours, or through the table
        values = np.array(_array(table.MapScalars(scalars, 2 if mode else 1, -1)))
    alphas = values[:, 3] / 255.0 if values.shape[1] == 4 else None
    colors = _vtk("util.numpy_support", "numpy_to_vtk")(values[:, :3].copy(), deep=True)
    colors.SetName(_COLORS)
    owner = copy.GetPointData() if len(values) == data.GetNumberOfPoints() else copy.GetCellData()
    owner.AddArray(colors)
    return copy, one_opacity(alphas, label, notes)


def _texture(actor: Any) -> ImageTexture | None:
    texture = actor.GetTexture()
    image = None if texture is None else texture.GetInput()
    scalars = None if image is None else image.GetPointData().GetScalars()
    if image is None or scalars is None:
        return None
    width, height, _ = image.GetDimensions()
    pixels = _array(scalars).reshape(height, width, -1)[::-1]
    return ImageTexture(pixels[:, :, :3]) if pixels.dtype == np.uint8 else None


def _camera(plotter: Any, renderer: Any) -> tuple[Camera, ...]:
    """Where it looks from, unless nobody has said so yet: PyVista then decides when it shows."""
    if not getattr(plotter, "camera_set", getattr(plotter.camera, "is_set", True)):
        return ()
    camera = renderer.GetActiveCamera()
    place = {
        "look_from": camera.GetPosition(),
        "look_at": camera.GetFocalPoint(),
        "up": camera.GetViewUp(),
    }
    if camera.GetParallelProjection():
        return (OrthographicCamera(**place, height=2.0 * camera.GetParallelScale()),)
    return (PerspectiveCamera(**place, vfov=float(camera.GetViewAngle())),)


def _lights(renderer: Any, notes: list[str]) -> tuple[Emitter, ...]:
    """Lights that the user has placed in the scene: head lights are PyVista's own light kit."""
    emitters: list[Emitter] = []
    lights = renderer.GetLights()
    for index in range(lights.GetNumberOfItems()):
        light = lights.GetItemAsObject(index)
        if not light.GetSwitch() or not light.LightTypeIsSceneLight():
            continue
        color = decode_srgb(np.clip(light.GetDiffuseColor(), 0.0, 1.0)) * light.GetIntensity()
        position, target = np.array(light.GetPosition()), np.array(light.GetFocalPoint())
        away = float(np.linalg.norm(target - position))
        if away == 0.0:
            continue
        # VTK's light makes a white matte surface across it as bright as 1: pi W/m^2.
        if not light.GetPositional():
            direction = tuple((target - position).tolist())
            emitters.append(DirectionalLight(direction, tuple((math.pi * color).tolist())))
            continue
        # It does not fall off with the distance; here it is right where it points.
        strength = tuple((math.pi * color * away**2).tolist())
        where = tuple(position.tolist())
        if light.GetConeAngle() >= 90.0:
            emitters.append(PointLight(where, strength))
        else:
            cone = max(1.0, float(light.GetConeAngle()))
            at = tuple(target.tolist())
            emitters.append(SpotLight(where, at, strength, cone_angle=cone, beam_angle=0.9 * cone))
        notes.append("a lamp falls off with the square of the distance; it is right at its target")
    return tuple(emitters)
