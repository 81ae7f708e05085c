"""`isosurface` and `plane_cut` of what users hold: the same places and numbers from all kinds."""

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.io.uneven import evened

X, Y, Z = np.meshgrid(*[np.linspace(-1, 1, n) for n in (24, 26, 28)], indexing="ij")
STEPS = (2 / 23, 2 / 25, 2 / 27)
SQUARES = X * X + Y * Y + Z * Z
PLACED = {"spacing": STEPS, "origin": (-1, -1, -1)}


def radii(shape):
    return np.linalg.norm(shape.vertices, axis=1)


def data_sets():
    """The same ball in every kind of grid that PyVista has."""
    pv = pytest.importorskip("pyvista")
    image = pv.ImageData(dimensions=X.shape, spacing=STEPS, origin=(-1, -1, -1))
    uneven = np.sign(X[:, 0, 0]) * X[:, 0, 0] ** 2
    rectilinear = pv.RectilinearGrid(uneven, Y[0, :, 0], Z[0, 0, :])
    structured = pv.StructuredGrid(X, Y, Z)
    sets = [image, rectilinear, structured, structured.cast_to_unstructured_grid()]
    for one in sets:
        one["f"] = (one.points.astype(float) ** 2).sum(axis=1)
        one["up"] = one.points[:, 2]
        one.set_active_scalars("f")
    return [*sets, pv.MultiBlock([sets[0], sets[3]]), structured.tessellate()]


KINDS = ["image", "rectilinear", "structured", "unstructured", "blocks", "tetrahedra"]


@pytest.mark.parametrize("kind", KINDS)
def test_data_sets_of_pyvista(kind):
    data = data_sets()[KINDS.index(kind)]
    ball = rw.isosurface(data, 0.5, material=rw.Diffuse("ivory"))
    np.testing.assert_allclose(radii(ball), np.sqrt(0.5), atol=6e-3)
    assert ball.shown is None
    assert ball.material.color == rw.Diffuse("ivory").color
    assert (np.sum(ball.normals * ball.vertices, axis=1) < 0).all()  # to where it is less
    shells = rw.isosurface(data, [0.25, 0.5], colormap="plasma")
    np.testing.assert_allclose(shells.shown.numbers.array, radii(shells) ** 2, atol=8e-3)
    assert set(np.unique(shells.shown.numbers.array)) == {0.25, 0.5}
    assert shells.shown.name == "f"
    cut = rw.plane_cut(data, (0, 0, 0.1), "z", unlit=1.0)
    np.testing.assert_allclose(cut.vertices[:, 2], 0.1, atol=1e-6)
    np.testing.assert_allclose(cut.shown.numbers.array, radii(cut) ** 2, atol=0.02)
    assert cut.shown.limits == pytest.approx((SQUARES.min(), SQUARES.max()), abs=5e-3)
    assert cut.unlit == 1.0
    other = rw.plane_cut(data, normal=(0, 1, 0), field="up")
    np.testing.assert_allclose(other.shown.numbers.array, other.vertices[:, 2], atol=1e-5)


def test_surfaces_give_lines_with_their_numbers():
    pv = pytest.importorskip("pyvista")
    sphere = pv.Sphere(theta_resolution=60, phi_resolution=60)
    sphere["up"] = sphere.points[:, 2]
    ours = rw.Mesh(sphere.points, sphere.regular_faces, values=sphere["up"], colormap="magma")
    for thing in (sphere, ours):
        lines = rw.isosurface(thing, [-0.2, 0.1, 0.3], radius=0.01)
        low, high = lines.bounds()
        np.testing.assert_allclose((low[2], high[2]), (-0.21, 0.31), atol=1e-5)
        assert set(np.unique(lines.shown.numbers.array)) == set(np.float32([-0.2, 0.1, 0.3]))
        cut = rw.plane_cut(thing, (0.1, 0, 0))
        np.testing.assert_allclose(cut.bounds()[0][0], 0.1, atol=0.005)
        assert cut.shown.limits == pytest.approx((-0.5, 0.5), abs=1e-3)
    flat = rw.plane_cut(ours, (0, 0, 0.2), "-z")
    np.testing.assert_allclose(flat.values, 0.2, atol=1e-5)
    assert flat.values.shape == (len(flat.starts), 2)
    assert flat.shown.colormap.colors == "magma"


def test_the_inside_of_a_solid_has_no_normals_of_its_outside():
    pv = pytest.importorskip("pyvista")
    solid = pv.Sphere().delaunay_3d()
    solid["up"] = solid.points[:, 2]
    assert solid.point_data.active_normals is not None
    assert rw.plane_cut(solid, normal="y").normals is None
    level = rw.isosurface(solid, 0.1)
    np.testing.assert_allclose(np.abs(level.normals[:, 2]), 1.0, atol=1e-3)


def test_arrays_of_every_type_and_mapped_ones(tmp_path):
    steps = np.round(SQUARES * 40)
    for kind in "?bBhHiIqQefdg":
        values = (SQUARES < 0.5) if kind == "?" else steps.astype(kind)
        ball = rw.isosurface(values, 0.5 if kind == "?" else 20, **PLACED)
        np.testing.assert_allclose(radii(ball), np.sqrt(0.5), atol=0.06)
        cut = rw.plane_cut(values, (0, 0, 0), "z", **PLACED)
        inner = cut.values[np.argmin(np.linalg.norm(cut.vertices, axis=1))]
        assert inner == (1 if kind == "?" else pytest.approx(0, abs=1))
    np.save(tmp_path / "field.npy", SQUARES.astype(np.float32))
    mapped = np.load(tmp_path / "field.npy", mmap_mode="r")
    np.testing.assert_allclose(radii(rw.isosurface(mapped, 0.5, **PLACED)), 0.5**0.5, atol=3e-3)


def test_numbers_far_from_zero_keep_their_surface():
    """Pressures that differ in the seventh digit: single precision alone would make stairs."""
    ball = rw.isosurface(101325.0 + 0.01 * SQUARES, 101325.005, **PLACED)
    np.testing.assert_allclose(radii(ball), np.sqrt(0.5), atol=3e-3)


def test_what_is_masked_or_not_finite_has_no_surface():
    for field in (np.ma.masked_where(X < -0.3, SQUARES), np.where(X < -0.3, np.nan, SQUARES)):
        ball = rw.isosurface(field, 0.5, **PLACED)
        assert -0.3 <= ball.vertices[:, 0].min() < -0.2
        cut = rw.plane_cut(field, (0, 0, 0), "z", **PLACED)
        assert np.isnan(cut.values[cut.vertices[:, 0] < -0.35]).all()
        assert np.isfinite(cut.values[cut.vertices[:, 0] > -0.2]).all()


def test_several_levels_and_other_fields_on_a_surface():
    volume = rw.Volume(SQUARES, **PLACED, transfer=rw.TransferFunction("cividis"))
    shells = rw.isosurface(volume, np.array([0.3, 0.6, 0.9]), name="shells", unlit=0.5)
    np.testing.assert_allclose(radii(shells) ** 2, shells.values, atol=6e-3)
    assert shells.shown.colormap.colors == "cividis"
    assert shells.name == "shells"
    tinted = rw.isosurface(
        SQUARES, 0.5, **PLACED, quantities={"x": X, "z": Z}, show="z", colormap={"z": "coolwarm"}
    )
    np.testing.assert_allclose(tinted.quantities["x"], tinted.vertices[:, 0], atol=1e-5)
    np.testing.assert_allclose(tinted.shown.numbers.array, tinted.vertices[:, 2], atol=1e-5)
    assert tinted.shown.colormap.colors == "coolwarm"


def test_data_arrays_have_their_coordinates():
    xr = pytest.importorskip("xarray")
    places = {"z": Z[0, 0, :][::-1], "y": Y[0, :, 0], "x": X[:, 0, 0]}
    field = xr.DataArray(
        SQUARES.transpose(2, 1, 0)[::-1], dims=("z", "y", "x"), coords=places,
        name="T", attrs={"units": "K"},
    )  # fmt: skip
    np.testing.assert_allclose(radii(rw.isosurface(field, 0.5)), np.sqrt(0.5), atol=3e-3)
    cut = rw.plane_cut(field.to_dataset(), (0, 0, 0.1), "z", field="T")
    np.testing.assert_allclose(cut.vertices[:, 2], 0.1, atol=1e-6)
    assert cut.shown.label == "T / K"
    # Depths that are ever further apart stay where they are.
    depths = -1 + 2 * np.linspace(0, 1, 28) ** 2
    deep = xr.DataArray(
        X[:, 0, 0, None, None] ** 2 + Y[0, :, 0, None] ** 2 + depths**2,
        dims=("x", "y", "depth"), coords={"x": X[:, 0, 0], "y": Y[0, :, 0], "depth": depths},
    )  # fmt: skip
    ball = rw.isosurface(deep.transpose("depth", "y", "x"), 0.5)
    np.testing.assert_allclose(radii(ball), np.sqrt(0.5), atol=8e-3)
    assert any("'depth' differ" in note for note in rw.studio(deep).notes)


def test_fields_are_taken_over_to_equal_steps():
    at = np.array([0.0, 1.0, 2.5, 7.0])
    field = np.broadcast_to((3 * at - 2)[None, :, None], (2, 4, 2))
    even = evened(field, [None, at[::-1], None], "xyz")
    places = even.origin[1] + even.spacing[1] * np.arange(even.values.shape[1])
    assert places[-1] == pytest.approx(7)
    np.testing.assert_allclose(
        even.values[1, :, 0], np.interp(places, at, (3 * at - 2)[::-1]), atol=1e-12
    )
    holes = evened(np.where(field == 1, np.nan, field), [None, at, None], "xyz").values[0, :, 0]
    np.testing.assert_array_equal(np.isnan(holes), (places > 0) & (places < 2.5))


BAD = [
    (None, 0.5, "got None"),
    ("ball.nothing", 0.5, "isosurface"),
    (SQUARES[0], 0.5, "a slice is"),
    (SQUARES * 1j, 0.5, "real numbers"),
    (SQUARES * np.nan, 0.5, "finite number"),
    (rw.Sphere((0, 0, 0), 1), 0.5, "values must be"),
    (rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)], name="sail"), 0.5, "'sail'"),
    (SQUARES, [], "level"),
    (SQUARES, [0.5, 99], "level .* got 99"),
    (SQUARES, [0.5, "high"], r"level\[1\]"),
]


@pytest.mark.parametrize(("thing", "level", "word"), BAD)
def test_what_has_no_field_says_why(thing, level, word):
    with pytest.raises(SceneError, match=word):
        rw.isosurface(thing, level)


def test_what_can_not_be_asked_for():
    pv = pytest.importorskip("pyvista")
    ball = pv.Sphere()
    with pytest.raises(SceneError, match="has numbers"):
        rw.isosurface(pv.Plane().extract_feature_edges(), 0.5)
    with pytest.raises(SceneError, match="has points"):
        rw.isosurface(pv.PolyData(), 0.5)
    ball["up"] = ball.points[:, 2]
    with pytest.raises(SceneError, match="'up'"):
        rw.isosurface(ball, 7.0)
    with pytest.raises(SceneError, match="did you mean 'up'"):
        rw.plane_cut(ball, field="upp")
    with pytest.raises(SceneError, match="does not meet"):
        rw.plane_cut(ball, (9, 0, 0))
    with pytest.raises(SceneError, match="spacing= and origin= are for arrays"):
        rw.plane_cut(ball, spacing=2.0)
    with pytest.raises(SceneError, match=r"quantities\['x'\].*\(24, 26, 28\)"):
        rw.isosurface(SQUARES, 0.5, quantities={"x": X[:3]})
    with pytest.raises(SceneError, match="an axis such as 'x'"):
        rw.plane_cut(SQUARES, normal="w")
    assert rw.Plane((0, 0, 0), "-y").normal == (0.0, -1.0, 0.0)
