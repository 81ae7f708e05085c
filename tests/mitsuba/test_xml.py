"""The scenes of this folder, written as Mitsuba's users have them and read back, show the same."""

import pytest
from as_xml import write_xml
from cases import CASES, HEIGHT, WIDTH
from comparison import compare, render_read
from significance import LEVEL, corrected
from stored import load
from translate import to_mitsuba

import raywidget as rw
from raywidget.io.scene_files import read_scene

pytestmark = pytest.mark.statistical

# What is not read as it is meant, and tells so.
ELSEWHERE = {
    "a_cloud_of_numbers": "medium 'heterogeneous' is left out",
    "board_on_a_tube": "begins elsewhere",
    "eight_bits_and_gradients": "turns a texture",
    "image_environment": "half a row",
    "image_environment_seen": "half a row",
    "numbers_like_bricks": "medium 'heterogeneous' is left out",
}


def read_back(case, folder):
    words = to_mitsuba(case.make(), WIDTH, HEIGHT, case.max_depth, case.filter)
    parts = read_scene(write_xml(words, folder))
    assert parts.notes == ()
    assert parts.defaults["max_depth"] == case.max_depth
    assert (parts.defaults["width"], parts.defaults["height"]) == (WIDTH, HEIGHT)
    assert parts.defaults["filter"] == case.filter
    return rw.Scene(
        parts.shapes, emitters=parts.emitters, camera=parts.cameras[0], medium=parts.medium
    )


@pytest.mark.parametrize("name", sorted(set(CASES) - set(ELSEWHERE)))
def test_a_scene_read_from_xml_shows_what_mitsuba_shows(name, tmp_path):
    case = CASES[name]
    read = read_back(case, tmp_path)
    result = compare(render_read(case, read), load(name))
    assert result.p_value > corrected(LEVEL, len(CASES)), result


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_what_lies_elsewhere_here_is_told(name, tmp_path):
    case = CASES[name]
    words = to_mitsuba(case.make(), WIDTH, HEIGHT, case.max_depth, case.filter)
    (note,) = read_scene(write_xml(words, tmp_path)).notes
    assert "scene.xml, line 1" in note
    assert ELSEWHERE[name] in note
