"""What objects say of themselves can be pasted back, and shown in a notebook."""

import time

import numpy as np
import pytest

import raywidget as rw
from raywidget.engine.preview import glimpse

NAMES = {name: getattr(rw, name) for name in rw.__all__}
CAMERA = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 1, 0), vfov=33, aperture_radius=0.1)
OBJECTS = [
    CAMERA,
    rw.OrthographicCamera(look_from=(0, 1, 5), look_at=(0, 1, 0), height=2.5, name="plan"),
    rw.PanoramicCamera(look_from=(0, 1, 5), look_at=(0, 1, 0), up=(1, 1, 0)),
    rw.Sphere((0, 0.1, 2e-7), 1.5, material=rw.Metal("gold", 0.3), name="a 'ball'"),
    rw.Box((0, 0, 0), (1, 2, 3), rotation=(0, 45, 0), emission="tomato"),
    rw.Quad((0, 0, 0), (1, 0, 0), (0, 1, 0)),
    rw.Disk((0, 0, 0), (0, 1, 0), 2),
    rw.Cylinder((0, 0, 0), (0, 1, 0), 0.5, caps=False),
    rw.Cone((0, 0, 0), (0, 1, 0), 0.5, 0.1, flip_normals=True),
    rw.Plane((0, 0, 0), (1, 0, 0)),
    rw.Edges(width=2, color="navy", feature_angle=30),
    rw.Principled(
        (0.1, 0.2, 0.3), clearcoat=1, transmission=0.5, interior=rw.HomogeneousMedium(1, 2, 0.5)
    ),
    rw.Conductor("copper", roughness=0.2),
    rw.Conductor((1, 2, 3), (3, 2, 1)),
    rw.Coated(rw.Diffuse(rw.Checkerboard("white", "navy", scale=(4, 8)))),
    rw.Mix(rw.Diffuse(0.5), rw.Dielectric(1.33, thin=True), rw.Gradient(0, 1, axis="u")),
    rw.Emissive(rw.Gradient("red", "blue")),
    rw.Interface(rw.HomogeneousMedium(0.5)),
    rw.ShadowCatcher("tan", reflection=0.2, roughness=0.1),
    rw.Diffuse(rw.Attribute("color", times=rw.Checkerboard(0.2, 0.8))),
    rw.PointLight((0, 1, 0), "white"),
    rw.SpotLight((0, 4, 0), (0, 0, 0), 50, cone_angle=30, falloff="smooth"),
    rw.SpotLight((0, 4, 0), direction=(0, -1, 0)),
    rw.DirectionalLight((0, -1, 0), (3, 2, 1)),
    rw.Portal((-1, 1, 2), (2, 0, 0), (0, 1, 0)),
    rw.ConstantEnvironment(0.5),
    rw.GradientEnvironment(top="skyblue", bottom=1),
    rw.SkyEnvironment(sun_elevation=20.0, sun=False),
    rw.SkyEnvironment(latitude=48.2, longitude=16.4, time="2026-06-21T18:00+02:00"),
    rw.StudioEnvironment(lamps=[((0, 1, 0), 20, 5)], horizon="coral"),
    rw.ColorMap("inferno", limits=(0, None), log=False, label="T / K"),
    rw.TransferFunction([(0, "red"), (1, "blue")], density=3, g=0.5),
    rw.RenderSettings(spp=9, aovs=("depth",)),
]


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: type(thing).__name__)
def test_a_repr_can_be_pasted_back(thing):
    again = eval(repr(thing), NAMES)
    assert type(again) is type(thing)
    assert repr(again) == repr(thing)


def test_all_that_has_no_arrays_is_tried():
    tried = {type(thing).__name__ for thing in OBJECTS}
    arrays = {"Mesh", "Instances", "Spheres", "Cylinders", "Tubes", "Arrows", "Volume"}
    others = {"Image", "ImageTexture", "ImageEnvironment", "Figure", "RayWidget", "Scene"}
    others |= {"Backdrop", "Moving"}
    bases = (rw.RaywidgetError, rw.RaywidgetWarning)
    classes = {n for n, v in NAMES.items() if isinstance(v, type) and not issubclass(v, bases)}
    described = {n for n in classes if hasattr(NAMES[n], "replace")}
    missing = described - tried - arrays - others - {"Checkerboard", "Gradient", "Attribute"}
    assert missing - {"Diffuse", "Metal", "Dielectric", "HomogeneousMedium"} == set()


def scene(**more):
    shapes = [rw.Sphere((0, 1, 0), 1, name="<b>ball</b>")]
    return rw.Scene(shapes, camera=CAMERA, **more)


def test_a_scene_shows_a_sketch_of_itself():
    html = scene()._repr_html_()
    assert 'src="data:image/png;base64,' in html
    assert "1 shapes, 0 emitters" in html
    assert "&lt;b&gt;ball&lt;/b&gt;" in html
    assert "<b>ball" not in html


def test_a_sketch_that_takes_too_long_is_left_out(monkeypatch):
    monkeypatch.setattr(glimpse, "PATIENCE", 0.05)
    monkeypatch.setattr(glimpse.Sketch, "__init__", lambda *_: time.sleep(2.0))
    before = time.monotonic()
    assert scene()._repr_html_() is None
    assert time.monotonic() - before < 1.5


def test_nothing_that_goes_wrong_comes_out(monkeypatch):
    monkeypatch.setattr(glimpse, "Sketch", None)
    assert scene()._repr_html_() is None
    assert scene(defaults={"width": "wide"})._repr_html_() is None
    panorama = rw.PanoramicCamera(look_from=(0, 0, 1), look_at=(0, 0, 0))
    assert rw.Scene([], camera=panorama)._repr_html_() is None


def test_a_long_repr_is_cut():
    things = [rw.Tubes([np.zeros((3, 3)) + np.arange(3)[:, None]], 0.1, name="x" * 900)]
    things += [rw.Sphere((i, 0, 0), 0.1, name=f"{i}" * 900) for i in range(9)]
    html = rw.Scene(things, camera=CAMERA)._repr_html_()
    assert html is not None
    assert " ...</pre>" in html


@pytest.mark.parametrize("listing", [rw.materials, rw.lights, rw.presets.describe])
def test_listings_have_a_picture_and_a_line_of_each(listing):
    found = listing()
    html = found._repr_html_()
    assert html.count("<tr>") == html.count("data:image/webp;base64,") == len(found)
    assert str(found).count("\n") == len(found) - 1
    assert all(line.strip() for line in found.values())


def test_listings_hold_every_material_and_light():
    from raywidget.scene.emitters.emitters import Emitter
    from raywidget.scene.materials.materials import Material

    classes = [v for v in NAMES.values() if isinstance(v, type)]
    assert set(rw.materials()) == {c.__name__ for c in classes if issubclass(c, Material)}
    assert set(rw.lights()) == {c.__name__ for c in classes if issubclass(c, Emitter)}
    assert set(rw.presets.describe()) == set(rw.presets.NAMES)
    assert "rw.Metal(color, roughness=0.0" in rw.materials()._repr_html_()
