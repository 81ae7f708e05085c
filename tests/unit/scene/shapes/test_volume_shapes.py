"""Volumes as users write them: what is taken, what is refused, and what an edit keeps."""

import copy
import pickle

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.errors import SceneError, SettingsError
from raywidget.scene.edits import edit_scene

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
NUMBERS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    "dtype", ["?", "i1", "u1", "<i2", ">i2", "u2", "i4", "i8", "f2", "f4", "f8"]
)
def test_all_real_types_are_taken_without_a_copy(dtype):
    numbers = np.arange(24).reshape(2, 3, 4).astype(dtype)
    volume = rw.Volume(numbers)
    assert np.shares_memory(volume.values.array, numbers)
    assert volume.values.shape == (2, 3, 4)
    assert not volume.values.array.flags.writeable
    assert numbers.flags.writeable
    assert (volume.values.low, volume.values.high) == (0.0, float(numbers.max()))


def test_a_mapped_file_stays_mapped(tmp_path):
    np.save(tmp_path / "scan.npy", NUMBERS)
    mapped = np.load(tmp_path / "scan.npy", mmap_mode="r")
    assert np.shares_memory(rw.Volume(mapped).values.array, mapped)


def test_numbers_lie_at_the_middle_of_cells():
    volume = rw.Volume(NUMBERS, spacing=(1, 2, 3), origin=(10, 20, 30))
    low, high = volume.bounds()
    assert low.tolist() == [9.5, 19.0, 28.5]
    assert high.tolist() == [11.5, 25.0, 40.5]
    assert volume.size() == (2.0, 6.0, 12.0)


def test_axes_may_be_turned():
    turned = np.array([(0, -1, 0), (1, 0, 0), (0, 0, 1)])  # the first axis along y
    low, high = rw.Volume(NUMBERS, direction=turned).bounds()
    assert low.tolist() == [-2.5, -0.5, -0.5]
    assert high.tolist() == [0.5, 1.5, 3.5]


WRONG = {
    "a slice": (np.zeros((4, 4)), "values"),
    "no thickness": (np.zeros((4, 4, 0)), "some extent"),
    "five dimensions": (np.zeros((2, 2, 2, 2, 2)), "values"),
    "colours without opacity": (np.zeros((2, 2, 2, 3)), "opaque"),
    "nothing finite": (np.full((2, 2, 2), np.nan), "finite"),
    "nothing but infinity": (np.full((2, 2, 2), np.inf), "finite"),
    "complex numbers": (np.zeros((2, 2, 2), complex), "real"),
    "words": (np.full((2, 2, 2), "x"), "real"),
    "a word": ("cloud", "real"),
    "nothing": (None, "real"),
    "colours beyond 1": (np.full((2, 2, 2, 4), 3.0), r"\[0, 1\]"),
    "colours of 16 bits": (np.ones((2, 2, 2, 4), np.uint16), "uint8"),
    "ragged lists": ([[[1, 2], [3]]], "values"),
}


@pytest.mark.parametrize("kind", ["i2", "i8", "f4", "f8"])
def test_what_is_masked_is_empty(kind):
    numbers = np.arange(8).reshape(2, 2, 2).astype(kind)
    grid = rw.Volume(np.ma.masked_less(numbers, 3)).values
    assert (grid.low, grid.high, grid.holes) == (3, 7, 3)
    np.testing.assert_array_equal(grid.array, np.where(numbers < 3, np.nan, numbers))


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_volume_is_refused_by_name(name):
    values, word = WRONG[name]
    with pytest.raises(SceneError, match=word) as caught:
        rw.Volume(values, name="smoke")
    assert "Volume 'smoke'" in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacing": 0},
        {"spacing": -1},
        {"spacing": (1, 1)},
        {"spacing": (1, -1, 1)},
        {"spacing": (1, 1, 1e-12)},
        {"spacing": float("nan")},
        {"origin": (0, 0)},
        {"origin": (0, 0, np.inf)},
        {"precision": "double"},
        {"interpolation": "cubic"},
        {"transfer": "viridis"},
        {"transfer": rw.TransferFunction},
        {"shading": "phong"},
        {"shading": True},
        {"sharpness": 0.0},
        {"g": 1.0},
        {"g": "forward"},
        {"direction": np.ones((3, 3))},
        {"direction": np.eye(2)},
    ],
)
def test_wrong_parameters_are_refused_by_name(wrong):
    with pytest.raises(
        SceneError,
        match="Volume 'smoke'.*" + next(iter(wrong)).replace("spacing", "(spacing|edges)"),
    ):
        rw.Volume(NUMBERS, name="smoke", **wrong)


@given(
    arrays.arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]),
        arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=3),
    ),
    st.one_of(st.floats(), st.tuples(st.floats(), st.floats(), st.floats())),
    st.tuples(st.floats(), st.floats(), st.floats()),
)
def test_any_array_is_a_volume_or_an_error_of_ours(values, spacing, origin):
    try:
        volume = rw.Volume(values, spacing=spacing, origin=origin)
    except SceneError:
        return
    assert np.isfinite(volume.bounds()).all()
    assert volume.density() > 0.0


def test_an_edit_of_the_transfer_function_keeps_the_numbers():
    scene = rw.Scene([rw.Volume(NUMBERS, name="smoke")], camera=CAMERA)
    edited = edit_scene(scene, {"smoke.transfer.density": 9, "smoke.transfer.color": "inferno"})
    assert edited.shapes[0].transfer.density == 9.0
    assert edited.shapes[0].values is scene.shapes[0].values
    other = edit_scene(scene, {"smoke.values": NUMBERS + 1})
    assert other.shapes[0].values.low == 1.0


def test_copies_from_pickle_are_the_same_volume():
    volume = rw.Volume(
        NUMBERS, spacing=2, transfer=rw.TransferFunction("inferno", density=2), g=0.3
    )
    for other in (pickle.loads(pickle.dumps(volume)), copy.deepcopy(volume)):
        assert repr(other) == repr(volume)
        np.testing.assert_array_equal(other.values.array, NUMBERS)


def test_the_volume_goes_into_files_and_comes_back(tmp_path):
    for values in (NUMBERS, NUMBERS.astype(np.uint8), np.ones((2, 2, 2, 4), np.uint8)):
        scene = rw.Scene([rw.Volume(values, spacing=0.5)], camera=CAMERA)
        scene.save(tmp_path / "smoke.glb")
        back = rw.load_scene(tmp_path / "smoke.glb")
        assert repr(back) == repr(scene)
        np.testing.assert_array_equal(back.shapes[0].values.array, values)


def test_integrators_that_know_no_volumes_say_which_one_does():
    scene = rw.Scene([rw.Volume(NUMBERS)], camera=CAMERA)
    for integrator in ("path", "bdpt", "direct"):
        with pytest.raises(SettingsError, match=r"volumes.*volpath"):
            rw.render(scene, width=4, height=4, spp=1, integrator=integrator)
