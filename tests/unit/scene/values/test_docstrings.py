"""Parameters that classes share are described once, and shown at each."""

import inspect

import raywidget as rw
from raywidget.scene.values.docstrings import parameter_entries, with_parameters

BALL = """A ball.

Parameters
----------
radius : float
    In scene units,
    more than 0.
base, top : Vec3
    Ends.

Raises
------
SceneError
    If not.
"""


def test_entries_have_their_lines_and_one_may_have_two_names():
    entries = parameter_entries(BALL)
    assert list(entries) == ["radius", "base", "top"]
    assert entries["radius"] == "radius : float\n    In scene units,\n    more than 0."
    assert entries["base"] == entries["top"] == "base, top : Vec3\n    Ends."


def test_a_docstring_without_parameters_has_no_entries():
    assert parameter_entries("A ball.\n\nRaises\n------\nSceneError\n    If not.") == {}
    assert parameter_entries(None) == {}


def test_what_is_added_stands_behind_the_own_entries_and_before_the_next_section():
    text = with_parameters(
        "A ball.\n\nParameters\n----------\nr : float\n    Own.\n\nRaises\n------\nE",
        {"r": "r : int\n    Shared.", "name": "name : str\n    Shared."},
    )
    assert text == (
        "A ball.\n\nParameters\n----------\nr : float\n    Own.\nname : str\n    Shared.\n\n"
        "Raises\n------\nE"
    )


def test_a_section_is_made_where_there_is_none():
    shared = {"name": "name : str\n    Shared."}
    assert with_parameters("A ball.\n\nRaises\n------\nE", shared) == (
        "A ball.\n\nParameters\n----------\nname : str\n    Shared.\n\nRaises\n------\nE"
    )
    assert with_parameters("A ball.", {}) == "A ball."


def test_nearest_description_counts_and_fixed_parameters_are_left_out():
    assert "Instead of the mesh's." in inspect.getdoc(rw.Instances)
    assert "by default a grey matte surface" not in inspect.getdoc(rw.Instances)
    assert "opacity" not in inspect.getdoc(rw.Emissive)
    assert inspect.getdoc(rw.Metal).count("\nopacity : ") == 1
