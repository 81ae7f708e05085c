"""A page that is turned: by drags, keys and buttons, without a kernel and a network."""

import pytest
from test_accessibility import AXE

import raywidget as rw

CAMERA = rw.PerspectiveCamera(look_from=(4, 1.5, 0), look_at=(0, 0, 0))
SCENE = rw.Scene(
    [
        rw.Sphere((1.0, 0, 0), 0.7, material=rw.Emissive((1, 0, 0))),
        rw.Sphere((-1.0, 0, 0), 0.7, material=rw.Emissive((0, 1, 0))),
    ],
    camera=CAMERA,
    annotations={
        "title": "Traffic lights",
        "labels": [((1.7, 0, 0), "red"), ((-1.7, 0, 0), "green")],
    },
)


@pytest.fixture(scope="module")
def orbit(tmp_path_factory, compiled_kernels):
    path = tmp_path_factory.mktemp("orbit") / "balls.html"
    settings = {"width": 160, "height": 120, "spp": 1, "denoise": False}
    return rw.to_html(SCENE, path, orbit=True, views=(12, 3), title="Two balls", **settings)


def middle(stage):
    """The colour in the middle of what is painted."""
    return stage.evaluate(
        "s => [...s.querySelector('canvas').getContext('2d').getImageData(80, 60, 1, 1).data]"
    )


def test_it_is_turned_by_hand(browser, orbit):
    context = browser.new_context(
        offline=True, has_touch=True, viewport={"width": 260, "height": 400}
    )
    page = context.new_page()
    faults, requests = [], []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.on("request", lambda request: requests.append(request.url))
    # Within another page, as a site would show it.
    page.goto(orbit.path.as_uri())
    frame = orbit.path.with_name("frame.html")
    frame.write_text(
        f'<p style="height: 900px"><iframe sandbox="allow-scripts" src="{orbit.path.name}" '
        'style="width: 250px; height: 300px"></iframe></p>'
    )
    page.goto(frame.as_uri())
    inside = page.frame_locator("iframe")
    stage = inside.get_by_role("slider", name="Two balls, seen from all round")

    def shows(view):
        stage.and_(inside.locator(f"[data-painted='{view}']")).wait_for()

    shows(12)
    words = "s => [...s.querySelectorAll('svg text')].map((t) => t.textContent)"
    assert stage.evaluate(words) == ["red", "Traffic lights"]  # the other one is behind a ball
    assert stage.get_attribute("aria-valuetext") == "turned 0 degrees, 21 degrees above"
    red, green, *_ = middle(stage)
    assert red > 200 > 60 > green
    # A third of a round is 120 degrees: what is seen follows the hand.
    box = stage.bounding_box()
    x, y = box["x"] + 0.2 * box["width"], box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + box["width"] * 120 / 270, y, steps=3)
    shows(12 + 8)
    page.mouse.move(x + box["width"] * 180 / 270, y, steps=3)
    page.mouse.up()
    shows(12 + 6)
    red, green, *_ = middle(stage)
    assert green > 200 > 60 > red
    assert stage.evaluate(words) == ["green", "Traffic lights"]
    assert stage.get_attribute("aria-valuenow") == "6"
    page.mouse.move(x, y)  # nobody holds it
    shows(12 + 6)
    stage.press("ArrowLeft")
    stage.press("ArrowUp")
    stage.press("ArrowUp")
    shows(24 + 5)
    inside.get_by_role("button", name="Turn to the right").click()
    inside.get_by_role("button", name="From lower down").click()
    shows(12 + 6)
    stage.press("Home")
    shows(12)
    # The wheel is the page's.
    page.mouse.move(x, y)
    page.mouse.wheel(0, 200)
    page.wait_for_function("() => scrollY > 100")
    shows(12)
    turn = inside.get_by_role("button", name="Turn", exact=True)
    turn.click()
    stage.and_(inside.locator("[aria-valuenow='2']")).wait_for()
    turn.click()
    assert turn.get_attribute("aria-pressed") == "false"
    assert faults == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    context.close()


@pytest.mark.parametrize("look", [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_axe_finds_nothing(browser, orbit, look):
    context = browser.new_context(viewport={"width": 320, "height": 400}, **look)
    page = context.new_page()
    page.goto(orbit.path.as_uri())
    page.locator("[data-painted]").wait_for()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """async () => {
            const values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
            const found = await axe.run(document, { runOnly: { type: "tag", values } });
            return found.violations.map((violation) => violation.help);
        }"""
    )
    assert found == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    context.close()
