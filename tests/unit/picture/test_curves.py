"""The tables must come out the same here and in js/src/pixels/tonemap.js."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from raywidget.errors import PictureError
from raywidget.picture.curves import CURVES, check_display, filmic, linear, make_table, srgb

FIXTURE = Path(__file__).parents[2] / "fixtures" / "protocol" / "tonemap.json"
HALVES = np.arange(65536, dtype=np.uint32).astype(np.uint16).view(np.float16)


def byte_by_the_rule(curve, exposure, bits):
    """The rule as the protocol states it, entry by entry."""
    x = float(HALVES[bits])
    if math.isnan(x) or x < 0:
        x = 0.0
    if x == math.inf:
        x = 65504.0
    x = x * 2.0**exposure
    y = CURVES[curve](x)
    y = min(max(y, 0.0), 1.0)
    return math.floor(y * 255 + 0.5)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("exposure", [-64.0, -1.3, 0.0, 2.0, 64.0])
def test_tables_follow_the_rule_in_every_entry(curve, exposure):
    expected = [byte_by_the_rule(curve, exposure, bits) for bits in range(65536)]
    np.testing.assert_array_equal(make_table(curve, exposure), expected)


@pytest.mark.parametrize(
    "case",
    json.loads(FIXTURE.read_text(encoding="utf-8"))["tables"],
    ids=lambda case: f"{case['curve']} {case['exposure']}",
)
def test_tables_equal_those_of_the_browser(case):
    table = make_table(case["curve"], case["exposure"])
    for bits, byte in case["samples"]:
        assert table[bits] == byte, f"half {bits:#06x}"
    assert hashlib.sha256(table.tobytes()).hexdigest() == case["sha256"]


@pytest.mark.parametrize("curve", CURVES)
def test_tables_grow_with_light_from_black_to_white(curve):
    table = make_table(curve, 0.0)
    assert table.dtype == np.uint8
    light = table[:0x7C00].astype(int)
    assert (np.diff(light) >= 0).all()
    assert light[0] == 0
    assert light[-1] == 255
    assert table[0x7C00] == 255  # +inf is the largest number
    assert (table[0x7C01:] == 0).all()  # NaN, and all that is negative


@given(st.sampled_from(sorted(CURVES)), st.floats(-20, 20))
def test_one_stop_is_a_factor_of_two(curve, exposure):
    bits = np.float16(0.25).view(np.uint16), np.float16(0.5).view(np.uint16)
    assert make_table(curve, exposure + 1)[bits[0]] == byte_by_the_rule(
        curve, exposure + 1, bits[0]
    )
    assert make_table(curve, exposure)[bits[1]] == byte_by_the_rule(curve, exposure, bits[1])


def test_known_values():
    assert linear(0.25) == 0.25
    assert srgb(0.0) == 0.0
    assert srgb(1.0) == srgb(9.0) == pytest.approx(1.0)
    assert srgb(0.0031308) == pytest.approx(0.04045, abs=1e-5)
    assert srgb(0.21404114) == pytest.approx(0.5, abs=1e-6)
    assert filmic(0.0) == pytest.approx(0.0, abs=1e-12)
    assert filmic(5.6) == pytest.approx(1.0)  # twice 5.6 is the white point
    assert filmic(1e300) == filmic(1e6) == pytest.approx(1.0)


def test_tables_are_kept_and_read_only():
    assert make_table("srgb", 0) is make_table("srgb", 0.0) is make_table("srgb", -0.0)
    with pytest.raises(ValueError, match="read-only"):
        make_table("srgb", 0.0)[0] = 1


@pytest.mark.parametrize("curve", ["aces", "", None, 3, ["srgb"]])
def test_unknown_curves(curve):
    with pytest.raises(PictureError) as caught:
        make_table(curve, 0.0)
    assert (
        str(caught.value)
        == f"curve must be one of srgb, filmic, agx, neutral, linear, got {curve!r}"
    )


@pytest.mark.parametrize("exposure", [math.nan, math.inf, -65, 65, None, "1", [1]])
def test_wrong_exposures(exposure):
    with pytest.raises(PictureError) as caught:
        make_table("srgb", exposure)
    assert str(caught.value) == f"exposure must be stops within +-64, got {exposure!r}"


def test_check_display_returns_plain_values():
    curve, exposure = check_display("filmic", np.float32(1.5))
    assert curve == "filmic"
    assert exposure == 1.5
    assert type(exposure) is float
