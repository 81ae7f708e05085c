"""Front ends other than JupyterLab, in Chromium: does the canvas come to show the picture?"""

import base64
import contextlib
import socket
import subprocess
import time
import urllib.request

import nbformat
import numpy as np
import pytest
from example import WIDGET
from lab_server import running_chromium

PATIENCE = 180.0

NOTEBOOK = ("-m", "notebook", "--no-browser", "--allow-root", "--ServerApp.ip=127.0.0.1")
PACKAGES = ("notebook>=7.4", "voila", "marimo", "ipywidgets", "ipykernel")
HOSTS = {
    "Notebook 7": (
        (*NOTEBOOK, "--ServerApp.port={port}", "--IdentityProvider.token="),
        "notebooks/example.ipynb",
    ),
    "Voila": (
        ("-m", "voila", "example.ipynb", "--no-browser", "--port={port}", "--Voila.ip=127.0.0.1"),
        "",
    ),
    "marimo": (
        ("-m", "marimo", "run", "example.py", "--headless", "--no-token", "--port={port}"),
        "",
    ),
}

APP = """import marimo

app = marimo.App()


@app.cell
def _():
{body}
    widget
    return
"""

READ_CANVAS = """(element) => {
    const canvas = element.querySelector("canvas.raywidget-canvas");
    const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    return { width, height, data: btoa(String.fromCharCode(...data)) };
}"""


@pytest.fixture(scope="session")
def browser():
    with running_chromium() as browser:
        yield browser


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(environment, arguments, folder, port):
    """A server, once it answers."""
    command = [environment.bin / "python", *(a.format(port=port) for a in arguments)]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment.variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            said = (folder / "server.log").read_text(errors="replace")
            assert process.poll() is None, f"the server ended by itself:\n{said}"
            assert time.monotonic() < deadline, f"the server did not answer:\n{said}"
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).close()
                break
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("host", HOSTS)
def test_the_canvas_shows_the_picture(host, make_environment, browser, expected, tmp_path):
    arguments, path = HOSTS[host]
    environment = make_environment(*PACKAGES)
    cells = [nbformat.v4.new_code_cell(WIDGET + "widget")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, tmp_path / "example.ipynb")
    body = "".join(f"    {line}\n" for line in WIDGET.splitlines())
    (tmp_path / "example.py").write_text(APP.format(body=body))
    port = free_port()
    with running(environment, arguments, tmp_path, port):
        page = browser.new_page()
        errors = []
        page.on("console", lambda message: errors.append(message.text))
        page.goto(f"http://127.0.0.1:{port}/{path}", timeout=1000 * PATIENCE)
        if path:  # a notebook, whose kernel has to be there before a cell can be run
            page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(
                state="attached", timeout=1000 * PATIENCE
            )
            page.locator(".jp-Cell .cm-content").first.click()
            page.keyboard.press("Shift+Enter")
        view = page.locator(".raywidget").first
        view.wait_for(timeout=1000 * PATIENCE)
        deadline = time.monotonic() + PATIENCE
        wanted = expected.to_uint8()
        while True:
            state = view.get_attribute("data-state")
            answer = view.evaluate(READ_CANVAS)
            data = np.frombuffer(base64.b64decode(answer["data"]), np.uint8)
            shown = data.reshape(answer["height"], answer["width"], 4)[..., :3]
            if state == "done" and np.array_equal(shown, wanted):
                break
            assert time.monotonic() < deadline, f"{state}, {shown.shape}; {errors[-10:]}"
            time.sleep(0.1)
        assert not [line for line in errors if "[raywidget]" in line]
        page.close()
