"""The mouse turns the picture: real events, a real kernel, and what Python then knows."""

import math

import numpy as np
import pytest
from hands import Hands, camera, wait_rendered

SMALL = "rw.RayWidget(rw.presets.cornell(), width=160, height=120, tile_size=32, spp=4)"


@pytest.fixture
def view(notebook):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    return view


def distance(points):
    return math.dist(*points)


def test_a_drag_orbits_and_the_picture_follows_and_is_what_render_makes(notebook, view):
    hands = Hands(view)
    before = camera(notebook)
    with hands.hold((0.3, 0.5)):
        for step in range(1, 6):
            coarse = view.data["paintedCoarse"]
            hands.move(0.3 + 0.1 * step, 0.5)
            view.wait_for(f"data.paintedCoarse > {coarse}", "the picture follows the mouse")
    wait_rendered(view, 1)
    after = camera(notebook)
    assert after[1] == before[1]
    assert distance(after) == pytest.approx(distance(before))
    assert after[0] != before[0]
    assert after[0][1] == pytest.approx(before[0][1])  # a level drag stays level
    expected = "rw.render(widget.scene, width=160, height=120, spp=4).to_uint8()"
    view.assert_shows_now(notebook.array(expected))


def test_a_sketch_is_there_while_kernels_compile_and_turns_too(notebook):
    gate = notebook.compile_slowly()
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_for("data.paintedCoarse > 0", "a sketch is there")
    assert (view.data["state"], view.data["tiles"]) == ("compiling", 0)
    seen, before = view.pixels(), camera(notebook)
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) > 50
    hands = Hands(view)
    with hands.hold((0.3, 0.5)):
        coarse = view.data["paintedCoarse"]
        hands.move(0.5, 0.5)
        view.wait_for(f"data.paintedCoarse > {coarse}", "the sketch follows the mouse")
    assert (view.pixels() != seen).any()
    gate.open()
    wait_rendered(view, 1)
    assert camera(notebook)[0] != before[0]
    expected = "rw.render(widget.scene, width=160, height=120, spp=4).to_uint8()"
    view.assert_shows_now(notebook.array(expected))


VIEWS = ("Fit", "Top", "Left", "Right", "Front", "Back")


def look_from_every_side(view):
    """Press each button that is a view, from where the scene was at first."""
    view.button("Settings").click()
    settings = view.element.get_by_role("region", name="Settings")
    for name in VIEWS:
        for button in (name, "Home"):
            generation = view.data["generation"]
            settings.get_by_role("button", name=button, exact=True).click()
            wait_rendered(view, generation)
            if button == name:
                yield name


@pytest.mark.parametrize("preset", ["cornell", "cornell_empty"])
def test_a_room_is_seen_from_within_by_every_button(notebook, preset):
    view = notebook.run(f"widget = {SMALL.replace('cornell', preset)}\nwidget").view()
    view.wait_painted("done")
    for name in look_from_every_side(view):
        # Each wall that is black outside has light on its inner side.
        assert (view.pixels().astype(int).sum(axis=2) > 30).mean() > 0.5, name
        look_from = notebook.evaluate("widget.camera.look_from")
        if name in ("Top", "Left", "Right", "Back"):
            assert 0 < min(look_from) < max(look_from) < 555, name
            assert notebook.evaluate("widget.camera.vfov") > 70, name
        else:
            assert look_from[2] < 0, name
    assert notebook.evaluate("widget.camera.vfov") == 40  # at home, again


def test_what_stands_before_a_backdrop_is_seen_by_every_button(notebook):
    view = notebook.run(
        "widget = rw.RayWidget(rw.presets.materials(), width=120, height=80, spp=1)\nwidget"
    ).view()
    view.wait_painted("done")
    notebook.run(
        "def balls():\n"
        "    picks = [widget.pick(x, y) for y in range(4, 80, 8) for x in range(4, 120, 8)]\n"
        "    return sum(p.hit is not None and p.hit.shape.name != 'stage' for p in picks)"
    )
    for name in look_from_every_side(view):
        assert notebook.evaluate("balls()") >= 10, name


def test_a_camera_of_parallel_rays_is_turned_as_any_other(notebook, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.run(
        "plan = rw.OrthographicCamera(\n"
        "    look_from=(0, 9.5, 0), look_at=(0, 0.5, 0), up=(0, 0, -1), height=6)\n"
        "scene = rw.Scene([rw.Box((0, 0.5, 0), (3, 1, 1), name='box')], camera=plan,\n"
        "    emitters=[rw.ConstantEnvironment(1)])"
    )
    view = notebook.run("widget = rw.RayWidget(scene, width=160, height=120, spp=4)\nwidget").view()
    view.wait_painted("done")
    hands = Hands(view)

    def seen():
        names = ("look_from", "look_at", "up", "height")
        return notebook.evaluate(f"[getattr(widget.camera, n) for n in {names}]")

    generation = view.data["generation"]
    hands.press("1")
    wait_rendered(view, generation)
    look_from, _, up, height = seen()
    np.testing.assert_allclose(look_from, (0, 0.5, 9), atol=1e-6)
    assert (up, height) == ([0, 1, 0], 6)

    generation = view.data["generation"]
    hands.wheel(-240)
    wait_rendered(view, generation)
    nearer = seen()
    assert nearer[0] == look_from
    assert nearer[3] < 0.8 * height

    generation = view.data["generation"]
    with hands.hold((0.3, 0.5)):
        coarse = view.data["paintedCoarse"]
        hands.move(0.6, 0.4)
        view.wait_for(f"data.paintedCoarse > {coarse}", "the picture follows the mouse")
    wait_rendered(view, generation)
    turned = seen()
    assert turned[1:] == nearer[1:]
    assert distance(turned[:2]) == pytest.approx(9)
    assert turned[0] != look_from

    generation = view.data["generation"]
    with hands.hold((0.5, 0.5), modifiers=["Shift"]):
        hands.move(0.54, 0.5, steps=1)  # more than a click
        hands.move(0.64, 0.5)
    wait_rendered(view, generation)
    moved = np.subtract(seen()[1], turned[1])
    step = 0.1 * 160 / 120 * turned[3]
    assert np.linalg.norm(moved) == pytest.approx(step, rel=0.01)  # as far as the hand

    generation = view.data["generation"]
    hands.press("f")
    wait_rendered(view, generation)
    assert seen()[3] < 4  # of all that is there, no more
    hands.press("c")
    notebook.wait_until(
        "async () => (await navigator.clipboard.readText()).startsWith('rw.OrthographicCamera(')",
        "the camera is on the clipboard",
    )
    text = notebook.page.evaluate("() => navigator.clipboard.readText()")
    np.testing.assert_allclose(notebook.evaluate(f"{text}.height"), seen()[3], rtol=1e-5)
    expected = "rw.render(widget.scene, width=160, height=120, spp=4).to_uint8()"
    view.assert_shows_now(notebook.array(expected))


def test_modifiers_buttons_wheel_and_fingers(notebook, view):
    hands = Hands(view)
    for how in ({"modifiers": ["Shift"]}, {"button": "middle"}, {"button": "right"}):
        generation = view.data["generation"]
        before = camera(notebook)
        hands.drag((0.5, 0.5), (0.6, 0.5), **how)
        wait_rendered(view, generation)
        after = camera(notebook)
        np.testing.assert_allclose(
            np.subtract(after[0], before[0]), np.subtract(after[1], before[1]), atol=1e-6
        )
        assert after != before

    generation, before = view.data["generation"], camera(notebook)
    hands.wheel(-240)
    wait_rendered(view, generation)
    after = camera(notebook)
    assert after[1] == before[1]
    assert distance(after) < distance(before)

    generation, before = view.data["generation"], camera(notebook)
    hands.touch([(0.4, 0.5), (0.5, 0.5)], [(0.35, 0.5), (0.55, 0.5)], [(0.3, 0.5), (0.6, 0.5)])
    wait_rendered(view, generation)
    assert distance(camera(notebook)) == pytest.approx(distance(before) / 3, rel=0.05)


def test_a_tap_then_one_finger_turns_and_two_shift_the_camera(notebook, view):
    hands = Hands(view)
    untouched = camera(notebook)
    hands.touch([(0.5, 0.5)])  # a tap takes the picture in hand
    view.element.get_by_role("region", name="Inspector").wait_for()
    hands.press("Escape")
    assert camera(notebook) == untouched

    generation = view.data["generation"]
    hands.touch([(0.4, 0.5)], [(0.45, 0.5)], [(0.6, 0.5)])
    wait_rendered(view, generation)
    turned = camera(notebook)
    assert turned[0] != untouched[0]
    assert turned[1] == untouched[1]
    assert distance(turned) == pytest.approx(distance(untouched))

    generation = view.data["generation"]
    hands.touch([(0.4, 0.5), (0.6, 0.5)], [(0.45, 0.5), (0.65, 0.5)], [(0.5, 0.5), (0.7, 0.5)])
    wait_rendered(view, generation)
    shifted = camera(notebook)
    move = np.subtract(shifted, turned)
    assert np.abs(move).max() > 0.01
    # Each finger of the two is told on its own: in between, they are a little closer together.
    np.testing.assert_allclose(move[0], move[1], atol=0.05 * np.abs(move).max())


def test_a_wheel_over_a_picture_that_nobody_has_taken_in_hand_scrolls_the_page(notebook, view):
    hands = Hands(view)
    before = camera(notebook)
    hands.page.mouse.move(*hands.place(0.5, 0.5))
    hands.page.evaluate("() => document.activeElement.blur()")
    hands.page.mouse.wheel(0, 200)
    generation = view.data["generation"]
    hands.press("ArrowLeft")  # what comes after it has been heard
    wait_rendered(view, generation)
    assert distance(camera(notebook)) == pytest.approx(distance(before))


def test_keys_turn_fly_and_go_home(notebook, view):
    hands = Hands(view)
    start = camera(notebook)
    for keys, what in (
        (["ArrowLeft", "ArrowUp"], "orbit"),
        (["Shift+ArrowRight"], "pan"),
        (["+"], "dolly"),
        (["7"], "top"),
    ):
        generation, before = view.data["generation"], camera(notebook)
        hands.press(*keys)
        wait_rendered(view, generation)
        after = camera(notebook)
        assert after != before, what
        # A pan moves what is looked at; a view along an axis has a middle of its own.
        assert (after[1] == before[1]) == (what in ("orbit", "dolly")), what
    up = np.subtract(*after)
    assert up[1] / np.linalg.norm(up) > 0.99

    generation, before = view.data["generation"], camera(notebook)
    hands.stage.focus()
    hands.page.keyboard.down("w")
    coarse = view.data["paintedCoarse"]
    view.wait_for(f"data.paintedCoarse > {coarse + 3}", "it flies")
    hands.page.keyboard.up("w")
    wait_rendered(view, generation)
    after = camera(notebook)
    assert distance(after) == pytest.approx(distance(before))
    assert after[1][1] < before[1][1]  # looking down, forward is down

    generation = view.data["generation"]
    hands.press("Home")
    wait_rendered(view, generation)
    np.testing.assert_allclose(camera(notebook), start)


def test_a_double_click_looks_at_what_is_there(notebook, view):
    hands = Hands(view)
    hands.page.mouse.dblclick(*hands.place(0.35, 0.7))
    wait_rendered(view, 1)
    point = notebook.evaluate("widget.pick(80, 60).hit.point")
    np.testing.assert_allclose(camera(notebook)[1], point, rtol=0.02, atol=3)


def test_python_moves_the_camera_and_the_hand_goes_on_from_there(notebook, view):
    notebook.run(
        "seen = []\n"
        "widget.observe(lambda change: seen.append(change.new), 'camera')\n"
        "widget.camera = widget.camera.replace(look_from=(278, 278, -500), vfov=60)"
    )
    wait_rendered(view, 1)
    generation = view.data["generation"]
    Hands(view).press("ArrowRight")
    wait_rendered(view, generation)
    look_from, look_at = camera(notebook)
    assert distance([look_from, look_at]) == pytest.approx(math.dist((278, 278, -500), look_at))
    assert notebook.evaluate("widget.camera.vfov") == 60
    notebook.wait_until_value("seen[-1] is widget.camera", True)


def test_the_camera_follows_while_the_kernel_is_busy(notebook, view):
    busy = notebook.block()
    Hands(view).drag((0.4, 0.5), (0.6, 0.4))
    wait_rendered(view, 1)
    assert busy.holds
    busy.release()


def test_two_views_share_the_camera(notebook, view):
    other = notebook.run("widget").view()
    other.wait_painted("done")
    Hands(other).press("ArrowLeft")
    wait_rendered(other, 1)
    assert camera(notebook)[0][0] != 278
    # The camera glides to rest, and may have rested on its way: what counts is what is there then.
    for one in (other, view):
        one.element.scroll_into_view_if_needed()
        notebook.wait_for(
            lambda one=one: np.array_equal(one.pixels(), notebook.array("widget.image.to_uint8()")),
            "it shows what the kernel has",
        )
    generation = view.data["generation"]
    Hands(view).press("Home")
    wait_rendered(view, generation)
    np.testing.assert_allclose(camera(notebook)[0], (278, 278, -800), atol=1e-6)


def test_copy_camera_puts_its_line_on_the_clipboard(notebook, view, context):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    Hands(view).press("ArrowLeft", "c")
    notebook.wait_until(
        "async () => (await navigator.clipboard.readText()).startsWith('rw.PerspectiveCamera(')",
        "the camera is on the clipboard",
    )
    text = notebook.page.evaluate("() => navigator.clipboard.readText()")
    wait_rendered(view, 1)
    copied = notebook.evaluate(f"{text}.look_from")
    np.testing.assert_allclose(copied, camera(notebook)[0], rtol=1e-5)


def test_a_camera_that_cannot_be_is_refused_and_the_picture_stays(notebook, view):
    comm = notebook.evaluate("widget.model_id")
    picture = view.pixels()
    for look_at in ([0, 0, 0], [0, 5, 0], "there", [1e300, 0, 0]):
        content = {"k": "camera", "client": 5, "number": 1, "moving": False, "look_at": look_at}
        content |= {"look_from": [0, 0, 0], "up": [0, 1, 0], "vfov": 40}
        notebook.send_to_widget(comm, {"method": "custom", "content": content})
    generation = view.data["generation"]
    Hands(view).press("ArrowLeft", "Home")
    wait_rendered(view, generation)
    view.assert_shows(picture)
    notebook.run("widget._pump._conversation.failures = 0")  # they were meant
