"""Things of libraries that are too large for every environment; `python libraries.py NAME`."""

import io
import sys

import numpy as np

import raywidget as rw

PDB = """\
ATOM      1  N   ALA A   1      11.104   6.134  -6.504  1.00  0.00           N
ATOM      2  CA  ALA A   1      11.639   6.071  -5.147  1.00  0.00           C
ATOM      3  C   ALA A   1      10.707   5.300  -4.220  1.00  0.00           C
ATOM      4  O   ALA A   1       9.500   5.200  -4.400  1.00  0.00           O
HETATM    5 CA    CA A   2      20.707   5.300  -4.220  1.00  0.00          CA
END
"""


def message(thing):
    try:
        rw.shapes_of(thing)
    except rw.SceneError as error:
        return str(error)
    raise AssertionError("it was taken")


def torch():
    import torch

    points = torch.arange(30.0).reshape(10, 3)
    expected = points.numpy()
    for tensor in (
        points,
        points.clone().requires_grad_(),
        torch.nn.Parameter(points),
        points.half(),
        points.bfloat16(),
        points.double(),
        points.int(),
        points.to_sparse(),
        points.T.contiguous().T,
    ):
        (balls,) = rw.shapes_of(tensor)
        np.testing.assert_array_equal(balls.centers, expected)
    (mesh,) = rw.shapes_of((torch.eye(3), torch.tensor([[0, 1, 2]])))
    assert mesh.faces.tolist() == [[0, 1, 2]]
    (field,) = rw.shapes_of(torch.rand(20, 30))
    assert len(field.faces) == 2 * 19 * 29
    assert len(rw.shapes_of([points, points + 1])) == 2
    assert rw.Mesh(torch.eye(3), torch.tensor([[0, 1, 2]])).faces.shape == (1, 3)
    assert "no data" in message(torch.rand(5, 3, device="meta"))
    assert "must hold numbers" in message(torch.rand(20, 30, dtype=torch.complex64).conj())
    assert "must not be empty" in message(torch.zeros(0, 3))


def jax():
    import jax
    import jax.numpy as jnp

    points = jnp.arange(30.0).reshape(10, 3)
    for array in (points, points.astype(jnp.bfloat16)):
        (balls,) = rw.shapes_of(array)
        np.testing.assert_array_equal(balls.centers, np.arange(30.0).reshape(10, 3))
    (mesh,) = rw.shapes_of((jnp.eye(3), jnp.array([[0, 1, 2]])))
    assert mesh.faces.tolist() == [[0, 1, 2]]

    @jax.jit
    def traced(array):
        assert "can't make an array of numbers" in message(array)
        return array

    traced(points)


def open3d():
    import open3d as o3d

    box = o3d.geometry.TriangleMesh.create_box(create_uv_map=True)
    (plain,) = rw.shapes_of(box)
    assert plain.area() == 6
    torus = o3d.geometry.TriangleMesh.create_torus()
    torus.compute_vertex_normals()
    torus.paint_uniform_color([1, 0.5, 0])
    cloud = torus.sample_points_uniformly(500)
    lines = o3d.geometry.LineSet.create_from_triangle_mesh(torus)
    lines.colors = o3d.utility.Vector3dVector(np.tile([0, 0, 1.0], (len(lines.lines), 1)))
    new = o3d.t.geometry
    for thing, kinds in (
        (torus, [rw.Mesh]),
        (new.TriangleMesh.from_legacy(torus), [rw.Mesh]),
        (cloud, [rw.Spheres]),
        (new.PointCloud.from_legacy(cloud), [rw.Spheres]),
        (lines, [rw.Cylinders, rw.Spheres]),
        (new.LineSet.from_legacy(lines), [rw.Cylinders, rw.Spheres]),
        (cloud.get_axis_aligned_bounding_box(), [rw.Cylinders, rw.Spheres]),
        (cloud.get_oriented_bounding_box(), [rw.Cylinders, rw.Spheres]),
        (torus.vertices, [rw.Spheres]),
        (new.TriangleMesh.from_legacy(torus).vertex.positions, [rw.Spheres]),
        ([torus, cloud], [rw.Mesh, rw.Spheres]),
    ):
        assert [type(shape) for shape in rw.shapes_of(thing)] == kinds, thing
    for thing in (torus, new.TriangleMesh.from_legacy(torus)):
        (mesh,) = rw.shapes_of(thing)
        np.testing.assert_allclose(mesh.colors[0], rw.decode_srgb(np.array([1, 0.5, 0])), atol=1e-6)
        assert mesh.normals is not None
    tubes, _ = rw.shapes_of(cloud.get_axis_aligned_bounding_box())
    assert len(tubes.starts) == 12
    # Two voxels side by side have ten sides that are seen.
    two = o3d.geometry.PointCloud(o3d.utility.Vector3dVector([(0.5, 0.5, 0.5), (1.5, 0.5, 0.5)]))
    two.paint_uniform_color([1, 0, 0])
    (voxels,) = rw.shapes_of(o3d.geometry.VoxelGrid.create_from_point_cloud(two, 1.0))
    assert voxels.area() == 10
    a, b, c = np.moveaxis(voxels.vertices[voxels.faces].astype(float), 1, 0)
    middle = voxels.vertices.mean(axis=0)
    assert np.isclose(np.einsum("ij,ij->", a - middle, np.cross(b - middle, c - middle)) / 6, 2)
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0] = 255  # where u and v are 0
    square = o3d.geometry.TriangleMesh(
        o3d.utility.Vector3dVector([(0, 0, 0), (1, 0, 0), (0, 1, 0)]),
        o3d.utility.Vector3iVector([(0, 1, 2)]),
    )
    square.triangle_uvs = o3d.utility.Vector2dVector([(0, 0), (1, 0), (0, 1)])
    square.textures = [o3d.geometry.Image(pixels)]
    square.triangle_material_ids = o3d.utility.IntVector([0])
    (mesh,) = rw.shapes_of(square)
    assert mesh.material.base_color.evaluate((0.25, 0.25)).tolist() == [1, 1, 1]
    assert mesh.material.base_color.evaluate((0.25, 0.75)).tolist() == [0, 0, 0]
    assert "it has no triangles" in message(o3d.geometry.TriangleMesh())
    assert "nothing to show" in message(o3d.geometry.PointCloud())


def mdanalysis():
    import MDAnalysis

    universe = MDAnalysis.Universe(io.StringIO(PDB), format="PDB")
    balls, sticks = rw.shapes_of(universe)
    assert len(balls.centers) == 5
    assert len(sticks.starts) == 6
    # CA of a protein is carbon, CA of an ion calcium.
    carbon, calcium = (rw.Diffuse(color).color for color in ("#909090", "#3dff00"))
    assert balls.show == "element"  # beside what the file has of each atom
    np.testing.assert_allclose(balls.shown.colors([1, 4]), [carbon, calcium], atol=1e-6)
    (one,) = rw.shapes_of(universe.atoms[1])
    np.testing.assert_allclose(one.colors[0], carbon, atol=1e-6)
    assert len(rw.shapes_of(universe.residues[:1])[0].centers) == 4
    assert len(rw.shapes_of(universe.segments)[0].centers) == 5
    (full,) = rw.shapes_of(universe.select_atoms("resname ALA"), style="space-filling")
    assert len(full.centers) == 4
    universe.add_TopologyAttr("bonds", [(0, 1)])
    assert len(rw.shapes_of(universe)[1].starts) == 2  # bonds of the topology, not guessed
    bare = MDAnalysis.Universe.empty(3, trajectory=True)
    bare.atoms.positions = 5 * np.eye(3)
    assert len(rw.shapes_of(bare)[0].centers) == 3
    assert "no coordinates" in message(MDAnalysis.Universe.empty(3))
    assert "no atoms" in message(universe.select_atoms("name XX"))


if __name__ == "__main__":
    {"torch": torch, "jax": jax, "open3d": open3d, "MDAnalysis": mdanalysis}[sys.argv[1]]()
