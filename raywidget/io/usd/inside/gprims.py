"""Geometry: meshes, points, curves and round things, as arrays and numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import UsdGeom, UsdShade

from raywidget.io.notes import Notes
from raywidget.io.usd.inside.networks import Networks, names_of_colors, names_of_coordinates
from raywidget.io.usd.inside.values import Reader

_COORDINATES = ("st", "UVMap", "map1", "st0", "uv", "Texture_uv")

# Numbers of each shape, and what they are where nobody says.
_ROUND: dict[str, dict[str, Any]] = {
    "Sphere": {"radius": 1.0},
    "Cube": {"size": 2.0},
    "Cylinder": {"radius": 1.0, "height": 2.0, "axis": "Z"},
    "Cylinder_1": {"radiusTop": 1.0, "radiusBottom": 1.0, "height": 2.0, "axis": "Z"},
    "Cone": {"radius": 1.0, "height": 2.0, "axis": "Z"},
    "Capsule": {"radius": 0.5, "height": 1.0, "axis": "Z"},
    "Capsule_1": {"radiusTop": 0.5, "radiusBottom": 0.5, "height": 1.0, "axis": "Z"},
    "Plane": {"width": 2.0, "length": 2.0, "axis": "Z"},
}
KNOWN = ("Mesh", "Points", "BasisCurves", *_ROUND)


class Gprims:
    """Tells of geometry, with its primvars and the materials that are bound to it."""

    def __init__(self, reader: Reader, networks: Networks, notes: Notes) -> None:
        self._reader = reader
        self._networks = networks
        self._notes = notes

    def told(self, prim: Any, kind: str) -> dict[str, Any]:
        """What a prim of a known kind is."""
        material = self._networks.bound(prim)
        told: dict[str, Any] = {"kind": kind, "material": material}
        materials = [material]
        if kind == "Mesh":
            told["subsets"] = self._subsets(prim)
            materials += [subset["material"] for subset in told["subsets"]]
        primvars = UsdGeom.PrimvarsAPI(prim)
        told["color"] = self._color(primvars, materials)
        told["opacity"] = self._primvar(primvars, "displayOpacity", 1)
        if kind == "Mesh":
            joints = prim.GetAttribute("primvars:skel:jointIndices")
            if prim.IsInstanceProxy() and joints.HasAuthoredValue():
                self._notes.add("copies with a skeleton are shown as modelled", str(prim.GetPath()))
            self._mesh(prim, told)
            told["uvs"] = self._uvs(primvars, materials)
        elif kind == "Points":
            told["points"] = self._points(prim)
            told["widths"] = self._reader.array(UsdGeom.Points(prim).GetWidthsAttr(), np.float32)
            told["widths_are"] = str(UsdGeom.Points(prim).GetWidthsInterpolation())
        elif kind == "BasisCurves":
            self._curves(prim, told)
        else:
            for name, default in _ROUND[kind].items():
                told[name] = self._reader.plain(prim.GetAttribute(name), default)
        if prim.HasAPI("MeshLightAPI"):
            told["is_light"] = True
        return told

    # --- Kinds ------------------------------------------------------------------------------------

    def _points(self, prim: Any) -> Any:
        return self._reader.array(UsdGeom.PointBased(prim).GetPointsAttr(), np.float32, 3)

    def _mesh(self, prim: Any, told: dict[str, Any]) -> None:
        mesh = UsdGeom.Mesh(prim)
        array = self._reader.array
        plain = self._reader.plain
        told["points"] = self._points(prim)
        told["counts"] = array(mesh.GetFaceVertexCountsAttr(), np.int32)
        told["indices"] = array(mesh.GetFaceVertexIndicesAttr(), np.int32)
        told["holes"] = array(mesh.GetHoleIndicesAttr(), np.int32)
        told["left"] = plain(mesh.GetOrientationAttr()) == "leftHanded"
        told["scheme"] = plain(mesh.GetSubdivisionSchemeAttr(), "catmullClark")
        told["double"] = bool(plain(mesh.GetDoubleSidedAttr(), False))
        normals = self._primvar(UsdGeom.PrimvarsAPI(prim), "normals", 3)
        if normals is None:
            values = array(mesh.GetNormalsAttr(), np.float32, 3)
            if values is not None and len(values):
                interpolation = str(mesh.GetNormalsInterpolation())
                normals = {"values": values, "indices": None, "interpolation": interpolation}
        told["normals"] = normals

    def _curves(self, prim: Any, told: dict[str, Any]) -> None:
        curves = UsdGeom.BasisCurves(prim)
        plain = self._reader.plain
        told["points"] = self._points(prim)
        told["counts"] = self._reader.array(curves.GetCurveVertexCountsAttr(), np.int32)
        told["type"] = plain(curves.GetTypeAttr(), "cubic")
        told["basis"] = plain(curves.GetBasisAttr(), "bezier")
        told["wrap"] = plain(curves.GetWrapAttr(), "nonperiodic")
        told["widths"] = self._reader.array(curves.GetWidthsAttr(), np.float32)
        told["widths_are"] = str(curves.GetWidthsInterpolation())

    def _subsets(self, prim: Any) -> list[dict[str, Any]]:
        found = []
        for subset in UsdShade.MaterialBindingAPI(prim).GetMaterialBindSubsets():
            faces = self._reader.array(subset.GetIndicesAttr(), np.int32)
            if self._reader.plain(subset.GetElementTypeAttr()) != "face":
                self._notes.add("a subset of no faces is left out", str(subset.GetPath()))
            elif faces is not None and len(faces):
                found.append({"faces": faces, "material": self._networks.bound(subset.GetPrim())})
        return found

    # --- Primvars ---------------------------------------------------------------------------------

    def _primvar(self, primvars: Any, name: str, columns: int) -> dict[str, Any] | None:
        """A primvar of the prim, or a constant one of its ancestors."""
        primvar = primvars.FindPrimvarWithInheritance(name)
        if not primvar or not primvar.HasAuthoredValue():
            return None
        value = primvar.Get(self._reader.time)
        if value is None:
            return None
        values = self._reader.as_array(value, np.float32, columns)
        if values is None or not len(values):
            return None
        if primvar.GetElementSize() > 1:
            self._notes.add(
                f"primvar {name!r} has several values for each element; left out",
                str(primvar.GetAttr().GetPath()),
            )
            return None
        indices = None
        if primvar.IsIndexed():
            indices = self._reader.as_array(primvar.GetIndices(self._reader.time), np.int32)
        return {
            "values": values,
            "indices": indices,
            "interpolation": str(primvar.GetInterpolation()),
        }

    def _color(self, primvars: Any, materials: list[str | None]) -> dict[str, Any] | None:
        """The colours that a material asks for, or those that a thing is shown with."""
        for name in self._asked(materials, names_of_colors):
            found = self._primvar(primvars, name, 3)
            if found is not None:
                return {**found, "name": name}
        found = self._primvar(primvars, "displayColor", 3)
        return None if found is None else {**found, "name": "displayColor"}

    def _uvs(self, primvars: Any, materials: list[str | None]) -> dict[str, Any]:
        """The coordinates that materials ask for, or those that stand there first."""
        uvs = {}
        for name in self._asked(materials, names_of_coordinates):
            found = self._primvar(primvars, name, 2)
            if found is not None:
                uvs[name] = found
        if uvs:
            return uvs
        others = [
            primvar.GetPrimvarName()
            for primvar in primvars.GetPrimvarsWithValues()
            if str(primvar.GetTypeName()).startswith("texCoord2")
        ]
        for name in (*_COORDINATES, *others):
            found = self._primvar(primvars, name, 2)
            if found is not None:
                return {name: found}
        return {}

    def _asked(self, materials: list[str | None], names: Any) -> list[str]:
        known = self._networks.materials
        lists = [names(known[path]) for path in materials if path is not None]
        return list(dict.fromkeys(name for found in lists for name in found))
