import copy
import pickle
import re

import numpy as np
import pytest

from raywidget import transforms as tf
from raywidget.errors import SceneError
from raywidget.scene.emitters.emitters import (
    DirectionalLight,
    ImageEnvironment,
    PointLight,
    SpotLight,
)

IMAGE = np.random.default_rng(0).random((4, 6, 3))


def raises(message):
    return pytest.raises(SceneError, match=re.escape(message))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PointLight((0, 0), 1), "PointLight: position must be 3 finite numbers"),
        (lambda: PointLight((0, 0, 0), -1), "PointLight: intensity must be 3 finite numbers >= 0"),
        (lambda: PointLight((0, 0, 0), np.inf), "PointLight: intensity must be 3 finite"),
        (lambda: SpotLight((0, 0, 0), intensity=1), "target or direction must say where it shines"),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), direction=(1, 0, 0)),
            "where it shines, got both",
        ),
        (lambda: SpotLight((1, 2, 3), (1, 2, 3)), "target must be another point than position"),
        (
            lambda: SpotLight((0, 0, 0), direction=(0, 0, 0)),
            "direction must be a vector that is not zero",
        ),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), cone_angle=0),
            "cone_angle must be degrees in (0, 180]",
        ),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), cone_angle=181),
            "cone_angle must be degrees in (0, 180]",
        ),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), cone_angle=20, beam_angle=21),
            "beam_angle must be degrees in [0, cone_angle = 20], got 21",
        ),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), falloff="cubic", name="stage"),
            "SpotLight 'stage': falloff must be one of 'linear', 'smooth', 'quartic', got 'cubic'",
        ),
        (lambda: SpotLight((0, 0, 0), (1, 0, 0), radius=-1), "radius must be >= 0"),
        (
            lambda: SpotLight((0, 0, 0), (1, 0, 0), cone_angle=100, radius=1),
            "cone_angle must be at most 90 degrees for a disc",
        ),
        (lambda: DirectionalLight((0, 0, 0), 1), "direction must be a vector that is not zero"),
        (lambda: DirectionalLight((0, 1, 0), (1, -1, 0)), "irradiance must be 3 finite numbers"),
        (lambda: ImageEnvironment(IMAGE[0, 0]), "image must be a path, or an (H, W, 3)"),
        (lambda: ImageEnvironment(np.ones((4, 4, 4))), "leave out the fourth channel"),
        (lambda: ImageEnvironment(IMAGE[:1]), "image must be of at least 2 x 2 texels"),
        (lambda: ImageEnvironment(IMAGE[:0]), "image must be a path, or an (H, W, 3)"),
        (lambda: ImageEnvironment(IMAGE - 0.5), "image must be finite and >= 0"),
        (lambda: ImageEnvironment(IMAGE * np.nan), "image must be finite"),
        (lambda: ImageEnvironment("missing.exr"), "there is no file 'missing.exr'"),
        (lambda: ImageEnvironment(IMAGE, -1), "scale must be >= 0"),
        (lambda: ImageEnvironment(IMAGE, rotation=(1, 2)), "rotation must be degrees about y"),
        (lambda: ImageEnvironment(IMAGE, rotation=np.nan), "rotation must be degrees about y"),
        (lambda: ImageEnvironment(IMAGE, rotation="90"), "rotation must be degrees about y"),
        (lambda: ImageEnvironment(IMAGE, rotation=2 * np.eye(3)), "must not scale or shear"),
        (lambda: ImageEnvironment(IMAGE, rotation=tf.translate(1, 0, 0)), "rotation must be"),
    ],
)
def test_bad_values_are_named(make, message):
    with raises(message):
        make()


def test_axes_are_unit_vectors():
    assert SpotLight((0, 3, 0), (0, 1, 0)).axis == (0, -1, 0)
    np.testing.assert_allclose(SpotLight((0, 3, 0), direction=(3, 0, 4)).axis, (0.6, 0, 0.8))
    np.testing.assert_allclose(DirectionalLight((0, -5, 0), 1).axis, (0, -1, 0))


def test_a_beam_is_three_quarters_of_its_cone_unless_said():
    assert SpotLight((0, 0, 0), (1, 0, 0), cone_angle=40).beam_angle == 30
    assert SpotLight((0, 0, 0), (1, 0, 0), cone_angle=40, beam_angle=40).half_angles == (40, 40)


def test_rotations_may_be_written_in_three_ways():
    turn = tf.rotate(30, (0, 1, 0))
    for rotation in (30, (0, 30, 0), turn, turn[:3, :3]):
        environment = ImageEnvironment(IMAGE, rotation=rotation)
        np.testing.assert_allclose(environment.rotation, turn[:3, :3], atol=1e-12)
        assert not environment.rotation.flags.writeable


def test_images_are_copied_and_survive_copies():
    image = IMAGE.copy()
    environment = ImageEnvironment(image, 2, (10, 20, 30), name="sky")
    image[:] = 0
    np.testing.assert_array_equal(environment.image, IMAGE.astype(np.float32))
    assert not environment.image.flags.writeable
    for other in (copy.deepcopy(environment), pickle.loads(pickle.dumps(environment))):
        np.testing.assert_array_equal(other.image, environment.image)
        np.testing.assert_array_equal(other.rotation, environment.rotation)
        assert (other.scale, other.name) == (2, "sky")
    assert repr(environment).startswith("ImageEnvironment(image=<4x6x3 float32>, scale=2")
