"""Scenes put together by chance: shapes x materials x textures x cameras x lights."""

from collections.abc import Mapping
from dataclasses import fields

import numpy as np

import raywidget as rw
from raywidget.scene.values.grids import Grid


def is_same(a, b):
    """Are two values of scenes equal, with all that they are made of, to the last bit?"""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, tuple | list):
        return len(a) == len(b) and all(map(is_same, a, b))
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and list(a) == list(b) and all(is_same(a[k], b[k]) for k in a)
    if isinstance(a, Grid):
        return isinstance(b, Grid) and is_same(a.array, b.array)
    if isinstance(a, rw.ImageTexture):
        # Where its pixels were chosen from does not count.
        names = ("pixels", "is_srgb", "wrap", "filter", "scale", "offset", "factor", "uvs", "name")
        return isinstance(b, rw.ImageTexture) and all(
            is_same(getattr(a, name), getattr(b, name)) for name in names
        )
    if isinstance(a, rw.scene.values.described.SceneObject):
        return type(a) is type(b) and all(
            is_same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)
        )
    return type(a) is type(b) and a == b


def generated_scene(seed, *, plain=False, lights=None):
    """A scene of a handful of things before the camera.

    With `plain`, glTF can say all of it but the sky, which it has none of.
    """
    return _Chance(seed, plain).scene(lights)


class _Chance:
    def __init__(self, seed, plain):
        self.rng = np.random.default_rng(seed)
        self.plain = plain

    def maybe(self, share=0.5):
        return self.rng.random() < share

    def pick(self, *items):
        return items[self.rng.integers(len(items))]

    def color(self, low=0.1, high=0.9):
        return tuple(float(c) for c in self.rng.uniform(low, high, 3))

    def number(self, low=0.0, high=1.0):
        return float(self.rng.uniform(low, high))

    # --- Textures ---------------------------------------------------------------------------------

    def picture(self, kind):
        size = (int(self.rng.integers(2, 6)), int(self.rng.integers(2, 6)))
        lie = {
            "wrap": self.pick("repeat", "mirror", "clamp", ("clamp", "repeat")),
            "filter": self.pick("bilinear", "nearest"),
            "scale": (self.number(0.5, 3.0), -self.number(0.5, 3.0)),
            "offset": (self.number(-1.0, 1.0), self.number(-1.0, 1.0)),
        }
        if kind == "normal":
            pixels = self.rng.integers(100, 156, (*size, 3)).astype(np.uint8)
            pixels[:, :, 2] = 255
            return rw.ImageTexture(pixels, encoding="linear", **lie)
        if kind == "number":
            pixels = self.rng.integers(60, 200, (*size, 4)).astype(np.uint8)
            return rw.ImageTexture(pixels, channel=self.pick("r", "g", "b", "a"), **lie)
        channels = self.pick(1, 3)
        pixels = self.rng.integers(20, 250, (*size, channels)).astype(np.uint8)
        return rw.ImageTexture(pixels, factor=self.color(0.5, 1.0), **lie)

    def colorful(self):
        if self.maybe(0.4):
            return self.picture("color")
        if not self.plain and self.maybe(0.3):
            inner = self.pick(self.color(), self.picture("color"))
            return self.pick(
                rw.Checkerboard(self.color(), inner, scale=(3, 4)),
                rw.Gradient(self.color(), self.color(), axis=self.pick("u", "v")),
                rw.Attribute("color"),
                rw.ImageTexture(self.rng.random((3, 4, 3))),
            )
        return self.color()

    def amount(self, low=0.0, high=1.0):
        return self.picture("number") if self.maybe(0.25) else self.number(low, high)

    # --- Materials --------------------------------------------------------------------------------

    def outer(self):
        return {
            "normal_map": self.picture("normal") if self.maybe(0.3) else None,
            "normal_scale": self.number(0.3, 1.5),
            "opacity": self.pick(1.0, 1.0, self.amount(0.3, 0.9)),
        }

    def principled(self):
        values = {"roughness": self.amount(0.3, 1.0), "ior": self.pick(1.5, self.number(1.1, 2.0))}
        if self.maybe(0.4):
            values["metallic"] = self.amount()
        if self.maybe(0.4):
            values["specular"] = self.amount()
            values["specular_color"] = self.pick(self.color(0.1, 1.5), self.colorful())
        if self.maybe(0.4):
            values["clearcoat"] = self.amount(0.2, 1.0)
            values["clearcoat_roughness"] = self.amount(0.2, 0.9)
        if self.maybe(0.4):
            values["sheen_color"] = self.colorful()
            values["sheen_roughness"] = self.amount(0.3, 1.0)
        if self.maybe(0.3):
            values["transmission"] = self.amount(0.2, 1.0)
            values["thin"] = True
        return rw.Principled(self.colorful(), **values, **self.outer())

    def material(self):
        kind = self.rng.integers(4 if self.plain else 10)
        if kind == 0:
            return rw.Diffuse(self.colorful(), **self.outer())
        if kind <= 3:
            return self.principled()
        if kind == 4:
            return rw.Metal(self.colorful(), roughness=self.amount(), **self.outer())
        if kind == 5:
            return rw.Conductor(self.pick("gold", "copper"), roughness=self.amount())
        if kind == 6:
            return rw.Dielectric(self.number(1.2, 2.0), roughness=self.number(), color=self.color())
        if kind == 7:
            medium = rw.HomogeneousMedium(self.color(), self.pick(0.0, self.color()))
            return rw.Dielectric(1.4, interior=medium)
        if kind == 8:
            return rw.Coated(rw.Diffuse(self.colorful()), ior=self.number(1.2, 1.8))
        return rw.Mix(rw.Diffuse(self.colorful()), rw.Metal(self.color()), self.amount())

    # --- Shapes -----------------------------------------------------------------------------------

    def look(self):
        if self.maybe(0.15):
            light = rw.Diffuse(0.3, emission=self.pick(self.color(0.5, 4.0), self.picture("color")))
            return {"material": light}
        return {"material": self.material()}

    def mesh(self, **look):
        count = 4
        u, v = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
        bumps = 0.2 * self.rng.random(u.shape)
        vertices = np.stack([u.ravel(), v.ravel(), bumps.ravel()], axis=1) - (0.5, 0.5, 0.0)
        first = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).reshape(-1, 1)
        faces = (first + np.array((0, 1, count + 1, 0, count + 1, count))).reshape(-1, 3)
        normals = self.rng.normal(0, 0.1, vertices.shape) + np.array((0, 0, 1))
        more = {"normals": normals} if self.maybe() else {}
        if self.maybe(0.8):
            more["uvs"] = self.rng.uniform(-1, 2, (len(vertices), 2))
        if self.maybe(0.4):
            times = self.pick(None, self.picture("color"))
            material = self.pick(rw.Diffuse, rw.Principled)(rw.Attribute("color", times=times))
            look = {"material": material}
            colored = self.pick("colors", "face_colors")
            more[colored] = self.rng.random((len(vertices if colored == "colors" else faces), 3))
        elif self.maybe(0.4):
            look = {
                "materials": [self.material() for _ in range(3)],
                "face_materials": self.rng.integers(0, 3, len(faces)),
            }
        return rw.Mesh(vertices, faces, flip_normals=self.maybe(0.2), **more, **look)

    def places(self, count):
        return [
            rw.transforms.translate(*self.rng.uniform(-1.5, 1.5, 3))
            @ rw.transforms.rotate_xyz(*self.rng.uniform(-60, 60, 3))
            @ rw.transforms.scale(*self.rng.uniform(0.3, 1.2, 3) * (self.pick(1, -1), 1, 1))
            for _ in range(count)
        ]

    def shape(self):
        center = tuple(self.rng.uniform(-1.2, 1.2, 3).tolist())
        kind = self.rng.integers(4 if self.plain else 11)
        if kind == 0:
            mesh = self.mesh(**self.look())
            return mesh.replace(vertices=1.5 * mesh.vertices + np.array(center))
        if kind == 1:
            return rw.Quad(center, (1.2, 0.1, 0.3), (0.0, 1.1, 0.3), **self.look())
        if kind == 2:
            turn = tuple(self.rng.uniform(-90, 90, 3).tolist())
            return rw.Box(center, (0.5, 0.9, 0.7), rotation=turn, **self.look())
        if kind == 3:
            return rw.Instances(self.mesh(**self.look()), self.places(3))
        flip = {"flip_normals": self.maybe(0.2)}
        count = self.pick(3, 300)
        many = 2.0 * self.rng.random((count, 3)) - 1.0
        colors = self.rng.random((count, 3))
        attribute = rw.Diffuse(rw.Attribute("color"))
        if kind == 4:
            return rw.Sphere(center, 0.5, **flip, **self.look())
        if kind == 5:
            return rw.Cylinder(center, (0.3, 0.2, 0.9), 0.2, caps=self.maybe(), **self.look())
        if kind == 6:
            top = self.pick(0.0, 0.1)
            return rw.Cone(center, (0.2, 0.4, 0.7), 0.4, top, caps=self.maybe(), **self.look())
        if kind == 7:
            return rw.Disk(center, (0.3, 0.2, 1.0), 0.6, **flip, **self.look())
        if kind == 8:
            return rw.Spheres(many, 0.05, colors=colors, material=attribute)
        if kind == 9:
            return rw.Cylinders(many, many + 0.2, 0.03, colors=colors, material=attribute)
        mesh = self.mesh(material=attribute)
        return rw.Instances(mesh, self.places(count), colors=colors)

    # --- The whole --------------------------------------------------------------------------------

    def light(self):
        position = (self.number(-1, 1), self.number(-1, 1), self.number(2, 4))
        smooth = "smooth" if self.plain else self.pick("smooth", "linear", "quartic")
        return self.pick(
            rw.PointLight(position, self.color(3.0, 9.0)),
            rw.DirectionalLight((0.3, -0.2, -1.0), self.color(0.5, 2.0)),
            rw.SpotLight(position, (0, 0, 0), self.color(5.0, 20.0), cone_angle=50, falloff=smooth),
        )

    def camera(self):
        pose = {"look_from": (0.3, 0.4, 4.0), "look_at": self.pick((0, 0, 0), (0.1, -0.1, 0.2))}
        if self.maybe(0.3):
            return rw.OrthographicCamera(height=4.0, **pose)
        if not self.plain and self.maybe(0.5):
            return self.pick(
                rw.PerspectiveCamera(aperture_radius=0.1, **pose), rw.PanoramicCamera(**pose)
            )
        return rw.PerspectiveCamera(vfov=self.number(40, 70), **pose)

    def sky(self):
        image = self.rng.random((4, 8, 3))
        return self.pick(
            rw.ConstantEnvironment(self.color()),
            rw.GradientEnvironment(top=self.color(), bottom=self.color()),
            rw.ImageEnvironment(image, rotation=self.number(0, 360)),
            rw.StudioEnvironment(lamps=[((1, 1, 0), 20, 12.0)], top=0.8),
        )

    def scene(self, lights):
        emitters = [self.light() for _ in range(2 if lights is None else lights)]
        if not self.plain:
            emitters.append(self.sky())
        more = {}
        if not self.plain and self.maybe(0.3):
            more = {"background": self.color(), "name": "by chance"}
            more["notes"] = ["a note"]
        wall = rw.Quad((-4, -4, -2), (8, 0, 0), (0, 8, 0), material=rw.Diffuse(self.colorful()))
        return rw.Scene(
            [self.shape() for _ in range(5)] + [wall],
            emitters=emitters,
            camera=self.camera(),
            defaults={"width": 40, "height": 30, "spp": 4},
            **more,
        )
