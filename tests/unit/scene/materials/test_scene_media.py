"""Media as the user writes them."""

import pickle

import pytest

import raywidget as rw
from raywidget.compiler import compile_scene
from raywidget.kernels.layout import MATERIAL_INTERIOR, MEDIUM_SIZE

CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"absorption": -1}, "HomogeneousMedium 'm': absorption must be 3 finite numbers >= 0"),
        ({"scattering": (1, 2)}, "HomogeneousMedium 'm': scattering must be 3 finite numbers >= 0"),
        ({"anisotropy": 1}, r"HomogeneousMedium 'm': anisotropy must be in \(-1, 1\), got 1"),
        ({"anisotropy": "g"}, r"HomogeneousMedium 'm': anisotropy must be a number in \(-1, 1\)"),
    ],
)
def test_values_are_checked(arguments, message):
    with pytest.raises(rw.SceneError, match=message):
        rw.HomogeneousMedium(**arguments, name="m")


def test_what_a_medium_fills_is_checked():
    with pytest.raises(rw.SceneError, match="Interface: interior must be a HomogeneousMedium"):
        rw.Interface(0.5)
    with pytest.raises(rw.SceneError, match="Dielectric: interior must be a HomogeneousMedium"):
        rw.Dielectric(interior=(1, 2, 3))
    with pytest.raises(rw.SceneError, match="Dielectric: interior must be left out for a thin"):
        rw.Dielectric(thin=True, interior=rw.HomogeneousMedium(1))
    with pytest.raises(rw.SceneError, match="Scene: medium must be a HomogeneousMedium"):
        rw.Scene(camera=CAMERA, medium=0.1)


def test_media_are_objects_of_the_scene():
    fog, ink = rw.HomogeneousMedium(0.1, name="fog"), rw.HomogeneousMedium(5, name="ink")
    drop = rw.Sphere((0, 0, 0), 1, material=rw.Dielectric(1.3, interior=ink))
    scene = rw.Scene([drop], camera=CAMERA, medium=fog)
    assert {"fog", "ink"} <= {item.name for item in scene.objects()}
    assert pickle.loads(pickle.dumps(scene)).medium.absorption == (0.1, 0.1, 0.1)


def test_rows_of_media():
    ink = rw.HomogeneousMedium((1, 2, 3), 0.5, anisotropy=0.25)
    materials = [
        rw.Dielectric(interior=ink),
        rw.Dielectric(),
        rw.Dielectric(thin=True),
        rw.Diffuse(0.5),
        rw.Interface(ink),
    ]
    shapes = [rw.Sphere((3 * i, 0, 0), 1, material=m) for i, m in enumerate(materials)]
    tables = compile_scene(rw.Scene(shapes, camera=CAMERA))
    assert tables.material_codes[:, MATERIAL_INTERIOR].tolist() == [2, 1, -1, -1, 2]
    assert tables.media.shape == (3, MEDIUM_SIZE)
    assert tables.media[2].tolist() == [1, 2, 3, 0.5, 0.5, 0.5, 0.25, 0]
    assert not tables.media[:2].any()
    assert len(compile_scene(rw.Scene(shapes[1:4], camera=CAMERA)).media) == 0  # all is clear


def test_there_are_not_too_many_media():
    shapes = [
        rw.Sphere((i, 0, 0), 0.1, material=rw.Dielectric(interior=rw.HomogeneousMedium(i)))
        for i in range(249)
    ]
    assert len(compile_scene(rw.Scene(shapes[1:], camera=CAMERA)).media) == 250
    with pytest.raises(rw.SceneError, match="at most 248 different media"):
        compile_scene(rw.Scene(shapes, camera=CAMERA))
