"""The whole way through a process of its own, and what files may not do there."""

import io
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from pxr import Sdf, UsdUtils
from usd_stages import BIND, READER, ST, material, mesh, read_file, texture, written

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.io import wire
from raywidget.io.scene_files import read_scene
from raywidget.io.usd import process

SPHERE = 'def Sphere "S"\n{\n    double radius = 3\n}\n'
MAP = "        asset inputs:file = @map.png@"
PAINTED = (
    mesh(BIND + ST)
    + material("color3f inputs:diffuseColor.connect = </Mat/T.outputs:rgb>",
               READER + texture("T", "rgb", MAP))
)  # fmt: skip


def map_png(folder):
    from PIL import Image

    Image.fromarray(np.full((4, 4, 3), (255, 128, 0), np.uint8)).save(folder / "map.png")


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd", ".usdz"])
def test_every_suffix_is_read_by_another_process(tmp_path, suffix):
    map_png(tmp_path)
    text = written(tmp_path, PAINTED + SPHERE)
    path = tmp_path / f"scene{suffix}"
    if suffix == ".usdz":
        assert UsdUtils.CreateNewUsdzPackage(str(text), str(path))
        (tmp_path / "map.png").unlink()
    else:
        Sdf.Layer.OpenAsAnonymous(str(text)).Export(str(path))
    scene = rw.load_scene(path)
    mesh_, ball = scene.shapes
    assert ball.radius == 3.0
    color = mesh_.material.base_color.evaluate([(0.5, 0.5)])[0]
    np.testing.assert_allclose(color, rw.decode_srgb(np.array([255, 128, 0]) / 255))
    told = "the file has no camera: one that sees all of it was added, y up"
    assert scene.notes == (f"{path.name}: {told}",)


def test_this_process_does_not_load_the_library(tmp_path):
    path = written(tmp_path, SPHERE)
    code = (
        "import sys; from raywidget.io.scene_files import read_scene; "
        f"print(len(read_scene({str(path)!r}).shapes), 'pxr' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "False"]


def test_without_the_library_it_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(process.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SceneError, match=r'usd-core: pip install "raywidget\[usd\]"'):
        read_scene(written(tmp_path, SPHERE))


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"#usda 1.0\ndef Sphere {", b"PXR-USDC" + bytes(80), b"PK\3\4"]
)
def test_what_is_no_file_of_that_kind_is_refused(tmp_path, content):
    for suffix in (".usda", ".usdc", ".usdz"):
        path = tmp_path / f"bad{suffix}"
        path.write_bytes(content)
        with pytest.raises(SceneError, match=rf"^'bad{suffix}': "):
            read_scene(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SceneError, match=r"'nowhere\.usda': can't be read: No such file"):
        read_scene(tmp_path / "nowhere.usda")


def test_a_crash_there_is_an_error_here(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "_MODULE", "raywidget.io.wire")  # ends without a word
    with pytest.raises(SceneError, match=r"'stage\.usda': USD's library crashed while it read the"):
        read_scene(written(tmp_path, SPHERE))


def test_what_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "MAX_SECONDS", 0.01)
    with pytest.raises(SceneError, match=r"'stage\.usda': took more than 0.01 seconds"):
        read_scene(written(tmp_path, SPHERE))


def test_references_that_unfold_to_any_size_are_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "MAX_SECONDS", 20.0)
    # Ten in each other of ten references each: 10^10 prims out of a few lines.
    levels = [SPHERE.replace('"S"', '"L0"')]
    for level in range(1, 11):
        inside = "\n".join(
            f'    def "C{k}" (references = </L{level - 1}>)\n    {{\n    }}' for k in range(10)
        )
        levels.append(f'class Xform "L{level}"\n{{\n{inside}\n}}\n')
    text = "".join(levels) + 'def "Bomb" (references = </L10>)\n{\n}\n'
    with pytest.raises(SceneError, match=r"^'stage.usda'"):
        read_scene(written(tmp_path, text))


def damaged(content, seed):
    """The bytes of a file with some of them changed, cut off, overwritten or lost."""
    rng = np.random.default_rng(seed)
    data = bytearray(content)
    at = int(rng.integers(len(data)))
    match seed % 4:
        case 0:
            for k in rng.integers(len(data), size=16):
                data[k] = int(rng.integers(256))
        case 1:
            del data[at:]
        case 2:
            data[at : at + 8] = b"\xff" * 8
        case 3:
            del data[at : at + 7]
    return bytes(data)


@pytest.mark.parametrize("suffix", [".usdc", ".usda"])
def test_damaged_files_are_read_or_refused(tmp_path, suffix):
    map_png(tmp_path)
    whole = tmp_path / f"whole{suffix}"
    Sdf.Layer.OpenAsAnonymous(str(written(tmp_path, PAINTED + SPHERE))).Export(str(whole))
    path = tmp_path / f"bad{suffix}"
    # Not 2: of a .usdc, it fills all the memory that there may be, which 3 asks for at once.
    for seed in (0, 1, 3, 4, 5, 6, 7, 10):
        path.write_bytes(damaged(whole.read_bytes(), seed))
        try:
            read_scene(path)
        except SceneError as error:
            assert str(error).startswith(f"'bad{suffix}'")  # noqa: PT017


def test_the_picture_of_a_file_is_that_of_the_scene_by_hand(tmp_path):
    map_png(tmp_path)
    lamp = """def SphereLight "Lamp"
{
    float inputs:intensity = 20
    float inputs:radius = 0.25
    double3 xformOp:translate = (0, 2, 2)
    uniform token[] xformOpOrder = ["xformOp:translate"]
}
"""
    parts = read_file(written(tmp_path, PAINTED + lamp))
    pixels = np.full((4, 4, 3), (255, 128, 0), np.uint8)
    paint = rw.Principled(rw.ImageTexture(pixels), clearcoat_roughness=0.01)
    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    by_hand = [
        rw.Mesh(square, [(0, 1, 2), (0, 2, 3)], uvs=[(0, 0), (1, 0), (1, 1), (0, 1)],
                material=paint),
        rw.Sphere((0, 2, 2), 0.25, emission=20, material=rw.Diffuse(0)),
    ]  # fmt: skip
    camera = rw.PerspectiveCamera(look_from=(0.5, 0.5, 4), look_at=(0.5, 0.5, 0))
    first, second = (
        rw.render(rw.Scene(shapes, camera=camera), width=24, height=24, spp=4, progress=False)
        for shapes in (parts.shapes, by_hand)
    )
    assert first.pixels.max() > 0.1
    np.testing.assert_array_equal(first.pixels, second.pixels)


# --- Files of others ------------------------------------------------------------------------------


@pytest.fixture
def outside(tmp_path):
    """A folder with a stage in it, and one beside it that it must not read."""
    folder = tmp_path / "scene"
    folder.mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "secret.usda").write_text('#usda 1.0\n(\n    defaultPrim = "S"\n)\n' + SPHERE)
    map_png(other)
    return folder, other


ARCS = {
    "reference": 'def "A" (references = @{0}@)\n{{\n}}\n',
    "payload": 'def "A" (payload = @{0}@)\n{{\n}}\n',
    "sublayer": "#usda 1.0\n(\n    subLayers = [@{0}@]\n)\n",
    "variant": """def "A" (
    variants = {{ string v = "a" }}
    prepend variantSets = "v"
)
{{
    variantSet "v" = {{
        "a" (references = @{0}@) {{
        }}
    }}
}}
""",
    "clip": """def "A" (
    clips = {{
        dictionary default = {{
            asset[] assetPaths = [@{0}@]
            string primPath = "/S"
            double2[] active = [(0, 0)]
        }}
    }}
)
{{
    double radius
}}
""",
}


@pytest.mark.parametrize("arc", sorted(ARCS))
@pytest.mark.parametrize("kind", ["relative", "absolute", "link"])
def test_layers_outside_of_the_folder_are_left_out(outside, arc, kind):
    folder, other = outside
    name = {"relative": "../other/secret.usda", "absolute": str(other / "secret.usda"),
            "link": "link.usda"}[kind]  # fmt: skip
    (folder / "link.usda").symlink_to(other / "secret.usda")
    text = ARCS[arc].format(name)
    path = written(folder, text)
    if arc == "sublayer":
        path.write_text(text)
    parts = read_file(path)
    assert parts.shapes == ()
    assert any("left out" in note for note in parts.notes)


@pytest.mark.parametrize("arc", ["reference", "payload", "sublayer", "variant"])
def test_layers_in_the_folder_are_read(outside, arc):
    folder, other = outside
    (folder / "parts").mkdir()
    shutil.copy(other / "secret.usda", folder / "parts" / "ball.usda")
    text = ARCS[arc].format("parts/ball.usda")
    path = written(folder, text)
    if arc == "sublayer":
        path.write_text(text)
    parts = read_file(path)
    assert [shape.radius for shape in parts.shapes] == [3.0]
    assert parts.notes == ()


def test_layers_of_layers_are_looked_at_too(outside):
    folder, _ = outside
    (folder / "inner.usda").write_text(
        '#usda 1.0\n(\n    defaultPrim = "A"\n)\n'
        + ARCS["reference"].format("../other/secret.usda")
    )
    parts = read_file(written(folder, ARCS["reference"].format("inner.usda")))
    assert parts.shapes == ()
    assert "'../other/secret.usda' is missing or lies outside" in parts.notes[0]


def test_pictures_outside_of_the_folder_are_not_read(outside):
    folder, other = outside
    for name in ("../other/map.png", str(other / "map.png")):
        parts = read_file(written(folder, PAINTED.replace("map.png", name)))
        assert not isinstance(parts.shapes[0].material.base_color, rw.ImageTexture)
        assert "missing or lies outside" in parts.notes[0]


def test_a_picture_is_found_by_its_name_in_the_folder(outside):
    folder, _ = outside
    map_png(folder)
    parts = read_file(written(folder, PAINTED.replace("map.png", "C:/textures/map.png")))
    assert isinstance(parts.shapes[0].material.base_color, rw.ImageTexture)


def package(path, text, **files):
    """A usdz with a stage and other files, stored at multiples of 64 bytes as it must be."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {"stage.usda": text.encode(), **files}.items():
            info = zipfile.ZipInfo(name)
            begin = archive.fp.tell() + 30 + len(name)
            pad = -(begin + 4) % 64
            info.extra = b"\x00\x00" + pad.to_bytes(2, "little") + bytes(pad)
            archive.writestr(info, content)
    return path


@pytest.mark.parametrize("kind", ["relative", "absolute"])
def test_packages_refer_to_nothing_outside_of_them(outside, kind):
    folder, other = outside
    name = "../other/secret.usda" if kind == "relative" else str(other / "secret.usda")
    path = package(folder / "a.usdz", "#usda 1.0\n" + ARCS["reference"].format(name))
    if kind == "absolute":
        with pytest.raises(SceneError, match="which is not in its package"):
            read_file(path)
    else:
        parts = read_file(path)
        assert parts.shapes == ()
        assert "is missing" in parts.notes[0]
    picture = PAINTED.replace("map.png", str(other / "map.png"))
    parts = read_file(package(folder / "b.usdz", "#usda 1.0\n" + picture))
    assert not isinstance(parts.shapes[0].material.base_color, rw.ImageTexture)


# --- The wire -------------------------------------------------------------------------------------


def test_arrays_go_over_the_wire_as_they_are():
    arrays = [np.arange(6, dtype=kind).reshape(2, 3) for kind in ("<f4", "<f8", "<i4", "<i8", "u1")]
    arrays.append(np.zeros((0, 3), np.float32))
    stream = io.BytesIO()
    wire.write(stream, {"a": arrays, "n": [1, "x", None, {"b": arrays[0]}]})
    stream.seek(0)
    found = wire.read(stream)
    for array, other in zip(arrays, found["a"], strict=True):
        assert array.dtype == other.dtype
        np.testing.assert_array_equal(array, other)
    assert found["n"][:3] == [1, "x", None]
    assert found["n"][3]["b"] is found["a"][0]


def test_what_is_cut_or_changed_on_the_wire_is_refused():
    stream = io.BytesIO()
    wire.write(stream, {"a": np.arange(4, dtype=np.int32)})
    whole = stream.getvalue()
    for size in range(len(whole)):
        with pytest.raises(ValueError):  # noqa: PT011 - any way to say so
            wire.read(io.BytesIO(whole[:size]))
    for old, new in ((b"<i4", b"|O8"), (b"[4]", b"[9]"), (b"[4]", b"[-4]")):
        changed = whole.replace(old, new) if len(old) == len(new) else None
        if changed is not None:
            with pytest.raises(ValueError):  # noqa: PT011
                wire.read(io.BytesIO(changed))
