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

import asyncio
import os
import threading
import weakref
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import anywidget
import traitlets

from raywidget.engine.picking import Pick, pick_pixel
from raywidget.engine.preview.coarse import CoarsePicture
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, RaywidgetError, SettingsError
from raywidget.headless import scene_and_settings
from raywidget.picture.curves import CHANNELS, CURVE_NAMES, check_channel, check_display
from raywidget.picture.image import Image
from raywidget.scene.edits import edit_scene
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show as show_value
from raywidget.stream.conversation import Disconnected
from raywidget.stream.protocol import Content
from raywidget.stream.pump import Pump
from raywidget.widget.host import (
    STATIC,
    Observers,
    front_end,
    front_end_text,
    hears_promptly,
    keep_subshells,
    running_cell,
)
from raywidget.widget.interaction import Interaction
from raywidget.widget.page import write_page
from raywidget.widget.static_image import Still, encode_still
from raywidget.widget.traits import CameraTrait, SceneTrait, Size, Snapshot, Status

__all__ = ["RayWidget", "show"]

COMPILES = 600.0  # seconds that a scene may take to compile
AWAIT_SECONDS = 0.5  # a thread that waits for longer would hold up the interpreter's exit
ALWAYS_SENT = ("_esm", "_css", "_anywidget_id")

# The widgets that may have to make room, see `_replace_earlier`.
_open_widgets: weakref.WeakSet[RayWidget] = weakref.WeakSet()


class RayWidget(anywidget.AnyWidget):
    """Render a scene in the background and show it live; the last line of a cell.

    Rendering begins at once and never blocks the cell. The toolbar in the notebook and the methods
    below do the same things. When a cell is run again, the widget that it makes replaces the one
    that it made before, which is closed.

    Parameters
    ----------
    scene : Scene, or what `studio` takes
        What to render: a scene; or a file, a thing of another library, arrays or a shape, which are
        put into a studio where they bring no light and no camera of their own.
    exposure : float
        Display setting, in stops.
    curve : str
        Display setting: the tone curve, ``"srgb"``, ``"filmic"``, ``"agx"``, ``"neutral"`` or
        ``"linear"``.
    channel : str
        Display setting: ``"color"``, ``"red"``, ``"green"``, ``"blue"``, ``"luminance"``,
        ``"heat"`` (luminance in false colour) or ``"samples"`` (their count).
    autostart : bool
        Start now; otherwise `start` does.
    **settings
        Any field of `RenderSettings`, such as ``width``, ``height``, ``spp``; what isn't given is
        taken from the scene's defaults. Of things that are no scene also the parameters of
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

    _esm = front_end("widget.js")
    _css = front_end("widget.css")

    width = Size(1, help="Width of the picture in pixels.", read_only=True).tag(sync=True)
    height = Size(1, help="Height of the picture in pixels.", read_only=True).tag(sync=True)
    exposure = traitlets.Float(0.0, help="Display setting, in stops.").tag(sync=True)
    curve = traitlets.Enum(CURVE_NAMES, "srgb", help="Display setting: the tone curve.").tag(
        sync=True
    )
    channel = traitlets.Enum(
        CHANNELS, "color", help="Display setting: what of the light is shown."
    ).tag(sync=True)
    status = Status("stopped", help="What the render does now.", read_only=True).tag(sync=True)
    scene = SceneTrait(help="What is rendered; set it to render another.")
    camera = CameraTrait(help="Where it is seen from; follows the mouse. Set it to move the view.")
    _snapshot = Snapshot(b"", read_only=True).tag(sync=True)
    # Names the widget within a page, where hosts hand out several objects for one model.
    _key = traitlets.Unicode(read_only=True).tag(sync=True)

    def __init__(
        self,
        scene: object,
        *,
        exposure: float = 0.0,
        curve: str = "srgb",
        channel: str = "color",
        autostart: bool = True,
        **settings: Any,
    ) -> None:
        scene, chosen = scene_and_settings(scene, settings)
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
        this = weakref.ref(self)
        self._pump = pump = Pump(
            lambda content, buffers: _send(this, content, buffers),
            announce=lambda state: _announce(this, state),
        )

        def show_coarse(picture: CoarsePicture) -> None:
            pump.coarse_ready(picture)
            still.coarse_ready(picture)

        self._session = session = Session(
            scene,
            chosen,
            on_tile=pump.tile_ready,
            on_state=pump.wake,
            on_coarse=show_coarse,
            give_way=True,
        )
        self._still = still = Still(
            session, str(pump.epoch), partial(_look, this), lambda: _keep_snapshot(this)
        )
        self._observers = Observers()
        self._last_status = "stopped"  # the pump's own
        self._last_seen: dict[str, Any] = {"scene": scene, "camera": scene.camera}
        self._last_seen |= {"width": chosen.width, "height": chosen.height}
        self._on_pick: list[Callable[[Pick], object]] = []
        # Before anything can fail: whatever becomes of the widget, its threads end.
        self._finalizer = weakref.finalize(self, _shut_down, session, pump, still)
        self.set_trait("_key", str(pump.epoch))
        super().__init__(exposure=exposure, curve=curve, channel=channel)
        self.on_msg(lambda widget, content, buffers: pump.hear(content, prompt=hears_promptly()))
        keep_subshells(self.comm)
        self.observe(lambda change: still.wake(), ("exposure", "curve", "channel"))
        if hasattr(self.comm, "on_close"):
            self.comm.on_close(lambda message: _close_elsewhere(this))
        self._made_by = running_cell()
        _replace_earlier(self)
        pump.start(Interaction(session, _Listener(this, pump)))
        if autostart:
            session.start()

    # -- what it shows ----------------------------------------------------------------------------

    @property
    def image(self) -> Image:
        """The picture as it is now, with the display settings of the widget."""
        return self._session.image(exposure=self.exposure, curve=self.curve, channel=self.channel)

    @property
    def settings(self) -> RenderSettings:
        """How it is rendered."""
        return self._session.current().settings

    @property
    def generation(self) -> int:
        """Counts restarts, from 1."""
        return self._session.current().generation

    # -- control ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to render, if ``autostart=False`` was given; returns at once."""
        self._session.start()

    def pause(self) -> None:
        """Rest; `resume` goes on."""
        self._session.pause()

    def resume(self) -> None:
        """Go on after `pause` or `stop`."""
        self._session.resume()

    def stop(self) -> None:
        """End the render at once; the picture keeps the samples that it has."""
        self._session.stop()

    def restart(self, scene: Scene | None = None, **settings: Any) -> None:
        """Begin anew, with another scene or other settings if given.

        Parameters
        ----------
        scene : Scene, optional
            What to render from now on.
        **settings
            Fields of `RenderSettings` to change; the others stay as they are.

        Raises
        ------
        SettingsError
            If a setting is unknown, or out of its range.
        """
        if scene is not None and not isinstance(scene, Scene):
            raise SettingsError(f"restart: expected a Scene, got {type(scene).__name__}")
        # Checked as in the constructor, so that an unknown name gets the same message.
        RenderSettings.for_scene({}, settings)
        chosen = self.settings.replace(**settings)
        self._session.restart(scene=scene, settings=chosen)
        this = weakref.ref(self)
        for name in ("width", "height", "scene", "camera"):
            _notify_if_changed(this, name)

    def more(self, spp: int) -> None:
        """Take `spp` more samples per pixel than were asked for before.

        Raises
        ------
        SettingsError
            If that isn't a number of samples, or too many in all.
        """
        if isinstance(spp, bool) or not hasattr(spp, "__index__") or spp.__index__() < 1:
            raise SettingsError(f"more: expected a number of samples > 0, got {show_value(spp)}")
        self._session.extend(spp.__index__())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the render has ended.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most.

        Returns
        -------
        bool
            False if it still goes on.

        Raises
        ------
        RenderError
            If it failed.
        """
        ended = self._session.wait(timeout)
        if ended:
            self._still.settle()  # here: nbclient hears only what is said while a cell runs
        return ended

    async def done(self) -> bool:
        """Wait until the render has ended, while other things go on: ``await widget.done()``.

        Returns
        -------
        bool
            True.

        Raises
        ------
        RenderError
            If it failed.
        """
        while not await asyncio.to_thread(self._session.wait, AWAIT_SECONDS):
            pass
        return True

    # -- what is there ----------------------------------------------------------------------------

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

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change parts of the scene by their paths, and render anew.

        Parameters
        ----------
        changes : mapping of str to value
            Paths of names and parameters, such as ``"lamp.emission"`` or
            ``"ball.material.roughness"``; objects are found by their ``name``, and ``camera`` is
            the camera.

        Raises
        ------
        SceneError
            If a path leads nowhere, or a value is wrong; nothing is changed then.

        Examples
        --------
        With ipywidgets, ``interact(lambda power: widget.update({"lamp.emission": power}),
        power=(0, 20))`` makes a slider for the light.
        """
        self.restart(edit_scene(self.scene, changes))

    def close(self) -> None:
        """End the render and all its threads, and remove the views. `image` stays."""
        # ipywidgets calls this from __del__ too, even if the constructor raised half-way.
        finalizer = getattr(self, "_finalizer", None)
        if finalizer is not None:
            finalizer()
        super().close()

    # -- Jupyter ----------------------------------------------------------------------------------

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """The traits as they are sent and saved; the front end's code is always among them.

        Exporters leave out what equals a default, and the code does: without this, an exported
        page would be blank.
        """
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if key is None and drop_defaults:
            state |= super().get_state(key=[name for name in ALWAYS_SENT if self.has_trait(name)])
        return state

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Take over the traits that a page may write; anything else it sends is ignored."""
        curve = sync_data.get("curve", self.curve)
        exposure = sync_data.get("exposure", self.exposure)
        try:
            curve, exposure = check_display(curve, exposure)
            channel = check_channel(sync_data.get("channel", self.channel))
        except PictureError:
            return
        wanted = {"curve": curve, "exposure": exposure, "channel": channel}
        if accepted := {name: value for name, value in wanted.items() if name in sync_data}:
            super().set_state(accepted)

    @traitlets.validate("exposure")
    def _check_exposure(self, proposal: Mapping[str, Any]) -> float:
        try:
            return check_display("srgb", proposal["value"])[1]
        except PictureError as error:
            raise traitlets.TraitError(str(error)) from None

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        self._pump.displayed()
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        film = self._session.current().film
        if film is not None and any(film.versions()):
            png = encode_still(self.image, self._key)
            data["image/png"] = b64encode(png).decode("ascii")
        return data, metadata

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show the widget, and beside it the picture for places where no widget is shown."""
        from IPython.display import publish_display_data

        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return
        self._pump.displayed()
        data, metadata = bundle
        publish_display_data(data, metadata)  # type: ignore[no-untyped-call]
        self._still.display()

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the picture as it is now into one HTML file that needs nothing else.

        Exposure and tone curve can be changed in it, since it has the picture in half floats: 8
        bytes a pixel, besides 100 kB or so for what shows it.

        Parameters
        ----------
        path : path-like
            Ends in ``.html``.

        Raises
        ------
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
        names = ("width", "height", "exposure", "curve", "channel", "status")
        state = {name: getattr(self, name) for name in names}
        # Not the attributes: under HMR these are objects that watch files.
        code, style = front_end_text("widget.js"), front_end_text("widget.css")
        write_page(path, self.image, state, code, style)

    def __repr__(self) -> str:
        view = self._session.current()
        settings = view.settings
        return f"RayWidget({settings.width}x{settings.height}, {settings.spp} spp, {view.state})"


def show(thing: object, **settings: Any) -> RayWidget:
    """Show whatever one holds, lit, in a live widget, wherever in a cell this is.

    Parameters
    ----------
    thing : Scene, or what `studio` takes
        A path of a file; a thing of trimesh, PyVista, VTK, xarray, ASE, MDAnalysis, meshio or
        Open3D; (vertices, faces), an (N, 3) array of points, a 2-D height field; a shape; a
        `Scene`; or a list of these. What has lights or a camera keeps them, a `studio` gives what
        is missing.
    **settings
        As for `RayWidget`.

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

    widget = RayWidget(thing, **settings)
    display(widget)  # type: ignore[no-untyped-call]
    return widget


def _send(this: weakref.ref[RayWidget], content: Content, buffers: list[bytes]) -> None:
    """The pump's way out."""
    widget = this()
    if widget is None or widget.comm is None or getattr(widget.comm, "_closed", False):
        raise Disconnected
    widget.send(content, buffers)


def _announce(this: weakref.ref[RayWidget], state: str) -> None:
    """A new status, in the pump's thread: tell the page, and whoever observes it in Python."""
    widget = this()
    if widget is None or widget.comm is None:
        return
    old, widget._last_status = widget._last_status, state
    change = traitlets.Bunch(name="status", old=old, new=state, owner=widget, type="change")
    widget._observers.call(lambda: _notify(widget, change))
    widget._still.wake()
    widget.send_state("status")  # reads and sends, but sets nothing


def _look(this: weakref.ref[RayWidget], coarse: CoarsePicture | None) -> Image | None:
    """The picture, or a coarse one, with the display settings of the widget."""
    widget = this()
    if widget is None or coarse is None:
        return None if widget is None else widget.image
    exposure, curve, channel = widget.exposure, widget.curve, widget.channel
    return Image(coarse.pixels, spp=1, exposure=exposure, curve=curve, channel=channel)


def _keep_snapshot(this: weakref.ref[RayWidget]) -> None:
    """Bring the picture in the state up to date that pages hold of the widget."""
    widget = this()
    if widget is not None and widget.comm is not None:
        widget.send_state("_snapshot")  # reads and sends, but sets nothing


def _notify(widget: RayWidget, change: traitlets.Bunch) -> None:
    try:
        # Not the widget's own notify_change, which would send the trait once more.
        traitlets.HasTraits.notify_change(widget, change)
    except Exception:
        widget.log.exception("raywidget: an observer of %s failed", change.name)


class _Listener:
    """Hears what a page does, and knows the widget by a weak reference."""

    def __init__(self, this: weakref.ref[RayWidget], pump: Pump) -> None:
        self._this = this
        self.say = pump.say

    def changed(self, name: str) -> None:
        _notify_if_changed(self._this, name)

    def picked(self, pick: Pick) -> None:
        widget = self._this()
        if widget is None:
            return
        for callback in list(widget._on_pick):
            widget._observers.call(partial(_call_back, widget, callback, pick))


def _call_back(widget: RayWidget, callback: Callable[[Pick], object], pick: Pick) -> None:
    try:
        callback(pick)
    except Exception:
        widget.log.exception("raywidget: a callback of on_pick failed")


def _notify_if_changed(this: weakref.ref[RayWidget], name: str) -> None:
    """Tell those who observe a computed trait, in a thread of their own, and the page."""
    widget = this()
    if widget is None:
        return
    new = getattr(widget, name)
    old = widget._last_seen.get(name)
    if new is old or (isinstance(new, int) and new == old):
        return
    widget._last_seen[name] = new
    change = traitlets.Bunch(name=name, old=old, new=new, owner=widget, type="change")
    widget._observers.call(lambda: _notify(widget, change))
    if name in ("width", "height") and widget.comm is not None:
        widget.send_state(name)


def _replace_earlier(widget: RayWidget) -> None:
    """Close what earlier runs of the same cell made: nobody sees it, and it would go on for ever.

    ipywidgets keeps every widget until it is closed, so that no collector ends it.
    """
    made_by = widget._made_by
    if made_by is None:
        return
    for other in list(_open_widgets):
        earlier = other._made_by
        if earlier is not None and earlier.cell == made_by.cell and earlier.run != made_by.run:
            other.close()
            _open_widgets.discard(other)
    _open_widgets.add(widget)


def _close_elsewhere(this: weakref.ref[RayWidget]) -> None:
    """The front end has closed the comm: end, but not in Jupyter's thread."""

    def close() -> None:
        widget = this()
        if widget is not None:
            widget.close()

    threading.Thread(target=close, name="raywidget-closer", daemon=True).start()


def _shut_down(session: Session, pump: Pump, still: Still) -> None:
    """End all threads; it must not know the widget.

    `close` calls it. ipywidgets keeps every open widget in a table, so nothing is collected before
    it is closed; the finalizer is for the interpreter's exit, and for hosts without such a table.
    """
    session.close()
    pump.close()
    still.close()
