import os
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.errors import PictureError
from raywidget.io import images
from raywidget.io.images import SUFFIXES, check_path, encode_png, save_picture


@pytest.fixture
def linear():
    return np.random.default_rng(0).gamma(1.0, 0.5, (3, 5, 3)).astype(np.float32)


@pytest.fixture
def shown(linear):
    return (np.clip(linear, 0, 1) * 255).astype(np.uint8)


def save(path, linear, shown):
    save_picture(path, linear=linear, shown=lambda: [shown[:1], shown[1:]])


def test_png_holds_the_bytes(tmp_path, linear, shown):
    save(tmp_path / "a.png", linear, shown)
    with Pillow.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(picture), shown)
    assert (tmp_path / "a.png").read_bytes() == encode_png(5, 3, [shown[:1], shown[1:]])


def test_npy_holds_the_radiance(tmp_path, linear, shown):
    save(str(tmp_path / "a.NPY"), linear, shown)
    loaded = np.load(tmp_path / "a.NPY")
    assert loaded.dtype == np.float32
    np.testing.assert_array_equal(loaded, linear)


def test_exr_holds_the_radiance(tmp_path, linear, shown):
    openexr = pytest.importorskip("OpenEXR")
    save(tmp_path / "a.exr", linear, shown)
    with openexr.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        channels = file.channels()
        assert sorted(channels) == ["B", "G", "R"]
        for index, name in enumerate("RGB"):
            np.testing.assert_array_equal(channels[name].pixels, linear[..., index])


def test_formats_of_linear_light_develop_nothing(tmp_path, linear):
    save_picture(tmp_path / "a.npy", linear=linear, shown=pytest.fail)


def test_exr_without_its_package(tmp_path, linear, shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(PictureError) as caught:
        save(tmp_path / "a.exr", linear, shown)
    assert str(caught.value) == (
        '.exr needs the OpenEXR package: pip install "raywidget[io]" '
        "(or save as .npy, which needs nothing)"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_older_file_is_replaced_and_nothing_is_left_beside_it(tmp_path, linear, shown, suffix):
    if suffix == ".exr":
        pytest.importorskip("OpenEXR")
    target = tmp_path / f"a{suffix}"
    target.write_bytes(b"old")
    save(target, linear, shown)
    assert target.read_bytes() != b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_failed_save_leaves_the_older_file(tmp_path, linear, shown, monkeypatch):
    target = tmp_path / "a.npy"
    target.write_bytes(b"old")

    def fail_half_way(path, picture):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(images._WRITERS, ".npy", fail_half_way)
    with pytest.raises(PictureError, match=r"can't save '.*a\.npy': .*No space left on device"):
        save(target, linear, shown)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_save_leaves_nothing(tmp_path, linear):
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_picture(tmp_path / "a.png", linear=linear, shown=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_has_the_usual_permissions(tmp_path, linear, shown):
    (tmp_path / "plain").touch()
    save(tmp_path / "a.png", linear, shown)
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_a_link_stays_a_link(tmp_path, linear, shown):
    (tmp_path / "real").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "real" / "a.png")
    save(tmp_path / "link.png", linear, shown)
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real" / "a.png").is_file()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.gif", "'a.gif' must end in one of .png, .npy, .npz, .exr, got '.gif'"),
        ("a", "'a' must end in one of .png, .npy, .npz, .exr"),
        (
            "missing/a.png",
            "can't save 'missing/a.png': there is no folder '{here}/missing'",
        ),
        ("folder.png", "can't save 'folder.png': it is a folder"),
    ],
)
def test_paths_are_checked_first(tmp_path, monkeypatch, linear, name, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    expected = message.format(here=os.path.realpath(tmp_path))
    with pytest.raises(PictureError) as caught:
        save_picture(name, linear=linear, shown=pytest.fail)
    assert str(caught.value) == expected
    with pytest.raises(PictureError):
        check_path(name)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_can_not_be_written(tmp_path, linear, shown):
    tmp_path.chmod(0o500)
    with pytest.raises(PictureError, match=r"can't save '.*a\.png': .*Permission denied"):
        save(tmp_path / "a.png", linear, shown)
    tmp_path.chmod(0o700)


def test_home_is_understood(tmp_path, monkeypatch, linear, shown):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save("~/a.npy", linear, shown)
    assert (tmp_path / "a.npy").is_file()


# --- Pictures that are cut out --------------------------------------------------------------------


@pytest.fixture
def cut(linear):
    alpha = np.linspace(0, 1, 15, dtype=np.float32).reshape(3, 5)
    return rw.Image(linear * alpha[..., None], alpha=alpha, spp=1)


def test_png_has_straight_colours_and_alpha(tmp_path, cut):
    cut.save(tmp_path / "a.png", exposure=0.5, curve="agx")
    with Pillow.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGBA"
        shown = np.asarray(picture)
    np.testing.assert_array_equal(shown, cut.to_uint8(exposure=0.5, curve="agx"))
    np.testing.assert_array_equal(shown[..., 3], np.floor(cut.alpha * 255 + 0.5))
    assert (tmp_path / "a.png").read_bytes() == encode_png(5, 3, [shown])
    assert cut._repr_png_() == encode_png(5, 3, [cut.to_uint8()])


def test_exr_has_premultiplied_colours_and_alpha(tmp_path, cut):
    openexr = pytest.importorskip("OpenEXR")
    cut.save(tmp_path / "a.exr")
    with openexr.File(str(tmp_path / "a.exr"), separate_channels=True) as file:
        channels = file.channels()
        assert sorted(channels) == ["A", "B", "G", "R"]
        np.testing.assert_array_equal(channels["A"].pixels, cut.alpha)
        for index, name in enumerate("RGB"):
            np.testing.assert_array_equal(channels[name].pixels, cut.pixels[..., index])


def test_arrays_keep_alpha(tmp_path, cut, linear):
    cut.save(tmp_path / "a.npy")
    four = np.load(tmp_path / "a.npy")
    np.testing.assert_array_equal(four, np.dstack([cut.pixels, cut.alpha]))
    cut.save(tmp_path / "a.npz")
    rw.Image(linear, spp=1).save(tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as arrays, np.load(tmp_path / "b.npz") as plain:
        assert sorted(arrays) == ["alpha", "pixels"]
        np.testing.assert_array_equal(arrays["pixels"], cut.pixels)
        np.testing.assert_array_equal(arrays["alpha"], cut.alpha)
        assert sorted(plain) == ["pixels"]
