"""What a PyVista plotter shows: its actors as they are drawn, its camera, lights, background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.plotter_views import Pixels, lights_of, view_of
from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken
from raywidget.adapters.vtk_volumes import volume_of_actor
from raywidget.io.building import AnyPiece
from raywidget.io.colors import one_opacity
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.io.vtk_data import POINTS, SURFACE, Look, array_of, leaves, painted, pieces_of, vtk
from raywidget.scene.materials.materials import Diffuse, Emissive, Material
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.textures import Attribute, ImageTexture
from raywidget.scene.values.colors import decode_srgb

_PBR, _FLAT = 3, 0  # VTK_PBR and VTK_FLAT in vtkProperty.h
_NAMES = {
    "ScalarBarActor": "scalar bar",
    "TextActor": "text",
    "CornerAnnotation": "text",
    "Volume": "volume",
    "CubeAxesActor": "axes with numbers",
    "AxesActor": "axes",
    "LegendBoxActor": "legend",
}


def is_plotter(thing: object) -> bool:
    """Is it one of PyVista's, or of its windows in Qt?"""
    libraries = ("pyvista", "pyvistaqt")
    return any(is_a(thing, name, "BasePlotter", "Plotter") for name in libraries)


def take_plotter(plotter: Any) -> Taken:
    """Take apart what the active subplot shows.

    What has no counterpart (text, bars, axes) is named in one note.
    """
    notes: list[str] = []
    pieces: list[AnyPiece] = []
    lost: dict[str, int] = {}
    renderer = plotter.renderer
    camera = view_of(plotter)
    pixels = Pixels.of(plotter, camera)
    for name, actor in _actors(plotter, renderer):
        if not actor.GetVisibility():
            continue
        if is_a(actor, "vtkmodules", "vtkVolume"):
            volume = volume_of_actor(name, actor, notes)
            if volume is not None:
                pieces.append(volume)
                continue
        if not is_a(actor, "vtkmodules", "vtkActor") or actor.GetMapper() is None:
            kind = _vtk_name(actor)
            lost[kind] = lost.get(kind, 0) + 1
            continue
        pieces += _actor(name, actor, pixels, notes)
    if len(getattr(plotter, "renderers", [])) > 1:
        lost["further subplots"] = len(plotter.renderers) - 1
    if lost:
        named = ", ".join(f"{count} {kind}" for kind, count in lost.items())
        notes.append(f"not translated: {named}")
    background = np.array(renderer.GetBackground())
    if renderer.GetGradientBackground():
        background = 0.5 * (background + np.array(renderer.GetBackground2()))
        notes.append("a gradient of the background is one colour, its middle")
    return Taken(
        pieces=tuple(pieces),
        emitters=lights_of(renderer, notes),
        cameras=(camera,),
        background=tuple(decode_srgb(background).tolist()),
        up="z",
        notes=tuple(dict.fromkeys(notes)),
    )


def _vtk_name(thing: Any) -> str:
    cls = next(c for c in type(thing).__mro__ if c.__module__.startswith("vtkmodules"))
    name = cls.__name__.removeprefix("vtk")
    return _NAMES.get(name, name)


def _actors(plotter: Any, renderer: Any) -> list[tuple[str | None, Any]]:
    """All that is drawn, with the names that PyVista gives (its made-up ones say nothing)."""
    # By addresses: objects of Python may be made anew at each look.
    names = {actor.GetAddressAsString(""): name for name, actor in plotter.actors.items()}
    props = renderer.GetViewProps()
    found = []
    for index in range(props.GetNumberOfItems()):
        actor = props.GetItemAsObject(index)
        name = names.get(actor.GetAddressAsString(""))
        if name is not None and ("Addr=" in name or "(" in name):
            name = None
        found.append((name, actor))
    return found


# --- Actors ---------------------------------------------------------------------------------------


class _Block(NamedTuple):
    """A data set that an actor draws; of groups each block may have a look of its own."""

    data: Any
    color: tuple[float, ...] | None = None
    opacity: float | None = None


def _blocks(data: Any, attributes: Any, above: _Block) -> Iterator[_Block]:
    color, opacity = above.color, above.opacity
    if attributes is not None:
        if attributes.HasBlockVisibility(data) and not attributes.GetBlockVisibility(data):
            return
        if attributes.HasBlockColor(data):
            color = tuple(attributes.GetBlockColor(data))
        if attributes.HasBlockOpacity(data):
            opacity = float(attributes.GetBlockOpacity(data))
    block = _Block(data, color, opacity)
    if is_a(data, "vtkmodules", "vtkMultiBlockDataSet"):
        for index in range(data.GetNumberOfBlocks()):
            if (inner := data.GetBlock(index)) is not None:
                yield from _blocks(inner, attributes, block)
    elif is_a(data, "vtkmodules", "vtkCompositeDataSet", "vtkDataObjectTree"):
        for inner in leaves(data):
            yield from _blocks(inner, attributes, block)
    elif is_a(data, "vtkmodules", "vtkDataSet") and data.GetNumberOfPoints():
        yield block


def _actor(name: str | None, actor: Any, pixels: Pixels, notes: list[str]) -> list[AnyPiece]:
    mapper, look = actor.GetMapper(), actor.GetProperty()
    mapper.Update()
    data = mapper.GetInputDataObject(0, 0)
    if data is None:
        return []
    matrix = np.array([[actor.GetMatrix().GetElement(i, j) for j in range(4)] for i in range(4)])
    drawn = _Drawn(
        name=name,
        mapper=mapper,
        look=look,
        matrix=None if np.allclose(matrix, np.eye(4)) else matrix,
        texture=_texture(actor),
        pixels=pixels,
    )
    attributes = getattr(mapper, "GetCompositeDataDisplayAttributes", lambda: None)()
    found: list[AnyPiece] = []
    for block in _blocks(data, attributes, _Block(None)):
        found += drawn.pieces(block, notes)
    return found


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """How an actor draws its data sets."""

    name: str | None
    mapper: Any
    look: Any  # its vtkProperty
    matrix: NDArray[np.float64] | None
    texture: ImageTexture | None
    pixels: Pixels

    def pieces(self, block: _Block, notes: list[str]) -> list[AnyPiece]:
        """Of one of them."""
        look, pixels = self.look, self.pixels
        if block.color is None:
            shown, alpha = _as_mapped(block.data, self.mapper, self.name or "an actor", notes)
        else:
            shown, alpha = painted(block.data, None, True), 1.0
        opacity = float(look.GetOpacity()) if block.opacity is None else block.opacity
        opacity = float(np.clip(opacity, 0.0, 1.0)) * alpha

        def material(colored: bool) -> Material:
            base: Any = _linear(block.color or look.GetDiffuseColor())
            if colored:
                base = Attribute("color")
            elif self.texture is not None:
                base = self.texture
            return _material(look, opacity, base)

        is_surface = look.GetRepresentation() == SURFACE
        edges = None
        if look.GetEdgeVisibility() and is_surface:
            edges = _material(look, float(look.GetOpacity()), _linear(look.GetEdgeColor()))
        points = pixels.radius(look.GetPointSize())
        representation = look.GetRepresentation()
        if is_a(self.mapper, "vtkmodules", "vtkPointGaussianMapper"):
            representation = POINTS
            points = float(self.mapper.GetScaleFactor()) or points
        found = pieces_of(
            shown,
            notes,
            Look(
                name=self.name,
                matrix=self.matrix,
                material=material,
                representation=representation,
                flat=look.GetInterpolation() == _FLAT,
                line_radius=pixels.radius(look.GetLineWidth()),
                point_radius=points,
                edges=edges,
            ),
        )
        if look.GetVertexVisibility() and is_surface:
            own = _material(look, opacity, _linear(look.GetVertexColor()))
            found += _vertices(found, points, own)
        return found


def _vertices(pieces: list[AnyPiece], radius: float, material: Material) -> list[AnyPiece]:
    meshes = [piece for piece in pieces if isinstance(piece, Piece)]
    return [Points(centers=mesh.vertices, radii=radius, material=material) for mesh in meshes]


def _linear(color: Any) -> tuple[float, ...]:
    return tuple(decode_srgb(np.clip(np.array(color, np.float64), 0.0, 1.0)).tolist())


def _material(look: Any, opacity: float, base: Any) -> Material:
    if not look.GetLighting():  # shown as it is, whatever the light
        if isinstance(base, Attribute) or opacity != 1.0:  # which give off no light
            return Diffuse(base, opacity=opacity)
        return Emissive(base)
    if look.GetInterpolation() == _PBR:
        return Principled(
            base,
            metallic=float(np.clip(look.GetMetallic(), 0.0, 1.0)),
            roughness=float(np.clip(look.GetRoughness(), 0.0, 1.0)),
            opacity=opacity,
        )
    shiny = float(np.clip(look.GetSpecular(), 0.0, 1.0))
    if shiny == 0.0:
        return Diffuse(base, opacity=opacity)
    # A lobe of Phong's exponent n is about as wide as GGX of alpha^2 = 2 / (n + 2) (Walter et al.
    # 2007, section 5.2), and alpha = roughness^2.
    rough = float((2.0 / (max(0.0, look.GetSpecularPower()) + 2.0)) ** 0.25)
    return Principled(base, roughness=rough, specular=shiny, opacity=opacity)


def _as_mapped(data: Any, mapper: Any, label: str, notes: list[str]) -> tuple[Any, float]:
    """The data set with the colours that its mapper gives it, and how opaque they are."""
    if not mapper.GetScalarVisibility():
        return painted(data, None, True), 1.0
    scalars = mapper.GetAbstractScalars(
        data,
        mapper.GetScalarMode(),
        mapper.GetArrayAccessMode(),
        mapper.GetArrayId(),
        mapper.GetArrayName() or "",
        vtk("vtkCommonCore", "reference")(0),
    )
    if scalars is None or not scalars.GetNumberOfTuples():
        return painted(data, None, True), 1.0
    values: NDArray[Any]
    if scalars.GetNumberOfComponents() in (3, 4) and mapper.GetColorMode() != 1:
        values = array_of(scalars)
    else:
        values = np.zeros((0, 0), np.float32)
    if values.dtype != np.uint8:
        table = mapper.GetLookupTable()
        if mapper.GetUseLookupTableScalarRange() == 0:
            table.SetRange(*mapper.GetScalarRange())
        if table.IsA("vtkLookupTable"):
            table.BuildSpecialColors()  # of what is no number, or beyond the range
        mode = 2 if values.size else 1  # direct colours, or through the table
        values = array_of(table.MapScalars(scalars, mode, -1))
    alphas = values[:, 3] / 255.0 if values.shape[1] == 4 else None
    of_points = len(values) == data.GetNumberOfPoints()
    return painted(data, values[:, :3], of_points), one_opacity(alphas, label, notes)


def _texture(actor: Any) -> ImageTexture | None:
    texture = actor.GetTexture()
    if texture is None:  # of PBR
        texture = actor.GetProperty().GetTexture("albedoTex")
    image = None if texture is None else texture.GetInput()
    scalars = None if image is None else image.GetPointData().GetScalars()
    if image is None or scalars is None:
        return None
    width, height, _ = image.GetDimensions()
    pixels = array_of(scalars).reshape(height, width, -1)[::-1]
    if pixels.dtype != np.uint8:
        return None
    if pixels.shape[2] < 3:
        pixels = np.repeat(pixels[:, :, :1], 3, axis=2)
    return ImageTexture(np.ascontiguousarray(pixels[:, :, :3]))
