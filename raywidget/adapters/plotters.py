"""What a PyVista plotter shows: its actors as they are drawn, its camera, lights, background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.adapters.plotter_backgrounds import background_of
from raywidget.adapters.plotter_maps import Bars, map_of, mapped_scalars
from raywidget.adapters.plotter_views import Pixels, lights_of, orientation_of, view_of
from raywidget.adapters.plotter_words import Words, ends_of_ruler
from raywidget.adapters.recognition import is_a
from raywidget.adapters.taken import Taken
from raywidget.adapters.vtk_volumes import volume_of_actor
from raywidget.io.building import AnyPiece
from raywidget.io.colors import one_opacity
from raywidget.io.lines import Lines
from raywidget.io.pieces import Piece
from raywidget.io.points import Points
from raywidget.io.vtk_data import (
    POINTS,
    SURFACE,
    Look,
    Shown,
    array_of,
    leaves,
    painted,
    pieces_of,
    showing,
)
from raywidget.scene.materials.materials import Diffuse, Emissive, Material
from raywidget.scene.materials.principled import Principled
from raywidget.scene.shapes.edges import Edges
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute
from raywidget.scene.values.colors import decode_srgb

_THINNEST = 0.1  # pixels
_BACK = 2e-4  # of its size: how far the back of a surface is behind its front
_PBR, _FLAT = 3, 0  # VTK_PBR and VTK_FLAT in vtkProperty.h
_NAMES = {
    "Volume": "volume",
    "AxesActor": "axes",
}


def is_plotter(thing: object) -> bool:
    """Is it one of PyVista's, or of its windows in Qt?"""
    libraries = ("pyvista", "pyvistaqt")
    return any(is_a(thing, name, "BasePlotter", "Plotter") for name in libraries)


def take_plotter(plotter: Any) -> Taken:
    """Take apart what the active subplot shows.

    Its words (titles, labels, axes with numbers) are annotations of the scene; what has no
    counterpart is named in one note.
    """
    notes: list[str] = []
    pieces: list[AnyPiece] = []
    lost: dict[str, int] = {}
    renderer = plotter.renderer
    camera = view_of(plotter)
    pixels = Pixels.of(plotter, camera)
    bars, words = Bars(plotter), Words()
    for name, actor in _actors(plotter, renderer):
        if not actor.GetVisibility():
            continue
        if is_a(actor, "vtkmodules", "vtkVolume"):
            volume = volume_of_actor(name, actor, bars.title(actor.GetMapper()), notes)
            if volume is not None:
                planes = _clip(actor.GetMapper())
                pieces.append(volume.replace(clip=planes) if planes else volume)
                continue
        if is_a(actor, "vtkmodules", "vtkScalarBarActor"):
            continue  # the map of what it tells has a bar
        if words.take(actor):
            continue
        if words.measure(actor, renderer):
            pieces.append(_ruler(actor, renderer, pixels))
            continue
        if not is_a(actor, "vtkmodules", "vtkActor") or actor.GetMapper() is None:
            kind = _vtk_name(actor)
            lost[kind] = lost.get(kind, 0) + 1
            continue
        pieces += _actor(name, actor, pixels, bars, notes)
    others = len(getattr(plotter, "renderers", ())) - 1
    if others > 0:
        notes.append(
            f"{others} further subplot{'s' * (others > 1)} left out: this is the active one; "
            "subplots(plotter) has the scenes of all"
        )
    if lost:
        named = ", ".join(f"{count} {kind}" for kind, count in lost.items())
        notes.append(f"not translated: {named}")
    words.step_out(pieces, camera)
    return Taken(
        pieces=tuple(pieces),
        emitters=lights_of(renderer, notes),
        cameras=(camera,),
        annotations=words.annotations() | orientation_of(renderer),
        background=background_of(plotter),
        up="z",
        notes=tuple(dict.fromkeys(notes)),
    )


def _ruler(ruler: Any, renderer: Any, pixels: Pixels) -> AnyPiece:
    ends = ends_of_ruler(ruler, renderer)
    assert ends is not None
    color = Diffuse(_linear(ruler.GetProperty().GetColor()))
    radius = pixels.radius(2.0)
    return Lines(starts=ends[0][None], ends=ends[1][None], radii=radius, material=color)


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


def _actor(
    name: str | None, actor: Any, pixels: Pixels, bars: Bars, notes: list[str]
) -> list[AnyPiece]:
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
        bars=bars,
        back=actor.GetBackfaceProperty(),
    )
    attributes = getattr(mapper, "GetCompositeDataDisplayAttributes", lambda: None)()
    found: list[AnyPiece] = []
    for block in _blocks(data, attributes, _Block(None)):
        found += drawn.pieces(block, notes)
    planes = _clip(mapper)
    if planes:
        found = [replace(p, clip=planes) if not isinstance(p, Shape) else p for p in found]
    return found


def _clip(mapper: Any) -> tuple[Plane, ...]:
    """What the mapper's planes cut away; VTK keeps what lies where their normals point to."""
    planes = mapper.GetClippingPlanes()
    found: list[Plane] = []
    for index in range(0 if planes is None else planes.GetNumberOfItems()):
        plane = planes.GetItem(index)
        normal = -np.array(plane.GetNormal())
        if np.isfinite(normal).all() and normal.any():
            found.append(Plane(tuple(plane.GetOrigin()), tuple(normal.tolist())))
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    """How an actor draws its data sets."""

    name: str | None
    mapper: Any
    look: Any  # its vtkProperty
    matrix: NDArray[np.float64] | None
    texture: ImageTexture | None
    pixels: Pixels
    bars: Bars
    back: Any  # the vtkProperty of the other side, if it has one of its own

    def pieces(self, block: _Block, notes: list[str]) -> list[AnyPiece]:
        """Of one of them."""
        look, pixels = self.look, self.pixels
        data, shown, alpha = painted(block.data, None, True), None, 1.0
        if block.color is None:
            data, shown, alpha = self._as_mapped(block.data, notes)
        opacity = float(look.GetOpacity()) if block.opacity is None else block.opacity
        opacity = float(np.clip(opacity, 0.0, 1.0)) * alpha

        def material(colored: bool, opacities: str | None) -> Material:
            base: Any = _linear(block.color or look.GetDiffuseColor())
            if colored:
                base = Attribute("color")
            elif self.texture is not None:
                base = self.texture
            if opacities is None:
                return _material(look, opacity, base)
            limits = None if opacity == 1.0 else (0.0, 1.0 / max(opacity, 1e-3))
            return _material(look, Attribute(opacities, limits=limits), base)

        is_surface = look.GetRepresentation() == SURFACE
        edges = None
        if look.GetEdgeVisibility() and is_surface:
            edges = Edges(max(_THINNEST, float(look.GetLineWidth())), _linear(look.GetEdgeColor()))
        points = pixels.radius(look.GetPointSize())
        representation = look.GetRepresentation()
        if is_a(self.mapper, "vtkmodules", "vtkPointGaussianMapper"):
            representation = POINTS
            points = float(self.mapper.GetScaleFactor()) or points
        found = pieces_of(
            data,
            notes,
            Look(
                name=self.name,
                matrix=self.matrix,
                material=material,
                representation=representation,
                flat=look.GetInterpolation() == _FLAT,
                shown=shown,
                line_radius=pixels.radius(look.GetLineWidth()),
                point_radius=points,
                edges=edges,
            ),
        )
        if self.back is not None and is_surface:
            found = [one for piece in found for one in self._both_sides(piece, alpha, notes)]
        if look.GetVertexVisibility() and is_surface:
            own = _material(look, opacity, _linear(look.GetVertexColor()))
            found += _vertices(found, points, own)
        return found

    def _both_sides(self, piece: AnyPiece, alpha: float, notes: list[str]) -> list[AnyPiece]:
        """A surface whose back looks otherwise: two, so close that they are seen as one."""
        back = self.back
        opacity = float(np.clip(back.GetOpacity(), 0.0, 1.0)) * alpha
        if not isinstance(piece, Piece) or not len(piece.faces):
            return [piece]
        if opacity < 1.0 or float(self.look.GetOpacity()) < 1.0:
            label = self.name or "an actor"
            notes.append(f"{label}: what is not opaque has the same look on both sides")
            return [piece]
        corners = piece.vertices[piece.faces]
        normals = np.zeros_like(piece.vertices)
        of_faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        for k in range(3):
            np.add.at(normals, piece.faces[:, k], of_faces)
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals /= np.where(lengths > 0.0, lengths, 1.0)
        size = float(np.linalg.norm(np.ptp(piece.vertices, axis=0)))
        behind = replace(
            piece,
            vertices=piece.vertices - _BACK * size * normals,
            material=_material(back, 1.0, _linear(back.GetDiffuseColor())),
            colors=None,
            face_colors=None,
            fields=None,
            name=None if self.name is None else f"{self.name}: back",
        )
        return [piece, behind]

    def _as_mapped(self, data: Any, notes: list[str]) -> tuple[Any, Shown | None, float]:
        """The data set with the numbers or colours that its mapper shows; how opaque they are."""
        label, mapper = self.name or "an actor", self.mapper
        found = mapped_scalars(data, mapper)
        if found is None:
            return painted(data, None, True), None, 1.0
        opacity = 1.0 if found.alphas is None else one_opacity(found.alphas, label, [])
        colormap = map_of(mapper, found, self.bars)
        if colormap is None or found.numbers is None:
            if found.alphas is not None:
                opacity = one_opacity(found.alphas, label, notes)
            return painted(data, found.colors, found.of_points), None, opacity
        varies = found.alphas is not None and float(np.ptp(found.alphas)) > 1e-3
        shown = Shown(found.name, colormap, 0.0 if self.look.GetLighting() else 1.0)
        data = showing(data, found.numbers, found.of_points, found.alphas if varies else None)
        return data, shown, 1.0 if varies else opacity


def _vertices(pieces: list[AnyPiece], radius: float, material: Material) -> list[AnyPiece]:
    meshes = [piece for piece in pieces if isinstance(piece, Piece)]
    return [Points(centers=mesh.vertices, radii=radius, material=material) for mesh in meshes]


def _linear(color: Any) -> tuple[float, ...]:
    return tuple(decode_srgb(np.clip(np.array(color, np.float64), 0.0, 1.0)).tolist())


def _material(look: Any, opacity: Any, base: Any) -> Material:
    if not look.GetLighting():  # shown as it is, whatever the light
        if isinstance(base, Attribute) or opacity != 1.0:  # values give off their own light
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
