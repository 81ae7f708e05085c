"""Pages that are turned by hand: which views they have, what these are, how large the file is."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.orbit import OrbitOptions, around, stepped_back
from raywidget.picture import denoising

CAMERA = rw.PerspectiveCamera(look_from=(4, 2, 0), look_at=(0, 0, 0))
SHAPES = [
    rw.Sphere((1.0, 0, 0), 0.7, material=rw.Emissive((1, 0, 0))),
    rw.Sphere((-1.0, 0, 0), 0.7, material=rw.Emissive((0, 1, 0))),
]
SCENE = rw.Scene(SHAPES, camera=CAMERA)
SMALL = {"width": 40, "height": 30, "spp": 2, "denoise": False}


def parts(path):
    """What a page holds: where its views are, and the views."""
    text = path.read_text(encoding="utf-8")
    data = json.loads(re.search(r'"raywidget-orbit-data">(.*?)</script>', text, re.S)[1])
    own = data["own"] * data["columns"] + data["front"]
    data["images"][own] = re.search(r'data:image/webp;base64,([^"]+)" width', text)[1]
    pictures = [Pillow.open(io.BytesIO(base64.b64decode(code))) for code in data["images"]]
    return text, data, [np.asarray(picture) for picture in pictures]


def options(columns, rows, **more):
    return OrbitOptions(columns=columns, rows=rows, **more)


def test_views_are_pictures_from_all_round(tmp_path):
    page = rw.to_html(
        SCENE, tmp_path / "balls.html", orbit=True, views=(4, 1), quality=100, **SMALL
    )
    text, data, pictures = parts(page.path)
    assert list(tmp_path.iterdir()) == [page.path]
    assert page.size == len(text.encode()) == page.path.stat().st_size
    assert (page.views, page.width, page.height, page.quality) == (4, 40, 30, 100)
    assert f"4 views of 40 x 30, quality 100, {page.size / 1e3:.0f} kB" in str(page)
    assert data["elevations"] == [pytest.approx(np.degrees(np.arctan2(2, 4)))]
    _, cameras = around(CAMERA, options(4, 1))
    assert cameras[0] is CAMERA
    for picture, camera in zip(pictures, cameras, strict=True):
        truth = rw.render(SCENE.replace(camera=camera), width=40, height=30, spp=2).to_uint8()
        compressed = io.BytesIO()
        Pillow.fromarray(truth).save(compressed, format="WEBP", quality=100, method=4)
        np.testing.assert_array_equal(picture, np.asarray(Pillow.open(compressed)))
    # In front it is red, from behind green.
    assert pictures[0][15, 20, 0] > 200 > 60 > pictures[0][15, 20, 1]
    assert pictures[2][15, 20, 1] > 200 > 60 > pictures[2][15, 20, 0]


def test_a_page_asks_for_nothing_else(tmp_path):
    page = rw.to_html(
        SCENE, tmp_path / "a.html", orbit=True, views=(2, 2), title="<two> & balls", **SMALL
    )
    text, _, _ = parts(page.path)
    assert text.count("</script>") == 2
    assert not re.search(r"https?:|\beval\b|new Function|\bimport\(|<link|@import|url\(", text)
    assert "<title>&lt;two&gt; &amp; balls</title>" in text
    assert "<two>" not in text
    fragment = rw.to_html(
        SCENE, tmp_path / "b.html", orbit=True, views=(2, 2), fragment=True, **SMALL
    )
    text = fragment.path.read_text(encoding="utf-8")
    assert text.startswith("<figure")
    assert "<html" not in text
    assert fragment.size < page.size


def test_megabytes_bound_the_file(tmp_path):
    colors = np.random.default_rng(0).random((64, 64, 3))
    sky = rw.Scene(emitters=[rw.ImageEnvironment(colors)], camera=CAMERA)
    settings = {**SMALL, "width": 80, "height": 60, "orbit": True, "views": (6, 1)}
    free = rw.to_html(sky, tmp_path / "free.html", quality=95, **settings)
    for most in (0.8 * free.size, 0.45 * free.size):
        page = rw.to_html(sky, tmp_path / "a.html", quality=95, megabytes=most / 1e6, **settings)
        assert page.size <= most
        assert page.quality < 95
        _, data, pictures = parts(page.path)
        assert data["size"] == [page.width, page.height] == list(pictures[0].shape[1::-1])
    with pytest.raises(rw.PictureError, match=r"6 views can't be kept in 0.005 MB"):
        rw.to_html(sky, tmp_path / "a.html", megabytes=0.005, **settings)
    assert page.path.stat().st_size == page.size  # what was there before stays


@pytest.mark.parametrize("height", [-60, -2, 0, 3, 23, 60, 87, 89.5])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_heights_rise_around_the_camera_and_stay_above_the_ground(height, count):
    angle = np.radians(height)
    camera = CAMERA.replace(look_from=(4 * np.cos(angle), 4 * np.sin(angle), 0))
    views, cameras = around(camera, options(3, count))
    assert len(views.elevations) == count
    assert views.elevations[views.own] == pytest.approx(height)
    assert cameras[views.own * 3 + views.front] is camera
    steps = np.diff(views.elevations)
    assert (steps > 1.0).all()
    assert (steps <= 20.0 + 1e-9).all()
    if 0 <= height < 89:
        assert views.elevations[0] >= min(height, 5) - 1e-9
        assert views.elevations[-1] <= 89 + 1e-9
    for camera, elevation in zip(cameras[::3], views.elevations, strict=True):
        x, y, z = camera.look_from
        assert np.degrees(np.arcsin(y / 4)) == pytest.approx(elevation)
        assert np.hypot(np.hypot(x, y), z) == pytest.approx(4)


def test_an_arc_lies_to_both_sides():
    views, cameras = around(CAMERA, options(5, 1, arc=80.0))
    assert (views.front, views.arc) == (2, 80.0)
    angles = [np.degrees(np.arctan2(-c.look_from[2], c.look_from[0])) for c in cameras]
    np.testing.assert_allclose(angles, [-40, -20, 0, 20, 40], atol=1e-9)
    views, _ = around(CAMERA, options(1, 2, elevations=(-10.0, 30.0), arc=80.0))
    assert (views.columns, views.elevations, views.own) == (1, (-10.0, 30.0), 1)


CORNERS = np.array([(x, y, z) for x in (-3, 3) for y in (-1, 1) for z in (-0.2, 0.2)], float)


@pytest.mark.parametrize("camera", [CAMERA, CAMERA.replace(look_at=(2, 0, 0), look_from=(3, 1, 5))])
@pytest.mark.parametrize("aspect", [0.5, 2.0])
def test_who_steps_back_sees_all_in_all_views(camera, aspect):
    box = rw.Box((0, 0, 0), (6, 2, 0.4))
    ground = rw.Disk((0, -1, 0), (0, 1, 0), 1000)
    scene = stepped_back(rw.Scene([box, ground], camera=camera), aspect)
    _, cameras = around(scene.camera, options(12, 3))
    for seen in cameras:
        place, at = np.array(seen.look_from), np.array(seen.look_at)
        forward = (at - place) / np.linalg.norm(at - place)
        right = np.cross(forward, seen.up)
        right /= np.linalg.norm(right)
        local = CORNERS - place
        high = np.tan(np.radians(seen.vertical_fov(aspect)) / 2) * (local @ forward)
        assert (np.abs(local @ np.cross(right, forward)) <= high).all()
        assert (np.abs(local @ right) <= aspect * high).all()
    parallel = rw.OrthographicCamera(look_from=(0, 1, 9), look_at=(0, 0, 0), height=1)
    height = stepped_back(rw.Scene([box], camera=parallel), aspect).camera.height
    assert min(height, height * aspect) >= 2 * np.linalg.norm(CORNERS[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"views": 0}, "how many round it and how many heights"),
        ({"views": (2, 3, 4)}, r"such as \(24, 3\), got \(2, 3, 4\)"),
        ({"views": (2000, 1)}, "at most 1,024"),
        ({"arc": 361}, "arc: expected 1 to 360, got 361"),
        ({"elevations": (10, 0)}, "degrees above the horizon that rise"),
        ({"elevations": (95,)}, "elevations: expected -89 to 89"),
        ({"quality": 101}, "quality: expected 0 to 100"),
        ({"megabytes": 0}, "megabytes: expected"),
        ({"region": (0, 0, 4, 4)}, "whole pictures"),
        ({"width": 4000, "height": 4000}, "72 views of 4000 x 4000 are more than 100 megapixels"),
        ({"orbit": False, "views": (2, 2)}, "views is for to_html"),
        ({"wdith": 3}, "did you mean 'width'"),
        ({"executor": 3}, "executor"),
        ({"fit": 1}, "fit: expected True or False"),
    ],
)
def test_what_can_not_be_is_told_before_anything_is_rendered(given, words, tmp_path):
    with pytest.raises(rw.SettingsError, match=words):
        rw.to_html(SCENE, tmp_path / "a.html", **{"orbit": True, **given})
    assert list(tmp_path.iterdir()) == []


def test_places_and_cameras_that_can_not_be(tmp_path):
    for place in ("a.png", "missing/a.html", "."):
        with pytest.raises(rw.PictureError):
            rw.to_html(SCENE, tmp_path / place, orbit=True)
    panorama = SCENE.replace(camera=rw.PanoramicCamera(look_from=(0, 0, 0), look_at=(1, 0, 0)))
    with pytest.raises(rw.SceneError, match="needs a PerspectiveCamera"):
        rw.to_html(panorama, tmp_path / "a.html", orbit=True)


def test_one_picture(tmp_path):
    page = rw.to_html(SCENE, tmp_path / "a.html", width=8, height=8, spp=1, title="One")
    assert (page.views, page.quality, page.size) == (1, None, page.path.stat().st_size)
    assert "<title>One</title>" in page.path.read_text(encoding="utf-8")


def test_a_single_sample_has_nothing_to_be_compared_with(tmp_path, monkeypatch):
    """Without the extra, noise is told by two halves of the samples."""
    monkeypatch.setattr(denoising.importlib.util, "find_spec", lambda name: None)
    rw.to_html(
        rw.presets.cornell(),
        tmp_path / "a.html",
        orbit=True,
        views=(1, 1),
        width=8,
        height=8,
        spp=1,
    )


def test_what_stands_over_the_picture_stands_over_all_views(tmp_path):
    label = ((1.7, 0, 0), "red </script>")
    marked = SCENE.replace(annotations={"title": "Balls", "labels": [label], "scalebar": "mm"})
    page = rw.to_html(marked, tmp_path / "a.html", orbit=True, views=(4, 1), **SMALL)
    text, data, _ = parts(page.path)
    assert text.count("</script>") == 3
    assert data["overlay"]["title"] == "Balls"
    assert data["overlay"]["labels"] == [{"point": [1.7, 0, 0], "text": label[1]}]
    _, cameras = around(CAMERA, options(4, 1))
    assert [tuple(pose["look_from"]) for pose in data["poses"]] == [c.look_from for c in cameras]
    assert data["hidden"][0] == []  # in front
    assert data["hidden"][2] == [0]  # from behind, the other ball is in front of it
    plain = rw.to_html(SCENE, tmp_path / "b.html", orbit=True, views=(4, 1), **SMALL)
    assert "overlay" not in parts(plain.path)[1]
    widget = rw.RayWidget(SCENE, **{**SMALL, "spp": 1})
    try:
        widget.annotate(title="From the widget")
        kept = widget.to_html(tmp_path / "c.html", orbit=True, views=(1, 1))
    finally:
        widget.close()
    assert parts(kept.path)[1]["overlay"]["title"] == "From the widget"
