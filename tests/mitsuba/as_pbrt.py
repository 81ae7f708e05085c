"""Scenes in Mitsuba's words, written as pbrt-v4's users have them: what means the same there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR
from as_xml import _mesh
from translate import Untranslatable

from raywidget.io.mitsuba.shapes import _CUBE
from raywidget.io.pbrt.octahedral import sphere_from_square

MIRROR = np.diag([-1.0, 1.0, 1.0, 1.0])
LARGE = 200  # triangles, from where on a mesh has a file of its own


def write_pbrt(words: dict, folder: Path, mirrored: bool) -> Path:
    """Write what `translate.to_mitsuba` gives into a folder.

    pbrt's space is left-handed: `mirrored` mirrors the world by hand, as exporters do; otherwise
    the camera mirrors its picture instead.
    """
    path = folder / "scene.pbrt"
    path.write_text(_Writer(folder, mirrored).scene(words))
    return path


def numbers(values) -> str:
    return "[ " + " ".join(repr(float(v)) for v in np.ravel(values)) + " ]"


def matrix(values) -> str:
    return f"ConcatTransform {numbers(np.transpose(values))}"


class _Writer:
    def __init__(self, folder: Path, mirrored: bool) -> None:
        self._folder = folder
        self._world = MIRROR if mirrored else np.eye(4)
        self._lines: list[str] = []
        self._media: dict[str, str] = {}
        self._outside = ""
        self._count = 0

    def scene(self, words: dict) -> str:
        self._integrator(words["integrator"])
        self._sensor(words["sensor"])
        self._add("WorldBegin")
        self._add(matrix(self._world))
        for name, value in words.items():
            if name.startswith("shape"):
                self._add("AttributeBegin")
                self._shape(name, value)
                self._add("AttributeEnd")
            elif name.startswith("emitter"):
                self._emitter(value)
        return "\n".join(self._lines) + "\n"

    def _add(self, line: str) -> None:
        self._lines.append(line)

    def _named(self, kind: str) -> str:
        self._count += 1
        return f"{kind}-{self._count}"

    def _file(self, pixels) -> str:
        name = f"{self._named('picture')}.exr"
        channels = {"RGB": np.ascontiguousarray(pixels, np.float32)}
        OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION}, channels).write(
            str(self._folder / name)
        )
        return name

    # --- Camera -----------------------------------------------------------------------------------

    def _integrator(self, words: dict) -> None:
        self._add(f'Integrator "volpath" "integer maxdepth" {words["max_depth"] - 1}')

    def _sensor(self, words: dict) -> None:
        film = words["film"]
        width, height = film["width"], film["height"]
        self._add(
            f'Film "rgb" "integer xresolution" {width} "integer yresolution" {height} '
            '"string filename" "scene.exr"'
        )
        kind = film["rfilter"]["type"]
        radius = {"box": 0.5, "tent": 1.0, "gaussian": 2.0}[kind]
        name = "triangle" if kind == "tent" else kind
        self._add(f'PixelFilter "{name}" "float xradius" {radius} "float yradius" {radius}')
        if "medium" in words:
            self._outside = self._medium(words["medium"])
            self._add(f'MediumInterface "" "{self._outside}"')
        to_world = np.array(words["to_world"])
        half = np.linalg.norm(to_world[:3, 0])  # of what an orthographic camera shows
        to_world[:3, :2] /= np.linalg.norm(to_world[:3, :2], axis=0)
        to_world[:3, 0] *= -1.0  # Mitsuba's x points to the left
        self._add(f"Transform {numbers(np.linalg.inv(self._world @ to_world).T)}")
        if words["type"] == "orthographic":
            up = half * height / width
            self._add(
                f'Camera "orthographic" "float screenwindow" {numbers([-half, half, -up, up])}'
            )
            return
        lens = ""
        if words["type"] == "thinlens":
            lens = (
                f'"float lensradius" {words["aperture_radius"]!r} '
                f'"float focaldistance" {float(words["focus_distance"])!r}'
            )
        self._add(f'Camera "perspective" "float fov" {float(words["fov"])!r} {lens}')

    def _medium(self, words: dict) -> str:
        if words["type"] != "homogeneous":
            raise Untranslatable(words["type"])
        key = repr(words)
        if key not in self._media:
            name = self._media[key] = self._named("medium")
            albedo = np.array(words["albedo"]["value"])
            extinction = np.array(words["sigma_t"]["value"])
            self._add(
                f'MakeNamedMedium "{name}" "string type" "homogeneous" '
                f'"float scale" {words["scale"]!r} "float g" {float(words["phase"]["g"])!r} '
                f'"rgb sigma_a" {numbers(extinction * (1 - albedo))} '
                f'"rgb sigma_s" {numbers(extinction * albedo)}'
            )
        return self._media[key]

    # --- Shapes -----------------------------------------------------------------------------------

    def _shape(self, name: str, words: dict) -> None:
        if words["type"] == "instance":
            self._add(matrix(words["to_world"]))
            self._add(f'ObjectInstance "{words["shapegroup"]["id"]}"')
            return
        if words["type"] == "shapegroup":
            self._add("Identity")
            self._add(f'ObjectBegin "{name}"')
            self._shape(name, words["mesh"])
            self._add("ObjectEnd")
            return
        alpha = self._material(words["bsdf"])
        if "interior" in words:
            self._add(f'MediumInterface "{self._medium(words["interior"])}" "{self._outside}"')
        if "emitter" in words:
            self._lamp(words["emitter"]["radiance"])
        mesh = words.get("mesh")
        if words.get("flip_normals") or (mesh is not None and mesh.flip_normals):
            self._add("ReverseOrientation")
        if mesh is not None:
            self._mesh(mesh, alpha)
            return
        to_world = np.array(words["to_world"])
        match words["type"]:
            case "sphere":
                # Mitsuba's v runs from +z down.
                self._add(matrix(to_world @ np.diag([1.0, 1.0, -1.0, 1.0])))
                self._add(f'Shape "sphere" "float radius" 1 {alpha}')
            case "rectangle":
                self._patches(to_world, [[(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)]], alpha)
            case "cube":
                self._patches(to_world, _CUBE, alpha)
            case "disk":
                self._add(matrix(to_world))
                self._add(f'Shape "disk" {alpha}')
            case "cylinder":
                self._add(matrix(to_world))
                self._add(f'Shape "cylinder" "float zmin" 0 "float zmax" 1 {alpha}')
            case _:
                raise Untranslatable(words["type"])

    def _patches(self, to_world, corners, alpha: str) -> None:
        self._add(matrix(to_world))
        points = np.asarray(corners, float)[:, [0, 1, 3, 2]]
        order = " ".join(map(str, range(4 * len(points))))
        self._add(f'Shape "bilinearmesh" "integer indices" [ {order} ]')
        self._add(f'  "point3 P" {numbers(points)} {alpha}')
        self._add(f'  "point2 uv" {numbers([[(0, 0), (1, 0), (0, 1), (1, 1)]] * len(points))}')

    def _mesh(self, mesh, alpha: str) -> None:
        if len(mesh.faces) >= LARGE:
            plain = mesh.replace(flip_normals=False)
            name = _mesh({"type": "mesh", "mesh": plain}, self._folder)["filename"]
            self._add(f'Shape "plymesh" "string filename" "{name}" {alpha}')
            return
        order = " ".join(map(str, mesh.faces.ravel()))
        self._add(f'Shape "trianglemesh" "integer indices" [ {order} ] {alpha}')
        self._add(f'  "point3 P" {numbers(mesh.vertices)}')
        if mesh.normals is not None:
            self._add(f'  "normal N" {numbers(mesh.normals)}')
        if mesh.uvs is not None:
            self._add(f'  "point2 uv" {numbers(mesh.uvs)}')

    # --- Surfaces ---------------------------------------------------------------------------------

    def _material(self, words: dict) -> str:
        """Set the material; what shapes say of its alpha."""
        alpha = ""
        if words["type"] == "mask":
            alpha = self._value("alpha", words["opacity"], "float")
            words = words["bsdf"]
        kind, parameters = self._described(words)
        self._add(f'Material "{kind}" {parameters}')
        return alpha

    def _described(self, words: dict) -> tuple[str, str]:
        match words["type"]:
            case "twosided":
                return self._described(words["bsdf"])
            case "normalmap":
                picture = words["normalmap"]
                if not np.allclose(picture["to_uv"], _UPRIGHT):
                    raise Untranslatable("a normal map that is scaled")
                kind, parameters = self._described(words["bsdf"])
                file = self._file(picture["bitmap"])
                return kind, f'{parameters} "string normalmap" "{file}"'
            case "diffuse":
                return "diffuse", self._value("reflectance", words["reflectance"], "spectrum")
            case "null":
                return "interface", ""
            case "conductor" | "roughconductor":
                return self._conductor(words)
            case "dielectric" | "roughdielectric" | "thindielectric":
                if set(words["specular_transmittance"].get("value", ())) != {1.0}:
                    raise Untranslatable("coloured glass")
                kind = "thindielectric" if words["type"] == "thindielectric" else "dielectric"
                index = f'"float eta" {words["int_ior"] / words["ext_ior"]!r}'
                return kind, f"{index} {self._alpha(words)}"
            case "plastic":
                color = self._value("reflectance", words["diffuse_reflectance"], "spectrum")
                return "coateddiffuse", f'{color} "float eta" {float(words["int_ior"])!r}'
            case "blendbsdf":
                names = []
                for part in ("first", "second"):
                    names.append(self._named("material"))
                    kind, parameters = self._described(words[part])
                    self._add(
                        f'MakeNamedMaterial "{names[-1]}" "string type" "{kind}" {parameters}'
                    )
                amount = self._value("amount", words["weight"], "float")
                return "mix", f'"string materials" [ "{names[0]}" "{names[1]}" ] {amount}'
        raise Untranslatable(words["type"])

    def _conductor(self, words: dict) -> tuple[str, str]:
        if words.get("material") == "none":
            return "conductor", '"rgb reflectance" [ 1 1 1 ]'
        if set(words["specular_reflectance"].get("value", ())) != {1.0}:
            raise Untranslatable("a tinted conductor")
        indices = [f'"rgb {name}" {numbers(words[name]["value"])}' for name in ("eta", "k")]
        return "conductor", " ".join([*indices, self._alpha(words)])

    def _alpha(self, words: dict) -> str:
        if "alpha" not in words:
            return ""
        return f'"float roughness" {float(words["alpha"])!r} "bool remaproughness" false'

    def _value(self, name: str, words, kind: str) -> str:
        if not isinstance(words, dict):
            return f'"float {name}" {float(words)!r}'
        if words["type"] == "rgb":
            return f'"rgb {name}" {numbers(words["value"])}'
        return f'"texture {name}" "{self._texture(words, kind)}"'

    def _texture(self, words: dict, kind: str) -> str:
        name = self._named("texture")
        to_uv = np.array(words["to_uv"] if "to_uv" in words else np.eye(4))
        if words["type"] == "checkerboard":
            u, v = 2.0 * to_uv.diagonal()[:2]
            colors = [words[key]["value"] for key in ("color0", "color1")]
            if kind == "float":
                ends = [
                    f'"float tex{k + 1}" {float(np.mean(color))!r}'
                    for k, color in enumerate(colors)
                ]
            else:
                ends = [f'"rgb tex{k + 1}" {numbers(color)}' for k, color in enumerate(colors)]
            self._add(
                f'Texture "{name}" "{kind}" "checkerboard" "float uscale" {float(u)!r} '
                f'"float vscale" {float(v)!r} {" ".join(ends)}'
            )
            return name
        if words["type"] != "bitmap" or words["wrap_mode"] == "mirror":
            raise Untranslatable(words["type"])
        scaled = _UPRIGHT @ to_uv  # it is its own inverse
        if not np.allclose(scaled[:2, :2], np.diag(scaled.diagonal()[:2])):
            raise Untranslatable("a texture that is turned")
        if "filter_type" not in words:
            raise Untranslatable("a gradient")
        filtering = "point" if words["filter_type"] == "nearest" else "bilinear"
        (u, v), (du, dv) = scaled.diagonal()[:2], scaled[:2, 3]
        self._add(
            f'Texture "{name}" "{kind}" "imagemap" "string filename" '
            f'"{self._file(words["bitmap"])}" "string wrap" "{words["wrap_mode"]}" '
            f'"string filter" "{filtering}" '
            f'"float uscale" {float(u)!r} "float vscale" {float(v)!r} '
            f'"float udelta" {float(du)!r} "float vdelta" {float(dv)!r}'
        )
        return name

    # --- Lights -----------------------------------------------------------------------------------

    def _lamp(self, words: dict) -> None:
        if words["type"] == "rgb":
            self._add(f'AreaLightSource "diffuse" "rgb L" {numbers(words["value"])}')
        elif words["type"] == "bitmap" and np.allclose(words["to_uv"], _UPRIGHT):
            file = self._file(words["bitmap"])
            self._add(f'AreaLightSource "diffuse" "string filename" "{file}"')
        else:
            raise Untranslatable(words["type"])

    def _emitter(self, words: dict) -> None:
        match words["type"]:
            case "constant":
                self._add(f'LightSource "infinite" "rgb L" {numbers(words["radiance"]["value"])}')
            case "point":
                self._add(
                    f'LightSource "point" "point3 from" {numbers(words["position"])} '
                    f'"rgb I" {numbers(words["intensity"]["value"])}'
                )
            case "directional":
                self._add(
                    f'LightSource "distant" "point3 to" {numbers(words["direction"])} '
                    f'"rgb L" {numbers(words["irradiance"]["value"])}'
                )
            case "envmap":
                self._add(
                    f'LightSource "infinite" "string filename" "{self._file(_square(words))}" '
                    f'"float scale" {float(words.get("scale", 1.0))!r}'
                )
            case _:
                raise Untranslatable(words["type"])


_UPRIGHT = np.array([(1, 0, 0, 0), (0, -1, 0, 1), (0, 0, 1, 0), (0, 0, 0, 1)], float)


def _square(words: dict, size: int = 1024):
    """Mitsuba's picture of all directions, rows from pole to pole, as pbrt's square has it."""
    at = (np.arange(size) + 0.5) / size
    directions = sphere_from_square(np.stack(np.meshgrid(at, at), axis=-1))
    local = directions @ np.array(words.get("to_world", np.eye(4)))[:3, :3]
    pixels = np.asarray(words["bitmap"], float)
    height, width = pixels.shape[:2]
    x = np.arctan2(local[..., 0], -local[..., 2]) / (2 * np.pi) % 1.0 * width - 0.5
    y = np.arccos(np.clip(local[..., 1], -1, 1)) / np.pi * (height - 1)
    left, top = np.floor(x).astype(int), np.minimum(np.floor(y).astype(int), height - 2)
    a, b = (x - left)[..., None], (y - top)[..., None]
    upper = pixels[top, left % width] * (1 - a) + pixels[top, (left + 1) % width] * a
    lower = pixels[top + 1, left % width] * (1 - a) + pixels[top + 1, (left + 1) % width] * a
    return upper * (1 - b) + lower * b
