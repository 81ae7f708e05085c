"""Colour maps: matplotlib's colours for the same numbers, and words for what can't be one."""

import copy
import pickle
import warnings

import cmap
import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import ListedColormap, LogNorm, Normalize

import raywidget as rw
from raywidget.scene.values.colors import encode_srgb

# The catalogue's version of one map goes another way between two of its stops.
NAMES = sorted(name for name in matplotlib.colormaps if not name.startswith("gist_stern"))


def screen(linear):
    """What a screen shows, 0 to 255."""
    return 255.0 * encode_srgb(linear)


def neighbours(values):
    """A value, and the floats of 32 bits around it: at the edge of a colour either will do."""
    v = np.float32(values)
    return [v, np.nextafter(v, np.float32(-np.inf)), np.nextafter(v, np.float32(np.inf))]


@pytest.mark.parametrize("name", NAMES)
def test_every_map_of_matplotlib_has_its_colours(name):
    ours, theirs = rw.ColorMap(name, limits=(0, 1)), matplotlib.colormaps[name]
    values = (np.arange(theirs.N) + 0.5) / theirs.N
    assert np.abs(screen(ours.evaluate(values)) - 255.0 * theirs(values)[:, :3]).max() <= 0.51


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.floats(-1e6, 1e6, width=32),
    st.floats(2.0**-10, 1e6, width=32),
    st.lists(st.floats(-2e6, 2e6, width=32), min_size=1, max_size=20),
)
def test_values_have_the_colours_of_matplotlib(name, low, span, values):
    ours = rw.ColorMap(name, limits=(low, low + span))
    theirs = matplotlib.colormaps[name]
    norm = Normalize(low, low + span)
    found = screen(ours.evaluate(values))
    wanted = [255.0 * theirs(norm(np.float64(v)))[:, :3] for v in neighbours(values)]
    off = np.min([np.abs(found - w).max(axis=1) for w in wanted], axis=0)
    assert off.max() <= 1.0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1.0, 1e9, width=32), min_size=1, max_size=20))
def test_logarithms_are_those_of_matplotlib(values):
    ours = rw.ColorMap("turbo", limits=(1e-3, 1e6), log=True, nan="lime")
    theirs = matplotlib.colormaps["turbo"].with_extremes(bad="lime")
    found = screen(ours.evaluate(values))
    wanted = [
        255.0 * theirs(LogNorm(1e-3, 1e6)(np.ma.masked_invalid(v.astype(float))))[:, :3]
        for v in neighbours(values)
    ]
    off = np.min([np.abs(found - w).max(axis=1) for w in wanted], axis=0)
    assert off.max() <= 1.0


def test_beyond_the_limits_and_no_number():
    heat = rw.ColorMap("gray", limits=(0, 1), below="red", above="blue", nan="lime")
    values = [-0.1, 1.1, np.nan, np.inf, -np.inf, 0.0, 1.0]
    expected = [(1, 0, 0), (0, 0, 1), (0, 1, 0), (0, 0, 1), (1, 0, 0), (0, 0, 0), (1, 1, 1)]
    assert heat.evaluate(values).tolist() == [list(map(float, c)) for c in expected]
    plain = rw.ColorMap("gray", limits=(0, 1))
    assert plain.evaluate([-9.0, 9.0]).tolist() == [[0, 0, 0], [1, 1, 1]]


def test_limits_come_from_the_values_where_none_are_given():
    heat = rw.ColorMap("gray")
    assert heat.evaluate([2.0, np.nan, 4.0])[[0, 2]].tolist() == [[0, 0, 0], [1, 1, 1]]
    assert rw.ColorMap(limits=(None, 5)).limits_for(-3.0, 99.0) == (-3.0, 5.0)
    assert rw.ColorMap(symmetric=True).limits_for(-3.0, 1.0) == (-3.0, 3.0)
    assert rw.ColorMap().limits_for(7.0, 7.0) == (7.0, 8.0)
    assert rw.ColorMap(log=True).limits_for(7.0, 7.0) == (7.0, 70.0)
    assert rw.ColorMap(log=True).range_of([-1.0, 0.0, 3.0, 5.0, np.nan]) == (3.0, 5.0)
    assert rw.ColorMap().range_of([np.nan, np.inf]) is None


def test_steps_are_so_many_colours():
    for name in ("viridis", "jet", "coolwarm"):
        ours = rw.ColorMap(name, limits=(0, 1), steps=5)
        theirs = matplotlib.colormaps[name].resampled(5)
        values = np.linspace(0, 1, 41)
        off = screen(ours.evaluate(values)) - 255.0 * theirs(values)[:, :3]
        assert np.abs(off).max() <= 2.0  # the catalogue has stops of 8 bits for some
        assert len(np.unique(ours.evaluate(values), axis=0)) == 5


def test_whatever_is_a_map():
    listed = ListedColormap(["red", "blue"])
    assert rw.ColorMap(listed).table.tolist() == [[1, 0, 0], [0, 0, 1]]
    extended = matplotlib.colormaps["viridis"].with_extremes(bad="red", under="lime", over="blue")
    assert rw.ColorMap(extended, limits=(0, 1)).evaluate([np.nan, -1, 2]).tolist() == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]
    assert (
        rw.ColorMap(cmap.Colormap("inferno")).table.tolist()
        == rw.ColorMap("inferno").table.tolist()
    )
    assert rw.ColorMap(matplotlib.colormaps["inferno"]).colors == "inferno"
    rows = np.array([[0, 0, 0], [188, 188, 188], [255, 255, 255]], np.uint8)
    assert rw.ColorMap(rows).table[1, 0] == pytest.approx(0.503, abs=1e-3)
    assert rw.ColorMap(rows / 255.0).table.tolist() == rw.ColorMap(rows).table.tolist()
    assert rw.ColorMap(["black", "white"], limits=(0, 1)).table.shape == (256, 3)
    matplotlib.colormaps.register(listed, name="of_a_user", force=True)
    assert rw.ColorMap("of_a_user").table.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_copies_are_equal_and_repr_is_python():
    for heat in (
        rw.ColorMap("inferno", limits=(0, 100), label="T / K", log=False, steps=4),
        rw.ColorMap(["white", "red"], symmetric=True, nan="lime", name="heat"),
        rw.ColorMap(matplotlib.colormaps["viridis"].with_extremes(under="red")),
    ):
        for other in (copy.deepcopy(heat), pickle.loads(pickle.dumps(heat)), heat.replace()):
            assert repr(other) == repr(heat)
            assert other.table.tolist() == heat.table.tolist()
            assert other.extremes == heat.extremes
    written = rw.ColorMap("inferno", limits=(0, 100), label="T / K", nan="red")
    again = eval(repr(written), {"ColorMap": rw.ColorMap})
    assert repr(again) == repr(written)


def test_a_name_that_two_collections_have_is_quiet(caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rw.ColorMap("PRGn")
    assert not caplog.records


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"colors": "virids"}, "ColorMap: colors must be .* got 'virids'; did you mean 'viridis'?"),
        ({"colors": 3}, "colors must be the name of a colour map, .* got 3"),
        ({"colors": [[0, 0, 300.0]]}, r"numbers must lie in \[0, 1\], by the sRGB curve"),
        ({"colors": ["wite", "red"]}, "did you mean 'white'?"),
        ({"colors": np.zeros((0, 3))}, "1 to 65536 rows"),
        ({"limits": (3, 1)}, r"low < high.*got \(3, 1\); to turn the map round, append '_r'"),
        ({"limits": (1, 1)}, "low < high"),
        ({"limits": (0, float("nan"))}, "limits must be two numbers"),
        ({"limits": 5}, "limits must be two numbers"),
        ({"limits": (0, 5), "log": True}, "limits must be > 0, as log=True"),
        ({"log": True, "symmetric": True}, "log and symmetric can't go together"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"nan": (2, 0, 0)}, "nan must be"),
        ({"label": 3}, "label must be a string"),
    ],
)
def test_what_can_not_be_is_said(arguments, message):
    with pytest.raises(rw.SceneError, match=message):
        rw.ColorMap(**arguments)
    with pytest.raises(rw.SceneError, match="ColorMap 'heat'"):
        rw.ColorMap(**arguments, name="heat")
