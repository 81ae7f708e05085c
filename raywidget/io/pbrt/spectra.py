"""Spectra -> linear Rec. 709: the colour that pbrt's default sensor and film show of them."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from raywidget.errors import SceneError
from raywidget.io.files import beside
from raywidget.io.pbrt.parameters import Parameter, shortened
from raywidget.io.words import NotANumber, numbers
from raywidget.scene.materials.materials import Conductor
from raywidget.scene.values.primaries import REC709, Chromaticities, to_rec709

F64 = NDArray[np.float64]
Rgb = tuple[float, float, float]
Meaning = Literal["albedo", "light", "plain"]
"""A reflectance in [0, 1]; light, of luminance 1 unless it is RGB; any number that is not negative,
such as an index of refraction."""

MAX_FILE = 1 << 22  # bytes of a spectrum

# CIE 1931 2-degree observer (CIE 15:2004, table T.4), every 10 nm from 380 to 780.
_WAVELENGTHS = np.arange(380.0, 781.0, 10.0)
_X = """1.368 4.243 14.31 43.51 134.38 283.9 348.28 336.2 290.8 195.36 95.64 32.01 4.9 9.3 63.27
165.5 290.4 433.45 594.5 762.1 916.3 1026.3 1062.2 1002.6 854.45 642.4 447.9 283.5 164.9 87.4 46.77
22.7 11.359 5.79 2.899 1.44 0.69 0.332 0.166 0.083 0.042"""
_Y = """0.039 0.12 0.396 1.21 4.0 11.6 23.0 38.0 60.0 90.98 139.02 208.02 323.0 503.0 710.0 862.0
954.0 994.95 995.0 952.0 870.0 757.0 631.0 503.0 381.0 265.0 175.0 107.0 61.0 32.0 17.0 8.21 4.102
2.091 1.047 0.52 0.249 0.12 0.06 0.03 0.015"""
_Z = """6.45 20.05 67.85 207.4 645.6 1385.6 1747.06 1772.11 1669.2 1287.64 812.95 465.18 272.0 158.2
78.25 42.16 20.3 8.75 3.9 2.1 1.65 1.1 0.8 0.34 0.19 0.05 0.02 0 0 0 0 0 0 0 0 0 0 0 0 0 0"""
# Illuminant D65 (CIE 15:2004, table T.1), at the same wavelengths.
_D65 = """49.9755 54.6482 82.7549 91.486 93.4318 86.6823 104.865 117.008 117.812 114.861 115.923
108.811 109.354 107.802 104.79 107.689 104.405 104.046 100 96.3342 95.788 88.6856 90.0062 89.5991
87.6987 83.2886 83.6992 80.0268 80.2146 82.2778 78.2842 69.7213 71.6091 74.349 61.604 69.8856 75.087
63.5927 46.4182 66.8054 63.3828"""

# Rec. 709 has its white, D65, at (0.3127, 0.329).
_RGB_FROM_XYZ = np.array(
    [
        (3.2409699, -1.5373832, -0.4986108),
        (-0.9692436, 1.8759675, 0.0415551),
        (0.0556301, -0.2039770, 1.0569715),
    ]
)

# CIE x, y of illuminants (CIE 15:2004, tables T.3 and T.8).
_ILLUMINANTS = {
    "stdillum-A": (0.44758, 0.40745), "stdillum-D50": (0.34567, 0.35851),
    "stdillum-D65": (0.3127, 0.329), "illum-acesD60": (0.32168, 0.33767),
    "stdillum-F1": (0.3131, 0.3371), "stdillum-F2": (0.3721, 0.3751),
    "stdillum-F3": (0.4091, 0.3941), "stdillum-F4": (0.4402, 0.4031),
    "stdillum-F5": (0.3138, 0.3452), "stdillum-F6": (0.3779, 0.3882),
    "stdillum-F7": (0.3129, 0.3292), "stdillum-F8": (0.3458, 0.3586),
    "stdillum-F9": (0.3741, 0.3727), "stdillum-F10": (0.3458, 0.3588),
    "stdillum-F11": (0.3805, 0.3769), "stdillum-F12": (0.4370, 0.4042),
}  # fmt: skip

# Indices at 587.6 nm, as makers of glass give them.
_GLASSES = {
    "glass-BK7": 1.5168, "glass-BAF10": 1.67, "glass-FK51A": 1.4866, "glass-LASF9": 1.8503,
    "glass-F5": 1.6034, "glass-SF5": 1.6727, "glass-F10": 1.7283, "glass-SF10": 1.7283,
    "glass-F11": 1.7847, "glass-SF11": 1.7847,
}  # fmt: skip

_METALS = {"Ag": "silver", "Al": "aluminium", "Au": "gold", "Cu": "copper"}
_OTHERS: dict[str, tuple[Rgb, Rgb]] = {  # the same averages of measured indices
    "CuZn": ((0.444, 0.527, 1.094), (3.695, 2.765, 1.829)),
    "MgO": ((1.735, 1.741, 1.759), (0.0, 0.0, 0.0)),
    "TiO2": ((2.584, 2.658, 2.843), (0.0, 0.0, 0.0)),
}

_PRIMARIES = {
    "srgb": REC709,
    "rec2020": Chromaticities(0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329),
    "dci-p3": Chromaticities(0.68, 0.32, 0.265, 0.69, 0.15, 0.06, 0.3127, 0.329),
    "aces2065-1": Chromaticities(0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767),
}


def colour(item: Parameter, meaning: Meaning, color_space: str, scene: Path) -> Rgb:
    """What a parameter that holds a spectrum looks like, in linear Rec. 709.

    Raises
    ------
    SceneError
        If it is none, is not known by its name, or its file can't be read.
    """
    if item.type in ("float", "integer"):
        if len(item.values) != 1:
            raise SceneError(f"{item.place}: {item.name} must be one number")
        rgb = np.repeat(_finite(item), 3)
    elif item.type == "rgb":
        rgb = to_rec709(_finite(item).astype(np.float32), _PRIMARIES[color_space]).astype(float)
    elif item.type == "xyz":
        rgb = _RGB_FROM_XYZ @ _finite(item)
    elif item.type == "blackbody":
        temperature = float(_finite(item)[0])
        if not 100.0 <= temperature <= 1e6:
            raise SceneError(
                f"{item.place}: {item.name} must be a temperature in kelvin, got {temperature:g}"
            )
        rgb = _of_light(_planck(temperature))
    elif item.type == "spectrum":
        rgb = _spectrum(item, meaning, scene)
    else:
        raise SceneError(f"{item.place}: {item.name} must be a colour, got type {item.type}")
    return _tuple(np.clip(rgb, 0.0, 1.0 if meaning == "albedo" else None))


def glass_index(item: Parameter, scene: Path) -> float:
    """An index of refraction: a number, or the one that a spectrum has near 588 nm."""
    if item.type != "spectrum" or (item.is_text and str(item.values[0]) in _GLASSES):
        if item.is_text:
            return _GLASSES[str(item.values[0])]
        return float(np.mean(_finite(item)))
    if item.is_text and metal(str(item.values[0])) is not None:
        return float(np.mean(colour(item, "plain", "srgb", scene)))
    at, values = _samples(item, scene)
    return float(np.interp(587.6, at, values))


def metal(name: str) -> Rgb | None:
    """The indices of a metal by pbrt's name, such as "metal-Au-k"."""
    words = name.split("-")
    if len(words) != 3 or words[0] != "metal" or words[2] not in ("eta", "k"):
        return None
    if words[1] in _METALS:
        known = Conductor(_METALS[words[1]])
        return _tuple(np.asarray(known.eta if words[2] == "eta" else known.k))
    found = _OTHERS.get(words[1])
    return None if found is None else found[0 if words[2] == "eta" else 1]


def _finite(item: Parameter) -> F64:
    values = np.asarray(item.values, np.float64)
    if not len(values) or not np.isfinite(values).all():
        raise SceneError(
            f"{item.place}: {item.name} must be finite numbers, got {shortened(item.values)}"
        )
    return values


def _spectrum(item: Parameter, meaning: Meaning, scene: Path) -> F64:
    if item.is_text:
        name = str(item.values[0])
        if name in _ILLUMINANTS:
            x, y = _ILLUMINANTS[name]
            return np.asarray(_RGB_FROM_XYZ @ np.array([x / y, 1.0, (1.0 - x - y) / y]))
        if name in _GLASSES:
            return np.repeat(_GLASSES[name], 3)
        indices = metal(name)
        if indices is not None:
            return np.array(indices)
    at, values = _samples(item, scene)
    seen = np.interp(_WAVELENGTHS, at, values)
    if meaning == "light":
        if not _tables()[1] @ seen > 0.0:
            raise SceneError(f"{item.place}: {item.name}: such light can't be seen")
        return _of_light(seen)
    return _of_surface(seen)


def _samples(item: Parameter, scene: Path) -> tuple[F64, F64]:
    """Wavelengths in nm, rising, and values."""
    values = item.values
    if item.is_text:
        name = str(values[0])
        path = beside(scene, name)
        if path is None:
            raise SceneError(
                f"{item.place}: the spectrum {name!r} is not known here, nor a file in the folder"
            )
        values = _spectrum_file(path, item.place)
    if len(values) < 2 or len(values) % 2 or not np.isfinite(values).all():
        raise SceneError(
            f"{item.place}: {item.name} must be pairs of a wavelength in nm and a value, "
            f"got {shortened(values)}"
        )
    pairs = np.asarray(values, np.float64).reshape(-1, 2)
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    return pairs[:, 0], pairs[:, 1]


def _spectrum_file(path: Path, place: str) -> F64:
    try:
        if path.stat().st_size > MAX_FILE:
            raise SceneError(f"{place}: {path.name!r} must have at most {MAX_FILE:,} bytes")
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SceneError(f"{place}: {path.name!r} can't be read: {error.strerror}") from None
    text = b"\n".join(line.split(b"#")[0] for line in lines).replace(b",", b" ")
    try:
        return np.asarray(numbers(text, len(text.split())))
    except NotANumber as error:
        raise SceneError(f"{place}: {path.name!r} is no spectrum: {error}") from None


@functools.cache
def _tables() -> tuple[F64, F64, F64, F64]:
    x, y, z, d65 = (np.array([float(word) for word in t.split()]) for t in (_X, _Y, _Z, _D65))
    return x, y, z, d65


def _of_light(radiance: F64) -> F64:
    """Light of luminance 1 with that spectrum, as RGB."""
    xyz = np.array([table @ radiance for table in _tables()[:3]])
    return np.asarray(_RGB_FROM_XYZ @ (xyz / xyz[1]))


def _of_surface(reflectance: F64) -> F64:
    """What is seen of it under D65; 1 at all wavelengths is (1, 1, 1)."""
    *observer, d65 = _tables()
    white = _RGB_FROM_XYZ @ np.array([table @ d65 for table in observer])
    seen = _RGB_FROM_XYZ @ np.array([table @ (d65 * reflectance) for table in observer])
    return np.asarray(seen / white)


def _planck(temperature: float) -> F64:
    """Planck's law, without its constant factor; the second constant is CODATA 2018's."""
    metres = _WAVELENGTHS * 1e-9
    exponent = np.minimum(1.438776877e-2 / (metres * temperature), 700.0)
    radiance = (500e-9 / metres) ** 5 / np.expm1(exponent)
    return np.asarray(radiance / radiance.max())


def _tuple(rgb: Any) -> Rgb:
    red, green, blue = (float(value) for value in rgb)
    return red, green, blue
