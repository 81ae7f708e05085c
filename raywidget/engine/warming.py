"""`warmup()`: have kernels compiled before anybody waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np

from raywidget.engine.about import place_of_kernels
from raywidget.engine.film.halves import prepare
from raywidget.engine.picking import pick_pixel
from raywidget.engine.session.session import Session
from raywidget.engine.settings import AOVS, INTEGRATORS, RenderSettings
from raywidget.errors import SettingsError
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.emitters.emitters import ConstantEnvironment, DirectionalLight
from raywidget.scene.materials.materials import Dielectric, Diffuse, Metal
from raywidget.scene.materials.media import HomogeneousMedium
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.many import Spheres
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.round import Cylinder
from raywidget.scene.shapes.simple import Quad, Sphere
from raywidget.scene.textures.textures import Checkerboard
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_items
from raywidget.scene.values.signatures import checked_call


@checked_call(SettingsError)
def warmup(
    *,
    integrators: str | Iterable[str] = ("path",),
    progress: bool | Callable[[str], object] = False,
) -> float:
    """Compile all that `render` and a widget need, or load it from disk; returns the seconds taken.

    That is, for plain scenes and for all others: the integrators, pictures in a drag, picking, and
    AOVs; what sends pictures to pages; and what builds trees. Compiled code is kept in the user's
    cache folder, so only the first call after an installation takes long. Useful before a
    demonstration, or when an image of a machine is built. (Kernels are loaded from a folder of
    root's, too, if others may read it:
    ``chmod -R a+rX``. ``NUMBA_CACHE_DIR`` or ``XDG_CACHE_HOME`` say where it is.)

    Parameters
    ----------
    integrators : str or iterable of str
        Names of integrators, or ``"all"`` of them.
    progress : bool or callable
        Tell what is compiled, how long it took, and where it is kept: print it, or call this with
        each line.

    Raises
    ------
    SettingsError
        If there is no such integrator.
    RenderError
        If kernels can't be compiled.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.warmup() >= 0.0
    True
    """
    tell = progress if callable(progress) else _print if progress else _keep_quiet
    names = _check(integrators)
    begin = time.perf_counter()
    scenes = {"plain scenes": _plain_scene(), "all other scenes": _full_scene()}
    for index, name in enumerate(names):
        for kind, scene in scenes.items():
            started = time.perf_counter()
            tell(f"{name}, {kind} ...")
            _render(scene, name, look_at_it=index == 0)
            tell(f"{name}, {kind}: {time.perf_counter() - started:.1f} s")
    if integrators == "all":
        for kind, scene in {**scenes, "plain scenes": _polished_scene()}.items():
            tell(f"caustics, {kind} ...")
            _render(scene, "path", look_at_it=False, caustics=True)
    seconds = time.perf_counter() - begin
    if progress:
        tell(f"{seconds:.1f} s in all; kernels are in {place_of_kernels()}")
    return seconds


def _check(integrators: str | Iterable[str]) -> list[str]:
    if isinstance(integrators, str):
        names: tuple[str, ...] | None = INTEGRATORS if integrators == "all" else (integrators,)
    else:
        names = as_items(integrators)
    wrong = [integrators] if names is None else [n for n in names if not _is_known(n)]
    if names is None or wrong:
        known = ", ".join(INTEGRATORS)
        raise SettingsError(
            f"integrators: expected 'all' or names of {known}, got {show(wrong[0])}"
        )
    return list(names) or ["path"]


def _is_known(name: object) -> bool:
    return isinstance(name, str) and name in INTEGRATORS


def _print(line: str) -> None:
    print(line, flush=True)


def _keep_quiet(line: str) -> None:
    pass


def _render(scene: Scene, integrator: str, look_at_it: bool, caustics: bool = False) -> None:
    aovs = AOVS if look_at_it else ()
    settings = RenderSettings(
        width=4,
        height=4,
        spp=1,
        threads=1,
        integrator=integrator,
        aovs=aovs,
        alpha=look_at_it,
        caustics=caustics,
    )
    session = Session(scene, settings)
    try:
        session.start()
        session.wait()
        if look_at_it:
            session.image()
            prepare()
            pick_pixel(session.run(), 2, 2)
    finally:
        session.close()


def _fan() -> Mesh:
    """More triangles than would do without a tree, so that its builder is compiled too."""
    turn = np.linspace(0.0, 2.0 * np.pi, 200)
    points = np.stack([np.cos(turn), np.sin(turn), 0.0 * turn], axis=1)
    around = np.arange(1, len(turn) - 1)
    return Mesh(points, np.stack([0 * around, around, around + 1], axis=1))


def _plain_scene() -> Scene:
    return Scene([_fan(), Sphere((0, 0, 1), 0.5)], camera=_CAMERA)


def _polished_scene() -> Scene:
    """A plain one in which light is gathered."""
    lamp = Quad((-1, 3, -1), (2, 0, 0), (0, 0, 2), emission=1.0)
    ball = Sphere((0, 0, 1), 0.5, material=Metal(0.9, roughness=0.2))
    return Scene([_fan(), ball, lamp], camera=_CAMERA)


def _full_scene() -> Scene:
    """Every kind of table has rows: they are of several types, and kernels of as many versions."""
    fan, ball = _fan(), Sphere((0, 0, 1), 0.5)
    board = Diffuse(Checkerboard(0.1, 0.9))
    glass = Dielectric(1.5, interior=HomogeneousMedium(absorption=0.1))
    lamps = [Sphere((k, 3, 0), 0.1, emission=1.0) for k in range(16)]  # enough for a tree of them
    from raywidget.compiler.geometry.primitives import MANY_BALLS  # which loads kernels

    row = np.arange(MANY_BALLS, dtype=float)
    beads = Spheres(
        np.stack([row, 0.0 * row - 9.0, 0.0 * row], axis=1), np.full(MANY_BALLS, 0.4, np.float32)
    )
    shapes = [
        fan,
        ball.replace(material=glass),
        Cylinder((0, -1, 0), (0, 1, 0), 0.2, material=board),
        Instances(fan, np.eye(4)[None]),
        beads,
        *lamps,
    ]
    sun = DirectionalLight((0, -1, 0), 1.0)  # beside the tree
    return Scene(shapes, emitters=[ConstantEnvironment(0.5), sun], camera=_CAMERA)


_CAMERA = PerspectiveCamera(look_from=(0, 0, 4), look_at=(0, 0, 0))
