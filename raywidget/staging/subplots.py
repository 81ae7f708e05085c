"""The subplots of a plotter, as a scene each."""

from __future__ import annotations

from typing import Any

from raywidget.adapters.plotter_views import window_of
from raywidget.adapters.plotters import is_plotter
from raywidget.errors import SceneError
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import checked_call
from raywidget.staging.studio import scene_of


@checked_call(SceneError)
def subplots(plotter: Any) -> list[Scene]:
    """Make a scene of each subplot of a PyVista plotter, row by row.

    `show`, `render` and `studio` take the active one; a plotter stays as it is.

    Parameters
    ----------
    plotter : pyvista.Plotter
        With ``shape=`` or without.

    Returns
    -------
    list of Scene
        Those in which there is something. Their `defaults` have the size of the subplot in pixels,
        their `annotations` its title, labels and axes.

    Raises
    ------
    SceneError
        If it is no plotter, or nothing is in it.

    Examples
    --------
    >>> import pyvista as pv
    >>> import raywidget as rw
    >>> plotter = pv.Plotter(shape=(1, 2), off_screen=True, window_size=(64, 32))
    >>> _ = plotter.add_mesh(pv.Cube())
    >>> plotter.subplot(0, 1)
    >>> _ = plotter.add_mesh(pv.Sphere())
    >>> [scene.defaults["width"] for scene in rw.subplots(plotter)]
    [32, 32]
    >>> plotter.close()
    """
    if not is_plotter(plotter):
        raise SceneError(f"subplots: expected a plotter of PyVista's, got {show(plotter)}")
    renderers = getattr(plotter, "renderers", None)
    if renderers is None:  # it is closed
        raise SceneError("subplots: there is nothing in this plotter; it may be closed")
    active = renderers.active_index
    scenes: list[Scene] = []
    try:
        for index in range(len(renderers)):
            renderers.set_active_renderer(*renderers.index_to_loc(index))
            if not plotter.renderer.GetViewProps().GetNumberOfItems():
                continue
            width, height = window_of(plotter)
            scene = scene_of(plotter, width / height)
            notes = [note for note in scene.notes if "further subplot" not in note]
            scenes.append(scene.replace(defaults={"width": width, "height": height}, notes=notes))
    finally:
        renderers.set_active_renderer(*renderers.index_to_loc(active))
    if not scenes:
        raise SceneError("subplots: there is nothing to show in this plotter")
    return scenes
