"""The quickstart, as a newcomer sees it: opened, run from top to bottom, looked at."""

import re
from pathlib import Path

import nbformat
import pytest

QUICKSTART = Path(__file__).parents[2] / "notebooks" / "01_quickstart.ipynb"
WIDGET_LINE = re.compile(r"^(?P<name>\w+ = )?rw\.RayWidget\(.*\)$", re.MULTILINE)


@pytest.fixture
def quickstart():
    """The notebook with fewer samples; its code cells."""
    notebook = nbformat.read(QUICKSTART, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.source = re.sub(r"\bspp=\d+", "spp=8", cell.source)
    return notebook, cells


def rendered_instead(cells, folder, monkeypatch):
    """What each cell with a widget shows if it says `render` instead, in this process."""
    monkeypatch.chdir(folder)
    names = {}
    pictures = []
    for source in (cell.source for cell in cells):
        if line := WIDGET_LINE.search(source):
            call = line[0].removeprefix(line["name"] or "").replace("RayWidget", "render")
            exec(source[: line.start()], names)
            pictures.append(eval(call, names).to_uint8())
        else:
            exec(source, names)
    return pictures


def test_quickstart(quickstart, server, open_notebook, tmp_path, monkeypatch):
    content, cells = quickstart
    expected = rendered_instead(cells, tmp_path, monkeypatch)
    assert len(expected) == 2
    with_widgets = [cell for cell in cells if WIDGET_LINE.search(cell.source)]

    # The first cell is made to sleep after its widget was displayed.
    first = with_widgets[0]
    nbformat.write(content, server.folder / "quickstart.ipynb")
    notebook = open_notebook("quickstart.ipynb")
    gate = notebook.gate()
    line = WIDGET_LINE.search(first.source)[0]
    sleeping = first.source.replace(line, f"shown = {line}\ndisplay(shown)\n{gate.code}")
    notebook.set_source(first.id, sleeping)

    notebook.run_all()
    gate.wait_reached()
    picture = notebook.cell(first.id)
    picture.view().wait_for("data.painted > 0", "tiles appear while the cell sleeps")
    assert not picture.is_finished
    picture.view().wait_painted("done")
    assert not picture.is_finished
    picture.view().assert_shows_now(expected[0])
    gate.open()

    for cell in notebook.cells():
        if notebook.is_code(cell):
            cell.wait()
    for cell, pixels in zip(with_widgets, expected, strict=True):
        view = notebook.cell(cell.id).view()
        view.wait_painted("done")
        view.assert_shows_now(pixels)
