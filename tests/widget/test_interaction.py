"""The widget as a camera, an inspector and a scene that changes: over a recording comm."""

import asyncio
import io
import threading
import time

import numpy as np
import pytest
from stream_doubles import Browser

import raywidget as rw
from raywidget.widget.framing import frame_shapes
from raywidget.widget.interaction import with_camera

HANG = 60.0


@pytest.fixture
def scene():
    return rw.Scene(
        [
            rw.Sphere((0, 1, 0), 1, material=rw.Metal(0.8, roughness=0.2), name="ball"),
            rw.Quad((-50, 0, 50), (100, 0, 0), (0, 0, -100), name="ground"),
            rw.Box((2, 0, -1), (3, 1, 1), name="box"),
        ],
        emitters=[rw.GradientEnvironment(top=(0.5, 0.7, 1), bottom=1)],
        camera=rw.PerspectiveCamera(look_from=(0, 1, 6), look_at=(0, 1, 0)),
    )


@pytest.fixture
def page(widget):
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    return page


def ask(widget, **content):
    widget.comm.custom_from_browser({"client": 1} | content)


def move(widget, number=1, moving=False, **changes):
    pose = {"look_from": [0, 1, 5], "look_at": [0, 1, 0], "up": [0, 1, 0], "vfov": 40}
    ask(widget, k="camera", number=number, moving=moving, **(pose | changes))


def last_begin(widget):
    return [content for content, _ in widget.comm.customs() if content["k"] == "begin"][-1]


def heard(page, kind):
    return [(content, buffers) for content, buffers in page.others if content["k"] == kind]


class Seen:
    """What an observer was told."""

    def __init__(self, widget, name):
        self.values = []
        self.news = threading.Condition()
        widget.observe(self, name)

    def __call__(self, change):
        with self.news:
            self.values.append(change["new"])
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            assert self.news.wait_for(lambda: condition(self.values), HANG), self.values


def vantage(page, number, seconds=HANG):
    return [content for content, _ in heard(page, "vantage") if content["number"] == number]


def find_vantage(widget, page, number, look_from, look_at):
    pose = {"look_from": look_from, "look_at": look_at, "up": [0, 1, 0], "vfov": 40}
    ask(widget, k="vantage", number=number, **pose)
    widget.comm.converse(page, until=lambda: vantage(page, number))
    (answer,) = vantage(page, number)
    assert answer["vfov"] >= 40
    return answer["look_from"]


def test_a_page_is_told_from_where_a_room_is_seen(make_widget):
    widget = make_widget(rw.presets.cornell())
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    camera = widget.camera
    middle = [278.0, 278.0, 280.0]
    assert find_vantage(widget, page, 1, list(camera.look_from), list(camera.look_at)) == list(
        camera.look_from
    )
    height = find_vantage(widget, page, 2, [278.0, 1000.0, 281.0], middle)[1]
    assert 500 < height < 555
    # What there is to be seen is what the camera saw that the scene came with.
    move(widget, look_from=[278.0, 1000.0, 281.0], look_at=middle)
    widget.comm.converse(page, until=lambda: page.state == "done" and page.generation > 1)
    assert 500 < find_vantage(widget, page, 3, [278.0, 1000.0, 281.0], middle)[1] < 555


def test_who_asks_before_there_is_a_scene_gets_what_was_asked_for(make_widget):
    widget = make_widget(rw.presets.cornell(), autostart=False)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "stopped")
    above = [278.0, 1000.0, 281.0]
    assert find_vantage(widget, page, 1, above, [278.0, 278.0, 280.0]) == above
    # Nonsense is answered, too: the camera refuses it with a message when it is moved there.
    assert find_vantage(widget, page, 2, above, above) == above


# --- The camera -----------------------------------------------------------------------------------


def test_a_page_moves_the_camera_and_python_follows(widget, page, scene):
    seen = Seen(widget, "camera")
    generation = widget.generation
    move(widget, moving=True)
    widget.comm.converse(page, until=lambda: heard(page, "coarse"))
    (content, buffers) = heard(page, "coarse")[-1]
    assert (content["client"], content["number"]) == (1, 1)
    assert (content["width"], content["height"]) == (48, 32)
    assert len(buffers[0]) == 6 * content["columns"] * content["rows"]
    assert widget.camera.look_from == (0, 1, 5)
    assert widget.generation == generation

    move(widget, number=2, look_from=[1, 1, 5])
    widget.comm.converse(page, until=lambda: page.generation > generation and page.state == "done")
    assert widget.camera.look_from == (1, 1, 5)
    assert widget.scene.camera is widget.camera
    assert widget.scene.shapes is scene.shapes
    seen.wait_for(lambda values: values and values[-1] is widget.camera)
    moved = rw.render(widget.scene, width=48, height=32, spp=4)
    np.testing.assert_array_equal(widget.image.pixels, moved.pixels)


def test_home_is_where_the_camera_was_before_a_page_moved_it(widget, page, scene):
    generation = page.generation
    for number in (1, 2):
        move(widget, number=number, look_from=[number, 1, 5])
        widget.comm.converse(page, until=lambda before=generation: page.generation > before)
        generation = page.generation
        stage = last_begin(widget)["stage"]
        assert stage["home"]["look_from"] == [0, 1, 6]
        assert stage["look_from"] == [number, 1, 5]
    widget.camera = scene.camera.replace(vfov=20)
    widget.comm.converse(page, until=lambda: page.generation > generation)
    assert last_begin(widget)["stage"]["home"]["vfov"] == 20


def test_a_move_before_there_is_a_picture_doesnt_begin_anew(make_widget):
    widget = make_widget(autostart=False)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "stopped")
    move(widget)
    ask(widget, k="probe", number=1, x=0, y=0)  # heard after the move
    widget.comm.converse(page, until=lambda: heard(page, "pixel"))
    assert widget.generation == 1
    assert widget.status == "stopped"


def test_what_is_in_focus_stays_so(make_widget, scene):
    sharp = scene.replace(camera=scene.camera.replace(aperture_radius=0.1, focus_distance=3))
    widget = make_widget(sharp)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    move(widget, look_from=[0, 1, 12])
    widget.comm.converse(page, until=lambda: page.generation > 1)
    assert widget.camera.focus_distance == 6
    assert widget.camera.aperture_radius == 0.1


def test_setting_the_camera_moves_the_view(widget, scene):
    seen = Seen(widget, "camera")
    camera = scene.camera.replace(vfov=30)
    widget.camera = camera
    assert widget.camera is camera
    assert widget.generation == 2
    seen.wait_for(lambda values: values == [camera])
    with pytest.raises(rw.SettingsError, match=r"camera: expected a camera, such as .*, got tuple"):
        widget.camera = (1, 2, 3)


def test_a_page_that_turns_the_camera_upside_down_is_told_so(widget, page):
    move(widget, up=[0, 0, 1], look_from=[0, 1, 5])
    widget.comm.converse(page, until=lambda: page.message is not None)
    assert "up must not be parallel" in page.message
    assert widget.camera.look_from == (0, 1, 6)


def test_a_scene_with_another_camera_is_as_good_as_a_replaced_one(scene):
    camera = scene.camera.replace(vfov=30)
    moved = with_camera(scene, camera)
    assert vars(moved) == vars(scene.replace(camera=camera)) | {"defaults": scene.defaults}
    assert scene.camera.vfov == 40
    assert moved.replace(name="moved").camera is camera


def test_a_page_is_told_where_the_scene_is(widget, page, scene):
    stage = last_begin(widget)["stage"]
    assert frame_shapes(scene).stage.items() <= stage.items()
    assert stage["ground"] == 0.0
    assert stage["upright"] == [0, 1, 0]


def test_a_page_turns_an_orthographic_camera(make_widget, scene):
    plan = rw.OrthographicCamera(look_from=(0, 9, 0), look_at=(0, 0, 0), up=(0, 0, -1), height=10)
    widget = make_widget(scene.replace(camera=plan))
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    stage = last_begin(widget)["stage"]
    assert (stage["height"], stage["home"]["height"]) == (10, 10)
    assert "vfov" not in stage
    assert stage["upright"] == [0, 1, 0]
    generation = widget.generation
    pose = {"look_from": [0, 1, 9], "look_at": [0, 1, 0], "up": [0, 1, 0]}
    ask(widget, k="camera", number=1, moving=False, **pose, height=4.0)
    widget.comm.converse(page, until=lambda: page.generation > generation and page.state == "done")
    assert isinstance(widget.camera, rw.OrthographicCamera)
    assert (widget.camera.height, widget.camera.look_from) == (4, (0, 1, 9))
    # A page that knows of another kind of camera moves this one as far as it can.
    generation = widget.generation
    ask(widget, k="camera", number=2, moving=False, **pose | {"look_from": [9, 1, 0]}, vfov=30)
    widget.comm.converse(page, until=lambda: page.generation > generation and page.state == "done")
    assert (widget.camera.height, widget.camera.look_from) == (4, (9, 1, 0))
    assert last_begin(widget)["stage"]["home"]["look_from"] == [0, 9, 0]


def test_a_plan_of_a_room_is_seen_from_below_its_ceiling(make_widget):
    room = rw.presets.cornell_boxes()
    camera = rw.OrthographicCamera(look_from=(278, 278, -800), look_at=(278, 278, 0), height=600)
    widget = make_widget(room.replace(camera=camera))
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "done")
    pose = {"look_from": [278, 1500, 279], "look_at": [278, 278, 279], "up": [0, 0, 1]}
    ask(widget, k="vantage", number=1, **pose, height=600)
    widget.comm.converse(page, until=lambda: vantage(page, 1))
    (answer,) = vantage(page, 1)
    assert 500 < answer["look_from"][1] < 555
    assert "vfov" not in answer


def test_a_question_waits_for_a_camera_that_moves(widget, page):
    move(widget, moving=True, look_from=[0, 9, 0.01])
    ask(widget, k="probe", number=1, x=24, y=16)
    widget.comm.converse(page, until=lambda: heard(page, "pixel"))
    ((content, _),) = heard(page, "pixel")
    assert content["generation"] == widget.generation
    assert content["hit"]["normal"][1] > 0.9  # from above


def test_a_question_before_anything_is_rendered_is_not_answered_by_nothing(make_widget):
    widget = make_widget(autostart=False)
    page = Browser(1, time.monotonic())
    widget.comm.converse(page, until=lambda: page.state == "stopped")
    ask(widget, k="probe", number=1, x=24, y=16)
    widget.comm.converse(page, until=lambda: heard(page, "pixel"))
    ((content, _),) = heard(page, "pixel")
    assert (content["hit"], content["spp"]) == (None, 0)
    assert content["message"].startswith("not rendered yet")
    with pytest.raises(rw.RenderError, match="not rendered yet"):
        widget.pick(24, 16)


# --- The inspector --------------------------------------------------------------------------------


def test_pick_and_probe_say_the_same(widget, page):
    picks = []
    news = threading.Event()

    @widget.on_pick
    def keep(pick):
        picks.append(pick)
        news.set()

    expected = widget.pick(24, 16)
    assert expected.hit.shape.name == "ball"
    ask(widget, k="probe", number=9, x=24, y=16)
    widget.comm.converse(page, until=lambda: heard(page, "pixel"))
    ((content, _),) = heard(page, "pixel")
    assert (content["number"], content["spp"], content["message"]) == (9, 4, None)
    assert content["rgb"] == list(expected.radiance)
    hit = content["hit"]
    assert hit["object"] == {"type": "Sphere", "name": "ball", "index": 0, "row": None}
    assert hit["material"] == {
        "type": "Metal",
        "name": None,
        "parameters": [["color", "(0.8, 0.8, 0.8)"], ["roughness", "0.2"]],
    }
    assert hit["point"] == list(expected.hit.point)
    assert news.wait(HANG)
    assert picks == [expected]

    # What a page asks by itself is no click.
    ask(widget, k="probe", number=10, x=24, y=16, again=True)
    widget.comm.converse(page, until=lambda: len(heard(page, "pixel")) == 2)
    assert heard(page, "pixel")[1][0]["hit"] == hit
    ask(widget, k="probe", number=11, x=24, y=16)
    deadline = time.monotonic() + HANG
    while len(picks) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert picks == [expected, expected]
    widget.on_pick(keep, remove=True)
    assert widget._on_pick == []
    with pytest.raises(rw.SettingsError, match="on_pick: expected a function, got int"):
        widget.on_pick(3)


def test_a_pixel_that_is_not_there_has_a_message(widget, page):
    ask(widget, k="probe", number=1, x=48, y=0)
    widget.comm.converse(page, until=lambda: heard(page, "pixel"))
    ((content, _),) = heard(page, "pixel")
    assert content["message"] == "pick: x: expected 0 to 47, got 48"
    assert content["hit"] is None


# --- Settings, scenes, files ----------------------------------------------------------------------


def test_a_page_changes_settings(widget, page):
    width = Seen(widget, "width")
    ask(widget, k="render", max_depth=2, width=64, height=40)
    widget.comm.converse(page, until=lambda: page.generation == 2 and page.state == "done")
    assert (widget.settings.max_depth, widget.width, widget.height) == (2, 64, 40)
    assert last_begin(widget)["render"]["max_depth"] == 2
    width.wait_for(lambda values: values == [64])
    assert ({"width": 64}, "raywidget-pump") in widget.comm.updates()
    ask(widget, k="render", max_depth=2)  # as it is: nothing begins anew
    ask(widget, k="render", integrator="magic")
    widget.comm.converse(page, until=lambda: page.message is not None)
    assert "integrator: expected one of" in page.message
    assert widget.generation == 2


def test_a_page_has_caustics_where_there_are_any(widget, page):
    ask(widget, k="render", caustics=True)
    widget.comm.converse(page, until=lambda: page.generation == 2 and page.state == "done")
    assert widget.settings.caustics
    assert last_begin(widget)["render"]["caustics"] is True
    ask(widget, k="render", integrator="albedo")  # which knows no light
    widget.comm.converse(page, until=lambda: page.generation == 3 and page.state == "done")
    assert not widget.settings.caustics
    assert last_begin(widget)["render"]["caustics"] is None
    ask(widget, k="render", caustics=True)
    widget.comm.converse(page, until=lambda: page.message is not None)
    assert "only integrator='path' sends photons" in page.message


@pytest.mark.parametrize("suffix", ["npz", "exr"])
def test_a_page_gets_files(widget, page, suffix, monkeypatch, tmp_path):
    if suffix == "exr":
        openexr = pytest.importorskip("OpenEXR")
    monkeypatch.setattr("raywidget.widget.files.PIECE", 1000)
    ask(widget, k="file", number=3, format=suffix)

    def whole():
        pieces = heard(page, "file")
        return pieces and len(pieces) == pieces[0][0]["count"]

    widget.comm.converse(page, until=whole)
    pieces = heard(page, "file")
    assert len(pieces) > 1
    assert [content["index"] for content, _ in pieces] == list(range(len(pieces)))
    data = b"".join(buffers[0] for _, buffers in pieces)
    if suffix == "npz":
        with np.load(io.BytesIO(data)) as saved:
            np.testing.assert_array_equal(saved["pixels"], widget.image.pixels)
    else:
        (tmp_path / "a.exr").write_bytes(data)
        saved = openexr.File(str(tmp_path / "a.exr")).channels()["RGB"].pixels
        np.testing.assert_array_equal(saved, widget.image.pixels)


def test_a_file_that_cannot_be_made_has_a_message(widget, page, monkeypatch):
    def fail(*_):
        raise rw.PictureError("no EXR today")

    monkeypatch.setattr("raywidget.widget.interaction.make_file", fail)
    ask(widget, k="file", number=3, format="exr")
    widget.comm.converse(page, until=lambda: heard(page, "file"))
    ((content, buffers),) = heard(page, "file")
    assert (content["message"], content["count"], buffers) == ("no EXR today", 0, [])


def test_scenes_change_live(widget, scene):
    seen = Seen(widget, "scene")
    widget.update({"ball.material.roughness": 0.5, "camera.vfov": 30})
    assert widget.scene.shapes[0].material.roughness == 0.5
    assert widget.scene.shapes[1] is scene.shapes[1]
    assert widget.camera.vfov == 30
    edited = widget.scene
    widget.scene = scene
    assert widget.scene is scene
    seen.wait_for(lambda values: values == [edited, scene])
    with pytest.raises(rw.SettingsError, match="scene: expected a Scene, got int"):
        widget.scene = 3
    with pytest.raises(rw.SceneError, match="no object named 'bal'; did you mean 'ball'"):
        widget.update({"bal.radius": 2})


def test_the_end_can_be_awaited(make_widget):
    widget = make_widget(spp=8)

    async def both():
        return await asyncio.wait_for(widget.done(), HANG)

    assert asyncio.run(both())
    assert widget.image.spp == 8


@pytest.mark.parametrize("channel", ["luminance", "heat", "samples"])
def test_channels_are_what_the_image_shows(make_widget, channel):
    widget = make_widget(channel=channel)
    assert widget.wait(HANG)
    assert widget.image.channel == channel
    expected = widget.image.to_uint8(channel=channel)
    np.testing.assert_array_equal(widget.image.to_uint8(), expected)
    widget.comm.from_browser({"method": "update", "state": {"channel": "red"}, "buffer_paths": []})
    assert widget.channel == "red"
    widget.comm.from_browser({"method": "update", "state": {"channel": 5}, "buffer_paths": []})
    assert widget.channel == "red"
    with pytest.raises(rw.SettingsError, match="channel must be one of"):
        make_widget(channel="alpha")


def test_a_scene_that_moves_is_dragged_and_edited_at_all_times(widget, scene):
    def scene_at(time):
        ball = rw.Sphere((time, 1, 0), 1, material=rw.Metal(0.8, roughness=0.2), name="ball")
        return scene.replace(shapes=[ball, *scene.shapes[1:]])

    how = {"width": 24, "height": 16, "spp": 4}
    moving = rw.Moving(scene_at, (0, 1))
    widget.restart(moving, **how)
    widget.wait(HANG)
    expected = rw.render(moving, **how)
    np.testing.assert_array_equal(widget.image.pixels, expected.pixels)
    camera = scene.camera.replace(look_from=(2, 1, 5))
    dragged = with_camera(with_camera(moving, scene.camera.replace(vfov=12)), camera)
    assert dragged.shapes is moving.shapes  # trees are taken over
    assert all(dragged.at(time).camera is camera for time in (0.0, 0.9))
    widget.restart(dragged)
    widget.update({"ball.material.roughness": 0.7})
    widget.wait(HANG)
    by_hand = rough(moving.replace(camera=camera))
    np.testing.assert_array_equal(widget.image.pixels, rw.render(by_hand, **how).pixels)


def rough(moving):
    def scene_at(time):
        scene = moving.at(time)
        ball = scene.shapes[0].replace(material=rw.Metal(0.8, roughness=0.7))
        return scene.replace(shapes=[ball, *scene.shapes[1:]])

    return rw.Moving(scene_at, moving.shutter)
