"""The same scenes, rendered here and by Mitsuba 3: stored pictures, so Mitsuba is not needed."""

import pytest
from cases import CASES
from comparison import compare, render_here
from significance import LEVEL, corrected
from stored import FOLDER, load

pytestmark = pytest.mark.statistical


@pytest.mark.parametrize("name", CASES)
def test_both_renderers_show_the_same(name):
    case = CASES[name]
    result = compare(render_here(case), load(name))
    assert result.p_value > corrected(LEVEL, len(CASES)), result


def test_every_picture_has_its_scene():
    assert {file.stem for file in FOLDER.glob("*.npz")} == set(CASES)


def test_the_comparison_notices_a_small_difference():
    case = CASES["gradient_sky"]
    ours, theirs = render_here(case), load("gradient_sky")
    assert compare(ours, theirs).p_value > LEVEL
    brighter = theirs._replace(mean=theirs.mean * 1.01)
    assert compare(ours, brighter).p_value < 1e-4
    spot = theirs.mean.copy()
    spot[8:12, 12:16] *= 1.05
    assert compare(ours, theirs._replace(mean=spot)).p_value < 1e-4
