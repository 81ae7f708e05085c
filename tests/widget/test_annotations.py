"""What stands over the picture, as pages are told of it."""

import json

import numpy as np
import pytest

import raywidget as rw


@pytest.fixture
def scene():
    dots = rw.Spheres([(0, 0, 0), (1, 0, 0)], 0.4, values=[0, 8], colormap="plasma", name="dots")
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0.5, 0, 0), vfov=30)
    return rw.Scene([dots], emitters=[rw.ConstantEnvironment(1)], camera=camera)


def told(widget):
    return widget.get_state("_overlay")["_overlay"]


def test_without_a_word_there_are_bars_alone(make_widget, scene):
    widget = make_widget(scene)
    overlay = told(widget)
    assert [bar["shape"] for bar in overlay["bars"]] == ["dots"]
    assert (overlay["labels"], overlay["axes"], overlay["scalebar"]) == ([], None, None)
    assert overlay["pose"]["vfov"] == 30
    json.dumps(overlay, allow_nan=False)
    assert told(make_widget(rw.presets.cornell()))["bars"] == []


def test_marks_are_sent_and_last_until_there_are_others(make_widget, scene):
    widget = make_widget(scene)
    labels = iter([(np.array([1.0, 0, 0]), "hot")])
    widget.annotate(labels=labels, axes=("a", "b", "c"), scalebar=(0.5, "mm"))
    sent = [state["_overlay"] for state, _ in widget.comm.updates() if "_overlay" in state][-1]
    assert sent["labels"] == [{"point": [1, 0, 0], "text": "hot"}]
    assert sent["scalebar"] == {"length": 0.5, "unit": "mm"}
    assert sent["axes"]["names"] == ["a", "b", "c"]
    widget.update({"dots.values": [0, 3]})
    sent = [state["_overlay"] for state, _ in widget.comm.updates() if "_overlay" in state][-1]
    assert sent["bars"][0]["high"] == 3
    assert sent["labels"][0]["text"] == "hot"
    widget.annotate(colorbars=["dots"])
    assert told(widget)["labels"] == []
    # The shape with the bar goes: no harm is done.
    widget.scene = scene.replace(shapes=[rw.Sphere((0, 0, 0), 1)])
    assert told(widget)["bars"] == []


@pytest.mark.parametrize(
    "marks",
    [
        {"labels": "here"},
        {"labels": [(1, "x")]},
        {"colorbars": ["cubes"]},
        {"axes": "xy"},
        {"scalebar": -1},
    ],
)
def test_marks_that_make_no_sense_are_refused_and_the_others_stay(make_widget, scene, marks):
    widget = make_widget(scene)
    widget.annotate(title="before")
    with pytest.raises(rw.PictureError):
        widget.annotate(**marks)
    assert told(widget)["title"] == "before"


def test_a_page_of_its_own_has_the_overlay(make_widget, scene, tmp_path):
    widget = make_widget(scene)
    widget.annotate(title="Dots")
    assert widget.wait(300)
    widget.to_html(tmp_path / "dots.html")
    assert '"title": "Dots"' in (tmp_path / "dots.html").read_text(encoding="utf-8")
