"""The processes behind the tests: a JupyterLab server of their own, and the browser's program."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

import nbformat
from playwright.sync_api import sync_playwright

PATIENCE = 180.0  # seconds; a first run compiles kernels, and the machine may be busy

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = [
    "--no-sandbox",  # containers run as root
    "--disable-dev-shm-usage",  # ... with a small /dev/shm
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


def find_chromium():
    """The browser to test in: CHROMIUM, or the first that is found."""
    chosen = os.environ.get("CHROMIUM")
    for name in [chosen] if chosen else CHROMIUM_NAMES:
        if path := shutil.which(name):
            return path
    raise FileNotFoundError(
        f"these tests need Chromium or Chrome (looked for {chosen or ', '.join(CHROMIUM_NAMES)}); "
        "`make browser` installs it on Debian, CHROMIUM=... says where it is, "
        "and -m 'not browser' leaves them out"
    )


@contextlib.contextmanager
def running_chromium():
    """A headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        yield browser
        browser.close()


class LabServer:
    """A JupyterLab with settings, tokens and files of its own."""

    def __init__(self, folder):
        self.folder = folder / "notebooks"
        self.folder.mkdir()
        self._home = folder
        self._log = folder / "server.log"
        self._token = secrets.token_hex(16)
        self._configuration(folder)
        self.start()

    def start(self, port=0):
        """Start it; on the port that it had before, pages find it again."""
        folder = self._home
        environment = dict(os.environ)
        for name in ("config", "data", "runtime"):
            environment[f"JUPYTER_{name.upper()}_DIR"] = str(folder / name)
        environment |= {
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            "JUPYTER_PREFER_ENV_PATH": "1",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        }
        options = [
            "--no-browser",
            "--allow-root",
            "--expose-app-in-browser",
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={port}",
            f"--ServerApp.root_dir={self.folder}",
            f"--IdentityProvider.token={self._token}",
            "--LabApp.extension_manager=readonly",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jupyterlab", *options],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._address = self._await_address(folder / "runtime")
        except BaseException:
            self.stop()
            raise

    @staticmethod
    def _configuration(folder):
        quiet = folder / "settings" / "@jupyterlab" / "apputils-extension"
        quiet.mkdir(parents=True)
        news = {"fetchNews": "false", "checkForUpdates": False}
        (quiet / "notification.jupyterlab-settings").write_text(json.dumps(news))

    def _await_address(self, runtime):
        """The server writes its port into a file, and then answers."""
        info = runtime / f"jpserver-{self._process.pid}.json"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"JupyterLab ended by itself:\n{self.log()}")
            with contextlib.suppress(OSError, ValueError):
                address = f"http://127.0.0.1:{json.loads(info.read_text())['port']}"
                with urllib.request.urlopen(self._request(f"{address}/api/status"), timeout=10):
                    return address
            time.sleep(0.05)
        raise TimeoutError(f"JupyterLab did not answer in {PATIENCE:.0f} s:\n{self.log()}")

    def _request(self, url, method="GET"):
        headers = {"Authorization": f"token {self._token}"}
        return urllib.request.Request(url, method=method, headers=headers)

    def api(self, path, method="GET"):
        """The answer of the server's REST interface, or None if there is none."""
        request = self._request(f"{self._address}/api/{path}", method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    @property
    def pid(self):
        """Its process."""
        return self._process.pid

    @property
    def port(self):
        """Where it listens."""
        return int(self._address.rpartition(":")[2])

    def url(self, name, port=None):
        """Where a notebook is opened, through another port if that leads here."""
        return f"http://127.0.0.1:{port or self.port}/doc/tree/{name}?token={self._token}"

    def write_notebook(self, name, cells=()):
        """Put a notebook with these code cells into the server's folder."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        notebook.metadata.kernelspec = {
            "name": "python3",
            "display_name": "Python 3",
            "language": "python",
        }
        nbformat.write(notebook, self.folder / name)
        return name

    def shut_kernel_down(self, name):
        """End the kernel of a notebook."""
        for session in self.api("sessions"):
            if session["path"] == name:
                self.api(f"kernels/{session['kernel']['id']}", "DELETE")

    def shut_kernels_down(self):
        """End all kernels."""
        for kernel in self.api("kernels"):
            with contextlib.suppress(OSError):
                self.api(f"kernels/{kernel['id']}", "DELETE")

    def log(self):
        """The end of what the server printed."""
        return self._log.read_text(errors="replace")[-5000:]

    def stop(self):
        """End the server, and with it all kernels."""
        if self._process.poll() is None:
            with contextlib.suppress(OSError, AttributeError):
                self.shut_kernels_down()
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
