"""Notebooks as pages, with the pictures that ``docs/notebooks.py`` has kept of their runs."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat

from docs.notebooks import FOLDER as PICTURES_FOLDER
from docs.notebooks import PICTURES


def write_tutorials(notebooks: Path, folder: Path) -> None:
    """Write a page for each notebook, and one that lists them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [path.stem for path in sorted(notebooks.glob("*.ipynb"))]
    index = [
        "# Tutorials",
        "",
        "One idea each, from top to bottom in seconds, nothing to download. The notebooks lie in "
        "`notebooks/`; `make demo` opens the first one.",
        "",
        "```{toctree}",
        ":maxdepth: 1",
        "",
        *names,
        "```",
        "",
    ]
    (folder / "index.md").write_text("\n".join(index), encoding="utf-8")
    for name in names:
        notebook = nbformat.read(notebooks / f"{name}.ipynb", as_version=4)
        text = page(notebook, PICTURES.get(name, {}))
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
        shutil.copy(notebooks / f"{name}.ipynb", folder / f"{name}.ipynb")


def page(notebook: Any, pictures: dict[str, str]) -> str:
    """A notebook as Markdown: its words, its code, and the picture of a cell after it."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```ipython\n{cell.source}\n```")
        if cell.id in pictures:
            title = next(line for line in notebook.cells[0].source.splitlines() if line)
            path = f"../images/notebooks/{pictures[cell.id]}.jpg"
            assert (PICTURES_FOLDER / f"{pictures[cell.id]}.jpg").exists(), pictures[cell.id]
            parts.append(f"![The picture that this cell makes, from: {title.strip('# ')}]({path})")
    return "\n\n".join(parts) + "\n"
