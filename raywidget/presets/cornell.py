"""The Cornell box."""

from __future__ import annotations

from collections.abc import Sequence

from raywidget.errors import SceneError
from raywidget.presets.stage import choice, lamp
from raywidget.scene import (
    Box,
    Dielectric,
    Diffuse,
    Emissive,
    Emitter,
    Metal,
    PerspectiveCamera,
    PointLight,
    Quad,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.values.signatures import checked_call

LIGHTS = ("quad", "sphere", "point")
"""What may light the box: the lamp in the ceiling, half a ball under it, or a point."""


@checked_call(SceneError)
def cornell(*, light: str = "quad") -> Scene:
    """Make a Cornell box with a mirror ball and a glass ball.

    Parameters
    ----------
    light : {"quad", "sphere", "point"}
        The lamp in the ceiling, half a ball under it, or a point.

    Returns
    -------
    Scene
        400x400, 64 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.cornell()
    Scene('cornell': 8 shapes: 6 Quad, 2 Sphere; 0 emitters; PerspectiveCamera)
    """
    mirror = Metal((0.8, 0.8, 0.9))
    contents = [
        Sphere((370.0, 82.5, 351.0), 82.5, material=mirror, name="mirror ball"),
        Sphere((185.0, 90.0, 169.0), 90.0, material=Dielectric(1.5), name="glass ball"),
    ]
    return _cornell_room("cornell", contents, light)


@checked_call(SceneError)
def cornell_boxes(*, light: str = "quad") -> Scene:
    """Make a Cornell box with a white box and a tall mirror box.

    Parameters
    ----------
    light : {"quad", "sphere", "point"}
        The lamp in the ceiling, half a ball under it, or a point.

    Returns
    -------
    Scene
        400x400, 64 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.cornell_boxes()
    Scene('cornell-boxes': 8 shapes: 2 Box, 6 Quad; 0 emitters; PerspectiveCamera)
    """
    contents = [
        Box(
            (185.0, 82.5, 169.0),
            (165.0, 165.0, 165.0),
            rotation=(0.0, -18.0, 0.0),
            material=Diffuse((0.73, 0.73, 0.73)),
            name="white box",
        ),
        Box(
            (368.0, 165.0, 351.0),
            (165.0, 330.0, 165.0),
            rotation=(0.0, 20.0, 0.0),
            material=Metal((0.8, 0.8, 0.9)),
            name="mirror box",
        ),
    ]
    return _cornell_room("cornell-boxes", contents, light)


@checked_call(SceneError)
def cornell_empty(*, light: str = "quad") -> Scene:
    """Make a Cornell box with nothing in it.

    Parameters
    ----------
    light : {"quad", "sphere", "point"}
        The lamp in the ceiling, half a ball under it, or a point.

    Returns
    -------
    Scene
        400x400, 64 spp, paths of up to 8 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.cornell_empty(light="sphere").shapes[-1].radius
    52.5
    """
    return _cornell_room("cornell-empty", [], light)


def _cornell_room(name: str, contents: Sequence[Shape], light: str) -> Scene:
    """Put things into a lit room of 556^3, open towards -z.

    Seen from the open side x grows to the left, as in the measured box of Cornell University.
    """
    white = Diffuse((0.73, 0.73, 0.73), name="white")
    red = Diffuse((0.65, 0.05, 0.05), name="red")
    green = Diffuse((0.12, 0.45, 0.15), name="green")
    s = 556.0
    x, y, z = (s, 0.0, 0.0), (0.0, s, 0.0), (0.0, 0.0, s)
    room = [
        Quad((0.0, 0.0, 0.0), z, x, material=white, name="floor"),
        Quad((0.0, s, 0.0), x, z, material=white, name="ceiling"),
        Quad((0.0, 0.0, s), y, x, material=white, name="back wall"),
        Quad((s, 0.0, 0.0), z, y, material=red, name="left wall"),
        Quad((0.0, 0.0, 0.0), y, z, material=green, name="right wall"),
    ]
    shapes, emitters = _cornell_light(choice(name.replace("-", "_"), "light", light, LIGHTS), s)
    return Scene(
        [*room, *shapes, *contents],
        emitters=emitters,
        camera=PerspectiveCamera(look_from=(278, 278, -800), look_at=(278, 278, 0), vfov=40.0),
        defaults={"width": 400, "height": 400, "spp": 64, "max_depth": 8},
        name=name,
    )


def _cornell_light(light: str, height: float) -> tuple[list[Shape], list[Emitter]]:
    color = (18.0, 15.0, 8.0)
    center = (278.0, height - 1.0, 279.5)
    if light == "sphere":
        return [lamp(center, 52.5, _times(color, 2.05), "lamp")], []
    if light == "point":
        # As far below the ceiling as the ball reaches, or the ceiling would burn out.
        low = (center[0], height - 52.5, center[2])
        return [], [PointLight(low, _times(color, 20_000.0), name="lamp")]
    corner, u, v = (213.0, height - 1.0, 227.0), (130.0, 0.0, 0.0), (0.0, 0.0, 105.0)
    return [Quad(corner, u, v, material=Emissive(_times(color, 2.5)), name="lamp")], []


def _times(color: tuple[float, float, float], factor: float) -> tuple[float, float, float]:
    r, g, b = color
    return (r * factor, g * factor, b * factor)
