"""What a page may do with a render beyond its buttons: move the camera, ask what a pixel shows,
change settings, have a file made.

`Interaction` is the source that the pump gets: the session, and the deeds that need the scene. It
is called in the pump's thread, and returns at once; what takes longer has a thread of its own.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

from raywidget.engine.picking import Hit, Pick, pick_pixel
from raywidget.engine.session.run import Progress
from raywidget.engine.session.session import Session
from raywidget.engine.settings import INTEGRATORS, RenderSettings, check_scene_fits
from raywidget.engine.vantage import Straight, Things, find_vantage
from raywidget.errors import PictureError, RaywidgetError, SettingsError
from raywidget.picture.figure_layout import describe_camera
from raywidget.picture.image import Image
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.values.described import SceneObject, is_default
from raywidget.stream.protocol import (
    CameraMove,
    Content,
    FileRequest,
    Probe,
    Question,
    RecordRequest,
    RenderChange,
    TimeChange,
    ValueChange,
    Vantage,
)
from raywidget.stream.source import Tiles
from raywidget.widget.denoising import Denoising
from raywidget.widget.files import in_pieces, make_file
from raywidget.widget.framing import Framed, frame_shapes, upright
from raywidget.widget.questions import BUSY, Questions
from raywidget.widget.recording import Recorder
from raywidget.widget.timeline import Timeline
from raywidget.widget.value_channel import ValueChannel
from raywidget.widget.value_menu import change_values

COMPILES = 60.0  # seconds after which a question about a scene that never compiles is given up


class Listener(Protocol):
    """Who is told what a page has done."""

    def say(self, content: Content, buffers: list[bytes]) -> None:
        """Answer the page."""

    def send_file(self, client: int, pieces: Sequence[tuple[Content, list[bytes]]]) -> bool:
        """Give a page a file, piece by piece; False if too many are on their way."""

    def picture(self) -> Image | None:
        """The picture with its display settings; None when there is nobody any more."""

    def changed(self, name: str) -> None:
        """A computed trait has another value."""

    def values_changed(self, client: int, number: int) -> None:
        """Values may be shown in another way: what a page asked for by this number is done."""

    def picked(self, pick: Pick) -> None:
        """The user clicked on a pixel."""


class ShownView(NamedTuple):
    """One consistent look at a render; `film` is what pages see."""

    generation: int
    settings: RenderSettings
    film: Tiles | None
    state: str
    message: str | None


class Interaction:
    """A session, as pages use it.

    Parameters
    ----------
    session : Session
        The render.
    listener : Listener
        Who is told what a page has done.
    denoising : Denoising, optional
        What is shown in place of the samples, if it is switched on.
    values : ValueChannel, optional
        What is shown in place of both.
    timeline : Timeline, optional
        Which of several scenes is shown.
    recorder : Recorder, optional
        Makes films.
    """

    def __init__(
        self,
        session: Session,
        listener: Listener,
        denoising: Denoising | None = None,
        values: ValueChannel | None = None,
        timeline: Timeline | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self._session = session
        self._denoising = denoising
        self._values = values
        self._timeline = timeline
        self._recorder = recorder
        self._listener = listener
        # Shapes and home camera, what is up there, where they are.
        self._framed: tuple[object, object, list[float], Framed] | None = None
        self._moved: Camera | None = None  # the camera as a page has put it, last
        self._home: Camera | None = None  # where it was before that
        self._picks, self._files = Questions("raywidget-pick"), Questions("raywidget-file")
        self._vantages = Questions("raywidget-vantage")
        # Straight through.
        self.pause = session.pause
        self.resume = session.resume
        self.stop = session.stop
        self.restart = session.restart
        self.extend = session.extend

    def current(self) -> ShownView:
        """What the render is and does now, and what is shown of it."""
        view = self._session.current()
        film: Tiles | None = view.film
        if self._denoising is not None:
            film = self._denoising.film(view.film)
        if self._values is not None and self._values.on:
            film = self._values.film(view.film)
        return ShownView(view.generation, view.settings, film, view.state, view.message)

    def progress(self) -> Progress:
        """How far it is now."""
        denoised = self._denoising is not None and self._denoising.shows
        if self._values is not None and self._values.on:
            denoised = False
        return self._session.progress()._replace(denoised=denoised)

    def describe(self) -> Content:
        """The camera, where the scene is, and the settings that a page may change."""
        scene = self._session.scene
        settings = self._session.current().settings
        render = {
            "integrators": list(INTEGRATORS),
            "integrator": settings.integrator,
            "max_depth": settings.max_depth,
            "alpha": settings.alpha,
            "caustics": settings.caustics if _may_send_photons(scene, settings) else None,
        }
        camera = scene.camera
        if not isinstance(camera, Straight):
            return {"render": render}
        if camera is not self._moved:
            self._home = camera
        home = self._home if isinstance(self._home, Straight) else camera
        up, framed = self._frame(scene, home)
        aspect = settings.width / settings.height
        stage = {**describe_camera(camera, aspect), **framed.stage, "upright": up}
        return {"render": render, "stage": stage | {"home": describe_camera(home, aspect)}}

    def _frame(self, scene: Scene, home: Camera) -> tuple[list[float], Framed]:
        """What is up in a scene, and where its shapes are."""
        known = self._framed
        if known is None or known[0] is not scene.shapes or known[1] is not home:
            up = upright(with_camera(scene, home)).tolist()
            same = known is not None and known[0] is scene.shapes and known[2] == up
            framed = known[3] if known is not None and same else frame_shapes(scene, up)
            known = self._framed = (scene.shapes, home, up, framed)
        return known[2], known[3]

    # -- the camera -------------------------------------------------------------------------------

    def move_camera(self, move: CameraMove) -> None:
        """Show coarsely what the camera sees from there.

        Raises
        ------
        SceneError
            If no camera can look so.
        """
        scene = self._session.scene
        camera = look_along(scene.camera, move, self._aspect())
        if scene.camera is not self._moved:
            self._home = scene.camera
        self._moved = camera
        moved = with_camera(scene, camera)
        self._session.look(moved, client=move.client, number=move.number)
        self._listener.changed("camera")

    def _aspect(self) -> float:
        settings = self._session.current().settings
        return settings.width / settings.height

    def settle_camera(self) -> None:
        """Render what it sees now, unless something else has been begun, or nothing yet."""
        if self._session.looking:
            self._session.restart(scene=self._session.scene)

    # -- questions --------------------------------------------------------------------------------

    def answer(self, question: Question) -> None:
        """Do what a page asks for.

        Raises
        ------
        SettingsError, SceneError
            If a setting, or what is shown of values, can't be so.
        """
        if isinstance(question, RenderChange):
            self._change(question)
            return
        if isinstance(question, ValueChange):
            self._change_values(question)
            return
        if isinstance(question, TimeChange):
            self._change_time(question)
            return
        if isinstance(question, RecordRequest):
            self._record(question)
            return
        if isinstance(question, Probe):
            work, refuse = partial(self._probe, question), partial(self._refuse_probe, question)
            self._picks.ask(question.client, work, refuse)
        elif isinstance(question, Vantage):
            work, refuse = partial(self._find_vantage, question), partial(self._as_asked, question)
            self._vantages.ask(question.client, work, refuse)
        else:
            work, refuse = partial(self._make_file, question), partial(self._refuse_file, question)
            self._files.ask(question.client, work, refuse)

    def _change(self, change: RenderChange) -> None:
        if change.region is not None or change.clear_region:
            self._session.prefer(change.region)
        settings = self._session.current().settings
        wanted: dict[str, Any] = {}
        if change.integrator is not None:
            wanted["integrator"] = change.integrator
            if change.integrator != "path":  # no other sends photons
                wanted["caustics"] = False
        if change.caustics is not None:
            wanted["caustics"] = change.caustics
        if change.max_depth is not None:
            wanted["max_depth"] = change.max_depth
        if change.size is not None:
            wanted["width"], wanted["height"] = change.size
        wanted = {name: value for name, value in wanted.items() if getattr(settings, name) != value}
        if wanted:
            self._session.restart(settings=settings.replace(**wanted))
            for name in ("width", "height"):
                if name in wanted:
                    self._listener.changed(name)

    def _change_values(self, change: ValueChange) -> None:
        try:
            self._session.restart(scene=change_values(self._session.scene, change))
            if self._timeline is not None:
                self._timeline.keep(lambda scene: change_values(scene, change))
            self._listener.changed("scene")
        finally:  # a page that was refused learns what there is
            self._listener.values_changed(change.client, change.number)

    def _change_time(self, change: TimeChange) -> None:
        timeline = self._timeline
        if timeline is None:
            return
        if change.loop is not None:
            timeline.set_loop(change.loop)
        if change.place is not None:
            timeline.drag(change.place, change.moving)
        elif change.play is not None:
            timeline.play(change.play)

    def _record(self, request: RecordRequest) -> None:
        if self._recorder is None:
            return
        if request.what is None:
            self._recorder.cancel()
        else:
            self._recorder.start(request.what, suffix=f".{request.format}", seconds=request.seconds)

    def _probe(self, probe: Probe) -> None:
        try:
            self._session.await_rest(COMPILES)
            pick = pick_pixel(self._session.run(), probe.x, probe.y)
        except Exception as error:
            self._refuse_probe(probe, _told(error))
            return
        self._listener.say({**_head_of(probe), **describe_pick(pick), "message": None}, [])
        if not probe.again:
            self._listener.picked(pick)

    def _refuse_probe(self, probe: Probe, message: str) -> None:
        nothing = {"generation": 1, "rgb": [0.0, 0.0, 0.0], "spp": 0, "hit": None}
        self._listener.say({**_head_of(probe), **nothing, "message": message}, [])

    def _find_vantage(self, question: Vantage) -> None:
        run = self._session.run()
        camera = look_along(self._session.scene.camera, question, self._aspect())
        if run.renderer is None or not isinstance(camera, Straight):
            self._as_asked(question)
            return
        home = self._home if isinstance(self._home, Straight) else run.scene.camera
        aspect = run.settings.width / run.settings.height
        _, framed = self._frame(run.scene, home)
        box = framed.stage["box"]
        things = Things(framed.things, tuple(box[:3]), tuple(box[3:]))
        found = find_vantage(with_camera(run.scene, home), run.renderer, camera, aspect, things)
        vfov = found.vertical_fov(aspect) if isinstance(found, PerspectiveCamera) else None
        x, y, z = (float(value) for value in found.look_from)
        self._as_asked(question._replace(look_from=(x, y, z), vfov=vfov))

    def _as_asked(self, question: Vantage, message: str = "") -> None:
        head = {"k": "vantage", "client": question.client, "number": question.number}
        lens = {} if question.vfov is None else {"vfov": question.vfov}
        self._listener.say({**head, "look_from": list(question.look_from), **lens}, [])

    def _make_file(self, request: FileRequest) -> None:
        try:
            name, pieces = self._file(request.format)
        except Exception as error:
            self._refuse_file(request, _told(error))
            return
        head = {"k": "file", "client": request.client, "number": request.number}
        head |= {"name": name, "count": len(pieces), "message": None}
        parts = [({**head, "index": index}, [piece]) for index, piece in enumerate(pieces)]
        if not self._listener.send_file(request.client, parts):
            self._refuse_file(request, BUSY)

    def _file(self, wanted: str) -> tuple[str, list[bytes]]:
        """The name of a file, and what is in it."""
        if wanted == "film":
            film = None if self._recorder is None else self._recorder.film
            if film is None:
                raise PictureError("there is no film; record one")
            return film.name, in_pieces(film.read_bytes(), f"it is in {film}")
        if self._timeline is not None and self._timeline.playing:
            self._timeline.stand(COMPILES)  # what is saved is what is seen
        shown = self._listener.picture()
        return f"raywidget.{wanted}", make_file(shown or self._session.image(), wanted)

    def _refuse_file(self, request: FileRequest, message: str) -> None:
        head = {"k": "file", "client": request.client, "number": request.number}
        self._listener.say({**head, "name": "none", "index": 0, "count": 0, "message": message}, [])


def _head_of(probe: Probe) -> Content:
    where = {"x": probe.x, "y": probe.y}
    return {"k": "pixel", "client": probe.client, "number": probe.number, **where}


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, RaywidgetError) else repr(error)


def with_camera(scene: Scene, camera: Camera) -> Scene:
    """The same scene seen by another camera of the same name.

    `Scene.replace` would look through all names once more: 60 ms for 5000 shapes, at each move.
    """
    if isinstance(scene, Moving):
        return scene.changed(with_camera, camera, instead=True)
    moved = object.__new__(type(scene))
    for name, value in vars(scene).items():
        object.__setattr__(moved, name, value)
    object.__setattr__(moved, "camera", camera)
    return moved


def look_along(camera: Camera, move: CameraMove | Vantage, aspect: float) -> Camera:
    """A camera like this one that looks as a page has turned it, in a picture of such a shape."""
    changes: dict[str, Any] = {"look_from": move.look_from, "look_at": move.look_at, "up": move.up}
    if isinstance(camera, OrthographicCamera) and move.height is not None:
        changes["height"] = move.height
    if not isinstance(camera, PerspectiveCamera):
        return camera.replace(**changes)
    if move.vfov is not None and move.vfov != camera.vertical_fov(aspect):
        camera = camera.with_vertical_fov(move.vfov, aspect)
    if camera.focus_distance is not None:
        # What is looked at stays as sharp as it was.
        before = math.dist(camera.look_from, camera.look_at)
        after = math.dist(move.look_from, move.look_at)
        changes["focus_distance"] = camera.focus_distance * after / before
    return camera.replace(**changes)


def _may_send_photons(scene: Scene, settings: RenderSettings) -> bool:
    """Do scene and settings go together with `caustics`?"""
    try:
        check_scene_fits(scene, settings.replace(caustics=True))
    except SettingsError:
        return False
    return True


def describe_pick(pick: Pick) -> Content:
    """What a pixel shows, in what JSON has."""
    return {
        "generation": pick.generation,
        "x": pick.x,
        "y": pick.y,
        "rgb": [_finite(value) for value in pick.radiance],
        "error": None if pick.error is None else list(pick.error),
        "spp": pick.spp,
        "hit": None if pick.hit is None else _describe_hit(pick.hit),
    }


def _describe_hit(hit: Hit) -> Content:
    return {
        "object": {
            "type": type(hit.shape).__name__,
            "name": hit.shape.name,
            "index": hit.index,
            "row": hit.row,
        },
        "material": {
            "type": type(_look_of(hit)).__name__,
            "name": _look_of(hit).name,
            "parameters": [list(pair) for pair in _parameters(hit)],
        },
        "distance": _finite(hit.distance),
        "point": [_finite(x) for x in hit.point],
        "normal": [_finite(x) for x in hit.normal],
        "shading_normal": [_finite(x) for x in hit.shading_normal],
        "uv": [_finite(x) for x in hit.uv],
        "value": None if hit.value is None else _value_of(hit.value, hit.label),
    }


def _value_of(value: float, label: str) -> Content:
    """What the shape shows there; what is no number is said in words."""
    return {"label": label or "value", "text": f"{value:.6g}"}


def _look_of(hit: Hit) -> SceneObject:
    """What the user has said about its look: of a volume, its transfer function."""
    return hit.shape.transfer if isinstance(hit.shape, Volume) else hit.material


def _parameters(hit: Hit) -> list[tuple[str, str]]:
    """A material's parameters as one would write them, and the light that the shape gives off.

    What goes by keyword only is left out where it has its usual value.
    """
    pairs = [
        (field.name, _written(value))
        for field in dataclasses.fields(_look_of(hit))
        for value in [getattr(_look_of(hit), field.name)]
        if field.init and field.name not in ("name", "emission")
        if not (field.kw_only and is_default(field, value))
    ]
    emission = getattr(hit.shape, "radiance", None)
    return pairs if emission is None else [*pairs, ("emission", _written(emission))]


def _written(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, tuple):
        return f"({', '.join(_written(item) for item in value)})"
    text = repr(value)
    if isinstance(value, SceneObject) and len(text) > 120:
        return type(value).__name__
    return text if len(text) <= 120 else f"{text[:117]}..."


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
