"""A thing seen from all round: views, rendered one after the other, that become a page.

All are rendered by one session, which keeps tables and trees; each is, bit by bit, what `render`
makes of the scene with that camera.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from raywidget.engine.backends.pools import pool_of
from raywidget.engine.settings import RenderSettings
from raywidget.errors import SceneError, SettingsError
from raywidget.frames import Frames
from raywidget.headless.asked import choose_denoiser, scene_and_settings
from raywidget.io.orbit_page import Over, Page, Views, write_orbit
from raywidget.picture.figure_elements import Tree, describe
from raywidget.picture.figure_layout import describe_camera, lay_out
from raywidget.picture.image import Image
from raywidget.progress import Steps
from raywidget.scene.camera import Camera, OrthographicCamera, PerspectiveCamera
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.planes import Plane
from raywidget.scene.shapes.round import Disk
from raywidget.scene.shapes.simple import Quad
from raywidget.scene.values.checks import show
from raywidget.scene.values.given import as_items, as_whole
from raywidget.scene.values.transforms import rotation
from raywidget.staging.framing import points_of

MOST_VIEWS = 1024
MOST_PIXELS = 100_000_000  # of all views: 300 MB while they are compressed
LARGEST_SIDE = 480  # pixels, where no size is given
MOST_SAMPLES = 32  # where none are given
HIGHEST = 89.0  # degrees: at the pole, up has no meaning
MARGIN = 1.03
STEP = 20.0  # degrees between rows
NEAR_THE_GROUND = 5.0  # degrees: who looks from above is not led below


@dataclass(frozen=True, kw_only=True)
class OrbitOptions:
    """Which views there are, and how they are kept; checked."""

    columns: int = 24
    rows: int = 3
    arc: float = 360.0
    elevations: tuple[float, ...] | None = None
    quality: int = 80
    most: float | None = None  # bytes
    fragment: bool = False
    title: str | None = None

    @staticmethod
    def of(
        views: object,
        arc: object,
        elevations: object,
        quality: object,
        megabytes: object,
    ) -> OrbitOptions:
        """Check what the user has written.

        Raises
        ------
        SettingsError
            If something is out of its range, with what was expected.
        """
        items = as_items(views)
        pair = (views, 3) if as_whole(views) is not None else items
        counts = [] if pair is None or len(pair) != 2 else [as_whole(item) for item in pair]
        if len(counts) != 2 or None in counts or not all(n and n >= 1 for n in counts):
            raise SettingsError(
                "views: expected how many round it and how many heights, such as (24, 3), "
                f"got {show(views)}"
            )
        columns, rows = (int(n or 1) for n in counts)
        heights = None
        if elevations is not None:
            heights = _heights(elevations)
            rows = len(heights)
        if columns * rows > MOST_VIEWS:
            raise SettingsError(f"views: expected at most {MOST_VIEWS:,} in all, got {show(views)}")
        whole = as_whole(quality)
        if whole is None or not 0 <= whole <= 100:
            raise SettingsError(f"quality: expected 0 to 100, got {show(quality)}")
        most = None if megabytes is None else 1e6 * _number("megabytes", megabytes, 1e-3, 1e4)
        return OrbitOptions(
            columns=columns,
            rows=rows,
            arc=_number("arc", arc, 1.0, 360.0),
            elevations=heights,
            quality=whole,
            most=most,
        )


class Look(NamedTuple):
    """How all views are rendered and shown."""

    settings: RenderSettings
    method: str | None
    exposure: float
    curve: str


def light_settings(
    thing: object, given: dict[str, Any], fit: bool | None = None
) -> tuple[Scene, RenderSettings]:
    """The scene, and settings that suit many small pictures where none are given.

    With `fit`, the camera steps back until all of it is in all views; by default where it was not
    the user who has chosen a camera.

    Raises
    ------
    SceneError, SettingsError
        As `render` raises them; or if a part of the picture is asked for.
    """
    scene, chosen = scene_and_settings(thing, given)
    if chosen.region is not None:
        raise SettingsError("region: a page shows whole pictures; give width and height instead")
    if "width" not in given and "height" not in given:
        chosen = chosen.replace(**small_size(chosen))
    if "spp" not in given:
        chosen = chosen.replace(**few_samples(chosen))
    if fit or (fit is None and not isinstance(thing, Scene)):
        scene = stepped_back(scene, chosen.width / chosen.height)
    return scene, chosen


def small_size(settings: RenderSettings) -> dict[str, int]:
    """Width and height of the same shape that suit many pictures."""
    share = min(1.0, LARGEST_SIDE / max(settings.width, settings.height))
    sides = {"width": settings.width, "height": settings.height}
    return {name: max(1, round(side * share)) for name, side in sides.items()}


def few_samples(settings: RenderSettings) -> dict[str, int]:
    """As many samples as suit many pictures; who wants so little noise gets as many as it takes."""
    return {"spp": settings.spp if settings.noise is not None else min(settings.spp, MOST_SAMPLES)}


def stepped_back(scene: Scene, aspect: float) -> Scene:
    """The same scene from so far away that what it is about leaves none of the views.

    Grounds and walls, which are flat, may be cut off.
    """
    camera: Any = scene.camera
    flat = (Quad, Disk, Plane)
    bodies = [shape for shape in scene.shapes if not isinstance(shape, flat)] or list(scene.shapes)
    if not bodies or not isinstance(camera, PerspectiveCamera | OrthographicCamera):
        return scene
    points = points_of(bodies)
    center = 0.5 * (points.min(axis=0) + points.max(axis=0))
    radius = float(np.linalg.norm(points - center, axis=1).max()) * MARGIN
    arm = np.array(camera.look_from) - np.array(camera.look_at)
    before = float(np.linalg.norm(arm))
    changes: dict[str, Any] = {}
    if isinstance(camera, OrthographicCamera):
        changes["height"] = max(2.0 * radius, 2.0 * radius / aspect)
        away = max(before, 2.0 * radius)
    else:
        half = math.radians(camera.vertical_fov(aspect)) / 2.0
        narrow = min(half, math.atan(math.tan(half) * aspect))
        away = radius / math.sin(narrow)
        if camera.focus_distance is not None:
            changes["focus_distance"] = camera.focus_distance * away / before
    place = center + arm * (away / before)
    changes |= {"look_at": tuple(center.tolist()), "look_from": tuple(place.tolist())}
    return scene.replace(camera=camera.replace(**changes))


def look(settings: RenderSettings, denoise: object, exposure: float, curve: str) -> Look:
    """How views are rendered; `denoise` None is True, where there are samples to compare."""
    method = choose_denoiser(True if denoise is None else denoise)
    if denoise is None and method == "nlm" and settings.spp < 2:
        method = None
    return Look(settings, method, exposure, curve)


def render_orbit(
    scene: Scene,
    target: Path,
    options: OrbitOptions,
    how: Look,
    *,
    progress: bool = False,
    executor: object = None,
) -> Page:
    """Render all views of a scene and write them into a page.

    Parameters
    ----------
    scene : Scene
        What is seen; its camera's own view is the first.
    target : Path
        Where; `checked_page` has been asked.
    options : OrbitOptions
        Which views.
    how : Look
        How they are rendered.
    progress : bool
        Say how far it is.
    executor : Executor or Client, optional
        Who renders.

    Raises
    ------
    SceneError
        If its camera can't be led round.
    SettingsError
        If there are too many pixels in all.
    PictureError
        If the page can't be written.
    """
    if executor is not None:
        pool_of(executor)  # or it is said here
    settings = how.settings
    columns = options.columns
    views, cameras = around(scene.camera, options)
    count = len(cameras)
    if count * settings.width * settings.height > MOST_PIXELS:
        raise SettingsError(
            f"{count} views of {settings.width} x {settings.height} are more than "
            f"{MOST_PIXELS / 1e6:g} megapixels; ask for fewer or smaller ones"
        )
    own = views.own * columns + views.front
    aspect = settings.width / settings.height
    overlay = describe(scene)
    if overlay["labels"]:
        settings = settings.replace(aovs=tuple({*settings.aovs, "depth"}))
    hidden: list[list[int]] = []
    render = Frames(executor)
    told = Steps(count, "view") if progress else None
    pictures = []
    try:
        for index, camera in enumerate(cameras):
            seen = scene if index == own else scene.replace(camera=camera)
            image = render.image(seen, settings, how.method, how.exposure, how.curve)
            pictures.append(image.to_uint8())
            hidden.append(_hidden_labels(overlay, camera, image))
            if told is not None:
                told.step()
    finally:
        render.close()
        if told is not None:
            told.close()
    return write_orbit(
        target,
        pictures,
        views,
        Over(overlay, [describe_camera(camera, aspect) for camera in cameras], hidden),
        title=options.title or target.stem,
        quality=options.quality,
        most=options.most,
        fragment=options.fragment,
    )


def _hidden_labels(overlay: Tree, camera: Any, image: Image) -> list[int]:
    """The numbers of the labels that something is in front of."""
    if not overlay["labels"]:
        return []
    laid = lay_out(overlay, camera, image.width, image.height, image.aovs["depth"])
    return [index for index, label in enumerate(laid["labels"]) if label["hidden"]]


def around(
    camera: Camera, options: OrbitOptions
) -> tuple[Views, list[PerspectiveCamera | OrthographicCamera]]:
    """The cameras of all views, row by row from the lowest; one of them is the camera itself.

    Raises
    ------
    SceneError
        If it sees all round already.
    """
    if not isinstance(camera, PerspectiveCamera | OrthographicCamera):
        raise SceneError(
            "a page that is turned needs a PerspectiveCamera or an OrthographicCamera, "
            f"got a {type(camera).__name__}"
        )
    pivot = np.array(camera.look_at)
    arm = np.array(camera.look_from) - pivot
    distance = float(np.linalg.norm(arm))
    up = np.array(camera.up) / np.linalg.norm(camera.up)
    height = float(np.degrees(np.arcsin(np.clip(arm @ up / distance, -1.0, 1.0))))
    flat = arm - (arm @ up) * up
    flat /= np.linalg.norm(flat)
    elevations = options.elevations or _rows(height, options.rows)
    own = int(np.argmin([abs(elevation - height) for elevation in elevations]))
    closed, columns = options.arc >= 360.0, options.columns
    step = options.arc / (columns if closed else max(columns - 1, 1))
    front = 0 if closed else columns // 2
    cameras: list[PerspectiveCamera | OrthographicCamera] = []
    for row, elevation in enumerate(elevations):
        for column in range(columns):
            if row == own and column == front and elevation == height:
                cameras.append(camera)
                continue
            turned = _turned(flat, up, step * (column - front))
            angle = math.radians(elevation)
            place = pivot + distance * (math.cos(angle) * turned + math.sin(angle) * up)
            x, y, z = (float(value) for value in place)
            cameras.append(camera.replace(look_from=(x, y, z)))
    arc = 360.0 if closed else step * (columns - 1)
    return Views(columns, arc, front, tuple(elevations), own), cameras


def _turned(
    flat: NDArray[np.float64], up: NDArray[np.float64], degrees: float
) -> NDArray[np.float64]:
    axis = (float(up[0]), float(up[1]), float(up[2]))
    turned: NDArray[np.float64] = rotation(degrees, axis)[:3, :3] @ flat
    return turned


def _rows(own: float, count: int) -> tuple[float, ...]:
    """Heights around the camera's own, which is one of them."""
    down = own + HIGHEST if own < 0 else own - min(own, NEAR_THE_GROUND)
    rise = HIGHEST - own
    below = (count - 1) // 2
    if down < NEAR_THE_GROUND:
        below = 0
    elif rise < NEAR_THE_GROUND:
        below = count - 1
    above = count - 1 - below
    # Where there is less room than for so many steps, they are smaller.
    lower = min(STEP, down / max(below, 1))
    higher = min(STEP, rise / max(above, 1))
    return (
        *(own - lower * step for step in range(below, 0, -1)),
        own,
        *(own + higher * step for step in range(1, above + 1)),
    )


def _heights(given: object) -> tuple[float, ...]:
    items = as_items(given)
    found = [] if items is None else [_number("elevations", x, -HIGHEST, HIGHEST) for x in items]
    if not found or any(b <= a for a, b in pairwise(found)):
        raise SettingsError(
            "elevations: expected degrees above the horizon that rise, such as (0, 25, 50), "
            f"got {show(given)}"
        )
    return tuple(found)


def _number(name: str, value: object, low: float, high: float) -> float:
    is_number = isinstance(value, (int, float, np.integer, np.floating))
    number: Any = value  # not made a float first: a whole number may be too large for one
    if not is_number or isinstance(value, bool) or not low <= number <= high:
        raise SettingsError(f"{name}: expected {low:g} to {high:g}, got {show(value)}")
    return float(number)
