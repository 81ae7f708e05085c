import io
import sys
from unittest.mock import patch

import meshio
import numpy as np
import pytest
import pyvista

import raywidget as rw
from raywidget.io import apart, by_pyvista, wire
from raywidget.io.by_pyvista.inside import answered
from raywidget.io.scene_files import read_scene


@pytest.fixture
def in_this_process():
    """Files are read here, since starting another Python takes seconds; the rest is as it is."""

    def ask(module, path, seconds, environment=None):
        stream = io.BytesIO()
        wire.write(stream, answered(path))
        stream.seek(0)
        return apart.Answer(wire.read(stream), 0, False)

    with patch("raywidget.io.apart.ask", ask):
        yield


here = pytest.mark.usefixtures("in_this_process")


@pytest.fixture(scope="module")
def ball():
    ball = pyvista.Sphere(theta_resolution=20, phi_resolution=12)
    ball.point_data["RGB"] = (np.abs(ball.points) * 510).astype(np.uint8)
    return ball


@here
@pytest.mark.parametrize("suffix", [".vtp", ".vtk"])
def test_surfaces_with_their_colours(tmp_path, ball, suffix):
    ball.save(tmp_path / ("a" + suffix))
    (mesh,) = read_scene(tmp_path / ("a" + suffix)).shapes
    assert mesh.area() == pytest.approx(ball.area, rel=1e-6)
    assert mesh.normals is not None
    expected = ((ball.point_data["RGB"] / 255 + 0.055) / 1.055) ** 2.4
    bright = ball.point_data["RGB"] > 20
    np.testing.assert_allclose(mesh.colors[bright], expected[bright], rtol=1e-4)


@here
def test_grids_give_their_surface(tmp_path):
    grid = pyvista.ImageData(dimensions=(3, 4, 5))
    grid.save(tmp_path / "a.vti")
    grid.cast_to_unstructured_grid().save(tmp_path / "a.vtu")
    corners = np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1.0)])
    meshio.Mesh(corners, [("tetra", [[0, 1, 2, 3]])]).write(tmp_path / "a.msh")
    for name, area in (("a.vti", 52), ("a.vtu", 52), ("a.msh", 1.5 + 3**0.5 / 2)):
        (mesh,) = read_scene(tmp_path / name).shapes
        assert mesh.area() == pytest.approx(area, rel=1e-6)
    assert rw.load_mesh(tmp_path / "a.vtu").area() == pytest.approx(52)


@here
def test_points(tmp_path):
    pyvista.PolyData(np.random.default_rng(1).random((10, 3))).save(tmp_path / "a.vtp")
    (balls,) = read_scene(tmp_path / "a.vtp").shapes
    assert isinstance(balls, rw.Spheres)


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".obj"])
def test_our_readers_agree_with_vtk(tmp_path, ball, suffix):
    path = tmp_path / ("a" + suffix)
    solid = pyvista.ParametricSuperToroid(u_res=12, v_res=9).triangulate().clean()
    solid.save(path)
    (ours,) = read_scene(path).shapes
    theirs = pyvista.read(path).triangulate()
    assert ours.area() == pytest.approx(theirs.area, rel=1e-5)
    np.testing.assert_allclose(
        np.concatenate(ours.bounds()), np.array(theirs.bounds).reshape(3, 2).T.ravel(), atol=1e-6
    )


@here
def test_what_is_missing_or_damaged_is_said(tmp_path, monkeypatch):
    for name in ("a.msh", "a.vtu"):
        (tmp_path / name).write_text("no")
        with pytest.raises(rw.SceneError, match=r"can't be read by PyVista"):
            read_scene(tmp_path / name)
    monkeypatch.setitem(sys.modules, "meshio", None)
    with pytest.raises(rw.SceneError, match=r"takes pyvista and meshio: pip install pyvista mesh"):
        read_scene(tmp_path / "a.msh")
    monkeypatch.setitem(sys.modules, "pyvista", None)
    with pytest.raises(rw.SceneError, match=r"files takes pyvista: pip install pyvista$"):
        read_scene(tmp_path / "a.vtu")


def test_the_whole_way_through_a_process_of_its_own(tmp_path, ball):
    ball.save(tmp_path / "a.vtp")
    (mesh,) = read_scene(tmp_path / "a.vtp").shapes
    assert mesh.area() == pytest.approx(ball.area, rel=1e-6)


@here
def test_lines_and_their_colours_come_through(tmp_path):
    spline = pyvista.Spline(np.array([(0, 0, 0), (1, 1, 0), (2, 0, 1.0)]), 20)
    spline.save(tmp_path / "a.vtp")
    assert any(isinstance(s, rw.Cylinders) for s in read_scene(tmp_path / "a.vtp").shapes)


def crashing(ball, path):
    """A file whose cells begin where there are none, over which some versions of VTK abort."""
    ball.save(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"OFFSETS")
    first = data.index(b"\n", at) + 1
    data[first + 8 * 9 + 4] = 0x37  # the tenth of them becomes a huge number
    path.write_bytes(data)


def test_a_crash_of_vtk_is_an_error_here(tmp_path, ball):
    crashing(ball, tmp_path / "a.vtk")
    with pytest.raises(rw.SceneError, match=r"^'a\.vtk': (VTK crashed|can't be read by PyVista)"):
        read_scene(tmp_path / "a.vtk")


def test_what_takes_too_long_is_ended(tmp_path, ball, monkeypatch):
    monkeypatch.setattr(by_pyvista, "MAX_SECONDS", 0.01)
    ball.save(tmp_path / "a.vtp")
    with pytest.raises(rw.SceneError, match=r"^'a\.vtp': took more than 0 seconds"):
        read_scene(tmp_path / "a.vtp")


PROMISES = {
    "a.vtk": b"# vtk DataFile Version 3.0\nx\nBINARY\nDATASET POLYDATA\n"
    b"POINTS 900000000000 float\n" + b"\0" * 90,
    "b.vtk": b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET STRUCTURED_POINTS\n"
    b"DIMENSIONS 100000 100000 100000\nORIGIN 0 0 0\nSPACING 1 1 1\n",
}


@pytest.mark.parametrize("name", PROMISES)
def test_promises_that_would_fill_the_memory(tmp_path, name):
    (tmp_path / name).write_bytes(PROMISES[name])
    with pytest.raises(rw.SceneError, match=rf"^'{name}': "):
        read_scene(tmp_path / name)


@pytest.mark.parametrize("suffix", [".vtk", ".vtp", ".vtu", ".vti"])
def test_damaged_files_are_read_or_refused(tmp_path, ball, suffix):
    path = tmp_path / f"a{suffix}"
    grid = pyvista.ImageData(dimensions=(3, 4, 5))
    shape = {".vtu": ball.cast_to_unstructured_grid(), ".vti": grid}.get(suffix, ball)
    shape.save(path)
    whole = path.read_bytes()
    for seed in range(2):
        rng = np.random.default_rng(seed)
        data = bytearray(whole)
        for at in rng.integers(60, min(len(data), 1500), size=3):
            data[at] = int(rng.integers(256))
        path.write_bytes(data)
        try:
            assert read_scene(path).shapes
        except rw.SceneError as error:
            assert str(error).startswith(f"'a{suffix}'")  # noqa: PT017
