"""Each notebook is a page of the manual: it runs from top to bottom; no outputs are kept."""

import importlib
import re
from pathlib import Path

import nbclient
import nbformat
import pytest

pytestmark = pytest.mark.notebook

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
VIEW = "application/vnd.jupyter.widget-view+json"
SMALL = {"width": 48, "height": 32, "spp": 2}


def small(source):
    """The same code with small pictures."""
    for name, value in SMALL.items():
        pattern = rf"\b{name}=(\d+)"
        source = re.sub(pattern, lambda m, n=name, v=value: f"{n}={min(v, int(m[1]))}", source)
    return source


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def fonts():
    """Matplotlib searches for fonts when first used, and says so on stderr if that takes long."""
    importlib.import_module("matplotlib.font_manager")


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_traces_of_a_run(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, tmp_path, fonts):
    notebook = nbformat.read(path, as_version=4)
    widgets = {}
    for cell in code_cells(notebook):
        widgets[cell.id] = len(re.findall(r"\brw\.RayWidget\(", cell.source))
        cell.source = small(cell.source)
    client = nbclient.NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    for cell in code_cells(notebook):
        if widgets[cell.id]:  # others may show widgets of other kinds
            assert sum(VIEW in o.get("data", {}) for o in cell.outputs) == widgets[cell.id]
