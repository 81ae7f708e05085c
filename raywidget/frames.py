"""Many pictures by one session, and which of them are there already.

Tables and trees go from picture to picture where nothing has moved; each is, bit by bit, what
`render` makes of its scene. What a picture is made of has a name, its fingerprint, which stands in
its file: who comes again renders only what is missing or has changed.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np

from raywidget.engine.darkness import explain_darkness
from raywidget.engine.exposure import share_of_sample
from raywidget.engine.naming import name_of, name_of_moving
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import ExecutorWarning, SettingsError
from raywidget.picture.image import Image
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.telling import warn

FINGERPRINT = "raywidget-frame"  # the text of a picture's file
MOST_TIMES = 16  # at which it is looked what a scene that moves has moved to: all, if few
_NOT_THE_PICTURE = ("passes", "tile_size", "threads")


def fingerprint_of_picture(scene: Scene, settings: RenderSettings, *shown: Any) -> str:
    """Names all that a picture is made of; `shown` is how it is developed."""
    how = {
        field.name: getattr(settings, field.name)
        for field in fields(settings)
        if field.name not in _NOT_THE_PICTURE or (field.name == "tile_size" and settings.adaptive)
    }
    if isinstance(scene, Moving):
        samples = np.unique(np.linspace(0, settings.spp - 1, MOST_TIMES).astype(int)).tolist()
        shares = [share_of_sample(settings.seed, sample) for sample in samples]
        what = name_of_moving(scene, (0.5, *shares))
    else:
        what = name_of(scene)
    version = sys.modules["raywidget"].__version__
    text = json.dumps([version, what, how, shown], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Frames:
    """One session for all pictures; it begins with the first that is asked for.

    Parameters
    ----------
    executor : Executor or Client, optional
        Who renders, see `Session`.
    look : callable, optional
        Called ten times a second while one waits; what it raises breaks the picture off.
    """

    def __init__(self, executor: object = None, look: Callable[[], object] = lambda: None) -> None:
        self._session: Session | None = None
        self._executor = executor
        self._look = look

    def image(
        self,
        scene: Scene,
        settings: RenderSettings,
        method: str | None,
        exposure: float,
        curve: str,
    ) -> Image:
        """Render a picture."""
        if self._session is None:
            self._session = Session(scene, settings, executor=self._executor)
            self._session.start()
        else:
            self._session.restart(scene=scene, settings=settings)
        while not self._session.wait(0.1):  # so that an interrupt is seen on every system
            self._look()
        image = self._session.image(exposure=exposure, curve=curve)
        return image if method is None else image.denoise(method)

    def darkness(self, exposure: float) -> str | None:
        """Why the last picture is black, if it is."""
        return None if self._session is None else explain_darkness(self._session.run(), exposure)

    def close(self) -> None:
        """End all threads."""
        if self._session is not None:
            self._session.close()
            for note in self._session.notes():
                warn(note, ExecutorWarning)
            self._session = None


def checked_flag(name: str, value: object) -> bool:
    """True or False, and nothing else.

    Raises
    ------
    SettingsError
        If it is something else.
    """
    if not isinstance(value, bool | np.bool_):
        raise SettingsError(f"{name}: expected True or False, got {show(value)}")
    return bool(value)
