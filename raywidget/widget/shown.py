"""`Shown`: what Jupyter knows of a widget: its traits, its state, what its cell shows."""

from __future__ import annotations

import dataclasses
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import anywidget
import traitlets

from raywidget.engine.picking import Pick
from raywidget.engine.session.session import Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import PictureError, SettingsError, SettingsWarning
from raywidget.picture.curves import CHANNELS, CURVE_NAMES, check_channel, check_display
from raywidget.picture.figure_elements import describe
from raywidget.picture.image import Image
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import did_you_mean
from raywidget.scene.values.telling import warn
from raywidget.stream.pump import Pump
from raywidget.widget.denoising import Denoising
from raywidget.widget.host import CellRun, Observers, front_end
from raywidget.widget.recording import Recorder
from raywidget.widget.static_image import Still, encode_still
from raywidget.widget.timeline import Timeline
from raywidget.widget.traits import (
    CameraTrait,
    Overlay,
    PlayingTrait,
    RecordingState,
    SceneTrait,
    Size,
    Snapshot,
    Status,
    TimelineState,
    Times,
    TimeTrait,
)
from raywidget.widget.value_menu import MAPS, describe_menu

ALWAYS_SENT = ("_esm", "_css", "_anywidget_id")
_SETTINGS = tuple(field.name for field in dataclasses.fields(RenderSettings))
_COMPUTED = {
    "settings": "write widget.restart(spp=...) to change some",
    "image": "it is the picture as it is now",
    "generation": "it counts restarts",
    "status": "pause(), resume(), stop() and restart() change it",
}


class CannotBeSet(SettingsError, traitlets.TraitError):
    """An attribute of a widget can't be set, or can't be so."""


def _check_tone(given: Mapping[str, Any]) -> dict[str, Any]:
    """Display settings as traits hold them."""
    try:
        curve, exposure = check_display(given.get("curve", "srgb"), given.get("exposure", 0.0))
        channel = check_channel(given.get("channel", "color"))
    except PictureError as error:
        raise CannotBeSet(str(error)) from None
    checked = {"curve": curve, "exposure": exposure, "channel": channel}
    return {name: checked[name] for name in given}


class Shown(anywidget.AnyWidget):
    """A widget as Jupyter sees it; `Control` is what the user does with it."""

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
    denoise = traitlets.Bool(False, help="Show it without noise; no measurement.").tag(sync=True)
    status = Status("stopped", help="What the render does now.", read_only=True).tag(sync=True)
    scene = SceneTrait(help="What is rendered; set it to render another.")
    camera = CameraTrait(help="Where it is seen from; follows the mouse. Set it to move the view.")
    time = TimeTrait(help="Which of its times is shown; None with one scene. Set it to go there.")
    playing = PlayingTrait(help="Are the times played? Set it to play them, or to rest.")
    _times = Times(read_only=True).tag(sync=True)
    _timeline = TimelineState(read_only=True).tag(sync=True)
    _recording = RecordingState(read_only=True).tag(sync=True)
    _snapshot = Snapshot(b"", read_only=True).tag(sync=True)
    _overlay = Overlay(read_only=True).tag(sync=True)
    # Names the widget within a page, where hosts hand out several objects for one model.
    _key = traitlets.Unicode(read_only=True).tag(sync=True)

    # Made by whoever is shown.
    _session: Session
    _pump: Pump
    _still: Still
    _denoising: Denoising
    _line: Timeline | None
    _recorder: Recorder
    _observers: Observers
    _last_status: str  # the pump's own
    _last_seen: dict[str, Any]  # the computed traits as their observers know them
    _on_pick: list[Callable[[Pick], object]]
    _made_by: CellRun | None
    _marks: dict[str, Any]  # what is wanted over the picture, as `describe` takes it
    _described: (
        tuple[object, object, dict[str, Any], object] | None
    )  # of which shapes and marks, what
    _answered: dict[int, int]  # the newest change of values that was done, by client
    _dark_lock: threading.Lock
    _dark: tuple[tuple[object, ...], str | None]  # why a picture is black, and which
    _dark_told: str | None  # what was warned of

    @property
    def image(self) -> Image:
        """The picture as it is now, as it is shown: with `denoise`, without its noise."""
        return self._denoising.image(exposure=self.exposure, curve=self.curve, channel=self.channel)

    def _describe(self, scene: Scene) -> dict[str, Any]:
        """What stands over pictures of a scene; a shape that is gone has no bar any more."""
        made, marks = self._described, self._marks
        alike = made is not None and made[0] is scene.shapes and made[1] is marks
        if made is None or not alike or made[3] != scene.annotations:
            try:
                found = describe(scene, **marks)
            except PictureError:
                found = describe(scene, **marks | {"colorbars": True})
            found |= {"values": describe_menu(scene), "maps": list(MAPS)}
            made = self._described = (scene.shapes, marks, found, scene.annotations)
        return made[2]

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

    def set_state(self, sync_data: Any) -> None:
        """Take over the traits that a page may write; anything else it sends is ignored."""
        if not isinstance(sync_data, Mapping):
            return
        names = ("curve", "exposure", "channel")
        try:
            accepted = _check_tone({n: sync_data[n] for n in names if n in sync_data})
        except CannotBeSet:
            return
        if isinstance(sync_data.get("denoise"), bool):
            accepted["denoise"] = sync_data["denoise"]
        if accepted:
            super().set_state(accepted)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute, unless that would be nothing that anybody looks at."""
        known = name.startswith("_") or hasattr(type(self), name)
        if name in _SETTINGS:
            raise CannotBeSet(f"RayWidget: write widget.restart({name}=...) to change {name}")
        if name in _COMPUTED:
            raise CannotBeSet(f"RayWidget: {name} can't be set; {_COMPUTED[name]}")
        if name in ("exposure", "curve", "channel"):
            _check_tone({name: value})
        if name == "denoise" and not isinstance(value, bool):
            raise CannotBeSet(f"RayWidget: denoise must be True or False, got {show(value)}")
        if not known:
            names = [*_SETTINGS, *(n for n in dir(type(self)) if not n.startswith("_"))]
            near = did_you_mean(name, names)
            hint = f"; {near}" if near.startswith("did") else ", and nothing comes of setting it"
            warn(f"RayWidget: there is no {name!r}{hint}", SettingsWarning)
        super().__setattr__(name, value)

    def _handle_msg(self, msg: Any) -> None:
        """A message from the page. What is none is ignored: a traceback would help nobody."""
        content = msg.get("content") if isinstance(msg, Mapping) else None
        data = content.get("data") if isinstance(content, Mapping) else None
        if not isinstance(data, Mapping) or not isinstance(data.get("method"), str):
            return
        if data["method"] == "custom" and "content" not in data:
            return
        if data["method"] == "update" and (
            not isinstance(data.get("state"), Mapping) or data.get("buffer_paths")
        ):
            return  # no trait that a page may write holds bytes
        super()._handle_msg(msg)

    @traitlets.validate("exposure")
    def _check_exposure(self, proposal: Mapping[str, Any]) -> float:
        checked: float = _check_tone({"exposure": proposal["value"]})["exposure"]
        return checked

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
