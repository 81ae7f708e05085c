"""Shapes of Mitsuba, with their materials, lamps and media -> shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import EmptyMeshError, SceneError
from raywidget.io.meshes import mesh_of
from raywidget.io.mitsuba.elements import referred
from raywidget.io.mitsuba.surfaces import GREY, Surfaces
from raywidget.io.mitsuba.values import Plugin
from raywidget.io.notes import Notes
from raywidget.scene.materials.materials import Dielectric, Interface, Material
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.round import Cylinder, Disk
from raywidget.scene.shapes.simple import Quad, Shape, Sphere
from raywidget.scene.textures.textures import Attribute, Texture
from raywidget.scene.values import transforms
from raywidget.scene.values.colors import encode_srgb

F64 = NDArray[np.float64]

MAX_COPIES = 1 << 16  # of shapes that are no meshes, which are written out one by one

# Corners of a cube from -1 to 1, face by face, counter-clockwise from outside; each face has the
# texture coordinates (0, 0), (1, 0), (1, 1), (0, 1).
_CUBE = np.array(
    [
        [(1, -1, -1), (1, -1, 1), (-1, -1, 1), (-1, -1, -1)],
        [(1, 1, -1), (-1, 1, -1), (-1, 1, 1), (1, 1, 1)],
        [(1, -1, -1), (1, 1, -1), (1, 1, 1), (1, -1, 1)],
        [(1, -1, 1), (1, 1, 1), (-1, 1, 1), (-1, -1, 1)],
        [(-1, -1, 1), (-1, 1, 1), (-1, 1, -1), (-1, -1, -1)],
        [(1, 1, -1), (1, -1, -1), (-1, -1, -1), (-1, 1, -1)],
    ],
    dtype=np.float64,
)
_SQUARE = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], dtype=np.float64)
_UVS = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], dtype=np.float64)


class _Surface:
    """What a shape is made of, as keywords of shapes here."""

    def __init__(self, surfaces: Surfaces, plugin: Plugin) -> None:
        self.material: Material | None = GREY
        bsdfs = plugin.of_kind("bsdf")
        if len(bsdfs) > 1:
            raise SceneError(f"{plugin.place}: {plugin} must have one bsdf, got {len(bsdfs)}")
        if bsdfs:
            self.material = surfaces.material(bsdfs[0])
        self.flip = plugin.flag("flip_normals", False)
        self.emission: Any = None
        media = {
            name: surfaces.medium(value)
            for name in ("interior", "exterior")
            if isinstance(value := plugin.take(name), Plugin)
        }
        self.had_medium = "interior" in media
        self._fill(surfaces, plugin, media.get("interior"))
        for lamp in plugin.of_kind("emitter"):
            if lamp.type != "area":
                surfaces.notes.add(f"emitter {lamp.type!r} of a shape is left out", lamp.place)
                continue
            radiance = surfaces.radiance(lamp, "radiance")
            if isinstance(radiance, Texture):
                material = GREY if self.material is None else self.material
                self.material = material.replace(emission=radiance)
            else:
                self.emission = radiance

    def _fill(self, surfaces: Surfaces, plugin: Plugin, medium: Any) -> None:
        if self.material is None:
            if medium is not None:
                self.material = Interface(medium)
        elif medium is not None:
            if not isinstance(self.material, Dielectric):
                surfaces.notes.add(
                    "a medium in an opaque shape is never seen, and left out", plugin.place
                )
            else:
                self.material = self.material.replace(interior=medium, name=None)
        if self.material is not None and surfaces.is_turned(self.material):
            self.flip = not self.flip

    @property
    def keywords(self) -> dict[str, Any]:
        return {"material": self.material, "emission": self.emission}

    @property
    def has_texture(self) -> bool:
        return any(isinstance(part, Texture) for part in self._parts)

    @property
    def asks_for_colors(self) -> bool:
        return any(isinstance(part, Attribute) for part in self._parts)

    @property
    def _parts(self) -> list[Any]:
        return [getattr(self.material, f.name) for f in fields(self.material or GREY)]


class Shapes:
    """Translates shapes; copies of meshes stay copies."""

    def __init__(self, surfaces: Surfaces, notes: Notes) -> None:
        self._surfaces = surfaces
        self._notes = notes
        self.mended: list[tuple[str, Counter[str]]] = []  # of files of meshes, and where they are
        self._copies: dict[int, tuple[Plugin, list[F64]]] = {}

    def shapes(self, plugin: Plugin) -> list[Shape]:
        """The shapes that a plugin stands for; those of instances come by `copied`, at the end."""
        if plugin.type == "shapegroup":
            return []
        if plugin.type == "instance":
            groups = [part for part in plugin.of_kind("shape") if part.type == "shapegroup"]
            if len(groups) != 1:
                raise SceneError(f"{plugin.place}: {plugin} must refer to one shapegroup")
            _, places = self._copies.setdefault(id(groups[0]), (groups[0], []))
            places.append(plugin.matrix())
            return []
        return self._translated(plugin, np.eye(4))

    def copied(self) -> list[Shape]:
        """What instances show: `Instances` of meshes, other shapes one by one."""
        result: list[Shape] = []
        for group, places in self._copies.values():
            for part in group.of_kind("shape"):
                found = self._translated(part, np.eye(4), as_mesh=True)
                for shape in found:
                    if isinstance(shape, Mesh):
                        result.append(Instances(shape.replace(name=None), np.array(places)))
                        continue
                    if len(places) > MAX_COPIES:
                        raise SceneError(
                            f"{part.place}: {part} must have at most {MAX_COPIES:,} copies"
                        )
                    for place in places:
                        result += self._translated(part, place, named=False)
        return result

    def _translated(
        self, plugin: Plugin, place: F64, as_mesh: bool = False, named: bool = True
    ) -> list[Shape]:
        surface = _Surface(self._surfaces, plugin)
        if surface.material is None:
            # A medium without a counterpart has told so: that its shape goes with it is no news.
            if surface.had_medium:
                plugin.taken.update(plugin.properties)
            else:
                self._notes.add("a shape of 'null' without a medium is left out", plugin.place)
            return []
        matrix = place @ plugin.matrix()
        if abs(np.linalg.det(matrix[:3, :3])) < 1e-300:
            raise SceneError(f"{plugin.place}: {plugin}: to_world must not flatten it")
        if plugin.type == "rectangle" and as_mesh:
            return [self._flats(plugin, surface, matrix, _SQUARE[None])]
        translate = _SHAPES.get(plugin.type)
        if translate is None:
            self._notes.add(f"shape {plugin.type!r} is not known here, and left out", plugin.place)
            return []
        try:
            shape = translate(self, plugin, surface, matrix)
        except EmptyMeshError:
            self._notes.add("a file without triangles is left out", _whereabouts(plugin))
            return []
        return [shape.replace(name=plugin.id) if named and plugin.id else shape]

    # --- Kinds ------------------------------------------------------------------------------------

    def _sphere(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        scale = self._uniform(plugin, matrix[:3, :3])
        if surface.has_texture:
            # Ours has its pole at +y, and u = 0 at -x.
            ours = np.array([(-1.0, 0.0, 0.0), (0.0, 0.0, -1.0), (0.0, -1.0, 0.0)]).T
            if not np.allclose(matrix[:3, :3] / scale, ours, atol=1e-6):
                self._notes.add("the texture of a sphere has another pole here: +y", plugin.place)
        return Sphere(
            transforms.apply(matrix, plugin.vector("center", (0.0, 0.0, 0.0))),
            plugin.number("radius", 1.0) * scale,
            flip_normals=surface.flip,
            **surface.keywords,
        )

    def _rectangle(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        edge_u, edge_v = 2.0 * matrix[:3, 0], 2.0 * matrix[:3, 1]
        origin = transforms.apply(matrix, _SQUARE[0])
        if surface.flip != (np.linalg.det(matrix[:3, :3]) < 0.0):
            if surface.has_texture:
                self._notes.add("the texture of a turned rectangle is mirrored", plugin.place)
            origin, edge_u = origin + edge_u, -edge_u
        return Quad(origin, edge_u, edge_v, **surface.keywords)

    def _cube(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        return self._flats(plugin, surface, matrix, _CUBE)

    def _flats(self, plugin: Plugin, surface: _Surface, matrix: F64, corners: F64) -> Mesh:
        """Squares, as a mesh without smooth normals."""
        count = len(corners)
        first = 4 * np.arange(count)[:, None]
        faces = np.concatenate([first + np.array(three) for three in ((0, 1, 2), (0, 2, 3))])
        if np.linalg.det(matrix[:3, :3]) < 0.0:
            faces = faces[:, ::-1]
        return Mesh(
            transforms.apply(matrix, corners.reshape(-1, 3)),
            faces.astype(np.int32),
            uvs=np.tile(_UVS, (count, 1)).astype(np.float32),
            flip_normals=surface.flip,
            **surface.keywords,
        )

    def _disk(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        linear = matrix[:3, :3]
        self._plain(plugin, surface)
        x, y = linear[:, 0], linear[:, 1]
        radius = float(np.sqrt(np.linalg.norm(x) * np.linalg.norm(y)))
        if abs(x @ y) > 1e-6 * radius**2 or abs(np.linalg.norm(x) - radius) > 1e-6 * radius:
            self._notes.add("an elliptic disk is taken as a round one", plugin.place)
        return Disk(
            matrix[:3, 3],
            np.linalg.inv(linear).T[:, 2],
            radius,
            flip_normals=surface.flip,
            **surface.keywords,
        )

    def _cylinder(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        self._plain(plugin, surface)
        axis = [plugin.vector("p0", (0.0, 0.0, 0.0)), plugin.vector("p1", (0.0, 0.0, 1.0))]
        base, top = transforms.apply(matrix, np.array(axis))
        across = np.linalg.svd(np.cross((axis[1] - axis[0])[None], np.eye(3)))[2][:2]
        widths = np.linalg.norm(across @ matrix[:3, :3].T, axis=1)
        if abs(widths[0] - widths[1]) > 1e-6 * widths.max():
            self._notes.add("an elliptic cylinder is taken as a round one", plugin.place)
        return Cylinder(
            base,
            top,
            plugin.number("radius", 1.0) * float(widths.mean()),
            caps=False,
            flip_normals=surface.flip,
            **surface.keywords,
        )

    def _mesh_file(self, plugin: Plugin, surface: _Surface, matrix: F64) -> Shape:
        path = referred(plugin.scene, plugin.text("filename"), plugin.place)
        flat = plugin.flag("face_normals", False)
        turned = plugin.flag("flip_tex_coords", plugin.type == "obj")
        part = plugin.integer("shape_index", 0) if plugin.type == "serialized" else None
        self.mended.append((_whereabouts(plugin), Counter()))
        mesh = mesh_of(
            path,
            matrix,
            part=part,
            material=surface.material,
            smooth=not flat,
            mended_before=self.mended[-1][1],
        )
        # A to_world that mirrors turns a mesh inside out in Mitsuba; here its front stays in front.
        mirrored = np.linalg.det(matrix[:3, :3]) < 0.0
        changes: dict[str, Any] = {"flip_normals": surface.flip != mirrored}
        if mesh.uvs is not None and turned:
            changes["uvs"] = np.stack([mesh.uvs[:, 0], 1.0 - mesh.uvs[:, 1]], axis=1)
        if surface.asks_for_colors:
            if mesh.colors is None and mesh.face_colors is None:
                self._notes.add("a mesh has no colours for its mesh_attribute", plugin.place)
            for name in ("colors", "face_colors"):
                colors = getattr(mesh, name)
                if colors is not None:  # Mitsuba takes what stands in the file as it is
                    changes[name] = np.clip(encode_srgb(colors), 0.0, 1.0)
        return mesh.replace(emission=surface.emission, **changes)

    def _plain(self, plugin: Plugin, surface: _Surface) -> None:
        if surface.has_texture:
            self._notes.add(
                f"the texture of a {plugin.type} begins elsewhere on it here", plugin.place
            )

    def _uniform(self, plugin: Plugin, linear: F64) -> float:
        lengths = np.linalg.svd(linear, compute_uv=False)
        if lengths[0] > 1.000001 * lengths[-1]:
            self._notes.add("an ellipsoid is taken as a sphere of its mean radius", plugin.place)
        return float(np.cbrt(np.prod(lengths)))


def _whereabouts(plugin: Plugin) -> str:
    """Where a mesh is asked for, its name, and the file that it is in."""
    name = f", {plugin.id!r}" if plugin.id else ""
    return f"{plugin.place}{name} of {plugin.text('filename')}"


_SHAPES: dict[str, Callable[[Shapes, Plugin, _Surface, F64], Shape]] = {
    "sphere": Shapes._sphere,
    "rectangle": Shapes._rectangle,
    "cube": Shapes._cube,
    "disk": Shapes._disk,
    "cylinder": Shapes._cylinder,
    "obj": Shapes._mesh_file,
    "ply": Shapes._mesh_file,
    "serialized": Shapes._mesh_file,
}
