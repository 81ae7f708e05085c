"""JupyterLab as a user has it: notebooks in pages of Chromium.

Tests wait for what a page or the kernel says, never for a time to pass; `PATIENCE` is how long,
and only a test that fails ever waits for it.
"""

import base64
import contextlib
import itertools
import json
import time
from pathlib import Path

import numpy as np
from lab_server import PATIENCE
from PIL import Image as PictureFile
from playwright.sync_api import TimeoutError as PageTimeout

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / "test-results"
SETTLING = 90.0  # seconds until a canvas must show what the kernel has
LOOK_AGAIN = 5.0  # seconds after which a page is brought to where it was
POLL = 50  # ms between two looks at a page

# The names of raywidget's threads, an expression for the kernel.
THREADS = "sorted(t.name for t in threading.enumerate() if t.name.startswith('raywidget'))"

# Run in each kernel before the tests' own cells.
PRELUDE = """
import json, os, pathlib, threading, time
import numpy as np
import raywidget as rw
from IPython.display import display
"""


class View:
    """One view of a widget: the `index`-th in the output of a cell."""

    def __init__(self, cell, index=0):
        self.cell = cell
        self.notebook = cell.notebook
        self.index = index

    @property
    def data(self):
        """What its element says about itself: state, samples, tiles, painted, ..."""
        return self.notebook.page.evaluate(
            "([id, index]) => window.driver.data(id, index)", [self.cell.id, self.index]
        )

    @property
    def element(self):
        """Playwright's locator of its root element."""
        return self.cell.element.locator(".raywidget").nth(self.index)

    def button(self, label):
        """One of its buttons."""
        return self.element.get_by_role("button", name=label, exact=True)

    def wait_for(self, condition, what):
        """Wait until a condition in JavaScript on `data` holds, with the view in sight."""
        self.notebook.wait_until(
            f"""([id, index]) => {{
                const data = window.driver.data(id, index);
                return data !== null && ({condition});
            }}""",
            f"view {self.index}: {what}",
            [self.cell.id, self.index],
            meanwhile=self.scroll_to,
        )

    def scroll_to(self):
        """Bring it into sight: cells that are run take the page along, and unseen views rest."""
        self.notebook.page.evaluate(
            "([id, index]) => window.driver.show(id, index)", [self.cell.id, self.index]
        )

    def wait_painted(self, state=None):
        """Wait until all that has arrived is on the canvas; in the end, with `state`, of all."""
        condition = "data.tiles > 0 && data.painted === data.tiles"
        if state:
            condition += f" && data.state === {json.dumps(state)}"
        self.wait_for(condition, f"everything painted{f', and {state}' if state else ''}")

    def wait_running(self, tiles=1):
        """Wait until it renders and this many more tiles are painted."""
        painted = (self.data or {}).get("painted", 0)
        self.wait_for(
            f"data.state === 'running' && data.painted >= {painted + tiles}",
            f"rendering, {tiles} more tiles painted",
        )

    def assert_shows(self, expected):
        """Check that the canvas comes to be equal to a picture, (height, width, 3) uint8."""
        deadline = time.monotonic() + SETTLING
        self.scroll_to()
        while not np.array_equal(shown := self.pixels(), expected):
            if time.monotonic() > deadline:
                self._report_difference(shown, expected)
            time.sleep(0.05)

    def assert_follows(self, expression):
        """Check that the canvas comes to be equal to what Python says.

        That may change meanwhile: when a render was stopped, its workers end their calls first.
        """
        deadline = time.monotonic() + SETTLING
        while True:
            expected = self.notebook.array(expression)
            self.scroll_to()
            looked = time.monotonic() + 2.0
            while not np.array_equal(shown := self.pixels(), expected):
                if time.monotonic() > deadline:
                    self._report_difference(shown, expected)
                if time.monotonic() > looked:
                    break
                time.sleep(0.05)
            else:
                return

    def assert_shows_now(self, expected):
        """Check that the canvas is equal to a picture at this moment."""
        if not np.array_equal(shown := self.pixels(), expected):
            self._report_difference(shown, expected)

    def _report_difference(self, shown, expected):
        assert shown.shape == expected.shape
        RESULTS.mkdir(exist_ok=True)
        for name, picture in (("shown", shown), ("expected", expected)):
            PictureFile.fromarray(picture).save(RESULTS / f"{name}.png")
        wrong = (shown != expected).any(axis=2)
        raise AssertionError(
            f"{wrong.sum()} of {wrong.size} pixels differ, by up to "
            f"{np.abs(shown.astype(int) - expected).max()}; see test-results/shown.png and "
            f"expected.png\n{self.notebook.describe()}"
        )

    def pixels(self):
        """The canvas read back: (height, width, 3) uint8; it must be opaque."""
        answer = self.notebook.page.evaluate(
            "([id, index]) => window.driver.pixels(id, index)", [self.cell.id, self.index]
        )
        data = np.frombuffer(base64.b64decode(answer["data"]), np.uint8)
        data = data.reshape(answer["height"], answer["width"], 4)
        assert (data[..., 3] == 255).all(), "the canvas is not opaque"
        return data[..., :3]


class Cell:
    """A cell of an open notebook."""

    def __init__(self, notebook, id_):
        self.notebook = notebook
        self.id = id_

    @property
    def is_finished(self):
        """Has the kernel run it to its end?"""
        return self.notebook.page.evaluate("id => window.driver.isFinished(id)", self.id)

    @property
    def element(self):
        """Playwright's locator of the cell."""
        ids = self.notebook.page.evaluate("() => window.driver.ids()")
        return self.notebook.page.locator(".jp-Notebook .jp-Cell").nth(ids.index(self.id))

    def view(self, index=0):
        """One of the widget's views in its output, once it is there."""
        self.notebook.wait_until(
            "([id, index]) => window.driver.views(id).length > index",
            f"the output holds {index + 1} view(s) of a widget",
            [self.id, index],
        )
        view = View(self, index)
        view.element.scroll_into_view_if_needed()
        return view

    def wait(self):
        """Wait until it has run to its end; its printed text. A traceback fails the test."""
        source = "id => window.driver.isFinished(id)"
        self.notebook.wait_until(source, "the cell has run", self.id)
        outputs = self.outputs()
        errors = ["\n".join(o["traceback"]) for o in outputs if o["output_type"] == "error"]
        assert not errors, f"the cell raised:\n{errors[0]}"
        return "".join("".join(o["text"]) for o in outputs if o["output_type"] == "stream")

    def outputs(self):
        """What it has put out, as in the notebook's file."""
        return self.notebook.page.evaluate("id => window.driver.outputs(id)", self.id)

    def clear(self):
        """Clear its output."""
        self.notebook.page.evaluate("id => window.driver.clear(id)", self.id)

    def rerun(self):
        """Run it again, as a user would; returns at once."""
        self.notebook.page.evaluate("id => window.driver.rerun(id)", self.id)
        return self


class Notebook:
    """A notebook that is open in a page, with its kernel."""

    _numbers = itertools.count()

    def __init__(self, server, context, name, port=None):
        self.server = server
        self.folder = server.folder
        self.name = name
        self.console = []
        self.gates = []
        self.page = context.new_page()
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on(
            "pageerror", lambda error: self.console.append(f"page error: {error.stack or error}")
        )
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(server.url(name, port))
        self.wait_until_ready()

    def close(self):
        """Leave it; the kernel goes on."""
        self.page.close(run_before_unload=False)

    # --- Waiting ---------------------------------------------------------------------------------

    def wait_until(self, condition, what, argument=None, meanwhile=lambda: None):
        """Wait until a function in JavaScript returns something true."""
        deadline = time.monotonic() + PATIENCE
        while True:
            meanwhile()
            with contextlib.suppress(PageTimeout):
                self.page.wait_for_function(
                    condition, arg=argument, timeout=1000 * LOOK_AGAIN, polling=POLL
                )
                return
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE:.0f} s in vain: {what}\n{self.describe()}"
            )

    def wait_for(self, condition, what):
        """Wait until a function in Python returns something true; returns that."""
        deadline = time.monotonic() + SETTLING
        while not (value := condition()):
            assert time.monotonic() < deadline, (
                f"waited {SETTLING:.0f} s in vain: {what}\n{self.describe()}"
            )
            time.sleep(0.05)
        return value

    def wait_until_ready(self):
        """Wait until the notebook can be worked with."""
        self.wait_until("() => window.driver.isReady()", "the notebook is open, its kernel idle")

    def describe(self):
        """What is on the page, for the message of a test that failed."""
        with contextlib.suppress(Exception):
            lines = [self.page.evaluate("() => window.driver.describe()"), "console:"]
            return "\n".join([*lines, *self.console[-20:]])
        return "(the page does not answer)"

    # --- Cells -----------------------------------------------------------------------------------

    def start(self, source):
        """Run code in a new cell at the end; returns at once."""
        id_ = self.page.evaluate("source => window.driver.run(source)", source.strip())
        return Cell(self, id_)

    def run(self, source):
        """Run code in a new cell at the end, to its end; a traceback fails the test."""
        cell = self.start(source)
        cell.wait()
        return cell

    def cells(self):
        """All cells, from the top."""
        return [Cell(self, id_) for id_ in self.page.evaluate("() => window.driver.ids()")]

    def cell(self, id_):
        """The cell with this id."""
        return Cell(self, id_)

    def find_cell(self, source):
        """The first cell with this in its code."""
        for cell in self.cells():
            if source in self.page.evaluate("id => window.driver.source(id)", cell.id):
                return cell
        raise AssertionError(f"no cell has {source!r}")

    def is_code(self, cell):
        """Can it be run?"""
        return self.page.evaluate("id => window.driver.isCode(id)", cell.id)

    def set_source(self, id_, source):
        """Write other code into a cell."""
        self.page.evaluate(
            "([id, source]) => window.driver.setSource(id, source)", [id_, source.strip()]
        )

    def run_all(self):
        """Run the notebook from top to bottom; returns at once."""
        self.page.evaluate("() => window.driver.runAll()")

    def evaluate(self, expression):
        """The value of a Python expression in the kernel, as far as JSON knows it."""
        return json.loads(self.start(f"print(json.dumps({expression}))").wait())

    def array(self, expression):
        """The value of a Python expression in the kernel: an array."""
        path = self.folder / f"array-{next(self._numbers)}.npy"
        self.run(f"np.save({str(path)!r}, {expression})")
        values = np.load(path)
        path.unlink()
        return values

    def gate(self):
        """Code that keeps the kernel busy, and what lets it go on."""
        path = self.folder / f"gate-{next(self._numbers)}"
        self.gates.append(path)
        return Gate(path)

    def compile_slowly(self):
        """A gate for what is compiled next."""
        gate = self.gate()
        self.run(
            "import raywidget.engine.renderer as renderer\n"
            "made = renderer.Renderer\n"
            "def slowly(*arguments):\n"
            f"    exec({gate.code!r}, {{}})\n"
            "    renderer.Renderer = made\n"
            "    return made(*arguments)\n"
            "renderer.Renderer = slowly"
        )
        return gate

    def block(self):
        """Keep the kernel busy with a cell; returns when it is, until `release`."""
        gate = self.gate()
        cell = self.start(gate.code)
        gate.wait_reached()
        return Block(cell, gate)

    def open_gates(self):
        """Let all cells go on that wait for something."""
        for gate in self.gates:
            gate.touch()
        self.gates.clear()

    def threads(self):
        """The names of raywidget's threads in the kernel."""
        return self.evaluate(THREADS)

    def wait_for_quiet(self):
        """Wait until no thread of raywidget is left; those that are, if they don't end.

        Widgets that were closed end theirs, but one may be about to answer a question.
        """
        deadline = time.monotonic() + SETTLING
        while (threads := self.threads()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return threads

    def wait_until_value(self, expression, expected):
        """Wait until a Python expression in the kernel has a value."""
        deadline = time.monotonic() + SETTLING
        while (value := self.evaluate(expression)) != expected:
            assert time.monotonic() < deadline, f"{expression} is {value}, not {expected}"
            time.sleep(0.1)

    def interrupt(self):
        """Interrupt the kernel, as the button with the square does."""
        self.page.evaluate("() => window.driver.interrupt()")

    def save(self, widget_state=False):
        """Save the notebook, with the state of its widgets if that is wanted."""
        self.page.evaluate("state => window.driver.save(state)", widget_state)

    def restart_kernel(self):
        """Restart the kernel, as the button with the arrow does."""
        self.page.evaluate("() => window.driver.restart()")
        self.wait_until_ready()

    def send_to_widget(self, comm, data, buffers=()):
        """Send a widget a message that its front end never would; buffers are lists of bytes."""
        self.page.evaluate(
            "([comm, data, buffers]) => window.driver.sendToWidget(comm, data, buffers)",
            [comm, data, list(buffers)],
        )

    def scroll_to_end(self):
        """Scroll to the last cell."""
        self.page.evaluate("() => window.driver.scrollTo(window.driver.ids().at(-1))")

    def scroll_to(self, cell):
        """Scroll to a cell."""
        self.page.evaluate("id => window.driver.scrollTo(id)", cell.id)

    def reload(self):
        """Load the page anew, as with F5."""
        self.page.reload()
        self.wait_until_ready()


class Gate:
    """A place in the code of a cell where the kernel sleeps until it is let go on."""

    def __init__(self, path):
        self._open = path
        self._reached = path.with_suffix(".reached")
        self.code = (
            "import pathlib, time\n"
            f"pathlib.Path({str(self._reached)!r}).touch()\n"
            f"while not pathlib.Path({str(self._open)!r}).exists():\n"
            "    time.sleep(0.02)\n"
        )

    def wait_reached(self):
        """Wait until the kernel has come here."""
        deadline = time.monotonic() + PATIENCE
        while not self._reached.exists():
            assert time.monotonic() < deadline, "the kernel never came to the gate"
            time.sleep(0.02)

    def open(self):
        """Let the kernel go on."""
        self._open.touch()


class Block:
    """A cell that keeps the kernel busy until it is released."""

    def __init__(self, cell, gate):
        self.cell = cell
        self._gate = gate

    @property
    def holds(self):
        """Is the kernel still in it?"""
        return not self.cell.is_finished

    def release_soon(self):
        """Let it end, and don't wait for that: the page may not know the cell any more."""
        self._gate.open()

    def release(self):
        """Let it end."""
        self._gate.open()
        self.cell.wait()
