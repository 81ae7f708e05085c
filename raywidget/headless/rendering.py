"""`render()` and `resume()`: the front door without a browser."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from raywidget.engine.checkpoint import (
    Checkpoint,
    check_is_scene_of,
    read_checkpoint,
    read_scene_of,
)
from raywidget.engine.darkness import explain_darkness
from raywidget.engine.session.session import POLL_SECONDS, Session
from raywidget.engine.settings import RenderSettings
from raywidget.errors import (
    ExecutorWarning,
    PictureError,
    PictureWarning,
    SettingsError,
)
from raywidget.headless.asked import (
    choose_denoiser,
    exposed,
    scene_and_settings,
    signature_with_settings,
)
from raywidget.headless.deliveries import Deliveries, FinishedPass, FinishedTile
from raywidget.headless.termination import heeding_termination
from raywidget.picture.curves import check_display
from raywidget.progress import Progress
from raywidget.scene.doubts import warn_of_doubts
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene
from raywidget.scene.values.checks import show
from raywidget.scene.values.signatures import checked_call
from raywidget.scene.values.telling import warn
from raywidget.staging.studio import STUDIO_WORDS

if TYPE_CHECKING:
    from raywidget.engine.session.run import ResumeState
    from raywidget.picture.image import Image


@checked_call(SettingsError)
def render(
    scene: object,
    *,
    on_tile: Callable[[FinishedTile], object] | None = None,
    on_pass: Callable[[FinishedPass], object] | None = None,
    progress: bool = False,
    resume: Image | None = None,
    on_interrupt: Literal["raise", "return"] = "raise",
    exposure: float = 0.0,
    curve: str = "srgb",
    denoise: bool | str = False,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_seconds: float = 60.0,
    executor: object = None,
    shutter: tuple[float, float] | None = None,
    **settings: Any,
) -> Image:
    """Render a scene and wait for the picture.

    Parameters
    ----------
    scene : Scene, or what `studio` takes
        What to render; with `shutter`, a function from a time to a scene. Its ``defaults`` give the
        settings that are not given here. A file, a mesh of another library, arrays and the like are
        put into a studio where they bring no light and no camera of their own.
    on_tile : callable, optional
        Called with a `FinishedTile`, in the thread that called `render`, exactly once for every
        tile of every pass. When it is slow, rendering waits for it; when it raises, the render is
        cancelled and the exception comes out of `render`.
    on_pass : callable, optional
        Called with a `FinishedPass` after each pass, before the next one begins.
    progress : bool
        Show a progress bar; in a log file, a line now and then.
    resume : Image, optional
        Go on from an earlier render of the same `Scene` object, whose samples count: 64 samples
        and then ``spp=128`` gives, bit for bit, what 128 at once would have given.
    on_interrupt : {"raise", "return"}
        What Ctrl-C does: raise `KeyboardInterrupt`, or return what is there.
    exposure : float
        Stops by which the picture is lightened when it is shown or saved.
    curve : {"srgb", "filmic", "agx", "neutral", "linear"}
        Its tone curve.
    denoise : bool or {"oidn", "nlm"}
        Take the noise out in the end, by `Image.denoise`; the true pixels are in `Image.raw`.
    checkpoint : path-like, optional
        A file that has, all the time, what the render has come to: it is written again and again,
        on Ctrl-C and SIGTERM, and in the end. If it is there already, the render goes on from it,
        so that the same call after a crash does the rest; `resume` goes on without the scene, in
        any process. The picture is, bit for bit, that of a render without interruption.
    checkpoint_seconds : float
        How often; less often where a writing takes more than a tenth of that.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        Who renders, instead of threads of this process: ``ProcessPoolExecutor(4)``, an executor of
        loky, ``mpi4py.futures.MPIPoolExecutor()``, ``Client("tcp://...")``. The picture is the
        same, bit for bit. Workers that die, hang or do not fit are done without; if none is left,
        threads of this process go on. It is not shut down in the end.
    shutter : (float, float), optional
        When it opens and closes: what moves meanwhile is blurred. ``render(scene_at, shutter=(0,
        0.5))`` is ``render(Moving(scene_at, (0, 0.5)))``, see `Moving`.
    **settings
        Any of `RenderSettings`: ``width, height, spp, max_depth, seed, passes, threads``, ...; and
        of things that are no scene, the parameters of `studio`: ``light``, ``ground``, ``up``, ...

    Returns
    -------
    Image
        The picture, with statistics.

    Warns
    -----
    PictureWarning
        If the picture is black, or too dark to show anything: why, and what to do.
    SceneWarning
        If something in the scene is probably not meant so, as angles in radians.
    ExecutorWarning
        If workers failed, or were refused.

    Raises
    ------
    SceneError
        If nothing is known of such things, or this one can't be read.
    SettingsError
        If a setting is unknown or out of its range.
    PictureError
        If `resume` or `checkpoint` does not fit, is damaged, or can't be written; or if the scene
        can't be kept in a file.
    RenderError
        If the render failed.

    Examples
    --------
    >>> import raywidget as rw
    >>> image = rw.render(rw.presets.cornell(), width=32, height=32, spp=4)
    >>> image.shape
    (32, 32, 3)
    """
    scene, chosen = scene_and_settings(exposed(scene, shutter), settings)
    warn_of_doubts(scene)
    state = None if resume is None else _resume_state(resume)
    sampler = settings.get("sampler", scene.defaults.get("sampler", "auto"))
    if state is not None:
        chosen = _as_begun(chosen, sampler, state.settings)
    keeper = None
    if checkpoint is not None:
        shown = _shown(exposure, curve, denoise)
        keeper = Checkpoint(checkpoint, _seconds(checkpoint_seconds), scene, chosen, shown)
        if keeper.path.exists():
            kept = read_checkpoint(keeper.path)
            chosen = _as_begun(chosen, sampler, kept.settings)
            keeper = Checkpoint(checkpoint, _seconds(checkpoint_seconds), scene, chosen, shown)
            if state is not None:
                raise PictureError(
                    f"resume: {str(checkpoint)!r} is there, too; give one of the two"
                )
            check_is_scene_of(kept, scene)
            state = kept.resume(scene)
    callbacks = on_tile, on_pass
    image = _go(
        scene,
        chosen,
        callbacks,
        progress,
        on_interrupt,
        exposure,
        curve,
        denoise,
        state,
        keeper,
        executor,
    )
    if words := {name: settings[name] for name in STUDIO_WORDS if name in settings}:
        image.remember({"staging": words})
    return image


@checked_call(SettingsError)
def resume(
    path: str | os.PathLike[str],
    scene: object = None,
    *,
    shutter: tuple[float, float] | None = None,
    on_tile: Callable[[FinishedTile], object] | None = None,
    on_pass: Callable[[FinishedPass], object] | None = None,
    progress: bool = False,
    on_interrupt: Literal["raise", "return"] = "raise",
    exposure: float | None = None,
    curve: str | None = None,
    denoise: bool | str | None = None,
    checkpoint_seconds: float = 60.0,
    executor: object = None,
    **settings: Any,
) -> Image:
    """Go on with a render that was broken off, from its checkpoint: see `render`.

    The file has the scene and the settings; it goes on being the checkpoint of this render. It may
    come from anywhere: nothing in it is run.

    Parameters
    ----------
    path : path-like
        The file that was given to `render` as `checkpoint`.
    scene : Scene or callable, optional
        What was rendered. The file has it, unless it is a function of time other than those of
        `between`: no file can hold that.
    shutter : (float, float), optional
        Of such a function, as it was; by default what the file says.
    on_tile, on_pass : callable, optional
        As in `render`.
    progress : bool
        As in `render`.
    on_interrupt : {"raise", "return"}
        As in `render`.
    exposure, curve, denoise : optional
        As in `render`; by default what they were.
    checkpoint_seconds : float
        As in `render`.
    executor : concurrent.futures.Executor or dask.distributed.Client, optional
        As in `render`.
    **settings
        Of `RenderSettings`, those that do not change what is there: ``spp`` (more samples than were
        asked for), ``noise``, ``aovs``, ``passes``, ``threads``.

    Returns
    -------
    Image
        The picture: of a finished render at once.

    Warns
    -----
    PictureWarning
        If another version of raywidget, or a processor with vectors of another width, has begun it.
        The picture is as good, but its last bits may be others.

    Raises
    ------
    PictureError
        If the file can't be read, is damaged, or is no checkpoint; if a setting would make another
        picture of it.
    SettingsError
        If a setting is unknown or out of its range.
    RenderError
        If the render failed.

    Examples
    --------
    >>> import os, tempfile
    >>> import raywidget as rw
    >>> place = os.path.join(tempfile.mkdtemp(), "box.checkpoint")
    >>> how = {"width": 32, "height": 32}
    >>> half = rw.render(rw.presets.cornell(), spp=2, checkpoint=place, **how)
    >>> whole = rw.resume(place, spp=4)
    >>> bool((whole.pixels == rw.render(rw.presets.cornell(), spp=4, **how).pixels).all())
    True
    """
    RenderSettings.for_scene({}, settings)  # before a file is looked for
    kept = read_checkpoint(path)
    if scene is None:
        given = read_scene_of(kept)
    else:
        opened = shutter if shutter is not None or isinstance(scene, Moving) else kept.shutter
        given, _ = scene_and_settings(exposed(scene, opened), {})
        check_is_scene_of(kept, given)
    chosen = kept.settings.replace(**settings)
    shown: dict[str, Any] = {
        "exposure": kept.shown.get("exposure", 0.0) if exposure is None else exposure,
        "curve": kept.shown.get("curve", "srgb") if curve is None else curve,
        "denoise": kept.shown.get("denoise", False) if denoise is None else denoise,
    }
    keeper = Checkpoint(kept.path, _seconds(checkpoint_seconds), given, chosen, _shown(**shown))
    callbacks = on_tile, on_pass
    return _go(
        given,
        chosen,
        callbacks,
        progress,
        on_interrupt,
        **shown,
        state=kept.resume(given),
        keeper=keeper,
        executor=executor,
    )


def _as_begun(chosen: RenderSettings, sampler: str, begun: RenderSettings) -> RenderSettings:
    """Who does not say by which numbers goes on by those of before, whatever the goal is now."""
    return chosen.replace(sampler=begun.sampler) if sampler == "auto" else chosen


def _shown(exposure: Any, curve: Any, denoise: Any) -> dict[str, Any]:
    """How a picture is shown, as a checkpoint says it; checked."""
    curve, exposure = check_display(curve, exposure)
    choose_denoiser(denoise)
    return {"exposure": exposure, "curve": curve, "denoise": denoise}


def _seconds(given: object) -> float:
    is_number = isinstance(given, (int, float, np.integer, np.floating))
    number: Any = given
    if not is_number or isinstance(given, bool) or not 0.0 <= number <= 1e9:
        raise SettingsError(f"checkpoint_seconds: expected 0 to 1e9, got {show(given)}")
    return float(number)


def _go(
    scene: Scene,
    chosen: RenderSettings,
    callbacks: tuple[
        Callable[[FinishedTile], object] | None, Callable[[FinishedPass], object] | None
    ],
    progress: bool,
    on_interrupt: str,
    exposure: float,
    curve: str,
    denoise: bool | str,
    state: ResumeState | None,
    keeper: Checkpoint | None,
    executor: object,
) -> Image:
    """Render, with all that is done meanwhile."""
    check_display(curve, exposure)
    method = choose_denoiser(denoise)
    if not isinstance(on_interrupt, str) or on_interrupt not in ("raise", "return"):
        raise SettingsError(f"on_interrupt: expected 'raise' or 'return', got {show(on_interrupt)}")
    on_tile, on_pass = callbacks
    deliveries = None
    if on_tile or on_pass:
        deliveries = Deliveries(chosen, on_tile, on_pass, state)
    session = Session(
        scene,
        chosen,
        on_tile=deliveries.offer if deliveries else None,
        resume=state,
        hold_passes=on_pass is not None,
        executor=executor,
    )
    if deliveries:
        deliveries.session = session
    told = Progress(session) if progress else None
    with contextlib.ExitStack() as stack:
        if keeper is not None:
            stack.enter_context(heeding_termination())
            stack.callback(keeper.write, session)
            keeper.begin(session)
        _wait(session, deliveries, told, keeper, on_interrupt == "raise")
    for note in session.notes():
        warn(note, ExecutorWarning)
    dark = explain_darkness(session.run(), exposure)
    if dark is not None:
        warn(dark, PictureWarning)
    image = session.image(exposure=exposure, curve=curve)
    if isinstance(scene, Moving):
        image.remember({"shutter": scene.shutter})
    return image if method is None or image.spp < 1 else image.denoise(method)


def _wait(
    session: Session,
    deliveries: Deliveries | None,
    told: Progress | None,
    keeper: Checkpoint | None,
    raises: bool,
) -> None:
    """Start a session, and see to those who are told of it until it has ended and is closed."""
    try:
        session.start()
        while not session.wait(0.0):
            if deliveries:
                deliveries.deliver_waiting()
            else:
                session.wait(POLL_SECONDS)
            if told is not None:
                told.update()
            if keeper is not None:
                keeper.update(session)
        if deliveries:
            deliveries.deliver_rest()
    except KeyboardInterrupt:
        session.stop()
        if raises:
            raise
    finally:
        if deliveries:
            deliveries.abandon()
        session.close()
        if told is not None:
            told.close()


def _resume_state(image: object) -> Any:
    from raywidget.picture.image import Image

    if not isinstance(image, Image):
        raise SettingsError(f"resume: expected an Image, got {type(image).__name__}")
    if image.state is None:
        raise SettingsError("resume: this image was not made by render(), it holds no samples")
    return image.state


render.__signature__ = signature_with_settings(render)  # type: ignore[attr-defined]
resume.__signature__ = signature_with_settings(  # type: ignore[attr-defined]
    resume, only=("spp", "noise", "aovs", "passes", "threads")
)
