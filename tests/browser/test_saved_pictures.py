"""The picture where no kernel is: in the notebook's file, untrusted, exported, in a page."""

import base64
import io
import json
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from lab_driver import PRELUDE
from PIL import Image as PictureFile

import raywidget as rw
from raywidget.widget.snapshot import MOST_PIXELS_NARROW

# Wide enough for the toolbar to show the slider, and small enough that the state keeps every pixel
# on a narrow link, too: to a kernel on a machine that is busy, any link looks narrow.
SETTINGS = {"width": 640, "height": 100, "spp": 8}
assert SETTINGS["width"] * SETTINGS["height"] <= MOST_PIXELS_NARROW
ARGUMENTS = ", ".join(f"{name}={value}" for name, value in SETTINGS.items())
WIDGET = f"rw.RayWidget(rw.presets.cornell(), {ARGUMENTS})"
# Goes on for longer than any test waits.
ENDLESS = "rw.RayWidget(rw.presets.cornell(), width=96, height=96, spp=10**6, passes=10**5)"


@pytest.fixture(scope="module")
def picture():
    return rw.render(rw.presets.cornell(), **SETTINGS)


def stills(outputs):
    """The pictures in the outputs of a cell that are nothing but pictures."""
    found = []
    for output in outputs:
        data = output.get("data", {})
        if "image/png" in data and "application/vnd.jupyter.widget-view+json" not in data:
            text = "".join(data["image/png"])
            found.append(np.asarray(PictureFile.open(io.BytesIO(base64.b64decode(text)))))
    return found


def wait_for_still(cell, expected):
    """Wait until the picture beside the widget is a certain one."""
    deadline = [None]

    def there():
        deadline[0] = stills(cell.outputs())
        return any(np.array_equal(still, expected) for still in deadline[0])

    cell.notebook.wait_for(there, "the picture beside the widget is the last one")


def images_seen(cell):
    """How many plain pictures of a cell's outputs can be seen."""
    return cell.element.locator(".jp-OutputArea-output img").evaluate_all(
        "images => images.filter(image => image.offsetParent !== null).length"
    )


def test_the_last_picture_is_kept_and_hidden_beside_the_live_view(notebook, picture):
    cell = notebook.run(f"widget = {WIDGET}\nwidget")
    view = cell.view()
    view.wait_painted("done")
    wait_for_still(cell, picture.to_uint8())
    notebook.wait_for(lambda: images_seen(cell) == 0, "the picture is hidden")
    assert cell.element.locator(".raywidget").count() == 1

    # It follows the display settings, too.
    view.element.get_by_label("Tone curve").first.select_option("filmic")
    wait_for_still(cell, picture.to_uint8(curve="filmic"))

    # Where the view is gone, the picture is seen.
    notebook.run("widget.close()")
    notebook.wait_for(lambda: images_seen(cell) == 1, "the picture is seen")


def test_the_first_picture_comes_with_the_cell(notebook):
    # However long kernels take to load on a machine that is busy.
    notebook.run(
        "import raywidget.widget.static_image as still\nstill.AT_ONCE, at_once = 60.0, 0.15"
    )
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    (still,) = stills(cell.outputs())
    assert still.shape == (96, 96, 3)
    assert np.ptp(still) > 100
    notebook.run("still.AT_ONCE = at_once")


def test_a_saved_notebook_has_the_last_picture(notebook, open_notebook, picture):
    cell = notebook.run(f"widget = {WIDGET}\nwidget")
    cell.view().wait_painted("done")
    wait_for_still(cell, picture.to_uint8())
    notebook.save()
    path = notebook.folder / notebook.name
    saved = nbformat.read(path, as_version=4)
    outputs = next(c.outputs for c in saved.cells if WIDGET in c.source)
    (still,) = stills(outputs)
    assert np.array_equal(still, picture.to_uint8())
    png = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    assert sum(map(len, png)) < 1.5 * picture.to_uint8().nbytes

    # A copy is not trusted, and has no kernel that knows the widget.
    name = "copy-of-a-notebook.ipynb"
    (notebook.folder / name).write_bytes(path.read_bytes())
    for c in saved.cells:
        c.metadata.pop("trusted", None)
    copy = open_notebook(name)
    copied = copy.find_cell(WIDGET)
    copy.wait_for(lambda: images_seen(copied) == 1, "the picture is seen")
    shown = copied.element.locator(".jp-OutputArea-output img").evaluate_all(
        "images => images.map(image => image.src)"
    )
    assert [np.asarray(decode(src)).tolist() for src in shown] == [still.tolist()]


def decode(source):
    return PictureFile.open(io.BytesIO(base64.b64decode(source.partition("base64,")[2])))


# The render may be done before the widget is shown, or after: a busy machine decides.
@pytest.mark.parametrize("wait", ["", "assert widget._session.wait(60)\n"], ids=["live", "done"])
def test_saved_state_shows_the_picture_and_keeps_exposure_live(notebook, picture, wait):
    cell = notebook.run(f"widget = {WIDGET}\n{wait}widget")
    cell.view().wait_painted("done")
    pixels = 6 * picture.width * picture.height

    def saved_state():
        notebook.save(widget_state=True)
        saved = nbformat.read(notebook.folder / notebook.name, as_version=4)
        text = json.dumps(saved.metadata.get("widgets", {}))
        return text if len(text) > pixels else None

    text = notebook.wait_for(saved_state, "the widget's state has the picture")
    code = len(rw.RayWidget._esm) + len(rw.RayWidget._css)
    assert len(text) < 1.5 * pixels + 1.2 * code + 20_000

    notebook.restart_kernel()
    notebook.reload()
    notebook.run(PRELUDE)
    again = notebook.find_cell(WIDGET)
    view = again.view()
    view.wait_for("data.state === 'saved'", "the saved picture is shown")
    view.assert_shows(picture.to_uint8())
    view.element.get_by_role("slider", name="Exposure").first.press("ArrowRight")
    view.assert_shows(picture.to_uint8(exposure=0.25))
    notebook.wait_for(lambda: images_seen(again) == 0, "the picture is not seen twice")


def test_saved_state_has_the_picture_of_a_widget_within_another(notebook, picture):
    """No picture stands beside it, since nothing but the other is displayed."""
    notebook.run("import ipywidgets")
    cell = notebook.run(f"widget = {WIDGET}\nipywidgets.VBox([widget])")
    cell.view().wait_painted("done")
    assert images_seen(cell) == 0
    least = 6 * picture.width * picture.height

    def saved_state():
        notebook.save(widget_state=True)
        saved = nbformat.read(notebook.folder / notebook.name, as_version=4)
        text = json.dumps(saved.metadata.get("widgets", {}))
        return text if len(text) > least else None

    notebook.wait_for(saved_state, "the widget's state has the picture")
    notebook.restart_kernel()
    notebook.reload()
    notebook.run(PRELUDE)
    view = notebook.find_cell("ipywidgets.VBox").view()
    view.wait_for("data.state === 'saved'", "the saved picture is shown")
    view.assert_shows(picture.to_uint8())


def test_on_the_next_day_the_picture_is_still_there(notebook, picture):
    """A trusted notebook whose kernel is another, and which was saved as notebooks are."""
    cell = notebook.run(f"widget = {WIDGET}\nwidget")
    cell.view().wait_painted("done")
    wait_for_still(cell, picture.to_uint8())
    notebook.save()
    notebook.restart_kernel()
    # The page that is open shows the live view, with a notice.
    cell.view().wait_for("data.state === 'gone'", "it is seen that the kernel is gone")
    cell.view().assert_shows(picture.to_uint8())
    notebook.reload()
    notebook.run(PRELUDE)
    again = notebook.find_cell(WIDGET)
    notebook.wait_for(lambda: images_seen(again) == 1, "the picture is seen")


def test_a_page_of_its_own_needs_nothing(notebook, context, picture, tmp_path):
    path = tmp_path / "page.html"
    notebook.run(
        f"widget = {WIDGET}\nassert widget.wait()\nwidget.to_html({str(path)!r})\nwidget.close()"
    )
    code = len(rw.RayWidget._esm) + len(rw.RayWidget._css)
    assert path.stat().st_size < 1.5 * 6 * picture.width * picture.height + 1.2 * code + 5_000
    page = context.new_page()
    requests, faults = [], []
    page.on("request", lambda request: requests.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text))
    try:
        page.goto(path.as_uri())
        assert_shows(page, picture.to_uint8())
        slider = page.get_by_role("slider", name="Exposure").first
        for _ in range(4):
            slider.press("ArrowLeft")
        assert_shows(page, picture.to_uint8(exposure=-1.0))
        page.get_by_role("button", name="Settings").click()
        names = page.get_by_role("button").all_inner_texts()
        assert {"PNG", "Pixels", "Compare"} <= set(names)
        assert not {"Fit", "Top", "Copy camera", "Region", "EXR", "NPZ"} & set(names)
        for absent in ("Integrator", "Depth", "fit to cell"):
            assert page.get_by_label(absent).count() == 0 or page.get_by_label(absent).is_hidden()
        page.keyboard.press("Escape")
        page.get_by_role("application").focus()
        page.keyboard.press("?")
        help_ = page.get_by_role("dialog", name="Keys and help").inner_text()
        assert "see the pixels" in help_
        assert "orbit" not in help_
        assert "pause" not in help_
        assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
        assert faults == []
    finally:
        page.close()


def assert_shows(page, expected):
    """Check that the one canvas of a page comes to be equal to a picture."""
    page.wait_for_function(
        """([width, height, expected]) => {
            const canvas = document.querySelector("canvas.raywidget-canvas");
            if (canvas?.width !== width || canvas.height !== height) return false;
            const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
            const bytes = data.filter((_, index) => index % 4 !== 3);
            return btoa(String.fromCharCode(...bytes.subarray(0, 30000))) === expected;
        }""",
        arg=[
            expected.shape[1],
            expected.shape[0],
            base64.b64encode(expected.tobytes()[:30000]).decode(),
        ],
    )


def test_executed_notebooks_have_the_picture_in_html_without_a_network(server, context, picture):
    folder = server.folder
    server.write_notebook(
        "executed.ipynb", ["import raywidget as rw", f"widget = {WIDGET}\nwidget", "widget.wait()"]
    )
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "executed.ipynb"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    page = context.browser.new_context(offline=True).new_page()
    try:
        page.goto((folder / "executed.html").as_uri())
        shown = page.locator("img").evaluate_all(
            "images => images.filter(i => i.offsetParent !== null).map(i => i.src)"
        )
        assert any(np.array_equal(np.asarray(decode(src)), picture.to_uint8()) for src in shown)
    finally:
        page.context.close()
