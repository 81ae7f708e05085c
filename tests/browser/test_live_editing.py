"""The notebook on live editing, in a browser: a slider beside the picture changes the picture."""

import re
from pathlib import Path

import nbformat
from lab_driver import PRELUDE

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_live_editing.ipynb"


def test_a_slider_changes_the_picture(server, open_notebook):
    content = nbformat.read(NOTEBOOK, as_version=4)
    for cell in content.cells:
        cell.source = re.sub(r"\bspp=\d+", "spp=8", cell.source)
    nbformat.write(content, server.folder / "live_editing.ipynb")
    notebook = open_notebook("live_editing.ipynb")
    notebook.run_all()
    for cell in notebook.cells():
        if notebook.is_code(cell):
            cell.wait()

    notebook.run(PRELUDE)
    generation = notebook.evaluate("widget.generation")
    picture = notebook.cell("widget")
    notebook.scroll_to(picture)
    view = picture.view()
    view.wait_painted("done")
    picture.element.locator(".noUi-handle").first.press("ArrowRight")
    notebook.wait_until_value("widget.generation", generation + 1)
    assert notebook.evaluate("round(widget.scene.shapes[0].material.roughness, 6)") == 0.4

    notebook.run("widget.wait()")
    expected = notebook.array("widget.image.to_uint8()")
    notebook.scroll_to(picture)
    view.wait_painted("done")
    view.assert_shows(expected)
