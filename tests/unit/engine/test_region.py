"""A part of a picture is what it is in the whole, bit by bit."""

import dataclasses

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget import cli
from raywidget.errors import PictureError, SettingsError

pytestmark = pytest.mark.usefixtures("no_workers_left")

SCENE = rw.presets.preset("cornell-boxes")
SIZE = {"width": 61, "height": 43, "tile_size": 16, "seed": 3, "spp": 6}
REGIONS = [(10, 5, 33, 21), (0, 0, 61, 43), (60, 42, 1, 1), (16, 16, 16, 16), (3, 40, 58, 3)]
AOVS = (
    "albedo",
    "normal",
    "depth",
    "position",
    "object_id",
    "material_id",
    "value",
    "samples",
    "variance",
    "denoise_albedo",
    "denoise_normal",
)
WAYS = {
    "path": {"aovs": AOVS},
    "bdpt": {"integrator": "bdpt", "aovs": ("depth", "variance")},
    "volpath": {"integrator": "volpath"},
    "direct": {"integrator": "direct"},
    "ao": {"integrator": "ao"},
    "normals": {"integrator": "normals"},
    "albedo": {"integrator": "albedo"},
    "depth": {"integrator": "depth"},
    "alpha": {"alpha": True, "filter": "gaussian"},
    "adaptive": {"adaptive": True, "spp": 40, "aovs": ("samples", "normal")},
}


def check_part(part, whole, region):
    x, y, width, height = region
    seen = slice(y, y + height), slice(x, x + width)
    assert part.shape == (height, width, 3)
    np.testing.assert_array_equal(part.pixels, whole.pixels[seen])
    np.testing.assert_array_equal(part.samples, whole.samples[seen])
    if whole.alpha is not None:
        np.testing.assert_array_equal(part.alpha, whole.alpha[seen])
    assert list(part.aovs) == list(whole.aovs)
    for name, values in whole.aovs.items():
        np.testing.assert_array_equal(part.aovs[name], values[seen], err_msg=name)


@pytest.mark.parametrize("way", list(WAYS))
def test_it_equals_that_part_of_the_whole(way):
    how = {**SIZE, **WAYS[way]}
    scene = SCENE
    if way == "alpha":
        sky = rw.GradientEnvironment(top=(0.4, 0.6, 1.0), bottom=0.5)
        scene = SCENE.replace(shapes=SCENE.shapes[-2:], emitters=[sky])
    whole = rw.render(scene, **how)
    for region in REGIONS:
        check_part(rw.render(scene, region=region, **how), whole, region)


def test_what_is_not_seen_is_not_rendered():
    """What is not seen is not rendered, but for those that need it."""
    region = (10, 5, 8, 8)
    for way, share in (("path", 64), ("adaptive", 32 * 16), ("bdpt", 61 * 43)):
        image = rw.render(SCENE, region=region, **{**SIZE, **WAYS[way], "aovs": ()})
        spp = image.settings.spp
        assert image.statistics["samples"] <= share * spp


def test_tiles_and_passes_are_of_the_part(tmp_path):
    region = (10, 5, 33, 21)
    for way in ("path", "bdpt"):
        how = {**SIZE, **WAYS[way], "aovs": ()}
        whole = rw.render(SCENE, **how)
        built, passes = np.full((21, 33, 3), np.nan, np.float32), []

        def on_tile(tile, built=built):
            place = slice(tile.y, tile.y + tile.height), slice(tile.x, tile.x + tile.width)
            built[place] = tile.pixels

        rw.render(SCENE, region=region, on_tile=on_tile, on_pass=passes.append, **how)
        np.testing.assert_array_equal(built, whole.pixels[5:26, 10:43])
        assert [p.spp for p in passes] == [1, 2, 4, 6]
        assert passes[-1].image.shape == (21, 33, 3)


def test_it_goes_on_and_is_kept(tmp_path):
    region, place = (10, 5, 33, 21), tmp_path / "a.checkpoint"
    for way in ("path", "bdpt", "adaptive"):
        how = {**SIZE, **WAYS[way], "aovs": ()}
        whole = rw.render(SCENE, **how)
        if way != "adaptive":
            half = rw.render(SCENE, region=region, **{**how, "spp": 3})
            check_part(rw.render(SCENE, region=region, resume=half, **how), whole, region)
            with pytest.raises(PictureError, match="must stay the same"):
                rw.render(SCENE, region=(10, 5, 33, 22), resume=half, **how)
        rw.render(SCENE, region=region, checkpoint=place, **how)
        check_part(rw.resume(place), whole, region)
        place.unlink()


def test_a_denoised_part_is_denoised():
    image = rw.render(SCENE, region=(10, 5, 33, 21), denoise="nlm", **SIZE)
    assert image.denoised
    assert image.shape == (21, 33, 3)
    whole = rw.render(SCENE, denoise="nlm", **SIZE)
    # Inside, where the filter does not see the edge, it is the same.
    inner = np.abs(image.pixels[10:12, 15:18] - whole.pixels[15:17, 25:28]).max()
    assert inner < 0.05 * whole.pixels.max()


@pytest.mark.parametrize(
    "region",
    [
        (0, 0, 62, 43),
        (-1, 0, 4, 4),
        (60, 0, 2, 1),
        (0, 0, 0, 4),
        (0, 0, 4),
        "0123",
        7,
        (0, 0, 1, 2.5),
    ],
)
def test_what_is_no_part_is_refused(region):
    with pytest.raises(SettingsError, match="region"):
        rw.render(SCENE, region=region, **SIZE)


def test_widgets_and_figures_show_whole_pictures():
    with pytest.raises(SettingsError, match="whole pictures"):
        rw.RayWidget(SCENE, region=(0, 0, 4, 4), **SIZE)
    widget = rw.RayWidget(SCENE, autostart=False, **SIZE)
    try:
        with pytest.raises(SettingsError, match="whole pictures"):
            widget.restart(region=(0, 0, 4, 4))
    finally:
        widget.close()
    pytest.importorskip("matplotlib")
    figure = rw.Figure(SCENE, axes=True, region=(0, 0, 8, 8), **SIZE)
    with pytest.raises(PictureError, match="without region"):
        figure._repr_png_()
    assert rw.Figure(SCENE, region=(0, 0, 8, 8), **SIZE)._repr_png_()


def test_films_and_the_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rw.animate([SCENE], None, "%d.png", region=(10, 5, 33, 21), **SIZE)
    words = []
    for name, value in SIZE.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    part = ["--region", "10", "5", "33", "21", "-o", "part.png"]
    assert cli.main(["render", "cornell-boxes", *words, *part, "--quiet"]) == 0
    assert cli.main(["render", "cornell-boxes", *words, "-o", "whole.png", "--quiet"]) == 0
    with (
        Pillow.open("whole.png") as whole,
        Pillow.open("part.png") as cut,
        Pillow.open("0.png") as frame,
    ):
        expected = np.asarray(whole)[5:26, 10:43]
        np.testing.assert_array_equal(np.asarray(cut), expected)
        np.testing.assert_array_equal(np.asarray(frame), expected)


def test_settings_say_what_is_rendered():
    settings = rw.RenderSettings(
        width=100, height=80, region=np.array([70, 20, 20, 10]), tile_size=32
    )
    assert settings.region == (70, 20, 20, 10)
    assert settings.window == (70, 20, 20, 10)
    assert settings.replace(integrator="bdpt").window == (0, 0, 100, 80)
    assert settings.replace(adaptive=True).window == (64, 0, 32, 32)
    assert settings.replace(adaptive=True).region_in_window == (slice(20, 30), slice(6, 26))
    assert dataclasses.replace(settings, region=None).window == (0, 0, 100, 80)
