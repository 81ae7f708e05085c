"""A compiled scene, and the one call that renders a piece of a tile.

This is the only module of the engine that touches kernels; another backend would stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from raywidget.compiler import (
    Compiled,
    Placement,
    compile_after,
    compile_camera,
    find_casters,
    needs_volpath,
    placement_in,
)
from raywidget.engine.exposure import Exposure
from raywidget.engine.film.film import TileSums
from raywidget.engine.film.filters import make_filter
from raywidget.engine.film.tiles import Tile
from raywidget.engine.settings import MAX_SPP, RenderSettings
from raywidget.errors import RenderError, SettingsError
from raywidget.kernels.integrators.aov import AovTarget, render_aovs
from raywidget.kernels.integrators.bdpt.bdpt import render_bdpt
from raywidget.kernels.integrators.bdpt.vertex import MAX_EDGES, BdptSettings
from raywidget.kernels.integrators.caustics.caustics import CausticSettings, render_caustics
from raywidget.kernels.integrators.caustics.chains import MOST_EDGES
from raywidget.kernels.integrators.coverage import CoverageTarget, render_coverage
from raywidget.kernels.integrators.guides import GuideTarget, render_guides
from raywidget.kernels.integrators.path_lanes import PathSettings
from raywidget.kernels.integrators.path_tiles import render_path
from raywidget.kernels.integrators.preview import (
    ALBEDO,
    DEPTH,
    NORMALS,
    OCCLUSION,
    PreviewSettings,
    render_preview,
)
from raywidget.kernels.integrators.splat import SplatLog, commit_splats
from raywidget.kernels.integrators.surroundings import fill_surroundings
from raywidget.kernels.integrators.tile import (
    COUNTERS_SIZE,
    TILE_SIZE,
    Batch,
    Picture,
    Work,
)
from raywidget.kernels.integrators.volpath import render_volpath
from raywidget.kernels.language.blocks import address_of_data
from raywidget.kernels.language.jit import bind
from raywidget.kernels.layout import (
    ENVIRONMENT_BACKGROUND,
    F32,
    MATERIAL_CATCHER,
    MATERIAL_FLAGS,
    MATERIAL_MEMBERS,
    SceneTables,
)
from raywidget.scene.backdrop import Backdrop
from raywidget.scene.camera import Camera
from raywidget.scene.moving import Moving
from raywidget.scene.scene import Scene

# Splats that a call may note, at most, unless one sample per pixel makes more: 16 bytes each.
_LOG_SPLATS = 1 << 19

_OCCLUSION_SHARE = 0.2  # of the size of what is seen, how far occluders count


Floating = TypeVar("Floating", np.float32, np.float64)


class Integrator(NamedTuple):
    """A way to find light: compiled code, and what it needs of scene and settings."""

    entry: Callable[..., bool]  # with the parameters of `path.render_path`; compiled when called
    settings: tuple[Any, ...]  # a NamedTuple, the entry's fourth argument
    splats: int = 0  # a sample makes at most; if > 0, a `SplatLog` is the entry's last argument
    sees_media: bool = True  # or only surfaces
    kind: str = ""  # where it is in `ENTRIES`, if not under the name in the settings


def _bound(settings: RenderSettings) -> Any:
    """What a kernel takes for `clamp_indirect`."""
    return np.float32(np.inf if settings.clamp_indirect is None else settings.clamp_indirect)


def _path(scene: Scene, settings: RenderSettings, scale: float) -> Integrator:
    limits = settings.max_depth, settings.next_event, settings.roulette
    chosen = PathSettings(*limits, _bound(settings))
    return Integrator(render_path, chosen)


def _direct(scene: Scene, settings: RenderSettings, scale: float) -> Integrator:
    return _path(scene, settings.replace(max_depth=min(2, settings.max_depth)), scale)


def _bdpt(scene: Scene, settings: RenderSettings, scale: float) -> Integrator:
    limits = settings.max_depth, settings.next_event, settings.roulette
    chosen = BdptSettings(*limits, -1, -1, _bound(settings))
    splats = max(1, min(settings.max_depth, MAX_EDGES) - 1)
    return Integrator(render_bdpt, chosen, splats)


def _volpath(scene: Scene, settings: RenderSettings, scale: float) -> Integrator:
    limits = settings.max_depth, settings.next_event, settings.roulette
    chosen = PathSettings(*limits, _bound(settings))
    return Integrator(render_volpath, chosen)


CAUSTICS = "path with caustics"


def _with_caustics(
    scene: Scene, settings: RenderSettings, tables: SceneTables, placement: Placement
) -> Integrator | None:
    """Path tracing that sends photons, too; None where nothing gathers light."""
    casters = find_casters(scene, tables, placement)
    if casters is None:
        return None
    limits = settings.max_depth, settings.next_event, settings.roulette
    splats = max(1, min(settings.max_depth, MOST_EDGES) - 2)
    share: Any = np.float32(casters.share)
    _, balls, materials, probabilities, cdf = casters
    chosen = CausticSettings(*limits, _bound(settings), share, balls, materials, probabilities, cdf)
    return Integrator(render_caustics, chosen, splats, kind=CAUSTICS)


def _preview(kind: int) -> Callable[[Scene, RenderSettings, float], Integrator]:
    def make(scene: Scene, settings: RenderSettings, scale: float) -> Integrator:
        distance = settings.ao_distance
        if distance is None:
            distance = _OCCLUSION_SHARE * _size_of_view(scene)
        # A white sky occludes nothing; with alpha it is left out as any other.
        sky = np.float32(kind == OCCLUSION and not settings.alpha)
        chosen = PreviewSettings(
            kind,
            np.float32(distance * scale),  # type: ignore[arg-type]
            np.float32(1.0 / scale),  # type: ignore[arg-type]
            sky,  # type: ignore[arg-type]
        )
        return Integrator(render_preview, chosen, sees_media=False)

    return make


def _size_of_view(scene: Scene) -> float:
    """Distance from the camera to what it looks at, or across the scene where that is less."""
    camera: Any = scene.camera
    lower, upper = scene.bounds()
    across = math.dist(lower, upper) or math.inf
    return min(across, math.dist(camera.look_from, camera.look_at))


_WITHOUT_SCATTERING = ("path", "bdpt", "direct")

INTEGRATORS: dict[str, Callable[[Scene, RenderSettings, float], Integrator]] = {
    "path": _path,
    "bdpt": _bdpt,
    "volpath": _volpath,
    "direct": _direct,
    "ao": _preview(OCCLUSION),
    "normals": _preview(NORMALS),
    "albedo": _preview(ALBEDO),
    "depth": _preview(DEPTH),
}
"""By the names in `settings.INTEGRATORS`; the last argument is the scale of the tables' lengths."""


ENTRIES: dict[str, tuple[Callable[..., bool], Callable[..., tuple[Any, ...]]]] = {
    "path": (render_path, PathSettings),
    "bdpt": (render_bdpt, BdptSettings),
    "volpath": (render_volpath, PathSettings),
    "direct": (render_path, PathSettings),
    CAUSTICS: (render_caustics, CausticSettings),
    **dict.fromkeys(("ao", "normals", "albedo", "depth"), (render_preview, PreviewSettings)),
}
"""What `Integrator.entry` and `Integrator.settings` are made of, for those who have no scene."""


class Prepared(NamedTuple):
    """All that a picture's samples follow from: arrays and numbers, and nothing that is a scene."""

    tables: SceneTables
    camera: F32
    picture: Picture
    integrator: Integrator
    alpha: bool
    corner: tuple[int, int] = (0, 0)  # where tiles are counted from, in pixels of the picture


class LoggedSplats(NamedTuple):
    """What one call splatted."""

    log: SplatLog
    used: int  # rows of it

    def add_to(self, layer: NDArray[np.int64]) -> None:
        """Add them to the layer of a film, see `film.Splats`."""
        commit_splats(self.log, self.used, layer)


class Rendered(NamedTuple):
    """What one call did."""

    finished: bool  # False: it was cancelled, and the sums are worthless
    rays: int
    dropped: int  # samples that were not finite
    splats: LoggedSplats | None = None  # of integrators that bring light to other pixels


class Tracer:
    """Renders tiles of what has been prepared, here or on another machine.

    Safe to call from many threads.

    Parameters
    ----------
    prepared : Prepared
        Tables of a scene, and how it is seen.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self._tables = prepared.tables
        self._camera = prepared.camera
        self._picture = prepared.picture
        self._integrator = prepared.integrator
        self._alpha = prepared.alpha
        self._left, self._top = prepared.corner
        scene_and_camera = prepared.tables, prepared.camera, prepared.picture
        self._trace = bind(self._integrator.entry, *scene_and_camera, self._integrator.settings)
        self._cover = bind(render_coverage, *scene_and_camera, self._integrator.sees_media)
        self._meet = bind(render_aovs, *scene_and_camera)
        self.compile_kernels()

    @property
    def prepared(self) -> Prepared:
        """What it renders."""
        return self._prepared

    @property
    def tables(self) -> SceneTables:
        """The scene, as kernels know it."""
        return self._tables

    def compile_kernels(self) -> None:
        """Have the kernels compiled, or loaded from disk, before the first tile needs them."""
        cancel = np.zeros(1, np.uint8)
        self.render_together((), (), (), cancel)
        if self._alpha:
            nothing = Tile(0, 0, 0, 0, 0)
            self.cover(nothing, 0, 0, np.zeros((0, 0)), cancel, np.zeros((0, 0)))

    def render(
        self,
        tile: Tile,
        first: int,
        count: int,
        sums: NDArray[np.float64],
        cancel: NDArray[np.uint8],
        swings: NDArray[np.float32] | None = None,
        before: tuple[NDArray[np.float64], NDArray[np.float32]] | None = None,
    ) -> Rendered:
        """Add samples `first` to `first + count - 1` to a tile's sums (height, width, 3).

        As `render_together`, for one tile. `before` holds sums and swings as they were; without it
        they are added to in place.
        """
        if swings is None:
            swings = np.zeros(sums.shape, np.float32)
        old_sums, old_swings = (sums, swings) if before is None else before
        shape = tile.height, tile.width, 3
        for array, kind in (
            (sums, np.float64),
            (swings, np.float32),
            (old_sums, np.float64),
            (old_swings, np.float32),
        ):
            if array.shape != shape or array.dtype != kind or not array.flags.c_contiguous:
                raise RenderError(
                    f"expected a contiguous array of {kind.__name__} {shape}, "
                    f"got {array.dtype} {array.shape}"
                )
        known = TileSums(old_sums, old_swings, first)
        made = TileSums(sums, swings, first + count)
        return self.render_together((tile,), (known,), (made,), cancel)

    def render_together(
        self,
        tiles: Sequence[Tile],
        before: Sequence[TileSums],
        after: Sequence[TileSums],
        cancel: NDArray[np.uint8],
    ) -> Rendered:
        """Add as many samples as are missing to sums of some tiles, in one call.

        Tiles are the film's, which begins where the settings' window does. Their sums and swings,
        which have the same number of samples, stay as they are in `before`; what was in those of
        `after` is lost, unless they are the same arrays. All have to be contiguous. Samples of even
        number are added to swings, too, and those of odd number are taken off.
        `cancel` (1,) ends the call within one row of pixels when another thread sets it.
        """
        integrator = self._integrator
        first = before[0].spp if before else 0
        count = after[0].spp - first if after else 0
        counters = np.zeros(COUNTERS_SIZE, np.int64)
        batch = Batch(self._rows(tiles, before, after), first, count, cancel, counters)
        if integrator.splats == 0:
            finished = self._trace(batch)
            rays, dropped, _ = counters.tolist()
            return Rendered(finished, rays, dropped)
        pixels = sum(tile.width * tile.height for tile in tiles)
        log = _make_log(pixels * count * integrator.splats)
        finished = self._trace(batch, log)
        rays, dropped, used = counters.tolist()
        return Rendered(finished, rays, dropped, LoggedSplats(log, used))

    def _rows(
        self, tiles: Sequence[Tile], before: Sequence[TileSums], after: Sequence[TileSums]
    ) -> NDArray[np.int64]:
        """`Batch.tiles`."""
        left, top = self._left, self._top
        numbers: list[int] = []
        for tile, old, new in zip(tiles, before, after, strict=True):
            old_swings, swings = old.known_swings, new.known_swings
            numbers += (
                left + tile.x,
                top + tile.y,
                tile.width,
                tile.height,
                address_of_data(new.sums),
                address_of_data(swings),
                address_of_data(old.sums),
                0 if old_swings is None else address_of_data(old_swings),
            )
        return np.array(numbers, np.int64).reshape(-1, TILE_SIZE)

    def cover(
        self,
        tile: Tile,
        first: int,
        count: int,
        sums: NDArray[np.float64],
        cancel: NDArray[np.uint8],
        before: NDArray[np.float64],
    ) -> bool:
        """Write `before` and the coverage of so many samples into a tile's sums (height, width).

        `cancel` is as for `render`; False if it ended the call.
        """
        target = CoverageTarget(sums, _read_only(before), cancel)
        work = self._work(tile, first, count)
        return bool(self._cover(work, target))

    def trace_aovs(
        self,
        tile: Tile,
        first: int,
        count: int,
        sums: NDArray[np.float64],
        ids: NDArray[np.int32],
    ) -> None:
        """Add what camera rays meet to a tile's sums, see `kernels.integrators.aov`, in place."""
        work = self._work(tile, first, count)
        target = AovTarget(sums, ids, np.zeros(1, np.uint8))
        self._meet(work, target)

    def trace_guides(self, tile: Tile, first: int, count: int, sums: NDArray[np.float64]) -> None:
        """Add what a denoiser is told, of so many camera rays, to a tile's sums, in place."""
        target = GuideTarget(sums, np.zeros(1, np.uint8))
        work = self._work(tile, first, count)
        render_guides(self._tables, self._camera, self._picture, work, target)

    def _work(self, tile: Tile, first: int, count: int) -> Work:
        return Work(self._left + tile.x, self._top + tile.y, first, count)

    @property
    def makes_splats(self) -> bool:
        """Do samples bring light to other pixels than their own?"""
        return self._integrator.splats > 0

    @property
    def has_alpha(self) -> bool:
        """Is coverage wanted, too?"""
        return self._alpha

    def most_samples(self, tile: Tile) -> int:
        """How many samples per pixel a call may take at most, so that its log stays small."""
        if self._integrator.splats == 0:
            return MAX_SPP
        return max(1, _LOG_SPLATS // (tile.width * tile.height * self._integrator.splats))


class Renderer(Tracer):
    """Compiles a scene, and renders tiles of it with one set of settings.

    Parameters
    ----------
    scene : Scene
        What to render.
    settings : RenderSettings
        How.
    previous : Renderer, optional
        An earlier one; its tables are used again if only the camera or the settings differ, its
        trees if no shape has moved.
    stands_for : (int, int), optional
        Width and height of the picture that a coarse one stands for.
    """

    def __init__(
        self,
        scene: Scene,
        settings: RenderSettings,
        previous: Renderer | None = None,
        stands_for: tuple[int, int] | None = None,
    ) -> None:
        self.scene = scene
        self._stands_for = stands_for
        self._exposure: Exposure[Renderer] | None = None
        if isinstance(scene, Moving):
            self._exposure = Exposure(scene, settings)
        # What gathers light may be there at another time.
        self._may_splat = settings.caustics and self.is_exposed
        self._compiled: Compiled  # as it is for all cameras and settings
        if self.is_exposed and previous is not None and not previous.can_be_refitted:
            previous = None  # so that what is compiled does not depend on what was there before
        if previous is not None and _same_contents(previous.scene, scene):
            self._compiled = previous._compiled
        else:
            before = None if previous is None else (previous.scene, previous._compiled)
            self._compiled = compile_after(
                scene,
                settings.thread_count(),
                before,
                will_move=self.is_exposed,
                has_moved=previous is not None and previous.is_exposed and not self.is_exposed,
            )
        tables = self._compiled.tables
        if settings.alpha:
            tables = _without_background(tables)
        elif isinstance(scene.background, Backdrop):
            behind = scene.background.table(settings.width, settings.height)
            tables = tables._replace(backdrop=behind)
        if settings.integrator in _WITHOUT_SCATTERING and needs_volpath(tables):
            raise SettingsError(
                f"integrator: {settings.integrator!r} knows no volumes, no media that scatter, and "
                "no Interface; the scene has some: render it with integrator='volpath'"
            )
        if settings.integrator == "bdpt" and _has_coat(tables):
            raise SettingsError(
                "integrator: 'bdpt' knows no reflection of a ShadowCatcher; render the scene with "
                "integrator='path', or leave reflection out"
            )
        self._placement = placement_in(tables.placement)
        camera = self.compile_camera(scene.camera, settings.width, settings.height)
        if len(tables.media):
            tables = tables._replace(surroundings=tables.surroundings.copy())
            fill_surroundings(tables, camera)
        picture = Picture(
            settings.width,
            settings.height,
            np.uint64(settings.seed),
            settings.lattices,
            *make_filter(settings.filter, settings.filter_radius),  # type: ignore[arg-type]
        )
        make_integrator = INTEGRATORS[settings.integrator]
        integrator = make_integrator(scene, settings, self._placement.scale)
        if settings.caustics:
            with_photons = _with_caustics(scene, settings, tables, self._placement)
            integrator = with_photons or integrator
        corner = settings.window[:2]
        super().__init__(Prepared(tables, camera, picture, integrator, settings.alpha, corner))

    @property
    def placement(self) -> Placement:
        """Where the tables are in the scene."""
        return self._placement

    @property
    def makes_splats(self) -> bool:
        """Do samples, at any time, bring light to other pixels than their own?"""
        return super().makes_splats or self._may_splat

    @property
    def is_exposed(self) -> bool:
        """Does the scene move, so that each sample has a renderer of its own?"""
        return self._exposure is not None

    def at(self, sample: int) -> Renderer:
        """The renderer of one sample of all pixels: this one, unless the scene moves."""
        if self._exposure is None:
            return self
        return self._exposure.renderer(sample, self._at_another_time)

    def _at_another_time(self, scene: Scene, settings: RenderSettings) -> tuple[Renderer, bool]:
        """One for what the scene has moved to; are its tables these very ones?"""
        if settings.ao_distance is None:  # the same at all times
            distance = _OCCLUSION_SHARE * _size_of_view(self.scene)
            settings = settings.replace(ao_distance=distance)
        made = Renderer(scene, settings, self)
        return made, made._compiled is self._compiled

    @property
    def can_be_refitted(self) -> bool:
        """Are its trees such that they can follow what moves?"""
        return self._compiled.trees.plan is not None

    def compile_camera(self, camera: Camera, width: int, height: int) -> F32:
        """The table of a camera that looks at these tables."""
        return compile_camera(camera, width, height, self._placement, self._stands_for)


def _read_only(array: NDArray[Floating]) -> NDArray[Floating]:
    """As the film's arrays are: kernels would be compiled twice, for those that aren't, too."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _make_log(size: int) -> SplatLog:
    # Not zeroed: what is not written takes no memory.
    return SplatLog(np.empty(size, np.int32), np.empty((size, 3), np.float32))


def _has_coat(tables: SceneTables) -> bool:
    """Does a catcher mirror?"""
    codes = tables.material_codes
    is_catcher = codes[:, MATERIAL_FLAGS] & MATERIAL_CATCHER != 0
    return bool(np.any(is_catcher & (codes[:, MATERIAL_MEMBERS] >= 0)))


def _without_background(tables: SceneTables) -> SceneTables:
    """The camera sees black where nothing is; all else sees the environment, as ever."""
    environment = tables.environment.copy()
    environment[ENVIRONMENT_BACKGROUND : ENVIRONMENT_BACKGROUND + 3] = 0.0
    return tables._replace(environment=environment)


def _same_contents(a: Scene, b: Scene) -> bool:
    same_light = a.emitters is b.emitters and a.background == b.background
    same_cut = a.clip is b.clip and a.caps == b.caps
    return a.shapes is b.shapes and same_light and a.medium is b.medium and same_cut
