"""A glTF file, read as the parts of a scene."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.gltf import exact, extensions, materials, nodes, pictures, primitives, sights
from raywidget.io.gltf.accessors import Accessors
from raywidget.io.gltf.compression import DRACO, MESHOPT
from raywidget.io.gltf.document import Document, Tree
from raywidget.io.gltf.laid_maps import Move, Paint
from raywidget.io.gltf.materials import Materials, Surface
from raywidget.io.gltf.nodes import Nodes, Placed
from raywidget.io.gltf.pictures import Pictures
from raywidget.io.gltf.primitives import Geometry, Primitives
from raywidget.io.maps import Affine
from raywidget.io.parts import SceneParts
from raywidget.io.places import invertible
from raywidget.io.views import bounds_of
from raywidget.scene.camera import Camera
from raywidget.scene.emitters.emitters import Emitter
from raywidget.scene.shapes.many import Cylinders, Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Shape
from raywidget.scene.values.checks import SMALLEST_LENGTH

_KNOWN = {
    *extensions.KNOWN,
    *materials.MISSED,
    DRACO,
    *MESHOPT,
    pictures.TRANSFORM,
    pictures.WEBP,
    pictures.BASISU,
    nodes.INSTANCING,
    nodes.VISIBILITY,
    sights.LIGHTS,
    "KHR_mesh_quantization",
}
_VARIANTS = "KHR_materials_variants"
# What doesn't change how things look.
_SILENT = {"KHR_xmp", "KHR_xmp_json_ld", "EXT_structural_metadata", "EXT_mesh_features"}
# What a file may require and yet look right without, in its first variant or at time 0.
_SPARED = {_VARIANTS, "KHR_animation_pointer"}

_POINT = 1.0 / 400.0  # radius of a point, as a share of the diagonal of all of them, at most
_LINE = 1.0 / 1000.0


def read(path: Path) -> SceneParts:
    """Read a glTF 2.0 file: .glb, or .gltf with what lies beside it.

    Raises
    ------
    SceneError
        If it can't be read, is damaged, or needs what is not known here; with file and place.
    """
    return _Reader(Document(path)).parts()


class _Names:
    """Names of the file, each given to one thing only: what comes later gets a number."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def of(self, tree: Tree, place: str) -> str | None:
        name = " ".join(self._document.text(tree, "name", place).split())[:100]
        return self.unique(name) if name else None

    def unique(self, name: str) -> str:
        result = name
        while result in self._taken:
            self._next[name] = self._next.get(name, 1) + 1
            result = f"{name} ({self._next[name]})"
        self._taken.add(result)
        return result


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        _check_extensions(document)
        self._accessors = Accessors(document)
        self._names = _Names(document)
        self._primitives = Primitives(document, self._accessors)
        self._pictures = Pictures(document)
        self._materials = Materials(document, self._pictures, self._names)

    def parts(self) -> SceneParts:
        document = self._document
        scene = exact.read(document, self._pictures.picture)
        if scene is not None:
            return SceneParts(
                shapes=tuple(scene.shapes),
                emitters=tuple(scene.emitters),
                cameras=(scene.camera,),
                medium=scene.medium,
                background=scene.background,
                clip=tuple(scene.clip),
                caps=scene.caps,
                defaults=scene.defaults,
                annotations=scene.annotations,
                name=scene.name,
                notes=tuple(scene.notes),
                is_saved=True,
            )
        graph = nodes.read_nodes(document, self._accessors)
        shapes = list(self._shapes(graph))
        emitters = list(self._emitters(graph))
        cameras, defaults = self._cameras(graph, shapes)
        self._materials.tell()
        return SceneParts(
            shapes=tuple(shapes),
            emitters=tuple(emitters),
            cameras=tuple(cameras),
            defaults=defaults,
            notes=document.notes(),
        )

    # --- Shapes ----------------------------------------------------------------------------------

    def _shapes(self, graph: Nodes) -> Iterable[Shape]:
        """Meshes in the order of their first nodes; what has several places is stored once."""
        document = self._document
        groups: dict[Any, list[Placed]] = {}
        for node in graph.placed:
            if "mesh" in node.tree:
                here = f"node {node.index}"
                mesh = document.integer(node.tree, "mesh", here)
                skin = document.index(node.tree, "skin", here)
                document.item("meshes", mesh, here)
                # A skin has its own place, so nothing is shared.
                own = node.index if skin is not None else -1
                key = (mesh, skin, own, self._weights(node, mesh))
                groups.setdefault(key, []).append(node)
        for (mesh, skin, _, weights), members in groups.items():
            yield from self._mesh(graph, mesh, skin, weights, members)

    def _weights(self, node: Placed, mesh: int) -> tuple[float, ...]:
        """Of morph targets: what an animation says, the node, or the mesh."""
        if node.weights is not None:
            return node.weights
        trees = (
            (node.tree, f"node {node.index}"),
            (self._document.items("meshes")[mesh], f"mesh {mesh}"),
        )
        for tree, place in trees:
            value = tree.get("weights")
            if isinstance(value, list) and value:
                zeros = (0.0,) * len(value)
                return self._document.numbers(tree, "weights", place, zeros)
        return ()

    def _mesh(
        self,
        graph: Nodes,
        index: int,
        skin: int | None,
        weights: tuple[float, ...],
        members: list[Placed],
    ) -> Iterable[Shape]:
        document = self._document
        tree = document.item("meshes", index, "")
        places = nodes.joined([nodes.copies(document, self._accessors, n) for n in members])
        joints = None
        if skin is not None:
            joints = nodes.joint_matrices(document, self._accessors, graph, skin)
        name = self._label(tree, f"mesh {index}", members)
        for number, primitive in enumerate(document.objects(tree, "primitives", f"mesh {index}")):
            here = f"mesh {index}, primitive {number}"
            geometry = self._primitives.read(primitive, here, weights)
            if geometry is None:
                continue
            where = places
            if joints is not None and geometry.joints:
                most = max(int(array.max()) for array in geometry.joints)
                if most >= len(joints):
                    raise document.error(
                        here, f"refers to joint {most} of {len(joints)} of skin {skin}"
                    )
                document.spend(200 * len(geometry.positions), here)
                geometry = primitives.skinned(geometry, joints)
                where = nodes.Copies(np.eye(4)[None])
            mended = primitives.mended(geometry, document, here)
            if mended is not None:
                shapes = self._primitive(primitive, mended, where, here, name)
                try:
                    yield from shapes
                except SceneError as error:
                    if document.path.name in str(error):
                        raise
                    raise document.error(here, str(error)) from None

    def _label(self, tree: Tree, place: str, members: list[Placed]) -> str | None:
        node = members[0]
        of_node = " ".join(self._document.text(node.tree, "name", f"node {node.index}").split())
        of_mesh = " ".join(self._document.text(tree, "name", place).split())
        return ((of_node if len(members) == 1 else "") or of_mesh or of_node)[:100] or None

    def _primitive(
        self,
        tree: Tree,
        geometry: Geometry,
        copies: nodes.Copies,
        here: str,
        label: str | None,
    ) -> Iterable[Shape]:
        """The shapes of one primitive, at all of its places."""
        document = self._document
        corners = geometry.cells.shape[1]
        places, shades = copies
        if corners != primitives.TRIANGLES:
            shades = None
        if shades is not None:
            if geometry.colors is not None:
                document.note(f"{here}: colours of its copies stand for those of its vertices.")
            geometry = replace(geometry, colors=None)
        paint, colors = _paint(geometry, corners == primitives.TRIANGLES, document, here)
        if shades is not None:
            paint = paint._replace(colored=True)
        surface = self._materials.of(document.index(tree, "material", here), paint, here)
        if not surface.visible:
            document.note(f"{here} is transparent everywhere and was left out.")
            return
        factor = np.array(surface.color_factor, np.float32)
        colors = None if colors is None else colors * factor
        shades = None if shades is None else shades * factor
        sound = invertible(places)
        flat = [k for k in np.flatnonzero(~sound) if np.linalg.norm(places[k, :3, :3]) > 1e-12]
        if len(flat) + int(sound.sum()) < len(places):
            document.note(f"{here}: what is scaled to nothing was left out.")

        def name() -> str | None:
            return None if label is None else self._names.unique(label)

        if corners != primitives.TRIANGLES:
            for k in [*np.flatnonzero(sound), *flat]:
                document.spend(64 * len(geometry.cells), here)
                yield _many(primitives.placed(geometry, places[k]), colors, surface, name())
            return
        if sound.sum() > 1 or (shades is not None and sound.any()):
            mesh = _mesh_of(geometry, colors, surface, None)
            tints = None if shades is None else shades[sound]
            yield Instances(mesh, places[sound], colors=tints, name=name())
        else:
            flat = [*np.flatnonzero(sound), *flat]
        for k in flat:
            document.spend(32 * len(geometry.positions) + 12 * len(geometry.cells), here)
            there = primitives.placed(geometry, places[k])
            if not sound[k]:
                there.normals = None
            yield _mesh_of(there, colors, surface, name())

    # --- Cameras and lights ----------------------------------------------------------------------

    def _emitters(self, graph: Nodes) -> Iterable[Emitter]:
        document = self._document
        for node in graph.placed:
            light = document.extension(node.tree, sights.LIGHTS, f"node {node.index}")
            if light is not None:
                name = self._names.of(node.tree, f"node {node.index}")
                emitter = sights.read_light(document, node, light, name)
                if emitter is not None:
                    yield emitter

    def _cameras(self, graph: Nodes, shapes: list[Shape]) -> tuple[list[Camera], dict[str, Any]]:
        document = self._document
        bounds = bounds_of(shapes)
        cameras: list[Camera] = []
        defaults: dict[str, Any] = {}
        for node in graph.placed:
            if "camera" in node.tree:
                name = self._names.of(node.tree, f"node {node.index}")
                camera, size = sights.read_camera(document, node, bounds, name)
                defaults = defaults or size if cameras else size
                cameras.append(camera)
        return cameras, defaults


def _check_extensions(document: Document) -> None:
    required = document.words("extensionsRequired")
    unknown = sorted(set(required) - _KNOWN - _SILENT - _SPARED)
    if unknown:
        raise document.error(
            "",
            f"needs {', '.join(unknown)}, which can't be read here; "
            "export it without, or convert it by gltf-transform",
        )
    variants = document.extension(document.tree, _VARIANTS, "")
    if variants is not None:
        names = [str(v.get("name", ""))[:40] for v in document.objects(variants, "variants", "")]
        document.note(
            f"The file has variants of its materials ({', '.join(names[:12])}); the one that it "
            "shows by itself was read."
        )
    for name in sorted(set(document.words("extensionsUsed")) - _KNOWN - _SILENT - {_VARIANTS}):
        document.note(f"{name} is not known here; what it says is not shown.")


def _paint(
    geometry: Geometry, smooth: bool, document: Document, here: str
) -> tuple[Paint, NDArray[Any] | None]:
    """What a primitive brings to its material, and its colours where they vary."""
    sets = tuple(geometry.uvs) if smooth else ()
    moves = tuple(_moved(geometry.uvs[sets[0]], geometry.uvs[key]) for key in sets)
    if geometry.colors is None:
        return Paint(sets, moves, False, None, 1.0), None
    first = geometry.colors[0]
    alpha = 1.0
    if len(first) == 4:
        alpha = float(first[3])
        if not (geometry.colors[:, 3] == first[3]).all():
            alpha = math.nan
    rgb = geometry.colors[:, :3]
    tint = None
    if (rgb == first[:3]).all():
        r, g, b = (float(value) for value in first[:3])
        tint = (r, g, b)
    return Paint(sets, moves, True, tint, alpha), rgb


def _moved(first: NDArray[Any], other: NDArray[Any]) -> Move | None:
    """The affine map from one set of texture coordinates to another; None if it is none.

    Programs write sets that are equal, or moved or scaled as a whole.
    """
    if first is other or np.array_equal(first, other):
        return (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    rows = np.column_stack([first, np.ones(len(first))]).astype(np.float64)
    columns, _, rank, _ = np.linalg.lstsq(rows, other.astype(np.float64), rcond=1e-9)
    size = max(float(np.abs(other).max()), 1e-9)
    if rank < 3 or float(np.abs(rows @ columns - other).max()) > 2e-6 * size:
        return None
    return tuple(columns.T.ravel().tolist())


def _mesh_of(
    geometry: Geometry, colors: NDArray[Any] | None, surface: Surface, name: str | None
) -> Mesh:
    uvs = [_upright(geometry.uvs[frame.uv_set], frame.transform) for frame in surface.frames]
    return Mesh(
        geometry.positions,
        geometry.cells,
        material=surface.material,
        normals=geometry.normals,
        uvs=uvs[0] if uvs else None,
        uvs2=uvs[1] if len(uvs) > 1 else None,
        colors=colors,
        name=name,
    )


def _upright(uv: NDArray[Any], transform: Affine) -> NDArray[Any]:
    """Texture coordinates whose v points up."""
    if not np.array_equal(transform, np.eye(3)[:2]):
        uv = uv @ transform[:, :2].T + transform[:, 2]
    result = np.empty(uv.shape, np.float32)
    result[:, 0] = uv[:, 0]
    np.subtract(1.0, uv[:, 1], out=result[:, 1], casting="same_kind")
    return result


def _many(
    geometry: Geometry, colors: NDArray[Any] | None, surface: Surface, name: str | None
) -> Shape:
    """Points as small spheres, lines as thin cylinders, by the size of all of them."""
    positions, cells = geometry.positions, geometry.cells
    used = positions[cells.ravel()]
    diagonal = float(np.linalg.norm(used.max(axis=0) - used.min(axis=0))) or 1.0
    if cells.shape[1] == primitives.POINTS:
        radius = diagonal * min(_POINT, 0.25 / np.sqrt(len(cells)))
        return Spheres(
            used,
            _length(radius),
            colors=None if colors is None else colors[cells.ravel()],
            material=surface.material,
            name=name,
        )
    starts, ends = positions[cells[:, 0]], positions[cells[:, 1]]
    kept = np.linalg.norm(np.subtract(ends, starts, dtype=np.float64), axis=1) > 1e-7 * diagonal
    if not kept.any():
        kept[:] = True
        ends = ends + np.array((0.0, 1e-3 * diagonal, 0.0))
    of_lines = None
    if colors is not None:
        of_lines = 0.5 * (colors[cells[kept, 0]] + colors[cells[kept, 1]])
    return Cylinders(
        starts[kept],
        ends[kept],
        _length(_LINE * diagonal),
        colors=of_lines,
        material=surface.material,
        name=name,
    )


def _length(value: float) -> NDArray[np.float32]:
    return np.array(max(value, SMALLEST_LENGTH), np.float32)
