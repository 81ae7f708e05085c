"""`RayWidget`: a render in a Jupyter cell.

What is in which thread:

- The user's threads call the methods below.
- Jupyter's threads (the main one, or a subshell's while a cell runs) bring messages from the
  browser. They are dropped into the pump's inbox, and nothing else happens there.
- The pump's thread is the only one that sends tiles and states. It knows the widget by a weak
  reference, and sets no traits: traitlets and ipywidgets keep plain, unlocked state between the
  lines (`hold_trait_notifications` even swaps a method of the instance), so a trait that is set
  in one thread while another synchronises the widget can lose a notification or break the user's
  cell. `status` therefore is a trait whose value is computed: it is read from the session whenever
  anybody asks, and is never set. The pump tells the browser about it, which only reads, and those
  who observe it in Python are called in a thread of their own, so that a slow one doesn't hold up
  the picture.
- Workers know the session and the pump's two cheap call-backs; no widget, no trait.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from raywidget.engine.picking import Pick, pick_pixel
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.engine.session.session import Session
from raywidget.errors import PictureError, RaywidgetError, SceneError, SettingsError
from raywidget.frames import checked_flag
from raywidget.headless.asked import is_function, scene_and_settings, signature_with_settings
from raywidget.io.front_end import STATIC
from raywidget.io.orbit_page import Page
from raywidget.picture.curves import check_channel, check_display
from raywidget.picture.figure_elements import describe
from raywidget.scene.doubts import warn_of_doubts
from raywidget.scene.values import checks
from raywidget.scene.values.checks import show as show_value
from raywidget.scene.values.given import as_items
from raywidget.scene.values.signatures import checked_call
from raywidget.staging.studio import STUDIO_WORDS
from raywidget.stream.pump import Pump
from raywidget.widget.control import Control, check_whole
from raywidget.widget.denoising import Denoising
from raywidget.widget.host import (
    Observers,
    hears_promptly,
    keep_subshells,
    running_cell,
)
from raywidget.widget.interaction import Interaction
from raywidget.widget.life import close_elsewhere, replace_earlier, shut_down
from raywidget.widget.pages import page_of
from raywidget.widget.recording import Recorder, checked_seconds
from raywidget.widget.shown import Shown
from raywidget.widget.static_image import Still
from raywidget.widget.telling import (
    Listener,
    announce,
    keep_snapshot,
    look,
    look_for_light,
    send,
    shoot,
    tell_recording,
    tell_time,
)
from raywidget.widget.timeline import Timeline, checked_fps, is_series, staged_series
from raywidget.widget.value_channel import ValueChannel

__all__ = ["RayWidget", "show"]

COMPILES = 600.0  # seconds that a scene may take to compile


class RayWidget(Control):
    """Render a scene in the background and show it live; the last line of a cell.

    Rendering begins at once and never blocks the cell. The toolbar in the notebook and the methods
    below do the same things. When a cell is run again, the widget that it makes replaces the one
    that it made before, which is closed.

    Parameters
    ----------
    scene : Scene, what `studio` takes, a list of Scene, or callable
        What to render: a scene; or a file, a thing of another library, arrays or a shape, which are
        put into a studio where they bring no light and no camera of their own. Several scenes, or a
        function from a time to what is shown then: a slider chooses which, and a button plays them.
    times : sequence of float, optional
        The times of several scenes, or those for which the function is called; they rise. Things
        that are no scenes, given as a list, are shown one after the other if there are times.
    fps : float
        How many of these are shown in a second, at most, while they are played.
    exposure : float
        Display setting, in stops.
    curve : str
        Display setting: the tone curve, ``"srgb"``, ``"filmic"``, ``"agx"``, ``"neutral"`` or
        ``"linear"``.
    channel : str
        Display setting: ``"color"``, ``"red"``, ``"green"``, ``"blue"``, ``"luminance"``,
        ``"heat"`` (luminance in false colour), ``"samples"`` (their count) or ``"value"`` (what
        shapes show, in exactly the colours of their maps).
    denoise : bool
        Show the picture without its noise, as `Image.denoise` makes it: at ends of passes, on spare
        time; with Open Image Denoise also what is seen while the camera moves. The status line says
        so; it is a button and an attribute, too, which show the samples again. `image` and all that
        is saved are what is seen; `Image.raw` has the samples.
    autostart : bool
        Start now; otherwise `start` does.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Who renders tiles, as for `render`. What is seen while the camera moves is rendered here.
    **settings
        Any of `RenderSettings`, such as ``width``, ``height``, ``spp``; what isn't given is taken
        from the scene's defaults. Of things that are no scene also the parameters of
        `studio`: ``light``, ``ground``, ``background``, ``up``, ``view``, ``style``.

    Raises
    ------
    SceneError
        If nothing is known of such things, or this one can't be read.
    SettingsError
        If a setting is unknown, or out of its range.

    Examples
    --------
    >>> import raywidget as rw
    >>> widget = rw.RayWidget(rw.presets.cornell(), width=64, height=64, spp=1)
    >>> widget.wait()
    True
    >>> widget.image
    Image(64x64, 1 spp)
    >>> widget.close()
    """

    @checked_call(SettingsError)
    def __init__(
        self,
        scene: object,
        *,
        exposure: float = 0.0,
        curve: str = "srgb",
        channel: str = "color",
        denoise: bool = False,
        autostart: bool = True,
        executor: object = None,
        times: Sequence[float] | None = None,
        fps: float = 12.0,
        **settings: Any,
    ) -> None:
        fps = checked_fps(fps)
        series = None
        if times is not None or is_series(scene) or is_function(scene):
            series = staged_series(scene, times, settings)
            scene = series.make(0)
            settings = {n: v for n, v in settings.items() if n not in STUDIO_WORDS}
        scene, chosen = scene_and_settings(scene, settings)
        check_whole(chosen)
        warn_of_doubts(scene)
        try:
            denoise = checks.flag("RayWidget", "denoise", denoise)
        except SceneError as error:
            raise SettingsError(str(error)) from None
        try:
            curve, exposure = check_display(curve, exposure)
            channel = check_channel(channel)
        except PictureError as error:
            raise SettingsError(str(error)) from None
        if not self._esm:
            raise RaywidgetError(
                f"the front end has not been built: {STATIC / 'widget.js'} is missing. "
                "Install raywidget by `pip install .`, which builds it, "
                "or run `npm ci && npm run build` in js/"
            )
        this: weakref.ref[Shown] = weakref.ref(self)
        self._pump = pump = Pump(
            lambda content, buffers: send(this, content, buffers),
            announce=lambda state: announce(this, state),
        )

        def show_coarse(picture: CoarsePicture) -> None:
            pump.coarse_ready(picture)
            still.coarse_ready(picture)
            if line is not None:
                line.coarse_ready(picture)

        self._session = session = Session(
            scene,
            chosen,
            on_tile=pump.tile_ready,
            on_part=pump.tile_ready,
            on_state=pump.wake,
            on_coarse=lambda picture: denoising.coarse_ready(picture),
            give_way=True,
            executor=executor,
        )
        line = None
        if series is not None:
            line = Timeline(session, series, fps, partial(tell_time, this))
        self._line = line
        self._recorder = recorder = Recorder(partial(shoot, this), partial(tell_recording, this))
        self._still = still = Still(
            session, str(pump.epoch), partial(look, this), lambda: keep_snapshot(this)
        )
        self._observers = Observers()
        self._last_status = "stopped"
        self._last_seen: dict[str, Any] = {"scene": scene, "camera": scene.camera}
        self._last_seen |= {"time": None if line is None else line.time, "playing": False}
        self._last_seen |= {"width": chosen.width, "height": chosen.height}
        self._on_pick: list[Callable[[Pick], object]] = []
        self._marks: dict[str, Any] = {}
        self._described: tuple[object, object, dict[str, Any], object] | None = None
        self._answered = {}
        self._dark_lock = threading.Lock()
        self._dark: tuple[tuple[object, ...], str | None] = ((), None)  # of which picture, why
        self._dark_told = None
        # Before anything can fail: whatever becomes of the widget, its threads end.
        self._denoising = denoising = Denoising(session, pump.wake, show_coarse)
        values = ValueChannel(session, pump.wake)
        self._finalizer = weakref.finalize(
            self, shut_down, session, pump, still, denoising, values, line, recorder
        )
        self.set_trait("_key", str(pump.epoch))
        super().__init__(exposure=exposure, curve=curve, channel=channel)
        self.observe(lambda change: denoising.switch(bool(change["new"])), "denoise")
        self.observe(lambda change: values.switch(change["new"] == "value"), "channel")
        values.switch(channel == "value")
        self.on_msg(lambda widget, content, buffers: pump.hear(content, prompt=hears_promptly()))
        self.on_msg(lambda *message: still.seen())
        keep_subshells(self.comm)
        self.observe(lambda change: still.wake(), ("exposure", "curve", "channel"))
        observers = self._observers
        self.observe(lambda change: observers.call(partial(look_for_light, this)), "exposure")
        if hasattr(self.comm, "on_close"):
            self.comm.on_close(lambda message: close_elsewhere(this))
        self._made_by = running_cell()
        replace_earlier(self)
        listener = Listener(this, pump)
        pump.start(Interaction(session, listener, denoising, values, line, recorder))
        if denoise:
            self.denoise = True
        if autostart:
            session.start()

    def annotate(
        self,
        *,
        colorbars: bool | Iterable[str] = True,
        title: str | None = None,
        labels: Iterable[tuple[Any, ...]] = (),
        scalebar: bool | float | str | tuple[float, str] | None = None,
        axes: bool | Sequence[str] = False,
        legend: Iterable[tuple[str, Any]] = (),
        texts: Mapping[str, str] | None = None,
        orientation: bool | Sequence[str] = False,
    ) -> None:
        """Choose what stands over the picture, in place of what did; before, it is bars only.

        All of it follows the camera, as lines and words above the canvas. The toolbar's PNG has it,
        too; `image` and `save` have not.

        Parameters
        ----------
        colorbars : bool or sequence of str
            A bar for each colour map that shapes show; or for those of the shapes with these names.
        title : str, optional
            Above the picture.
        labels : sequence of ((x, y, z), text) or ((x, y, z), text, "always")
            Words at points of the scene; those behind something are left out, unless they are to be
            seen always.
        scalebar : bool, float, str or (float, str), optional
            A bar of a length that suits (True), of this length in scene units, with this unit, or
            both: ``(0.5, "mm")``. In perspective it holds at the distance of what is looked at.
        axes : bool or three str
            The edges of the box round what shows values (else round all), with ticks; and their
            names.
        legend : sequence of (text, colour)
            What colours stand for.
        texts : mapping of str to str, optional
            Words in corners: "upper left", "upper right", "lower left", "lower right".
        orientation : bool or three str
            Small arrows in the lower left corner that tell how the axes lie; and their names.

        Raises
        ------
        PictureError
            If a label has no point, or something is of another kind.

        Examples
        --------
        >>> import raywidget as rw
        >>> dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.4, values=[0, 8], name="dots")
        >>> camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0.5, 0, 0))
        >>> widget = rw.RayWidget(rw.Scene([dots], camera=camera), width=64, height=48, spp=1)
        >>> widget.annotate(labels=[((1, 0.4, 0), "hot")], scalebar="mm", axes=True)
        >>> widget.close()
        """
        # Iterators are gone through once only.
        marks: dict[str, Any] = {
            name: value if (items := as_items(value)) is None else items
            for name, value in (
                *(("colorbars", colorbars), ("labels", labels), ("axes", axes)),
                *(("legend", legend), ("orientation", orientation)),
            )
        }
        marks |= {"title": title, "scalebar": scalebar, "texts": texts}
        describe(self._session.scene, **marks)
        self._marks = marks
        self._tell_overlay()

    def pick(self, x: int, y: int) -> Pick:
        """What pixel (x, y) shows: object, material, point, normals, radiance.

        The ray goes through the centre of the pixel, and of the lens, into the scene that is
        rendered now. The first call compiles a kernel, which takes a second or two.

        Parameters
        ----------
        x, y : int
            The pixel, from the top left corner.

        Raises
        ------
        SettingsError
            If there is no such pixel.
        RenderError
            If nothing can be told yet: kernels are still being compiled, or it was never started.
        """
        self._session.await_rest(COMPILES)
        return pick_pixel(self._session.run(), x, y)

    def on_pick(
        self, callback: Callable[[Pick], object], *, remove: bool = False
    ) -> Callable[[Pick], object]:
        """Have a function called with a `Pick` whenever the user clicks on the picture.

        It is called in a thread of its own. Also a decorator.

        Parameters
        ----------
        callback : callable
            Called with what the pixel shows.
        remove : bool
            Don't call it any more.
        """
        if not callable(callback):
            raise SettingsError(f"on_pick: expected a function, got {type(callback).__name__}")
        if remove:
            if callback in self._on_pick:
                self._on_pick.remove(callback)
        else:
            self._on_pick.append(callback)
        return callback

    def close(self) -> None:
        """End the render and all its threads, and remove the views. `image` stays."""
        # ipywidgets calls this from __del__ too, even if the constructor raised half-way.
        finalizer = getattr(self, "_finalizer", None)
        if finalizer is not None:
            finalizer()
        super().close()

    def record(
        self,
        path: str | os.PathLike[str],
        *,
        what: str | None = None,
        seconds: float = 4.0,
        wait: bool = False,
    ) -> Path:
        """Record a film of what is shown, in the background; the drawer's buttons do the same.

        A turn round it as it is seen now, or all of its times, in the present size and settings,
        with at most 64 samples per pixel a frame; without noise if `denoise` is on.

        Parameters
        ----------
        path : path-like
            As in `animate`: ``.mp4``, ``.webm``, ``.gif``, ``.webp``, ...
        what : {"turntable", "times"}, optional
            By default its times, where it has some.
        seconds : float
            How long a turn lasts.
        wait : bool
            Return when it is there; else at once. `close` breaks it off.

        Returns
        -------
        Path
            Where it is, or will be.

        Raises
        ------
        SettingsError
            If a film is being recorded, or there are no times.
        PictureError
            If it can't be written, or its encoder is missing.

        Examples
        --------
        >>> import raywidget as rw
        >>> widget = rw.RayWidget(rw.presets.cornell(), width=32, height=32, spp=1)
        >>> film = widget.record("turn.webp", seconds=0.2, wait=True)
        >>> film.name
        'turn.webp'
        >>> film.unlink()
        >>> widget.close()
        """
        chosen = what if what is not None else "turntable" if self._line is None else "times"
        if not isinstance(chosen, str) or chosen not in ("turntable", "times"):
            raise SettingsError(f"what: expected 'turntable' or 'times', got {show_value(what)}")
        wait = checked_flag("wait", wait)
        film = self._recorder.start(chosen, path, seconds=checked_seconds(seconds))
        if wait:
            self._recorder.wait()
        return film

    def to_html(self, path: str | os.PathLike[str], *, orbit: bool = False, **options: Any) -> Page:
        """Write the picture as it is now into one HTML file that needs nothing else.

        Exposure and tone curve can be changed in it, since it has the picture in half floats: 8
        bytes a pixel, besides 110 kB or so for what shows it. With `orbit`, views from all round
        are rendered now, of the scene as the camera sees it, which are turned by hand.

        Parameters
        ----------
        path : path-like
            Ends in ``.html``.
        orbit : bool
            Write a page that is turned, as `raywidget.to_html` does.
        **options
            For `orbit`: what `raywidget.to_html` takes, such as ``views=(24, 3)``,
            ``megabytes=2`` or ``spp=16``.

        Returns
        -------
        Page
            Where it is, and how large: ``page.size`` in bytes.

        Raises
        ------
        SettingsError
            If an option is unknown, or for `orbit` only.
        PictureError
            If there is no such folder, or the file can't be written.

        Examples
        --------
        >>> import raywidget as rw
        >>> widget = rw.RayWidget(rw.presets.cornell(), width=64, height=64, spp=1)
        >>> widget.wait()
        True
        >>> widget.to_html("cornell.gif")
        Traceback (most recent call last):
        raywidget.errors.PictureError: 'cornell.gif' must end in .html, got '.gif'
        >>> widget.close()
        """
        return page_of(self, path, orbit, options)

    def __repr__(self) -> str:
        view = self._session.current()
        settings = view.settings
        return f"RayWidget({settings.width}x{settings.height}, {settings.spp} spp, {view.state})"


@checked_call(SettingsError)
def show(
    thing: object,
    *,
    times: Sequence[float] | None = None,
    fps: float = 12.0,
    **settings: Any,
) -> RayWidget:
    """Show whatever one holds, lit, in a live widget, wherever in a cell this is.

    Parameters
    ----------
    thing : Scene, what `studio` takes, a list of Scene, or callable
        Several whole scenes, or with ``times=`` a function of time, are played: see `RayWidget`.
        Else a path of a file; a thing of trimesh, PyVista, VTK, xarray, ASE, MDAnalysis, meshio or
        Open3D; (vertices, faces), an (N, 3) array of points, a 2-D height field; a shape; a
        `Scene`; or a list of these. What has lights or a camera keeps them, a `studio` gives what
        is missing.
    times, fps : sequence of float, float
        As for `RayWidget`.
    **settings
        As for `RayWidget`: what it shows (``exposure``, ``curve``, ``channel``, ``autostart``),
        and:
        Any of `RenderSettings`, and parameters of `studio`.

    Returns
    -------
    RayWidget
        To pause, wait for, save from.

    Examples
    --------
    >>> import raywidget as rw
    >>> corners = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    >>> faces = [(0, 1, 3), (0, 2, 1), (0, 3, 2), (1, 2, 3)]
    >>> widget = rw.show((corners, faces), width=64, height=48, spp=1)  # doctest: +ELLIPSIS
    RayWidget(...)
    >>> widget.close()
    """
    from IPython.display import display

    widget = RayWidget(thing, times=times, fps=fps, **settings)
    display(widget)  # type: ignore[no-untyped-call]
    return widget


# Classes of widgets show the signature of their constructor, without `self`.
_signature = signature_with_settings(RayWidget.__init__, ("region",))
RayWidget.__signature__ = _signature.replace(parameters=list(_signature.parameters.values())[1:])
show.__signature__ = signature_with_settings(show, ("region",))  # type: ignore[attr-defined]
