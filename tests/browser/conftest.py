"""One JupyterLab, one Chromium, one notebook for all tests; a notebook that broke is replaced."""

import contextlib
import itertools
import re

import pytest
from lab_driver import HERE, PRELUDE, RESULTS, Notebook
from lab_server import PATIENCE, LabServer, running_chromium

import raywidget as rw

WINDOW = {"width": 1400, "height": 1000}

# Ends every render, so that the next test begins with a quiet kernel. What a pump survives, it
# counts: nobody would see it otherwise.
CLOSE_WIDGETS = """
from ipywidgets import Widget
from ipywidgets.widgets.widget import _instances
failures = sum(w._pump.failures for w in _instances.values() if isinstance(w, rw.RayWidget))
Widget.close_all()
assert failures == 0, f"{failures} turns of a pump failed"
"""

_outcome = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        item.stash[_outcome] = False
    return report


@pytest.fixture(scope="session")
def compiled_kernels():
    """No test's patience includes the compilation of kernels, which all processes share."""
    rw.warmup()


@pytest.fixture(scope="session")
def server(tmp_path_factory, compiled_kernels):
    server = LabServer(tmp_path_factory.mktemp("lab"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser():
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def context(browser):
    context = browser.new_context(viewport=WINDOW, accept_downloads=True)
    context.set_default_timeout(1000 * PATIENCE)
    context.add_init_script(path=HERE / "driver.js")
    yield context
    context.close()


class Desk:
    """Holds the notebook that tests share, as long as it is whole."""

    def __init__(self, server, context):
        self._server = server
        self._context = context
        self._numbers = itertools.count(1)
        self._notebook = None

    def take(self):
        if self._notebook is None:
            name = self._server.write_notebook(f"desk-{next(self._numbers)}.ipynb")
            notebook = Notebook(self._server, self._context, name)
            notebook.run(PRELUDE)
            self._notebook = notebook
        return self._notebook

    def clear(self):
        notebook = self._notebook
        notebook.open_gates()
        notebook.run(CLOSE_WIDGETS)
        threads = notebook.wait_for_quiet()
        notebook.page.evaluate("() => window.driver.removeCells()")
        faults = [line for line in notebook.console if is_fault(line)]
        notebook.console.clear()
        assert not threads, f"threads that are left after all widgets were closed: {threads}"
        assert not faults, f"errors in the page: {faults}"

    def drop(self):
        notebook, self._notebook = self._notebook, None
        with contextlib.suppress(Exception):
            notebook.open_gates()
            notebook.close()
            self._server.shut_kernels_down()


@pytest.fixture(scope="session")
def desk(server, context):
    return Desk(server, context)


@pytest.fixture
def notebook(desk, request):
    """An open notebook without cells, its kernel idle."""
    notebook = desk.take()
    yield notebook
    if request.node.stash.get(_outcome, True):
        try:
            desk.clear()
        except BaseException:
            keep(notebook, request.node)
            desk.drop()
            raise
    else:
        keep(notebook, request.node)
        desk.drop()


@pytest.fixture
def open_notebook(server, context, request):
    """Open a notebook of its own, by the name that it has in the server's folder."""
    opened = []

    def open_it(name):
        opened.append(Notebook(server, context, name))
        return opened[-1]

    yield open_it
    for notebook in opened:
        if not request.node.stash.get(_outcome, True):
            keep(notebook, request.node)
        notebook.open_gates()
        notebook.close()


def is_fault(line):
    """Does a line of the page's console tell of an error in the front end?

    Not if it is JupyterLab's own, which takes style sheets out twice when themes change quickly.
    """
    if "removeChild" in line and "/jlab_core." in line and "raywidget" not in line:
        return False
    return "page error:" in line or "[raywidget]" in line


def keep(notebook, node):
    """Keep what a page looked like when a test failed."""
    RESULTS.mkdir(exist_ok=True)
    name = re.sub(r"[^\w.-]+", "-", node.name)
    with contextlib.suppress(Exception):
        notebook.page.screenshot(path=RESULTS / f"{name}.png")
    report = f"{notebook.describe()}\n\nserver:\n{notebook.server.log()}"
    (RESULTS / f"{name}.txt").write_text(report, encoding="utf-8")
