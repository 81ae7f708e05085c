"""Run in several environments: one picture of every kind, into a file whose name is given.

It prints which modules were loaded, how long the first picture took, and where kernels are.
"""

import json
import sys
import time

began = time.process_time()

import numpy as np  # noqa: E402

import raywidget as rw  # noqa: E402

rw.render(rw.presets.cornell(), width=64, height=64, spp=1)
first = time.process_time() - began

SIZE = {"width": 24, "height": 16, "spp": 4, "seed": 3}
CAMERA = rw.PerspectiveCamera(look_from=(0, 0, 8), look_at=(0, 0, 0), vfov=40)


def everything():
    board = rw.Checkerboard((0.1, 0.1, 0.1), (0.9, 0.9, 0.9), scale=8)
    triangle = rw.Mesh(np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)]), np.array([(0, 1, 2)]))
    places = np.stack([np.eye(4)] * 3)
    places[:, 0, 3] = (-2, 0, 1)
    shapes = [
        rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(board)),
        rw.Sphere((2, 0, 0), 0.8, material=rw.Principled((0.8, 0.5, 0.2), roughness=0.3)),
        rw.Sphere((-2, 0, 0), 0.8, material=rw.Dielectric(1.5, roughness=0.2)),
        rw.Cylinder((0, -2, 0), (0, -1, 0), 1, material=rw.Conductor("gold", roughness=0.2)),
        rw.Instances(triangle, places),
        *(rw.Sphere((k - 6, 4, 0), 0.1, emission=5.0) for k in range(12)),
    ]
    sky = np.random.default_rng(1).random((4, 8, 3), np.float32)
    lights = [rw.ImageEnvironment(sky), rw.PointLight((0, 5, 5), 20)]
    return rw.Scene(shapes, emitters=lights, camera=CAMERA)


def fog():
    medium = rw.HomogeneousMedium(absorption=0.05, scattering=0.1)
    shapes = [rw.Sphere((0, 0, 0), 1), rw.Sphere((0, 3, 0), 0.5, emission=5.0)]
    lights = [rw.ConstantEnvironment(0.5)]
    return rw.Scene(shapes, emitters=lights, camera=CAMERA, medium=medium)


pictures = {}
scenes = {
    "plain": rw.presets.cornell(),
    "tree": rw.presets.trianglemesh(),
    "full": everything(),
    "fog": fog(),
}
for name, scene in scenes.items():
    ways = ("volpath", "ao", "normals", "albedo", "depth")
    for integrator in ways if name == "fog" else (*ways, "path", "direct", "bdpt"):
        image = rw.render(scene, integrator=integrator, **SIZE)
        pictures[f"{name} {integrator}"] = image.pixels
    aovs = ["albedo", "normal", "depth", "object_id"]
    image = rw.render(scene, integrator="volpath", aovs=aovs, alpha=True, **SIZE)
    pictures[f"{name} alpha"] = image.alpha
    pictures.update({f"{name} {aov}": image.aovs[aov] for aov in aovs})

for name in rw.presets.NAMES:  # of meshes, clouds, instances, textures, and what else there is
    image = rw.render(rw.presets.preset(name), width=24, height=16, spp=1)
    pictures[f"preset {name}"] = image.pixels

widget = rw.RayWidget(scenes["full"], width=24, height=16, spp=1)
widget.wait(600)
hit = widget.pick(12, 8).hit
widget.close()
pictures["picked"] = np.array([hit.index, hit.distance])
np.savez(sys.argv[1], **pictures)

from raywidget.engine.about import place_of_kernels  # noqa: E402

print(
    json.dumps(
        {
            "loaded": [name for name in ("numba", "llvmlite") if name in sys.modules],
            "first": first,
            "kernels": place_of_kernels(),
        }
    )
)
