"""Opens a stage of which no layer, picture or clip lies outside of the file's folder.

Every layer is opened alone before the stage is composed, and each path that it names is looked at:
what may be opened is written into the layer in memory as the path that it really is, what may not
is taken out. Composition and the resolver then meet checked paths only.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pxr import Ar, Sdf, Usd, UsdUtils

from raywidget.io.files import MAX_BYTES, beside
from raywidget.io.notes import Notes
from raywidget.io.usd.inside import bound_memory, reason

SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")

MAX_LAYERS = 10_000


class Folder:
    """What may be opened: files in the folder of the file, and parts of packages there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = Path(os.path.realpath(path.parent))

    def inside(self, anchored: str, name: str, is_layer: bool) -> str | None:
        """The real path of a file that may be opened; None if there is no such thing.

        `anchored` is where it should be, `name` how it is called where it is asked for.
        """
        if Ar.IsPackageRelativePath(anchored):
            package, _ = Ar.SplitPackageRelativePathOuter(anchored)
            if self.inside(package, package, True) is None:
                return None
            return anchored if Ar.GetResolver().Resolve(anchored) else None
        try:
            real = Path(os.path.realpath(anchored))
            if real.is_file() and real.is_relative_to(self._folder):
                return str(real)
            if "<UDIM>" in anchored:  # of many pictures, the first
                return self.inside(anchored.replace("<UDIM>", "1001"), "", is_layer)
            # Pictures remember folders of the machine that they were made on.
            other = None if is_layer or not name else beside(self._path, name)
        except (OSError, ValueError):
            return None
        return None if other is None else str(other)


def open_stage(path: str, folder: Folder, notes: Notes) -> Any:
    """The composed stage of a file.

    Raises
    ------
    ValueError
        If there are more than `MAX_LAYERS` layers, one is too large, or a package refers to a layer
        outside of itself.
    """
    bound_memory(os.path.getsize(path))
    root = Sdf.Layer.FindOrOpen(path)
    if root is None:
        raise ValueError("is no USD file that can be read")
    # They are kept until the stage has them: what nobody holds is read anew, as it stands there.
    layers = _Checked(folder, notes).checked(root)
    stage = Usd.Stage.Open(layers[0])
    if stage is None:
        raise ValueError("holds no stage")
    return stage


class _Checked:
    """Goes over layers, from the root down."""

    def __init__(self, folder: Folder, notes: Notes) -> None:
        self._folder = folder
        self._notes = notes
        self._seen: set[str] = set()
        self._layers: list[Any] = []
        self._bytes = 0

    def checked(self, root: Any) -> list[Any]:
        """A layer and all that it refers to, in memory without what may not be opened."""
        self._layers = [root]
        self._seen = {root.identifier}
        self._bytes = os.path.getsize(root.realPath)
        done = 0
        while done < len(self._layers):
            layer = self._layers[done]
            done += 1
            _drop_clips(layer, self._notes)
            packed = Ar.IsPackageRelativePath(layer.identifier) or layer.GetFileFormat().IsPackage()
            look = self._looked_at if packed else self._mended
            UsdUtils.ModifyAssetPaths(
                layer, lambda name, layer=layer, look=look: look(layer, name) if name else ""
            )
        return self._layers

    def _mended(self, layer: Any, name: str) -> str:
        """The path to open instead of the one that stands there; empty if there is none."""
        place = layer.GetDisplayName()
        if "`" in name:
            self._notes.add(f"the path {name[:80]!r} is an expression, and left out", place)
            return ""
        outer, inner = name, ""
        if Ar.IsPackageRelativePath(name):
            outer, inner = Ar.SplitPackageRelativePathOuter(name)
        is_layer = _is_layer(outer)
        anchored = Sdf.ComputeAssetPathRelativeToLayer(layer, outer)
        found = self._folder.inside(anchored, outer, is_layer)
        if found is None:
            kind = "layer" if is_layer else "file"
            self._notes.add(
                f"the {kind} {name[:100]!r} is missing or lies outside of the folder; left out",
                place,
            )
            return ""
        if inner:
            found = Ar.JoinPackageRelativePath(found, inner)
        if is_layer or _is_layer(inner):
            self._follow(found, name, place)
        return found

    def _looked_at(self, layer: Any, name: str) -> str:
        """The same path: layers in packages can't be changed, and may only refer to their own."""
        anchored = Sdf.ComputeAssetPathRelativeToLayer(layer, name)
        outer = name
        if Ar.IsPackageRelativePath(name):
            outer, _ = Ar.SplitPackageRelativePathOuter(name)
        if not _is_layer(outer) and not ("`" in name or Path(outer).suffix == ""):
            return name  # pictures are looked at when they are read
        if not Ar.GetResolver().Resolve(anchored) and "`" not in name:
            self._notes.add(f"the layer {name[:100]!r} is missing", layer.GetDisplayName())
        elif not Ar.IsPackageRelativePath(anchored) or (
            self._folder.inside(anchored, name, True) is None
        ):
            raise ValueError(f"refers to the layer {name[:100]!r}, which is not in its package")
        else:
            self._follow(anchored, name, layer.GetDisplayName())
        return name

    def _follow(self, path: str, name: str, place: str) -> None:
        if path in self._seen:
            return
        self._seen.add(path)
        if len(self._seen) > MAX_LAYERS:
            raise ValueError(f"has more than {MAX_LAYERS:,} layers")
        if not Ar.IsPackageRelativePath(path):
            size = os.path.getsize(path)
            if size > MAX_BYTES:
                raise ValueError(f"the layer {name!r} must be at most {MAX_BYTES:,} bytes")
            self._bytes += size
            bound_memory(self._bytes)
        try:
            layer = Sdf.Layer.FindOrOpen(path)
        except Exception as error:  # pxr raises what its parsers have to say
            raise ValueError(f"the layer {name!r} can't be read: {reason(error)}") from None
        if layer is None:
            self._notes.add(f"the layer {name[:100]!r} can't be read; left out", place)
        else:
            self._layers.append(layer)


def _is_layer(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


def _drop_clips(layer: Any, notes: Notes) -> None:
    """Value clips are opened when values are asked for, by names made of templates."""

    def look(path: Any) -> None:
        if path.IsPrimPath() or path.IsPrimVariantSelectionPath():
            spec = layer.GetObjectAtPath(path)
            found.extend((spec, key) for key in ("clips", "clipSets") if spec.HasInfo(key))

    found: list[tuple[Any, str]] = []
    layer.Traverse(Sdf.Path.absoluteRootPath, look)
    for spec, key in found:
        spec.ClearInfo(key)
        if key == "clips":
            notes.add("value clips are left out", str(spec.path))
