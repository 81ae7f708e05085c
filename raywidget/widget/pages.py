"""`to_html()`: pages that need no kernel, of a thing that nobody has shown yet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from raywidget.engine.settings import RenderSettings
from raywidget.errors import SettingsError
from raywidget.frames import checked_flag
from raywidget.headless.asked import scene_and_settings, signature_with_settings
from raywidget.headless.rendering import render
from raywidget.io.front_end import front_end_text
from raywidget.io.orbit_page import Page, checked_page
from raywidget.orbit import (
    OrbitOptions,
    few_samples,
    light_settings,
    look,
    render_orbit,
    small_size,
)
from raywidget.picture.curves import check_display
from raywidget.picture.figure_elements import describe
from raywidget.picture.figure_layout import describe_camera
from raywidget.scene.camera import OrthographicCamera, PerspectiveCamera
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import checked_call, did_you_mean
from raywidget.widget.page import write_page
from raywidget.widget.shown import Shown

# What of a live picture's settings says nothing of another's.
NOT_OF_PAGES = ("width", "height", "spp", "aovs", "passes", "region")

# The options that only orbits have.
USUAL: Mapping[str, Any] = {
    "views": (24, 3),
    "arc": 360.0,
    "elevations": None,
    "fit": None,
    "quality": 80,
    "megabytes": None,
    "fragment": False,
    "executor": None,
}


@checked_call(SettingsError)
def to_html(
    thing: object,
    path: str | os.PathLike[str] = "page.html",
    *,
    orbit: bool = False,
    views: tuple[int, int] = (24, 3),
    arc: float = 360.0,
    elevations: tuple[float, ...] | None = None,
    fit: bool | None = None,
    quality: int = 80,
    megabytes: float | None = None,
    fragment: bool = False,
    title: str | None = None,
    denoise: bool | str | None = None,
    exposure: float = 0.0,
    curve: str = "srgb",
    progress: bool = False,
    executor: object = None,
    **settings: Any,
) -> Page:
    """Render a thing into one HTML file that needs nothing else: no kernel, no network.

    Parameters
    ----------
    thing : Scene, or what `studio` takes
        What is seen.
    path : path-like
        Ends in ``.html``.
    orbit : bool
        Off, one picture whose exposure and tone curve can be changed. On, views from all round,
        turned by hand: by dragging, a finger, arrow keys or buttons. The first is the camera's own.
    views : (int, int)
        How many round it, and at how many heights.
    arc : float
        Degrees that the views span; below 360, to both sides of the camera's own, for what has a
        front only.
    elevations : sequence of float, optional
        Heights in degrees above the horizon, rising; by default 20 degrees apart around the
        camera's own, and not below the horizon where that is above it.
    fit : bool, optional
        Look from so far away that all of it is in all views, but for grounds and walls; by default
        so for things that are no scene. Else the camera stays as far away as it is.
    quality : int
        Of the views' compression, 0 to 100.
    megabytes : float, optional
        How large the file may be: `quality` is lowered until it fits, and then the pictures' size.
    fragment : bool
        Write only the figure, to be put into another page.
    title : str, optional
        What is seen, for the window and for screen readers; by default the file's name.
    denoise : bool or {"oidn", "nlm"}, optional
        Take the noise out, as in `render`; by default so for `orbit`.
    exposure, curve : float, str
        As in `render`.
    progress : bool
        Say how far it is.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Who renders the views, as in `render`.
    **settings
        Any of `RenderSettings`, and of things that are no scene the parameters of `studio`. With
        `orbit`, pictures are at most 480 pixels wide and high and have at most 32 samples per
        pixel, where nothing else is said.

    Returns
    -------
    Page
        A tuple: its ``path``, ``size`` in bytes, how many ``views`` of what ``width`` and
        ``height``, and their ``quality``.

    Raises
    ------
    SceneError
        If the thing can't be shown, or its camera can't be led round.
    SettingsError
        If a setting is out of its range, or is for `orbit` only.
    PictureError
        If the file can't be written, or not within so many megabytes.

    Examples
    --------
    >>> import raywidget as rw
    >>> ball = rw.Sphere((0, 0, 0), 1)
    >>> page = rw.to_html(ball, "ball.html", orbit=True, views=(4, 1), width=32, height=24, spp=1)
    >>> page.views, page.width, page.size < 40_000
    (4, 32, True)
    >>> page.path.unlink()
    """
    orbit, fragment = checked_flag("orbit", orbit), checked_flag("fragment", fragment)
    progress = checked_flag("progress", progress)
    fit = None if fit is None else checked_flag("fit", fit)
    values = (views, arc, elevations, fit, quality, megabytes, fragment, executor)
    given = dict(zip(USUAL, values, strict=True))
    curve, exposure = check_display(curve, exposure)
    if title is not None and not isinstance(title, str):
        raise SettingsError(f"title: expected text, got {show(title)}")
    target = checked_page(path)
    if orbit:
        options = orbit_options(given, title)
        scene, chosen = light_settings(thing, settings, fit)
        how = look(chosen, denoise, exposure, curve)
        return render_orbit(scene, target, options, how, progress=progress, executor=executor)
    refuse_options_of_orbits(given)
    scene, chosen = scene_and_settings(thing, settings)
    if chosen.region is not None:
        raise SettingsError("region: a page shows whole pictures; give width and height instead")
    image = render(
        scene,
        denoise=False if denoise is None else denoise,
        exposure=exposure,
        curve=curve,
        progress=progress,
        **_named(chosen),
    )
    overlay = describe(scene)
    if isinstance(scene.camera, PerspectiveCamera | OrthographicCamera):
        overlay |= {"pose": describe_camera(scene.camera, chosen.width / chosen.height)}
    state = {"width": chosen.width, "height": chosen.height, "exposure": exposure, "curve": curve}
    state |= {"channel": "color", "status": "done", "_overlay": overlay}
    return write_page(
        target, image, state, front_end_text("widget.js"), front_end_text("widget.css"), title
    )


def page_of(widget: Shown, path: Any, orbit: object, options: Mapping[str, Any]) -> Page:
    """What a widget shows, as a page: `RayWidget.to_html`.

    Raises
    ------
    SettingsError
        If an option is unknown, or for orbits only.
    PictureError
        If the page can't be written.
    """
    if checked_flag("orbit", orbit):
        shown = widget._session.current().settings
        kept = {name: value for name, value in _named(shown).items() if name not in NOT_OF_PAGES}
        if "width" not in options and "height" not in options:
            kept |= small_size(shown)
        if "spp" not in options:
            kept |= few_samples(shown)
        given: dict[str, Any] = {"exposure": widget.exposure, "curve": widget.curve}
        scene = widget.scene
        if widget._marks:  # what stands over the picture stands over the page
            scene = scene.replace(annotations={**scene.annotations, **widget._marks})
        return to_html(scene, path, orbit=True, **{**kept, **given, **options})
    target = checked_page(path)
    title = options.get("title")
    rest = {name: value for name, value in options.items() if name != "title"}
    for name in rest:
        if name not in USUAL:
            near = did_you_mean(name, [*USUAL, "title", "orbit"])
            raise SettingsError(f"to_html: there is no parameter {name!r}; {near}")
    refuse_options_of_orbits(rest)
    names = ("width", "height", "exposure", "curve", "channel", "status", "_overlay")
    state = {name: getattr(widget, name) for name in names}
    # Not the widget's own: under HMR these are objects that watch files.
    script, style = front_end_text("widget.js"), front_end_text("widget.css")
    return write_page(target, widget.image, state, script, style, title)


def orbit_options(given: Mapping[str, Any], title: str | None) -> OrbitOptions:
    """What was chosen of an orbit, checked."""
    chosen = {**USUAL, **given}
    named = [chosen[name] for name in ("views", "arc", "elevations", "quality", "megabytes")]
    return replace(OrbitOptions.of(*named), fragment=chosen["fragment"], title=title)


def refuse_options_of_orbits(given: Mapping[str, Any]) -> None:
    """One picture has no views.

    Raises
    ------
    SettingsError
        If one of the options of orbits was given.
    """
    for name, value in given.items():
        if not (type(value) is type(USUAL[name]) and value == USUAL[name]):
            raise SettingsError(f"{name} is for to_html(..., orbit=True)")


def _named(settings: RenderSettings) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(settings)}


to_html.__signature__ = signature_with_settings(to_html, ("region",))  # type: ignore[attr-defined]
