"""The menu of values in a page: it recolours, the bar follows, keys and narrow cells do."""

import numpy as np
import pytest
from hands import Hands, wait_rendered

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
SCENE = """
import numpy as np
x, y = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9))
corners = np.stack([x.ravel(), y.ravel(), 0 * x.ravel()], axis=1)
at = np.arange(81).reshape(9, 9)
faces = np.concatenate([
    np.stack([at[:-1, :-1], at[:-1, 1:], at[1:, 1:]], -1).reshape(-1, 3),
    np.stack([at[:-1, :-1], at[1:, 1:], at[1:, :-1]], -1).reshape(-1, 3)])
sheet = rw.Mesh(corners, faces, quantities={"T": x.ravel(), "p": y.ravel() * 10}, unlit=1,
    colormap={"T": rw.ColorMap("viridis", label="T / K"), "p": rw.ColorMap("inferno")},
    name="sheet")
dots = rw.Spheres([(-1.5, 0, 0), (1.5, 0, 0)], 0.3, values=[0, 3], unlit=1, name="dots")
scene = rw.Scene([sheet, dots],
    camera=rw.PerspectiveCamera(look_from=(0, 0, 6), look_at=(0, 0, 0), vfov=40))
widget = rw.RayWidget(scene, width=240, height=180, spp=2)
widget
"""


@pytest.fixture
def view(notebook):
    view = notebook.run(SCENE).view()
    view.wait_painted("done")
    Hands(view).press("g")
    return view


def control(view, label):
    return view.element.get_by_label(label, exact=True)


def bars(view):
    return view.element.locator(".raywidget-bar").evaluate_all(
        "(bars) => bars.map((bar) => [...bar.querySelectorAll('text')].map((t) => t.textContent))"
    )


def expected(notebook, expression):
    return notebook.evaluate(f"np.asarray({expression}).tolist()")


def test_a_choice_recolours_and_the_bar_follows(notebook, view):
    assert control(view, "Shape").evaluate("(s) => [...s.options].map((o) => o.text)") == [
        "all shapes",
        "sheet",
        "dots",
    ]
    before = view.pixels()
    generation = view.data["generation"]
    control(view, "Shape").select_option("sheet")
    control(view, "Quantity").select_option("p")
    notebook.wait_for(lambda: bars(view)[0][-1] == "p", "the bar is that of the pressure")
    wait_rendered(view, generation)
    seen = view.pixels()
    assert (seen != before).any()
    np.testing.assert_array_equal(seen, expected(notebook, "widget.image.to_uint8()"))
    assert notebook.evaluate("[s.show for s in widget.scene.shapes]") == ["p", None]
    assert control(view, "Colour map").input_value() == "inferno"
    generation = view.data["generation"]
    control(view, "Colour map").select_option("gray")
    wait_rendered(view, generation)
    middle = view.pixels()[60:120, 80:160].astype(int)
    assert np.ptp(middle, axis=2).max() <= 1  # grey all over
    generation = view.data["generation"]
    control(view, "Upper limit").fill("0")
    control(view, "Upper limit").press("Enter")
    wait_rendered(view, generation)
    assert notebook.evaluate("list(widget.scene.shapes[0].shown.limits)") == [-10, 0]
    notebook.wait_for(lambda: bars(view)[0][-2] == "0", "the bar has the new limit")
    # No range: nothing happens.
    control(view, "Lower limit").fill("5")
    control(view, "Lower limit").press("Tab")
    assert control(view, "Lower limit").input_value() == "-10"
    view.element.get_by_role("button", name="Auto").click()
    notebook.wait_for(
        lambda: notebook.evaluate("list(widget.scene.shapes[0].shown.limits)") == [-10, 10],
        "limits follow from the values",
    )
    notebook.run("widget.update({'sheet.show': 'T'})")
    notebook.wait_for(lambda: control(view, "Quantity").input_value() == "T", "the menu follows")


def test_all_shapes_by_keys_in_a_narrow_cell(notebook, view):
    view.element.evaluate("(element) => { element.parentElement.style.width = '320px'; }")
    width = view.element.evaluate("(element) => element.clientWidth")
    assert width <= 320
    generation = view.data["generation"]
    maps = control(view, "Colour map")
    for label in ("Shape", "Colour map", "Lower limit", "Upper limit"):
        box = control(view, label).bounding_box()
        left = view.element.bounding_box()["x"]
        assert box["x"] >= left, label
        assert box["x"] + box["width"] <= left + width + 1, label
        assert box["height"] >= 24
    assert maps.input_value() == "viridis"  # of both
    maps.focus()
    maps.press("t")  # as keyboards choose
    wait_rendered(view, generation)
    assert notebook.evaluate("[s.shown.colormap.colors for s in widget.scene.shapes]") == [
        "turbo",
        "turbo",
    ]
    generation = view.data["generation"]
    control(view, "Quantity").select_option("values")
    control(view, "Upper limit").fill("2")
    control(view, "Upper limit").press("Enter")
    # Of two changes, the first may be done and painted before the kernel hears of the second.
    notebook.wait_until_value("[s.shown.limits[1] for s in widget.scene.shapes]", [2, 2])
    wait_rendered(view, generation)


HELD = """
import raywidget.widget.interaction as interaction
gates, change_values = iter({codes!r}), interaction.change_values
def held(scene, change):
    exec(next(gates, ""), {{}})
    return change_values(scene, change)
interaction.change_values = held
"""


def values_of(view, *labels):
    return [control(view, label).input_value() for label in labels]


def test_what_is_chosen_outlasts_the_answers_to_earlier_choices(notebook, view):
    """The kernel is slow: it is held before each change until the page has gone on."""
    first, second = notebook.gate(), notebook.gate()
    notebook.run(HELD.format(codes=[first.code, second.code]))
    try:
        view.scroll_to()
        bar = view.element.locator(".raywidget-bar").first
        before = bar.inner_html()
        control(view, "Colour map").select_option("turbo")
        first.wait_reached()
        control(view, "Upper limit").fill("2")
        control(view, "Upper limit").press("Tab")  # asked for
        control(view, "Lower limit").fill("0.5")  # about to be
        first.open()
        second.wait_reached()
        notebook.wait_for(lambda: bar.inner_html() != before, "the first answer is there")
        limits = ("Lower limit", "Upper limit")
        assert values_of(view, "Colour map", *limits) == ["turbo", "0.5", "2"]
        control(view, "Lower limit").press("Enter")
        control(view, "Colour map").select_option("gray")
        second.open()
        notebook.wait_until_value(
            "[[*s.shown.limits, s.shown.colormap.colors] for s in widget.scene.shapes]",
            [[0.5, 2, "gray"]] * 2,
        )
        assert values_of(view, "Colour map", *limits) == ["gray", "0.5", "2"]
        # What the kernel can't do is taken back: the menu is as it was.
        third = notebook.gate()
        refuse = "from raywidget.errors import SceneError\nraise SceneError('not today')"
        notebook.run(f"gates = iter({[third.code + refuse]!r})")
        view.scroll_to()
        control(view, "Upper limit").fill("9")
        control(view, "Upper limit").press("Enter")
        third.wait_reached()
        assert values_of(view, *limits) == ["0.5", "9"]
        third.open()
        notebook.wait_for(lambda: values_of(view, *limits) == ["0.5", "2"], "the refusal is shown")
    finally:
        notebook.run("interaction.change_values = change_values")


def test_the_channel_of_values_shows_colours_of_the_map_alone(notebook, view):
    lit = view.pixels()
    channel = view.element.get_by_label("Channel", exact=True)
    assert not channel.locator("option[value=value]").is_disabled()
    channel.select_option("value")
    seen = notebook.wait_for(
        lambda: (now := view.pixels()).tolist() != lit.tolist() and now.tolist(),
        "values are shown",
    )
    view.assert_follows("widget.image.to_uint8()")
    # Exposure and curve do nothing to them.
    notebook.run("widget.exposure = 2.0; widget.curve = 'agx'")
    notebook.wait_for(
        lambda: view.element.get_by_label("Tone curve").input_value() == "agx", "the page knows"
    )
    assert view.pixels().tolist() == seen
    notebook.run("widget.update({'sheet.colormap.T.colors': 'gray'})")
    view.element.scroll_into_view_if_needed()  # cells that were run have taken the page along
    notebook.wait_for(
        lambda: np.ptp(view.pixels()[60:120, 80:160].astype(int), axis=2).max() <= 1,
        "another map is shown",
    )
    view.element.get_by_label("Channel", exact=True).select_option("color")
    notebook.run("widget.exposure = 0.0; widget.curve = 'srgb'")
    view.assert_follows("widget.image.to_uint8()")


@pytest.mark.parametrize("theme", THEMES)
def test_words_over_the_picture_go_with_the_theme(notebook, view, theme):
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
    try:
        notebook.page.evaluate(change, THEMES[theme])
        words = view.element.locator(".raywidget-overlay text").first
        look = "(t) => { const s = getComputedStyle(t); return [s.fill, s.stroke]; }"

        def greys():
            return [
                np.mean([float(x) for x in color[color.index("(") + 1 : -1].split(",")[:3]])
                for color in words.evaluate(look)
            ]

        fill, stroke = notebook.wait_for(
            lambda: (g := greys()) and ((g[0] < g[1]) == (theme == "light")) and g,
            "words have the theme's colours",
        )
        assert abs(fill - stroke) > 120
    finally:
        notebook.page.evaluate(change, THEMES["light"])
        # Its style sheets come later than the answer.
        is_light = "() => document.body.dataset.jpThemeLight === 'true'"
        notebook.wait_for(lambda: notebook.page.evaluate(is_light), "the page is light again")


def test_words_in_forced_colours(notebook, view):
    notebook.page.emulate_media(forced_colors="active")
    try:
        look = "(t) => getComputedStyle(t).fill"
        words = view.element.locator(".raywidget-overlay text").first
        canvas = view.element.evaluate(
            "(e) => { const d = document.createElement('i'); d.style.color = 'CanvasText';"
            " e.append(d); const c = getComputedStyle(d).color; d.remove(); return c; }"
        )
        assert words.evaluate(look) == canvas
    finally:
        notebook.page.emulate_media(forced_colors="none")
