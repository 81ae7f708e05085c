import sys

import meshio
import numpy as np
import pytest
import pyvista

import raywidget as rw
from raywidget.io.scene_files import read_scene


@pytest.fixture(scope="module")
def ball():
    ball = pyvista.Sphere(theta_resolution=20, phi_resolution=12)
    ball.point_data["RGB"] = (np.abs(ball.points) * 510).astype(np.uint8)
    return ball


@pytest.mark.parametrize("suffix", [".vtp", ".vtk"])
def test_surfaces_with_their_colours(tmp_path, ball, suffix):
    ball.save(tmp_path / ("a" + suffix))
    (mesh,) = read_scene(tmp_path / ("a" + suffix)).shapes
    assert mesh.area() == pytest.approx(ball.area, rel=1e-6)
    assert mesh.normals is not None
    expected = ((ball.point_data["RGB"] / 255 + 0.055) / 1.055) ** 2.4
    bright = ball.point_data["RGB"] > 20
    np.testing.assert_allclose(mesh.colors[bright], expected[bright], rtol=1e-4)


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
