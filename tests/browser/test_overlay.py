"""Bars, labels, axes over a picture: where a projection in Python says they are."""

import numpy as np
import pytest
from hands import Hands, wait_rendered
from PIL import Image as PictureFile

SCENE = """
heat = rw.ColorMap("inferno", limits=(0, 100), label="T / K", above="cyan")
dots = rw.Spheres(
    [(-1, -1, 0), (1, -1, 0), (0, 1, 1)], 0.3, values=[0, 40, 110], colormap=heat, name="dots")
wall = rw.Quad((-4, -4, -1), (8, 0, 0), (0, 8, 0), material=rw.Diffuse(0.7))
scene = rw.Scene([dots, wall], emitters=[rw.ConstantEnvironment(1)],
    camera=rw.PerspectiveCamera(look_from=(3, 2, 6), look_at=(0, 0, 0), vfov=40))
widget = rw.RayWidget(scene, width=480, height=360, spp=2)
widget
"""
LABELS = "[((1, -0.6, 0), 'seen'), ((0, 0, -2), 'behind the wall'), ((0, 0, 9), 'behind us')]"
LAID_OUT = """
from raywidget.picture.figure_elements import describe
from raywidget.picture.figure_layout import lay_out
def laid_out():
    marks = describe(widget.scene, labels=LABELS, scalebar="mm", axes=True)
    return lay_out(marks, widget.camera, 480, 360)
""".replace("LABELS", LABELS)
# Words and their places, in shares of the picture; with the lines of axes and scale bar.
DRAWN = """(svg) => {
    const { clientWidth: width, clientHeight: height } = svg;
    const group = (name) => [...svg.querySelectorAll(`.raywidget-${name}`)];
    const numbers = (element, ...names) => names.map((name) => Number(element.getAttribute(name)));
    return {
        size: [width, height],
        labels: group("label").map((label) => [
            label.querySelector("text").textContent,
            ...numbers(label.querySelector("circle"), "cx", "cy"),
        ]),
        axes: group("axis").map((axis) =>
            numbers(axis.querySelector("line"), "x1", "y1", "x2", "y2")),
        scalebar: group("scalebar").map((bar) => [
            bar.querySelector("text").textContent,
            ...numbers(bar.querySelector("line"), "x1", "x2"),
        ]),
        bars: group("bar").map((bar) =>
            [...bar.querySelectorAll("text")].map((t) => t.textContent)),
    };
}"""


@pytest.fixture
def view(notebook):
    view = notebook.run(SCENE).view()
    view.wait_painted("done")
    notebook.run(LAID_OUT)
    notebook.run(f"widget.annotate(labels={LABELS}, scalebar='mm', axes=True)")
    view.element.locator(".raywidget-axis").first.wait_for(state="attached")
    return view


def drawn(view):
    return view.element.locator(".raywidget-overlay").evaluate(DRAWN)


def assert_as_laid_out(notebook, view):
    expected = notebook.evaluate("laid_out()")

    def labels():
        found = drawn(view)
        return found if [label[0] for label in found["labels"]] == ["seen"] else None

    found = notebook.wait_for(labels, "what hides labels has been found out")
    scale = found["size"][0] / 480
    assert found["size"][1] == pytest.approx(360 * scale, abs=1)
    (label,) = (one for one in expected["labels"] if one["text"] == "seen")
    np.testing.assert_allclose(
        found["labels"][0][1:], [scale * label["x"], scale * label["y"]], atol=0.5
    )
    for (x1, y1, x2, y2), edge in zip(found["axes"], expected["axes"], strict=True):
        lines = scale * np.array([*edge["from"], *edge["to"]])
        np.testing.assert_allclose([x1, y1, x2, y2], lines, atol=0.5)
    ((text, x1, x2),) = found["scalebar"]
    assert text == expected["scalebar"]["text"]
    assert x2 - x1 == pytest.approx(scale * expected["scalebar"]["pixels"], abs=0.5)


def test_words_and_lines_are_where_a_projection_says_and_follow_the_camera(notebook, view):
    assert_as_laid_out(notebook, view)
    generation = view.data["generation"]
    Hands(view).press("ArrowRight", "ArrowUp", "+")
    wait_rendered(view, generation)
    assert_as_laid_out(notebook, view)
    view.element.evaluate("(element) => { element.parentElement.style.width = '300px'; }")
    notebook.wait_for(lambda: drawn(view)["size"][0] <= 300, "it is narrow")
    assert_as_laid_out(notebook, view)


ON_SCREEN = """(view) => {
    const picture = view.querySelector("canvas").getBoundingClientRect();
    const dot = view.querySelector(".raywidget-label circle").getBoundingClientRect();
    return [
        (dot.left + dot.width / 2 - picture.left) / picture.width,
        (dot.top + dot.height / 2 - picture.top) / picture.height,
    ];
}"""


@pytest.mark.parametrize("enlarged", ["zoom: 0.8", "transform: scale(0.7)"])
def test_enlarged_parts_of_a_page_have_words_and_pointer_in_their_places(notebook, view, enlarged):
    # As slides have them, which are laid out at one size and shown at another.
    view.element.evaluate(f"(element) => {{ element.parentElement.style = '{enlarged}'; }}")
    generation = view.data["generation"]
    Hands(view).press("ArrowRight")  # all is laid out anew
    wait_rendered(view, generation)
    assert_as_laid_out(notebook, view)
    (label,) = (one for one in notebook.evaluate("laid_out()")["labels"] if one["text"] == "seen")
    share = label["x"] / 480, label["y"] / 360
    assert view.element.evaluate(ON_SCREEN) == pytest.approx(share, abs=0.005)
    notebook.run("picked = []; widget.on_pick(lambda hit: picked.append((hit.x, hit.y)))")
    canvas = view.element.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    notebook.page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    picked = notebook.wait_for(lambda: notebook.evaluate("picked"), "a pixel is told")
    assert picked[0] == pytest.approx([120, 270], abs=1)


def test_bars_follow_the_values_and_are_saved(notebook, view, tmp_path):
    (bar,) = drawn(view)["bars"]
    assert bar[-1] == "T / K"
    assert bar[:-1] == ["0", "20", "40", "60", "80", "100"]
    notebook.run("widget.update({'dots.colormap.limits': (0, 50)})")
    notebook.wait_for(lambda: "50" in drawn(view)["bars"][0], "the bar has the new limits")
    wait_rendered(view, 1)
    plain = view.pixels()
    with notebook.page.expect_download() as download:
        Hands(view).press("p")
    path = tmp_path / "picture.png"
    download.value.save_as(path)
    with PictureFile.open(path) as picture:
        saved = np.asarray(picture)[..., :3]
    assert saved.shape == plain.shape
    changed = (saved != plain).any(axis=2)
    # The bar is on the right; the middle of the picture is as it was.
    assert changed[150:210, 400:].sum() > 300
    assert changed.mean() < 0.2
    low, high = notebook.evaluate(
        "[[int(c[k:k + 2], 16) for k in (1, 3, 5)] for c in "
        "(lambda bar: (bar['colors'][20], bar['colors'][-20]))(widget._overlay['bars'][0])]"
    )
    for color in (low, high):
        off = np.abs(saved[:, 400:].astype(int) - color).max(axis=2)
        assert (off <= 8).sum() >= 5, color
    notebook.run("widget.annotate(colorbars=False)")
    notebook.wait_for(lambda: drawn(view)["bars"] == [], "nothing is over the picture")
