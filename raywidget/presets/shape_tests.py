"""Plain scenes for one kind of thing each."""

from __future__ import annotations

import numpy as np

from raywidget.errors import SceneError
from raywidget.presets.stage import ground, lamp, roughness_from_fuzz, sky
from raywidget.scene import (
    Box,
    Checkerboard,
    Cone,
    ConstantEnvironment,
    Cylinder,
    Dielectric,
    Diffuse,
    Disk,
    Gradient,
    GradientEnvironment,
    ImageTexture,
    Mesh,
    Metal,
    PerspectiveCamera,
    Quad,
    Scene,
    Shape,
    Sphere,
)
from raywidget.scene.values.signatures import checked_call


@checked_call(SceneError)
def cylinder_test() -> Scene:
    """Make four cylinders: a golden tube, a red and a blue one with caps, one of glass.

    Returns
    -------
    Scene
        400x225, 64 spp, paths of up to 50 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.cylinder_test().shapes)
    6
    """
    gold = Metal((0.8, 0.6, 0.2), roughness=roughness_from_fuzz(0.1))
    red, blue = Diffuse((0.8, 0.2, 0.2)), Diffuse((0.2, 0.2, 0.8))
    shapes: list[Shape] = [
        Cylinder((0.3, 1.0, -1.5), (0, 1.2, 2), 0.35, caps=False, material=gold, name="tube"),
        Cylinder((2.5, 0.3, 0), (1.5, 0.3, 0), 0.3, material=blue, name="lying cylinder"),
        Cylinder((-1.8, 0, 0), (-1.8, 2, 0), 0.5, material=red, name="tall cylinder"),
        Cylinder(
            (-0.5, 0, 1), (-0.5, 0.6, 1), 0.2, material=Dielectric(1.5), name="glass cylinder"
        ),
    ]
    return _on_a_plain("cylinder-test", shapes)


@checked_call(SceneError)
def cone_test() -> Scene:
    """Make cones and frustums: matte, of metal and of glass, with caps and without.

    Returns
    -------
    Scene
        400x225, 64 spp, paths of up to 50 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.cone_test().shapes)
    9
    """
    gold = Metal((0.8, 0.6, 0.2), roughness=roughness_from_fuzz(0.1))
    red, green, blue = (Diffuse(c) for c in ((0.8, 0.2, 0.2), (0.2, 0.8, 0.2), (0.2, 0.2, 0.8)))
    glass = Dielectric(1.5)
    shapes: list[Shape] = [
        Cone((0, 0, 0), (0, 2, 0), 0.5, material=red, name="tall cone"),
        Cone((2, 0.8, -0.8), (2, 0.2, 0.5), 0.5, 0.2, material=gold, name="lying frustum"),
        Cone((-2, 0, 0), (-2, 0.6, 0), 0.8, 0.5, material=blue, name="wide frustum"),
        Cone((-2, 0.6, 0), (-2, 1.8, 0), 0.5, material=glass, name="glass on top"),
        Cone((1.5, 0, -0.5), (1.2, 1.2, -0.3), 0.4, 0.15, caps=False, material=green, name="open"),
        Cone((0.8, 0, 1.2), (0.8, 0.8, 1.2), 0.3, material=glass, name="glass on the ground"),
        Cone((-0.8, 0.2, 1.2), (-0.8, 1.0, 1.2), 0.3, material=glass, name="glass in the air"),
    ]
    return _on_a_plain("cone-test", shapes)


def _on_a_plain(name: str, shapes: list[Shape]) -> Scene:
    light = lamp((-3.0, 5.0, 3.0), 1.5, (10.0, 10.0, 10.0), "lamp")
    return Scene(
        [ground(Diffuse(0.5)), *shapes, light],
        emitters=[sky()],
        camera=PerspectiveCamera(look_from=(0, 1.5, 4), look_at=(0, 1, 0), vfov=50.0),
        defaults={"width": 400, "height": 225, "spp": 64, "max_depth": 50},
        name=name,
    )


@checked_call(SceneError)
def texture_test() -> Scene:
    """Make seven shapes in a row, with a chequerboard, a gradient, bricks and coordinates on them.

    Returns
    -------
    Scene
        800x450, 64 spp, paths of up to 10 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> len(rw.presets.texture_test().shapes)
    9
    """
    board = Diffuse(Checkerboard((0.9, 0.9, 0.9), (0.2, 0.2, 0.8), scale=8))
    bricks = Diffuse(Checkerboard((0.7, 0.3, 0.1), (0.5, 0.2, 0.05), scale=32))
    gradient = Diffuse(Gradient(bottom=(0.2, 1.0, 0.2), top=(1.0, 0.2, 0.2)))
    coordinates = Diffuse(_coordinates(256))
    shapes: list[Shape] = [
        Sphere((6, 1, 0), 1.0, material=board, name="ball"),
        Cylinder((4, 0, 0), (4, 2, 0), 0.6, material=gradient, name="cylinder"),
        Cone((2, 0, 0), (2, 2, 0), 0.8, 0.2, material=coordinates, name="frustum"),
        Box((0, 1, 0), (1.6, 1.6, 1.6), material=bricks, name="box"),
        Disk((-2, 1.2, 0), (0, 0, 1), 0.9, material=board, name="disk"),
        Quad((-3.5, 0, 0.2), (-1.5, 0, -0.3), (0, 2, 0), material=gradient, name="panel"),
        Mesh(
            np.array([(-5.5, 0, 0), (-7, 0, 0), (-6.25, 2, 0)], np.float32),
            np.array([(0, 2, 1)], np.int32),
            material=coordinates,
            name="triangle",
        ),
        Quad((-10, 0, 10), (20, 0, 0), (0, 0, -15), material=bricks, name="ground"),
        lamp((0, 8, 5), 2.0, (20.0, 20.0, 20.0), "lamp"),
    ]
    return Scene(
        shapes,
        emitters=[GradientEnvironment(top=(0.3, 0.4, 0.6), bottom=(0.2, 0.2, 0.2), name="sky")],
        camera=PerspectiveCamera(look_from=(0, 2, 10), look_at=(0, 1, 0), vfov=50.0),
        defaults={"width": 800, "height": 450, "spp": 64, "max_depth": 10},
        name="texture-test",
    )


def _coordinates(size: int) -> ImageTexture:
    """Make a texture that shows coordinates: u in red, v in green."""
    x = (np.arange(size) + 0.5) / size
    pixels = np.zeros((size, size, 3), np.float32)
    pixels[..., 0] = x
    pixels[..., 1] = 1.0 - x[:, None]  # v grows upwards, rows downwards
    return ImageTexture(pixels)


@checked_call(SceneError)
def simple_sphere() -> Scene:
    """Make a green ball over a grey plate.

    Returns
    -------
    Scene
        200x200, 64 spp, paths of up to 16 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.simple_sphere().defaults["width"]
    200
    """
    shapes = [
        Quad((-10, -1, 10), (20, 0, 0), (0, 0, -20), material=Diffuse(0.5), name="plate"),
        Sphere((0, 0, 0), 1.0, material=Diffuse((0.2, 0.8, 0.2)), name="ball"),
    ]
    return Scene(
        shapes,
        emitters=[GradientEnvironment(top=(0.4, 0.6, 1.0), bottom=1.0, name="sky")],
        camera=PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=40.0),
        defaults={"width": 200, "height": 200, "spp": 64, "max_depth": 16},
        name="simple-sphere",
    )


@checked_call(SceneError)
def single_quad() -> Scene:
    """Make one square in a white sky: the smallest scene of the reference, its "test".

    Returns
    -------
    Scene
        100x100, 64 spp, paths of up to 16 edges.

    Examples
    --------
    >>> import raywidget as rw
    >>> rw.presets.single_quad()
    Scene('test': 1 shape: 1 Quad; 1 emitter: ConstantEnvironment; PerspectiveCamera)
    """
    return Scene(
        [Quad((-1, 0, 0), (1, 0, 0), (0, 1, 0), material=Diffuse(0.7), name="square")],
        emitters=[ConstantEnvironment(1.0, name="sky")],
        camera=PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0), vfov=40.0),
        defaults={"width": 100, "height": 100, "spp": 64, "max_depth": 16},
        name="test",
    )
