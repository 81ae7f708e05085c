"""Buttons, slider and curve are used as a user uses them: with the mouse and the keyboard."""

import itertools
import os
import signal

import numpy as np
from hands import Hands, wait_rendered
from lab_driver import THREADS
from PIL import Image as PictureFile

# Goes on for longer than any test waits, and finishes tiles all the time.
ENDLESS = (
    "rw.RayWidget(rw.presets.cornell(), width=96, height=96, tile_size=32, spp=10**6, passes=10**5)"
)
SMALL = "rw.RayWidget(rw.presets.cornell(), width=160, height=120, tile_size=32, spp=16)"

# True once no more samples are taken. Workers end their calls first, on a busy machine late.
RESTS = """
def rests(widget):
    samples = -1
    for _ in range(100):
        before, samples = samples, widget.image.statistics["samples"]
        if samples == before:
            return True
        time.sleep(0.3)
    return False
"""


def test_pause_resume_stop_and_resume(notebook):
    notebook.run(RESTS)
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()

    view.button("Pause").click()
    view.wait_for("data.state === 'paused'", "paused")
    assert notebook.evaluate("[widget.status, rests(widget)]") == ["paused", True]
    view.assert_follows("widget.image.to_uint8()")

    view.button("Resume").click()
    view.wait_running(tiles=10)
    assert notebook.evaluate("widget.status") == "running"

    view.button("Stop").click()
    view.wait_for("data.state === 'stopped'", "stopped")
    assert notebook.evaluate("[widget.status, rests(widget)]") == ["stopped", True]
    view.assert_follows("widget.image.to_uint8()")


def test_buttons_are_used_by_keyboard(notebook):
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()
    view.button("Pause").press("Enter")
    view.wait_for("data.state === 'paused'", "paused")
    view.button("Resume").press("Space")
    view.wait_running()


def test_restart_and_more(notebook):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    once = view.pixels()

    view.button("Restart").click()
    view.wait_for("data.generation === 2 && data.state === 'done'", "rendered again")
    view.wait_painted("done")
    view.assert_shows_now(once)
    assert notebook.evaluate("widget.generation") == 2

    view.button("More samples").click()
    view.wait_for(f"data.samples === {160 * 120 * 32}", "twice as many samples")
    view.wait_painted("done")
    assert notebook.evaluate("[widget.settings.spp, widget.image.spp]") == [32, 32]
    view.assert_shows_now(notebook.array("widget.image.to_uint8()"))
    assert (view.pixels() != once).any()


def test_pause_works_while_the_kernel_is_busy(notebook):
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()
    busy = notebook.block()

    view.button("Pause").click()
    view.wait_for("data.state === 'paused'", "paused while the kernel is busy")
    assert busy.holds

    view.button("Resume").click()
    view.wait_running(tiles=10)
    assert busy.holds
    busy.release()


def test_exposure_and_curve_need_no_kernel(notebook):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    brighter = notebook.array("widget.image.to_uint8(exposure=1.25)")
    filmic = notebook.array("widget.image.to_uint8(exposure=1.25, curve='filmic')")
    plain = view.pixels()
    process = notebook.evaluate("os.getpid()")

    view.button("Settings").click()  # in a narrow view they are below the toolbar
    os.kill(process, signal.SIGSTOP)
    try:
        slider = view.element.get_by_role("slider")
        for _ in range(5):
            slider.press("ArrowRight")
        view.assert_shows(brighter)
        view.element.get_by_label("Tone curve").select_option("filmic")
        view.assert_shows(filmic)
    finally:
        os.kill(process, signal.SIGCONT)

    notebook.wait_until_value("[widget.exposure, widget.curve]", [1.25, "filmic"])
    view.assert_shows_now(filmic)

    view.element.get_by_role("slider").dblclick()
    view.element.get_by_label("Tone curve").select_option("srgb")
    view.assert_shows(plain)


def test_exposure_and_curve_follow_the_kernel(notebook):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    view.button("Settings").click()
    notebook.run("widget.exposure = -0.7\nwidget.curve = 'linear'")
    view.assert_follows("widget.image.to_uint8()")
    assert view.element.get_by_label("Tone curve").input_value() == "linear"


def test_a_slider_of_ipywidgets_is_linked_without_the_kernel(notebook):
    cell = notebook.run(
        "from ipywidgets import FloatSlider, VBox, jslink\n"
        f"widget = {SMALL}\n"
        "slider = FloatSlider(min=-3, max=3, step=0.5)\n"
        "link = jslink((slider, 'value'), (widget, 'exposure'))\n"
        "VBox([widget, slider])"
    )
    view = cell.view()
    view.wait_painted("done")
    brighter = notebook.array("widget.image.to_uint8(exposure=0.5)")
    process = notebook.evaluate("os.getpid()")
    os.kill(process, signal.SIGSTOP)
    try:
        cell.element.locator(".noUi-handle").first.press("ArrowRight")
        view.assert_shows(brighter)
    finally:
        os.kill(process, signal.SIGCONT)
    notebook.wait_until_value("widget.exposure", 0.5)


def test_save_downloads_what_is_shown(notebook, tmp_path):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    with notebook.page.expect_download() as download:
        view.button("Save PNG").click()
    assert download.value.suggested_filename == "raywidget.png"
    path = tmp_path / "saved.png"
    download.value.save_as(path)
    with PictureFile.open(path) as picture:
        assert picture.format == "PNG"
        saved = np.asarray(picture.convert("RGB"))
    assert np.array_equal(saved, view.pixels())


def test_close_ends_all_threads_and_keeps_the_picture(notebook):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    assert notebook.threads()
    notebook.run("widget.close()")
    assert notebook.threads() == []
    assert notebook.evaluate("widget.image.spp") > 0


def steady_threads(notebook):
    """The threads in the kernel, once those that only begin a render have ended."""
    return notebook.wait_for(
        lambda: (names := notebook.threads()) == notebook.threads() and names,
        "no thread comes or goes",
    )


def test_a_cell_run_again_leaves_no_old_threads(notebook):
    other = notebook.run(f"other = {ENDLESS}\nother")
    other.view().wait_running()
    alone = steady_threads(notebook)
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    threads = steady_threads(notebook)
    assert len(threads) == 2 * len(alone)
    for _ in range(2):
        cell.rerun().wait()
        cell.view().wait_running()
        notebook.wait_until_value(THREADS, threads)
    other.view().wait_running(tiles=10)


def test_interrupting_the_kernel_leaves_the_render_alone(notebook):
    cell = notebook.start(f"widget = {ENDLESS}\ndisplay(widget)\nwidget.wait()")
    view = cell.view()
    view.wait_running()
    notebook.interrupt()
    notebook.wait_until("id => window.driver.isFinished(id)", "the cell has ended", cell.id)
    (error,) = [o for o in cell.outputs() if o["output_type"] == "error"]
    assert error["ename"] == "KeyboardInterrupt"
    view.wait_running(tiles=10)


def test_the_picture_without_its_noise_is_one_key_away(notebook, tmp_path):
    view = notebook.run(f"widget = {SMALL}\nwidget").view()
    view.wait_painted("done")
    samples = notebook.array("widget.image.to_uint8()")
    view.assert_shows(samples)
    status = view.element.get_by_role("status")
    assert "denoised" not in status.inner_text()
    button = view.button("Denoise")
    button.click()
    notebook.wait_for(lambda: "denoised" in status.inner_text(), "it says that it is denoised")
    assert button.get_attribute("aria-pressed") == "true"
    assert notebook.evaluate("[widget.denoise, widget.image.denoised]") == [True, True]
    clean = notebook.array("widget.image.to_uint8()")
    assert (clean != samples).any(axis=2).mean() > 0.5
    view.assert_shows(clean)
    # What is saved is what is seen.
    with notebook.page.expect_download() as download:
        view.button("Save PNG").click()
    download.value.save_as(tmp_path / "picture.png")
    with PictureFile.open(tmp_path / "picture.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), clean)
    Hands(view).press("n")
    notebook.wait_for(lambda: "denoised" not in status.inner_text(), "the samples are back")
    assert button.get_attribute("aria-pressed") == "false"
    view.assert_shows(samples)
    # A drag shows coarse pictures, and the end of the new picture is clean again.
    Hands(view).press("n")
    notebook.wait_for(lambda: "denoised" in status.inner_text(), "it is denoised again")
    # On a machine that is busy it is done as well, however long it takes.
    notebook.run(
        "import raywidget.widget.coarse_denoising as coarse\ncoarse.FELT, felt = 1e9, coarse.FELT"
    )
    can = notebook.evaluate("coarse.choose_method(None) == 'oidn'")
    notebook.wait_until_value("widget._denoising._coarse._ready", can)
    with Hands(view).hold((0.5, 0.5)):
        painted = view.data["paintedCoarse"]
        places = itertools.cycle([0.6, 0.55])

        def follows():
            # A hand that rests lets the picture begin, which has its noise: so it goes on.
            Hands(view).move(next(places), 0.55)
            clean = "denoised" in status.inner_text()
            return view.data["paintedCoarse"] > painted and (clean or not can)

        notebook.wait_for(follows, "the picture follows the mouse, without its noise")
    notebook.run("coarse.FELT = felt")
    wait_rendered(view, 1)
    view.wait_painted("done")
    view.assert_follows("widget.image.to_uint8()")
    assert notebook.evaluate("widget.image.denoised") is True
