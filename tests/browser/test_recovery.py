"""Whatever happens to pages, tabs, networks and kernels, the picture comes back."""

import time

import pytest
from lab_driver import PRELUDE, Notebook
from lab_server import LabServer
from network_path import NetworkPath

import raywidget as rw

SMALL = {"width": 160, "height": 120, "spp": 16, "tile_size": 32}
ARGUMENTS = ", ".join(f"{name}={value}" for name, value in SMALL.items())
WIDGET = f"rw.RayWidget(rw.presets.cornell(), {ARGUMENTS})"
# Goes on for longer than any test waits, and finishes tiles all the time.
ENDLESS = (
    "rw.RayWidget(rw.presets.cornell(), width=96, height=96, tile_size=32, spp=10**6, passes=10**5)"
)


@pytest.fixture(scope="module")
def picture():
    return rw.render(rw.presets.cornell(), **SMALL).to_uint8()


def stop_and_compare(notebook, view):
    """The end of most tests: what the canvas shows is what the kernel has."""
    notebook.run("widget.stop()")
    view.wait_for("data.state === 'stopped'", "stopped")
    view.assert_follows("widget.image.to_uint8()")


def test_a_page_loaded_anew_while_the_kernel_is_busy_goes_on(notebook):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    notebook.save()
    busy = notebook.block()
    notebook.page.reload()
    notebook.wait_until("() => window.jupyterapp !== undefined", "JupyterLab is there again")
    busy.release_soon()
    notebook.wait_until_ready()
    view = notebook.find_cell(ENDLESS).view()
    view.wait_running(tiles=20)
    stop_and_compare(notebook, view)


def test_output_cleared_and_shown_again(notebook):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    other = notebook.run("widget")
    cell.view().wait_running()
    cell.clear()
    other.view().wait_running(tiles=20)
    other.clear()
    # Nobody looks any more: no pixels are sent.
    notebook.wait_until_value("widget._pump._conversation.flow.closed_loop()", False)
    view = notebook.run("widget").view()
    view.wait_running(tiles=20)
    stop_and_compare(notebook, view)


def test_two_tabs(notebook, open_notebook, server):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    cell.view().wait_running()
    notebook.save()
    tab = open_notebook(notebook.name)
    second = tab.find_cell(ENDLESS).view()
    second.wait_running(tiles=20)
    notebook.page.bring_to_front()
    cell.view().wait_running(tiles=20)
    notebook.run("widget.stop()")
    for page, view in ((notebook, cell.view()), (tab, second)):
        page.page.bring_to_front()
        view.wait_for("data.state === 'stopped'", "stopped")
        view.assert_follows("widget.image.to_uint8()")
    tab.close()
    # One tab less: the other is not held up by the one that is gone.
    notebook.run("widget.resume()")
    cell.view().wait_running(tiles=100)


def test_a_page_that_sleeps_catches_up(notebook):
    """As a laptop that is closed: nothing runs in the page, and then all of it goes on."""
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    view = cell.view()
    view.wait_running()
    devtools = notebook.page.context.new_cdp_session(notebook.page)
    devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    time.sleep(7.0)  # longer than the kernel waits for a word
    devtools.send("Page.setWebLifecycleState", {"state": "active"})
    view.wait_running(tiles=50)
    stop_and_compare(notebook, view)


def test_a_hidden_tab_costs_nothing_and_catches_up(notebook):
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()
    notebook.page.evaluate("() => window.driver.hide(true)")
    notebook.wait_until_value("widget._pump._conversation.flow.closed_loop()", False)
    sent = notebook.evaluate("widget._pump._conversation.flow.next_seq")
    samples = notebook.evaluate("widget.image.statistics['samples']")
    more = f"widget.image.statistics['samples'] > {2 * samples + 10**5}"
    notebook.wait_until_value(more, True)  # there was much to be sent
    assert notebook.evaluate("widget._pump._conversation.flow.next_seq") == sent
    notebook.page.evaluate("() => window.driver.hide(false)")
    view.wait_running(tiles=20)
    stop_and_compare(notebook, view)


def test_the_kernel_restarts_and_the_picture_stays_with_a_notice(notebook):
    cell = notebook.run(f"widget = {ENDLESS}\nwidget")
    view = cell.view()
    view.wait_running(tiles=50)
    view.button("Stop").click()
    view.wait_painted("stopped")
    view.assert_follows("widget.image.to_uint8()")
    last = view.pixels()
    notebook.restart_kernel()
    notebook.run(PRELUDE)
    view.wait_for("data.state === 'gone'", "it is seen that the kernel is gone")
    status = view.element.locator(".raywidget-status").first
    notebook.wait_for(lambda: "gone" in status.inner_text(), "it is said that the kernel is gone")
    view.assert_shows_now(last)
    # The cell run again has a new widget, which works.
    cell.rerun().wait()
    cell.view().wait_running()


def test_the_server_ends_and_the_picture_stays(context, tmp_path, picture):
    server = LabServer(tmp_path)
    try:
        notebook = Notebook(server, context, server.write_notebook("ending.ipynb"))
        notebook.run(PRELUDE)
        view = notebook.run(f"widget = {WIDGET}\nwidget").view()
        view.wait_painted("done")
        view.assert_shows(picture)
        server.stop()
        notebook.wait_until(
            "() => window.driver.connectionStatus() !== 'connected'", "the loss is noticed"
        )
        view.assert_shows_now(picture)
        notebook.close()
    finally:
        server.stop()


def test_the_server_starts_again_and_the_cell_run_again_has_a_new_picture(
    context, tmp_path, picture
):
    server = LabServer(tmp_path)
    try:
        notebook = Notebook(server, context, server.write_notebook("again.ipynb"))
        notebook.run(PRELUDE)
        cell = notebook.run(f"widget = {WIDGET}\nwidget")
        view = cell.view()
        view.wait_painted("done")
        notebook.save()
        port = server.port
        server.stop()
        notebook.wait_until(
            "() => window.driver.connectionStatus() !== 'connected'", "the loss is noticed"
        )
        server.start(port)
        view.assert_shows_now(picture)
        # The kernel went with the server; a user restarts it, or loads the page anew, as here.
        notebook.reload()
        cell = notebook.find_cell(WIDGET)
        notebook.run(PRELUDE)
        cell.rerun().wait()
        cell.view().wait_painted("done")
        cell.view().assert_shows(picture)
        notebook.close()
    finally:
        server.stop()


def test_a_blocking_callback_of_another_widget(notebook):
    """It keeps the thread busy that brings messages to all widgets; tiles go on nevertheless."""
    gate = notebook.gate()
    notebook.run(
        f"widget = {ENDLESS}\nother = {WIDGET}\n"
        f"def block(change):\n    exec({gate.code!r}, {{}})\n"
        "other.observe(block, 'exposure')"
    )
    view = notebook.run("widget").view()
    view.wait_running()
    comm = notebook.evaluate("other.model_id")
    update = {"method": "update", "state": {"exposure": 1.0}, "buffer_paths": []}
    notebook.send_to_widget(comm, update)
    gate.wait_reached()
    view.wait_running(tiles=20)
    gate.open()
    view.wait_running(tiles=100)
    view.button("Pause").click()
    view.wait_for("data.state === 'paused'", "paused")
    view.assert_follows("widget.image.to_uint8()")


def test_twenty_widgets_on_a_page(notebook, picture):
    cell = notebook.run(
        f"widgets = [{WIDGET} for _ in range(20)]\nfor widget in widgets:\n    display(widget)"
    )
    for index in range(20):
        view = cell.view(index)
        view.wait_painted("done")
        view.assert_shows(picture)


def test_a_flood_of_prints_spoils_nothing(notebook, picture):
    """The server drops messages then, ours too."""
    notebook.run(f"widget = {WIDGET}\nfirst = {ENDLESS}")
    view = notebook.run("first").view()
    view.wait_running()
    notebook.start(
        "import sys\nfor k in range(6000):\n    print('x' * 10, flush=True)\nfirst.stop()"
    ).wait()
    # The server drops all that a kernel says for a while; no cell shows anything then.
    notebook.wait_for(
        lambda: notebook.start("print('heard')").wait().strip() == "heard",
        "the server lets messages through again",
    )
    last = notebook.run("widget")
    view = last.view()
    view.wait_painted("done")
    view.assert_shows(picture)


@pytest.fixture
def far_notebook(server, context):
    """A notebook behind a network path of its own."""
    path = NetworkPath(server.port)
    name = server.write_notebook("far.ipynb")
    notebook = Notebook(server, context, name, port=path.port)
    notebook.run(PRELUDE)
    yield notebook, path
    path.mend()
    notebook.close()
    path.close()
    server.shut_kernel_down(name)


@pytest.mark.parametrize("seconds", [6.0])
def test_a_network_that_is_cut(far_notebook, seconds):
    notebook, path = far_notebook
    view = notebook.run(f"widget = {ENDLESS}\nwidget").view()
    view.wait_running()
    path.cut()
    time.sleep(seconds)
    path.mend()
    view.wait_running(tiles=100)
    stop_and_compare(notebook, view)


SIZE = {"width": 640, "height": 480, "spp": 12, "passes": 12}


def test_a_slow_link_shows_drafts_and_ends_exact(far_notebook):
    notebook, path = far_notebook
    path.bandwidth, path.delay = 10e6 / 8, 0.02
    arguments = ", ".join(f"{name}={value}" for name, value in (SIZE | {"spp": 10**6}).items())
    arguments = arguments.replace("passes=12", "passes=10**5")
    view = notebook.run(f"widget = rw.RayWidget(rw.presets.cornell(), {arguments})\nwidget").view()
    view.wait_running(tiles=200)
    notebook.wait_until_value("widget._pump.narrow", True)
    view.wait_running(tiles=200)
    stop_and_compare(notebook, view)
