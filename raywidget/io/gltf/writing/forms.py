"""Shapes -> meshes and nodes of glTF: triangles as they are, all else in facets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.io.gltf.nodes import COLOR, INSTANCING
from raywidget.io.gltf.writing import facets as made
from raywidget.io.gltf.writing.facets import Facets
from raywidget.io.gltf.writing.paint import Coat, Paint
from raywidget.io.gltf.writing.placing import F64, posed, taken_apart
from raywidget.io.gltf.writing.sheaf import INDICES, VERTICES, Sheaf, Tree
from raywidget.scene.shapes.lines import Arrows, Tubes
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.quantities import ValuedShape
from raywidget.scene.shapes.round import Cone, Cylinder, Disk
from raywidget.scene.shapes.simple import Box, Quad, Shape, Sphere
from raywidget.scene.values.arrays import kind_of_points
from raywidget.scene.values.checks import label
from raywidget.scene.values.turning import frames_around

FEW = 256  # copies that are nodes; more are EXT_mesh_gpu_instancing, which not everyone reads
_MERGED = 4096  # items in colours of their own that become one mesh

_ROUND = 96  # segments of a sphere, a cylinder, ...
_SEGMENTS = ((16, 96), (256, 48), (4096, 32))  # of each of up to so many
_OF_MANY = 16


class Forms:
    """Writes shapes into a sheaf."""

    def __init__(self, sheaf: Sheaf, paint: Paint) -> None:
        self._sheaf = sheaf
        self._paint = paint
        self._meshes: dict[Any, int] = {}
        self._balls_made: dict[int, Facets] = {}
        self._formed_once: dict[Any, int] = {}
        self._baked: dict[int, Shape] = {}
        self._kept: list[Any] = []  # what ids in keys belong to

    def nodes(self, shape: Shape) -> list[int]:
        """Write a shape; returns its nodes at the top of the scene."""
        if isinstance(shape, Tubes | Arrows):
            return self._lines(shape)
        shape = self._in_colors(shape)
        if isinstance(shape, Mesh):
            radiances = [shape.radiance_of(material) for material in shape.all_materials]
            coats = self._coats(shape, shape.all_materials, radiances)
            return self._placed(
                self._mesh(shape, coats), _shifted(np.eye(4)[None], _origin(shape)), shape.name
            )
        if isinstance(shape, Instances):
            return self._instances(shape)
        if isinstance(shape, Quad | Box):
            flat = made.of_quad(shape) if isinstance(shape, Quad) else made.of_box(shape)
            return self._formed(shape, flat, np.eye(4)[None])
        if isinstance(shape, Sphere | Spheres):
            return self._balls(shape)
        if isinstance(shape, Cylinders):
            places = _along(shape.starts.astype(float), shape.ends.astype(float))
            places[:, :3, :2] *= np.asarray(shape.radii, float)[:, None, None]
            return self._many(shape, places, (1.0, 1.0, (shape.caps,) * 2), shape.colors)
        if isinstance(shape, Cylinder):
            places = _along(np.array([shape.base], float), np.array([shape.top], float))
            places[:, :3, :2] *= shape.radius
            return self._many(shape, places, (1.0, 1.0, (shape.caps,) * 2), None)
        if isinstance(shape, Cone):
            places = _along(np.array([shape.base], float), np.array([shape.top], float))
            radii = (shape.base_radius, shape.top_radius)
            return self._many(shape, places, (*radii, (shape.caps,) * 2), None)
        if isinstance(shape, Disk):
            base, normal = np.array([shape.center], float), np.array([shape.normal], float)
            disk = made.of_round(shape.radius, shape.radius, 0.0, (False, True), _ROUND)
            self._say(shape, disk)
            return self._formed(shape, disk, _along(base, base + normal))
        self._sheaf.note(f"A {type(shape).__name__} was left out.")
        return []

    # --- Kinds -----------------------------------------------------------------------------------

    def _coats(
        self, shape: Shape, materials: Sequence[Any], radiances: Any, tint: Any = None
    ) -> list[Coat | None]:
        thickness = _thickness(shape)
        return [
            self._paint.coat(material, radiance, thickness, tint)
            for material, radiance in zip(materials, radiances, strict=True)
        ]

    def _lines(self, shape: Tubes | Arrows) -> list[int]:
        """Balls and cylinders as wide as cones in their middle; heads of arrows as they are."""
        ends = shape.rounds()
        alike: Any = {"material": shape.material, "emission": shape.emission}
        parts: list[Shape] = []
        values = shape.shown
        if isinstance(shape, Tubes):
            colors = shape.colors if values is None else values.colors()
            parts.append(Spheres(shape.points, shape.radii, colors=colors, **alike))
            count = len(ends.base)
            of_segments = None if values is None else values.colors(shape.segments)
            if values is None and shape.colors is not None:
                of_segments = shape.colors[shape.segments].mean(axis=1)
        else:
            count = len(ends.base) // 2
            of_segments = None if values is None else values.colors(shape.has_arrow())
            if values is None and shape.colors is not None:
                of_segments = shape.colors[shape.has_arrow()]
        middle = 0.5 * (ends.base_radius + ends.top_radius)[:count]
        if count:
            sticks = Cylinders(
                ends.base[:count],
                ends.top[:count],
                middle.astype(np.float32),
                colors=of_segments,
                caps=ends.caps,
                name=shape.name,
                **alike,
            )
            parts.append(sticks)
        nodes: list[int] = []
        for part in parts:
            self._kept.append(part)
            nodes += self.nodes(part)
        if isinstance(shape, Arrows):
            places = _along(ends.base[count:], ends.top[count:])
            places[:, :3, :2] *= ends.base_radius[count:, None, None]
            nodes += self._many(sticks, places, (1.0, 0.0, (True, True)), of_segments)
        return nodes

    def _in_colors(self, shape: Shape) -> Shape:
        """Values as the colours that they have: glTF knows no others."""
        if not isinstance(shape, ValuedShape) or not shape.own_quantities:
            return shape
        if id(shape) not in self._baked:
            self._baked[id(shape)] = shape.baked()
            self._sheaf.note(f"The values of {label(shape)} became colours.")
        return self._baked[id(shape)]

    def _instances(self, copies: Instances) -> list[int]:
        mesh, places, colors = copies.mesh, copies.transforms, copies.colors
        baked = self._in_colors(mesh)
        assert isinstance(baked, Mesh)
        mesh = baked
        materials: Sequence[Any] = mesh.all_materials
        radiances: Sequence[Any] = copies.radiances()
        if copies.has_own_material:
            materials = [copies.material] * len(materials)
            radiances = list(radiances) * len(materials)
        coats = self._coats(copies, materials, radiances)
        if colors is None or not any(coat is not None and coat.wants_colors for coat in coats):
            return self._placed(
                self._mesh(mesh, coats), _shifted(places, _origin(mesh)), copies.name
            )
        bare = mesh.replace(colors=None, face_colors=None, name=None)
        self._kept.append(bare)
        if len(places) > FEW:
            shifted = _shifted(places, _origin(bare))
            return self._placed(self._mesh(bare, coats), shifted, copies.name, colors)
        nodes = []
        for color, place in zip(colors, places, strict=True):
            tint = tuple(map(float, color))
            coats = self._coats(copies, materials, radiances, tint)
            shifted = _shifted(place[None], _origin(bare))
            nodes += self._placed(self._mesh(bare, coats), shifted, copies.name)
        return nodes

    def _balls(self, shape: Sphere | Spheres) -> list[int]:
        if isinstance(shape, Sphere):
            centers, radii, colors = np.array([shape.center]), np.array([shape.radius]), None
        else:
            centers, radii, colors = shape.centers, shape.radii, shape.colors
        places = np.tile(np.eye(4), (len(centers), 1, 1))
        places[:, :3, :3] *= np.asarray(radii, float)[:, None, None]
        places[:, :3, 3] = centers
        return self._many(shape, places, None, colors)

    def _many(self, shape: Any, places: F64, form: Any, colors: Any) -> list[int]:
        """Copies of one round thing: a ball, or a truncated cone between z = 0 and 1."""
        coat = self._coats(shape, [shape.material], [shape.radiance])[0]
        if coat is None or not coat.wants_colors:
            colors = None
        around = next((n for most, n in _SEGMENTS if len(places) <= most), _OF_MANY)
        merged = colors is not None and len(places) <= _MERGED
        if merged:
            around = min(around, 16 if len(places) > FEW else 32)
        if form is None:
            facets = self._ball(around)
        else:
            # Its radii and its height are in the matrix, but for a cone, whose sides would lean.
            height = 1.0
            if isinstance(shape, Cone):
                height = float(np.linalg.norm(places[0, :3, 2]))
                places[:, :3, 2] /= height
            low, high, caps = form
            facets = made.of_round(low, high, height, caps, around)
        self._say(shape, facets)
        if merged:
            facets = made.copied(facets, places, colors)
            return self._formed(shape, facets, np.eye(4)[None])
        return self._formed(shape, facets, places, colors)

    def _ball(self, around: int) -> Facets:
        if around not in self._balls_made:
            self._balls_made[around] = made.of_ball(around)
        return self._balls_made[around]

    def _say(self, shape: Shape, facets: Facets) -> None:
        kind, count = type(shape).__name__, len(facets.corners)
        which = f"Each of the {kind}" if isinstance(shape, Spheres | Cylinders) else f"A {kind}"
        self._sheaf.note(f"{which} became {count:,} flat triangles with smooth normals.")

    def _formed(self, shape: Any, facets: Facets, places: F64, colors: Any = None) -> list[int]:
        coat = self._coats(shape, [shape.material], [shape.radiance])[0]
        if coat is None:
            return []
        turned = getattr(shape, "flip_normals", False)
        near, origin = facets.settled()
        key = (id(facets), coat, turned)
        if key not in self._formed_once:
            self._kept.append(facets)
            primitive = self._primitive(near.turned() if turned else near, coat)
            self._formed_once[key] = self._sheaf.once("meshes", {"primitives": [primitive]})
        return self._placed(self._formed_once[key], _shifted(places, origin), shape.name, colors)

    # --- Meshes ----------------------------------------------------------------------------------

    def _mesh(self, mesh: Mesh, coats: list[Coat | None]) -> int | None:
        """A mesh with one primitive for each of its materials that covers something."""
        key = (id(mesh), tuple(coats))
        if key not in self._meshes:
            self._kept.append(mesh)
            corners = mesh.faces.view(np.uint32)
            facets = Facets(
                mesh.vertices, corners, mesh.normals, mesh.uvs, mesh.colors, mesh.uvs2
            ).settled()[0]
            wanted = any(coat is not None and coat.wants_colors for coat in coats)
            if mesh.face_colors is not None and wanted:
                facets = facets.apart()._replace(colors=np.repeat(mesh.face_colors, 3, axis=0))
            if mesh.flip_normals:
                facets = facets.turned()
            primitives = []
            for number, coat in enumerate(coats):
                part = facets
                if mesh.face_materials is not None:
                    rows = mesh.face_materials == number
                    part = facets._replace(corners=facets.corners[rows])
                if coat is not None and len(part.corners):
                    primitives.append(self._primitive(part, coat))
            if not primitives:
                return None
            self._meshes[key] = self._sheaf.once("meshes", {"primitives": primitives})
        return self._meshes[key]

    def _primitive(self, facets: Facets, coat: Coat) -> Tree:
        if coat.wants_uvs and facets.uvs is None:
            facets = facets.apart()  # the coordinates of each triangle are its own
            own = np.array([(0, 0), (1, 0), (0, 1)], np.float32)
            facets = facets._replace(uvs=np.tile(own, (len(facets.corners), 1)))
        accessor = self._sheaf.accessor
        attributes = {"POSITION": accessor(facets.positions, VERTICES, bounded=True)}
        if facets.normals is not None:
            attributes["NORMAL"] = accessor(facets.normals, VERTICES)
        if facets.uvs is not None:
            attributes["TEXCOORD_0"] = accessor(_downwards(facets.uvs), VERTICES)
            second = facets.uvs if facets.uvs2 is None else facets.uvs2
            if coat.wants_second or facets.uvs2 is not None:
                attributes["TEXCOORD_1"] = accessor(_downwards(second), VERTICES)
        if facets.colors is not None and coat.wants_colors:
            attributes["COLOR_0"] = accessor(facets.colors, VERTICES)
        corners = accessor(facets.corners.ravel(), INDICES)
        return {"attributes": attributes, "indices": corners, "material": coat.material}

    # --- Nodes -----------------------------------------------------------------------------------

    def _placed(
        self,
        mesh: int | None,
        places: F64,
        name: str | None,
        colors: NDArray[np.float32] | None = None,
    ) -> list[int]:
        """Nodes of copies of a mesh, or one with all of them."""
        if mesh is None:
            return []
        sheaf = self._sheaf
        named: Tree = {} if name is None else {"name": name}
        apart = taken_apart(places) if len(places) > FEW else None
        if apart is None:
            nodes = []
            for place in places:
                *outer, inner = posed(place)
                index = sheaf.add("nodes", {**named, "mesh": mesh, **inner})
                for tree in outer:
                    index = sheaf.add("nodes", {**tree, "children": [index]})
                nodes.append(index)
            if len(places) > FEW:
                sheaf.note(f"{len(places):,} copies that are sheared became nodes.")
            if colors is not None:
                sheaf.note("Colours of copies that are sheared were left out.")
            return nodes
        names = ("TRANSLATION", "ROTATION", "SCALE")
        node: Tree = {**named, "mesh": mesh}
        if kind_of_points(apart.shifts) == np.float64:
            # Copies are told in single precision, the place of their node in double.
            low, high = apart.shifts.min(axis=0), apart.shifts.max(axis=0)
            middle = np.round(0.5 * (low + high))
            node["translation"] = middle.tolist()
            apart = apart._replace(shifts=apart.shifts - middle)
        columns: dict[str, Any] = dict(zip(names, apart, strict=True))
        if colors is not None:
            columns[COLOR] = colors
            sheaf.note(f"Colours of copies are {COLOR} of {INSTANCING}, as three.js has it.")
        attributes = {
            key: sheaf.accessor(np.ascontiguousarray(array, np.float32))
            for key, array in columns.items()
        }
        sheaf.note(
            f"{len(places):,} copies of a mesh were written by {INSTANCING}; who does not know it "
            "sees one of them."
        )
        sheaf.extend(node, INSTANCING, {"attributes": attributes})
        return [sheaf.add("nodes", node)]


def _downwards(uvs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Texture coordinates whose v points down."""
    return np.stack([uvs[:, 0], np.float32(1.0) - uvs[:, 1]], axis=1)


def _origin(mesh: Mesh) -> F64:
    """From where the positions of a mesh are written."""
    return Facets(mesh.vertices, mesh.faces.view(np.uint32)).settled()[1]


def _shifted(places: F64, origin: F64) -> F64:
    """Matrices (N, 4, 4) for what is written from an origin of its own."""
    if not origin.any():
        return places
    result = places.copy()
    result[:, :3, 3] += places[:, :3, :3] @ origin
    return result


def _along(starts: F64, ends: F64) -> F64:
    """(N, 4, 4): matrices that take z = 0 to the starts and z = 1 to the ends."""
    steps = ends - starts
    axes = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    places = np.tile(np.eye(4), (len(starts), 1, 1))
    places[:, :3, 0], places[:, :3, 1] = frames_around(axes)
    places[:, :3, 2], places[:, :3, 3] = steps, starts
    return places


def _thickness(shape: Shape) -> float:
    """How thick a thing is, for those who don't trace rays through it."""
    single = shape.mesh if isinstance(shape, Instances) else shape
    low, high = single.bounds()
    sizes = (high - low)[high > low]
    thickness = float(sizes.min()) if len(sizes) else 1.0
    if isinstance(shape, Instances):
        scales = np.linalg.norm(shape.transforms[0, :3, :3], axis=0)
        thickness *= float(scales.min())
    elif isinstance(shape, Spheres | Cylinders):
        thickness = 2.0 * float(np.mean(shape.radii))
    return thickness
