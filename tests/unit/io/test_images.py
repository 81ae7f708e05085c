import os
import sys
import time

import numpy as np
import pytest
from PIL import Image as Pillow

import raywidget as rw
from raywidget.errors import PictureError
from raywidget.io import images
from raywidget.io.images import SUFFIXES, check_path, encode_png, save_picture
from raywidget.io.metadata import read_text


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
        (
            "a.gif",
            f"'a.gif' must end in one of {', '.join(SUFFIXES)}, got '.gif'",
        ),
        ("a", f"'a' must end in one of {', '.join(SUFFIXES)}"),
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


# --- Formats that Pillow writes, 16 bits, and what files say --------------------------------------


@pytest.fixture
def picture():
    y, x = np.mgrid[0:12, 0:20] / 20.0
    return rw.Image(np.stack([x, y, 0.3 + 0 * x], axis=-1), spp=4)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff"])
def test_formats_of_eight_bits(tmp_path, picture, suffix):
    picture.save(tmp_path / f"a{suffix}", quality=95, dpi=300)
    with Pillow.open(tmp_path / f"a{suffix}") as loaded:
        assert loaded.mode == "RGB"
        difference = np.asarray(loaded).astype(int) - picture.to_uint8()
        assert np.abs(difference).mean() <= (0.0 if "tif" in suffix else 6.0)
        exif = loaded.getexif()
        assert (exif[0x011A], exif[0x011B], exif[0x0128]) == (300, 300, 2)
        if suffix == ".tif":
            assert loaded.info["dpi"] == pytest.approx((300, 300))
            assert loaded.tag_v2[305].startswith("raywidget ")


def test_transparency(tmp_path):
    half = rw.Image(np.full((8, 8, 3), 0.2), alpha=np.full((8, 8), 0.5), spp=1)
    for suffix in (".webp", ".tif", ".avif"):
        half.save(tmp_path / f"a{suffix}")
        with Pillow.open(tmp_path / f"a{suffix}") as loaded:
            assert loaded.mode == "RGBA"
            assert np.asarray(loaded)[0, 0, 3] == pytest.approx(128, abs=1)
    half.save(tmp_path / "a.jpg", quality=100)
    with Pillow.open(tmp_path / "a.jpg") as loaded:  # over white
        assert np.asarray(loaded)[0, 0] == pytest.approx(
            (int(half.to_uint8()[0, 0, 0]) + 255) / 2, abs=3
        )


def test_hdr_holds_the_radiance(tmp_path, picture):
    imageio = pytest.importorskip("imageio.v3")
    wide = rw.Image(picture.pixels * np.float32(300.0), spp=1)
    wide.save(tmp_path / "a.hdr")
    data = (tmp_path / "a.hdr").read_bytes()
    assert data.startswith(b"#?RADIANCE\n")
    assert b"\n\n-Y 12 +X 20\n" in data
    coded = np.frombuffer(data[-12 * 20 * 4 :], np.uint8).reshape(12, 20, 4)
    found = np.ldexp(coded[..., :3] + 0.5, coded[..., 3:].astype(int) - 136)
    largest = wide.pixels.max(axis=2, keepdims=True)
    assert np.all(np.abs(found - wide.pixels) <= largest / 128 + 1e-30)
    assert imageio is not None
    sky = rw.ImageEnvironment(tmp_path / "a.hdr")  # our own reader takes it
    np.testing.assert_allclose(np.asarray(sky.image), wide.pixels, atol=largest.max() / 100)


def test_how_large_it_is_on_paper(tmp_path, picture):
    picture.save(tmp_path / "a.png", dpi=300)
    with Pillow.open(tmp_path / "a.png") as loaded:
        assert loaded.info["dpi"] == pytest.approx((300, 300), abs=0.01)
    picture.save(tmp_path / "b.png")
    with Pillow.open(tmp_path / "b.png") as loaded:
        assert "dpi" not in loaded.info
    picture.save(tmp_path / "a.pdf", dpi=300)
    data = (tmp_path / "a.pdf").read_bytes()
    width, height = (72 * side / 300 for side in (20, 12))
    assert f"/MediaBox [ 0 0 {width} {height} ]".encode() in data
    assert rw.__version__.encode("utf-16-be") in data  # who made it
    assert b"/Title (\xfe\xff\x00a)" in data  # not the name of a file that is there for a moment
    picture.save(tmp_path / "a.pdf", dpi=300, text={"Title": "odd"})
    assert b"/Title (" + "\ufeffodd".encode("utf-16-be") in (tmp_path / "a.pdf").read_bytes()
    time.sleep(1.1)  # dates would be those of another second
    picture.save(tmp_path / "b.pdf", dpi=300, text={"Title": "odd"})
    assert (tmp_path / "b.pdf").read_bytes() == (tmp_path / "a.pdf").read_bytes()
    OpenEXR = pytest.importorskip("OpenEXR")
    picture.save(tmp_path / "a.exr", dpi=300)
    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert file.header()["xDensity"] == 300.0


@pytest.mark.parametrize("alpha", [False, True])
def test_tiff_of_16_bits(tmp_path, picture, alpha):
    cut = rw.Image(picture.pixels, alpha=np.full((12, 20), 0.75), spp=1) if alpha else picture
    cut.save(tmp_path / "a.tif", bits=16, dpi=300, text={"Title": "odd"})
    cut.save(tmp_path / "a.png", bits=16)
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        wide = page.asarray()
        assert wide.dtype == np.uint16
        assert wide.shape == (12, 20, 4 if alpha else 3)
        assert page.tags["XResolution"].value == (300_000, 1000)
        assert page.tags["Software"].value == f"raywidget {rw.__version__}"
    # The same numbers as in a PNG, of which Pillow keeps the upper bytes.
    assert np.abs((wide >> 8).astype(int) - np.asarray(Pillow.open(tmp_path / "a.png"))).max() <= 1
    finer = wide / 257.0 - cut.to_uint8()
    assert 0.2 < np.abs(finer).max() < 0.51
    assert read_text(tmp_path / "a.tif")["Title"] == "odd"
    if not alpha:  # our own reader takes it
        sky = rw.ImageEnvironment(tmp_path / "a.tif")
        np.testing.assert_allclose(np.asarray(sky.image), picture.pixels, atol=2e-3)


def test_tiff_of_16_bits_and_many_strips(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    noise = rw.Image(np.random.default_rng(0).random((150, 31, 3)), spp=1)
    noise.save(tmp_path / "a.tiff", bits=16, curve="linear")
    wide = tifffile.imread(tmp_path / "a.tiff")
    assert np.abs(wide / 65535.0 - noise.pixels).max() < 1e-3  # half floats


def test_png_of_16_bits(tmp_path, picture):
    picture.save(tmp_path / "a.png", bits=16)
    data = (tmp_path / "a.png").read_bytes()
    assert data[24] == 16  # the bit depth in IHDR
    wide = np.asarray(Pillow.open(tmp_path / "a.png"))  # Pillow keeps the upper bytes
    assert np.abs(wide.astype(int) - picture.to_uint8()).max() <= 1
    with pytest.raises(PictureError, match=r"bits=16 is for \.png"):
        picture.save(tmp_path / "a.jpg", bits=16)
    with pytest.raises(PictureError, match="bits must be 8 or 16, got 12"):
        picture.save(tmp_path / "a.png", bits=12)
    with pytest.raises(PictureError, match="got curve 'agx' and channel 'color'"):
        picture.save(tmp_path / "a.png", curve="agx", bits=16)


def test_sixteen_bits_are_finer_than_eight(picture):
    from raywidget.picture.curves import make_table, make_table_16

    eight, sixteen = make_table("srgb", 0.0), make_table_16("srgb", 0.0)
    assert len(np.unique(sixteen)) > 50 * len(np.unique(eight)) // 2
    assert np.abs(sixteen / 257.0 - eight).max() <= 0.51


def test_files_say_what_made_them(tmp_path):
    import json

    image = rw.render(rw.presets.cornell(), width=8, height=8, spp=2, seed=7)
    image.save(tmp_path / "a.png", text={"Title": "A box ☐"})
    told = read_text(tmp_path / "a.png")
    assert told["Software"] == f"raywidget {rw.__version__}"
    assert told["Title"] == "A box ☐"
    settings = json.loads(told["raywidget-settings"])
    assert (settings["seed"], settings["width"], settings["samples_per_pixel"]) == (7, 8, 2)
    pytest.importorskip("OpenEXR")
    image.save(tmp_path / "a.exr")
    import OpenEXR

    with OpenEXR.File(str(tmp_path / "a.exr")) as file:
        assert '"seed": 7' in str(file.header()["raywidget_settings"])
    assert read_text(tmp_path / "none.png") == {}
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert read_text(tmp_path / "broken.png") == {}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"quality": 101}, "quality must be 0 to 100, got 101"),
        ({"dpi": 0}, "dpi must be a number of pixels per inch, got 0"),
        ({"text": {"a": 1}}, "text must be words by keywords"),
        ({"text": 3}, "text must be a mapping"),
    ],
)
def test_how_to_save_is_checked(tmp_path, picture, how, message):
    with pytest.raises(PictureError, match=message):
        picture.save(tmp_path / "a.jpg", **how)
    assert list(tmp_path.iterdir()) == []
