"""What comments and documents call by its place in the house is there."""

import ast
import re
from pathlib import Path

import pytest

import raywidget

ROOT = Path(raywidget.__file__).parent
ROOMS = sorted(p.stem for p in ROOT.iterdir() if p.is_dir() or p.suffix == ".py")
PLACE = re.compile(rf"`((?:{'|'.join(ROOMS)})(?:[./](?!jsonl)\w+)+)")
DOCUMENTS = [ROOT.parent / "docs" / name for name in ("architecture.md", "conventions.md")]
SOURCES = [*sorted(ROOT.rglob("*.py")), *(path for path in DOCUMENTS if path.exists())]


def names_in(module):
    """All that a module, or a class in it, defines or mentions."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[-1])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def is_there(place):
    """Is ``room/module.name`` a folder, a module, or a name in one?"""
    parts = re.split(r"[./]", place)
    folder = ROOT
    for k, part in enumerate(parts):
        module = folder / f"{part}.py"
        if module.exists():
            rest = parts[k + 1 :]
            return not rest or rest[0] in names_in(module) or rest == ["py"]
        folder = folder / part
        if not folder.is_dir():
            return k > 0 and part in names_in(folder.parent / "__init__.py")
    return True


@pytest.mark.parametrize("room", [*ROOMS, "docs"])
def test_places_that_are_named_are_there(room):
    wrong = []
    for source in SOURCES:
        inside = (
            source.relative_to(ROOT).parts[0].split(".")[0] if ROOT in source.parents else "docs"
        )
        if inside == room:
            text = source.read_text("utf-8")
            wrong += [f"{source.name}: {m}" for m in PLACE.findall(text) if not is_there(m)]
    assert not wrong


def test_what_is_not_there_is_found():
    assert is_there("kernels.integrators.path.advance_paths")
    assert is_there("engine/session")
    assert not is_there("kernels.few")
    assert not is_there("kernels.integrators.path.no_such_function")
