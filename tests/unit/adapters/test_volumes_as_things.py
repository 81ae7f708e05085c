"""Volumes of numpy, xarray, VTK and PyVista, and the transfer function that nobody wrote."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.picture.figure_elements import describe

GRID = np.linspace(-1, 1, 24)
X, Y, Z = np.meshgrid(GRID, GRID, GRID, indexing="ij")
R = np.sqrt(X * X + Y * Y + Z * Z)


def volume_in(thing, **staging):
    (volume,) = [s for s in rw.studio(thing, **staging).shapes if isinstance(s, rw.Volume)]
    return volume


def thickness_at(volume, number):
    limits = volume.transfer.limits_for(volume.values.low, volume.values.high)
    table = volume.transfer.looks(limits, 0.0)[:, 0]
    return float(np.interp(number, np.linspace(*limits, len(table)), table))


def test_air_is_not_there_and_what_is_rare_is_thick():
    scan = np.full(X.shape, -1000, np.int16)
    scan[R < 0.6] = 40
    scan[R < 0.2] = 1200
    volume = volume_in(scan)
    assert thickness_at(volume, -1000) == 0.0
    assert 0.0 < thickness_at(volume, 40) < thickness_at(volume, 1200) == 1.0


def test_waves_are_thick_at_both_ends():
    volume = volume_in(np.sin(5 * X) * np.exp(-4 * R * R))
    assert thickness_at(volume, 0.0) == 0.0
    assert thickness_at(volume, 0.4) > 0.2
    assert thickness_at(volume, -0.4) > 0.2


@pytest.mark.parametrize(
    "array",
    [
        np.ones((4, 4, 4)),
        np.zeros((4, 4, 4), bool),
        np.full((3, 3, 3), 1e300),
        np.eye(5)[None] * np.ones((5, 1, 1)),
    ],
)
def test_whatever_the_numbers_are_something_is_seen(array):
    volume = volume_in(array)
    limits = volume.transfer.limits_for(volume.values.low, volume.values.high)
    assert volume.transfer.looks(limits, 0.0)[:, 0].max() > 0.0


def test_the_camera_looks_at_what_is_there():
    near = np.zeros((40, 40, 40))
    near[30:38, 2:10, 5:9] = 1.0
    scene = rw.studio(near, ground=False)
    np.testing.assert_allclose(scene.camera.look_at, (33.5, 5.5, 6.5), atol=2.5)


def test_colours_with_opacity_are_a_volume():
    volume = volume_in(np.full((4, 4, 4, 4), 128, np.uint8))
    assert volume.values.is_colored


def test_a_three_dimensional_data_array_has_its_coordinates():
    import xarray

    field = xarray.DataArray(
        np.arange(24.0).reshape(2, 3, 4),
        dims=("z", "y", "x"),
        coords={"z": [10.0, 20.0], "y": [3.0, 2.0, 1.0], "x": [0.0, 0.5, 1.0, 1.5]},
        name="heat",
    )
    volume = volume_in(field)
    assert volume.name == "heat"
    assert volume.spacing == (0.5, 1.0, 10.0)
    assert volume.origin == (0.0, 1.0, 10.0)
    np.testing.assert_array_equal(volume.values.array, field.values.transpose()[:, ::-1])


def image(pyvista):
    grid = pyvista.ImageData(dimensions=(3, 4, 5), spacing=(1, 2, 3), origin=(7, 8, 9))
    grid["heat"] = np.arange(60.0)
    return grid


def test_images_of_pyvista_are_volumes():
    import pyvista

    grid = image(pyvista)
    volume = volume_in(grid)
    assert volume.values.shape == (3, 4, 5)
    assert (volume.spacing, volume.origin) == ((1.0, 2.0, 3.0), (7.0, 8.0, 9.0))
    assert np.shares_memory(volume.values.array, np.asarray(grid["heat"]))
    i, j, k = 1, 2, 3
    assert volume.values.array[i, j, k] == grid["heat"][grid.find_closest_point((8, 12, 18))]


def test_volumes_in_plotters_keep_colours_and_opacity():
    import pyvista

    plotter = pyvista.Plotter(off_screen=True)
    plotter.add_volume(image(pyvista), cmap="inferno", opacity=[0.0, 0.5], name="heat")
    scene = rw.studio(plotter, ground=False)
    (volume,) = scene.shapes
    table = volume.transfer.looks(volume.transfer.limits_for(0, 59), 0.0)
    assert table[0, 0] == pytest.approx(0.0, abs=0.02)
    assert table[-1, 0] > 0.01
    expected = rw.ColorMap("inferno").evaluate([0.0, 1.0])
    # Most of the colours is given off, as VTK does it, the rest is for the light to show.
    np.testing.assert_allclose(table[[0, -1], 1:4], 0.3 * expected, atol=0.02)
    np.testing.assert_allclose(table[[0, -1], 4:7], 0.7 * expected, atol=0.02)
    assert volume.shading is None
    assert not any("volume" in note for note in scene.notes)
    (bar,) = describe(scene)["bars"]
    assert (bar["label"], bar["low"], bar["high"]) == ("heat", 0, 59)
    plotter = pyvista.Plotter(off_screen=True)
    plotter.add_volume(image(pyvista), cmap="inferno", show_scalar_bar=False, shade=True)
    (shaded,) = rw.studio(plotter, ground=False).shapes
    table = shaded.transfer.looks(shaded.transfer.limits_for(0, 59), 0.0)
    np.testing.assert_allclose(table[[0, -1], 1:4], expected, atol=0.02)
    assert not table[:, 4:7].any()
    assert shaded.shading == "gradient"
    assert describe(rw.studio(plotter, ground=False))["bars"] == []


def test_labels_are_regions_of_their_own_colours():
    labels = np.full((12, 12, 12), 3, np.uint8)
    labels[2:10, 2:10, 2:10] = 4
    labels[4:8, 4:8, 4:8] = 9
    volume = volume_in(labels)
    assert volume.interpolation == "nearest"
    looks = volume.transfer
    thick = np.array(looks.extinction)
    assert thick[0] == 0  # air is what is outside
    assert thick[6] == thick.max() > 2 * thick[1] > 0
    colors = looks.color
    assert colors.ticks == ((4, ""), (9, ""))
    tab = rw.ColorMap("tab10").table
    np.testing.assert_allclose(colors.evaluate([4, 9]), tab[:2], atol=2e-3)
    # Not so: numbers that count something, and two regions, which are a thing and air.
    for other in (np.arange(1728).reshape(12, 12, 12), labels > 3, labels.astype(float)):
        volume = volume_in(other)
        assert volume.interpolation == "linear"
