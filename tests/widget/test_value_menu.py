"""What a page may choose of values: over a recording comm, with the same checks as all it says."""

import math
import time

import numpy as np
import pytest
from stream_doubles import Browser

import raywidget as rw
from raywidget.errors import ProtocolError
from raywidget.picture.figure_elements import describe
from raywidget.stream.protocol import parse_message
from raywidget.widget.value_menu import MAPS, change_values, describe_menu

CORNERS = [(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]
FACES = [(0, 1, 2), (0, 2, 3)]


@pytest.fixture
def scene():
    sheet = rw.Mesh(
        CORNERS,
        FACES,
        quantities={"T": [0, 1, 2, 3], "p": [5, 6, 7, 9]},
        colormap=rw.ColorMap("inferno", label="T / K"),
        unlit=1,
        name="sheet",
    )
    dots = rw.Spheres([(2, 0, 0), (3, 0, 0)], 0.3, quantities={"T": [4, 8]}, unlit=1)
    copied = rw.Mesh(CORNERS, FACES, values=[1, 2, 3, 4])
    copies = rw.Instances(copied, [rw.transforms.translate(0, 4, 0)])
    ball = rw.Sphere((0, -3, 0), 1)
    return rw.Scene(
        [ball, sheet, dots, copies],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0)),
    )


@pytest.fixture
def page(widget):
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    return page


def message(**content):
    return parse_message({"k": "values", "client": 1, "number": 1, "shape": None} | content)


def overlays(widget):
    return [state["_overlay"] for state, _ in widget.comm.updates() if "_overlay" in state]


def test_what_is_told_of_shapes(scene):
    sheet, dots, copies = describe_menu(scene)
    assert sheet == {
        "index": 1,
        "name": "sheet",
        "quantities": ["T", "p"],
        "show": "T",
        "map": "inferno",
        "limits": [0.0, 3.0],
        "auto": True,
        "log": False,
    }
    assert (dots["index"], dots["name"], dots["map"]) == (2, "Spheres 3", "viridis")
    assert (copies["index"], copies["show"], copies["limits"]) == (3, "values", [1.0, 4.0])


def test_all_offered_maps_are_there():
    for name in MAPS:
        assert rw.ColorMap(name).colors == name


def test_one_shape_or_all_that_can(scene):
    after = change_values(scene, message(shape=1, show="p", limits=[0, 5]))
    sheet = after.shapes[1]
    assert (sheet.show, sheet.shown.limits) == ("p", (0, 5))
    assert sheet.own_quantities["T"].limits == (0, 3)  # those of another quantity stay
    assert after.shapes[2] is scene.shapes[2]
    after = change_values(after, message(shape=1, show="T"))
    assert after.shapes[1].shown.limits == (0, 3)
    assert after.shapes[1].shown.label == "T / K"
    after = change_values(scene, message(show="T", map="gray"))
    assert [after.shapes[i].shown.colormap.colors for i in (1, 2)] == ["gray", "gray"]
    assert after.shapes[3] is scene.shapes[3]
    after = change_values(scene, message(map="turbo", limits=[-1, 1]))
    assert after.shapes[3].mesh.shown.colormap.colors == "turbo"
    assert all(describe["limits"] == [-1, 1] for describe in describe_menu(after))
    after = change_values(after, message(auto=True))
    assert [describe["limits"] for describe in describe_menu(after)] == [[0, 3], [4, 8], [1, 4]]


def test_maps_of_volumes():
    values = np.linspace(0, 10, 27).reshape(3, 3, 3)
    look = rw.TransferFunction(rw.ColorMap("magma"), density=1, limits=(0, 10))
    smoke = rw.Volume(values, transfer=look, name="smoke")
    scene = rw.Scene([smoke], camera=rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0)))
    (told,) = describe_menu(scene)
    assert (told["name"], told["map"], told["limits"]) == ("smoke", "magma", [0, 10])
    (bar,) = describe(scene)["bars"]
    assert (bar["label"], bar["low"], bar["high"]) == ("smoke", 0, 10)
    assert describe(scene, colorbars=["smoke"])["bars"] == [bar]
    after = change_values(scene, message(map="viridis", limits=[2, 3])).shapes[0]
    (bar,) = describe(scene.replace(shapes=[after]))["bars"]
    assert (bar["low"], bar["high"]) == (2, 3)
    assert after.transfer.color.colors == "viridis"
    assert after.transfer.color.limits == (2, 3)
    assert after.values is smoke.values


@pytest.mark.parametrize(
    "content",
    [
        {"shape": -1},
        {"shape": True},
        {"shape": "sheet"},
        {"show": ""},
        {"show": 3},
        {"show": "x" * 401},
        {"map": ["viridis"]},
        {"limits": [1]},
        {"limits": [0, math.nan]},
        {"limits": [0, math.inf]},
        {"limits": [0, 10**400]},
        {"limits": "ab"},
        {"auto": 1},
        {"client": 0},
        {"number": 0},
        {"number": None},
    ],
    ids=str,
)
def test_nonsense_is_no_message(content):
    with pytest.raises(ProtocolError):
        message(**content)


@pytest.mark.parametrize(
    "content",
    [
        {"shape": 0, "show": "T"},
        {"shape": 9, "show": "T"},
        {"shape": 1, "show": "q"},
        {"show": "q"},
        {"shape": 1, "map": "__import__"},
        {"shape": 1, "limits": [2, 2]},
        {"shape": 1, "limits": [3, 2]},
    ],
    ids=str,
)
def test_what_can_not_be_is_refused(scene, content):
    with pytest.raises(rw.SceneError):
        change_values(scene, message(**content))


def test_a_page_recolours_and_is_told(make_widget, scene):
    widget = make_widget(scene, width=16, height=16, spp=1)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    before, generation = widget.image.to_uint8(), widget.generation
    assert "answered" not in widget._overlay
    head = {"k": "values", "client": 1, "shape": 1}
    change = {"number": 1, "show": "p", "map": "gray", "limits": [5, 9]}
    widget.comm.custom_from_browser(head | change)
    widget.comm.converse(page, until=lambda: page.state == "done" and overlays(widget))
    assert widget.generation > generation
    widget.wait()
    assert widget.scene.shapes[1].show == "p"
    assert (widget.image.to_uint8() != before).any()
    told = overlays(widget)[-1]
    assert told["values"][0]["map"] == "gray"
    assert told["bars"][0]["label"] == "T / K"
    assert told["answered"] == [[1, 1]]
    # What can't be changes nothing, and the page learns what there is.
    scene_now, sent = widget.scene, len(overlays(widget))
    widget.comm.custom_from_browser(head | {"number": 2, "limits": [9, 5]})
    widget.comm.converse(page, until=lambda: len(overlays(widget)) > sent)
    assert widget.scene is scene_now
    # Pages keep a trait that is what it was: a refusal has to differ.
    assert overlays(widget)[-1] == told | {"answered": [[1, 2]]}


def test_each_page_has_its_answer_and_few_are_kept(make_widget, scene):
    widget = make_widget(scene, width=16, height=16, spp=1, autostart=False)
    page = Browser(1, time.monotonic())
    for client in [*range(1, 21), 7]:
        sent = len(overlays(widget))
        widget.comm.custom_from_browser(
            {"k": "values", "client": client, "number": 3 * client, "shape": 0}
        )
        widget.comm.converse(page, until=lambda sent=sent: len(overlays(widget)) > sent)
    answered = overlays(widget)[-1]["answered"]
    assert len(answered) == 16
    assert answered[-2:] == [[20, 60], [7, 21]]
