"""Why a picture is black, or too dark to show anything: found out only when it is.

Nothing here is part of a render. Rays are sent from the camera to what is seen, and from there to
the lights, as a user would look for the fault: is there light, does it shine that way, is it
hidden?
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from raywidget.engine.preview.outline import outline_shapes, surface_color
from raywidget.engine.probing import F64, Met, Prober, all_round
from raywidget.engine.session.run import Run
from raywidget.picture.curves import MAX_STOPS
from raywidget.scene.camera import PerspectiveCamera
from raywidget.scene.emitters.emitters import (
    ConstantEnvironment,
    DirectionalLight,
    Emitter,
    Environment,
    GradientEnvironment,
    ImageEnvironment,
    PointLight,
    SpotLight,
)
from raywidget.scene.emitters.portal import Portal
from raywidget.scene.materials.materials import (
    Conductor,
    Dielectric,
    Interface,
    Material,
    Metal,
    Mix,
)
from raywidget.scene.materials.principled import Principled
from raywidget.scene.scene import Scene
from raywidget.scene.shapes.meshes import Instances, Mesh
from raywidget.scene.shapes.simple import Quad, Shape
from raywidget.scene.shapes.volumes import Volume
from raywidget.scene.textures.textures import Texture
from raywidget.scene.values.checks import label

VISIBLE = 1.0 / 255.0  # what is darker, times 2^exposure, is called black
GREY = 0.5  # what the brightest hundredth of a picture is to be lifted to
ACROSS = 32  # rays through the picture, each way
POINTS, LAMPS, PLACES = 48, 16, 3  # points that are seen, lights, points of each light
ROUND = 96  # directions all round;
MOSTLY = 0.8  # the share of them in which a shape is met that the camera is inside of
NAMED = 3  # lights that a message names

OPEN, AWAY, BEHIND, HIDDEN, GLASS = "open", "away", "behind", "hidden", "glass"

_BLIND = ("ao", "albedo", "normals", "depth")  # integrators that know no light


_FEWEST = 16  # pixels of a picture


class Fault(NamedTuple):
    """What is wrong, and what to do."""

    why: str
    remedy: str


def explain_darkness(run: Run, exposure: float = 0.0) -> str | None:
    """Why a finished picture is black.

    Parameters
    ----------
    run : Run
        The render.
    exposure : float
        Stops with which it is shown.

    Returns
    -------
    str or None
        Why, and what to do; None if the picture has a pixel that is not black, which the first
        tiles tell as a rule, if there are no samples yet, or if it is a measurement of so few
        pixels that nobody looks at it.
    """
    film = run.film
    if run.renderer is None or not film.tiles or not all(film.versions()):
        return None
    if film.width * film.height < _FEWEST:
        return None
    brightest, bright = 0.0, []
    for tile in film.tiles:
        pixels = film.read(tile).pixels.max(axis=2)
        brightest = max(brightest, float(pixels.max()))
        if not brightest * 2.0**exposure < VISIBLE:
            return None
        bright.append(pixels.ravel())
    if brightest > 0.0:
        most = float(np.quantile(np.concatenate(bright), 0.99))
        fault = _too_weak(run, most if most > 0.0 else brightest, brightest, exposure)
    else:
        fault = _find_fault(run)
    return f"the picture is black: {fault.why}; {fault.remedy}"


def _too_weak(run: Run, bright: float, brightest: float, exposure: float) -> Fault:
    scene = run.scene
    stops = math.ceil(math.log2(GREY / bright) - exposure)
    if run.settings.integrator in _BLIND:
        return Fault(
            f"its numbers are at most {brightest:.2g}, and white is 1",
            f"exposure={min(exposure + stops, MAX_STOPS):g} shows them",
        )
    lights = _lights(scene)
    what = _listed([light.label for light in lights]) or "its light"
    remedies = []
    if exposure + stops <= MAX_STOPS:
        remedies.append(f"exposure={exposure + stops:g} shows it")
    remedies.append(f"make {what} {_rounded(2.0**stops)} times as strong")
    if brightest >= VISIBLE:
        return Fault(
            f"exposure={exposure:g} hides all light", f"exposure={exposure + stops:g} shows it"
        )
    why = f"its light is {stops} stops too weak (it is at most {brightest:.2g}, where white is 1)"
    near = [light.emitter for light in lights if isinstance(light.emitter, PointLight | SpotLight)]
    if near:
        low, high = scene.bounds()
        middle = (low + high) / 2.0
        distance = min(math.dist(np.asarray(light.position), middle) for light in near)
        why += (
            f". Light of a point falls off with the square of the distance, here {distance:.3g} "
            "scene units"
        )
    return Fault(why, ", or ".join(remedies))


# --- A picture that is all zero -------------------------------------------------------------------


def _find_fault(run: Run) -> Fault:
    scene, settings = run.scene, run.settings
    lights = _lights(scene)
    if settings.integrator not in _BLIND and not lights:
        return _no_light(scene)
    assert run.renderer is not None
    prober = Prober(run.renderer)
    seen = _seen(prober, run)
    if not seen and any(isinstance(shape, Volume) for shape in scene.shapes):
        return Fault("what volumes let through, scatter and give off is black", _BRIGHTER_VOLUMES)
    if not seen:
        return _nothing_seen(scene, settings.alpha)
    enclosing = _enclosing(prober, scene)
    if settings.integrator in _BLIND:
        if settings.integrator == "ao" and enclosing is not None:
            return enclosing
        return Fault(f"integrator={settings.integrator!r} finds all that is seen black", "use path")
    if settings.max_depth == 1:
        return Fault("max_depth=1 shows only light that is seen directly", "2 adds direct light")
    backs = [met for met in seen if _is_lamp(scene, met) and _sees_back(scene, met)]
    if len(backs) == len(seen):
        shape = scene.shapes[backs[0].shape]
        return Fault(f"the camera sees only the dark back of {label(shape)}", _turned(shape))
    points = seen[:: max(1, len(seen) // POINTS)]
    outcomes = {light: _reach(prober, scene, light, points) for light in lights[:LAMPS]}
    if any(OPEN in counts for counts in outcomes.values()):
        return _open_but_black(run, lights, seen)
    if enclosing is not None:
        return enclosing
    faults = [_told(scene, light, counts) for light, counts in outcomes.items() if counts]
    if not faults:
        return _not_found()
    reasons = list(dict.fromkeys(fault.why for fault in faults))[:NAMED]
    return Fault(", ".join(reasons), faults[0].remedy)


_BRIGHTER_VOLUMES = "try another density, or colours that are not black, in their transfer="


def _no_light(scene: Scene) -> Fault:
    off = [label(emitter) for emitter in scene.emitters if not isinstance(emitter, Portal)]
    why = "there is no light in the scene"
    if off:
        why += f" ({_listed(off)} {'is' if len(off) == 1 else 'are'} there, with light of 0)"
    return Fault(why, "add emitters=[ConstantEnvironment(1)], or give a shape emission=")


def _nothing_seen(scene: Scene, alpha: bool) -> Fault:
    camera = scene.camera
    if not scene.shapes:
        return Fault("there is no shape in the scene", "add some to shapes=")
    low, high = scene.bounds()
    middle = _vector((low + high) / 2.0)
    behind = "alpha=True leaves out what is behind" if alpha else "what is behind is black"
    return Fault(
        f"the camera at {_vector(camera.look_from)} looks at {_vector(camera.look_at)}, where "
        f"no shape is, and {behind}",
        f"the shapes lie between {_vector(low)} and {_vector(high)}: look_at={middle} shows them",
    )


def _enclosing(prober: Prober, scene: Scene) -> Fault | None:
    """Is the camera inside of one opaque shape, perhaps with other things?"""
    origin = np.asarray(scene.camera.look_from, np.float64)
    counts = Counter[int]()
    for direction in all_round(ROUND):
        met = prober.along(origin, direction)
        if met is None or met.shape >= len(scene.shapes):
            return None
        if any(map(_lets_through, _materials(scene.shapes[met.shape]))):
            return None
        counts[met.shape] += 1
    index, count = counts.most_common(1)[0]
    if count < MOSTLY * ROUND:
        return None
    shape = scene.shapes[index]
    return Fault(
        f"the camera is inside of {label(shape)}, which lets no light in",
        "move look_from out of it, or put a light into it",
    )


def _open_but_black(run: Run, lights: Sequence[_Light], seen: Sequence[Met]) -> Fault:
    """Light arrives at what is seen: does that reflect none?"""
    scene = run.scene
    shapes = {met.shape for met in seen if met.shape < len(scene.shapes)}
    materials = {m: None for index in sorted(shapes) for m in _materials(scene.shapes[index])}
    colors: list[Any] = [surface_color(material) for material in materials]
    means = [color.mean() if isinstance(color, Texture) else color for color in colors]
    if means and all(mean is not None and max(mean) == 0.0 for mean in means):
        what = _listed([label(material) for material in materials])
        return Fault(f"all that is seen is black ({what})", "give its material a colour")
    points = all(isinstance(light.emitter, PointLight | DirectionalLight) for light in lights)
    if points and materials and all(map(_is_smooth, materials)):
        return Fault(
            f"smooth mirrors and glass do not show {_listed([light.label for light in lights])}, "
            "which has no size",
            "use a lamp with a size, or an environment",
        )
    if scene.medium is not None and np.max(scene.medium.absorption) > 0.0:
        return Fault("the medium of the scene absorbs all light on its way", "make it thinner")
    if run.dropped:
        return Fault(f"{run.dropped} samples were not finite", "look for huge or tiny numbers")
    return _not_found()


def _not_found() -> Fault:
    return Fault(
        "no sample has found any light", "take more (spp=), or try integrator='bdpt', next_event"
    )


# --- What is seen ---------------------------------------------------------------------------------


def _seen(prober: Prober, run: Run) -> list[Met]:
    width, height = run.settings.width, run.settings.height
    camera = prober.compile_camera(run.scene.camera, width, height)
    left, top, wide, high = run.settings.whole_or_region
    columns = left + np.unique(np.linspace(0, wide - 1, ACROSS).astype(int))
    rows = top + np.unique(np.linspace(0, high - 1, ACROSS).astype(int))
    rays = [(2.0 * (x + 0.5) / width - 1.0, 1.0 - 2.0 * (y + 0.5) / height)
            for y in rows for x in columns]  # fmt: skip
    return [met for x, y in rays if (met := prober.through(camera, x, y)) is not None]


def _is_lamp(scene: Scene, met: Met) -> bool:
    return met.shape < len(scene.shapes) and _shines(scene.shapes[met.shape])


def _sees_back(scene: Scene, met: Met) -> bool:
    camera: Any = scene.camera
    towards = np.asarray(camera.look_from, np.float64) - met.point
    if not isinstance(camera, PerspectiveCamera):
        towards = -scene.camera.frame().forward
    return float(towards @ met.normal) < 0.0


def _materials(shape: Shape) -> Sequence[Material]:
    if isinstance(shape, Instances) and not shape.has_own_material:
        return shape.mesh.all_materials
    return shape.all_materials if isinstance(shape, Mesh) else (shape.material,)


def _lets_through(material: Material) -> bool:
    if material.opacity != 1.0 or isinstance(material, Interface | Dielectric):
        return True
    if isinstance(material, Mix):
        return _lets_through(material.a) or _lets_through(material.b)
    return isinstance(material, Principled) and material.transmission != 0.0


def _is_smooth(material: Material) -> bool:
    return isinstance(material, Metal | Conductor | Dielectric) and material.roughness == 0.0


# --- Lights ---------------------------------------------------------------------------------------


class _Light(NamedTuple):
    """Something that shines: an emitter, or a shape."""

    label: str
    emitter: Emitter | None
    shape: int  # its index in Scene.shapes, or -1
    places: tuple[tuple[float, float, float], ...]  # points of a shape


def _lights(scene: Scene) -> list[_Light]:
    lights = [
        _Light(label(emitter), emitter, -1, ()) for emitter in scene.emitters if _is_on(emitter)
    ]
    for index, shape in enumerate(scene.shapes):
        if _shines(shape):
            places = _places(shape) if len(lights) < LAMPS else ()
            lights.append(_Light(label(shape), None, index, places))
    return lights


def _is_on(emitter: Emitter) -> bool:
    if isinstance(emitter, Portal):  # it lets light in that is another's
        return False
    if isinstance(emitter, PointLight | SpotLight):
        return bool(np.max(emitter.intensity) > 0.0)
    if isinstance(emitter, DirectionalLight):
        return bool(np.max(emitter.irradiance) > 0.0)
    if isinstance(emitter, ConstantEnvironment):
        return bool(np.max(emitter.radiance) > 0.0)
    if isinstance(emitter, GradientEnvironment):
        return bool(max(np.max(emitter.top), np.max(emitter.bottom)) > 0.0)
    if isinstance(emitter, ImageEnvironment):
        return emitter.scale > 0.0 and bool(np.max(np.asarray(emitter.image)) > 0)
    return True


def _shines(shape: Shape) -> bool:
    if isinstance(shape, Instances):
        radiances: Iterable[object] = shape.radiances()
    elif isinstance(shape, Mesh):
        radiances = map(shape.radiance_of, shape.all_materials)
    else:
        radiances = (shape.radiance,)
    return any(radiance is not None for radiance in radiances)


def _places(shape: Shape) -> tuple[tuple[float, float, float], ...]:
    """A few points of what shines of a shape, or in the middle of balls."""
    middles = [
        part.corners[:, :3] if part.corners.ndim == 2 else part.corners.mean(axis=1)
        for part in outline_shapes([shape])
        if part.paint.glows
    ]
    points = np.concatenate(middles) if middles else np.zeros((0, 3))
    chosen = points[np.unique(np.linspace(0, len(points) - 1, PLACES).astype(int))]
    return tuple((float(x), float(y), float(z)) for x, y, z in chosen) if len(points) else ()


def _reach(
    prober: Prober, scene: Scene, light: _Light, points: Sequence[Met]
) -> Counter[tuple[str, int]] | dict[str, int]:
    """What becomes of light on its way to points that are seen."""
    camera = np.asarray(scene.camera.look_from, np.float64)
    counts: Counter[Any] = Counter()
    for met in points:
        normal = met.normal
        if (camera - met.point) @ normal < 0.0:
            normal = -normal
        start = met.point + normal * (1e-4 * met.distance + prober.rounding(met.point))
        through = met.shape < len(scene.shapes) and any(
            map(_lets_through, _materials(scene.shapes[met.shape]))
        )
        for direction, distance in _ways(light, start):
            if not through and direction @ normal <= 0.0:
                counts[BEHIND, -1] += 1
                continue
            outcome = _arrives(prober, scene, light, start, direction, distance)
            if outcome[0] == OPEN:
                return {OPEN: 1}
            counts[outcome] += 1
    return counts


def _ways(light: _Light, start: F64) -> list[tuple[F64, float]]:
    """Unit vectors towards a light, and how far it is."""
    if isinstance(light.emitter, Environment):
        return [(direction, math.inf) for direction in all_round(ROUND // 4)]
    if isinstance(light.emitter, DirectionalLight):
        return [(-np.asarray(light.emitter.axis), math.inf)]
    places: Any = light.places
    if isinstance(light.emitter, PointLight | SpotLight):
        places = (light.emitter.position,)
    ways = []
    for place in places:
        way = np.asarray(place, np.float64) - start
        distance = float(np.linalg.norm(way))
        if distance > 0.0:
            ways.append((way / distance, distance))
    return ways


def _arrives(
    prober: Prober, scene: Scene, light: _Light, start: F64, direction: F64, distance: float
) -> tuple[str, int]:
    spot = light.emitter if isinstance(light.emitter, SpotLight) else None
    if spot is not None:
        cosine = float(-direction @ np.asarray(spot.axis))
        if cosine <= math.cos(math.radians(spot.half_angles[0])):
            return AWAY, -1
    met = prober.along(start, direction)
    if met is None or met.shape >= len(scene.shapes):
        return OPEN, -1
    if met.shape == light.shape:
        return (OPEN, -1) if met.normal @ direction < 0.0 else (AWAY, -1)
    if met.distance > 0.999 * distance:
        return OPEN, -1
    if any(map(_lets_through, _materials(scene.shapes[met.shape]))):
        return GLASS, met.shape
    return HIDDEN, met.shape


def _told(scene: Scene, light: _Light, counts: Any) -> Fault:
    """What becomes of most of a light."""
    ways = [way for way, _ in counts.most_common()]
    outcome, index = next((way for way in ways if way[0] != BEHIND), ways[0])
    if outcome == AWAY and light.shape < 0:
        return Fault(f"{light.label} shines past all that is seen", "turn it, by target=")
    if outcome == AWAY:
        shape = scene.shapes[light.shape]
        return Fault(f"{light.label} turns its dark back to all that is seen", _turned(shape))
    if outcome == BEHIND:
        return Fault(
            f"{light.label} is behind all that is seen, and lights only its other side",
            "move it to the camera's side",
        )
    other = label(scene.shapes[index])
    if outcome == GLASS:
        return Fault(
            f"{light.label} would have to shine through {other}, where no ray to a light gets "
            "through",
            "try integrator='bdpt', or more samples",
        )
    return Fault(
        f"{light.label} is hidden from all that is seen by {other}",
        "move the light, or what hides it",
    )


def _turned(shape: Shape) -> str:
    """How a shape is made to shine to the other side."""
    if isinstance(shape, Quad):
        return "it shines to where edge_u x edge_v points: swap the two"
    inner = shape.mesh if isinstance(shape, Instances) else shape
    if not hasattr(inner, "flip_normals"):
        return "it shines to the outside: look at it, or light things, from there"
    return f"flip_normals={not inner.flip_normals} turns it round"


# --- Words ----------------------------------------------------------------------------------------


def _listed(names: Sequence[str]) -> str:
    shown = list(dict.fromkeys(names))
    rest = len(shown) - NAMED
    return ", ".join(shown[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _vector(values: Any) -> str:
    return f"({', '.join(f'{float(value):.4g}' for value in values)})"


def _rounded(factor: float) -> str:
    """One digit, without an exponent while it can be read so."""
    digits = 10.0 ** math.floor(math.log10(factor))
    shown = round(factor / digits) * digits
    return f"{shown:,.0f}" if 1.0 <= shown < 1e7 else f"{shown:.0e}"
