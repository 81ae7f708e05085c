import dataclasses
import itertools

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.settings import MAX_PIXELS, MAX_SIDE, SAMPLERS, RenderSettings


def targets(spp, passes):
    return RenderSettings(spp=spp, passes=passes).pass_targets()


@pytest.mark.parametrize(
    ("spp", "passes", "expected"),
    [
        (50, 7, (1, 9, 17, 25, 33, 41, 50)),
        (10, None, (1, 2, 4, 8, 10)),
        (8, None, (1, 2, 4, 8)),
        (1, None, (1,)),
        (1, 5, (1,)),
        (2, 5, (1, 2)),
        (8, 1, (8,)),
        (8, 8, (1, 2, 3, 4, 5, 6, 7, 8)),
        (8, 100, (1, 2, 3, 4, 5, 6, 7, 8)),
        (9, 2, (1, 9)),
    ],
)
def test_passes(spp, passes, expected):
    assert targets(spp, passes) == expected


@pytest.mark.parametrize("passes", [None, *range(1, 40)])
def test_passes_increase_and_end_at_the_goal(passes):
    for spp in (1, 2, 3, 7, 8, 9, 64, 100, 2**30):
        steps = targets(spp, passes)
        assert steps[-1] == spp
        assert all(a < b for a, b in itertools.pairwise(steps))
        assert len(steps) == (min(passes, spp) if passes else (spp - 1).bit_length() + 1)


WRONG = {
    "width": [0, -1, MAX_SIDE + 1, 1.0, True, "64", None, np.float32(4), np.bool_(True)],
    "height": [0, MAX_SIDE + 1, False, 10.5],
    "spp": [0, -3, 2**31, 1.0, None],
    "max_depth": [0, 10_001, 2.0],
    "seed": [-1, 2**64, 0.5, None],
    "passes": [0, -1, 1.5, True],
    "tile_size": [0, 3, 1025, 16.0, None],
    "threads": [0, -2, 1.0, True, 5000],
    "roulette": [0, 1, None, "yes"],
    "next_event": [1, None],
    "caustics": [1, "auto", None],
    "clamp_indirect": [0, -1.0, float("nan"), float("inf"), "10", True],
    "integrator": ["light", None, 0],
    "sampler": ["sobol", ""],
    "filter": ["Box", None, 0.5],
    "filter_radius": [0, 0.05, 8.5, -1, "1", True],
    "noise": [0, -1, "low", True, float("nan"), 11],
    "aovs": ["color", ("depth", "z"), 3, None, (1,)],
    "ao_distance": [0, -1.0, float("nan"), float("inf"), "far", True],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in WRONG.items() for v in values])
def test_wrong_settings_are_named(name, value):
    with pytest.raises(rw.SettingsError, match=f"^{name}: expected") as error:
        RenderSettings(**{name: value})
    assert "\n" not in str(error.value)


def test_pictures_have_a_largest_size():
    with pytest.raises(rw.SettingsError, match="width x height: at most"):
        RenderSettings(width=MAX_SIDE, height=MAX_SIDE)
    assert MAX_PIXELS == 7680 * 4320
    RenderSettings(width=7680, height=4320)


def test_limits_are_allowed_and_numpy_integers_too():
    RenderSettings(width=1, height=1, spp=1, max_depth=1, seed=2**64 - 1, tile_size=4, threads=1)
    settings = RenderSettings(width=np.int64(5), height=np.uint8(7), spp=np.int32(3))
    assert settings.pass_targets() == (1, 2, 3)
    assert type(settings.width) is type(settings.height) is type(settings.spp) is int
    assert RenderSettings(caustics=np.True_).caustics is True


def test_unknown_settings_are_refused_with_the_known_ones():
    with pytest.raises(rw.SettingsError, match="unknown setting 'sp'; did you mean 'spp'"):
        RenderSettings.for_scene({}, {"sp": 4})
    with pytest.raises(rw.SettingsError, match=r"Scene.defaults: unknown setting 'witdh'"):
        RenderSettings.for_scene({"witdh": 4}, {})


def test_choices_override_the_defaults_of_the_scene():
    settings = RenderSettings.for_scene({"width": 10, "spp": 5}, {"spp": 7})
    assert (settings.width, settings.height, settings.spp) == (10, RenderSettings().height, 7)


def test_what_names_the_samples():
    a = RenderSettings()
    how = {"spp": 3, "noise": 0.1, "aovs": ("depth",), "passes": 2, "tile_size": 16, "threads": 1}
    assert a.other_samples(a.replace(**how)) == ()
    what = {
        "width": 3,
        "height": 3,
        "region": (0, 0, 3, 3),
        "max_depth": 3,
        "adaptive": True,
        "alpha": True,
        "roulette": False,
        "next_event": False,
        "caustics": True,
        "clamp_indirect": 10.0,
        "seed": 1,
        "ao_distance": 2.0,
        "filter": "tent",
        "filter_radius": 1.2,
    }
    for name, value in what.items():
        assert a.other_samples(a.replace(**{name: value})) == (name,)
    names = {field.name for field in dataclasses.fields(a)}
    assert names == {*how, *what, "integrator", "sampler"}


def test_numbers_are_those_that_the_goal_asks_for():
    assert RenderSettings().sampler == RenderSettings(sampler="auto").sampler == "lattice"
    assert RenderSettings(noise=0.1).sampler == RenderSettings(adaptive=True).sampler == "halves"
    assert RenderSettings(noise=0.1, sampler="lattice").sampler == "lattice"
    assert RenderSettings().replace(noise=0.1).sampler == "lattice"  # as it was begun
    lattices = {name: RenderSettings(sampler=name).lattices for name in SAMPLERS}
    assert lattices == {"auto": 1, "lattice": 1, "halves": 2, "independent": 0}


def test_settings_are_frozen_and_keyword_only():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RenderSettings().spp = 3
    with pytest.raises(rw.SettingsError, match="too many positional arguments"):
        RenderSettings(640)
    with pytest.raises(rw.SettingsError, match="no parameter 'samples'; did you mean 'spp'"):
        RenderSettings(samples=4)


def test_threads_are_those_that_may_be_used():
    assert RenderSettings(threads=3).thread_count() == 3
    assert RenderSettings().thread_count() >= 1
