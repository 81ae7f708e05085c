"""Every way in, once, with what is installed where this runs; needs no pytest.

``python everything.py FOLDER [small]`` prints a line of JSON for each way: its name, whether it
worked (or why not), and how long it took. Pictures go into FOLDER, for comparisons with those of
other environments. ``small`` leaves out the integrators that are compiled on their own.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

FOLDER = Path(sys.argv[1])
SMALL = sys.argv[2:] == ["small"]
SIZE = {"width": 24, "height": 16, "spp": 16, "seed": 3}
PACKAGES = ("numba", "llvmlite", "numpy", "pillow", "anywidget", "traitlets", "OpenEXR", "trimesh")

ways = []


def way(function):
    ways.append(function)
    return function


def keep(name, pixels):
    """A picture, for comparisons."""
    assert np.isfinite(pixels).all(), f"{name} has pixels that are not finite"
    assert np.ptp(pixels) > 0.01, f"{name} shows nothing"
    np.save(FOLDER / f"{name}.npy", pixels)


def render(name, scene, **settings):
    import raywidget as rw

    image = rw.render(scene, **{**SIZE, **settings})
    keep(name, image.pixels)
    return image


def run(*command):
    """A process that has to end well."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def full_scene():
    """Textures, copies, round shapes, many lights, an image as the sky: all that is not plain."""
    import raywidget as rw

    board = rw.Checkerboard((0.1, 0.1, 0.1), (0.9, 0.9, 0.9), scale=8)
    triangle = rw.Mesh(
        np.array([(0, 0, 0), (1, 0, 0), (0, 1, 0)], np.float32), np.array([(0, 1, 2)])
    )
    places = np.stack([np.eye(4)] * 3)
    places[:, 0, 3] = (-2, 0, 1)
    sky = np.full((4, 8, 3), 0.3, np.float32)
    return rw.Scene(
        [
            rw.Sphere((0, 0, 0), 1, material=rw.Diffuse(board)),
            rw.Sphere((2, 0, 0), 0.8, material=rw.Principled((0.8, 0.5, 0.2), roughness=0.3)),
            rw.Sphere((-2, 0, 0), 0.8, material=rw.Dielectric(1.5, roughness=0.2)),
            rw.Cylinder((0, -2, 0), (0, -1, 0), 1, material=rw.Conductor("gold", roughness=0.2)),
            rw.Instances(triangle, places),
            *(rw.Sphere((k - 6, 4, 0), 0.1, emission=5.0) for k in range(12)),
        ],
        emitters=[rw.ImageEnvironment(sky), rw.PointLight((0, 5, 5), 20)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 8), look_at=(0, 0, 0), vfov=40),
    )


def fog():
    import raywidget as rw

    return rw.Scene(
        [rw.Sphere((0, 0, 0), 1), rw.Sphere((0, 3, 0), 0.5, emission=5.0)],
        emitters=[rw.ConstantEnvironment(0.5)],
        camera=rw.PerspectiveCamera(look_from=(0, 0, 5), look_at=(0, 0, 0)),
        medium=rw.HomogeneousMedium(absorption=0.05, scattering=0.1),
    )


after_warmup = set()


@way
def warmup():
    import raywidget as rw

    rw.warmup()
    after_warmup.update(stored_kernels())


@way
def path_plain():
    import raywidget as rw

    render("path_plain", rw.presets.cornell())
    render("path_tree", rw.presets.trianglemesh())


@way
def path_full():
    render("path_full", full_scene())


@way
def portals():
    """A room whose window is known, under each kind of sky."""
    import raywidget as rw

    wall = rw.Diffuse(0.7)
    shapes = [
        rw.Quad((-2, 0, 2), (4, 0, 0), (0, 0, -4), material=wall),
        rw.Quad((-2, 0, -2), (4, 0, 0), (0, 1, 0), material=wall),
        rw.Quad((-2, 2, -2), (4, 0, 0), (0, 1, 0), material=wall),
        rw.Quad((-2, 3, -2), (4, 0, 0), (0, 0, 4), material=wall),
    ]
    window = rw.Portal((-2, 1, -2), (4, 0, 0), (0, 1, 0))
    camera = rw.PerspectiveCamera(look_from=(0, 1.5, 4), look_at=(0, 1, 0))
    for name, sky in {
        "plain": rw.GradientEnvironment(top=2, bottom=0.5),
        "image": rw.ImageEnvironment(np.linspace(0, 4, 96, dtype=np.float32).reshape(4, 8, 3)),
    }.items():
        render(f"portals_{name}", rw.Scene(shapes, emitters=[sky, window], camera=camera))


@way
def caustics():
    import raywidget as rw

    floor = rw.Quad((-3, 0, 3), (6, 0, 0), (0, 0, -6), material=rw.Diffuse(0.6))
    glass = rw.Sphere((0, 1, 0), 1, material=rw.Dielectric(1.5))
    lamp = rw.Sphere((-2, 5, -1), 0.5, emission=40)
    camera = rw.PerspectiveCamera(look_from=(0, 3, 6), look_at=(0, 0.5, 0))
    render("caustics", rw.Scene([floor, glass, lamp], camera=camera), caustics=True)


@way
def aovs():
    import raywidget as rw

    image = rw.render(full_scene(), **SIZE, aovs=["albedo", "normal", "depth", "object_id"])
    keep("aov_normal", image.aovs["normal"])
    assert set(np.unique(image.aovs["object_id"])) >= {-1, 0, 1, 2}


@way
def preview():
    import raywidget as rw

    render("ao", rw.presets.cornell(), integrator="ao")


@way
def volpath():
    render("volpath", fog(), integrator="volpath")


@way
def edges_and_cuts():
    import numpy as np

    import raywidget as rw

    plane = rw.Plane((0, 0, 0.2), (0, 0, 1))
    field = rw.Volume(np.mgrid[0:4, 0:4, 0:4][0], spacing=0.4, origin=(0.6, -0.6, -0.6))
    box = rw.Box((-1, 0, 0), (1, 1, 1), edges=rw.Edges(2, "navy"), clip=[plane], caps=True)
    camera = rw.PerspectiveCamera(look_from=(0, 1, 5), look_at=(0, 0, 0), shift=(0.1, 0))
    scene = rw.Scene(
        [box, field], emitters=[rw.ConstantEnvironment(1)], camera=camera, clip=[plane],
        caps="values",
    )  # fmt: skip
    render("edges_and_cuts", scene, integrator="volpath")


@way
def bdpt():
    import raywidget as rw

    render("bdpt", rw.presets.cornell(), integrator="bdpt")


@way
def resumed():
    import raywidget as rw

    scene = rw.presets.cornell()
    half = rw.render(scene, **{**SIZE, "spp": 8})
    whole = rw.render(scene, **SIZE, resume=half)
    assert np.array_equal(whole.pixels, np.load(FOLDER / "path_plain.npy"))


@way
def executor():
    from concurrent.futures import ThreadPoolExecutor

    import raywidget as rw

    with ThreadPoolExecutor(2) as pool:
        there = rw.render(rw.presets.cornell(), executor=pool, **SIZE)
    assert there.statistics["workers"] == 1  # a process
    assert np.array_equal(there.pixels, rw.render(rw.presets.cornell(), **SIZE).pixels)


@way
def checkpoint():
    import raywidget as rw

    place = FOLDER / "resumed.checkpoint"
    rw.render(rw.presets.cornell(), checkpoint=place, **{**SIZE, "spp": 8})
    whole = rw.resume(place, spp=SIZE["spp"])
    place.unlink()
    assert np.array_equal(whole.pixels, np.load(FOLDER / "path_plain.npy"))


@way
def batch_and_region():
    import raywidget as rw

    scene, region = rw.presets.cornell(), (3, 2, 9, 7)
    folder = FOLDER / "batch"
    for status in ("done", "skipped"):
        made = rw.render_many([scene], folder, suffix=".npy", region=region, **SIZE)
        assert [item.status for item in made] == [status]
    whole = np.load(FOLDER / "path_plain.npy")
    assert np.array_equal(np.load(folder / "000000.npy"), whole[2:9, 3:12])
    shutil.rmtree(folder)


@way
def pick():
    import raywidget as rw

    widget = rw.RayWidget(full_scene(), width=24, height=16, spp=1)
    try:
        widget.wait(600)
        hit = widget.pick(12, 8).hit
        assert hit.index == 0, hit
        assert abs(hit.distance - 7.0) < 0.05, hit
        assert widget.image.shape == (16, 24, 3)
    finally:
        widget.close()


@way
def widget_and_page():
    """In a process of its own: it stands in for the comm of a kernel."""
    script = Path(__file__).parents[1] / "wheel" / "talk.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["view"]
    assert report["tiles"] >= 4, report
    assert report["picture"] == [32, 32, 3]


@way
def page_that_turns():
    import raywidget as rw

    with tempfile.TemporaryDirectory() as folder:
        page = rw.to_html(
            rw.presets.cornell(),
            Path(folder, "a.html"),
            orbit=True,
            views=(2, 1),
            width=16,
            height=16,
            spp=1,
        )
        assert page.views == 2
        assert page.path.stat().st_size == page.size


@way
def pictures_in_files():
    from PIL import Image

    import raywidget as rw

    image = rw.render(rw.presets.cornell(), **SIZE)
    for suffix in ("png", "npy", "npz"):
        image.save(FOLDER / f"saved.{suffix}")
    assert np.array_equal(np.load(FOLDER / "saved.npy"), image.pixels)
    with Image.open(FOLDER / "saved.png") as picture:
        assert np.asarray(picture).shape[:2] == (16, 24)


@way
def exr():
    import raywidget as rw

    image = rw.render(rw.presets.cornell(), **SIZE)
    image.save(FOLDER / "saved.exr")
    sky = rw.ImageEnvironment(FOLDER / "saved.exr")
    camera = rw.PanoramicCamera(look_from=(0, 0, 0), look_at=(0, 0, -1))
    seen = render("exr", rw.Scene([], emitters=[sky], camera=camera))
    assert 0.5 < seen.pixels.max() / image.pixels.max() <= 1.0001


@way
def meshes_in_files():
    import raywidget as rw

    (FOLDER / "tent.obj").write_text(
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv .5 .5 1\nf 1 2 5\nf 2 3 5\nf 3 4 5\nf 4 1 5\n"
    )
    mesh = rw.load_mesh(FOLDER / "tent.obj")
    assert len(mesh.faces) == 4
    camera = rw.PerspectiveCamera(look_from=(0.5, -3, 1), look_at=(0.5, 0.5, 0.5))
    render("mesh", rw.Scene([mesh], emitters=[rw.ConstantEnvironment(1.0)], camera=camera))


@way
def files_and_things_in_a_studio():
    import trimesh

    import raywidget as rw

    box = trimesh.creation.box()
    found = [box, (box.vertices, box.faces)]
    for suffix in ("glb", "obj", "off", "ply", "stl"):
        box.export(FOLDER / f"box.{suffix}")
        found.append(FOLDER / f"box.{suffix}")
    (FOLDER / "box.xml").write_text(
        '<scene version="3.0.0"><shape type="cube"><transform name="to_world">'
        '<scale value="0.5"/></transform></shape></scene>'
    )
    found.append(FOLDER / "box.xml")
    for thing in found:
        low, high = rw.studio(thing, ground=False).shapes[0].bounds()
        assert np.allclose((low, high), ((-0.5,) * 3, (0.5,) * 3)), thing
    assert len(rw.studio(np.random.default_rng(0).random((50, 3))).shapes) == 2


@way
def command_line():
    size = [f"--{name}={value}" for name, value in SIZE.items()]
    target = FOLDER / "cli.npy"
    run(sys.executable, "-m", "raywidget", "render", "cornell", *size, "-o", target, "--quiet")
    assert np.array_equal(np.load(target), np.load(FOLDER / "path_plain.npy"))


# What `warmup()` leaves to be compiled when it is first used
OF_OTHER_INTEGRATORS = ("bdpt.", "splat.", "volpath.", "preview.")


def stored_kernels():
    from raywidget.kernels.integrators.path_tiles import render_path

    return {path.name for path in Path(render_path.stats.cache_path).glob("*.nbc")}


@way
def warmup_left_nothing_to_compile():
    others = stored_kernels() - after_warmup
    assert not [name for name in others if not name.startswith(OF_OTHER_INTEGRATORS)], others


def describe():
    from llvmlite.binding import llvm_version_info

    import raywidget as rw
    from raywidget.kernels.language import compilers
    from raywidget.kernels.language.simd import WIDTH

    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return {
        "python": platform.python_version(),
        "packages": found,
        "width": WIDTH,
        "llvm": list(llvm_version_info),
        "plain": compilers.is_plain(),
        "package": str(Path(rw.__file__).resolve()),
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.chdir(FOLDER)
    left_out = (preview, volpath, bdpt, caustics) if SMALL else ()
    for function in [f for f in ways if f not in left_out]:
        started = time.perf_counter()
        try:
            function()
            problem = None
        except Exception:
            problem = traceback.format_exc()
        seconds = time.perf_counter() - started
        line = {"way": function.__name__, "problem": problem, "seconds": round(seconds, 1)}
        print(json.dumps(line), flush=True)
    assert [t for t in threading.enumerate() if t.name.startswith("raywidget-worker")] == []
    print(json.dumps(describe()), flush=True)


if __name__ == "__main__":
    main()
