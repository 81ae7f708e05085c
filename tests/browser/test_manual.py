"""The other notebooks with widgets in a browser: they run, and every picture is there."""

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
SMALL = {"width": 160, "height": 120, "spp": 2}
NAMES = (
    "02_materials_and_lights",
    "04_your_data",
)


def small(source):
    """The same code with small pictures, and a name for the widget that a cell ends with."""
    for name, value in SMALL.items():
        source = re.sub(rf"\b{name}=\d+", f"{name}={value}", source)
    named = re.sub(r"^rw\.RayWidget\(", "shown = rw.RayWidget(", source, flags=re.MULTILINE)
    return source if named == source else f"{named}\nshown"


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_a_browser(name, server, open_notebook):
    content = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    for cell in code:
        cell.source = small(cell.source)
    nbformat.write(content, server.folder / f"{name}.ipynb")
    notebook = open_notebook(f"{name}.ipynb")
    notebook.run_all()
    for cell in code:
        notebook.cell(cell.id).wait()

    with_widgets = [cell for cell in code if "shown = " in cell.source]
    assert len(with_widgets) == 1, "give each its own name"
    for cell in with_widgets:
        picture = notebook.cell(cell.id)
        notebook.scroll_to(picture)
        view = picture.view()
        view.wait_painted("done")
        view.assert_follows("shown.image.to_uint8()")
