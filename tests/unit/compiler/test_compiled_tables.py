"""What the compiler writes into the tables, against what the scene says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernel_drivers import camera_rays, compiled
from scipy.integrate import quad

import raywidget as rw
from raywidget import transforms as tf
from raywidget.compiler import compile_scene
from raywidget.compiler.surfaces.energy import internal_reflectance
from raywidget.kernels import layout
from raywidget.kernels.language.on_demand import FULL

DTYPES = {"F32": np.float32, "F64": np.float64, "I32": np.int32, "I64": np.int64, "U8": np.uint8}


@pytest.mark.parametrize("name", [*rw.presets.NAMES, "empty"])
def test_tables_are_as_the_kernels_expect_them(name):
    camera = rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0))
    scene = rw.Scene([], camera=camera) if name == "empty" else rw.presets.preset(name)
    tables = compile_scene(scene)
    for field, annotation in layout.SceneTables.__annotations__.items():
        if field == "full":
            assert tables.full in (None, FULL)
            continue
        table = getattr(tables, field)
        assert table.dtype == DTYPES[annotation.__forward_arg__], field
        assert table.flags.c_contiguous, field
        assert table.flags.writeable, field  # a read-only array would compile another kernel
    for field in ("nodes", "flats", "balls"):
        table = getattr(tables, field)
        assert table.size == 0 or table.ctypes.data % 64 == 0, field
    for field, columns in (
        ("instances", layout.INSTANCE_SIZE),
        ("instance_codes", layout.INSTANCE_CODES_SIZE),
        ("primitives", layout.PRIMITIVE_SIZE),
        ("corners", layout.CORNERS_SIZE),
        ("vertices", layout.VERTEX_SIZE),
        ("colors", 3),
        ("material_codes", layout.MATERIAL_CODES_SIZE),
        ("materials", layout.MATERIAL_SIZE),
        ("texture_codes", layout.TEXTURE_CODES_SIZE),
        ("textures", layout.TEXTURE_SIZE),
        ("lights", layout.LIGHT_SIZE),
    ):
        assert getattr(tables, field).shape[1] == columns, field
    assert tables.environment.shape == (layout.ENVIRONMENT_SIZE,)


# --- Materials ------------------------------------------------------------------------------------


def material_rows(*materials):
    tables = compiled([rw.Sphere((3 * k, 0, 0), 1, material=m) for k, m in enumerate(materials)])
    rows = tables.primitives[:, layout.PRIMITIVE_MATERIAL]
    return tables.material_codes[rows], tables.materials[rows], tables


def test_each_material_has_its_kind_and_values():
    texture = rw.Checkerboard(0.25, (0.5, 0.75, 1), scale=(2, 3))
    codes, values, tables = material_rows(
        rw.Diffuse((0.1, 0.2, 0.3)),
        rw.Metal((0.4, 0.5, 0.6), 0.5),
        rw.Dielectric(1.33, color=(0.7, 0.8, 0.9)),
        rw.Coated(rw.Diffuse(0.5), ior=1.7),
        rw.Coated(rw.Metal(0.25, 0.1), ior=2.0),
        rw.Emissive((3, 4, 5)),
        rw.Diffuse(texture),
        rw.Metal(texture, emission=2),
    )
    assert codes[:, layout.MATERIAL_KIND].tolist() == [
        layout.DIFFUSE,
        layout.METAL,
        layout.DIELECTRIC,
        layout.COATED_DIFFUSE,
        layout.COATED_METAL,
        layout.BLACK,
        layout.DIFFUSE,
        layout.METAL,
    ]
    textured = codes[:, layout.MATERIAL_FLAGS] & layout.MATERIAL_TEXTURED
    assert textured.astype(bool).tolist() == [False] * 6 + [True] * 2
    first = layout.MATERIAL_TEXTURES
    assert codes[5, first] == -1
    color = 4 * layout.MATERIAL_COLOR + layout.TARGET_COLOR
    assert codes[7, first : first + 3].tolist() == [0, color, -1]
    colors = values[:, layout.MATERIAL_COLOR : layout.MATERIAL_COLOR + 3]
    np.testing.assert_allclose(colors[:3], np.arange(1, 10).reshape(3, 3) / 10, rtol=1e-7)
    emission = values[:, layout.MATERIAL_EMISSION : layout.MATERIAL_EMISSION + 3]
    assert emission[5].tolist() == [3, 4, 5]
    assert emission[7].tolist() == [2, 2, 2]
    assert not emission[[0, 1, 2, 3, 4, 6]].any()
    alpha, eta = values[:, layout.MATERIAL_ALPHA], values[:, layout.MATERIAL_ETA]
    np.testing.assert_allclose(alpha[[1, 4]], (0.25, 0.01), rtol=1e-6)  # roughness, squared
    np.testing.assert_allclose(eta[[2, 3, 4]], (1.33, 1.7, 2.0), rtol=1e-6)
    assert tables.texture_codes[:, :3].tolist() == [[layout.CHECKERBOARD, -1, -1]]
    np.testing.assert_allclose(tables.textures, [[2, 3, 0, 0, 0.25, 0.25, 0.25, 0.5, 0.75, 1]])


def test_mixtures_of_simple_parts_are_blends():
    paint, gold = rw.Diffuse(0.5), rw.Conductor("gold", roughness=0.3)
    picture = rw.Checkerboard(0.2, 0.8)
    for mixture, kind in (
        (rw.Mix(paint, gold), layout.BLEND),
        (rw.Mix(paint, rw.Dielectric(1.5), picture), layout.BLEND),
        (rw.Mix(rw.Coated(paint), rw.Coated(gold)), layout.BLEND),
        (rw.Mix(rw.Diffuse(picture), gold), layout.BLEND),
        (rw.Mix(rw.Metal(0.9, picture), rw.Metal(0.9)), layout.BLEND),
        (rw.Mix(paint, rw.Dielectric(1.5, roughness=0.5)), layout.MIX),
        (rw.Mix(rw.Dielectric(1.5), rw.Metal(0.9)), layout.MIX),  # all of it mirrors
        (rw.Mix(paint.replace(normal_map=picture), gold), layout.MIX),
        (rw.Mix(paint, gold, normal_map=picture), layout.BLEND),
        (rw.Mix(rw.Mix(paint, gold), paint), layout.MIX),
    ):
        codes, values, tables = material_rows(mixture)
        assert codes[-1, layout.MATERIAL_KIND] == kind, mixture
        if kind == layout.BLEND:
            rows = values[-1, layout.MATERIAL_BLEND_ROWS : layout.MATERIAL_BLEND_ROWS + 2]
            kinds = values[-1, layout.MATERIAL_BLEND_KINDS : layout.MATERIAL_BLEND_KINDS + 2]
            parts = tables.material_codes[rows.astype(int), layout.MATERIAL_KIND]
            assert parts.tolist() == kinds.tolist()


def test_blends_have_what_textures_say_of_their_parts():
    board, ramp = rw.Checkerboard(0.2, 0.8), rw.Gradient(0.4, 0.6)
    codes, values, tables = material_rows(
        rw.Mix(rw.Metal((0.1, 0.2, 0.3), ramp), rw.Coated(rw.Metal(board, 0.5)), board)
    )
    pairs = codes[-1, layout.MATERIAL_TEXTURES :][:7]
    kinds = tables.texture_codes[pairs[:6:2], layout.TEXTURE_KIND]
    assert kinds.tolist() == [layout.CHECKERBOARD, layout.RAMP, layout.CHECKERBOARD]
    assert pairs[6] == -1
    assert pairs[1::2].tolist() == [
        4 * layout.MATERIAL_AMOUNT + layout.TARGET_NUMBER,
        4 * layout.MATERIAL_ALPHA + layout.TARGET_SQUARE,
        4 * layout.MATERIAL_BLEND_COLOR + layout.TARGET_COLOR,
    ]
    first = values[-1, layout.MATERIAL_COLOR : layout.MATERIAL_COLOR + 3]
    np.testing.assert_allclose(first, (0.1, 0.2, 0.3), rtol=1e-6)
    assert values[-1, layout.MATERIAL_BLEND_ALPHA] == 0.25


def test_shapes_share_rows_unless_their_light_differs():
    material = rw.Diffuse(0.5)
    shapes = [
        rw.Sphere((0, 0, 0), 1, material=material),
        rw.Sphere((3, 0, 0), 1, material=material),
        rw.Sphere((6, 0, 0), 1, material=material, emission=2),
        rw.Sphere((9, 0, 0), 1, material=material, emission=3),
        rw.Sphere((12, 0, 0), 1, material=rw.Diffuse(0.5)),
        rw.Sphere((15, 0, 0), 1, material=rw.Diffuse(0.5, emission=5), emission=0),
    ]
    tables = compiled(shapes)
    rows = tables.primitives[:, layout.PRIMITIVE_MATERIAL]
    assert len(set(rows.tolist())) == 5
    assert rows[0] == rows[1]
    assert tables.primitives[:, layout.PRIMITIVE_LIGHT].tolist()[:2] == [-1, -1]
    assert tables.primitives[-1, layout.PRIMITIVE_LIGHT] == -1  # switched off
    assert len(tables.lights) == 2


@pytest.mark.parametrize("eta", [1.0, 1.1, 1.33, 1.5, 2.42, 4.0])
def test_internal_reflectance_is_the_integral_from_inside(eta):
    # Computed from within the coat, total reflection included, instead of from outside.
    def fresnel(cosine):
        sine2 = (1 - cosine**2) * eta**2
        if sine2 >= 1:
            return 1.0
        outside = np.sqrt(1 - sine2)
        parallel = (cosine - eta * outside) / (cosine + eta * outside)
        perpendicular = (eta * cosine - outside) / (eta * cosine + outside)
        return 0.5 * (parallel**2 + perpendicular**2)

    critical = np.sqrt(1 - 1 / eta**2)
    expected = critical**2 + quad(lambda c: 2 * c * fresnel(c), critical, 1, epsabs=1e-12)[0]
    assert internal_reflectance(eta) == pytest.approx(expected, abs=2e-6)


# --- Lights ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        rw.Sphere((1, 2, 3), 2, emission=1),
        rw.Quad((0, 0, 0), (2, 0, 0), (1, 3, 0), emission=1),
        rw.Box((0, 0, 0), (1, 2, 3), rotation=(10, 20, 30), emission=1),
        rw.Disk((1, 2, 3), (1, 1, 0), 2, emission=1),
        rw.Cylinder((0, 0, 0), (1, 2, 3), 0.5, emission=1),
        rw.Cylinder((0, 0, 0), (1, 2, 3), 0.5, caps=False, emission=1),
        rw.Cone((0, 0, 0), (1, 2, 3), 0.5, emission=1),
        rw.Cone((0, 0, 0), (1, 2, 3), 0.5, 2, caps=False, emission=1, flip_normals=True),
        rw.Spheres(np.eye(3), [1, 2, 3], emission=1),
        rw.Cylinders(np.eye(3), np.ones((3, 3)), [1, 2, 3], emission=1),
        rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 2)], [(0, 1, 2), (0, 0, 1)], emission=1),
        rw.Instances(
            rw.Mesh([(0, 0, 0), (1, 0, 0), (0, 1, 2)], [(0, 1, 2), (0, 0, 1)]),
            [tf.scale(1, -2, 3), tf.rotate(30, (1, 2, 3)), tf.translate(4, 5, 6)],
            emission=1,
        ),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_lights_have_the_area_of_their_shape(shape):
    areas = compiled([rw.Sphere((9, 9, 9), 1), shape]).lights[:, layout.LIGHT_AREA]
    assert areas.astype(float).sum() == pytest.approx(shape.area(), rel=1e-6)


def test_each_copy_has_lights_of_its_own():
    faces = [(0, 1, 2)] * 4
    red, lamp = rw.Diffuse((1, 0, 0)), rw.Emissive(1)
    mesh = rw.Mesh(np.eye(3), faces, materials=[red, lamp], face_materials=[0, 1, 1, 0])
    moves = [tf.translate(0, 0, k) for k in range(3)]
    shapes = [
        rw.Quad((0, 0, 9), (1, 0, 0), (0, 1, 0), emission=1),
        rw.Instances(mesh, moves),
        rw.Instances(mesh, moves[:2], material=red),
        rw.Instances(mesh, moves[:2], emission=3),
        rw.Instances(mesh, moves[:1], material=lamp),
    ]
    tables = compiled(shapes)
    assert len(tables.lights) == 1 + 3 * 2 + 2 * 4 + 4
    codes, primitives = tables.instance_codes, tables.primitives
    seen = []
    for shape, lit in ((1, [1, 2]), (2, []), (3, [0, 1, 2, 3]), (4, [0, 1, 2, 3])):
        for row in codes[codes[:, layout.INSTANCE_SHAPE] == shape]:
            first = row[layout.INSTANCE_LIGHT]
            assert (first < 0) == (not lit)
            if lit:
                seen += list(range(first, first + len(lit)))
    assert sorted(seen) == list(range(1, 19))
    relative = primitives[1:, layout.PRIMITIVE_LIGHT]
    assert set(relative.tolist()) == {-1, 0, 1, 2, 3}


def test_lights_are_chosen_by_their_power():
    shapes = [
        rw.Quad((0, 0, 0), (2, 0, 0), (0, 3, 0), emission=(1, 0, 0)),
        rw.Sphere((9, 0, 0), 2, emission=(0, 1, 0)),
        rw.Mesh([(0, 0, 5), (4, 0, 5), (0, 4, 5)], [(0, 1, 2), (0, 0, 1)], emission=(0, 0, 1)),
        rw.Sphere((20, 0, 0), 1),
        rw.Box((30, 0, 0), (1, 2, 3), emission=0.5),
    ]
    tables = compiled(shapes, [rw.ConstantEnvironment(7)])
    lights = tables.lights
    assert len(lights) == 1 + 1 + 1 + 6  # a triangle without area is no light
    probability = lights[:, layout.LIGHT_PROBABILITY].astype(float)
    assert probability.sum() == 1.0
    by_shape = {}
    numbers = tables.primitives[:, layout.PRIMITIVE_LIGHT]
    for shape, light in zip(tables.primitives[:, layout.PRIMITIVE_SHAPE], numbers, strict=True):
        if light >= 0:
            by_shape[shape] = by_shape.get(shape, 0.0) + probability[light]
    power = {0: 6 * 0.2126, 1: 16 * np.pi * 0.7152, 2: 8 * 0.0722, 4: 22 * 0.5}
    total = sum(power.values())
    assert by_shape == pytest.approx({k: v / total for k, v in power.items()}, rel=1e-5)
    np.testing.assert_allclose(tables.light_cdf, np.cumsum(probability), atol=1e-6)
    assert tables.light_cdf[-1] == 1.0
    assert np.all(np.diff(tables.light_cdf) > 0)
    kinds = lights[:, layout.LIGHT_KIND].tolist()
    assert kinds.count(layout.LIGHT_BALL) == 1
    assert sorted(numbers[numbers >= 0].tolist()) == list(range(9))


def test_each_of_many_lights_is_drawn_exactly_as_often_as_its_density_says():
    generator = np.random.default_rng(0)
    corners = generator.random((50_000, 1, 3)) + 0.01 * generator.random((50_000, 3, 3))
    lamp = rw.Mesh(corners.reshape(-1, 3), np.arange(150_000).reshape(-1, 3), emission=1)
    tables = compiled([lamp, rw.Sphere((9, 9, 9), 1e-6, emission=1)])
    probability = tables.lights[:, layout.LIGHT_PROBABILITY].astype(float)
    np.testing.assert_array_equal(np.cumsum(probability), tables.light_cdf)
    steps = probability * 2**24  # of the random number that chooses
    np.testing.assert_array_equal(steps, np.round(steps))
    assert probability.sum() == 1.0
    assert 0.0 < probability[-1] < 1e-6  # weak, but not forgotten


def test_lights_carry_their_geometry():
    quad_light = rw.Quad((1, 2, 3), (2, 0, 0), (0, 3, 0), emission=(4, 5, 6))
    ball = rw.Sphere((7, 8, 9), 2, emission=1, flip_normals=True)
    tables = compiled([ball, quad_light])
    flat, round_ = tables.lights  # flats come first
    assert flat[layout.LIGHT_RADIANCE :][:3].tolist() == [4, 5, 6]
    assert flat[layout.LIGHT_CORNER :][:9].tolist() == [1, 2, 3, 2, 0, 0, 0, 3, 0]
    assert flat[layout.LIGHT_AREA] == 6
    assert round_[layout.LIGHT_CORNER :][:4].tolist() == [7, 8, 9, -2]
    assert round_[layout.LIGHT_AREA] == pytest.approx(16 * np.pi, rel=1e-6)


def test_environments():
    gradient = rw.GradientEnvironment(top=(1, 2, 3), bottom=(4, 5, 6))
    for emitters, kind, top, bottom in (
        ([], layout.NO_ENVIRONMENT, [0, 0, 0], [0, 0, 0]),
        ([rw.ConstantEnvironment((1, 2, 3))], layout.CONSTANT, [1, 2, 3], [1, 2, 3]),
        ([gradient], layout.GRADIENT, [1, 2, 3], [4, 5, 6]),
    ):
        table = compiled([], emitters).environment
        assert table[layout.ENVIRONMENT_KIND] == kind
        assert table[layout.ENVIRONMENT_TOP :][:3].tolist() == top
        assert table[layout.ENVIRONMENT_BOTTOM :][:3].tolist() == bottom


# --- Meshes ---------------------------------------------------------------------------------------


def test_a_mesh_that_is_used_often_is_stored_once():
    mesh = rw.Mesh(np.random.default_rng(0).random((300, 3)), np.arange(300).reshape(-1, 3))
    alone = compiled([mesh])
    many = compiled(
        [
            rw.Instances(mesh, [tf.translate(k, 0, 0) for k in range(50)]),
            rw.Instances(mesh, [tf.translate(0, k, 9) for k in range(50)], material=rw.Metal(0.5)),
        ]
    )
    assert many.flats.size == alone.flats.size
    assert len(many.primitives) == len(alone.primitives) == 100
    assert len(many.instances) == 100
    codes = many.instance_codes
    assert len(set(codes[:, layout.INSTANCE_ROOT].tolist())) == 1
    assert codes[:, layout.INSTANCE_SHAPE].tolist() == [0] * 50 + [1] * 50
    assert len(set(codes[:, layout.INSTANCE_MATERIAL].tolist())) == 2
    for k, row in enumerate(many.instances[:50]):
        np.testing.assert_allclose(row[:12].reshape(3, 4), tf.translate(k, 0, 0)[:3])


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_rows_of_copies_hold_the_matrix_and_its_inverse(seed):
    generator = np.random.default_rng(seed)
    matrices = np.tile(np.eye(4), (9, 1, 1))
    # Of sizes so alike that none is a huge ground for another, and together of any size: else the
    # mesh would be in other units.
    matrices[:, :3] = (
        np.linalg.qr(generator.normal(0, 1, (9, 3, 3)))[0]
        @ generator.uniform(0.5, 2.0, (9, 3, 4))
        * 10.0 ** generator.uniform(-3, 3)
    )
    mesh = rw.Mesh(np.eye(3), [(0, 1, 2)])
    rows = compiled([rw.Instances(mesh, matrices)]).instances
    np.testing.assert_allclose(rows[:, :12].reshape(-1, 3, 4), matrices[:, :3], rtol=1e-6)
    inverse = np.linalg.inv(matrices[:, :3, :3])
    size = np.abs(inverse).max(axis=(1, 2))[:, None, None]
    np.testing.assert_allclose(rows[:, 12:].reshape(-1, 3, 3) / size, inverse / size, atol=1e-6)


def test_corners_lead_to_the_vertices_of_their_mesh():
    generator = np.random.default_rng(0)
    a = rw.Mesh(generator.random((4, 3)), [(0, 1, 2), (1, 2, 3)], uvs=generator.random((4, 2)))
    plain = rw.Mesh(generator.random((3, 3)), [(0, 1, 2)])
    b = rw.Mesh(
        generator.random((5, 3)),
        [(4, 0, 2)],
        normals=generator.normal(size=(5, 3)),
        flip_normals=True,
    )
    tables = compiled([a, plain, b])
    rows = tables.primitives[:, layout.PRIMITIVE_CORNERS]
    assert rows.tolist() == [0, 1, -1, 2]
    assert tables.corners[:, :3].tolist() == [[0, 1, 2], [1, 2, 3], [8, 6, 4]]  # flipped
    assert tables.corners[:, 3].tolist() == [
        layout.CORNERS_UVS,
        layout.CORNERS_UVS,
        layout.CORNERS_NORMALS,
    ]
    np.testing.assert_array_equal(tables.vertices[:4, 3:], a.uvs)
    np.testing.assert_array_equal(tables.vertices[4:, :3], -b.normals)


# --- Camera ---------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**32 - 1),
    st.floats(5.0, 120.0),
    st.integers(1, 2000),
    st.integers(1, 2000),
    st.sampled_from([0.0, 0.1, 2.0]),
    st.sampled_from([None, 0.5, 20.0]),
)
@settings(max_examples=50, deadline=None)
def test_rays_go_through_the_point_in_focus(seed, vfov, width, height, lens, focus):
    generator = np.random.default_rng(seed)
    look_from, look_at = generator.uniform(-5, 5, (2, 3))
    camera = rw.PerspectiveCamera(
        look_from=look_from,
        look_at=look_at,
        vfov=vfov,
        aperture_radius=lens,
        focus_distance=focus,
    )
    points = generator.random((200, 4))
    points[:, :2] = 2 * points[:, :2] - 1
    origin, d = camera_rays(camera, width, height, points)
    np.testing.assert_allclose(np.linalg.norm(d, axis=1), 1, atol=1e-6)
    # Where the ray meets the plane in focus, in the camera's frame, by plain trigonometry
    right, up, forward = camera.frame()
    depth = (d @ forward)[:, None]
    away = (camera.focus - ((origin - look_from) @ forward)[:, None]) / depth
    met = origin + away * d - look_from
    half_height = np.tan(np.radians(vfov) / 2) * camera.focus
    half_width = half_height * width / height
    expected = np.stack([points[:, 0] * half_width, points[:, 1] * half_height], axis=1)
    found = np.stack([met @ right, met @ up], axis=1)
    scale = (half_width + half_height + lens + 10) / np.abs(depth)
    assert np.all(np.abs(found - expected) < 2e-6 * scale * (1 + camera.focus))
    on_lens = origin - look_from
    assert np.abs(on_lens @ forward).max() < 1e-5 * (1 + lens)
    radius = np.linalg.norm(on_lens, axis=1)
    np.testing.assert_allclose(radius, lens * np.sqrt(points[:, 2]), atol=3e-6 * (1 + lens))


def test_the_lens_is_filled_evenly():
    camera = rw.PerspectiveCamera(look_from=(0, 0, 0), look_at=(0, 0, -1), aperture_radius=2.0)
    origin, _ = camera_rays(camera, 300, 100, np.random.default_rng(0).random((40_000, 4)))
    np.testing.assert_allclose(origin.mean(axis=0), 0, atol=5 * 1.0 / 200)  # 5 standard errors
    np.testing.assert_allclose((origin[:, :2] ** 2).mean(axis=0), 1.0, atol=5 * 0.71 / 200)
    assert not origin[:, 2].any()


def test_pixels_see_what_is_there():
    # A checkered wall at the distance where a pixel is one square wide: every pixel one colour.
    width, height = 24, 16
    half_height = np.tan(np.radians(20.0))
    half_width = half_height * width / height
    wall = rw.Quad(
        (-half_width, -half_height, -1),
        (2 * half_width, 0, 0),
        (0, 2 * half_height, 0),
        material=rw.Diffuse(rw.Checkerboard(1.0, 0.0, scale=(width, height))),
    )
    camera = rw.PerspectiveCamera(look_from=(0, 0, 0), look_at=(0, 0, -1), vfov=40)
    scene = rw.Scene([wall], emitters=[rw.ConstantEnvironment(1)], camera=camera)
    image = rw.render(scene, width=width, height=height, spp=8, max_depth=2, roulette=False)
    y, x = np.mgrid[:height, :width]
    expected = (x + (height - 1 - y)) % 2 == 0  # row 0 is the top
    edge = 1e-5  # a sample in 100,000 may fall on the other side of an edge, by rounding
    assert np.mean(np.abs(image.pixels[..., 0] - expected) > edge) < 0.01
