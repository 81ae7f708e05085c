"""The tools of a view: inspector, display, region, close-up, comparison, files, help."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hands import Hands, wait_rendered
from PIL import Image as PictureFile

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


def inspector_of(view):
    return view.element.get_by_role("region", name="Inspector")


def test_what_is_told_follows_the_picture(notebook, view):
    hands = Hands(view)
    notebook.run("picks = []\nwidget.on_pick(picks.append)")
    hands.click(0.5, 0.9)
    inspector = inspector_of(view)
    inspector.get_by_text("floor (Quad)").wait_for()
    point = notebook.evaluate("widget.pick(80, 108).hit.point")
    mark = view.element.locator(".raywidget-mark")
    before = mark.bounding_box()
    hands.press("ArrowLeft", "ArrowLeft")
    wait_rendered(view, 1)
    # The ring is where the point is now.
    box, stage = mark.bounding_box(), hands.stage.bounding_box()
    assert abs(box["x"] - before["x"]) > 2
    x = (box["x"] + box["width"] / 2 - stage["x"]) / stage["width"] * 160
    y = (box["y"] + box["height"] / 2 - stage["y"]) / stage["height"] * 120
    there = notebook.evaluate(f"widget.pick({int(x)}, {int(y)}).hit.point")
    np.testing.assert_allclose(there, point, atol=12)  # a pixel is about 5 wide there

    def told():
        text = f"{int(x)}, {int(y)}"
        return text in inspector.inner_text() and "has changed" not in inspector.inner_text()

    notebook.wait_for(told, "the card tells of the pixel that is ringed")
    notebook.run("widget.update({'floor.material': rw.Diffuse((0.1, 0.2, 0.3))})")
    inspector.get_by_text("(0.1, 0.2, 0.3)").wait_for()
    assert notebook.evaluate("len(picks)") == 1  # what a page asks by itself is no click
    hands.press("Escape")
    inspector.wait_for(state="hidden")
    assert mark.is_hidden()


def test_a_click_while_kernels_compile_is_answered_truly_or_not_at_all(notebook):
    gate = notebook.compile_slowly()
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_for("data.paintedCoarse > 0", "a sketch is there")
    hands, inspector = Hands(view), inspector_of(view)
    hands.click(0.5, 0.9)
    inspector.get_by_text("Not rendered yet").wait_for()
    hands.press("Escape")
    inspector.wait_for(state="hidden")
    hands.click(0.1, 0.5)
    hands.click(0.5, 0.9)
    gate.open()
    view.wait_painted("done")
    inspector.get_by_text("floor (Quad)").wait_for()


def test_the_card_lets_clicks_through(notebook):
    view = notebook.run(
        "widget = rw.RayWidget(rw.presets.cornell(), width=640, height=480, spp=1)\nwidget"
    ).view()
    view.wait_painted("done")
    hands, inspector = Hands(view), inspector_of(view)
    hands.click(0.6, 0.95)
    inspector.get_by_text("floor (Quad)").wait_for()
    card = inspector.bounding_box()
    stage = hands.stage.bounding_box()
    at = inspector.get_by_text("material").bounding_box()
    assert card["x"] < stage["x"] + 20  # on the other side, over the picture
    notebook.page.mouse.click(at["x"] + 3, at["y"] + 3)
    notebook.wait_for(lambda: "floor" not in inspector.inner_text(), "what lies below is told")
    assert inspector.bounding_box()["x"] > stage["x"] + 320


def test_of_many_it_is_told_which(notebook):
    notebook.run(
        "atoms = rw.Spheres([(-2, 0, 0), (0, 0, 0), (2, 0, 0)], 0.8, name='atoms')\n"
        "camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=40)\n"
        "scene = rw.Scene([atoms], emitters=[rw.ConstantEnvironment(1)], camera=camera)"
    )
    view = notebook.run("widget = rw.RayWidget(scene, width=320, height=240, spp=1)\nwidget").view()
    view.wait_painted("done")
    Hands(view).click(0.5 + 2 / 9 / (2 * np.tan(np.radians(20)) * 4 / 3), 0.5)
    inspector_of(view).get_by_text("atoms[2] (Spheres)").wait_for()
    Hands(view).click(0.5, 0.05)
    inspector_of(view).get_by_text("Nothing: the environment").wait_for()


def test_a_pointer_that_rests_is_told_what_is_below_it(notebook):
    notebook.run(
        "atoms = rw.Spheres([(-2, 0, 0), (0, 0, 0), (2, 0, 0)], 0.8, name='atoms')\n"
        "camera = rw.PerspectiveCamera(look_from=(0, 0, 9), look_at=(0, 0, 0), vfov=40)\n"
        "scene = rw.Scene([atoms], emitters=[rw.ConstantEnvironment(1)], camera=camera)\n"
        "picks = []"
    )
    view = notebook.run("widget = rw.RayWidget(scene, width=320, height=240, spp=1)\nwidget").view()
    notebook.run("widget.on_pick(picks.append)")
    view.wait_painted("done")
    hands, hover = Hands(view), view.element.locator(".raywidget-hover")
    hands.move(0.5, 0.5)
    hover.get_by_text("atoms[1] (Spheres)").wait_for()
    x, y, z = notebook.evaluate("[f'{x:.4g}' for x in widget.pick(160, 120).hit.point]")
    assert f"{float(x):g}, {float(y):g}, {float(z):g}" in hover.inner_text()
    assert hover.inner_text().endswith(" away")
    hands.move(0.5 + 2 / 9 / (2 * np.tan(np.radians(20)) * 4 / 3), 0.5)
    hover.get_by_text("atoms[2] (Spheres)").wait_for()
    hands.move(0.5, 0.05)
    hover.wait_for(state="hidden")  # nothing is there
    hands.move(0.5, 0.5)
    hover.get_by_text("atoms[1] (Spheres)").wait_for()
    # Hands that do something are left alone.
    with hands.hold((0.5, 0.5)):
        hover.wait_for(state="hidden")
        hands.move(0.55, 0.5)
        assert hover.is_hidden()
    wait_rendered(view, 1)
    assert notebook.evaluate("picks") == []
    inspector = inspector_of(view)
    assert inspector.is_hidden()
    hands.click(0.5, 0.5)
    inspector.get_by_text("atoms[1] (Spheres)").wait_for()  # a click keeps it


def test_what_is_cut_out_is_saved_as_it_is_not_as_it_is_shown(notebook, tmp_path):
    notebook.run(
        "scene = rw.Scene([rw.Sphere((0, 0, 0), 1, material=rw.Diffuse((0.9, 0.2, 0.1)))],\n"
        "    emitters=[rw.ConstantEnvironment(1)],\n"
        "    camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0), vfov=40))"
    )
    gate = notebook.compile_slowly()
    view = notebook.run(
        "widget = rw.RayWidget(scene, width=64, height=48, spp=4, alpha=True)\nwidget"
    ).view()
    view.wait_for("data.paintedCoarse > 0", "a sketch is there")
    corner = view.pixels()[:16, :16]
    assert len(np.unique(corner.reshape(-1, 3), axis=0)) == 2  # squares, not the sky
    gate.open()
    view.wait_painted("done")
    hands = Hands(view)
    hands.press("]", "]", "t")
    with notebook.page.expect_download() as download:
        hands.press("p")
    path = tmp_path / "picture.png"
    download.value.save_as(path)
    assert download.value.suggested_filename == "raywidget.png"
    with PictureFile.open(path) as picture:
        saved = np.asarray(picture)
    notebook.wait_until_value("[widget.exposure, widget.curve]", [0.5, "filmic"])
    notebook.run(f"widget.image.save({str(tmp_path / 'own.png')!r})")
    with PictureFile.open(tmp_path / "own.png") as picture:
        np.testing.assert_array_equal(saved, np.asarray(picture))
    assert saved.shape == (48, 64, 4)
    assert (saved[0, 0, 3], saved[24, 32, 3]) == (0, 255)
    rim = (saved[..., 3] > 0) & (saved[..., 3] < 255)
    assert rim.sum() > 20
    assert (
        saved[rim][:, 0] > 1.5 * saved[rim][:, 2]
    ).all()  # red as it is within: no grey mixed in


def test_a_shadow_lies_on_the_squares_and_is_saved_with_and_without_its_noise(notebook, tmp_path):
    notebook.run(
        "from raywidget.picture.transparency import lay_over_checkerboard\n"
        "def on_squares():\n"
        "    shown = lay_over_checkerboard(widget.image.pixels, widget.image.alpha)\n"
        "    return rw.Image(shown, spp=1).to_uint8()\n"
        "scene = rw.studio(rw.Sphere((0, 0, 0), 1), ground='shadow')"
    )
    view = notebook.run(
        "widget = rw.RayWidget(scene, width=64, height=48, spp=8, alpha=True)\nwidget"
    ).view()
    view.wait_painted("done")
    noisy = notebook.array("widget.image.alpha")
    assert ((noisy > 0.1) & (noisy < 1)).sum() > 100  # there is a shadow
    view.assert_shows(notebook.array("on_squares()"))
    view.button("Denoise").click()
    status = view.element.get_by_role("status")
    notebook.wait_for(lambda: "denoised" in status.inner_text(), "it says that it is denoised")
    clean = notebook.array("widget.image.alpha")
    assert (clean != noisy).sum() > 100
    view.assert_shows(notebook.array("on_squares()"))
    with notebook.page.expect_download() as download:
        view.button("Save PNG").click()
    download.value.save_as(tmp_path / "picture.png")
    with PictureFile.open(tmp_path / "picture.png") as picture:
        saved = np.asarray(picture)
    np.testing.assert_array_equal(saved, notebook.array("widget.image.to_uint8()"))
    np.testing.assert_allclose(saved[..., 3] / 255, clean, atol=0.5 / 255 + 1e-6)


def test_who_turns_the_wheel_over_a_picture_is_told_to_click(notebook, view):
    hands = Hands(view)
    hint = view.element.get_by_text("Click the picture")
    notebook.page.evaluate("() => document.activeElement.blur()")
    hands.page.mouse.move(*hands.place(0.4, 0.5))
    hands.page.mouse.move(*hands.place(0.5, 0.5))
    hands.page.mouse.wheel(0, 20)
    hint.wait_for()
    hands.click(0.5, 0.5)
    hint.wait_for(state="hidden")


def test_false_colours_have_a_legend(notebook, view):
    legend = view.element.get_by_role("note", name="Colours")
    assert legend.is_hidden()
    notebook.run("widget.channel = 'heat'")
    legend.get_by_text("256", exact=True).wait_for()
    notebook.run("widget.exposure = 2")
    legend.get_by_text("64", exact=True).wait_for()
    notebook.run("widget.channel = 'samples'")
    legend.get_by_text("samples per pixel").wait_for()
    assert legend.inner_text().split()[-1] == "4"


def test_a_region_keeps_a_thin_frame_in_a_close_up(notebook, view):
    hands = Hands(view)
    hands.press("b")
    hands.drag((0.4, 0.4), (0.6, 0.6))
    frame = view.element.locator(".raywidget-region")
    whole = frame.bounding_box()
    hands.press("z")
    close = frame.bounding_box()
    assert close["width"] == pytest.approx(4 * whole["width"], rel=0.02)
    scale = """(element) => {
        let scale = 1;
        for (let node = element; node; node = node.parentElement)
            scale *= new DOMMatrix(getComputedStyle(node).transform).a;
        return scale * parseFloat(getComputedStyle(element).borderTopWidth);
    }"""
    assert frame.evaluate(scale) == 1


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
    view.assert_follows("widget.image.to_uint8()")
    view.assert_shows_now(notebook.array(f"widget.image.to_uint8(0.25, {curve!r}, {channel!r})"))


def test_false_colour_of_light_and_of_samples(notebook, view):
    Hands(view).press("v", "v", "v", "v", "v")
    notebook.wait_until_value("widget.channel", "heat")
    view.assert_follows("widget.image.to_uint8()")
    assert len(np.unique(view.pixels().reshape(-1, 3), axis=0)) > 20
    notebook.run("widget.channel = 'samples'")
    view.assert_follows("widget.image.to_uint8()")
    # Nothing here shows values, so that channel is passed over.
    Hands(view).press("v")
    notebook.wait_until_value("widget.channel", "color")
    assert open_settings(view).locator("option[value=value]").is_disabled()


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
    assert height < notebook.page.viewport_size["height"]  # with the toolbar in the window
    assert view.pixels().shape == (height, width, 3)
    notebook.wait_until_value("seen", [width])
    generation = view.data["generation"]
    settings.get_by_label("fit to cell").uncheck()
    wait_rendered(view, generation)
    assert notebook.evaluate("[widget.width, widget.height]") == [160, 120]


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
    status.get_by_text("preparing the scene").wait_for()
    assert view.data["state"] == "compiling"
    assert view.element.evaluate(ANIMATIONS) == ["raywidget-wait"]
    notebook.page.emulate_media(reduced_motion="reduce")
    assert view.element.evaluate(ANIMATIONS) == []
    notebook.page.emulate_media(reduced_motion="no-preference")
    gate.open()
    counted = r"\d+ % · (\d+ (min|h \d+ min) left · )?\d+ of 1000000 spp"
    rate = r"\d+(\.\d)? [kM]? ?samples/s"
    noise = r"noise \d+(\.\d+)? %"
    wait_for_status(view, f"{counted} · {noise} · {rate}")
    view.button("Pause").click()
    wait_for_status(view, f"paused · {counted} · {noise}")
    view.button("Stop").click()
    wait_for_status(view, f"stopped · {counted} · {noise}")
    notebook.run("widget.restart(spp=8, passes=1)")
    wait_for_status(view, rf"done · \d+(\.\d)? s · 8 spp · {noise}")
    assert "halve it" in status.get_attribute("title")


def wait_for_status(view, pattern):
    """Wait until the line under the picture, seen or cut off, is like this."""
    status = view.element.get_by_role("status")
    view.notebook.wait_for(
        lambda: re.fullmatch(pattern, status.text_content()), f"the status is {pattern}"
    )


# How many parts: that it is done, and in what time; where there is room, samples and noise.
SEEN = {300: 4, 320: 4, 360: 4, 400: 4, 480: 4, 539: 4, 560: 2, 640: 2, 1000: 4}


@pytest.mark.parametrize("width", SEEN)
def test_whole_parts_of_the_status_are_seen_and_the_rest_is_not(notebook, width):
    view = notebook.run(
        f"widget = rw.RayWidget(rw.presets.cornell(), width={width}, height=120, spp=4)\nwidget"
    ).view()
    view.wait_painted("done")
    wait_for_status(view, "done · .* · 4 spp · noise .*")
    status = view.element.get_by_role("status")
    seen, cut = status.evaluate(
        """(element) => {
            const { top, bottom, right } = element.getBoundingClientRect();
            const boxes = [...element.children].map((part) => part.getBoundingClientRect());
            const seen = boxes.filter((box) => box.top < bottom - 1);
            return [seen.length, seen.filter((box) => box.right > right + 1).length];
        }"""
    )
    assert cut == 0
    assert seen >= SEEN[width]
    slider = view.element.get_by_role("slider", name="Exposure").bounding_box()
    assert slider["width"] >= 40
    assert view.element.get_by_role("slider", name="Exposure").is_visible()
    assert view.element.get_by_label("Tone curve").is_visible()


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
