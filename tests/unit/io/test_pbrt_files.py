"""Files of pbrt: what they say, and what is wrong with them."""

import contextlib
import gzip
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.io.pbrt import tokens
from raywidget.io.scene_files import read_scene

QUAD = '"point3 P" [-1 -1 0  1 -1 0  1 1 0  -1 1 0] "integer indices" [0 1 2 0 2 3]'
CAMERA = "LookAt 0 0 5  0 0 0  0 1 0\n"


def read(tmp_path, text, name="scene.pbrt"):
    path = tmp_path / name
    path.write_text(text)
    return read_scene(path)


def world(tmp_path, text):
    """What a world holds for a camera that does not have it mirrored."""
    parts = read(tmp_path, f'Scale -1 1 1\nCamera "perspective"\nWorldBegin\n{text}\n')
    assert parts.notes == ()
    return parts


def shape(tmp_path, text):
    (result,) = world(tmp_path, text).shapes
    return result


def triangle_normals(mesh):
    corners = mesh.vertices[mesh.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return normals * (-1.0 if mesh.flip_normals else 1.0)


# --- Words ----------------------------------------------------------------------------------------


def test_comments_strings_brackets_and_bare_values(tmp_path):
    text = """# "not a string
    Shape "sphere" # another
      "float radius" [ 2.5 # inside of brackets ]
      ]
    Shape   "sphere"\t"float radius" 3e0
    Texture "a \\"b\\"\\\\" "spectrum" "constant" "rgb value" [.1 .2 .3]
    Material "diffuse" "texture reflectance" ["a \\"b\\"\\\\"]
    Shape "disk" "float alpha" 1 """
    first, second, third = world(tmp_path, text).shapes
    assert (first.radius, second.radius) == (2.5, 3.0)
    assert third.material.color == pytest.approx((0.1, 0.2, 0.3))


def test_files_may_be_packed(tmp_path):
    path = tmp_path / "ball.pbrt.gz"
    path.write_bytes(gzip.compress(b'WorldBegin Shape "sphere"') + gzip.compress(b"\n# end"))
    assert len(rw.load_scene(path).shapes) == 1
    path.write_bytes(gzip.compress(b'WorldBegin Shape "sphere"' * 9)[:-20])
    with pytest.raises(SceneError, match=r"ball\.pbrt\.gz"):
        read_scene(path)


def test_files_are_included_from_their_folder_only(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "red.pbrt").write_text(
        'Material "diffuse" "rgb reflectance" [1 0 0]\nTranslate 1 0 0\nInclude "ball.pbrt"'
    )
    (tmp_path / "parts" / "ball.pbrt").write_text('Shape "sphere"')
    once, again = world(tmp_path, 'Include "parts/red.pbrt"\nShape "sphere"').shapes
    assert once.center == again.center == (1, 0, 0)
    imported, after = world(tmp_path, 'Import "parts/red.pbrt"\nShape "sphere"').shapes
    assert (imported.center, after.center) == ((1, 0, 0), (0, 0, 0))
    assert imported.material.color == (1, 0, 0)
    assert after.material.color == (0.5, 0.5, 0.5)
    outside = tmp_path.parent / "outside.pbrt"
    outside.write_text('Shape "sphere"')
    with pytest.raises(SceneError, match="line 4: there is no file"):
        world(tmp_path, 'Include "../outside.pbrt"')


def test_files_that_include_each_other_end(tmp_path, monkeypatch):
    (tmp_path / "a.pbrt").write_text('Include "b.pbrt"')
    (tmp_path / "b.pbrt").write_text('Include "a.pbrt"')
    with pytest.raises(SceneError, match=r"b\.pbrt, line 1: includes itself"):
        world(tmp_path, 'Include "a.pbrt"')
    # Each file includes the next a hundred times; a bound that is reached soon is as good.
    monkeypatch.setattr(tokens, "MAX_AGAIN", 1 << 19)
    for level in range(8):
        (tmp_path / f"{level}.pbrt").write_text(f'Include "{level + 1}.pbrt"\n' * 100)
    (tmp_path / "8.pbrt").write_text("Identity\n" * 10_000)
    with pytest.raises(SceneError, match="too large, read"):
        world(tmp_path, 'Include "0.pbrt"')


# --- Space ----------------------------------------------------------------------------------------


def test_transforms_follow_each_other(tmp_path):
    text = """Translate 1 0 0 Scale 2 2 2 Rotate 90 0 1 0 Translate 0 0 1 Shape "sphere"
    CoordinateSystem "there" Identity Shape "sphere" CoordSysTransform "there"
    Transform [1 0 0 0  0 1 0 0  0 0 1 0  7 8 9 1] ConcatTransform [2 0 0 0  0 2 0 0  0 0 2 0
    1 0 0 1] Shape "sphere" """
    first, second, third = world(tmp_path, text).shapes
    np.testing.assert_allclose(first.center, (3, 0, 0), atol=1e-12)
    assert first.radius == pytest.approx(2.0)
    assert second.center == (0, 0, 0)
    np.testing.assert_allclose(third.center, (8, 8, 9))
    assert third.radius == pytest.approx(2.0)


def test_attributes_end_with_their_block(tmp_path):
    text = """Material "diffuse" "rgb reflectance" [1 0 0]
    AttributeBegin Translate 1 2 3 ReverseOrientation Material "diffuse" Shape "sphere" AttributeEnd
    TransformBegin Translate 5 0 0 Material "diffuse" "rgb reflectance" [0 1 0] TransformEnd
    Attribute "shape" "float radius" 4
    Shape "sphere" """
    inside, after = world(tmp_path, text).shapes
    assert inside.flip_normals
    assert inside.radius == 1.0
    assert not after.flip_normals
    assert (after.center, after.radius) == ((0, 0, 0), 4.0)
    assert after.material.color == (0, 1, 0)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_picture_is_not_mirrored(tmp_path, mirrored):
    """What is to the right in pbrt's picture is to the right here, and faces the same way."""
    scale = "Scale -1 1 1\n" if mirrored else ""
    text = f"""{scale}{CAMERA}Camera "perspective"
    WorldBegin
    Translate 2 1 0
    Shape "trianglemesh" "point3 P" [0 0 0  1 0 0  1 1 0] "point2 uv" [0 0 1 0 1 1]
    AreaLightSource "diffuse" Shape "disk" """
    parts = read(tmp_path, text)
    camera = parts.cameras[0]
    mesh, disk = parts.shapes
    # pbrt's camera has x to its right; it stands in front, at z = 5, and looks along -z: without
    # the mirror, its right is -x in pbrt's world.
    right = float(np.dot(np.subtract(disk.center, camera.look_from), camera.frame().right))
    assert right == pytest.approx(2.0 if mirrored else -2.0)
    np.testing.assert_allclose(camera.frame().up, (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(camera.look_from[1:], (0, 5), atol=1e-12)
    assert triangle_normals(mesh)[0, 2] > 0  # of counter-clockwise corners before the mirror
    np.testing.assert_allclose(disk.normal, (0, 0, 1), atol=1e-12)


def test_a_camera_looks_along_its_z_axis(tmp_path):
    parts = read(tmp_path, 'LookAt 1 2 3  4 2 3  0 0 1\nCamera "perspective"\nWorldBegin')
    camera = parts.cameras[0]
    np.testing.assert_allclose(camera.look_from, (-1, 2, 3))  # mirrored
    np.testing.assert_allclose(camera.frame().forward, (-1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(camera.frame().up, (0, 0, 1), atol=1e-12)


@pytest.mark.parametrize("mirrored", ["", "Scale 1 1 -1 "])
@pytest.mark.parametrize("turned", ["", "ReverseOrientation "])
def test_fronts_follow_normals_and_survive_mirrors(tmp_path, mirrored, turned):
    sign = (-1 if turned else 1) * (-1 if mirrored else 1)
    begin = f"{turned}{mirrored}"
    flat = shape(tmp_path, f'{begin}Shape "trianglemesh" {QUAD}')
    assert (np.sign(triangle_normals(flat)[:, 2]) == sign).all()
    # Normals decide, however the corners are wound.
    text = f'{begin}Shape "trianglemesh" {QUAD} "normal N" [0 0 -1 0 0 -1 0 0 -1 0 0 -1]'
    smooth = shape(tmp_path, text)
    assert (np.sign(triangle_normals(smooth)[:, 2]) == -sign).all()
    patch = shape(tmp_path, f'{begin}Shape "bilinearmesh" "point3 P" [0 0 0 1 0 0 0 1 0 1 1 0]')
    assert (np.sign(triangle_normals(patch)[:, 2]) == sign).all()
    disk = shape(tmp_path, f'{begin}Shape "disk"')
    assert np.sign(disk.normal[2] * (-1 if disk.flip_normals else 1)) == sign


# --- Camera and settings --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("width", "height", "more", "expected"),
    [
        (200, 100, "", 90.0),
        (100, 200, "", 2 * math.degrees(math.atan(2.0))),
        (200, 100, '"float screenwindow" [-1 1 -.5 .5]', 2 * math.degrees(math.atan(0.5))),
    ],
)
def test_the_field_of_view_is_that_of_the_shorter_side(tmp_path, width, height, more, expected):
    text = f"""Film "rgb" "integer xresolution" {width} "integer yresolution" [{height}]
    Sampler "zsobol" "integer pixelsamples" 7
    PixelFilter "box"
    Integrator "volpath" "integer maxdepth" 9
    {CAMERA}Camera "perspective" "float fov" 90 "float lensradius" .1 "float focaldistance" 4 {more}
    WorldBegin"""
    parts = read(tmp_path, text)
    (camera,) = parts.cameras
    assert camera.vertical_fov(width / height) == pytest.approx(expected)
    assert (camera.aperture_radius, camera.focus_distance) == (0.1, 4.0)
    assert parts.notes == ()
    assert parts.defaults == {
        "width": width, "height": height, "spp": 7, "filter": "box", "max_depth": 10,
    }  # fmt: skip


def test_a_screen_beside_the_axis_is_a_shifted_lens(tmp_path):
    text = f"""Film "rgb" "integer xresolution" 200 "integer yresolution" 100
    {CAMERA}Camera "perspective" "float fov" 90 "float screenwindow" [-1 3 -.5 1.5]\nWorldBegin"""
    parts = read(tmp_path, text)
    (camera,) = parts.cameras
    assert camera.shift == pytest.approx((0.25, 0.25))
    assert camera.pixel_aspect == 1.0
    assert camera.vfov == pytest.approx(90)
    assert parts.notes == ()
    (camera,) = read(tmp_path, text.replace("-1 3", "-1 1")).cameras
    assert camera.shift == pytest.approx((0, 0.25))
    assert camera.pixel_aspect == pytest.approx(0.5)


def test_cameras_without_a_vanishing_point(tmp_path):
    text = f"""Film "rgb" "integer xresolution" 200 "integer yresolution" 100
    Scale .5 .5 .5 {CAMERA}Camera "orthographic" "float screenwindow" [-2 2 -1 1]\nWorldBegin"""
    (camera,) = read(tmp_path, text).cameras
    assert camera.height == pytest.approx(4.0)  # the camera's space is half as large
    text = f'{CAMERA}Camera "spherical" "string mapping" "equirectangular"\nWorldBegin'
    parts = read(tmp_path, text)
    assert isinstance(parts.cameras[0], rw.PanoramicCamera)
    # From the left edge on the camera sees its right, what is before it, and its left.
    np.testing.assert_allclose(parts.cameras[0].frame().forward, (1, 0, 0), atol=1e-12)
    np.testing.assert_allclose(parts.cameras[0].frame().right, (0, 0, 1), atol=1e-12)


def test_pictures_are_as_bright_as_the_film_makes_them(tmp_path):
    text = f"""Film "rgb" "float iso" 400 {CAMERA}Camera "perspective" "float shutterclose" .5
    WorldBegin LightSource "point" AreaLightSource "diffuse" "rgb L" [1 2 3] Shape "sphere" """
    parts = read(tmp_path, text)
    assert parts.emitters[0].intensity == (2, 2, 2)
    np.testing.assert_allclose(parts.shapes[0].emission, (2, 4, 6))


def test_media_that_scatter_ask_for_volpath(tmp_path):
    text = """MakeNamedMedium "fog" "string type" "homogeneous" "rgb sigma_s" [.1 .2 .3]
    "rgb sigma_a" [0 0 0] "float scale" 2 "float g" .5
    MediumInterface "" "fog" Camera "perspective" WorldBegin
    MakeNamedMedium "milk" "string type" "homogeneous" "string preset" "Wholemilk"
    MediumInterface "milk" "fog" Material "interface" Shape "sphere"
    Material "dielectric" "float eta" 1.33 Shape "sphere"
    MediumInterface "" "fog" Material "interface" Shape "sphere" """
    parts = read(tmp_path, text)
    assert parts.defaults["integrator"] == "volpath"
    np.testing.assert_allclose(parts.medium.scattering, (0.2, 0.4, 0.6))
    assert parts.medium.anisotropy == 0.5
    veil, glass = parts.shapes  # an interface between the same is nothing
    assert isinstance(veil.material, rw.Interface)
    assert veil.material.interior.scattering == (2.55, 3.21, 3.77)
    assert glass.material.interior is veil.material.interior


# --- Shapes ---------------------------------------------------------------------------------------


def test_copies_stay_copies_of_meshes(tmp_path):
    text = f"""Translate 0 0 3 ObjectBegin "group" Scale 2 2 2 Shape "trianglemesh" {QUAD}
    AreaLightSource "diffuse" Shape "trianglemesh" {QUAD} ObjectEnd
    ObjectInstance "group" Translate 5 0 0 ObjectInstance "group" """
    parts = read(tmp_path, f'Scale -1 1 1 Camera "perspective" WorldBegin {text}')
    assert [note.split(": ")[1] for note in parts.notes] == [
        "lamps in objects are dark, as in pbrt"
    ]
    copies, dark = parts.shapes
    assert isinstance(copies, rw.Instances)
    assert copies.transforms.shape == (2, 4, 4)
    assert dark.radiance is None
    lo, hi = copies.bounds()
    # As in pbrt, the transform before ObjectBegin counts, too.
    np.testing.assert_allclose((lo, hi), [(-2, -2, 6), (7, 2, 6)])


def test_round_shapes_stay_round(tmp_path):
    text = """Translate 0 1 0 Scale 2 2 2 Shape "sphere" "float radius" 3
    Shape "cylinder" "float radius" 1 "float zmin" -1 "float zmax" 2
    Shape "disk" "float height" .5 "float radius" 3"""
    ball, tube, disk = world(tmp_path, text).shapes
    assert (ball.center, ball.radius) == ((0, 1, 0), pytest.approx(6.0))
    np.testing.assert_allclose((tube.base, tube.top), [(0, 1, -2), (0, 1, 4)])
    assert tube.radius == pytest.approx(2.0)
    np.testing.assert_allclose((*disk.center, disk.radius), (0, 1, 1, 6))


def area(mesh):
    return 0.5 * np.linalg.norm(triangle_normals(mesh), axis=1).sum()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"sphere" "float zmax" 0', 2 * math.pi),
        ('"sphere" "float phimax" 90', math.pi),
        ('"cylinder" "float phimax" 180', 2 * math.pi),
        ('"disk" "float innerradius" .5', 0.75 * math.pi),
        ('"disk" "float phimax" 90', 0.25 * math.pi),
    ],
)
def test_parts_of_round_shapes_are_meshes(tmp_path, text, expected):
    parts = read(tmp_path, f'Scale -1 1 1 Camera "perspective" WorldBegin Shape {text}')
    (mesh,) = parts.shapes
    assert area(mesh) == pytest.approx(expected, rel=2e-3)
    (note,) = parts.notes
    assert "made of triangles" in note
    faces = mesh.vertices[mesh.faces].mean(axis=1)
    outwards = (0, 0, 1) if "disk" in text else faces * ((1, 1, 0) if "cyl" in text else (1, 1, 1))
    assert ((triangle_normals(mesh) * outwards).sum(axis=1) > 0).all()


def test_subdivision_rounds_an_octahedron(tmp_path):
    text = """Shape "loopsubdiv" "integer levels" 4 "point3 P" [1 0 0 -1 0 0 0 1 0 0 -1 0 0 0 1
    0 0 -1] "integer indices" [0 2 4  2 1 4  1 3 4  3 0 4  2 0 5  1 2 5  3 1 5  0 3 5]"""
    mesh = shape(tmp_path, text)
    assert len(mesh.faces) == 8 * 4**4
    radii = np.linalg.norm(mesh.vertices, axis=1)
    assert radii.min() > 0.8 * radii.max()  # at first, 0.58 in the middles of its faces
    assert (triangle_normals(mesh) * mesh.vertices[mesh.faces].mean(axis=1)).sum(axis=1).min() > 0
    np.testing.assert_allclose(mesh.vertices.mean(axis=0), 0, atol=1e-6)


def test_subdivision_of_a_flat_sheet_keeps_it_and_rounds_its_rim(tmp_path):
    mesh = shape(tmp_path, f'Shape "loopsubdiv" "integer levels" 3 {QUAD}')
    assert (mesh.vertices[:, 2] == 0).all()
    # The rim is the cubic B-spline of a square from -1 to 1, whose corners are cut: it passes
    # through (2/3, 2/3), and (0, 11/12).
    assert np.abs(mesh.vertices[:, :2]).max() == pytest.approx(11 / 12, abs=1e-6)
    assert np.abs(mesh.vertices - (2 / 3, 2 / 3, 0)).max(axis=1).min() < 1e-6


def test_curves_are_chains_of_tubes(tmp_path):
    text = """Scale 2 2 2 Shape "curve" "point3 P" [0 0 0  1 0 0  2 0 0  3 0 0] "float width0" .2
    "float width1" .1 Shape "curve" "string basis" "bspline" "point3 P" [0 1 0 0 2 0 0 3 0 0 4 0
    0 5 0]"""
    parts = read(tmp_path, f'Scale -1 1 1 Camera "perspective" WorldBegin {text}')
    (tubes,) = parts.shapes
    assert parts.notes == ("scene.pbrt, line 1: curves are chains of tubes",)
    assert len(tubes.radii) == 5 + 2 * 5
    np.testing.assert_allclose(tubes.starts[0], (0, 0, 0), atol=1e-6)
    np.testing.assert_allclose(tubes.ends[4], (6, 0, 0), atol=1e-6)
    np.testing.assert_allclose((tubes.starts[5], tubes.ends[-1]), [(0, 4, 0), (0, 8, 0)], atol=1e-6)
    np.testing.assert_allclose(tubes.radii[:5], 0.2 - 0.1 * (np.arange(5) + 0.5) / 5)


def test_ply_files_may_be_packed(tmp_path):
    text = "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y\nproperty "
    text += "float z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
    text += "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    (tmp_path / "a.ply").write_text(text)
    (tmp_path / "a.ply.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("a.ply", "a.ply.gz"):
        mesh = shape(tmp_path, f'Translate 0 0 4 Shape "plymesh" "string filename" "{name}"')
        np.testing.assert_allclose(mesh.vertices, [(0, 0, 4), (1, 0, 4), (0, 1, 4)])


# --- Materials ------------------------------------------------------------------------------------


def material(tmp_path, text):
    return shape(tmp_path, f'{text} Shape "sphere"').material


def test_roughness_is_squared_or_its_square_root_is_taken(tmp_path):
    metal = material(tmp_path, 'Material "conductor" "float roughness" .25')
    assert metal.roughness**2 == pytest.approx(0.5)  # alpha is the root
    assert metal.eta == rw.Conductor("copper").eta
    told = '"float roughness" .25 "bool remaproughness" false "spectrum eta" "metal-Au-eta" '
    gold = material(tmp_path, f'Material "conductor" {told} "spectrum k" "metal-Au-k"')
    assert gold.roughness**2 == pytest.approx(0.25)
    assert (gold.eta, gold.k) == (rw.Conductor("gold").eta, rw.Conductor("gold").k)


def test_a_conductor_reflects_as_much_as_it_is_told(tmp_path):
    metal = material(tmp_path, 'Material "conductor" "rgb reflectance" [.2 .5 .9]')
    eta, k = np.array(metal.eta), np.array(metal.k)
    straight_on = ((eta - 1) ** 2 + k**2) / ((eta + 1) ** 2 + k**2)
    np.testing.assert_allclose(straight_on, (0.2, 0.5, 0.9), rtol=1e-6)


def test_glass_that_is_thinner_inside_is_turned(tmp_path):
    bubble = shape(tmp_path, 'Material "dielectric" "float eta" .75 Shape "sphere"')
    assert bubble.material.ior == pytest.approx(4 / 3)
    assert bubble.flip_normals
    pane = material(tmp_path, 'Material "thindielectric" "float eta" 1.4')
    assert (pane.ior, pane.thin) == (1.4, True)


def test_materials_by_name_and_mixtures(tmp_path):
    text = """NamedMaterial "both"
    MakeNamedMaterial "a" "string type" "diffuse" "rgb reflectance" [1 0 0]
    MakeNamedMaterial "b" "string type" "dielectric"
    MakeNamedMaterial "both" "string type" "mix" "string materials" ["a" "b"] "float amount" .3"""
    mixed = material(tmp_path, text)
    assert mixed.a.color == (1, 0, 0)
    assert isinstance(mixed.b, rw.Dielectric)
    assert mixed.amount == 0.3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('"coateddiffuse"', rw.Coated),
        ('"coateddiffuse" "float roughness" .1', rw.Principled),
        ('"coatedconductor"', rw.Coated),
        ('"diffusetransmission"', rw.Mix),
        ('"subsurface" "string name" "Skin1"', rw.Coated),
        ('"hair" "float eumelanin" 1.3', rw.Principled),
        ('"measured" "string filename" "a.bsdf"', rw.Diffuse),
    ],
)
def test_what_is_only_near_is_told(tmp_path, text, kind):
    parts = read(tmp_path, f'WorldBegin\nMaterial {text}\nShape "sphere"')
    assert isinstance(parts.shapes[0].material, kind)
    (note,) = parts.notes
    assert note.startswith("scene.pbrt, line 2: ")


def test_what_lets_light_pass_keeps_its_share(tmp_path):
    text = """WorldBegin Material "diffusetransmission" "rgb reflectance" [.2 .1 .3]
    "rgb transmittance" [.4 .6 .2] Shape "sphere" """
    leaf = read(tmp_path, text).shapes[0].material
    np.testing.assert_allclose((1 - leaf.amount) * np.array(leaf.a.color), (0.2, 0.1, 0.3))
    np.testing.assert_allclose(leaf.amount * np.array(leaf.b.base_color), (0.4, 0.6, 0.2))


def test_alpha_is_opacity(tmp_path):
    text = """Texture "holes" "float" "checkerboard" "float tex1" 0 "float uscale" 4
    Shape "disk" "float alpha" .25
    Shape "trianglemesh" "texture alpha" "holes" """
    veil, leaf = world(tmp_path, text + QUAD).shapes
    assert veil.material.opacity == 0.25
    assert isinstance(leaf.material.opacity, rw.Checkerboard)
    assert leaf.material.opacity.color_a == (0, 0, 0)
    # Triangles without coordinates have pbrt's.
    np.testing.assert_allclose(leaf.uvs[:3], [(0, 0), (1, 0), (1, 1)])


# --- Textures and spectra -------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path):
    pixels = np.arange(12, dtype=np.float32).reshape(2, 2, 3) / 12.0
    np.save(tmp_path / "p.npy", pixels)
    return pixels


def color(tmp_path, textures):
    text = f'{textures} Material "diffuse" "texture reflectance" "t" Shape "trianglemesh" {QUAD}'
    return world(tmp_path, text).shapes[0].material.color


def test_pictures_lie_as_in_pbrt(tmp_path, picture):
    text = '"string filename" "p.npy" "string wrap" "clamp" "float uscale" 2 "float udelta" .5'
    found = color(tmp_path, f'Texture "t" "spectrum" "imagemap" {text} "string filter" "point"')
    assert (found.wrap, found.filter) == ("clamp", "nearest")
    assert (found.scale, found.offset) == ((2.0, 1.0), (0.5, 0.0))
    np.testing.assert_allclose(found.evaluate([(-0.2, 0.9), (0.2, 0.1)]), picture[(0, 1), (0, 1)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"imagemap" "string filename" "p.npy" "float scale" .5', lambda p: p / 2),
        ('"imagemap" "string filename" "p.npy" "float scale" 2', lambda p: np.minimum(2 * p, 1)),
        ('"imagemap" "string filename" "p.npy" "bool invert" true', lambda p: 1 - p),
        ('"scale" "texture tex" "p" "float scale" .25', lambda p: p / 4),
        ('"scale" "texture tex" "p" "texture scale" "f"', lambda p: p * p.mean(-1, keepdims=True)),
        ('"mix" "texture tex1" "p" "rgb tex2" [1 1 1] "float amount" .25',
         lambda p: 0.75 * p + 0.25),
    ],
)  # fmt: skip
def test_textures_of_textures(tmp_path, picture, text, expected):
    leaf = '"imagemap" "string filename" "p.npy" "string filter" "point"'
    found = color(
        tmp_path,
        f'Texture "p" "spectrum" {leaf}\nTexture "f" "float" {leaf}\nTexture "t" "spectrum" {text}',
    )
    at = [[(0.25, 0.75), (0.75, 0.75)], [(0.25, 0.25), (0.75, 0.25)]]
    np.testing.assert_allclose(found.evaluate(at), expected(picture), atol=1e-6)


def test_pictures_that_are_missing_are_told(tmp_path):
    text = """WorldBegin
    LightSource "infinite" "string filename" "sky.exr"
    Texture "t" "spectrum" "imagemap" "string filename" "../wood.png"
    Material "diffuse" "texture reflectance" "t" "string normalmap" "/etc/bumps.png"
    Shape "sphere" """
    parts = read(tmp_path, text)
    assert parts.emitters[0].radiance == (1, 1, 1)
    assert parts.shapes[0].material.color == (0.5, 0.5, 0.5)
    assert [("sky" in n, "wood" in n, "bumps" in n) for n in parts.notes] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_gradients_and_boards(tmp_path):
    corners = '"rgb v00" [0 0 0] "rgb v10" [1 0 0] "rgb v01" [0 1 0] "rgb v11" [1 1 1]'
    found = color(tmp_path, f'Texture "t" "spectrum" "bilerp" {corners}')
    u, v = np.meshgrid([0.0, 0.3, 1.0], [0.0, 0.6, 1.0])
    np.testing.assert_allclose(
        found.evaluate(np.stack([u, v], -1)), np.stack([u, v, u * v], -1), atol=1e-6
    )
    board = color(tmp_path, 'Texture "t" "spectrum" "checkerboard" "float uscale" 2')
    np.testing.assert_allclose(
        board.evaluate([(0.1, 0.1), (0.6, 0.1), (0.6, 1.1)])[:, 0], (1, 0, 1)
    )


def test_alpha_of_a_picture_is_what_numbers_are(tmp_path):
    pixels = np.zeros((1, 1, 4), np.float32)
    pixels[..., 3] = 0.25
    np.save(tmp_path / "p.npy", pixels)
    text = f"""Texture "t" "float" "imagemap" "string filename" "p.npy"
    Shape "trianglemesh" "texture alpha" "t" {QUAD}"""
    assert shape(tmp_path, text).material.opacity.evaluate((0.5, 0.5))[0] == pytest.approx(0.25)


def light(tmp_path, text):
    return world(tmp_path, f'LightSource "point" {text}').emitters[0].intensity


def test_light_of_rgb_is_as_it_stands_and_spectra_have_luminance_1(tmp_path):
    assert light(tmp_path, '"rgb I" [1 2 3]') == (1, 2, 3)
    np.testing.assert_allclose(light(tmp_path, '"spectrum I" "stdillum-D65"'), 1.0, atol=2e-3)
    np.testing.assert_allclose(light(tmp_path, '"blackbody I" 6500'), (1.0, 1.0, 1.0), atol=0.05)
    luminance = (0.2126, 0.7152, 0.0722)
    for text in ('"blackbody I" 2700', '"spectrum I" [400 1 700 1]', '"spectrum I" "stdillum-F11"'):
        assert np.dot(light(tmp_path, text), luminance) == pytest.approx(1.0, abs=0.01)
    warm = light(tmp_path, '"blackbody I" 2700 "float scale" 3')
    assert warm[0] > warm[1] > warm[2]
    assert np.dot(warm, luminance) == pytest.approx(3.0, abs=0.02)


def test_reflectances_are_seen_under_daylight(tmp_path):
    def seen(values):
        text = f'Material "diffuse" "spectrum reflectance" {values}'
        return np.array(material(tmp_path, text).color)

    np.testing.assert_allclose(seen("[300 .4 800 .4]"), 0.4, atol=1e-9)
    red = seen("[300 0 590 0 610 1 800 1]")
    assert red[0] > 0.8
    assert red[1:].max() < 0.15
    (tmp_path / "grey.spd").write_text("# nm value\n300 0.25\n900 0.25\n")
    np.testing.assert_allclose(seen('"grey.spd"'), 0.25, atol=1e-9)


def test_colours_of_other_spaces_are_converted(tmp_path):
    text = 'ColorSpace "rec2020" Material "diffuse" "rgb reflectance" '
    np.testing.assert_allclose(material(tmp_path, text + "[.5 .5 .5]").color, 0.5, atol=1e-6)
    assert material(tmp_path, text + "[.2 .5 .2]").color[1] > 0.5


# --- Lights ---------------------------------------------------------------------------------------


def test_power_is_what_leaves_in_all_directions(tmp_path):
    text = """LightSource "point" "float power" 10 "point3 from" [1 2 3]
    LightSource "spot" "float power" 10 "float coneangle" 40 "float conedeltaangle" 10
    LightSource "distant" "point3 to" [0 -1 0] "float illuminance" 5 "rgb L" [1 1 2]
    AreaLightSource "diffuse" "float power" 10 Shape "sphere" "float radius" 2"""
    parts = world(tmp_path, text)
    point, spot, sun = parts.emitters
    assert point.position == (1, 2, 3)
    assert point.intensity[0] == pytest.approx(10 / (4 * math.pi))
    assert (spot.cone_angle, spot.beam_angle, spot.falloff) == (40, 30, "smooth")
    # Integrate the falloff over the sphere of directions.
    cosine = np.linspace(math.cos(math.radians(40)), 1, 100_001)
    inner, outer = math.cos(math.radians(30)), math.cos(math.radians(40))
    t = np.clip((cosine - outer) / (inner - outer), 0, 1)
    flux = 2 * math.pi * np.trapezoid(t * t * (3 - 2 * t), cosine) * spot.intensity[0]
    assert flux == pytest.approx(10, rel=1e-3)
    assert (sun.axis, sun.irradiance) == ((0, -1, 0), (5, 5, 10))
    assert parts.shapes[0].emission[0] == pytest.approx(10 / (math.pi * 16 * math.pi))


def test_each_triangle_of_a_lamp_has_the_power(tmp_path):
    lamp = shape(tmp_path, f'AreaLightSource "diffuse" "float power" 3 Shape "trianglemesh" {QUAD}')
    assert lamp.emission[0] == pytest.approx(3 / (math.pi * 2))  # each has half of the area of 4


def test_a_lamp_may_shine_to_both_sides(tmp_path):
    text = """AreaLightSource "diffuse" "bool twosided" true "rgb L" [1 2 3]
    Shape "disk" Shape "sphere" Shape "trianglemesh" """
    parts = world(tmp_path, text + QUAD)
    assert len(parts.shapes) == 6
    for front, back in zip(parts.shapes[::2], parts.shapes[1::2], strict=True):
        assert (front.flip_normals, back.flip_normals) == (False, True)
        assert front.emission == back.emission == (1, 2, 3)
    assert parts.shapes[1].center[2] < 0 < parts.shapes[0].center[2] + 1e-9
    assert (parts.shapes[5].vertices[:, 2] < 0).all()


def test_lights_all_round_add_up(tmp_path):
    text = (
        'LightSource "infinite" "rgb L" [1 2 3]\n'
        'LightSource "infinite" "float illuminance" 6.2831853'
    )
    (sky,) = world(tmp_path, text).emitters
    np.testing.assert_allclose(sky.radiance, (3, 4, 5), rtol=1e-4)


def test_a_portal_stands_in_the_world(tmp_path):
    corners = "[-1 0 2  1 0 2  1 3 2  -1 3 2]"
    text = (
        f'Shape "bilinearmesh" "point3 P" {corners}\n'
        f'Translate 9 9 9 LightSource "infinite" "point3 portal" {corners}'
    )
    parts = read(tmp_path, f'Camera "perspective"\nWorldBegin\n{text}\n')
    assert any("a portal says where to look" in note for note in parts.notes)
    window, sky = parts.emitters
    assert isinstance(window, rw.Portal)
    assert isinstance(sky, rw.ConstantEnvironment)
    low, high = parts.shapes[0].bounds()
    np.testing.assert_allclose(window.corners().min(axis=0), low, atol=1e-6)
    np.testing.assert_allclose(window.corners().max(axis=0), high, atol=1e-6)


@pytest.mark.parametrize("corners", ["[0 0 0 1 0 0 1 1 0]", "[0 0 0 1 0 0 1 1 0 0 1]"])
def test_what_is_no_portal(tmp_path, corners):
    with pytest.raises(rw.SceneError, match="portal"):
        world(tmp_path, f'LightSource "infinite" "point3 portal" {corners}')


@pytest.mark.parametrize("turn", ["", "Rotate 90 0 0 1 ", "Scale -1 1 1 Rotate -90 1 0 0 "])
def test_a_picture_of_all_directions_keeps_its_directions(tmp_path, turn):
    from raywidget.io.pbrt.octahedral import sphere_from_square

    size = 64
    at = (np.arange(size) + 0.5) / size
    directions = sphere_from_square(np.stack(np.meshgrid(at, at), axis=-1))
    np.save(tmp_path / "sky.npy", (directions + 1.0).astype(np.float32))
    text = f'{turn}LightSource "infinite" "string filename" "sky.npy" "float scale" 2'
    (sky,) = world(tmp_path, text).emitters
    height = len(sky.image)
    row, column = np.mgrid[5:height:13, 3 : 2 * height : 17]
    latitude, longitude = (row + 0.5) / height * np.pi, (column + 0.5) / height * np.pi
    there = np.stack(
        [np.sin(latitude) * np.sin(longitude), np.cos(latitude),
         -np.sin(latitude) * np.cos(longitude)], axis=-1,
    )  # fmt: skip
    matrix = {
        "": np.eye(3),
        "Rotate 90 0 0 1 ": np.array([(0, -1, 0), (1, 0, 0), (0, 0, 1)]),
        "Scale -1 1 1 Rotate -90 1 0 0 ": np.array([(-1, 0, 0), (0, 0, 1), (0, -1, 0)]),
    }[turn]
    local = there @ matrix  # by the transpose, its inverse
    np.testing.assert_allclose(sky.image[row, column], 2 * (local + 1), atol=0.15)


def test_the_map_of_all_directions_is_undone_by_its_inverse():
    from raywidget.io.pbrt.octahedral import sphere_from_square, square_from_sphere

    generator = np.random.default_rng(1)
    directions = generator.normal(size=(10_000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    places = square_from_sphere(directions)
    np.testing.assert_allclose(sphere_from_square(places), directions, atol=1e-7)
    # It keeps areas: as many directions in each part of the square, within noise.
    counts, *_ = np.histogram2d(*places.T, bins=8, range=[(0, 1), (0, 1)])
    chi_square = ((counts - 156.25) ** 2 / 156.25).sum()
    assert chi_square < 120  # 63 degrees of freedom: once in 10^5


# --- Notes, errors, damage ------------------------------------------------------------------------


def test_what_is_not_known_is_told_once_with_its_place(tmp_path):
    text = """Film "rgb" "float maxcomponentvalue" 100 "string sensor" "canon_eos_100d"
    Camera "fisheye"
    WorldBegin
    Shape "teapot" "float size" 3
    Shape "teapot"
    Shape "sphere" "float odd" 3
    Gadget "a" "float b" [1 2] 4 ]
    Material "velvet" Shape "sphere"
    LightSource "laser"
    MakeNamedMedium "cloud" "string type" "cloud" MediumInterface "cloud" "" Material "interface"
    Shape "sphere"
    Material "diffuse"
    Texture "marble" "spectrum" "marble" Material "diffuse" "texture reflectance" "marble"
    Shape "sphere"
    Option "bool disablepixeljitter" true"""
    parts = read(tmp_path, text)
    told = ["'maxcomponentvalue' of film 'rgb'", "sensor 'canon_eos_100d'", "camera 'fisheye'",
            "shape 'teapot'", "'odd' of shape 'sphere'", "directive 'Gadget'",
            "material 'velvet'", "light 'laser'", "medium 'cloud'", "round a medium",
            "texture 'marble'", "option 'disablepixeljitter'"]  # fmt: skip
    for words in told:
        (note,) = [n for n in parts.notes if words in n]
        assert note.startswith("scene.pbrt, line ")
    assert len(parts.notes) == len(told)
    assert "(2 times)" in next(n for n in parts.notes if "teapot" in n)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Shape "sphere" "float radius" "big"', "line 2.*radius.*numbers"),
        ('Shape "sphere" "float radius" 1e999', "line 2.*radius.*finite"),
        ('Shape "sphere" "float radius" -1', "line 2.*radius.*> 0"),
        ('Shape "sphere" "string radius" "1"', "line 2.*radius.*of type"),
        ('Shape "sphere" "float radius', "line 2.*end by"),
        ('Shape "sphere" "radius" 1', "line 2.*type"),
        ('Shape "sphere" "float radius" [1', "line 2.*end by ]"),
        ('Shape "sphere" "float radius" [1 2]', "line 2.*radius"),
        ("Shape sphere", "line 2.*in quotes"),
        ('Shape "plymesh" "string filename" "../x.ply"', "line 2.*no file"),
        ('Shape "trianglemesh" "point3 P" [0 0 0 1 0 0] "integer indices" [0 1 2]', "indices"),
        ('Shape "trianglemesh" "point3 P" [0 0 0 1]', "rows of 3"),
        ('Shape "loopsubdiv" "integer levels" 40 "point3 P" [0 0 0 1 0 0 0 1 0]', "levels"),
        ('Material "diffuse" "texture reflectance" "t" Shape "sphere"', "no spectrum texture 't'"),
        ('NamedMaterial "m" Shape "sphere"', "no material 'm'"),
        ('MakeNamedMaterial "m" "string type" "mix" "string materials" ["m" "m"]\n'
         'NamedMaterial "m" Shape "sphere"', "made of itself"),
        ('Texture "t" "spectrum" "scale" "texture tex" "t"\nMaterial "diffuse" '
         '"texture reflectance" "t" Shape "sphere"', "made of itself"),
        ('Material "diffuse" "spectrum reflectance" "no.spd" Shape "sphere"', "no.spd"),
        ('ObjectInstance "o"', "line 2.*'o'"),
        ("AttributeEnd", "line 2.*nothing is open"),
        ("AttributeBegin TransformEnd", "line 2.*AttributeBegin is open"),
        ("AttributeBegin " * 2000, "deep"),
        ("Translate 1 2", "must be a number"),
        ("Translate 1 2 nan", "finite"),
        ("Rotate 1 0 0 0", "axis"),
        ("LookAt 0 0 0 0 1 0 0 1 0", "line 2.*LookAt"),
        ('Scale 0 1 1 Shape "sphere"', "flatten"),
        ("Scale 1e200 1 1 Scale 1e200 1 1", "finite"),
        ("42", "line 2: must be a directive"),
        ('"Shape"', "line 2: must be a directive"),
        (" ".join(f"Word{n}" for n in range(99)), "no pbrt scene"),
        ("x" * 20_000, "letters"),
    ],
)  # fmt: skip
def test_errors_tell_file_and_line(tmp_path, text, expected):
    with pytest.raises(SceneError, match=rf"(?s)scene\.pbrt.*{expected}"):
        read(tmp_path, f"WorldBegin\n{text}")


SOUND = f"""# scene
Film "rgb" "integer xresolution" [ 30 ] "integer yresolution" 20 "float iso" 200
Sampler "halton" "integer pixelsamples" 4
{CAMERA}Camera "perspective" "float fov" 40
MakeNamedMedium "m" "string type" "homogeneous" "rgb sigma_a" [1 2 3]
WorldBegin
LightSource "infinite" "blackbody L" 5000 "float scale" .1
Texture "t" "spectrum" "checkerboard" "float uscale" [2] "rgb tex1" [ .1 .2 .3 ]
AttributeBegin Translate 0 1 0
Material "coateddiffuse" "texture reflectance" "t" "float roughness" 0
Shape "loopsubdiv" "integer levels" 1 {QUAD}
AttributeEnd
MakeNamedMaterial "g" "string type" "dielectric" NamedMaterial "g" MediumInterface "m" ""
ObjectBegin "o" Shape "cylinder" "float phimax" 90 ObjectEnd
ObjectInstance "o" Rotate 20 1 0 0 ObjectInstance "o"
AreaLightSource "diffuse" "rgb L" [1 1 1] "bool twosided" true Shape "disk"
Shape "curve" "point3 P" [0 0 0 1 0 0 2 0 0 3 1 0]
""".encode()


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=0, max_size=3))
def test_damage_gives_parts_or_a_scene_error(tmp_path_factory, at, bytes_there):
    path = tmp_path_factory.mktemp("damaged") / "scene.pbrt"
    path.write_bytes(SOUND[:at] + bytes_there + SOUND[at + 1 :])
    with contextlib.suppress(SceneError):
        read_scene(path)


WORDS = [*{word for word in SOUND.decode().split() if len(word) < 30}, "1e30", "-1", "0", "nan"]


@given(st.lists(st.sampled_from(sorted(WORDS)), max_size=60))
def test_any_words_give_parts_or_a_scene_error(tmp_path_factory, words):
    path = tmp_path_factory.mktemp("words") / "scene.pbrt"
    path.write_text("WorldBegin\n" + "\n".join(words))
    with contextlib.suppress(SceneError):
        read_scene(path)


@pytest.mark.parametrize(
    "text",
    [
        'Shape "disk"\n' * 5_000,
        'ObjectBegin "o" Shape "disk" Shape "disk" ObjectEnd\n' + 'ObjectInstance "o"\n' * 20_000,
        'Attribute "shape" "float radius" 1\n' * 20_000,
        'Shape "trianglemesh" "point3 P" [' + "0 1 2 " * 100_000 + "]",
        "AttributeBegin " * 900 + 'Texture "a" "spectrum" "constant"\n' * 10_000,
    ],
)
def test_memory_is_bounded_by_the_size_of_the_file(tmp_path, text):
    path = tmp_path / "scene.pbrt"
    path.write_text("WorldBegin\n" + text)
    tracemalloc.start()
    with contextlib.suppress(SceneError):
        read_scene(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * len(text) + (1 << 23)


def test_little_text_makes_no_endless_scene(tmp_path):
    corners = '"point3 P" [-1 -1 0  1 -1 0  1 1 0] "integer indices" [' + "0 1 2 " * 40 + "]"
    with pytest.raises(SceneError, match="256 MiB"):
        world(tmp_path, f'Shape "loopsubdiv" "integer levels" 8 {corners}')
    copies = 'ObjectBegin "o" ' + f'Shape "trianglemesh" {QUAD}\n' * 200 + "ObjectEnd\n"
    with pytest.raises(SceneError, match="256 MiB"):
        world(tmp_path, copies + 'ObjectInstance "o"\n' * 20_000)
