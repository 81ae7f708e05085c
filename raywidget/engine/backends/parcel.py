"""What a render needs elsewhere: numbers and arrays, told by what is in them.

A description is made of dicts, lists, numbers, strings and bytes, and no object of ours: another
version of raywidget can read it well enough to refuse it. Small arrays lie in it; large ones are
named by a digest of their bytes, so that each travels to a worker once, whatever else changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from raywidget.engine.renderer import Prepared

Bytes = NDArray[np.uint8]
Description = dict[str, Any]

INLINE_BYTES = 2048  # arrays up to this size are part of the description
ALIGNMENT = 64  # of all arrays: kernels load whole vectors of some


class Parcel:
    """A description, and the large arrays that it names.

    Parameters
    ----------
    prepared : Prepared
        What is to be rendered elsewhere.
    name : str
        That of its integrator.
    earlier : Parcel, optional
        The last one: what both have in common is not looked through again.
    """

    def __init__(self, prepared: Prepared, name: str, earlier: Parcel | None = None) -> None:
        self.arrays: dict[str, Bytes] = {}
        self._digests: dict[int, tuple[Any, str]] = {}  # by id, and what keeps the id taken
        self._earlier = {} if earlier is None else earlier._digests
        tables = prepared.tables
        grids = getattr(tables.volume_codes.base, "grids", []) if len(tables.volumes) else []
        integrator = prepared.integrator
        self.description: Description = {
            "tables": {field: self._tell(getattr(tables, field)) for field in tables._fields},
            "grids": [self._tell(grid) for grid in grids],
            "camera": self._tell(prepared.camera),
            "picture": [self._tell(value) for value in prepared.picture],
            "integrator": integrator.kind or name,
            "settings": [self._tell(value) for value in integrator.settings],
            "splats": integrator.splats,
            "sees_media": integrator.sees_media,
            "alpha": prepared.alpha,
            "corner": list(prepared.corner),
        }
        self.description["key"] = _key_of(self.description)
        self._earlier = {}

    @property
    def size(self) -> int:
        """Bytes of its large arrays."""
        return sum(array.nbytes for array in self.arrays.values())

    def _tell(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, np.generic):
            return {"number": value.dtype.str, "value": value.item()}
        told = {"dtype": value.dtype.str, "shape": list(value.shape)}
        told["writeable"] = bool(value.flags.writeable)
        if value.nbytes <= INLINE_BYTES:
            return told | {"bytes": value.tobytes()}
        plain = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        known = self._earlier.get(id(value))
        digest = _digest(plain) if known is None else known[1]
        self._digests[id(value)] = value, digest
        self.arrays[digest] = plain
        return told | {"digest": digest}


def digests_in(description: Description) -> list[str]:
    """Names of the large arrays that a description refers to."""
    entries = [*description["tables"].values(), *description["grids"], description["camera"]]
    entries += [*description["picture"], *description["settings"]]
    named = (entry["digest"] for entry in entries if isinstance(entry, dict) and "digest" in entry)
    return list(dict.fromkeys(named))


def unpack(description: Description, find: Callable[[str], Bytes]) -> Prepared:
    """What was described; `find` gives the bytes of a large array by its digest."""
    from raywidget.engine.renderer import ENTRIES, Integrator, Prepared
    from raywidget.kernels import layout
    from raywidget.kernels.integrators.tile import Picture

    def make(told: Any) -> Any:
        return _make(told, find)

    tables = layout.SceneTables(**{k: make(v) for k, v in description["tables"].items()})
    grids = [make(told) for told in description["grids"]]
    if grids:  # whose addresses are other ones here
        codes = tables.volume_codes.copy()
        codes[:, layout.VOLUME_GRID] = [grid.ctypes.data for grid in grids]
        tables = tables._replace(volume_codes=np.asarray(_Held(codes, grids)))
    entry, settings = ENTRIES[description["integrator"]]
    integrator = Integrator(
        entry,
        settings(*map(make, description["settings"])),
        description["splats"],
        description["sees_media"],
        description["integrator"],
    )
    picture = Picture(*map(make, description["picture"]))
    camera, (left, top) = make(description["camera"]), description["corner"]
    return Prepared(tables, camera, picture, integrator, description["alpha"], (left, top))


class _Held:
    """Codes of volumes, and their grids: numpy's `base` keeps both alive."""

    def __init__(self, codes: NDArray[np.int64], grids: list[NDArray[Any]]) -> None:
        self._codes = codes
        self.grids = grids
        self.__array_interface__ = codes.__array_interface__


def _make(told: Any, find: Callable[[str], Bytes]) -> Any:
    if not isinstance(told, Mapping):
        return told
    if "number" in told:
        return np.dtype(told["number"]).type(told["value"])
    data = told.get("bytes")
    plain = find(told["digest"]) if data is None else np.frombuffer(data, np.uint8)
    array = aligned(plain).view(told["dtype"]).reshape(told["shape"])
    if not told["writeable"]:  # kernels would be compiled twice otherwise
        array = array.view()
        array.flags.writeable = False
    return array


def aligned(plain: Bytes) -> Bytes:
    """The same bytes, writeable, where vectors can be loaded from: a copy only if need be."""
    if plain.flags.writeable and plain.ctypes.data % ALIGNMENT == 0:
        return plain
    room = np.empty(plain.size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    copy = room[start : start + plain.size]
    copy[:] = plain
    return copy


def _digest(plain: Bytes) -> str:
    return hashlib.blake2b(plain.data, digest_size=16).hexdigest()


def _key_of(value: Any) -> str:
    """A digest of a description."""
    total = hashlib.blake2b(digest_size=16)

    def add(part: Any) -> None:
        if isinstance(part, dict):
            for name in sorted(part):
                total.update(f"{name}:".encode())
                add(part[name])
        elif isinstance(part, list):
            total.update(f"[{len(part)}".encode())
            for item in part:
                add(item)
        else:
            total.update(repr(part).encode())

    add(value)
    return total.hexdigest()
