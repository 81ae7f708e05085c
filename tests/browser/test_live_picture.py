"""What the canvas shows, byte for byte, through everything that can happen to a page."""

import pytest

import raywidget as rw

SMALL = {"width": 160, "height": 120, "spp": 16, "tile_size": 32}
# Goes on for longer than any test waits, and finishes tiles all the time.
ENDLESS = (
    "rw.RayWidget(rw.presets.cornell(), width=96, height=96, tile_size=32, spp=10**6, passes=10**5)"
)


def cornell(**settings):
    return rw.render(rw.presets.cornell(), **settings).to_uint8()


def arguments(settings):
    return ", ".join(f"{name}={value}" for name, value in settings.items())


@pytest.fixture(scope="module")
def small_picture():
    return cornell(**SMALL)


def test_the_finished_canvas_equals_render(notebook):
    settings = {"width": 640, "height": 480, "spp": 10, "passes": 10}
    cell = notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(settings)})\nwidget"
    )
    view = cell.view()
    view.wait_painted("done")
    assert view.data["painted"] >= 80  # each of its tiles, if no machine is too slow for more
    assert view.data["samples"] == 640 * 480 * 10
    view.assert_shows_now(cornell(**settings))
    view.assert_shows_now(notebook.array("widget.image.to_uint8()"))


def test_two_views_show_the_same(notebook, small_picture):
    first = notebook.run(f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(SMALL)})\nwidget")
    second = notebook.run("widget")
    views = [first.view(), second.view()]
    for view in views:
        view.element.scroll_into_view_if_needed()
        view.wait_painted("done")
        view.assert_shows_now(small_picture)

    # Display settings belong to the widget: what is done in one view is seen in the other.
    views[0].button("Settings").click()
    views[0].element.get_by_label("Tone curve").select_option("filmic")
    developed = notebook.array("widget.image.to_uint8(curve='filmic')")
    for view in views:
        view.element.scroll_into_view_if_needed()
        view.assert_shows(developed)


def test_a_view_that_comes_late_shows_everything(notebook, small_picture):
    notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(SMALL)})\nassert widget.wait()"
    )
    view = notebook.run("widget").view()
    view.wait_painted("done")
    view.assert_shows_now(small_picture)


def test_a_page_loaded_anew_while_it_renders_goes_on(notebook):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    notebook.save()
    notebook.reload()
    view = cell.view()
    view.wait_running(tiles=20)
    view.button("Stop").click()
    view.wait_painted("stopped")
    view.assert_follows("widget.image.to_uint8()")


def test_a_page_loaded_anew_in_a_pause_shows_what_was_there_and_ends_equal(notebook):
    settings = {"width": 640, "height": 480, "spp": 24, "passes": 24}
    # Paused from Python: a machine may be done with it before a mouse has come to the button.
    cell = notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(settings)})\n"
        "while not widget.image.spp:\n    time.sleep(0.001)\n"
        "widget.pause()\nwidget"
    )
    cell.view().wait_painted("paused")
    notebook.save()
    notebook.reload()
    view = cell.view()
    view.wait_painted("paused")
    view.assert_follows("widget.image.to_uint8()")
    view.button("Resume").click()
    view.wait_painted("done")
    view.assert_shows_now(cornell(**settings))


def test_another_scene_replaces_the_picture(notebook, small_picture):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    view = cell.view()
    view.wait_running()
    notebook.run(f"widget.restart({arguments(SMALL)}, passes=None)")
    view.wait_for("data.generation === 2 && data.state === 'done'", "the second render is done")
    view.wait_painted("done")
    view.assert_shows_now(small_picture)


MALFORMED = [
    None,
    7,
    "hello",
    [],
    {},
    {"k": 5},
    {"k": "control", "client": 1, "do": "explode"},
    {"k": "control", "client": 1, "do": "more", "samples": -5},
    {"k": "control", "client": 1, "do": "more", "samples": 1e300},
    {"k": "control", "client": 1, "do": ["stop"]},
    {"k": "hello", "v": 99, "client": 1, "have": None},
    {"k": "hello", "v": 1, "client": "me", "have": None},
    {"k": "hello", "v": 1, "client": -1, "have": {"epoch": "x"}},
    {"k": "ack", "client": 1, "epoch": 1, "seq": 2**60, "missing": [], "visible": True},
    {"k": "ack", "client": 1, "epoch": 1, "seq": 1, "missing": ["a"] * 1000, "visible": "yes"},
    {"k": "need", "client": 1, "epoch": [], "generation": {}},
    {"k": "k" * 100_000},
]
WRONG_TRAITS = [
    {"exposure": "bright"},
    {"exposure": 1e9},
    {"exposure": None},
    {"curve": "sepia"},
    {"curve": ["srgb"]},
    {"width": -5, "height": "x", "status": 7, "_key": "mine"},
]


def test_malformed_messages_from_a_page_are_ignored(notebook, small_picture):
    cell = notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(SMALL)}, autostart=False)\nwidget"
    )
    view = cell.view()
    view.wait_for("data.state === 'stopped'", "it has been welcomed")
    comm = notebook.evaluate("widget.model_id")
    for content in MALFORMED:
        for buffers in ([], [[1, 2, 3]]):
            notebook.send_to_widget(comm, {"method": "custom", "content": content}, buffers)
    for state in WRONG_TRAITS:
        notebook.send_to_widget(comm, {"method": "update", "state": state, "buffer_paths": []})
    notebook.run("widget.start()")
    view.wait_painted("done")
    view.assert_shows_now(small_picture)
    assert notebook.evaluate("[widget.width, widget.exposure, widget.curve]") == [160, 0, "srgb"]


def test_a_flood_of_messages_starves_nothing(notebook):
    notebook.run("begun = len(threading.enumerate())")
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    view = cell.view()
    view.wait_running()
    comm = notebook.evaluate("widget.model_id")
    flood = [
        {"k": "hello", "v": 1, "client": 5, "have": None},
        {"k": "ack", "client": 5, "epoch": 1, "seq": 3, "missing": [1, 2], "visible": True},
        {"k": "need", "client": 5, "epoch": 1, "generation": 1},
        {"k": "probe", "client": 5, "number": 1, "x": 1, "y": 1},
        {"k": "x" * 10_000},
    ]
    notebook.page.evaluate(
        """([comm, flood]) => {
            for (let i = 0; i < 400; i++) {
                for (const content of flood) {
                    if (content.k === "hello" || content.k === "probe") content.client = i + 1;
                    window.driver.sendToWidget(comm, { method: "custom", content }, []);
                }
            }
        }""",
        [comm, flood],
    )
    view.wait_running(tiles=50)  # in the middle of it
    # All have been heard: of 400 clients a few are kept, and as few of their questions.
    assert notebook.evaluate("len(widget._pump._conversation.flow.clients)") <= 16
    assert notebook.evaluate("len(widget._pump._conversation._news.answers)") <= 256
    view.wait_running(tiles=50)
    notebook.run("widget.stop()")
    view.wait_for("data.state === 'stopped'", "stopped")
    view.assert_follows("widget.image.to_uint8()")


def test_a_worker_that_fails_says_so_over_the_picture(notebook, small_picture):
    notebook.run(
        "from raywidget.engine.session.accumulation import Accumulator\n"
        "sound = Accumulator.accumulate\n"
        "def broken(self, run, job):\n"
        "    if job.pass_index > 0:\n"
        "        raise OSError('the <disk> is full')\n"
        "    return sound(self, run, job)\n"
        "Accumulator.accumulate = broken"
    )
    cell = notebook.run(f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(SMALL)})\nwidget")
    view = cell.view()
    view.wait_for("data.state === 'failed'", "the failure is seen")
    alert = view.element.get_by_role("alert")
    alert.wait_for()
    assert alert.inner_text() == "OSError: the <disk> is full"
    waited = notebook.run(
        "try:\n    widget.wait()\nexcept rw.RenderError as error:\n    print(repr(error.__cause__))"
    )
    assert waited.wait().strip() == "OSError('the <disk> is full')"
    assert not any("worker" in line for line in notebook.console)

    notebook.run("Accumulator.accumulate = sound")
    view.button("Restart").click()
    view.wait_painted("done")
    alert.wait_for(state="hidden")
    view.assert_shows(small_picture)


def test_malformed_messages_from_a_kernel_are_ignored(notebook, small_picture):
    cell = notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), {arguments(SMALL)}, autostart=False)\nwidget"
    )
    view = cell.view()
    view.wait_for("data.state === 'stopped'", "it has been welcomed")
    notebook.run("""
epoch = widget._pump.epoch
tiles = {"k": "tiles", "epoch": epoch, "generation": 1, "encoding": "half3", "progress": None}
outside = np.array([150, 0, 32, 32, 0, 0, 9, 0], "<u2").tobytes() + bytes(6 * 32 * 32)
for content, buffers in [
    (None, []),
    ([1], []),
    ({"k": "begin", "epoch": epoch, "generation": 1, "width": -1}, []),
    ({"k": "begin", "epoch": epoch, "generation": 10**9, "width": 10**6, "height": 10**6}, []),
    ({**tiles, "seq": 1, "n": 1}, []),
    ({**tiles, "seq": 1, "n": 10**6}, [b"torn"]),
    ({**tiles, "seq": 1.5, "n": 1}, [outside]),
    ({**tiles, "seq": 1, "n": 1, "epoch": epoch + 1}, [outside]),
    ({**tiles, "seq": 1, "n": 1, "encoding": "jpeg"}, [outside]),
    ({"k": "state", "epoch": epoch, "generation": 1, "state": "exploded"}, []),
]:
    widget.send(content, buffers)
widget.start()
""")
    view.wait_painted("done")
    view.assert_shows_now(small_picture)
