"""What other programs read in a saved scene is the same light: z-tests, without `in_full`."""

import pytest
from generated_scenes import generated_scene
from significance import LEVEL, check_means, corrected, picture_statistics

import raywidget as rw

pytestmark = pytest.mark.statistical

SMALL = {"width": 24, "height": 18, "batches": 16, "per_batch": 4, "max_depth": 5}
SEEDS = range(6)


def as_others_see_it(scene, folder):
    scene.save(folder / "a.glb", in_full=False)
    return rw.load_scene(folder / "a.glb")


@pytest.mark.parametrize("seed", SEEDS)
def test_scenes_by_chance(tmp_path, seed):
    scene = generated_scene(seed, plain=True)
    there = picture_statistics(scene, **SMALL)
    back = picture_statistics(as_others_see_it(scene, tmp_path), seed=1, **SMALL)
    assert there.mean.max() > 0.05
    assert check_means(there, back) > corrected(LEVEL, len(SEEDS))


@pytest.mark.parametrize("name", ["cornell-empty", "cornell-boxes"])
def test_a_preset(tmp_path, name):
    scene = rw.presets.preset(name)
    back = as_others_see_it(scene, tmp_path)
    # A perfect mirror becomes the smoothest metal of glTF, in which black is a millionth brighter:
    # nothing is black under a sky, of which that is a hundredth of a per cent.
    sky = rw.ConstantEnvironment(0.05)
    there, back = (
        picture_statistics(s.replace(emitters=[sky]), seed=seed, **SMALL)
        for seed, s in enumerate((scene, back))
    )
    assert check_means(there, back, rounding=1e-4) > corrected(LEVEL, 2)
