"""Goes over a stage: where things are, which of them are seen, and which are copies.

What stands in several places is told once, with a matrix for each. Prims of an instance are read
where the first one of its kind stands, since they may inherit from what is above it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Usd, UsdGeom, UsdSkel

from raywidget.io.notes import Notes
from raywidget.io.usd.inside.gprims import KNOWN, Gprims
from raywidget.io.usd.inside.layers import Folder, open_stage
from raywidget.io.usd.inside.networks import Networks, time_of
from raywidget.io.usd.inside.sights import LIGHTS, Sights, is_light
from raywidget.io.usd.inside.values import Reader, matrix

MAX_COPIES = 1 << 22  # of all prims together, 128 bytes each
MAX_DEPTH = 32  # of copies within copies
MAX_KINDS = 4096  # of one prototype, by what its copies inherit

_ALL = Usd.PrimIsActive & Usd.PrimIsLoaded & ~Usd.PrimIsAbstract
_DEFINED = Usd.PrimDefaultPredicate
_HIDDEN = ("proxy", "guide")


class _Group(NamedTuple):
    """What is to be walked through: a prim, and all places that it has."""

    prim: Any
    depth: int
    purpose: str
    places: list[NDArray[np.float64]]  # (N, 4, 4) each: of its parent
    key: Any  # what its contents inherit
    is_instance: bool


def describe(path: str) -> dict[str, Any]:
    """All that is told of the stage of a file."""
    notes = Notes()
    folder = Folder(Path(path))
    stage = open_stage(path, folder, notes)
    _pose(stage, notes)
    return _Walk(stage, folder, notes).described()


def _pose(stage: Any, notes: Notes) -> None:
    """Bend what has a skeleton into the pose of the time that is shown."""
    roots = [prim for prim in stage.Traverse() if prim.IsA(UsdSkel.Root)]
    if not roots:
        return
    time = time_of(stage)
    moment = 0.0 if time.IsEarliestTime() else time.GetValue()
    stage.SetEditTarget(stage.GetSessionLayer())
    for root in roots:
        if not UsdSkel.BakeSkinning(UsdSkel.Root(root), Gf.Interval(moment, moment)):
            notes.add("what has a skeleton is shown as it was modelled", str(root.GetPath()))


class _Walk:
    def __init__(self, stage: Any, folder: Folder, notes: Notes) -> None:
        self._stage = stage
        self._notes = notes
        self._reader = Reader(time_of(stage))
        self._networks = Networks(self._reader, folder, notes)
        self._gprims = Gprims(self._reader, self._networks, notes)
        self._sights = Sights(self._reader, self._networks, notes)
        self._transforms = UsdGeom.XformCache(self._reader.time)
        self._items: dict[Any, dict[str, Any]] = {}
        self._places: dict[Any, list[NDArray[np.float64]]] = {}
        self._groups: dict[Any, _Group] = {}
        self._copies = 0

    def described(self) -> dict[str, Any]:
        stage = self._stage
        root = _Group(stage.GetPseudoRoot(), 0, "default", [np.eye(4)[None]], None, False)
        waiting = [root]
        while waiting:
            for group in waiting:
                self._walk(group)
            waiting = list(self._groups.values())
            self._groups = {}
        items = [
            {**item, "places": np.concatenate(self._places[key])}
            for key, item in self._items.items()
        ]
        return {
            "up": str(UsdGeom.GetStageUpAxis(stage)),
            "meters": float(UsdGeom.GetStageMetersPerUnit(stage)),
            "says_meters": bool(UsdGeom.StageHasAuthoredMetersPerUnit(stage)),
            "items": items,
            "materials": self._networks.materials,
            "pictures": self._networks.pictures,
            "notes": list(self._notes.sentences()),
        }

    # --- From prim to prim ------------------------------------------------------------------------

    def _walk(self, group: _Group) -> None:
        places = np.concatenate(group.places)
        self._copies += len(places)
        if self._copies > MAX_COPIES:
            raise ValueError(f", {group.prim.GetPath()}: has more than {MAX_COPIES:,} copies")
        if group.depth > MAX_DEPTH:
            raise ValueError(
                f", {group.prim.GetPath()}: copies must be at most {MAX_DEPTH} deep in each other"
            )
        predicate = _DEFINED if group.prim.IsDefined() else _ALL
        follow = Usd.TraverseInstanceProxies(predicate)
        if group.is_instance:
            # Its own matrix is in the places already.
            stack = [
                (prim, places, group.purpose)
                for prim in reversed(group.prim.GetFilteredChildren(follow))
            ]
        else:
            stack = [(group.prim, places, group.purpose)]
        while stack:
            prim, above, purpose = stack.pop()
            seen = self._seen(prim, purpose)
            if seen is None:
                continue
            here = self._moved(prim, above)
            if prim.IsInstance():
                self._add_instance(prim, here, seen, group.depth)
            elif prim.IsA(UsdGeom.PointInstancer):
                self._add_copies(prim, here, seen, group)
            elif not self._told(prim, here, seen, group):
                children = prim.GetFilteredChildren(follow)
                stack += [(child, here, seen) for child in reversed(children)]

    def _seen(self, prim: Any, purpose: str) -> str | None:
        """The purpose of a prim; None if neither it nor anything below it is seen."""
        imageable = UsdGeom.Imageable(prim)
        if not imageable:
            return purpose
        if imageable.GetVisibilityAttr().Get(self._reader.time) == UsdGeom.Tokens.invisible:
            return None
        attribute = imageable.GetPurposeAttr()
        if attribute.HasAuthoredValue():
            return str(attribute.Get())
        return purpose

    def _moved(self, prim: Any, above: NDArray[np.float64]) -> NDArray[np.float64]:
        if not UsdGeom.Xformable(prim):
            return above
        local, resets = self._transforms.GetLocalTransformation(prim)
        if resets:
            return matrix(local)[None]
        if local == _IDENTITY:
            return above
        return np.asarray(above @ matrix(local))

    def _told(self, prim: Any, places: NDArray[Any], purpose: str, group: _Group) -> bool:
        """Tell of a prim if it is a thing; is there nothing to look for below it?"""
        kind = str(prim.GetTypeName())
        if not kind or kind in ("Xform", "Scope", "SkelRoot"):
            return False
        if kind in ("Material", "Shader", "NodeGraph", "GeomSubset"):
            return True
        if kind in KNOWN:
            if purpose not in _HIDDEN:
                self._add(prim, places, group, lambda: self._geometry(prim, kind))
            return False
        if kind == "Camera":
            self._add(prim, places, group, lambda: {"camera": self._sights.camera(prim)})
        elif kind in LIGHTS:
            self._add(prim, places, group, lambda: {"light": self._sights.light(prim, kind)})
        elif is_light(prim):
            self._notes.add(f"the light {kind!r} is not known here; left out", _path(prim))
        elif prim.IsA(UsdGeom.Gprim):
            self._notes.add(f"shapes of type {kind!r} are not known here; left out", _path(prim))
        elif not prim.IsA(Usd.Typed):
            self._notes.add(f"prims of type {kind!r} are not known here", _path(prim))
        return False

    def _geometry(self, prim: Any, kind: str) -> dict[str, Any]:
        told = {"shape": self._gprims.told(prim, kind)}
        if told["shape"].pop("is_light", False):
            told["light"] = self._sights.light(prim, "MeshLight")
        return told

    def _add(self, prim: Any, places: NDArray[Any], group: _Group, tell: Any) -> None:
        source = prim.GetPrimInPrototype() if prim.IsInstanceProxy() else prim
        key = (str(source.GetPath()), group.key)
        if key not in self._items:
            self._items[key] = {"path": _path(prim), **tell()}
        self._places.setdefault(key, []).append(places)

    # --- Copies -----------------------------------------------------------------------------------

    def _add_instance(self, prim: Any, places: NDArray[Any], purpose: str, depth: int) -> None:
        """An instance: what it shows is walked through with all others that show the same."""
        prototype = str(prim.GetPrototype().GetPath())
        key = (prototype, purpose, *self._inherited(prim))
        if key not in self._groups and len(self._groups) >= MAX_KINDS:
            self._notes.add(
                "copies that differ in what they inherit look like the first of them", _path(prim)
            )
            key = next((k for k in self._groups if k[0] == prototype), key)
        if key not in self._groups:
            self._groups[key] = _Group(prim, depth + 1, purpose, [], key, True)
        self._groups[key].places.append(places)

    def _inherited(self, prim: Any) -> tuple[str | None, str]:
        primvars = UsdGeom.PrimvarsAPI(prim)
        colors = []
        for name in ("displayColor", "displayOpacity"):
            primvar = primvars.FindPrimvarWithInheritance(name)
            if primvar and primvar.HasAuthoredValue():
                colors.append(str(primvar.Get(self._reader.time))[:200])
        return self._networks.bound(prim), "|".join(colors)

    def _add_copies(self, prim: Any, places: NDArray[Any], purpose: str, group: _Group) -> None:
        """A PointInstancer: its prototypes, wherever it puts them."""
        instancer = UsdGeom.PointInstancer(prim)
        time = self._reader.time
        path = _path(prim)
        which = self._reader.array(instancer.GetProtoIndicesAttr(), np.int64)
        targets = instancer.GetPrototypesRel().GetForwardedTargets()
        if which is None or not len(which) or not targets:
            self._notes.add("an instancer without prototypes or indices is left out", path)
            return
        if which.min() < 0 or which.max() >= len(targets):
            raise ValueError(
                f", {path}: protoIndices must be from 0 to {len(targets) - 1}, "
                f"got {which.min()} to {which.max()}"
            )
        mask = np.array(instancer.ComputeMaskAtTime(time) or [True] * len(which), bool)
        found = instancer.ComputeInstanceTransformsAtTime(
            time, time, UsdGeom.PointInstancer.ExcludeProtoXform, UsdGeom.PointInstancer.IgnoreMask
        )
        moved = np.swapaxes(np.array(found, np.float64).reshape(-1, 4, 4), 1, 2)
        if len(moved) != len(which) or len(mask) != len(which):
            raise ValueError(
                f", {path}: positions, orientations and scales must be as many as protoIndices "
                f"({len(which)})"
            )
        for number, target in enumerate(targets):
            prototype = self._stage.GetPrimAtPath(target)
            some = moved[mask & (which == number)]
            if not prototype or not len(some):
                if not prototype:
                    self._notes.add(f"there is no prototype {target}; left out", path)
                continue
            if self._copies + len(some) * len(places) > MAX_COPIES:
                raise ValueError(f", {path}: has more than {MAX_COPIES:,} copies")
            whole = (places[:, None] @ some[None]).reshape(-1, 4, 4)
            key = ("instancer", str(target), purpose, group.key)
            if key not in self._groups:
                self._groups[key] = _Group(prototype, group.depth + 1, purpose, [], key, False)
            self._groups[key].places.append(whole)


_IDENTITY = Gf.Matrix4d(1.0)


def _path(prim: Any) -> str:
    return str(prim.GetPath())
