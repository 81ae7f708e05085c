"""Front ends without subshells, notebooks that hide their cells, sockets that lose messages."""

import contextlib
import json

import pytest
from lab_driver import HERE, PRELUDE, Notebook

import raywidget as rw

SIZE = {"width": 320, "height": 240, "spp": 24, "passes": 24, "tile_size": 32}
ARGUMENTS = ", ".join(f"{name}={value}" for name, value in SIZE.items())
ENDLESS = (
    "rw.RayWidget(rw.presets.cornell(), width=96, height=96, tile_size=32, spp=10**6, passes=10**5)"
)


@contextlib.contextmanager
def lab_setting(server, plugin, **values):
    """A setting of JupyterLab for the pages that are opened meanwhile."""
    extension, name = plugin.split(":")
    path = server.folder.parent / "settings" / extension / f"{name}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


@pytest.fixture
def open_with(server, context, browser):
    """Open a notebook with a setting, or in a context of its own."""
    with contextlib.ExitStack() as stack:

        def open_it(name, setting=None, own=None):
            if setting:
                stack.enter_context(lab_setting(server, setting[0], **setting[1]))
            server.write_notebook(name)
            notebook = Notebook(server, own or context, name)
            stack.callback(server.shut_kernel_down, name)
            stack.callback(notebook.close)
            stack.callback(notebook.open_gates)
            notebook.run(PRELUDE)
            return notebook

        yield open_it


def test_without_subshells_tiles_come_and_buttons_act_when_the_cell_has_ended(open_with):
    plugin = "@jupyterlab/apputils-extension:kernels-settings"
    notebook = open_with("plain.ipynb", (plugin, {"commsOverSubshells": "disabled"}))
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()
    busy = notebook.block()
    view.wait_running(tiles=20)
    view.button("Pause").click()
    status = view.element.locator(".raywidget-status").first
    notebook.wait_for(
        lambda: "when the cell has ended" in (status.get_attribute("title") or ""),
        "it is said when the buttons act",
    )
    view.wait_running(tiles=5)
    assert busy.holds
    busy.release()
    view.wait_for("data.state === 'paused'", "paused")
    view.assert_follows("widget.image.to_uint8()")


MODES = ["full", "defer", "contentVisibility"]


@pytest.mark.parametrize("mode", MODES)
def test_scrolled_out_and_back(open_with, mode):
    notebook = open_with(
        f"scroll-{mode}.ipynb",
        ("@jupyterlab/notebook-extension:tracker", {"windowingMode": mode}),
    )
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    notebook.run("for k in range(400):\n    print(k)")
    notebook.run("print('the end')")
    notebook.scroll_to_end()
    notebook.wait_until_value("widget._pump._conversation.flow.closed_loop()", False)
    notebook.run("widget.pause()")
    notebook.scroll_to(cell)
    view = cell.view()
    view.wait_painted("paused")
    view.assert_follows("widget.image.to_uint8()")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_socket_that_loses_doubles_and_delays(open_with, browser, seed):
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    try:
        context.add_init_script(path=HERE / "faulty_socket.js")
        context.add_init_script(path=HERE / "driver.js")
        notebook = open_with(f"faulty-{seed}.ipynb", own=context)
        faults = {"seed": seed, "drop": 0.1, "double": 0.05, "late": 0.2, "stall": 0.01}
        notebook.page.evaluate("faults => { window.faults = faults; }", faults)
        view = notebook.run(
            f"widget = rw.RayWidget(rw.presets.cornell(), {ARGUMENTS})\nwidget"
        ).view()
        view.wait_painted("done")
        view.assert_shows(rw.render(rw.presets.cornell(), **SIZE).to_uint8())
        assert notebook.page.evaluate("() => window.faults.dropped") > 0
    finally:
        context.close()
