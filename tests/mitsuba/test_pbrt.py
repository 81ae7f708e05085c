"""The scenes of this folder, written as pbrt's users have them and read back, show the same."""

import pytest
from as_pbrt import write_pbrt
from cases import CASES, HEIGHT, WIDTH
from comparison import compare, render_read
from significance import LEVEL, corrected
from stored import load
from translate import Untranslatable, to_mitsuba

import raywidget as rw
from raywidget.io.scene_files import read_scene

pytestmark = pytest.mark.statistical

# What is not written down in pbrt's words: it has nothing that means exactly the same.
ELSEWHERE = {
    "a_cloud_of_numbers", "all_sides_scatter", "colours_of_vertices", "eight_bits_and_gradients",
    "fine_copper", "frosted_glass", "image_environment", "lights_of_all_kinds",
    "mesh_of_several_materials", "mirrors_of_real_metals", "mixtures", "normal_maps",
    "numbers_like_bricks", "pictures_that_end", "principled_brass", "rough_gold",
    "roughness_from_a_picture", "spot_light", "stretched_and_mirrored_smooth_copy", "thin_panes",
    "tinted_glass_with_a_bubble",
}  # fmt: skip
# What is only near in general, and tells so; here it is the same.
NOTED = {
    "board_on_a_tube": "made of triangles",
    "lacquer": "no thickness here",
}
NAMES = sorted(set(CASES) - ELSEWHERE)


def write(name, folder):
    case = CASES[name]
    words = to_mitsuba(case.make(), WIDTH, HEIGHT, case.max_depth, case.filter)
    # Half of the worlds are mirrored, half of the cameras are.
    return write_pbrt(words, folder, mirrored=NAMES.index(name) % 2 == 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_scene_read_from_pbrt_shows_what_mitsuba_shows(name, tmp_path):
    case = CASES[name]
    parts = read_scene(write(name, tmp_path))
    assert [note for note in parts.notes if NOTED.get(name, "-") not in note] == []
    assert bool(parts.notes) == (name in NOTED)
    assert parts.defaults["max_depth"] == case.max_depth
    assert (parts.defaults["width"], parts.defaults["height"]) == (WIDTH, HEIGHT)
    assert parts.defaults["filter"] == case.filter
    assert "filter_radius" not in parts.defaults
    scene = rw.Scene(
        parts.shapes, emitters=parts.emitters, camera=parts.cameras[0], medium=parts.medium
    )
    result = compare(render_read(case, scene), load(name))
    assert result.p_value > corrected(LEVEL, len(CASES)), result


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_the_others_have_no_words_in_pbrt(name, tmp_path):
    case = CASES[name]
    words = to_mitsuba(case.make(), WIDTH, HEIGHT, case.max_depth, case.filter)
    with pytest.raises(Untranslatable):
        write_pbrt(words, tmp_path, mirrored=True)
