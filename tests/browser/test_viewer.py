"""The tools of a view: inspector, display, region, close-up, comparison, files, help."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hands import Hands, wait_rendered

SMALL = "rw.RayWidget(rw.presets.cornell(), width=160, height=120, tile_size=32, spp=4)"
AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def view(notebook):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    return view


def enter(field, text):
    """Type into a field, as a user does: what is set from outside changes nothing."""
    field.select_text()
    field.press_sequentially(text)
    field.press("Enter")


def open_settings(view):
    view.button("Settings").click()
    return view.element.get_by_role("region", name="Settings")


def test_a_click_tells_what_is_there(notebook, view):
    notebook.run("picks = []\nwidget.on_pick(picks.append)")
    Hands(view).click(0.5, 0.9)
    inspector = view.element.get_by_role("region", name="Inspector")
    inspector.get_by_text("floor (Quad)").wait_for()
    lines = inspector.inner_text()
    pick = "widget.pick(80, 108)"
    point = notebook.evaluate(f"[f'{{x:.4g}}' for x in {pick}.hit.point]")
    assert ", ".join(point) in lines
    for term in (
        "material",
        "color",
        "distance",
        "normal",
        "u, v",
        "radiance",
        "± error",
        "samples",
    ):
        assert term in lines
    notebook.wait_until_value(f"picks == [{pick}]", True)
    Hands(view).press("Escape")
    inspector.wait_for(state="hidden")


@pytest.mark.parametrize(
    ("curve", "channel"),
    [("agx", "color"), ("neutral", "color"), ("filmic", "luminance"), ("srgb", "red")],
)
def test_what_is_seen_is_what_is_saved(notebook, view, curve, channel):
    settings = open_settings(view)
    view.element.get_by_role("slider").press("ArrowRight")
    view.element.get_by_label("Tone curve").select_option(curve)
    settings.get_by_label("Channel").select_option(channel)
    notebook.wait_until_value("[widget.curve, widget.channel]", [curve, channel])
    view.assert_shows(notebook.array("widget.image.to_uint8()"))
    view.assert_shows_now(notebook.array(f"widget.image.to_uint8(0.25, {curve!r}, {channel!r})"))


def test_false_colour_of_light_and_of_samples(notebook, view):
    Hands(view).press("v", "v", "v", "v", "v")
    notebook.wait_until_value("widget.channel", "heat")
    view.assert_shows(notebook.array("widget.image.to_uint8()"))
    assert len(np.unique(view.pixels().reshape(-1, 3), axis=0)) > 20
    notebook.run("widget.channel = 'samples'")
    view.assert_shows(notebook.array("widget.image.to_uint8()"))
    Hands(view).press("v")
    notebook.wait_until_value("widget.channel", "color")


def test_keys_change_exposure_and_curve(notebook, view):
    Hands(view).press("]", "]", "[", "t")
    notebook.wait_until_value("[widget.exposure, widget.curve]", [0.25, "filmic"])
    Hands(view).press("\\")
    notebook.wait_until_value("widget.exposure", 0)


def test_a_region_is_refined_first(notebook):
    view = notebook.run(
        "widget = rw.RayWidget(rw.presets.cornell(), width=256, height=256, tile_size=32, "
        "spp=10**6, passes=10**5, threads=1)\nwidget"
    ).view()
    view.wait_running(tiles=70)
    hands = Hands(view)
    hands.press("b")
    hands.drag((0.02, 0.02), (0.1, 0.1))
    notebook.run(
        "def ahead():\n"
        "    samples = widget.image.samples\n"
        "    return bool(samples[:32, :32].min() > 4 * samples[64:, 64:].max())"
    )
    notebook.wait_until_value("ahead()", True)
    region = open_settings(view).get_by_role("button", name="Region")
    assert region.get_attribute("aria-pressed") == "true"
    region.click()
    assert region.get_attribute("aria-pressed") == "false"
    notebook.wait_until_value("widget._session._stage.region", None)


def test_depth_and_width_are_settings_of_the_render(notebook, view):
    settings = open_settings(view)
    depth = settings.get_by_label("Depth")
    assert depth.input_value() == notebook.evaluate("str(widget.settings.max_depth)")
    enter(depth, "2")
    wait_rendered(view, 1)
    assert notebook.evaluate("widget.settings.max_depth") == 2
    view.assert_shows_now(notebook.array("widget.image.to_uint8()"))
    enter(depth, "0")
    assert depth.input_value() == "2"

    notebook.run("seen = []\nwidget.observe(lambda change: seen.append(change.new), 'width')")
    generation = view.data["generation"]
    settings.get_by_label("fit to cell").check()
    wait_rendered(view, generation)
    width, height = notebook.evaluate("[widget.width, widget.height]")
    assert width == round(view.element.bounding_box()["width"])
    assert height == round(width * 3 / 4)
    assert view.pixels().shape == (height, width, 3)
    notebook.wait_until_value("seen", [width])


def test_files_from_the_kernel(notebook, view, tmp_path):
    settings = open_settings(view)
    with notebook.page.expect_download() as download:
        settings.get_by_role("button", name="NPZ").click()
    assert download.value.suggested_filename == "raywidget.npz"
    path = tmp_path / "picture.npz"
    download.value.save_as(path)
    with np.load(path) as saved:
        np.testing.assert_array_equal(saved["pixels"], notebook.array("widget.image.pixels"))
        assert (saved["spp"] == 4).all()


def test_a_close_up_shows_pixels_and_their_values(notebook, view):
    hands = Hands(view)
    hands.press("z")
    hands.move(0.52, 0.52)
    readout = view.element.locator(".raywidget-readout")
    readout.wait_for()
    text = readout.inner_text()
    x, y = (int(part) for part in text.split(" · ")[0].split(", "))
    red = notebook.evaluate(f"float(widget.image.pixels[{y}, {x}, 0])")
    assert float(text.split(" · ")[1].split()[0]) == pytest.approx(red, rel=2e-3, abs=1e-6)
    assert text.endswith("4 spp")
    layers = view.element.locator(".raywidget-layers")
    style = "element => getComputedStyle(element)"
    assert "matrix(4" in layers.evaluate(f"{style}.transform")
    assert layers.evaluate(f"{style}.imageRendering") == "pixelated"
    before = layers.evaluate(f"{style}.transform")
    hands.drag((0.5, 0.5), (0.6, 0.6))
    assert layers.evaluate(f"{style}.transform") != before
    assert view.data["generation"] == 1  # the camera stayed
    hands.press("Escape")
    assert layers.evaluate(f"{style}.transform") == "none"


def test_a_kept_picture_is_compared_with_what_follows(notebook, view):
    hands = Hands(view)
    kept = view.pixels()
    hands.press("x", "ArrowLeft")
    wait_rendered(view, 1)
    assert (view.pixels() != kept).any()
    canvas = view.element.locator(".raywidget-kept")
    first = canvas.evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 160, 120).data]"
    )
    np.testing.assert_array_equal(np.reshape(first, (120, 160, 4))[..., :3], kept)
    wipe = view.element.get_by_role("slider", name="Compare")
    assert wipe.get_attribute("aria-valuenow") == "50"
    wipe.press("ArrowRight")
    assert wipe.get_attribute("aria-valuenow") == "55"
    x, y = hands.place(0.55, 0.5)
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(*hands.place(0.2, 0.5), steps=3)
    notebook.page.mouse.up()
    assert 18 <= int(wipe.get_attribute("aria-valuenow")) <= 22
    assert view.data["generation"] > 1
    hands.press("x")
    wipe.wait_for(state="hidden")


def test_help_opens_and_gives_the_focus_back(notebook, view):
    hands = Hands(view)
    hands.press("?")
    help_ = view.element.get_by_role("dialog", name="Keys and help")
    help_.wait_for()
    assert "orbit" in help_.inner_text()
    notebook.page.keyboard.press("Escape")
    help_.wait_for(state="hidden")
    assert hands.stage.evaluate("stage => document.activeElement === stage")


def test_keys_of_the_picture_are_not_keys_of_the_notebook(notebook, view):
    cells = len(notebook.cells())
    Hands(view).press("d", "d", "x", "x", "m", "Escape")
    assert len(notebook.cells()) == cells
    view.wait_for("data.spp === 8", "M asked for more samples")


def test_live_edits_by_path(notebook, view):
    before = view.pixels()
    notebook.run("widget.update({'lamp.emission': (0, 0, 9), 'glass ball.material.ior': 1.3})")
    wait_rendered(view, 1)
    assert notebook.evaluate("widget.scene.shapes[-1] is not None")
    assert (view.pixels() != before).any()
    view.assert_shows_now(notebook.array("widget.image.to_uint8()"))


def test_the_status_tells_of_compiling_progress_and_the_end(notebook):
    gate = notebook.compile_slowly()
    settings = "width=320, height=240, spp=10**6, passes=10**5"
    view = notebook.run(f"widget = rw.RayWidget(rw.presets.cornell(), {settings})\nwidget").view()
    status = view.element.get_by_role("status")
    status.get_by_text("compiling kernels (first run)").wait_for()
    assert view.data["state"] == "compiling"
    assert view.element.evaluate(ANIMATIONS) == ["raywidget-wait"]
    notebook.page.emulate_media(reduced_motion="reduce")
    assert view.element.evaluate(ANIMATIONS) == []
    notebook.page.emulate_media(reduced_motion="no-preference")
    gate.open()
    counted = r"\d+ of 1000000 spp · \d+ %"
    rate = r"\d+(\.\d)? [kM] samples/s"
    left = r"\d+ (min|h \d+ min) left"
    error = r"±\d+(\.\d+)? %"
    status.get_by_text(re.compile(f"^{counted} · {error} · {rate} · {left}$")).wait_for()
    view.button("Pause").click()
    status.get_by_text(re.compile(f"^paused · {counted} · {error}$")).wait_for()
    view.button("Stop").click()
    status.get_by_text(re.compile(f"^stopped · {counted} · {error}$")).wait_for()
    notebook.run("widget.restart(spp=8, passes=1)")
    status.get_by_text(re.compile(f"^done · 8 spp · {error} · \\d+(\\.\\d)? s$")).wait_for()


# The names of what moves by itself within an element.
ANIMATIONS = """(element) => element.getAnimations({ subtree: true })
    .map((one) => one.animationName ?? "transition")"""


THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: npm ci in js/")
@pytest.mark.parametrize("theme", THEMES)
def test_nothing_stands_in_the_way_of_those_who_see_or_work_otherwise(notebook, view, theme):
    page = notebook.page
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
        THEMES[theme],
    )
    notebook.wait_until(
        "light => document.body.dataset.jpThemeLight === light",
        "the theme has changed",
        "true" if theme == "light" else "false",
    )
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    try:
        open_settings(view)
        Hands(view).click(0.5, 0.9)
        view.element.get_by_text("floor (Quad)").wait_for()
        check(view)
        Hands(view).press("x", "?")
        check(view)
        view.element.evaluate("(element) => { element.parentElement.style.width = '300px'; }")
        check(view)
        overflow = "(element) => element.scrollWidth - element.clientWidth"
        assert view.element.evaluate(overflow) <= 0, "something sticks out of a narrow cell"
    finally:
        page.evaluate(
            "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })",
            THEMES["light"],
        )


def check(view):
    """Let axe look at the view: nothing may violate its rules."""
    violations = view.element.evaluate(
        "async (element) => (await axe.run(element)).violations.map("
        "({ id, help, nodes }) => ({ id, help, nodes: nodes.map((node) => node.html + ' ' + "
        "node.failureSummary).slice(0, 3) }))"
    )
    assert violations == [], json.dumps(violations, indent=1)
