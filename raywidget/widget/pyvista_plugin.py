"""PyVista's plug-in: ``plotter.show(jupyter_backend="raywidget")`` and ``plotter.raywidget``.

PyVista (0.48 and newer) finds it by its entry points, and imports it when it is asked for.
"""

from __future__ import annotations

import importlib
import warnings
from typing import Any

from raywidget.errors import SceneWarning
from raywidget.headless.rendering import render
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene
from raywidget.staging.studio import scene_of
from raywidget.staging.subplots import subplots
from raywidget.widget.ray_widget import RayWidget

_SETTINGS_OF_PYVISTA = ("screenshot", "server_proxy_enabled", "server_proxy_prefix")


def show_plotter(plotter: Any, **settings: Any) -> RayWidget:
    """Make the live widget of what a plotter shows.

    Parameters
    ----------
    plotter : pyvista.Plotter
    **settings
        Fields of `RenderSettings`, which come from ``jupyter_kwargs`` of ``plotter.show``; a
        picture is as large as the plotter's window where nothing is said.

    Returns
    -------
    RayWidget
        What was not translated is named in one warning.
    """
    chosen = {k: v for k, v in settings.items() if k not in _SETTINGS_OF_PYVISTA}
    size = _size(plotter, chosen)
    widget = RayWidget(_scene(plotter, size), **size, **chosen)
    screenshot = settings.get("screenshot")
    if isinstance(screenshot, str):
        widget.wait()
        widget.image.save(screenshot)
    return widget


def _size(plotter: Any, chosen: dict[str, Any]) -> dict[str, Any]:
    width, height = plotter.window_size
    return {
        "width": chosen.pop("width", int(width)),
        "height": chosen.pop("height", int(height)),
    }


def _scene(plotter: Any, size: dict[str, int]) -> Scene:
    scene = scene_of(plotter, size["width"] / size["height"])
    if scene.notes:
        warnings.warn("raywidget: " + "; ".join(scene.notes), SceneWarning, stacklevel=4)
    return scene


class PlotterComponent:
    """What ``plotter.raywidget`` is.

    Parameters
    ----------
    plotter : pyvista.Plotter
    """

    def __init__(self, plotter: Any) -> None:
        self._plotter = plotter

    def scene(self) -> Scene:
        """What the plotter shows, as a `Scene`; its notes say what was not translated."""
        width, height = self._plotter.window_size
        return scene_of(self._plotter, width / height)

    def scenes(self) -> list[Scene]:
        """A `Scene` of each subplot, row by row, see `subplots`."""
        return subplots(self._plotter)

    def show(self, **settings: Any) -> RayWidget:
        """Make the live widget, see `show_plotter`."""
        return show_plotter(self._plotter, **settings)

    def render(self, **settings: Any) -> Image:
        """Render it and wait for the picture, as large as the plotter's window."""
        size = _size(self._plotter, settings)
        return render(_scene(self._plotter, size), **size, **settings)


importlib.import_module("pyvista").register_plotter_component("raywidget", override=True)(
    PlotterComponent
)
