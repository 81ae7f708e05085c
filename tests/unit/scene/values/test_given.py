"""Arrays of other libraries, masked ones, and what is none: wherever arrays are taken."""

import math
import pickle

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import SceneError

CORNERS = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
FACES = [(0, 1, 2)]
HUGE = [10**400, -(10**400), 10**5000]


class Tensor:
    """As libraries of tensors have it: no sequence, but numpy may look at it."""

    def __init__(self, values, error=None):
        self._values, self._error = np.asarray(values), error

    def __array__(self, dtype=None, copy=None):
        if self._error:
            raise self._error
        return self._values if dtype is None else self._values.astype(dtype)


def masked(values, at):
    array = np.ma.masked_array(np.asarray(values))
    array[at] = np.ma.masked
    return array


def grey(height=2, width=4, channels=3):
    return np.full((height, width, channels), 0.5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: rw.Mesh(masked(CORNERS, (1, 2)), FACES),
        lambda: rw.Mesh(CORNERS, masked(FACES, (0, 1))),
        lambda: rw.Mesh(list(masked(CORNERS, (1, 2))), FACES),
        lambda: rw.Mesh(CORNERS, FACES, uvs=masked([(0.0, 0.0)] * 3, (0, 0))),
        lambda: rw.Mesh(CORNERS, FACES, normals=masked([(0.0, 0.0, 1.0)] * 3, 1)),
        lambda: rw.Mesh(CORNERS, FACES, colors=masked([(0.1, 0.2, 0.3)] * 3, 2)),
        lambda: rw.Spheres(CORNERS, masked([1.0, 1.0, 1.0], 1)),
        lambda: rw.Cylinders(CORNERS, masked([(2.0, 2.0, 2.0)] * 3, 0), 0.1),
        lambda: rw.Sphere(masked([0.0, 0.0, 0.0], 1), 1),
        lambda: rw.Sphere((0, 0, 0), np.ma.masked),
        lambda: rw.Instances(rw.Mesh(CORNERS, FACES), masked([np.eye(4)], (0, 0, 3))),
        lambda: rw.ImageTexture(masked(grey(), (0, 0, 0))),
        lambda: rw.ImageEnvironment(masked(grey(), (1, 1))),
        lambda: rw.ImageEnvironment(grey(), rotation=masked(np.eye(3), (0, 0))),
        lambda: rw.transforms.apply(np.eye(4), masked(CORNERS, (0, 0))),
        lambda: rw.Diffuse(masked([0.1, 0.2, 0.3], 0)),
    ],
)
def test_what_is_masked_is_refused(make):
    with pytest.raises(SceneError, match="masked"):
        make()


def test_masked_arrays_of_which_nothing_is_masked_are_arrays():
    mesh = rw.Mesh(np.ma.masked_array(CORNERS), np.ma.masked_array(FACES))
    assert mesh.vertices.tolist() == [list(row) for row in CORNERS]
    assert type(mesh.vertices) is np.ndarray
    assert rw.Sphere(np.ma.masked_array([1.0, 2.0, 3.0]), np.ma.masked_array(4.0)).radius == 4.0


def test_arrays_of_other_libraries_are_taken():
    mesh = rw.Mesh(Tensor(CORNERS), Tensor(FACES), colors=Tensor([(0.1, 0.2, 0.3)] * 3))
    assert mesh.faces.tolist() == [[0, 1, 2]]
    sphere = rw.Sphere(Tensor([1.0, 2.0, 3.0]), Tensor(2.0))
    assert (sphere.center, sphere.radius) == ((1.0, 2.0, 3.0), 2.0)
    assert rw.Diffuse(Tensor([0.1, 0.2, 0.3])).color == (0.1, 0.2, 0.3)
    assert rw.ImageTexture(Tensor(grey())).pixels.shape == (2, 4, 3)


@pytest.mark.parametrize("error", [TypeError("is on another device"), RuntimeError("needs grad")])
def test_what_a_library_refuses_to_hand_over_is_told(error):
    with pytest.raises(SceneError, match=str(error)):
        rw.Mesh(Tensor(CORNERS, error), FACES)
    with pytest.raises(SceneError, match=str(error)):
        rw.Sphere(Tensor([0, 0, 0], error), 1)


@pytest.mark.parametrize(
    "number", [*HUGE, 1j, "1", b"1", [1, 2, 3, 4], np.array(["a"]), object()], ids=lambda _: ""
)
def test_numbers_that_are_none_are_refused_everywhere(number):
    calls = [
        lambda: rw.Sphere((0, 0, 0), number),
        lambda: rw.Sphere((0, 0, number), 1),
        lambda: rw.Spheres([(0, 0, number)], 1),
        lambda: rw.ConstantEnvironment(number),
        lambda: rw.HomogeneousMedium(number),
        lambda: rw.transforms.rotate(number, (0, 1, 0)),
        lambda: rw.ImageEnvironment(grey(), rotation=number),
        lambda: rw.RenderSettings(noise=number),
        lambda: rw.RenderSettings(width=number),
        lambda: rw.RenderSettings(aovs=number),
        lambda: rw.Image(grey(), spp=1, exposure=number),
    ]
    for call in calls:
        with pytest.raises(rw.RaywidgetError):
            call()


@pytest.mark.parametrize(
    "word", [np.array(["path", "ao"]), 10**5000, ["path"], {"a": 1}, b"path"], ids=lambda _: ""
)
def test_words_that_are_none_are_refused_everywhere(word):
    camera = rw.PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0))
    calls = [
        lambda: rw.RenderSettings(integrator=word),
        lambda: rw.RenderSettings(sampler=word),
        lambda: rw.RenderSettings(filter=word),
        lambda: rw.SpotLight((0, 0, 1), (0, 0, 0), falloff=word),
        lambda: rw.ImageTexture(grey(), wrap=word),
        lambda: rw.Image(grey(), spp=1, curve=word),
        lambda: rw.Image(grey(), spp=1, channel=word),
        lambda: rw.Sphere((0, 0, 0), 1, name=word),
        lambda: rw.Scene(word, camera=camera),
        lambda: rw.presets.preset(word),
    ]
    for call in calls:
        with pytest.raises(rw.RaywidgetError):
            call()


def test_an_array_of_no_dimensions_is_no_list_of_shapes():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0))
    with pytest.raises(SceneError, match=r"shapes must be a list of shapes, got 1\.0"):
        rw.Scene(np.array(1.0), camera=camera)


def test_copies_are_made_as_before():
    sphere = rw.Sphere((0, 0, 0), 1, name="s")
    again = pickle.loads(pickle.dumps(sphere))
    assert (again.center, again.radius, again.name) == ((0.0, 0.0, 0.0), 1.0, "s")
    assert math.isclose(again.replace(radius=2).radius, 2.0)
