"""The scenes that both renderers draw: one for each thing that can be wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import raywidget as rw
from raywidget import transforms as tf

WIDTH, HEIGHT = 32, 24


class Case(NamedTuple):
    """A scene and how it is rendered on both sides."""

    make: Callable[[], rw.Scene]
    max_depth: int
    spp: int  # here
    reference_spp: int  # in Mitsuba
    filter: str
    integrator: str  # here
    rounding: float  # relative error of either side beside noise


CASES: dict[str, Case] = {}


def case(max_depth=4, spp=512, filter="box", integrator="path", rounding=3e-4):
    def register(make):
        CASES[make.__name__] = Case(make, max_depth, spp, 1 << 14, filter, integrator, rounding)
        return make

    return register


CAMERA = rw.PerspectiveCamera(look_from=(1.5, 3.0, 6.0), look_at=(0.2, 0.8, 0.0), vfov=32)
SKY = rw.GradientEnvironment(top=(0.3, 0.5, 1.0), bottom=(0.9, 0.8, 0.7))
GREY = rw.Diffuse(0.6)


def floor(material=GREY):
    return rw.Quad((-4, 0, 4), (8, 0, 0), (0, 0, -8), material=material)


def lamp(radiance=(14, 12, 9)):
    return rw.Quad((-1.0, 4.5, 0.6), (0.2, 0.3, -1.6), (1.8, 0.1, 0.0), emission=radiance)


def ball(material, **more):
    return rw.Sphere((0, 1, 0), 1, material=material, **more)


def scene(*shapes, emitters=(), camera=CAMERA):
    return rw.Scene(shapes, emitters=emitters, camera=camera)


def round_mesh(center, radius, segments=24, rings=16, **more):
    """A ball of triangles, with smooth normals and texture coordinates."""
    theta = np.pi * np.linspace(0, 1, rings + 1)[:, None]
    phi = 2 * np.pi * np.linspace(0, 1, segments + 1)[None, :]
    normals = np.stack(
        np.broadcast_arrays(
            np.sin(theta) * np.cos(phi), np.cos(theta), -np.sin(theta) * np.sin(phi)
        ),
        axis=-1,
    ).reshape(-1, 3)
    uvs = np.stack(np.broadcast_arrays(phi / (2 * np.pi), 1 - theta / np.pi), axis=-1)
    a = np.arange(rings)[:, None] * (segments + 1) + np.arange(segments)
    b, c, d = a + segments + 1, a + segments + 2, a + 1
    upper = np.stack([a, b, d], axis=-1)[1:].reshape(-1, 3)  # those in the poles have no area
    lower = np.stack([b, c, d], axis=-1)[:-1].reshape(-1, 3)
    return rw.Mesh(
        np.array(center) + radius * normals,
        np.concatenate([upper, lower]),
        normals=normals,
        uvs=uvs.reshape(-1, 2),
        **more,
    )


# --- Lights ---------------------------------------------------------------------------------------


@case()
def quad_light():
    return scene(floor(), ball(GREY), lamp())


@case(max_depth=1)
def depth_1():
    return scene(floor(rw.Diffuse(0.6, emission=0.2)), ball(GREY), lamp())


@case(max_depth=2)
def depth_2():
    return quad_light()


@case()
def sphere_light():
    light = rw.Sphere((-1.2, 3.0, 1.0), 0.5, material=rw.Emissive((20, 14, 30)))
    return scene(floor(), ball(GREY), light)


@case()
def mesh_light():
    vertices = np.array([(-1.5, 2.5, 0.5), (-0.5, 3.5, 1.5), (0.2, 4.0, -1.0), (-2.0, 3.0, -1.0)])
    light = rw.Mesh(vertices, [(0, 2, 1), (0, 3, 2)], emission=(9, 6, 4))
    return scene(floor(), ball(GREY), light)


@case()
def emission_of_a_matte_ball():
    shining = rw.Diffuse((0.8, 0.3, 0.1), emission=(0.3, 0.5, 0.8))
    return scene(floor(), ball(shining), lamp(6))


@case()
def constant_sky():
    return scene(floor(), ball(GREY), emitters=[rw.ConstantEnvironment((0.5, 0.7, 1.0))])


@case()
def gradient_sky():
    return scene(floor(), ball(GREY), emitters=[SKY])


@case()
def point_light():
    return scene(floor(), ball(GREY), emitters=[rw.PointLight((-1.5, 3.5, 1.0), (30, 25, 40))])


@case()
def spot_light():
    spot = rw.SpotLight((-2.0, 4.0, 2.0), (0.3, 0.2, 0.0), (90, 80, 60), 25, beam_angle=10)
    return scene(floor(), ball(GREY), emitters=[spot, rw.ConstantEnvironment(0.05)])


@case()
def sunlight():
    sun = rw.DirectionalLight((0.5, -1.0, -0.3), (3.0, 2.8, 2.5))
    return scene(floor(), ball(GREY), emitters=[sun, SKY])


@case()
def image_environment():
    pixels = np.random.default_rng(2).uniform(0.0, 0.6, (8, 16, 3))
    pixels[2, 3] = (30, 25, 18)
    surroundings = rw.ImageEnvironment(pixels, scale=1.5, rotation=(20, 75, 10))
    return scene(floor(), ball(rw.Metal(0.9, 0.5)), emitters=[surroundings])


@case(max_depth=3)
def image_environment_seen():
    pixels = np.random.default_rng(3).uniform(0.0, 1.0, (5, 9, 3))
    camera = CAMERA.replace(look_at=(3, 4, 0), vfov=100)
    mirror_ball = ball(rw.Metal(1))
    return scene(mirror_ball, emitters=[rw.ImageEnvironment(pixels, rotation=130)], camera=camera)


@case()
def disk_light():
    light = rw.Disk((-1.0, 3.5, 0.5), (0.3, -1.0, -0.2), 0.9, emission=(10, 12, 8))
    return scene(floor(), ball(GREY), light)


@case()
def cylinder_light():
    tube = rw.Cylinder((-2.2, 2.0, 1.0), (0.5, 3.2, 0.5), 0.15, emission=(12, 10, 8))
    return scene(floor(), ball(GREY), tube)


@case()
def cone_light():
    shade = rw.Cone((-1.2, 2.2, 1.0), (-1.0, 3.4, 0.8), 0.7, 0.2, caps=False, emission=(5, 4, 3))
    return scene(floor(), ball(GREY), shade)


@case()
def lights_that_shine_inwards():
    tube = rw.Cylinder(
        (-0.2, 1.6, 0), (0.1, 3.0, 0.3), 0.8, caps=False, flip_normals=True, emission=(3, 4, 5)
    )
    return scene(floor(), tube)


@case()
def many_lights():
    generator = np.random.default_rng(4)
    places = np.stack(
        [generator.uniform(-3, 3, 60), generator.uniform(2, 4, 60), generator.uniform(-3, 2, 60)], 1
    )
    lights = rw.Spheres(places, generator.uniform(0.05, 0.15, 60), emission=(6, 5, 4))
    return scene(floor(), ball(GREY), lights)


@case()
def lights_of_all_kinds():
    return scene(
        floor(),
        ball(rw.Metal((0.9, 0.8, 0.6), 0.6)),
        lamp((4, 2, 1)),
        rw.Disk((2.5, 2.5, 1.0), (-1.0, -0.6, -0.2), 0.6, emission=(1, 3, 6)),
        rw.Sphere((-2.2, 2.0, 1.0), 0.4, emission=(5, 5, 1)),
        emitters=[rw.PointLight((2, 3, 2), 5), rw.DirectionalLight((0, -1, -1), 0.4), SKY],
    )


@case()
def copies_that_shine():
    flake = rw.Mesh([(0, 0, 0), (0.4, 0, 0), (0, 0, 0.5)], [(0, 1, 2)], emission=(10, 8, 6))
    matrices = [
        tf.translate(x, 3.0, 0.5 * x) @ tf.rotate(20 * x, (1, 0, 0)) @ tf.scale(1.5, 1, z)
        for x, z in ((-1.5, 1), (0, -1.5), (1.2, 2))
    ]
    return scene(floor(), ball(GREY), rw.Instances(flake, matrices))


@case()
def light_with_a_picture():
    shown = rw.ImageTexture(PICTURE, factor=(16, 12, 9))
    return scene(floor(), ball(GREY), lamp(shown))


# --- Materials ------------------------------------------------------------------------------------


@case(max_depth=5)
def mirror():
    return scene(floor(), ball(rw.Metal(1)), lamp(), emitters=[SKY])


@case(max_depth=4)
def rough_gold():
    return scene(floor(), ball(rw.Metal((1.0, 0.6, 0.2), 0.5)), lamp(), emitters=[SKY])


@case(max_depth=4)
def fine_copper():
    return scene(floor(), ball(rw.Metal((0.9, 0.5, 0.4), 0.3)), lamp(), emitters=[SKY])


@case(max_depth=4)
def principled_brass():
    brass = rw.Principled((0.9, 0.7, 0.3), metallic=1, roughness=0.4, compensate=False)
    return scene(floor(), ball(brass), lamp(), emitters=[SKY])


@case(max_depth=8)
def glass():
    return scene(floor(), ball(rw.Dielectric(1.5)), emitters=[SKY])


@case(max_depth=12)
def tinted_glass_with_a_bubble():
    tinted = rw.Dielectric(1.33, color=(0.9, 0.7, 0.5))
    bubble = rw.Sphere((0.1, 1.0, 0.2), 0.6, material=tinted, flip_normals=True)
    return scene(floor(), ball(tinted), bubble, emitters=[SKY])


@case(max_depth=5)
def lacquer():
    red = rw.Coated(rw.Diffuse((0.8, 0.2, 0.1)), ior=1.6)
    return scene(floor(), ball(red), lamp(), emitters=[SKY])


@case(max_depth=5)
def all_sides_scatter():
    # Seen from behind, and lit from behind: a sheet of each.
    sheets = [
        rw.Quad((x, 0.1, -0.5), (0.3, 0, 1.2), (0, 1.8, 0), material=material)
        for x, material in (
            (-1.8, rw.Diffuse((0.2, 0.7, 0.3))),
            (-0.4, rw.Coated(rw.Diffuse((0.3, 0.3, 0.9)))),
            (1.0, rw.Metal((0.9, 0.7, 0.3), 0.6)),
        )
    ]
    return scene(floor(), *sheets, lamp(), emitters=[rw.ConstantEnvironment(0.3)])


@case()
def gold_of_many_roughnesses():
    balls = [
        rw.Sphere((x, 0.6, 0), 0.6, material=rw.Conductor(metal, roughness=roughness))
        for x, metal, roughness in ((-1.4, "gold", 0.25), (0, "copper", 0.5), (1.4, "silver", 0.9))
    ]
    return scene(floor(), *balls, lamp(), emitters=[SKY])


@case(max_depth=5)
def mirrors_of_real_metals():
    indices = rw.Conductor((1.5, 0.9, 0.2), (7.0, 2.0, 3.5), color=(0.9, 1.0, 0.8))
    return scene(
        floor(),
        rw.Sphere((-0.9, 0.8, 0), 0.8, material=rw.Conductor("aluminium")),
        rw.Sphere((0.9, 0.8, 0), 0.8, material=indices),
        emitters=[SKY],
    )


@case(max_depth=8)
def frosted_glass():
    return scene(
        floor(rw.Diffuse(rw.Checkerboard(0.9, (0.2, 0.3, 0.5), scale=8))),
        rw.Sphere((-1.0, 0.9, 0), 0.8, material=rw.Dielectric(1.5, roughness=0.35)),
        rw.Sphere(
            (0.9, 0.9, 0), 0.8, material=rw.Dielectric(1.33, roughness=0.7, color=(1, 0.8, 0.6))
        ),
        emitters=[SKY],
    )


@case(max_depth=10)
def water_in_glass():
    # What Mitsuba calls 1.33 inside and 1.5 outside is 1.5 / 1.33 turned inside out here.
    water = rw.Dielectric(1.5 / 1.33)
    inside = rw.Sphere((0.1, 1, 0), 0.7, material=water, flip_normals=True)
    return scene(floor(), ball(rw.Dielectric(1.5)), inside, emitters=[SKY])


@case(max_depth=8)
def frosted_bubbles():
    balls = [
        rw.Sphere(
            (x, 0.7, 0), 0.6, material=rw.Dielectric(ior, roughness=roughness), flip_normals=True
        )
        for x, ior, roughness in ((-1.4, 1.5, 0.25), (0, 4 / 3, 0.55), (1.4, 2.4, 0.9))
    ]
    return scene(floor(), *balls, emitters=[SKY])


@case(max_depth=8)
def frosted_glass_under_a_lamp():
    pane = rw.Box((0, 1.0, 0.5), (2.4, 1.6, 0.2), material=rw.Dielectric(1.5, roughness=0.6))
    return scene(floor(), ball(rw.Diffuse((0.8, 0.3, 0.2))), pane, lamp(5))


@case(max_depth=8)
def thin_panes():
    panes = [
        rw.Quad(
            (-1.6, 0.1, 0.3 + x),
            (3.0, 0, 0.5),
            (0, 1.8, 0.2),
            material=rw.Dielectric(ior, thin=True, color=tint),
        )
        for x, ior, tint in ((0.0, 1.5, 1.0), (0.5, 2.2, (0.6, 0.9, 1.0)))
    ]
    return scene(floor(rw.Diffuse(rw.Checkerboard(0.9, 0.2, scale=8))), *panes, emitters=[SKY])


@case()
def mixtures():
    spots = rw.Checkerboard(0.1, 0.9, scale=(8, 4))
    rusty = rw.Mix(rw.Conductor("copper", roughness=0.4), rw.Diffuse((0.3, 0.1, 0.05)), spots)
    # Nothing smooth: Mitsuba's blend of a matte and a perfectly specular part is not linear.
    waxed = rw.Mix(rw.Diffuse((0.2, 0.5, 0.2)), rw.Metal(0.9, 0.5), 0.3)
    return scene(
        floor(),
        rw.Sphere((-0.9, 0.8, 0), 0.8, material=rusty),
        rw.Sphere((0.9, 0.8, 0), 0.8, material=waxed),
        lamp(),
        emitters=[SKY],
    )


@case(max_depth=5)
def veils_and_cut_out_leaves():
    veil = rw.Diffuse((0.8, 0.3, 0.2), opacity=0.4)
    leaf = rw.Diffuse((0.3, 0.7, 0.2), opacity=rw.Checkerboard(0, 1, scale=5))
    return scene(
        floor(),
        rw.Quad((-2.0, 0.1, 0.5), (1.8, 0, 0.4), (0, 1.8, 0.2), material=veil),
        rw.Quad((0.2, 0.1, 0.6), (1.8, 0, 0.2), (0, 1.8, -0.3), material=leaf),
        ball(GREY),
        lamp(),
        emitters=[SKY],
    )


@case()
def normal_maps():
    tilts = np.random.default_rng(8).uniform(-0.35, 0.35, (6, 7, 2))
    pixels = np.concatenate([tilts / 2 + 0.5, np.ones((6, 7, 1))], axis=-1)
    bumps = rw.ImageTexture(pixels, encoding="linear", filter="nearest", scale=2)
    camera = CAMERA.replace(look_from=(1.0, 6.0, 4.0))
    return scene(
        floor(rw.Diffuse(0.7, normal_map=bumps)),
        rw.Quad(
            (-1.5, 0.4, 0.5),
            (2.0, 0.3, 0.5),
            (0.2, 1.0, -1.6),
            material=rw.Metal((0.9, 0.7, 0.4), 0.5, normal_map=bumps),
        ),
        lamp(),
        emitters=[SKY],
        camera=camera,
    )


# --- Media ----------------------------------------------------------------------------------------


@case(max_depth=10)
def coloured_glass():
    green = rw.HomogeneousMedium(absorption=(1.2, 0.1, 0.7))
    return scene(
        floor(rw.Diffuse(rw.Checkerboard(0.9, 0.3, scale=8))),
        ball(rw.Dielectric(1.5, interior=green)),
        emitters=[SKY],
    )


def lumps(shape=(20, 16, 12)):
    """Numbers from 0 to 1, half of them 0, that change from cell to cell."""
    numbers = np.random.default_rng(11).random(shape)
    return np.maximum(0.0, 2.0 * numbers - 1.0)


@case(max_depth=12, integrator="volpath")
def a_cloud_of_numbers():
    look = rw.TransferFunction((0.95, 0.8, 0.6), density=5.0, limits=(0, 1), g=0.4)
    spacing = (2.0 / 20, 1.6 / 16, 1.8 / 12)
    cloud = rw.Volume(
        lumps(), spacing=spacing, origin=(-1.0 + 0.05, 0.2 + 0.05, -0.9 + 0.075), transfer=look
    )
    return scene(floor(), cloud, lamp(), emitters=[SKY])


@case(max_depth=6, integrator="volpath")
def numbers_like_bricks():
    look = rw.TransferFunction(0.7, density=8.0, limits=(0, 2))
    cloud = rw.Volume(
        2.0 * lumps((4, 3, 5)),
        spacing=0.4,
        origin=(-0.6, 0.4, -0.8),
        transfer=look,
        interpolation="nearest",
        precision="single",
    )
    return scene(floor(), cloud, lamp())


@case(max_depth=12, integrator="volpath")
def smoke():
    grey = rw.HomogeneousMedium((0.2, 0.3, 0.5), (1.5, 1.2, 0.8), anisotropy=0.5)
    return scene(floor(), ball(rw.Interface(grey)), lamp(), emitters=[SKY])


@case(max_depth=12, integrator="volpath")
def milk_in_glass():
    white = rw.HomogeneousMedium((0.05, 0.1, 0.3), 2.0, anisotropy=-0.3)
    return scene(floor(), ball(rw.Dielectric(1.3, interior=white)), emitters=[SKY])


@case(max_depth=6, integrator="volpath")
def fog():
    mist = rw.HomogeneousMedium(0.02, (0.08, 0.1, 0.14), anisotropy=0.3)
    return scene(floor(), ball(GREY), lamp()).replace(medium=mist)


# --- Shapes and textures --------------------------------------------------------------------------

BOARD = rw.Checkerboard((0.9, 0.8, 0.2), (0.1, 0.2, 0.6), scale=(8, 4))


@case()
def board_on_a_sphere_and_a_quad():
    tiles = rw.Checkerboard(0.8, (0.3, 0.1, 0.1), scale=(8, 5))
    return scene(floor(rw.Diffuse(tiles)), ball(rw.Diffuse(BOARD)), emitters=[SKY])


@case()
def box():
    crate = rw.Box((0, 0.9, 0), (1.2, 1.6, 1.0), rotation=(10, 35, 20), material=GREY)
    return scene(floor(), crate, lamp(), emitters=[SKY])


@case()
def flat_mesh():
    rough = round_mesh((0, 1, 0), 1, 10, 8).replace(normals=None, uvs=None)
    return scene(floor(), rough.replace(material=GREY), lamp(), emitters=[SKY])


@case()
def smooth_mesh_with_texture():
    return scene(
        floor(),
        round_mesh((0, 1, 0), 1, 48, 32, material=rw.Diffuse(BOARD)),
        emitters=[SKY],
    )


@case()
def instances():
    mesh = round_mesh((0, 0, 0), 0.5, 8, 6, material=rw.Diffuse((0.7, 0.5, 0.2)))
    mesh = mesh.replace(normals=None)
    matrices = [
        tf.translate(x, 0.6, z) @ tf.rotate_xyz(20 * x, 30, 40 * z) @ tf.scale(0.8, 1.2, sign)
        for x, z, sign in ((-1.2, 0, 1), (0, -1, -1), (1, 0.4, 0.6))
    ]
    return scene(floor(), rw.Instances(mesh, matrices), lamp(), emitters=[SKY])


MIRRORED = tf.translate(0, 1, 0) @ tf.rotate(30, (0, 0, 1)) @ tf.scale(-1.2, 0.6, 0.9)


@case(max_depth=5)
def stretched_and_mirrored_smooth_copy():
    # Normals go by the inverse transpose, and a highlight shows where they point.
    mesh = round_mesh((0, 0, 0), 1, 10, 7, material=rw.Metal(1, 0.5))
    return scene(floor(), rw.Instances(mesh, [MIRRORED]), lamp(4), emitters=[SKY])


@case(max_depth=9)
def mirrored_copy_of_glass():
    # The inside stays inside, though the corners run the other way round.
    mesh = round_mesh((0, 0, 0), 1, 10, 7, material=rw.Dielectric(1.5))
    flat = mesh.replace(normals=None, uvs=None)
    return scene(floor(), rw.Instances(flat, [MIRRORED]), emitters=[SKY])


@case()
def round_shapes():
    return scene(
        floor(),
        rw.Disk((-1.8, 1.0, -0.3), (0.4, 0.2, 1.0), 0.8, material=rw.Diffuse((0.8, 0.3, 0.3))),
        rw.Cylinder((-0.6, 0.4, 0.8), (0.4, 0.5, 1.4), 0.35, material=rw.Diffuse((0.3, 0.7, 0.3))),
        rw.Cylinder((0.2, 0, -0.8), (0.1, 1.9, -0.6), 0.5, caps=False, material=GREY),
        rw.Cone((1.5, 0, 0), (1.7, 1.6, 0.2), 0.7, material=rw.Diffuse((0.3, 0.4, 0.8))),
        rw.Cone((-1.2, 0, 1.6), (-1.2, 0.7, 1.6), 0.3, 0.5, caps=False, material=GREY),
        lamp(),
        emitters=[SKY],
    )


@case(max_depth=12)
def round_shapes_of_glass():
    glass = rw.Dielectric(1.5)
    return scene(
        floor(rw.Diffuse(rw.Checkerboard(0.9, (0.2, 0.3, 0.5), scale=8))),
        rw.Cylinder((-0.9, 0.02, 0), (-0.8, 1.7, 0.2), 0.6, material=glass),
        rw.Cone((1.0, 0.02, 0.3), (1.1, 1.6, 0.2), 0.7, 0.3, material=glass),
        emitters=[SKY],
    )


@case()
def board_on_a_tube():
    tube = rw.Cylinder((-0.8, 0.8, 0.3), (0.9, 1.2, 0), 0.7, caps=False, material=rw.Diffuse(BOARD))
    return scene(floor(), tube, emitters=[SKY])


@case()
def many_shapes():
    generator = np.random.default_rng(6)
    places = generator.uniform((-2, 0.2, -2), (2, 1.6, 1), (80, 3))
    ends = places[:40] + generator.normal(0, 0.4, (40, 3))
    colors = generator.uniform(0, 1, (80, 3))
    return scene(
        floor(),
        rw.Spheres(
            places[40:], 0.2, colors=colors[40:], material=rw.Diffuse(rw.Attribute("color"))
        ),
        rw.Cylinders(places[:40], ends, 0.07, material=GREY),
        lamp(),
        emitters=[SKY],
    )


@case()
def mesh_of_several_materials():
    mesh = round_mesh((0, 1, 0), 1, 16, 12)
    materials = [GREY, rw.Metal((0.9, 0.6, 0.2), 0.5), rw.Diffuse(0.1, emission=(0.2, 0.5, 1.0))]
    rows = np.arange(len(mesh.faces)) * 7 % 11 % 3
    mesh = mesh.replace(materials=materials, face_materials=rows, normals=None)
    return scene(floor(), mesh, lamp(), emitters=[SKY])


# An uneven picture: no symmetry hides that it is turned or mirrored.
PICTURE = np.random.default_rng(5).uniform(0, 1, (3, 5, 3)).round(2)


@case()
def picture_on_a_sphere_and_a_quad():
    smooth = rw.ImageTexture(PICTURE, scale=(2, 1.5), offset=(0.3, 0.1))
    coarse = rw.ImageTexture(PICTURE, filter="nearest", scale=3)
    return scene(floor(rw.Diffuse(smooth)), ball(rw.Diffuse(coarse)), emitters=[SKY])


@case()
def pictures_that_end():
    panels = [
        rw.Quad((x, 0.3, 0), (1.6, 0, 0.4), (0, 1.6, 0), material=rw.Diffuse(texture))
        for x, texture in (
            (-2.0, rw.ImageTexture(PICTURE, wrap="mirror", scale=2.2)),
            (0.4, rw.ImageTexture(PICTURE, wrap="clamp", scale=2, offset=(-0.5, -0.5))),
        )
    ]
    return scene(floor(), *panels, lamp(), emitters=[SKY])


@case()
def eight_bits_and_gradients():
    pixels = (PICTURE * 255).astype(np.uint8)
    across = rw.Gradient((0.9, 0.1, 0.1), (0.1, 0.2, 0.9), axis="u")
    panel = rw.Quad(
        (-2.0, 0.3, 0), (1.6, 0, 0.4), (0, 1.6, 0), material=rw.Diffuse(rw.ImageTexture(pixels))
    )
    up = rw.Quad(
        (0.2, 0.3, 0),
        (1.6, 0, 0.4),
        (0, 1.6, 0),
        material=rw.Diffuse(rw.Gradient((0.1, 0.6, 0.1), 0.9)),
    )
    return scene(floor(rw.Diffuse(across)), panel, up, emitters=[SKY])


@case()
def roughness_from_a_picture():
    rough = rw.ImageTexture(0.2 + 0.6 * PICTURE[..., 0], scale=2)
    return scene(floor(), ball(rw.Metal((0.9, 0.7, 0.4), rough)), lamp(), emitters=[SKY])


@case()
def colours_of_vertices():
    mesh = round_mesh((0, 1, 0), 1, 12, 8, material=rw.Diffuse(rw.Attribute("color")))
    colors = np.random.default_rng(1).uniform(0, 1, mesh.vertices.shape)
    return scene(floor(), mesh.replace(colors=colors, normals=None), lamp(), emitters=[SKY])


# --- Camera ---------------------------------------------------------------------------------------


@case()
def camera_on_its_side():
    camera = rw.PerspectiveCamera(look_from=(3, 4, 5), look_at=(0, 1, 0), up=(1, 1, -1), vfov=50)
    return scene(floor(rw.Diffuse(BOARD)), ball(GREY), lamp(), emitters=[SKY], camera=camera)


@case()
def thin_lens():
    camera = CAMERA.replace(aperture_radius=0.25, focus_distance=5.0)
    tiles = rw.Checkerboard(0.9, (0.5, 0.1, 0.1), scale=8)
    return scene(floor(rw.Diffuse(tiles)), ball(GREY), emitters=[SKY], camera=camera)


@case()
def parallel_rays():
    camera = rw.OrthographicCamera(look_from=(3, 4, 5), look_at=(0.2, 0.8, 0), height=4.5)
    tiles = rw.Checkerboard(0.9, (0.5, 0.1, 0.1), scale=8)
    return scene(floor(rw.Diffuse(tiles)), ball(GREY), lamp(), emitters=[SKY], camera=camera)


@case(filter="tent", rounding=0.01)  # Mitsuba looks filters up in a coarse table
def tent_filter():
    return board_on_a_sphere_and_a_quad()


@case(filter="gaussian", rounding=0.01)
def gaussian_filter():
    return board_on_a_sphere_and_a_quad()


# --- Whole pictures -------------------------------------------------------------------------------


@case(max_depth=8, spp=1024)
def cornell():
    # With matte things in it: what glass and mirror do to a small lamp is too rare to compare here.
    room = rw.presets.cornell_boxes()
    shapes = [
        s.replace(material=rw.Diffuse(0.73)) if isinstance(s, rw.Box) else s for s in room.shapes
    ]
    return room.replace(shapes=shapes)
