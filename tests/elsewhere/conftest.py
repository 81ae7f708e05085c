"""Hosts other than the JupyterLab of the browser tests: each has an environment of its own.

They take minutes to install, so that they are part of `make elsewhere` and not of `make test`.
"""

import sys
from pathlib import Path

import pytest
from environments import Environment

import raywidget as rw

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

# The model of a page, and what starts a browser.
sys.path += [str(HERE.parent / "unit" / "stream"), str(HERE.parent / "browser")]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.elsewhere)


@pytest.fixture(scope="session")
def make_environment(tmp_path_factory):
    """An environment with raywidget and these packages, made once."""
    made = {}

    def make(*packages):
        if packages not in made:
            folder = tmp_path_factory.mktemp("elsewhere")
            environment = Environment(folder / "environment")
            environment.run("pip", "install", "--quiet", ROOT, *packages, cwd=folder)
            # Kernels are compiled now, so that no test waits for it.
            environment.run("python", "-c", "import raywidget; raywidget.warmup()", cwd=folder)
            made[packages] = environment
        return made[packages]

    return make


@pytest.fixture(scope="session")
def expected():
    """The same picture, rendered without a browser."""
    return rw.render(rw.presets.cornell(), width=96, height=64, spp=16)
