"""Kernels of several versions, with a page that is a model: what arrives while a cell runs?

`Browser` follows the protocol as the front end does; here it talks over the sockets of a real
kernel. ipykernel 6 handles messages between cells; 7 has subshells, where they are handled at
once; 7.4 routes them anew.
"""

import contextlib
import queue
import time

import numpy as np
import pytest
from example import WIDGET
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from stream_doubles import Browser

PATIENCE = 120.0
CLIENT = 7

OLD = "ipykernel==6.31.*"
VERSIONS = (OLD, "ipykernel==7.1.*", "ipykernel>=7.4")


class Kernel:
    """A kernel, and the page that is connected to it."""

    def __init__(self, environment, folder):
        argv = [str(environment.bin / "python"), "-m", "ipykernel_launcher", "-f"]
        self._manager = KernelManager()
        self._manager._kernel_spec = KernelSpec(
            argv=[*argv, "{connection_file}"], language="python"
        )
        self._manager.start_kernel(cwd=str(folder), env=environment.variables)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=PATIENCE)
        self._folder = folder
        self._subshell = None
        self._comm = None
        self._busy = set()
        self.page = Browser(CLIENT, time.monotonic())
        self.prompt = None

    def close(self):
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def open_subshell(self):
        """Ask for a subshell, as JupyterLab does for widgets; False if there are none."""
        session = self._client.session
        request = session.msg("create_subshell_request", {})
        self._client.control_channel.send(request)
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            try:
                answer = self._client.control_channel.get_msg(timeout=0.1)
            except queue.Empty:
                continue
            if answer["msg_type"] == "create_subshell_reply":
                self._subshell = answer["content"]["subshell_id"]
                return True
        return False

    def run(self, code):
        """Run a cell; returns at once."""
        self._busy.add(self._client.execute(code))

    def run_until(self, gate):
        """Run a cell that sleeps until a file is there."""
        self.run(
            "import pathlib, time\n"
            f"while not pathlib.Path({str(self._folder / gate)!r}).exists(): time.sleep(0.02)"
        )

    def open_gate(self, gate):
        (self._folder / gate).touch()

    @property
    def is_busy(self):
        return bool(self._busy)

    def say(self, content):
        """Send the widget a word of the page."""
        data = {"method": "custom", "content": content}
        message = self._client.session.msg("comm_msg", {"comm_id": self._comm, "data": data})
        if self._subshell is not None:
            message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)

    def talk(self, condition, what):
        """Let kernel and page talk until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited in vain: {what}; {vars(self.page)}"
            with contextlib.suppress(queue.Empty):
                self._hear(self._client.iopub_channel.get_msg(timeout=0.02))
            if self._comm is not None:
                for word in self.page.poll(time.monotonic()):
                    self.say(word)

    def _hear(self, message):
        kind, content = message["msg_type"], message["content"]
        if kind == "error":
            raise AssertionError("\n".join(content["traceback"]))
        if kind == "status" and content["execution_state"] == "idle":
            self._busy.discard(message["parent_header"].get("msg_id"))
        elif kind == "comm_open" and "_esm" in content["data"].get("state", {}):
            self._comm = content["comm_id"]
        elif kind == "comm_msg" and content["comm_id"] == self._comm:
            self._receive(content["data"], message["buffers"])

    def _receive(self, data, buffers):
        if data["method"] != "custom":
            return
        word = data["content"]
        if word["k"] == "state":
            self.prompt = word["prompt"]
        self.page.receive(word, [bytes(buffer) for buffer in buffers], time.monotonic())

    def has_some(self):
        """Has the page pixels? (A `begin` alone makes an empty picture.)"""
        return self.page.front is not None and bool(self.page.front.spp.any())

    def has_all(self):
        """Has the page the whole picture, exactly, and does it know that it is the end?"""
        front = self.page.front
        return (
            self.page.state == "done"
            and front is not None
            and bool(np.all(front.spp == 16) and np.all(front.exact))
        )


@pytest.fixture(params=VERSIONS)
def version(request):
    return request.param


@pytest.fixture
def kernel(version, make_environment, tmp_path):
    kernel = Kernel(make_environment(version, "ipywidgets"), tmp_path)
    yield kernel
    kernel.close()


def assert_exact(page, expected):
    np.testing.assert_array_equal(page.front.half, np.asarray(expected).astype(np.float16))


def test_with_a_page_that_asks_for_a_subshell_all_goes_on(kernel, version, expected):
    has_subshells = kernel.open_subshell()
    assert has_subshells == (version != OLD)
    kernel.run(WIDGET + "display(widget)")
    kernel.run_until("gate")
    if has_subshells:
        kernel.talk(kernel.has_all, "the whole picture while the cell runs")
        assert kernel.is_busy
        assert kernel.prompt is True
    else:
        kernel.talk(kernel.has_some, "pixels while the cell runs")
        assert kernel.is_busy
    kernel.open_gate("gate")
    kernel.talk(lambda: kernel.has_all() and not kernel.is_busy, "the whole picture")
    assert_exact(kernel.page, expected)


def test_buttons_act_while_a_cell_runs_where_there_are_subshells(kernel, version):
    has_subshells = kernel.open_subshell()
    kernel.run(WIDGET.replace("spp=16", "spp=100_000") + "display(widget)")
    kernel.run_until("gate")
    if has_subshells:
        kernel.talk(lambda: kernel.page.state == "running", "it renders")
        kernel.say({"k": "control", "client": CLIENT, "do": "pause"})
        kernel.talk(lambda: kernel.page.state == "paused", "it is paused")
        assert kernel.is_busy
        kernel.open_gate("gate")
    else:
        kernel.talk(lambda: kernel.page.state == "running", "it renders")
        kernel.say({"k": "control", "client": CLIENT, "do": "pause"})
        kernel.open_gate("gate")
        kernel.talk(lambda: kernel.page.state == "paused", "it is paused when the cell has ended")
    kernel.run("widget.close()")
    kernel.talk(lambda: not kernel.is_busy, "it is closed")


def test_a_page_without_subshells_gets_pixels_while_a_cell_runs(kernel, expected):
    kernel.run(WIDGET + "display(widget)")
    kernel.run_until("gate")
    kernel.talk(kernel.has_some, "pixels while the cell runs")
    assert kernel.is_busy
    kernel.open_gate("gate")
    kernel.talk(kernel.has_all, "the whole picture")
    assert_exact(kernel.page, expected)
    assert kernel.prompt is False
