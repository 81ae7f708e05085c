"""Embree 4 through its C interface, as the `embreex` wheel brings it.

embreex's own Python calls give no access to single rays without a copy of each, so its library is
opened by ctypes; compiled loops call it by address.
"""

from __future__ import annotations

import ctypes
import glob
import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

TRIANGLES, SPHERES = 0, 50  # RTCGeometryType
INDICES, VERTICES = 0, 1  # RTCBufferType
UINT3, FLOAT3, FLOAT4 = 0x5003, 0x9003, 0x9004  # RTCFormat

# RTCRayHit: origin, tnear, direction, time, tfar, mask, id, flags; then normal, u, v, primitive,
# geometry, instances. Rounded up to a multiple of its alignment of 16 bytes.
RAY_HIT = 24  # float32
RAY_FAR = 8
HIT_PRIMITIVE = 17
NOTHING = 0xFFFFFFFF


def _open() -> Any:
    spec = importlib.util.find_spec("embreex")
    if spec is None or spec.origin is None:
        raise ImportError("embreex is not installed")
    folder = Path(spec.origin).parents[1] / "embreex.libs"
    for library in glob.glob(f"{folder}/libtbb*"):
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(glob.glob(f"{folder}/libembree4*")[0])


_pointer, _unsigned, _size = ctypes.c_void_p, ctypes.c_uint, ctypes.c_size_t
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "rtcNewDevice": (_pointer, [ctypes.c_char_p]),
    "rtcNewScene": (_pointer, [_pointer]),
    "rtcNewGeometry": (_pointer, [_pointer, ctypes.c_int]),
    "rtcSetSharedGeometryBuffer": (
        None,
        [_pointer, ctypes.c_int, _unsigned, ctypes.c_int, _pointer, _size, _size, _size],
    ),
    "rtcCommitGeometry": (None, [_pointer]),
    "rtcAttachGeometry": (_unsigned, [_pointer, _pointer]),
    "rtcReleaseGeometry": (None, [_pointer]),
    "rtcCommitScene": (None, [_pointer]),
    "rtcReleaseScene": (None, [_pointer]),
    "rtcReleaseDevice": (None, [_pointer]),
    "rtcGetDeviceError": (ctypes.c_int, [_pointer]),
}


class EmbreeScene:
    """Triangles, or spheres, in a tree of Embree's (its default quality).

    Parameters
    ----------
    vertices : (V, 3) array, or (V, 4) with radii
    faces : (F, 3) array, or None for spheres
    threads : int
        That build the tree.
    """

    def __init__(self, vertices: Any, faces: Any | None, threads: int = 1) -> None:
        self._library = _open()
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._device = self._library.rtcNewDevice(f"threads={threads}".encode())
        columns = 4 if faces is None else 3
        # It reads 16 bytes from the last vertex on.
        self._vertices = np.zeros((len(vertices) + 1, columns), np.float32)
        self._vertices[:-1] = vertices
        self._faces = None if faces is None else np.ascontiguousarray(faces, np.uint32)
        self._scene: int | None = None
        self._count = len(vertices)

    def build(self) -> None:
        """Build the tree anew."""
        library = self._library
        self._release_scene()
        self._scene = library.rtcNewScene(self._device)
        kind, form = (SPHERES, FLOAT4) if self._faces is None else (TRIANGLES, FLOAT3)
        geometry = library.rtcNewGeometry(self._device, kind)
        stride = 4 * self._vertices.shape[1]
        library.rtcSetSharedGeometryBuffer(
            geometry, VERTICES, 0, form, self._vertices.ctypes.data, 0, stride, self._count
        )
        if self._faces is not None:
            library.rtcSetSharedGeometryBuffer(
                geometry, INDICES, 0, UINT3, self._faces.ctypes.data, 0, 12, len(self._faces)
            )
        library.rtcCommitGeometry(geometry)
        library.rtcAttachGeometry(self._scene, geometry)
        library.rtcReleaseGeometry(geometry)
        library.rtcCommitScene(self._scene)
        error = library.rtcGetDeviceError(self._device)
        if error:
            raise RuntimeError(f"Embree's error code is {error}")

    def close(self) -> None:
        """Give its memory back; what is not closed keeps it."""
        self._release_scene()
        self._library.rtcReleaseDevice(self._device)
        self._device = None

    def _release_scene(self) -> None:
        if self._scene is not None:
            self._library.rtcReleaseScene(self._scene)
            self._scene = None

    @property
    def address(self) -> int:
        """Of the scene, for compiled loops."""
        assert self._scene is not None
        return self._scene

    def function(self, name: str) -> int:
        """Address of a function of the library."""
        return ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value or 0


@intrinsic
def call_embree(typing: Any, function: Any, scene: Any, ray: Any) -> Any:
    """Call rtcIntersect1 or rtcOccluded1 by address; `ray` is the address of an RTCRayHit."""

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer])
        callee = builder.inttoptr(args[0], kind.as_pointer())
        where, what = builder.inttoptr(args[1], pointer), builder.inttoptr(args[2], pointer)
        builder.call(callee, [where, what, ir.Constant(pointer, None)])
        return context.get_dummy_value()

    return types.none(types.intp, types.intp, types.intp), generate
