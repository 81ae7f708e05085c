"""Several scenes in one widget: which is shown, how they are played, films of them."""

import threading
import time

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw

SMALL = {"width": 32, "height": 24, "spp": 1}
CORNELL = rw.presets.cornell()
PATIENCE = 60.0


def scene_at(moment):
    return CORNELL.replace(camera=CORNELL.camera.replace(vfov=40.0 - 5.0 * moment))


def rendered(scene, **settings):
    return rw.render(scene, **{**SMALL, **settings}).to_uint8()


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.01)


@pytest.fixture
def make():
    made = []

    def make_widget(thing, **settings):
        made.append(rw.RayWidget(thing, **{**SMALL, **settings}))
        return made[-1]

    yield make_widget
    for widget in made:
        widget.close()


def test_a_time_is_shown_as_render_shows_its_scene(make):
    widget = make(scene_at, times=[0, 0.5, 2])
    assert (widget.time, widget.playing) == (0.0, False)
    assert widget.wait(PATIENCE)
    np.testing.assert_array_equal(widget.image.to_uint8(), rendered(scene_at(0)))
    told = []
    seen = threading.Event()
    widget.observe(lambda change: (told.append(change["new"]), seen.set()), "time")
    widget.time = 0.6  # the nearest that there is
    assert widget.time == 0.5
    assert widget.wait(PATIENCE)
    np.testing.assert_array_equal(widget.image.to_uint8(), rendered(scene_at(0.5)))
    assert seen.wait(PATIENCE)
    assert told == [0.5]


def test_a_list_of_scenes_has_times_of_its_own(make):
    widget = make([scene_at(0), scene_at(1), scene_at(2)])
    widget.time = 2
    assert widget.wait(PATIENCE)
    np.testing.assert_array_equal(widget.image.to_uint8(), rendered(scene_at(2)))
    # Shapes alone are one thing, as ever, unless there are times.
    balls = [rw.Sphere((0, 0, 0), 1), rw.Sphere((3, 0, 0), 1)]
    assert make(balls).time is None
    timed = make(balls, times=[0, 1])
    first = timed.camera
    timed.time = 1
    assert timed.camera == first  # what moves is seen to move


def test_who_has_gone_elsewhere_stays_there(make):
    widget = make(scene_at, times=[0, 1, 2])
    elsewhere = CORNELL.camera.replace(look_from=(100, 278, -700))
    widget.camera = elsewhere
    widget.time = 2
    assert widget.camera == elsewhere


def test_how_values_are_shown_is_chosen_for_all_times(make):
    def dots_at(moment):
        dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.4, values=[moment, 8], name="dots")
        camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
        return rw.Scene([dots], emitters=[rw.ConstantEnvironment(1)], camera=camera)

    widget = make(dots_at, times=[0, 1])
    widget.wait(PATIENCE)
    change = {"k": "values", "client": 1, "number": 1, "shape": None}
    change |= {"map": "inferno", "limits": [2, 4]}
    widget._handle_custom_msg(change, [])
    until(lambda: widget.scene is not None and widget.generation > 1, "it is changed")
    widget.time = 1
    (dots,) = widget.scene.shapes
    (told,) = widget._describe(widget.scene)["values"]
    assert (told["map"], list(told["limits"])) == ("inferno", [2, 4])
    assert list(dots.values) == [1, 8]


def test_playing_shows_each_time_and_rests_at_one_that_is_rendered(make):
    widget = make(scene_at, times=[0, 1, 2, 3], fps=100, width=320, height=240)
    told = []
    widget.observe(lambda change: told.append(change["new"]), "time")
    widget.wait(PATIENCE)
    widget.playing = True
    until(lambda: len(told) >= 9, "it goes round twice")
    widget.playing = False
    assert told[:9] == [1, 2, 3, 0, 1, 2, 3, 0, 1]
    assert widget.playing is False
    assert widget.wait(PATIENCE)
    settings = {"width": 320, "height": 240}
    np.testing.assert_array_equal(
        widget.image.to_uint8(), rendered(scene_at(widget.time), **settings)
    )


def test_without_repeating_it_ends_at_the_end(make):
    widget = make(scene_at, times=[0, 1, 2], fps=100)
    widget.wait(PATIENCE)
    widget._line.set_loop(False)
    widget.playing = True
    until(lambda: not widget.playing and widget.time == 2, "it ends")
    until(lambda: not widget._session.looking, "the last one is rendered")
    assert widget.wait(PATIENCE)
    np.testing.assert_array_equal(widget.image.to_uint8(), rendered(scene_at(2)))
    widget.playing = True  # from the start
    until(lambda: not widget.playing and widget.time == 2, "it ends")


def test_a_time_without_a_scene_is_told_and_what_was_shown_stays(make):
    def broken(moment):
        if moment == 2:
            raise KeyError("no data")
        return scene_at(moment)

    widget = make(broken, times=[0, 1, 2, 3], fps=100)
    widget.wait(PATIENCE)
    with pytest.raises(KeyError):
        widget.time = 2
    assert widget.time == 0
    widget.playing = True
    until(lambda: widget._line.describe()["message"] is not None, "it is told")
    assert "at 2: KeyError('no data')" in widget._line.describe()["message"]
    assert (widget.playing, widget.time) == (False, 1.0)
    assert widget.wait(PATIENCE)
    np.testing.assert_array_equal(widget.image.to_uint8(), rendered(scene_at(1)))


@pytest.mark.parametrize(
    ("thing", "settings", "words"),
    [
        (scene_at, {}, "a function of time needs times"),
        (scene_at, {"times": []}, "times: expected 1 to 10,000 numbers"),
        (scene_at, {"times": [0, 0]}, "times: expected finite numbers that rise"),
        (scene_at, {"times": [0, float("nan")]}, "times: expected finite numbers that rise"),
        (scene_at, {"times": ["a"]}, "times: expected numbers, got 'a'"),
        ([CORNELL, CORNELL], {"times": [1]}, "as many as scenes, 2, got 1"),
        (CORNELL, {"times": [0, 1]}, "a function from a time to its scene, or for a list"),
        (scene_at, {"times": [0], "fps": 0}, "fps: expected 0.01 to 120, got 0"),
        (lambda moment: 3, {"times": [0]}, "got int 3"),
        (lambda moment: None, {"times": [2]}, "a scene for each time, got None at 2"),
        (lambda: CORNELL, {"times": [0]}, "must take one argument, the time"),
        (rw.between(CORNELL, CORNELL), {}, "a function of time needs times"),
    ],
)
def test_what_is_no_series_is_refused(thing, settings, words):
    with pytest.raises(rw.RaywidgetError, match=words):
        rw.RayWidget(thing, **SMALL, **settings)


def test_one_scene_has_no_time(make):
    widget = make(CORNELL)
    assert (widget.time, widget.playing) == (None, False)
    for name, value in (("time", 1.0), ("playing", True)):
        with pytest.raises(rw.SettingsError, match="one scene"):
            setattr(widget, name, value)
    with pytest.raises(rw.SettingsError, match="no times"):
        widget.record("a.webp", what="times")
    several = make(scene_at, times=[0, 1])
    with pytest.raises(rw.SettingsError, match=r"time: expected 0 to 1, got 'now'"):
        several.time = "now"


def test_films_of_what_is_shown(make, tmp_path):
    widget = make(scene_at, times=[0, 1, 2])
    film = widget.record(tmp_path / "times.apng", wait=True)
    assert list(tmp_path.iterdir()) == [film]
    with Pillow.open(film) as pictures:
        assert pictures.n_frames == 3
        for frame in range(3):
            pictures.seek(frame)
            np.testing.assert_array_equal(
                np.asarray(pictures.convert("RGB")), rendered(scene_at(frame))
            )
    turn = widget.record(tmp_path / "turn.apng", what="turntable", seconds=0.2, wait=True)
    with Pillow.open(turn) as pictures:
        assert pictures.n_frames == 2  # of three: from behind its walls all is black, and one frame
        np.testing.assert_array_equal(np.asarray(pictures.convert("RGB")), rendered(scene_at(0)))


def test_a_film_is_broken_off_without_a_trace(make, tmp_path):
    widget = make(CORNELL, spp=64, width=200, height=200)
    widget.record(tmp_path / "a.webp", seconds=60)
    with pytest.raises(rw.SettingsError, match="a film is being recorded"):
        widget.record(tmp_path / "b.webp")
    until(lambda: widget._recorder.describe()["count"] == 900, "it goes on")
    widget._recorder.cancel()
    assert widget._recorder.wait(PATIENCE) is None
    assert widget._recorder.describe()["state"] == "idle"
    assert list(tmp_path.iterdir()) == []
    for place in ("a.txt", "missing/a.webp"):
        with pytest.raises(rw.PictureError):
            widget.record(tmp_path / place)
    for wrong in ({"seconds": 0}, {"what": "a song"}, {"wait": 1}):
        with pytest.raises(rw.SettingsError):
            widget.record(tmp_path / "a.webp", **wrong)


def test_limits_that_nobody_gave_are_those_of_all_times(make):
    dots = rw.Spheres([(0, 0, 0), (2, 0, 0)], 0.5, values=[0, 1], name="dots")
    lit = rw.Spheres([(0, 2, 0)], 0.5, values=[3], colormap=rw.ColorMap("gray", limits=(0, 9)))
    scenes = [
        CORNELL.replace(shapes=[dots.replace(values=[k, 2 * k]), lit.replace(values=[k])])
        for k in (1, 5, 3)
    ]
    widget = make(scenes)
    for moment in (0, 1, 2):
        widget.time = moment
        first, second = widget.scene.shapes
        assert tuple(first.shown.limits) == (1, 10)
        assert tuple(second.shown.limits) == (0, 9)
        assert first.values[0] == (1, 5, 3)[moment]
