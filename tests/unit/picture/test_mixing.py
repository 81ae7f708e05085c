"""Whatever mixes channels must come out the same here and in js/src/pixels/mixing.js."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest

import raywidget as rw
from raywidget.errors import PictureError
from raywidget.picture import mixing
from raywidget.picture.curves import CHANNELS, CURVE_NAMES
from raywidget.picture.development import develop

FIXTURE = Path(__file__).parents[2] / "fixtures" / "mixing.json"
EXPECTED = json.loads(FIXTURE.read_text(encoding="utf-8"))
PIXELS = 20_000


def digest(numbers):
    return hashlib.sha256(np.asarray(numbers).astype("<u4").tobytes()).hexdigest()


def some_halves():
    """As in js/test/pixels/mixing-cases.js."""
    state = 12_345
    values = np.empty(3 * PIXELS, np.uint16)
    for index in range(3 * PIXELS):
        state = state * 48_271 % 2_147_483_647
        low, high = (0, 0x7C00) if state % 4 == 0 else (0x2400, 0x4800)
        state = state * 48_271 % 2_147_483_647
        values[index] = low + state % (high - low)
    return values


@pytest.fixture(scope="module")
def halves():
    return some_halves()


def words(colors):
    red, green, blue = (colors[..., c].astype(np.uint32) for c in range(3))
    return 0xFF000000 | (blue << 16) | (green << 8) | red


def test_the_pixels_are_those_of_the_fixture(halves):
    assert digest(halves) == EXPECTED["halves"]


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("agx", mixing.agx_table),
        ("agx_bytes", mixing.agx_bytes),
        ("srgb_bytes", mixing.srgb_bytes),
        ("heat", mixing.heat_table),
        ("srgb", lambda: mixing.curve_table("srgb")),
        ("filmic", lambda: mixing.curve_table("filmic")),
        ("linear", lambda: mixing.curve_table("linear")),
    ],
)
def test_tables_equal_those_of_the_browser(name, make):
    assert digest(make()) == EXPECTED["tables"][name]


@pytest.mark.parametrize(
    "case", EXPECTED["pixels"], ids=lambda c: f"{c['curve']} {c['channel']} {c['exposure']}"
)
def test_pixels_equal_those_of_the_browser(case, halves):
    if case["channel"] == "samples":
        shown = mixing.show_samples(np.arange(PIXELS) % 300, 256)
    else:
        gain = math.ldexp(math.pow(2.0, case["exposure"]), case["exponent"])
        light = halves.view(np.float16).astype(np.float64).reshape(1, -1, 3) * gain
        shown = mixing.mix(light, case["curve"], case["channel"])[0]
    assert digest(words(shown)) == case["sha256"]


@pytest.mark.parametrize("curve", CURVE_NAMES)
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_pair_develops_into_bytes(curve, channel):
    pixels = np.linspace(0.0, 4.0, 5 * 4 * 3, dtype=np.float32).reshape(5, 4, 3)
    image = rw.Image(pixels, spp=3, curve=curve, channel=channel, value_colors=lambda: pixels)
    if channel == "value":
        np.testing.assert_array_equal(image.to_uint8(exposure=2), develop(pixels))
        with pytest.raises(rw.PictureError, match="of no scene"):
            rw.Image(pixels, spp=3).to_uint8(channel="value")
    shown = image.to_uint8()
    assert shown.shape == (5, 4, 3)
    assert shown.dtype == np.uint8
    if channel in ("red", "green", "blue", "luminance"):
        assert (np.ptp(shown.astype(int), axis=2) <= 1).all()
    if channel in ("red", "green", "blue") and curve != "agx":
        single = {"red": 0, "green": 1, "blue": 2}[channel]
        alone = np.repeat(pixels[..., single, None], 3, axis=2)
        np.testing.assert_array_equal(shown, develop(alone, curve))


def test_counts_of_samples_end_at_the_goal():
    counts = np.array([[0, 8, 16]])
    pixels = np.zeros((1, 3, 3), np.float32)
    shown = develop(pixels, channel="samples", samples=counts, goal=16)
    np.testing.assert_array_equal(shown[0], mixing.palette()[[0, 127, 255]])


def test_messages():
    pixels = np.zeros((2, 2, 3), np.float32)
    with pytest.raises(PictureError, match=r"channel must be one of color, red.*got 'alpha'"):
        develop(pixels, channel="alpha")
    with pytest.raises(PictureError, match="channel 'samples' needs the samples per pixel"):
        develop(pixels, channel="samples")
    with pytest.raises(PictureError, match=r"samples must be an \(H, W\) array of integers"):
        rw.Image(pixels, spp=1, samples=np.zeros((3, 3), int))
