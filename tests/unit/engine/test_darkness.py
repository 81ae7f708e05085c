"""Why a picture is black: each reason by a scene that has it; pictures with light have none."""

import warnings

import numpy as np
import pytest

import raywidget as rw

SMALL = {"width": 32, "height": 24, "spp": 4, "threads": 1}
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0))
BALL = rw.Sphere((0, 1, 0), 1, name="ball")
FLOOR = rw.Quad((-9, 0, 9), (18, 0, 0), (0, 0, -18), name="floor")
BULB = rw.PointLight((0, 5, 3), 50, name="bulb")
SKY = rw.ConstantEnvironment(1)
UP = ((0, 0, -2), (2, 0, 0))  # edges of a flat that shines downwards; the other way round, upwards


def scene(*shapes, emitters=(), camera=CAMERA, **more):
    return rw.Scene(shapes, emitters=emitters, camera=camera, **more)


def told(what, **settings):
    """What a render warns of, as one text."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        image = rw.render(what, **{**SMALL, **settings})
    texts = [str(w.message) for w in caught]
    assert all(issubclass(w.category, rw.PictureWarning) for w in caught)
    assert all(w.filename == __file__ for w in caught)  # it points to the user's line
    assert len(texts) <= 1
    if texts:
        assert (image.pixels * 2.0 ** settings.get("exposure", 0.0)).max() < 1 / 255
    return "".join(texts)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (scene(BALL, FLOOR), ["there is no light in the scene", "ConstantEnvironment(1)"]),
        (
            scene(BALL, emitters=[rw.PointLight((0, 5, 0), 0, name="off")]),
            ["no light", "PointLight 'off' is there, with light of 0"],
        ),
        (
            scene(BALL, emitters=[rw.ImageEnvironment(np.zeros((4, 8, 3)))]),
            ["no light in the scene"],
        ),
        (
            scene(rw.Sphere((0, 1, 5), 0.9, name="shell"), FLOOR, emitters=[SKY]),
            ["the camera is inside of Sphere 'shell'", "look_from"],
        ),
        (
            scene(rw.Box((0, 2, 5), (3, 3, 3), name="crate"), FLOOR, emitters=[SKY]),
            ["the camera is inside of Box 'crate'"],
        ),
        (
            scene(BALL, FLOOR, rw.Quad((-1, 4, 1), *reversed(UP), emission=5, name="lamp")),
            ["Quad 'lamp' turns its dark back to all that is seen", "swap"],
        ),
        (
            scene(BALL, FLOOR, rw.Disk((0, 4, 0), (0, 1, 0), 1, emission=5, name="lamp")),
            ["Disk 'lamp' turns its dark back", "flip_normals=True"],
        ),
        (
            scene(rw.Quad((-50, -50, 0), (0, 100, 0), (100, 0, 0), emission=3, name="lamp")),
            ["the camera sees only the dark back of Quad 'lamp'"],
        ),
        (
            scene(FLOOR, rw.Quad((-40, 3, 40), (80, 0, 0), (0, 0, -80), name="roof"),
                  emitters=[rw.DirectionalLight((0, -1, 0), 9, name="sun")]),
            ["DirectionalLight 'sun' is hidden from all that is seen by Quad 'roof'"],
        ),
        (
            scene(rw.Quad((-50, -50, 0), (100, 0, 0), (0, 100, 0)),
                  emitters=[rw.PointLight((0, 1, -5), 9, name="bulb")]),
            ["PointLight 'bulb' is behind all that is seen"],
        ),
        (
            scene(BALL, FLOOR, emitters=[rw.SpotLight((0, 5, 0), (0, 9, 0), 50, name="spot")]),
            ["SpotLight 'spot' shines past all that is seen", "target"],
        ),
        (
            scene(BALL, emitters=[BULB],
                  camera=rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 10))),
            ["looks at (0, 1, 10), where no shape is", "look_at=(0, 1, 0)"],
        ),
        (scene(emitters=[BULB]), ["there is no shape in the scene"]),
        (
            scene(rw.Sphere((0, 1, 0), 1, material=rw.Diffuse(0, name="soot")), emitters=[BULB]),
            ["all that is seen is black (Diffuse 'soot')"],
        ),
        (
            scene(rw.Sphere((0, 1, 0), 1, material=rw.Metal(0.9, roughness=0)), emitters=[BULB]),
            ["smooth mirrors and glass do not show PointLight 'bulb'"],
        ),
        (
            scene(emitters=[SKY], background="black"),
            ["there is no shape"],
        ),
    ],
)  # fmt: skip
def test_a_black_picture_says_why(what, words):
    text = told(what)
    assert text.startswith("the picture is black: ")
    for word in words:
        assert word in text
    assert "; " in text  # and what to do


def test_a_lamp_that_is_turned_round_is_no_more_told_of():
    lamp = rw.Quad((-1, 4, 1), *UP, emission=5)
    assert told(scene(BALL, FLOOR, lamp)) == ""
    disk = rw.Disk((0, 4, 0), (0, 1, 0), 1, emission=5, flip_normals=True)
    assert told(scene(BALL, FLOOR, disk)) == ""


def test_settings_that_leave_a_picture_black_are_named():
    lit = scene(BALL, FLOOR, emitters=[BULB])
    assert "max_depth=1 shows only light that is seen directly" in told(lit, max_depth=1)
    assert "exposure=-30 hides all light" in told(lit, exposure=-30)
    assert told(lit) == ""


def test_weak_light_says_by_how_much_and_its_advice_helps():
    size = 1000.0  # millimetres
    weak = rw.Scene(
        [rw.Sphere((0, size, 0), size)],
        emitters=[rw.PointLight((0, 5 * size, 3 * size), 25, name="bulb")],
        camera=rw.PerspectiveCamera(look_from=(0, size, 5 * size), look_at=(0, size, 0)),
    )
    text = told(weak)
    assert "stops too weak" in text
    assert "PointLight 'bulb'" in text
    assert "square of the distance, here 5" in text
    stops = float(text.split("exposure=")[1].split()[0])
    assert told(weak, exposure=stops) == ""
    times = float(text.split("make PointLight 'bulb' ")[1].split()[0].replace(",", ""))
    shown = rw.render(weak, **SMALL, exposure=stops)
    # Half of white in the brightest hundredth, to a stop.
    assert 0.5 <= np.quantile(shown.pixels.max(axis=2), 0.99) * 2.0**stops < 1.0
    assert times == pytest.approx(2.0**stops, rel=0.5)


@pytest.mark.parametrize("integrator", ["ao", "albedo", "normals", "depth"])
def test_previews_know_no_light(integrator):
    assert told(scene(BALL, FLOOR), integrator=integrator) == ""
    nothing = told(scene(), integrator=integrator)
    assert ("no shape" in nothing) is (integrator != "ao")  # which is white there


def test_a_picture_without_samples_has_no_reason():
    stopped = rw.RayWidget(scene(BALL), **SMALL, autostart=False)
    try:
        from raywidget.engine.darkness import explain_darkness

        assert explain_darkness(stopped._session.run()) is None
    finally:
        stopped.close()


def test_other_cameras():
    for camera in (
        rw.OrthographicCamera(look_from=(0, 1, 5), look_at=(0, 1, 0), height=3),
        rw.PanoramicCamera(look_from=(0, 1, 5), look_at=(0, 1, 0)),
    ):
        assert "no light" in told(scene(BALL, camera=camera))
        spot = rw.SpotLight((0, 5, 0), (0, 9, 0), 50)
        assert "shines past" in told(scene(BALL, emitters=[spot], camera=camera))


def test_a_measurement_of_a_few_pixels_is_no_picture():
    assert told(scene(BALL), width=1, height=1) == ""
    assert told(scene(BALL), width=3, height=5) == ""
    assert told(scene(BALL), width=4, height=4) != ""
