"""Things of a stage -> shapes, at all of their places."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.lines import Lines, tubes
from raywidget.io.notes import Notes
from raywidget.io.pieces import Piece, mended
from raywidget.io.places import invertible, moved_normals
from raywidget.io.points import ball_radius, spheres
from raywidget.io.usd import turned
from raywidget.io.usd.curves import straightened
from raywidget.io.usd.surfaces import RGB, Paint, Surface, Surfaces
from raywidget.io.usd.topology import (
    Arrays,
    Triangles,
    Values,
    rounded,
    triangles_of,
    values_of,
    welded,
)
from raywidget.scene.materials.materials import DEFAULT_MATERIAL
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.round import Cone, Cylinder
from raywidget.scene.shapes.simple import Quad, Shape, Sphere
from raywidget.scene.values import transforms
from raywidget.scene.values.checks import LARGEST, SMALLEST_LENGTH

F64 = NDArray[np.float64]

MAX_WRITTEN_OUT = 1 << 26  # vertices of things that have no copies here, at all places

_ROUND = 1e-5  # how much a place may stretch what is still taken as round


class Shapes:
    """Makes shapes of what is told of prims."""

    def __init__(self, surfaces: Surfaces, names: Any, notes: Notes) -> None:
        self._surfaces = surfaces
        self._names = names
        self._notes = notes
        self._left = MAX_WRITTEN_OUT
        self.count: Counter[str] = Counter()

    def of(self, told: dict[str, Any], path: str, places: F64, emission: Any) -> list[Shape]:
        """The shapes of a prim at (N, 4, 4) places, maybe shining."""
        sound = np.abs(places).max(axis=(1, 2)) <= LARGEST  # NaN compares false
        if not sound.all():
            self._notes.add("what stands at no finite place is left out", path)
            places = places[sound]
        sizes = np.linalg.norm(places[:, :3, :3], axis=(1, 2))
        if not (sizes > 1e-12).all():
            self._notes.add("what is scaled to nothing is left out", path)
            places = places[sizes > 1e-12]
        if not len(places):
            return []
        keywords = {} if emission is None else {"emission": emission}
        match told["kind"]:
            case "Mesh":
                return self._mesh(told, path, places, keywords)
            case "Points":
                return self._points(told, path, places, keywords)
            case "BasisCurves":
                return self._curves(told, path, places, keywords)
        return self._solid(told, path, places, keywords)

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise SceneError(f"must have at most {MAX_WRITTEN_OUT:,} vertices at all places")

    # --- Meshes -----------------------------------------------------------------------------------

    def _mesh(
        self, told: dict[str, Any], path: str, places: F64, keywords: dict[str, Any]
    ) -> list[Shape]:
        triangles = triangles_of(told, path, self._notes)
        if triangles is None:
            return []
        if told["scheme"] != "none":
            self._notes.add(
                f"the subdivision surface ({told['scheme']}) is shown as its control mesh", path
            )
        shapes: list[Shape] = []
        for subset, surfaces, of_polygons in self._parts(told, path, triangles):
            first = surfaces[0]
            normals = values_of(told["normals"], "normals", subset, path, self._notes)
            if normals is None and told["scheme"] != "none":
                normals = rounded(subset)
            uvs = None
            if first.uv is not None:
                uvs = values_of(told["uvs"].get(first.uv), first.uv, subset, path, self._notes)
            colors = None
            if any(surface.takes_colors for surface in surfaces):
                colors = values_of(told["color"], "displayColor", subset, path, self._notes)
            arrays = welded(subset, normals, _moved_uvs(uvs, first), colors)
            shapes += self._placed(arrays, surfaces, of_polygons, path, places, keywords)
        return shapes

    def _parts(
        self, told: dict[str, Any], path: str, triangles: Triangles
    ) -> list[tuple[Triangles, list[Surface], NDArray[np.int64]]]:
        """Triangles whose materials may be in one mesh, and which of these each polygon has."""
        paint = self._paint(told, path, triangles)
        materials = [told["material"]]
        of_polygons = np.zeros(triangles.faces, np.int64)
        for subset in told["subsets"]:
            faces = subset["faces"]
            inside = (faces >= 0) & (faces < triangles.faces)
            if not inside.all():
                self._notes.add("a subset names faces that there are not", path)
            of_polygons[faces[inside]] = len(materials)
            materials.append(subset["material"])
        surfaces = [self._surfaces.of(material, paint) for material in materials]
        groups: dict[Any, list[int]] = {}
        for number in np.unique(of_polygons[triangles.polygons]):
            surface = surfaces[number]
            if not surface.visible:
                self._notes.add("what is transparent everywhere is left out", path)
                continue
            key = (surface.uv, surface.uv_transform.tobytes())
            groups.setdefault(key, []).append(int(number))
        parts = []
        for numbers in groups.values():
            new = np.full(len(surfaces), -1, np.int64)
            new[numbers] = np.arange(len(numbers))
            own = new[of_polygons]
            keep = own[triangles.polygons] >= 0
            parts.append((triangles.some(keep), [surfaces[n] for n in numbers], own))
        return parts

    def _paint(self, told: dict[str, Any], path: str, triangles: Triangles | None) -> Paint:
        color = told["color"]
        rgb = None
        if color is not None:
            rgb = self._one_color(color, path, triangles is None)
        opacity = 1.0
        if told["opacity"] is not None:
            values = told["opacity"]["values"]
            opacity = float(np.clip(np.nan_to_num(values.mean(dtype=np.float64), nan=1.0), 0, 1))
            if values.min() != values.max():
                self._notes.add("displayOpacity that varies is taken as its mean", path)
        spans = []
        for name, uv in told.get("uvs", {}).items():
            fine = np.nan_to_num(uv["values"], nan=0.0, posinf=0.0, neginf=0.0)
            low, high = fine.min(axis=0), fine.max(axis=0)
            spans.append((name, (float(low[0]), float(low[1]), float(high[0]), float(high[1]))))
        return Paint(rgb, None if color is None else color["name"], opacity, tuple(spans))

    def _one_color(self, color: dict[str, Any], path: str, is_solid: bool) -> RGB | None:
        """The colour if there is but one, or the mean where none may vary."""
        values = np.clip(np.nan_to_num(color["values"]), 0.0, 1.0)
        one = color["interpolation"] == "constant" or (values == values[0]).all()
        if not one and not is_solid:
            return None
        if not one:
            self._notes.add("displayColor that varies over a solid is taken as its mean", path)
        r, g, b = (values[0] if one else values.mean(axis=0, dtype=np.float64)).tolist()
        return (r, g, b)

    def _placed(
        self,
        arrays: Arrays,
        surfaces: list[Surface],
        of_polygons: NDArray[np.int64],
        path: str,
        places: F64,
        keywords: dict[str, Any],
    ) -> list[Shape]:
        """A mesh at its place, or copies of it."""
        is_one = len(surfaces) == 1
        own = None if is_one else of_polygons[arrays.polygons]
        alone = (np.diff(arrays.polygons) != 0).all()
        polygons = None if alone else arrays.polygons

        def mesh(matrix: F64 | None, name: str | None) -> Mesh | None:
            vertices: Any = arrays.vertices
            faces, normals = arrays.faces, arrays.normals
            if matrix is not None:
                self._spend(len(vertices))
                linear = matrix[:3, :3]
                vertices = transforms.apply(matrix, vertices.astype(np.float64))
                if np.linalg.det(linear) < 0.0:
                    faces = faces[:, ::-1]
                if normals is not None:
                    normals = moved_normals(normals, linear)  # type: ignore[assignment]
            piece = mended(
                Piece(
                    vertices=vertices,
                    faces=faces,
                    normals=normals,
                    uvs=arrays.uvs,
                    colors=arrays.colors,
                    face_colors=arrays.face_colors,
                    face_materials=own,
                    polygons=polygons,
                ),
                self.count,
            )
            if piece is None:
                return None
            made: dict[str, Any] = {"material": surfaces[0].material}
            if not is_one:
                made = {
                    "materials": [surface.material for surface in surfaces],
                    "face_materials": piece.face_materials,
                }
            return Mesh(
                piece.vertices.astype(np.float32),
                piece.faces,
                normals=piece.normals,
                uvs=piece.uvs,
                colors=piece.colors,
                face_colors=piece.face_colors,
                polygons=piece.polygons,
                name=name,
                **made,
                **keywords,
            )

        there = invertible(places)
        shapes: list[Shape | None] = []
        flat = list(np.flatnonzero(~there))
        if there.sum() > 1:
            copied = mesh(None, None)
            if copied is not None:
                shapes.append(Instances(copied, places[there], name=self._names.unique(path)))
        else:
            flat = [*np.flatnonzero(there), *flat]
        shapes += [mesh(places[k], self._names.unique(path)) for k in flat]
        return [shape for shape in shapes if shape is not None]

    # --- Points and curves ------------------------------------------------------------------------

    def _points(
        self, told: dict[str, Any], path: str, places: F64, keywords: dict[str, Any]
    ) -> list[Shape]:
        points, widths = told["points"], told["widths"]
        if points is None or not len(points):
            self._notes.add("points without places are left out", path)
            return []
        self._spend(len(points) * len(places))
        if widths is not None and len(widths) not in (1, len(points)):
            self._notes.add(f"widths must be {len(points):,}, got {len(widths):,}; left out", path)
            widths = None
        colors, surface = self._one_each(told, path, len(points))
        shapes: list[Shape] = []
        for place in places:
            centers = transforms.apply(place, points.astype(np.float64))
            if widths is None or not len(widths):
                finite = centers[np.isfinite(centers).all(axis=1)]
                radii: Any = ball_radius(finite) if len(finite) else 1.0
                self._notes.add("points without widths are shown as small balls", path)
            else:
                radii = 0.5 * widths.astype(np.float64) * _mean_scale(place)
            own: list[str] = []
            found = spheres(
                centers,
                colors,
                np.broadcast_to(np.asarray(radii, np.float64), len(centers)),
                notes=own,
                name=self._names.unique(path),
            )
            for note in own:
                self._notes.add(note, path)
            shapes += [balls.replace(material=surface.material, **keywords) for balls in found]
        return shapes

    def _curves(
        self, told: dict[str, Any], path: str, places: F64, keywords: dict[str, Any]
    ) -> list[Shape]:
        found = straightened(told, path, self._notes)
        if found is None:
            return []
        starts, ends, radii, owners = found
        self._spend(2 * len(starts) * len(places))
        colors, surface = self._one_each(told, path, len(told["counts"]))
        shapes: list[Shape] = []
        for place in places:
            lines = Lines(
                starts=transforms.apply(place, starts),
                ends=transforms.apply(place, ends),
                radii=radii * _mean_scale(place),
                colors=None if colors is None else colors[owners],
                name=self._names.unique(path),
            )
            own: list[str] = []
            size = float(np.nanmax(np.ptp(lines.starts, axis=0), initial=0.0)) or 1.0
            tubular = tubes(lines, surface.material, size, own)
            for note in own:
                self._notes.add(note, path)
            shapes += [shape.replace(**keywords) for shape in tubular]
        return shapes

    def _one_each(
        self, told: dict[str, Any], path: str, count: int
    ) -> tuple[NDArray[Any] | None, Surface]:
        """Colours, one for each of what there are `count` of, and the material."""
        color = told["color"]
        colors = None
        if color is not None and len(color["values"]) > 1:
            values = color["values"]
            if color["indices"] is not None:
                indices = color["indices"]
                values = values[np.clip(indices, 0, len(values) - 1)]
            if len(values) == count:
                colors = values
        if colors is None:
            paint = self._paint(told, path, None)
        else:
            paint = self._paint({**told, "color": None}, path, None)
            paint = paint._replace(color_name=told["color"]["name"])
        surface = self._surfaces.of(told["material"], paint)
        return (colors if surface.takes_colors else None), surface

    # --- Solids -----------------------------------------------------------------------------------

    def _solid(
        self, told: dict[str, Any], path: str, places: F64, keywords: dict[str, Any]
    ) -> list[Shape]:
        surface = self._surfaces.of(told["material"], self._paint(told, path, None))
        if not surface.visible:
            self._notes.add("what is transparent everywhere is left out", path)
            return []
        sizes = [v for k, v in told.items() if k in _LENGTHS]
        if not all(isinstance(v, int | float) and 0.0 <= v <= LARGEST for v in sizes):
            raise SceneError(f"the sizes of a {told['kind']} must be >= 0 and finite, got {sizes}")
        if not any(v > SMALLEST_LENGTH for k, v in told.items() if k in _LENGTHS):
            self._notes.add("what has no size is left out", path)
            return []
        keywords = {**keywords, "material": surface.material}
        if keywords["material"] is DEFAULT_MATERIAL:
            del keywords["material"]
        turn = np.eye(4)
        turn[:3, :3] = turned.along(str(told.get("axis", "Z")))
        exact = self._exact(told, places @ turn, path, keywords)
        if exact is not None:
            return exact
        match told["kind"]:
            case "Cube":
                vertices, faces = turned.CUBE
                arrays = Arrays(
                    (vertices * told["size"]).astype(np.float32), faces, np.zeros(len(faces), int)
                )
            case _:
                vertices, faces, normals = turned.revolved(_outline(told))
                arrays = Arrays(
                    vertices.astype(np.float32),
                    faces,
                    np.zeros(len(faces), int),
                    normals.astype(np.float32),
                )
        keywords.pop("material", None)
        none = np.zeros(1, np.int64)
        return self._placed(arrays, [surface], none, path, places @ turn, keywords)

    def _exact(
        self, told: dict[str, Any], places: F64, path: str, keywords: dict[str, Any]
    ) -> list[Shape] | None:
        """A shape that is not made of triangles, if all places leave it round."""
        unique = self._names.unique
        kind = told["kind"]
        if kind == "Sphere":
            scales = [_uniform(place) for place in places]
            if None in scales:
                return None
            centers = places[:, :3, 3]
            radii = told["radius"] * np.array(scales, np.float64)
            if len(places) == 1:
                return [Sphere(centers[0], float(radii[0]), name=unique(path), **keywords)]
            of_all: Any = centers
            return [Spheres(of_all, radii, name=unique(path), **keywords)]
        if len(places) > 1:
            return None
        (place,) = places
        x, y, z, origin = place[:3].T
        if kind == "Plane":
            u, v = told["width"] * x, told["length"] * y
            if told["axis"] == "Y" or told["axis"] == "X":
                u, v = told["length"] * x, told["width"] * y
            if np.linalg.det(place[:3, :3]) < 0.0:
                u = -u
            if not min(np.linalg.norm(u), np.linalg.norm(v)) > SMALLEST_LENGTH:
                return []
            return [Quad(origin - 0.5 * u - 0.5 * v, u, v, name=unique(path), **keywords)]
        across = _across(place)
        if across is None or kind not in ("Cylinder", "Cylinder_1", "Cone"):
            return None
        low, high = _radii(told)
        half = 0.5 * told["height"]
        if not half * np.linalg.norm(z) > SMALLEST_LENGTH or not low * across > SMALLEST_LENGTH:
            return None
        ends = (origin - half * z, origin + half * z)
        if low == high:
            return [Cylinder(*ends, low * across, name=unique(path), **keywords)]
        return [Cone(*ends, low * across, high * across, name=unique(path), **keywords)]


_LENGTHS = ("radius", "size", "height", "radiusTop", "radiusBottom", "width", "length")


def _radii(told: dict[str, Any]) -> tuple[float, float]:
    """At the bottom and at the top."""
    if told["kind"] == "Cone":
        return told["radius"], 0.0
    radius = told.get("radius", 0.0)
    return told.get("radiusBottom", radius), told.get("radiusTop", radius)


def _outline(told: dict[str, Any]) -> list[Any]:
    if told["kind"] == "Sphere":
        return turned.sphere(told["radius"])
    make = turned.capsule if told["kind"].startswith("Capsule") else turned.cone
    return make(*_radii(told), told["height"])


def _uniform(place: F64) -> float | None:
    """The factor of a place that keeps shapes as they are but for their size; else None."""
    lengths = np.linalg.svd(place[:3, :3], compute_uv=False)
    return float(lengths.mean()) if lengths[0] <= (1.0 + _ROUND) * lengths[-1] else None


def _across(place: F64) -> float | None:
    """The factor across z of a place that keeps circles round z circles at right angles to it."""
    x, y, z = place[:3, :3].T
    a, b, c = (float(np.linalg.norm(v)) for v in (x, y, z))
    if min(a, b, c) <= 0.0:
        return None
    skew = max(abs(x @ y) / (a * b), abs(x @ z) / (a * c), abs(y @ z) / (b * c))
    return 0.5 * (a + b) if skew <= _ROUND and abs(a - b) <= _ROUND * a else None


def _mean_scale(place: F64) -> float:
    return float(np.cbrt(abs(np.linalg.det(place[:3, :3]))))


def _moved_uvs(uvs: Values | None, surface: Surface) -> Values | None:
    if uvs is None or np.array_equal(surface.uv_transform, np.eye(3)[:2]):
        return uvs
    moved = uvs.values @ surface.uv_transform[:, :2].T + surface.uv_transform[:, 2]
    return Values(moved.astype(np.float32), uvs.rows, uvs.interpolation, uvs.is_shared)
