"""WCAG 2.2 AA, as far as a program can tell: axe looks at every state of the widget."""

from pathlib import Path

import pytest
from emulated_host import emulated_host

import raywidget as rw

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
SMALL = {"width": 320, "height": 96, "tile_size": 32, "threads": 1}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

WINDOWS = {
    "a window": {},
    "200 % zoom": {"viewport": {"width": 640, "height": 500}, "device_scale_factor": 2},
    "a narrow phone": {"viewport": {"width": 320, "height": 640}, "has_touch": True},
}

ORDINARY = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "no-preference"}
# What users ask of all pages, which may change while one is open; the last is the ordinary look.
LOOKS = {
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "forced colours, dark": {"forced_colors": "active", "color_scheme": "dark"},
    "reduced motion": {"reduced_motion": "reduce"},
    "light": {},
}


def busy(host):
    host.until(host.shows_something, "a first picture")
    host.rest()


def paused(host):
    busy(host)
    host.press("Pause")
    host.until(lambda: "paused" in host.status(), "it is paused")


def done(host):
    host.until(lambda: "done" in host.status(), "it is done")


def stopped(host):
    busy(host)
    host.widget.stop()
    host.until(lambda: "stopped" in host.status(), "it is stopped")


def failed(host):
    busy(host)
    stage = host.widget._session._stage
    stage.fail(stage.run, RuntimeError("a thing that went wrong"))
    host.until(lambda: host.view.get_by_role("alert").is_visible(), "the error is shown")


def drawer_open(host):
    paused(host)
    host.press("Settings")
    host.rest()


def help_open(host):
    paused(host)
    host.press("Keys and help")
    host.rest()


def inspected(host):
    done(host)
    host.view.locator(".raywidget-stage").click(position={"x": 150, "y": 50})
    host.until(lambda: host.view.locator(".raywidget-inspector").is_visible(), "the card is open")
    host.rest()


STATES = {
    "busy": (busy, {"spp": 1_000_000}),
    "paused": (paused, {"spp": 1_000_000}),
    "stopped": (stopped, {"spp": 1_000_000}),
    "done": (done, {"spp": 1}),
    "failed": (failed, {"spp": 1_000_000}),
    "drawer open": (drawer_open, {"spp": 1_000_000}),
    "times": (drawer_open, {"spp": 1_000_000, "scene": [rw.presets.cornell()] * 3}),
    "help open": (help_open, {"spp": 1_000_000}),
    "inspected": (inspected, {"spp": 1}),
}


def violations(host):
    """What axe finds in the widget, in words."""
    if not host.page.evaluate("() => 'axe' in window"):
        host.page.add_script_tag(content=AXE.read_text(encoding="utf-8"))
    return host.page.evaluate(
        """async (rules) => {
          const found = await axe.run(".raywidget", { runOnly: rules });
          return found.violations.map((v) =>
            `${v.id}: ${v.nodes.map((n) => n.target + " " + n.failureSummary).join("; ")}`);
        }""",
        RULES,
    )


@pytest.mark.parametrize("window", WINDOWS)
def test_every_state_is_accessible(browser, compiled_kernels, window):
    problems = {}
    looks = LOOKS if window == "a window" else {"light": {}}
    for name, (reach, settings) in STATES.items():
        settings = {"scene": rw.presets.cornell(), **SMALL, **settings}
        with emulated_host(browser, context=WINDOWS[window], **settings) as host:
            host.page.set_default_timeout(60_000)
            reach(host)
            for look, media in looks.items():
                host.page.emulate_media(**ORDINARY | media)
                if found := violations(host):
                    problems[name, look] = found
    assert problems == {}


def test_axe_notices_what_is_wrong(browser, compiled_kernels):
    with emulated_host(browser, **SMALL, spp=1) as host:
        done(host)
        host.page.evaluate(
            """() => {
              const button = document.querySelector(".raywidget-toolbar button");
              for (const name of ["aria-label", "title"]) button.removeAttribute(name);
            }"""
        )
        assert any("button-name" in problem for problem in violations(host))
