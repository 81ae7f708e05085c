"""A render on disk while it goes on: what it has come to, and all that it is made of.

A checkpoint is one file (`io.bundle`): the settings, the scene as `Scene.save` writes it, and the
film as it is, sums and numbers of samples. From there any process goes on, and comes to the picture
that an uninterrupted render comes to, bit by bit. The file is not trusted where it is read.

Of a scene that moves between two, it holds both. A function it can't hold: that is given again.
"""

from __future__ import annotations

import dataclasses
import math
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.film.adaptive import CELL
from raywidget.engine.film.film import FilmState, TileSums
from raywidget.engine.film.tiles import Tile, make_tiles
from raywidget.engine.naming import name_of_moving
from raywidget.engine.session.run import ResumeState, Spent
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, PictureWarning, RaywidgetError, SceneError
from raywidget.io.atomic import check_writable, sweep
from raywidget.io.bundle import Bundle, write_bundle
from raywidget.io.gltf.exact import fingerprint
from raywidget.io.scene_files import read_scene, write_scene
from raywidget.scene.between import between, ends_of
from raywidget.scene.moving import Moving, checked_shutter
from raywidget.scene.scene import Scene
from raywidget.scene.values.paths import user_path
from raywidget.scene.values.telling import warn

_FORMAT, _VERSION = "raywidget-checkpoint", 1
_SCENE, _LAST = "scene.glb", "last.glb"
_SHARES = tuple((k + 0.5) / 8 for k in range(8))  # of an exposure, at which a scene is looked at
_PATIENCE = 10.0  # times as long as it took to write it, before it is written again


class Kept(NamedTuple):
    """What a checkpoint says."""

    path: Path
    fingerprint: str  # of the scene
    shutter: tuple[float, float] | None  # of one that moves
    holds_scene: bool
    settings: RenderSettings
    shown: Mapping[str, Any]  # exposure, curve, denoise
    film: FilmState
    shares: Mapping[int, NDArray[np.float64]]
    spent: Spent

    def resume(self, scene: Scene) -> ResumeState:
        """What a session goes on from."""
        return ResumeState(scene, self.settings, self.film, self.shares, self.spent)


class Checkpoint:
    """Writes a session's film into a file now and then.

    Parameters
    ----------
    path : path-like
        The file.
    seconds : float
        Between two writings; more, where writing takes long.
    scene : Scene
        What is rendered.
    settings : RenderSettings
        How, as it was asked for.
    shown : mapping
        How the picture is shown; what JSON can say.

    Raises
    ------
    PictureError
        If nothing can be written there, or no file can hold this scene.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        seconds: float,
        scene: Scene,
        settings: RenderSettings,
        shown: Mapping[str, Any],
    ) -> None:
        self.path = checked_place(path)
        self._seconds = seconds
        self._settings = settings
        self._shown = dict(shown)
        self.fingerprint, self._scenes = _packed(scene)
        self._shutter = scene.shutter if isinstance(scene, Moving) else None
        self._due = math.inf
        self._troubled = False

    def begin(self, session: Session) -> None:
        """Write what there is before the first sample: if that can't be done, now is the time.

        Raises
        ------
        PictureError
            If it can't be written.
        """
        sweep(self.path)  # of processes that were killed while they wrote
        try:
            self._write(session)
        except OSError as error:
            raise PictureError(
                f"can't write the checkpoint {str(self.path)!r}: {error.strerror or error}"
            ) from None

    def update(self, session: Session) -> None:
        """Write it if it is due. Called often."""
        if time.monotonic() >= self._due:
            self.write(session)

    def write(self, session: Session) -> None:
        """Write it. Where that can't be done any more, the render goes on, and there is a warning.

        Warns
        -----
        PictureWarning
            Once, if it can't be written.
        """
        try:
            self._write(session)
        except OSError as error:
            if not self._troubled:
                self._troubled = True
                warn(
                    f"the checkpoint {str(self.path)!r} can't be written "
                    f"({error.strerror or error}); the render goes on without",
                    PictureWarning,
                )
            self._due = time.monotonic() + max(self._seconds, 1.0)

    def _write(self, session: Session) -> None:
        began = time.monotonic()
        run = session.run()
        state = run.film.state()
        shares = dict(run.shares)  # of every tile of that state that is beyond its pilot
        progress = session.progress()
        head = {
            "format": _FORMAT,
            "version": _VERSION,
            "raywidget": _own_version(),
            "lanes": _lanes(),
            "scene": self.fingerprint,
            "shutter": self._shutter,
            "settings": dataclasses.asdict(self._settings),
            "shown": self._shown,
            "spent": {
                "seconds": progress.elapsed,
                "rays": progress.rays,
                "dropped": run.dropped,
            },
        }
        write_bundle(self.path, head, _arrays(state, shares), self._scenes)
        now = time.monotonic()
        self._due = now + max(self._seconds, _PATIENCE * (now - began))


def checked_place(path: object) -> Path:
    """Where a checkpoint is to be.

    Raises
    ------
    PictureError
        If no file can be written there.
    """
    try:
        target = Path(os.path.realpath(user_path(path)))
        if target.is_dir():
            raise ValueError("it is a folder")
        check_writable(target)
    except ValueError as error:
        raise PictureError(f"can't write the checkpoint: {error}") from None
    except OSError as error:
        raise PictureError(
            f"can't write the checkpoint {str(path)!r}: {error.strerror or error}"
        ) from None
    return target


def read_checkpoint(path: str | os.PathLike[str]) -> Kept:
    """Read a checkpoint, but for its scene.

    Raises
    ------
    PictureError
        If it can't be read, is damaged, or no checkpoint.

    Warns
    -----
    PictureWarning
        If the picture will not be, to the last bit, what it would have been where it was begun.
    """
    try:
        file = user_path(path)
    except ValueError as error:
        raise PictureError(f"can't read the checkpoint: {error}") from None
    with Bundle(file) as bundle:
        head = bundle.head()
        if head.get("format") != _FORMAT:
            raise bundle.error("it is no checkpoint of a render")
        if head.get("version") != _VERSION:
            raise bundle.error("it was written by a later raywidget, which can go on with it")
        settings = _settings(bundle, head.get("settings"))
        shown, spent, scene = head.get("shown"), head.get("spent"), head.get("scene")
        if not (isinstance(shown, dict) and isinstance(spent, dict) and isinstance(scene, str)):
            raise bundle.error("what it says of its render is not whole")
        numbers: list[Any] = [spent.get(name) for name in ("seconds", "rays", "dropped")]
        if not all(type(n) in (int, float) and 0 <= n < 2**63 for n in numbers):
            raise bundle.error("what it says of its time is no number")
        shutter = _shutter(bundle, head.get("shutter"))
        film, shares = _film(bundle, settings)
        _tell_differences(file, head)
        return Kept(
            file,
            scene,
            shutter,
            bundle.has_file(_SCENE),
            settings,
            shown,
            film,
            shares,
            Spent(float(numbers[0]), *map(int, numbers[1:])),
        )


def read_scene_of(kept: Kept) -> Scene:
    """The scene of a checkpoint.

    Raises
    ------
    PictureError
        If it is not, bit by bit, what was rendered, or a function that no file can hold.
    """
    if kept.shutter is not None and not kept.holds_scene:
        raise PictureError(
            f"{str(kept.path)!r}: its scene is a function of time, which no file holds; give it, "
            f"too: resume(path, scene_at, shutter={kept.shutter})"
        )
    with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
        names = (_SCENE,) if kept.shutter is None else (_SCENE, _LAST)
        places = [Path(folder) / name for name in names]
        with Bundle(kept.path) as bundle:
            for place in places:
                bundle.copy_file(place.name, place)
            try:
                scenes = [_read_back(place) for place in places]
                scene = scenes[0]
                if kept.shutter is not None:
                    scene = Moving(between(*scenes), kept.shutter)
                if _name(scene) == kept.fingerprint:
                    return scene
            except RaywidgetError as error:
                raise bundle.error(f"its scene can't be read ({error})") from None
            raise bundle.error("its scene is not the one that was rendered")


# --- The scene ------------------------------------------------------------------------------------


def check_is_scene_of(kept: Kept, scene: Scene) -> None:
    """Refuse a scene that is not the one of a checkpoint.

    Raises
    ------
    PictureError
        If it is another one, or its shutter is.
    """
    shutter = scene.shutter if isinstance(scene, Moving) else None
    if shutter != kept.shutter:
        was, now = (
            "none" if it is None else f"({it[0]:g}, {it[1]:g})" for it in (kept.shutter, shutter)
        )
        raise PictureError(f"{str(kept.path)!r}: its shutter is {was}, got {now}")
    if _name(scene) != kept.fingerprint:
        raise PictureError(
            f"{str(kept.path)!r} has another scene; remove it, or choose another file"
        )


def _name(scene: Scene) -> str:
    return name_of_moving(scene, _SHARES) if isinstance(scene, Moving) else fingerprint(scene)


def _packed(scene: Scene) -> tuple[str, dict[str, bytes]]:
    """A scene's fingerprint, and the scene as files, which are tried out."""
    if not isinstance(scene, Moving):
        name, file = _packed_one(scene)
        return name, {_SCENE: file}
    ends = ends_of(scene)
    if ends is None:
        return _name(scene), {}
    try:
        both = [_packed_one(end)[1] for end in ends]
    except PictureError:  # then it is given again, as a function is
        return _name(scene), {}
    return _name(scene), dict(zip((_SCENE, _LAST), both, strict=True))


def _packed_one(scene: Scene) -> tuple[str, bytes]:
    try:
        name = fingerprint(scene)
        with tempfile.TemporaryDirectory(prefix="raywidget-") as folder:
            place = Path(folder) / _SCENE
            write_scene(scene, place)
            if fingerprint(_read_back(place)) != name:
                raise SceneError("it does not come back as it is")
            return name, place.read_bytes()
    except SceneError as error:
        raise PictureError(f"checkpoint: no file can hold this scene ({error})") from None
    except OSError as error:
        raise PictureError(f"checkpoint: {error.strerror or error}") from None


def _read_back(place: Path) -> Scene:
    parts = read_scene(place)
    if len(parts.cameras) != 1:
        raise SceneError("it has no camera of its own")
    return Scene(
        parts.shapes,
        emitters=parts.emitters,
        camera=parts.cameras[0],
        medium=parts.medium,
        background=parts.background,
        clip=parts.clip,
        caps=parts.caps,
        defaults=parts.defaults,
        annotations=parts.annotations,
        name=parts.name,
        notes=parts.notes,
    )


# --- The film -------------------------------------------------------------------------------------


def _arrays(state: FilmState, shares: Mapping[int, NDArray[np.float64]]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {
        "sums": state.sums,
        "swings": state.swings,
        "spp": np.array([part.spp for part in state.parts], np.int64),
    }
    coverage = state.coverage()
    if coverage is not None:
        arrays["coverage"] = coverage
    if state.splats is not None:
        arrays["splats"] = state.splats
    if shares:
        whole = np.full(_cells(state.width, state.height), np.nan)
        for tile in state.tiles:
            if tile.index in shares:
                whole[_cells_of(tile)] = shares[tile.index]
        arrays["counts"], arrays["shares"] = state.counts(), whole
    return arrays


def _film(
    bundle: Bundle, settings: RenderSettings
) -> tuple[FilmState, dict[int, NDArray[np.float64]]]:
    width, height = settings.window[2:]
    size = height, width
    tiles = make_tiles(width, height, settings.tile_size)
    sums = bundle.array("sums", "<f8", (*size, 3))
    swings = bundle.array("swings", "<f4", (*size, 3))
    spp = bundle.array("spp", "<i8", (len(tiles),))
    _check_counts(bundle, spp, settings.spp)
    coverage = bundle.array("coverage", "<f8", size) if settings.alpha else None
    splats = bundle.array("splats", "<i8", (2, *size, 3)) if bundle.has("splats") else None
    for numbers in (sums, coverage):
        if numbers is not None and not np.isfinite(numbers).all():
            raise bundle.error("its sums are not finite")
    counts, shares = None, {}
    if settings.adaptive and bundle.has("shares"):
        counts = bundle.array("counts", "<i8", size)
        _check_counts(bundle, counts, 64 * settings.spp)
        whole = bundle.array("shares", "<f8", _cells(width, height))
        for tile in tiles:
            part = whole[_cells_of(tile)]
            if np.isfinite(part).all():
                if not (part.min() >= 0.0 and part.max() <= 64.0):
                    raise bundle.error("its shares of samples are out of range")
                shares[tile.index] = part.copy()

    def cut(array: NDArray[Any] | None, tile: Tile) -> Any:
        if array is None:
            return None
        return array[tile.y : tile.y + tile.height, tile.x : tile.x + tile.width].copy()

    parts = tuple(
        TileSums(
            cut(sums, tile),
            cut(swings, tile),
            int(spp[tile.index]),
            cut(counts, tile) if tile.index in shares else None,
            cut(coverage, tile),
        )
        for tile in tiles
    )
    return FilmState(width, height, tiles, parts, splats), shares


def _check_counts(bundle: Bundle, counts: NDArray[np.int64], most: int) -> None:
    if not (counts.min() >= 0 and counts.max() <= most):
        raise bundle.error(f"its numbers of samples must be 0 to {most:,}")


def _cells(width: int, height: int) -> tuple[int, int]:
    return -(-height // CELL), -(-width // CELL)


def _cells_of(tile: Tile) -> tuple[slice, slice]:
    rows, columns = _cells(tile.width, tile.height)
    top, left = tile.y // CELL, tile.x // CELL
    return slice(top, top + rows), slice(left, left + columns)


# --- What it says of itself -----------------------------------------------------------------------


def _shutter(bundle: Bundle, values: object) -> tuple[float, float] | None:
    if values is None:
        return None
    try:
        return checked_shutter("it", values)
    except RaywidgetError as error:
        raise bundle.error(f"its shutter is wrong ({error})") from None


def _settings(bundle: Bundle, values: object) -> RenderSettings:
    if not isinstance(values, dict):
        raise bundle.error("it has no settings")
    try:
        return RenderSettings.for_scene({}, values)
    except RaywidgetError as error:
        raise bundle.error(f"its settings are wrong ({error})") from None


def _tell_differences(file: Path, head: Mapping[str, Any]) -> None:
    """Say what keeps the picture from being the same to the last bit."""
    here = {"raywidget": _own_version(), "lanes": _lanes()}
    told = {"raywidget": "version of raywidget", "lanes": "width of the processor's vectors"}
    for name, own in here.items():
        if head.get(name) != own:
            warn(
                f"{file.name!r} was begun with another {told[name]} ({str(head.get(name))[:20]!r}, "
                f"here it is {own!r}): its samples count, but the picture is not the same to the "
                "last bit as one from a single machine",
                PictureWarning,
            )


def _own_version() -> str:
    return str(sys.modules["raywidget"].__version__)


def _lanes() -> int:
    from raywidget.kernels.language.simd import WIDTH

    return int(WIDTH)
