"""Rays through our tree and through Embree's, in one process, in turns."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from benchmarks import scenes
from benchmarks.harness import serve
from benchmarks.workers.embree import (
    HIT_PRIMITIVE,
    NOTHING,
    RAY_FAR,
    RAY_HIT,
    EmbreeScene,
    call_embree,
)
from benchmarks.workers.flat_shapes import triangles_of
from raywidget.compiler import compile_scene
from raywidget.kernels.geometry.clipping import find_closest, is_occluded
from raywidget.kernels.integrators.tile import view_scene
from raywidget.kernels.language.jit import entry
from raywidget.kernels.language.pinned import pinned
from raywidget.kernels.language.vec3 import vec3
from raywidget.kernels.layout import CAMERA_SIZE, MISS

SIDE = 512
_NO_CAMERA = np.zeros(CAMERA_SIZE, np.float32)


@entry
def _closest(tables, camera, rays, distances):
    scene = pinned(view_scene(tables, camera))
    hits = 0
    for i in range(rays.shape[0]):
        o = vec3(rays[i, 0], rays[i, 1], rays[i, 2])
        ray = find_closest(scene, o, vec3(rays[i, 4], rays[i, 5], rays[i, 6]), rays[i, 7])
        distances[i] = ray.t
        if ray.slot != MISS:
            hits += 1
    return hits


@entry
def _occluded(tables, camera, rays):
    scene = pinned(view_scene(tables, camera))
    hits = 0
    for i in range(rays.shape[0]):
        o = vec3(rays[i, 0], rays[i, 1], rays[i, 2])
        if is_occluded(scene, o, vec3(rays[i, 4], rays[i, 5], rays[i, 6]), rays[i, 7]):
            hits += 1
    return hits


@njit(error_model="numpy", nogil=True)
def _load(buffer, rays, i):
    # Number by number: assignments of slices would cost more than some rays do.
    buffer[0] = rays[i, 0]
    buffer[1] = rays[i, 1]
    buffer[2] = rays[i, 2]
    buffer[3] = np.float32(0.0)
    buffer[4] = rays[i, 4]
    buffer[5] = rays[i, 5]
    buffer[6] = rays[i, 6]
    buffer[RAY_FAR] = rays[i, 7]


@njit(error_model="numpy", nogil=True)
def _embree_closest(function, scene, buffer, words, rays, distances):
    hits = 0
    address = buffer.ctypes.data
    for i in range(rays.shape[0]):
        _load(buffer, rays, i)
        words[9] = np.uint32(NOTHING)  # mask: everything
        words[HIT_PRIMITIVE + 1] = np.uint32(NOTHING)  # geometry
        call_embree(function, scene, address)
        distances[i] = buffer[RAY_FAR]
        if words[HIT_PRIMITIVE + 1] != NOTHING:
            hits += 1
    return hits


@njit(error_model="numpy", nogil=True)
def _embree_occluded(function, scene, buffer, words, rays):
    hits = 0
    address = buffer.ctypes.data
    for i in range(rays.shape[0]):
        _load(buffer, rays, i)
        words[9] = np.uint32(NOTHING)
        call_embree(function, scene, address)
        if buffer[RAY_FAR] < 0.0:
            hits += 1
    return hits


def _buffer() -> tuple[Any, Any]:
    memory = np.zeros(RAY_HIT + 16, np.float32)
    start = -memory.ctypes.data % 64 // 4
    buffer = memory[start : start + RAY_HIT]
    return buffer, buffer.view(np.uint32)


class Trees:
    """One set of triangles, or of spheres, in both trees."""

    def __init__(self, name: str, size: int) -> None:
        self.centers = None
        if name == "spheres":
            scene = scenes.many_spheres(size)
            balls = scene.shapes[0]
            self.centers = np.asarray(balls.centers, np.float32)
            vertices = np.column_stack([self.centers, np.broadcast_to(balls.radii, size)])
            self.embree = EmbreeScene(vertices, None)
        else:
            scene = _closed_room(size)
            mesh = scene.shapes[0]
            self.embree = EmbreeScene(mesh.vertices, mesh.faces)
            self.corners = np.asarray(mesh.vertices, np.float64)[mesh.faces]
        self.scene = scene
        self.tables = compile_scene(scene)
        self.embree.build()
        self.rays = self._make_rays()

    def _make_rays(self) -> dict[str, Any]:
        camera = self.scene.camera
        frame = camera.frame()
        half = np.tan(np.radians(camera.vfov) / 2)
        steps = ((np.arange(SIDE) + 0.5) / SIDE * 2 - 1) * half
        x, y = np.meshgrid(steps, -steps)
        d = frame.forward + x[..., None] * frame.right + y[..., None] * frame.up
        rays = {
            "primary": _rays(np.broadcast_to(camera.look_from, (SIDE * SIDE, 3)), d.reshape(-1, 3))
        }
        random = np.random.default_rng(3)
        last = rays["primary"]
        lo, hi = self.scene.bounds()
        for name in ("bounce 1", "bounce 2"):
            last, points = self._scatter(last, random)
            rays[name] = last
            if name == "bounce 1":
                # To points of a lamp under the ceiling (spheres: above them all).
                lamp = np.array([0.0, hi[1] - 0.02 * (hi[1] - lo[1]), 0.0])
                spread = random.uniform(-0.15, 0.15, (len(points), 3)) * (hi - lo) * (1, 0, 1)
                to_lamp = lamp + spread - points
                distance = np.linalg.norm(to_lamp, axis=1)
                rays["shadow"] = _rays(points, to_lamp, 0.999 * distance)
        return rays

    def _scatter(self, rays: Any, random: Any) -> tuple[Any, Any]:
        """Diffuse bounces from where rays end; and the points that they start at."""
        buffer, words = _buffer()
        hits, normals = [], []
        function = self.embree.function("rtcIntersect1")
        distance = np.zeros(1, np.float32)
        for ray in rays:
            words[HIT_PRIMITIVE] = 0
            if _embree_closest(function, self.embree.address, buffer, words, ray[None], distance):
                hits.append(ray[:3] + ray[4:7] * distance[0])
                normals.append(buffer[12:15].copy())
        p, n = np.array(hits, float), np.array(normals, float)
        n /= np.linalg.norm(n, axis=1)[:, None]
        w = random.normal(size=n.shape)
        w /= np.linalg.norm(w, axis=1)[:, None]
        # Outwards for spheres, inwards for the room: towards where the ray came from.
        towards = np.sign(np.sum((rays[0, :3] - p) * n, axis=1))[:, None]
        n *= np.where(towards == 0, 1.0, towards)
        p += 1e-4 * n
        return _rays(p, n + 0.999 * w), p

    def ours(self, kind: str) -> tuple[int, Any]:
        rays = self.rays[kind]
        if kind == "shadow":
            return _occluded(self.tables, _NO_CAMERA, rays), None
        distances = np.zeros(len(rays), np.float32)
        return _closest(self.tables, _NO_CAMERA, rays, distances), distances

    def theirs(self, kind: str) -> tuple[int, Any]:
        rays, (buffer, words) = self.rays[kind], _buffer()
        scene = self.embree.address
        if kind == "shadow":
            function = self.embree.function("rtcOccluded1")
            return _embree_occluded(function, scene, buffer, words, rays), None
        distances = np.zeros(len(rays), np.float32)
        function = self.embree.function("rtcIntersect1")
        return _embree_closest(function, scene, buffer, words, rays, distances), distances


def _closed_room(triangles: int) -> Any:
    """The bumpy sphere in its room as one mesh, so that both trees hold the same triangles."""
    import raywidget as rw

    if triangles <= 36:
        parts = list(scenes.cornell().shapes)
        camera = scenes.cornell().camera
    else:
        whole = scenes.room(scenes.bumpy_sphere(triangles))
        parts, camera = list(whole.shapes), whole.camera
    vertices, faces, count = [], [], 0
    for part in parts:
        v, f = triangles_of(part)
        vertices.append(v)
        faces.append(f + count)
        count += len(v)
    mesh = rw.Mesh(np.concatenate(vertices), np.concatenate(faces), material=scenes.GREY)
    return rw.Scene([mesh], camera=camera)


def _rays(o: Any, d: Any, far: Any = np.inf) -> Any:
    rays = np.zeros((len(d), 8), np.float32)
    rays[:, :3] = o
    rays[:, 4:7] = d / np.linalg.norm(d, axis=1)[:, None]
    rays[:, 7] = far
    return rays


_trees: dict[tuple[str, int], Trees] = {}


def answer(do: str, name: str, size: int, kind: str = "") -> dict[str, Any]:
    key = (name, size)
    if do == "forget":
        _trees.pop(key, None)
        return {}
    if key not in _trees:
        _trees[key] = Trees(name, size)
    trees = _trees[key]
    if do == "build":
        return _build(trees)
    if do == "check":
        (mine, t_mine), (other, t_other) = trees.ours(kind), trees.theirs(kind)
        differ = abs(mine - other)
        if t_mine is not None:
            far = np.isfinite(t_mine) & np.isfinite(t_other)
            relative = np.abs(t_mine[far] - t_other[far]) / t_other[far]
            differ = int(
                np.sum(np.isfinite(t_mine) != np.isfinite(t_other)) + np.sum(relative > 1e-3)
            )
        return {"rays": len(trees.rays[kind]), "hits": mine, "differ": differ}
    seconds = []
    for trace in (trees.ours, trees.theirs):
        begin = time.thread_time()
        trace(kind)
        seconds.append(time.thread_time() - begin)
    return {"rays": len(trees.rays[kind]), "ours": seconds[0], "theirs": seconds[1]}


def _build(trees: Trees) -> dict[str, Any]:
    """Seconds of wall time and of CPU with as many threads as there are cores to run on.

    All that is made is given back, so that neither takes memory for the first time, which depends
    on the system and on who was last: up to a third of ours.
    """
    threads = len(os.sched_getaffinity(0))
    faces = None if trees.centers is not None else trees.embree._faces
    other = EmbreeScene(trees.embree._vertices[:-1], faces, threads)
    ours = _seconds(lambda: compile_scene(trees.scene, threads))
    theirs = _seconds(other.build)
    other.close()
    return {
        "ours": ours[0],
        "theirs": theirs[0],
        "our CPU": ours[1],
        "their CPU": theirs[1],
        "threads": threads,
    }


def _seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Of wall time, and of CPU, after a rest; what is made is given back afterwards."""
    # Embree's threads spin for a while when they are done, and whoever comes first after a rest
    # finds caches and clocks at rest: so each has one.
    time.sleep(0.2)
    cpu, wall = time.process_time(), time.perf_counter()
    made = work()
    seconds = time.perf_counter() - wall, time.process_time() - cpu
    del made
    return seconds


if __name__ == "__main__":
    serve(answer)
