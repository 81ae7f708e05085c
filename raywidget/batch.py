"""`render_many()`: scenes and frames by the dozen, each a file, none of them twice."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from raywidget.engine.backends.pools import pool_of
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, PictureWarning, SettingsError
from raywidget.frames import FINGERPRINT, Frames, checked_flag, fingerprint_of_picture
from raywidget.headless.asked import choose_denoiser, scene_and_settings, signature_with_settings
from raywidget.io.images import SUFFIXES, check_output
from raywidget.io.metadata import SUFFIXES as TELLING_SUFFIXES
from raywidget.io.metadata import read_text
from raywidget.picture.curves import check_display
from raywidget.progress import Steps
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_items, as_whole
from raywidget.scene.values.paths import user_path
from raywidget.scene.values.signatures import checked_call
from raywidget.scene.values.telling import warn
from raywidget.staging.studio import STUDIO_WORDS

LOG = "batch.jsonl"
_DISPLAY = ("exposure", "curve", "denoise")
_NUMBERED = re.compile(r"%(0\d{1,2})?d")
_MOST_LOG = 1 << 28  # bytes of a log that are looked at


class Rendered(NamedTuple):
    """What has become of one of many pictures."""

    number: int  # of the item, from 0
    path: Path | None  # its file; None if it has none
    status: str  # "done", "skipped" or "failed"
    seconds: float
    error: str | None = None


@checked_call(SettingsError)
def render_many(
    items: Iterable[object] | Mapping[str, object],
    into: str | Path | Iterable[str | Path] = "pictures",
    *,
    suffix: str = ".png",
    share: tuple[int, int] | None = None,
    log: bool | str | Path = True,
    progress: bool = False,
    exposure: float = 0.0,
    curve: str = "srgb",
    denoise: bool | str = False,
    executor: object = None,
    **settings: Any,
) -> list[Rendered]:
    """Render many scenes or frames, each into a file; what is there already is not made again.

    Parameters
    ----------
    items : iterable, or mapping of str to thing
        Scenes, or what `studio` takes, such as names of files; a generator makes one at a time. A
        pair ``(thing, {"spp": 256})`` has settings of its own, which count more. A mapping gives
        each a name.
    into : path-like, or iterable of path-like
        A folder, which is made if need be: pictures are called after their files or their names in
        the mapping, else by their numbers. Or a pattern for all, ``"out/%04d.exr"``; or a path for
        each.
    suffix : str
        The format of pictures in a folder.
    share : (int, int), optional
        ``(k, n)``: only each n-th item, from the k-th on (from 0), so that n processes on any
        machines that see the same folder do all of them.
    log : bool or path-like
        A line of JSON for each item: when, which, its file, ``"done"``, ``"skipped"`` or
        ``"failed"``, seconds, samples, noise, error. By default ``batch.jsonl`` in the folder.
    progress : bool
        Say how far it is, and how long it will take.
    exposure, curve, denoise : float, str, bool or str
        As in `render`; items may have their own among their settings.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Who renders, as in `render`: tiles of one picture after the other, to the same pixels.
    **settings
        Any of `RenderSettings`, and parameters of `studio`, for all items.

    Returns
    -------
    list of Rendered
        ``(number, path, status, seconds, error)`` of each item. What is wrong with one ends no
        other.

    Warns
    -----
    PictureWarning
        If some have failed.

    Raises
    ------
    SettingsError
        If what all of them share is wrong.
    PictureError
        If nothing can be written there.

    Notes
    -----
    A picture is there if its file says that it was made of the very scene, settings and version;
    of formats that can't say it (``.npy``, ``.npz``, ``.pdf``), the log does.

    Examples
    --------
    >>> import os, tempfile
    >>> import raywidget as rw
    >>> folder = tempfile.mkdtemp()
    >>> scene = rw.presets.cornell()
    >>> cameras = [scene.camera.replace(vfov=angle) for angle in (30, 40)]
    >>> scenes = (scene.replace(camera=camera) for camera in cameras)
    >>> made = rw.render_many(scenes, folder, width=16, height=16, spp=1)
    >>> [item.status for item in made], sorted(os.listdir(folder))
    (['done', 'done'], ['000000.png', '000001.png', 'batch.jsonl'])
    """
    shared = {"exposure": exposure, "curve": curve, "denoise": denoise}
    _check_shown(shared)
    progress = checked_flag("progress", progress)
    picture = {name: value for name, value in settings.items() if name not in STUDIO_WORDS}
    picture.pop("region", None)  # which only scenes know the size for
    RenderSettings.for_scene({}, picture)
    if executor is not None:
        pool_of(executor)  # or it is said here
    numbered = _counted(items)
    names = _Names(into, suffix)
    first, step = _share(share)
    file = None
    if log is not False:
        file = names.folder / LOG if log is True else _path("log", log)
    ledger = _Ledger(file)
    count = None
    with contextlib.suppress(TypeError):
        count = len(items)  # type: ignore[arg-type]
    told = (
        Steps(None if count is None else len(range(first, count, step)), "picture")
        if progress
        else None
    )
    frames, made = Frames(executor), []
    try:
        for index, item in numbered:
            wanted = _Wanted(index, *_taken_apart(item, items))
            path = names.next(wanted)  # also of those of others, so that names do not depend on it
            if index % step != first:
                continue
            begun = time.monotonic()
            try:
                status, about = _have(wanted, path, shared, settings, frames, ledger)
                error = None
            except Exception as caught:  # of this one; it is kept for whoever looks
                status, about, error = "failed", {}, f"{type(caught).__name__}: {caught}"
            seconds = time.monotonic() - begun
            made.append(Rendered(index, path, status, seconds, error))
            ledger.note(made[-1], wanted.label(), about)
            if told is not None:
                told.step()
    finally:
        frames.close()
        ledger.close()
        if told is not None:
            told.close()
    failed = [item for item in made if item.error is not None]
    if failed:
        warn(
            f"{len(failed)} of {len(made)} pictures were not made; the first: item "
            f"{failed[0].number}: {failed[0].error}",
            PictureWarning,
        )
    return made


def _counted(items: object) -> Iterator[tuple[int, object]]:
    wrong = isinstance(items, str | bytes | os.PathLike | Scene)
    try:
        many: Any = iter(() if wrong else items)  # type: ignore[call-overload]
    except TypeError:
        wrong, many = True, iter(())
    if wrong:
        raise SettingsError(f"render_many: items must be many things, got {show(items)}")
    return enumerate(many)


@dataclass
class _Wanted:
    """One of the items."""

    index: int
    thing: object
    own: Mapping[str, Any]  # settings
    name: str | None

    def label(self) -> str:
        """What the log calls it."""
        if self.name is not None:
            return self.name
        if isinstance(self.thing, str | os.PathLike):
            return os.fsdecode(self.thing)
        return getattr(self.thing, "name", None) or type(self.thing).__name__


def _taken_apart(item: object, items: object) -> tuple[object, Mapping[str, Any], str | None]:
    """The thing, its own settings, and its name."""
    name = None
    if isinstance(items, Mapping):
        name, item = str(item), items[item]
    if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Mapping):
        return item[0], item[1], name
    return item, {}, name


def _have(
    wanted: _Wanted,
    path: Path,
    shared: Mapping[str, Any],
    settings: Mapping[str, Any],
    frames: Frames,
    ledger: _Ledger,
) -> tuple[str, dict[str, Any]]:
    """Have a picture in its file; what was done, and what there is to say of it."""
    shown = {**shared, **{name: wanted.own[name] for name in _DISPLAY if name in wanted.own}}
    exposure, curve, method = _check_shown(shown)
    own = {name: value for name, value in wanted.own.items() if name not in _DISPLAY}
    scene, chosen = scene_and_settings(wanted.thing, {**settings, **own})
    fingerprint = fingerprint_of_picture(scene, chosen, exposure, curve, method)
    about: dict[str, Any] = {"fingerprint": fingerprint}
    if _is_there(path, fingerprint, ledger):
        return "skipped", about
    path.parent.mkdir(parents=True, exist_ok=True)
    check_output(path)
    image = frames.image(scene, chosen, method, exposure, curve)
    image.save(path, text={FINGERPRINT: fingerprint})
    about |= {"spp": image.spp, "noise": image.raw.noise, "bytes": path.stat().st_size}
    if (dark := frames.darkness(exposure)) is not None:
        about["note"] = dark
    return "done", about


def _is_there(path: Path, fingerprint: str, ledger: _Ledger) -> bool:
    if path.suffix.lower() in TELLING_SUFFIXES:
        return read_text(path).get(FINGERPRINT) == fingerprint
    try:
        return ledger.knows(path, fingerprint, path.stat().st_size)
    except OSError:
        return False


def _check_shown(shown: Mapping[str, Any]) -> tuple[float, str, str | None]:
    try:
        curve, exposure = check_display(shown["curve"], shown["exposure"])
    except PictureError as error:
        raise SettingsError(str(error)) from None
    return exposure, curve, choose_denoiser(shown["denoise"])


def _share(given: object) -> tuple[int, int]:
    if given is None:
        return 0, 1
    items: Any = as_items(given)
    pair = (None, None) if items is None or len(items) != 2 else tuple(map(as_whole, items))
    k, n = pair
    if k is None or n is None or not 0 <= k < n:
        raise SettingsError(f"share: expected (k, n) with 0 <= k < n, got {show(given)}")
    return k, n


def _path(name: str, given: object) -> Path:
    try:
        return user_path(given)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


class _Names:
    """Where each picture goes."""

    def __init__(self, into: object, suffix: object) -> None:
        known = ", ".join(SUFFIXES)
        if not isinstance(suffix, str) or suffix.lower() not in SUFFIXES:
            raise SettingsError(f"suffix: expected one of {known}, got {show(suffix)}")
        self._suffix = suffix
        self._taken: set[Path] = set()
        self._paths: Iterator[object] | None = None
        self._pattern: str | None = None
        self.folder = Path()
        if isinstance(into, str | os.PathLike):
            path = _path("into", into)
            self.folder = path
            if path.name.count("%") == 1 and _NUMBERED.search(path.name):
                self.folder, self._pattern = path.parent, path.name
                if path.suffix.lower() not in SUFFIXES:
                    raise SettingsError(
                        f"into: a pattern must end in one of {known}, got {path.name!r}"
                    )
            elif path.suffix.lower() in SUFFIXES:
                raise SettingsError(
                    "into: expected a folder or a pattern such as 'out/%04d.png', "
                    f"got {path.name!r}"
                )
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise PictureError(
                    f"can't write into {str(self.folder)!r}: {error.strerror or error}"
                ) from None
        else:
            paths: Any = None if isinstance(into, bytes | Mapping) else into
            try:
                self._paths = iter(paths)
            except TypeError:
                raise SettingsError(
                    f"into: expected a folder, a pattern or paths, got {show(into)}"
                ) from None

    def next(self, wanted: _Wanted) -> Path:
        """A path that no other item has."""
        if self._paths is not None:
            try:
                path = _path("into", next(self._paths))
            except StopIteration:
                raise SettingsError(
                    f"into: there are more items than paths; item {wanted.index} has none"
                ) from None
            if path in self._taken:
                raise SettingsError(f"into: {str(path)!r} is the path of two items")
        elif self._pattern is not None:
            path = self.folder / _NUMBERED.sub(
                lambda found: found[0] % wanted.index, self._pattern, count=1
            )
        else:
            path = self._in_folder(wanted)
        self._taken.add(path)
        return path

    def _in_folder(self, wanted: _Wanted) -> Path:
        stem = f"{wanted.index:06d}"
        if wanted.name is not None:
            stem = wanted.name.removesuffix(self._suffix)
        elif isinstance(wanted.thing, str | os.PathLike):
            stem = Path(os.fsdecode(wanted.thing)).stem
        # A name is not a way out of the folder.
        stem = (
            re.sub(r"[\x00-\x1f/\\:*?\"<>|]", "_", stem)[:120].lstrip(".") or f"{wanted.index:06d}"
        )
        for number in itertools.count(1):
            name = stem if number == 1 else f"{stem}-{number}"
            path = self.folder / f"{name}{self._suffix}"
            if path not in self._taken:
                return path
        raise AssertionError


class _Ledger:
    """The log: what earlier calls have made, and what this one does."""

    def __init__(self, path: Path | None) -> None:
        self._file: Any = None
        self._known: dict[str, tuple[str, int]] = {}  # file -> fingerprint, bytes
        if path is None:
            return
        try:
            self._read(path)
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise PictureError(
                f"the log {str(path)!r} can't be written: {error.strerror or error}"
            ) from None

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _MOST_LOG))
            for line in file:
                try:
                    said = json.loads(line)
                    name, fingerprint, size = said["file"], said["fingerprint"], said["bytes"]
                except (ValueError, KeyError, TypeError, RecursionError):
                    continue  # of a process that was killed while it wrote, or of somebody else
                if isinstance(name, str) and isinstance(fingerprint, str) and type(size) is int:
                    self._known[name] = fingerprint, size

    def knows(self, path: Path, fingerprint: str, size: int) -> bool:
        """Was this very file made of that?"""
        return self._known.get(str(path)) == (fingerprint, size)

    def note(self, made: Rendered, label: str, about: Mapping[str, Any]) -> None:
        """Write a line."""
        if self._file is None:
            return
        line = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "item": made.number,
            "name": label,
            "file": str(made.path),
            "status": made.status,
            "seconds": round(made.seconds, 3),
            **about,
        }
        if made.error is not None:
            line["error"] = made.error
        with contextlib.suppress(OSError):  # the pictures are what counts
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Nothing more will be noted."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()


render_many.__signature__ = signature_with_settings(render_many)  # type: ignore[attr-defined]
