"""The public surface is what raywidget/__init__.py lists, and each name explains itself."""

import ast
import dataclasses
import doctest
import importlib
import importlib.metadata
import inspect
from pathlib import Path

import pytest

import raywidget
from raywidget.errors import RaywidgetError, RaywidgetWarning

ROOT = Path(__file__).parents[2]
CLASSES_AND_FUNCTIONS = [
    name for name in raywidget.__all__ if name not in ("__version__", "presets", "transforms")
]
# Their examples render or need a notebook: other tests and the notebooks run them.
NOT_RUN_HERE = ("raywidget.headless.rendering", "raywidget.widget.ray_widget")
MODULES_WITH_EXAMPLES = [
    "raywidget.presets",
    "raywidget.scene.values.transforms",
    "raywidget.scene.values.colors",
    "raywidget.picture.curves",
    "raywidget.picture.development",
    "raywidget.io.images",
]


def described(name):
    value = getattr(raywidget, name)
    return value, inspect.getdoc(value) or ""


def test_all_is_sorted_and_without_doubles():
    assert raywidget.__all__ == sorted(set(raywidget.__all__))


def test_all_is_what_is_imported_lazily():
    lazy = {*raywidget._HOMES, *raywidget._SUBMODULES}
    assert set(raywidget.__all__) == lazy | {"__version__"}
    assert set(raywidget.__all__) <= set(dir(raywidget))


def test_type_checkers_see_the_same_names_from_the_same_modules():
    tree = ast.parse(Path(raywidget.__file__).read_text(encoding="utf-8"))
    guard = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {
        alias.name: node.module
        for node in guard.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    modules = {name: path.rpartition(".")[0] for name, path in raywidget._SUBMODULES.items()}
    assert seen == raywidget._HOMES | modules


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="module 'raywidget' has no attribute 'Sfere'"):
        raywidget.Sfere  # noqa: B018


def test_looking_up_twice_gives_the_same_object():
    assert raywidget.Sphere is raywidget.Sphere
    assert "Sphere" in vars(raywidget)


@pytest.mark.parametrize("name", CLASSES_AND_FUNCTIONS)
def test_each_name_comes_from_its_module_and_has_a_docstring(name):
    value, text = described(name)
    assert value.__module__ == raywidget._HOMES[name]
    assert text
    assert not text.startswith(f"{name}(")  # the signature that dataclass would put there
    if not (inspect.isclass(value) and issubclass(value, RaywidgetError | RaywidgetWarning)):
        assert "Examples\n--------\n>>> " in text


@pytest.mark.parametrize("name", CLASSES_AND_FUNCTIONS)
def test_each_parameter_is_described(name):
    value, text = described(name)
    if dataclasses.is_dataclass(value):
        taken = inspect.signature(value).parameters  # `Moving` is a scene, and takes none of its
        parameters = [f.name for f in dataclasses.fields(value) if f.init and f.name in taken]
    elif inspect.isclass(value) and issubclass(value, RaywidgetError | RaywidgetWarning):
        return
    else:
        collecting = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        signature = inspect.signature(value).parameters.values()
        parameters = [p.name for p in signature if p.kind not in collecting]
    if not parameters:
        return
    section = text.partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    headings = [line.partition(" : ")[0] for line in section.splitlines() if " : " in line]
    described_names = {part.strip(" *") for line in headings for part in line.split(",")}
    if "f `RenderSettings`" in section:  # which describes its fields itself
        described_names |= {field.name for field in dataclasses.fields(raywidget.RenderSettings)}
    if "Of `Mesh`" in section:
        described_names |= {field.name for field in dataclasses.fields(raywidget.Mesh)}
    assert set(parameters) <= described_names


@pytest.mark.parametrize("name", CLASSES_AND_FUNCTIONS)
def test_help_hides_no_settings(name):
    value = getattr(raywidget, name)
    if inspect.isclass(value) and issubclass(value, Exception):
        return
    kinds = {p.kind for p in inspect.signature(value).parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds


def test_help_knows_what_can_be_replaced():
    ball = raywidget.Sphere((0, 0, 0), 1)
    assert "radius" in inspect.signature(ball.replace).parameters
    assert "spp" in inspect.signature(raywidget.RenderSettings().replace).parameters
    assert "spp" in inspect.signature(raywidget.RayWidget.restart).parameters
    assert ball.replace(radius=2).radius == 2.0


@pytest.mark.parametrize("name", CLASSES_AND_FUNCTIONS)
def test_examples_run(name):
    value, _ = described(name)
    run_examples(value, name, run=value.__module__ not in NOT_RUN_HERE)


@pytest.mark.parametrize("module", MODULES_WITH_EXAMPLES)
def test_examples_of_modules_run(module):
    result = doctest.testmod(importlib.import_module(module), raise_on_error=False)
    assert result.attempted > 0
    assert result.failed == 0


def run_examples(value, name, run):
    finder = doctest.DocTestFinder(recurse=False)
    (test,) = finder.find(value, name, globs={})
    if not run:
        for example in test.examples:
            compile(example.source, name, "exec")
        return
    report = []
    runner = doctest.DocTestRunner(verbose=False)
    assert runner.run(test, out=report.append).failed == 0, "".join(report)
