"""Calls that can't be right are refused in the user's words; help still shows the parameters."""

import inspect
import types

import pytest

import raywidget as rw
from raywidget.errors import SceneError


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: rw.PerspectiveCamera(look_from=(0, 0, 1), look_at=(0, 0, 0), fov=40),
            "PerspectiveCamera: there is no parameter 'fov'; did you mean 'vfov'?",
        ),
        (
            lambda: rw.Principled(color=(1, 0, 0)),
            "Principled: there is no parameter 'color'; did you mean 'base_color'?",
        ),
        (
            lambda: rw.Sphere((0, 0, 0), raduis=1),
            "Sphere: there is no parameter 'raduis'; did you mean 'radius'?",
        ),
        (
            lambda: rw.HomogeneousMedium(1, 1, g=0.5),
            "HomogeneousMedium: there is no parameter 'g'; did you mean 'anisotropy'?",
        ),
        (
            lambda: rw.Sphere((0, 0, 0), 1).replace(qqq=1),
            "Sphere: there is no parameter 'qqq'; known are caps, center, ",
        ),
        (lambda: rw.Sphere(), "Sphere: missing a required argument: 'center'; write Sphere("),
        (lambda: rw.Sphere(1, 2, 3), "Sphere: too many positional arguments; write Sphere("),
        (
            lambda: rw.PerspectiveCamera(look_from=(0, 0, 1)),
            "write PerspectiveCamera(look_from=..., look_at=...)",
        ),
        (
            lambda: rw.Mesh(types.SimpleNamespace(vertices=[], faces=[])),
            "write Mesh(vertices, faces), such as (mesh.vertices, mesh.faces)",
        ),
    ],
)
def test_wrong_calls_say_what_was_meant(make, message):
    with pytest.raises(SceneError) as caught:
        make()
    assert message in str(caught.value)


def test_help_and_completion_show_the_parameters():
    assert list(inspect.signature(rw.Sphere).parameters)[:2] == ["center", "radius"]
    assert inspect.signature(rw.PerspectiveCamera).parameters["vfov"].default == 40.0
    assert inspect.signature(rw.RenderSettings).parameters["spp"].default == 64


def test_an_error_within_a_check_stays_what_it_is():
    class Odd:
        def __iter__(self):
            raise TypeError("of the stranger")

    with pytest.raises(TypeError, match="of the stranger"):
        rw.Sphere(Odd(), 1)
