"""Run the notebooks and keep pictures of them, for the README.

python docs/notebooks.py               # all of them, and one of the viewer at work: five minutes
python docs/notebooks.py 04_your_data  # only of these notebooks
python docs/notebooks.py viewer        # only the viewer, in JupyterLab and a headless Chromium

It needs what the tests need (`make environment`).
"""

from __future__ import annotations

import argparse
import base64
import io
import re
import sys
import tempfile
from pathlib import Path

import nbclient
import nbformat
from PIL import Image as Pillow

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "images" / "notebooks"
SAMPLES = 4  # times as many as in the notebooks, which are to run in seconds

# The cells whose last picture is kept, and under which name.
PICTURES = {
    "01_quickstart": {"render": "ripples"},
    "02_materials_and_lights": {"save": "materials", "image": "evening"},
    "04_your_data": {"bar": "field", "terrain": "land"},
    "05_headless_and_batch": {"aovs": "aovs"},
    "06_inside_a_path_tracer": {"paths": "paths", "nee": "next-event"},
    "07_a_volume": {"scan": "scan", "smoke": "smoke"},
    "08_a_molecule": {"molecule-render": "molecule"},
}
WIDGET = re.compile(r"^rw\.RayWidget\(", re.MULTILINE)
VIEWER = "viewer"
WIDTH, HEIGHT = 860, 660  # of the page that is photographed


def pictures_of(name: str) -> None:
    """Run a notebook, and keep its pictures."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = re.sub(r"\bspp=(\d+)", lambda m: f"spp={SAMPLES * int(m[1])}", cell.source)
        if cell.cell_type == "code" and WIDGET.search(cell.source):
            # nbclient hears of the last picture of a widget only while a cell runs.
            cell.source = WIDGET.sub("shown = rw.RayWidget(", cell.source)
            cell.source += "\nshown.wait()\nshown.image"
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        nbclient.NotebookClient(notebook, timeout=3600, resources=resources).execute()
    cells = {cell.id: cell for cell in notebook.cells}
    for cell, picture in PICTURES[name].items():
        found = [
            o.data["image/png"] for o in cells[cell].outputs if "image/png" in o.get("data", {})
        ]
        keep(base64.b64decode(found[-1]), picture)


def keep(png: bytes, name: str) -> None:
    """Store a picture as JPEG."""
    path = FOLDER / f"{name}.jpg"
    picture = Pillow.open(io.BytesIO(png)).convert("RGB")
    picture.save(path, quality=88, optimize=True, progressive=True)
    print(f"{path}: {picture.size}, {path.stat().st_size / 1000:.0f} kB", flush=True)


def picture_of_the_viewer() -> None:
    """The notebook on live editing in JupyterLab, with what a click tells."""
    sys.path.insert(0, str(ROOT / "tests" / "browser"))
    from hands import Hands  # type: ignore[import-not-found]
    from lab_driver import HERE, Notebook  # type: ignore[import-not-found]
    from lab_server import (  # type: ignore[import-not-found]
        CHROMIUM_FLAGS,
        LabServer,
        find_chromium,
    )
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LabServer(Path(folder))
        content = nbformat.read(ROOT / "notebooks" / "03_live_editing.ipynb", as_version=4)
        nbformat.write(content, server.folder / "live_editing.ipynb")
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), headless=True, args=CHROMIUM_FLAGS
        )
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5
        )
        context.add_init_script(path=HERE / "driver.js")
        try:
            notebook = Notebook(server, context, "live_editing.ipynb")
            notebook.page.evaluate("() => window.jupyterapp.shell.collapseLeft()")
            for cell in ("scene", "sun", "widget"):
                notebook.cell(cell).rerun().wait()
            view = notebook.cell("widget").view()
            view.wait_painted("done")
            notebook.scroll_to(notebook.cell("widget"))
            notebook.page.wait_for_timeout(1000)  # the page comes to rest
            Hands(view).click(0.31, 0.5)
            card = view.element.get_by_role("region", name="Inspector")
            card.get_by_text("ball (Sphere)").wait_for()
            keep(notebook.page.screenshot(), VIEWER)
        finally:
            browser.close()
            server.stop()


def main() -> None:
    """Make what the command line names."""
    parser = argparse.ArgumentParser(description="Pictures of the notebooks.")
    names = [*PICTURES, VIEWER]
    parser.add_argument("names", nargs="*", metavar="NOTEBOOK", help=", ".join(names))
    options = parser.parse_args()
    if unknown := set(options.names) - set(names):
        parser.error(f"no such notebook: {', '.join(sorted(unknown))}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.names or names:
        if name == VIEWER:
            picture_of_the_viewer()
        else:
            pictures_of(name)


if __name__ == "__main__":
    main()
