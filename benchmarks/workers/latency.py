"""A session as the widget runs it: the camera moves, the user stops."""

from __future__ import annotations

import itertools
import time
from typing import Any

from benchmarks import scenes
from benchmarks.harness import serve
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings

SETTINGS = RenderSettings(width=640, height=480, spp=1, max_depth=8, threads=2)
COARSE = SETTINGS.replace(width=160, height=120, max_depth=3, tile_size=32)

_scene = scenes.room(scenes.bumpy_sphere(328_000))
_box = scenes.cornell()
_session = Session(_scene, SETTINGS)
_session.start()
_session.wait()
_angles = itertools.count()


def answer(do: str, spp: int = 1) -> dict[str, Any]:
    if do == "camera":
        return {
            "rows": {
                "camera change to a complete coarse picture (160x120, depth 3)": _turn(COARSE),
                "camera change to 640x480 at 1 spp, depth 8": _turn(SETTINGS),
            }
        }
    session = Session(_box, SETTINGS.replace(spp=spp, passes=1))
    session.start()
    while session.progress().elapsed < 0.03 and not session.wait(0.001):
        pass
    begin = time.perf_counter()
    session.close()  # which joins the threads
    return {"ms": 1e3 * (time.perf_counter() - begin)}


def _turn(settings: RenderSettings) -> float:
    """Milliseconds from a new camera to its whole picture."""
    x = 0.1 * (next(_angles) % 7)
    camera = _scene.camera.replace(look_from=(x, 0.4, 5.2))
    begin = time.perf_counter()
    _session.restart(scene=_scene.replace(camera=camera), settings=settings)
    _session.wait()
    return 1e3 * (time.perf_counter() - begin)


if __name__ == "__main__":
    serve(answer)
