"""The widget over a recording comm, with the real engine."""

import base64
import gc
import io
import logging
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path

import ipywidgets
import ipywidgets.embed
import numpy as np
import pytest
import traitlets
from PIL import Image as Pillow
from stream_doubles import Browser

import raywidget as rw
from raywidget.picture.development import to_half
from raywidget.widget import ray_widget as widget_module

ROOT = Path(__file__).parents[2]


def page_for(widget, client=1):
    return Browser(client, time.monotonic())


def has_all(page):
    """Does the page know of the end, and has it every pixel with all its samples?

    A page that first speaks when all is done hears of the end before the tiles come.
    """
    complete = page.front is not None and page.back is None
    return page.state == "done" and complete and (page.front.spp == page.spp).all()


def control(widget, do, **more):
    widget.comm.custom_from_browser({"k": "control", "client": 1, "do": do} | more)


# -- the picture ----------------------------------------------------------------------------------


def test_a_page_shows_the_very_pixels_of_the_image(widget):
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: has_all(page))
    assert widget.wait(0)
    assert np.array_equal(page.front.half, to_half(widget.image.pixels))
    assert (page.front.spp == 4).all()
    assert widget.image.spp == 4


def test_the_image_is_that_of_render(widget, scene):
    widget.wait(300)
    image = rw.render(scene, width=48, height=32, spp=4)
    assert np.array_equal(widget.image.pixels, image.pixels)


def test_the_image_takes_the_display_settings_of_the_widget(make_widget):
    widget = make_widget(exposure=1.5, curve="filmic")
    assert (widget.image.exposure, widget.image.curve) == (1.5, "filmic")
    widget.exposure, widget.curve = -1, "linear"
    assert (widget.image.exposure, widget.image.curve) == (-1.0, "linear")


def test_a_second_page_and_a_reload_see_it_too(widget):
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: has_all(page))
    again = page_for(widget, client=2)
    widget.comm.converse(again, until=lambda: has_all(again))
    assert np.array_equal(page.front.half, again.front.half)


def test_more_samples_and_a_restart(widget, scene):
    widget.wait(300)
    widget.more(4)
    assert widget.wait(300)
    assert (widget.image.spp, widget.settings.spp, widget.generation) == (8, 8, 1)
    widget.restart(width=20, height=24, spp=1)
    assert widget.wait(300)
    assert (widget.width, widget.height, widget.generation) == (20, 24, 2)
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: has_all(page))
    assert page.front.half.shape == (24, 20, 3)
    other = rw.presets.spheregrid()
    widget.restart(other, spp=2)
    assert widget.scene is other
    assert widget.settings.spp == 2


def test_buttons(make_widget):
    widget = make_widget(spp=1_000_000)
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: page.state == "running")
    for do, state in [("pause", "paused"), ("resume", "running"), ("stop", "stopped")]:
        control(widget, do)
        widget.comm.converse(page, until=lambda state=state: page.state == state)
        assert widget.status == state
    control(widget, "more", samples=5)
    control(widget, "restart")
    widget.comm.converse(page, until=lambda: page.generation == 2 and page.state == "running")
    assert widget.settings.spp == 1_000_005


def test_methods_do_what_the_buttons_do(make_widget):
    widget = make_widget(spp=1_000_000)
    assert not widget.wait(0.01)
    for do, state in [("pause", "paused"), ("resume", "running"), ("stop", "stopped")]:
        getattr(widget, do)()
        end = time.monotonic() + 60
        while widget.status != state and not (state == "running" and widget.status == "compiling"):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert widget.wait(1)
    widget.start()
    assert widget.status in ("running", "compiling")


def test_autostart_false(make_widget):
    widget = make_widget(autostart=False)
    assert widget.status == "stopped"
    time.sleep(0.05)
    assert widget.image.spp == 0
    widget.start()
    assert widget.wait(300)
    assert widget.image.spp == 4


# -- the constructor ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spq": 3}, "unknown setting 'spq'"),
        ({"width": 0}, "width: expected 1 to"),
        ({"width": 8.0}, "width: expected an integer"),
        ({"exposure": "bright"}, "exposure must be stops"),
        ({"exposure": float("nan")}, "exposure must be stops"),
        ({"curve": "aces"}, "curve must be one of"),
    ],
)
def test_wrong_settings_raise_in_the_users_line(scene, settings, message):
    with pytest.raises(rw.SettingsError, match=message):
        rw.RayWidget(scene, **settings)
    assert not [t for t in threading.enumerate() if t.name.startswith("raywidget-")]


def test_a_scene_is_needed():
    with pytest.raises(rw.SceneError, match=r"expected a path, a Scene, .*; got dict"):
        rw.RayWidget({})


def test_settings_of_the_scene_are_used(scene):
    widget = rw.RayWidget(scene, spp=3, autostart=False)
    assert widget.settings == rw.RenderSettings(**{**scene.defaults, "spp": 3})
    widget.close()


def test_wrong_changes_raise_and_change_nothing(widget):
    widget.wait(300)
    for call, message in [
        (lambda: widget.restart(spq=1), "unknown setting"),
        (lambda: widget.restart(width=-1), "width"),
        (lambda: widget.restart(scene=3), "expected a Scene"),
        (lambda: widget.more(0), "number of samples"),
        (lambda: widget.more(True), "number of samples"),
        (lambda: widget.more(2**31), "spp"),
    ]:
        with pytest.raises(rw.SettingsError, match=message):
            call()
    assert (widget.generation, widget.status) == (1, "done")


def test_a_missing_front_end_says_how_to_build_it(scene, monkeypatch):
    monkeypatch.setattr(widget_module.RayWidget, "_esm", "")
    with pytest.raises(rw.RaywidgetError, match="pip install"):
        rw.RayWidget(scene)


FAST = """
import sys
import raywidget as rw
from raywidget.widget import RayWidget
RayWidget._esm = RayWidget._esm or "export default {};"
sys.setswitchinterval(5.0)  # the loader gets no turn before the next line
import time
widget = RayWidget(rw.presets.cornell(), width=8, height=8, spp=1)
assert "raywidget.kernels.integrators.tile" not in sys.modules
sys.setswitchinterval(0.005)
assert widget.wait(300)
print(widget.status)
"""


def run_python(code):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_the_constructor_does_not_wait_for_numba_and_the_process_ends():
    result = run_python(FAST)
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


def test_a_process_ends_in_the_middle_of_a_render():
    code = FAST.replace("spp=1)", "spp=1_000_000, threads=2)")
    code = code.replace("assert widget.wait(300)", "widget.wait(0.5)").replace(
        "print(widget.status)", "print('end')"
    )
    result = run_python(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")


# -- the end --------------------------------------------------------------------------------------


def test_close_ends_all_threads_and_keeps_the_image(make_widget, threads_end):
    widget = make_widget(spp=1_000_000)
    page = page_for(widget)
    comm = widget.comm
    comm.converse(page, until=lambda: page.front and page.front.spp.any())
    widget.close()
    threads_end()
    kinds = [kind for kind, *_ in comm.published]
    assert kinds[-1] == "comm_close"
    assert comm.customs()[-1][0]["state"] == "closed"
    assert widget.status == "closed"
    assert np.asarray(widget.image).any()
    widget.close()
    widget.pause()
    widget.start()
    widget.restart()
    assert widget.wait()
    threads_end()


def test_the_front_end_closes_the_comm(make_widget, threads_end):
    widget = make_widget(spp=1_000_000)
    page = page_for(widget)
    comm = widget.comm
    comm.converse(page, until=lambda: page.state == "running")
    comm._closed = True  # as the manager of comms does
    comm.handle_close({})
    threads_end()
    assert widget.status == "closed"
    assert widget.comm is None


def test_closed_widgets_are_collected(scene, threads_end):
    gone = []
    for _ in range(3):
        widget = rw.RayWidget(scene, width=16, height=16, spp=1_000_000)
        widget.observe(lambda change: None, "status")
        time.sleep(0.05)
        widget.close()
        gone.append(weakref.ref(widget))
        del widget
    threads_end()
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


def test_a_widget_that_nobody_holds_ends_by_itself(scene, threads_end):
    widget = rw.RayWidget(scene, width=16, height=16, spp=1_000_000)
    widget.wait(0.3)
    # ipywidgets' table of widgets holds it; other hosts have none.
    ipywidgets.widgets.widget._instances.pop(widget.model_id)
    widget.comm.on_msg(None)
    del widget
    gc.collect()
    threads_end()


# -- traits ---------------------------------------------------------------------------------------


def test_traits_are_those_of_the_protocol(widget):
    opening = widget.comm.published[0]
    assert opening[0] == "comm_open"
    state = opening[1]["state"]
    ours = {name for name in state if name not in ipywidgets.DOMWidget().get_state()}
    assert ours == {
        *("width", "height", "exposure", "curve", "channel", "denoise", "status"),
        *("_times", "_timeline", "_recording"),
        *("_key", "_overlay", "_esm", "_css", "_anywidget_id"),
    }
    assert (state["width"], state["height"], state["exposure"]) == (48, 32, 0.0)


def test_every_widget_has_its_own_key(make_widget):
    assert make_widget()._key != make_widget()._key


@pytest.mark.parametrize("name", ["width", "height", "status", "_key", "_times"])
def test_what_the_kernel_says_cannot_be_set(widget, name):
    with pytest.raises(traitlets.TraitError):
        setattr(widget, name, getattr(widget, name))


def test_display_settings_are_checked(widget):
    widget.exposure = 2
    for name, value in [("exposure", 65.0), ("exposure", float("inf")), ("curve", "aces")]:
        with pytest.raises(traitlets.TraitError):
            setattr(widget, name, value)
    assert (widget.exposure, widget.curve) == (2.0, "srgb")


def test_pages_may_write_display_settings_and_nothing_else(widget, caplog, capfd):
    def write(**state):
        widget.comm.from_browser({"method": "update", "state": state, "buffer_paths": []})

    write(exposure=1, curve="filmic")
    assert (widget.exposure, widget.curve) == (1.0, "filmic")
    before = widget.get_state()
    write(exposure=1e9)
    write(exposure="1", curve="srgb")
    write(exposure=None)
    write(curve=["srgb"])
    write(width=3, height=-1, status="failed", _key="mine", _esm="alert(1)", nonsense=1)
    after = widget.get_state()
    own = {"status", "_snapshot"}  # which the kernel may change meanwhile
    assert {k: v for k, v in after.items() if k not in own} == {
        k: v for k, v in before.items() if k not in own
    }
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


def test_status_is_told_to_pages_and_observers(make_widget):
    changes = []
    widget = make_widget(autostart=False)
    widget.observe(
        lambda change: changes.append((change.new, threading.current_thread().name)), "status"
    )
    widget.start()

    def told():
        return [state["status"] for state, _ in widget.comm.updates() if "status" in state]

    # Observers and pages are told by threads of their own: either may be first.
    end = time.monotonic() + 60
    while [new for new, _ in changes][-1:] != ["done"] or told()[-1:] != ["done"]:
        assert time.monotonic() < end
        time.sleep(0.01)
    names = {name for _, name in changes}
    assert names == {"raywidget-observers"}  # neither the user's thread nor the pump's
    assert widget.status == "done"


def test_an_observer_that_fails_or_dawdles_holds_nothing_up(make_widget, caplog):
    widget = make_widget(autostart=False)
    release = threading.Event()

    def dawdle(change):
        release.wait(20)
        raise KeyError("an observer's bug")

    widget.observe(dawdle, "status")
    widget.start()
    page = page_for(widget)
    with caplog.at_level(logging.CRITICAL):
        widget.comm.converse(page, until=lambda: has_all(page))
        release.set()
        time.sleep(0.1)
    assert widget.status == "done"


def test_only_the_pump_sends_while_it_renders(widget):
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: has_all(page))
    later = [thread for _, data, _, thread in widget.comm.published[1:]]
    assert set(later) == {"raywidget-pump"}
    for content, buffers in widget.comm.customs():
        assert "id" not in content
        assert all(type(buffer) is bytes for buffer in buffers)


# -- Jupyter --------------------------------------------------------------------------------------


def test_saved_and_exported_state_has_the_code(widget):
    assert {"_esm", "_css", "_anywidget_id"} <= widget.get_state(drop_defaults=True).keys()
    assert widget.get_state("exposure", drop_defaults=False) == {"exposure": 0.0}
    page = ipywidgets.embed.embed_snippet(views=[widget])
    assert "_esm" in page


def test_mimebundle(make_widget):
    widget = make_widget(spp=2, width=700, height=90, autostart=False)
    data, _ = widget._repr_mimebundle_()
    assert set(data) == {"text/plain", "application/vnd.jupyter.widget-view+json"}
    assert data["text/plain"] == "RayWidget(700x90, 2 spp, stopped)"
    widget.start()
    widget.wait(300)
    data, _ = widget._repr_mimebundle_()
    picture = Pillow.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert picture.size == (700, 90)
    assert picture.text == {"raywidget": widget._key}
    assert np.asarray(picture).any()


def test_the_picture_in_the_output_is_the_picture(make_widget):
    widget = make_widget(exposure=1.0, curve="filmic")
    widget.wait(300)
    data, _ = widget._repr_mimebundle_()
    picture = Pillow.open(io.BytesIO(base64.b64decode(data["image/png"])))
    assert np.array_equal(np.asarray(picture), widget.image.to_uint8())


def test_large_pictures_are_kept_smaller(make_widget):
    widget = make_widget(width=2101, height=1000, spp=1)
    widget.wait(300)
    data, _ = widget._repr_mimebundle_()
    assert Pillow.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (1051, 500)


def test_displayed_but_unheard_the_picture_comes(widget):
    """A busy cell without subshells: nothing from the browser gets through."""
    widget._repr_mimebundle_()
    page = page_for(widget)
    page.hello_from = None
    widget.comm.converse(page, until=lambda: has_all(page))
    assert np.array_equal(page.front.half, to_half(widget.image.pixels))


def test_undisplayed_and_unheard_nothing_is_sent(widget):
    widget.wait(300)
    time.sleep(0.1)
    assert widget.comm.customs() == []


def test_show_displays(scene, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    widget = rw.show(scene, width=8, height=8, spp=1)
    assert shown == [widget]
    widget.close()


def test_subshells_are_kept(make_widget, monkeypatch):
    """ipykernel 7.4 would route messages to where the comm was last used from."""
    import comm

    made = comm.create_comm

    class Comm(made):
        def _reply_subshell_for(self, data, default):
            return "main"

    monkeypatch.setattr(comm, "create_comm", Comm)
    assert make_widget().comm._reply_subshell_for({"any": 1}, "subshell-1") == "subshell-1"
    monkeypatch.setattr(comm, "create_comm", made)
    assert not hasattr(make_widget().comm, "_reply_subshell_for")


HOSTILE = [
    None,
    0,
    "",
    [],
    {},
    {"k": "hello"},
    {"k": "hello", "v": 1, "client": 2**70, "have": None},
    {"k": "hello", "v": 1, "client": 1, "have": {"epoch": -1}},
    {"k": "ack", "client": 1, "epoch": 1, "seq": 10**9, "missing": [1] * 64, "visible": True},
    {"k": "ack", "client": 1, "epoch": 1, "seq": 1, "missing": [{}], "visible": "no"},
    {"k": "control", "client": 1, "do": "__class__"},
    {"k": "control", "client": 1, "do": "more", "samples": 10**12},
    {"kind": "anywidget-command", "name": "x", "msg": {}},
]


def test_hostile_messages_reach_nobody(widget, caplog, capfd):
    page = page_for(widget)
    widget.comm.converse(page, until=lambda: has_all(page))
    for content in HOSTILE * 20:
        widget.comm.custom_from_browser(content)
    time.sleep(0.1)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
    assert (widget.status, widget.generation) == ("done", 1)
    widget.restart()
    widget.comm.converse(page, until=lambda: page.generation == 2 and has_all(page))


def test_a_message_is_only_put_into_the_inbox(make_widget):
    widget = make_widget(spp=1_000_000)
    widget.wait(0.2)
    begin = time.perf_counter()
    for _ in range(100):
        control(widget, "restart")
    assert (time.perf_counter() - begin) / 100 < 0.05


def test_a_black_picture_says_why_in_the_page_and_to_who_waits():
    ball = rw.Sphere((0, 0, 0), 1)
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    widget = rw.RayWidget(rw.Scene([ball], camera=camera), width=16, height=16, spp=1)
    try:
        with pytest.warns(rw.PictureWarning, match="there is no light in the scene") as told:
            assert [widget.wait() for _ in range(2)] == [True, True]
        assert len(told) == 1
        assert told[0].filename == __file__
        assert "no light" in widget._session.current().message
        lit = rw.Scene([ball], emitters=[rw.ConstantEnvironment(0.001)], camera=camera)
        widget.scene = lit
        assert widget._session.current().message is None
        with pytest.warns(rw.PictureWarning, match="stops too weak"):
            widget.wait()
        widget.exposure = 10.0
        deadline = time.monotonic() + 60.0
        while widget._session.current().message is not None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        widget.close()


@pytest.fixture
def idle():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    widget = rw.RayWidget(rw.Scene(camera=camera), width=8, height=8, spp=1, autostart=False)
    yield widget
    widget.close()


@pytest.mark.parametrize("name", ["spp", "width", "integrator", "max_depth", "settings", "image"])
def test_what_cannot_be_set_says_what_to_call(idle, name):
    with pytest.raises(rw.SettingsError, match=rf"^RayWidget: .*{name}"):
        setattr(idle, name, 3)
    assert idle.settings.spp == 1


def test_an_unknown_attribute_is_a_warning_that_knows_better(idle):
    with pytest.warns(rw.SettingsWarning, match="no 'expsure'; did you mean 'exposure'") as told:
        idle.expsure = 3
    assert told[0].filename == __file__
    with pytest.warns(rw.SettingsWarning, match="no 'shiny', and nothing comes of setting it"):
        idle.shiny = True
    idle.scene = idle.scene  # and what may be set is set without a word
    idle.exposure, idle.curve, idle.channel = 2, "agx", "red"
    assert idle.exposure == 2.0


@pytest.mark.parametrize("value", [1e400, "2", None, [1.0], {"a": 1}, float("nan"), 10**400])
def test_display_settings_that_cannot_be_are_the_packages_own_errors(idle, value):
    for name in ("exposure", "curve", "channel"):
        before = getattr(idle, name)
        with pytest.raises(rw.SettingsError) as caught:
            setattr(idle, name, value)
        assert isinstance(caught.value, traitlets.TraitError)
        assert getattr(idle, name) == before


def test_a_page_can_say_what_it_likes_and_nothing_breaks(idle, capfd):
    nonsense = [
        *(None, [], "", 3, 10**400, [[]], {"a": {"b": [{}]}}),
        *({}, {"method": 3}, {"method": []}, {"method": "update"}, {"method": "custom"}),
        *({"method": "update", "state": value} for value in (None, [], "x", 7, [["curve", "agx"]])),
        *(
            {"method": "update", "state": {name: value}}
            for name in ("exposure", "curve", "channel", "width", "status", "scene", "nothing", "")
            for value in (10**400, "wavy", [1], {"a": []}, None, True, "", -(10**5000))
        ),
        {"method": "update", "state": {"exposure": 1.0}, "buffer_paths": [["exposure"]]},
        {"method": "update", "state": {}, "buffer_paths": 7},
    ]
    before = (idle.exposure, idle.curve, idle.channel, idle.width, idle.status)
    for data in nonsense:
        for message in ({"content": {"data": data}, "buffers": []}, data):
            idle._handle_msg(message)
    assert (idle.exposure, idle.curve, idle.channel, idle.width, idle.status) == before
    idle._handle_msg({"content": {"data": {"method": "update", "state": {"exposure": 2}}}})
    assert idle.exposure == 2.0
    shown = capfd.readouterr()
    assert "Traceback" not in shown.out + shown.err
