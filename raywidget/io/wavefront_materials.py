"""MTL files: the materials of OBJ files.

After Wavefront's description (1995) and the extension for physically based rendering of Exocortex
(Pr, Pm, Ps, Pc, Pcr, norm). Phong's model of old becomes what looks most like it: a matte base of
colour Kd under a reflecting surface, a mirror or glass where `illum` says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from raywidget.errors import SceneError
from raywidget.io.bumps import normal_map
from raywidget.io.files import beside, read_bytes
from raywidget.io.words import as_bytes
from raywidget.scene.materials.materials import Dielectric, Material, Metal
from raywidget.scene.materials.principled import Principled
from raywidget.scene.textures.image_texture import ImageTexture
from raywidget.scene.textures.textures import Attribute

MAX_MATERIALS = 1 << 20


class Library(NamedTuple):
    """Materials by their names."""

    materials: dict[str, Entry]


@dataclass(eq=False)
class Entry:
    """What a library says of one material; it is made when a face asks for it."""

    name: str
    folder_of: Path  # the library, textures are beside it
    values: dict[str, list[str]] = field(default_factory=dict)
    from_blender: bool = False
    notes: list[str] = field(default_factory=list)
    _made: dict[bool, Material] = field(default_factory=dict)

    def made(self, has_colors: bool) -> Material:
        """The material; where there is no picture, colours of vertices take the place of a grey."""
        if has_colors not in self._made:
            self._made[has_colors] = _Maker(self, has_colors).material()
        return self._made[has_colors]


_TEXTURES = ("map_", "bump", "norm", "refl", "disp", "decal")


def read_library(path: Path) -> Library:
    """All materials of an MTL file; its textures are not opened yet."""
    data = as_bytes(read_bytes(path))
    materials: dict[str, Entry] = {}
    entry: Entry | None = None
    blender = b"Blender" in data[:200]
    for line in data.decode("utf-8", "replace").replace("\\\n", " ").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        word = words[0].lower()
        if word == "newmtl":
            name = line.strip()[len("newmtl") :].strip()
            if len(materials) >= MAX_MATERIALS:
                raise SceneError(f"{path.name!r}: there are more than {MAX_MATERIALS:,} materials")
            # Where a name comes twice the first one holds, as in other readers.
            entry = materials.setdefault(name, Entry(name, path, from_blender=blender))
        elif entry is not None:
            if word.startswith(_TEXTURES):
                entry.values[word] = [line.strip()[len(word) :].split("#")[0].strip()]
            else:
                entry.values[word] = words[1:]
    return Library(materials)


# --- One material ---------------------------------------------------------------------------------

_KNOWN = {
    *("kd", "ks", "ka", "ke", "ns", "ni", "d", "tr", "tf", "illum", "sharpness"),
    *("pr", "pm", "ps", "pc", "pcr", "map_kd", "map_ks", "map_ka", "map_ke", "map_d", "map_tr"),
    *("map_bump", "bump", "norm", "map_pr", "map_pm", "map_ps", "map_pcr", "map_ns"),
}
_MIRROR, _GLASS = (3, 5, 8), (6, 7)  # values of illum
Channel = Literal["r", "g", "b", "a"]


class _Maker:
    def __init__(self, entry: Entry, has_colors: bool) -> None:
        self.entry = entry
        self.values = entry.values
        self.has_colors = has_colors

    def note(self, text: str) -> None:
        note = f"material {self.entry.name!r}: {text}"
        if note not in self.entry.notes[-8:]:
            self.entry.notes.append(note)

    def material(self) -> Material:
        unknown = sorted(set(self.values) - _KNOWN)
        unknown = [w for w in unknown if w not in ("aniso", "anisor") or self.number(w)]
        if unknown:
            self.note(f"{', '.join(map(repr, unknown[:8]))} left out")
        illum = int(self.number("illum") or 0) if "illum" in self.values else 2
        physical = any(word in self.values for word in ("pr", "pm", "map_pr", "map_pm"))
        diffuse, specular = self.color("kd"), self.color("ks")
        options: dict[str, Any] = {"name": self.entry.name or None}
        emission = self._emission()
        if emission is None:
            options["opacity"] = self._opacity()
        else:
            options["emission"] = emission
            if self._opacity() != 1.0:
                self.note("it shines and lets light pass; only shining is kept")
        options |= self._relief()
        if not physical and illum in _GLASS:
            return Dielectric(
                self._ior(), color=_clipped(self.color("tf") or (1.0, 1.0, 1.0)), **options
            )
        dark = diffuse is not None and max(diffuse) <= 0.05 * max(specular or (0.0,))
        textured = self.textures("map_kd")
        if not physical and illum in _MIRROR and dark and not textured:
            return Metal(_clipped(specular), **options)
        return Principled(
            self._base(diffuse),
            metallic=self._metallic(illum),
            roughness=self._roughness(),
            ior=self._ior(),
            clearcoat=self._unit("pc"),
            clearcoat_roughness=self._unit("pcr"),
            **self._specular(specular, illum, physical),
            **self._sheen(),
            **options,
        )

    # --- numbers ---

    def numbers(self, word: str) -> list[float]:
        # "-halo" and its like are none.
        return [float(text) for text in self.values.get(word, []) if _is_number(text)]

    def number(self, word: str) -> float | None:
        values = self.numbers(word)
        return values[-1] if values else None  # what stands before, as "-halo", is no number

    def color(self, word: str) -> tuple[float, float, float] | None:
        if word not in self.values:
            return None
        found = self.numbers(word)
        if not found or self.values[word][0] in ("xyz", "spectral"):
            self.note(f"{word!r} is given by a spectrum or not by numbers; left out")
            return None
        r, g, b = (found * 3)[:3] if len(found) < 3 else found[:3]
        return (max(r, 0.0), max(g, 0.0), max(b, 0.0))

    def _unit(self, word: str) -> Any:
        value = min(max(self.number(word) or 0.0, 0.0), 1.0)
        return self.texture("map_" + word, (1.0, 1.0, 1.0), linear=True) or value

    def _ior(self) -> float:
        value = self.number("ni") or 1.5
        # 1 is what is written where nobody thought of it.
        return min(max(value, 1.0), 4.0) if value > 1.001 else 1.5

    # --- what surfaces are made of ---

    def _base(self, diffuse: Any) -> Any:
        color = _clipped((0.8, 0.8, 0.8) if diffuse is None else diffuse)
        if self.textures("map_kd"):
            # Black times a picture is black, which nobody means.
            tint = color if diffuse is not None and max(color) > 0.0 else (1.0, 1.0, 1.0)
            return self.texture("map_kd", tint) or color
        return Attribute("color") if self.has_colors else color

    def _metallic(self, illum: int) -> Any:
        if self.entry.from_blender and illum == 3 and "pm" not in self.values:
            return _clipped(self.color("ka") or (0.0,))[0]  # where its exporter puts it
        return self._unit("pm")

    def _roughness(self) -> Any:
        picture = self.texture("map_pr", (1.0, 1.0, 1.0), linear=True)
        if picture is not None:
            return picture
        if (value := self.number("pr")) is not None:
            return min(max(value, 0.0), 1.0)
        exponent = self.number("ns")
        if exponent is None:
            return 0.5
        if self.entry.from_blender:  # its exporter: 1000 (1 - roughness)^2
            return 1.0 - min(max(exponent / 1000.0, 0.0), 1.0) ** 0.5
        # Lobes of one width: alpha^2 = 2 / (n + 2) (Walter et al. 2007, section 5.2).
        return (2.0 / (min(max(exponent, 0.0), 1e6) + 2.0)) ** 0.25

    def _specular(self, specular: Any, illum: int, physical: bool) -> dict[str, Any]:
        if illum in (0, 1) and not physical:
            return {"specular": 0.0}
        if physical and (specular is None or not max(specular)):
            return {}
        if self.textures("map_ks") and not physical:
            picture = self.texture("map_ks", (1.0, 1.0, 1.0))
            return {} if picture is None else {"specular_color": picture}
        if specular is None:
            return {} if "ns" in self.values else {"specular": 0.0}
        largest = max(specular)
        if not largest:
            return {"specular": 0.0}
        strength = 2.0 * largest if self.entry.from_blender else largest  # its 0.5 is usual glass
        tint = tuple(value / largest for value in specular)
        return {"specular": min(strength, 1.0), "specular_color": tint}

    def _sheen(self) -> dict[str, Any]:
        sheen = self._unit("ps")
        if not isinstance(sheen, ImageTexture):
            if not sheen:
                return {}
            sheen = (sheen,) * 3
        return {"sheen_color": sheen, "sheen_roughness": 0.3}

    def _emission(self) -> Any:
        color = self.color("ke")
        if self.textures("map_ke"):
            tint = color if color is not None and max(color) > 0.0 else (1.0, 1.0, 1.0)
            return self.texture("map_ke", tint)
        return color if color is not None and max(color) > 0.0 else None

    def _opacity(self) -> Any:
        for word in ("map_d", "map_tr"):
            if self.textures(word):
                picture = self.texture(word, (1.0, 1.0, 1.0), linear=True, alpha=True)
                if picture is not None and word == "map_d":
                    return picture
                if picture is not None:
                    self.note("'map_Tr' is read as if it were 'map_d'")
                    return picture
        value = self.number("d")
        if value is None:
            through = self.number("tr")
            value = 1.0 if through is None else 1.0 - through
        value = min(max(value, 0.0), 1.0)
        if value == 0.0:
            self.note("it would be invisible; taken as opaque")
            return 1.0
        return value

    def _relief(self) -> dict[str, Any]:
        for word in ("norm", "map_bump", "bump"):
            if not self.textures(word):
                continue
            options = _Options(self.textures(word))
            picture = self._pixels(word, options, partial(normal_map, is_normals=word == "norm"))
            if picture is not None:
                return {"normal_map": picture, "normal_scale": options.bump}
        return {}

    # --- pictures ---

    def textures(self, word: str) -> str:
        return (self.values.get(word) or [""])[0]

    def texture(
        self, word: str, factor: Any, *, linear: bool = False, alpha: bool = False
    ) -> ImageTexture | None:
        if not self.textures(word):
            return None
        options = _Options(self.textures(word))

        def make(path: Path) -> dict[str, Any]:
            channel: Channel | None = options.channel
            if channel is None and alpha and _has_alpha(path):
                channel = "a"
            encoding = "linear" if linear and channel is None else None
            return {"image": path, "channel": channel, "factor": factor, "encoding": encoding}

        return self._pixels(word, options, make)

    def _pixels(
        self, word: str, options: _Options, make: Callable[[Path], dict[str, Any]]
    ) -> ImageTexture | None:
        path = beside(self.entry.folder_of, options.name)
        if path is None:
            self.note(f"its picture {options.name!r} is not in the file's folder; left out")
            return None
        if options.unread:
            self.note(f"{', '.join(options.unread)} of {word!r} left out")
        try:
            return ImageTexture(
                **make(path),
                scale=options.scale,
                offset=options.offset,
                wrap="clamp" if options.clamp else "repeat",
            )
        except SceneError as error:
            self.note(f"{word!r} left out: {error}")
            return None


def _has_alpha(path: Path) -> bool:
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return "A" in picture.getbands()
    except Exception:  # told of when the pixels are read
        return False


def _clipped(color: Any) -> Any:
    return tuple(min(value, 1.0) for value in color)


_ARGUMENTS: Counter[str] = Counter(
    {"-blendu": 1, "-blendv": 1, "-boost": 1, "-mm": 2, "-o": 3, "-s": 3, "-t": 3, "-texres": 1}
    | {"-clamp": 1, "-bm": 1, "-imfchan": 1, "-type": 1, "-cc": 1}
)


class _Options:
    """A texture's line: options, then a name that may hold blanks."""

    def __init__(self, text: str) -> None:
        self.scale, self.offset = (1.0, 1.0), (0.0, 0.0)
        self.clamp, self.bump = False, 1.0
        self.channel: Channel | None = None
        self.unread: list[str] = []
        words = text.split(" ")
        while words and (words[0] == "" or words[0].lower() in _ARGUMENTS):
            option = words.pop(0).lower()
            if option:
                self._take(option, words)
        self.name = " ".join(words).strip().strip('"')

    def _take(self, option: str, words: list[str]) -> None:
        values: list[str] = []
        numeric = option in ("-o", "-s", "-t", "-mm")
        while words and len(values) < _ARGUMENTS[option]:
            if words[0] and numeric and not _is_number(words[0]):
                break  # the second and third may be left out
            word = words.pop(0)
            if word:
                values.append(word)
        if not values:
            return
        if option == "-s":
            u, v = _two(values, 1.0)
            self.scale = (u or 1.0, v or 1.0)
        elif option == "-o":
            self.offset = _two(values, 0.0)
        elif option == "-clamp":
            self.clamp = values[0].lower() == "on"
        elif option == "-bm" and _is_number(values[0]):
            self.bump = min(max(float(values[0]), -1e6), 1e6)
        elif option == "-imfchan" and values[0].lower() in _CHANNELS:
            self.channel = _CHANNELS[values[0].lower()]
        elif option in ("-mm", "-t") or (option == "-imfchan" and values[0] != "l"):
            self.unread.append(option)


_CHANNELS: dict[str, Channel] = {"r": "r", "g": "g", "b": "b", "m": "a"}


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def _two(values: list[str], default: float) -> tuple[float, float]:
    numbers = [min(max(float(v), -1e9), 1e9) for v in values[:2]]
    u, v = [*numbers, default][:2]
    return u, v
