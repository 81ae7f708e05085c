"""XML of Mitsuba: what it says, and what is wrong with it."""

import contextlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import raywidget as rw
from raywidget.errors import SceneError
from raywidget.io.scene_files import read_scene

BALL = '<shape type="sphere"><float name="radius" value="2"/></shape>'


def read(tmp_path, text, name="scene.xml"):
    path = tmp_path / name
    path.write_text(f'<scene version="3.0.0">\n{text}\n</scene>')
    return read_scene(path)


def shape(tmp_path, text):
    (result,) = read(tmp_path, text).shapes
    return result


def test_parameters_references_and_includes(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "red.xml").write_text(
        '<scene version="3.0.0"><bsdf type="diffuse" id="red"><rgb name="reflectance" '
        'value="#ff0000"/></bsdf></scene>'
    )
    text = """<default name="r" value="3"/><include filename="parts/red.xml"/>
    <shape type="sphere" id="ball"><float name="radius" value="$r"/><ref id="red"/></shape>"""
    ball = shape(tmp_path, text)
    assert ball.radius == 3.0
    assert ball.name == "ball"
    assert ball.material.color == (1.0, 0.0, 0.0)
    assert ball.material.name == "red"


def test_steps_of_a_transform_are_applied_in_their_order(tmp_path):
    text = """<shape type="sphere"><transform name="to_world"><translate x="1"/>
    <scale value="2"/><rotate y="1" angle="90"/></transform></shape>"""
    ball = shape(tmp_path, text)
    np.testing.assert_allclose(ball.center, (0.0, 0.0, -2.0), atol=1e-12)
    assert ball.radius == pytest.approx(2.0)


def test_a_cloud_is_left_out_with_its_shape_and_told_once(tmp_path):
    skin = '<bsdf type="null"/>'
    place = '<transform name="to_world"><scale value="2"/></transform>'
    cloud = '<medium name="interior" type="heterogeneous"><float name="scale" value="3"/></medium>'
    parts = read(tmp_path, f'<shape type="cube">{place}{skin}{cloud}</shape>{BALL}')
    assert [type(item) for item in parts.shapes] == [rw.Sphere]
    assert parts.notes == ("scene.xml, line 2: medium 'heterogeneous' is left out",)
    bare = read(tmp_path, f'<shape type="cube">{skin}</shape>')
    assert bare.notes == ("scene.xml, line 2: a shape of 'null' without a medium is left out",)


def test_a_principal_point_beside_the_middle(tmp_path):
    text = """<sensor type="perspective"><float name="fov" value="90"/>
    <float name="principal_point_offset_x" value="0.25"/>
    <float name="principal_point_offset_y" value="0.1"/></sensor>"""
    parts = read(tmp_path, text)
    # Mitsuba 3.6 shows what is straight ahead a quarter of the width left of the middle, and a
    # tenth of the height above it.
    assert parts.cameras[0].shift == pytest.approx((0.25, -0.1))
    assert parts.notes == ()


@pytest.mark.parametrize(
    ("axis", "expected"),
    [("x", 2 * np.degrees(np.arctan(0.5))), ("y", 90.0), ("smaller", 90.0),
     ("larger", 2 * np.degrees(np.arctan(0.5))),
     ("diagonal", 2 * np.degrees(np.arctan(1 / np.sqrt(5))))],
)  # fmt: skip
def test_fields_of_view(tmp_path, axis, expected):
    text = f"""<sensor type="perspective"><float name="fov" value="90"/>
    <string name="fov_axis" value="{axis}"/>
    <transform name="to_world"><lookat origin="0,0,5" target="0,0,0" up="0,1,0"/></transform>
    <film type="hdrfilm"><integer name="width" value="200"/><integer name="height" value="100"/>
    </film><sampler type="independent"><integer name="sample_count" value="7"/></sampler></sensor>
    <integrator type="path"><integer name="max_depth" value="9"/></integrator>"""
    parts = read(tmp_path, text)
    (camera,) = parts.cameras
    assert camera.vertical_fov(2.0) == pytest.approx(expected)
    assert camera.vfov == 90.0
    np.testing.assert_allclose(camera.frame().forward, (0, 0, -1))
    np.testing.assert_allclose(camera.frame().right, (1, 0, 0), atol=1e-12)
    assert parts.defaults == {
        "width": 200, "height": 100, "spp": 7, "filter": "gaussian",
        "integrator": "path", "max_depth": 9,
    }  # fmt: skip


def test_instances_stay_copies_of_meshes(tmp_path):
    text = """<shape type="shapegroup" id="group"><shape type="cube"/><shape type="sphere"/></shape>
    <shape type="instance"><ref id="group"/></shape>
    <shape type="instance"><ref id="group"/><transform name="to_world"><translate x="5"/>
    </transform></shape>"""
    copies, first, second = read(tmp_path, text).shapes
    assert isinstance(copies, rw.Instances)
    assert copies.transforms.shape == (2, 4, 4)
    assert (first.center, second.center) == ((0, 0, 0), (5, 0, 0))
    lo, hi = copies.bounds()
    np.testing.assert_allclose((lo, hi), [(-1, -1, -1), (6, 1, 1)])


def test_a_cube_looks_outwards(tmp_path):
    cube = shape(tmp_path, '<shape type="cube"/>')
    corners = cube.vertices[cube.faces].astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert ((normals * corners.mean(axis=1)).sum(axis=1) > 0).all()


def test_glass_that_is_thinner_inside_is_turned(tmp_path):
    text = """<shape type="sphere"><bsdf type="dielectric"><float name="int_ior" value="1.0"/>
    <float name="ext_ior" value="1.5"/></bsdf></shape>"""
    bubble = shape(tmp_path, text)
    assert bubble.material.ior == pytest.approx(1.5)
    assert bubble.flip_normals


def test_what_is_not_known_is_told_once_with_its_place(tmp_path):
    text = """<shape type="hair"/><shape type="hair"/>
    <shape type="sphere"><bsdf type="velvet"/></shape>
    <emitter type="aurora"/><gadget/><emitter type="constant"><float name="odd" value="1"/>
    <rgb name="radiance" value="1"/></emitter>
    <sensor type="fluxmeter"/>"""
    notes = read(tmp_path, text).notes
    told = ["shape 'hair'", "bsdf 'velvet'", "emitter 'aurora'", "<gadget>", "'odd' of emitter",
            "sensor 'fluxmeter'"]  # fmt: skip
    for words in told:
        (note,) = [n for n in notes if words in n]
        assert note.startswith("scene.xml, line ")
    assert len(notes) == len(told)
    assert "(2 times)" in next(n for n in notes if "hair" in n)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<shape type="sphere"><float name="radius" value="big"/></shape>', "line 2.*numbers"),
        ('<shape type="sphere"><float name="radius" value="1e999"/></shape>', "line 2.*numbers"),
        ('<shape type="sphere"><float name="radius" value="-1"/></shape>', "line 2.*radius"),
        ('<shape type="sphere"><string name="radius" value="1"/></shape>', "a number"),
        ('<shape type="sphere"><ref id="nobody"/></shape>', "nothing above has the id 'nobody'"),
        ("<shape/>", "attribute 'type'"),
        ('<shape type="ply"><string name="filename" value="../x.ply"/></shape>', "no file"),
        ('<include filename="scene.xml"/>', "includes itself"),
        ('<shape type="sphere"><float name="radius" value="$r"/></shape>', "<default>"),
        ('<bsdf type="diffuse" id="a"/><bsdf type="diffuse" id="a"/>', "twice"),
        ("<shape", "not sound XML"),
        ("<a>" * 100 + "</a>" * 100, "deep"),
        ('<shape type="sphere"><transform name="to_world"><scale value="0"/></transform></shape>',
         "flatten"),
    ],
)  # fmt: skip
def test_errors_tell_file_and_line(tmp_path, text, expected):
    with pytest.raises(SceneError, match=rf"scene\.xml.*{expected}"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE scene [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE scene SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE scene [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_document_types_and_entities_are_refused(tmp_path, head):
    path = tmp_path / "scene.xml"
    path.write_text(f"{head}<scene version='3.0.0'/>")
    with pytest.raises(SceneError, match="entities"):
        read_scene(path)


def test_parameters_that_double_are_bounded(tmp_path):
    lines = ['<default name="a0" value="aaaaaaaaaa"/>']
    lines += [f'<default name="a{i + 1}" value="$a{i}$a{i}"/>' for i in range(30)]
    with pytest.raises(SceneError, match="letters"):
        read(tmp_path, "".join(lines))


SOUND = f"""<scene version="3.0.0"><default name="s" value="4"/>
<sensor type="perspective"><float name="fov" value="40"/><transform name="to_world">
<lookat origin="0 0 5" target="0 0 0" up="0 1 0"/></transform></sensor>
<bsdf type="twosided" id="m"><bsdf type="roughconductor"><float name="alpha" value="0.2"/></bsdf>
</bsdf>{BALL}<shape type="rectangle"><ref id="m"/><emitter type="area"><rgb name="radiance"
value="1,2,3"/></emitter></shape><emitter type="spot"><float name="cutoff_angle" value="$s"/>
</emitter></scene>""".encode()


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=0, max_size=3))
def test_damage_gives_parts_or_a_scene_error(tmp_path_factory, at, bytes_there):
    path = tmp_path_factory.mktemp("damaged") / "scene.xml"
    path.write_bytes(SOUND[:at] + bytes_there + SOUND[at + 1 :])
    with contextlib.suppress(SceneError):
        read_scene(path)


def test_hidden_emitters_are_not_seen_by_the_camera(tmp_path):
    text = (
        '<integrator type="path"><boolean name="hide_emitters" value="{}"/></integrator>'
        '<shape type="sphere"><emitter type="area"><rgb name="radiance" value="5"/></emitter>'
        '</shape><shape type="cube"/><emitter type="constant"/>'
    )
    for hides in (True, False):
        parts = read(tmp_path, text.format(str(hides).lower()))
        assert [shape.visible for shape in parts.shapes] == [not hides, True]
        assert [emitter.visible for emitter in parts.emitters] == [not hides]
        assert not parts.notes


def old(tmp_path, text, version="0.6.0"):
    path = tmp_path / "old.xml"
    path.write_text(f'<scene version="{version}">\n{text}\n</scene>')
    return read_scene(path)


def test_files_of_0_6_have_the_names_of_today(tmp_path):
    text = """<sensor type="perspective"><string name="fovAxis" value="y"/>
    <float name="fov" value="30"/><transform name="toWorld">
    <lookAt origin="0,1,5" target="0,1,0" up="0,1,0"/></transform></sensor>
    <shape type="sphere"><transform name="toWorld"><translate x="3"/></transform>
    <boolean name="flipNormals" value="true"/><bsdf type="dielectric">
    <float name="intIOR" value="1.7"/><float name="extIOR" value="1"/></bsdf></shape>"""
    parts = old(tmp_path, text)
    (ball,), (camera,) = parts.shapes, parts.cameras
    np.testing.assert_allclose(ball.center, (3.0, 0.0, 0.0))
    assert (ball.material.ior, ball.flip_normals) == (1.7, True)
    assert (camera.vfov, camera.fov_axis) == (30.0, "vertical")
    np.testing.assert_allclose(camera.look_from, (0.0, 1.0, 5.0))
    assert not parts.notes
    assert len(read(tmp_path, text.replace("lookAt", "lookat")).notes) == 6  # not of today's files


@pytest.mark.parametrize(
    ("text", "color"),
    [
        ('<spectrum name="reflectance" value="0.1, 0.4 0.9"/>', (0.1, 0.4, 0.9)),
        ('<spectrum name="reflectance" value="0.25"/>', (0.25,) * 3),
        ('<srgb name="reflectance" value="#00ff00"/>', (0.0, 1.0, 0.0)),
        # (0.5 + 0.055) / 1.055, to the power of 2.4
        ('<srgb name="reflectance" value="0.5 0 1"/>', (0.21404114, 0.0, 1.0)),
        ('<rgb name="reflectance" value="0.5 0 1"/>', (0.5, 0.0, 1.0)),
    ],
)
def test_colours_of_0_6(tmp_path, text, color):
    (ball,) = old(
        tmp_path, f'<shape type="sphere"><bsdf type="diffuse">{text}</bsdf></shape>'
    ).shapes
    np.testing.assert_allclose(np.broadcast_to(ball.material.color, 3), color, rtol=1e-6)


def test_textures_of_0_6_tell_scale_offset_and_gamma(tmp_path):
    (tmp_path / "wood.ppm").write_bytes(b"P6 1 1 255 \x10\x20\x30")
    numbers = '<float name="uscale" value="2"/><float name="voffset" value="0.25"/>'
    wood = f"""<texture type="bitmap" name="reflectance" id="wood">
    <string name="filename" value="wood.ppm"/>{numbers}<float name="gamma" value="1.0"/>
    </texture>"""
    new = """<texture type="bitmap" name="reflectance" id="wood">
    <string name="filename" value="wood.ppm"/><boolean name="raw" value="true"/>
    <transform name="to_uv"><scale x="2" y="1"/><translate x="0" y="0.25"/></transform></texture>"""
    ball = '<shape type="sphere"><bsdf type="diffuse">{}</bsdf></shape>'
    (a,), (b,) = old(tmp_path, ball.format(wood)).shapes, read(tmp_path, ball.format(new)).shapes
    assert a.material.color.scale == b.material.color.scale == (2.0, -1.0)
    assert a.material.color.offset == b.material.color.offset == (0.0, 0.75)
    assert a.material.color.encoding == b.material.color.encoding == "linear"


def test_a_texture_that_two_materials_refer_to_is_one(tmp_path):
    (tmp_path / "wood.ppm").write_bytes(b"P6 1 1 255 \x10\x20\x30")
    text = """<texture type="bitmap" id="wood"><string name="filename" value="wood.ppm"/></texture>
    <shape type="sphere"><bsdf type="diffuse"><ref name="reflectance" id="wood"/></bsdf></shape>
    <shape type="sphere"><bsdf type="plastic"><ref name="diffuse_reflectance" id="wood"/></bsdf>
    </shape>"""
    a, b = read(tmp_path, text).shapes
    assert a.material.color is b.material.base.color
    rw.Scene(shapes=[a, b], camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)))


def test_metals_whose_rgb_has_negative_numbers_are_those_of_their_amounts(tmp_path):
    text = """<shape type="sphere"><bsdf type="conductor"><rgb name="eta" value="-0.05 4.1 4.7"/>
    <rgb name="k" value="-0.04 0.1 1.3"/></bsdf></shape>"""
    metal = shape(tmp_path, text).material
    assert (metal.eta, metal.k) == ((0.05, 4.1, 4.7), (0.04, 0.1, 1.3))


def test_a_mesh_without_triangles_is_left_out_and_counted(tmp_path):
    (tmp_path / "none.obj").write_text("v 0 0 0\nv 1 0 0\nv 1 0 0\nf 1 2 3\n")
    empty = '<shape type="obj"><string name="filename" value="none.obj"/></shape>'
    parts = read(tmp_path, f"{empty}\n{empty}\n{BALL}")
    assert [type(item) for item in parts.shapes] == [rw.Sphere]
    empty, flat = parts.notes
    assert "without triangles" in empty
    assert "(2 times)" in empty
    assert empty.startswith("scene.xml, line ")
    assert " of none.obj: a file" in empty
    assert "of none.obj: 1 triangle without area left out, and 1 more in 1 other place" in flat


def test_what_is_mended_in_meshes_is_counted_over_all_of_them(tmp_path, caplog):
    (tmp_path / "flat.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\nf 1 2 2\n")
    mesh = '<shape type="obj"><string name="filename" value="flat.obj"/></shape>'
    (tmp_path / "flatter.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3" + "\nf 1 2 2" * 9)
    worse = mesh.replace("flat.obj", "flatter.obj").replace("<shape", '<shape id="lid"', 1)
    parts = read(tmp_path, f"{mesh * 3}\n{worse}")
    (note,) = parts.notes
    assert re.fullmatch(
        r"\S+\.xml, line \d+, 'lid' of flatter.obj: 9 triangles without area left out, "
        "and 3 more in 3 other places",
        note,
    )
    assert not caplog.records


@pytest.mark.parametrize("version", ["0.6.0", "3.0.0"])
def test_a_sky_has_its_sun_where_it_is_and_its_zenith_as_of_its_version(tmp_path, version):
    text = """<emitter type="sunsky"><vector name="sunDirection" x="1" y="2" z="3"/></emitter>"""
    if version == "3.0.0":
        text = text.replace("sunDirection", "sun_direction")
    parts = old(tmp_path, text, version)
    (sky,) = parts.emitters
    np.testing.assert_allclose(sky.up, (0, 1, 0) if version == "0.6.0" else (0, 0, 1), atol=1e-12)
    np.testing.assert_allclose(sky.sun_direction, np.array([1, 2, 3]) / 14**0.5, atol=1e-9)
    assert not parts.notes


def test_a_sun_below_the_horizon_stands_on_it_and_is_told(tmp_path):
    night = """<emitter type="sunsky"><vector name="sun_direction" x="1" y="0" z="-1"/></emitter>"""
    parts = read(tmp_path, night)
    assert parts.emitters[0].sun_angles[0] == pytest.approx(0.1)
    assert "below its horizon" in parts.notes[0]


def test_media_are_seen_whatever_integrator_the_file_names(tmp_path):
    milk = """<integrator type="guided"/><shape type="sphere"><bsdf type="dielectric"/>
    <medium type="homogeneous" name="interior"/></shape>"""
    assert read(tmp_path, milk).defaults["integrator"] == "volpath"
    assert "integrator" not in read(tmp_path, BALL).defaults
